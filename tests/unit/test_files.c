/* test_files.c -- only a regular file within its bound is read; nothing is waited for. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "files/read.h"

static char folder[] = "/tmp/gong-files-XXXXXX";
static const char *const names[] = { "file", "empty", "nul", "pipe", "folder", "socket", "large",
				     "link", "loop" };

static void
at(char path[200], const char *name)
{
	snprintf(path, 200, "%s%s%s", *name == '/' ? "" : folder, *name == '/' ? "" : "/", name);
}

static int
make(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[200], other[200];
	int fd;

	assert_non_null(mkdtemp(folder));
	at(path, "file");
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "hello\n", 6), 6);
	close(fd);
	at(path, "empty");
	close(open(path, O_WRONLY | O_CREAT, 0600));
	at(path, "nul");
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "a\0b", 3), 3);
	close(fd);
	at(path, "large");		/* 1 TiB of holes */
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
	close(fd);
	at(path, "pipe");
	assert_int_equal(mkfifo(path, 0600), 0);
	at(path, "folder");
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	at(path, "link");
	at(other, "pipe");
	assert_int_equal(symlink(other, path), 0);
	at(path, "loop");
	return symlink(path, path);
}

static int
unmake(void **state)
{
	char path[200];

	for (size_t i = 0; i < COUNT(names); i++) {
		at(path, names[i]);
		remove(path);
	}
	return rmdir(folder);
}

static const struct {
	const char *sentence, *name, *says;
} refused[] = {
	{ "a named pipe nobody writes to", "pipe", "it is a named pipe" },
	{ "a link to one", "link", "it is a named pipe" },
	{ "a folder", "folder", "it is a folder" },
	{ "a socket", "socket", "it is a socket" },
	{ "a device without end", "/dev/zero", "it is a device" },
	{ "a terminal", "/dev/ptmx", "it is a device" },
	{ "more than memory", "large", "is larger than 4 MiB" },
	{ "a file that is not there", "nowhere", "No such file" },
	{ "a link to itself", "loop", "symbolic links" },
	{ "a text with a NUL in it", "nul", "NUL" },
};

static void
what_is_no_file_of_its_size_is_refused(void **state)
{
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct err err = { .text = "" };
		char path[200], *body;

		at(path, refused[i].name);
		body = file_read(path, FILE_CONF_MAX, NULL, &err);
		holds(refused[i].sentence, !body, "was read");
		holds(refused[i].sentence, strncmp(err.text, path, strlen(path)) == 0 &&
		      strstr(err.text, refused[i].says), "\"%s\"", err.text);
	}
}

static void
a_file_is_read_whole(void **state)
{
	struct err err = { .text = "" };
	char path[200], *body;
	size_t len;

	at(path, "file");
	body = file_read(path, 6, NULL, &err);
	holds("as large as it may be", body && strcmp(body, "hello\n") == 0, "%s", err.text);
	free(body);
	holds("one byte more", !file_read(path, 5, NULL, &err), "was read");
	assert_int_equal(file_check(path, 6, &err), 0);
	assert_int_equal(file_check(path, 5, &err), -1);
	at(path, "empty");
	body = file_read(path, 6, &len, &err);
	assert_true(body && len == 0 && !*body);
	free(body);
	at(path, "nul");
	body = file_read(path, 6, &len, &err);
	assert_true(body && len == 3 && body[2] == 'b');
	free(body);
	/* Its size is said to be 0. */
	body = file_read("/proc/self/stat", FILE_CONF_MAX, NULL, &err);
	assert_true(body && strlen(body) > 10);
	free(body);
	holds("and then it is too large", !file_read("/proc/self/stat", 10, NULL, &err), "was read");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_file_of_its_size_is_refused),
		cmocka_unit_test(a_file_is_read_whole),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
