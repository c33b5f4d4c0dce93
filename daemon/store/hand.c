/* hand.c -- the page that outlives gongd, and the handler that writes down what ended it. */
#include "daemon/store/hand.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
#include "files/boot.h"

#define MAGIC 0x676f6e6768616e64	/* "gonghand" */
#define VERSION 2
#define NOTED 64			/* things noted; the oldest go */
#define STACK_BYTES 65536

struct page {
	uint64_t magic;
	uint32_t version, count;
	char boot_id[BOOT_ID];
	volatile sig_atomic_t signal;	/* that ended the process; 0 = none, or none of ours */
	volatile sig_atomic_t hung;	/* it came from outside while the disk did not come back */
	struct hand now;
	struct {
		struct hand what;
		uint32_t deaths;
	} noted[NOTED];			/* the latest first */
};
_Static_assert(sizeof(struct page) <= 4096, "one page");

struct hand_page {
	struct page *page;
	int last_signal;
	bool was_hung;
};

static const int signals[] = { SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE };
static struct sigaction before[NSIG];
/* For the handler, which is given nothing. */
static struct page *volatile watched;
static volatile pid_t engine_thread;
/* By the monotonic clock: when the engine's turn began, how long of it the disk has taken, and since
 * when it is in the disk's hands now (0: it is not). */
static _Atomic int64_t turn_at, disk_ms, disk_since;

bool
hand_is(const struct hand *a, const struct hand *b)
{
	return a->kind == b->kind && a->row == b->row && a->a == b->a && a->b == b->b;
}

static int64_t
monotonic_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + 1;	/* never 0 */
}

void
hand_turn(void)
{
	turn_at = monotonic_now();
	disk_ms = 0;
}

void
hand_disk(void)
{
	disk_since = monotonic_now();
}

void
hand_disk_done(void)
{
	disk_ms += monotonic_now() - disk_since;
	disk_since = 0;
}

/* The watchdog is impatient of a disk that hangs, too.  Whoever loops in the engine may be met in a
 * read by chance: the disk is to blame when most of the turn was its. */
static bool
is_the_disk_s(void)
{
	int64_t now = monotonic_now(), since = disk_since;

	return since && 2 * (disk_ms + now - since) >= now - turn_at;
}

/* Only what may be called in a handler.  A fault of another thread says nothing about what the
 * engine has in hand; a signal from outside (the watchdog) may arrive in any of them. */
static void
on_fault(int sig, siginfo_t *info, void *context)
{
	bool from_outside = info->si_code <= 0 && info->si_code != SI_TKILL;

	if (watched && from_outside && is_the_disk_s())
		watched->hung = 1;
	else if (watched && (gettid() == engine_thread || from_outside))
		watched->signal = sig;
	sigaction(sig, &before[sig], NULL);
	/* A fault comes again by itself when this returns; what was sent must be sent again. */
	if (info->si_code <= 0)
		raise(sig);
}

static void
count_death(struct page *p)
{
	uint32_t i = 0, deaths;

	while (i < p->count && !hand_is(&p->noted[i].what, &p->now))
		i++;
	deaths = i < p->count ? p->noted[i].deaths + 1 : 1;
	if (i == p->count && p->count < NOTED)
		p->count++;
	else if (i == p->count)
		i--;
	memmove(&p->noted[1], &p->noted[0], i * sizeof(p->noted[0]));
	p->noted[0].what = p->now;
	p->noted[0].deaths = deaths;
}

static struct page *
map_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct page *p = MAP_FAILED;
	struct stat st;

	/* Room for the whole page, or a write to it on a full disk is a SIGBUS. */
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    posix_fallocate(fd, 0, sizeof(*p)) == 0)
		p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static void
watch_signals(void)
{
	struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &act, &before[signals[i]]);
}

struct hand_page *
hand_open(const char *path)
{
	struct hand_page *h = xcalloc(1, sizeof(*h));
	char boot_id[BOOT_ID];
	struct page *p = map_file(path);

	assert(!watched);
	if (!p)
		p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		abort();
	boot_id_read(boot_id);
	p->boot_id[sizeof(p->boot_id) - 1] = '\0';
	if (p->magic != MAGIC || p->version != VERSION || p->count > NOTED || !boot_id[0] ||
	    strcmp(p->boot_id, boot_id) != 0) {
		memset(p, 0, sizeof(*p));
		p->magic = MAGIC;
		p->version = VERSION;
		memcpy(p->boot_id, boot_id, sizeof(boot_id));
	}
	if (p->signal && p->now.kind) {
		h->last_signal = p->signal;
		count_death(p);
	}
	h->was_hung = p->hung;
	p->signal = p->hung = 0;
	p->now = (struct hand){ 0 };
	h->page = watched = p;
	hand_is_mine(h);
	watch_signals();
	return h;
}

/* A stack that has overflowed cannot run the handler: each thread has another for it. */
void
hand_is_mine(struct hand_page *h)
{
	static _Thread_local bool done;
	stack_t stack = { .ss_size = STACK_BYTES };

	engine_thread = gettid();
	if (done)
		return;
	done = true;
	stack.ss_sp = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
			   MAP_STACK, -1, 0);
	if (stack.ss_sp != MAP_FAILED)
		sigaltstack(&stack, NULL);
}

struct hand *
hand_now(struct hand_page *h)
{
	return &h->page->now;
}

unsigned
hand_deaths(const struct hand_page *h, const struct hand *what)
{
	for (uint32_t i = 0; i < h->page->count; i++)
		if (hand_is(&h->page->noted[i].what, what))
			return h->page->noted[i].deaths;
	return 0;
}

bool
hand_death(const struct hand_page *h, size_t i, struct hand *what, unsigned *deaths)
{
	if (i >= h->page->count)
		return false;
	*what = h->page->noted[i].what;
	*deaths = h->page->noted[i].deaths;
	return true;
}

int
hand_last_signal(const struct hand_page *h)
{
	return h->last_signal;
}

bool
hand_was_hung(const struct hand_page *h)
{
	return h->was_hung;
}

void
hand_close(struct hand_page *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &before[signals[i]], NULL);
	watched = NULL;
	h->page->now = (struct hand){ 0 };
	munmap(h->page, sizeof(*h->page));
	free(h);
}
