/* landlock.c -- which files, ports and neighbours a confined process may still reach: by the kernel's
 * own numbers, for the headers of Debian 12 know the first of its ABIs only. */
#include "drivers/kit/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset	/* the same on all architectures */
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
#define ASK_VERSION 1u
#define RULE_BELOW_PATH 1

/* Documentation/userspace-api/landlock.rst */
#define FS_WRITE_FILE (1ull << 1)
#define FS_READ_FILE (1ull << 2)
#define FS_READ_DIR (1ull << 3)
#define FS_REMOVE_FILE (1ull << 5)
#define FS_MAKE_REG (1ull << 8)
#define FS_REFER (1ull << 13)
#define FS_TRUNCATE (1ull << 14)
#define FS_IOCTL_DEV (1ull << 15)
#define FS_FIRST_ABI ((1ull << 13) - 1)
#define NET_BIND_TCP (1ull << 0)
#define NET_CONNECT_TCP (1ull << 1)
#define SCOPE_ABSTRACT_UNIX (1ull << 0)
#define SCOPE_SIGNAL (1ull << 1)
#define ABI_NEWEST 6			/* that changes what can be asked for here */

struct ruleset {
	uint64_t fs, net, scoped;
};

struct below {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

/* What each ABI can refuse: all that it knows, but for connections of who needs them. */
static struct ruleset
refusable(int abi, bool network)
{
	struct ruleset r = { .fs = FS_FIRST_ABI };

	for (int more = 2; more <= abi && more <= ABI_NEWEST; more++) {
		if (more == 2 || more == 3)		/* REFER, TRUNCATE */
			r.fs |= 1ull << (more + 11);
		if (more == 4)
			r.net = network ? NET_BIND_TCP : NET_BIND_TCP | NET_CONNECT_TCP;
		if (more == 5)
			r.fs |= FS_IOCTL_DEV;
		if (more == 6)
			r.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	}
	return r;
}

/* Its kernel must know every member that is not 0, and no byte more is given to it than it may know. */
static size_t
size_for(int abi)
{
	return abi >= ABI_NEWEST ? sizeof(struct ruleset) : abi >= 4
		? offsetof(struct ruleset, scoped) : offsetof(struct ruleset, net);
}

/* What is not there is not granted, and that is no fault. */
static int
grant(int rules, const char *path, uint64_t what)
{
	struct below rule = { .allowed = what, .parent = open(path, O_PATH | O_CLOEXEC) };
	int failed = 0;

	if (rule.parent < 0)
		return 0;
	if (syscall(SYS_landlock_add_rule, rules, RULE_BELOW_PATH, &rule, 0) < 0)
		failed = errno;
	close(rule.parent);
	return failed;
}

static void
note_alone(struct confined *out, const char *path, const struct stat *st)
{
	if (out->alone_count == CONFINE_FILES || strlen(path) >= sizeof(out->alone[0].path))
		return;
	snprintf(out->alone[out->alone_count].path, sizeof(out->alone[0].path), "%s", path);
	out->alone[out->alone_count].device = st->st_dev;
	out->alone[out->alone_count++].file = st->st_ino;
}

/* Where a link leads, a program puts a new file whenever it has something to say (resolv.conf). */
static int
grant_file(int rules, const char *path, struct confined *out)
{
	char real[PATH_MAX];
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0;
	if (!S_ISLNK(st.st_mode)) {
		note_alone(out, path, &st);
		return grant(rules, path, FS_READ_FILE);
	}
	if (!realpath(path, real))
		return 0;
	*strrchr(real, '/') = '\0';
	return *real ? grant(rules, real, FS_READ_FILE) : 0;
}

static int
grant_all(int rules, const struct confine *c, uint64_t refused, struct confined *out)
{
	int failed = 0;

	for (const char *const *p = c->folders; p && *p && !failed; p++)
		failed = grant(rules, *p, FS_READ_FILE | FS_READ_DIR);
	for (const char *const *p = c->files; p && *p && !failed; p++)
		failed = grant_file(rules, *p, out);
	for (const char *const *p = c->spools; p && *p && !failed; p++)
		failed = grant(rules, *p, FS_READ_FILE | FS_WRITE_FILE | FS_READ_DIR | FS_REMOVE_FILE | FS_MAKE_REG |
			       (refused & (FS_REFER | FS_TRUNCATE)));
	for (const char *const *p = c->devices; p && *p && !failed; p++)
		failed = grant(rules, *p, FS_READ_FILE | FS_WRITE_FILE | FS_READ_DIR |
			       (refused & FS_IOCTL_DEV));
	return failed;
}

int
landlock_offered(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);

	return abi < 0 ? -errno : (int)abi;
}

int
landlock_confine(const struct confine *c, struct confined *out)
{
	int abi = landlock_offered(), rules, failed;
	struct ruleset r;

	if (abi < 0)
		return abi;
	r = refusable(abi, c->network);
	rules = (int)syscall(SYS_landlock_create_ruleset, &r, size_for(abi), 0);
	if (rules < 0)
		return -errno;
	out->alone_count = 0;
	failed = grant_all(rules, c, r.fs, out);
	if (!failed && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		failed = errno;
	close(rules);
	return failed ? -failed : abi;
}
