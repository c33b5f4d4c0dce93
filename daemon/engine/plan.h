/* plan.h -- floor 5 of the engine: whole steps are planned, queued messages go to routes. */
#ifndef GONG_ENGINE_PLAN_H
#define GONG_ENGINE_PLAN_H

#include "daemon/engine/message.h"

/* -- plan.c -- */

/* -1 fills err, and what was written must be undone. */
int engine_plan_step(struct engine *, struct alert *, const struct alert_request *,
		     const struct policy *, size_t step, struct step_plan *, struct err *);
void planner_target(void *planner, const struct target *);	/* for store_targets */
/* Picks of one target: the holders of a role there, or the person himself. */
void planner_call(struct planner *, unsigned position, const struct family *, const struct target *);
void planner_person(struct planner *, const struct target *);
/* Are they people who hear of targets, not those who answer for them? */
bool planner_is_above(const struct planner *, const struct family *);
/* The step's families, or the request's roles; NULL: each target is a person, or a reload took the
 * role away. */
const struct family *planner_family(const struct planner *, unsigned position);
/* A whole position of people above the targets, or the contacts that the request names; -1 fills
 * p->err. */
int planner_helpers(struct planner *, unsigned position, const struct family *);
int planner_contacts(struct planner *, unsigned position);
/* All the step's families, or the request's roles; the first of them is position `first`. */
int planner_families(struct planner *, unsigned first, bool helpers_only);
void planner_desk(struct planner *);	/* the task of a step with the console */
enum tier family_tier(const struct engine *, const struct family *);
enum tier target_tier(const struct policy *);

/* -- slices.c: a step for very many targets, planned over many turns -- */

/* Begins it, or begins anew what was interrupted; false: the step is to be planned whole.  `first`:
 * a refusal would still refuse the request. */
bool engine_slices_begin(struct engine *, const struct alert *, const struct alert_request *,
			 const struct policy *, size_t step, bool first);
bool engine_slices_of(const struct engine *, int64_t alert);	/* is one under way? */
/* The oldest; NULL: none.  Borrowed until it is ended. */
struct slices *engine_slices_oldest(const struct engine *);
/* How many rungs have been taken, or have read whom they are for: the one in slices counts from then on. */
unsigned engine_rungs_taken(const struct engine *, const struct alert *);
int64_t slices_alert(const struct slices *);
/* Does it still plan what the alert is at? */
bool slices_fit(const struct slices *, const struct alert *);
/* One slice: 1 = it was the last and its waves are open, 0 = there is more, -1 = err; the caller
 * undoes what the turn wrote of it. */
int slices_go(struct slices *, struct alert *, const struct policy *, struct err *);
void slices_withdraw(struct slices *);	/* the waves that it has written so far */
const struct step_plan *slices_plan(const struct slices *);
const struct alert_request *slices_request(const struct slices *);
void engine_slices_end(struct engine *, struct slices *);
void engine_slices_drop(struct engine *);	/* all of them, from memory */

/* -- notice.c -- */

/* The message to those, and only those, whom the replaced alert reached.  -1 fills err. */
int engine_plan_correction(struct engine *, struct alert *, const struct alert_request *,
			   struct err *);

struct single {				/* one SMS to one person, outside the ladder */
	enum wave_kind kind;
	unsigned position;		/* of a reply: REPLY_LATER or REPLY_NOW */
	uint32_t contact;
	unsigned number;		/* the place of the number in his list that is tried first */
	int64_t template, variant;	/* its document, and what was made of it */
	msec valid_ms;			/* unsent after that it lapses */
};
/* A wave of that one message.  Its id. */
uint32_t engine_single(struct engine *, const struct alert *, const struct single *);
/* One text of the alert's own to one person, by the version that the alert has of the template.  Its
 * wave; 0: it was not possible (logged), or there is no such template. */
uint32_t engine_send_one(struct engine *, struct alert *, const struct person *, const char *template);

/* -- dispatch.c -- */

void engine_dispatch(struct engine *);
msec engine_dispatch_next(const struct engine *);
void engine_dispatch_shift(struct engine *, msec by);

#endif
