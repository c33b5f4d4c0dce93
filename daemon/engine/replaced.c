/* replaced.c -- what a replacement does to the alert it replaces, told to whoever asks for it: who
 * moves, who stays, how many are told where it has ended.  A dry run does it all and is undone. */
#include "daemon/engine/accept.h"

#include <stdlib.h>

struct taken {
	struct engine *e;
	struct buf *json;
	int64_t by;
	size_t moved, stay;
};

static void
tell_target(struct taken *t, const struct target *target)
{
	char code[DIVISION_TEXT];
	struct person person;

	buf_puts(t->json, t->moved++ ? "," : "");
	if (target->contact && store_person_by_id(t->e->store, target->contact, &person)) {
		buf_json(t->json, person.ref);
		return;
	}
	division_format(code, target->division);
	buf_json(t->json, target->division ? code : "");
}

static void
tell_moved(void *ctx, const struct target *target)
{
	struct taken *t = ctx;

	if (target->moved_to == t->by)
		tell_target(t, target);
	else
		t->stay += !target->moved_to;
}

/* Those whom a held one will take over. */
static void
tell_covered(struct taken *t, const struct alert *old, const struct alert_request *r)
{
	struct target *targets;
	size_t count = engine_covered(t->e, old, r, &targets);

	for (size_t i = 0; i < count; i++)
		if (!targets[i].moved_to)
			tell_target(t, &targets[i]);
	t->stay = old->targets > t->moved ? old->targets - t->moved : 0;
	free(targets);
}

struct readers {
	struct engine *e;
	struct id_set people;
	unsigned long told;
};

/* This turn may not have written yet how many they are. */
static void
add_told(void *ctx, const struct wave *w)
{
	struct readers *r = ctx;
	struct live_wave *lw;

	if (w->kind != WAVE_CORRECTION || w->position != ENDING_POSITION)
		return;
	lw = engine_wave(r->e, w->id);
	r->told += lw ? lw->w.total : w->total;
}

static void
add_reader(void *ctx, uint32_t contact, int64_t variant)
{
	id_set_add(ctx, contact);
}

static void
add_readers(void *ctx, const struct wave *w)
{
	struct readers *r = ctx;

	store_messages_reached_all(r->e->store, w->id, w->channel, w->cursor, add_reader, &r->people);
}

/* One to all whom the old one reached is planned over many turns: counted as it begins. */
static unsigned long
count_told(struct engine *e, const struct alert *a, const struct alert_request *r)
{
	struct readers readers = { .e = e };

	if (r->reached && replacement_is_whole(r))
		store_waves_of(e->store, a->replaces, add_readers, &readers);
	else
		store_waves_of(e->store, a->id, add_told, &readers);
	id_set_sort(&readers.people);
	readers.told += readers.people.count;
	id_set_fini(&readers.people);
	return readers.told;
}

void
engine_tell_replaced(struct engine *e, const struct alert *a, const struct alert_request *r,
		     struct buf *json)
{
	struct taken t = { .e = e, .json = json, .by = a->id };
	struct alert old;

	if (!a->replaces || !store_alert_get(e->store, a->replaces, &old))
		return;
	buf_printf(json, ",\"replaces\":{\"id\":%lld,\"code\":\"%s\",\"moved\":[", (long long)old.id,
		   old.code);
	if (a->state == ALERT_HELD && !r->dry_run)
		tell_covered(&t, &old, r);
	else
		store_targets_all(e->store, old.id, tell_moved, &t);
	buf_printf(json, "],\"stays\":%zu,\"told\":%lu}", replacement_is_whole(r) ? 0 : t.stay,
		   count_told(e, a, r));
}

void
engine_rehearse_replacement(struct engine *e, struct alert *a, const struct alert_request *r)
{
	struct target *targets;
	struct alert old;
	size_t count;

	if (!a->replaces || !store_alert_get(e->store, a->replaces, &old))
		return;
	count = engine_covered(e, &old, r, &targets);
	for (size_t i = 0; i < count; i++)
		store_target_move(e->store, old.id, targets[i].id, a->id);
	free(targets);
	engine_parted_forget(e, old.id);
	if (!(r->reached && replacement_is_whole(r)))
		engine_end_places(e, a, r, replacement_is_whole(r));
	engine_parted_forget(e, old.id);	/* it is undone */
}
