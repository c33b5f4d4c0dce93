/* web.h -- the HTTP side of gongd: listens, limits, authenticates, and turns requests into
 * commands and queries; it decides nothing and never touches the store.
 * Lives on the loop thread.  Errors go out as problem details (RFC 9457). */
#ifndef GONG_WEB_H
#define GONG_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/msec.h"
#include "daemon/contract/contract.h"
#include "daemon/parse/parse.h"
#include "daemon/settings/settings.h"
#include "daemon/store/read.h"

struct event_base;
struct web;

struct web_callback {			/* a provider's request on a route's own URL; borrowed */
	const char *route;		/* its name */
	uint64_t reply_to;
	const char *method, *path, *query, *content_type;
	const char *const *headers;	/* name, value, name, value …, NULL */
	const void *body;
	size_t body_len;
};

struct web_state {			/* for health checks */
	bool ready;			/* the engine commits, and it did so lately */
	struct said why_not;		/* when not ready */
	bool disk_full;
	unsigned long commits;		/* so far; the same number: nothing has changed */
};

/* How web reaches the rest of gongd; filled in by the loop. */
struct web_ports {
	void *ctx;
	/* Takes `cmd` over.  false: the queue is full and cmd is still the caller's (503). */
	bool (*submit)(void *ctx, struct command *cmd);
	/* Takes `query` (heap) over.  false: too many wait (503), still the caller's. */
	bool (*read)(void *ctx, struct read_query *query);
	/* parser_ask, of the process's one. */
	int (*parse)(void *ctx, const struct parse_ask *, parsed_fn, void *fn_ctx, struct err *);
	/* false: the route's driver is not there to take it (503). */
	bool (*callback)(void *ctx, const struct web_callback *);
	void (*state)(void *ctx, struct web_state *out);
	/* Appends the text of /metrics (Prometheus text format 0.0.4), web's own figures apart. */
	void (*metrics)(void *ctx, struct buf *out);
	msec (*now)(void *ctx);
	void (*log)(void *ctx, enum log_level, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));
};

/* Opens the listeners named in settings (TCP and unix socket).  Takes a reference on settings. */
int web_open(struct web **out, struct event_base *, struct settings *, const struct web_ports *,
	     struct err *);
uint16_t web_port(const struct web *);		/* the TCP port in use, 0 = none */
/* Both answer a waiting request and do nothing when its client has gone.  type NULL = JSON; a
 * refusal is told in the client's language. */
void web_reply(struct web *, uint64_t to, int status, const char *type, const char *body);
/* `faults`: what else is wrong, of a file; may be NULL. */
void web_reply_refusal(struct web *, uint64_t to, const struct err *, const struct faults *);
/* The same for what the reader answered, which may be one page of more.  `refusal`: NULL = none;
 * both are borrowed, and `body` is changed. */
void web_read_done(struct web *, uint64_t to, const struct err *refusal, struct buf *body);
void web_reload(struct web *, struct settings *);
void web_stop_accepting(struct web *);		/* shutting down: answers 503, closes listeners */
void web_close(struct web *);

#endif
