/* source.c -- other systems' posts: /v1/in/NAME, by whatever credentials that system can send.  What is
 * read goes to the engine, and the answer waits for its commit; what cannot be read is kept, too. */
#include "daemon/web/source.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/number.h"
#include "daemon/intake/formats/verdict.h"

#define FAILURE_DELAY_S 1
#define SECRET_MAX 512
#define HMAC_AGE_MAX_MS 300000		/* a signed post may be so old, or so far ahead */

struct source_queue {
	char name[48];
	struct origin *origin;
	struct source_queue *next;
};

/* -- who it is -- */

static bool
bearer_is(const struct http_request *r, const char *token)
{
	const char *header = http_header(r, "authorization");

	return header && strncasecmp(header, "bearer ", 7) == 0 &&
	       auth_is_secret(header + 7 + strspn(header + 7, " "), token);
}

/* RFC 7617: base64 of NAME:PASSWORD; the name may be any. */
static bool
basic_is(const struct http_request *r, const char *token)
{
	const char *header = http_header(r, "authorization"), *colon;
	unsigned char text[SECRET_MAX + 4];
	int len;

	if (!header || strncasecmp(header, "basic ", 6) != 0)
		return false;
	header += 6 + strspn(header + 6, " ");
	if (strlen(header) > SECRET_MAX / 3 * 4 || strlen(header) % 4)
		return false;
	len = EVP_DecodeBlock(text, (const unsigned char *)header, (int)strlen(header));
	if (len < 0)
		return false;
	text[len] = '\0';		/* the padding became NULs: the text ends there */
	colon = strchr((const char *)text, ':');
	return colon && auth_is_secret(colon + 1, token);
}

static bool
query_is(const struct http_request *r, const char *token)
{
	const char *p = r->query;
	char value[SECRET_MAX];

	while (p && *p) {
		size_t len = strcspn(p, "&");

		if (strncmp(p, "token=", 6) == 0 && url_decode(value, sizeof(value), p + 6, len - 6) == 0)
			return auth_is_secret(value, token);
		p += len + (p[len] == '&');
	}
	return false;
}

static bool
path_is(const char *rest, const char *token)
{
	char value[SECRET_MAX];

	/* What stands behind it some clients add by themselves: Prometheus its /api/v2/alerts. */
	return *rest == '/' && url_decode(value, sizeof(value), rest + 1, strcspn(rest + 1, "/")) == 0 &&
	       auth_is_secret(value, token);
}

/* By its name as settings have it, in any case; NULL: it is not there. */
static const char *
header_of(const struct http_request *r, const char *name)
{
	char lower[64];
	size_t n = 0;

	for (; name[n] && n < sizeof(lower) - 1; n++)
		lower[n] = (char)(name[n] >= 'A' && name[n] <= 'Z' ? name[n] + 32 : name[n]);
	lower[n] = '\0';
	return http_header(r, lower);
}

/* Unix seconds; what was heard on the way is worth nothing later. */
static bool
is_fresh(const char *time, msec now)
{
	int64_t at;

	return time && whole_parse(&at, time, 0, INT64_MAX / 1000) == 0 &&
	       llabs((long long)(at * 1000 - now)) <= HMAC_AGE_MAX_MS;
}

static void
put_mac(unsigned char mac[32], const struct source_conf *c, const char *time, const struct buf *body)
{
	struct buf all = { 0 };

	if (time)
		buf_printf(&all, "%s:", time);
	if (body->len)
		buf_add(&all, body->data, body->len);
	HMAC(EVP_sha256(), c->token, (int)strlen(c->token),
	     (const unsigned char *)(all.data ? all.data : ""), all.len, mac, NULL);
	buf_fini(&all);
}

/* The header has the MAC in hex, maybe behind "sha256=", or in base64: of the body, or, as Grafana
 * signs, of the time's header, ":" and the body. */
static bool
hmac_is(const struct source_conf *c, const struct http_request *r, const struct buf *body, msec now)
{
	const char *given = header_of(r, c->hmac_header), *time = NULL;
	unsigned char mac[32], base64[48];
	char hex[65];

	if (!given)
		return false;
	if (c->hmac_time_header) {
		time = header_of(r, c->hmac_time_header);
		if (!is_fresh(time, now))
			return false;
	}
	if (strncasecmp(given, "sha256=", 7) == 0)
		given += 7;
	put_mac(mac, c, time, body);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", mac[i]);
	EVP_EncodeBlock(base64, mac, 32);
	return auth_is_secret(given, hex) || auth_is_secret(given, (const char *)base64);
}

static bool
is_known(const struct source_conf *c, const struct http_request *r, const char *rest)
{
	return (c->ways >> SOURCE_BEARER & 1 && bearer_is(r, c->token)) ||
	       (c->ways >> SOURCE_BASIC & 1 && basic_is(r, c->token)) ||
	       (c->ways >> SOURCE_QUERY & 1 && query_is(r, c->token)) ||
	       (c->ways >> SOURCE_PATH & 1 && path_is(rest, c->token));
}

/* Whether it was the name or the token, nobody is told. */
static void
turn_away(struct web *web, struct http_conn *c)
{
	struct err err;

	web->auth_failures++;
	err_say(&err, REFUSED_UNAUTHENTICATED, about(CONCEPT_NONE), source_unknown);
	web_refuse_with(c, &err, "WWW-Authenticate: Bearer realm=\"gong\"\r\n", FAILURE_DELAY_S);
}

/* -- how much of it waits -- */

static struct origin *
queue_of(struct web *web, const char *name)
{
	struct source_queue *q = web->queues;

	while (q && strcmp(q->name, name) != 0)
		q = q->next;
	if (!q) {
		q = xcalloc(1, sizeof(*q));
		snprintf(q->name, sizeof(q->name), "%s", name);
		q->origin = origin_new();
		q->next = web->queues;
		web->queues = q;
	}
	return q->origin;
}

void
source_queues_free(struct web *web)
{
	while (web->queues) {
		struct source_queue *q = web->queues;

		web->queues = q->next;
		origin_let_go(q->origin);
		free(q);
	}
}

bool
source_has_room(struct web *web, struct http_conn *c, const struct source_conf *conf)
{
	unsigned weight = origin_weight(queue_of(web, conf->name));
	struct err err;

	if (weight < SOURCE_QUEUED_MAX)
		return true;
	err_say(&err, REFUSED_BUSY, about(CONCEPT_NONE), source_busy, conf->name, NUM(weight));
	web_refuse(c, &err);
	return false;
}

/* -- a post -- */

/* It is refused before it is read; that it was is kept, and the desk hears of it. */
static void
note_too_large(struct web *web, const struct exchange *x, const struct http_request *r)
{
	struct command *cmd = format_post(x->source, 1);
	struct err *err = cmd->signals->documents[0].unreadable = xcalloc(1, sizeof(*err));

	err_say(err, REFUSED_TOO_LARGE, about(CONCEPT_NONE), http_body_max, NUM(r->length),
		NUM(x->settings->body_max));
	command_weighs(cmd, queue_of(web, x->source->name), 1);
	if (!web->ports.submit(web->ports.ctx, cmd))
		command_free(cmd);
}

void
source_head(struct web *web, struct http_conn *c, struct exchange *x)
{
	const struct http_request *r = http_request(c);
	const char *path = r->path + strlen(SOURCE_PREFIX);
	size_t len = strcspn(path, "/");
	struct err err;
	char name[48];

	snprintf(name, sizeof(name), "%.*s", len < sizeof(name) ? (int)len : 0, path);
	x->source = settings_source(x->settings, name);
	x->rest = path + len;
	if (strcmp(r->method, "POST") != 0) {
		err_say(&err, REFUSED_NO_SUCH_VERB, about(CONCEPT_NONE), verbs_here, "POST");
		web_refuse_with(c, &err, "Allow: POST\r\n", 0);
	} else if (!x->source || !(x->source->ways >> SOURCE_HMAC & 1 || is_known(x->source, r, x->rest))) {
		turn_away(web, c);
	} else if (source_has_room(web, c, x->source)) {
		x->by.kind = PRINCIPAL_SOURCE;
		snprintf(x->by.name, sizeof(x->by.name), SOURCE_PRINCIPAL "%s", x->source->name);
		http_body_max(c, x->settings->body_max);
		if (!r->chunked && r->length > x->settings->body_max && is_known(x->source, r, x->rest))
			note_too_large(web, x, r);
	}
}

/* It is the source's whether its client is still there or not. */
struct posted {
	struct web *web;
	struct command *cmd;
};

/* To a client that may have gone meanwhile. */
static void
refuse_later(struct web *web, uint64_t to, const struct err *err)
{
	struct http_conn *c = http_find(web->http, to);

	if (c)
		web_refuse(c, err);
}

static void
queue_post(struct web *web, struct command *cmd)
{
	struct err err;

	command_weighs(cmd, queue_of(web, cmd->signals->source), format_weight(cmd->signals));
	if (web->ports.submit(web->ports.ctx, cmd))
		return;
	err_say(&err, REFUSED_BUSY, about(CONCEPT_NONE), busy);
	refuse_later(web, cmd->reply_to, &err);
	command_free(cmd);
}

static void
on_parsed(void *ctx, struct signal_post *post, const struct err *refused)
{
	struct posted *p = ctx;

	if (refused && refused->kind == REFUSED_BUSY) {
		refuse_later(p->web, p->cmd->reply_to, refused);
		command_free(p->cmd);
	} else {
		format_settle(&p->cmd->signals->documents[0], post, refused);
		queue_post(p->web, p->cmd);
	}
	free(p);
}

/* What a request has as its body, to be read as that source's. */
static struct parse_ask
ask_of(struct web *web, struct http_conn *c, const struct source_conf *source)
{
	const struct buf *body = http_body(c);

	return (struct parse_ask){
		.source = source, .bytes = body->data ? body->data : "", .len = body->len,
		.content_type = http_header(http_request(c), "content-type"),
		.now = web->ports.now(web->ports.ctx),
	};
}

void
source_hand_on(struct web *web, struct http_conn *c, const struct parse_ask *ask)
{
	struct posted *p = xcalloc(1, sizeof(*p));
	struct err err = { 0 };

	*p = (struct posted){ web, format_post(ask->source, 1) };
	p->cmd->reply_to = http_id(c);
	format_keep(&p->cmd->signals->documents[0], ask->source, ask->bytes, ask->len);
	if (web->ports.parse(web->ports.ctx, ask, on_parsed, p, &err) == 0)
		return;
	command_free(p->cmd);
	free(p);
	web_refuse(c, &err);
}

void
source_whole(struct web *web, struct http_conn *c, struct exchange *x)
{
	struct parse_ask ask = ask_of(web, c, x->source);

	if (!is_known(x->source, http_request(c), x->rest) &&
	    !hmac_is(x->source, http_request(c), http_body(c), ask.now)) {
		turn_away(web, c);
		return;
	}
	if (!source_has_room(web, c, x->source))
		return;
	source_hand_on(web, c, &ask);
}

/* -- what it would come to -- */

struct tried {
	struct web *web;
	uint64_t reply_to;
	struct settings *settings;	/* a reference, for … */
	const struct source_conf *source;	/* … this one */
};

static void
on_tried(void *ctx, struct signal_post *post, const struct err *refused)
{
	struct tried *t = ctx;
	struct http_conn *c = http_find(t->web->http, t->reply_to);
	struct buf out = { 0 };

	if (refused) {
		refuse_later(t->web, t->reply_to, refused);
	} else if (c) {
		verdict_json(t->source, post, &out);
		web_json(c, 200, out.data);
	}
	buf_fini(&out);
	settings_unref(t->settings);
	free(t);
}

void
source_try(struct web *web, struct http_conn *c, struct exchange *x)
{
	const struct source_conf *conf = settings_source(x->settings, x->place.name);
	struct err err = { 0 };
	struct parse_ask ask;
	struct tried *t;
	struct query q;

	if (query_parse(&q, http_request(c)->query, 0, 0, &err) < 0) {
		web_refuse(c, &err);
		return;
	}
	if (!conf) {
		err_say(&err, REFUSED_NOT_FOUND, about(CONCEPT_NONE), no_source, x->place.name);
		web_refuse(c, &err);
		return;
	}
	ask = ask_of(web, c, conf);
	t = xcalloc(1, sizeof(*t));
	*t = (struct tried){ web, http_id(c), settings_ref(x->settings), conf };
	if (web->ports.parse(web->ports.ctx, &ask, on_tried, t, &err) == 0)
		return;
	settings_unref(t->settings);
	free(t);
	web_refuse(c, &err);
}
