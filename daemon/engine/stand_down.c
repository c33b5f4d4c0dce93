/* stand_down.c -- a callout has all whom it needs: the others hear that they need not come. */
#include "daemon/engine/climb.h"

#include <stdlib.h>

#define STOOD_DOWN_MAX 1000

void
engine_stand_down(struct engine *e, struct alert *a, const struct policy *p)
{
	uint32_t *contacts;
	size_t count, told = 0;

	if (!p->full)
		return;
	contacts = xcalloc(STOOD_DOWN_MAX, sizeof(*contacts));
	count = store_called_idle(e->store, a->id, contacts, STOOD_DOWN_MAX);
	for (size_t i = 0; i < count; i++)
		told += engine_not_needed(e, a, p, contacts[i]);
	if (told)
		engine_event(e, a->id, "stood_down", "{\"people\":%zu}", told);
	free(contacts);
}

bool
engine_not_needed(struct engine *e, struct alert *a, const struct policy *p, uint32_t contact)
{
	struct person person;
	struct alert fresh;		/* whose body is read now */

	return p->full && store_person_by_id(e->store, contact, &person) &&
		store_alert_get(e->store, a->id, &fresh) &&
		engine_send_one(e, &fresh, &person, p->full) != 0;
}
