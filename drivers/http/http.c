/* http.c -- gong-http: hands messages and calls to one provider over HTTP, as its profile says.
 * It keeps the queue and the exactly one `done` per item; docs/http-driver.md. */
#include "drivers/http/http.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#define UNLISTED_MAX 10			/* refusals in a row that the profile does not know */
#define SILENT_MAX 3			/* failures in a row before the route says it is ill */

/* FNV-1a; the id itself is compared where it matters. */
static uint64_t
id_hash(const char *id)
{
	uint64_t hash = 0xcbf29ce484222325u;

	while (*id)
		hash = (hash ^ (unsigned char)*id++) * 0x100000001b3u;
	return hash;
}

void
http_words_unref(struct words *words)
{
	if (!words || --words->refs)
		return;
	free(words->params.object);
	free(words->params.list);
	free(words);
}

void
http_finish(struct http *h, struct item *item, const char *outcome, const char *ref,
	    enum reject class, const char *reason)
{
	kit_done(h->kit, item->id, outcome, ref, 0,
		 class == REJECT_NONE ? NULL : reject_name(class), reason);
	http_words_unref(item->words);
	free(item);
}

void
http_offer(struct http *h)
{
	const struct profile *p = &h->profile;
	const struct receipt_rules *r = &p->callback.receipt;
	bool sms = profile_has(p, OP_SEND), voice = profile_has(p, OP_CALL);

	kit_ready(h->kit, &(struct kit_offer){
		.channels = sms && voice ? "sms,voice" : voice ? "voice" : "sms",
		.identity = p->host, .window = breaker_window(h, p->window),
		.batch = h->breaker.state == BREAKER_HALF ? 1 : p->batch,
		/* What shares a request shares our id in it, too: then theirs and the number tell. */
		.receipts = !p->receipts ? KIT_RECEIPTS_NONE : r->id.count && p->numbers_max == 1
			? KIT_RECEIPTS : KIT_RECEIPTS_BY_REF,
		.inbound = p->callback.reply.is_set, .templates = p->approved.count > 0,
		.rate = p->rate, .budgets = p->budgets, .reply_within_ms = p->callback.within_ms });
}

msec
http_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
http_at(struct event *timer, msec at)
{
	msec left = at - http_clock();

	if (at == NEVER)
		event_del(timer);
	else if (left <= 0)
		event_add(timer, &(struct timeval){ 0, 0 });
	else
		event_add(timer, &(struct timeval){ left / 1000, left % 1000 * 1000 });
}

void
http_leave_when_idle(struct http *h)
{
	if (!h->closing || h->left || transfers_running(h->transfers) || resolve_any(h) ||
	    call_any(h) || !TAILQ_EMPTY(&h->tests.list))
		return;
	h->left = true;
	event_active(&h->leave, EV_TIMEOUT, 0);	/* not under the feet of a transfer's callback */
}

static void
on_leave(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;
	struct event *events[] = { &h->grace, &h->pump, &h->breaker.timer, &h->doubts.timer, &h->calls.timer };

	h->is_open = false;
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		event_del(events[i]);
	health_fini(h);
	pull_fini(h);
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

void
http_finish_judged(struct http *h, struct item *item, const struct judgement *o)
{
	if (test_judged(h, item, o))
		return;
	switch (o->verdict) {
	case VERDICT_ACCEPTED:
		http_finish(h, item, "accepted", o->ref[0] ? o->ref : NULL, REJECT_NONE, NULL);
		break;
	case VERDICT_REJECTED:
		http_finish(h, item, "rejected", NULL, o->class, o->reason);
		break;
	case VERDICT_UNKNOWN:
		resolve_add(h, item, o->reason);
		break;
	}
}

void
http_note_result(struct http *h, const struct transfer_result *r, const struct judgement *o)
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

/* Each by itself, before all that waits. */
static void
send_alone(struct http *h, struct item **items, size_t count)
{
	for (size_t i = count; i-- > 0;) {
		items[i]->alone = true;
		TAILQ_INSERT_HEAD(items[i]->urgent ? &h->urgent : &h->ordinary, items[i], link);
		table_put(&h->queued, id_hash(items[i]->id), items[i]);
	}
}

/* Once a request, or once a number where the answer speaks of each. */
static void
on_judged(void *ctx, struct item **items, size_t count, struct judgement *o)
{
	struct judging *j = ctx;

	count_unlisted(j->http, o);
	if (!j->noted)
		http_note_result(j->http, j->result, o);
	j->noted = true;
	if (is_anothers_fault(count, o) && !j->http->closing) {
		send_alone(j->http, items, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		http_finish_judged(j->http, items[i], o);
}

static void
on_ended(void *ctx, const struct operation *op, struct item **items, size_t count,
	 const struct transfer_result *result)
{
	struct judging judging = { .http = ctx, .result = result };

	health_note_date(ctx, result->date);
	answer_judge(&judging.http->profile, op, result, items, count, on_judged, &judging);
}

static const struct operation *
operation_for(const struct http *h, bool urgent)
{
	return &h->profile.ops[!urgent && profile_has(&h->profile, OP_ORDINARY) ? OP_ORDINARY : OP_SEND];
}

static const struct operation *
operation_of(const struct http *h, const struct item *item)
{
	return operation_for(h, item->urgent || item->alone);
}

void
http_start(struct http *h, struct item *const *items, size_t count)
{
	const struct operation *op = operation_of(h, items[0]);

	for (size_t i = 0; i < count; i++) {
		items[i]->sent_at = kit_now();
		memcpy(items[i]->request_id, items[op->own_ids ? i : 0]->id, sizeof(items[0]->id));
	}
	transfers_start(h->transfers, &(struct transfer){
		.op = op, .items = items, .count = count, .ended = on_ended,
		.ctx = h });
}

static struct item *
take_first(struct http *h, struct item_queue *queue)
{
	struct item *item = TAILQ_FIRST(queue);

	if (!item)
		return NULL;
	TAILQ_REMOVE(queue, item, link);
	table_take(&h->queued, id_hash(item->id));
	return item;
}

/* May they share a request?  Items of one send with one text stand side by side in the queue. */
static bool
shares(const struct operation *op, const struct item *one, const struct item *other)
{
	return !one->alone && !other->alone && (one->words == other->words ||
		(op->texts && one->words->approved == other->words->approved));
}

/* Fills h->load with what goes in the next request. */
static size_t
next_load(struct http *h)
{
	struct item_queue *queue = TAILQ_EMPTY(&h->urgent) ? &h->ordinary : &h->urgent;
	const struct operation *op = NULL;
	struct item *item;
	size_t count = 0;

	while ((item = TAILQ_FIRST(queue))) {
		if (count && (count == op->numbers_max || !shares(op, h->load[0], item)))
			break;
		take_first(h, queue);
		if (item->not_after < kit_now())
			http_finish(h, item, "rejected", NULL, REJECT_RETRY,
				    "not sent: its validity ended while it waited in the driver");
		else
			h->load[count++] = item;
		op = count ? operation_of(h, h->load[0]) : NULL;
	}
	return count;
}

static bool
has_waiting(const struct http *h)
{
	return !TAILQ_EMPTY(&h->urgent) || !TAILQ_EMPTY(&h->ordinary);
}

static void
pump(void *ctx)
{
	struct http *h = ctx;
	size_t count;

	while (transfers_free_slots(h->transfers) && has_waiting(h))
		if ((count = next_load(h)))
			http_start(h, h->load, count);
	http_leave_when_idle(h);
}

static void
on_pump(evutil_socket_t fd, short what, void *ctx)
{
	pump(ctx);
}

static const char *
language_of(const struct http *h, const char *ours)
{
	const char *theirs = ours ? json_string_value(json_object_get(h->profile.languages, ours)) : NULL;

	return theirs ? theirs : ours ? ours : "";
}

struct words *
http_words(struct http *h, const char *text, const struct kit_template *template,
	   const char *language, struct err *err)
{
	const struct approved *approved = &h->profile.approved;
	size_t len = strlen(text);
	struct words *words = xcalloc(1, sizeof(*words) + len + 1);

	memcpy(words->text, text, len + 1);
	words->refs = 1;
	snprintf(words->language, sizeof(words->language), "%s", language_of(h, language));
	if (approved_check_text(approved, text, err) < 0) {
		http_words_unref(words);
		return NULL;
	}
	if (!approved->count)
		return words;
	words->approved = approved_find(approved, template->name, template->language);
	if (!words->approved)
		err_set(err, "not sent: the provider has no approved template for %s; add it to "
			"\"templates\" of the route", template->name ? template->name
			: "a text of no template (\"*\")");
	else if (approved_fill(&words->params, approved, words->approved, template, text, err) == 0)
		return words;
	http_words_unref(words);
	return NULL;
}

static const char *
fault_of(const struct http *h, const char *id, const char *to)
{
	if (!h->is_open)
		return "not sent: the driver has not been opened";
	if (h->closing)
		return "not sent: the driver is closing";
	if (strlen(id) >= KIT_ID || strlen(to) >= sizeof(((struct item *)0)->to))
		return "not sent: its id or number is too long";
	return NULL;
}

static void
enqueue(struct http *h, const struct kit_send *send, const struct kit_item *from,
	struct words *words)
{
	struct item *item = xcalloc(1, sizeof(*item));

	*item = (struct item){ .words = words, .not_after = send->not_after,
			       .flash = send->flash, .urgent = send->urgent };
	words->refs++;
	memcpy(item->id, from->id, strlen(from->id) + 1);
	memcpy(item->to, from->to, strlen(from->to) + 1);
	TAILQ_INSERT_TAIL(send->urgent ? &h->urgent : &h->ordinary, item, link);
	table_put(&h->queued, id_hash(item->id), item);
}

static void
http_send(struct kit *k, const struct kit_send *send)
{
	struct http *h = kit_self(k);
	struct words *words = NULL;
	struct err err = { 0 };

	for (size_t i = 0; i < send->count; i++) {
		const struct kit_item *from = &send->items[i];
		const char *fault = fault_of(h, from->id, from->to);

		if (!fault && (!i || !send->is_one_text)) {
			http_words_unref(words);
			words = http_words(h, from->text, &from->template, NULL, &err);
		}
		if (!fault && !words)
			fault = err.text;
		if (!fault && !profile_has(&h->profile, OP_SEND))
			fault = "not sent: this route places calls only";
		if (fault)
			kit_done(k, from->id, "rejected", NULL, 0, "retry_other", fault);
		else
			enqueue(h, send, from, words);
	}
	http_words_unref(words);
	breaker_give_back(h);
	/* Texts that may share a request wait until all that gongd said together is read. */
	if (h->is_open && operation_for(h, send->urgent)->texts)
		event_active(&h->pump, EV_TIMEOUT, 0);
	else if (h->is_open)
		pump(h);
}

static void
http_call(struct kit *k, const struct kit_call *call)
{
	struct http *h = kit_self(k);
	const char *fault = fault_of(h, call->id, call->to);

	if (!fault && !profile_has(&h->profile, OP_CALL))
		fault = "not called: this route sends texts only";
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
	struct item *item = table_get(&h->queued, id_hash(id));

	if (!item || strcmp(item->id, id) != 0)
		return;
	table_take(&h->queued, id_hash(id));
	TAILQ_REMOVE(item->urgent ? &h->urgent : &h->ordinary, item, link);
	http_finish(h, item, "withdrawn", NULL, REJECT_NONE, "withdrawn before it left");
}

void
http_give_back(struct http *h, const char *outcome, const char *reason)
{
	enum reject class = strcmp(outcome, "rejected") == 0 ? REJECT_RETRY_OTHER : REJECT_NONE;
	struct item *item;

	while ((item = take_first(h, &h->urgent)) || (item = take_first(h, &h->ordinary)))
		http_finish(h, item, outcome, NULL, class, reason);
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

/* Calls and questions have their own keepers, who are told next. */
static void
abandon(void *ctx, const struct operation *op, struct item *item, bool sent)
{
	struct http *h = ctx;
	struct judgement o = { .verdict = sent ? VERDICT_UNKNOWN : VERDICT_REJECTED,
			       .class = sent ? REJECT_NONE : REJECT_RETRY_OTHER };

	if (op != &h->profile.ops[OP_SEND] && op != &h->profile.ops[OP_ORDINARY])
		return;
	snprintf(o.reason, sizeof(o.reason), "%s", sent ? "no answer before the driver had to close"
		 : "not sent: no connection before the driver had to close");
	http_finish_judged(h, item, &o);
}

static void
on_grace(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;

	transfers_abandon(h->transfers, abandon, h);
	resolve_give_up(h);
	call_give_up(h);
	test_give_up(h);
	http_leave_when_idle(h);
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
	http_give_back(h, "rejected", "not sent: the driver is closing");
	http_at(&h->grace, http_clock() + grace_ms);
	http_leave_when_idle(h);
}

static void
fatal(struct kit *k, const char *route, const struct err *err)
{
	struct buf reason = { 0 };

	buf_printf(&reason, "route %s, option %s: %s", route ? route : "?", err->field, err->text);
	kit_fatal(k, reason.data, false);
}

static void
load_profile(struct kit *k, struct profile *p, const char *route, json_t *config)
{
	struct err err = { 0 };

	config = profile_load(config, &err);
	if (!config || profile_compile(p, config, &err) < 0)
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
	if (transfers_new(&h->transfers, kit_base(k), p, pump, h, &err) < 0)
		fatal(k, route, &err);
	if (p->is_plain)
		kit_log("warning: everything travels unencrypted host=%s", p->host);
	h->load = xcalloc(p->numbers_max, sizeof(struct item *));
	event_assign(&h->grace, kit_base(k), -1, 0, on_grace, h);
	event_assign(&h->pump, kit_base(k), -1, 0, on_pump, h);
	event_assign(&h->leave, kit_base(k), -1, 0, on_leave, h);
	h->is_open = true;
	breaker_init(h);
	resolve_init(h);
	call_init(h);
	test_init(h);
	pull_init(h);
	http_offer(h);
	health_init(h, state);
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
		.withdraw = http_withdraw, .callback = http_callback, .ask = http_ask,
		.check = http_check, .close = http_close,
	};
	struct http h = { .urgent = TAILQ_HEAD_INITIALIZER(h.urgent),
			  .ordinary = TAILQ_HEAD_INITIALIZER(h.ordinary) };

	signal(SIGPIPE, SIG_IGN);
	return kit_main(&driver, &h);
}
