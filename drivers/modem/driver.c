/* driver.c -- the ground that the parts of gong-modem share: the clock, what gongd keeps, and
 * whose turn it is with the wire. */
#include "drivers/modem/driver.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#define KEEP_EVERY_MS SECONDS(10)

/* Deadlines must not move when the wall clock is set. */
msec
driver_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
driver_keep(struct driver *d)
{
	char *state = keep_format(&d->kept);

	kit_event(d->kit, json_pack("{s:s,s:s}", "ev", "keep", "state", state));
	free(state);
	d->must_keep = false;
	d->keep_at = driver_now() + KEEP_EVERY_MS;
}

void
driver_begin(struct driver *d, enum activity activity)
{
	assert(d->act == ACT_NONE && activity != ACT_NONE);
	d->act = activity;
}

void
driver_end(struct driver *d)
{
	d->ended_at[d->act] = driver_now();
	d->act = ACT_NONE;
}

void
driver_done(struct driver *d)
{
	driver_end(d);
	driver_soon(d);			/* what came with the reply is read first: news wait for its end */
}

void
driver_set_up_again(struct driver *d)
{
	d->must_setup = true;
	d->is_set_up = false;
	d->unset_at = driver_now();
}

void
driver_soon(struct driver *d)
{
	event_active(d->soon, EV_TIMEOUT, 0);
}
