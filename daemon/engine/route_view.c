/* route_view.c -- a route as the others see it, and how a message is asked back of it. */
#include "daemon/engine/lookup.h"

#include <stdlib.h>
#include <string.h>

#define SPEAKING_MS SECONDS(15)		/* of a call that is answered, keys included */
#define PACE_NOTE_MS SECONDS(10)	/* at most so often is a new speed written */
#define PACE_STEP 0.03			/* and none that differs less */

struct route_state *
engine_route(const struct engine *e, int64_t id)
{
	for (size_t i = 0; i < e->route_count; i++)
		if (e->routes[i]->id == id)
			return e->routes[i];
	return NULL;
}

struct route_state *
engine_route_named(const struct engine *e, const char *name)
{
	for (size_t i = 0; i < e->route_count; i++)
		if (strcmp(e->routes[i]->conf->name, name) == 0)
			return e->routes[i];
	return NULL;
}

unsigned
engine_places(const struct route_state *r)
{
	unsigned most = r->window ? r->window + r->prefetch : 0;

	return most > r->inflight ? most - r->inflight : 0;
}

/* Whether it works again is being tried; nobody counts on it yet. */
bool
engine_is_on_trial(const struct engine *e, const struct route_state *r)
{
	return r->up && r->window && r->pause.failures && r->pause.until <= e->now;
}

/* Parts a second: measured, else as gong.conf says; a line of a trunk makes a call in the time it
 * rings and speaks.  Not more than its account allows. */
static double
expected_speed(const struct engine *e, const struct route_state *r)
{
	unsigned lines = r->window ? r->window : r->conf->window ? r->conf->window : 1;
	double speed = r->speed > 0 ? r->speed : r->conf->parts_per_s;

	if (speed <= 0)
		speed = r->conf->channels[CHANNEL_VOICE] && !r->conf->channels[CHANNEL_SMS]
			? lines * 1000.0 / (double)(e->settings->ring_ms + SPEAKING_MS) : 1;
	return r->bucket.per_second > 0 && r->bucket.per_second < speed ? r->bucket.per_second : speed;
}

void
engine_pace_note(struct engine *e, struct route_state *r)
{
	double pace = expected_speed(e, r), change = pace - r->pace_noted;

	if ((change < 0 ? -change : change) <= r->pace_noted * PACE_STEP)
		return;
	r->pace_noted = pace;
	r->pace_noted_at = e->now;
	store_route_pace_set(e->store, r->id, pace);
	if (r->speed > 0)
		store_route_speed_set(e->store, r->id, r->speed);
}

void
engine_pace_measured(struct engine *e, struct route_state *r)
{
	if (e->now >= r->pace_noted_at + PACE_NOTE_MS)
		engine_pace_note(e, r);
}

void
engine_views(struct engine *e, struct route_view *out)
{
	for (size_t i = 0; i < e->route_count; i++) {
		struct route_state *r = e->routes[i];
		bool busy = r->inflight && (r->solo || r->drain);

		out[i] = (struct route_view){
			.up = r->up && r->window && !r->pause.failures,
			.simulated = r->conf->simulated,
			.backup = r->conf->backup || r->prefer_other || r->canary_failed,
			.alarmed = r->alarms > 0,
			.free = busy ? 0 : engine_places(r),
			.messages_per_s = expected_speed(e, r),
		};
		for (int c = 0; c < CHANNEL_COUNT; c++)
			out[i].channels[c] = r->up ? r->channels[c]
				: r->conf->channels[c] && !r->removed;
	}
}

void
engine_ask_back(struct engine *e, const struct message *m)
{
	const struct route_state *r = engine_route(e, m->route);
	struct effect *f;

	if (!r || !r->up)
		return;
	f = effect_new(EFFECT_WITHDRAW, r->id);
	f->withdraw.ids = xcalloc(1, sizeof(uint64_t));
	f->withdraw.ids[f->withdraw.count++] = message_id(m->wave, m->contact, m->attempt);
	engine_effect(e, f);
}
