/* test_modem_blame.c -- what a refusal speaks of, and when it is the route's; and that the counts
 * outlive the driver.  Compiled in here, because the unit tests link no driver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "drivers/modem/codes.c"
#include "drivers/modem/blame.c"
#include "drivers/modem/keep.c"

#define CME true
#define CMS false
#define START 1795500000000

static const struct {
	int code;
	bool is_cme;
	enum speaks_of of;
} rows[] = {
	{ 1, CMS, OF_NUMBER }, { 27, CMS, OF_NUMBER }, { 29, CMS, OF_NUMBER }, { 195, CMS, OF_NUMBER },
	{ 8, CMS, OF_SENDER }, { 10, CMS, OF_SENDER }, { 28, CMS, OF_SENDER }, { 50, CMS, OF_SENDER },
	{ 69, CMS, OF_SENDER }, { 310, CMS, OF_SENDER }, { 316, CMS, OF_SENDER }, { 330, CMS, OF_SENDER },
	{ 331, CMS, OF_NETWORK }, { 30, CME, OF_NETWORK }, { 13, CME, OF_SENDER },
	{ 38, CMS, OF_MOMENT }, { 41, CMS, OF_MOMENT }, { 42, CMS, OF_MOMENT }, { 47, CMS, OF_MOMENT },
	{ 302, CMS, OF_MOMENT }, { 314, CMS, OF_MOMENT }, { 350, CMS, OF_MOMENT },
	{ 512, CMS, OF_MOMENT }, { 513, CMS, OF_MOMENT }, { 14, CME, OF_MOMENT },
	{ 305, CMS, OF_MODE }, { 332, CMS, OF_DOUBT }, { 500, CMS, OF_DOUBT }, { 197, CMS, OF_DOUBT }, { 31, CME, OF_DOUBT },
	{ 21, CMS, OF_NOBODY }, { 30, CMS, OF_NOBODY }, { 111, CMS, OF_NOBODY }, { 304, CMS, OF_NOBODY },
	{ 999, CMS, OF_NOBODY }, { 0, CMS, OF_NOBODY }, { 8, CME, OF_NOBODY }, { -1, CMS, OF_NOBODY },
};

static void
each_code_speaks_of_what_the_standards_say(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct refusal r = refusal_of(rows[i].code, rows[i].is_cme);

		if (r.of != rows[i].of || !r.reason[0])
			fail_msg("%s %d: %d \"%s\"", rows[i].is_cme ? "CME" : "CMS", rows[i].code, r.of,
				 r.reason);
	}
}

/* Rows that overlap would make the order of the table a rule. */
static void
no_code_stands_twice(void **state)
{
	for (size_t i = 1; i < sizeof(cms) / sizeof(cms[0]); i++)
		assert_true(cms[i].first > cms[i - 1].last && cms[i].last >= cms[i].first);
	for (size_t i = 1; i < sizeof(cme) / sizeof(cme[0]); i++)
		assert_true(cme[i].first > cme[i - 1].last && cme[i].last >= cme[i].first);
}

static enum verdict
refused(struct blames *b, int code, const char *number, msec now)
{
	struct refusal r = refusal_of(code, CMS);

	return blame_refused(b, &r, number, now);
}

static void
one_number_is_never_the_routes_fault(void **state)
{
	static const int codes[] = { 8, 330, 331, 111, 304 };

	for (size_t k = 0; k < sizeof(codes) / sizeof(codes[0]); k++) {
		struct blames b = { 0 };

		for (int i = 0; i < 50; i++)
			assert_int_equal(refused(&b, codes[k], "+1", START + i * SECONDS(20)),
					 VERDICT_ELSEWHERE);
		assert_int_equal(b.count, 1);
		assert_int_equal(refused(&b, codes[k], "+2", START + MINUTES(20)), VERDICT_ROUTE);
	}
}

static void
two_numbers_need_the_same_code_in_time_and_no_acceptance_between(void **state)
{
	struct blames b = { 0 };

	refused(&b, 8, "+1", START);
	assert_int_equal(refused(&b, 10, "+2", START + 1), VERDICT_ELSEWHERE);
	assert_int_equal(refused(&b, 8, "+3", START + 2), VERDICT_ROUTE);
	assert_true(blame_accepted(&b));
	assert_false(blame_accepted(&b));
	assert_int_equal(refused(&b, 8, "+2", START + 3), VERDICT_ELSEWHERE);
	assert_int_equal(refused(&b, 8, "+1", START + 3 + BLAME_COUNTS_MS + 1), VERDICT_ELSEWHERE);
	assert_int_equal(refused(&b, 8, "+1", START), VERDICT_ELSEWHERE);	/* a clock set back */
	assert_int_equal(refused(&b, 8, "+2", START + 1), VERDICT_ROUTE);
}

static void
the_numbers_own_and_passing_codes_count_against_nobody(void **state)
{
	struct blames b = { 0 };
	char number[16];

	for (int i = 0; i < 20; i++) {
		snprintf(number, sizeof(number), "+%d", i);
		assert_int_equal(refused(&b, 1, number, START), VERDICT_NUMBER);
		assert_int_equal(refused(&b, 42, number, START), VERDICT_LATER);
	}
	assert_int_equal(b.count, 0);
}

static void
what_may_have_left_is_unknown_and_twice_the_modem_is_sick(void **state)
{
	struct blames b = { 0 };

	assert_int_equal(refused(&b, 500, "+1", START), VERDICT_UNKNOWN);
	assert_int_equal(refused(&b, 500, "+1", START), VERDICT_UNKNOWN);
	assert_int_equal(refused(&b, 500, "+2", START), VERDICT_SICK);
	assert_false(b.is_routes);
}

static void
who_was_refused_for_the_senders_sake_waits_a_minute_or_for_an_acceptance(void **state)
{
	struct blames b = { 0 };

	assert_false(blame_holds(&b, "+1", START));
	refused(&b, 8, "+1", START);
	refused(&b, 111, "+2", START);
	assert_true(blame_holds(&b, "+1", START));
	assert_true(blame_holds(&b, "+1", START + BLAME_REST_MS - 1));
	assert_false(blame_holds(&b, "+1", START + BLAME_REST_MS));
	assert_false(blame_holds(&b, "+2", START));		/* it speaks of nobody */
	assert_false(blame_holds(&b, "+3", START));
	blame_accepted(&b);
	assert_false(blame_holds(&b, "+1", START));
}

static void
the_probe_of_a_blamed_route_is_another_number_if_there_is_one(void **state)
{
	struct blames b = { 0 };
	msec probe = START + MINUTES(1);

	refused(&b, 111, "+1", START);
	refused(&b, 111, "+2", START);
	assert_true(b.is_routes);
	assert_true(blame_holds(&b, "+1", probe));
	assert_true(blame_holds(&b, "+2", probe + 1));
	assert_false(blame_holds(&b, "+3", probe + 2));
	assert_true(blame_holds(&b, "+1", probe + BLAME_OTHERS_MS - 1));
	assert_false(blame_holds(&b, "+1", probe + BLAME_OTHERS_MS));	/* nobody came forward */
	assert_int_equal(refused(&b, 111, "+1", probe + BLAME_OTHERS_MS), VERDICT_ROUTE);
	assert_true(blame_holds(&b, "+1", probe + MINUTES(2)));		/* the same again */
}

static void
a_lost_network_explains_those_who_met_none(void **state)
{
	struct blames b = { 0 };

	refused(&b, 331, "+1", START);
	refused(&b, 8, "+2", START);
	assert_false(blame_holds(&b, "+1", START));
	blame_excuse(&b);
	assert_int_equal(refused(&b, 331, "+3", START), VERDICT_ELSEWHERE);
	assert_int_equal(refused(&b, 8, "+4", START), VERDICT_ROUTE);
}

static void
the_counts_outlive_the_driver(void **state)
{
	struct kept one = { .port = "/dev/x" }, two;
	char *text, number[16];

	refused(&one.blames, 8, "+1", START);
	text = keep_format(&one);
	keep_parse(&two, text);
	free(text);
	assert_int_equal(refused(&two.blames, 8, "+2", START + 1), VERDICT_ROUTE);
	for (int i = 0; i < 3 * BLAMES; i++) {
		snprintf(number, sizeof(number), "+%d", i);
		refused(&two.blames, 8, number, START + i);
	}
	text = keep_format(&two);
	assert_true(strlen(text) < 1500);		/* gongd keeps 4,096 octets */
	keep_parse(&one, text);
	free(text);
	assert_true(one.blames.is_routes);
	assert_int_equal(one.blames.count, BLAMES);
	assert_true(blame_holds(&one.blames, number, START + MINUTES(5)));
	keep_parse(&one, "{\"blames\":[[8],\"x\",[8,99,\"1\",1],[8,0,7,1]]}");
	assert_int_equal(one.blames.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_code_speaks_of_what_the_standards_say),
		cmocka_unit_test(no_code_stands_twice),
		cmocka_unit_test(one_number_is_never_the_routes_fault),
		cmocka_unit_test(two_numbers_need_the_same_code_in_time_and_no_acceptance_between),
		cmocka_unit_test(the_numbers_own_and_passing_codes_count_against_nobody),
		cmocka_unit_test(what_may_have_left_is_unknown_and_twice_the_modem_is_sick),
		cmocka_unit_test(who_was_refused_for_the_senders_sake_waits_a_minute_or_for_an_acceptance),
		cmocka_unit_test(the_probe_of_a_blamed_route_is_another_number_if_there_is_one),
		cmocka_unit_test(a_lost_network_explains_those_who_met_none),
		cmocka_unit_test(the_counts_outlive_the_driver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
