/* calls.c -- calls that wait in a driver's queue for people who need not be called any more: asked
 * back, a slice a turn.  Many answers of one turn are one look. */
#include "daemon/engine/message.h"

#define SLICE 500			/* calls looked at in a turn */

void
engine_calls_look(struct engine *e, struct live_wave *lw)
{
	if (lw->looked_through) {
		lw->again = lw->looked_to > 0;
		return;
	}
	live_list_add(&e->calls, lw);
	lw->looked_through = true;
	lw->looked_to = 0;
}

static size_t
look(struct engine *e, struct live_wave *lw, size_t room)
{
	uint32_t contacts[SLICE];
	size_t count = store_messages_sending_of(e->store, lw->w.id, lw->looked_to, contacts, room);

	for (size_t i = 0; i < count; i++) {
		struct message m;

		if (!engine_still_needed(e, lw, contacts[i]) &&
		    store_message_get(e->store, lw->w.id, contacts[i], lw->w.channel, &m))
			engine_ask_back(e, &m);
	}
	if (count)
		lw->looked_to = contacts[count - 1];
	return count;
}

void
engine_calls_slice(struct engine *e)
{
	size_t room = SLICE;

	while (e->calls.count && room) {
		struct live_wave *lw = e->calls.waves[e->calls.count - 1];

		if (engine_hold(e, HAND_WAVE, lw->w.id, 0))
			room -= look(e, lw, room);
		if (!room)
			break;
		if (lw->again) {
			lw->again = false;
			lw->looked_to = 0;
			continue;
		}
		lw->looked_through = false;
		e->calls.count--;
	}
	engine_let_go(e);
	e->more |= e->calls.count > 0;
}
