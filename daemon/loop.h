/* loop.h -- the loop thread: joins web, routes and bridge on one libevent loop. */
#ifndef GONG_LOOP_H
#define GONG_LOOP_H

#include "core/err.h"
#include "daemon/settings/settings.h"

struct guard;
struct hand_page;

struct loop_files {
	const char *store, *ballast;	/* paths in the state folder */
	const char *run;		/* where the TCP port in use is written; NULL = nowhere */
	struct guard *guard;		/* of the store; borrowed */
	struct hand_page *hand;		/* what the engine is at; borrowed */
};

/* Runs gongd until it is told to stop (SIGTERM, SIGINT); SIGHUP reloads settings->path.
 * Returns 0, or -1 with err when it could not start. */
int loop_run(struct settings *, const struct loop_files *, struct err *);

#endif
