/* said_json.c -- phrases read from JSON; what is strange in them is never an error, for somebody
 * waits for the sentence. */
#include "daemon/contract/said_json.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 4

static bool from_json(struct said *out, const char *name, json_t *values, int depth);

static void
one_value(char out[SAID_VALUE], json_t *value, int depth)
{
	const char *code = json_string_value(json_object_get(value, "code")), *text;
	struct said inner;

	out[0] = '\0';
	if (json_is_integer(value)) {
		snprintf(out, SAID_VALUE, "%lld", (long long)json_integer_value(value));
	} else if (json_is_real(value)) {
		snprintf(out, SAID_VALUE, "%.15g", json_real_value(value));
	} else if (code && depth < DEPTH_MAX &&
		   from_json(&inner, code, json_object_get(value, "values"), depth + 1)) {
		said_nest(out, &inner);
	} else if ((text = json_string_value(value))) {
		said_verbatim(&inner, text);
		said_nest(out, &inner);
	}
}

static bool
from_json(struct said *out, const char *name, json_t *values, int depth)
{
	char texts[PHRASE_VALUES_MAX][SAID_VALUE];
	const char *list[PHRASE_VALUES_MAX];
	int phrase = phrase_find(name);

	if (phrase < 0)
		return false;
	for (size_t i = 0; i < PHRASE_VALUES_MAX; i++) {
		one_value(texts[i], json_array_get(values, i), depth);
		list[i] = texts[i];
	}
	said_fill(out, (enum phrase)phrase, list);
	return true;
}

bool
said_from_json(struct said *out, const char *name, json_t *values)
{
	return from_json(out, name, values, 0);
}

bool
said_from_stored(struct said *out, const char *name, const char *values)
{
	json_t *json = values ? json_loads(values, 0, NULL) : NULL;
	bool known = said_from_json(out, name, json);

	json_decref(json);
	return known;
}

bool
said_by_driver(struct said *out, json_t *text)
{
	const char *verbatim = json_string_value(text);
	const char *name = json_string_value(json_object_get(text, "concept"));

	if (name && said_from_json(out, name, json_object_get(text, "values")))
		return true;
	if (name)
		verbatim = json_string_value(json_object_get(text, "detail"));
	if (!verbatim)
		verbatim = name;
	if (!verbatim || !*verbatim)
		return false;
	said_verbatim(out, verbatim);
	return true;
}

bool
said_by_alarm(struct said *out, json_t *alarm)
{
	const char *name = json_string_value(json_object_get(alarm, "concept"));

	return (name && said_from_json(out, name, json_object_get(alarm, "values"))) ||
	       said_by_driver(out, json_object_get(alarm, "text"));
}

char *
value_by_driver(json_t *text)
{
	char value[SAID_VALUE];
	struct said said;

	return said_by_driver(&said, text) ? xstrdup(said_nest(value, &said)) : NULL;
}
