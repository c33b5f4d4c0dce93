/* counts.c -- for which places an answer counts: those that the texts named which its writer was
 * given. */
#include "daemon/engine/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE 256

static size_t
called_for(struct engine *e, int64_t alert, uint32_t contact, unsigned **out)
{
	size_t count = 0, more;

	*out = NULL;
	do {
		*out = xrealloc(*out, (count + AT_ONCE) * sizeof(**out));
		more = store_called_targets(e->store, contact, alert,
					    count ? (int64_t)(*out)[count - 1] : -1, *out + count,
					    AT_ONCE);
		count += more;
	} while (more == AT_ONCE);
	return count;
}

struct named {				/* targets that texts name; in order once sorted */
	unsigned *targets;
	size_t count;
	bool all;			/* a text without places of its own speaks of them all */
};

static int
by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

static size_t
once_each(unsigned *list, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(list, count, sizeof(*list), by_number);
	for (size_t i = 0; i < count; i++)
		if (!kept || list[kept - 1] != list[i])
			list[kept++] = list[i];
	return kept;
}

/* The targets of one text are added.  A text speaks of all where targets are no places: persons, a
 * team. */
static void
add_named(struct engine *e, int64_t alert, int64_t text, struct named *named)
{
	size_t count, before = named->count;
	division_code *places = store_variant_places(e->store, text, &count);

	named->targets = xrealloc(named->targets, (named->count + count + 1) * sizeof(unsigned));
	for (size_t i = 0; i < count; i++) {
		struct target t;

		if (store_target_by_division(e->store, alert, places[i], &t) && !t.contact)
			named->targets[named->count++] = t.id;
	}
	named->all |= named->count == before;
	named->count = once_each(named->targets, named->count);
	free(places);
}

/* A team or a person is no place: whatever its people read, their answers are for it. */
static bool
is_of_places(struct engine *e, int64_t alert)
{
	struct alert a = { .policy = 0 };
	const struct policy *p;

	store_alert_get(e->store, alert, &a);
	p = engine_policy(e, a.policy);
	return !p || (p->targets != TARGETS_TEAM && p->targets != TARGETS_PERSON);
}

size_t
engine_counts_for(struct engine *e, int64_t alert, uint32_t contact, const int64_t *texts,
		  size_t text_count, unsigned **targets)
{
	size_t count = called_for(e, alert, contact, targets), kept = 0;
	struct named named = { .all = !text_count || !is_of_places(e, alert) };

	for (size_t i = 0; i < text_count && !named.all; i++)
		add_named(e, alert, texts[i], &named);
	for (size_t i = 0; i < count && !named.all; i++)
		if (bsearch(&(*targets)[i], named.targets, named.count, sizeof(unsigned), by_number))
			(*targets)[kept++] = (*targets)[i];
	free(named.targets);
	return named.all ? count : kept;
}

bool
engine_names_one_thing(struct engine *e, int64_t alert, const int64_t *texts, size_t text_count)
{
	struct named first = { 0 }, other;
	bool same = true;

	if (text_count < 2 || !is_of_places(e, alert))
		return true;
	add_named(e, alert, texts[0], &first);
	for (size_t i = 1; i < text_count && same; i++) {
		other = (struct named){ 0 };
		add_named(e, alert, texts[i], &other);
		same = other.all == first.all && other.count == first.count &&
			memcmp(other.targets, first.targets, first.count * sizeof(unsigned)) == 0;
		free(other.targets);
	}
	free(first.targets);
	return same;
}

bool
engine_names_all(struct engine *e, int64_t alert, int64_t text, const int64_t *texts, size_t text_count)
{
	struct named own = { 0 }, all = { 0 };
	bool names = true;

	if (!text)
		return false;
	add_named(e, alert, text, &own);
	for (size_t i = 0; i < text_count; i++)
		add_named(e, alert, texts[i], &all);
	for (size_t i = 0; i < all.count && names; i++)
		names = bsearch(&all.targets[i], own.targets, own.count, sizeof(unsigned), by_number);
	names = own.all || (names && !all.all);
	free(own.targets);
	free(all.targets);
	return names;
}

size_t
engine_target_places(struct engine *e, int64_t alert, const unsigned *targets, size_t count,
		     division_code **out)
{
	size_t found = 0;

	*out = xcalloc(count + 1, sizeof(**out));
	for (size_t i = 0; i < count; i++) {
		struct target t;

		if (store_target_get(e->store, alert, targets[i], &t) && t.division && !t.contact)
			(*out)[found++] = t.division;
	}
	return found;
}
