/* parts.c -- long messages whose parts the network reports one by one: what is known of each, and what
 * follows for the whole.  One failed part fails the attempt; only all of them deliver. */
#include "daemon/engine/outcome.h"

#define REMEMBERED 32			/* of the parts of a message, the first ones */

/* One that has a reference only gets the next number that is free: it is counted once however often it
 * is told.  0: no number is left. */
static unsigned
number_of(struct engine *e, const struct route_state *r, const struct message *m, unsigned attempt,
	  const char *part_ref)
{
	struct receipt_key key;
	struct attempt_parts p;
	uint32_t free;

	if (store_receipt_key_get(e->store, r->id, part_ref, 0, 0, &key) && key.part &&
	    key.wave == m->wave && key.contact == m->contact && key.attempt == attempt)
		return key.part;
	store_attempt_parts(e->store, m->wave, m->contact, attempt, &p);
	free = ~(p.delivered | p.failed);
	if (!free)
		return 0;
	key = (struct receipt_key){ .wave = m->wave, .contact = m->contact, .attempt = attempt,
				    .part = (unsigned)__builtin_ctz(free) + 1 };
	store_receipt_key_put(e->store, r->id, part_ref, 0, m->at, &key);
	return key.part;
}

/* A part that the network took counts as done: a resend has skipped it, and is without it now; the next
 * one will not. */
static void
lost(struct engine *e, struct message *m, unsigned attempt, unsigned part, unsigned of)
{
	uint32_t bit = (uint32_t)1 << (part - 1);

	if (!(m->parts_done & bit))
		return;
	m->parts_done &= ~bit;
	store_message_update(e->store, m);
	if (attempt != m->attempt)
		store_attempt_part(e->store, m, m->attempt, part, of, false);
}

void
engine_part_note(struct engine *e, const struct route_state *r, struct message *m, unsigned attempt,
		 const struct receipt_word *w)
{
	unsigned part = w->part ? w->part : number_of(e, r, m, attempt, w->part_ref);
	struct attempt_parts before;

	if (!part || part > REMEMBERED) {
		if (w->delivered)
			return;
		part = REMEMBERED;	/* a failure counts whichever it was */
	}
	store_attempt_parts(e->store, m->wave, m->contact, attempt, &before);
	store_attempt_part(e->store, m, attempt, part, w->of, w->delivered);
	if (!w->delivered && !(before.failed >> (part - 1) & 1) && m->route == r->id)
		lost(e, m, attempt, part, w->of);
}

/* As receipts say, else the route's answer, else as gong counted.  While that answer is out it may still
 * say more than we do.  0 = nobody knows. */
static unsigned
total_of(struct engine *e, const struct message *m, const struct attempt_parts *p)
{
	const struct variant_text *text;

	if (p->of || p->outcome == OUTCOME_NONE)
		return p->of;
	if (p->parts)
		return p->parts;
	text = engine_variant_text(e, m->variant);
	return text ? text->parts : 0;
}

unsigned
engine_parts_total(struct engine *e, const struct message *m, unsigned attempt)
{
	struct attempt_parts p;

	return store_attempt_parts(e->store, m->wave, m->contact, attempt, &p) ? total_of(e, m, &p) : 0;
}

enum parts_say
engine_parts_say(struct engine *e, const struct message *m, unsigned attempt, unsigned *whose)
{
	struct attempt_parts p;
	unsigned total;
	uint32_t all;

	*whose = attempt;
	if (!store_attempt_parts(e->store, m->wave, m->contact, attempt, &p) ||
	    !(p.together | p.failed))
		return PARTS_SAY_NOTHING;
	total = total_of(e, m, &p);
	all = total < REMEMBERED ? (1u << total) - 1 : UINT32_MAX;
	if (total && total <= REMEMBERED && (p.together & all) == all && p.last) {
		*whose = p.outcome == OUTCOME_REJECTED ? p.last : attempt;
		return PARTS_SAY_DELIVERED;
	}
	/* One that goes on may yet be refused, and then it is sent again, the failed part with it. */
	if (p.outcome == OUTCOME_NONE || p.outcome == OUTCOME_REJECTED)
		return PARTS_SAY_NOTHING;
	return p.failed & ~p.together ? PARTS_SAY_FAILED : PARTS_SAY_NOTHING;
}
