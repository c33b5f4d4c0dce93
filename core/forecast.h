/* forecast.h -- when will it be finished: an honest estimate from counts and measured speeds.
 * Pure.  Waves are served in the order given; a channel's routes work side by side. */
#ifndef GONG_FORECAST_H
#define GONG_FORECAST_H

#include <stddef.h>

#include "core/msec.h"
#include "core/route_choice.h"

struct forecast_wave {
	enum channel channel;
	msec due_ms;			/* when its step fires, from the release */
	unsigned long messages;
	unsigned long segments;		/* parts of all of them together; 0 = one each */
	/* results */
	msec first_ms, last_ms;		/* hand-over of its first and last message; NEVER = no route */
};

/* Fills first_ms and last_ms of every wave (ordered by due_ms, then priority). */
void forecast_run(struct forecast_wave *, size_t count, const struct route_view *routes,
		  size_t route_count);

#endif
