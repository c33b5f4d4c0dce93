/* sim.h -- what the files of gong-sim share: its configuration, its books, and what is under way.
 * From the ground: conf, people, heap; flight; books; owed; voice; ask; sim. */
#ifndef GONG_SIM_H
#define GONG_SIM_H

#include <jansson.h>
#include <stdbool.h>

#include "core/buf.h"
#include "core/phone.h"
#include "drivers/kit/kit.h"
#include "drivers/sim/heap.h"
#include "drivers/sim/people.h"

#define PATH_TEXT 512

struct sim_conf {
	bool simulation, receipts;
	char channels[16], reject_class[16], log[PATH_TEXT], people[PATH_TEXT];
	char number[PHONE_TEXT], health[PATH_TEXT];
	long long latency_ms, jitter_ms, receipt_ms, talk_ms, window, batch, lines, seed;
	double loss, unknown, reject;
};

/* Unknown options, wrong types and ranges are errors that name the option. */
int sim_conf_read(struct sim_conf *, json_t *config, struct err *);

/* Text of a message as a JSON string, shared by the items of one send. */
struct words {
	unsigned refs;
	char json[];
};

enum flight_kind { FLIGHT_MESSAGE, FLIGHT_CALL };

enum stage { STAGE_SUBMIT, STAGE_LINE, STAGE_RING, STAGE_TALK, STAGE_RECEIPT, STAGE_REPLY };

/* One message or call from the moment the driver has it; then its receipt or reply. */
struct flight {
	struct flight *next;		/* waiting for a line, or spare */
	enum flight_kind kind;
	enum stage stage;
	char id[KIT_ID], to[PHONE_TEXT];
	struct words *words;		/* for the books; the reply's text at STAGE_REPLY */
	unsigned reference;
	uint32_t slot;
	msec not_after, ring_ms, talk_ms, began_at;
	msec due_at;			/* of a reply, by the wall clock */
	enum pick_up pick_up;
	char keys[KEYS_TEXT];
};

struct sim {
	struct kit *kit;
	struct sim_conf conf;
	int log;			/* -1 = no books */
	bool log_failed, closing;
	struct buf books;		/* lines not yet written */
	struct people *people;
	msec people_seen_at, health_seen_at, now;	/* now: monotonic, read once per event */
	struct heap flights, echoes;	/* what gongd waits for; receipts and replies */
	struct event *timer, *minute, *second;
	struct flight *spare, *waiting, **waiting_end;
	size_t lines_busy;
	struct flight *told, **told_end;	/* replies that gongd has not yet on disk */
	size_t owed;			/* replies that are not told, or told and not on disk */
	msec kept_at;
	unsigned long long seed;
	unsigned inbounds;
	msec started_at;
	const char **accepted;		/* ids of this event's accepted messages */
	size_t accepted_count, accepted_cap;
};

/* books.c */
struct entry {				/* of a message */
	const char *id, *to, *text_json;
	unsigned reference;
	const char *note;		/* "lost", "unknown"; NULL */
	const struct flight *answer;	/* what the person will reply; NULL */
};
void books_message(struct sim *, const struct entry *);
void books_call(struct sim *, const struct flight *);
void books_ended(struct sim *, const struct flight *, const char *outcome, const char *keys);
void books_inbound(struct sim *, const char *id, const char *from, const char *text);
void books_took(struct sim *, const char *id);
off_t books_size(const struct sim *);	/* what is written */
int books_open(struct sim *);		/* -1: errno */
void books_write(struct sim *);		/* before anything about them leaves the driver */

/* flight.c */
struct flight *flight_new(struct sim *);
void flight_free(struct sim *, struct flight *);	/* with its words */
struct words *words_new(const char *text);		/* one reference, the caller's */
void words_drop(struct words *);			/* NULL is fine */
double sim_draw(const struct sim *, const char *id, unsigned salt);	/* [0, 1), same every run */
/* Counts the meeting; the rule is borrowed until the event ends, NULL = nobody answers. */
const struct rule *sim_meet(struct sim *, const char *to, enum channel channel);
void sim_receipt(struct sim *, const char *id, const char *to, msec ms);	/* comes in `ms` */

/* owed.c: a reply from the moment it is certain until gongd has it on disk */
struct flight *owed_new(struct sim *, const char *to, struct words *, msec ms);	/* takes the words */
void owed_wait(struct sim *, struct flight *);	/* it stands in the books: its time may come */
void owed_told(struct sim *, struct flight *);
void owed_took(struct sim *, const char *id);
void owed_read(struct sim *, const char *state);	/* what the last process owed */

/* ask.c */
void ask_sim(struct sim *, const struct kit_question *);
void health_tell(struct sim *);
void health_look(struct sim *);		/* tells it when its file has changed */

/* voice.c */
void voice_call(struct sim *, const struct kit_call *);
void voice_run(struct sim *, struct flight *);	/* its instant has come */
void voice_start_waiting(struct sim *);
void voice_give_up(struct sim *, struct flight *);	/* the driver closes */

#endif
