/* test_indices.c -- each index of the schema, with its page spoilt in the file, is made anew at the next
 * start, and its table has all that it had; a table is never mended. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/buf.h"
#include "daemon/store/internal.h"

#define PAGE 4096
#define INDICES_MAX 64

static char folder[] = "/tmp/gong-indices-XXXXXX", path[64];

static int
make_folder(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/gong.db", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char name[96];

	for (size_t i = 0; i < COUNT(suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
	return rmdir(folder);
}

static sqlite3 *
opened(void)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

/* Of all rows: the texts as one, or the numbers as a sum. */
static void
ask(sqlite3 *db, const char *sql, struct buf *out)
{
	sqlite3_stmt *st;
	int rc;

	holds(sql, sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		buf_printf(out, "%s\n", (const char *)sqlite3_column_text(st, 0));
	holds(sql, rc == SQLITE_DONE, "%s", sqlite3_errmsg(db));
	sqlite3_finalize(st);
}

static struct {
	char name[40], table[40];
	int page;
} indices[INDICES_MAX];
static size_t count;

static void
list_indices(sqlite3 *db)
{
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_prepare_v2(db, "SELECT name, tbl_name, rootpage FROM sqlite_schema WHERE "
					    "type = 'index' AND sql IS NOT NULL", -1, &st, NULL), SQLITE_OK);
	for (count = 0; sqlite3_step(st) == SQLITE_ROW; count++) {
		assert_true(count < INDICES_MAX);
		snprintf(indices[count].name, sizeof(indices[count].name), "%s",
			 (const char *)sqlite3_column_text(st, 0));
		snprintf(indices[count].table, sizeof(indices[count].table), "%s",
			 (const char *)sqlite3_column_text(st, 1));
		indices[count].page = sqlite3_column_int(st, 2);
	}
	sqlite3_finalize(st);
}

static void
spoil(int page)
{
	static const char rubbish[8] = "\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5";
	int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, rubbish, sizeof(rubbish), (off_t)(page - 1) * PAGE),
			 (ssize_t)sizeof(rubbish));
	close(fd);
}

static int
start(struct store **s)
{
	struct err err = { 0 };
	int rc = store_open(s, path, &err);

	holds("it starts", rc == 0, "%s", err.text);
	return rc;
}

/* Every page that belongs to something is sound, and every index has all rows of its table. */
static void
is_sound(const char *index)
{
	sqlite3 *db = opened();
	struct buf said = { 0 };
	char *rest, *line;

	ask(db, "PRAGMA integrity_check", &said);
	for (line = strtok_r(said.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		holds(index, strcmp(line, "ok") == 0 || strncmp(line, "***", 3) == 0 ||
		      strstr(line, "never used"), "%s", line);
	sqlite3_close(db);
	buf_fini(&said);
}

/* Of a stopped gongd; the pages may have changed when others were made anew. */
static void
look_for_indices(void)
{
	sqlite3 *db = opened();

	assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL), SQLITE_OK);
	list_indices(db);
	sqlite3_close(db);
}

static void
is_made_anew(size_t i)
{
	struct store *s;
	table_set table;
	char sql[80];

	look_for_indices();
	spoil(indices[i].page);
	snprintf(sql, sizeof(sql), "FROM %s", indices[i].table);
	table = store_tables_in(sql);
	holds(indices[i].table, table != 0, "no table of guard.h");
	start(&s);
	/* Those that grow with every alert are not read through at a start, but by whoever meets it. */
	if (!store_damaged(s))
		assert_int_equal(store_indices_anew(s, table), table);
	holds(indices[i].name, store_made_anew(s) == table, "%lx", store_made_anew(s));
	store_close(s);
	is_sound(indices[i].name);
}

static void
an_index_is_made_anew(void **state)
{
	struct buf before = { 0 }, after = { 0 };
	struct store *s;
	sqlite3 *db;

	start(&s);
	store_close(s);
	db = opened();
	assert_int_equal(sqlite3_exec(db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
		"WHERE i < 50) INSERT INTO message (wave, contact, state, variant, number, due) "
		"SELECT 1, i, i % 2, 1, 0, i FROM n", NULL, NULL, NULL), SQLITE_OK);
	ask(db, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name", &before);
	sqlite3_close(db);
	look_for_indices();
	holds("there are some", count > 20, "%zu", count);
	for (size_t i = 0, all = count; i < all; i++)
		is_made_anew(i);
	db = opened();
	ask(db, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name", &after);
	assert_string_equal(before.data, after.data);
	after.len = 0;
	ask(db, "SELECT count(*) || ' ' || sum(due) FROM message", &after);
	assert_string_equal(after.data, "50 1275\n");
	sqlite3_close(db);
	buf_fini(&before);
	buf_fini(&after);
}

/* Its rows are gone, and with them what the index is made of: both stay as they are. */
static void
a_damaged_table_is_left_alone(void **state)
{
	sqlite3_stmt *st;
	struct store *s;
	sqlite3 *db;
	int page;

	look_for_indices();
	db = opened();
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'task'", -1,
					    &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	page = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	spoil(page);
	start(&s);
	assert_int_equal(store_damaged(s), store_tables_in("FROM task"));
	assert_int_equal(store_made_anew(s), 0);
	store_close(s);
	look_for_indices();
	db = opened();
	holds("its indices are there", sqlite3_exec(db, "SELECT id FROM task WHERE closed_at IS NULL",
						    NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_is_made_anew),
		cmocka_unit_test(a_damaged_table_is_left_alone),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
