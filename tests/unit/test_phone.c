/* test_phone.c -- numbers as people write them. */
#include "tests/unit/unit.h"

#include "core/buf.h"
#include "core/phone.h"

static const struct phone_plan china = { "86", "" }, county = { "86", "771" }, fiji = { "679", "" };
static const struct phone_plan nowhere = { "999", "" }, italy = { "39", "" }, america = { "1", "" };

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

	{ "marks that nobody sees go away", "\u200e138\u200b1234\u202c1234\ufeff", &china, 8613812341234 },
	{ "so do blanks of any width", "138\u00a01234\u20031234\u202f", &china, 8613812341234 },
	{ "and dashes of any kind", "138‐1234—1234", &china, 8613812341234 },
	{ "a minus and a full-width hyphen too", "138−1234－1234", &china, 8613812341234 },
	{ "dots may group", "+86.138.1234.1234", &china, 8613812341234 },
	{ "an apostrophe is a spreadsheet's mark", "'13812341234", &china, 8613812341234 },
	{ "a curly one too", "’13812341234", &china, 8613812341234 },
	{ "tel: is a scheme", "tel:+86-138-1234-1234", &china, 8613812341234 },
	{ "in any case and width", "TEL：13812341234", &china, 8613812341234 },
	{ "other words are not", "手机13812341234", &china, 0 },
	{ "a separator at the end says nothing", "13812341234; ", &china, 8613812341234 },
	{ "a line break at the end neither", "13812341234\n", &china, 8613812341234 },
	{ "a mobile in two halves", "1381234-1234", &china, 8613812341234 },
	{ "also behind its country", "+86 1381234 1234", &china, 8613812341234 },

	{ "a program's .0 is none of it", "13812341234.0", &china, 8613812341234 },
	{ "of a landline neither", "5550123.0", &county, 867715550123 },
	{ "nor behind a plus", "+99912345678.0", &nowhere, 99912345678 },
	{ "nor two zeros", "13812341234.00", &china, 8613812341234 },
	{ "other decimals are no number", "5550123.5", &county, 0 },
	{ "nor are zeros behind grouping dots", "138.1234.123.0", &china, 0 },
	{ "a difference is no number", "-5549352", &county, 0 },
	{ "nor with a minus of its own kind", "−5549352", &county, 0 },
	{ "a day is none", "8881-12-17", &county, 0 },
	{ "with its hour neither", "2026-12-01 08:00", &county, 0 },
	{ "but a month has no 34 days", "5550-12-34", &county, 8677155501234 },
	{ "lost digits are gone", "1.39E+10", &china, 0 },
	{ "in full width too", "１．３９Ｅ＋１０", &china, 0 },
	{ "and without sign or dot", "139e8", &china, 0 },

	{ "the (0) is dialled at home", "+86 (0)771 5550123", &china, 867715550123 },
	{ "with blanks and full-width brackets", "+86（ 0 ）771 5550123", &china, 867715550123 },
	{ "also behind 00", "0086(0)771-5550123", &china, 867715550123 },
	{ "so is a 0 behind the country", "+86-0771-5550123", &china, 867715550123 },
	{ "in a country without rules too", "+999 (0)12345678", &nowhere, 99912345678 },
	{ "a (0) abroad may be dialled or not", "+49 (0)30 1234567", &china, 0 },
	{ "a 0 abroad neither", "+49 030 1234567", &china, 0 },
	{ "in Italy the 0 belongs to the number", "+39 06 12345678", &china, 390612345678 },
	{ "at home there, too", "06 12345678", &italy, 390612345678 },
	{ "a (0) elsewhere is a riddle", "+86 771 (0)5550123", &china, 0 },
	{ "without a country too", "771 (0)5550123", &china, 0 },
	{ "two zeros behind the country", "+86 00771 5550123", &china, 0 },
	{ "no American number begins with 0", "011 44 20 71234567", &america, 0 },

	{ "an extension behind a dash", "0771-5550123-801", &county, 0 },
	{ "of one digit", "6234567-8", &county, 0 },
	{ "behind a whole number", "+999 12345678-801", &nowhere, 0 },
	{ "behind a dash, where blanks group", "+999 1234 5678-801", &nowhere, 0 },
	{ "of four digits, where that makes too many", "+999 1234 5678-8801", &nowhere, 0 },
	{ "but not the second half of a number", "0771 6234-5678", &china, 8677162345678 },
	{ "nor that of an American one", "+1 (650) 253-0000", &china, 16502530000 },
	{ "called ext", "0771-5550123 ext. 801", &county, 0 },
	{ "called x", "0771-5550123x801", &county, 0 },
	{ "called 转", "0771-5550123转801", &county, 0 },
	{ "called 分机", "5550123 分机 801", &county, 0 },
	{ "as RFC 3966 writes it", "tel:+86-771-5550123;ext=801", &county, 0 },
	{ "two numbers with a slash", "13812341234/13812341235", &china, 0 },
	{ "with a semicolon", "13812341234；13812341235", &china, 0 },
	{ "with an enumeration comma", "13812341234、13812341235", &china, 0 },
	{ "with a comma", "13812341234, 5550123", &county, 0 },
	{ "with a line break", "13812341234\n13812341235", &china, 0 },
	{ "with a blank", "13812341234 13812341235", &china, 0 },
	{ "with a word", "13812341234或13812341235", &china, 0 },
	{ "the second one short", "5550123/4", &county, 0 },
	{ "landlines with a blank", "0771 5550123 5550124", &county, 0 },

	{ "with its country or without?", "99912345678", &nowhere, 0 },
	{ "with nine digits it is without", "999123456", &nowhere, 999999123456 },
	{ "a Chinese mobile has 11 digits", "+86 1381234123", &china, 0 },
	{ "a landline has its area", "+86 5550123", &china, 0 },
	{ "and no more than 8 digits behind it", "0771 555012345", &china, 0 },
	{ "Beijing has 10 and 8", "010-62345678", &china, 861062345678 },
	{ "and no fewer", "010-6234567", &china, 0 },
	{ "no subscriber begins with 1", "1234567", &county, 0 },
	{ "a scheme alone is no number", "tel:", &china, 0 },
	{ "nor is an apostrophe", "'", &china, 0 },
	{ "nor brackets", "(0)", &china, 0 },
	{ "a note behind it is none of it", "13812341234(办公室)", &china, 0 },
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

static unsigned
chance(unsigned below)
{
	static uint64_t state = 20261201;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % below;
}

#define ANY(list) ((list)[chance(COUNT(list))])

static const char *const blanks[] = { " ", "\u00a0", "\u2009", "\u3000", "\u202f", "\t" };
static const char *const dashes[] = { "-", "‐", "–", "—", "−", "－", "﹣" };
static const char *const unseen[] = { "\u200e", "\u200f", "\u200b", "\u202a", "\u202c", "\u2066", "\u2069", "\ufeff",
				      "\u00ad" };

static void
put_digit(struct buf *out, char digit, bool wide)
{
	char text[4] = { (char)0xef, (char)0xbc, (char)(0x90 + digit - '0'), '\0' };
	char plain[2] = { digit, '\0' };

	buf_puts(out, wide ? text : plain);
}

/* The number as somebody may write it: its country, groups, signs of all kinds.  `odd`: what a careless
 * hand or a program adds beside it, which may be refused, but never be dialled. */
static void
decorate(struct buf *out, const char *country, const char *rest, unsigned odd)
{
	static const char *const begins[] = { "", "", "'", "tel:", " ", "\u202a", "’ " };
	static const char *const more[] = { "-801", "-12345", "转801", " ext 8", "x12", "/13900001111", ";5550123", "、1", "\n5550199",
					    " 13900001111", ".0", ".00", ".5", "E+10", ",", " (h)" };
	bool wide = chance(5) == 0;

	buf_puts(out, ANY(begins));
	buf_puts(out, chance(3) ? wide ? "＋" : "+" : "00");
	for (const char *p = country; *p; p++)
		put_digit(out, *p, wide);
	if (odd == 1)
		buf_puts(out, chance(2) ? "(0)" : chance(2) ? "-0" : " （0） ");
	else if (chance(2))
		buf_puts(out, chance(2) ? ANY(blanks) : ANY(dashes));
	for (size_t i = 0; rest[i]; i++) {
		put_digit(out, rest[i], wide);
		if (chance(8) == 0)
			buf_puts(out, ANY(unseen));
		if (rest[i + 1] && chance(odd == 2 ? 3 : 6) == 0)
			buf_puts(out, odd == 2 && chance(2) ? ANY(dashes) : ANY(blanks));
	}
	if (odd == 3)
		buf_puts(out, ANY(more));
	if (chance(4) == 0)
		buf_puts(out, ANY(blanks));
}

/* Whatever stands around the digits of a number: it is read as that number, or refused with a reason. */
static void
decorations_never_make_another_number(void **state)
{
	static const struct { const char *country, *rest; const struct phone_plan *plan; } numbers[] = {
		{ "86", "13900001111", &china }, { "86", "7715550123", &county }, { "86", "1062345678", &county },
		{ "86", "13900001111", &fiji },	 { "999", "12345678", &nowhere }, { "999", "1000000021", &nowhere },
		{ "49", "301234567", &china },	 { "1", "6502530000", &america },
	};
	unsigned read = 0, refused[4] = { 0 };

	for (unsigned i = 0; i < 200000; i++) {
		size_t n = i % COUNT(numbers);
		unsigned odd = chance(4);
		struct err err = { .text = "" };
		struct buf text = { 0 };
		char digits[32];
		uint64_t number;

		decorate(&text, numbers[n].country, numbers[n].rest, odd);
		snprintf(digits, sizeof(digits), "%s%s", numbers[n].country, numbers[n].rest);
		if (phone_parse(&number, text.data, numbers[n].plan, &err) == 0) {
			read++;
			holds("it is that number", number == strtoull(digits, NULL, 10), "\"%s\" gave %llu",
			      text.data, (unsigned long long)number);
		} else {
			refused[odd]++;
			holds("a refusal has a reason", err.text[0], "\"%s\"", text.data);
		}
		buf_fini(&text);
	}
	/* Neither is everything refused, nor what people write every day. */
	assert_true(read > 100000);
	assert_true(refused[0] < 20000);
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
		cmocka_unit_test(decorations_never_make_another_number),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(masks_hide_the_middle),
		cmocka_unit_test(networks_write_numbers_without_their_country),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
