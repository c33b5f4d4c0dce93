/* contract.h -- the only types that cross between the loop thread and the engine thread.
 * Commands go in, effects come out after the COMMIT that explains them.  Everything a command
 * or effect points to is heap memory it owns; command_free/effect_free release it. */
#ifndef GONG_CONTRACT_H
#define GONG_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/audience.h"
#include "core/division.h"
#include "core/err.h"
#include "core/faults.h"
#include "core/log_level.h"
#include "core/msec.h"
#include "core/pace.h"
#include "core/principal.h"
#include "core/table.h"
#include "core/words.h"
#include "files/signal_post.h"

struct pair {
	char *name, *value;
	char *in[LANG_COUNT];		/* where it is said by language; value is one of them */
};

/* One request as intake understood it: shapes are checked, meanings are not. */
struct alert_request {
	char *key;			/* idempotency key, never NULL */
	unsigned char digest[32];	/* SHA-256 of the canonical request */
	char *client;			/* name of who asked; the engine's, from the command */
	bool drill, test, dry_run;
	bool preview;			/* only what its template would say is wanted */
	char *template, *policy;	/* policy NULL = broadcast, told once.  template NULL: both are those of
					 * `kind` in the table of kinds, once the engine has it */
	enum severity severity;
	bool severity_open;		/* it is that of `further` */
	char *kind;			/* "rainstorm"; may be NULL */
	char *further;			/* of the kind's table: "move"; NULL = what its colour gets */
	char *asker;			/* ref of the person who asked for it; NULL = not known */
	struct pair *params;
	size_t param_count;
	struct {
		division_code division;
		struct pair param;
	} *division_params;
	size_t division_param_count;
	division_code *divisions, *without_divisions;
	size_t division_count, without_division_count;
	char **roles, **contacts, **without_contacts;	/* contacts by ref */
	size_t role_count, contact_count, without_contact_count;
	char **tags;			/* whoever has one of them, with a post in the divisions if there are any */
	size_t tag_count;
	bool whole;			/* the alert that is replaced ends for everybody */
	bool reached;			/* audience: those reached by the alert that is replaced */
	bool callout;			/* came as a callout: its fields have no /audience */
	bool own;			/* gong's own notice: its key is none that a client has */
	enum severity ranks;		/* own: what it sends at once goes among what is so severe */
	bool in_turn;			/* callout: contacts one after the other */
	msec starts_at;			/* 0 = now */
	msec expires_at;		/* 0 = accepted_at + validity */
	int64_t replaces;		/* 0 = none */
	unsigned long recipients_max;	/* right of who asked, the engine's; 0 = no limit */
};

struct answer_request {			/* the desk, or an API client, enters an answer */
	int64_t alert;
	division_code division;		/* village or township; 0 when contact is given */
	char *contact;			/* ref; or NULL */
	int level;			/* 2..5; 0 with kind ANSWER_CANNOT */
	enum answer_kind kind;
	char *name, *note;		/* whom it was heard from; what was said */
};

struct cancel_request {
	int64_t alert;
	char *note;
	char *template;			/* of the message to those reached; NULL = tell nobody */
	bool lift;			/* it is that of the alert's kind */
	struct pair *params;
	size_t param_count;
};

struct task_request {			/* the desk takes a task, writes to it, or closes it */
	int64_t task;
	char *note;			/* NULL only where a task is taken */
	char *name;			/* who does it, where several share one principal; or NULL */
	char *from;			/* TAKE: who has it now, and hands it over; or NULL */
};

struct inbox_request {			/* the desk decides about a text that came in */
	int64_t inbox;
	int64_t alert;			/* 0: the one that gong took it for */
	char *contact;			/* ref of whose answer it is; NULL: of who wrote it */
	division_code division;		/* or the place that it answers for; 0 = none */
	int level;			/* 2..5; 0 with has_outcome */
	enum answer_kind kind;
	bool has_outcome;		/* "cannot", "help", "none" */
	bool again;			/* though somebody has decided before */
	char *note, *name;		/* why; who decides, where several share one principal */
	char *text;			/* ANSWER: what is written back */
};

/* Which versions of a row (store.h) may be changed, as who changes it has read them. */
#define IF_MATCH_MAX 4
struct if_match {
	bool given, any;		/* not given: any, and one that is not there is made */
	int64_t versions[IF_MATCH_MAX];
	size_t count;
};

struct contact_request {		/* one person is made, changed or opted in */
	char *ref;
	enum { CONTACT_PUT, CONTACT_PATCH, CONTACT_OPT_IN } how;
	struct if_match if_match;
	char *name;			/* NULL: unsaid */
	int language, active;		/* -1: unsaid */
	bool has_numbers, has_posts, has_tags;	/* else unsaid */
	uint64_t numbers[4];		/* in order of preference, 0 ends */
	unsigned sms, voice;		/* bit i: number i may be used for it */
	struct contact_post {
		char *role;
		division_code division;
		unsigned order;
	} *posts;
	size_t post_count;
	char **tags;
	size_t tag_count;
	bool yes;			/* though a place loses its last person */
	char *note, *who;		/* why; who does it, where several share one principal */
};

struct division_request {		/* one place is made or changed */
	division_code code;
	bool patch;
	struct if_match if_match;
	char *name;			/* NULL: unsaid */
	char *params;			/* JSON object: values, and with `patch` null where one goes; NULL: unsaid */
	char *note, *who;
};

struct signals_document {		/* what came as one, and what was read in it */
	struct signal_post post;
	char *raw;			/* as it came; NULL = it is not kept */
	size_t raw_len;
	struct err *unreadable;		/* why nothing of it could be read: kept as refused; or NULL */
};

struct signals_request {		/* one post of a source, all of it in one commit */
	char *source;
	struct signals_document *documents;	/* none: its source only says that it lives */
	size_t count;
	/* Fetched: it is settled among itself before rules run, and is answered as done whatever cannot be
	 * read in it.  first: what was there before the first look is noted, and nobody told. */
	bool fetched, first;
	char *keep;			/* what its child wants to be opened with next time; NULL = as it was */
};
size_t signals_request_size(const struct signals_request *);	/* signals in all its documents */

struct source_state {			/* how the child of a source that fetches is */
	char *source;
	const char *state;		/* a literal: "starting", "up", "down", "stopped" */
	char *alarms;			/* JSON, as in a driver's health: all that stand; NULL = not known yet */
};

struct signal_request {			/* somebody releases a held signal, or runs one through its rules anew */
	int64_t signal;
	char *note;			/* or NULL */
};

struct ask_request {			/* a question to one route; see docs/drivers.md, `ask` */
	char *route;
	char *what, *text;		/* what: "at", "ussd", "sms", "test" (no text) */
	uint64_t to;			/* of an "sms" */
	msec receipt_wait_ms;
};

enum import_kind { IMPORT_DIVISIONS, IMPORT_CONTACTS, IMPORT_ROSTER, IMPORT_GEOMETRY };
const char *import_kind_name(enum import_kind);	/* "divisions", as the API and the log call it */

struct import_row {
	/* divisions */
	division_code code;
	char *name;
	char *params;			/* JSON object of the extra columns; NULL = {} */
	/* geometry, with the code above: WKT (core/shape.h); NULL = it says nothing of it */
	char *area, *seat;
	/* contacts: one row per post; rows with the same ref are one person */
	char *ref;
	uint64_t numbers[4];		/* E.164 in order of preference, 0 ends */
	unsigned char sms, voice;	/* bit i: number i may be used for it */
	enum lang lang;
	bool lang_said;			/* else it is the site's */
	bool active;
	char **tags;			/* of all the person's rows, in the first of them; in order, each once */
	size_t tag_count;
	int role;			/* index into settings->roles, -1 = no post */
	unsigned order;
	/* roster */
	msec from_at, to_at;
	unsigned line;			/* of the file: its row, for faults */
	/* Engine's, of contacts: the next row of the same person, its place + 1; and is it not his first? */
	uint32_t next;
	bool follows;
};

/* Engine's: how far an import is; a turn that fails takes it back. */
struct import_progress {
	enum import_phase { IMPORT_LINKING, IMPORT_CHECKING, IMPORT_WEIGHING, IMPORT_ROWS, IMPORT_MISSING,
			    IMPORT_LOOKING, IMPORT_OVER } phase;
	size_t done;			/* rows, in that phase */
	size_t added, changed, unchanged, missing;
	int64_t staged;			/* preview: its id; 0 = not yet */
	int64_t role;			/* of missing ones: the post looked at last … */
	division_code division;
	unsigned order;
	uint32_t contact;
};

struct import_request {
	enum import_kind kind;
	bool preview;			/* compare only; what it would do is stored and told */
	bool yes;			/* contacts, no preview: though an open target loses its last person */
	division_code within;		/* preview: who and what the file lacks, of this division; 0 = of all */
	struct import_row *rows;
	size_t row_count;
	char **tag_columns;		/* those that the file has: of these the tags are all that it says */
	size_t tag_column_count;
	struct settings *settings;	/* whose roles the rows name; a reference, or NULL */
	/* What is wrong with the file.  If there is anything, nothing of it may be applied, and a row
	 * may lack what could not be read: code 0, no role, a ref of "". */
	struct faults faults;
	char *key_title, *division_title;	/* what the file calls its code or ref, and its division */
	struct import_progress at;
	struct id_set inside, missing;	/* engine's, of a preview: contacts */
	size_t linked;			/* engine's: rows that are in `by_key` */
	struct table fresh_tags;	/* engine's: those that nobody has yet, by table_key */
	struct table by_key;		/* engine's: of a ref or a code, the place + 1 of its last row */
	uint64_t identity;		/* engine's: a digest of all rows; 0 = not made yet */
};

struct staged_request {			/* about an import that waits */
	int64_t import;
	bool replace;			/* APPLY: who is missing loses his posts */
	bool yes;			/* … though it is many, or an open target has nobody else */
};

/* The fate of one item, as its driver tells it. */
struct done_item {
	uint64_t id;			/* see message_id below */
	enum outcome outcome;
	enum reject class;
	unsigned parts;
	char *ref, *reason;		/* may be NULL */
};

/* Kind, lane, right, name.  URGENT never waits for BULK; a full bulk lane is refused, drivers that
 * fill the urgent one are read less. */
enum lane { LANE_URGENT, LANE_BULK };

#define COMMANDS(C) \
	C(ROUTE_READY, URGENT, REPORT, "route_ready") \
	C(ROUTE_LOST, URGENT, REPORT, "route_lost") \
	C(DONE, URGENT, REPORT, "done") \
	C(PART, URGENT, REPORT, "part") \
	C(RECEIPT, URGENT, REPORT, "receipt") \
	C(CALL, URGENT, REPORT, "call") \
	C(INBOUND, URGENT, REPORT, "inbound") \
	C(HEALTH, URGENT, REPORT, "health") \
	C(KEEP, URGENT, REPORT, "keep") \
	C(CHATTY, URGENT, REPORT, "chatty") \
	C(BARRIER, URGENT, REPORT, "barrier") \
	C(ANSWERED, URGENT, REPORT, "answered") \
	C(ANSWER, URGENT, ACK, "answer") \
	C(CANCEL, URGENT, CANCEL, "cancel") \
	C(ALERT_RESUME, URGENT, SEND, "alert_resume") \
	C(INBOX_ASSIGN, URGENT, INBOX, "inbox_assign") \
	C(INBOX_IGNORE, URGENT, INBOX, "inbox_ignore") \
	C(INBOX_ANSWER, URGENT, INBOX, "inbox_answer") \
	C(TASK_TAKE, URGENT, TASK, "task_take") \
	C(TASK_NOTE, URGENT, TASK, "task_note") \
	C(TASK_CLOSE, URGENT, TASK, "task_close") \
	C(CONTACT, URGENT, PEOPLE, "contact") \
	C(DIVISION, URGENT, PEOPLE, "division") \
	C(CLOCK_STEP, URGENT, RUN, "clock_step") \
	C(RELOAD, URGENT, RUN, "reload") \
	C(RESUME, URGENT, ROUTES, "resume") \
	C(TROUBLE, URGENT, RUN, "trouble") \
	C(HOOKED, URGENT, RUN, "hooked") \
	C(ACCEPT, BULK, SEND, "accept") \
	C(IMPORT, BULK, PEOPLE, "import") \
	C(IMPORT_APPLY, BULK, PEOPLE, "import_apply") \
	C(IMPORT_DROP, BULK, PEOPLE, "import_drop") \
	C(SIGNALS, BULK, SIGNAL, "signals") \
	C(SOURCE_STATE, URGENT, RUN, "source_state") \
	C(SIGNAL_RELEASE, URGENT, SEND, "signal_release") \
	C(SIGNAL_REPLAY, BULK, SEND, "signal_replay") \
	C(ASK, BULK, ROUTES, "ask")
enum command_kind {
#define C(kind, lane, verb, name) CMD_##kind,
	COMMANDS(C)
#undef C
	CMD_KINDS
};
enum lane command_lane(enum command_kind);
enum verb command_verb(enum command_kind);	/* the right that it needs; an import of rosters ROSTER */
const char *command_name(enum command_kind);

/* Who told it.  Its commands weigh on it until they are freed, so that whoever tells more than
 * the engine takes can be read less, and nobody else. */
struct origin;

struct command {
	enum command_kind kind;
	struct principal by;		/* who asks; a route's own word, unless somebody else says so */
	uint64_t reply_to;		/* who waits for an EFFECT_REPLY; 0 = nobody */
	int64_t route;			/* its id in the store, > 0, for ever; -1 = none */
	/* The engine's: it is put aside, because what it needs lies on a damaged page, because of a
	 * fault of gong's own, or because even saying so met one (bare). */
	enum { COMMAND_TAKEN, COMMAND_UNREADABLE, COMMAND_FAULTY, COMMAND_BARE } aside;
	char *fault;			/* what the store said of it; NULL = none */
	/* Engine's: something that it tells was put aside, so the books stay as they were about that. */
	bool some_aside;
	uint64_t *messages_aside;	/* of those that it tells about, the faulty ones */
	size_t messages_aside_count;
	struct command *next;
	struct origin *origin;		/* NULL = nobody minds; see command_weighs_on */
	unsigned weight;
	union {
		struct alert_request *accept;
		struct answer_request *answer;
		struct cancel_request *cancel;
		struct import_request *import;
		struct staged_request staged;	/* APPLY, DROP */
		struct ask_request *ask;
		struct signals_request *signals;
		struct source_state *source;
		struct signal_request *signal;	/* RELEASE, REPLAY */
		struct inbox_request *inbox;
		struct task_request *task;	/* TAKE, NOTE, CLOSE */
		struct contact_request *contact;
		struct division_request *division;
		struct {
			uint64_t id;
			char *json;	/* the driver's answer; NULL: it was not there to be asked */
		} answered;
		struct {
			unsigned window, batch;
			unsigned prefetch;	/* how many more wait with it, surely not sent */
			bool channels[CHANNEL_COUNT], receipts, receipts_by_ref, inbound, templates;
			char *identity;
			double rate;	/* messages a second; 0 = it does not say */
			struct pace_budget *budgets;	/* per number */
			size_t budget_count;
		} ready;
		struct {		/* the driver died or was killed */
			uint64_t *written, *unwritten;
			size_t written_count, unwritten_count;
			char *reason;	/* NULL: it was lost before, this is only given back */
			bool fatal;	/* not worth restarting: alarm */
			bool hung;	/* it was killed for its silence: no message is to blame */
			bool asked;	/* gongd itself asked it to end: no trouble of the route's */
			bool cut;	/* it was told to close and did not: nor is one here */
			bool gone;	/* its route was removed: there is no next process */
			/* What the gongd before this one left with it: no news of the route, and no
			 * message is to blame.  The books know of more than is named: rest_never_given:
			 * that was not given to the driver, provided the books are not older than of
			 * books_at (Unix ms); else all of it may have left. */
			bool last_life, rest_never_given;
			msec books_at;
			/* Whose options the next process has, a reference of the command's own; NULL:
			 * the same.  went_back: the new ones did not start. */
			struct settings *settings;
			bool went_back;
		} lost;
		struct {
			struct done_item *items;
			size_t count;
		} done;
		struct {
			uint64_t id;
			unsigned part, of, reference;
			char *ref;
		} part;
		struct {
			char *driver_id;	/* for `took`; may be NULL */
			uint64_t id;		/* ours, 0 = match by ref and to */
			char *ref;
			uint64_t to;
			unsigned part, of;	/* it is about that part only; 0 = unsaid */
			char *part_ref;		/* names the part where that has no number; or NULL */
			bool delivered, final;
			char *reason;
			msec at;
		} receipt;
		struct {
			uint64_t id;
			enum { CALL_RINGING, CALL_ANSWERED, CALL_ENDED } state;
			char *outcome, *digits;	/* "answered", "busy", "no_answer" … */
			char *machine;		/* what the network's detection thinks; or NULL */
			char *driver_id;	/* for `took`; may be NULL */
			msec ms;
		} call;
		struct {
			char *driver_id;
			uint64_t from;
			char *text;		/* NULL = missed call */
			msec at;
		} inbound;
		struct {
			char *json;		/* the event as the driver sent it */
			bool ok;
		} health;
		char *keep;
		struct {		/* its driver tells more than it may, or no longer does */
			bool over;
			struct said *said;
		} chatty;
		uint64_t barrier;
		struct {		/* a route that has stopped, or pauses, tries again */
			char *name, *note;	/* note may be NULL */
		} resume;
		struct {		/* an alert that a restore holds goes on */
			int64_t alert;
			char *note;	/* may be NULL */
		} held;
		msec clock_step_ms;
		struct {		/* gongd's own store: a task for the desk */
			const char *kind;	/* a literal: the task's kind, docs/log.md */
			struct said *said;	/* NULL: it is over */
		} trouble;
		struct {		/* what became of an EFFECT_HOOK */
			int64_t id;
			/* Its receiver has it; has not, and may take it later; will never take it. */
			enum hook_fate { HOOK_TAKEN, HOOK_LATER, HOOK_NEVER } fate;
			char *reason;	/* a value; NULL where it was taken */
		} hooked;
		struct settings *settings;	/* a reference the engine takes over */
	};
};

struct send_item {
	uint64_t id, to;
	unsigned reference;		/* concatenation reference, 0..255 */
	unsigned parts;
	unsigned char missing[8];	/* bit set of parts still to send; all zero = all */
	const char *text;		/* into the effect's own `texts`; NULL = shared text */
};

/* How a request was taken.  REFUSED: whoever renders it chooses status, pointer and language. */
enum reply_kind { REPLY_DONE, REPLY_ACCEPTED, REPLY_REFUSED };

enum effect_kind { EFFECT_REPLY, EFFECT_SEND, EFFECT_CALL, EFFECT_WITHDRAW, EFFECT_TOOK,
		   EFFECT_BARRIER, EFFECT_ASK, EFFECT_LOG, EFFECT_SETTINGS, EFFECT_RESUME, EFFECT_HOOK };

struct effect {
	enum effect_kind kind;
	int64_t route;			/* as in a command */
	struct effect *next;
	union {
		struct {
			uint64_t to;
			enum reply_kind kind;
			char *json;	/* NULL when refused */
			struct err *refusal;	/* NULL unless refused */
			struct faults faults;	/* of a refused file */
		} reply;
		struct {		/* EFFECT_SEND */
			char *text;	/* shared text, may be NULL */
			char *template;	/* JSON: what it was made of; may be NULL */
			char **texts;	/* owned texts of items that have their own */
			size_t text_count;
			struct send_item *items;
			size_t count;
			bool flash, receipt, urgent;
			msec not_after;
		} send;
		struct {
			uint64_t id, to;
			char *text, *template;	/* template: JSON, may be NULL */
			enum lang lang;
			char *keys;	/* JSON object {"1":"acknowledged",…} */
			msec ring_ms, not_after;
			unsigned plays;
		} call;
		struct {
			uint64_t *ids;
			size_t count;
		} withdraw;
		char *took;
		struct {
			uint64_t barrier;
			bool not_kept;	/* the turn failed; it may come again, kept */
		};
		struct {
			uint64_t id, to;
			char *what, *text;
			msec receipt_wait_ms;
		} ask;
		struct {
			enum log_level level;
			char *line;	/* event text plus key=value fields */
		} log;
		struct {		/* EFFECT_SETTINGS: they are in force now */
			struct settings *settings;	/* a reference of the effect's own */
			int64_t *ids;	/* beside its routes: in the store, … */
			char **keeps;	/* … and what each asked to keep, or NULL */
			char **source_keeps;	/* the same of its sources */
		} in_force;
		struct {		/* EFFECT_HOOK: an HTTP request of the outbox */
			int64_t id;	/* CMD_HOOKED names it */
			bool is_post, loopback;		/* loopback: it may go to this machine */
			char *url, *key;		/* key: the same at each try */
			char *type, *body;		/* NULL: it has none */
			char *time, *signature;		/* header values; NULL: it is not signed */
		} hook;
	};
};

struct command *command_new(enum command_kind, int64_t route);
void command_free(struct command *);
/* An origin lives until its maker and the last of its commands have let go; any thread. */
struct origin *origin_new(void);
void origin_let_go(struct origin *);		/* by its maker */
void command_weighs_on(struct command *, struct origin *);		/* as one */
void command_weighs(struct command *, struct origin *, unsigned weight);
unsigned origin_weight(const struct origin *);	/* of the commands not yet freed */
struct effect *effect_new(enum effect_kind, int64_t route);
void effect_free(struct effect *);
struct effect *effect_refusal(uint64_t to, const struct err *);	/* copies err */
struct effect *effect_faults(uint64_t to, struct faults *);	/* the same of a file; takes them over */
void alert_request_free(struct alert_request *);
/* Up to `max` of its last rows; true: none are left.  For who must not be kept waiting by a million. */
bool import_rows_free(struct import_request *, size_t max);
void ask_request_free(struct ask_request *);
void task_request_free(struct task_request *);
void inbox_request_free(struct inbox_request *);
void contact_request_free(struct contact_request *);
void division_request_free(struct division_request *);
void signals_request_free(struct signals_request *);
void signal_request_free(struct signal_request *);

/* First-in first-out lists; not locked (bridge locks). */
struct command_list {
	struct command *first, **end;
	size_t count;
};
struct effect_list {
	struct effect *first, **end;
	size_t count;
};
void command_push(struct command_list *, struct command *);
struct command *command_pop(struct command_list *);
/* Takes that one out, which `link` (list->first or some command's next) leads to. */
struct command *command_take(struct command_list *, struct command **link);
void command_splice(struct command_list *to, struct command_list *from);	/* all of it, behind */
void effect_push(struct effect_list *, struct effect *);
struct effect *effect_pop(struct effect_list *);
void effect_splice(struct effect_list *to, struct effect_list *from);

/* A message's id on the wire: wave 28 bits, contact 30, attempt 5; 13 base32 characters. */
#define MESSAGE_ID_TEXT 14
static inline uint64_t
message_id(uint32_t wave, uint32_t contact, unsigned attempt)
{
	return (uint64_t)wave << 35 | (uint64_t)(contact & 0x3fffffff) << 5 | (attempt & 31);
}
static inline uint32_t message_id_wave(uint64_t id) { return (uint32_t)(id >> 35); }
static inline uint32_t message_id_contact(uint64_t id) { return id >> 5 & 0x3fffffff; }
static inline unsigned message_id_attempt(uint64_t id) { return id & 31; }
void message_id_format(char out[MESSAGE_ID_TEXT], uint64_t id);
int message_id_parse(uint64_t *out, const char *text);	/* -1: not one of ours */

#endif
