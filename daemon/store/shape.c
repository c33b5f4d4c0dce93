/* shape.c -- where places lie, as it was imported; nothing is reckoned with it here. */
#include "daemon/store/internal.h"

#include <stdlib.h>

#include "core/buf.h"

#define GENERATION "shape_generation"

void
shape_free(struct shape *shape)
{
	free(shape->area);
	free(shape->seat);
	*shape = (struct shape){ 0 };
}

static char *
copy_column(sqlite3_stmt *st, int column)
{
	const char *text = (const char *)sqlite3_column_text(st, column);

	return text ? xstrdup(text) : NULL;
}

bool
store_shape_get(struct store *s, division_code code, struct shape *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT area, seat FROM shape WHERE division = ?", "i", code);

	if (!store_step(s, st))
		return false;
	if (out)
		*out = (struct shape){ copy_column(st, 0), copy_column(st, 1) };
	store_done(st);
	return true;
}

void
store_shape_put(struct store *s, division_code code, const struct shape *shape)
{
	store_run(s, "INSERT INTO shape VALUES (?, ?, ?) ON CONFLICT (division) DO UPDATE SET "
		  "area = coalesce(excluded.area, shape.area), seat = coalesce(excluded.seat, shape.seat)", "itt", code, shape->area, shape->seat);
	store_meta_set(s, GENERATION, store_shape_generation(s) + 1);
}

int64_t
store_shape_generation(struct store *s)
{
	return store_meta_get(s, GENERATION, 0);
}
