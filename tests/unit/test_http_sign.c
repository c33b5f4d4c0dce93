/* test_http_sign.c -- the schemes that sign and those that verify against vectors, most of them
 * published by the providers (tests/data/http/vectors.json says which, and from where). */
#include <jansson.h>
#include <string.h>

#include "drivers/http/lenient.c"
#include "drivers/http/sign.c"
#include "drivers/http/verify.c"
#include "drivers/http/proof_text.c"
#include "tests/unit/unit.h"

static const char *
text(json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	if (!value)
		fail_msg("the vector has no %s", name);
	return value;
}

static void
same(struct buf *got, const char *wanted, const char *name)
{
	if (strcmp(got->data, wanted) != 0)
		fail_msg("%s: got %s, wanted %s", name, got->data, wanted);
	buf_fini(got);
}

static void
check_percent(const char *name, json_t *v)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(v, "cases"), i, one) {
		const char *from = json_string_value(json_array_get(one, 0));
		struct buf got = { 0 };

		sign_percent(&got, from, strlen(from));
		same(&got, json_string_value(json_array_get(one, 1)), name);
	}
}

/* The parameters go in as the vector's object has them and again in reverse: order is ours. */
static void
check_aliyun(const char *name, json_t *v)
{
	for (int reverse = 0; reverse < 2; reverse++) {
		struct buf query = { 0 }, wanted = { 0 };
		const char *key;
		json_t *value;

		json_object_foreach(json_object_get(v, "params"), key, value) {
			struct buf all = { 0 };
			const char *word = json_string_value(value);

			if (query.len && !reverse)
				buf_puts(&query, "&");
			sign_percent(reverse ? &all : &query, key, strlen(key));
			buf_puts(reverse ? &all : &query, "=");
			sign_percent(reverse ? &all : &query, word, strlen(word));
			if (!reverse)
				continue;
			if (query.len)
				buf_printf(&all, "&%s", query.data);
			buf_fini(&query);
			query = all;
		}
		buf_printf(&wanted, "%s&Signature=%s", text(v, "canonical_query"),
			   text(v, "signature_percent_encoded"));
		sign_aliyun_rpc(&query, text(v, "method"), text(v, "secret"));
		same(&query, wanted.data, name);
		buf_fini(&wanted);
	}
}

static void
check_tc3(const char *name, json_t *v)
{
	const struct sign_tc3 s = {
		.key_id = text(v, "secret_id"), .key = text(v, "secret_key"),
		.service = text(v, "service"), .host = text(v, "host"), .action = text(v, "action"),
		.at = json_integer_value(json_object_get(v, "timestamp")) * 1000,
	};
	struct buf got = { 0 };

	sign_tc3(&got, &s, text(v, "payload"), strlen(text(v, "payload")));
	same(&got, text(v, "authorization"), name);
}

static void
check_mas(const char *name, json_t *v)
{
	static const char *const order[] = { "ecName", "apId", "secretKey", "mobiles", "content",
					     "sign", "addSerial" };
	struct buf all = { 0 }, got = { 0 }, body = { 0 };

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		buf_puts(&all, text(json_object_get(v, "request"), order[i]));
	sign_md5(&got, all.data, all.len);
	same(&got, text(v, "mac"), name);
	sign_base64(&body, text(v, "json"), strlen(text(v, "json")));
	same(&body, text(v, "post_body"), name);
	buf_fini(&all);
}

/* The vector's object as name=value&…; a list is one name with many values. */
static void
add_pairs(struct buf *out, json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		size_t count = json_is_array(value) ? json_array_size(value) : 1;

		for (size_t i = 0; i < count; i++) {
			json_t *one = json_is_array(value) ? json_array_get(value, i) : value;
			const char *word = json_string_value(one);

			buf_puts(out, out->len ? "&" : "");
			sign_percent(out, name, strlen(name));
			buf_puts(out, "=");
			sign_percent(out, word, strlen(word));
		}
	}
	buf_puts(out, "");
}

static msec
instant(const char *date, const char *format)
{
	struct tm tm = { 0 };

	assert_non_null(strptime(date, format, &tm));
	return (msec)timegm(&tm) * 1000;
}

static void
check_hmac(const char *name, json_t *v)
{
	struct buf got = { 0 };

	sign_hmac(&got, HASH_SHA1, AS_BASE64, text(v, "key"), text(v, "msg"),
		  strlen(text(v, "msg")));
	same(&got, text(v, "out"), name);
}

static void
check_basic(const char *name, json_t *v)
{
	struct buf got = { 0 };

	sign_basic(&got, text(v, "id"), text(v, "key"));
	same(&got, text(v, "authorization"), name);
}

static void
check_acs3(const char *name, json_t *v)
{
	json_t *headers = json_object_get(v, "headers");
	struct buf query = { 0 }, got = { 0 };
	struct sign_acs3_sent sent;
	struct sign_acs3 s = {
		.key_id = text(v, "ak"), .key = text(v, "sk"), .method = text(v, "method"),
		.path = text(v, "uri"), .host = text(headers, "host"),
		.action = text(headers, "x-acs-action"), .version = text(headers, "x-acs-version"),
		.nonce = text(headers, "x-acs-signature-nonce"),
		.content_type = json_string_value(json_object_get(headers, "content-type")),
		.at = instant(text(headers, "x-acs-date"), "%Y-%m-%dT%H:%M:%SZ"),
	};

	add_pairs(&query, json_object_get(v, "query"));
	s.query = query.data;
	sign_acs3(&got, &sent, &s, text(v, "body"), strlen(text(v, "body")));
	same(&got, text(v, "authorization"), name);
	assert_string_equal(sent.date, text(headers, "x-acs-date"));
	assert_string_equal(sent.content_sha256, text(headers, "x-acs-content-sha256"));
	buf_fini(&query);
}

static void
check_sdk(const char *name, json_t *v)
{
	struct buf query = { 0 }, got = { 0 };
	char date[sizeof("20060102T150405Z")];
	struct sign_sdk s = {
		.key_id = text(v, "ak"), .key = text(v, "sk"), .method = text(v, "method"),
		.host = text(v, "host"), .path = text(v, "path"),
		.at = instant(text(v, "x_sdk_date"), "%Y%m%dT%H%M%SZ"),
	};

	add_pairs(&query, json_object_get(v, "query"));
	s.query = query.data;
	sign_sdk(&got, date, &s, text(v, "body"), strlen(text(v, "body")));
	same(&got, text(v, "authorization"), name);
	assert_string_equal(date, text(v, "x_sdk_date"));
	buf_fini(&query);
}

static void
check_wsse(const char *name, json_t *v)
{
	struct sign_wsse s = {
		.app_key = text(v, "app_key"), .secret = text(v, "app_secret"),
		.nonce = text(v, "nonce"), .at = instant(text(v, "created"), "%Y-%m-%dT%H:%M:%SZ"),
	};
	struct buf got = { 0 }, wanted = { 0 };

	sign_wsse(&got, &s);
	same(&got, text(v, "x_wsse"), name);
	s.hex = true;
	sign_wsse(&got, &s);
	buf_printf(&wanted, "UsernameToken Username=\"%s\",PasswordDigest=\"%s\",Nonce=\"%s\","
		   "Created=\"%s\"", s.app_key, text(v, "digest_base64_of_hex"), s.nonce,
		   text(v, "created"));
	same(&got, wanted.data, name);
	buf_fini(&wanted);
	assert_string_equal(SIGN_WSSE_AUTHORIZATION, text(v, "authorization"));
}

/* A callback as it comes in, and the scheme that should prove it. */
struct callback {
	struct verify_request r;
	struct { const char *name; char value[200]; } headers[4];
	size_t count;
	bool (*proves)(const struct verify_request *, const char *key);
	const char *key;
	bool query_unproved, body_unproved;
};

static const char *
header_of(void *ctx, const char *name)
{
	struct callback *c = ctx;

	for (size_t i = 0; i < c->count; i++)
		if (c->headers[i].name && strcasecmp(c->headers[i].name, name) == 0)
			return c->headers[i].value;
	return NULL;
}

static void
add_header(struct callback *c, const char *name, const char *value)
{
	assert_true(c->count < COUNT(c->headers));
	c->headers[c->count].name = name;
	snprintf(c->headers[c->count++].value, sizeof(c->headers->value), "%s", value);
}

static void
add_body(struct callback *c, const char *type, const char *body)
{
	add_header(c, "content-type", type);
	c->r.body = body;
	c->r.body_len = strlen(body);
}

static void
refused(const char *name, struct callback *c, const char *key, const char *why)
{
	if (c->proves(&c->r, key))
		fail_msg("%s: believed with %s", name, why);
}

/* Each header but the type: any bit 0 of it changed, and the header missing. */
static void
refused_with_other_headers(const char *name, struct callback *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const char *header_name = c->headers[i].name;

		if (strcmp(header_name, "content-type") == 0)
			continue;
		for (char *at = c->headers[i].value; *at; at++) {
			*at ^= 1;
			refused(name, c, c->key, header_name);
			*at ^= 1;
		}
		c->headers[i].name = NULL;
		refused(name, c, c->key, "a header missing");
		c->headers[i].name = header_name;
	}
}

static void
refused_with_other_bytes(const char *name, struct callback *c)
{
	const struct verify_request right = c->r;
	char *url = xstrdup(right.url);
	char *body = xstrndup(right.body ? right.body : "", right.body_len);

	for (char *at = strchr(url, '?'); !c->query_unproved && at && *++at;) {
		c->r.url = url;
		*at ^= 1;
		refused(name, c, c->key, url);
		*at ^= 1;
	}
	c->r = right;
	c->r.body = body;
	for (size_t i = 0; !c->body_unproved && i < right.body_len; i++) {
		body[i] ^= 1;
		refused(name, c, c->key, body);
		body[i] ^= 1;
	}
	c->r.body = "{}";
	c->r.body_len = 2;
	if (!c->body_unproved)
		refused(name, c, c->key, "another body");
	c->r = right;
	free(url);
	free(body);
}

static void
proved(const char *name, struct callback *c)
{
	char other[100];

	c->r.header = header_of;
	c->r.ctx = c;
	c->r.method = c->r.method ? c->r.method : "POST";
	if (!c->proves(&c->r, c->key))
		fail_msg("%s: not believed", name);
	snprintf(other, sizeof(other), "%s2", c->key);
	refused(name, c, other, "another key");
	refused(name, c, "", "no key");
	refused_with_other_headers(name, c);
	refused_with_other_bytes(name, c);
	assert_true(c->proves(&c->r, c->key));
}

#define FORM "application/x-www-form-urlencoded"

static void
check_twilio(const char *name, json_t *v)
{
	const char *raw = json_string_value(json_object_get(v, "body"));
	struct callback c = {
		.r.url = text(v, "url"), .proves = verify_twilio, .key = text(v, "auth_token"),
	};
	struct buf form = { 0 };

	add_pairs(&form, json_object_get(v, "params"));
	add_header(&c, "x-twilio-signature", text(v, "signature"));
	add_body(&c, raw ? "application/json" : FORM "; charset=UTF-8", raw ? raw : form.data);
	proved(name, &c);
	buf_fini(&form);
}

static enum sign_hash hash_in_use;

static bool
vonage_in_use(const struct verify_request *r, const char *key)
{
	return verify_vonage(r, hash_in_use, key);
}

static enum sign_hash
hash_named(const char *name)
{
	static const char *const names[] = { "md5", "sha1", "sha256", "sha512" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(name, names[i]) == 0)
			return (enum sign_hash)i;
	fail_msg("no hash is called %s", name);
	return HASH_MD5;
}

/* In the query, in a form, in JSON; and the signature in capitals. */
static void
check_vonage(const char *name, json_t *v)
{
	bool plain = strcmp(text(v, "method"), "md5hash") == 0;
	struct callback c = {
		.proves = plain ? verify_vonage_md5hash : vonage_in_use, .key = text(v, "secret"),
	}, form = c, json = c;
	json_t *all = json_copy(json_object_get(v, "params"));
	struct buf pairs = { 0 }, url = { 0 };
	char *body;

	hash_in_use = plain ? HASH_MD5 : hash_named(text(v, "method"));
	json_object_set(all, "sig", json_object_get(v, "sig"));
	add_pairs(&pairs, all);
	buf_printf(&url, "https://gong.example.org/v1/inbound/vonage?%s", pairs.data);
	c.r.method = "GET";
	c.r.url = url.data;
	proved(name, &c);
	form.r.url = "https://gong.example.org/v1/inbound/vonage";
	add_body(&form, FORM, pairs.data);
	proved(name, &form);
	for (char *at = strstr(pairs.data, "sig=") + 4; *at && *at != '&'; at++)
		*at = (char)toupper((unsigned char)*at);
	assert_true(form.proves(&form.r, form.key));
	body = json_dumps(all, 0);
	json.r.url = form.r.url;
	add_body(&json, "application/json", body);
	proved(name, &json);
	free(body);
	json_decref(all);
	buf_fini(&pairs);
	buf_fini(&url);
}

/* The signature fits alone and between others. */
static void
check_plivo(const char *name, json_t *v)
{
	bool v3 = json_object_get(v, "params");
	struct callback c = {
		.r.url = text(v, "uri"), .key = text(v, "auth_token"),
		.proves = v3 ? verify_plivo_v3 : verify_plivo_v2,
		.query_unproved = !v3, .body_unproved = !v3,
	};
	char *signature = c.headers[1].value;
	struct buf form = { 0 };

	if (v3)
		c.r.method = text(v, "method");
	add_pairs(&form, json_object_get(v, "params"));
	add_header(&c, v3 ? "x-plivo-signature-v3-nonce" : "x-plivo-signature-v2-nonce",
		   text(v, "nonce"));
	add_header(&c, v3 ? "x-plivo-signature-v3" : "x-plivo-signature-v2",
		   text(v, "signature"));
	if (form.len)
		add_body(&c, FORM, form.data);
	proved(name, &c);
	snprintf(signature, sizeof(c.headers->value), "abc,%s, def", text(v, "signature"));
	assert_true(c.proves(&c.r, c.key));
	snprintf(signature, sizeof(c.headers->value), "abc,%.20s,def,", text(v, "signature"));
	refused(name, &c, c.key, "half a signature in a list");
	buf_fini(&form);
}

static bool
body_hmac(const struct verify_request *r, enum sign_hash hash, enum sign_as as, const char *key)
{
	struct proof_text of = { 0 };
	struct err err = { 0 };
	struct buf text = { 0 };
	bool ok;

	assert_int_equal(proof_text_compile(&of, "{{body}}", &err), 0);
	ok = proof_text_add(&text, &of, r) && verify_hmac(r, "x-signature", hash, as, key, text.data, text.len);
	proof_text_fini(&of);
	buf_fini(&text);
	return ok;
}

static bool
hex_in_use(const struct verify_request *r, const char *key)
{
	return body_hmac(r, hash_in_use, AS_HEX, key);
}

static bool
base64_in_use(const struct verify_request *r, const char *key)
{
	return body_hmac(r, hash_in_use, AS_BASE64, key);
}

static void
check_body_hmac(const char *name, json_t *v)
{
	const char *hash = text(v, "method");

	hash_in_use = hash_named(hash);
	for (int prefix = 0; prefix < 2; prefix++) {
		for (int hex = 0; hex < 2; hex++) {
			struct callback c = {
				.r.url = "https://h/", .key = text(v, "key"),
				.proves = hex ? hex_in_use : base64_in_use, .query_unproved = true,
			};
			char value[200];

			snprintf(value, sizeof(value), "%s%s%s", prefix ? hash : "",
				 prefix ? "=" : "", text(v, hex ? "hex" : "base64"));
			add_header(&c, "x-signature", value);
			add_body(&c, "text/plain", text(v, "body"));
			proved(name, &c);
		}
	}
}

static void
every_vector_is_met(void **state)
{
	static const struct { const char *kind; void (*check)(const char *, json_t *); int wanted; }
	kinds[] = {
		{ "rfc3986", check_percent, 1 }, { "aliyun-rpc-hmac-sha1", check_aliyun, 5 },
		{ "tc3-hmac-sha256", check_tc3, 2 }, { "cmcc-cloud-mas", check_mas, 1 },
		{ "hmac-sha1-base64", check_hmac, 2 }, { "http-basic", check_basic, 2 },
		{ "acs3-hmac-sha256", check_acs3, 3 }, { "huawei-x-wsse", check_wsse, 1 },
		{ "huawei-sdk-hmac-sha256", check_sdk, 3 }, { "twilio-hmac-sha1", check_twilio, 7 },
		{ "vonage-hmac", check_vonage, 6 }, { "plivo-v2", check_plivo, 2 },
		{ "plivo-v3", check_plivo, 5 }, { "body-hmac", check_body_hmac, 2 },
	};
	json_t *all = json_load_file("tests/data/http/vectors.json", 0, NULL), *v;
	const char *name;
	size_t met = 0;

	assert_non_null(all);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		int seen = 0;

		json_object_foreach(all, name, v) {
			if (strcmp(text(v, "kind"), kinds[i].kind) != 0)
				continue;
			kinds[i].check(name, v);
			seen++;
		}
		assert_int_equal(seen, kinds[i].wanted);
		met += (size_t)seen;
	}
	assert_int_equal(met, json_object_size(all));
	json_decref(all);
}

/* "A1" stands behind "A" though "=" stands behind "1". */
static void
names_are_sorted_without_their_values(void **state)
{
	struct buf query = { 0 };

	buf_puts(&query, "A1=x&A=y");
	sign_aliyun_rpc(&query, "POST", "k");
	assert_memory_equal(query.data, "A=y&A1=x&Signature=", 19);
	buf_fini(&query);
}

/* 2024-12-31T23:30:00Z is 2025 in China already; the day in the signature is UTC's. */
static void
the_day_of_tc3_is_utc(void **state)
{
	const struct sign_tc3 s = { "id", "key", "sms", "h", "SendSms", 1735687800000 };
	struct buf got = { 0 };

	setenv("TZ", "CST-8", 1);
	tzset();
	sign_tc3(&got, &s, "{}", 2);
	assert_non_null(strstr(got.data, "Credential=id/2024-12-31/sms/tc3_request"));
	buf_fini(&got);
}

/* The URL is the caller's idea: a proxy may have added the default port or dropped it. */
static void
twilio_may_see_the_default_port_or_not(void **state)
{
	static const struct { const char *called, *signed_as; bool fits; } cases[] = {
		{ "https://h/p?a=1", "https://h:443/p?a=1", true },
		{ "https://h:443/p?a=1", "https://h/p?a=1", true },
		{ "http://h/p", "http://h:80/p", true },
		{ "http://h:80", "http://h", true },
		{ "https://[::1]/p", "https://[::1]:443/p", true },
		{ "https://u:443@h/p", "https://u:443@h:443/p", true },
		{ "https://h/p", "https://h:80/p", false },
		{ "http://h:443/p", "http://h/p", false },
		{ "http://h:1234/p", "http://h/p", false },
		{ "https://h/p:443", "https://h/p", false },
		{ "h/p", "h:80/p", false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct callback c = { .r.url = cases[i].called, .proves = verify_twilio };
		struct buf signature = { 0 };

		sign_hmac(&signature, HASH_SHA1, AS_BASE64, "k", cases[i].signed_as,
			  strlen(cases[i].signed_as));
		add_header(&c, "x-twilio-signature", signature.data);
		c.r.header = header_of;
		c.r.ctx = &c;
		holds(cases[i].called, verify_twilio(&c.r, "k") == cases[i].fits, "signed as %s",
		      cases[i].signed_as);
		buf_fini(&signature);
	}
}

/* What a replayed signature must not carry in: a body it does not cover. */
static void
a_body_that_nothing_proves_is_refused(void **state)
{
	static const struct { const char *type, *body; bool twilio, vonage, plivo; } cases[] = {
		{ NULL, NULL, true, true, true },
		{ FORM, NULL, true, true, true },
		{ FORM, "&&", true, true, true },
		{ FORM, "state=delivered", false, false, false },
		{ FORM, "state=%00", false, false, false },
		{ FORM, "state=%4", false, false, false },
		{ FORM "x", "&&", false, false, false },
		{ NULL, "state=delivered", false, false, false },
		{ "text/plain", "{}", false, false, false },
		{ "application/json", "{}", false, true, false },
		{ "application/json", "{\"a\":\"1\"}", false, false, false },
		{ "application/json", "{\"a\":{}}", false, false, false },
		{ "application/json", "[]", false, false, false },
	};
	static const char url[] = "https://h/p?a=1";

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct callback c = { .r = { "POST", url, header_of, &c, NULL, 0 } };
		struct buf twilio = { 0 }, plivo = { 0 }, vonage = { 0 };
		const char *type = cases[i].type ? cases[i].type : "no type";

		sign_hmac(&twilio, HASH_SHA1, AS_BASE64, "k", url, strlen(url));
		sign_hmac(&plivo, HASH_SHA256, AS_BASE64, "k", "https://h/p?a=1.n", 17);
		buf_printf(&vonage, "%s&sig=", url);
		sign_hmac(&vonage, HASH_SHA256, AS_HEX, "k", "&a=1", 4);
		add_header(&c, "x-twilio-signature", twilio.data);
		add_header(&c, "x-plivo-signature-v3", plivo.data);
		add_header(&c, "x-plivo-signature-v3-nonce", "n");
		add_header(&c, cases[i].type ? "content-type" : "x-none", type);
		c.r.body = cases[i].body;
		c.r.body_len = cases[i].body ? strlen(cases[i].body) : 0;
		holds(type, verify_twilio(&c.r, "k") == cases[i].twilio, "case %zu, Twilio", i);
		holds(type, verify_plivo_v3(&c.r, "k") == cases[i].plivo, "case %zu, Plivo", i);
		c.r.url = vonage.data;
		holds(type, verify_vonage(&c.r, HASH_SHA256, "k") == cases[i].vonage,
		      "case %zu, Vonage", i);
		buf_fini(&twilio);
		buf_fini(&plivo);
		buf_fini(&vonage);
	}
}

/* Two readings of one body: what is signed must be what is read after us. */
static void
a_body_of_two_meanings_is_refused(void **state)
{
	struct callback c = { .r = { "POST", "https://h/", header_of, &c, NULL, 0 } }, v = c, p = c;
	struct buf signature = { 0 }, url = { 0 };

	sign_hmac(&signature, HASH_SHA1, AS_BASE64, "k", "https://h/state", 15);
	add_header(&c, "x-twilio-signature", signature.data);
	add_body(&c, FORM, "state=");
	assert_true(verify_twilio(&c.r, "k"));
	c.r.body = "state=%00delivered";
	c.r.body_len = strlen(c.r.body);
	assert_false(verify_twilio(&c.r, "k"));

	buf_puts(&url, "https://h/?sig=");
	sign_hmac(&url, HASH_SHA256, AS_HEX, "k", "&a=2", 4);
	v.r.url = url.data;
	v.r.ctx = &v;
	add_body(&v, "application/json", "{\"a\":2}");
	assert_true(verify_vonage(&v.r, HASH_SHA256, "k"));
	v.r.body = "{\"a\":1,\"a\":2}";
	v.r.body_len = strlen(v.r.body);
	assert_false(verify_vonage(&v.r, HASH_SHA256, "k"));

	buf_reset(&signature);
	sign_hmac(&signature, HASH_SHA256, AS_BASE64, "k", "https://h/?a1.n", 15);
	p.r.ctx = &p;
	add_header(&p, "x-plivo-signature-v3", signature.data);
	add_header(&p, "x-plivo-signature-v3-nonce", "n");
	add_body(&p, FORM, "a=1");
	assert_true(verify_plivo_v3(&p.r, "k"));
	p.r.method = "GET";
	assert_false(verify_plivo_v3(&p.r, "k"));
	buf_fini(&signature);
	buf_fini(&url);
}

/* A key that was left empty must not let in who signs with an empty key. */
static void
an_empty_key_proves_nothing(void **state)
{
	struct callback c = { .r = { "POST", "https://h/", header_of, &c, NULL, 0 } };
	struct buf twilio = { 0 }, plivo = { 0 }, body = { 0 }, md5 = { 0 }, sha1 = { 0 };

	sign_hmac(&twilio, HASH_SHA1, AS_BASE64, "", "https://h/", 10);
	sign_hmac(&plivo, HASH_SHA256, AS_BASE64, "", "https://h/n", 11);
	sign_hmac(&body, HASH_SHA1, AS_HEX, "", "{}", 2);
	buf_puts(&sha1, "https://h/?a=1&sig=");
	buf_puts(&md5, sha1.data);
	sign_hmac(&sha1, HASH_SHA1, AS_HEX, "", "&a=1", 4);
	sign_md5(&md5, "&a=1", 4);
	add_header(&c, "x-twilio-signature", twilio.data);
	add_header(&c, "x-plivo-signature-v2", plivo.data);
	add_header(&c, "x-plivo-signature-v2-nonce", "n");
	add_header(&c, "x-signature", body.data);
	assert_false(verify_twilio(&c.r, ""));
	assert_false(verify_plivo_v2(&c.r, ""));
	c.r.url = sha1.data;
	assert_false(verify_vonage(&c.r, HASH_SHA1, ""));
	c.r.url = md5.data;
	assert_false(verify_vonage_md5hash(&c.r, ""));
	c.r.body = "{}";
	c.r.body_len = 2;
	assert_false(body_hmac(&c.r, HASH_SHA1, AS_HEX, ""));
	buf_fini(&twilio);
	buf_fini(&plivo);
	buf_fini(&body);
	buf_fini(&md5);
	buf_fini(&sha1);
}

/* Else whoever has seen it once could send any query with it. */
static void
the_hmac_of_an_empty_body_is_refused(void **state)
{
	struct callback c = { .r = { "GET", "https://h/?state=delivered", header_of, &c, "", 0 } };
	struct buf value = { 0 };

	sign_hmac(&value, HASH_SHA256, AS_HEX, "k", "", 0);
	add_header(&c, "x-signature", value.data);
	assert_false(body_hmac(&c.r, HASH_SHA256, AS_HEX, "k"));
	assert_false(verify_hmac(&c.r, "x-signature", HASH_SHA256, AS_HEX, "k", "", 0));
	buf_fini(&value);
}

/* AWS publishes this one: ListUsers of IAM, with each step.  Without AWS's prefix and words the same
 * arithmetic is Volcengine's, which a provider program of ours checks by itself. */
static void
the_published_request_of_aws_is_met(void **state)
{
	const struct sign_v4 v4 = {
		.key_id = "AKIDEXAMPLE", .key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", .region = "us-east-1",
		.service = "iam", .method = "GET", .host = "iam.amazonaws.com",
		.query = "Action=ListUsers&Version=2010-05-08",
		.content_type = "application/x-www-form-urlencoded; charset=utf-8", .at = 1440938160000,
	};
	char date[SIGN_V4_DATE];
	struct buf out = { 0 };

	sign_aws4(&out, date, &v4, "", 0);
	assert_string_equal(date, "20150830T123600Z");
	assert_string_equal(out.data, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
			    "SignedHeaders=content-type;host;x-amz-date, Signature="
			    "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
	buf_fini(&out);
}

static const struct { const char *source, *text; } proofs[] = {
	{ "{{body}}", "{}" }, { "{{body}}.{{header:X-Nonce}}.{{header:x-time}}", "{}.n1.5" },
	{ "{{method}} {{url}}\n{{body}}", "POST https://h/?q=1\n{}" }, { "v1:{{header:x-time}}", "v1:5" },
	/* what the request lacks proves nothing */
	{ "{{body}}{{header:x-other}}", NULL },
};
static const char *const no_proofs[] = { "", "fixed", "{{bodies}}", "{{header:}}", "{{body", "{{body}}{{key}}" };

static void
a_text_of_named_parts_is_put_together(void **state)
{
	struct callback c = { .r = { "POST", "https://h/?q=1", header_of, &c, "{}", 2 } };
	struct proof_text t = { 0 };
	struct err err = { 0 };

	add_header(&c, "x-nonce", "n1");
	add_header(&c, "x-time", "5");
	for (size_t i = 0; i < COUNT(proofs); i++) {
		struct buf text = { 0 };
		bool whole;

		assert_int_equal(proof_text_compile(&t, proofs[i].source, &err), 0);
		whole = proof_text_add(&text, &t, &c.r);
		holds(proofs[i].source, whole == (proofs[i].text != NULL) &&
		      (!whole || strcmp(text.data, proofs[i].text) == 0), "it is %s", text.data);
		proof_text_fini(&t);
		buf_fini(&text);
	}
	for (size_t i = 0; i < COUNT(no_proofs); i++) {
		holds(no_proofs[i], proof_text_compile(&t, no_proofs[i], &err) < 0, "is taken");
		assert_true(err.text[0]);
		proof_text_fini(&t);
	}
}

static bool
fixed_header(const struct verify_request *r, const char *wanted)
{
	return verify_header(r, "authorization", wanted);
}

static void
a_fixed_header_is_compared_whole(void **state)
{
	struct callback c = {
		.r.url = "https://h/", .proves = fixed_header, .query_unproved = true,
		.body_unproved = true,
	};
	struct buf wanted = { 0 };

	sign_basic(&wanted, "gong", "secret");
	add_header(&c, "authorization", wanted.data);
	c.key = wanted.data;
	proved("authorization", &c);
	wanted.data[wanted.len - 1] = '\0';
	refused("authorization", &c, wanted.data, "more than wanted");
	c.headers[0].value[0] = '\0';
	refused("authorization", &c, "", "nothing wanted, nothing given");
	buf_fini(&wanted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vector_is_met),
		cmocka_unit_test(names_are_sorted_without_their_values),
		cmocka_unit_test(the_day_of_tc3_is_utc),
		cmocka_unit_test(twilio_may_see_the_default_port_or_not),
		cmocka_unit_test(a_body_that_nothing_proves_is_refused),
		cmocka_unit_test(a_body_of_two_meanings_is_refused),
		cmocka_unit_test(an_empty_key_proves_nothing),
		cmocka_unit_test(the_hmac_of_an_empty_body_is_refused),
		cmocka_unit_test(the_published_request_of_aws_is_met),
		cmocka_unit_test(a_text_of_named_parts_is_put_together),
		cmocka_unit_test(a_fixed_header_is_compared_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
