/* geometry.c -- where places lie, from GeoJSON (RFC 7946) to the CSV that gongd takes: by feature what is
 * wrong with it, all at once, and nothing is sent while anything is. */
#include "ctl/ctl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/division.h"
#include "core/number.h"
#include "core/table.h"
#include "files/geo.h"

#define GEOJSON_MAX ((size_t)64 << 20)	/* a tree of it takes some ten times as much memory */
#define FAULTS_SHOWN 100
#define DEGREE_M 111320.0		/* of latitude, metres */
#define METRES_MAX 100000
#define SIMPLIFY_M 20
#define TOLERANCE_M 500

struct item {				/* a place of the file, or one of gongd's */
	division_code code;
	char *known_area;		/* what gongd has; NULL: none, or it has not been read yet */
	struct geo_shape *area;
	double seat[2];
	bool known;			/* to gongd's lists */
	bool has_seat, in_file, sound;
	size_t feature, seat_feature;	/* of the file, counted from 1 */
};

struct reading {
	struct ctl *ctl;
	struct geo_desk *desk;
	struct table by_code;		/* of struct item */
	struct item **items;		/* those of the file, in its order */
	size_t count;
	size_t simplify_m, tolerance_m;
	size_t feature;			/* in hand, from 1 */
	char code[24];			/* … as it says it */
	size_t above, points_before, points;
	json_t *faults;			/* {feature, code, detail, lon, lat} */
	size_t fault_count;
};

static double
degrees(double metres)
{
	return metres / DEGREE_M;
}

int
metres_option(struct ctl *ctl, const char *option, size_t otherwise, size_t *out)
{
	const char *text = args_value(ctl, option);
	int64_t metres = (int64_t)otherwise;

	if (text && whole_parse(&metres, text, 0, METRES_MAX) < 0)
		return ctl_usage(ctl, say(ctl, "%s: \"%s\" is no number of metres, 0 to %d", "%s:「%s」不是 0 至 %d 的米数"),
				 option, text, METRES_MAX);
	*out = (size_t)metres;
	return CTL_OK;
}

/* -- what is wrong -- */

/* `where`: a point that shows it, longitude first; NULL = the feature as a whole. */
static void __attribute__((format(printf, 3, 4)))
fault(struct reading *r, const double *where, const char *fmt, ...)
{
	struct buf text = { 0 };
	char line[400];
	va_list args;
	json_t *one;

	if (++r->fault_count > FAULTS_SHOWN)
		return;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	buf_puts(&text, line);
	one = json_pack("{s:I,s:s,s:s}", "feature", (json_int_t)r->feature, "code", r->code, "detail", text.data);
	if (where) {
		json_object_set_new(one, "lon", json_real(where[0]));
		json_object_set_new(one, "lat", json_real(where[1]));
	}
	json_array_append_new(r->faults, one);
	buf_fini(&text);
}

static void
print_faults(struct reading *r)
{
	const struct ctl *ctl = r->ctl;
	const char *const titles[] = { say(ctl, "feature", "要素"), say(ctl, "code", "代码"), say(ctl, "at", "位置"),
				       say(ctl, "what is wrong, and the remedy", "问题与改法"), NULL };
	struct buf out = { 0 };
	struct grid t;
	json_t *one;
	size_t i;

	buf_printf(&out, say(ctl, "gongctl: nothing was imported; %zu faults in the file:\n",
			     "gongctl: 未导入任何内容;文件中有%zu处问题:\n"), r->fault_count);
	grid_init(&t, 1, titles);
	json_array_foreach(r->faults, i, one) {
		grid_cellf(&t, "%lld", (long long)member_int(one, "feature"));
		grid_cell(&t, member_text(one, "code"));
		if (json_object_get(one, "lon"))
			grid_cellf(&t, "%.6f %.6f", json_real_value(json_object_get(one, "lon")),
				   json_real_value(json_object_get(one, "lat")));
		else
			grid_cell(&t, NULL);
		grid_cell(&t, member_text(one, "detail"));
	}
	grid_put(&t, &out, 0, 0);
	grid_fini(&t);
	if (r->fault_count > FAULTS_SHOWN)
		buf_printf(&out, say(ctl, "… and %zu more; mend these and import again\n",
				     "……另有%zu处;请改好以上各处后重新导入\n"), r->fault_count - FAULTS_SHOWN);
	fputs(out.data, stderr);
	buf_fini(&out);
}

static int
tell_faults(struct reading *r)
{
	json_t *all;
	char *text;

	if (!r->ctl->json) {
		print_faults(r);
		return CTL_REFUSED;
	}
	all = json_pack("{s:I,s:O}", "fault_count", (json_int_t)r->fault_count, "faults", r->faults);
	text = json_dumps(all, JSON_INDENT(2));
	fprintf(stderr, "%s\n", text);
	free(text);
	json_decref(all);
	return CTL_REFUSED;
}

/* -- one feature -- */

static struct item *
item_of(struct reading *r, division_code code)
{
	struct item *item = table_get(&r->by_code, (uint64_t)code);

	if (item)
		return item;
	item = xcalloc(1, sizeof(*item));
	item->code = code;
	table_put(&r->by_code, (uint64_t)code, item);
	return item;
}

static bool
take_point(struct reading *r, json_t *pair, double out[2])
{
	const struct ctl *ctl = r->ctl;
	json_t *lon = json_array_get(pair, 0), *lat = json_array_get(pair, 1);

	if (!json_is_number(lon) || !json_is_number(lat)) {
		fault(r, NULL, "%s", say(ctl, "a coordinate is no pair of numbers; longitude and latitude are needed",
					 "坐标不是一对数字:需要经度和纬度"));
		return false;
	}
	out[0] = json_number_value(lon);
	out[1] = json_number_value(lat);
	if (fabs(out[0]) <= 180 && fabs(out[1]) <= 90)
		return true;
	fault(r, out, "%s", say(ctl, "beyond the degrees there are; write degrees of WGS 84, longitude first "
				"(another projection must be converted, and the order may be wrong)",
				"超出经纬度范围:须为 WGS 84 度数,经度在前(投影坐标须先转换,或经纬度写反了)"));
	return false;
}

static bool
check_closed(struct reading *r, const double *lonlat, size_t count)
{
	const double *last = &lonlat[2 * (count - 1)];

	if (count >= 4 && lonlat[0] == last[0] && lonlat[1] == last[1])
		return true;
	if (count < 4)
		fault(r, lonlat, say(r->ctl, "a ring of %zu points; it needs at least 4, the last one as the first",
				     "环只有%zu个点:至少4个,且首尾相同"), count);
	else
		fault(r, last, "%s", say(r->ctl, "the ring is not closed; repeat its first point as its last",
					 "环没有闭合:末点须与首点相同"));
	return false;
}

static bool
take_ring(struct reading *r, struct geo_shape *shape, json_t *ring, bool outline)
{
	size_t count = json_array_size(ring), i;
	double *lonlat = xcalloc(2 * count + 2, sizeof(*lonlat));
	bool fine = count > 0;
	json_t *pair;

	if (!fine)
		fault(r, NULL, "%s", say(r->ctl, "a ring without points; take it out", "有一个环没有点:请删去"));
	json_array_foreach(ring, i, pair)
		if (!(fine = take_point(r, pair, &lonlat[2 * i])))
			break;
	fine = fine && check_closed(r, lonlat, count);
	if (fine)
		geo_shape_ring(shape, outline, lonlat, count);
	r->points_before += count;
	free(lonlat);
	return fine;
}

static bool
take_polygon(struct reading *r, struct geo_shape *shape, json_t *rings)
{
	json_t *ring;
	size_t i;

	if (!json_array_size(rings)) {
		fault(r, NULL, "%s", say(r->ctl, "a polygon without rings; take it out", "有一个多边形没有环:请删去"));
		return false;
	}
	json_array_foreach(rings, i, ring)
		if (!take_ring(r, shape, ring, i == 0))
			return false;
	return true;
}

static const char *
fault_text(const struct ctl *ctl, enum geo_fault what)
{
	switch (what) {
	case GEO_CROSSES:
		return say(ctl, "the outline crosses or touches itself; draw it anew there",
			   "边界在此自相交或自相接:请在此处重画");
	case GEO_HOLE_OUTSIDE:
		return say(ctl, "a hole lies outside of its outline; take it out", "洞在边界之外:请删去");
	case GEO_HOLES_NESTED:
		return say(ctl, "a hole lies in another; take out the inner one", "洞中有洞:请删去里面的");
	case GEO_FALLS_APART:
		return say(ctl, "a hole cuts the place in two; make two polygons of it", "洞把范围切成两块:请画成两个多边形");
	case GEO_SHELLS_NESTED:
		return say(ctl, "one polygon lies in another; take out the inner one", "多边形里又有多边形:请删去里面的");
	case GEO_RING_TWICE:
		return say(ctl, "the same ring is there twice; take one out", "同一个环出现两次:请删去一个");
	case GEO_FEW_POINTS:
		return say(ctl, "a ring has too few different points; draw it anew", "环的不同点太少:请重画");
	case GEO_VALID:
	case GEO_UNSOUND:
		break;
	}
	return say(ctl, "this is no polygon that others could read; draw it anew", "不是有效的多边形:请重画");
}

static void
take_area(struct reading *r, struct item *item, json_t *coordinates, bool many)
{
	double where[2] = { 0, 0 };
	enum geo_fault what;
	json_t *polygon;
	bool fine = true;
	size_t i;

	if (item->area) {
		fault(r, NULL, say(r->ctl, "feature %zu is an area of the same code; make one MultiPolygon of both",
				   "要素%zu已是同一代码的范围:请合成一个 MultiPolygon"), item->feature);
		return;
	}
	item->area = geo_shape_new(r->desk);
	item->feature = r->feature;
	if (!many)
		fine = take_polygon(r, item->area, coordinates);
	else if (!json_array_size(coordinates))
		fine = take_polygon(r, item->area, NULL);
	else
		json_array_foreach(coordinates, i, polygon)
			fine = fine && take_polygon(r, item->area, polygon);
	if (!fine)
		return;
	what = geo_shape_check(item->area, where);
	item->sound = what == GEO_VALID;
	if (!item->sound)
		fault(r, where, "%s", fault_text(r->ctl, what));
}

static void
take_seat(struct reading *r, struct item *item, json_t *coordinates)
{
	if (item->has_seat)
		fault(r, NULL, say(r->ctl, "feature %zu is a point of the same code; keep one", "要素%zu已是同一代码的点:请只留一个"),
		      item->seat_feature);
	else if (take_point(r, coordinates, item->seat))
		item->has_seat = true;
	item->seat_feature = r->feature;
}

static void
take_geometry(struct reading *r, struct item *item, json_t *geometry)
{
	const char *type = member_text(geometry, "type");
	json_t *coordinates = json_object_get(geometry, "coordinates");

	if (!item->in_file) {
		r->items = xrealloc(r->items, (r->count + 1) * sizeof(*r->items));
		r->items[r->count++] = item;
	}
	item->in_file = true;
	if (type && (strcmp(type, "Polygon") == 0 || strcmp(type, "MultiPolygon") == 0))
		take_area(r, item, coordinates, *type == 'M');
	else if (type && strcmp(type, "Point") == 0)
		take_seat(r, item, coordinates);
	else
		fault(r, NULL, say(r->ctl, "a geometry of type %s; Polygon, MultiPolygon or Point are needed",
				   "几何类型为 %s:需要 Polygon、MultiPolygon 或 Point"), type ? type : "null");
}

/* The property that --code names, else one of the usual ones; NULL: there is none. */
static json_t *
code_member(const struct ctl *ctl, json_t *feature)
{
	static const char *const usual[] = { "code", "adcode", "代码", "区划代码" };
	json_t *properties = json_object_get(feature, "properties"), *found = NULL;

	if (args_has(ctl, "--code"))
		return json_object_get(properties, args_value(ctl, "--code"));
	for (size_t i = 0; !found && i < sizeof(usual) / sizeof(*usual); i++)
		found = json_object_get(properties, usual[i]);
	return found ? found : json_object_get(feature, "id");
}

/* Provinces and cities, which gong's tree has not: "99", "9901", "990100", "990100000000". */
static bool
is_above_county(const char *code)
{
	size_t len = strlen(code);

	while (len > 4 && code[len - 1] == '0')
		len--;
	return strspn(code, "0123456789") == strlen(code) && (len == 2 || len == 4) &&
		(strlen(code) == len || strlen(code) == 6 || strlen(code) == 12);
}

static void
take_feature(struct reading *r, json_t *feature)
{
	json_t *member = code_member(r->ctl, feature);
	struct err err = { 0 };
	division_code code = 0;
	struct item *item;

	if (json_is_integer(member))
		snprintf(r->code, sizeof(r->code), "%lld", (long long)json_integer_value(member));
	else
		snprintf(r->code, sizeof(r->code), "%.20s", json_is_string(member) ? json_string_value(member) : "");
	if (is_above_county(r->code)) {
		r->above++;
		return;
	}
	if (division_parse(&code, r->code, &err) < 0) {
		fault(r, NULL, "%s", say(r->ctl, "no division code; name the property that has it with --code NAME "
					 "(6 digits a county, 9 a township, 12 a village)",
					 "没有区划代码:请用 --code 指明哪个属性是代码(县6位、乡镇9位、村12位)"));
		return;
	}
	item = item_of(r, code);
	if (item->known)
		take_geometry(r, item, json_object_get(feature, "geometry"));
	else
		fault(r, NULL, "%s", say(r->ctl, "there is no such division; import divisions first, or correct the code",
					 "没有此区划:请先导入区划,或改正代码"));
}

/* -- against one another -- */

/* The area of the place above, of the file or of gongd; NULL: it is not known. */
static struct geo_shape *
area_above(struct reading *r, division_code code)
{
	enum tier tier = division_tier(code);
	struct item *up;

	if (tier == TIER_COUNTY)
		return NULL;
	up = table_get(&r->by_code, (uint64_t)division_ancestor(code, tier - 1));
	if (!up || (up->area && !up->sound))
		return NULL;
	if (!up->area && up->known_area) {
		up->area = geo_shape_new(r->desk);
		up->sound = shape_read(SHAPE_AREA, up->known_area, geo_shape_ring, up->area, NULL) == 0;
	}
	return up->sound ? up->area : NULL;
}

static void
in_hand(struct reading *r, const struct item *item, size_t feature)
{
	r->feature = feature;
	division_format(r->code, item->code);
}

static void
check_above(struct reading *r, struct item *item)
{
	struct geo_shape *up = area_above(r, item->code);
	double where[2] = { 0, 0 }, share = 0, margin = degrees((double)r->tolerance_m);

	if (!up)
		return;
	in_hand(r, item, item->feature);
	if (item->area && item->sound && !geo_shape_within(item->area, up, margin, &share, where))
		fault(r, where, say(r->ctl, "%.1f%% of it is outside of the place above; correct one of them, the code, or "
				    "allow more with --tolerance", "有%.1f%%在上级范围之外:请改正其一或代码,或用 --tolerance 放宽"),
		      100 * share);
	in_hand(r, item, item->seat_feature);
	if (item->has_seat && !geo_shape_has_point(up, item->seat, margin))
		fault(r, item->seat, "%s", say(r->ctl, "the point is outside of the place above; correct it or the code, or "
					       "allow more with --tolerance",
					       "该点在上级范围之外:请改正点或代码,或用 --tolerance 放宽"));
}

/* After all comparing: others were compared with it as it came. */
static void
simplify(struct reading *r, struct item *item)
{
	if (!item->area || !item->sound || !item->in_file || !item->feature)
		return;
	in_hand(r, item, item->feature);
	if (!geo_shape_simplify(item->area, degrees((double)r->simplify_m)))
		fault(r, NULL, say(r->ctl, "the area is smaller than %zu metres; give the place a point, or less to --simplify",
				   "范围小于%zu米:请改为一个点,或减小 --simplify"), r->simplify_m);
	else if (geo_shape_points(item->area) > SHAPE_POINTS_MAX)
		fault(r, NULL, say(r->ctl, "%zu points are left of it, %d are taken; give more to --simplify",
				   "简化后仍有%zu个点,上限%d:请加大 --simplify"), geo_shape_points(item->area),
		      SHAPE_POINTS_MAX);
	r->points += geo_shape_points(item->area);
}

/* -- the whole -- */

/* A place of gongd's; see shapes_each. */
static void
know_place(void *ctx, const char *code, const char *name, const char *area, const char *seat)
{
	struct reading *r = ctx;
	division_code number;
	struct item *item;

	if (division_parse(&number, code, NULL) < 0)
		return;
	item = item_of(r, number);
	item->known |= name != NULL;
	if (area && !item->known_area)
		item->known_area = xstrdup(area);
}

static void
put_row(const struct item *item, struct buf *csv)
{
	char code[DIVISION_TEXT];

	division_format(code, item->code);
	buf_printf(csv, "%s,", code);
	if (item->area) {
		buf_puts(csv, "\"");
		geo_shape_wkt(item->area, csv);
		buf_puts(csv, "\"");
	}
	if (item->has_seat)
		buf_printf(csv, ",POINT(%.6f %.6f)\n", item->seat[0], item->seat[1]);
	else
		buf_puts(csv, ",\n");
}

static void
as_csv(struct reading *r, struct buf *file)
{
	size_t areas = 0, seats = 0;

	buf_fini(file);
	buf_puts(file, "code,area,seat\n");
	for (size_t i = 0; i < r->count; i++) {
		put_row(r->items[i], file);
		areas += r->items[i]->area != NULL;
		seats += r->items[i]->has_seat;
	}
	if (r->ctl->json)
		return;
	printf(say(r->ctl, "%zu places: %zu areas of %zu points (%zu before they were simplified), %zu points\n",
		   "%zu 个地区:%zu 个范围共 %zu 点(简化前 %zu 点),%zu 个点位\n"), r->count, areas, r->points,
	       r->points_before, seats);
	if (r->above)
		printf(say(r->ctl, "%zu features of cities and provinces were passed over\n", "略过 %zu 个市、省级要素\n"),
		       r->above);
}

static int
take_features(struct reading *r, json_t *features, struct buf *file)
{
	json_t *feature;
	size_t i;

	json_array_foreach(features, i, feature) {
		r->feature = i + 1;
		take_feature(r, feature);
	}
	for (i = 0; i < r->count; i++)
		check_above(r, r->items[i]);
	for (i = 0; i < r->count; i++)
		simplify(r, r->items[i]);
	if (r->fault_count)
		return tell_faults(r);
	if (!r->count)
		return ctl_usage(r->ctl, say(r->ctl, "FILE has no features of counties, townships or villages",
					     "文件里没有县、乡镇或村的要素"));
	as_csv(r, file);
	return CTL_OK;
}

static void
item_free(void *value)
{
	struct item *item = value;

	geo_shape_free(item->area);
	free(item->known_area);
	free(item);
}

/* EPSG:3857 and the like are metres; RFC 7946 knows degrees of WGS 84 only. */
static bool
is_projected(json_t *root)
{
	const char *name = member_text(json_object_get(json_object_get(root, "crs"), "properties"), "name");

	return name && !strstr(name, "CRS84") && !strstr(name, "4326") && !strstr(name, "4490");
}

int
geometry_as_csv(struct ctl *ctl, struct buf *file)
{
	struct reading r = { .ctl = ctl, .faults = json_array() };
	json_t *root = file->len <= GEOJSON_MAX ? json_loadb(file->data, file->len, 0, NULL) : NULL;
	json_t *features = json_object_get(root, "features");
	int code = metres_option(ctl, "--simplify", SIMPLIFY_M, &r.simplify_m);

	if (code == CTL_OK)
		code = metres_option(ctl, "--tolerance", TOLERANCE_M, &r.tolerance_m);
	if (code == CTL_OK && file->len > GEOJSON_MAX)
		code = ctl_usage(ctl, say(ctl, "FILE is larger than %zu MiB; import it in pieces", "文件大于 %zu MiB;请分批导入"),
				 GEOJSON_MAX >> 20);
	else if (code == CTL_OK && !json_is_array(features))
		code = ctl_usage(ctl, say(ctl, "FILE is no GeoJSON FeatureCollection; export the layer as GeoJSON, UTF-8",
					  "文件不是 GeoJSON FeatureCollection:请把图层导出为 GeoJSON(UTF-8)"));
	else if (code == CTL_OK && is_projected(root))
		code = ctl_usage(ctl, say(ctl, "FILE is in another projection; export it in WGS 84 (EPSG:4326)",
					  "文件是其他投影:请以 WGS 84(EPSG:4326)导出"));
	if (code == CTL_OK) {
		r.desk = geo_desk_new();
		code = shapes_each(ctl, know_place, &r);
		if (code == CTL_OK)
			code = take_features(&r, features, file);
		table_fini(&r.by_code, item_free);
		geo_desk_free(r.desk);
	}
	free(r.items);
	json_decref(r.faults);
	json_decref(root);
	return code;
}
