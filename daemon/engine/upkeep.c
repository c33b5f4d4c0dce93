/* upkeep.c -- once an hour: what nobody will ask for any more is let go, in memory and on disk. */
#include "daemon/engine/outcome.h"

#define EVERY_MS HOURS(1)
#define KEYS_AT_ONCE 1000

/* Networks answer for a message within three days or never (a longest validity of SMS). */
#define RECEIPT_KEYS_MS HOURS(72)

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
