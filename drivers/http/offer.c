/* offer.c -- what gongd is told that it may send now. */
#include "drivers/http/http.h"

/* How many messages the circuit breaker lets through at once, of `window`. */
static unsigned
window_now(const struct http *h, unsigned window)
{
	switch (h->breaker.state) {
	case BREAKER_OPEN: return 0;
	case BREAKER_HALF: return 1;
	case BREAKER_CLOSED: break;
	}
	return window;
}

/* Texts on the wire at once; a call is with the network for as long as it rings and speaks, and needs no
 * connection for that. */
static unsigned
on_the_wire(const struct profile *p)
{
	unsigned most = p->connections * p->numbers_max;

	return profile_has(p, OP_CALL) || most > p->window ? p->window : most;
}

void
offer_tell(struct http *h)
{
	const struct profile *p = &h->profile;
	const struct receipt_rules *r = &p->callback.receipt;
	bool sms = profile_has(p, OP_SEND), voice = profile_has(p, OP_CALL);
	unsigned window = on_the_wire(p);

	kit_ready(h->kit, &(struct kit_offer){
		.channels = sms && voice ? "sms,voice" : voice ? "voice" : "sms",
		.identity = p->host, .window = window_now(h, window),
		.prefetch = h->breaker.state == BREAKER_CLOSED ? p->window - window : 0,
		.batch = h->breaker.state == BREAKER_HALF ? 1 : p->batch,
		/* What shares a request shares our id in it, too: then theirs and the number tell. */
		.receipts = !p->receipts ? KIT_RECEIPTS_NONE : r->id.count && p->numbers_max == 1
			? KIT_RECEIPTS : KIT_RECEIPTS_BY_REF,
		.inbound = p->callback.reply.is_set, .templates = p->approved.count > 0,
		.rate = p->rate, .budgets = p->budgets, .reply_within_ms = p->callback.within_ms });
}
