/* http.h -- gong-http's own state and the jobs that share it, from the ground up: each calls only
 * what stands above it here.  Requests, answers and profiles are below all of them; http.c, which
 * hears gongd, is above. */
#ifndef GONG_HTTP_H
#define GONG_HTTP_H

#include <event2/event_struct.h>

#include "core/pace.h"
#include "core/table.h"
#include "drivers/http/answer.h"
#include "drivers/http/profile.h"
#include "drivers/http/transfer.h"
#include "drivers/kit/kit.h"

#define KEEP_PARTS_MAX 16		/* of one reply */

TAILQ_HEAD(item_queue, item);

struct breaker {
	enum { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF } state;
	unsigned bad, opened;		/* bad results in a row; openings since the last good one */
	msec good_at;			/* of the last good result */
	bool asked;			/* they asked for this pause */
	struct event timer;
};

struct http;
struct doubt;				/* a message of which the provider is asked whether it has it */
struct call;				/* a call that has not ended */
struct test;				/* a question of somebody at the office */

struct doubts {
	TAILQ_HEAD(, doubt) list;
	unsigned asking;		/* questions on their way */
	struct event timer;
};

struct calls {
	TAILQ_HEAD(, call) list;
	struct event timer;
};

struct call_name;			/* how the provider calls a call, also one that has ended */
struct early_news;			/* of a call, before the provider has said how it calls it */

struct early {
	TAILQ_HEAD(, call_name) names;
	TAILQ_HEAD(, early_news) news;
	size_t name_count, news_count;
	unsigned keeping;		/* news on their way to the disk */
	void (*kept)(struct http *, const char *ref, bool is_old);
	struct event minute;
};

struct tests {
	TAILQ_HEAD(, test) list;
};

struct health {
	bool ill;			/* the provider does not answer */
	char note[400];			/* why */
	bool has_skew, has_balance, clock_alarm, balance_alarm, pull_alarm;
	bool no_room;			/* the pull alarm is about our own disk */
	char pull_reason[400];
	msec skew_ms;			/* their clock minus ours */
	double balance;
	struct event minute, balance_timer;
};

struct joint;				/* a reply of which not every part is here */

#define JOINED_MAX 64			/* replies told, whose parts may come again */

struct parts {
	TAILQ_HEAD(joints, joint) joints;
	uint64_t joined[JOINED_MAX];
	size_t joined_count;
	struct event timer;
};

struct pull {				/* one of the profile's "pull" */
	struct http *http;
	unsigned index;
	bool asked;			/* until all of it is told */
	bool fetching;			/* until it is in the journal: one of them at a time */
	unsigned failed;		/* in a row */
	uint64_t nothing;		/* key of the last answer, if there was nothing in it */
	struct event timer;
};

#define UNREAD_MAX 64			/* records kept that nobody could read; the oldest makes room */

struct pulled;				/* what is in a record, of which not all is told */

struct telling {
	TAILQ_HEAD(, pulled) list;
	struct record *record;		/* of which something is being told; NULL = of none */
	unsigned count;			/* things told of records, so far */
	struct record *unread[UNREAD_MAX];
	size_t unread_count;
};

struct http {
	struct kit *kit;
	struct profile profile;
	struct transfers *transfers;
	struct item_queue urgent, ordinary;
	struct table queued;		/* hash of the id to item, for withdraw */
	struct event grace, leave, pump;
	bool is_open, closing, left;
	unsigned unlisted;		/* refusals in a row that the profile does not know */
	unsigned silent;		/* requests in a row without any answer */
	struct item **load;		/* the items of the request being put together */
	struct breaker breaker;
	struct doubts doubts;
	struct calls calls;
	struct early early;
	struct tests tests;
	struct health health;
	struct pull pulls[2];
	struct telling telling;
	struct parts parts;
};

/* --- timer.c ------------------------------------------------------------------------------ */

/* Milliseconds of the clock that no step of the wall clock moves. */
msec timer_now(void);
/* The timer fires at that instant of timer_now, at once if it is past, never at NEVER. */
void timer_at(struct event *timer, msec at);

/* --- leave.c ------------------------------------------------------------------------------ */

/* Called whenever something has ended: leaves, soon, if the driver closes and nothing is left. */
void leave_when_idle(struct http *);

/* --- item.c -------------------------------------------------------------------------------- */

/* NULL with err when the provider's templates cannot carry it.  `template` may have no name. */
struct words *words_new(struct http *, const char *text, const struct kit_template *template,
			const char *language, struct err *err);
void words_unref(struct words *);	/* NULL does nothing */
/* Says `done` and frees the item. */
void item_done(struct http *, struct item *, const char *outcome, const char *ref, enum reject,
	       const char *reason);

/* --- queue.c: what waits to be sent --------------------------------------------------------- */

/* The kind of request that a message goes by. */
const struct operation *queue_operation(const struct http *, bool urgent);
void queue_add(struct http *, struct item *);	/* takes it over */
/* Takes them over, before all that waits: each goes by itself. */
void queue_alone(struct http *, struct item **items, size_t count);
/* Moves what goes in the next request to h->load; 0 = what was looked at is too old, and done. */
size_t queue_load(struct http *);
bool queue_any(const struct http *);
struct item *queue_withdraw(struct http *, const char *id);	/* the caller's; NULL = not here */
/* Gives everything that waits back to gongd. */
void queue_give_back(struct http *, const char *outcome, const char *reason);

/* --- confined.c ----------------------------------------------------------------------------- */
void confined_to_network(struct http *);	/* after curl and OpenSSL have read their settings */

/* --- offer.c -------------------------------------------------------------------------------- */

void offer_tell(struct http *);		/* what can be sent now */

/* --- breaker.c: does the provider answer at all? ------------------------------------------- */

void breaker_init(struct http *);
/* What one request showed. */
void breaker_note(struct http *, bool good, msec retry_after_ms, const char *reason);
/* While it is open nothing leaves: also not what gongd wrote before it heard of that. */
void breaker_give_back(struct http *);

/* --- keep.c: what gongd keeps for us over a restart ------------------------------------------- */

struct joint {
	TAILQ_ENTRY(joint) link;
	char key[96], from[64], id[65];	/* id: of the part that came first */
	unsigned of;
	msec until;			/* then what is here is told */
	char *texts[KEEP_PARTS_MAX];	/* NULL = not here */
};

void keep_write(struct http *);
/* Before health_init and parts_init. */
void keep_read(struct http *, const char *state);
/* Could what is here still be kept, were `more` bytes added? */
bool keep_has_room(const struct http *, size_t more);

/* --- told.c: what is told of a record of the journal, and taken --------------------------------- */

#define TOLD_ID 40

/* With callbacks there is no record: their 200 waits for gongd. */
void told_owe(struct http *, const char *id);
/* An id for gongd's `took` of a receipt or of news of a call; NULL where none is wanted. */
const char *told_took(struct http *, char id[TOLD_ID]);
void told_inbound(struct http *, const char *id, const char *from, const char *text);

/* --- parts.c: replies that travel in parts -------------------------------------------- */

struct part {				/* of a message, as a receipt or a reply says it; 0 = it does not */
	const char *what;		/* names the whole, and nothing else */
	unsigned part, of;
};
void parts_init(struct http *);
void parts_fini(struct http *);
/* Fills part and of out of "2", or "2 of 3". */
void parts_read(struct part *, const char *part, const char *of);
/* A part of a reply, told once all are here or will no longer come. */
void parts_join(struct http *, const struct part *, const char *id, const char *from, const char *text);

/* --- health.c -------------------------------------------------------------------------------- */

#define CLOCK_SKEW_MAX_MS SECONDS(60)	/* the strictest provider allows 300 s */

void health_init(struct http *);
void health_note_silence(struct http *, bool ill, const char *reason);
void health_note_date(struct http *, msec date);	/* 0 = not looked at */
/* False where the answer has no number, or the sum over its list cannot be made. */
bool health_read_balance(const struct balance_rules *, json_t *body, double *out);
void health_note_balance(struct http *, double balance);
/* Receipts and replies cannot be fetched, for want of room here or by their fault, or can again (NULL). */
void health_note_pull(struct http *, const char *reason, bool no_room);
void health_tell(struct http *);
void health_fini(struct http *);

/* --- resolve.c: unknown, until the provider says whether it has it -------------------------- */

void resolve_init(struct http *);
/* Takes the item over; it ends with its one `done`. */
void resolve_add(struct http *, struct item *, const char *reason);
void resolve_give_up(struct http *);	/* all of them are unknown; no question is on its way */

/* --- send.c --------------------------------------------------------------------------------- */

void send_init(struct http *);
/* What one request showed of the provider, of a call's, too: silence, the breaker, Retry-After. */
void send_note(struct http *, const struct transfer_result *, const struct judgement *);
/* Of many refusals in a row that the profile does not know, one stops the route. */
void send_count_unlisted(struct http *, struct judgement *);
/* Sends them in one request; needs a free slot. */
void send_start(struct http *, struct item *const *items, size_t count);
/* Sends what waits, as far as there are slots; `http` is a void * as transfers_new wants it. */
void send_pump(void *http);
void send_soon(struct http *);		/* the same, once what is being read is read */
void send_abandon(struct http *);	/* ends all that is on its way, in doubt where it has left */

/* --- early.c: what the provider calls our calls, and news that came before we knew -------------- */

/* Loads what the journal has.  `kept`: news of that reference can be told now, if its call is known. */
void early_init(struct http *, void (*kept)(struct http *, const char *ref, bool is_old));
/* ref "" = not known yet; `to` may be NULL.  Known for 15 minutes from the last time on. */
void early_name(struct http *, const char *id, const char *ref, const char *to);
/* Our id of the call that they call so; `to`: else of the one call to that number from before a restart
 * whose name never came.  NULL = none. */
const char *early_id(const struct http *, const char *ref, const char *to);
bool early_has_nameless(const struct http *);	/* a call from before a restart has no name */
void early_keep(struct http *, const char *ref, json_t *item);
/* Tells the oldest news of that name; it is over when gongd has it.  False: there is none. */
bool early_tell(struct http *, const char *ref, void (*tell)(struct http *, json_t *item));
void early_fini(struct http *);

/* --- call.c --------------------------------------------------------------------------------- */

void call_init(struct http *);
void call_place(struct http *, const struct kit_call *);
/* News of a call out of a callback, a pull or a query.  False: no rule fits.  Appends what the
 * provider is to do next to `answer`. */
bool call_news(struct http *, json_t *item, struct buf *answer);
void call_give_up(struct http *);	/* as resolve_give_up */
void call_fini(struct http *);

/* --- test.c: questions from the office --------------------------------------------------------- */

void test_init(struct http *);
void test_ask(struct http *, const struct kit_question *);
/* Is this about a test message?  Then it is taken. */
bool test_receipt(struct http *, const char *id, const char *ref, const char *state);
void test_give_up(struct http *);

/* --- callback.c: what the provider tells ---------------------------------------------------- */

void callback_take(struct http *, json_t *op);
/* A receipt, a reply or news of a call.  False: it is none that the profile reads. */
bool callback_item(struct http *, json_t *item, struct buf *answer);

/* --- pull.c: providers that are asked for receipts and replies -------------------------------- */

void pull_init(struct http *);
/* Tells what lies in the journal from before. */
void pull_again(struct http *);
void pull_took(struct http *);		/* something was taken: more may be told */
void pull_fini(struct http *);

#endif
