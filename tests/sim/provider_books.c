/* provider_books.c -- the provider's books: one JSON object a line, on the disk's way before the
 * answer is on the wire's. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/provider.h"

static struct buf books;
static int log_fd = -1;

void
books_open(const char *path)
{
	if (!path)
		return;
	log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log_fd < 0) {
		fprintf(stderr, "provider: --log %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

void
book(const struct entry *e)
{
	const struct { const char *name, *value; } members[] = {
		{ ",\"to\":", e->to }, { ",\"text\":", e->text }, { ",\"ref\":", e->ref },
		{ ",\"id\":", e->id },
	};

	if (log_fd < 0)
		return;
	buf_printf(&books, "{\"at\":%lld,\"ev\":\"%s\"", (long long)now_ms(), e->ev);
	for (size_t i = 0; i < 4; i++) {
		if (!members[i].value)
			continue;
		buf_puts(&books, members[i].name);
		buf_json(&books, members[i].value);
	}
	buf_puts(&books, "}\n");
}

void
books_write(void)
{
	size_t done = 0;

	while (log_fd >= 0 && done < books.len) {
		ssize_t n = write(log_fd, books.data + done, books.len - done);

		if (n < 0 && errno != EINTR) {
			perror("provider: books");
			exit(1);
		}
		done += n > 0 ? (size_t)n : 0;
	}
	buf_reset(&books);
}
