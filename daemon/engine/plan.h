/* plan.h -- floor 5 of the engine: whole steps are planned, queued messages go to routes. */
#ifndef GONG_ENGINE_PLAN_H
#define GONG_ENGINE_PLAN_H

#include "daemon/engine/message.h"

/* -- plan.c -- */

/* -1 fills err, and what was written must be undone. */
int engine_plan_step(struct engine *, struct alert *, const struct alert_request *,
		     const struct policy *, size_t step, struct step_plan *, struct err *);
void planner_target(void *planner, const struct target *);	/* for store_targets */
enum tier family_tier(const struct engine *, const struct family *);
enum tier target_tier(const struct policy *);

/* -- notice.c: messages outside the ladder -- */

/* The message to those, and only those, whom the replaced alert reached.  -1 fills err. */
int engine_plan_correction(struct engine *, struct alert *, const struct alert_request *,
			   struct err *);
/* One message to one person: an automatic reply.  Its wave; 0: it was not possible (logged). */
uint32_t engine_send_one(struct engine *, struct alert *, enum wave_kind, uint32_t contact,
			 enum lang, const char *template);

/* -- dispatch.c -- */

void engine_dispatch(struct engine *);
msec engine_dispatch_next(const struct engine *);
void engine_dispatch_shift(struct engine *, msec by);

#endif
