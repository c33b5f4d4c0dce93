/* disk_shim.c -- preloaded into gongd by a test: a disk that is full and slow when it is told to.
 *
 * In the folder $DISK_SHIM: while `full` exists, no store can be written (ENOSPC); while `no_page`
 * exists, no file of a route's page's size has room, not even where it lay before.  While
 * `statvfs`, `unlink` or `fallocate` exists, that does not come back for the ballast; it says so
 * by `inside.NAME`, which goes away when it ends, so that a test sees that gongd is in there at
 * this very moment. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define PAGE_BYTES 262272
#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))

static char *
in_folder(char path[4096], const char *name)
{
	snprintf(path, 4096, "%s/%s", getenv("DISK_SHIM"), name);
	return path;
}

static bool
is_there(const char *name)
{
	char path[4096];

	return getenv("DISK_SHIM") && access(in_folder(path, name), F_OK) == 0;
}

static void
wait_inside(const char *what)
{
	char name[64], path[4096];

	if (!is_there(what))
		return;
	snprintf(name, sizeof(name), "inside.%s", what);
	close(open(in_folder(path, name), O_CREAT | O_WRONLY, 0600));
	for (int i = 0; i < 6000 && is_there(what); i++)	/* a minute at most */
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	REAL(int (*)(const char *), "unlink")(path);
}

int
statvfs(const char *path, struct statvfs *out)
{
	wait_inside("statvfs");
	return REAL(int (*)(const char *, struct statvfs *), "statvfs")(path, out);
}

int
unlink(const char *path)
{
	size_t len = strlen(path);

	if (len > 8 && strcmp(path + len - 8, "/ballast") == 0)
		wait_inside("unlink");
	return REAL(int (*)(const char *), "unlink")(path);
}

static void
fallocating(int fd)
{
	char link[64], path[4096];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path));
	if (len > 8 && memcmp(path + len - 8, "/ballast", 8) == 0)
		wait_inside("fallocate");
}

int
posix_fallocate(int fd, off_t offset, off_t len)
{
	fallocating(fd);
	if (len == PAGE_BYTES && is_there("no_page"))
		return ENOSPC;
	return REAL(int (*)(int, off_t, off_t), "posix_fallocate")(fd, offset, len);
}

int
fallocate(int fd, int mode, off_t offset, off_t len)
{
	fallocating(fd);
	return REAL(int (*)(int, int, off_t, off_t), "fallocate")(fd, mode, offset, len);
}

/* The store's way to write. */
ssize_t
pwrite64(int fd, const void *bytes, size_t len, off64_t offset)
{
	if (is_there("full")) {
		errno = ENOSPC;
		return -1;
	}
	return REAL(ssize_t (*)(int, const void *, size_t, off64_t), "pwrite64")(fd, bytes, len, offset);
}

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
	return pwrite64(fd, bytes, len, offset);
}
