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

/* -- which.c -- */

struct candidate {
	struct alert alert;
	uint32_t contact;
	bool open;
	bool heard;			/* this person has confirmed it already */
};

/* Takes the best of what that person may answer into *best, if it is better than what is there. */
void engine_consider(struct engine *, uint32_t contact, const char *code, struct candidate *best,
		     bool *found);
/* Cancelled or expired, or about to be. */
bool candidate_is_over(const struct candidate *);

/* -- counts.c -- */

/* The targets of the alert for which that person's answer counts, in order; the caller frees
 * *targets. */
size_t engine_counts_for(struct engine *, int64_t alert, uint32_t contact, unsigned **targets);

/* -- thanks.c -- */

void engine_thank(struct engine *, const struct candidate *, uint64_t e164, bool over);
void engine_brakes_trim(struct engine *);	/* numbers that have been quiet for an hour */
void engine_brakes_shift(struct engine *, msec by);

/* -- answer.c -- */

/* Books what a person said on the request it is for. */
void engine_take_answer(struct engine *, struct candidate *, enum answer_source,
			enum answer_kind, int level, const char *text);
void engine_call(struct engine *, struct command *);
void engine_desk_answer(struct engine *, struct command *);

/* -- errand.c: what the desk does with its tasks -- */

void engine_task_take(struct engine *, struct command *);
void engine_task_note(struct engine *, struct command *);
void engine_task_close(struct engine *, struct command *);
/* Who did it, as the books have it: the person's name with the principal behind it. */
void engine_who(char out[WHO_TEXT], const struct principal *, const char *name);
/* An instant as a refusal names it, in the site's zone: "11-24 02:10". */
#define WHEN_TEXT 16
const char *engine_when(char out[WHEN_TEXT], msec at);

/* -- inbound.c -- */

void engine_inbound(struct engine *, struct command *);

#endif
