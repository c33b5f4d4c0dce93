/* inbound.c -- texts and missed calls come in, each once; an answer waits while all that it may answer
 * is in the air, and a person's texts keep their order. */
#include "daemon/engine/answer.h"

#include <stdlib.h>

/* The store has them: memory only knows when to look. */
static void
wait_until(struct engine *e, const struct inbound *in, msec until)
{
	if (in->wait_until != until)
		store_inbound_waits(e->store, in->id, until);
	e->waits.at = msec_min(e->waits.at, until);
}

/* Until when, that it is the turn of this text; NEVER: it is. */
static msec
waits_behind(struct engine *e, const struct inbound *in)
{
	return e->waits.at == NEVER ? NEVER : store_inbound_waits_from(e->store, in->e164, in->id);
}

void
engine_inbound(struct engine *e, struct command *cmd)
{
	struct inbound in = { .route = cmd->route, .e164 = cmd->inbound.from, .text = cmd->inbound.text,
			      .at = cmd->inbound.at, .received_at = e->now, .wait_until = NEVER };
	const struct route_state *r = engine_route(e, cmd->route);	/* NULL: it was taken out meanwhile */
	msec until;

	engine_took(e, cmd->route, cmd->inbound.driver_id);
	if (!store_inbound_put(e->store, in.route, cmd->inbound.driver_id, in.e164, in.text, in.at,
			       in.received_at, &in.id))
		return;
	if (in.text && engine_canary_returns(e, &in)) {		/* nobody's words */
		store_inbound_judged(e->store, in.id, &(struct judgement){
			.meaning = "canary", .rule = "canary" });
		return;
	}
	if (!r || !r->conf->simulated)
		store_number_good(e->store, in.e164, e->now);
	until = waits_behind(e, &in);
	if (until == NEVER)
		until = engine_judge(e, &in);
	if (until != NEVER)
		wait_until(e, &in, until);
}

void
engine_inbound_look(struct engine *e)
{
	e->waits.look = e->waits.at != NEVER;
}

void
engine_inbound_due(struct engine *e)
{
	struct inbound in = { .id = 0 };
	bool left = false;		/* one that was put aside, and still says that it waits */

	if (e->waits.at > e->now && !e->waits.look)
		return;
	e->waits.look = false;
	while (store_inbound_waiting(e->store, in.id, &in)) {
		if (!engine_hold(e, HAND_INBOUND, (uint64_t)in.id, 0))
			left = true;
		else if (waits_behind(e, &in) == NEVER)
			engine_judge(e, &in);
		free(in.text);
	}
	engine_let_go(e);
	e->waits.at = store_inbound_next(e->store);
	if (left && e->waits.at <= e->now)
		e->waits.at = e->now + SECONDS(1);
}

msec
engine_inbound_next(const struct engine *e)
{
	return e->waits.at;
}

void
engine_inbound_load(struct engine *e)
{
	e->waits.at = store_inbound_next(e->store);
	engine_inbound_look(e);
}
