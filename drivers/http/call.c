/* call.c -- calls that a provider places for us: asked for by one request, then told of by
 * callbacks, pulls or queries until they end.  A call without news ends by itself, accepted but
 * not answered, and the ladder rings again. */
#include <stdio.h>
#include <string.h>

#include "drivers/http/http.h"

#define NEWS_WAIT_MS MINUTES(2)		/* after the ringing time; gongd waits three */
#define KEYS_MAX 16

struct call {
	TAILQ_ENTRY(call) link;
	struct http *http;
	struct item *item;
	char ref[65];			/* "" = not known (yet) */
	char doubt[400];		/* "" = the provider has accepted it */
	char machine[32], keys[KEYS_MAX + 1];	/* what was told of it */
	msec began_at, until, query_at;
	bool busy;			/* a request about it is on its way */
	bool picked_up;
	const char *outcome;		/* of its done; NULL = it goes on */
	enum reject class;
	char reason[400];
};

static void set_timer(struct http *);
static void take_early(struct http *, const char *ref);

static void
say_done(struct call *c)
{
	bool accepted = strcmp(c->outcome, "accepted") == 0;

	item_done(c->http, c->item, c->outcome, accepted && c->ref[0] ? c->ref : NULL, c->class,
		  c->reason[0] ? c->reason : NULL);
	TAILQ_REMOVE(&c->http->calls.list, c, link);
	free(c);
}

/* A request about it that is still on its way speaks of its item: then the done waits for that. */
static void
finish(struct call *c, const char *outcome, enum reject class, const char *reason)
{
	c->outcome = outcome;
	c->class = class;
	snprintf(c->reason, sizeof(c->reason), "%s", reason ? reason : "");
	if (!c->busy)
		say_done(c);
}

static void
tell(struct call *c, const char *state, const char *outcome, const char *digits)
{
	char took[TOLD_ID];

	kit_call_state(c->http->kit, c->item->id, &(struct kit_progress){
		.state = state, .outcome = outcome, .digits = digits, .took = told_took(c->http, took),
		.machine = c->machine[0] ? c->machine : NULL, .ms = timer_now() - c->began_at });
}

/* It is over; `outcome` in gongd's words. */
static void
end_call(struct call *c, const char *outcome)
{
	/* Providers that name only their own reference may tell the end before the key. */
	early_name(c->http, c->item->id, c->ref, c->item->to);
	tell(c, "ended", outcome, NULL);
	finish(c, "accepted", REJECT_NONE, kit_call_reason(outcome));
}

static void
end_without_news(struct call *c)
{
	if (c->doubt[0] && !c->picked_up)
		finish(c, "unknown", REJECT_NONE, c->doubt);
	else
		end_call(c, c->picked_up ? "answered" : "no_news");
}

/* "drop", "config" …: they did not even ring. */
static void
end_refused(struct call *c, enum reject class, const char *code)
{
	finish(c, "rejected", class, SAID(http_not_called, code));
}

/* The request is over, and so is the call if it ended meanwhile. */
static bool
has_ended(struct call *c)
{
	c->busy = false;
	if (!c->outcome)
		return false;
	say_done(c);
	return true;
}

/* What they answer is an item like those that they push, but does not always say whose call it
 * is: that is added where a callback has what its address says. */
static void
on_queried(void *ctx, const struct operation *op, struct item **items, size_t count,
	   const struct transfer_result *r)
{
	struct call *c = ctx;
	struct http *h = c->http;
	struct judgement judgement;
	json_t *body = answer_read(&h->profile, op, r, &judgement), *item;
	struct buf answer = { 0 };
	size_t i;

	if (json_is_object(body)) {
		json_object_set_new(body, "query", json_pack("{s:s}", "id", c->item->id));
		call_news(h, body, &answer);
	}
	json_array_foreach(body, i, item)
		call_news(h, item, &answer);
	buf_fini(&answer);
	json_decref(body);
	has_ended(c);
	set_timer(h);
	leave_when_idle(h);
}

static void
query(struct call *c)
{
	struct http *h = c->http;

	c->query_at = timer_now() + h->profile.call_query_ms;
	/* They are asked by their reference: there is none when the answer with it was lost. */
	if (!c->ref[0])
		return;
	c->busy = true;
	transfers_ask(h->transfers, &(struct transfer){
		.op = &h->profile.ops[OP_CALL_QUERY], .items = &c->item, .count = 1, .ref = c->ref,
		.ended = on_queried, .ctx = c });
}

static void
on_due(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;
	struct call *c = TAILQ_FIRST(&h->calls.list), *next;
	msec now = timer_now();

	for (; c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->busy)
			continue;
		if (c->until <= now)
			end_without_news(c);
		else if (c->query_at <= now)
			query(c);
	}
	set_timer(h);
	leave_when_idle(h);
}

static void
set_timer(struct http *h)
{
	msec next = NEVER;
	struct call *c;

	TAILQ_FOREACH(c, &h->calls.list, link)
		if (!c->busy)
			next = msec_min(next, msec_min(c->until, c->query_at));
	timer_at(&h->calls.timer, next);
}

struct placing {			/* the answer to a call's request */
	struct call *call;
	const struct transfer_result *result;
};

static void
on_judged(void *ctx, struct item **items, size_t count, struct judgement *o)
{
	struct placing *placing = ctx;
	struct call *c = placing->call;
	struct http *h = c->http;

	send_count_unlisted(h, o);
	send_note(h, placing->result, o);
	if (o->ref[0])
		snprintf(c->ref, sizeof(c->ref), "%s", o->ref);
	early_name(h, c->item->id, c->ref, c->item->to);
	take_early(h, c->ref);
	if (has_ended(c))
		return;
	if (o->verdict == VERDICT_REJECTED) {
		finish(c, "rejected", o->class, o->reason);
		return;
	}
	if (o->verdict == VERDICT_UNKNOWN)
		snprintf(c->doubt, sizeof(c->doubt), "%s", o->reason);
	c->query_at = profile_has(&h->profile, OP_CALL_QUERY) ? timer_now() + h->profile.call_query_ms
		: NEVER;
	set_timer(h);
}

static void
on_placed(void *ctx, const struct operation *op, struct item **items, size_t count,
	  const struct transfer_result *r)
{
	struct call *c = ctx;
	struct http *h = c->http;

	health_note_date(h, r->date);
	answer_judge(&h->profile, op, r, items, count, on_judged, &(struct placing){ c, r });
}

static struct item *
item_of(struct http *h, const struct kit_call *call, struct words *words)
{
	struct item *item = xcalloc(1, sizeof(*item));
	const char *key;
	json_t *meaning;
	size_t n = 0;

	*item = (struct item){ .words = words, .not_after = call->not_after, .slot = call->slot, .plays = call->plays,
			       .ring_ms = call->ring_ms, .sent_at = kit_now(), .urgent = true };
	memcpy(item->id, call->id, strlen(call->id) + 1);
	memcpy(item->to, call->to, strlen(call->to) + 1);
	json_object_foreach(call->keys, key, meaning)
		if (key[0] && !key[1] && n + 1 < sizeof(item->keys))
			item->keys[n++] = key[0];
	return item;
}

void
call_place(struct http *h, const struct kit_call *call)
{
	struct err err = { 0 };
	struct words *words;
	struct call *c;

	if (h->breaker.state == BREAKER_OPEN) {
		kit_done(h->kit, call->id, "withdrawn", NULL, 0, NULL,
			 WORD(http_given_back));
		return;
	}
	words = words_new(h, call->text ? call->text : "", &call->template, call->language, &err);
	if (!words) {
		kit_done(h->kit, call->id, "rejected", NULL, 0, reject_name(REJECT_RETRY_OTHER),
			 NEST(&err.said));
		return;
	}
	c = xcalloc(1, sizeof(*c));
	*c = (struct call){ .http = h, .item = item_of(h, call, words), .began_at = timer_now(),
			    .busy = true, .until = timer_now() + call->ring_ms + NEWS_WAIT_MS };
	TAILQ_INSERT_TAIL(&h->calls.list, c, link);
	early_name(h, c->item->id, "", c->item->to);
	/* As a question is asked: on slots of its own, and before the texts that wait for one. */
	transfers_ask(h->transfers, &(struct transfer){
		.op = &h->profile.ops[OP_CALL], .items = &c->item, .count = 1, .ended = on_placed,
		.ctx = c });
}

/* `to`: a call whose answer was lost has no reference yet, and is known by its number. */
static struct call *
find(struct http *h, const char *id, const char *ref, const char *to)
{
	struct call *c, *by_number = NULL;

	TAILQ_FOREACH(c, &h->calls.list, link) {
		if ((id && strcmp(c->item->id, id) == 0) ||
		    (ref && c->ref[0] && strcmp(c->ref, ref) == 0))
			return c;
		if (to && c->doubt[0] && !c->ref[0] && strcmp(c->item->to, to) == 0)
			by_number = c;
	}
	return ref && early_id(h, ref, NULL) ? NULL : by_number;
}

static const char *
meaning_of(const struct call_rule *rule, const char *state)
{
	const char *meaning = NULL;

	if (state)
		meaning = json_string_value(json_object_get(rule->states, state));
	return meaning || !state ? meaning : json_string_value(json_object_get(rule->states, "*"));
}

/* The call is over, or it goes on. */
static void
take_state(struct call *c, const char *meaning, const char *code)
{
	int class = reject_parse(meaning);

	if (strcmp(meaning, "ringing") == 0) {
		tell(c, "ringing", NULL, NULL);
	} else if (strcmp(meaning, "picked_up") == 0) {
		if (!c->picked_up)
			tell(c, "answered", NULL, NULL);
		c->picked_up = true;
	} else if (class > REJECT_NONE) {
		end_refused(c, (enum reject)class, code);
	} else if (strcmp(meaning, "ended") == 0) {
		end_call(c, c->picked_up ? "answered" : "no_answer");
	} else {
		end_call(c, meaning);
	}
}

/* What they hear next. */
static void
say(struct call *c, const struct call_rule *rule, bool wrong, struct buf *answer)
{
	const struct request_values values = { .items = &c->item, .count = 1, .now = kit_now(),
					       .country = c->http->profile.country };

	if (wrong && rule->has_wrong)
		request_render(&rule->wrong, &values, answer);
	else if (rule->has_answer)
		request_render(&rule->answer, &values, answer);
}

/* Providers push again, and name the keys once more when the call is over. */
static bool
is_told(struct call *c, const char *digits)
{
	size_t told = strlen(c->keys), len = strlen(digits);

	if (told >= len && strcmp(c->keys + told - len, digits) == 0)
		return true;
	snprintf(c->keys + told, sizeof(c->keys) - told, "%s", digits);
	return false;
}

static void
take_digits(struct call *c, const struct call_rule *rule, const char *digits, struct buf *answer)
{
	c->picked_up = true;
	if (digits[0] && !is_told(c, digits))
		tell(c, "answered", NULL, digits);
	say(c, rule, !digits[0] || !strchr(c->item->keys, digits[0]), answer);
}

/* News of a call that this process did not place (it was restarted): gongd knows it by our id. */
static void
take_orphan(struct http *h, const char *id, const char *meaning, const char *digits,
	    const char *machine)
{
	bool says_nothing = !meaning || strcmp(meaning, "ringing") == 0 || strcmp(meaning, "ended") == 0;
	bool progress = says_nothing || strcmp(meaning, "picked_up") == 0;
	char took[TOLD_ID];

	if (!id || strlen(id) >= KIT_ID || (!digits && says_nothing))
		return;
	kit_call_state(h->kit, id, &(struct kit_progress){
		.state = progress ? "answered" : "ended", .outcome = progress ? NULL : meaning,
		.digits = digits, .machine = machine, .took = told_took(h, took) });
}

/* Could it be of a call whose answer, with their reference, has not come yet? */
static bool
is_early(const struct http *h, const char *ref)
{
	const struct call *c;

	if (!ref)
		return false;
	if (early_has_nameless(h))
		return true;
	TAILQ_FOREACH(c, &h->calls.list, link)
		if (c->busy && !c->ref[0])
			return true;
	return false;
}

static void
tell_early(struct http *h, json_t *item)
{
	struct buf answer = { 0 };

	call_news(h, item, &answer);
	buf_fini(&answer);
}

static void
take_early(struct http *h, const char *ref)
{
	while (ref[0] && early_tell(h, ref, tell_early))
		;
}

static void
note_names(struct call *c, const char *ref, const char *machine)
{
	if (ref && !c->ref[0]) {
		snprintf(c->ref, sizeof(c->ref), "%s", ref);
		early_name(c->http, c->item->id, c->ref, c->item->to);
	}
	if (!machine)
		return;
	snprintf(c->machine, sizeof(c->machine), "%s", machine);
	answer_trim(c->machine);
}

/* The id of a call that is not here any more, from what was learned of its names; NULL = none. */
static const char *
named_early(struct http *h, const char *id, const char *ref, const char *to)
{
	id = id ? id : early_id(h, ref, to);
	if (id)
		early_name(h, id, ref, to);
	return id;
}

static void
take_news(struct http *h, const struct call_rule *rule, json_t *item, struct buf *answer)
{
	char rooms[5][64], plus[64];
	const char *id = pointer_text(&rule->id, item, rooms[0], 64);
	const char *ref = pointer_text(&rule->provider_id, item, rooms[1], 64);
	const char *digits = pointer_text(&rule->digits, item, rooms[2], 64);
	const char *state = pointer_text(&rule->state, item, rooms[3], 64);
	const char *machine = pointer_text(&rule->machine, item, rooms[4], 64);
	const char *to = profile_number_at(&h->profile, &rule->to, &rule->country, item, plus);
	const char *meaning = meaning_of(rule, state);
	struct call *c = find(h, id, ref, to);

	if (digits && (!digits[0] || strlen(digits) > KEYS_MAX) && !rule->has_wrong)
		digits = NULL;
	if (!c && ref)
		id = named_early(h, id, ref, to);
	if (!c && !id && is_early(h, ref)) {
		/* They may tell of a call before we are told what they call it. */
		early_keep(h, ref, item);
		return;
	}
	if (c && c->outcome) {
		take_orphan(h, c->item->id, NULL, digits, machine);
		return;
	}
	if (!c) {
		take_orphan(h, id, meaning, digits, machine);
		if (id && ref)
			take_early(h, ref);	/* now we know whose it was */
		return;
	}
	note_names(c, ref, machine);
	if (digits)
		take_digits(c, rule, digits, answer);
	else if (!rule->digits.count)
		say(c, rule, false, answer);
	if (meaning)
		take_state(c, meaning, state);
}

bool
call_news(struct http *h, json_t *item, struct buf *answer)
{
	const struct callback_rules *rules = &h->profile.callback;

	for (size_t i = 0; i < rules->call_count; i++)
		if (pointer_get(&rules->calls[i].has, item)) {
			take_news(h, &rules->calls[i], item, answer);
			return true;
		}
	return false;
}

/* News came, or is here from before: is its call known by now?  Of a call from before that has no
 * name the news itself may say the number; else it is kept again. */
static void
on_early_kept(struct http *h, const char *ref, bool is_old)
{
	if (find(h, NULL, ref, NULL) || early_id(h, ref, NULL))
		take_early(h, ref);
	else if (is_old && early_has_nameless(h))
		early_tell(h, ref, tell_early);
}

void
call_init(struct http *h)
{
	TAILQ_INIT(&h->calls.list);
	event_assign(&h->calls.timer, kit_base(h->kit), -1, 0, on_due, h);
	early_init(h, on_early_kept);
}

void
call_give_up(struct http *h)
{
	struct call *c, *next;

	event_del(&h->calls.timer);
	for (c = TAILQ_FIRST(&h->calls.list); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (has_ended(c))
			continue;
		if (!c->doubt[0])
			snprintf(c->doubt, sizeof(c->doubt), WORD(http_call_closing));
		end_without_news(c);
	}
}

void
call_fini(struct http *h)
{
	event_del(&h->calls.timer);
	early_fini(h);
}
