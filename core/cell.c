/* cell.c -- cells of CSV, safe to open in a spreadsheet and to read back. */
#include "core/cell.h"

#include <string.h>

#define DIGITS_SHOWN 11			/* of more a spreadsheet makes 9.9E+11, and saves that */

/* Names and notes come from outside: = + - @ begin a formula. */
static bool
is_formula(const char *text)
{
	return *text && strchr("=+-@\t\r", *text);
}

/* 990121001001 or 007: it would come back as another. */
static bool
is_spoilt(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && !text[digits] && (digits > DIGITS_SHOWN || (digits > 1 && *text == '0'));
}

void
cell_put(struct buf *out, const char *text)
{
	const char *begin = text ? text + strspn(text, "'") : "";
	/* One that has apostrophes itself gets one more, for reading takes one away. */
	bool due = is_formula(begin) || is_spoilt(begin) || (begin > text && *begin >= '0' && *begin <= '9');

	buf_puts(out, due ? "\"'" : "\"");
	for (; text && *text; text++) {
		buf_add(out, text, 1);
		if (*text == '"')
			buf_puts(out, "\"");
	}
	buf_puts(out, "\"");
}

bool
cell_is_marked(const char *text, size_t len)
{
	size_t marks = 0;

	while (marks < len && text[marks] == '\'')
		marks++;
	return marks && marks < len && text[marks] && strchr("+-=@0123456789", text[marks]);
}
