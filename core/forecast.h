/* forecast.h -- when will it be finished: an honest estimate from counts and measured speeds.
 * Pure.  Waves are served in the order given; a channel's routes work side by side. */
#ifndef GONG_FORECAST_H
#define GONG_FORECAST_H

#include <stddef.h>

#include "core/msec.h"
#include "core/route_choice.h"

struct forecast_wave {
	enum channel channel;
	msec due_ms;			/* when its step fires, from the release, or from now */
	unsigned long messages;
	unsigned long segments;		/* parts of all of them together; 0 = one each */
	/* Calls are not made to whom they need not reach any more: of the targets that are silent so
	 * many answer in a second.  0: it goes whatever people answer. */
	double answers_per_s;
	/* results */
	msec first_ms, last_ms;		/* hand-over of its first and last message; NEVER = no route */
	double spared;			/* messages that answers are likely to make needless */
};

/* Fills the results of every wave (ordered by priority, and those of one ladder by due_ms). */
void forecast_run(struct forecast_wave *, size_t count, const struct route_view *routes,
		  size_t route_count);
/* Parts a second of all routes that carry it now; backups only when there are no others. */
double forecast_speed(const struct route_view *, size_t count, enum channel);
/* How many of so many silent ones will have answered. */
double forecast_answered(double silent, double answers_per_s, msec within);

#endif
