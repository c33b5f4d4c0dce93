/* answer.c -- an answer is booked: what is pressed in a call, or entered at the desk. */
#include "daemon/engine/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t
engine_take_answer(struct engine *e, struct alert *a, uint32_t contact, const struct word *word)
{
	struct answer answer = {
		.alert = a->id, .contact = contact, .at = e->now, .source = word->source,
		.kind = word->kind, .level = word->level, .step = (int)a->step, .text = word->text,
		.helper = !store_was_called(e->store, contact, a->id),
		.wave = word->wave, .minutes = word->minutes,
	};
	unsigned *targets;
	int64_t task;

	answer.target_count = engine_counts_for(e, a->id, contact, word->texts, word->text_count,
						&targets);
	answer.targets = targets;
	task = engine_raise(e, a, &answer);
	free(targets);
	if (word->kind == ANSWER_HELP)
		engine_help_told(e, a, contact, 0, word->source == SOURCE_SMS ? word->text : "");
	return task;
}

void
engine_keep_words(struct engine *e, const struct alert *a, uint32_t contact, uint32_t wave,
		  enum answer_kind kind, const char *text)
{
	struct answer answer = {
		.alert = a->id, .contact = contact, .at = e->now, .source = SOURCE_SMS,
		.kind = kind, .step = (int)a->step, .text = text, .wave = wave,
	};

	store_answer_insert(e->store, &answer);
	engine_event(e, a->id, "words", "{\"contact\":%u}", contact);
}

/* Picked up, says the driver, be it about an earlier attempt, in the driver's life before this. */
static void
picked_up(struct engine *e, struct live_wave *lw, struct message *m, unsigned attempt,
	  struct alert *a)
{
	struct word word = { .source = SOURCE_CALL, .kind = ANSWER_ANSWERED, .level = LEVEL_ANSWERED,
			     .wave = m->wave, .texts = &m->variant, .text_count = 1 };

	if (m->state == MESSAGE_DELIVERED)
		return;
	if (attempt == m->attempt && !a->test)
		store_number_good(e->store, m->e164, e->now);
	/* gongd may be gone before the route's own word for it comes. */
	if (m->state == MESSAGE_SENDING && attempt == m->attempt)
		store_attempt_insert(e->store, m, e->now, OUTCOME_ACCEPTED, REJECT_NONE, 0, NULL,
				     WORD(call_was_answered));
	engine_message_event(e, lw, m, MESSAGE_ON_RECEIPT_DELIVERED);
	engine_take_answer(e, a, m->contact, &word);
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
	uint32_t contact = message_id_contact(cmd->call.id);
	const char *digits = cmd->call.digits ? cmd->call.digits : "";
	const char *outcome = cmd->call.outcome ? cmd->call.outcome : "";
	struct word word = { .source = SOURCE_KEY, .wave = wave, .text_count = 1 };
	struct alert a;
	struct message m;
	unsigned attempt;

	engine_took(e, cmd->route, cmd->call.driver_id);
	if (!lw || !store_alert_get(e->store, lw->w.alert, &a) ||
	    !store_message_get(e->store, wave, contact, lw->w.channel, &m) ||
	    !(attempt = engine_which_attempt(&m, cmd->call.id)) ||
	    !engine_is_from(e, &m, attempt, engine_route(e, cmd->route), 0, false))
		return;
	engine_route_moved(e, engine_route(e, cmd->route));
	if (cmd->call.state == CALL_ANSWERED ||
	    (cmd->call.state == CALL_ENDED && strcmp(outcome, "answered") == 0))
		picked_up(e, lw, &m, attempt, &a);
	if (cmd->call.machine)
		note_machine(e, &m, attempt, cmd->call.machine);
	word.texts = &m.variant;
	for (; *digits; digits++) {
		char token[2] = { *digits, '\0' };

		if (!reply_meaning(engine_template(e, lw->w.template), token, &word.kind, &word.level))
			continue;
		/* Until its driver has heard `took`, it may tell it again. */
		if (cmd->call.driver_id && store_has_pressed(e->store, a.id, contact, wave, token))
			continue;
		word.text = token;
		store_alert_get(e->store, lw->w.alert, &a);
		engine_take_answer(e, &a, contact, &word);
	}
}

int
engine_still_here(struct engine *e, const struct alert *a, int64_t moved_to, enum concept concept,
		  struct err *err)
{
	struct alert heir;

	if (!moved_to || !store_alert_get(e->store, moved_to, &heir))
		return 0;
	return err_say(err, REFUSED_CONFLICT, about(concept), answer_moved, a->code, heir.code);
}

/* For whom the desk's answer counts, in `answer` and *targets; the caller frees these. */
static int
desk_counts_for(struct engine *e, const struct alert *a, const struct answer_request *q, uint32_t contact,
		struct answer *answer, unsigned **targets, struct err *err)
{
	struct target t;

	if (q->contact) {
		if (!contact || !store_was_called(e->store, contact, a->id))
			return err_say(err, REFUSED_INVALID, about(CONCEPT_CONTACT), not_called, q->contact,
				       NUM(a->id));
		answer->contact = contact;
		answer->target_count = engine_counts_for(e, a->id, contact, NULL, 0, targets);
		return engine_still_here(e, a, store_called_moved_to(e->store, a->id, contact),
					 CONCEPT_CONTACT, err);
	}
	if (!store_target_by_division(e->store, a->id, q->division, &t))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_DIVISION), not_a_target, NUM(a->id));
	if (t.contact)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_CONTACT), each_for_himself, NUM(a->id));
	return engine_still_here(e, a, t.moved_to, CONCEPT_DIVISION, err);
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
	struct alert a;
	unsigned *targets = NULL;
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
	if (desk_counts_for(e, &a, q, known ? person.id : 0, &answer, &targets, &err) < 0) {
		engine_refuse(e, cmd->reply_to, &err);
		free(targets);
		return;
	}
	answer.targets = targets;
	engine_raise(e, &a, &answer);
	free(targets);
	store_audit(e->store, e->now, cmd->by.name, "alert.ack", q->note ? q->note : "");
	buf_printf(&json, "{\"alert\":%lld,\"level\":%d,\"counts\":%s}", (long long)a.id, q->level,
		   a.state == ALERT_CANCELLED || a.state == ALERT_EXPIRED ? "false" : "true");
	engine_reply(e, cmd->reply_to, REPLY_DONE, &json);
}
