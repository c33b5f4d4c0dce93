/* mime.h -- one entity of a mail, RFC 2045 to 2047 and RFC 5322: its header fields, and its body decoded.
 * Lenient: what it cannot read it leaves as it is.  Pure. */
#ifndef GONG_FEED_MIME_H
#define GONG_FEED_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

struct mime {				/* borrows the bytes it was read from */
	const char *head, *body;
	size_t head_len, body_len;
	char type[80];			/* "text/plain", in small letters */
	char charset[40], boundary[80], name[160];	/* "" = not said */
	char coding[24];
};

void mime_read(struct mime *, const char *bytes, size_t len);
/* The first field of that name, unfolded, appended as it stands; false: there is none. */
bool mime_field(const struct mime *, const char *name, struct buf *out);
/* The same with its encoded words as UTF-8, of at most `most` bytes, controls as blanks. */
void mime_text_field(const struct mime *, const char *name, size_t most, struct buf *out);
/* The body without its transfer encoding. */
void mime_decode(const struct mime *, struct buf *out);
/* Of a multipart: the next part's bytes behind *at, which begins as 0; false: that was the last. */
bool mime_next_part(const struct mime *, size_t *at, const char **part, size_t *len);

#endif
