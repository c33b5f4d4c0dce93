/* log.c -- writes log lines; it filters nothing. */
#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void
log_line(int priority, const char *fmt, ...)
{
	char line[2048];
	size_t at = 0;
	va_list args;

	if (getenv("JOURNAL_STREAM")) {
		at = (size_t)snprintf(line, sizeof(line), "<%d>", priority);
	} else {
		time_t now = time(NULL);
		struct tm tm;

		localtime_r(&now, &tm);
		at = strftime(line, sizeof(line), "%F %T ", &tm);
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%s ", priority <= LOG_ERROR
				       ? "error" : priority == LOG_WARNING ? "warning" : "info");
	}
	va_start(args, fmt);
	vsnprintf(line + at, sizeof(line) - at - 1, fmt, args);
	va_end(args);
	at = strlen(line);
	line[at++] = '\n';
	if (write(STDERR_FILENO, line, at) < 0)
		return;			/* nobody reads the log: gong goes on */
}
