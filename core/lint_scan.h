/* lint_scan.h -- reading the words of a template's text: what they ask for, what stands beside what,
 * how long they take to say.  Pure. */
#ifndef GONG_LINT_SCAN_H
#define GONG_LINT_SCAN_H

#include <stdbool.h>

#include "core/template.h"

/* In a skeleton a value stands as 01 name 02. */
#define LINT_OPEN '\x01'
#define LINT_CLOSE '\x02'

/* The text with marks for its values: every section stands, or (`all` = false) none that wants a value. */
void lint_skeleton(const struct text *, bool all, struct buf *out);
/* Bit d: the text asks for the answer d (回复3, 按3; "Reply 1 now, 3 when all out", to the end of the sentence). */
unsigned lint_tokens(const struct text *, enum lang);
/* The word that it asks for and carriers take as opt-out (N, T, TD, R, STOP, 0000, 退订); NULL: none. */
const char *lint_opt_out(const char *skeleton, enum lang);
/* How often a parameter's value stands in the skeleton. */
unsigned lint_count(const char *skeleton, const char *param);
/* Two values with nothing but blanks between them: the second one's name in `name`. */
bool lint_side_by_side(const char *skeleton, char *name, size_t size);
/* Of a call at an even pace: 4.5 characters or 2.5 words a second. */
double lint_seconds(const char *spoken, enum lang);
/* Does it name a hazard: 山洪, 台风, flood …? */
bool lint_names_hazard(const char *text, enum lang);

#endif
