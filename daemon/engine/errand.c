/* errand.c -- what the desk does with its tasks: takes one, writes to it, closes it.  Of two desks
 * that press the same button one does it, and the other is told who was first. */
#include "daemon/engine/answer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void
engine_who(char out[WHO_TEXT], const struct principal *by, const char *name)
{
	if (name)
		snprintf(out, WHO_TEXT, "%s (%s)", name, by->name);
	else
		snprintf(out, WHO_TEXT, "%s", by->name);
	text_mend(out);			/* cut inside a character, maybe */
}

const char *
engine_when(char out[WHEN_TEXT], msec at)
{
	time_t seconds = (time_t)(at / 1000);
	struct tm tm;

	strftime(out, WHEN_TEXT, "%m-%d %H:%M", localtime_r(&seconds, &tm));
	return out;
}

/* The task, still open and this principal's business; else it is refused. */
static bool
find_open(struct engine *e, const struct command *cmd, struct task *t)
{
	int64_t id = cmd->task->task;
	char when[WHEN_TEXT];
	struct err err = { 0 };
	int rc;

	if (!store_task_get(e->store, id, t))
		rc = err_say(&err, REFUSED_NOT_FOUND, about(CONCEPT_TASK), no_task, NUM(id));
	else if ((rc = engine_may_close(e, &cmd->by, t, &err)) == 0 && !t->is_open)
		rc = err_say(&err, REFUSED_CONFLICT, about(CONCEPT_TASK), task_closed_before, NUM(id),
			     t->closed_by, engine_when(when, t->closed_at));
	if (rc < 0)
		engine_refuse(e, cmd->reply_to, &err);
	return rc == 0;
}

static void
write_down(struct engine *e, const struct command *cmd, const char *action)
{
	const struct task_request *q = cmd->task;
	struct buf detail = { 0 };

	buf_printf(&detail, "{\"task\":%lld,\"name\":", (long long)q->task);
	buf_json(&detail, q->name);
	buf_puts(&detail, ",\"note\":");
	buf_json(&detail, q->note);
	buf_puts(&detail, "}");
	store_audit(e->store, e->now, cmd->by.name, action, detail.data);
	buf_fini(&detail);
}

/* {"task", "by"}: whose deed it was. */
static void
task_and_by(struct buf *json, int64_t task, const char *by)
{
	buf_printf(json, "{\"task\":%lld,\"by\":", (long long)task);
	buf_json(json, by);
	buf_puts(json, "}");
}

void
engine_task_take(struct engine *e, struct command *cmd)
{
	const struct task_request *q = cmd->task;
	struct buf json = { 0 }, detail = { 0 };
	struct err err = { 0 };
	char who[WHO_TEXT], when[WHEN_TEXT];
	struct task t;
	bool mine;

	if (!find_open(e, cmd, &t))
		return;
	engine_who(who, &cmd->by, q->name);
	mine = strcmp(t.taken_by, who) == 0;
	if (*t.taken_by && !mine && (!q->from || strcmp(q->from, t.taken_by) != 0)) {
		err_say(&err, REFUSED_CONFLICT, about(CONCEPT_FROM), task_taken_before, NUM(t.id),
			t.taken_by, engine_when(when, t.taken_at));
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	if (!mine) {
		t.taken_at = e->now;
		store_task_take(e->store, t.id, who, e->now);
		write_down(e, cmd, "task.take");
		task_and_by(&detail, t.id, who);
		if (t.alert)
			engine_event(e, t.alert, "task_taken", "%s", detail.data);
		buf_fini(&detail);
	}
	if (q->note)
		store_task_note(e->store, t.id, who, q->note, e->now);
	buf_printf(&json, "{\"task\":%lld,\"taken_by\":", (long long)t.id);
	buf_json(&json, who);
	buf_printf(&json, ",\"taken_at\":%lld}", (long long)t.taken_at);
	engine_reply(e, cmd->reply_to, REPLY_DONE, &json);
}

void
engine_task_note(struct engine *e, struct command *cmd)
{
	struct buf json = { 0 };
	char who[WHO_TEXT];
	struct task t;

	if (!find_open(e, cmd, &t))
		return;
	engine_who(who, &cmd->by, cmd->task->name);
	store_task_note(e->store, t.id, who, cmd->task->note, e->now);
	write_down(e, cmd, "task.note");
	buf_printf(&json, "{\"task\":%lld,\"noted_at\":%lld}", (long long)t.id, (long long)e->now);
	engine_reply(e, cmd->reply_to, REPLY_DONE, &json);
}

void
engine_task_close(struct engine *e, struct command *cmd)
{
	struct buf json = { 0 }, detail = { 0 };
	char who[WHO_TEXT];
	struct task t;

	if (!find_open(e, cmd, &t))
		return;
	engine_who(who, &cmd->by, cmd->task->name);
	store_task_close(e->store, t.id, who, cmd->task->note, e->now);
	engine_faults_count(e);
	write_down(e, cmd, "task.close");
	task_and_by(&detail, t.id, who);
	if (t.alert)
		engine_event(e, t.alert, "task_closed", "%s", detail.data);
	buf_fini(&detail);
	buf_printf(&json, "{\"task\":%lld,\"closed\":true}", (long long)t.id);
	engine_reply(e, cmd->reply_to, REPLY_DONE, &json);
}
