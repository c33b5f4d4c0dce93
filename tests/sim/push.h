/* push.h -- how a simulated provider pushes receipts and replies: plain HTTP POSTs after a
 * delay, over a few kept connections to each host, tried again until answered with 2xx. */
#ifndef GONG_SIM_PUSH_H
#define GONG_SIM_PUSH_H

#include <event2/event.h>
#include <stddef.h>

#define PUSH_CONNECTIONS 16
#define PUSH_TARGETS 16

struct push_target {
	char host[64];
	int port;
	struct evhttp_connection *connections[PUSH_CONNECTIONS];
	unsigned turn;
};

struct push {
	struct event_base *base;
	struct push_target targets[PUSH_TARGETS];
	size_t target_count, waiting;
};

void push_init(struct push *push, struct event_base *base);

/* POSTs `body` to an http:// URL after `delay_ms`; everything is copied; `done` only after 2xx. */
void push_later(struct push *push, const char *url, const char *body, long delay_ms,
		const char *note, void (*done)(const char *note));

#endif
