/* reply.h -- what a person's answer says.  Pure; never fails: what it cannot read is no answer, and
 * its text is kept by the caller.
 *
 * Two things are proved of every text: it begins with an answer (a digit, or a word of
 * reply_words.def or of the template), and nothing beside it makes that doubtful.  A text that
 * counts, denies, asks or tells of danger is none, so that 3人被困 is not "3".  Two answers ask for
 * less: 0 (cannot) and 9 (help) are believed however they go on, for nobody is left alone by them.
 *
 * "1 K7", "1-k7", "1K7", "收到 K7": a digit or word and an alert's code.  "1 20", "1加20", "1 20分钟":
 * minutes, where the template's map has `coming`. */
#ifndef GONG_REPLY_H
#define GONG_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/template.h"

#define CODE_TEXT 16
#define REPLY_MINUTES_MAX 240

/* What decided. */
enum reply_rule {
	REPLY_BY_NOTHING,		/* it does not begin with an answer */
	REPLY_BY_DIGIT,
	REPLY_BY_WORD,			/* of reply_words.def */
	REPLY_BY_TEMPLATE_WORD,
	REPLY_BY_DIGIT_BUT,		/* "1 但是路断了": read, and there is more to know */
	REPLY_BY_DOUBT,			/* an answer, but for what `why` says */
	REPLY_BY_MAP,			/* an answer that this template's map does not have */
	REPLY_BY_OPT_OUT,
	REPLY_BY_OPT_IN,
	REPLY_RULE_COUNT
};

struct reply {
	char token[16];			/* the map's: "1", "0", "9" …; "" = no answer */
	char code[CODE_TEXT];		/* upper case, "" = none given */
	unsigned minutes;		/* until the person comes; 0 = not said */
	bool opt_out;			/* TD, STOP, 退订 … and nothing else: never an answer */
	bool opt_in;			/* START, 恢复 and nothing else: takes that back */
	bool danger;			/* words of danger or a number of people, answer or not */
	enum reply_rule rule;
	char why[64];			/* the word, digit or mark that decided */
};

/* `t` NULL, or without a map: the global table.  The code does not depend on `t`, but for words
 * that only the template knows. */
void reply_parse(struct reply *out, const struct template *t, const char *text);
const char *reply_rule_name(enum reply_rule);	/* "digit", "word", "doubt" … */

/* The template's own answer map decides; the global table (1 acknowledged/3, 2 in post/4,
 * 3 done/5) only fills in for a template that has no map at all; 0 (cannot) and 9 (help) mean
 * the same everywhere.  false: this token means nothing here. */
bool reply_meaning(const struct template *, const char *token, enum answer_kind *kind, int *level);

/* May a template have `word` for an answer of this kind?  NULL, or why not: a digit, a doubt … */
const char *reply_word_fault(const char *word, enum answer_kind kind);

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
