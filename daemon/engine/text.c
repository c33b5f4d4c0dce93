/* text.c -- the texts of an alert: where each parameter's value comes from, stored variants. */
#include "daemon/engine/ground.h"

#include <jansson.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/segment.h"

struct lookup {
	struct engine *e;
	const struct text_place *place;
	enum lang lang;
	json_t *columns;		/* of the division, once needed */
	char division_name[128];
	char number[32];
};

static const char *
in_pairs(const struct pair *pairs, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(pairs[i].name, name) == 0)
			return pairs[i].value;
	return NULL;
}

static const char *
of_division(struct lookup *l, const char *name)
{
	const struct alert_request *r = l->place->request;
	const char *value;

	for (size_t i = 0; i < r->division_param_count; i++)
		if (division_contains(r->division_params[i].division, l->place->division) &&
		    strcmp(r->division_params[i].param.name, name) == 0)
			return r->division_params[i].param.value;
	value = in_pairs(r->params, r->param_count, name);
	if (value || !l->place->division)
		return value;
	if (!l->columns) {
		char *params = NULL;

		store_division_get(l->e->store, l->place->division, l->division_name, &params);
		l->columns = json_loads(params ? params : "{}", 0, NULL);
		free(params);
	}
	value = json_string_value(json_object_get(l->columns, name));
	if (value && *value)
		return value;
	if (strcmp(name, "area") == 0 || strcmp(name, "place") == 0)
		return l->division_name[0] ? l->division_name : NULL;
	return NULL;
}

static const char *
local_time(struct lookup *l, msec at)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
					      "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t seconds = at / 1000;
	struct tm tm;

	localtime_r(&seconds, &tm);
	if (l->lang == LANG_ZH)
		snprintf(l->number, sizeof(l->number), "%d日%d:%02d", tm.tm_mday, tm.tm_hour,
			 tm.tm_min);
	else
		snprintf(l->number, sizeof(l->number), "%d %s %d:%02d", tm.tm_mday,
			 months[tm.tm_mon], tm.tm_hour, tm.tm_min);
	return l->number;
}

static const char *
derived(struct lookup *l, const char *name)
{
	const struct text_place *p = l->place;

	if (strcmp(name, "n") == 0 || strcmp(name, "m") == 0)
		snprintf(l->number, sizeof(l->number), "%lu", name[0] == 'n' ? p->n : p->m);
	else if (strcmp(name, "min") == 0)
		snprintf(l->number, sizeof(l->number), "%lld",
			 (long long)((p->min_ms + 59999) / 60000));
	else if (strcmp(name, "names") == 0)
		return p->names;
	else if (strcmp(name, "ref") == 0 || strcmp(name, "code") == 0)
		return p->alert->code;
	else if (strcmp(name, "time") == 0)
		return local_time(l, p->time_at ? p->time_at : l->e->now);
	else if (strcmp(name, "post") == 0)
		return p->post;
	else if (strcmp(name, "kind") == 0)
		return p->alert->kind[0] ? p->alert->kind : NULL;
	else
		return of_division(l, strncmp(name, "area", 4) == 0 ? "area" : name);
	return l->number;
}

static const char *
value_of(struct lookup *l, const struct param *param)
{
	const struct text_place *p = l->place;

	switch (param->scope) {
	case SCOPE_REQUEST:
		return in_pairs(p->request->params, p->request->param_count, param->name);
	case SCOPE_DIVISION:
		return of_division(l, param->name);
	case SCOPE_PERSON:
		return p->person;
	case SCOPE_DERIVED:
		break;
	}
	return derived(l, param->name);
}

static const char *
lookup(void *ctx, const char *name)
{
	struct lookup *l = ctx;
	const struct param *param = template_param(l->place->template, name);
	const char *value = param ? value_of(l, param) : NULL;

	return value || !param ? value : param->fallback[l->lang];
}

/* What the text was made of, for a driver whose network fills in an approved template itself.
 * That has no room for the mark of a drill: it goes into the first value that is a text. */
static void
put_template(struct lookup *l, const struct text *text, struct buf *json)
{
	const struct template *t = l->place->template;
	bool drill = l->place->alert->drill, first = true, marked = !drill;
	struct buf value = { 0 };

	buf_puts(json, "{\"name\":");
	buf_json(json, t->name);
	buf_printf(json, ",\"language\":\"%s\",\"params\":{", lang_name(l->lang));
	for (size_t i = 0; i < t->param_count; i++) {
		const char *plain;

		if (!text_uses(text, t->params[i].name))
			continue;
		plain = lookup(l, t->params[i].name);
		if (!marked && plain && *plain && t->params[i].type == PARAM_TEXT) {
			buf_puts(&value, l->e->settings->drill_mark_provider[l->lang]);
			marked = true;
		}
		buf_puts(&value, plain ? plain : "");
		buf_puts(json, first ? "" : ",");
		buf_json(json, t->params[i].name);
		buf_puts(json, ":");
		buf_json(json, value.data);
		buf_reset(&value);
		first = false;
	}
	buf_puts(json, "}");
	if (t->texts[l->lang].constant && !drill) {
		text_render(t->texts[l->lang].constant, lookup, l, &value, NULL);
		buf_puts(json, ",\"constant\":");
		buf_json(json, value.data);
	}
	buf_puts(json, "}");
	if (!marked)
		buf_fini(json);		/* better no template than a drill that looks real */
	buf_fini(&value);
}

static int
render(struct engine *e, const struct text_place *place, enum lang lang, enum channel channel,
       struct buf *out, struct buf *template, struct err *err)
{
	struct lookup l = { .e = e, .place = place, .lang = lang };
	const struct text *text = template_text(place->template, lang, channel);
	int rc;

	if (!text) {
		l.lang = e->settings->default_lang;
		text = template_text(place->template, l.lang, channel);
	}
	if (!text)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_TEMPLATE), template_no_text,
			       place->template->name, lang_name(l.lang));
	rc = text_render(text, lookup, &l, out, err);
	if (rc == 0)
		put_template(&l, text, template);
	json_decref(l.columns);
	return rc;
}

/* Does the text say where?  One that does not speaks of all that its reader is called for. */
static bool
names_place(struct engine *e, const struct text_place *place, enum lang lang, enum channel channel)
{
	const struct template *t = place->template;
	const struct text *text = template_text(t, lang, channel);

	if (!text)
		text = template_text(t, e->settings->default_lang, channel);
	for (size_t i = 0; i < t->param_count; i++)
		if ((t->params[i].scope == SCOPE_DIVISION ||
		     strncmp(t->params[i].name, "area", 4) == 0 ||
		     strcmp(t->params[i].name, "place") == 0) && text_uses(text, t->params[i].name))
			return true;
	return false;
}

/* Does everybody get the same text? */
bool
engine_is_uniform(const struct template *t, enum channel channel)
{
	for (size_t i = 0; i < t->param_count; i++) {
		if (t->params[i].scope == SCOPE_REQUEST)
			continue;
		for (int lang = 0; lang < LANG_COUNT; lang++) {
			const struct text *text = template_text(t, (enum lang)lang, channel);

			if (text && text_uses(text, t->params[i].name))
				return false;
		}
	}
	return true;
}

static int
check_param(struct engine *e, const struct alert_request *r, const struct template *t,
	    const struct param *param, division_code division, struct err *err)
{
	struct alert nobody = { 0 };
	struct text_place place = { .alert = &nobody, .request = r, .template = t,
				    .division = division };
	struct lookup l = { .e = e, .place = &place, .lang = e->settings->default_lang };
	const char *value = value_of(&l, param);
	struct about at = about_name(CONCEPT_PARAM, param->name);
	char code[DIVISION_TEXT] = "";
	int rc = 0;

	if (division)
		division_format(code, division);
	if (!value && !param->fallback[l.lang])
		rc = division && param->scope == SCOPE_DIVISION
			? err_say(err, REFUSED_INVALID, at, template_needs_for, t->name,
				  param->name, code)
			: err_say(err, REFUSED_INVALID, at, template_needs, t->name,
				  param->name);
	else if (value)
		rc = param_check(param, value, err);
	json_decref(l.columns);
	return rc;
}

/* The same of all parameters of divisions, the division's row read once. */
static bool
has_all(struct engine *e, const struct alert_request *r, const struct template *t,
	division_code division)
{
	struct alert nobody = { 0 };
	struct text_place place = { .alert = &nobody, .request = r, .template = t,
				    .division = division };
	struct lookup l = { .e = e, .place = &place, .lang = e->settings->default_lang };
	bool all = true;

	for (size_t i = 0; i < t->param_count && all; i++) {
		const struct param *param = &t->params[i];
		const char *value = param->scope == SCOPE_DIVISION ? value_of(&l, param) : NULL;

		if (param->scope == SCOPE_DIVISION)
			all = value ? param_check(param, value, NULL) == 0 : param->fallback[l.lang] != NULL;
	}
	json_decref(l.columns);
	return all;
}

int
engine_check_texts(struct engine *e, const struct alert_request *r, const struct template *t,
		   const division_code *divisions, size_t count, struct err *err)
{
	size_t complete = 0;

	/* 20,000 places are read once, not once a parameter; if one lacks something, it is named in
	 * the order of the parameters. */
	while (complete < count && has_all(e, r, t, divisions[complete]))
		complete++;
	for (size_t i = 0; i < t->param_count; i++) {
		const struct param *param = &t->params[i];

		if (param->scope == SCOPE_REQUEST &&
		    check_param(e, r, t, param, 0, err) < 0)
			return -1;
		if (param->scope != SCOPE_DIVISION)
			continue;
		for (size_t d = complete; d < count; d++)
			if (check_param(e, r, t, param, divisions[d], err) < 0)
				return -1;
		if (!count && check_param(e, r, t, param, 0, err) < 0)
			return -1;
	}
	return 0;
}

static unsigned
parts_of(const char *head, const char *body)
{
	struct buf all = { 0 };
	struct segment_plan plan = { .parts = 1 };

	buf_puts(&all, head);
	buf_puts(&all, body);
	segment_plan(&plan, all.data, NULL);
	buf_fini(&all);
	return plan.parts;
}

/* The person has another request open: the text says which code to answer with, if the
 * message stays as short as it was. */
static void
add_code(struct buf *body, const char *head, const char *code, enum lang lang)
{
	size_t was = body->len;
	unsigned parts = parts_of(head, body->data);

	buf_printf(body, lang == LANG_ZH ? "(回复1 %s)" : " (Reply 1 %s)", code);
	if (parts_of(head, body->data) > parts) {
		body->len = was;
		body->data[was] = '\0';
	}
}

static void
variant_free(void *p)
{
	struct variant_text *v = p;

	free(v->head);
	free(v->body);
	free(v);
}

/* Takes what `v` points to. */
static const struct variant_text *
remember(struct engine *e, int64_t id, struct variant_text v)
{
	struct variant_text *kept = xmalloc(sizeof(*kept));

	if (e->texts.count++ > 4096)	/* a cache, not a store */
		engine_texts_drop(e);
	*kept = v;
	table_put(&e->texts.variants, (uint64_t)id, kept);
	return kept;
}

int64_t
engine_variant(struct engine *e, const struct text_place *place, enum lang lang,
	       enum channel channel, unsigned *parts, struct err *err)
{
	struct settings *s = e->settings;
	struct buf head = { 0 }, body = { 0 }, template = { 0 };
	unsigned count = 1;
	int64_t id = 0;

	if (render(e, place, lang, channel, &body, &template, err) < 0)
		goto out;
	if (channel == CHANNEL_SMS)
		buf_puts(&head, s->signature[lang] ? s->signature[lang] : "");
	else
		buf_puts(&head, "");
	if (place->alert->drill && s->drill_mark[lang])
		buf_puts(&head, s->drill_mark[lang]);
	if (channel == CHANNEL_SMS && place->code)
		add_code(&body, head.data, place->code, lang);
	if (channel == CHANNEL_SMS)
		count = parts_of(head.data, body.data);
	id = store_variant_insert(e->store, &(struct variant){
		.alert = place->alert->id, .lang = lang, .head = head.data, .body = body.data,
		.parts = count, .template = template.data, .places = &place->division,
		.place_count = place->division && names_place(e, place, lang, channel) });
	if (!e->quiet && !store_failed(e->store))	/* it is sent soon, most likely in this turn */
		remember(e, id, (struct variant_text){ buf_take(&head), buf_take(&body), lang, count });
	if (parts && count > *parts)
		*parts = count;
out:
	buf_fini(&head);
	buf_fini(&body);
	buf_fini(&template);
	return id;
}

const struct variant_text *
engine_variant_text(struct engine *e, int64_t id)
{
	/* In a turn that has failed already, and will be undone. */
	static const struct variant_text nothing = { .head = (char *)"", .body = (char *)"", .parts = 1 };
	struct variant_text *v = table_get(&e->texts.variants, (uint64_t)id), fresh = { 0 };

	if (v)
		return v;
	if (!store_variant_get(e->store, id, &fresh.head, &fresh.body, &fresh.lang, &fresh.parts)) {
		assert(store_failed(e->store));
		return &nothing;
	}
	return remember(e, id, fresh);
}

void
engine_texts_drop(struct engine *e)
{
	table_fini(&e->texts.variants, variant_free);
	e->texts.count = 0;
}
