/* waves.c -- the waves at work, in order of urgency; it decides order, not who is called. */
#include "daemon/engine/waves.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned long
wave_queued(const struct wave *w)
{
	unsigned long rest = 0;

	for (int state = MESSAGE_SENDING; state < MESSAGE_STATE_COUNT; state++)
		rest += w->count[state];
	return w->total > rest ? w->total - rest : 0;
}

bool
wave_has_lanes(const struct wave *w)
{
	return w->kind == WAVE_CALL && w->channel == CHANNEL_SMS && w->step <= 0;
}

/* In which order what is equally severe goes.  The first is docs/waves.md's lane 0. */
enum wave_lane {
	LANE_NEED,			/* somebody has not answered yet, or must send help */
	LANE_CHANGED,			/* what people act on is not so any more */
	LANE_TOLD,			/* who is only told, or all of whose places have answered */
	LANE_REPLY,			/* automatic replies: behind all first messages */
};

static enum wave_lane
lane_of(const struct live_wave *lw)
{
	switch (lw->w.kind) {
	case WAVE_CALL:
		return lw->lane ? LANE_TOLD : LANE_NEED;
	case WAVE_HELPER:
		return LANE_NEED;
	case WAVE_REPLY:
		return lw->w.position == REPLY_NOW ? LANE_NEED : LANE_REPLY;
	case WAVE_CORRECTION:
		return LANE_CHANGED;
	case WAVE_INFORM:
		break;
	}
	/* A route's trouble that keeps what is severe waiting: alarm.c says which. */
	return lw->route_alarm && lw->w.severity >= SEVERITY_ORANGE ? LANE_NEED : LANE_TOLD;
}

/* Real before drill, then severity, then lane, then the order of waves inside an alert.  Waves with
 * equal keys take turns: fairness. */
static uint64_t
rank_key(const struct live_wave *lw)
{
	const struct wave *w = &lw->w;
	uint64_t step = w->step < 0 ? 0 : (uint64_t)w->step;
	uint64_t position = w->kind == WAVE_REPLY ? 0 : w->position;

	return (uint64_t)w->drill << 60 | (uint64_t)(SEVERITY_RED - w->severity) << 56 |
	       (uint64_t)lane_of(lw) << 52 | (step & 0xffff) << 16 | (position & 0xffff);
}

static struct rank *
rank_of(struct engine *e, uint64_t key)
{
	size_t low = 0, high = e->waves.rank_count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (e->waves.ranks[mid].key < key)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < e->waves.rank_count && e->waves.ranks[low].key == key)
		return &e->waves.ranks[low];
	if (e->waves.rank_count == e->waves.rank_cap) {
		e->waves.rank_cap = e->waves.rank_cap ? e->waves.rank_cap * 2 : 32;
		e->waves.ranks = xrealloc(e->waves.ranks, e->waves.rank_cap * sizeof(*e->waves.ranks));
	}
	memmove(&e->waves.ranks[low + 1], &e->waves.ranks[low], (e->waves.rank_count - low) * sizeof(*e->waves.ranks));
	e->waves.rank_count++;
	e->waves.ranks[low] = (struct rank){ .key = key };
	/* The array moved: every wave's pointer to its rank is looked up by key instead. */
	return &e->waves.ranks[low];
}

static void
join(struct engine *e, struct live_wave *lw)
{
	struct rank *rank = rank_of(e, rank_key(lw));

	assert(!lw->next);
	if (rank->ring) {
		lw->next = rank->ring;
		lw->prev = rank->ring->prev;
		lw->prev->next = lw->next->prev = lw;
	} else {
		rank->ring = lw->next = lw->prev = lw;
	}
}

void
engine_wave_rank(struct engine *e, struct live_wave *lw)
{
	lw->rest = true;
	join(e, lw);
}

void
engine_wave_due(struct engine *e, struct live_wave *lw, msec at)
{
	if (at == NEVER || lw->w.state > WAVE_FINISHED)
		return;
	lw->due_at = msec_min(lw->due_at, at);
	if (lw->next || lw->broadcast)
		return;			/* it is looked at anyway, or once it is planned */
	if (!lw->waiting)
		live_list_add(&e->waves.waiting, lw);
	lw->waiting = true;
	e->waves.waiting_at = msec_min(e->waves.waiting_at, lw->due_at);
}

void
engine_wave_wait(struct engine *e, struct live_wave *lw)
{
	engine_wave_unrank(e, lw);
	engine_wave_due(e, lw, lw->due_at);
}

void
engine_wave_lane(struct engine *e, struct live_wave *lw, unsigned lane)
{
	engine_wave_unrank(e, lw);
	lw->lane = lane;
	if (!lane) {
		engine_wave_due(e, lw, lw->due_at);
		return;
	}
	lw->later = false;
	lw->due_at = e->now;
	join(e, lw);
}

void
engine_waves_wake(struct engine *e)
{
	size_t kept = 0;

	if (e->waves.waiting_at > e->now)
		return;
	e->waves.waiting_at = NEVER;
	for (size_t i = 0; i < e->waves.waiting.count; i++) {
		struct live_wave *lw = e->waves.waiting.waves[i];

		if (lw->due_at > e->now) {
			e->waves.waiting_at = msec_min(e->waves.waiting_at, lw->due_at);
			e->waves.waiting.waves[kept++] = lw;
			continue;
		}
		lw->waiting = false;
		if (!lw->next)
			join(e, lw);
	}
	e->waves.waiting.count = kept;
}

void
engine_wave_unrank(struct engine *e, struct live_wave *lw)
{
	struct rank *rank;

	if (!lw->next)
		return;
	rank = rank_of(e, rank_key(lw));
	if (lw->next == lw) {
		rank->ring = NULL;
	} else {
		lw->prev->next = lw->next;
		lw->next->prev = lw->prev;
		if (rank->ring == lw)
			rank->ring = lw->next;
	}
	lw->next = lw->prev = NULL;
}

/* Not only when it is the first: that one may be for other routes, and the second would be served for
 * ever. */
void
engine_wave_served(struct engine *e, struct live_wave *lw)
{
	struct rank *rank;

	if (!lw->next)
		return;			/* nothing is left to claim */
	rank = rank_of(e, rank_key(lw));
	if (rank->ring == lw) {
		rank->ring = lw->next;
		return;
	}
	lw->prev->next = lw->next;
	lw->next->prev = lw->prev;
	lw->next = rank->ring;
	lw->prev = rank->ring->prev;
	lw->prev->next = lw->next->prev = lw;
}

static struct live_wave *
take_in(struct engine *e, const struct wave *w)
{
	struct live_wave *lw = xcalloc(1, sizeof(*lw));
	const struct template *t = engine_template(e, w->template);

	lw->w = *w;
	lw->written = w->state;
	lw->flash = t && t->flash;
	lw->route_alarm = t && strcmp(t->name, ROUTE_ALARM) == 0;
	/* What tells of an ending, or thanks, is true wherever its reader's place has gone. */
	lw->parted = w->kind <= WAVE_HELPER && engine_is_parted(e, w->alert);
	lw->due_at = NEVER;
	if (w->state <= WAVE_OPEN)
		e->waves.expiry_at = msec_min(e->waves.expiry_at, w->expires_at);
	table_put(&e->waves.live, w->id, lw);
	e->waves.low_ids[w->id & 255]++;
	return lw;
}

/* The concatenation reference of its texts is the low byte of a wave's id: a telephone that has
 * parts of two waves must not join them.  While fewer than 256 waves are at work, no two have the
 * same. */
static uint32_t
next_id(struct engine *e)
{
	uint32_t next = e->waves.last + 1;

	for (uint32_t id = next; id < next + 256; id++)
		if (!e->waves.low_ids[id & 255])
			return id;
	return next;
}

void
engine_wave_stopping(struct engine *e, struct live_wave *lw)
{
	lw->asked_back = 0;
	if (!lw->stopping)
		live_list_add(&e->waves.stopping, lw);
	lw->stopping = true;
}

struct live_wave *
engine_wave_add(struct engine *e, const struct wave *w, bool test)
{
	struct live_wave *lw;
	struct wave made = *w;

	made.id = next_id(e);
	assert(made.id > e->waves.last);
	e->waves.last = made.id;
	store_wave_insert(e->store, &made);
	lw = take_in(e, &made);
	lw->test = test;
	e->told_behind += w->kind >= WAVE_INFORM && w->kind <= WAVE_CORRECTION;
	engine_wave_touch(e, lw);
	return lw;
}

struct worst {
	const struct route_state *route;
	enum severity severity;
};

static void
note_worst(void *ctx, uint64_t id, void *value)
{
	struct worst *worst = ctx;
	const struct live_wave *lw = value;
	const struct wave *w = &lw->w;

	if (lw->route_alarm || w->drill || w->severity <= worst->severity || w->state > WAVE_OPEN ||
	    !worst->route->conf->channels[w->channel] ||
	    (lw->test && !worst->route->conf->simulated) ||
	    (!wave_queued(w) && !w->count[MESSAGE_SENDING]))
		return;
	worst->severity = w->severity;
}

enum severity
engine_waves_worst(const struct engine *e, const struct route_state *r)
{
	struct worst worst = { .route = r, .severity = SEVERITY_NOTICE };

	table_each(&e->waves.live, note_worst, &worst);
	return worst.severity;
}

struct ahead {
	const struct alert *alert;
	struct waves_ahead *sum;
};

static void
add_ahead(void *ctx, uint64_t id, void *value)
{
	const struct ahead *ahead = ctx;
	const struct live_wave *lw = value;
	const struct wave *w = &lw->w;
	unsigned long left = wave_queued(w) + w->count[MESSAGE_SENDING];
	unsigned long parts = w->segments && w->total ? w->segments * left / w->total : left;

	if (w->alert == ahead->alert->id || w->state > WAVE_OPEN || w->drill > ahead->alert->drill)
		return;
	/* Of equal urgency they take turns: both are counted as if they went first. */
	if (w->drill == ahead->alert->drill && (w->severity < ahead->alert->severity ||
	    (w->severity == ahead->alert->severity && lane_of(lw) != LANE_NEED)))
		return;
	ahead->sum[w->channel].messages += left;
	ahead->sum[w->channel].segments += parts;
	ahead->sum[w->channel].thanks += w->kind == WAVE_REPLY ? left : 0;
}

void
engine_waves_ahead(const struct engine *e, const struct alert *a, struct waves_ahead sum[CHANNEL_COUNT])
{
	struct ahead ahead = { a, sum };

	table_each(&e->waves.live, add_ahead, &ahead);
}

static void
note_correction(void *ctx, const struct wave *w)
{
	if (w->kind == WAVE_CORRECTION && w->position != ENDING_POSITION)
		*(uint32_t *)ctx = w->id;
}

uint32_t
engine_correction_of(struct engine *e, const struct alert *a)
{
	uint32_t wave = 0;

	if (a->replaced_by)
		store_waves_of(e->store, a->replaced_by, note_correction, &wave);
	return wave;
}

struct live_wave *
engine_wave(struct engine *e, uint32_t id)
{
	struct live_wave *lw = table_get(&e->waves.live, id);
	struct alert a;
	struct wave w;

	if (lw || !store_wave_get(e->store, id, &w))
		return lw;
	lw = take_in(e, &w);
	lw->answered = true;
	if (store_alert_get(e->store, w.alert, &a)) {
		lw->test = a.test;
		if (w.kind != WAVE_CORRECTION)
			lw->correction = engine_correction_of(e, &a);
	}
	return lw;
}

void
engine_wave_moved(struct engine *e, struct live_wave *lw, int from, int to)
{
	if (from == to)
		return;
	if (from != MESSAGE_QUEUED && lw->w.count[from])
		lw->w.count[from]--;
	if (to != MESSAGE_QUEUED)
		lw->w.count[to]++;
	engine_wave_touch(e, lw);
	if (to == MESSAGE_SENT)
		e->stats.sent++;
	else if (to == MESSAGE_DELIVERED)
		e->stats.delivered++;
	else if (to == MESSAGE_FAILED)
		e->stats.failed++;
	else if (to == MESSAGE_UNCERTAIN)
		e->stats.uncertain++;
}

void
engine_wave_touch(struct engine *e, struct live_wave *lw)
{
	if (!lw->dirty)
		live_list_add(&e->waves.touched, lw);
	lw->dirty = true;
}

static void
wave_forget(struct engine *e, struct live_wave *lw)
{
	if (lw->broadcast)
		live_list_take(&e->planning, lw);
	if (lw->waiting)
		live_list_take(&e->waves.waiting, lw);
	if (lw->stopping)
		live_list_take(&e->waves.stopping, lw);
	if (lw->looked_through)
		live_list_take(&e->calls, lw);
	engine_wave_unrank(e, lw);
	table_take(&e->waves.live, lw->w.id);
	assert(e->waves.low_ids[lw->w.id & 255] > 0);
	e->waves.low_ids[lw->w.id & 255]--;
	engine_broadcast_free(lw->broadcast);
	free(lw);
}

/* Writes the rows of waves that changed; forgets those with nothing left to do. */
void
engine_waves_flush(struct engine *e)
{
	for (size_t i = 0; i < e->waves.touched.count; i++) {
		struct live_wave *lw = e->waves.touched.waves[i];

		if (lw->w.state == WAVE_OPEN && !wave_queued(&lw->w) &&
		    !lw->w.count[MESSAGE_SENDING])
			lw->w.state = WAVE_FINISHED;
		/* Within a command it is the command's fault. */
		if (!e->hand.command)
			engine_hold(e, HAND_WAVE, lw->w.id, 0);
		if (!engine_is_given_up(e, HAND_WAVE, lw->w.id))
			store_wave_update(e->store, &lw->w, lw->w.state != lw->written);
		lw->written = lw->w.state;
		lw->dirty = false;
		if (lw->w.state < WAVE_FINISHED || lw->w.count[MESSAGE_SENDING] || lw->stopping)
			continue;
		wave_forget(e, lw);
	}
	e->waves.touched.count = 0;
}

msec
engine_waves_next(const struct engine *e)
{
	return e->waves.expiry_at;
}

/* One that ended gongd again and again as it was loaded stays where it is; aside.c tells of it. */
static bool
may_load(struct engine *e, uint32_t wave)
{
	return e->hand.command || engine_hold(e, HAND_WAVE, wave, 0) ||
		engine_why_aside(e)->cause != ASIDE_DEADLY;
}

static void
load_one(void *ctx, const struct wave *w)
{
	struct engine *e = ctx;
	struct live_wave *lw;
	struct alert a = { 0 };

	if (!may_load(e, w->id))
		return;
	store_alert_get(e->store, w->alert, &a);
	if (a.holds && w->state == WAVE_PLANNING)
		return;			/* engine_waves_resume */
	lw = take_in(e, w);
	lw->answered = true;
	lw->test = a.test;
	if (w->state == WAVE_OPEN)
		engine_wave_rank(e, lw);
	/* One of a step that is planned in slices: the alert has not done with that step. */
	else if (!a.policy || (int)a.step > w->step)
		engine_broadcast_resume(e, lw);
}

static void
resume_one(void *ctx, const struct wave *w)
{
	struct engine *e = ctx;

	if (w->state == WAVE_PLANNING && !table_get(&e->waves.live, w->id))
		load_one(e, w);
}

void
engine_waves_resume(struct engine *e, int64_t alert)
{
	store_waves_of(e->store, alert, resume_one, e);
}

/* Nothing of it can be claimed, its end cannot be written: people must do what it would have done. */
static void
load_lost(void *ctx, uint32_t id)
{
	struct engine *e = ctx;
	struct said said;

	SAY(&said, task_wave_unreadable, NUM(id));
	store_task_once(e->store, 0, "damage", &said, e->now);
	engine_log(e, LOG_ERROR, "wave unreadable wave=%u", id);
}

static void
load_due(void *ctx, uint32_t wave, msec at)
{
	struct engine *e = ctx;
	struct live_wave *lw = may_load(e, wave) ? engine_wave(e, wave) : NULL;

	if (lw)
		lw->later = wave_has_lanes(&lw->w);	/* some of them may be for lane 1 */
	if (lw && lw->w.state <= WAVE_FINISHED)
		engine_wave_due(e, lw, at);
	else if (lw)
		engine_wave_stopping(e, lw);	/* gongd stopped before its rows were forgotten */
}

static void
due_now(void *ctx, uint64_t key, void *wave)
{
	struct engine *e = ctx;

	engine_wave_due(e, wave, e->now);
}

void
engine_waves_load(struct engine *e)
{
	e->waves.waiting_at = e->waves.expiry_at = NEVER;
	engine_parted_load(e);
	store_waves_open(e->store, load_one, load_lost, e);
	store_waves_due(e->store, load_due, e);
	/* What is due in the waves behind the damage is not known: each is asked for itself. */
	if (store_was_cut(e->store))
		table_each(&e->waves.live, due_now, e);
}

/* One command inside the turn: what it made in memory goes when its rows go. */
void
engine_mark(struct engine *e)
{
	e->waves.marked = e->waves.last;
	e->slices.marked = e->slices.count;
	store_mark(e->store);
}

struct newer {
	struct live_list list;
	uint32_t than;
};

static void
find_newer(void *ctx, uint64_t key, void *value)
{
	struct newer *newer = ctx;

	if (key > newer->than)
		live_list_add(&newer->list, value);
}

void
engine_undo(struct engine *e)
{
	struct newer newer = { .than = e->waves.marked };
	size_t kept = 0;

	store_undo(e->store);
	if (e->slices.count > e->slices.marked)
		e->slices.count = e->slices.marked;	/* slices.c frees them */
	e->waves.last = e->waves.marked;
	engine_texts_drop(e);		/* the ids of those undone are given again */
	table_each(&e->waves.live, find_newer, &newer);
	for (size_t i = 0; i < e->waves.touched.count; i++)
		if (e->waves.touched.waves[i]->w.id <= e->waves.marked)
			e->waves.touched.waves[kept++] = e->waves.touched.waves[i];
	e->waves.touched.count = kept;
	for (size_t i = 0; i < newer.list.count; i++)
		wave_forget(e, newer.list.waves[i]);
	free(newer.list.waves);
}

static void
free_live_wave(void *p)
{
	struct live_wave *lw = p;

	engine_broadcast_free(lw->broadcast);
	free(lw);
}

void
engine_waves_drop(struct engine *e)
{
	table_fini(&e->waves.live, free_live_wave);
	engine_parted_drop(e);
	memset(e->waves.low_ids, 0, sizeof(e->waves.low_ids));
	free(e->waves.ranks);
	e->waves.ranks = NULL;
	e->waves.rank_count = e->waves.rank_cap = 0;
	e->planning.count = e->waves.touched.count = e->waves.waiting.count = 0;
	e->waves.stopping.count = e->calls.count = 0;
}
