/* test_xlsx.c -- workbooks: what is written is read again. */
#include "tests/unit/unit.h"

#include <zip.h>

#include "core/buf.h"
#include "files/xlsx_write.h"

static void
part(const struct buf *file, const char *name, struct buf *out)
{
	zip_error_t error;
	zip_source_t *source = zip_source_buffer_create(file->data, file->len, 0, &error);
	zip_t *zip = zip_open_from_source(source, ZIP_RDONLY, &error);
	zip_file_t *f = zip ? zip_fopen(zip, name, 0) : NULL;
	char bytes[4096];
	zip_int64_t n;

	assert_non_null(f);
	while ((n = zip_fread(f, bytes, sizeof(bytes))) > 0)
		buf_add(out, bytes, (size_t)n);
	zip_fclose(f);
	zip_discard(zip);
}

static void
every_cell_is_text(void **state)
{
	static const char *const titles[] = { "id", "姓名", "phone" };
	static const char *const row[] = { "c<1>&\"", NULL, "+8613812341234" };
	static const char *const odd[] = { "=1+1", "a\nb\x01", "_x0041_" };
	struct xlsx_write *w = xlsx_write_new("人员[1]");
	struct buf file = { 0 }, sheet = { 0 }, book = { 0 };
	struct err err;

	xlsx_write_row(w, titles, 3);
	xlsx_write_row(w, row, 3);
	xlsx_write_row(w, odd, 3);
	assert_int_equal(xlsx_write_end(w, &file, &err), 0);
	part(&file, "xl/worksheets/sheet1.xml", &sheet);
	part(&file, "xl/workbook.xml", &book);
	assert_non_null(strstr(book.data, "name=\"人员1\""));
	assert_non_null(strstr(sheet.data, "<c r=\"A2\" s=\"1\" t=\"inlineStr\"><is><t xml:space=\"preserve\">"
			       "c&lt;1&gt;&amp;&quot;</t></is></c><c r=\"C2\""));
	assert_non_null(strstr(sheet.data, "state=\"frozen\""));
	assert_non_null(strstr(sheet.data, "<c r=\"A1\" s=\"2\""));
	assert_non_null(strstr(sheet.data, ">a\nb_x0001_<"));
	assert_non_null(strstr(sheet.data, ">_x005F_x0041_<"));
	assert_null(strstr(sheet.data, "<v>"));
	buf_fini(&file);
	buf_fini(&sheet);
	buf_fini(&book);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_is_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
