/* csv.c -- a CSV file as it arrives: encoding, separator, lines, fields.  It bounds what it holds: one
 * line, one row, and the rows already understood. */
#include "daemon/intake/csv.h"

#include <errno.h>
#include <string.h>

#include "core/cell.h"
#include "core/segment.h"
#include "core/unicode.h"

#define HEAD_MAX 65536			/* bytes looked at to decide the encoding */
#define ROW_LINES_MAX 50		/* a longer row is a quote that was never closed */
#define HEADER_WITHIN 10		/* rows: titles of the sheet stand above the names of its columns */
#define HEADER_TITLES 2			/* so many known names are no accident */

struct csv_intake *
csv_intake_new(enum import_kind kind, struct settings *settings)
{
	struct csv_intake *c = xcalloc(1, sizeof(*c));

	c->kind = kind;
	c->settings = settings_ref(settings);
	c->request = xcalloc(1, sizeof(*c->request));
	c->request->kind = kind;
	c->gbk = (iconv_t)-1;
	c->cells.row = 1;
	csv_init(&c->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL);
	return c;
}

void
csv_intake_free(struct csv_intake *c)
{
	struct command *cmd;

	if (!c)
		return;
	cmd = command_new(CMD_IMPORT, -1);
	cmd->import = c->request;
	command_free(cmd);
	csv_free(&c->parser);
	if (c->gbk != (iconv_t)-1)
		iconv_close(c->gbk);
	for (size_t i = 0; i < c->columns; i++)
		free(c->title[i]);
	table_fini(&c->keys, NULL);
	buf_fini(&c->head);
	buf_fini(&c->part);
	buf_fini(&c->text);
	buf_fini(&c->cells.bytes);
	buf_fini(&c->first.bytes);
	settings_unref(c->settings);
	free(c);
}

static bool
is_blank(const struct csv_cells *cells)
{
	for (size_t i = 0; i < cells->count; i++)
		if (cells->bytes.data[cells->at[i]])
			return false;
	return true;
}

static void
on_field(void *bytes, size_t len, void *ctx)
{
	struct csv_intake *c = ctx;
	const char *p = bytes;

	if (c->stopped)
		return;
	if (c->cells.count == CSV_COLUMNS_MAX) {
		csv_stop(c, csv_columns_max, NUM(CSV_COLUMNS_MAX));
		return;
	}
	text_trim(&p, &len);	/* blanks of any width around a cell are none of it */
	if (cell_is_marked(p, len)) {
		p++;
		len--;
	}
	c->cells.at[c->cells.count++] = c->cells.bytes.len;
	buf_add(&c->cells.bytes, p, len);
	buf_add(&c->cells.bytes, "", 1);
}

static void
keep_first(struct csv_intake *c)
{
	struct csv_cells *first = &c->first;

	buf_add(&first->bytes, c->cells.bytes.data, c->cells.bytes.len);
	memcpy(first->at, c->cells.at, sizeof(first->at));
	first->count = c->cells.count;
	first->row = c->cells.row;
}

/* None of the first rows names the columns: what is wrong with the very first one is told. */
static void
lack_header(struct csv_intake *c)
{
	struct csv_cells here = c->cells;

	c->cells = c->first;
	csv_rows_header(c);
	c->cells = here;
	c->stopped = true;
}

static void
seek_header(struct csv_intake *c)
{
	if (csv_rows_titles(c) >= HEADER_TITLES) {
		c->have_header = true;
		csv_rows_header(c);
		return;
	}
	if (!c->sought++)
		keep_first(c);
	if (c->sought == HEADER_WITHIN)
		lack_header(c);
}

static void
on_row(int end, void *ctx)
{
	struct csv_intake *c = ctx;

	if (!c->stopped && !is_blank(&c->cells)) {
		if (!c->have_header)
			seek_header(c);
		else if (c->request->row_count == INTAKE_ROWS_MAX)
			csv_stop(c, csv_rows_max, NUM(INTAKE_ROWS_MAX));
		else
			csv_rows_row(c);
	}
	c->cells.row++;
	c->cells.count = 0;
	c->lines = 0;
	buf_reset(&c->cells.bytes);
}

static int
convert_line(struct csv_intake *c, const char **line, size_t *len)
{
	char out[4096], *in = (char *)*line;
	size_t left = *len;

	buf_reset(&c->text);
	while (left) {
		char *to = out;
		size_t room = sizeof(out);

		if (iconv(c->gbk, &in, &left, &to, &room) == (size_t)-1 && errno != E2BIG)
			return csv_stop(c, csv_not_gbk);
		buf_add(&c->text, out, sizeof(out) - room);
	}
	*line = c->text.data;
	*len = c->text.len;
	return memchr(*line, '\0', *len) ? csv_stop(c, csv_nul) : 0;
}

static bool
is_empty(const char *line, size_t len)
{
	while (len && strchr(" \t\r\n", line[len - 1]) && line[len - 1])
		len--;
	return len == 0;
}

/* "sep=;" as Excel writes and reads it: a line of its own, but no row of the list. */
static bool
says_separator(const char *line, size_t len, char *out)
{
	while (len && strchr("\r\n", line[len - 1]))
		len--;
	*out = len == 5 ? line[4] : '\0';
	return len == 5 && strncasecmp(line, "sep=", 4) == 0;
}

static bool
has_outside_quotes(const char *line, size_t len, char what)
{
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		quoted ^= line[i] == '"';
		if (line[i] == what && !quoted)
			return true;
	}
	return false;
}

/* The first line that has any of them tells by what the file is separated: commas, or where it has
 * none of those semicolons or tabs, but not both. */
static int
find_separator(struct csv_intake *c, const char *line, size_t len, bool *is_said)
{
	bool comma = has_outside_quotes(line, len, ','), tab = has_outside_quotes(line, len, '\t');
	bool semicolon = has_outside_quotes(line, len, ';');
	char separator;

	*is_said = says_separator(line, len, &separator);
	c->separated = *is_said || comma || semicolon || tab;
	if (!*is_said)
		separator = !comma && semicolon ? ';' : !comma && tab ? '\t' : ',';
	if (!separator || !strchr(",;\t|", separator) || (!*is_said && !comma && semicolon && tab))
		return csv_stop(c, csv_no_commas);
	csv_set_delim(&c->parser, (unsigned char)separator);
	return 0;
}

static int
decode_line(struct csv_intake *c, const char **line, size_t *len)
{
	struct err bad;

	if (c->gbk != (iconv_t)-1)
		return convert_line(c, line, len);
	if (utf8_check(*line, *len, &bad) < 0)
		return csv_stop(c, csv_not_utf8, said_value(&bad.said, 0));
	return 0;
}

/* One whole line with its end. */
static int
take_line(struct csv_intake *c, const char *line, size_t len)
{
	bool is_said = false;

	if (c->stopped)
		return -1;
	if (!c->lines && is_empty(line, len)) {
		c->cells.row++;
		return 0;
	}
	if (c->lines++ == ROW_LINES_MAX)
		return csv_stop(c, csv_quote_runs, NUM(ROW_LINES_MAX));
	if (decode_line(c, &line, &len) < 0)
		return -1;
	if (!c->separated && find_separator(c, line, len, &is_said) < 0)
		return -1;
	if (is_said) {
		c->cells.row++;
		c->lines = 0;
		return 0;
	}
	if (csv_parse(&c->parser, line, len, on_field, on_row, c) != len && !c->stopped)
		return csv_stop(c, csv_quote_inside);
	return c->stopped ? -1 : 0;
}

static int
take_bytes(struct csv_intake *c, const char *bytes, size_t len)
{
	while (len) {
		const char *end = memchr(bytes, '\n', len);
		size_t n = end ? (size_t)(end - bytes) + 1 : len;
		int rc = 0;

		if (c->part.len + n > INTAKE_LINE_MAX)
			return csv_stop(c, csv_line_long, NUM(INTAKE_LINE_MAX));
		if (c->part.len || !end)
			buf_add(&c->part, bytes, n);
		if (end)
			rc = c->part.len ? take_line(c, c->part.data, c->part.len)
					 : take_line(c, bytes, n);
		if (end)
			buf_reset(&c->part);
		if (rc < 0)
			return -1;
		bytes += n;
		len -= n;
	}
	return 0;
}

/* Whole characters only: the last one may be cut by the end of what has arrived. */
static bool
is_utf8(const char *bytes, size_t len, bool whole)
{
	for (int cut = 0; cut < 4 && len; cut++, len--) {
		if (utf8_check(bytes, len, NULL) == 0)
			return true;
		if (whole)
			break;
	}
	return len == 0;
}

static bool
is_gbk(iconv_t gbk, const char *bytes, size_t len, bool whole)
{
	char out[4096], *in = (char *)bytes;

	while (len) {
		char *to = out;
		size_t room = sizeof(out);

		if (iconv(gbk, &in, &len, &to, &room) != (size_t)-1)
			continue;
		if (errno == EINVAL && !whole)
			break;
		if (errno != E2BIG) {
			iconv(gbk, NULL, NULL, NULL, NULL);
			return false;
		}
	}
	iconv(gbk, NULL, NULL, NULL, NULL);
	return true;
}

static int
decide(struct csv_intake *c, bool whole)
{
	const char *p = c->head.data ? c->head.data : "";
	size_t len = c->head.len;

	c->decided = true;
	if (len >= 2 && (memcmp(p, "\xff\xfe", 2) == 0 || memcmp(p, "\xfe\xff", 2) == 0))
		return csv_stop(c, csv_utf16);
	if (len >= 4 && (memcmp(p, "PK\3\4", 4) == 0 || memcmp(p, "\xd0\xcf\x11\xe0", 4) == 0))
		return csv_stop(c, csv_spreadsheet);
	if (memchr(p, '\0', len))
		return csv_stop(c, csv_nul);
	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
		p += 3;
		len -= 3;
	} else if (!is_utf8(p, len, whole)) {
		c->gbk = iconv_open("UTF-8", "GB18030");
		if (c->gbk == (iconv_t)-1 || !is_gbk(c->gbk, p, len, whole))
			return csv_stop(c, csv_encoding);
	}
	return take_bytes(c, p, len);
}

int
csv_intake_feed(struct csv_intake *c, const void *bytes, size_t len)
{
	if (!c->stopped && c->decided) {
		take_bytes(c, bytes, len);
	} else if (!c->stopped) {
		buf_add(&c->head, bytes, len);
		if (c->head.len >= HEAD_MAX) {
			decide(c, false);
			buf_fini(&c->head);
		}
	}
	return c->stopped ? -1 : 0;
}

/* What only the end of the file can tell. */
static void
check_end(struct csv_intake *c)
{
	if (!c->have_header && c->sought) {
		lack_header(c);
	} else if (!c->have_header) {
		c->cells.row = 1;
		csv_stop(c, csv_empty);
	} else if (!c->request->row_count && !c->request->faults.total) {
		c->cells.row--;
		csv_stop(c, csv_no_rows);
	}
}

int
csv_intake_finish(struct csv_intake *c, struct import_request **out)
{
	*out = NULL;
	if (!c->stopped && !c->decided)
		decide(c, true);
	if (!c->stopped && c->part.len)
		take_line(c, c->part.data, c->part.len);
	if (!c->stopped && csv_fini(&c->parser, on_field, on_row, c) != 0)
		csv_stop(c, csv_open_quote);
	if (!c->stopped)
		check_end(c);
	if (c->stopped)
		return -1;
	c->request->settings = settings_ref(c->settings);
	*out = c->request;
	c->request = NULL;
	return 0;
}

const struct faults *
csv_intake_faults(const struct csv_intake *c)
{
	return &c->request->faults;
}
