/* err.h -- what went wrong, for whoever must act on it: what kind of trouble, what it is about,
 * and a sentence.  A refusal that can reach a client, gongctl's user or the desk takes its sentence
 * from the catalogue (err_say); a free English one (err_set, err_field) is for the log and for
 * standard error only, where an administrator reads it.  It fills fixed buffers, never allocates,
 * never fails.
 *
 * Whoever answers renders it: HTTP a status and a JSON pointer, gongctl its own options, CSV a line
 * and a column. */
#ifndef GONG_ERR_H
#define GONG_ERR_H

#include "core/phrase.h"

/* What kind of refusal; the names are the API's. */
#define ERR_KINDS(K) \
	K(FAULT, "fault")			/* gong's own surroundings: a file, a disk */ \
	K(UNREADABLE, "unreadable")		/* no JSON, no HTTP, no cursor */ \
	K(INVALID, "invalid")			/* readable, but it cannot be carried out so */ \
	K(UNAUTHENTICATED, "unauthenticated") \
	K(FORBIDDEN, "forbidden") \
	K(NOT_FOUND, "not_found") \
	K(NO_SUCH_VERB, "no_such_verb")		/* the thing is there, but does not do that */ \
	K(TOO_SLOW, "too_slow")			/* the request itself came too slowly */ \
	K(CONFLICT, "conflict") \
	K(GONE, "gone")				/* it was there, and is no more */ \
	K(STALE, "stale")			/* it is another than the one that was read */ \
	K(TOO_LARGE, "too_large") \
	K(WRONG_TYPE, "wrong_type")		/* of the body */ \
	K(NO_SUCH_WISH, "no_such_wish")		/* an expectation that nobody here fulfils */ \
	K(TOO_MANY, "too_many")			/* of them are under way already */ \
	K(HEAD_TOO_LARGE, "head_too_large") \
	K(UNKNOWN_CODING, "unknown_coding") \
	K(BUSY, "busy")				/* come again in a moment */ \
	K(NO_ANSWER, "no_answer")		/* from whoever was asked; it may have been done */ \
	K(UNKNOWN_VERSION, "unknown_version") \
	K(FULL, "full")				/* no room on the disk */
enum err_kind {
#define K(name, text) REFUSED_##name,
	ERR_KINDS(K)
#undef K
	REFUSED_COUNT
};
const char *err_kind_name(enum err_kind);

/* What a refusal is about.  Names are the API's; most are the request's own words for it. */
#define CONCEPTS(C) \
	C(NONE, "")				/* the request as a whole */ \
	C(FIELD, "field")			/* `name` is the address itself */ \
	C(MEMBER, "member")			/* `name`: pointer of a member nobody knows */ \
	C(QUERY, "query")			/* `name`: a parameter after the "?" */ \
	C(HEADER, "header")			/* `name` */ \
	C(OPTION, "option")			/* `name`: of the command line */ \
	C(ROW, "row")				/* `index`: line of a file; `name`: column or "" */ \
	C(KEY, "key") C(TEMPLATE, "template") C(POLICY, "policy") C(SEVERITY, "severity") \
	C(KIND, "kind") C(FURTHER, "further") C(ASKER, "asker") C(LIFT, "lift") C(MODE, "mode") \
	C(PARAMS, "params")			/* all of them */ \
	C(PARAM, "param")			/* `name` */ \
	C(DIVISION_PARAMS, "division_params")	/* `name`: code, or "" for all */ \
	C(DIVISION_PARAM, "division_param")	/* `name`: CODE:PARAM */ \
	C(AUDIENCE, "audience") \
	C(DIVISION, "division")			/* `index` where it is one of a list, and so on */ \
	C(WITHOUT_DIVISION, "without_division") C(ROLE, "role") C(CONTACT, "contact") \
	C(WITHOUT_CONTACT, "without_contact") C(REACHED, "reached") \
	C(STARTS_AT, "starts_at") C(EXPIRES_AT, "expires_at") C(REPLACES, "replaces") C(WHOLE, "whole") \
	C(LEVEL, "level") C(OUTCOME, "outcome") C(NAME, "name") C(NOTE, "note") C(FROM, "from") \
	C(WHAT, "what") C(TEXT, "text") C(TO, "to") C(RECEIPT_WAIT, "receipt_wait_ms") \
	C(REF, "ref") C(CODE, "code")		/* that the address names: a person, a place */ \
	C(LANGUAGE, "language") C(ACTIVE, "active") \
	C(NUMBERS, "numbers") C(POSTS, "posts") C(TAG, "tag")	/* `index` where it is one of them */ \
	C(NAME_EN, "name_en") C(BY, "by") C(YES, "yes")	/* it is wanted in spite of what it does */ \
	C(REPLACE, "replace") \
	C(AGAIN, "again") C(ABOUT_ALERT, "about_alert")		/* that the body names */ \
	C(ALERT, "alert") C(TASK, "task") C(ROUTE, "route")	/* that the address names */
enum concept {
#define C(name, text) CONCEPT_##name,
	CONCEPTS(C)
#undef C
	CONCEPT_COUNT
};
const char *concept_name(enum concept);
int concept_parse(const char *name);		/* -1: none of that name */

struct about {
	enum concept concept;
	int index;			/* place in a list, or line of a file; -1 = none */
	char name[120];			/* as its concept says; else "" */
};
struct about about(enum concept);
struct about about_index(enum concept, size_t index);
struct about about_name(enum concept, const char *name);	/* cut, but at a character */
struct about about_row(unsigned line, const char *column);	/* column may be NULL */
/* One parameter; `division`: the code of the one whose it is, NULL = everybody's. */
struct about about_param(const char *division, const char *name);

struct err {
	enum err_kind kind;
	struct about about;
	struct said said;		/* what to tell people */
	/* The same for the log and standard error, which speak English: */
	char field[128];		/* "template", "division[3]"; "" = none */
	char text[512];
};

/* All fill `err` (which may be NULL) and return -1, so that `return err_say(...)` reads well. */
#define err_say(err, kind, about, name, ...) \
	err_say_phrase((err), (kind), (about), PHRASE_AND_VALUES(name, __VA_ARGS__))
int err_say_phrase(struct err *err, enum err_kind, struct about, enum phrase,
		   const char *const *values);
int err_set(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_field(struct err *err, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Says what a refusal from further below is about; returns -1. */
int err_about(struct err *err, struct about);

#endif
