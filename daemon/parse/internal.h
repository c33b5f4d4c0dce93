/* internal.h -- what the files of parse/ share: talk.c is the lines, parser.c who waits, once.c one question. */
#ifndef GONG_PARSE_INTERNAL_H
#define GONG_PARSE_INTERNAL_H

#include <jansson.h>

#include "core/buf.h"
#include "daemon/parse/parse.h"

/* The first line of a child's life: what it must know of the sources; "" in *line: no source needs one. */
void talk_open(struct buf *line, const struct settings *);
void talk_ask(struct buf *line, uint64_t id, const struct parse_ask *);
/* Places on their way to the child, from what the store said; *after is the cursor of the next page, "" = that
 * was the last.  -1: it is none of that. */
int talk_shapes(struct buf *line, const char *body, size_t len, bool begin, int64_t *generation, char after[32]);
/* A `part`: one more signal.  -1: it is none. */
int talk_part(struct signal_post *, json_t *event);
/* A `parsed`: 0, or -1 with what was refused. */
int talk_end(struct signal_post *, json_t *event, struct err *);
/* The program; NULL with err: it is not there. */
char *talk_program(const struct settings *, struct err *);

#endif
