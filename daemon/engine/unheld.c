/* unheld.c -- places where an alert that is told, and asks for no answer, reaches nobody: none of its roles
 * has anybody there with a number.  There is no list of targets, so whoever asks is answered from the lists
 * as they stand; it writes nothing and calls nobody. */
#include "daemon/engine/climb.h"

#include <stdlib.h>

#define AT_ONCE 1000			/* of more the answer does not wait */

struct unheld {
	struct planner p;
	bool *families;			/* by their place in the settings: those that are told */
	bool sms, voice;
	division_code *places;
	size_t count, cap;
	bool named_roles;		/* else it is told to people of tags, or by name */
	size_t named;			/* places with nobody */
};

static void
add_place(void *ctx, division_code place)
{
	struct unheld *u = ctx;

	if (request_leaves_out(u->p.request, place))
		return;
	if (u->count == u->cap) {
		u->cap = u->cap ? u->cap * 2 : 64;
		u->places = xrealloc(u->places, u->cap * sizeof(*u->places));
	}
	u->places[u->count++] = place;
}

static void
add_families(struct unheld *u, const struct policy *policy)
{
	const struct settings *s = u->p.e->settings;
	const struct alert_request *r = u->p.request;

	u->sms = !policy;
	for (size_t i = 0; i < r->role_count; i++) {
		int index = settings_family(s, r->roles[i]);

		if (index >= 0)
			u->named_roles = u->families[index] = true;
	}
	for (size_t i = 0; policy && i < policy->step_count; i++) {
		const struct policy_step *step = &policy->steps[i];

		u->sms |= step->channels[CHANNEL_SMS];
		u->voice |= step->channels[CHANNEL_VOICE];
		for (size_t k = 0; k < step->to_count; k++)
			u->named_roles = u->families[step->to[k]] = true;
	}
}

static bool
has_tier(const struct unheld *u, enum tier tier)
{
	const struct settings *s = u->p.e->settings;

	for (size_t i = 0; i < s->family_count; i++)
		if (u->families[i] && family_tier(u->p.e, &s->families[i]) == tier)
			return true;
	return false;
}

/* Of every tier that has a role; a place below all of them is one that nobody is told in. */
static void
add_places(struct unheld *u)
{
	const struct alert_request *r = u->p.request;
	struct division_range *ranges;
	size_t count = 0;

	if (!u->named_roles || r->reached)
		return;
	ranges = xcalloc(r->division_count + 1, sizeof(*ranges));
	for (size_t i = 0; i < r->division_count; i++) {
		bool any = false;

		ranges[count++] = division_range(r->divisions[i]);
		for (int tier = (int)division_tier(r->divisions[i]); tier < TIER_COUNT; tier++)
			any |= has_tier(u, (enum tier)tier);
		if (!any)
			add_place(u, r->divisions[i]);
	}
	count = division_ranges_merge(ranges, count);
	for (int tier = TIER_COUNTY; tier < TIER_COUNT; tier++)
		for (size_t i = 0; has_tier(u, (enum tier)tier) && i < count; i++)
			store_divisions_in(u->p.e->store, ranges[i], (enum tier)tier, add_place, u);
	free(ranges);
}

static bool
is_held(struct unheld *u, division_code place)
{
	const struct settings *s = u->p.e->settings;
	struct planner *p = &u->p;

	p->count = 0;
	p->division = place;
	for (size_t i = 0; i < s->family_count; i++)
		if (u->families[i] && family_tier(p->e, &s->families[i]) == division_tier(place))
			picks_family(p, &s->families[i], place);
	for (size_t i = 0; i < p->count; i++)
		if (store_can_be_called(p->e->store, p->picks[i].contact, p->alert->id, u->sms, u->voice))
			return true;
	return false;
}

static void
name_place(struct unheld *u, division_code place, struct buf *json)
{
	char code[DIVISION_TEXT], name[128] = "";

	division_format(code, place);
	store_division_get(u->p.e->store, place, name, NULL);
	buf_printf(json, "%s{\"code\":\"%s\",\"name\":", u->named++ ? "," : "", code);
	buf_json(json, name);
	buf_puts(json, "}");
}

void
engine_tell_unheld(struct engine *e, struct alert *a, const struct alert_request *r, struct buf *json)
{
	struct unheld u = { .p = { .e = e, .alert = a, .request = r } };
	const struct policy *policy = a->policy ? engine_policy(e, a->policy) : NULL;
	bool quiet = e->quiet;

	e->quiet = true;		/* picking tells of gaps in the roster; planning does, too */
	u.families = xcalloc(e->settings->family_count + 1, sizeof(*u.families));
	add_families(&u, policy);
	add_places(&u);
	picks_without(&u.p);
	buf_puts(json, ",\"nobody\":[");
	store_read_in_part(e->store, true);	/* a damaged page of the lists refuses no alert */
	for (size_t i = 0; u.count <= AT_ONCE && i < u.count; i++)
		if (!is_held(&u, u.places[i]))
			name_place(&u, u.places[i], json);
	store_read_in_part(e->store, false);
	buf_printf(json, "],\"places\":%zu", u.count);
	if (u.count > AT_ONCE)
		buf_puts(json, ",\"nobody_unknown\":true");
	e->quiet = quiet;
	id_set_fini(&u.p.without);
	free(u.p.picks);
	free(u.places);
	free(u.families);
}
