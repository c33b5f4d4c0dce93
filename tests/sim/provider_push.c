/* provider_push.c -- the pushing of receipts and replies; what it promises is in push.h. */
#include <event2/buffer.h>
#include <event2/event_struct.h>
#include <event2/http.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "tests/sim/push.h"

#define PUSH_TRIES 5
#define PUSH_AGAIN_MS 200

struct push_item {
	struct push *push;
	struct push_target *target;
	struct event timer;
	char *path, *body, note[32];
	void (*done)(const char *note);		/* only after a 2xx */
	unsigned tries;
};

void
push_init(struct push *push, struct event_base *base)
{
	*push = (struct push){ .base = base };
}

static struct push_target *
push_target(struct push *push, const char *host, int port)
{
	struct push_target *t;

	for (size_t i = 0; i < push->target_count; i++)
		if (push->targets[i].port == port && strcmp(push->targets[i].host, host) == 0)
			return &push->targets[i];
	if (push->target_count == PUSH_TARGETS)
		return NULL;
	t = &push->targets[push->target_count++];
	snprintf(t->host, sizeof(t->host), "%s", host);
	t->port = port;
	return t;
}

static void
push_start(struct push_item *item, long delay_ms)
{
	struct timeval tv = { delay_ms / 1000, delay_ms % 1000 * 1000 };

	event_add(&item->timer, &tv);
}

static void
push_item_free(struct push_item *item)
{
	item->push->waiting--;
	event_del(&item->timer);
	free(item->path);
	free(item->body);
	free(item);
}

static void
push_answered(struct evhttp_request *request, void *ctx)
{
	struct push_item *item = ctx;
	int status = request ? evhttp_request_get_response_code(request) : 0;

	if (status >= 200 && status < 300) {
		item->done(item->note);
	} else if (++item->tries < PUSH_TRIES) {
		push_start(item, PUSH_AGAIN_MS << item->tries);
		return;
	} else {
		fprintf(stderr, "provider: gave up pushing %s status=%d\n", item->note, status);
	}
	push_item_free(item);
}

static void
push_now(evutil_socket_t fd, short what, void *ctx)
{
	struct push_item *item = ctx;
	struct push_target *t = item->target;
	struct evhttp_connection **c = &t->connections[t->turn++ % PUSH_CONNECTIONS];
	struct evhttp_request *request = evhttp_request_new(push_answered, item);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

	if (!*c) {
		*c = evhttp_connection_base_new(item->push->base, NULL, t->host,
						(ev_uint16_t)t->port);
		evhttp_connection_set_timeout(*c, 30);
	}
	evhttp_add_header(headers, "Host", t->host);
	evhttp_add_header(headers, "Content-Type", "application/json");
	evbuffer_add(evhttp_request_get_output_buffer(request), item->body, strlen(item->body));
	if (evhttp_make_request(*c, request, EVHTTP_REQ_POST, item->path) < 0)
		push_answered(NULL, item);
}

void
push_later(struct push *push, const char *url, const char *body, long delay_ms, const char *note,
	   void (*done)(const char *note))
{
	struct evhttp_uri *uri = evhttp_uri_parse(url);
	const char *host = uri ? evhttp_uri_get_host(uri) : NULL;
	int port = uri ? evhttp_uri_get_port(uri) : -1;
	struct push_target *target = host ? push_target(push, host, port > 0 ? port : 80) : NULL;
	const char *path = strstr(url, "://");
	struct push_item *item;

	if (uri)
		evhttp_uri_free(uri);
	if (!target) {
		fprintf(stderr, "provider: cannot push to %s\n", url);
		return;
	}
	path = path ? strchr(path + 3, '/') : NULL;
	item = xcalloc(1, sizeof(*item));
	*item = (struct push_item){ .push = push, .target = target, .body = xstrdup(body),
				    .path = xstrdup(path ? path : "/"), .done = done };
	snprintf(item->note, sizeof(item->note), "%s", note);
	event_assign(&item->timer, push->base, -1, 0, push_now, item);
	push->waiting++;
	push_start(item, delay_ms);
}
