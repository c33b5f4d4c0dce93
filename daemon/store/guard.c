/* guard.c -- locks and watches the store's files, and keeps the note about damaged tables. */
#include "daemon/store/guard.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"

_Static_assert(STORE_TABLE_COUNT <= 64, "a set of tables is 64 bits");

const char *const store_table_names[STORE_TABLE_COUNT] = {
#define X(name, word) [TABLE_##name] = #word,
	STORE_TABLES(X)
#undef X
};

enum { FILE_DATABASE, FILE_LOG, FILE_INDEX, FILE_COUNT };
static const char *const suffixes[FILE_COUNT] = { "", "-wal", "-shm" };

struct identity {
	dev_t device;
	ino_t inode;
	bool known;
};

struct guard {
	char *paths[FILE_COUNT], *note;
	char *mark;			/* lies there while a gongd works: whose log it is */
	int folder_fd, fd;		/* never closed while SQLite works, see guard.h */
	struct identity files[FILE_COUNT];
	bool restored;
	pthread_mutex_t lock;		/* guards `why` and the note's file */
	_Atomic table_set damaged, suspects;
	char why[STORE_TABLE_COUNT][160];
};

void
store_tables_format(char *out, size_t size, table_set tables)
{
	size_t len = 0;

	assert(size > 0);
	out[0] = '\0';
	for (int t = 0; t < STORE_TABLE_COUNT; t++)
		if (tables >> t & 1 && len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "",
						store_table_names[t]);
}

static bool
is_word(int c)
{
	return isalnum(c) || c == '_';
}

/* Columns bear the names of tables, too (contact, wave): a table stands behind one of these. */
static bool
leads_to_table(const char *word, size_t len)
{
	static const char *const leads[] = { "FROM", "JOIN", "INTO", "UPDATE" };

	for (size_t i = 0; i < sizeof(leads) / sizeof(*leads); i++)
		if (strlen(leads[i]) == len && strncmp(word, leads[i], len) == 0)
			return true;
	return false;
}

table_set
store_tables_in(const char *sql)
{
	table_set found = 0;
	bool table = false;

	while (*sql) {
		size_t len = 0;

		while (is_word((unsigned char)sql[len]))
			len++;
		for (int t = 0; table && len && t < STORE_TABLE_COUNT; t++)
			if (strlen(store_table_names[t]) == len &&
			    strncmp(store_table_names[t], sql, len) == 0)
				found |= TABLE_BIT(t);
		if (len)
			table = leads_to_table(sql, len);
		sql += len ? len : 1;
	}
	return found;
}

/* -- the note: who the damaged file was, and a line a table -- */

static void
write_note(struct guard *g)
{
	struct buf text = { 0 }, temporary = { 0 };
	int fd;
	bool written = false;

	buf_printf(&text, "# gongd found %s damaged.  Stop gongd, move that file away and restore "
		   "the last backup\n# in its place.  This note then goes by itself.\n"
		   "file %" PRIuMAX " %" PRIuMAX "\n", g->paths[FILE_DATABASE],
		   (uintmax_t)g->files[FILE_DATABASE].device,
		   (uintmax_t)g->files[FILE_DATABASE].inode);
	for (int t = 0; t < STORE_TABLE_COUNT; t++)
		if (g->damaged >> t & 1)
			buf_printf(&text, "table %s %s\n", store_table_names[t], g->why[t]);
	buf_printf(&temporary, "%s.new", g->note);
	fd = open(temporary.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd >= 0) {
		written = write(fd, text.data, text.len) == (ssize_t)text.len && fsync(fd) == 0;
		close(fd);
	}
	/* A disk that takes no note is in trouble that gongd tells of by other ways; the alarm of
	 * this run stands, and the next start's check finds the damage again. */
	if (!written || rename(temporary.data, g->note) < 0 || fsync(g->folder_fd) < 0)
		unlink(temporary.data);
	buf_fini(&temporary);
	buf_fini(&text);
}

static void
read_note_line(struct guard *g, const char *line, bool *ours)
{
	uintmax_t device, inode;
	char name[32];
	int at = 0;

	if (sscanf(line, "file %" SCNuMAX " %" SCNuMAX, &device, &inode) == 2)
		*ours = g->files[FILE_DATABASE].device == (dev_t)device &&
			g->files[FILE_DATABASE].inode == (ino_t)inode;
	if (sscanf(line, "table %31s %n", name, &at) != 1 || !at)
		return;
	for (int t = 0; t < STORE_TABLE_COUNT; t++) {
		if (strcmp(name, store_table_names[t]) != 0)
			continue;
		g->damaged |= TABLE_BIT(t);
		snprintf(g->why[t], sizeof(g->why[t]), "%.*s", (int)strcspn(line + at, "\n"),
			 line + at);
	}
}

static void
read_note(struct guard *g)
{
	FILE *f = fopen(g->note, "re");
	char line[512];
	bool ours = true;		/* a note that does not say of what stands */

	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		read_note_line(g, line, &ours);
	fclose(f);
	if (ours)
		return;
	g->damaged = 0;
	g->restored = true;
	unlink(g->note);
}

/* -- the mark: after a kill or a power cut it says to which file the log belongs -- */

static void
write_mark(struct guard *g)
{
	FILE *f = fopen(g->mark, "we");

	if (!f)
		return;			/* a full disk; the log is then believed as it is */
	fprintf(f, "file %" PRIuMAX " %" PRIuMAX "\n", (uintmax_t)g->files[FILE_DATABASE].device,
		(uintmax_t)g->files[FILE_DATABASE].inode);
	fflush(f);
	fdatasync(fileno(f));
	fclose(f);
}

/* A log over a database that it was not written for makes a mixture of both; a log that has gone
 * takes the last commits with it. */
static int
check_log(struct guard *g, struct err *err)
{
	FILE *f = fopen(g->mark, "re");
	uintmax_t device = 0, inode = 0;
	struct stat st;
	bool known, same, there = stat(g->paths[FILE_LOG], &st) == 0;

	if (!f)
		return 0;
	known = fscanf(f, "file %" SCNuMAX " %" SCNuMAX, &device, &inode) == 2;
	fclose(f);
	same = g->files[FILE_DATABASE].device == (dev_t)device &&
		g->files[FILE_DATABASE].inode == (ino_t)inode;
	if (known && !same && there && st.st_size > 0)
		return err_set(err, "%s was written for another %s than the one that lies there: move "
			       "%s and %s away to use it as it is", g->paths[FILE_LOG],
			       g->paths[FILE_DATABASE], g->paths[FILE_LOG], g->paths[FILE_INDEX]);
	if (known && same && !there)
		guard_damage(g, TABLE_BIT(TABLE_LOG), "missing at a start, and with it what was committed "
			     "last");
	if (!there || !same)
		unlink(g->mark);	/* it has said what it had to say */
	return 0;
}

/* -- locks -- */

static int
lock_folder(struct guard *g, const char *store_path, struct err *err)
{
	char *dir = xstrdup(store_path), *slash = strrchr(dir, '/');
	int rc = 0;

	assert(slash);			/* settings make it absolute */
	*slash = '\0';
	if (mkdir(dir, 0750) < 0 && errno != EEXIST)
		rc = err_set(err, "cannot make the state folder %s: %s; make the folders above it, "
			     "or correct state_dir", dir, strerror(errno));
	/* The folder itself: a lock file can be removed, and then two think they have it. */
	if (rc == 0)
		g->folder_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rc == 0 && g->folder_fd < 0)
		rc = err_set(err, "cannot open %s: %s; state_dir must be a folder that gong may "
			     "write", dir, strerror(errno));
	if (rc == 0 && flock(g->folder_fd, LOCK_EX | LOCK_NB) < 0)
		rc = err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), start_another, dir);
	free(dir);
	return rc;
}

static int
lock_database(struct guard *g, struct err *err)
{
	const char *path = g->paths[FILE_DATABASE];
	struct stat st;

	g->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (g->fd < 0 || fstat(g->fd, &st) < 0)
		return err_set(err, "cannot open %s: %s; state_dir must be a folder that gong may "
			       "write", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, "%s is no file; move it away", path);
	/* Two names of one file (a link, a bind mount) are one store, too. */
	if (flock(g->fd, LOCK_EX | LOCK_NB) < 0)
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), start_another, path);
	g->files[FILE_DATABASE] = (struct identity){ st.st_dev, st.st_ino, true };
	return 0;
}

static struct guard *
guard_new(const char *store_path)
{
	struct guard *g = xcalloc(1, sizeof(*g));
	struct buf path = { 0 };

	g->folder_fd = g->fd = -1;
	pthread_mutex_init(&g->lock, NULL);
	for (int i = 0; i < FILE_COUNT; i++) {
		buf_printf(&path, "%s%s", store_path, suffixes[i]);
		g->paths[i] = buf_take(&path);
	}
	buf_printf(&path, "%s-damage", store_path);
	g->note = buf_take(&path);
	buf_printf(&path, "%s-open", store_path);
	g->mark = buf_take(&path);
	return g;
}

int
guard_lock(struct guard **out, const char *store_path, struct err *err)
{
	struct guard *g = guard_new(store_path);
	int rc = lock_folder(g, store_path, err);

	if (rc == 0 && access(store_path, F_OK) == 0)
		rc = lock_database(g, err);
	if (rc < 0) {
		guard_close(g);
		g = NULL;
	}
	*out = g;
	return rc;
}

int
guard_open(struct guard **out, const char *store_path, struct err *err)
{
	struct guard *g = guard_new(store_path);

	*out = NULL;
	if (lock_folder(g, store_path, err) < 0 || lock_database(g, err) < 0) {
		guard_close(g);
		return -1;
	}
	read_note(g);
	if (check_log(g, err) < 0) {
		guard_close(g);
		return -1;
	}
	*out = g;
	return 0;
}

void
guard_close(struct guard *g)
{
	if (!g)
		return;
	if (g->fd >= 0)
		close(g->fd);
	if (g->folder_fd >= 0)
		close(g->folder_fd);
	for (int i = 0; i < FILE_COUNT; i++)
		free(g->paths[i]);
	free(g->note);
	free(g->mark);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

bool
guard_was_restored(const struct guard *g)
{
	return g->restored;
}

void
guard_files_are_open(struct guard *g)
{
	struct stat st;

	for (int i = FILE_LOG; i < FILE_COUNT; i++)
		if (stat(g->paths[i], &st) == 0)
			g->files[i] = (struct identity){ st.st_dev, st.st_ino, true };
	write_mark(g);
}

/* Before, not after: a kill between the two leaves a log without a mark, which is believed. */
void
guard_files_will_close(struct guard *g)
{
	unlink(g->mark);
}

bool
guard_look(struct guard *g, struct said *why)
{
	for (int i = 0; i < FILE_COUNT; i++) {
		const struct identity *file = &g->files[i];
		struct stat st;
		bool there = stat(g->paths[i], &st) == 0;

		/* Not to be allowed to look is no sign that it has gone. */
		if (!file->known || (!there && errno != ENOENT && errno != ENOTDIR) ||
		    (there && st.st_dev == file->device && st.st_ino == file->inode))
			continue;
		if (there)
			SAY(why, store_replaced, g->paths[i]);
		else
			SAY(why, store_removed, g->paths[i]);
		return false;
	}
	return true;
}

/* -- damage -- */

bool
guard_damage(struct guard *g, table_set tables, const char *why)
{
	table_set fresh;

	pthread_mutex_lock(&g->lock);
	fresh = tables & ~g->damaged;
	for (int t = 0; t < STORE_TABLE_COUNT; t++) {
		if (!(fresh >> t & 1))
			continue;
		snprintf(g->why[t], sizeof(g->why[t]), "%s", why);
		for (char *c = g->why[t]; *c; c++)
			if ((unsigned char)*c < ' ')
				*c = ' ';
	}
	g->damaged |= fresh;
	if (fresh)
		write_note(g);
	pthread_mutex_unlock(&g->lock);
	return fresh != 0;
}

void
guard_suspect(struct guard *g, table_set tables)
{
	g->suspects |= tables & ~g->damaged;
}

table_set
guard_take_suspects(struct guard *g)
{
	return atomic_exchange(&g->suspects, 0);
}

table_set
guard_damaged(const struct guard *g)
{
	return g->damaged;
}

void
guard_damage_said(const struct guard *g, struct said *out)
{
	char tables[300];

	store_tables_format(tables, sizeof(tables), g->damaged);
	SAY(out, store_damaged, g->paths[FILE_DATABASE], tables);
}
