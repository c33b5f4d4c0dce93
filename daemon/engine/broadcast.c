/* broadcast.c -- one text to very many: its plan is begun here, and begun again after a restart.
 * Nothing of it leaves before its last row is written: the count is exact and the audience frozen
 * before the first message.  collect.c does the slices. */
#include "daemon/engine/lookup.h"

#include <stdlib.h>

void
engine_broadcast_free(struct broadcast *b)
{
	if (!b)
		return;
	alert_request_free(b->request);
	id_set_fini(&b->people);
	table_fini(&b->texts.by_key, NULL);
	free(b);
}

void
engine_broadcast_start(struct engine *e, struct live_wave *lw, const struct alert_request *r)
{
	struct broadcast *b = xcalloc(1, sizeof(*b));
	char *body = request_encode(r);

	b->request = request_decode(body);	/* a copy of its own: r goes with its command */
	b->last = BEFORE_ALL;
	free(body);
	lw->broadcast = b;
	live_list_add(&e->planning, lw);
}

/* After a restart: the same people again, and on from the last one written. */
void
engine_broadcast_resume(struct engine *e, struct live_wave *lw)
{
	struct broadcast *b = xcalloc(1, sizeof(*b));
	struct alert a;

	b->last = BEFORE_ALL;
	b->resumed = true;
	if (store_alert_get(e->store, lw->w.alert, &a)) {
		b->request = request_decode(a.body);
		lw->replaced = a.replaces;
	} else {
		b->collected = true;
	}
	lw->broadcast = b;
	live_list_add(&e->planning, lw);
}
