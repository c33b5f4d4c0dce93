/* forecast.c -- hand-over times from counts and speeds, one queue a channel. */
#include "core/forecast.h"

static double
speed_of(const struct route_view *routes, size_t count, enum channel channel)
{
	double ordinary = 0, backup = 0;

	for (size_t i = 0; i < count; i++) {
		if (!routes[i].up || !routes[i].channels[channel])
			continue;
		if (routes[i].backup)
			backup += routes[i].messages_per_s;
		else
			ordinary += routes[i].messages_per_s;
	}
	return ordinary > 0 ? ordinary : backup;
}

void
forecast_run(struct forecast_wave *waves, size_t count, const struct route_view *routes,
	     size_t route_count)
{
	double free_at[CHANNEL_COUNT] = { 0 };

	for (size_t i = 0; i < count; i++) {
		struct forecast_wave *w = &waves[i];
		double speed = speed_of(routes, route_count, w->channel), start, each;

		w->first_ms = w->last_ms = NEVER;
		if (speed <= 0)
			continue;
		each = 1000 / speed;
		if (w->segments && w->messages)
			each *= (double)w->segments / (double)w->messages;
		start = free_at[w->channel] > (double)w->due_ms ? free_at[w->channel]
			: (double)w->due_ms;
		free_at[w->channel] = start + each * (double)w->messages;
		w->first_ms = (msec)start;
		w->last_ms = w->messages ? (msec)(free_at[w->channel] - each) : (msec)start;
	}
}
