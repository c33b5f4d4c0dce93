/* test_spawn.c -- what a child process finds open: its pipes, its owner's files, nothing else.  The
 * child is this very program. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/children/children.h"

#define CHILD "GONG_TEST_SPAWN_CHILD"
#define FDS_MAX 256

/* The child: names every fd that it has, and of a file what is in it. */
static int
tell_what_is_open(void)
{
	for (int fd = 0; fd < FDS_MAX; fd++) {
		char text[32] = "";

		if (fcntl(fd, F_GETFD) < 0)
			continue;
		if (fd > STDERR_FILENO && pread(fd, text, sizeof(text) - 1, 0) < 0)
			return 1;
		printf("%d%s%s ", fd, *text ? "=" : "", text);
	}
	return 0;
}

/* A file with that text, which a careless parent would hand on, under that number. */
static int
file_with(const char *text, int as)
{
	int fd = memfd_create(text, 0);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || dup2(fd, as) < 0)
		fail_msg("no file");
	if (fd != as)
		close(fd);
	return as;
}

static void
child_says(char *said, size_t size, const int files[CHILD_FILES])
{
	int to, from, errors;
	pid_t pid = child_spawn("/proc/self/exe", files, &to, &from, &errors);
	size_t len = 0;
	ssize_t n;
	int status;

	holds("it runs", pid > 0, "%d", (int)pid);
	while ((n = read(from, said + len, size - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = '\0';
	waitpid(pid, &status, 0);
	holds("it ends well", status == 0, "status %d", status);
	close(to);
	close(from);
	close(errors);
}

static void
a_child_has_its_pipes_and_its_owners_files_open_and_nothing_else(void **state)
{
	/* Our own 3 and 4 are pipes in some rows, in others the files themselves. */
	static const struct {
		const char *sentence;
		int first, second;	/* where the files are with us, -1 = none */
		const char *says;
	} cases[] = {
		{ "no files", -1, -1, "0 1 2 " },
		{ "both", 100, 101, "0 1 2 3=first 4=second " },
		{ "both, and the numbers are crossed", 4, 3, "0 1 2 3=first 4=second " },
		{ "both, and they are in place", 3, 4, "0 1 2 3=first 4=second " },
		{ "only the first", 100, -1, "0 1 2 3=first " },
		{ "only the second", -1, 3, "0 1 2 4=second " },
	};
	int secret = file_with("secret", 60);

	for (size_t i = 0; i < COUNT(cases); i++) {
		const int files[CHILD_FILES] = {
			cases[i].first < 0 ? -1 : file_with("first", cases[i].first),
			cases[i].second < 0 ? -1 : file_with("second", cases[i].second),
		};
		char said[256];

		child_says(said, sizeof(said), files);
		holds(cases[i].sentence, strcmp(said, cases[i].says) == 0, "it says: %s", said);
		for (size_t k = 0; k < CHILD_FILES; k++)
			holds("the file is still ours", files[k] < 0 || close(files[k]) == 0, "%zu", k);
	}
	close(secret);
}

/* gongd started by something that closed its standard streams: pipes get the numbers 0 to 2. */
static void
a_parent_without_standard_streams_gives_its_child_the_right_ones(void **state)
{
	const int none[CHILD_FILES] = { -1, -1 };
	int kept[3];
	char said[256];

	for (int fd = 0; fd < 3; fd++) {
		kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 100);
		close(fd);
	}
	child_says(said, sizeof(said), none);
	for (int fd = 0; fd < 3; fd++) {
		dup2(kept[fd], fd);
		close(kept[fd]);
	}
	holds("three", strcmp(said, "0 1 2 ") == 0, "it says: %s", said);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_has_its_pipes_and_its_owners_files_open_and_nothing_else),
		cmocka_unit_test(a_parent_without_standard_streams_gives_its_child_the_right_ones),
	};

	if (getenv(CHILD))
		return tell_what_is_open();
	setenv(CHILD, "1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
