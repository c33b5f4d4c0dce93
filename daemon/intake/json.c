/* json.c -- strict reading of small JSON requests: sizes and depth before parsing, every member
 * by a table, every refusal with what it is about. */
#include "daemon/intake/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/segment.h"
#include "files/json_word.h"

#define PAIRS_MAX 256			/* parameters of one request; no template has that many */

int
refuse_so(struct reading *r, struct about what)
{
	r->refused = true;
	return err_about(r->err, what);
}

bool
json_too_deep(const char *body, size_t len, unsigned most)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		char c = body[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			if (++depth > most)
				return true;
		} else if ((c == '}' || c == ']') && depth) {
			depth--;
		}
	}
	return false;
}

json_t *
json_object_read(struct reading *r, const char *body, size_t len)
{
	json_error_t where;
	struct err bad;
	json_t *json;

	if (len == 0) {
		refuse(r, REFUSED_UNREADABLE, about(CONCEPT_NONE), body_empty);
		return NULL;
	}
	if (json_too_deep(body, len, INTAKE_DEPTH_MAX)) {
		refuse(r, REFUSED_UNREADABLE, about(CONCEPT_NONE), body_too_deep,
		       NUM(INTAKE_DEPTH_MAX));
		return NULL;
	}
	json = json_loadb(body, len, JSON_REJECT_DUPLICATES, &where);
	if (!json) {
		if (utf8_check(body, len, &bad) < 0)
			refuse(r, REFUSED_UNREADABLE, about(CONCEPT_NONE), body_not_utf8,
			       said_value(&bad.said, 0));
		else
			refuse(r, REFUSED_UNREADABLE, about(CONCEPT_NONE), body_not_json,
			       json_word(&where), NUM(where.line), NUM(where.column));
		return NULL;
	}
	if (!json_is_object(json)) {
		json_decref(json);
		refuse(r, REFUSED_UNREADABLE, about(CONCEPT_NONE), body_no_object);
		return NULL;
	}
	return json;
}

/* Nobody's member: all that can be said is where it stands (RFC 6901). */
static struct about
about_member(const char *base, const char *name)
{
	char pointer[128];
	int n = snprintf(pointer, sizeof(pointer), "%s/", base);

	for (; *name && n < 125; name++) {
		if (*name == '~' || *name == '/') {
			pointer[n++] = '~';
			pointer[n++] = *name == '~' ? '0' : '1';
		} else {
			pointer[n++] = *name;
		}
	}
	pointer[n] = '\0';
	return about_name(CONCEPT_MEMBER, pointer);
}

static int
unknown_member(struct reading *r, const struct member *table, size_t count, const char *base,
	       const char *name)
{
	char known[300] = "";
	size_t n = 0;

	for (size_t i = 0; i < count && n < sizeof(known) - 40; i++)
		n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s", i ? ", " : "",
				      table[i].name);
	return refuse(r, REFUSED_INVALID, about_member(base, name), member_unknown, QUOTE(name), known);
}

int
members_take(struct reading *r, const struct member *table, size_t count, json_t *object,
	     const char *base, void *out)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		struct about at;
		size_t i = 0;

		while (i < count && strcmp(table[i].name, name) != 0)
			i++;
		if (i < count && json_is_null(value))
			continue;
		if (i == count)
			return unknown_member(r, table, count, base, name);
		at = about(table[i].concept);
		if (table[i].take(r, out, value, &at) < 0)
			return -1;
	}
	return 0;
}

static bool
has_control(const char *text, bool lines)
{
	for (; *text; text++)
		if (((unsigned char)*text < 0x20 && !(lines && *text == '\n')) || *text == 0x7f)
			return true;
	return false;
}

/* Nothing but blanks, of whatever width: no note is one. */
static bool
is_blank(const char *text)
{
	static const char *const blanks[] = { " ", "\n", "\u00a0", "\u3000", "\u200b" };
	size_t i = 0;

	while (*text && i < sizeof(blanks) / sizeof(*blanks))
		if (strncmp(text, blanks[i], strlen(blanks[i])) == 0) {
			text += strlen(blanks[i]);
			i = 0;
		} else {
			i++;
		}
	return !*text;
}

static int
check_string(struct reading *r, json_t *value, const struct about *at, size_t max)
{
	if (!json_is_string(value))
		return refuse(r, REFUSED_INVALID, *at, not_a_string);
	if (is_blank(json_string_value(value)))
		return refuse(r, REFUSED_INVALID, *at, is_empty);
	if (json_string_length(value) > max)
		return refuse(r, REFUSED_INVALID, *at, is_too_long, NUM(max));
	if (has_control(json_string_value(value), max >= NOTE_MAX))
		return refuse(r, REFUSED_INVALID, *at, has_control);
	return 0;
}

int
take_string(struct reading *r, char **out, json_t *value, const struct about *at, size_t max)
{
	if (check_string(r, value, at, max) < 0)
		return -1;
	free(*out);
	*out = xstrdup(json_string_value(value));
	return 0;
}

static int
check_list(struct reading *r, json_t *value, const struct about *at)
{
	if (!json_is_array(value))
		return refuse(r, REFUSED_INVALID, *at, not_a_list);
	if (json_array_size(value) > INTAKE_LIST_MAX)
		return refuse(r, REFUSED_INVALID, *at, list_too_long,
			      NUM(json_array_size(value)), NUM(INTAKE_LIST_MAX));
	return 0;
}

int
take_strings(struct reading *r, char ***out, size_t *count, json_t *value,
	     const struct about *at, size_t max)
{
	json_t *item;
	size_t i;

	if (check_list(r, value, at) < 0)
		return -1;
	*out = xcalloc(json_array_size(value), sizeof(**out));
	json_array_foreach(value, i, item) {
		struct about place = about_index(at->concept, i);

		if (take_string(r, &(*out)[i], item, &place, max) < 0)
			return -1;
		*count = i + 1;
	}
	return 0;
}

int
take_code(struct reading *r, division_code *out, json_t *value, const struct about *at)
{
	if (!json_is_string(value))
		return refuse(r, REFUSED_INVALID, *at, code_no_string);
	if (division_parse(out, json_string_value(value), r->err) < 0)
		return refuse_so(r, *at);
	return 0;
}

int
take_codes(struct reading *r, division_code **out, size_t *count, json_t *value,
	   const struct about *at)
{
	json_t *item;
	size_t i;

	if (check_list(r, value, at) < 0)
		return -1;
	*out = xcalloc(json_array_size(value), sizeof(**out));
	json_array_foreach(value, i, item) {
		struct about place = about_index(at->concept, i);

		if (take_code(r, &(*out)[i], item, &place) < 0)
			return -1;
		*count = i + 1;
	}
	return 0;
}

int
take_time(struct reading *r, msec *out, json_t *value, const struct about *at)
{
	msec instant = 0;

	if (json_is_integer(value)) {
		instant = json_integer_value(value);
		if (instant < 100000000000 || instant > 7258118400000)
			return refuse(r, REFUSED_INVALID, *at, instant_seconds, NUM(instant));
	} else if (!json_is_string(value) ||
		   time_parse_rfc3339(&instant, json_string_value(value)) < 0) {
		return refuse(r, REFUSED_INVALID, *at, instant_unreadable);
	}
	*out = instant;
	return 0;
}

int
take_id(struct reading *r, int64_t *out, json_t *value, const struct about *at)
{
	if (!json_is_integer(value) || json_integer_value(value) < 1)
		return refuse(r, REFUSED_INVALID, *at, not_an_id);
	*out = json_integer_value(value);
	return 0;
}

static char *
take_value(struct reading *r, json_t *value, const struct about *at)
{
	char number[40];

	if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
		return xstrdup(number);
	}
	if (json_is_real(value)) {
		snprintf(number, sizeof(number), "%.15g", json_real_value(value));
		return xstrdup(number);
	}
	if (!json_is_string(value)) {
		refuse(r, REFUSED_INVALID, *at, value_no_text);
		return NULL;
	}
	if (json_string_length(value) > INTAKE_VALUE_MAX) {
		refuse(r, REFUSED_INVALID, *at, value_too_long,
		       NUM(INTAKE_VALUE_MAX));
		return NULL;
	}
	if (has_control(json_string_value(value), true)) {
		refuse(r, REFUSED_INVALID, *at, has_control);
		return NULL;
	}
	return xstrdup(json_string_value(value));
}

/* {"zh":…,"en":…}: what is missing in a language is said in the other. */
static int
take_by_language(struct reading *r, struct pair *pair, json_t *value, const struct about *at)
{
	const char *name;
	json_t *item;

	if (!json_object_size(value))
		return refuse(r, REFUSED_INVALID, *at, value_no_text);
	json_object_foreach(value, name, item) {
		int lang = lang_parse(name);

		if (lang < 0)
			return refuse(r, REFUSED_INVALID, *at, value_no_language, QUOTE(name));
		pair->in[lang] = take_value(r, item, at);
		if (!pair->in[lang])
			return -1;
	}
	for (int lang = 0; lang < LANG_COUNT && !pair->value; lang++)
		pair->value = xstrdup(pair->in[lang]);
	return 0;
}

int
take_pairs(struct reading *r, struct pair **out, size_t *count, json_t *value,
	   const struct about *at, const char *division)
{
	const char *name;
	json_t *item;

	if (!json_is_object(value))
		return refuse(r, REFUSED_INVALID, *at, not_pairs);
	if (json_object_size(value) > PAIRS_MAX)
		return refuse(r, REFUSED_INVALID, *at, params_too_many, NUM(PAIRS_MAX));
	*out = xcalloc(json_object_size(value), sizeof(**out));
	json_object_foreach(value, name, item) {
		struct about place = about_param(division, name);
		struct pair *pair = &(*out)[*count];

		if (!*name || strlen(name) > 64)
			return refuse(r, REFUSED_INVALID, place, param_name_length);
		pair->name = xstrdup(name);
		++*count;
		if (json_is_object(item)) {
			if (take_by_language(r, pair, item, &place) < 0)
				return -1;
		} else if (!(pair->value = take_value(r, item, &place))) {
			return -1;
		}
	}
	return 0;
}
