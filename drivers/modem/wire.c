/* wire.c -- asks the modem and listens; it knows no command by name. */
#include "drivers/modem/wire.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/buf.h"
#include "drivers/kit/kit.h"
#include "drivers/modem/tty.h"

#define BACKLOG_MAX 65536
#define CHUNK 4096
#define USSD_MAX 2000			/* octets of an answer; USSD itself has 182 letters */
#define PROMPT_MS SECONDS(4)

struct wire {
	int fd;
	struct bufferevent *modem;
	struct line line;
	const struct wire_events *events;
	void *ctx;
	bool is_lost, has_echoed, no_echo;
	/* the question in hand */
	bool is_busy, drains;
	char asked[AT_COMMAND + 1];	/* without "AT" */
	char *body;			/* still to go out at the prompt; owned */
	msec limit_ms;
	struct event *timer;
	struct at_reply reply;
	at_done done;
	void *done_ctx;
	/* +CMT or +CDS whose PDU is to come */
	enum news pdu_kind;
	char pdu_line[128];
	struct buf ussd;		/* a USSD answer whose end is still to come */
	void (*said)(void *, char, const char *);
	void *said_ctx;
};

static void
note(struct wire *w, char sign, const char *line)
{
	char shown[AT_COMMAND + 4];

	if (!w->said)
		return;
	if (sign == '>' && (strcasestr(line, "CPIN") || strcasestr(line, "CPWD") ||
			    strcasestr(line, "CLCK"))) {
		snprintf(shown, sizeof(shown), "%.*s", (int)strcspn(line, "="), line);
		line = shown;		/* a PIN or password stands behind it */
	}
	w->said(w->said_ctx, sign, line);
}

const char *
at_line(const struct at_reply *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (strncasecmp(r->lines[i], name, strlen(name)) == 0)
			return r->lines[i] + strlen(name) + strspn(r->lines[i] + strlen(name), " ");
	return NULL;
}

static void
report_lost(struct wire *w, const char *why)
{
	if (w->is_lost)
		return;
	w->is_lost = true;
	bufferevent_disable(w->modem, EV_READ | EV_WRITE);
	event_del(w->timer);
	w->events->lost(w->ctx, why);
}

static void
put(struct wire *w, const char *text)
{
	if (w->is_lost)
		return;
	note(w, '>', text);
	bufferevent_write(w->modem, text, strlen(text));
	if (evbuffer_get_length(bufferevent_get_output(w->modem)) > BACKLOG_MAX)
		report_lost(w, WORD(modem_stuck));
}

static void
set_timer(struct wire *w, msec ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(w->timer, &tv);
}

static void
drop_lines(struct at_reply *r)
{
	while (r->count)
		free(r->lines[--r->count]);
	free(r->lines);
	r->lines = NULL;
}

/* The callback may ask the next question at once. */
static void
finish(struct wire *w, enum at_end end, int code)
{
	struct at_reply reply = w->reply;

	event_del(w->timer);
	memset(&w->reply, 0, sizeof(w->reply));
	free(w->body);
	w->body = NULL;
	w->is_busy = w->drains = false;
	reply.end = end;
	reply.code = code;
	w->done(w->done_ctx, &reply);
	drop_lines(&reply);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct wire *w = ctx;

	if (w->drains)
		finish(w, AT_OK, -1);
	else
		wire_abort(w);
}

static void
add_line(struct at_reply *r, const char *line)
{
	if (!(r->count & (r->count - 1)))		/* full at every power of two */
		r->lines = xrealloc(r->lines, (r->count ? 2 * r->count : 1) * sizeof(*r->lines));
	r->lines[r->count++] = xstrdup(line);
}

static void
reply_line(struct wire *w, const char *line)
{
	int code;
	enum at_end end = line_end(line, w->asked, &code);

	if (end == AT_OK && w->body)
		return;			/* of something before; ours ends after its text */
	if (end == AT_CALL_END)
		add_line(&w->reply, line);	/* which end it was */
	if (end != AT_OPEN)
		finish(w, end, code);
	else if (w->reply.count < AT_LINES)
		add_line(&w->reply, line);
}

/* A wrong echo still begins or ends like the command. */
static bool
is_echo(const char *line, const char *asked)
{
	size_t len = asked ? strlen(asked) : 0, all = strlen(line);

	return strncasecmp(line, "AT", 2) == 0 ||
	       (len > 2 && all >= len && strcasecmp(line + all - len, asked) == 0);
}

static void
take_echo(struct wire *w, const char *line)
{
	w->has_echoed = true;
	if (!w->no_echo || !w->is_busy || strcasecmp(line + 2, w->asked) != 0)
		return;
	w->no_echo = false;
	w->events->news(w->ctx, NEWS_BOOT, line, NULL);
}

/* What follows +CMT or +CDS; anything else means that the modem was cut short. */
static bool
is_pdu(const char *line)
{
	return line[strspn(line, "0123456789ABCDEFabcdef")] == 0;
}

static void
end_ussd(struct wire *w)
{
	struct buf whole = w->ussd;

	w->ussd = (struct buf){ 0 };
	w->line.in_ussd = false;
	if (!line_closes_ussd(whole.data))
		buf_puts(&whole, "\"");
	w->events->news(w->ctx, NEWS_USSD, whole.data, NULL);
	buf_fini(&whole);
}

/* One line more of it; false: it is none, the modem has broken off. */
static bool
take_ussd(struct wire *w, const char *line)
{
	int code;
	bool is_end = w->is_busy && !w->drains && line_end(line, w->asked, &code) != AT_OPEN;

	if (is_end || strncmp(line, "+C", 2) == 0 || w->ussd.len > USSD_MAX) {
		end_ussd(w);
		return false;
	}
	buf_puts(&w->ussd, "\n");
	buf_puts(&w->ussd, line);
	if (line_closes_ussd(w->ussd.data))
		end_ussd(w);
	return true;
}

static void
take_line(struct wire *w, const char *line)
{
	const char *asked = w->is_busy && !w->drains ? w->asked : NULL;
	enum news kind = w->pdu_kind;

	note(w, '<', line);
	if (w->ussd.len && take_ussd(w, line))
		return;
	if (line_opens_ussd(line)) {
		buf_puts(&w->ussd, line);
		w->line.in_ussd = true;
		return;
	}
	w->pdu_kind = NEWS_REPLY;
	if (kind != NEWS_REPLY && is_pdu(line)) {
		w->events->news(w->ctx, kind, w->pdu_line, line);
		return;
	}
	if (is_echo(line, asked)) {
		take_echo(w, line);
		return;
	}
	kind = line_news(line, asked);
	if (kind == NEWS_MESSAGE || kind == NEWS_REPORT) {
		w->pdu_kind = kind;
		snprintf(w->pdu_line, sizeof(w->pdu_line), "%s", line);
	} else if (kind != NEWS_REPLY) {
		w->events->news(w->ctx, kind, line, NULL);
	} else {
		reply_line(w, line);
	}
}

static void
take_prompt(struct wire *w)
{
	char *body = w->body;

	w->body = NULL;
	w->line.len = 0;
	drop_lines(&w->reply);		/* a late +CMGS of a message before is not ours */
	set_timer(w, w->limit_ms);
	if (w->events->leaving)
		w->events->leaving(w->ctx);
	put(w, body);
	put(w, "\x1a");
	free(body);
}

static void
on_modem_bytes(struct bufferevent *bev, void *ctx)
{
	struct wire *w = ctx;
	char in[CHUNK];
	size_t len;

	while (!w->is_lost && (len = bufferevent_read(bev, in, sizeof(in))) > 0) {
		for (size_t i = 0; i < len && !w->is_lost; i++) {
			if (line_byte(&w->line, in[i]))
				take_line(w, w->line.text);
			else if (w->body && line_is_prompt(&w->line))
				take_prompt(w);
		}
	}
}

static void
on_trouble(struct bufferevent *bev, short what, void *ctx)
{
	report_lost(ctx, WORD(modem_unplugged));
}

int
wire_open(struct wire **out, const char *device, struct event_base *base,
	  const struct wire_events *events, void *ctx, struct err *err)
{
	struct wire *w = xcalloc(1, sizeof(*w));

	w->events = events;
	w->ctx = ctx;
	w->fd = tty_open(device, err);
	if (w->fd < 0) {
		free(w);
		return -1;
	}
	w->modem = bufferevent_socket_new(base, w->fd, 0);
	w->timer = event_new(base, -1, 0, on_timer, w);
	bufferevent_setcb(w->modem, on_modem_bytes, NULL, on_trouble, w);
	bufferevent_enable(w->modem, EV_READ | EV_WRITE);
	*out = w;
	return 0;
}

void
wire_close(struct wire *w)
{
	if (!w)
		return;
	bufferevent_disable(w->modem, EV_READ | EV_WRITE);
	close(w->fd);			/* now: freeing the bufferevent is put off */
	bufferevent_free(w->modem);
	event_free(w->timer);
	drop_lines(&w->reply);
	buf_fini(&w->ussd);
	free(w->body);
	free(w);
}

static void
begin(struct wire *w, const char *command, msec limit_ms, at_done done, void *ctx)
{
	w->is_busy = true;
	w->limit_ms = limit_ms;
	w->done = done;
	w->done_ctx = ctx;
	snprintf(w->asked, sizeof(w->asked), "%s", command + 2);
}

void
wire_ask(struct wire *w, const char *command, msec limit_ms, at_done done, void *ctx)
{
	char line[AT_COMMAND + 4];

	begin(w, command, limit_ms, done, ctx);
	set_timer(w, limit_ms);
	snprintf(line, sizeof(line), "%s\r", command);
	put(w, line);
}

void
wire_submit(struct wire *w, const char *command, const char *body, msec limit_ms, at_done done,
	    void *ctx)
{
	w->body = xstrdup(body);
	wire_ask(w, command, msec_min(PROMPT_MS, limit_ms), done, ctx);
	w->limit_ms = limit_ms;
}

void
wire_drain(struct wire *w, msec ms, at_done done, void *ctx)
{
	begin(w, "AT", ms, done, ctx);
	w->drains = true;
	w->line.len = 0;
	w->line.in_ussd = false;
	buf_reset(&w->ussd);
	w->pdu_kind = NEWS_REPLY;
	set_timer(w, ms);
	put(w, "\x1b\r");
}

void
wire_abort(struct wire *w)
{
	if (!w->is_busy)
		return;
	if (w->body)
		put(w, "\x1b");		/* nobody waits for the text any more */
	finish(w, w->body ? AT_NO_PROMPT : AT_LATE, -1);
}

void
wire_echo(struct wire *w)
{
	w->has_echoed = w->no_echo = false;
}

void
wire_no_echo(struct wire *w)
{
	w->no_echo = !w->has_echoed;
}

bool
wire_holds_text(const struct wire *w)
{
	return w->body != NULL;
}

bool
wire_is_busy(const struct wire *w)
{
	return w->is_busy;
}

static void
say_debug(void *ctx, char sign, const char *line)
{
	kit_log("%c %.*s", sign, (int)strcspn(line, "\r\x1a\x1b"), line);
}

void
wire_debug(struct wire *w, bool on)
{
	wire_log_to(w, on ? say_debug : NULL, NULL);
}

void
wire_log_to(struct wire *w, void (*said)(void *, char, const char *), void *ctx)
{
	w->said = said;
	w->said_ctx = ctx;
}
