/* table.c -- open addressing with linear probing; it owns nothing it holds. */
#include "core/table.h"

#include "core/buf.h"

#include <stdlib.h>

static char gone;			/* marks a slot whose entry was taken */

static size_t
slot_of(const struct table *t, uint64_t key)
{
	return (key * 0x9e3779b97f4a7c15u >> 20) & (t->cap - 1);
}

uint64_t
table_key(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return hash;
}

void *
table_get(const struct table *t, uint64_t key)
{
	if (!t->cap)
		return NULL;
	for (size_t i = slot_of(t, key);; i = (i + 1) & (t->cap - 1)) {
		if (!t->slots[i].value)
			return NULL;
		if (t->slots[i].key == key && t->slots[i].value != &gone)
			return t->slots[i].value;
	}
}

static void
grow(struct table *t)
{
	struct table old = *t;

	t->cap = old.count * 4 < 64 ? 64 : old.cap * (old.count * 2 > old.cap / 2 ? 2 : 1);
	t->slots = xcalloc(t->cap, sizeof(*t->slots));
	t->used = t->count = 0;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].value && old.slots[i].value != &gone)
			table_put(t, old.slots[i].key, old.slots[i].value);
	free(old.slots);
}

void
table_put(struct table *t, uint64_t key, void *value)
{
	size_t i;

	if ((t->used + 1) * 3 > t->cap * 2)
		grow(t);
	for (i = slot_of(t, key); t->slots[i].value; i = (i + 1) & (t->cap - 1)) {
		if (t->slots[i].key == key && t->slots[i].value != &gone) {
			t->slots[i].value = value;
			return;
		}
	}
	t->slots[i].key = key;
	t->slots[i].value = value;
	t->used++;
	t->count++;
}

void *
table_take(struct table *t, uint64_t key)
{
	if (!t->cap)
		return NULL;
	for (size_t i = slot_of(t, key); t->slots[i].value; i = (i + 1) & (t->cap - 1)) {
		if (t->slots[i].key == key && t->slots[i].value != &gone) {
			void *value = t->slots[i].value;

			t->slots[i].value = &gone;
			t->count--;
			return value;
		}
	}
	return NULL;
}

void
table_each(const struct table *t, table_fn fn, void *ctx)
{
	for (size_t i = 0; i < t->cap; i++)
		if (t->slots[i].value && t->slots[i].value != &gone)
			fn(ctx, t->slots[i].key, t->slots[i].value);
}

void
table_fini(struct table *t, void (*free_value)(void *))
{
	for (size_t i = 0; free_value && i < t->cap; i++)
		if (t->slots[i].value && t->slots[i].value != &gone)
			free_value(t->slots[i].value);
	free(t->slots);
	*t = (struct table){ 0 };
}
