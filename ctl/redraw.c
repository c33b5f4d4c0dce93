/* redraw.c -- a picture that is drawn anew in the same place of a terminal, coloured by what its lines
 * say; NO_COLOR and terminals that know no colours are obeyed. */
#include "ctl/ctl.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool
starts(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

bool
screen_redraws(void)
{
	const char *term = getenv("TERM");

	return screen_width() > 0 && (!term || strcmp(term, "dumb") != 0);
}

static bool
wants_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return !no || !*no;
}

/* SGR by what a line says, so that the silent villages are seen from across the room. */
static const char *
line_style(const char *line)
{
	if (starts(line, "!  ") || starts(line, "x  "))
		return "\033[31m";
	if (starts(line, "ROUTE ") || starts(line, "通道 "))
		return "\033[7m";
	if (starts(line, "~  "))
		return "\033[33m";
	if (starts(line, "+  "))
		return "\033[32m";
	if (starts(line, "TASK ") || starts(line, "任务 "))
		return "\033[1;35m";
	return "";
}

void
screen_size(size_t *width, size_t *height)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		size = (struct winsize){ 0 };
	*height = size.ws_row ? size.ws_row : 24;
	*width = size.ws_col ? size.ws_col : 80;
}

void
screen_draw(struct screen *screen, struct buf *block)
{
	size_t width, height, lines = 0;
	bool coloured = wants_colour();
	char *at = block->data, *end;
	struct buf out = { 0 };

	screen_size(&width, &height);
	if (screen->lines)
		buf_printf(&out, "\033[%zuA\r", screen->lines);
	for (; at && (end = strchr(at, '\n')) && lines + 1 < height; at = end + 1, lines++) {
		const char *style = !coloured ? "" : lines == 0 ? "\033[1m" : line_style(at);

		*end = '\0';
		buf_puts(&out, style);
		text_clip(&out, at, width);
		buf_printf(&out, "%s\033[K\n", *style ? "\033[0m" : "");
	}
	buf_puts(&out, "\033[J");
	screen->lines = lines;
	ctl_print(&out);
}
