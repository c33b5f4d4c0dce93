/* log.c -- writes log lines; it filters nothing. */
#include "daemon/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static _Atomic unsigned long lost;

/* A reader of the log that hangs must not stop the loop, and with it every route: what does not
 * fit is counted instead.  A pipe that polls writable has room for a whole line. */
static bool
is_read(void)
{
	struct pollfd out = { STDERR_FILENO, POLLOUT, 0 };

	return poll(&out, 1, 0) > 0 && out.revents & POLLOUT;
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	char line[2048];
	size_t at = 0;
	unsigned long missing;
	va_list args;

	if (!is_read()) {
		lost++;
		return;
	}
	if ((missing = atomic_exchange(&lost, 0)))
		log_line(LOG_WARNING, "log lines lost count=%lu", missing);
	if (getenv("JOURNAL_STREAM")) {
		at = (size_t)snprintf(line, sizeof(line), "<%d>", level);
	} else {
		time_t now = time(NULL);
		struct tm tm;

		localtime_r(&now, &tm);
		at = strftime(line, sizeof(line), "%F %T ", &tm);
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%s ", level <= LOG_ERROR
				       ? "error" : level == LOG_WARNING ? "warning" : "info");
	}
	va_start(args, fmt);
	vsnprintf(line + at, sizeof(line) - at - 1, fmt, args);
	va_end(args);
	/* A driver's or client's words may be quoted: they must not look like a line of ours. */
	for (at = 0; line[at]; at++)
		if ((unsigned char)line[at] < ' ' || line[at] == 0x7f)
			line[at] = ' ';
	line[at++] = '\n';
	if (write(STDERR_FILENO, line, at) < 0)
		return;			/* nobody reads the log: gong goes on */
}
