/* receipt.c -- what networks report of a message that had left, and reports that came before the
 * route said which message they are about.  Those wait on disk, for the driver that told them may
 * forget them; how many may wait is bounded for each route, so that a route which brings reports of
 * strangers' messages costs the others nothing. */
#include "daemon/engine/outcome.h"

#include <string.h>

#define RECEIPT_WINDOW_MS HOURS(72)
#define EARLY_MS MINUTES(10)		/* an answer that has not come by then never comes */
#define EARLY_MAX 1000			/* of a route, beside its window: each of that may be early */
#define WINDOW_COUNTS_MAX 20000
#define DROPPED_AT_ONCE 64
#define STRANGER_GAP_MS 600		/* more than 100 a minute for long is an alarm */
#define STRANGERS_MAX 500		/* at once, beside its window */

/* So many may well come before the route's answer. */
static unsigned
counted(const struct route_state *r)
{
	return r->window < WINDOW_COUNTS_MAX ? r->window : WINDOW_COUNTS_MAX;
}

static size_t
early_max(const struct route_state *r)
{
	return EARLY_MAX + counted(r);
}

void
engine_receipts_load(struct engine *e)
{
	for (size_t i = 0; i < e->route_count; i++)
		e->routes[i]->early = store_receipts_early_count(e->store, e->routes[i]->id);
}

/* It waits for the route's own answer; of too many the oldest goes. */
static void
keep_early(struct engine *e, struct route_state *r, const struct command *cmd)
{
	if (store_receipt_early_put(e->store, r->id, cmd->receipt.ref, cmd->receipt.to,
				    cmd->receipt.delivered, e->now))
		r->early++;
	if (r->early > early_max(r))	/* more than one when the window shrank */
		r->early -= store_receipts_early_drop(e->store, r->id, NEVER,
						      r->early - early_max(r) < DROPPED_AT_ONCE
						      ? r->early - early_max(r) : DROPPED_AT_ONCE);
}

void
engine_receipts_trim(struct engine *e, struct route_state *r)
{
	r->early -= store_receipts_early_drop(e->store, r->id, e->now - EARLY_MS, r->early);
}

static void
unmatched(struct engine *e, struct route_state *r)
{
	struct said said;

	e->stats.receipts_unmatched++;
	r->receipts_unmatched++;
	if (pace_meter_take(&r->strangers_until, STRANGER_GAP_MS, STRANGERS_MAX + counted(r), e->now))
		return;
	SAY(&said, alarm_receipts);
	engine_alarm_again(e, r, "receipts", &said);
}

/* Modem references are 8 bits and come back without our id; most providers get our id, and the
 * routes of the others say so. */
void
engine_receipts_named(struct engine *e, struct route_state *r, const struct done_item *item,
		      struct live_wave *lw)
{
	struct message m;
	bool delivered, fresh;

	if (!r || !r->receipts || !item->ref || (strlen(item->ref) > 3 && !r->receipts_by_ref) ||
	    !store_message_get(e->store, message_id_wave(item->id), message_id_contact(item->id),
			       lw->w.channel, &m))
		return;
	store_receipt_key_put(e->store, r->id, item->ref, &m);
	if (!r->early || !store_receipt_early_take(e->store, r->id, item->ref, m.e164,
						   e->now - EARLY_MS, &fresh, &delivered))
		return;
	r->early--;
	if (!fresh)
		return;
	r->strangers_until -= STRANGER_GAP_MS;	/* it was none after all */
	store_attempt_receipt(e->store, m.wave, m.contact, m.attempt, delivered, e->now);
	engine_message_event(e, lw, &m, delivered ? MESSAGE_ON_RECEIPT_DELIVERED
			     : MESSAGE_ON_RECEIPT_FAILED);
}

/* The receipt came before the route's own answer, which may never come. */
static void
overtaken(struct engine *e, struct message *m, bool delivered)
{
	if (delivered)
		store_attempt_insert(e->store, m, e->now, OUTCOME_ACCEPTED, REJECT_NONE, 0, NULL,
				     WORD(known_from_receipt));
	else
		m->flags |= MESSAGE_REFUSED_BEFORE;
}

void
engine_receipt(struct engine *e, struct command *cmd)
{
	uint32_t wave = message_id_wave(cmd->receipt.id), contact = message_id_contact(cmd->receipt.id);
	unsigned attempt = message_id_attempt(cmd->receipt.id);
	struct route_state *r = engine_route(e, cmd->route);
	struct live_wave *lw = NULL;
	struct effect *took;
	struct message m;
	bool current;

	if (cmd->receipt.driver_id) {
		took = effect_new(EFFECT_TOOK, cmd->route);
		took->took = xstrdup(cmd->receipt.driver_id);
		engine_effect(e, took);
	}
	if (!cmd->receipt.final && !cmd->receipt.delivered)
		return;
	if (cmd->receipt.id ||
	    (cmd->receipt.ref && store_receipt_key_get(e->store, r->id, cmd->receipt.ref,
						       cmd->receipt.to, e->now - RECEIPT_WINDOW_MS,
						       &wave, &contact, &attempt)))
		lw = engine_wave(e, wave);
	if (!lw || !store_message_get(e->store, wave, contact, lw->w.channel, &m) ||
	    !(attempt = engine_which_attempt(&m, message_id(wave, contact, attempt))) ||
	    !engine_is_from(e, &m, attempt, r, cmd->receipt.to)) {
		unmatched(e, r);
		if (!lw && !cmd->receipt.id && cmd->receipt.ref)
			keep_early(e, r, cmd);
		return;
	}
	current = attempt == m.attempt;
	if (current && m.state == MESSAGE_SENDING)
		overtaken(e, &m, cmd->receipt.delivered);
	store_attempt_receipt(e->store, wave, contact, attempt, cmd->receipt.delivered, e->now);
	if (cmd->receipt.delivered)
		engine_message_event(e, lw, &m, MESSAGE_ON_RECEIPT_DELIVERED);
	else if (current)
		engine_message_event(e, lw, &m, MESSAGE_ON_RECEIPT_FAILED);
}
