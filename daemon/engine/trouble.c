/* trouble.c -- what is wrong with gongd's own store: the desk is told once, as long as it lasts. */
#include "daemon/engine/ground.h"

void
engine_trouble(struct engine *e, const char *kind, const char *text)
{
	static const char over[] = "已自行解除 / it is over by itself";

	if (text)
		store_task_once(e->store, 0, kind, text, e->now);
	else if (store_tasks_over(e->store, kind, over, e->now))
		store_audit(e->store, e->now, "gong", "task.close", over);
}
