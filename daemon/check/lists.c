/* lists.c -- policies by posts by rosters: ladders that call whom nobody is, duties that nobody has. */
#include "daemon/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/settings/season.h"

#define AHEAD HOURS(24 * 14)
#define SHOWN 10

static const char *
title(const struct report *r, const struct settings *s, const char *role)
{
	int i = settings_role(s, role);
	const char *said = i < 0 ? NULL : s->roles[i].title[r->lang];

	return said ? said : role;
}

/* The ladders that call it, and whether one of them calls it first. */
static bool
ladders_of(const struct settings *s, size_t family, struct buf *list)
{
	struct season_needs *needs = xcalloc(1, sizeof(*needs));
	bool first = false;

	season_needs(s, needs);
	for (int tier = 0; tier < TIER_COUNT; tier++)
		for (size_t i = 0; i < needs->first_count[tier]; i++)
			first |= needs->first[tier][i].family == family;
	free(needs);
	for (size_t p = 0; p < s->policy_count; p++) {
		bool calls = false;

		for (size_t k = 0; k < s->policies[p]->step_count; k++)
			for (size_t f = 0; f < s->policies[p]->steps[k].to_count; f++)
				calls |= s->policies[p]->steps[k].to[f] == family;
		if (calls)
			buf_printf(list, "%s%s", list->len ? ", " : "", s->policies[p]->name);
	}
	return first;
}

static void
look_at_family(struct report *r, const struct settings *s, struct survey *survey, size_t index, msec now)
{
	const struct family *f = &s->families[index];
	enum tier tier = s->roles[f->roles[0]].tier;
	const char **roles = xcalloc(f->role_count + 1, sizeof(*roles));
	struct buf ladders = { 0 }, titles = { 0 };
	bool first = ladders_of(s, index, &ladders);

	for (size_t i = 0; i < f->role_count; i++) {
		roles[i] = s->roles[f->roles[i]].name;
		buf_printf(&titles, "%s%s", i ? ", " : "", title(r, s, roles[i]));
	}
	/* A site without villages lacks no chief of any. */
	if (ladders.len && (tier == TIER_COUNTY || survey_has_places(survey, tier)) &&
	    !survey_holders(survey, roles, f->role_count, now))
		REPORT(r, first ? REPORT_ERROR : REPORT_WARNING, f->name, check_nobody_is, titles.data, ladders.data);
	buf_fini(&ladders);
	buf_fini(&titles);
	free(roles);
}

struct duties {
	struct report *report;
	const struct settings *settings;
	size_t count, gaps;
};

static void
look_at_duty(void *ctx, const char *role, division_code division, const char *place, msec gap_at)
{
	struct duties *d = ctx;
	time_t seconds = (time_t)(gap_at / 1000);
	char code[DIVISION_TEXT], when[32] = "";
	struct tm tm;

	d->count++;
	if (gap_at == NEVER || d->gaps++ >= SHOWN)
		return;
	division_format(code, division);
	if (localtime_r(&seconds, &tm))
		strftime(when, sizeof(when), "%m-%d %H:%M", &tm);
	REPORT(d->report, REPORT_WARNING, "roster", check_roster_gap, title(d->report, d->settings, role), place,
	       code, when);
}

void
check_lists(struct report *r, const struct settings *s, struct survey *survey, msec now)
{
	struct duties duties = { r, s, 0, 0 };
	size_t people = survey_people(survey);

	if (!people) {
		REPORT(r, REPORT_WARNING, "lists", check_no_people);
		return;
	}
	REPORT(r, REPORT_OK, "lists", check_people, NUM(people));
	for (size_t i = 0; i < s->family_count; i++)
		look_at_family(r, s, survey, i, now);
	survey_duties(survey, now, now + AHEAD, look_at_duty, &duties);
	if (duties.gaps > SHOWN)
		REPORT(r, REPORT_WARNING, "roster", check_roster_more, NUM(duties.gaps - SHOWN));
	else if (duties.count && !duties.gaps)
		REPORT(r, REPORT_OK, "roster", check_roster, NUM(duties.count));
}
