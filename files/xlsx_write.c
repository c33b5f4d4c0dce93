/* xlsx_write.c -- rows of texts as the few parts that a workbook needs. */
#include "files/xlsx_write.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zip.h>

#include "core/unicode.h"

#define SHEET_NAME 31
#define WIDTH_LEAST 8
#define WIDTH_MOST 60

struct xlsx_write {
	struct buf rows;		/* of sheetData */
	struct buf sheet;		/* its name, escaped */
	unsigned count;			/* of rows */
	size_t *widths;			/* by column, in characters of a digit's width */
	size_t columns;
};

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
#define MAIN "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define RELATIONS "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE "http://schemas.openxmlformats.org/package/2006/"
#define KIND "application/vnd.openxmlformats-officedocument.spreadsheetml."

static const char types[] = XML "<Types xmlns=\"" PACKAGE "content-types\">"
	"<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
	"<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
	"<Override PartName=\"/xl/workbook.xml\" ContentType=\"" KIND "sheet.main+xml\"/>"
	"<Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"" KIND "worksheet+xml\"/>"
	"<Override PartName=\"/xl/styles.xml\" ContentType=\"" KIND "styles+xml\"/></Types>";
static const char relations[] = XML "<Relationships xmlns=\"" PACKAGE "relationships\">"
	"<Relationship Id=\"rId1\" Type=\"" RELATIONS "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>";
static const char book_relations[] = XML "<Relationships xmlns=\"" PACKAGE "relationships\">"
	"<Relationship Id=\"rId1\" Type=\"" RELATIONS "/worksheet\" Target=\"worksheets/sheet1.xml\"/>"
	"<Relationship Id=\"rId2\" Type=\"" RELATIONS "/styles\" Target=\"styles.xml\"/></Relationships>";
/* Style 1: text; style 2: text, bold.  49 is "@", the format of text. */
static const char styles[] = XML "<styleSheet xmlns=\"" MAIN "\">"
	"<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font>"
	"<font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>"
	"<fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill>"
	"<fill><patternFill patternType=\"gray125\"/></fill></fills>"
	"<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
	"<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>"
	"<cellXfs count=\"3\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>"
	"<xf numFmtId=\"49\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>"
	"<xf numFmtId=\"49\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" "
	"applyFont=\"1\"/></cellXfs>"
	"<cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles></styleSheet>";

/* "_x0041_" would be read as "A". */
static bool
looks_escaped(const char *p)
{
	if (p[0] != '_' || p[1] != 'x')
		return false;
	for (int i = 2; i < 6; i++)
		if (!isxdigit((unsigned char)p[i]))
			return false;
	return p[6] == '_';
}

static void
put_text(struct buf *out, const char *text)
{
	int32_t c;

	for (const char *p = text; (c = utf8_next(&p)); text = p) {
		if (c == '&')
			buf_puts(out, "&amp;");
		else if (c == '<')
			buf_puts(out, "&lt;");
		else if (c == '>')
			buf_puts(out, "&gt;");
		else if (c == '"')
			buf_puts(out, "&quot;");
		else if (c < 0 || c == 0xfffe || c == 0xffff)
			buf_puts(out, "?");
		else if ((c < ' ' && c != '\n' && c != '\t') || looks_escaped(text))
			buf_printf(out, "_x%04X_", (unsigned)c);
		else
			buf_add(out, text, (size_t)(p - text));
	}
}

struct xlsx_write *
xlsx_write_new(const char *sheet)
{
	struct xlsx_write *w = xcalloc(1, sizeof(*w));
	char name[4 * SHEET_NAME + 1];
	size_t n = 0, characters = 0;
	const char *at = sheet;

	for (const char *p = sheet; characters < SHEET_NAME && utf8_next(&p) > 0; at = p, characters++)
		if (!strchr("[]:*?/\\'", *at))
			n += (size_t)snprintf(name + n, sizeof(name) - n, "%.*s", (int)(p - at), at);
	name[n] = '\0';
	put_text(&w->sheet, n ? name : "1");
	return w;
}

static void
widen(struct xlsx_write *w, size_t column, const char *text)
{
	size_t width = 2;
	int32_t c;

	while ((c = utf8_next(&text)))
		width += c >= 0x1100 ? 2 : 1;
	if (column == w->columns) {
		w->widths = xrealloc(w->widths, ++w->columns * sizeof(*w->widths));
		w->widths[column] = WIDTH_LEAST;
	}
	if (width > w->widths[column])
		w->widths[column] = width < WIDTH_MOST ? width : WIDTH_MOST;
}

static void
put_column(struct buf *out, size_t column)
{
	if (column >= 26)
		put_column(out, column / 26 - 1);
	buf_printf(out, "%c", (char)('A' + column % 26));
}

void
xlsx_write_row(struct xlsx_write *w, const char *const *cells, size_t count)
{
	unsigned row = ++w->count;

	buf_printf(&w->rows, "<row r=\"%u\">", row);
	for (size_t i = 0; i < count; i++) {
		widen(w, i, cells[i] ? cells[i] : "");
		if (!cells[i] || !*cells[i])
			continue;
		buf_puts(&w->rows, "<c r=\"");
		put_column(&w->rows, i);
		buf_printf(&w->rows, "%u\" s=\"%d\" t=\"inlineStr\"><is><t xml:space=\"preserve\">", row,
			   row == 1 ? 2 : 1);
		put_text(&w->rows, cells[i]);
		buf_puts(&w->rows, "</t></is></c>");
	}
	buf_puts(&w->rows, "</row>");
}

static void
compose_sheet(const struct xlsx_write *w, struct buf *out)
{
	buf_puts(out, XML "<worksheet xmlns=\"" MAIN "\"><sheetViews><sheetView workbookViewId=\"0\">"
		 "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>"
		 "</sheetView></sheetViews>");
	for (size_t i = 0; i < w->columns; i++)	/* text, so is what will be typed below */
		buf_printf(out, "%s<col min=\"%zu\" max=\"%zu\" width=\"%zu\" style=\"1\" customWidth=\"1\"/>%s",
			   i ? "" : "<cols>", i + 1, i + 1, w->widths[i], i + 1 < w->columns ? "" : "</cols>");
	buf_puts(out, "<sheetData>");
	buf_add(out, w->rows.data ? w->rows.data : "", w->rows.len);
	buf_puts(out, "</sheetData></worksheet>");
}

static void
compose_book(const struct xlsx_write *w, struct buf *out)
{
	buf_printf(out, XML "<workbook xmlns=\"" MAIN "\" xmlns:r=\"" RELATIONS "\"><sheets>"
		   "<sheet name=\"%s\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>", w->sheet.data);
}

/* The bytes stay the caller's until the archive is closed. */
static bool
add(zip_t *zip, const char *name, const void *bytes, size_t len)
{
	zip_source_t *part = zip_source_buffer(zip, bytes, len, 0);

	if (part && zip_file_add(zip, name, part, ZIP_FL_ENC_UTF_8) >= 0)
		return true;
	zip_source_free(part);
	return false;
}

static bool
take_archive(zip_source_t *archive, struct buf *out)
{
	char bytes[65536];
	zip_int64_t n = -1;

	if (zip_source_open(archive) < 0)
		return false;
	while ((n = zip_source_read(archive, bytes, sizeof(bytes))) > 0)
		buf_add(out, bytes, (size_t)n);
	zip_source_close(archive);
	return n == 0;
}

static bool
make_archive(const struct xlsx_write *w, struct buf *out)
{
	zip_source_t *archive = zip_source_buffer_create(NULL, 0, 0, NULL);
	zip_t *zip = archive ? zip_open_from_source(archive, ZIP_TRUNCATE, NULL) : NULL;
	struct buf sheet = { 0 }, book = { 0 };
	bool made = false;

	compose_sheet(w, &sheet);
	compose_book(w, &book);
	if (zip)
		zip_source_keep(archive);
	if (zip && add(zip, "[Content_Types].xml", types, sizeof(types) - 1) &&
	    add(zip, "_rels/.rels", relations, sizeof(relations) - 1) &&
	    add(zip, "xl/workbook.xml", book.data, book.len) &&
	    add(zip, "xl/_rels/workbook.xml.rels", book_relations, sizeof(book_relations) - 1) &&
	    add(zip, "xl/styles.xml", styles, sizeof(styles) - 1) &&
	    add(zip, "xl/worksheets/sheet1.xml", sheet.data, sheet.len))
		made = zip_close(zip) == 0;
	if (zip && !made)
		zip_discard(zip);
	made = made && take_archive(archive, out);
	if (archive)
		zip_source_free(archive);
	buf_fini(&sheet);
	buf_fini(&book);
	return made;
}

int
xlsx_write_end(struct xlsx_write *w, struct buf *out, struct err *err)
{
	bool made = make_archive(w, out);

	buf_fini(&w->rows);
	buf_fini(&w->sheet);
	free(w->widths);
	free(w);
	return made ? 0 : err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), xlsx_not_made);
}
