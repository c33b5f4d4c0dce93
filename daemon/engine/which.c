/* which.c -- which request an answer belongs to, among all that its sender has heard of. */
#include "daemon/engine/answer.h"

#include <string.h>

#define CANDIDATES 64

/* Open before closed; among open ones real before drill, then severity, then newest; among
 * closed ones the newest.  Of people who share a telephone, whoever has not answered yet. */
static bool
goes_before(const struct candidate *a, const struct candidate *b)
{
	if (a->open != b->open)
		return a->open;
	if (a->open && a->alert.drill != b->alert.drill)
		return b->alert.drill;
	if (a->open && a->alert.severity != b->alert.severity)
		return a->alert.severity > b->alert.severity;
	if (a->alert.id == b->alert.id)
		return !a->heard && b->heard;
	return a->alert.id > b->alert.id;
}

void
engine_consider(struct engine *e, uint32_t contact, const char *code, struct candidate *best,
		bool *found)
{
	int64_t alerts[CANDIDATES];
	size_t count = store_called_alerts(e->store, contact, alerts, CANDIDATES / 2);

	/* Helpers and households are no targets, but their answers are kept too. */
	count += store_told_alerts(e->store, contact, alerts + count, CANDIDATES - count);
	for (size_t i = 0; i < count; i++) {
		struct candidate c = { .contact = contact };

		if (!store_alert_get(e->store, alerts[i], &c.alert) ||
		    (*code && strcmp(c.alert.code, code) != 0) ||
		    !store_was_handed_over(e->store, c.alert.id, contact))
			continue;
		c.open = alert_is_open(c.alert.state) && c.alert.expires_at > e->now;
		c.heard = store_has_answered(e->store, c.alert.id, contact);
		if (!*found || goes_before(&c, best)) {
			*best = c;
			*found = true;
		}
	}
}

bool
candidate_is_over(const struct candidate *c)
{
	return !c->open && c->alert.state != ALERT_SATISFIED;
}
