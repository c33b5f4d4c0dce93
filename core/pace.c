/* pace.c -- budgets, token buckets and back-off as arithmetic on instants. */
#include "core/pace.h"

msec
pace_budget_next_at(const struct pace_budget *budgets, size_t count, const msec *past_at,
		    size_t past, msec now)
{
	msec at = now;

	for (size_t i = 0; i < count; i++) {
		msec full_until;

		if (budgets[i].count == 0)
			return NEVER;
		if (past < budgets[i].count)
			continue;
		full_until = msec_add(past_at[past - budgets[i].count], budgets[i].period_ms);
		if (full_until > at)
			at = full_until;
	}
	return at;
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
	double missing = 1 - b->tokens;
	msec at;

	if (b->per_second <= 0 || missing <= 0)
		return now;
	/* From when it was filled: asked again and again, the instant must not run away. */
	at = b->filled_at + (msec)(missing * 1000 / b->per_second) + 1;
	return at > now ? at : now;
}

msec
pace_backoff_ms(msec first_ms, msec max_ms, unsigned failures)
{
	msec wait = first_ms;

	while (failures-- > 1 && wait > 0 && wait < max_ms)
		wait = wait > max_ms / 2 ? max_ms : wait * 2;
	return wait < max_ms ? wait : max_ms;
}
