/* provider_server.c -- the server's connections: accepting, reading, when an answer is due,
 * writing after the books. */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/sim/conn.h"

#define DRIP_MS 20
#define DRIP_PIECES 50			/* so that an answer of any length takes a second */

static void
conn_free(struct conn *c)
{
	struct linger at_once = { 1, 0 };
	struct exchange *x, *next;

	for (x = LIST_FIRST(&c->exchanges); x; x = next) {
		next = LIST_NEXT(x, link);
		exchange_free(x);
	}
	if (c->is_dirty)
		TAILQ_REMOVE(&c->server->dirty, c, dirty_link);
	if (c->protocol)
		c->protocol->fini(c);
	event_del(&c->readable);
	event_del(&c->writable);
	if (c->ssl && c->end == END_ORDERLY)
		SSL_shutdown(c->ssl);
	if (c->end == END_RESET)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	SSL_free(c->ssl);
	close(c->fd);
	buf_fini(&c->in);
	buf_fini(&c->out);
	free(c);
}

void
conn_touch(struct conn *c)
{
	if (!c->is_dirty)
		TAILQ_INSERT_TAIL(&c->server->dirty, c, dirty_link);
	c->is_dirty = true;
}

void
conn_end(struct conn *c, enum conn_end how)
{
	c->end = how;
	conn_touch(c);
}

static ssize_t
conn_read(struct conn *c, void *bytes, size_t len)
{
	ssize_t n;

	if (c->ssl)
		return tls_read(c, bytes, len);
	n = read(c->fd, bytes, len);
	return n < 0 && errno != EAGAIN && errno != EINTR ? 0 : n;
}

static ssize_t
conn_write(struct conn *c)
{
	const char *from = c->out.data + c->written;
	size_t len = c->out.len - c->written;
	ssize_t n;

	if (c->ssl)
		return tls_write(c, from, len);
	n = write(c->fd, from, len);
	return n < 0 && errno != EAGAIN && errno != EINTR ? 0 : n;
}

static void
conn_flush(struct conn *c)
{
	for (;;) {
		ssize_t n;

		if (c->written == c->out.len) {
			buf_reset(&c->out);
			c->written = 0;
			if (c->protocol)
				c->protocol->fill(c);
			if (c->out.len == 0)
				break;
		}
		n = conn_write(c);
		if (n == 0) {
			conn_free(c);
			return;
		}
		if (n < 0) {
			event_add(&c->writable, NULL);
			return;
		}
		c->written += (size_t)n;
	}
	if (c->end != END_NOT)
		conn_free(c);
}

void
server_flush(struct server *s)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&s->dirty))) {
		TAILQ_REMOVE(&s->dirty, c, dirty_link);
		c->is_dirty = false;
		conn_flush(c);
	}
}

struct exchange *
exchange_new(struct conn *c)
{
	struct exchange *x = xcalloc(1, sizeof(*x));

	x->conn = c;
	LIST_INSERT_HEAD(&c->exchanges, x, link);
	return x;
}

void
exchange_free(struct exchange *x)
{
	LIST_REMOVE(x, link);
	if (x->has_timer)
		event_del(&x->timer);
	buf_fini(&x->answer.body);
	buf_fini(&x->body);
	free(x->target);
	free(x->type);
	free(x->authorization);
	free(x);
}

static void on_due(evutil_socket_t fd, short what, void *ctx);

static void
exchange_wait(struct exchange *x, long ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	if (!x->has_timer)
		event_assign(&x->timer, x->conn->server->base, -1, 0, on_due, x);
	x->has_timer = true;
	event_add(&x->timer, &tv);
}

static void
exchange_due(struct exchange *x)
{
	struct conn *c = x->conn;

	switch (x->answer.way) {
	case WAY_SILENT:
		return;
	case WAY_HANG_UP:
		conn_end(c, END_ABRUPT);
		return;
	case WAY_RESET:
		c->protocol->reset(x);
		return;
	case WAY_HALF:
		x->allowed = x->answer.body.len / 2;
		exchange_wait(x, DRIP_MS);
		break;
	case WAY_WHOLE:
		x->allowed = x->answer.body.len;
		break;
	case WAY_DRIP:
		x->allowed = 1;
		exchange_wait(x, DRIP_MS);
		break;
	}
	c->protocol->answer(x);
}

static void
on_due(evutil_socket_t fd, short what, void *ctx)
{
	struct exchange *x = ctx;

	if (x->allowed == 0) {
		exchange_due(x);
		return;
	}
	if (x->answer.way == WAY_HALF) {
		x->conn->protocol->reset(x);
		return;
	}
	x->allowed += x->answer.body.len / DRIP_PIECES + 1;
	if (x->allowed < x->answer.body.len)
		exchange_wait(x, DRIP_MS);
	else
		x->allowed = x->answer.body.len;
	x->conn->protocol->more(x);
}

void
exchange_answer(struct exchange *x, const struct answer *a)
{
	x->answer = *a;
	assert(a->way != WAY_WHOLE || a->body.len > 0);
	if (a->delay_ms > 0)
		exchange_wait(x, a->delay_ms);
	else
		exchange_due(x);
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	static char chunk[65536];
	struct conn *c = ctx;
	ssize_t n;

	do {
		n = conn_read(c, chunk, sizeof(chunk));
		if (n <= 0)
			break;
		if (!c->protocol)
			c->protocol = tls_speaks_h2(c) ? &http2 : &http1;
		if (c->protocol == &http2 && !c->h2)
			http2_start(c);
		if (c->end == END_NOT && !c->protocol->take(c, chunk, (size_t)n))
			conn_end(c, END_ORDERLY);
	} while (c->ssl && SSL_has_pending(c->ssl));
	if (n == 0)
		conn_free(c);
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	conn_flush(ctx);
}

static void
on_accept(evutil_socket_t fd, short what, void *ctx)
{
	struct server *s = ctx;
	int peer, on = 1;

	while ((peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct conn *c = xcalloc(1, sizeof(*c));

		setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		c->server = s;
		c->fd = peer;
		if (s->tls)
			tls_accept(c);
		event_assign(&c->readable, s->base, peer, EV_READ | EV_PERSIST, on_readable, c);
		event_assign(&c->writable, s->base, peer, EV_WRITE, on_writable, c);
		event_add(&c->readable, NULL);
	}
}

int
server_listen(struct server *s, struct event_base *base, int port, server_handler *handle)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 1024) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		return -1;
	s->base = base;
	s->handle = handle;
	TAILQ_INIT(&s->dirty);
	event_assign(&s->listener, base, fd, EV_READ | EV_PERSIST, on_accept, s);
	event_add(&s->listener, NULL);
	return ntohs(at.sin_port);
}
