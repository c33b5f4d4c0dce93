/* items.c -- the messages and calls that are with a driver and have not come back. */
#include "daemon/routes/internal.h"

#include <stdlib.h>

void
items_add(struct driver *d, uint64_t id, msec deadline_at)
{
	struct item *item = xmalloc(sizeof(*item));

	*item = (struct item){ id, child_queued(d->child), deadline_at, &d->oldest,
			       d->oldest.prev };
	item->prev->next = item;
	d->oldest.prev = item;
	table_put(&d->items, id, item);
}

static void
forget_item(struct item *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	free(item);
}

void
items_drop(struct driver *d, uint64_t id)
{
	struct item *item = table_take(&d->items, id);

	if (item)
		forget_item(item);
}

bool
items_take(struct driver *d, struct item *out)
{
	struct item *item = d->oldest.next;

	if (item == &d->oldest)
		return false;
	*out = *item;
	table_take(&d->items, item->id);
	forget_item(item);
	return true;
}
