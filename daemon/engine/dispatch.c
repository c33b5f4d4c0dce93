/* dispatch.c -- which queued message goes to which route now.
 * Routes pull: every route with room takes from the most urgent wave it may carry.  A row is
 * written as `sending` in this turn's transaction before any driver sees it. */
#include "daemon/engine/plan.h"

#include <stdlib.h>

#include "core/reply.h"

#define CLAIM_MAX 500
#define ROOM_LOOK_MS 500
#define ENGAGED_LOOK_MS SECONDS(2)	/* is the call over that he is in? */
#define NEAR_MS SECONDS(10)		/* a retry of something real; a drill waits for it */
#define ATTEMPTS_MAX 1000		/* a day of one every two minutes and more */

static char *
form_of(const struct engine *e, const struct route_state *r, const struct live_wave *lw,
	const struct variant_text *v)
{
	const char *mark = e->settings->drill_mark_provider[v->lang];
	struct buf text = { 0 };

	if (r->conf->gong_signs || lw->w.channel == CHANNEL_VOICE)
		buf_puts(&text, v->head);
	else if (lw->w.drill && mark)
		buf_puts(&text, mark);
	buf_puts(&text, v->body);
	return buf_take(&text);
}

static void
send_finish(struct engine *e, struct route_state *r)
{
	if (r->send)
		engine_effect(e, r->send);
	r->send = NULL;
}

static void
sends_finish(struct engine *e)
{
	for (size_t i = 0; i < e->route_count; i++)
		send_finish(e, e->routes[i]);
}

/* Room in the send being put together: same text, same wave kind, not over the batch. */
static struct effect *
send_for(struct engine *e, struct route_state *r, struct live_wave *lw, int64_t variant)
{
	struct effect *f = r->send;

	if (f && (f->send.count >= r->batch || r->send_variant != variant ||
		  f->send.not_after != lw->w.expires_at))
		send_finish(e, r);
	if (!r->send) {
		f = effect_new(EFFECT_SEND, r->id);
		f->send.items = xcalloc(r->batch, sizeof(*f->send.items));
		f->send.text = form_of(e, r, lw, engine_variant_text(e, variant));
		if (r->templates)
			f->send.template = store_variant_template(e->store, variant);
		f->send.flash = lw->flash;
		f->send.receipt = r->receipts;
		f->send.urgent = lw->w.severity >= SEVERITY_ORANGE;
		f->send.not_after = lw->w.expires_at;
		r->send = f;
		r->send_variant = variant;
	}
	return r->send;
}

static void
add_call(struct engine *e, struct route_state *r, struct live_wave *lw, const struct message *m)
{
	const struct variant_text *v = engine_variant_text(e, m->variant);
	const struct template *t = engine_template(e, lw->w.template);
	struct effect *f = effect_new(EFFECT_CALL, r->id);

	f->call.id = message_id(m->wave, m->contact, m->attempt);
	f->call.to = m->e164;
	f->call.text = form_of(e, r, lw, v);
	if (r->templates)
		f->call.template = store_variant_template(e->store, m->variant);
	f->call.lang = v->lang;
	f->call.keys = t ? template_keys(t) : NULL;
	f->call.ring_ms = e->settings->ring_ms;
	f->call.plays = e->settings->plays;
	f->call.not_after = lw->w.expires_at;
	engine_effect(e, f);
}

/* `m` is already what the row says, attempt included. */
static void
hand_over(struct engine *e, struct route_state *r, struct live_wave *lw, const struct message *m)
{
	uint64_t id = message_id(m->wave, m->contact, m->attempt);

	table_put(&e->inflight, id, r);
	if (!r->inflight)
		r->busy_at = e->now;
	r->inflight++;
	r->handed_at = e->now;
	e->stats.claims++;
	engine_wave_moved(e, lw, MESSAGE_QUEUED, MESSAGE_SENDING);
	engine_budget_use(r, m->e164, e->now);
	if (lw->w.channel == CHANNEL_VOICE) {
		add_call(e, r, lw, m);
	} else {
		struct effect *f = send_for(e, r, lw, m->variant);
		struct send_item *item = &f->send.items[f->send.count++];
		unsigned parts = engine_variant_text(e, m->variant)->parts;

		item->id = id;
		item->to = m->e164;
		item->reference = m->reference;
		item->parts = parts;
		for (unsigned i = 0; m->parts_done && i < parts && i < 32; i++)
			if (!(m->parts_done >> i & 1))
				item->missing[i / 8] |= (unsigned char)(1u << i % 8);
	}
}

static void
finish_without_sending(struct engine *e, struct live_wave *lw, struct message *m,
		       enum message_event event, const char *reason)
{
	m->at = e->now;
	if (event == MESSAGE_ON_REFUSED) {
		m->attempt++;		/* a row of its own: the reason must not be lost */
		store_attempt_insert(e->store, m, e->now, OUTCOME_REJECTED, REJECT_DROP, 0, NULL,
				     reason);
	}
	m->due = NEVER;
	engine_message_event(e, lw, m, event);
}

/* Some of its alert's targets were taken over by another alert: what speaks of these only goes no
 * more; what may have left is in doubt, and stays so. */
static bool
has_moved(struct engine *e, struct live_wave *lw, struct message *m)
{
	enum row_places places = lw->parted ? engine_row_places(e, lw, m->contact, m->variant) : ROW_STAYS;

	if (places == ROW_MIXED && !(m->flags & MESSAGE_RESEND))
		engine_row_afresh(e, lw, m);
	if (places != ROW_MOVED)
		return false;
	finish_without_sending(e, lw, m, m->flags & MESSAGE_RESEND ? MESSAGE_ON_UNKNOWN
			       : MESSAGE_ON_WITHDRAW, NULL);
	return true;
}

/* What must be settled about a row before any route is asked; true if it may go. */
static bool
may_go(struct engine *e, struct live_wave *lw, struct message *m)
{
	if (lw->w.expires_at <= e->now || lw->w.state == WAVE_EXPIRED)
		finish_without_sending(e, lw, m, MESSAGE_ON_EXPIRE, NULL);
	else if (lw->w.state == WAVE_WITHDRAWN)
		finish_without_sending(e, lw, m, MESSAGE_ON_WITHDRAW, NULL);
	else if (has_moved(e, lw, m))
		return false;
	else if (lw->w.position == ENDING_POSITION && !engine_ending_needed(e, lw, m->contact))
		finish_without_sending(e, lw, m, MESSAGE_ON_WITHDRAW, NULL);
	else if (!engine_still_needed(e, lw, m->contact))
		finish_without_sending(e, lw, m, MESSAGE_ON_WITHDRAW, NULL);
	else if (m->flags & MESSAGE_RESEND && store_has_answered(e->store, lw->w.alert, m->contact))
		finish_without_sending(e, lw, m, MESSAGE_ON_UNKNOWN, NULL);
	else if (!m->e164)
		finish_without_sending(e, lw, m, MESSAGE_ON_REFUSED,
				       store_damaged(e->store) & TABLE_BIT(TABLE_NUMBER)
				       ? WORD(numbers_unreadable) : WORD(no_number_for_channel));
	else if (m->attempt >= ATTEMPTS_MAX)
		finish_without_sending(e, lw, m, MESSAGE_ON_REFUSED, WORD(attempts_exhausted));
	else if (engine_variant_text(e, m->variant)->spoilt)
		finish_without_sending(e, lw, m, MESSAGE_ON_REFUSED, WORD(text_spoilt));
	else if (engine_honours_opt_out(lw) && store_has_opted_out(e->store, m->contact))
		finish_without_sending(e, lw, m, MESSAGE_ON_REFUSED,
				       WORD(opted_out));
	else
		return true;
	return false;
}

static void
claim_row(struct engine *e, struct route_state *r, struct live_wave *lw, struct message *m)
{
	/* Parts known accepted count only for the same text: a route signs for itself or not. */
	if (m->parts_done && m->route != r->id)
		m->parts_done = 0;
	m->state = MESSAGE_SENDING;
	m->attempt++;
	m->route = r->id;
	m->reference = lw->w.id & 255;
	m->at = e->now;
	m->due = NEVER;
	m->flags &= ~(unsigned)(MESSAGE_AVOID | MESSAGE_REFUSED_BEFORE | MESSAGE_LATER);
	store_message_update(e->store, m);
	hand_over(e, r, lw, m);
}

/* Orange and red do not wait for a budget while there is a backup: it takes the row now (true), or
 * as soon as it has room (*at). */
static bool
backup_takes(struct engine *e, struct live_wave *lw, struct message *m,
	     const struct route_view *views, const struct route_need *need, msec *at)
{
	for (size_t i = 0; i < e->route_count && engine_resends(e, lw) && !m->kills; i++) {
		struct route_state *r = e->routes[i];

		if (route_may_carry(views, e->route_count, i, need) != ROUTE_BACKUP ||
		    engine_budget_at(e, r, m->e164, lw->w.drill) > e->now)
			continue;
		if (views[i].free && pace_bucket_take(&r->bucket, 1, e->now)) {
			claim_row(e, r, lw, m);
			return true;
		}
		*at = msec_min(*at, e->now + ROOM_LOOK_MS);
	}
	return false;
}

/* This route's budget for the number is used up: another takes the row at once, or the first that
 * may again. */
static void
wait_for_budget(struct engine *e, struct route_state *r, struct live_wave *lw, struct message *m,
		msec at)
{
	struct route_need need = { .channel = lw->w.channel, .test_mode = lw->test, .avoid = -1,
				   .spare_alarmed = lw->route_alarm };
	struct route_view views[ROUTES_MAX];

	engine_views(e, views);
	for (size_t i = 0; i < e->route_count; i++) {
		enum route_verdict v = route_may_carry(views, e->route_count, i, &need);

		if (e->routes[i] != r && (v == ROUTE_OK || v == ROUTE_FULL))
			at = msec_min(at, engine_budget_at(e, e->routes[i], m->e164, lw->w.drill));
	}
	if (at > e->now && backup_takes(e, lw, m, views, &need, &at))
		return;
	if (at <= e->now) {
		if (m->route != r->id)
			m->parts_done = 0;
		m->route = r->id;
		m->flags |= MESSAGE_AVOID;
		e->more = true;		/* the other one may have had its turn */
	}
	m->due = at;
	store_message_update(e->store, m);
	engine_wave_due(e, lw, at);
}

/* Of two calls at once, be it for two of his places, one would find him engaged. */
static void
wait_for_call(struct engine *e, struct live_wave *lw, struct message *m)
{
	m->due = e->now + ENGAGED_LOOK_MS;
	store_message_update(e->store, m);
	engine_wave_due(e, lw, m->due);
}

/* True if the row was handed over; what cannot go by this route yet waits by itself. */
static bool
claim_one(struct engine *e, struct route_state *r, struct live_wave *lw, struct message *m)
{
	msec at;

	if (!may_go(e, lw, m))
		return false;
	if (lw->w.channel == CHANNEL_VOICE && engine_is_engaged(e, m->contact)) {
		wait_for_call(e, lw, m);
		return false;
	}
	at = engine_budget_at(e, r, m->e164, lw->w.drill);
	if (at > e->now) {
		wait_for_budget(e, r, lw, m, at);
		return false;
	}
	claim_row(e, r, lw, m);
	return true;
}

/* Whatever it holds has been with it for a while, without harm. */
static bool
is_quiet(const struct engine *e, const struct route_state *r)
{
	return !r->inflight || e->now >= r->handed_at + SUSPECT_MS;
}

/* Rows that waited by themselves: retries, suspects, budgets.  `avoid`: another route is there
 * for those that this one refused.  *moved: rows that need not be looked at again now. */
static unsigned
claim_due(struct engine *e, struct route_state *r, struct live_wave *lw, unsigned room, bool avoid,
	  bool *moved)
{
	static struct message rows[CLAIM_MAX];
	bool first = wave_has_lanes(&lw->w) && !lw->lane;
	size_t count = store_messages_due(e->store, &lw->w, e->now, avoid ? r->id : 0, first, rows,
					  room < CLAIM_MAX ? room : CLAIM_MAX);
	unsigned taken = 0;

	lw->due_at = NEVER;
	for (size_t i = 0; i < count && !r->solo; i++) {
		/* A message that a driver died with goes alone, but a call that rings on for a minute
		 * does not hold up what is behind it. */
		if (rows[i].kills && !is_quiet(e, r)) {
			r->drain = true;
			break;
		}
		*moved = true;
		if (!engine_hold_row(e, rows[i].contact))
			continue;
		r->solo = rows[i].kills > 0;
		if (claim_one(e, r, lw, &rows[i]))
			taken++;
		else
			r->solo = false;
	}
	engine_hold_row(e, 0);
	engine_wave_due(e, lw, store_messages_next_due(e->store, lw->w.id, first));
	return taken;
}

/* All that he is called for has been answered by others: he is told, but behind those who must answer. */
static bool
waits_for_lane(struct engine *e, struct live_wave *lw, struct message *m)
{
	int lowest;

	if (!lw->answered || !wave_has_lanes(&lw->w))
		return false;
	lowest = store_called_lowest(e->store, m->contact, lw->w.alert);
	if (lowest < lw->w.below || lowest == LEVEL_COUNT)
		return false;
	m->flags |= MESSAGE_LATER;
	m->due = e->now;
	store_message_update(e->store, m);
	lw->later = true;
	return true;
}

/* Takes up to `room` rows after the wave's cursor.  When every row may go, one UPDATE marks
 * them all. */
static unsigned
claim_rest(struct engine *e, struct route_state *r, struct live_wave *lw, unsigned room)
{
	static struct message rows[CLAIM_MAX];
	size_t want = room < CLAIM_MAX ? room : CLAIM_MAX;
	size_t count = store_messages_after(e->store, &lw->w, rows, want);
	uint32_t before = lw->w.cursor;
	unsigned taken = 0;
	bool all = lw->w.channel == CHANNEL_SMS && lw->w.step <= 0 && !r->budget_count && !lw->parted &&
		lw->w.position != ENDING_POSITION && !(lw->answered && wave_has_lanes(&lw->w)) &&
		!engine_honours_opt_out(lw) && lw->w.expires_at > e->now &&
		!engine_is_suspect(e, HAND_WAVE, lw->w.id);

	for (size_t i = 0; i < count && all; i++)
		all = rows[i].state == MESSAGE_QUEUED && rows[i].due == NEVER && rows[i].e164 &&
			!engine_variant_text(e, rows[i].variant)->spoilt;
	if (all && count)
		store_messages_claim(e->store, lw->w.id, before, rows[count - 1].contact, count,
				     r->id, lw->w.id & 255, e->now);
	for (size_t i = 0; i < count; i++) {
		struct message *m = &rows[i];

		lw->w.cursor = m->contact;
		if (!engine_hold_row(e, m->contact))
			continue;
		if (all) {
			m->attempt++;
			m->reference = lw->w.id & 255;
			hand_over(e, r, lw, m);
			taken++;
		} else if (m->state == MESSAGE_QUEUED && m->due == NEVER && !waits_for_lane(e, lw, m)) {
			taken += claim_one(e, r, lw, m);
		}
	}
	engine_hold_row(e, 0);
	lw->rest = count == want;
	return taken;
}

/* 0 and !*moved: there is nothing here for this route now. */
static unsigned
claim_wave(struct engine *e, struct route_state *r, struct live_wave *lw, unsigned room, bool avoid,
	   bool *moved)
{
	unsigned taken = 0;

	*moved = false;
	/* Not in the store yet, so that it could not be ended: it is written first. */
	if (lw->w.id > e->waves.committed && engine_is_suspect(e, HAND_WAVE, lw->w.id)) {
		e->more = true;
		return 0;
	}
	if (!engine_hold(e, HAND_WAVE, lw->w.id, 0)) {
		lw->rest = false;	/* aside.c has said so */
		lw->due_at = NEVER;
		engine_wave_unrank(e, lw);
		return 0;
	}
	if (lw->due_at <= e->now)
		taken = claim_due(e, r, lw, room, avoid, moved);
	if (lw->rest && taken < room && !r->solo && !r->drain) {
		taken += claim_rest(e, r, lw, room - taken);
		*moved = true;
	}
	engine_wave_touch(e, lw);
	if (lw->rest || lw->due_at <= e->now)
		return taken;
	if (lw->lane || lw->later) {
		engine_wave_lane(e, lw, !lw->lane);
		*moved = true;
	} else {
		engine_wave_wait(e, lw);
	}
	return taken;
}

static enum route_verdict
verdict(struct engine *e, const struct route_view *views, size_t self, const struct live_wave *lw,
	int avoid)
{
	struct route_need need = { .channel = lw->w.channel, .test_mode = lw->test,
				   .avoid = avoid, .spare_alarmed = lw->route_alarm };

	return route_may_carry(views, e->route_count, self, &need);
}

static unsigned
room_of(struct engine *e, struct route_state *r)
{
	unsigned room = engine_places(r);

	if (is_quiet(e, r))
		r->drain = r->solo = false;
	else if (r->drain || r->solo)
		e->resume_at = msec_min(e->resume_at, r->handed_at + SUSPECT_MS);
	if (r->up && r->pause.until > e->now)
		e->resume_at = msec_min(e->resume_at, r->pause.until);
	if (!r->up || r->pause.until > e->now || r->drain || (r->solo && r->inflight))
		return 0;
	if (engine_is_on_trial(e, r))
		room = r->inflight ? 0 : 1;
	if (room > CLAIM_MAX)
		room = CLAIM_MAX;
	room = pace_bucket_take(&r->bucket, room, e->now);
	if (!room && r->bucket.per_second > 0 && engine_places(r))
		e->resume_at = msec_min(e->resume_at, pace_bucket_next_at(&r->bucket, e->now));
	return room;
}

/* Waves of one rank take turns in slices, so that no alert starves another. */
static unsigned
serve_rank(struct engine *e, size_t self, struct route_view *views, size_t rank, unsigned budget)
{
	struct route_state *r = e->routes[self];
	struct live_wave *lw = e->waves.ranks[rank].ring, *refused = NULL;

	while (lw && budget && !r->solo && !r->drain) {
		unsigned slice = budget < 64 || lw->next == lw ? budget : 64;
		bool moved = false;

		views[self].free = budget;
		if (verdict(e, views, self, lw, -1) == ROUTE_OK)
			budget -= claim_wave(e, r, lw, slice, verdict(e, views, self, lw, (int)self) ==
					     ROUTE_AVOID, &moved);
		if (moved) {
			refused = NULL;
			engine_wave_served(e, lw);
			lw = e->waves.ranks[rank].ring;
			continue;
		}
		if (!refused)
			refused = lw;
		lw = lw->next ? lw->next : e->waves.ranks[rank].ring;
		if (lw == refused)
			break;
	}
	return budget;
}

/* Does something real wait that this route may carry in a moment? */
static bool
real_is_near(const struct engine *e, const struct route_state *r)
{
	for (size_t i = 0; i < e->waves.waiting.count; i++) {
		const struct live_wave *lw = e->waves.waiting.waves[i];

		if (!lw->w.drill && r->channels[lw->w.channel] && lw->due_at <= e->now + NEAR_MS)
			return true;
	}
	return false;
}

/* What is real has been served before: of the places left a drill leaves one, where there are more,
 * and takes none while something real is about to try again. */
static unsigned
room_for_drills(const struct engine *e, const struct route_state *r, unsigned budget)
{
	unsigned places = engine_places(r);

	if (real_is_near(e, r))
		return 0;
	if (r->window > 1 && places)
		places--;
	return budget < places ? budget : places;
}

static void
serve_route(struct engine *e, size_t self)
{
	struct route_state *r = e->routes[self];
	struct route_view views[ROUTES_MAX];
	unsigned room = room_of(e, r), budget = room, kept = 0;
	bool drills = false;

	if (!room)
		return;
	engine_views(e, views);
	views[self].up = true;
	for (size_t k = 0; k < e->waves.rank_count && budget && !r->solo && !r->drain; k++) {
		if (!drills && e->waves.ranks[k].ring && e->waves.ranks[k].ring->w.drill) {
			drills = true;
			kept = budget - room_for_drills(e, r, budget);
			budget -= kept;
			if (!budget)
				break;
		}
		budget = serve_rank(e, self, views, k, budget);
	}
	budget += kept;
	r->bucket.tokens += budget;	/* not used after all */
	e->more |= !budget && engine_places(r) && !r->solo && !engine_is_on_trial(e, r);
}

void
engine_dispatch(struct engine *e)
{
	e->resume_at = NEVER;
	engine_waves_wake(e);
	for (size_t i = 0; i < e->route_count; i++)
		serve_route(e, i);
	sends_finish(e);
	engine_let_go(e);
}

msec
engine_dispatch_next(const struct engine *e)
{
	return msec_min(e->resume_at, e->waves.waiting_at);
}

/* Budgets and their buckets move with budget.c; the waves are loaded again. */
void
engine_dispatch_shift(struct engine *e, msec by)
{
	for (size_t i = 0; i < e->route_count; i++) {
		struct route_state *r = e->routes[i];

		if (r->pause.until)
			r->pause.until += by;
		if (r->settled_at)
			r->settled_at += by;
		r->handed_at += by;
		r->pace_noted_at += by;
	}
}
