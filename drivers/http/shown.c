/* shown.c -- what stands in shown.h.  It hides by the name that stands before a value and by the
 * value itself, wherever else that stands; what it cannot read it does not show. */
#include "drivers/http/shown.h"

#include <event2/http.h>
#include <string.h>
#include <strings.h>

#include "drivers/http/answer.h"
#include "drivers/http/sign.h"

#define STARS "***"
#define SECRET_LEAST 4			/* bytes; a shorter one would hide half of every text */

static bool
is_secret_name(const char *name, size_t len)
{
	static const char *const words[] = { "passw", "pwd", "secret", "token", "apikey", "api_key",
					     "api-key", "appkey", "app_key", "accesskey", "access_key",
					     "authorization", "credential" };
	char *whole = xstrndup(name, len);
	bool found = strcasecmp(whole, "key") == 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		found = found || strcasestr(whole, words[i]);
	free(whole);
	return found;
}

/* --- the secrets themselves ------------------------------------------------------------------- */

static void
hide(struct buf *text, const char *secret, size_t len)
{
	struct buf out = { 0 };
	char *at = text->data, *found;

	if (len < SECRET_LEAST || !at)
		return;
	while ((found = memmem(at, text->len - (size_t)(at - text->data), secret, len))) {
		buf_add(&out, at, (size_t)(found - at));
		buf_puts(&out, STARS);
		at = found + len;
	}
	buf_add(&out, at, text->len - (size_t)(at - text->data));
	buf_fini(text);
	*text = out;
}

/* As it stands, and as it is spelt in JSON, in an address and in Base64. */
static void
hide_spellings(struct buf *text, const char *secret)
{
	struct buf json = { 0 }, percent = { 0 }, base64 = { 0 };
	size_t len = strlen(secret);

	buf_json(&json, secret);
	sign_percent(&percent, secret, len);
	sign_base64(&base64, secret, len);
	hide(text, base64.data ? base64.data : "", base64.len);
	hide(text, json.data + 1, json.len - 2);	/* without its quotes */
	hide(text, percent.data ? percent.data : "", percent.len);
	hide(text, secret, len);
	buf_fini(&json);
	buf_fini(&percent);
	buf_fini(&base64);
}

/* All that a config names as a secret, at any depth. */
static void
hide_named(struct buf *text, json_t *in)
{
	const char *name;
	json_t *value;
	size_t i;

	json_object_foreach(in, name, value) {
		const char *secret = json_string_value(value);

		if (secret && !strstr(secret, "{{") && is_secret_name(name, strlen(name)))
			hide_spellings(text, secret);
		else
			hide_named(text, value);
	}
	json_array_foreach(in, i, value)
		hide_named(text, value);
}

/* "name=value&…", decoded. */
static void
add_form(struct buf *out, const char *form, size_t len)
{
	char *copy = xstrndup(form, len), *rest = copy, *pair;

	while ((pair = strsep(&rest, "&"))) {
		char *equals = strchr(pair, '='), *plain;
		size_t name = equals ? (size_t)(equals - pair) : strlen(pair);

		if (equals && is_secret_name(pair, name)) {
			buf_printf(out, "%.*s=" STARS, (int)name, pair);
		} else {
			plain = evhttp_uridecode(pair, 1, NULL);
			buf_puts(out, plain ? plain : STARS);
			free(plain);
		}
		buf_puts(out, rest ? "&" : "");
	}
	free(copy);
}

/* Of an address only the host is ever shown; its query stands among the fields. */
static void
hide_url_query(struct buf *text, const struct operation *op)
{
	const char *url = json_string_value(json_object_get(op->config, "url"));
	const char *query = url && !json_object_get(op->config, "path") ? strchr(url, '?') : NULL;
	struct buf shown = { 0 };

	if (!query)
		return;
	add_form(&shown, query + 1, strlen(query + 1));
	hide(text, shown.data ? shown.data : "", shown.len);
	buf_fini(&shown);
}

static void
hide_secrets(struct buf *text, const struct profile *p)
{
	const char *url = p->callback_url, *slash = url ? strrchr(url, '/') : NULL;
	struct buf whole = { 0 };
	json_t *one;
	size_t i;

	if (url) {
		sign_base64(&whole, url, strlen(url));
		hide(text, whole.data, whole.len);
		buf_fini(&whole);
	}
	if (slash)
		hide_spellings(text, slash + 1);
	json_array_foreach(json_object_get(p->config, "hidden"), i, one)
		hide_spellings(text, json_string_value(one));
	hide_named(text, p->config);
}

/* --- what is readable ------------------------------------------------------------------------- */

static void
star_names(json_t *in)
{
	const char *name;
	json_t *value;
	size_t i;
	void *next;

	json_object_foreach_safe(in, next, name, value) {
		if (!json_is_object(value) && !json_is_array(value) && is_secret_name(name, strlen(name)))
			json_object_set_new(in, name, json_string(STARS));
		else
			star_names(value);
	}
	json_array_foreach(in, i, value)
		star_names(value);
}

static void
add_json(struct buf *out, const char *text, size_t len)
{
	json_t *json = json_loadb(text, len, JSON_DECODE_ANY, NULL);
	char *shown;

	star_names(json);
	shown = json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	buf_puts(out, shown ? shown : STARS);
	free(shown);
	json_decref(json);
}

void
shown_request(const struct profile *p, const struct operation *op, const struct transfer_result *r,
	      struct buf *out)
{
	bool is_json = op->content_type && strstr(op->content_type, "json");
	struct buf text = { 0 };
	char *line;

	buf_printf(&text, "%s ", op->method);
	if (json_object_get(op->config, "path"))
		add_form(&text, r->path->data, r->path->len);
	else
		buf_puts(&text, "/" STARS);
	if (r->query->len) {
		buf_puts(&text, "?");
		add_form(&text, r->query->data, r->query->len);
	}
	if (r->sent_body->len) {
		buf_puts(&text, " ");
		(is_json ? add_json : add_form)(&text, r->sent_body->data, r->sent_body->len);
	}
	hide_url_query(&text, op);
	hide_secrets(&text, p);
	line = xstrndup(text.data, SHOWN_BYTES);
	answer_trim(line);
	for (char *c = line; *c; c++)
		*c = (unsigned char)*c < 0x20 || *c == 0x7f ? ' ' : *c;
	buf_puts(out, line);
	buf_puts(out, text.len > SHOWN_BYTES ? " …" : "");
	free(line);
	buf_fini(&text);
}
