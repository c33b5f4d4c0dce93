/* targets.c -- what an alert must have answered: villages, townships, persons or a team. */
#include "daemon/engine/climb.h"

#include <stdlib.h>

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

/* Writes the alert's targets and counts them; refuses an audience that has none. */
int
engine_plan_targets(struct engine *e, struct alert *a, const struct alert_request *r,
		    const struct policy *policy, struct err *err)
{
	struct planner p = { .e = e, .alert = a, .request = r, .policy = policy, .err = err };
	division_code *codes;
	int rc = 0;

	if (!policy || policy->targets == TARGETS_NONE)
		return engine_check_texts(e, r, engine_template(e, a->template), r->divisions,
					  r->division_count, NULL, err);
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
		rc = engine_check_texts(e, r, engine_template(e, a->template), codes,
					codes[0] ? p.target_count : 0, NULL, err);
	free(codes);
	free(p.targets);
	return rc;
}
