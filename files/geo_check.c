/* geo_check.c -- one shape that somebody imports: sound or where not, inside another, simplified. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/geo_area.h"

struct geo_desk {
	GEOSContextHandle_t h;
};

struct geo_shape {
	GEOSContextHandle_t h;
	double *lonlat;			/* of the rings so far */
	size_t *rings;			/* their points */
	bool *outlines;
	size_t count, points;		/* rings, and points of all */
	GEOSGeometry *made;		/* of them, when first asked for */
	GEOSGeometry *wider;		/* with a margin of `margin` degrees … */
	double margin;
	const GEOSPreparedGeometry *prepared;	/* … and that, prepared */
};

struct geo_desk *
geo_desk_new(void)
{
	struct geo_desk *d = xcalloc(1, sizeof(*d));

	d->h = geo_context();
	return d;
}

void
geo_desk_free(struct geo_desk *d)
{
	if (!d)
		return;
	GEOS_finish_r(d->h);
	free(d);
}

struct geo_shape *
geo_shape_new(struct geo_desk *d)
{
	struct geo_shape *s = xcalloc(1, sizeof(*s));

	s->h = d->h;
	return s;
}

static void
forget_made(struct geo_shape *s)
{
	if (s->prepared)
		GEOSPreparedGeom_destroy_r(s->h, s->prepared);
	GEOSGeom_destroy_r(s->h, s->wider);
	GEOSGeom_destroy_r(s->h, s->made);
	s->made = s->wider = NULL;
	s->prepared = NULL;
}

void
geo_shape_free(struct geo_shape *s)
{
	if (!s)
		return;
	forget_made(s);
	free(s->lonlat);
	free(s->rings);
	free(s->outlines);
	free(s);
}

void
geo_shape_ring(void *shape, bool outline, const double *lonlat, size_t count)
{
	struct geo_shape *s = shape;

	forget_made(s);
	s->lonlat = xrealloc(s->lonlat, 2 * (s->points + count) * sizeof(*s->lonlat));
	memcpy(&s->lonlat[2 * s->points], lonlat, 2 * count * sizeof(*lonlat));
	s->rings = xrealloc(s->rings, (s->count + 1) * sizeof(*s->rings));
	s->outlines = xrealloc(s->outlines, (s->count + 1) * sizeof(*s->outlines));
	s->rings[s->count] = count;
	s->outlines[s->count++] = outline;
	s->points += count;
}

static GEOSGeometry *
polygons_of(struct geo_shape *s)
{
	GEOSGeometry **list = xcalloc(s->count, sizeof(*list)), *out = NULL;
	const double *at = s->lonlat;
	size_t count = 0, begin = 0;
	bool made = true;

	for (size_t i = 0; i < s->count; i++) {
		if (i + 1 < s->count && !s->outlines[i + 1])
			continue;
		list[count] = geo_polygon(s->h, at, &s->rings[begin], i + 1 - begin);
		made &= list[count++] != NULL;
		for (; begin <= i; begin++)
			at += 2 * s->rings[begin];
	}
	if (made)
		out = count == 1 ? list[0]
			: GEOSGeom_createCollection_r(s->h, GEOS_MULTIPOLYGON, list, (unsigned)count);
	else
		for (size_t i = 0; i < count; i++)
			GEOSGeom_destroy_r(s->h, list[i]);
	free(list);
	return out;
}

static GEOSGeometry *
made_of(struct geo_shape *s)
{
	if (!s->made && s->count)
		s->made = polygons_of(s);
	return s->made;
}

static enum geo_fault
fault_named(const char *reason)
{
	static const struct { const char *begins; enum geo_fault fault; } faults[] = {
		{ "Self-intersection", GEO_CROSSES }, { "Ring Self-intersection", GEO_CROSSES },
		{ "Hole lies outside shell", GEO_HOLE_OUTSIDE }, { "Holes are nested", GEO_HOLES_NESTED },
		{ "Nested Holes", GEO_HOLES_NESTED }, { "Interior is disconnected", GEO_FALLS_APART },
		{ "Nested shells", GEO_SHELLS_NESTED }, { "Duplicate Rings", GEO_RING_TWICE },
		{ "Too few", GEO_FEW_POINTS },
	};

	for (size_t i = 0; reason && i < sizeof(faults) / sizeof(*faults); i++)
		if (strncasecmp(reason, faults[i].begins, strlen(faults[i].begins)) == 0)
			return faults[i].fault;
	return GEO_UNSOUND;
}

static void
point_of(GEOSContextHandle_t h, const GEOSGeometry *g, double where[2])
{
	if (g && !GEOSisEmpty_r(h, g)) {
		GEOSGeomGetX_r(h, g, &where[0]);
		GEOSGeomGetY_r(h, g, &where[1]);
	}
}

enum geo_fault
geo_shape_check(struct geo_shape *s, double where[2])
{
	GEOSGeometry *g = made_of(s), *at = NULL;
	enum geo_fault fault = GEO_VALID;
	char *reason = NULL;

	if (s->points) {
		where[0] = s->lonlat[0];
		where[1] = s->lonlat[1];
	}
	if (!g)
		return GEO_UNSOUND;
	if (GEOSisValidDetail_r(s->h, g, 0, &reason, &at) != 1) {
		fault = fault_named(reason);
		point_of(s->h, at, where);
	}
	GEOSFree_r(s->h, reason);
	GEOSGeom_destroy_r(s->h, at);
	return fault;
}

bool
geo_shape_simplify(struct geo_shape *s, double degrees)
{
	GEOSGeometry *g = made_of(s), *fewer = NULL, *rounded = NULL;

	if (g)
		fewer = degrees > 0 ? GEOSTopologyPreserveSimplify_r(s->h, g, degrees) : GEOSGeom_clone_r(s->h, g);
	if (fewer)
		rounded = geo_mended(s->h, GEOSGeom_setPrecision_r(s->h, fewer, 1e-6, GEOS_PREC_NO_TOPO));
	GEOSGeom_destroy_r(s->h, fewer);
	if (!rounded || GEOSisEmpty_r(s->h, rounded)) {
		GEOSGeom_destroy_r(s->h, rounded);
		return false;
	}
	forget_made(s);
	s->made = rounded;
	return true;
}

size_t
geo_shape_points(struct geo_shape *s)
{
	GEOSGeometry *g = made_of(s);
	int points = g ? GEOSGetNumCoordinates_r(s->h, g) : 0;

	return points > 0 ? (size_t)points : 0;
}

/* Made once: a county has many villages. */
static const GEOSPreparedGeometry *
with_margin(struct geo_shape *s, double degrees)
{
	GEOSGeometry *g = made_of(s);

	if (s->prepared && s->margin == degrees)
		return s->prepared;
	if (s->prepared)
		GEOSPreparedGeom_destroy_r(s->h, s->prepared);
	GEOSGeom_destroy_r(s->h, s->wider);
	s->margin = degrees;
	s->wider = g ? GEOSBuffer_r(s->h, g, degrees, 4) : NULL;
	s->prepared = s->wider ? GEOSPrepare_r(s->h, s->wider) : NULL;
	return s->prepared;
}

bool
geo_shape_within(struct geo_shape *s, struct geo_shape *outer, double degrees, double *share, double where[2])
{
	const GEOSPreparedGeometry *wider = with_margin(outer, degrees);
	GEOSGeometry *g = made_of(s), *beyond, *at;
	double all = 0, part = 0;

	*share = 1;
	if (!g || !wider)
		return false;
	if (GEOSPreparedCovers_r(s->h, wider, g) == 1)
		return true;
	beyond = GEOSDifference_r(s->h, g, outer->wider);
	at = beyond ? GEOSPointOnSurface_r(s->h, beyond) : NULL;
	point_of(s->h, at, where);
	if (beyond && GEOSArea_r(s->h, g, &all) && GEOSArea_r(s->h, beyond, &part) && all > 0)
		*share = part / all;
	GEOSGeom_destroy_r(s->h, at);
	GEOSGeom_destroy_r(s->h, beyond);
	return false;
}

bool
geo_shape_has_point(struct geo_shape *s, const double lonlat[2], double degrees)
{
	const GEOSPreparedGeometry *wider = with_margin(s, degrees);
	GEOSGeometry *point = GEOSGeom_createPointFromXY_r(s->h, lonlat[0], lonlat[1]);
	bool has = wider && GEOSPreparedIntersects_r(s->h, wider, point) == 1;

	GEOSGeom_destroy_r(s->h, point);
	return has;
}

/* -- as WKT; GEOS writes small numbers with exponents -- */

static void
put_degrees(struct buf *out, double degrees)
{
	char text[32];
	size_t len = (size_t)snprintf(text, sizeof(text), "%.6f", degrees);

	while (text[len - 1] == '0')
		len--;
	len -= text[len - 1] == '.';
	if (len == 2 && memcmp(text, "-0", 2) == 0)
		buf_puts(out, "0");
	else
		buf_add(out, text, len);
}

static void
put_ring(GEOSContextHandle_t h, const GEOSGeometry *ring, struct buf *out)
{
	const GEOSCoordSequence *points = GEOSGeom_getCoordSeq_r(h, ring);
	unsigned count = 0;

	GEOSCoordSeq_getSize_r(h, points, &count);
	for (unsigned i = 0; i < count; i++) {
		double lon = 0, lat = 0;

		GEOSCoordSeq_getXY_r(h, points, i, &lon, &lat);
		buf_puts(out, i ? "," : "(");
		put_degrees(out, lon);
		buf_puts(out, " ");
		put_degrees(out, lat);
	}
	buf_puts(out, ")");
}

static void
put_polygon(GEOSContextHandle_t h, const GEOSGeometry *g, struct buf *out)
{
	buf_puts(out, "(");
	put_ring(h, GEOSGetExteriorRing_r(h, g), out);
	for (int i = 0; i < GEOSGetNumInteriorRings_r(h, g); i++) {
		buf_puts(out, ",");
		put_ring(h, GEOSGetInteriorRingN_r(h, g, i), out);
	}
	buf_puts(out, ")");
}

void
geo_shape_wkt(struct geo_shape *s, struct buf *out)
{
	GEOSGeometry *g = made_of(s);
	int count = g ? GEOSGetNumGeometries_r(s->h, g) : 0;

	buf_puts(out, count == 1 ? "POLYGON" : "MULTIPOLYGON(");
	for (int i = 0; i < count; i++) {
		buf_puts(out, i ? "," : "");
		put_polygon(s->h, GEOSGetGeometryN_r(s->h, g, i), out);
	}
	buf_puts(out, count == 1 ? "" : ")");
}
