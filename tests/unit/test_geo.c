/* Which places an area on the map means, and whether a shape is sound: by GEOS itself, and against a count
 * of points where nobody is to be believed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rule.h"
#include "daemon/contract/signal_digest.h"
#include "files/geo.h"
#include "files/signal_json.h"
#include "tests/unit/unit.h"

#define COUNTY "990121"
#define SQUARE "POLYGON((%g %g,%g %g,%g %g,%g %g,%g %g))"

static division_code
code_of(const char *text)
{
	division_code code = 0;

	division_parse(&code, text, NULL);
	return code;
}

static void
add(struct geo *g, const char *code, const char *area, const char *seat)
{
	struct err err = { 0 };

	holds(code, geo_add(g, code_of(code), area, seat, &err) == 0, "%s", err.text);
}

static void
add_square(struct geo *g, const char *code, double west, double south, double east, double north, const char *seat)
{
	char wkt[256];

	snprintf(wkt, sizeof(wkt), SQUARE, west, south, east, south, east, north, west, north, west, south);
	add(g, code, wkt, seat);
}

/* A county of two townships side by side, 107…107.2 E, 23…23.1 N.  In the first four villages in a row, by
 * points; in the second two by areas, west and east; one of which nobody knows where it lies in the first. */
static struct geo *
county(void)
{
	struct geo *g = geo_new();

	add(g, COUNTY, NULL, NULL);
	add_square(g, "990121100", 107, 23, 107.1, 23.1, "POINT(107.09 23.09)");
	add_square(g, "990121101", 107.1, 23, 107.2, 23.1, NULL);
	add(g, "990121100201", NULL, "POINT(107.02 23.05)");
	add(g, "990121100202", NULL, "POINT(107.04 23.05)");
	add(g, "990121100203", NULL, "POINT(107.06 23.05)");
	add_square(g, "990121101201", 107.1, 23, 107.15, 23.1, NULL);
	add_square(g, "990121101202", 107.15, 23, 107.2, 23.1, NULL);
	return g;
}

/* "lat,lon lat,lon …" as CAP has it, or "lat,lon radius"; "!": taken out; several by "|". */
static void
take_areas(struct signal *s, const char *text)
{
	char copy[1024], *rest = copy, *one;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((one = strsep(&rest, "|"))) {
		struct signal_area *a = signal_area_add(s, NULL);
		struct signal_point points[64];
		double lat, lon, radius;
		size_t count = 0;
		char *pair;

		a->without = *one == '!';
		one += a->without;
		if (sscanf(one, "%lf,%lf %lf%n", &lat, &lon, &radius, &(int){ 0 }) == 3 && !strchr(strchr(one, ' '), ',')) {
			assert_true(signal_circle_add(s, a, (struct signal_circle){ { lat, lon }, radius }));
			continue;
		}
		while ((pair = strsep(&one, " ")))
			if (sscanf(pair, "%lf,%lf", &points[count].lat, &points[count].lon) == 2)
				count++;
		assert_true(signal_ring_add(s, a, points, count));
	}
}

/* "990121100 covered,…" */
static void
look(struct geo *g, const char *areas, double share, char out[512])
{
	struct geo_found *found;
	struct err err = { 0 };
	size_t count, n = 0;
	struct signal s;

	signal_init(&s);
	take_areas(&s, areas);
	*out = '\0';
	if (geo_find(g, s.areas, s.area_count, share, &found, &count, &err) < 0)
		snprintf(out, 512, "! %.400s", err.text);
	for (size_t i = 0; i < count; i++) {
		char code[DIVISION_TEXT];

		division_format(code, found[i].code);
		n += (size_t)snprintf(out + n, 512 - n, "%s%s %s", i ? "," : "", code, geo_why_name(found[i].why));
	}
	free(found);
	signal_fini(&s);
}

#define BOX(s, w, n, e) #s "," #w " " #s "," #e " " #n "," #e " " #n "," #w " " #s "," #w

static const struct {
	const char *what, *areas, *found;
	double share;
} cases[] = {
	{ "a place wholly inside stands for those in it", BOX(22.99, 106.99, 23.11, 107.1), "990121100 covered", 0.01 },
	{ "all places of the county are the county", BOX(22.9, 106.9, 23.2, 107.3), "990121 below", 0.01 },
	{ "a part of a township is its villages there, and the one nobody can place",
	  BOX(23.04, 107.01, 23.06, 107.05), "990121100201 seat,990121100202 seat,990121100204 unknown", 0.01 },
	{ "a part without a village is the township", BOX(23.0, 107.0, 23.04, 107.1), "990121100 share", 0.01 },
	{ "a village's area counts by its share", BOX(23, 107.14, 23.1, 107.16), "990121101 below", 0.01 },
	{ "… and below the share it does not", BOX(23, 107.149, 23.1, 107.17), "990121101202 share", 0.05 },
	{ "the seat is enough", BOX(23.0895, 107.0895, 23.0905, 107.0905), "990121100 seat", 0.01 },
	{ "a small area in a large place is that place", "23.05,107.17 0.05", "990121101202 holds", 0.01 },
	{ "a circle of no radius is its spot", "23.05,107.13 0", "990121101201 holds", 0.01 },
	{ "what only touches is not meant", BOX(23.1, 107.1, 23.2, 107.2), "", 0.01 },
	{ "far away is nobody", "30,100 5", "", 0.01 },
	{ "a union", BOX(23, 107.1, 23.1, 107.15) "|23.05,107.02 0.5", "990121100201 seat,990121100204 unknown,990121101201 covered",
	  0.01 },
	{ "less what is taken out", BOX(22.99, 107.1, 23.11, 107.21) "|!" BOX(22.99, 107.15, 23.11, 107.3),
	  "990121101201 covered", 0.01 },
	{ "a small area beside a large one is not lost in it", BOX(10, 90, 20, 100) "|23.05,107.17 0.05",
	  "990121101202 holds", 0.01 },
	{ "a bow-tie is both its halves", "23,107.11 23.1,107.19 23,107.19 23.1,107.11 23,107.11", "990121101 below", 0.01 },
	{ "overlapping outlines are their union", BOX(23, 107.1, 23.1, 107.14) "|" BOX(23, 107.12, 23.1, 107.15),
	  "990121101201 covered", 0.01 },
	{ "twice the same is once", BOX(23, 107.1, 23.1, 107.15) "|" BOX(23, 107.1, 23.1, 107.15), "990121101201 covered", 0.01 },
	{ "a line encloses nothing", "23,107 23.1,107.1 23,107 23,107",
	  "! the polygons and circles enclose nothing; check their corners, and the order of latitude and longitude", 0.01 },
	{ "taking out all leaves nothing", BOX(23, 107, 23.1, 107.1) "|!" BOX(22, 106, 24, 108),
	  "! the polygons and circles enclose nothing; check their corners, and the order of latitude and longitude", 0.01 },
};

static void
places_meant(void **state)
{
	struct geo *g = county();

	add(g, "990121100204", NULL, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char out[512];

		look(g, cases[i].areas, cases[i].share, out);
		holds(cases[i].what, strcmp(out, cases[i].found) == 0, "%s", out);
	}
	geo_free(g);
}

static void
over_the_180th_meridian(void **state)
{
	struct geo *g = geo_new();
	char out[512];

	add_square(g, "990121100", 179.5, -17, 180, -16, NULL);
	add_square(g, "990121101", -180, -17, -179.5, -16, NULL);
	add_square(g, "990121102", 0, -17, 1, -16, NULL);
	look(g, "-17,179.5 -17,-179.5 -16,-179.5 -16,179.5 -17,179.5", 0.01, out);
	holds("the short way round", strcmp(out, "990121100 covered,990121101 covered") == 0, "%s", out);
	look(g, "-16.5,179.99 20", 0.01, out);
	holds("a circle, too", strcmp(out, "990121100 share,990121101 share") == 0, "%s", out);
	look(g, "-16.5,-179.99 20", 0.01, out);
	holds("from the other side", strcmp(out, "990121100 share,990121101 share") == 0, "%s", out);
	look(g, "-20,-180 -20,180 -10,180 -10,-180 -20,-180", 0.01, out);
	holds("all round is all", strcmp(out, "990121100 covered,990121101 covered,990121102 covered") == 0, "%s", out);
	look(g, "-90,0 1000", 0.01, out);
	holds("a circle round the pole ends before", strcmp(out, "") == 0, "%s", out);
	look(g, "-90,0 9000", 0.01, out);
	holds("or goes all round", strcmp(out, "990121100 covered,990121101 covered,990121102 covered") == 0, "%s", out);
	geo_free(g);
}

static void
holes_and_islands(void **state)
{
	struct geo *g = geo_new();
	char out[512];

	add(g, "990121100", "MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0),(4 4,6 4,6 6,4 6,4 4)),((20 0,21 0,21 1,20 1,20 0)))", NULL);
	look(g, BOX(4.1, 4.1, 5.9, 5.9), 0.01, out);
	holds("in the hole is outside", strcmp(out, "") == 0, "%s", out);
	look(g, BOX(4.1, 3.9, 5.9, 5.9), 0.5, out);
	holds("over its edge is inside by what it holds", strcmp(out, "") == 0, "%s", out);
	look(g, BOX(0.1, 20.1, 0.9, 20.9), 0.01, out);
	holds("an island is of it", strcmp(out, "990121100 holds") == 0, "%s", out);
	geo_free(g);
}

/* A circle of 10 km holds spots 9.95 km away, and none 10.1 km away, at any latitude. */
static void
circles_in_kilometres(void **state)
{
	static const double lats[] = { 0, 23, -45, 60, 80 };

	for (size_t i = 0; i < sizeof(lats) / sizeof(*lats); i++) {
		for (int bearing = 0; bearing < 360; bearing += 7) {
			double km[2] = { 9.95, 10.1 }, lat = lats[i] * M_PI / 180, b = bearing * M_PI / 180;
			struct geo *g = geo_new();
			char area[64], out[512], wkt[64];

			for (int k = 0; k < 2; k++) {
				double arc = km[k] / 6371.0088;
				double to = asin(sin(lat) * cos(arc) + cos(lat) * sin(arc) * cos(b));
				double lon = atan2(sin(b) * sin(arc) * cos(lat), cos(arc) - sin(lat) * sin(to));

				snprintf(wkt, sizeof(wkt), "POINT(%.6f %.6f)", 50 + lon * 180 / M_PI, to * 180 / M_PI);
				add(g, k ? "990121101" : "990121100", NULL, wkt);
			}
			snprintf(area, sizeof(area), "%g,50 10", lats[i]);
			look(g, area, 0.01, out);
			holds("ten kilometres", strcmp(out, "990121100 seat") == 0, "%s at %g, bearing %d", out, lats[i],
			      bearing);
			geo_free(g);
		}
	}
}

static double
chance(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) / (double)(1u << 24);
}

static bool
is_inside(const struct signal_point *ring, size_t count, double lat, double lon)
{
	bool in = false;

	for (size_t i = 0, k = count - 2; i + 1 < count; k = i++)
		if ((ring[i].lat > lat) != (ring[k].lat > lat) &&
		    lon < (ring[k].lon - ring[i].lon) * (lat - ring[i].lat) / (ring[k].lat - ring[i].lat) + ring[i].lon)
			in = !in;
	return in;
}

/* A star of random spikes over 100 squares; the share of each is what 900 points of it say. */
static void
as_many_points_say(void **state)
{
	unsigned seed = 14;

	for (int round = 0; round < 40; round++) {
		struct signal_point ring[24];
		struct geo_found *found;
		struct geo *g = geo_new();
		struct err err;
		struct signal s;
		size_t count, at = 0;

		for (int i = 0; i < 100; i++) {
			char code[24];

			snprintf(code, sizeof(code), "990121%03d", i + 1);
			add_square(g, code, i % 10, i / 10, i % 10 + 1, i / 10 + 1, NULL);
		}
		for (int i = 0; i < 23; i++) {
			double angle = 2 * M_PI * i / 23, reach = 1 + 4 * chance(&seed);

			ring[i] = (struct signal_point){ 5 + reach * sin(angle), 5 + reach * cos(angle) };
		}
		ring[23] = ring[0];
		signal_init(&s);
		assert_true(signal_ring_add(&s, signal_area_add(&s, NULL), ring, 24));
		assert_int_equal(geo_find(g, s.areas, 1, 0.05, &found, &count, &err), 0);
		for (int i = 0; i < 100; i++) {
			int hits = 0;
			bool is_found;

			for (int k = 0; k < 900; k++)
				hits += is_inside(ring, 24, i / 10 + (k / 30 + 0.5) / 30, i % 10 + (k % 30 + 0.5) / 30);
			while (at < count && found[at].code < 990121000000 + (i + 1) * 1000)
				at++;
			is_found = at < count && found[at].code == 990121000000 + (i + 1) * 1000;
			holds("found where points say so", is_found ? hits > 18 : hits < 72, "round %d square %d: %d of 900",
			      round, i, hits);
			if (is_found)
				holds("and the share is theirs", fabs(found[at].share - hits / 900.0) < 0.03,
				      "round %d square %d: %g, %d of 900", round, i, found[at].share, hits);
		}
		free(found);
		signal_fini(&s);
		geo_free(g);
	}
}

/* -- shapes -- */

static const struct {
	const char *what, *wkt;
	enum geo_fault fault;
	double where[2];
} shapes[] = {
	{ "a square", "POLYGON((0 0,1 0,1 1,0 1,0 0))", GEO_VALID, { 0, 0 } },
	{ "with a hole", "POLYGON((0 0,9 0,9 9,0 9,0 0),(3 3,4 3,4 4,3 3))", GEO_VALID, { 0, 0 } },
	{ "two islands", "MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))", GEO_VALID, { 0, 0 } },
	{ "a bow-tie crosses itself", "POLYGON((0 0,2 2,2 0,0 2,0 0))", GEO_CROSSES, { 1, 1 } },
	{ "a hole outside", "POLYGON((0 0,1 0,1 1,0 1,0 0),(5 5,6 5,6 6,5 5))", GEO_HOLE_OUTSIDE, { 5, 5 } },
	{ "a hole in a hole", "POLYGON((0 0,9 0,9 9,0 9,0 0),(1 1,8 1,8 8,1 8,1 1),(3 3,4 3,4 4,3 3))", GEO_HOLES_NESTED, { 3, 3 } },
	{ "one shell in another", "MULTIPOLYGON(((0 0,9 0,9 9,0 9,0 0)),((3 3,4 3,4 4,3 3)))", GEO_SHELLS_NESTED, { 3, 3 } },
};

static struct geo_shape *
shape_of(struct geo_desk *d, const char *wkt)
{
	struct geo_shape *s = geo_shape_new(d);
	struct err err = { 0 };

	holds(wkt, shape_read(SHAPE_AREA, wkt, geo_shape_ring, s, &err) == 0, "%s", err.text);
	return s;
}

static void
shapes_are_sound(void **state)
{
	struct geo_desk *d = geo_desk_new();

	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		struct geo_shape *s = shape_of(d, shapes[i].wkt);
		double where[2] = { 0, 0 };
		enum geo_fault fault = geo_shape_check(s, where);

		holds(shapes[i].what, fault == shapes[i].fault, "%d", fault);
		holds(shapes[i].what, where[0] == shapes[i].where[0] && where[1] == shapes[i].where[1], "%g %g", where[0],
		      where[1]);
		geo_shape_free(s);
	}
	geo_desk_free(d);
}

static void
shapes_within_others(void **state)
{
	struct geo_desk *d = geo_desk_new();
	struct geo_shape *outer = shape_of(d, "POLYGON((0 0,1 0,1 1,0 1,0 0))");
	struct geo_shape *inner = shape_of(d, "POLYGON((0.5 0.5,1.004 0.5,1.004 1,0.5 0.5))");
	struct geo_shape *half = shape_of(d, "POLYGON((0.5 0,1.5 0,1.5 1,0.5 1,0.5 0))");
	double share, where[2] = { 0, 0 };

	holds("within a margin", geo_shape_within(inner, outer, 0.005, &share, where), "%g", share);
	holds("not without it", !geo_shape_within(inner, outer, 0.001, &share, where), "%g", share);
	holds("half of it is outside", !geo_shape_within(half, outer, 0.001, &share, where) && fabs(share - 0.5) < 0.01, "%g",
	      share);
	holds("and there it is", where[0] > 1 && where[0] < 1.5, "%g %g", where[0], where[1]);
	holds("a point inside", geo_shape_has_point(outer, (double[]){ 0.5, 0.5 }, 0.001), "%d", 0);
	holds("a point outside", !geo_shape_has_point(outer, (double[]){ 1.5, 0.5 }, 0.001), "%d", 0);
	geo_shape_free(outer);
	geo_shape_free(inner);
	geo_shape_free(half);
	geo_desk_free(d);
}

static void
shapes_simplified(void **state)
{
	struct geo_desk *d = geo_desk_new();
	struct geo_shape *s = geo_shape_new(d);
	double lonlat[2 * 1001];
	struct buf wkt = { 0 };
	struct err err = { 0 };

	for (int i = 0; i < 1000; i++) {
		lonlat[2 * i] = 107 + 0.1 * cos(2 * M_PI * i / 1000);
		lonlat[2 * i + 1] = -0.00000149 + 0.1 * sin(2 * M_PI * i / 1000);
	}
	memcpy(&lonlat[2000], lonlat, 2 * sizeof(*lonlat));
	geo_shape_ring(s, true, lonlat, 1001);
	assert_true(geo_shape_simplify(s, 0));
	holds("nothing is simplified with 0", geo_shape_points(s) == 1001, "%zu", geo_shape_points(s));
	assert_true(geo_shape_simplify(s, 0.001));
	holds("a circle needs few points", geo_shape_points(s) < 40 && geo_shape_points(s) > 8, "%zu", geo_shape_points(s));
	geo_shape_wkt(s, &wkt);
	holds("and reads again", shape_read(SHAPE_AREA, wkt.data, NULL, NULL, &err) == 0, "%s: %s", err.text, wkt.data);
	holds("without exponents", !strchr(wkt.data, 'e'), "%s", wkt.data);
	buf_fini(&wkt);
	geo_shape_free(s);
	s = shape_of(d, "POLYGON((0 0,0.0000001 0,0.0000001 0.0000001,0 0))");
	holds("of what is too small nothing is left", !geo_shape_simplify(s, 0), "%zu", geo_shape_points(s));
	geo_shape_free(s);
	s = shape_of(d, "MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 6,5 5),(5.2 5.2,5.4 5.2,5.4 5.4,5.2 5.2)))");
	assert_true(geo_shape_simplify(s, 0));
	geo_shape_wkt(s, &wkt);
	assert_int_equal(shape_read(SHAPE_AREA, wkt.data, NULL, NULL, &err), 0);
	holds("islands and holes stay", geo_shape_points(s) == 13, "%zu %s", geo_shape_points(s), wkt.data);
	buf_fini(&wkt);
	geo_shape_free(s);
	geo_desk_free(d);
}

/* What gong found stands beside what the sender said. */
static void
meant_places_are_kept_apart(void **state)
{
	unsigned char before[SIGNAL_DIGEST], after[SIGNAL_DIGEST];
	division_code places[8];
	struct signal s, again;
	struct buf json = { 0 };
	size_t unknown, count;

	signal_init(&s);
	take_areas(&s, BOX(23, 107, 23.1, 107.1));
	signal_code_add(&s, &s.areas[0], "SAME", "031109");
	signal_code_add(&s, &s.areas[0], "", "990121100");
	signal_digest(&s, before);
	signal_meant_add(&s, code_of("990121101"));
	signal_meant_add(&s, code_of("990121100201"));
	signal_digest(&s, after);
	holds("the digest is of what was said", memcmp(before, after, sizeof(before)) == 0, "%d", 0);
	signal_encode(&s, &json);
	holds("it is kept", strstr(json.data, "\"meant\":[\"990121101\",\"990121100201\"]") != NULL, "%s", json.data);
	assert_int_equal(signal_decode(&again, json.data), 0);
	count = rule_divisions(&again, places, 8, &unknown);
	holds("and counts beside codes, each place once", count == 2 && places[0] == code_of("990121100") &&
	      places[1] == code_of("990121101") && unknown == 1, "%zu %zu", count, unknown);
	buf_fini(&json);
	signal_fini(&s);
	signal_fini(&again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_meant), cmocka_unit_test(over_the_180th_meridian),
		cmocka_unit_test(holes_and_islands), cmocka_unit_test(circles_in_kilometres),
		cmocka_unit_test(as_many_points_say), cmocka_unit_test(shapes_are_sound),
		cmocka_unit_test(meant_places_are_kept_apart), cmocka_unit_test(shapes_within_others), cmocka_unit_test(shapes_simplified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
