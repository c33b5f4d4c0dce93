/* request.c -- an alert's request as it is stored with the alert, and back again. */
#include "daemon/engine/internal.h"

#include <jansson.h>
#include <string.h>

static json_t *
pairs_json(const struct pair *pairs, size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++)
		json_object_set_new(object, pairs[i].name, json_string(pairs[i].value));
	return object;
}

static json_t *
codes_json(const division_code *codes, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_integer(codes[i]));
	return array;
}

static json_t *
strings_json(char **strings, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(strings[i]));
	return array;
}

static json_t *
division_params_json(const struct alert_request *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->division_param_count; i++)
		json_array_append_new(array, json_pack("[I,s,s]",
			(json_int_t)r->division_params[i].division,
			r->division_params[i].param.name, r->division_params[i].param.value));
	return array;
}

char *
request_encode(const struct alert_request *r)
{
	json_t *j = json_pack("{s:s,s:s*,s:s*,s:b,s:b,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o}",
		"template", r->template, "policy", r->policy, "client", r->client,
		"reached", r->reached, "in_turn", r->in_turn,
		"recipients_max", (json_int_t)r->recipients_max,
		"params", pairs_json(r->params, r->param_count),
		"division_params", division_params_json(r),
		"divisions", codes_json(r->divisions, r->division_count),
		"without_divisions", codes_json(r->without_divisions, r->without_division_count),
		"roles", strings_json(r->roles, r->role_count),
		"contacts", strings_json(r->contacts, r->contact_count),
		"without_contacts", strings_json(r->without_contacts, r->without_contact_count));
	char *text = json_dumps(j, JSON_COMPACT);

	json_decref(j);
	return text;
}

static char *
string_of(json_t *j, const char *name)
{
	return xstrdup(json_string_value(json_object_get(j, name)));
}

static size_t
codes_of(json_t *array, division_code **out)
{
	size_t count = json_array_size(array);

	*out = count ? xcalloc(count, sizeof(**out)) : NULL;
	for (size_t i = 0; i < count; i++)
		(*out)[i] = json_integer_value(json_array_get(array, i));
	return count;
}

static size_t
strings_of(json_t *array, char ***out)
{
	size_t count = json_array_size(array);

	*out = count ? xcalloc(count, sizeof(**out)) : NULL;
	for (size_t i = 0; i < count; i++)
		(*out)[i] = xstrdup(json_string_value(json_array_get(array, i)));
	return count;
}

struct alert_request *
request_decode(const char *text)
{
	struct alert_request *r = xcalloc(1, sizeof(*r));
	json_t *j = json_loads(text, 0, NULL), *params = json_object_get(j, "params"), *value;
	json_t *local = json_object_get(j, "division_params");
	const char *name;

	r->template = string_of(j, "template");
	r->policy = string_of(j, "policy");
	r->client = string_of(j, "client");
	r->reached = json_is_true(json_object_get(j, "reached"));
	r->in_turn = json_is_true(json_object_get(j, "in_turn"));
	r->recipients_max = (unsigned long)json_integer_value(
		json_object_get(j, "recipients_max"));
	r->params = xcalloc(json_object_size(params) + 1, sizeof(*r->params));
	json_object_foreach(params, name, value) {
		r->params[r->param_count].name = xstrdup(name);
		r->params[r->param_count++].value = xstrdup(json_string_value(value));
	}
	r->division_param_count = json_array_size(local);
	r->division_params = xcalloc(r->division_param_count + 1, sizeof(*r->division_params));
	for (size_t i = 0; i < r->division_param_count; i++) {
		json_t *row = json_array_get(local, i);

		r->division_params[i].division = json_integer_value(json_array_get(row, 0));
		r->division_params[i].param.name =
			xstrdup(json_string_value(json_array_get(row, 1)));
		r->division_params[i].param.value =
			xstrdup(json_string_value(json_array_get(row, 2)));
	}
	r->division_count = codes_of(json_object_get(j, "divisions"), &r->divisions);
	r->without_division_count =
		codes_of(json_object_get(j, "without_divisions"), &r->without_divisions);
	r->role_count = strings_of(json_object_get(j, "roles"), &r->roles);
	r->contact_count = strings_of(json_object_get(j, "contacts"), &r->contacts);
	r->without_contact_count =
		strings_of(json_object_get(j, "without_contacts"), &r->without_contacts);
	json_decref(j);
	return r;
}
