/* lacking.c -- what the list of divisions lacks for the texts of an alert, told to whoever sends it:
 * of which places, and what they read instead.  It holds up nothing. */
#include "daemon/engine/accept.h"

#include <stdlib.h>
#include <string.h>

#define AT_ONCE 1000			/* targets looked at for a repeated request */

void
engine_warn(struct buf *json, const char *comma, size_t step, const struct said *said,
	    const char *more)
{
	char text[SAID_BYTES * 2];

	buf_printf(json, "%s{\"step\":%zu,\"code\":\"%s\",\"values\":", comma, step,
		   phrase_name(said->phrase));
	said_values_json(said, json);
	said_render(said, LANG_EN, text, sizeof(text));
	buf_puts(json, ",\"text\":");
	buf_json(json, text);
	said_render(said, LANG_ZH, text, sizeof(text));
	buf_puts(json, ",\"text_zh\":");
	buf_json(json, text);
	buf_printf(json, "%s}", more);
}

/* Its default in each language, once where both are the same; NULL: there is none. */
static const char *
default_of(struct engine *e, const struct param *param, struct buf *text)
{
	const char *zh = param->fallback[LANG_ZH], *en = param->fallback[LANG_EN];

	if (!param->fallback[e->settings->default_lang])
		return NULL;
	buf_puts(text, zh ? zh : en);
	if (zh && en && strcmp(zh, en) != 0)
		buf_printf(text, " / %s", en);
	return text->len ? text->data : WORD(nothing_at_all);
}

/* The first of them, by name and code, for a sentence and for programs. */
static void
name_places(struct engine *e, const struct text_lack *lack, struct buf *text, struct buf *json)
{
	size_t shown = lack->count < LACK_PLACES ? lack->count : LACK_PLACES;

	buf_printf(json, ",\"param\":\"%s\",\"count\":%zu,\"places\":[", lack->param->name,
		   lack->count);
	for (size_t i = 0; i < shown; i++) {
		char code[DIVISION_TEXT], name[128] = "";

		division_format(code, lack->first[i]);
		store_division_get(e->store, lack->first[i], name, NULL);
		buf_printf(text, "%s%s%s%s", i ? ", " : "", name, *name ? " " : "", code);
		buf_printf(json, "%s{\"code\":\"%s\",\"name\":", i ? "," : "", code);
		buf_json(json, name);
		buf_puts(json, "}");
	}
	buf_puts(text, lack->count > shown ? " …" : "");
	buf_puts(json, "]");
}

static void
tell_lack(struct engine *e, const struct text_lack *lack, const char *comma, struct buf *json)
{
	struct buf places = { 0 }, more = { 0 }, given = { 0 };
	const char *text = lack->use.template->name, *param = lack->param->name;
	const char *instead = default_of(e, lack->param, &given);
	struct said said;

	name_places(e, lack, &places, &more);
	switch (lack->kind) {
	case LACK_MISSING:
		SAY(&said, warn_text_lacks, text, param, NUM(lack->count), places.data,
		    instead ? instead : WORD(nothing_at_all));
		break;
	case LACK_BAD:
		SAY(&said, warn_text_bad, text, param, NUM(lack->count), places.data, instead);
		break;
	case LACK_LONG:
		SAY(&said, warn_text_long, text, param, NUM(lack->count), places.data);
		break;
	}
	engine_warn(json, comma, lack->use.step, &said, more.data);
	buf_fini(&given);
	buf_fini(&places);
	buf_fini(&more);
}

void
engine_tell_lacks(struct engine *e, const struct text_lacks *lacks, const char *comma,
		  struct buf *json)
{
	for (size_t i = 0; i < lacks->count; i++)
		tell_lack(e, &lacks->list[i], i ? "," : comma, json);
}

struct places {
	division_code list[AT_ONCE];
	size_t count;
};

static void
add_place(void *ctx, const struct target *t)
{
	struct places *p = ctx;

	if (t->division)
		p->list[p->count++] = t->division;
}

void
engine_lacks_again(struct engine *e, const struct alert *a, const struct alert_request *r,
		   struct text_lacks *lacks)
{
	const struct policy *policy = engine_policy(e, a->policy);
	struct places *p;

	if (r->reached)
		return;
	if (!policy || !a->targets) {
		engine_check_alert(e, a, r, policy, r->divisions, r->division_count, lacks, NULL);
		return;
	}
	p = xcalloc(1, sizeof(*p));
	store_targets_after(e->store, a->id, -1, AT_ONCE, add_place, p);
	engine_check_alert(e, a, r, policy, p->list, p->count, lacks, NULL);
	free(p);
}
