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
	char phone[PHONE_TEXT], text[400];
	int64_t id;

	took->took = xstrdup(cmd->inbound.driver_id);
	engine_effect(e, took);
	if (!store_inbound_put(e->store, cmd->route, cmd->inbound.driver_id,
			       cmd->inbound.from, cmd->inbound.text, cmd->inbound.at, e->now, &id))
		return;
	phone_mask(phone, cmd->inbound.from);
	snprintf(text, sizeof(text), "%s发来的短信三次使 gongd 崩溃,原文已存(来信%lld),没有读:可能是求助,请马上"
		 "回电 / a text from %s ended gongd three times; it is kept (inbound %lld) but was not "
		 "read: it may be a call for help, call back", phone, (long long)id, phone,
		 (long long)id);
	store_task_once(e->store, 0, "help", text, e->now);
}

static void
tell_refused(struct engine *e, struct command *cmd)
{
	struct err err = { 0 };
	char text[400];

	if (cmd->unreadable)
		err_say(&err, REFUSED_BUSY, about(CONCEPT_NONE), aside_unreadable);
	else
		err_say(&err, REFUSED_INVALID, about(CONCEPT_NONE), aside_deadly);
	engine_refuse(e, cmd->reply_to, &err);
	if (cmd->unreadable)
		return;			/* the alarm about the store says it */
	if (cmd->kind == CMD_ACCEPT)
		snprintf(text, sizeof(text), "%s的请求(%s)三次使 gongd 崩溃,已拒绝受理:请用别的办法通知,或改换内容"
			 "再发 / the request %s of %s ended gongd three times and is refused: tell "
			 "people by other ways, or send it with other words", cmd->accept->client,
			 cmd->accept->key, cmd->accept->key, cmd->accept->client);
	else
		snprintf(text, sizeof(text), "一条命令(%s)三次使 gongd 崩溃,已隔离:请查看日志 / a command (%s) "
			 "ended gongd three times and is put aside: see the log",
			 command_name(cmd->kind), command_name(cmd->kind));
	store_task_once(e->store, 0, "quarantine", text, e->now);
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
	char text[400], name[48];
	struct alert a;

	if (!store_alert_get(e->store, (int64_t)aside->what.a, &a) || !alert_is_open(a.state) ||
	    (aside->what.b && a.step + 1 > aside->what.b))
		return true;		/* passed over before */
	if (aside->what.b && a.step + 1 < aside->what.b)
		return false;
	snprintf(text, sizeof(text), "单号%s的第%u步三次使 gongd 崩溃,已跳过:请按预案人工通知这一步的人,以后的步骤"
		 "照常 / step %u of %s ended gongd three times and is passed over: call its people by "
		 "hand, later steps go on", a.code, a.step + 1, a.step + 1, a.code);
	store_task_once(e->store, a.id, "step_failed", text, e->now);
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
	engine_alarm_gong(e, name, text);
	return true;
}

static void
alert_unreadable(struct engine *e, struct aside *aside)
{
	char text[300];

	snprintf(text, sizeof(text), "第%llu号告警的记录已损坏,叫应已停止:请人工通知,并恢复备份 / alert %llu lies on "
		 "a damaged page, its ladder stands still: call its people by hand, restore a backup",
		 (unsigned long long)aside->what.a, (unsigned long long)aside->what.a);
	store_task_once(e->store, (int64_t)aside->what.a, "damage", text, e->now);
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
	char text[300];

	if (!store_message_get(e->store, lw->w.id, contact, lw->w.channel, &m) ||
	    m.state != MESSAGE_QUEUED)
		return;
	m.attempt++;
	m.at = e->now;
	store_attempt_insert(e->store, &m, e->now, OUTCOME_REJECTED, REJECT_DROP, 0, NULL,
			     "ended gongd three times: put aside");
	engine_message_event(e, lw, &m, MESSAGE_ON_REFUSED);
	snprintf(text, sizeof(text), "一条消息三次使 gongd 崩溃,已隔离(批%u,联系人%u):请人工通知 / message %u:%u "
		 "ended gongd three times and is put aside; tell this person by hand", lw->w.id,
		 contact, lw->w.id, contact);
	store_task_once(e->store, lw->w.alert, "quarantine", text, e->now);
	engine_log(e, LOG_ERROR, "row put aside wave=%u contact=%u", lw->w.id, contact);
}

static void
wave_aside(struct engine *e, struct aside *aside)
{
	struct live_wave *lw = engine_wave(e, (uint32_t)aside->what.a);
	char text[300];

	if (!lw)
		return;
	if (aside->what.row && lw->w.state <= WAVE_OPEN) {
		row_of_wave(e, lw, aside->what.row);
		return;
	}
	if (aside->what.row || lw->w.state > WAVE_OPEN)
		return;
	snprintf(text, sizeof(text), "第%u批消息%s,还没有发出的不再发:请人工通知 / wave %u %s, what has not left "
		 "stays: tell its people by hand", lw->w.id, aside->deadly ? "三次使 gongd 崩溃" :
		 "的记录已损坏", lw->w.id, aside->deadly ? "ended gongd three times" :
		 "lies on damaged pages");
	store_task_once(e->store, lw->w.alert, aside->deadly ? "quarantine" : "damage", text, e->now);
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
