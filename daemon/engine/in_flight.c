/* in_flight.c -- what is with drivers, counted again after a turn that failed. */
#include "daemon/engine/message.h"

#include <assert.h>
#include <stdlib.h>

struct route_state *
engine_release(struct engine *e, uint64_t id)
{
	struct route_state *r = table_take(&e->inflight, id);

	if (r) {
		assert(r->inflight > 0);	/* each entry of the table was counted */
		r->inflight--;
		if (!r->inflight)
			r->solo = false;
	}
	return r;
}

static void
count_in(struct engine *e, struct route_state *r, uint64_t id)
{
	table_put(&e->inflight, id, r);
	r->inflight++;
}

/* Its receipt overtook the route's own answer, which is still to come. */
static void
keep_overtaken(void *ctx, uint64_t id, void *route)
{
	struct engine *e = ctx;
	struct live_wave *lw = table_get(&e->inflight, id) ? NULL
		: engine_wave(e, message_id_wave(id));
	struct message m;

	if (lw && store_message_get(e->store, lw->w.id, message_id_contact(id), lw->w.channel, &m) &&
	    m.state > MESSAGE_SENDING && (m.attempt & 31) == message_id_attempt(id))
		count_in(e, route, id);
}

/* How far it was asked back, or looked through, is forgotten: once more. */
static void
look_again(struct engine *e, const struct message *m, void *ctx)
{
	struct live_wave *lw = engine_wave(e, m->wave);

	if (lw && lw->w.state > WAVE_FINISHED && !lw->stopping)
		engine_wave_stopping(e, lw);
	else if (lw && lw->w.state <= WAVE_FINISHED && lw->w.channel == CHANNEL_VOICE &&
		 lw->w.kind == WAVE_CALL && !lw->looked_through)
		engine_calls_look(e, lw);
}

void
engine_in_flight_found(struct engine *e, struct route_state *r, const struct message *m)
{
	count_in(e, r, message_id(m->wave, m->contact, m->attempt));
}

static void
recount_row(struct engine *e, const struct message *m, void *ctx)
{
	struct route_state *r = engine_route(e, m->route);

	if (r)
		engine_in_flight_found(e, r, m);
	look_again(e, m, NULL);
}

static void
each_sending(struct engine *e, void (*fn)(struct engine *, const struct message *, void *), void *ctx)
{
	static struct message rows[1000];
	uint32_t wave = 0, contact = 0;
	size_t count;

	while ((count = store_messages_sending(e->store, wave, contact, rows, 1000))) {
		for (size_t i = 0; i < count; i++)
			fn(e, &rows[i], ctx);
		wave = rows[count - 1].wave;
		contact = rows[count - 1].contact;
	}
}

void
engine_in_flight_look_again(struct engine *e)
{
	each_sending(e, look_again, NULL);
}

struct naming {
	struct command *lost;
	struct table named;
	bool left;			/* what is not named may have left */
};

static void
add_id(uint64_t **ids, size_t *count, uint64_t id)
{
	*ids = xrealloc(*ids, (*count + 1) * sizeof(**ids));
	(*ids)[(*count)++] = id;
}

static void
name_row(struct engine *e, const struct message *m, void *ctx)
{
	struct naming *n = ctx;
	uint64_t id = message_id(m->wave, m->contact, m->attempt);

	if (m->route != n->lost->route || table_get(&n->named, id))
		return;
	if (n->left)
		add_id(&n->lost->lost.written, &n->lost->lost.written_count, id);
	else
		add_id(&n->lost->lost.unwritten, &n->lost->lost.unwritten_count, id);
}

void
engine_in_flight_name_rest(struct engine *e, struct command *lost)
{
	struct naming n = { .lost = lost };

	/* Books that were put back from a backup know of things that are long done. */
	n.left = !lost->lost.rest_never_given || lost->lost.books_at > e->books_at;
	for (size_t i = 0; i < lost->lost.written_count; i++)
		table_put(&n.named, lost->lost.written[i], lost);
	for (size_t i = 0; i < lost->lost.unwritten_count; i++)
		table_put(&n.named, lost->lost.unwritten[i], lost);
	each_sending(e, name_row, &n);
	table_fini(&n.named, NULL);
}

struct leaving {
	struct engine *e;
	struct route_state *r;
};

static void
keep_others(void *ctx, uint64_t id, void *route)
{
	struct leaving *l = ctx;

	if (route != l->r)
		table_put(&l->e->inflight, id, route);
}

void
engine_in_flight_forget(struct engine *e, struct route_state *r)
{
	struct table before = e->inflight;
	struct leaving leaving = { e, r };

	e->inflight = (struct table){ 0 };
	table_each(&before, keep_others, &leaving);
	table_fini(&before, NULL);
}

/* In-flight claims of a failed turn were never handed out; what is in flight, and what numbers
 * have had, is counted again from what the store says. */
void
engine_in_flight_recount(struct engine *e)
{
	struct table before = e->inflight;

	e->inflight = (struct table){ 0 };
	for (size_t i = 0; i < e->route_count; i++) {
		e->routes[i]->inflight = 0;
		engine_budgets_load(e, e->routes[i]);
	}
	each_sending(e, recount_row, NULL);
	table_each(&before, keep_overtaken, e);
	table_fini(&before, NULL);
}
