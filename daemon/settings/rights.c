/* rights.c -- from a principal to its verbs and limits. */
#include "daemon/settings/rights.h"
#include "daemon/settings/source.h"

#include <string.h>
#include <unistd.h>

static const struct { const char *name, *word; } verbs[] = {
#define V(verb, text, word) [VERB_##verb] = { text, word },
	VERBS(V)
#undef V
};

const char *
verb_name(enum verb verb)
{
	return verbs[verb].name;
}

unsigned
verbs_of_word(const char *word)
{
	unsigned bits = 0;

	for (unsigned v = 0; v < VERB_COUNT && *word; v++)
		if (strcmp(verbs[v].word, word) == 0)
			bits |= 1u << v;
	return bits;
}

static struct rights
of_client(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->client_count; i++) {
		const struct client *c = &s->clients[i];

		if (strcmp(c->name, name) == 0)
			return (struct rights){
				.verbs = c->verbs, .up_to = c->up_to, .drill_only = c->drill_only,
				.divisions = c->divisions, .division_count = c->division_count,
				.recipients_max = c->recipients_max,
				.contact = c->contact,
			};
	}
	return (struct rights){ 0 };	/* a reload took it away while it asked */
}

/* Of itself, and what its rules make of that: an alert, its replacement, its end. */
static struct rights
of_source(const struct settings *s, const char *name)
{
	const struct source_conf *c = strncmp(name, SOURCE_PRINCIPAL, strlen(SOURCE_PRINCIPAL)) == 0
		? settings_source(s, name + strlen(SOURCE_PRINCIPAL)) : NULL;

	if (!c)
		return (struct rights){ 0 };
	return (struct rights){
		.verbs = 1u << VERB_SIGNAL | 1u << VERB_SEND | 1u << VERB_CANCEL, .up_to = c->up_to,
		.drill_only = c->drill_only, .divisions = c->divisions,
		.division_count = c->division_count, .recipients_max = c->recipients_max,
	};
}

static struct rights
everything_but(unsigned verbs_not)
{
	return (struct rights){ .verbs = ((1u << VERB_COUNT) - 1) & ~verbs_not,
				.up_to = SEVERITY_RED };
}

struct rights
rights_of(const struct settings *s, const struct principal *p)
{
	switch (p->kind) {
	case PRINCIPAL_CLIENT:
		return of_client(s, p->name);
	case PRINCIPAL_USER:
		if (p->uid == 0 || p->uid == geteuid())
			return everything_but(1u << VERB_REPORT | 1u << VERB_SIGNAL | 1u << VERB_RUN);
		break;
	case PRINCIPAL_ROUTE:
		return (struct rights){ .verbs = 1u << VERB_REPORT };
	case PRINCIPAL_GONG:
		return everything_but(0);
	case PRINCIPAL_SOURCE:
		return of_source(s, p->name);
	case PRINCIPAL_NOBODY:
	case PRINCIPAL_PERSON:
		break;
	}
	return (struct rights){ 0 };
}

bool
rights_have(const struct rights *r, enum verb verb)
{
	return r->verbs >> verb & 1;
}

int
rights_ask(const struct settings *s, const struct principal *by, enum verb verb, struct rights *out,
	   struct err *err)
{
	*out = rights_of(s, by);
	if (rights_have(out, verb))
		return 0;
	return by->kind == PRINCIPAL_USER
		? err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_NONE), no_user_right, NUM(by->uid))
		: err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_NONE), no_right, by->name,
			  *verbs[verb].word ? verbs[verb].word : verbs[verb].name);
}

bool
rights_reach(const struct rights *r, division_code code)
{
	struct division_range range = division_range(code);

	for (size_t i = 0; i < r->division_count; i++)
		if (range.first >= r->divisions[i].first && range.last <= r->divisions[i].last)
			return true;
	return !r->division_count;
}
