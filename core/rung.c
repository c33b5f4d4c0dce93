/* rung.c -- the steps that the catalogue knows by name; a site's own have names in its own language. */
#include "core/rung.h"

#include <stdio.h>
#include <string.h>

static const enum phrase rungs[] = {
	PHRASE_rung_principals, PHRASE_rung_ring, PHRASE_rung_redial, PHRASE_rung_deputies,
	PHRASE_rung_township, PHRASE_rung_county, PHRASE_rung_desk, PHRASE_rung_again,
	PHRASE_rung_chase, PHRASE_rung_chief, PHRASE_rung_head, PHRASE_rung_heads,
	PHRASE_rung_leader, PHRASE_rung_deputy, PHRASE_rung_deputy_chief, PHRASE_rung_officer,
	PHRASE_rung_officers, PHRASE_rung_households, PHRASE_rung_tell, PHRASE_rung_told,
	PHRASE_rung_third, PHRASE_rung_call, PHRASE_rung_all_out, PHRASE_rung_watchers,
	PHRASE_rung_topup, PHRASE_rung_team, PHRASE_rung_notout, PHRASE_rung_notout_county,
	PHRASE_rung_half, PHRASE_rung_groups, PHRASE_rung_give, PHRASE_rung_ask,
	PHRASE_rung_where, PHRASE_rung_there, PHRASE_rung_soon, PHRASE_rung_report,
	PHRASE_rung_post, PHRASE_rung_new, PHRASE_rung_liaison, PHRASE_rung_late,
	PHRASE_rung_keeper, PHRASE_rung_duty, PHRASE_rung_due, PHRASE_rung_driver,
	PHRASE_rung_desks, PHRASE_rung_out30, PHRASE_rung_out45, PHRASE_rung_day1,
	PHRASE_rung_day2, PHRASE_rung_day3, PHRASE_rung_last5, PHRASE_rung_last10,
};

/* PHRASE_verbatim: none of them. */
static enum phrase
find(const char *name)
{
	for (size_t i = 0; i < sizeof(rungs) / sizeof(*rungs); i++)
		if (strcmp(phrase_name(rungs[i]) + strlen("rung_"), name) == 0)
			return rungs[i];
	return PHRASE_verbatim;
}

const char *
rung_word(char out[SAID_VALUE], const char *name)
{
	enum phrase found = find(name);

	if (found != PHRASE_verbatim)
		return said_make(out, found, NULL);
	snprintf(out, SAID_VALUE, "%s", name);
	return out;
}

const char *
rung_said(const char *name, enum lang lang)
{
	enum phrase found = find(name);

	return found == PHRASE_verbatim ? name : phrase_text(found, lang);
}
