/* route_choice.c -- which routes may carry a message. */
#include "core/route_choice.h"

static bool
fits(const struct route_view *route, const struct route_need *need)
{
	return route->channels[need->channel] && (!need->test_mode || route->simulated);
}

static bool
sound_is_up(const struct route_view *routes, size_t count, const struct route_need *need)
{
	for (size_t i = 0; i < count; i++)
		if (routes[i].up && !routes[i].alarmed && fits(&routes[i], need))
			return true;
	return false;
}

/* Left out because something is wrong with it and another has nothing wrong? */
static bool
is_spared(const struct route_view *routes, size_t count, size_t self,
	  const struct route_need *need)
{
	return need->spare_alarmed && routes[self].alarmed && sound_is_up(routes, count, need);
}

/* Is another route, not the avoided one, there for it at all? */
static bool
has_alternative(const struct route_view *routes, size_t count, const struct route_need *need)
{
	for (size_t i = 0; i < count; i++)
		if ((int)i != need->avoid && routes[i].up && fits(&routes[i], need) &&
		    !is_spared(routes, count, i, need))
			return true;
	return false;
}

static bool
ordinary_is_up(const struct route_view *routes, size_t count, const struct route_need *need)
{
	for (size_t i = 0; i < count; i++)
		if (!routes[i].backup && routes[i].up && (int)i != need->avoid &&
		    fits(&routes[i], need) && !is_spared(routes, count, i, need))
			return true;
	return false;
}

enum route_verdict
route_may_carry(const struct route_view *routes, size_t count, size_t self,
		const struct route_need *need)
{
	const struct route_view *route = &routes[self];

	if (!route->up)
		return ROUTE_DOWN;
	if (!route->channels[need->channel])
		return ROUTE_CHANNEL;
	if (need->test_mode && !route->simulated)
		return ROUTE_TEST_ONLY;
	if (is_spared(routes, count, self, need))
		return ROUTE_AVOID;
	if (route->backup && ordinary_is_up(routes, count, need))
		return ROUTE_BACKUP;
	if ((int)self == need->avoid && has_alternative(routes, count, need))
		return ROUTE_AVOID;
	if (!route->free)
		return ROUTE_FULL;
	return ROUTE_OK;
}

int
route_best(const struct route_view *routes, size_t count, const struct route_need *need)
{
	int best = -1;

	for (size_t i = 0; i < count; i++)
		if (route_may_carry(routes, count, i, need) == ROUTE_OK &&
		    (best < 0 || routes[i].messages_per_s > routes[best].messages_per_s))
			best = (int)i;
	return best;
}

bool
route_exists(const struct route_view *routes, size_t count, const struct route_need *need)
{
	for (size_t i = 0; i < count; i++)
		if (fits(&routes[i], need))
			return true;
	return false;
}
