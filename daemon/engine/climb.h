/* climb.h -- floor 6 of the engine: what must be answered, and how time and answers move it. */
#ifndef GONG_ENGINE_CLIMB_H
#define GONG_ENGINE_CLIMB_H

#include "daemon/engine/plan.h"

/* -- targets.c -- */

/* Writes the alert's targets and counts them; -1 with err refuses an audience that has none, or a
 * text that cannot be made. */
int engine_plan_targets(struct engine *, struct alert *, const struct alert_request *,
			const struct policy *, struct text_lacks *, struct err *);
/* All texts that the alert itself and its policy name, for these places (without targets: for those
 * of its readers); those of helpers for the audience's. */
int engine_check_alert(struct engine *, const struct alert *, const struct alert_request *,
		       const struct policy *, const division_code *targets, size_t count,
		       struct text_lacks *, struct err *);

/* -- stand_down.c -- */

/* Everybody who was called and has neither promised nor refused is told, once, by the policy's
 * `full`. */
void engine_stand_down(struct engine *, struct alert *, const struct policy *);
/* One person is; false: there is no such text, or it is not possible (logged). */
bool engine_not_needed(struct engine *, struct alert *, const struct policy *, uint32_t contact);

/* -- good_end.c -- */

/* The alert is satisfied: whom its policy's `satisfied` names is told, once. */
void engine_good_end(struct engine *, struct alert *, const struct alert_request *, const struct policy *);
/* It is open again: who was told that is told so.  `a` as the answer left it. */
void engine_good_end_over(struct engine *, struct alert *, const struct policy *);

/* -- replace.c -- */

/* Does it end the old alert for everybody, not only for whom its audience names? */
bool replacement_is_whole(const struct alert_request *);
/* May `a` (with `replaces`) take over what its request names?  It writes nothing; -1: err. */
int engine_check_replacement(struct engine *, const struct principal *, const struct alert *,
			     const struct alert_request *, struct err *);
/* Targets of the old alert that the request names, moved ones too; caller frees. */
size_t engine_covered(struct engine *, const struct alert *old, const struct alert_request *,
		      struct target **out);
/* It is released: targets move, nothing more goes out for them.  Not to be undone: memory follows. */
void engine_replace(struct engine *, struct alert *, const struct alert_request *);

/* -- climb.c -- */

void engine_climb_due(struct engine *);		/* alerts whose due_at has come */
void engine_climb_slices(struct engine *);	/* one slice of a step for very many targets */
msec engine_climb_next(const struct engine *);
/* Does what is due.  With `refuse`, at accept, -1 and the reason when a step cannot be planned,
 * and the caller writes the alert's row; without, the desk is told, the ladder goes on and the
 * row is written. */
int engine_look(struct engine *, struct alert *, const struct alert_request *,
		struct err *refuse);

/* -- catch_up.c -- */

/* A target fell: the rungs that were passed while it stood above are taken for it, in turns to come. */
void engine_catch_up_note(struct engine *, const struct alert *, const struct policy *,
			  const struct target_fall *);
/* For a target there is nobody to call: its helpers hear it now, once; or there is somebody at last. */
void engine_catch_up_nobody(struct engine *, const struct alert *, const struct policy *,
			    const struct target *, bool nobody);
void engine_catch_up_due(struct engine *);	/* some of the oldest alert that has such */
void engine_catch_up_load(struct engine *);

/* -- nobody.c: targets that nobody can be called for -- */

/* Before the first step; with very many targets it is left to later turns. */
void engine_nobody_accept(struct engine *, struct alert *, const struct alert_request *,
			  const struct policy *);
void engine_nobody_look(struct engine *, const struct alert *);	/* things changed: in turns to come */
/* Is there nobody to call for this target, as the lists stand now?  Writes nothing. */
bool engine_has_nobody(struct engine *, struct alert *, const struct alert_request *, const struct policy *,
		       const struct target *);
void engine_nobody_refused(struct engine *, int64_t alert);	/* a person's last number */
void engine_nobody_due(struct engine *);	/* a slice */
void engine_nobody_load(struct engine *);
/* A slice of the targets behind `*after` (-1: from the first), which moves: `lost` is told those that are
 * still open for which everybody who could be called is `gone`.  true: that was the last slice. */
typedef bool (*gone_fn)(void *ctx, uint32_t contact, const struct target *);
bool engine_nobody_without(struct engine *, struct alert *, int64_t *after, gone_fn, target_fn lost,
			   void *ctx);
/* ,"nobody":[{"code","name"} …]; of an alert without targets also how many "places" it was looked for in. */
void engine_tell_nobody(struct engine *, struct alert *, const struct alert_request *, struct buf *json);

/* -- unheld.c: the same of an alert that is told in places and has no targets -- */

void engine_tell_unheld(struct engine *, struct alert *, const struct alert_request *, struct buf *json);

/* -- raise.c -- */

/* Records an answer and raises every target that it counts for.  Returns the task that it opened or
 * grew, 0 = none. */
int64_t engine_raise(struct engine *, struct alert *, const struct answer *);

#endif
