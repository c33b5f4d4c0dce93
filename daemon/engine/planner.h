/* planner.h -- what the files that plan a step share: the people picked so far, and why.
 * pick.c says who, compose.c makes texts and rows of them, plan.c goes through a step. */
#ifndef GONG_ENGINE_PLANNER_H
#define GONG_ENGINE_PLANNER_H

#include "daemon/engine/internal.h"

#define NO_TARGET UINT32_MAX
#define WHOLE_MAX 20000			/* people in a plan that is not made in slices */

struct pick {				/* one reason to tell one person */
	uint32_t contact, target;
	enum lang lang;
	division_code division;		/* whose parameters the text uses */
	division_code under;		/* helper: he hears of what is silent here */
};

struct planner {
	struct engine *e;
	struct alert *alert;
	const struct alert_request *request;
	const struct policy *policy;
	const struct policy_step *step;	/* NULL = the one step of an alert without policy */
	size_t index;
	struct step_plan *out;
	struct err *err;
	struct pick *picks;
	size_t count, cap;
	struct id_set without, seen;
	struct target *targets;		/* those below the step's level */
	size_t target_count, target_cap;
	uint32_t target;		/* of the picks being made */
	division_code division, under;
	size_t found;			/* picks made */
	size_t named;			/* people met, also those who are left out */
};

struct silent {
	struct buf names;
	unsigned long n, shown;
};

/* pick.c: each adds to p->picks, for p->target and the parameters of p->division */
void picks_add(struct planner *, uint32_t contact, enum lang, division_code, uint32_t target);
/* Everybody who holds a role of the family in the division; duty roles by the roster. */
void picks_family(struct planner *, const struct family *, division_code);
void picks_contact(struct planner *, const char *ref, uint32_t target);
void picks_request(struct planner *);	/* the request's own roles and contacts */
void picks_answered(void *planner, const struct holder *);
void picks_sort(struct planner *);	/* by contact; a person's first reason stays first */
void picks_without(struct planner *);	/* who is left out, before any picking */
size_t picks_request_count(const struct planner *, size_t limit);	/* counts up to it */
/* The how-manieth family of the policy this is, in order of first appearance; for one that it
 * lacks, how many it has. */
size_t picks_family_ordinal(const struct policy *, size_t family);

/* compose.c */
struct wave compose_wave(const struct planner *, unsigned position, enum channel, enum wave_kind,
			 int64_t template);
int64_t compose_variant(struct planner *, const struct template *, const struct pick *,
			enum wave_kind, enum channel, bool coded, unsigned *parts);
/* Waves, messages and called-links from the picks, which are then empty; -1 fills p->err. */
int compose_channels(struct planner *, unsigned position, enum wave_kind);
int compose_broadcast(struct planner *, const struct template *, int64_t document);
/* Targets still below the step's level, in a division or (0) all: how many, and the first names,
 * added to what is there. */
void silent_under(struct planner *, division_code, struct silent *);

/* plan.c */
void planner_target(void *planner, const struct target *);
enum tier family_tier(const struct engine *, const struct family *);
enum tier target_tier(const struct policy *);

#endif
