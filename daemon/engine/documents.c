/* documents.c -- the templates and policies an alert runs on: its own versions, by document. */
#include "daemon/engine/lookup.h"

#include <stdlib.h>

int64_t
engine_document(struct engine *e, const char *kind, const char *name)
{
	const struct document *d = settings_document(e->settings, kind, name);

	return d ? e->documents.ids[d - e->settings->documents] : 0;
}

/* Stored documents were valid when they were stored; one that no longer parses would be our
 * own bug (a reader that became stricter), so it ends the process rather than an alert. */
const struct template *
engine_template(struct engine *e, int64_t document)
{
	/* In a turn that has failed already, and will be undone. */
	static const struct template nothing = { .name = (char *)"" };
	struct template *t = table_get(&e->documents.templates, (uint64_t)document);
	char *name, *body;
	struct err err;

	if (!t && store_failed(e->store))
		return &nothing;
	if (t || !store_document_get(e->store, document, &name, &body))
		return t || !store_failed(e->store) ? t : &nothing;
	if (template_parse(&t, body, name, &err) == 0)
		table_put(&e->documents.templates, (uint64_t)document, t);
	else
		engine_log(e, LOG_ERROR, "stored template unreadable name=%s reason=\"%s\"", name, err.text);
	free(name);
	free(body);
	return t;
}

const struct policy *
engine_policy(struct engine *e, int64_t document)
{
	struct policy *p;
	char *name, *body;
	struct err err;

	if (!document)
		return NULL;
	p = table_get(&e->documents.policies, (uint64_t)document);
	if (p || !store_document_get(e->store, document, &name, &body))
		return p;
	if (policy_parse(&p, body, name, e->settings, &err) == 0)
		table_put(&e->documents.policies, (uint64_t)document, p);
	else
		engine_log(e, LOG_ERROR, "stored policy unreadable name=%s reason=\"%s\"", name, err.text);
	free(name);
	free(body);
	return p;
}

/* The texts of the steps as they are now are those of the whole alert. */
static void
keep_document(struct engine *e, const struct alert *a, const char *name)
{
	if (name)
		store_alert_document_put(e->store, a->id, name, engine_document(e, "template", name));
}

void
engine_keep_documents(struct engine *e, const struct alert *a, const struct policy *p)
{
	for (size_t i = 0; p && i < p->step_count; i++) {
		const char *name = p->steps[i].template;

		for (size_t f = 0; f < p->steps[i].to_count && !name; f++)
			if (settings_is_above(e->settings, p, p->steps[i].to[f]))
				name = settings_helper_template(e->settings, p, &p->steps[i]);
		keep_document(e, a, name);
	}
	keep_document(e, a, p ? p->full : NULL);
	keep_document(e, a, p ? p->expired : NULL);
	keep_document(e, a, p ? p->satisfied.template : NULL);
	keep_document(e, a, p ? p->satisfied.reopened : NULL);
}

struct readable {
	struct engine *e;
	const struct settings *settings;
	struct err *err;
	bool all;
};

static void
try_policy(void *ctx, int64_t document)
{
	struct readable *r = ctx;
	struct policy *p;
	char *name, *body;

	if (!r->all || !store_document_get(r->e->store, document, &name, &body))
		return;
	if (policy_parse(&p, body, name, r->settings, r->err) == 0)
		policy_free(p);
	else
		r->all = false;
	free(name);
	free(body);
}

/* Can every open alert go on under these settings?  They may lack a role that its policy calls. */
bool
engine_policies_readable(struct engine *e, const struct settings *settings, struct err *err)
{
	struct readable r = { e, settings, err, true };

	store_policies_in_use(e->store, try_policy, &r);
	return r.all;
}

const struct template *
engine_template_named(struct engine *e, const struct alert *a, const char *name,
		      int64_t *document)
{
	*document = name ? store_alert_document(e->store, a->id, name) : a->template;
	if (!*document)
		*document = engine_document(e, "template", name);
	return engine_template(e, *document);
}

void
engine_documents_number(struct engine *e)
{
	struct settings *s = e->settings;

	free(e->documents.role_ids);
	free(e->documents.ids);
	e->documents.role_ids = xcalloc(s->role_count + 1, sizeof(*e->documents.role_ids));
	e->documents.ids = xcalloc(s->document_count + 1, sizeof(*e->documents.ids));
	for (size_t i = 0; i < s->role_count; i++)
		e->documents.role_ids[i] = store_role_id(e->store, s->roles[i].name);
	for (size_t i = 0; i < s->document_count; i++)
		e->documents.ids[i] = store_document_put(e->store, s->documents[i].kind,
			s->documents[i].name, s->documents[i].body, s->documents[i].sha256);
}

static void
free_template(void *p)
{
	template_free(p);
}

static void
free_policy(void *p)
{
	policy_free(p);
}

void
engine_policies_drop(struct engine *e)
{
	table_fini(&e->documents.policies, free_policy);
}

void
engine_documents_free(struct engine *e)
{
	table_fini(&e->documents.templates, free_template);
	engine_policies_drop(e);
	free(e->documents.role_ids);
	free(e->documents.ids);
}
