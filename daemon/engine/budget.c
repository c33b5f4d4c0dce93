/* budget.c -- how often a number was used by a route that limits it: kept in memory, for such
 * routes only, and filled again from the last day's attempts after a restart. */
#include "daemon/engine/internal.h"

#include <stdlib.h>
#include <string.h>

struct usage {
	msec *at;			/* ascending */
	size_t count, cap;
};

/* The first instant at which one more to this number fits every budget. */
msec
engine_budget_at(struct engine *e, struct route_state *r, uint64_t e164)
{
	struct usage *u = r->conf->budget_count ? table_get(&r->used, e164) : NULL;

	return u ? pace_budget_next_at(r->conf->budgets, r->conf->budget_count, u->at, u->count,
				       e->now) : e->now;
}

void
engine_budget_use(struct route_state *r, uint64_t e164, msec at)
{
	struct usage *u;

	if (!r->conf->budget_count)
		return;
	u = table_get(&r->used, e164);
	if (!u)
		table_put(&r->used, e164, u = xcalloc(1, sizeof(*u)));
	if (u->count == u->cap) {
		u->cap = u->cap ? u->cap * 2 : 4;
		u->at = xrealloc(u->at, u->cap * sizeof(*u->at));
	}
	u->at[u->count++] = at;
}

static void
note_use(void *ctx, uint64_t e164, msec at)
{
	engine_budget_use(ctx, e164, at);
}

void
engine_budgets_load(struct engine *e, struct route_state *r)
{
	if (r->conf->budget_count)
		store_used_since(e->store, r->id, e->now - HOURS(24), note_use, r);
}

static void
shift_usage(void *ctx, uint64_t e164, void *value)
{
	struct usage *u = value;

	for (size_t i = 0; i < u->count; i++)
		u->at[i] += *(msec *)ctx;
}

void
engine_budgets_shift(struct route_state *r, msec by)
{
	table_each(&r->used, shift_usage, &by);
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
	struct trim trim = { .before = e->now };

	for (size_t i = 0; i < r->conf->budget_count; i++)
		trim.before = msec_min(trim.before, e->now - r->conf->budgets[i].period_ms);
	table_each(&r->used, trim_usage, &trim);
	table_fini(&r->used, NULL);
	r->used = trim.kept;
}

static void
free_usage(void *p)
{
	free(((struct usage *)p)->at);
	free(p);
}

void
engine_budgets_free(struct route_state *r)
{
	table_fini(&r->used, free_usage);
}
