/* send.c -- requests with messages: they leave as connections are free, and what the provider
 * answers becomes of each message. */
#include <stdio.h>
#include <string.h>

#include "drivers/http/http.h"

#define UNLISTED_MAX 10			/* refusals in a row that the profile does not know */
#define SILENT_MAX 3			/* failures in a row before the route says it is ill */

/* One strange refusal may be about one number; many in a row are about the profile, and must not
 * burn through the audience. */
void
send_count_unlisted(struct http *h, struct judgement *o)
{
	if (o->verdict != VERDICT_REJECTED || !o->unlisted) {
		h->unlisted = o->verdict == VERDICT_ACCEPTED ? 0 : h->unlisted;
		return;
	}
	if (++h->unlisted >= UNLISTED_MAX)
		o->class = REJECT_CONFIG;
}

static void
finish_judged(struct http *h, struct item *item, const struct judgement *o,
	      const struct transfer_result *r)
{
	if (item->judged) {
		item->judged(item->judged_by, item, o, r);
		return;
	}
	switch (o->verdict) {
	case VERDICT_ACCEPTED:
		item->parts = o->parts;
		item_done(h, item, "accepted", o->ref[0] ? o->ref : NULL, REJECT_NONE, NULL);
		break;
	case VERDICT_REJECTED:
		item_done(h, item, "rejected", NULL, o->class, o->reason);
		break;
	case VERDICT_UNKNOWN:
		resolve_add(h, item, o->reason);
		break;
	}
}

void
send_note(struct http *h, const struct transfer_result *r, const struct judgement *o)
{
	h->silent = o->unreachable ? h->silent + 1 : 0;
	health_note_silence(h, h->silent >= SILENT_MAX, o->reason);
	breaker_note(h, !o->unreachable && o->verdict != VERDICT_UNKNOWN, r->retry_after_ms, o->reason);
}

struct judging {			/* of one request */
	struct http *http;
	const struct transfer_result *result;
	bool noted;
};

/* A shared request that was refused whole, for what is about one of its numbers. */
static bool
is_anothers_fault(size_t count, const struct judgement *o)
{
	return count > 1 && o->verdict == VERDICT_REJECTED && !o->unreachable && !o->unlisted &&
		(o->class == REJECT_DROP || o->class == REJECT_RETRY_OTHER);
}

/* Once a request, or once a number where the answer speaks of each. */
static void
on_judged(void *ctx, struct item **items, size_t count, struct judgement *o)
{
	struct judging *j = ctx;

	send_count_unlisted(j->http, o);
	if (!j->noted)
		send_note(j->http, j->result, o);
	j->noted = true;
	if (is_anothers_fault(count, o) && !j->http->closing) {
		queue_alone(j->http, items, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		finish_judged(j->http, items[i], o, j->result);
}

static void
on_ended(void *ctx, const struct operation *op, struct item **items, size_t count,
	 const struct transfer_result *result)
{
	struct judging judging = { .http = ctx, .result = result };

	health_note_date(ctx, result->date);
	answer_judge(&judging.http->profile, op, result, items, count, on_judged, &judging);
}

void
send_start(struct http *h, struct item *const *items, size_t count)
{
	const struct operation *op = queue_operation(h, items[0]->urgent || items[0]->alone);

	for (size_t i = 0; i < count; i++) {
		items[i]->sent_at = kit_now();
		memcpy(items[i]->request_id, items[op->own_ids ? i : 0]->id, sizeof(items[0]->id));
	}
	transfers_start(h->transfers, &(struct transfer){
		.op = op, .items = items, .count = count, .ended = on_ended,
		.ctx = h });
}

void
send_pump(void *ctx)
{
	struct http *h = ctx;
	size_t count;

	while (transfers_free_slots(h->transfers) && queue_any(h))
		if ((count = queue_load(h)))
			send_start(h, h->load, count);
	leave_when_idle(h);
}

static void
on_pump(evutil_socket_t fd, short what, void *ctx)
{
	send_pump(ctx);
}

void
send_soon(struct http *h)
{
	event_active(&h->pump, EV_TIMEOUT, 0);
}

void
send_init(struct http *h)
{
	event_assign(&h->pump, kit_base(h->kit), -1, 0, on_pump, h);
}

/* Calls and questions have their own keepers, who are told next. */
static void
abandon(void *ctx, const struct operation *op, struct item *item, bool sent)
{
	struct http *h = ctx;
	struct judgement o = { .verdict = sent ? VERDICT_UNKNOWN : VERDICT_REJECTED,
			       .class = sent ? REJECT_NONE : REJECT_RETRY_OTHER };

	if (op != &h->profile.ops[OP_SEND] && op != &h->profile.ops[OP_ORDINARY])
		return;
	snprintf(o.reason, sizeof(o.reason), "%s", sent ? WORD(http_closed_unanswered)
		 : WORD(http_closed_unsent));
	finish_judged(h, item, &o, NULL);
}

void
send_abandon(struct http *h)
{
	transfers_abandon(h->transfers, abandon, h);
}
