/* stream.c -- answers in pieces: chunked, or until the close for HTTP/1.0.  It carries bytes and
 * counts them; what they mean, and how much may wait, is decided by whoever gives them. */
#include "daemon/web/http_conn.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define LISTENER_BUFFER 32768		/* the kernel keeps twice that; old news are worth nothing */

bool
http_may_begin(struct http_conn *c)
{
	struct http *h = c->http;
	size_t under_way = c->is_unix ? h->unix_streams : h->counts.streams - h->unix_streams;

	if (under_way < h->limits.streams_max)
		return true;
	h->counts.streams_refused++;
	return false;
}

bool
http_begin(struct http_conn *c, const char *type, const char *extra, bool listens)
{
	bool chunked = !c->req.http_1_0, head = strcmp(c->req.method, "HEAD") == 0;
	/* Only a chunked answer has an end of its own. */
	bool last = !chunked || !c->req.keep_alive || c->eof;
	int size = LISTENER_BUFFER;

	assert(c->state == CONN_WAITING && !c->answered && !c->pieces);
	c->answered = true;
	conn_write_head(c, bufferevent_get_output(c->bev), 200, type,
			chunked ? "Transfer-Encoding: chunked\r\n" : "", extra, last);
	if (head) {
		conn_end_answer(c, last);
		return false;
	}
	c->state = CONN_PIECES;
	c->pieces = true;
	c->chunks_out = chunked;
	c->listens = listens;
	c->req.keep_alive = !last;
	c->http->counts.streams++;
	c->http->counts.streams_begun++;
	c->http->unix_streams += c->is_unix;
	c->until = conn_tick_after(c, c->wait_s);
	c->write_until = conn_tick_after(c, c->http->limits.write_s);
	if (listens)
		setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return true;
}

void
http_piece(struct http_conn *c, const char *bytes, size_t len)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);

	assert(c->state == CONN_PIECES);
	c->until = conn_tick_after(c, c->wait_s);
	if (!len)
		return;			/* an empty chunk would be the end */
	if (c->chunks_out)
		evbuffer_add_printf(out, "%zx\r\n", len);
	evbuffer_add(out, bytes, len);
	if (c->chunks_out)
		evbuffer_add(out, "\r\n", 2);
	/* From the first byte that waits: who never takes all of it within write_s is too slow. */
	if (!c->write_until)
		c->write_until = conn_tick_after(c, c->http->limits.write_s);
}

size_t
http_waiting(const struct http_conn *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

void
http_end(struct http_conn *c)
{
	assert(c->state == CONN_PIECES);
	if (c->chunks_out)
		evbuffer_add(bufferevent_get_output(c->bev), "0\r\n\r\n", 5);
	conn_pieces_over(c);
	conn_end_answer(c, !c->req.keep_alive || c->eof);
}
