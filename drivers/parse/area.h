/* area.h -- the places of gongd's lists inside gong-parse, and which of them a message's polygons and
 * circles mean. */
#ifndef GONG_PARSE_AREA_H
#define GONG_PARSE_AREA_H

#include <jansson.h>

#include "files/signal_post.h"

struct areas;				/* the places of one generation, and those of the next as they come */

struct areas *areas_new(void);
void areas_free(struct areas *);
/* {"begin":BOOL,"end":BOOL,"rows":[[code,area,seat],…]}: the next places, WKT or null; with `end` they are in
 * force.  A shape that cannot be read is none. */
void areas_take(struct areas *, json_t *op);
/* What the areas of each signal mean that have no code of a division, and say where they are, stands in its
 * `meant`. */
void areas_mean(struct areas *, struct signal_post *);

#endif
