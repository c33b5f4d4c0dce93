/* trouble.c -- what is wrong with gongd's own store: the desk is told once, as long as it lasts. */
#include "daemon/engine/ground.h"

#include "daemon/store/check.h"

void
engine_trouble(struct engine *e, const char *kind, const struct said *said)
{
	struct said over;

	SAY(&over, trouble_over);
	if (said)
		store_task_once(e->store, 0, kind, said, e->now);
	else if (store_tasks_over(e->store, kind, &over, e->now))
		store_audit(e->store, e->now, "gong", "task.close",
			    phrase_text(over.phrase, LANG_EN));
}

void
engine_faults_count(struct engine *e)
{
	e->hand.faults = store_tasks_open(e->store, "fault");
}

void
engine_fault_task(struct engine *e, int64_t alert, const struct said *said)
{
	store_task_once(e->store, alert, "fault", said, e->now);
	engine_faults_count(e);
}

void
engine_note_incomplete(struct engine *e, const struct alert *a)
{
	table_set lists = store_damaged(e->store) & TABLES_LISTS;
	struct said said;
	char tables[100];

	if (!lists || e->quiet)
		return;
	store_tables_format(tables, sizeof(tables), lists);
	SAY(&said, task_incomplete, a->code, tables);
	store_task_once(e->store, a->id, "incomplete", &said, e->now);
}
