/* request.c -- an alert's request as it is stored with the alert, and back; what it leaves out. */
#include "daemon/engine/ground.h"

#include <jansson.h>

/* Written by hand: it runs once an accept, and building a tree for it was a tenth of the work. */
static void
put_member(struct buf *out, const char *name)
{
	buf_puts(out, out->len > 1 ? ",\"" : "\"");
	buf_puts(out, name);
	buf_puts(out, "\":");
}

static void
put_string(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	put_member(out, name);
	buf_json(out, value);
}

/* A value, or one for each language that there is one in. */
static void
put_value(struct buf *out, const struct pair *pair)
{
	const char *comma = "{";

	for (int lang = 0; lang < LANG_COUNT; lang++) {
		if (!pair->in[lang])
			continue;
		buf_printf(out, "%s\"%s\":", comma, lang_name((enum lang)lang));
		buf_json(out, pair->in[lang]);
		comma = ",";
	}
	if (*comma == ',')
		buf_puts(out, "}");
	else
		buf_json(out, pair->value);
}

static struct pair
pair_of(const char *name, const json_t *value)
{
	struct pair pair = { .name = xstrdup(name) };
	const char *any = json_string_value(value);

	for (int lang = 0; lang < LANG_COUNT; lang++) {
		const char *said = json_string_value(json_object_get(value, lang_name((enum lang)lang)));

		pair.in[lang] = xstrdup(said);
		any = any ? any : said;
	}
	pair.value = xstrdup(any);
	return pair;
}

static void
put_pairs(struct buf *out, const char *name, const struct pair *pairs, size_t count)
{
	put_member(out, name);
	buf_puts(out, "{");
	for (size_t i = 0; i < count; i++) {
		buf_puts(out, i ? "," : "");
		buf_json(out, pairs[i].name);
		buf_puts(out, ":");
		put_value(out, &pairs[i]);
	}
	buf_puts(out, "}");
}

static void
put_codes(struct buf *out, const char *name, const division_code *codes, size_t count)
{
	put_member(out, name);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%lld", i ? "," : "[", (long long)codes[i]);
	buf_puts(out, count ? "]" : "[]");
}

static void
put_strings(struct buf *out, const char *name, char **strings, size_t count)
{
	put_member(out, name);
	for (size_t i = 0; i < count; i++) {
		buf_puts(out, i ? "," : "[");
		buf_json(out, strings[i]);
	}
	buf_puts(out, count ? "]" : "[]");
}

static void
put_division_params(struct buf *out, const struct alert_request *r)
{
	put_member(out, "division_params");
	buf_puts(out, "[");
	for (size_t i = 0; i < r->division_param_count; i++) {
		buf_printf(out, "%s[%lld,", i ? "," : "",
			   (long long)r->division_params[i].division);
		buf_json(out, r->division_params[i].param.name);
		buf_puts(out, ",");
		put_value(out, &r->division_params[i].param);
		buf_puts(out, "]");
	}
	buf_puts(out, "]");
}

char *
request_encode(const struct alert_request *r)
{
	struct buf out = { 0 };

	buf_puts(&out, "{");
	put_string(&out, "template", r->template);
	put_string(&out, "policy", r->policy);
	put_string(&out, "client", r->client);
	put_string(&out, "asker", r->asker);
	put_member(&out, "reached");
	buf_puts(&out, r->reached ? "true" : "false");
	put_member(&out, "whole");
	buf_puts(&out, r->whole ? "true" : "false");
	put_member(&out, "in_turn");
	buf_puts(&out, r->in_turn ? "true" : "false");
	put_member(&out, "recipients_max");
	buf_printf(&out, "%lu", r->recipients_max);
	put_pairs(&out, "params", r->params, r->param_count);
	put_division_params(&out, r);
	put_codes(&out, "divisions", r->divisions, r->division_count);
	put_codes(&out, "without_divisions", r->without_divisions, r->without_division_count);
	put_strings(&out, "roles", r->roles, r->role_count);
	if (r->tag_count)
		put_strings(&out, "tags", r->tags, r->tag_count);
	put_strings(&out, "contacts", r->contacts, r->contact_count);
	put_strings(&out, "without_contacts", r->without_contacts, r->without_contact_count);
	buf_puts(&out, "}");
	return buf_take(&out);
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
	r->asker = string_of(j, "asker");
	r->reached = json_is_true(json_object_get(j, "reached"));
	r->whole = json_is_true(json_object_get(j, "whole"));
	r->in_turn = json_is_true(json_object_get(j, "in_turn"));
	r->recipients_max = (unsigned long)json_integer_value(
		json_object_get(j, "recipients_max"));
	r->params = xcalloc(json_object_size(params) + 1, sizeof(*r->params));
	json_object_foreach(params, name, value)
		r->params[r->param_count++] = pair_of(name, value);
	r->division_param_count = json_array_size(local);
	r->division_params = xcalloc(r->division_param_count + 1, sizeof(*r->division_params));
	for (size_t i = 0; i < r->division_param_count; i++) {
		json_t *row = json_array_get(local, i);

		r->division_params[i].division = json_integer_value(json_array_get(row, 0));
		r->division_params[i].param = pair_of(json_string_value(json_array_get(row, 1)),
						      json_array_get(row, 2));
	}
	r->division_count = codes_of(json_object_get(j, "divisions"), &r->divisions);
	r->without_division_count =
		codes_of(json_object_get(j, "without_divisions"), &r->without_divisions);
	r->role_count = strings_of(json_object_get(j, "roles"), &r->roles);
	r->tag_count = strings_of(json_object_get(j, "tags"), &r->tags);
	r->contact_count = strings_of(json_object_get(j, "contacts"), &r->contacts);
	r->without_contact_count =
		strings_of(json_object_get(j, "without_contacts"), &r->without_contacts);
	json_decref(j);
	return r;
}

/* Does the audience exclude this division? */
bool
request_leaves_out(const struct alert_request *r, division_code division)
{
	for (size_t i = 0; i < r->without_division_count; i++)
		if (division_contains(r->without_divisions[i], division))
			return true;
	return false;
}
