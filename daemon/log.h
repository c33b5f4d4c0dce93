/* log.h -- one line a fact on standard error: event text and key=value fields.
 * Under systemd a line begins with its priority <n>; elsewhere with the time.  Any thread. */
#ifndef GONG_LOG_H
#define GONG_LOG_H

#define LOG_ERROR 3			/* somebody must act */
#define LOG_WARNING 4			/* gong coped */
#define LOG_STORY 6			/* the story of each alert */

void log_line(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
