/* server.h -- an HTTP server for simulators: HTTP/1.1 and, by ALPN over TLS, HTTP/2 behind one
 * request handler.  Answers of one loop turn are written after the books.  No chunked requests,
 * no proxies, one thread. */
#ifndef GONG_SIM_SERVER_H
#define GONG_SIM_SERVER_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/buf.h"

#define SERVER_BODY_MAX (1024 * 1024)

enum answer_way {
	WAY_WHOLE,
	WAY_DRIP,		/* a little at a time, for a second */
	WAY_HALF,		/* half the body; then the connection (HTTP/2: the stream) breaks */
	WAY_RESET,		/* no answer: the connection (HTTP/2: the stream) is reset */
	WAY_HANG_UP,		/* no answer: the connection closes, with all that is on it */
	WAY_SILENT,		/* no answer, ever */
};

struct answer {
	enum answer_way way;
	int status;
	long delay_ms;
	const char *type, *location;	/* static; NULL: application/json, none */
	struct buf body;
};

struct server_request {			/* borrowed by the handler */
	char *target;
	const char *type, *authorization, *body;	/* NUL-terminated, "" if absent */
	size_t body_len;
};

struct exchange;
typedef void server_handler(struct exchange *x, struct server_request *r);

struct server_tls {
	const char *cert, *key;		/* PEM files; cert NULL: no TLS */
	const char *client_ca;		/* PEM file: a certificate of this authority is demanded */
	const char *max;		/* newest version spoken: 1.0, 1.1, 1.2, 1.3 */
	bool no_h2;
};

struct conn;
struct server {
	struct event_base *base;
	struct event listener;
	struct ssl_ctx_st *tls;
	TAILQ_HEAD(, conn) dirty;
	server_handler *handle;
	uint32_t streams;		/* at once on a connection of HTTP/2 */
	bool (*refuses)(void);		/* is this stream refused, untaken?  NULL = none is */
	unsigned long goaway;		/* streams of a connection, then GOAWAY; 0 = never */
};

/* Listens on 127.0.0.1; returns the port, or -1 with errno set. */
int server_listen(struct server *s, struct event_base *base, int port, server_handler *handle);
/* Ends the program with a sentence when a file or a version cannot be used. */
void server_use_tls(struct server *s, const struct server_tls *tls);
void server_flush(struct server *s);	/* after the books of this turn */

/* The handler calls this once, before it returns; takes `a->body` over. */
void exchange_answer(struct exchange *x, const struct answer *a);

#endif
