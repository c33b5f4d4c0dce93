/* outcome.h -- floor 11 of the engine: what drivers and networks say became of messages; upkeep. */
#ifndef GONG_ENGINE_OUTCOME_H
#define GONG_ENGINE_OUTCOME_H

#include "daemon/engine/answer.h"

/* -- outcome.c -- */

void engine_route_ready(struct engine *, struct command *);
void engine_route_lost(struct engine *, struct command *);
void engine_done(struct engine *, struct command *);
void engine_part(struct engine *, struct command *);
void engine_receipt(struct engine *, struct command *);
void engine_in_doubt(struct engine *);	/* at start: what was with drivers when gongd stopped */

/* -- upkeep.c -- */

void engine_upkeep(struct engine *);		/* once an hour */
msec engine_upkeep_next(const struct engine *);
void engine_upkeep_shift(struct engine *, msec by);

#endif
