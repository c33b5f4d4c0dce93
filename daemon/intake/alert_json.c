/* alert_json.c -- the alert request and the callout request, as docs/api.md has them. */
#include "daemon/intake/internal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/* A dry run is undone; this key cannot come from outside (it has a control character). */
#define DRY_RUN_KEY "\x01"

#define TAKE(noun) static int take_##noun(struct reading *r, void *out, json_t *v, const struct about *at)

TAKE(key)
{
	return take_string(r, &((struct alert_request *)out)->key, v, at, INTAKE_KEY_MAX);
}

TAKE(template)
{
	return take_string(r, &((struct alert_request *)out)->template, v, at, 64);
}

TAKE(policy)
{
	return take_string(r, &((struct alert_request *)out)->policy, v, at, 64);
}

TAKE(kind)
{
	return take_string(r, &((struct alert_request *)out)->kind, v, at, 63);
}

TAKE(further)
{
	return take_string(r, &((struct alert_request *)out)->further, v, at, 63);
}

TAKE(asker)
{
	return take_string(r, &((struct alert_request *)out)->asker, v, at, REF_MAX);
}

TAKE(severity)
{
	const char *word = json_string_value(v);
	int severity = word ? severity_parse(word) : -1;

	if (severity < 0)
		return refuse(r, REFUSED_INVALID, *at, severity_unknown);
	((struct alert_request *)out)->severity = (enum severity)severity;
	return 0;
}

TAKE(mode)
{
	struct alert_request *q = out;
	const char *word = json_string_value(v);

	if (!word || (strcmp(word, "real") != 0 && strcmp(word, "drill") != 0 &&
		      strcmp(word, "test") != 0))
		return refuse(r, REFUSED_INVALID, *at, mode_unknown);
	q->drill = word[0] == 'd';
	q->test = word[0] == 't';
	return 0;
}

TAKE(params)
{
	struct alert_request *q = out;

	return take_pairs(r, &q->params, &q->param_count, v, at, NULL);
}

static int
take_division_pairs(struct reading *r, struct alert_request *q, const char *division,
		    json_t *pairs)
{
	struct about at = about_name(CONCEPT_DIVISION_PARAMS, division);
	struct pair *list = NULL;
	size_t count = 0;
	division_code code;
	int rc;

	if (division_parse(&code, division, r->err) < 0)
		return refuse_so(r, at);
	rc = take_pairs(r, &list, &count, pairs, &at, division);
	for (size_t i = 0; i < count; i++) {
		q->division_params[q->division_param_count].division = code;
		q->division_params[q->division_param_count++].param = list[i];
	}
	free(list);
	return rc;
}

static size_t
count_pairs(json_t *by_division)
{
	size_t count = 0;
	const char *name;
	json_t *pairs;

	json_object_foreach(by_division, name, pairs)
		count += json_object_size(pairs);
	return count;
}

TAKE(params_by_division)
{
	struct alert_request *q = out;
	const char *name;
	json_t *pairs;

	if (!json_is_object(v))
		return refuse(r, REFUSED_INVALID, *at, not_objects);
	if (count_pairs(v) > INTAKE_LIST_MAX)
		return refuse(r, REFUSED_INVALID, *at, division_values_too_many,
			      NUM(INTAKE_LIST_MAX));
	q->division_params = xcalloc(count_pairs(v), sizeof(*q->division_params));
	json_object_foreach(v, name, pairs)
		if (take_division_pairs(r, q, name, pairs) < 0)
			return -1;
	return 0;
}

TAKE(divisions)
{
	struct alert_request *q = out;

	return take_codes(r, &q->divisions, &q->division_count, v, at);
}

TAKE(without_divisions)
{
	struct alert_request *q = out;

	return take_codes(r, &q->without_divisions, &q->without_division_count, v, at);
}

TAKE(roles)
{
	struct alert_request *q = out;

	return take_strings(r, &q->roles, &q->role_count, v, at, 64);
}

TAKE(contacts)
{
	struct alert_request *q = out;

	return take_strings(r, &q->contacts, &q->contact_count, v, at, REF_MAX);
}

TAKE(tags)
{
	struct alert_request *q = out;

	return take_strings(r, &q->tags, &q->tag_count, v, at, TAG_MAX);
}

TAKE(without_contacts)
{
	struct alert_request *q = out;

	return take_strings(r, &q->without_contacts, &q->without_contact_count, v, at, REF_MAX);
}

TAKE(reached)
{
	if (!json_is_boolean(v))
		return refuse(r, REFUSED_INVALID, *at, not_a_flag);
	((struct alert_request *)out)->reached = json_is_true(v);
	return 0;
}

static const struct member audience_members[] = {
	{ "divisions", CONCEPT_DIVISION, take_divisions }, { "without_divisions", CONCEPT_WITHOUT_DIVISION, take_without_divisions },
	{ "roles", CONCEPT_ROLE, take_roles }, { "contacts", CONCEPT_CONTACT, take_contacts },
	{ "without_contacts", CONCEPT_WITHOUT_CONTACT, take_without_contacts }, { "tags", CONCEPT_TAG, take_tags }, { "reached", CONCEPT_REACHED, take_reached },
};

TAKE(audience)
{
	struct alert_request *q = out;

	if (!json_is_object(v))
		return refuse(r, REFUSED_INVALID, *at, not_an_object);
	if (members_take(r, audience_members, MEMBER_COUNT(audience_members), v, "/audience", out) < 0)
		return -1;
	if (!q->division_count && !q->contact_count && !q->tag_count && !q->reached)
		return refuse(r, REFUSED_INVALID, *at, audience_unnamed);
	return 0;
}

TAKE(starts_at)
{
	return take_time(r, &((struct alert_request *)out)->starts_at, v, at);
}

TAKE(expires_at)
{
	return take_time(r, &((struct alert_request *)out)->expires_at, v, at);
}

TAKE(replaces)
{
	return take_id(r, &((struct alert_request *)out)->replaces, v, at);
}

TAKE(whole)
{
	if (!json_is_boolean(v))
		return refuse(r, REFUSED_INVALID, *at, not_a_flag);
	((struct alert_request *)out)->whole = json_is_true(v);
	return 0;
}

TAKE(division)
{
	struct alert_request *q = out;

	q->divisions = xcalloc(1, sizeof(*q->divisions));
	q->division_count = 1;
	return take_code(r, &q->divisions[0], v, at);
}

TAKE(role)
{
	struct alert_request *q = out;

	q->roles = xcalloc(1, sizeof(*q->roles));
	q->role_count = 1;
	return take_string(r, &q->roles[0], v, at, 64);
}

static const struct member alert_members[] = {
	{ "key", CONCEPT_KEY, take_key }, { "template", CONCEPT_TEMPLATE, take_template }, { "policy", CONCEPT_POLICY, take_policy },
	{ "severity", CONCEPT_SEVERITY, take_severity }, { "kind", CONCEPT_KIND, take_kind }, { "mode", CONCEPT_MODE, take_mode },
	{ "further", CONCEPT_FURTHER, take_further }, { "asker", CONCEPT_ASKER, take_asker },
	{ "params", CONCEPT_PARAMS, take_params }, { "params_by_division", CONCEPT_DIVISION_PARAMS, take_params_by_division },
	{ "audience", CONCEPT_AUDIENCE, take_audience }, { "starts_at", CONCEPT_STARTS_AT, take_starts_at },
	{ "expires_at", CONCEPT_EXPIRES_AT, take_expires_at }, { "replaces", CONCEPT_REPLACES, take_replaces },
	{ "whole", CONCEPT_WHOLE, take_whole },
};

static const struct member callout_members[] = {
	{ "key", CONCEPT_KEY, take_key }, { "role", CONCEPT_ROLE, take_role }, { "division", CONCEPT_DIVISION, take_division },
	{ "contacts", CONCEPT_CONTACT, take_contacts }, { "params", CONCEPT_PARAMS, take_params }, { "mode", CONCEPT_MODE, take_mode },
	{ "template", CONCEPT_TEMPLATE, take_template }, { "policy", CONCEPT_POLICY, take_policy }, { "kind", CONCEPT_KIND, take_kind },
	{ "expires_at", CONCEPT_EXPIRES_AT, take_expires_at },
};

/* What makes two requests the same: everything but the key. */
static void
fill_digest(struct alert_request *q, json_t *json, const char *what)
{
	struct buf all = { 0 };

	json_object_del(json, "key");
	buf_puts(&all, what);
	buf_puts(&all, "\n");
	canonical_json(&all, json);
	EVP_Digest(all.data, all.len, q->digest, NULL, EVP_sha256(), NULL);
	buf_fini(&all);
}

static int
settle_key(struct reading *r, struct alert_request *q, const char *header)
{
	struct about at = about_name(CONCEPT_HEADER, "Idempotency-Key");
	json_t *wrapped;
	int rc;

	if (q->dry_run) {
		free(q->key);
		q->key = xstrdup(DRY_RUN_KEY);
		return 0;
	}
	if (!header && !q->key)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_KEY), key_missing);
	if (!header)
		return 0;
	if (q->key && strcmp(q->key, header) != 0)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_KEY), key_differs);
	wrapped = json_string(header);	/* NULL: no UTF-8 */
	rc = take_string(r, &q->key, wrapped, &at, INTAKE_KEY_MAX);
	json_decref(wrapped);
	return rc;
}

static bool
has_member(json_t *json, const char *name)
{
	json_t *value = json_object_get(json, name);

	return value && !json_is_null(value);
}

/* A kind finds its text by the colour, or by the name of what follows. */
static int
check_alert(struct reading *r, struct alert_request *q, json_t *json)
{
	q->severity_open = q->further && !has_member(json, "severity");
	if (q->further && !q->kind)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_KIND), further_of_what);
	if (q->further && q->template)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_FURTHER), further_or_template);
	if (!q->template && !q->kind)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_TEMPLATE), template_or_kind);
	if (!has_member(json, "severity") && !q->severity_open)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_SEVERITY), member_missing, "severity");
	if (!has_member(json, "audience"))
		return refuse(r, REFUSED_INVALID, about(CONCEPT_AUDIENCE), member_missing, "audience");
	if (q->whole && !q->replaces)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_WHOLE), whole_of_what);
	if (q->reached && !q->replaces)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_REPLACES), reached_of_what);
	return 0;
}

/* The policy's own families are called; a role that the first of them does not contain would
 * silently be somebody else's callout. */
/* Where the request names no policy: any role may be called, all of it at once. */
#define ANY_ROLE_POLICY "duty.list"

static int
settle_role(struct reading *r, struct alert_request *q, const struct settings *s, bool any)
{
	const struct policy *p = settings_policy(s, q->policy);
	int role = settings_family(s, q->roles[0]);

	if (role < 0) {
		const char *near = settings_near(s, SETTINGS_FAMILIES, q->roles[0]);

		return near ? refuse(r, REFUSED_INVALID, about(CONCEPT_ROLE), role_unknown_near, q->roles[0],
				     near)
			    : refuse(r, REFUSED_INVALID, about(CONCEPT_ROLE), role_unknown, q->roles[0]);
	}
	if (!p || !p->step_count || !p->steps[0].to_count)
		return 0;		/* the engine names an unknown policy */
	for (size_t i = 0; i < p->steps[0].to_count; i++) {
		const struct family *f = &s->families[p->steps[0].to[i]];
		bool same = strcmp(f->name, q->roles[0]) == 0;

		for (size_t k = 0; k < f->role_count && !same; k++)
			same = strcmp(s->roles[f->roles[k]].name, q->roles[0]) == 0;
		if (!same)
			continue;
		free(q->roles[0]);
		q->role_count = 0;
		return 0;
	}
	if (any && settings_policy(s, ANY_ROLE_POLICY)) {
		free(q->policy);
		q->policy = xstrdup(ANY_ROLE_POLICY);
		return 0;
	}
	return refuse(r, REFUSED_INVALID, about(CONCEPT_ROLE), policy_begins_otherwise,
		      p->name, s->families[p->steps[0].to[0]].name, q->roles[0]);
}

static int
check_callout(struct reading *r, struct alert_request *q, const struct settings *s)
{
	bool any = !q->policy;

	if (!q->template)
		q->template = xstrdup("duty.callout");
	if (!q->policy)
		q->policy = xstrdup("duty.callout");
	q->severity = SEVERITY_RED;
	if (!q->role_count && !q->contact_count)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_ROLE), callout_whom);
	if (q->role_count && q->contact_count)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_CONTACT), callout_both);
	if (q->role_count && !q->division_count)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_DIVISION), callout_where);
	q->callout = true;
	q->in_turn = q->contact_count > 0;
	return q->role_count ? settle_role(r, q, s, any) : 0;
}

static struct alert_request *
begin(struct reading *r, json_t **json, const char *body, size_t len, bool dry_run)
{
	struct alert_request *q;

	*json = json_object_read(r, body, len);
	if (!*json)
		return NULL;
	q = xcalloc(1, sizeof(*q));
	q->dry_run = dry_run;
	return q;
}

static int
end(struct reading *r, struct alert_request **out, struct alert_request *q, json_t *json)
{
	json_decref(json);
	if (r->refused) {
		alert_request_free(q);
		return -1;
	}
	*out = q;
	return 0;
}

int
intake_alert(struct alert_request **out, const char *body, size_t len, const char *key_header, bool dry_run, struct err *err)
{
	struct reading r = { .err = err };
	struct alert_request *q;
	json_t *json;

	*out = NULL;
	q = begin(&r, &json, body, len, dry_run);
	if (q && members_take(&r, alert_members, MEMBER_COUNT(alert_members), json, "", q) == 0 &&
	    check_alert(&r, q, json) == 0 && settle_key(&r, q, key_header) == 0)
		fill_digest(q, json, "alert");
	return end(&r, out, q, json);
}

int
intake_callout(struct alert_request **out, const char *body, size_t len, const char *key_header, bool dry_run,
	       const struct settings *s, struct err *err)
{
	struct reading r = { .err = err };
	struct alert_request *q;
	json_t *json;

	*out = NULL;
	q = begin(&r, &json, body, len, dry_run);
	if (q && members_take(&r, callout_members, MEMBER_COUNT(callout_members), json, "", q) == 0 &&
	    check_callout(&r, q, s) == 0 && settle_key(&r, q, key_header) == 0)
		fill_digest(q, json, "callout");
	return end(&r, out, q, json);
}
