/* texts.c -- what the site says and whom it calls when: its templates, policies and roles, as its files
 * have them.  They change with a reload only, so a client that has them asks by ETag. */
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "daemon/settings/lint.h"
#include "daemon/web/internal.h"

static json_t *
in_languages(char *const text[LANG_COUNT])
{
	return json_pack("{s:s?,s:s?}", "zh", text[LANG_ZH], "en", text[LANG_EN]);
}

static json_t *
names_of(char *const *names, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(names[i]));
	return list;
}

static void
put_file(json_t *row, const struct settings *s, const char *kind, const char *name)
{
	const struct document *d = settings_document(s, kind, name);

	json_object_set_new(row, "file", json_string(d->path));
	json_object_set_new(row, "instead_of", d->instead_of ? json_string(d->instead_of) : json_null());
	json_object_set_new(row, "body", json_string(d->body));
}

/* -- templates -- */

static json_t *
params_of(const struct template *t)
{
	static const char *const scopes[] = { "request", "division", "person", "derived" };
	static const char *const types[] = { "text", "number", "time" };
	json_t *list = json_array();

	for (size_t i = 0; i < t->param_count; i++) {
		const struct param *p = &t->params[i];

		json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:i,s:o}", "name", p->name, "scope",
						      scopes[p->scope], "type", types[p->type], "max",
						      (int)p->max, "default", in_languages(p->fallback)));
	}
	return list;
}

static json_t *
answers_of(const struct template *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->answer_count; i++)
		json_array_append_new(list, json_pack("{s:s,s:s,s:i}", "token", t->answers[i].token, "outcome",
						      answer_kind_name(t->answers[i].kind), "level",
						      t->answers[i].level));
	return list;
}

static json_t *
form_of(const struct template *t, const struct lint_site *site, enum lang lang, enum lint_form form)
{
	struct lint_size size;
	struct buf longest = { 0 }, asks = { 0 };
	json_t *row;

	lint_size(t, site, lang, form, &size, &longest);
	buf_puts(&asks, "");
	for (int d = 0; d < 10; d++)
		if (size.asks >> d & 1)
			buf_printf(&asks, "%d", d);
	row = json_pack("{s:s,s:s,s:s,s:i,s:i,s:i,s:s}", "language", lang_name(lang), "form", lint_form_name(form),
			"asks", asks.data, "units", (int)size.units, "parts", (int)size.parts, "seconds",
			(int)(size.seconds + 0.5), "longest", longest.data);
	buf_fini(&longest);
	buf_fini(&asks);
	return row;
}

static json_t *
forms_of(const struct template *t, const struct lint_site *site)
{
	json_t *list = json_array();

	for (int lang = 0; lang < LANG_COUNT; lang++)
		for (int form = 0; form < LINT_FORMS; form++)
			if (lint_form(t, (enum lang)lang, (enum lint_form)form))
				json_array_append_new(list, form_of(t, site, (enum lang)lang, (enum lint_form)form));
	return list;
}

struct finding_list {
	json_t *rows;			/* name -> row */
	enum lang reader;
};

static void
put_finding(void *ctx, const struct text_finding *f)
{
	struct finding_list *l = ctx;
	json_t *row = json_object_get(l->rows, f->name);
	struct buf text = { 0 };

	text_finding_render(f, l->reader, &text);
	text.data[--text.len] = '\0';		/* its line end */
	json_array_append_new(json_object_get(row, "findings"),
			      json_pack("{s:i,s:b,s:s}", "line", (int)f->line, "misleads", f->what.misleads, "text",
					text.data));
	buf_fini(&text);
}

static json_t *
templates(const struct settings *s, enum lang reader)
{
	struct lint_site site = settings_lint_site(s);
	struct finding_list list = { .rows = json_object(), .reader = reader };
	json_t *rows = json_array();

	for (size_t i = 0; i < s->template_count; i++) {
		const struct template *t = s->templates[i];
		json_t *row = json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:[]}", "name", t->name, "title",
					in_languages(t->title), "policies", names_of(t->policies, t->policy_count),
					"params", params_of(t), "answers", answers_of(t), "forms",
					forms_of(t, &site), "findings");

		put_file(row, s, "template", t->name);
		json_object_set(list.rows, t->name, row);
		json_array_append_new(rows, row);
	}
	settings_lint(s, put_finding, &list);
	json_decref(list.rows);
	return json_pack("{s:o}", "templates", rows);
}

/* -- policies -- */

static json_t *
step_of(const struct settings *s, const struct policy_step *step)
{
	json_t *to = json_array(), *channels = json_array();

	for (size_t i = 0; i < step->to_count; i++)
		json_array_append_new(to, json_string(s->families[step->to[i]].name));
	if (step->to_answered)
		json_array_append_new(to, json_string("answered"));
	for (int c = 0; c < CHANNEL_COUNT; c++)
		if (step->channels[c])
			json_array_append_new(channels, json_string(channel_name((enum channel)c)));
	return json_pack("{s:s,s:I,s:o,s:o,s:s?,s:i,s:b}", "name", step->name, "after_ms",
			 (json_int_t)step->after_ms, "to", to, "channels", channels, "template", step->template,
			 "below", step->below, "inform", step->inform);
}

static json_t *
good_end_of(const struct settings *s, const struct good_end *end)
{
	json_t *to = json_array();

	if (!end->template) {
		json_decref(to);
		return json_null();
	}
	if (end->asker)
		json_array_append_new(to, json_string("asker"));
	for (size_t i = 0; i < end->to_count; i++)
		json_array_append_new(to, json_string(s->families[end->to[i]].name));
	return json_pack("{s:o,s:s,s:s?}", "to", to, "template", end->template, "reopened", end->reopened);
}

static json_t *
policies(const struct settings *s)
{
	static const char *const targets[] = { "none", "village", "township", "person", "team" };
	json_t *rows = json_array();

	for (size_t i = 0; i < s->policy_count; i++) {
		const struct policy *p = s->policies[i];
		json_t *steps = json_array(), *row;

		for (size_t k = 0; k < p->step_count; k++)
			json_array_append_new(steps, step_of(s, &p->steps[k]));
		row = json_pack("{s:s,s:s,s:s,s:i,s:i,s:i,s:o,s:s?,s:s?,s:o,s:o}", "name", p->name, "title", p->title,
				"targets", targets[p->targets], "until", p->until, "chase_below", p->chase_below,
				"quota", (int)p->quota, "deadline_ms", p->deadline_ms == NEVER ? json_null()
				: json_integer(p->deadline_ms), "full", p->full, "expired", p->expired, "satisfied",
				good_end_of(s, &p->satisfied), "steps", steps);
		put_file(row, s, "policy", p->name);
		json_array_append_new(rows, row);
	}
	return json_pack("{s:o}", "policies", rows);
}

/* -- roles -- */

static json_t *
roles(const struct settings *s)
{
	json_t *rows = json_array(), *families = json_array();

	for (size_t i = 0; i < s->role_count; i++) {
		const struct role *r = &s->roles[i];

		json_array_append_new(rows, json_pack("{s:s,s:o,s:s,s:b}", "name", r->name, "title",
						      in_languages(r->title), "tier", tier_name(r->tier), "duty",
						      r->duty));
	}
	for (size_t i = 0; i < s->family_count; i++) {
		const struct family *f = &s->families[i];
		json_t *of = json_array();

		for (size_t k = 0; k < f->role_count; k++)
			json_array_append_new(of, json_string(s->roles[f->roles[k]].name));
		json_array_append_new(families, json_pack("{s:s,s:o}", "name", f->name, "roles", of));
	}
	return json_pack("{s:o,s:o}", "roles", rows, "families", families);
}

/* -- kinds -- */

static json_t *
colours_of(const struct settings *s, const struct kind_row *k)
{
	json_t *colours = json_object();

	for (int severity = SEVERITY_BLUE; severity < SEVERITY_COUNT; severity++) {
		const struct kind_text *text = settings_kind_text(s, k, (enum severity)severity);

		json_object_set_new(colours, severity_name((enum severity)severity),
				    json_pack("{s:s,s:s,s:b}", "template", text->template, "policy", text->policy,
					      "own", k->by[severity].template != NULL));
	}
	return colours;
}

static json_t *
further_of(const struct settings *s, const struct kind_row *k)
{
	json_t *list = json_array();

	for (size_t i = 0; i < k->further_count; i++) {
		const struct kind_further *f = &k->further[i];
		char *const *title = f->title[LANG_ZH] ? f->title : settings_template(s, f->text.template)->title;

		json_array_append_new(list, json_pack("{s:s,s:o,s:s,s:s,s:s}", "name", f->name, "title",
						      in_languages(title), "severity", severity_name(f->severity),
						      "template", f->text.template, "policy", f->text.policy));
	}
	return list;
}

static json_t *
kinds(const struct settings *s)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < s->kind_count; i++) {
		const struct kind_row *k = &s->kinds[i];

		json_array_append_new(rows, json_pack("{s:s,s:o,s:o,s:o,s:o,s:s?,s:s?,s:s?}", "name", k->name, "title",
						      in_languages(k->title), "action", in_languages(k->action),
						      "colours", colours_of(s, k), "further", further_of(s, k), "lift",
						      settings_kind_lift(s, k->name), "file", k->path, "instead_of",
						      k->instead_of));
	}
	return json_pack("{s:o}", "kinds", rows);
}

static void
put_etag(char out[SITE_ETAG], const char *text, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	size_t n = 0;

	EVP_Digest(text, len, digest, NULL, EVP_sha256(), NULL);
	out[n++] = '"';
	for (size_t i = 0; i < 16; i++)
		n += (size_t)snprintf(out + n, SITE_ETAG - n, "%02x", digest[i]);
	snprintf(out + n, SITE_ETAG - n, "\"");
}

void
texts_get(struct web *web, struct http_conn *c, struct exchange *x)
{
	enum texts what = (enum texts)x->call->kind;
	struct query q;
	struct err err;
	json_t *answer;
	char *text, etag[SITE_ETAG], extra[200];
	size_t len;
	bool has_it;

	if (query_parse(&q, http_request(c)->query, x->call->query, web->ports.now(web->ports.ctx), &err) < 0) {
		web_refuse(c, &err);
		return;
	}
	answer = what == TEXTS_TEMPLATES ? templates(x->settings, web_language(c))
		: what == TEXTS_POLICIES ? policies(x->settings) : what == TEXTS_KINDS ? kinds(x->settings)
		: roles(x->settings);
	text = json_dumps(answer, JSON_COMPACT);
	len = strlen(text);
	put_etag(etag, text, len);
	has_it = site_has_etag(http_header(http_request(c), "if-none-match"), etag);
	snprintf(extra, sizeof(extra), "ETag: %s\r\nContent-Language: %s\r\nVary: Accept-Language\r\n", etag,
		 lang_name(web_language(c)));
	http_answer(c, has_it ? 304 : 200, "application/json", extra, text, has_it ? 0 : len, 0);
	free(text);
	json_decref(answer);
}
