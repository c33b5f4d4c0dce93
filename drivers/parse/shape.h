/* shape.h -- places as CAP 1.2 (3.2.4) and its national relatives write them: "lat,lon lat,lon …", a circle
 * as "lat,lon km", and codes of a scheme. */
#ifndef GONG_PARSE_SHAPE_H
#define GONG_PARSE_SHAPE_H

#include "core/signal.h"

/* A ring that is not closed is closed.  false: it is none, and is left out. */
bool shape_polygon(struct signal *, struct signal_area *, const char *text);
bool shape_circle(struct signal *, struct signal_area *, const char *text);
/* Of divisions (their scheme has many names) also a list, apart by commas or blanks. */
void shape_codes(struct signal *, struct signal_area *, const char *scheme, const char *text);

#endif
