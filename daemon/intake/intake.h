/* intake.h -- bytes from outside -> one command, or a refusal that says what, where and how to
 * mend it.  Checks shapes and sizes; whether names and numbers mean anything, and
 * whether who asks may do that, is the engine's business.  Pure but for memory; any thread.
 *
 * Every function returns 0, or -1 with err filled: unreadable, forbidden (a right is missing) or
 * invalid, and the member, or row and column, that it is about. */
#ifndef GONG_INTAKE_H
#define GONG_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/msec.h"
#include "daemon/contract/contract.h"
#include "daemon/settings/settings.h"
#include "files/instant.h"

#define INTAKE_DEPTH_MAX 8		/* nesting of JSON */
#define INTAKE_LIST_MAX 20000		/* entries of one list */
#define INTAKE_KEY_MAX 128		/* bytes of an idempotency key */
#define INTAKE_VALUE_MAX 2000		/* bytes of one parameter's value */
#define INTAKE_ROWS_MAX 2000000		/* rows of an imported file */
#define INTAKE_LINE_MAX 65536		/* bytes of one of its lines */

/* `key_header`: the header Idempotency-Key, or NULL.  A dry run needs no key. */
int intake_alert(struct alert_request **out, const char *body, size_t len, const char *key_header, bool dry_run, struct err *);
/* As intake_alert; `settings` for the policy's first step. */
int intake_callout(struct alert_request **out, const char *body, size_t len, const char *key_header, bool dry_run,
		   const struct settings *, struct err *);
int intake_ack(struct answer_request **out, int64_t alert, const char *body, size_t len, struct err *);
int intake_cancel(struct cancel_request **out, int64_t alert, const char *body, size_t len, struct err *);
/* A question to a route; `plan` for numbers as people write them. */
int intake_ask(struct ask_request **out, const char *body, size_t len,
	       const struct phone_plan *plan, struct err *);
/* What the desk does with a task; `taken`: it is taken, and needs neither note nor body. */
int intake_task(struct task_request **out, int64_t task, bool taken, const char *body, size_t len,
		struct err *);
/* What the desk decides about a text: `kind` is CMD_INBOX_… */
int intake_inbox(struct inbox_request **out, int64_t inbox, enum command_kind kind, const char *body,
		 size_t len, struct err *);
/* One person or place, whole or (`patch`) in part; `ref` and `code` as the address has them. */
int intake_contact(struct contact_request **out, const char *ref, bool patch, const char *body, size_t len,
		   const struct settings *, struct err *);
int intake_opt_in(struct contact_request **out, const char *ref, const char *body, size_t len, struct err *);
int intake_division(struct division_request **out, const char *code, bool patch, const char *body, size_t len,
		    struct err *);
/* {"note": "…"}, where there need not be a note nor a body: *note may be NULL. */
/* An import that waits is to be applied: {"replace", "yes"}; no body is both false. */
int intake_import_apply(struct staged_request *, const char *body, size_t len, struct err *);
int intake_route_resume(char **note, const char *body, size_t len, struct err *);

/* A CSV file as it arrives (docs/import.md): UTF-8 with or without BOM, or GBK; commas, semicolons or
 * tabs.  All that is wrong with it is noted, not the first fault only. */
struct csv_intake;
struct csv_intake *csv_intake_new(enum import_kind, struct settings *);
/* -1: the rest cannot be read either, csv_intake_faults says why. */
int csv_intake_feed(struct csv_intake *, const void *bytes, size_t len);
/* The end of the file: the command's rows, and the faults found in them, to which the engine adds what
 * only the store knows.  -1: it could not be read to its end.  The intake still has to be freed. */
int csv_intake_finish(struct csv_intake *, struct import_request **out);
const struct faults *csv_intake_faults(const struct csv_intake *);	/* until it is finished with rows */
void csv_intake_free(struct csv_intake *);		/* NULL is fine */

/* RFC 3339, or "2026-11-24 06:00" in the process's zone (gongd sets TZ to the site's). */
int time_parse_local(msec *out, const char *text);
/* The same, and a plain date ("2026-12-01", when that day begins) or a clock time ("02:00" or "02:00:30", the
 * last time that the clock showed it, at the latest `now`), both in the process's zone. */
int time_parse_past(msec *out, const char *text, msec now);

#endif
