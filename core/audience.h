/* audience.h -- sorted-set algebra over people and places.  Pure apart from memory. */
#ifndef GONG_AUDIENCE_H
#define GONG_AUDIENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/division.h"

/* Ids in any order, then sorted and unique after id_set_sort (radix sort, O(n)). */
struct id_set {
	uint32_t *ids;
	size_t count, cap;
};

void id_set_add(struct id_set *, uint32_t id);
void id_set_sort(struct id_set *);
bool id_set_has(const struct id_set *, uint32_t id);		/* sorted sets only */
void id_set_subtract(struct id_set *, const struct id_set *gone);	/* both sorted */
void id_set_fini(struct id_set *);

/* Drops ranges inside others; sorts.  Returns the new count. */
size_t division_ranges_merge(struct division_range *, size_t count);
bool division_ranges_have(const struct division_range *, size_t count, division_code);

#endif
