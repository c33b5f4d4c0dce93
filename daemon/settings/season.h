/* season.h -- what the site's ladders and texts take for granted of its lists: who is there to be called
 * first, what the places have.  It reads settings only. */
#ifndef GONG_SETTINGS_SEASON_H
#define GONG_SETTINGS_SEASON_H

#include "daemon/settings/settings.h"

#define SEASON_MAX 48

struct season_first {			/* somebody whom a ladder calls before all others */
	size_t family;			/* index into settings->families */
	const char *policy;		/* the first ladder that does so; borrowed */
};

struct season_param {			/* a value of each village that texts name */
	const char *name, *template;	/* borrowed; template: the first one */
	size_t templates;
};

struct season_needs {
	struct season_first first[TIER_COUNT][SEASON_MAX];	/* by the tier of the targets */
	size_t first_count[TIER_COUNT];
	struct season_param params[SEASON_MAX];
	size_t param_count;
};

void season_needs(const struct settings *, struct season_needs *);
/* Does any ladder call this role and wait for its answer?  A household is told, and asked for nothing. */
bool season_is_official(const struct settings *, size_t role);

#endif
