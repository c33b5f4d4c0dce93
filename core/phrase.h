/* phrase.h -- the one catalogue of sentences that gong says to people, in each of its languages.
 * phrases.def has the sentences; a phrase with what fills it is a `said`, which is stored and
 * handed on as name and values, and becomes a sentence only where a reader's language is known.
 * Pure: no allocation but in a buf, no locale.  docs/messages.md says why it is not gettext.
 *
 * A value may be a phrase itself (a word such as "red", or the reason inside an alarm).  In memory
 * it is 01 name 02 value 02 value ... 03, which no text that was mended can hold by accident. */
#ifndef GONG_PHRASE_H
#define GONG_PHRASE_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/words.h"

enum phrase {
#define P(name, arity, en, zh) PHRASE_##name,
#include "core/phrases.def"
#undef P
	PHRASE_COUNT
};
enum {
#define P(name, arity, en, zh) PHRASE_ARITY_##name = arity,
#include "core/phrases.def"
#undef P
	PHRASE_VALUES_MAX = 8
};

const char *phrase_name(enum phrase);			/* its stable name: "no_template" */
int phrase_find(const char *name);			/* -1: this gong has none of that name */
const char *phrase_text(enum phrase, enum lang);	/* with its {0}, {1} ... */
unsigned phrase_arity(enum phrase);			/* how many values it takes */

#define SAID_BYTES 512

struct said {
	enum phrase phrase;
	char values[SAID_BYTES];	/* phrase_arity() strings, each with its NUL */
};

/* Fills a `said`: what does not fit is cut at a character, what is no UTF-8 or a control character
 * becomes "?".  `values` has phrase_arity(phrase) entries; NULL counts as "". */
void said_fill(struct said *, enum phrase, const char *const *values);
/* The same with the values counted by the compiler: SAY(&said, no_alert, NUM(id)). */
#define SAY(said, name, ...) said_fill((said), PHRASE_AND_VALUES(name, __VA_ARGS__))
/* A text from outside, or for the log only: shown as it is in every language; no phrase hides in it. */
void said_verbatim(struct said *, const char *text);
const char *said_value(const struct said *, unsigned i);	/* "" beyond the last */
/* The sentence, cut at a character if `size` is too small. */
void said_render(const struct said *, enum lang, char *out, size_t size);
/* A `said` as the value of another one: SAID_VALUE bytes, however much is cut. */
#define SAID_VALUE (SAID_BYTES + 64)
const char *said_nest(char out[SAID_VALUE], const struct said *);
#define NEST(said) said_nest((char[SAID_VALUE]){ 0 }, (said))
/* A phrase as a value, made on the spot: SAID(child_no_pong, NUM(5)). */
#define SAID(name, ...) said_make((char[SAID_VALUE]){ 0 }, PHRASE_AND_VALUES(name, __VA_ARGS__))
const char *said_make(char out[SAID_VALUE], enum phrase, const char *const *values);
bool value_has_phrases(const char *value);	/* else it is text, the same in every language */
/* A value by itself, with the phrases in it: the reason of an attempt, kept as one string. */
void value_render(const char *value, enum lang, char *out, size_t size);
#define ENGLISH(value) value_english((char[SAID_BYTES]){ 0 }, (value))	/* for the log */
const char *value_english(char out[SAID_BYTES], const char *value);
/* Appends the values as a JSON array; a phrase among them is {"code": "red", "values": []}. */
void said_values_json(const struct said *, struct buf *);

/* What was cut inside a character, or was no UTF-8 to begin with, becomes "?". */
void text_mend(char *text);

/* phrase, and its values as an array; the wrong number of values does not compile. */
#define PHRASE_AND_VALUES(name, ...) \
	(enum phrase)(PHRASE_##name + \
		0 * sizeof(char[sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *) == \
				PHRASE_ARITY_##name ? 1 : -1])), \
	(const char *const[PHRASE_ARITY_##name + 1]){ __VA_ARGS__ }
/* A phrase without values as a value: WORD(red). */
#define WORD(name) (&("\x01" #name "\x03")[0 * sizeof(char[PHRASE_ARITY_##name ? -1 : 1])])
#define NUM(n) number_text((char[24]){ 0 }, (long long)(n))
const char *number_text(char out[24], long long n);
/* What somebody wrote, as far as it helps to recognise it, and so that nothing of it is unseen. */
#define QUOTE(text) quote_text((char[QUOTE_BYTES]){ 0 }, (text))
#define QUOTE_BYTES 68
const char *quote_text(char out[QUOTE_BYTES], const char *text);

const char *severity_word(enum severity);	/* as a value: WORD(...) */
const char *tier_word(enum tier);

#endif
