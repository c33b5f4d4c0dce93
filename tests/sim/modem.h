/* modem.h -- what the parts of the simulated modem share: the modem itself, its memories
 * and the few verbs between the AT side, the network side and the tester's control side.
 */
#ifndef GONG_SIM_MODEM_H
#define GONG_SIM_MODEM_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/buf.h"
#include "core/msec.h"
#include "tests/sim/pdu.h"

#define SMSC "+99900000000"
#define MEMORIES 3
#define AIR_PARTS 16

#define PORTS 8				/* of one stick, the first one is the modem's own */

/* A reply to an AT command; codes of 3GPP TS 27.005 and 27.007 travel in the same int. */
enum {
	AT_OK = 0,
	AT_ERROR = -1,
	AT_LATER = -2,			/* the answer comes by another event */
	AT_PROMPT = -3,
	AT_NO_CARRIER = -4,
	AT_CME = 10000,
	AT_CMS = 20000
};

enum memory_index { MEMORY_SM, MEMORY_ME, MEMORY_SR };
enum { STAT_EMPTY = -1, STAT_UNREAD, STAT_READ, STAT_UNSENT, STAT_SENT };

struct slot {
	int stat;			/* STAT_*, as in +CMGL */
	size_t tpdu;			/* octets without the SMSC */
	char *hex;			/* with the SMSC; owned */
};

struct memory {
	const char *name;
	struct slot *slots;		/* index 1 on the wire is slots[0] */
	int size;
};

/* Something the network has for this SIM and has not been able to hand over yet. */
struct incoming {
	TAILQ_ENTRY(incoming) link;
	bool report, flash;
	size_t tpdu;
	char hex[2 * (PDU_BYTES + 200) + 1];
};

/* A submit on its way through the air. */
struct submit {
	struct pdu_submit sms;
	int mr, refuse;			/* refuse: as at_result() takes it, 0 = accept */
	unsigned plugs, sessions;	/* the modem's when it left: who asked? */
};

/* Parts of one long message as the receiving phone collects them. */
struct collected {
	TAILQ_ENTRY(collected) link;
	char to[32];
	int reference, of, have;
	char *part[256];
};

/* What shall go wrong with submits: the next `count` ones, or a share of them for ever. */
struct refusal {
	TAILQ_ENTRY(refusal) link;
	int result, count;		/* result: as at_result() takes it */
	double ratio;			/* 0: counted */
	char number[32];		/* "" = any */
};

/* What shall go wrong with command lines that start with `prefix`. */
enum fault_kind { FAULT_DROP, FAULT_LATE, FAULT_FAIL };
struct fault {
	TAILQ_ENTRY(fault) link;
	enum fault_kind kind;
	int count, ms;
	char *result, *prefix;		/* owned; result: of FAULT_FAIL */
};

struct person {
	char number[32];
	bool prefix;
	int delay_ms, limit;		/* limit 0: answers always */
	char *text;			/* NULL = silent */
};

struct heard {
	TAILQ_ENTRY(heard) link;
	char number[32];
	int count;
};

struct modem;
struct peer {				/* a tester on the control socket */
	TAILQ_ENTRY(peer) link;
	struct modem *m;
	struct bufferevent *line;
};

struct later {
	TAILQ_ENTRY(later) link;
	struct modem *m;
	struct event *event;
	void (*run)(struct modem *, void *arg);
	void *arg;			/* malloc'd or NULL; freed after run */
};

enum port_kind { PORT_MODEM, PORT_AT, PORT_MUTE, PORT_DIAG };

struct port {
	struct modem *m;
	enum port_kind kind;
	char *path;			/* of --port, owned; the modem's own is told when plugged */
	char *link;			/* owned; NULL while unplugged */
	int slave;
	int watch;			/* inotify on the slave, -1 = cannot tell who is there */
	int clients;
	struct event *watch_event;
	struct bufferevent *tty;
	struct buf line;		/* the command or PDU being typed */
	bool echo;
};

/* As +CLCC numbers them, 27.007 7.18. */
enum call_stat {
	CALL_ACTIVE = 0,
	CALL_DIALLING = 2,
	CALL_ALERTING = 3,
	CALL_INCOMING = 4
};

struct call {
	bool on, incoming;
	char number[32];
	enum call_stat stat;
	msec at;
	unsigned generation;		/* of calls: old timers know themselves by it */
	const char *script;		/* what is still to be played */
	int rings;			/* how often it still rings here */
};

struct callee {
	TAILQ_ENTRY(callee) link;
	char number[32];
	bool prefix;
	int calls;			/* how many more it is good for, -1 = all */
	char *script;			/* owned */
};

/* Whose commands for keys and speech this modem knows. */
enum maker { MAKER_NONE, MAKER_QUECTEL, MAKER_SIMCOM };

enum sim_card { SIM_PRESENT, SIM_ABSENT, SIM_FAILURE };

enum ussd_format { USSD_GSM, USSD_UCS2, USSD_PACKED };
struct ussd {
	TAILQ_ENTRY(ussd) link;
	char code[64];
	char *text;			/* owned */
};

#define NO_TEMPERATURE -1000

#define PARTNERS 16
struct partner {			/* another simulated modem, by its number */
	char number[32];
	const char *control;
};

struct options {
	const char *link, *log, *people, *control, *script, *calls;
	const char *imei, *imsi, *iccid, *operator, *number;
	const char *maker, *model, *firmware, *pin, *puk;
	const char *reenumerate;	/* NULL, "same" or where a reset brings the tty back */
	int air_ms, receipt_ms, ring_ms, signal, registration, sm_size, me_size, sr_size;
	int boot_ms, ussd_ms, temperature, ring_every_ms, tts_ms;
	enum maker keys, tts;
	bool dsci;
	int receipt_status;		/* TP-ST; -1 = the network sends none */
	double receipt_loss, receipt_duplicate, lose;
	const char *cnmi;		/* as +CNMI=? says: what this modem can route */
	struct partner partner[PARTNERS];
	int partner_count;
	bool lte;			/* no circuit-switched network: only CEREG says 1 */
	unsigned short seed;
};

enum hang { HANG_NONE, HANG_SOFT, HANG_HARD };

struct modem {
	struct options o;
	struct event_base *base;
	/* the lines to the client */
	struct port port[PORTS];
	int port_count;
	unsigned plugs, sessions;	/* how often plugged in, how often a client left */
	struct buf held;		/* unsolicited lines waiting for the end of a command */
	int prompt;			/* 0, or 'S' for +CMGS, 'W' for +CMGW */
	size_t prompt_tpdu;
	bool busy;			/* an answer is still to come: input waits */
	/* the reply that is being made: it leaves as a whole, so that faults can touch it */
	bool answering;
	struct buf reply;
	size_t reply_first;		/* where its first line ends, 0 = none yet */
	bool reply_drop;
	int reply_late_ms;
	struct port *side;		/* a second AT port is asking: no prompt, no call */
	/* faults */
	TAILQ_HEAD(, fault) faults;
	char *failure;			/* what the last FAULT_FAIL says; owned */
	int late_submits, late_submit_ms, no_mrs, no_prompts, sent_errors, sent_error;
	char *mid_line;			/* breaks into the next mid_count replies; owned */
	int mid_count;
	struct event *every_event;	/* NULL: no line by the clock */
	char *every_line;		/* owned */
	bool echo_wrong, stalled;
	msec muted_until;
	enum hang hang;
	/* power: booting while a reset runs; an older reset's end is recognised by its number */
	bool booting;
	unsigned boots;
	/* settings of the AT side, reset by ATZ and +CFUN=1,1 */
	bool echo;
	int clip, cmee, cmgf, csms, cmms, cnmi[5], reg[3], cops_format, cfun;
	char charset[8];
	char smsc[32];
	enum memory_index mem[3];	/* of +CPMS: read, write, receive */
	struct memory memory[MEMORIES];
	/* the card; pin NULL: it wants none */
	enum sim_card sim;
	char *pin;
	bool locked;
	int pin_left, puk_left;
	/* USSD */
	int cusd;
	enum ussd_format ussd_format;
	TAILQ_HEAD(, ussd) ussds;
	/* the network */
	int registration[3];		/* as +CREG, +CGREG and +CEREG say */
	int signal, next_mr, next_reference;
	bool full;
	bool text_stuck;		/* AT+CMGF=0 does not end the text mode */
	bool loses_smsc;		/* in a reset */
	const char *cdsi_memory;	/* what +CDSI says instead of "SR"; NULL = that */
	bool impatient;			/* what finds no room is lost, not kept */
	int drop_replies;
	unsigned short random[3];
	int air_part_ms[AIR_PARTS], air_part_count;
	bool reorder;
	struct pdu_submit *overtaken;	/* a segment that the next one passes; owned */
	unsigned overtakings;
	struct incoming *unacked;	/* waits for +CNMA; owned */
	unsigned acknowledgements;
	TAILQ_HEAD(, incoming) waiting;
	TAILQ_HEAD(, collected) collecting;
	TAILQ_HEAD(, refusal) refusals;
	TAILQ_HEAD(, later) laters;
	/* people who answer */
	struct person *people;
	size_t person_count;
	struct timespec people_mtime;
	TAILQ_HEAD(, heard) heard;
	/* one voice call at most; whom it may reach, what is said and heard on it */
	struct call call;
	TAILQ_HEAD(, callee) callees;
	int dsci, tones;
	bool speaking;
	unsigned speeches;
	int log_fd, control_fd;
	struct event *control_event;
	TAILQ_HEAD(, peer) peers;
	struct event *stop_events[2];
};

/* modem.c: time, the log */
msec now_ms(void);
void modem_later(struct modem *, int ms, void (*run)(struct modem *, void *), void *arg);
/* Writes and resets; `line` lacks the end. */
void modem_log(struct modem *, struct buf *line);
struct buf modem_log_begin(const char *ev);
/* One fault played: {"ev":"fault","fault":what,"line":about}; `about` may be NULL. */
void modem_log_fault(struct modem *, const char *what, const char *about);

/* modem_options.c */
void options_read(struct modem *, int argc, char **argv);
extern const char modem_usage[];
int option_receipts(const char *text, int *status);	/* -1: no such word */

/* modem_ports.c: ptys and who is on them */
void tty_write(struct modem *, const char *bytes, size_t len);
void tty_line(struct modem *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* An unsolicited line: waits while a command is being typed or answered. */
void tty_urc(struct modem *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void tty_settle(struct modem *); /* the command is over: held lines and input go on */
void tty_forget(struct modem *); /* half-typed lines, prompts and replies on their way */
int ports_open(struct modem *, const char *link);
void ports_close(struct modem *);
void ports_stall(struct modem *, bool on);	/* reads nothing: the client's output fills */

/* modem_at.c: command lines */
#define AT_OWN_TEST "?"		/* the command answers =? by itself */
/* What a command needs of the card: the whole, refused by +CMS or +CME; or that it is there. */
enum sim_need { SIM_NOT_NEEDED, SIM_CMS, SIM_CME, SIM_CARD };
struct command {
	const char *name;		/* NULL ends a table */
	const char *forms;		/* '!' bare, '?' read, '=' set */
	int (*run)(struct modem *, char form, const char *args);
	const char *test;		/* answer to =?, "" = a bare OK, NULL = ERROR */
	enum sim_need need;
};
void at_reset(struct modem *);
void at_input(struct modem *, char c);
/* Begins the answer to something that came later than its command, ended by at_result. */
void at_answer(struct modem *);
void at_result(struct modem *, int result);
/* How a result reads with +CMEE on. */
const char *at_result_name(int result, char *out, size_t size);
void at_side_input(struct port *, char c);
/* Comma-separated numbers; an empty or missing one keeps what `out` holds.  Returns how
 * many there were, -1 when one is not a number. */
int at_numbers(const char *args, int *out, int max);
/* One text, quoted or not; moves on to what follows its comma. */
bool at_text(const char **args, char *out, size_t size);
/* Texts follow +CSCS: with "UCS2" they are hexadecimal UTF-16. */
const char *at_in_charset(struct modem *, const char *text, char *out, size_t size);
void at_from_charset(struct modem *, char *text);
/* A command that is one number from 0 to `max`. */
int at_flag(struct modem *, const char *name, char form, const char *args, int *value,
	    int max);
int at_ignored(struct modem *, char form, const char *args);

/* modem_general.c, modem_messages.c, modem_network.c: the commands */
extern const struct command at_general[], at_messages[], at_network[];

/* modem_voice.c: the call */
extern const struct command at_voice[];
int call_dial(struct modem *, const char *number);	/* "+999...;" */
int call_take(struct modem *);				/* ATA */
void call_hang_up(struct modem *);			/* this side; nothing without a call */
void call_log(struct modem *, const char *state, const char *key);
void call_set(struct modem *, enum call_stat);
void call_answer(struct modem *);
void call_end(struct modem *, const char *state, const char *says);

/* modem_callee.c: the other side; false: the network knows of none */
bool callee_begin(struct modem *);
int callee_open(struct modem *);
void callee_fini(struct modem *);

/* modem_speech.c: keys and spoken texts */
extern const struct command at_speech[];
void speech_key(struct modem *, char key);

/* modem_network.c: registration as the client sees it */
bool network_serves(const struct modem *);	/* messages and calls can go */
int network_registration(const struct modem *, int kind);
void network_announce(struct modem *);	/* +CREG and its like, where asked for */
void network_init(struct modem *);

/* modem_sim.c: the card */
extern const struct command at_sim[];
void sim_init(struct modem *);
void sim_power(struct modem *);		/* it wants its PIN again */
bool sim_ready(const struct modem *);
const char *sim_state(const struct modem *);	/* as +CPIN says */
int sim_refusal(const struct modem *, enum sim_need);	/* AT_OK: none */

/* modem_identity.c, modem_ussd.c */
extern const struct command at_identity[], at_ussd[];
void identity_show(struct modem *);	/* ATI */
void ussd_fini(struct modem *);

/* modem_power.c: plugs and resets */
int power_plug(struct modem *, const char *link);
void power_unplug(struct modem *);
void power_reset(struct modem *, int ms);	/* silent, then RDY and defaults */
void power_reset_soon(struct modem *);		/* +CFUN=1,1: once its OK is out */
bool power_deaf(const struct modem *);		/* hears nothing and says nothing */

/* modem_faults.c */
/* What becomes of this command line; `result` is the text it fails with, else NULL.  False:
 * it is not even heard. */
bool faults_meet(struct modem *, const char *text, const char **result);
void faults_touch_reply(struct modem *);	/* what breaks into a complete reply */
void sim_faults_fini(struct modem *);

/* modem_operator.c: what leaves */
void operator_init(struct modem *);
void operator_fini(struct modem *);
int sms_submit(struct modem *, const char *hex);	/* AT_LATER or a refusal */

/* modem_sms.c: memories, and what arrives */
void sms_init(struct modem *);
void sms_fini(struct modem *);
int sms_store(struct modem *, enum memory_index, int stat, size_t tpdu, const char *hex);
void sms_deliver(struct modem *, const char *from, const char *text, int reference);
int sms_deliver_part(struct modem *, const char *from, int reference, int part, int of,
	const char *text);
int sms_deliver_flash(struct modem *, const char *from, const char *text);
int sms_deliver_octets(struct modem *, const char *from, const char *hex);
int sms_deliver_hex(struct modem *, const char *hex);
int sms_preload(struct modem *, enum memory_index, int stat, const char *number,
		const char *text);
void sms_arrive(struct modem *, struct incoming *);	/* takes it over */
int sms_acknowledge(struct modem *, bool took);		/* +CNMA */
void sms_forget_acknowledgement(struct modem *);
void sms_hand_over(struct modem *);	/* what waits for a free slot or a plug */
int memory_used(const struct modem *, enum memory_index);

/* modem_people.c: scripted people */
void people_hear(struct modem *, const char *number);
void people_fini(struct modem *);

/* modem_control.c: the tester's commands */
struct control {
	const char *name;		/* NULL ends a table */
	bool (*run)(struct modem *, const char *args);
	const char *args;
};
extern const struct control power_controls[], fault_controls[], network_controls[];
extern const struct control sim_controls[], identity_controls[], ussd_controls[];
extern const struct control voice_controls[], callee_controls[], operator_controls[];
bool control_word(const char **args, char *out, size_t size);
bool control_number(const char **args, int *out, int min, int max);
bool control_ratio(const char **args, double *out);
bool control_switch(const char *args, bool *out);	/* on|off */
char *control_unescape(const char *text);	/* \n and \\; the caller owns it */
int control_line(struct modem *, const char *line, char *why, size_t size);
/* One order to another simulated modem, its answer is not waited for; -1: nobody there. */
int control_send(const char *path, const char *name, const char *args);
int control_open(struct modem *);
void control_close(struct modem *);
int control_script(struct modem *);
int control_tell(const char *path, char **lines, int count);

#endif
