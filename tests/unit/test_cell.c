/* test_cell.c -- cells of CSV: nothing that a spreadsheet would run or spoil, and read back they are what
 * they were. */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/cell.h"

static const struct {
	const char *title, *text, *cell;
} cases[] = {
	{ "a name stands as it is", "张三", "\"张三\"" },
	{ "nothing is an empty cell", NULL, "\"\"" },
	{ "a quote is doubled", "a\"b,c", "\"a\"\"b,c\"" },
	{ "a formula is none", "=1+1", "\"'=1+1\"" },
	{ "nor is a number with a plus", "+8613812341234", "\"'+8613812341234\"" },
	{ "twelve digits would be rounded", "990121001001", "\"'990121001001\"" },
	{ "nine are not", "990121001", "\"990121001\"" },
	{ "a zero in front would go", "007", "\"'007\"" },
	{ "zero itself would not", "0", "\"0\"" },
	{ "digits in a name are no number", "3号村", "\"3号村\"" },
	{ "who begins with an apostrophe and a formula keeps it", "'=x", "\"''=x\"" },
	{ "and with a number", "''5", "\"'''5\"" },
	{ "an apostrophe alone needs no second", "'t Hof", "\"'t Hof\"" },
};

static void
round_trips(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text = cases[i].text ? cases[i].text : "";
		struct buf out = { 0 }, read = { 0 };
		const char *p;

		cell_put(&out, cases[i].text);
		holds(cases[i].title, strcmp(out.data, cases[i].cell) == 0, "%s", out.data);
		for (p = out.data + 1; p[1]; p++) {	/* as a reader of CSV takes the quotes away */
			p += *p == '"';
			buf_add(&read, p, 1);
		}
		buf_puts(&read, "");
		p = read.data + cell_is_marked(read.data, read.len);
		holds(cases[i].title, strcmp(p, text) == 0, "read back as %s", p);
		buf_fini(&out);
		buf_fini(&read);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(round_trips) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
