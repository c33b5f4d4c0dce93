/* lint.c -- the rules, one function each.  A text is looked at with marks where its values stand, at its
 * longest, and as it reads when only the defaults are there. */
#include "core/lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lint_scan.h"
#include "core/name_list.h"
#include "core/reply.h"
#include "core/segment.h"

#define LIST_PARTS 3			/* of a text that names what is silent */
#define CALL_NAMES 8			/* of such names in a call */
#define CALL_MIN 12.0			/* seconds */
#define CALL_MAX 25.0

struct lint {
	const struct template *t;
	const struct lint_site *site;
	lint_tell tell;
	void *ctx;
	enum lang lang;			/* of the text that is looked at */
	enum lint_form form;
	const struct text *text;
	struct buf skeleton;		/* of it */
};

const char *
lint_form_name(enum lint_form form)
{
	static const char *const names[] = { "sms", "voice", "constant" };

	return names[form];
}

const struct text *
lint_form(const struct template *t, enum lang lang, enum lint_form form)
{
	const struct template_texts *texts = &t->texts[lang];

	return form == LINT_SMS ? texts->sms : form == LINT_VOICE ? texts->voice : texts->constant;
}

/* Adds who it is about; `said` is filled by the caller. */
static void
find(const struct lint *l, bool misleads, bool whole, const struct said *said)
{
	struct lint_finding f = { .misleads = misleads, .lang = whole ? -1 : (int)l->lang,
				  .form = whole ? -1 : (int)l->form, .said = *said };

	l->tell(l->ctx, &f);
}

#define STYLE(name, ...) \
	do { struct said said_; SAY(&said_, name, __VA_ARGS__); find(l, false, false, &said_); } while (0)
#define MISLEADS(name, ...) \
	do { struct said said_; SAY(&said_, name, __VA_ARGS__); find(l, true, false, &said_); } while (0)

/* "1, 3, 9" */
static const char *
digits(char out[32], unsigned tokens)
{
	size_t n = 0;

	out[0] = '\0';
	for (int d = 0; d < 10; d++)
		if (tokens >> d & 1)
			n += (size_t)snprintf(out + n, 32 - n, "%s%d", n ? ", " : "", d);
	return n ? out : "-";
}
#define DIGITS(tokens) digits((char[32]){ "" }, (tokens))

/* -- the answer map -- */

static bool
has_answer(const struct template *t, int digit)
{
	enum answer_kind kind;
	int level;

	return reply_meaning(t, (char[2]){ (char)('0' + digit), '\0' }, &kind, &level);
}

static void
check_tokens(struct lint *l)
{
	unsigned tokens = lint_tokens(l->text, l->lang);
	const char *opt_out = lint_opt_out(l->skeleton.data, l->lang);

	for (int d = 0; d < 10; d++)
		if ((tokens >> d & 1) && !has_answer(l->t, d))
			MISLEADS(lint_token, NUM(d));
	if (opt_out)
		MISLEADS(lint_opt_out, opt_out);
}

/* 0 and 9 mean the same in every text that anybody here has ever read. */
static void
check_zero_nine(struct lint *l)
{
	for (size_t i = 0; i < l->t->answer_count; i++) {
		const struct answer_rule *a = &l->t->answers[i];
		enum answer_kind must = strcmp(a->token, "0") == 0 ? ANSWER_CANNOT
			: strcmp(a->token, "9") == 0 ? ANSWER_HELP : a->kind;
		struct said said;

		if (a->kind == must)
			continue;
		SAY(&said, lint_zero_nine, a->token, answer_kind_name(must), answer_kind_name(a->kind));
		find(l, true, true, &said);
	}
}

int
lint_reach(const struct template *t, const struct text *text, enum lang lang)
{
	unsigned tokens = lint_tokens(text, lang);
	int best = 0;

	for (int d = 0; d < 10; d++) {
		enum answer_kind kind;
		int level = 0;

		if ((tokens >> d & 1) &&
		    reply_meaning(t, (char[2]){ (char)('0' + d), '\0' }, &kind, &level) && level > best)
			best = level;
	}
	return best;
}

/* -- what it says -- */

static void
check_speaker(struct lint *l)
{
	const char *begin = l->lang == LANG_ZH ? "这里是" : "This is ";

	if (l->form == LINT_VOICE && strncmp(l->skeleton.data, begin, strlen(begin)) != 0)
		STYLE(lint_speaker, begin);
}

static void
check_hazard(struct lint *l)
{
	static const char *const values[] = { "title", "old_title", "kind" };
	const char *title = l->t->title[l->lang] ? l->t->title[l->lang] : "";
	bool by_title = lint_names_hazard(title, l->lang);
	bool by_colour = l->form != LINT_CONSTANT && lint_count(l->skeleton.data, "level");

	if ((!by_title && !by_colour) || lint_names_hazard(l->skeleton.data, l->lang))
		return;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		if (lint_count(l->skeleton.data, values[i]))
			return;
	STYLE(lint_hazard, title);
}

static void
check_places(struct lint *l)
{
	unsigned places = 0, names = lint_count(l->skeleton.data, "names");

	for (size_t i = 0; i < l->t->param_count; i++)
		if (name_is_place(l->t->params[i].name))
			places += lint_count(l->skeleton.data, l->t->params[i].name);
	if (places > 1 || names > 1)
		STYLE(lint_place_twice, places > 1 ? "place" : "names");
}

/* A provider's approved template wants fixed text between two variables. */
static void
check_values(struct lint *l)
{
	static const char *const unspeakable[] = { "time", "ref", "code", "due", "otp", "mag" };
	char name[64];

	if (lint_side_by_side(l->skeleton.data, name, sizeof(name)))
		STYLE(lint_side_by_side, name);
	if (strstr(l->skeleton.data, "http") || strstr(l->skeleton.data, "www."))
		STYLE(lint_link);
	for (size_t i = 0; l->form == LINT_VOICE && i < sizeof(unspeakable) / sizeof(*unspeakable); i++)
		if (lint_count(l->skeleton.data, unspeakable[i]))
			STYLE(lint_spoken, unspeakable[i]);
}

/* -- how long it is -- */

struct filling {
	const struct lint *l;
	bool least;			/* defaults where there are any */
	struct buf value;
};

/* Of names in a call the first eight. */
static const char *
first_names(struct filling *f, const char *all)
{
	const char *between = f->l->lang == LANG_ZH ? "、" : ", ", *end = all;

	for (int i = 0; i < CALL_NAMES && end; i++)
		end = strstr(i ? end + strlen(between) : end, between);
	if (!end)
		return all;
	buf_reset(&f->value);
	buf_add(&f->value, all, (size_t)(end - all));
	return f->value.data;
}

static const char *
fill(void *ctx, const char *name)
{
	struct filling *f = ctx;
	const struct lint *l = f->l;
	const struct param *p = template_param(l->t, name);
	const char *value = f->least ? p->fallback[l->lang] : NULL;

	if (!value)
		value = p->worst[l->lang];
	if (!value) {
		buf_reset(&f->value);
		buf_puts(&f->value, "");
		for (unsigned i = 0; i < (p->max ? p->max : 40); i++)
			buf_puts(&f->value, p->type == PARAM_NUMBER ? "9" : l->lang == LANG_ZH ? "某" : "x");
		return f->value.data;
	}
	return l->form == LINT_VOICE && strcmp(name, "names") == 0 ? first_names(f, value) : value;
}

static void
filled(const struct lint *l, bool least, struct buf *out)
{
	struct filling f = { .l = l, .least = least };

	text_render(l->text, fill, &f, out, NULL);	/* every value is there */
	buf_fini(&f.value);
}

/* The first character that GSM 7 has not. */
static const char *
strange(char out[8], const char *text)
{
	for (const char *p = text; *p; ) {
		struct segment_plan plan;
		size_t len = 1;

		while ((p[len] & 0xc0) == 0x80)
			len++;
		snprintf(out, 8, "%.*s", (int)(len < 7 ? len : 7), p);
		if (segment_plan(&plan, out, NULL) == 0 && plan.alphabet != SEGMENT_GSM7)
			return out;
		p += len;
	}
	return "?";
}

void
lint_size(const struct template *t, const struct lint_site *site, enum lang lang, enum lint_form form,
	  struct lint_size *out, struct buf *longest)
{
	struct lint l = { .t = t, .site = site, .lang = lang, .form = form, .text = lint_form(t, lang, form) };
	struct segment_plan plan = { .parts = 0 };

	if (form != LINT_VOICE)
		buf_puts(longest, site->signature[lang]);
	if (form == LINT_SMS)
		buf_puts(longest, site->drill_mark[lang]);
	filled(&l, false, longest);
	if (form != LINT_VOICE)
		segment_plan(&plan, longest->data, NULL);
	*out = (struct lint_size){ .units = plan.units, .parts = plan.parts, .asks = lint_tokens(l.text, lang) };
	if (form == LINT_VOICE)
		out->seconds = lint_seconds(longest->data, lang);
}

static void
check_parts(struct lint *l)
{
	bool list = template_param(l->t, "names") != NULL;
	unsigned limit = list && l->form != LINT_CONSTANT ? LIST_PARTS : 1;
	struct lint_size size;
	struct buf text = { 0 };
	struct segment_plan plan;
	char character[8];

	lint_size(l->t, l->site, l->lang, l->form, &size, &text);
	if (size.parts > limit && (list || size.asks))
		STYLE(lint_parts, NUM(size.parts), NUM(limit), NUM(size.units));
	if (l->lang == LANG_EN && segment_plan(&plan, text.data, NULL) == 0 && plan.alphabet != SEGMENT_GSM7)
		STYLE(lint_alphabet, strange(character, text.data));
	buf_fini(&text);
}

static void
check_seconds(struct lint *l)
{
	struct buf longest = { 0 }, shortest = { 0 };
	double most, least;

	filled(l, false, &longest);
	filled(l, template_param(l->t, "names") == NULL, &shortest);
	most = lint_seconds(longest.data, l->lang);
	least = lint_seconds(shortest.data, l->lang);
	if (most > CALL_MAX || least < CALL_MIN)
		STYLE(lint_seconds, NUM(most > CALL_MAX ? most : least), NUM(CALL_MIN), NUM(CALL_MAX));
	buf_fini(&longest);
	buf_fini(&shortest);
}

/* A value that is left away must leave no hole. */
static void
check_gaps(struct lint *l)
{
	static const char *const gaps[] = { "  ", " ,", ",,", "，，", "()", "（）", "、、", "：：" };
	struct buf text = { 0 };
	const char *gap = NULL;

	filled(l, true, &text);
	for (size_t i = 0; i < sizeof(gaps) / sizeof(*gaps) && !gap; i++)
		gap = strstr(text.data, gaps[i]);
	if (!gap && text.data[0] && strchr(" ,.:", text.data[0]))
		gap = text.data;
	if (gap)
		STYLE(lint_gap, QUOTE(gap));
	buf_fini(&text);
}

static void
check_text(struct lint *l)
{
	lint_skeleton(l->text, true, &l->skeleton);
	check_tokens(l);
	check_speaker(l);
	check_hazard(l);
	check_places(l);
	check_values(l);
	if (l->form == LINT_VOICE)
		check_seconds(l);
	else
		check_parts(l);
	check_gaps(l);
}

/* -- one form beside another -- */

static void
check_forms(struct lint *l)
{
	const struct text *sms = lint_form(l->t, l->lang, LINT_SMS);
	const struct text *constant = lint_form(l->t, l->lang, LINT_CONSTANT);
	unsigned a, b;

	l->form = LINT_CONSTANT;
	if (!sms || !constant)
		return;
	a = lint_tokens(constant, l->lang);
	b = lint_tokens(sms, l->lang);
	if (a != b)
		STYLE(lint_constant, DIGITS(a), DIGITS(b));
}

static void
check_languages(struct lint *l)
{
	bool both = l->t->texts[LANG_ZH].sms && l->t->texts[LANG_EN].sms;

	for (int form = 0; both && form < LINT_FORMS; form++) {
		const struct text *zh = lint_form(l->t, LANG_ZH, (enum lint_form)form);
		const struct text *en = lint_form(l->t, LANG_EN, (enum lint_form)form);
		unsigned a = zh ? lint_tokens(zh, LANG_ZH) : 0, b = en ? lint_tokens(en, LANG_EN) : 0;

		l->form = (enum lint_form)form;
		l->lang = zh ? LANG_EN : LANG_ZH;
		if (!zh != !en)
			STYLE(lint_one_language, lang_name(zh ? LANG_ZH : LANG_EN));
		else if (a != b)
			STYLE(lint_languages, DIGITS(a), DIGITS(b));
	}
}

static bool
says(const struct template *t, enum lang lang, const char *name)
{
	char own[80];

	if (text_uses(t->texts[lang].sms, name))
		return true;
	snprintf(own, sizeof(own), "%s_en", name);	/* text beside text_en */
	return lang == LANG_EN && template_param(t, own) && text_uses(t->texts[lang].sms, own);
}

static void
check_params(struct lint *l)
{
	bool both = l->t->texts[LANG_ZH].sms && l->t->texts[LANG_EN].sms;

	l->form = LINT_SMS;
	for (size_t i = 0; i < l->t->param_count; i++) {
		const struct param *p = &l->t->params[i];
		size_t len = strlen(p->name);

		for (int lang = 0; lang < LANG_COUNT; lang++) {
			l->lang = (enum lang)lang;
			if (p->max && p->worst[lang] && utf8_characters(p->worst[lang]) > p->max)
				STYLE(lint_too_long, p->name, NUM(p->max));
			if (p->max && p->fallback[lang] && utf8_characters(p->fallback[lang]) > p->max)
				STYLE(lint_too_long, p->name, NUM(p->max));
		}
		if (!both || (len > 3 && strcmp(p->name + len - 3, "_en") == 0) ||
		    says(l->t, LANG_ZH, p->name) == says(l->t, LANG_EN, p->name))
			continue;
		l->lang = says(l->t, LANG_ZH, p->name) ? LANG_EN : LANG_ZH;
		STYLE(lint_param, p->name);
	}
}

void
lint_template(const struct template *t, const struct lint_site *site, lint_tell tell, void *ctx)
{
	struct lint l = { .t = t, .site = site, .tell = tell, .ctx = ctx };

	check_zero_nine(&l);
	check_params(&l);
	for (int lang = 0; lang < LANG_COUNT; lang++) {
		for (int form = 0; form < LINT_FORMS; form++) {
			l.lang = (enum lang)lang;
			l.form = (enum lint_form)form;
			l.text = lint_form(t, l.lang, l.form);
			if (l.text)
				check_text(&l);
		}
		check_forms(&l);
	}
	check_languages(&l);
	buf_fini(&l.skeleton);
}
