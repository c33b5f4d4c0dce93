/* test_name_list.c -- lists of names, and what is left of them where there is little room. */
#include "tests/unit/unit.h"

#include "core/name_list.h"

static const struct {
	const char *list;
	size_t max;
	const char *cut;		/* NULL = not even one fits */
} lists[] = {
	{ "清东湾村、长塘村、云小寨村", 13, "清东湾村、长塘村、云小寨村" },
	{ "清东湾村、长塘村、云小寨村", 12, "清东湾村、长塘村等3处" },
	{ "清东湾村、长塘村、云小寨村", 10, "清东湾村等3处" },
	{ "清东湾村、长塘村、云小寨村", 7, "清东湾村等3处" },
	{ "清东湾村、长塘村、云小寨村", 6, NULL },
	{ "清东湾村、长塘村等12处", 12, "清东湾村、长塘村等12处" },
	{ "清东湾村、长塘村等12处", 11, "清东湾村等12处" },
	{ "清东湾村等12处", 8, "清东湾村等12处" },
	{ "清东湾村等12处", 7, NULL },
	{ "沈安、林木、方舟等9人", 8, "沈安、林木等9人" },
	{ "高等教育村、长塘村", 8, "高等教育村等2处" },
	{ "清东湾村", 4, "清东湾村" },
	{ "清东湾村", 3, NULL },
	{ "Tang, Lin, Fang", 15, "Tang, Lin, Fang" },
	{ "Tang, Lin, Fang", 14, NULL },
	{ "Tang, Lin, Fang and 9 more", 20, "Tang and 11 more" },
	{ "Tang, Lin, Fang and 9 more", 21, "Tang, Lin and 10 more" },
	{ "Sand and Stone, Lin", 21, "Sand and Stone, Lin" },
	{ "Tang and 9 more", 10, NULL },
	{ "", 5, "" },
};

static void
as_many_names_as_fit_and_the_number_of_all(void **state)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		struct buf out = { 0 };
		bool fits;

		buf_puts(&out, "");
		fits = name_list_cut(&out, lists[i].list, lists[i].max);
		if (fits != (lists[i].cut != NULL) || strcmp(out.data, fits ? lists[i].cut : "") != 0)
			fail_msg("\"%s\" in %zu: \"%s\"", lists[i].list, lists[i].max, out.data);
		buf_fini(&out);
	}
}

/* What one writes the other can cut, down to one name. */
static void
what_is_written_can_be_cut(void **state)
{
	static const char *const names[] = { "云小寨村", "长塘村", "南坪村", "西沟村" };

	for (int lang = 0; lang < LANG_COUNT; lang++)
		for (size_t shown = 1; shown <= 4; shown++)
			for (unsigned long all = shown; all < shown + 3; all++)
				for (size_t less = 1; less <= shown; less++) {
					struct buf list = { 0 }, want = { 0 }, cut = { 0 };
					size_t room = 0;

					for (size_t i = 0; i < shown; i++)
						name_list_add(&list, (enum lang)lang, names[i]);
					name_list_rest(&list, (enum lang)lang, shown, all, false);
					for (size_t i = 0; i < less; i++)
						name_list_add(&want, (enum lang)lang, names[i]);
					name_list_rest(&want, (enum lang)lang, less, all, false);
					for (const char *at = want.data; *at; at++)
						room += ((unsigned char)*at & 0xc0) != 0x80;
					assert_true(name_list_cut(&cut, list.data, room));
					/* A list of two may be shorter whole than one name with its number. */
					if (strcmp(cut.data, list.data) != 0)
						assert_string_equal(cut.data, want.data);
					buf_fini(&list);
					buf_fini(&want);
					buf_fini(&cut);
				}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_names_as_fit_and_the_number_of_all),
		cmocka_unit_test(what_is_written_can_be_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
