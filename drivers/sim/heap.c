/* heap.c -- a binary heap of happenings; it knows nothing of what happens. */
#include "drivers/sim/heap.h"

#include <stdbool.h>
#include <stdlib.h>

#include "core/buf.h"

static bool
is_before(const struct happening *a, const struct happening *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
rise(struct heap *h, size_t i)
{
	struct happening moved = h->all[i];

	while (i && is_before(&moved, &h->all[(i - 1) / 2])) {
		h->all[i] = h->all[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	h->all[i] = moved;
}

static void
sink(struct heap *h, size_t i)
{
	struct happening moved = h->all[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < h->count && is_before(&h->all[child + 1], &h->all[child]))
			child++;
		if (child >= h->count || !is_before(&h->all[child], &moved))
			break;
		h->all[i] = h->all[child];
		i = child;
	}
	h->all[i] = moved;
}

void
heap_push(struct heap *h, msec at, void *what)
{
	if (h->count == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 256;
		h->all = xrealloc(h->all, h->cap * sizeof(*h->all));
	}
	h->all[h->count] = (struct happening){ at, h->pushed++, what };
	rise(h, h->count++);
}

msec
heap_next_at(const struct heap *h)
{
	return h->count ? h->all[0].at : NEVER;
}

void
heap_remove(struct heap *h, size_t index)
{
	h->count--;
	if (index == h->count)
		return;
	h->all[index] = h->all[h->count];
	rise(h, index);
	sink(h, index);
}

void
heap_order(struct heap *h)
{
	for (size_t i = h->count / 2; i-- > 0;)
		sink(h, i);
}

void *
heap_pop(struct heap *h, msec now)
{
	void *what;

	if (heap_next_at(h) > now)
		return NULL;
	what = h->all[0].what;
	heap_remove(h, 0);
	return what;
}

void
heap_fini(struct heap *h)
{
	free(h->all);
	*h = (struct heap){ 0 };
}
