/* plan.c -- goes through a step of an alert, position by position: calls, helpers, team, desk. */
#include "daemon/engine/plan.h"

#include <stdlib.h>

#define BROADCAST_MIN 2000		/* people from which a plan is made in slices */

void
planner_target(void *ctx, const struct target *t)
{
	struct planner *p = ctx;

	if (p->target_count == p->target_cap) {
		p->target_cap = p->target_cap ? p->target_cap * 2 : 64;
		p->targets = xrealloc(p->targets, p->target_cap * sizeof(*p->targets));
	}
	p->targets[p->target_count++] = *t;
}

enum tier
family_tier(const struct engine *e, const struct family *family)
{
	return e->settings->roles[family->roles[0]].tier;
}

enum tier
target_tier(const struct policy *policy)
{
	return policy->targets == TARGETS_VILLAGE ? TIER_VILLAGE : TIER_TOWNSHIP;
}

/* People of the targets themselves: linked to what they answer for. */
void
planner_call(struct planner *p, unsigned position, const struct family *family,
	     const struct target *t)
{
	size_t before = p->found;

	p->position = position;
	p->target = p->step->inform ? NO_TARGET : t->id;
	p->division = t->division;
	picks_family(p, family, t->division);
	if (position == 0 && p->found == before)
		p->out->nobody++;
}

/* People above the targets: one message a helper, naming what is silent below. */
static int
plan_helpers(struct planner *p, unsigned position, const struct family *family)
{
	enum tier tier = family_tier(p->e, family);
	int64_t document;
	const struct template *t;
	division_code done = 0;
	int rc;

	p->helps = true;
	t = engine_template_named(p->e, p->alert, compose_template(p), &document);
	p->target = NO_TARGET;
	for (size_t i = 0; i < p->target_count; i++) {
		division_code up = division_ancestor(p->targets[i].division, tier);

		if (up == done)
			continue;
		done = p->under = p->division = up;
		/* A text made for villages is told with the first silent village's parameters
		 * where the township has none of its own. */
		if (engine_check_texts(p->e, p->request, t, &up, 1, NULL) < 0)
			p->division = p->targets[i].division;
		picks_family(p, family, up);
	}
	p->under = 0;
	rc = compose_channels(p, position, p->step->inform ? WAVE_INFORM : WAVE_HELPER);
	p->helps = false;
	return rc;
}

/* Each person whom the request named answers for himself. */
void
planner_person(struct planner *p, const struct target *t)
{
	struct person person;

	if (store_person_by_id(p->e->store, t->contact, &person) && person.active)
		picks_add(p, person.id, person.lang, t->division, t->id);
	else
		p->out->nobody++;
}

static int
plan_persons(struct planner *p)
{
	for (size_t i = 0; i < p->target_count; i++)
		planner_person(p, &p->targets[i]);
	return compose_channels(p, 0, p->step->inform ? WAVE_INFORM : WAVE_CALL);
}

/* Somebody is told which persons are silent: the holders of a role over the request's places. */
static int
plan_person_helpers(struct planner *p, unsigned position, const struct family *family)
{
	enum tier tier = family_tier(p->e, family);
	int rc;

	p->helps = true;
	p->target = NO_TARGET;
	for (size_t d = 0; d < p->request->division_count; d++) {
		p->division = division_ancestor(p->request->divisions[d], tier);
		picks_family(p, family, p->division);
	}
	rc = compose_channels(p, position, p->step->inform ? WAVE_INFORM : WAVE_HELPER);
	p->helps = false;
	return rc;
}

/* A callout: the duty is one target, answered for by whoever is called.  With contacts in turn,
 * the i-th family of the policy stands for the i-th contact. */
static int
plan_team(struct planner *p)
{
	p->target = 0;
	for (unsigned pos = 0; pos < p->step->to_count; pos++) {
		size_t index = p->step->to[pos], turn = picks_family_ordinal(p->policy, index);
		const struct family *family = &p->e->settings->families[index];

		if (p->request->in_turn && p->request->contact_count) {
			if (turn < p->request->contact_count)
				picks_contact(p, p->request->contacts[turn], 0);
		} else {
			for (size_t d = 0; d < p->request->division_count; d++) {
				p->division = p->request->divisions[d];
				picks_family(p, family, division_ancestor(p->division,
									 family_tier(p->e, family)));
			}
		}
		if (compose_channels(p, pos, WAVE_CALL) < 0)
			return -1;
	}
	return 0;
}

/* A duty role is whoever the roster names; that is not asked in slices. */
static bool
names_duty(const struct planner *p)
{
	const struct settings *s = p->e->settings;

	for (size_t i = 0; i < p->request->role_count; i++) {
		int family = settings_family(s, p->request->roles[i]);

		for (size_t m = 0; family >= 0 && m < s->families[family].role_count; m++)
			if (s->roles[s->families[family].roles[m]].duty)
				return true;
	}
	return false;
}

static int
plan_request(struct planner *p)
{
	struct engine *e = p->e;
	int64_t document;
	const struct template *t = engine_template_named(e, p->alert,
		p->step ? p->step->template : NULL, &document);
	bool sms_only = !p->step || (p->step->channels[CHANNEL_SMS] &&
				     !p->step->channels[CHANNEL_VOICE]);
	size_t count = picks_request_count(p, WHOLE_MAX + 1);

	if (sms_only && count > BROADCAST_MIN && engine_is_by_place(t, CHANNEL_SMS) &&
	    !names_duty(p))
		return compose_broadcast(p, t, document);
	if (count > WHOLE_MAX)
		return err_say(p->err, REFUSED_INVALID, about(CONCEPT_AUDIENCE),
			       too_many_for_text, NUM(WHOLE_MAX));
	p->target = NO_TARGET;
	picks_request(p);
	return compose_channels(p, 0, WAVE_INFORM);
}

void
planner_desk(struct planner *p)
{
	p->out->console = true;
	engine_desk_short(p->e, p->alert, p->policy, "unanswered");
	engine_event(p->e, p->alert->id, "task", "{\"silent\":%zu}", p->target_count);
}

bool
planner_is_above(const struct planner *p, const struct family *family)
{
	return settings_is_above(p->e->settings, p->policy, (size_t)(family - p->e->settings->families));
}

int
planner_helpers(struct planner *p, unsigned position, const struct family *family)
{
	if (p->policy->targets == TARGETS_PERSON)
		return plan_person_helpers(p, position, family);
	return plan_helpers(p, position, family);
}

const struct family *
planner_family(const struct planner *p, unsigned position)
{
	const struct settings *s = p->e->settings;
	int family = -1;

	if (p->step->to_count)
		return &s->families[p->step->to[position]];
	if (p->policy->targets != TARGETS_PERSON)
		family = settings_family(s, p->request->roles[position]);
	return family < 0 ? NULL : &s->families[family];
}

/* Those who answer for targets first, all positions together: whoever has seats in several is told
 * of all of them, and nobody who is called is told as a helper. */
int
planner_families(struct planner *p, unsigned first, bool helpers_only)
{
	unsigned count = (unsigned)(p->step->to_count ? p->step->to_count : p->request->role_count);
	const struct family *family;

	for (unsigned i = 0; i < count; i++) {
		family = planner_family(p, i);
		if (helpers_only || (family && planner_is_above(p, family)))
			continue;
		for (size_t t = 0; family && t < p->target_count; t++)
			planner_call(p, first + i, family, &p->targets[t]);
	}
	if (compose_positions(p, first, count, p->step->inform ? WAVE_INFORM : WAVE_CALL) < 0)
		return -1;
	for (unsigned i = 0; i < count; i++) {
		family = planner_family(p, i);
		if (family && planner_is_above(p, family) && planner_helpers(p, first + i, family) < 0)
			return -1;
	}
	return 0;
}

/* A step that names nobody calls whom the request names: a team's people, or the holders of the
 * request's roles in each village or township, who answer for it like any others. */
static int
plan_own_roles(struct planner *p)
{
	if (p->policy->targets == TARGETS_TEAM) {
		p->target = 0;
		picks_request(p);
		return compose_channels(p, 0, WAVE_CALL);
	}
	return planner_families(p, 0, false);
}

/* Whom the request names beside the policy's roles: told once, with the first step. */
int
planner_contacts(struct planner *p, unsigned position)
{
	if (p->index || (!p->request->contact_count && !p->request->tag_count))
		return 0;
	p->target = NO_TARGET;
	picks_tags(p);
	for (size_t c = 0; c < p->request->contact_count; c++)
		picks_contact(p, p->request->contacts[c], NO_TARGET);
	return compose_channels(p, position, WAVE_INFORM);
}

static int
plan_positions(struct planner *p)
{
	struct engine *e = p->e;

	if (p->step && p->step->to_answered) {
		store_answered_at(e->store, p->alert->id, LEVEL_ACKNOWLEDGED, picks_answered, p);
		return compose_channels(p, 0, WAVE_CALL);
	}
	if (p->step && p->step->to_count == 0 && p->policy->targets == TARGETS_PERSON)
		return plan_persons(p);
	if (!p->step || (p->step->to_count == 0 &&
			 (p->step->inform || p->policy->targets == TARGETS_NONE)))
		return plan_request(p);
	if (p->step->to_count == 0) {
		if (plan_own_roles(p) < 0)
			return -1;
		return p->policy->targets == TARGETS_TEAM ? 0
			: planner_contacts(p, (unsigned)p->request->role_count);
	}
	/* Households live through enough real nights: a drill that does not name them spares them. */
	if (p->alert->drill && p->step->inform) {
		engine_event(e, p->alert->id, "drill_spares", "{\"step\":%zu}", p->index);
		return 0;
	}
	if (p->policy->targets == TARGETS_TEAM)
		return plan_team(p);
	if (planner_families(p, 0, false) < 0)
		return -1;
	return planner_contacts(p, (unsigned)p->step->to_count);
}

int
engine_plan_step(struct engine *e, struct alert *a, const struct alert_request *r,
		 const struct policy *policy, size_t step, struct step_plan *out, struct err *err)
{
	struct planner p = { .e = e, .alert = a, .request = r, .policy = policy, .index = step,
			     .out = out, .err = err,
			     .step = policy ? &policy->steps[step] : NULL };
	bool people = !p.step || p.step->channels[CHANNEL_SMS] || p.step->channels[CHANNEL_VOICE];
	int rc = 0;

	*out = (struct step_plan){ 0 };
	picks_without(&p);
	if (policy && policy->targets != TARGETS_NONE)
		store_targets(e->store, a->id, p.step->below, planner_target, &p);
	if (people)
		rc = plan_positions(&p);
	if (rc == 0 && r->recipients_max && out->people > r->recipients_max)
		rc = err_say(err, REFUSED_INVALID, about(CONCEPT_AUDIENCE), client_recipients,
			     r->client, NUM(r->recipients_max), NUM(out->people));
	if (rc == 0 && p.step && p.step->channels[CHANNEL_CONSOLE])
		planner_desk(&p);
	free(p.picks);
	free(p.targets);
	id_set_fini(&p.without);
	id_set_fini(&p.seen);
	return rc;
}
