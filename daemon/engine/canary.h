/* canary.h -- floor 9 of the engine: test messages that must come back. */
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
bool engine_canary_returns(struct engine *, const char *text);	/* true: no person wrote it */

#endif
