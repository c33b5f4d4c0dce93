/* outage.c -- is a route there, and does it work: when its trouble began, and what ends it.
 * A driver that says `ready` has not worked yet: one that is let down by its network says so before
 * each try.  So the clock of a trouble runs from the first loss until the route accepted something,
 * or was ready for a while with nothing to do.  It stands on disk; after a start of gongd drivers have
 * a minute to come up before anybody is told. */
#include "daemon/engine/alarm.h"

#include <stdio.h>

#define SETTLE_MS SECONDS(60)		/* ready so long with nothing to do: it works again */
#define START_MS MINUTES(1)		/* nobody is told sooner after a start of gongd */
#define PATIENCE_MS MINUTES(5)		/* refusals that are further apart are not one trouble */
#define REFUSALS_MIN 3
#define LOSSES_MAX 6			/* an hour; docs/alarms.md */
#define LOSS_GAP_MS (HOURS(1) / LOSSES_MAX)

static msec
later(msec a, msec b)
{
	return a > b ? a : b;
}

static void
note(struct engine *e, struct route_state *r)
{
	store_route_outage_set(e->store, r->id, &r->outage.row);
}

void
engine_outage_open(struct engine *e, struct route_state *r)
{
	struct route_outage *row = &r->outage.row;

	store_route_outage_get(e->store, r->id, row);
	if (row->since == NEVER)
		row->since = e->now;
	r->outage.opened_at = e->now;
	r->outage.refused_since = NEVER;
	snprintf(r->down_reason, sizeof(r->down_reason), "%s", WORD(not_ready_since_start));
	note(e, r);
}

/* -- what ends it -- */

static void
clear(struct engine *e, struct route_state *r)
{
	r->outage.row.since = NEVER;
	r->outage.row.losses = 0;
	r->outage.refused_since = NEVER;
	note(e, r);
}

/* It comes and goes too often to be believed at once. */
static bool
is_restless(const struct engine *e, const struct route_state *r, unsigned losses)
{
	return pace_meter_is_over(r->outage.row.restless_until, LOSS_GAP_MS, losses, e->now);
}

void
engine_route_is_ready(struct engine *e, struct route_state *r)
{
	if (r->outage.ready_at)
		return;
	r->outage.ready_at = e->now;
	/* One plain outage that was told is over now; one that was lost again must first work. */
	if (r->down_told && r->outage.row.losses <= 1)
		clear(e, r);
}

void
engine_route_worked(struct engine *e, struct route_state *r)
{
	r->outage.refused_since = NEVER;
	if (r->outage.ready_at && r->outage.row.since != NEVER)
		clear(e, r);
}

void
engine_route_moved(struct engine *e, struct route_state *r)
{
	r->outage.moved_at = e->now;
}

void
engine_route_works(struct engine *e, struct route_state *r)
{
	if (!r->pause.failures && !r->pause_told)
		return;
	r->pause = (struct route_pause){ 0 };
	if (r->pause_told)
		engine_alarm_over(e, r, true, "paused");
	store_route_note(e->store, r->id, "up", NULL, e->now);
	engine_log(e, LOG_STORY, "route works again name=%s", r->conf->name);
}

/* When being ready is enough; NEVER while work waits for it. */
static msec
settles_at(const struct route_state *r)
{
	const struct outage *t = &r->outage;

	if (t->row.since == NEVER || !t->ready_at || r->inflight)
		return NEVER;
	return later(t->ready_at + SETTLE_MS,
		     t->refused_since == NEVER ? 0 : t->refused_at + PATIENCE_MS);
}

/* When its alarm is over, as far as its clock says; NEVER: not yet. */
static msec
calms_at(const struct route_state *r)
{
	msec calm = r->outage.row.restless_until - (LOSSES_MAX - 1) * LOSS_GAP_MS;

	if (!r->down_told || r->outage.row.since != NEVER)
		return NEVER;
	return later(calm, 0);
}

/* -- what begins it -- */

void
engine_route_is_down(struct engine *e, struct route_state *r, const char *reason, bool for_good)
{
	struct outage *t = &r->outage;
	struct route_outage before = t->row;
	struct said said;

	if (t->row.since == NEVER) {
		t->row.since = e->now;
		pace_meter_add(&t->row.restless_until, LOSS_GAP_MS, LOSSES_MAX + 1, e->now);
	}
	t->row.losses += t->ready_at != 0;
	t->ready_at = 0;
	if (t->row.since != before.since || t->row.losses != before.losses)
		note(e, r);
	snprintf(r->down_reason, sizeof(r->down_reason), "%s", reason);
	if (!for_good || r->down_told)
		return;
	SAY(&said, alarm_stopped, r->down_reason);
	engine_alarm_raise(e, r, true, "down", &said);
}

void
engine_route_refused(struct engine *e, struct route_state *r, const char *reason)
{
	struct outage *t = &r->outage;

	if (t->refused_since == NEVER || t->refused_at + PATIENCE_MS < e->now) {
		t->refused_since = e->now;
		t->refusals = 0;
	}
	t->refusals++;
	t->refused_at = e->now;
	snprintf(r->refused_reason, sizeof(r->refused_reason), "%s", reason);
}

/* A driver that pauses and has said why needs no second word for the same trouble. */
static msec
down_at(const struct route_state *r)
{
	const struct outage *t = &r->outage;

	if ((r->up && r->said_alarms) || t->ready_at || t->row.since == NEVER)
		return NEVER;
	return later(t->row.since + r->conf->down_alarm_ms,
		     t->opened_at + msec_min(START_MS, r->conf->down_alarm_ms));
}

/* It has something in hand, and nothing happens. */
static msec
stuck_at(const struct route_state *r)
{
	const struct outage *t = &r->outage;

	if (!t->ready_at || !r->inflight)
		return NEVER;
	return later(later(r->busy_at, t->moved_at), t->ready_at) + r->conf->down_alarm_ms;
}

static bool
is_refusing(const struct route_state *r)
{
	const struct outage *t = &r->outage;

	return t->refused_since != NEVER && t->refusals >= REFUSALS_MIN && !r->pause.failures &&
		t->refused_at - t->refused_since >= r->conf->down_alarm_ms;
}

/* What is to be told of it now; false: nothing.  *since: when that began; NEVER: it is no outage. */
static bool
describe(const struct engine *e, const struct route_state *r, struct said *said, msec *since)
{
	long long minutes;

	*since = down_at(r) <= e->now ? r->outage.row.since
		: stuck_at(r) <= e->now ? stuck_at(r) - r->conf->down_alarm_ms
		: is_refusing(r) ? r->outage.refused_since : NEVER;
	minutes = *since == NEVER ? 0 : (e->now - *since + 30000) / 60000;
	if (down_at(r) <= e->now)
		SAY(said, alarm_down, NUM(minutes), r->down_reason);
	else if (stuck_at(r) <= e->now)
		SAY(said, alarm_stuck, NUM(minutes), NUM(r->inflight));
	else if (is_refusing(r))
		SAY(said, alarm_refusing, NUM(minutes), r->refused_reason);
	else if (is_restless(e, r, LOSSES_MAX))
		SAY(said, alarm_restless, NUM(LOSSES_MAX), r->down_reason);
	else
		return false;
	return true;
}

static void
tell(struct engine *e, struct route_state *r)
{
	struct said said;
	msec since;

	if (r->down_told || !r->conf->down_alarm_ms || !describe(e, r, &said, &since))
		return;
	if (r->outage.row.since == NEVER && since != NEVER) {
		r->outage.row.since = since;
		note(e, r);
	}
	engine_alarm_raise(e, r, true, "down", &said);
}

/* -- the row of all alarms in the table of due things -- */

void
engine_alarms_load(struct engine *e)
{
	for (size_t i = 0; i < e->route_count; i++) {
		store_route_outage_get(e->store, e->routes[i]->id, &e->routes[i]->outage.row);
		e->routes[i]->said_health = 0;
	}
	engine_alarms_recount(e);
}

void
engine_alarms_due(struct engine *e)
{
	for (size_t i = 0; i < e->route_count; i++) {
		struct route_state *r = e->routes[i];

		if (settles_at(r) <= e->now)
			clear(e, r);
		if (calms_at(r) <= e->now)
			engine_alarm_over(e, r, true, "down");
		tell(e, r);
	}
	engine_alarms_fade(e);
}

static msec
next_of(const struct route_state *r)
{
	msec at = msec_min(r->alarm_ends_at, msec_min(settles_at(r), calms_at(r)));

	if (!r->down_told && r->conf->down_alarm_ms)
		at = msec_min(at, msec_min(down_at(r), stuck_at(r)));
	return at;
}

msec
engine_alarms_next(const struct engine *e)
{
	msec at = NEVER;

	for (size_t i = 0; i < e->route_count; i++)
		at = msec_min(at, next_of(e->routes[i]));
	return at;
}

void
engine_alarms_shift(struct engine *e, msec by)
{
	for (size_t i = 0; i < e->route_count; i++) {
		struct route_state *r = e->routes[i];
		struct outage *t = &r->outage;

		t->ready_at += t->ready_at ? by : 0;
		t->opened_at += by;
		t->moved_at += by;
		t->refused_at += by;
		t->first_at += t->first_at ? by : 0;
		if (t->refused_since != NEVER)
			t->refused_since += by;
		r->busy_at += by;
		r->flips_until += by;
		r->strangers_until += by;
	}
}
