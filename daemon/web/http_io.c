/* http_io.c -- what happens on one connection: heads and bodies in, answers out, time limits. */
#include "daemon/web/http_conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define OUT_MAX (256 * 1024)		/* unread answers: stop reading requests */
#define BODY_PACE 65536			/* bytes that must arrive in each body_s */
#define WRITE_PACE 8192			/* bytes a second for which more than write_s is given */

unsigned
conn_tick_after(const struct http_conn *c, unsigned seconds)
{
	return c->http->tick + seconds + 1;	/* never early */
}

static void
refuse(struct http_conn *c, const struct err *err)
{
	c->http->ops.bad(c->http->ops.ctx, c, err);
}

/* The next request may come. */
static void
begin_head(struct http_conn *c)
{
	c->state = CONN_HEAD;
	c->req = (struct http_request){ .method = "", .path = "", .keep_alive = true };
	c->answered = c->streams = c->begun = false;
	c->scanned = 0;
	c->body_max = 0;
	c->body_seen = c->body_mark = 0;
	c->chunks = (struct http_chunks){ 0 };
	c->wait_s = 60;
	buf_reset(&c->body);
	if (c->body.cap > 65536)
		buf_fini(&c->body);
	c->until = conn_tick_after(c, c->http->limits.idle_s);
}

/* Where the head ends (after its empty line); 0 = not yet. */
static size_t
head_end(struct http_conn *c, const char *bytes, size_t len)
{
	size_t i = c->scanned;

	while (i < len) {
		const char *lf = memchr(bytes + i, '\n', len - i);

		if (!lf)
			break;
		i = (size_t)(lf - bytes) + 1;
		if (i < len && bytes[i] == '\n')
			return i + 1;
		if (i + 1 < len && bytes[i] == '\r' && bytes[i + 1] == '\n')
			return i + 2;
	}
	c->scanned = len > 3 ? len - 3 : 0;
	return 0;
}

static void
whole(struct http_conn *c)
{
	c->state = CONN_WAITING;
	c->until = conn_tick_after(c, c->wait_s);
	c->http->ops.whole(c->http->ops.ctx, c);
	if (c->state == CONN_WAITING)
		c->until = conn_tick_after(c, c->wait_s);
}

static void
begin_body(struct http_conn *c)
{
	bool none = !c->req.chunked && c->req.length == 0;

	if (!c->req.chunked && c->req.length > c->body_max) {
		struct err err;

		err_say(&err, REFUSED_TOO_LARGE, about(CONCEPT_NONE), http_body_max, NUM(c->req.length),
			NUM(c->body_max));
		refuse(c, &err);
		return;
	}
	if (none) {
		whole(c);
		return;
	}
	c->state = CONN_BODY;
	c->until = conn_tick_after(c, c->http->limits.body_s);
	if (c->req.expect_continue && !evbuffer_get_length(bufferevent_get_input(c->bev)))
		evbuffer_add(bufferevent_get_output(c->bev), "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

static void
parse_head(struct http_conn *c, struct evbuffer *in, size_t len)
{
	struct err err = { 0 };
	uint64_t id = http_id(c);

	if (len + 1 > c->head_cap) {
		c->head_cap = len + 1 < 2048 ? 2048 : len + 1;
		c->head = xrealloc(c->head, c->head_cap);
	}
	evbuffer_remove(in, c->head, len);
	if (http_head_parse(&c->req, c->head, len, &err) < 0) {
		c->req.keep_alive = false;
		refuse(c, &err);
		return;
	}
	c->http->ops.head(c->http->ops.ctx, c);
	if (http_id(c) == id)		/* else it was answered by its head alone */
		begin_body(c);
}

/* true: a head was taken, or refused. */
static bool
take_head(struct http_conn *c, struct evbuffer *in)
{
	size_t max = c->http->limits.header_max, len = evbuffer_get_length(in), end;
	char *bytes;

	if (!len)
		return false;
	if (len > max + 4)
		len = max + 4;
	bytes = (char *)evbuffer_pullup(in, (ssize_t)len);
	if (!c->begun) {
		if (*bytes == '\r' || *bytes == '\n') {	/* RFC 9112 2.2: ignore before a request */
			evbuffer_drain(in, 1);
			return true;
		}
		c->begun = true;
		c->until = conn_tick_after(c, c->http->limits.head_s);
	}
	end = head_end(c, bytes, len);
	if (!end && len <= max)
		return false;
	if (!end || end > max) {
		struct err err;

		c->req.keep_alive = false;
		err_say(&err, REFUSED_HEAD_TOO_LARGE, about(CONCEPT_NONE), http_head_max, NUM(max));
		refuse(c, &err);
		return true;
	}
	parse_head(c, in, end);
	return true;
}

static void
body_bytes(void *ctx, const char *bytes, size_t len)
{
	struct http_conn *c = ctx;

	if (c->state != CONN_BODY)
		return;
	c->body_seen += len;
	if (c->body_seen > c->body_max) {	/* only chunked bodies come as far as this */
		struct err err;

		err_say(&err, REFUSED_TOO_LARGE, about(CONCEPT_NONE), http_body_over, NUM(c->body_max));
		refuse(c, &err);
	} else if (c->streams) {
		c->http->ops.body(c->http->ops.ctx, c, bytes, len);
	} else {
		buf_add(&c->body, bytes, len);
	}
}

static bool
take_body(struct http_conn *c, struct evbuffer *in)
{
	size_t len = evbuffer_get_contiguous_space(in);	/* of the first piece: nothing is copied */
	const char *bytes = (const char *)evbuffer_pullup(in, (ssize_t)len);
	bool done = false;
	struct err err;
	ssize_t used;

	if (!len)
		return false;
	if (c->req.chunked) {
		used = http_chunks_feed(&c->chunks, bytes, len, body_bytes, c, &done);
		if (used < 0 && c->state == CONN_BODY) {
			err_say(&err, REFUSED_UNREADABLE, about(CONCEPT_NONE), http_chunks);
			refuse(c, &err);
		}
	} else {
		uint64_t left = c->req.length - c->body_seen;

		used = (ssize_t)(left < len ? left : len);
		body_bytes(c, bytes, (size_t)used);
		done = c->body_seen == c->req.length;
	}
	evbuffer_drain(in, used > 0 ? (size_t)used : len);
	if (done && c->state == CONN_BODY)
		whole(c);
	return true;
}

void
conn_process(struct http_conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	bool more = true;

	if (c->busy)
		return;			/* called from within: the loop below goes on */
	c->busy = true;
	while (more) {
		switch (c->state) {
		case CONN_HEAD:
			more = evbuffer_get_length(bufferevent_get_output(c->bev)) < OUT_MAX &&
				take_head(c, in);
			break;
		case CONN_BODY:
			more = take_body(c, in);
			break;
		case CONN_CLOSING:
		case CONN_LINGER:
			evbuffer_drain(in, evbuffer_get_length(in));
			more = false;
			break;
		case CONN_PIECES:
			/* Behind an answer without an end nothing will ever be read, and while too
			 * much of it waits, nobody would see the client leave. */
			if (c->listens && evbuffer_get_length(in) > c->http->limits.header_max) {
				conn_free(c);
				return;
			}
			more = false;
			break;
		case CONN_WAITING:
		case CONN_HELD:
			more = false;
			break;
		}
	}
	c->busy = false;
}

/* Written, and the last: closing at once would throw the answer away if bytes are still unread. */
static void
linger(struct http_conn *c)
{
	shutdown(bufferevent_getfd(c->bev), SHUT_WR);
	c->state = CONN_LINGER;
	c->until = conn_tick_after(c, c->http->limits.linger_s);
}

void
conn_end_answer(struct http_conn *c, bool last)
{
	size_t waits = evbuffer_get_length(bufferevent_get_output(c->bev));

	c->http->slots[c->index].serial++;
	c->write_until = 0;
	if (waits)
		c->write_until = conn_tick_after(c, c->http->limits.write_s +
						 (unsigned)(waits / WRITE_PACE));
	if (last) {
		c->state = CONN_CLOSING;
		/* It may all have left before its end, and then nobody will say so again. */
		if (!waits)
			linger(c);
		return;
	}
	begin_head(c);
	conn_process(c);
}

void
conn_write_head(const struct http_conn *c, struct evbuffer *out, int status, const char *type,
		const char *framing, const char *extra, bool last)
{
	bool cached = extra && strstr(extra, "Cache-Control:");	/* static files say it themselves */
	char head[1536];
	int n = snprintf(head, sizeof(head), "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %.100s\r\n"
			 "%s%s%.1000s%s\r\n", status, http_reason(status), c->http->date, type, framing,
			 cached ? "" : "Cache-Control: no-store\r\n", extra ? extra : "",
			 last ? "Connection: close\r\n" : "");

	c->http->counts.by_class[status / 100 % 6]++;
	evbuffer_add(out, head, (size_t)n);
}

/* The head, and what follows from it; the body goes into what is returned.  NULL: it was answered
 * before. */
static struct evbuffer *
begin_answer(struct http_conn *c, int status, const char *type, const char *extra, size_t len,
	     bool held, bool *last)
{
	bool unread = c->state == CONN_HEAD || c->state == CONN_BODY;
	bool nothing_follows = !c->req.chunked && c->req.length == 0 && c->req.keep_alive;
	struct evbuffer *out = c->http->answer;
	char length[48] = "";

	if (c->answered)
		return NULL;
	c->answered = true;
	*last = !c->req.keep_alive || c->eof || (unread && !nothing_follows);
	if (status != 304)		/* its length would be that of the body not sent */
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n", len);
	if (held) {
		c->held = c->held ? c->held : evbuffer_new();
		out = c->held;
	}
	conn_write_head(c, out, status, type, length, extra, *last);
	return out;
}

/* Most answers fit the socket at once, without a round through the poll.  What does not, and the
 * last one, whose leaving must be heard of, go the long way. */
static void
send_answer(struct http_conn *c, struct evbuffer *answer, bool last)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);

	if (!last && !evbuffer_get_length(out))
		evbuffer_write(answer, bufferevent_getfd(c->bev));
	evbuffer_add_buffer(out, answer);
	conn_end_answer(c, last);
}

struct keeping {
	void (*done)(void *);
	void *ctx;
};

static void
on_kept(const void *bytes, size_t len, void *ctx)
{
	struct keeping *k = ctx;

	k->done(k->ctx);
	free(k);
}

void
http_answer_kept(struct http_conn *c, int status, const char *type, const char *extra,
		 const char *body, size_t len, void (*done)(void *), void *done_ctx)
{
	bool last, head = strcmp(c->req.method, "HEAD") == 0;
	struct evbuffer *out = begin_answer(c, status, type, extra, len, false, &last);
	struct keeping *k;

	if (out && len && !head) {
		k = xmalloc(sizeof(*k));
		*k = (struct keeping){ done, done_ctx };
		evbuffer_add_reference(out, body, len, on_kept, k);
	} else {
		done(done_ctx);
	}
	if (out)
		send_answer(c, out, last);
}

void
http_answer(struct http_conn *c, int status, const char *type, const char *extra, const char *body,
	    size_t len, unsigned delay_s)
{
	bool last;
	struct evbuffer *out = begin_answer(c, status, type, extra, len, delay_s > 0, &last);

	if (!out)
		return;
	if (strcmp(c->req.method, "HEAD") != 0)	/* RFC 9110 9.3.2: never a body */
		evbuffer_add(out, body, len);
	if (delay_s) {
		c->http->slots[c->index].serial++;
		c->state = CONN_HELD;
		c->req.keep_alive = !last;
		c->until = conn_tick_after(c, delay_s);
	} else {
		send_answer(c, out, last);
	}
}

static void
release(struct http_conn *c)
{
	evbuffer_add_buffer(bufferevent_get_output(c->bev), c->held);
	conn_end_answer(c, !c->req.keep_alive);
}

/* A body must come on at a pace, or a thousand slow ones would hold every connection. */
static void
body_tick(struct http_conn *c)
{
	uint64_t come = c->body_seen - c->body_mark;
	struct err err;

	if (come >= BODY_PACE) {
		c->body_mark = c->body_seen;
		c->until = conn_tick_after(c, c->http->limits.body_s);
		return;
	}
	err_say(&err, REFUSED_TOO_SLOW, about(CONCEPT_NONE), http_body_slow);
	refuse(c, &err);
}

void
conn_tick(struct http_conn *c)
{
	unsigned now = c->http->tick;
	struct err err;

	if (c->write_until && now >= c->write_until) {
		c->http->counts.streams_slow += c->state == CONN_PIECES;
		conn_free(c);
		return;
	}
	if (now < c->until)
		return;
	switch (c->state) {
	case CONN_HEAD:
		if (!c->begun) {
			if (!c->write_until)
				conn_free(c);
			return;
		}
		c->req.keep_alive = false;
		err_say(&err, REFUSED_TOO_SLOW, about(CONCEPT_NONE), http_head_slow);
		refuse(c, &err);
		return;
	case CONN_BODY:
		body_tick(c);
		return;
	case CONN_WAITING:
		err_say(&err, REFUSED_BUSY, about(CONCEPT_NONE), http_no_answer);
		refuse(c, &err);
		return;
	case CONN_HELD:
		release(c);
		return;
	case CONN_PIECES:		/* whoever gives them has died away */
		if (!c->listens)
			http_cut(c);
		return;
	case CONN_CLOSING:
		return;			/* write_until watches */
	case CONN_LINGER:
		conn_free(c);
		return;
	}
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	conn_process(ctx);
}

static void
on_written(struct bufferevent *bev, void *ctx)
{
	struct http_conn *c = ctx;

	c->write_until = 0;
	if (c->state == CONN_CLOSING) {
		linger(c);
		if (c->eof)
			conn_free(c);
		return;
	}
	if (c->state == CONN_PIECES) {
		c->http->ops.drained(c->http->ops.ctx, c);
		return;			/* it may be gone by now */
	}
	conn_process(c);
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct http_conn *c = ctx;

	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	c->eof = true;
	/* Half-closed: the answer may still be wanted. */
	if ((what & BEV_EVENT_EOF) && c->state == CONN_PIECES && c->listens) {
		c->http->ops.left(c->http->ops.ctx, c);
		return;
	}
	if ((what & BEV_EVENT_EOF) && (c->state == CONN_WAITING || c->state == CONN_PIECES || c->state == CONN_HELD ||
				       c->state == CONN_CLOSING)) {
		c->req.keep_alive = false;
		return;
	}
	if ((what & BEV_EVENT_EOF) && c->state == CONN_HEAD && c->write_until) {
		c->state = CONN_CLOSING;
		return;
	}
	conn_free(c);
}

void
conn_callbacks(struct http_conn *c)
{
	size_t high = c->http->limits.header_max + 1024;

	bufferevent_setwatermark(c->bev, EV_READ, 0, high > 65536 ? high : 65536);
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	begin_head(c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}
