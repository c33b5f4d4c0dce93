/* test_pace.c -- budgets of a number, rates of a route, back-off. */
#include "tests/unit/unit.h"

#include "core/pace.h"

/* 1 a minute, 5 an hour, 20 a day: what carriers allow. */
static const struct pace_budget carrier[] = {
	{ 1, MINUTES(1) }, { 5, HOURS(1) }, { 20, HOURS(24) },
};
static const struct pace_budget night[] = { { 1, HOURS(8) } };
static const struct pace_budget none[] = { { 0, HOURS(1) } };

static const struct {
	const char *sentence;
	const struct pace_budget *budgets;
	size_t count;
	msec past[8];
	size_t past_count;
	msec now, at;
} budgets[] = {
	{ "the first may go at once", carrier, 3, { 0 }, 0, 5000, 5000 },
	{ "without budgets everything may", carrier, 0, { 1, 2, 3 }, 3, 4, 4 },
	{ "the second waits for its minute", carrier, 3, { 5000 }, 1, 6000, 65000 },
	{ "a minute later it may go", carrier, 3, { 5000 }, 1, 65000, 65000 },
	{ "the sixth waits for its hour", carrier, 3, { 0, MINUTES(2), MINUTES(4), MINUTES(6),
	  MINUTES(8) }, 5, MINUTES(20), HOURS(1) },
	{ "the hour slides", carrier, 3, { 0, MINUTES(2), MINUTES(4), MINUTES(6), MINUTES(8),
	  HOURS(1) }, 6, HOURS(1) + MINUTES(1), HOURS(1) + MINUTES(2) },
	{ "the longest wait counts", carrier, 3, { 0, 0, 0, 0, HOURS(1) - 1 }, 5, HOURS(1),
	  HOURS(1) - 1 + MINUTES(1) },
	{ "one call a night", night, 1, { HOURS(2) }, 1, HOURS(9), HOURS(10) },
	{ "a budget of nothing allows nothing", none, 1, { 0 }, 0, 5, NEVER },
};

static void
budgets_are_kept(void **state)
{
	for (size_t i = 0; i < COUNT(budgets); i++) {
		msec at = pace_budget_next_at(budgets[i].budgets, budgets[i].count, budgets[i].past,
					      budgets[i].past_count, budgets[i].now);

		holds(budgets[i].sentence, at == budgets[i].at, "at %lld", (long long)at);
	}
}

/* Going whenever allowed: never more than the budget in any window, never later than needed. */
static void
a_day_of_calls_stays_in_its_budget(void **state)
{
	static msec past[400];
	size_t count = 0;
	msec now = 0;

	while (count < 45) {
		now = pace_budget_next_at(carrier, COUNT(carrier), past, count, now);
		for (size_t b = 0; b < COUNT(carrier); b++) {
			size_t inside = 1;

			for (size_t i = 0; i < count; i++)
				inside += past[i] > now - carrier[b].period_ms;
			holds("never over a budget", inside <= carrier[b].count, "budget %zu: %zu at "
			      "%lld", b, inside, (long long)now);
		}
		past[count++] = now;
	}
	holds("45 calls take two days and four minutes", past[44] == HOURS(48) + MINUTES(4), "%lld",
	      (long long)past[44]);
}

static void
a_bucket_lets_through_its_rate(void **state)
{
	struct pace_bucket b = { .per_second = 10, .burst = 5 };
	unsigned sum = 0;

	b.tokens = 5;
	assert_int_equal(pace_bucket_take(&b, 100, 0), 5);
	assert_int_equal(pace_bucket_take(&b, 100, 0), 0);
	assert_int_equal(pace_bucket_take(&b, 100, 99), 0);
	assert_int_equal(pace_bucket_take(&b, 100, 100), 1);
	assert_int_equal(pace_bucket_take(&b, 2, 100000), 2);
	assert_int_equal(pace_bucket_take(&b, 100, 100000), 3);
	for (msec now = 100000; now < 110000; now += 7)
		sum += pace_bucket_take(&b, 100, now);
	assert_in_range(sum, 99, 100);
}

static void
a_bucket_says_when_to_come_back(void **state)
{
	struct pace_bucket b = { .per_second = 2, .burst = 1 };
	msec at;

	assert_int_equal(pace_bucket_take(&b, 1, 1000), 1);
	at = pace_bucket_next_at(&b, 1000);
	assert_in_range(at, 1500, 1501);
	assert_true(pace_bucket_next_at(&b, 1400) == at);	/* does not run away */
	assert_true(pace_bucket_next_at(&b, 9000) == 9000);
	assert_int_equal(pace_bucket_take(&b, 1, at - 2), 0);
	assert_int_equal(pace_bucket_take(&b, 1, at), 1);
}

static void
no_rate_means_no_limit(void **state)
{
	struct pace_bucket b = { 0 };

	assert_int_equal(pace_bucket_take(&b, 12345, 0), 12345);
	assert_true(pace_bucket_next_at(&b, 7) == 7);
}

static void
a_clock_that_goes_back_gives_nothing_away(void **state)
{
	struct pace_bucket b = { .per_second = 1000, .burst = 1000 };

	pace_bucket_take(&b, 0, 5000);
	b.tokens = 0;
	assert_int_equal(pace_bucket_take(&b, 9, 1000), 0);
	assert_int_equal(pace_bucket_take(&b, 9, 1001), 1);
}

static const struct { const char *sentence; msec first, max; unsigned failures; msec wait; } waits[] = {
	{ "the first failure waits the first time", 250, 60000, 1, 250 },
	{ "the second twice as long", 250, 60000, 2, 500 },
	{ "the fifth sixteen times", 250, 60000, 5, 4000 },
	{ "never longer than the longest", 250, 60000, 9, 60000 },
	{ "nor after a very long night", 250, 60000, 4000000000u, 60000 },
	{ "a longest time of ever does not overflow", 250, NEVER, 4000000000u, NEVER },
	{ "no failure is like the first", 250, 60000, 0, 250 },
	{ "a first time over the longest is cut", 90000, 60000, 1, 60000 },
	{ "nothing doubled is nothing", 0, 60000, 4000000000u, 0 },
};

static void
back_off_doubles(void **state)
{
	for (size_t i = 0; i < COUNT(waits); i++) {
		msec wait = pace_backoff_ms(waits[i].first, waits[i].max, waits[i].failures);

		holds(waits[i].sentence, wait == waits[i].wait, "%lld", (long long)wait);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(budgets_are_kept),
		cmocka_unit_test(a_day_of_calls_stays_in_its_budget),
		cmocka_unit_test(a_bucket_lets_through_its_rate),
		cmocka_unit_test(a_bucket_says_when_to_come_back),
		cmocka_unit_test(no_rate_means_no_limit),
		cmocka_unit_test(a_clock_that_goes_back_gives_nothing_away),
		cmocka_unit_test(back_off_doubles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
