/* http.c -- gong-http: hands messages and calls to one provider over HTTP, as its profile says.
 * What gongd says comes in here and is handed to whoever does it; docs/http-driver.md. */
#include "drivers/http/http.h"

#include <stdio.h>
#include <string.h>

#include "drivers/http/fit.h"

static void
on_leave(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;
	struct event *events[] = { &h->grace, &h->pump, &h->breaker.timer, &h->doubts.timer };

	h->is_open = false;
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		event_del(events[i]);
	health_fini(h);
	pull_fini(h);
	parts_fini(h);
	call_fini(h);
	transfers_free(h->transfers);
	profile_fini(&h->profile);
	table_fini(&h->queued, NULL);
	free(h->load);
	kit_exit(h->kit);
}

static const char *
fault_of(const struct http *h, const char *id, const char *to)
{
	if (!h->is_open)
		return WORD(http_not_opened);
	if (h->closing)
		return WORD(http_closing);
	if (strlen(id) >= KIT_ID || strlen(to) >= sizeof(((struct item *)0)->to))
		return WORD(http_too_long);
	return NULL;
}

static void
enqueue(struct http *h, const struct kit_send *send, const struct kit_item *from,
	struct words *words)
{
	struct item *item = xcalloc(1, sizeof(*item));

	*item = (struct item){ .words = words, .not_after = send->not_after, .slot = from->slot,
			       .flash = send->flash, .urgent = send->urgent };
	words->refs++;
	memcpy(item->id, from->id, strlen(from->id) + 1);
	memcpy(item->to, from->to, strlen(from->to) + 1);
	queue_add(h, item);
}

static void
http_send(struct kit *k, const struct kit_send *send)
{
	struct http *h = kit_self(k);
	struct words *words = NULL;
	struct err err = { 0 };
	char why[SAID_VALUE];

	for (size_t i = 0; i < send->count; i++) {
		const struct kit_item *from = &send->items[i];
		const char *fault = fault_of(h, from->id, from->to);

		if (!fault && (!i || !send->is_one_text)) {
			words_unref(words);
			words = words_new(h, from->text, &from->template, NULL, &err);
		}
		if (!fault && !words)
			fault = said_nest(why, &err.said);
		if (!fault && !profile_has(&h->profile, OP_SEND))
			fault = WORD(http_calls_only);
		if (words && !fault)
			enqueue(h, send, from, words);
		else
			kit_done(k, from->id, "rejected", NULL, 0, "retry_other", fault);
	}
	words_unref(words);
	breaker_give_back(h);
	/* Texts that may share a request wait until all that gongd said together is read. */
	if (h->is_open && queue_operation(h, send->urgent)->texts)
		send_soon(h);
	else if (h->is_open)
		send_pump(h);
}

static void
http_call(struct kit *k, const struct kit_call *call)
{
	struct http *h = kit_self(k);
	const char *fault = fault_of(h, call->id, call->to);

	if (!fault && !profile_has(&h->profile, OP_CALL))
		fault = WORD(http_texts_only);
	if (fault)
		kit_done(k, call->id, "rejected", NULL, 0, "retry_other", fault);
	else
		call_place(h, call);
}

/* What is on its way is past recall and ends with its own done. */
static void
http_withdraw(struct kit *k, const char *id)
{
	struct http *h = kit_self(k);
	struct item *item = queue_withdraw(h, id);

	if (item)
		item_done(h, item, "withdrawn", NULL, REJECT_NONE, WORD(withdrawn_unsent));
}

static void
http_took(struct kit *k, const char *id)
{
	struct http *h = kit_self(k);

	if (h->is_open)
		pull_took(h);
}

static void
http_journal(struct kit *k)
{
	struct http *h = kit_self(k);

	if (h->is_open)
		health_tell(h);
}

static void
http_callback(struct kit *k, json_t *op)
{
	struct http *h = kit_self(k);

	if (h->is_open)
		callback_take(h, op);
}

static void
http_ask(struct kit *k, const struct kit_question *question)
{
	struct http *h = kit_self(k);

	if (h->is_open && !h->closing)
		test_ask(h, question);
	else
		kit_refuse(k, question->id, "the route is not open");
}

static void
on_grace(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;

	send_abandon(h);
	resolve_give_up(h);
	call_give_up(h);
	test_give_up(h);
	leave_when_idle(h);
}

static void
http_close(struct kit *k, msec grace_ms)
{
	struct http *h = kit_self(k);

	if (!h->is_open) {
		kit_exit(k);
		return;
	}
	h->closing = true;
	queue_give_back(h, "rejected", WORD(http_closing));
	timer_at(&h->grace, timer_now() + grace_ms);
	leave_when_idle(h);
}

static void
fatal(struct kit *k, const char *route, const struct err *err)
{
	kit_fatal(k, SAID(http_option, route ? route : "?", err->field, NEST(&err->said)), false);
}

static void
load_profile(struct kit *k, struct profile *p, const char *route, json_t *config)
{
	struct err err = { 0 };

	config = profile_load(config, &err);
	if (!config || profile_compile(p, config, &err) < 0 || fit_check(p, &err) < 0)
		fatal(k, route, &err);
	json_decref(config);		/* the profile has its own reference */
}

static void
http_open(struct kit *k, const char *route, json_t *config, const char *state)
{
	struct http *h = kit_self(k);
	struct profile *p = &h->profile;
	struct err err = { 0 };

	if (h->is_open) {
		kit_log("second open ignored");
		return;
	}
	h->kit = k;
	load_profile(k, p, route, config);
	if (transfers_new(&h->transfers, k, p, send_pump, h, &err) < 0)
		fatal(k, route, &err);
	confined_to_network(h);
	if (p->is_plain)
		kit_log("warning: everything travels unencrypted host=%s", p->host);
	h->load = xcalloc(p->numbers_max, sizeof(struct item *));
	event_assign(&h->grace, kit_base(k), -1, 0, on_grace, h);
	event_assign(&h->leave, kit_base(k), -1, 0, on_leave, h);
	h->is_open = true;
	send_init(h);
	breaker_init(h);
	resolve_init(h);
	call_init(h);
	test_init(h);
	pull_init(h);
	keep_read(h, state);
	parts_init(h);
	offer_tell(h);
	pull_again(h);
	health_init(h);
	health_tell(h);
}

/* Instead of an open: what would this route not be able to carry? */
static void
http_check(struct kit *k, json_t *op)
{
	struct http *h = kit_self(k);
	json_t *problems = json_array(), *template;
	size_t i;

	h->kit = k;
	load_profile(k, &h->profile, json_string_value(json_object_get(op, "route")),
		     json_object_get(op, "config"));
	json_array_foreach(json_object_get(op, "templates"), i, template) {
		char room[400];
		const char *problem = approved_obstacle(&h->profile.approved, template, room, sizeof(room));

		if (problem)
			json_array_append_new(problems, json_pack("{s:O*,s:O*,s:s}", "template",
				json_object_get(template, "name"), "language",
				json_object_get(template, "language"), "problem", problem));
	}
	profile_fini(&h->profile);
	kit_checked(k, problems);
}

int
main(void)
{
	static const struct kit_driver driver = {
		.open = http_open, .send = http_send, .call = http_call,
		.withdraw = http_withdraw, .took = http_took, .journal = http_journal,
		.callback = http_callback, .ask = http_ask,
		.check = http_check, .close = http_close, .marks = true,
	};
	struct http h = { .urgent = TAILQ_HEAD_INITIALIZER(h.urgent),
			  .ordinary = TAILQ_HEAD_INITIALIZER(h.ordinary) };

	return kit_main(&driver, &h);
}
