/* internal.h -- what the files of store/ share: cached statements and terse binding. */
#ifndef GONG_STORE_INTERNAL_H
#define GONG_STORE_INTERNAL_H

#include <sqlite3.h>

#include "daemon/store/check.h"
#include "daemon/store/store.h"

#define STATEMENT_SLOTS 512
#define STORE_APPLICATION 0x676f6e67	/* "gong" */

/* A connection with the statements made on it. */
struct connection {
	sqlite3 *db;
	struct statement {
		const char *sql;	/* address of the literal is the key */
		sqlite3_stmt *stmt;
		bool lists;		/* it writes a list of places, people or duties */
	} slots[STATEMENT_SLOTS];
};

struct store {
	struct connection main;		/* the only one that writes */
	/* Beside it, read only, opened when damage is met.  After a read that met damage SQLite
	 * lets a transaction write no more; what may be read in part is read here. */
	struct connection *beside;
	char *path;
	struct guard *guard;		/* borrowed; NULL in tests */
	table_set damaged;		/* tables found damaged by this connection, as a set */
	bool cut;			/* the statement run last ended at a damaged page */
	bool careful;			/* damage was met: read in small bites */
	bool lenient;			/* of any table, what can be read is enough just now */
	table_set unwritable;		/* tables of records that take no more, as a set */
	table_set suspects;		/* tables of the statement that met damage */
	table_set tried_anew, made_anew;	/* tables whose indices were to be made anew; those that were */
	struct hand_page *hand;		/* borrowed, not used here */
	bool met_damage;		/* the turn failed for that */
	bool met_fault;			/* … or because of what was to be written */
	bool again;			/* the turn failed, but another one will go further */
	bool failed, full, held;	/* held: by another program */
	bool lists_changed;		/* in this turn */
	bool writes_lists;		/* for many turns to come */
	unsigned long statements;	/* run since it was opened */
	int changes_before;		/* sqlite3_total_changes at store_begin */
	char reason[256];
	bool have_audit_hash;
	unsigned char audit_hash[32];
	bool floors_known;
	int64_t floors[STORE_TABLE_COUNT];	/* floors.c */
	char *alert_body;		/* last one read, see struct alert */
	bool have_person;
	struct person person;		/* last one read in this turn, if nobody was written since */
};

/* What gong says, as columns: English, the phrase's name, its values as JSON; a verbatim text has
 * the first only.  tasks.c; `values` is freed by the caller. */
struct stored_said {
	char text[SAID_BYTES];
	const char *phrase;
	char *values;
};
void store_said(const struct said *, struct stored_said *out);

/* Is it a word for a damaged file? */
static inline bool
store_is_damage(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

/* staged.c: a row of its columns. */
void staged_from(sqlite3_stmt *, struct staged *out);
#define STAGED_COLUMNS "id, kind, stage, gone, by_kind, by_name, generation, within, replace, " \
	"confirmed, at, expires_at, rows, added, changed, unchanged, missing, inside, cursor, touched, " \
	"removed, deactivated, lost, coalesce(lost_at, '')"
/* floors.c: the id of a new row of a table whose ids people may have seen; 0: SQLite's own choice.  And
 * the lowest that it may have, 0: any. */
int64_t store_next_id(struct store *, enum store_table);
int64_t store_floor(struct store *, enum store_table);
/* wal.c: the name of the VFS to open with.  It stands on the one that is SQLite's default at the
 * first call. */
const char *store_vfs(void);
/* indices.c: makes the indices of those tables anew, once, as far as the tables can be read; no
 * transaction may be open.  The set of tables for which it was done. */
table_set store_indices_anew(struct store *, table_set tables);
/* fits.c: the first column of its first row; -1: none, or it cannot be read. */
int store_one_int(sqlite3 *, const char *sql);
/* check.c: SQLite says so of stores that are sound. */
bool store_is_false_alarm(const char *why);
/* check.c: of those tables, the set that was not read to its end. */
table_set store_check_tables(sqlite3 *, table_set tables, go_on_fn, damaged_fn, void *ctx);

/* Binds and returns the ready statement of a literal; NULL once the store has failed.
 * types: i int64, d double, t text (NULL ok), b 32-byte blob, B bytes and their count (size_t), n msec or 0/NEVER = null. */
sqlite3_stmt *store_query(struct store *, const char *sql, const char *types, ...);
bool store_step(struct store *, sqlite3_stmt *);	/* a row? resets when there is none */
void store_done(sqlite3_stmt *);			/* resets after an early end */
bool store_any(struct store *, sqlite3_stmt *);		/* is there a row? */
msec store_instant(struct store *, sqlite3_stmt *);	/* of its first row; NEVER: none, or null */
int store_run(struct store *, const char *sql, const char *types, ...); /* rows changed, -1 */
int64_t store_last_id(struct store *);

static inline msec
column_msec(sqlite3_stmt *st, int column)
{
	return sqlite3_column_type(st, column) == SQLITE_NULL
		? NEVER : sqlite3_column_int64(st, column);
}

#endif
