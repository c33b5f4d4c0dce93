/* readers.c -- those who are told by name of a place outside the ladder: whom an alert reached before,
 * whoever holds a post.  Of which places each of them reads, and the text that says so. */
#include "daemon/engine/message.h"

#include <stdlib.h>
#include <string.h>

#define TEXTS_MAX 20000			/* of a wave; beyond, a place is its township */

struct places {
	division_code *list;
	size_t count;
};

static void
add(struct places *p, division_code place)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i] == place)
			return;
	p->list = xrealloc(p->list, (p->count + 1) * sizeof(*p->list));
	p->list[p->count++] = place;
}

struct heard {				/* what one person has heard of an alert */
	struct engine *e;
	int64_t alert;
	const struct alert_request *request;
	struct places called, told;
	bool all;			/* a text was about all that he is called for */
};

static void
on_variant(void *ctx, int64_t id, enum wave_kind kind, const char *code)
{
	struct heard *h = ctx;
	size_t count;
	division_code *places = store_variant_places(h->e->store, id, &count);

	h->all |= !count;
	for (size_t i = 0; i < count; i++)
		add(kind == WAVE_CALL ? &h->called : &h->told, places[i]);
	free(places);
}

static void
add_called(struct heard *h, uint32_t contact)
{
	unsigned targets[256];
	int64_t after = -1;
	size_t count;

	while ((count = store_called_targets(h->e->store, contact, h->alert, after, targets, 256))) {
		for (size_t i = 0; i < count; i++) {
			struct target t;

			if (store_target_get(h->e->store, h->alert, targets[i], &t) && t.division)
				add(&h->called, t.division);
		}
		after = targets[count - 1];
	}
}

struct seat_search {
	const struct heard *h;
	struct places seats;
	bool above;			/* only those that hold a place of which he was told */
};

/* Is it one of those that the request names?  A warner's other post is no place of a warners' text. */
static bool
is_asked_for(struct engine *e, const struct alert_request *r, int64_t role)
{
	for (size_t i = 0; i < r->role_count; i++) {
		int index = settings_family(e->settings, r->roles[i]);
		const struct family *family = &e->settings->families[index < 0 ? 0 : index];

		for (size_t m = 0; index >= 0 && m < family->role_count; m++)
			if (e->documents.role_ids[family->roles[m]] == role)
				return true;
	}
	return !r->role_count;
}

static void
on_seat(void *ctx, int64_t role, division_code division)
{
	struct seat_search *s = ctx;
	const struct alert_request *r = s->h->request;
	bool wanted = false;

	for (size_t i = 0; s->above && i < s->h->told.count && !wanted; i++)
		wanted = division_contains(division, s->h->told.list[i]);
	wanted |= !s->above && !r->division_count;
	if (!s->above && !is_asked_for(s->h->e, r, role))
		return;
	for (size_t i = 0; !s->above && i < r->division_count && !wanted; i++)
		wanted = division_contains(r->divisions[i], division) && !request_leaves_out(r, division);
	if (wanted)
		add(&s->seats, division);
}

/* Who heard of silent villages as their township reads the township's name. */
static struct places
seats_of(const struct heard *h, uint32_t contact, bool above)
{
	struct seat_search s = { .h = h, .above = above };

	store_seats(h->e->store, contact, on_seat, &s);
	return s.seats;
}

static int
by_code(const void *a, const void *b)
{
	const division_code *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
add_all(struct places *to, const struct places *from)
{
	for (size_t i = 0; i < from->count; i++)
		add(to, from->list[i]);
}

/* The places of which this person was told by an alert, or (0) those over which he holds a post. */
static struct places
places_of(struct engine *e, int64_t alert, const struct alert_request *r, uint32_t contact)
{
	struct heard h = { .e = e, .alert = alert, .request = r };
	struct places out = { 0 }, seats;

	if (alert)
		store_variants_of(e->store, alert, contact, true, on_variant, &h);
	if (alert && (h.all || !h.told.count))
		add_called(&h, contact);
	add_all(&out, &h.called);
	if (!out.count) {
		seats = seats_of(&h, contact, h.told.count > 0);
		add_all(&out, seats.count ? &seats : &h.told);
		free(seats.list);
	}
	if (!out.count && r->division_count)
		add(&out, r->divisions[0]);
	free(h.called.list);
	free(h.told.list);
	if (out.count)
		qsort(out.list, out.count, sizeof(*out.list), by_code);
	return out;
}

/* FNV-1a: of 20,000 texts two meet once in 10^11 alerts. */
static uint64_t
hash_add(uint64_t hash, uint64_t value)
{
	for (int i = 0; i < 64; i += 8)
		hash = (hash ^ (value >> i & 0xff)) * 1099511628211u;
	return hash;
}

static bool
names_person(const struct template *t)
{
	for (size_t i = 0; i < t->param_count; i++)
		if (t->params[i].scope == SCOPE_PERSON)
			return true;
	return false;
}

static uint64_t
key_of(const struct template *t, const struct places *places, enum lang lang, uint32_t contact)
{
	uint64_t hash = hash_add(14695981039346656037u, (uint64_t)lang);

	for (size_t i = 0; i < places->count; i++)
		hash = hash_add(hash, (uint64_t)places->list[i]);
	return names_person(t) ? hash_add(hash, contact) : hash;
}

static void
to_townships(struct places *p)
{
	struct places townships = { 0 };

	for (size_t i = 0; i < p->count; i++)
		add(&townships, division_ancestor(p->list[i], TIER_TOWNSHIP));
	free(p->list);
	*p = townships;
}

static int64_t
render(struct engine *e, const struct live_wave *lw, const struct alert_request *r,
       const struct template *t, const struct places *places, uint32_t contact, enum lang lang)
{
	struct pick pick = { .contact = contact, .lang = lang };
	struct err err = { 0 };
	struct planner p = { .e = e, .request = r, .err = &err };
	struct alert a;
	int64_t id = 0;

	if (!store_alert_get(e->store, lw->w.alert, &a))
		return 0;
	p.alert = &a;
	id = compose_variant(&p, t, &pick, places->list, places->count, CHANNEL_SMS, NULL);
	if (!id)
		engine_log(e, LOG_ERROR, "text not possible alert=%lld reason=\"%s\"",
			   (long long)lw->w.alert, err.text);
	return id;
}

int64_t
reader_variant(struct engine *e, struct live_wave *lw, int64_t alert, const struct alert_request *r,
	       struct reader_texts *texts, uint32_t contact, enum lang lang)
{
	const struct template *t = engine_template(e, lw->w.template);
	struct places places = { 0 };
	uint64_t key;
	int64_t id;
	bool named;

	if (texts->same[lang])
		return texts->same[lang];
	named = text_names_place(e, t, lang, CHANNEL_SMS);
	if (named)
		places = places_of(e, alert, r, contact);
	if (texts->count >= TEXTS_MAX)
		to_townships(&places);
	key = key_of(t, &places, lang, contact);
	id = (int64_t)(intptr_t)table_get(&texts->by_key, key);
	if (!id && (id = render(e, lw, r, t, &places, contact, lang))) {
		table_put(&texts->by_key, key, (void *)(intptr_t)id);
		texts->count++;
		texts->fresh++;
	}
	if (!named && !names_person(t))
		texts->same[lang] = id;
	free(places.list);
	return id;
}

int64_t
reader_late_variant(struct engine *e, struct live_wave *lw, uint32_t contact, enum lang lang)
{
	struct reader_texts texts = { .count = 0 };
	struct alert_request *r;
	struct alert a;
	int64_t id;

	if (!store_alert_get(e->store, lw->w.alert, &a))
		return 0;
	r = request_decode(a.body);
	id = reader_variant(e, lw, a.replaces, r, &texts, contact, lang);
	alert_request_free(r);
	table_fini(&texts.by_key, NULL);
	return id;
}
