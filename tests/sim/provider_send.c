/* provider_send.c -- a request to /send: its messages, what becomes of them, the answer, and the
 * receipts and replies that follow. */
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <jansson.h>
#include <string.h>

#include "core/segment.h"
#include "tests/sim/provider.h"

#define MESSAGES_MAX 10000
#define CODE_ONE_REFUSED 13

struct message {
	const char *to, *text, *ref;
	char id[24];			/* "" = refused */
};

struct request {
	struct message *messages;
	size_t count;
	bool is_batch;
	const char *callback;
	char *numbers;			/* a list of them, cut up */
};

static void
on_receipt_pushed(const char *note)
{
	counters.receipts++;
	book(&(struct entry){ .ev = "receipt", .id = note });
}

static void
on_reply_pushed(const char *note)
{
	counters.replies++;
	book(&(struct entry){ .ev = "reply", .id = note });
}

/* A duplicate has a lateness of its own, so that it may come first. */
static void
send_receipt(const char *url, const struct message *m, const char *body)
{
	int times = happens(options.receipt_duplicate) ? 2 : 1;

	while (times--) {
		long late = options.receipt_jitter_ms
			? (long)(chance() * (double)options.receipt_jitter_ms) : 0;

		if (strcmp(url, PULL) == 0)
			pull_later(PULL_RECEIPT, body, options.receipt_ms + late, m->id);
		else
			push_later(&push, url, body, options.receipt_ms + late, m->id,
				   on_receipt_pushed);
	}
}

/* part 0: of the whole message.  Each part is lost and fails for itself. */
static void
push_part(const char *url, const struct message *m, unsigned part, unsigned of)
{
	struct buf body = { 0 };

	if (happens(options.receipt_loss))
		return;
	buf_printf(&body, "{\"msgid\":\"%s\",\"ref\":", m->id);
	buf_json(&body, m->ref);
	buf_puts(&body, ",\"to\":");
	buf_json(&body, m->to);
	if (part)
		buf_printf(&body, ",\"part\":%u,\"of\":%u", part, of);
	buf_printf(&body, ",\"state\":\"%s\"}",
		   happens(options.receipt_fail) ? "UNDELIV" : "DELIVRD");
	send_receipt(url, m, body.data);
	buf_fini(&body);
}

static void
push_receipts(const char *url, const struct message *m)
{
	struct segment_plan plan;

	if (!url)
		return;
	if (!options.part_receipts || segment_plan(&plan, m->text, NULL) < 0) {
		push_part(url, m, 0, 0);
		return;
	}
	for (unsigned i = 0; i < plan.parts; i++)
		push_part(url, m, i + 1, plan.parts);
}

static void
push_reply(const char *url, const struct message *m)
{
	struct buf body = { 0 };
	const char *text;
	long delay_ms;

	if (!url || !(text = people_answer(m->to, &delay_ms)))
		return;
	buf_printf(&body, "{\"id\":\"r%s\",\"from\":", m->id);
	buf_json(&body, m->to);
	buf_puts(&body, ",\"to\":\"10690000\",\"text\":");
	buf_json(&body, text);
	buf_printf(&body, ",\"at\":%lld}", (long long)now_ms() + delay_ms);
	if (strcmp(url, PULL) == 0)
		pull_later(PULL_REPLY, body.data, delay_ms, m->id);
	else
		push_later(&push, url, body.data, delay_ms, m->id, on_reply_pushed);
	buf_fini(&body);
}

static void
answer(struct exchange *x, struct answer *a)
{
	a->delay_ms = options.latency_ms;
	if (options.jitter_ms)
		a->delay_ms += (long)(chance() * (double)options.jitter_ms);
	exchange_answer(x, a);
}

static void
refuse(struct exchange *x, int status, int code)
{
	struct answer a = { .status = status };

	buf_printf(&a.body, "{\"code\":%d,\"message\":\"refused\"}", code);
	answer(x, &a);
}

static void
accept_message(const struct request *r, struct message *m)
{
	const char *url = options.receipts ? options.receipts : r->callback;
	bool shares_id = r->is_batch && options.whole && m > r->messages && r->messages[0].id[0];

	counters.accepted++;
	if (shares_id)
		memcpy(m->id, r->messages[0].id, sizeof(m->id));
	else
		snprintf(m->id, sizeof(m->id), "p%06llu", (unsigned long long)counters.accepted);
	book(&(struct entry){ "message", m->to, m->text, m->ref, m->id });
	push_receipts(url, m);
	push_reply(options.reply_url ? options.reply_url : url, m);
}

static void
decline(const struct request *r, const char *ev)
{
	if (strcmp(ev, "refused") == 0)
		counters.refused += r->count;
	for (size_t i = 0; i < r->count; i++) {
		const struct message *m = &r->messages[i];

		book(&(struct entry){ ev, m->to, m->text, m->ref, NULL });
	}
}

static void
accept_all(const struct request *r, bool but_one)
{
	size_t refused = but_one ? (size_t)(chance() * (double)r->count) : r->count;

	for (size_t i = 0; i < r->count; i++) {
		struct message *m = &r->messages[i];

		if (i != refused) {
			accept_message(r, m);
			continue;
		}
		counters.refused++;
		book(&(struct entry){ "refused", m->to, m->text, m->ref, NULL });
	}
}

static void
describe_one(struct buf *out, const struct message *m)
{
	if (m->id[0])
		buf_printf(out, "\"code\":0,\"id\":\"%s\"", m->id);
	else
		buf_printf(out, "\"code\":%d,\"message\":\"refused\"", CODE_ONE_REFUSED);
}

/* Of a batch: each number in `results`, and at the top what holds for the request. */
static void
describe(struct buf *out, const struct request *r)
{
	buf_puts(out, "{");
	if (!r->is_batch)
		describe_one(out, r->messages);
	else
		buf_printf(out, "\"code\":0,\"id\":\"%s\"", r->messages[0].id);
	if (r->is_batch && !options.whole) {
		buf_puts(out, ",\"results\":[");
		for (size_t i = 0; i < r->count; i++) {
			buf_puts(out, i ? ",{\"to\":" : "{\"to\":");
			buf_json(out, r->messages[i].to);
			buf_puts(out, ",");
			describe_one(out, &r->messages[i]);
			buf_puts(out, "}");
		}
		buf_puts(out, "]");
	}
	buf_puts(out, "}");
}

static void
decide(struct exchange *x, const struct request *r)
{
	struct answer a = { .status = 200 };
	const struct fault *fault;
	enum fate fate;

	if (happens(options.fail)) {
		decline(r, "refused");
		refuse(x, options.fail_status, options.fail_code);
		return;
	}
	fault = mix_draw(&fate);
	counters.odd += fault != NULL;
	if (fate == FATE_LOST || fate == FATE_REFUSED)
		decline(r, fate == FATE_LOST ? "lost" : "refused");
	else
		accept_all(r, fate == FATE_ONE_REFUSED);
	if (fault) {
		a.way = fault->way;
		a.status = fault->status;
		a.type = fault->type;
		a.location = fault->location;
	}
	if (fault && fault->body)
		buf_puts(&a.body, fault->body);
	else
		describe(&a.body, r);
	if (happens(options.drop)) {
		counters.dropped++;
		a.way = WAY_HANG_UP;
	}
	answer(x, &a);
}

static void
add(struct request *r, const char *to, const char *text, const char *ref)
{
	static size_t room;
	static struct message *messages;

	if (r->count == room) {
		room = room ? room * 2 : 256;
		messages = xrealloc(messages, room * sizeof(*messages));
	}
	r->messages = messages;
	r->messages[r->count] = (struct message){ .to = to, .text = text, .ref = ref };
	r->count++;
}

/* `to` is a number, or several with commas between them. */
static void
add_to(struct request *r, const char *to, const char *text, const char *ref)
{
	char *rest, *one;

	if (!to || !strchr(to, ',')) {
		add(r, to, text, ref);
		return;
	}
	r->is_batch = true;
	r->numbers = rest = xstrdup(to);
	while ((one = strsep(&rest, ",")))
		add(r, one, text, ref);
}

static void
finish(struct exchange *x, struct request *r)
{
	bool complete = r->count > 0 && r->count <= MESSAGES_MAX;

	for (size_t i = 0; complete && i < r->count; i++)
		complete = r->messages[i].to && r->messages[i].text;
	if (complete)
		decide(x, r);
	else
		refuse(x, 400, 3);
	free(r->numbers);
}

static void
take_form(struct exchange *x, const char *form)
{
	struct evkeyvalq fields;
	struct request r = { 0 };

	if (evhttp_parse_query_str(form, &fields) < 0) {
		refuse(x, 400, 2);
		return;
	}
	r.callback = evhttp_find_header(&fields, "callback");
	add_to(&r, evhttp_find_header(&fields, "to"), evhttp_find_header(&fields, "text"),
	       evhttp_find_header(&fields, "ref"));
	finish(x, &r);
	evhttp_clear_headers(&fields);
}

static const char *
member(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

static void
take_json(struct exchange *x, const struct server_request *request)
{
	json_t *json = json_loadb(request->body, request->body_len, 0, NULL), *one;
	json_t *numbers = json_object_get(json, "numbers");
	json_t *messages = json_object_get(json, "messages");
	const char *text = member(json, "text"), *ref = member(json, "ref");
	struct request r = { .is_batch = numbers || messages };
	size_t i;

	if (!json) {
		refuse(x, 400, 2);
		return;
	}
	r.callback = member(json, "callback");
	json_array_foreach(numbers, i, one)
		add(&r, json_string_value(one), text, ref);
	json_array_foreach(messages, i, one)
		add(&r, member(one, "to"), member(one, "text") ? member(one, "text") : text,
		    member(one, "ref"));
	if (!r.is_batch)
		add_to(&r, member(json, "to"), text, ref);
	finish(x, &r);
	json_decref(json);
}

void
send_take(struct exchange *x, struct server_request *r, char *query)
{
	if (options.secret && (strncmp(r->authorization, "Bearer ", 7) != 0 ||
			       strcmp(r->authorization + 7, options.secret) != 0))
		refuse(x, 401, 401);
	else if (query)
		take_form(x, query);
	else if (strncmp(r->type, "application/x-www-form-urlencoded", 33) == 0)
		take_form(x, r->body);
	else
		take_json(x, r);
}
