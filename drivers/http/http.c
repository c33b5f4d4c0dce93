/* http.c -- gong-http: hands messages to one provider over HTTP, as its profile says.  It keeps
 * the queue, the exactly one `done` per item and the health of the route; docs/http-driver.md. */
#include <event2/event_struct.h>
#include <signal.h>
#include <string.h>

#include "core/table.h"
#include "drivers/http/http.h"

#define UNLISTED_MAX 10			/* refusals in a row that the profile does not know */
#define SILENT_MAX 3			/* failures in a row before the route says it is ill */

TAILQ_HEAD(queue, item);

struct http {
	struct kit *kit;
	struct profile profile;
	struct transfers *transfers;
	struct queue urgent, ordinary;
	struct table queued;		/* hash of the id to item, for withdraw */
	struct event minute, grace, leave;
	bool is_open, closing, left, ill;
	unsigned unlisted, silent;
	unsigned long accepted;
	struct item **load;		/* the items of the request being put together */
};

/* FNV-1a; the id itself is compared where it matters. */
static uint64_t
id_hash(const char *id)
{
	uint64_t hash = 0xcbf29ce484222325u;

	while (*id)
		hash = (hash ^ (unsigned char)*id++) * 0x100000001b3u;
	return hash;
}

static void
item_free(struct item *item)
{
	if (--item->text->refs == 0)
		free(item->text);
	free(item);
}

static void
finish(struct http *h, struct item *item, const char *outcome, const char *ref, enum reject class,
       const char *reason)
{
	kit_done(h->kit, item->id, outcome, ref, 0,
		 class == REJECT_NONE ? NULL : reject_name(class), reason);
	item_free(item);
}

static void
tell_health(struct http *h, const char *note)
{
	kit_event(h->kit, json_pack("{s:s,s:b,s:s*}", "ev", "health", "ok", !h->ill, "note", note));
}

static void
note_health(struct http *h, bool silent, const char *reason)
{
	h->silent = silent ? h->silent + 1 : 0;
	if (h->ill == (h->silent >= SILENT_MAX))
		return;
	h->ill = !h->ill;
	if (h->ill)
		kit_log("provider is silent host=%s reason=\"%s\"", h->profile.host, reason);
	else
		kit_log("provider answers again host=%s", h->profile.host);
	tell_health(h, h->ill ? reason : NULL);
}

static void
leave_when_idle(struct http *h)
{
	if (!h->closing || h->left || transfers_running(h->transfers))
		return;
	h->left = true;
	event_active(&h->leave, EV_TIMEOUT, 0);	/* not under the feet of a transfer's callback */
}

static void
on_leave(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;

	h->is_open = false;
	event_del(&h->minute);
	event_del(&h->grace);
	transfers_free(h->transfers);
	profile_fini(&h->profile);
	table_fini(&h->queued, NULL);
	free(h->load);
	kit_exit(h->kit);
}

/* One strange refusal may be about one number; many in a row are about the profile, and must not
 * burn through the audience. */
static void
count_unlisted(struct http *h, struct judgement *o)
{
	if (o->verdict != VERDICT_REJECTED || !o->unlisted) {
		h->unlisted = o->verdict == VERDICT_ACCEPTED ? 0 : h->unlisted;
		return;
	}
	if (++h->unlisted >= UNLISTED_MAX)
		o->class = REJECT_CONFIG;
}

static void
finish_judged(struct http *h, struct item *item, const struct judgement *o)
{
	switch (o->verdict) {
	case VERDICT_ACCEPTED:
		h->accepted++;
		finish(h, item, "accepted", o->ref[0] ? o->ref : NULL, REJECT_NONE, NULL);
		break;
	case VERDICT_REJECTED:
		finish(h, item, "rejected", NULL, o->class, o->reason);
		break;
	case VERDICT_UNKNOWN:
		finish(h, item, "unknown", NULL, REJECT_NONE, o->reason);
		break;
	}
}

/* Once a request, or once a number where the answer speaks of each. */
static void
on_judged(void *ctx, struct item **items, size_t count, struct judgement *o)
{
	struct http *h = ctx;

	count_unlisted(h, o);
	note_health(h, o->unreachable, o->reason);
	for (size_t i = 0; i < count; i++)
		finish_judged(h, items[i], o);
}

static void
on_ended(void *ctx, struct item **items, size_t count, const struct transfer_result *result)
{
	struct http *h = ctx;

	answer_judge(&h->profile, result, items, count, on_judged, h);
}

/* The next in line; with `text`, only if it has that very text. */
static struct item *
next_item(struct http *h, const struct shared_text *text)
{
	struct queue *queue = TAILQ_EMPTY(&h->urgent) ? &h->ordinary : &h->urgent;
	struct item *item = TAILQ_FIRST(queue);

	if (item && text && item->text != text)
		return NULL;
	if (item) {
		TAILQ_REMOVE(queue, item, link);
		table_take(&h->queued, id_hash(item->id));
	}
	return item;
}

/* Fills h->load with what may share a request: items of one send with one text stand side by
 * side in the queue. */
static size_t
next_load(struct http *h)
{
	const struct shared_text *text = NULL;
	struct item *item;
	size_t count = 0;

	while (count < h->profile.numbers_max && (item = next_item(h, text))) {
		if (item->not_after < kit_now()) {
			finish(h, item, "rejected", NULL, REJECT_RETRY,
			       "not sent: its validity ended while it waited in the driver");
			continue;
		}
		text = item->text;
		h->load[count++] = item;
	}
	return count;
}

static void
pump(void *ctx)
{
	struct http *h = ctx;
	size_t count;

	while (transfers_free_slots(h->transfers) && (count = next_load(h)))
		transfers_start(h->transfers, h->load, count);
	leave_when_idle(h);
}

static struct shared_text *
text_new(const char *text)
{
	size_t len = strlen(text);
	struct shared_text *shared = xmalloc(sizeof(*shared) + len + 1);

	shared->refs = 0;
	memcpy(shared->data, text, len + 1);
	return shared;
}

static void
http_send(struct kit *k, const struct kit_send *send)
{
	struct http *h = kit_self(k);
	struct shared_text *text = NULL;

	for (size_t i = 0; i < send->count; i++) {
		const struct kit_item *from = &send->items[i];
		struct item *item;

		if (h->closing || !h->is_open || strlen(from->id) >= KIT_ID ||
		    strlen(from->to) >= sizeof(item->to)) {
			kit_done(k, from->id, "rejected", NULL, 0, "retry_other", h->is_open
				 ? "not sent: the driver is closing, or its id or number is too long"
				 : "not sent: the driver has not been opened");
			continue;
		}
		if (!text || !send->is_one_text)
			text = text_new(from->text);
		text->refs++;
		item = xcalloc(1, sizeof(*item));
		*item = (struct item){ .text = text, .not_after = send->not_after,
				       .flash = send->flash, .urgent = send->urgent };
		memcpy(item->id, from->id, strlen(from->id) + 1);
		memcpy(item->to, from->to, strlen(from->to) + 1);
		TAILQ_INSERT_TAIL(send->urgent ? &h->urgent : &h->ordinary, item, link);
		table_put(&h->queued, id_hash(item->id), item);
	}
	if (h->is_open)
		pump(h);
}

/* What is on its way is past recall and ends with its own done. */
static void
http_withdraw(struct kit *k, const char *id)
{
	struct http *h = kit_self(k);
	struct item *item = table_get(&h->queued, id_hash(id));

	if (!item || strcmp(item->id, id) != 0)
		return;
	table_take(&h->queued, id_hash(id));
	TAILQ_REMOVE(item->urgent ? &h->urgent : &h->ordinary, item, link);
	finish(h, item, "withdrawn", NULL, REJECT_NONE, "withdrawn before it left");
}

static void
http_callback(struct kit *k, json_t *op)
{
	struct http *h = kit_self(k);

	if (h->is_open)
		callback_take(k, &h->profile, op);
}

static void
abandon(void *ctx, struct item *item, bool sent)
{
	finish(ctx, item, sent ? "unknown" : "rejected", NULL,
	       sent ? REJECT_NONE : REJECT_RETRY_OTHER,
	       sent ? "no answer before the driver had to close"
		    : "not sent: no connection before the driver had to close");
}

static void
on_grace(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;

	transfers_abandon(h->transfers, abandon, h);
	leave_when_idle(h);
}

static void
on_minute(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;

	tell_health(h, NULL);
}

static void
http_close(struct kit *k, msec grace_ms)
{
	struct http *h = kit_self(k);
	struct timeval tv = { grace_ms / 1000, grace_ms % 1000 * 1000 };
	struct item *item;

	if (!h->is_open) {
		kit_exit(k);
		return;
	}
	h->closing = true;
	while ((item = next_item(h, NULL)))
		finish(h, item, "rejected", NULL, REJECT_RETRY_OTHER,
		       "not sent: the driver is closing");
	event_add(&h->grace, &tv);
	leave_when_idle(h);
}

static void
fatal(struct kit *k, const char *route, const struct err *err)
{
	struct buf reason = { 0 };

	buf_printf(&reason, "route %s, option %s: %s", route ? route : "?", err->field, err->text);
	kit_fatal(k, reason.data, false);
}

static void
http_open(struct kit *k, const char *route, json_t *config, const char *state)
{
	static const struct timeval minute = { 60, 0 };
	struct http *h = kit_self(k);
	struct profile *p = &h->profile;
	struct err err = { 0 };

	if (h->is_open) {
		kit_log("second open ignored");
		return;
	}
	h->kit = k;
	config = profile_load(config, &err);
	if (!config || profile_compile(p, config, &err) < 0 ||
	    transfers_new(&h->transfers, kit_base(k), p, on_ended, pump, h, &err) < 0)
		fatal(k, route, &err);
	if (p->authorization && strncmp(p->url, "http://", 7) == 0)
		kit_log("warning: the authorization travels unencrypted host=%s", p->host);
	json_decref(config);		/* the profile has its own reference */
	h->load = xcalloc(p->numbers_max, sizeof(struct item *));
	event_assign(&h->minute, kit_base(k), -1, EV_PERSIST, on_minute, h);
	event_assign(&h->grace, kit_base(k), -1, 0, on_grace, h);
	event_assign(&h->leave, kit_base(k), -1, 0, on_leave, h);
	event_add(&h->minute, &minute);
	h->is_open = true;
	kit_ready(k, &(struct kit_offer){
		.channels = "sms", .identity = p->host, .window = p->window, .batch = p->batch,
		.receipts = !p->receipts ? KIT_RECEIPTS_NONE
			: p->callback.receipt.id.count ? KIT_RECEIPTS : KIT_RECEIPTS_BY_REF,
		.inbound = p->callback.has_reply });
	tell_health(h, NULL);
}

int
main(void)
{
	static const struct kit_driver driver = {
		.open = http_open, .send = http_send, .withdraw = http_withdraw,
		.callback = http_callback, .close = http_close,
	};
	struct http h = { .urgent = TAILQ_HEAD_INITIALIZER(h.urgent),
			  .ordinary = TAILQ_HEAD_INITIALIZER(h.ordinary) };

	signal(SIGPIPE, SIG_IGN);
	return kit_main(&driver, &h);
}
