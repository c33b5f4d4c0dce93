/* geo_area.h -- inside files/geo*: GEOS geometries of rings and of a signal's areas.  NULL of a GEOS
 * function is an exception there; here it is "there is none". */
#ifndef GONG_GEO_AREA_H
#define GONG_GEO_AREA_H

#include <geos_c.h>

#include "files/geo.h"

GEOSContextHandle_t geo_context(void);	/* one that says nothing on standard error */
/* A polygon with its holes; takes none.  `rings`: pairs one after another, the first is the outline. */
GEOSGeometry *geo_polygon(GEOSContextHandle_t, const double *lonlat, const size_t *rings, size_t ring_count);
/* Sound and of surfaces only, takes `g`: bow-ties become two, what collapses goes.  NULL: nothing is left. */
GEOSGeometry *geo_mended(GEOSContextHandle_t, GEOSGeometry *g);
/* What the areas enclose, their union less those that are `without`; NULL: nothing. */
GEOSGeometry *geo_enclosed(GEOSContextHandle_t, const struct signal_area *, size_t count);

#endif
