/* journal_file.c -- the file of a journal: one writer, which may die at any byte. */
#include "drivers/kit/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/cause.h"
#include "core/buf.h"

#define MARK "\x1eJ1 "			/* what a record begins with; 1e: hardly a text has it */
#define MARK_LEN 4
#define SLACK 4096			/* of a promise: the head, and strikes */
#define ID_TEXT 17			/* an id and a blank, in the bytes of a strike */

/* FNV-1a over kind, id and bytes: against accidents, not against people. */
static uint64_t
checksum(char kind, uint64_t id, const char *bytes, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325u;

	hash = (hash ^ (unsigned char)kind) * 0x100000001b3u;
	for (int i = 0; i < 64; i += 8)
		hash = (hash ^ (id >> i & 0xff)) * 0x100000001b3u;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3u;
	return hash;
}

static size_t
size_of(const struct journal_record *r)
{
	return JOURNAL_HEAD + r->len + 1;
}

static void
format(struct buf *out, char kind, uint64_t id, const char *bytes, size_t len)
{
	buf_printf(out, MARK "%c %016" PRIx64 " %08zx %016" PRIx64 "\n", kind, id, len,
		   checksum(kind, id, bytes, len));
	buf_add(out, bytes, len);
	buf_puts(out, "\n");
}

static bool
read_hex(const char *from, size_t digits, uint64_t *out)
{
	static const char all[] = "0123456789abcdef";

	*out = 0;
	for (size_t i = 0; i < digits; i++) {
		const char *digit = from[i] ? strchr(all, from[i]) : NULL;

		if (!digit)
			return false;
		*out = *out << 4 | (uint64_t)(digit - all);
	}
	return true;
}

/* A whole record at `from`, of which `len` bytes are there; its bytes stay in there. */
static bool
parse(struct journal_record *r, char *from, size_t len)
{
	uint64_t size, sum;

	if (len < JOURNAL_HEAD || memcmp(from, MARK, MARK_LEN) != 0 || from[5] != ' ' || from[22] != ' ' ||
	    from[31] != ' ' || from[JOURNAL_HEAD - 1] != '\n' || from[4] < 'A' || from[4] > 'Z' || !read_hex(from + 6, 16, &r->id) ||
	    !read_hex(from + 23, 8, &size) || !read_hex(from + 32, 16, &sum) ||
	    size >= len - JOURNAL_HEAD)
		return false;
	r->kind = from[4];
	r->bytes = from + JOURNAL_HEAD;
	r->len = (size_t)size;
	return from[JOURNAL_HEAD + size] == '\n' && checksum(r->kind, r->id, r->bytes, r->len) == sum;
}

static int
write_at(int fd, const char *bytes, size_t len, long long at)
{
	while (len) {
		ssize_t n = pwrite(fd, bytes, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
		at += n;
	}
	return 0;
}

/* --- what was there before -------------------------------------------------------------------- */

static void
drop(struct journal_file *f, struct journal_record *r)
{
	TAILQ_REMOVE(&f->records, r, link);
	table_take(&f->by_id, r->id);
	f->live -= size_of(r);
}

static void
add(struct journal_file *f, struct journal_record *r)
{
	TAILQ_INSERT_TAIL(&f->records, r, link);
	table_put(&f->by_id, r->id, r);
	f->live += size_of(r);
}

/* One that a death left in two places, in the middle of `shorten`, is one. */
static void
found(struct journal_file *f, const struct journal_record *r, long long at)
{
	struct journal_record *copy;

	if (table_get(&f->by_id, r->id))
		return;
	copy = xcalloc(1, sizeof(*copy));
	*copy = *r;
	copy->bytes = xmalloc(r->len + 1);
	memcpy(copy->bytes, r->bytes, r->len);
	copy->bytes[r->len] = '\0';
	copy->offset = at;
	add(f, copy);
}

static void
struck(struct journal_file *f, const struct journal_record *strike)
{
	uint64_t id;

	for (size_t at = 0; at + ID_TEXT <= strike->len; at += ID_TEXT) {
		struct journal_record *r = read_hex(strike->bytes + at, 16, &id)
			? table_get(&f->by_id, id) : NULL;

		if (!r)
			continue;
		drop(f, r);
		free(r->bytes);
		free(r);
	}
}

/* From mark to mark; `pass` 0 finds the records, 1 strikes out: a strike may lie before a copy of
 * what it strikes. */
static void
scan(struct journal_file *f, char *bytes, size_t len, int pass)
{
	size_t at = 0, good = 0;
	struct journal_record r = { .link = { 0 } };

	while (at < len) {
		char *mark;

		if (parse(&r, bytes + at, len - at)) {
			if (r.kind == JOURNAL_OVER && pass)
				struck(f, &r);
			else if (r.kind != JOURNAL_OVER && !pass)
				found(f, &r, (long long)at);
			f->damaged += pass ? at - good : 0;
			good = at += size_of(&r);
			continue;
		}
		mark = memmem(bytes + at + 1, len - at - 1, MARK, MARK_LEN);
		at = mark ? (size_t)(mark - bytes) : len;
	}
	f->tail = (long long)good;
	f->torn = len - good;
}

static int
read_all(int fd, char *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = pread(fd, bytes + at, len - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += (size_t)n;
	}
	return 0;
}

/* Ids never come again, not in another life either: gongd may still say of an old one that it has it. */
static uint64_t
first_id(void)
{
	uint64_t id = 0;

	if (getrandom(&id, sizeof(id), GRND_NONBLOCK) != sizeof(id))
		id = (uint64_t)getpid() << 40;
	return id >> 1;
}

int
journal_file_open(struct journal_file *f, int fd, size_t most, struct err *err)
{
	struct stat st;
	char *bytes;
	int rc = 0;

	*f = (struct journal_file){ .fd = fd, .most = most, .last_id = first_id() };
	TAILQ_INIT(&f->records);
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), journal_no_file);
	if (st.st_size > 4 * (long long)most)	/* `shorten` needs twice as much, and a little */
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), journal_large, NUM(st.st_size));
	bytes = xmalloc((size_t)st.st_size + 1);
	if (read_all(fd, bytes, (size_t)st.st_size) < 0)
		rc = err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), journal_unreadable, cause_word(errno));
	for (int pass = 0; rc == 0 && pass < 2; pass++)
		scan(f, bytes, (size_t)st.st_size, pass);
	free(bytes);
	if (rc == 0 && f->torn && ftruncate(fd, f->tail) < 0)
		rc = err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), journal_unwritable, cause_word(errno));
	return rc;
}

/* --- room --------------------------------------------------------------------------------------- */

/* Blocks of its own, or, where a file system gives none ahead, as many free ones. */
static int
claim(const struct journal_file *f, size_t len)
{
	struct statvfs fs;

	if (fallocate(f->fd, FALLOC_FL_KEEP_SIZE, f->tail, (off_t)len) == 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != ENOSYS)
		return -1;
	if (fstatvfs(f->fd, &fs) < 0)
		return -1;
	errno = ENOSPC;
	return (unsigned long long)fs.f_bavail * fs.f_bsize >= len ? 0 : -1;
}

static int
has_room(const struct journal_file *f, size_t len, struct err *err)
{
	if (f->live + f->promised + len > f->most)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), journal_full_of, NUM(f->live));
	return 0;
}

int
journal_file_promise(struct journal_file *f, size_t len, struct err *err)
{
	if (f->fd < 0)
		return 0;
	if (has_room(f, len, err) < 0)
		return -1;
	if (claim(f, f->promised + len + SLACK) < 0)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), journal_no_room, cause_word(errno));
	f->promised += len;
	return 0;
}

void
journal_file_give_up(struct journal_file *f, size_t len)
{
	f->promised -= len < f->promised ? len : f->promised;
}

/* What was promised is claimed again: the cut gave it back. */
static int
cut(const struct journal_file *f, long long to)
{
	if (ftruncate(f->fd, to) < 0)
		return -1;
	if (f->promised)
		(void)!fallocate(f->fd, FALLOC_FL_KEEP_SIZE, to, (off_t)(f->promised + SLACK));
	return 0;
}

/* --- writing ------------------------------------------------------------------------------------ */

int
journal_file_write(struct journal_file *f, struct journal_record *r, size_t promised, struct err *err)
{
	struct buf text = { 0 };
	int rc;

	r->offset = -1;
	journal_file_give_up(f, promised);
	if (f->fd < 0)
		return 0;
	if (!promised && has_room(f, size_of(r), err) < 0)
		return -1;
	format(&text, r->kind, r->id, r->bytes, r->len);
	rc = write_at(f->fd, text.data, text.len, f->tail);
	if (rc == 0 && fdatasync(f->fd) < 0)
		rc = -1;
	if (rc < 0) {
		err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), journal_unwritable, cause_word(errno));
		cut(f, f->tail);	/* nobody shall find half of it */
	} else {
		r->offset = f->tail;
		f->tail += (long long)text.len;
		add(f, r);
	}
	buf_fini(&text);
	return rc;
}

/* All that is live, as it stands in the file; -1: it cannot be read. */
static int
gather(const struct journal_file *f, struct buf *out)
{
	struct journal_record there = { .id = 0 };
	const struct journal_record *r;

	TAILQ_FOREACH(r, &f->records, link) {
		char *bytes = xmalloc(size_of(r));
		ssize_t n = pread(f->fd, bytes, size_of(r), r->offset);

		bool whole = n == (ssize_t)size_of(r) && parse(&there, bytes, (size_t)n) &&
			     there.id == r->id;

		if (whole)
			buf_add(out, bytes, (size_t)n);
		free(bytes);
		if (!whole)
			return -1;
	}
	return 0;
}

/* They lie one behind the other from there on; returns the end. */
static long long
place(struct journal_file *f, long long at)
{
	struct journal_record *r;

	TAILQ_FOREACH(r, &f->records, link) {
		r->offset = at;
		at += (long long)size_of(r);
	}
	return at;
}

/* Moves what is live to the front.  At every instant a whole synced copy of it lies somewhere: first
 * behind all, then at the front, which ends before that. */
static void
shorten(struct journal_file *f)
{
	struct buf live = { 0 };

	if (gather(f, &live) == 0 && (long long)live.len <= f->tail &&
	    write_at(f->fd, live.data, live.len, f->tail) == 0 && fdatasync(f->fd) == 0) {
		f->tail = place(f, f->tail);
		if (write_at(f->fd, live.data, live.len, 0) == 0 && fdatasync(f->fd) == 0) {
			f->tail = place(f, 0);
			cut(f, f->tail);
		}
	}
	buf_fini(&live);
}

static void
write_strike(struct journal_file *f, struct journal_record *const *records, size_t count)
{
	struct buf ids = { 0 }, text = { 0 };

	for (size_t i = 0; i < count; i++)
		buf_printf(&ids, "%016" PRIx64 " ", records[i]->id);
	format(&text, JOURNAL_OVER, 0, ids.data, ids.len);
	if (write_at(f->fd, text.data, text.len, f->tail) == 0)
		f->tail += (long long)text.len;
	buf_fini(&ids);
	buf_fini(&text);
}

void
journal_file_strike(struct journal_file *f, struct journal_record *const *records, size_t count)
{
	size_t there = 0;

	for (size_t i = 0; i < count; i++)
		if (records[i]->offset >= 0) {
			drop(f, records[i]);
			there++;
		}
	if (f->fd < 0 || !there)
		return;
	if (TAILQ_EMPTY(&f->records) && cut(f, 0) == 0) {
		f->tail = 0;
		return;
	}
	write_strike(f, records, count);
	if (f->tail > (long long)f->most &&
	    (f->live <= f->most / 2 || f->tail > 2 * (long long)f->most))
		shorten(f);
}

void
journal_file_close(struct journal_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	table_fini(&f->by_id, NULL);
	f->fd = -1;
}
