/* route_choice.h -- may this route carry this message now, and which is best.  Pure.
 * gongd's routes pull work as their windows free; this says what each may pull. */
#ifndef GONG_ROUTE_CHOICE_H
#define GONG_ROUTE_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/words.h"

struct route_view {
	bool up;			/* ready, window not 0, breaker closed */
	bool channels[CHANNEL_COUNT];
	bool simulated;			/* driver gong-sim */
	bool backup;			/* only when no ordinary route of the channel is up */
	bool alarmed;			/* something is wrong with it */
	unsigned free;			/* credit left in its window */
	double messages_per_s;		/* measured or declared speed */
};

struct route_need {
	enum channel channel;
	bool test_mode;			/* mode: test may use simulated routes only */
	int avoid;			/* index of the route that just refused it, -1 none */
	bool spare_alarmed;		/* word of a route's trouble goes by another, if one is up */
};

enum route_verdict { ROUTE_OK, ROUTE_DOWN, ROUTE_CHANNEL, ROUTE_TEST_ONLY, ROUTE_BACKUP,
		     ROUTE_AVOID, ROUTE_FULL };

/* May routes[self] carry it?  `avoid` yields when no other route could ever carry it. */
enum route_verdict route_may_carry(const struct route_view *routes, size_t count, size_t self,
				   const struct route_need *);
/* The fastest free route that may carry it, -1 if none now. */
int route_best(const struct route_view *routes, size_t count, const struct route_need *);
/* Is there any configured route for it, up or not? */
bool route_exists(const struct route_view *routes, size_t count, const struct route_need *);

#endif
