/* driver.h -- one modem as the main thread sees it, and the verbs of its parts.
 * One thing at a time is done with the wire (enum activity); driver.c says which is next. */
#ifndef GONG_MODEM_DRIVER_H
#define GONG_MODEM_DRIVER_H

#include <sys/queue.h>
#include <sys/types.h>

#include "drivers/kit/kit.h"
#include "drivers/modem/find.h"
#include "drivers/modem/inbound.h"
#include "drivers/modem/keep.h"
#include "drivers/modem/quirks.h"
#include "drivers/modem/receipts.h"
#include "drivers/modem/script.h"
#include "drivers/modem/settings.h"
#include "drivers/modem/sms.h"

#define READS_MAX 16
#define LITTER_MAX 64
#define MEMORY_COUNT 4
#define ASKS_MAX 8
#define ASK_MARK '?'			/* begins the id of a test message: gongd has none such */

enum activity { ACT_NONE, ACT_SETUP, ACT_STORE, ACT_SEND, ACT_HEALTH, ACT_ASK, ACT_CALL };

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
	msec began_at, part_at;
	bool stop_early;		/* after the part in hand */
	double air_ms;			/* moving average of a part, 0 = none yet */
};

struct health {
	bool is_known, registered, is_roaming, has_signal, has_temperature, sim_ok;
	int stats[3];			/* of +CREG, +CGREG, +CEREG; -1 = not told */
	int signal_dbm, temperature, used, size;
	char operator[64];
};

/* ask.c: questions of the office.  A USSD answer comes by itself, later. */
struct question {
	char *id, *what, *text, *to;	/* owned; id NULL = our own question for the balance */
	msec asked_at, receipt_wait_ms, submit_ms, until;
	unsigned last_ref;
};

enum call_state { CALL_NONE, CALL_DIALING, CALL_RINGS, CALL_PICKED_UP };

struct calling {			/* voice.c */
	enum call_state state;
	char *id, *to, *text;		/* owned */
	json_t *keys;
	msec ring_ms, not_after, dialed_at, answered_at, next_at, hang_up_at;
	unsigned plays;
	size_t said;			/* bytes of the text spoken in this play */
	bool is_speaking, seen, hang_up;
	msec speaks_until;
	char keys_pressed[16], early_key;
	const char *over;		/* outcome, once it is over */
	const char *told;		/* the outcome that the last end of a call told; NULL = none */
};
struct queued_call {
	TAILQ_ENTRY(queued_call) link;
	struct calling call;
};

struct driver {
	struct kit *kit;
	json_t *config;			/* conf borrows from it */
	struct modem_settings conf;
	struct kept kept;
	/* the modem */
	struct finder *finder;
	struct wire *wire;
	struct quirks *quirks;
	struct quirk quirk;
	struct modem_identity id;
	char smsc[24];
	bool receipts, receipts_stored, has_voice;
	struct event *timer, *soon;
	/* what is being done */
	enum activity act;
	struct script script;
	bool must_setup, is_set_up, is_closing, was_send, must_keep, has_booted;
	bool is_pin_entered;		/* in this set-up */
	unsigned sync_tries, sim_tries, iccid_tries, boot_tries;
	char *said_ready;		/* the last `ready`, owned */
	msec started_at, unset_at, failed_at, close_at, keep_at;
	msec boot_until;
	pid_t reset_pid;
	char missing[512];		/* why no modem is there */
	/* what comes next */
	struct queue queue;		/* urgent ones first */
	struct sending sending;
	struct question questions[ASKS_MAX];
	size_t question_count;
	struct question *ussd;		/* waits for +CUSD */
	struct calling call;
	TAILQ_HEAD(, queued_call) calls;
	struct place reads[READS_MAX], litter[LITTER_MAX];
	size_t read_count, litter_count;
	bool has_memory[MEMORY_COUNT];	/* the modem has it */
	int memory;			/* the one it reads from now, -1 = not known */
	bool list_ok, was_refused;
	struct place in_hand;		/* of the store's work */
	uint64_t key;			/* what should lie there */
	msec list_at, health_at, balance_at, health_said_at;
	/* what came in */
	struct inbound inbound;
	struct receipts receipts_due;
	int direct_count;
	char caller[24];		/* of the call that rings now; "" = none */
	msec rang_at;
	bool must_ring_off;
	struct health health;
	msec unregistered_at;
	char *health_digest;		/* of what was said last; owned */
};

/* driver.c */
msec driver_now(void);			/* monotonic; all instants of struct driver */
void driver_setup(struct driver *);	/* before anything else */
void driver_open(struct driver *);	/* conf and kept are filled */
void driver_look(struct driver *, msec wait_ms);	/* for the modem's port, then sets it up */
void driver_keep(struct driver *);	/* gongd keeps `kept` from now on */
void driver_done(struct driver *);	/* the activity is over: what is next? */
void driver_soon(struct driver *);	/* look for something to do, from the loop */
/* Says `ready`, or that it pauses, if that is news. */
void driver_say_ready(struct driver *);
/* Gives every item its one `done`, says `fatal` and ends the process. */
void driver_fail(struct driver *, const char *reason, bool retry) __attribute__((noreturn));
/* Finishes the message in hand; after the grace, only its part in hand. */
void driver_close(struct driver *, msec grace_ms);
void driver_arm(struct driver *);

/* recover.c: the ladder of recovery */
bool recover_before(struct driver *);	/* true: a rung that needs the port closed comes first */
void recover_start(struct driver *);	/* it is open: the rung that is due, then set-up */
/* A failure: re-initialise, or end the process for a harder rung. */
void recover_trouble(struct driver *, const char *reason);
void recover_booted(struct driver *);	/* the modem, by itself */
void recover_works(struct driver *);	/* a message left: start the ladder anew */
bool recover_due(struct driver *, msec now);	/* true: it has been well for long */
const char *recover_rung(const struct driver *);

/* setup.c */
void setup_start(struct driver *);

/* store.c: the modem's memories of messages */
void store_begin(struct driver *, const struct at_reply *);	/* to AT+CPMS=? */
bool store_next(struct driver *, msec now);	/* true: it uses the wire now */
void store_hint(struct driver *, const char *line);	/* of +CMTI or +CDSI */

/* send.c */
void send_enqueue(struct driver *, struct outgoing *, bool urgent);	/* takes the message */
void send_withdraw(struct driver *, const char *id);
void send_give_back(struct driver *, const char *outcome, const char *class, const char *reason);
void send_first(struct driver *);	/* of the queue */
void send_abandon(struct driver *, const char *reason);	/* in hand: unknown if it left */

/* health.c */
void health_start(struct driver *);
void health_registration_news(struct driver *);
void health_say(struct driver *);	/* if it has changed, or is due */
bool health_is_network(const struct driver *);

/* ask.c */
void ask_take(struct driver *, const struct kit_question *);
bool ask_next(struct driver *);		/* true: it uses the wire now */
void ask_ussd_news(struct driver *, const char *line);
void ask_due(struct driver *, msec now);
msec ask_next_at(const struct driver *);
void ask_balance(struct driver *);
bool ask_sent(struct driver *, const char *id, bool ok, unsigned ref, const char *reason);
bool ask_receipt(struct driver *, const char *id, const char *state);

/* voice.c */
void voice_take(struct driver *, const struct kit_call *);
bool voice_withdraw(struct driver *, const char *id);
bool voice_next(struct driver *, msec now);	/* true: it uses the wire now */
void voice_news(struct driver *, enum news, const char *line);
msec voice_next_at(const struct driver *);
void voice_give_back(struct driver *, const char *class, const char *reason);
void voice_abandon(struct driver *, const char *reason);

/* announce.c: what the modem has for gongd besides results */
void announce_news(struct driver *, enum news, const char *line, const char *pdu);
void announce_found(struct driver *, struct stored *, bool is_direct);
void announce_stored(struct driver *);	/* after a listing */

#endif
