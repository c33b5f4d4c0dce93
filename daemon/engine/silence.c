/* silence.c -- a source that says nothing for longer than its heartbeat is an alarm: a task, the duty
 * officer told, over with its next word.  One that flaps wakes nobody more than once an hour. */
#include "daemon/engine/signal.h"

#include <stdio.h>

#define TELL_AGAIN_MS HOURS(1)
#define DOORS_MS MINUTES(5)		/* open so long, at least, before a silence is one */

/* Only the time counts in which it could be heard; and after a start its next word may be on its way. */
static msec
silent_at(const struct engine *e, const struct source_conf *c, const struct source_row *r)
{
	msec due = msec_add(msec_add(r->heard_at, r->shut_ms), c->heartbeat_ms);
	msec grace = e->signals.deaf_until + msec_min(c->heartbeat_ms, DOORS_MS);

	return due > grace ? due : grace;
}

static void
look_no_later(struct engine *e, msec at)
{
	e->signals.silence_at = msec_min(e->signals.silence_at, at);
}

static void
begin(struct engine *e, const struct source_conf *c, struct source_row *r)
{
	struct said said;
	char time[DURATION_TEXT];

	SAY(&said, task_source_silent, c->name, duration_format(time, c->heartbeat_ms));
	r->silent_since = e->now;
	r->task = store_task_open(e->store, 0, "source", &said, e->now);
	engine_log(e, LOG_ERROR, "source silent name=%s for_ms=%lld", c->name, (long long)c->heartbeat_ms);
	if (r->told_at == NEVER || r->told_at + TELL_AGAIN_MS <= e->now) {
		r->told_at = e->now;
		r->notice = engine_alarm_tell(e, c->name, "silent", &said);
	}
	store_source_put(e->store, r);
}

static void
end(struct engine *e, const char *name, struct source_row *r, enum phrase why)
{
	struct said note;

	said_fill(&note, why, NULL);
	if (r->task && store_task_over(e->store, r->task, &note, e->now))
		store_audit(e->store, e->now, "gong", "task.close", phrase_text(why, LANG_EN));
	if (r->notice)
		engine_alarm_withdraw(e, r->notice);
	r->silent_since = NEVER;
	r->task = r->notice = 0;
	store_source_put(e->store, r);
	engine_log(e, LOG_STORY, "source heard again name=%s", name);
}

void
engine_source_heard(struct engine *e, const struct source_conf *c, struct source_row *r)
{
	r->heard_at = e->now;
	r->shut_ms = 0;
	if (r->silent_since != NEVER)
		end(e, c->name, r, PHRASE_source_heard);
	else
		store_source_heard(e->store, r->id, e->now);
	if (c->heartbeat_ms)
		look_no_later(e, silent_at(e, c, r));
}

/* A source without a heartbeat any more, or gone from gong.conf, is not missed. */
static void
end_unwanted(void *ctx, const char *name, const struct source_row *row)
{
	struct engine *e = ctx;
	const struct source_conf *c = settings_source(e->settings, name);
	struct source_row r = *row;

	if (r.silent_since != NEVER && (!c || !c->heartbeat_ms))
		end(e, name, &r, PHRASE_source_unwatched);
}

void
engine_silence_due(struct engine *e)
{
	if (e->signals.silence_at > e->now)
		return;
	e->signals.silence_at = NEVER;
	store_sources(e->store, end_unwanted, e);
	for (size_t i = 0; i < e->settings->source_count; i++) {
		const struct source_conf *c = &e->settings->sources[i];
		struct source_row r;

		if (!c->heartbeat_ms)
			continue;
		store_source_get(e->store, c->name, e->now, &r);
		if (r.silent_since == NEVER && silent_at(e, c, &r) <= e->now)
			begin(e, c, &r);
		else if (r.silent_since == NEVER)
			look_no_later(e, silent_at(e, c, &r));
	}
}

msec
engine_silence_next(const struct engine *e)
{
	return e->signals.silence_at;
}

/* Also after a reload: there may be others, or other heartbeats. */
void
engine_silence_load(struct engine *e)
{
	if (!e->signals.deaf_until) {
		e->signals.deaf_until = e->now;
		if (e->books_at && e->books_at < e->now)
			store_sources_shut(e->store, e->now - e->books_at);
	}
	e->signals.silence_at = e->now;
}

void
engine_silence_shift(struct engine *e, msec by)
{
	e->signals.deaf_until += by;
}
