/* test_variants.c -- a text's row says of which places it speaks. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "daemon/store/store.h"

static char folder[] = "/tmp/gong-variants-XXXXXX";
static struct store *store;

static int
open_store(void **state)
{
	char path[64];

	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/gong.db", folder);
	if (store_open(&store, path, NULL) < 0)
		return -1;
	store_begin(store);
	return 0;
}

static int
close_store(void **state)
{
	store_close(store);
	return unit_remove(folder);
}

static void
places_come_back_in_order(void **state)
{
	static const division_code places[] = { 990121103002, 990121101000, 990121000000 };
	struct variant v = { .alert = 1, .head = "", .body = "x", .parts = 1, .places = places,
			     .place_count = COUNT(places), .code = "A43" };
	size_t count;
	int64_t id = store_variant_insert(store, &v);
	division_code *back = store_variant_places(store, id, &count);
	char *code = store_variant_code(store, id);

	assert_int_equal(count, COUNT(places));
	assert_memory_equal(back, places, sizeof(places));
	assert_string_equal(code, "A43");
	free(back);
	free(code);
}

static void
a_text_of_all_places_names_none(void **state)
{
	size_t count = 7;
	int64_t id = store_variant_insert(store, &(struct variant){ .alert = 1, .head = "", .body = "x" });

	assert_null(store_variant_places(store, id, &count));
	assert_int_equal(count, 0);
	assert_null(store_variant_code(store, id));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_come_back_in_order),
		cmocka_unit_test(a_text_of_all_places_names_none),
	};

	return cmocka_run_group_tests(tests, open_store, close_store);
}
