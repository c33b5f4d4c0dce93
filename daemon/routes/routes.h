/* routes.h -- the drivers: feeds one child process a route, and hears it.
 * Lives on the loop thread.  It speaks docs/drivers.md and decides nothing about messages: what
 * was written to a child that died is reported as such, what was not is given back. */
#ifndef GONG_ROUTES_H
#define GONG_ROUTES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/msec.h"
#include "daemon/contract/contract.h"
#include "daemon/settings/settings.h"

struct children;
struct event_base;
struct routes;

/* How routes reaches the rest of gongd; filled in by the loop. */
struct routes_ports {
	void *ctx;
	void (*submit)(void *ctx, struct command *);	/* urgent lane, takes it over */
	void (*reply)(void *ctx, uint64_t to, int status, const char *type, const char *body);
	void (*refuse)(void *ctx, uint64_t to, const struct err *);
	void (*log)(void *ctx, enum log_level, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));
	msec (*now)(void *ctx);		/* monotonic: only for durations */
	/* Some driver is not read until the engine has run what it told: call routes_look after
	 * each turn, until this is called with false. */
	void (*watch)(void *ctx, bool on);
};

/* Starts every route's driver, as soon as none of the gongd before this one is left on that route.  `ids[i]`: of route i in the store; `keeps[i]`: what it asked to
 * keep, or NULL (both copied).
 * `base_url`: of callback URLs (copied).  Borrows the children until routes_close; each driver
 * takes a reference of the settings that it runs by. */
struct routes *routes_open(struct event_base *, struct children *, struct settings *,
			   const int64_t *ids, char *const *keeps, const char *base_url,
			   const struct routes_ports *);
/* SEND, CALL, WITHDRAW, TOOK, ASK, RESUME and BARRIER; the effect stays the caller's. */
void routes_effect(struct routes *, struct effect *);
/* An HTTP request on a route's own URL.  false: no driver is there to take it. */
bool routes_callback(struct routes *, const char *route, uint64_t reply_to, const char *method,
		     const char *path, const char *query, const char *const *headers,
		     const void *body, size_t body_len);
/* These are in the books now, which are at least of books_at (Unix ms); the commands stay the caller's.
 * Before the effects that came up with them. */
void routes_committed(struct routes *, const struct command_list *, msec books_at);
void routes_look(struct routes *);
/* Since gongd started: receipts of its that matched no message, alarms of its that were too many. */
void routes_counted(struct routes *, int64_t route, unsigned long unmatched, unsigned long folded);
void routes_metrics(const struct routes *, struct buf *out);
/* New settings, with ids and keeps as for routes_open: drivers whose options changed are closed and
 * started anew, those of removed routes are closed, new ones start, and so does one that had stopped
 * for good. */
void routes_reload(struct routes *, struct settings *, const int64_t *ids, char *const *keeps,
		   const char *base_url);
void routes_close(struct routes *);		/* kills what is left */

/* The line that asks a route's driver which templates it could not send, with its newline. */
void routes_check_line(struct buf *, const struct settings *, const struct route_conf *);

#endif
