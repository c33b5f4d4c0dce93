/* life.c -- routes come, change and go by a reload, without a restart of gongd.
 * What only gongd looks at changes in place.  What a driver is told needs a new process: the old one
 * is told to close, others carry meanwhile, and the loop starts the next when it is buried.  The
 * loop says which options the process has that now runs; the engine believes only that. */
#include "daemon/engine/canary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_ALARM "options"

static void
take_conf(struct engine *e, struct route_state *r, struct settings *settings,
	  const struct route_conf *conf)
{
	settings_ref(settings);
	settings_unref(r->settings);
	r->settings = settings;
	r->conf = conf;
	engine_limits_apply(e, r);
	engine_pace_note(e, r);
}

static void
wait_for_conf(struct route_state *r, struct settings *settings, const struct route_conf *conf)
{
	if (settings)
		settings_ref(settings);
	settings_unref(r->next_settings);
	r->next_settings = settings;
	r->next = conf;
}

void
engine_route_free(struct route_state *r)
{
	effect_free(r->send);
	engine_limits_free(r);
	settings_unref(r->settings);
	settings_unref(r->next_settings);
	free(r);
}

void
engine_route_add(struct engine *e, struct settings *settings, const struct route_conf *conf)
{
	struct route_state *r = xcalloc(1, sizeof(*r));

	r->id = store_route_id(e->store, conf->name);
	engine_outage_open(e, r);
	take_conf(e, r, settings, conf);
	engine_health_load(e, r);
	r->speed = store_route_speed(e->store, r->id);
	engine_pace_note(e, r);
	store_route_note(e->store, r->id, "starting", NULL, e->now);
	e->routes[e->route_count++] = r;
}

/* -- a reload -- */

/* Its process is told to close by the loop, which makes the same comparison. */
static void
close_route(struct engine *e, struct route_state *r)
{
	r->closing = true;
	r->up = false;
	store_route_note(e->store, r->id, "closing", NULL, e->now);
}

static void
change(struct engine *e, struct route_state *r, struct settings *fresh,
       const struct route_conf *conf)
{
	bool was = r->removed;

	r->removed = false;
	if (!was && route_conf_same_driver(r->next ? r->next_settings : r->settings,
					   r->next ? r->next : r->conf, fresh, conf)) {
		if (r->next)
			wait_for_conf(r, fresh, conf);
		else
			take_conf(e, r, fresh, conf);
		if (!r->closing)
			engine_alarm_over(e, r, true, OPTIONS_ALARM);
		return;
	}
	wait_for_conf(r, fresh, conf);
	close_route(e, r);
	engine_log(e, LOG_STORY, "route changes name=%s", conf->name);
}

static void
remove_route(struct engine *e, struct route_state *r)
{
	if (r->removed)
		return;
	r->removed = true;
	wait_for_conf(r, NULL, NULL);
	close_route(e, r);
	engine_log(e, LOG_STORY, "route removed name=%s", r->conf->name);
}

int
engine_routes_reload(struct engine *e, struct settings *fresh, struct err *err)
{
	size_t fresh_ones = 0;

	for (size_t i = 0; i < fresh->route_count; i++)
		fresh_ones += !engine_route_named(e, fresh->routes[i].name);
	if (e->route_count + fresh_ones > ROUTES_MAX)
		return err_set(err, "gong.conf has %zu routes, with those that are being closed there "
			       "would be more than %d", fresh->route_count, ROUTES_MAX);
	for (size_t i = 0; i < e->route_count; i++)
		if (settings_route(fresh, e->routes[i]->conf->name) < 0)
			remove_route(e, e->routes[i]);
	for (size_t i = 0; i < fresh->route_count; i++) {
		const struct route_conf *conf = &fresh->routes[i];
		struct route_state *r = engine_route_named(e, conf->name);

		if (r) {
			/* Of a turn that failed the row may be gone while the memory stayed. */
			r->id = store_route_id(e->store, conf->name);
			change(e, r, fresh, conf);
			continue;
		}
		engine_route_add(e, fresh, conf);
		engine_log(e, LOG_STORY, "route added name=%s", conf->name);
	}
	return 0;
}

/* -- what the loop says of its processes -- */

void
engine_route_took_options(struct engine *e, struct route_state *r, const struct command *cmd)
{
	struct settings *settings = cmd->lost.settings;
	int index = settings ? settings_route(settings, r->conf->name) : -1;
	struct said said;

	if (index < 0)
		return;
	take_conf(e, r, settings, &settings->routes[index]);
	if (cmd->lost.went_back) {
		wait_for_conf(r, NULL, NULL);
		SAY(&said, alarm_options, cmd->lost.reason);
		engine_alarm_raise(e, r, true, OPTIONS_ALARM, &said);
	} else if (r->next && route_conf_same_driver(r->next_settings, r->next, settings, r->conf)) {
		take_conf(e, r, r->next_settings, r->next);
		wait_for_conf(r, NULL, NULL);
	}
	r->closing = r->next || r->removed;
}

void
engine_route_has_options(struct engine *e, struct route_state *r)
{
	int index = settings_route(e->settings, r->conf->name);

	if (index >= 0 && route_conf_same_driver(r->settings, r->conf, e->settings,
						 &e->settings->routes[index]))
		engine_alarm_over(e, r, true, OPTIONS_ALARM);
}

void
engine_route_gone(struct engine *e, struct route_state *r)
{
	if (!r->removed) {		/* put back while it closed: the loop starts it anew */
		if (r->next)
			take_conf(e, r, r->next_settings, r->next);
		wait_for_conf(r, NULL, NULL);
		r->closing = false;
		return;
	}
	r->gone = true;
	engine_alarms_gone(e);
	store_route_note(e->store, r->id, "removed", NULL, e->now);
	engine_log(e, LOG_STORY, "route gone name=%s", r->conf->name);
}

/* After the commit: a turn that failed finds it as it was. */
void
engine_routes_sweep(struct engine *e, bool committed)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->route_count; i++) {
		struct route_state *r = e->routes[i];

		if (!r->gone || !committed) {
			r->gone = false;
			e->routes[kept++] = r;
			continue;
		}
		engine_in_flight_forget(e, r);
		engine_route_free(r);
	}
	e->route_count = kept;
}

/* -- somebody at the office has mended it -- */

void
engine_route_resume(struct engine *e, struct command *cmd)
{
	struct route_state *r = engine_route_named(e, cmd->resume.name);
	struct buf json = { 0 }, detail = { 0 };
	struct err err = { 0 };

	if (!r || r->removed) {
		err_say(&err, REFUSED_NOT_FOUND, about_name(CONCEPT_ROUTE, cmd->resume.name), no_route,
			cmd->resume.name);
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	if (r->up && r->window && !r->pause.failures) {
		err_say(&err, REFUSED_CONFLICT, about(CONCEPT_ROUTE), route_runs, r->conf->name);
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	if (r->pause.failures)
		r->pause.until = e->now;	/* one message tries it at once */
	buf_printf(&detail, "%s%s%s", r->conf->name, cmd->resume.note ? ": " : "",
		   cmd->resume.note ? cmd->resume.note : "");
	store_audit(e->store, e->now, cmd->by.name, "route.resume", detail.data);
	buf_fini(&detail);
	engine_log(e, LOG_STORY, "route resumed name=%s", r->conf->name);
	engine_effect(e, effect_new(EFFECT_RESUME, r->id));
	buf_puts(&json, "{\"route\":");
	buf_json(&json, r->conf->name);
	buf_puts(&json, ",\"resumed\":true}");
	engine_reply(e, cmd->reply_to, REPLY_DONE, &json);
}
