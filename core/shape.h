/* shape.h -- where a place lies, as the lists keep it and hand it out: its area and its seat, both
 * WKT (OGC 06-103r4, 7) in WGS 84 degrees, longitude first.
 *   POLYGON((107 23,107.08 23,107.08 23.08,107 23.08,107 23))	rings: the outline, then holes
 *   MULTIPOLYGON(((…)),((…)))
 *   POINT(107.01538 23.01906)
 * Only its form is looked at here; whether rings cross is for those who have GEOS (files/geo.h).
 * Pure but for memory. */
#ifndef GONG_SHAPE_H
#define GONG_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

#define SHAPE_POINTS_MAX 2000		/* of one place; a line of a list holds them */

enum shape_kind { SHAPE_AREA, SHAPE_SEAT };

/* One ring, or the one point of a seat: `count` pairs of longitude and latitude, borrowed.  The first
 * of a polygon is its outline, the others are holes in it. */
typedef void shape_ring_fn(void *ctx, bool outline, const double *lonlat, size_t count);

/* Reads it, giving each ring to `fn` (which may be NULL).  -1: err says what it is not; rings may have
 * been given by then. */
int shape_read(enum shape_kind, const char *text, shape_ring_fn *fn, void *ctx, struct err *);

#endif
