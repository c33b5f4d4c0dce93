/* text_preview.c -- what readers of some places would get of a text: every form, as it would go out now, with
 * its size.  It writes nothing and accepts nothing. */
#include "daemon/engine/accept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lint.h"
#include "core/lint_scan.h"
#include "core/segment.h"
#include "daemon/settings/lint.h"

#define PLACES_MAX 20
#define SINCE_MS MINUTES(5)		/* {{min}}: as if it had been released so long ago */

struct preview {
	struct engine *e;
	const struct alert_request *r;
	const struct template *t;
	struct alert alert;		/* as it would be */
	struct target targets[PLACES_MAX];	/* a text that names silent places names these */
	struct buf *json;
	struct err err;
};

/* As short messages: every part by itself. */
static void
tell_parts(const char *text, struct buf *json)
{
	struct segment_plan plan = { .parts = 1 };
	size_t from = 0;

	if (segment_plan(&plan, text, NULL) < 0)
		plan = (struct segment_plan){ .parts = 1 };
	buf_printf(json, "\"alphabet\":\"%s\",\"units\":%u,\"parts\":[", plan.alphabet == SEGMENT_GSM7 ? "gsm7" : "ucs2",
		   plan.units);
	for (unsigned i = 0; i < plan.parts; i++) {
		size_t to = segment_end(&plan, text, i);
		struct segment_plan one = { .units = 0 };
		char *part = xstrndup(text + from, to - from);

		segment_plan(&one, part, NULL);
		buf_printf(json, "%s{\"units\":%u,\"text\":", i ? "," : "", one.units);
		buf_json(json, part);
		buf_puts(json, "}");
		free(part);
		from = to;
	}
	buf_puts(json, "]");
}

static void
tell_longest(const struct preview *p, enum lang lang, enum lint_form form, struct buf *json)
{
	struct lint_site site = settings_lint_site(p->e->settings);
	struct buf longest = { 0 };
	struct lint_size size;

	lint_size(p->t, &site, lang, form, &size, &longest);
	buf_printf(json, ",\"longest\":{\"units\":%u,\"parts\":%u,\"seconds\":%u,\"text\":", size.units, size.parts,
		   (unsigned)(size.seconds + 0.5));
	buf_json(json, longest.data ? longest.data : "");
	buf_puts(json, "}");
	buf_fini(&longest);
}

/* An SMS twice: with gong's signature, and as it is given to a provider that signs. */
static void
tell_sms(const struct preview *p, enum lang lang, const struct buf *head, const char *body, struct buf *json)
{
	struct buf all = { 0 };

	buf_puts(&all, head->data ? head->data : "");
	buf_puts(&all, body);
	buf_puts(json, ",\"text\":");
	buf_json(json, all.data);
	buf_puts(json, ",");
	tell_parts(all.data, json);
	buf_reset(&all);
	if (p->alert.drill)
		buf_puts(&all, p->e->settings->drill_mark_provider[lang]);
	buf_puts(&all, body);
	buf_puts(json, ",\"provider\":");
	buf_json(json, all.data);
	buf_fini(&all);
}

/* A constant has no variables. */
static const char *
no_value(void *ctx, const char *name)
{
	return NULL;
}

static int
tell_form(struct preview *p, const struct text_place *place, enum lang lang, enum lint_form form, const char *comma)
{
	struct buf head = { 0 }, body = { 0 };
	int rc = 0;

	if (form == LINT_CONSTANT)
		rc = text_render(p->t->texts[lang].constant, no_value, NULL, &body, &p->err);
	else
		rc = engine_text_once(p->e, place, lang, form == LINT_SMS ? CHANNEL_SMS : CHANNEL_VOICE, &head, &body,
				      &p->err);
	if (rc == 0) {
		buf_puts(&body, "");
		buf_printf(p->json, "%s{\"language\":\"%s\",\"form\":\"%s\"", comma, lang_name(lang), lint_form_name(form));
		if (form == LINT_VOICE) {
			buf_puts(p->json, ",\"text\":");
			buf_json(p->json, body.data);
			buf_printf(p->json, ",\"seconds\":%u", (unsigned)(lint_seconds(body.data, lang) + 0.5));
		} else {
			tell_sms(p, lang, &head, body.data, p->json);
		}
		tell_longest(p, lang, form, p->json);
		buf_puts(p->json, "}");
	}
	buf_fini(&head);
	buf_fini(&body);
	return rc;
}

/* What one reader gets who answers for, or hears of, these places. */
static int
tell_reader(struct preview *p, size_t first, size_t count, const char *comma)
{
	division_code places[PLACES_MAX];
	struct target_range silent = { p->targets + first, count };
	struct text_place place = {
		.alert = &p->alert, .request = p->r, .template = p->t, .old = p->t,
		.old_severity = p->alert.severity, .places = places, .place_count = count, .silent = &silent,
		.silent_count = count ? 1 : 0, .person = "", .post = "", .m = count, .min_ms = SINCE_MS,
	};
	const char *before = "";

	buf_printf(p->json, "%s{\"divisions\":[", comma);
	for (size_t i = 0; i < count; i++) {
		char code[DIVISION_TEXT], name[128] = "";

		places[i] = p->targets[first + i].division;
		division_format(code, places[i]);
		store_division_get(p->e->store, places[i], name, NULL);
		buf_printf(p->json, "%s{\"code\":\"%s\",\"name\":", i ? "," : "", code);
		buf_json(p->json, name);
		buf_puts(p->json, "}");
	}
	buf_puts(p->json, "],\"forms\":[");
	for (int lang = 0; lang < LANG_COUNT; lang++)
		for (int form = 0; form < LINT_FORMS; form++) {
			if (!lint_form(p->t, (enum lang)lang, (enum lint_form)form))
				continue;
			if (tell_form(p, &place, (enum lang)lang, (enum lint_form)form, before) < 0)
				return -1;
			before = ",";
		}
	buf_puts(p->json, "]}");
	return 0;
}

/* Which routes there are for it, and who signs. */
static void
tell_routes(const struct preview *p)
{
	const struct settings *s = p->e->settings;
	const char *comma = "";

	buf_puts(p->json, ",\"routes\":[");
	for (size_t i = 0; i < s->route_count; i++)
		for (int c = CHANNEL_SMS; c <= CHANNEL_VOICE; c++) {
			if (!s->routes[i].channels[c])
				continue;
			buf_printf(p->json, "%s{\"name\":\"%s\",\"channel\":\"%s\",\"gong_signs\":%s}", comma, s->routes[i].name,
				   channel_name((enum channel)c), s->routes[i].gong_signs ? "true" : "false");
			comma = ",";
		}
	buf_puts(p->json, "]");
}

static int
check(struct preview *p, struct text_lacks *lacks)
{
	const struct alert_request *r = p->r;
	char code[DIVISION_TEXT];

	if (!p->t)			/* a reload came in between */
		return err_say(&p->err, REFUSED_NOT_FOUND, about(CONCEPT_NONE), no_template, r->template);
	if (r->division_count > PLACES_MAX)
		return err_say(&p->err, REFUSED_INVALID, about(CONCEPT_DIVISION), list_too_long, NUM(r->division_count),
			       NUM(PLACES_MAX));
	for (size_t i = 0; i < r->division_count; i++) {
		division_format(code, r->divisions[i]);
		if (!store_division_get(p->e->store, r->divisions[i], NULL, NULL))
			return err_say(&p->err, REFUSED_INVALID, about(CONCEPT_DIVISION), no_division, code);
		p->targets[i] = (struct target){ .id = (unsigned)i, .division = r->divisions[i] };
	}
	for (size_t i = 0; i < r->param_count; i++)
		if (!template_param(p->t, r->params[i].name))
			return err_say(&p->err, REFUSED_INVALID, about_name(CONCEPT_PARAM, r->params[i].name),
				       template_no_param, p->t->name, r->params[i].name);
	return engine_check_uses(p->e, r, &(struct text_use){ p->t, 0 }, 1, r->divisions, r->division_count, lacks,
				 &p->err);
}

static int
tell(struct preview *p, const struct text_lacks *lacks)
{
	size_t count = p->r->division_count;

	buf_puts(p->json, "{\"template\":");
	buf_json(p->json, p->t->name);
	buf_printf(p->json, ",\"severity\":\"%s\",\"mode\":\"%s\",\"readers\":[", severity_name(p->alert.severity),
		   p->alert.drill ? "drill" : p->alert.test ? "test" : "real");
	for (size_t i = 0; i < count; i++)
		if (tell_reader(p, i, 1, i ? "," : "") < 0)
			return -1;
	/* Who has seats in all of them, or helps them all. */
	if (count != 1 && tell_reader(p, 0, count, count ? "," : "") < 0)
		return -1;
	buf_puts(p->json, "]");
	tell_routes(p);
	buf_puts(p->json, ",\"warnings\":[");
	engine_tell_lacks(p->e, lacks, "", p->json);
	buf_puts(p->json, "]}");
	return 0;
}

void
engine_preview(struct engine *e, const struct alert_request *r, uint64_t to)
{
	struct buf json = { 0 };
	struct preview p = { .e = e, .r = r, .t = settings_template(e->settings, r->template), .json = &json,
			     .alert = { .severity = r->severity, .drill = r->drill, .test = r->test, .code = "A1" } };
	struct text_lacks lacks = { .count = 0 };

	snprintf(p.alert.kind, sizeof(p.alert.kind), "%s", r->kind ? r->kind : "");
	if (check(&p, &lacks) < 0 || tell(&p, &lacks) < 0) {
		engine_refuse(e, to, &p.err);
		buf_fini(&json);
		return;
	}
	engine_reply(e, to, REPLY_DONE, &json);
}
