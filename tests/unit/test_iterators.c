/* test_iterators.c -- lists of the store may be walked inside one another. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/audience.h"
#include "daemon/store/store.h"

#define VILLAGES 5

static char folder[] = "/tmp/gong-iterators-XXXXXX", path[64];

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
	static const char *const ends[] = { "", "-wal", "-shm" };
	char name[96];

	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
	return rmdir(folder);
}

struct walk {
	struct store *s;
	unsigned depth;
	unsigned long met;
};

static void
deeper(void *ctx, division_code code)
{
	struct walk *w = ctx;
	char name[128];

	w->met++;
	assert_true(store_division_get(w->s, code, name, NULL));
	if (w->depth == 3)
		return;
	w->depth++;
	store_divisions_in(w->s, (struct division_range){ 0, INT64_MAX }, TIER_VILLAGE, deeper, w);
	w->depth--;
}

static void
a_list_is_walked_inside_itself(void **state)
{
	struct err err = { .text = "" };
	struct walk w = { .depth = 1 };

	holds("the store opens", store_open(&w.s, path, &err) == 0, "%s", err.text);
	store_begin(w.s);
	for (division_code i = 1; i <= VILLAGES; i++)
		store_division_put(w.s, 990121001000 + i, "村", "{}");
	assert_int_equal(store_commit(w.s, &err), 0);
	for (int again = 0; again < 2; again++) {
		w.met = 0;
		store_begin(w.s);
		store_divisions_in(w.s, (struct division_range){ 0, INT64_MAX }, TIER_VILLAGE, deeper, &w);
		assert_int_equal(store_commit(w.s, &err), 0);
		assert_int_equal(w.met, VILLAGES + VILLAGES * VILLAGES + VILLAGES * VILLAGES * VILLAGES);
	}
	store_close(w.s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_walked_inside_itself),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
