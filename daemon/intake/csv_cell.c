/* csv_cell.c -- the cells of the row in hand, and the first fault found in one; it knows neither
 * bytes nor meanings. */
#include "daemon/intake/csv.h"

#include <stdarg.h>
#include <stdio.h>

int
csv_fail(struct csv_intake *c, const char *column, const char *fmt, ...)
{
	char text[sizeof(c->err.text)], field[sizeof(c->err.field)];
	va_list args;

	if (c->failed)
		return -1;		/* the first fault is the one to mend */
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (column)
		snprintf(field, sizeof(field), "line %u, column %.80s", c->row_line, column);
	else
		snprintf(field, sizeof(field), "line %u", c->row_line);
	c->failed = true;
	return err_field(&c->err, field, "%s", text);
}

const char *
csv_field(const struct csv_intake *c, enum csv_column column)
{
	size_t place = c->place[column];

	return place && place <= c->fields ? c->row.data + c->field[place - 1] : "";
}
