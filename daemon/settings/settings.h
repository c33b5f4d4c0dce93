/* settings.h -- gong.conf, templates and policies: files -> validated, immutable values.
 * Loading does everything or nothing; every refusal names file, line and remedy.
 * A struct settings is never changed after loading and may be read by any thread;
 * a reload makes a new one (settings_ref/settings_unref keep the old alive while used). */
#ifndef GONG_SETTINGS_H
#define GONG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/division.h"
#include "core/err.h"
#include "core/ladder.h"
#include "core/msec.h"
#include "core/pace.h"
#include "core/phone.h"
#include "core/template.h"
#include "core/words.h"
#include "daemon/settings/ip_range.h"

struct role {
	char *name, *title[LANG_COUNT];
	enum tier tier;
	bool duty;			/* resolved through the roster */
};

struct family {				/* a role name that is no family is a family of one */
	char *name;
	size_t *roles;			/* indices into settings->roles */
	size_t role_count;
};

enum target_kind { TARGETS_NONE, TARGETS_VILLAGE, TARGETS_TOWNSHIP, TARGETS_PERSON,
		   TARGETS_TEAM };

struct policy_step {
	char *name;			/* for people: "principals" */
	msec after_ms;
	size_t *to;			/* ordered families: indices into settings->families */
	size_t to_count;		/* 0: the request's own roles or contacts */
	bool to_answered;		/* `to = {answered}`: whoever has acknowledged so far */
	bool channels[CHANNEL_COUNT];
	int below;			/* targets still under this level */
	bool inform;			/* recipients are told, not chased */
	char *template;			/* NULL = the alert's */
};

struct good_end {			/* whom it is told that every target stands where it should */
	bool asker;			/* who asked for the alert */
	size_t *to;			/* and families: indices into settings->families */
	size_t to_count;
	char *template;
	char *reopened;			/* when it is not so any more; NULL = the desk is asked to tell them */
};

struct policy {
	char *name, *title;
	char *full;			/* team: template for who is not needed any more; NULL = none */
	char *expired;			/* template for whom it reached, when it runs out; NULL = none */
	struct good_end satisfied;	/* template NULL = nobody is told */
	enum target_kind targets;
	int until, chase_below;
	unsigned quota;			/* team targets: how many persons make the team */
	msec deadline_ms;		/* NEVER = none */
	struct policy_step *steps;
	size_t step_count;
	struct ladder_step *ladder;	/* the same steps, as core/ladder wants them */
};

struct kind_text {			/* what an event of a kind and colour gets */
	char *template, *policy;	/* NULL, both: what the kinds without one of their own get */
};

struct kind_further {			/* what follows it, or goes to others beside it: "move", "stay" */
	char *name, *title[LANG_COUNT];	/* title NULL: that of its template */
	struct kind_text text;
	enum severity severity;		/* where the request does not say */
};

struct kind_row {
	char *name;			/* "rainstorm" */
	char *title[LANG_COUNT], *action[LANG_COUNT];	/* as texts say it; action NULL = nothing in general */
	struct kind_text by[SEVERITY_COUNT];	/* none by SEVERITY_NOTICE */
	char *lift;			/* template for whom it reached, when it is over; NULL as above */
	struct kind_further *further;
	size_t further_count;
	char *path, *instead_of;	/* its file, NULL = no file has it; that which it stands before, or NULL */
};
#define KIND_OTHER "other"		/* its row is that of all kinds without a text of their own */

struct route_conf {
	char *name, *driver;		/* driver: "gong-modem", path to an executable … */
	bool channels[CHANNEL_COUNT];
	bool simulated, backup, gong_signs;	/* gong_signs: gong adds the signature to the text */
	char *config;			/* JSON object handed to the driver at open */
	char *reset_command;		/* of that object: what gongd runs when the driver asks; NULL = nothing */
	char *callback_secret;		/* NULL = no callback URL */
	struct ip_range *callback_from;	/* who may use it; count 0 = anybody */
	size_t callback_from_count;
	unsigned window;		/* at most; 0 = as the driver says */
	double rate;			/* messages per second; 0 = unlimited */
	struct pace_budget *budgets;	/* per number */
	size_t budget_count;
	msec canary_every_ms, canary_within_ms;		/* every: 0 = no canary */
	uint64_t canary_to;
	msec down_alarm_ms;		/* not ready for so long: alarm; 0 = never */
	double parts_per_s;		/* declared speed, for forecasts before any is measured */
};

struct client {				/* who may ask, and for what; default is nothing */
	char *name;
	unsigned char token_sha256[32];
	enum severity up_to;		/* highest severity it may send */
	bool drill_only;
	unsigned verbs;			/* what `may` gives; see rights.h */
	struct division_range *divisions;	/* count 0 = the whole site */
	size_t division_count;
	unsigned long recipients_max;	/* 0 = no limit */
	char *contact;			/* the person behind it: ref of who asked for what it sends; or NULL */
};

/* A template or policy file as it stood on disk; engines store it by hash when first used. */
struct document {
	char *kind, *name;		/* "template"/"policy" */
	char *path, *instead_of;	/* its file; that of an earlier folder which it stands before, or NULL */
	char *body;			/* the file's text, or the one section of it */
	unsigned char sha256[32];
};

struct settings {
	char *path;			/* gong.conf */
	char *state_dir, *driver_dir;
	char *console;			/* folder of files for browsers; NULL = none */
	/* site */
	char *site_name[LANG_COUNT], *office[LANG_COUNT];	/* office: who speaks in a call */
	char *signature[LANG_COUNT], *drill_mark[LANG_COUNT];
	char *drill_mark_provider[LANG_COUNT];
	char *end_left, *end_changed;	/* templates: an alert ends there, another goes on there */
	char *timezone;			/* for times in texts, "Asia/Shanghai" */
	struct phone_plan phone_plan;
	enum lang default_lang;
	char **tag_columns;		/* of the list of contacts: whose words become tags */
	size_t tag_column_count;
	double policy_divisor;		/* policies' times are divided by it (demo, drills); >= 1 */
	msec validity_ms;		/* of an alert that names none; default 24 h */
	unsigned auto_replies_per_hour;	/* per number */
	msec ring_ms;			/* default 35 s */
	unsigned plays;			/* of a voice text, default 2 */
	/* listening */
	char *listen_host;		/* NULL = no TCP */
	uint16_t listen_port;		/* 0 = any free one (its number is logged and in run file) */
	char *public_url;		/* base of callback URLs; default http://host:port */
	struct ip_range *callback_proxies;	/* whose word on who called is believed */
	size_t callback_proxy_count;
	char *socket_path;
	size_t body_max, header_max, connections_max;
	size_t streams_max;		/* of answers in pieces, on TCP and on the socket each */
	size_t alerts_open_max;

	struct role *roles;		size_t role_count;
	struct family *families;	size_t family_count;
	struct template **templates;	size_t template_count;
	bool helper_built_in;		/* HELPER_TEMPLATE is gong's own: no file has it */
	struct policy **policies;	size_t policy_count;
	struct kind_row *kinds;		size_t kind_count;	/* 0: there is no table */
	bool kinds_installed;		/* gong.conf names none: it is the one beside gongd */
	struct document *documents;	size_t document_count;	/* templates, then policies */
	struct route_conf *routes;	size_t route_count;
	struct client *clients;		size_t client_count;
	char **secrets;			size_t secret_count;	/* paths of the files that hold them */
	struct source_conf *sources;	size_t source_count;
	bool feedback_wanted;		/* by one of them at least */
	unsigned refs;
};

/* Who hears of every fault that was found, and of what was healed on the way, each with its file and line. */
struct settings_listener {
	void (*hear)(void *ctx, bool fault, const struct said *);
	void *ctx;
};
/* Reads gong.conf and what it names.  -1: err says file, line, what and remedy, of the first fault.
 * `listener` may be NULL. */
int settings_load(struct settings **out, const char *path, const struct settings_listener *, struct err *);
/* The path of a program beside the drivers, or where its name says; caller frees.  NULL: gong cannot run
 * it, err says how to mend that. */
char *settings_program(const struct settings *, const char *name, struct err *);
struct settings *settings_ref(struct settings *);
void settings_unref(struct settings *);

/* NULL or -1 if there is none of that name. */
const struct template *settings_template(const struct settings *, const char *name);
const struct policy *settings_policy(const struct settings *, const char *name);
const struct document *settings_document(const struct settings *, const char *kind,
					 const char *name);
/* The text of a step for those above its targets: the step's own, else the site's for such readers.
 * A chief's own text is never theirs. */
#define HELPER_TEMPLATE "esc.unanswered"
const char *settings_helper_template(const struct settings *, const struct policy *,
				     const struct policy_step *);
/* Has the site a text of its own for them? */
bool settings_has_helper_text(const struct settings *, const struct policy *, const struct policy_step *);
/* Are the people of this family above what the policy's targets are? */
bool settings_is_above(const struct settings *, const struct policy *, size_t family);
/* What was probably meant by a name that the list does not have; NULL: nothing is near. */
enum settings_list { SETTINGS_TEMPLATES, SETTINGS_POLICIES, SETTINGS_FAMILIES, SETTINGS_KINDS };
const char *settings_near(const struct settings *, enum settings_list, const char *name);
const struct kind_row *settings_kind(const struct settings *, const char *name);	/* NULL: none of that name */
/* What it gets by a colour, its own or that of KIND_OTHER; for SEVERITY_NOTICE NULL. */
const struct kind_text *settings_kind_text(const struct settings *, const struct kind_row *, enum severity);
/* Template for whom an alert of that kind has reached, when it is over; NULL: the table names none. */
const char *settings_kind_lift(const struct settings *, const char *kind);
/* As texts say it: by the table, else gong's own word; NULL: nothing is known. */
const char *settings_kind_said(const struct settings *, const char *kind, enum lang);
const char *settings_kind_action(const struct settings *, const char *kind, enum lang);
int settings_family(const struct settings *, const char *name);	/* index; a role name counts too */
int settings_role(const struct settings *, const char *name);
int settings_route(const struct settings *, const char *name);
const struct client *settings_client(const struct settings *, const unsigned char sha256[32]);

/* Would a process of the route be told the same, and may as much go by it?  If not, a reload starts
 * a new one; what only gongd looks at (window, rate, budgets, backup, canary …) is not compared. */
bool route_conf_same_driver(const struct settings *, const struct route_conf *,
			    const struct settings *others, const struct route_conf *other);

/* Where gongd's own URLs begin; `port`: the one in use.  Caller frees. */
char *settings_base_url(const struct settings *, unsigned port);

/* The text that goes by a channel: a call without a text of its own reads the SMS.  NULL = none. */
const struct text *template_text(const struct template *, enum lang, enum channel);
/* What the answers mean, as a JSON object {"1":"acknowledged",…}.  Caller frees. */
char *template_keys(const struct template *);

/* One document's text -> value, for alerts that run on an older version.  Caller owns *out. */
int template_parse(struct template **out, const char *body, const char *file, struct err *);
#define POLICY_STEPS_MAX 62		/* a set of them is one number in the store: catch_up.c */
int policy_parse(struct policy **out, const char *body, const char *file,
		 const struct settings *, struct err *);
void policy_free(struct policy *);

#endif
