/* options.c -- what stands in options.h; it guesses nothing: what it does not know it refuses. */
#include "drivers/http/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/number.h"
#include "drivers/http/lenient.h"

#define NUMBER_MOST 1e15		/* of a balance and of an instant in seconds */

int
option_only(json_t *object, const char *where, const char *known, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		char padded[64], field[128];

		snprintf(padded, sizeof(padded), " %s ", name);
		if (strstr(known, padded))
			continue;
		snprintf(field, sizeof(field), "%s/%s", where, name);
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, field), http_no_option, known);
	}
	return 0;
}

int
option_text(json_t *object, const char *name, const char **out, struct err *err)
{
	json_t *value = json_object_get(object, name);

	if (!value)
		return 0;
	if (!json_is_string(value) || !json_string_length(value))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), http_a_text);
	*out = json_string_value(value);
	return 0;
}

int
option_number(json_t *object, const char *name, long min, long max, long *out, struct err *err)
{
	json_t *value = json_object_get(object, name);

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < min ||
	    json_integer_value(value) > max)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), http_a_number, NUM(min), NUM(max));
	*out = (long)json_integer_value(value);
	return 0;
}

int
option_flag(json_t *object, const char *name, bool *out, struct err *err)
{
	json_t *value = json_object_get(object, name);

	if (!value)
		return 0;
	if (!json_is_boolean(value))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), http_a_flag);
	*out = json_is_true(value);
	return 0;
}

int
option_object(json_t *object, const char *name, json_t **out, struct err *err)
{
	*out = json_object_get(object, name);
	return !*out || json_is_object(*out) ? 0 : err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), http_an_object);
}

bool
option_as_number(json_t *value, double *out)
{
	const char *text = json_string_value(value);

	if (json_is_number(value)) {
		*out = json_number_value(value);
		return true;
	}
	if (!text)
		return false;
	return decimal_parse(out, text, -NUMBER_MOST, NUMBER_MOST) == 0;
}

int
option_within(struct err *err, const char *where)
{
	char field[sizeof(err->field)];

	if (!err)
		return -1;
	snprintf(field, sizeof(field), "%s%s%.60s", where, err->field[0] && err->field[0] != '/' ? "/"
		 : "", err->field);
	memcpy(err->field, field, sizeof(field));
	return -1;
}

static char *
unescape_token(const char *from, size_t len)
{
	char *token = xmalloc(len + 1), *to = token;

	for (size_t i = 0; i < len; i++) {
		if (from[i] == '~' && i + 1 < len && (from[i + 1] == '0' || from[i + 1] == '1'))
			*to++ = from[++i] == '0' ? '~' : '/';
		else
			*to++ = from[i];
	}
	*to = '\0';
	return token;
}

int
option_pointer(json_t *object, const char *name, struct pointer *out, struct err *err)
{
	const char *text = NULL;

	if (option_text(object, name, &text, err) < 0)
		return -1;
	if (!text)
		return 0;
	if (text[0] != '/')
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), http_a_pointer, text, text);
	while (*text == '/') {
		size_t len = strcspn(++text, "/");

		out->tokens = xrealloc(out->tokens, (out->count + 1) * sizeof(*out->tokens));
		out->tokens[out->count++] = unescape_token(text, len);
		text += len;
	}
	return 0;
}

void
pointer_fini(struct pointer *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->tokens[i]);
	free(p->tokens);
	*p = (struct pointer){ 0 };
}

json_t *
pointer_get(const struct pointer *p, json_t *in)
{
	if (!p->count)
		return NULL;
	for (size_t i = 0; i < p->count && in; i++) {
		int64_t n;

		if (json_is_array(in)) {
			in = whole_parse(&n, p->tokens[i], 0, INT32_MAX) < 0 ? NULL
				: json_array_get(in, (size_t)n);
		} else {
			in = json_object_get(in, p->tokens[i]);
		}
	}
	return in;
}

void
pointer_unpack(const struct pointer *p, json_t *in)
{
	struct pointer parent = { p->tokens, p->count - 1 };
	json_t *holder = p->count > 1 ? pointer_get(&parent, in) : in;
	json_t *text = json_object_get(holder, p->tokens[p->count - 1]);
	json_t *inner = json_is_string(text)
		? lenient_json(json_string_value(text), json_string_length(text), 0) : NULL;

	if (inner)
		json_object_set_new(holder, p->tokens[p->count - 1], inner);
}

static const char *
scalar_text(json_t *value, char *room, size_t size)
{
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_integer(value))
		snprintf(room, size, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		snprintf(room, size, "%s", json_is_true(value) ? "true" : "false");
	else
		return NULL;
	return room;
}

const char *
pointer_text(const struct pointer *pointer, json_t *in, char *room, size_t size)
{
	return scalar_text(pointer_get(pointer, in), room, size);
}

int
option_words(json_t *object, const char *name, json_t **out, struct err *err)
{
	json_t *words = json_object_get(object, name), *word;
	size_t i;

	*out = words;
	if (json_is_object(words))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), http_words);
	if (json_is_array(words) && !json_array_size(words))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), http_words_empty);
	json_array_foreach(words, i, word)
		if (json_is_object(word) || json_is_array(word))
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), http_words_kind);
	return 0;
}

static bool
text_fits(const char *text, const char *word)
{
	size_t len = strlen(word);

	return len && word[len - 1] == '*' ? strncmp(text, word, len - 1) == 0
		: strcmp(text, word) == 0;
}

bool
word_fits(const char *text, json_t *words)
{
	char room[32];
	const char *word;
	json_t *one;
	size_t i;

	if (!json_is_array(words)) {
		word = scalar_text(words, room, sizeof(room));
		return word && text_fits(text, word);
	}
	json_array_foreach(words, i, one)
		if (word_fits(text, one))
			return true;
	return false;
}

const char *
word_state(const char *text, json_t *delivered, json_t *failed)
{
	return word_fits(text, delivered) ? "delivered" : word_fits(text, failed) ? "failed" : "buffered";
}

bool
word_is(json_t *value, json_t *words)
{
	json_t *one;
	size_t i;

	if (json_is_array(words)) {
		json_array_foreach(words, i, one)
			if (word_is(value, one))
				return true;
		return false;
	}
	if (json_is_string(words) && strcmp(json_string_value(words), "*") == 0)
		return value != NULL;
	return json_is_string(value) && json_is_string(words)
		? text_fits(json_string_value(value), json_string_value(words))
		: json_equal(value, words);
}
