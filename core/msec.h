/* msec.h -- the one type for time in gong, and arithmetic that cannot overflow.
 * An instant (`_at`) is Unix milliseconds; a duration (`_ms`) is milliseconds. */
#ifndef GONG_MSEC_H
#define GONG_MSEC_H

#include <stdint.h>

typedef int64_t msec;

#define NEVER INT64_MAX
#define SECONDS(n) ((msec)(n) * 1000)
#define MINUTES(n) ((msec)(n) * 60000)
#define HOURS(n) ((msec)(n) * 3600000)

/* `at` + `ms`, staying NEVER when either is; it saturates at both ends. */
static inline msec
msec_add(msec at, msec ms)
{
	msec sum;

	if (at == NEVER || ms == NEVER)
		return NEVER;
	if (__builtin_add_overflow(at, ms, &sum))
		return ms > 0 ? NEVER : INT64_MIN;
	return sum;
}

static inline msec
msec_min(msec a, msec b)
{
	return a < b ? a : b;
}

#endif
