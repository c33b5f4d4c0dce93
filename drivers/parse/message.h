/* message.h -- what gong-parse is asked: the bytes of one message, what its source's settings say of such,
 * and the signals that come of it.  One file a format, one pure function each, with a fuzz target
 * (tests/fuzz/fuzz_format_NAME.c). */
#ifndef GONG_PARSE_MESSAGE_H
#define GONG_PARSE_MESSAGE_H

#include <jansson.h>

#include "core/err.h"
#include "drivers/parse/xml.h"
#include "files/signal_post.h"

struct message {
	const char *bytes;		/* borrowed; not ended by a NUL */
	size_t len;
	json_t *map;			/* of the source's mapping file, or NULL: {"kinds":{THEIRS:OURS},
					 * "severities":{…}, "schemes":{…}, "elements":{OURS:THEIRS}} */
};

/* 0: *out holds what was said.  -1: none of it can be read (err is UNREADABLE), or it is no document of
 * this format (INVALID), or holds too much (TOO_LARGE). */
typedef int (*message_fn)(struct signal_post *out, const struct message *, struct err *);
message_fn message_format(const char *name);	/* NULL: gong-parse has no such format */

int format_cap(struct signal_post *out, const struct message *, struct err *);

int format_national(struct signal_post *out, const struct message *, struct err *);

/* -1: `err` says that the element is not there, or what it says is no word of it. */
int message_lacks(const char *what, struct err *);
int message_strange(const char *what, const char *word, struct err *);
/* CAP's status and msgType; either may be NULL. */
int message_sense(const char *status, const char *type, enum signal_act *, enum signal_mode *, struct err *);

/* What their word stands for in a list of the mapping file; NULL: it is not there. */
const char *message_word(const struct message *, const char *list, const char *theirs);

#endif
