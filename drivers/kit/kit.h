/* kit.h -- the driver's side of the driver protocol: JSON lines on stdin and stdout.
 * One libevent loop on the main thread.  The driver fills a struct kit_driver with what it can
 * do; the kit reads, parses, answers pings, batches output into large writes, and on the end
 * of its input, or of who hears its output, calls `close` (finish the submit in hand, then kit_exit). */
#ifndef GONG_KIT_H
#define GONG_KIT_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/msec.h"
#include "core/phrase.h"
#include "drivers/kit/confine.h"
#include "drivers/kit/journal.h"

#define KIT_ID 32

struct kit;

/* What a text was made of, for networks that carry approved templates only. */
struct kit_template {			/* name NULL = gongd did not say */
	const char *name, *language;
	const char *constant;		/* its variable-free text; NULL = it has none */
	json_t *params;			/* {"name": "value"}, in the template's order */
};

struct kit_item {			/* borrowed for the time of the callback */
	const char *id, *to, *text;	/* to: digits with "+" */
	struct kit_template template;
	unsigned reference, parts;	/* parts: 0 = not said */
	const unsigned *missing;	/* numbers (from 1) of parts still to send; NULL = all */
	size_t missing_count;
	uint32_t slot;			/* for kit_leaving; 0 = it has none */
};

struct kit_send {
	const struct kit_item *items;
	size_t count;
	bool flash, receipt, urgent, is_one_text;	/* every item has the same text */
	msec not_after;
};

struct kit_call {
	const char *id, *to, *text, *language;
	struct kit_template template;
	json_t *keys;
	msec ring_ms, not_after;
	unsigned plays;
	uint32_t slot;
};

/* What somebody at the office wants to know of this very route: an AT command, a USSD code, a
 * test of all that can be tested without a message, or a test message with its round trip
 * measured. */
struct kit_question {			/* borrowed for the time of the callback */
	const char *id, *what;		/* "at", "ussd", "test", "sms" */
	const char *text, *to;		/* "test" has no text; only an "sms" has a number */
	msec receipt_wait_ms;		/* of an "sms"; 0 = do not wait */
};

struct kit_driver {
	/* Configure; call kit_ready when able to send, kit_ready_to_fetch when able to fetch, kit_fatal
	 * when never.  `name`: of the route, or of the source; `state`: what it kept last. */
	void (*open)(struct kit *, const char *name, json_t *config, const char *state);
	void (*send)(struct kit *, const struct kit_send *);		/* NULL: it fetches */
	void (*call)(struct kit *, const struct kit_call *);		/* may be NULL */
	void (*withdraw)(struct kit *, const char *id);			/* may be NULL */
	void (*took)(struct kit *, const char *id);			/* may be NULL */
	/* What kit_signal said is in the books; `signals`: what became of it, docs/fetchers.md.  NULL: it
	 * does not fetch. */
	void (*signalled)(struct kit *, const char *id, json_t *signals);
	void (*callback)(struct kit *, json_t *op);			/* may be NULL */
	void (*post)(struct kit *, json_t *op);		/* gong-hook's own; may be NULL */
	/* Answered exactly once, by kit_answer or kit_refuse, now or later. */
	void (*ask)(struct kit *, const struct kit_question *);		/* may be NULL */
	/* What kit_journal_alarms says has changed. */
	void (*journal)(struct kit *);					/* may be NULL */
	/* What became of kit_reset; reason: NULL when it is done. */
	void (*reset)(struct kit *, const char *reason);		/* may be NULL */
	/* Instead of open: could this config carry these templates?  kit_checked or kit_fatal. */
	void (*check)(struct kit *, json_t *op);			/* may be NULL */
	void (*close)(struct kit *, msec grace_ms);			/* NULL = exit at once */
	/* An operation that the kit does not know; a child that is no route's has its own. */
	void (*other)(struct kit *, const char *name, json_t *op);	/* may be NULL */
	/* It calls kit_leaving for every message and call: what has not begun to leave when it or gongd
	 * dies goes again, whatever its class. */
	bool marks;
};

/* Runs until closed; returns the exit status. */
int kit_main(const struct kit_driver *, void *self);
void *kit_self(struct kit *);
struct event_base *kit_base(struct kit *);
/* There from the call of `open` on; it has heard of a `took` before the driver does. */
struct journal *kit_journal(struct kit *);
msec kit_now(void);			/* Unix ms */
void kit_exit(struct kit *);		/* flushes, then leaves kit_main with 0 */

/* Gives up what the driver does not need (docs/confinement.md); called in `open`, when the files that
 * it needs then are read, and again whenever it needs less.  What came of it stands in `ready`, and
 * what the kernel has but forbids is an alarm in every `health`.  A file granted alone that is
 * replaced ends the driver with `fatal` and retry: the next process is granted the new one. */
void kit_confine(struct kit *, const struct confine *);
/* For a `ready` that is not kit_ready's: adds what the kit alone knows, after kit_confine `confined`, and
 * `page` when this driver marks what leaves.  Without the latter its marks count for nothing. */
void kit_complete_ready(const struct kit *, json_t *ready);

/* BY_REF: they name the provider's reference (of any length) and the number, not our id. */
enum kit_receipts { KIT_RECEIPTS_NONE, KIT_RECEIPTS, KIT_RECEIPTS_BY_REF };
struct kit_offer {			/* docs/drivers.md, `ready` */
	const char *channels;		/* "sms", "voice", "sms,voice" */
	const char *identity;
	unsigned window, batch;
	unsigned prefetch;		/* so many more may wait in the driver; only where it marks */
	enum kit_receipts receipts;
	bool inbound, templates;	/* templates: sends and calls shall say what they are made of */
	double rate;			/* messages a second that the account allows; 0 = not known */
	json_t *budgets;		/* ["5/1h"], of each number; borrowed; NULL = not known */
	msec reply_within_ms;		/* the network waits no longer for its callback's answer; 0 = 30 s */
};
void kit_ready(struct kit *, const struct kit_offer *);
/* Before its first byte goes to a network or a device: from now on nobody may say that it has not left.
 * Slot 0 is nothing, here and below. */
void kit_leaving(struct kit *, uint32_t slot);
/* It is sure that none of it has left.  Before its `done`. */
void kit_stayed(struct kit *, uint32_t slot);
void kit_done(struct kit *, const char *id, const char *outcome, const char *ref, unsigned parts,
	      const char *class, const char *reason);
/* Several items with the same fate. */
void kit_done_many(struct kit *, const char *const *ids, size_t count, const char *outcome,
		   const char *class, const char *reason);
void kit_part(struct kit *, const char *id, unsigned part, unsigned of, unsigned reference,
	      const char *ref);
struct kit_receipt {			/* docs/drivers.md, `receipt`; what is NULL or 0 is not said */
	const char *took, *id, *ref, *to;
	const char *state, *reason;	/* state: "delivered", "failed", "buffered"; of the part, if any */
	const char *part_ref;		/* names the part that it is about, where that has no number */
	unsigned part, of;
};
void kit_receipt(struct kit *, const struct kit_receipt *, msec at);
struct kit_progress {			/* of a call */
	const char *state;		/* "ringing", "answered", "ended" */
	const char *outcome, *digits;	/* NULL = none */
	const char *machine;		/* what a detection thinks who answered; NULL = nothing */
	msec ms;			/* since the call began */
	const char *took;		/* gongd answers `took` with it; NULL = it need not */
};
void kit_call_state(struct kit *, const char *id, const struct kit_progress *);
/* The outcome of a call that has ended as the reason of its done: a phrase, whose English is the outcome
 * itself, which programs know; NULL for "answered". */
const char *kit_call_reason(const char *outcome);
void kit_inbound(struct kit *, const char *driver_id, const char *from, const char *text, msec at);
void kit_reply(struct kit *, const char *callback_id, int status, const char *type,
	       const char *body);
/* The answer to a question: `fields` (ok, lines, ref, ms …) is taken over. */
void kit_answer(struct kit *, const char *id, json_t *fields);
void kit_refuse(struct kit *, const char *id, const char *reason);	/* ok: false */
/* Asks gongd to run the route's reset_command for this device; `reset` is called once, within 70 s,
 * unless gongd is an old one. */
void kit_reset(struct kit *, const char *device);
/* A child that fetches for a source (docs/fetchers.md). */
void kit_ready_to_fetch(struct kit *);
/* One post of many documents, taken over: [{"body" or "base64", "type", "ref", "about", "labels"}].
 * `keep`: what `open` shall say next time, kept with them; NULL = as it was.  `first`: it has never looked
 * before, what is there is old.  Said anew until `signalled`, by gongd while this process lives, by the next process
 * after that.  false: it is more than a line can carry (KIT_LINE_MAX), nothing was said. */
bool kit_signal(struct kit *, const char *id, bool first, const char *keep, json_t *documents);
#define KIT_LINE_MAX (1024 * 1024 - 1024)
/* It has looked, and there is nothing new: that is a sign of life of the source, too. */
void kit_beat(struct kit *, const char *keep);

/* The answer to a check, then the driver ends: [{"template", "language", "problem"}], taken over;
 * NULL: it was not asked. */
void kit_checked(struct kit *, json_t *problems);
void kit_event(struct kit *, json_t *event);	/* health, keep …: takes the reference */
/* Appends an alarm of `health`: a phrase of the catalogue (core/phrases.def) with its values, and its
 * English for a gongd that does not know it. */
#define kit_alarm(alarms, alarm, name, ...) \
	kit_alarm_phrase((alarms), (alarm), PHRASE_AND_VALUES(name, __VA_ARGS__))
void kit_alarm_phrase(json_t *alarms, const char *alarm, enum phrase, const char *const *values);
/* Says so, gives back what gongd has written and the driver has not been handed, and exits 1; that waits
 * for gongd's `close`, 2 s at most.  What the driver has is the driver's to answer, before. */
void kit_fatal(struct kit *, const char *reason, bool retry) __attribute__((noreturn));
/* What is wrong with the journal, for a driver that needs it. */
void kit_journal_alarms(struct kit *, json_t *alarms);
void kit_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
