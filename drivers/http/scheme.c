/* scheme.c -- the schemes of scheme.h, one row each; the arithmetic is in sign.c. */
#include "drivers/http/scheme.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "drivers/http/operation.h"
#include "drivers/http/sign.h"

#define FORM "application/x-www-form-urlencoded"

enum goes { GOES_JSON = 1, GOES_FORM = 2, GOES_QUERY = 4, GOES_ANY = 7 };

struct scheme {
	const char *name, *known;	/* options beside "scheme" that it must have */
	enum goes goes;			/* the body types that it can sign */
	bool makes_authorization, posts_only;
	void (*sign)(const struct signing *, const struct outgoing *);
};

static const char *
text_of(const struct buf *b)
{
	return b->data ? b->data : "";
}

static void
add_authorization(const struct outgoing *o, struct buf *value)
{
	o->add_header(o->ctx, "Authorization", value->data);
	buf_fini(value);
}

static void
with_basic(const struct signing *s, const struct outgoing *o)
{
	struct buf value = { 0 };

	sign_basic(&value, s->key_id, s->key);
	add_authorization(o, &value);
}

static void
with_tc3(const struct signing *s, const struct outgoing *o)
{
	const struct sign_tc3 tc3 = { .key_id = s->key_id, .key = s->key, .service = s->service,
				      .host = o->host, .action = s->action, .at = o->now };
	struct buf value = { 0 };
	char seconds[24];

	snprintf(seconds, sizeof(seconds), "%lld", (long long)(o->now / 1000));
	o->add_header(o->ctx, "X-TC-Action", s->action);
	o->add_header(o->ctx, "X-TC-Timestamp", seconds);
	sign_tc3(&value, &tc3, text_of(o->body), o->body->len);
	add_authorization(o, &value);
}

static void
with_aliyun_rpc(const struct signing *s, const struct outgoing *o)
{
	time_t seconds = (time_t)(o->now / 1000);
	char time[32], nonce[REQUEST_NONCE];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(time, sizeof(time), "%Y-%m-%dT%H%%3A%M%%3A%SZ", &tm);
	request_make_nonce(nonce);
	buf_puts(o->body, "&AccessKeyId=");
	sign_percent(o->body, s->key_id, strlen(s->key_id));
	buf_printf(o->body, "&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&Timestamp=%s"
		   "&SignatureNonce=%s", time, nonce);
	sign_aliyun_rpc(o->body, o->op->method, s->key);
}

static void
with_acs3(const struct signing *s, const struct outgoing *o)
{
	char nonce[REQUEST_NONCE];
	struct sign_acs3 acs3 = {
		.key_id = s->key_id, .key = s->key, .method = o->op->method, .host = o->host,
		.action = s->action, .version = s->version, .nonce = nonce,
		.path = text_of(o->path), .query = text_of(o->query),
		.content_type = o->op->content_type, .at = o->now,
	};
	struct sign_acs3_sent sent;
	struct buf value = { 0 };

	request_make_nonce(nonce);
	sign_acs3(&value, &sent, &acs3, text_of(o->body), o->body->len);
	o->add_header(o->ctx, "x-acs-action", s->action);
	o->add_header(o->ctx, "x-acs-version", s->version);
	o->add_header(o->ctx, "x-acs-signature-nonce", nonce);
	o->add_header(o->ctx, "x-acs-date", sent.date);
	o->add_header(o->ctx, "x-acs-content-sha256", sent.content_sha256);
	add_authorization(o, &value);
}

static void
add_token(const struct signing *s, const struct outgoing *o, bool hex, const char *header,
	  const char *authorization, void (*sign)(struct buf *, const struct sign_wsse *))
{
	char nonce[REQUEST_NONCE];
	const struct sign_wsse wsse = { .app_key = s->key_id, .secret = s->key, .nonce = nonce,
					.hex = hex, .at = o->now };
	struct buf value = { 0 };

	request_make_nonce(nonce);
	sign(&value, &wsse);
	o->add_header(o->ctx, header, value.data);
	o->add_header(o->ctx, "Authorization", authorization);
	buf_fini(&value);
}

static void
with_wsse(const struct signing *s, const struct outgoing *o)
{
	add_token(s, o, false, "X-WSSE", SIGN_WSSE_AUTHORIZATION, sign_wsse);
}

static void
with_wsse_hex(const struct signing *s, const struct outgoing *o)
{
	add_token(s, o, true, "X-WSSE", SIGN_WSSE_AUTHORIZATION, sign_wsse);
}

static void
with_aksk(const struct signing *s, const struct outgoing *o)
{
	add_token(s, o, false, "X-AKSK", SIGN_AKSK_AUTHORIZATION, sign_aksk);
}

static void
with_sdk(const struct signing *s, const struct outgoing *o)
{
	const struct sign_sdk sdk = {
		.key_id = s->key_id, .key = s->key, .method = o->op->method, .host = o->host,
		.path = text_of(o->path), .query = text_of(o->query), .at = o->now,
	};
	char date[sizeof("20060102T150405Z")];
	struct buf value = { 0 };

	sign_sdk(&value, date, &sdk, text_of(o->body), o->body->len);
	o->add_header(o->ctx, "X-Sdk-Date", date);
	add_authorization(o, &value);
}

static struct sign_v4
v4_of(const struct signing *s, const struct outgoing *o)
{
	return (struct sign_v4){ .key_id = s->key_id, .key = s->key, .region = s->region,
				 .service = s->service, .method = o->op->method, .host = o->host,
				 .query = text_of(o->query), .content_type = o->op->content_type,
				 .target = s->action, .at = o->now };
}

static void
with_aws4(const struct signing *s, const struct outgoing *o)
{
	const struct sign_v4 v4 = v4_of(s, o);
	char date[SIGN_V4_DATE];
	struct buf value = { 0 };

	sign_aws4(&value, date, &v4, text_of(o->body), o->body->len);
	o->add_header(o->ctx, "X-Amz-Date", date);
	o->add_header(o->ctx, "X-Amz-Target", s->action);
	add_authorization(o, &value);
}

static void
with_volc(const struct signing *s, const struct outgoing *o)
{
	const struct sign_v4 v4 = v4_of(s, o);
	char date[SIGN_V4_DATE], sha256[65];
	struct buf value = { 0 };

	sign_volc(&value, date, sha256, &v4, text_of(o->body), o->body->len);
	o->add_header(o->ctx, "X-Date", date);
	o->add_header(o->ctx, "X-Content-Sha256", sha256);
	add_authorization(o, &value);
}

static const struct scheme schemes[] = {
	{ "basic", " key_id key ", GOES_ANY, true, false, with_basic },
	{ "tc3", " key_id key service action ", GOES_JSON, true, true, with_tc3 },
	{ "aliyun-rpc", " key_id key ", GOES_FORM, false, true, with_aliyun_rpc },
	{ "acs3", " key_id key action version ", GOES_FORM | GOES_QUERY, true, false, with_acs3 },
	{ "wsse", " key_id key ", GOES_ANY, true, false, with_wsse },
	{ "wsse-hex", " key_id key ", GOES_ANY, true, false, with_wsse_hex },
	{ "aksk", " key_id key ", GOES_ANY, true, false, with_aksk },
	{ "sdk-hmac-sha256", " key_id key ", GOES_ANY, true, false, with_sdk },
	{ "aws4", " key_id key region service action ", GOES_JSON, true, true, with_aws4 },
	{ "volc", " key_id key region service ", GOES_JSON, true, true, with_volc },
};

#define NAMES "basic, tc3, aliyun-rpc, acs3, wsse, wsse-hex, aksk, sdk-hmac-sha256, aws4 or volc"

static const struct scheme *
find(const char *name)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (strcmp(schemes[i].name, name) == 0)
			return &schemes[i];
	return NULL;
}

static enum goes
goes_as(const struct operation *op)
{
	if (!op->content_type)
		return GOES_QUERY;
	return strcmp(op->content_type, FORM) == 0 ? GOES_FORM : GOES_JSON;
}

/* All that it needs, and nothing else. */
static int
check_options(const struct scheme *scheme, json_t *sign, struct err *err)
{
	char known[96], *rest, *name;

	snprintf(known, sizeof(known), " scheme%s", scheme->known);
	if (option_only(sign, "sign", known, err) < 0)
		return -1;
	for (rest = known; (name = strsep(&rest, " "));)
		if (*name && !json_object_get(sign, name))
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), http_scheme_needs, scheme->name, scheme->known);
	return 0;
}

static int
check_operation(const struct scheme *scheme, const struct operation *op, struct err *err)
{
	static const char *const types[] = { [GOES_JSON] = "json", [GOES_FORM] = "form",
					     [GOES_FORM | GOES_QUERY] = "form or query",
					     [GOES_ANY] = "json, form or query" };

	if (!(scheme->goes & goes_as(op)) || op->base64)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "scheme"), http_scheme_type, scheme->name, types[scheme->goes]);
	if (scheme->makes_authorization && op->authorization)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "scheme"), http_scheme_authorization, scheme->name);
	if (scheme->posts_only && strcmp(op->method, "POST") != 0)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "scheme"), http_scheme_post, scheme->name);
	return 0;
}

int
scheme_compile(struct signing *s, const struct operation *op, json_t *sign, struct err *err)
{
	const char *name = NULL;

	if (!sign)
		return 0;
	if (option_text(sign, "scheme", &name, err) < 0)
		return -1;
	s->scheme = name ? find(name) : NULL;
	if (!s->scheme)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "scheme"), http_scheme, NAMES);
	if (check_options(s->scheme, sign, err) < 0 || check_operation(s->scheme, op, err) < 0 ||
	    option_text(sign, "key_id", &s->key_id, err) < 0 ||
	    option_text(sign, "key", &s->key, err) < 0 ||
	    option_text(sign, "region", &s->region, err) < 0 ||
	    option_text(sign, "service", &s->service, err) < 0 ||
	    option_text(sign, "action", &s->action, err) < 0 ||
	    option_text(sign, "version", &s->version, err) < 0)
		return -1;
	return 0;
}

const char *
scheme_type(const struct signing *s, const char *type)
{
	if (s->scheme && s->scheme->sign == with_tc3)
		return SIGN_TC3_TYPE;
	if (s->scheme && s->scheme->sign == with_aws4)
		return SIGN_AWS4_TYPE;
	return s->scheme && (s->scheme->sign == with_acs3 || s->scheme->sign == with_volc) ? type : NULL;
}

void
scheme_sign(const struct signing *s, const struct outgoing *o)
{
	if (s->scheme)
		s->scheme->sign(s, o);
}
