/* afresh.c -- a row that was planned for places of which another alert took some over: its text is made
 * anew for the rest.  A resend is not: it must be what may have left before. */
#include "daemon/engine/message.h"

#include <stdlib.h>

struct rest {
	struct planner p;
	division_code *places;		/* of the row, that are still the alert's */
	size_t count;
	bool all_named;			/* its text names no place, or only such */
};

static void
add_silent(void *ctx, const struct target *t)
{
	struct planner *p = ctx;

	p->targets = xrealloc(p->targets, (p->target_count + 1) * sizeof(*p->targets));
	p->targets[p->target_count++] = *t;
}

static void
find_rest(struct rest *x, struct engine *e, const struct live_wave *lw, const struct message *m)
{
	const struct target **targets;
	size_t named, count = engine_row_targets(e, &lw->w, m->contact, m->variant, &targets);
	division_code *names;

	x->places = xcalloc(count + 1, sizeof(*x->places));
	for (size_t i = 0; i < count; i++)
		if (!targets[i]->moved_to && targets[i]->division)
			x->places[x->count++] = targets[i]->division;
	names = store_variant_places(e->store, m->variant, &named);
	x->all_named = !named || !x->count;
	free(names);
}

/* Helpers hear of all that is silent in the township, or the county, of the rest. */
static division_code
under(const struct rest *x)
{
	division_code township = division_ancestor(x->places[0], TIER_TOWNSHIP);

	for (size_t i = 1; i < x->count; i++)
		if (division_ancestor(x->places[i], TIER_TOWNSHIP) != township)
			return division_ancestor(x->places[0], TIER_COUNTY);
	return township;
}

static int64_t
render(struct rest *x, const struct live_wave *lw, const struct message *m, enum lang lang)
{
	const struct template *t = engine_template(x->p.e, lw->w.template);
	bool helps = lw->w.kind == WAVE_HELPER;
	struct pick pick = { .contact = m->contact, .lang = lang, .division = x->places[0],
			     .under = helps ? under(x) : 0, .helps = helps };
	struct told told = { .picks = &pick, .count = 1, .places = x->places, .place_count = x->count,
			     .helps = helps };
	struct table texts = { 0 };
	unsigned parts = 0;
	int64_t id;

	if (helps)
		store_targets(x->p.e->store, lw->w.alert, lw->w.below, add_silent, &x->p);
	id = t ? compose_cached(&x->p, &texts, t, &told, lw->w.kind, lw->w.channel, &parts) : 0;
	table_fini(&texts, NULL);
	return id;
}

void
engine_row_afresh(struct engine *e, const struct live_wave *lw, struct message *m)
{
	struct rest x = { .p = { .e = e } };
	struct err err = { 0 };
	struct alert_request *r;
	struct person person;
	struct alert a;
	int64_t variant;

	find_rest(&x, e, lw, m);
	if (x.all_named || !store_person_by_id(e->store, m->contact, &person) ||
	    !store_alert_get(e->store, lw->w.alert, &a)) {
		free(x.places);
		return;
	}
	x.p.alert = &a;
	x.p.request = r = request_decode(a.body);
	x.p.err = &err;
	x.p.policy = engine_policy(e, a.policy);
	if (x.p.policy && lw->w.step >= 0 && (size_t)lw->w.step < x.p.policy->step_count) {
		x.p.index = (size_t)lw->w.step;
		x.p.step = &x.p.policy->steps[x.p.index];
	}
	variant = render(&x, lw, m, person.lang);
	if (variant) {
		m->variant = variant;
		m->parts_done = 0;
		store_message_revise(e->store, lw->w.id, m->contact, variant);
	}
	alert_request_free(r);
	free(x.p.targets);
	free(x.places);
}
