/* stop.c -- waves that are over: nothing more of them leaves from this instant on, and what they
 * leave behind is cleared away over many turns. */
#include "daemon/engine/waves.h"

#include <stdlib.h>

#define STOP_SLICE 2000			/* rows asked back or forgotten in a turn */
#define EXPIRE_SLICE 2000		/* waves that end in a turn */

/* At most `room`; returns how many.  Their drivers give them back, or say what became of them. */
static size_t
ask_back(struct engine *e, struct live_wave *lw, size_t room)
{
	static uint32_t contacts[STOP_SLICE];
	size_t count = store_messages_sending_of(e->store, lw->w.id, lw->asked_back, contacts, room);

	for (size_t i = 0; i < count; i++) {
		struct message m;

		if (store_message_get(e->store, lw->w.id, contacts[i], lw->w.channel, &m))
			engine_ask_back(e, &m);
	}
	if (count)
		lw->asked_back = contacts[count - 1];
	return count;
}

/* The latest first: each of them is over already, so that the order is nobody's concern. */
static void
clear_away(struct engine *e)
{
	size_t room = STOP_SLICE;

	while (e->waves.stopping.count && room) {
		struct live_wave *lw = e->waves.stopping.waves[e->waves.stopping.count - 1];
		bool readable = engine_hold(e, HAND_WAVE, lw->w.id, 0);
		size_t done = readable ? store_messages_forget_due(e->store, lw->w.id, room) : 0;

		if (readable && done < room && lw->w.count[MESSAGE_SENDING])
			done += ask_back(e, lw, room - done);
		room -= done;
		if (!room)
			break;		/* there may be more of it */
		e->waves.stopping.count--;
		lw->stopping = false;
		engine_wave_touch(e, lw);
		room--;
	}
	engine_let_go(e);
	e->more |= e->waves.stopping.count > 0;
}

void
engine_wave_stop(struct engine *e, struct live_wave *lw, enum wave_state state)
{
	bool newly = lw->w.state < WAVE_FINISHED;

	engine_wave_unrank(e, lw);
	lw->rest = false;
	lw->due_at = NEVER;
	if (newly) {
		lw->w.state = state;
		engine_dlr_stopped(e, &lw->w);
	}
	if (newly || lw->w.count[MESSAGE_SENDING])
		engine_wave_stopping(e, lw);
	engine_wave_touch(e, lw);
}

struct stop {
	struct engine *e;
	enum wave_state state;
	uint32_t correction;
};

static void
stop_one(void *ctx, const struct wave *w)
{
	struct stop *stop = ctx;
	struct live_wave *lw;

	if (w->state >= WAVE_FINISHED && !w->count[MESSAGE_SENDING] && !stop->correction)
		return;
	lw = engine_wave(stop->e, w->id);
	if (!lw)
		return;			/* the store has failed */
	lw->correction = stop->correction;
	engine_wave_stop(stop->e, lw, stop->state);
}

/* Nothing more of this alert leaves: by the waves' state, not by a million updates.  A thank-you has
 * a validity of its own. */
void
engine_stop_waves(struct engine *e, int64_t alert, enum wave_state state)
{
	struct stop stop = { e, state, 0 };
	struct alert a;

	if (store_alert_get(e->store, alert, &a))
		stop.correction = engine_correction_of(e, &a);
	store_waves_of(e->store, alert, stop_one, &stop);
}

static void
part_one(void *ctx, const struct wave *w)
{
	struct engine *e = ctx;
	struct live_wave *lw;

	if (w->kind > WAVE_HELPER || (w->state >= WAVE_FINISHED && !w->count[MESSAGE_SENDING]))
		return;
	lw = engine_wave(e, w->id);
	if (lw)				/* else the store has failed */
		lw->parted = true;
}

void
engine_part_alert(struct engine *e, int64_t alert)
{
	engine_parted_note(e, alert);
	store_waves_of(e->store, alert, part_one, e);
}

struct expiring {
	struct engine *e;
	struct live_list ended;
	msec next_at;
};

static void
find_expired(void *ctx, uint64_t key, void *value)
{
	struct expiring *x = ctx;
	struct live_wave *lw = value;

	if (lw->w.state > WAVE_OPEN)
		return;
	if (lw->w.expires_at > x->e->now)
		x->next_at = msec_min(x->next_at, lw->w.expires_at);
	else if (x->ended.count < EXPIRE_SLICE)
		live_list_add(&x->ended, lw);
}

/* A wave outlives its alert's ladder (an alert may be satisfied with its SMS still queued), so
 * it ends by its own validity.  Looked for at most once a second: what is sent is checked by
 * itself. */
static void
expire(struct engine *e)
{
	struct expiring x = { .e = e, .next_at = NEVER };
	size_t count;

	if (e->waves.expiry_at > e->now)
		return;
	table_each(&e->waves.live, find_expired, &x);
	count = x.ended.count;
	for (size_t i = 0; i < count; i++)
		engine_wave_stop(e, x.ended.waves[i], WAVE_EXPIRED);
	free(x.ended.waves);
	if (count == EXPIRE_SLICE) {
		e->more = true;		/* the rest in the next turns */
		return;
	}
	e->waves.expiry_at = x.next_at == NEVER || x.next_at > e->now + 1000 ? x.next_at : e->now + 1000;
}

void
engine_waves_end(struct engine *e)
{
	expire(e);
	clear_away(e);
}
