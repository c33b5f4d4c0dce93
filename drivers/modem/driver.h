/* driver.h -- one modem as the main thread sees it, and the verbs of its parts.
 * One thing at a time is done with the wire (enum activity); run.c says which is next. */
#ifndef GONG_MODEM_DRIVER_H
#define GONG_MODEM_DRIVER_H

#include <sys/queue.h>
#include <sys/types.h>

#include "drivers/kit/kit.h"
#include "drivers/modem/find.h"
#include "drivers/modem/inbound.h"
#include "drivers/modem/keep.h"
#include "drivers/modem/quirks.h"
#include "drivers/modem/reading.h"
#include "drivers/modem/script.h"
#include "drivers/modem/settings.h"
#include "drivers/modem/sms.h"

#define READS_MAX 16
#define LITTER_MAX 64
#define MEMORY_COUNT 4
#define ASKS_MAX 8
#define ASK_MARK '?'			/* begins the id of a test message: gongd has none such */

#define HEALTH_EVERY_MS SECONDS(60)	/* it is told at least so often */

enum activity {
	ACT_NONE, ACT_SETUP,
	/* those that take turns (turns.c), the most urgent first */
	ACT_CALL, ACT_RING_OFF,
	ACT_READ, ACT_DELETE,		/* one message that has come, or is taken */
	ACT_PART,			/* the rest of a message */
	ACT_URGENT,			/* a message that begins */
	ACT_NETWORK,			/* is it registered? */
	ACT_ASK, ACT_HEALTH,
	ACT_LIST,			/* all messages in the memories */
	ACT_SEND,			/* a message that is not urgent begins */
	ACT_COUNT
};

struct place { int memory, location; };	/* memory: see store.c */

struct queued {
	TAILQ_ENTRY(queued) link;
	struct outgoing *message;
	bool urgent;
};
TAILQ_HEAD(queue, queued);

struct sending {			/* send.c: the message on its way */
	struct outgoing *message;	/* owned; NULL = none */
	unsigned part, last_ref;
	msec part_at;			/* when its part in hand began, or the last one ended */
	bool stop_early;		/* after the part in hand */
	msec slow_at;			/* no result by then: others go elsewhere; NEVER = not sent */
	bool is_slow;
	double air_ms;			/* moving average of a part, 0 = none yet */
};

struct health {				/* health.c, report.c */
	struct presence net;
	bool is_known, registered, has_temperature, sim_ok;
	bool must_look;			/* at the network, before anything is sent */
	int temperature, used, size;
	msec unregistered_at;		/* since when it is in no network; 0 = it is */
	msec ask_at, network_at;	/* next look at all of it; at the network alone */
	msec said_at;			/* last */
	char *digest;			/* of what was said last; owned */
};

/* ask.c: questions of the office.  A USSD answer comes by itself, later. */
struct question {
	char *id, *what, *text, *to;	/* owned; id NULL = our own question for the balance */
	msec asked_at, receipt_wait_ms, submit_ms, until;
	unsigned last_ref;
	unsigned char refs[32];		/* of the parts of a test message, as they are accepted */
	unsigned parts;
	uint32_t delivered;		/* bit set of refs[] */
	bool failed;			/* one of them */
};

enum call_state { CALL_NONE, CALL_DIALING, CALL_RINGS, CALL_PICKED_UP };

struct calling {			/* voice.c */
	enum call_state state;
	char *id, *to, *text;		/* owned */
	json_t *keys;
	msec ring_ms, not_after, dialed_at, answered_at, next_at, hang_up_at;
	unsigned plays;
	uint32_t slot;			/* for kit_leaving */
	size_t said;			/* bytes of the text spoken in this play */
	bool is_speaking, seen, hang_up;
	msec speaks_until;
	char keys_pressed[16], early_key;
	struct record *kept;		/* of the keys, on the disk; NULL = none is there yet */
	const char *over;		/* outcome, once it is over */
	const char *told;		/* the outcome that the last end of a call told; NULL = none */
};
struct queued_call {
	TAILQ_ENTRY(queued_call) link;
	struct calling call;
};

struct driver_above;

struct questions {			/* questions.c, ask.c */
	struct question all[ASKS_MAX];
	size_t count;
	struct question *ussd;		/* waits for +CUSD */
	msec balance_at;
};

struct voice {				/* calls.c, voice.c */
	bool is_offered;		/* the modem tells the state of its calls */
	struct calling call;		/* in hand */
	TAILQ_HEAD(, queued_call) waiting;
	char caller[24];		/* of the call that rings now; "" = none */
	msec rang_at;
	bool must_ring_off;
};

struct memories {			/* store.c */
	struct place reads[READS_MAX], litter[LITTER_MAX];
	size_t read_count, litter_count;
	bool has_memory[MEMORY_COUNT];	/* the modem has it */
	int memory;			/* the one it reads from now, -1 = not known */
	bool list_ok, was_refused;
	msec texted_at;			/* when it last answered in text mode; 0 = never */
	struct place in_hand;
	uint64_t key;			/* what should lie there */
	msec list_at;
};

struct setup {				/* setup.c: the one that is going on */
	bool has_booted;		/* the modem, in the middle of it */
	bool is_pin_entered;
	bool knows_at;			/* it has answered AT, whatever else it does */
	unsigned sync_tries, sim_tries, iccid_tries, boot_tries;
};

struct recovery {			/* trouble.c, recover.c */
	msec failed_at, boot_until;
	bool asks_reset;		/* gongd; no port is looked for until it answers */
};

struct driver {
	struct kit *kit;
	const struct driver_above *above;
	json_t *config;			/* conf borrows from it */
	struct modem_settings conf;
	struct kept kept;
	bool must_keep;
	msec keep_at;
	/* the modem */
	struct finder *finder;
	char missing[512];		/* why no modem is there */
	struct wire *wire;
	struct quirks *quirks;
	struct quirk quirk;
	struct modem_identity id;
	char smsc[24];
	bool receipts;
	/* what is being done */
	enum activity act;		/* driver_begin and driver_done own it */
	struct script script;
	msec ended_at[ACT_COUNT];	/* last turn of each */
	bool must_setup, is_set_up, is_closing;
	char *said_ready;		/* the last `ready`, owned */
	msec started_at, unset_at, close_at;
	struct event *timer, *soon;
	/* what waits, and what is known, by who looks after it */
	struct queue queue;		/* urgent ones first */
	struct sending sending;
	struct questions questions;
	struct voice voice;
	struct memories store;
	struct setup setup;
	struct recovery recovery;
	struct health health;
	/* what came in */
	struct inbound inbound;
	int direct_count;
};

/* What the ground tells those above it; run.c fills it. */
struct driver_above {
	/* The port `id.device` is the modem's, and nobody looks for it any more. */
	void (*found)(struct driver *);
};

/* From the ground up: each calls only what stands above it here. */

/* driver.c */
msec driver_now(void);			/* monotonic; all instants of struct driver */
void driver_keep(struct driver *);	/* gongd keeps `kept` from now on */
void driver_begin(struct driver *, enum activity);	/* nothing else is being done */
void driver_done(struct driver *);	/* the activity is over: what is next? */
void driver_end(struct driver *);	/* it is over, and the caller says what is next */
void driver_set_up_again(struct driver *);	/* next, and before anything else; no failure */
void driver_soon(struct driver *);	/* look for something to do, from the loop */

/* confined.c */
void confined_to_devices(struct driver *);	/* conf is filled, all files are read */
void confined_to_port(struct driver *);		/* it is open */

/* rung.c: the ladder of recovery */
enum rung { RUNG_NONE, RUNG_REINIT, RUNG_RESTART, RUNG_RESET, RUNG_USB, RUNG_DOWN };
enum rung rung_at(const struct driver *, unsigned failures);
const char *rung_name(const struct driver *);	/* of the failures so far */

/* questions.c: a question is gone once it is forgotten, refused or answered */
struct question *question_add(struct driver *, const char *what);	/* there must be room */
struct question *question_of(struct driver *, const char *what);	/* the first; NULL = none */
void question_turn(struct question *, const char *what);	/* it waits for something else now */
void question_forget(struct driver *, struct question *);
void question_refuse(struct driver *, struct question *, const char *reason);
void question_answer(struct driver *, struct question *, json_t *fields);	/* takes the fields */
/* The end of a submit: true if it was a test message, which gongd has no `done` for. */
bool question_sent(struct driver *, const char *id, bool ok, unsigned ref, const char *reason);
void question_part(struct driver *, const char *id, unsigned ref);	/* one part of it is accepted */
/* A report (state as in the driver protocol): true if it is of a test message that is being asked about. */
bool question_receipt(struct driver *, const char *to, unsigned ref, const char *state);
void questions_due(struct driver *, msec now);	/* ends those whose time is over */
msec questions_next_at(const struct driver *);	/* NEVER = none waits */

/* queue.c: messages */
void queue_add(struct driver *, struct outgoing *, bool urgent);	/* takes the message */
void queue_withdraw(struct driver *, const char *id);
void queue_withdraw_all(struct driver *, const char *reason);	/* none of them has left */
/* All that wait. */
void queue_give_back(struct driver *, const char *outcome, const char *class, const char *reason);
/* The same, with the rest of the one in hand, if none of its parts is on its way. */
void queue_give_back_all(struct driver *, const char *outcome, const char *class, const char *reason);
/* The one in hand. */
void queue_end(struct driver *, const char *outcome, const char *class, const char *reason);
void queue_abandon(struct driver *, const char *reason);	/* in hand, if any: unknown if it left */

/* calls.c */
void calls_add(struct driver *, const struct kit_call *);
bool calls_withdraw(struct driver *, const char *id);
void calls_give_back(struct driver *, const char *class, const char *reason);	/* all that wait */
/* One that has left the queue; frees it. */
void calls_drop(struct driver *, struct queued_call *, const char *outcome, const char *class,
		const char *reason);
void calls_end(struct driver *);	/* the one in hand, as its `over` says */
#define KEYS_KIND 'K'			/* of a record: the keys pressed in a call */
void calls_keep_keys(struct driver *);	/* of the one in hand, as they are now */
void calls_tell_keys(struct driver *, struct record *);	/* of one from before */
void calls_free(struct calling *);	/* nothing is said of it */
void calls_abandon(struct driver *, const char *reason);	/* all; in hand: nobody knows */

/* report.c */
void report_say(struct driver *);	/* the modem's health, if it has changed or is due */

/* ready.c */
void ready_say(struct driver *);	/* `ready`, or that it pauses, if that is news */
msec ready_pause_at(const struct driver *);	/* until then a pause is not worth telling */

/* port.c */
void port_look(struct driver *, msec wait_ms);	/* for the modem's port; then above->found */
void port_missing(struct driver *, const char *why);

/* trouble.c */
/* A failure: sets the modem up anew, or ends the process for a harder rung.  Whatever was being
 * done is over. */
void trouble_met(struct driver *, const char *reason);
/* Gives every item its one `done`, says `fatal` and ends the process. */
void trouble_fatal(struct driver *, const char *reason, bool retry) __attribute__((noreturn));
void trouble_over(struct driver *);	/* a message left: start the ladder anew */

/* announce.c */
void announce_found(struct driver *, struct stored *, bool is_direct);	/* takes its strings */
void announce_stored(struct driver *);	/* after a listing */

/* direct.c: what lies in no memory of the modem */
void direct_message(struct driver *, const char *pdu);
void direct_ring(struct driver *, const char *number);	/* a call that nobody answers */
void direct_again(struct driver *);	/* tells what the journal has from before */

/* health.c */
/* Both begin an activity: true. */
bool health_start(struct driver *);
bool health_look(struct driver *);	/* at the registration only */
void health_registration_news(struct driver *, const char *line);

/* store.c: the modem's memories of messages */
void store_begin(struct driver *, const struct at_reply *);	/* to AT+CPMS=? */
/* When each is due, 0 = now, NEVER = there is nothing to do; and its turn: true = it uses the
 * wire now. */
msec store_read_at(struct driver *);
bool store_read(struct driver *);
msec store_delete_at(struct driver *);
bool store_delete(struct driver *);
msec store_list_at(struct driver *);
bool store_list(struct driver *);
void store_hint(struct driver *, const char *line);	/* of +CMTI or +CDSI */

/* setup.c */
void setup_start(struct driver *);

/* send.c */
/* Both use the wire, or end the message: true. */
bool send_first(struct driver *);	/* of the queue, which is not empty; none is in hand */
bool send_rest(struct driver *);	/* the next part of the one in hand */
void send_due(struct driver *, msec now);	/* the part in hand may have become slow */
void send_leaving(void *driver);		/* the text of the message in hand goes to the modem now */

/* ask.c: what the office asks, and the balance */
void ask_take(struct driver *, const struct kit_question *);
msec ask_at(struct driver *);		/* as store_read_at */
bool ask_next(struct driver *);
void ask_ussd_news(struct driver *, const char *line);

/* voice.c: the call in hand */
msec voice_at(struct driver *);		/* as store_read_at */
bool voice_next(struct driver *);
msec voice_ring_off_at(struct driver *);	/* of somebody who calls us */
bool voice_ring_off(struct driver *);
void voice_news(struct driver *, enum news, const char *line);

/* recover.c: what is tried when the modem fails */
/* A set-up has failed though the modem knows AT: true if it is being reset for that. */
bool recover_hang(struct driver *, const char *reason);
bool recover_before(struct driver *);	/* true: a rung that needs the port closed comes first */
void recover_was_reset(struct driver *, const char *reason);	/* by gongd; NULL: it worked */
void recover_start(struct driver *);	/* it is open: the rung that is due, then set-up */
void recover_booted(struct driver *);	/* the modem, by itself */
bool recover_due(struct driver *, msec now);	/* true: it has been well for long */

/* turns.c */
void turns_next(struct driver *, msec now);	/* begins what is next, if anything is due */
msec turns_next_at(struct driver *);	/* when the next thing is due; NEVER = nothing */

/* news.c */
void news_take(struct driver *, enum news, const char *line, const char *pdu);

/* run.c */
void run_init(struct driver *);		/* before anything else */
void run_open(struct driver *);		/* conf and kept are filled */
/* Finishes the message in hand; after the grace, only its part in hand. */
void run_close(struct driver *, msec grace_ms);

#endif
