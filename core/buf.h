/* buf.h -- a byte buffer that grows, always NUL-terminated.  Out of memory ends the process
 * (the state is on disk and systemd restarts); so no caller checks. */
#ifndef GONG_BUF_H
#define GONG_BUF_H

#include <stddef.h>
#include <stdlib.h>

struct buf {
	char *data;	/* NUL-terminated once anything was added, else NULL */
	size_t len;
	size_t cap;
};

void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_puts(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends `text` as a JSON string with its quotes; `text` must be valid UTF-8. NULL = null. */
void buf_json(struct buf *buf, const char *text);
void buf_reset(struct buf *buf);	/* empties, keeps the memory */
void buf_fini(struct buf *buf);
char *buf_take(struct buf *buf);	/* caller owns the string ("" if empty); buf is empty after */

/* malloc family that never returns NULL. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);	/* NULL stays NULL */
char *xstrndup(const char *text, size_t len);

#endif
