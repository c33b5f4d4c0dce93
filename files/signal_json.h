/* signal_json.h -- a signal as JSON: as it is kept, handed out, and shown by gongctl source test.
 * One form a signal: encoding what was decoded gives the same bytes, so its digest is of them. */
#ifndef GONG_SIGNAL_JSON_H
#define GONG_SIGNAL_JSON_H

#include <jansson.h>

#include "core/buf.h"
#include "core/signal.h"

/* Appends one object; what was not said is not there. */
void signal_encode(const struct signal *, struct buf *out);
/* What signal_encode wrote; -1: it is not that, and *out is empty.  The caller finishes it. */
int signal_decode(struct signal *out, const char *json);
/* The same, of JSON that is read already. */
int signal_from_json(struct signal *out, json_t *);

#endif
