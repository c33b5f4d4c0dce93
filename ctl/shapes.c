/* shapes.c -- where places lie, as gongd has it: fetched, and written as GeoJSON (RFC 7946). */
#include "ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/shape.h"

#define PLACES_MAX 2000000

/* -- from gongd -- */

static int
each_name(struct ctl *ctl, place_fn *fn, void *ctx)
{
	json_t *rows = NULL, *row;
	struct err err = { 0 };
	bool more = false;
	size_t i;
	int code = client_pages(ctl, "/v1/divisions", "divisions", PLACES_MAX, &rows, &more, &err);

	if (code != CTL_OK)
		return client_failed(ctl, code, rows, &err);
	json_array_foreach(rows, i, row)
		if (member_text(row, "code"))
			fn(ctx, member_text(row, "code"), member_text(row, "name"), NULL, NULL);
	json_decref(rows);
	return CTL_OK;
}

static const char *
text_or_null(const char *text)
{
	return *text ? text : NULL;
}

/* One row behind the titles; *p goes behind it. */
static void
each_shape(const char **p, place_fn *fn, void *ctx)
{
	char *cells[3] = { NULL };
	size_t count = 0;

	do {
		*p += count > 0;			/* the comma */
		cells[count++] = csv_cell(p);
	} while (**p == ',' && count < 3);
	*p += strcspn(*p, "\n");
	*p += **p == '\n';
	if (count == 3)
		fn(ctx, cells[0], NULL, text_or_null(cells[1]), text_or_null(cells[2]));
	while (count)
		free(cells[--count]);
}

static void
each_of_csv(const struct buf *csv, place_fn *fn, void *ctx)
{
	const char *p = csv->data + strcspn(csv->data, "\n");

	for (p += *p == '\n'; *p;)
		each_shape(&p, fn, ctx);
}

int
shapes_each(struct ctl *ctl, place_fn *fn, void *ctx)
{
	struct buf csv = { 0 };
	int code = each_name(ctl, fn, ctx);

	if (code == CTL_OK)
		code = client_fetch(ctl, "/v1/export/geometry", &csv);
	if (code == CTL_OK)
		each_of_csv(&csv, fn, ctx);
	buf_fini(&csv);
	return code;
}

/* -- as GeoJSON -- */

struct features {
	struct buf *out;
	size_t count;			/* features */
	size_t outlines;		/* of the one in hand */
};

static void
put_point(struct buf *out, const double *lonlat)
{
	buf_printf(out, "[%.9g,%.9g]", lonlat[0], lonlat[1]);
}

/* Every area is a MultiPolygon: an outline closes the one before. */
static void
put_ring(void *ctx, bool outline, const double *lonlat, size_t count)
{
	struct features *f = ctx;

	if (outline)
		buf_puts(f->out, f->outlines++ ? "],[" : "[");
	else
		buf_puts(f->out, ",");
	for (size_t i = 0; i < count; i++) {
		buf_puts(f->out, i ? "," : "[");
		put_point(f->out, &lonlat[2 * i]);
	}
	buf_puts(f->out, "]");
}

static void
put_seat(void *ctx, bool outline, const double *lonlat, size_t count)
{
	put_point(((struct features *)ctx)->out, lonlat);
}

static void
put_feature(struct features *f, const char *code, enum shape_kind kind, const char *wkt)
{
	if (!wkt)
		return;
	buf_puts(f->out, f->count++ ? ",\n" : "\n");
	buf_printf(f->out, "{\"type\":\"Feature\",\"properties\":{\"code\":\"%s\"},\"geometry\":{\"type\":\"%s\","
		   "\"coordinates\":", code, kind == SHAPE_AREA ? "MultiPolygon" : "Point");
	f->outlines = 0;
	buf_puts(f->out, kind == SHAPE_AREA ? "[" : "");
	shape_read(kind, wkt, kind == SHAPE_AREA ? put_ring : put_seat, f, NULL);
	buf_puts(f->out, kind == SHAPE_AREA ? "]]}}" : "}}");
}

static void
put_place(void *ctx, const char *code, const char *name, const char *area, const char *seat)
{
	put_feature(ctx, code, SHAPE_AREA, area);
	put_feature(ctx, code, SHAPE_SEAT, seat);
}

void
shapes_as_geojson(struct buf *csv)
{
	struct buf out = { 0 };
	struct features f = { .out = &out };

	buf_puts(&out, "{\"type\":\"FeatureCollection\",\"features\":[");
	each_of_csv(csv, put_place, &f);
	buf_puts(&out, "\n]}");
	buf_fini(csv);
	*csv = out;
}
