/* test_template.c -- texts with parameters, values, answer maps. */
#include "tests/unit/unit.h"

#include "core/template.h"

static const char *const names[] = { "place", "n", "names", "empty" };

static const char *
lookup(void *ctx, const char *name)
{
	if (strcmp(name, "place") == 0)
		return "清东湾村";
	if (strcmp(name, "n") == 0)
		return "3";
	if (strcmp(name, "empty") == 0)
		return "";
	return NULL;			/* names has no value */
}

static const struct { const char *sentence, *source, *text; } rendered[] = {
	{ "a text without parameters stays as it is", "立即转移!", "立即转移!" },
	{ "nothing gives nothing", "", "" },
	{ "a value stands where its name was", "{{place}}:{{n}}个", "清东湾村:3个" },
	{ "spaces inside the braces do not count", "{{ place }}{{  n}}", "清东湾村3" },
	{ "a section appears when there is a value", "a{{#place}}[{{place}}]{{/place}}b", "a[清东湾村]b" },
	{ "and not when there is none", "a{{#names}}[{{names}}]{{/names}}b", "ab" },
	{ "an empty value counts as none", "a{{#empty}}x{{/empty}}{{^empty}}y{{/empty}}", "ay" },
	{ "an inverted section is the other way round", "{{^place}}x{{/place}}{{^names}}y{{/names}}", "y" },
	{ "sections may nest", "{{#n}}1{{#place}}2{{^names}}3{{/names}}{{/place}}{{/n}}4", "1234" },
	{ "a skipped section skips what is inside", "{{#names}}{{#n}}x{{/n}}{{/names}}.", "." },
	{ "single braces are text", "{n} } {", "{n} } {" },
	{ "the same name may stand twice", "{{n}}{{n}}", "33" },
};

static void
texts_are_rendered(void **state)
{
	for (size_t i = 0; i < COUNT(rendered); i++) {
		struct err err = { .text = "" };
		struct buf out = { 0 };
		struct text *t;

		holds(rendered[i].sentence,
		      text_compile(&t, rendered[i].source, names, COUNT(names), &err) == 0, "%s",
		      err.text);
		buf_puts(&out, "");
		holds(rendered[i].sentence, text_render(t, lookup, NULL, &out, &err) == 0, "%s",
		      err.text);
		holds(rendered[i].sentence, strcmp(out.data, rendered[i].text) == 0, "\"%s\"",
		      out.data);
		buf_fini(&out);
		text_free(t);
	}
}

static const struct { const char *sentence, *source, *says; } faulty[] = {
	{ "an unknown name says where", "ab\n青{{plaze}}", "2:2 there is no parameter \"plaze\"" },
	{ "an unknown section too", "{{#x}}{{/x}}", "1:1" },
	{ "an open tag is an error", "a {{place", "1:3" },
	{ "an open section is an error", "{{#place}}a", "\"place\"" },
	{ "so is one closed by another name", "{{#place}}{{/n}}", "another name" },
	{ "so is a close without an open", "a{{/n}}", "nothing is open" },
	{ "sections must not overlap", "{{#n}}{{#place}}{{/n}}{{/place}}", "another name" },
	{ "an empty name is an error", "{{}}", "empty name" },
	{ "a name of spaces is an error", "{{#  }}", "empty name" },
	{ "three braces are no name", "{{{n}}}", "there is no parameter" },
	{ "nine levels are too deep", "{{#n}}{{#n}}{{#n}}{{#n}}{{#n}}{{#n}}{{#n}}{{#n}}{{#n}}", "deep" },
	{ "bad UTF-8 is an error", "a\xff", "UTF-8" },
};

static void
faulty_texts_say_where(void **state)
{
	for (size_t i = 0; i < COUNT(faulty); i++) {
		struct err err = { .text = "" };
		struct text *t;

		holds(faulty[i].sentence,
		      text_compile(&t, faulty[i].source, names, COUNT(names), &err) < 0, "compiled");
		holds(faulty[i].sentence, strstr(err.text, faulty[i].says), "says \"%s\"", err.text);
		assert_null(t);
	}
}

static void
a_missing_value_is_an_error_that_names_it(void **state)
{
	struct err err = { .text = "" };
	struct buf out = { 0 };
	struct text *t;

	assert_int_equal(text_compile(&t, "{{n}} {{names}}", names, COUNT(names), &err), 0);
	assert_true(text_uses(t, "names"));
	assert_false(text_uses(t, "place"));
	assert_false(text_uses(t, " "));
	assert_int_equal(text_render(t, lookup, NULL, &out, &err), -1);
	assert_string_equal(err.about.name, "names");
	buf_fini(&out);
	text_free(t);
}

static const struct {
	const char *sentence;
	enum param_type type;
	unsigned max;
	const char *value;
	bool good;
} values[] = {
	{ "a text of the length is good", PARAM_TEXT, 4, "清东湾村", true },
	{ "characters count, not bytes", PARAM_TEXT, 3, "清东湾村", false },
	{ "no length means any", PARAM_TEXT, 0, "清东湾村清东湾村", true },
	{ "nothing is no value", PARAM_TEXT, 4, "", false },
	{ "a number is a number", PARAM_NUMBER, 9, "100", true },
	{ "with a point too", PARAM_NUMBER, 9, "-3.5", true },
	{ "a point needs digits on both sides", PARAM_NUMBER, 9, "3.", false },
	{ "in front too", PARAM_NUMBER, 9, ".5", false },
	{ "one point only", PARAM_NUMBER, 9, "1.2.3", false },
	{ "a sign alone is none", PARAM_NUMBER, 9, "-", false },
	{ "a unit does not belong in it", PARAM_NUMBER, 9, "100mm", false },
	{ "a line break is refused", PARAM_TEXT, 9, "a\nb", false },
	{ "so is a control character", PARAM_TEXT, 9, "a\x01", false },
	{ "the signature's brackets are refused", PARAM_TEXT, 9, "【县】", false },
	{ "so is bad UTF-8", PARAM_TEXT, 9, "\xc7\xe0", false },
};

static void
values_are_checked(void **state)
{
	for (size_t i = 0; i < COUNT(values); i++) {
		char name[] = "mm";
		struct param p = { .name = name, .type = values[i].type, .max = values[i].max };
		struct err err = { .text = "" };
		int rc = param_check(&p, values[i].value, &err);

		holds(values[i].sentence, (rc == 0) == values[i].good, "rc %d, %s", rc, err.text);
		holds(values[i].sentence, rc == 0 || strcmp(err.about.name, "mm") == 0, "about %s",
		      err.about.name);
	}
}

static const struct { const char *sentence, *source; bool good; } asked[] = {
	{ "what the map has may be asked for", "收到回复1", true },
	{ "what it lacks may not", "收到回复1,到岗回复2", false },
	{ "0 and 9 are everywhere", "不能到回复0,求助回复9", true },
	{ "a key is asked for too", "确认请按3。", false },
	{ "in English too", "Reply 1 now, or press 2.", false },
	{ "at the beginning of a sentence too", "Press 2 to confirm", false },
	{ "a number that is no token is not asked for", "请回复10086, reply 15 times", true },
	{ "回 alone asks as well", "到岗回2", false },
};

static void
texts_ask_only_for_answers_they_have(void **state)
{
	struct answer_rule rule = { .token = "1", ANSWER_ACKNOWLEDGED, 3 };
	struct template t = { .answers = &rule, .answer_count = 1 };

	for (size_t i = 0; i < COUNT(asked); i++) {
		struct err err = { .text = "" };
		const char *sources[] = { NULL, asked[i].source };

		holds(asked[i].sentence,
		      (template_check_answers(&t, sources, 2, &err) == 0) == asked[i].good,
		      "\"%s\": %s", asked[i].source, err.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_rendered),
		cmocka_unit_test(faulty_texts_say_where),
		cmocka_unit_test(a_missing_value_is_an_error_that_names_it),
		cmocka_unit_test(values_are_checked),
		cmocka_unit_test(texts_ask_only_for_answers_they_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
