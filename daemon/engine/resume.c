/* resume.c -- somebody at the desk lets an alert go on that a restore holds.  Its rungs, and its deadline,
 * keep the distances that they had when the copy was made; how long it is good for is not gong's to say. */
#include "daemon/engine/accept.h"

static void
let_go(struct engine *e, struct alert *a)
{
	msec stood = a->held_at < e->now ? e->now - a->held_at : 0;

	a->holds &= ~(unsigned)ALERT_HOLD_RESTORED;
	a->held_at = NEVER;
	if (a->state == ALERT_HELD) {	/* it had not begun: its start is its caller's */
		a->due_at = a->released_at > e->now ? a->released_at : e->now;
	} else {
		a->released_at += stood;
		a->due_at = e->now;
		if (a->deadline_at != NEVER)
			a->deadline_at = msec_add(a->deadline_at, stood);
	}
	store_alert_update(e->store, a);
	engine_waves_resume(e, a->id);
	e->catching_up = true;
}

static void
note_it(struct engine *e, const struct alert *a, const struct command *cmd)
{
	int64_t task = store_task_find(e->store, a->id, 0, 0, "restored", NULL);
	struct buf detail = { 0 };
	struct said over;

	buf_puts(&detail, "{\"by\":");
	buf_json(&detail, cmd->by.name);
	buf_puts(&detail, "}");
	store_event(e->store, a->id, e->now, "resumed", detail.data);
	SAY(&over, task_over_resumed, cmd->by.name);
	if (task)
		store_task_over(e->store, task, &over, e->now);
	buf_reset(&detail);
	buf_printf(&detail, "%lld%s%s", (long long)a->id, cmd->held.note ? ": " : "",
		   cmd->held.note ? cmd->held.note : "");
	store_audit(e->store, e->now, cmd->by.name, "alert.resume", detail.data);
	engine_log(e, LOG_STORY, "alert resumed alert=%lld", (long long)a->id);
	buf_fini(&detail);
}

void
engine_alert_resume(struct engine *e, struct command *cmd)
{
	int64_t id = cmd->held.alert;
	struct buf json = { 0 };
	struct err err = { 0 };
	struct alert a;
	int rc = 0;

	if (!store_alert_get(e->store, id, &a))
		rc = err_say(&err, REFUSED_NOT_FOUND, about(CONCEPT_ALERT), no_alert, NUM(id));
	if (rc == 0)
		rc = engine_may_end(e, &cmd->by, VERB_SEND, &a, &err);
	if (rc == 0 && (!alert_is_open(a.state) || !(a.holds & ALERT_HOLD_RESTORED)))
		rc = err_say(&err, REFUSED_CONFLICT, about(CONCEPT_ALERT), alert_not_restored, a.code);
	if (rc < 0) {
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	let_go(e, &a);
	note_it(e, &a, cmd);
	buf_printf(&json, "{\"id\":%lld,\"state\":\"%s\",\"resumed\":true}", (long long)id,
		   alert_state_name(a.state));
	engine_reply(e, cmd->reply_to, REPLY_DONE, &json);
}
