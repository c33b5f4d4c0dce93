/* http_conn.h -- inside web/: a connection.  From the ground: http_conn.c (the table of them),
 * http_io.c (the bytes of one), http.c (listeners and the tick). */
#ifndef GONG_HTTP_CONN_H
#define GONG_HTTP_CONN_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "daemon/web/http.h"

enum conn_state {
	CONN_HEAD,			/* idle, or a head is arriving */
	CONN_BODY,			/* a body is arriving */
	CONN_WAITING,			/* the request is whole and not answered */
	CONN_HELD,			/* answered, but the answer is held back */
	CONN_PIECES,			/* an answer in pieces is under way (stream.c) */
	CONN_CLOSING,			/* the last answer is being written */
	CONN_LINGER,			/* written; what still arrives is thrown away */
};

struct http_conn {
	struct http *http;
	struct bufferevent *bev;
	uint32_t index;			/* of its slot */
	enum conn_state state;
	bool is_unix, eof, answered, streams, busy, begun;
	bool pieces, chunks_out, listens;	/* an answer in pieces; chunked; without an end */
	uid_t uid;
	unsigned char peer[16];		/* its address; IPv4 as ::ffff:a.b.c.d */
	struct http_request req;
	char *head;
	size_t head_cap, scanned;
	struct buf body;
	size_t body_max;
	uint64_t body_seen, body_mark;
	struct http_chunks chunks;
	struct evbuffer *held;		/* the answer, in CONN_HELD */
	unsigned until;			/* tick at which its time is over */
	unsigned write_until;		/* the same for what is being written; 0 = nothing is */
	unsigned wait_s;
	void *user;
};

struct conn_slot {
	struct http_conn *conn;		/* NULL = free */
	uint32_t serial;		/* of the request in hand */
	uint32_t next_free;
};

#define LISTENERS_MAX 2
#define NO_SLOT UINT32_MAX

struct http {
	struct event_base *base;
	struct http_limits limits;
	struct http_ops ops;
	struct http_counts counts;
	struct evconnlistener *listeners[LISTENERS_MAX];
	char *socket_path;
	struct evbuffer *answer;	/* the one being put together; empty between two */
	struct event *tick_event;
	unsigned tick;			/* seconds since the start, roughly */
	struct conn_slot *slots;
	uint32_t slot_count, first_free, unix_open, unix_streams;
	char date[40];
};

/* Gives a new connection, whose `http`, `bev` and `is_unix` are set, its place in the table. */
void conn_add(struct http_conn *);
/* Tells ops.gone, closes, frees; its place may be given to the next at once. */
void conn_free(struct http_conn *);

void conn_process(struct http_conn *);	/* goes as far as what has arrived allows */
void conn_tick(struct http_conn *);	/* its time may be over */
void conn_callbacks(struct http_conn *);	/* its bytes are read from now on */
/* The whole answer has been given to the buffer; `last`: nothing follows on this connection. */
void conn_end_answer(struct http_conn *, bool last);
/* The first line and what stands in every head; more lines, and the empty one, come behind. */
void conn_write_head(const struct http_conn *, struct evbuffer *out, int status, const char *type,
		     const char *framing, const char *extra, bool last);
unsigned conn_tick_after(const struct http_conn *, unsigned seconds);
void conn_pieces_over(struct http_conn *);	/* counted no longer; without effect if it was not */

#endif
