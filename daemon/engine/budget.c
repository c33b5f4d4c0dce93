/* budget.c -- what a route's account allows: messages a second, and how often a number may be
 * used.  The uses are kept in memory, for such routes only, and read again from the attempts
 * when gongd starts or budgets change. */
#include "daemon/engine/ground.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct usage {
	msec *at;			/* ascending */
	size_t count, cap;
};

static void
free_usage(void *p)
{
	free(((struct usage *)p)->at);
	free(p);
}

static void
forget_uses(struct route_state *r)
{
	table_fini(&r->used, free_usage);
}

/* gongd runs in the site's time zone. */
static msec
local_offset(msec at)
{
	time_t seconds = (time_t)(at / 1000);
	struct tm tm = { 0 };

	localtime_r(&seconds, &tm);
	return SECONDS(tm.tm_gmtoff);
}

/* The first instant at which one more to this number fits every budget; a drill leaves the last of
 * each to what is real. */
msec
engine_budget_at(struct engine *e, struct route_state *r, uint64_t e164, bool drill)
{
	struct usage *u = r->budget_count ? table_get(&r->used, e164) : NULL;

	if (drill && r->budget_count)
		return pace_budget_spare_at(r->budgets, r->budget_count, local_offset, u ? u->at : NULL,
					    u ? u->count : 0, e->now);
	return u ? pace_budget_next_at(r->budgets, r->budget_count, local_offset, u->at, u->count,
				       e->now) : e->now;
}

void
engine_budget_use(struct route_state *r, uint64_t e164, msec at)
{
	struct usage *u;
	size_t i;

	if (!r->budget_count)
		return;
	u = table_get(&r->used, e164);
	if (!u)
		table_put(&r->used, e164, u = xcalloc(1, sizeof(*u)));
	if (u->count == u->cap) {
		u->cap = u->cap ? u->cap * 2 : 4;
		u->at = xrealloc(u->at, u->cap * sizeof(*u->at));
	}
	for (i = u->count++; i > 0 && u->at[i - 1] > at; i--)
		u->at[i] = u->at[i - 1];
	u->at[i] = at;
}

static void
note_use(void *ctx, uint64_t e164, msec at)
{
	engine_budget_use(ctx, e164, at);
}

static msec
longest_period(const struct route_state *r)
{
	msec longest = 0;

	for (size_t i = 0; i < r->budget_count; i++)
		if (r->budgets[i].period_ms > longest)
			longest = r->budgets[i].period_ms;
	return longest;
}

/* What is with the driver has no attempt's row yet. */
static void
note_sending(struct engine *e, struct route_state *r)
{
	static struct message rows[1000];
	uint32_t wave = 0, contact = 0;
	size_t count;

	while ((count = store_messages_sending(e->store, wave, contact, rows, 1000))) {
		for (size_t i = 0; i < count; i++)
			if (rows[i].route == r->id)
				engine_budget_use(r, rows[i].e164, rows[i].at);
		wave = rows[count - 1].wave;
		contact = rows[count - 1].contact;
	}
}

void
engine_budgets_load(struct engine *e, struct route_state *r)
{
	forget_uses(r);
	if (!r->budget_count)
		return;
	store_used_since(e->store, r->id, e->now - longest_period(r), note_use, r);
	note_sending(e, r);
}

static void
set_rate(struct engine *e, struct route_state *r)
{
	double rate = r->conf->rate > 0 ? r->conf->rate : r->said_rate;

	if (rate != r->bucket.per_second)
		r->bucket = (struct pace_bucket){ .per_second = rate, .burst = rate > 1 ? rate : 1,
						  .tokens = 1, .filled_at = e->now };
}

static struct pace_budget *
copy_budgets(const struct pace_budget *budgets, size_t count)
{
	struct pace_budget *copy = xcalloc(count + 1, sizeof(*copy));

	for (size_t i = 0; i < count; i++)
		copy[i] = budgets[i];
	return copy;
}

static bool
same_budget(const struct pace_budget *a, const struct pace_budget *b)
{
	return a->count == b->count && a->period_ms == b->period_ms && a->from_ms == b->from_ms &&
		a->to_ms == b->to_ms;
}

/* What gong.conf says of a kind wins over what the driver says of it. */
void
engine_limits_apply(struct engine *e, struct route_state *r)
{
	bool ours = r->conf->budget_count > 0;
	const struct pace_budget *wanted = ours ? r->conf->budgets : r->said_budgets;
	size_t count = ours ? r->conf->budget_count : r->said_budget_count;
	bool same = count == r->budget_count;

	set_rate(e, r);
	for (size_t i = 0; i < count && same; i++)
		same = same_budget(&wanted[i], &r->budgets[i]);
	if (same)
		return;
	free(r->budgets);
	r->budgets = copy_budgets(wanted, count);
	r->budget_count = count;
	engine_budgets_load(e, r);
}

void
engine_limits_said(struct engine *e, struct route_state *r, const struct command *ready)
{
	free(r->said_budgets);
	r->said_budgets = copy_budgets(ready->ready.budgets, ready->ready.budget_count);
	r->said_budget_count = ready->ready.budget_count;
	r->said_rate = ready->ready.rate;
	engine_limits_apply(e, r);
}

static void
shift_usage(void *ctx, uint64_t e164, void *value)
{
	struct usage *u = value;

	for (size_t i = 0; i < u->count; i++)
		u->at[i] += *(msec *)ctx;
}

void
engine_budgets_shift(struct engine *e, msec by)
{
	for (size_t i = 0; i < e->route_count; i++) {
		table_each(&e->routes[i]->used, shift_usage, &by);
		e->routes[i]->bucket.filled_at += by;
	}
}

struct trim {
	msec before;			/* uses before it no longer count */
	struct table kept;
};

static void
trim_usage(void *ctx, uint64_t e164, void *value)
{
	struct trim *trim = ctx;
	struct usage *u = value;
	size_t old = 0;

	while (old < u->count && u->at[old] < trim->before)
		old++;
	u->count -= old;
	memmove(u->at, u->at + old, u->count * sizeof(*u->at));
	if (u->count) {
		table_put(&trim->kept, e164, u);
	} else {
		free(u->at);
		free(u);
	}
}

/* Uses older than the longest budget are let go. */
void
engine_budgets_trim(struct engine *e, struct route_state *r)
{
	struct trim trim = { .before = e->now - longest_period(r) };

	table_each(&r->used, trim_usage, &trim);
	table_fini(&r->used, NULL);
	r->used = trim.kept;
}

void
engine_limits_free(struct route_state *r)
{
	forget_uses(r);
	free(r->budgets);
	free(r->said_budgets);
}
