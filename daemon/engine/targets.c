/* targets.c -- what an alert must have answered: villages, townships, persons or a team. */
#include "daemon/engine/climb.h"

#include <stdlib.h>
#include <string.h>

static void
add_target(void *ctx, division_code division)
{
	struct planner *p = ctx;
	struct target t = { .id = (unsigned)p->target_count, .division = division };

	if (!request_leaves_out(p->request, division))
		planner_target(p, &t);
}

static void
add_divisions(struct planner *p)
{
	const struct alert_request *r = p->request;
	struct division_range *ranges = xcalloc(r->division_count + 1, sizeof(*ranges));
	size_t count = 0;

	for (size_t i = 0; i < r->division_count; i++)
		ranges[count++] = division_range(r->divisions[i]);
	count = division_ranges_merge(ranges, count);
	for (size_t i = 0; i < count; i++)
		store_divisions_in(p->e->store, ranges[i], target_tier(p->policy), add_target, p);
	free(ranges);
}

static int
add_persons(struct planner *p)
{
	size_t count = picks_request_count(p, WHOLE_MAX + 1);

	if (count > WHOLE_MAX)
		return err_say(p->err, REFUSED_INVALID, about(CONCEPT_AUDIENCE),
			       too_many_to_chase, NUM(WHOLE_MAX));
	picks_without(p);
	p->target = NO_TARGET;
	picks_request(p);
	picks_sort(p);
	for (size_t i = 0; i < p->count; i++) {
		struct target t = { .id = (unsigned)p->target_count,
				    .contact = p->picks[i].contact,
				    .division = p->picks[i].division };

		if (!i || p->picks[i - 1].contact != t.contact)
			planner_target(p, &t);
	}
	free(p->picks);
	id_set_fini(&p->without);
	return 0;
}

struct uses {
	struct text_use *list;
	size_t count;
};

static void
add_use(struct uses *u, const struct template *t, size_t step)
{
	for (size_t i = 0; i < u->count; i++)
		if (!t || u->list[i].template == t)
			return;
	if (t)
		u->list[u->count++] = (struct text_use){ t, step };
}

/* Does it say anything of a place but its name? */
static bool
says_more_than_names(const struct template *t)
{
	for (size_t i = 0; i < t->param_count; i++)
		if (t->params[i].scope == SCOPE_DIVISION && strcmp(t->params[i].name, "place") != 0 &&
		    strncmp(t->params[i].name, "area", 4) != 0)
			return true;
	return false;
}

struct read_places {
	const struct alert_request *r;
	division_code *list;
	size_t count, cap;
};

static void
add_read(void *ctx, division_code division)
{
	struct read_places *p = ctx;

	if (request_leaves_out(p->r, division))
		return;
	if (p->count == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 64;
		p->list = xrealloc(p->list, p->cap * sizeof(*p->list));
	}
	p->list[p->count++] = division;
}

/* Of what is told and asks for no answer each reads his own village, be it the county that is named. */
static void
find_read(struct engine *e, struct read_places *p)
{
	bool tiers[TIER_COUNT] = { false };

	for (size_t i = 0; i < p->r->role_count; i++) {
		int index = settings_family(e->settings, p->r->roles[i]);

		if (index >= 0)
			tiers[family_tier(e, &e->settings->families[index])] = true;
	}
	for (size_t i = 0; i < p->r->division_count; i++)
		for (int tier = TIER_COUNTY; tier < TIER_COUNT; tier++) {
			division_code named = p->r->divisions[i];

			if (tiers[tier] && division_tier(named) > (enum tier)tier)
				add_read(p, division_ancestor(named, (enum tier)tier));
			else if (tiers[tier])
				store_divisions_in(e->store, division_range(named), (enum tier)tier,
						   add_read, p);
		}
}

/* Those above the targets read of their own places, not of the targets'. */
static bool
is_for_helpers(struct engine *e, const struct policy *p, const struct policy_step *step)
{
	bool helps = step->to_count > 0;

	for (size_t i = 0; i < step->to_count; i++)
		helps &= settings_is_above(e->settings, p, step->to[i]);
	return helps;
}

/* An alert without targets; of places that the list does not have, the audience's are looked at. */
static int
check_told(struct engine *e, const struct alert_request *r, const struct uses *uses,
	   struct text_lacks *lacks, struct err *err)
{
	struct read_places p = { .r = r };
	bool more = false;
	int rc;

	for (size_t i = 0; i < uses->count && !more; i++)
		more = says_more_than_names(uses->list[i].template);
	if (more)
		find_read(e, &p);
	rc = engine_check_uses(e, r, uses->list, uses->count, p.count ? p.list : r->divisions,
			       p.count ? p.count : r->division_count, lacks, err);
	free(p.list);
	return rc;
}

int
engine_check_alert(struct engine *e, const struct alert *a, const struct alert_request *r,
		   const struct policy *policy, const division_code *targets, size_t count,
		   struct text_lacks *lacks, struct err *err)
{
	size_t steps = policy ? policy->step_count : 0;
	struct uses theirs = { xcalloc(steps + 5, sizeof(*theirs.list)), 0 };
	struct uses others = { xcalloc(steps + 5, sizeof(*others.list)), 0 };
	const struct settings *s = e->settings;
	int rc;

	add_use(&theirs, engine_template(e, a->template), 0);
	for (size_t i = 0; i < steps; i++)
		if (policy->steps[i].template)
			add_use(is_for_helpers(e, policy, &policy->steps[i]) ? &others : &theirs,
				settings_template(s, policy->steps[i].template), i);
	if (policy && policy->expired)
		add_use(&theirs, settings_template(s, policy->expired), steps - 1);
	if (policy && policy->full)
		add_use(&others, settings_template(s, policy->full), 0);
	if (policy && policy->satisfied.template)
		add_use(&others, settings_template(s, policy->satisfied.template), steps - 1);
	if (policy && policy->satisfied.reopened)
		add_use(&others, settings_template(s, policy->satisfied.reopened), steps - 1);
	if (!policy || policy->targets == TARGETS_NONE)
		rc = check_told(e, r, &theirs, lacks, err);
	else
		rc = engine_check_uses(e, r, theirs.list, theirs.count, targets, count, lacks, err);
	if (rc == 0)
		rc = engine_check_uses(e, r, others.list, others.count, r->divisions,
				       r->division_count, lacks, err);
	free(theirs.list);
	free(others.list);
	return rc;
}

/* Writes the alert's targets and counts them; refuses an audience that has none. */
int
engine_plan_targets(struct engine *e, struct alert *a, const struct alert_request *r,
		    const struct policy *policy, struct text_lacks *lacks, struct err *err)
{
	struct planner p = { .e = e, .alert = a, .request = r, .policy = policy, .err = err };
	division_code *codes;
	int rc = 0;

	if (!policy || policy->targets == TARGETS_NONE)
		return engine_check_alert(e, a, r, policy, r->divisions, r->division_count, lacks, err);
	if (policy->targets == TARGETS_PERSON && add_persons(&p) < 0)
		return -1;
	if (policy->targets == TARGETS_TEAM) {
		struct target team = { .division = r->division_count ? r->divisions[0] : 0 };

		planner_target(&p, &team);
	} else if (policy->targets != TARGETS_PERSON) {
		add_divisions(&p);
	}
	codes = xcalloc(p.target_count + 1, sizeof(*codes));
	for (size_t i = 0; i < p.target_count; i++) {
		codes[i] = p.targets[i].division;
		store_target_insert(e->store, a->id, &p.targets[i]);
	}
	a->targets = p.target_count;
	if (!p.target_count)
		rc = err_say(err, REFUSED_INVALID, about(CONCEPT_DIVISION), targets_none,
			     policy->targets == TARGETS_VILLAGE ? WORD(village) : policy->targets == TARGETS_PERSON ? WORD(such_person) : WORD(township),
			     policy->name);
	if (rc == 0)
		rc = engine_check_alert(e, a, r, policy, codes, codes[0] ? p.target_count : 0, lacks,
					err);
	free(codes);
	free(p.targets);
	return rc;
}
