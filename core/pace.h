/* pace.h -- when may the next message go: rate of a route, budgets of a number, back-off.  Pure. */
#ifndef GONG_PACE_H
#define GONG_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/msec.h"

struct pace_budget {
	unsigned count;			/* at most this many … */
	msec period_ms;			/* … in any window of this length */
	/* Of the local day, at and until which it binds and counts; over midnight when from is the
	 * later one; equal: always. */
	msec from_ms, to_ms;
};
#define PACE_COUNT_MAX 100000
#define PACE_PERIOD_MAX HOURS(24 * 366)
/* "20/1d": 1 to PACE_COUNT_MAX in 1 s to PACE_PERIOD_MAX; or "1/10h@22:00-08:00" with hours of the day.  -1: it is no such text. */
int pace_budget_parse(struct pace_budget *, const char *text);

/* Local time minus UTC at an instant; NULL stands for none. */
typedef msec (*pace_offset_fn)(msec at);
/* First instant >= now at which one more fits every budget.  `past_at` are the instants already
 * used, ascending. */
msec pace_budget_next_at(const struct pace_budget *, size_t budgets, pace_offset_fn,
			 const msec *past_at, size_t past, msec now);

/* The same for what must leave the last one of every budget to others (but for one a minute). */
msec pace_budget_spare_at(const struct pace_budget *, size_t budgets, pace_offset_fn,
			  const msec *past_at, size_t past, msec now);

/* Token bucket: `per_second` <= 0 means unlimited.  `burst` >= 1. */
struct pace_bucket {
	double per_second, burst, tokens;
	msec filled_at;
};
/* How many of `want` may go now (takes them). */
unsigned pace_bucket_take(struct pace_bucket *, unsigned want, msec now);
msec pace_bucket_next_at(const struct pace_bucket *, msec now);

/* A meter of what may happen `burst` times at once and once each `gap_ms` for long; `*until` is all
 * its state (0 = fresh), so that it can be kept on disk.  False: that is too often, not counted. */
bool pace_meter_take(msec *until, msec gap_ms, unsigned burst, msec now);
/* Counts one that happened anyway; what is above `most` is forgotten. */
void pace_meter_add(msec *until, msec gap_ms, unsigned most, msec now);
/* Are there more than `count` on it? */
bool pace_meter_is_over(msec until, msec gap_ms, unsigned count, msec now);

/* first_ms doubling per failure (count from 1) up to max_ms. */
msec pace_backoff_ms(msec first_ms, msec max_ms, unsigned failures);
/* Within a fifth of it, by `seed`: what failed together does not come back together. */
msec pace_jitter_ms(msec wait_ms, uint64_t seed);

#endif
