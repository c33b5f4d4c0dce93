/* copy.c -- makes, checks and finds whole copies of the store. */
#include "daemon/store/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
#include "daemon/store/internal.h"

#define PAGES_AT_ONCE 2000		/* 8 MiB: well under a second on a slow disk */
#define SPARE_BYTES (64ll << 20)	/* for the log that the migration writes */
#define STEPS_BETWEEN 1000000		/* of SQLite's machine: some 50 ms */
#define COPIES_SEEN 64
#define MIB(bytes) ((long long)((bytes) >> 20))

struct copy {				/* as its name says */
	int version;
	char name[256];			/* in the folder; its end sorts by time */
};

struct copies {
	char *folder, *file;		/* of the store */
	struct copy list[COPIES_SEEN];
	size_t count;
};

struct busy {
	copy_busy_fn fn;
	void *ctx;
};

static int
on_progress(void *ctx)
{
	const struct busy *b = ctx;

	if (b->fn)
		b->fn(b->ctx);
	return 0;
}

/* "8-20261201-160000"; 0: it is no such name. */
static int
version_in(const char *end)
{
	int version, day, second, len = 0;

	if (sscanf(end, "%d-%8d-%6d%n", &version, &day, &second, &len) != 3 || end[len] || version < 1)
		return 0;
	return version;
}

static int
newest_first(const void *a, const void *b)
{
	const struct copy *x = a, *y = b;
	const char *when_x = strrchr(x->name, '.'), *when_y = strrchr(y->name, '.');

	return strcmp(strchr(when_y, '-'), strchr(when_x, '-'));
}

static void
copies_find(struct copies *c, const char *path)
{
	char *slash;
	struct dirent *entry;
	size_t len;
	DIR *dir;

	*c = (struct copies){ .folder = xstrdup(path) };
	slash = strrchr(c->folder, '/');
	c->file = xstrdup(slash ? slash + 1 : path);
	if (slash)
		*slash = '\0';
	len = strlen(c->file);
	dir = opendir(slash ? c->folder : ".");
	while (dir && (entry = readdir(dir)) && c->count < COPIES_SEEN) {
		const char *name = entry->d_name;
		struct copy *one = &c->list[c->count];

		if (strncmp(name, c->file, len) != 0 || name[len] != '.' ||
		    !(one->version = version_in(name + len + 1)))
			continue;
		snprintf(one->name, sizeof(one->name), "%s", name);
		c->count++;
	}
	if (dir)
		closedir(dir);
	qsort(c->list, c->count, sizeof(*c->list), newest_first);
}

static void
copies_fini(struct copies *c)
{
	free(c->folder);
	free(c->file);
}

static char *
copy_path(const struct copies *c, const struct copy *one)
{
	struct buf path = { 0 };

	buf_printf(&path, "%s/%s", c->folder, one->name);
	return buf_take(&path);
}

char *
store_copy_newest(const char *path, int version)
{
	struct copies c;
	char *found = NULL;

	copies_find(&c, path);
	for (size_t i = 0; i < c.count && !found; i++)
		if (c.list[i].version <= version)
			found = copy_path(&c, &c.list[i]);
	copies_fini(&c);
	return found;
}

static bool
is_newest_of_its_schema(const struct copies *c, size_t i)
{
	for (size_t n = 0; n < i; n++)
		if (c->list[n].version == c->list[i].version)
			return false;
	return true;
}

/* A start that is ended again and again in the middle makes a copy each time; that must not push those
 * of other schemas out. */
static void
drop_older(const char *path)
{
	struct copies c;
	int kept = 0;

	copies_find(&c, path);
	for (size_t i = 0; i < c.count; i++) {
		char *one = copy_path(&c, &c.list[i]);

		if (!is_newest_of_its_schema(&c, i) || ++kept > COPIES_KEPT)
			unlink(one);
		free(one);
	}
	copies_fini(&c);
}

static int
check_room(const char *path, const char *copy, struct err *err)
{
	struct copies c;
	struct statvfs fs;
	struct stat st;
	long long need, free_bytes;
	int rc = 0;

	copies_find(&c, path);
	if (stat(path, &st) == 0 && statvfs(c.folder, &fs) == 0) {
		need = (long long)st.st_size + SPARE_BYTES;
		free_bytes = (long long)fs.f_bavail * (long long)fs.f_frsize;
		if (free_bytes < need)
			rc = err_set(err, "no room to copy %s to %s, which goes before its upgrade: %lld MiB "
				     "are free, %lld MiB are needed; free some space on that disk, then start "
				     "gongd again (nothing was changed)", path, copy, MIB(free_bytes), MIB(need) + 1);
	}
	copies_fini(&c);
	return rc;
}

/* SQLite 3.40 finds NULLs in `roster` that are none (check.c). */
bool
store_is_unsound(sqlite3 *db, char *why, size_t size)
{
	sqlite3_stmt *st = NULL;
	const char *word = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL);

	why[0] = '\0';
	if (rc == SQLITE_OK)
		while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
			word = (const char *)sqlite3_column_text(st, 0);
			if (strcmp(word, "ok") != 0 && !store_is_false_alarm(word))
				break;
		}
	if (rc == SQLITE_ROW)
		snprintf(why, size, "%s", word);
	else if (rc != SQLITE_DONE)
		snprintf(why, size, "%s", sqlite3_errmsg(db));
	sqlite3_finalize(st);
	return why[0] != '\0';
}

static int
copy_pages(sqlite3 *from, sqlite3 *to, struct busy *b)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int rc = SQLITE_OK;

	while (backup && (rc = sqlite3_backup_step(backup, PAGES_AT_ONCE)) == SQLITE_OK)
		on_progress(b);
	return backup && rc == SQLITE_DONE && sqlite3_backup_finish(backup) == SQLITE_OK ? 0 : -1;
}

static int
sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC), rc = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	return rc;
}

/* Into a file that is there, empty. */
static int
fill(sqlite3 *db, const char *path, const char *temporary, struct busy *b, struct err *err)
{
	sqlite3 *to = NULL;
	char why[200] = "";
	int rc = -1;

	if (sqlite3_open_v2(temporary, &to, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
	    sqlite3_exec(to, "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF", NULL, NULL, NULL) != SQLITE_OK ||
	    copy_pages(db, to, b) < 0 ||
	    /* A file by itself, without a log. */
	    sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != SQLITE_OK) {
		err_set(err, "cannot copy %s to %s, which goes before its upgrade: %s; is there room, and is the "
			"disk sound?  Nothing was changed", path, temporary, sqlite3_errmsg(to));
	} else {
		sqlite3_progress_handler(to, STEPS_BETWEEN, on_progress, b);
		if (store_is_unsound(to, why, sizeof(why)))
			err_set(err, "%s is damaged (%s), and is not brought to a newer schema: put the last backup "
				"in its place (gongd --restore FILE), or install the gong that wrote it.  Nothing was changed",
				path, why);
		else
			rc = 0;
	}
	sqlite3_close(to);
	return rc;
}

static int
make(sqlite3 *db, const char *path, const char *copy, struct busy *b, struct err *err)
{
	struct buf temporary = { 0 };
	struct copies c;
	int fd, rc;

	buf_printf(&temporary, "%s.new-wal", path);
	unlink(temporary.data);		/* of a copy that was ended in the middle */
	buf_reset(&temporary);
	buf_printf(&temporary, "%s.new", path);
	unlink(temporary.data);
	fd = open(temporary.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		rc = err_set(err, "cannot make %s: %s; may gong write that folder?", temporary.data,
			     strerror(errno));
	} else {
		close(fd);
		rc = fill(db, path, temporary.data, b, err);
	}
	copies_find(&c, path);
	if (rc == 0 && (sync_path(temporary.data, O_RDWR) < 0 || rename(temporary.data, copy) < 0 ||
			sync_path(c.folder, O_RDONLY | O_DIRECTORY) < 0))
		rc = err_set(err, "cannot write %s: %s; is there room, and is the disk sound?  Nothing was "
			     "changed", copy, strerror(errno));
	if (rc < 0)
		unlink(temporary.data);
	copies_fini(&c);
	buf_fini(&temporary);
	return rc;
}

int
store_copy(sqlite3 *db, const char *path, int version, char **name, copy_busy_fn fn, void *ctx, struct err *err)
{
	struct busy b = { fn, ctx };
	struct buf copy = { 0 };
	time_t now = time(NULL);
	struct tm at;
	char when[32];
	int rc;

	localtime_r(&now, &at);
	strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &at);
	buf_printf(&copy, "%s.%d-%s", path, version, when);
	rc = check_room(path, copy.data, err);
	if (rc == 0)
		rc = make(db, path, copy.data, &b, err);
	if (rc == 0)
		drop_older(path);
	*name = rc == 0 ? buf_take(&copy) : NULL;
	buf_fini(&copy);
	return rc;
}
