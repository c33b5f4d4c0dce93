/* read.c -- what stands in read.h; the name is looked at before it is opened, because opening a
 * tty or a tape already does something, and again afterwards, because it may have changed. */
#include "files/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/cause.h"

static const char *
kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return WORD(kind_folder);
	case S_IFIFO:
		return WORD(kind_pipe);
	case S_IFSOCK:
		return WORD(kind_socket);
	default:
		return WORD(kind_device);
	}
}

static int
too_large(const char *path, size_t most, struct err *err)
{
	char size[24];

	snprintf(size, sizeof(size), "%zu %s", most < 1 << 20 ? most >> 10 : most >> 20,
		 most < 1 << 20 ? "KiB" : "MiB");
	return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), file_too_large, path, size);
}

static int
check(const char *path, const struct stat *st, size_t most, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), file_no_regular, path,
			       kind_of(st->st_mode));
	return st->st_size > (off_t)most ? too_large(path, most, err) : 0;
}

static int
cannot(const char *path, struct err *err)
{
	return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), file_unreadable, path,
		       cause_word(errno));
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
		bad = err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), file_no_text, path);
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
