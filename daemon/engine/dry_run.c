/* dry_run.c -- what an alert would do, as its sender reads it: every step, and when it would be out. */
#include "daemon/engine/accept.h"

#include <stdio.h>

#include "core/forecast.h"
#include "daemon/store/check.h"

void
engine_tell_incomplete(struct engine *e, struct buf *json)
{
	unsigned lists = store_damaged(e->store) & TABLES_LISTS;
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

/* One step of a dry run as JSON; its waves go into the forecast. */
static void
tell_step(const struct policy *p, size_t step, const struct step_plan *plan, struct buf *json,
	  struct forecast_wave *waves, size_t *count)
{
	msec after_ms = p ? p->steps[step].after_ms : 0;

	buf_printf(json, "%s{\"step\":%zu,\"name\":", step ? "," : "", step);
	buf_json(json, p && p->steps[step].name ? p->steps[step].name : "");
	buf_printf(json, ",\"after_ms\":%lld,\"console\":%s,\"without_route\":%s,"
		   "\"targets_without_anybody\":%lu,\"waves\":[", (long long)after_ms,
		   plan->console ? "true" : "false", plan->no_route ? "true" : "false",
		   plan->nobody);
	for (size_t w = 0; w < plan->waves; w++) {
		buf_printf(json, "%s{\"channel\":\"%s\",\"people\":%lu,\"parts\":%u}", w ? "," : "",
			   channel_name(plan->wave[w].channel), plan->wave[w].people,
			   plan->wave[w].parts);
		if (*count < FORECAST_WAVES)
			waves[(*count)++] = (struct forecast_wave){
				.channel = plan->wave[w].channel, .due_ms = after_ms,
				.messages = plan->wave[w].people,
				.segments = plan->wave[w].segments,
			};
	}
	buf_puts(json, "]}");
}

static void
tell_forecast(struct engine *e, struct forecast_wave *waves, size_t count, struct buf *json)
{
	struct route_view views[ROUTES_MAX];

	engine_views(e, views);
	forecast_run(waves, count, views, e->route_count);
	for (size_t w = 0; w < count; w++)
		buf_printf(json, "%s{\"channel\":\"%s\",\"messages\":%lu,\"due_ms\":%lld,"
			   "\"first_ms\":%lld,\"last_ms\":%lld}", w ? "," : "",
			   channel_name(waves[w].channel), waves[w].messages,
			   (long long)waves[w].due_ms,
			   (long long)(waves[w].first_ms == NEVER ? -1 : waves[w].first_ms),
			   (long long)(waves[w].last_ms == NEVER ? -1 : waves[w].last_ms));
}

/* Plans every step as if nobody answered, in a savepoint that is then undone. */
void
engine_dry_run(struct engine *e, uint64_t to, int64_t id)
{
	struct forecast_wave waves[FORECAST_WAVES] = { 0 };
	size_t count = 0;
	struct buf json = { 0 };
	const struct policy *p;
	struct alert_request *r;
	struct alert a;
	struct err err = { 0 };
	int rc = 0;

	store_alert_get(e->store, id, &a);
	p = engine_policy(e, a.policy);
	r = request_decode(a.body);
	buf_printf(&json, "{\"dry_run\":true,\"targets\":%lu,\"steps\":[", a.targets);
	for (size_t s = 0; rc == 0 && s < (p ? p->step_count : 1); s++) {
		struct step_plan plan = { 0 };

		rc = engine_plan_step(e, &a, r, p, s, &plan, &err);
		if (rc == 0)
			tell_step(p, s, &plan, &json, waves, &count);
	}
	buf_puts(&json, "],\"forecast\":[");
	tell_forecast(e, waves, count, &json);
	buf_puts(&json, "]");
	engine_tell_incomplete(e, &json);
	buf_puts(&json, "}");
	if (rc < 0) {
		buf_fini(&json);
		engine_refuse(e, to, &err);
	} else {
		engine_reply(e, to, REPLY_DONE, &json);
	}
	alert_request_free(r);
}
