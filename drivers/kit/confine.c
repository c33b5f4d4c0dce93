/* confine.c -- one process gives up what it does not need; the order of it, and what came of it. */
#include "drivers/kit/confine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "drivers/kit/internal.h"

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED true		/* its runtime traces itself, reads /proc and starts helpers */
#else
#define IS_SANITIZED false
#endif

static void __attribute__((format(printf, 2, 3)))
lacks(struct confined *out, const char *fmt, ...)
{
	size_t len = strlen(out->lacks);
	va_list args;

	if (len)
		len += (size_t)snprintf(out->lacks + len, sizeof(out->lacks) - len, "; ");
	va_start(args, fmt);
	if (len < sizeof(out->lacks))
		vsnprintf(out->lacks + len, sizeof(out->lacks) - len, fmt, args);
	va_end(args);
}

/* A kernel without it is as it is; one that has it and says no was told so by somebody. */
static void
missed(struct confined *out, const char *what, const char *remedy, int failed)
{
	if (failed == ENOSYS || failed == EOPNOTSUPP) {
		lacks(out, "%s: %s", what, remedy);
		return;
	}
	out->refused = true;
	lacks(out, "%s is refused: %s", what, strerror(failed));
}

#define LANDLOCK_REMEDY "it needs Linux 5.13 with landlock among its lsm="
#define SECCOMP_REMEDY "it needs Linux 4.14 with CONFIG_SECCOMP_FILTER, on x86-64, arm64 or riscv64"

/* Nothing of it in a core, and no more descriptors than it uses. */
static void
limit(const struct confine *c)
{
	struct rlimit files;

	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	if (c->open_files && getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > c->open_files)
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){ c->open_files, c->open_files });
}

static void
limit_files(const struct confine *c, struct confined *out)
{
	int abi = landlock_confine(c, out);

	if (abi < 0) {
		missed(out, "landlock", LANDLOCK_REMEDY, -abi);
		return;
	}
	out->landlock = abi;
}

static void
limit_calls(const struct confine *c, struct confined *out)
{
	int failed = seccomp_confine(c->network, c->spools != NULL);

	if (failed) {
		missed(out, "seccomp", SECCOMP_REMEDY, failed);
		return;
	}
	out->seccomp = true;
	out->no_network = !c->network;
}

/* Files first: the calls for that, and to open what is granted, are then still there anyway.  The
 * second time only files are narrowed: a list of calls does not change. */
void
confine(const struct confine *c, struct confined *out)
{
	bool again = out->seccomp || out->landlock || out->lacks[0];

	if (IS_SANITIZED) {
		if (!again)
			lacks(out, "built with sanitizers, which need all of it");
		return;
	}
	if (again) {
		if (out->landlock)
			limit_files(c, out);
		return;
	}
	limit(c);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		missed(out, "no_new_privs", "it needs Linux 3.5", errno);
		return;
	}
	limit_files(c, out);
	limit_calls(c, out);
}

void
confine_probe(struct confined *out)
{
	int abi = landlock_offered(), failed = seccomp_offered();

	*out = (struct confined){ .landlock = abi > 0 ? abi : 0, .seccomp = !failed };
	if (abi < 0)
		missed(out, "landlock", LANDLOCK_REMEDY, -abi);
	if (failed)
		missed(out, "seccomp", SECCOMP_REMEDY, failed);
}

const char *
confine_is_outdated(const struct confined *c)
{
	struct stat st;

	for (size_t i = 0; i < c->alone_count; i++)
		if (stat(c->alone[i].path, &st) == 0 && (st.st_ino != c->alone[i].file ||
							 st.st_dev != c->alone[i].device))
			return c->alone[i].path;
	return NULL;
}
