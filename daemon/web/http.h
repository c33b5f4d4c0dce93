/* http.h -- HTTP/1.1 connections on libevent: framing, sizes and times; it knows no path and no
 * right.  Own framing instead of evhttp, because evhttp cannot answer 408, 413 and 431, nor any
 * malformed request, in gong's words, nor refuse by the head alone; docs/web.md says more.
 *
 * One request at a time and connection; whatever else has arrived waits.  Lives on the loop. */
#ifndef GONG_HTTP_H
#define GONG_HTTP_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/buf.h"
#include "core/err.h"

#define HTTP_HEADERS_MAX 64

struct http_request {			/* strings live in the connection until it is answered */
	const char *method, *path, *query;	/* query: after the "?", NULL = none */
	const char *headers[2 * HTTP_HEADERS_MAX + 1];	/* name (lower case), value, …, NULL */
	uint64_t length;		/* of the body, when not chunked */
	bool chunked, keep_alive, expect_continue, http_1_0;
};

/* The head (its bytes are changed in place; head[len] must be writable).  -1 = refused.  Pure. */
int http_head_parse(struct http_request *, char *head, size_t len, struct err *);
const char *http_header(const struct http_request *, const char *name);	/* NULL = absent */

/* Chunked bodies (RFC 9112 7.1).  Pure. */
struct http_chunks {
	int state;
	uint64_t left;
	unsigned digits, trailer;
};
typedef void (*http_bytes_fn)(void *ctx, const char *bytes, size_t len);
/* Returns the bytes consumed, or -1 = malformed.  *done at the end of the body. */
ssize_t http_chunks_feed(struct http_chunks *, const char *bytes, size_t len, http_bytes_fn,
			 void *ctx, bool *done);

struct http;
struct http_conn;

struct http_limits {
	size_t connections_max, header_max;
	size_t streams_max;		/* answers in pieces at a time; TCP and unix each */
	unsigned idle_s, head_s, body_s, write_s, linger_s;	/* 0 = the default */
};

struct http_ops {
	void *ctx;
	/* The head is whole: look at http_request(); set limits; or refuse at once. */
	void (*head)(void *ctx, struct http_conn *);
	/* Bytes of the body, when http_stream() was called. */
	void (*body)(void *ctx, struct http_conn *, const char *bytes, size_t len);
	/* The request is whole: answer now or later. */
	void (*whole)(void *ctx, struct http_conn *);
	/* Framing, sizes or times were wrong: answer with a problem. */
	void (*bad)(void *ctx, struct http_conn *, const struct err *);
	/* The connection has ended; last chance to free http_user(). */
	void (*gone)(void *ctx, struct http_conn *);
	const char *away;		/* problem document for connections beyond the limit; borrowed */
	/* Of an answer in pieces: all that was given has left gongd; give more, or end it. */
	void (*drained)(void *ctx, struct http_conn *);
	/* A listener has half-closed, which is how most of them leave: end it. */
	void (*left)(void *ctx, struct http_conn *);
	void (*tick)(void *ctx);	/* once a second */
};

struct http_counts {
	unsigned long accepted, turned_away, by_class[6], bytes_in;
	size_t open;
	size_t streams;			/* answers in pieces under way … */
	unsigned long streams_begun, streams_slow, streams_refused;	/* … and how they went */
};

struct http *http_new(struct event_base *, const struct http_limits *, const struct http_ops *);
void http_set_limits(struct http *, const struct http_limits *);
/* Listeners; port 0 = any free one. */
int http_listen_tcp(struct http *, const char *host, uint16_t port, uint16_t *used, struct err *);
int http_listen_unix(struct http *, const char *path, struct err *);
void http_stop_listening(struct http *);
void http_free(struct http *);
const struct http_counts *http_counts(const struct http *);

const struct http_request *http_request(const struct http_conn *);
const struct buf *http_body(const struct http_conn *);		/* whole, unless streamed */
bool http_is_unix(const struct http_conn *);
uid_t http_peer_uid(const struct http_conn *);			/* unix only */
const unsigned char *http_peer(const struct http_conn *);	/* 16 bytes, as IPv6; TCP only */
void **http_user(struct http_conn *);				/* yours, per connection */
void http_body_max(struct http_conn *, size_t max);		/* in head(); default 0 */
void http_stream(struct http_conn *);				/* in head(): body() gets the bytes */
void http_wait_s(struct http_conn *, unsigned seconds);		/* in head() or whole() */
/* Names the request in hand until it is answered; http_find gives NULL afterwards. */
uint64_t http_id(const struct http_conn *);
struct http_conn *http_find(const struct http *, uint64_t id);
/* Answers the request in hand.  `extra`: more header lines, each ending in CR LF; or NULL.
 * `delay_s`: hold it back (failed authentication). */
void http_answer(struct http_conn *, int status, const char *type, const char *extra,
		 const char *body, size_t len, unsigned delay_s);
/* The same with bytes that stay where they are until done() is called, once, perhaps at once. */
void http_answer_kept(struct http_conn *, int status, const char *type, const char *extra,
		      const char *body, size_t len, void (*done)(void *), void *done_ctx);
const char *http_reason(int status);

/* stream.c: an answer in pieces, for a whole request (in whole() or later): chunked, or until the
 * close for HTTP/1.0.  What waits to leave is bounded by whoever gives: look at http_waiting()
 * and give when drained() says so.  A client that does not take what waits within write_s is cut
 * off; one that vanishes is noticed at once.  Ended by http_end, http_cut or gone(). */
#define HTTP_WAITING_MAX (256 * 1024)
bool http_may_begin(struct http_conn *);	/* false: streams_max are under way; say 503 */
/* false: it is over already, since the request was a HEAD.  `listens`: it has no end of its own. */
bool http_begin(struct http_conn *, const char *type, const char *extra, bool listens);
void http_piece(struct http_conn *, const char *bytes, size_t len);
size_t http_waiting(const struct http_conn *);	/* bytes given and not yet gone */
void http_end(struct http_conn *);		/* in order; the connection may go on */
void http_cut(struct http_conn *);		/* not whole, and the client sees that; frees it */

#endif
