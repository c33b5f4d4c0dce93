/* test_reply_words.c -- walks every row of reply_words.def, every word a shipped template asks for, and
 * what a template's own words and minutes do. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <stdlib.h>

#include "core/reply.h"
#include "core/reply_text.h"
#include "core/reply_words.h"
#include "daemon/settings/settings.h"

/* A map in which each outcome has a token of its own. */
static struct answer_rule rules[] = {
	{ .token = "1", ANSWER_ACKNOWLEDGED, 3 }, { .token = "2", ANSWER_IN_POST, 4 },
	{ .token = "3", ANSWER_DONE, 5 }, { .token = "4", ANSWER_COMING, 3 },
	{ .token = "5", ANSWER_CANNOT, 0 }, { .token = "6", ANSWER_HELP, 0 },
};
static const struct template all = { .answers = rules, .answer_count = COUNT(rules) };

static const char *
token_of(enum answer_kind kind)
{
	for (size_t i = 0; i < COUNT(rules); i++)
		if (rules[i].kind == kind)
			return rules[i].token;
	return "";
}

static struct reply
read_with(const struct template *t, const char *fmt, const char *word)
{
	struct reply r;
	char text[200];

	snprintf(text, sizeof(text), fmt, word);
	reply_parse(&r, t, text);
	return r;
}

static void
check_row(const struct reply_word *w)
{
	struct reply alone = read_with(&all, "%s", w->text), behind = read_with(&all, "收到 %s", w->text);
	struct reply counted = read_with(&all, "3%s", w->text);

	switch (w->is) {
	case CLASS_ANSWER:
	case CLASS_GOT:
	case CLASS_BARE:
		holds(w->text, strcmp(alone.token, token_of(w->kind)) == 0, "token \"%s\" (%s)", alone.token,
		      alone.why);
		break;
	case CLASS_FILL:
	case CLASS_WITH:
	case CLASS_SELF:
	case CLASS_DOING:
		holds(w->text, !alone.token[0], "token \"%s\"", alone.token);
		holds(w->text, strcmp(behind.token, "1") == 0, "behind 收到: \"%s\" (%s)", behind.token, behind.why);
		break;
	case CLASS_DOUBT:
	case CLASS_DANGER:
		holds(w->text, !alone.token[0] && !behind.token[0], "\"%s\", behind 收到 \"%s\"", alone.token,
		      behind.token);
		holds(w->text, w->is != CLASS_DANGER || (alone.danger && behind.danger), "danger %d %d",
		      alone.danger, behind.danger);
		break;
	case CLASS_UNIT:
	case CLASS_WHO:
	case CLASS_MINUTE:
	case CLASS_ABOUT:
		holds(w->text, !alone.token[0] && !counted.token[0], "\"%s\", behind 3 \"%s\"", alone.token,
		      counted.token);
		holds(w->text, w->is != CLASS_WHO || counted.danger, "no people");
		break;
	case CLASS_DIGIT:
		holds(w->text, alone.rule == REPLY_BY_DIGIT || alone.rule == REPLY_BY_MAP, "rule %s",
		      reply_rule_name(alone.rule));
		holds(w->text, !behind.token[0], "behind 收到 \"%s\"", behind.token);
		break;
	case CLASS_PROMPT:
	case CLASS_BUT:
		holds(w->text, !alone.token[0] && !behind.token[0], "\"%s\", behind 收到 \"%s\"", alone.token,
		      behind.token);
		break;
	case CLASS_NAME:
		holds(w->text, read_with(&all, "1 %s大明", w->text).rule == REPLY_BY_DIGIT, "unread");
		holds(w->text, !read_with(&all, "3 %s大明", w->text).token[0], "done");
		break;
	case CLASS_CALM:
		holds(w->text, !alone.danger, "danger");
		break;
	case CLASS_ALARM:
		holds(w->text, alone.danger && !alone.token[0], "danger %d", alone.danger);
		break;
	case CLASS_OPT_OUT:
	case CLASS_OPT_IN:
		holds(w->text, alone.opt_out == (w->is == CLASS_OPT_OUT) && alone.opt_in == (w->is == CLASS_OPT_IN) &&
		      !alone.token[0], "opt_out %d opt_in %d", alone.opt_out, alone.opt_in);
		holds(w->text, !behind.opt_out && !behind.opt_in, "not alone");
		break;
	}
}

static void
every_row_does_what_its_class_says(void **state)
{
	char plain[200];

	for (size_t i = 0; i < reply_word_count; i++) {
		reply_text(plain, sizeof(plain), reply_words[i].text);
		holds("a row is as reply_text() makes it", strcmp(plain, reply_words[i].text) == 0, "%s: %s",
		      reply_words[i].text, plain);
		for (size_t j = 0; j < i; j++)
			holds("no row stands twice", reply_words[i].is != reply_words[j].is ||
			      strcmp(reply_words[i].text, reply_words[j].text) != 0, "%s", reply_words[i].text);
		check_row(&reply_words[i]);
	}
}

/* 收到回复1, 全部到位请回复3, 求助请只回复9: the word before the digit is what people will write. */
static void
check_asked(const struct template *t, const char *text, unsigned *asked)
{
	static const char *const asks[] = { "请只回复", "请回复", "回复" };

	for (const char *p = text; *p; p++) {
		for (size_t a = 0; a < COUNT(asks); a++) {
			size_t len = strlen(asks[a]), word = 0;
			char digit[2] = { 0 }, said[64];
			struct reply r;

			if (strncmp(p, asks[a], len) != 0 || (a == 2 && (strncmp(p - 3, "请", 3) == 0 || strncmp(p - 3, "只", 3) == 0)) || p[len] < '0' || p[len] > '9')
				continue;
			digit[0] = p[len];
			for (const char *b = p; b > text; b--) {
				if ((unsigned char)b[-1] < 0x80 || strncmp(b - 3, "。", 3) == 0 ||
				    strncmp(b - 3, "，", 3) == 0)
					break;
				word++;
			}
			snprintf(said, sizeof(said), "%.*s", (int)word, p - word);
			reply_parse(&r, t, digit);
			holds(t->name, strcmp(r.token, digit) == 0, "%s is \"%s\"", digit, r.token);
			if (!word || word > 15)
				continue;
			reply_parse(&r, t, said);
			holds(t->name, strcmp(r.token, digit) == 0, "%s is \"%s\" (%s)", said, r.token, r.why);
			++*asked;
		}
	}
}

static char *
file_text(const char *path)
{
	static char body[65536];
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	body[fread(body, 1, sizeof(body) - 1, f)] = '\0';
	fclose(f);
	return body;
}

static void
what_shipped_templates_ask_for_is_read_back(void **state)
{
	DIR *d = opendir("templates");
	unsigned asked = 0, words = 0;
	struct dirent *e;

	while ((e = readdir(d))) {
		char path[300], *body;
		struct template *t;
		struct err err;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "templates/%s", e->d_name);
		body = file_text(path);
		holds(path, template_parse(&t, body, path, &err) == 0, "%s", err.text);
		check_asked(t, body, &asked);
		for (size_t i = 0; i < t->answer_count; i++)
			for (size_t w = 0; w < t->answers[i].word_count; w++, words++) {
				struct reply r = read_with(t, "%s", t->answers[i].words[w]);

				holds(path, strcmp(r.token, t->answers[i].token) == 0, "%s is \"%s\" (%s)",
				      t->answers[i].words[w], r.token, r.why);
			}
		template_free(t);
	}
	closedir(d);
	holds("some are asked for", asked >= 8 && words >= 4, "%u, %u words", asked, words);
}

static char *done_words[] = { "送到", "核查合格", "都下山了" }, *cannot_words[] = { "船坏了" };
static struct answer_rule own_rules[] = {
	{ .token = "1", ANSWER_ACKNOWLEDGED, 3 },
	{ .token = "3", ANSWER_DONE, 5, .words = done_words, .word_count = COUNT(done_words) },
	{ .token = "0", ANSWER_CANNOT, 0, .words = cannot_words, .word_count = COUNT(cannot_words) },
};
static const struct template own = { .answers = own_rules, .answer_count = COUNT(own_rules) };

static const struct { const char *sentence, *text, *token; enum reply_rule rule; } own_words[] = {
	{ "the template's own word counts", "送到", "3", REPLY_BY_TEMPLATE_WORD },
	{ "with politeness", "都下山了,请放心", "3", REPLY_BY_TEMPLATE_WORD },
	{ "behind its digit", "3 送到了", "3", REPLY_BY_DIGIT },
	{ "with ours before it", "收到,核查合格", "3", REPLY_BY_TEMPLATE_WORD },
	{ "never with a doubt", "没送到", "", REPLY_BY_DOUBT },
	{ "nor with a number", "送到3户", "", REPLY_BY_DOUBT },
	{ "nor with what is unknown", "送到村里老王", "", REPLY_BY_DOUBT },
	{ "nor for two answers", "送到 船坏了", "", REPLY_BY_DOUBT },
	{ "cannot is believed", "船坏了过不来", "0", REPLY_BY_TEMPLATE_WORD },
	{ "ours still count", "收到", "1", REPLY_BY_WORD },
};

static void
a_template_has_words_of_its_own(void **state)
{
	for (size_t i = 0; i < COUNT(own_words); i++) {
		struct reply r = read_with(&own, "%s", own_words[i].text);

		holds(own_words[i].sentence, strcmp(r.token, own_words[i].token) == 0 && r.rule == own_words[i].rule,
		      "\"%s\" by %s (%s)", r.token, reply_rule_name(r.rule), r.why);
	}
}

static struct answer_rule muster_rules[] = {
	{ .token = "1", ANSWER_COMING, 3 }, { .token = "2", ANSWER_IN_POST, 4 },
	{ .token = "0", ANSWER_CANNOT, 0 },
};
static const struct template muster = { .answers = muster_rules, .answer_count = COUNT(muster_rules) };

static const struct { const char *sentence, *text, *token; unsigned minutes; } minutes[] = {
	{ "behind a space", "1 20", "1", 20 },
	{ "behind 加", "1加20", "1", 20 },
	{ "behind a plus", "1+20", "1", 20 },
	{ "with what the text told them to", "回1 20", "1", 20 },
	{ "with their unit", "1 20分钟", "1", 20 },
	{ "and more", "1,20分钟后到", "1", 20 },
	{ "full-width", "１　２０", "1", 20 },
	{ "before a code", "1 20 K7", "1", 20 },
	{ "behind a code", "1 K7 20", "1", 20 },
	{ "with a word", "马上到,20分钟", "1", 20 },
	{ "in English", "coming in 20 min", "1", 20 },
	{ "240 are possible", "1 240", "1", 240 },
	{ "241 are not", "1 241", "", 0 },
	{ "nor is none", "1 0", "", 0 },
	{ "without anything between it is another number", "120", "", 0 },
	{ "a time of day is none", "1 8:30", "", 0 },
	{ "nor a range", "1-20", "", 0 },
	{ "nor an hour", "1 9点", "", 0 },
	{ "nor people", "1 20人", "", 0 },
	{ "nor a second answer", "1 2", "", 0 },
	{ "minutes of nobody who comes", "2 20", "", 0 },
	{ "cannot is cannot", "0 20", "0", 0 },
	{ "a word needs the unit", "马上到 20", "", 0 },
	{ "the digit twice is no minute", "1 1", "1", 0 },
	{ "received is not coming", "收到", "", 0 },
};

static void
minutes_are_read_where_people_come(void **state)
{
	for (size_t i = 0; i < COUNT(minutes); i++) {
		struct reply r = read_with(&muster, "%s", minutes[i].text);
		struct reply elsewhere = read_with(&own, "%s", minutes[i].text);

		holds(minutes[i].sentence, strcmp(r.token, minutes[i].token) == 0 && r.minutes == minutes[i].minutes,
		      "\"%s\" %u (%s)", r.token, r.minutes, r.why);
		holds(minutes[i].sentence, elsewhere.minutes == 0, "%u elsewhere", elsewhere.minutes);
	}
}

static const struct { const char *word; enum answer_kind kind; bool fits; } fits[] = {
	{ "全部撤出", ANSWER_DONE, true }, { "核查合格", ANSWER_DONE, true }, { "来不了", ANSWER_CANNOT, true },
	{ "a hundred percent", ANSWER_DONE, true }, { "不在岗", ANSWER_IN_POST, false }, { "没人了", ANSWER_DONE, false },
	{ "3组撤完", ANSWER_DONE, false }, { "三组撤完", ANSWER_DONE, false }, { "撤完?", ANSWER_DONE, false },
	{ "……", ANSWER_DONE, false }, { "TD", ANSWER_DONE, false }, { "退订", ANSWER_CANNOT, false },
	{ "被困", ANSWER_DONE, false }, { "被困", ANSWER_HELP, true }, { "来不了", ANSWER_DONE, false },
};

static void
a_word_that_is_in_doubt_is_refused(void **state)
{
	for (size_t i = 0; i < COUNT(fits); i++)
		holds(fits[i].word, !reply_word_fault(fits[i].word, fits[i].kind) == fits[i].fits, "%d",
		      fits[i].fits);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_does_what_its_class_says),
		cmocka_unit_test(what_shipped_templates_ask_for_is_read_back),
		cmocka_unit_test(a_template_has_words_of_its_own),
		cmocka_unit_test(minutes_are_read_where_people_come),
		cmocka_unit_test(a_word_that_is_in_doubt_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
