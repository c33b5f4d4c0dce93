/* test_phrase.c -- the catalogue from its first sentence to its last, and how a sentence is filled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/err.h"
#include "core/segment.h"
#include "daemon/contract/said_json.h"

/* The placeholders of a text as a set; fails on one that the arity does not allow. */
static unsigned
placeholders(enum phrase p, enum lang lang)
{
	unsigned set = 0;

	for (const char *s = phrase_text(p, lang); (s = strchr(s, '{')); s++) {
		if (s[1] < '0' || s[1] > '9')
			continue;	/* a brace that is shown: { … } */
		if (s[2] != '}' || (unsigned)(s[1] - '0') >= phrase_arity(p))
			fail_msg("%s: \"%.4s\" is no value of it", phrase_name(p), s);
		set |= 1u << (s[1] - '0');
	}
	return set;
}

static bool
has_chinese(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0xe4 && (unsigned char)*text <= 0xe9)
			return true;
	return false;
}

static void
every_phrase_is_there_in_both_languages(void **state)
{
	for (int i = 0; i < PHRASE_COUNT; i++) {
		enum phrase p = (enum phrase)i;
		unsigned all = (1u << phrase_arity(p)) - 1;

		assert_true(phrase_arity(p) <= PHRASE_VALUES_MAX);
		assert_int_equal(phrase_find(phrase_name(p)), i);
		for (int lang = 0; lang < LANG_COUNT; lang++) {
			const char *text = phrase_text(p, (enum lang)lang);

			if (!*text || strlen(text) >= SAID_BYTES || utf8_check(text, strlen(text), NULL) < 0)
				fail_msg("%s: no text in %s", phrase_name(p), lang_name((enum lang)lang));
			if (placeholders(p, (enum lang)lang) != all)
				fail_msg("%s: %s does not show every value", phrase_name(p),
					 lang_name((enum lang)lang));
		}
		if (p != PHRASE_verbatim && (!has_chinese(phrase_text(p, LANG_ZH)) ||
					     has_chinese(phrase_text(p, LANG_EN))))
			fail_msg("%s: its languages are mixed up", phrase_name(p));
	}
	assert_int_equal(phrase_find("no such phrase"), -1);
}

static const char *
in(enum lang lang, const struct said *said)
{
	static char text[2][SAID_BYTES];

	said_render(said, lang, text[lang], sizeof(text[lang]));
	return text[lang];
}

static void
a_phrase_within_a_phrase_is_in_the_same_language(void **state)
{
	struct said reason, alarm, task;

	SAY(&reason, child_no_pong);
	SAY(&alarm, alarm_down, NUM(2), NEST(&reason));
	SAY(&task, task_route, "sim1", NEST(&alarm));
	assert_string_equal(in(LANG_EN, &task), "route sim1: down for 2 min: no pong within 5 s");
	assert_string_equal(in(LANG_ZH, &task), "通道sim1:已中断2分钟:5秒内无应答");
	SAY(&task, client_up_to, "gauges", WORD(orange), severity_word(SEVERITY_RED));
	assert_non_null(strstr(in(LANG_ZH, &task), "最高只能发橙色,本条是红色"));
	assert_non_null(strstr(in(LANG_EN, &task), "up to orange, and this is red"));
}

static void
a_value_may_have_words_and_phrases(void **state)
{
	char text[SAID_BYTES], value[SAID_VALUE];

	snprintf(value, sizeof(value), "%s; detected: machine", WORD(call_was_answered));
	value_render(value, LANG_ZH, text, sizeof(text));
	assert_string_equal(text, "电话已接听; detected: machine");
	assert_string_equal(ENGLISH(value), "the call was answered; detected: machine");
	assert_string_equal(ENGLISH("CMS 38"), "CMS 38");
}

/* What comes from outside is text, whatever it looks like. */
static void
hostile_values_stay_text(void **state)
{
	struct said said;
	char text[SAID_BYTES];

	said_verbatim(&said, "\x01" "red" "\x03 \xff\xfe tab\t{0}");
	assert_string_equal(in(LANG_EN, &said), "?red? ?? tab?{0}");
	/* Such a thing on disk, or cut: nothing is read beyond its end. */
	value_render("\x01", LANG_EN, text, sizeof(text));
	assert_string_equal(text, "?");
	value_render("\x01red", LANG_EN, text, sizeof(text));
	assert_string_equal(text, "red");
	value_render("\x01" "no_phrase\x02" "a\x03!", LANG_EN, text, sizeof(text));
	assert_string_equal(text, "?!");
	value_render("\x01" "no_alert\x02" "1\x02" "2\x02" "3\x03.", LANG_EN, text, sizeof(text));
	assert_string_equal(text, "there is no alert 1.");
	value_render("\x01no_alert\x03", LANG_EN, text, sizeof(text));
	assert_string_equal(text, "there is no alert ");
}

static void
endless_nesting_ends(void **state)
{
	char deep[SAID_VALUE], text[SAID_BYTES];
	size_t n = 0;

	while (n + 20 < sizeof(deep))
		n += (size_t)snprintf(deep + n, sizeof(deep) - n, "\x01not_ready\x02");
	value_render(deep, LANG_EN, text, sizeof(text));
	assert_non_null(strstr(text, "not ready: "));
}

static void
what_is_too_long_is_cut_at_a_character(void **state)
{
	char text[1200] = "", room[64];
	struct said said;

	for (int i = 0; i < 390; i++)
		strcat(text, "河");
	for (size_t cut = 0; cut < 4; cut++) {
		SAY(&said, task_route, text + 3 * cut, text);
		said.values[SAID_BYTES - 1] = '\0';
		for (size_t size = 1; size < sizeof(room); size++) {
			said_render(&said, LANG_ZH, room, size);
			assert_true(strlen(room) < size);
			assert_int_equal(utf8_check(room, strlen(room), NULL), 0);
		}
	}
	said_verbatim(&said, text);
	assert_int_equal(utf8_check(in(LANG_EN, &said), strlen(in(LANG_EN, &said)), NULL), 0);
	assert_int_equal(strlen(QUOTE("short")), 5);
	assert_true(strlen(QUOTE(text)) < QUOTE_BYTES);
	assert_int_equal(utf8_check(QUOTE(text), strlen(QUOTE(text)), NULL), 0);
}

static void
values_travel_as_json(void **state)
{
	struct said alarm, task, back;
	struct buf json = { 0 };

	SAY(&alarm, alarm_down, NUM(2), "a \"quoted\"\\ reason");
	SAY(&task, task_route, "sim1", NEST(&alarm));
	said_values_json(&task, &json);
	assert_string_equal(json.data, "[\"sim1\",{\"code\":\"alarm_down\",\"values\":[\"2\","
			    "\"a \\\"quoted\\\"\\\\ reason\"]}]");
	assert_true(said_from_stored(&back, "task_route", json.data));
	assert_memory_equal(&back, &task, sizeof(task));
	assert_false(said_from_stored(&back, "of_a_later_gong", json.data));
	assert_true(said_from_stored(&back, "no_alert", "not JSON"));
	assert_string_equal(in(LANG_EN, &back), "there is no alert ");
	buf_fini(&json);
}

static const struct {
	const char *sentence, *json, *en, *zh;
} drivers[] = {
	{ "a string is shown as it is", "\"CMS 38\"", "CMS 38", "CMS 38" },
	{ "a phrase is shown in the reader's language",
	  "{\"concept\":\"child_not_ready\",\"values\":[5],\"detail\":\"x\"}", "not ready 5 s after its start",
	  "启动5秒后仍未就绪" },
	{ "of a phrase nobody knows its detail is shown",
	  "{\"concept\":\"of_a_later_driver\",\"values\":[],\"detail\":\"too hot\"}", "too hot", "too hot" },
	{ "without detail at least the name is there", "{\"concept\":\"too_hot\"}", "too_hot", "too_hot" },
	{ "values may be missing", "{\"concept\":\"no_alert\"}", "there is no alert ", "没有告警" },
	{ "values may be too many", "{\"concept\":\"no_alert\",\"values\":[1,2,3,4,5,6,7,8,9,10]}",
	  "there is no alert 1", "没有告警1" },
	{ "a number is written as people do", "{\"concept\":\"no_alert\",\"values\":[2.5]}",
	  "there is no alert 2.5", "没有告警2.5" },
	{ "no phrase hides in a string", "{\"concept\":\"no_alert\",\"values\":[\"\\u0001red\\u0003\"]}",
	  "there is no alert ?red?", "没有告警?red?" },
	{ "a text that is none says nothing", "[1]", NULL, NULL },
	{ "an empty string says nothing", "\"\"", NULL, NULL },
};

static void
drivers_say_strings_or_phrases(void **state)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++) {
		json_t *json = json_loads(drivers[i].json, JSON_DECODE_ANY, NULL);
		struct said said;
		bool said_it = said_by_driver(&said, json);

		if (said_it != (drivers[i].en != NULL) ||
		    (said_it && (strcmp(in(LANG_EN, &said), drivers[i].en) != 0 ||
				 strcmp(in(LANG_ZH, &said), drivers[i].zh) != 0)))
			fail_msg("%s: \"%s\"", drivers[i].sentence, said_it ? in(LANG_EN, &said) : "nothing");
		json_decref(json);
	}
}

static void
an_error_is_english_for_the_log(void **state)
{
	struct err err = { .text = "" };

	assert_int_equal(err_say(&err, REFUSED_INVALID, about_index(CONCEPT_DIVISION, 3), no_division,
				 "990199"), -1);
	assert_string_equal(err.field, "division[3]");
	assert_non_null(strstr(err.text, "there is no division 990199"));
	err_about(&err, about_row(7, "phone"));
	assert_string_equal(err.field, "line 7, column phone");
	err_about(&err, about_param("990121103001", "mm"));
	assert_string_equal(err.field, "division_param 990121103001:mm");
	assert_int_equal(err_say(NULL, REFUSED_INVALID, about(CONCEPT_NONE), body_empty), -1);
	for (int i = 0; i < CONCEPT_COUNT; i++)
		assert_int_equal(concept_parse(concept_name((enum concept)i)), i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_phrase_is_there_in_both_languages),
		cmocka_unit_test(a_phrase_within_a_phrase_is_in_the_same_language),
		cmocka_unit_test(a_value_may_have_words_and_phrases),
		cmocka_unit_test(hostile_values_stay_text),
		cmocka_unit_test(endless_nesting_ends),
		cmocka_unit_test(what_is_too_long_is_cut_at_a_character),
		cmocka_unit_test(values_travel_as_json),
		cmocka_unit_test(drivers_say_strings_or_phrases),
		cmocka_unit_test(an_error_is_english_for_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
