/* message.h -- floor 4 of the engine: single messages: how they are made and how they change. */
#ifndef GONG_ENGINE_MESSAGE_H
#define GONG_ENGINE_MESSAGE_H

#include "daemon/engine/waves.h"

/* -- message.c -- */

/* Brings a message to the state after `event`; its row, the wave's counters and a correction to
 * those reached late follow. */
void engine_message_event(struct engine *, struct live_wave *, struct message *,
			  enum message_event);
/* A person was reached after all by a wave that is withdrawn: he joins its correction. */
void engine_join_correction(struct engine *, const struct live_wave *, uint32_t contact,
			    enum message_state);
/* May this route tell this about that attempt?  It had it, for that number (0: it does not say), and
 * did not refuse it. */
bool engine_is_from(struct engine *, const struct message *, unsigned attempt,
		    const struct route_state *, uint64_t to);
/* A duplicate beats silence for it. */
bool engine_resends(struct engine *, const struct live_wave *);
/* The attempt that an id from the wire means; 0 = none so far. */
unsigned engine_which_attempt(const struct message *, uint64_t id);
/* Is there still a reason to send it?  A first SMS always has one. */
bool engine_still_needed(struct engine *, const struct live_wave *, uint32_t contact);
bool engine_honours_opt_out(const struct live_wave *);

/* -- calls.c -- */

/* Something that the calls of this wave were for has been answered. */
void engine_calls_look(struct engine *, struct live_wave *);
void engine_calls_slice(struct engine *);	/* asks back some of those that nobody needs now */

/* -- compose.c: from picked people to texts, waves and rows -- */

struct wave compose_wave(const struct planner *, unsigned position, enum channel, enum wave_kind,
			 int64_t template);
/* A finished wave, for events and forecasts. */
void compose_note(struct planner *, const struct wave *, unsigned parts);
/* A wave that belongs to a step planned in slices. */
void sliced_note(struct sliced *, unsigned position, enum channel, uint32_t wave);
/* 0 fills p->err. */
int64_t compose_variant(struct planner *, const struct template *, const struct pick *,
			enum wave_kind, enum channel, bool coded, unsigned *parts);
/* Waves, messages and called-links from the picks, which are then empty; -1 fills p->err. */
int compose_channels(struct planner *, unsigned position, enum wave_kind);
/* Proves and measures the text; the people are collected and written turn by turn. */
int compose_broadcast(struct planner *, const struct template *, int64_t document);
/* Targets still below the step's level, in a division or (0) all: how many, and the first names,
 * added to what is there (to nothing yet, for all). */
void silent_under(struct planner *, division_code, struct silent *);

/* -- collect.c -- */

void engine_broadcast_slices(struct engine *);	/* one slice of the oldest broadcast */

/* -- in_flight.c -- */

/* What is with drivers, and what numbers have had, counted again from what the store says. */
void engine_in_flight_forget(struct engine *, struct route_state *);	/* it is going */
void engine_in_flight_recount(struct engine *);
/* The waves were loaded anew: what of theirs is to be asked back is looked for again. */
void engine_in_flight_look_again(struct engine *);

#endif
