/* read_forecast.c -- when the last message of an alert leaves, as JSON.
 * It counts what has not left, behind what goes first, and the rungs that fire before that is done; of
 * calls, only those that the answers so far make likely to be needed.  So it does not jump when people
 * answer, when a rung fires, or with each automatic reply. */
#include "daemon/store/read_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/forecast.h"
#include "daemon/store/store.h"

#define WAVES_MAX 5000
#define RATES_MAX 32			/* ways in which alerts are answered */
#define TARGETS_MAX 2000		/* rungs to come are counted for so many */
#define ROUTES 64

/* How people answer an alert, up to a level, so far. */
struct rate {
	int64_t alert;
	int below;
	double per_s;			/* of those who are silent, in a second */
	double silent;			/* targets, now */
	double thanks;			/* texts that came in for a target that answered */
};

enum share {				/* what a wave is to the forecast */
	SHARE_AHEAD,			/* another alert's, that goes first */
	SHARE_THANKS,			/* its automatic replies */
	SHARE_OWN,
	SHARE_LATER,			/* a rung to come */
};

struct queued {				/* a wave that has not all left */
	int64_t alert;
	enum share share;
	bool drill;
	int severity;
	unsigned long rows;		/* needed or not */
	struct forecast_wave f;
};

struct rest {
	struct reader *r;
	const struct settings *settings;
	int64_t alert, targets;
	const struct policy *policy;	/* NULL: told once */
	msec now, released_at;
	size_t next;			/* the rung that is taken next */
	struct queued *list;		/* in the order in which they go */
	size_t count;
	struct rate rates[RATES_MAX];
	size_t rate_count;
	struct route_view routes[ROUTES];
	size_t route_count;
	msec last_ms;			/* -1 = there is no route for it */
};

static void
load_routes(struct rest *x)
{
	const struct settings *s = x->settings;
	sqlite3_stmt *st = read_query(x->r, "SELECT name, state, pace FROM route", "");

	x->route_count = s->route_count < ROUTES ? s->route_count : ROUTES;
	for (size_t i = 0; i < x->route_count; i++) {
		x->routes[i] = (struct route_view){
			.backup = s->routes[i].backup, .simulated = s->routes[i].simulated,
			.messages_per_s = s->routes[i].parts_per_s > 0 ? s->routes[i].parts_per_s : 1,
		};
		for (int k = 0; k < CHANNEL_COUNT; k++)
			x->routes[i].channels[k] = s->routes[i].channels[k];
	}
	while (read_step(x->r, st)) {
		int i = settings_route(s, (const char *)sqlite3_column_text(st, 0));
		const char *state = (const char *)sqlite3_column_text(st, 1);

		if (i < 0 || (size_t)i >= x->route_count)
			continue;
		x->routes[i].up = state && strcmp(state, "up") == 0;
		if (sqlite3_column_double(st, 2) > 0)
			x->routes[i].messages_per_s = sqlite3_column_double(st, 2);
	}
}

/* Of all the time for which targets were silent: how often one of them answered. */
static struct rate *
rate_of(struct rest *x, int64_t alert, int below)
{
	sqlite3_stmt *st;
	struct rate *rate;
	double answered, silent_s;

	for (size_t i = 0; i < x->rate_count; i++)
		if (x->rates[i].alert == alert && x->rates[i].below == below)
			return &x->rates[i];
	if (x->rate_count == RATES_MAX)
		return NULL;
	rate = &x->rates[x->rate_count++];
	*rate = (struct rate){ .alert = alert, .below = below };
	st = read_query(x->r, "SELECT sum(t.level >= ?2), sum(t.level < ?2), sum(max(CASE WHEN t.level >= ?2 "
		"THEN t.level_at ELSE ?3 END - a.released_at, 0)) / 1000.0 FROM target t JOIN alert a ON "
		"a.id = t.alert WHERE t.alert = ?1 AND t.moved_to IS NULL", "iii", alert, (int64_t)below,
		x->now);
	if (!read_step(x->r, st))
		return rate;
	answered = sqlite3_column_double(st, 0);
	rate->silent = sqlite3_column_double(st, 1);
	silent_s = sqlite3_column_double(st, 2);
	sqlite3_reset(st);
	rate->per_s = silent_s > 0 ? answered / silent_s : 0;
	if (answered > 0)
		rate->thanks = (double)read_number(x->r, read_query(x->r, "SELECT count(*) FROM answer "
			"WHERE alert = ? AND source = ? AND helper = 0", "ii", alert,
			(int64_t)SOURCE_SMS)) / answered;
	return rate;
}

/* Of the targets that were silent when a wave was planned: the share that still is. */
static double
needed_of(struct rest *x, int64_t alert, int below, msec planned_at)
{
	sqlite3_stmt *st = read_query(x->r, "SELECT sum(level < ?2), count(*) FROM target WHERE alert = ?1 "
		"AND moved_to IS NULL AND (level < ?2 OR level_at > ?3)", "iii", alert, (int64_t)below,
		planned_at);
	double share = 1;

	if (!read_step(x->r, st))
		return share;
	if (sqlite3_column_double(st, 1) > 0)
		share = sqlite3_column_double(st, 0) / sqlite3_column_double(st, 1);
	sqlite3_reset(st);
	return share;
}

/* Calls and later rungs are not for whom all have answered by then; a first SMS goes all the same. */
static void
weigh(struct rest *x, struct queued *q, int step, int below, msec planned_at)
{
	const struct rate *rate;
	double share;

	if (q->f.channel == CHANNEL_SMS && step <= 0)
		return;
	rate = rate_of(x, q->alert, below);
	if (!rate || !rate->per_s)
		return;
	share = needed_of(x, q->alert, below, planned_at);
	q->f.messages = (unsigned long)((double)q->rows * share + 0.5);
	q->f.segments = (unsigned long)((double)q->f.segments * share + 0.5);
	q->f.answers_per_s = rate->per_s;
}

/* In the order of waves.c's ranks. */
static const char all_queued[] = "SELECT w.alert, w.step, w.channel, w.kind, w.severity, w.drill, w.below, "
	"w.planned_at, w.total, w.total - w.sent - w.delivered - w.failed - w.expired - w.withdrawn - "
	"w.uncertain, CASE WHEN w.segments > 0 THEN w.segments ELSE w.total * coalesce((SELECT max(v.parts) "
	"FROM variant v WHERE v.alert = w.alert), 1) END FROM wave w WHERE w.state IN (0, 1) "
	"ORDER BY w.drill, w.severity DESC, CASE w.kind WHEN 0 THEN 0 WHEN 2 THEN 0 WHEN 3 THEN 1 WHEN 1 "
	"THEN 2 ELSE CASE w.position WHEN 1 THEN 0 ELSE 3 END END, w.step, w.position, w.id LIMIT ?";

static void
load_queued(struct rest *x)
{
	sqlite3_stmt *st = read_query(x->r, all_queued, "i", (int64_t)WAVES_MAX);

	while (read_step(x->r, st)) {
		struct queued *q = &x->list[x->count];
		int64_t total = sqlite3_column_int64(st, 8), left = sqlite3_column_int64(st, 9);
		int kind = sqlite3_column_int(st, 3);

		*q = (struct queued){ .alert = sqlite3_column_int64(st, 0), .drill = sqlite3_column_int(st, 5),
				      .severity = sqlite3_column_int(st, 4), .rows = (unsigned long)left };
		q->share = kind == WAVE_REPLY ? SHARE_THANKS : q->alert == x->alert ? SHARE_OWN : SHARE_AHEAD;
		q->f.channel = (enum channel)sqlite3_column_int(st, 2);
		/* Its own replies go when all else has gone. */
		if (left <= 0 || total <= 0 || q->f.channel >= CHANNEL_COUNT ||
		    (q->share == SHARE_THANKS && q->alert == x->alert))
			continue;
		q->f.messages = q->rows;
		q->f.segments = (unsigned long)(sqlite3_column_int64(st, 10) * left / total);
		if (kind == WAVE_CALL)
			weigh(x, q, sqlite3_column_int(st, 1), sqlite3_column_int(st, 6),
			      sqlite3_column_int64(st, 7));
		x->count++;
	}
}

/* What goes after the last of the alert's own, by the same channel, keeps nothing of it waiting. */
static void
drop_behind(struct rest *x)
{
	bool own[CHANNEL_COUNT] = { false };
	size_t kept = x->count;

	for (size_t i = x->count; i-- > 0;) {
		own[x->list[i].f.channel] |= x->list[i].share == SHARE_OWN;
		if (own[x->list[i].f.channel])
			x->list[--kept] = x->list[i];
	}
	x->count -= kept;
	memmove(x->list, x->list + kept, x->count * sizeof(*x->list));
}

/* When the last of the alert's own leaves, and of its rungs to come. */
static void
run(struct rest *x)
{
	struct forecast_wave *all = xcalloc(x->count + 1, sizeof(*all));

	for (size_t i = 0; i < x->count; i++)
		all[i] = x->list[i].f;
	forecast_run(all, x->count, x->routes, x->route_count);
	x->last_ms = 0;
	for (size_t i = 0; i < x->count; i++) {
		x->list[i].f = all[i];
		if (x->list[i].share < SHARE_OWN || x->last_ms < 0)
			continue;
		if (all[i].last_ms != NEVER && all[i].last_ms > x->last_ms)
			x->last_ms = all[i].last_ms;
		else if (all[i].last_ms == NEVER && x->list[i].share == SHARE_OWN)
			x->last_ms = -1;
	}
	free(all);
}

/* Who answers a more severe alert meanwhile is thanked before these leave. */
static double
thanks_to_come(struct rest *x, const struct queued *first)
{
	sqlite3_stmt *st = read_query(x->r, "SELECT id FROM alert WHERE closed_at IS NULL AND state = 1 AND "
		"targets > 0 AND drill = 0 AND (severity > ?1 OR ?2) AND id <> ?3 ORDER BY id DESC LIMIT ?4",
		"iiii", (int64_t)first->severity, (int64_t)first->drill, x->alert, (int64_t)RATES_MAX);
	int64_t alerts[RATES_MAX];
	size_t count = 0;
	double thanks = 0;

	while (read_step(x->r, st))
		alerts[count++] = sqlite3_column_int64(st, 0);
	for (size_t i = 0; i < count; i++) {
		const struct rate *rate = rate_of(x, alerts[i], LEVEL_ACKNOWLEDGED);

		if (rate)
			thanks += rate->thanks * forecast_answered(rate->silent, rate->per_s, x->last_ms);
	}
	return thanks;
}

static void
add_thanks(struct rest *x)
{
	unsigned long thanks;
	size_t first = 0;

	while (first < x->count && x->list[first].share != SHARE_OWN)
		first++;
	if (first == x->count || x->last_ms <= 0)
		return;
	thanks = (unsigned long)(thanks_to_come(x, &x->list[first]) + 0.5);
	if (!thanks)
		return;
	memmove(x->list + first + 1, x->list + first, (x->count - first) * sizeof(*x->list));
	x->list[first] = (struct queued){ .share = SHARE_THANKS, .rows = thanks,
					  .f = { .channel = CHANNEL_SMS, .messages = thanks } };
	x->count++;
	run(x);
}

/* -- the rungs to come -- */

/* Who holds a role of the family where it is still silent. */
static double
holders(struct rest *x, const struct family *family, int below)
{
	double people = 0;

	for (size_t i = 0; i < family->role_count; i++)
		people += (double)read_number(x->r, read_query(x->r, "SELECT count(DISTINCT p.contact) FROM "
			"target t JOIN post p ON p.role = (SELECT id FROM role WHERE name = ?1) AND p.division "
			"= t.division WHERE t.alert = ?2 AND t.level < ?3 AND t.moved_to IS NULL", "tii",
			x->settings->roles[family->roles[i]].name, x->alert, (int64_t)below));
	return people;
}

/* Whom a rung will call that asks for the request's own people: of those whom one has called before,
 * as many as there are silent targets left. */
static double
asked_again(struct rest *x, int below)
{
	return (double)read_number(x->r, read_query(x->r, "SELECT max(total) FROM wave WHERE alert = ? AND "
		"kind = 0 AND kind <> 4", "i", x->alert)) * needed_of(x, x->alert, below, x->released_at);
}

/* As segments are now among what is queued. */
static double
parts_of(const struct rest *x, enum channel channel)
{
	unsigned long messages = 0, segments = 0;

	for (size_t i = 0; i < x->count; i++)
		if (x->list[i].share == SHARE_OWN && x->list[i].f.channel == channel) {
			messages += x->list[i].f.messages;
			segments += x->list[i].f.segments;
		}
	return messages && segments ? (double)segments / (double)messages : 1;
}

static void
add_calls(struct rest *x, const struct policy_step *of, double people, enum channel channel, msec due)
{
	const struct rate *rate = rate_of(x, x->alert, of->below);
	unsigned long rows;

	if (!rate || x->count == WAVES_MAX || forecast_speed(x->routes, x->route_count, channel) <= 0)
		return;
	rows = (unsigned long)(people - forecast_answered(people, rate->per_s, due) + 0.5);
	if (!rows)
		return;
	x->list[x->count] = (struct queued){
		.alert = x->alert, .share = SHARE_LATER, .rows = rows,
		.f = { .channel = channel, .due_ms = due, .messages = rows,
		       .segments = (unsigned long)((double)rows * parts_of(x, channel) + 0.5),
		       .answers_per_s = rate->per_s },
	};
	x->count++;
}

/* The people of one position of a rung; those above the targets are few. */
static void
add_position(struct rest *x, const struct policy_step *of, size_t k, msec due)
{
	double people;

	if (of->to_count && settings_is_above(x->settings, x->policy, of->to[k]))
		return;
	people = of->to_count ? holders(x, &x->settings->families[of->to[k]], of->below)
		: asked_again(x, of->below);
	for (int c = 0; c < CHANNEL_CONSOLE; c++)
		if (of->channels[c])
			add_calls(x, of, people, (enum channel)c, due);
}

/* Those that fire before the last has left. */
static void
add_rungs(struct rest *x)
{
	if (!x->policy || x->targets > TARGETS_MAX)
		return;
	for (size_t s = x->next; s < x->policy->step_count; s++) {
		const struct policy_step *of = &x->policy->steps[s];
		msec due = x->released_at + of->after_ms - x->now;

		if (due > x->last_ms || x->last_ms <= 0)
			return;
		if (of->to_answered || of->inform)
			continue;
		for (size_t k = 0; k < (of->to_count ? of->to_count : 1); k++)
			add_position(x, of, k, due > 0 ? due : 0);
		run(x);
	}
}

static void
tell(const struct rest *x, struct buf *out)
{
	unsigned long rows[SHARE_LATER + 1] = { 0 }, segments = 0;
	double spared = 0;

	for (size_t i = 0; i < x->count; i++) {
		const struct queued *q = &x->list[i];

		rows[q->share] += q->rows;
		if (q->share != SHARE_OWN)
			continue;
		segments += q->f.messages ? q->f.segments * q->rows / q->f.messages : q->rows;
		spared += (double)(q->rows - q->f.messages) + q->f.spared;
	}
	buf_printf(out, "\"forecast\":{\"last_ms\":%lld,\"messages\":%lu,\"segments\":%lu,\"ahead\":%lu,"
		   "\"thanks\":%lu,\"later\":%lu,\"spared\":%lu}", (long long)x->last_ms, rows[SHARE_OWN],
		   segments, rows[SHARE_AHEAD], rows[SHARE_THANKS], rows[SHARE_LATER],
		   (unsigned long)(spared + 0.5));
}

void
json_forecast(struct reader *r, const struct settings *s, int64_t alert, const struct policy *policy,
	      msec now, struct buf *out)
{
	struct rest x = { .r = r, .settings = s, .alert = alert, .policy = policy, .now = now };
	sqlite3_stmt *st = read_query(r, "SELECT coalesce(released_at, accepted_at), step, state, "
				      "targets FROM alert "
				      "WHERE id = ?", "i", alert);

	if (read_step(r, st)) {
		x.released_at = sqlite3_column_int64(st, 0);
		x.next = (size_t)sqlite3_column_int64(st, 1);
		x.targets = sqlite3_column_int64(st, 3);
		if (sqlite3_column_int(st, 2) != ALERT_ACTIVE)
			x.policy = NULL;	/* no rung comes any more */
		sqlite3_reset(st);
	}
	x.list = xcalloc(WAVES_MAX + 2, sizeof(*x.list));
	load_routes(&x);
	load_queued(&x);
	drop_behind(&x);
	run(&x);
	add_thanks(&x);
	add_rungs(&x);
	tell(&x, out);
	free(x.list);
}
