/* alarm.c -- what is wrong with a route: a task for the desk and one message to the duty officer,
 * by another route, until it is over.  The store knows which ones stand, and how often one came
 * lately, so that a restart tells nobody twice.  Why there is one, others know (outage.c, health.c,
 * canary.c, receipt.c); the life of it is here and in docs/alarms.md. */
#include "daemon/engine/alarm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 16			/* that a driver may have standing */
#define NEW_GAP_MS MINUTES(15)		/* and of new ones as many at once, then one each … */
#define TOLD_MAX 6			/* of that meter: the others are tasks only */
#define FREE_TIMES 2			/* so often an alarm may come and go within an hour; then … */
#define HOLD_MS MINUTES(15)		/* … its cause must stay away so long, … */
#define TELL_AGAIN_MS HOURS(1)		/* … and the duty officer hears no sooner again */
#define FIRST_AGAIN_MS MINUTES(10)	/* a text about a route goes among the first messages so often */
#define AGAIN_MS MINUTES(10)		/* of what is told by events: over when none came so long */
#define ENDS_AT_ONCE 32
#define COUNTIES_MAX 64
#define DUTY "duty_officer"
#define NOTICE_MAX 400			/* bytes; templates/route.alarm.conf takes as many characters */

/* As much as fits, in one line, never cut inside a character, be it by whoever made the text: a
 * message that is no UTF-8 is refused, and a list with it in is unreadable. */
void
engine_alarm_clip(char *out, size_t size, const char *text)
{
	size_t len = strnlen(text, size - 1);

	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	memcpy(out, text, len);
	out[len] = '\0';
	text_mend(out);
	for (; *out; out++)
		if ((unsigned char)*out < ' ' || *out == 0x7f)
			*out = ' ';
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

/* What is not known is not said: a request with an empty value is refused. */
static void
leave_out_empty(struct alert_request *q)
{
	size_t kept = 0;

	for (size_t i = 0; i < q->param_count; i++)
		if (q->params[i].value[0])
			q->params[kept++] = q->params[i];
	q->param_count = kept;
}

int64_t
engine_tell_duty(struct engine *e, struct alert_request *q, struct err *err)
{
	struct counties counties = { .e = e };
	struct alert notice;
	char *role = DUTY;
	int64_t id = 0;

	q->client = "gong";
	q->own = true;
	q->roles = &role;
	q->role_count = 1;
	q->policy = settings_policy(e->settings, "inform.once") ? "inform.once" : NULL;
	leave_out_empty(q);
	if (settings_role(e->settings, DUTY) >= 0)
		store_divisions_in(e->store, (struct division_range){ 0, INT64_MAX }, TIER_COUNTY,
				   add_county, &counties);
	q->divisions = counties.codes;
	q->division_count = counties.count;
	if (!counties.people)
		err_say(err, REFUSED_FAULT, about(CONCEPT_ROLE), nobody_in_role, DUTY);
	engine_mark(e);
	if (counties.people)
		id = engine_accept_request(e, &engine_itself, q, &notice, NULL, err);
	if (id)
		store_keep(e->store);
	else
		engine_undo(e);
	q->roles = NULL;		/* they are this function's */
	q->divisions = NULL;
	q->role_count = q->division_count = 0;
	return id;
}

/* Whoever can mend the route must hear of it before all that waits for it has crept out by another;
 * but however many alarms a route has, first messages do not wait for them. */
static enum severity
ranks_with(struct engine *e, struct route_state *r)
{
	enum severity worst = engine_waves_worst(e, r);

	if (worst < SEVERITY_ORANGE || (r->outage.first_at && e->now < r->outage.first_at + FIRST_AGAIN_MS))
		return SEVERITY_NOTICE;
	r->outage.first_at = e->now;
	return worst;
}

/* gong's own notice, like that of a cancellation; 0: nobody can be told, only the desk is. */
static int64_t
send_notice(struct engine *e, const char *subject, bool test, enum severity ranks,
	    const struct route_alarm *alarm)
{
	char zh[NOTICE_MAX], en[NOTICE_MAX], key[160];
	struct pair params[] = {
		{ .name = "route", .value = (char *)subject }, { .name = "text", .value = zh },
		{ .name = "text_en", .value = en },
	};
	struct alert_request q = { .key = key, .test = test, .template = ROUTE_ALARM,
				   .severity = SEVERITY_YELLOW, .ranks = ranks, .params = params,
				   .param_count = 3 };
	struct err err = { 0 };
	int64_t id;

	said_render(&alarm->said, LANG_ZH, zh, sizeof(zh));
	said_render(&alarm->said, LANG_EN, en, sizeof(en));
	/* By its number: the same name may come, go and come again within one turn, and a driver may
	 * choose the name of one of gong's own. */
	snprintf(key, sizeof(key), "alarm-%lld-%s-%s", (long long)e->last_alert + 1, subject,
		 alarm->name);
	id = engine_tell_duty(e, &q, &err);
	if (!id)
		engine_log(e, LOG_WARNING, "alarm message not possible route=%s alarm=%s reason=\"%s\"",
			   subject, alarm->name, err.text);
	return id;
}

int64_t
engine_alarm_tell(struct engine *e, const char *subject, const char *name, const struct said *said)
{
	struct route_alarm alarm = { .since = e->now, .said = *said };
	bool simulated = e->route_count > 0;

	for (size_t i = 0; i < e->route_count; i++)
		simulated &= e->routes[i]->conf->simulated;
	engine_alarm_clip(alarm.name, sizeof(alarm.name), name);
	return send_notice(e, subject, simulated, SEVERITY_NOTICE, &alarm);
}

/* Nothing stands and nothing ends it: what happened has happened. */
void
engine_alarm_gong(struct engine *e, const char *name, const struct said *said)
{
	engine_alarm_tell(e, "gongd", name, said);
}

/* -- which ones stand -- */

static void
recount_one(void *ctx, const struct route_alarm *alarm)
{
	struct route_state *r = ctx;
	bool there = alarm->ends_at == NEVER;

	r->alarms += there;
	r->said_alarms += there && !alarm->own;
	r->named_alarms += !alarm->own;
	r->pause_told |= there && alarm->own && strcmp(alarm->name, "paused") == 0;
	r->down_told |= there && alarm->own && strcmp(alarm->name, "down") == 0;
	r->canary_failed |= there && alarm->own && strcmp(alarm->name, "canary") == 0;
	r->alarm_ends_at = msec_min(r->alarm_ends_at, alarm->ends_at);
}

static void
recount(struct engine *e, struct route_state *r)
{
	r->alarms = r->said_alarms = r->named_alarms = 0;
	r->down_told = r->canary_failed = r->pause_told = false;
	r->alarm_ends_at = NEVER;
	store_route_alarms(e->store, r->id, recount_one, r);
}

void
engine_alarms_recount(struct engine *e)
{
	for (size_t i = 0; i < e->route_count; i++)
		recount(e, e->routes[i]);
}

/* -- it begins -- */

/* How often it came lately, this time included. */
static struct route_alarm_told
told_of(struct engine *e, const struct route_alarm *a)
{
	struct route_alarm_told told;

	if (!store_route_alarm_told_get(e->store, a->route, a->own, a->name, &told) ||
	    (told.over_at != NEVER && told.over_at + TELL_AGAIN_MS <= e->now))
		told = (struct route_alarm_told){ .times = 0 };
	told.times++;
	told.over_at = NEVER;
	return told;
}

/* Each is a task; but nobody is woken by the same one all night, nor by all that a driver that went
 * mad can name. */
static bool
may_tell(const struct engine *e, const struct route_state *r, const struct route_alarm *a,
	 const struct route_alarm_told *told)
{
	if (!a->own && pace_meter_is_over(r->outage.row.alarms_until, NEW_GAP_MS, TOLD_MAX, e->now))
		return false;
	return told->times <= FREE_TIMES || told->told_at + TELL_AGAIN_MS <= e->now;
}

static void
begin(struct engine *e, struct route_state *r, struct route_alarm *a)
{
	struct route_alarm_told told = told_of(e, a);
	struct said task;
	char english[SAID_BYTES];

	SAY(&task, task_route, r->conf->name, NEST(&a->said));
	a->task = store_task_open(e->store, 0, "route", &task, e->now);
	store_route_alarm_put(e->store, a);
	recount(e, r);			/* before the notice is dispatched, by another route */
	said_render(&a->said, LANG_EN, english, sizeof(english));
	engine_log(e, LOG_ERROR, "route alarm name=%s alarm=%s reason=\"%s\"", r->conf->name, a->name,
		   english);
	if (may_tell(e, r, a, &told)) {
		told.told_at = e->now;
		a->notice = send_notice(e, r->conf->name, r->conf->simulated, ranks_with(e, r), a);
		store_route_alarm_put(e->store, a);
	}
	store_route_alarms_told_drop(e->store, r->id, e->now - TELL_AGAIN_MS);
	store_route_alarm_told_put(e->store, r->id, a->own, a->name, &told);
}

/* A driver that names ever new ones is one alarm more, not thousands. */
static bool
may_name_one_more(struct engine *e, struct route_state *r)
{
	if (r->named_alarms >= NAMES_MAX ||
	    !pace_meter_take(&r->outage.row.alarms_until, NEW_GAP_MS, NAMES_MAX, e->now))
		return false;
	store_route_outage_set(e->store, r->id, &r->outage.row);
	return true;
}

bool
engine_alarm_raise(struct engine *e, struct route_state *r, bool own, const char *name,
		   const struct said *said)
{
	struct route_alarm a = { .route = r->id, .own = own, .since = e->now, .ends_at = NEVER,
				 .said = *said };
	struct route_alarm before;

	engine_alarm_clip(a.name, sizeof(a.name), name);
	if (!store_route_alarm_get(e->store, r->id, own, a.name, &before)) {
		if (!own && !may_name_one_more(e, r))
			return false;
		begin(e, r, &a);
	} else if (before.ends_at != NEVER) {
		before.ends_at = NEVER;		/* the same one goes on */
		store_route_alarm_put(e->store, &before);
		recount(e, r);
	}
	return true;
}

void
engine_alarm_again(struct engine *e, struct route_state *r, const char *name,
		   const struct said *said)
{
	struct route_alarm a;

	if (!store_route_alarm_get(e->store, r->id, true, name, &a)) {
		engine_alarm_raise(e, r, true, name, said);
		if (!store_route_alarm_get(e->store, r->id, true, name, &a))
			return;		/* the store failed */
	} else if (a.ends_at - e->now > AGAIN_MS - MINUTES(1)) {
		return;			/* not a write for each */
	}
	a.ends_at = e->now + AGAIN_MS;
	store_route_alarm_put(e->store, &a);
	recount(e, r);
}

/* -- it ends -- */

static void
count_queued(void *ctx, const struct wave *w)
{
	if (w->state <= WAVE_OPEN)
		*(unsigned long *)ctx += wave_queued(w);
}

void
engine_alarm_withdraw(struct engine *e, int64_t notice)
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

static void
end(struct engine *e, const struct route_alarm *a, const char *route, enum phrase why)
{
	struct route_alarm_told told;
	struct said note;

	store_route_alarm_drop(e->store, a->route, a->own, a->name);
	said_fill(&note, why, NULL);
	if (store_task_over(e->store, a->task, &note, e->now))
		store_audit(e->store, e->now, "gong", "task.close", phrase_text(why, LANG_EN));
	if (a->notice)
		engine_alarm_withdraw(e, a->notice);
	if (store_route_alarm_told_get(e->store, a->route, a->own, a->name, &told)) {
		told.over_at = e->now;
		store_route_alarm_told_put(e->store, a->route, a->own, a->name, &told);
	}
	engine_log(e, LOG_STORY, "route alarm over name=%s alarm=%s", route, a->name);
}

void
engine_alarm_over(struct engine *e, struct route_state *r, bool own, const char *name)
{
	struct route_alarm_told told = { 0 };
	struct route_alarm a;

	if (!store_route_alarm_get(e->store, r->id, own, name, &a) || a.ends_at != NEVER)
		return;
	store_route_alarm_told_get(e->store, r->id, own, name, &told);
	if (told.times <= FREE_TIMES) {
		end(e, &a, r->conf->name, PHRASE_alarm_over);
	} else {
		a.ends_at = e->now + HOLD_MS;
		store_route_alarm_put(e->store, &a);
	}
	recount(e, r);
}

struct ending {
	struct route_alarm alarms[ENDS_AT_ONCE];
	size_t count;
	msec until;
};

static void
find_ending(void *ctx, const struct route_alarm *alarm)
{
	struct ending *f = ctx;

	if (alarm->ends_at <= f->until && f->count < ENDS_AT_ONCE)
		f->alarms[f->count++] = *alarm;
}

/* Those whose time has come. */
void
engine_alarms_fade(struct engine *e)
{
	static struct ending f;

	for (size_t i = 0; i < e->route_count; i++) {
		struct route_state *r = e->routes[i];

		if (r->alarm_ends_at > e->now)
			continue;
		f.count = 0;
		f.until = e->now;
		store_route_alarms(e->store, r->id, find_ending, &f);
		for (size_t k = 0; k < f.count; k++)
			end(e, &f.alarms[k], r->conf->name, PHRASE_alarm_over);
		recount(e, r);
	}
}

/* -- routes that are no longer in gong.conf -- */

struct gone {
	struct engine *e;
	struct { int64_t id; char *name; } *routes;
	size_t count;
};

static void
find_gone(void *ctx, int64_t id, const char *name)
{
	struct gone *g = ctx;

	for (size_t i = 0; i < g->e->route_count; i++)
		if (g->e->routes[i]->id == id && !g->e->routes[i]->gone)
			return;
	g->routes = xrealloc(g->routes, (g->count + 1) * sizeof(*g->routes));
	g->routes[g->count].id = id;
	g->routes[g->count++].name = xstrdup(name);
}

static void
end_all(struct engine *e, int64_t route, const char *name)
{
	static struct ending f;
	struct route_outage outage;

	do {
		f.count = 0;
		f.until = NEVER;
		store_route_alarms(e->store, route, find_ending, &f);
		for (size_t k = 0; k < f.count; k++)
			end(e, &f.alarms[k], name, PHRASE_route_removed);
	} while (f.count == ENDS_AT_ONCE);
	store_route_outage_get(e->store, route, &outage);
	if (outage.since != NEVER)
		store_route_outage_set(e->store, route, &(struct route_outage){ .since = NEVER });
}

void
engine_alarms_gone(struct engine *e)
{
	struct gone g = { .e = e };

	store_routes(e->store, find_gone, &g);
	for (size_t i = 0; i < g.count; i++) {
		end_all(e, g.routes[i].id, g.routes[i].name);
		free(g.routes[i].name);
	}
	free(g.routes);
}
