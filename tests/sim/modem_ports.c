/* modem_ports.c -- the ptys of the simulated stick: who is on them, what they type, what they
 * are told.  The first port is the modem's own, with unsolicited lines; the others answer
 * AT, garbage or nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "tests/sim/modem.h"

/* --- what the client hears ---------------------------------------------------------- */

/* Nobody there: a real port without DTR drops what the modem says. */
static bool
port_heard(const struct port *port)
{
	return port->tty && (port->watch < 0 || port->clients);
}

void
tty_write(struct modem *m, const char *bytes, size_t len)
{
	if (port_heard(&m->port[0]) && !power_deaf(m))
		bufferevent_write(m->port[0].tty, bytes, len);
}

void
tty_line(struct modem *m, const char *fmt, ...)
{
	struct buf out = { 0 };
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_printf(m->answering ? &m->reply : &out, "\r\n%s\r\n", text);
	if (!m->answering)
		tty_write(m, out.data, out.len);
	else if (!m->reply_first)
		m->reply_first = m->reply.len;
	buf_fini(&out);
}

void
tty_urc(struct modem *m, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (!port_heard(&m->port[0]))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (m->busy || m->prompt || m->answering || m->port[0].line.len)
		buf_printf(&m->held, "\r\n%s\r\n", text);
	else
		tty_line(m, "%s", text);
}

void
tty_settle(struct modem *m)
{
	struct bufferevent *tty = m->port[0].tty;

	if (m->held.len && !m->busy && !m->prompt) {
		tty_write(m, m->held.data, m->held.len);
		buf_reset(&m->held);
	}
	if (tty && !m->busy && evbuffer_get_length(bufferevent_get_input(tty)))
		bufferevent_trigger(tty, EV_READ, BEV_OPT_DEFER_CALLBACKS);
}

void
tty_forget(struct modem *m)
{
	buf_reset(&m->port[0].line);
	buf_reset(&m->held);
	m->prompt = 0;
}

/* --- what the client types ---------------------------------------------------------- */

/* A diagnostic port talks in frames that no AT client understands. */
static void
diag_answer(struct port *port)
{
	static const char frame[] = "\x7e\x13\x00\xf1\xe1\x0d\x8b\x7e";

	if (port_heard(port))
		bufferevent_write(port->tty, frame, sizeof(frame) - 1);
}

static void
side_consume(struct port *port)
{
	struct evbuffer *in = bufferevent_get_input(port->tty);
	char c;

	if (port->kind == PORT_DIAG && !power_deaf(port->m))
		diag_answer(port);
	while (evbuffer_remove(in, &c, 1) == 1)
		if (port->kind == PORT_AT && !power_deaf(port->m))
			at_side_input(port, c);
}

static void
port_consume(struct port *port)
{
	struct modem *m = port->m;
	struct bufferevent *tty = port->tty;
	char c;

	if (port->kind != PORT_MODEM) {
		side_consume(port);
		return;
	}
	while (port->tty == tty && !m->busy && !m->stalled &&
			evbuffer_remove(bufferevent_get_input(tty), &c, 1) == 1)
		if (!power_deaf(m))
			at_input(m, c);
}

static void watch_read(evutil_socket_t, short, void *);

static void
port_read(struct bufferevent *tty, void *arg)
{
	struct port *port = arg;

	if (port->watch >= 0)
		watch_read(port->watch, EV_READ, port);	/* bytes may overtake the opening */
	port_consume(port);
}

/* --- clients come and go ------------------------------------------------------------ */

/* The client left: as on a real port nothing of its half-typed line or unread answers may
 * greet the next one, and its TIOCEXCL must not lock the next one out. */
static void
port_left(struct port *port)
{
	struct evbuffer *in = bufferevent_get_input(port->tty);
	struct evbuffer *out = bufferevent_get_output(port->tty);

	if (!port->clients) {	/* else the next one is here: its bytes are among these */
		port_consume(port); /* what the last one wrote before it left still counts */
		evbuffer_drain(in, evbuffer_get_length(in));
		ioctl(port->slave, TIOCNXCL);
	}
	tcflush(port->slave, TCIFLUSH);
	evbuffer_drain(out, evbuffer_get_length(out));
	if (port->kind == PORT_MODEM) {
		port->m->sessions++;
		tty_forget(port->m);
	} else {
		buf_reset(&port->line);
	}
}

static void
watch_read(evutil_socket_t fd, short what, void *arg)
{
	struct port *port = arg;
	union {
		struct inotify_event event;
		char bytes[4096];
	} in;
	ssize_t len = read(fd, in.bytes, sizeof(in.bytes));
	bool left = false;

	for (ssize_t at = 0; at < len;) {
		struct inotify_event *event = (struct inotify_event *)(in.bytes + at);

		port->clients +=
			event->mask & IN_OPEN ? 1 : event->mask & IN_CLOSE ? -1 : 0;
		if (port->clients <= 0)
			port->clients = 0;
		left |= !port->clients;
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	if (left)
		port_left(port);
}

/* --- opening and closing ------------------------------------------------------------ */

static void
port_watch(struct port *port, const char *name)
{
	port->clients = 0;
	port->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (port->watch < 0)
		return;
	if (inotify_add_watch(port->watch, name, IN_OPEN | IN_CLOSE) < 0) {
		close(port->watch);
		port->watch = -1;
		return;
	}
	port->watch_event = event_new(port->m->base, port->watch, EV_READ | EV_PERSIST,
				      watch_read, port);
	event_add(port->watch_event, NULL);
}

static int
port_pty(struct port *port, char *name, size_t size)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	struct termios raw;

	if (master < 0 || grantpt(master) || unlockpt(master) ||
	    ptsname_r(master, name, size) ||
	    (port->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
		fprintf(stderr, "modem: cannot make a pty: %s\n", strerror(errno));
		if (master >= 0)
			close(master);
		return -1;
	}
	tcgetattr(port->slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(port->slave, TCSANOW, &raw);
	port->tty = bufferevent_socket_new(port->m->base, master, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(port->tty, port_read, NULL, NULL, port);
	bufferevent_enable(port->tty, EV_READ | EV_WRITE);
	port_watch(port, name);
	return 0;
}

static void
port_close(struct port *port)
{
	if (port->link)
		unlink(port->link);
	free(port->link);
	port->link = NULL;
	if (!port->tty)
		return;
	if (port->watch_event)
		event_free(port->watch_event);
	port->watch_event = NULL;
	if (port->watch >= 0)
		close(port->watch);
	port->watch = -1;
	bufferevent_free(port->tty);
	port->tty = NULL;
	close(port->slave);
	buf_reset(&port->line);
}

static int
port_open(struct port *port, const char *path)
{
	char name[64], old[128];
	ssize_t len = readlink(path, old, sizeof(old));

	/* Replaces a link left by a killed simulator, never a file of another kind. */
	if (len > 9 && !strncmp(old, "/dev/pts/", 9))
		unlink(path);
	if (port_pty(port, name, sizeof(name)))
		return -1;
	if (symlink(name, path)) {
		fprintf(stderr, "modem: cannot make the link %s: %s; name a free path\n",
			path, strerror(errno));
		return -1;
	}
	port->link = xstrdup(path);
	port->echo = true;
	return 0;
}

int
ports_open(struct modem *m, const char *link)
{
	for (int i = 0; i < m->port_count; i++)
		if (port_open(&m->port[i], i ? m->port[i].path : link)) {
			ports_close(m);
			return -1;
		}
	return 0;
}

void
ports_close(struct modem *m)
{
	for (int i = 0; i < m->port_count; i++)
		port_close(&m->port[i]);
	tty_forget(m);
}

void
ports_stall(struct modem *m, bool on)
{
	m->stalled = on;
	if (!m->port[0].tty)
		return;
	(on ? bufferevent_disable : bufferevent_enable)(m->port[0].tty, EV_READ);
	if (!on)
		tty_settle(m);
}
