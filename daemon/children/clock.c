/* clock.c -- the children's own time: it stands still while the loop does not run, and a child's
 * also while it is not read. */
#include "daemon/children/internal.h"

msec
family_now(const struct children *all)
{
	return all->now(all->now_ctx) - all->stood_still_ms;
}

msec
child_now(const struct child *c)
{
	return (c->held ? c->held_at : family_now(c->all)) - c->stood_still_ms;
}
