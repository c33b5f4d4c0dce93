/* fuzz_http_profile.c -- a provider's config, and its answer to a request made by it: the config
 * up to the first NUL byte, the answer behind it. */
#include "tests/fuzz/fuzz.h"

#include "core/segment.h"
#include "drivers/http/answer.h"

static const char hostile[] = "a\"b\\\n{{id}}&=%\xe6\xb0\xb4";

struct judged {
	const struct operation *op;
	size_t items;
};

static struct item *
make_item(const struct profile *p, const char *to)
{
	struct item *item = xcalloc(1, sizeof(*item));

	*item = (struct item){ .id = "0000200000021", .not_after = NEVER, .plays = 2,
			       .ring_ms = 35000, .keys = "19" };
	snprintf(item->to, sizeof(item->to), "%s", to);
	item->words = xcalloc(1, sizeof(*item->words) + sizeof(hostile));
	memcpy(item->words->text, hostile, sizeof(hostile));
	item->words->approved = p->approved.count ? &p->approved.list[0] : NULL;
	return item;
}

static void
item_done(struct item *item)
{
	free(item->words);
	free(item);
}

static void
check_body(const struct operation *op, const struct request_values *values)
{
	struct buf body = { 0 };
	json_t *json;

	request_render(&op->path, values, &body);
	request_render(&op->query, values, &body);
	promise(!body.data || !strchr(body.data, '\n'), "an address is one line");
	for (size_t i = 0; i < op->varying_count; i++) {
		buf_reset(&body);
		request_render(&op->varying[i].value, values, &body);
		promise(!body.data || !strpbrk(body.data, "\r\n"), "a header is one line");
	}
	buf_reset(&body);
	request_render(&op->body, values, &body);
	json = op->body.escape == ESCAPE_JSON ? json_loadb(body.data ? body.data : "", body.len,
							   JSON_DECODE_ANY, NULL) : NULL;
	promise(op->body.escape != ESCAPE_JSON || json, "a json body is JSON, whatever the text");
	json_decref(json);
	buf_fini(&body);
}

static void
on_judged(void *ctx, struct item **items, size_t count, struct judgement *o)
{
	struct judged *j = ctx;

	j->items += count;
	promise(o->verdict == VERDICT_ACCEPTED || o->reason[0], "what is not accepted has a reason");
	promise((o->verdict == VERDICT_REJECTED) == (o->class != REJECT_NONE),
		"a rejection has a class, and nothing else has");
	promise(utf8_check(o->reason, strlen(o->reason), NULL) == 0, "a reason is UTF-8");
	promise(utf8_check(o->ref, strlen(o->ref), NULL) == 0, "a reference is UTF-8");
}

static void
check_answer(const struct profile *p, const struct operation *op, struct item **items,
	     const char *body, size_t len)
{
	static const long statuses[] = { 0, 200, 201, 302, 400, 429, 503 };

	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		const struct transfer_result r = { .sent = true, .status = statuses[i], .body = body,
						   .body_len = len };
		struct judged judged = { .op = op };
		struct judgement o;

		answer_judge(p, op, &r, items, 2, on_judged, &judged);
		promise(judged.items == 2, "each item has one fate");
		json_decref(answer_read(p, op, &r, &o));
	}
}

static void
use(const struct profile *p, const char *answer, size_t len)
{
	struct item *items[] = { make_item(p, "+8613800000001"), make_item(p, "+99900000002") };

	for (int i = 0; i < OP_COUNT; i++) {
		const struct operation *op = &p->ops[i];
		const struct request_values values = {
			.items = items, .count = op->numbers_max > 1 ? 2 : 1, .country = p->country, .ref = "r\"1" };

		if (!profile_has(p, i))
			continue;
		check_body(op, &values);
		check_answer(p, op, items, answer, len);
	}
	item_done(items[0]);
	item_done(items[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, 0, size);
	size_t len = end ? (size_t)(end - data) : size;
	json_t *config = json_loadb((const char *)data, len, 0, NULL);
	struct profile p = { 0 };
	struct err err = { 0 };

	if (!json_is_object(config)) {
		json_decref(config);
		return 0;
	}
	if (profile_compile(&p, config, &err) == 0)
		use(&p, end ? (const char *)end + 1 : "", end ? size - len - 1 : 0);
	else
		promise(err.text[0], "a refusal has a reason");
	profile_fini(&p);
	json_decref(config);
	return 0;
}
