/* dry_run.c -- what an alert would do, as its sender reads it: every step, and when it would be out. */
#include "daemon/engine/accept.h"

#include <stdlib.h>
#include <string.h>

#include "core/forecast.h"
#include "core/rung.h"
#include "daemon/store/check.h"

void
engine_tell_incomplete(struct engine *e, struct buf *json)
{
	table_set lists = store_damaged(e->store) & TABLES_LISTS;
	const char *comma = "";

	if (!lists)
		return;
	buf_puts(json, ",\"incomplete\":true,\"damaged\":[");
	for (int t = 0; t < STORE_TABLE_COUNT; t++) {
		if (!(lists >> t & 1))
			continue;
		buf_printf(json, "%s\"%s\"", comma, store_table_names[t]);
		comma = ",";
	}
	buf_puts(json, "]");
}

#define FORECAST_WAVES 128
#define PLACES_MAX 1000			/* whose first call is told one by one */

struct plan {				/* what every step would send, and when */
	struct engine *e;
	struct alert alert;
	const struct policy *policy;	/* NULL: told once */
	struct forecast_wave waves[FORECAST_WAVES];
	struct { size_t step; uint32_t wave; enum wave_kind kind; } of[FORECAST_WAVES];
	size_t count;
	struct waves_ahead ahead[CHANNEL_COUNT];	/* of other alerts, as it is now */
	unsigned long *nobody;		/* by step: targets for whom no person was found */
	bool *no_route;
	size_t steps;
};

static const char *
step_name(const struct plan *p, size_t step)
{
	return p->policy && p->policy->steps[step].name ? p->policy->steps[step].name : "";
}

static msec
step_after(const struct plan *p, size_t step)
{
	return p->policy ? p->policy->steps[step].after_ms : 0;
}

/* One step as JSON; its waves go into the forecast. */
static void
tell_step(struct plan *p, size_t step, const struct step_plan *plan, struct buf *json)
{
	msec after_ms = step_after(p, step);

	buf_printf(json, "%s{\"step\":%zu,\"name\":", step ? "," : "", step);
	buf_json(json, step_name(p, step));
	buf_printf(json, ",\"after_ms\":%lld,\"console\":%s,\"without_route\":%s,"
		   "\"targets_without_anybody\":%lu,\"waves\":[", (long long)after_ms,
		   plan->console ? "true" : "false", plan->no_route ? "true" : "false",
		   plan->nobody);
	for (size_t w = 0; w < plan->waves; w++) {
		buf_printf(json, "%s{\"channel\":\"%s\",\"people\":%lu,\"parts\":%u,\"segments\":%lu}",
			   w ? "," : "", channel_name(plan->wave[w].channel), plan->wave[w].people,
			   plan->wave[w].parts, plan->wave[w].segments);
		if (p->count == FORECAST_WAVES)
			continue;
		p->of[p->count].step = step;
		p->of[p->count].wave = plan->wave[w].id;
		p->of[p->count].kind = plan->wave[w].kind;
		p->waves[p->count++] = (struct forecast_wave){
			.channel = plan->wave[w].channel, .due_ms = after_ms,
			.messages = plan->wave[w].people, .segments = plan->wave[w].segments,
		};
	}
	p->nobody[step] = plan->nobody;
	p->no_route[step] = plan->no_route;
	buf_puts(json, "]}");
}

#define LISTED_MAX (CHANNEL_COUNT + FORECAST_WAVES + 1)

/* What is ahead by each channel, then the plan's waves up to a step, then what is `last`; results go
 * back into the plan and `last`. */
static void
foresee(struct plan *p, size_t step, struct forecast_wave *last)
{
	struct forecast_wave list[LISTED_MAX];
	struct route_view views[ROUTES_MAX];
	size_t n = 0, first;

	for (int c = 0; c < CHANNEL_COUNT; c++)
		list[n++] = (struct forecast_wave){ .channel = (enum channel)c,
			.messages = p->ahead[c].messages, .segments = p->ahead[c].segments };
	first = n;
	for (size_t w = 0; w < p->count && p->of[w].step <= step; w++)
		list[n++] = p->waves[w];
	if (last)
		list[n++] = *last;
	engine_views(p->e, views);
	forecast_run(list, n, views, p->e->route_count);
	if (last)
		*last = list[n - 1];
	else
		memcpy(p->waves, list + first, (n - first) * sizeof(*list));
}

/* If everybody answers what he gets first: the thanks go behind that, and no later rung fires. */
static void
tell_thanks(struct plan *p, struct buf *json)
{
	const struct template *t = engine_template(p->e, p->alert.template);
	struct forecast_wave thanks = { .channel = CHANNEL_SMS };

	for (size_t w = 0; w < p->count; w++)
		if (!p->of[w].step && p->of[w].kind == WAVE_CALL && p->waves[w].channel == CHANNEL_SMS)
			thanks.messages += p->waves[w].messages;
	if (!thanks.messages || (t && t->unanswered) ||
	    !engine_document(p->e, "template", "ack.thanks"))
		thanks.messages = 0;
	foresee(p, 0, &thanks);
	buf_printf(json, ",\"thanks\":{\"messages\":%lu,\"last_ms\":%lld}", thanks.messages,
		   (long long)(thanks.last_ms == NEVER || !thanks.messages ? -1 : thanks.last_ms));
}

static void
tell_ahead(const struct plan *p, struct buf *json)
{
	unsigned long messages = 0, thanks = 0;

	for (int c = 0; c < CHANNEL_COUNT; c++) {
		messages += p->ahead[c].messages;
		thanks += p->ahead[c].thanks;
	}
	buf_printf(json, ",\"ahead\":{\"messages\":%lu,\"thanks\":%lu}", messages, thanks);
}

static void
tell_forecast(const struct plan *p, struct buf *json)
{
	buf_puts(json, "],\"forecast\":[");
	for (size_t w = 0; w < p->count; w++) {
		const struct forecast_wave *f = &p->waves[w];

		buf_printf(json, "%s{\"channel\":\"%s\",\"messages\":%lu,\"due_ms\":%lld,"
			   "\"first_ms\":%lld,\"last_ms\":%lld}", w ? "," : "",
			   channel_name(f->channel), f->messages, (long long)f->due_ms,
			   (long long)(f->first_ms == NEVER ? -1 : f->first_ms),
			   (long long)(f->last_ms == NEVER ? -1 : f->last_ms));
	}
	buf_puts(json, "]");
}

static void
warn(struct buf *json, size_t step, const struct said *said)
{
	engine_warn(json, json->len ? "," : "", step, said, "");
}

#define NAMED(p, step) (step_name(p, step)[0] ? RUNG(step_name(p, step)) : NUM((step) + 1))

/* When the last of a step is handed over, on any channel that has a route; -1: it sends nothing. */
static msec
step_last(const struct plan *p, size_t step)
{
	msec last = -1;

	for (size_t w = 0; w < p->count; w++)
		if (p->of[w].step == step && p->waves[w].messages &&
		    p->waves[w].last_ms != NEVER && p->waves[w].last_ms > last)
			last = p->waves[w].last_ms;
	return last;
}

/* A rung that fires while an earlier one is still being handed over. */
static void
warn_early(const struct plan *p, size_t step, struct buf *json)
{
	struct said said;
	size_t slowest = 0;
	msec last = -1;

	for (size_t before = 0; before < step; before++)
		if (step_last(p, before) > last) {
			last = step_last(p, before);
			slowest = before;
		}
	if (step_last(p, step) < 0 || last <= step_after(p, step))
		return;
	SAY(&said, warn_rung_early, NAMED(p, step), NUM(step_after(p, step) / 1000), NAMED(p, slowest),
	    NUM((last + 999) / 1000));
	warn(json, step, &said);
}

static void
warn_routes(const struct plan *p, size_t step, struct buf *json)
{
	bool told[CHANNEL_COUNT] = { false };
	struct said said;

	for (size_t w = 0; w < p->count; w++)
		if (p->of[w].step == step && p->waves[w].last_ms == NEVER)
			told[p->waves[w].channel] = true;
	told[CHANNEL_VOICE] |= p->no_route[step];
	for (int c = 0; c < CHANNEL_COUNT; c++) {
		if (!told[c])
			continue;
		SAY(&said, warn_no_route, NAMED(p, step), c == CHANNEL_VOICE ? WORD(channel_voice)
		    : c == CHANNEL_SMS ? WORD(channel_sms) : WORD(channel_console));
		warn(json, step, &said);
	}
}

static bool
sends_by(const struct plan *p, size_t step, enum channel channel)
{
	for (size_t w = 0; w < p->count; w++)
		if (p->of[w].step == step && p->waves[w].channel == channel && p->waves[w].messages)
			return true;
	return false;
}

/* The budget of a number that this step exceeds, whoever is called again by each step; NULL: none. */
static const struct pace_budget *
binding(const struct plan *p, const struct route_state *r, size_t step, enum channel channel)
{
	for (size_t b = 0; b < r->budget_count; b++) {
		const struct pace_budget *budget = &r->budgets[b];
		unsigned count = 0;

		for (size_t s = 0; s <= step; s++)
			count += sends_by(p, s, channel) &&
				step_after(p, s) > step_after(p, step) - budget->period_ms;
		if (count > budget->count)
			return budget;
	}
	return NULL;
}

/* Only where no route of the channel could carry it in time. */
static void
warn_budgets(const struct plan *p, size_t step, struct buf *json)
{
	struct said said;

	for (int c = 0; c < CHANNEL_CONSOLE; c++) {
		const struct route_state *bound = NULL;
		const struct pace_budget *budget = NULL;
		bool free = !sends_by(p, step, (enum channel)c);

		for (size_t i = 0; i < p->e->route_count && !free; i++) {
			const struct route_state *r = p->e->routes[i];

			if (!r->conf->channels[c] || r->removed)
				continue;
			budget = binding(p, r, step, (enum channel)c);
			free = !budget;
			bound = r;
		}
		if (free || !bound)
			continue;
		SAY(&said, warn_budget, NAMED(p, step), bound->conf->name, NUM(budget->count),
		    NUM(budget->period_ms / 1000));
		warn(json, step, &said);
	}
}

static void
warn_deadline(const struct plan *p, struct buf *json)
{
	msec last = step_last(p, 0);
	struct said said;

	if (!p->policy || p->policy->deadline_ms == NEVER || last <= p->policy->deadline_ms)
		return;
	SAY(&said, warn_late, NUM(p->policy->deadline_ms / 1000), NAMED(p, (size_t)0),
	    NUM((last + 999) / 1000));
	warn(json, 0, &said);
}

static void
tell_warnings(const struct plan *p, const struct text_lacks *lacks, struct buf *json)
{
	struct buf list = { 0 };
	struct said said;

	for (size_t step = 0; step < p->steps; step++) {
		warn_early(p, step, &list);
		warn_routes(p, step, &list);
		warn_budgets(p, step, &list);
	}
	if (p->nobody[0]) {
		SAY(&said, warn_nobody, NAMED(p, (size_t)0), NUM(p->nobody[0]));
		warn(&list, 0, &said);
	}
	warn_deadline(p, &list);
	engine_tell_lacks(p->e, lacks, list.len ? "," : "", &list);
	buf_printf(json, ",\"warnings\":[%s]", list.data ? list.data : "");
	buf_fini(&list);
}

struct firsts {				/* when each target is called first */
	struct plan *plan;
	msec *at;			/* by target; NEVER: it is not */
	size_t count;
	struct buf *json;
	size_t told;
};

static void
note_call(struct firsts *f, uint32_t contact, msec at)
{
	unsigned targets[256];
	int64_t after = -1;
	size_t count;

	while ((count = store_called_targets(f->plan->e->store, contact, f->plan->alert.id, after,
					     targets, 256))) {
		for (size_t i = 0; i < count; i++)
			if (targets[i] < f->count)
				f->at[targets[i]] = msec_min(f->at[targets[i]], at);
		after = targets[count - 1];
	}
}

/* The people of a wave leave one after the other, in the order of their rows. */
static void
note_wave(struct firsts *f, uint32_t id, const struct forecast_wave *timing)
{
	static struct message rows[256];
	struct wave w = { .id = id, .channel = timing->channel };
	msec span = timing->last_ms - timing->first_ms;
	unsigned long n = 0, gaps = timing->messages > 1 ? timing->messages - 1 : 1;
	size_t count;

	while ((count = store_messages_after(f->plan->e->store, &w, rows, 256)))
		for (size_t i = 0; i < count; i++) {
			note_call(f, rows[i].contact, timing->first_ms + span * (msec)n++ / (msec)gaps);
			w.cursor = rows[i].contact;
		}
}

static int
by_time(const void *a, const void *b)
{
	const msec *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
tell_place(void *ctx, const struct target *t)
{
	struct firsts *f = ctx;
	char code[DIVISION_TEXT];

	if (f->told >= PLACES_MAX || t->id >= f->count || f->at[t->id] == NEVER || !t->division)
		return;
	division_format(code, t->division);
	buf_printf(f->json, "%s{\"division\":\"%s\",\"first_ms\":%lld}", f->told++ ? "," : "", code,
		   (long long)f->at[t->id]);
}

/* The time of the first call for each target, by whatever step. */
static void
tell_first_calls(struct plan *p, struct buf *json)
{
	struct firsts f = { .plan = p, .count = p->alert.targets, .json = json };
	size_t called = 0;

	if (!f.count)
		return;
	f.at = xcalloc(f.count, sizeof(*f.at));
	for (size_t i = 0; i < f.count; i++)
		f.at[i] = NEVER;
	for (size_t w = 0; w < p->count; w++)
		if (p->of[w].kind == WAVE_CALL && p->waves[w].last_ms != NEVER)
			note_wave(&f, p->of[w].wave, &p->waves[w]);
	buf_puts(json, ",\"first_calls\":{\"places\":[");
	store_targets(p->e->store, p->alert.id, LEVEL_COUNT, tell_place, &f);
	qsort(f.at, f.count, sizeof(*f.at), by_time);
	while (called < f.count && f.at[called] != NEVER)
		called++;
	buf_printf(json, "],\"called\":%zu,\"median_ms\":%lld,\"last_ms\":%lld}", called,
		   (long long)(called ? f.at[called / 2] : -1),
		   (long long)(called ? f.at[called - 1] : -1));
	free(f.at);
}

static int
plan_steps(struct plan *p, const struct alert_request *r, struct buf *json, struct err *err)
{
	for (size_t s = 0; s < p->steps; s++) {
		struct step_plan plan = { 0 };

		if (step_after(p, s) && (!s || !step_after(p, s - 1)))
			engine_rehearse_replacement(p->e, &p->alert, r);
		if (engine_plan_step(p->e, &p->alert, r, p->policy, s, &plan, err) < 0)
			return -1;
		tell_step(p, s, &plan, json);
	}
	if (!p->steps || !step_after(p, p->steps - 1))
		engine_rehearse_replacement(p->e, &p->alert, r);
	return 0;
}

static void
tell_figures(struct plan *p, const struct alert_request *r, const struct text_lacks *lacks, struct buf *json)
{
	foresee(p, p->steps, NULL);
	tell_forecast(p, json);
	tell_ahead(p, json);
	tell_thanks(p, json);
	tell_warnings(p, lacks, json);
	tell_first_calls(p, json);
	engine_tell_nobody(p->e, &p->alert, r, json);
	engine_tell_incomplete(p->e, json);
}

void
engine_dry_run(struct engine *e, uint64_t to, int64_t id, const struct alert_request *asked,
	       const struct text_lacks *lacks)
{
	struct plan p = { .e = e, .steps = 1 };
	struct alert_request *r;
	struct buf json = { 0 };
	struct err err = { 0 };

	store_alert_get(e->store, id, &p.alert);
	engine_waves_ahead(e, &p.alert, p.ahead);	/* before its own are planned */
	p.policy = engine_policy(e, p.alert.policy);
	if (p.policy)
		p.steps = p.policy->step_count;
	p.nobody = xcalloc(p.steps, sizeof(*p.nobody));
	p.no_route = xcalloc(p.steps, sizeof(*p.no_route));
	r = request_decode(p.alert.body);
	buf_printf(&json, "{\"dry_run\":true,\"targets\":%lu", p.alert.targets);
	engine_tell_text(e, &p.alert, &json);
	buf_puts(&json, ",\"steps\":[");
	if (plan_steps(&p, r, &json, &err) < 0) {
		buf_fini(&json);
		engine_refuse(e, to, &err);
	} else {
		tell_figures(&p, r, lacks, &json);
		engine_tell_replaced(e, &p.alert, asked, &json);
		buf_puts(&json, "}");
		engine_reply(e, to, REPLY_DONE, &json);
	}
	alert_request_free(r);
	free(p.nobody);
	free(p.no_route);
}
