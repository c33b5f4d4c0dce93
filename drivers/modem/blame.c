/* blame.c -- counts refusals by code and number; it knows no message and no modem. */
#include "drivers/modem/blame.h"

#include <string.h>

#include "core/table.h"

static void
blame_drop(struct blames *b, size_t i)
{
	memmove(&b->all[i], &b->all[i + 1], (--b->count - i) * sizeof(b->all[0]));
}

static const struct blame *
blame_of(const struct blames *b, uint64_t number)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->all[i].number == number)
			return &b->all[i];
	return NULL;
}

/* Old ones, and the number's own one before, make room. */
static void
count_one(struct blames *b, const struct blame *new)
{
	for (size_t i = b->count; i-- > 0;)
		if (b->all[i].number == new->number || b->all[i].at + BLAME_COUNTS_MS < new->at ||
		    b->all[i].at > new->at)	/* the clock was set back */
			blame_drop(b, i);
	if (b->count == BLAMES)
		blame_drop(b, 0);
	b->all[b->count++] = *new;
}

static bool
has_other_number(const struct blames *b, const struct blame *new)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->all[i].code == new->code && b->all[i].number != new->number)
			return true;
	return false;
}

enum verdict
blame_refused(struct blames *b, const struct refusal *r, const char *number, msec now)
{
	struct blame new = { .number = table_key(number), .code = r->code, .of = r->of, .at = now };
	bool is_routes;

	if (r->of == OF_NUMBER)
		return VERDICT_NUMBER;
	if (r->of == OF_MOMENT || r->of == OF_MODE)
		return VERDICT_LATER;
	count_one(b, &new);
	is_routes = has_other_number(b, &new);
	if (r->of == OF_DOUBT)
		return is_routes ? VERDICT_SICK : VERDICT_UNKNOWN;
	if (!is_routes)
		return VERDICT_ELSEWHERE;
	b->is_routes = true;
	b->probe_at = 0;
	return VERDICT_ROUTE;
}

bool
blame_accepted(struct blames *b)
{
	bool was = b->count || b->is_routes;

	*b = (struct blames){ .count = 0 };
	return was;
}

void
blame_excuse(struct blames *b)
{
	for (size_t i = b->count; i-- > 0;)
		if (b->all[i].of == OF_NETWORK)
			blame_drop(b, i);
}

bool
blame_holds(struct blames *b, const char *number, msec now)
{
	const struct blame *own = blame_of(b, table_key(number));

	if (!own)
		return false;
	if (!b->is_routes)
		return own->of == OF_SENDER && now >= own->at && now < own->at + BLAME_REST_MS;
	if (!b->probe_at)
		b->probe_at = now;
	return now >= b->probe_at && now < b->probe_at + BLAME_OTHERS_MS;
}
