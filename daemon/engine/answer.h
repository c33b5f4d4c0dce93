/* answer.h -- floor 10 of the engine: what people say, and what drivers are asked. */
#ifndef GONG_ENGINE_ANSWER_H
#define GONG_ENGINE_ANSWER_H

#include "core/reply.h"
#include "core/which.h"
#include "daemon/engine/canary.h"

/* -- ask.c: questions to drivers, and what came of them -- */

void engine_ask(struct engine *, struct command *);
void engine_answered(struct engine *, struct command *);
void engine_questions_lost(struct engine *, struct route_state *, const char *reason);
void engine_questions_due(struct engine *);	/* gives up those that are over */
msec engine_questions_next(const struct engine *);
void engine_questions_shift(struct engine *, msec by);

/* -- which.c -- */

#define CANDIDATES 64
#define TEXTS_MAX 32

struct candidate {			/* a request, as one person has heard of it */
	struct alert alert;
	uint32_t contact;
	bool is_called;			/* for targets; else he helps, or was told something */
	bool is_told_only;		/* all that he has of it wants no answer of him */
	const struct template *template;	/* of the text that he answers; NULL: he has none */
	uint32_t wave;			/* likewise */
	int64_t texts[TEXTS_MAX];	/* variants by which he was called */
	size_t text_count;
	int64_t coded;			/* the one whose own code he gave; 0 = none */
	int64_t asked;			/* the last by which he was called, and has had the time to read; 0 = none */
	int64_t moved_to;		/* the alert that has taken over all his targets; 0 = none */
	int64_t route;			/* that has a message of it in the air */
	struct reply reply;		/* what he said, read with that template */
	enum answer_kind kind;		/* and its meaning there; NONE: none */
	int level;
};

struct heard {				/* all that a text may answer */
	struct candidate list[CANDIDATES];
	struct which_one ones[CANDIDATES];
	size_t count;
};

/* `waited`: as if nothing were in the air. */
struct which_decision engine_which(struct engine *, const struct inbound *, const struct reply *,
				   const uint32_t *contacts, size_t count, bool waited,
				   struct heard *);
/* Cancelled, expired, or taken over by another alert. */
bool candidate_is_over(const struct candidate *);

/* -- counts.c -- */

/* The targets of the alert for which that person's answer counts, in order: those that he was called
 * for and these texts name; all of them without texts, or when one names none.  The caller frees
 * *targets. */
size_t engine_counts_for(struct engine *, int64_t alert, uint32_t contact, const int64_t *texts,
			 size_t text_count, unsigned **targets);
/* Those of the targets that are places, in their order; the caller frees *out. */
size_t engine_target_places(struct engine *, int64_t alert, const unsigned *targets, size_t count,
			    division_code **out);
/* Do these texts all name the same places? */
bool engine_names_one_thing(struct engine *, int64_t alert, const int64_t *texts, size_t text_count);
/* Does this text name every place that those name? */
bool engine_names_all(struct engine *, int64_t alert, int64_t text, const int64_t *texts, size_t text_count);

/* -- thanks.c -- */

struct answered {
	uint64_t e164;			/* by whom */
	bool over;			/* it is: he hears the truth about it */
	bool said_before;		/* he has said the like to the same alert */
	bool real;			/* in the middle of a drill, too */
	bool asks_which;		/* it could not be booked as high as he says */
};
/* Writes back what became of his answer; c->kind NONE: it was none. */
void engine_thank(struct engine *, struct candidate *, const struct answered *);
void engine_brakes_trim(struct engine *);	/* whoever has been quiet for long */
void engine_thanked_drop(struct engine *);	/* who was thanked lately */
void engine_brakes_shift(struct engine *, msec by);

/* -- help.c -- */

/* Tells the duty officer that somebody is in need; braked.  `a` NULL: about no alert; contact 0: known by
 * his number only; `words`: what he wrote, "" = he pressed a key. */
void engine_help_told(struct engine *, const struct alert *a, uint32_t contact, uint64_t e164,
		      const char *words);
void engine_help_drop(struct engine *);		/* who was told of lately */

/* -- answer.c -- */

struct word {				/* what a person said, and to which texts */
	enum answer_source source;
	enum answer_kind kind;
	int level, minutes;
	const char *text;
	uint32_t wave;			/* of the message that he answers; 0 = not known */
	const int64_t *texts;		/* by which he was called for what it counts for */
	size_t text_count;
};

/* Keeps with the alert what is no answer to it, be it a call for help. */
void engine_keep_words(struct engine *, const struct alert *, uint32_t contact, uint32_t wave,
		       enum answer_kind, const char *text);
/* -1 fills err: another alert has taken it over (`moved_to`, 0 = none has), and what is entered here would
 * change nothing. */
int engine_still_here(struct engine *, const struct alert *, int64_t moved_to, enum concept, struct err *);
/* Books it on that request.  Returns the task that it opened or grew, 0 = none. */
int64_t engine_take_answer(struct engine *, struct alert *, uint32_t contact, const struct word *);
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

/* -- judge.c -- */

/* Says what came in means, and does what follows.  NEVER: that is done; else until when it must wait
 * for what is in the air, to be judged again. */
msec engine_judge(struct engine *, const struct inbound *);

/* -- decide.c: what the desk decides about a text that came in -- */

void engine_inbox_assign(struct engine *, struct command *);
void engine_inbox_ignore(struct engine *, struct command *);
void engine_inbox_answer(struct engine *, struct command *);

/* -- people.c: one person or place, changed by hand -- */

void engine_contact(struct engine *, struct command *);
void engine_division(struct engine *, struct command *);

/* -- inbound.c -- */

void engine_inbound(struct engine *, struct command *);
void engine_inbound_look(struct engine *);	/* a message has settled: those that wait are judged again */
void engine_inbound_due(struct engine *);
msec engine_inbound_next(const struct engine *);
void engine_inbound_load(struct engine *);

#endif
