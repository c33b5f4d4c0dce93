/* texts.c -- the words of the templates, which file each is from, and texts that a ladder goes without. */
#include "daemon/check/check.h"

#include "daemon/settings/lint.h"

static void
tell_finding(void *ctx, const struct text_finding *f)
{
	struct report *r = ctx;
	struct buf line = { 0 };

	text_finding_render(f, r->lang, &line);
	line.data[line.len - 1] = '\0';
	report_text(r, f->what.misleads ? REPORT_ERROR : REPORT_WARNING, f->name, line.data);
	buf_fini(&line);
}

/* A site's own text in the place of a shipped one is no fault; that it is so must be seen. */
static void
tell_own(struct report *r, const struct settings *s)
{
	for (size_t i = 0; i < s->document_count; i++) {
		const struct document *d = &s->documents[i];

		if (d->instead_of)
			REPORT(r, REPORT_OK, d->name, check_instead, d->kind, d->name, d->path, d->instead_of);
	}
	for (size_t i = 0; i < s->kind_count; i++) {
		const struct kind_row *k = &s->kinds[i];

		if (k->instead_of)
			REPORT(r, REPORT_OK, k->name, check_instead, "kind", k->name, k->path, k->instead_of);
	}
	for (size_t i = 0; s->kinds_installed && i < s->kind_count; i++)
		if (s->kinds[i].path) {
			REPORT(r, REPORT_OK, "kinds", check_kinds_installed, s->kinds[i].path);
			break;
		}
}

/* Without it people who moved out hear nothing when their place falls out of a warning. */
static void
look_for_ending(struct report *r, const struct settings *s, const char *option, const char *name)
{
	if (!settings_template(s, name))
		REPORT(r, REPORT_WARNING, name, check_no_ending, option, name);
}

/* It goes on with a text that fits less well. */
static void
look_for_helpers(struct report *r, const struct settings *s, const struct policy *p)
{
	for (size_t k = 0; k < p->step_count; k++) {
		const struct policy_step *step = &p->steps[k];
		bool above = false;

		for (size_t f = 0; f < step->to_count; f++)
			above |= settings_is_above(s, p, step->to[f]);
		if (above && !settings_has_helper_text(s, p, step))
			REPORT(r, REPORT_WARNING, p->name, check_no_helper_text, p->name, step->name,
			       settings_helper_template(s, p, step));
	}
}

void
check_texts(struct report *r, const struct settings *s)
{
	tell_own(r, s);
	settings_lint(s, tell_finding, r);
	look_for_ending(r, s, "end_left", s->end_left);
	look_for_ending(r, s, "end_changed", s->end_changed);
	for (size_t i = 0; i < s->policy_count; i++)
		look_for_helpers(r, s, s->policies[i]);
}
