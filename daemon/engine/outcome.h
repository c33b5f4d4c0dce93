/* outcome.h -- floor 11 of the engine: what drivers and networks say became of messages; upkeep. */
#ifndef GONG_ENGINE_OUTCOME_H
#define GONG_ENGINE_OUTCOME_H

#include "daemon/engine/answer.h"

/* -- outcome.c -- */

void engine_route_ready(struct engine *, struct command *);
void engine_route_lost(struct engine *, struct command *);
void engine_done(struct engine *, struct command *);
void engine_part(struct engine *, struct command *);
/* At start: what was with drivers when gongd stopped.  Routes that are still there have yet to say. */
void engine_found_in_hand(struct engine *);

/* -- parts.c -- */

/* A final word about one part of an attempt, `part` or `part_ref`. */
void engine_part_note(struct engine *, const struct route_state *, struct message *, unsigned attempt,
		      const struct receipt_word *);
/* How many parts the attempt has; 0 = nobody knows yet. */
unsigned engine_parts_total(struct engine *, const struct message *, unsigned attempt);
/* What is known of the parts says this of the whole; *whose: the attempt that it is about. */
enum parts_say { PARTS_SAY_NOTHING, PARTS_SAY_DELIVERED, PARTS_SAY_FAILED };
enum parts_say engine_parts_say(struct engine *, const struct message *, unsigned attempt,
				unsigned *whose);

/* -- receipt.c -- */

void engine_receipt(struct engine *, struct command *);
/* May receipts name a message, or a part, by this reference of the route's? */
bool engine_keeps_ref(const struct route_state *, const char *ref);
/* The route has said which message that reference is, or (part > 0) which part of how many; a receipt of
 * it may wait already.  `r` and `ref` may be NULL: then there is nothing to keep. */
void engine_receipts_named(struct engine *, struct route_state *r, struct live_wave *, struct message *,
			   const char *ref, unsigned part, unsigned of);
/* An attempt has ended of which parts may have been reported before. */
void engine_parts_conclude(struct engine *, struct live_wave *, struct message *, unsigned attempt);
void engine_receipts_load(struct engine *);	/* how many wait, from the store */
void engine_receipts_trim(struct engine *, struct route_state *);	/* what nobody will name */

/* -- aside.c: instead of touching what was put aside (hand.c) -- */

void engine_aside_command(struct engine *, struct command *);
/* It stays as it is, with its driver, until gongd starts again. */
void engine_aside_message(struct engine *, struct command *, uint64_t message);
/* A task of the kind `fault`; of the first of them the duty officer hears. */
void engine_tell_fault(struct engine *, int64_t alert, const struct said *);
void engine_aside_due(struct engine *);		/* what can be done about alerts and waves, once */

/* -- upkeep.c -- */

/* Waves that are no more among the latest go into the index of people told. */
void engine_told_slice(struct engine *);
void engine_told_load(struct engine *);

void engine_upkeep(struct engine *);		/* once an hour */
msec engine_upkeep_next(const struct engine *);
void engine_upkeep_shift(struct engine *, msec by);

#endif
