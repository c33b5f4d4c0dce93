/* rights.c -- what a client may do to an alert that is there already.  Whom it may address, and how
 * severely, is settled by intake; whose alert it is, only the store knows. */
#include "daemon/engine/ground.h"

#include <string.h>

static const struct client *
client_named(const struct engine *e, const char *name)
{
	for (size_t i = 0; i < e->settings->client_count; i++)
		if (strcmp(e->settings->clients[i].name, name) == 0)
			return &e->settings->clients[i];
	return NULL;			/* the unix socket: everything */
}

/* A client that is limited to divisions ends or replaces only what it sent itself. */
int
engine_may_end(struct engine *e, const char *name, const struct alert *a, struct err *err)
{
	const struct client *c = client_named(e, name);
	char sender[128];

	if (!c)
		return 0;
	if (c->drill_only && !a->drill)
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_ALERT), right_drill, name,
			       NUM(a->id));
	if (a->severity > c->up_to)
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_ALERT), right_up_to, name,
			       severity_word(c->up_to), NUM(a->id), severity_word(a->severity));
	if (c->division_count && store_alert_client(e->store, a->id, sender) &&
	    strcmp(sender, name) != 0)
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_ALERT), right_sender, name,
			       NUM(a->id), sender);
	return 0;
}

/* A client that is limited to divisions enters answers for these, whoever sent the alert. */
int
engine_may_answer(struct engine *e, const char *name, const struct alert *a,
		  division_code division, struct err *err)
{
	const struct client *c = client_named(e, name);

	if (!c || !c->division_count)
		return 0;
	if (division)
		return division_ranges_have(c->divisions, c->division_count, division) ? 0
			: err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_DIVISION), right_division,
				  name);
	return engine_may_end(e, name, a, err);
}
