/* test_xlsx.c -- workbooks: what is written is read again; what spreadsheet programs write is read as they
 * show it; what nobody's program writes is refused. */
#include "tests/unit/unit.h"

#include <zip.h>

#include "core/buf.h"
#include "files/xlsx.h"
#include "files/xlsx_parts.h"
#include "files/xlsx_write.h"

/* -- archives -- */

struct file {
	const char *name, *text;
};

static void
archive(struct buf *out, const struct file *files, size_t count)
{
	zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, NULL);
	zip_t *zip = zip_open_from_source(source, ZIP_TRUNCATE, NULL);
	char bytes[4096];
	zip_int64_t n;

	zip_source_keep(source);
	for (size_t i = 0; i < count; i++)
		assert_true(zip_file_add(zip, files[i].name, zip_source_buffer(
			zip, files[i].text, strlen(files[i].text), 0), ZIP_FL_OVERWRITE) >= 0);
	assert_int_equal(zip_close(zip), 0);
	zip_source_open(source);
	while ((n = zip_source_read(source, bytes, sizeof(bytes))) > 0)
		buf_add(out, bytes, (size_t)n);
	zip_source_close(source);
	zip_source_free(source);
}

static void
part(const struct buf *file, const char *name, struct buf *out)
{
	zip_source_t *source = zip_source_buffer_create(file->data, file->len, 0, NULL);
	zip_t *zip = zip_open_from_source(source, ZIP_RDONLY, NULL);
	zip_file_t *f = zip ? zip_fopen(zip, name, 0) : NULL;
	char bytes[4096];
	zip_int64_t n;

	assert_non_null(f);
	while ((n = zip_fread(f, bytes, sizeof(bytes))) > 0)
		buf_add(out, bytes, (size_t)n);
	zip_fclose(f);
	zip_discard(zip);
}

#define DOC "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define TOP_RELS { "_rels/.rels", "<Relationships><Relationship Id='r1' Type='" DOC "/officeDocument' " \
		   "Target='xl/workbook.xml'/></Relationships>" }
#define BOOK_RELS { "xl/_rels/workbook.xml.rels", "<Relationships>" \
		    "<Relationship Id='r7' Type='" DOC "/worksheet' Target='/xl/worksheets/list.xml'/>" \
		    "<Relationship Id='r8' Type='" DOC "/worksheet' Target='worksheets/other.xml'/>" \
		    "<Relationship Id='r3' Type='" DOC "/styles' Target='styles.xml'/>" \
		    "<Relationship Id='r4' Type='" DOC "/sharedStrings' Target='sharedStrings.xml'/></Relationships>" }
#define BOOK(properties) { "xl/workbook.xml", "<x:workbook xmlns:x='m' xmlns:r='" DOC "'><x:workbookPr " properties "/>" \
			   "<x:sheets><x:sheet name='旧' sheetId='1' state='hidden' r:id='r8'/>" \
			   "<x:sheet name='人员' sheetId='2' r:id='r7'/></x:sheets></x:workbook>" }
#define SHEET(rows) { "xl/worksheets/list.xml", "<worksheet><sheetData>" rows "</sheetData></worksheet>" }

/* One row as "a|b|c"; "" = none of that number. */
static const char *
row_text(const struct xlsx_table *t, unsigned number, char out[500])
{
	size_t n = 0;

	*out = '\0';
	for (size_t i = 0; i < t->count; i++)
		for (size_t k = 0; t->rows[i].number == number && k < t->rows[i].count; k++)
			n += (size_t)snprintf(out + n, 500 - n, "%s%s", k ? "|" : "",
					      t->rows[i].cells[k] ? t->rows[i].cells[k] : "");
	return out;
}

static int
read_sheet(const struct file *files, size_t count, size_t sheet, struct xlsx_table *t, struct err *err)
{
	struct buf file = { 0 };
	struct xlsx *x = NULL;
	int rc;

	*t = (struct xlsx_table){ 0 };
	archive(&file, files, count);
	rc = xlsx_open(&x, file.data, file.len, err);
	if (rc == 0)
		rc = xlsx_read(x, sheet, t, err);
	xlsx_close(x);
	buf_fini(&file);
	return rc;
}

/* -- tests -- */

static void
every_cell_is_text_and_is_read_again(void **state)
{
	static const char *const titles[] = { "id", "姓名", "phone" };
	static const char *const row[] = { "c<1>&\"", NULL, "+8613812341234" };
	static const char *const odd[] = { "=1+1", "a\nb\x01", "_x0041_" };
	struct xlsx_write *w = xlsx_write_new("人员[1]");
	struct buf file = { 0 }, sheet = { 0 };
	struct xlsx_table t;
	struct xlsx *x;
	struct err err;
	char text[500];

	xlsx_write_row(w, titles, 3);
	xlsx_write_row(w, row, 3);
	xlsx_write_row(w, odd, 3);
	assert_int_equal(xlsx_write_end(w, &file, &err), 0);
	part(&file, "xl/worksheets/sheet1.xml", &sheet);
	assert_non_null(strstr(sheet.data, "<c r=\"A2\" s=\"1\" t=\"inlineStr\"><is><t xml:space=\"preserve\">"
			       "c&lt;1&gt;&amp;&quot;</t></is></c><c r=\"C2\""));
	assert_non_null(strstr(sheet.data, "state=\"frozen\""));
	assert_non_null(strstr(sheet.data, "<c r=\"A1\" s=\"2\""));
	assert_null(strstr(sheet.data, "<v>"));
	assert_int_equal(xlsx_open(&x, file.data, file.len, &err), 0);
	assert_string_equal(xlsx_sheet_name(x, 0), "人员1");
	assert_int_equal(xlsx_read(x, 0, &t, &err), 0);
	assert_string_equal(row_text(&t, 1, text), "id|姓名|phone");
	assert_string_equal(row_text(&t, 2, text), "c<1>&\"||+8613812341234");
	assert_string_equal(row_text(&t, 3, text), "=1+1|a\nb\x01|_x0041_");
	xlsx_table_fini(&t);
	xlsx_close(x);
	buf_fini(&file);
	buf_fini(&sheet);
}

static const struct {
	const char *raw, *text;
} numbers[] = {
	{ "13800138000", "13800138000" }, { "1.39E10", "13900000000" }, { "1.3800138000000000E+10", "13800138000" },
	{ "9.99123456789E12", "9991234567890" }, { "13800138000.0", "13800138000" }, { "0", "0" }, { "-5", "-5" },
	{ "0.1", "0.1" }, { "0.10000000000000001", "0.1" }, { "4.0999999999999996", "4.1" }, { "1E-3", "0.001" },
	{ "99999999999999.96", "100000000000000" }, { "990121001001", "990121001001" },
	{ "123456789012345680", "1.2345678901234568E+17" }, { "1E+300", "1.0E+300" }, { "0.00", "0" },
	{ "007", "7" }, { "1e999999999999", "1.0E+9999" }, { "abc", "abc" }, { "1.2.3", "1.2.3" }, { "", "" },
	{ "999999999999999", "999999999999999" }, { "1000000000000000", "1.0E+15" },
};

static void
numbers_are_whole_where_they_are(void **state)
{
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct buf out = { 0 };

		xlsx_number_text(&out, numbers[i].raw);
		holds(numbers[i].raw, strcmp(out.data ? out.data : "", numbers[i].text) == 0, "got %s", out.data);
		buf_fini(&out);
	}
}

static const struct {
	const char *raw;
	bool dated, timed, since_1904;
	const char *text;
} dates[] = {
	{ "46357", true, false, false, "2026-12-01" },
	{ "46357", true, true, false, "2026-12-01 00:00" },
	{ "46357.333333333336", true, true, false, "2026-12-01 08:00" },
	{ "46357.333333333336", true, false, false, "2026-12-01 08:00" },
	{ "46357.999999999", true, true, false, "2026-12-02 00:00" },
	{ "46356.50001157407", true, true, false, "2026-11-30 12:00:01" },
	{ "44895", true, false, true, "2026-12-01" },
	{ "0.75", false, true, false, "18:00" },
	{ "8.3333333333333329E-2", false, true, false, "02:00" },
	{ "1", true, false, false, "1900-01-01" }, { "59", true, false, false, "1900-02-28" },
	{ "61", true, false, false, "1900-03-01" }, { "45351", true, false, false, "2024-02-29" },
	{ "-1", true, false, false, "-1" }, { "99999999", true, false, false, "99999999" },
	{ "x", true, false, false, "x" },
};

static void
dates_are_days_of_a_calendar(void **state)
{
	for (size_t i = 0; i < COUNT(dates); i++) {
		struct buf out = { 0 };

		xlsx_date_text(&out, dates[i].raw, dates[i].dated, dates[i].timed, dates[i].since_1904);
		holds(dates[i].raw, strcmp(out.data, dates[i].text) == 0, "got %s", out.data);
		buf_fini(&out);
	}
}

/* As Excel and WPS write it: shared strings with runs and phonetics, styles, attributes of later editions. */
static const struct file excel[] = {
	TOP_RELS, BOOK_RELS, BOOK("date1904='0'"),
	{ "xl/styles.xml", "<styleSheet><numFmts><numFmt numFmtId='176' formatCode='yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;'/>"
	  "<numFmt numFmtId='177' formatCode='[$-804]yyyy/m/d\\ h:mm;@'/><numFmt numFmtId='178' formatCode='[Magenta]0_d&quot;day&quot;\\d;[Red]\\(0\\)'/>"
	  "<numFmt numFmtId='179' formatCode='000000'/><numFmt numFmtId='180' formatCode='0000\\-0000000;@'/>"
	  "<numFmt numFmtId='181' formatCode='00.0'/></numFmts><cellStyleXfs><xf numFmtId='14'/></cellStyleXfs>"
	  "<cellXfs><xf numFmtId='0'/><xf numFmtId='176'/><xf numFmtId='177'/><xf numFmtId='178'/><xf numFmtId='31'/>"
	  "<xf numFmtId='179'/><xf numFmtId='180'/><xf numFmtId='181'/></cellXfs>"
	  "</styleSheet>" },
	{ "xl/sharedStrings.xml", "<sst><si><t>姓名</t></si><si><r><t xml:space='preserve'>张 </t></r><r><rPr/><t>三</t></r>"
	  "<rPh sb='0' eb='1'><t>ZHANG</t></rPh><phoneticPr/></si><si><t>a_x000D__x000A_b</t></si><si/></sst>" },
	{ "xl/worksheets/other.xml", "<worksheet><sheetData/></worksheet>" },
	{ "xl/worksheets/list.xml",
	  "<worksheet xmlns:x14ac='u'><dimension ref='A1:F9'/><sheetData>"
	  "<row r='1' spans='1:6' x14ac:dyDescent='0.2'><c r='A1' t='s'><v>0</v></c><c r='C1' s='1'/></row>"
	  "<row r='3'><c r='A3' t='s'><v>1</v></c><c r='B3' s='3'><v>13800138000</v></c><c r='C3' s='1'><v>46357</v></c>"
	  "<c r='D3' s='2'><v>46357.333333333336</v></c><c r='E3' t='b'><v>1</v></c><c r='F3' t='e'><v>#N/A</v></c></row>"
	  "<row r='4' hidden='1'><c r='A4' t='str'><f>B3</f><v>李四</v></c><c r='B4'><f>SUM(1)</f></c>"
	  "<c r='C4' t='str'><f>A9</f><v></v></c><c r='D4' t='s'><v>2</v></c><c r='E4' s='4'><v>46357</v></c></row>"
	  "<row><c><v>1.5</v></c><c t='inlineStr'><is><r><t>行</t></r><r><t>内</t></r></is></c><c r='AB5'><v>7</v></c></row>"
	  "<row r='7'><c r='B7' t='s'><v>3</v></c></row>"
	  "<row r='8'><c s='5'><v>7</v></c><c s='5'><v>1234567</v></c><c s='6'><v>7715550123</v></c><c s='7'><v>7</v></c>"
	  "<c s='5'><v>-7</v></c></row>"
	  "</sheetData><mergeCells><mergeCell ref='A3:A5'/><mergeCell ref='D3:E7'/><mergeCell ref='A1:F1'/></mergeCells></worksheet>" },
};

static void
a_sheet_is_read_as_it_is_shown(void **state)
{
	struct xlsx_table t;
	struct err err = { .text = "" };
	char text[500];

	holds("the book opens", read_sheet(excel, COUNT(excel), 1, &t, &err) == 0, "%s", err.text);
	assert_string_equal(row_text(&t, 1, text), "姓名");
	assert_string_equal(row_text(&t, 3, text), "张 三|13800138000|2026-12-01|2026-12-01 08:00|true|#N/A");
	assert_string_equal(row_text(&t, 4, text), "李四|#VALUE!||a\r\nb|2026-12-01");
	assert_string_equal(row_text(&t, 5, text), "1.5|行内||2026-12-01 08:00||||||||||||||||||||||||7");
	assert_string_equal(row_text(&t, 7, text), "|||2026-12-01 08:00");
	assert_string_equal(row_text(&t, 8, text), "000007|1234567|07715550123|7|-7");
	assert_int_equal(t.count, 6);
	assert_true(t.rows[2].hidden && !t.rows[1].hidden);
	xlsx_table_fini(&t);
}

static void
days_may_count_from_1904(void **state)
{
	static const struct file files[] = {
		TOP_RELS, BOOK_RELS, BOOK("date1904='1'"),
		{ "xl/styles.xml", "<styleSheet><cellXfs><xf numFmtId='14'/></cellXfs></styleSheet>" },
		SHEET("<row><c s='0'><v>44895</v></c></row>"),
	};
	struct xlsx_table t;
	struct err err;
	char text[500];

	assert_int_equal(read_sheet(files, COUNT(files), 0, &t, &err), 0);
	assert_string_equal(row_text(&t, 1, text), "2026-12-01");
	xlsx_table_fini(&t);
}

static const struct {
	const char *says;
	struct file sheet;
	const char *why;
} hostile[] = {
	{ "a document type", { "xl/worksheets/list.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><worksheet>&b;</worksheet>" }, "DOCTYPE" },
	{ "no XML", { "xl/worksheets/list.xml", "code,name\n" }, "damaged" },
	{ "XML that ends too early", { "xl/worksheets/list.xml", "<worksheet><sheetData><row>" }, "damaged" },
	{ "an entity that is none", SHEET("<row><c t='inlineStr'><is><t>&b;</t></is></c></row>"), "damaged" },
	{ "rows backwards", SHEET("<row r='2'/><row r='1'/>"), "(row)" },
	{ "the same row twice", SHEET("<row r='2'/><row r='2'/>"), "(row)" },
	{ "a row too far down", SHEET("<row r='1048577'/>"), "(row)" },
	{ "a row of no number", SHEET("<row r='-1'/>"), "(row)" },
	{ "a column too far right", SHEET("<row><c r='XFD1'><v>1</v></c></row>"), "unpacks to more" },
	{ "a cell in no row", SHEET("<c><v>1</v></c>"), "damaged" },
	{ "a string that is not there", SHEET("<row><c t='s'><v>9</v></c></row>"), "sharedStrings" },
	{ "a string of no number", SHEET("<row><c t='s'><v>-1</v></c></row>"), "sharedStrings" },
};

static void
hostile_sheets_are_refused(void **state)
{
	for (size_t i = 0; i < COUNT(hostile); i++) {
		struct file files[] = { TOP_RELS, BOOK_RELS, BOOK(""), hostile[i].sheet };
		struct err err = { .text = "" };
		struct xlsx_table t;

		holds(hostile[i].says, read_sheet(files, COUNT(files), 0, &t, &err) < 0, "it was read");
		holds(hostile[i].says, strstr(err.text, hostile[i].why), "got %s", err.text);
	}
}

/* A sheet that grows: nested, wide, long, or just zeros that pack well. */
static void
what_unpacks_without_end_is_refused(void **state)
{
	static const struct { const char *begin, *again; unsigned times; } bombs[] = {
		{ "<worksheet>", "<a>", 100 },
		{ "<worksheet><sheetData><row><c t='inlineStr'><is><t>", "0123456789abcdef", 20000 },
		{ "<worksheet>", "                                                                ", 500000 },
	};

	for (size_t i = 0; i < COUNT(bombs); i++) {
		struct buf sheet = { 0 };
		struct xlsx_table t;
		struct err err = { .text = "" };

		buf_puts(&sheet, bombs[i].begin);
		for (unsigned k = 0; k < bombs[i].times; k++)
			buf_puts(&sheet, bombs[i].again);
		struct file files[] = { TOP_RELS, BOOK_RELS, BOOK(""), { "xl/worksheets/list.xml", sheet.data } };
		holds(bombs[i].begin, read_sheet(files, COUNT(files), 0, &t, &err) < 0, "it was read");
		holds(bombs[i].begin, strstr(err.text, i ? "unpacks to more" : "damaged"), "got %s", err.text);
		buf_fini(&sheet);
	}
}

/* Few bytes that make much work: merged cells over each other, and one cell far right in every row. */
static void
what_costs_much_is_refused(void **state)
{
	static const struct { const char *row, *merge; } costs[] = {
		{ "<row><c><v>1</v></c></row>", "<mergeCell ref='A1:A3000'/>" },
		{ "<row><c r='IV1'><v>1</v></c></row>", NULL },
	};

	for (size_t i = 0; i < COUNT(costs); i++) {
		struct buf sheet = { 0 };
		struct xlsx_table t;
		struct err err = { .text = "" };

		buf_puts(&sheet, "<worksheet><sheetData>");
		for (unsigned k = 0; k < (costs[i].merge ? 3000 : 32000); k++)
			buf_puts(&sheet, costs[i].row);
		buf_puts(&sheet, "</sheetData>");
		for (unsigned k = 0; costs[i].merge && k < 3000; k++)
			buf_puts(&sheet, costs[i].merge);
		buf_puts(&sheet, "</worksheet>");
		assert_true(sheet.len < 1200000);
		struct file files[] = { TOP_RELS, BOOK_RELS, BOOK(""), { "xl/worksheets/list.xml", sheet.data } };
		holds(costs[i].row, read_sheet(files, COUNT(files), 0, &t, &err) < 0, "it was read");
		holds(costs[i].row, strstr(err.text, "unpacks to more"), "got %s", err.text);
		buf_fini(&sheet);
	}
}

static void
other_kinds_are_refused_with_the_remedy(void **state)
{
	static const char old[] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 W\0o\0r\0k\0b\0o\0o\0k";
	static const char locked[] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0";
	static const struct file ods[] = { { "mimetype", "application/vnd.oasis.opendocument.spreadsheet" },
					   { "content.xml", "<a/>" } };
	static const struct file xlsb[] = { { "_rels/.rels", "<R><Relationship Id='r1' Type='" DOC
					      "/officeDocument' Target='xl/workbook.bin'/></R>" },
					    { "xl/workbook.bin", "x" } };
	struct buf file = { 0 };
	struct xlsx *x;
	struct err err;

	assert_int_equal(xlsx_open(&x, old, sizeof(old), &err), -1);
	assert_non_null(strstr(err.text, "save it as .xlsx"));
	assert_int_equal(xlsx_open(&x, locked, sizeof(locked), &err), -1);
	assert_non_null(strstr(err.text, "password"));
	assert_int_equal(xlsx_open(&x, "PK\3\4xxxx", 8, &err), -1);
	assert_non_null(strstr(err.text, "damaged"));
	archive(&file, ods, COUNT(ods));
	assert_int_equal(xlsx_open(&x, file.data, file.len, &err), -1);
	assert_non_null(strstr(err.text, ".ods"));
	buf_reset(&file);
	archive(&file, xlsb, COUNT(xlsb));
	assert_int_equal(xlsx_open(&x, file.data, file.len, &err), -1);
	assert_non_null(strstr(err.text, ".xlsb"));
	buf_fini(&file);
	assert_null(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_is_text_and_is_read_again),
		cmocka_unit_test(numbers_are_whole_where_they_are),
		cmocka_unit_test(dates_are_days_of_a_calendar),
		cmocka_unit_test(a_sheet_is_read_as_it_is_shown),
		cmocka_unit_test(days_may_count_from_1904),
		cmocka_unit_test(hostile_sheets_are_refused),
		cmocka_unit_test(what_unpacks_without_end_is_refused),
		cmocka_unit_test(what_costs_much_is_refused),
		cmocka_unit_test(other_kinds_are_refused_with_the_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
