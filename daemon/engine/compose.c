/* compose.c -- from picked people to texts, waves and message rows; it chooses nobody. */
#include "daemon/engine/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SILENT_NAMES 3
#define SILENT_LOOKS 30			/* for them, among places without a name */

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

static void
add_silent(struct planner *p, size_t i, size_t end, struct silent *silent)
{
	silent->n += end - i;
	for (; i < end && silent->shown < SILENT_NAMES && silent->looked < SILENT_LOOKS; i++) {
		const struct target *t = &p->targets[i];
		struct person person = { .name = "" };
		char name[128] = "";

		silent->looked++;
		if (t->contact && store_person_by_id(p->e->store, t->contact, &person))
			snprintf(name, sizeof(name), "%s", person.name);
		else
			store_division_get(p->e->store, t->division, name, NULL);
		if (name[0])
			buf_printf(&silent->names, "%s%s", silent->shown++ ? "、" : "", name);
	}
}

/* A message for each of 20,000 places says how many are silent: counted by two searches, or a
 * step would look at 400,000,000 targets. */
void
silent_under(struct planner *p, division_code division, struct silent *silent)
{
	struct division_range under = division_range(division);

	/* Persons answer for themselves wherever they are: whoever hears of them hears of all. */
	if (!division || !p->target_count || p->targets[0].contact) {
		if (!p->all.looked)
			add_silent(p, 0, p->target_count, &p->all);
		silent->n += p->all.n;
		silent->shown += p->all.shown;
		buf_puts(&silent->names, p->all.names.data ? p->all.names.data : "");
		return;
	}
	if (!p->sorted)
		qsort(p->targets, p->target_count, sizeof(*p->targets), by_division);
	p->sorted = true;
	add_silent(p, first_from(p, under.first), first_from(p, under.last + 1), silent);
}

static bool
is_next_of_same(const struct planner *p, const struct pick *pick)
{
	return pick >= p->picks && pick + 1 < p->picks + p->count && pick[1].contact == pick->contact;
}

/* A helper hears of all that is silent under him, be it in several townships: he gets one
 * message. */
static void
silent_for(struct planner *p, const struct pick *pick, enum wave_kind kind, struct silent *silent)
{
	silent_under(p, kind == WAVE_HELPER ? pick->under : 0, silent);
	while (kind == WAVE_HELPER && is_next_of_same(p, pick)) {
		pick++;
		if (pick->under != pick[-1].under)
			silent_under(p, pick->under, silent);
	}
}

int64_t
compose_variant(struct planner *p, const struct template *t, const struct pick *pick,
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
	silent_for(p, pick, kind, &silent);
	buf_puts(&silent.names, "");
	place.names = silent.names.data;
	place.n = silent.n;
	id = engine_variant(e, &place, pick->lang, channel, parts, p->err);
	buf_fini(&silent.names);
	return id;
}

/* Texts of a wave by what they hang on; a place's code has 40 bits. */
static uint64_t
variant_key(const struct pick *pick, bool coded)
{
	return (uint64_t)pick->division << 2 | (uint64_t)(pick->lang & 1) << 1 | coded;
}

static int64_t
variant_for(struct planner *p, struct table *variants, const struct template *t,
	    const struct pick *pick, enum wave_kind kind, enum channel channel, unsigned *parts)
{
	bool personal = kind == WAVE_HELPER && is_next_of_same(p, pick), coded;
	uint64_t key;
	int64_t id;

	for (size_t i = 0; i < t->param_count; i++)
		personal |= t->params[i].scope == SCOPE_PERSON;
	coded = kind == WAVE_CALL && channel == CHANNEL_SMS && has_other_open(p, pick->contact);
	key = variant_key(pick, coded);
	id = personal ? 0 : (int64_t)(intptr_t)table_get(variants, key);
	if (id)
		return id;
	id = compose_variant(p, t, pick, kind, channel, coded, parts);
	if (!personal && id)
		table_put(variants, key, (void *)(intptr_t)id);
	return id;
}

struct wave
compose_wave(const struct planner *p, unsigned position, enum channel channel, enum wave_kind kind,
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

static void
row_aside(struct planner *p, uint32_t contact)
{
	struct person person = { .name = "" };
	struct said said;

	store_person_by_id(p->e->store, contact, &person);
	if (engine_why_aside(p->e)->cause == ASIDE_FAULTY) {
		SAY(&said, task_person_fault, p->alert->code, person.name);
		engine_fault_task(p->e, p->alert->id, &said);
	} else {
		SAY(&said, task_person_deadly, p->alert->code, person.name);
		store_task_once(p->e->store, p->alert->id, "quarantine", &said, p->e->now);
	}
	engine_log(p->e, LOG_ERROR, "row put aside alert=%lld contact=%u", (long long)p->alert->id, contact);
}

/* The wave of a step planned in slices that takes this position's people; NULL: none so far. */
static struct sliced_wave *
sliced_wave(const struct planner *p, unsigned position, enum channel channel)
{
	for (size_t i = 0; p->sliced && i < p->sliced->count; i++)
		if (p->sliced->waves[i].position == position && p->sliced->waves[i].channel == channel)
			return &p->sliced->waves[i];
	return NULL;
}

void
sliced_note(struct sliced *s, unsigned position, enum channel channel, uint32_t wave)
{
	if (s->count == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 8;
		s->waves = xrealloc(s->waves, s->cap * sizeof(*s->waves));
	}
	s->waves[s->count++] = (struct sliced_wave){ position, channel, wave, 0 };
}

static struct live_wave *
begin_wave(struct planner *p, unsigned position, enum channel channel, enum wave_kind kind,
	   int64_t template)
{
	struct wave w = compose_wave(p, position, channel, kind, template);
	struct live_wave *lw;

	if (p->sliced)
		w.state = WAVE_PLANNING;	/* until its last slice is written */
	lw = engine_wave_add(p->e, &w, p->alert->test);
	if (p->sliced)
		sliced_note(p->sliced, position, channel, lw->w.id);
	return lw;
}

static void
end_wave(struct planner *p, struct live_wave *lw, unsigned parts)
{
	struct sliced_wave *sliced = sliced_wave(p, lw->w.position, lw->w.channel);

	if (!sliced) {
		engine_wave_rank(p->e, lw);
		compose_note(p, &lw->w, parts);
		return;
	}
	if (parts > sliced->parts)
		sliced->parts = parts;
	engine_wave_touch(p->e, lw);
}

/* Has the step, or the alert for `only_new`, a message for him already? */
static bool
is_told(struct planner *p, const struct live_wave *lw, uint32_t contact, bool only_new)
{
	return id_set_has(&p->seen, contact) ||
		(only_new && store_was_handed_over(p->e->store, p->alert->id, contact)) ||
		(p->sliced && lw && store_message_exists(p->e->store, lw->w.id, contact));
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
	struct table whole = { 0 }, *variants = p->sliced ? &p->sliced->variants[channel] : &whole;
	const struct sliced_wave *begun = sliced_wave(p, position, channel);
	struct live_wave *lw = begun ? engine_wave(e, begun->id) : NULL;
	unsigned parts = 0;
	int rc = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct pick *pick = &p->picks[i];
		unsigned number = 0;
		int64_t variant;

		if (i && p->picks[i - 1].contact == pick->contact)
			continue;
		if (is_told(p, lw, pick->contact, only_new))
			continue;
		if (!engine_hold_row(e, pick->contact)) {
			row_aside(p, pick->contact);
			continue;
		}
		variant = variant_for(p, variants, t, pick, kind, channel, &parts);
		if (!variant) {
			rc = -1;
			break;
		}
		if (!lw)
			lw = begin_wave(p, position, channel, kind, document);
		/* A redial tries the person's next number, and after the last the first. */
		if (channel == CHANNEL_VOICE)
			number = store_number_in_turn(e->store, pick->contact, channel,
				store_voice_messages_of(e->store, p->alert->id, pick->contact));
		store_message_insert(e->store, lw->w.id, pick->contact, variant, number, NEVER);
		lw->w.segments += engine_variant_text(e, variant)->parts;
		lw->w.total++;
	}
	engine_hold_row(e, 0);
	if (lw)
		end_wave(p, lw, parts);
	table_fini(&whole, NULL);
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

int
compose_channels(struct planner *p, unsigned position, enum wave_kind kind)
{
	bool sms = p->step ? p->step->channels[CHANNEL_SMS] : true;
	bool voice = p->step && p->step->channels[CHANNEL_VOICE];
	bool no_voice = voice && !channel_has_route(p->e, p->alert, CHANNEL_VOICE);

	picks_sort(p);
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
			id_set_add(p->sliced ? &p->sliced->fresh : &p->seen, pick->contact);
	}
	p->count = 0;
	if (p->sliced)
		return 0;		/* the position may go on */
	id_set_sort(&p->seen);
	p->out->people = p->seen.count;
	return 0;
}

/* Proves and measures the text; the people are collected and written turn by turn. */
int
compose_broadcast(struct planner *p, const struct template *t, int64_t document)
{
	struct wave w = compose_wave(p, 0, CHANNEL_SMS, WAVE_INFORM, document);
	/* Counting a million posts takes 0.1 s: a forecast wants it, and a limit up to itself.  The
	 * exact count comes when they have been collected ("planned"). */
	size_t limit = p->e->quiet ? SIZE_MAX : p->request->recipients_max + 1;
	int64_t variants[LANG_COUNT];
	struct live_wave *lw;
	unsigned parts = 0;

	for (int lang = 0; lang < LANG_COUNT; lang++) {
		struct pick pick = { .lang = (enum lang)lang, .division =
			p->request->division_count ? p->request->divisions[0] : 0 };

		variants[lang] = compose_variant(p, t, &pick, WAVE_INFORM, CHANNEL_SMS, false, &parts);
		if (!variants[lang])
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
	memcpy(lw->variants, variants, sizeof(variants));
	engine_broadcast_start(p->e, lw, p->request);
	return 0;
}
