/* web.c -- the HTTP side of gongd: what a request's head decides, callbacks of providers, and
 * answers that come later. */
#include "daemon/web/internal.h"

#include "daemon/web/origin.h"
#include "daemon/web/sendsms.h"
#include "daemon/web/source.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define IMPORT_MAX (256u * 1024 * 1024)	/* on the unix socket only */
#define CALLBACK_MAX (512u * 1024)	/* base64 of it fits a line to the driver */
#define CALLBACK_PREFIX "/v1/callback/"
#define FAILURE_DELAY_S 1
#define REFUSAL_LOG_MS MINUTES(1)

static void
exchange_reset(struct web *web, struct exchange *x)
{
	events_leave(web, x->listener);
	export_leave(web, x->export);
	site_unref(x->site);
	csv_intake_free(x->csv);
	settings_unref(x->settings);
	*x = (struct exchange){ 0 };
}

static struct exchange *
exchange_of(struct web *web, struct http_conn *c)
{
	struct exchange **x = (struct exchange **)http_user(c);

	if (!*x)
		*x = xcalloc(1, sizeof(**x));
	exchange_reset(web, *x);
	(*x)->settings = settings_ref(web->settings);
	return *x;
}

static bool
is_type(const char *given, const char *wanted)
{
	size_t len = strlen(wanted);

	return given && strncasecmp(given, wanted, len) == 0 &&
	       (!given[len] || given[len] == ';' || given[len] == ' ');
}

static bool
check_type(struct http_conn *c, const struct api_call *call)
{
	const char *given = http_header(http_request(c), "content-type");
	bool empty = !http_request(c)->chunked && http_request(c)->length == 0;
	struct err err;

	if (!call->type || !*call->type || is_type(given, call->type) || (empty && !given))
		return true;
	err_say(&err, REFUSED_WRONG_TYPE, about_name(CONCEPT_HEADER, "Content-Type"), wrong_type,
		call->type);
	web_refuse(c, &err);
	return false;
}

static void
not_found(struct web *web, struct http_conn *c, struct exchange *x, const char *allow)
{
	const struct http_request *r = http_request(c);
	char extra[96];
	struct err err;

	/* The API's own addresses are never a file's. */
	if (!*allow && static_find(web, x, r->path)) {
		if (strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0)
			return;		/* once the request is whole */
		allow = "GET, HEAD";
	}
	if (!*allow) {
		err_say(&err, REFUSED_NOT_FOUND, about(CONCEPT_NONE), nothing_here);
		web_refuse(c, &err);
		return;
	}
	snprintf(extra, sizeof(extra), "Allow: %s\r\n", allow);
	err_say(&err, REFUSED_NO_SUCH_VERB, about(CONCEPT_NONE), verbs_here, allow);
	web_refuse_with(c, &err, extra, 0);
}

/* Who asks, and may he? */
static int
check_right(struct web *web, struct http_conn *c, struct exchange *x, struct err *err)
{
	struct rights rights;

	if (x->call->verb == ANYBODY)
		return 0;
	if (auth_identify(web, c, x, err) < 0)
		return -1;
	return rights_ask(x->settings, &x->by, x->call->verb, &rights, err);
}

static void
call_head(struct web *web, struct http_conn *c, struct exchange *x)
{
	const struct http_request *r = http_request(c);
	struct err err = { 0 };
	char allow[64];

	if (!api_find(r->method, r->path, &x->call, &x->place, allow)) {
		not_found(web, c, x, allow);
		return;
	}
	if (check_right(web, c, x, &err) < 0) {
		bool stranger = err.kind == REFUSED_UNAUTHENTICATED;

		web_refuse_with(c, &err, stranger ? "WWW-Authenticate: Bearer realm=\"gong\"\r\n" : NULL,
				stranger ? FAILURE_DELAY_S : 0);
		return;
	}
	if (!check_type(c, x->call))
		return;
	if (x->call->type && strcmp(x->call->type, "text/csv") == 0) {
		x->csv = csv_intake_new((enum import_kind)x->call->kind, x->settings);
		http_stream(c);
		http_body_max(c, http_is_unix(c) ? IMPORT_MAX : x->settings->body_max);
	} else if (x->call->type) {
		http_body_max(c, x->settings->body_max);
	}
}

/* At most one line a minute, however hard somebody tries. */
static void
log_refusal(struct web *web, const unsigned char origin[IP_BYTES], const char *route)
{
	msec now = web->ports.now(web->ports.ctx);
	char text[INET6_ADDRSTRLEN];

	web->callbacks_refused++;
	web->refusals_unlogged++;
	if (web->refusal_logged_at && now >= web->refusal_logged_at &&
	    now - web->refusal_logged_at < REFUSAL_LOG_MS)
		return;
	if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)origin))
		inet_ntop(AF_INET, origin + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, origin, text, sizeof(text));
	web->ports.log(web->ports.ctx, LOG_WARNING, "callback refused route=%s from=%s count=%lu", route, text,
		       web->refusals_unlogged);
	web->refusals_unlogged = 0;
	web->refusal_logged_at = now;
}

/* Whoever comes by the unix socket has the address "::". */
static bool
comes_from(struct web *web, const struct http_conn *c, const struct settings *s,
	   const struct route_conf *route)
{
	unsigned char origin[IP_BYTES];

	if (!route->callback_from_count)
		return true;
	origin_find(origin, http_peer(c), http_request(c), s->callback_proxies, s->callback_proxy_count);
	if (ip_ranges_have(route->callback_from, route->callback_from_count, origin))
		return true;
	log_refusal(web, origin, route->name);
	return false;
}

/* /v1/callback/{route}/{secret}[/…].  A wrong secret looks like an address that is not there. */
static void
callback_head(struct web *web, struct http_conn *c, struct exchange *x)
{
	const char *path = http_request(c)->path + strlen(CALLBACK_PREFIX);
	size_t name_len = strcspn(path, "/"), secret_len = 0;
	const char *secret = path + name_len + (path[name_len] == '/');
	char route[128], given[256];
	struct err err;

	secret_len = strcspn(secret, "/");
	x->route = url_decode(route, sizeof(route), path, name_len) < 0
		? -1 : settings_route(x->settings, route);
	if (x->route < 0 || !comes_from(web, c, x->settings, &x->settings->routes[x->route]) ||
	    url_decode(given, sizeof(given), secret, secret_len) < 0 ||
	    !x->settings->routes[x->route].callback_secret ||
	    !auth_is_secret(given, x->settings->routes[x->route].callback_secret)) {
		web->auth_failures++;
		err_say(&err, REFUSED_NOT_FOUND, about(CONCEPT_NONE), no_callback_here);
		web_refuse_with(c, &err, NULL, FAILURE_DELAY_S);
		return;
	}
	x->rest = secret + secret_len;
	http_body_max(c, x->settings->body_max < CALLBACK_MAX ? x->settings->body_max : CALLBACK_MAX);
}

static void
callback_whole(struct web *web, struct http_conn *c, struct exchange *x)
{
	const struct http_request *r = http_request(c);
	const struct buf *body = http_body(c);
	struct web_callback callback = {
		.route = x->settings->routes[x->route].name, .reply_to = http_id(c), .method = r->method,
		.path = *x->rest ? x->rest : "/", .query = r->query ? r->query : "",
		.content_type = http_header(r, "content-type"), .headers = r->headers,
		.body = body->data ? body->data : "", .body_len = body->len,
	};
	struct err err;

	if (web->ports.callback(web->ports.ctx, &callback))
		return;
	err_say(&err, REFUSED_BUSY, about(CONCEPT_NONE), driver_not_running);
	web_refuse(c, &err);
}

static void
on_head(void *ctx, struct http_conn *c)
{
	struct web *web = ctx;
	struct exchange *x = exchange_of(web, c);
	struct err err;

	if (web->stopping) {
		err_say(&err, REFUSED_BUSY, about(CONCEPT_NONE), stopping);
		web_refuse(c, &err);
	} else if (strncmp(http_request(c)->path, CALLBACK_PREFIX, strlen(CALLBACK_PREFIX)) == 0) {
		callback_head(web, c, x);
	} else if (strncmp(http_request(c)->path, SOURCE_PREFIX, strlen(SOURCE_PREFIX)) == 0) {
		source_head(web, c, x);
	} else if (sendsms_is(x->settings, http_request(c)->path)) {
		sendsms_head(web, c, x);
	} else {
		call_head(web, c, x);
	}
}

static void
on_body(void *ctx, struct http_conn *c, const char *bytes, size_t len)
{
	struct exchange *x = *http_user(c);

	if (csv_intake_feed(x->csv, bytes, len) < 0)
		web_refuse_faults(c, csv_intake_faults(x->csv));
}

static void
on_whole(void *ctx, struct http_conn *c)
{
	struct web *web = ctx;
	struct exchange *x = *http_user(c);

	if (x->call)
		x->call->whole(web, c, x);
	else if (x->file)
		static_answer(c, x);
	else if (x->sendsms)
		sendsms_whole(web, c, x);
	else if (x->source)
		source_whole(web, c, x);
	else
		callback_whole(web, c, x);
}

static void
on_bad(void *ctx, struct http_conn *c, const struct err *err)
{
	web_refuse(c, err);
}

static void
on_gone(void *ctx, struct http_conn *c)
{
	struct exchange *x = *http_user(c);

	if (x)
		exchange_reset(ctx, x);
	free(x);
}

static void
on_drained(void *ctx, struct http_conn *c)
{
	struct exchange *x = *http_user(c);

	if (x->listener)
		events_drained(ctx, x->listener);
	else if (x->export)
		export_drained(ctx, x->export);
}

static void
on_left(void *ctx, struct http_conn *c)
{
	events_end(ctx, *http_user(c));
}

static void
on_tick(void *ctx)
{
	events_tick(ctx);
	exports_tick(ctx);
}

static struct http_limits
limits_of(const struct settings *s)
{
	return (struct http_limits){ .connections_max = s->connections_max,
				     .header_max = s->header_max,
				     .streams_max = s->streams_max };
}

int
web_open(struct web **out, struct event_base *base, struct settings *settings,
	 const struct web_ports *ports, struct err *err)
{
	struct web *web = xcalloc(1, sizeof(*web));
	struct http_ops ops = { web, on_head, on_body, on_whole, on_bad, on_gone, NULL, on_drained,
				on_left, on_tick };
	struct http_limits limits = limits_of(settings);
	struct err away;

	*out = NULL;
	web->settings = settings_ref(settings);
	web->ports = *ports;
	err_say(&away, REFUSED_BUSY, about(CONCEPT_NONE), http_connections);
	problem_text(&web->away, &away, NULL, FORM_PLAIN, LANG_EN);
	ops.away = web->away.data;
	web->base = base;
	web->events = events_new();
	static_open(web);
	web->http = http_new(base, &limits, &ops);
	if ((settings->listen_host && http_listen_tcp(web->http, settings->listen_host,
						      settings->listen_port, &web->port, err) < 0) ||
	    (settings->socket_path && *settings->socket_path &&
	     http_listen_unix(web->http, settings->socket_path, err) < 0)) {
		web_close(web);
		return -1;
	}
	*out = web;
	return 0;
}

uint16_t
web_port(const struct web *web)
{
	return web->port;
}

void
web_reply(struct web *web, uint64_t to, int status, const char *type, const char *body)
{
	struct http_conn *c = http_find(web->http, to);
	struct exchange *x = c ? *http_user(c) : NULL;
	char headers[READ_HEADERS];

	if (x && x->call && x->call->whole == preview_get && status == 200)
		preview_give(web, c, body);
	else if (x && x->sendsms)
		sendsms_give(c, body);
	else if (c)
		http_answer(c, status, type ? type : "application/json",
			    web_headers(web, c, headers), body ? body : "", body ? strlen(body) : 0, 0);
}

void
web_reply_refusal(struct web *web, uint64_t to, const struct err *err, const struct faults *faults)
{
	struct http_conn *c = http_find(web->http, to);

	if (c)
		web_refuse_file(c, err, faults);
}

void
web_read_done(struct web *web, uint64_t to, const struct err *refusal, struct buf *body)
{
	struct http_conn *c = http_find(web->http, to);
	struct exchange *x = c ? *http_user(c) : NULL;

	if (!body->data)
		buf_puts(body, "");
	if (to == EVENTS_REPLY)
		events_take(web, refusal != NULL, body->data);
	else if (x && x->export && export_take(web, x, refusal, body->data, body->len))
		return;
	else if (refusal)
		web_reply_refusal(web, to, refusal, NULL);
	else if (x && x->call && x->call->whole == resource_get)
		resource_give(web, c, body->data);
	else
		web_reply(web, to, 200, NULL, body->data);
}

void
web_reload(struct web *web, struct settings *settings)
{
	struct http_limits limits = limits_of(settings);

	settings_ref(settings);
	settings_unref(web->settings);
	web->settings = settings;
	http_set_limits(web->http, &limits);
	events_end_all(web);
	static_reload(web);
}

void
web_stop_accepting(struct web *web)
{
	web->stopping = true;
	http_stop_listening(web->http);
	events_end_all(web);
}

void
web_close(struct web *web)
{
	if (!web)
		return;
	http_free(web->http);
	buf_fini(&web->away);
	events_free(web->events);
	source_queues_free(web);
	static_close(web);
	settings_unref(web->settings);
	free(web);
}
