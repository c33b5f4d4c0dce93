/* fetchers.h -- sources that fetch or subscribe: feeds one child process a source, and hears it.
 * Lives on the loop thread.  It speaks docs/fetchers.md, reads what a child brings by its source's
 * format and hands it to the engine; a child is told that something was taken after the commit, and
 * what was not is said again: by gongd as long as the child lives, by the child after that. */
#ifndef GONG_FETCHERS_H
#define GONG_FETCHERS_H

#include <stdbool.h>

#include "core/log_level.h"
#include "core/msec.h"
#include "daemon/contract/contract.h"
#include "daemon/parse/parse.h"
#include "daemon/settings/settings.h"

struct children;
struct event_base;
struct fetchers;

/* How fetchers reaches the rest of gongd; filled in by the loop. */
struct fetchers_ports {
	void *ctx;
	bool (*submit)(void *ctx, struct command *);	/* bulk lane; false: not now, it stays the caller's */
	void (*urgent)(void *ctx, struct command *);	/* urgent lane, takes it over */
	void (*log)(void *ctx, enum log_level, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));
	msec (*now)(void *ctx);		/* Unix ms */
	/* parser_ask, of the process's one. */
	int (*parse)(void *ctx, const struct parse_ask *, parsed_fn, void *fn_ctx, struct err *);
};

/* Starts the child of every source that has one.  `keeps[i]`: what that of source i asked to keep, or NULL
 * (copied).  Borrows the children until fetchers_close. */
struct fetchers *fetchers_open(struct event_base *, struct children *, struct settings *,
			       char *const *keeps, const struct fetchers_ports *);
/* An EFFECT_REPLY; false: it is somebody else's.  It stays the caller's. */
bool fetchers_answered(struct fetchers *, const struct effect *);
/* New settings, with keeps as above: children whose options changed are closed and started anew. */
void fetchers_reload(struct fetchers *, struct settings *, char *const *keeps);
void fetchers_close(struct fetchers *);		/* kills what is left; NULL is nothing */

#endif
