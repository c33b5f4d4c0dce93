/* held.c -- messages that may or may not have left and are not sent again: when no receipt has told
 * within a minute, they are listed to the desk, one task an alert.  Which ones they are stands in
 * their rows; what is kept here is only when to look. */
#include "daemon/engine/message.h"

#include <stdio.h>
#include <string.h>

#define WAIT_MS SECONDS(60)
#define NAMES_MAX 320			/* bytes of names in the task's sentence */
#define WHOLE_WAVE 20000		/* rows of a wave that are looked through for names */

void
engine_held_note(struct engine *e, const struct live_wave *lw)
{
	size_t most = sizeof(e->held.alerts) / sizeof(*e->held.alerts);

	if (lw->w.kind == WAVE_REPLY || e->quiet)
		return;
	for (size_t i = 0; i < e->held.count; i++)
		if (e->held.alerts[i] == lw->w.alert)
			return;
	if (e->held.count == most)	/* the oldest is looked at with the next uncertain one of it */
		memmove(e->held.alerts, e->held.alerts + 1, --e->held.count * sizeof(*e->held.alerts));
	e->held.alerts[e->held.count++] = lw->w.alert;
	if (e->held.count == 1)
		e->held.at = e->now + WAIT_MS;
}

struct listing {
	struct engine *e;
	int64_t alert;
	unsigned long count;
	char names[NAMES_MAX + 4];
	size_t len;
	bool full;
};

static void
name_one(void *ctx, uint32_t contact)
{
	struct listing *l = ctx;
	struct person person;
	size_t n;

	if (store_has_answered(l->e->store, l->alert, contact))
		return;			/* it has arrived */
	l->count++;
	if (!store_person_by_id(l->e->store, contact, &person))
		return;
	n = strlen(person.name);
	if (l->full || l->len + n + sizeof("、…") > NAMES_MAX) {
		if (!l->full)
			snprintf(l->names + l->len, sizeof(l->names) - l->len, "…");
		l->full = true;
		return;
	}
	l->len += (size_t)snprintf(l->names + l->len, sizeof(l->names) - l->len, "%s%s",
				   l->len ? "、" : "", person.name);
}

static void
look_through(void *ctx, const struct wave *w)
{
	struct listing *l = ctx;
	unsigned long held = w->count[MESSAGE_UNCERTAIN];

	if (held && w->total <= WHOLE_WAVE)
		store_messages_uncertain(l->e->store, w->id, name_one, l);
	else
		l->count += held;
}

static void
call_the_desk(struct engine *e, struct growing *g, const char *kind)
{
	int64_t task = store_task_find(e->store, g->alert, 0, 0, kind, NULL);

	g->kind = kind;
	if (task)
		store_task_grow(e->store, task, g, e->now);
	else
		store_task_new(e->store, g, e->now);
}

static void
list(struct engine *e, int64_t alert)
{
	struct listing l = { .e = e, .alert = alert };
	struct growing g = { .alert = alert, .urgency = URGENCY_HELD };
	struct alert a;

	if (!store_alert_get(e->store, alert, &a))
		return;
	engine_waves_flush(e);		/* their counts are asked for */
	store_waves_of(e->store, alert, look_through, &l);
	if (!l.count)
		return;
	g.count = l.count;
	SAY(&g.said, task_held, a.code, NUM(l.count), l.names);
	call_the_desk(e, &g, "uncertain");
}

void
engine_held_due(struct engine *e)
{
	size_t count = e->held.count;

	if (!count || e->held.at > e->now)
		return;
	e->held.count = 0;
	for (size_t i = 0; i < count; i++)
		list(e, e->held.alerts[i]);
}

msec
engine_held_next(const struct engine *e)
{
	return e->held.count ? e->held.at : NEVER;
}

void
engine_held_shift(struct engine *e, msec by)
{
	e->held.at += by;
}

static void
add_one(void *ctx, int64_t alert)
{
	struct engine *e = ctx;

	if (e->held.count < sizeof(e->held.alerts) / sizeof(*e->held.alerts))
		e->held.alerts[e->held.count++] = alert;
}

void
engine_held_load(struct engine *e)
{
	e->held.count = 0;
	store_alerts_uncertain(e->store, add_one, e);
	e->held.at = e->now + WAIT_MS;
}
