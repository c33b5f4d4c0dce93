/* trouble.c -- what is wrong with gongd's own store: the desk is told once, as long as it lasts. */
#include "daemon/engine/ground.h"

#include <stdio.h>

#include "daemon/store/check.h"

void
engine_trouble(struct engine *e, const char *kind, const struct said *said)
{
	char text[2 * SAID_BYTES + 8], zh[SAID_BYTES], en[SAID_BYTES];

	static const char over[] = "已自行解除 / it is over by itself";

	if (said) {
		said_render(said, LANG_ZH, zh, sizeof(zh));
		said_render(said, LANG_EN, en, sizeof(en));
		snprintf(text, sizeof(text), "%s / %s", zh, en);
		store_task_once(e->store, 0, kind, text, e->now);
	} else if (store_tasks_over(e->store, kind, over, e->now)) {
		store_audit(e->store, e->now, "gong", "task.close", over);
	}
}

void
engine_note_incomplete(struct engine *e, const struct alert *a)
{
	unsigned lists = store_damaged(e->store) & TABLES_LISTS;
	char tables[100], text[500];

	if (!lists || e->quiet)
		return;
	store_tables_format(tables, sizeof(tables), lists);
	snprintf(text, sizeof(text), "单号%s:名单已损坏(%s),可能有人没有通知到:请人工核对并补通知,恢复最近的备份 / "
		 "%s: lists are damaged (%s), some people may not have been told: check and tell "
		 "them by hand, restore the last backup", a->code, tables, a->code, tables);
	store_task_once(e->store, a->id, "incomplete", text, e->now);
}
