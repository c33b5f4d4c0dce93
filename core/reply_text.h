/* reply_text.h -- what somebody typed on a telephone, made plain: full-width forms, case, look-alike
 * digits and noise folded away, so that the reader and its tables see one form.  Pure. */
#ifndef GONG_REPLY_TEXT_H
#define GONG_REPLY_TEXT_H

#include <stddef.h>

#define REPLY_LINE 8192			/* longer than any message of 255 parts that says something */

/* Capitals, digits and other scripts stay.  Punctuation is one space, and so are line ends; invisible
 * marks, apostrophes, keycaps and skin tones are nothing.  What may change a meaning stays visible:
 * "." for a sign that joins two digits (1.5, 1:20, 1-2), "+" between digits, "?" for any question
 * mark, for what is no UTF-8 and for an end that did not fit.  Three and more equal letters are one. */
void reply_text(char *out, size_t size, const char *text);

#endif
