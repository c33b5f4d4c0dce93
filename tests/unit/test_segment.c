/* test_segment.c -- alphabet and parts, against the vectors of tests/data/gsm0338.json. */
#include "tests/unit/unit.h"

#include <jansson.h>

#include "core/buf.h"
#include "core/segment.h"

static json_t *facts;

static int
read_facts(void **state)
{
	facts = json_load_file("tests/data/gsm0338.json", 0, NULL);
	return facts ? 0 : -1;
}

static int
drop_facts(void **state)
{
	json_decref(facts);
	return 0;
}

static unsigned
member(json_t *v, const char *name)
{
	return (unsigned)json_integer_value(json_object_get(v, name));
}

static void
every_vector_holds(void **state)
{
	json_t *vectors = json_object_get(facts, "vectors"), *v;
	size_t i;

	assert_true(json_array_size(vectors) >= 31);
	json_array_foreach(vectors, i, v) {
		const char *text = json_string_value(json_object_get(v, "text"));
		const char *alphabet = json_string_value(json_object_get(v, "encoding"));
		struct segment_plan plan;

		assert_int_equal(segment_plan(&plan, text, NULL), 0);
		holds(text, (plan.alphabet == SEGMENT_GSM7) == (strcmp(alphabet, "gsm7") == 0),
		      "vector %zu is %s", i, alphabet);
		holds(text, plan.units == member(v, "units"), "vector %zu: %u units", i, plan.units);
		holds(text, plan.parts == member(v, "parts"), "vector %zu: %u parts", i, plan.parts);
	}
}

static void
check_table(const char *name, unsigned septets)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(facts, name), i, row) {
		const char *text = json_string_value(json_object_get(row, "char"));
		struct segment_plan plan;

		if (!text)
			continue;	/* the escape */
		assert_int_equal(segment_plan(&plan, text, NULL), 0);
		holds(text, plan.alphabet == SEGMENT_GSM7 && plan.units == septets,
		      "%s %zu takes %u units", name, i, plan.units);
	}
}

static void
every_character_of_the_tables_has_its_septets(void **state)
{
	check_table("basic", 1);
	check_table("extension", 2);
}

/* {n times a}{tail}: cut where? */
static const struct {
	const char *sentence, *fill;
	unsigned times;
	const char *tail;
	unsigned parts;
	size_t first_end;		/* bytes of the first part */
} cuts[] = {
	{ "a short text is one part", "a", 5, "", 1, 5 },
	{ "160 septets are one part", "a", 160, "", 1, 160 },
	{ "161 are cut at 153", "a", 161, "", 2, 153 },
	{ "an escape pair is not cut: the part stays at 152", "a", 152, "€aaaaaaaaa", 2, 152 },
	{ "an escape pair may end a part", "a", 151, "€aaaaaaaaa", 2, 154 },
	{ "Chinese is cut at 67", "汉", 71, "", 2, 201 },
	{ "a surrogate pair is not cut", "汉", 66, "🌊汉汉汉汉", 2, 198 },
	{ "a surrogate pair may end a part", "汉", 65, "🌊汉汉汉汉", 2, 199 },
	{ "a combining mark stays with its letter", "汉", 66, "e\u0301汉汉汉汉", 2, 198 },
	{ "a variation selector stays with its character", "汉", 66, "☎\ufe0f汉汉汉汉", 2, 198 },
	{ "a skin tone stays with its hand", "汉", 65, "👋🏽汉汉汉", 2, 195 },
	{ "joined people stay together", "汉", 63, "👨\u200d👩汉汉汉", 2, 189 },
};

static void
parts_never_cut_what_belongs_together(void **state)
{
	for (size_t i = 0; i < COUNT(cuts); i++) {
		struct buf text = { 0 };
		struct segment_plan plan;
		size_t end;

		for (unsigned n = 0; n < cuts[i].times; n++)
			buf_puts(&text, cuts[i].fill);
		buf_puts(&text, cuts[i].tail);
		assert_int_equal(segment_plan(&plan, text.data, NULL), 0);
		holds(cuts[i].sentence, plan.parts == cuts[i].parts, "%u parts", plan.parts);
		end = segment_end(&plan, text.data, 0);
		holds(cuts[i].sentence, end == cuts[i].first_end, "the first part ends at %zu", end);
		assert_int_equal(segment_end(&plan, text.data, plan.parts - 1), text.len);
		buf_fini(&text);
	}
}

static const struct { const char *sentence, *bytes; } malformed[] = {
	{ "a lone continuation byte", "a\x80" },
	{ "a cut sequence", "a\xe6\xb1" },
	{ "an over-long slash", "\xc0\xaf" },
	{ "an over-long three-byte form", "\xe0\x80\xaf" },
	{ "a surrogate", "\xed\xa0\x80" },
	{ "beyond U+10FFFF", "\xf4\x90\x80\x80" },
	{ "a byte that never occurs", "\xff" },
	{ "GBK", "\xc7\xe0\xca\xaf" },
};

static void
what_is_not_utf8_is_refused(void **state)
{
	for (size_t i = 0; i < COUNT(malformed); i++) {
		struct segment_plan plan;
		struct err err = { .text = "" };

		holds(malformed[i].sentence, segment_plan(&plan, malformed[i].bytes, &err) < 0,
		      "was taken");
		holds(malformed[i].sentence, strstr(err.text, "UTF-8"), "says \"%s\"", err.text);
		holds(malformed[i].sentence,
		      utf8_check(malformed[i].bytes, strlen(malformed[i].bytes), NULL) < 0, "passed");
	}
	assert_int_equal(utf8_check("a\0b", 3, NULL), -1);
	assert_int_equal(utf8_check("青石🌊", strlen("青石🌊"), NULL), 0);
}

static void
no_text_needs_more_than_255_parts(void **state)
{
	struct buf text = { 0 };
	struct segment_plan plan;

	for (unsigned i = 0; i < 255 * 67; i++)
		buf_puts(&text, "汉");
	assert_int_equal(segment_plan(&plan, text.data, NULL), 0);
	assert_int_equal(plan.parts, 255);
	buf_puts(&text, "汉");
	assert_int_equal(segment_plan(&plan, text.data, NULL), -1);
	buf_fini(&text);
}

static void
a_cluster_longer_than_a_part_is_cut_all_the_same(void **state)
{
	struct buf text = { 0 };
	struct segment_plan plan;
	size_t last = 0;

	buf_puts(&text, "e");
	for (unsigned i = 0; i < 200; i++)
		buf_puts(&text, "\u0301");
	assert_int_equal(segment_plan(&plan, text.data, NULL), 0);
	assert_int_equal(plan.parts, 3);
	for (unsigned i = 0; i < plan.parts; i++) {
		size_t end = segment_end(&plan, text.data, i);

		assert_true(end > last);
		last = end;
	}
	assert_int_equal(last, text.len);
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vector_holds),
		cmocka_unit_test(every_character_of_the_tables_has_its_septets),
		cmocka_unit_test(parts_never_cut_what_belongs_together),
		cmocka_unit_test(what_is_not_utf8_is_refused),
		cmocka_unit_test(no_text_needs_more_than_255_parts),
		cmocka_unit_test(a_cluster_longer_than_a_part_is_cut_all_the_same),
	};

	return cmocka_run_group_tests(tests, read_facts, drop_facts);
}
