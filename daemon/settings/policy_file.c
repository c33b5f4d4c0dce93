/* policy_file.c -- a policy's file to a struct policy. */
#include "daemon/settings/internal.h"

#include <string.h>

#include "core/number.h"

static cfg_opt_t step_opts[] = {
	CONF_DURATION("after", 0),
	CFG_STR_LIST("to", "{}", CFGF_NONE),
	CFG_STR_LIST("channels", "{sms}", CFGF_NONE),
	CONF_WHOLE("below", -1),
	CFG_STR("template", NULL, CFGF_NONE),
	CFG_BOOL("inform", cfg_false, CFGF_NONE),
	CFG_END()
};

static cfg_opt_t satisfied_opts[] = {
	CFG_STR_LIST("to", "{asker}", CFGF_NONE),
	CFG_STR("template", NULL, CFGF_NONE),
	CFG_STR("reopened", NULL, CFGF_NONE),
	CFG_END()
};

static cfg_opt_t expired_opts[] = {
	CFG_STR("template", NULL, CFGF_NONE),
	CFG_END()
};

static cfg_opt_t policy_opts[] = {
	CFG_STR("title", "", CFGF_NONE),
	CFG_STR("targets", "village", CFGF_NONE),
	CONF_WHOLE("until", 3),
	CONF_WHOLE("chase_below", -1),
	CONF_WHOLE("quota", 1),
	CONF_DURATION("deadline", 0),
	CFG_STR("full", NULL, CFGF_NONE),
	CFG_SEC("expired", expired_opts, CFGF_NODEFAULT),
	CFG_SEC("satisfied", satisfied_opts, CFGF_NODEFAULT),
	CFG_SEC("step", step_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_END()
};

static cfg_opt_t file_opts[] = {
	CFG_SEC("policy", policy_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_END()
};

/* Would nobody ever be found by this? */
static int
check_family(const struct policy *p, const struct policy_step *step, const struct family *family,
	     cfg_t *section, const struct settings *s, struct err *err)
{
	enum tier tier = s->roles[family->roles[0]].tier;

	if (p->targets == TARGETS_NONE)
		return conf_say(section, err, step_no_targets, step->name);
	if (p->targets == TARGETS_TOWNSHIP && tier == TIER_VILLAGE)
		return conf_say(section, err, step_township, step->name, family->name);
	return 0;
}

static int
no_role(cfg_t *section, const struct policy_step *step, const char *name, const struct settings *s,
	struct err *err)
{
	const char *near = settings_near(s, SETTINGS_FAMILIES, name);

	return near ? conf_say(section, err, step_role_near, step->name, QUOTE(name), near)
		    : conf_say(section, err, step_role, step->name, QUOTE(name));
}

static int
no_template(cfg_t *section, const struct policy_step *step, const struct settings *s, struct err *err)
{
	const char *near = settings_near(s, SETTINGS_TEMPLATES, step->template);

	return near ? conf_say(section, err, step_template_near, step->name, QUOTE(step->template), near)
		    : conf_say(section, err, step_template, step->name, QUOTE(step->template));
}

static int
read_to(struct policy *p, struct policy_step *step, cfg_t *section, const struct settings *s,
	struct err *err)
{
	unsigned count = cfg_size(section, "to");

	step->to = xcalloc(count + 1, sizeof(*step->to));
	for (unsigned i = 0; i < count; i++) {
		const char *name = cfg_getnstr(section, "to", i);
		int family = settings_family(s, name);

		if (count == 1 && strcmp(name, "answered") == 0) {
			if (p->targets != TARGETS_TEAM)
				return conf_say(section, err, step_answered, step->name);
			step->to_answered = true;
			return 0;
		}
		if (count == 1 && strcmp(name, "request") == 0)
			return 0;	/* whom the request names, as without "to" */
		if (family < 0)
			return no_role(section, step, name, s, err);
		if (check_family(p, step, &s->families[family], section, s, err) < 0)
			return -1;
		step->to[step->to_count++] = (size_t)family;
	}
	return 0;
}

static int
read_step(struct policy *p, cfg_t *section, const struct settings *s, struct err *err)
{
	struct policy_step *step = &p->steps[p->step_count];
	long below = cfg_getint(section, "below");

	step->name = xstrdup(cfg_title(section));
	step->template = xstrdup(cfg_getstr(section, "template"));
	step->inform = cfg_getbool(section, "inform");
	step->below = below < 0 ? p->chase_below : (int)below;
	p->step_count++;
	if (read_to(p, step, section, s, err) < 0)
		return -1;
	if (!cfg_size(section, "channels"))
		return conf_say(section, err, step_no_channel, step->name);
	step->after_ms = msec_divide(conf_ms(section, "after"), s->policy_divisor);
	for (unsigned i = 0; i < cfg_size(section, "channels"); i++) {
		int channel = channel_parse(cfg_getnstr(section, "channels", i));

		if (channel < 0)
			return conf_say(section, err, step_channel, step->name,
					 QUOTE(cfg_getnstr(section, "channels", i)));
		step->channels[channel] = true;
	}
	if (step->template && !settings_template(s, step->template))
		return no_template(section, step, s, err);
	if (p->step_count > 1 && step->after_ms < p->steps[p->step_count - 2].after_ms)
		return conf_say(section, err, step_order, step->name);
	return 0;
}

static int
read_expired(struct policy *p, cfg_t *section, const struct settings *s, struct err *err)
{
	cfg_t *expired = cfg_size(section, "expired") ? cfg_getsec(section, "expired") : NULL;

	if (!expired)
		return 0;
	p->expired = xstrdup(cfg_getstr(expired, "template"));
	if (!p->expired)
		return conf_say(expired, err, expired_none);
	if (!settings_template(s, p->expired))
		return conf_say(expired, err, expired_template, QUOTE(p->expired));
	return 0;
}

/* Who answers for the targets knows it; the good end is for who waits for it. */
static int
read_good_end_to(struct policy *p, cfg_t *section, const struct settings *s, struct err *err)
{
	struct good_end *end = &p->satisfied;
	unsigned count = cfg_size(section, "to");

	end->to = xcalloc(count + 1, sizeof(*end->to));
	for (unsigned i = 0; i < count; i++) {
		const char *name = cfg_getnstr(section, "to", i);
		int family = settings_family(s, name);

		if (strcmp(name, "asker") == 0) {
			end->asker = true;
			continue;
		}
		if (family < 0)
			return conf_say(section, err, satisfied_role, QUOTE(name));
		if (!settings_is_above(s, p, (size_t)family))
			return conf_say(section, err, satisfied_above, QUOTE(name));
		end->to[end->to_count++] = (size_t)family;
	}
	return count ? 0 : conf_say(section, err, satisfied_nobody);
}

static int
read_good_end(struct policy *p, cfg_t *section, const struct settings *s, struct err *err)
{
	cfg_t *end = cfg_size(section, "satisfied") ? cfg_getsec(section, "satisfied") : NULL;

	if (!end)
		return 0;
	if (p->targets == TARGETS_NONE)
		return conf_say(end, err, satisfied_no_targets);
	p->satisfied.template = xstrdup(cfg_getstr(end, "template"));
	p->satisfied.reopened = xstrdup(cfg_getstr(end, "reopened"));
	if (!p->satisfied.template)
		return conf_say(end, err, satisfied_none);
	if (!settings_template(s, p->satisfied.template))
		return conf_say(end, err, satisfied_template, QUOTE(p->satisfied.template));
	if (p->satisfied.reopened && !settings_template(s, p->satisfied.reopened))
		return conf_say(end, err, satisfied_template, QUOTE(p->satisfied.reopened));
	return read_good_end_to(p, end, s, err);
}

static int
read_head(struct policy *p, cfg_t *section, const struct settings *s, struct err *err)
{
	static const char *const kinds[] = { "none", "village", "township", "person", "team" };
	const char *targets = cfg_getstr(section, "targets");
	long until = cfg_getint(section, "until"), chase = cfg_getint(section, "chase_below");
	msec deadline = conf_ms(section, "deadline");
	int kind = -1;

	for (int i = 0; i < 5; i++)
		if (strcmp(kinds[i], targets) == 0)
			kind = i;
	if (kind < 0)
		return conf_say(section, err, targets_unknown, QUOTE(targets));
	p->targets = (enum target_kind)kind;
	p->until = (int)until;
	p->chase_below = chase < 0 ? p->until : (int)chase;
	p->quota = (unsigned)cfg_getint(section, "quota");
	p->full = xstrdup(cfg_getstr(section, "full"));
	if (p->full && p->targets != TARGETS_TEAM)
		return conf_say(section, err, full_not_team);
	if (p->full && !settings_template(s, p->full))
		return conf_say(section, err, full_template, QUOTE(p->full));
	p->deadline_ms = deadline ? msec_divide(deadline, s->policy_divisor) : NEVER;
	return 0;
}

int
policy_from(struct policy **out, cfg_t *section, const struct settings *s, struct err *err)
{
	struct policy *p = xcalloc(1, sizeof(*p));
	unsigned steps = cfg_size(section, "step");

	p->name = xstrdup(cfg_title(section));
	p->title = xstrdup(cfg_getstr(section, "title"));
	p->steps = xcalloc(steps + 1, sizeof(*p->steps));
	p->ladder = xcalloc(steps + 1, sizeof(*p->ladder));
	if (read_head(p, section, s, err) < 0 || read_expired(p, section, s, err) < 0 ||
	    read_good_end(p, section, s, err) < 0)
		goto fail;
	if (!steps) {
		conf_say(section, err, policy_no_step, p->name);
		goto fail;
	}
	if (steps > POLICY_STEPS_MAX) {
		conf_say(section, err, policy_steps, p->name, NUM(steps), NUM(POLICY_STEPS_MAX));
		goto fail;
	}
	for (unsigned i = 0; i < steps; i++) {
		if (read_step(p, cfg_getnsec(section, "step", i), s, err) < 0)
			goto fail;
		p->ladder[i] = (struct ladder_step){ p->steps[i].after_ms, p->steps[i].below };
	}
	*out = p;
	return 0;
fail:
	policy_free(p);
	return -1;
}

int
policy_parse(struct policy **out, const char *body, const char *file, const struct settings *s,
	     struct err *err)
{
	cfg_t *cfg = conf_parse(file_opts, file, body, err);
	int rc;

	*out = NULL;
	if (!cfg)
		return -1;
	if (cfg_size(cfg, "policy") != 1)
		rc = conf_say_at(file, 1, err, document_one_policy);
	else
		rc = policy_from(out, cfg_getnsec(cfg, "policy", 0), s, err);
	cfg_free(cfg);
	return rc;
}

void
policy_free(struct policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->step_count; i++) {
		free(p->steps[i].name);
		free(p->steps[i].to);
		free(p->steps[i].template);
	}
	free(p->steps);
	free(p->ladder);
	free(p->name);
	free(p->title);
	free(p->full);
	free(p->expired);
	free(p->satisfied.to);
	free(p->satisfied.template);
	free(p->satisfied.reopened);
	free(p);
}
