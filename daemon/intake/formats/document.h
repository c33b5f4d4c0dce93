/* document.h -- a JSON document of another system: read within bounds, asked by pointers of RFC 6901. */
#ifndef GONG_FORMATS_DOCUMENT_H
#define GONG_FORMATS_DOCUMENT_H

#include <jansson.h>

#include "core/err.h"
#include "core/msec.h"
#include "daemon/intake/formats/formats.h"

/* NULL: err says why, in the words of intake's own JSON.  Any value may stand at its top. */
json_t *document_read(const struct format_input *, struct err *);
/* What stands there, borrowed; NULL: nothing does.  "" is the whole, NULL is nothing. */
json_t *document_at(json_t *, const char *pointer);

#define DOCUMENT_TEXT 64
/* A string as it is, a number or truth value written out in `room`; NULL: it is none of these. */
const char *document_text(json_t *, char room[DOCUMENT_TEXT]);
/* RFC 3339, "2026-12-01 08:00" in the site's zone, or Unix time in seconds or ms; 0: none of these. */
msec document_time(json_t *);

#endif
