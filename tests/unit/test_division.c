/* test_division.c -- codes as ranges. */
#include "tests/unit/unit.h"

#include "core/division.h"

static const struct {
	const char *sentence, *text;
	division_code code;		/* 0 = refused */
	enum tier tier;
	const char *shortest;
	division_code last;		/* of its range */
} cases[] = {
	{ "6 digits are a county", "990121", 990121000000, TIER_COUNTY, "990121", 990121999999 },
	{ "9 a township", "990121103", 990121103000, TIER_TOWNSHIP, "990121103", 990121103999 },
	{ "12 a village", "990121103001", 990121103001, TIER_VILLAGE, "990121103001", 990121103001 },
	{ "a township padded with zeros is one", "990121103000", 990121103000, TIER_TOWNSHIP, "990121103", 990121103999 },
	{ "so is a county", "990121000000", 990121000000, TIER_COUNTY, "990121", 990121999999 },
	{ "and one padded to 9", "990121000", 990121000000, TIER_COUNTY, "990121", 990121999999 },
	{ "a village right below the county stays one", "990121000007", 990121000007, TIER_VILLAGE, "990121000007", 990121000007 },
	{ "full-width digits are digits", "９９０１２１", 990121000000, TIER_COUNTY, "990121", 990121999999 },
	{ "7 digits are no code", "9901211", 0, 0, NULL, 0 },
	{ "13 neither", "9901211030011", 0, 0, NULL, 0 },
	{ "nothing neither", "", 0, 0, NULL, 0 },
	{ "letters neither", "99012a", 0, 0, NULL, 0 },
	{ "spaces neither", "990121 ", 0, 0, NULL, 0 },
	{ "a code does not begin with 0", "012345", 0, 0, NULL, 0 },
	{ "nor is it all zeros", "000000", 0, 0, NULL, 0 },
	{ "a cut full-width digit is none", "99012\xef\xbc", 0, 0, NULL, 0 },
};

static void
codes_are_read(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = { .text = "" };
		division_code code = 0;
		char text[DIVISION_TEXT];
		int rc = division_parse(&code, cases[i].text, &err);

		holds(cases[i].sentence, (rc == 0) == (cases[i].code != 0), "rc %d %s", rc, err.text);
		holds(cases[i].sentence, rc == 0 || err.text[0], "refused without a reason");
		if (rc < 0)
			continue;
		holds(cases[i].sentence, code == cases[i].code, "%lld", (long long)code);
		holds(cases[i].sentence, division_tier(code) == cases[i].tier, "tier %d",
		      (int)division_tier(code));
		division_format(text, code);
		holds(cases[i].sentence, strcmp(text, cases[i].shortest) == 0, "%s", text);
		holds(cases[i].sentence, division_range(code).first == code &&
		      division_range(code).last == cases[i].last, "range to %lld",
		      (long long)division_range(code).last);
	}
}

static const struct { const char *sentence; division_code of; enum tier at; division_code is; } up[] = {
	{ "a village's township", 990121103001, TIER_TOWNSHIP, 990121103000 },
	{ "a village's county", 990121103001, TIER_COUNTY, 990121000000 },
	{ "a village is its own village", 990121103001, TIER_VILLAGE, 990121103001 },
	{ "a township's county", 990121103000, TIER_COUNTY, 990121000000 },
	{ "a township has no village: itself", 990121103000, TIER_VILLAGE, 990121103000 },
	{ "a county is above townships: itself", 990121000000, TIER_TOWNSHIP, 990121000000 },
};

static void
ancestors_are_found(void **state)
{
	for (size_t i = 0; i < COUNT(up); i++)
		holds(up[i].sentence, division_ancestor(up[i].of, up[i].at) == up[i].is, "%lld",
		      (long long)division_ancestor(up[i].of, up[i].at));
}

static void
prefix_match_is_area_match(void **state)
{
	assert_true(division_contains(990121000000, 990121103001));
	assert_true(division_contains(990121103000, 990121103000));
	assert_false(division_contains(990121103000, 990121104001));
	assert_false(division_contains(990121103000, 990121000000));
	assert_false(division_contains(990121103001, 990121103002));
	assert_false(division_contains(990121000000, 990122000000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_are_read),
		cmocka_unit_test(ancestors_are_found),
		cmocka_unit_test(prefix_match_is_area_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
