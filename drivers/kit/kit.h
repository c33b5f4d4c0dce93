/* kit.h -- the driver's side of the driver protocol: JSON lines on stdin and stdout.
 * One libevent loop on the main thread.  The driver fills a struct kit_driver with what it can
 * do; the kit reads, parses, answers pings, batches output into large writes, and on the end
 * of its input calls `close` (finish the submit in hand, then kit_exit). */
#ifndef GONG_KIT_H
#define GONG_KIT_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/msec.h"

#define KIT_ID 32

struct kit;

struct kit_item {			/* borrowed for the time of the callback */
	const char *id, *to, *text;	/* to: digits with "+" */
	unsigned reference, parts;	/* parts: 0 = not said */
	const unsigned *missing;	/* numbers (from 1) of parts still to send; NULL = all */
	size_t missing_count;
};

struct kit_send {
	const struct kit_item *items;
	size_t count;
	bool flash, receipt, urgent, is_one_text;	/* every item has the same text */
	msec not_after;
};

struct kit_call {
	const char *id, *to, *text, *language;
	json_t *keys;
	msec ring_ms, not_after;
	unsigned plays;
};

/* What somebody at the office wants to know of this very route: an AT command, a USSD code, or
 * a test message with its round trip measured. */
struct kit_question {			/* borrowed for the time of the callback */
	const char *id, *what;		/* "at", "ussd", "sms" */
	const char *text, *to;		/* to: only of an "sms" */
	msec receipt_wait_ms;		/* of an "sms"; 0 = do not wait */
};

struct kit_driver {
	/* Configure; call kit_ready when able to send, kit_fatal when never. */
	void (*open)(struct kit *, const char *route, json_t *config, const char *state);
	void (*send)(struct kit *, const struct kit_send *);
	void (*call)(struct kit *, const struct kit_call *);		/* may be NULL */
	void (*withdraw)(struct kit *, const char *id);			/* may be NULL */
	void (*took)(struct kit *, const char *id);			/* may be NULL */
	void (*callback)(struct kit *, json_t *op);			/* may be NULL */
	/* Answered exactly once, by kit_answer or kit_refuse, now or later. */
	void (*ask)(struct kit *, const struct kit_question *);		/* may be NULL */
	void (*close)(struct kit *, msec grace_ms);			/* NULL = exit at once */
};

/* Runs until closed; returns the exit status. */
int kit_main(const struct kit_driver *, void *self);
void *kit_self(struct kit *);
struct event_base *kit_base(struct kit *);
msec kit_now(void);			/* Unix ms */
void kit_exit(struct kit *);		/* flushes, then leaves kit_main with 0 */

/* BY_REF: they name the provider's reference (of any length) and the number, not our id. */
enum kit_receipts { KIT_RECEIPTS_NONE, KIT_RECEIPTS, KIT_RECEIPTS_BY_REF };
void kit_ready(struct kit *, const char *channels, unsigned window, unsigned batch,
	       enum kit_receipts receipts, bool inbound, const char *identity);	/* channels: "sms", "voice", "sms,voice" */
void kit_done(struct kit *, const char *id, const char *outcome, const char *ref, unsigned parts,
	      const char *class, const char *reason);
/* Several items with the same fate. */
void kit_done_many(struct kit *, const char *const *ids, size_t count, const char *outcome,
		   const char *class, const char *reason);
void kit_part(struct kit *, const char *id, unsigned part, unsigned of, unsigned reference,
	      const char *ref);
void kit_receipt(struct kit *, const char *driver_id, const char *id, const char *ref,
		 const char *to, const char *state, const char *reason, msec at);
void kit_call_state(struct kit *, const char *id, const char *state, const char *outcome,
		    const char *digits, msec ms);
void kit_inbound(struct kit *, const char *driver_id, const char *from, const char *text, msec at);
void kit_reply(struct kit *, const char *callback_id, int status, const char *type,
	       const char *body);
/* The answer to a question: `fields` (ok, lines, ref, ms …) is taken over. */
void kit_answer(struct kit *, const char *id, json_t *fields);
void kit_refuse(struct kit *, const char *id, const char *reason);	/* ok: false */
void kit_event(struct kit *, json_t *event);	/* health, keep …: takes the reference */
void kit_fatal(struct kit *, const char *reason, bool retry)	/* says so and exits 1 */
	__attribute__((noreturn));
void kit_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
