/* receipt.c -- what networks report of a message that had left, and reports that came before the
 * route said which message they are about.  Those wait on disk, for the driver that told them may
 * forget them; how many may wait is bounded for each route, so that a route which brings reports of
 * strangers' messages costs the others nothing. */
#include "daemon/engine/outcome.h"

#include <stdlib.h>
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

static struct receipt_word
word_of(const struct command *cmd)
{
	return (struct receipt_word){
		.delivered = cmd->receipt.delivered, .part = cmd->receipt.part,
		.of = cmd->receipt.of, .part_ref = cmd->receipt.part_ref,
	};
}

/* It waits for the route's own answer; of too many the oldest goes. */
static void
keep_early(struct engine *e, struct route_state *r, const struct command *cmd)
{
	struct receipt_word word = word_of(cmd);

	if (store_receipt_early_put(e->store, r->id, cmd->receipt.ref, cmd->receipt.to,
				    &word, e->now))
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

/* What is known of the whole message. */
static void
whole(struct engine *e, struct live_wave *lw, struct message *m, unsigned attempt, bool delivered)
{
	bool current = attempt == m->attempt;

	if (current && m->state == MESSAGE_SENDING)
		overtaken(e, m, delivered);
	if (store_attempt_receipt(e->store, m->wave, m->contact, attempt, delivered, e->now) && delivered)
		store_attempt_reached(e->store, m->wave, m->contact, attempt, e->now);
	if (delivered)
		engine_message_event(e, lw, m, MESSAGE_ON_RECEIPT_DELIVERED);
	else if (current)
		engine_message_event(e, lw, m, MESSAGE_ON_RECEIPT_FAILED);
}

void
engine_parts_conclude(struct engine *e, struct live_wave *lw, struct message *m, unsigned attempt)
{
	unsigned whose;

	switch (engine_parts_say(e, m, attempt, &whose)) {
	case PARTS_SAY_NOTHING:
		break;
	case PARTS_SAY_DELIVERED:
		whole(e, lw, m, whose, true);
		break;
	case PARTS_SAY_FAILED:
		whole(e, lw, m, whose, false);
		break;
	}
}

/* `key`: what its reference names; all 0 where it came by our own id. */
static void
reported(struct engine *e, struct route_state *r, struct live_wave *lw, struct message *m,
	 unsigned attempt, struct receipt_word w, const struct receipt_key *key)
{
	if (!w.part && !w.part_ref)
		w.part = key->part;
	if (!w.of)
		w.of = key->of;
	if ((!w.part && !w.part_ref) || (w.of ? w.of : engine_parts_total(e, m, attempt)) == 1) {
		whole(e, lw, m, attempt, w.delivered);
		return;
	}
	engine_part_note(e, r, m, attempt, &w);
	engine_parts_conclude(e, lw, m, attempt);
	if (attempt != m->attempt)	/* it may stand for a part that the latest left away */
		engine_parts_conclude(e, lw, m, m->attempt);
}

/* Modem references are 8 bits, one for each part, and come back without our id; most providers get our
 * id, and the routes of the others say so. */
bool
engine_keeps_ref(const struct route_state *r, const char *ref)
{
	return r->receipts && ref && (strlen(ref) <= 3 || r->receipts_by_ref);
}

void
engine_receipts_named(struct engine *e, struct route_state *r, struct live_wave *lw, struct message *m,
		      const char *ref, unsigned part, unsigned of)
{
	struct receipt_key key = { .wave = m->wave, .contact = m->contact, .attempt = m->attempt,
				   .part = part, .of = of };
	struct receipt_word word;
	bool fresh;

	if (!r || !engine_keeps_ref(r, ref))
		return;
	store_receipt_key_put(e->store, r->id, ref, m->e164, m->at, &key);
	while (r->early && store_receipt_early_take(e->store, r->id, ref, m->e164, e->now - EARLY_MS,
						    &fresh, &word)) {
		r->early--;
		if (fresh) {
			r->strangers_until -= STRANGER_GAP_MS;	/* it was none after all */
			reported(e, r, lw, m, m->attempt, word, &key);
		}
		free(word.part_ref);
	}
}

/* Which attempt it is about, and which part of it, if its reference says so. */
static bool
find_attempt(struct engine *e, const struct route_state *r, const struct command *cmd,
	     struct receipt_key *key)
{
	uint64_t id = cmd->receipt.id;

	if (!id)
		return cmd->receipt.ref &&
			store_receipt_key_get(e->store, r->id, cmd->receipt.ref, cmd->receipt.to,
					      e->now - RECEIPT_WINDOW_MS, key);
	*key = (struct receipt_key){ .wave = message_id_wave(id), .contact = message_id_contact(id),
				     .attempt = message_id_attempt(id) };
	return true;
}

void
engine_receipt(struct engine *e, struct command *cmd)
{
	struct route_state *r = engine_route(e, cmd->route);
	struct receipt_key key = { 0 };
	struct live_wave *lw = NULL;
	struct message m;
	unsigned attempt;

	engine_took(e, cmd->route, cmd->receipt.driver_id);
	if (!cmd->receipt.final && !cmd->receipt.delivered)
		return;
	if (find_attempt(e, r, cmd, &key))
		lw = engine_wave(e, key.wave);
	if (!lw || !store_message_get(e->store, key.wave, key.contact, lw->w.channel, &m) ||
	    !(attempt = engine_which_attempt(&m, message_id(key.wave, key.contact, key.attempt))) ||
	    !engine_is_from(e, &m, attempt, r, cmd->receipt.to, key.of > 1)) {
		unmatched(e, r);
		if (!lw && !cmd->receipt.id && cmd->receipt.ref)
			keep_early(e, r, cmd);
		return;
	}
	reported(e, r, lw, &m, attempt, word_of(cmd), &key);
}
