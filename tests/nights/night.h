/* night.h -- one night on a virtual clock: the real engine and store, a modelled world around.
 * Story time (`mono`) only goes forward; the wall clock the engine sees is mono + offset. */
#ifndef GONG_NIGHTS_NIGHT_H
#define GONG_NIGHTS_NIGHT_H

#include <sqlite3.h>
#include <stdbool.h>

#include "core/buf.h"
#include "daemon/contract/contract.h"
#include "daemon/engine/engine.h"
#include "daemon/settings/settings.h"
#include "daemon/store/read.h"
#include "daemon/store/store.h"
#include "tests/nights/chance.h"

#define WORDS_MAX 64
#define ROADS_MAX 16
#define STORE_FILE "night.db"
#define NUMBER_BASE 9991000000000u	/* +999: nobody can be rung by accident */
#define NUMBERS_EACH 4

struct line {
	unsigned number;
	char *words[WORDS_MAX];
	size_t count;
};

struct villager {			/* anybody with a telephone */
	char *ref;
	int role;			/* of the first post, -1 none */
	enum lang lang;
	unsigned numbers;
	division_code division;
	bool poison, dead[NUMBERS_EACH];
};

struct habit {				/* what people do when a message reaches them */
	long who;			/* villager, -1 = everybody */
	int role;			/* -1 = any */
	bool voice;
	double percent;
	msec low, high;
	bool echo;			/* answers everything, as a machine does */
	double silent;			/* percent of these people who never do */
	char text[64];			/* SMS to send, or keys to press */
};

struct given {				/* an answer that somebody gave to what reached him */
	long who;
	uint64_t id;			/* of the message */
	char text[64];
};

struct district {			/* what the set-up lines of a night describe */
	struct villager *people;
	size_t people_count, people_cap;
	struct import_request *divisions, *contacts, *roster;
	struct disk_image *image;	/* the store with all of it imported */
};

struct item {				/* with a driver */
	uint64_t id, to;
	bool call, left;		/* left: the network has it, gongd may not know yet */
	char *text;
	unsigned parts, reference;
	unsigned long todo, gone;	/* bit sets of its parts: asked for, out */
	msec start_at, ring_ms, not_after;	/* mono; not_after is wall time */
};

/* What outlives gongd and its drivers: which of them knows of it, and what is written there. */
struct noted {
	uint64_t id;
	bool left;			/* it may have begun to leave */
};

struct road {				/* a route of gong.conf and the driver that plays it */
	bool used, up, wanted, serial, receipts, mute;	/* wanted: its driver is started again */
	bool by_part;			/* its network carries and reports each part by itself */
	unsigned window, batch, life;
	msec latency_low, latency_high, travel_low, travel_high, busy_until;
	double loss, unknown, twice, late, reject;
	enum reject reject_class;
	double receipt_share;
	unsigned reference;
	char *health;			/* said again with every life */
	double rate;			/* its account's limits, as its driver says them */
	struct pace_budget budgets[4];
	size_t budget_count;
	struct item *items;
	size_t item_count, item_cap;
	/* NONE: gongd cannot make one.  BLIND: its driver does not look at it. */
	enum { PAGE_NONE, PAGE_BLIND, PAGE_MARKED } page;
	bool page_good;			/* what is not noted is not with the driver */
	msec page_books_at;
	struct noted *noted;
	size_t noted_count, noted_cap;
	bool lives_on;			/* gongd is dead, and its driver may still be sending */
	bool inherited;			/* what the gongd before left with it has been told to this one */
};

#define QUESTION_BASE 1000000u	/* reply_to of questions: nobody asks them again */

enum happening_kind { HAPPEN_PART, HAPPEN_READY, HAPPEN_LEAVE, HAPPEN_ARRIVE, HAPPEN_COMMAND, HAPPEN_SAY,
		      HAPPEN_PICK_UP, HAPPEN_HANG_UP, HAPPEN_START, HAPPEN_INHERIT };

struct happening {
	msec at;			/* mono */
	unsigned long order;
	enum happening_kind kind;
	int road;
	unsigned life;			/* of the road, INHERIT: of gongd; 0 = whatever became of it */
	uint64_t id, to;
	unsigned reference;
	unsigned part, of;		/* of a message on its way, or a receipt; 0 = the whole */
	char *text;
	struct command *command;
};

struct kept {				/* in a SIM or at a provider until gongd took it */
	int road;
	char driver_id[24];
	bool receipt, delivered, missed, took;
	uint64_t id, number;
	unsigned part, of;
	char *text, *ref;
	msec at;
};

struct joining {			/* a telephone waits for the other parts */
	uint64_t message, to;		/* message: its id without the attempt */
	int road;
	unsigned long parts, lost;	/* bit sets: those here, those that never will be */
};

struct copy {				/* the network's own books: a telephone got this */
	uint64_t id, to;
	bool call;
	char *text;
	unsigned reference;
	int road;
	msec at;			/* mono */
};

struct told {				/* parts of a message that were out when its driver died */
	uint64_t id, to;
	int road;
	bool sure;			/* gongd knows of them */
	unsigned long parts;
};

struct asked {				/* a client's request; it asks until it hears */
	const struct line *line;
	char name[32];
	const char *refused;		/* field that must be named; NULL = must be accepted */
	bool answered;
	int64_t alert;
};

struct night {
	const char *file;
	const struct line *lines;
	size_t line_count;
	const struct line *line;	/* in hand */
	struct district *district;
	struct settings *settings, *later;	/* later: after a reload */
	unsigned seed;
	uint64_t chance;
	bool verbose, failed;
	char reason[1024];

	struct store *store;
	struct engine *engine;
	sqlite3 *peek;			/* the second connection: sees only what is committed */
	msec mono, offset, wake_at, retry_at;	/* wake_at, retry_at: mono */
	struct command_list urgent, bulk;
	unsigned long order, turns, commits;
	unsigned idle_turns;
	unsigned starts;		/* of gongd */
	unsigned long crash_at;		/* commit at which gongd dies; 0 = never */
	unsigned deaths;
	unsigned long first_death;	/* crash_at of this run, for the complaint */
	bool power_cut, hiccup, down;	/* hiccup: the disk fails for a turn, nobody dies */
	unsigned long uncertain_allowed;

	struct road roads[ROADS_MAX];
	int64_t route_ids[ROADS_MAX];	/* of the roads, in the store */
	struct happening *heap;
	size_t heap_count, heap_cap;
	struct kept *kept;
	size_t kept_count, kept_cap;
	struct copy *copies;
	size_t copy_count, copy_cap;
	struct told told[64];
	size_t told_count;
	struct joining *joining;
	size_t joining_count;
	struct habit habits[32];
	size_t habit_count;
	struct asked asked[64];
	size_t asked_count;
	unsigned question_count;
	long answered[6];		/* questions, by class of status */
	struct given *given;
	size_t given_count, given_cap;
	msec forecast_ms;		/* of the last `forecast`: its first step is out; -1 = none */
	bool figures;
	struct reader *reader;		/* figures.c: how the first alert's live forecast moves */
	msec sampled_at;
	struct sample { msec at, last_at; } *samples;
	size_t sample_count, sample_cap;
};

__attribute__((format(printf, 2, 3))) void night_fail(struct night *, const char *fmt, ...);
struct command *night_command(enum command_kind);	/* by somebody who may do everything */
__attribute__((format(printf, 2, 3))) void night_say(const struct night *, const char *fmt, ...);
msec wall(const struct night *);

/* district.c */
bool district_is_setup(const char *verb);
int district_build(struct district *, const struct line *, size_t count, struct settings *,
		   char *reason, size_t size);
void district_free(struct district *);
/* The person named by words[*next…]; moves *next on.  -1: nobody. */
long villager_find(const struct district *, const struct settings *, char *const *words,
		   size_t count, size_t *next);
long villager_of_number(const struct district *, uint64_t e164);
uint64_t villager_number(long who, unsigned index);

/* gongd.c */
void gongd_start(struct night *);
void gongd_stop(struct night *);
void gongd_die(struct night *, bool power_cut);
/* Runs until `mono` reaches `until` or `done` says so; false: time ran out. */
bool gongd_run(struct night *, msec until, bool (*done)(struct night *, void *), void *ctx);
void gongd_push(struct night *, struct command *);
void gongd_lists_clear(struct night *);
int64_t gongd_look(struct night *, const char *sql, int64_t a, int64_t b);

/* network.c */
void happen(struct night *, msec at, struct happening);
void network_turn(struct night *);		/* everything that happens at `mono` */
void network_send(struct night *, struct effect *);
void network_ask(struct night *, const struct effect *);
void network_die(struct night *, int road, bool with_gongd, const char *reason);
/* Its SIM is gone, but the driver lives to say what became of each message. */
void network_unplug(struct night *, int road);
void network_ready(struct night *, int road, msec after_ms);
void network_health(struct night *, int road);
void network_say(struct night *, long who, unsigned number, const char *text, msec after_ms);
void network_free(struct night *);
/* `part` of `of`; 0 = of the whole message. */
void network_receipt(struct night *, int road, uint64_t id, uint64_t to, const char *ref,
		     unsigned part, unsigned of, bool delivered, msec after_ms);
void network_took(struct night *, const char *driver_id);

/* page.c */
void page_begin(struct night *);		/* gongd starts: each route waits for what it left behind */
void page_inherit(struct night *, int road);	/* … and tells of that */
void page_note(struct night *, int road, uint64_t id);	/* gongd gives it to the driver */
void page_mark(struct night *, int road, uint64_t id, bool left);	/* by the driver */
void page_committed(struct night *, const struct command_list *);
void page_gongd_dies(struct night *, bool power_cut);	/* after its drivers */
unsigned page_prefetch(const struct night *, int road);

/* script.c */
void script_line(struct night *, const struct line *);
void script_ask(struct night *, size_t asked);	/* (again) */
void script_reply(struct night *, const struct effect *);
int64_t script_alert(struct night *, const char *name);
msec duration_of(const char *word);		/* "10s", "5m", "2h", "250ms"; -1 */

/* figures.c: what a night was worth, as one line of JSON */
void figures_given(struct night *, long who, uint64_t id, const char *text);
void figures_sample(struct night *);
void figures_print(struct night *);

/* check.c: the promises that hold in every night */
void check_send(struct night *, const struct effect *);
void check_night(struct night *);

#endif
