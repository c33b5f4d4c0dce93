/* parse.h -- what a source sent becomes signals.  What is harmless to read (JSON) is read at once; XML, and
 * whatever else needs a large library, is read by gong-parse, a confined child (drivers/parse), and never
 * in gongd.  The caller sees no difference: it asks, and hears once.
 *
 * Lives on the loop thread.  The child has one message at a time, and the others wait here, so that a
 * message on which it dies is known: one that killed it twice is refused, and so is every later message of
 * the same bytes. */
#ifndef GONG_PARSE_H
#define GONG_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/log_level.h"
#include "core/msec.h"
#include "daemon/settings/settings.h"
#include "files/signal_post.h"

struct children;
struct parser;

#define PARSER_WAITING_MAX 64		/* messages that wait for the child, of all sources … */
#define PARSER_SHARE_MAX 32		/* … and of one */

struct parser_ports {
	void *ctx;
	void (*log)(void *ctx, enum log_level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
	/* The child does not come up (again), and sources wait for it; NULL: it is up. */
	void (*trouble)(void *ctx, const struct said *);
	/* Asks the store for places, behind `after` ("" = from the first), where they are of another generation:
	 * parser_shapes has the answer.  false: not now. */
	bool (*shapes)(void *ctx, int64_t generation, const char *after);
};

struct parse_ask {			/* borrowed for the call */
	const struct source_conf *source;
	const char *bytes;
	size_t len;
	const char *content_type;	/* as sent, or NULL */
	msec now;			/* when it came, Unix ms */
};
/* What came of it.  The post's content is the receiver's to take; what it leaves is finished.
 * `refused` NULL: it could be read.  BUSY: nothing is known of it, it may be sent again; any other kind is
 * the message's own fault. */
typedef void (*parsed_fn)(void *ctx, struct signal_post *post, const struct err *refused);

/* Borrows the children until parser_close; starts its child when a source needs it. */
struct parser *parser_open(struct children *, struct settings *, const struct parser_ports *);
/* -1: err is BUSY, and fn will not be called.  0: it is called once, maybe before this returns. */
int parser_ask(struct parser *, const struct parse_ask *, parsed_fn, void *ctx, struct err *);
/* What the store said (READ_SHAPES of daemon/store/read.h), or why it did not. */
void parser_shapes(struct parser *, const struct err *refused, const char *body, size_t len);
void parser_second(struct parser *);	/* once a second: have places been given other shapes? */
void parser_reload(struct parser *, struct settings *);
void parser_close(struct parser *);	/* NULL is nothing; whoever waits hears BUSY */

/* once.c: the same in one breath, by a child of its own, for gongd --check: it has no part in the loop. */
/* Is the child's program there, where some source needs it?  -1: `err` says what is not. */
int parse_ready(const struct settings *, struct err *);
int parse_once(const struct settings *, const struct parse_ask *, struct signal_post *out, struct err *);

#endif
