/* aside.c -- what ended gongd three times, lies on a damaged page or met a fault of gong's own: it is
 * left alone, everything else goes on, and people hear what they must do instead. */
#include "daemon/engine/outcome.h"

#include <stdio.h>

#include "core/phone.h"
#include "daemon/store/check.h"

/* What an outcome is written to. */
#define MESSAGE_TABLES (TABLE_BIT(TABLE_MESSAGE) | TABLE_BIT(TABLE_ATTEMPT) | TABLE_BIT(TABLE_WAVE) | \
			TABLE_BIT(TABLE_RECEIPT_KEY))

static const char *
because(enum aside_cause cause)
{
	switch (cause) {
	case ASIDE_DEADLY:
		return "it ended gongd three times";
	case ASIDE_DAMAGED:
		return "the store is damaged where it is needed";
	case ASIDE_FAULTY:
		return "a fault of gong's own";
	}
	return "";
}

/* The duty officer hears of the first one; while its task is open, the desk knows already. */
void
engine_tell_fault(struct engine *e, int64_t alert, const struct said *said)
{
	bool first = !e->hand.faults;

	engine_fault_task(e, alert, said);
	if (first && e->hand.faults)
		engine_alarm_gong(e, "fault", said);
}

/* -- commands -- */

static enum aside_cause
cause_of(const struct command *cmd)
{
	switch (cmd->aside) {
	case COMMAND_UNREADABLE:
		return ASIDE_DAMAGED;
	case COMMAND_FAULTY:
	case COMMAND_BARE:
		return ASIDE_FAULTY;
	case COMMAND_TAKEN:
		break;
	}
	return ASIDE_DEADLY;
}

static const char *
reference_of(const struct command *cmd, char out[16])
{
	snprintf(out, 16, "%08x", engine_command_reference(cmd));
	return out;
}

/* Kept as it came, read by nobody: the text is what it is aside for, so it is not in the task. */
static void
keep_raw(struct engine *e, struct command *cmd)
{
	char phone[PHONE_TEXT], reference[16];
	struct said said;
	int64_t id;

	engine_took(e, cmd->route, cmd->inbound.driver_id);
	if (!store_inbound_put(e->store, cmd->route, cmd->inbound.driver_id,
			       cmd->inbound.from, cmd->inbound.text, cmd->inbound.at, e->now, &id))
		return;
	phone_mask(phone, cmd->inbound.from);
	if (cmd->aside == COMMAND_FAULTY) {
		SAY(&said, task_inbound_fault, phone, NUM(id), reference_of(cmd, reference));
		engine_tell_fault(e, 0, &said);
	} else {
		SAY(&said, task_inbound_deadly, phone, NUM(id));
		store_task_once(e->store, 0, "help", &said, e->now);
	}
}

static void
task_about_command(struct engine *e, struct command *cmd)
{
	char reference[16];
	struct said said;

	reference_of(cmd, reference);
	if (cmd->aside == COMMAND_FAULTY) {
		if (cmd->kind == CMD_ACCEPT)
			SAY(&said, task_request_fault, QUOTE(cmd->accept->key), cmd->by.name, reference);
		else
			SAY(&said, task_command_fault, command_name(cmd->kind), reference);
		engine_tell_fault(e, 0, &said);
		return;
	}
	if (cmd->kind == CMD_ACCEPT)
		SAY(&said, task_request_deadly, QUOTE(cmd->accept->key), cmd->by.name);
	else
		SAY(&said, task_command_deadly, command_name(cmd->kind));
	store_task_once(e->store, 0, "quarantine", &said, e->now);
}

static void
tell_refused(struct engine *e, struct command *cmd)
{
	struct err err = { 0 };
	char reference[16];

	switch (cause_of(cmd)) {
	case ASIDE_DAMAGED:
		err_say(&err, REFUSED_BUSY, about(CONCEPT_NONE), aside_unreadable);
		break;
	case ASIDE_FAULTY:
		err_say(&err, REFUSED_FAULT, about(CONCEPT_NONE), aside_fault,
			reference_of(cmd, reference));
		break;
	case ASIDE_DEADLY:
		err_say(&err, REFUSED_INVALID, about(CONCEPT_NONE), aside_deadly);
		break;
	}
	engine_refuse(e, cmd->reply_to, &err);
	/* Of damage the alarm about the store tells. */
	if (cmd->aside == COMMAND_TAKEN || cmd->aside == COMMAND_FAULTY)
		task_about_command(e, cmd);
}

/* What became of it is not written; nobody knows, and its place with the driver is free.  Its attempt
 * is left out: that is what mostly meets the trouble. */
static void
end_outcome(struct engine *e, uint64_t id)
{
	struct live_wave *lw = engine_wave(e, message_id_wave(id));
	struct message m;

	if (lw && store_message_get(e->store, lw->w.id, message_id_contact(id), lw->w.channel, &m) &&
	    m.state == MESSAGE_SENDING && (m.attempt & 31) == message_id_attempt(id))
		engine_message_event(e, lw, &m, MESSAGE_ON_UNKNOWN);
}

/* Its route has them no more, whatever became of them. */
static void
released(struct engine *e, const struct command *cmd, uint64_t id)
{
	engine_release(e, id);
	if (cmd->aside == COMMAND_TAKEN || cmd->aside == COMMAND_FAULTY)
		end_outcome(e, id);
}

static void
lost_aside(struct engine *e, struct command *cmd)
{
	struct route_state *r = engine_route(e, cmd->route);

	if (cmd->lost.last_life)
		engine_in_flight_name_rest(e, cmd);
	for (size_t i = 0; i < cmd->lost.unwritten_count; i++)
		released(e, cmd, cmd->lost.unwritten[i]);
	for (size_t i = 0; i < cmd->lost.written_count; i++)
		released(e, cmd, cmd->lost.written[i]);
	if (r)
		r->up = r->solo = r->drain = false;
}

void
engine_aside_command(struct engine *e, struct command *cmd)
{
	struct route_state *r = engine_route(e, cmd->route);
	struct effect *f;

	engine_log(e, LOG_ERROR, "command put aside kind=\"%s\" route=%s reference=%08x reason=\"%s%s%s\"",
		   command_name(cmd->kind), r ? r->conf->name : "-", engine_command_reference(cmd),
		   because(cause_of(cmd)), cmd->fault ? ": " : "", cmd->fault ? cmd->fault : "");
	switch (cmd->kind) {
	case CMD_INBOUND:
		/* Where it cannot be kept, the driver keeps it. */
		if (cmd->aside == COMMAND_TAKEN || cmd->aside == COMMAND_FAULTY)
			keep_raw(e, cmd);
		return;
	case CMD_RECEIPT:
		if (cmd->aside != COMMAND_UNREADABLE)
			engine_took(e, cmd->route, cmd->receipt.driver_id);
		break;
	case CMD_CALL:
		if (cmd->aside != COMMAND_UNREADABLE)
			engine_took(e, cmd->route, cmd->call.driver_id);
		break;
	case CMD_DONE:
		for (size_t i = 0; i < cmd->done.count; i++)
			released(e, cmd, cmd->done.items[i].id);
		break;
	case CMD_ROUTE_LOST:
		lost_aside(e, cmd);
		break;
	case CMD_BARRIER:
		f = effect_new(EFFECT_BARRIER, cmd->route);
		f->barrier = cmd->barrier;
		f->not_kept = true;
		engine_effect(e, f);
		return;
	case CMD_CLOCK_STEP:
		/* The store's instants stay on the clock that was, and so does gong: nothing ends early. */
		e->skew_ms -= cmd->clock_step_ms;
		e->now -= cmd->clock_step_ms;
		break;
	default:
		break;
	}
	tell_refused(e, cmd);
}

void
engine_aside_message(struct engine *e, struct command *cmd, uint64_t message)
{
	uint32_t wave = message_id_wave(message), contact = message_id_contact(message);
	bool deadly = engine_why_aside(e) != NULL;
	bool damaged = !deadly && store_damaged(e->store) & MESSAGE_TABLES;
	enum aside_cause cause = deadly ? ASIDE_DEADLY : damaged ? ASIDE_DAMAGED : ASIDE_FAULTY;
	unsigned level = deadly ? engine_why_aside(e)->level : engine_message_asides(cmd, message) - 1;
	struct said said;

	cmd->some_aside = true;
	if (cause != ASIDE_DAMAGED && !level)
		end_outcome(e, message);
	if (cause == ASIDE_FAULTY) {
		SAY(&said, task_outcome_fault, NUM(wave), NUM(contact));
		engine_tell_fault(e, 0, &said);
	} else if (cause == ASIDE_DEADLY) {
		SAY(&said, task_outcome_deadly, NUM(wave), NUM(contact));
		store_task_once(e->store, 0, "quarantine", &said, e->now);
	}				/* of damage the alarm about the store tells */
	engine_log(e, LOG_ERROR, "outcome put aside kind=\"%s\" wave=%u contact=%u reason=\"%s\"",
		   command_name(cmd->kind), wave, contact, because(cause));
}

/* -- alerts: a step is passed over, the ladder goes on -- */

static void
end_step(struct engine *e, const struct aside *aside, struct alert *a)
{
	struct said said;
	char name[48];

	engine_event(e, a->id, "step_put_aside", "{\"step\":%u}", a->step);
	engine_log(e, LOG_ERROR, "step put aside alert=%lld step=%u reason=\"%s%s%s\"", (long long)a->id,
		   a->step, because(aside->cause), aside->why[0] ? ": " : "", aside->why);
	if (aside->cause == ASIDE_FAULTY) {
		SAY(&said, task_step_fault, NUM(a->step + 1), a->code);
		engine_tell_fault(e, a->id, &said);
	} else {
		SAY(&said, task_step_deadly, NUM(a->step + 1), a->code);
		store_task_once(e->store, a->id, "step_failed", &said, e->now);
		snprintf(name, sizeof(name), "step-%lld-%u", (long long)a->id, a->step);
		engine_alarm_gong(e, name, &said);
	}
}

/* false: the ladder has not come to that step yet. */
static bool
pass_over(struct engine *e, struct aside *aside)
{
	struct alert a;

	if (!store_alert_get(e->store, (int64_t)aside->what.a, &a) || !alert_is_open(a.state) ||
	    (aside->what.b && a.step + 1 > aside->what.b))
		return true;		/* passed over before */
	if (aside->what.b && a.step + 1 < aside->what.b)
		return false;
	end_step(e, aside, &a);
	if (aside->what.b) {
		a.step++;
		a.due_at = e->now;
	} else {
		a.state = ALERT_EXHAUSTED;	/* not even its step could be told */
		a.due_at = NEVER;
	}
	store_alert_update(e->store, &a);
	return true;
}

static void
stands_still(struct engine *e, struct aside *aside)
{
	int64_t alert = (int64_t)aside->what.a;
	struct said said;

	if (!aside->told && aside->cause == ASIDE_DAMAGED)
		engine_log(e, LOG_ERROR, "alert unreadable alert=%lld", (long long)alert);
	else if (!aside->told)
		engine_log(e, LOG_ERROR, "alert put aside alert=%lld reason=\"%s%s%s\"", (long long)alert,
			   because(aside->cause), aside->why[0] ? ": " : "", aside->why);
	aside->told = true;
	if (aside->level == ASIDE_LEVEL_MAX)
		return;
	if (aside->cause == ASIDE_DAMAGED) {
		SAY(&said, task_alert_damaged, NUM(alert));
		store_task_once(e->store, alert, "damage", &said, e->now);
	} else if (aside->cause == ASIDE_FAULTY) {
		SAY(&said, task_alert_fault, NUM(alert));
		engine_tell_fault(e, alert, &said);
	} else {
		SAY(&said, task_alert_deadly, NUM(alert));
		store_task_once(e->store, alert, "quarantine", &said, e->now);
	}
}

/* -- waves -- */

static void
task_about_row(struct engine *e, const struct aside *aside, const struct live_wave *lw,
	       uint32_t contact)
{
	struct said said;

	if (aside->cause == ASIDE_FAULTY) {
		SAY(&said, task_message_fault, NUM(lw->w.id), NUM(contact));
		engine_tell_fault(e, lw->w.alert, &said);
	} else {
		SAY(&said, task_message_deadly, NUM(lw->w.id), NUM(contact));
		store_task_once(e->store, lw->w.alert, "quarantine", &said, e->now);
	}
	engine_log(e, LOG_ERROR, "row put aside wave=%u contact=%u reason=\"%s%s%s\"", lw->w.id, contact,
		   because(aside->cause), aside->why[0] ? ": " : "", aside->why);
}

/* A row that waited has failed; of one that was with a driver when gongd ended, nobody knows.  Without a
 * reason its attempt is left out: that could not be written. */
static void
end_row(struct engine *e, struct live_wave *lw, struct message *m, const char *reason)
{
	bool waited = m->state == MESSAGE_QUEUED;

	m->at = e->now;
	m->attempt += waited && reason;
	if (reason)
		store_attempt_insert(e->store, m, e->now, waited ? OUTCOME_REJECTED : OUTCOME_UNKNOWN,
				     waited ? REJECT_DROP : REJECT_NONE, 0, NULL, reason);
	engine_message_event(e, lw, m, waited ? MESSAGE_ON_REFUSED : MESSAGE_ON_UNKNOWN);
}

static void
row_of_wave(struct engine *e, const struct aside *aside, struct live_wave *lw)
{
	struct message m;
	/* Not: a plan in slices passes over him. */
	bool there = store_message_get(e->store, lw->w.id, aside->what.row, lw->w.channel, &m);

	if (there && m.state > MESSAGE_SENDING)
		return;
	if (there && aside->level < ASIDE_LEVEL_MAX)
		end_row(e, lw, &m, aside->level ? NULL : aside->cause == ASIDE_FAULTY
			? WORD(fault_of_gong) : WORD(ended_gongd));
	if (aside->level < ASIDE_LEVEL_MAX)
		task_about_row(e, aside, lw, aside->what.row);
}

static void
task_about_wave(struct engine *e, const struct aside *aside, const struct live_wave *lw)
{
	struct said said;

	switch (aside->cause) {
	case ASIDE_DEADLY:
		SAY(&said, task_wave_deadly, NUM(lw->w.id));
		store_task_once(e->store, lw->w.alert, "quarantine", &said, e->now);
		break;
	case ASIDE_DAMAGED:
		SAY(&said, task_wave_damaged, NUM(lw->w.id));
		store_task_once(e->store, lw->w.alert, "damage", &said, e->now);
		break;
	case ASIDE_FAULTY:
		SAY(&said, task_wave_fault, NUM(lw->w.id));
		engine_tell_fault(e, lw->w.alert, &said);
		break;
	}
}

/* false: it is not in the store, the turn that planned it has failed. */
static bool
wave_aside(struct engine *e, struct aside *aside)
{
	struct live_wave *lw;

	if (aside->cause == ASIDE_DEADLY && aside->level == ASIDE_LEVEL_MAX) {
		engine_log(e, LOG_ERROR, "wave put aside wave=%u reason=\"%s\"", (unsigned)aside->what.a,
			   because(aside->cause));
		return true;		/* not even looked at: that may be what ends gongd */
	}
	lw = engine_wave(e, (uint32_t)aside->what.a);
	if (!lw)
		return false;
	if (aside->what.row && lw->w.state <= WAVE_OPEN)
		row_of_wave(e, aside, lw);
	if (aside->what.row || (lw->w.state > WAVE_OPEN && aside->cause != ASIDE_FAULTY))
		return true;
	if (aside->level < ASIDE_LEVEL_MAX)
		task_about_wave(e, aside, lw);
	if (!aside->told)
		engine_log(e, LOG_ERROR, "wave put aside wave=%u reason=\"%s%s%s\"", lw->w.id,
			   aside->cause == ASIDE_DAMAGED ? "its messages cannot be read"
			   : because(aside->cause), aside->why[0] ? ": " : "", aside->why);
	aside->told = true;
	if (aside->cause != ASIDE_DAMAGED && !aside->level)
		engine_wave_stop(e, lw, WAVE_WITHDRAWN);
	return true;
}

/* -- texts that waited -- */

/* Kept, and not looked at again; whoever wrote it may need help. */
static void
inbound_aside(struct engine *e, const struct aside *aside)
{
	int64_t id = (int64_t)aside->what.a;
	struct said said;

	engine_log(e, LOG_ERROR, "text put aside id=%lld reason=\"%s%s%s\"", (long long)id,
		   because(aside->cause), aside->why[0] ? ": " : "", aside->why);
	if (aside->level == ASIDE_LEVEL_MAX)
		return;
	SAY(&said, task_text_aside, NUM(id));
	store_task_once(e->store, 0, "help", &said, e->now);
	if (!aside->level)
		store_inbound_judged(e->store, id, &(struct judgement){ .rule = "put aside" });
}

/* -- previews of imports -- */

static void
import_aside(struct engine *e, const struct aside *aside)
{
	struct said said;

	engine_log(e, LOG_ERROR, "import put aside id=%llu reason=\"%s%s%s\"",
		   (unsigned long long)aside->what.a, because(aside->cause), aside->why[0] ? ": " : "",
		   aside->why);
	if (aside->level)
		return;
	if (aside->cause == ASIDE_FAULTY) {
		SAY(&said, task_work_fault, QUOTE("imports"));
		engine_tell_fault(e, 0, &said);
	}
	engine_import_damaged(e, (int64_t)aside->what.a);
}

/* true: there is nothing more to do about it. */
static bool
see_to(struct engine *e, struct aside *aside)
{
	if ((aside->what.row || aside->what.b) && engine_is_aside(e, aside->what.kind, aside->what.a))
		return true;		/* with all of it */
	if (aside->what.kind == HAND_WAVE)
		return wave_aside(e, aside);
	if (aside->what.kind == HAND_INBOUND)
		inbound_aside(e, aside);
	if (aside->what.kind == HAND_IMPORT)
		import_aside(e, aside);
	if (aside->what.kind != HAND_ALERT || aside->what.row)
		return true;
	if (!aside->level && (aside->cause == ASIDE_DEADLY ||
			      (aside->cause == ASIDE_FAULTY && aside->what.b)))
		return pass_over(e, aside);
	stands_still(e, aside);
	return true;
}

/* It is in hand meanwhile: if that does not go either, less is done about it. */
void
engine_aside_due(struct engine *e)
{
	for (size_t i = 0; i < e->hand.count; i++) {
		struct aside *aside = &e->hand.aside[i];

		if (aside->done || aside->what.kind == HAND_COMMAND || aside->what.kind == HAND_DUE ||
		    aside->what.kind == HAND_LOAD)
			continue;	/* whoever holds them tells of it */
		engine_hold(e, aside->what.kind, aside->what.a, aside->what.b);
		engine_hold_row(e, aside->what.row);
		aside->done = see_to(e, aside);
	}
	engine_let_go(e);
}
