/* problem.h -- a refusal as HTTP tells it: status, JSON pointer, sentence in the client's language
 * (RFC 9457; docs/api.md).  The one place that knows what a kind's status is.  Pure. */
#ifndef GONG_WEB_PROBLEM_H
#define GONG_WEB_PROBLEM_H

#include "core/buf.h"
#include "core/err.h"
#include "core/faults.h"

/* What the body in question looks like: the same concept stands at different places. */
enum form { FORM_PLAIN, FORM_ALERT, FORM_CALLOUT };

int problem_status(enum err_kind);
/* Where in the request: a JSON pointer into its body, the name of a header or parameter, or a line
 * and a column; "" = nowhere. */
#define PROBLEM_FIELD 160
void problem_field(char out[PROBLEM_FIELD], const struct about *, enum form);
/* The problem document; `faults`: all that is wrong with a file, err being the first; may be NULL. */
void problem_text(struct buf *out, const struct err *, const struct faults *, enum form, enum lang);
/* Whom Accept-Language asks for, NULL = no header: English, as ever.  Of zh and en the one with the
 * higher q, then the one named first; neither: English. */
enum lang language_of(const char *accept_language);

#endif
