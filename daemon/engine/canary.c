/* canary.c -- a test message that must come back: the one proof that a SIM still sends and
 * receives.  What is under way is memory only (a restart begins anew), what failed is an alarm and
 * so on disk.  Its return is no person's answer, whenever it comes. */
#include "daemon/engine/canary.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/contract/said_json.h"

#define WORDS "gong canary "
#define AGAIN_MS MINUTES(1)		/* after what says nothing about the SIM */
#define RECEIPT_WAIT_MAX_MS SECONDS(90)

/* Not secret, only unlike the last one (splitmix64). */
static uint64_t
chance(struct engine *e)
{
	uint64_t z = e->asking.chance += 0x9e3779b97f4a7c15u ^ (uint64_t)e->now;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* At the start and after a reload.  The first one goes at an instant that differs from route to
 * route; where one failed last time, sooner. */
void
engine_canaries_plan(struct engine *e)
{
	for (size_t i = 0; i < e->route_count; i++) {
		struct route_state *r = e->routes[i];
		struct canary *c = &r->asking.canary;
		msec every = r->conf->canary_every_ms / (r->canary_failed ? 4 : 1);

		if (every && !c->due_at)
			c->due_at = e->now + (msec)(chance(e) % (uint64_t)every);
		if (every || !c->due_at)
			continue;
		*c = (struct canary){ 0 };
		engine_alarm_over(e, r, true, "canary");
	}
}

static bool
is_urgent(const struct live_wave *lw)
{
	return lw->w.severity >= SEVERITY_ORANGE && lw->w.channel == CHANNEL_SMS && !lw->w.drill;
}

/* Does anything urgent wait for a route?  Real traffic first. */
static bool
urgent_waits(const struct engine *e)
{
	for (size_t i = 0; i < e->waves.rank_count; i++)
		if (e->waves.ranks[i].ring && is_urgent(e->waves.ranks[i].ring))
			return true;
	for (size_t i = 0; i < e->waves.waiting.count; i++)
		if (is_urgent(e->waves.waiting.waves[i]))
			return true;
	return false;
}

static void
audit(struct engine *e, const char *action, json_t *detail)
{
	char *text = json_dumps(detail, JSON_COMPACT | JSON_PRESERVE_ORDER);

	store_audit(e->store, e->now, "gong", action, text ? text : "{}");
	free(text);
	json_decref(detail);
}

static void
send_it(struct engine *e, struct route_state *r)
{
	struct canary *c = &r->asking.canary;
	struct effect *f = effect_new(EFFECT_ASK, r->id);
	struct buf text = { 0 };
	char to[PHONE_TEXT];

	engine_asking_touch(e);
	*c = (struct canary){
		.question = ++e->asking.last_question, .asked_at = e->now, .due_at = c->due_at,
		.until = e->now + r->conf->canary_within_ms, .submit_ms = -1, .receipt_ms = -1,
		.inbound_ms = -1,
	};
	snprintf(c->nonce, sizeof(c->nonce), "%08x", (unsigned)chance(e));
	buf_printf(&text, WORDS "%s %s", r->conf->name, c->nonce);
	phone_format(to, r->conf->canary_to);
	audit(e, "route.canary", json_pack("{s:s,s:I,s:s,s:s}", "route", r->conf->name, "id",
					   (json_int_t)c->question, "to", to, "text", text.data));
	f->ask.id = c->question;
	f->ask.what = xstrdup("sms");
	f->ask.text = buf_take(&text);
	f->ask.to = r->conf->canary_to;
	f->ask.receipt_wait_ms = msec_min(r->conf->canary_within_ms, RECEIPT_WAIT_MAX_MS);
	engine_effect(e, f);
}

static void
put_ms(json_t *json, const char *name, msec ms)
{
	json_object_set_new(json, name, ms < 0 ? json_null() : json_integer(ms));
}

static char *
result_json(const struct engine *e, const struct canary *c)
{
	json_t *json = json_pack("{s:I,s:b}", "at", (json_int_t)e->now, "ok", c->inbound_ms >= 0);
	char *text;

	put_ms(json, "submit_ms", c->submit_ms);
	put_ms(json, "receipt_ms", c->receipt_ms);
	put_ms(json, "inbound_ms", c->inbound_ms);
	json_object_set_new(json, "reason", *c->reason ? json_string(ENGLISH(c->reason)) : json_null());
	text = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(json);
	return text;
}

/* It was stamped when the network took it: how far is that from our clock? */
static void
measure_skew(struct route_state *r, const struct canary *c)
{
	r->asking.skew_is_known = c->stamped_at > 0 && c->submit_ms >= 0;
	r->asking.skew_ms = c->stamped_at - (c->asked_at + c->submit_ms);
}

/* It came back, or it did not. */
static void
finish(struct engine *e, struct route_state *r)
{
	struct canary *c = &r->asking.canary;
	long long within_s = r->conf->canary_within_ms / 1000;
	bool back = c->inbound_ms >= 0;
	struct said said;
	char *result;

	engine_asking_touch(e);
	SAY(&said, canary_refused, c->reason);
	if (!*c->reason) {
		SAY(&said, canary_not_back, NUM(within_s));
		snprintf(c->reason, sizeof(c->reason), "it did not come back within %lld s", within_s);
	}
	if (back)
		c->reason[0] = '\0';
	if (back)
		measure_skew(r, c);
	result = result_json(e, c);
	store_route_canary_set(e->store, r->id, result);
	audit(e, "route.answer", json_pack("{s:s,s:I,s:b,s:s}", "route", r->conf->name, "id",
					   (json_int_t)c->question, "ok", back, "answer", result));
	if (back)
		engine_alarm_over(e, r, true, "canary");
	else
		engine_alarm_raise(e, r, true, "canary", &said);
	*c = (struct canary){ .due_at = e->now + r->conf->canary_every_ms / (back ? 1 : 4) };
	free(result);
}

/* The route went away under it: that says nothing about the SIM. */
static void
drop(struct engine *e, struct route_state *r)
{
	engine_asking_touch(e);
	r->asking.canary = (struct canary){ .due_at = e->now + AGAIN_MS };
}

void
engine_canary_lost(struct engine *e, struct route_state *r)
{
	if (r->asking.canary.question)
		drop(e, r);
}

static msec
ms_of(json_t *answer, const char *name)
{
	json_t *ms = json_object_get(answer, name);

	return json_is_integer(ms) && json_integer_value(ms) >= 0 ? json_integer_value(ms) : -1;
}

/* `answer`: what the driver said of the sending; NULL = it was not there. */
void
engine_canary_answered(struct engine *e, struct route_state *r, json_t *answer)
{
	struct canary *c = &r->asking.canary;
	char *reason;

	if (!answer) {
		drop(e, r);
		return;
	}
	engine_asking_touch(e);
	c->is_answered = true;
	c->submit_ms = ms_of(answer, "submit_ms");
	c->receipt_ms = ms_of(answer, "receipt_ms");
	reason = value_by_driver(json_object_get(answer, "reason"));
	if (!json_is_true(json_object_get(answer, "ok")))
		snprintf(c->reason, sizeof(c->reason), "%s", reason ? reason
			 : WORD(canary_not_accepted));
	free(reason);
	if (c->inbound_ms >= 0 || *c->reason)
		finish(e, r);
}

bool
engine_canary_returns(struct engine *e, const struct inbound *in)
{
	const char *text = in->text;
	const char *words = strstr(text, WORDS);
	char route[48], nonce[9];
	struct route_state *r;
	struct canary *c;

	if (!words || sscanf(words, WORDS "%47[A-Za-z0-9._-] %8[0-9a-f]", route, nonce) != 2)
		return false;
	r = engine_route_named(e, route);
	c = r ? &r->asking.canary : NULL;
	if (c && c->question && c->inbound_ms < 0 && strcmp(c->nonce, nonce) == 0) {
		engine_asking_touch(e);
		c->inbound_ms = e->now - c->asked_at;
		c->stamped_at = in->at;
		if (c->is_answered)
			finish(e, r);
	}
	return true;			/* also one that comes too late, or from another life */
}

static msec
next_at(const struct route_state *r)
{
	const struct canary *c = &r->asking.canary;

	if (!r->conf->canary_every_ms)
		return NEVER;
	if (c->question)
		return c->until;
	if (!r->up || !r->window)
		return NEVER;
	return r->pause.until > c->due_at ? r->pause.until : c->due_at;
}

void
engine_canaries_due(struct engine *e)
{
	for (size_t i = 0; i < e->route_count; i++) {
		struct route_state *r = e->routes[i];
		struct canary *c = &r->asking.canary;

		if (next_at(r) > e->now)
			continue;
		if (c->question) {
			finish(e, r);
		} else if (urgent_waits(e)) {
			engine_asking_touch(e);
			c->due_at = e->now + AGAIN_MS;
		} else {
			send_it(e, r);
		}
	}
}

msec
engine_canaries_next(const struct engine *e)
{
	msec at = NEVER;

	for (size_t i = 0; i < e->route_count; i++)
		at = msec_min(at, next_at(e->routes[i]));
	return at;
}

void
engine_canaries_shift(struct engine *e, msec by)
{
	engine_asking_touch(e);
	for (size_t i = 0; i < e->route_count; i++) {
		struct canary *c = &e->routes[i]->asking.canary;

		e->routes[i]->asking.skew_is_known = false;
		c->due_at += c->due_at ? by : 0;
		c->asked_at += by;
		c->until += by;
	}
}
