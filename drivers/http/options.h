/* options.h -- reading a provider's config: values by name, of the right kind, or an error that
 * names the option and the remedy; JSON pointers (RFC 6901) and the words a provider uses. */
#ifndef GONG_HTTP_OPTIONS_H
#define GONG_HTTP_OPTIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

/* -1 if `object` has a member that is not in `known` (" a b c "). */
int option_only(json_t *object, const char *where, const char *known, struct err *);
/* Leaves *out alone where the option is absent.  Texts are borrowed and never empty. */
int option_text(json_t *object, const char *name, const char **out, struct err *);
int option_number(json_t *object, const char *name, long min, long max, long *out, struct err *);
int option_flag(json_t *object, const char *name, bool *out, struct err *);
/* An object, or NULL where absent; -1 for anything else. */
int option_object(json_t *object, const char *name, json_t **out, struct err *);
/* A number, or a text that is one. */
bool option_as_number(json_t *value, double *out);
/* Puts "where/" before the field of an error. */
int option_within(struct err *, const char *where);

struct pointer {			/* cut and unescaped; count 0 = not configured */
	char **tokens;
	size_t count;
};
int option_pointer(json_t *object, const char *name, struct pointer *out, struct err *);
void pointer_fini(struct pointer *);
/* The value at `pointer`, borrowed, or NULL. */
json_t *pointer_get(const struct pointer *, json_t *in);
/* A text there that holds JSON becomes that JSON; anything else is left alone. */
void pointer_unpack(const struct pointer *, json_t *in);
/* A text, number or true/false as text, in `room` where it had to be made; else NULL. */
const char *pointer_text(const struct pointer *, json_t *in, char *room, size_t size);

/* Words: one value or a list of them.  In a text, "*" at the end fits any ending; 0 and "0" are
 * two words where the provider's JSON tells them apart (word_is) and one where it may be a form
 * (word_fits). */
int option_words(json_t *object, const char *name, json_t **out, struct err *);
bool word_is(json_t *value, json_t *words);
bool word_fits(const char *text, json_t *words);
/* A receipt's state in gongd's words: "delivered", "failed", or, for all else, "buffered". */
const char *word_state(const char *text, json_t *delivered, json_t *failed);

#endif
