/* test_audience.c -- sets of people and places, against the slow and obvious way. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "core/audience.h"

static uint32_t chance = 7;

static uint32_t
next(uint32_t below)
{
	chance = chance * 1664525 + 1013904223;
	return below ? chance % below : chance;
}

/* Sizes on both sides of the change from qsort to radix sort; `below` 0 = all 32 bits. */
static const struct { const char *sentence; size_t size; uint32_t below; } sorts[] = {
	{ "nobody", 0, 10 }, { "one", 1, 10 }, { "two", 2, 2 }, { "a village", 40, 100 },
	{ "all the same person", 2000, 1 }, { "just under the change", 999, 500 },
	{ "just over the change", 1001, 500 }, { "a county", 20000, 0 }, { "ids of 16 bits", 20000, 65536 },
};

static void
sets_are_sorted_and_unique(void **state)
{
	for (size_t i = 0; i < COUNT(sorts); i++) {
		struct id_set set = { 0 };
		uint32_t *given = calloc(sorts[i].size + 1, sizeof(*given));

		for (size_t k = 0; k < sorts[i].size; k++)
			id_set_add(&set, given[k] = next(sorts[i].below));
		id_set_sort(&set);
		for (size_t k = 1; k < set.count; k++)
			holds(sorts[i].sentence, set.ids[k - 1] < set.ids[k], "at %zu", k);
		for (size_t k = 0; k < sorts[i].size; k++)
			holds(sorts[i].sentence, id_set_has(&set, given[k]), "%u is lost", given[k]);
		for (size_t k = 0; k < set.count && sorts[i].size < 2000; k++) {
			size_t from = 0;

			while (from < sorts[i].size && given[from] != set.ids[k])
				from++;
			holds(sorts[i].sentence, from < sorts[i].size, "%u came from nowhere", set.ids[k]);
		}
		id_set_fini(&set);
		free(given);
	}
}

static void
exclusions_leave(void **state)
{
	for (int round = 0; round < 200; round++) {
		struct id_set all = { 0 }, gone = { 0 }, left = { 0 };
		uint32_t below = 1 + next(60);

		for (uint32_t n = next(50); n > 0; n--)
			id_set_add(&all, next(below));
		for (uint32_t n = next(50); n > 0; n--)
			id_set_add(&gone, next(below));
		id_set_sort(&all);
		id_set_sort(&gone);
		for (size_t i = 0; i < all.count; i++)
			id_set_add(&left, all.ids[i]);
		id_set_subtract(&left, &gone);
		for (uint32_t id = 0; id < below; id++)
			holds("left is all without gone", id_set_has(&left, id) ==
			      (id_set_has(&all, id) && !id_set_has(&gone, id)), "round %d id %u", round, id);
		id_set_fini(&all);
		id_set_fini(&gone);
		id_set_fini(&left);
	}
}

static void
an_empty_set_has_nobody(void **state)
{
	struct id_set set = { 0 };

	assert_false(id_set_has(&set, 0));
	id_set_sort(&set);
	id_set_subtract(&set, &set);
	assert_int_equal(set.count, 0);
}

static void
places_inside_others_count_once(void **state)
{
	struct division_range r[] = {
		division_range(990121103001), division_range(990121000000),
		division_range(990121103000), division_range(990122101000),
		division_range(990122101000), division_range(990122101004),
	};
	size_t count = division_ranges_merge(r, COUNT(r));

	assert_int_equal(count, 2);
	assert_true(r[0].first == 990121000000 && r[0].last == 990121999999);
	assert_true(r[1].first == 990122101000 && r[1].last == 990122101999);
	assert_true(division_ranges_have(r, count, 990121103001));
	assert_true(division_ranges_have(r, count, 990122101999));
	assert_false(division_ranges_have(r, count, 990122102000));
	assert_false(division_ranges_have(r, 0, 990121103001));
	assert_int_equal(division_ranges_merge(r, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_are_sorted_and_unique),
		cmocka_unit_test(exclusions_leave),
		cmocka_unit_test(an_empty_set_has_nobody),
		cmocka_unit_test(places_inside_others_count_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
