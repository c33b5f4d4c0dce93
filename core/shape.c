/* shape.c -- the area and the seat of a place, read from their one form. */
#include "core/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/buf.h"
#include "core/number.h"

struct reading {
	const char *text, *p;
	double *lonlat;			/* of the ring in hand */
	size_t count, total;		/* points: of it, of all */
	shape_ring_fn *fn;
	void *ctx;
	struct err *err;
};

static int
expected(struct reading *r, const char *what)
{
	return err_say(r->err, REFUSED_INVALID, about(CONCEPT_NONE), shape_unreadable, QUOTE(what),
		       NUM(r->p - r->text + 1));
}

static void
skip_blanks(struct reading *r)
{
	r->p += strspn(r->p, " \t\r\n");
}

static bool
take_sign(struct reading *r, char sign)
{
	skip_blanks(r);
	if (*r->p != sign)
		return false;
	r->p++;
	skip_blanks(r);
	return true;
}

static int
need_sign(struct reading *r, char sign)
{
	char text[2] = { sign, '\0' };

	return take_sign(r, sign) ? 0 : expected(r, text);
}

static int
take_degrees(struct reading *r, double most, double *out)
{
	char text[32];
	size_t len = strspn(r->p, "-.0123456789");
	bool minus = *r->p == '-';

	if (!len || len >= sizeof(text))
		return expected(r, "107.123456");
	snprintf(text, sizeof(text), "%.*s", (int)len, r->p);
	if (decimal_parse(out, text + minus, 0, most) < 0)
		return err_say(r->err, REFUSED_INVALID, about(CONCEPT_NONE), shape_no_place, QUOTE(text));
	if (minus)
		*out = -*out;
	r->p += len;
	return 0;
}

static int
take_point(struct reading *r)
{
	double *at;

	if (r->total == SHAPE_POINTS_MAX)
		return err_say(r->err, REFUSED_INVALID, about(CONCEPT_NONE), shape_points_max,
			       NUM(SHAPE_POINTS_MAX));
	at = &r->lonlat[2 * r->count];
	skip_blanks(r);
	if (take_degrees(r, 180, &at[0]) < 0)
		return -1;
	skip_blanks(r);
	if (take_degrees(r, 90, &at[1]) < 0)
		return -1;
	r->count++;
	r->total++;
	return 0;
}

static int
check_ring(struct reading *r)
{
	const double *first = r->lonlat, *last = &r->lonlat[2 * (r->count - 1)];
	char where[64];

	if (r->count >= 4 && first[0] == last[0] && first[1] == last[1])
		return 0;
	snprintf(where, sizeof(where), "%.6f %.6f", first[0], first[1]);
	return err_say(r->err, REFUSED_INVALID, about(CONCEPT_NONE), shape_open, where);
}

static int
take_ring(struct reading *r, bool outline)
{
	r->count = 0;
	if (need_sign(r, '(') < 0)
		return -1;
	do {
		if (take_point(r) < 0)
			return -1;
	} while (take_sign(r, ','));
	if (need_sign(r, ')') < 0 || check_ring(r) < 0)
		return -1;
	if (r->fn)
		r->fn(r->ctx, outline, r->lonlat, r->count);
	return 0;
}

static int
take_polygon(struct reading *r)
{
	bool outline = true;

	if (need_sign(r, '(') < 0)
		return -1;
	do {
		if (take_ring(r, outline) < 0)
			return -1;
		outline = false;
	} while (take_sign(r, ','));
	return need_sign(r, ')');
}

static int
take_polygons(struct reading *r)
{
	if (need_sign(r, '(') < 0)
		return -1;
	do {
		if (take_polygon(r) < 0)
			return -1;
	} while (take_sign(r, ','));
	return need_sign(r, ')');
}

static int
take_seat(struct reading *r)
{
	if (need_sign(r, '(') < 0 || take_point(r) < 0 || need_sign(r, ')') < 0)
		return -1;
	if (r->fn)
		r->fn(r->ctx, true, r->lonlat, 1);
	return 0;
}

static bool
take_word(struct reading *r, const char *word)
{
	size_t len = strlen(word);

	if (strncasecmp(r->p, word, len) != 0)
		return false;
	r->p += len;
	return true;
}

static int
take_shape(struct reading *r, enum shape_kind kind)
{
	skip_blanks(r);
	if (kind == SHAPE_SEAT)
		return take_word(r, "POINT") ? take_seat(r) : expected(r, "POINT");
	if (take_word(r, "POLYGON"))
		return take_polygon(r);
	return take_word(r, "MULTIPOLYGON") ? take_polygons(r) : expected(r, "POLYGON");
}

int
shape_read(enum shape_kind kind, const char *text, shape_ring_fn *fn, void *ctx, struct err *err)
{
	struct reading r = { .text = text, .p = text, .fn = fn, .ctx = ctx, .err = err };
	int rc;

	r.lonlat = xcalloc(2 * SHAPE_POINTS_MAX, sizeof(*r.lonlat));
	rc = take_shape(&r, kind);
	skip_blanks(&r);
	if (rc == 0 && *r.p)
		rc = expected(&r, "");
	free(r.lonlat);
	return rc;
}
