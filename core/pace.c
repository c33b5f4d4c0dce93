/* pace.c -- budgets, token buckets and back-off as arithmetic on instants. */
#include "core/pace.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"

#define DAY HOURS(24)

/* One or two digits, at most `most`; returns what follows, NULL if they are none. */
static const char *
two_digits(unsigned *out, const char *p, unsigned most)
{
	int count = 0;

	for (*out = 0; count < 2 && *p >= '0' && *p <= '9'; p++, count++)
		*out = *out * 10 + (unsigned)(*p - '0');
	return count && *out <= most ? p : NULL;
}

static int
parse_clock(msec *out, const char *text, const char **end)
{
	unsigned hour, minute;

	text = two_digits(&hour, text, 24);
	if (!text || *text != ':' || !(text = two_digits(&minute, text + 1, 59)) ||
	    hour * 60 + minute > 24 * 60)
		return -1;
	*out = HOURS(hour) + MINUTES(minute);
	*end = text;
	return 0;
}

static int
parse_hours(struct pace_budget *b, const char *text)
{
	if (parse_clock(&b->from_ms, text, &text) < 0 || *text != '-' ||
	    parse_clock(&b->to_ms, text + 1, &text) < 0 || *text)
		return -1;
	return b->from_ms == b->to_ms || (b->from_ms == 0 && b->to_ms == DAY) ? -1 : 0;
}

int
pace_budget_parse(struct pace_budget *b, const char *text)
{
	size_t slash = strcspn(text, "/"), length = strcspn(text, "@");
	char count[16], period[24];
	int64_t number;

	*b = (struct pace_budget){ 0 };
	if (slash >= length || slash >= sizeof(count) || length - slash > sizeof(period))
		return -1;
	snprintf(count, sizeof(count), "%.*s", (int)slash, text);
	snprintf(period, sizeof(period), "%.*s", (int)(length - slash - 1), text + slash + 1);
	if (whole_parse(&number, count, 1, PACE_COUNT_MAX) < 0 ||
	    duration_parse(&b->period_ms, period, SECONDS(1), PACE_PERIOD_MAX) < 0)
		return -1;
	b->count = (unsigned)number;
	return text[length] ? parse_hours(b, text + length + 1) : 0;
}

static msec
time_of_day(pace_offset_fn offset, msec at)
{
	msec local = at + (offset ? offset(at) : 0);

	return (local % DAY + DAY) % DAY;
}

static bool
binds(const struct pace_budget *b, pace_offset_fn offset, msec at)
{
	msec time;

	if (b->from_ms == b->to_ms)
		return true;
	time = time_of_day(offset, at);
	if (b->from_ms < b->to_ms)
		return time >= b->from_ms && time < b->to_ms;
	return time >= b->from_ms || time < b->to_ms;
}

/* When its hours end, being in them.  A change to or from summer time in between moves that. */
static msec
hours_end_at(const struct pace_budget *b, pace_offset_fn offset, msec at)
{
	msec end = at + (b->to_ms - time_of_day(offset, at) + DAY) % DAY, moved = end;

	if (offset)
		moved += offset(at) - offset(end);
	return moved > at ? moved : end;
}

/* Not before this may one more go, as far as this budget is concerned. */
static msec
full_until(const struct pace_budget *b, pace_offset_fn offset, const msec *past_at, size_t past,
	   unsigned left, msec at)
{
	if (!binds(b, offset, at))
		return at;
	if (!left)
		return NEVER;
	while (left && past)
		if (binds(b, offset, past_at[--past]))
			left--;
	return left ? at : msec_add(past_at[past], b->period_ms);
}

static msec
next_at(const struct pace_budget *budgets, size_t count, pace_offset_fn offset, const msec *past_at,
	size_t past, msec now, unsigned (*left)(const struct pace_budget *))
{
	msec at = now;

	/* Whoever has waited for one budget may have come into the hours of another. */
	for (size_t i = 0; i < count && at != NEVER;) {
		const struct pace_budget *b = &budgets[i];
		msec until = full_until(b, offset, past_at, past, left(b), at);

		if (until <= at) {
			i++;
			continue;
		}
		at = b->from_ms == b->to_ms ? until
			: msec_min(until, hours_end_at(b, offset, at));
		i = 0;
	}
	return at;
}

static unsigned
all_of(const struct pace_budget *b)
{
	return b->count;
}

/* One a minute is a beat: it is full again before anybody has typed the next request. */
static unsigned
all_but_one(const struct pace_budget *b)
{
	return b->count > 1 || b->period_ms > MINUTES(1) ? b->count - (b->count > 0) : b->count;
}

msec
pace_budget_next_at(const struct pace_budget *budgets, size_t count, pace_offset_fn offset,
		    const msec *past_at, size_t past, msec now)
{
	return next_at(budgets, count, offset, past_at, past, now, all_of);
}

msec
pace_budget_spare_at(const struct pace_budget *budgets, size_t count, pace_offset_fn offset,
		     const msec *past_at, size_t past, msec now)
{
	return next_at(budgets, count, offset, past_at, past, now, all_but_one);
}

static void
fill(struct pace_bucket *b, msec now)
{
	if (now > b->filled_at)
		b->tokens += (double)(now - b->filled_at) * b->per_second / 1000;
	if (b->tokens > b->burst)
		b->tokens = b->burst;
	b->filled_at = now;
}

unsigned
pace_bucket_take(struct pace_bucket *b, unsigned want, msec now)
{
	unsigned may;

	if (b->per_second <= 0)
		return want;
	fill(b, now);
	may = b->tokens < 0 ? 0 : b->tokens >= want ? want : (unsigned)b->tokens;
	b->tokens -= may;
	return may;
}

msec
pace_bucket_next_at(const struct pace_bucket *b, msec now)
{
	double missing = 1 - b->tokens, wait;
	msec at;

	if (b->per_second <= 0 || missing <= 0)
		return now;
	wait = missing * 1000 / b->per_second;
	/* From when it was filled: asked again and again, the instant must not run away. */
	at = msec_add(b->filled_at, wait < (double)PACE_PERIOD_MAX ? (msec)wait + 1
		      : PACE_PERIOD_MAX);
	return at > now ? at : now;
}

bool
pace_meter_is_over(msec until, msec gap_ms, unsigned count, msec now)
{
	return until - now > gap_ms * (msec)count;
}

void
pace_meter_add(msec *until, msec gap_ms, unsigned most, msec now)
{
	*until = (*until > now ? *until : now) + gap_ms;
	if (pace_meter_is_over(*until, gap_ms, most, now))
		*until = now + gap_ms * (msec)most;
}

bool
pace_meter_take(msec *until, msec gap_ms, unsigned burst, msec now)
{
	/* A clock that was set back leaves no more than a full meter behind. */
	if (pace_meter_is_over(*until, gap_ms, burst, now))
		*until = now + gap_ms * (msec)burst;
	if (pace_meter_is_over(*until, gap_ms, burst - 1, now))
		return false;
	pace_meter_add(until, gap_ms, burst, now);
	return true;
}

msec
pace_backoff_ms(msec first_ms, msec max_ms, unsigned failures)
{
	msec wait = first_ms;

	while (failures-- > 1 && wait > 0 && wait < max_ms)
		wait = wait > max_ms / 2 ? max_ms : wait * 2;
	return wait < max_ms ? wait : max_ms;
}

msec
pace_jitter_ms(msec wait_ms, uint64_t seed)
{
	/* The finaliser of splitmix64: neighbouring seeds give distant values. */
	seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9u;
	seed = (seed ^ seed >> 27) * 0x94d049bb133111ebu;
	seed ^= seed >> 31;
	return wait_ms - wait_ms / 5 + (msec)(seed % (uint64_t)(wait_ms / 5 * 2 + 1));
}
