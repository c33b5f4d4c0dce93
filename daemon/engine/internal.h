/* internal.h -- what the files of the engine share.  One turn = one transaction; everything in
 * here except the store is memory that may be dropped and reloaded at any time. */
#ifndef GONG_ENGINE_INTERNAL_H
#define GONG_ENGINE_INTERNAL_H

#include <jansson.h>

#include "core/audience.h"
#include "core/buf.h"
#include "core/message_state.h"
#include "core/route_choice.h"
#include "core/table.h"
#include "daemon/engine/engine.h"
#include "daemon/store/store.h"

/* A wave being worked on. */
struct live_wave {
	struct wave w;
	struct live_wave *next, *prev;	/* ring of its rank; NULL = nothing to claim */
	bool dirty, test, flash;
	bool rest;			/* there may be rows after the cursor */
	bool route_alarm;		/* told by a route that is in no trouble itself */
	bool waiting;			/* in the engine's list of those with a due row to come */
	msec due_at;			/* not later than its first row with a due; NEVER = none */
	uint32_t correction;		/* wave to which late reached people are added; 0 = none */
	struct broadcast *broadcast;	/* while it is planned in slices (broadcast.c) */
	int64_t replaced;		/* of a correction: the alert whose people are told */
	int64_t variants[LANG_COUNT];
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

#define QUESTIONS_MAX 4			/* open at a time, of people, to one route */

struct question {			/* asked, not yet answered */
	uint64_t id, reply_to;
	msec until;			/* then it is given up */
	const char *what;		/* a literal */
};

struct canary {				/* the test message of a route; see canary.c */
	msec due_at;			/* of the next one; 0 = not planned */
	uint64_t question;		/* under way; 0 = none */
	char nonce[9];
	msec asked_at, until;
	bool is_answered;		/* its driver has said how the sending went */
	msec submit_ms, receipt_ms, inbound_ms;		/* -1 = not known */
	char reason[160];		/* why it was not accepted */
};

/* What is being asked of a route: memory that a failed turn must not have changed. */
struct asking {
	struct question open[QUESTIONS_MAX];
	size_t count;
	struct canary canary;
};

/* Its account or the clock is wrong.  When the pause is over, one message tries whether it still
 * is; the rest waits for that one's acceptance. */
struct route_pause {
	msec until;
	unsigned failures;		/* refusals in a row; 0 = all is well */
};

struct route_state {
	const struct route_conf *conf;
	int64_t id;			/* in the store */
	bool up, channels[CHANNEL_COUNT], receipts, receipts_by_ref, templates;
	unsigned window, batch, inflight;
	bool prefer_other;		/* its driver asks that others carry, where there are any */
	bool canary_failed, down_told, pause_told;	/* such an alarm stands */
	unsigned alarms, said_alarms;	/* that stand: of any kind, those its driver named */
	msec down_since;		/* NEVER = it is ready */
	char down_reason[160];
	bool solo;			/* a suspect is in hand, alone, after a crash */
	bool drain;			/* nothing more for now: a suspect waits for that */
	msec handed_at;			/* when it was last given something */
	struct route_pause pause, pause_before;	/* before: as the turn began */
	double speed;			/* messages per second, moving average */
	msec settled_at;
	struct pace_bucket bucket;
	double said_rate;		/* by its driver, as `said_budgets` */
	struct pace_budget *budgets, *said_budgets;	/* in force */
	size_t budget_count, said_budget_count;
	struct table used;		/* number -> struct usage, where there are budgets */
	/* the send being put together in this turn */
	struct effect *send;
	int64_t send_variant;
	struct asking asking;
};

#define ROUTE_ALARM "route.alarm"	/* template of gong's word about a route */
#define ROUTES_MAX 64
#define SUSPECT_MS SECONDS(2)		/* who has not killed its driver by then does not */

struct engine {
	struct store *store;
	struct settings *settings;
	struct effect_list effects;
	msec now, skew_ms;
	bool stale;			/* memory must be reloaded: the last commit failed */
	bool more;			/* work was left over: wake at once */
	struct table waves, inflight, templates, policies, variants, replies;
	size_t variant_count;
	unsigned low_ids[256];		/* how many waves in memory have that low byte */
	struct rank *ranks;
	size_t rank_count, rank_cap;
	struct route_state *routes;
	size_t route_count;
	int64_t *role_ids, *document_ids;	/* beside settings' roles and documents */
	uint32_t marked_wave;		/* last wave id before the command in hand */
	int64_t last_alert;
	struct command *import;
	struct live_list planning;	/* waves still being planned, oldest first */
	struct live_list touched;	/* waves whose row must be written this turn */
	struct live_list waiting;	/* waves with nothing to claim before their due_at */
	msec waiting_at;		/* the earliest of those */
	msec expiry_at;			/* when a wave's validity may end */
	msec resume_at;			/* earliest instant at which a held-back claim may go */
	msec upkeep_at;			/* of the next hourly upkeep */
	uint64_t last_question, chance;
	struct asking *asking_before;	/* of every route, as the turn began; see ask.c */
	bool asking_touched;
	bool quiet;			/* dry run: plan, keep no effects */
	struct engine_stats stats;
};

/* request.c: an alert's request as stored with it */
char *request_encode(const struct alert_request *);
struct alert_request *request_decode(const char *json);
bool request_leaves_out(const struct alert_request *, division_code);

/* documents.c */
const struct template *engine_template(struct engine *, int64_t document);
const struct policy *engine_policy(struct engine *, int64_t document);
int64_t engine_document(struct engine *, const char *kind, const char *name);
const struct template *engine_template_named(struct engine *, const struct alert *,
					     const char *name, int64_t *document);

void engine_keep_documents(struct engine *, const struct alert *, const struct policy *);
bool engine_policies_readable(struct engine *, const struct settings *, struct err *);

/* accept.c */
void engine_accept(struct engine *, struct command *);
int64_t engine_accept_request(struct engine *, struct alert_request *, struct alert *accepted,
			      int *status, struct err *);
void engine_cancel(struct engine *, struct command *);
void engine_stop_waves(struct engine *, int64_t alert, enum wave_state);

/* rights.c: -1 with err is a 403 */
int engine_may_end(struct engine *, const char *client, const struct alert *, struct err *);
int engine_may_answer(struct engine *, const char *client, const struct alert *, division_code,
		      struct err *);

/* text.c */
struct text_place {			/* for whom and where a text is rendered */
	const struct alert *alert;
	const struct alert_request *request;
	const struct template *template;
	division_code division;		/* 0 = none */
	const char *person, *post;
	unsigned long n, m;
	const char *names, *code;
	msec min_ms, time_at;
};
int engine_check_texts(struct engine *, const struct alert_request *, const struct template *,
		       const division_code *, size_t divisions, struct err *);
/* Renders and stores one text; 0: err names the parameter that is missing. */
int64_t engine_variant(struct engine *, const struct text_place *, enum lang, enum channel,
		       unsigned *parts, struct err *);
bool engine_is_uniform(const struct template *, enum channel);
struct variant_text {
	char *head, *body;
	enum lang lang;
	unsigned parts;
};
const struct variant_text *engine_variant_text(struct engine *, int64_t id);

/* plan.c, targets.c, notice.c */
struct step_plan {			/* what a step would send: for events and dry runs */
	size_t waves;
	struct { enum channel channel; enum wave_kind kind; unsigned long people; unsigned parts;
		 int to; } wave[32];
	unsigned long people;		/* told by this step */
	bool broadcast;			/* its people are being collected; counted only up to a limit */
	unsigned long nobody;		/* targets for whom no person was found */
	bool console, no_route;
};
int engine_plan_step(struct engine *, struct alert *, const struct alert_request *,
		     const struct policy *, size_t step, struct step_plan *, struct err *);
int engine_plan_targets(struct engine *, struct alert *, const struct alert_request *,
			const struct policy *, struct err *);
int engine_plan_correction(struct engine *, struct alert *, const struct alert_request *,
			   struct err *);
uint32_t engine_send_one(struct engine *, struct alert *, enum wave_kind, uint32_t contact,
			 enum lang, const char *template);

/* broadcast.c */
void engine_broadcast_start(struct engine *, struct live_wave *, const struct alert_request *);
void engine_broadcast_resume(struct engine *, struct live_wave *);
void engine_broadcast_slices(struct engine *);
void engine_broadcast_free(struct broadcast *);

/* climb.c */
void engine_climb_due(struct engine *);
/* Does what is due and writes the alert's row.  With `refuse`, -1 and the reason when a step
 * cannot be planned; without, the desk is told and the ladder goes on. */
int engine_look(struct engine *, struct alert *, const struct alert_request *,
		struct err *refuse);
void engine_raise(struct engine *, struct alert *, const struct answer *);

/* waves.c */
struct live_wave *engine_wave(struct engine *, uint32_t id);
struct live_wave *engine_wave_add(struct engine *, const struct wave *, bool test);
void engine_wave_rank(struct engine *, struct live_wave *);
void engine_wave_unrank(struct engine *, struct live_wave *);
void engine_wave_moved(struct engine *, struct live_wave *, int from, int to);
unsigned long wave_queued(const struct wave *);
void engine_wave_touch(struct engine *, struct live_wave *);
void live_list_add(struct live_list *, struct live_wave *);
void live_list_take(struct live_list *, const struct live_wave *);
void engine_wave_forget(struct engine *, struct live_wave *);
void engine_waves_flush(struct engine *);
void engine_waves_load(struct engine *);
/* A row of it goes by itself from `at` on; NEVER does nothing. */
void engine_wave_due(struct engine *, struct live_wave *, msec at);
void engine_wave_wait(struct engine *, struct live_wave *);	/* nothing to claim for now */
void engine_waves_wake(struct engine *);	/* those whose due has come join their rank */
/* Nothing more of it leaves; what is with a driver is asked back. */
void engine_wave_stop(struct engine *, struct live_wave *, enum wave_state);
void engine_waves_expire(struct engine *);

/* budget.c */
msec engine_budget_at(struct engine *, struct route_state *, uint64_t e164);
void engine_budget_use(struct route_state *, uint64_t e164, msec at);
void engine_budgets_load(struct engine *, struct route_state *);	/* anew, from the store */
void engine_limits_apply(struct engine *, struct route_state *);	/* gong.conf may have changed */
void engine_limits_said(struct engine *, struct route_state *, const struct command *ready);
void engine_budgets_shift(struct route_state *, msec by);
void engine_budgets_trim(struct engine *, struct route_state *);
void engine_limits_free(struct route_state *);

/* upkeep.c */
void engine_upkeep(struct engine *);

/* dispatch.c */
void engine_dispatch(struct engine *);
void engine_sends_finish(struct engine *);
void engine_views(struct engine *, struct route_view *out);
bool engine_still_needed(struct engine *, const struct live_wave *, uint32_t contact);
bool engine_honours_opt_out(const struct live_wave *);
/* Asks the driver that has it to give a message back, if it has not left. */
void engine_ask_back(struct engine *, const struct message *);

/* outcome.c */
void engine_route_ready(struct engine *, struct command *);
void engine_route_lost(struct engine *, struct command *);
void engine_done(struct engine *, struct command *);
void engine_part(struct engine *, struct command *);
void engine_receipt(struct engine *, struct command *);
void engine_in_doubt(struct engine *);
/* Brings a message to the state after `event`, wave counters and correction included. */
void engine_message_event(struct engine *, struct live_wave *, struct message *,
			  enum message_event);
void engine_route_works(struct engine *, struct route_state *);	/* it accepted one: no more pause */
bool engine_resends(struct engine *, const struct live_wave *);
/* The attempt that an id from the wire means; 0 = none so far. */
unsigned engine_which_attempt(const struct message *, uint64_t id);

/* answer.c */
void engine_brakes_trim(struct engine *);
void engine_inbound(struct engine *, struct command *);
void engine_call(struct engine *, struct command *);
void engine_desk_answer(struct engine *, struct command *);

/* alarm.c: what is wrong with a route, told once */
void engine_alarm_raise(struct engine *, struct route_state *, bool own, const char *name,
			const char *text);
void engine_alarm_end(struct engine *, struct route_state *, bool own, const char *name);
void engine_alarms_load(struct engine *);
void engine_alarms_due(struct engine *);
msec engine_alarms_next(const struct engine *);
void engine_health(struct engine *, struct command *);
void engine_health_load(struct engine *, struct route_state *);
void engine_route_is_ready(struct engine *, struct route_state *);
void engine_route_is_down(struct engine *, struct route_state *, const char *reason,
			  bool for_good);

/* ask.c: questions to drivers, and what came of them */
void engine_ask(struct engine *, struct command *);
void engine_answered(struct engine *, struct command *);
void engine_questions_lost(struct engine *, struct route_state *, const char *reason);
void engine_questions_due(struct engine *);	/* gives up those that are over */
msec engine_questions_next(const struct engine *);
void engine_questions_shift(struct engine *, msec by);
void engine_asking_touch(struct engine *);	/* before anything of it is changed */
void engine_asking_restore(struct engine *);	/* the turn failed */

/* canary.c: test messages that must come back */
void engine_canaries_plan(struct engine *);
void engine_canaries_due(struct engine *);
msec engine_canaries_next(const struct engine *);
void engine_canaries_shift(struct engine *, msec by);
void engine_canary_lost(struct engine *, struct route_state *);
void engine_canary_answered(struct engine *, struct route_state *, json_t *answer);
bool engine_canary_returns(struct engine *, const char *text);	/* true: no person wrote it */

/* import.c */
void engine_import_slice(struct engine *);

/* engine.c */
void engine_mark(struct engine *);	/* store_mark and _undo, with memory kept in step */
void engine_undo(struct engine *);
void engine_reply(struct engine *, uint64_t to, int status, struct buf *json);
void engine_problem(struct engine *, uint64_t to, int status, const struct err *);
void engine_event(struct engine *, int64_t alert, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void engine_log(struct engine *, int priority, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void engine_effect(struct engine *, struct effect *);

#endif
