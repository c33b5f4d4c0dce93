/* test_phone.c -- numbers as people write them. */
#include "tests/unit/unit.h"

#include "core/phone.h"

static const struct phone_plan china = { "86", "" }, county = { "86", "771" }, fiji = { "679", "" };

static const struct {
	const char *sentence, *text;
	const struct phone_plan *plan;
	uint64_t number;		/* 0 = refused */
} cases[] = {
	{ "a mobile of 11 digits gets the country", "13812341234", &china, 8613812341234 },
	{ "spaces and hyphens do not count", "138-1234 1234", &china, 8613812341234 },
	{ "full-width digits are digits", "１３８１２３４１２３４", &china, 8613812341234 },
	{ "a full-width plus and the wide space too", "＋８６　１３８１２３４１２３４", &china, 8613812341234 },
	{ "an IoT number has 13 digits", "1440123456789", &china, 861440123456789 },
	{ "the country may be there without a plus", "8613812341234", &china, 8613812341234 },
	{ "an IoT number with its country has 15", "861440123456789", &china, 861440123456789 },
	{ "00 means plus", "008613812341234", &china, 8613812341234 },
	{ "a foreign number keeps its country", "+99912340001", &china, 99912340001 },
	{ "a landline loses its trunk 0", "0771-5551234", &china, 867715551234 },
	{ "an area code may stand in brackets", "(010) 62345678", &china, 861062345678 },
	{ "a local landline takes the site's area", "5551234", &county, 867715551234 },
	{ "so does one of 8 digits", "25551234", &county, 8677125551234 },
	{ "another country has other lengths", "7771234", &fiji, 0 },
	{ "its numbers with trunk 0 are long enough", "03331234", &fiji, 6793331234 },
	{ "a local landline needs an area", "5551234", &china, 0 },
	{ "emergency numbers are never called", "110", &china, 0 },
	{ "nor are services", "12379", &county, 0 },
	{ "not even behind a country code", "+8612379", &china, 0 },
	{ "nothing is no number", "", &china, 0 },
	{ "a plus alone is no number", "+", &china, 0 },
	{ "letters are no number", "138abc41234", &china, 0 },
	{ "two plus signs are no number", "++8613812341234", &china, 0 },
	{ "a plus inside is no number", "86+13812341234", &china, 0 },
	{ "12 digits are no Chinese mobile", "138123412345", &china, 0 },
	{ "10 digits neither", "1381234123", &china, 0 },
	{ "16 digits are too many for E.164", "+1234567890123456", &china, 0 },
	{ "15 are not", "+123456789012345", &china, 123456789012345 },
	{ "no country begins with 0", "+0123456789", &china, 0 },
	{ "a run of digits does not overflow", "999999999999999999999999999999", &china, 0 },
	{ "a cut UTF-8 sequence is no number", "138\xef\xbc", &china, 0 },
	{ "Chinese digits are no number", "一三八", &china, 0 },
};

static void
numbers_are_read(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = { .text = "" };
		uint64_t number = 0;
		int rc = phone_parse(&number, cases[i].text, cases[i].plan, &err);

		if (rc < 0)
			number = 0;
		holds(cases[i].sentence, number == cases[i].number, "\"%s\" gave %llu (%s)",
		      cases[i].text, (unsigned long long)number, err.text);
		holds(cases[i].sentence, rc == 0 || err.text[0], "refused without a reason");
	}
}

static void
what_is_written_is_read_again(void **state)
{
	static const uint64_t numbers[] = { 8613812341234, 99912340001, 123456789012345, 6793331234 };

	for (size_t i = 0; i < COUNT(numbers); i++) {
		char text[PHONE_TEXT];
		uint64_t again;

		phone_format(text, numbers[i]);
		assert_int_equal(phone_parse(&again, text, &china, NULL), 0);
		assert_true(again == numbers[i]);
	}
}

static void
masks_hide_the_middle(void **state)
{
	char text[PHONE_TEXT];

	phone_mask(text, 8613812341234);
	assert_string_equal(text, "+86138****1234");
	phone_mask(text, 99912340001);
	assert_string_equal(text, "+999****0001");
	phone_mask(text, 12345678);
	assert_string_equal(text, "+12**5678");
}

static void
networks_write_numbers_without_their_country(void **state)
{
	assert_true(phone_is_same(8613800138000, 8613800138000));
	assert_true(phone_is_same(13800138000, 8613800138000));
	assert_false(phone_is_same(13800138001, 8613800138000));
	assert_false(phone_is_same(8613800138000, 13800138000));
	assert_false(phone_is_same(38000, 8613800138000));	/* too short to be sure of */
	assert_false(phone_is_same(0, 8613800138000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(masks_hide_the_middle),
		cmocka_unit_test(networks_write_numbers_without_their_country),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
