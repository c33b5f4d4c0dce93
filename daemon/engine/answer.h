/* answer.h -- floor 10 of the engine: what people say, and what drivers are asked. */
#ifndef GONG_ENGINE_ANSWER_H
#define GONG_ENGINE_ANSWER_H

#include "daemon/engine/canary.h"

/* -- ask.c: questions to drivers, and what came of them -- */

void engine_ask(struct engine *, struct command *);
void engine_answered(struct engine *, struct command *);
void engine_questions_lost(struct engine *, struct route_state *, const char *reason);
void engine_questions_due(struct engine *);	/* gives up those that are over */
msec engine_questions_next(const struct engine *);
void engine_questions_shift(struct engine *, msec by);

/* -- answer.c -- */

void engine_inbound(struct engine *, struct command *);
void engine_call(struct engine *, struct command *);
void engine_desk_answer(struct engine *, struct command *);
void engine_brakes_trim(struct engine *);	/* numbers that have been quiet for an hour */
void engine_brakes_shift(struct engine *, msec by);

#endif
