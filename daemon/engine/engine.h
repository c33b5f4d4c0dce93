/* engine.h -- commands in, effects out, commit between.
 * One synchronous piece of ordinary code: no socket, no thread, no clock of its own.  The
 * bridge (or a test with a virtual clock) calls it from one thread only. */
#ifndef GONG_ENGINE_H
#define GONG_ENGINE_H

#include "core/err.h"
#include "core/msec.h"
#include "daemon/contract/contract.h"
#include "daemon/settings/settings.h"
#include "daemon/store/store.h"

struct engine;

/* Takes a reference on `settings`; borrows `store`, which must outlive it.  What is found `sending`
 * in the store counts as with its route until a CMD_ROUTE_LOST of the last life says how much of
 * that may have left, one for each route; by a route that is not in the settings it is in doubt. */
int engine_open(struct engine **out, struct store *store, struct settings *settings, msec now,
		struct err *);
void engine_close(struct engine *);

/* One turn: takes all urgent commands and a bounded amount of bulk from the lists, runs what
 * is due at `now`, commits, and only then appends effects to `out`.  Commands it has taken are
 * freed (see engine_spent); the rest stay queued.  `*wake_at`: when it wants the next turn even without commands
 * (may be <= now: at once, there is more to do).
 * -1: the store failed; commands stay queued, nothing was done and no effect given; the caller
 * asks again later (`*wake_at`), answering waiting clients 503 or 507 (err->field "full"). */
int engine_turn(struct engine *, struct command_list *urgent, struct command_list *bulk, msec now,
		struct effect_list *out, msec *wake_at, struct err *);

/* A step for more targets than that is planned in slices of so many people.  Only tests change it,
 * to play their nights both ways. */
extern struct engine_slicing {
	size_t targets, people;
} engine_slicing;

#define ROUTES_MAX 64

/* The commands of the last turn, for the caller to free in the thread that made them: freed by
 * another, the allocations of both threads wait for one lock.  The next turn frees what nobody
 * has asked for. */
void engine_spent(struct engine *, struct command_list *out);

/* Figures for metrics and forecasts, safe after a turn from the engine thread only. */
struct engine_stats {
	unsigned long turns, commits, accepts, repeats, claims, sent, delivered, failed, uncertain;
	unsigned long receipts_unmatched, inbound_unmatched, queued;
	unsigned long faults;		/* put aside for a fault of gong's own, and not looked after */
	unsigned long statements;	/* of SQL, the store's own included */
	msec committed_at;		/* by the engine's clock, as the books say; 0 = not yet */
	struct {
		int64_t id;		/* 0 ends the list */
		unsigned long receipts_unmatched, alarms_folded;
	} routes[ROUTES_MAX];
};
void engine_stats(const struct engine *, struct engine_stats *);

#endif
