/* test_wal.c -- what SQLite writes to its log is gathered, and is on the file when it must be. */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/buf.h"
#include "daemon/store/store.h"

static char folder[] = "/tmp/gong-wal-XXXXXX";
static const char *const tails[] = { "", "-wal", "-shm" };

static void
path_of(char path[64], const char *name, size_t tail)
{
	snprintf(path, 64, "%s/%s%s", folder, name, tails[tail]);
}

static int
make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int
remove_folder(void **state)
{
	static const char *const names[] = { "live", "copy" };
	char path[64];

	for (size_t i = 0; i < COUNT(names) * COUNT(tails); i++) {
		path_of(path, names[i / COUNT(tails)], i % COUNT(tails));
		unlink(path);
	}
	return rmdir(folder);
}

static struct store *
open_store(const char *name)
{
	struct err err = { .text = "" };
	struct store *s;
	char path[64];

	path_of(path, name, 0);
	holds("the store opens", store_open(&s, path, &err) == 0, "%s", err.text);
	return s;
}

/* As the files are now, to the byte: what a power cut after a sync would leave. */
static void
copy_file(size_t tail)
{
	char from[64], to[64], bytes[65536];
	FILE *in, *out;
	size_t n;

	path_of(from, "live", tail);
	path_of(to, "copy", tail);
	assert_non_null(in = fopen(from, "r"));
	assert_non_null(out = fopen(to, "w"));
	while ((n = fread(bytes, 1, sizeof(bytes), in)))
		assert_int_equal(fwrite(bytes, 1, n, out), n);
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

static int64_t
value_in(struct store *s, const char *name)
{
	int64_t value;

	store_begin(s);
	value = store_meta_get(s, name, -1);
	assert_int_equal(store_commit(s, NULL), 0);
	return value;
}

/* What another program sees, without gong's way of opening. */
static int64_t
value_outside(const char *name)
{
	sqlite3_stmt *st;
	int64_t value = -1;
	char path[64];
	sqlite3 *db;

	path_of(path, "live", 0);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE name = ?", -1, &st, NULL),
			 SQLITE_OK);
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	if (sqlite3_step(st) == SQLITE_ROW)
		value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return value;
}

static void
a_commit_is_on_the_file_when_it_returns(void **state)
{
	struct store *s = open_store("live"), *copy;

	store_begin(s);
	store_meta_set(s, "first", 1);
	assert_int_equal(value_outside("first"), -1);
	assert_int_equal(store_commit(s, NULL), 0);
	assert_int_equal(value_outside("first"), 1);
	store_begin(s);
	store_meta_set(s, "second", 2);
	copy_file(0);
	copy_file(1);
	copy = open_store("copy");
	assert_int_equal(value_in(copy, "first"), 1);
	assert_int_equal(value_in(copy, "second"), -1);
	store_close(copy);
	assert_int_equal(store_commit(s, NULL), 0);
	store_close(s);
}

/* More than is gathered at once, and more than SQLite keeps in memory before the commit. */
static void
a_turn_of_any_size_is_whole(void **state)
{
	struct store *s = open_store("live"), *copy;
	unsigned char digest[32] = { 0 };
	const size_t size = 1 << 20;
	char *body = malloc(size + 1), *name, *found;
	int64_t ids[70];

	memset(body, 'x', size);
	body[size] = '\0';
	store_begin(s);
	for (unsigned char i = 0; i < COUNT(ids); i++) {
		digest[0] = i;
		body[0] = (char)('0' + i % 10);
		ids[i] = store_document_put(s, "template", "large", body, digest);
	}
	assert_int_equal(store_commit(s, NULL), 0);
	copy_file(0);
	copy_file(1);
	copy = open_store("copy");
	store_begin(copy);
	for (unsigned char i = 0; i < COUNT(ids); i++) {
		body[0] = (char)('0' + i % 10);
		assert_true(store_document_get(copy, ids[i], &name, &found));
		assert_string_equal(found, body);
		free(name);
		free(found);
	}
	assert_int_equal(store_commit(copy, NULL), 0);
	store_close(copy);
	store_close(s);
	free(body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_commit_is_on_the_file_when_it_returns),
		cmocka_unit_test(a_turn_of_any_size_is_whole),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
