/* test_standing.c -- a target stands at the highest standing answer of its people, and every
 * answer that is taken back takes back only what that person said. */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/store/store.h"

static char path[] = "/tmp/gong-standing-XXXXXX";
static struct store *store;

static int
open_store(void **state)
{
	struct err err = { .text = "" };
	int fd = mkstemp(path);

	close(fd);
	unlink(path);
	if (store_open(&store, path, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return 0;
}

static int
close_store(void **state)
{
	char name[96];

	store_close(store);
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", path, i == 0 ? "" : i == 1 ? "-wal" : "-shm");
		unlink(name);
	}
	return 0;
}

#define BACK (-1)			/* he takes back what he said */

static const struct {
	const char *sentence;
	unsigned n;			/* the n-th highest counts */
	struct { uint32_t who; int level; } said[6];
	int want;
} cases[] = {
	{ "one answer", 1, { { 1, 3 } }, 3 },
	{ "a later lower answer of the same person lowers nothing", 1, { { 1, 5 }, { 1, 3 } }, 5 },
	{ "his no takes his yes back", 1, { { 1, 3 }, { 1, BACK } }, 0 },
	{ "and all of his", 1, { { 1, 3 }, { 1, 5 }, { 1, BACK } }, 0 },
	{ "what he says afterwards stands", 1, { { 1, 5 }, { 1, BACK }, { 1, 3 } }, 3 },
	{ "his no takes nobody else's yes back", 1, { { 1, 3 }, { 2, 3 }, { 1, BACK } }, 3 },
	{ "it falls to the next best", 1, { { 1, 5 }, { 2, 3 }, { 1, BACK } }, 3 },
	{ "that he picked up stays true", 1, { { 1, 2 }, { 1, BACK } }, 2 },
	{ "a no of somebody who had said nothing", 1, { { 1, 5 }, { 2, BACK } }, 5 },
	{ "what the desk set stays", 1, { { 0, 5 }, { 1, 3 }, { 1, BACK } }, 5 },
	{ "what the desk set, the desk lowers", 1, { { 0, 5 }, { 0, 3 } }, 3 },
	{ "but not what a person has said", 1, { { 0, 5 }, { 1, 4 }, { 0, BACK } }, 4 },
	{ "a team stands at its n-th", 2, { { 1, 5 }, { 2, 3 } }, 3 },
	{ "and falls when one of n drops out", 2, { { 1, 5 }, { 2, 3 }, { 1, BACK } }, 0 },
	{ "unless there is one more", 2, { { 1, 5 }, { 2, 3 }, { 3, 3 }, { 1, BACK } }, 3 },
};

static int
level_of(int64_t alert)
{
	size_t at_level[LEVEL_COUNT];

	store_target_levels(store, alert, false, at_level);
	for (int level = 0; level < LEVEL_COUNT; level++)
		if (at_level[level])
			return level;
	return -1;
}

static void
say(int64_t alert, unsigned n, uint32_t who, int level)
{
	struct answer answer = { .alert = alert, .contact = who, .at = 1000, .level = level };
	struct target_fall fall;

	if (level == BACK)
		store_standing_drop(store, alert, 0, who);
	else
		store_standing_put(store, alert, 0, who, level, 1000);
	if (!store_target_raise(store, alert, 0, store_standing_nth(store, alert, 0, n), 7, &answer))
		store_target_fall(store, alert, 0, n, &fall);
}

static void
a_target_stands_as_its_people_say(void **state)
{
	store_begin(store);
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t alert = (int64_t)i + 1;

		store_target_insert(store, alert, &(struct target){ .id = 0, .division = 990121103001 });
		for (size_t k = 0; k < COUNT(cases[i].said); k++)
			if (cases[i].said[k].level)
				say(alert, cases[i].n, cases[i].said[k].who, cases[i].said[k].level);
		holds(cases[i].sentence, level_of(alert) == cases[i].want, "level %d, not %d",
		      level_of(alert), cases[i].want);
	}
	assert_int_equal(store_commit(store, NULL), 0);
}

/* Which rungs were passed while it stood high is told level by level. */
static void
it_knows_since_which_step_it_stands_there(void **state)
{
	struct answer answer = { .alert = 100, .contact = 1, .at = 1000 };
	struct target_fall fall;

	store_begin(store);
	store_target_insert(store, 100, &(struct target){ .id = 0, .division = 990121103001 });
	store_target_raise(store, 100, 0, 2, 1, &answer);
	store_target_raise(store, 100, 0, 3, 4, &answer);
	store_target_raise(store, 100, 0, 5, 300, &answer);
	assert_true(store_target_fall(store, 100, 0, 1, &fall));
	assert_int_equal(fall.from, 5);
	assert_int_equal(fall.to, 0);
	assert_int_equal(target_rose(&fall, 1), 1);
	assert_int_equal(target_rose(&fall, 2), 1);
	assert_int_equal(target_rose(&fall, 3), 4);
	assert_int_equal(target_rose(&fall, 4), 255);
	assert_int_equal(target_rose(&fall, 5), 255);
	store_target_raise(store, 100, 0, 3, 6, &answer);
	store_standing_put(store, 100, 0, 2, 1, 1000);
	assert_true(store_target_fall(store, 100, 0, 1, &fall));
	assert_int_equal(fall.to, 1);
	assert_int_equal(target_rose(&fall, 3), 6);
	assert_int_equal(store_commit(store, NULL), 0);
}

/* A store of an older gong, with an alert open; `sql` is what its people have said. */
static struct store *
upgraded(const char *file, const char *sql)
{
	char script[65536];
	FILE *f = fopen("tests/data/store-1.sql", "r");
	struct err err = { .text = "" };
	struct store *old;
	sqlite3 *db;
	size_t n;

	assert_non_null(f);
	n = fread(script, 1, sizeof(script) - 1, f);
	script[n] = '\0';
	fclose(f);
	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	holds("the old store", sqlite3_exec(db, script, NULL, NULL, NULL) == SQLITE_OK, "%s",
	      sqlite3_errmsg(db));
	holds(sql, sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
	holds("it is brought up to date", store_open(&old, file, &err) == 0, "%s", err.text);
	return old;
}

#define ANSWER "INSERT INTO answer (alert, contact, at, source, kind, level, helper) VALUES "

static const struct {
	const char *sentence, *sql;
	int want, best;			/* best: of the standing answers */
} older[] = {
	{ "nobody has said anything", "SELECT 1", 0, 0 },
	{ "a level that its person is known for", "UPDATE target SET level = 3, level_at = 5, "
	  "by_contact = 1; " ANSWER "(1, 1, 5, 0, 2, 3, 0)", 3, 3 },
	{ "and one that nobody is known for", "UPDATE target SET level = 5, level_at = 5, "
	  "by_name = 'desk'", 5, 5 },
	{ "his no had not lowered it then", "UPDATE target SET level = 3, by_contact = 1; "
	  ANSWER "(1, 1, 5, 0, 2, 3, 0), (1, 1, 6, 0, 5, 0, 0)", 3, 3 },
};

static void
an_older_store_keeps_its_levels(void **state)
{
	char file[96];

	for (size_t i = 0; i < COUNT(older); i++) {
		struct store *mine = store, *old;

		snprintf(file, sizeof(file), "%s-old", path);
		old = upgraded(file, older[i].sql);
		store_begin(old);
		store = old;
		holds(older[i].sentence, level_of(1) == older[i].want, "level %d", level_of(1));
		store = mine;
		holds(older[i].sentence, store_standing_nth(old, 1, 0, 1) == older[i].best,
		      "stands at %d", store_standing_nth(old, 1, 0, 1));
		store_commit(old, NULL);
		store_close(old);
		unlink(file);
		for (int k = 0; k < 2; k++) {
			snprintf(file, sizeof(file), "%s-old%s", path, k ? "-wal" : "-shm");
			unlink(file);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_stands_as_its_people_say),
		cmocka_unit_test(an_older_store_keeps_its_levels),
		cmocka_unit_test(it_knows_since_which_step_it_stands_there),
	};

	return cmocka_run_group_tests(tests, open_store, close_store);
}
