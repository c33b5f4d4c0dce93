/* trouble.c -- what is wrong with gongd's own store: the desk is told once, as long as it lasts. */
#include "daemon/engine/ground.h"

#include <stdio.h>

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
