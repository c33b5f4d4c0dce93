/* compose.c -- from picked people to texts, waves and message rows; it chooses nobody. */
#include "daemon/engine/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static int
by_division(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	if (x->division != y->division)
		return x->division < y->division ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* The first target at or after the division. */
static size_t
first_from(const struct planner *p, division_code division)
{
	size_t low = 0, high = p->target_count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (p->targets[mid].division < division)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct target_range
silent_in(struct planner *p, division_code division)
{
	struct division_range under = division_range(division);
	size_t first, end;

	/* Persons answer for themselves wherever they are: whoever hears of them hears of all. */
	if (!division || !p->target_count || p->targets[0].contact)
		return (struct target_range){ p->targets, p->target_count };
	if (!p->sorted)
		qsort(p->targets, p->target_count, sizeof(*p->targets), by_division);
	p->sorted = true;
	first = first_from(p, under.first);
	end = first_from(p, under.last + 1);
	return (struct target_range){ p->targets + first, end - first };
}

/* A helper hears of all that is silent under him, be it in several townships: he gets one
 * message. */
static size_t
silent_for(struct planner *p, const struct told *told, struct target_range *out)
{
	size_t count = 0;

	for (size_t i = 0; i < told->count; i++) {
		if (i && (!told->helps || told->picks[i].under == told->picks[i - 1].under))
			continue;
		out[count] = silent_in(p, told->helps ? told->picks[i].under : 0);
		count += out[count].count > 0;
	}
	return count;
}

static const struct template *
replaced_template(struct planner *p, enum severity *severity)
{
	struct alert old;

	if (p->ends) {			/* it speaks of its own end */
		*severity = p->alert->severity;
		return engine_template(p->e, p->alert->template);
	}
	if (!p->alert->replaces || !store_alert_get(p->e->store, p->alert->replaces, &old))
		return NULL;
	*severity = old.severity;
	return engine_template(p->e, old.template);
}

const char *
compose_template(const struct planner *p)
{
	if (p->step && p->helps)
		return settings_helper_template(p->e->settings, p->policy, p->step);
	return p->step ? p->step->template : NULL;
}

static int64_t
compose_told(struct planner *p, const struct template *t, const struct told *told,
	     enum channel channel, bool coded, unsigned *parts)
{
	struct engine *e = p->e;
	const struct pick *pick = told->picks;
	struct target_range *silent = xcalloc(told->count, sizeof(*silent));
	struct person person = { .name = "" };
	struct text_place place = {
		.alert = p->alert, .request = p->request, .template = t,
		.own = engine_template(e, p->alert->template), .places = told->places,
		.place_count = told->place_count, .m = p->alert->targets, .post = "",
		.code = told->code[0] ? told->code : coded ? p->alert->code : NULL,
		.code_due = told->code[0], .silent = silent,
		.helps = told->helps, .callout = p->policy && p->policy->targets == TARGETS_TEAM,
		.min_ms = e->now - p->alert->released_at,
		.time_at = p->alert->closed_at == NEVER ? 0 : p->alert->closed_at,
	};
	int64_t id;

	place.old = replaced_template(p, &place.old_severity);
	store_person_by_id(e->store, pick->contact, &person);
	place.person = person.name;
	if (p->step && p->step->to_count) {
		const struct family *f = &e->settings->families[p->step->to[0]];
		char *title = e->settings->roles[f->roles[0]].title[pick->lang];

		place.post = title ? title : f->name;
	}
	place.silent_count = silent_for(p, told, silent);
	id = engine_variant(e, &place, pick->lang, channel, parts, p->err);
	free(silent);
	return id;
}

int64_t
compose_variant(struct planner *p, const struct template *t, const struct pick *pick,
		const division_code *places, size_t count, enum channel channel, unsigned *parts)
{
	struct told told = { .picks = pick, .count = 1, .places = (division_code *)places,
			     .place_count = count, .helps = pick->under != 0 };

	return compose_told(p, t, &told, channel, false, parts);
}

/* Texts of a wave by what they hang on; a place's code has 40 bits. */
static uint64_t
variant_key(const struct pick *pick, bool coded)
{
	return (uint64_t)pick->division << 2 | (uint64_t)(pick->lang & 1) << 1 | coded;
}

int64_t
compose_cached(struct planner *p, struct table *variants, const struct template *t,
	    const struct told *told, enum wave_kind kind, enum channel channel, unsigned *parts)
{
	bool personal = told->count > 1 || told->code[0], coded;
	uint64_t key;
	int64_t id;

	for (size_t i = 0; i < t->param_count; i++)
		personal |= t->params[i].scope == SCOPE_PERSON;
	coded = kind == WAVE_CALL && channel == CHANNEL_SMS && has_other_open(p, told->picks->contact);
	key = variant_key(told->picks, coded);
	id = personal ? 0 : (int64_t)(intptr_t)table_get(variants, key);
	if (id)
		return id;
	id = compose_told(p, t, told, channel, coded, parts);
	if (!personal && id)
		table_put(variants, key, (void *)(intptr_t)id);
	return id;
}

struct wave
compose_wave(const struct planner *p, unsigned position, enum channel channel, enum wave_kind kind,
	 int64_t template)
{
	enum severity ranks = p->request ? p->request->ranks : SEVERITY_NOTICE;

	return (struct wave){
		.alert = p->alert->id, .step = (int)p->index, .position = position,
		.channel = channel, .kind = kind, .state = WAVE_OPEN,
		.severity = ranks > p->alert->severity ? ranks : p->alert->severity, .drill = p->alert->drill, .template = template,
		.below = p->step ? p->step->below : 0, .expires_at = p->alert->expires_at,
		.planned_at = p->e->now,
	};
}

void
compose_note(struct planner *p, const struct wave *w, unsigned parts)
{
	size_t i = p->out->waves;

	if (i >= 32)
		return;
	p->out->wave[i].id = w->id;
	p->out->wave[i].channel = w->channel;
	p->out->wave[i].kind = w->kind;
	p->out->wave[i].people = w->total;
	p->out->wave[i].parts = parts;
	p->out->wave[i].segments = w->segments;
	p->out->waves++;
}

/* Proves and measures the text; the people are collected and written turn by turn. */
int
compose_broadcast(struct planner *p, const struct template *t, int64_t document)
{
	struct wave w = compose_wave(p, 0, CHANNEL_SMS, WAVE_INFORM, document);
	/* Counting a million posts takes 0.1 s: a forecast wants it, and a limit up to itself.  The
	 * exact count comes when they have been collected ("planned"). */
	size_t limit = p->e->quiet ? SIZE_MAX : p->request->recipients_max + 1;
	struct live_wave *lw;
	unsigned parts = 0;

	for (int lang = 0; lang < LANG_COUNT; lang++) {
		struct pick pick = { .lang = (enum lang)lang };

		if (!compose_variant(p, t, &pick, p->request->divisions,
				     p->request->division_count > 0, CHANNEL_SMS, &parts))
			return -1;
	}
	w.total = p->out->people = picks_request_count(p, limit);
	w.segments = w.total * parts;
	compose_note(p, &w, parts);
	p->out->broadcast = true;
	if (p->e->quiet)
		return 0;
	w.total = w.segments = 0;
	w.state = WAVE_PLANNING;
	lw = engine_wave_add(p->e, &w, p->alert->test);
	engine_broadcast_start(p->e, lw, p->request);
	return 0;
}
