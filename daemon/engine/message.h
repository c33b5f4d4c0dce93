/* message.h -- floor 4 of the engine: single messages: how they are made and how they change. */
#ifndef GONG_ENGINE_MESSAGE_H
#define GONG_ENGINE_MESSAGE_H

#include "core/reply.h"
#include "daemon/engine/waves.h"

/* -- message.c -- */

/* Brings a message to the state after `event`; its row, the wave's counters and a correction to
 * those reached late follow. */
void engine_message_event(struct engine *, struct live_wave *, struct message *,
			  enum message_event);
/* A person was reached after all by a wave that is withdrawn or has run out, or whose alert was
 * replaced in part: he joins its correction, or hears where it has ended. */
void engine_join_correction(struct engine *, const struct live_wave *, uint32_t contact,
			    enum message_state);
bool engine_may_correct(const struct live_wave *);	/* may there be something to join? */
/* May this route tell this about that attempt?  It had it, for that number (0: it does not say), and
 * did not refuse it; `took_part`: or refused the rest only. */
bool engine_is_from(struct engine *, const struct message *, unsigned attempt,
		    const struct route_state *, uint64_t to, bool took_part);
/* A duplicate beats silence for it. */
bool engine_resends(struct engine *, const struct live_wave *);
/* The attempt that an id from the wire means; 0 = none so far. */
unsigned engine_which_attempt(const struct message *, uint64_t id);
/* Is there still a reason to send it?  A first SMS always has one. */
bool engine_still_needed(struct engine *, const struct live_wave *, uint32_t contact);
bool engine_honours_opt_out(const struct live_wave *);

/* -- hope.c -- */

/* A call of this wave has failed for good: if nobody of its step is left who may answer, the next
 * step of a callout is taken now. */
void engine_rung_failed(struct engine *, const struct live_wave *);

/* -- held.c: what may or may not have left, and is not sent again -- */

void engine_held_note(struct engine *, const struct live_wave *);	/* one became so, or is no more */
void engine_held_due(struct engine *);
msec engine_held_next(const struct engine *);
void engine_held_shift(struct engine *, msec by);
void engine_held_load(struct engine *);

/* -- calls.c -- */

/* Does a driver have a call to him?  Of every 1,000 messages in the air it takes 10 us. */
bool engine_is_engaged(struct engine *, uint32_t contact);
/* Something that the calls of this wave were for has been answered. */
void engine_calls_look(struct engine *, struct live_wave *);
void engine_calls_slice(struct engine *);	/* asks back some of those that nobody needs now */

/* -- seats.c: a person with several seats -- */

struct told {				/* what one person is told of in one text */
	const struct pick *picks;	/* all his */
	size_t count;
	division_code *places;		/* those of them that this text is about; count 0 = none */
	size_t place_count;
	bool helps;			/* he hears of others' places */
	char *said;			/* of these places alone; NULL = it was not asked for */
	char code[CODE_TEXT];		/* by which the text is answered; "" = the alert's */
};

/* The texts that one person gets; seats_free. */
size_t seats_split(struct planner *, const struct template *, const struct pick *, size_t count,
		   enum channel, struct told **out);
/* The code of a text that is one of `texts` by this channel, or was so in an earlier step. */
void seats_code(struct planner *, struct told *, size_t texts, enum channel);
void seats_free(struct told *, size_t count);

/* -- compose.c: from picked people to texts -- */

struct wave compose_wave(const struct planner *, unsigned position, enum channel, enum wave_kind,
			 int64_t template);
/* A finished wave, for events and forecasts. */
void compose_note(struct planner *, const struct wave *, unsigned parts);
/* The name of the text for the picks in hand; NULL = the alert's own. */
const char *compose_template(const struct planner *);
/* A text for one person, or the same as another's before.  0 fills p->err. */
int64_t compose_cached(struct planner *, struct table *variants, const struct template *,
		       const struct told *, enum wave_kind, enum channel, unsigned *parts);
/* A text for a reader with these places. */
int64_t compose_variant(struct planner *, const struct template *, const struct pick *,
			const division_code *places, size_t count, enum channel, unsigned *parts);
/* Proves and measures the text; the people are collected and written turn by turn. */
int compose_broadcast(struct planner *, const struct template *, int64_t document);
/* -- readers.c: texts outside the ladder that speak of their reader's places -- */

/* For somebody whom `alert` reached, or (0) who holds a post over the request's places.  0: it was not
 * possible (logged). */
int64_t reader_variant(struct engine *, struct live_wave *, int64_t alert, const struct alert_request *,
		       struct reader_texts *, uint32_t contact, enum lang);
/* The same for one who is reached when the others have been told. */
int64_t reader_late_variant(struct engine *, struct live_wave *, uint32_t contact, enum lang);

/* -- rows.c: waves, messages and called-links from the picks, which are then empty -- */

/* A wave that belongs to a step planned in slices. */
void sliced_note(struct sliced *, unsigned position, enum channel, uint32_t wave);
/* All picks belong to one position; -1 fills p->err. */
int compose_channels(struct planner *, unsigned position, enum wave_kind);
/* The picks of a whole step: a person is told with the first position that names him, and of all
 * places for which any does. */
int compose_positions(struct planner *, unsigned first, unsigned count, enum wave_kind);
/* The same in slices, from picks that are sorted: up to so many people of one position, from the pick
 * *from on, which then is behind them. */
int compose_some(struct planner *, unsigned position, enum wave_kind, size_t *from, size_t people);
void compose_end(struct planner *);	/* the picks were told, and are empty */

/* -- afresh.c -- */

/* Some of what a row speaks of has moved: its text becomes one for the rest, where it names places. */
void engine_row_afresh(struct engine *, const struct live_wave *, struct message *);

/* -- endings.c -- */

/* Tells those whom the replaced alert reached for places that `a` took over (and does not address
 * at once) or, with `whole`, ends. */
void engine_end_places(struct engine *, struct alert *a, const struct alert_request *, bool whole);
/* Tells those whom `a` reached that it has run out, each for his own places that no other has taken
 * over; `template` is its policy's. */
void engine_end_expired(struct engine *, struct alert *a, const struct alert_request *,
			const char *template);
/* A message of an alert that was replaced, be it in part, or has run out, has reached its person only
 * now. */
void engine_end_late(struct engine *, const struct live_wave *, const struct message *);
/* May a row that tells of an ending go?  Not to whom the new alert tells more. */
bool engine_ending_needed(struct engine *, const struct live_wave *, uint32_t contact);

/* -- collect.c -- */

void engine_broadcast_slices(struct engine *);	/* one slice of the oldest broadcast */

/* -- in_flight.c -- */

/* A driver has it no more; the route that had it, NULL: none. */
struct route_state *engine_release(struct engine *, uint64_t id);
/* What is with drivers, and what numbers have had, counted again from what the store says. */
void engine_in_flight_forget(struct engine *, struct route_state *);	/* it is going */
void engine_in_flight_recount(struct engine *);
/* Found so at start: that route counts as having it. */
void engine_in_flight_found(struct engine *, struct route_state *, const struct message *);
/* A CMD_ROUTE_LOST of the last life: what else the books say is with that route is named in it, too. */
void engine_in_flight_name_rest(struct engine *, struct command *);
/* The waves were loaded anew: what of theirs is to be asked back is looked for again. */
void engine_in_flight_look_again(struct engine *);

#endif
