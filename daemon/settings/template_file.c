/* template_file.c -- a template's file to a struct template. */
#include "daemon/settings/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/reply.h"
#include "core/reply_text.h"
#include "core/segment.h"

#define WORDS_MAX 64
#define WORD_MAX 20			/* characters */

static cfg_opt_t param_opts[] = {
	CFG_STR("scope", "request", CFGF_NONE),
	CFG_STR("type", "text", CFGF_NONE),
	CONF_WHOLE("max", 40),
	CFG_STR("meaning", NULL, CFGF_NONE),
	CFG_STR("worst_zh", NULL, CFGF_NONE),
	CFG_STR("worst_en", NULL, CFGF_NONE),
	CFG_STR("default_zh", NULL, CFGF_NONE),
	CFG_STR("default_en", NULL, CFGF_NONE),
	CFG_END()
};

static cfg_opt_t answer_opts[] = {
	CFG_STR("outcome", NULL, CFGF_NONE),
	CONF_WHOLE("level", 0),
	CFG_STR_LIST("words", "{}", CFGF_NONE),
	CFG_END()
};

static cfg_opt_t text_opts[] = {
	CFG_STR("sms", NULL, CFGF_NONE),
	CFG_STR("voice", NULL, CFGF_NONE),
	CFG_STR("constant", NULL, CFGF_NONE),
	CFG_END()
};

static cfg_opt_t template_opts[] = {
	CFG_STR("title", "", CFGF_NONE),
	CFG_STR("title_en", NULL, CFGF_NONE),
	CFG_BOOL("flash", cfg_false, CFGF_NONE),
	CFG_BOOL("replies", cfg_true, CFGF_NONE),
	CFG_STR_LIST("policies", "{}", CFGF_NONE),
	CFG_SEC("param", param_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("answer", answer_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("text", text_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_END()
};

static cfg_opt_t file_opts[] = {
	CFG_SEC("template", template_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_END()
};

static int
word(cfg_t *section, const char *option, const char *const *words, int count, struct err *err)
{
	const char *text = cfg_getstr(section, option);

	for (int i = 0; text && i < count; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	return conf_say(section, err, option_unknown, option, QUOTE(text ? text : ""), words[0],
			 words[count - 1]);
}

static int
read_param(struct param *p, cfg_t *section, struct err *err)
{
	static const char *const scopes[] = { "request", "division", "person", "derived" };
	static const char *const types[] = { "text", "number", "time" };
	int scope = word(section, "scope", scopes, 4, err), type;

	if (scope < 0 || (type = word(section, "type", types, 3, err)) < 0)
		return -1;
	*p = (struct param){
		.name = xstrdup(cfg_title(section)), .scope = (enum param_scope)scope,
		.type = (enum param_type)type, .max = (unsigned)cfg_getint(section, "max"),
	};
	p->worst[LANG_ZH] = xstrdup(cfg_getstr(section, "worst_zh"));
	p->worst[LANG_EN] = xstrdup(cfg_getstr(section, "worst_en"));
	p->fallback[LANG_ZH] = xstrdup(cfg_getstr(section, "default_zh"));
	p->fallback[LANG_EN] = xstrdup(cfg_getstr(section, "default_en"));
	return 0;
}

static int
read_answer(struct answer_rule *rule, cfg_t *section, struct err *err)
{
	const char *outcome = cfg_getstr(section, "outcome");
	int kind = outcome ? answer_kind_parse(outcome) : -1;

	if (kind <= 0)
		return conf_say(section, err, answer_outcome, QUOTE(cfg_title(section)),
				 QUOTE(outcome ? outcome : ""));
	if (strlen(cfg_title(section)) != 1 || !strchr("0123456789", cfg_title(section)[0]))
		return conf_say(section, err, answer_token, QUOTE(cfg_title(section)));
	snprintf(rule->token, sizeof(rule->token), "%s", cfg_title(section));
	rule->kind = (enum answer_kind)kind;
	rule->level = (int)cfg_getint(section, "level");
	return 0;
}

static const struct answer_rule *
rule_with_word(const struct template *t, const char *word)
{
	for (size_t i = 0; i < t->answer_count; i++)
		for (size_t w = 0; w < t->answers[i].word_count; w++)
			if (strcmp(t->answers[i].words[w], word) == 0)
				return &t->answers[i];
	return NULL;
}

/* Whatever the words, what doubts or counts beside them still makes them no answer (core/reply.h). */
static int
read_words(struct template *t, struct answer_rule *rule, cfg_t *section, struct err *err)
{
	unsigned count = cfg_size(section, "words");

	if (count > WORDS_MAX)
		return conf_say(section, err, answer_words, rule->token, NUM(WORDS_MAX));
	rule->words = xcalloc(count + 1, sizeof(*rule->words));
	for (unsigned i = 0; i < count; i++) {
		const char *word = cfg_getnstr(section, "words", i), *fault;
		const struct answer_rule *other;
		char plain[256];

		if (utf8_characters(word) > WORD_MAX)
			return conf_say(section, err, answer_word_long, rule->token, QUOTE(word),
					 NUM(WORD_MAX));
		fault = reply_word_fault(word, rule->kind);
		if (fault)
			return conf_say(section, err, answer_word_fault, rule->token, word, fault);
		reply_text(plain, sizeof(plain), word);
		other = rule_with_word(t, plain);
		if (other)
			return conf_say(section, err, answer_word_twice, rule->token, word, other->token);
		rule->words[rule->word_count++] = xstrdup(plain);
	}
	return 0;
}

/* {mm} or ｛mm｝: people would read it so, for only two braces make a variable. */
static bool
single_brace(const struct template *t, const char *source, char *out, size_t size)
{
	static const char *const braces[][2] = { { "{", "}" }, { "｛", "｝" } };

	for (size_t i = 0; i < t->param_count * 2; i++) {
		const char *const *brace = braces[i % 2], *at = source;

		snprintf(out, size, "%s%.60s%s", brace[0], t->params[i / 2].name, brace[1]);
		while ((at = strstr(at, out))) {
			if (at == source || at[-1] != '{')
				return true;
			at++;
		}
	}
	return false;
}

static int
read_text(struct template *t, cfg_t *section, const char *option, struct text **out,
	  struct err *err)
{
	const char *source = cfg_getstr(section, option);
	const char *names[64];
	struct err inner = { 0 };
	char variable[80];

	if (!source)
		return 0;
	if (strcmp(option, "constant") == 0 && strstr(source, "{{"))
		return conf_say(section, err, text_constant, t->name, cfg_title(section));
	for (size_t i = 0; i < t->param_count && i < 64; i++)
		names[i] = t->params[i].name;
	if (text_compile(out, source, names, t->param_count, &inner) < 0)
		return conf_say(section, err, text_fault, t->name, cfg_title(section), option,
				 NEST(&inner.said));
	if (template_check_answers(t, &source, 1, &inner) < 0)
		return conf_say(section, err, text_place, t->name, cfg_title(section), option,
				 NEST(&inner.said));
	if (single_brace(t, source, variable, sizeof(variable)))
		return conf_say(section, err, text_single_brace, t->name, cfg_title(section), option, variable);
	if (strstr(source, "【") || strstr(source, "】"))
		return conf_say(section, err, text_signature, t->name, cfg_title(section), option);
	return 0;
}

static int
read_texts(struct template *t, cfg_t *section, struct err *err)
{
	bool any = false;

	for (unsigned i = 0; i < cfg_size(section, "text"); i++) {
		cfg_t *text = cfg_getnsec(section, "text", i);
		int lang = lang_parse(cfg_title(text));
		struct template_texts *texts;

		if (lang < 0)
			return conf_say(text, err, text_language, QUOTE(cfg_title(text)));
		texts = &t->texts[lang];
		if (read_text(t, text, "sms", &texts->sms, err) < 0 ||
		    read_text(t, text, "voice", &texts->voice, err) < 0 ||
		    read_text(t, text, "constant", &texts->constant, err) < 0)
			return -1;
		any |= texts->sms != NULL;
	}
	if (!any)
		return conf_say(section, err, text_none, t->name);
	return 0;
}

int
template_from(struct template **out, cfg_t *section, struct err *err)
{
	struct template *t = xcalloc(1, sizeof(*t));
	unsigned params = cfg_size(section, "param"), answers = cfg_size(section, "answer");

	t->name = xstrdup(cfg_title(section));
	t->title[LANG_ZH] = xstrdup(cfg_getstr(section, "title"));
	t->title[LANG_EN] = xstrdup(cfg_getstr(section, "title_en"));
	t->flash = cfg_getbool(section, "flash");
	t->unanswered = !cfg_getbool(section, "replies");
	t->policies = xcalloc(cfg_size(section, "policies") + 1, sizeof(*t->policies));
	for (unsigned i = 0; i < cfg_size(section, "policies"); i++)
		t->policies[t->policy_count++] = xstrdup(cfg_getnstr(section, "policies", i));
	t->params = xcalloc(params + 1, sizeof(*t->params));
	t->answers = xcalloc(answers + 1, sizeof(*t->answers));
	if (params > 64) {
		conf_say(section, err, template_params, t->name, NUM(64));
		goto fail;
	}
	for (unsigned i = 0; i < params; i++, t->param_count++)
		if (read_param(&t->params[i], cfg_getnsec(section, "param", i), err) < 0)
			goto fail;
	for (unsigned i = 0; i < answers; i++, t->answer_count++)
		if (read_answer(&t->answers[i], cfg_getnsec(section, "answer", i), err) < 0)
			goto fail;
	for (unsigned i = 0; i < answers; i++)
		if (read_words(t, &t->answers[i], cfg_getnsec(section, "answer", i), err) < 0)
			goto fail;
	if (read_texts(t, section, err) < 0)
		goto fail;
	*out = t;
	return 0;
fail:
	template_free(t);
	return -1;
}

int
template_parse(struct template **out, const char *body, const char *file, struct err *err)
{
	cfg_t *cfg = conf_parse(file_opts, file, body, err);
	int rc;

	*out = NULL;
	if (!cfg)
		return -1;
	if (cfg_size(cfg, "template") != 1)
		rc = conf_say_at(file, 1, err, document_one_template);
	else
		rc = template_from(out, cfg_getnsec(cfg, "template", 0), err);
	cfg_free(cfg);
	return rc;
}
