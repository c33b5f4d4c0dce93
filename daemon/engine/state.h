/* state.h -- what the engine remembers between turns, each part with its owner.
 * One turn = one transaction; everything in here except the store is memory that may be dropped
 * and reloaded at any time.  Types only: functions stand in the headers of the floors, and a file
 * of floor N includes the header of floor N, which includes all those below it:
 *
 *   1 ground.h   say, trouble, hand, live_list, values, text, check_texts, request, budget, rights, asking,
 *                outbox, feedback, dlr
 *   2 lookup.h   documents, pick, broadcast, route_view, desk
 *   3 waves.h    waves, stop, moved
 *   4 message.h  message, held, hope, calls, compose, seats, rows, readers, endings,
 *                afresh, collect, in_flight
 *   5 plan.h     plan, slices, notice, dispatch
 *   6 climb.h    targets, replace, stand_down, good_end, climb, catch_up, unheld, nobody, raise
 *   7 accept.h   kinds, lacking, text_preview, dry_run, replaced, accept, resume, previews, bereft,
 *                import_rows, stage, import, apply
 *   8 alarm.h    alarm, health, outage
 *   9 canary.h   canary, life
 *  10 answer.h   ask, which, counts, thanks, help, answer, judge, inbound, errand, decide,
 *                people
 *  11 outcome.h  outcome, aside, receipt, upkeep
 *  12 signal.h   signals, signal_over, signal_gate, signal_keep, signal_want, silence
 *  13 due.h      due, and engine.h: engine */
#ifndef GONG_ENGINE_STATE_H
#define GONG_ENGINE_STATE_H

#include "core/audience.h"
#include "core/buf.h"
#include "core/message_state.h"
#include "core/route_choice.h"
#include "core/table.h"
#include "daemon/engine/engine.h"
#include "daemon/store/hand.h"
#include "daemon/store/store.h"

/* A wave being worked on.  Owner: waves.c. */
struct live_wave {
	struct wave w;
	enum wave_state written;	/* what its row says */
	struct live_wave *next, *prev;	/* ring of its rank; NULL = nothing to claim */
	bool dirty, test, flash;
	bool rest;			/* there may be rows after the cursor */
	bool route_alarm;		/* told by a route that is in no trouble itself */
	bool stopping;			/* over, and in the list of those to be cleared away */
	bool answered;			/* somebody has, maybe: of a first step, look at each row's targets */
	bool later;			/* rows of people whose targets have answered wait for lane 1 */
	unsigned lane;			/* in which it stands: 1 = only such rows are left */
	bool parted;			/* targets of its alert have moved: look at each row's places */
	uint32_t asked_back;		/* up to this contact */
	bool looked_through, again;	/* message.c's list of calls; anew when it is through */
	uint32_t looked_to;
	bool waiting;			/* in the engine's list of those with a due row to come */
	msec due_at;			/* not later than its first row with a due; NEVER = none */
	uint32_t correction;		/* wave to which late reached people are added; 0 = none */
	struct broadcast *broadcast;	/* while it is planned in slices (broadcast.c) */
	int64_t replaced;		/* of a correction: the alert whose people are told */
};

/* Waves of equal urgency; they take turns. */
struct rank {
	uint64_t key;			/* drill, severity, step, position: smaller goes first */
	struct live_wave *ring;
};

struct live_list {
	struct live_wave **waves;
	size_t count, cap;
};

/* A text as it is sent, by its variant's id.  Owner: text.c. */
struct variant_text {
	char *head, *body;
	enum lang lang;
	unsigned parts;
	bool spoilt;			/* no UTF-8: no driver could read the line that has it */
};

#define QUESTIONS_MAX 4			/* open at a time, of people, to one route */

struct question {			/* asked, not yet answered; owner: ask.c */
	uint64_t id, reply_to;
	msec until;			/* then it is given up */
	const char *what;		/* a literal */
};

struct canary {				/* the test message of a route; owner: canary.c */
	msec due_at;			/* of the next one; 0 = not planned */
	uint64_t question;		/* under way; 0 = none */
	char nonce[9];
	msec asked_at, until, stamped_at;	/* stamped: by the network, as it came back */
	bool is_answered;		/* its driver has said how the sending went */
	msec submit_ms, receipt_ms, inbound_ms;		/* -1 = not known */
	char reason[SAID_VALUE];	/* why it was not accepted: a value */
};

/* What is being asked of a route: memory that a failed turn must not have changed. */
struct asking {
	struct question open[QUESTIONS_MAX];
	size_t count;
	struct canary canary;
	bool skew_is_known;		/* canary.c: how far its network's clock runs ahead of ours */
	msec skew_ms;
};

/* Its account or the clock is wrong.  When the pause is over, one message tries whether it still
 * is; the rest waits for that one's acceptance. */
struct route_pause {
	msec until;
	unsigned failures;		/* refusals in a row; 0 = all is well */
};

/* Is a route there, and does it work.  Owner: outage.c. */
struct outage {
	struct route_outage row;	/* as on disk */
	msec opened_at;			/* when gongd started, or the route came into gong.conf */
	msec ready_at;			/* since when its driver says so; 0 = it does not */
	msec moved_at;			/* last word about what it has in hand */
	msec refused_since, refused_at;	/* it could not now, again and again; since NEVER: it could */
	unsigned refusals;
	msec first_at;			/* alarm.c: when word of it last went among first messages; 0 = not */
};

struct route_state {
	const struct route_conf *conf;	/* of the process that runs; part of `settings`, */
	struct settings *settings;	/* a reference */
	const struct route_conf *next;	/* of the next process, NULL = the same; see life.c */
	struct settings *next_settings;
	bool closing;			/* its process was told to close: nothing goes by it */
	bool removed, gone;		/* by a reload; gone: its last process, too */
	int64_t id;			/* in the store */
	bool up, channels[CHANNEL_COUNT], receipts, receipts_by_ref, templates;
	unsigned window, prefetch, batch, inflight;
	bool prefer_other;		/* its driver asks that others carry, where there are any */
	bool canary_failed, down_told, pause_told;	/* such an alarm stands, its cause is there */
	unsigned alarms, said_alarms;	/* whose cause is there: of any kind, those its driver named */
	unsigned named_alarms;		/* by its driver, that stand for whatever reason */
	msec alarm_ends_at;		/* the first whose cause is gone */
	uint64_t said_health;		/* digest of what its driver said last; 0 = look again */
	msec flips_until;		/* meter of its lines in the log */
	struct outage outage, outage_before;	/* before: as the turn began */
	char down_reason[SAID_VALUE], refused_reason[SAID_VALUE];	/* values: words, or phrases */
	bool solo;			/* a suspect is in hand, alone, after a crash */
	bool drain;			/* nothing more for now: a suspect waits for that */
	msec handed_at;			/* when it was last given something */
	msec busy_at;			/* when it was last given something with nothing in hand */
	struct route_pause pause, pause_before;	/* before: as the turn began */
	double speed;			/* parts a second, moving average; 0 = never measured */
	double pace_noted;		/* what forecasts reckon with, as its row says */
	msec pace_noted_at, settled_at;
	size_t settled_parts;		/* of the instant settled_at */
	struct pace_bucket bucket;
	double said_rate;		/* by its driver, as `said_budgets` */
	struct pace_budget *budgets, *said_budgets;	/* in force */
	size_t budget_count, said_budget_count;
	struct table used;		/* number -> struct usage, where there are budgets */
	/* the send being put together in this turn */
	struct effect *send;
	int64_t send_variant;
	struct asking asking, asking_before;	/* before: as the turn began, see asking.c */
	size_t early;			/* receipts on disk that came before their message was named */
	unsigned long receipts_unmatched, alarms_folded;	/* since gongd started */
	msec strangers_until;		/* meter of receipts that match nothing */
};

enum aside_cause {
	ASIDE_DEADLY,			/* gongd died of it */
	ASIDE_DAMAGED,			/* it lies on a damaged page */
	ASIDE_FAULTY,			/* the store refuses what gong writes of it */
};

/* Not touched any more.  Owner: hand.c; aside.c tells people. */
struct aside {
	struct hand what;
	enum aside_cause cause;
	/* How little is done about it, because more met the same again: 0 = it is ended and people
	 * are told, 1 = they are told, 2 = only the log is. */
	unsigned level;
	bool done;			/* what can be done about it has been */
	bool told;			/* in the log */
	char why[160];			/* of a fault: what the store said */
};
#define ASIDE_LEVEL_MAX 2

#define ROUTE_ALARM "route.alarm"	/* template of gong's word about a route */
#define SUSPECT_MS SECONDS(2)		/* who has not killed its driver by then does not */

struct engine {
	/* the turn: engine.c; everybody reads it */
	struct store *store;
	struct settings *settings;
	struct effect_list effects;
	struct command_list spent;	/* of the last turn, if nobody has asked for them */
	msec now, skew_ms;		/* skew: how far gong runs ahead of a wall clock behind it */
	msec books_at;			/* last committed instant of the run before; 0 = there was none */
	msec skew_before, shifted;	/* as the turn began; by how much this turn moved instants */
	bool turning;			/* a turn is under way */
	bool stale;			/* memory must be reloaded: the last commit failed */
	bool more;			/* work was left over: wake at once */
	bool quiet;			/* dry run: plan, keep no effects */
	bool batched;			/* the command in hand shares its savepoint with others … */
	bool spoiled;			/* … and was refused after it had written: all must go back */
	struct engine_stats stats;
	table_set told_anew;		/* tables of which the log says that their indices were made anew */

	struct route_state **routes;	/* at most ROUTES_MAX; a pointer is good between turns */
	size_t route_count;
	struct table inflight;		/* message id -> its route_state */

	struct {			/* documents.c */
		struct table templates, policies;	/* parsed, by document */
		int64_t *role_ids, *ids;	/* beside settings' roles and documents */
	} documents;
	struct {			/* text.c: a cache of variants */
		struct table variants;
		size_t count;
	} texts;
	struct {			/* waves.c */
		struct table live;	/* by id */
		unsigned low_ids[256];	/* how many of those have that low byte */
		struct rank *ranks;
		size_t rank_count, rank_cap;
		struct live_list touched;	/* whose row must be written this turn */
		struct live_list stopping;	/* stop.c: over, with rows to clear away */
		struct live_list waiting;	/* with nothing to claim before their due_at */
		struct table parted;	/* moved.c: alerts of which targets have moved */
		msec waiting_at;	/* the earliest of those */
		msec expiry_at;		/* when a wave's validity may end */
		uint32_t last, marked;	/* last id; the same before the command in hand */
		uint32_t committed;	/* last id in the store */
	} waves;
	struct {			/* slices.c: steps being planned, oldest first */
		struct slices **list;
		size_t count, cap;
		size_t marked;		/* count before the command in hand */
		size_t used;		/* behind count: undone, to be freed */
	} slices;
	struct live_list calls;		/* calls.c: whose calls may not be needed any more */
	struct live_list planning;	/* broadcast.c, collect.c: still being planned, oldest first */
	msec resume_at;			/* dispatch.c: when a held-back claim may go at the earliest */
	int64_t last_alert;		/* accept.c */
	struct {			/* held.c: alerts with messages in doubt, and when to look */
		int64_t alerts[64], after;
		size_t count;
		bool all;		/* there are more: all that are open, those behind `after` */
		msec at;
	} held;
	struct {			/* nobody.c: alerts to be looked at for targets without anybody */
		int64_t alerts[64], after;	/* after: of the first, the target looked at last */
		size_t count;
		bool again, all;	/* the first once more; all that are open */
	} nobody;
	bool catching_up;		/* catch_up.c: there may be some to be taken */
	size_t told_behind;		/* upkeep.c: waves that the index of people told lacks */
	struct {			/* asking.c */
		uint64_t last_question, chance;
		bool touched;
	} asking;
	struct table brakes;		/* thanks.c: number -> its automatic replies */
	struct table thanked;		/* thanks.c: contact -> his last thanks */
	struct {			/* help.c: that the duty officer was told */
		struct table told;	/* who -> when (msec *) */
		msec until[2];		/* meters: of people, and of numbers that nobody knows */
	} help;
	struct {			/* inbound.c: answers that wait */
		msec at;		/* when the first has waited enough; NEVER: none waits */
		bool look;		/* something they may wait for has settled */
	} waits;
	struct command *import;		/* import.c: the one being read, its rows until they are freed */
	struct {			/* apply.c */
		int64_t applying, sweep;	/* a preview that is being applied; one whose rows go; 0 = none */
		uint64_t reply_to;	/* who waits for the first; 0 = nobody any more */
		msec at;		/* when the time of one is over */
		struct bereft *bereft;	/* bereft.c; NULL: nobody looks */
	} imports;
	struct {			/* hand.c, aside.c */
		struct hand_page *page;	/* borrowed; NULL: nothing outlives the process */
		struct hand own;	/* used without a page */
		struct command *command;	/* of HAND_COMMAND */
		uint64_t message;	/* of those that it tells about; 0 = none */
		struct aside *aside;
		size_t count, cap;
		struct hand suspect;	/* the last turn met a fault with it: the second one is its */
		size_t faults, untold;	/* open tasks about such; those not even a task tells of */
	} hand;
	struct {			/* signals.c, silence.c */
		msec due_at;		/* when the first signal has waited enough; NEVER: none waits */
		msec doors_at;		/* not before: those that end meanwhile are heard first */
		msec deaf_until;	/* before that no source could be heard */
		msec trim_at;		/* when to let go of what is old */
		msec silence_at;	/* when to look for silent sources */
	} signals;
	struct {			/* outbox.c */
		int64_t boot;		/* this run's name in the table */
		msec at;		/* when to look; NEVER: nothing waits */
	} outbox;
	bool dlr_wanted;		/* dlr.c: somebody wants to hear of messages */
	msec upkeep_at;			/* upkeep.c: of the next hourly upkeep */
};

#endif
