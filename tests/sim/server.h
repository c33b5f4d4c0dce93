/* server.h -- a small HTTP/1.1 server for simulators: keep-alive, one answer at a time a
 * connection, answers of one loop turn written after the books.  No chunked bodies, no TLS. */
#ifndef GONG_SIM_SERVER_H
#define GONG_SIM_SERVER_H

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/buf.h"

#define SERVER_HEADER_MAX 16384
#define SERVER_BODY_MAX (1024 * 1024)

struct server_request {			/* borrowed, NUL-terminated in the connection's buffer */
	char *method, *target, *body, *type, *authorization;
	size_t body_len;
	bool close;
};

struct conn {
	TAILQ_ENTRY(conn) dirty_link;
	struct server *server;
	struct event readable, writable, later;
	struct buf in, out;
	size_t start, written;		/* taken from in, written of out */
	int fd;
	bool is_dirty, waiting, closing;
	int delayed_status;
	char delayed_body[256];
};

struct server {
	struct event_base *base;
	struct event listener;
	TAILQ_HEAD(, conn) dirty;
	void (*handle)(struct conn *, struct server_request *);
};

static void conn_run(struct conn *c);

static void
conn_free(struct conn *c)
{
	if (c->is_dirty)
		TAILQ_REMOVE(&c->server->dirty, c, dirty_link);
	event_del(&c->readable);
	event_del(&c->writable);
	event_del(&c->later);
	close(c->fd);
	buf_fini(&c->in);
	buf_fini(&c->out);
	free(c);
}

static void
conn_touch(struct conn *c)
{
	if (!c->is_dirty)
		TAILQ_INSERT_TAIL(&c->server->dirty, c, dirty_link);
	c->is_dirty = true;
}

static void
conn_write(struct conn *c)
{
	ssize_t n = write(c->fd, c->out.data + c->written, c->out.len - c->written);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		conn_free(c);
		return;
	}
	c->written += n > 0 ? (size_t)n : 0;
	if (c->written < c->out.len) {
		event_add(&c->writable, NULL);
	} else if (c->closing) {
		conn_free(c);
	} else {
		buf_reset(&c->out);
		c->written = 0;
	}
}

/* The answers of this loop turn; the caller has written its books before. */
static void
server_flush(struct server *s)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&s->dirty))) {
		TAILQ_REMOVE(&s->dirty, c, dirty_link);
		c->is_dirty = false;
		if (c->out.len > c->written)
			conn_write(c);
		else if (c->closing)
			conn_free(c);
	}
}

static void
conn_answer(struct conn *c, int status, const char *body)
{
	buf_printf(&c->out, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n"
		   "Content-Length: %zu\r\n\r\n", status, status < 300 ? "OK" : "No", strlen(body));
	buf_puts(&c->out, body);
	conn_touch(c);
}

/* Closes without a word, once the books of this turn are written. */
static void
conn_hang_up(struct conn *c)
{
	c->closing = true;
	conn_touch(c);
}

static void
conn_answer_later(struct conn *c, int status, const char *body, long delay_ms)
{
	struct timeval tv = { delay_ms / 1000, delay_ms % 1000 * 1000 };

	if (delay_ms <= 0) {
		conn_answer(c, status, body);
		return;
	}
	c->waiting = true;
	c->delayed_status = status;
	snprintf(c->delayed_body, sizeof(c->delayed_body), "%s", body);
	event_add(&c->later, &tv);
}

static void
on_later(evutil_socket_t fd, short what, void *ctx)
{
	struct conn *c = ctx;

	c->waiting = false;
	if (c->delayed_status)
		conn_answer(c, c->delayed_status, c->delayed_body);
	else
		conn_hang_up(c);
	conn_run(c);
}

/* Cuts one header block into the fields a simulator cares about. */
static long
read_headers(char *head, struct server_request *r)
{
	long length = 0;
	char *line, *rest = head, *space;

	line = strsep(&rest, "\n");
	r->method = strsep(&line, " ");
	r->target = line;
	if (!line || !(space = strchr(line, ' ')))
		return -1;
	*space = '\0';
	while ((line = strsep(&rest, "\n")) && *line && *line != '\r') {
		char *value = strchr(line, ':');

		if (!value)
			return -1;
		*value++ = '\0';
		value += strspn(value, " \t");
		value[strcspn(value, "\r")] = '\0';
		if (strcasecmp(line, "Content-Length") == 0)
			length = strtol(value, NULL, 10);
		else if (strcasecmp(line, "Content-Type") == 0)
			r->type = value;
		else if (strcasecmp(line, "Authorization") == 0)
			r->authorization = value;
		else if (strcasecmp(line, "Connection") == 0)
			r->close = strcasecmp(value, "close") == 0;
		else if (strcasecmp(line, "Transfer-Encoding") == 0)
			return -1;
	}
	return length > SERVER_BODY_MAX ? -1 : length;
}

static bool
conn_take(struct conn *c)
{
	struct server_request r = { .type = (char[]){ "" }, .authorization = (char[]){ "" } };
	char *head = c->in.data + c->start, *end, copy[SERVER_HEADER_MAX], saved;
	size_t have = c->in.len - c->start, head_len;
	long length;

	end = have ? memmem(head, have, "\r\n\r\n", 4) : NULL;
	head_len = end ? (size_t)(end - head) + 4 : have;
	if (head_len >= sizeof(copy)) {
		conn_hang_up(c);
		return false;
	}
	if (!end)
		return false;
	memcpy(copy, head, head_len);
	copy[head_len] = '\0';
	length = read_headers(copy, &r);
	if (length < 0) {
		conn_answer(c, 400, "{\"code\":400,\"message\":\"bad request\"}");
		conn_hang_up(c);
		return false;
	}
	if (have < head_len + (size_t)length)
		return false;
	r.body = head + head_len;
	r.body_len = (size_t)length;
	saved = r.body[length];
	r.body[length] = '\0';
	c->server->handle(c, &r);
	r.body[length] = saved;
	c->start += head_len + (size_t)length;
	c->closing = c->closing || (r.close && !c->waiting);
	return true;
}

static void
conn_run(struct conn *c)
{
	while (!c->waiting && !c->closing && conn_take(c))
		;
	if (c->start == c->in.len) {
		buf_reset(&c->in);
		c->start = 0;
	}
}

static void
on_conn_readable(evutil_socket_t fd, short what, void *ctx)
{
	static char chunk[65536];
	struct conn *c = ctx;
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_free(c);
		return;
	}
	buf_add(&c->in, chunk, (size_t)n);
	conn_run(c);
}

static void
on_conn_writable(evutil_socket_t fd, short what, void *ctx)
{
	conn_write(ctx);
}

static void
on_accept(evutil_socket_t fd, short what, void *ctx)
{
	struct server *s = ctx;
	int peer;

	while ((peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct conn *c = xcalloc(1, sizeof(*c));

		c->server = s;
		c->fd = peer;
		event_assign(&c->readable, s->base, peer, EV_READ | EV_PERSIST, on_conn_readable, c);
		event_assign(&c->writable, s->base, peer, EV_WRITE, on_conn_writable, c);
		event_assign(&c->later, s->base, -1, 0, on_later, c);
		event_add(&c->readable, NULL);
	}
}

/* Listens on 127.0.0.1; returns the port, or -1 with errno set. */
static int
server_listen(struct server *s, struct event_base *base, int port,
	      void (*handle)(struct conn *, struct server_request *))
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
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

#endif
