/* canonical.c -- a JSON value in its one form: compact, members in the order of their names.
 * Byte for byte what jansson's JSON_COMPACT | JSON_SORT_KEYS gives, since digests on disk are of
 * that, but in a fraction of its time: it runs for every request. */
#include "daemon/intake/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS_AT_HAND 16

static void
put_escaped(struct buf *out, unsigned char c)
{
	static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";

	for (const char *p = letters; *p; p += 2)
		if (*p == (char)c) {
			buf_add(out, "\\", 1);
			buf_add(out, p + 1, 1);
			return;
		}
	buf_printf(out, "\\u%04X", c);
}

static void
put_string(struct buf *out, const char *text, size_t len)
{
	size_t plain = 0;

	buf_add(out, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_add(out, text + plain, i - plain);
		put_escaped(out, c);
		plain = i + 1;
	}
	buf_add(out, text + plain, len - plain);
	buf_add(out, "\"", 1);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
put_object(struct buf *out, json_t *object)
{
	const char *at_hand[MEMBERS_AT_HAND], **names = at_hand, *name;
	size_t count = 0;
	json_t *value;

	if (json_object_size(object) > MEMBERS_AT_HAND)
		names = xcalloc(json_object_size(object), sizeof(*names));
	json_object_foreach(object, name, value)
		names[count++] = name;
	qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++) {
		buf_add(out, i ? "," : "{", 1);
		put_string(out, names[i], strlen(names[i]));
		buf_add(out, ":", 1);
		canonical_json(out, json_object_get(object, names[i]));
	}
	buf_add(out, count ? "}" : "{}", count ? 1 : 2);
	if (names != at_hand)
		free(names);
}

static void
put_array(struct buf *out, json_t *array)
{
	size_t i;
	json_t *value;

	json_array_foreach(array, i, value) {
		buf_add(out, i ? "," : "[", 1);
		canonical_json(out, value);
	}
	buf_add(out, i ? "]" : "[]", i ? 1 : 2);
}

void
canonical_json(struct buf *out, json_t *value)
{
	char *text;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		put_object(out, value);
		return;
	case JSON_ARRAY:
		put_array(out, value);
		return;
	case JSON_STRING:
		put_string(out, json_string_value(value), json_string_length(value));
		return;
	case JSON_INTEGER:
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return;
	case JSON_REAL:
		text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		buf_puts(out, text);
		free(text);
		return;
	case JSON_TRUE:
		buf_puts(out, "true");
		return;
	case JSON_FALSE:
		buf_puts(out, "false");
		return;
	case JSON_NULL:
		buf_puts(out, "null");
		return;
	}
}
