/* test_reply.c -- what people type back, and the codes that tell requests apart. */
#include "tests/unit/unit.h"

#include <ctype.h>
#include <stdlib.h>

#include "core/reply.h"
#include "core/reply_text.h"

static const struct { const char *sentence, *text, *token, *code; bool opt_out; } cases[] = {
	{ "a digit is the answer", "1", "1", "", false },
	{ "a full-width digit too", "１", "1", "", false },
	{ "punctuation does not count", "1。", "1", "", false },
	{ "nor does space", "  3 \r\n", "3", "", false },
	{ "nor do the signature's brackets", "【1】", "1", "", false },
	{ "cannot is 0", "0", "0", "", false },
	{ "two digits are no answer", "12", "", "", false },
	{ "a telephone number is none", "13812341234", "", "", false },
	{ "收到 means 1", "收到", "1", "", false },
	{ "收到 may run on", "收到谢谢领导", "1", "", false },
	{ "but not behind a negation", "没收到", "", "", false },
	{ "the longest word counts: 不能, not a guess", "不能去了", "0", "", false },
	{ "到岗 means 2", "已到岗。", "2", "", false },
	{ "已转移 means 3", "已转移", "3", "", false },
	{ "OK in any case", "Ok!", "1", "", false },
	{ "OK is not the beginning of every word", "okra", "", "", false },
	{ "a digit may run into Chinese", "1收到", "1", "", false },
	{ "3 people trapped are not everybody out", "3人被困", "", "", false },
	{ "nor with a space", "3 人被困", "", "", false },
	{ "nor in English", "3 people trapped", "", "", false },
	{ "nor when two are missing", "3 2人未到", "", "", false },
	{ "nor all but one", "3 all but one", "", "", false },
	{ "done may be said in words, too", "3 all out", "3", "", false },
	{ "with thanks", "1 谢谢", "1", "", false },
	{ "a digit typed twice", "1 1", "1", "", false },
	{ "a code, then thanks", "1 K7 thanks", "1", "K7", false },
	{ "cannot, with the reason", "0 生病住院", "0", "", false },
	{ "nor is the second bridge somebody in post", "2号桥断了", "", "", false },
	{ "nor three households still there", "3户未转移", "", "", false },
	{ "but everybody out is", "3全部到位", "3", "", false },
	{ "and help however it goes on", "9人被困", "9", "", false },
	{ "part of it is not all", "已转移3户", "", "", false },
	{ "nor is the contrary", "完成不了", "", "", false },
	{ "a word may go on when it leaves no doubt", "已转移完毕", "3", "", false },
	{ "some type what they were told to", "回复1", "1", "", false },
	{ "or with a space", "回复 1 K7", "1", "K7", false },
	{ "or with a bracket", "回复【3】", "3", "", false },
	{ "a code follows a space", "1 K7", "1", "K7", false },
	{ "or a hyphen", "1-k7", "1", "K7", false },
	{ "or nothing", "1K7", "1", "K7", false },
	{ "all of it full-width", "１－ｋ７", "1", "K7", false },
	{ "a code may follow a word", "收到 K7", "1", "K7", false },
	{ "words behind the code count, too", "2 M3 路上堵车", "", "", false },
	{ "a word without digit is no code", "1 thanks", "1", "", false },
	{ "a code alone is no answer", "K7", "", "", false },
	{ "help", "HELP", "9", "", false },
	{ "TD is an opt-out", "TD", "", "", true },
	{ "in any case", "td", "", "", true },
	{ "退订 too", "退订", "", "", true },
	{ "STOP too", "Stop.", "", "", true },
	{ "N too, which carriers take as one", "n", "", "", true },
	{ "00000 too", "00000", "", "", true },
	{ "a word that begins with T is none", "Tomorrow", "", "", false },
	{ "an empty text says nothing", "", "", "", false },
	{ "nor does punctuation", "……!!", "", "", false },
	{ "bad UTF-8 says nothing", "\xe6\x94", "", "", false },
	{ "a broken full-width digit neither", "\xef\xbc", "", "", false },
};

static void
replies_are_read(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reply r;

		reply_parse(&r, NULL, cases[i].text);
		holds(cases[i].sentence, strcmp(r.token, cases[i].token) == 0, "token \"%s\"", r.token);
		holds(cases[i].sentence, strcmp(r.code, cases[i].code) == 0, "code \"%s\"", r.code);
		holds(cases[i].sentence, r.opt_out == cases[i].opt_out, "opt_out %d", r.opt_out);
	}
}

static void
a_text_of_any_length_is_read(void **state)
{
	char text[5000], *long_text = calloc(1, 2 * REPLY_LINE);
	struct reply r;

	memset(text, '!', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "3 K7 ", 5);
	reply_parse(&r, NULL, text);
	assert_string_equal(r.token, "3");
	assert_string_equal(r.code, "K7");
	memcpy(text + sizeof(text) - 8, " NOT YET", 7);
	reply_parse(&r, NULL, text);
	assert_string_equal(r.token, "");
	memset(text, ' ', sizeof(text) - 1);
	reply_parse(&r, NULL, text);
	assert_string_equal(r.token, "");
	/* Longer than the reader looks: what it did not see may deny it. */
	memset(long_text, '!', 2 * REPLY_LINE - 1);
	long_text[0] = '1';
	reply_parse(&r, NULL, long_text);
	assert_string_equal(r.token, "");
	free(long_text);
}

static const struct {
	const char *sentence;
	size_t answers;			/* of the template below; SIZE_MAX = no template */
	const char *token;
	enum answer_kind kind;		/* NONE = means nothing */
	int level;
} meanings[] = {
	{ "the template's map decides", 2, "1", ANSWER_COMING, 4 },
	{ "even about 9", 2, "9", ANSWER_ACKNOWLEDGED, 3 },
	{ "0 means cannot everywhere", 2, "0", ANSWER_CANNOT, 0 },
	{ "a map without it does not know 2", 2, "2", ANSWER_NONE, 0 },
	{ "without a map 1 is acknowledged", 0, "1", ANSWER_ACKNOWLEDGED, 3 },
	{ "2 in post", 0, "2", ANSWER_IN_POST, 4 },
	{ "3 done", 0, "3", ANSWER_DONE, 5 },
	{ "4 nothing", 0, "4", ANSWER_NONE, 0 },
	{ "9 help", 0, "9", ANSWER_HELP, 0 },
	{ "without a template the same", SIZE_MAX, "3", ANSWER_DONE, 5 },
	{ "no token means nothing", 0, "", ANSWER_NONE, 0 },
	{ "two digits mean nothing", 0, "11", ANSWER_NONE, 0 },
};

static void
tokens_mean_what_the_template_says(void **state)
{
	struct answer_rule map[] = { { .token = "1", ANSWER_COMING, 4 },
				     { .token = "9", ANSWER_ACKNOWLEDGED, 3 } };

	for (size_t i = 0; i < COUNT(meanings); i++) {
		struct template t = { .answers = map, .answer_count = meanings[i].answers };
		enum answer_kind kind = ANSWER_NONE;
		int level = 0;
		bool known = reply_meaning(meanings[i].answers == SIZE_MAX ? NULL : &t,
					   meanings[i].token, &kind, &level);

		holds(meanings[i].sentence, known == (meanings[i].kind != ANSWER_NONE), "known %d",
		      known);
		holds(meanings[i].sentence, !known || (kind == meanings[i].kind &&
						       level == meanings[i].level),
		      "kind %d level %d", (int)kind, level);
	}
}

#define ALERTS 200000

static int
by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
codes_never_repeat(void **state)
{
	char (*codes)[CODE_TEXT] = calloc(ALERTS, CODE_TEXT);

	for (uint64_t i = 0; i < ALERTS; i++)
		code_format(codes[i], i + 1);
	qsort(codes, ALERTS, CODE_TEXT, by_text);
	for (size_t i = 1; i < ALERTS; i++)
		holds("no code is given twice", strcmp(codes[i - 1], codes[i]) != 0, "%s", codes[i]);
	free(codes);
}

/* Larger numbers than can be tried one by one: neighbours and powers stay apart. */
static void
codes_stay_apart_for_large_numbers(void **state)
{
	static char codes[90][CODE_TEXT];
	size_t count = 0;

	for (unsigned shift = 18; shift < 48; shift++)
		for (int off = -1; off <= 1; off++)
			code_format(codes[count++], (1ULL << shift) + (uint64_t)off);
	qsort(codes, count, CODE_TEXT, by_text);
	for (size_t i = 1; i < count; i++)
		holds("no code is given twice", strcmp(codes[i - 1], codes[i]) != 0, "%s", codes[i]);
}

static void
a_code_is_read_back_however_it_is_typed(void **state)
{
	static const char *const forms[] = { "1 %s", "1-%s", "1%s", "收到 %s", "2,%s", "1 %s 谢谢", "收到%s", "１－%s" };

	for (uint64_t alert = 1; alert < 50000; alert += 7) {
		char code[CODE_TEXT], text[64];
		struct reply r;

		code_format(code, alert);
		holds("a letter, then a digit", isalpha(code[0]) && isdigit(code[1]), "%s", code);
		holds("nothing that looks like something else", !strpbrk(code, "01OIL5S2ZB8UV"), "%s",
		      code);
		for (size_t i = 0; i < COUNT(forms); i++) {
			snprintf(text, sizeof(text), forms[i], code);
			for (char *p = text; alert & 1 && *p; p++)
				*p = (char)((unsigned char)*p < 0x80 ? tolower(*p) : *p);
			reply_parse(&r, NULL, text);
			holds(text, strcmp(r.code, code) == 0 && r.token[0] && !r.opt_out,
			      "token \"%s\" code \"%s\"", r.token, r.code);
		}
	}
}

static void
a_text_has_a_code_of_its_own_that_is_no_alerts(void **state)
{
	static const char *const none[] = { "", "A", "4", "44", "AA", "A0", "O4", "A4A4A4A4A4A4A4A4A4", "A4-",
					    "A\x01", "A4444", "号4" };
	char (*codes)[CODE_TEXT] = calloc(4000, CODE_TEXT), text[CODE_TEXT], other[2 * CODE_TEXT];
	struct reply r;

	for (size_t i = 0; i < 4000; i++)
		code_format(codes[i], i + 1);
	for (size_t i = 0; i < 200; i++) {
		holds("a first text has a code", code_of_text(text, codes[i], 0), "%s", codes[i]);
		for (size_t k = 0; k < 4000; k++)
			holds("it is no alert's", strcmp(text, codes[k]) != 0, "%s", text);
		holds("it is that alert's text", code_is_of(text, codes[i]) && !code_is_of(text, codes[i + 1]),
		      "%s of %s", text, codes[i]);
		code_of_text(other, codes[i], 1);
		holds("the next text has another", strcmp(text, other) != 0, "%s", text);
		snprintf(other, sizeof(other), "3 %s", text);
		reply_parse(&r, NULL, other);
		holds("it is read back", strcmp(r.code, text) == 0, "%s", r.code);
	}
	for (uint64_t alert = 1; alert < 3000000; alert += alert < 5000 ? 1 : 9973) {
		uint64_t found = 0;

		code_format(text, alert);
		holds("a code is its alert's", code_parse(&found, text) && found == alert, "%s: %llu", text,
		      (unsigned long long)found);
		text[0] = (char)tolower(text[0]);
		holds("in small letters too", code_parse(&found, text) && found == alert, "%s", text);
		text[0] = (char)toupper(text[0]);
		code_of_text(other, text, 1);
		holds("and so is that of a text of it", code_parse(&found, other) && found == alert, "%s: %llu",
		      other, (unsigned long long)found);
	}
	for (size_t i = 0; i < COUNT(none); i++) {
		uint64_t found;

		holds("what is no code is nobody's", !code_parse(&found, none[i]), "%s: %llu", none[i],
		      (unsigned long long)found);
	}
	holds("there are only so many", !code_of_text(text, "A4", 5) && strcmp(text, "A4") == 0, "%s", text);
	free(codes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_read),
		cmocka_unit_test(a_text_of_any_length_is_read),
		cmocka_unit_test(tokens_mean_what_the_template_says),
		cmocka_unit_test(codes_never_repeat),
		cmocka_unit_test(codes_stay_apart_for_large_numbers),
		cmocka_unit_test(a_text_has_a_code_of_its_own_that_is_no_alerts),
		cmocka_unit_test(a_code_is_read_back_however_it_is_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
