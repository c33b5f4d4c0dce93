/* ask.h -- what would a program of gongd's not be able to do?  It is started for this question alone, is
 * given up to 10 s for its answer and then killed; docs/drivers.md and docs/fetchers.md, `check`. */
#ifndef GONG_CHECK_ASK_H
#define GONG_CHECK_ASK_H

#include <jansson.h>

#include "core/buf.h"
#include "core/err.h"
#include "daemon/settings/settings.h"

enum ask_verdict {
	ASK_UNFIT,			/* it could do nothing: err says why */
	ASK_NOT_CHECKED,		/* it does not know that question */
	ASK_CHECKED,			/* *problems: [{"template","language","problem"}] */
};
struct ask_answer {
	enum ask_verdict verdict;
	json_t *problems;		/* NULL unless ASK_CHECKED */
	json_t *confined;		/* how it could confine itself here; NULL: it does not say */
	struct err err;
};
/* `name`: as gong.conf has it; `line` with its newline is taken.  SIGPIPE must be ignored.  The caller
 * finishes *out. */
void ask_program(const struct settings *, const char *name, struct buf *line, struct ask_answer *out);
void ask_answer_fini(struct ask_answer *);

#endif
