/* journal.c -- the file of each route's driver for what its network hands out once: opened for the
 * process that is about to begin, and taken away with the route when nothing is left in it. */
#include "daemon/routes/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What it is about and why, in no language: the driver's alarm says what to do. */
static int
fault(struct driver *d, const char *what, const char *why)
{
	snprintf(d->journal_fault, sizeof(d->journal_fault), "%s/journal%s%s: %s", d->settings->state_dir,
		 what[0] ? "/" : "", what, why);
	return -1;
}

/* The folder, -1 with a fault. */
static int
open_folder(struct driver *d)
{
	struct buf path = { 0 };
	int fd = -1;

	buf_printf(&path, "%s/journal", d->settings->state_dir);
	if (mkdir(path.data, 0700) == 0 || errno == EEXIST)
		fd = open(path.data, O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fault(d, "", strerror(errno));
	buf_fini(&path);
	return fd;
}

/* A link or a pipe of that name is somebody's trick or mistake, and never waited for. */
static int
open_file(struct driver *d, int folder)
{
	const char *name = d->conf->name;
	int fd = openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return fault(d, name, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1)
		return fd;
	close(fd);
	return fault(d, name, strerror(S_ISREG(st.st_mode) ? EMLINK : EBADFD));
}

void
journal_for_next(struct driver *d)
{
	int folder;

	journal_drop(d);
	d->journal_fault[0] = '\0';
	folder = open_folder(d);
	if (folder < 0)
		return;
	d->journal = open_file(d, folder);
	close(folder);
}

void
journal_drop(struct driver *d)
{
	if (d->journal >= 0)
		close(d->journal);
	d->journal = -1;
}

/* What is in it still waits for a route of that name, or for somebody who looks at it. */
void
journal_bury(struct driver *d)
{
	int folder = open_folder(d);
	struct stat st;

	if (folder < 0)
		return;
	if (fstatat(folder, d->conf->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
		if (st.st_size == 0)
			unlinkat(folder, d->conf->name, 0);
		else
			d->routes->ports.log(d->routes->ports.ctx, LOG_WARNING, "journal of a removed route "
					     "kept route=%s bytes=%lld", d->conf->name,
					     (long long)st.st_size);
	}
	close(folder);
}

void
journal_say(struct buf *line, const struct driver *d)
{
	if (d->journal >= 0) {
		buf_printf(line, ",\"journal\":{\"fd\":%d,\"bytes\":%d}", JOURNAL_FD, JOURNAL_FILE_BYTES);
		return;
	}
	buf_puts(line, ",\"journal\":{\"fault\":");
	buf_json(line, d->journal_fault);
	buf_puts(line, "}");
}
