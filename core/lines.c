/* lines.c -- the line splitter; it knows no JSON. */
#include "core/lines.h"

#include <string.h>

void
lines_add(struct lines *l, const char *bytes, size_t len)
{
	if (l->start == l->bytes.len) {
		buf_reset(&l->bytes);
		l->start = 0;
	} else if (l->start > 65536) {
		l->bytes.len -= l->start;
		memmove(l->bytes.data, l->bytes.data + l->start, l->bytes.len + 1);
		l->start = 0;
	}
	buf_add(&l->bytes, bytes, len);
}

char *
lines_next(struct lines *l, size_t *len)
{
	char *line, *end;

	if (l->start == l->bytes.len)
		return NULL;
	line = l->bytes.data + l->start;
	end = memchr(line, '\n', l->bytes.len - l->start);
	if (!end)
		return NULL;
	*end = '\0';
	*len = (size_t)(end - line);
	l->start += *len + 1;
	return line;
}

int
lines_overlong(const struct lines *l)
{
	return l->bytes.len - l->start > LINE_MAX_BYTES;
}

void
lines_fini(struct lines *l)
{
	buf_fini(&l->bytes);
	l->start = 0;
}
