/* test_outbox.c -- the outbox in the store: which goes first, and how many there may be. */
#include "tests/unit/unit.h"

#include "core/buf.h"
#include "daemon/store/outbox.h"

static char folder[40], path[64];
static struct store *store;
static char taken[200];			/* ids of what was given, in order */

static void
note(void *ctx, const struct outbox_row *r)
{
	snprintf(taken + strlen(taken), sizeof(taken) - strlen(taken), "%lld ", (long long)r->id);
}

static bool
add(int64_t source, int64_t alert, msec at)
{
	char url[] = "http://a.example/";

	return store_outbox_add(store, &(struct outbox_row){ .source = source, .alert = alert, .at = at, .url = url });
}

static const char *
due(int64_t source, msec now)
{
	taken[0] = '\0';
	store_outbox_due(store, source, now, 64, note, NULL);
	return taken;
}

static void
drop(int64_t id, msec now)
{
	struct outbox_row r;

	assert_true(store_outbox_get(store, id, &r));
	store_outbox_drop(store, &r, now);
	outbox_row_fini(&r);
}

static void
one_of_an_alert_after_the_other(void **state)
{
	store_begin(store);
	assert_true(add(1, 7, 10) && add(1, 7, 11) && add(1, 8, 12) && add(1, 0, 13) && add(1, 0, 14) && add(2, 7, 9));
	assert_string_equal(due(1, 100), "1 3 4 5 ");
	assert_string_equal(due(1, 12), "1 3 ");
	assert_string_equal(due(2, 100), "6 ");
	store_outbox_lend(store, 1, 50);
	assert_string_equal(due(1, 100), "3 4 5 ");
	assert_int_equal(store_outbox_out(store, 1, 50), 1);
	assert_true(add(1, 7, 15));
	assert_string_equal(due(1, 100), "3 4 5 ");
	drop(1, 90);
	assert_string_equal(due(1, 100), "3 4 5 2 ");
	store_outbox_lend(store, 3, 50);
	store_outbox_back(store, 3, 200);
	assert_string_equal(due(1, 100), "4 5 2 ");
	assert_true(store_outbox_next(store, 1) == 13);
	store_outbox_lend(store, 4, 50);
	assert_int_equal(store_outbox_out(store, 1, 50), 1);
	store_outbox_found(store, 50, 100);
	assert_int_equal(store_outbox_out(store, 1, 50), 1);
	assert_true(store_outbox_boot(store, 30) == 51 && store_outbox_boot(store, 60) == 60);
	store_outbox_found(store, 51, 100);	/* the next run */
	assert_string_equal(due(1, 100), "5 2 4 ");
	taken[0] = '\0';
	assert_int_equal(store_outbox_old(store, 12, 51, note, NULL), 3);
	assert_string_equal(taken, "6 2 3 ");
	store_outbox_shift(store, 1000);
	assert_true(store_outbox_oldest(store) == 1009 && store_outbox_next(store, 1) == 1014);
	assert_int_equal(store_commit(store, NULL), 0);
}

static void
so_many_of_a_source_and_no_more(void **state)
{
	store_begin(store);
	for (int i = 0; i < OUTBOX_MAX; i++)
		assert_true(add(3, 0, i));
	assert_false(add(3, 0, 1));
	assert_true(add(4, 0, 1));
	drop(8, 1);
	assert_true(add(3, 0, 1));
	assert_false(add(3, 0, 1));
	assert_int_equal(store_commit(store, NULL), 0);
}

static int
begin(void **state)
{
	struct err err = { .text = "" };

	snprintf(folder, sizeof(folder), "/tmp/gong-outbox-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/db", folder);
	return store_open(&store, path, &err);
}

static int
end(void **state)
{
	store_close(store);
	return unit_remove(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_an_alert_after_the_other),
		cmocka_unit_test(so_many_of_a_source_and_no_more),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
