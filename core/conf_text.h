/* conf_text.h -- a configuration file as people's editors leave it, made into what the parser of such
 * files reads: UTF-8 with plain quotes, equal signs and braces.  What can only mean one thing is healed
 * and told; what cannot is refused with its line, never read in half.  Pure. */
#ifndef GONG_CONF_TEXT_H
#define GONG_CONF_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/phrase.h"

struct conf_finding {
	unsigned line;			/* from 1 */
	struct said said;		/* what there is, with its remedy */
};

struct conf_text {
	bool site;			/* gong.conf itself: what is left of the example is refused */
	/* Does the environment have it?  NULL: nobody asks. */
	bool (*has_variable)(const char *name);
	void (*tell)(void *ctx, const struct conf_finding *);	/* of what was healed; may be NULL */
	void *ctx;
};

/* The healed text, which the caller frees, and each of its lines where it was; NULL: *fault says why. */
char *conf_text(const char *bytes, size_t len, const struct conf_text *, struct conf_finding *fault);

/* conf_scan.c -- what the parser would take without a word: an option or a section that stands twice,
 * what is never closed, a variable of the environment that is not set, what is left of the example.
 * `text` is healed.  0, or -1 with *fault.
 * `blocks` (may be NULL) takes the struct conf_block of every { … } in the order of their ends, for the
 * parser keeps of a section only where it ends. */
struct conf_block {
	unsigned begins, ends;		/* lines */
};
int conf_scan(const char *text, const struct conf_text *, struct buf *blocks, struct conf_finding *fault);
/* Is it what the example and the manuals write where something of one's own belongs? */
bool conf_is_placeholder(const char *value);

#endif
