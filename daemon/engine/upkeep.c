/* upkeep.c -- once an hour: what nobody will ask for any more is let go, in memory and on disk. */
#include "daemon/engine/outcome.h"

#define EVERY_MS HOURS(1)
#define KEYS_AT_ONCE 1000

/* Networks answer for a message within three days or never (a longest validity of SMS). */
#define RECEIPT_KEYS_MS HOURS(72)

/* The latest waves are looked through one by one; writing them down later keeps it off the way of
 * what is being sent now. */
#define TOLD_LATEST 1000
#define TOLD_WAVES 500			/* written in a turn, and rows */
#define TOLD_ROWS 2000

void
engine_told_slice(struct engine *e)
{
	size_t waves = e->told_behind > TOLD_LATEST ? e->told_behind - TOLD_LATEST : 0, done;

	/* A few at a time would cost a statement each. */
	if (waves < TOLD_LATEST / 4)
		return;
	if (!store_told_slice(e->store, TOLD_ROWS, waves < TOLD_WAVES ? waves : TOLD_WAVES, &done)) {
		e->told_behind = store_told_behind(e->store);
		return;
	}
	e->told_behind -= done < e->told_behind ? done : e->told_behind;
	e->more |= e->told_behind >= TOLD_LATEST + TOLD_LATEST / 4;
}

void
engine_told_load(struct engine *e)
{
	e->told_behind = store_told_behind(e->store);
}

void
engine_upkeep(struct engine *e)
{
	if (e->now < e->upkeep_at)
		return;
	if (store_receipt_keys_drop(e->store, e->now - RECEIPT_KEYS_MS, KEYS_AT_ONCE) ==
	    KEYS_AT_ONCE) {
		e->more = true;		/* the rest in the next turns */
		return;
	}
	for (size_t i = 0; i < e->route_count; i++)
		engine_budgets_trim(e, e->routes[i]);
	for (size_t i = 0; i < e->route_count; i++)
		engine_receipts_trim(e, e->routes[i]);
	engine_brakes_trim(e);
	if (!store_failed(e->store))	/* memory outlives the turn: it has not been done */
		e->upkeep_at = e->now + EVERY_MS;
}

msec
engine_upkeep_next(const struct engine *e)
{
	return e->upkeep_at;
}

void
engine_upkeep_shift(struct engine *e, msec by)
{
	e->upkeep_at += by;
}
