/* reply.h -- what a person's answer says.  Pure; never fails: what it cannot read is kept as
 * text with token "".  Normalises full-width forms, punctuation, case and 【】, takes the first
 * token; a digit may be followed by an optional space or hyphen and an alert's code ("1 K7",
 * "1-k7", "1K7").  A digit or word that runs on counts only where the rest leaves no doubt: 3人被困 is
 * no "3". */
#ifndef GONG_REPLY_H
#define GONG_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/template.h"

#define CODE_TEXT 16

struct reply {
	char token[16];		/* "1", "0", "9" …; a known word becomes its digit; "" = none */
	char code[CODE_TEXT];	/* upper case, "" = none given */
	bool opt_out;		/* TD, STOP, 退订 …: recorded, never an answer */
};

void reply_parse(struct reply *out, const char *text);

/* The template's own answer map decides; the global table (1 acknowledged/3, 2 in post/4,
 * 3 done/5) only fills in for a template that has no map at all; 0 (cannot) and 9 (help) mean
 * the same everywhere.  false: this token means nothing here. */
bool reply_meaning(const struct template *, const char *token, enum answer_kind *kind, int *level);

/* An alert's code, from an alphabet without 0 O 1 I L and such; bijective, so never reused.
 * Always starts with a letter and has at least two characters, the second a digit. */
void code_format(char out[CODE_TEXT], uint64_t alert);
/* The alert whose code this is, or of whose texts it is one; in small letters too.  false: nobody's. */
bool code_parse(uint64_t *alert, const char *text);
/* The code of the n-th (from 0) of several texts that one person gets for one alert: the alert's and
 * one more of the kind of its last character, which makes it nobody's own.  false: there are no more
 * such characters, and out is the alert's. */
bool code_of_text(char out[CODE_TEXT], const char *alert, unsigned n);
/* Is it the alert's, or that of a text of it? */
bool code_is_of(const char *code, const char *alert);

#endif
