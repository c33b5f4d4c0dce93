/* answer.c -- what people say: which request it answers, what it means, what they hear back. */
#include "daemon/engine/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/reply.h"

#define CANDIDATES 64

struct brake {				/* automatic replies to one number */
	msec hour_at;
	unsigned count;
};

static bool
brake_allows(struct engine *e, uint64_t e164)
{
	struct brake *b = table_get(&e->brakes, e164);

	if (!b)
		table_put(&e->brakes, e164, b = xcalloc(1, sizeof(*b)));
	if (e->now - b->hour_at >= HOURS(1) || e->now < b->hour_at)
		*b = (struct brake){ .hour_at = e->now };
	return b->count++ < e->settings->auto_replies_per_hour;
}

struct old_brakes {
	msec now;
	struct table kept;
};

static void
keep_brake(void *ctx, uint64_t e164, void *value)
{
	struct old_brakes *old = ctx;
	struct brake *b = value;

	if (old->now - b->hour_at < HOURS(1))
		table_put(&old->kept, e164, b);
	else
		free(b);
}

/* Numbers that have been quiet for an hour are forgotten. */
void
engine_brakes_trim(struct engine *e)
{
	struct old_brakes old = { .now = e->now };

	table_each(&e->brakes, keep_brake, &old);
	table_fini(&e->brakes, NULL);
	e->brakes = old.kept;
}

static void
shift_brake(void *ctx, uint64_t key, void *value)
{
	((struct brake *)value)->hour_at += *(msec *)ctx;
}

void
engine_brakes_shift(struct engine *e, msec by)
{
	table_each(&e->brakes, shift_brake, &by);
}

struct candidate {
	struct alert alert;
	uint32_t contact;
	bool open;
	bool heard;			/* this person has confirmed it already */
};

/* Open before closed; among open ones real before drill, then severity, then newest; among
 * closed ones the newest.  Of people who share a telephone, whoever has not answered yet. */
static bool
goes_before(const struct candidate *a, const struct candidate *b)
{
	if (a->open != b->open)
		return a->open;
	if (a->open && a->alert.drill != b->alert.drill)
		return b->alert.drill;
	if (a->open && a->alert.severity != b->alert.severity)
		return a->alert.severity > b->alert.severity;
	if (a->alert.id == b->alert.id)
		return !a->heard && b->heard;
	return a->alert.id > b->alert.id;
}

static void
consider(struct engine *e, uint32_t contact, const char *code, struct candidate *best,
	 bool *found)
{
	int64_t alerts[CANDIDATES];
	size_t count = store_called_alerts(e->store, contact, alerts, CANDIDATES / 2);

	/* Helpers and households are no targets, but their answers are kept too. */
	count += store_told_alerts(e->store, contact, alerts + count, CANDIDATES - count);
	for (size_t i = 0; i < count; i++) {
		struct candidate c = { .contact = contact };

		if (!store_alert_get(e->store, alerts[i], &c.alert) ||
		    (*code && strcmp(c.alert.code, code) != 0) ||
		    !store_was_handed_over(e->store, c.alert.id, contact))
			continue;
		c.open = alert_is_open(c.alert.state) && c.alert.expires_at > e->now;
		c.heard = store_has_answered(e->store, c.alert.id, contact);
		if (!*found || goes_before(&c, best)) {
			*best = c;
			*found = true;
		}
	}
}

/* Cancelled or expired, or about to be. */
static bool
is_over(const struct candidate *c)
{
	return !c->open && c->alert.state != ALERT_SATISFIED;
}

static void
thank(struct engine *e, const struct candidate *c, uint64_t e164, bool over)
{
	struct alert a;
	struct person person;

	if (!brake_allows(e, e164) || !store_person_by_id(e->store, c->contact, &person))
		return;
	store_alert_get(e->store, c->alert.id, &a);
	engine_send_one(e, &a, WAVE_REPLY, c->contact, person.lang,
			over ? "ack.late" : "ack.thanks");
}

static bool
is_helper(struct engine *e, const struct candidate *c)
{
	return store_called_lowest(e->store, c->contact, c->alert.id) == LEVEL_COUNT;
}

static void
take_answer(struct engine *e, struct candidate *c, enum answer_source source,
	    enum answer_kind kind, int level, const char *text)
{
	struct answer answer = {
		.alert = c->alert.id, .contact = c->contact, .at = e->now, .source = source,
		.kind = kind, .level = level, .step = (int)c->alert.step,
		.helper = is_helper(e, c), .text = text,
	};

	engine_raise(e, &c->alert, &answer);
}

static void
opt_out(struct engine *e, const uint32_t *contacts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		store_opt_out(e->store, contacts[i]);
		store_audit(e->store, e->now, "inbound", "contact.opt_out", "");
	}
}

static void
read_reply(struct engine *e, struct command *cmd, int64_t inbound, const uint32_t *contacts,
	   size_t count)
{
	struct candidate best = { 0 };
	struct reply reply = { .token = "" };
	enum answer_kind kind = ANSWER_ANSWERED;
	int level = LEVEL_ANSWERED;
	bool found = false, known = true, heard_before;

	if (cmd->inbound.text)
		reply_parse(&reply, cmd->inbound.text);
	if (reply.opt_out) {
		opt_out(e, contacts, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		consider(e, contacts[i], reply.code, &best, &found);
	if (!found) {
		e->stats.inbound_unmatched++;
		engine_log(e, LOG_WARNING, "inbound matches no request id=%lld", (long long)inbound);
		return;
	}
	store_inbound_matched(e->store, inbound, best.contact, best.alert.id);
	if (cmd->inbound.text)
		known = reply_meaning(engine_template(e, store_template_heard(e->store,
				      best.alert.id, best.contact)), reply.token, &kind, &level);
	if (!known) {
		kind = ANSWER_NONE;
		level = 0;
	}
	/* What is over is answered once. */
	heard_before = is_over(&best) && best.alert.closed_at != NEVER &&
		store_has_answered_since(e->store, best.alert.id, best.contact,
					 best.alert.closed_at);
	take_answer(e, &best, cmd->inbound.text ? SOURCE_SMS : SOURCE_MISSED_CALL, kind, level,
		    cmd->inbound.text);
	if (known && cmd->inbound.text && !heard_before)
		thank(e, &best, cmd->inbound.from, is_over(&best));
}

void
engine_inbound(struct engine *e, struct command *cmd)
{
	struct effect *took = effect_new(EFFECT_TOOK, cmd->route);
	uint32_t contacts[64];
	int64_t id;
	size_t count;

	took->took = xstrdup(cmd->inbound.driver_id);
	engine_effect(e, took);
	if (!store_inbound_put(e->store, cmd->route, cmd->inbound.driver_id,
			       cmd->inbound.from, cmd->inbound.text, cmd->inbound.at, e->now, &id))
		return;
	if (cmd->inbound.text && engine_canary_returns(e, cmd->inbound.text))
		return;
	count = store_persons_by_number(e->store, cmd->inbound.from, contacts, 64);
	if (count)
		read_reply(e, cmd, id, contacts, count);
	else
		e->stats.inbound_unmatched++;
}

/* Picked up, says the driver, be it about an earlier attempt, in the driver's life before this. */
static void
picked_up(struct engine *e, struct live_wave *lw, struct message *m, unsigned attempt,
	  struct candidate *c)
{
	if (m->state == MESSAGE_DELIVERED)
		return;
	/* gongd may be gone before the route's own word for it comes. */
	if (m->state == MESSAGE_SENDING && attempt == m->attempt)
		store_attempt_insert(e->store, m, e->now, OUTCOME_ACCEPTED, REJECT_NONE, 0, NULL,
				     WORD(call_was_answered));
	engine_message_event(e, lw, m, MESSAGE_ON_RECEIPT_DELIVERED);
	take_answer(e, c, SOURCE_CALL, ANSWER_ANSWERED, LEVEL_ANSWERED, NULL);
}

/* What the network thinks who picked up is written down; nothing is concluded from it. */
static void
note_machine(struct engine *e, const struct message *m, unsigned attempt, const char *machine)
{
	char text[64];

	snprintf(text, sizeof(text), "detected: %s", machine);
	store_attempt_note(e->store, m->wave, m->contact, attempt, text);
}

void
engine_call(struct engine *e, struct command *cmd)
{
	uint32_t wave = message_id_wave(cmd->call.id);
	struct live_wave *lw = engine_wave(e, wave);
	struct candidate c = { .contact = message_id_contact(cmd->call.id) };
	const char *digits = cmd->call.digits ? cmd->call.digits : "";
	const char *outcome = cmd->call.outcome ? cmd->call.outcome : "";
	enum answer_kind kind;
	struct message m;
	unsigned attempt;
	int level;

	if (!lw || !store_alert_get(e->store, lw->w.alert, &c.alert) ||
	    !store_message_get(e->store, wave, c.contact, lw->w.channel, &m) ||
	    !(attempt = engine_which_attempt(&m, cmd->call.id)))
		return;
	engine_route_moved(e, engine_route(e, cmd->route));
	if (cmd->call.state == CALL_ANSWERED ||
	    (cmd->call.state == CALL_ENDED && strcmp(outcome, "answered") == 0))
		picked_up(e, lw, &m, attempt, &c);
	if (cmd->call.machine)
		note_machine(e, &m, attempt, cmd->call.machine);
	for (; *digits; digits++) {
		char token[2] = { *digits, '\0' };

		if (!reply_meaning(engine_template(e, lw->w.template), token, &kind, &level))
			continue;
		store_alert_get(e->store, lw->w.alert, &c.alert);
		take_answer(e, &c, SOURCE_KEY, kind, level, token);
	}
}

void
engine_desk_answer(struct engine *e, struct command *cmd)
{
	const struct answer_request *q = cmd->answer;
	struct answer answer = { .alert = q->alert, .at = e->now, .source = SOURCE_DESK,
				 .kind = q->kind, .level = q->level, .name = q->name,
				 .note = q->note, .division = q->division };
	struct err err = { 0 };
	struct buf json = { 0 };
	struct person person;
	struct target t;
	struct alert a;
	bool known;

	if (!store_alert_get(e->store, q->alert, &a)) {
		err_say(&err, REFUSED_NOT_FOUND, about(CONCEPT_ALERT), no_alert, NUM(q->alert));
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	known = q->contact && store_person_by_ref(e->store, q->contact, &person);
	if (engine_may_answer(e, &cmd->by, &a, q->division, known ? person.id : 0, &err) < 0) {
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	if (q->contact) {
		if (!known ||
		    store_called_lowest(e->store, person.id, a.id) == LEVEL_COUNT) {
			err_say(&err, REFUSED_INVALID, about(CONCEPT_CONTACT), not_called,
				q->contact, NUM(a.id));
			engine_refuse(e, cmd->reply_to, &err);
			return;
		}
		answer.contact = person.id;
	} else if (!store_target_by_division(e->store, a.id, q->division, &t)) {
		err_say(&err, REFUSED_INVALID, about(CONCEPT_DIVISION), not_a_target, NUM(a.id));
		engine_refuse(e, cmd->reply_to, &err);
		return;
	} else if (t.contact) {
		err_say(&err, REFUSED_INVALID, about(CONCEPT_CONTACT), each_for_himself,
			NUM(a.id));
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	engine_raise(e, &a, &answer);
	store_audit(e->store, e->now, cmd->by.name, "alert.ack", q->note ? q->note : "");
	buf_printf(&json, "{\"alert\":%lld,\"level\":%d}", (long long)a.id, q->level);
	engine_reply(e, cmd->reply_to, REPLY_DONE, &json);
}
