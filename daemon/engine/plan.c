/* plan.c -- from a step of an alert to waves and messages: who gets which text.
 * Plans are made whole; one text to very many goes to broadcast.c, which makes it in slices. */
#include "daemon/engine/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BROADCAST_MIN 2000		/* people from which a plan is made in slices */
#define WHOLE_MAX 20000			/* people in a plan that cannot be */
#define NO_TARGET UINT32_MAX

struct pick {				/* one reason to tell one person */
	uint32_t contact, target;
	enum lang lang;
	division_code division;		/* whose parameters the text uses */
};

struct planner {
	struct engine *e;
	struct alert *alert;
	const struct alert_request *request;
	const struct policy *policy;
	const struct policy_step *step;	/* NULL = the one step of an alert without policy */
	size_t index;
	struct step_plan *out;
	struct err *err;
	struct pick *picks;
	size_t count, cap;
	struct id_set without, seen;
	struct target *targets;		/* those below the step's level */
	size_t target_count, target_cap;
	uint32_t target;		/* of the picks being made */
	division_code division;
	size_t found;			/* picks made */
	size_t named;			/* people met, also those who are left out */
};

static void
add_pick(struct planner *p, uint32_t contact, enum lang lang, division_code division,
	 uint32_t target)
{
	if (p->without.count && id_set_has(&p->without, contact))
		return;
	if (p->count == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 256;
		p->picks = xrealloc(p->picks, p->cap * sizeof(*p->picks));
	}
	p->picks[p->count++] = (struct pick){ contact, target, lang, division };
	p->found++;
}

static bool
left_out(const struct planner *p, division_code division)
{
	for (size_t i = 0; i < p->request->without_division_count; i++)
		if (division_contains(p->request->without_divisions[i], division))
			return true;
	return false;
}

static void
on_holder(void *ctx, const struct holder *h)
{
	struct planner *p = ctx;

	p->named++;
	if (!left_out(p, h->division))
		add_pick(p, h->contact, h->lang, p->division ? p->division : h->division,
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

/* Everybody who holds a role of the family in the division; duty roles by the roster. */
static void
pick_family(struct planner *p, const struct family *family, division_code division)
{
	struct engine *e = p->e;
	char code[DIVISION_TEXT];

	for (size_t i = 0; i < family->role_count; i++) {
		const struct role *role = &e->settings->roles[family->roles[i]];
		int64_t id = e->role_ids[family->roles[i]];
		size_t before = p->named;
		struct first first = { p, false };

		if (role->duty)
			store_on_duty(e->store, id, division, e->now, on_holder, p);
		if (p->named > before)
			continue;
		if (!role->duty) {
			store_holders(e->store, id, (struct division_range){ division, division },
				      on_holder, p);
			continue;
		}
		store_holders(e->store, id, (struct division_range){ division, division }, on_first,
			      &first);
		division_format(code, division);
		if (!e->quiet)
			engine_event(e, p->alert->id, "roster_gap",
				     "{\"role\":\"%s\",\"division\":\"%s\"}", role->name, code);
	}
}

static void
keep_target(void *ctx, const struct target *t)
{
	struct planner *p = ctx;

	if (p->target_count == p->target_cap) {
		p->target_cap = p->target_cap ? p->target_cap * 2 : 64;
		p->targets = xrealloc(p->targets, p->target_cap * sizeof(*p->targets));
	}
	p->targets[p->target_count++] = *t;
}

static enum tier
family_tier(const struct engine *e, const struct family *family)
{
	return e->settings->roles[family->roles[0]].tier;
}

static enum tier
target_tier(const struct policy *policy)
{
	return policy->targets == TARGETS_VILLAGE ? TIER_VILLAGE : TIER_TOWNSHIP;
}

static int
number_of_first(const struct pick *a, const struct pick *b)
{
	return a->contact < b->contact ? -1 : a->contact > b->contact;
}

/* Stable, so that a person's first reason gives the text. */
static void
sort_picks(struct planner *p)
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

struct variant_key {
	division_code division;
	enum lang lang;
	bool coded;
	int64_t id;
};

struct variants {
	struct variant_key *keys;
	size_t count, cap;
};

static bool
has_other_open(struct planner *p, uint32_t contact)
{
	int64_t alerts[8];
	size_t count = store_called_alerts(p->e->store, contact, alerts, 8);
	struct alert other;

	for (size_t i = 0; i < count; i++)
		if (alerts[i] != p->alert->id &&
		    store_alert_get(p->e->store, alerts[i], &other) &&
		    alert_is_open(other.state) && other.expires_at > p->e->now)
			return true;
	return false;
}

struct silent {
	struct buf names;
	unsigned long n, shown;
};

static void
silent_under(struct planner *p, division_code division, struct silent *silent)
{
	for (size_t i = 0; i < p->target_count; i++) {
		const struct target *t = &p->targets[i];
		struct person person = { .name = "" };
		char name[128] = "";

		if (division && !t->contact && !division_contains(division, t->division))
			continue;
		silent->n++;
		if (silent->shown == 3)
			continue;
		if (t->contact && store_person_by_id(p->e->store, t->contact, &person))
			snprintf(name, sizeof(name), "%s", person.name);
		else
			store_division_get(p->e->store, t->division, name, NULL);
		if (name[0])
			buf_printf(&silent->names, "%s%s", silent->shown++ ? "、" : "", name);
	}
}

static int64_t
make_variant(struct planner *p, const struct template *t, const struct pick *pick,
	     enum wave_kind kind, enum channel channel, bool coded, unsigned *parts)
{
	struct engine *e = p->e;
	struct silent silent = { 0 };
	struct person person = { .name = "" };
	struct text_place place = {
		.alert = p->alert, .request = p->request, .template = t,
		.division = pick->division, .m = p->alert->targets,
		.code = coded ? p->alert->code : NULL, .post = "",
		.min_ms = e->now - p->alert->released_at,
		.time_at = p->alert->closed_at == NEVER ? 0 : p->alert->closed_at,
	};
	int64_t id;

	store_person_by_id(e->store, pick->contact, &person);
	place.person = person.name;
	if (p->step && p->step->to_count) {
		const struct family *f = &e->settings->families[p->step->to[0]];
		char *title = e->settings->roles[f->roles[0]].title[pick->lang];

		place.post = title ? title : f->name;
	}
	silent_under(p, kind == WAVE_HELPER ? pick->division : 0, &silent);
	buf_puts(&silent.names, "");
	place.names = silent.names.data;
	place.n = silent.n;
	id = engine_variant(e, &place, pick->lang, channel, parts, p->err);
	buf_fini(&silent.names);
	return id;
}

static int64_t
variant_for(struct planner *p, struct variants *v, const struct template *t,
	    const struct pick *pick, enum wave_kind kind, enum channel channel, unsigned *parts)
{
	bool personal = false, coded;
	int64_t id;

	for (size_t i = 0; i < t->param_count; i++)
		personal |= t->params[i].scope == SCOPE_PERSON;
	coded = kind == WAVE_CALL && channel == CHANNEL_SMS && has_other_open(p, pick->contact);
	for (size_t i = 0; i < v->count && !personal; i++)
		if (v->keys[i].division == pick->division && v->keys[i].lang == pick->lang &&
		    v->keys[i].coded == coded)
			return v->keys[i].id;
	id = make_variant(p, t, pick, kind, channel, coded, parts);
	if (v->count == v->cap) {
		v->cap = v->cap ? v->cap * 2 : 16;
		v->keys = xrealloc(v->keys, v->cap * sizeof(*v->keys));
	}
	v->keys[v->count++] = (struct variant_key){ pick->division, pick->lang, coded, id };
	return id;
}

static struct wave
new_wave(const struct planner *p, unsigned position, enum channel channel, enum wave_kind kind,
	 int64_t template)
{
	return (struct wave){
		.alert = p->alert->id, .step = (int)p->index, .position = position,
		.channel = channel, .kind = kind, .state = WAVE_OPEN,
		.severity = p->alert->severity, .drill = p->alert->drill, .template = template,
		.below = p->step ? p->step->below : 0, .expires_at = p->alert->expires_at,
		.planned_at = p->e->now,
	};
}

static void
note_wave(struct planner *p, const struct wave *w, unsigned parts)
{
	size_t i = p->out->waves;

	if (i >= 32)
		return;
	p->out->wave[i].channel = w->channel;
	p->out->wave[i].kind = w->kind;
	p->out->wave[i].people = w->total;
	p->out->wave[i].parts = parts;
	p->out->waves++;
}

/* One wave from the picks (sorted by contact).  `only_new`: people without any message of this
 * alert yet, for a step whose own channel has no route. */
static int
write_wave(struct planner *p, unsigned position, enum channel channel, enum wave_kind kind,
	   bool only_new)
{
	struct engine *e = p->e;
	int64_t document;
	const struct template *t = engine_template_named(e, p->alert,
		p->step ? p->step->template : NULL, &document);
	struct variants variants = { 0 };
	struct live_wave *lw = NULL;
	unsigned parts = 0;
	int rc = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct pick *pick = &p->picks[i];
		unsigned number = 0;
		int64_t variant;

		if (i && p->picks[i - 1].contact == pick->contact)
			continue;
		if (id_set_has(&p->seen, pick->contact) ||
		    (only_new && store_was_handed_over(e->store, p->alert->id, pick->contact)))
			continue;
		variant = variant_for(p, &variants, t, pick, kind, channel, &parts);
		if (!variant) {
			rc = -1;
			break;
		}
		if (!lw) {
			struct wave w = new_wave(p, position, channel, kind, document);

			lw = engine_wave_add(e, &w, p->alert->test);
		}
		/* A redial tries the person's next number, and after the last the first. */
		if (channel == CHANNEL_VOICE)
			number = store_number_in_turn(e->store, pick->contact, channel,
				store_voice_messages_of(e->store, p->alert->id, pick->contact));
		store_message_insert(e->store, lw->w.id, pick->contact, variant, number, NEVER);
		lw->w.total++;
	}
	if (lw) {
		engine_wave_rank(e, lw);
		note_wave(p, &lw->w, parts);
	}
	free(variants.keys);
	return rc;
}

static bool
channel_has_route(struct engine *e, const struct alert *a, enum channel channel)
{
	struct route_view views[ROUTES_MAX];
	struct route_need need = { .channel = channel, .test_mode = a->test, .avoid = -1 };

	engine_views(e, views);
	return route_exists(views, e->route_count, &need);
}

static int
write_channels(struct planner *p, unsigned position, enum wave_kind kind)
{
	bool sms = p->step ? p->step->channels[CHANNEL_SMS] : true;
	bool voice = p->step && p->step->channels[CHANNEL_VOICE];
	bool no_voice = voice && !channel_has_route(p->e, p->alert, CHANNEL_VOICE);

	sort_picks(p);
	if (sms && write_wave(p, position, CHANNEL_SMS, kind, false) < 0)
		return -1;
	if (voice && !no_voice && write_wave(p, position, CHANNEL_VOICE, kind, false) < 0)
		return -1;
	if (no_voice) {
		p->out->no_route = true;
		if (!sms && write_wave(p, position, CHANNEL_SMS, kind, true) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->count; i++) {
		const struct pick *pick = &p->picks[i];

		if (pick->target != NO_TARGET)
			store_called_put(p->e->store, pick->contact, p->alert->id, pick->target,
					 (unsigned)p->index);
		if (!i || p->picks[i - 1].contact != pick->contact)
			id_set_add(&p->seen, pick->contact);
	}
	id_set_sort(&p->seen);
	p->out->people = p->seen.count;
	p->count = 0;
	return 0;
}

/* People of the targets themselves: linked to what they answer for. */
static int
plan_calls(struct planner *p, unsigned position, const struct family *family)
{
	for (size_t i = 0; i < p->target_count; i++) {
		size_t before = p->found;

		p->target = p->step->inform ? NO_TARGET : p->targets[i].id;
		p->division = p->targets[i].division;
		pick_family(p, family, p->targets[i].division);
		if (position == 0 && p->found == before)
			p->out->nobody++;
	}
	return write_channels(p, position, p->step->inform ? WAVE_INFORM : WAVE_CALL);
}

/* People above the targets: one message a helper, naming what is silent below. */
static int
plan_helpers(struct planner *p, unsigned position, const struct family *family)
{
	enum tier tier = family_tier(p->e, family);
	int64_t document;
	const struct template *t = engine_template_named(p->e, p->alert, p->step->template,
							 &document);
	division_code done = 0;

	p->target = NO_TARGET;
	for (size_t i = 0; i < p->target_count; i++) {
		division_code up = division_ancestor(p->targets[i].division, tier);

		if (up == done)
			continue;
		done = p->division = up;
		/* A text made for villages is told with the first silent village's parameters
		 * where the township has none of its own. */
		if (engine_check_texts(p->e, p->request, t, &up, 1, NULL) < 0)
			p->division = p->targets[i].division;
		pick_family(p, family, up);
	}
	return write_channels(p, position, p->step->inform ? WAVE_INFORM : WAVE_HELPER);
}

static void
pick_contact(struct planner *p, const char *ref, uint32_t target)
{
	struct person person;
	division_code division = p->request->division_count ? p->request->divisions[0] : 0;

	if (store_person_by_ref(p->e->store, ref, &person) && person.active)
		add_pick(p, person.id, person.lang, division, target);
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

/* The how-manieth family of the policy this is, in order of first appearance. */
static size_t
family_ordinal(const struct policy *policy, size_t family)
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

/* Each person whom the request named answers for himself. */
static int
plan_persons(struct planner *p)
{
	for (size_t i = 0; i < p->target_count; i++) {
		struct person person;

		if (store_person_by_id(p->e->store, p->targets[i].contact, &person) && person.active)
			add_pick(p, person.id, person.lang, p->targets[i].division, p->targets[i].id);
		else
			p->out->nobody++;
	}
	return write_channels(p, 0, p->step->inform ? WAVE_INFORM : WAVE_CALL);
}

/* Somebody is told which persons are silent: the holders of a role over the request's places. */
static int
plan_person_helpers(struct planner *p, unsigned position, const struct family *family)
{
	enum tier tier = family_tier(p->e, family);

	p->target = NO_TARGET;
	for (size_t d = 0; d < p->request->division_count; d++) {
		p->division = division_ancestor(p->request->divisions[d], tier);
		pick_family(p, family, p->division);
	}
	return write_channels(p, position, p->step->inform ? WAVE_INFORM : WAVE_HELPER);
}

/* A callout: the duty is one target, answered for by whoever is called.  With contacts in turn,
 * the i-th family of the policy stands for the i-th contact. */
static int
plan_team(struct planner *p)
{
	p->target = 0;
	for (unsigned pos = 0; pos < p->step->to_count; pos++) {
		size_t index = p->step->to[pos], turn = family_ordinal(p->policy, index);
		const struct family *family = &p->e->settings->families[index];

		if (p->request->in_turn && p->request->contact_count) {
			if (turn < p->request->contact_count)
				pick_contact(p, p->request->contacts[turn], 0);
		} else {
			for (size_t d = 0; d < p->request->division_count; d++) {
				p->division = p->request->divisions[d];
				pick_family(p, family, division_ancestor(p->division,
									 family_tier(p->e, family)));
			}
		}
		if (write_channels(p, pos, WAVE_CALL) < 0)
			return -1;
	}
	return 0;
}

static void
on_answered(void *ctx, const struct holder *h)
{
	struct planner *p = ctx;

	add_pick(p, h->contact, h->lang,
		 p->request->division_count ? p->request->divisions[0] : 0, 0);
}

/* The request's own roles and contacts. */
static void
pick_request(struct planner *p)
{
	p->division = 0;
	p->target = NO_TARGET;
	for (size_t r = 0; r < p->request->role_count; r++) {
		int index = settings_family(p->e->settings, p->request->roles[r]);
		const struct family *family = &p->e->settings->families[index < 0 ? 0 : index];

		if (index < 0)
			continue;	/* a reload took the role away */
		for (size_t i = 0; i < family->role_count; i++)
			for (size_t d = 0; d < p->request->division_count; d++)
				store_holders(p->e->store, p->e->role_ids[family->roles[i]],
					      division_range(p->request->divisions[d]), on_holder, p);
	}
	for (size_t c = 0; c < p->request->contact_count; c++)
		pick_contact(p, p->request->contacts[c], NO_TARGET);
}

/* How many people the request's roles name, counting on to `limit` only.  Somebody with two
 * posts counts twice. */
static size_t
count_request(const struct planner *p, size_t limit)
{
	const struct alert_request *r = p->request;
	size_t count = r->contact_count;

	for (size_t i = 0; i < r->role_count && count < limit; i++) {
		int index = settings_family(p->e->settings, r->roles[i]);
		const struct family *family = &p->e->settings->families[index < 0 ? 0 : index];

		for (size_t m = 0; index >= 0 && m < family->role_count; m++)
			for (size_t d = 0; d < r->division_count && count < limit; d++)
				count += store_holders_count(p->e->store,
					p->e->role_ids[family->roles[m]],
					division_range(r->divisions[d]), limit - count);
	}
	return count;
}

/* Proves and measures the text; the people are collected and written turn by turn. */
static int
start_broadcast(struct planner *p, const struct template *t, int64_t document)
{
	struct wave w = new_wave(p, 0, CHANNEL_SMS, WAVE_INFORM, document);
	/* Counting a million posts takes 0.1 s: a forecast wants it, and a limit up to itself.  The
	 * exact count comes when they have been collected ("planned"). */
	size_t limit = p->e->quiet ? SIZE_MAX : p->request->recipients_max + 1;
	int64_t variants[LANG_COUNT];
	struct live_wave *lw;
	unsigned parts = 0;

	for (int lang = 0; lang < LANG_COUNT; lang++) {
		struct pick pick = { .lang = (enum lang)lang, .division =
			p->request->division_count ? p->request->divisions[0] : 0 };

		variants[lang] = make_variant(p, t, &pick, WAVE_INFORM, CHANNEL_SMS, false, &parts);
		if (!variants[lang])
			return -1;
	}
	w.total = p->out->people = count_request(p, limit);
	note_wave(p, &w, parts);
	p->out->broadcast = true;
	if (p->e->quiet)
		return 0;
	w.total = 0;
	w.state = WAVE_PLANNING;
	lw = engine_wave_add(p->e, &w, p->alert->test);
	memcpy(lw->variants, variants, sizeof(variants));
	engine_broadcast_start(p->e, lw, p->request);
	return 0;
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
	size_t count = count_request(p, WHOLE_MAX + 1);

	if (sms_only && count > BROADCAST_MIN && engine_is_uniform(t, CHANNEL_SMS))
		return start_broadcast(p, t, document);
	if (count > WHOLE_MAX)
		return err_field(p->err, "/audience", "more than %d people are too many for a text "
				 "with parameters of divisions or persons, or for calls: use a "
				 "template with request parameters only, or smaller audiences",
				 WHOLE_MAX);
	pick_request(p);
	return write_channels(p, 0, WAVE_INFORM);
}

static void
on_without(void *ctx, uint32_t contact)
{
	id_set_add(ctx, contact);
}

static void
fill_without(struct planner *p)
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

static void
open_task(struct planner *p)
{
	struct silent silent = { 0 };
	struct buf text = { 0 };

	silent_under(p, 0, &silent);
	buf_puts(&silent.names, "");
	if (p->policy->targets == TARGETS_TEAM)
		buf_printf(&text, "单号%s:尚无人到岗,请人工联系 / %s: nobody is in post yet, call by "
			   "hand", p->alert->code, p->alert->code);
	else
		buf_printf(&text, "单号%s:%lu个未应答(%s),请电话、广播或上门,并登记结果 / %s: %lu silent, "
			   "call, use loudspeakers or visit, and record it", p->alert->code, silent.n,
			   silent.names.data, p->alert->code, silent.n);
	p->out->console = true;
	store_task_open(p->e->store, p->alert->id, "unanswered", text.data, p->e->now);
	engine_event(p->e, p->alert->id, "task", "{\"silent\":%lu}", silent.n);
	buf_fini(&silent.names);
	buf_fini(&text);
}

static int
plan_position(struct planner *p, unsigned pos)
{
	const struct family *family = &p->e->settings->families[p->step->to[pos]];

	if (p->policy->targets == TARGETS_PERSON)
		return plan_person_helpers(p, pos, family);
	if (family_tier(p->e, family) < target_tier(p->policy))
		return plan_helpers(p, pos, family);
	return plan_calls(p, pos, family);
}

static int
plan_positions(struct planner *p)
{
	struct engine *e = p->e;

	if (p->step && p->step->to_answered) {
		store_answered_at(e->store, p->alert->id, LEVEL_ACKNOWLEDGED, on_answered, p);
		return write_channels(p, 0, WAVE_CALL);
	}
	if (p->step && p->step->to_count == 0 && p->policy->targets == TARGETS_PERSON)
		return plan_persons(p);
	if (!p->step || p->step->to_count == 0)
		return plan_request(p);
	/* Households live through enough real nights: a drill that does not name them spares them. */
	if (p->alert->drill && p->step->inform) {
		engine_event(e, p->alert->id, "drill_spares", "{\"step\":%zu}", p->index);
		return 0;
	}
	if (p->policy->targets == TARGETS_TEAM)
		return plan_team(p);
	for (unsigned pos = 0; pos < p->step->to_count; pos++)
		if (plan_position(p, pos) < 0)
			return -1;
	if (p->index == 0 && p->request->contact_count) {
		for (size_t c = 0; c < p->request->contact_count; c++)
			pick_contact(p, p->request->contacts[c], NO_TARGET);
		return write_channels(p, (unsigned)p->step->to_count, WAVE_INFORM);
	}
	return 0;
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
	fill_without(&p);
	if (policy && policy->targets != TARGETS_NONE)
		store_targets(e->store, a->id, p.step->below, keep_target, &p);
	if (people)
		rc = plan_positions(&p);
	if (rc == 0 && r->recipients_max && out->people > r->recipients_max)
		rc = err_field(err, "/audience", "client %s may address at most %lu people at once, "
			       "this would be %lu: name fewer, or have recipients_max raised in "
			       "gong.conf", r->client, r->recipients_max, out->people);
	if (rc == 0 && p.step && p.step->channels[CHANNEL_CONSOLE])
		open_task(&p);
	free(p.picks);
	free(p.targets);
	id_set_fini(&p.without);
	id_set_fini(&p.seen);
	return rc;
}

static void
add_target(void *ctx, division_code division)
{
	struct planner *p = ctx;
	struct target t = { .id = (unsigned)p->target_count, .division = division };

	if (!left_out(p, division))
		keep_target(p, &t);
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
	size_t count = count_request(p, WHOLE_MAX + 1);

	if (count > WHOLE_MAX)
		return err_field(p->err, "/audience", "more than %d people cannot be chased one by "
				 "one; use smaller audiences, or tell them once", WHOLE_MAX);
	fill_without(p);
	pick_request(p);
	sort_picks(p);
	for (size_t i = 0; i < p->count; i++) {
		struct target t = { .id = (unsigned)p->target_count,
				    .contact = p->picks[i].contact,
				    .division = p->picks[i].division };

		if (!i || p->picks[i - 1].contact != t.contact)
			keep_target(p, &t);
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
					  r->division_count, err);
	if (policy->targets == TARGETS_PERSON && add_persons(&p) < 0)
		return -1;
	if (policy->targets == TARGETS_TEAM) {
		struct target team = { .division = r->division_count ? r->divisions[0] : 0 };

		keep_target(&p, &team);
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
		rc = err_field(err, "/audience/divisions", "there is no %s in these divisions; "
			       "policy %s would call nobody", policy->targets == TARGETS_VILLAGE
			       ? "village" : policy->targets == TARGETS_PERSON ? "such person"
			       : "township", policy->name);
	if (rc == 0)
		rc = engine_check_texts(e, r, engine_template(e, a->template), codes,
					codes[0] ? p.target_count : 0, err);
	free(codes);
	free(p.targets);
	return rc;
}

static void
on_reached(void *ctx, uint32_t contact)
{
	id_set_add(ctx, contact);
}

struct reached {
	struct engine *e;
	struct id_set ids;
};

static void
reached_by(void *ctx, const struct wave *w)
{
	struct reached *r = ctx;

	if (w->channel == CHANNEL_SMS && w->kind != WAVE_REPLY)
		store_messages_reached(r->e->store, w->id, on_reached, &r->ids);
}

/* The message to those, and only those, whom the replaced alert reached.  Those still sending
 * join as they settle (outcome.c). */
int
engine_plan_correction(struct engine *e, struct alert *a, const struct alert_request *r,
		       struct err *err)
{
	const struct template *t = engine_template(e, a->template);
	struct planner p = { .e = e, .alert = a, .request = r, .err = err };
	struct reached reached = { .e = e };
	struct live_wave *lw;
	struct wave w;
	unsigned parts = 0;

	if (!a->replaces)
		return err_field(err, "/audience/reached", "\"reached\" needs \"replaces\": the "
				 "alert whose recipients are meant");
	if (engine_check_texts(e, r, t, r->divisions, r->division_count, err) < 0)
		return -1;
	store_waves_of(e->store, a->replaces, reached_by, &reached);
	id_set_sort(&reached.ids);
	w = new_wave(&p, 0, CHANNEL_SMS, WAVE_CORRECTION, a->template);
	lw = engine_wave_add(e, &w, a->test);
	for (int lang = 0; lang < LANG_COUNT; lang++) {
		struct pick pick = { .lang = (enum lang)lang, .division =
			r->division_count ? r->divisions[0] : 0 };

		lw->variants[lang] = make_variant(&p, t, &pick, WAVE_CORRECTION, CHANNEL_SMS, false,
						  &parts);
		if (!lw->variants[lang])
			return -1;
	}
	for (size_t i = 0; i < reached.ids.count; i++) {
		struct person person;

		if (!store_person_by_id(e->store, reached.ids.ids[i], &person))
			continue;
		store_message_insert(e->store, lw->w.id, person.id, lw->variants[person.lang], 0,
				     NEVER);
		lw->w.total++;
	}
	id_set_fini(&reached.ids);
	engine_wave_rank(e, lw);
	return 0;
}

/* One message to one person outside the ladder: an automatic reply, a late correction. */
uint32_t
engine_send_one(struct engine *e, struct alert *a, enum wave_kind kind, uint32_t contact,
		enum lang lang, const char *template)
{
	struct alert_request *r = request_decode(a->body);
	struct planner p = { .e = e, .alert = a, .request = r };
	struct pick pick = { .contact = contact, .lang = lang, .division =
		r->division_count ? r->divisions[0] : 0 };
	int64_t document = engine_document(e, "template", template), variant;
	const struct template *t = engine_template(e, document);
	struct err err = { 0 };
	unsigned parts = 0;
	uint32_t id = 0;

	p.err = &err;
	if (t && (variant = make_variant(&p, t, &pick, kind, CHANNEL_SMS, false, &parts))) {
		struct wave w = new_wave(&p, 0, CHANNEL_SMS, kind, document);
		struct live_wave *lw;

		w.step = -1;
		w.expires_at = e->now + MINUTES(30);
		lw = engine_wave_add(e, &w, a->test);
		store_message_insert(e->store, lw->w.id, contact, variant, 0, NEVER);
		lw->w.total = 1;
		engine_wave_rank(e, lw);
		id = lw->w.id;
	} else if (t) {
		engine_log(e, 4, "automatic reply not possible template=%s reason=\"%s\"", template,
			   err.text);
	}
	alert_request_free(r);
	return id;
}
