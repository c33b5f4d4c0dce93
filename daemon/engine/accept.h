/* accept.h -- floor 7 of the engine: from a request to an alert on disk, and its end by hand. */
#ifndef GONG_ENGINE_ACCEPT_H
#define GONG_ENGINE_ACCEPT_H

#include "daemon/engine/climb.h"

/* In a batch (e->batched) without a savepoint of its own: then e->spoiled says that a refusal has
 * left rows behind. */
void engine_accept(struct engine *, struct command *);
bool engine_accept_is_plain(const struct command *);	/* may it be in a batch? */
/* 0 with err: refused, and what was written must be undone.  Otherwise the
 * new alert's id; `accepted` is the alert without its body; what its texts lack is added to the lacks
 * (may be NULL). */
int64_t engine_accept_request(struct engine *, const struct principal *, struct alert_request *,
			      struct alert *accepted, struct text_lacks *, struct err *);
void engine_cancel(struct engine *, struct command *);
/* An alert that a restore holds goes on from where its clock stood. */
void engine_alert_resume(struct engine *, struct command *);
/* The severity that it has for queues and rights: a duty callout ranks with red, whatever it calls itself.
 * `p` may be NULL. */
enum severity engine_ranks_with(const struct alert_request *, const struct policy *p);

/* -- kinds.c -- */

/* Gives a request without a template that of its kind and colour, and its policy; -1 fills err. */
int engine_settle_kind(struct engine *, struct alert_request *, struct err *);
/* `,"template":…,"policy":…`: by what the alert goes, which the table may have found. */
void engine_tell_text(struct engine *, const struct alert *, struct buf *json);
/* A cancellation that lifts the alert has the template of its kind; -1 fills err. */
int engine_settle_lift(struct engine *, const struct alert *, struct cancel_request *, struct err *);

/* -- text_preview.c -- */

/* Answers with what readers of the request's places would get of its template. */
void engine_preview(struct engine *, const struct alert_request *, uint64_t to);

/* -- previews.c -- */

void engine_stage_look(struct engine *);	/* some preview has changed */
/* What is kept of a division, of a duty. */
void engine_staged_division(struct buf *, const char *name, const char *params);
void engine_staged_shape(struct buf *, const struct shape *);
void engine_staged_duty(struct buf *, int64_t role, division_code, msec from_at, msec to_at);

/* -- import.c -- */

void engine_import_slice(struct engine *);	/* of e->import */
void engine_import_over(struct engine *);	/* it was refused, or put aside */
bool engine_import_freed(struct engine *);	/* some of its rows; true: it has none left */

/* -- import_rows.c -- */

/* A slice of the rows finds those about the same; true: all have. */
bool engine_import_link(struct import_request *);
/* The last row of the file about what `like` names; NULL: there is none. */
const struct import_row *engine_import_named(const struct import_request *, const struct import_row *like);

/* -- stage.c: a preview is made -- */

#define STAGED_MS HOURS(1)		/* that a preview waits */

/* -1: err refuses it. */
int engine_stage_begin(struct engine *, const struct command *, struct err *);
void engine_stage_slice(struct engine *, struct command *);	/* behind its last row; it answers */
void engine_stage_aside(struct engine *, int64_t id);		/* it will not be finished */

/* -- bereft.c -- */

/* Of an import that is no preview, 0: its rows are told, all of them, then it looks as for others.  begin:
 * false, another looks just now.  rows_end: false, nobody loses anything. */
bool engine_bereft_begin(struct engine *);
void engine_bereft_row(struct engine *, const struct card *was, const struct card *now);	/* was: may be NULL */
bool engine_bereft_rows_end(struct engine *);
bool engine_bereft_is(const struct engine *, int64_t import);	/* it looks, for that one */
/* The refusal of one that would leave q->lost open targets without anybody; `about` says what overrides it.
 * -1. */
int engine_bereft_say(const struct staged *q, struct about, struct err *);
/* Fills q->lost and lost_at; false: there is more to look at, in turns to come. */
bool engine_bereft_slice(struct engine *, struct staged *q);
void engine_bereft_end(struct engine *, int64_t import);	/* that one looks no more */
void engine_bereft_drop(struct engine *);

/* -- apply.c -- */

void engine_import_apply(struct engine *, struct command *);
void engine_import_drop(struct engine *, struct command *);
void engine_import_damaged(struct engine *, int64_t id);	/* it was put aside */
void engine_imports_due(struct engine *);	/* a slice; and those whose time is over */
msec engine_imports_next(const struct engine *);
void engine_imports_load(struct engine *);

/* -- dry_run.c -- */

/* Plans every step of an alert that has just been accepted, as if nobody answered, and tells what
 * came of it; the caller undoes all of it. */
void engine_dry_run(struct engine *, uint64_t to, int64_t alert, const struct alert_request *asked,
		    const struct text_lacks *);
/* `"incomplete":true` and the tables, when a list of people cannot be read whole. */
void engine_tell_incomplete(struct engine *, struct buf *json);

/* -- lacking.c -- */

/* One element of "warnings"; `more` are further members, with a comma before each. */
void engine_warn(struct buf *json, const char *comma, size_t step, const struct said *,
		 const char *more);
/* Elements of "warnings", each with a comma before it but the first, which has `comma`. */
void engine_tell_lacks(struct engine *, const struct text_lacks *, const char *comma,
		       struct buf *json);
/* What the texts of an alert that was accepted before lack for its places, as the list is now. */
void engine_lacks_again(struct engine *, const struct alert *, const struct alert_request *,
			struct text_lacks *);

/* -- replaced.c -- */

/* `"replaces":{…}` with what it takes over; nothing, if it replaces none. */
void engine_tell_replaced(struct engine *, const struct alert *, const struct alert_request *,
			  struct buf *json);
/* In a dry run, once its first steps are planned: rows only, all of which are undone. */
void engine_rehearse_replacement(struct engine *, struct alert *, const struct alert_request *);

#endif
