/* heap.h -- what will happen on the simulated network, by instant; equal instants keep their
 * order.  Instants are the monotonic clock's milliseconds. */
#ifndef GONG_SIM_HEAP_H
#define GONG_SIM_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "core/msec.h"

struct happening {
	msec at;
	uint64_t order;
	void *what;
};

struct heap {
	struct happening *all;
	size_t count, cap;
	uint64_t pushed;
};

void heap_push(struct heap *, msec at, void *what);
msec heap_next_at(const struct heap *);			/* NEVER when empty */
void *heap_pop(struct heap *, msec now);		/* NULL when nothing is due */
void heap_remove(struct heap *, size_t index);
void heap_order(struct heap *);		/* after `all` was changed by hand */
void heap_fini(struct heap *);

#endif
