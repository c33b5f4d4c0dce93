/* read_internal.h -- what the files behind read.h share.  From the ground: read_rows.c, the views
 * (read_alerts.c, read_messages.c), read.c which says which view is asked for. */
#ifndef GONG_READ_INTERNAL_H
#define GONG_READ_INTERNAL_H

#include <sqlite3.h>

#include "daemon/settings/rights.h"
#include "daemon/store/read.h"

#define READ_STATEMENTS 128
#define READ_POLICIES 8

struct reader {
	sqlite3 *db;
	struct guard *guard;		/* borrowed; NULL in tests */
	int64_t give_up_at;		/* monotonic ms */
	enum { READ_FINE, READ_TOO_SLOW, READ_FAILED } failed;
	char reason[200];		/* of READ_FAILED */
	struct {
		const char *sql;	/* address of the literal is the key */
		sqlite3_stmt *stmt;
	} statements[READ_STATEMENTS];
	/* Policies of older documents; settings has those in force. */
	struct {
		int64_t document;
		struct policy *policy;
	} policies[READ_POLICIES];
	size_t policy_next;
	struct read_memory *memory;	/* of read_news; made when first needed */
};

/* Notes what stopped SQLite (its result code); the first reason stands. */
void read_failed(struct reader *, int rc, const char *sql);
/* The statement of a literal, bound and at its start; the reader keeps it.  NULL = trouble, which is
 * noted.  types: i int64, t text */
sqlite3_stmt *read_query(struct reader *, const char *sql, const char *types, ...);
bool read_step(struct reader *, sqlite3_stmt *);	/* a row?  resets when there are no more */
int64_t read_number(struct reader *, sqlite3_stmt *);	/* the only column of the only row; or 0 */
int64_t read_clock(void);		/* monotonic ms */
/* Less than half of its time is gone: what goes on by a cursor may begin another piece. */
bool read_has_time(const struct reader *);
/* A cursor is what `next` said: `count` numbers.  -1 = it is none. */
int read_cursor(const char *text, int64_t *out, int count);
size_t read_limit(const struct read_query *);
/* Ends a list: the cursor of its last row if there is more. */
void read_list_end(struct buf *, bool more, int64_t last);

void json_text(struct buf *, const char *name, const char *value);
void json_number(struct buf *, const char *name, sqlite3_stmt *, int column);
void json_column(struct buf *, const char *name, sqlite3_stmt *, int column);
/* Three columns from `column` on: a text, its phrase, its values.  NAME in the reader's language; with
 * a phrase also its "code" and "values" ("note_code" and "note_values" of a note). */
void json_said(struct buf *, const char *name, sqlite3_stmt *, int column, enum lang);
/* The same of a said that was just made: NAME, "code", "values". */
void json_sentence(struct buf *, const char *name, const struct said *, enum lang);
/* An attempt's reason: words, and phrases among them. */
void json_value(struct buf *, const char *name, sqlite3_stmt *, int column, enum lang);
void json_division(struct buf *, const char *name, sqlite3_stmt *, int column);
/* {"code", "name"} */
void json_place(struct reader *, division_code, struct buf *);
void json_phone(struct buf *, const char *name, int64_t e164, bool unmasked);

/* Each returns 0, or -1 with err filled. */
int read_alerts(struct reader *, const struct read_query *, const struct settings *, struct buf *,
		struct err *);
int read_alert(struct reader *, const struct read_query *, const struct settings *, msec now,
	       struct buf *, struct err *);
int read_targets(struct reader *, const struct read_query *, struct buf *, struct err *);
int read_messages(struct reader *, const struct read_query *, struct buf *, struct err *);
int read_messages_csv(struct reader *, const struct read_query *, struct buf *, struct err *);
int read_events(struct reader *, const struct read_query *, const struct settings *, struct buf *,
		struct err *);
int read_tasks(struct reader *, const struct read_query *, const struct settings *, struct buf *,
	       struct err *);
int read_routes(struct reader *, const struct settings *, enum lang, struct buf *);
int read_news(struct reader *, const struct read_query *, const struct settings *, struct buf *,
	      struct err *);
int read_answers(struct reader *, const struct read_query *, const struct settings *, struct buf *,
		 struct err *);
int read_inbox(struct reader *, const struct read_query *, const struct settings *, struct buf *,
	       struct err *);
int read_shapes(struct reader *, const struct read_query *, struct buf *, struct err *);
int read_divisions(struct reader *, const struct read_query *, struct buf *, struct err *);
int read_season(struct reader *, const struct read_query *, const struct settings *, msec now,
		struct buf *, struct err *);
int read_division(struct reader *, const struct read_query *, const struct settings *, struct buf *,
		  struct err *);
int read_contacts(struct reader *, const struct read_query *, const struct settings *, struct buf *,
		  struct err *);
int read_contact(struct reader *, const struct read_query *, const struct settings *, struct buf *,
		 struct err *);
int read_tags(struct reader *, struct buf *);
/* EXPORT_…: as read.h says of MESSAGES_CSV. */
int read_export(struct reader *, const struct read_query *, const struct settings *, struct buf *,
		struct err *);
int read_imports(struct reader *, const struct read_query *, const struct settings *, struct buf *);
int read_import(struct reader *, const struct read_query *, struct buf *, struct err *);
int read_import_rows(struct reader *, const struct read_query *, const struct settings *, struct buf *,
		     struct err *);
/* As lists have it: to the second where it has no more, in the site's zone with its offset. */
void read_instant(struct buf *, int64_t at);
int read_sources(struct reader *, const struct read_query *, const struct settings *, msec now, struct buf *,
		 struct err *);
int read_signals(struct reader *, const struct read_query *, const struct settings *, struct buf *,
		 struct err *);
int read_signal(struct reader *, const struct read_query *, const struct settings *, struct buf *,
		struct err *);
void read_memory_free(struct read_memory *);

/* The policy an alert runs on: the one in force, or an older version of it from the store; NULL:
 * none, or not usable with these settings. */
const struct policy *read_policy(struct reader *, const struct settings *, int64_t document);

/* -- read_answers.c -- */

/* "coming": who comes to a callout, by what he said; null: it is none. */
void json_coming(struct reader *, const struct read_query *, const struct settings *,
		 const struct policy *, struct buf *);

/* -- read_forecast.c: how long what is to go still takes -- */

/* "forecast": of the alert's messages that have not left, and of the rungs that fire meanwhile. */
void json_forecast(struct reader *, const struct settings *, int64_t alert, const struct policy *,
		   msec now, struct buf *);

/* -- read_request.c: the request of an alert, as it was stored -- */

/* "request": its parameters and its audience, with names. */
void json_request(struct reader *, int64_t alert, struct buf *);
/* Is the division in the audience, or a part of the audience in it? */
bool read_concerns(struct reader *, int64_t alert, division_code);

/* -- read_people.c: who somebody is, and whether who reads may know -- */

/* What the role is called in the reader's language; its name where it has no title. */
const char *role_title(const struct settings *, const char *role, enum lang);
/* "contact", "person", "posts": at most a few of these. */
void json_person(struct reader *, const struct settings *, int64_t contact, enum lang, struct buf *);
/* "places": those of which the text spoke that he answered, else all that he was called for. */
void json_called(struct reader *, int64_t alert, int64_t contact, int64_t wave, struct buf *);
/* All his places in the alert are within the limits; without any there, all of his posts. */
bool read_sees_person(struct reader *, const struct rights *, int64_t contact, int64_t alert);

int read_no_alert(const struct read_query *, struct err *);	/* fills err, returns -1 */
/* Is there such an alert, and is the cursor one?  -1 fills err. */
int read_check(struct reader *, const struct read_query *, int64_t *cursor, int count,
	       struct err *);

#endif
