/* resolve.c -- a message in doubt: the provider is asked whether it has it, a few times, before
 * gongd hears "unknown" and its policy decides. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "drivers/http/http.h"

#define DOUBT_MAX_MS MINUTES(2)	/* gongd waits five */
#define ASKED_MIN 2			/* at once; more with many connections */

struct doubt {
	TAILQ_ENTRY(doubt) link;
	struct http *http;
	struct item *item;
	char reason[400];		/* why it is in doubt */
	unsigned asked;
	bool waits;			/* for the answer to a question */
	msec next_at, until;
};

static void set_timer(struct http *);

static void
doubt_free(struct doubt *d)
{
	TAILQ_REMOVE(&d->http->doubts.list, d, link);
	free(d);
}

static void
end_unknown(struct doubt *d)
{
	item_done(d->http, d->item, "unknown", NULL, REJECT_NONE, d->reason);
	doubt_free(d);
}

/* The same text to the same number may have left earlier in the day; their clock, in seconds, may
 * be off by `skew_ms`. */
static bool
is_older(const struct query_rules *q, json_t *element, const struct item *item, msec skew_ms)
{
	char room[64];
	const char *text = pointer_text(&q->at, element, room, sizeof(room));
	time_t at = text ? curl_getdate(text, NULL) : -1;

	return at < 0 || at * 1000 - skew_ms < item->sent_at - SECONDS(2);
}

static bool
is_it(const struct query_rules *q, json_t *element, const struct item *item, msec skew_ms)
{
	char room[64];
	const char *id = pointer_text(&q->id, element, room, sizeof(room));
	const char *text;

	if (q->id.count)
		return id && strcmp(id, item->request_id) == 0;
	text = pointer_text(&q->text, element, room, sizeof(room));
	return text && strcmp(text, item->words->text) == 0 && !is_older(q, element, item, skew_ms);
}

static json_t *
find(const struct http *h, json_t *body, const struct item *item)
{
	const struct query_rules *q = &h->profile.query;
	msec skew_ms = h->health.has_skew ? h->health.skew_ms : 0;
	json_t *list = q->list.count ? pointer_get(&q->list, body) : body, *element;
	size_t i;

	if (!json_is_array(list))
		return list && is_it(q, list, item, skew_ms) ? list : NULL;
	json_array_foreach(list, i, element)
		if (is_it(q, element, item, skew_ms))
			return element;
	return NULL;
}

/* They have it: it was accepted, and perhaps they know more. */
static void
end_found(struct doubt *d, json_t *element)
{
	const struct query_rules *q = &d->http->profile.query;
	char rooms[3][64];
	const char *ref = pointer_text(&q->provider_id, element, rooms[0], sizeof(rooms[0]));
	const char *state = pointer_text(&q->state, element, rooms[1], sizeof(rooms[1]));
	const char *reason = pointer_text(&q->reason, element, rooms[2], sizeof(rooms[2]));
	const char *word = state ? word_state(state, q->delivered, q->failed) : "buffered";
	char id[KIT_ID], to[sizeof(d->item->to)];
	struct http *h = d->http;

	memcpy(id, d->item->id, sizeof(id));
	memcpy(to, d->item->to, sizeof(to));
	item_done(h, d->item, "accepted", ref, REJECT_NONE, NULL);
	if (strcmp(word, "buffered") != 0)
		kit_receipt(h->kit, &(struct kit_receipt){ .id = id, .ref = ref, .to = to, .state = word,
			    .reason = strcmp(word, "failed") == 0 && !reason ? state : reason }, kit_now());
	doubt_free(d);
}

static void
on_answer(void *ctx, const struct operation *op, struct item **items, size_t count,
	  const struct transfer_result *r)
{
	struct doubt *d = ctx;
	struct http *h = d->http;
	struct judgement judgement;
	json_t *body = answer_read(&h->profile, op, r, &judgement), *element;

	d->waits = false;
	h->doubts.asking--;
	element = body ? find(h, body, d->item) : NULL;
	if (element) {
		end_found(d, element);
	} else if (d->asked >= (unsigned)h->profile.query.times) {
		end_unknown(d);
	} else {
		d->next_at = timer_now() + (h->profile.query.after_ms << d->asked);
	}
	set_timer(h);
	json_decref(body);
	leave_when_idle(h);
}

/* A whole batch in doubt must not fill the connections of what is still to be sent. */
static bool
may_ask(const struct http *h)
{
	return h->doubts.asking < ASKED_MIN + h->profile.connections / 4;
}

static void
on_due(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;
	struct doubt *d, *next;
	msec now = timer_now();

	for (d = TAILQ_FIRST(&h->doubts.list); d; d = next) {
		next = TAILQ_NEXT(d, link);
		if (d->waits)
			continue;
		if (d->until <= now) {
			end_unknown(d);
			continue;
		}
		if (d->next_at > now || !may_ask(h))
			continue;
		d->waits = true;
		d->asked++;
		h->doubts.asking++;
		transfers_ask(h->transfers, &(struct transfer){
			.op = &h->profile.ops[OP_QUERY], .items = &d->item, .count = 1,
			.ended = on_answer, .ctx = d });
	}
	set_timer(h);
	leave_when_idle(h);
}

static void
set_timer(struct http *h)
{
	msec next = NEVER;
	struct doubt *d;

	TAILQ_FOREACH(d, &h->doubts.list, link)
		if (!d->waits)
			next = msec_min(next, may_ask(h) ? msec_min(d->next_at, d->until) : d->until);
	timer_at(&h->doubts.timer, next);
}

void
resolve_init(struct http *h)
{
	TAILQ_INIT(&h->doubts.list);
	event_assign(&h->doubts.timer, kit_base(h->kit), -1, 0, on_due, h);
}

void
resolve_add(struct http *h, struct item *item, const char *reason)
{
	struct doubt *d;

	if (!profile_has(&h->profile, OP_QUERY) || h->closing) {
		item_done(h, item, "unknown", NULL, REJECT_NONE, reason);
		return;
	}
	d = xcalloc(1, sizeof(*d));
	*d = (struct doubt){ .http = h, .item = item,
			     .next_at = timer_now() + h->profile.query.after_ms,
			     .until = timer_now() + DOUBT_MAX_MS };
	snprintf(d->reason, sizeof(d->reason), "%s", reason);
	TAILQ_INSERT_TAIL(&h->doubts.list, d, link);
	set_timer(h);
}

void
resolve_give_up(struct http *h)
{
	struct doubt *d, *next;

	event_del(&h->doubts.timer);
	for (d = TAILQ_FIRST(&h->doubts.list); d; d = next) {
		next = TAILQ_NEXT(d, link);
		end_unknown(d);
	}
}
