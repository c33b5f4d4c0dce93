/* ground.h -- floor 1 of the engine: what needs nobody else in it.  Words of a turn, texts, the
 * request as stored, limits of routes, rights. */
#ifndef GONG_ENGINE_GROUND_H
#define GONG_ENGINE_GROUND_H

#include "daemon/engine/state.h"
#include "daemon/settings/rights.h"

/* -- say.c: handed out after the commit, dropped when it fails -- */

void engine_effect(struct engine *, struct effect *);	/* takes it; a dry run keeps replies only */
/* What the route's driver told under that id is on disk after this turn; NULL = it does not ask. */
void engine_took(struct engine *, int64_t route, const char *driver_id);
/* Takes what `json` holds.  `to` 0: nobody waits, nothing is said. */
void engine_reply(struct engine *, uint64_t to, enum reply_kind, struct buf *json);
void engine_refuse(struct engine *, uint64_t to, const struct err *);	/* copies err */
/* A line in the alert's story, at once in the transaction; `what` stands in docs/log.md. */
void engine_event(struct engine *, int64_t alert, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The text before the first key= stands in docs/log.md. */
void engine_log(struct engine *, enum log_level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* -- trouble.c: of gongd itself, not of a route -- */

/* A task, unless an open one says the same; `text` NULL: it is over, and the task with it. */
void engine_trouble(struct engine *, const char *kind, const struct said *);

/* A list of people is damaged: this alert may tell fewer than it names, and the desk hears of it. */
/* Put aside for a fault of gong's own: a task, by which readiness says it until it is closed. */
void engine_fault_task(struct engine *, int64_t alert, const struct said *);
void engine_faults_count(struct engine *);	/* such tasks came, or may have been closed */

void engine_note_incomplete(struct engine *, const struct alert *);

/* -- hand.c: what is being worked on, and what is not any more -- */

/* From here on this is in hand; false: it was put aside, leave it alone. */
bool engine_hold(struct engine *, enum hand_kind, uint64_t a, uint64_t b);
bool engine_hold_command(struct engine *, struct command *);
/* One message of those that the command in hand tells about, 0: it as a whole again.  false: that
 * one was put aside. */
bool engine_hold_message(struct engine *, struct command *, uint64_t message);
/* How often that one was put aside by its command: the first time it is ended, then left. */
unsigned engine_message_asides(const struct command *, uint64_t message);
/* One row (a contact) of what is in hand; 0: none.  false: that row was put aside. */
bool engine_hold_row(struct engine *, uint32_t contact);
void engine_let_go(struct engine *);
/* Is the whole of it aside? */
bool engine_is_aside(struct engine *, enum hand_kind, uint64_t a);
/* Why what is in hand is aside; only where holding it said false. */
struct aside *engine_why_aside(struct engine *);
/* The store refused to take its row even as it was ended: that row is not written any more. */
bool engine_is_given_up(struct engine *, enum hand_kind, uint64_t a);
/* The name of a command in the log, the same for the same content. */
uint32_t engine_command_reference(const struct command *);
/* gongd has died with this, or with a row of it, in hand, or met a fault: go row by row. */
bool engine_is_suspect(struct engine *, enum hand_kind, uint64_t a);
/* The turn met damage or a fault: what was in hand is put aside (for a fault, at the second time).
 * false: it makes no difference to run the turn again. */
bool engine_blame(struct engine *);
void engine_hand_pass(struct engine *from, struct engine *to);	/* what was put aside */
void engine_hand_open(struct engine *);		/* what earlier processes died with */
void engine_hand_discard(struct engine *);	/* the turn failed: what was done about it, was not */

/* -- live_list.c: borrows the waves -- */

void live_list_add(struct live_list *, struct live_wave *);
void live_list_take(struct live_list *, const struct live_wave *);	/* all its places, in order */

/* -- request.c: an alert's request as stored with it -- */

char *request_encode(const struct alert_request *);		/* caller frees */
struct alert_request *request_decode(const char *json);		/* alert_request_free */
/* Does the audience exclude this division? */
bool request_leaves_out(const struct alert_request *, division_code);

/* -- text.c, check_texts.c -- */

struct target_range { const struct target *first; size_t count; };	/* count > 0 */

#define VARIANT_PLACES 500			/* of silent ones that a text's row names; of more, none */

struct text_place {			/* for whom a text is rendered; all borrowed */
	const struct alert *alert;
	const struct alert_request *request;
	const struct template *template;
	const struct template *own;	/* the alert's own; NULL = template */
	const struct template *old;	/* that of the alert it replaces; NULL = none */
	enum severity old_severity;
	const division_code *places;	/* the reader's own; the first gives columns like shelter */
	size_t place_count;
	const struct target_range *silent;	/* what has not answered, as far as he is told of it */
	size_t silent_count;
	bool helps;			/* it speaks of those, not of his own */
	bool callout;			/* of a team: what it ranks with is no colour */
	const char *person, *post, *code;
	bool code_due;			/* the code is shown whatever it costs */
	unsigned long m;
	msec min_ms, time_at;
};

struct text_use {			/* a text that an alert will need */
	const struct template *template;
	size_t step;			/* the first that does */
};

#define LACK_PLACES 5
#define LACKS_MAX 16

enum lack_kind {
	LACK_MISSING,			/* the default stands there, or nothing */
	LACK_BAD,			/* too long, or no number: the default stands there */
	LACK_LONG,			/* it stands as it is */
};

/* Of these places the list has no value for what a text says of them, or one that is not right.  No
 * alert waits for that: its sender is told what stands there. */
struct text_lack {
	struct text_use use;
	const struct param *param;
	enum lack_kind kind;
	size_t count;
	division_code first[LACK_PLACES];
};
struct text_lacks {			/* what is more than LACKS_MAX is not told */
	struct text_lack list[LACKS_MAX];
	size_t count;
};

/* Is every parameter of the templates there, and of its type, for the divisions?  What only some of
 * them lack is filled with its default, and added to `lacks` (may be NULL).  -1: err names the first
 * that is not there. */
int engine_check_uses(struct engine *, const struct alert_request *, const struct text_use *,
		      size_t uses, const division_code *, size_t divisions, struct text_lacks *,
		      struct err *);
/* The same of one. */
int engine_check_texts(struct engine *, const struct alert_request *, const struct template *,
		       const division_code *, size_t divisions, struct err *);
/* Renders and stores one text, with as many names as fit; 0: err names the parameter that is
 * missing.  `parts` (or NULL) becomes the text's number of parts, if that is more. */
int64_t engine_variant(struct engine *, const struct text_place *, enum lang, enum channel,
		       unsigned *parts, struct err *);
/* The same, neither stored nor counted: what gong puts before it, and the text.  The caller frees both;
 * -1 fills err. */
int engine_text_once(struct engine *, const struct text_place *, enum lang, enum channel, struct buf *head,
		     struct buf *body, struct err *);
/* Does the text hang on nothing but its reader's language and the names of his places? */
bool engine_is_by_place(const struct template *, enum channel);
/* Does the text say where?  One that does not speaks of all that its reader is called for. */
bool text_names_place(struct engine *, const struct template *, enum lang, enum channel);
/* What the text says of the i-th place alone, its name apart; two places where that differs need two
 * texts.  Caller frees. */
char *text_of_place(struct engine *, const struct text_place *, size_t i, enum lang, enum channel);
/* The names of places in a language, as many as `max` characters hold, then how many there are, or how
 * many more; "" = none.  Caller frees. */
char *engine_places_said(struct engine *, const division_code *, size_t count, enum lang, size_t max);
/* Borrowed until the next call; never NULL. */
const struct variant_text *engine_variant_text(struct engine *, int64_t id);
void engine_texts_drop(struct engine *);	/* the cache; the store has them all */

/* -- budget.c: what a route's account allows -- */

/* The first instant at which one more to this number fits every budget of the route; a drill leaves
 * the last of each. */
msec engine_budget_at(struct engine *, struct route_state *, uint64_t e164, bool drill);
void engine_budget_use(struct route_state *, uint64_t e164, msec at);
void engine_budgets_load(struct engine *, struct route_state *);	/* anew, from the store */
void engine_limits_apply(struct engine *, struct route_state *);	/* gong.conf may have changed */
void engine_limits_said(struct engine *, struct route_state *, const struct command *ready);
void engine_budgets_shift(struct engine *, msec by);	/* the clock stepped */
void engine_budgets_trim(struct engine *, struct route_state *);
void engine_limits_free(struct route_state *);

/* -- rights.c: 0, or -1 with a refusal that is FORBIDDEN -- */

extern const struct principal engine_itself;	/* gong: for its own notices */

int engine_may(struct engine *, const struct principal *, enum verb, struct err *);	/* at all */
/* `ranks`: the severity that the alert would have, whatever the request calls itself.  Writes the
 * request's recipients_max, and who asks where it does not say. */
int engine_may_send(struct engine *, const struct principal *, struct alert_request *,
		    enum severity ranks, struct err *);
/* VERB_CANCEL: end it; VERB_SEND: replace it. */
int engine_may_end(struct engine *, const struct principal *, enum verb, const struct alert *,
		   struct err *);
/* For a division or, with `contact`, for that person. */
int engine_may_answer(struct engine *, const struct principal *, const struct alert *,
		      division_code, uint32_t contact, struct err *);
int engine_may_close(struct engine *, const struct principal *, const struct task *, struct err *);
/* On a text that came in; `a`: the alert that it is to belong to, or NULL. */
int engine_may_decide(struct engine *, const struct principal *, const struct inbox_text *,
		      const struct alert *a, struct err *);
int engine_may_import(struct engine *, const struct principal *, const struct rights *,
		      const struct import_request *, const struct import_row *, struct err *);

/* -- outbox.c -- */

struct source_conf;
struct signal_row;
struct outbox_row;

/* It goes out as soon as nothing of its alert waits before it; at is now, and the source is that of
 * `conf`.  Nothing where that says that it may not go there.  More than OUTBOX_MAX: a task. */
void engine_outbox_add(struct engine *, const struct source_conf *, const struct outbox_row *);
void engine_hooked(struct engine *, struct command *);	/* what became of one */
void engine_outbox_due(struct engine *);
msec engine_outbox_next(const struct engine *);
void engine_outbox_load(struct engine *);	/* also when the settings are others */

/* -- feedback.c: nothing where the source does not want to know -- */

void engine_feedback_verdict(struct engine *, const struct source_conf *, const struct signal_row *,
			     const struct said *why);	/* why may be NULL */
void engine_feedback_answer(struct engine *, int64_t alert, const struct answer *);
void engine_feedback_end(struct engine *, int64_t alert, enum alert_state);

/* -- dlr.c: whoever sent by Kannel's sendsms is told what became of it -- */

struct signal;

#define NUMBER_SHARE_MAX 16		/* people with one number that are looked at */
#define NUMBERS_APART ",; "		/* what stands between numbers of a label */
/* Who has a number as other systems write it: as it stands there, or international without its "+". */
size_t engine_written_number(struct engine *, const char *number, uint32_t out[NUMBER_SHARE_MAX]);
void engine_dlr_wanted(struct engine *, const struct signal_row *, const struct signal *);
void engine_dlr_of_alert(struct engine *, int64_t signal, int64_t alert);	/* it led to that one */
/* A message came from one state to another; what is a thank-you or a correction is none of his. */
void engine_dlr_message(struct engine *, const struct wave *, uint32_t contact, enum message_state was,
			enum message_state is);
void engine_dlr_stopped(struct engine *, const struct wave *);	/* what is queued of it never leaves */
void engine_dlr_load(struct engine *);

/* -- asking.c: a failed turn runs its commands again, and must find the questions as they were -- */

void engine_asking_touch(struct engine *);	/* before anything of it is changed */
void engine_asking_restore(struct engine *);	/* the turn failed */

#endif
