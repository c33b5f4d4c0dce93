/* shield.c -- the SIGBUS of memory whose file was cut short; of all other memory it stays what it was. */
#include "daemon/routes/shield.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define SHIELDS 128u			/* twice the routes that there may be: some are on their way out */

static struct shield {
	char *start;			/* NULL = free */
	size_t bytes;
	volatile sig_atomic_t *torn;
} shields[SHIELDS];
static struct sigaction before;
static bool watching;
static size_t page_bytes;

static struct shield *
of(const char *at)
{
	for (size_t i = 0; i < SHIELDS; i++)
		if (shields[i].start && at >= shields[i].start && at < shields[i].start + shields[i].bytes)
			return &shields[i];
	return NULL;
}

/* mmap is a system call and no more.  What is not ours comes again at once, to whom it was before. */
static void
on_bus(int sig, siginfo_t *info, void *context)
{
	char *at = (char *)((uintptr_t)info->si_addr & ~(page_bytes - 1));
	struct shield *s = info->si_code > 0 ? of(info->si_addr) : NULL;

	if (s && mmap(at, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		      0) == at) {
		*s->torn = 1;
		return;
	}
	sigaction(SIGBUS, &before, NULL);
	if (info->si_code <= 0)
		raise(sig);
}

bool
shield_on(void *start, size_t bytes, volatile sig_atomic_t *torn)
{
	struct sigaction act = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	for (size_t i = 0; i < SHIELDS; i++) {
		if (shields[i].start)
			continue;
		shields[i] = (struct shield){ start, bytes, torn };
		if (!watching) {
			page_bytes = (size_t)sysconf(_SC_PAGESIZE);
			watching = sigaction(SIGBUS, &act, &before) == 0;
		}
		return true;
	}
	return false;
}

void
shield_off(const void *start)
{
	for (size_t i = 0; i < SHIELDS; i++)
		if (shields[i].start == start)
			shields[i].start = NULL;
}
