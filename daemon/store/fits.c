/* fits.c -- whether a start on a store would be refused, known before it is tried. */
#include "daemon/store/fits.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/phrase.h"
#include "daemon/store/copy.h"
#include "daemon/store/internal.h"

void
store_reading_uri(const char *path, struct buf *out)
{
	struct buf log = { 0 };

	buf_printf(&log, "%s-wal", path);
	buf_puts(out, "file:");
	for (const char *p = path; *p; p++)
		buf_printf(out, strchr("%?#", *p) ? "%%%02X" : "%c", (unsigned char)*p);
	buf_puts(out, access(log.data, F_OK) < 0 ? "?immutable=1" : "?mode=ro");
	buf_fini(&log);
}

int
store_one_int(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int value = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		value = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return value;
}

static int
is_newer(const char *path, int version, struct err *err)
{
	char *copy = store_copy_newest(path, store_schema());
	int rc = copy ? err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), fits_newer_copy, path, NUM(version),
				NUM(store_schema()), copy)
		: err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), fits_newer, path, NUM(version),
			  NUM(store_schema()));

	free(copy);
	return rc;
}

static int
look(sqlite3 *db, const char *path, struct err *err)
{
	int version = store_one_int(db, "PRAGMA user_version"), tables = store_one_int(db, "SELECT count(*) FROM sqlite_schema");
	char why[200];

	if (version < 0 || tables < 0)
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), fits_damaged, path, sqlite3_errmsg(db));
	if (!tables)
		return 0;		/* an empty file: the first start makes it */
	if (store_one_int(db, "PRAGMA application_id") != STORE_APPLICATION)
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), fits_foreign, path);
	if (version > store_schema())
		return is_newer(path, version, err);
	if (version < store_schema() && store_is_unsound(db, why, sizeof(why)))
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), fits_damaged, path, why);
	return 0;
}

int
store_fits(const char *path, struct err *err)
{
	struct buf uri = { 0 };
	sqlite3 *db = NULL;
	int rc;

	store_reading_uri(path, &uri);
	if (sqlite3_open_v2(uri.data, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL) ==
		    SQLITE_OK &&
	    sqlite3_exec(db, "PRAGMA query_only = 1; PRAGMA busy_timeout = 1000", NULL, NULL, NULL) == SQLITE_OK)
		rc = look(db, path, err);
	else
		rc = err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), check_store, path, sqlite3_errmsg(db));
	sqlite3_close(db);
	buf_fini(&uri);
	return rc;
}
