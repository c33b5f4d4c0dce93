/* spool.c -- the folder and those in it.  Every name is one of an entry of a folder that stands open: it has
 * no slash, and no symbolic link is followed, so that nothing leads out of it. */
#include "drivers/folder/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define TAIL_MAX (NAME_BYTES - RANDOM_TEXT - 2 - 8)	/* of the old name; ".reason" follows it */

static const char *const names[] = { "work", "done", "failed" };

int
spool_open(struct spool *s, const char *path)
{
	struct stat st;

	s->path = xstrdup(path);
	s->top = open(path, FOLDER_FLAGS);
	if (s->top < 0 || fstat(s->top, &st) < 0)
		return errno;
	s->device = st.st_dev;
	s->file = st.st_ino;
	for (int i = 0; i < PLACE_COUNT; i++) {
		if (mkdirat(s->top, names[i], 0750) < 0 && errno != EEXIST)
			return errno;
		s->places[i] = openat(s->top, names[i], FOLDER_FLAGS | O_NOFOLLOW);
		if (s->places[i] < 0 || faccessat(s->top, names[i], W_OK | X_OK, 0) < 0)
			return errno;
	}
	return faccessat(s->top, ".", W_OK | X_OK, 0) < 0 ? errno : 0;
}

bool
spool_is_there(const struct spool *s)
{
	struct stat st;

	return stat(s->path, &st) == 0 && st.st_dev == s->device && st.st_ino == s->file;
}

/* One that is also elsewhere somebody may still write, and who may not be allowed to read it here. */
static const char *
why_odd(const struct stat *st)
{
	if (S_ISLNK(st->st_mode))
		return "it is a symbolic link";
	if (!S_ISREG(st->st_mode))
		return "it is no plain file";
	return st->st_nlink != 1 ? "it has a second name (a hard link)" : NULL;
}

/* The old name goes along for people, and for gammu, which has the number in it. */
static int
new_name(const char *name, char out[NAME_BYTES])
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return errno;
	snprintf(out, NAME_BYTES, "%016llx_%.*s", (unsigned long long)random, (int)TAIL_MAX, name);
	return 0;
}

int
spool_claim(struct spool *s, const char *name, char out[NAME_BYTES], const char **odd)
{
	struct stat st;
	int failed;

	*odd = NULL;
	if (strchr(name, '/'))
		return EINVAL;
	if (fstatat(s->top, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno;
	*odd = why_odd(&st);
	if (*odd)
		return -1;
	failed = new_name(name, out);
	if (failed)
		return failed;
	if (renameat2(s->top, name, s->places[PLACE_WORK], out, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EPERM && errno != EACCES)
		return errno;
	*odd = "gong may not move it; give the folder to gong, without the sticky bit";
	return -1;
}

int
spool_sync(struct spool *s)
{
	return fsync(s->places[PLACE_WORK]) < 0 || fsync(s->top) < 0 ? errno : 0;
}

static int
read_all(int fd, size_t max, struct buf *out, const char **odd)
{
	char chunk[65536];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		if (out->len + (size_t)n > max) {
			*odd = "it is larger than max_bytes";
			return -1;
		}
		buf_add(out, chunk, (size_t)n);
	}
	return n < 0 ? errno : 0;
}

/* Looked at again, now that nobody else has its name: what was swapped in between is not read.
 * O_NONBLOCK: a FIFO would not let go. */
int
spool_read(struct spool *s, const char *name, size_t max, struct buf *out, const char **odd)
{
	int fd = openat(s->places[PLACE_WORK], name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int failed;

	*odd = NULL;
	if (fd < 0 && errno == ELOOP)
		*odd = "it is a symbolic link";
	else if (fd < 0 && (errno == EACCES || errno == EPERM))
		*odd = "gong may not read it";
	if (fd < 0)
		return *odd ? -1 : errno;
	if (fstat(fd, &st) < 0)
		failed = errno;
	else if ((*odd = why_odd(&st)))
		failed = -1;
	else
		failed = read_all(fd, max, out, odd);
	close(fd);
	return failed;
}

/* First why, then the file: one that lies in failed/ has its reason beside it. */
static int
write_reason(struct spool *s, const char *name, const char *reason)
{
	char file[NAME_BYTES + 8];
	int fd, failed = 0;

	snprintf(file, sizeof(file), "%s.reason", name);
	fd = openat(s->places[PLACE_FAILED], file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return errno;
	if (write(fd, reason, strlen(reason)) < 0 || write(fd, "\n", 1) < 0)
		failed = errno;
	close(fd);
	return failed;
}

int
spool_settle(struct spool *s, const char *name, const char *reason)
{
	int failed = reason ? write_reason(s, name, reason) : 0;
	enum place to = reason ? PLACE_FAILED : PLACE_DONE;

	if (failed)
		return failed;
	return renameat2(s->places[PLACE_WORK], name, s->places[to], name, RENAME_NOREPLACE) < 0 ? errno : 0;
}

DIR *
spool_list(struct spool *s, int descriptor)
{
	int fd = openat(descriptor, ".", FOLDER_FLAGS);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (fd >= 0 && !dir)
		close(fd);
	return dir;
}
