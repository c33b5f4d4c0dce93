/* guard.h -- the store's files: one gongd works on them, they are those that were opened, and what
 * is known to be damaged is not forgotten.
 *
 * One guard a process, made before SQLite opens the file and never closed while it works: closing
 * any other descriptor of the database drops SQLite's own (POSIX) locks on it.  Everything but
 * guard_open and guard_close may be called from any thread. */
#ifndef GONG_GUARD_H
#define GONG_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

/* Every table of schema.sql. */
#define STORE_TABLES(X) \
	X(META, meta) X(DIVISION, division) X(SHAPE, shape) X(CONTACT, contact) X(NUMBER, number) X(REACHED, reached) X(ROLE, role) \
	X(POST, post) X(POST_OFF, post_off) X(TAG, tag) X(TAGGED, tagged) X(ROSTER, roster) X(STAGED, staged) X(STAGED_ROW, staged_row) \
	X(DOCUMENT, document) X(ROUTE, route) \
	X(ROUTE_ALARM, route_alarm) X(ROUTE_ALARM_TOLD, route_alarm_told) X(ALERT, alert) \
	X(ALERT_DOCUMENT, alert_document) X(ALERT_TAGGED, alert_tagged) X(LOST_KEY, lost_key) \
	X(TARGET, target) X(STANDING, standing) X(CATCH_UP, catch_up) X(CALLED, called) \
	X(WAVE, wave) X(VARIANT, variant) X(MESSAGE, message) X(TOLD, told) \
	X(ATTEMPT, attempt) X(RECEIPT_KEY, receipt_key) X(RECEIPT_EARLY, receipt_early) \
	X(ANSWER, answer) X(INBOUND, inbound) \
	X(SOURCE, source) X(SIGNAL, signal) X(SIGNAL_RAW, signal_raw) X(SIGNAL_WATCH, signal_watch) \
	X(SIGNAL_COVER, signal_cover) X(OUTBOX, outbox) X(DLR, dlr) X(TASK, task) X(EVENT, event) X(AUDIT, audit) \
	X(LOG, wal)			/* no table: the database's log, gong.db-wal */

enum store_table {
#define X(name, word) TABLE_##name,
	STORE_TABLES(X)
#undef X
	STORE_TABLE_COUNT
};
/* A set of them: 64 at most. */
typedef uint64_t table_set;
#define TABLE_BIT(table) ((table_set)1 << (table))
extern const char *const store_table_names[STORE_TABLE_COUNT];
/* "post, number" into `out`, in the order of the schema; cut when it does not fit. */
void store_tables_format(char *out, size_t size, table_set tables);
/* The tables that a statement reads or writes; each stands behind FROM, JOIN, INTO or UPDATE. */
table_set store_tables_in(const char *sql);

struct guard;

/* Locks the folder and the database file (made empty when there is none) against a second gongd,
 * and reads what an earlier run wrote about damage: if that was about another file, a person has
 * restored one, and it is forgotten.  Refuses a log that belongs to another database file; one
 * that is missing after a stop without an end is damage.  -1: err says what is in the way. */
int guard_open(struct guard **out, const char *store_path, struct err *);
/* The locks alone, for who puts another store in its place; the file need not be there.  -1: a gongd works
 * on it, or the folder cannot be had. */
int guard_lock(struct guard **out, const char *store_path, struct err *);
void guard_close(struct guard *);	/* when SQLite has closed the file; NULL is fine */
bool guard_was_restored(const struct guard *);	/* guard_open forgot damage of another file */

/* SQLite has opened the database: its log and the log's index are those that lie beside it now. */
void guard_files_are_open(struct guard *);
/* SQLite is about to close it in order, and to take its log away. */
void guard_files_will_close(struct guard *);
/* Looks at the folder (three stat calls, which a hanging disk delays: neither on the loop's thread
 * nor under a lock).  false: the database, its log or the log's index was removed or replaced;
 * `why` is a sentence with the remedy. */
bool guard_look(struct guard *, struct said *why);

/* Notes damaged tables with SQLite's or a checker's word for it; written beside the store at once,
 * so that no restart forgets.  true: some of them were not known. */
bool guard_damage(struct guard *, table_set tables, const char *why);
/* One of these is damaged; who reads tables through (watch.c) shall say which. */
void guard_suspect(struct guard *, table_set tables);
table_set guard_take_suspects(struct guard *);	/* and forgets them */
table_set guard_damaged(const struct guard *);	/* 0: nothing is known to be damaged */
/* What a person must know and do. */
void guard_damage_said(const struct guard *, struct said *out);

#endif
