/* test_near.c -- slips of the finger: how far two words are apart, and what was meant. */
#include "core/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/cause.h"
#include "core/phrase.h"
#include "core/rung.h"

static void
test_distances(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned far;
	} rows[] = {
		{ "", "", 0 },		{ "list", "list", 0 },	   { "list", "LIST", 0 },
		{ "lst", "list", 1 },	{ "lisst", "list", 1 },	   { "lust", "list", 1 },
		{ "hlep", "help", 1 },	{ "", "list", 4 },	   { "青石县", "青石", 1 },
		{ "青石县", "青山县", 1 }, { "石青县", "青石县", 1 }, { "kitten", "sitting", 3 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(near_distance(rows[i].a, rows[i].b), rows[i].far);
		assert_int_equal(near_distance(rows[i].b, rows[i].a), rows[i].far);
	}
}

static void
test_long_and_broken_words_are_never_near(void **state)
{
	char longer[NEAR_MAX + 2];

	for (size_t i = 0; i <= NEAR_MAX; i++)
		longer[i] = 'x';
	longer[NEAR_MAX + 1] = '\0';
	assert_false(near_enough(near_distance(longer, longer), longer));
	assert_int_equal(near_distance("\xe9\x9d", "\xe9\x9d"), 0);
	assert_false(near_enough(1, "ab"));
}

static const char *
nearest(const char *word)
{
	static const char *const list[] = { "alert list", "alert show", "task list" };
	struct near near = { .word = word };

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		near_offer(&near, list[i], list[i]);
	return near.best;
}

static void
test_the_nearest_of_a_list(void **state)
{
	assert_string_equal(nearest("alrt lst"), "alert list");
	assert_string_equal(nearest("tsak list"), "task list");
	assert_null(nearest("elephant"));
}

static void
test_steps_and_causes_have_words(void **state)
{
	assert_string_equal(rung_said("redial", LANG_ZH), "重拨");
	assert_string_equal(rung_said("我的一步", LANG_EN), "我的一步");
	assert_false(value_has_phrases(RUNG("verbatim")));
	assert_true(value_has_phrases(RUNG("desk")));
	assert_true(value_has_phrases(cause_word(2)));
	assert_false(value_has_phrases(cause_word(71)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distances),
		cmocka_unit_test(test_long_and_broken_words_are_never_near),
		cmocka_unit_test(test_the_nearest_of_a_list),
		cmocka_unit_test(test_steps_and_causes_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
