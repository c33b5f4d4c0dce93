/* rows.c -- from picked people to waves and message rows; it chooses nobody and renders nothing. */
#include "daemon/engine/message.h"

#include <assert.h>
#include <stdlib.h>

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

/* The wave of a step planned in slices that takes this position's people; the round-th, for those who
 * get several texts.  NULL: none so far. */
static struct sliced_wave *
sliced_wave(const struct planner *p, unsigned position, enum channel channel, size_t round)
{
	for (size_t i = 0; p->sliced && i < p->sliced->count; i++)
		if (p->sliced->waves[i].position == position &&
		    p->sliced->waves[i].channel == channel && !round--)
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

/* The waves of one position on one channel: one, and another for each further text to somebody. */
struct writing {
	struct planner *p;
	unsigned position;
	enum channel channel;
	enum wave_kind kind;
	bool only_new;			/* who has no message of this alert yet */
	const struct template *template;
	int64_t document;
	struct table whole, *variants;
	struct { struct live_wave *lw; unsigned parts; } *rounds;
	size_t count;
};

static void
begin_wave(struct writing *w, size_t round)
{
	struct planner *p = w->p;
	struct sliced_wave *begun = sliced_wave(p, w->position, w->channel, round);
	struct wave row = compose_wave(p, w->position, w->channel, w->kind, w->document);

	assert(round == w->count);
	w->rounds = xrealloc(w->rounds, (w->count + 1) * sizeof(*w->rounds));
	w->rounds[w->count].parts = 0;
	if (begun) {
		w->rounds[w->count++].lw = engine_wave(p->e, begun->id);
		return;
	}
	if (p->sliced)
		row.state = WAVE_PLANNING;	/* until its last slice is written */
	w->rounds[w->count].lw = engine_wave_add(p->e, &row, p->alert->test);
	if (p->sliced)
		sliced_note(p->sliced, w->position, w->channel, w->rounds[w->count].lw->w.id);
	w->count++;
}

static void
end_waves(struct writing *w)
{
	struct planner *p = w->p;

	for (size_t i = 0; i < w->count; i++) {
		struct live_wave *lw = w->rounds[i].lw;
		struct sliced_wave *sliced = sliced_wave(p, w->position, w->channel, i);

		if (!lw)
			continue;
		if (!sliced) {
			engine_wave_rank(p->e, lw);
			compose_note(p, &lw->w, w->rounds[i].parts);
			continue;
		}
		if (w->rounds[i].parts > sliced->parts)
			sliced->parts = w->rounds[i].parts;
		engine_wave_touch(p->e, lw);
	}
	free(w->rounds);
	table_fini(&w->whole, NULL);
}

/* Has the step, or the alert for `only_new`, a message for him already?  A step that was begun before
 * a restart may have written all that it has for him. */
static bool
is_told(const struct writing *w, uint32_t contact)
{
	struct planner *p = w->p;

	if (id_set_has(&p->seen, contact) ||
	    (w->only_new && store_is_told(p->e->store, p->alert->id, contact)))
		return true;
	for (size_t i = 0; p->sliced && p->sliced->begun && i < p->sliced->count; i++)
		if (p->sliced->waves[i].channel == w->channel &&
		    store_message_exists(p->e->store, p->sliced->waves[i].id, contact))
			return true;
	return false;
}

static int
write_told(struct writing *w, struct told *told, unsigned number, size_t round)
{
	struct engine *e = w->p->e;
	unsigned parts = 0;
	int64_t variant = compose_cached(w->p, w->variants, w->template, told, w->kind, w->channel,
					 &parts);
	struct live_wave *lw;

	if (!variant)
		return -1;
	if (round == w->count)
		begin_wave(w, round);
	if (parts > w->rounds[round].parts)
		w->rounds[round].parts = parts;
	lw = w->rounds[round].lw;
	if (!lw)
		return 0;		/* its row is lost: the store has said so */
	store_message_insert(e->store, lw->w.id, told->picks->contact, variant, number, NEVER);
	lw->w.segments += engine_variant_text(e, variant)->parts;
	lw->w.total++;
	return 0;
}

/* All that one person is told: one text, or one a place, each in a wave of its own. */
static int
write_person(struct writing *w, const struct pick *picks, size_t count)
{
	struct planner *p = w->p;
	struct told *told = NULL;
	size_t texts = seats_split(p, w->template, picks, count, w->channel, &told);
	unsigned number = 0;
	int rc = 0;

	/* A redial tries the person's next number, and after the last the first. */
	if (w->channel == CHANNEL_VOICE)
		number = store_number_in_turn(p->e->store, picks->contact, w->channel,
			store_voice_messages_of(p->e->store, p->alert->id, picks->contact));
	for (size_t i = 0; i < texts && rc == 0; i++) {
		seats_code(p, &told[i], texts, w->channel);
		rc = write_told(w, &told[i], number, i);
	}
	seats_free(told, texts);
	return rc;
}

/* The end of the picks of one person. */
static size_t
end_of(const struct planner *p, size_t first)
{
	size_t end = first + 1;

	while (end < p->count && p->picks[end].contact == p->picks[first].contact)
		end++;
	return end;
}

/* Those people, from the picks sorted by contact. */
struct people {
	size_t from, to;
	unsigned position;
	bool any;			/* else only those whom this position names first */
};

static bool
is_theirs(const struct planner *p, const struct people *who, size_t i)
{
	return who->any || p->picks[i].position == who->position;
}

static int
write_waves(struct planner *p, const struct people *who, enum channel channel, enum wave_kind kind,
	    bool only_new)
{
	struct engine *e = p->e;
	struct writing w = { .p = p, .position = who->position, .channel = channel, .kind = kind,
			     .only_new = only_new };
	int rc = 0;

	w.variants = p->sliced && !who->any ? &p->sliced->variants[channel] : &w.whole;
	w.template = engine_template_named(e, p->alert, compose_template(p), &w.document);
	for (size_t i = who->from, end; i < who->to && rc == 0; i = end) {
		const struct pick *pick = &p->picks[i];

		end = end_of(p, i);
		if (!is_theirs(p, who, i) || is_told(&w, pick->contact))
			continue;
		if (engine_hold_row(e, pick->contact))
			rc = write_person(&w, pick, end - i);
		else
			row_aside(p, pick->contact);
	}
	engine_hold_row(e, 0);
	end_waves(&w);
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

static void
link_people(struct planner *p, const struct people *who)
{
	for (size_t i = who->from, end; i < who->to; i = end) {
		end = end_of(p, i);
		for (size_t k = i; k < end && is_theirs(p, who, i); k++)
			if (p->picks[k].target != NO_TARGET)
				store_called_put(p->e->store, p->picks[k].contact, p->alert->id,
						 p->picks[k].target, (unsigned)p->index);
	}
}

static int
write_people(struct planner *p, const struct people *who, enum wave_kind kind)
{
	bool sms = p->step ? p->step->channels[CHANNEL_SMS] : true;
	bool voice = p->step && p->step->channels[CHANNEL_VOICE];
	bool no_voice = voice && !channel_has_route(p->e, p->alert, CHANNEL_VOICE);

	if (sms && write_waves(p, who, CHANNEL_SMS, kind, false) < 0)
		return -1;
	if (voice && !no_voice && write_waves(p, who, CHANNEL_VOICE, kind, false) < 0)
		return -1;
	if (no_voice && !sms && write_waves(p, who, CHANNEL_SMS, kind, true) < 0)
		return -1;
	p->out->no_route |= no_voice;
	link_people(p, who);
	return 0;
}

/* Whoever was told is told by nothing else of the step. */
void
compose_end(struct planner *p)
{
	for (size_t i = 0; i < p->count; i = end_of(p, i))
		id_set_add(&p->seen, p->picks[i].contact);
	id_set_sort(&p->seen);
	p->count = 0;
	p->out->people = p->seen.count;
}

int
compose_channels(struct planner *p, unsigned position, enum wave_kind kind)
{
	picks_sort(p);
	if (write_people(p, &(struct people){ 0, p->count, position, true }, kind) < 0)
		return -1;
	compose_end(p);
	return 0;
}

int
compose_some(struct planner *p, unsigned position, enum wave_kind kind, size_t *from, size_t people)
{
	struct people who = { *from, *from, position, false };

	while (who.to < p->count && people) {
		people -= is_theirs(p, &who, who.to);
		who.to = end_of(p, who.to);
	}
	*from = who.to;
	return write_people(p, &who, kind);
}

int
compose_positions(struct planner *p, unsigned first, unsigned count, enum wave_kind kind)
{
	picks_sort(p);
	for (unsigned i = 0; i < count; i++) {
		size_t from = 0;

		if (compose_some(p, first + i, kind, &from, SIZE_MAX) < 0)
			return -1;
	}
	compose_end(p);
	return 0;
}
