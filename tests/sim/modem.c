/* modem.c -- a simulated GSM modem: AT dialogue in PDU mode over a pty, for tests and the
 * demo. It plays the modem, the network and the people behind it; it never touches a real
 * device. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
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

void
modem_log_fault(struct modem *m, const char *what, const char *about)
{
	struct buf line = modem_log_begin("fault");
	char *shown = xstrdup(about);

	for (char *p = shown; p && *p; p++)
		if (*p & 0x80)
			*p = '?';	/* what a client types need not be UTF-8 */
	buf_printf(&line, ",\"fault\":\"%s\"", what);
	if (shown) {
		buf_puts(&line, ",\"line\":");
		buf_json(&line, shown);
	}
	modem_log(m, &line);
	free(shown);
}

/* --- life --------------------------------------------------------------------------- */

static void
stop(evutil_socket_t fd, short what, void *arg)
{
	event_base_loopbreak(((struct modem *)arg)->base);
}

static int
modem_open(struct modem *m)
{
	m->base = event_base_new();
	m->log_fd = m->control_fd = -1;
	TAILQ_INIT(&m->laters);
	TAILQ_INIT(&m->peers);
	TAILQ_INIT(&m->faults);
	TAILQ_INIT(&m->ussds);
	TAILQ_INIT(&m->callees);
	m->random[0] = m->o.seed;
	sim_init(m);
	sms_init(m);
	operator_init(m);
	network_init(m);
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
	return callee_open(m) || power_plug(m, m->o.link) || control_open(m) ||
			       control_script(m)
		       ? -1
		       : 0;
}

static void
modem_close(struct modem *m)
{
	struct later *later;

	ports_close(m);
	control_close(m);
	while ((later = TAILQ_FIRST(&m->laters)))
		later_free(later);
	sms_fini(m);
	operator_fini(m);
	people_fini(m);
	sim_faults_fini(m);
	ussd_fini(m);
	callee_fini(m);
	free(m->pin);
	for (int i = 0; i < 2; i++)
		if (m->stop_events[i])
			event_free(m->stop_events[i]);
	event_base_free(m->base);
	for (int i = 0; i < m->port_count; i++) {
		buf_fini(&m->port[i].line);
		free(m->port[i].path);
	}
	buf_fini(&m->held);
	buf_fini(&m->reply);
	if (m->log_fd >= 0)
		close(m->log_fd);
}

int
main(int argc, char **argv)
{
	struct modem m = { 0 };
	int rc;

	if (argc > 1 && !strcmp(argv[1], "--help"))
		return fputs(modem_usage, stdout) < 0;
	if (argc > 3 && !strcmp(argv[1], "--tell"))
		return control_tell(argv[2], argv + 3, argc - 3);
	options_read(&m, argc, argv);
	rc = modem_open(&m);
	if (!rc) {
		printf("ready %s\n", m.port[0].link);
		fflush(stdout);
		rc = event_base_dispatch(m.base);
	}
	modem_close(&m);
	return rc ? 1 : 0;
}
