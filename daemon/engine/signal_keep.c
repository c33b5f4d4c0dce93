/* signal_keep.c -- a signal's row, and the tasks that are about it. */
#include "daemon/engine/signal.h"

#include <string.h>

static void
keep_new(struct saying *s)
{
	struct signal_row *r = &s->row;

	r->id = store_signal_insert(s->e->store, r, s->body, s->signal->kind, s->raw);
	if (s->signal->callback)
		engine_dlr_wanted(s->e, r, s->signal);
}

void
engine_signal_settle(struct saying *s, enum signal_state state, const struct said *why)
{
	struct signal_row *r = &s->row;

	r->state = state;
	if (s->rule)
		snprintf(r->rule, sizeof(r->rule), "%s", s->rule->name);
	if (!r->id)
		keep_new(s);
	if (why)
		s->why = *why;
	store_signal_put(s->e->store, r, why);
	if (state == SIGNAL_IS_MATCHED || state == SIGNAL_IS_HELD || state == SIGNAL_IS_REFUSED)
		engine_feedback_verdict(s->e, s->conf, r, why);
}

void
engine_signal_task(struct saying *s, const struct said *said)
{
	if (s->row.task)
		return;
	s->row.task = store_task_open(s->e->store, s->row.alert, "signal", said, s->e->now);
	store_signal_put(s->e->store, &s->row, NULL);
}

void
engine_signal_task_over(struct engine *e, struct signal_row *r, enum phrase why)
{
	struct said note;

	if (!r->task)
		return;
	said_fill(&note, why, NULL);
	if (store_task_over(e->store, r->task, &note, e->now))
		store_audit(e->store, e->now, "gong", "task.close", phrase_text(why, LANG_EN));
	r->task = 0;
}
