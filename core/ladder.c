/* ladder.c -- the next step of an alert, from counts alone. */
#include "core/ladder.h"

static size_t
below(const struct ladder_progress *p, int level)
{
	size_t count = 0;

	for (int i = 0; i < level && i < LEVEL_COUNT; i++)
		count += p->at_level[i];
	return count;
}

struct ladder_decision
ladder_next(const struct ladder_view *view, const struct ladder_progress *p, msec now)
{
	const struct ladder_step *step;
	msec at;

	if (p->targets && below(p, view->until) == 0)
		return (struct ladder_decision){ LADDER_SATISFIED, 0, NEVER };
	if (p->next >= view->count)
		return (struct ladder_decision){ LADDER_EXHAUSTED, 0, NEVER };
	step = &view->steps[p->next];
	at = msec_add(view->released_at, step->after_ms);
	if (now < at && !p->hurry)
		return (struct ladder_decision){ LADDER_WAIT, 0, at };
	if (p->targets && below(p, step->below) == 0)
		return (struct ladder_decision){ LADDER_SKIP, p->next, now };
	return (struct ladder_decision){ LADDER_CLIMB, p->next, now };
}
