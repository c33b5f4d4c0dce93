/* timer.c -- timers by a clock that no step of the wall clock moves. */
#include <time.h>

#include "drivers/http/http.h"

msec
timer_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
timer_at(struct event *timer, msec at)
{
	msec left = at - timer_now();

	if (at == NEVER)
		event_del(timer);
	else if (left <= 0)
		event_add(timer, &(struct timeval){ 0, 0 });
	else
		event_add(timer, &(struct timeval){ left / 1000, left % 1000 * 1000 });
}
