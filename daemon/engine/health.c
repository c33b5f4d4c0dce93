/* health.c -- what a driver says of itself: its alarms, and whether others had better carry.  What
 * it says again unchanged costs nothing; how many alarms it may name is bounded (alarm.c). */
#include "daemon/engine/alarm.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/contract/said_json.h"

#define NAMED_MAX 16			/* looked at in one health */
#define FLIP_GAP_MS MINUTES(10)		/* lines in the log about standing back */
#define FLIP_BURST 6
#define NAME_BYTES sizeof(((struct route_alarm *)NULL)->name)

struct standing {			/* its alarms in the store that it did not name again */
	char names[NAMED_MAX][NAME_BYTES];
	size_t count;
	json_t *said;
};

static bool
is_named(json_t *alarms, const char *name)
{
	char clipped[NAME_BYTES];
	json_t *one;
	size_t i;

	json_array_foreach(alarms, i, one) {
		const char *said = json_string_value(json_object_get(one, "name"));

		if (!said)
			continue;
		engine_alarm_clip(clipped, sizeof(clipped), said);
		if (strcmp(clipped, name) == 0)
			return true;
	}
	return false;
}

static void
find_unnamed(void *ctx, const struct route_alarm *alarm)
{
	struct standing *s = ctx;

	if (!alarm->own && s->count < NAMED_MAX && !is_named(s->said, alarm->name))
		snprintf(s->names[s->count++], NAME_BYTES, "%s", alarm->name);
}

static void
too_many(struct engine *e, struct route_state *r, const char *name)
{
	char clipped[NAME_BYTES];
	struct said said;

	engine_alarm_clip(clipped, sizeof(clipped), name);
	r->alarms_folded++;
	SAY(&said, alarm_too_many, clipped);
	engine_alarm_again(e, r, "alarms", &said);
}

/* false: not all of them could be raised, and they must be looked at again. */
static bool
take_alarms(struct engine *e, struct route_state *r, json_t *alarms)
{
	struct standing gone = { .said = alarms };
	bool all = true;
	json_t *one;
	size_t i;

	store_route_alarms(e->store, r->id, find_unnamed, &gone);
	for (size_t k = 0; k < gone.count; k++)
		engine_alarm_over(e, r, false, gone.names[k]);
	json_array_foreach(alarms, i, one) {
		const char *name = json_string_value(json_object_get(one, "name"));
		struct said said;

		if (!name || !*name)
			continue;
		if (!said_by_alarm(&said, one))
			said_verbatim(&said, name);
		if (i < NAMED_MAX && engine_alarm_raise(e, r, false, name, &said))
			continue;
		too_many(e, r, name);
		all = false;
		if (i >= NAMED_MAX)
			break;
	}
	return all;
}

static bool
prefers_other(json_t *health)
{
	return json_is_true(json_object_get(health, "prefer_other"));
}

/* FNV-1a; never 0, which stands for nothing heard yet. */
static uint64_t
digest(const char *text)
{
	uint64_t hash = 14695981039346656037u;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211u;
	return hash | 1;
}

void
engine_health(struct engine *e, struct command *cmd)
{
	struct route_state *r = engine_route(e, cmd->route);
	uint64_t said = digest(cmd->health.json);
	json_t *health;

	if (said == r->said_health)
		return;
	health = json_loads(cmd->health.json, 0, NULL);
	store_route_note(e->store, r->id, NULL, cmd->health.json, e->now);
	if (prefers_other(health) != r->prefer_other &&
	    pace_meter_take(&r->flips_until, FLIP_GAP_MS, FLIP_BURST, e->now))
		engine_log(e, LOG_STORY, r->prefer_other ? "route carries again name=%s"
			   : "route stands back name=%s", r->conf->name);
	r->prefer_other = prefers_other(health);
	r->said_health = take_alarms(e, r, json_object_get(health, "alarms")) ? said : 0;
	json_decref(health);
}

void
engine_chatty(struct engine *e, struct command *cmd)
{
	struct route_state *r = engine_route(e, cmd->route);

	if (cmd->chatty.over)
		engine_alarm_raise(e, r, true, "chatty", cmd->chatty.said);
	else
		engine_alarm_over(e, r, true, "chatty");
}

/* Until its driver speaks again, a route is what it said last. */
void
engine_health_load(struct engine *e, struct route_state *r)
{
	char *text = store_route_health(e->store, r->id);
	json_t *health = text ? json_loads(text, 0, NULL) : NULL;

	r->prefer_other = prefers_other(health);
	json_decref(health);
	free(text);
}
