/* check.c -- SQLite's own check of b-trees and rows, a table at a time. */
#include "daemon/store/check.h"

#include <stdio.h>
#include <string.h>

#include "daemon/store/internal.h"

#define STEPS_BETWEEN 4000		/* of SQLite's machine: well under a millisecond */

/* Those that alerts hang on first; what is left follows in the order of the schema. */
static const enum store_table order[] = {
	TABLE_META, TABLE_ROLE, TABLE_ROUTE, TABLE_DOCUMENT, TABLE_DIVISION, TABLE_ROSTER,
	TABLE_ALERT, TABLE_WAVE, TABLE_TARGET, TABLE_CONTACT, TABLE_NUMBER, TABLE_POST,
};

struct asking {
	go_on_fn go_on;
	void *ctx;
	bool stopped;
};

static int
on_progress(void *ctx)
{
	struct asking *a = ctx;

	if (a->go_on && !a->go_on(a->ctx))
		a->stopped = true;
	return a->stopped;
}

/* SQLite 3.40 counts the columns of a table without rowid as its key has them when it looks for
 * NULLs, and finds some in `roster` that are none. */
bool
store_is_false_alarm(const char *why)
{
	return strncmp(why, "NULL value in roster.", 21) == 0;
}

/* true: it was read to its end, or as far as its damage lets anybody. */
static bool
check_table(sqlite3 *db, enum store_table table, const struct asking *a, damaged_fn damaged,
	    void *ctx)
{
	sqlite3_stmt *st = NULL;
	char sql[80], why[200] = "";
	int rc;

	snprintf(sql, sizeof(sql), "PRAGMA quick_check('%s')", store_table_names[table]);
	rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
	if (rc == SQLITE_OK)
		do
			rc = sqlite3_step(st);
		while (rc == SQLITE_ROW && store_is_false_alarm((const char *)sqlite3_column_text(st, 0)));
	if (rc == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0)
		snprintf(why, sizeof(why), "%s", (const char *)sqlite3_column_text(st, 0));
	else if (store_is_damage(rc))
		snprintf(why, sizeof(why), "%s", sqlite3_errmsg(db));
	sqlite3_finalize(st);
	if (why[0] && !a->stopped)
		damaged(ctx, table, why);
	return rc == SQLITE_ROW || rc == SQLITE_DONE || store_is_damage(rc);
}

table_set
store_check_tables(sqlite3 *db, table_set tables, go_on_fn go_on, damaged_fn damaged, void *ctx)
{
	struct asking asking = { .go_on = go_on, .ctx = ctx };
	table_set left = tables;

	sqlite3_progress_handler(db, STEPS_BETWEEN, on_progress, &asking);
	for (int i = 0; i < (int)(sizeof(order) / sizeof(*order)) + STORE_TABLE_COUNT; i++) {
		int n = i - (int)(sizeof(order) / sizeof(*order));
		enum store_table table = n < 0 ? order[i] : (enum store_table)n;

		if (left >> table & 1 && !asking.stopped &&
		    check_table(db, table, &asking, damaged, ctx))
			left &= ~TABLE_BIT(table);
	}
	sqlite3_progress_handler(db, 0, NULL, NULL);
	return left;
}

int
store_check(const char *path, table_set tables, table_set *unread, go_on_fn go_on,
	    damaged_fn damaged, void *ctx, struct err *err)
{
	sqlite3 *db = NULL;
	int rc = 0;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
		    SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA query_only = 1; PRAGMA busy_timeout = 1000;"
			 "PRAGMA cache_size = -1024", NULL, NULL, NULL) != SQLITE_OK)
		rc = err_set(err, "cannot read %s: %s", path, sqlite3_errmsg(db));
	else
		*unread = store_check_tables(db, tables, go_on, damaged, ctx);
	sqlite3_close(db);
	return rc;
}
