/* grid.c -- text in columns, measured as the terminal shows it; it prints nothing itself.
 */
#include "ctl/ctl.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define GAP 2
#define NARROWEST 8 /* a clipped last column keeps this much */

/* One character of `*text`: its bytes and its columns.  Control characters count as one
 * column and are shown as "?", so that nobody's name or SMS can drive the operator's
 * terminal. */
static size_t
step(const char **text, mbstate_t *state, const char **bytes, size_t *len)
{
	wchar_t wide;
	size_t used = mbrtowc(&wide, *text, MB_LEN_MAX, state);
	int columns;

	*bytes = **text == '\n' || **text == '\r' || **text == '\t' ? " " : "?";
	*len = 1;
	if (used == 0 || used > MB_LEN_MAX) {
		memset(state, 0, sizeof(*state));
		(*text)++;
		return 1;
	}
	columns = wcwidth(wide);
	if (columns >= 0) {
		*bytes = *text;
		*len = used;
	}
	*text += used;
	return columns >= 0 ? (size_t)columns : 1;
}

size_t
text_width(const char *text)
{
	mbstate_t state = { 0 };
	size_t width = 0, len;
	const char *bytes;

	while (*text)
		width += step(&text, &state, &bytes, &len);
	return width;
}

void
text_clip(struct buf *out, const char *text, size_t width)
{
	mbstate_t state = { 0 };
	bool cut = text_width(text) > width;
	size_t room = cut && width ? width - 1 : width, len;
	const char *bytes;

	while (*text) {
		size_t columns = step(&text, &state, &bytes, &len);

		if (columns > room)
			break;
		room -= columns;
		buf_add(out, bytes, len);
	}
	if (cut && width)
		buf_puts(out, "…");
}

void
grid_init(struct grid *t, unsigned right, const char *const *titles)
{
	*t = (struct grid){ .right = right };
	for (; titles[t->columns]; t->columns++)
		grid_cell(t, titles[t->columns]);
}

void
grid_cell(struct grid *t, const char *text)
{
	t->cells = xrealloc(t->cells, (t->count + 1) * sizeof(*t->cells));
	t->cells[t->count++] = xstrdup(text && *text ? text : "-");
}

void
grid_cellf(struct grid *t, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	grid_cell(t, text);
}

static void
spaces(struct buf *out, size_t count)
{
	while (count--)
		buf_puts(out, " ");
}

/* Columns as wide as their widest cell; the last one gives way when the screen is
 * narrower. */
static void
measure(const struct grid *t, size_t *widths, size_t indent, size_t width)
{
	size_t before = indent;

	for (size_t i = 0; i < t->count; i++) {
		size_t cell = text_width(t->cells[i]);

		if (cell > widths[i % t->columns])
			widths[i % t->columns] = cell;
	}
	for (size_t c = 0; c + 1 < t->columns; c++)
		before += widths[c] + GAP;
	if (width && before + widths[t->columns - 1] > width)
		widths[t->columns - 1] =
			width > before + NARROWEST ? width - before : NARROWEST;
}

void
grid_put(const struct grid *t, struct buf *out, size_t indent, size_t width)
{
	size_t *widths = xcalloc(t->columns + 1, sizeof(*widths));

	measure(t, widths, indent, width);
	for (size_t i = 0; i < t->count; i++) {
		size_t c = i % t->columns, shown = text_width(t->cells[i]);
		size_t pad = widths[c] > shown ? widths[c] - shown : 0;

		spaces(out, c == 0 ? indent : GAP);
		if (t->right >> c & 1)
			spaces(out, pad);
		text_clip(out, t->cells[i], widths[c]);
		if (c + 1 == t->columns)
			buf_puts(out, "\n");
		else if (!(t->right >> c & 1))
			spaces(out, pad);
	}
	free(widths);
}

void
grid_fini(struct grid *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i]);
	free(t->cells);
	*t = (struct grid){ 0 };
}

size_t
screen_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col ? size.ws_col : 80;
}
