/* slices.c -- a step of a ladder for very many targets, planned over many turns: first who is picked,
 * target by target, then what each of them is told, so that everybody gets what he would get were it
 * planned whole; its waves open together when the last row is written.  The alert's row counts the
 * step only then: after a restart, or a turn that failed, the step is due and begun again, and rows
 * that are there stay. */
#include "daemon/engine/plan.h"

#include <stdlib.h>
#include <string.h>

/* A slice's people have a row, a link and maybe a text of their own each. */
struct engine_slicing engine_slicing = { .targets = 1000, .people = 1000 };

struct slices {
	int64_t alert;
	struct alert_request *request;
	struct planner p;
	struct sliced sliced;
	struct step_plan out;
	enum { PICKING, WRITING, HELPING, ENDING } phase;
	unsigned position;		/* of the phase in hand */
	size_t at;			/* the next target, or pick, of that position */
	bool rested;			/* the turn that accepts has enough to do without it */
	bool loaded;			/* the targets below the step's level, and what was begun */
};

static void
slices_free(struct slices *s)
{
	for (int c = 0; c < CHANNEL_COUNT; c++)
		table_fini(&s->sliced.variants[c], NULL);
	id_set_fini(&s->p.seen);
	id_set_fini(&s->p.without);
	free(s->sliced.waves);
	free(s->p.targets);
	free(s->p.picks);
	alert_request_free(s->request);
	free(s);
}

bool
engine_slices_of(const struct engine *e, int64_t alert)
{
	for (size_t i = 0; i < e->slices.count; i++)
		if (e->slices.list[i]->alert == alert)
			return true;
	return false;
}

unsigned
engine_rungs_taken(const struct engine *e, const struct alert *a)
{
	for (size_t i = 0; i < e->slices.count; i++) {
		const struct slices *s = e->slices.list[i];

		if (s->alert == a->id && s->loaded && s->p.index == a->step)
			return a->step + 1;
	}
	return a->step;
}

struct slices *
engine_slices_oldest(const struct engine *e)
{
	return e->slices.count ? e->slices.list[0] : NULL;
}

/* Those that waves.c has cut off: the command that began them was undone. */
static void
sweep(struct engine *e)
{
	while (e->slices.used > e->slices.count)
		slices_free(e->slices.list[--e->slices.used]);
}

void
engine_slices_end(struct engine *e, struct slices *s)
{
	sweep(e);
	for (size_t i = 0; i < e->slices.count; i++)
		if (e->slices.list[i] == s)
			memmove(&e->slices.list[i], &e->slices.list[i + 1],
				(--e->slices.count - i) * sizeof(s));
	e->slices.used = e->slices.count;
	slices_free(s);
}

void
engine_slices_drop(struct engine *e)
{
	sweep(e);
	for (size_t i = 0; i < e->slices.count; i++)
		slices_free(e->slices.list[i]);
	free(e->slices.list);
	memset(&e->slices, 0, sizeof(e->slices));
}

int64_t
slices_alert(const struct slices *s)
{
	return s->alert;
}

bool
slices_fit(const struct slices *s, const struct alert *a)
{
	return a->step <= s->p.index;
}

const struct step_plan *
slices_plan(const struct slices *s)
{
	return &s->out;
}

const struct alert_request *
slices_request(const struct slices *s)
{
	return s->request;
}

/* Steps whose people are found target by target. */
static bool
is_by_target(const struct alert *a, const struct policy *policy, size_t step)
{
	const struct policy_step *s = policy ? &policy->steps[step] : NULL;

	if (!s || (!s->channels[CHANNEL_SMS] && !s->channels[CHANNEL_VOICE]) || s->to_answered)
		return false;
	if (s->inform && (s->to_count == 0 || a->drill))
		return false;
	switch (policy->targets) {
	case TARGETS_VILLAGE:
	case TARGETS_TOWNSHIP:
	case TARGETS_PERSON:
		return true;
	case TARGETS_NONE:
	case TARGETS_TEAM:
		break;
	}
	return false;
}

static void
find_begun(void *ctx, const struct wave *w)
{
	struct slices *s = ctx;

	if (w->state == WAVE_PLANNING && w->step == (int)s->p.index)
		sliced_note(&s->sliced, w->position, w->channel, w->id);
	s->sliced.begun = s->sliced.count > 0;
}

bool
engine_slices_begin(struct engine *e, const struct alert *a, const struct alert_request *r,
		    const struct policy *policy, size_t step, bool first)
{
	struct slices *s;
	char *body;

	/* What could refuse the request is found by planning it at once. */
	if (e->quiet || a->targets <= engine_slicing.targets || !is_by_target(a, policy, step) ||
	    r->recipients_max || (first && policy->steps[step].template))
		return false;
	s = xcalloc(1, sizeof(*s));
	s->alert = a->id;
	s->p = (struct planner){ .e = e, .index = step, .policy = policy };
	s->rested = !first;
	body = request_encode(r);
	s->request = request_decode(body);	/* a copy of its own: r goes with its command */
	s->p.request = s->request;
	free(body);
	sweep(e);
	if (e->slices.count == e->slices.cap) {
		e->slices.cap = e->slices.cap ? e->slices.cap * 2 : 8;
		e->slices.list = xrealloc(e->slices.list, e->slices.cap * sizeof(*e->slices.list));
	}
	e->slices.list[e->slices.count++] = s;
	e->slices.used = e->slices.count;
	return true;
}

/* Rows read, not written: 20,000 are a turn like others. */
static void
load(struct slices *s, const struct alert *a)
{
	struct planner *p = &s->p;

	store_targets(p->e->store, a->id, p->step->below, planner_target, p);
	store_waves_of(p->e->store, a->id, find_begun, s);
	picks_without(p);
	s->loaded = true;
}

/* The step's families, or the request's roles; then whom the request names. */
static size_t
positions(const struct planner *p)
{
	if (p->step->to_count)
		return p->step->to_count;
	return p->policy->targets == TARGETS_PERSON ? 1 : p->request->role_count;
}

static void
next_position(struct slices *s)
{
	s->position++;
	s->at = 0;
	if (s->position < positions(&s->p))
		return;
	s->position = 0;
	s->phase++;
}

/* Targets whose people make a slice. */
static void
pick_some(struct slices *s)
{
	struct planner *p = &s->p;
	const struct family *family = planner_family(p, s->position);
	bool persons = !p->step->to_count && p->policy->targets == TARGETS_PERSON;
	size_t before = p->count;

	if (!persons && (!family || planner_is_above(p, family)))
		s->at = p->target_count;
	for (; s->at < p->target_count && p->count - before < engine_slicing.people; s->at++) {
		if (family)
			planner_call(p, s->position, family, &p->targets[s->at]);
		else
			planner_person(p, &p->targets[s->at]);
	}
	if (s->at == p->target_count)
		next_position(s);
	if (s->phase == WRITING)
		picks_sort(p);
}

static int
write_some(struct slices *s)
{
	struct planner *p = &s->p;

	if (compose_some(p, s->position, p->step->inform ? WAVE_INFORM : WAVE_CALL, &s->at,
			 engine_slicing.people) < 0)
		return -1;
	if (s->at == p->count)
		next_position(s);
	if (s->phase == HELPING)
		compose_end(p);
	return 0;
}

/* They are few: the places above. */
static int
help(struct slices *s)
{
	struct planner *p = &s->p;
	const struct family *family = planner_family(p, s->position);
	unsigned position = s->position;
	bool above = family && p->policy->targets != TARGETS_NONE && planner_is_above(p, family);

	next_position(s);
	return above ? planner_helpers(p, position, family) : 0;
}

static int
finish(struct slices *s)
{
	struct planner *p = &s->p;

	if (p->policy->targets != TARGETS_PERSON && planner_contacts(p, (unsigned)positions(p)) < 0)
		return -1;
	for (size_t i = 0; i < s->sliced.count; i++) {
		struct live_wave *lw = engine_wave(p->e, s->sliced.waves[i].id);

		if (!lw || lw->w.state != WAVE_PLANNING)
			continue;
		lw->w.state = WAVE_OPEN;
		engine_wave_rank(p->e, lw);
		engine_wave_touch(p->e, lw);
		compose_note(p, &lw->w, s->sliced.waves[i].parts);
	}
	if (p->step->channels[CHANNEL_CONSOLE])
		planner_desk(p);
	return 1;
}

int
slices_go(struct slices *s, struct alert *a, const struct policy *policy, struct err *err)
{
	struct planner *p = &s->p;

	p->alert = a;
	p->policy = policy;		/* settings may have been reloaded since the last slice */
	p->step = &policy->steps[p->index];
	p->out = &s->out;
	p->err = err;
	p->sliced = &s->sliced;
	if (!s->rested) {
		s->rested = true;
		return 0;
	}
	if (!s->loaded) {
		load(s, a);
		if (p->target_count > engine_slicing.people)
			return 0;
	}
	switch (s->phase) {
	case PICKING:
		pick_some(s);
		return 0;
	case WRITING:
		return write_some(s);
	case HELPING:
		return help(s);
	case ENDING:
		break;
	}
	return finish(s);
}

void
slices_withdraw(struct slices *s)
{
	for (size_t i = 0; i < s->sliced.count; i++) {
		struct live_wave *lw = engine_wave(s->p.e, s->sliced.waves[i].id);

		if (lw && lw->w.alert == s->alert && lw->w.state == WAVE_PLANNING)
			engine_wave_stop(s->p.e, lw, WAVE_WITHDRAWN);
	}
}
