/* queue.c -- what waits to be sent, urgent before ordinary, and which of it may share the next
 * request. */
#include <string.h>

#include "drivers/http/http.h"

const struct operation *
queue_operation(const struct http *h, bool urgent)
{
	return &h->profile.ops[!urgent && profile_has(&h->profile, OP_ORDINARY) ? OP_ORDINARY : OP_SEND];
}

static const struct operation *
operation_of(const struct http *h, const struct item *item)
{
	return queue_operation(h, item->urgent || item->alone);
}

void
queue_add(struct http *h, struct item *item)
{
	TAILQ_INSERT_TAIL(item->urgent ? &h->urgent : &h->ordinary, item, link);
	table_put(&h->queued, table_key(item->id), item);
}

void
queue_alone(struct http *h, struct item **items, size_t count)
{
	for (size_t i = count; i-- > 0;) {
		items[i]->alone = true;
		kit_stayed(h->kit, items[i]->slot);	/* their request was refused whole */
		TAILQ_INSERT_HEAD(items[i]->urgent ? &h->urgent : &h->ordinary, items[i], link);
		table_put(&h->queued, table_key(items[i]->id), items[i]);
	}
}

static struct item *
take_first(struct http *h, struct item_queue *queue)
{
	struct item *item = TAILQ_FIRST(queue);

	if (!item)
		return NULL;
	TAILQ_REMOVE(queue, item, link);
	table_take(&h->queued, table_key(item->id));
	return item;
}

/* May they share a request?  Items of one send with one text stand side by side in the queue. */
static bool
shares(const struct operation *op, const struct item *one, const struct item *other)
{
	return !one->alone && !other->alone && (one->words == other->words ||
		(op->texts && one->words->approved == other->words->approved));
}

size_t
queue_load(struct http *h)
{
	struct item_queue *queue = TAILQ_EMPTY(&h->urgent) ? &h->ordinary : &h->urgent;
	const struct operation *op = NULL;
	struct item *item;
	size_t count = 0;

	while ((item = TAILQ_FIRST(queue))) {
		if (count && (count == op->numbers_max || !shares(op, h->load[0], item)))
			break;
		take_first(h, queue);
		if (item->not_after < kit_now())
			item_done(h, item, "rejected", NULL, REJECT_RETRY,
				  WORD(http_over));
		else
			h->load[count++] = item;
		op = count ? operation_of(h, h->load[0]) : NULL;
	}
	return count;
}

bool
queue_any(const struct http *h)
{
	return !TAILQ_EMPTY(&h->urgent) || !TAILQ_EMPTY(&h->ordinary);
}

struct item *
queue_withdraw(struct http *h, const char *id)
{
	struct item *item = table_get(&h->queued, table_key(id));

	if (!item || strcmp(item->id, id) != 0)
		return NULL;
	table_take(&h->queued, table_key(id));
	TAILQ_REMOVE(item->urgent ? &h->urgent : &h->ordinary, item, link);
	return item;
}

void
queue_give_back(struct http *h, const char *outcome, const char *reason)
{
	enum reject class = strcmp(outcome, "rejected") == 0 ? REJECT_RETRY_OTHER : REJECT_NONE;
	struct item *item;

	while ((item = take_first(h, &h->urgent)) || (item = take_first(h, &h->ordinary)))
		item_done(h, item, outcome, NULL, class, reason);
}
