/* moved.c -- an alert of which another took over some targets: which of its rows speak of these.
 * Nothing is written when targets move, be it 20,000 of them: each row is looked at when it is
 * claimed, and waves of alerts that nobody took anything from pay one test of a flag. */
#include "daemon/engine/waves.h"

#include <assert.h>
#include <stdlib.h>

struct parted {
	bool moved;			/* else it is only asked of, because it ended as a whole */
	bool loaded;
	struct target *targets;		/* by id, which counts from 0 */
	size_t count, cap;
	const struct target **sorted;	/* by division; none of persons */
	size_t sorted_count;
	const struct target **row;	/* of the row looked at last */
	bool *in_row;
	size_t row_count;
};

static void
parted_free(void *value)
{
	struct parted *p = value;

	free(p->targets);
	free(p->sorted);
	free(p->row);
	free(p->in_row);
	free(p);
}

static struct parted *
parted_note(struct engine *e, int64_t alert, bool moved)
{
	struct parted *p = table_get(&e->waves.parted, (uint64_t)alert);

	if (!p)
		table_put(&e->waves.parted, (uint64_t)alert, p = xcalloc(1, sizeof(*p)));
	p->moved |= moved;
	return p;
}

bool
engine_is_parted(const struct engine *e, int64_t alert)
{
	const struct parted *p = table_get(&e->waves.parted, (uint64_t)alert);

	return p && p->moved;
}

static void
note_moved(void *ctx, int64_t alert)
{
	parted_note(ctx, alert, true);
}

void
engine_parted_load(struct engine *e)
{
	store_alerts_parted(e->store, note_moved, e);
}

void
engine_parted_drop(struct engine *e)
{
	table_fini(&e->waves.parted, parted_free);
}

void
engine_parted_forget(struct engine *e, int64_t alert)
{
	struct parted *old = table_take(&e->waves.parted, (uint64_t)alert);
	bool moved = old && old->moved;

	if (old)
		parted_free(old);
	if (moved)
		parted_note(e, alert, true);
}

void
engine_parted_note(struct engine *e, int64_t alert)
{
	parted_note(e, alert, true);
	engine_parted_forget(e, alert);
}

static void
add_target(void *ctx, const struct target *t)
{
	struct parted *p = ctx;

	if (p->count == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 64;
		p->targets = xrealloc(p->targets, p->cap * sizeof(*p->targets));
	}
	assert(t->id == p->count);
	p->targets[p->count++] = *t;
}

static int
by_division(const void *a, const void *b)
{
	const struct target *x = *(const struct target *const *)a;
	const struct target *y = *(const struct target *const *)b;

	return x->division < y->division ? -1 : x->division > y->division;
}

static struct parted *
parted_of(struct engine *e, int64_t alert)
{
	struct parted *p = parted_note(e, alert, false);

	if (p->loaded)
		return p;
	store_targets_all(e->store, alert, add_target, p);
	p->sorted = xcalloc(p->count + 1, sizeof(*p->sorted));
	p->row = xcalloc(p->count + 1, sizeof(*p->row));
	p->in_row = xcalloc(p->count + 1, sizeof(*p->in_row));
	for (size_t i = 0; i < p->count; i++)
		if (p->targets[i].division && !p->targets[i].contact)
			p->sorted[p->sorted_count++] = &p->targets[i];
	qsort(p->sorted, p->sorted_count, sizeof(*p->sorted), by_division);
	p->loaded = true;
	return p;
}

static void
row_add(struct parted *p, const struct target *t)
{
	size_t i = (size_t)(t - p->targets);

	if (!p->in_row[i])
		p->row[p->row_count++] = t;
	p->in_row[i] = true;
}

static void
row_reset(struct parted *p)
{
	while (p->row_count)
		p->in_row[p->row[--p->row_count] - p->targets] = false;
}

/* The first target at or after the division. */
static size_t
first_from(const struct parted *p, division_code division)
{
	size_t low = 0, high = p->sorted_count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (p->sorted[mid]->division < division)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* What is said of a township is said of all villages in it, and what is said of a village of the
 * township that is the target. */
static void
row_add_place(void *ctx, division_code place)
{
	struct parted *p = ctx;
	struct division_range in = division_range(place);

	for (size_t i = first_from(p, in.first); i < p->sorted_count && p->sorted[i]->division <= in.last;
	     i++)
		row_add(p, p->sorted[i]);
	for (enum tier tier = TIER_COUNTY; tier < division_tier(place); tier++) {
		division_code up = division_ancestor(place, tier);
		size_t i = first_from(p, up);

		if (i < p->sorted_count && p->sorted[i]->division == up)
			row_add(p, p->sorted[i]);
	}
}

struct called_row {
	struct parted *p;
	const division_code *places;	/* that the text names; NULL = all he is called for */
	size_t count;
};

static void
row_add_called(void *ctx, const struct target *called)
{
	struct called_row *row = ctx;
	bool named = !row->count || called->contact;

	for (size_t i = 0; i < row->count && !named; i++)
		named = division_contains(row->places[i], called->division) ||
			division_contains(called->division, row->places[i]);
	if (named && called->id < row->p->count)
		row_add(row->p, &row->p->targets[called->id]);
}

size_t
engine_row_targets(struct engine *e, const struct wave *w, uint32_t contact, int64_t variant,
		   const struct target ***out)
{
	struct parted *p = parted_of(e, w->alert);

	size_t count;
	division_code *places = store_variant_places(e->store, variant, &count);
	struct called_row called = { p, places, count };

	row_reset(p);
	if (w->kind == WAVE_CALL)
		store_called_for(e->store, contact, w->alert, row_add_called, &called);
	else if (!count)
		store_posts_of(e->store, contact, row_add_place, p);
	for (size_t i = 0; i < count && w->kind != WAVE_CALL; i++)
		row_add_place(p, places[i]);
	free(places);
	*out = p->row;
	return p->row_count;
}

enum row_places
engine_row_places(struct engine *e, const struct live_wave *lw, uint32_t contact, int64_t variant)
{
	const struct target **targets;
	size_t count = engine_row_targets(e, &lw->w, contact, variant, &targets), moved = 0;

	for (size_t i = 0; i < count; i++)
		moved += targets[i]->moved_to != 0;
	return !moved ? ROW_STAYS : moved < count ? ROW_MIXED : ROW_MOVED;
}
