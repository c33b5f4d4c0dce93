/* canary.h -- floor 9 of the engine: test messages that must come back; routes come and go. */
#ifndef GONG_ENGINE_CANARY_H
#define GONG_ENGINE_CANARY_H

#include <jansson.h>

#include "daemon/engine/alarm.h"

void engine_canaries_plan(struct engine *);	/* at the start and after a reload */
void engine_canaries_due(struct engine *);
msec engine_canaries_next(const struct engine *);
void engine_canaries_shift(struct engine *, msec by);
void engine_canary_lost(struct engine *, struct route_state *);
/* `answer`: what the driver said of the sending; NULL = it was not there. */
void engine_canary_answered(struct engine *, struct route_state *, json_t *answer);
bool engine_canary_returns(struct engine *, const struct inbound *);	/* true: no person wrote it */

/* -- life.c: routes come, change and go -- */

void engine_route_add(struct engine *, struct settings *, const struct route_conf *);
void engine_route_free(struct route_state *);
/* The routes of new settings.  -1: too many, and nothing is changed. */
int engine_routes_reload(struct engine *, struct settings *, struct err *);
/* A CMD_ROUTE_LOST that names the options of the next process. */
void engine_route_took_options(struct engine *, struct route_state *, const struct command *lost);
void engine_route_has_options(struct engine *, struct route_state *);	/* it works with them */
void engine_route_gone(struct engine *, struct route_state *);	/* its last process has ended */
void engine_routes_sweep(struct engine *, bool committed);
void engine_route_resume(struct engine *, struct command *);

#endif
