/* season.c -- what ladders and texts need of the lists. */
#include "daemon/settings/season.h"

#include <string.h>

#include "core/name_list.h"

static bool
calls(const struct policy_step *step)
{
	return !step->inform && (step->channels[CHANNEL_SMS] || step->channels[CHANNEL_VOICE]);
}

static void
add_first(struct season_needs *n, enum tier tier, size_t family, const char *policy)
{
	struct season_first *list = n->first[tier];
	size_t *count = &n->first_count[tier];

	for (size_t i = 0; i < *count; i++)
		if (list[i].family == family)
			return;
	if (*count < SEASON_MAX)
		list[(*count)++] = (struct season_first){ family, policy };
}

/* Those of the earliest step that calls somebody for the targets themselves; helpers come beside them. */
static void
look_at_policy(const struct settings *s, const struct policy *p, enum tier tier, struct season_needs *n)
{
	msec first = NEVER;

	for (size_t i = 0; i < p->step_count; i++) {
		const struct policy_step *step = &p->steps[i];

		if (!calls(step) || step->after_ms > first)
			continue;
		for (size_t k = 0; k < step->to_count; k++)
			if (!settings_is_above(s, p, step->to[k])) {
				first = step->after_ms;
				add_first(n, tier, step->to[k], p->name);
			}
	}
}

static bool
is_named(const struct kind_text *text, const struct policy *p)
{
	return text->policy && strcmp(text->policy, p->name) == 0;
}

/* A warning's ladder that no kind of event leads to is a file that lies there; townships are rung up by
 * the desk, too. */
static bool
is_used(const struct settings *s, const struct policy *p)
{
	bool used = !s->kind_count || s->kinds_installed || p->targets == TARGETS_TOWNSHIP;

	for (size_t i = 0; i < s->kind_count && !used; i++) {
		const struct kind_row *kind = &s->kinds[i];

		for (int c = 0; c < SEVERITY_COUNT; c++)
			used |= is_named(&kind->by[c], p);
		for (size_t k = 0; k < kind->further_count; k++)
			used |= is_named(&kind->further[k].text, p);
	}
	return used;
}

/* The name of a place is always there. */
static void
look_at_param(const struct template *t, const struct param *param, struct season_needs *n)
{
	size_t i = 0;

	if (param->scope != SCOPE_DIVISION || name_is_place(param->name))
		return;
	while (i < n->param_count && strcmp(n->params[i].name, param->name) != 0)
		i++;
	if (i == SEASON_MAX)
		return;
	if (i == n->param_count)
		n->params[n->param_count++] = (struct season_param){ param->name, t->name, 0 };
	n->params[i].templates++;
}

void
season_needs(const struct settings *s, struct season_needs *n)
{
	*n = (struct season_needs){ .param_count = 0 };
	for (size_t i = 0; i < s->policy_count; i++) {
		const struct policy *p = s->policies[i];

		if (!is_used(s, p))
			continue;
		if (p->targets == TARGETS_VILLAGE)
			look_at_policy(s, p, TIER_VILLAGE, n);
		else if (p->targets == TARGETS_TOWNSHIP)
			look_at_policy(s, p, TIER_TOWNSHIP, n);
	}
	for (size_t i = 0; i < s->template_count; i++)
		for (size_t k = 0; k < s->templates[i]->param_count; k++)
			look_at_param(s->templates[i], &s->templates[i]->params[k], n);
}

static bool
has_role(const struct family *f, size_t role)
{
	for (size_t i = 0; i < f->role_count; i++)
		if (f->roles[i] == role)
			return true;
	return false;
}

bool
season_is_official(const struct settings *s, size_t role)
{
	for (size_t p = 0; p < s->policy_count; p++)
		for (size_t i = 0; i < s->policies[p]->step_count; i++) {
			const struct policy_step *step = &s->policies[p]->steps[i];

			for (size_t k = 0; calls(step) && k < step->to_count; k++)
				if (has_role(&s->families[step->to[k]], role))
					return true;
		}
	return false;
}
