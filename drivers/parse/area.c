/* area.c -- from polygons and circles to divisions, by the places that gongd has handed over. */
#include "drivers/parse/area.h"

#include <stdlib.h>

#include "files/geo.h"

struct areas {
	struct geo *places;		/* in force; NULL: none are known */
	struct geo *coming;
};

struct areas *
areas_new(void)
{
	return xcalloc(1, sizeof(struct areas));
}

void
areas_free(struct areas *a)
{
	geo_free(a->places);
	geo_free(a->coming);
	free(a);
}

void
areas_take(struct areas *a, json_t *op)
{
	json_t *row;
	size_t i;

	if (json_is_true(json_object_get(op, "begin"))) {
		geo_free(a->coming);
		a->coming = geo_new();
	}
	json_array_foreach(json_object_get(op, "rows"), i, row) {
		const char *code = json_string_value(json_array_get(row, 0));
		division_code number;
		struct err err;

		if (!a->coming || !code || division_parse(&number, code, NULL) < 0)
			continue;
		if (geo_add(a->coming, number, json_string_value(json_array_get(row, 1)),
			    json_string_value(json_array_get(row, 2)), &err) < 0)
			geo_add(a->coming, number, NULL, NULL, &err);
	}
	if (!json_is_true(json_object_get(op, "end")) || !a->coming)
		return;
	geo_free(a->places);
	a->places = a->coming;
	a->coming = NULL;
}

/* What has a code is found by that; what is taken out is taken out of all. */
static bool
is_drawn(const struct signal_area *a)
{
	division_code code;

	for (size_t i = 0; !a->without && i < a->code_count; i++)
		if (!*a->codes[i].scheme && division_parse(&code, a->codes[i].value, NULL) == 0)
			return false;
	return a->ring_count || a->circle_count;
}

static void
mean(struct areas *a, struct signal *s)
{
	struct signal_area *drawn = xcalloc(s->area_count + 1, sizeof(*drawn));
	struct geo_found *found = NULL;
	size_t count = 0, places = 0;
	struct err err;

	for (size_t i = 0; i < s->area_count; i++)
		if (is_drawn(&s->areas[i]))
			drawn[count++] = s->areas[i];	/* borrowed */
	if (count)
		geo_find(a->places, drawn, count, GEO_SHARE, &found, &places, &err);
	for (size_t i = 0; i < places; i++)
		signal_meant_add(s, found[i].code);
	free(found);
	free(drawn);
}

void
areas_mean(struct areas *a, struct signal_post *post)
{
	for (size_t i = 0; a->places && i < post->count; i++)
		mean(a, &post->signals[i]);
}
