/* waves.h -- floor 3 of the engine: the waves at work, in order of urgency. */
#ifndef GONG_ENGINE_WAVES_H
#define GONG_ENGINE_WAVES_H

#include "daemon/engine/lookup.h"

/* Positions of an automatic reply. */
#define REPLY_LATER 0
#define REPLY_NOW 1

/* Of the waves in a step that tell where an alert has ended (endings.c): behind all others. */
#define ENDING_POSITION 999

/* Borrowed until it is forgotten (at a flush, when nothing is left to do); NULL: no such wave, or
 * the store has failed. */
struct live_wave *engine_wave(struct engine *, uint32_t id);
struct live_wave *engine_wave_add(struct engine *, const struct wave *, bool test);
void engine_wave_rank(struct engine *, struct live_wave *);	/* it has rows to claim */
void engine_wave_unrank(struct engine *, struct live_wave *);
void engine_wave_served(struct engine *, struct live_wave *);	/* the others of its rank come before it */
/* One of its messages went from one state to another: counts and statistics follow. */
void engine_wave_moved(struct engine *, struct live_wave *, int from, int to);
unsigned long wave_queued(const struct wave *);
void engine_wave_touch(struct engine *, struct live_wave *);	/* its row is written this turn */
void engine_waves_flush(struct engine *);	/* writes rows of waves that changed */
void engine_waves_load(struct engine *);
void engine_waves_resume(struct engine *, int64_t alert);	/* lists of a held one that were being written */
void engine_waves_drop(struct engine *);	/* all of them, from memory */
/* A row of it goes by itself from `at` on; NEVER does nothing. */
void engine_wave_due(struct engine *, struct live_wave *, msec at);
/* The first SMS is never dropped; but those of people whose targets have answered wait in lane 1. */
bool wave_has_lanes(const struct wave *);
void engine_wave_lane(struct engine *, struct live_wave *, unsigned lane);	/* it goes over to that */
void engine_wave_wait(struct engine *, struct live_wave *);	/* nothing to claim for now */
void engine_waves_wake(struct engine *);	/* those whose due has come join their rank */
/* It is over; what it leaves behind is to be cleared away, from its first row on. */
void engine_wave_stopping(struct engine *, struct live_wave *);
/* The wave to which people join whom this alert, being replaced, still reaches; 0 = none. */
uint32_t engine_correction_of(struct engine *, const struct alert *);
msec engine_waves_next(const struct engine *);	/* when one may expire */
struct waves_ahead {			/* what has not left by a channel */
	unsigned long messages, segments;
	unsigned long thanks;		/* of the messages: automatic replies */
};
/* Adds up what goes before, or in turns with, the first messages of this alert. */
void engine_waves_ahead(const struct engine *, const struct alert *, struct waves_ahead[CHANNEL_COUNT]);
/* The highest colour of what is real, not all sent, and may go by this route; NOTICE: nothing is.  What
 * tells of routes does not count. */
enum severity engine_waves_worst(const struct engine *, const struct route_state *);

/* -- stop.c -- */

/* Nothing more of it leaves; what is with a driver is asked back, from this turn on. */
void engine_wave_stop(struct engine *, struct live_wave *, enum wave_state);
/* Nothing more of this alert leaves: by the waves' state, not by a million updates. */
void engine_stop_waves(struct engine *, int64_t alert, enum wave_state);
/* Targets of it have just moved: each of its rows is looked at from now on, nothing is written. */
void engine_part_alert(struct engine *, int64_t alert);
void engine_waves_end(struct engine *);	/* those that expire; a slice of clearing away */

/* -- moved.c: places of an alert that another took over -- */

bool engine_is_parted(const struct engine *, int64_t alert);	/* has a target of it moved? */
enum row_places { ROW_STAYS, ROW_MIXED, ROW_MOVED };
/* Is what a row speaks of still the alert's?  A row that speaks of no target stays. */
enum row_places engine_row_places(struct engine *, const struct live_wave *, uint32_t contact,
				  int64_t variant);
/* The targets that it speaks of, moved or not; their number.  Borrowed until the alert is parted
 * again or memory is dropped. */
size_t engine_row_targets(struct engine *, const struct wave *, uint32_t contact, int64_t variant,
			  const struct target ***out);
void engine_parted_note(struct engine *, int64_t alert);	/* targets of it have just moved */
void engine_parted_forget(struct engine *, int64_t alert);	/* its targets are read anew */
void engine_parted_load(struct engine *);
void engine_parted_drop(struct engine *);

/* store_mark and store_undo, with memory kept in step: one command inside the turn. */
void engine_mark(struct engine *);
void engine_undo(struct engine *);

#endif
