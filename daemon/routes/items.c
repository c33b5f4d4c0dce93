/* items.c -- the messages and calls that are with a driver and have not come back. */
#include "daemon/routes/internal.h"

#include <stdlib.h>

#include "files/page.h"

void
items_add(struct driver *d, uint64_t id, msec deadline_at)
{
	struct item *item = xmalloc(sizeof(*item));

	*item = (struct item){ id, child_queued(d->child), PAGE_NO_SLOT, deadline_at, &d->oldest,
			       d->oldest.prev };
	if (d->slots)
		item->slot = slots_take(d->slots, id, !d->marks);
	item->prev->next = item;
	d->oldest.prev = item;
	table_put(&d->items, id, item);
}

/* A line of which the kernel took even one byte may have been read; what was read has left only when
 * the page says so. */
bool
items_may_have_left(const struct driver *d, const struct item *item)
{
	if (item->offset >= child_written(d->child))
		return false;
	return !d->marks || item->slot == PAGE_NO_SLOT || slots_left(d->slots, item->id);
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
