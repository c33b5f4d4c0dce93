/* collect.c -- a broadcast's people, slice by slice: the audience is collected, sorted and
 * written over many turns, so that nothing urgent waits long.  The audience is who holds the
 * request's roles or has its tags or, for a correction, whom the replaced alert reached. */
#include "daemon/engine/message.h"


#define COLLECT_SLICE 20000		/* rows of the lists read in a turn: 2 ms */
#define TAGGED_SLICE 2000		/* people with a tag, each with his posts: 10 ms */
#define WRITE_SLICE 2000		/* messages written in a turn: 2 ms */
#define TEXTS_SLICE 200			/* of these with a text of their own: 10 ms */

struct tagging {
	struct engine *e;
	struct broadcast *b;
};

static void
on_holder(void *ctx, const struct holder *h)
{
	struct broadcast *b = ctx;

	b->last = *h;
	if (!request_leaves_out(b->request, h->division))
		id_set_add(&b->people, h->contact << 1 | (h->lang & 1));
}

struct next_wave {
	const struct broadcast *b;
	struct wave wave;		/* id 0: there is none */
};

static void
find_next_wave(void *ctx, const struct wave *w)
{
	struct next_wave *next = ctx;

	if (!next->wave.id && w->id >= next->b->wave && w->kind != WAVE_REPLY)
		next->wave = *w;
}

static void
on_reached(void *ctx, uint32_t contact)
{
	struct broadcast *b = ctx;

	b->contact = contact;
	id_set_add(&b->people, contact << 1);
}

/* Those whom the replaced alert reached; true when there are no more.  Rows past a wave's cursor
 * never left. */
static bool
collect_reached(struct engine *e, struct broadcast *b, int64_t replaced, size_t room)
{
	while (room) {
		struct next_wave next = { .b = b };
		size_t got;

		store_waves_of(e->store, replaced, find_next_wave, &next);
		if (!next.wave.id)
			return true;
		b->wave = next.wave.id;
		got = store_messages_reached(e->store, b->wave, next.wave.channel, b->contact,
					     next.wave.cursor, room, on_reached, b);
		if (got < room) {
			b->wave++;
			b->contact = 0;
		}
		room -= got;
	}
	return false;
}

static void
next_list(struct broadcast *b, const struct family *family)
{
	b->last = BEFORE_ALL;
	if (++b->division < b->request->division_count)
		return;
	b->division = 0;
	if (++b->member < family->role_count)
		return;
	b->member = 0;
	b->role++;
}

static void
on_tagged(void *ctx, uint32_t contact, enum lang lang)
{
	struct tagging *t = ctx;
	division_code division;

	t->b->tagged = contact;
	if (picks_is_within(t->e, t->b->request, contact, &division))
		id_set_add(&t->b->people, contact << 1 | (lang & 1));
}

/* true: there are no more. */
static bool
collect_tagged(struct engine *e, struct broadcast *b)
{
	const struct alert_request *r = b->request;
	struct tagging t = { e, b };

	if (b->tag == r->tag_count)
		return true;
	if (store_tagged(e->store, store_tag_id(e->store, r->tags[b->tag]), b->tagged, TAGGED_SLICE, on_tagged, &t) <
	    TAGGED_SLICE) {
		b->tag++;
		b->tagged = 0;
	}
	return b->tag == r->tag_count;
}

static void
add_contacts(struct engine *e, char *const *refs, size_t count, struct id_set *out)
{
	struct person p;

	for (size_t i = 0; i < count; i++)
		if (store_person_by_ref(e->store, refs[i], &p) && p.active)
			id_set_add(out, p.id << 1 | (p.lang & 1));
	id_set_sort(out);
}

/* Sorted and unique; who is excluded by name goes. */
static void
finish_collecting(struct engine *e, struct live_wave *lw)
{
	struct broadcast *b = lw->broadcast;
	struct id_set without = { 0 };

	add_contacts(e, b->request->contacts, b->request->contact_count, &b->people);
	add_contacts(e, b->request->without_contacts, b->request->without_contact_count, &without);
	id_set_subtract(&b->people, &without);
	id_set_fini(&without);
	b->collected = true;
}

static void
collect_slice(struct engine *e, struct live_wave *lw)
{
	struct broadcast *b = lw->broadcast;
	const struct alert_request *r = b->request;
	size_t room = COLLECT_SLICE;

	if (lw->w.kind == WAVE_CORRECTION) {
		if (collect_reached(e, b, lw->replaced, room))
			finish_collecting(e, lw);
		return;
	}
	while (room && b->role < r->role_count && r->division_count) {
		int index = settings_family(e->settings, r->roles[b->role]);
		const struct family *family = &e->settings->families[index < 0 ? 0 : index];
		size_t got;

		if (index < 0) {	/* a reload took the role away */
			b->role++;
			continue;
		}
		got = store_holders_after(e->store, e->documents.role_ids[family->roles[b->member]],
					  division_range(r->divisions[b->division]), &b->last, room,
					  on_holder, b);
		if (got < room)
			next_list(b, family);
		room -= got;
	}
	if ((b->role == r->role_count || !r->division_count) && collect_tagged(e, b))
		finish_collecting(e, lw);
}

static enum lang
lang_of(struct engine *e, const struct live_wave *lw, uint32_t id)
{
	struct person person;

	if (lw->w.kind != WAVE_CORRECTION)
		return (enum lang)(id & 1);
	return store_person_by_id(e->store, id >> 1, &person) ? person.lang
		: e->settings->default_lang;
}

static void
write_slice(struct engine *e, struct live_wave *lw)
{
	struct broadcast *b = lw->broadcast;
	size_t end = b->next + WRITE_SLICE;

	b->texts.fresh = 0;
	for (; b->next < end && b->next < b->people.count && b->texts.fresh < TEXTS_SLICE; b->next++) {
		uint32_t id = b->people.ids[b->next];
		int64_t variant = 0;

		if (engine_hold_row(e, id >> 1))	/* else aside.c has told the desk */
			variant = reader_variant(e, lw, lw->w.kind == WAVE_CORRECTION ? lw->replaced : 0,
						 b->request, &b->texts, id >> 1,
						 lang_of(e, lw, id));
		/* After a restart, or beside those who join a correction as they settle, the row
		 * may be there. */
		if (!variant || ((b->resumed || lw->w.kind == WAVE_CORRECTION) &&
				 store_message_exists(e->store, lw->w.id, id >> 1)))
			continue;
		store_message_insert(e->store, lw->w.id, id >> 1, variant, 0, NEVER);
		lw->w.segments += engine_variant_text(e, variant)->parts;
		lw->w.total++;
	}
	engine_hold_row(e, 0);
	engine_wave_touch(e, lw);
}

/* A slice of the oldest broadcast; true when it needs no more. */
static bool
plan_slice(struct engine *e, struct live_wave *lw)
{
	struct broadcast *b = lw->broadcast;

	if (lw->w.state != WAVE_PLANNING || !engine_hold(e, HAND_WAVE, lw->w.id, 0))
		return true;		/* cancelled or expired meanwhile, or put aside */
	if (!b->collected) {
		collect_slice(e, lw);
		return false;
	}
	write_slice(e, lw);
	if (b->next < b->people.count)
		return false;
	lw->w.state = WAVE_OPEN;
	engine_wave_rank(e, lw);
	engine_event(e, lw->w.alert, "planned", "{\"people\":%lu}", lw->w.total);
	return true;
}

void
engine_broadcast_slices(struct engine *e)
{
	struct live_wave *lw = e->planning.count ? e->planning.waves[0] : NULL;

	if (lw && plan_slice(e, lw)) {
		live_list_take(&e->planning, lw);
		engine_broadcast_free(lw->broadcast);
		lw->broadcast = NULL;
	}
	engine_let_go(e);
	e->more |= e->planning.count > 0;
}
