/* health.c -- what gongd is told of the provider: does it answer, is our clock right by theirs,
 * how much money is left; and the alarms that follow. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/http/http.h"

#define BALANCE_EVERY_S 600

static void
add_alarms(json_t *alarms, const struct http *h)
{
	const struct health *s = &h->health;
	long long seconds = (long long)(s->skew_ms < 0 ? -s->skew_ms : s->skew_ms) / 1000;
	char balance[32], low[32];

	if (s->clock_alarm && s->skew_ms < 0)
		kit_alarm(alarms, "clock", clock_ahead, NUM(seconds));
	else if (s->clock_alarm)
		kit_alarm(alarms, "clock", clock_behind, NUM(seconds));
	if (s->pull_alarm && s->no_room)
		kit_alarm(alarms, "pull", pull_no_room, s->pull_reason);
	else if (s->pull_alarm)
		kit_alarm(alarms, "pull", pull_failing, s->pull_reason);
	if (h->telling.unread_count)
		kit_alarm(alarms, "pull_unread", pull_unread, NUM((long long)h->telling.unread_count));
	if (profile_has(&h->profile, OP_PULL) || profile_has(&h->profile, OP_CALL))
		kit_journal_alarms(h->kit, alarms);
	if (!s->balance_alarm)
		return;
	snprintf(balance, sizeof(balance), "%.2f", s->balance);
	snprintf(low, sizeof(low), "%.2f", h->profile.balance_low);
	kit_alarm(alarms, "balance", balance_low, balance, low);
}

void
health_tell(struct http *h)
{
	const struct health *s = &h->health;
	json_t *alarms = json_array(), *event = json_pack("{s:s,s:b}", "ev", "health", "ok",
								!s->ill && !s->clock_alarm);

	if (s->ill)
		json_object_set_new(event, "note", json_string(ENGLISH(s->note)));
	if (s->has_skew)
		json_object_set_new(event, "clock_skew_ms", json_integer(s->skew_ms));
	if (s->has_balance)
		json_object_set_new(event, "balance", json_real(s->balance));
	add_alarms(alarms, h);
	if (json_array_size(alarms))
		json_object_set(event, "alarms", alarms);
	json_decref(alarms);
	kit_event(h->kit, event);
}

void
health_note_silence(struct http *h, bool ill, const char *reason)
{
	struct health *s = &h->health;

	if (s->ill == ill)
		return;
	s->ill = ill;
	snprintf(s->note, sizeof(s->note), "%s", reason);
	if (ill)
		kit_log("provider is silent host=%s reason=\"%s\"", h->profile.host, ENGLISH(reason));
	else
		kit_log("provider answers again host=%s", h->profile.host);
	health_tell(h);
}

void
health_note_date(struct http *h, msec date)
{
	struct health *s = &h->health;
	bool was = s->clock_alarm;

	if (!date)
		return;
	/* Their header has whole seconds, cut off. */
	s->skew_ms = date + 500 - kit_now();
	s->clock_alarm = llabs(s->skew_ms) > CLOCK_SKEW_MAX_MS;
	if (!s->has_skew || s->clock_alarm != was) {
		s->has_skew = true;
		if (s->clock_alarm != was) {
			kit_log("clock %s ms=%lld", s->clock_alarm ? "is off by theirs" : "is right again",
				(long long)s->skew_ms);
			keep_write(h);
		}
		health_tell(h);
	}
}

void
health_note_balance(struct http *h, double balance)
{
	struct health *s = &h->health;
	bool was = s->balance_alarm, first = !s->has_balance;

	s->has_balance = true;
	s->balance = balance;
	s->balance_alarm = balance < h->profile.balance_low;
	if (s->balance_alarm != was)
		keep_write(h);
	if (first || s->balance_alarm != was)
		health_tell(h);
}

void
health_note_pull(struct http *h, const char *reason, bool no_room)
{
	struct health *s = &h->health;

	if (s->pull_alarm == (reason != NULL) && s->no_room == no_room)
		return;
	s->no_room = no_room;
	s->pull_alarm = reason != NULL;
	snprintf(s->pull_reason, sizeof(s->pull_reason), "%s", reason ? reason : "");
	answer_trim(s->pull_reason);
	keep_write(h);
	health_tell(h);
}

static void
on_minute(evutil_socket_t fd, short what, void *ctx)
{
	health_tell(ctx);
}

/* One package: what was bought, less what is used of it. */
static bool
read_left(const struct balance_rules *b, json_t *in, double *out)
{
	double used = 0, until;

	if (!option_as_number(pointer_get(&b->pointer, in), out))
		return false;
	if (b->minus.count && !option_as_number(pointer_get(&b->minus, in), &used))
		return false;
	*out -= used;
	if (option_as_number(pointer_get(&b->until, in), &until) && until * 1000 < (double)kit_now())
		*out = 0;
	return true;
}

bool
health_read_balance(const struct balance_rules *b, json_t *body, double *out)
{
	json_t *list = b->list.count ? pointer_get(&b->list, body) : NULL, *one;
	double left;
	size_t i;

	if (!b->list.count)
		return read_left(b, body, out);
	*out = 0;
	json_array_foreach(list, i, one) {
		if (!read_left(b, one, &left))
			return false;
		*out += left;
	}
	return json_is_array(list);
}

static void
on_balance(void *ctx, const struct operation *op, struct item **items, size_t count,
	   const struct transfer_result *r)
{
	struct http *h = ctx;
	struct judgement judgement;
	json_t *body = answer_read(&h->profile, op, r, &judgement);
	double balance;

	health_note_date(h, r->date);
	if (body && health_read_balance(&h->profile.balance, body, &balance))
		health_note_balance(h, balance);
	else
		kit_log("balance cannot be read reason=\"%s\"", body ? "no number at balance/pointer"
			: ENGLISH(judgement.reason));
	json_decref(body);
	leave_when_idle(h);
}

static void
on_balance_due(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;

	event_add(&h->health.balance_timer, &(struct timeval){ BALANCE_EVERY_S, 0 });
	transfers_ask(h->transfers, &(struct transfer){ .op = &h->profile.ops[OP_BALANCE],
							.ended = on_balance, .ctx = h });
}

void
health_init(struct http *h)
{
	event_assign(&h->health.minute, kit_base(h->kit), -1, EV_PERSIST, on_minute, h);
	event_add(&h->health.minute, &(struct timeval){ 60, 0 });
	event_assign(&h->health.balance_timer, kit_base(h->kit), -1, 0, on_balance_due, h);
	if (profile_has(&h->profile, OP_BALANCE))
		event_add(&h->health.balance_timer, &(struct timeval){ 0, 0 });
}

void
health_fini(struct http *h)
{
	event_del(&h->health.minute);
	event_del(&h->health.balance_timer);
}
