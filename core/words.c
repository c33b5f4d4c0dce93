/* words.c -- the tables behind words.h. */
#include "core/words.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static int
find(const char *const *names, int count, const char *word)
{
	for (int i = 0; i < count; i++)
		if (names[i] && strcmp(names[i], word) == 0)
			return i;
	return -1;
}

#define WORDS(type, prefix, count, ...)                                       \
	static const char *const prefix##_words[count] = { __VA_ARGS__ };     \
	const char *prefix##_name(enum type value)                            \
	{                                                                     \
		assert((int)value >= 0 && (int)value < (int)(count));         \
		return prefix##_words[value];                                 \
	}                                                                     \
	int prefix##_parse(const char *word)                                  \
	{                                                                     \
		return find(prefix##_words, count, word);                     \
	}

WORDS(lang, lang, LANG_COUNT, "zh", "en")
WORDS(channel, channel, CHANNEL_COUNT, "sms", "voice", "console")
WORDS(severity, severity, SEVERITY_COUNT, "notice", "blue", "yellow", "orange", "red")
WORDS(tier, tier, TIER_COUNT, "county", "township", "village")
WORDS(outcome, outcome, OUTCOME_COUNT, "none", "accepted", "rejected", "unknown", "withdrawn")
WORDS(reject, reject, REJECT_COUNT, "none", "retry", "retry_other", "drop", "config", "clock")
WORDS(answer_kind, answer_kind, ANSWER_COUNT, "none", "answered", "acknowledged", "in_post",
      "done", "cannot", "help", "coming", "delayed", "opt_out")

const char *
severity_said(enum severity severity, enum lang lang)
{
	static const char *const zh[] = { "", "蓝色", "黄色", "橙色", "红色" };

	_Static_assert(sizeof(zh) / sizeof(*zh) == SEVERITY_COUNT, "a word for each colour");
	if (severity == SEVERITY_NOTICE)
		return "";
	return lang == LANG_ZH ? zh[severity] : severity_name(severity);
}

void
severity_in_sms(char out[SEVERITY_TEXT], enum severity severity, enum lang lang)
{
	snprintf(out, SEVERITY_TEXT, "%s", severity_said(severity, lang));
	for (char *c = out; lang == LANG_EN && *c; c++)
		*c = (char)toupper((unsigned char)*c);
}

bool
severity_is_said(enum severity severity, const char *word)
{
	const char *zh = severity_said(severity, LANG_ZH);

	return strcasecmp(word, severity_said(severity, LANG_EN)) == 0 ||
		(*word && strncmp(word, zh, strlen(word)) == 0);
}

static const struct kind {
	const char *name, *word[LANG_COUNT], *action[LANG_COUNT];
} kinds[] = {
#define K(name, zh, en, do_zh, do_en) { name, { zh, en }, { do_zh, do_en } },
#include "core/kinds.def"
#undef K
};

const char *
kind_name(size_t i)
{
	return i < sizeof(kinds) / sizeof(*kinds) ? kinds[i].name : NULL;
}

static const struct kind *
kind_named(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

const char *
kind_said(const char *name, enum lang lang)
{
	const struct kind *kind = kind_named(name);

	return kind ? kind->word[lang] : NULL;
}

const char *
kind_action(const char *name, enum lang lang)
{
	const struct kind *kind = kind_named(name);

	return kind ? kind->action[lang] : NULL;
}
