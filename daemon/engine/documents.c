/* documents.c -- the templates and policies an alert runs on: its own versions, by document. */
#include "daemon/engine/internal.h"

#include <assert.h>
#include <stdlib.h>

int64_t
engine_document(struct engine *e, const char *kind, const char *name)
{
	const struct document *d = settings_document(e->settings, kind, name);

	return d ? e->document_ids[d - e->settings->documents] : 0;
}

/* Stored documents were valid when they were stored; one that no longer parses would be our
 * own bug (a reader that became stricter), so it ends the process rather than an alert. */
const struct template *
engine_template(struct engine *e, int64_t document)
{
	struct template *t = table_get(&e->templates, (uint64_t)document);
	char *name, *body;
	struct err err;

	if (t || !store_document_get(e->store, document, &name, &body))
		return t;
	if (template_parse(&t, body, name, &err) == 0)
		table_put(&e->templates, (uint64_t)document, t);
	else
		engine_log(e, 3, "stored template unreadable name=%s reason=\"%s\"", name, err.text);
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
	p = table_get(&e->policies, (uint64_t)document);
	if (p || !store_document_get(e->store, document, &name, &body))
		return p;
	if (policy_parse(&p, body, name, e->settings, &err) == 0)
		table_put(&e->policies, (uint64_t)document, p);
	else
		engine_log(e, 3, "stored policy unreadable name=%s reason=\"%s\"", name, err.text);
	free(name);
	free(body);
	return p;
}

const struct template *
engine_template_named(struct engine *e, const struct alert *a, const char *name,
		      int64_t *document)
{
	*document = name ? engine_document(e, "template", name) : a->template;
	return engine_template(e, *document);
}
