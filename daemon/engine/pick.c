/* pick.c -- who is told by a step: holders of posts, the roster, contacts by name.  It writes
 * nothing. */
#include "daemon/engine/lookup.h"

#include <stdlib.h>
#include <string.h>

void
picks_add(struct planner *p, uint32_t contact, enum lang lang, division_code division,
	 uint32_t target)
{
	if (p->without.count && id_set_has(&p->without, contact))
		return;
	if (p->count == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 256;
		p->picks = xrealloc(p->picks, p->cap * sizeof(*p->picks));
	}
	p->picks[p->count++] = (struct pick){
		.contact = contact, .target = target, .lang = lang, .division = division,
		.under = p->under, .position = p->position, .helps = p->helps,
	};
	p->found++;
}

static void
on_holder(void *ctx, const struct holder *h)
{
	struct planner *p = ctx;

	p->named++;
	if (!request_leaves_out(p->request, h->division))
		picks_add(p, h->contact, h->lang, p->division ? p->division : h->division,
			 p->target);
}

struct first {
	struct planner *p;
	bool any;
};

static void
on_first(void *ctx, const struct holder *h)
{
	struct first *first = ctx;

	if (first->any || id_set_has(&first->p->without, h->contact))
		return;
	on_holder(first->p, h);
	first->any = true;
}

/* Whom the roster names; with nobody on it the first holder of the post, and the gap is told. */
static void
pick_duty(struct planner *p, size_t role, division_code division)
{
	struct engine *e = p->e;
	size_t before = p->named;
	struct first first = { p, false };
	char code[DIVISION_TEXT];

	store_on_duty(e->store, e->documents.role_ids[role], division, e->now, on_holder, p);
	if (p->named > before)
		return;
	store_holders(e->store, e->documents.role_ids[role], (struct division_range){ division, division },
		      on_first, &first);
	division_format(code, division);
	if (!e->quiet)
		engine_event(e, p->alert->id, "roster_gap", "{\"role\":\"%s\",\"division\":\"%s\"}",
			     e->settings->roles[role].name, code);
}

/* Everybody who holds a role of the family in the division; duty roles by the roster. */
void
picks_family(struct planner *p, const struct family *family, division_code division)
{
	struct engine *e = p->e;

	for (size_t i = 0; i < family->role_count; i++) {
		size_t role = family->roles[i];

		if (e->settings->roles[role].duty)
			pick_duty(p, role, division);
		else
			store_holders(e->store, e->documents.role_ids[role],
				      (struct division_range){ division, division }, on_holder, p);
	}
}

static int
number_of_first(const struct pick *a, const struct pick *b)
{
	return a->contact < b->contact ? -1 : a->contact > b->contact;
}

/* Stable, so that a person's first reason gives the text. */
void
picks_sort(struct planner *p)
{
	struct pick *tmp = xmalloc(p->count * sizeof(*tmp));

	for (size_t width = 1; width < p->count; width *= 2) {
		for (size_t i = 0; i < p->count; i += 2 * width) {
			size_t a = i, mid = i + width < p->count ? i + width : p->count;
			size_t b = mid, end = mid + width < p->count ? mid + width : p->count;

			for (size_t k = i; k < end; k++)
				tmp[k] = b >= end || (a < mid && number_of_first(&p->picks[a],
					&p->picks[b]) <= 0) ? p->picks[a++] : p->picks[b++];
		}
		memcpy(p->picks, tmp, p->count * sizeof(*tmp));
	}
	free(tmp);
}

void
picks_contact(struct planner *p, const char *ref, uint32_t target)
{
	struct person person;
	division_code division = p->request->division_count ? p->request->divisions[0] : 0;

	if (store_person_by_ref(p->e->store, ref, &person) && person.active)
		picks_add(p, person.id, person.lang, division, target);
}

static bool
appears_before(const struct policy *policy, size_t step, size_t k)
{
	for (size_t s = 0; s <= step; s++)
		for (size_t i = 0; i < (s == step ? k : policy->steps[s].to_count); i++)
			if (policy->steps[s].to[i] == policy->steps[step].to[k])
				return true;
	return false;
}

size_t
picks_family_ordinal(const struct policy *policy, size_t family)
{
	size_t n = 0;

	for (size_t s = 0; s < policy->step_count; s++) {
		for (size_t k = 0; k < policy->steps[s].to_count; k++) {
			if (appears_before(policy, s, k))
				continue;
			if (policy->steps[s].to[k] == family)
				return n;
			n++;
		}
	}
	return n;
}

void
picks_answered(void *ctx, const struct holder *h)
{
	struct planner *p = ctx;

	picks_add(p, h->contact, h->lang,
		 p->request->division_count ? p->request->divisions[0] : 0, 0);
}

struct duty {
	struct planner *p;
	size_t role;
};

static void
on_duty_division(void *ctx, division_code division)
{
	struct duty *duty = ctx;

	pick_duty(duty->p, duty->role, division);
}

/* All who hold the role within a division; for a duty, whoever has it in each of its divisions. */
static void
pick_within(struct planner *p, size_t role, division_code division)
{
	struct engine *e = p->e;
	struct duty duty = { p, role };

	if (e->settings->roles[role].duty)
		store_divisions_in(e->store, division_range(division), e->settings->roles[role].tier,
				   on_duty_division, &duty);
	else
		store_holders(e->store, e->documents.role_ids[role], division_range(division), on_holder, p);
}

struct within {
	const struct alert_request *r;
	division_code division;
	bool any;
};

static void
on_post(void *ctx, division_code division)
{
	struct within *w = ctx;

	for (size_t i = 0; i < w->r->division_count && !w->any; i++)
		w->any = division_contains(w->r->divisions[i], division) && !request_leaves_out(w->r, division);
	if (w->any && !w->division)
		w->division = division;
}

bool
picks_is_within(struct engine *e, const struct alert_request *r, uint32_t contact, division_code *division)
{
	struct within w = { .r = r };

	if (r->division_count)
		store_posts_of(e->store, contact, on_post, &w);
	*division = w.division;
	return w.any || !r->division_count;
}

static void
on_tagged(void *ctx, uint32_t contact, enum lang lang)
{
	struct planner *p = ctx;
	division_code division;

	if (picks_is_within(p->e, p->request, contact, &division))
		picks_add(p, contact, lang, division, p->target);
}

static void
on_frozen(void *ctx, uint32_t contact, enum lang lang)
{
	struct planner *p = ctx;
	division_code division;

	picks_is_within(p->e, p->request, contact, &division);
	picks_add(p, contact, lang, division, p->target);
}

void
picks_tags(struct planner *p)
{
	struct store *s = p->e->store;

	if (!p->request->tag_count || (!p->as_is && store_alert_tagged(s, p->alert->id, on_frozen, p)))
		return;
	for (size_t i = 0; i < p->request->tag_count; i++)
		store_tagged(s, store_tag_id(s, p->request->tags[i]), 0, WHOLE_MAX + 1, on_tagged, p);
}

struct freezing {
	struct engine *e;
	const struct alert *a;
	const struct alert_request *r;
};

static void
freeze(void *ctx, uint32_t contact, enum lang lang)
{
	struct freezing *f = ctx;
	division_code division;

	if (picks_is_within(f->e, f->r, contact, &division))
		store_alert_tagged_put(f->e->store, f->a->id, contact);
}

void
engine_freeze_tags(struct engine *e, const struct alert *a, const struct alert_request *r)
{
	struct freezing f = { e, a, r };

	for (size_t i = 0; i < r->tag_count; i++)
		store_tagged(e->store, store_tag_id(e->store, r->tags[i]), 0, WHOLE_MAX + 1, freeze, &f);
	if (r->tag_count)
		store_alert_tagged_put(e->store, a->id, 0);
}

/* The request's own roles, tags and contacts. */
void
picks_request(struct planner *p)
{
	p->division = 0;
	for (size_t r = 0; r < p->request->role_count; r++) {
		int index = settings_family(p->e->settings, p->request->roles[r]);
		const struct family *family = &p->e->settings->families[index < 0 ? 0 : index];

		if (index < 0)
			continue;	/* a reload took the role away */
		for (size_t i = 0; i < family->role_count; i++)
			for (size_t d = 0; d < p->request->division_count; d++)
				pick_within(p, family->roles[i], p->request->divisions[d]);
	}
	picks_tags(p);
	for (size_t c = 0; c < p->request->contact_count; c++)
		picks_contact(p, p->request->contacts[c], p->target);
}

struct counting {
	const struct planner *p;
	size_t count;
};

static void
count_tagged(void *ctx, uint32_t contact, enum lang lang)
{
	struct counting *c = ctx;
	division_code division;

	c->count += picks_is_within(c->p->e, c->p->request, contact, &division);
}

static size_t
count_tags(const struct planner *p, size_t limit)
{
	struct counting c = { .p = p };

	for (size_t i = 0; i < p->request->tag_count && c.count < limit; i++)
		store_tagged(p->e->store, store_tag_id(p->e->store, p->request->tags[i]), 0, limit, count_tagged, &c);
	return c.count;
}

/* How many people the request's roles and tags name, counting on to `limit` only.  Somebody with two
 * posts counts twice. */
size_t
picks_request_count(const struct planner *p, size_t limit)
{
	const struct alert_request *r = p->request;
	size_t count = r->contact_count + count_tags(p, limit);

	for (size_t i = 0; i < r->role_count && count < limit; i++) {
		int index = settings_family(p->e->settings, r->roles[i]);
		const struct family *family = &p->e->settings->families[index < 0 ? 0 : index];

		for (size_t m = 0; index >= 0 && m < family->role_count; m++)
			for (size_t d = 0; d < r->division_count && count < limit; d++)
				count += store_holders_count(p->e->store,
					p->e->documents.role_ids[family->roles[m]],
					division_range(r->divisions[d]), limit - count);
	}
	return count;
}

static void
on_without(void *ctx, uint32_t contact)
{
	id_set_add(ctx, contact);
}

void
picks_without(struct planner *p)
{
	bool team = p->policy && p->policy->targets == TARGETS_TEAM;
	struct person person;

	if (team)			/* whoever said that he cannot is not asked again */
		store_answered_cannot(p->e->store, p->alert->id, on_without, &p->without);

	for (size_t i = 0; i < p->request->without_contact_count; i++)
		if (store_person_by_ref(p->e->store, p->request->without_contacts[i], &person))
			id_set_add(&p->without, person.id);
	id_set_sort(&p->without);
}
