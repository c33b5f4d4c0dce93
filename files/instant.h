/* instant.h -- instants as other programs write them -> Unix ms (RFC 3339, and what comes close),
 * and back, as people read them. */
#ifndef GONG_INSTANT_H
#define GONG_INSTANT_H

#include <time.h>

#include "core/msec.h"

/* "2026-12-01T08:00:00.5+08:00"; a blank may stand for "T", "/" for "-", and seconds may be left away.
 * -1: it is not that. */
int time_parse_rfc3339(msec *out, const char *text);
/* Its date, time and fraction; returns what follows, NULL if it is none. */
const char *date_time_parse(struct tm *, int *ms, const char *text);

#define INSTANT_LOCAL 32
/* "2026-12-01 06:00:00" in the process's zone; "" where there is no such instant.  Returns out. */
const char *instant_local(char out[INSTANT_LOCAL], msec at);

#endif
