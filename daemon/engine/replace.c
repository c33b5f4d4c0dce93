/* replace.c -- an alert that takes the place of another: which of its targets it takes over, what
 * becomes of the rest.  Targets move when the new alert is released, not when it is accepted; and
 * what has moved stays moved. */
#include "daemon/engine/climb.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

bool
replacement_is_whole(const struct alert_request *r)
{
	return r->whole || (r->reached && !r->division_count && !r->contact_count && !r->tag_count);
}

/* What the new audience covers of the old alert. */
struct cover {
	struct engine *e;
	const struct alert *old;
	const struct alert_request *r;
	struct id_set persons;		/* for targets that are persons */
	struct target *targets;		/* of the old alert, those covered */
	size_t count, cap;
	bool whole;			/* the old alert ends for everybody */
};

static void
cover_fini(struct cover *c)
{
	id_set_fini(&c->persons);
	free(c->targets);
}

/* A township of which a village is left out is covered in part only, and stays. */
static bool
covers_place(const struct alert_request *r, division_code place)
{
	bool inside = false;

	for (size_t i = 0; i < r->division_count && !inside; i++)
		inside = division_contains(r->divisions[i], place);
	for (size_t i = 0; i < r->without_division_count && inside; i++)
		inside = !division_contains(r->without_divisions[i], place) &&
			!division_contains(place, r->without_divisions[i]);
	return inside;
}

static bool
covers(const struct cover *c, const struct target *t)
{
	return t->contact ? id_set_has(&c->persons, t->contact)
		: t->division && covers_place(c->r, t->division);
}

static void
add_target(void *ctx, const struct target *t)
{
	struct cover *c = ctx;

	if (c->count == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 64;
		c->targets = xrealloc(c->targets, c->cap * sizeof(*c->targets));
	}
	c->targets[c->count++] = *t;
}

/* Whom the new request names, as it would pick them. */
static void
find_persons(struct cover *c)
{
	struct alert old = *c->old;	/* a gap in a roster is told in the story of it */
	struct planner p = { .e = c->e, .alert = &old, .request = c->r, .target = NO_TARGET,
			     .as_is = true };

	if (picks_request_count(&p, WHOLE_MAX + 1) <= WHOLE_MAX) {
		picks_without(&p);
		picks_request(&p);
	}
	for (size_t i = 0; i < p.count; i++)
		id_set_add(&c->persons, p.picks[i].contact);
	id_set_sort(&c->persons);
	free(p.picks);
	id_set_fini(&p.without);
}

static void
find_covered(struct cover *c)
{
	size_t covered = 0;

	store_targets_all(c->e->store, c->old->id, add_target, c);
	/* One that told people, and asks nobody for an answer, has nothing that could stay. */
	c->whole = replacement_is_whole(c->r) || !c->count;
	if (c->count && c->targets[0].contact)
		find_persons(c);
	if (c->whole && c->r->reached)
		c->count = 0;		/* it names nobody: divisions only fill in its text */
	for (size_t i = 0; i < c->count; i++) {
		struct target t = c->targets[i];

		if (!covers(c, &t))
			continue;
		c->targets[i] = c->targets[covered];
		c->targets[covered++] = t;
	}
	c->count = covered;
}

size_t
engine_covered(struct engine *e, const struct alert *old, const struct alert_request *r,
	       struct target **out)
{
	struct cover c = { .e = e, .old = old, .r = r };

	find_covered(&c);
	*out = c.targets;
	id_set_fini(&c.persons);
	return c.count;
}

static int
refuse_target(struct engine *e, const struct target *t, const struct alert *old, int64_t by,
	      enum phrase phrase, struct err *err)
{
	struct person person = { .name = "" };
	char name[128] = "", from[24], to[24];

	if (t->contact && store_person_by_id(e->store, t->contact, &person))
		snprintf(name, sizeof(name), "%s", person.name);
	else if (t->division)
		store_division_get(e->store, t->division, name, NULL);
	snprintf(from, sizeof(from), "%lld", (long long)old->id);
	snprintf(to, sizeof(to), "%lld", (long long)by);
	return err_say_phrase(err, REFUSED_CONFLICT, about(CONCEPT_REPLACES), phrase,
			  (const char *const[]){ name, from, to });
}

struct waiting {
	struct cover *mine;
	const struct target *both;	/* a target that both would take over */
	int64_t by;
};

/* One that is held, and will take over targets of the same alert. */
static void
meet_held(void *ctx, int64_t id)
{
	struct waiting *w = ctx;
	struct cover held = { .e = w->mine->e, .old = w->mine->old };
	struct alert_request *r;
	struct alert a;

	if (w->by || !store_alert_get(held.e->store, id, &a))
		return;
	held.r = r = request_decode(a.body);
	if (replacement_is_whole(r) || w->mine->whole) {
		w->by = id;
	} else if (w->mine->count && w->mine->targets[0].contact) {
		find_persons(&held);
	}
	for (size_t i = 0; i < w->mine->count && !w->by; i++) {
		if (!covers(&held, &w->mine->targets[i]))
			continue;
		w->both = &w->mine->targets[i];
		w->by = id;
	}
	cover_fini(&held);
	alert_request_free(r);
}

static int
check_conflicts(struct engine *e, const struct alert *old, struct cover *c, struct err *err)
{
	struct waiting w = { .mine = c };

	for (size_t i = 0; i < c->count; i++)
		if (c->targets[i].moved_to)
			return refuse_target(e, &c->targets[i], old, c->targets[i].moved_to,
					     PHRASE_target_replaced, err);
	/* A cancellation is never refused for what another wants to do later. */
	if (!c->r->own)
		store_replacements_held(e->store, old->id, meet_held, &w);
	if (w.by && !w.both)
		return err_say(err, REFUSED_CONFLICT, about(CONCEPT_REPLACES), replacement_waits,
			       NUM(old->id), NUM(w.by));
	return w.by ? refuse_target(e, w.both, old, w.by, PHRASE_target_awaited, err) : 0;
}

static int
check_covered(struct engine *e, const struct alert *old, const struct alert_request *r,
	      struct err *err)
{
	const struct policy *p = engine_policy(e, old->policy);
	struct cover c = { .e = e, .old = old, .r = r };
	int rc;

	if (!replacement_is_whole(r) && p && p->targets == TARGETS_TEAM)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_REPLACES), replaces_team,
			       NUM(old->id));
	find_covered(&c);
	if (!c.whole && !c.count)
		rc = err_say(err, REFUSED_INVALID, about(CONCEPT_REPLACES), replaces_nothing,
			     NUM(old->id));
	else
		rc = check_conflicts(e, old, &c, err);
	cover_fini(&c);
	return rc;
}

int
engine_check_replacement(struct engine *e, const struct principal *by, const struct alert *a,
			 const struct alert_request *r, struct err *err)
{
	struct alert old;

	if (!store_alert_get(e->store, a->replaces, &old))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_REPLACES), no_alert,
			       NUM(a->replaces));
	if (engine_may_end(e, by, VERB_SEND, &old, err) < 0)
		return -1;
	if (a->drill != old.drill || (a->test && !old.test))
		return old.drill
			? err_say(err, REFUSED_INVALID, about(CONCEPT_MODE), replaces_drill, NUM(old.id))
			: err_say(err, REFUSED_INVALID, about(CONCEPT_MODE), replaces_real, NUM(old.id));
	if (old.replaced_by)
		return err_say(err, REFUSED_CONFLICT, about(CONCEPT_REPLACES), already_replaced,
			       NUM(old.id), NUM(old.replaced_by));
	return check_covered(e, &old, r, err);
}

/* It ends for everybody: those whom nobody else takes over, too. */
static void
end_old(struct engine *e, struct alert *old, const struct alert *a)
{
	struct said note;

	old->replaced_by = a->id;
	if (alert_is_open(old->state) || old->state == ALERT_SATISFIED) {
		old->state = ALERT_CANCELLED;
		old->closed_at = e->now;
	}
	old->due_at = NEVER;
	store_alert_update(e->store, old);
	engine_feedback_end(e, old->id, old->state);
	engine_event(e, old->id, "replaced", "{\"by\":%lld}", (long long)a->id);
	SAY(&note, task_over_replaced, a->code);
	engine_desk_over(e, old->id, &note);
	engine_stop_waves(e, old->id, WAVE_WITHDRAWN);
}

/* Its ladder goes on for the rest. */
static void
part_old(struct engine *e, struct alert *old, const struct alert *a, size_t moved)
{
	if (alert_is_open(old->state) && old->state != ALERT_HELD)
		old->due_at = e->now;
	store_alert_update(e->store, old);
	engine_event(e, old->id, "moved", "{\"to\":%lld,\"targets\":%zu,\"left\":%lu}",
		     (long long)a->id, moved, old->targets);
	engine_part_alert(e, old->id);
}

void
engine_replace(struct engine *e, struct alert *a, const struct alert_request *r)
{
	struct cover c = { .e = e, .r = r };
	struct alert old;
	size_t moved = 0;

	if (!a->replaces || !store_alert_get(e->store, a->replaces, &old) || old.replaced_by)
		return;
	old.body = NULL;		/* borrowed, and not ours to keep */
	c.old = &old;
	find_covered(&c);
	for (size_t i = 0; i < c.count; i++) {
		if (c.targets[i].moved_to)
			continue;	/* another was released before */
		store_target_move(e->store, old.id, c.targets[i].id, a->id);
		moved++;
	}
	assert(moved <= old.targets || !old.targets);
	if (c.whole || (moved && moved >= old.targets)) {
		if (moved)
			engine_parted_note(e, old.id);
		end_old(e, &old, a);
	} else if (moved) {
		old.targets -= moved;
		part_old(e, &old, a, moved);
	}
	/* A correction to all who were reached says so itself. */
	if (!(c.whole && r->reached))
		engine_end_places(e, a, r, replacement_is_whole(r));
	cover_fini(&c);
}
