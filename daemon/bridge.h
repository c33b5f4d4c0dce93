/* bridge.h -- the engine thread and the reader thread, and the queues between them and the loop.
 * Commands go down, effects and read answers come up; the loop is woken through one eventfd.
 * Everything here may be called from the loop thread only, except where it says otherwise. */
#ifndef GONG_BRIDGE_H
#define GONG_BRIDGE_H

#include <stdbool.h>

#include "core/err.h"
#include "core/msec.h"
#include "daemon/contract/contract.h"
#include "daemon/engine/engine.h"
#include "daemon/settings/settings.h"
#include "daemon/store/read.h"

#define BRIDGE_BULK_MAX 4096

struct bridge;

struct read_answer {
	uint64_t to;
	bool refused;
	struct err refusal;		/* when refused */
	struct buf body;		/* JSON, unless refused */
	struct read_answer *next;
};

struct bridge_state {
	bool working;			/* the last turn was committed */
	bool disk_full;
	bool no_ballast;		/* there was no room for it */
	struct err why_not;		/* the last turn that was not */
	msec last_turn_ago_ms;
	size_t urgent, bulk;		/* commands waiting */
	struct engine_stats stats;
};

/* Before the store is opened: a start needs a little room, too.  true: the ballast was given up
 * for it, the disk is full. */
bool bridge_make_room(const char *ballast_path);
/* Opens engine and reader on the store file and starts both threads.  Borrows `store` until
 * bridge_close; takes a reference on settings.  `full`: what bridge_make_room said. */
int bridge_open(struct bridge **out, struct store *, const char *store_path,
		const char *ballast_path, bool full, struct settings *, struct err *);
int bridge_fd(const struct bridge *);		/* readable when something came up */
msec bridge_now(const struct bridge *);		/* Unix ms; any thread */

void bridge_urgent(struct bridge *, struct command *);
bool bridge_bulk(struct bridge *, struct command *);	/* false: full, not taken */
bool bridge_read(struct bridge *, struct read_query *);	/* false: full, not taken */
/* From now on the loop is woken after every turn, also when nothing came up. */
void bridge_watch(struct bridge *, bool on);
/* Everything that came up since the last call; caller owns it.  `committed`: commands that are in the
 * books, at least those that explain the effects.  `spent`: effects that were carried out go back to
 * the engine's thread, which made them and frees them. */
void bridge_take(struct bridge *, struct effect_list *effects, struct effect_list *spent,
		 struct command_list *committed, struct read_answer **answers);
void bridge_state(struct bridge *, struct bridge_state *out);
/* The wall clock was stepped by `by` ms: gong's own instants move with it (domain: Time). */
void bridge_clock_step(struct bridge *, msec by);
/* Asks the engine to take new settings; if it can, EFFECT_SETTINGS comes up, and then the
 * reader is given them, too. */
void bridge_reload(struct bridge *, struct settings *);
void bridge_settings(struct bridge *, struct settings *);
/* Lets the engine take what waits, commits, ends both threads. */
void bridge_close(struct bridge *);

#endif
