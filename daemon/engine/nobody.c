/* nobody.c -- targets for which nobody can be called: no contact, no number, or all refused, among the
 * holders of all steps that call for them, as they stand now.  They are a task the moment that is
 * known, and those above them hear of it at once; it calls nobody for them itself. */
#include "daemon/engine/climb.h"

#include <stdio.h>
#include <stdlib.h>

#define SLICE 200			/* targets looked at in a turn */
#define AT_ONCE 1000			/* at accept; of more the answer does not wait */
#define OPEN_MAX 256			/* alerts looked at again after an import */

struct seeking {
	struct engine *e;
	struct planner p;
	size_t looked, changed;
	unsigned last;
	gone_fn gone;			/* who is as good as gone; NULL: nobody */
	target_fn lost;
	void *ctx;
};

/* The people of a callout, as its rungs call them. */
static void
pick_team(struct planner *p)
{
	const struct alert_request *r = p->request;

	if (!p->step->to_count && !p->step->to_answered)
		picks_request(p);
	for (size_t i = 0; i < p->step->to_count; i++) {
		size_t index = p->step->to[i], turn = picks_family_ordinal(p->policy, index);
		const struct family *family = &p->e->settings->families[index];

		if (r->in_turn && r->contact_count && turn < r->contact_count)
			picks_contact(p, r->contacts[turn], 0);
		for (size_t d = 0; !r->in_turn && d < r->division_count; d++)
			picks_family(p, family, division_ancestor(r->divisions[d],
								  family_tier(p->e, family)));
	}
}

static void
pick_family(struct planner *p, int index, const struct target *t)
{
	const struct family *family = index < 0 ? NULL : &p->e->settings->families[index];

	if (family && !planner_is_above(p, family))
		picks_family(p, family, t->division);
}

/* Whom the step calls for the target; helpers are not among them. */
static void
pick_for(struct planner *p, const struct target *t)
{
	const struct policy_step *step = p->step;

	p->target = t->id;
	p->division = t->division;
	if (p->policy->targets == TARGETS_TEAM) {
		pick_team(p);
	} else if (p->policy->targets == TARGETS_PERSON) {
		if (!step->to_count)
			planner_person(p, t);
	} else if (step->to_count) {
		for (size_t i = 0; i < step->to_count; i++)
			pick_family(p, (int)step->to[i], t);
	} else {
		for (size_t i = 0; i < p->request->role_count; i++)
			pick_family(p, settings_family(p->e->settings, p->request->roles[i]), t);
	}
}

/* Is there somebody to call for it?  *gone: there is, but all of them are as good as gone. */
static bool
has_somebody(struct seeking *s, const struct target *t, bool *gone)
{
	struct planner *p = &s->p;

	*gone = false;
	for (size_t i = 0; i < p->policy->step_count; i++) {
		p->step = &p->policy->steps[i];
		p->count = 0;
		if (p->step->inform)
			continue;
		pick_for(p, t);
		for (size_t k = 0; k < p->count; k++) {
			if (!store_can_be_called(s->e->store, p->picks[k].contact, p->alert->id,
						 p->step->channels[CHANNEL_SMS],
						 p->step->channels[CHANNEL_VOICE]))
				continue;
			*gone = s->gone && s->gone(s->ctx, p->picks[k].contact, t);
			if (!*gone)
				return true;
		}
	}
	return *gone;
}

static void
seek(void *ctx, const struct target *t)
{
	struct seeking *s = ctx;
	bool gone, nobody = !has_somebody(s, t, &gone);

	s->looked++;
	s->last = t->id;
	if (nobody != t->nobody) {
		store_target_nobody(s->e->store, s->p.alert->id, t->id, nobody);
		s->changed++;
	}
	if (s->p.alert->state != ALERT_HELD && t->level < s->p.policy->until && (nobody || t->nobody))
		engine_catch_up_nobody(s->e, s->p.alert, s->p.policy, t, nobody);
}

static void
seek_begin(struct seeking *s, struct engine *e, struct alert *a, const struct alert_request *r,
	   const struct policy *p, struct step_plan *out)
{
	*s = (struct seeking){ .e = e, .p = { .e = e, .alert = a, .request = r, .policy = p,
					      .out = out } };
	picks_without(&s->p);
}

static void
seek_end(struct seeking *s)
{
	if (s->changed)
		engine_desk_nobody(s->e, s->p.alert, s->p.policy);
	free(s->p.picks);
	id_set_fini(&s->p.without);
}

static void
look_again(struct engine *e, int64_t alert)
{
	for (size_t i = 0; i < e->nobody.count; i++)
		if (e->nobody.alerts[i] == alert) {
			e->nobody.again |= i == 0;
			return;
		}
	if (e->nobody.count == sizeof(e->nobody.alerts) / sizeof(*e->nobody.alerts)) {
		e->nobody.all = true;	/* when there is room */
		return;
	}
	e->nobody.alerts[e->nobody.count++] = alert;
}

void
engine_nobody_look(struct engine *e, const struct alert *a)
{
	if (a->policy && a->targets && !e->quiet)
		look_again(e, a->id);
}

void
engine_nobody_accept(struct engine *e, struct alert *a, const struct alert_request *r,
		     const struct policy *p)
{
	struct step_plan out = { 0 };
	struct seeking s;
	bool quiet = e->quiet;

	if (!p || !a->targets || p->targets == TARGETS_NONE)
		return;
	if (a->targets > AT_ONCE) {	/* of very many it is known some turns later */
		engine_nobody_look(e, a);
		return;
	}
	e->quiet = true;		/* picking tells of gaps in the roster; its step will, too */
	seek_begin(&s, e, a, r, p, &out);
	store_targets_after(e->store, a->id, -1, AT_ONCE, seek, &s);
	e->quiet = quiet;
	seek_end(&s);
}

bool
engine_has_nobody(struct engine *e, struct alert *a, const struct alert_request *r, const struct policy *p,
		  const struct target *t)
{
	struct step_plan out = { 0 };
	struct seeking s;
	bool gone, nobody, quiet = e->quiet;

	e->quiet = true;
	seek_begin(&s, e, a, r, p, &out);
	nobody = !has_somebody(&s, t, &gone);
	e->quiet = quiet;
	seek_end(&s);
	return nobody;
}

/* A number was refused for good: for whom was that the last one? */
void
engine_nobody_refused(struct engine *e, int64_t alert)
{
	struct alert a;

	if (store_alert_get(e->store, alert, &a) && alert_is_open(a.state))
		engine_nobody_look(e, &a);
}

static bool
slice(struct engine *e, struct alert *a, const struct policy *p)
{
	struct alert_request *r = request_decode(a->body);
	struct step_plan out = { 0 };
	struct seeking s;

	e->quiet = true;
	seek_begin(&s, e, a, r, p, &out);
	store_targets_after(e->store, a->id, e->nobody.after, SLICE, seek, &s);
	e->quiet = false;
	e->nobody.after = s.last;
	seek_end(&s);
	alert_request_free(r);
	return s.looked < SLICE;
}

static void
seek_lost(void *ctx, const struct target *t)
{
	struct seeking *s = ctx;
	bool gone = false;

	s->looked++;
	s->last = t->id;
	if (t->level < s->p.policy->until && has_somebody(s, t, &gone) && gone)
		s->lost(s->ctx, t);
}

bool
engine_nobody_without(struct engine *e, struct alert *a, int64_t *after, gone_fn gone, target_fn lost,
		      void *ctx)
{
	const struct policy *p = a->policy ? engine_policy(e, a->policy) : NULL;
	struct alert_request *r = p ? request_decode(a->body) : NULL;
	struct step_plan out = { 0 };
	bool quiet = e->quiet;
	struct seeking s;

	if (!r)
		return true;
	e->quiet = true;
	seek_begin(&s, e, a, r, p, &out);
	s.gone = gone;
	s.lost = lost;
	s.ctx = ctx;
	store_targets_after(e->store, a->id, *after, SLICE, seek_lost, &s);
	e->quiet = quiet;
	*after = s.last;
	seek_end(&s);
	alert_request_free(r);
	return s.looked < SLICE;
}

static void
next_alert(struct engine *e)
{
	int64_t first = e->nobody.alerts[0];
	bool again = e->nobody.again;

	for (size_t i = 1; i < e->nobody.count; i++)
		e->nobody.alerts[i - 1] = e->nobody.alerts[i];
	e->nobody.count--;
	e->nobody.after = -1;
	e->nobody.again = false;
	if (again)
		look_again(e, first);
}

static void
add_open(void *ctx, int64_t alert)
{
	look_again(ctx, alert);
}

void
engine_nobody_due(struct engine *e)
{
	const struct policy *p;
	struct alert a;

	if (e->nobody.all && !e->nobody.count) {
		e->nobody.all = false;
		e->nobody.after = -1;
		store_alerts_open(e->store, OPEN_MAX, add_open, e);
	}
	if (!e->nobody.count)
		return;
	e->more = true;
	if (!engine_hold(e, HAND_ALERT, (uint64_t)e->nobody.alerts[0], 0) ||
	    !store_alert_get(e->store, e->nobody.alerts[0], &a) || !alert_is_open(a.state) ||
	    !(p = engine_policy(e, a.policy)) || slice(e, &a, p))
		next_alert(e);
	engine_let_go(e);
}

void
engine_nobody_load(struct engine *e)
{
	e->nobody.count = 0;
	e->nobody.all = true;
}

struct naming {
	struct engine *e;
	struct buf *json;
	size_t count;
};

static void
name_one(void *ctx, const struct target *t)
{
	struct naming *n = ctx;
	char code[DIVISION_TEXT], name[128] = "";
	struct person person;

	if (!t->nobody || n->count == AT_ONCE)
		return;
	buf_puts(n->json, n->count++ ? ",{" : "{");
	if (t->contact && store_person_by_id(n->e->store, t->contact, &person)) {
		buf_puts(n->json, "\"contact\":");
		buf_json(n->json, person.ref);
		snprintf(name, sizeof(name), "%s", person.name);
	} else {
		division_format(code, t->division);
		buf_printf(n->json, "\"code\":\"%s\"", code);
		store_division_get(n->e->store, t->division, name, NULL);
	}
	buf_puts(n->json, ",\"name\":");
	buf_json(n->json, name);
	buf_puts(n->json, "}");
}

/* Of very many: they are still being looked at; a dry run does not wait for that. */
static bool
is_pending(const struct engine *e, const struct alert *a)
{
	bool listed = e->quiet || e->nobody.all || engine_slices_of(e, a->id);

	for (size_t i = 0; i < e->nobody.count; i++)
		listed |= e->nobody.alerts[i] == a->id;
	return listed && a->policy && a->targets > AT_ONCE;
}

/* It asks for no answer. */
static bool
is_told(struct engine *e, const struct alert *a)
{
	const struct policy *p = a->policy ? engine_policy(e, a->policy) : NULL;

	return !a->policy || (p && p->targets == TARGETS_NONE);
}

void
engine_tell_nobody(struct engine *e, struct alert *a, const struct alert_request *r, struct buf *json)
{
	struct naming n = { .e = e, .json = json };
	bool pending = is_pending(e, a);

	if (is_told(e, a)) {
		engine_tell_unheld(e, a, r, json);
		return;
	}
	buf_puts(json, ",\"nobody\":[");
	if (a->targets && !pending)
		store_targets_after(e->store, a->id, -1, a->targets, name_one, &n);
	buf_puts(json, "]");
	if (pending)
		buf_puts(json, ",\"nobody_pending\":true");
}
