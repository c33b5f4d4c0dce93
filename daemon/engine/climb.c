/* climb.c -- what time does to an alert: release, steps of the ladder, deadline, expiry. */
#include "daemon/engine/climb.h"

#include <stdio.h>
#include <string.h>

#define ALERTS_PER_TURN 256

static void
close_alert(struct engine *e, struct alert *a, enum alert_state state)
{
	struct said note;

	a->state = state;
	a->due_at = state == ALERT_EXHAUSTED ? msec_min(a->expires_at, a->deadline_at) : NEVER;
	if (state != ALERT_EXHAUSTED)
		a->closed_at = e->now;
	if (state == ALERT_EXHAUSTED && !a->policy)
		return;			/* told once, as asked: no news */
	engine_event(e, a->id, alert_state_name(state), "{\"targets\":%lu,\"satisfied\":%lu}",
		     a->targets, a->satisfied);
	engine_feedback_end(e, a->id, state);
	if (state == ALERT_SATISFIED) {
		SAY(&note, task_over_satisfied);
		engine_desk_over(e, a->id, &note);
	}
}

static struct ladder_progress
progress_of(struct engine *e, struct alert *a, const struct policy *p)
{
	struct ladder_progress progress = { .next = a->step, .targets = a->targets,
					    .hurry = a->hurry };

	if (a->targets)
		store_target_levels(e->store, a->id, engine_is_parted(e, a->id), progress.at_level);
	a->satisfied = 0;
	for (int level = p ? p->until : LEVEL_COUNT; level < LEVEL_COUNT; level++)
		a->satisfied += progress.at_level[level];
	return progress;
}

/* One look at an alert.  At accept `refuse` is there: a step that cannot be planned refuses the
 * request.  Later it is NULL: the desk gets a task and the ladder goes on. */
struct look {
	struct engine *e;
	struct alert *a;
	const struct policy *p;
	const struct alert_request *r;
	struct err *refuse;
};

/* Who waits for it reads it by the same commit. */
static void
all_is_well(struct look *l)
{
	close_alert(l->e, l->a, ALERT_SATISFIED);
	engine_good_end(l->e, l->a, l->r, l->p);
}

/* Accept proved the texts; what fails here is a list that changed since. */
static void
step_failed(struct engine *e, const struct alert *a, size_t step, const struct err *err)
{
	store_task_open(e->store, a->id, "step_failed", &err->said, e->now);
	engine_log(e, LOG_ERROR, "step failed alert=%lld step=%zu reason=\"%s\"", (long long)a->id,
		   step, err->text);
}

/* Tells what became of a step: did it reach somebody, or the desk? */
static bool
step_taken(struct engine *e, const struct alert *a, size_t step, const struct step_plan *plan)
{
	unsigned long people = 0;

	for (size_t i = 0; i < plan->waves; i++)
		people += plan->wave[i].people;
	engine_note_incomplete(e, a);
	engine_nobody_look(e, a);
	engine_event(e, a->id, "step", "{\"step\":%zu,\"waves\":%zu,\"messages\":%lu,"
		     "\"nobody\":%lu,\"console\":%s,\"broadcast\":%s}", step, plan->waves,
		     plan->broadcast ? 0 : people, plan->nobody, plan->console ? "true" : "false",
		     plan->broadcast ? "true" : "false");
	if (plan->no_route)
		engine_event(e, a->id, "channel_without_route", "{\"step\":%zu}", step);
	return people || plan->console || plan->broadcast;
}

#define STEP_IN_SLICES 2

/* 1 if the step reached somebody, or the desk; 0 if nobody; -1 refused; STEP_IN_SLICES: begun. */
static int
take_step(struct look *l, size_t step)
{
	struct engine *e = l->e;
	struct step_plan plan;
	struct err err = { 0 };
	int rc;

	if (engine_slices_begin(e, l->a, l->r, l->p, step, l->refuse != NULL))
		return STEP_IN_SLICES;

	if (!l->refuse)			/* accept stands in a savepoint of its own */
		engine_mark(e);
	rc = engine_plan_step(e, l->a, l->r, l->p, step, &plan, &err);
	if (rc < 0 && l->refuse) {
		*l->refuse = err;
		return -1;
	}
	if (rc < 0) {
		engine_undo(e);
		step_failed(e, l->a, step, &err);
	} else if (!l->refuse) {
		store_keep(e->store);
	}
	return step_taken(e, l->a, step, &plan);
}

/* The one step of an alert without policy. */
static int
tell_once(struct look *l)
{
	if (l->a->step++ == 0 && !l->r->reached && take_step(l, 0) < 0)
		return -1;
	close_alert(l->e, l->a, ALERT_EXHAUSTED);
	return 0;
}

static int
climb(struct look *l)
{
	struct alert *a = l->a;
	struct ladder_view view = { .steps = l->p->ladder, .count = l->p->step_count,
				    .released_at = a->released_at, .until = l->p->until };

	for (size_t guard = 0; guard <= l->p->step_count + 1; guard++) {
		struct ladder_progress progress = progress_of(l->e, a, l->p);
		struct ladder_decision d = ladder_next(&view, &progress, l->e->now);
		int took;

		switch (d.verdict) {
		case LADDER_WAIT:
			a->due_at = msec_min(d.ask_at, msec_min(a->expires_at, a->deadline_at));
			return 0;
		case LADDER_SATISFIED:
			all_is_well(l);
			return 0;
		case LADDER_EXHAUSTED:
			close_alert(l->e, a, ALERT_EXHAUSTED);
			return 0;
		case LADDER_SKIP:
			engine_event(l->e, a->id, "step_skipped", "{\"step\":%zu}", d.step);
			a->step = (unsigned)d.step + 1;
			break;
		case LADDER_CLIMB:
			took = take_step(l, d.step);
			if (took == STEP_IN_SLICES) {	/* due until its last slice is written */
				a->due_at = l->e->now;
				return 0;
			}
			a->step = (unsigned)d.step + 1;
			if (took < 0)
				return -1;
			/* A step with nobody in it does not answer a "cannot". */
			if (took)
				a->hurry = false;
			break;
		}
	}
	return 0;
}

static void
deadline(struct engine *e, struct alert *a, const struct policy *p)
{
	a->deadline_at = NEVER;
	if (a->satisfied >= a->targets)
		return;
	engine_event(e, a->id, "deadline", "{\"targets\":%lu,\"satisfied\":%lu}", a->targets,
		     a->satisfied);
	if (p)
		engine_desk_short(e, a, p, "deadline");
}

static int
look_at_open(struct look *l)
{
	struct engine *e = l->e;
	struct alert *a = l->a;
	int rc = 0;

	if (a->state == ALERT_HELD)
		a->state = ALERT_ACTIVE;
	if (a->state == ALERT_EXHAUSTED) {
		progress_of(e, a, l->p);
		a->due_at = msec_min(a->expires_at, a->deadline_at);
		if (l->p && a->targets && a->satisfied >= a->targets)
			all_is_well(l);
	} else {
		rc = l->p ? climb(l) : tell_once(l);
	}
	if (rc == 0 && alert_is_open(a->state) && a->deadline_at <= e->now) {
		deadline(e, a, l->p);
		a->due_at = a->state == ALERT_EXHAUSTED ? a->expires_at : a->due_at;
		if (a->due_at <= e->now)
			a->due_at = e->now + 1;
	}
	return rc;
}

/* A held alert that replaces another was released.  When it was accepted, its caller did this. */
static void
take_over(struct look *l)
{
	struct err err = { 0 };

	if (l->r->reached && replacement_is_whole(l->r) && engine_plan_correction(l->e, l->a, l->r, &err) < 0)
		step_failed(l->e, l->a, 0, &err);
	engine_replace(l->e, l->a, l->r);
}

static void
expire(struct look *l)
{
	progress_of(l->e, l->a, l->p);
	close_alert(l->e, l->a, ALERT_EXPIRED);
	engine_stop_waves(l->e, l->a->id, WAVE_EXPIRED);
	if (l->p && l->p->expired)
		engine_end_expired(l->e, l->a, l->r, l->p->expired);
	if (l->p && l->a->targets)
		engine_desk_short(l->e, l->a, l->p, "unanswered");
}

/* It was open in a store that was put back: until the desk resumes it nothing is sent for it, be it an end
 * that time brings.  Its answers count. */
static void
stand_still(struct look *l)
{
	struct alert *a = l->a;

	progress_of(l->e, a, l->p);
	a->due_at = a->expires_at;
	if (alert_is_open(a->state) && a->expires_at <= l->e->now) {
		close_alert(l->e, a, ALERT_EXPIRED);
		engine_stop_waves(l->e, a->id, WAVE_EXPIRED);
		if (l->p && a->targets)
			engine_desk_short(l->e, a, l->p, "unanswered");
	} else if (l->p && alert_is_open(a->state)) {
		engine_desk_refresh(l->e, a, l->p);
	}
}

int
engine_look(struct engine *e, struct alert *a, const struct alert_request *r, struct err *refuse)
{
	struct look look = { e, a, engine_policy(e, a->policy), r, refuse };
	bool was_held = a->state == ALERT_HELD;
	struct said said;
	int rc = 0;

	a->due_at = NEVER;
	if (a->holds) {
		stand_still(&look);
	} else if (alert_is_open(a->state) && a->expires_at <= e->now) {
		expire(&look);
	} else if (a->policy && !look.p && alert_is_open(a->state)) {
		SAY(&said, task_no_policy);
		store_task_open(e->store, a->id, "step_failed", &said, e->now);
		close_alert(e, a, ALERT_EXHAUSTED);
	} else if (alert_is_open(a->state)) {
		/* Whoever gets a tag later is not called by an alert that goes on. */
		if (look.p && r->tag_count && a->step == 0 && (a->state != ALERT_HELD || a->released_at <= e->now))
			engine_freeze_tags(e, a, r);
		rc = look_at_open(&look);
		if (was_held && a->replaces)
			take_over(&look);
		if (rc == 0 && !refuse && look.p && alert_is_open(a->state))
			engine_desk_refresh(e, a, look.p);
	}
	if (rc == 0 && !refuse)
		store_alert_update(e->store, a);
	return rc;
}

static void
look_at(struct engine *e, int64_t id)
{
	struct alert_request *r;
	struct alert a;

	if (engine_slices_of(e, id) || !engine_hold(e, HAND_ALERT, (uint64_t)id, 0) ||
	    !store_alert_get(e->store, id, &a) ||
	    !engine_hold(e, HAND_ALERT, (uint64_t)id, a.step + 1))
		return;
	r = request_decode(a.body);
	engine_look(e, &a, r, NULL);
	alert_request_free(r);
}

void
engine_climb_due(struct engine *e)
{
	int64_t due[ALERTS_PER_TURN];
	size_t count = store_alerts_due(e->store, e->now, due, ALERTS_PER_TURN);

	for (size_t i = 0; i < count; i++)
		look_at(e, due[i]);
	engine_let_go(e);
	e->more |= count == ALERTS_PER_TURN;
}

/* A step of the oldest alert that has so many targets: one slice of it. */
void
engine_climb_slices(struct engine *e)
{
	struct slices *s = engine_slices_oldest(e);
	struct err err = { 0 };
	const struct policy *p;
	struct alert a;
	size_t step;
	int rc;

	if (!s)
		return;
	e->more = true;
	if (!engine_hold(e, HAND_ALERT, (uint64_t)slices_alert(s), 0) ||
	    !store_alert_get(e->store, slices_alert(s), &a) || !slices_fit(s, &a) ||
	    !engine_hold(e, HAND_ALERT, (uint64_t)a.id, a.step + 1) ||
	    !alert_is_open(a.state) || a.expires_at <= e->now ||
	    !(p = engine_policy(e, a.policy))) {
		engine_slices_end(e, s);	/* the alert is looked at as it is now */
		return;
	}
	engine_mark(e);
	rc = slices_go(s, &a, p, &err);
	if (rc < 0) {
		engine_undo(e);
		slices_withdraw(s);
		step_failed(e, &a, a.step, &err);
	} else {
		store_keep(e->store);
	}
	if (rc == 0)
		return;
	step = a.step;
	a.step++;
	if (step_taken(e, &a, step, slices_plan(s)))
		a.hurry = false;
	engine_look(e, &a, slices_request(s), NULL);
	engine_slices_end(e, s);
}

msec
engine_climb_next(const struct engine *e)
{
	msec at = store_alerts_next_due(e->store);

	/* One that was put aside stays due for as long as its row says so: that is no work. */
	return e->hand.count && at <= e->now ? e->now + SECONDS(1) : at;
}
