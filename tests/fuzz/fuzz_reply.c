/* fuzz_reply.c -- any bytes as what a person typed, under three answer maps.  `denies` and `counts`
 * know nothing of the reader's tables: they are a second opinion on what must never be "received",
 * "in post" or "done". */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>

#include "core/reply.h"
#include "core/reply_text.h"

static struct answer_rule warning[] = { { .token = "1", ANSWER_ACKNOWLEDGED, 3 },
	{ .token = "0", ANSWER_CANNOT, 0 }, { .token = "9", ANSWER_HELP, 0 } };
static struct answer_rule move[] = { { .token = "1", ANSWER_ACKNOWLEDGED, 3 },
	{ .token = "3", ANSWER_DONE, 5 }, { .token = "9", ANSWER_HELP, 0 } };
static struct answer_rule muster[] = { { .token = "1", ANSWER_COMING, 3 },
	{ .token = "2", ANSWER_IN_POST, 4 }, { .token = "0", ANSWER_CANNOT, 0 } };
static const struct template maps[] = {
	{ .answers = warning, .answer_count = 3 }, { .answers = move, .answer_count = 3 },
	{ .answers = muster, .answer_count = 3 }, { .answer_count = 0 },
};

static bool
has_any(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

#define HAS_ANY(text, words) has_any(text, words, sizeof(words) / sizeof(*words))

static bool
denies(const char *plain, const char *spaced)
{
	static const char *const zh[] = { "不", "没", "沒", "未", "无", "無", "冇", "勿", "吗", "困", "除了", "还有" };
	static const char *const en[] = { " NOT ", " NO ", " NEVER ", " CANT ", " CANNOT ", " DONT ", " EXCEPT ",
					  " NONE ", " NOBODY ", " WONT ", " DIDNT " };

	return HAS_ANY(plain, zh) || HAS_ANY(spaced, en);
}

/* 没问题 denies nothing. */
static void
leave_out_calm(char *plain)
{
	static const char *const calm[] = { "没问题", "没有问题", "没得问题", "莫得问题", "冇问题", "无问题", "NO PROBLEM" };

	for (size_t i = 0; i < sizeof(calm) / sizeof(*calm); i++)
		for (char *p; (p = strstr(plain, calm[i]));)
			memset(p, '-', strlen(calm[i]));
}

/* A number and, behind a space or not, a word for people or things. */
static bool
counts(const char *plain)
{
	static const char *const things[] = { "人", "个", "户", "名", "家", "栋", "座", "号桥", "PEOPLE", "PERSON",
					      "HOUSES", "TRAPPED", "DEAD", "MISSING" };
	static const char *const spelled[] = { "一", "二", "两", "三", "四", "五", "六", "七", "八", "九", "十", "几" };

	for (const char *p = plain; *p; p++) {
		const char *next = NULL;

		for (size_t i = 0; i < sizeof(spelled) / sizeof(*spelled); i++)
			if (strncmp(p, spelled[i], strlen(spelled[i])) == 0)
				next = p + strlen(spelled[i]);
		if (*p >= '0' && *p <= '9')
			next = p + 1;
		for (size_t i = 0; next && i < sizeof(things) / sizeof(*things); i++)
			if (strncmp(next, things[i], strlen(things[i])) == 0)
				return true;
	}
	return false;
}

/* "1 但 …" says "received" before it says more; nothing higher may. */
static bool
says_more(const struct reply *r, const char *plain, int level)
{
	static const char *const buts[] = { "但", "不过", "可是", "BUT", "HOWEVER" };

	return r->rule == REPLY_BY_DIGIT_BUT && level <= LEVEL_ACKNOWLEDGED && HAS_ANY(plain, buts);
}

static void
check_map(const struct template *t, const char *text, const char *plain, const char *spaced)
{
	enum answer_kind kind = ANSWER_NONE;
	struct reply r, again;
	char answer[64];
	int level = 0;

	reply_parse(&r, t, text);
	promise(strlen(r.token) <= 1, "a token is one digit or none");
	promise(!r.token[0] || strchr("0123456789", r.token[0]), "a token is a digit");
	promise(strlen(r.code) < CODE_TEXT, "a code fits");
	promise(!(r.opt_out || r.opt_in) || !r.token[0], "an opt-out is no answer");
	promise(!r.code[0] || r.token[0] || r.rule == REPLY_BY_MAP, "a code alone is no answer");
	promise(!r.minutes || (r.token[0] && r.minutes <= REPLY_MINUTES_MAX), "minutes belong to an answer");
	promise(reply_rule_name(r.rule) && memchr(r.why, 0, sizeof(r.why)), "the rule has a name");
	if (!r.token[0])
		return;
	promise(reply_meaning(t, r.token, &kind, &level), "an answer is the map's");
	promise(kind != ANSWER_NONE && level >= 0 && level < LEVEL_COUNT, "a meaning is one");
	promise(level < LEVEL_ACKNOWLEDGED || says_more(&r, plain, level) ||
		!(denies(plain, spaced) || counts(plain)), "what denies or counts is no answer");
	promise(level < LEVEL_ACKNOWLEDGED || !r.danger || r.rule == REPLY_BY_DIGIT_BUT,
		"words of danger are no answer");
	snprintf(answer, sizeof(answer), "%s %s", r.token, r.code);
	reply_parse(&again, t, answer);
	promise(strcmp(again.token, r.token) == 0 && strcmp(again.code, r.code) == 0,
		"what was understood is understood again");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char plain[REPLY_LINE], spaced[REPLY_LINE + 2], twice[REPLY_LINE];
	char *text = fuzz_text(data, size);

	reply_text(plain, sizeof(plain), text);
	reply_text(twice, sizeof(twice), plain);
	promise(strcmp(plain, twice) == 0, "plain stays plain");
	leave_out_calm(plain);
	snprintf(spaced, sizeof(spaced), " %s ", plain);
	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++)
		check_map(&maps[i], text, plain, spaced);
	free(text);
	return 0;
}
