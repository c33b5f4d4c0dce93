/* formats.h -- bytes of another system -> signals.  One file a format, one pure function each, with a
 * fuzz target (tests/fuzz/fuzz_format_NAME.c); a new format is a row of SOURCE_FORMATS
 * (daemon/settings/source.h) and its function here.
 *
 * A parser knows its format and nothing of the office: no rule, no right, no division is looked up.
 * What it does not know it leaves out or makes a label of, since senders add members without asking.
 * Any thread; the post that it fills is the caller's to finish, filled or not. */
#ifndef GONG_FORMATS_H
#define GONG_FORMATS_H

#include "core/err.h"
#include "daemon/contract/contract.h"
#include "daemon/settings/source.h"
#include "files/signal_post.h"

#define FORMAT_DEPTH_MAX 32		/* nesting; deeper is refused */

struct format_input {
	const char *bytes;		/* borrowed; not ended by a NUL */
	size_t len;
	const char *content_type;	/* as sent, or NULL */
	const struct json_map *map;	/* of the rules file; NULL where the format needs none */
	msec now;			/* when it came, Unix ms: nothing begins later than that */
};

/* 0: *out holds what was said (maybe nothing).  -1: none of it can be read (err is UNREADABLE), or
 * it is no document of this format (INVALID), or holds too much (TOO_LARGE). */
typedef int (*format_parse_fn)(struct signal_post *out, const struct format_input *, struct err *);

/* NULL: it is read by gong-parse, not in gongd (daemon/parse/parse.h). */
format_parse_fn format_parser(enum source_format);

/* A post of that source, of so many documents, still empty. */
struct command *format_post(const struct source_conf *, size_t documents);
/* What came as one is kept as it came, less what is secret in it; then what was read in it (the content of `post` is taken), or why
 * nothing could be.  The caller frees it with its request. */
void format_keep(struct signals_document *out, const struct source_conf *, const char *bytes, size_t len);
void format_settle(struct signals_document *out, struct signal_post *post, const struct err *refused);
#define SOURCE_QUEUED_MAX 256		/* what of one source may wait for the engine, by this: */
unsigned format_weight(const struct signals_request *);

int format_json(struct signal_post *out, const struct format_input *, struct err *);
int format_form(struct signal_post *out, const struct format_input *, struct err *);
int format_alertmanager(struct signal_post *out, const struct format_input *, struct err *);
int format_grafana(struct signal_post *out, const struct format_input *, struct err *);
int format_zabbix(struct signal_post *out, const struct format_input *, struct err *);
int format_kannel(struct signal_post *out, const struct format_input *, struct err *);

#endif
