/* callback.c -- what a provider pushes to us, or is asked for: receipts, people's replies, news of
 * calls, as JSON or as a form.  It keeps nothing: the provider's 200 waits in gongd until the
 * events before it are committed. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "drivers/http/http.h"
#include "drivers/http/lenient.h"

#define BODY_MAX (512 * 1024)
#define TEXT_MAX 8192
#define URL_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?&=%"

/* The bytes, owned, NUL-terminated; NULL = none, or not what gongd sends. */
static char *
decode_body(json_t *op, size_t *len)
{
	const char *encoded = json_string_value(json_object_get(op, "body"));
	size_t size = encoded ? strlen(encoded) : 0;
	unsigned char *body;
	int n;

	if (!size || size % 4 || size > BODY_MAX * 2)
		return NULL;
	body = xcalloc(1, size + 1);
	n = EVP_DecodeBlock(body, (const unsigned char *)encoded, (int)size);
	n -= n > 0 ? (encoded[size - 1] == '=') + (encoded[size - 2] == '=') : 0;
	if (n <= 0) {
		free(body);
		return NULL;
	}
	body[n] = '\0';
	*len = (size_t)n;
	return (char *)body;
}

/* Some providers push a form with one field, whose text is JSON.  Takes `in` over. */
static json_t *
unpack(const struct callback_rules *c, json_t *in)
{
	for (size_t i = 0; i < sizeof(c->unpack) / sizeof(*c->unpack); i++) {
		json_t *packed = c->unpack[i].count ? pointer_get(&c->unpack[i], in) : NULL;
		json_t *json = lenient_packed(json_string_value(packed));

		if (!json)
			continue;
		json_decref(in);
		return json;
	}
	return in;
}

/* A GET says in its query what a POST says in its body; beside a body the query is "query". */
static json_t *
parse(const struct callback_rules *c, const char *body, size_t len, const char *query)
{
	json_t *json, *item, *extra;
	size_t i;

	extra = query && query[0] ? form_to_json(query, &c->charset) : NULL;
	if (!body)
		return unpack(c, extra);
	json = lenient_json(body, len, 0);
	if (!json && body[0] != '{' && body[0] != '[' && strlen(body) == len)
		json = form_to_json(body, &c->charset);
	json = unpack(c, json);
	if (json_is_object(json) && extra)
		json_object_set(json, "query", extra);
	json_array_foreach(json, i, item)
		if (extra && json_is_object(item))
			json_object_set(item, "query", extra);
	json_decref(extra);
	return json;
}

/* No short message, number or reference is as long as TEXT_MAX; a line to gongd must stay short. */
static const char *
text_at(const struct pointer *at, json_t *item, char *room, size_t size)
{
	const char *text = pointer_text(at, item, room, size);

	return text && strlen(text) <= TEXT_MAX ? text : NULL;
}

/* Some providers report each part of a message by itself; gongd counts them. */
static void
read_part(struct kit_receipt *out, const struct receipt_rules *r, json_t *item, char rooms[3][64])
{
	struct part p = { 0 };

	parts_read(&p, text_at(&r->part, item, rooms[0], 64), text_at(&r->parts, item, rooms[1], 64));
	out->part = p.part;
	out->of = p.of;
	out->part_ref = text_at(&r->part_ref, item, rooms[2], 64);
}

static bool
take_receipt(struct http *h, json_t *item)
{
	const struct receipt_rules *r = &h->profile.callback.receipt;
	char rooms[5][64], part_rooms[3][64], plus[64], took[TOLD_ID];
	struct kit_receipt out = { 0 };
	const char *state, *reason;

	if (!r->is_set || !(state = text_at(&r->state, item, rooms[0], 64)))
		return false;
	out.id = text_at(&r->id, item, rooms[1], 64);
	out.ref = text_at(&r->provider_id, item, rooms[2], 64);
	out.to = profile_number_at(&h->profile, &r->to, &r->country, item, plus);
	reason = text_at(&r->reason, item, rooms[4], 64);
	reason = reason && reason[0] ? reason : NULL;
	out.id = out.id && out.id[0] ? out.id : NULL;
	if (!out.id && !out.ref)
		return false;
	out.state = word_state(state, r->delivered, r->failed);
	if (test_receipt(h, out.id, out.ref, out.state))
		return true;
	out.reason = reason ? reason : strcmp(out.state, "delivered") == 0 ? NULL : state;
	out.took = told_took(h, took);
	read_part(&out, r, item, part_rooms);
	kit_receipt(h->kit, &out, kit_now());
	return true;
}

/* A provider that gives no id gives the same bytes when it pushes again. */
static void
hash_id(char out[40], json_t *item)
{
	char *text = json_dumps(item, JSON_COMPACT | JSON_SORT_KEYS);
	unsigned char digest[32];

	EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL);
	free(text);
	for (size_t i = 0; i < 16; i++)
		snprintf(out + 1 + i * 2, 3, "%02x", digest[i]);
	out[0] = 'h';
}

static bool
take_reply(struct http *h, json_t *item)
{
	const struct reply_rules *r = &h->profile.callback.reply;
	char rooms[3][64], part_rooms[3][64], plus[64], hash[40];
	const char *id, *from, *text;
	struct part p = { 0 };

	if (!r->is_set)
		return false;
	id = text_at(&r->id, item, rooms[0], 64);
	from = profile_number_at(&h->profile, &r->from, &r->country, item, plus);
	text = text_at(&r->text, item, rooms[2], 64);
	if (!from || !text)
		return false;
	if (!id) {
		hash_id(hash, item);
		id = hash;
	}
	p.what = text_at(&r->part_of, item, part_rooms[2], 64);
	parts_read(&p, text_at(&r->part, item, part_rooms[0], 64),
		   text_at(&r->parts, item, part_rooms[1], 64));
	if (p.what && p.part)
		parts_join(h, &p, id, from, text);
	else
		told_inbound(h, id, from, text);
	return true;
}

bool
callback_item(struct http *h, json_t *item, struct buf *answer)
{
	if (call_news(h, item, answer) || take_receipt(h, item) || take_reply(h, item))
		return true;
	kit_log("callback item is neither receipt nor reply nor news of a call");
	return false;
}

/* The elements of a list, or the one item.  Returns how many it could read, of `all`. */
static size_t
callback_items(struct http *h, json_t *items, size_t *all, struct buf *answer)
{
	const struct pointer *at = &h->profile.callback.list;
	json_t *list = at->count ? pointer_get(at, items) : NULL, *item;
	size_t i, taken = 0;

	items = list ? list : items;
	*all = json_is_array(items) ? json_array_size(items) : 1;
	if (!json_is_array(items))
		return callback_item(h, items, answer);
	json_array_foreach(items, i, item)
		taken += callback_item(h, item, answer);
	return taken;
}

/* gongd writes the names in small letters, a profile as it likes. */
static const char *
header_of(void *ctx, const char *name)
{
	json_t *value;
	const char *given;

	json_object_foreach(json_object_get(ctx, "headers"), given, value)
		if (strcasecmp(given, name) == 0)
			return json_string_value(value);
	return NULL;
}

/* Is it the provider who calls?  Without a scheme the secret in the address is the only lock. */
static bool
is_theirs(const struct http *h, json_t *op, const char *body, size_t len)
{
	const struct verify_rules *v = &h->profile.callback.verify;
	const char *path = json_string_value(json_object_get(op, "path"));
	const char *query = json_string_value(json_object_get(op, "query"));
	struct buf url = { 0 };
	bool fits;

	buf_printf(&url, "%s%s%s%s", h->profile.callback_url ? h->profile.callback_url : "",
		   path && strcmp(path, "/") != 0 ? path : "", query && query[0] ? "?" : "",
		   query ? query : "");
	fits = callback_is_proved(v, &(struct verify_request){
		.method = json_string_value(json_object_get(op, "method")), .url = url.data,
		.header = header_of, .ctx = op, .body = body, .body_len = len });
	buf_fini(&url);
	return fits;
}

/* AWS asks whoever is to hear of a topic once, first, by an address that somebody must open: a person,
 * since a program that opens what it is sent could be sent anywhere. */
static bool
asks_to_confirm(json_t *items)
{
	const char *type = json_string_value(json_object_get(items, "Type"));
	const char *url = json_string_value(json_object_get(items, "SubscribeURL"));

	if (!type || !url || strcmp(type, "SubscriptionConfirmation") != 0)
		return false;
	if (strncmp(url, "https://sns.", 12) != 0 || strspn(url, URL_CHARACTERS) != strlen(url))
		return false;
	kit_log("callback wants a subscription confirmed open=%s", url);
	return true;
}

struct later {				/* an answer that waits for the disk */
	struct http *http;
	char *id, *type, *body;
};

static void
on_synced(void *ctx)
{
	struct later *l = ctx;

	if (l->http->is_open)
		kit_reply(l->http->kit, l->id, 200, l->type, l->body);
	free(l->id);
	free(l->type);
	free(l->body);
	free(l);
}

/* News kept for a call of which gongd has not heard is not in its books: the disk has it, then. */
static void
say_well(struct http *h, const char *id, const char *type, const char *body)
{
	struct later *l;

	if (!h->early.keeping) {
		kit_reply(h->kit, id, 200, type, body);
		return;
	}
	l = xmalloc(sizeof(*l));
	*l = (struct later){ h, xstrdup(id), xstrdup(type), xstrdup(body) };
	journal_after(kit_journal(h->kit), on_synced, l);
}

/* One strange item must not make the provider push the good ones for ever. */
static void
answer_items(struct http *h, const char *id, json_t *items)
{
	const struct callback_rules *c = &h->profile.callback;
	struct buf answer = { 0 };
	size_t all = 0, taken = callback_items(h, items, &all, &answer);

	if (taken || !all)
		say_well(h, id, answer.len ? "text/xml" : c->answer_type,
			 answer.len ? answer.data : c->answer);
	else
		kit_reply(h->kit, id, 400, "application/json",
			  "{\"error\":\"neither a receipt nor a reply as the profile reads them\"}");
	buf_fini(&answer);
}

void
callback_take(struct http *h, json_t *op)
{
	const char *id = json_string_value(json_object_get(op, "id"));
	size_t len = 0;
	char *body = decode_body(op, &len);
	json_t *items = parse(&h->profile.callback, body, len,
			      json_string_value(json_object_get(op, "query")));

	if (!id) {
		/* nobody to answer */
	} else if (!is_theirs(h, op, body, len)) {
		kit_log("callback with a wrong or missing signature host=%s", h->profile.host);
		kit_reply(h->kit, id, 403, "application/json", "{\"error\":\"the signature does not fit\"}");
	} else if (!items) {
		kit_reply(h->kit, id, 400, "application/json",
			  "{\"error\":\"the body is neither JSON nor a form\"}");
	} else if (asks_to_confirm(items)) {
		kit_reply(h->kit, id, 200, h->profile.callback.answer_type, h->profile.callback.answer);
	} else {
		answer_items(h, id, items);
	}
	json_decref(items);
	free(body);
}
