/* rule.h -- what an office wants done about a signal: does the rule fit it, and what does it want to
 * be known under?  Fields, no expression language: whoever is woken at three can read them, and
 * gongd --check can try them.  Rules are asked in the order of their file; the first that fits wins.
 * Pure: no clock, no I/O; `for`, `again` and `limit` are counted by the engine. */
#ifndef GONG_RULE_H
#define GONG_RULE_H

#include "core/division.h"
#include "core/signal.h"

enum rule_compare { RULE_EQUALS, RULE_MATCHES, RULE_ABOVE, RULE_BELOW };

struct rule_test {			/* of one label; a signal without the label does not fit */
	char *label;
	enum rule_compare compare;
	char *text;			/* EQUALS, MATCHES ("*" any characters, "?" one) */
	double value;			/* ABOVE, BELOW; a label that is no number does not fit */
};

struct rule_when {			/* all of it must fit; what is not said fits everything */
	char **kinds;			/* matched as MATCHES does */
	size_t kind_count;
	int severity_from, severity_to;	/* enum severity, both included; -1 = not said */
	struct rule_test *tests;
	size_t test_count;
	division_code *within;		/* at least one of its divisions is one of these, or in one */
	size_t within_count;
};

enum rule_source { RULE_VALUE, RULE_LABEL, RULE_TEXT, RULE_AREA };

struct rule_param {			/* a parameter of the template */
	char *name;
	enum rule_source from;
	char *what;			/* VALUE: itself; LABEL, TEXT: which one */
	char *otherwise;		/* where the signal does not say it; NULL = then there is none */
	size_t max;			/* characters; what is longer is cut, with "…" */
	bool as_sent;			/* signature brackets and links of the sender go out, too */
};

struct rule_then {
	char *template;			/* NULL: that of its kind and colour in the table of kinds, with its policy */
	char *policy, *kind;		/* policy NULL: told once, or the table's; kind NULL: the signal's */
	int severity;			/* -1: the signal's */
	bool areas;			/* the signal's divisions … */
	division_code *divisions;	/* … and these */
	size_t division_count;
	char **roles, **contacts;
	size_t role_count, contact_count;
	char *to;			/* a label that has numbers: whoever of the contacts has one; NULL: none */
	struct rule_param *params;
	size_t param_count;
	enum signal_mode mode;		/* a drill and a test stay what they are whatever this says */
	msec validity_ms;		/* 0: the signal's own end, else the site's validity */
};

/* HOLD: a person releases it.  NOTE: kept and shown, nobody is told. */
enum rule_trust { RULE_SEND, RULE_HOLD, RULE_NOTE };

struct rule {
	char *name, *group;		/* group: whose alerts cover one another for `again` */
	struct rule_when when;
	msec for_ms, gap_ms, again_ms;	/* 0 = not said */
	char **by;			/* labels: one gauge, one machine apart from another */
	size_t by_count;
	unsigned limit;			/* alerts an hour and severity; 0 = none */
	struct rule_then then;
	enum rule_trust trust;
	char *end_template;		/* those reached are told by it; NULL: nobody is */
	unsigned char sha256[32];	/* of its text: a rule that was changed is another one */
};

/* Does it fit?  `divisions`: what the signal's areas mean here. */
bool rule_fits(const struct rule *, const struct signal *, const division_code *divisions,
	       size_t division_count);
/* The first that does; NULL: none. */
const struct rule *rule_find(const struct rule *, size_t count, const struct signal *,
			     const division_code *divisions, size_t division_count);

#define RULE_BY_BYTES 256
/* The values of its `by` labels in one line, as one gauge is told from another; "" without `by`. */
void rule_by(char out[RULE_BY_BYTES], const struct rule *, const struct signal *);
/* A parameter's value, in one line and within its `max`; the caller frees.  NULL: the signal does not say it. */
char *rule_param_value(const struct rule_param *, const struct signal *, enum lang);
const char *rule_trust_name(enum rule_trust);	/* "send", "hold", "note" */
int rule_trust_parse(const char *word);		/* -1: none of that name */
bool rule_glob(const char *pattern, const char *text);

/* The divisions that its areas name by code and those that it means, ascending, each once; what is no code
 * of a division is counted in *unknown.  At most `max`. */
size_t rule_divisions(const struct signal *, division_code *out, size_t max, size_t *unknown);

#endif
