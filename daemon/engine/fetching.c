/* fetching.c -- the children of sources that fetch: how they are, and the alarms about them, each with one
 * life: a task, one message to the duty officer (once an hour at most), over when it is not named any more. */
#include "daemon/engine/signal.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "daemon/contract/said_json.h"

#define TELL_AGAIN_MS HOURS(1)
#define NAMED_MAX 16			/* alarms of one source that stand at once */

struct look {				/* what stands, against what is named now */
	struct engine *e;
	const char *source;
	json_t *named;			/* borrowed; NULL: nothing is */
	struct source_alarm known[NAMED_MAX];
	size_t count;
	enum phrase why;		/* what is not named is over */
};

static const char *
name_of(json_t *alarm, char out[48])
{
	const char *name = json_string_value(json_object_get(alarm, "name"));

	engine_alarm_clip(out, 48, name ? name : "");
	return out;
}

static bool
is_named(json_t *alarms, const char *name)
{
	char one[48];

	for (size_t i = 0; i < json_array_size(alarms) && i < NAMED_MAX; i++)
		if (strcmp(name_of(json_array_get(alarms, i), one), name) == 0)
			return true;
	return false;
}

static void
end(struct engine *e, const char *source, const struct source_alarm *a, enum phrase why)
{
	struct said note;

	said_fill(&note, why, NULL);
	if (a->task && store_task_over(e->store, a->task, &note, e->now))
		store_audit(e->store, e->now, "gong", "task.close", phrase_text(why, LANG_EN));
	if (a->notice)
		engine_alarm_withdraw(e, a->notice);
	store_source_alarm_over(e->store, a);
	engine_log(e, LOG_STORY, "source alarm over name=%s alarm=%s", source, a->name);
}

static void
look_at(void *ctx, const struct source_alarm *a)
{
	struct look *l = ctx;

	if (l->count < NAMED_MAX)
		l->known[l->count++] = *a;
	if (a->since != NEVER && !is_named(l->named, a->name))
		end(l->e, l->source, a, l->why);
}

static void
begin(struct look *l, int64_t source, const char *name, json_t *alarm)
{
	struct engine *e = l->e;
	struct source_alarm a = { .source = source, .told_at = NEVER };
	struct said what, task;
	char text[SAID_BYTES];

	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->known[i].name, name) == 0)
			a = l->known[i];
	if (a.since != NEVER && a.task)
		return;			/* it stands */
	if (!said_by_alarm(&what, alarm))
		said_verbatim(&what, name);
	snprintf(a.name, sizeof(a.name), "%s", name);
	a.since = e->now;
	SAY(&task, task_source_alarm, l->source, NEST(&what));
	a.task = store_task_open(e->store, 0, "source", &task, e->now);
	a.notice = 0;
	if (a.told_at == NEVER || a.told_at + TELL_AGAIN_MS <= e->now) {
		a.told_at = e->now;
		a.notice = engine_alarm_tell(e, l->source, name, &task);
	}
	store_source_alarm_put(e->store, &a, &what);
	said_render(&what, LANG_EN, text, sizeof(text));
	engine_log(e, LOG_ERROR, "source alarm name=%s alarm=%s reason=\"%s\"", l->source, name, text);
}

static void
take_alarms(struct engine *e, const char *name, int64_t source, json_t *alarms)
{
	struct look l = { .e = e, .source = name, .named = alarms, .why = PHRASE_source_alarm_over };
	char one[48];

	store_source_alarms(e->store, source, look_at, &l);
	for (size_t i = 0; i < json_array_size(alarms) && i < NAMED_MAX; i++)
		if (*name_of(json_array_get(alarms, i), one))
			begin(&l, source, one, json_array_get(alarms, i));
}

void
engine_source_state(struct engine *e, struct command *cmd)
{
	const struct source_state *s = cmd->source;
	const struct source_conf *conf = settings_source(e->settings, s->source);
	struct source_row row;
	json_t *alarms;

	if (!conf || !conf->fetch)
		return;			/* a reload took it away meanwhile */
	store_source_get(e->store, conf->name, e->now, &row);
	store_source_state(e->store, row.id, s->state, e->now);
	if (!s->alarms)
		return;
	alarms = json_loads(s->alarms, 0, NULL);
	take_alarms(e, conf->name, row.id, alarms);
	json_decref(alarms);
}

static void
end_unwanted(void *ctx, const char *name, const struct source_row *row)
{
	struct engine *e = ctx;
	const struct source_conf *c = settings_source(e->settings, name);
	struct look l = { .e = e, .source = name, .why = PHRASE_source_unwatched };

	if (c && c->fetch)
		return;
	store_source_state(e->store, row->id, NULL, e->now);
	store_source_alarms(e->store, row->id, look_at, &l);
}

void
engine_source_alarms_gone(struct engine *e)
{
	store_sources(e->store, end_unwanted, e);
}
