/* which.h -- which request an answer belongs to, among all that its writer has heard of.
 * Nobody answers what he has not received: a request counts once the network accepted its message
 * (a call: once it was picked up), before the answer was written.  Pure: no clock, no I/O; the caller
 * asks again when a message that is in the air has settled. */
#ifndef GONG_WHICH_H
#define GONG_WHICH_H

#include <stdbool.h>
#include <stddef.h>

#include "core/msec.h"
#include "core/words.h"

#define WHICH_READING_MS SECONDS(8)	/* nobody reads faster */
#define WHICH_RECENT_MS MINUTES(60)	/* so long a satisfied request may still be answered */

enum which_heard {
	WHICH_NOT,			/* nothing of it has left, or it was refused */
	WHICH_IN_AIR,			/* with a route, which has not said what became of it */
	WHICH_IN_DOUBT,			/* it left before the answer, accepted later or nobody knows */
	WHICH_ACCEPTED
};

enum which_code { WHICH_NO_CODE, WHICH_NEAR_CODE, WHICH_SAME_CODE };	/* near: one letter is another */

struct which_one {			/* one request, as one person has heard of it */
	int64_t alert;
	bool drill;
	enum severity severity;
	bool open;			/* or satisfied lately, and not answered by himself */
	bool recent;			/* over or satisfied for less than WHICH_RECENT_MS */
	bool answered;			/* by himself */
	bool asks;			/* for an answer; else it only tells something */
	bool held;			/* he may mean one that a restored store does not have */
	bool knows;			/* what was said means something in its answer map */
	bool by_number;			/* it went to the telephone that answers */
	enum which_code code;		/* against the one that was given */
	enum which_heard heard;
	msec heard_at;			/* the first acceptance */
	msec rang_at;			/* the last call to the telephone that answers; 0 = none */
};

enum which_said {
	WHICH_TOKEN,			/* an answer that one map has and another has not */
	WHICH_CANNOT,			/* 0: every map has it */
	WHICH_HELP,			/* 9: likewise, and it waits for nothing */
	WHICH_CALL,			/* a missed call */
	WHICH_WORDS			/* no answer; where it belongs is a guess, for people to see */
};

struct which_view {
	const struct which_one *ones;	/* borrowed */
	size_t count;
	enum which_said said;
	bool coded;
	bool lost;			/* … with the code of a request that a restored store does not have */
	bool shared;			/* several people have that telephone */
	bool waited;			/* as if nothing were in the air */
	msec written_at;
};

enum which_verdict {
	WHICH_BOOK,
	WHICH_WAIT,			/* for what is in the air */
	WHICH_UNCLEAR			/* for people to see */
};

/* By what: stored with what came in. */
enum which_rule { WHICH_BY_NOTHING, WHICH_BY_CODE, WHICH_BY_NEAR_CODE, WHICH_BY_TOKEN, WHICH_BY_BEING_ONLY,
		  WHICH_BY_ORDER, WHICH_BY_RINGING, WHICH_BY_BEING_LAST, WHICH_RULE_COUNT };

struct which_decision {
	enum which_verdict verdict;
	size_t index;			/* of `ones`; NOBODYS: none.  UNCLEAR: the likeliest */
	enum which_rule rule;
};
#define WHICH_NOBODYS SIZE_MAX

struct which_decision which_request(const struct which_view *);
const char *which_rule_name(enum which_rule);	/* "code", "near code", "token" … */
enum which_code which_code_match(const char *given, const char *code);

#endif
