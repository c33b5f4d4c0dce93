/* test_slots.c -- a route's page as the next gongd finds it.  Each case plays one life of gongd, ends it
 * as a kill would, and asks the next one. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/contract/contract.h"
#include "daemon/routes/slots.h"
#include "files/page.h"

static char folder[] = "/tmp/gong-test-slots.XXXXXX";

static struct slots *
life(void)
{
	struct slots *s = slots_open(folder, "r");

	holds("the page opens", s != NULL, "%s", strerror(errno));
	holds("and is ours", slots_lock(s), "%s", strerror(errno));
	return s;
}

/* What the next gongd is told; caller frees. */
static struct command *
inherited(const struct slots *s)
{
	struct command *cmd = command_new(CMD_ROUTE_LOST, 1);

	slots_inherited(s, cmd);
	return cmd;
}

static void
expect(const char *sentence, const struct command *cmd, uint64_t written, uint64_t unwritten, bool rest)
{
	uint64_t w = cmd->lost.written_count == 1 ? cmd->lost.written[0] : cmd->lost.written_count;
	uint64_t u = cmd->lost.unwritten_count == 1 ? cmd->lost.unwritten[0] : cmd->lost.unwritten_count;

	holds(sentence, w == written && u == unwritten && cmd->lost.rest_never_given == rest,
	      "written %llu (%zu), unwritten %llu (%zu), the rest was%s given", (unsigned long long)w,
	      cmd->lost.written_count, (unsigned long long)u, cmd->lost.unwritten_count,
	      cmd->lost.rest_never_given ? " never" : " maybe");
}

/* One more life that is told that; caller closes it. */
static struct slots *
life_that_is_told(const char *sentence, uint64_t written, uint64_t unwritten, bool rest)
{
	struct slots *s = life();
	struct command *cmd = inherited(s);

	expect(sentence, cmd, written, unwritten, rest);
	command_free(cmd);
	return s;
}

/* As a driver sees it: by the descriptor that it inherits. */
static void
driver_marks(const struct slots *s, uint32_t slot)
{
	struct page *p = page_map(slots_fd(s));

	holds("a driver can map it", p != NULL, "%s", strerror(errno));
	p->slots[slot].left = 1;
	page_unmap(p);
}

/* One life that gives a driver 11 and 12, which begins with 12, and ends. */
static void
play_a_life(void)
{
	struct slots *s = life();

	slots_inherited_committed(s);
	slots_take(s, 11, false);
	driver_marks(s, slots_take(s, 12, false));
	slots_note_commit(s, 5000);
	slots_close(s);
}

static void
change_byte(off_t at)
{
	char path[64], byte;
	int fd;

	snprintf(path, sizeof(path), "%s/r", folder);
	fd = open(path, O_RDWR);
	holds("the file", pread(fd, &byte, 1, at) == 1, "%s", strerror(errno));
	byte ^= 1;
	holds("the file", pwrite(fd, &byte, 1, at) == 1, "%s", strerror(errno));
	close(fd);
}

static void
what_has_not_begun_to_leave_is_told_apart_from_what_has(void **state)
{
	struct command *cmd;
	struct slots *s;

	play_a_life();
	s = life();
	cmd = inherited(s);
	expect("both are named, and nothing else was given", cmd, 12, 11, true);
	holds("so new are the books", cmd->lost.books_at == 5000, "%lld", (long long)cmd->lost.books_at);
	command_free(cmd);
	slots_close(s);
	s = life_that_is_told("another crash before the books have it changes nothing", 12, 11, true);
	slots_inherited_committed(s);
	slots_close(s);
	slots_close(life_that_is_told("and after that all is free", 0, 0, true));
}

static void
a_page_that_cannot_be_believed_says_so_until_the_books_have_what_was_in_hand(void **state)
{
	static const struct {
		const char *sentence;
		off_t at;
	} cases[] = {
		{ "no page of ours", 0 }, { "of another version", 8 }, { "of another size", 12 },
		{ "of another boot", 20 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slots *s;

		play_a_life();
		change_byte(cases[i].at);
		for (int again = 0; again < 2; again++) {	/* a crash before the commit */
			s = life_that_is_told(cases[i].sentence, 0, 0, false);
			slots_take(s, 13, false);
			slots_give_back(s, 13);
			slots_close(s);
		}
		s = life();
		slots_inherited_committed(s);
		slots_close(s);
		slots_close(life_that_is_told("then it is believed", 0, 0, true));
	}
}

static void
a_shorter_file_is_no_page(void **state)
{
	struct slots *s;
	char path[64];

	play_a_life();
	snprintf(path, sizeof(path), "%s/r", folder);
	holds("cut", truncate(path, 4096) == 0, "%s", strerror(errno));
	s = life_that_is_told("its slots are lost, and nobody knows which", 0, 0, false);
	slots_inherited_committed(s);
	slots_close(s);
}

static void
without_a_free_slot_what_is_not_noted_is_in_doubt(void **state)
{
	struct slots *s = life();
	struct command *cmd;

	slots_inherited_committed(s);
	for (uint64_t id = 1; id < PAGE_SLOTS; id++)
		holds("there is one for each", slots_take(s, id, false) != PAGE_NO_SLOT, "%llu",
		      (unsigned long long)id);
	holds("then there is none", slots_take(s, PAGE_SLOTS, false) == PAGE_NO_SLOT, "there is");
	holds("which may have left", slots_left(s, PAGE_SLOTS), "it has not");
	slots_give_back(s, 7);
	holds("a place that is free is taken again", slots_take(s, 8, true) != PAGE_NO_SLOT &&
	      slots_take(s, 20000, false) != PAGE_NO_SLOT, "it is not");
	slots_close(s);
	s = life();
	cmd = inherited(s);
	holds("one was marked, the others not, the rest is in doubt", cmd->lost.written_count == 1 &&
	      cmd->lost.unwritten_count == PAGE_SLOTS - 2 && !cmd->lost.rest_never_given, "%zu, %zu",
	      cmd->lost.written_count, cmd->lost.unwritten_count);
	command_free(cmd);
	slots_inherited_committed(s);
	slots_close(s);
}

/* The driver of the gongd before: a process that inherited the descriptor, in a group of its own. */
static void
a_driver_that_lives_on_keeps_the_page_until_it_is_killed(void **state)
{
	struct slots *s = life(), *next;
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		pause();
		_exit(0);
	}
	setpgid(pid, pid);
	slots_note_process(s, pid);
	slots_close(s);
	next = slots_open(folder, "r");
	holds("it is not ours yet", !slots_lock(next) && errno == EWOULDBLOCK, "errno %d", errno);
	slots_kill_holder(next);
	waitpid(pid, NULL, 0);
	holds("now it is", slots_lock(next), "%s", strerror(errno));
	slots_kill_holder(next);	/* nobody is noted: nobody is killed */
	slots_close(next);
}

/* Its number was given to somebody else meanwhile. */
static void
a_process_that_is_not_the_one_that_was_noted_is_not_killed(void **state)
{
	struct slots *s = life(), *next;
	pid_t pid = fork();
	struct page *p;
	int status;

	if (pid == 0) {
		setpgid(0, 0);
		pause();
		_exit(0);
	}
	setpgid(pid, pid);
	slots_note_process(s, pid);
	p = page_map(slots_fd(s));
	p->pid_started++;
	page_unmap(p);
	next = slots_open(folder, "r");
	slots_kill_holder(next);
	holds("it lives", waitpid(pid, &status, WNOHANG) == 0, "it does not");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	slots_close(next);
	slots_close(s);
}

static bool
is_kept(void *ctx, const char *name)
{
	return strcmp(name, "kept") == 0;
}

static void
pages_of_routes_that_are_no_more_go(void **state)
{
	char path[64];

	slots_close(slots_open(folder, "kept"));
	slots_close(slots_open(folder, "strange"));
	slots_remove_others(folder, is_kept, NULL);
	snprintf(path, sizeof(path), "%s/strange", folder);
	holds("that one", access(path, F_OK) < 0, "it is there");
	snprintf(path, sizeof(path), "%s/kept", folder);
	holds("the other stays", access(path, F_OK) == 0, "it went");
	slots_remove(folder, "kept");
	holds("a name that is a folder has no page", !slots_open(folder, ".."), "it has");
}

static int
open_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int
remove_folder(void **state)
{
	return unit_remove(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_not_begun_to_leave_is_told_apart_from_what_has),
		cmocka_unit_test(a_page_that_cannot_be_believed_says_so_until_the_books_have_what_was_in_hand),
		cmocka_unit_test(a_shorter_file_is_no_page),
		cmocka_unit_test(without_a_free_slot_what_is_not_noted_is_in_doubt),
		cmocka_unit_test(a_driver_that_lives_on_keeps_the_page_until_it_is_killed),
		cmocka_unit_test(a_process_that_is_not_the_one_that_was_noted_is_not_killed),
		cmocka_unit_test(pages_of_routes_that_are_no_more_go),
	};

	return cmocka_run_group_tests(tests, open_folder, remove_folder);
}
