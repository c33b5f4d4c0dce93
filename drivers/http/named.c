/* named.c -- a profile by its name: finds NAME.json, fills in its parameters from the route's
 * options, and hands on a config as if the route had written it.  Whatever is missing or unknown
 * is refused by name; values are never shown. */
#include "files/json_word.h"
#include "drivers/http/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/read.h"

#define SHIPPED "/usr/share/gong/providers"
#define OPEN "{{param:"

/* What belongs to the site, not to the provider: taken over as it stands. */
static const char *const own[] = { "url", "ca_file", "client_cert", "client_key", "proxy",
				   "timeout_ms", "connect_timeout_ms", "connections", "window",
				   "batch", "http", "templates", "limits", "callback_url" };

static bool
is_own(const char *name)
{
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (strcmp(own[i], name) == 0)
			return true;
	return false;
}

static json_t *
read_file(const char *folder, const char *name, struct err *err)
{
	char path[512];
	json_error_t where;
	struct err why = { 0 };
	char *body;
	json_t *file;

	snprintf(path, sizeof(path), "%s/%s.json", folder, name);
	if (access(path, F_OK) < 0)
		return NULL;
	body = file_read(path, FILE_CONF_MAX, NULL, &why);
	if (!body) {
		err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "profile"), verbatim, NEST(&why.said));
		return NULL;
	}
	file = json_loads(body, JSON_REJECT_DUPLICATES, &where);
	free(body);
	if (file && (profile_check_version(file, err) < 0 ||
		     option_only(file, name, " version title parameters config ", err) < 0)) {
		json_decref(file);
		return NULL;
	}
	if (!file || !json_is_object(json_object_get(file, "parameters")) ||
	    !json_is_object(json_object_get(file, "config"))) {
		err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "profile"), http_profile_at, path,
			file ? WORD(http_profile_object) : json_word(&where), NUM(file ? 1 : where.line));
		json_decref(file);
		return NULL;
	}
	return file;
}

static json_t *
find_file(json_t *route, const char *name, struct err *err)
{
	const char *folder = json_string_value(json_object_get(route, "profile_dir"));
	json_t *file = NULL;

	if (!name || !name[0] || name[0] == '.' || strchr(name, '/')) {
		err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "profile"), http_profile_name);
		return NULL;
	}
	if (folder)
		file = read_file(folder, name, err);
	if (!file && !err->text[0])
		file = read_file(SHIPPED, name, err);
	if (!file && !err->text[0])
		err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "profile"), http_no_profile, name,
			folder ? SAID(http_either, folder, SHIPPED) : SHIPPED);
	return file;
}

/* The route's limits and templates stand beside the profile's; anything else replaces it. */
static void
take_own(json_t *config, json_t *route, const char *name)
{
	json_t *value = json_object_get(route, name), *merged = json_object_get(config, name);

	if (json_is_object(value) && json_is_object(merged))
		json_object_update(merged, value);
	else if (value)
		json_object_set(config, name, value);
}

/* Every option of the route must be a parameter or the route's own. */
static int
check_options(json_t *route, json_t *parameters, const char *profile, struct err *err)
{
	struct buf known = { 0 };
	const char *name, *one;
	json_t *value, *other;
	int rc = 0;

	json_object_foreach(parameters, one, other)
		buf_printf(&known, " %s", one);
	json_object_foreach(route, name, value) {
		if (strcmp(name, "profile") == 0 || strcmp(name, "profile_dir") == 0 || is_own(name))
			continue;
		if (!json_object_get(parameters, name))
			rc = err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), http_no_parameter, profile,
				     known.len ? known.data : " -");
		else if (!json_string_length(value) || strstr(json_string_value(value), "{{"))
			rc = err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), http_parameter_text);
		if (rc < 0)
			break;
	}
	buf_fini(&known);
	return rc;
}

/* The value of the parameter whose name is [name, len); a default may be empty. */
static const char *
value_of(json_t *route, json_t *parameters, const char *name, struct err *err)
{
	json_t *rule = json_object_get(parameters, name);
	const char *what = json_string_value(json_object_get(rule, "what"));
	const char *value = json_string_value(json_object_get(route, name));

	if (!value)
		value = json_string_value(json_object_get(rule, "default"));
	if (!value && rule)
		err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), http_parameter_missing,
			what ? what : WORD(http_profile_needs), name);
	else if (!value)
		err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), http_parameter_unknown);
	return value;
}

static json_t *
fill_text(const char *text, json_t *route, json_t *parameters, struct err *err)
{
	struct buf out = { 0 };
	const char *open;
	json_t *filled;

	buf_puts(&out, "");
	while ((open = strstr(text, OPEN))) {
		size_t len = strcspn(open + strlen(OPEN), "}");
		char *name = xstrndup(open + strlen(OPEN), len);
		const char *value = value_of(route, parameters, name, err);

		free(name);
		buf_add(&out, text, (size_t)(open - text));
		text = open + strlen(OPEN) + len;
		text += strncmp(text, "}}", 2) == 0 ? 2 : 0;
		if (!value) {
			buf_fini(&out);
			return NULL;
		}
		buf_puts(&out, value);
	}
	buf_puts(&out, text);
	filled = json_string(out.data);
	buf_fini(&out);
	return filled;
}

/* What the parameters' names say is secret must not be shown, wherever the profile puts it. */
static json_t *
secrets_of(json_t *route, json_t *parameters)
{
	static const char *const words[] = { "key", "passw", "secret", "token" };
	json_t *hidden = json_array(), *value;
	const char *name;

	json_object_foreach(route, name, value)
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
			if (json_object_get(parameters, name) && strstr(name, words[i])) {
				json_array_append(hidden, value);
				break;
			}
	return hidden;
}

/* A copy of `from` with all its texts filled; NULL if a parameter is missing. */
static json_t *
fill(json_t *from, json_t *route, json_t *parameters, struct err *err)
{
	json_t *copy, *value, *filled;
	const char *name;
	size_t i;

	if (json_is_string(from))
		return fill_text(json_string_value(from), route, parameters, err);
	if (!json_is_object(from) && !json_is_array(from))
		return json_incref(from);
	copy = json_is_object(from) ? json_object() : json_array();
	json_object_foreach(from, name, value) {
		filled = fill(value, route, parameters, err);
		if (json_object_set_new(copy, name, filled) < 0)
			goto missing;
	}
	json_array_foreach(from, i, value) {
		filled = fill(value, route, parameters, err);
		if (json_array_append_new(copy, filled) < 0)
			goto missing;
	}
	return copy;
missing:
	json_decref(copy);
	return NULL;
}

json_t *
profile_load(json_t *route, struct err *err)
{
	const char *name = json_string_value(json_object_get(route, "profile"));
	json_t *file, *parameters, *config = NULL;

	if (!json_object_get(route, "profile"))
		return json_incref(route);
	file = find_file(route, name, err);
	parameters = json_object_get(file, "parameters");
	if (file && check_options(route, parameters, name, err) == 0)
		config = fill(json_object_get(file, "config"), route, parameters, err);
	if (config)
		json_object_set_new(config, "hidden", secrets_of(route, parameters));
	for (size_t i = 0; config && i < sizeof(own) / sizeof(*own); i++)
		take_own(config, route, own[i]);
	json_decref(file);
	return config;
}
