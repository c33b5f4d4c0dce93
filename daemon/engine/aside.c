/* aside.c -- what ended gongd three times, or lies on a damaged page: it is left alone, everything
 * else goes on, and people hear what they must do instead. */
#include "daemon/engine/outcome.h"

#include <stdio.h>

#include "core/phone.h"

/* -- commands -- */

/* Kept as it came, read by nobody: the text is what ended gongd, so it is not in the task. */
static void
keep_raw(struct engine *e, struct command *cmd)
{
	struct effect *took = effect_new(EFFECT_TOOK, cmd->route);
	char phone[PHONE_TEXT];
	struct said said;
	int64_t id;

	took->took = xstrdup(cmd->inbound.driver_id);
	engine_effect(e, took);
	if (!store_inbound_put(e->store, cmd->route, cmd->inbound.driver_id,
			       cmd->inbound.from, cmd->inbound.text, cmd->inbound.at, e->now, &id))
		return;
	phone_mask(phone, cmd->inbound.from);
	SAY(&said, task_inbound_deadly, phone, NUM(id));
	store_task_once(e->store, 0, "help", &said, e->now);
}

static void
tell_refused(struct engine *e, struct command *cmd)
{
	struct err err = { 0 };
	struct said said;

	if (cmd->unreadable)
		err_say(&err, REFUSED_BUSY, about(CONCEPT_NONE), aside_unreadable);
	else
		err_say(&err, REFUSED_INVALID, about(CONCEPT_NONE), aside_deadly);
	engine_refuse(e, cmd->reply_to, &err);
	if (cmd->unreadable)
		return;			/* the alarm about the store says it */
	if (cmd->kind == CMD_ACCEPT)
		SAY(&said, task_request_deadly, QUOTE(cmd->accept->key), cmd->by.name);
	else
		SAY(&said, task_command_deadly, command_name(cmd->kind));
	store_task_once(e->store, 0, "quarantine", &said, e->now);
}

void
engine_aside_command(struct engine *e, struct command *cmd)
{
	struct effect *f;

	engine_log(e, LOG_ERROR, "command put aside kind=\"%s\" route=%s reason=\"%s\"",
		   command_name(cmd->kind),
		   engine_route(e, cmd->route) ? engine_route(e, cmd->route)->conf->name : "-",
		   cmd->unreadable
		   ? "the store is damaged where it is needed" : "it ended gongd three times");
	switch (cmd->kind) {
	case CMD_INBOUND:
		/* On a damaged page it cannot be kept: the driver keeps it. */
		if (!cmd->unreadable)
			keep_raw(e, cmd);
		return;
	case CMD_RECEIPT:
		if (cmd->receipt.driver_id && !cmd->unreadable) {
			f = effect_new(EFFECT_TOOK, cmd->route);
			f->took = xstrdup(cmd->receipt.driver_id);
			engine_effect(e, f);
		}
		break;
	case CMD_BARRIER:
		f = effect_new(EFFECT_BARRIER, cmd->route);
		f->barrier = cmd->barrier;
		f->not_kept = true;
		engine_effect(e, f);
		return;
	default:
		break;
	}
	tell_refused(e, cmd);
}

/* -- alerts: a step is passed over, the ladder goes on -- */

/* false: the ladder has not come to that step yet. */
static bool
pass_over(struct engine *e, struct aside *aside)
{
	struct said said;
	struct alert a;
	char name[48];

	if (!store_alert_get(e->store, (int64_t)aside->what.a, &a) || !alert_is_open(a.state) ||
	    (aside->what.b && a.step + 1 > aside->what.b))
		return true;		/* passed over before */
	if (aside->what.b && a.step + 1 < aside->what.b)
		return false;
	SAY(&said, task_step_deadly, NUM(a.step + 1), a.code);
	store_task_once(e->store, a.id, "step_failed", &said, e->now);
	engine_event(e, a.id, "step_put_aside", "{\"step\":%u}", a.step);
	engine_log(e, LOG_ERROR, "step put aside alert=%lld step=%u", (long long)a.id, a.step);
	if (aside->what.b) {
		a.step++;
		a.due_at = e->now;
	} else {
		a.state = ALERT_EXHAUSTED;	/* not even its step could be told */
		a.due_at = NEVER;
	}
	store_alert_update(e->store, &a);
	snprintf(name, sizeof(name), "step-%lld-%u", (long long)a.id, a.step);
	engine_alarm_gong(e, name, &said);
	return true;
}

static void
alert_unreadable(struct engine *e, struct aside *aside)
{
	struct said said;

	SAY(&said, task_alert_damaged, NUM(aside->what.a));
	store_task_once(e->store, (int64_t)aside->what.a, "damage", &said, e->now);
	if (!aside->told)
		engine_log(e, LOG_ERROR, "alert unreadable alert=%llu",
			   (unsigned long long)aside->what.a);
	aside->told = true;
}

/* -- waves -- */

static void
row_of_wave(struct engine *e, struct live_wave *lw, uint32_t contact)
{
	struct message m;
	struct said said;

	if (!store_message_get(e->store, lw->w.id, contact, lw->w.channel, &m) ||
	    m.state != MESSAGE_QUEUED)
		return;
	m.attempt++;
	m.at = e->now;
	store_attempt_insert(e->store, &m, e->now, OUTCOME_REJECTED, REJECT_DROP, 0, NULL,
			     WORD(ended_gongd));
	engine_message_event(e, lw, &m, MESSAGE_ON_REFUSED);
	SAY(&said, task_message_deadly, NUM(lw->w.id), NUM(contact));
	store_task_once(e->store, lw->w.alert, "quarantine", &said, e->now);
	engine_log(e, LOG_ERROR, "row put aside wave=%u contact=%u", lw->w.id, contact);
}

static void
wave_aside(struct engine *e, struct aside *aside)
{
	struct live_wave *lw = engine_wave(e, (uint32_t)aside->what.a);
	struct said said;

	if (!lw)
		return;
	if (aside->what.row && lw->w.state <= WAVE_OPEN) {
		row_of_wave(e, lw, aside->what.row);
		return;
	}
	if (aside->what.row || lw->w.state > WAVE_OPEN)
		return;
	if (aside->deadly)
		SAY(&said, task_wave_deadly, NUM(lw->w.id));
	else
		SAY(&said, task_wave_damaged, NUM(lw->w.id));
	store_task_once(e->store, lw->w.alert, aside->deadly ? "quarantine" : "damage", &said, e->now);
	if (!aside->told)
		engine_log(e, LOG_ERROR, "wave put aside wave=%u reason=\"%s\"", lw->w.id, aside->deadly
			   ? "it ended gongd three times" : "its messages cannot be read");
	aside->told = true;
	if (aside->deadly)
		engine_wave_stop(e, lw, WAVE_WITHDRAWN);
}

void
engine_aside_due(struct engine *e)
{
	for (size_t i = 0; i < e->hand.count; i++) {
		struct aside *aside = &e->hand.aside[i];

		if (aside->done)
			continue;
		aside->done = true;
		if (aside->what.kind == HAND_WAVE)
			wave_aside(e, aside);
		else if (aside->what.kind == HAND_ALERT && !aside->what.row && aside->deadly)
			aside->done = pass_over(e, aside);
		else if (aside->what.kind == HAND_ALERT && !aside->what.row)
			alert_unreadable(e, aside);
	}
}
