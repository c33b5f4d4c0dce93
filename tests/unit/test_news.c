/* test_news.c -- what changed, each thing once: order, being overtaken, being too old. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "daemon/web/news.h"

/* "kind=full kind=full …" of all after `number`. */
static const char *
told_after(const struct news *n, uint64_t number)
{
	static char text[4096];
	size_t len = 0;

	*text = '\0';
	for (const struct news_item *i = news_after(n, number); i; i = i->later)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s=%s", len ? " " : "",
					i->kind, i->full);
	return text;
}

static void
a_thing_is_told_once_with_its_latest_word(void **state)
{
	struct news *n = news_new(100000);

	assert_null(news_after(n, 0));
	assert_true(news_put(n, "alert", "1", "{1}", "a"));
	assert_true(news_put(n, "alert", "2", "{2}", "b"));
	assert_true(news_put(n, "route", "1", "{r}", "c"));
	assert_string_equal(told_after(n, 0), "alert=a alert=b route=c");
	assert_int_equal(news_number(n), 3);
	assert_false(news_put(n, "alert", "1", "{1}", "a"));
	assert_int_equal(news_number(n), 3);
	assert_true(news_put(n, "alert", "1", "{1}", "d"));
	assert_string_equal(told_after(n, 0), "alert=b route=c alert=d");
	assert_string_equal(told_after(n, 2), "route=c alert=d");
	assert_string_equal(told_after(n, 3), "alert=d");
	assert_string_equal(told_after(n, 4), "");
	/* The last and the first may change, too. */
	assert_true(news_put(n, "alert", "1", "{1}", "e"));
	assert_true(news_put(n, "alert", "2", "{2}", "f"));
	assert_string_equal(told_after(n, 0), "route=c alert=e alert=f");
	news_free(n);
}

static void
kind_and_key_are_two_names(void **state)
{
	struct news *n = news_new(100000);

	assert_true(news_put(n, "a", "bc", "", "1"));
	assert_true(news_put(n, "ab", "c", "", "2"));
	assert_true(news_put(n, "abc", "", "", "3"));
	assert_string_equal(told_after(n, 0), "a=1 ab=2 abc=3");
	news_free(n);
}

/* Whatever is told: who has heard all up to some number and is not too old, has missed nothing. */
static void
whoever_is_not_too_old_has_missed_nothing(void **state)
{
	enum { THINGS = 40, WORDS = 4000 };
	struct news *n = news_new(5000);	/* room for some twenty */
	char heard[THINGS][16] = { "" }, now[THINGS][16] = { "" };
	uint64_t number = 0, seed = 1, resets = 0;

	for (int i = 0; i < WORDS; i++) {
		char key[8], word[16];
		int thing;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		thing = (int)(seed >> 40) % THINGS;
		snprintf(key, sizeof(key), "%d", thing);
		snprintf(word, sizeof(word), "%d", i);
		assert_true(news_put(n, "x", key, key, word));
		snprintf(now[thing], sizeof(now[thing]), "%s", word);
		if ((seed >> 33) % 30)
			continue;	/* away for a while */
		if (!news_reaches(n, number)) {
			memcpy(heard, now, sizeof(now));
			number = news_number(n);
			resets++;
		}
		for (const struct news_item *it = news_after(n, number); it; it = it->later) {
			assert_true(it->number > number);
			number = it->number;
			snprintf(heard[atoi(it->ids)], 16, "%s", it->full);
		}
		assert_memory_equal(heard, now, sizeof(now));
	}
	holds("some were too old and some were not", resets > 5 && resets < 120, "%llu",
	      (unsigned long long)resets);
	assert_false(news_reaches(n, news_number(n) + 1));
	assert_true(news_reaches(n, news_number(n)));
	news_free(n);
}

static void
lines_are_taken_and_nonsense_is_not(void **state)
{
	char lines[] = "alert\t1\t{1}\ta\nroute\tr\t{r}\tb\nalert\t1\t{1}\ta\n\nx\ty\nx\ty\tz\n"
		"tasks\t\t{}\tc\n";
	char nothing[] = "";
	struct news *n = news_new(100000);

	assert_int_equal(news_put_lines(n, lines), 3);
	assert_string_equal(told_after(n, 0), "alert=a route=b tasks=c");
	assert_int_equal(news_put_lines(n, nothing), 0);
	news_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thing_is_told_once_with_its_latest_word),
		cmocka_unit_test(kind_and_key_are_two_names),
		cmocka_unit_test(whoever_is_not_too_old_has_missed_nothing),
		cmocka_unit_test(lines_are_taken_and_nonsense_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
