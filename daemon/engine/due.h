/* due.h -- floor 13 of the engine: everything that time brings about, in one table.
 * A turn runs the rows in order; the earliest `next` is when the engine wants to be woken; a step
 * of the wall clock moves every row, and a turn that failed loads every row anew. */
#ifndef GONG_ENGINE_DUE_H
#define GONG_ENGINE_DUE_H

#include "daemon/engine/signal.h"

struct due {
	const char *name;
	msec (*next)(const struct engine *);	/* instant, NEVER = nothing waits; NULL: none of its own */
	void (*run)(struct engine *);		/* what is due at e->now; NULL: asked, never run */
	/* The clock stepped: gong's own instants in memory move.  NULL: it has none that `load`
	 * does not read again (store_clock_shift moves those on disk). */
	void (*shift)(struct engine *, msec by);
	void (*load)(struct engine *);		/* from the store; NULL: memory only */
};

size_t engine_due_rows(const struct due **rows);	/* the table, for tests */
void engine_due_run(struct engine *);
msec engine_due_next(const struct engine *);
void engine_due_shift(struct engine *, msec by);	/* `load` follows */
void engine_due_load(struct engine *);

#endif
