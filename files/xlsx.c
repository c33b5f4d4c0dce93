/* xlsx.c -- a sheet of a workbook, row by row: which text each cell shows. */
#include "files/xlsx.h"

#include <string.h>

#include "core/number.h"
#include "files/xlsx_book.h"

#define ROWS_MAX 1048576
#define COLUMNS_MAX 256			/* that hold something; a list has 64 at most */
#define MERGES_MAX 200000

struct merge {
	unsigned column, first, last;	/* column and rows, from 1 */
};

struct sheet {
	struct xlsx *book;
	struct xlsx_table *table;
	size_t cap, cells, bytes;
	size_t filled;			/* looked at for merged cells */
	/* the cell in hand */
	unsigned row, column;		/* from 1 */
	char type[12];
	int64_t style;
	struct xlsx_text text;		/* of an inline string … */
	struct buf value;		/* … or what stands in its <v> */
	bool in_value, has_formula, has_value;
	struct merge *merges;
	size_t merge_count;
};

static int
too_large(struct err *err)
{
	return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), xlsx_too_large);
}

static int
broken(struct err *err, const char *what)
{
	return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), xlsx_broken, what);
}

/* "BC12" -> 55, 12; what is missing stays 0. */
static void
split_reference(const char *text, unsigned *column, unsigned *row)
{
	*column = *row = 0;
	for (; *text >= 'A' && *text <= 'Z' && *column < 20000; text++)
		*column = *column * 26 + (unsigned)(*text - 'A' + 1);
	for (; *text >= '0' && *text <= '9' && *row <= ROWS_MAX; text++)
		*row = *row * 10 + (unsigned)(*text - '0');
}

static int
begin_row(struct sheet *s, const char **attributes, struct err *err)
{
	const char *number = xlsx_attribute(attributes, "r"), *hidden = xlsx_attribute(attributes, "hidden");
	struct xlsx_table *t = s->table;
	int64_t row = s->row + 1;

	if (number && whole_parse(&row, number, 1, ROWS_MAX) < 0)
		return broken(err, "row");
	if (row <= s->row || row > ROWS_MAX)
		return broken(err, "row");
	s->row = (unsigned)row;
	s->column = 0;
	if (t->count == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 256;
		t->rows = xrealloc(t->rows, s->cap * sizeof(*t->rows));
	}
	t->rows[t->count++] = (struct xlsx_row){
		.number = s->row, .hidden = hidden && strcmp(hidden, "1") == 0,
	};
	return 0;
}

static void
begin_cell(struct sheet *s, const char **attributes)
{
	const char *reference = xlsx_attribute(attributes, "r"), *type = xlsx_attribute(attributes, "t");
	const char *style = xlsx_attribute(attributes, "s");
	unsigned column = 0, row;

	if (reference)
		split_reference(reference, &column, &row);
	s->column = column ? column : s->column + 1;
	s->type[0] = '\0';
	if (type && strlen(type) < sizeof(s->type))
		memcpy(s->type, type, strlen(type) + 1);
	if (!style || whole_parse(&s->style, style, 0, INT32_MAX) < 0)
		s->style = 0;
	s->has_formula = s->has_value = s->in_value = false;
	buf_reset(&s->value);
	buf_reset(&s->text.bytes);
}

static int
add_merge(struct sheet *s, const char *reference, struct err *err)
{
	const char *colon = reference ? strchr(reference, ':') : NULL;
	struct merge m;
	unsigned to;

	if (!colon)
		return 0;
	split_reference(reference, &m.column, &m.first);
	split_reference(colon + 1, &to, &m.last);
	if (m.last <= m.first || !m.first)
		return 0;		/* across only: the first cell has it */
	if (s->merge_count == MERGES_MAX)
		return too_large(err);
	if ((s->merge_count & (s->merge_count - 1)) == 0)
		s->merges = xrealloc(s->merges, (s->merge_count ? 2 * s->merge_count : 1) * sizeof(m));
	s->merges[s->merge_count++] = m;
	return 0;
}

static int
on_begin(void *ctx, const char *element, const char **attributes, struct err *err)
{
	struct sheet *s = ctx;

	if (strcmp(element, "row") == 0)
		return begin_row(s, attributes, err);
	if (strcmp(element, "mergeCell") == 0)
		return add_merge(s, xlsx_attribute(attributes, "ref"), err);
	if (strcmp(element, "c") == 0)
		begin_cell(s, attributes);
	else if (strcmp(element, "v") == 0)
		s->in_value = s->has_value = true;
	else if (strcmp(element, "f") == 0)
		s->has_formula = true;
	else
		xlsx_text_begin(&s->text, element);
	return 0;
}

static int
on_text(void *ctx, const char *text, size_t len, struct err *err)
{
	struct sheet *s = ctx;

	if (!s->in_value)
		return xlsx_text_add(&s->text, text, len, err);
	if (s->value.len + len > XLSX_CELL_BYTES)
		return too_large(err);
	buf_add(&s->value, text, len);
	return 0;
}

static int
shared(const struct sheet *s, const char *value, struct buf *out, struct err *err)
{
	int64_t index;

	if (whole_parse(&index, value, 0, INT32_MAX) < 0 || (size_t)index >= s->book->string_count)
		return broken(err, "sharedStrings");
	buf_puts(out, s->book->strings.data + s->book->string_at[index]);
	return 0;
}

static bool
is_digits(const char *text)
{
	return !text[strspn(text, "0123456789")];
}

static void
number(const struct sheet *s, const char *value, struct buf *out)
{
	unsigned bits = (size_t)s->style < s->book->style_count ? s->book->styles[s->style] : 0;
	struct buf text = { 0 };

	if (bits & (XLSX_DATED | XLSX_TIMED)) {
		xlsx_date_text(out, value, bits & XLSX_DATED, bits & XLSX_TIMED, s->book->since_1904);
		return;
	}
	xlsx_number_text(&text, value);
	for (size_t n = text.len; n < bits >> XLSX_ZEROS && is_digits(text.data); n++)
		buf_puts(out, "0");
	buf_add(out, text.data, text.len);
	buf_fini(&text);
}

/* What the cell shows. */
static int
cell_text(struct sheet *s, struct buf *out, struct err *err)
{
	const char *value = s->value.data && s->value.len ? s->value.data : "";

	if (strcmp(s->type, "inlineStr") == 0) {
		buf_add(out, s->text.bytes.data ? s->text.bytes.data : "", s->text.bytes.len);
		xlsx_text_decode(out);
	} else if (strcmp(s->type, "str") == 0) {
		buf_puts(out, value);
		xlsx_text_decode(out);
		if (s->has_formula && !s->has_value)
			buf_puts(out, "#VALUE!");
	} else if (s->has_formula && !*value) {
		buf_puts(out, "#VALUE!");
	} else if (!*value) {
		return 0;
	} else if (strcmp(s->type, "s") == 0) {
		return shared(s, value, out, err);
	} else if (strcmp(s->type, "b") == 0) {
		buf_puts(out, strcmp(value, "1") == 0 ? "true" : "false");
	} else if (strcmp(s->type, "e") == 0 || strcmp(s->type, "d") == 0) {
		buf_puts(out, value);	/* d: a date of ISO 8601 */
	} else {
		number(s, value, out);
	}
	return 0;
}

static int
keep(struct sheet *s, struct xlsx_row *row, size_t column, const char *text, struct err *err)
{
	size_t len = strlen(text);

	if (column >= row->count)
		s->cells += column + 1 - row->count;
	if (column >= COLUMNS_MAX || s->cells > XLSX_CELLS || (s->bytes += len) > XLSX_TEXT_BYTES)
		return too_large(err);
	if (column >= row->count) {
		row->cells = xrealloc(row->cells, (column + 1) * sizeof(*row->cells));
		while (row->count <= column)
			row->cells[row->count++] = NULL;
	}
	free(row->cells[column]);
	row->cells[column] = xstrdup(text);
	return 0;
}

static int
end_cell(struct sheet *s, struct err *err)
{
	struct buf text = { 0 };
	int rc = cell_text(s, &text, err);

	if (rc == 0 && text.len && !s->table->count)
		rc = broken(err, "c");	/* a cell in no row */
	else if (rc == 0 && text.len && text.data[0])
		rc = keep(s, &s->table->rows[s->table->count - 1], s->column - 1, text.data, err);
	buf_fini(&text);
	return rc;
}

static int
on_end(void *ctx, const char *element, struct err *err)
{
	struct sheet *s = ctx;

	if (strcmp(element, "c") == 0)
		return end_cell(s, err);
	if (strcmp(element, "v") == 0)
		s->in_value = false;
	else
		xlsx_text_end(&s->text, element);
	return 0;
}

static size_t
row_from(const struct xlsx_table *t, unsigned number)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->rows[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A person who stands in a cell merged over three days is there on all of them. */
static int
fill_merge(struct sheet *s, const struct merge *m, struct err *err)
{
	struct xlsx_table *t = s->table;
	size_t at = row_from(t, m->first), column = m->column - 1;
	const char *text;

	if (at == t->count || t->rows[at].number != m->first || column >= t->rows[at].count)
		return 0;
	text = t->rows[at].cells[column];
	for (size_t i = at + 1; text && i < t->count && t->rows[i].number <= m->last; i++) {
		struct xlsx_row *row = &t->rows[i];

		if (++s->filled > XLSX_CELLS)
			return too_large(err);
		if (column < row->count && row->cells[column])
			continue;
		if (keep(s, row, column, text, err) < 0)
			return -1;
	}
	return 0;
}

int
xlsx_read(struct xlsx *x, size_t index, struct xlsx_table *out, struct err *err)
{
	struct sheet s = { .book = x, .table = out };
	struct xlsx_reader reader = { &s, on_begin, on_end, on_text };
	int rc;

	*out = (struct xlsx_table){ 0 };
	rc = xlsx_parts_read(x->parts, x->sheets[index].path, &reader, err);
	for (size_t i = 0; rc == 0 && i < s.merge_count; i++)
		rc = fill_merge(&s, &s.merges[i], err);
	free(s.merges);
	buf_fini(&s.value);
	buf_fini(&s.text.bytes);
	if (rc < 0)
		xlsx_table_fini(out);
	return rc;
}

void
xlsx_table_fini(struct xlsx_table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		for (size_t k = 0; k < t->rows[i].count; k++)
			free(t->rows[i].cells[k]);
		free(t->rows[i].cells);
	}
	free(t->rows);
	*t = (struct xlsx_table){ 0 };
}

bool
xlsx_is(const void *bytes, size_t len)
{
	return len >= 4 && (memcmp(bytes, "PK\3\4", 4) == 0 || memcmp(bytes, "\xd0\xcf\x11\xe0", 4) == 0);
}

int
xlsx_open(struct xlsx **out, const void *bytes, size_t len, struct err *err)
{
	struct xlsx *x = xcalloc(1, sizeof(*x));

	*out = NULL;
	if (xlsx_parts_open(&x->parts, bytes, len, err) < 0 || xlsx_book_read(x, err) < 0) {
		xlsx_close(x);
		return -1;
	}
	*out = x;
	return 0;
}

size_t
xlsx_sheets(const struct xlsx *x)
{
	return x->sheet_count;
}

const char *
xlsx_sheet_name(const struct xlsx *x, size_t sheet)
{
	return x->sheets[sheet].name;
}

bool
xlsx_sheet_is_hidden(const struct xlsx *x, size_t sheet)
{
	return x->sheets[sheet].hidden;
}

void
xlsx_close(struct xlsx *x)
{
	if (!x)
		return;
	xlsx_book_free(x);
	xlsx_parts_close(x->parts);
	free(x);
}
