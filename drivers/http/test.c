/* test.c -- somebody at the office asks whether this route works: what can be tested without a
 * message, step by step, and a test message with its receipt. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "drivers/http/http.h"
#include "drivers/http/shown.h"

struct test {
	TAILQ_ENTRY(test) link;
	struct http *http;
	char id[KIT_ID], ref[65];
	json_t *lines;
	bool failed, left;		/* left: the test message is accepted, its receipt awaited */
	msec began_at, submit_ms, receipt_wait_ms;
	struct event timer;
};

static void
test_free(struct test *t)
{
	TAILQ_REMOVE(&t->http->tests.list, t, link);
	event_del(&t->timer);
	json_decref(t->lines);
	free(t);
}

static void line(struct test *t, const char *mark, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* `mark`: "ok  ", "FAIL" or "--  " (could not be tested). */
static void
line(struct test *t, const char *mark, const char *fmt, ...)
{
	struct buf text = { 0 };
	char words[SHOWN_BYTES + 64];
	va_list args;

	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	buf_printf(&text, "%s %s", mark, words);
	json_array_append_new(t->lines, json_string(text.data));
	t->failed = t->failed || strcmp(mark, "FAIL") == 0;
	buf_fini(&text);
}

static void
answer_steps(struct test *t)
{
	struct http *h = t->http;
	json_t *fields = json_pack("{s:b,s:O,s:I}", "ok", !t->failed, "lines", t->lines, "ms",
				   (json_int_t)(timer_now() - t->began_at));

	if (t->failed)
		json_object_set_new(fields, "reason", json_string("a step failed; see its line"));
	kit_answer(h->kit, t->id, fields);
	test_free(t);
	leave_when_idle(h);
}

static void
on_account(void *ctx, const struct operation *op, struct item **items, size_t count,
	   const struct transfer_result *r)
{
	struct test *t = ctx;
	struct judgement judgement;
	json_t *body = answer_read(&t->http->profile, op, r, &judgement);
	double balance;

	if (!body)
		line(t, "FAIL", "account: %s", ENGLISH(judgement.reason));
	else if (health_read_balance(&t->http->profile.balance, body, &balance))
		line(t, "ok  ", "account: key and signature are accepted, balance %.2f", balance);
	else
		line(t, "FAIL", "account: the answer has no balance where the profile looks for it");
	json_decref(body);
	answer_steps(t);
}

static void
check_clock(struct test *t, msec date)
{
	msec skew = t->http->health.skew_ms;

	health_note_date(t->http, date);
	if (date)
		skew = t->http->health.skew_ms;
	if (!date && !t->http->health.has_skew)
		line(t, "--  ", "clock: the provider does not tell its time");
	else if (skew < -CLOCK_SKEW_MAX_MS || skew > CLOCK_SKEW_MAX_MS)
		line(t, "FAIL", "clock: this machine is %lld s %s the provider; signed requests will be "
		     "refused: set the clock", (long long)(skew < 0 ? -skew : skew) / 1000,
		     skew < 0 ? "ahead of" : "behind");
	else
		line(t, "ok  ", "clock: within %lld s of the provider's",
		     (long long)(skew < 0 ? -skew : skew) / 1000 + 1);
}

static void
on_reached(void *ctx, const struct operation *op, struct item **items, size_t count,
	   const struct transfer_result *r)
{
	struct test *t = ctx;
	struct http *h = t->http;
	struct judgement judgement;

	json_decref(answer_read(&h->profile, op, r, &judgement));
	if (!r->status) {
		line(t, "FAIL", "reach: %s", ENGLISH(judgement.reason));
		answer_steps(t);
		return;
	}
	line(t, "ok  ", "reach: %s answered in %lld ms%s", h->profile.host,
	     (long long)(timer_now() - t->began_at), h->profile.is_plain
	     ? ", without encryption" : ", its certificate is good");
	check_clock(t, r->date);
	if (profile_has(&h->profile, OP_BALANCE)) {
		transfers_ask(h->transfers, &(struct transfer){
			.op = &h->profile.ops[OP_BALANCE], .ended = on_account, .ctx = t });
		return;
	}
	line(t, "--  ", "account: this provider has no question that costs nothing; name a number to "
	     "prove key, signature and text by a message");
	answer_steps(t);
}

static void
answer_message(struct test *t, const char *receipt)
{
	struct http *h = t->http;
	msec ms = timer_now() - t->began_at;
	json_t *fields = json_pack("{s:b,s:s,s:O,s:I,s:I}", "ok", receipt == NULL ||
				   strcmp(receipt, "failed") != 0, "ref", t->ref, "lines", t->lines,
				   "submit_ms", (json_int_t)t->submit_ms, "ms", (json_int_t)ms);

	if (receipt) {
		json_object_set_new(fields, "receipt", json_string(receipt));
		json_object_set_new(fields, "receipt_ms", json_integer(ms));
		if (strcmp(receipt, "failed") == 0)
			json_object_set_new(fields, "reason", json_string("the network could not "
									  "deliver it"));
	}
	kit_answer(h->kit, t->id, fields);
	test_free(t);
	leave_when_idle(h);
}

static void
on_waited(evutil_socket_t fd, short what, void *ctx)
{
	answer_message(ctx, NULL);
}

static struct test *
find(struct http *h, const char *id)
{
	struct test *t;

	TAILQ_FOREACH(t, &h->tests.list, link)
		if (id && strcmp(t->id, id) == 0)
			return t;
	return NULL;
}

/* What the provider got: a profile that says the wrong thing shows here, not in a village. */
static void
note_sent(struct test *t, const struct transfer_result *r)
{
	struct buf shown = { 0 };

	if (!r || !r->sent)
		return;
	shown_request(&t->http->profile, &t->http->profile.ops[OP_SEND], r, &shown);
	line(t, "--  ", "sent: %s", shown.data);
	buf_fini(&shown);
}

static void
on_judged(void *ctx, struct item *item, const struct judgement *o, const struct transfer_result *r)
{
	struct test *t = ctx;
	struct http *h = t->http;

	words_unref(item->words);
	free(item);
	note_sent(t, r);
	if (o->verdict != VERDICT_ACCEPTED) {
		kit_answer(h->kit, t->id, json_pack("{s:b,s:O,s:s}", "ok", 0, "lines", t->lines, "reason",
						    ENGLISH(o->reason)));
		test_free(t);
		return;
	}
	t->left = true;
	t->submit_ms = timer_now() - t->began_at;
	snprintf(t->ref, sizeof(t->ref), "%s", o->ref);
	if (!t->receipt_wait_ms || !h->profile.receipts)
		answer_message(t, NULL);
	else
		timer_at(&t->timer, timer_now() + t->receipt_wait_ms);
}

bool
test_receipt(struct http *h, const char *id, const char *ref, const char *state)
{
	struct test *t = find(h, id);

	if (!t && ref)
		TAILQ_FOREACH(t, &h->tests.list, link)
			if (t->left && strcmp(t->ref, ref) == 0)
				break;
	if (!t || !t->left || strcmp(state, "buffered") == 0)
		return t != NULL;
	answer_message(t, state);
	return true;
}

static void
send_message(struct test *t, const struct kit_question *q)
{
	struct http *h = t->http;
	struct words *words = NULL;
	struct item *item;
	struct err err = { 0 };

	if (!profile_has(&h->profile, OP_SEND))
		err_say(&err, REFUSED_INVALID, about(CONCEPT_NONE), http_calls_only_test);
	else if (strlen(q->to) >= sizeof(item->to))
		err_say(&err, REFUSED_INVALID, about(CONCEPT_NONE), http_number_long);
	else if (!transfers_free_slots(h->transfers))
		err_say(&err, REFUSED_INVALID, about(CONCEPT_NONE), http_route_busy);
	else
		words = words_new(h, q->text, &(struct kit_template){ 0 }, NULL, &err);
	if (!words) {
		kit_refuse(h->kit, t->id, NEST(&err.said));
		test_free(t);
		return;
	}
	item = xcalloc(1, sizeof(*item));
	*item = (struct item){ .words = words, .not_after = NEVER, .urgent = true,
			       .judged = on_judged, .judged_by = t };
	memcpy(item->id, t->id, sizeof(item->id));
	memcpy(item->to, q->to, strlen(q->to) + 1);
	send_start(h, &item, 1);
}

void
test_ask(struct http *h, const struct kit_question *q)
{
	bool is_message = strcmp(q->what, "sms") == 0;
	struct test *t;

	if (!is_message && strcmp(q->what, "test") != 0) {
		kit_refuse(h->kit, q->id, "a provider route answers \"test\" and \"sms\" only");
		return;
	}
	if (strlen(q->id) >= KIT_ID) {
		kit_refuse(h->kit, q->id, "its id is too long");
		return;
	}
	t = xcalloc(1, sizeof(*t));
	*t = (struct test){ .http = h, .lines = json_array(), .began_at = timer_now(),
			    .receipt_wait_ms = q->receipt_wait_ms };
	memcpy(t->id, q->id, strlen(q->id) + 1);
	event_assign(&t->timer, kit_base(h->kit), -1, 0, on_waited, t);
	TAILQ_INSERT_TAIL(&h->tests.list, t, link);
	if (is_message)
		send_message(t, q);
	else
		transfers_ask(h->transfers, &(struct transfer){ .op = &h->profile.ops[OP_REACH],
								.ended = on_reached, .ctx = t });
}

void
test_init(struct http *h)
{
	TAILQ_INIT(&h->tests.list);
}

void
test_give_up(struct http *h)
{
	struct test *t, *next;

	for (t = TAILQ_FIRST(&h->tests.list); t; t = next) {
		next = TAILQ_NEXT(t, link);
		kit_refuse(h->kit, t->id, "the driver had to close before the answer came");
		test_free(t);
	}
}
