/* check.h -- reads tables through and says which are damaged; it mends nothing. */
#ifndef GONG_CHECK_H
#define GONG_CHECK_H

#include <stdbool.h>

#include "core/err.h"
#include "daemon/store/guard.h"

/* Asked every few thousand steps of the reading; false: stop.  It may sleep. */
typedef bool (*go_on_fn)(void *ctx);
/* A table was found damaged; `why` is SQLite's first word about it. */
typedef void (*damaged_fn)(void *ctx, enum store_table, const char *why);

/* Without these gongd cannot run at all, and refuses to start. */
#define TABLES_VITAL (TABLE_BIT(TABLE_META) | TABLE_BIT(TABLE_ROLE) | TABLE_BIT(TABLE_ROUTE) | TABLE_BIT(TABLE_DOCUMENT))
/* Who is told.  They may be read in part, loudly. */
#define TABLES_LISTS (TABLE_BIT(TABLE_DIVISION) | TABLE_BIT(TABLE_SHAPE) | TABLE_BIT(TABLE_CONTACT) | TABLE_BIT(TABLE_NUMBER) | \
		      TABLE_BIT(TABLE_POST) | TABLE_BIT(TABLE_ROSTER))
/* Statements that only read these end where the damage begins, and the turn goes on: who is told,
 * what people said, what was tried, stories.  All others fail the turn. */
#define TABLES_IN_PART (TABLES_LISTS | TABLES_RECORDS)
/* What is only written down: dropped where its table cannot take it any more. */
#define TABLES_RECORDS (TABLE_BIT(TABLE_EVENT) | TABLE_BIT(TABLE_AUDIT) | TABLE_BIT(TABLE_TASK) | \
			TABLE_BIT(TABLE_ANSWER) | TABLE_BIT(TABLE_ATTEMPT) | TABLE_BIT(TABLE_SIGNAL_RAW))
#define TABLES_ALL (TABLE_BIT(TABLE_LOG) - 1)

/* Reads every page of the tables (a set) and of their indices on a read-only connection of its
 * own, those that alerts depend on first; one table is one read transaction.  `*unread`: those not read to their end, because
 * `go_on` said so or the disk did.  -1: err says why nothing could be read. */
int store_check(const char *path, table_set tables, table_set *unread, go_on_fn, damaged_fn,
		void *ctx, struct err *err);

#endif
