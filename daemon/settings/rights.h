/* rights.h -- what a principal may do at all: verbs and their limits, as gong.conf gives them.
 * One table for the door (daemon/web) and the engine.  It fails closed: a kind or a name that is
 * not known has no right.  Whose alert or task it is, only the store knows: see
 * daemon/engine/rights.c. */
#ifndef GONG_RIGHTS_H
#define GONG_RIGHTS_H

#include "core/principal.h"
#include "daemon/settings/settings.h"

const char *verb_name(enum verb);
/* The verbs that a word of `may` gives, as bits 1 << verb; 0: there is no such word. */
unsigned verbs_of_word(const char *word);

struct rights {
	unsigned verbs;			/* bits 1 << enum verb; 0 = none at all */
	enum severity up_to;
	bool drill_only;
	const struct division_range *divisions;	/* borrowed from settings; count 0 = all */
	size_t division_count;
	unsigned long recipients_max;	/* 0 = no limit */
	const char *contact;		/* borrowed: the person behind it, by ref; NULL = not known */
};

struct rights rights_of(const struct settings *, const struct principal *);
/* The same, when they have the verb; -1: they do not, err is FORBIDDEN. */
int rights_ask(const struct settings *, const struct principal *, enum verb, struct rights *out,
	       struct err *);
bool rights_have(const struct rights *, enum verb);
/* Is the whole of the division within those of the rights? */
bool rights_reach(const struct rights *, division_code);

#endif
