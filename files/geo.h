/* geo.h -- areas on the map: which places a signal's polygons and circles mean, and whether a shape
 * that somebody imports is sound.  GEOS (3.11 or later, its reentrant functions) does the geometry; it
 * lives in gongctl and gong-parse, and gongd is not linked with it.
 *
 * All in WGS 84 degrees, plane: a place is small against the Earth, and only shares of its own surface
 * are compared, so that the narrowing of a degree of longitude cancels out.  What crosses the 180th
 * meridian is laid on both sides of the map.  Nothing here reads a clock or a file. */
#ifndef GONG_GEO_H
#define GONG_GEO_H

#include "core/buf.h"
#include "core/division.h"
#include "core/shape.h"
#include "core/signal.h"

/* -- which places are meant -- */

struct geo;				/* all places, and where those lie of which it is known */

#define GEO_SHARE 0.01			/* of its surface, by which a place is touched unless somebody says otherwise */

/* Why a place is meant. */
#define GEO_WHYS(W) \
	W(COVERED, "covered")			/* wholly inside, but for what two maps differ by */ \
	W(SHARE, "share")			/* so much of it */ \
	W(SEAT, "seat")				/* its seat, or all that is known of it: one point */ \
	W(HOLDS, "holds")			/* the area is small, and a good part of it lies there */ \
	W(BELOW, "below")			/* all places in it are meant */ \
	W(UNKNOWN, "unknown")			/* a village of which nobody knows where it lies, beside those that are */
enum geo_why {
#define W(name, text) GEO_##name##_WHY,
	GEO_WHYS(W)
#undef W
	GEO_WHY_COUNT
};
const char *geo_why_name(enum geo_why);

struct geo_found {
	division_code code;
	enum geo_why why;
	double share;			/* of its surface, 0…1; 0 where it is known as a point or not at all */
};

struct geo *geo_new(void);
void geo_free(struct geo *);		/* NULL is fine */
/* A place, in any order; area and seat are WKT (core/shape.h), each may be NULL.  A place that is told
 * again without a shape keeps the one it has.  -1: err says what is wrong with a shape; it is not added. */
int geo_add(struct geo *, division_code, const char *area, const char *seat, struct err *);
size_t geo_count(const struct geo *);
/* What the polygons and circles of areas mean, their union less those that are `without`; codes are not
 * looked at.  The answer names each place once and by the fewest codes: where all of a place is meant it
 * stands for those in it, and where a part of it is, those in it that are touched stand for it, if there
 * are any.  *out is new (NULL for none) and ascending.  -1: these areas enclose nothing; err says so. */
int geo_find(struct geo *, const struct signal_area *, size_t area_count, double share,
	     struct geo_found **out, size_t *count, struct err *);

/* -- whether a shape is sound -- */

struct geo_desk;			/* GEOS, for the shapes below; it outlives them */
struct geo_shape;			/* the area of one place, from its rings */

enum geo_fault {
	GEO_VALID, GEO_CROSSES, GEO_HOLE_OUTSIDE, GEO_HOLES_NESTED, GEO_FALLS_APART, GEO_SHELLS_NESTED,
	GEO_RING_TWICE, GEO_FEW_POINTS, GEO_UNSOUND
};

struct geo_desk *geo_desk_new(void);
void geo_desk_free(struct geo_desk *);
struct geo_shape *geo_shape_new(struct geo_desk *);
void geo_shape_free(struct geo_shape *);
/* A shape_ring_fn: the rings one by one, closed and of at least 4 points; outlines and their holes. */
void geo_shape_ring(void *shape, bool outline, const double *lonlat, size_t count);
/* OGC 06-103r4, 6.1.11: is it a polygon as others will read it?  Else where it is not, longitude first. */
enum geo_fault geo_shape_check(struct geo_shape *, double where[2]);
/* Twice the same gives the same.  Fewer points, none farther than `degrees` from where it was, without making it unsound; coordinates get
 * six decimals, 0.1 m.  It must be sound.  false: nothing would be left of it. */
bool geo_shape_simplify(struct geo_shape *, double degrees);
size_t geo_shape_points(struct geo_shape *);
/* Is it inside the other one, `degrees` more on all sides?  Else which share of it is not, and a point
 * there.  Both must be sound. */
bool geo_shape_within(struct geo_shape *, struct geo_shape *outer, double degrees, double *share, double where[2]);
bool geo_shape_has_point(struct geo_shape *, const double lonlat[2], double degrees);
void geo_shape_wkt(struct geo_shape *, struct buf *out);	/* appends, as core/shape.h has it */

#endif
