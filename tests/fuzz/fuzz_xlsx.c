/* fuzz_xlsx.c -- any bytes as a workbook, or as one part of a sound one: the first byte says which. */
#include "tests/fuzz/fuzz.h"

#include <zip.h>

#include "core/segment.h"
#include "files/xlsx.h"

#define DOC "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

static const struct {
	const char *name, *text;
} parts[] = {
	{ "_rels/.rels", "<R><Relationship Id='a' Type='" DOC "/officeDocument' Target='xl/b.xml'/></R>" },
	{ "xl/_rels/b.xml.rels", "<R><Relationship Id='a' Type='" DOC "/worksheet' Target='s.xml'/>"
	  "<Relationship Id='b' Type='" DOC "/styles' Target='t.xml'/>"
	  "<Relationship Id='c' Type='" DOC "/sharedStrings' Target='u.xml'/></R>" },
	{ "xl/b.xml", "<w><workbookPr date1904='1'/><sheet name='x' sheetId='1' id='a'/></w>" },
	{ "xl/s.xml", "<w><row r='1'><c r='A1' s='1'><v>46357.5</v></c><c t='s'><v>0</v></c></row>"
	  "<row r='2'/><mergeCell ref='A1:A2'/></w>" },
	{ "xl/t.xml", "<s><numFmt numFmtId='170' formatCode='yyyy'/><cellXfs><xf/><xf numFmtId='170'/></cellXfs></s>" },
	{ "xl/u.xml", "<s><si><r><t>x</t></r><rPh><t>y</t></rPh></si></s>" },
};
#define PARTS (sizeof(parts) / sizeof(*parts))

/* Stored, not packed: the fuzzer changes what is read. */
static void
make(struct buf *out, size_t changed, const uint8_t *data, size_t size)
{
	zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, NULL);
	zip_t *zip = zip_open_from_source(source, ZIP_TRUNCATE, NULL);
	char bytes[4096];
	zip_int64_t n;

	zip_source_keep(source);
	for (size_t i = 0; i < PARTS; i++) {
		const void *text = i == changed ? (const void *)data : parts[i].text;
		size_t len = i == changed ? size : strlen(parts[i].text);
		zip_int64_t at = zip_file_add(zip, parts[i].name, zip_source_buffer(zip, text, len, 0), 0);

		zip_set_file_compression(zip, (zip_uint64_t)at, ZIP_CM_STORE, 0);
	}
	promise(zip_close(zip) == 0, "the archive is made");
	zip_source_open(source);
	while ((n = zip_source_read(source, bytes, sizeof(bytes))) > 0)
		buf_add(out, bytes, (size_t)n);
	zip_source_close(source);
	zip_source_free(source);
}

static void
look_at(const struct xlsx_table *t)
{
	unsigned before = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct xlsx_row *row = &t->rows[i];

		promise(row->number > before, "rows ascend");
		before = row->number;
		for (size_t k = 0; k < row->count; k++)
			promise(!row->cells[k] || utf8_check(row->cells[k], strlen(row->cells[k]), NULL) == 0,
				"a cell is UTF-8");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { .text = "" };
	struct buf file = { 0 };
	struct xlsx *x;

	if (!size)
		return 0;
	if (data[0] % (PARTS + 1) == PARTS)
		buf_add(&file, data + 1, size - 1);
	else
		make(&file, data[0] % (PARTS + 1), data + 1, size - 1);
	if (xlsx_open(&x, file.data ? file.data : "", file.len, &err) < 0)
		promise(err.text[0], "a refused workbook says why");
	for (size_t i = 0; x && i < xlsx_sheets(x); i++) {
		struct xlsx_table t;

		if (xlsx_read(x, i, &t, &err) < 0)
			promise(err.text[0], "a refused sheet says why");
		look_at(&t);
		xlsx_table_fini(&t);
	}
	xlsx_close(x);
	buf_fini(&file);
	return 0;
}
