/* alert_json.c -- the alert request and the callout request, as docs/api.md has them. */
#include "daemon/intake/internal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/* A dry run is undone; this key cannot come from outside (it has a control character). */
#define DRY_RUN_KEY "\x01"

#define TAKE(noun) static int take_##noun(struct reading *r, void *out, json_t *v, const char *at)

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

TAKE(severity)
{
	const char *word = json_string_value(v);
	int severity = word ? severity_parse(word) : -1;

	if (severity < 0)
		return refuse(r, 422, at, "use notice, blue, yellow, orange or red");
	((struct alert_request *)out)->severity = (enum severity)severity;
	return 0;
}

TAKE(mode)
{
	struct alert_request *q = out;
	const char *word = json_string_value(v);

	if (!word || (strcmp(word, "real") != 0 && strcmp(word, "drill") != 0 &&
		      strcmp(word, "test") != 0))
		return refuse(r, 422, at, "use \"real\", \"drill\" (to real people, marked as a drill) "
			      "or \"test\" (simulated routes only)");
	q->drill = word[0] == 'd';
	q->test = word[0] == 't';
	return 0;
}

TAKE(params)
{
	struct alert_request *q = out;

	return take_pairs(r, &q->params, &q->param_count, v, at);
}

static int
take_division_pairs(struct reading *r, struct alert_request *q, division_code code, json_t *pairs,
		    const char *pointer)
{
	struct pair *list = NULL;
	size_t count = 0;
	int rc = take_pairs(r, &list, &count, pairs, pointer);

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
		return refuse(r, 422, at, "this must be an object of objects: {\"990121103001\": "
			      "{\"shelter\": \"…\"}}");
	if (count_pairs(v) > INTAKE_LIST_MAX)
		return refuse(r, 422, at, "there are more than %d values; put them into the columns of "
			      "the divisions file instead", INTAKE_LIST_MAX);
	q->division_params = xcalloc(count_pairs(v), sizeof(*q->division_params));
	json_object_foreach(v, name, pairs) {
		char pointer[128];
		division_code code;
		struct err bad;

		pointer_child(pointer, at, name);
		if (division_parse(&code, name, &bad) < 0)
			return refuse(r, 422, pointer, "%s", bad.text);
		if (take_division_pairs(r, q, code, pairs, pointer) < 0)
			return -1;
	}
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

TAKE(without_contacts)
{
	struct alert_request *q = out;

	return take_strings(r, &q->without_contacts, &q->without_contact_count, v, at, REF_MAX);
}

TAKE(reached)
{
	if (!json_is_boolean(v))
		return refuse(r, 422, at, "use true or false");
	((struct alert_request *)out)->reached = json_is_true(v);
	return 0;
}

static const struct member audience_members[] = {
	{ "divisions", take_divisions }, { "without_divisions", take_without_divisions },
	{ "roles", take_roles }, { "contacts", take_contacts },
	{ "without_contacts", take_without_contacts }, { "reached", take_reached },
};

TAKE(audience)
{
	struct alert_request *q = out;

	if (members_take(r, audience_members, MEMBER_COUNT(audience_members), v, at, out) < 0)
		return -1;
	if (!q->division_count && !q->contact_count && !q->reached)
		return refuse(r, 422, at, "the audience is empty; name divisions, contacts or, for a "
			      "correction, \"reached\": true");
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
	{ "key", take_key }, { "template", take_template }, { "policy", take_policy },
	{ "severity", take_severity }, { "kind", take_kind }, { "mode", take_mode },
	{ "params", take_params }, { "params_by_division", take_params_by_division },
	{ "audience", take_audience }, { "starts_at", take_starts_at },
	{ "expires_at", take_expires_at }, { "replaces", take_replaces },
};

static const struct member callout_members[] = {
	{ "key", take_key }, { "role", take_role }, { "division", take_division },
	{ "contacts", take_contacts }, { "params", take_params }, { "mode", take_mode },
	{ "template", take_template }, { "policy", take_policy }, { "kind", take_kind },
	{ "expires_at", take_expires_at },
};

/* What makes two requests the same: everything but the key. */
static void
fill_digest(struct alert_request *q, json_t *json, const char *what)
{
	struct buf all = { 0 };

	json_object_del(json, "key");
	q->body = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	buf_printf(&all, "%s\n", what);
	buf_puts(&all, q->body);
	EVP_Digest(all.data, all.len, q->digest, NULL, EVP_sha256(), NULL);
	buf_fini(&all);
}

static int
settle_key(struct reading *r, struct alert_request *q, const char *header)
{
	json_t *wrapped;
	int rc;

	if (q->dry_run) {
		free(q->key);
		q->key = xstrdup(DRY_RUN_KEY);
		return 0;
	}
	if (!header && !q->key)
		return refuse(r, 422, "/key", "a key is missing: send one of your own with every new "
			      "request (here or as the header Idempotency-Key), and the same again "
			      "when you repeat it");
	if (!header)
		return 0;
	if (q->key && strcmp(q->key, header) != 0)
		return refuse(r, 422, "/key", "this key and the header Idempotency-Key differ; send "
			      "one of them");
	wrapped = json_string(header);	/* NULL: no UTF-8 */
	rc = take_string(r, &q->key, wrapped, "Idempotency-Key", INTAKE_KEY_MAX);
	json_decref(wrapped);
	return rc;
}

static bool
may_reach(const struct client *c, division_code code)
{
	struct division_range range = division_range(code);

	for (size_t i = 0; i < c->division_count; i++)
		if (range.first >= c->divisions[i].first && range.last <= c->divisions[i].last)
			return true;
	return false;
}

static int
check_divisions(struct reading *r, const struct alert_request *q, const char *list)
{
	const struct client *c = r->from->rights;
	char pointer[128], code[DIVISION_TEXT];

	if (!c->division_count)
		return 0;
	for (size_t i = 0; i < q->division_count; i++) {
		if (may_reach(c, q->divisions[i]))
			continue;
		pointer_index(pointer, list, i);
		division_format(code, q->divisions[i]);
		return refuse(r, 403, pointer, "client \"%s\" may not reach division %s; name divisions "
			      "within its own, or have \"divisions\" in gong.conf widened",
			      r->from->name, code);
	}
	if (q->contact_count)		/* a contact may sit anywhere */
		return refuse(r, 403, list[1] == 'a' ? "/audience/contacts" : "/contacts", "client \"%s\" is limited to divisions and "
			      "may not name contacts; name divisions and roles", r->from->name);
	return 0;
}

static int
check_rights(struct reading *r, struct alert_request *q, const char *severity, const char *list)
{
	const struct client *c = r->from->rights;

	if (q->severity > c->up_to)
		return refuse(r, 403, severity, "client \"%s\" may send up to %s, and this is %s; have "
			      "\"up_to\" in gong.conf raised, or send less", r->from->name,
			      severity_name(c->up_to), severity_name(q->severity));
	if (c->drill_only && !q->drill && !q->test)
		return refuse(r, 403, "/mode", "client \"%s\" may send drills only; say \"mode\": "
			      "\"drill\"", r->from->name);
	q->recipients_max = c->recipients_max;
	return check_divisions(r, q, list);
}

static int
check_alert(struct reading *r, struct alert_request *q, json_t *json)
{
	static const char *const must[] = { "template", "severity", "audience" };

	for (size_t i = 0; i < MEMBER_COUNT(must); i++) {
		json_t *value = json_object_get(json, must[i]);
		char pointer[32];

		snprintf(pointer, sizeof(pointer), "/%s", must[i]);
		if (!value || json_is_null(value))
			return refuse(r, 422, pointer, "\"%s\" is missing; add it", must[i]);
	}
	if (q->reached && !q->replaces)
		return refuse(r, 422, "/replaces", "\"reached\" means those whom another alert reached; "
			      "say which in \"replaces\"");
	return check_rights(r, q, "/severity", "/audience/divisions");
}

/* The policy's own families are called; a role that the first of them does not contain would
 * silently be somebody else's callout. */
static int
settle_role(struct reading *r, struct alert_request *q, const struct settings *s)
{
	const struct policy *p = settings_policy(s, q->policy);
	int role = settings_family(s, q->roles[0]);

	if (role < 0)
		return refuse(r, 422, "/role", "there is no role or family \"%s\"; see roles.conf",
			      q->roles[0]);
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
	return refuse(r, 422, "/role", "policy %s calls %s first, not %s; name a policy that begins with "
		      "that role, or name contacts", p->name,
		      s->families[p->steps[0].to[0]].name, q->roles[0]);
}

static int
check_callout(struct reading *r, struct alert_request *q, const struct settings *s)
{
	if (!q->template)
		q->template = xstrdup("duty.callout");
	if (!q->policy)
		q->policy = xstrdup("duty.callout");
	q->severity = SEVERITY_RED;
	if (!q->role_count && !q->contact_count)
		return refuse(r, 422, "/role", "say who is called: a duty \"role\" with its "
			      "\"division\", or \"contacts\" one after the other");
	if (q->role_count && q->contact_count)
		return refuse(r, 422, "/contacts", "name either a role or contacts, not both");
	if (q->role_count && !q->division_count)
		return refuse(r, 422, "/division", "say whose duty is meant: \"division\": \"990121\"");
	if (check_rights(r, q, "", "/division") < 0)
		return -1;
	q->callout = true;
	q->in_turn = q->contact_count > 0;
	return q->role_count ? settle_role(r, q, s) : 0;
}

static struct alert_request *
begin(struct reading *r, json_t **json, const char *body, size_t len, bool dry_run)
{
	struct alert_request *q;

	*json = json_object_read(r, body, len);
	if (!*json)
		return NULL;
	q = xcalloc(1, sizeof(*q));
	q->client = xstrdup(r->from->name);
	q->dry_run = dry_run;
	return q;
}

static int
end(struct reading *r, struct alert_request **out, struct alert_request *q, json_t *json)
{
	json_decref(json);
	if (r->status)
		alert_request_free(q);
	else
		*out = q;
	return r->status;
}

int
intake_alert(struct alert_request **out, const char *body, size_t len,
	     const struct intake_from *from, const char *key_header, bool dry_run, struct err *err)
{
	struct reading r = { .from = from, .err = err };
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
intake_callout(struct alert_request **out, const char *body, size_t len,
	       const struct intake_from *from, const char *key_header, bool dry_run,
	       const struct settings *s, struct err *err)
{
	struct reading r = { .from = from, .err = err };
	struct alert_request *q;
	json_t *json;

	*out = NULL;
	q = begin(&r, &json, body, len, dry_run);
	if (q && members_take(&r, callout_members, MEMBER_COUNT(callout_members), json, "", q) == 0 &&
	    check_callout(&r, q, s) == 0 && settle_key(&r, q, key_header) == 0)
		fill_digest(q, json, "callout");
	return end(&r, out, q, json);
}
