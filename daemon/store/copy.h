/* copy.h -- whole copies of the store beside it, each named by the schema that it has and the time it
 * was made: gong.db.8-20261201-160000.  One is made before a store is brought to a newer schema, and is
 * what an older gongd goes back to (docs/upgrade.md). */
#ifndef GONG_COPY_H
#define GONG_COPY_H

#include <sqlite3.h>
#include <stdbool.h>

#include "core/err.h"

#define COPIES_KEPT 3			/* of so many schemas, the newest of each */

/* Called at least every second or so while it goes on; may be NULL. */
typedef void (*copy_busy_fn)(void *ctx);

/* Copies the database that `db` has open, `path`, which nobody else writes; the copy is whole, read
 * through by SQLite's integrity check, on disk, and for its owner only (0600) before it has its name.
 * Older ones go then.  *name: the copy's path, caller frees.  -1: there is none; err says what is in
 * the way, with the remedy. */
int store_copy(sqlite3 *db, const char *path, int version, char **name, copy_busy_fn, void *ctx, struct err *);
/* The newest copy of `path` whose schema is at most `version`; NULL: there is none.  Caller frees. */
char *store_copy_newest(const char *path, int version);
/* SQLite's first word about a database that is not sound; false: it is. */
bool store_is_unsound(sqlite3 *db, char *why, size_t size);

#endif
