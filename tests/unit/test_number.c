/* test_number.c -- what is a number, a duration, and what is refused; nothing overflows. */
#include "tests/unit/unit.h"

#include "core/number.h"
#include "core/pace.h"

#define DAYS(n) HOURS(24 * (n))

static const struct {
	const char *text;
	int64_t least, most, value;
} wholes[] = {
	{ "0", 0, 9, 0 }, { "9", 0, 9, 9 }, { "007", 0, 9, 7 }, { "-3", -3, 3, -3 },
	{ "9223372036854775807", 0, INT64_MAX, INT64_MAX }, { "-0", -1, 1, 0 },
};

/* Each is outside of 0…9223372036854775807, or no number at all. */
static const char *const no_wholes[] = {
	"", " ", " 1", "1 ", "+1", "-1", "-", "0x10", "0x", "1e3", "1.0", "1.", ".5", "inf", "nan",
	"infinity", "9223372036854775808", "18446744073709551617", "99999999999999999999999999999",
	"1_000", "1,000", "1m", "\xd9\xa3", "\xef\xbc\x91",	/* digits of other scripts */
};

static void
whole_numbers_are_decimal_digits(void **state)
{
	int64_t n;

	for (size_t i = 0; i < COUNT(wholes); i++)
		holds(wholes[i].text, whole_parse(&n, wholes[i].text, wholes[i].least,
						  wholes[i].most) == 0 && n == wholes[i].value, "%lld",
		      (long long)n);
	for (size_t i = 0; i < COUNT(no_wholes); i++) {
		n = 77;
		holds(no_wholes[i], whole_parse(&n, no_wholes[i], 0, INT64_MAX) < 0, "is taken");
		holds(no_wholes[i], n == 77, "was written");
	}
	holds("below the least", whole_parse(&n, "4", 5, 9) < 0, "is taken");
	holds("above the most", whole_parse(&n, "10", 5, 9) < 0, "is taken");
	holds("a minus where none is allowed", whole_parse(&n, "-0", 0, 9) < 0, "is taken");
}

static void
decimals_have_no_exponent(void **state)
{
	static const struct { const char *text; double value; } good[] = {
		{ "0", 0 }, { "1", 1 }, { "0.25", 0.25 }, { "-3.5", -3.5 }, { "12.340", 12.34 },
		{ "0.05000000000000000277", 0.05 },
	};
	static const char *const bad[] = {
		"", ".5", "5.", "1e3", "1E3", "0x1p3", "inf", "-inf", "nan", "NAN", "INFINITY", "1e300",
		"1e-300", "+1", " 1", "1 ", "1.2.3", "1000001", "-1000001",
		"99999999999999999999999999999999999999999999999", "--1",
	};
	double n;

	for (size_t i = 0; i < COUNT(good); i++)
		holds(good[i].text, decimal_parse(&n, good[i].text, -1e6, 1e6) == 0 &&
		      n == good[i].value, "%g", n);
	for (size_t i = 0; i < COUNT(bad); i++)
		holds(bad[i], decimal_parse(&n, bad[i], -1e6, 1e6) < 0, "is taken as %g", n);
}

static void
durations_have_a_unit_and_a_range(void **state)
{
	static const struct { const char *text; msec value; } good[] = {
		{ "0s", 0 }, { "250ms", 250 }, { "90s", SECONDS(90) }, { "5m", MINUTES(5) },
		{ "5min", MINUTES(5) }, { "1.5h", MINUTES(90) }, { "0.001s", 1 }, { "366d", DAYS(366) },
		{ "0.0005s", 0 }, { "31622400s", DAYS(366) },
	};
	static const char *const bad[] = {
		"", "s", "5", "5 m", "5x", "5mm", "-5m", "-0s", "+5m", "infs", "inf d", "nanh", "0x10h",
		"1e300d", "1e3s", "99999999999999d", "9223372036854775807ms", "9223372036854775807d",
		"106751991168d", "9223372036854775808ms", "367d", "366.1d", ".5h", "5.h", "5M", "5min ",
	};
	char text[DURATION_TEXT];
	msec ms;

	for (size_t i = 0; i < COUNT(good); i++)
		holds(good[i].text, duration_parse(&ms, good[i].text, 0, DAYS(366)) == 0 &&
		      ms == good[i].value, "%lld", (long long)ms);
	for (size_t i = 0; i < COUNT(bad); i++)
		holds(bad[i], duration_parse(&ms, bad[i], 0, DAYS(366)) < 0, "is taken as %lld",
		      (long long)ms);
	holds("as long as 64 bit allow", duration_parse(&ms, "9223372036854775807ms", 0, NEVER) == 0 &&
	      ms == NEVER, "%lld", (long long)ms);
	holds("a day more", duration_parse(&ms, "106751991168d", 0, NEVER) < 0, "%lld", (long long)ms);
	for (size_t i = 0; i < COUNT(good); i++)
		holds(good[i].text, duration_parse(&ms, duration_format(text, good[i].value), 0,
						   DAYS(366)) == 0 && ms == good[i].value,
		      "written as %s", text);
	assert_string_equal(duration_format(text, MINUTES(90)), "90m");
	assert_string_equal(duration_format(text, DAYS(2)), "2d");
	assert_string_equal(duration_format(text, 0), "0s");
}

static void
times_are_divided_without_overflow(void **state)
{
	assert_true(msec_divide(MINUTES(5), 60) == SECONDS(5));
	assert_true(msec_divide(NEVER, 2) == NEVER - NEVER / 2);
	assert_true(msec_divide(NEVER, 1) == NEVER);
	assert_true(msec_divide(NEVER - 1, 1) == NEVER);
	assert_true(whole_clamp(-5, 0, 9) == 0 && whole_clamp(50, 0, 9) == 9 && whole_clamp(5, 0, 9) == 5);
}

/* The slowest rate there may be, and any below it: the next instant is one, not an overflow. */
static void
a_rate_of_nearly_nothing_waits_but_does_not_overflow(void **state)
{
	static const double rates[] = { 0.001, 1e-9, 1e-300, 5e-324 };

	for (size_t i = 0; i < COUNT(rates); i++) {
		struct pace_bucket b = { .per_second = rates[i], .burst = 1, .filled_at = SECONDS(1) };
		msec at = pace_bucket_next_at(&b, SECONDS(1));

		assert_true(at > SECONDS(1) && at <= SECONDS(2) + PACE_PERIOD_MAX);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_are_decimal_digits),
		cmocka_unit_test(decimals_have_no_exponent),
		cmocka_unit_test(durations_have_a_unit_and_a_range),
		cmocka_unit_test(times_are_divided_without_overflow),
		cmocka_unit_test(a_rate_of_nearly_nothing_waits_but_does_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
