/* log.h -- one line a fact on standard error: event text and key=value fields.
 * Under systemd a line begins with its priority <n>; elsewhere with the time.  Any thread. */
#ifndef GONG_LOG_H
#define GONG_LOG_H

#include "core/log_level.h"

void log_line(enum log_level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
