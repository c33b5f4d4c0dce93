/* calls.c -- calls that drivers have: those that wait in a queue for people who need not be called any
 * more are asked back, a slice a turn (many answers of one turn are one look); and nobody is called
 * while he is being called. */
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

struct engaged {
	struct engine *e;
	uint32_t contact;
	bool is;
};

static void
is_call_to(void *ctx, uint64_t id, void *route)
{
	struct engaged *find = ctx;
	struct wave w;

	/* The wave of a call that is still spoken may be finished, and out of memory. */
	if (!find->is && message_id_contact(id) == find->contact &&
	    store_wave_get(find->e->store, message_id_wave(id), &w))
		find->is = w.channel == CHANNEL_VOICE;
}

bool
engine_is_engaged(struct engine *e, uint32_t contact)
{
	struct engaged find = { e, contact, false };

	table_each(&e->inflight, is_call_to, &find);
	return find.is;
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
