/* fuzz_journal.c -- a journal's file with any bytes in it: what is found in it is whole, and what is
 * written behind it is found again, with the same. */
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "drivers/kit/journal_file.h"

#define MOST ((size_t)1 << 20)

static void
open_again(struct journal_file *f, int fd)
{
	struct err err;

	promise(journal_file_open(f, dup(fd), MOST, &err) == 0, "it opens");
}

/* How many there were. */
static size_t
end(struct journal_file *f)
{
	struct journal_record *r;
	size_t count = 0;

	while ((r = TAILQ_FIRST(&f->records))) {
		TAILQ_REMOVE(&f->records, r, link);
		promise(r->bytes[r->len] == '\0' && r->kind != JOURNAL_OVER, "a record is whole, and no strike");
		free(r->bytes);
		free(r);
		count++;
	}
	journal_file_close(f);
	return count;
}

static struct journal_record *
new_record(struct journal_file *f)
{
	struct journal_record *r = xcalloc(1, sizeof(*r));

	*r = (struct journal_record){ .id = ++f->last_id, .kind = 'Z', .bytes = xstrdup("ours"), .len = 4 };
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal_record *stays, *goes;
	struct journal_file f;
	int fd = memfd_create("fuzz", 0);
	struct err err;
	size_t found;

	if (size > MOST / 2)
		return 0;
	promise(write(fd, data, size) == (ssize_t)size, "there is a file");
	open_again(&f, fd);
	stays = new_record(&f);
	goes = new_record(&f);
	promise(journal_file_write(&f, stays, 0, &err) == 0 && journal_file_write(&f, goes, 0, &err) == 0,
		"it is written");
	journal_file_strike(&f, &goes, 1);
	free(goes->bytes);
	free(goes);
	found = end(&f);
	open_again(&f, fd);
	promise(end(&f) == found, "the next life finds the same");
	close(fd);
	return 0;
}
