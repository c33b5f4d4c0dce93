/* modem.c -- a simulated GSM modem: AT dialogue in PDU mode over a pty, for tests and the
 * demo. It plays the modem, the network and the people behind it; it never touches a real
 * device. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "tests/sim/modem.h"

msec
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- later: one-shot timers that are freed with the modem --------------------------- */

static void
later_free(struct later *later)
{
	TAILQ_REMOVE(&later->m->laters, later, link);
	event_free(later->event);
	free(later->arg);
	free(later);
}

static void
later_due(evutil_socket_t fd, short what, void *arg)
{
	struct later *later = arg;

	later->run(later->m, later->arg);
	later_free(later);
}

void
modem_later(struct modem *m, int ms, void (*run)(struct modem *, void *), void *arg)
{
	struct later *later = xcalloc(1, sizeof(*later));
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	later->m = m;
	later->run = run;
	later->arg = arg;
	later->event = evtimer_new(m->base, later_due, later);
	evtimer_add(later->event, &tv);
	TAILQ_INSERT_TAIL(&m->laters, later, link);
}

/* --- the log: one object a line, one write each, so that readers never see halves --- */

struct buf
modem_log_begin(const char *ev)
{
	struct buf line = { 0 };

	buf_printf(&line, "{\"at\":%lld,\"ev\":\"%s\"", (long long)now_ms(), ev);
	return line;
}

void
modem_log(struct modem *m, struct buf *line)
{
	buf_puts(line, "}\n");
	if (m->log_fd >= 0 &&
	    write(m->log_fd, line->data, line->len) != (ssize_t)line->len) {
		fprintf(stderr, "modem: cannot write the log %s: %s\n", m->o.log,
			strerror(errno));
		event_base_loopbreak(m->base);
	}
	buf_fini(line);
}

/* --- the line to the client --------------------------------------------------------- */

/* Nobody there: a real port without DTR drops what the modem says. */
static bool
tty_heard(const struct modem *m)
{
	return m->tty && (m->watch < 0 || m->clients);
}

void
tty_write(struct modem *m, const char *bytes, size_t len)
{
	if (tty_heard(m) && now_ms() >= m->muted_until)
		bufferevent_write(m->tty, bytes, len);
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
	buf_printf(&out, "\r\n%s\r\n", text);
	tty_write(m, out.data, out.len);
	buf_fini(&out);
}

void
tty_urc(struct modem *m, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (!tty_heard(m))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (m->busy || m->prompt || m->line.len)
		buf_printf(&m->held, "\r\n%s\r\n", text);
	else
		tty_line(m, "%s", text);
}

static void
tty_consume(struct modem *m)
{
	struct bufferevent *tty = m->tty;
	char c;

	while (m->tty == tty && !m->busy &&
			evbuffer_remove(bufferevent_get_input(tty), &c, 1) == 1)
		if (now_ms() >= m->muted_until)
			at_input(m, c);
}

static void watch_read(evutil_socket_t, short, void *);

static void
tty_read(struct bufferevent *tty, void *arg)
{
	struct modem *m = arg;

	if (m->watch >= 0)
		watch_read(m->watch, EV_READ, m); /* bytes may overtake the opening */
	tty_consume(m);
}

void
tty_settle(struct modem *m)
{
	if (m->held.len) {
		tty_write(m, m->held.data, m->held.len);
		buf_reset(&m->held);
	}
	if (m->tty && !m->busy && evbuffer_get_length(bufferevent_get_input(m->tty)))
		bufferevent_trigger(m->tty, EV_READ, BEV_OPT_DEFER_CALLBACKS);
}

/* The client left: as on a real port nothing of its half-typed line or unread answers may
 * greet the next one, and its TIOCEXCL must not lock the next one out. */
static void
tty_left(struct modem *m)
{
	struct evbuffer *in = bufferevent_get_input(m->tty);
	struct evbuffer *out = bufferevent_get_output(m->tty);

	if (!m->clients) {      /* else the next one is here: its bytes are among these */
		tty_consume(m); /* what the last one wrote before it left still counts */
		evbuffer_drain(in, evbuffer_get_length(in));
		ioctl(m->slave, TIOCNXCL);
	}
	m->sessions++;
	tcflush(m->slave, TCIFLUSH);
	evbuffer_drain(out, evbuffer_get_length(out));
	buf_reset(&m->line);
	buf_reset(&m->held);
	m->prompt = 0;
}

static void
watch_read(evutil_socket_t fd, short what, void *arg)
{
	struct modem *m = arg;
	union {
		struct inotify_event event;
		char bytes[4096];
	} in;
	ssize_t len = read(fd, in.bytes, sizeof(in.bytes));
	bool left = false;

	for (ssize_t at = 0; at < len;) {
		struct inotify_event *event = (struct inotify_event *)(in.bytes + at);

		m->clients += event->mask & IN_OPEN ? 1 : event->mask & IN_CLOSE ? -1 : 0;
		if (m->clients <= 0)
			m->clients = 0;
		left |= !m->clients;
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	if (left)
		tty_left(m);
}

static int
tty_open(struct modem *m, char *name, size_t size)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	struct termios raw;

	if (master < 0 || grantpt(master) || unlockpt(master) ||
	    ptsname_r(master, name, size) ||
	    (m->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
		fprintf(stderr, "modem: cannot make a pty: %s\n", strerror(errno));
		if (master >= 0)
			close(master);
		return -1;
	}
	tcgetattr(m->slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(m->slave, TCSANOW, &raw);
	m->tty = bufferevent_socket_new(m->base, master, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(m->tty, tty_read, NULL, NULL, m);
	bufferevent_enable(m->tty, EV_READ | EV_WRITE);
	m->clients = 0;
	m->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (m->watch >= 0 && inotify_add_watch(m->watch, name, IN_OPEN | IN_CLOSE) < 0) {
		close(m->watch);
		m->watch = -1;
	}
	if (m->watch >= 0) {
		m->watch_event =
			event_new(m->base, m->watch, EV_READ | EV_PERSIST, watch_read, m);
		event_add(m->watch_event, NULL);
	}
	return 0;
}

int
modem_plug(struct modem *m, const char *path)
{
	char name[64], held[128];
	ssize_t len = readlink(path, held, sizeof(held));

	if (m->tty)
		modem_unplug(m);
	/* Replaces a link left by a killed simulator, never a file of another kind. */
	if (len > 9 && !strncmp(held, "/dev/pts/", 9))
		unlink(path);
	if (tty_open(m, name, sizeof(name)))
		return -1;
	if (symlink(name, path)) {
		fprintf(stderr, "modem: cannot make the link %s: %s; name a free path\n",
			path, strerror(errno));
		modem_unplug(m);
		return -1;
	}
	m->link = xstrdup(path);
	m->plugs++;
	m->busy = false;
	at_reset(m);
	sms_hand_over(m);
	return 0;
}

void
modem_unplug(struct modem *m)
{
	if (m->link)
		unlink(m->link);
	free(m->link);
	m->link = NULL;
	if (!m->tty)
		return;
	if (m->watch_event)
		event_free(m->watch_event);
	m->watch_event = NULL;
	if (m->watch >= 0)
		close(m->watch);
	m->watch = -1;
	bufferevent_free(m->tty);
	m->tty = NULL;
	close(m->slave);
	buf_reset(&m->line);
	buf_reset(&m->held);
	m->prompt = 0;
}

/* --- options and life --------------------------------------------------------------- */

static const char usage[] =
	"usage: modem --link PATH [options]\n"
	"       modem --tell CONTROL LINE...      send control lines to a running modem\n"
	"options: --log FILE --people FILE --control PATH --script FILE --seed N\n"
	"         --air-ms N --receipts delivered|failed|none --receipt-ms N\n"
	"         --receipt-loss R\n"
	"         --imei D --imsi D --iccid D --operator NAME --number +999...\n"
	"         --registration 0-5 --signal 0-31 --ring-ms N\n"
	"         --sm-size N --me-size N --sr-size N\n"
	"See tests/sim/README.md.\n";

static int
whole(const char *name, const char *text, int min, int max)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (!*text || *end || value < min || value > max) {
		fprintf(stderr, "modem: --%s %s: must be a whole number from %d to %d\n",
			name, text, min, max);
		exit(2);
	}
	return (int)value;
}

static int
receipt_status(const char *text)
{
	if (!strcmp(text, "delivered"))
		return 0;
	if (!strcmp(text, "failed"))
		return 0x46;	/* 3GPP TS 23.040 9.2.3.15: validity period expired */
	if (!strcmp(text, "none"))
		return -1;
	fprintf(stderr, "modem: --receipts %s: must be delivered, failed or none\n",
		text);
	exit(2);
}

static double
ratio(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (!*text || *end || !(value >= 0 && value <= 1)) {
		fprintf(stderr, "modem: --receipt-loss %s: must be from 0 to 1\n", text);
		exit(2);
	}
	return value;
}

static const struct number_option {
	const char *name;
	size_t offset;
	int min, max;
} number_options[] = {
	{ "air-ms", offsetof(struct options, air_ms), 0, 600000 },
	{ "receipt-ms", offsetof(struct options, receipt_ms), 0, 86400000 },
	{ "ring-ms", offsetof(struct options, ring_ms), 0, 600000 },
	{ "signal", offsetof(struct options, signal), 0, 99 },
	{ "registration", offsetof(struct options, registration), 0, 5 },
	{ "sm-size", offsetof(struct options, sm_size), 1, 1000 },
	{ "me-size", offsetof(struct options, me_size), 1, 1000 },
	{ "sr-size", offsetof(struct options, sr_size), 1, 1000 },
};
static const struct text_option {
	const char *name;
	size_t offset;
} text_options[] = {
	{ "link", offsetof(struct options, link) },
	{ "log", offsetof(struct options, log) },
	{ "people", offsetof(struct options, people) },
	{ "control", offsetof(struct options, control) },
	{ "script", offsetof(struct options, script) },
	{ "imei", offsetof(struct options, imei) },
	{ "imsi", offsetof(struct options, imsi) },
	{ "iccid", offsetof(struct options, iccid) },
	{ "operator", offsetof(struct options, operator) },
	{ "number", offsetof(struct options, number) },
};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool
option_take(struct options *o, const char *name, const char *value)
{
	for (size_t i = 0; i < COUNT(text_options); i++)
		if (!strcmp(name, text_options[i].name)) {
			*(const char **)((char *)o + text_options[i].offset) = value;
			return true;
		}
	for (size_t i = 0; i < COUNT(number_options); i++)
		if (!strcmp(name, number_options[i].name)) {
			const struct number_option *n = &number_options[i];

			*(int *)((char *)o + n->offset) =
				whole(name, value, n->min, n->max);
			return true;
		}
	if (!strcmp(name, "seed"))
		o->seed = (unsigned short)whole(name, value, 0, 65535);
	else if (!strcmp(name, "receipts"))
		o->receipt_status = receipt_status(value);
	else if (!strcmp(name, "receipt-loss"))
		o->receipt_loss = ratio(value);
	else
		return false;
	return true;
}

static void
options_read(struct options *o, int argc, char **argv)
{
	*o = (struct options){.imei = "999000000000017",
			      .imsi = "999010000000001",
			      .iccid = "8999901000000000001",
			      .operator = "GONGSIM",
			      .number = "+99910000000",
			      .receipt_ms = 200,
			      .ring_ms = 20000,
			      .signal = 20,
			      .registration = 1,
			      .sm_size = 20,
			      .me_size = 50,
			      .sr_size = 30,
			      .seed = 1};
	for (int i = 1; i < argc; i += 2) {
		if (!strncmp(argv[i], "--", 2) && i + 1 < argc &&
				option_take(o, argv[i] + 2, argv[i + 1]))
			continue;
		fprintf(stderr, "modem: %s: unknown option, or its value is missing\n%s",
			argv[i], usage);
		exit(2);
	}
	if (!o->link) {
		fprintf(stderr, "modem: --link PATH is missing: the client opens it\n%s",
			usage);
		exit(2);
	}
}

static void
stop(evutil_socket_t fd, short what, void *arg)
{
	event_base_loopbreak(((struct modem *)arg)->base);
}

static int
modem_open(struct modem *m)
{
	m->base = event_base_new();
	m->log_fd = m->control_fd = m->watch = -1;
	TAILQ_INIT(&m->laters);
	TAILQ_INIT(&m->peers);
	m->random[0] = m->o.seed;
	sms_init(m);
	if (m->o.log && (m->log_fd = open(m->o.log,
			O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) < 0) {
		fprintf(stderr, "modem: --log %s: %s\n", m->o.log, strerror(errno));
		return -1;
	}
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 2; i++) {
		m->stop_events[i] = evsignal_new(m->base, i ? SIGINT : SIGTERM, stop, m);
		event_add(m->stop_events[i], NULL);
	}
	return modem_plug(m, m->o.link) || control_open(m) || control_script(m) ? -1 : 0;
}

static void
modem_close(struct modem *m)
{
	struct later *later;

	modem_unplug(m);
	control_close(m);
	while ((later = TAILQ_FIRST(&m->laters)))
		later_free(later);
	sms_fini(m);
	people_fini(m);
	for (int i = 0; i < 2; i++)
		if (m->stop_events[i])
			event_free(m->stop_events[i]);
	event_base_free(m->base);
	buf_fini(&m->line);
	buf_fini(&m->held);
	if (m->log_fd >= 0)
		close(m->log_fd);
}

int
main(int argc, char **argv)
{
	struct modem m = { 0 };
	int rc;

	if (argc > 1 && !strcmp(argv[1], "--help"))
		return fputs(usage, stdout) < 0;
	if (argc > 3 && !strcmp(argv[1], "--tell"))
		return control_tell(argv[2], argv + 3, argc - 3);
	options_read(&m.o, argc, argv);
	rc = modem_open(&m);
	if (!rc) {
		printf("ready %s\n", m.link);
		fflush(stdout);
		rc = event_base_dispatch(m.base);
	}
	modem_close(&m);
	return rc ? 1 : 0;
}
