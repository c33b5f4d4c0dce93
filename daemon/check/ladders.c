/* ladders.c -- ladders slower than their routes, and budgets that will bind at night: reckoned for the whole
 * site at 02:10, when nobody answers. */
#include "daemon/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/forecast.h"
#include "core/lint.h"
#include "core/pace.h"
#include "daemon/settings/lint.h"

#define ROUTES 64
#define WAVES_MAX 512
#define NIGHT (HOURS(2) + MINUTES(10))
#define LATE MINUTES(1)			/* a call that waits no longer for its budget is not late */

struct reckoning {
	struct report *report;
	const struct settings *settings;
	struct survey *survey;
	msec now, night;		/* night: 02:10 of the site's day */
	struct route_view routes[ROUTES];
	size_t route_count;
	bool simulated;			/* the site has no other routes: it is a trial */
	struct forecast_wave waves[WAVES_MAX];
	size_t steps[WAVES_MAX], count;	/* whose each wave is */
};

/* Local time minus UTC; gongd --check runs in the site's zone. */
static msec
local_offset(msec at)
{
	time_t seconds = (time_t)(at / 1000);
	struct tm tm = { 0 };

	localtime_r(&seconds, &tm);
	return SECONDS(tm.tm_gmtoff);
}

/* As fast as it was measured, else as it is declared; a rate holds it back. */
static void
load_routes(struct reckoning *x)
{
	const struct settings *s = x->settings;

	x->route_count = s->route_count < ROUTES ? s->route_count : ROUTES;
	x->simulated = true;
	for (size_t i = 0; i < x->route_count; i++)
		x->simulated &= s->routes[i].simulated;
	for (size_t i = 0; i < x->route_count; i++) {
		const struct route_conf *conf = &s->routes[i];
		double speed = survey_pace(x->survey, conf->name);

		if (speed <= 0)
			speed = conf->parts_per_s > 0 ? conf->parts_per_s : 1;
		if (conf->rate > 0 && conf->rate < speed)
			speed = conf->rate;
		x->routes[i] = (struct route_view){ .up = conf->simulated == x->simulated, .backup = conf->backup,
						    .messages_per_s = speed };
		memcpy(x->routes[i].channels, conf->channels, sizeof(conf->channels));
	}
}

static size_t
people_of(const struct reckoning *x, size_t family)
{
	const struct family *f = &x->settings->families[family];
	const char **roles = xcalloc(f->role_count + 1, sizeof(*roles));
	size_t count;

	for (size_t i = 0; i < f->role_count; i++)
		roles[i] = x->settings->roles[f->roles[i]].name;
	count = survey_holders(x->survey, roles, f->role_count, x->now);
	free(roles);
	return count;
}

static unsigned
parts_of(const struct reckoning *x, const struct template *t)
{
	struct lint_site site = settings_lint_site(x->settings);
	enum lang lang = x->settings->default_lang;
	struct lint_size size;
	struct buf text = { 0 };

	if (!lint_form(t, lang, LINT_SMS))
		return 1;
	lint_size(t, &site, lang, LINT_SMS, &size, &text);
	buf_fini(&text);
	return size.parts ? size.parts : 1;
}

/* Of the step's own text, else of the longest that is written for the ladder. */
static unsigned
parts_of_step(const struct reckoning *x, const struct policy *p, const struct policy_step *step)
{
	const struct settings *s = x->settings;
	const struct template *own = step->template ? settings_template(s, step->template) : NULL;
	unsigned parts = own ? parts_of(x, own) : 1;

	for (size_t i = 0; !own && i < s->template_count; i++)
		for (size_t k = 0; k < s->templates[i]->policy_count; k++)
			if (strcmp(s->templates[i]->policies[k], p->name) == 0 && parts_of(x, s->templates[i]) > parts)
				parts = parts_of(x, s->templates[i]);
	return parts;
}

static void
add_step(struct reckoning *x, const struct policy *p, size_t index)
{
	const struct policy_step *step = &p->steps[index];
	unsigned parts = parts_of_step(x, p, step);

	for (size_t i = 0; i < step->to_count; i++) {
		size_t people = people_of(x, step->to[i]);

		for (int c = CHANNEL_SMS; c <= CHANNEL_VOICE; c++) {
			if (!step->channels[c] || !people || x->count == WAVES_MAX)
				continue;
			x->steps[x->count] = index;
			x->waves[x->count++] = (struct forecast_wave){
				.channel = (enum channel)c, .due_ms = step->after_ms, .messages = people,
				.segments = c == CHANNEL_SMS ? people * parts : people };
		}
	}
}

/* When the next rung comes that calls somebody; NEVER: it is the last. */
static msec
next_after(const struct policy *p, size_t index)
{
	msec next = NEVER;

	for (size_t i = 0; i < p->step_count; i++)
		if (!p->steps[i].inform && p->steps[i].to_count && p->steps[i].after_ms > p->steps[index].after_ms)
			next = msec_min(next, p->steps[i].after_ms);
	return next;
}

/* The first rung that is not through when the next one comes. */
static void
look_at_speed(struct reckoning *x, const struct policy *p)
{
	x->count = 0;
	for (size_t i = 0; i < p->step_count; i++)
		if (!p->steps[i].inform)
			add_step(x, p, i);
	forecast_run(x->waves, x->count, x->routes, x->route_count);
	for (size_t i = 0; i < x->count; i++) {
		const struct forecast_wave *w = &x->waves[i];
		msec next = next_after(p, x->steps[i]);

		if (next == NEVER || w->last_ms == NEVER || w->last_ms <= next)
			continue;
		REPORT(x->report, REPORT_WARNING, p->name, check_ladder_slow, p->name, p->steps[x->steps[i]].name,
		       NUM(w->messages), channel_name(w->channel), NUM(w->last_ms / 1000), NUM(next / 1000));
		return;
	}
}

/* Calls to one number by one route: how many go, each as its budget lets it. */
struct uses {
	msec at[POLICY_STEPS_MAX];
	size_t count;
};

/* The earliest that any route may have one more; -1: there is none. */
static int
best_route(const struct reckoning *x, const struct uses *uses, enum channel channel, msec at, msec *goes)
{
	int best = -1;

	for (size_t i = 0; i < x->route_count; i++) {
		const struct route_conf *conf = &x->settings->routes[i];
		msec can;

		if (!conf->channels[channel] || !x->routes[i].up)
			continue;
		can = pace_budget_next_at(conf->budgets, conf->budget_count, local_offset, uses[i].at,
					  uses[i].count, at);
		if (best < 0 || can < *goes) {
			best = (int)i;
			*goes = can;
		}
	}
	return best;
}

/* true: one of them is held back. */
static bool
look_at_family(struct reckoning *x, const struct policy *p, size_t family, enum channel channel)
{
	struct uses *uses = xcalloc(ROUTES, sizeof(*uses));
	size_t calls = 0;
	bool binds = false;

	for (size_t i = 0; i < p->step_count && !binds; i++) {
		const struct policy_step *step = &p->steps[i];
		msec at = msec_add(x->night, step->after_ms), goes = at;
		bool is_called = false;
		int route;

		for (size_t k = 0; k < step->to_count; k++)
			is_called |= step->to[k] == family;
		if (!is_called || !step->channels[channel] ||
		    (route = best_route(x, uses, channel, at, &goes)) < 0)
			continue;
		calls++;
		binds = goes > at + LATE;
		if (binds)
			REPORT(x->report, REPORT_WARNING, p->name, check_budget, p->name, step->name,
			       x->settings->families[family].name, NUM(calls), channel_name(channel),
			       NUM((goes - at) / 60000), x->settings->routes[route].name);
		uses[route].at[uses[route].count++] = goes;
	}
	free(uses);
	return binds;
}

/* Of each channel the first whom the ladder calls too often; the others are called less, or later. */
static void
look_at_budgets(struct reckoning *x, const struct policy *p)
{
	for (int c = CHANNEL_SMS; c <= CHANNEL_VOICE; c++) {
		bool binds = false;

		for (size_t i = 0; i < p->step_count && !binds; i++)
			for (size_t k = 0; k < p->steps[i].to_count && !binds; k++)
				binds = look_at_family(x, p, p->steps[i].to[k], (enum channel)c);
	}
}

void
check_ladders(struct report *r, const struct settings *s, struct survey *survey, msec now)
{
	struct reckoning *x = xcalloc(1, sizeof(*x));
	msec local = now + local_offset(now);
	size_t before = r->warnings;

	x->report = r;
	x->settings = s;
	x->survey = survey;
	x->now = now;
	x->night = local - local % HOURS(24) + NIGHT - local_offset(now);
	load_routes(x);
	for (size_t i = 0; i < s->policy_count; i++) {
		look_at_speed(x, s->policies[i]);
		look_at_budgets(x, s->policies[i]);
	}
	if (r->warnings == before)
		REPORT(r, REPORT_OK, "ladders", check_ladders_fit, NUM(s->policy_count));
	free(x);
}
