/* reply_words.h -- the reader's table, reply_words.def, and the one way to look into it. */
#ifndef GONG_REPLY_WORDS_H
#define GONG_REPLY_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/words.h"

enum word_class {
	CLASS_ANSWER, CLASS_GOT, CLASS_BARE, CLASS_FILL, CLASS_WITH, CLASS_SELF, CLASS_DOING,
	CLASS_MINUTE, CLASS_ABOUT, CLASS_NAME, CLASS_PROMPT, CLASS_DIGIT, CLASS_BUT, CLASS_UNIT,
	CLASS_WHO, CLASS_DOUBT, CLASS_DANGER, CLASS_CALM, CLASS_ALARM, CLASS_OPT_OUT, CLASS_OPT_IN,
};

struct reply_word {
	enum word_class is;
	const char *text;
	enum answer_kind kind, otherwise;	/* ANSWER, GOT, BARE */
	char digit;				/* DIGIT */
};

extern const struct reply_word reply_words[];
extern const size_t reply_word_count;

#define IS(name) (1u << CLASS_##name)

/* Does `word` stand at line + at?  A Latin word is a word there, not a part of one.  Returns its
 * length, 0 = no. */
size_t word_at(const char *line, size_t at, const char *word);
/* The longest row at line + at among `classes` (IS(…) | …); of equal ones the first.  NULL: none. */
const struct reply_word *reply_word_at(const char *line, size_t at, unsigned classes);
/* The row that is the whole line, or NULL. */
const struct reply_word *reply_word_whole(const char *line, unsigned classes);
/* Is what a number before `at` counts there, be it behind a space?  3人 and "3 人被困" are people, "3 人都撤了"
 * is an answer. */
bool reply_counted_at(const char *line, size_t at, unsigned classes);
/* Words of danger, or a number of people, anywhere in a line of reply_text(). */
bool reply_line_is_danger(const char *line);

#endif
