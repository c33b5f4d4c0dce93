/* document.c -- reading another system's JSON, which may be anything. */
#include "daemon/intake/formats/document.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"
#include "core/segment.h"
#include "files/json_word.h"
#include "daemon/intake/internal.h"

/* Byte order marks stand before the documents of some systems; RFC 8259, 8.1 lets us ignore them. */
static size_t
mark_len(const char *body, size_t len)
{
	return len >= 3 && memcmp(body, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

json_t *
document_read(const struct format_input *in, struct err *err)
{
	size_t skip = mark_len(in->bytes, in->len), len = in->len - skip;
	const char *body = in->bytes + skip;
	json_error_t where;
	struct err bad;
	json_t *json;

	if (!len) {
		err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), body_empty);
		return NULL;
	}
	if (json_too_deep(body, len, FORMAT_DEPTH_MAX)) {
		err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), body_too_deep, NUM(FORMAT_DEPTH_MAX));
		return NULL;
	}
	json = json_loadb(body, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
	if (json)
		return json;
	if (utf8_check(body, len, &bad) < 0)
		err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), body_not_utf8,
			said_value(&bad.said, 0));
	else
		err_say(err, REFUSED_UNREADABLE, about(CONCEPT_NONE), body_not_json, json_word(&where),
			NUM(where.line), NUM(where.column));
	return NULL;
}

/* One token of a pointer, with ~1 and ~0 as what they stand for; returns what follows it, NULL: it
 * has no room. */
static const char *
take_token(char out[256], const char *p)
{
	size_t n = 0;

	for (; *p && *p != '/'; p++) {
		if (n == 255)
			return NULL;
		if (*p == '~' && (p[1] == '0' || p[1] == '1'))
			out[n++] = *++p == '0' ? '~' : '/';
		else
			out[n++] = *p;
	}
	out[n] = '\0';
	return p;
}

/* RFC 6901, 4: digits without a leading zero. */
static json_t *
item_of(json_t *array, const char *token)
{
	int64_t index;

	if ((token[0] == '0' && token[1]) || whole_parse(&index, token, 0, INT32_MAX) < 0)
		return NULL;
	return json_array_get(array, (size_t)index);
}

json_t *
document_at(json_t *json, const char *pointer)
{
	char token[256];

	if (!pointer)
		return NULL;
	while (json && *pointer == '/') {
		pointer = take_token(token, pointer + 1);
		if (!pointer)
			return NULL;
		json = json_is_array(json) ? item_of(json, token) : json_object_get(json, token);
	}
	return json;
}

const char *
document_text(json_t *json, char room[DOCUMENT_TEXT])
{
	if (json_is_string(json))
		return json_string_value(json);
	if (json_is_integer(json))
		snprintf(room, DOCUMENT_TEXT, "%lld", (long long)json_integer_value(json));
	else if (json_is_real(json))
		snprintf(room, DOCUMENT_TEXT, "%.15g", json_real_value(json));
	else if (json_is_boolean(json))
		snprintf(room, DOCUMENT_TEXT, "%s", json_is_true(json) ? "true" : "false");
	else
		return NULL;
	return room;
}

/* Between 2001 and 2286 seconds have 10 digits, and milliseconds 13. */
static msec
of_number(double value)
{
	if (!isfinite(value) || value < 1e9 || value >= 1e13)
		return 0;
	return value < 1e10 ? (msec)(value * 1000) : value >= 1e12 ? (msec)value : 0;
}

msec
document_time(json_t *json)
{
	const char *text = json_string_value(json);
	double number;
	msec at;

	if (json_is_number(json))
		return of_number(json_number_value(json));
	if (!text)
		return 0;
	if (time_parse_local(&at, text) == 0)
		return at > 0 ? at : 0;
	return decimal_parse(&number, text, 0, 1e15) == 0 ? of_number(number) : 0;
}
