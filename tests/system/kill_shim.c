/* kill_shim.c -- preloaded into a driver by a test: SIGKILL at the n-th of the calls by which it
 * touches its journal and gongd, before it, after it, or in the middle of what it writes.
 *
 * $KILL_SHIM is a folder.  `at` in there holds n, and is taken away by the process that reads it, so
 * that the next one lives; without it nothing happens.  `died` then says how many syncs of the journal
 * had come back.  An odd n is before the call and an even one in its middle or after it.
 *
 * While `full` is in there, the journal finds no room on its disk; while `slow` is, a sync does not come
 * back. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long at = -1, calls, syncs;	/* at: -1 = not looked, 0 = never */
static int died;			/* opened before the driver confines itself */

static char *
in_folder(char path[4096], const char *name)
{
	snprintf(path, 4096, "%s/%s", getenv("KILL_SHIM"), name);
	return path;
}

static int
is_there(const char *name)
{
	char path[4096];

	return getenv("KILL_SHIM") && access(in_folder(path, name), F_OK) == 0;
}

static long
read_at(void)
{
	char path[4096], text[32] = "";
	int fd = open(in_folder(path, "at"), O_RDONLY);

	if (fd < 0)
		return 0;
	(void)!REAL(ssize_t (*)(int, void *, size_t), "read")(fd, text, sizeof(text) - 1);
	close(fd);
	unlink(path);
	died = open(in_folder(path, "died"), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	return atol(text);
}

static void
die(const char *where)
{
	char text[80];

	snprintf(text, sizeof(text), "%ld %s\n", syncs, where);
	(void)!REAL(ssize_t (*)(int, const void *, size_t), "write")(died, text, strlen(text));
	raise(SIGKILL);
}

/* 0: go on; 1: its turn is in the middle of this call. */
static int
turn(const char *where)
{
	long n;

	pthread_mutex_lock(&lock);
	if (at < 0)
		at = getenv("KILL_SHIM") ? read_at() : 0;
	n = ++calls;
	pthread_mutex_unlock(&lock);
	if (!at || n != (at + 1) / 2)
		return 0;
	if (at % 2)
		die(where);
	return 1;
}

ssize_t
write(int fd, const void *bytes, size_t len)
{
	ssize_t (*real)(int, const void *, size_t) = REAL(ssize_t (*)(int, const void *, size_t), "write");
	int now = fd == 1 && turn("write");

	if (now) {
		real(fd, bytes, len / 2);
		die("write/2");
	}
	return real(fd, bytes, len);
}

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
	ssize_t (*real)(int, const void *, size_t, off_t) =
		REAL(ssize_t (*)(int, const void *, size_t, off_t), "pwrite");

	if (is_there("full")) {
		errno = ENOSPC;
		return -1;
	}
	if (turn("pwrite")) {
		real(fd, bytes, len / 2, offset);
		die("pwrite/2");
	}
	return real(fd, bytes, len, offset);
}

int
fdatasync(int fd)
{
	int now = turn("fdatasync"), rc = REAL(int (*)(int), "fdatasync")(fd);

	for (int i = 0; i < 3000 && is_there("slow"); i++)	/* half a minute at most */
		usleep(10000);
	syncs++;
	if (now)
		die("fdatasync after");
	return rc;
}

int
fallocate(int fd, int mode, off_t offset, off_t len)
{
	if (is_there("full")) {
		errno = ENOSPC;
		return -1;
	}
	return REAL(int (*)(int, int, off_t, off_t), "fallocate")(fd, mode, offset, len);
}

int
ftruncate(int fd, off_t len)
{
	int now = turn("ftruncate"), rc = REAL(int (*)(int, off_t), "ftruncate")(fd, len);

	if (now)
		die("ftruncate after");
	return rc;
}

/* Of what gongd says. */
ssize_t
read(int fd, void *bytes, size_t len)
{
	int now = fd == 0 && turn("read");
	ssize_t n = REAL(ssize_t (*)(int, void *, size_t), "read")(fd, bytes, len);

	if (now)
		die("read after");
	return n;
}
