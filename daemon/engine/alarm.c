/* alarm.c -- what is wrong with a route: a task for the desk and one message to the duty officer,
 * by another route, until it is over.  A driver names its alarms in `health`; gong adds "down",
 * "canary", "paused" and "chatty".  The store knows which ones stand, so that a restart tells nobody twice. */
#include "daemon/engine/alarm.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALARMS_MAX 16			/* of one driver */
#define COUNTIES_MAX 64
#define DUTY "duty_officer"

/* As much as fits, in one line, never cut inside a character. */
static void
clip(char *out, size_t size, const char *text)
{
	size_t len = strnlen(text, size - 1);

	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	memcpy(out, text, len);
	out[len] = '\0';
	for (; *out; out++)
		if ((unsigned char)*out < ' ' || *out == 0x7f)
			*out = ' ';
}

/* Texts are "中文 / English"; what has no such parts is both. */
static const char *
english_of(const char *text)
{
	const char *slash = strstr(text, " / ");

	return slash ? slash + 3 : text;
}

static int
chinese_length(const char *text)
{
	const char *slash = strstr(text, " / ");

	return (int)(slash ? (size_t)(slash - text) : strlen(text));
}

struct counties {
	struct engine *e;
	division_code codes[COUNTIES_MAX];
	size_t count;
	unsigned long people;
};

static void
count_person(void *ctx, const struct holder *h)
{
	++*(unsigned long *)ctx;
}

static void
add_county(void *ctx, division_code code)
{
	struct counties *c = ctx;
	int64_t role = c->e->documents.role_ids[settings_role(c->e->settings, DUTY)];

	if (c->count == COUNTIES_MAX)
		return;
	c->codes[c->count++] = code;
	store_on_duty(c->e->store, role, code, c->e->now, count_person, &c->people);
	c->people += store_holders_count(c->e->store, role, (struct division_range){ code, code }, 1);
}

/* gong's own notice, like that of a cancellation; 0: nobody can be told, only the desk is. */
static int64_t
send_notice(struct engine *e, struct route_state *r, const struct route_alarm *alarm)
{
	struct counties counties = { .e = e };
	char *zh = xstrndup(alarm->text, (size_t)chinese_length(alarm->text)), key[160], *role = DUTY;
	struct pair params[] = { { "route", r->conf->name }, { "text", zh },
				 { "text_en", (char *)english_of(alarm->text) } };
	struct alert_request q = {
		.key = key, .client = "gong", .own = true, .test = r->conf->simulated,
		.template = ROUTE_ALARM, .severity = SEVERITY_YELLOW, .params = params,
		.param_count = 3, .roles = &role, .role_count = 1,
		.policy = settings_policy(e->settings, "inform.once") ? "inform.once" : NULL,
	};
	struct err err = { 0 };
	struct alert notice;
	int64_t id = 0;

	snprintf(key, sizeof(key), "alarm-%s-%s-%lld", r->conf->name, alarm->name,
		 (long long)alarm->since);
	if (settings_role(e->settings, DUTY) >= 0)
		store_divisions_in(e->store, (struct division_range){ 0, INT64_MAX }, TIER_COUNTY,
				   add_county, &counties);
	q.divisions = counties.codes;
	q.division_count = counties.count;
	if (!counties.people)
		err_set(&err, "nobody holds the role " DUTY);
	engine_mark(e);
	if (counties.people)
		id = engine_accept_request(e, &q, &notice, &err);
	if (id) {
		store_keep(e->store);
	} else {
		engine_undo(e);
		engine_log(e, LOG_WARNING, "alarm message not possible route=%s alarm=%s reason=\"%s\"",
			   r->conf->name, alarm->name, err.text);
	}
	free(zh);
	return id;
}

static void
recount_one(void *ctx, const struct route_alarm *alarm)
{
	struct route_state *r = ctx;

	r->alarms++;
	r->said_alarms += !alarm->own;
	r->pause_told |= alarm->own && strcmp(alarm->name, "paused") == 0;
	r->down_told |= alarm->own && strcmp(alarm->name, "down") == 0;
	r->canary_failed |= alarm->own && strcmp(alarm->name, "canary") == 0;
}

static void
recount(struct engine *e, struct route_state *r)
{
	r->alarms = r->said_alarms = 0;
	r->down_told = r->canary_failed = r->pause_told = false;
	store_route_alarms(e->store, r->id, recount_one, r);
}

void
engine_alarms_load(struct engine *e)
{
	for (size_t i = 0; i < e->route_count; i++)
		recount(e, e->routes[i]);
}

void
engine_alarm_raise(struct engine *e, struct route_state *r, bool own, const char *name,
		   const char *text)
{
	struct route_alarm alarm = { .route = r->id, .own = own, .since = e->now };
	struct buf task = { 0 };

	clip(alarm.name, sizeof(alarm.name), name);
	clip(alarm.text, sizeof(alarm.text), text);
	if (store_route_alarm_get(e->store, r->id, own, alarm.name, NULL))
		return;
	buf_printf(&task, "通道%s:%.*s / route %s: %s", r->conf->name, chinese_length(alarm.text),
		   alarm.text, r->conf->name, english_of(alarm.text));
	alarm.task = store_task_open(e->store, 0, "route", task.data, e->now);
	store_route_alarm_put(e->store, &alarm);
	recount(e, r);			/* before the notice is dispatched, by another route */
	engine_log(e, LOG_ERROR, "route alarm name=%s alarm=%s reason=\"%s\"", r->conf->name, alarm.name,
		   english_of(alarm.text));
	alarm.notice = send_notice(e, r, &alarm);
	store_route_alarm_put(e->store, &alarm);
	buf_fini(&task);
}

static void
count_queued(void *ctx, const struct wave *w)
{
	if (w->state <= WAVE_OPEN)
		*(unsigned long *)ctx += wave_queued(w);
}

/* What is still queued when the trouble is over would only confuse. */
static void
withdraw_notice(struct engine *e, int64_t notice)
{
	unsigned long queued = 0;
	struct alert a;

	engine_waves_flush(e);		/* the counts on disk are the true ones */
	store_waves_of(e->store, notice, count_queued, &queued);
	if (!queued || !store_alert_get(e->store, notice, &a) || !alert_is_open(a.state))
		return;
	a.state = ALERT_CANCELLED;
	a.closed_at = e->now;
	a.due_at = NEVER;
	store_alert_update(e->store, &a);
	engine_stop_waves(e, a.id, WAVE_WITHDRAWN);
	engine_event(e, a.id, "cancelled", "{\"by\":\"gong\"}");
}

void
engine_alarm_end(struct engine *e, struct route_state *r, bool own, const char *name)
{
	static const char note[] = "告警已自行解除 / the alarm is over by itself";
	struct route_alarm alarm;

	if (!store_route_alarm_get(e->store, r->id, own, name, &alarm))
		return;
	store_route_alarm_drop(e->store, r->id, own, name);
	if (store_task_close(e->store, alarm.task, "gong", note, e->now))
		store_audit(e->store, e->now, "gong", "task.close", note);
	if (alarm.notice)
		withdraw_notice(e, alarm.notice);
	recount(e, r);
	engine_log(e, LOG_STORY, "route alarm over name=%s alarm=%s", r->conf->name, name);
}

void
engine_route_works(struct engine *e, struct route_state *r)
{
	if (!r->pause.failures && !r->pause_told)
		return;
	r->pause = (struct route_pause){ 0 };
	if (r->pause_told)
		engine_alarm_end(e, r, true, "paused");
	store_route_note(e->store, r->id, "up", NULL, e->now);
	engine_log(e, LOG_STORY, "route works again name=%s", r->conf->name);
}

/* -- what a driver says of itself -- */

struct standing {			/* its alarms in the store that it did not name again */
	char names[ALARMS_MAX][sizeof(((struct route_alarm *)NULL)->name)];
	size_t count;
	json_t *said;
};

static bool
is_named(json_t *alarms, const char *name)
{
	char clipped[sizeof(((struct route_alarm *)NULL)->name)];
	json_t *one;
	size_t i;

	json_array_foreach(alarms, i, one) {
		const char *said = json_string_value(json_object_get(one, "name"));

		if (!said)
			continue;
		clip(clipped, sizeof(clipped), said);
		if (strcmp(clipped, name) == 0)
			return true;
	}
	return false;
}

static void
find_gone(void *ctx, const struct route_alarm *alarm)
{
	struct standing *s = ctx;

	if (!alarm->own && s->count < ALARMS_MAX && !is_named(s->said, alarm->name))
		snprintf(s->names[s->count++], sizeof(s->names[0]), "%s", alarm->name);
}

static void
take_alarms(struct engine *e, struct route_state *r, json_t *alarms)
{
	struct standing gone = { .said = alarms };
	json_t *one;
	size_t i;

	store_route_alarms(e->store, r->id, find_gone, &gone);
	for (size_t k = 0; k < gone.count; k++)
		engine_alarm_end(e, r, false, gone.names[k]);
	json_array_foreach(alarms, i, one) {
		const char *name = json_string_value(json_object_get(one, "name"));
		const char *text = json_string_value(json_object_get(one, "text"));

		if (name && *name && i < ALARMS_MAX)
			engine_alarm_raise(e, r, false, name, text && *text ? text : name);
	}
}

static bool
prefers_other(json_t *health)
{
	return json_is_true(json_object_get(health, "prefer_other"));
}

void
engine_health(struct engine *e, struct command *cmd)
{
	struct route_state *r = engine_route(e, cmd->route);
	json_t *health = json_loads(cmd->health.json, 0, NULL);

	store_route_note(e->store, r->id, NULL, cmd->health.json, e->now);
	if (prefers_other(health) != r->prefer_other)
		engine_log(e, LOG_STORY, r->prefer_other ? "route carries again name=%s"
			   : "route stands back name=%s", r->conf->name);
	r->prefer_other = prefers_other(health);
	take_alarms(e, r, json_object_get(health, "alarms"));
	json_decref(health);
}

void
engine_chatty(struct engine *e, struct command *cmd)
{
	struct route_state *r = engine_route(e, cmd->route);

	if (cmd->chatty.over)
		engine_alarm_raise(e, r, true, "chatty", cmd->chatty.text);
	else
		engine_alarm_end(e, r, true, "chatty");
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

/* -- a route that is not there -- */

void
engine_route_is_ready(struct engine *e, struct route_state *r)
{
	r->down_since = NEVER;
	if (r->down_told)
		engine_alarm_end(e, r, true, "down");
}

void
engine_route_is_down(struct engine *e, struct route_state *r, const char *reason, bool for_good)
{
	char text[400];

	if (r->down_since == NEVER)
		r->down_since = e->now;
	clip(r->down_reason, sizeof(r->down_reason), reason);
	if (!for_good || r->down_told)
		return;
	snprintf(text, sizeof(text), "已停止:%.*s / has stopped: %s", chinese_length(r->down_reason),
		 r->down_reason, english_of(r->down_reason));
	engine_alarm_raise(e, r, true, "down", text);
}

/* A driver that pauses and has said why needs no second word for the same trouble. */
static msec
down_alarm_at(const struct route_state *r)
{
	if (r->up && r->said_alarms)
		return NEVER;
	return r->down_told || r->down_since == NEVER || !r->conf->down_alarm_ms ? NEVER
		: r->down_since + r->conf->down_alarm_ms;
}

void
engine_alarms_due(struct engine *e)
{
	for (size_t i = 0; i < e->route_count; i++) {
		struct route_state *r = e->routes[i];
		long long minutes = (e->now - r->down_since + 30000) / 60000;
		char text[400];

		if (down_alarm_at(r) > e->now)
			continue;
		snprintf(text, sizeof(text), "已中断%lld分钟:%.*s / down for %lld min: %s", minutes,
			 chinese_length(r->down_reason), r->down_reason, minutes,
			 english_of(r->down_reason));
		engine_alarm_raise(e, r, true, "down", text);
	}
}

msec
engine_alarms_next(const struct engine *e)
{
	msec at = NEVER;

	for (size_t i = 0; i < e->route_count; i++)
		at = msec_min(at, down_alarm_at(e->routes[i]));
	return at;
}

void
engine_alarms_shift(struct engine *e, msec by)
{
	for (size_t i = 0; i < e->route_count; i++)
		if (e->routes[i]->down_since != NEVER)
			e->routes[i]->down_since += by;
}
