/* test_journal.c -- the journal's file after every death, and its count of what gongd has taken. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "drivers/kit/journal.h"

#define MIB ((size_t)1 << 20)

/* --- the file ----------------------------------------------------------------------------------- */

static int
new_file(void)
{
	int fd = memfd_create("journal", 0);

	if (fd < 0)
		fail_msg("no file");
	return fd;
}

static long long
size_of(int fd)
{
	struct stat st;

	fstat(fd, &st);
	return st.st_size;
}

static void
open_file(struct journal_file *f, int fd, size_t most)
{
	struct err err = { .text = "" };

	holds("it opens", journal_file_open(f, dup(fd), most, &err) == 0, "%s", err.text);
}

static struct journal_record *
write_record(struct journal_file *f, const char *bytes, size_t len)
{
	struct journal_record *r = xcalloc(1, sizeof(*r));
	struct err err = { .text = "" };

	*r = (struct journal_record){ .id = ++f->last_id, .kind = 'A', .bytes = xmalloc(len + 1), .len = len };
	memcpy(r->bytes, bytes, len);
	holds("it is written", journal_file_write(f, r, 0, &err) == 0, "%s", err.text);
	return r;
}

static struct journal_record *
write_text(struct journal_file *f, const char *text)
{
	return write_record(f, text, strlen(text));
}

static void
record_end(struct journal_record *r)
{
	free(r->bytes);
	free(r);
}

/* As a death does: nothing is struck out. */
static void
die(struct journal_file *f)
{
	struct journal_record *r;

	while ((r = TAILQ_FIRST(&f->records))) {
		TAILQ_REMOVE(&f->records, r, link);
		record_end(r);
	}
	journal_file_close(f);
}

static void
strike(struct journal_file *f, struct journal_record *r)
{
	journal_file_strike(f, &r, 1);
	record_end(r);
}

/* What the next life finds, as "one,two". */
static void
expect(const char *sentence, int fd, const char *wanted)
{
	struct journal_file f;
	struct journal_record *r;
	struct buf got = { 0 };

	open_file(&f, fd, 16 * MIB);
	buf_puts(&got, "");
	TAILQ_FOREACH(r, &f.records, link)
		buf_printf(&got, "%s%.40s", got.len ? "," : "", r->bytes);
	holds(sentence, strcmp(got.data ? got.data : "", wanted) == 0, "%s", got.data);
	buf_fini(&got);
	die(&f);
}

static void
test_what_is_not_over_is_found_again(void **state)
{
	struct journal_file f;
	struct journal_record *two;
	int fd = new_file();

	open_file(&f, fd, 16 * MIB);
	write_text(&f, "one");
	two = write_text(&f, "two");
	write_text(&f, "three");
	strike(&f, two);
	die(&f);
	expect("a struck one is over", fd, "one,three");
	expect("reading changes nothing", fd, "one,three");
	close(fd);
}

static void
test_when_nothing_is_left_the_file_is_empty(void **state)
{
	struct journal_record *both[2];
	struct journal_file f;
	int fd = new_file();

	open_file(&f, fd, 16 * MIB);
	both[0] = write_text(&f, "one");
	both[1] = write_text(&f, "two");
	journal_file_strike(&f, both, 2);
	holds("nothing is in it", size_of(fd) == 0, "%lld bytes", size_of(fd));
	record_end(both[0]);
	record_end(both[1]);
	write_text(&f, "three");
	die(&f);
	expect("and is written anew", fd, "three");
	close(fd);
}

/* A death in the middle of a write: the file ends at any byte. */
static void
test_a_torn_end_is_cut_off(void **state)
{
	struct journal_file f;
	int fd = new_file(), copy;
	long long whole, all;
	char bytes[400];

	open_file(&f, fd, 16 * MIB);
	write_text(&f, "one");
	whole = size_of(fd);
	write_text(&f, "two");
	die(&f);
	all = size_of(fd);
	assert_true(pread(fd, bytes, sizeof(bytes), 0) == all);
	for (long long end = whole; end < all; end++) {
		copy = new_file();
		assert_true(pwrite(copy, bytes, (size_t)end, 0) == end);
		expect("the whole one is left", copy, "one");
		holds("the torn one is cut off", size_of(copy) == whole, "%lld", size_of(copy));
		close(copy);
	}
	close(fd);
}

/* Any byte of the one in the middle. */
static void
test_a_damaged_one_costs_itself_alone(void **state)
{
	struct journal_file f;
	int fd = new_file();
	long long from, to;

	open_file(&f, fd, 16 * MIB);
	write_text(&f, "one");
	from = size_of(fd);
	write_text(&f, "two");
	to = size_of(fd);
	write_text(&f, "three");
	die(&f);
	for (long long at = from; at < to; at++) {
		char was, other;

		assert_true(pread(fd, &was, 1, at) == 1);
		other = (char)(was ^ 1);
		assert_true(pwrite(fd, &other, 1, at) == 1);
		expect("its neighbours are left", fd, "one,three");
		open_file(&f, fd, 16 * MIB);
		holds("and it is said", f.damaged == (size_t)(to - from), "%zu", f.damaged);
		die(&f);
		assert_true(pwrite(fd, &was, 1, at) == 1);
	}
	close(fd);
}

static void
test_bytes_of_any_kind_come_back(void **state)
{
	struct journal_file f;
	struct journal_record *r;
	int fd = new_file();
	char *bytes = xmalloc(8 * MIB);

	for (size_t i = 0; i < 8 * MIB; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	memcpy(bytes + 100, "\x1eJ1 ", 4);
	open_file(&f, fd, 16 * MIB);
	write_record(&f, bytes, 8 * MIB);
	write_record(&f, "", 0);
	die(&f);
	open_file(&f, fd, 16 * MIB);
	r = TAILQ_FIRST(&f.records);
	holds("all of it", r && r->len == 8 * MIB && memcmp(r->bytes, bytes, 8 * MIB) == 0, "not so");
	holds("and none of nothing", TAILQ_NEXT(r, link) && TAILQ_NEXT(r, link)->len == 0, "not so");
	die(&f);
	free(bytes);
	close(fd);
}

static void
test_room_is_given_once(void **state)
{
	struct journal_file f;
	struct err err = { .text = "" };
	char *bytes = xcalloc(1, 5 * MIB);
	struct journal_record *r;
	int fd = new_file();

	open_file(&f, fd, 16 * MIB);
	holds("eight", journal_file_promise(&f, 8 * MIB, &err) == 0, "%s", err.text);
	holds("and eight", journal_file_promise(&f, 8 * MIB, &err) == 0, "%s", err.text);
	holds("but not one more", journal_file_promise(&f, 1, &err) < 0, "it was");
	journal_file_give_up(&f, 8 * MIB);
	r = write_record(&f, bytes, 5 * MIB);
	holds("what lies there counts", journal_file_promise(&f, 8 * MIB, &err) < 0, "it did not");
	strike(&f, r);
	holds("until it is over", journal_file_promise(&f, 8 * MIB, &err) == 0, "%s", err.text);
	free(bytes);
	die(&f);
	close(fd);
}

/* One that nobody takes, and many behind it that come and go: the file stays short, and whatever
 * the middle of that was like, the one is there. */
static void
test_the_file_stays_short(void **state)
{
	struct journal_file f;
	int fd = new_file();
	char *bytes = xcalloc(1, 1000);

	open_file(&f, fd, 10000);
	write_text(&f, "stays");
	for (int i = 0; i < 100; i++) {
		strike(&f, write_record(&f, bytes, 1000));
		holds("short", size_of(fd) < 3 * 10000, "%lld bytes", size_of(fd));
	}
	die(&f);
	expect("it is still there", fd, "stays");
	free(bytes);
	close(fd);
}

/* The journal is not the only one who can write: a file is what it is. */
static void
test_what_is_no_journal_is_refused_or_skipped(void **state)
{
	struct journal_file f;
	struct err err = { .text = "" };
	int fd = new_file(), pipes[2];
	static const char garbage[] = "\x1eJ1 A 0000000000000001 ffffffff 0000000000000000\nx\x1eJ1 \x1eJ1 A";

	assert_true(pwrite(fd, garbage, sizeof(garbage), 0) == sizeof(garbage));
	expect("garbage is nothing", fd, "");
	assert_true(pipe(pipes) == 0);
	holds("a pipe is none", journal_file_open(&f, pipes[0], MIB, &err) < 0, "it was");
	journal_file_close(&f);
	close(pipes[1]);
	assert_true(ftruncate(fd, 100 * (long long)MIB) == 0);
	holds("nor is a huge file", journal_file_open(&f, fd, 16 * MIB, &err) < 0, "it was");
	journal_file_close(&f);
}

/* --- what gongd has taken --------------------------------------------------------------------------- */

struct world {
	struct event_base *base;
	struct journal *journal;
	struct record *kept[8];
	size_t kept_count;
	unsigned failed, promised, synced, changed;
};

static void
on_changed(void *ctx)
{
	((struct world *)ctx)->changed++;
}

static void
on_kept(void *ctx, struct record *r, const char *trouble)
{
	struct world *w = ctx;

	w->kept[w->kept_count++] = r;
	w->failed += trouble != NULL;
}

static void
on_promised(void *ctx, const char *trouble)
{
	struct world *w = ctx;

	w->promised++;
	w->failed += trouble != NULL;
}

static void
on_synced(void *ctx)
{
	struct world *w = ctx;

	w->synced++;
	event_base_loopbreak(w->base);
}

static void
settle(struct world *w)
{
	journal_after(w->journal, on_synced, w);
	event_base_dispatch(w->base);
}

static void
world_open(struct world *w, int fd, const char *fault)
{
	*w = (struct world){ .base = event_base_new() };
	w->journal = journal_open(w->base, fd < 0 ? -1 : dup(fd), 16 * MIB, fault, on_changed, w);
}

static void
world_close(struct world *w)
{
	journal_close(w->journal);
	event_base_free(w->base);
}

static struct record *
keep(struct world *w, const char *text)
{
	journal_keep(w->journal, 'A', xstrdup(text), strlen(text), 0, on_kept, w);
	settle(w);
	return w->kept[w->kept_count - 1];
}

static void
test_a_record_is_over_when_all_of_it_was_taken(void **state)
{
	int fd = new_file();
	struct world w;
	struct record *r;

	world_open(&w, fd, NULL);
	r = keep(&w, "one");
	holds("it is on the disk when that is said", size_of(fd) > 0, "empty");
	journal_owe(w.journal, r, "a");
	journal_owe(w.journal, r, "b");
	journal_told_all(w.journal, r);
	journal_took(w.journal, "a");
	journal_took(w.journal, "a");
	journal_took(w.journal, "of another life");
	settle(&w);
	holds("half of it is not all", size_of(fd) > 0, "empty");
	journal_took(w.journal, "b");
	settle(&w);
	holds("now it is over", size_of(fd) == 0, "%lld bytes", size_of(fd));
	world_close(&w);
	close(fd);
}

static void
test_one_took_is_for_all_that_bear_its_id(void **state)
{
	int fd = new_file();
	struct world w;
	struct record *one, *two;

	world_open(&w, fd, NULL);
	one = keep(&w, "one");
	two = keep(&w, "two");
	journal_owe(w.journal, one, "r7");
	journal_owe(w.journal, two, "r7");
	journal_told_all(w.journal, one);
	journal_told_all(w.journal, two);
	journal_took(w.journal, "r7");
	settle(&w);
	holds("both are over", size_of(fd) == 0, "%lld bytes", size_of(fd));
	world_close(&w);
	close(fd);
}

static void
test_what_was_kept_outlives_its_process(void **state)
{
	int fd = new_file();
	struct world w;
	struct record *r;

	world_open(&w, fd, NULL);
	r = keep(&w, "one");
	journal_owe(w.journal, r, "a");
	keep(&w, "two");
	journal_keep(w.journal, 'A', xstrdup("three"), 5, 0, on_kept, &w);
	world_close(&w);
	world_open(&w, fd, NULL);
	r = journal_found(w.journal, NULL);
	holds("the first", r && strcmp(r->in.bytes, "one") == 0, "not so");
	r = journal_found(w.journal, r);
	holds("the second", r && strcmp(r->in.bytes, "two") == 0, "not so");
	r = journal_found(w.journal, r);
	holds("and what was on its way", r && strcmp(r->in.bytes, "three") == 0 && !journal_found(w.journal, r),
	      "not so");
	for (r = journal_found(w.journal, NULL); r; r = journal_found(w.journal, NULL))
		journal_told_all(w.journal, r);
	settle(&w);
	holds("told of, without anything to take, it is over", size_of(fd) == 0, "%lld", size_of(fd));
	world_close(&w);
	close(fd);
}

static void
test_without_a_file_nothing_is_kept_and_all_goes_on(void **state)
{
	struct world w;
	struct record *r;

	world_open(&w, -1, NULL);
	journal_promise(w.journal, 8 * MIB, on_promised, &w);
	r = keep(&w, "one");
	holds("there is room, and it is kept", w.promised == 1 && w.failed == 0, "%u failed", w.failed);
	journal_owe(w.journal, r, "a");
	journal_told_all(w.journal, r);
	journal_took(w.journal, "a");
	settle(&w);
	world_close(&w);

	world_open(&w, -1, "there is no folder");
	journal_promise(w.journal, 8 * MIB, on_promised, &w);
	keep(&w, "one");
	holds("a fault is said of each", w.failed == 2, "%u", w.failed);
	world_close(&w);
}

static void
test_a_write_that_fails_is_said_and_leaves_nothing(void **state)
{
	int fd = new_file(), reading;
	char path[64];
	struct world w;
	size_t damaged;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reading = open(path, O_RDONLY);
	world_open(&w, reading, NULL);
	keep(&w, "one");
	holds("it is said", w.failed == 1 && w.changed == 1 && journal_trouble(w.journal, &damaged),
	      "%u failed", w.failed);
	journal_told_all(w.journal, w.kept[0]);
	settle(&w);
	holds("nothing is there", size_of(fd) == 0, "%lld", size_of(fd));
	world_close(&w);
	close(reading);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_over_is_found_again),
		cmocka_unit_test(test_when_nothing_is_left_the_file_is_empty),
		cmocka_unit_test(test_a_torn_end_is_cut_off),
		cmocka_unit_test(test_a_damaged_one_costs_itself_alone),
		cmocka_unit_test(test_bytes_of_any_kind_come_back),
		cmocka_unit_test(test_room_is_given_once),
		cmocka_unit_test(test_the_file_stays_short),
		cmocka_unit_test(test_what_is_no_journal_is_refused_or_skipped),
		cmocka_unit_test(test_a_record_is_over_when_all_of_it_was_taken),
		cmocka_unit_test(test_one_took_is_for_all_that_bear_its_id),
		cmocka_unit_test(test_what_was_kept_outlives_its_process),
		cmocka_unit_test(test_without_a_file_nothing_is_kept_and_all_goes_on),
		cmocka_unit_test(test_a_write_that_fails_is_said_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
