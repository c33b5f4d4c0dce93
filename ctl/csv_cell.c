/* csv_cell.c -- the cells of a CSV that gongd wrote, one by one. */
#include <stdlib.h>
#include <string.h>

#include "core/cell.h"
#include "ctl/ctl.h"

/* Its mark is taken away, unless it has apostrophes of its own: an import takes one from those. */
char *
csv_cell(const char **p)
{
	struct buf cell = { 0 };
	const char *c = *p;
	char *text;

	if (*c != '"') {
		size_t len = strcspn(c, ",\r\n");

		*p = c + len;
		return xstrndup(c, len);
	}
	for (c++; *c && (*c != '"' || c[1] == '"'); c++) {
		c += *c == '"';
		buf_add(&cell, c, 1);
	}
	*p = c + (*c == '"');
	buf_puts(&cell, "");
	text = xstrdup(cell.data + (cell_is_marked(cell.data, cell.len) && cell.data[1] != '\''));
	buf_fini(&cell);
	return text;
}
