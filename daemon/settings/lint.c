/* lint.c -- asks core/lint.h about every template, holds its answers against its ladders, and finds the
 * lines in the files. */
#include "daemon/settings/lint.h"

#include <stdio.h>
#include <string.h>

struct linting {
	const struct settings *s;
	const struct document *d;	/* of the template that is looked at */
	void (*tell)(void *ctx, const struct text_finding *);
	void *ctx;
};

/* -- where it stands -- */

/* Does the line say `word` before anything else, with `rest` behind it? */
static bool
line_says(const char *line, const char *word, const char *rest)
{
	size_t len = strlen(word);

	line += strspn(line, " \t");
	if (strncmp(line, word, len) != 0)
		return false;
	line += len;
	line += strspn(line, " \t");
	return strncmp(line, rest, strlen(rest)) == 0;
}

/* Files are written a field a line; on one line with its section a form is at the section's. */
static unsigned
line_of(const char *body, const char *name, int lang, int form)
{
	char quoted[128], language[16];
	unsigned line = 1, found = 1;
	bool in_template = false, in_text = false;

	snprintf(quoted, sizeof(quoted), "\"%s\"", name);
	snprintf(language, sizeof(language), "\"%s\"", lang < 0 ? "" : lang_name((enum lang)lang));
	for (const char *p = body; p; line++) {
		if (line_says(p, "template", quoted)) {
			in_template = true;
			found = line;
		} else if (in_template && lang >= 0 && line_says(p, "text", "\"")) {
			in_text = line_says(p, "text", language);
			found = in_text ? line : found;
		} else if (in_text && form >= 0 && line_says(p, lint_form_name((enum lint_form)form), "=")) {
			return line;
		}
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	return found;
}

static void
pass_on(void *ctx, const struct lint_finding *what)
{
	struct linting *l = ctx;
	struct text_finding f = { .path = l->d->path, .name = l->d->name, .what = *what };

	f.line = line_of(l->d->body, l->d->name, what->lang, what->form);
	l->tell(l->ctx, &f);
}

void
text_finding_render(const struct text_finding *f, enum lang reader, struct buf *out)
{
	char kind[32], where[256], what[1024];
	struct said said;

	if (f->what.misleads)
		SAY(&said, lint_error);
	else
		SAY(&said, lint_warning);
	said_render(&said, reader, kind, sizeof(kind));
	if (f->what.lang < 0)
		SAY(&said, lint_whole, f->name);
	else
		SAY(&said, lint_place, f->name, lang_name((enum lang)f->what.lang),
		    lint_form_name((enum lint_form)f->what.form));
	said_render(&said, reader, where, sizeof(where));
	said_render(&f->what.said, reader, what, sizeof(what));
	buf_printf(out, "%s:%u: %s: %s: %s\n", f->path, f->line, kind, where, what);
}

/* -- the ladder -- */

static bool
calls_targets(const struct settings *s, const struct policy *p)
{
	for (size_t i = 0; i < p->step_count; i++) {
		const struct policy_step *step = &p->steps[i];
		bool above = step->to_count != 0;

		for (size_t k = 0; k < step->to_count; k++)
			above &= settings_is_above(s, p, step->to[k]);
		if (!above && !step->template && !step->inform && step->channels[CHANNEL_VOICE])
			return true;
	}
	return false;
}

/* What by a ladder can be answered in writing: a network without variables has the constant only. */
static void
check_reach(struct linting *l, const struct template *t, const struct policy *p, const struct policy_step *step)
{
	int wanted = step ? step->below : p->until;

	if (p->targets == TARGETS_NONE || wanted <= LEVEL_ANSWERED)
		return;
	for (int i = 0; i < LANG_COUNT * LINT_FORMS; i++) {
		struct lint_finding f = { .misleads = true, .lang = i / LINT_FORMS, .form = i % LINT_FORMS };
		const struct text *text = lint_form(t, (enum lang)f.lang, (enum lint_form)f.form);
		int reach = text ? lint_reach(t, text, (enum lang)f.lang) : wanted;

		if (f.form == LINT_VOICE || reach >= wanted)
			continue;
		if (step)
			SAY(&f.said, lint_step, p->name, step->name, NUM(wanted), NUM(reach));
		else
			SAY(&f.said, lint_until, p->name, NUM(wanted), NUM(reach));
		pass_on(l, &f);
	}
}

static void
check_ladder(struct linting *l, const struct template *t, const struct policy *p)
{
	struct lint_finding f = { .lang = -1, .form = -1 };

	check_reach(l, t, p, NULL);
	if (t->texts[l->s->default_lang].voice || !calls_targets(l->s, p))
		return;
	SAY(&f.said, lint_no_voice, p->name);
	pass_on(l, &f);
}

/* Those that it names, and those with which the table of kinds sends it. */
static bool
goes_by(const struct settings *s, const struct template *t, const struct policy *p)
{
	for (size_t i = 0; i < t->policy_count; i++)
		if (strcmp(t->policies[i], p->name) == 0)
			return true;
	for (size_t k = 0; k < s->kind_count; k++) {
		const struct kind_row *row = &s->kinds[k];

		for (size_t i = 0; i < SEVERITY_COUNT + row->further_count; i++) {
			const struct kind_text *text = i < SEVERITY_COUNT ? &row->by[i]
				: &row->further[i - SEVERITY_COUNT].text;

			if (text->template && strcmp(text->template, t->name) == 0 &&
			    strcmp(text->policy, p->name) == 0)
				return true;
		}
	}
	return false;
}

static void
check_own_ladders(struct linting *l, const struct template *t)
{
	for (size_t i = 0; i < l->s->policy_count; i++)
		if (goes_by(l->s, t, l->s->policies[i]))
			check_ladder(l, t, l->s->policies[i]);
}

/* Of steps that chase the targets themselves with another text than the alert's. */
static void
check_steps(struct linting *l, const struct template *t)
{
	for (size_t i = 0; i < l->s->policy_count; i++) {
		const struct policy *p = l->s->policies[i];

		for (size_t k = 0; k < p->step_count; k++) {
			const struct policy_step *step = &p->steps[k];
			bool own = step->to_answered || !step->to_count;

			for (size_t f = 0; f < step->to_count; f++)
				own |= !settings_is_above(l->s, p, step->to[f]);
			if (own && !step->inform && step->template && strcmp(step->template, t->name) == 0)
				check_reach(l, t, p, step);
		}
	}
}

struct lint_site
settings_lint_site(const struct settings *s)
{
	struct lint_site site;

	for (int lang = 0; lang < LANG_COUNT; lang++) {
		site.signature[lang] = s->signature[lang] ? s->signature[lang] : "";
		site.drill_mark[lang] = s->drill_mark[lang] ? s->drill_mark[lang] : "";
	}
	return site;
}

void
settings_lint(const struct settings *s, void (*tell)(void *ctx, const struct text_finding *), void *ctx)
{
	struct lint_site site = settings_lint_site(s);
	struct linting l = { .s = s, .tell = tell, .ctx = ctx };

	for (size_t i = 0; i < s->template_count; i++) {
		const struct template *t = s->templates[i];

		l.d = settings_document(s, "template", t->name);
		lint_template(t, &site, pass_on, &l);
		check_own_ladders(&l, t);
		check_steps(&l, t);
	}
}
