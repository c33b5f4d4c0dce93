/* callback.c -- what a provider pushes to us: receipts and people's replies, as JSON (one object
 * or a list of them) or as a form.  It keeps nothing: the provider's 200 waits in gongd until the
 * events before it are committed. */
#include "drivers/http/http.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BODY_MAX (512 * 1024)

/* A form as an object of texts, so that the same pointers read it; NULL if it is not UTF-8. */
static json_t *
form_to_json(const char *form)
{
	json_t *object = json_object();
	struct evkeyvalq fields;
	struct evkeyval *field;
	bool ok = true;

	if (evhttp_parse_query_str(form, &fields) < 0) {
		json_decref(object);
		return NULL;
	}
	TAILQ_FOREACH(field, &fields, next)
		ok = ok && json_object_set_new(object, field->key, json_string(field->value)) == 0;
	evhttp_clear_headers(&fields);
	if (ok && json_object_size(object))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *
parse_body(json_t *op)
{
	const char *encoded = json_string_value(json_object_get(op, "body"));
	const char *query = json_string_value(json_object_get(op, "query"));
	size_t len = encoded ? strlen(encoded) : 0;
	unsigned char *body;
	json_t *json;
	int n;

	if (!len)
		return query && query[0] ? form_to_json(query) : NULL;
	if (len % 4 || len > BODY_MAX * 2)
		return NULL;
	body = xcalloc(1, len + 1);
	n = EVP_DecodeBlock(body, (const unsigned char *)encoded, (int)len);
	n -= n > 0 ? (encoded[len - 1] == '=') + (encoded[len - 2] == '=') : 0;
	body[n > 0 ? n : 0] = '\0';
	json = n > 0 ? json_loadb((char *)body, (size_t)n, 0, NULL) : NULL;
	if (!json && n > 0 && body[0] != '{' && body[0] != '[' &&
	    strlen((char *)body) == (size_t)n)
		json = form_to_json((char *)body);
	free(body);
	return json;
}

static const char *
text_at(const struct pointer *pointer, json_t *item, char *room, size_t size)
{
	json_t *value = pointer_get(pointer, item);

	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_integer(value))
		snprintf(room, size, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		snprintf(room, size, "%s", json_is_true(value) ? "true" : "false");
	else
		return NULL;
	return room;
}

/* Words are compared as written: 0 and "0" are the same here, a form knows no numbers. */
static bool
is_word(json_t *words, const char *text)
{
	json_t *word;
	size_t i;

	json_array_foreach(words, i, word) {
		char number[32] = "";
		const char *as = json_string_value(word);

		if (!as && json_is_boolean(word))
			as = json_is_true(word) ? "true" : "false";
		if (!as) {
			snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(word));
			as = number;
		}
		if (strcmp(as, text) == 0 || strcmp(as, "*") == 0)
			return true;
	}
	return false;
}

static bool
take_receipt(struct kit *k, const struct profile *p, json_t *item)
{
	const struct callback_rules *c = &p->callback;
	char rooms[5][32], plus[64];
	const char *id, *ref, *to, *state, *reason, *word;

	if (!c->has_receipt || !(state = text_at(&c->receipt.state, item, rooms[0], 32)))
		return false;
	id = text_at(&c->receipt.id, item, rooms[1], 32);
	ref = text_at(&c->receipt.provider_id, item, rooms[2], 32);
	to = profile_number(p, text_at(&c->receipt.to, item, rooms[3], 32), plus, sizeof(plus));
	reason = text_at(&c->receipt.reason, item, rooms[4], 32);
	if (!id && !ref)
		return false;
	word = is_word(c->delivered, state) ? "delivered"
		: is_word(c->failed, state) ? "failed" : "buffered";
	kit_receipt(k, NULL, id, ref, to, word,
		    reason ? reason : strcmp(word, "delivered") == 0 ? NULL : state, kit_now());
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
take_reply(struct kit *k, const struct profile *p, json_t *item)
{
	const struct callback_rules *c = &p->callback;
	char rooms[3][32], plus[64], hash[40];
	const char *id, *from, *text;

	if (!c->has_reply)
		return false;
	id = text_at(&c->reply.id, item, rooms[0], 32);
	from = profile_number(p, text_at(&c->reply.from, item, rooms[1], 32), plus, sizeof(plus));
	text = text_at(&c->reply.text, item, rooms[2], 32);
	if (!from || !text)
		return false;
	if (!id) {
		hash_id(hash, item);
		id = hash;
	}
	kit_inbound(k, id, from, text, kit_now());
	return true;
}

static bool
take_item(struct kit *k, const struct profile *p, json_t *item)
{
	if (take_receipt(k, p, item) || take_reply(k, p, item))
		return true;
	kit_log("callback item is neither receipt nor reply");
	return false;
}

void
callback_take(struct kit *k, const struct profile *p, json_t *op)
{
	const char *callback_id = json_string_value(json_object_get(op, "id"));
	json_t *body = parse_body(op), *item;
	size_t i, taken = 0, all = 1;

	if (!callback_id) {
		json_decref(body);
		return;
	}
	if (json_is_array(body)) {
		all = json_array_size(body);
		json_array_foreach(body, i, item)
			taken += take_item(k, p, item);
	} else if (body) {
		taken = take_item(k, p, body);
	}
	/* One strange item must not make the provider push the good ones for ever. */
	if (body && (taken || !all))
		kit_reply(k, callback_id, 200, "application/json", p->callback.answer);
	else
		kit_reply(k, callback_id, 400, "application/json", body
			  ? "{\"error\":\"neither a receipt nor a reply as the profile reads them\"}"
			  : "{\"error\":\"the body is neither JSON nor a form in UTF-8\"}");
	json_decref(body);
}
