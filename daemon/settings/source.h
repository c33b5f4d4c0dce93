/* source.h -- who else pulls the rope: a `source` section of gong.conf and the rules file it names.
 * One source, one format.  What a source may do at all, whatever its rules say, stands in the
 * section: severities, divisions, kinds, mode; nothing named is everything, except the severity. */
#ifndef GONG_SOURCE_H
#define GONG_SOURCE_H

#include "core/rule.h"
#include "core/url.h"
#include "daemon/settings/json_map.h"

/* Name in gong.conf, does it need `read { … }` of a rules file, do its senders take back what they
 * said (of a mapped one the map says it).  The parsers are daemon/intake/formats/, and of XML
 * drivers/parse/. */
#define SOURCE_FORMATS(F) \
	F(JSON, "json", true, false) \
	F(FORM, "form", true, false) \
	F(ALERTMANAGER, "alertmanager", false, true) \
	F(GRAFANA, "grafana", false, true) \
	F(ZABBIX, "zabbix", false, true) \
	F(CAP, "cap", false, true) \
	F(NATIONAL, "national", false, true) \
	F(KANNEL, "kannel", false, true)
enum source_format {
#define F(name, text, by_map, has_ends) FORMAT_##name,
	SOURCE_FORMATS(F)
#undef F
	SOURCE_FORMAT_COUNT
};

/* How it proves who it is, as far as that system can.  One is enough. */
#define SOURCE_WAYS(W) \
	W(BEARER, "bearer")		/* Authorization: Bearer TOKEN (RFC 6750) */ \
	W(BASIC, "basic")		/* Authorization: Basic, the token as password (RFC 7617) */ \
	W(HMAC, "hmac")			/* a header with HMAC-SHA256 of the body, keyed by the token */ \
	W(QUERY, "query")		/* ?token=TOKEN */ \
	W(PATH, "path")			/* /v1/in/NAME/TOKEN */
enum source_way {
#define W(name, text) SOURCE_##name,
	SOURCE_WAYS(W)
#undef W
	SOURCE_WAY_COUNT
};

/* What it is told of its own signals (docs/sources.md). */
#define SOURCE_FEEDBACKS(B) \
	B(VERDICT, "verdict")		/* what became of a signal */ \
	B(ANSWER, "answer")		/* somebody answered its alert */ \
	B(END, "end")			/* its alert is over */
enum source_feedback {
#define B(name, text) FEEDBACK_##name,
	SOURCE_FEEDBACKS(B)
#undef B
	SOURCE_FEEDBACK_COUNT
};

struct rule_sample {			/* `test` of a rules file: a sample and what becomes of it */
	char *name, *file;
	char *expect;			/* a rule's name, or "unmatched", "refused", "ignored" */
	unsigned line;			/* of the rules file */
};

struct rules {				/* a rules file */
	char *path;
	struct json_map *map;		/* NULL: there is no `read` */
	struct rule *list;
	size_t count;
	struct rule_sample *samples;
	size_t sample_count;
};

struct source_conf {
	char *name;
	enum source_format format;
	/* The program that fetches or subscribes, as a route's driver, and the JSON object that it is
	 * opened with; NULL: its system posts, by one of its ways. */
	char *fetch, *config;
	unsigned ways;			/* bits 1 << source_way; 0 = nobody may post */
	char *token;			/* the shared secret itself: HMAC needs it; NULL with `fetch` */
	char *hmac_header;
	char *hmac_time_header;		/* its Unix time and ":" stand before the body in the MAC; NULL = none */
	enum severity up_to;
	enum rule_trust trust;		/* at most this, whatever a rule says */
	bool drill_only;
	msec heartbeat_ms;		/* silence so long is an alarm; 0 = it may be silent */
	division_code *division_list;	/* as said, for lists; ranges below */
	struct division_range *divisions;
	size_t division_count;
	char **kinds;			/* matched as rules do */
	size_t kind_count;
	char **shares_refs;		/* other sources whose alerts it may update and end */
	size_t shares_count;
	unsigned long recipients_max;	/* 0 = no limit */
	char *mapping;			/* of its mapping file, as JSON: {"kinds":{THEIRS:OURS}, "severities":{…},
					 * "elements":{OURS:THEIRS}}; NULL: it has none */
	struct url *callbacks;		/* the only places that anything of it goes to */
	size_t callback_count;
	char *feedback_to;		/* one of them, with its path; NULL = it is told nothing */
	unsigned feedback;		/* bits 1 << source_feedback */
	enum { FEEDBACK_PLAIN, FEEDBACK_FLOOD } feedback_form;
	struct rules rules;
};

struct settings;
/* NULL: there is none of that name. */
const struct source_conf *settings_source(const struct settings *, const char *name);
const char *source_way_name(enum source_way);
const char *source_format_name(enum source_format);
const char *source_feedback_name(enum source_feedback);
/* May something of this source go to that URL?  *loopback: also where that is this machine. */
bool source_may_call(const struct source_conf *, const char *url, bool *loopback);
/* Does it take back what it said?  Then `for` is a time to be waited, else observations to be seen. */
bool source_has_ends(const struct source_conf *);
/* Does each of its messages say all there is about its subject?  Then what it leaves out is left out. */
bool source_is_whole(const struct source_conf *);
const struct rule *rules_named(const struct rules *, const char *name);	/* NULL: there is none */

/* The principal's name of a source is SOURCE_PRINCIPAL and its own: no client can have it. */
#define SOURCE_PRINCIPAL "source:"

/* A mapping file's text as that JSON; NULL: err says what is wrong. */
char *mapping_parse(const char *body, const char *file, struct err *);
/* A rules file's text; -1: err is "file:line: what; remedy".  `settings`: whose templates, policies and
 * roles it names, already read. */
int rules_parse(struct rules *out, const char *body, const char *file, const struct settings *,
		struct err *);
/* Is what a process of `fetch` was told still true? */
bool source_same_fetch(const struct settings *, const struct source_conf *, const struct settings *,
		       const struct source_conf *);
void rules_fini(struct rules *);
void source_fini(struct source_conf *);

#endif
