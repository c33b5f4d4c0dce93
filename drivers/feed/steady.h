/* steady.h -- a clock that no step of the wall clock moves, for deadlines. */
#ifndef GONG_FEED_STEADY_H
#define GONG_FEED_STEADY_H

#include <time.h>

#include "core/msec.h"

static inline msec
steady_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

#endif
