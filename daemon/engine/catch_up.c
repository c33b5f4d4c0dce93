/* catch_up.c -- a target fell back below its level: the rungs that were passed while it stood above
 * are taken for it at once, together, each person once a channel and its helpers once.  The later
 * rungs keep their own times.  What is to be done stands in the store until the turn that does it. */
#include "daemon/engine/climb.h"

#include <stdlib.h>

#define TARGETS_MAX 64			/* in a turn */
#define STEPS_MAX POLICY_STEPS_MAX
#define AGAIN_MS MINUTES(10)		/* so often at most for one target; else it is a task */
#define POSITION 1000			/* of its waves, behind those of the rungs themselves */
#define NOBODY ((uint64_t)1 << STEPS_MAX)	/* only helpers are told: there is nobody else */
#define NOBODY_TEMPLATE "esc.nobody"

void
engine_catch_up_note(struct engine *e, const struct alert *a, const struct policy *p,
		     const struct target_fall *f)
{
	unsigned taken = engine_rungs_taken(e, a);
	uint64_t missed = 0;

	for (size_t i = 0; i < p->step_count && i < taken && i < STEPS_MAX; i++) {
		int below = p->steps[i].below;

		if (f->to < below && below <= f->from && (int)i >= target_rose(f, below))
			missed |= (uint64_t)1 << i;
	}
	if (!missed)
		return;
	store_catch_up_add(e->store, a->id, f->target, missed);
	e->catching_up = true;
}

/* The first rung that tells somebody above. */
static uint64_t
helper_step(const struct planner *p)
{
	for (size_t i = 0; i < p->policy->step_count && i < STEPS_MAX; i++) {
		const struct policy_step *step = &p->policy->steps[i];

		for (size_t k = 0; k < step->to_count && !step->inform; k++)
			if ((step->channels[CHANNEL_SMS] || step->channels[CHANNEL_VOICE]) &&
			    planner_is_above(p, &p->e->settings->families[step->to[k]]))
				return (uint64_t)1 << i | NOBODY;
	}
	return 0;
}

void
engine_catch_up_nobody(struct engine *e, const struct alert *a, const struct policy *p,
		       const struct target *t, bool nobody)
{
	struct planner planner = { .e = e, .policy = p };
	uint64_t steps = 0;

	if (p->targets == TARGETS_TEAM)
		return;
	if (nobody) {			/* once */
		steps = helper_step(&planner);
		e->catching_up |= steps && store_catch_up_first(e->store, a->id, t->id, steps);
		return;
	}
	for (size_t i = 0; i < p->step_count && i < a->step && i < STEPS_MAX; i++)
		if (t->level < p->steps[i].below)
			steps |= (uint64_t)1 << i;
	if (steps)
		store_catch_up_add(e->store, a->id, t->id, steps);
	e->catching_up = true;
}

/* What one catch-up plans for a few targets that missed the same rungs. */
struct catching {
	struct engine *e;
	struct alert *a;
	const struct policy *p;
	const struct alert_request *r;
	struct target targets[TARGETS_MAX];
	size_t count;
	struct id_set told[CHANNEL_COUNT];
	bool nobody;			/* they have nobody: helpers only */
	unsigned position;		/* of its first wave */
	struct step_plan out;
	unsigned long people;
	struct err err;
};

static void
add_told(struct catching *c, enum channel channel, const struct planner *p)
{
	for (size_t i = 0; i < p->seen.count; i++)
		id_set_add(&c->told[channel], p->seen.ids[i]);
	id_set_sort(&c->told[channel]);
	c->people += p->seen.count;
}

static int
plan_positions(struct planner *p, unsigned position, bool helpers_only)
{
	if (p->step->to_count || p->policy->targets != TARGETS_PERSON)
		return planner_families(p, position, helpers_only);
	for (size_t i = 0; i < p->target_count; i++)
		planner_person(p, &p->targets[i]);
	return compose_channels(p, position, WAVE_CALL);
}

/* One rung on one channel, for those of the targets that are still below it. */
static int
plan_channel(struct catching *c, size_t index, enum channel channel)
{
	struct policy_step step = c->p->steps[index];
	struct planner p = { .e = c->e, .alert = c->a, .request = c->r, .policy = c->p, .index = index,
			     .step = &step, .out = &c->out, .err = &c->err };
	int rc = 0;

	if (c->nobody && engine_document(c->e, "template", NOBODY_TEMPLATE))
		step.template = NOBODY_TEMPLATE;
	for (int other = 0; other < CHANNEL_COUNT; other++)
		step.channels[other] = other == (int)channel;
	for (size_t i = 0; i < c->count; i++)
		if (c->targets[i].level < step.below)
			planner_target(&p, &c->targets[i]);
	picks_without(&p);
	for (size_t i = 0; i < c->told[channel].count; i++)
		id_set_add(&p.without, c->told[channel].ids[i]);
	id_set_sort(&p.without);
	if (p.target_count && channel == CHANNEL_CONSOLE)
		planner_desk(&p);
	else if (p.target_count)
		rc = plan_positions(&p, c->position, c->nobody);
	if (rc == 0)
		add_told(c, channel, &p);
	free(p.picks);
	free(p.targets);
	id_set_fini(&p.without);
	id_set_fini(&p.seen);
	return rc;
}

static int
plan_steps(struct catching *c, uint64_t steps)
{
	for (size_t i = 0; i < c->p->step_count && i < STEPS_MAX; i++) {
		const struct policy_step *step = &c->p->steps[i];

		if (!(steps >> i & 1) || (step->inform && (c->a->drill || !step->to_count)))
			continue;
		for (int channel = 0; channel < (c->nobody ? CHANNEL_CONSOLE : CHANNEL_COUNT); channel++)
			if (step->channels[channel] && plan_channel(c, i, (enum channel)channel) < 0)
				return -1;
		c->position += 16;
	}
	return 0;
}

static void
last_position(void *ctx, const struct wave *w)
{
	unsigned *position = ctx;

	if (w->position >= *position)
		*position = (w->position | 15) + 1;
}

static void
catch_up(struct catching *c, uint64_t steps)
{
	struct engine *e = c->e;

	c->position = POSITION;
	store_waves_of(e->store, c->a->id, last_position, &c->position);
	engine_mark(e);
	if (plan_steps(c, steps) < 0) {
		engine_undo(e);
		store_task_open(e->store, c->a->id, "step_failed", &c->err.said, e->now);
		engine_log(e, LOG_ERROR, "step failed alert=%lld step=%u reason=\"%s\"",
			   (long long)c->a->id, c->a->step, c->err.text);
	} else {
		store_keep(e->store);
	}
	engine_event(e, c->a->id, c->nobody ? "nobody" : "catch_up", "{\"targets\":%zu,\"waves\":%zu,\"messages\":%lu}",
		     c->count, c->out.waves, c->people);
	for (int channel = 0; channel < CHANNEL_COUNT; channel++)
		id_set_fini(&c->told[channel]);
}

/* Those of the rows that missed the same rungs as the first one. */
static void
take_some(struct engine *e, struct alert *a, const struct catch_up *rows, size_t count)
{
	struct catching c = { .e = e, .a = a, .p = engine_policy(e, a->policy),
			      .nobody = rows[0].steps & NOBODY };
	bool open = alert_is_open(a->state) && a->expires_at > e->now && c.p, too_often = false;
	struct alert_request *r;

	for (size_t i = 0; i < count; i++) {
		bool again = rows[i].taken_at != NEVER && rows[i].taken_at + AGAIN_MS > e->now;
		struct target t;

		if (rows[i].steps != rows[0].steps)
			continue;
		if (open && !again && store_target_get(e->store, a->id, rows[i].target, &t) &&
		    t.level < c.p->until)
			c.targets[c.count++] = t;
		too_often |= again;
		store_catch_up_taken(e->store, a->id, rows[i].target,
				     open && !again && !c.nobody ? e->now : NEVER);
	}
	if (open && too_often)
		engine_desk_short(e, a, c.p, "unanswered");
	if (!c.count)
		return;
	r = request_decode(a->body);
	c.r = r;
	catch_up(&c, rows[0].steps);
	alert_request_free(r);
}

void
engine_catch_up_due(struct engine *e)
{
	struct catch_up rows[TARGETS_MAX];
	struct alert a;
	int64_t alert;
	size_t count;

	if (!e->catching_up)
		return;
	count = store_catch_up_next(e->store, &alert, rows, TARGETS_MAX);
	if (!count) {
		e->catching_up = false;
		return;
	}
	e->more = true;
	if (engine_hold(e, HAND_ALERT, (uint64_t)alert, 0) && store_alert_get(e->store, alert, &a))
		take_some(e, &a, rows, count);
	else				/* it was put aside: the desk has been told */
		for (size_t i = 0; i < count; i++)
			store_catch_up_taken(e->store, alert, rows[i].target, NEVER);
	engine_let_go(e);
}

void
engine_catch_up_load(struct engine *e)
{
	e->catching_up = true;
}
