/* json.c -- strict reading of small JSON requests: sizes and depth before parsing, every member
 * by a table, every refusal with its pointer. */
#include "daemon/intake/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/segment.h"

int
refuse(struct reading *r, int status, const char *field, const char *fmt, ...)
{
	char text[sizeof(r->err->text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	r->status = status;
	return err_field(r->err, field, "%s", text);
}

/* jansson would recurse through thousands of brackets; nothing gong reads is that deep. */
static bool
too_deep(const char *body, size_t len)
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
			if (++depth > INTAKE_DEPTH_MAX)
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
		refuse(r, 400, "", "the body is empty; send a JSON object");
		return NULL;
	}
	if (too_deep(body, len)) {
		refuse(r, 400, "", "the JSON is nested deeper than %d levels, which no request "
		       "needs", INTAKE_DEPTH_MAX);
		return NULL;
	}
	json = json_loadb(body, len, JSON_REJECT_DUPLICATES, &where);
	if (!json) {
		if (utf8_check(body, len, &bad) < 0)
			refuse(r, 400, "", "the body is not UTF-8: %.200s", bad.text);
		else
			refuse(r, 400, "", "the body is not readable as JSON: %s (line %d, column "
			       "%d)", where.text, where.line, where.column);
		return NULL;
	}
	if (!json_is_object(json)) {
		json_decref(json);
		refuse(r, 400, "", "the body must be a JSON object: { … }");
		return NULL;
	}
	return json;
}

void
pointer_child(char out[128], const char *base, const char *name)
{
	size_t n;

	snprintf(out, 128, "%s/", base);
	n = strlen(out);

	for (; *name && n < 125; name++) {
		if (*name == '~' || *name == '/') {
			out[n++] = '~';
			out[n++] = *name == '~' ? '0' : '1';
		} else {
			out[n++] = *name;
		}
	}
	if (*name) {			/* too long: cut, but no character in two */
		while (n && (out[n - 1] & 0xc0) == 0x80)
			n--;
		if (n && (out[n - 1] & 0x80))
			n--;
	}
	out[n] = '\0';
}

void
pointer_index(char out[128], const char *base, size_t index)
{
	snprintf(out, 128, "%.100s/%zu", base, index);
}

static int
unknown_member(struct reading *r, const struct member *table, size_t count, const char *pointer,
	       const char *name)
{
	char known[300] = "";
	size_t n = 0;

	for (size_t i = 0; i < count && n < sizeof(known) - 40; i++)
		n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s", i ? ", " : "",
				      table[i].name);
	return refuse(r, 422, pointer, "there is no field \"%.60s\" here; leave it away or use one "
		      "of: %s", name, known);
}

int
members_take(struct reading *r, const struct member *table, size_t count, json_t *object,
	     const char *base, void *out)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return refuse(r, 422, base, "this must be an object: { … }");
	json_object_foreach(object, name, value) {
		char pointer[128];
		size_t i = 0;

		while (i < count && strcmp(table[i].name, name) != 0)
			i++;
		if (i < count && json_is_null(value))
			continue;
		pointer_child(pointer, base, name);
		if (i == count)
			return unknown_member(r, table, count, pointer, name);
		if (table[i].take(r, out, value, pointer) < 0)
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

static int
check_string(struct reading *r, json_t *value, const char *pointer, size_t max)
{
	if (!json_is_string(value))
		return refuse(r, 422, pointer, "this must be a string: \"…\"");
	if (json_string_length(value) == 0)
		return refuse(r, 422, pointer, "this is empty; write something or leave it away");
	if (json_string_length(value) > max)
		return refuse(r, 422, pointer, "this is longer than %zu bytes; shorten it", max);
	if (has_control(json_string_value(value), max >= NOTE_MAX))
		return refuse(r, 422, pointer, "this has control characters in it; take them out");
	return 0;
}

int
take_string(struct reading *r, char **out, json_t *value, const char *pointer, size_t max)
{
	if (check_string(r, value, pointer, max) < 0)
		return -1;
	free(*out);
	*out = xstrdup(json_string_value(value));
	return 0;
}

static int
check_list(struct reading *r, json_t *value, const char *pointer)
{
	if (!json_is_array(value))
		return refuse(r, 422, pointer, "this must be a list: [ … ]");
	if (json_array_size(value) > INTAKE_LIST_MAX)
		return refuse(r, 422, pointer, "this list has %zu entries; at most %d are possible: "
			      "name larger divisions, or make several requests",
			      json_array_size(value), INTAKE_LIST_MAX);
	return 0;
}

int
take_strings(struct reading *r, char ***out, size_t *count, json_t *value, const char *pointer,
	     size_t max)
{
	json_t *item;
	size_t i;

	if (check_list(r, value, pointer) < 0)
		return -1;
	*out = xcalloc(json_array_size(value), sizeof(**out));
	json_array_foreach(value, i, item) {
		char at[128];

		pointer_index(at, pointer, i);
		if (take_string(r, &(*out)[i], item, at, max) < 0)
			return -1;
		*count = i + 1;
	}
	return 0;
}

int
take_code(struct reading *r, division_code *out, json_t *value, const char *pointer)
{
	struct err bad;

	if (!json_is_string(value))
		return refuse(r, 422, pointer, "a division code must be a string of 6, 9 or 12 "
			      "digits: \"990121\"");
	if (division_parse(out, json_string_value(value), &bad) < 0)
		return refuse(r, 422, pointer, "%s", bad.text);
	return 0;
}

int
take_codes(struct reading *r, division_code **out, size_t *count, json_t *value,
	   const char *pointer)
{
	json_t *item;
	size_t i;

	if (check_list(r, value, pointer) < 0)
		return -1;
	*out = xcalloc(json_array_size(value), sizeof(**out));
	json_array_foreach(value, i, item) {
		char at[128];

		pointer_index(at, pointer, i);
		if (take_code(r, &(*out)[i], item, at) < 0)
			return -1;
		*count = i + 1;
	}
	return 0;
}

int
take_time(struct reading *r, msec *out, json_t *value, const char *pointer)
{
	msec at = 0;

	if (json_is_integer(value)) {
		at = json_integer_value(value);
		if (at < 100000000000 || at > 7258118400000)
			return refuse(r, 422, pointer, "%lld is not an instant in milliseconds since "
				      "1970 (seconds? multiply by 1000)", (long long)at);
	} else if (!json_is_string(value) ||
		   time_parse_rfc3339(&at, json_string_value(value)) < 0) {
		return refuse(r, 422, pointer, "write an instant as \"2026-11-24T06:00:00+08:00\" (with "
			      "its offset) or as Unix milliseconds");
	}
	*out = at;
	return 0;
}

int
take_id(struct reading *r, int64_t *out, json_t *value, const char *pointer)
{
	if (!json_is_integer(value) || json_integer_value(value) < 1)
		return refuse(r, 422, pointer, "this must be an alert's id, a whole number from 1");
	*out = json_integer_value(value);
	return 0;
}

char *
take_value(struct reading *r, json_t *value, const char *pointer)
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
		refuse(r, 422, pointer, "a parameter's value must be a string or a number");
		return NULL;
	}
	if (json_string_length(value) > INTAKE_VALUE_MAX) {
		refuse(r, 422, pointer, "this value is longer than %d bytes; shorten it",
		       INTAKE_VALUE_MAX);
		return NULL;
	}
	if (has_control(json_string_value(value), true)) {
		refuse(r, 422, pointer, "this has control characters in it; take them out");
		return NULL;
	}
	return xstrdup(json_string_value(value));
}

int
take_pairs(struct reading *r, struct pair **out, size_t *count, json_t *value,
	   const char *pointer)
{
	const char *name;
	json_t *item;

	if (!json_is_object(value))
		return refuse(r, 422, pointer, "this must be an object: {\"name\": \"value\"}");
	if (json_object_size(value) > 256)
		return refuse(r, 422, pointer, "there are more than 256 parameters; no template has "
			      "that many");
	*out = xcalloc(json_object_size(value), sizeof(**out));
	json_object_foreach(value, name, item) {
		char at[128], *text;

		pointer_child(at, pointer, name);
		if (!*name || strlen(name) > 64)
			return refuse(r, 422, at, "a parameter's name has 1 to 64 bytes");
		text = take_value(r, item, at);
		if (!text)
			return -1;
		(*out)[*count].name = xstrdup(name);
		(*out)[(*count)++].value = text;
	}
	return 0;
}
