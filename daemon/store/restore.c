/* restore.c -- a copy takes the store's place. */
#include "daemon/store/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/cause.h"
#include "daemon/store/copy.h"
#include "daemon/store/fits.h"
#include "daemon/store/internal.h"

struct restore {
	char *path, *file, *made;	/* made: what is to take the place of `path` */
	char *kept, *list;
	bool is_there;			/* the store that is replaced */
	struct losses losses;
	struct epoch epoch;
	struct epoch_done held;
};

static char *
joined(const char *path, const char *end)
{
	struct buf out = { 0 };

	buf_printf(&out, "%s%s", path, end);
	return buf_take(&out);
}

static void
remove_all(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		char *name = joined(path, ends[i]);

		unlink(name);
		free(name);
	}
}

/* -- the file -- */

static int
open_file(sqlite3 **db, const char *file)
{
	struct buf uri = { 0 };
	int rc;

	store_reading_uri(file, &uri);
	rc = sqlite3_open_v2(uri.data, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
	buf_fini(&uri);
	return rc;
}

static int
check_file(sqlite3 *db, const char *file, struct err *err)
{
	int version = store_one_int(db, "PRAGMA user_version"), tables = store_one_int(db, "SELECT count(*) FROM sqlite_schema");

	if (version < 0 || tables < 0)
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), restore_damaged, file, sqlite3_errmsg(db));
	if (!tables || store_one_int(db, "PRAGMA application_id") != STORE_APPLICATION)
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), restore_foreign, file);
	if (version > store_schema())
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), restore_newer, file, NUM(version),
			       NUM(store_schema()));
	return 0;
}

static int
check_names(const struct restore *r, struct err *err)
{
	struct stat file, store;

	if (stat(r->file, &file) < 0)
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), restore_unreadable, r->file, cause_word(errno));
	if (!S_ISREG(file.st_mode))
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), restore_foreign, r->file);
	if (stat(r->path, &store) == 0 && store.st_dev == file.st_dev && store.st_ino == file.st_ino)
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), restore_itself, r->file);
	return 0;
}

/* -- what takes its place -- */

static int
make(const struct restore *r, struct err *err)
{
	sqlite3 *from = NULL, *to = NULL;
	sqlite3_backup *backup = NULL;
	char why[200] = "";
	int fd, rc = -1;

	remove_all(r->made);		/* of a restore that was ended in the middle */
	fd = open(r->made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), restore_unwritten, r->made, cause_word(errno));
	close(fd);
	if (open_file(&from, r->file) != SQLITE_OK) {
		err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), restore_unreadable, r->file, sqlite3_errmsg(from));
	} else if (check_file(from, r->file, err) == 0) {
		if (sqlite3_open_v2(r->made, &to, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
			backup = sqlite3_backup_init(to, "main", from, "main");
		if (!backup || sqlite3_backup_step(backup, -1) != SQLITE_DONE || sqlite3_backup_finish(backup) != SQLITE_OK)
			err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), restore_unwritten, r->made,
				sqlite3_errmsg(to));
		else if (store_is_unsound(to, why, sizeof(why)))
			err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), restore_damaged, r->file, why);
		else
			rc = 0;
	}
	sqlite3_close(to);
	sqlite3_close(from);
	return rc;
}

/* -- the store that is replaced -- */

static void
find_used(struct restore *r)
{
	table_set tables = epoch_tables();
	sqlite3 *db = NULL;
	bool there = r->is_there && open_file(&db, r->path) == SQLITE_OK;

	for (int t = 0; t < STORE_TABLE_COUNT; t++)
		if (tables >> t & 1 && !(there && epoch_used(db, (enum store_table)t, &r->epoch.used[t])))
			r->epoch.unread |= TABLE_BIT(t);
	sqlite3_close(db);
}

static void
name_kept(struct restore *r, msec now)
{
	time_t seconds = (time_t)(now / 1000);
	char end[48];
	struct tm at;

	localtime_r(&seconds, &at);
	strftime(end, sizeof(end), ".replaced-%Y%m%d-%H%M%S", &at);
	r->kept = joined(r->path, end);
	if (losses_any(&r->losses))
		r->list = joined(r->kept, ".txt");
}

/* -- the epoch -- */

static void
tell(struct store *s, const struct restore *r, const char *by)
{
	struct buf detail = { 0 };
	struct said said;

	buf_printf(&detail, "%s copied_at=%lld", r->file, (long long)r->epoch.copied_at);
	store_audit(s, r->epoch.at, by, "store.restore", detail.data);
	buf_fini(&detail);
	if (r->list)
		SAY(&said, task_store_restored, r->file, NUM(r->held.alerts), NUM(r->held.messages), r->list);
	else
		SAY(&said, task_store_restored_whole, r->file, NUM(r->held.alerts), NUM(r->held.messages));
	store_task_open(s, 0, "restored", &said, r->epoch.at);
}

static int
begin(struct restore *r, const char *by, enum lang lang, struct err *err)
{
	static const struct store_news alone = { .is_copy = true };
	struct store *s;
	struct err why;

	if (store_open_heard(&s, r->made, &alone, &why) < 0)
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), restore_damaged, r->file, why.text);
	if (r->is_there) {
		losses_carry(r->made, r->path);
		losses_find(&r->losses, r->made, r->path, lang);
		name_kept(r, r->epoch.at);
	} else {
		r->losses.alerts = true;
	}
	r->epoch.lost_alerts = r->losses.alerts;
	store_begin(s);
	r->epoch.copied_at = store_meta_get(s, "last_instant", 0);
	store_epoch_begin(s, &r->epoch, &r->held);
	tell(s, r, by);
	if (store_commit(s, &why) < 0) {
		store_close(s);
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), restore_unwritten, r->made, why.text);
	}
	store_close(s);
	return 0;
}

int
restore_prepare(struct restore **out, const char *path, const char *file, const char *by, msec now,
		enum lang lang, struct err *err)
{
	struct restore *r = xcalloc(1, sizeof(*r));
	struct stat st;
	int rc;

	*out = NULL;
	r->path = xstrdup(path);
	r->file = xstrdup(file);
	r->made = joined(path, ".restoring");
	r->is_there = stat(path, &st) == 0 && st.st_size > 0;
	r->epoch.at = now;
	rc = check_names(r, err);
	if (rc == 0)
		rc = make(r, err);
	if (rc == 0) {
		find_used(r);
		rc = begin(r, by, lang, err);
	}
	if (rc < 0) {
		restore_free(r);
		return -1;
	}
	*out = r;
	return 0;
}

const struct losses *
restore_losses(const struct restore *r)
{
	return &r->losses;
}

const struct epoch_done *
restore_held(const struct restore *r)
{
	return &r->held;
}

msec
restore_copied_at(const struct restore *r)
{
	return r->epoch.copied_at;
}

const char *
restore_kept(const struct restore *r)
{
	return r->kept;
}

const char *
restore_list(const struct restore *r)
{
	return r->list;
}

/* -- in its place -- */

static int
sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC), rc = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	return rc;
}

static int
sync_folder(const char *path)
{
	char *copy = xstrdup(path);
	int rc = sync_path(dirname(copy), O_RDONLY | O_DIRECTORY);

	free(copy);
	return rc;
}

static int
write_list(const struct restore *r)
{
	const struct buf *text = &r->losses.lines;
	int fd, rc;

	if (!r->list)
		return 0;
	fd = open(r->list, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	rc = write(fd, text->data ? text->data : "", text->len) == (ssize_t)text->len && fsync(fd) == 0 ? 0 : -1;
	return close(fd) < 0 ? -1 : rc;
}

/* A second name for each of its files; its log goes with it. */
static int
keep(const struct restore *r)
{
	char *log = joined(r->path, "-wal"), *kept_log = joined(r->kept, "-wal");
	int rc = link(r->path, r->kept);

	if (rc == 0 && link(log, kept_log) < 0 && errno != ENOENT)
		rc = -1;
	free(log);
	free(kept_log);
	return rc;
}

/* The old log goes before the new store comes: over that one it would be read as its own.  A power cut
 * between the two leaves the old store without its log, which the next gongd finds; both are kept whole. */
static int
exchange(const struct restore *r)
{
	static const char *const ends[] = { "-wal", "-shm", "-open", "-damage" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		char *name = joined(r->path, ends[i]);
		int rc = unlink(name);

		free(name);
		if (rc < 0 && errno != ENOENT)
			return -1;
	}
	return rename(r->made, r->path);
}

int
restore_install(struct restore *r, struct err *err)
{
	if (sync_path(r->made, O_RDWR) < 0 || write_list(r) < 0 || (r->is_there && keep(r) < 0) ||
	    sync_folder(r->path) < 0 || exchange(r) < 0 || sync_folder(r->path) < 0)
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), restore_unwritten, r->path, cause_word(errno));
	return 0;
}

void
restore_free(struct restore *r)
{
	if (!r)
		return;
	remove_all(r->made);
	losses_fini(&r->losses);
	free(r->path);
	free(r->file);
	free(r->made);
	free(r->kept);
	free(r->list);
	free(r);
}
