/* csv.c -- a CSV file as it arrives: encoding, lines, fields.  It bounds what it holds: one
 * line, one row, and the rows already understood. */
#include "daemon/intake/csv.h"

#include <errno.h>
#include <string.h>

#include "core/segment.h"

#define HEAD_MAX 65536			/* bytes looked at to decide the encoding */
#define ROW_LINES_MAX 50		/* a longer row is a quote that was never closed */

struct csv_intake *
csv_intake_new(enum import_kind kind, struct settings *settings)
{
	struct csv_intake *c = xcalloc(1, sizeof(*c));

	c->kind = kind;
	c->settings = settings_ref(settings);
	c->request = xcalloc(1, sizeof(*c->request));
	c->request->kind = kind;
	c->gbk = (iconv_t)-1;
	c->row_line = 1;
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
	table_fini(&c->first, NULL);
	buf_fini(&c->head);
	buf_fini(&c->part);
	buf_fini(&c->text);
	buf_fini(&c->row);
	settings_unref(c->settings);
	free(c);
}

static bool
is_blank(const struct csv_intake *c)
{
	for (size_t i = 0; i < c->fields; i++)
		if (c->row.data[c->field[i]])
			return false;
	return true;
}

static void
on_field(void *bytes, size_t len, void *ctx)
{
	struct csv_intake *c = ctx;
	const char *p = bytes;

	if (c->failed)
		return;
	if (c->fields == CSV_COLUMNS_MAX) {
		csv_fail(c, NULL, csv_columns_max, NUM(CSV_COLUMNS_MAX));
		return;
	}
	while (len && (*p == ' ' || *p == '\t')) {
		p++;
		len--;
	}
	while (len && (p[len - 1] == ' ' || p[len - 1] == '\t'))
		len--;
	c->field[c->fields++] = c->row.len;
	buf_add(&c->row, p, len);
	buf_add(&c->row, "", 1);
}

static void
on_row(int end, void *ctx)
{
	struct csv_intake *c = ctx;

	if (!c->failed && !is_blank(c)) {
		if (!c->have_header) {
			c->have_header = true;
			csv_rows_header(c);
		} else if (c->request->row_count == INTAKE_ROWS_MAX) {
			csv_fail(c, NULL, csv_rows_max, NUM(INTAKE_ROWS_MAX));
		} else {
			csv_rows_row(c);
		}
	}
	c->row_line = c->line + 1;
	c->fields = 0;
	buf_reset(&c->row);
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

		if (iconv(c->gbk, &in, &left, &to, &room) == (size_t)-1 && errno != E2BIG) {
			c->row_line = c->line;
			return csv_fail(c, NULL, csv_not_gbk);
		}
		buf_add(&c->text, out, sizeof(out) - room);
	}
	*line = c->text.data;
	*len = c->text.len;
	return 0;
}

static bool
is_empty(const char *line, size_t len)
{
	while (len && strchr(" \t\r\n", line[len - 1]) && line[len - 1])
		len--;
	return len == 0;
}

/* One whole line with its end. */
static int
take_line(struct csv_intake *c, const char *line, size_t len)
{
	struct err bad;

	c->line++;
	if (c->failed)
		return -1;
	if (c->row_line == c->line && is_empty(line, len)) {
		c->row_line++;
		return 0;
	}
	if (c->line - c->row_line >= ROW_LINES_MAX)
		return csv_fail(c, NULL, csv_quote_runs, NUM(ROW_LINES_MAX));
	if (c->gbk != (iconv_t)-1) {
		if (convert_line(c, &line, &len) < 0)
			return -1;
	} else if (utf8_check(line, len, &bad) < 0) {
		c->row_line = c->line;
		return csv_fail(c, NULL, csv_not_utf8, said_value(&bad.said, 0));
	}
	if (csv_parse(&c->parser, line, len, on_field, on_row, c) != len && !c->failed)
		return csv_fail(c, NULL, csv_quote_inside);
	return c->failed ? -1 : 0;
}

static int
take_bytes(struct csv_intake *c, const char *bytes, size_t len)
{
	while (len) {
		const char *end = memchr(bytes, '\n', len);
		size_t n = end ? (size_t)(end - bytes) + 1 : len;
		int rc = 0;

		if (c->part.len + n > INTAKE_LINE_MAX) {
			c->row_line = c->line + 1;
			return csv_fail(c, NULL, csv_line_long, NUM(INTAKE_LINE_MAX));
		}
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
		return csv_fail(c, NULL, csv_utf16);
	if (len >= 4 && (memcmp(p, "PK\3\4", 4) == 0 || memcmp(p, "\xd0\xcf\x11\xe0", 4) == 0))
		return csv_fail(c, NULL, csv_spreadsheet);
	if (memchr(p, '\0', len))
		return csv_fail(c, NULL, csv_nul);
	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
		p += 3;
		len -= 3;
	} else if (!is_utf8(p, len, whole)) {
		c->gbk = iconv_open("UTF-8", "GB18030");
		if (c->gbk == (iconv_t)-1 || !is_gbk(c->gbk, p, len, whole))
			return csv_fail(c, NULL, csv_encoding);
	}
	return take_bytes(c, p, len);
}

static int
give_err(struct csv_intake *c, struct err *err)
{
	if (!c->failed)
		return 0;
	if (err)
		*err = c->err;
	return -1;
}

int
csv_intake_feed(struct csv_intake *c, const void *bytes, size_t len, struct err *err)
{
	if (!c->failed && c->decided) {
		take_bytes(c, bytes, len);
	} else if (!c->failed) {
		buf_add(&c->head, bytes, len);
		if (c->head.len >= HEAD_MAX) {
			decide(c, false);
			buf_fini(&c->head);
		}
	}
	return give_err(c, err);
}

int
csv_intake_finish(struct csv_intake *c, struct import_request **out, struct err *err)
{
	*out = NULL;
	if (!c->failed && !c->decided)
		decide(c, true);
	if (!c->failed && c->part.len)
		take_line(c, c->part.data, c->part.len);
	if (!c->failed && csv_fini(&c->parser, on_field, on_row, c) != 0)
		csv_fail(c, NULL, csv_open_quote);
	if (!c->failed && !c->have_header) {
		c->row_line = 1;
		csv_fail(c, NULL, csv_empty);
	}
	if (!c->failed && !c->request->row_count) {
		c->row_line = c->line;
		csv_fail(c, NULL, csv_no_rows);
	}
	if (!c->failed) {
		c->request->settings = settings_ref(c->settings);
		*out = c->request;
		c->request = NULL;
	}
	return give_err(c, err);
}
