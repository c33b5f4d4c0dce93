/* test_hand.c -- the page that outlives gongd: which deaths count, and against what.  Each death is
 * a real one, of a child of this test. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/store/hand.h"

static char folder[] = "/tmp/gong-hand-XXXXXX", path[64];

enum death { NONE, SEGV, ABORT, BUS, ILL, FPE, STACK, KILL, OTHER_THREAD, WATCHDOG, HUNG,
	     AFTER_THE_DISK, EMPTY_HAND };

static int
make_folder(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/hand", folder);
	return 0;
}

static int
clean(void **state)
{
	unlink(path);
	return 0;
}

static int
remove_folder(void **state)
{
	clean(state);
	return rmdir(folder);
}

static volatile int levels = -1;	/* never reached: the stack ends before */
static int *volatile nowhere;

static int
overflow(volatile char *before)
{
	volatile char here[4096];

	here[0] = before ? before[0] : 1;
	return levels-- ? overflow(here) + here[0] : 0;
}

/* A sanitizer would end it in an orderly way, before the fault. */
__attribute__((no_sanitize("undefined", "address"))) static void *
fault(void *ctx)
{
	*nowhere = 1;
	return NULL;
}

static void
die(enum death how)
{
	pthread_t thread;

	switch (how) {
	case SEGV:
		fault(NULL);
		break;
	case ABORT:
		abort();
	case BUS:
		raise(SIGBUS);
		break;
	case ILL:
		raise(SIGILL);
		break;
	case FPE:
		raise(SIGFPE);
		break;
	case STACK:
		_exit(overflow(NULL));
	case KILL:
		raise(SIGKILL);
		break;
	case OTHER_THREAD:
		pthread_create(&thread, NULL, fault, NULL);
		pthread_join(thread, NULL);
		break;
	case WATCHDOG:
	case HUNG:
	case AFTER_THE_DISK:
		pause();
		break;
	case NONE:
	case EMPTY_HAND:
		break;
	}
}

/* A child dies like that with `what` in hand; how it ended, as waitpid says. */
static int
child(enum death how, const struct hand *what)
{
	struct rlimit none = { 0, 0 };
	int ready[2], status = 0;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct hand_page *h;

		setrlimit(RLIMIT_CORE, &none);
		for (int sig = 1; sig < 32; sig++)
			signal(sig, SIG_DFL);	/* not cmocka's, nor a sanitizer's */
		if (!freopen("/dev/null", "w", stderr))	/* a sanitizer's word about it */
			_exit(3);
		h = hand_open(path);
		if (how != EMPTY_HAND)
			*hand_now(h) = *what;
		hand_turn();			/* before the parent's signal can come */
		if (how == HUNG || how == AFTER_THE_DISK)
			hand_disk();
		if (how == AFTER_THE_DISK)
			hand_disk_done();
		(void)!write(ready[1], "r", 1);
		die(how == EMPTY_HAND ? SEGV : how);
		hand_close(h);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	if (how == WATCHDOG || how == HUNG || how == AFTER_THE_DISK)
		kill(pid, SIGABRT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(ready[0]);
	return status;
}

static unsigned
deaths_of(const struct hand *what, int *last)
{
	struct hand_page *h = hand_open(path);
	unsigned deaths = hand_deaths(h, what);

	if (last)
		*last = hand_last_signal(h);
	hand_close(h);
	return deaths;
}

static void
which_count(void **state)
{
	static const struct {
		const char *sentence;
		enum death how;
		unsigned want;
	} cases[] = {
		{ "an orderly end does not", NONE, 0 },
		{ "a fault does", SEGV, 1 },
		{ "a failed assertion does", ABORT, 1 },
		{ "a bus error does", BUS, 1 },
		{ "an illegal instruction does", ILL, 1 },
		{ "a division by zero does", FPE, 1 },
		{ "a stack that overflows does", STACK, 1 },
		{ "the watchdog does", WATCHDOG, 1 },
		{ "the watchdog's does not while the disk hangs", HUNG, 0 },
		{ "but does when the disk has answered", AFTER_THE_DISK, 1 },
		{ "kill -9 does not", KILL, 0 },
		{ "a fault of another thread does not", OTHER_THREAD, 0 },
		{ "a fault with nothing in hand does not", EMPTY_HAND, 0 },
	};
	const struct hand what = { HAND_WAVE, 7, 12, 0 }, none = { 0 };

	for (size_t i = 0; i < COUNT(cases); i++) {
		int status = child(cases[i].how, &what), last;
		unsigned deaths = deaths_of(&what, &last);

		holds(cases[i].sentence, deaths == cases[i].want, "%u deaths, status %x", deaths, status);
		holds(cases[i].sentence, cases[i].how == NONE || WIFSIGNALED(status),
		      "it ended with %x", status);
		holds(cases[i].sentence, !deaths == !last, "the last signal is %d", last);
		holds("nothing is no thing", deaths_of(&none, NULL) == 0, "it was counted");
		unlink(path);
	}
}

static void
they_add_up(void **state)
{
	const struct hand one = { HAND_COMMAND, 0, 3, 99 }, other = { HAND_COMMAND, 0, 3, 98 };
	struct hand_page *h;
	struct hand what;
	unsigned deaths;

	child(SEGV, &one);
	child(SEGV, &other);
	child(ABORT, &one);
	child(KILL, &one);
	child(SEGV, &one);
	h = hand_open(path);
	assert_int_equal(hand_deaths(h, &one), 3);
	assert_int_equal(hand_deaths(h, &other), 1);
	holds("the latest first", hand_death(h, 0, &what, &deaths) && hand_is(&what, &one) &&
	      deaths == 3, "%u", deaths);
	assert_false(hand_death(h, 2, &what, &deaths));
	hand_close(h);
}

static void
only_so_many(void **state)
{
	struct hand what = { HAND_ALERT, 0, 0, 1 };

	for (uint64_t i = 1; i <= 70; i++) {
		what.a = i;
		child(ABORT, &what);
	}
	assert_int_equal(deaths_of(&what, NULL), 1);
	what.a = 1;
	holds("the oldest is forgotten", deaths_of(&what, NULL) == 0, "it was not");
}

static void
another_boot_or_another_file(void **state)
{
	const struct hand what = { HAND_WAVE, 7, 12, 0 };
	char page[4096];
	size_t len;
	FILE *f;

	child(SEGV, &what);
	assert_int_equal(deaths_of(&what, NULL), 1);
	f = fopen(path, "r+");
	assert_non_null(f);
	len = fread(page, 1, sizeof(page), f);
	assert_true(len > 64);
	rewind(f);
	page[16] ^= 1;				/* of the boot id */
	fwrite(page, 1, len, f);
	fclose(f);
	holds("another boot knows nothing", deaths_of(&what, NULL) == 0, "it does");
	f = fopen(path, "w");
	for (int i = 0; i < 3000; i++)
		fputc(i * 7, f);
	fclose(f);
	holds("noise is nothing", deaths_of(&what, NULL) == 0, "it counts");
	unlink(path);
	assert_int_equal(symlink("/dev/zero", path), 0);
	holds("without a file it works, too", deaths_of(&what, NULL) == 0, "it counts");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(which_count, clean),
		cmocka_unit_test_teardown(they_add_up, clean),
		cmocka_unit_test_teardown(only_so_many, clean),
		cmocka_unit_test_teardown(another_boot_or_another_file, clean),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
