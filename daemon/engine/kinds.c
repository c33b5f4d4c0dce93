/* kinds.c -- a request that says what it is about, and how bad it is: the table of kinds says by which
 * text and ladder.  A template or policy that the request names is not looked at. */
#include "daemon/engine/accept.h"

#include <string.h>

#include "core/near.h"

static int
no_such_kind(struct engine *e, const char *name, struct err *err)
{
	const char *near = settings_near(e->settings, SETTINGS_KINDS, name);
	struct about at = about(CONCEPT_KIND);

	if (!e->settings->kind_count)
		return err_say(err, REFUSED_INVALID, at, no_kinds);
	return near ? err_say(err, REFUSED_INVALID, at, no_kind_near, name, near)
		    : err_say(err, REFUSED_INVALID, at, no_kind, name);
}

static int
no_such_further(const struct kind_row *kind, const char *name, struct err *err)
{
	struct about at = about(CONCEPT_FURTHER);
	struct near near = { .word = name };
	struct buf all = { 0 };
	int rc;

	for (size_t i = 0; i < kind->further_count; i++) {
		near_offer(&near, kind->further[i].name, kind->further[i].name);
		buf_printf(&all, "%s%s", i ? ", " : "", kind->further[i].name);
	}
	if (near.best)
		rc = err_say(err, REFUSED_INVALID, at, no_further_near, kind->name, name, near.best);
	else if (all.len)
		rc = err_say(err, REFUSED_INVALID, at, no_further, kind->name, name, all.data);
	else
		rc = err_say(err, REFUSED_INVALID, at, no_further_at_all, kind->name);
	buf_fini(&all);
	return rc;
}

static const struct kind_further *
find_further(const struct kind_row *kind, const char *name)
{
	for (size_t i = 0; i < kind->further_count; i++)
		if (strcmp(kind->further[i].name, name) == 0)
			return &kind->further[i];
	return NULL;
}

int
engine_settle_kind(struct engine *e, struct alert_request *r, struct err *err)
{
	const struct kind_row *kind = r->kind ? settings_kind(e->settings, r->kind) : NULL;
	const struct kind_further *further = NULL;
	const struct kind_text *text;

	if (r->template)
		return 0;
	if (!kind)
		return no_such_kind(e, r->kind ? r->kind : "", err);
	if (r->further && !(further = find_further(kind, r->further)))
		return no_such_further(kind, r->further, err);
	if (further && r->severity_open)
		r->severity = further->severity;
	text = further ? &further->text : settings_kind_text(e->settings, kind, r->severity);
	if (!text)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_SEVERITY), kind_of_notice, kind->name);
	r->template = xstrdup(text->template);
	/* Who is told because he was reached, is told once. */
	if (!r->policy && !r->reached)
		r->policy = xstrdup(text->policy);
	return 0;
}

void
engine_tell_text(struct engine *e, const struct alert *a, struct buf *json)
{
	const struct template *t = engine_template(e, a->template);
	const struct policy *p = engine_policy(e, a->policy);

	buf_puts(json, ",\"template\":");
	buf_json(json, t ? t->name : "");
	buf_puts(json, ",\"policy\":");
	if (p)
		buf_json(json, p->name);
	else
		buf_puts(json, "null");
}

int
engine_settle_lift(struct engine *e, const struct alert *a, struct cancel_request *c, struct err *err)
{
	const char *lift = settings_kind_lift(e->settings, a->kind);

	if (!c->lift)
		return 0;
	if (!lift)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_LIFT), no_lift);
	c->template = xstrdup(lift);
	return 0;
}
