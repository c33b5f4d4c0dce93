/* decide.c -- what the desk decides about a text that came in: whose answer it is and how much it
 * says, that it is none, or what is written back.  gong judges for itself elsewhere (which.c); here
 * a person does, who says so in a note. */
#include "daemon/engine/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_TEMPLATE "notice.text"	/* of one's own words, which providers know, too */
#define ANSWER_VALID_MS MINUTES(30)

/* One decision under way. */
struct deciding {
	struct engine *e;
	const struct command *cmd;
	const struct inbox_request *q;
	struct inbox_text text;
	struct alert alert;		/* id 0: about none */
	char who[WHO_TEXT];
	struct err err;
};

static int
refuse_conflict(struct deciding *d, enum phrase phrase, const char *by, msec at)
{
	char when[WHEN_TEXT];

	return err_say_phrase(&d->err, REFUSED_CONFLICT, about(CONCEPT_AGAIN), phrase,
			      (const char *const[]){ NUM(d->text.id), by, engine_when(when, at) });
}

/* Who wrote may be known though his text belonged to nothing. */
static void
find_writer(struct deciding *d)
{
	uint32_t contacts[1];

	if (!d->text.contact && store_persons_by_number(d->e->store, d->text.e164, contacts, 1))
		d->text.contact = contacts[0];
}

/* The text, the alert it is to belong to, and the right to decide on it. */
static int
look_up(struct deciding *d)
{
	const struct inbox_request *q = d->q;
	struct store *store = d->e->store;
	bool there = store_inbox_get(store, q->inbox, &d->text);
	int64_t alert = q->alert ? q->alert : d->text.alert;

	if (!there)
		return err_say(&d->err, REFUSED_NOT_FOUND, about(CONCEPT_NONE), no_inbox, NUM(q->inbox));
	find_writer(d);
	if (alert && !store_alert_get(store, alert, &d->alert))
		return err_say(&d->err, REFUSED_INVALID, about(CONCEPT_ABOUT_ALERT), no_alert, NUM(alert));
	if (engine_may_decide(d->e, &d->cmd->by, &d->text, d->alert.id ? &d->alert : NULL, &d->err) < 0)
		return -1;
	engine_who(d->who, &d->cmd->by, q->name);
	return 0;
}

static int
check_undecided(struct deciding *d)
{
	if (!d->text.decided_at || d->q->again)
		return 0;
	return refuse_conflict(d, PHRASE_inbox_decided_before, d->text.decided_by, d->text.decided_at);
}

/* For whom the answer counts: a person who was called, or a place. */
static int
whose(struct deciding *d, struct answer *answer)
{
	const struct inbox_request *q = d->q;
	struct store *store = d->e->store;
	struct target t;

	if (!d->alert.id)
		return err_say(&d->err, REFUSED_INVALID, about(CONCEPT_ABOUT_ALERT), inbox_which_alert);
	if (q->contact) {
		struct person person;

		if (!store_person_by_ref(store, q->contact, &person))
			return err_say(&d->err, REFUSED_INVALID, about(CONCEPT_CONTACT), no_contact, q->contact);
		d->text.contact = person.id;
	}
	if (q->division) {
		if (!store_target_by_division(store, d->alert.id, q->division, &t))
			return err_say(&d->err, REFUSED_INVALID, about(CONCEPT_DIVISION), not_a_target,
				       NUM(d->alert.id));
		if (t.contact)
			return err_say(&d->err, REFUSED_INVALID, about(CONCEPT_CONTACT), each_for_himself,
				       NUM(d->alert.id));
		if (engine_still_here(d->e, &d->alert, t.moved_to, CONCEPT_DIVISION, &d->err) < 0)
			return -1;
		answer->division = q->division;
	} else if (!d->text.contact) {
		return err_say(&d->err, REFUSED_INVALID, about(CONCEPT_CONTACT), inbox_for_whom);
	} else {
		answer->contact = d->text.contact;
	}
	if (q->level && answer->contact &&
	    engine_still_here(d->e, &d->alert, store_called_moved_to(store, d->alert.id, answer->contact),
			      CONCEPT_CONTACT, &d->err) < 0)
		return -1;
	if (q->level && answer->contact &&
	    store_called_lowest(store, answer->contact, d->alert.id) == LEVEL_COUNT) {
		struct person person = { .ref = "" };

		store_person_by_id(store, answer->contact, &person);
		return err_say(&d->err, REFUSED_INVALID, about(CONCEPT_CONTACT), not_called, person.ref,
			       NUM(d->alert.id));
	}
	return engine_may_answer(d->e, &d->cmd->by, &d->alert, answer->division, answer->contact, &d->err);
}

/* A place's answer names who wrote: a person's name, or his number. */
static void
name_writer(struct deciding *d, struct answer *answer, struct person *person, char phone[PHONE_TEXT])
{
	if (answer->contact)
		return;
	if (d->text.contact && store_person_by_id(d->e->store, d->text.contact, person)) {
		answer->name = person->name;
		return;
	}
	phone_mask(phone, d->text.e164);
	answer->name = phone;
}

static void
write_down(struct deciding *d, const char *action, const char *what)
{
	struct buf detail = { 0 };

	buf_printf(&detail, "{\"inbox\":%lld,\"alert\":%lld,\"name\":", (long long)d->text.id,
		   (long long)d->alert.id);
	buf_json(&detail, d->q->name);
	buf_puts(&detail, ",\"note\":");
	buf_json(&detail, what);
	buf_puts(&detail, "}");
	store_audit(d->e->store, d->e->now, d->cmd->by.name, action, detail.data);
	buf_fini(&detail);
}

/* The task that its words opened is done with the last of them. */
static void
close_task(struct deciding *d)
{
	if (d->text.task && store_inbox_task_done(d->e->store, &d->text))
		store_task_close(d->e->store, d->text.task, d->who, d->q->note, d->e->now);
}

static void
decided(struct deciding *d, const char *meaning, int level)
{
	struct inbox_decision decision = { .meaning = meaning, .level = level, .by = d->who,
					   .note = d->q->note, .at = d->e->now };

	d->text.alert = d->alert.id;
	store_inbox_decide(d->e->store, &d->text, &decision);
	close_task(d);
}

static void
reply(struct deciding *d, struct buf *json)
{
	buf_json(json, d->who);
	buf_printf(json, ",\"at\":%lld}", (long long)d->e->now);
	engine_reply(d->e, d->cmd->reply_to, REPLY_DONE, json);
}

static int
assign(struct deciding *d)
{
	struct engine *e = d->e;
	struct answer answer = { .at = e->now, .source = SOURCE_DESK, .kind = d->q->kind,
				 .level = d->q->level, .text = d->text.text, .note = d->q->note };
	char phone[PHONE_TEXT];
	unsigned *targets = NULL;
	struct buf json = { 0 };
	struct person person;

	if (check_undecided(d) < 0 || whose(d, &answer) < 0)
		return -1;
	answer.alert = d->alert.id;
	answer.step = (int)d->alert.step;
	name_writer(d, &answer, &person, phone);
	if (answer.contact)
		answer.target_count = engine_counts_for(e, d->alert.id, answer.contact, NULL, 0,
							&targets);
	answer.targets = targets;
	/* Words that say nothing of a level were just read by somebody: no task asks to read them. */
	if (answer.kind == ANSWER_NONE)
		store_answer_insert(e->store, &answer);
	else
		engine_raise(e, &d->alert, &answer);
	free(targets);
	decided(d, answer_kind_name(answer.kind), answer.level);
	write_down(d, "inbox.assign", d->q->note);
	engine_event(e, d->alert.id, "inbox_assigned", "{\"inbox\":%lld,\"kind\":\"%s\",\"level\":%d,"
		     "\"contact\":%u}", (long long)d->text.id, answer_kind_name(answer.kind),
		     answer.level, answer.contact);
	buf_printf(&json, "{\"inbox\":%lld,\"alert\":%lld,\"alert_code\":\"%s\",\"level\":%d,"
		   "\"decided_by\":", (long long)d->text.id, (long long)d->alert.id, d->alert.code,
		   answer.level);
	reply(d, &json);
	return 0;
}

static int
ignore(struct deciding *d)
{
	struct buf json = { 0 };

	if (check_undecided(d) < 0)
		return -1;
	decided(d, NULL, 0);
	write_down(d, "inbox.ignore", d->q->note);
	buf_printf(&json, "{\"inbox\":%lld,\"ignored\":true,\"decided_by\":", (long long)d->text.id);
	reply(d, &json);
	return 0;
}

/* The text as it is stored and sent; 0: refused. */
static int64_t
render(struct deciding *d, const struct person *person, int64_t *document, unsigned *parts)
{
	struct pair text = { .name = (char *)"text", .value = d->q->text };
	struct alert_request request = { .params = &text, .param_count = 1 };
	struct text_place place = { .alert = &d->alert, .request = &request, .person = person->name };

	*document = engine_document(d->e, "template", ANSWER_TEMPLATE);
	place.template = engine_template(d->e, *document);
	if (!place.template)
		return err_say(&d->err, REFUSED_INVALID, about(CONCEPT_TEXT), no_template,
			       ANSWER_TEMPLATE), 0;
	if (engine_check_texts(d->e, &request, place.template, NULL, 0, &d->err) < 0)
		return err_about(&d->err, about(CONCEPT_TEXT)), 0;
	return engine_variant(d->e, &place, person->lang, CHANNEL_SMS, parts, &d->err);
}

/* The number that wrote, while somebody in the lists has it: >= 0.  To another only a person may decide
 * to write, by name, who says why: -1 and *person says how to address it, or who refuses.  -2: refused. */
static int
addressee(struct deciding *d, struct person *person)
{
	struct store *store = d->e->store;
	int number = d->text.contact ? store_number_place(store, d->text.contact, d->text.e164) : -1;
	bool known = d->text.contact && store_person_by_id(store, d->text.contact, person);

	if (known && number >= 0)
		return number;
	if (!d->q->name || !d->q->note)
		return err_say(&d->err, REFUSED_INVALID, about(d->q->name ? CONCEPT_NOTE : CONCEPT_NAME),
			       inbox_nobody), -2;
	if (!known)
		*person = (struct person){ .lang = d->e->settings->default_lang };
	phone_mask(person->name, d->text.e164);
	return -1;
}

/* It is in no list, nor in any audience: no post, not active.  What it writes back is found by it. */
static uint32_t
new_contact(struct deciding *d, const struct person *person)
{
	uint64_t numbers[4] = { d->text.e164 };
	char ref[32];

	snprintf(ref, sizeof(ref), "inbox-%lld", (long long)d->text.id);
	store_audit(d->e->store, d->e->now, d->cmd->by.name, "contact.from_inbox", ref);
	return store_person_put(d->e->store, ref, person->name, person->lang, false, numbers, 1, 1);
}

static int
write_back(struct deciding *d)
{
	struct engine *e = d->e;
	unsigned parts = 1;
	struct buf json = { 0 };
	struct person person;
	struct single single = { .kind = WAVE_REPLY, .valid_ms = ANSWER_VALID_MS };
	int number;

	if (d->text.answered_at && !d->q->again)
		return refuse_conflict(d, PHRASE_inbox_answered_before, d->text.answered_by,
				       d->text.answered_at);
	number = addressee(d, &person);
	if (number == -2)
		return -1;
	if (!d->alert.id)
		return err_say(&d->err, REFUSED_INVALID, about(CONCEPT_ABOUT_ALERT), inbox_which_alert);
	single.variant = render(d, &person, &single.template, &parts);
	if (!single.variant)
		return -1;
	if (number < 0)
		d->text.contact = new_contact(d, &person);
	single.contact = d->text.contact;
	single.number = number < 0 ? 0 : (unsigned)number;
	store_inbox_answered(e->store, d->text.id, d->who, e->now);
	write_down(d, "inbox.answer", d->q->text);
	engine_event(e, d->alert.id, "inbox_answered", "{\"inbox\":%lld,\"contact\":%u}",
		     (long long)d->text.id, d->text.contact);
	buf_printf(&json, "{\"inbox\":%lld,\"wave\":%lld,\"parts\":%u,\"answered_by\":",
		   (long long)d->text.id, (long long)engine_single(e, &d->alert, &single), parts);
	reply(d, &json);
	return 0;
}

static void
decide(struct engine *e, struct command *cmd, int (*act)(struct deciding *))
{
	struct deciding d = { .e = e, .cmd = cmd, .q = cmd->inbox };

	if (look_up(&d) < 0 || act(&d) < 0)
		engine_refuse(e, cmd->reply_to, &d.err);
	free(d.text.text);
}

void
engine_inbox_assign(struct engine *e, struct command *cmd)
{
	decide(e, cmd, assign);
}

void
engine_inbox_ignore(struct engine *e, struct command *cmd)
{
	decide(e, cmd, ignore);
}

void
engine_inbox_answer(struct engine *e, struct command *cmd)
{
	decide(e, cmd, write_back);
}
