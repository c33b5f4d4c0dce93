/* lines.h -- whole lines out of a byte stream, at most 1 MiB each: both ends of a driver's pipe. */
#ifndef GONG_LINES_H
#define GONG_LINES_H

#include <stddef.h>

#include "core/buf.h"

#define LINE_MAX_BYTES (1024 * 1024)

struct lines {
	struct buf bytes;
	size_t start;			/* of the line not yet taken */
};

void lines_add(struct lines *, const char *bytes, size_t len);
/* Next whole line, NUL-terminated in place, or NULL; valid until the next lines_add. */
char *lines_next(struct lines *, size_t *len);
int lines_overlong(const struct lines *);	/* the unfinished line is over the cap */
void lines_fini(struct lines *);

#endif
