/* thanks.c -- automatic replies to what people say, braked for each number. */
#include "daemon/engine/answer.h"

#include <stdlib.h>

struct brake {				/* automatic replies to one number */
	msec hour_at;
	unsigned count;
};

static bool
brake_allows(struct engine *e, uint64_t e164)
{
	struct brake *b = table_get(&e->brakes, e164);

	if (!b)
		table_put(&e->brakes, e164, b = xcalloc(1, sizeof(*b)));
	if (e->now - b->hour_at >= HOURS(1) || e->now < b->hour_at)
		*b = (struct brake){ .hour_at = e->now };
	return b->count++ < e->settings->auto_replies_per_hour;
}

struct old_brakes {
	msec now;
	struct table kept;
};

static void
keep_brake(void *ctx, uint64_t e164, void *value)
{
	struct old_brakes *old = ctx;
	struct brake *b = value;

	if (old->now - b->hour_at < HOURS(1))
		table_put(&old->kept, e164, b);
	else
		free(b);
}

/* Numbers that have been quiet for an hour are forgotten. */
void
engine_brakes_trim(struct engine *e)
{
	struct old_brakes old = { .now = e->now };

	table_each(&e->brakes, keep_brake, &old);
	table_fini(&e->brakes, NULL);
	e->brakes = old.kept;
}

static void
shift_brake(void *ctx, uint64_t key, void *value)
{
	((struct brake *)value)->hour_at += *(msec *)ctx;
}

void
engine_brakes_shift(struct engine *e, msec by)
{
	table_each(&e->brakes, shift_brake, &by);
}

void
engine_thank(struct engine *e, const struct candidate *c, uint64_t e164, bool over)
{
	struct alert a;
	struct person person;

	if (!brake_allows(e, e164) || !store_person_by_id(e->store, c->contact, &person))
		return;
	store_alert_get(e->store, c->alert.id, &a);
	engine_send_one(e, &a, WAVE_REPLY, c->contact, person.lang,
			over ? "ack.late" : "ack.thanks");
}
