/* indices.c -- an index on a damaged page is made anew from its table.  It holds nothing of its own, so
 * nothing is guessed and nothing is lost; a table is never mended. */
#include "daemon/store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"

/* The statements that made a table's indices; those of UNIQUE and PRIMARY KEY have none. */
static void
read_indices(sqlite3 *db, const char *table, struct buf *script)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(db, "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? "
			       "AND sql IS NOT NULL", -1, &st, NULL) == SQLITE_OK)
		sqlite3_bind_text(st, 1, table, -1, SQLITE_STATIC);
	while (st && sqlite3_step(st) == SQLITE_ROW) {
		buf_puts(script, (const char *)sqlite3_column_text(st, 0));
		buf_puts(script, ";");
	}
	sqlite3_finalize(st);
}

static bool
run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* DROP INDEX reads the pages it gives back, and stops at the damaged one: they are left where they
 * lie, used by nobody.  What cannot be made anew, because its table cannot be read, stays as it is. */
static bool
make_anew(sqlite3 *db, const char *table)
{
	struct buf script = { 0 };
	char forget[160];
	bool done = false;

	read_indices(db, table, &script);
	snprintf(forget, sizeof(forget), "DELETE FROM sqlite_schema WHERE type = 'index' AND "
		 "tbl_name = '%s' AND sql IS NOT NULL", table);
	if (script.len && run(db, "BEGIN IMMEDIATE")) {
		done = run(db, "PRAGMA writable_schema = 1") && run(db, forget) &&
			run(db, "PRAGMA writable_schema = RESET") && run(db, script.data) &&
			run(db, "COMMIT");
		if (!sqlite3_get_autocommit(db))
			run(db, "ROLLBACK");
		run(db, "PRAGMA writable_schema = RESET");
	}
	buf_fini(&script);
	return done;
}

static void
is_damaged(void *ctx, enum store_table table, const char *why)
{
	*(table_set *)ctx |= TABLE_BIT(table);
}

table_set
store_indices_anew(struct store *s, table_set tables)
{
	table_set damaged = 0, done = 0;

	tables &= TABLES_ALL & ~s->tried_anew;
	/* Of several, the one whose pages are no b-tree; of one, whatever is wrong with it. */
	if (tables & (tables - 1))
		store_check_tables(s->main.db, tables, NULL, is_damaged, &damaged);
	else
		damaged = tables;
	for (int t = 0; t < STORE_TABLE_COUNT; t++)
		if (damaged >> t & 1 && make_anew(s->main.db, store_table_names[t]))
			done |= TABLE_BIT(t);
	s->tried_anew |= damaged;
	s->made_anew |= done;
	return done;
}
