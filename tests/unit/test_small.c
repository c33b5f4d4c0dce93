/* test_small.c -- the small change: msec, buf, words, err, table. */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/msec.h"
#include "core/table.h"
#include "core/words.h"

static void
instants_do_not_overflow(void **state)
{
	assert_true(msec_add(5, 7) == 12);
	assert_true(msec_add(5, -7) == -2);
	assert_true(msec_add(NEVER, -1) == NEVER);
	assert_true(msec_add(5, NEVER) == NEVER);
	assert_true(msec_add(NEVER - 1, 1) == NEVER);
	assert_true(msec_min(3, NEVER) == 3 && msec_min(4, 3) == 3);
	assert_true(HOURS(24) == 86400000 && MINUTES(1) == SECONDS(60));
}

static void
a_buffer_grows_and_stays_terminated(void **state)
{
	struct buf b = { 0 };

	for (int i = 0; i < 1000; i++) {
		buf_printf(&b, "%d,", i);
		assert_int_equal(strlen(b.data), b.len);
	}
	assert_int_equal(b.len, 3890);
	buf_reset(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
	buf_add(&b, "a\0b", 3);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.data, "a\0b", 4);
	buf_fini(&b);
	assert_null(b.data);
}

/* Lengths around every size at which the buffer grows. */
static void
a_long_print_is_not_cut(void **state)
{
	for (int len = 0; len < 300; len++) {
		struct buf b = { 0 };
		char *text = xmalloc((size_t)len + 1);

		memset(text, 'x', (size_t)len);
		text[len] = '\0';
		buf_puts(&b, "ab");
		buf_printf(&b, "<%s>", text);
		assert_int_equal(b.len, len + 4);
		assert_int_equal(b.data[b.len - 1], '>');
		buf_fini(&b);
		free(text);
	}
}

static void
taking_empties(void **state)
{
	struct buf b = { 0 };
	char *text = buf_take(&b);

	assert_string_equal(text, "");
	free(text);
	buf_puts(&b, "x");
	text = buf_take(&b);
	assert_string_equal(text, "x");
	assert_true(!b.data && !b.len);
	free(text);
	assert_null(xstrdup(NULL));
}

static void
json_strings_come_back_as_they_were(void **state)
{
	static const char *const texts[] = { "", "plain", "says \"now\"", "back\\slash", "\x01\x1f\t\n",
					     "青石县🌊", "\x7f", "\"", "a\"\"b" };

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct buf b = { 0 };
		json_t *json;

		buf_json(&b, texts[i]);
		json = json_loads(b.data, JSON_DECODE_ANY, NULL);
		holds(texts[i], json && strcmp(json_string_value(json), texts[i]) == 0, "%s", b.data);
		json_decref(json);
		buf_fini(&b);
	}
	{
		struct buf b = { 0 };

		buf_json(&b, NULL);
		assert_string_equal(b.data, "null");
		buf_fini(&b);
	}
}

#define EVERY_WORD(noun, count, ...)                                               \
	do {                                                                       \
		static const char *const words[] = { __VA_ARGS__ };                \
		assert_int_equal(COUNT(words), count);                             \
		for (int i = 0; i < (int)(count); i++) {                           \
			assert_string_equal(noun##_name((enum noun)i), words[i]);  \
			assert_int_equal(noun##_parse(words[i]), i);               \
		}                                                                  \
		assert_int_equal(noun##_parse(""), -1);                            \
		assert_int_equal(noun##_parse("Red"), -1);                         \
	} while (0)

/* These stand in files, in the books and on the wire: none may change or move. */
static void
words_and_values_belong_together(void **state)
{
	EVERY_WORD(lang, LANG_COUNT, "zh", "en");
	EVERY_WORD(channel, CHANNEL_COUNT, "sms", "voice", "console");
	EVERY_WORD(severity, SEVERITY_COUNT, "notice", "blue", "yellow", "orange", "red");
	EVERY_WORD(tier, TIER_COUNT, "county", "township", "village");
	EVERY_WORD(outcome, OUTCOME_COUNT, "none", "accepted", "rejected", "unknown", "withdrawn");
	EVERY_WORD(reject, REJECT_COUNT, "none", "retry", "retry_other", "drop", "config", "clock");
	EVERY_WORD(answer_kind, ANSWER_COUNT, "none", "answered", "acknowledged", "in_post", "done",
		   "cannot", "help", "coming", "delayed", "opt_out");
}

static void
an_error_names_the_field_and_is_never_too_long(void **state)
{
	struct err err = { .field = "old", .text = "old" };
	char longer[2000];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(err_field(&err, "/params/mm", "must be %d", 3), -1);
	assert_string_equal(err.field, "/params/mm");
	assert_string_equal(err.text, "must be 3");
	assert_int_equal(err_set(&err, "%s", longer), -1);
	assert_string_equal(err.field, "");
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(err_field(&err, longer, "x"), -1);
	assert_int_equal(strlen(err.field), sizeof(err.field) - 1);
	assert_int_equal(err_set(NULL, "nobody listens"), -1);
	assert_int_equal(err_field(NULL, "x", "nobody listens"), -1);
}

static void
add_up(void *ctx, uint64_t key, void *value)
{
	*(uint64_t *)ctx += key;
	assert_ptr_equal(value, (void *)(uintptr_t)(key * 2 + 1));
}

/* Keys with clashing low bits, taken out and put back in, against a plain array. */
static void
a_table_keeps_what_it_was_given(void **state)
{
	static bool in[2000];
	struct table t = { 0 };
	uint32_t chance = 1;
	uint64_t sum = 0, want = 0;

	assert_null(table_get(&t, 1));
	assert_null(table_take(&t, 1));
	for (int i = 0; i < 40000; i++) {
		uint64_t k, key;

		chance = chance * 1664525 + 1013904223;
		k = chance >> 8 & 0x7ff;
		key = k << 32;
		if (k >= COUNT(in))
			continue;
		assert_ptr_equal(table_get(&t, key), in[k] ? (void *)(uintptr_t)(key * 2 + 1) : NULL);
		if (chance >> 30 == 0)
			assert_int_equal(table_take(&t, key) != NULL, in[k]);
		else
			table_put(&t, key, (void *)(uintptr_t)(key * 2 + 1));
		in[k] = chance >> 30 != 0;
	}
	for (uint64_t k = 0; k < COUNT(in); k++)
		want += in[k] ? k << 32 : 0;
	table_each(&t, add_up, &sum);
	assert_true(sum == want && want > 0);
	table_fini(&t, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instants_do_not_overflow),
		cmocka_unit_test(a_buffer_grows_and_stays_terminated),
		cmocka_unit_test(a_long_print_is_not_cut),
		cmocka_unit_test(taking_empties),
		cmocka_unit_test(json_strings_come_back_as_they_were),
		cmocka_unit_test(words_and_values_belong_together),
		cmocka_unit_test(an_error_names_the_field_and_is_never_too_long),
		cmocka_unit_test(a_table_keeps_what_it_was_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
