/* said_json.h -- a phrase with its values as JSON, as it is stored, handed out, and told by drivers:
 * {"concept": "modem_gone", "values": ["/dev/ttyUSB3"], "detail": "for those who do not know it"}. */
#ifndef GONG_SAID_JSON_H
#define GONG_SAID_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "core/phrase.h"

/* The phrase `name` with the array `values` (may be NULL).  Too few count as "", too many are left
 * out, a number is written as people do; a value may be {"code": …, "values": […]} itself.
 * false: this gong has no such phrase. */
bool said_from_json(struct said *out, const char *name, json_t *values);
/* The same from the stored text of the array. */
bool said_from_stored(struct said *out, const char *name, const char *values);
/* What a driver says: a string is shown verbatim, an object is a phrase, or, where this gong does
 * not know it, its `detail`.  false: it says nothing. */
bool said_by_driver(struct said *out, json_t *text);
/* An alarm of its `health`: its `text` as above, or the alarm itself is the phrase and `text` its
 * detail.  false: it says nothing. */
bool said_by_alarm(struct said *out, json_t *alarm);
/* As a value for an attempt or another phrase; caller owns it, NULL: the driver says nothing. */
char *value_by_driver(json_t *text);

#endif
