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

struct lacking {			/* of one parameter: which places have no good value for it */
	division_code first;
	size_t count, without;		/* without: any value at all */
};

/* All of a place's parameters, its row read once. */
static void
look_at_place(struct engine *e, const struct alert_request *r, const struct template *t,
	      const division_code *division, struct lacking *lacking)
{
	struct alert a = alert_to_be(r);
	struct text_place place = { .alert = &a, .request = r, .template = t, .places = division,
				    .place_count = *division != 0 };
	struct values v;

	values_init(&v, e, &place, e->settings->default_lang, CHANNEL_SMS);
	for (size_t i = 0; i < t->param_count; i++) {
		const struct param *param = &t->params[i];
		const char *value = param->scope == SCOPE_DIVISION ? value_of(&v, param) : "";

		if (value && (!*value || param_check(param, value, NULL) == 0))
			continue;
		if (!lacking[i].count++)
			lacking[i].first = *division;
		lacking[i].without += !value && !has_default(e, param);
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

/* 20,000 places are read once, not once a parameter.  What one village's row lacks, or has too
 * long, refuses no alert at night; what no place has is the request's fault. */
static int
check_places(struct engine *e, const struct alert_request *r, const struct template *t,
	     const division_code *divisions, size_t count, struct text_lack *lack, struct err *err)
{
	struct lacking *lacking = xcalloc(t->param_count + 1, sizeof(*lacking));
	static const division_code nowhere;
	int rc = 0;

	for (size_t d = 0; d < count; d++)
		look_at_place(e, r, t, &divisions[d], lacking);
	if (!count)
		look_at_place(e, r, t, &nowhere, lacking);
	for (size_t i = 0; i < t->param_count && rc == 0; i++) {
		if (lacking[i].without == (count ? count : 1))
			rc = refuse_lacking(t, &t->params[i], lacking[i].first, err);
		else if (lacking[i].count && count && lack && !lack->count)
			*lack = (struct text_lack){ t->params[i].name, lacking[i].first,
						    lacking[i].count };
	}
	free(lacking);
	return rc;
}

int
engine_check_texts(struct engine *e, const struct alert_request *r, const struct template *t,
		   const division_code *divisions, size_t count, struct text_lack *lack,
		   struct err *err)
{
	for (size_t i = 0; i < t->param_count; i++) {
		const struct param *param = &t->params[i];

		if (check_said(r, param, err) < 0)
			return -1;
		if (param->scope == SCOPE_REQUEST && check_request_param(e, r, t, param, err) < 0)
			return -1;
	}
	return check_places(e, r, t, divisions, count, lack, err);
}
