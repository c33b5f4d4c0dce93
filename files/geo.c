/* geo.c -- which places an area on the map means.  Coordinates of places are kept as millionths of a
 * degree (0.1 m), four bytes each; only places whose box the area touches become geometries, and those go
 * again.  A scan of all boxes takes a tenth of a millisecond for 50,000 places: a tree of them would have
 * to be built for every generation, and kept. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "files/geo_area.h"

#define MILLION 1e6
#define COVERED 0.99			/* two maps of one place differ by a hundredth */
#define HOLDS 0.1			/* of the area itself: it is small against the place */

struct box {				/* millionths of a degree */
	int32_t west, south, east, north;
};

struct ring {
	uint32_t points;
	bool outline;
};

struct place {
	division_code code;
	struct box box;			/* of its area */
	size_t ring, ring_count;	/* of geo->rings; 0 = its area is not known */
	size_t point;			/* of geo->xy: its first one */
	bool has_seat;
	int32_t seat[2];
	/* of the look in hand */
	double share, holds;		/* of its surface; of the area's piece that lies in it most */
	bool seated;			/* its seat is inside */
};

struct geo {
	GEOSContextHandle_t h;
	struct place *places;		/* ascending, each once, when `sorted` */
	size_t count, room;
	bool sorted;
	struct ring *rings;
	size_t ring_count, ring_room;
	int32_t *xy;
	size_t point_count, point_room;
};

const char *
geo_why_name(enum geo_why why)
{
	static const char *const names[] = {
#define W(name, text) text,
		GEO_WHYS(W)
#undef W
	};

	return names[why];
}

struct geo *
geo_new(void)
{
	struct geo *g = xcalloc(1, sizeof(*g));

	g->h = geo_context();
	return g;
}

void
geo_free(struct geo *g)
{
	if (!g)
		return;
	GEOS_finish_r(g->h);
	free(g->places);
	free(g->rings);
	free(g->xy);
	free(g);
}

size_t
geo_count(const struct geo *g)
{
	return g->count;
}

/* -- places in -- */

struct adding {
	struct geo *g;
	struct place *place;
};

static int32_t
millionths(double degrees)
{
	return (int32_t)lround(degrees * MILLION);
}

/* Room for one more; `room` grows by doubling. */
static void *
with_room(void *list, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return list;
	while (*room <= count)
		*room = *room ? 2 * *room : 64;
	return xrealloc(list, *room * size);
}

static void
widen(struct box *b, const int32_t *xy)
{
	b->west = xy[0] < b->west ? xy[0] : b->west;
	b->south = xy[1] < b->south ? xy[1] : b->south;
	b->east = xy[0] > b->east ? xy[0] : b->east;
	b->north = xy[1] > b->north ? xy[1] : b->north;
}

static void
add_ring(void *ctx, bool outline, const double *lonlat, size_t count)
{
	struct adding *a = ctx;
	struct geo *g = a->g;

	g->rings = with_room(g->rings, g->ring_count, &g->ring_room, sizeof(*g->rings));
	g->xy = with_room(g->xy, g->point_count + count, &g->point_room, 2 * sizeof(*g->xy));
	g->rings[g->ring_count++] = (struct ring){ (uint32_t)count, outline };
	a->place->ring_count++;
	for (size_t i = 0; i < count; i++) {
		int32_t *xy = &g->xy[2 * g->point_count++];

		xy[0] = millionths(lonlat[2 * i]);
		xy[1] = millionths(lonlat[2 * i + 1]);
		widen(&a->place->box, xy);
	}
}

static void
add_seat(void *ctx, bool outline, const double *lonlat, size_t count)
{
	struct place *p = ((struct adding *)ctx)->place;

	p->has_seat = true;
	p->seat[0] = millionths(lonlat[0]);
	p->seat[1] = millionths(lonlat[1]);
}

int
geo_add(struct geo *g, division_code code, const char *area, const char *seat, struct err *err)
{
	struct place place = {
		.code = code, .ring = g->ring_count, .point = g->point_count,
		.box = { INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN },
	};
	struct adding adding = { g, &place };

	if ((area && shape_read(SHAPE_AREA, area, add_ring, &adding, err) < 0) ||
	    (seat && shape_read(SHAPE_SEAT, seat, add_seat, &adding, err) < 0)) {
		g->ring_count = place.ring;
		g->point_count = place.point;
		return -1;
	}
	g->places = with_room(g->places, g->count, &g->room, sizeof(*g->places));
	g->places[g->count++] = place;
	g->sorted = false;
	return 0;
}

static bool
is_placed(const struct place *p)
{
	return p->ring_count || p->has_seat;
}

/* Of one code the one that is known to lie somewhere stands last. */
static int
by_code(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->code != y->code ? (x->code > y->code) - (x->code < y->code) : is_placed(x) - is_placed(y);
}

static void
sort(struct geo *g)
{
	size_t kept = 0;

	if (g->sorted)
		return;
	if (g->count)
		qsort(g->places, g->count, sizeof(*g->places), by_code);
	for (size_t i = 0; i < g->count; i++)
		if (i + 1 == g->count || g->places[i].code != g->places[i + 1].code)
			g->places[kept++] = g->places[i];
	g->count = kept;
	g->sorted = true;
}

/* -- a place against the area -- */

struct piece {				/* of the area: one polygon of it */
	const GEOSGeometry *whole;
	const GEOSPreparedGeometry *prepared;
	struct box box;
	double size;
};

struct look {
	struct geo *g;
	double share;			/* by which a place is touched */
	struct piece *pieces;
	size_t piece_count;
	struct geo_found *found;
	size_t count, room;
};

static bool
box_touches(const struct box *a, const struct box *b)
{
	return a->west <= b->east && b->west <= a->east && a->south <= b->north && b->south <= a->north;
}

static GEOSGeometry *
box_geometry(GEOSContextHandle_t h, const struct box *b)
{
	double w = b->west / MILLION, s = b->south / MILLION, e = b->east / MILLION, n = b->north / MILLION;
	double lonlat[] = { w, s, e, s, e, n, w, n, w, s };
	size_t points = 5;

	return geo_polygon(h, lonlat, &points, 1);
}

/* One outline and its holes, from `ring` on; *point goes behind them. */
static GEOSGeometry *
outline_geometry(struct geo *g, size_t ring, size_t count, size_t *point)
{
	size_t *points = xcalloc(count, sizeof(*points)), all = 0;
	GEOSGeometry *out;
	double *lonlat;

	for (size_t i = 0; i < count; i++)
		all += points[i] = g->rings[ring + i].points;
	lonlat = xcalloc(2 * all, sizeof(*lonlat));
	for (size_t i = 0; i < 2 * all; i++)
		lonlat[i] = g->xy[2 * *point + i] / MILLION;
	*point += all;
	out = geo_polygon(g->h, lonlat, points, count);
	free(points);
	free(lonlat);
	return out;
}

/* NULL: it is none that can be reckoned with. */
static GEOSGeometry *
place_geometry(struct geo *g, const struct place *p)
{
	GEOSGeometry **list = xcalloc(p->ring_count, sizeof(*list)), *out;
	size_t point = p->point, count = 0;

	for (size_t i = 0, next; i < p->ring_count; i = next) {
		for (next = i + 1; next < p->ring_count && !g->rings[p->ring + next].outline;)
			next++;
		list[count] = outline_geometry(g, p->ring + i, next - i, &point);
		count += list[count] != NULL;
	}
	out = count == 1 ? list[0] : GEOSGeom_createCollection_r(g->h, GEOS_MULTIPOLYGON, list, (unsigned)count);
	free(list);
	return geo_mended(g->h, out);
}

static void
weigh(struct look *l, struct place *p, const struct piece *piece, const GEOSGeometry *surface, double size)
{
	GEOSContextHandle_t h = l->g->h;
	GEOSGeometry *both;
	double part = 0;

	if (!surface || size <= 0 || GEOSPreparedIntersects_r(h, piece->prepared, surface) != 1)
		return;
	both = GEOSIntersection_r(h, surface, piece->whole);
	if (both)
		GEOSArea_r(h, both, &part);
	else
		part = size;		/* they meet, nobody can say how far: rather one too many */
	GEOSGeom_destroy_r(h, both);
	p->share = fmin(1, p->share + part / size);
	p->holds = fmax(p->holds, part / piece->size);
}

static bool
is_within_box(struct look *l, const struct box *b)
{
	GEOSGeometry *box = box_geometry(l->g->h, b);
	bool inside = false;

	for (size_t i = 0; box && !inside && i < l->piece_count; i++)
		inside = GEOSPreparedContains_r(l->g->h, l->pieces[i].prepared, box) == 1;
	GEOSGeom_destroy_r(l->g->h, box);
	return inside;
}

static bool
meets_box(const struct look *l, const struct box *b)
{
	for (size_t i = 0; i < l->piece_count; i++)
		if (box_touches(b, &l->pieces[i].box))
			return true;
	return false;
}

static void
judge_area(struct look *l, struct place *p)
{
	GEOSGeometry *surface;
	double size = 0;

	if (!p->ring_count || !meets_box(l, &p->box))
		return;
	if (is_within_box(l, &p->box)) {
		p->share = 1;
		return;
	}
	surface = place_geometry(l->g, p);
	if (surface)
		GEOSArea_r(l->g->h, surface, &size);
	for (size_t i = 0; i < l->piece_count; i++)
		if (box_touches(&p->box, &l->pieces[i].box))
			weigh(l, p, &l->pieces[i], surface, size);
	GEOSGeom_destroy_r(l->g->h, surface);
}

static void
judge_seat(struct look *l, struct place *p)
{
	struct box spot = { p->seat[0], p->seat[1], p->seat[0], p->seat[1] };
	GEOSGeometry *point;

	if (!p->has_seat || !meets_box(l, &spot))
		return;
	point = GEOSGeom_createPointFromXY_r(l->g->h, p->seat[0] / MILLION, p->seat[1] / MILLION);
	for (size_t i = 0; !p->seated && i < l->piece_count; i++)
		p->seated = GEOSPreparedIntersects_r(l->g->h, l->pieces[i].prepared, point) == 1;
	GEOSGeom_destroy_r(l->g->h, point);
}

/* -- the answer: by the fewest codes -- */

static void
find(struct look *l, const struct place *p, enum geo_why why)
{
	l->found = with_room(l->found, l->count, &l->room, sizeof(*l->found));
	l->found[l->count++] = (struct geo_found){ p->code, why, p->share };
}

/* Why the place is meant by itself; -1: it is not. */
static int
why_meant(const struct look *l, const struct place *p)
{
	if (p->share >= COVERED)
		return GEO_COVERED_WHY;
	if (p->share > 0 && p->share >= l->share)
		return GEO_SHARE_WHY;
	if (p->seated)
		return GEO_SEAT_WHY;
	return p->holds >= HOLDS ? GEO_HOLDS_WHY : -1;
}

static bool
is_lost_village(const struct place *p)
{
	return !is_placed(p) && division_tier(p->code) == TIER_VILLAGE;
}

struct below {				/* a place */
	size_t begin, end;		/* of geo->places */
	size_t first;			/* of what was found there */
	size_t direct, meant, lost;	/* those right below: all, meant whole, villages nobody knows where */
};

static void
add_lost_villages(struct look *l, const struct below *b)
{
	for (size_t i = b->begin; b->lost && i < b->end; i++)
		if (is_lost_village(&l->g->places[i]))
			find(l, &l->g->places[i], GEO_UNKNOWN_WHY);
}

static bool settle(struct look *l, size_t *at);

static struct below
settle_below(struct look *l, const struct place *p, size_t *at)
{
	struct below b = { .begin = *at, .first = l->count };

	while (*at < l->g->count && division_contains(p->code, l->g->places[*at].code)) {
		b.direct++;
		if (is_lost_village(&l->g->places[*at])) {
			b.lost++;
			++*at;
		} else {
			b.meant += settle(l, at);
		}
	}
	b.end = *at;
	return b;
}

/* Adds what is meant of the place at *at and of all in it; *at goes behind them.  true: all of it is. */
static bool
settle(struct look *l, size_t *at)
{
	const struct place *p = &l->g->places[*at];
	int why = why_meant(l, p);
	struct below b;

	++*at;
	b = settle_below(l, p, at);
	if (why != GEO_COVERED_WHY && l->count > b.first) {
		if (b.meant + b.lost == b.direct && (!p->ring_count || p->share > 0)) {
			why = GEO_BELOW_WHY;
		} else {
			if (division_tier(p->code) == TIER_TOWNSHIP)
				add_lost_villages(l, &b);
			return false;
		}
	}
	if (why < 0)
		return false;
	l->count = b.first;
	find(l, p, (enum geo_why)why);
	return true;
}

static int
found_by_code(const void *a, const void *b)
{
	division_code x = ((const struct geo_found *)a)->code, y = ((const struct geo_found *)b)->code;

	return (x > y) - (x < y);
}

/* -- the area, piece by piece -- */

static bool
take_piece(struct look *l, const GEOSGeometry *whole)
{
	GEOSContextHandle_t h = l->g->h;
	struct piece *p = &l->pieces[l->piece_count];
	double box[4];

	*p = (struct piece){ .whole = whole };
	if (!GEOSArea_r(h, whole, &p->size) || p->size <= 0 || !GEOSGeom_getXMin_r(h, whole, &box[0]) ||
	    !GEOSGeom_getYMin_r(h, whole, &box[1]) || !GEOSGeom_getXMax_r(h, whole, &box[2]) ||
	    !GEOSGeom_getYMax_r(h, whole, &box[3]) || !(p->prepared = GEOSPrepare_r(h, whole)))
		return false;
	for (int i = 0; i < 4; i++)	/* laid on both sides of the map, it runs on to 540 */
		box[i] = fmax(-720, fmin(720, box[i]));
	p->box = (struct box){ (int32_t)floor(box[0] * MILLION), (int32_t)floor(box[1] * MILLION),
			       (int32_t)ceil(box[2] * MILLION), (int32_t)ceil(box[3] * MILLION) };
	l->piece_count++;
	return true;
}

static void
look_at_places(struct look *l)
{
	struct geo *g = l->g;

	for (size_t i = 0; i < g->count; i++) {
		struct place *p = &g->places[i];

		p->share = p->holds = 0;
		p->seated = false;
		judge_area(l, p);
		judge_seat(l, p);
	}
	for (size_t at = 0; at < g->count;)
		settle(l, &at);
	if (l->count)
		qsort(l->found, l->count, sizeof(*l->found), found_by_code);
}

int
geo_find(struct geo *g, const struct signal_area *areas, size_t area_count, double share,
	 struct geo_found **out, size_t *count, struct err *err)
{
	struct look l = { .g = g, .share = share };
	GEOSGeometry *all = geo_enclosed(g->h, areas, area_count);
	int pieces = all ? GEOSGetNumGeometries_r(g->h, all) : 0;

	*out = NULL;
	*count = 0;
	sort(g);
	if (pieces > 0)
		l.pieces = xcalloc((size_t)pieces, sizeof(*l.pieces));
	for (int i = 0; i < pieces; i++)
		take_piece(&l, GEOSGetGeometryN_r(g->h, all, i));
	if (l.piece_count)
		look_at_places(&l);
	for (size_t i = 0; i < l.piece_count; i++)
		GEOSPreparedGeom_destroy_r(g->h, l.pieces[i].prepared);
	GEOSGeom_destroy_r(g->h, all);
	free(l.pieces);
	*out = l.found;
	*count = l.count;
	return l.piece_count ? 0 : err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), area_encloses_nothing);
}
