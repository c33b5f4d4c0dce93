/* help.c -- somebody is in need: the duty officer gets a text at once, the task waits at the desk.  What
 * was told is memory only: after a restart he may hear it again. */
#include "daemon/engine/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MS MINUTES(10)		/* of one person; the task has what he writes meanwhile */
#define GAP_MS MINUTES(1)		/* of all of them for long, and so many at once */
#define BURST 10
#define WHO_BYTES 60
#define PLACES_MAX 40			/* characters */
#define PLACES_BYTES (PLACES_MAX * 4 + 1)
#define WORDS_BYTES 180
#define NUMBER_KEY (UINT64_C(1) << 60)	/* apart from contacts */

static bool
may_tell(struct engine *e, uint64_t who)
{
	msec *told = table_get(&e->help.told, who);

	if (told && e->now >= *told && e->now - *told < AGAIN_MS)
		return false;
	/* Whoever writes from many numbers drowns nobody of the lists. */
	if (!pace_meter_take(&e->help.until[who >= NUMBER_KEY], GAP_MS, BURST, e->now)) {
		engine_log(e, LOG_WARNING, "duty officer not told of a call for help");
		return false;
	}
	if (!told)
		table_put(&e->help.told, who, told = xcalloc(1, sizeof(*told)));
	*told = e->now;
	return true;
}

/* A signature inside would make it look like another sender's. */
static void
one_line(char *out, size_t size, const char *text)
{
	char *mark;

	engine_alarm_clip(out, size, text);
	while ((mark = strstr(out, "【")) || (mark = strstr(out, "】")))
		memset(mark, ' ', 3);
}

/* All the places that he was called for, else where he holds his first post; "" = not known. */
static void
places_of(struct engine *e, const struct alert *a, uint32_t contact, char out[LANG_COUNT][PLACES_BYTES])
{
	division_code *places = NULL, post = contact ? store_post_division(e->store, contact) : 0;
	unsigned *targets = NULL;
	size_t count = a && contact ? engine_counts_for(e, a->id, contact, NULL, 0, &targets) : 0;

	count = engine_target_places(e, a ? a->id : 0, targets, count, &places);
	for (int lang = 0; lang < LANG_COUNT; lang++) {
		char *said = engine_places_said(e, count ? places : &post, count ? count : post != 0,
						(enum lang)lang, PLACES_MAX);

		one_line(out[lang], PLACES_BYTES, said);
		free(said);
	}
	free(targets);
	free(places);
}

void
engine_help_told(struct engine *e, const struct alert *a, uint32_t contact, uint64_t e164,
		 const char *words)
{
	char who[WHO_BYTES], place[LANG_COUNT][PLACES_BYTES], said[WORDS_BYTES], phone[PHONE_TEXT], key[64];
	struct pair params[] = {
		{ .name = "who", .value = who }, { .name = "place", .value = place[e->settings->default_lang],
						     .in = { place[LANG_ZH], place[LANG_EN] } },
		{ .name = "words", .value = said },
	};
	struct alert_request q = { .key = key, .template = "help.told", .severity = SEVERITY_RED,
				   .params = params, .param_count = 3, .test = a && a->test,
				   .drill = a && a->drill };
	struct person person = { .name = "" };
	struct err err = { 0 };
	bool simulated = e->route_count > 0;

	if (!may_tell(e, contact ? contact : NUMBER_KEY | e164))
		return;
	for (size_t i = 0; i < e->route_count; i++)
		simulated &= e->routes[i]->conf->simulated;
	q.test |= simulated;
	if (!contact || !store_person_by_id(e->store, contact, &person) || !person.name[0]) {
		phone_mask(phone, e164);
		snprintf(person.name, sizeof(person.name), "%s", phone);
	}
	one_line(who, sizeof(who), person.name);
	one_line(said, sizeof(said), words ? words : "");
	places_of(e, a, contact, place);
	snprintf(key, sizeof(key), "help-%lld", (long long)e->last_alert + 1);
	if (!engine_document(e, "template", "help.told"))
		return;			/* a site without that text has the task only */
	if (!engine_tell_duty(e, &q, &err))
		engine_log(e, LOG_WARNING, "call for help not told reason=\"%s\"", err.text);
}

/* A turn that failed has told nobody. */
void
engine_help_drop(struct engine *e)
{
	table_fini(&e->help.told, free);
	e->help.told = (struct table){ 0 };
	e->help.until[0] = e->help.until[1] = 0;
}
