/* joined.h -- the texts of parts as one text.  Pure.  A part may end in the middle of a character: with
 * an escape whose code begins the next part, or with half of a surrogate pair; so what such a part
 * says is known only beside the next one. */
#ifndef GONG_MODEM_JOINED_H
#define GONG_MODEM_JOINED_H

#include "core/buf.h"
#include "drivers/modem/inbound.h"

/* Adds a part to the text.  `before`: the part that stands right before it; NULL = none, or it is
 * missing. */
void joined_add(struct buf *text, const struct stored *before, const struct stored *part);
/* The text is whole: halves of pairs meet, and those that met no other become U+FFFD. */
void joined_end(struct buf *text);

#endif
