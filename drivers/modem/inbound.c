/* inbound.c -- joins and remembers stored messages; it reads and deletes nothing itself. */
#include "drivers/modem/inbound.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/modem/joined.h"

/* FNV-1a: ids must be the same in every version and on every machine, and need no secret. */
static uint64_t
mix(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 0x100000001b3u;
	return hash;
}

static uint64_t
mix_text(uint64_t hash, const char *text)
{
	return mix(hash, text ? text : "", text ? strlen(text) + 1 : 1);
}

static uint64_t
mix_number(uint64_t hash, int64_t value)
{
	unsigned char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)((uint64_t)value >> (8 * i));
	return mix(hash, bytes, sizeof(bytes));
}

#define HASH_START 0xcbf29ce484222325u

uint64_t
inbound_key(const struct stored *s)
{
	uint64_t hash = mix_number(mix_text(mix_text(HASH_START, s->from), s->text), s->at);

	hash = mix_number(mix_number(mix_number(hash, s->reference), s->part), s->of);
	return mix_number(mix_number(mix_number(hash, s->is_report), s->ref), s->status);
}

static void
stored_free(struct stored *s)
{
	free(s->from);
	free(s->text);
	free(s);
}

static void
forget(struct inbound *in, size_t index)
{
	stored_free(in->items[index]);
	in->items[index] = in->items[--in->count];
}

void
inbound_begin(struct inbound *in)
{
	for (size_t i = 0; i < in->count; i++)
		in->items[i]->listed = in->items[i]->delete_failed = false;
}

void
inbound_found(struct inbound *in, const struct stored *found, msec now)
{
	uint64_t key = inbound_key(found);
	struct stored *copy;

	for (size_t i = 0; i < in->count; i++) {
		struct stored *s = in->items[i];

		if (s->memory != found->memory || s->location != found->location || s->key != key)
			continue;
		s->listed = true;
		free(found->from);
		free(found->text);
		return;
	}
	copy = xmalloc(sizeof(*copy));
	*copy = *found;
	copy->key = key;
	copy->seen_at = now;
	copy->listed = true;
	copy->taken = copy->delete_failed = false;
	copy->announced[0] = 0;
	if (in->count == in->cap) {
		in->cap = in->cap ? in->cap * 2 : 16;
		in->items = xrealloc(in->items, in->cap * sizeof(*in->items));
	}
	in->items[in->count++] = copy;
}

/* What was not listed is gone: we deleted it, or somebody else did.  What came straight to us
 * (location below 0) lies in no memory and stays until it is taken. */
void
inbound_end(struct inbound *in)
{
	for (size_t i = in->count; i-- > 0;)
		if (!in->items[i]->listed && in->items[i]->location >= 0)
			forget(in, i);
}

static bool
is_same_set(const struct stored *a, const struct stored *b)
{
	return a->of == b->of && a->reference == b->reference && !a->is_report &&
	       strcmp(a->from, b->from) == 0;
}

/* The same part, whenever it came. */
static bool
is_same_part(const struct stored *a, const struct stored *b)
{
	return is_same_set(a, b) && a->part == b->part && strcmp(a->text, b->text) == 0;
}

static uint64_t
part_hash(const struct stored *s)
{
	uint64_t hash = mix_text(mix_text(HASH_START, s->from), s->text);

	return mix_number(mix_number(mix_number(hash, s->reference), s->part), s->of);
}

/* The earliest unannounced part with this number; a reference comes round again after 256. */
static struct stored *
part_of(const struct inbound *in, const struct stored *like, unsigned number)
{
	struct stored *best = NULL;

	for (size_t i = 0; i < in->count; i++) {
		struct stored *s = in->items[i];

		if (s->part == number && !s->announced[0] && is_same_set(s, like) &&
		    (!best || s->at < best->at))
			best = s;
	}
	return best;
}

struct group {
	struct stored *part[256];
	unsigned have;
	msec seen_at, at;		/* of the earliest */
};

static void
gather(struct group *g, const struct inbound *in, struct stored *s)
{
	*g = (struct group){ .part[0] = s, .have = 1, .seen_at = s->seen_at, .at = s->at };
	if (s->of <= 1 || s->of > 255 || s->is_report)
		return;
	g->have = 0;
	g->part[0] = NULL;
	for (unsigned n = 1; n <= s->of; n++) {
		struct stored *p = part_of(in, s, n);

		g->part[n - 1] = p;
		if (!p)
			continue;
		g->have++;
		g->seen_at = msec_min(g->seen_at, p->seen_at);
		g->at = msec_min(g->at, p->at);
	}
	if (!g->have)			/* a part number outside 1..of: deliver it by itself */
		*g = (struct group){ .part[0] = s, .have = 1, .at = s->at };
}

/* A part that came twice is nothing new: it goes the way of the one that came first. */
static bool
is_double(const struct inbound *in, struct stored *s, msec now)
{
	uint64_t hash = s->of > 1 ? part_hash(s) : 0;

	for (size_t i = 0; s->of > 1 && i < in->count; i++) {
		const struct stored *first = in->items[i];

		if (first == s || !first->announced[0] || !is_same_part(first, s))
			continue;
		memcpy(s->announced, first->announced, sizeof(s->announced));
		s->taken = first->taken;
		s->told_at = first->told_at;
		return true;
	}
	for (size_t i = 0; s->of > 1 && i < INBOUND_DONE; i++) {
		if (in->done[i].part != hash || now - in->done[i].at >= INBOUND_DONE_MS)
			continue;
		strcpy(s->announced, "again");
		s->taken = true;
		return true;
	}
	return false;
}

static void
say_group(struct group *g, struct stored *first, msec now,
	  void (*say)(void *, const struct inbound_message *), void *ctx)
{
	struct inbound_message m = {
		.from = first->from, .at = g->at, .is_report = first->is_report,
		.ref = first->ref, .status = first->status, .is_call = first->is_call,
		.is_flash = first->is_flash,
	};
	uint64_t hash = mix_number(mix_text(HASH_START, first->from), g->at);
	struct buf text = { 0 };

	hash = mix_number(mix_number(hash, first->reference), first->of);
	hash = mix_number(mix_number(hash, first->ref), first->status);
	for (unsigned n = 0; n < 256; n++)
		if (g->part[n])
			joined_add(&text, n ? g->part[n - 1] : NULL, g->part[n]);
	joined_end(&text);
	m.text = text.data ? text.data : "";
	snprintf(m.id, sizeof(m.id), "%016" PRIx64, mix_text(hash, m.text));
	for (unsigned n = 0; n < 256; n++) {
		if (!g->part[n])
			continue;
		memcpy(g->part[n]->announced, m.id, sizeof(m.id));
		g->part[n]->told_at = now;
	}
	say(ctx, &m);
	buf_fini(&text);
}

/* What nobody took is joined and said once more, under the same id. */
static void
forget_telling(struct inbound *in, msec now)
{
	for (size_t i = 0; i < in->count; i++) {
		struct stored *s = in->items[i];

		if (s->announced[0] && !s->taken && now - s->told_at >= INBOUND_REPEAT_MS)
			s->announced[0] = 0;
	}
}

void
inbound_announce(struct inbound *in, msec now,
		 void (*say)(void *, const struct inbound_message *), void *ctx)
{
	struct group g;

	forget_telling(in, now);
	for (size_t i = 0; i < in->count; i++) {
		struct stored *s = in->items[i];

		if (s->announced[0] || is_double(in, s, now))
			continue;
		gather(&g, in, s);
		if (s->of > 1 && g.have < s->of && now - g.seen_at < INBOUND_PATIENCE_MS)
			continue;
		say_group(&g, s, now, say, ctx);
		i--;			/* it may have been another of its number: look again */
	}
}

void
inbound_took(struct inbound *in, const char *id, msec now)
{
	for (size_t i = 0; i < in->count; i++) {
		struct stored *s = in->items[i];

		if (strcmp(s->announced, id) != 0)
			continue;
		s->taken = true;
		if (s->of <= 1)
			continue;
		in->done[in->done_next].part = part_hash(s);
		in->done[in->done_next].at = now;
		in->done_next = (in->done_next + 1) % INBOUND_DONE;
	}
}

const struct stored *
inbound_next_deletion(const struct inbound *in)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->items[i]->taken && !in->items[i]->delete_failed)
			return in->items[i];
	return NULL;
}

void
inbound_deleted(struct inbound *in, int memory, int location, bool ok)
{
	for (size_t i = in->count; i-- > 0;) {
		struct stored *s = in->items[i];

		if (s->memory != memory || s->location != location || !s->taken)
			continue;
		if (ok)
			forget(in, i);
		else
			s->delete_failed = true;	/* again after the next listing */
	}
}

void
inbound_fini(struct inbound *in)
{
	while (in->count)
		forget(in, in->count - 1);
	free(in->items);
}
