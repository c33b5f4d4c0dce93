/* hope.c -- a rung whose people can none of them be reached does not keep a callout waiting. */
#include "daemon/engine/message.h"

void
engine_rung_failed(struct engine *e, const struct live_wave *lw)
{
	const struct policy *p;
	struct alert a;

	if (lw->w.kind != WAVE_CALL || lw->w.step < 0 ||
	    !store_alert_get(e->store, lw->w.alert, &a) || a.state != ALERT_ACTIVE ||
	    (int)a.step != lw->w.step + 1 || !(p = engine_policy(e, a.policy)) ||
	    p->targets != TARGETS_TEAM || store_step_has_hope(e->store, a.id, lw->w.step))
		return;
	engine_event(e, a.id, "unreachable", "{\"step\":%d}", lw->w.step);
	a.hurry = true;
	a.due_at = e->now;
	store_alert_update(e->store, &a);
}
