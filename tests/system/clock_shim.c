/* clock_shim.c -- preloaded into gongd by a test: the wall clock, off by the milliseconds that the
 * file $CLOCK_SHIM names.  The monotonic clock stays as it is. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	static int (*real)(clockid_t, struct timespec *);
	long long off = 0;
	FILE *f;

	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	if (real(id, ts) < 0)
		return -1;
	if (id == CLOCK_REALTIME && getenv("CLOCK_SHIM") && (f = fopen(getenv("CLOCK_SHIM"), "re"))) {
		if (fscanf(f, "%lld", &off) != 1)
			off = 0;
		fclose(f);
		ts->tv_sec += off / 1000;
		ts->tv_nsec += off % 1000 * 1000000;
		if (ts->tv_nsec < 0 || ts->tv_nsec >= 1000000000) {
			int up = ts->tv_nsec < 0 ? -1 : 1;

			ts->tv_sec += up;
			ts->tv_nsec -= up * 1000000000L;
		}
	}
	return 0;
}
