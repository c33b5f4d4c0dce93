/* signals.h -- what other systems said, and what became of it.  Within a turn of the engine, as all of
 * store.h; rows are found by (source, ref), each signal of which names the same thing of the sender's. */
#ifndef GONG_STORE_SIGNALS_H
#define GONG_STORE_SIGNALS_H

#include "core/rule.h"
#include "daemon/store/store.h"

/* The life of a signal; NEW: it waits for its rule's `for`. */
#define SIGNAL_STATES(S) \
	S(NEW, "new") S(MATCHED, "matched") S(UNMATCHED, "unmatched") S(HELD, "held") \
	S(IGNORED, "ignored") S(REFUSED, "refused")
enum signal_state {
#define S(name, text) SIGNAL_IS_##name,
	SIGNAL_STATES(S)
#undef S
	SIGNAL_STATE_COUNT
};
const char *signal_state_name(enum signal_state);
int signal_state_parse(const char *word);	/* -1: none of that name */

struct source_row {
	int64_t id;
	msec heard_at;			/* last sign of life; of a new source, when it was first known */
	msec silent_since;		/* its silence is an alarm; NEVER: it is not */
	msec told_at;			/* when the duty officer last heard of that; NEVER = not */
	int64_t task, notice;		/* of the alarm that stands; 0 = none */
	msec shut_ms;			/* since heard_at, gongd did not run for so long */
};
/* Its row, made when it is not there. */
void store_source_get(struct store *, const char *name, msec now, struct source_row *);
void store_source_put(struct store *, const struct source_row *);
char *store_source_keep(struct store *, const char *name);	/* caller frees; NULL: nothing */
void store_source_keep_set(struct store *, int64_t source, const char *keep);
void store_source_name(struct store *, int64_t source, char *out, size_t size);	/* "": there is none */
typedef void (*source_fn)(void *ctx, const char *name, const struct source_row *);
void store_sources(struct store *, source_fn, void *ctx);	/* at most 256; `fn` may write */
void store_source_heard(struct store *, int64_t source, msec at);
void store_sources_shut(struct store *, msec for_ms);	/* nobody could be heard for so long */

/* What is wrong with the child that fetches for it. */
#define SOURCE_ALARMS_MAX 512		/* in one look at all of them */
struct source_alarm {
	int64_t source;
	char name[48];
	msec since;			/* NEVER: it is over, and only remembered */
	msec told_at;			/* when the duty officer last heard of it; NEVER = not */
	int64_t task, notice;
};
typedef void (*source_alarm_fn)(void *ctx, const struct source_alarm *);
void store_source_state(struct store *, int64_t source, const char *state, msec at);
/* Of one source, or of all (0); `fn` may write. */
void store_source_alarms(struct store *, int64_t source, source_alarm_fn fn, void *ctx);
void store_source_alarm_put(struct store *, const struct source_alarm *, const struct said *);
void store_source_alarm_over(struct store *, const struct source_alarm *);

struct signal_row {
	int64_t id, source;
	char ref[SIGNAL_REF_MAX + 1];
	enum signal_act act;
	bool made;			/* the ref is a digest that gong made */
	unsigned char digest[32];
	enum signal_state state;
	char rule[48];			/* "" = none fitted */
	unsigned char rule_sha256[32];	/* of the rule that it waits for */
	int64_t alert, task;		/* 0 = none */
	msec at;			/* when it was said: no later than it came */
	bool dated;			/* by the sender's clock; else by gong's, and moves with it */
	msec received_at, last_at;	/* last_at: of the newest repeat */
	unsigned long repeats;
	msec due_at;			/* NEVER = it does not wait */
	unsigned char outcome[32];	/* digest of what its rule made of it; zeros = nothing */
	int severity;			/* of what its rule made of it; -1 = not known */
};
typedef void (*signal_fn)(void *ctx, const struct signal_row *);

/* Inserts it (its id is ignored); `body`: signal_encode's, `kind` may be NULL, `raw`: which bytes it came
 * in, NULL = not kept.  The id. */
int64_t store_signal_insert(struct store *, const struct signal_row *, const char *body,
			    const char *kind, const unsigned char raw[32]);
/* What became of it: state, rule, alert, task, due, outcome, severity, and why (NULL: as it was). */
void store_signal_put(struct store *, const struct signal_row *, const struct said *why);
bool store_signal_get(struct store *, int64_t id, struct signal_row *);
char *store_signal_body(struct store *, int64_t id);	/* caller frees; NULL: there is none */
/* The same said before: not earlier than `since`, if its ref was made. */
bool store_signal_same(struct store *, int64_t source, const char *ref, enum signal_act,
		       const unsigned char digest[32], msec since, struct signal_row *);
/* The id of the last that came of that ref, whatever became of it; 0: none did. */
int64_t store_signal_last(struct store *, int64_t source, const char *ref);
/* The first signal that led to that alert; false: none did. */
bool store_signal_of_alert(struct store *, int64_t alert, int64_t *id, char ref[SIGNAL_REF_MAX + 1]);
/* The newest of that ref, by when it was said; false: it was never heard of. */
bool store_signal_newest(struct store *, int64_t source, const char *ref, struct signal_row *);
/* Those of that ref that led to an alert, wait or are held; at most `most`, newest first. */
void store_signals_live(struct store *, int64_t source, const char *ref, size_t most, signal_fn, void *ctx);
/* One more of the same. */
void store_signal_repeat(struct store *, int64_t id, msec at);
/* It is said anew, and nothing changes: the row has digest, instants and body of the newest words, and is
 * one repeat older. */
void store_signal_renew(struct store *, int64_t id, const struct signal_row *newest, const char *body);
/* Up to 64 whose wait is over. */
void store_signals_due(struct store *, msec now, signal_fn, void *ctx);
msec store_signals_next(struct store *);	/* NEVER: none waits */
/* Alerts of a source's rule and severity since then: real ones, or drills and tests. */
unsigned store_signals_sent(struct store *, int64_t source, const char *rule, int severity, bool real, msec since);
/* Is there one since then that the limit of that rule kept back? */
bool store_signals_limited(struct store *, int64_t source, const char *rule, msec since);

/* gong's clock stepped: its own instants move, of signals those that were heard since `since`. */
void store_signals_shift(struct store *, msec by, msec since);

/* Bytes as they came, once by their hash; false: the store failed. */
bool store_signal_raw_put(struct store *, int64_t source, const unsigned char sha256[32],
			  const char *bytes, size_t len, msec at);
/* Forgets up to `max` rows of bytes from before `before`, or, of a source that has more than `most`
 * bytes, its oldest; and as many signals that are over.  How many went. */
size_t store_signals_trim(struct store *, msec before, int64_t most, size_t max);

/* A gauge under watch: since when it fits its rule. */
struct signal_watch {
	int64_t source, signal;		/* signal: the row that has its last value */
	char rule[48], by[RULE_BY_BYTES];
	unsigned char sha256[32];
	msec since_at, last_at;		/* by the gauge's own instants */
	bool fired;			/* it has led to an alert since then */
};
bool store_watch_get(struct store *, int64_t source, const char *rule, const char *by,
		     struct signal_watch *);
void store_watch_put(struct store *, const struct signal_watch *);
void store_watch_drop(struct store *, int64_t source, const char *rule, const char *by);

/* What is covered: alerts of a rule's group about the same `by` and division. */
struct signal_cover {
	const char *group, *by;
	division_code division;		/* 0: an alert without divisions */
	int64_t source;
	const char *ref;
	int severity;
	msec until_at;
};
/* Until when something of that severity or a higher one covers it; 0: nothing does. */
msec store_cover_until(struct store *, const char *group, const char *by, division_code, int severity,
		       msec now);
/* Divisions from `first` to `last` that are covered likewise; at most `max`, ascending. */
size_t store_covered(struct store *, const char *group, const char *by, struct division_range, int severity,
		     msec now, division_code *out, size_t max);
void store_cover_put(struct store *, const struct signal_cover *);
void store_cover_end(struct store *, int64_t source, const char *ref);	/* it has ended there */

#endif
