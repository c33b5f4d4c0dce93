/* wire.h -- the wire to the modem: one asks at a time, news comes at any time.
 * Every question has a deadline, and no answer is no answer.  An unplugged modem and one that
 * takes no more bytes are seen at once.  Echoes, wrong ones too, are dropped. */
#ifndef GONG_MODEM_WIRE_H
#define GONG_MODEM_WIRE_H

#include <event2/event.h>

#include "core/err.h"
#include "core/msec.h"
#include "drivers/modem/line.h"

#define AT_LINES 1200			/* a listing of 600 messages */
#define AT_COMMAND 1000			/* longest command */

struct at_reply {			/* borrowed for the time of the callback */
	enum at_end end;
	int code;			/* of AT_CMS and AT_CME; -1 = none */
	char **lines;			/* of text, without the echo and the end */
	size_t count;
};
typedef void (*at_done)(void *ctx, const struct at_reply *);

/* The line that begins with `name`, after name and blanks; NULL = none.  "" = the first line. */
const char *at_line(const struct at_reply *, const char *name);

struct wire_events {
	/* `pdu`: of NEWS_MESSAGE and NEWS_REPORT, hexadecimal; else NULL */
	void (*news)(void *ctx, enum news, const char *line, const char *pdu);
	void (*lost)(void *ctx, const char *why);	/* once, from the loop; then only close */
	/* The text of wire_submit goes to the modem now; NULL where nothing is submitted. */
	void (*leaving)(void *ctx);
};

struct wire;

/* Opens and locks the device; `events` and `ctx` are kept. */
int wire_open(struct wire **, const char *device, struct event_base *,
	      const struct wire_events *events, void *ctx, struct err *);
void wire_close(struct wire *);		/* NULL is fine; nothing is called any more */
/* Asks; `done` is called exactly once, later, unless the wire is closed before.  AT_LATE: no end
 * came in `limit_ms`; what may still come is no longer told from later replies: see wire_drain. */
void wire_ask(struct wire *, const char *command, msec limit_ms, at_done, void *ctx);
/* A command that takes a message (AT+CMGS): `body` and Ctrl-Z go out after the prompt.
 * AT_NO_PROMPT: the modem was given nothing, and told so by ESC.  `limit_ms` counts from Ctrl-Z. */
void wire_submit(struct wire *, const char *command, const char *body, msec limit_ms, at_done,
		 void *ctx);
/* Drops whatever comes for so long, ends a prompt that may stand open; `done` gets AT_OK. */
void wire_drain(struct wire *, msec ms, at_done, void *ctx);
/* The question in hand ends at once as AT_LATE, or AT_NO_PROMPT: no answer can come any more. */
void wire_abort(struct wire *);
/* A message waits for its prompt: nothing of it has left. */
bool wire_holds_text(const struct wire *);
bool wire_is_busy(const struct wire *);
/* Echoes are expected, as at first.  Later, wire_no_echo: if none has come since, the next one is
 * news of NEWS_BOOT: a modem that echoes again has started anew, and some do not say RDY. */
void wire_echo(struct wire *);
void wire_no_echo(struct wire *);
void wire_debug(struct wire *, bool on);	/* the whole dialogue on standard error */
void wire_log_to(struct wire *, void (*said)(void *ctx, char sign, const char *line), void *ctx);

#endif
