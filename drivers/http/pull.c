/* pull.c -- a provider that is asked for receipts and replies, where it cannot reach us: the site
 * without a public address.  Each answer is handed over before the next is asked for. */
#include <stdio.h>

#include "drivers/http/http.h"

#define MORE_MS 100			/* as long as there is more */
#define FAILED_MAX 3			/* in a row, before somebody is told */

static msec
every(const struct pull *p)
{
	return p->http->profile.pulls[p->index].every_ms;
}

/* What cannot be fetched comes to nobody, and a provider keeps it for so long only. */
static void
note(struct pull *p, const char *reason)
{
	struct http *h = p->http;

	p->failed = reason ? p->failed + 1 : 0;
	if (reason && p->failed >= FAILED_MAX)
		health_note_pull(h, reason);
	else if (!reason && h->pulls[!p->index].failed < FAILED_MAX)
		health_note_pull(h, NULL);
}

static void
on_pulled(void *ctx, const struct operation *op, struct item **items, size_t count,
	  const struct transfer_result *r)
{
	struct pull *p = ctx;
	struct http *h = p->http;
	const struct pointer *at = &h->profile.pulls[p->index].list;
	struct judgement judgement;
	json_t *body = answer_read(&h->profile, op, r, &judgement);
	json_t *list = at->count ? pointer_get(at, body) : body;
	struct buf answer = { 0 };
	size_t all = 0;

	health_note_date(h, r->date);
	if (body && !json_is_array(list))
		snprintf(judgement.reason, sizeof(judgement.reason), "provider answered %ld, but without the "
			 "list of pull/list", r->status);
	if (body && json_is_array(list))
		callback_items(h, list, &all, &answer);
	else
		kit_log("pull failed host=%s reason=\"%s\"", h->profile.host, judgement.reason);
	note(p, body && json_is_array(list) ? NULL : judgement.reason);
	buf_fini(&answer);
	json_decref(body);
	p->asked = false;
	timer_at(&p->timer, timer_now() + (all ? MORE_MS : every(p)));
	leave_when_idle(h);
}

static void
on_due(evutil_socket_t fd, short what, void *ctx)
{
	struct pull *p = ctx;

	if (p->asked || p->http->closing)
		return;
	p->asked = true;
	transfers_ask(p->http->transfers, &(struct transfer){
		.op = &p->http->profile.ops[OP_PULL + p->index], .ended = on_pulled, .ctx = p });
}

void
pull_init(struct http *h)
{
	for (unsigned i = 0; i < 2; i++) {
		struct pull *p = &h->pulls[i];

		*p = (struct pull){ .http = h, .index = i };
		event_assign(&p->timer, kit_base(h->kit), -1, 0, on_due, p);
		if (profile_has(&h->profile, OP_PULL + i))
			timer_at(&p->timer, timer_now() + every(p));
	}
}

void
pull_fini(struct http *h)
{
	for (unsigned i = 0; i < 2; i++)
		event_del(&h->pulls[i].timer);
}
