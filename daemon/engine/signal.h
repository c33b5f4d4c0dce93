/* signal.h -- floor 12 of the engine: what other systems say, and what is done about it
 * (docs/sources.md).  A signal is kept, its rule is found, its alert asked for by the ordinary door, all
 * in the turn that answers its source. */
#ifndef GONG_ENGINE_SIGNAL_H
#define GONG_ENGINE_SIGNAL_H

#include "core/number.h"
#include "daemon/contract/signal_digest.h"
#include "daemon/engine/outcome.h"
#include "daemon/settings/source.h"
#include "daemon/store/signals.h"
#include "files/signal_json.h"

/* A message that says all there is about its subject (CAP), as what becomes of its signals is seen. */
struct whole {
	size_t parts;			/* its signals */
	size_t judged, alarming;	/* of these had a rule asked; have one that tells people */
	struct places { division_code *list; size_t count; } told, cleared;	/* by alarming ones; by the others */
	int64_t *alerts;
	size_t alert_count;
};

struct saying {				/* a signal in hand */
	struct engine *e;
	const struct source_conf *conf;	/* of the settings in force */
	struct principal by;		/* the source */
	const struct signal *signal;
	const char *body;		/* signal_encode's */
	const unsigned char *raw;	/* which bytes it came in; NULL = not kept */
	struct signal_row row;		/* id 0: it is not kept yet */
	division_code *places;		/* what its areas mean here, within the source's */
	size_t place_count, unknown;	/* unknown: codes that are none of ours */
	const struct rule *rule;	/* NULL: none fits */
	bool released;			/* by a person: neither held nor braked */
	struct whole *whole;		/* that it is a part of; NULL: its source's messages are none */
	bool only_noted;		/* it was there before its source's first poll */
	struct said why;
};

/* -- signal_want.c: what a rule makes of it -- */

/* Fills the places.  They are the caller's to free. */
void engine_signal_places(struct saying *);
/* The request that its rule makes of it, all but its key.  NULL: `why` says what is missing. */
struct alert_request *engine_signal_request(struct saying *);
/* What such a rule makes of it. */
enum signal_mode engine_signal_mode(const struct saying *, const struct rule *);
/* A parameter as its template takes it: no longer than that allows, if the rule says no less. */
char *engine_signal_param(const struct template *, const struct rule_param *, const struct signal *, enum lang);
/* signal_to.c: adds the contacts that have the numbers it names.  -1: `why`; one number that nobody has is
 * enough, for nobody shall believe that he was told. */
int engine_signal_to(struct saying *, struct alert_request *);
/* Of all that people would notice; instants are not. */
void engine_signal_outcome(const struct alert_request *, unsigned char out[32]);
/* Its own end has passed: `err` says so. */
bool engine_signal_expired(const struct saying *, struct err *);
/* May the source send that?  -1: `err`. */
int engine_signal_allowed(struct saying *, struct alert_request *, struct err *);

/* -- signal_keep.c: its row -- */

/* It has become that, and `why` (or NULL) says why; kept, if it was not. */
void engine_signal_settle(struct saying *, enum signal_state, const struct said *why);
/* A task about it, one a signal. */
void engine_signal_task(struct saying *, const struct said *);
void engine_signal_task_over(struct engine *, struct signal_row *, enum phrase why);

/* -- signal_gate.c: whether now is the time -- */

/* Of a gauge: has it fitted its rule for long enough?  The row of its last value is the saying's. */
bool engine_signal_watch(struct saying *);
void engine_signal_unwatch(struct saying *);	/* rules that it does not fit (any more) */
/* Takes the divisions that were told lately out of the request.  false: all were. */
bool engine_signal_uncovered(struct saying *, struct alert_request *);
void engine_signal_cover(struct saying *, const struct alert_request *);
/* Has its rule had as many alerts as it may? */
bool engine_signal_over_limit(struct saying *, const struct alert_request *);

/* -- signal_over.c: ends, and words that change nothing -- */

/* Ends what is open, waits or is held under its ref and refs; how many of those there were.  A drill's word
 * is about drills only, here and below. */
size_t engine_signal_end(struct saying *);
/* That of its ref, or refs, with an alert that is open: the one about its places and its kind, else the
 * newest.  false: there is none, or its message has others that are more like it. */
bool engine_signal_prior(struct saying *, struct signal_row *out, struct alert *);
/* Its last words led to the same and are still good, though their alert is closed: people have answered, or
 * the desk has cancelled it.  An end of its source makes room for the same again. */
bool engine_signal_told(struct saying *, const struct alert_request *, struct signal_row *out, struct alert *);
/* Since when it has held: what waits under its ref gives way to it, and hands on its time. */
msec engine_signal_since(struct saying *);
/* What waits or is held under its ref gives way to it. */
void engine_signal_supersede(struct saying *);
/* The alert is good for longer. */
void engine_signal_extend(struct saying *, const struct signal_row *, const struct alert *,
			  const struct alert_request *);

/* Its rule was asked: what became of it counts for its message. */
void engine_whole_add(struct saying *);
/* All parts were taken, `s` was the last.  What the message updates and does not go on is ended where its
 * places are clear now, ends without a word where they are told by another part; else it goes on, and the
 * desk is told. */
void engine_whole_end(struct saying *);
void engine_whole_fini(struct whole *);

/* -- signals.c -- */

void engine_signals(struct engine *, struct command *);
void engine_signal_release(struct engine *, struct command *);
void engine_signal_replay(struct engine *, struct command *);
void engine_signals_due(struct engine *);	/* whose `for` is over */
msec engine_signals_next(const struct engine *);
void engine_signals_shift(struct engine *, msec by);
void engine_signals_step(struct engine *, msec by);	/* those on disk, when the clock stepped */
void engine_signals_load(struct engine *);
/* Lets go of what is old: apart, so that no damage there keeps a wait from its end. */
void engine_signals_trim(struct engine *);
msec engine_signals_trim_next(const struct engine *);
void engine_signals_trim_shift(struct engine *, msec by);

/* -- fetching.c: how the children that fetch are -- */

void engine_source_state(struct engine *, struct command *);
/* Alarms of sources that do not fetch any more, or are gone, end. */
void engine_source_alarms_gone(struct engine *);

/* -- silence.c: sources that say nothing -- */

void engine_source_heard(struct engine *, const struct source_conf *, struct source_row *);
void engine_silence_due(struct engine *);
msec engine_silence_next(const struct engine *);
void engine_silence_load(struct engine *);	/* also when the settings are others */
void engine_silence_shift(struct engine *, msec by);

#endif
