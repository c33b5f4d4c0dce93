/* xlsx_book.c -- the parts of a workbook that are not its sheets. */
#include "files/xlsx_book.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"

#define SHEETS_MAX 1000
#define STYLES_MAX 65536
#define RELATIONS "/relationships/"

static int
too_large(struct err *err)
{
	return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), xlsx_too_large);
}

/* -- texts -- */

void
xlsx_text_begin(struct xlsx_text *t, const char *element)
{
	if (strcmp(element, "rPh") == 0)
		t->phonetic++;
	else if (strcmp(element, "t") == 0)
		t->inside = !t->phonetic;
}

void
xlsx_text_end(struct xlsx_text *t, const char *element)
{
	if (strcmp(element, "rPh") == 0 && t->phonetic)
		t->phonetic--;
	else if (strcmp(element, "t") == 0)
		t->inside = false;
}

int
xlsx_text_add(struct xlsx_text *t, const char *text, size_t len, struct err *err)
{
	if (!t->inside)
		return 0;
	if (t->bytes.len + len > XLSX_CELL_BYTES)
		return too_large(err);
	buf_add(&t->bytes, text, len);
	return 0;
}

static bool
is_escape(const char *p)
{
	if (p[0] != '_' || p[1] != 'x')
		return false;
	for (int i = 2; i < 6; i++)
		if (!isxdigit((unsigned char)p[i]))
			return false;
	return p[6] == '_';
}

static size_t
put_utf8(char *out, unsigned c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return c ? 1 : 0;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | c >> 12);
	out[1] = (char)(0x80 | (c >> 6 & 0x3f));
	out[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

void
xlsx_text_decode(struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len;) {
		unsigned c = 0;

		if (is_escape(text->data + i)) {
			sscanf(text->data + i + 2, "%4x", &c);
			n += put_utf8(text->data + n, c >> 11 == 0x1b ? '?' : c);
			i += 7;
		} else {
			text->data[n++] = text->data[i++];
		}
	}
	if (text->data)
		text->data[n] = '\0';
	text->len = n;
}

/* -- relations: an id, what it is, which part -- */

struct relations {
	const char *wanted;		/* the end of a type, or NULL … */
	struct xlsx *book;		/* … and its sheets by their ids */
	char *found;			/* the part of the wanted type */
	const char *base;		/* the folder that targets are relative to */
};

/* "worksheets/sheet1.xml" of "xl/" -> "xl/worksheets/sheet1.xml"; "/xl/…" is whole, "../" goes up. */
static char *
part_name(const char *base, const char *target)
{
	char name[512];
	size_t n = strlen(base);

	if (*target == '/')
		return xstrdup(target + 1);
	for (; strncmp(target, "../", 3) == 0 && n; target += 3)
		for (n--; n && base[n - 1] != '/'; n--)
			;
	snprintf(name, sizeof(name), "%.*s%s", (int)n, base, target);
	return xstrdup(name);
}

static bool
is_type(const char *type, const char *wanted)
{
	const char *last = strstr(type, RELATIONS);

	return last && strcmp(last + strlen(RELATIONS), wanted) == 0;
}

static int
relation(void *ctx, const char *element, const char **attributes, struct err *err)
{
	const char *id = xlsx_attribute(attributes, "Id"), *type = xlsx_attribute(attributes, "Type");
	const char *target = xlsx_attribute(attributes, "Target");
	struct relations *r = ctx;

	if (strcmp(element, "Relationship") != 0 || !id || !type || !target)
		return 0;
	if (r->wanted && !r->found && is_type(type, r->wanted))
		r->found = part_name(r->base, target);
	for (size_t i = 0; r->book && i < r->book->sheet_count; i++) {
		struct xlsx_sheet *sheet = &r->book->sheets[i];

		if (!sheet->path && is_type(type, "worksheet") && strcmp(sheet->id, id) == 0)
			sheet->path = part_name(r->base, target);
	}
	return 0;
}

/* Of a part: its folder, and the part of its relations. */
static void
relations_of(const char *part, char *base, char *relations, size_t size)
{
	const char *slash = strrchr(part, '/');
	int folder = slash ? (int)(slash + 1 - part) : 0;

	snprintf(base, size, "%.*s", folder, part);
	snprintf(relations, size, "%.*s_rels/%s.rels", folder, part, part + folder);
}

static int
find_related(struct xlsx *x, const char *part, const char *wanted, struct xlsx *book, char **found,
	     struct err *err)
{
	char base[512], relations[512];
	struct relations r = { .wanted = wanted, .book = book, .base = base };
	struct xlsx_reader reader = { .ctx = &r, .begin = relation };
	int rc = 0;

	relations_of(part, base, relations, sizeof(base));
	if (xlsx_parts_have(x->parts, relations))
		rc = xlsx_parts_read(x->parts, relations, &reader, err);
	if (found)
		*found = r.found;
	else
		free(r.found);
	return rc;
}

/* -- the book -- */

static bool
is_true(const char *text)
{
	return text && (strcmp(text, "1") == 0 || strcmp(text, "true") == 0);
}

static int
book_element(void *ctx, const char *element, const char **attributes, struct err *err)
{
	struct xlsx *x = ctx;

	if (strcmp(element, "workbookPr") == 0) {
		x->since_1904 = is_true(xlsx_attribute(attributes, "date1904"));
	} else if (strcmp(element, "sheet") == 0) {
		const char *name = xlsx_attribute(attributes, "name"), *id = xlsx_attribute(attributes, "id");
		const char *state = xlsx_attribute(attributes, "state");

		if (x->sheet_count == SHEETS_MAX)
			return too_large(err);
		x->sheets = xrealloc(x->sheets, (x->sheet_count + 1) * sizeof(*x->sheets));
		x->sheets[x->sheet_count++] = (struct xlsx_sheet){
			.name = xstrdup(name ? name : ""), .id = xstrdup(id ? id : ""),
			.hidden = state && strcmp(state, "visible") != 0,
		};
	}
	return 0;
}

/* -- shared strings -- */

struct strings {
	struct xlsx *book;
	struct xlsx_text text;
};

static int
string_begin(void *ctx, const char *element, const char **attributes, struct err *err)
{
	struct strings *s = ctx;

	if (strcmp(element, "si") == 0)
		buf_reset(&s->text.bytes);
	xlsx_text_begin(&s->text, element);
	return 0;
}

static int
string_end(void *ctx, const char *element, struct err *err)
{
	struct strings *s = ctx;
	struct xlsx *x = s->book;

	xlsx_text_end(&s->text, element);
	if (strcmp(element, "si") != 0)
		return 0;
	xlsx_text_decode(&s->text.bytes);
	if (x->string_count == XLSX_CELLS || x->strings.len + s->text.bytes.len > XLSX_TEXT_BYTES)
		return too_large(err);
	if (x->string_count == x->string_cap) {
		x->string_cap = x->string_cap ? x->string_cap * 2 : 256;
		x->string_at = xrealloc(x->string_at, x->string_cap * sizeof(*x->string_at));
	}
	x->string_at[x->string_count++] = x->strings.len;
	buf_add(&x->strings, s->text.bytes.data ? s->text.bytes.data : "", s->text.bytes.len);
	buf_add(&x->strings, "", 1);
	return 0;
}

static int
string_text(void *ctx, const char *text, size_t len, struct err *err)
{
	return xlsx_text_add(&((struct strings *)ctx)->text, text, len, err);
}

/* -- styles -- */

struct styles {
	struct xlsx *book;
	unsigned char custom[STYLES_MAX];	/* by the id of a format: its bits */
	bool in_cells;
};

/* 18.8.30: 14-22 and 45-47 everywhere, 27-36 and 50-58 in East Asia. */
static unsigned char
built_in(int64_t id)
{
	if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) || (id >= 45 && id <= 47))
		return XLSX_TIMED;
	if (id == 22)
		return XLSX_DATED | XLSX_TIMED;
	if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 58))
		return XLSX_DATED;
	return 0;
}

/* The last character of what is shown as it is, or of a condition, that begins here; NULL: it is neither. */
static const char *
literal_end(const char *code)
{
	const char *end;

	switch (*code) {
	case '"':
	case '[':
		end = strchr(code + 1, *code == '"' ? '"' : ']');
		return end ? end : code + strlen(code) - 1;
	case '\\':
	case '_':
	case '*':
		return code + (code[1] != '\0');
	default:
		return strncasecmp(code, "general", 7) == 0 ? code + 6 : NULL;
	}
}

#define XLSX_MONTH 4			/* or minutes: by itself it is a date */

static unsigned char
bits_of_letter(int letter)
{
	switch (tolower(letter)) {
	case 'y':
	case 'd':
		return XLSX_DATED;
	case 'h':
	case 's':
		return XLSX_TIMED;
	case 'm':
		return XLSX_MONTH;
	default:
		return 0;
	}
}

/* "[h]" counts hours beyond a day; "[Magenta]" is a colour. */
static bool
is_elapsed(const char *code)
{
	size_t letters = *code == '[' ? strspn(code + 1, "hHmMsS") : 0;

	return letters && code[1 + letters] == ']';
}

/* "000000" and "0000-0000000" show as many digits at least; of a format with anything else but signs between
 * them nothing is said. */
static unsigned char
zeros_of(const char *code)
{
	unsigned zeros = 0;

	for (; *code && *code != ';'; code++) {
		const char *end = *code == '\\' || *code == '_' ? literal_end(code) : NULL;

		if (!end && !strchr("0-() ", *code))
			return 0;
		zeros += !end && *code == '0';
		code = end ? end : code;
	}
	return (unsigned char)(zeros > 1 && zeros <= XLSX_ZEROS_MAX ? zeros << XLSX_ZEROS : 0);
}

/* y and d make a date, h and s a time, unless they are quoted. */
static unsigned char
bits_of(const char *code)
{
	const char *start = code;
	unsigned char bits = 0;

	for (; *code && *code != ';'; code++) {
		const char *end = literal_end(code);

		if (is_elapsed(code))
			bits |= XLSX_TIMED;
		if (end)
			code = end;
		else
			bits |= bits_of_letter((unsigned char)*code);
	}
	if (bits & (XLSX_DATED | XLSX_TIMED))
		return bits & (XLSX_DATED | XLSX_TIMED);
	return bits ? XLSX_DATED : zeros_of(start);
}

static int
style_begin(void *ctx, const char *element, const char **attributes, struct err *err)
{
	const char *text = xlsx_attribute(attributes, "numFmtId");
	struct styles *s = ctx;
	struct xlsx *x = s->book;
	int64_t id = 0;

	if (text && whole_parse(&id, text, 0, STYLES_MAX - 1) < 0)
		id = 0;
	if (strcmp(element, "cellXfs") == 0) {
		s->in_cells = true;
	} else if (strcmp(element, "numFmt") == 0 && id) {
		const char *code = xlsx_attribute(attributes, "formatCode");

		s->custom[id] = 0x80 | (code ? bits_of(code) : 0);
	} else if (strcmp(element, "xf") == 0 && s->in_cells) {
		if (x->style_count == STYLES_MAX)
			return too_large(err);
		x->styles = xrealloc(x->styles, x->style_count + 1);
		x->styles[x->style_count++] = s->custom[id] ? s->custom[id] & 0x7f : built_in(id);
	}
	return 0;
}

static int
style_end(void *ctx, const char *element, struct err *err)
{
	struct styles *s = ctx;

	if (strcmp(element, "cellXfs") == 0)
		s->in_cells = false;
	return 0;
}

/* -- all together -- */

static int
read_strings(struct xlsx *x, const char *part, struct err *err)
{
	struct strings s = { .book = x };
	struct xlsx_reader reader = { &s, string_begin, string_end, string_text };
	int rc = xlsx_parts_read(x->parts, part, &reader, err);

	buf_fini(&s.text.bytes);
	return rc;
}

static int
read_styles(struct xlsx *x, const char *part, struct err *err)
{
	struct styles *s = xcalloc(1, sizeof(*s));
	struct xlsx_reader reader = { s, style_begin, style_end, NULL };
	int rc;

	s->book = x;
	rc = xlsx_parts_read(x->parts, part, &reader, err);
	free(s);
	return rc;
}

/* A part that the book names and that is there; few books have all of them. */
static int
read_related(struct xlsx *x, const char *book, const char *type,
	     int (*read)(struct xlsx *, const char *, struct err *), struct err *err)
{
	char *part = NULL;
	int rc = find_related(x, book, type, NULL, &part, err);

	if (rc == 0 && part && xlsx_parts_have(x->parts, part))
		rc = read(x, part, err);
	free(part);
	return rc;
}

static void
drop_charts(struct xlsx *x)
{
	size_t kept = 0;

	for (size_t i = 0; i < x->sheet_count; i++) {
		struct xlsx_sheet *sheet = &x->sheets[i];

		if (sheet->path && xlsx_parts_have(x->parts, sheet->path)) {
			x->sheets[kept++] = *sheet;
			continue;
		}
		free(sheet->name);
		free(sheet->id);
		free(sheet->path);
	}
	x->sheet_count = kept;
}

static int
read_book(struct xlsx *x, const char *book, struct err *err)
{
	struct xlsx_reader reader = { x, book_element, NULL, NULL };

	if (xlsx_parts_read(x->parts, book, &reader, err) < 0 ||
	    find_related(x, book, NULL, x, NULL, err) < 0 ||
	    read_related(x, book, "sharedStrings", read_strings, err) < 0 ||
	    read_related(x, book, "styles", read_styles, err) < 0)
		return -1;
	drop_charts(x);
	if (!x->sheet_count)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), xlsx_no_sheet);
	return 0;
}

int
xlsx_book_read(struct xlsx *x, struct err *err)
{
	char *book = NULL;
	int rc = find_related(x, "", "officeDocument", NULL, &book, err);
	size_t len = book ? strlen(book) : 0;

	if (rc == 0 && (len < 4 || strcmp(book + len - 4, ".xml") != 0 || !xlsx_parts_have(x->parts, book)))
		rc = err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), xlsx_other);
	else if (rc == 0)
		rc = read_book(x, book, err);
	free(book);
	return rc;
}

void
xlsx_book_free(struct xlsx *x)
{
	for (size_t i = 0; i < x->sheet_count; i++) {
		free(x->sheets[i].name);
		free(x->sheets[i].id);
		free(x->sheets[i].path);
	}
	free(x->sheets);
	buf_fini(&x->strings);
	free(x->string_at);
	free(x->styles);
}
