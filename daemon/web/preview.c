/* preview.c -- what a template would say to readers of some places: GET, so that a page may show it while
 * somebody types.  Its parameters become a request that is never sent. */
#include "daemon/web/internal.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 8192			/* of one parameter, decoded */

struct asked {
	json_t *divisions, *params, *by_division, *body;
};

static int
add_divisions(struct asked *a, char *list)
{
	char *save = NULL;

	for (char *code = strtok_r(list, ",", &save); code; code = strtok_r(NULL, ",", &save))
		json_array_append_new(a->divisions, json_string(code));
	return 0;
}

/* "mm=80", or "990121103001:shelter=…" for one place. */
static int
add_param(struct asked *a, char *value, struct err *err)
{
	char *equals = strchr(value, '='), *colon = strchr(value, ':');
	json_t *into = a->params;

	if (!equals || equals == value)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_QUERY, "param"), query_param);
	if (colon && colon < equals) {
		*colon = '\0';
		into = json_object_get(a->by_division, value);
		if (!into)
			json_object_set_new(a->by_division, value, into = json_object());
		value = colon + 1;
	}
	*equals = '\0';
	json_object_set_new(into, value, json_string(equals + 1));
	return 0;
}

static int
add_pair(struct asked *a, const char *name, char *value, struct err *err)
{
	static const char *const words[] = { "severity", "kind", "mode" };
	struct about at = about_name(CONCEPT_QUERY, name);

	if (strcmp(name, "severity") == 0 && severity_parse(value) < 0)
		return err_say(err, REFUSED_INVALID, at, severity_unknown);
	if (strcmp(name, "mode") == 0 && strcmp(value, "real") != 0 && strcmp(value, "drill") != 0 &&
	    strcmp(value, "test") != 0)
		return err_say(err, REFUSED_INVALID, at, mode_unknown);
	if (strcmp(name, "division") == 0)
		return add_divisions(a, value);
	if (strcmp(name, "param") == 0)
		return add_param(a, value, err);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(name, words[i]) == 0)
			return json_object_set_new(a->body, name, json_string(value));
	return err_say(err, REFUSED_INVALID, at, query_others,
		       "division, kind, mode, param, severity");
}

static int
read_pairs(struct asked *a, const char *query, struct err *err)
{
	char name[32], value[VALUE_MAX];

	for (const char *p = query; p && *p; p += *p == '&') {
		size_t len = strcspn(p, "&"), is = strcspn(p, "=&");

		if (url_decode(name, sizeof(name), p, is) < 0 ||
		    url_decode(value, sizeof(value), p + is + (is < len), len - is - (is < len)) < 0)
			return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), query_malformed);
		if (len && add_pair(a, name, value, err) < 0)
			return -1;
		p += len;
	}
	return 0;
}

static int
check_template(const struct settings *s, const char *name, struct err *err)
{
	const char *near = settings_template(s, name) ? NULL : settings_near(s, SETTINGS_TEMPLATES, name);
	struct about at = about(CONCEPT_NONE);		/* the address names it */

	if (settings_template(s, name))
		return 0;
	return near ? err_say(err, REFUSED_NOT_FOUND, at, no_template_near, name, near)
		    : err_say(err, REFUSED_NOT_FOUND, at, no_template, name);
}

/* The same checks as for an alert that is sent. */
static int
read_asked(struct alert_request **out, const struct settings *s, const char *template, const char *query,
	   struct err *err)
{
	struct asked a = { json_array(), json_object(), json_object(), json_object() };
	char *text = NULL;
	int rc;

	json_object_set_new(a.body, "template", json_string(template));
	json_object_set_new(a.body, "severity", json_string("red"));
	rc = read_pairs(&a, query, err);
	if (rc == 0)
		rc = check_template(s, template, err);
	if (rc == 0 && !json_array_size(a.divisions))
		rc = err_say(err, REFUSED_INVALID, about_name(CONCEPT_QUERY, "division"), preview_where);
	json_object_set_new(a.body, "params", a.params);
	json_object_set_new(a.body, "params_by_division", a.by_division);
	json_object_set_new(a.body, "audience", json_pack("{s:o}", "divisions", a.divisions));
	text = rc == 0 ? json_dumps(a.body, JSON_COMPACT) : NULL;
	if (text)
		rc = intake_alert(out, text, strlen(text), NULL, true, err);
	free(text);
	json_decref(a.body);
	return rc;
}

void
preview_get(struct web *web, struct http_conn *c, struct exchange *x)
{
	struct alert_request *request;
	struct err err = { 0 };
	struct command *cmd;

	if (read_asked(&request, x->settings, x->place.name, http_request(c)->query, &err) < 0) {
		web_refuse(c, &err);
		return;
	}
	request->preview = true;
	cmd = command_new(CMD_ACCEPT, -1);
	cmd->accept = request;
	cmd->by = x->by;
	cmd->reply_to = http_id(c);
	if (web->ports.submit(web->ports.ctx, cmd))
		return;
	command_free(cmd);
	web_busy(c);
}

void
preview_give(struct web *web, struct http_conn *c, const char *json)
{
	char etag[SITE_ETAG], headers[READ_HEADERS], extra[READ_HEADERS + SITE_ETAG + 40];
	unsigned char digest[EVP_MAX_MD_SIZE];
	bool has_it;
	int n = 1;

	EVP_Digest(json, strlen(json), digest, NULL, EVP_sha256(), NULL);
	etag[0] = '"';
	for (int i = 0; i < 16; i++)
		n += snprintf(etag + n, SITE_ETAG - (size_t)n, "%02x", digest[i]);
	snprintf(etag + n, SITE_ETAG - (size_t)n, "\"");
	has_it = site_has_etag(http_header(http_request(c), "if-none-match"), etag);
	snprintf(extra, sizeof(extra), "%sETag: %s\r\n", web_headers(web, c, headers), etag);
	http_answer(c, has_it ? 304 : 200, "application/json", extra, json, has_it ? 0 : strlen(json), 0);
}
