/* workbook.c -- a sheet of a workbook as CSV for gongd, which sees neither zip nor XML: a row of the
 * sheet is a row of the CSV, so that its faults name the sheet's own rows. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>

#include "files/xlsx.h"

static void
put_cell(struct buf *out, const char *text)
{
	buf_puts(out, "\"");
	for (const char *quote; (quote = strchr(text, '"')); text = quote + 1) {
		buf_add(out, text, (size_t)(quote - text) + 1);
		buf_puts(out, "\"");
	}
	buf_printf(out, "%s\"", text);
}

/* There is a comma in every row that is not empty, so that gongd need not guess what separates them. */
static void
put_row(struct buf *out, const struct xlsx_row *row)
{
	for (size_t i = 0; i < row->count || (row->count && i < 2); i++) {
		buf_puts(out, i ? "," : "");
		if (i < row->count && row->cells[i])
			put_cell(out, row->cells[i]);
	}
	buf_puts(out, "\n");
}

static unsigned
put_table(struct buf *out, const struct xlsx_table *t)
{
	unsigned at = 1, hidden = 0;

	for (size_t i = 0; i < t->count; i++) {
		for (; at < t->rows[i].number; at++)
			buf_puts(out, "\n");
		put_row(out, &t->rows[i]);
		hidden += t->rows[i].hidden && t->rows[i].count;
		at++;
	}
	return hidden;
}

static void
put_sheets(const struct ctl *ctl, const struct xlsx *x, struct buf *out)
{
	for (size_t i = 0; i < xlsx_sheets(x); i++) {
		buf_puts(out, i ? say(ctl, ", ", "、") : "");
		text_clip(out, xlsx_sheet_name(x, i), 40);
		if (xlsx_sheet_is_hidden(x, i))
			buf_puts(out, say(ctl, " (hidden)", "(隐藏)"));
	}
}

/* The one that --sheet names, else the first that is not hidden. */
static int
choose(struct ctl *ctl, const struct xlsx *x, size_t *out)
{
	const char *wanted = args_value(ctl, "--sheet");
	struct buf names = { 0 };

	for (*out = 0; *out < xlsx_sheets(x); (*out)++)
		if (wanted ? strcmp(xlsx_sheet_name(x, *out), wanted) == 0 : !xlsx_sheet_is_hidden(x, *out))
			return CTL_OK;
	put_sheets(ctl, x, &names);
	if (wanted)
		ctl_usage(ctl, say(ctl, "there is no sheet \"%s\"; there are: %s", "没有工作表「%s」,只有:%s"),
			  wanted, names.data);
	else
		ctl_usage(ctl, say(ctl, "all sheets are hidden; name one with --sheet: %s",
				   "工作表都已隐藏,请用 --sheet 指定:%s"),
			  names.data);
	buf_fini(&names);
	return CTL_USAGE;
}

/* What a reader of the file might not have in view. */
static void
tell(const struct ctl *ctl, const struct xlsx *x, size_t sheet, unsigned hidden)
{
	struct buf line = { 0 };

	if (ctl->json)
		return;
	if (xlsx_sheets(x) > 1) {
		buf_printf(&line, say(ctl, "gongctl: reading sheet \"%s\" of: ", "gongctl: 读取工作表「%s」,共有:"),
			   xlsx_sheet_name(x, sheet));
		put_sheets(ctl, x, &line);
		buf_puts(&line, "\n");
	}
	if (hidden)
		buf_printf(&line, say(ctl, "gongctl: %u hidden rows are read, too\n", "gongctl: 隐藏的%u行也一并读取\n"),
			   hidden);
	if (line.data)
		fputs(line.data, stderr);
	buf_fini(&line);
}

static int
refused(struct ctl *ctl, const struct err *err)
{
	char why[SAID_BYTES];

	said_render(&err->said, ctl->lang, why, sizeof(why));
	return ctl_usage(ctl, say(ctl, "FILE: %s", "文件:%s"), why);
}

int
workbook_as_csv(struct ctl *ctl, struct buf *file)
{
	struct xlsx_table table = { 0 };
	struct buf csv = { 0 };
	struct xlsx *x = NULL;
	struct err err = { 0 };
	size_t sheet = 0;
	int code;

	if (!xlsx_is(file->data, file->len))
		return args_has(ctl, "--sheet")
			       ? ctl_usage(ctl, say(ctl, "--sheet is for .xlsx files", "--sheet 只用于 .xlsx 文件"))
			       : CTL_OK;
	if (xlsx_open(&x, file->data, file->len, &err) < 0)
		return refused(ctl, &err);
	code = choose(ctl, x, &sheet);
	if (code == CTL_OK && xlsx_read(x, sheet, &table, &err) < 0)
		code = refused(ctl, &err);
	if (code == CTL_OK)
		tell(ctl, x, sheet, put_table(&csv, &table));
	xlsx_table_fini(&table);
	xlsx_close(x);
	buf_fini(file);
	*file = csv;
	return code;
}
