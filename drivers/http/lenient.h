/* lenient.h -- what providers write and strict readers refuse: read, so that one spoilt text never
 * costs what stands beside it.  Pure. */
#ifndef GONG_HTTP_LENIENT_H
#define GONG_HTTP_LENIENT_H

#include <jansson.h>
#include <stddef.h>

/* jansson's json_loadb, with its flags; a new reference, or NULL where there is no JSON even so.
 * Texts come without U+0000 (with JSON_ALLOW_NUL they keep it); half a surrogate pair and what is no
 * UTF-8 is U+FFFD; a number that jansson cannot hold is the text of its digits. */
json_t *lenient_json(const char *bytes, size_t len, size_t flags);

/* The JSON that a form's field holds as text, also where it was percent-encoded before it became a
 * field; a new reference, or NULL. */
json_t *lenient_packed(const char *text);

/* The same for a plain text; the caller owns it. */
char *lenient_text(const char *bytes, size_t len);

#endif
