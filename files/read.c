/* read.c -- what stands in read.h; the name is looked at before it is opened, because opening a
 * tty or a tape already does something, and again afterwards, because it may have changed. */
#include "files/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"

static const char *
kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a folder";
	case S_IFIFO:
		return "a named pipe";
	case S_IFSOCK:
		return "a socket";
	default:
		return "a device";
	}
}

static int
too_large(const char *path, size_t most, struct err *err)
{
	return most < 1 << 20 ? err_set(err, "%s: is larger than %zu KiB; is it the right file?", path,
					most >> 10)
		: err_set(err, "%s: is larger than %zu MiB; is it the right file?", path, most >> 20);
}

static int
check(const char *path, const struct stat *st, size_t most, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return err_set(err, "%s: cannot be read: it is %s; name a regular file", path,
			       kind_of(st->st_mode));
	return st->st_size > (off_t)most ? too_large(path, most, err) : 0;
}

static int
cannot(const char *path, struct err *err)
{
	return err_set(err, "%s: cannot be read: %s", path, strerror(errno));
}

int
file_open(const char *path, size_t most, struct err *err)
{
	struct stat st;
	int fd;

	if (stat(path, &st) < 0)
		return cannot(path, err);
	if (check(path, &st, most, err) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return cannot(path, err);
	if (fstat(fd, &st) < 0 || check(path, &st, most, err) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

char *
file_read(const char *path, size_t most, size_t *len, struct err *err)
{
	int fd = file_open(path, most, err), bad = fd < 0;
	struct buf body = { 0 };
	char chunk[65536];
	ssize_t n = 0;

	/* What its size says is not believed: it may grow, and files of /proc say 0. */
	while (!bad && (n = read(fd, chunk, sizeof(chunk))) > 0) {
		buf_add(&body, chunk, (size_t)n);
		if (body.len > most)
			bad = too_large(path, most, err);
	}
	if (n < 0)
		bad = cannot(path, err);
	if (fd >= 0)
		close(fd);
	if (!bad && !len && body.len && memchr(body.data, '\0', body.len))
		bad = err_set(err, "%s: cannot be read: it is no text (it holds a NUL byte)", path);
	if (bad) {
		buf_fini(&body);
		return NULL;
	}
	if (len)
		*len = body.len;
	return buf_take(&body);
}

int
file_check(const char *path, size_t most, struct err *err)
{
	int fd = file_open(path, most, err);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}
