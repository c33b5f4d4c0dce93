/* verify.c -- what stands in verify.h: the text a provider signed is made anew from the request
 * and its signature compared.  It never tells what would have fitted. */
#include "drivers/http/verify.h"

#include <ctype.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>

#include "core/buf.h"
#include "drivers/http/lenient.h"

struct field {				/* as signed: zeros and all */
	char *name, *value;
	size_t name_len, value_len;
};
struct fields {
	struct field *all;
	size_t count;
};

static void
fields_add(struct fields *f, struct field field)
{
	f->all = xrealloc(f->all, (f->count + 1) * sizeof(*f->all));
	f->all[f->count++] = field;
}

static void
fields_fini(struct fields *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->all[i].name);
		free(f->all[i].value);
	}
	free(f->all);
}

static int
compare(const char *one, size_t one_len, const char *two, size_t two_len)
{
	int order = memcmp(one, two, one_len < two_len ? one_len : two_len);

	return order ? order : (one_len > two_len) - (one_len < two_len);
}

static int
by_name_and_value(const void *a, const void *b)
{
	const struct field *one = a, *two = b;
	int order = compare(one->name, one->name_len, two->name, two->name_len);

	return order ? order : compare(one->value, one->value_len, two->value, two->value_len);
}

static void
fields_sort(struct fields *f)
{
	if (f->count)
		qsort(f->all, f->count, sizeof(*f->all), by_name_and_value);
}

static bool
is_named(const struct field *f, const char *name)
{
	return f->name_len == strlen(name) && memcmp(f->name, name, f->name_len) == 0;
}

static void
add_field(struct buf *out, const struct field *f, const char *between)
{
	buf_add(out, f->name, f->name_len);
	buf_puts(out, between);
	buf_add(out, f->value, f->value_len);
}

static int
hex_byte(const unsigned char *two)
{
	int high = OPENSSL_hexchar2int(two[0]), low = OPENSSL_hexchar2int(two[1]);

	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* NULL for a broken escape.  A NUL stays: it is signed with what follows it. */
static char *
decode(const char *from, size_t len, size_t *out_len)
{
	char *out = xmalloc(len + 1), *to = out;

	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)from[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			c = len - i > 2 ? hex_byte((const unsigned char *)from + i + 1) : -1;
			i += 2;
		}
		if (c < 0) {
			free(out);
			return NULL;
		}
		*to++ = (char)c;
	}
	*to = '\0';
	*out_len = (size_t)(to - out);
	return out;
}

static bool
add_form(struct fields *fields, const char *text, size_t len)
{
	for (size_t at = 0, size; at < len; at += size + 1) {
		const char *pair = text + at, *next = memchr(pair, '&', len - at), *equals;
		struct field f = { 0 };
		size_t name_len;

		size = next ? (size_t)(next - pair) : len - at;
		if (!size)
			continue;
		equals = memchr(pair, '=', size);
		name_len = equals ? (size_t)(equals - pair) : size;
		f.name = decode(pair, name_len, &f.name_len);
		f.value = equals ? decode(equals + 1, size - name_len - 1, &f.value_len) : xstrdup("");
		if (!f.name || !f.value) {
			free(f.name);
			free(f.value);
			return false;
		}
		fields_add(fields, f);
	}
	return true;
}

static bool
add_query(struct fields *f, const char *url)
{
	const char *query = strchr(url, '?');

	return !query || add_form(f, query + 1, strlen(query + 1));
}

/* Only texts and whole numbers have one spelling that both sides sign. */
static bool
add_object(struct fields *f, json_t *object)
{
	bool ok = json_is_object(object);
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		struct buf word = { 0 };

		buf_puts(&word, "");
		if (json_is_string(value))
			buf_add(&word, json_string_value(value), json_string_length(value));
		else if (json_is_integer(value))
			buf_printf(&word, "%lld", (long long)json_integer_value(value));
		else
			ok = false;
		fields_add(f, (struct field){ .name = xstrdup(name), .name_len = strlen(name),
					      .value = word.data, .value_len = word.len });
	}
	return ok;
}

static bool
add_json(struct fields *f, const char *text, size_t len)
{
	json_t *object = lenient_json(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL);
	bool ok = add_object(f, object);

	json_decref(object);
	return ok;
}

static const char *
header(const struct verify_request *r, const char *name)
{
	return r->header(r->ctx, name);
}

static bool
is_of_type(const struct verify_request *r, const char *type)
{
	const char *given = header(r, "content-type");
	size_t len = strlen(type);

	return given && strncasecmp(given, type, len) == 0 && strchr("; ", given[len]);
}

static bool
is_form(const struct verify_request *r)
{
	return is_of_type(r, "application/x-www-form-urlencoded");
}

/* Its length is no secret: it is the scheme's, or that of a password's Base64. */
static bool
equal(const char *given, size_t len, const char *wanted)
{
	return len == strlen(wanted) && CRYPTO_memcmp(given, wanted, len) == 0;
}

/* Hex digits may come in either case. */
static bool
equal_hex(const char *given, size_t len, const char *wanted)
{
	char *small = xstrndup(given, len);
	bool ok;

	for (char *c = small; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	ok = equal(small, strlen(small), wanted);
	free(small);
	return ok;
}

/* Twilio signs its own idea of the URL: the default port may stand in it or not.  Appends the
 * other spelling; nothing if there is none. */
static void
add_other_port(struct buf *out, const char *url)
{
	const char *standard = strncasecmp(url, "https:", 6) == 0 ? ":443" : ":80";
	const char *host = strstr(url, "://"), *end, *port;

	if (!host)
		return;
	host += 3;
	end = host + strcspn(host, "/?");
	port = memrchr(host, ':', (size_t)(end - host));
	if (port && strcspn(port, "]@") < (size_t)(end - port))
		port = NULL;	/* the colon of an IPv6 address or of a user's password */
	if (!port)
		buf_printf(out, "%.*s%s%s", (int)(end - url), url, standard, end);
	else if (equal(port, (size_t)(end - port), standard))
		buf_printf(out, "%.*s%s", (int)(port - url), url, end);
}

static bool
twilio_fits(const char *given, const char *url, const struct fields *sorted, const char *token)
{
	struct buf text = { 0 }, wanted = { 0 };
	bool ok;

	buf_puts(&text, url);
	for (size_t i = 0; i < sorted->count; i++)
		if (!i || by_name_and_value(&sorted->all[i - 1], &sorted->all[i]) != 0)
			add_field(&text, &sorted->all[i], "");
	sign_hmac(&wanted, HASH_SHA1, AS_BASE64, token, text.data, text.len);
	ok = equal(given, strlen(given), wanted.data);
	buf_fini(&text);
	buf_fini(&wanted);
	return ok;
}

static bool
twilio_body_fits(const struct verify_request *r)
{
	struct fields query = { 0 };
	struct buf wanted = { 0 };
	bool ok = add_query(&query, r->url), seen = false;

	sign_hash(&wanted, HASH_SHA256, AS_HEX, r->body, r->body_len);
	for (size_t i = 0; i < query.count; i++) {
		const struct field *field = &query.all[i];

		if (!is_named(field, "bodySHA256"))
			continue;
		seen = true;
		ok = ok && equal_hex(field->value, field->value_len, wanted.data);
	}
	fields_fini(&query);
	buf_fini(&wanted);
	return ok && (seen || !r->body_len);
}

bool
verify_twilio(const struct verify_request *r, const char *token)
{
	const char *given = header(r, "x-twilio-signature");
	struct fields form = { 0 };
	struct buf other = { 0 };
	bool ok = given && token[0];

	if (ok)
		ok = is_form(r) ? add_form(&form, r->body, r->body_len) : twilio_body_fits(r);
	fields_sort(&form);
	add_other_port(&other, r->url);
	ok = ok && (twilio_fits(given, r->url, &form, token) ||
		    (other.len && twilio_fits(given, other.data, &form, token)));
	fields_fini(&form);
	buf_fini(&other);
	return ok;
}

/* Appends the text that Vonage signs; NULL if there is no signature or none could be. */
static const char *
vonage_text(const struct verify_request *r, struct fields *f, struct buf *text)
{
	const char *given = NULL;
	bool ok = add_query(f, r->url);

	if (r->body_len && is_form(r))
		ok = add_form(f, r->body, r->body_len) && ok;
	else if (r->body_len)
		ok = is_of_type(r, "application/json") && add_json(f, r->body, r->body_len) && ok;
	fields_sort(f);
	for (size_t i = 0; i < f->count; i++) {
		struct field *field = &f->all[i];

		if (is_named(field, "sig")) {
			given = field->value;
			continue;
		}
		for (size_t c = 0; c < field->value_len; c++)
			if (field->value[c] == '&' || field->value[c] == '=')
				field->value[c] = '_';
		buf_puts(text, "&");
		add_field(text, field, "=");
	}
	return ok ? given : NULL;
}

bool
verify_vonage(const struct verify_request *r, enum sign_hash hash, const char *key)
{
	struct buf text = { 0 }, wanted = { 0 };
	struct fields f = { 0 };
	const char *given = vonage_text(r, &f, &text);
	bool ok;

	sign_hmac(&wanted, hash, AS_HEX, key, text.data, text.len);
	ok = key[0] && given && equal_hex(given, strlen(given), wanted.data);
	fields_fini(&f);
	buf_fini(&text);
	buf_fini(&wanted);
	return ok;
}

bool
verify_vonage_md5hash(const struct verify_request *r, const char *key)
{
	struct buf text = { 0 }, wanted = { 0 };
	struct fields f = { 0 };
	const char *given = vonage_text(r, &f, &text);
	bool ok;

	buf_puts(&text, key);
	sign_md5(&wanted, text.data, text.len);
	ok = key[0] && given && equal_hex(given, strlen(given), wanted.data);
	fields_fini(&f);
	buf_fini(&text);
	buf_fini(&wanted);
	return ok;
}

/* While a token is replaced, Plivo signs with both and sends both, with a comma between. */
static bool
plivo_fits(const char *given, const char *token, const struct buf *text)
{
	struct buf wanted = { 0 };
	bool ok = false;

	sign_hmac(&wanted, HASH_SHA256, AS_BASE64, token, text->data, text->len);
	while (*given && !ok) {
		size_t len;

		given += strspn(given, ", ");
		len = strcspn(given, ", ");
		ok = equal(given, len, wanted.data);
		given += len;
	}
	buf_fini(&wanted);
	return ok && token[0];
}

/* Of a subaccount's callbacks a second header has what the main account's token makes. */
static bool
plivo_any_fits(const struct verify_request *r, const char *own, const char *main, const char *token,
	       const struct buf *text)
{
	const char *one = header(r, own), *other = header(r, main);

	return (one && plivo_fits(one, token, text)) || (other && plivo_fits(other, token, text));
}

bool
verify_plivo_v2(const struct verify_request *r, const char *token)
{
	const char *nonce = header(r, "x-plivo-signature-v2-nonce");
	struct buf text = { 0 };
	bool ok;

	if (!nonce)
		return false;
	buf_printf(&text, "%.*s%s", (int)strcspn(r->url, "?"), r->url, nonce);
	ok = plivo_any_fits(r, "x-plivo-signature-v2", "x-plivo-signature-ma-v2", token, &text);
	buf_fini(&text);
	return ok;
}

/* "https://host/path?query.form.nonce", each part sorted, the dot between only where both are. */
static void
add_plivo_v3(struct buf *out, const char *url, const struct fields *query,
	     const struct fields *form, const char *nonce)
{
	buf_printf(out, "%.*s%s", (int)strcspn(url, "?"), url,
		   query->count || form->count ? "?" : "");
	for (size_t i = 0; i < query->count; i++) {
		buf_puts(out, i ? "&" : "");
		add_field(out, &query->all[i], "=");
	}
	buf_puts(out, query->count && form->count ? "." : "");
	for (size_t i = 0; i < form->count; i++)
		add_field(out, &form->all[i], "");
	buf_printf(out, ".%s", nonce);
}

bool
verify_plivo_v3(const struct verify_request *r, const char *token)
{
	const char *nonce = header(r, "x-plivo-signature-v3-nonce");
	struct fields query = { 0 }, form = { 0 };
	struct buf text = { 0 };
	bool ok = nonce && add_query(&query, r->url);

	if (ok && r->body_len)
		ok = strcmp(r->method, "POST") == 0 && is_form(r) &&
		     add_form(&form, r->body, r->body_len);
	if (ok) {
		fields_sort(&query);
		fields_sort(&form);
		add_plivo_v3(&text, r->url, &query, &form, nonce);
		ok = plivo_any_fits(r, "x-plivo-signature-v3", "x-plivo-signature-ma-v3", token, &text);
	}
	fields_fini(&query);
	fields_fini(&form);
	buf_fini(&text);
	return ok;
}

bool
verify_plivo(const struct verify_request *r, const char *token)
{
	bool has_v3 = header(r, "x-plivo-signature-v3") || header(r, "x-plivo-signature-ma-v3");

	return has_v3 ? verify_plivo_v3(r, token) : verify_plivo_v2(r, token);
}

bool
verify_hmac(const struct verify_request *r, const char *name, enum sign_hash hash, enum sign_as as,
	    const char *key, const char *text, size_t len)
{
	static const char *const names[] = {
		[HASH_MD5] = "md5=", [HASH_SHA1] = "sha1=",
		[HASH_SHA256] = "sha256=", [HASH_SHA512] = "sha512=",
	};
	const char *given = header(r, name);
	struct buf wanted = { 0 };
	bool ok;

	if (!given || !key[0] || !len)
		return false;
	if (strncasecmp(given, names[hash], strlen(names[hash])) == 0)
		given += strlen(names[hash]);
	sign_hmac(&wanted, hash, as, key, text, len);
	ok = as == AS_HEX ? equal_hex(given, strlen(given), wanted.data)
			    : equal(given, strlen(given), wanted.data);
	buf_fini(&wanted);
	return ok;
}

/* The text behind `name="` in a list of them, up to the next quote. */
static const char *
quoted(const char *list, const char *name, size_t *len)
{
	char start[32];
	const char *at;

	snprintf(start, sizeof(start), "%s=\"", name);
	at = strstr(list, start);
	if (!at)
		return NULL;
	at += strlen(start);
	*len = strcspn(at, "\"");
	return at;
}

bool
verify_huawei(const struct verify_request *r, const char *key)
{
	static const char *const between[] = { "\n", "" };
	const char *token = header(r, "x-aksk"), *digest, *nonce, *created;
	size_t digest_len, nonce_len, created_len;
	bool ok = false;

	if (!token || !key[0] || !(digest = quoted(token, "PasswordDigest", &digest_len)) ||
	    !(nonce = quoted(token, "Nonce", &nonce_len)) ||
	    !(created = quoted(token, "Created", &created_len)))
		return false;
	for (size_t i = 0; i < sizeof(between) / sizeof(*between); i++) {
		struct buf text = { 0 }, wanted = { 0 };

		buf_printf(&text, "%s%s%.*s%s%.*s", r->url, between[i], (int)nonce_len, nonce, between[i],
			   (int)created_len, created);
		sign_hmac(&wanted, HASH_SHA256, AS_BASE64, key, text.data, text.len);
		ok = ok || equal(digest, digest_len, wanted.data);
		buf_fini(&text);
		buf_fini(&wanted);
	}
	return ok;
}

/* What has no value may be signed as nothing, as an empty text or by name: they do not say.  A copy. */
static json_t *
without_nulls(json_t *item, const char *instead)
{
	json_t *copy = json_copy(item), *value;
	const char *name;

	json_object_foreach(item, name, value) {
		if (!json_is_null(value))
			continue;
		if (instead)
			json_object_set_new(copy, name, json_string(instead));
		else
			json_object_del(copy, name);
	}
	return copy;
}

/* The MD5 of its values, ordered by their names, and the key behind them, commas between. */
static bool
yunpian_values_fit(json_t *item, const char *key)
{
	struct fields f = { 0 };
	struct buf text = { 0 }, wanted = { 0 };
	const char *given = NULL;
	bool ok = add_object(&f, item);

	fields_sort(&f);
	for (size_t i = 0; i < f.count; i++) {
		if (is_named(&f.all[i], "_sign")) {
			given = f.all[i].value;
			continue;
		}
		buf_add(&text, f.all[i].value, f.all[i].value_len);
		buf_puts(&text, ",");
	}
	buf_puts(&text, key);
	sign_md5(&wanted, text.data, text.len);
	ok = ok && given && equal_hex(given, strlen(given), wanted.data);
	fields_fini(&f);
	buf_fini(&text);
	buf_fini(&wanted);
	return ok;
}

static bool
yunpian_item_fits(json_t *item, const char *key)
{
	static const char *const instead[] = { NULL, "", "null" };
	bool ok = false;

	for (size_t i = 0; i < sizeof(instead) / sizeof(*instead) && !ok; i++) {
		json_t *values = without_nulls(item, instead[i]);

		ok = yunpian_values_fit(values, key);
		json_decref(values);
	}
	return ok;
}

/* Where receipts stand there is no signature, and so no text of a person either. */
static bool
yunpian_items_fit(const char *packed, const char *key, bool receipts)
{
	json_t *items = lenient_packed(packed), *item, *all = items;
	bool ok = json_is_object(items) || json_is_array(items);
	size_t i;

	if (json_is_object(items))
		all = json_pack("[o]", items);
	json_array_foreach(all, i, item)
		ok = ok && ((receipts && !json_object_get(item, "text")) || yunpian_item_fits(item, key));
	json_decref(all);
	return ok;
}

bool
verify_yunpian(const struct verify_request *r, const char *key)
{
	struct fields form = { 0 };
	bool ok = is_form(r) && add_form(&form, r->body, r->body_len), seen = false;

	for (size_t i = 0; i < form.count; i++) {
		bool receipts = is_named(&form.all[i], "sms_status");

		if (!receipts && !is_named(&form.all[i], "sms_reply"))
			continue;
		seen = true;
		ok = ok && yunpian_items_fit(form.all[i].value, key, receipts);
	}
	fields_fini(&form);
	return ok && seen && key[0];
}

/* NULL where it is not there exactly once. */
static const char *
only_field(const struct fields *f, const char *name)
{
	const char *value = NULL;
	size_t seen = 0;

	for (size_t i = 0; i < f->count; i++)
		if (is_named(&f->all[i], name) && ++seen)
			value = f->all[i].value;
	return seen == 1 ? value : NULL;
}

bool
verify_submail(const struct verify_request *r, const char *key)
{
	struct fields f = { 0 };
	struct buf text = { 0 }, wanted = { 0 };
	bool ok = !r->body_len ? add_query(&f, r->url) : is_form(r) ? add_form(&f, r->body, r->body_len)
		: is_of_type(r, "application/json") && add_json(&f, r->body, r->body_len);
	const char *token = only_field(&f, "token"), *given = only_field(&f, "signature");

	buf_printf(&text, "%s%s", token ? token : "", key);
	sign_md5(&wanted, text.data, text.len);
	ok = ok && key[0] && token && token[0] && given && equal_hex(given, strlen(given), wanted.data);
	fields_fini(&f);
	buf_fini(&text);
	buf_fini(&wanted);
	return ok;
}

bool
verify_netease(const struct verify_request *r, const char *key)
{
	const char *md5 = header(r, "md5"), *sum = header(r, "checksum"), *at = header(r, "curtime");
	struct buf body = { 0 }, text = { 0 }, wanted = { 0 };
	bool ok = md5 && sum && at && key[0] && r->body_len;

	sign_md5(&body, r->body, r->body_len);
	buf_printf(&text, "%s%s%s", key, body.data, at ? at : "");
	sign_hash(&wanted, HASH_SHA1, AS_HEX, text.data, text.len);
	ok = ok && equal_hex(md5, strlen(md5), body.data) && equal_hex(sum, strlen(sum), wanted.data);
	buf_fini(&body);
	buf_fini(&text);
	buf_fini(&wanted);
	return ok;
}

bool
verify_header(const struct verify_request *r, const char *name, const char *wanted)
{
	const char *given = header(r, name);

	return given && wanted[0] && equal(given, strlen(given), wanted);
}
