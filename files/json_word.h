/* json_word.h -- why a text is no JSON, in the reader's language. */
#ifndef GONG_JSON_WORD_H
#define GONG_JSON_WORD_H

#include <jansson.h>

/* What the parser found, as the value of a phrase: it says it in English only. */
const char *json_word(const json_error_t *);

#endif
