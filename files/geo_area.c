/* geo_area.c -- what a signal's polygons and circles enclose, as a sender may draw them: bow-ties,
 * overlaps, over the 180th meridian. */
#include "files/geo_area.h"

#include <math.h>
#include <stdlib.h>

#define CIRCLE_SIDES 72
#define EARTH_KM 6371.0088		/* mean radius, IUGG */
#define POINT_KM 0.01			/* radius of a circle that has none: it is about this spot */

static void
say_nothing(const char *message, void *ctx)
{
}

GEOSContextHandle_t
geo_context(void)
{
	GEOSContextHandle_t h = GEOS_init_r();

	GEOSContext_setErrorMessageHandler_r(h, say_nothing, NULL);
	GEOSContext_setNoticeMessageHandler_r(h, say_nothing, NULL);
	return h;
}

static GEOSGeometry *
ring_of(GEOSContextHandle_t h, const double *lonlat, size_t count)
{
	GEOSCoordSequence *points = GEOSCoordSeq_copyFromBuffer_r(h, lonlat, (unsigned)count, 0, 0);

	return points ? GEOSGeom_createLinearRing_r(h, points) : NULL;
}

GEOSGeometry *
geo_polygon(GEOSContextHandle_t h, const double *lonlat, const size_t *rings, size_t ring_count)
{
	GEOSGeometry **made = xcalloc(ring_count, sizeof(*made)), *out = NULL;
	size_t count = 0;

	for (; count < ring_count; lonlat += 2 * rings[count++])
		if (!(made[count] = ring_of(h, lonlat, rings[count])))
			break;
	if (count == ring_count)
		out = GEOSGeom_createPolygon_r(h, made[0], made + 1, (unsigned)count - 1);
	else
		for (size_t i = 0; i < count; i++)
			GEOSGeom_destroy_r(h, made[i]);
	free(made);
	return out;
}

/* "structure" and not "linework": two outlines that overlap are both meant. */
GEOSGeometry *
geo_mended(GEOSContextHandle_t h, GEOSGeometry *g)
{
	GEOSMakeValidParams *how;
	GEOSGeometry *out;

	if (!g || (GEOSisValid_r(h, g) == 1 && !GEOSisEmpty_r(h, g)))
		return g;
	how = GEOSMakeValidParams_create_r(h);
	GEOSMakeValidParams_setMethod_r(h, how, GEOS_MAKE_VALID_STRUCTURE);
	GEOSMakeValidParams_setKeepCollapsed_r(h, how, 0);
	out = GEOSMakeValidWithParams_r(h, g, how);
	GEOSMakeValidParams_destroy_r(h, how);
	GEOSGeom_destroy_r(h, g);
	if (out && GEOSisEmpty_r(h, out)) {
		GEOSGeom_destroy_r(h, out);
		return NULL;
	}
	return out;
}

struct pieces {
	GEOSContextHandle_t h;
	GEOSGeometry **list;
	size_t count, room;
};

static void
add_piece(struct pieces *p, GEOSGeometry *g)
{
	if (!(g = geo_mended(p->h, g)))
		return;
	if (p->count == p->room) {
		p->room = p->room ? 2 * p->room : 16;
		p->list = xrealloc(p->list, p->room * sizeof(*p->list));
	}
	p->list[p->count++] = g;
}

/* Longitudes that run on beyond 180 lie on the map's other side, too. */
static void
add_outline(struct pieces *p, double *lonlat, size_t count)
{
	double least = lonlat[0], most = lonlat[0], shift;

	for (size_t i = 1; i < count; i++) {
		least = fmin(least, lonlat[2 * i]);
		most = fmax(most, lonlat[2 * i]);
	}
	add_piece(p, geo_polygon(p->h, lonlat, &count, 1));
	shift = most > 180 ? -360 : least < -180 ? 360 : 0;
	if (shift == 0)
		return;
	for (size_t i = 0; i < count; i++)
		lonlat[2 * i] += shift;
	add_piece(p, geo_polygon(p->h, lonlat, &count, 1));
}

/* From 179 to -179 is a short way over the 180th meridian, not a long one round the Earth; only from
 * -180 to 180 is the whole map meant. */
static void
add_ring(struct pieces *p, const struct signal_ring *ring)
{
	double *lonlat = xcalloc(2 * ring->count, sizeof(*lonlat)), turns = 0;

	for (size_t i = 0; i < ring->count; i++) {
		double step = i ? ring->points[i].lon - ring->points[i - 1].lon : 0;

		if (fabs(step) > 180 && fabs(step) < 360)
			turns += step > 0 ? -360 : 360;
		lonlat[2 * i] = ring->points[i].lon + turns;
		lonlat[2 * i + 1] = ring->points[i].lat;
	}
	for (size_t i = 0; turns != 0 && i < ring->count; i++)	/* it goes round a pole: as it was said */
		lonlat[2 * i] = ring->points[i].lon;
	add_outline(p, lonlat, ring->count);
	free(lonlat);
}

/* A circle that holds a pole: all longitudes, from its edge on. */
static void
add_cap(struct pieces *p, double lat, double reach)
{
	double edge = lat > 0 ? lat - reach : lat + reach, pole = lat > 0 ? 90 : -90;
	double box[] = { -180, edge, 180, edge, 180, pole, -180, pole, -180, edge };

	add_outline(p, box, 5);
}

/* Its corners lie so far out that the whole circle is inside. */
static void
add_circle(struct pieces *p, const struct signal_circle *c)
{
	double lonlat[2 * (CIRCLE_SIDES + 1)], radius = fmax(c->radius_km, POINT_KM) / cos(M_PI / CIRCLE_SIDES);
	double lat = c->centre.lat * M_PI / 180, arc = fmin(radius / EARTH_KM, M_PI / 2);

	if (fabs(c->centre.lat) + arc * 180 / M_PI >= 90) {
		add_cap(p, c->centre.lat, arc * 180 / M_PI);
		return;
	}
	for (size_t i = 0; i < CIRCLE_SIDES; i++) {
		double bearing = 2 * M_PI * (double)i / CIRCLE_SIDES;
		double to = asin(sin(lat) * cos(arc) + cos(lat) * sin(arc) * cos(bearing));
		double east = atan2(sin(bearing) * sin(arc) * cos(lat), cos(arc) - sin(lat) * sin(to));

		lonlat[2 * i] = c->centre.lon + east * 180 / M_PI;
		lonlat[2 * i + 1] = to * 180 / M_PI;
	}
	lonlat[2 * CIRCLE_SIDES] = lonlat[0];
	lonlat[2 * CIRCLE_SIDES + 1] = lonlat[1];
	add_outline(p, lonlat, CIRCLE_SIDES + 1);
}

static GEOSGeometry *
joined(struct pieces *p)
{
	GEOSGeometry *all, *out = NULL;

	if (p->count == 1) {
		out = p->list[0];
	} else if (p->count) {
		all = GEOSGeom_createCollection_r(p->h, GEOS_GEOMETRYCOLLECTION, p->list, (unsigned)p->count);
		out = all ? GEOSUnaryUnion_r(p->h, all) : NULL;
		GEOSGeom_destroy_r(p->h, all);
	}
	free(p->list);
	return out;
}

static GEOSGeometry *
union_of(GEOSContextHandle_t h, const struct signal_area *areas, size_t count, bool without)
{
	struct pieces p = { .h = h };

	for (size_t i = 0; i < count; i++) {
		const struct signal_area *a = &areas[i];

		if (a->without != without)
			continue;
		for (size_t k = 0; k < a->ring_count; k++)
			add_ring(&p, &a->rings[k]);
		for (size_t k = 0; k < a->circle_count; k++)
			add_circle(&p, &a->circles[k]);
	}
	return joined(&p);
}

GEOSGeometry *
geo_enclosed(GEOSContextHandle_t h, const struct signal_area *areas, size_t count)
{
	GEOSGeometry *all = union_of(h, areas, count, false), *out = NULL;
	GEOSGeometry *less = all ? union_of(h, areas, count, true) : NULL;

	if (!less)
		return all;
	/* An exclusion that cannot be reckoned with excludes nothing. */
	out = GEOSDifference_r(h, all, less);
	GEOSGeom_destroy_r(h, less);
	if (!out)
		return all;
	GEOSGeom_destroy_r(h, all);
	return geo_mended(h, out);
}
