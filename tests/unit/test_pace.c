/* test_pace.c -- budgets of a number, rates of a route, meters, back-off. */
#include "tests/unit/unit.h"

#include "core/pace.h"

#define EVERY(n, ms) { .count = (n), .period_ms = (ms) }

/* 1 a minute, 5 an hour, 20 a day: what carriers allow. */
static const struct pace_budget carrier[] = {
	EVERY(1, MINUTES(1)), EVERY(5, HOURS(1)), EVERY(20, HOURS(24)),
};
static const struct pace_budget night[] = { EVERY(1, HOURS(8)) };
static const struct pace_budget none[] = { EVERY(0, HOURS(1)) };
/* Calls by night. */
static const struct pace_budget quiet[] = { { 1, HOURS(10), HOURS(22), HOURS(8) } };
static const struct pace_budget mixed[] = {
	EVERY(3, HOURS(1)), { 1, HOURS(24), HOURS(22), HOURS(8) },
};
static const struct pace_budget noon[] = { { 2, HOURS(6), HOURS(12), HOURS(14) } };

static msec
in_shanghai(msec at)
{
	return HOURS(8);
}

/* Clocks go from 02:00 to 03:00 on the second day, and back from 03:00 to 02:00 on the tenth. */
static msec
with_summer_time(msec at)
{
	return at >= HOURS(24 + 2) && at < HOURS(9 * 24 + 2) ? HOURS(1) : 0;
}

static const struct {
	const char *sentence;
	const struct pace_budget *budgets;
	size_t count;
	msec past[8];
	size_t past_count;
	msec now, at;
	pace_offset_fn offset;
} budgets[] = {
	{ "the first may go at once", carrier, 3, { 0 }, 0, 5000, 5000, NULL },
	{ "without budgets everything may", carrier, 0, { 1, 2, 3 }, 3, 4, 4, NULL },
	{ "the second waits for its minute", carrier, 3, { 5000 }, 1, 6000, 65000, NULL },
	{ "a minute later it may go", carrier, 3, { 5000 }, 1, 65000, 65000, NULL },
	{ "the sixth waits for its hour", carrier, 3, { 0, MINUTES(2), MINUTES(4), MINUTES(6),
	  MINUTES(8) }, 5, MINUTES(20), HOURS(1), NULL },
	{ "the hour slides", carrier, 3, { 0, MINUTES(2), MINUTES(4), MINUTES(6), MINUTES(8),
	  HOURS(1) }, 6, HOURS(1) + MINUTES(1), HOURS(1) + MINUTES(2), NULL },
	{ "the longest wait counts", carrier, 3, { 0, 0, 0, 0, HOURS(1) - 1 }, 5, HOURS(1),
	  HOURS(1) - 1 + MINUTES(1), NULL },
	{ "one call a night", night, 1, { HOURS(2) }, 1, HOURS(9), HOURS(10), NULL },
	{ "a budget of nothing allows nothing", none, 1, { 0 }, 0, 5, NEVER, NULL },
	{ "the first of a night may go", quiet, 1, { 0 }, 0, HOURS(23), HOURS(23), NULL },
	{ "the second of a night waits for the morning", quiet, 1, { HOURS(23) }, 1, HOURS(25),
	  HOURS(32), NULL },
	{ "its hours begin at their first instant", quiet, 1, { HOURS(22) }, 1, HOURS(23),
	  HOURS(32), NULL },
	{ "what went an instant earlier does not count", quiet, 1, { HOURS(22) - 1 }, 1, HOURS(23),
	  HOURS(23), NULL },
	{ "its hours are over at their last instant", quiet, 1, { HOURS(23) }, 1, HOURS(32),
	  HOURS(32), NULL },
	{ "an instant before it still waits", quiet, 1, { HOURS(23) }, 1, HOURS(32) - 1,
	  HOURS(32), NULL },
	{ "by day nothing counts and nothing binds", quiet, 1, { HOURS(9), HOURS(10) }, 2, HOURS(11),
	  HOURS(11), NULL },
	{ "the window ends before the hours do", quiet, 1, { HOURS(-2) }, 1, HOURS(7),
	  HOURS(8), NULL },
	{ "nor does yesterday's night bind this one", quiet, 1, { HOURS(7) }, 1, HOURS(22),
	  HOURS(22), NULL },
	{ "by local time", quiet, 1, { HOURS(15) }, 1, HOURS(16), HOURS(24), in_shanghai },
	{ "by local time it is day", quiet, 1, { HOURS(1) }, 1, HOURS(2), HOURS(2), in_shanghai },
	{ "what waits for an ordinary budget may come into the night", mixed, 2,
	  { HOURS(7), HOURS(22) - MINUTES(50), HOURS(22) - MINUTES(40), HOURS(22) - MINUTES(30) },
	  4, HOURS(22) - MINUTES(1), HOURS(31), NULL },
	{ "what waits for the morning may have to wait for an hour, too", mixed, 2,
	  { HOURS(31), HOURS(31) + 1, HOURS(31) + 2, HOURS(32) - 5, HOURS(32) - 4, HOURS(32) - 3 },
	  6, HOURS(32) - 1, HOURS(33) - 5, NULL },
	{ "two at noon", noon, 1, { HOURS(12), HOURS(13) }, 2, HOURS(13) + 5, HOURS(14), NULL },
	{ "one at noon leaves one", noon, 1, { HOURS(11), HOURS(12) }, 2, HOURS(13), HOURS(13), NULL },
	{ "a night that loses an hour ends by the clock on the wall", quiet, 1, { HOURS(23) }, 1,
	  HOURS(24), HOURS(24 + 7), with_summer_time },
	{ "a night that has an hour twice is as long as its window", quiet, 1,
	  { HOURS(8 * 24 + 21) }, 1, HOURS(8 * 24 + 22), HOURS(9 * 24 + 7), with_summer_time },
};

static void
budgets_are_kept(void **state)
{
	for (size_t i = 0; i < COUNT(budgets); i++) {
		msec at = pace_budget_next_at(budgets[i].budgets, budgets[i].count,
					      budgets[i].offset, budgets[i].past,
					      budgets[i].past_count, budgets[i].now);

		holds(budgets[i].sentence, at == budgets[i].at, "at %lld", (long long)at);
	}
}

static void
the_last_is_left_to_others(void **state)
{
	static const msec past[] = { 0, MINUTES(2), MINUTES(4), MINUTES(6) };
	static const struct {
		const char *sentence;
		const struct pace_budget *budgets;
		size_t count, past;
		msec now, at;
		pace_offset_fn offset;
	} spares[] = {
		{ "one a minute is no last one", carrier, 3, 0, 5, 5, NULL },
		{ "the fourth of five leaves one", carrier, 3, 3, MINUTES(5), MINUTES(5), NULL },
		{ "the fifth waits for its hour", carrier, 3, 4, MINUTES(8), HOURS(1), NULL },
		{ "the only one of a period is never taken", night, 1, 0, 5, NEVER, NULL },
		{ "the only call of a night waits for the morning", quiet, 1, 0, HOURS(15), HOURS(24),
		  in_shanghai },
		{ "by day nothing is spared", quiet, 1, 0, HOURS(5), HOURS(5), in_shanghai },
	};

	for (size_t i = 0; i < COUNT(spares); i++) {
		msec at = pace_budget_spare_at(spares[i].budgets, spares[i].count, spares[i].offset,
					       past, spares[i].past, spares[i].now);

		holds(spares[i].sentence, at == spares[i].at, "at %lld", (long long)at);
	}
}

static const struct {
	const char *text;
	struct pace_budget budget;
} written[] = {
	{ "1/1m", EVERY(1, MINUTES(1)) },
	{ "20/1d", EVERY(20, HOURS(24)) },
	{ "3/0.5h", EVERY(3, MINUTES(30)) },
	{ "1/10h@22:00-08:00", { 1, HOURS(10), HOURS(22), HOURS(8) } },
	{ "2/30s@09:30-24:00", { 2, SECONDS(30), HOURS(9) + MINUTES(30), HOURS(24) } },
};

static const char *const garbage[] = {
	"0/1h", "1/0s", "-1/1h", "1/1w", "1/1", "1/h", "1/1hh", "1/1h ", "1/infh", "1/nanh", "",
	"1/1h@", "1/1h@22", "1/1h@22:00", "1/1h@22:00-25:00", "1/1h@22:60-23:00",
	"1/1h@22:00-08:00x", "1/1h@22:00-22:00", "1/1h@00:00-24:00", "1/1h@24:01-08:00",
};

static void
budgets_are_written_as_texts(void **state)
{
	struct pace_budget b;

	for (size_t i = 0; i < COUNT(written); i++) {
		const struct pace_budget *want = &written[i].budget;

		holds(written[i].text, pace_budget_parse(&b, written[i].text) == 0 &&
		      b.count == want->count && b.period_ms == want->period_ms &&
		      b.from_ms == want->from_ms && b.to_ms == want->to_ms, "%u in %lld", b.count,
		      (long long)b.period_ms);
	}
	for (size_t i = 0; i < COUNT(garbage); i++)
		holds(garbage[i], pace_budget_parse(&b, garbage[i]) < 0, "is taken");
}

static void
jitter_stays_within_a_fifth(void **state)
{
	msec low = NEVER, high = 0;

	for (uint64_t seed = 0; seed < 1000; seed++) {
		msec wait = pace_jitter_ms(SECONDS(60), seed);

		assert_in_range(wait, SECONDS(48), SECONDS(72));
		assert_true(wait == pace_jitter_ms(SECONDS(60), seed));
		low = msec_min(low, wait);
		high = wait > high ? wait : high;
	}
	assert_true(low < SECONDS(50));
	assert_true(high > SECONDS(70));
	assert_true(pace_jitter_ms(0, 7) == 0);
}

/* Going whenever allowed: never more than the budget in any window, never later than needed. */
static void
a_day_of_calls_stays_in_its_budget(void **state)
{
	static msec past[400];
	size_t count = 0;
	msec now = 0;

	while (count < 45) {
		now = pace_budget_next_at(carrier, COUNT(carrier), NULL, past, count, now);
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

/* -- meters -- */

static void
a_meter_lets_a_burst_through_and_then_one_each_gap(void **state)
{
	msec until = 0, now = HOURS(1000);

	for (unsigned i = 0; i < 3; i++)
		holds("three at once", pace_meter_take(&until, MINUTES(15), 3, now), "not number %u", i);
	holds("not a fourth", !pace_meter_take(&until, MINUTES(15), 3, now), "it was let through");
	holds("nor a little later", !pace_meter_take(&until, MINUTES(15), 3, now + MINUTES(14)), "it was");
	now += MINUTES(15);
	holds("one after the gap", pace_meter_take(&until, MINUTES(15), 3, now), "it was not");
	holds("but no second one", !pace_meter_take(&until, MINUTES(15), 3, now), "it was");
	now += HOURS(10);
	for (unsigned i = 0; i < 3; i++)
		holds("all of it after a long rest", pace_meter_take(&until, MINUTES(15), 3, now),
		      "not number %u", i);
}

static void
a_clock_that_went_back_fills_a_meter_and_no_more(void **state)
{
	msec until = HOURS(1000);

	holds("full", !pace_meter_take(&until, MINUTES(15), 3, HOURS(5)), "it was let through");
	holds("for one gap only", pace_meter_take(&until, MINUTES(15), 3, HOURS(5) + MINUTES(15)),
	      "it was not");
}

static void
what_happens_anyway_is_counted_up_to_a_bound(void **state)
{
	msec until = 0, now = HOURS(1000);

	for (unsigned i = 0; i < 6; i++)
		pace_meter_add(&until, MINUTES(10), 7, now);
	holds("six are not more than six", !pace_meter_is_over(until, MINUTES(10), 6, now), "they are");
	for (unsigned i = 0; i < 100; i++)
		pace_meter_add(&until, MINUTES(10), 7, now);
	holds("a hundred are", pace_meter_is_over(until, MINUTES(10), 6, now), "they are not");
	holds("and count as seven", !pace_meter_is_over(until, MINUTES(10), 6, now + MINUTES(10)),
	      "they count as more");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(budgets_are_kept), cmocka_unit_test(the_last_is_left_to_others),
		cmocka_unit_test(budgets_are_written_as_texts),
		cmocka_unit_test(jitter_stays_within_a_fifth),
		cmocka_unit_test(a_day_of_calls_stays_in_its_budget),
		cmocka_unit_test(a_bucket_lets_through_its_rate),
		cmocka_unit_test(a_bucket_says_when_to_come_back),
		cmocka_unit_test(no_rate_means_no_limit),
		cmocka_unit_test(a_clock_that_goes_back_gives_nothing_away),
		cmocka_unit_test(back_off_doubles),
		cmocka_unit_test(a_meter_lets_a_burst_through_and_then_one_each_gap),
		cmocka_unit_test(a_clock_that_went_back_fills_a_meter_and_no_more),
		cmocka_unit_test(what_happens_anyway_is_counted_up_to_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
