/* modem_control.c -- the tester's hand on the simulated modem: a unix socket and a script
 * file take the same lines; every line over the socket is answered "ok" or "error: why".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/segment.h"
#include "tests/sim/modem.h"

#define CONTROL_LINE_MAX 65536

/* Takes the next word; false when there is none or it is too long. */
bool
control_word(const char **args, char *out, size_t size)
{
	size_t len;

	*args += strspn(*args, " ");
	len = strcspn(*args, " ");
	if (!len || len >= size)
		return false;
	memcpy(out, *args, len);
	out[len] = 0;
	*args += len + strspn(*args + len, " ");
	return true;
}

bool
control_number(const char **args, int *out, int min, int max)
{
	char text[16], *end;
	long value;

	if (!control_word(args, text, sizeof(text)))
		return false;
	value = strtol(text, &end, 10);
	if (*end || value < min || value > max)
		return false;
	*out = (int)value;
	return true;
}

bool
control_ratio(const char **args, double *out)
{
	char text[16], *end;
	double value;

	if (!control_word(args, text, sizeof(text)))
		return false;
	value = strtod(text, &end);
	if (*end || !(value >= 0 && value <= 1))
		return false;
	*out = value;
	return true;
}

bool
control_switch(const char *args, bool *out)
{
	if (strcmp(args, "on") && strcmp(args, "off"))
		return false;
	*out = !strcmp(args, "on");
	return true;
}

/* A text in a control line: \n is a line feed, \\ a backslash. */
char *
control_unescape(const char *text)
{
	char *out = xstrdup(text), *to = out;

	for (const char *p = text; *p; p++) {
		if (*p == '\\' && (p[1] == 'n' || p[1] == '\\'))
			*to++ = *++p == 'n' ? '\n' : '\\';
		else
			*to++ = *p;
	}
	*to = 0;
	return out;
}

static bool
deliver(struct modem *m, const char *args)
{
	char from[32], *text;

	if (!control_word(&args, from, sizeof(from)))
		return false;
	text = control_unescape(args);
	sms_deliver(m, from, text, -1);
	free(text);
	return true;
}

static bool
deliver_parts(struct modem *m, const char *args)
{
	char from[32], *text;
	int reference;

	if (!control_word(&args, from, sizeof(from)) || !control_number(&args, &reference, 0, 255) ||
			strlen(args) < 2)
		return false;
	text = control_unescape(args);
	sms_deliver(m, from, text, reference);
	free(text);
	return true;
}

static bool
deliver_part(struct modem *m, const char *args)
{
	char from[32], *text;
	int reference, part, of, rc;

	if (!control_word(&args, from, sizeof(from)) || !control_number(&args, &reference, 0, 255) ||
			!control_number(&args, &part, 0, 255) || !control_number(&args, &of, 2, 255))
		return false;
	text = control_unescape(args);
	rc = sms_deliver_part(m, from, reference, part, of, text);
	free(text);
	return !rc;
}

static bool
deliver_class0(struct modem *m, const char *args)
{
	char from[32], *text;
	int rc;

	if (!control_word(&args, from, sizeof(from)))
		return false;
	text = control_unescape(args);
	rc = sms_deliver_flash(m, from, text);
	free(text);
	return !rc;
}

static bool
deliver_8bit(struct modem *m, const char *args)
{
	char from[32];

	return control_word(&args, from, sizeof(from)) && !sms_deliver_octets(m, from, args);
}

static bool
deliver_hex(struct modem *m, const char *args)
{
	return !sms_deliver_hex(m, args);
}

static int
name_index(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

/* MEM STAT NUMBER TEXT: what somebody left there before. */
static bool
store(struct modem *m, const char *args)
{
	static const char *const memories[] = { "SM", "ME" };
	static const char *const stats[] = { "unread", "read", "unsent", "sent" };
	char memory[8], stat[8], number[32], *text;
	int index, rc;

	if (!control_word(&args, memory, sizeof(memory)) ||
	    !control_word(&args, stat, sizeof(stat)) ||
	    !control_word(&args, number, sizeof(number)))
		return false;
	index = name_index(memories, 2, memory);
	if (index < 0 || name_index(stats, 4, stat) < 0)
		return false;
	text = control_unescape(args);
	rc = sms_preload(m, (enum memory_index)index, name_index(stats, 4, stat), number,
			 text);
	free(text);
	return !rc;
}

static bool
full(struct modem *m, const char *args)
{
	bool known = control_switch(args, &m->full);

	sms_hand_over(m);
	return known;
}

static bool
impatient(struct modem *m, const char *args)
{
	return control_switch(args, &m->impatient);
}

static bool
text_mode(struct modem *m, const char *args)
{
	bool known = !strcmp(args, "on") || !strcmp(args, "stuck") || !strcmp(args, "off");

	m->text_stuck = !strcmp(args, "stuck");
	m->cmgf = known && strcmp(args, "off");
	return known;
}

static bool
cdsi_memory(struct modem *m, const char *args)
{
	static const char *const names[] = { "SM", "ME", "SR" };
	int index = name_index(names, 3, args);

	m->cdsi_memory = index < 0 ? NULL : names[index];
	return index >= 0;
}

static bool
lose_smsc(struct modem *m, const char *args)
{
	return control_switch(args, &m->loses_smsc);
}

static bool
quit(struct modem *m, const char *args)
{
	return !event_base_loopexit(m->base, NULL);
}

static const struct control controls[] = {
	{"deliver", deliver, "NUMBER TEXT"},
	{"deliver-parts", deliver_parts, "NUMBER REF TEXT, two characters at least"},
	{"deliver-part", deliver_part,
	 "NUMBER REF PART OF TEXT, 67 or 153 characters at most"},
	{"deliver-class0", deliver_class0, "NUMBER TEXT, one message at most"},
	{"deliver-8bit", deliver_8bit, "NUMBER HEX, 140 octets at most"},
	{"deliver-hex", deliver_hex, "PDUHEX, the SMSC first"},
	{"store", store,
	 "SM|ME unread|read|unsent|sent NUMBER TEXT, while there is room"},
	{"full", full, "on|off"},
	{"impatient", impatient, "on|off"},
	{"text-mode", text_mode, "on|stuck|off"},
	{"cdsi-memory", cdsi_memory, "SM|ME|SR"},
	{"lose-smsc", lose_smsc, "on|off"},
	{"quit", quit, ""},
	{0},
};

/* Every fault and order goes into the log before its effect, so that the books explain
 * it. */
static void
control_log(struct modem *m, const char *text)
{
	struct buf line = modem_log_begin("control");

	buf_puts(&line, ",\"line\":");
	buf_json(&line, text);
	modem_log(m, &line);
}

static const struct control *
control_find(const char *name)
{
	const struct control *const tables[] = {
		controls,     power_controls,	 fault_controls, network_controls,
		sim_controls, identity_controls, ussd_controls,	 voice_controls,
		callee_controls, operator_controls,
	};

	for (size_t k = 0; k < sizeof(tables) / sizeof(tables[0]); k++)
		for (const struct control *c = tables[k]; c->name; c++)
			if (!strcmp(name, c->name))
				return c;
	return NULL;
}

int
control_line(struct modem *m, const char *line, char *why, size_t size)
{
	const char *args = line;
	const struct control *control;
	char name[32];
	struct err err;

	if (!control_word(&args, name, sizeof(name))) {
		snprintf(why, size,
			 "an empty line; say for example: deliver +99912345678 1");
		return -1;
	}
	if (utf8_check(line, strlen(line), &err)) {
		snprintf(why, size, "not UTF-8: %s", err.text);
		return -1;
	}
	control = control_find(name);
	if (!control) {
		snprintf(why, size, "%s: unknown command; see tests/sim/README.md", name);
		return -1;
	}
	control_log(m, line);
	if (control->run(m, args))
		return 0;
	snprintf(why, size, "expected: %s %s", name, control->args);
	return -1;
}

/* --- the socket --------------------------------------------------------------------- */

static void
peer_free(struct peer *peer)
{
	TAILQ_REMOVE(&peer->m->peers, peer, link);
	bufferevent_free(peer->line);
	free(peer);
}

static void
peer_event(struct bufferevent *bev, short what, void *arg)
{
	peer_free(arg);
}

static void
peer_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev),
			*out = bufferevent_get_output(bev);
	struct peer *peer = arg;
	char why[256], *line;

	while ((line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF))) {
		if (control_line(peer->m, line, why, sizeof(why)))
			evbuffer_add_printf(out, "error: %s\n", why);
		else
			evbuffer_add_printf(out, "ok\n");
		free(line);
	}
	if (evbuffer_get_length(in) > CONTROL_LINE_MAX)
		peer_free(peer);
}

static void
control_accept(evutil_socket_t fd, short what, void *arg)
{
	struct modem *m = arg;
	int peer_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct peer *peer;

	if (peer_fd < 0)
		return;
	peer = xcalloc(1, sizeof(*peer));
	peer->m = m;
	peer->line = bufferevent_socket_new(m->base, peer_fd, BEV_OPT_CLOSE_ON_FREE);
	TAILQ_INSERT_TAIL(&m->peers, peer, link);
	bufferevent_setcb(peer->line, peer_read, NULL, peer_event, peer);
	bufferevent_enable(peer->line, EV_READ | EV_WRITE);
}

static int
control_address(struct sockaddr_un *out, const char *path)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(out->sun_path)) {
		fprintf(stderr,
			"modem: control %s: longer than %zu bytes; name a shorter path\n",
			path, sizeof(out->sun_path) - 1);
		return -1;
	}
	strcpy(out->sun_path, path);
	return 0;
}

int
control_open(struct modem *m)
{
	struct sockaddr_un address;
	struct stat st;

	if (!m->o.control)
		return 0;
	if (control_address(&address, m->o.control))
		return -1;
	if (!lstat(m->o.control, &st) && S_ISSOCK(st.st_mode))
		unlink(m->o.control);
	m->control_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (m->control_fd < 0 ||
	    bind(m->control_fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(m->control_fd, 8)) {
		fprintf(stderr, "modem: --control %s: %s\n", m->o.control,
			strerror(errno));
		return -1;
	}
	m->control_event = event_new(m->base, m->control_fd, EV_READ | EV_PERSIST,
				     control_accept, m);
	event_add(m->control_event, NULL);
	return 0;
}

void
control_close(struct modem *m)
{
	struct peer *peer;

	while ((peer = TAILQ_FIRST(&m->peers)))
		peer_free(peer);
	if (m->control_event) {
		event_free(m->control_event);
		unlink(m->o.control);
	}
	if (m->control_fd >= 0)
		close(m->control_fd);
}

/* --- the script: lines of MS COMMAND, counted from the start ------------------------ */

static void
script_due(struct modem *m, void *arg)
{
	char why[256];

	if (control_line(m, arg, why, sizeof(why)))
		fprintf(stderr, "modem: %s: %s: %s\n", m->o.script, (char *)arg, why);
}

int
control_script(struct modem *m)
{
	char line[2048];
	FILE *file;
	int rc = 0;

	if (!m->o.script)
		return 0;
	file = fopen(m->o.script, "re");
	if (!file) {
		fprintf(stderr, "modem: --script %s: %s\n", m->o.script, strerror(errno));
		return -1;
	}
	for (int n = 1; !rc && fgets(line, sizeof(line), file); n++) {
		const char *p = line;
		int ms;

		line[strcspn(line, "\r\n")] = 0;
		if (!*line || *line == '#')
			continue;
		if (control_number(&p, &ms, 0, 86400000) && *p) {
			modem_later(m, ms, script_due, xstrdup(p));
			continue;
		}
		fprintf(stderr, "modem: %s:%d: expected MS COMMAND\n", m->o.script, n);
		rc = -1;
	}
	fclose(file);
	return rc;
}

/* --- another simulated modem --------------------------------------------------------- */

int
control_send(const char *path, const char *name, const char *args)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), rc = -1;

	if (fd < 0)
		return -1;
	/* Local and small: it is there at once, or nobody is. */
	if (!control_address(&address, path) &&
	    !connect(fd, (struct sockaddr *)&address, sizeof(address)))
		rc = dprintf(fd, "%s %s\n", name, args) < 0 ? -1 : 0;
	close(fd);
	return rc;
}

/* --- modem --tell ------------------------------------------------------------------- */

int
control_tell(const char *path, char **lines, int count)
{
	struct timeval patience = { 10, 0 };
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = 0;
	char answer[512];
	FILE *peer;

	if (fd < 0 || control_address(&address, path) ||
			connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		fprintf(stderr, "modem: cannot reach a modem at %s: %s\n", path,
			strerror(errno));
		return 1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	peer = fdopen(fd, "r+");
	for (int i = 0; i < count; i++) {
		if (dprintf(fd, "%s\n", lines[i]) < 0 ||
		    !fgets(answer, sizeof(answer), peer)) {
			fprintf(stderr, "modem: %s: no answer from %s\n", lines[i], path);
			rc = 1;
			break;
		}
		if (strcmp(answer, "ok\n")) {
			fprintf(stderr, "modem: %s: %s", lines[i], answer);
			rc = 1;
		}
	}
	fclose(peer);
	return rc;
}
