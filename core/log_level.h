/* log_level.h -- how much a line of the log matters; the numbers are syslog's (RFC 5424). */
#ifndef GONG_LOG_LEVEL_H
#define GONG_LOG_LEVEL_H

enum log_level {
	LOG_ERROR = 3,			/* somebody must act */
	LOG_WARNING = 4,		/* gong coped */
	LOG_STORY = 6,			/* the story of each alert */
};

#endif
