/* forecast.c -- hand-over times from counts and speeds, one queue a channel. */
#include "core/forecast.h"

#include <math.h>

double
forecast_speed(const struct route_view *routes, size_t count, enum channel channel)
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

double
forecast_answered(double silent, double answers_per_s, msec within)
{
	return within > 0 ? silent * -expm1(-answers_per_s * (double)within / 1000) : 0;
}

/* How long so many take, each of them `each` ms, while silence ends at `rate` a ms: what is left
 * shrinks by both (n' = -1/each - rate n), so the last one leaves when that has come to nothing. */
static double
lasts(double messages, double each, double rate)
{
	return rate > 0 ? log1p(rate * each * messages) / rate : each * messages;
}

void
forecast_run(struct forecast_wave *waves, size_t count, const struct route_view *routes,
	     size_t route_count)
{
	double free_at[CHANNEL_COUNT] = { 0 };

	for (size_t i = 0; i < count; i++) {
		struct forecast_wave *w = &waves[i];
		double speed = forecast_speed(routes, route_count, w->channel), start, each, left, took;

		w->first_ms = w->last_ms = NEVER;
		w->spared = 0;
		if (speed <= 0)
			continue;
		each = 1000 / speed;
		if (w->segments && w->messages)
			each *= (double)w->segments / (double)w->messages;
		start = free_at[w->channel] > (double)w->due_ms ? free_at[w->channel]
			: (double)w->due_ms;
		left = (double)w->messages;	/* while they wait for those before them, people answer */
		left -= forecast_answered(left, w->answers_per_s, (msec)start - w->due_ms);
		took = lasts(left, each, w->answers_per_s / 1000);
		w->spared = (double)w->messages - took / each;
		free_at[w->channel] = start + took;
		w->first_ms = (msec)start;
		w->last_ms = (msec)(took > each ? free_at[w->channel] - each : start);
	}
}
