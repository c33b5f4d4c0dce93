/* news.c -- a list by number and a table by name over the same items. */
#include "daemon/web/news.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"

#define BUCKETS 8192

struct thing {
	struct news_item item;		/* first, so that one is the other */
	struct thing *next;		/* of its bucket */
	uint32_t hash;
	size_t size;			/* what it costs */
	char *kind, *key, *text;	/* text: ids and full, one behind the other */
};

struct news {
	struct thing *buckets[BUCKETS];
	struct thing *first, *last;
	size_t bytes, bytes_max;
	uint64_t number, lost;		/* lost: the latest that had to go */
};

struct news *
news_new(size_t bytes_max)
{
	struct news *n = xcalloc(1, sizeof(*n));

	n->bytes_max = bytes_max;
	return n;
}

static struct thing *
thing_of(const struct news_item *item)
{
	return (struct thing *)(uintptr_t)item;
}

static uint32_t
name_hash(const char *kind, const char *key)
{
	uint32_t h = 2166136261u;

	for (; *kind; kind++)
		h = (h ^ (unsigned char)*kind) * 16777619u;
	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 16777619u;
	return h;
}

static struct thing *
thing_find(const struct news *n, uint32_t hash, const char *kind, const char *key)
{
	struct thing *t = n->buckets[hash % BUCKETS];

	while (t && (t->hash != hash || strcmp(t->kind, kind) != 0 || strcmp(t->key, key) != 0))
		t = t->next;
	return t;
}

static void
unlist(struct news *n, struct thing *t)
{
	struct news_item *i = &t->item;

	if (i->earlier)
		i->earlier->later = i->later;
	else
		n->first = i->later ? thing_of(i->later) : NULL;
	if (i->later)
		i->later->earlier = i->earlier;
	else
		n->last = i->earlier ? thing_of(i->earlier) : NULL;
	assert(n->bytes >= t->size);
	n->bytes -= t->size;
}

static void
list_last(struct news *n, struct thing *t)
{
	t->item.number = ++n->number;
	t->item.earlier = n->last ? &n->last->item : NULL;
	t->item.later = NULL;
	if (n->last)
		n->last->item.later = &t->item;
	else
		n->first = t;
	n->last = t;
	n->bytes += t->size;
}

static void
thing_free(struct news *n, struct thing *t)
{
	struct thing **at = &n->buckets[t->hash % BUCKETS];

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	free(t->kind);
	free(t->key);
	free(t->text);
	free(t);
}

static void
set_text(struct thing *t, const char *ids, const char *full)
{
	size_t a = strlen(ids) + 1, b = strlen(full) + 1;

	free(t->text);
	t->text = xmalloc(a + b);
	memcpy(t->text, ids, a);
	memcpy(t->text + a, full, b);
	t->item.ids = t->text;
	t->item.full = t->text + a;
	t->size = sizeof(*t) + strlen(t->kind) + strlen(t->key) + a + b + 64;	/* 64: of malloc */
}

bool
news_put(struct news *n, const char *kind, const char *key, const char *ids, const char *full)
{
	uint32_t hash = name_hash(kind, key);
	struct thing *t = thing_find(n, hash, kind, key);

	if (t && strcmp(t->item.full, full) == 0 && strcmp(t->item.ids, ids) == 0)
		return false;
	if (t) {
		unlist(n, t);
	} else {
		t = xcalloc(1, sizeof(*t));
		t->kind = xstrdup(kind);
		t->key = xstrdup(key);
		t->item.kind = t->kind;
		t->hash = hash;
		t->next = n->buckets[hash % BUCKETS];
		n->buckets[hash % BUCKETS] = t;
	}
	set_text(t, ids, full);
	list_last(n, t);
	while (n->bytes > n->bytes_max && n->first != n->last) {
		struct thing *oldest = n->first;

		n->lost = oldest->item.number;
		unlist(n, oldest);
		thing_free(n, oldest);
	}
	return true;
}

size_t
news_put_lines(struct news *n, char *lines)
{
	size_t count = 0;
	char *line, *rest = lines;

	while ((line = strsep(&rest, "\n"))) {
		char *kind = strsep(&line, "\t"), *key = strsep(&line, "\t");
		char *ids = strsep(&line, "\t");

		if (ids && line)
			count += news_put(n, kind, key, ids, line);
	}
	return count;
}

uint64_t
news_number(const struct news *n)
{
	return n->number;
}

bool
news_reaches(const struct news *n, uint64_t number)
{
	return number >= n->lost && number <= n->number;
}

/* From the end: whoever listens has heard nearly all. */
const struct news_item *
news_after(const struct news *n, uint64_t number)
{
	const struct news_item *item = n->last ? &n->last->item : NULL, *found = NULL;

	while (item && item->number > number) {
		found = item;
		item = item->earlier;
	}
	return found;
}

void
news_free(struct news *n)
{
	if (!n)
		return;
	for (struct thing *t = n->first, *later; t; t = later) {
		later = t->item.later ? thing_of(t->item.later) : NULL;
		thing_free(n, t);
	}
	free(n);
}
