/* values.c -- where each parameter's value comes from: the request, the reader's own places, the
 * person, or the alert itself.  It renders nothing. */
#include "daemon/engine/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/name_list.h"

void
values_init(struct values *v, struct engine *e, const struct text_place *place, enum lang lang,
	    enum channel channel)
{
	*v = (struct values){ .e = e, .place = place, .lang = lang, .channel = channel };
	v->rows = xcalloc(place->place_count + 1, sizeof(*v->rows));
	if (channel == CHANNEL_VOICE)
		v->places_shown = v->names_shown = VOICE_NAMES;
}

void
values_fini(struct values *v)
{
	for (size_t i = 0; i <= v->place->place_count; i++)
		json_decref(v->rows[i].columns);
	for (size_t i = 0; i < v->name_count; i++)
		free(v->names[i]);
	free(v->rows);
	free(v->names);
	buf_fini(&v->text);
}

/* In the reader's language, else in the site's. */
static const char *
in_language(const struct values *v, const struct pair *pair)
{
	const char *value = pair->in[v->lang];

	if (!value)
		value = pair->in[v->e->settings->default_lang];
	return value ? value : pair->value;
}

static const char *
in_pairs(const struct values *v, const char *name)
{
	const struct alert_request *r = v->place->request;

	for (size_t i = 0; i < r->param_count; i++)
		if (strcmp(r->params[i].name, name) == 0)
			return in_language(v, &r->params[i]);
	return NULL;
}

static struct place_row *
row_of(struct values *v, size_t i, division_code division)
{
	struct place_row *row = &v->rows[i];
	char *params = NULL;

	if (row->is_read)
		return row;
	/* Of a damaged list only the code is left. */
	if (division && !store_division_get(v->e->store, division, row->name, &params))
		division_format(row->name, division);
	row->columns = json_loads(params ? params : "{}", 0, NULL);
	row->is_read = true;
	free(params);
	return row;
}

/* Of a language that has a column of its own, shelter_en beside shelter, that one. */
static const char *
column(const struct values *v, const struct place_row *row, const char *name)
{
	char own[80];
	const char *value;

	snprintf(own, sizeof(own), "%s_%s", name, lang_name(v->lang));
	value = json_string_value(json_object_get(row->columns, own));
	if (!value || !*value)
		value = json_string_value(json_object_get(row->columns, name));
	return value && *value ? value : NULL;
}

const char *
value_of_place(struct values *v, size_t i, const char *name)
{
	const struct alert_request *r = v->place->request;
	division_code division = i < v->place->place_count ? v->place->places[i] : 0;
	struct place_row *row;
	const char *value;

	for (size_t k = 0; k < r->division_param_count; k++)
		if (division_contains(r->division_params[k].division, division) &&
		    strcmp(r->division_params[k].param.name, name) == 0)
			return in_language(v, &r->division_params[k].param);
	value = in_pairs(v, name);
	if (value || !division)
		return value;
	row = row_of(v, i, division);
	value = column(v, row, name);
	if (!value && (strcmp(name, "area") == 0 || strcmp(name, "place") == 0)) {
		value = column(v, row, "name");
		value = value ? value : row->name[0] ? row->name : NULL;
	}
	return value;
}

bool
value_is_place(const struct param *p)
{
	return (p->scope == SCOPE_DIVISION || p->scope == SCOPE_DERIVED) && name_is_place(p->name);
}

/* Two seats in one place are one name; a place whose name is sent along may be all of them. */
static const char *
own_places(struct values *v, const char *name)
{
	size_t count = v->place->place_count;
	size_t shown = v->places_shown && v->places_shown < count ? v->places_shown : count;
	const char *first = value_of_place(v, 0, name);
	bool same = true;

	for (size_t i = 1; i < count && first && same; i++) {
		const char *other = value_of_place(v, i, name);

		same = other && strcmp(other, first) == 0;
	}
	if (count < 2 || !first || same)
		return first;
	buf_reset(&v->text);
	for (size_t i = 0; i < shown; i++) {
		const char *value = value_of_place(v, i, name);

		name_list_add(&v->text, v->lang, value ? value : "");
	}
	name_list_rest(&v->text, v->lang, shown, count, false);
	return v->text.data;
}

static void
take_name(struct values *v, const struct target *t)
{
	struct place_row row = { .columns = NULL };
	struct person person = { .name = "" };
	const char *name = person.name, *own;
	char *params = NULL;

	if (t->contact) {
		store_person_by_id(v->e->store, t->contact, &person);
	} else if (store_division_get(v->e->store, t->division, row.name, &params)) {
		row.columns = json_loads(params ? params : "{}", 0, NULL);
		own = column(v, &row, "name");
		name = own ? own : row.name;
	}
	if (*name)
		v->names[v->name_count++] = xstrdup(name);
	free(params);
	json_decref(row.columns);
}

size_t
values_silent(struct values *v)
{
	const struct text_place *p = v->place;
	size_t looked = 0;

	if (!v->named)
		v->names = xcalloc(NAMES_MAX, sizeof(*v->names));
	for (size_t r = 0; !v->named && r < p->silent_count; r++)
		for (size_t i = 0; i < p->silent[r].count && looked < NAMES_MAX; i++, looked++)
			take_name(v, &p->silent[r].first[i]);
	v->named = true;
	return v->name_count;
}

static unsigned long
silent(const struct text_place *p)
{
	unsigned long n = 0;

	for (size_t r = 0; r < p->silent_count; r++)
		n += p->silent[r].count;
	return n;
}

static const char *
silent_names(struct values *v)
{
	const struct text_place *p = v->place;
	size_t count = values_silent(v);
	size_t shown = v->names_shown && v->names_shown < count ? v->names_shown : count;

	buf_reset(&v->text);
	buf_puts(&v->text, "");
	for (size_t i = 0; i < shown; i++)
		name_list_add(&v->text, v->lang, v->names[i]);
	if (shown)
		name_list_rest(&v->text, v->lang, shown, silent(p), p->silent[0].first[0].contact != 0);
	return v->text.data;
}

static const char *
local_time(struct values *v, msec at)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
					      "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t seconds = at / 1000;
	struct tm tm;

	localtime_r(&seconds, &tm);
	if (v->lang == LANG_ZH)
		buf_printf(&v->text, "%d日%d:%02d", tm.tm_mday, tm.tm_hour, tm.tm_min);
	else
		buf_printf(&v->text, "%d %s %d:%02d", tm.tm_mday, months[tm.tm_mon], tm.tm_hour,
			   tm.tm_min);
	return v->text.data;
}

/* Does any of its texts say the colour?  A callout that ranks with red is no red warning. */
static bool
says_level(const struct template *t)
{
	for (int lang = 0; lang < LANG_COUNT; lang++)
		for (int c = CHANNEL_SMS; c <= CHANNEL_VOICE; c++) {
			const struct text *text = template_text(t, (enum lang)lang, (enum channel)c);

			if (text && text_uses(text, "level"))
				return true;
		}
	return false;
}

/* In an English call "RED" would be spelt out; in an English SMS it stands out. */
static const char *
colour(struct values *v, enum severity severity)
{
	char capitals[SEVERITY_TEXT];

	if (severity == SEVERITY_NOTICE)
		return NULL;
	severity_in_sms(capitals, severity, v->lang);
	buf_reset(&v->text);
	buf_puts(&v->text, v->channel == CHANNEL_SMS ? capitals : severity_said(severity, v->lang));
	return v->text.data;
}

static const char *
level_word(struct values *v, const struct template *own, enum severity severity)
{
	return own && says_level(own) ? colour(v, severity) : NULL;
}

/* Whoever helps hears the colour always; that of a callout is none. */
static const char *
helper_level(struct values *v)
{
	const struct text_place *p = v->place;

	return p->helps && !p->callout ? colour(v, p->alert->severity) : NULL;
}

static const struct template *
own_template(const struct text_place *p)
{
	return p->own ? p->own : p->template;
}

/* Said in `lang`, or not at all. */
static const char *
said_in(struct values *v, const char *name, enum lang lang)
{
	const struct text_place *p = v->place;
	const struct settings *s = v->e->settings;
	const char *value = NULL;

	if (strcmp(name, "title") == 0)
		value = own_template(p)->title[lang];
	else if (strcmp(name, "old_title") == 0 && p->old)
		value = p->old->title[lang];
	else if (strcmp(name, "office") == 0)
		value = s->office[lang] && *s->office[lang] ? s->office[lang] : s->site_name[lang];
	else if (strcmp(name, "kind") == 0 && p->alert->kind[0])
		value = settings_kind_said(s, p->alert->kind, lang);
	else if (strcmp(name, "action") == 0)
		value = settings_kind_action(s, p->alert->kind, lang);
	return value && *value ? value : NULL;
}

static bool
is_said(const char *name)
{
	static const char *const names[] = { "title", "old_title", "office", "kind", "action" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* What is missing in a language falls to the parameter's default, then to the site's language. */
static const char *
said(struct values *v, const struct param *param)
{
	const char *value = in_pairs(v, param->name);

	value = value ? value : said_in(v, param->name, v->lang);
	value = value ? value : param->fallback[v->lang];
	value = value ? value : said_in(v, param->name, v->e->settings->default_lang);
	if (!value && strcmp(param->name, "kind") == 0 && v->place->alert->kind[0])
		value = v->place->alert->kind;
	return value;
}

static const char *
number(struct values *v, unsigned long n)
{
	buf_printf(&v->text, "%lu", n);
	return v->text.data;
}

static const char *
derived(struct values *v, const struct param *param)
{
	const struct text_place *p = v->place;
	const char *name = param->name, *value;

	buf_reset(&v->text);
	if (strcmp(name, "n") == 0)
		return number(v, silent(p));
	if (strcmp(name, "m") == 0)
		return number(v, p->m);
	if (strcmp(name, "min") == 0)
		return number(v, (unsigned long)((p->min_ms + 59999) / 60000));
	if (strcmp(name, "names") == 0)
		return silent_names(v);
	if (strcmp(name, "ref") == 0 || strcmp(name, "code") == 0)
		return p->alert->code;
	if (strcmp(name, "time") == 0)
		return local_time(v, p->time_at ? p->time_at : v->e->now);
	if (strcmp(name, "post") == 0)
		return p->post;
	if ((value = in_pairs(v, name)))
		return value;
	if (strcmp(name, "old_level") == 0)
		return level_word(v, p->old, p->old_severity);
	if (value_is_place(param))
		return own_places(v, strncmp(name, "area", 4) == 0 ? "area" : "place");
	return value_of_place(v, 0, name);
}

const char *
value_of(struct values *v, const struct param *param)
{
	const struct text_place *p = v->place;
	const char *value;

	/* Wherever it was looked for once, the colour is the alert's; only of a callout, which ranks with
	 * red, the request may say another. */
	if (strcmp(param->name, "level") == 0) {
		value = in_pairs(v, "level");
		if (value && !severity_is_said(p->alert->severity, value))
			return value;
		if ((value = level_word(v, own_template(p), p->alert->severity)) || (value = helper_level(v)))
			return value;
	}
	switch (param->scope) {
	case SCOPE_REQUEST:
		value = in_pairs(v, param->name);
		return value || !is_said(param->name) ? value : said(v, param);
	case SCOPE_DIVISION:
		return value_is_place(param) ? own_places(v, param->name)
			: value_of_place(v, 0, param->name);
	case SCOPE_PERSON:
		return p->person;
	case SCOPE_DERIVED:
		break;
	}
	if (is_said(param->name))
		return said(v, param);
	return strcmp(param->name, "level") == 0 ? NULL : derived(v, param);
}

static const char *
fallback(const struct values *v, const struct param *param)
{
	const char *value = param->fallback[v->lang];

	return value ? value : param->fallback[v->e->settings->default_lang];
}

const char *
value_lookup(void *ctx, const char *name)
{
	struct values *v = ctx;
	const struct param *param = template_param(v->place->template, name);
	const char *value = param ? value_of(v, param) : NULL;

	if (!param)
		return NULL;
	/* Too long to be true, or no number. */
	if (value && param->scope == SCOPE_DIVISION && !value_is_place(param) &&
	    fallback(v, param) && param_check(param, value, NULL) < 0)
		value = NULL;
	value = value ? value : fallback(v, param);
	/* One village's empty column holds up no alert. */
	return !value && param->scope == SCOPE_DIVISION && v->place->place_count ? "" : value;
}
