/* turns.c -- whose turn it is with the wire: one table of what may be done, in the order
 * of urgency, with how long each may be kept waiting.  docs/modem-driver.md, Whose turn
 * it is. */
#include "drivers/modem/driver.h"

/* When its work is or was due; 0 = it has some, NEVER = it has none. */
typedef msec (*turn_due)(struct driver *);
/* true: it uses the wire now; false: there was nothing to do after all. */
typedef bool (*turn_begin)(struct driver *);

static bool
may_begin(const struct driver *d, bool urgent)
{
	const struct queued *first = TAILQ_FIRST(&d->queue);

	return first && first->urgent == urgent && !d->sending.message && !d->health.must_look;
}

static msec
urgent_at(struct driver *d)
{
	return may_begin(d, true) ? 0 : NEVER;
}

static msec
send_at(struct driver *d)
{
	return may_begin(d, false) ? 0 : NEVER;
}

static msec
part_at(struct driver *d)
{
	return d->sending.message && !d->health.must_look ? d->sending.part_at : NEVER;
}

static msec
network_at(struct driver *d)
{
	return d->health.must_look ? 0 : d->health.network_at;
}

static msec
health_at(struct driver *d)
{
	return d->health.ask_at;
}

/* From the top: the first that has work goes.  But one that has waited for longer than it
 * may, counted from when its work was due or its last turn ended, goes before those; of
 * several of them the one that is latest.  So a backlog of any length, whatever it is of,
 * keeps nobody waiting for more than his patience and the one turn in hand. */
static const struct {
	turn_due due;
	turn_begin begin;
	msec patience_ms;
} turns[ACT_COUNT] = {
	[ACT_CALL] = {voice_at, voice_next, 0},
	[ACT_RING_OFF] = {voice_ring_off_at, voice_ring_off, 0},
	[ACT_READ] = {store_read_at, store_read, 0},
	[ACT_DELETE] = {store_delete_at, store_delete, 0},
	/* Operators drop a long message whose parts come minutes apart; moments do no
	   harm. */
	[ACT_PART] = {part_at, send_rest, 200},
	[ACT_URGENT] = {urgent_at, send_first, SECONDS(1)},
	[ACT_NETWORK] = {network_at, health_look, SECONDS(2)},
	[ACT_ASK] = {ask_at, ask_next, SECONDS(2)},
	[ACT_HEALTH] = {health_at, health_start, SECONDS(15)},
	[ACT_LIST] = {store_list_at, store_list, SECONDS(10)},
	[ACT_SEND] = {send_at, send_first, 500},
};

/* -1: it is not too late. */
static msec
lateness(struct driver *d, enum activity a, msec due, msec now)
{
	msec since = due > d->ended_at[a] ? due : d->ended_at[a];
	msec late = now - since - turns[a].patience_ms;

	return late < 0 ? -1 : late;
}

static enum activity
choose(struct driver *d, msec now, unsigned tried)
{
	enum activity best = ACT_NONE;
	msec best_late = 0;

	for (enum activity a = ACT_CALL; a < ACT_COUNT; a++) {
		msec due = turns[a].due(d), late;

		if (due > now || tried >> a & 1)
			continue;
		late = lateness(d, a, due, now);
		if (best != ACT_NONE && late <= best_late)
			continue;
		best = a;
		best_late = late;
	}
	return best;
}

void
turns_next(struct driver *d, msec now)
{
	unsigned tried = 0;

	for (;;) {
		enum activity a = choose(d, now, tried);

		if (a == ACT_NONE || turns[a].begin(d))
			return;
		tried |= 1u << a;
	}
}

msec
turns_next_at(struct driver *d)
{
	msec at = NEVER;

	for (enum activity a = ACT_CALL; a < ACT_COUNT; a++)
		at = msec_min(at, turns[a].due(d));
	return at;
}
