/* held.c -- messages that may or may not have left and are not sent again: when no receipt has told
 * within a minute, they are listed to the desk, one task an alert.  Which ones they are stands in
 * their rows; what is kept here is only when to look. */
#include "daemon/engine/message.h"

#include <stdio.h>
#include <string.h>

#define WAIT_MS SECONDS(60)
#define NAMES_MAX 320			/* bytes of names in the task's sentence */
#define WHOLE_WAVE 20000		/* rows of a wave that are looked through for names */
#define MOST (sizeof(((struct engine *)0)->held.alerts) / sizeof(int64_t))

/* A crash may put one message each of hundreds of alerts in doubt. */
static void
look_at_all(struct engine *e)
{
	e->held.all = true;
	e->held.after = 0;
}

static bool
waits(const struct engine *e)
{
	return e->held.count || e->held.all;
}

/* Nobody needs to know that somebody was not thanked.  What the desk wrote back, and a question that
 * only he can answer, are another matter. */
static bool
is_thanks(struct engine *e, const struct wave *w)
{
	const struct template *t = w->kind == WAVE_REPLY && w->position != REPLY_NOW
		? engine_template(e, w->template) : NULL;

	return t && strncmp(t->name, "ack.", 4) == 0;
}

void
engine_held_note(struct engine *e, const struct live_wave *lw)
{
	if (e->quiet || is_thanks(e, &lw->w))
		return;
	for (size_t i = 0; i < e->held.count; i++)
		if (e->held.alerts[i] == lw->w.alert)
			return;
	if (!waits(e))
		e->held.at = e->now + WAIT_MS;
	if (e->held.count < MOST)
		e->held.alerts[e->held.count++] = lw->w.alert;
	else
		look_at_all(e);
}

struct listing {
	struct engine *e;
	int64_t alert;
	unsigned long count;
	char names[NAMES_MAX + 4];
	size_t len;
	bool full;
	bool is_reply;			/* that he has answered does not show that he has it */
};

static void
name_one(void *ctx, uint32_t contact)
{
	struct listing *l = ctx;
	struct person person;
	size_t n;

	if (!l->is_reply && store_has_answered(l->e->store, l->alert, contact))
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
	unsigned long held = is_thanks(l->e, w) ? 0 : w->count[MESSAGE_UNCERTAIN];

	l->is_reply = w->kind == WAVE_REPLY;
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

static void
add_one(void *ctx, int64_t alert)
{
	struct engine *e = ctx;

	e->held.alerts[e->held.count++] = alert;
}

/* The next ones of all that are open, at once. */
static void
take_more(struct engine *e)
{
	store_alerts_uncertain(e->store, e->held.after, MOST, add_one, e);
	e->held.all = e->held.count == MOST;
	if (e->held.all)
		e->held.after = e->held.alerts[MOST - 1];
	e->held.at = e->now;
}

void
engine_held_due(struct engine *e)
{
	size_t count = e->held.count;

	if (!waits(e) || e->held.at > e->now)
		return;
	e->held.count = 0;
	for (size_t i = 0; i < count; i++)
		list(e, e->held.alerts[i]);
	if (e->held.all)
		take_more(e);
}

msec
engine_held_next(const struct engine *e)
{
	return waits(e) ? e->held.at : NEVER;
}

void
engine_held_shift(struct engine *e, msec by)
{
	e->held.at += by;
}

void
engine_held_load(struct engine *e)
{
	e->held.count = 0;
	look_at_all(e);
	take_more(e);
	e->held.at = e->now + WAIT_MS;
}
