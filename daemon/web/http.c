/* http.c -- listeners, and the tick that enforces the times of the connections they bring. */
#include "daemon/web/http_conn.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/settings/ip_range.h"

#define BACKLOG 1024

/* Too many: say so in few words and hang up.  What the client has sent is read first, since
 * closing over unread bytes would take the answer away again. */
static void
turn_away(struct http *h, evutil_socket_t fd)
{
	char answer[1024];
	int len = snprintf(answer, sizeof(answer), "HTTP/1.1 503 Service Unavailable\r\nContent-Type: "
			   "application/problem+json\r\nRetry-After: 1\r\nContent-Length: %zu\r\n"
			   "Connection: close\r\n\r\n%s", strlen(h->ops.away), h->ops.away);
	char away[4096];

	h->counts.turned_away++;
	h->counts.by_class[5]++;
	(void)!recv(fd, away, sizeof(away), MSG_DONTWAIT);
	(void)!send(fd, answer, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	(void)!recv(fd, away, sizeof(away), MSG_DONTWAIT);
	evutil_closesocket(fd);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len,
	  void *ctx)
{
	struct http *h = ctx;
	bool is_unix = address->sa_family == AF_UNIX;
	size_t open = is_unix ? h->unix_open : h->counts.open - h->unix_open;
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t peer_len = sizeof(peer);
	struct http_conn *c;

	if (open >= h->limits.connections_max) {
		turn_away(h, fd);
		return;
	}
	/* Read before anybody else could hold the other end of it. */
	if (is_unix && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) < 0)
		peer.uid = (uid_t)-1;
	c = xcalloc(1, sizeof(*c));
	c->http = h;
	c->is_unix = is_unix;
	c->uid = peer.uid;
	if (address->sa_family == AF_INET)
		ip_map_v4(c->peer, &((const struct sockaddr_in *)(const void *)address)->sin_addr);
	else if (address->sa_family == AF_INET6)
		memcpy(c->peer, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
		       sizeof(c->peer));
	c->bev = bufferevent_socket_new(h->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c->bev) {
		evutil_closesocket(fd);
		free(c);
		return;
	}
	conn_add(c);
	conn_callbacks(c);
}

/* Out of file descriptors, most likely: rest until the next tick instead of spinning. */
static void
on_accept_error(struct evconnlistener *listener, void *ctx)
{
	evconnlistener_disable(listener);
}

static void
set_date(struct http *h)
{
	time_t now = time(NULL);
	struct tm tm;

	strftime(h->date, sizeof(h->date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;

	h->tick++;
	set_date(h);
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		if (h->listeners[i])
			evconnlistener_enable(h->listeners[i]);
	for (uint32_t i = 0; i < h->slot_count; i++)
		if (h->slots[i].conn)
			conn_tick(h->slots[i].conn);
	h->ops.tick(h->ops.ctx);
}

void
http_set_limits(struct http *h, const struct http_limits *limits)
{
	h->limits = *limits;
#define OTHERWISE(limit, seconds) h->limits.limit = limits->limit ? limits->limit : (seconds)
	OTHERWISE(idle_s, 60);
	OTHERWISE(head_s, 10);
	OTHERWISE(body_s, 10);
	OTHERWISE(write_s, 30);
	OTHERWISE(linger_s, 3);
#undef OTHERWISE
}

struct http *
http_new(struct event_base *base, const struct http_limits *limits, const struct http_ops *ops)
{
	struct http *h = xcalloc(1, sizeof(*h));
	struct timeval second = { 1, 0 };

	h->base = base;
	h->ops = *ops;
	h->first_free = NO_SLOT;
	http_set_limits(h, limits);
	h->answer = evbuffer_new();
	h->tick_event = event_new(base, -1, EV_PERSIST, on_tick, h);
	event_add(h->tick_event, &second);
	set_date(h);
	return h;
}

static int
add_listener(struct http *h, int fd, struct err *err)
{
	size_t i = 0;

	while (i < LISTENERS_MAX && h->listeners[i])
		i++;
	if (i < LISTENERS_MAX) {
		evutil_make_socket_nonblocking(fd);
		h->listeners[i] = evconnlistener_new(h->base, on_accept, h, LEV_OPT_CLOSE_ON_FREE |
						     LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
		if (h->listeners[i]) {
			evconnlistener_set_error_cb(h->listeners[i], on_accept_error);
			return 0;
		}
	}
	close(fd);
	return err_set(err, "cannot listen: %s", strerror(errno));
}

static int
bind_tcp(const struct addrinfo *ai)
{
	int one = 1, fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* On the listening socket: accepted ones inherit it, without a call for each. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return fd;
	close(fd);
	return -1;
}

int
http_listen_tcp(struct http *h, const char *host, uint16_t port, uint16_t *used, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *list;
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} bound = { .in6 = { 0 } };
	socklen_t len = sizeof(bound);
	char service[8];
	int fd, rc;

	snprintf(service, sizeof(service), "%u", port);
	rc = getaddrinfo(host, service, &hints, &list);
	if (rc != 0)
		return err_field(err, "listen.host", "\"%s\" is no address to listen on (%s); use "
				 "127.0.0.1 or an address of this machine", host, gai_strerror(rc));
	fd = bind_tcp(list);
	freeaddrinfo(list);
	if (fd < 0)
		return err_field(err, "listen.port", "cannot listen on %s port %u: %s; is another gongd "
				 "running?  Choose another port, or 0 for any", host, port,
				 strerror(errno));
	if (getsockname(fd, &bound.any, &len) == 0)
		*used = ntohs(bound.any.sa_family == AF_INET6 ? bound.in6.sin6_port
							      : bound.in.sin_port);
	return add_listener(h, fd, err);
}

/* A socket file that nobody listens on is left over from a crash. */
static int
clear_socket(const struct sockaddr_un *address, struct err *err)
{
	struct stat st;
	int fd, rc;

	if (lstat(address->sun_path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return err_field(err, "listen.socket", "%s exists and is no socket; move it away or "
				 "choose another path", address->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	close(fd);
	if (rc == 0)
		return err_field(err, "listen.socket", "another gongd is running on %s; stop it first",
				 address->sun_path);
	unlink(address->sun_path);
	return 0;
}

int
http_listen_unix(struct http *h, const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return err_field(err, "listen.socket", "\"%s\" is longer than %zu bytes; choose a "
				 "shorter path", path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (clear_socket(&address, err) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		err_field(err, "listen.socket", "cannot make the socket %s: %s; does its directory exist "
			  "and belong to gong?", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	chmod(path, 0660);
	h->socket_path = xstrdup(path);
	return add_listener(h, fd, err);
}

void
http_stop_listening(struct http *h)
{
	for (size_t i = 0; i < LISTENERS_MAX; i++) {
		if (h->listeners[i])
			evconnlistener_free(h->listeners[i]);
		h->listeners[i] = NULL;
	}
	if (h->socket_path)
		unlink(h->socket_path);
	free(h->socket_path);
	h->socket_path = NULL;
}

void
http_free(struct http *h)
{
	if (!h)
		return;
	http_stop_listening(h);
	for (uint32_t i = 0; i < h->slot_count; i++)
		if (h->slots[i].conn)
			conn_free(h->slots[i].conn);
	event_free(h->tick_event);
	evbuffer_free(h->answer);
	free(h->slots);
	free(h);
}

const struct http_counts *
http_counts(const struct http *h)
{
	return &h->counts;
}
