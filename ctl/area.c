/* area.c -- which places an area on the map means, and whom that would be: for a look before an alert, and
 * to see why a signal called where it did.  The look is the one that gong-parse takes (files/geo.h). */
#include "ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "core/table.h"
#include "files/geo.h"
#include "files/read.h"

#define FILE_MAX ((size_t)16 << 20)
#define NOBODY_MAX 200			/* findings looked through, of a place */

struct looking {
	struct ctl *ctl;
	struct geo *geo;
	struct table names;		/* of code -> text */
	struct signal signal;		/* its areas */
	struct geo_found *found;
	size_t count;
	json_t *nobody;			/* places where nobody could be called */
	long long people;
};

/* -- what is asked for -- */

static bool
is_code(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

static bool
is_corners(const char *text)
{
	return strchr(text, ',') && text[strspn(text, "0123456789.,- ")] == '\0';
}

static int
take_pair(const char *text, size_t len, struct signal_point *out)
{
	char copy[64], *comma;

	snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
	comma = strchr(copy, ',');
	if (!comma || len >= sizeof(copy))
		return -1;
	*comma = '\0';
	return signal_number(&out->lat, copy) < 0 || signal_number(&out->lon, comma + 1) < 0 ? -1 : 0;
}

/* As CAP 1.2 writes them: "lat,lon lat,lon …", "lat,lon km". */
static int
take_corners(struct looking *l, const char *text)
{
	struct signal_area *area = signal_area_add(&l->signal, NULL);
	struct signal_point *points = xcalloc(strlen(text) + 1, sizeof(*points));
	struct signal_circle circle = { 0 };
	size_t count = 0, len;
	bool fine = true;

	for (text += strspn(text, " "); *text && fine; text += len + strspn(text + len, " ")) {
		char word[64];

		len = strcspn(text, " ");
		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		if (count == 1 && !strchr(word, ',') && signal_number(&circle.radius_km, word) == 0) {
			circle.centre = points[0];
			fine = !text[len + strspn(text + len, " ")] && signal_circle_add(&l->signal, area, circle);
			free(points);
			return fine ? CTL_OK : -1;
		}
		fine = take_pair(text, len, &points[count++]) == 0;
	}
	fine = fine && signal_ring_add(&l->signal, area, points, count);
	free(points);
	return fine ? CTL_OK : -1;
}

static bool
take_ring(struct looking *l, json_t *ring, bool without)
{
	struct signal_area *area = signal_area_add(&l->signal, NULL);
	struct signal_point *points = xcalloc(json_array_size(ring) + 1, sizeof(*points));
	size_t count = 0, i;
	json_t *pair;
	bool fine;

	json_array_foreach(ring, i, pair)
		points[count++] = (struct signal_point){ json_number_value(json_array_get(pair, 1)),
							 json_number_value(json_array_get(pair, 0)) };
	if (area)
		area->without = without;
	fine = area && signal_ring_add(&l->signal, area, points, count);
	free(points);
	return fine;
}

static bool
take_polygon(struct looking *l, json_t *rings)
{
	json_t *ring;
	bool fine = json_array_size(rings) > 0;
	size_t i;

	json_array_foreach(rings, i, ring)
		fine = fine && take_ring(l, ring, i > 0);
	return fine;
}

/* Points and lines enclose nothing and are passed over. */
static bool
take_geometry(struct looking *l, json_t *geometry)
{
	const char *type = member_text(geometry, "type");
	json_t *coordinates = json_object_get(geometry, "coordinates"), *polygon;
	bool fine = true;
	size_t i;

	if (type && strcmp(type, "Polygon") == 0)
		return take_polygon(l, coordinates);
	if (type && strcmp(type, "MultiPolygon") == 0)
		json_array_foreach(coordinates, i, polygon)
			fine = fine && take_polygon(l, polygon);
	return fine;
}

static bool
take_json(struct looking *l, json_t *root)
{
	json_t *features = json_object_get(root, "features"), *feature;
	bool fine = true;
	size_t i;

	if (json_object_get(root, "geometry"))
		return take_geometry(l, json_object_get(root, "geometry"));
	if (!features)
		return take_geometry(l, root);
	json_array_foreach(features, i, feature)
		fine = fine && take_geometry(l, json_object_get(feature, "geometry"));
	return fine;
}

static int
take_file(struct looking *l, const char *path)
{
	const struct ctl *ctl = l->ctl;
	struct err err = { 0 };
	size_t len = 0;
	char *body = file_read(path, FILE_MAX, &len, &err), why[SAID_BYTES];
	json_t *root;
	bool fine;

	if (!body) {
		said_render(&err.said, ctl->lang, why, sizeof(why));
		return ctl_usage(ctl, say(ctl, "\"%s\" is no code, no polygon (\"lat,lon lat,lon …\"), no circle (\"lat,lon km\"), "
					  "and as a FILE: %s",
					  "「%s」不是代码、多边形(「纬,经 纬,经 …」)或圆(「纬,经 公里」),当作文件则:%s"),
				 path, why);
	}
	root = json_loadb(body, len, 0, NULL);
	free(body);
	if (!root)
		return ctl_usage(ctl, say(ctl, "%s is no GeoJSON; for a CAP message ask gongctl source test NAME FILE",
					  "%s 不是 GeoJSON;CAP 报文请用 gongctl source test 来源 文件"), path);
	fine = take_json(l, root);
	json_decref(root);
	return fine && !l->signal.cut ? CTL_OK
		: ctl_usage(ctl, say(ctl, "%s: a ring is not closed, no place on Earth, or there are too many (%d points, %d "
				     "polygons)", "%s:环未闭合、超出经纬度范围,或太多(上限 %d 点、%d 个多边形)"),
			    path, SIGNAL_POINTS_MAX, SIGNAL_AREAS_MAX);
}

static int
take_asked(struct looking *l, const char *text)
{
	const struct ctl *ctl = l->ctl;

	if (!is_corners(text))
		return take_file(l, text);
	return take_corners(l, text) == CTL_OK ? CTL_OK
		: ctl_usage(ctl, say(ctl, "\"%s\" is neither a polygon \"lat,lon lat,lon …\" (at least 4 points, the last one as "
				     "the first) nor a circle \"lat,lon km\"",
				     "「%s」不是多边形「纬,经 纬,经 …」(至少4点,首尾相同),也不是圆「纬,经 公里」"), text);
}

/* -- the look -- */

static void
know_place(void *ctx, const char *code, const char *name, const char *area, const char *seat)
{
	struct looking *l = ctx;
	division_code number;
	struct err err;

	if (division_parse(&number, code, NULL) < 0)
		return;
	geo_add(l->geo, number, area, seat, &err);
	if (name && !table_get(&l->names, (uint64_t)number))
		table_put(&l->names, (uint64_t)number, xstrdup(name));
}

static int
share_option(struct ctl *ctl, double *out)
{
	const char *text = args_value(ctl, "--share");
	double percent = 100 * GEO_SHARE;

	if (text && decimal_parse(&percent, text, 0, 100) < 0)
		return ctl_usage(ctl, say(ctl, "--share: \"%s\" is no percentage, 0 to 100", "--share:「%s」不是 0 至 100 的百分数"),
				 text);
	*out = percent / 100;
	return CTL_OK;
}

/* A code is what it says. */
static int
take_code(struct looking *l, const char *text)
{
	struct err err = { 0 };
	division_code code;

	if (division_parse(&code, text, &err) < 0)
		return ctl_fail(l->ctl, CTL_USAGE, &err);
	if (!table_get(&l->names, (uint64_t)code)) {
		err_say(&err, REFUSED_NOT_FOUND, about(CONCEPT_NONE), no_division, text);
		return ctl_fail(l->ctl, CTL_REFUSED, &err);
	}
	l->found = xcalloc(1, sizeof(*l->found));
	l->found[0] = (struct geo_found){ code, GEO_COVERED_WHY, 1 };
	l->count = 1;
	return CTL_OK;
}

static int
look(struct looking *l, const char *text)
{
	struct err err = { 0 };
	double share = 0;
	int code = share_option(l->ctl, &share);

	if (code == CTL_OK && !is_code(text))
		code = take_asked(l, text);
	if (code == CTL_OK)
		code = shapes_each(l->ctl, know_place, l);
	if (code == CTL_OK && is_code(text))
		return take_code(l, text);
	if (code == CTL_OK && geo_find(l->geo, l->signal.areas, l->signal.area_count, share, &l->found, &l->count, &err) < 0)
		code = ctl_fail(l->ctl, CTL_USAGE, &err);
	return code;
}

/* -- whom that would be -- */

static int
ask_people(struct looking *l, const char *code)
{
	struct buf path = { 0 };
	struct err err = { 0 };
	json_t *answer = NULL, *rows = NULL, *row;
	bool more = false;
	size_t i;
	int rc = client_get(l->ctl, &answer, "/v1/divisions/%s", code);

	if (rc != CTL_OK)
		return rc;
	l->people += member_int(json_object_get(answer, "counts"), "contacts");
	json_decref(answer);
	buf_puts(&path, "/v1/check");
	query_add(&path, "division", code);
	rc = client_pages(l->ctl, path.data, "findings", NOBODY_MAX, &rows, &more, &err);
	buf_fini(&path);
	if (rc != CTL_OK)
		return client_failed(l->ctl, rc, rows, &err);
	json_array_foreach(rows, i, row)
		if (member_text(row, "kind") && strcmp(member_text(row, "kind"), "nobody") == 0 &&
		    json_is_object(json_object_get(row, "division")))
			json_array_append(l->nobody, json_object_get(row, "division"));
	json_decref(rows);
	return CTL_OK;
}

static const char *
why_text(const struct ctl *ctl, enum geo_why why)
{
	switch (why) {
	case GEO_COVERED_WHY:
		return say(ctl, "all of it", "全部在内");
	case GEO_SHARE_WHY:
		return say(ctl, "a part of it", "部分在内");
	case GEO_SEAT_WHY:
		return say(ctl, "its seat", "驻地在内");
	case GEO_HOLDS_WHY:
		return say(ctl, "the area lies in it", "区域在其中");
	case GEO_BELOW_WHY:
		return say(ctl, "all places in it", "下辖全部在内");
	case GEO_UNKNOWN_WHY:
	case GEO_WHY_COUNT:
		break;
	}
	return say(ctl, "nobody knows where it lies", "位置未知,一并叫应");
}

static void
put_found(struct looking *l, struct buf *out)
{
	const struct ctl *ctl = l->ctl;
	const char *const titles[] = { say(ctl, "code", "代码"), say(ctl, "name", "名称"), say(ctl, "share", "占比"),
				       say(ctl, "why", "原因"), NULL };
	struct grid t;

	grid_init(&t, 1 << 2, titles);
	for (size_t i = 0; i < l->count; i++) {
		const struct geo_found *f = &l->found[i];
		char code[DIVISION_TEXT];

		division_format(code, f->code);
		grid_cell(&t, code);
		grid_cell(&t, table_get(&l->names, (uint64_t)f->code));
		if (f->share > 0)
			grid_cellf(&t, "%.1f%%", 100 * f->share);
		else
			grid_cell(&t, NULL);
		grid_cell(&t, why_text(ctl, f->why));
	}
	grid_put(&t, out, 0, screen_width());
	grid_fini(&t);
}

static void
print_text(struct looking *l)
{
	const struct ctl *ctl = l->ctl;
	struct buf out = { 0 };
	json_t *place;
	size_t i;

	if (l->count)
		put_found(l, &out);
	else
		buf_puts(&out, say(ctl, "no place of the lists is meant: nobody would be called\n",
				   "名单中没有涉及的地区:不会叫应任何人\n"));
	if (l->count)
		buf_printf(&out, say(ctl, "%lld people have a post there or below\n", "共%lld人在当地或其下任职\n"), l->people);
	json_array_foreach(l->nobody, i, place)
		buf_printf(&out, say(ctl, "! nobody to call first: %s %s\n", "! 最先要叫的人都联系不上:%s %s\n"),
			   member_text(place, "code"), member_text(place, "name"));
	ctl_page(ctl, &out);
}

static json_t *
as_json(struct looking *l)
{
	json_t *list = json_array(), *one;

	for (size_t i = 0; i < l->count; i++) {
		const struct geo_found *f = &l->found[i];
		char code[DIVISION_TEXT];

		division_format(code, f->code);
		one = json_pack("{s:s,s:s*,s:s,s:f}", "code", code, "name", table_get(&l->names, (uint64_t)f->code),
				"why", geo_why_name(f->why), "share", f->share);
		json_array_append_new(list, one);
	}
	return json_pack("{s:o,s:I,s:O}", "divisions", list, "people", (json_int_t)l->people, "nobody", l->nobody);
}

int
area_show(struct ctl *ctl)
{
	struct looking l = { .ctl = ctl, .geo = geo_new(), .nobody = json_array() };
	int code;

	signal_init(&l.signal);
	code = look(&l, ctl->operands[0]);
	for (size_t i = 0; code == CTL_OK && i < l.count; i++) {
		char text[DIVISION_TEXT];

		division_format(text, l.found[i].code);
		code = ask_people(&l, text);
	}
	if (code == CTL_OK && ctl->json)
		code = ctl_json(as_json(&l));
	else if (code == CTL_OK)
		print_text(&l);
	signal_fini(&l.signal);
	geo_free(l.geo);
	table_fini(&l.names, free);
	json_decref(l.nobody);
	free(l.found);
	return code;
}
