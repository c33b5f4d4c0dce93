/* charset.h -- bytes in a charset that somebody names, as UTF-8: what feeds and mails are written in
 * (UTF-8, GBK and its kin, ISO 8859, Big5 …).  Pure but for the C library's own tables. */
#ifndef GONG_FEED_CHARSET_H
#define GONG_FEED_CHARSET_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

/* Appends them; what cannot be read becomes U+FFFD.  An unknown charset (NULL too) is read as UTF-8. */
void charset_add(struct buf *out, const char *charset, const char *bytes, size_t len);
/* Valid UTF-8 without NUL? */
bool charset_is_utf8(const char *bytes, size_t len);
/* What an XML declaration says, if that is not UTF-8; else false. */
bool charset_of_xml(char *out, size_t size, const char *bytes, size_t len);

#endif
