/* text.c -- the texts of an alert: rendered for one reader, cut to what fits, stored. */
#include "daemon/engine/values.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/segment.h"

#define NAMES_PARTS 3			/* of an SMS that lists what is silent */

/* What the text was made of, for a driver whose network fills in an approved template itself.
 * That has no room for the mark of a drill: it goes into the first value that is a text. */
static void
put_template(struct values *v, const struct text *text, struct buf *json)
{
	const struct template *t = v->place->template;
	bool drill = v->place->alert->drill, first = true, marked = !drill;
	struct buf value = { 0 };

	buf_puts(json, "{\"name\":");
	buf_json(json, t->name);
	buf_printf(json, ",\"language\":\"%s\",\"params\":{", lang_name(v->lang));
	for (size_t i = 0; i < t->param_count; i++) {
		const char *plain;

		if (!text_uses(text, t->params[i].name))
			continue;
		plain = value_lookup(v, t->params[i].name);
		if (!marked && plain && *plain && t->params[i].type == PARAM_TEXT) {
			buf_puts(&value, v->e->settings->drill_mark_provider[v->lang]);
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
	if (t->texts[v->lang].constant && !drill) {
		text_render(t->texts[v->lang].constant, value_lookup, v, &value, NULL);
		buf_puts(json, ",\"constant\":");
		buf_json(json, value.data);
	}
	buf_puts(json, "}");
	if (!marked)
		buf_fini(json);		/* better no template than a drill that looks real */
	buf_fini(&value);
}

/* The text in the language, or in the site's. */
static const struct text *
text_in(struct engine *e, const struct template *t, enum lang *lang, enum channel channel)
{
	const struct text *text = template_text(t, *lang, channel);

	if (text)
		return text;
	*lang = e->settings->default_lang;
	return template_text(t, *lang, channel);
}

static bool
uses(const struct template *t, const struct text *text, bool (*wanted)(const struct param *))
{
	for (size_t i = 0; i < t->param_count; i++)
		if (wanted(&t->params[i]) && text_uses(text, t->params[i].name))
			return true;
	return false;
}

static bool
is_names(const struct param *p)
{
	return p->scope == SCOPE_DERIVED && strcmp(p->name, "names") == 0;
}

static bool
is_of_division(const struct param *p)
{
	return p->scope == SCOPE_DIVISION || value_is_place(p);
}

/* A place's own words: where to, by which way.  Two places that differ in them need two texts. */
static bool
is_of_one_place(const struct param *p)
{
	return p->scope == SCOPE_DIVISION && !value_is_place(p);
}

bool
text_names_place(struct engine *e, const struct template *t, enum lang lang, enum channel channel)
{
	const struct text *text = text_in(e, t, &lang, channel);

	return text && uses(t, text, is_of_division);
}

char *
text_of_place(struct engine *e, const struct text_place *place, size_t i, enum lang lang,
	      enum channel channel)
{
	const struct template *t = place->template;
	const struct text *text = text_in(e, t, &lang, channel);
	struct values v;
	struct buf all = { 0 };

	if (!text || !uses(t, text, is_of_one_place))
		return xstrdup("");
	values_init(&v, e, place, lang, channel);
	buf_puts(&all, "");
	for (size_t k = 0; k < t->param_count; k++) {
		const char *value;

		if (!is_of_one_place(&t->params[k]) || !text_uses(text, t->params[k].name))
			continue;
		value = value_of_place(&v, i, t->params[k].name);
		buf_puts(&all, value ? value : "");
		buf_puts(&all, "\n");
	}
	values_fini(&v);
	return buf_take(&all);
}

/* Is it the same for all who read the language and have the same places, as far as their names go? */
bool
engine_is_by_place(const struct template *t, enum channel channel)
{
	for (size_t i = 0; i < t->param_count; i++) {
		const struct param *p = &t->params[i];

		if (p->scope == SCOPE_REQUEST || p->scope == SCOPE_DERIVED || value_is_place(p))
			continue;
		for (int lang = 0; lang < LANG_COUNT; lang++) {
			const struct text *text = template_text(t, (enum lang)lang, channel);

			if (text && text_uses(text, p->name))
				return false;
		}
	}
	return true;
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
	kept->spoilt = utf8_check(v.head, strlen(v.head), NULL) < 0 || utf8_check(v.body, strlen(v.body), NULL) < 0;
	table_put(&e->texts.variants, (uint64_t)id, kept);
	return kept;
}

struct fitting {			/* one text being cut to what fits */
	struct values v;
	const struct text *text;
	struct buf head, body;
	const char *code;		/* shown behind the text; NULL = none */
	unsigned parts;
};

static int
render(struct fitting *f, struct err *err)
{
	f->parts = 1;
	buf_reset(&f->body);
	if (text_render(f->text, value_lookup, &f->v, &f->body, err) < 0)
		return -1;
	if (f->code)			/* behind any digit: a chief whose village is out answers 3 */
		buf_printf(&f->body, f->v.lang == LANG_ZH ? "(后加%s)" : " (add %s)", f->code);
	if (f->v.channel == CHANNEL_SMS)
		f->parts = parts_of(f->head.data, f->body.data);
	return 0;
}

/* As many names of `count` as `limit` parts hold, but one. */
static int
cut(struct fitting *f, size_t *shown, size_t count, unsigned limit, struct err *err)
{
	size_t fits = 1, over = count + 1;

	for (*shown = count; *shown > fits; *shown = (fits + over) / 2) {
		if (render(f, err) < 0)
			return -1;
		if (f->parts <= limit)
			fits = *shown;
		else
			over = *shown;
	}
	return 0;
}

/* The person has another request open: the text says which code to answer with, if the message
 * stays as short as it was; always, if it is one of several. */
static int
add_code(struct fitting *f, const struct text_place *place, unsigned *limit, struct err *err)
{
	f->code = place->code;
	if (render(f, err) < 0)
		return -1;
	if (place->code_due)
		*limit = f->parts;
	else if (f->parts > *limit)
		f->code = NULL;
	return 0;
}

/* Names go before parts: a reader's own places into as many as one of them takes, the silent ones
 * into three. */
static int
fit(struct fitting *f, const struct text_place *place, struct err *err)
{
	const struct template *t = place->template;
	bool places = place->place_count > 1 && uses(t, f->text, value_is_place);
	bool names = place->silent_count && uses(t, f->text, is_names);
	size_t count = names ? values_silent(&f->v) : 0;
	unsigned limit;

	f->v.places_shown = f->v.names_shown = places || names ? 1 : 0;
	if (render(f, err) < 0)
		return -1;
	limit = f->parts;
	if (place->code && add_code(f, place, &limit, err) < 0)
		return -1;
	if (places && cut(f, &f->v.places_shown, place->place_count, limit, err) < 0)
		return -1;
	if (count > 1 && cut(f, &f->v.names_shown, count, limit > NAMES_PARTS ? limit : NAMES_PARTS, err) < 0)
		return -1;
	return places || names || place->code ? render(f, err) : 0;
}

static void
put_head(struct fitting *f, const struct text_place *place)
{
	const struct settings *s = f->v.e->settings;
	enum lang lang = f->v.lang;

	buf_puts(&f->head, f->v.channel == CHANNEL_SMS && s->signature[lang] ? s->signature[lang] : "");
	buf_puts(&f->head, place->alert->drill && s->drill_mark[lang] ? s->drill_mark[lang] : "");
}

/* The places that the text speaks of: the silent ones below a helper, else the reader's own. */
static size_t
places_of(const struct text_place *p, bool named, division_code **out)
{
	size_t count = 0;

	*out = NULL;
	if (!p->helps) {
		count = named ? p->place_count : 0;
		*out = count ? xmalloc(count * sizeof(**out)) : NULL;
		for (size_t i = 0; i < count; i++)
			(*out)[i] = p->places[i];
		return count;
	}
	*out = xmalloc(VARIANT_PLACES * sizeof(**out));
	for (size_t r = 0; r < p->silent_count; r++)
		for (size_t i = 0; i < p->silent[r].count; i++) {
			if (count == VARIANT_PLACES || !p->silent[r].first[i].division)
				return 0;	/* all that there are */
			(*out)[count++] = p->silent[r].first[i].division;
		}
	return count;
}

static int64_t
keep(struct fitting *f, const struct text_place *place)
{
	struct engine *e = f->v.e;
	struct buf template = { 0 };
	struct variant row = {
		.alert = place->alert->id, .lang = f->v.lang, .head = f->head.data,
		.body = f->body.data, .parts = f->parts, .code = place->code_due ? f->code : NULL,
	};
	division_code *places;
	int64_t id;

	put_template(&f->v, f->text, &template);
	row.template = template.data;
	row.place_count = places_of(place, uses(place->template, f->text, is_of_division), &places);
	row.places = places;
	id = store_variant_insert(e->store, &row);
	if (!e->quiet && !store_failed(e->store))	/* it is sent soon, most likely in this turn */
		remember(e, id, (struct variant_text){ buf_take(&f->head), buf_take(&f->body),
						       row.lang, row.parts, false });
	free(places);
	buf_fini(&template);
	return id;
}

int
engine_text_once(struct engine *e, const struct text_place *place, enum lang lang, enum channel channel,
		 struct buf *head, struct buf *body, struct err *err)
{
	struct fitting f = { .text = text_in(e, place->template, &lang, channel) };
	int rc;

	if (!f.text)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_TEMPLATE), template_no_text,
			       place->template->name, lang_name(lang));
	values_init(&f.v, e, place, lang, channel);
	put_head(&f, place);
	rc = channel == CHANNEL_SMS ? fit(&f, place, err) : render(&f, err);
	values_fini(&f.v);
	*head = f.head;
	*body = f.body;
	return rc;
}

int64_t
engine_variant(struct engine *e, const struct text_place *place, enum lang lang,
	       enum channel channel, unsigned *parts, struct err *err)
{
	struct fitting f = { .text = text_in(e, place->template, &lang, channel) };
	int64_t id = 0;

	if (!f.text) {
		err_say(err, REFUSED_INVALID, about(CONCEPT_TEMPLATE), template_no_text,
			place->template->name, lang_name(lang));
		return 0;
	}
	values_init(&f.v, e, place, lang, channel);
	put_head(&f, place);
	if ((channel == CHANNEL_SMS ? fit(&f, place, err) : render(&f, err)) == 0)
		id = keep(&f, place);
	if (id && parts && f.parts > *parts)
		*parts = f.parts;
	values_fini(&f.v);
	buf_fini(&f.head);
	buf_fini(&f.body);
	return id;
}

/* Bytes of so many characters, or of all of them. */
static size_t
bytes_of(const char *text, size_t characters)
{
	size_t len = 0;

	while (text[len] && ((text[len] & 0xc0) == 0x80 || characters--))
		len++;
	return len;
}

char *
engine_places_said(struct engine *e, const division_code *places, size_t count, enum lang lang,
		   size_t max)
{
	static const struct param names = { .name = (char *)"places", .scope = SCOPE_DERIVED };
	struct alert_request request = { .param_count = 0 };
	struct alert alert = { .id = 0 };
	struct text_place place = { .alert = &alert, .request = &request, .places = places,
				    .place_count = count };
	const char *said;
	struct values v;
	char *text;

	values_init(&v, e, &place, lang, CHANNEL_SMS);
	v.places_shown = count ? count : 1;
	said = value_of(&v, &names);
	while (said && v.places_shown > 1 && said[bytes_of(said, max)]) {
		v.places_shown--;
		said = value_of(&v, &names);
	}
	text = xstrdup(said ? said : "");
	text[bytes_of(text, max)] = '\0';
	values_fini(&v);
	return text;
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
