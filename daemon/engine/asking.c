/* asking.c -- what is being asked of drivers, kept as it was when the turn began. */
#include "daemon/engine/ground.h"

/* A failed turn runs its commands again, and must find the questions as they were. */
void
engine_asking_touch(struct engine *e)
{
	if (e->asking.touched)
		return;
	for (size_t i = 0; i < e->route_count; i++)
		e->routes[i]->asking_before = e->routes[i]->asking;
	e->asking.touched = true;
}

void
engine_asking_restore(struct engine *e)
{
	for (size_t i = 0; e->asking.touched && i < e->route_count; i++)
		e->routes[i]->asking = e->routes[i]->asking_before;
	e->asking.touched = false;
}
