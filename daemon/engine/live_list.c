/* live_list.c -- a list of waves in memory, in the order they came. */
#include "daemon/engine/ground.h"

#include <stdlib.h>
#include <string.h>

void
live_list_add(struct live_list *list, struct live_wave *lw)
{
	if (list->count == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 64;
		list->waves = xrealloc(list->waves, list->cap * sizeof(*list->waves));
	}
	list->waves[list->count++] = lw;
}

void
live_list_take(struct live_list *list, const struct live_wave *lw)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->waves[i] == lw)
			memmove(&list->waves[i], &list->waves[i + 1],
				(--list->count - i) * sizeof(lw));
}
