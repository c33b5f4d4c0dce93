/* check_texts.c -- is everything there that the texts of an alert will say?  Asked when it is accepted,
 * and before a text is used for a place that it was not made for. */
#include "daemon/engine/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The alert that the request would be, as far as texts look at it. */
static struct alert
alert_to_be(const struct alert_request *r)
{
	struct alert a = { .severity = r->severity, .drill = r->drill };

	snprintf(a.kind, sizeof(a.kind), "%s", r->kind ? r->kind : "");
	return a;
}

static int
check_pair(const struct param *param, const struct pair *pair, struct err *err)
{
	for (int lang = 0; lang < LANG_COUNT; lang++)
		if (pair->in[lang] && param_check(param, pair->in[lang], err) < 0)
			return -1;
	return param_check(param, pair->value, err);
}

/* What the request itself says: whoever asks can mend it. */
static int
check_said(const struct alert_request *r, const struct param *param, struct err *err)
{
	for (size_t i = 0; i < r->param_count; i++)
		if (strcmp(r->params[i].name, param->name) == 0 &&
		    check_pair(param, &r->params[i], err) < 0)
			return -1;
	for (size_t i = 0; param->scope == SCOPE_DIVISION && i < r->division_param_count; i++)
		if (strcmp(r->division_params[i].param.name, param->name) == 0 &&
		    check_pair(param, &r->division_params[i].param, err) < 0)
			return -1;
	return 0;
}

static bool
has_default(struct engine *e, const struct param *param)
{
	return param->fallback[e->settings->default_lang] != NULL;
}

static int
check_request_param(struct engine *e, const struct alert_request *r, const struct template *t,
		    const struct param *param, struct err *err)
{
	struct alert a = alert_to_be(r);
	struct text_place place = { .alert = &a, .request = r, .template = t };
	struct values v;
	bool found;

	values_init(&v, e, &place, e->settings->default_lang, CHANNEL_SMS);
	found = value_of(&v, param) != NULL;
	values_fini(&v);
	return found || has_default(e, param) ? 0
		: err_say(err, REFUSED_INVALID, about_name(CONCEPT_PARAM, param->name),
			  template_needs, t->name, param->name);
}

/* Of one parameter of one text. */
struct lacking {
	size_t without;			/* places that have nothing for it, and it has no default */
	struct text_lack missing, bad;
};

static void
note(struct text_lack *lack, division_code division)
{
	if (lack->count < LACK_PLACES)
		lack->first[lack->count] = division;
	lack->count++;
}

static bool
says(const struct template *t, enum lang lang, const char *param)
{
	for (int c = CHANNEL_SMS; c <= CHANNEL_VOICE; c++) {
		const struct text *text = template_text(t, lang, (enum channel)c);

		if (text && text_uses(text, param))
			return true;
	}
	return false;
}

/* One place's value, for the readers of each language that has a text of its own. */
static void
look_at_value(struct values *v, const struct template *t, const struct param *param,
	      division_code division, struct lacking *lacking)
{
	enum lang site = v->e->settings->default_lang;
	bool missing = false, bad = false;

	for (int lang = 0; lang < LANG_COUNT; lang++) {
		const char *value;

		v->lang = (enum lang)lang;
		value = value_of(v, param);
		if (v->lang == site)
			lacking->without += !value && !has_default(v->e, param);
		if (!says(t, v->lang, param->name))
			continue;
		missing |= !value;
		bad |= value && *value && param_check(param, value, NULL) < 0;
	}
	if (bad)
		note(&lacking->bad, division);
	else if (missing)
		note(&lacking->missing, division);
}

/* All of a place's parameters in all texts, its row read once. */
static void
look_at_place(struct engine *e, const struct alert_request *r, const struct text_use *uses,
	      size_t use_count, const division_code *division, struct lacking *lacking)
{
	struct alert a = alert_to_be(r);
	struct text_place place = { .alert = &a, .request = r, .places = division,
				    .place_count = *division != 0 };
	struct values v;

	values_init(&v, e, &place, e->settings->default_lang, CHANNEL_SMS);
	for (size_t u = 0; u < use_count; u++) {
		const struct template *t = uses[u].template;

		place.template = t;
		for (size_t i = 0; i < t->param_count; i++, lacking++)
			if (t->params[i].scope == SCOPE_DIVISION)
				look_at_value(&v, t, &t->params[i], *division, lacking);
	}
	values_fini(&v);
}

static int
refuse_lacking(const struct template *t, const struct param *param, division_code division,
	       struct err *err)
{
	struct about at = about_name(CONCEPT_PARAM, param->name);
	char code[DIVISION_TEXT];

	if (!division)
		return err_say(err, REFUSED_INVALID, at, template_needs, t->name, param->name);
	division_format(code, division);
	return err_say(err, REFUSED_INVALID, at, template_needs_for, t->name, param->name, code);
}

/* As value_lookup has it. */
static enum lack_kind
bad_kind(struct engine *e, const struct param *param)
{
	return value_is_place(param) || !has_default(e, param) ? LACK_LONG : LACK_BAD;
}

static void
tell_lack(struct text_lacks *out, const struct text_use *use, const struct param *param,
	  const struct text_lack *lack, enum lack_kind kind)
{
	struct text_lack *to;

	if (!out || !lack->count || out->count == LACKS_MAX)
		return;
	to = &out->list[out->count++];
	*to = *lack;
	to->use = *use;
	to->param = param;
	to->kind = kind;
}

/* 20,000 places are read once, not once a parameter.  What one village's row lacks, or has too
 * long, refuses no alert at night; what no place has is the request's fault. */
static int
check_places(struct engine *e, const struct alert_request *r, const struct text_use *uses,
	     size_t use_count, const division_code *divisions, size_t count,
	     struct text_lacks *lacks, struct err *err)
{
	static const division_code nowhere;
	struct text_lacks *told = count ? lacks : NULL;
	struct lacking *all, *lacking;
	size_t params = 0;
	int rc = 0;

	for (size_t u = 0; u < use_count; u++)
		params += uses[u].template->param_count;
	all = lacking = xcalloc(params + 1, sizeof(*all));
	for (size_t d = 0; d < count; d++)
		look_at_place(e, r, uses, use_count, &divisions[d], all);
	if (!count)
		look_at_place(e, r, uses, use_count, &nowhere, all);
	for (size_t u = 0; u < use_count && rc == 0; u++)
		for (size_t i = 0; i < uses[u].template->param_count && rc == 0; i++, lacking++) {
			const struct param *param = &uses[u].template->params[i];

			if (lacking->without == (count ? count : 1))
				rc = refuse_lacking(uses[u].template, param, count ? divisions[0] : 0,
						    err);
			tell_lack(told, &uses[u], param, &lacking->bad, bad_kind(e, param));
			tell_lack(told, &uses[u], param, &lacking->missing, LACK_MISSING);
		}
	free(all);
	return rc;
}

static int
check_request(struct engine *e, const struct alert_request *r, const struct template *t,
	      struct err *err)
{
	for (size_t i = 0; i < t->param_count; i++) {
		const struct param *param = &t->params[i];

		if (check_said(r, param, err) < 0)
			return -1;
		if (param->scope == SCOPE_REQUEST && check_request_param(e, r, t, param, err) < 0)
			return -1;
	}
	return 0;
}

int
engine_check_uses(struct engine *e, const struct alert_request *r, const struct text_use *uses,
		  size_t use_count, const division_code *divisions, size_t count,
		  struct text_lacks *lacks, struct err *err)
{
	for (size_t u = 0; u < use_count; u++)
		if (check_request(e, r, uses[u].template, err) < 0)
			return -1;
	return use_count ? check_places(e, r, uses, use_count, divisions, count, lacks, err) : 0;
}

int
engine_check_texts(struct engine *e, const struct alert_request *r, const struct template *t,
		   const division_code *divisions, size_t count, struct err *err)
{
	return engine_check_uses(e, r, &(struct text_use){ t, 0 }, 1, divisions, count, NULL, err);
}
