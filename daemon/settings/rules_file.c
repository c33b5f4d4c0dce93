/* rules_file.c -- a rules file to rules: what is done about a source's signals, and samples that
 * prove it. */
#include "daemon/settings/source.h"

#include <openssl/evp.h>
#include <string.h>

#include "core/number.h"
#include "daemon/settings/internal.h"

#define RULES_MAX 200

static cfg_opt_t test_label_opts[] = {
	CFG_STR("equals", NULL, CFGF_NONE), CFG_STR("matches", NULL, CFGF_NONE),
	CFG_STR("above", NULL, CFGF_NONE), CFG_STR("below", NULL, CFGF_NONE), CFG_END()
};
static cfg_opt_t when_opts[] = {
	CFG_STR_LIST("kinds", "{}", CFGF_NONE), CFG_STR("severity_from", NULL, CFGF_NONE),
	CFG_STR("severity_to", NULL, CFGF_NONE), CFG_STR_LIST("within", "{}", CFGF_NONE),
	CFG_SEC("label", test_label_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), CFG_END()
};
static cfg_opt_t param_opts[] = {
	CFG_STR("value", NULL, CFGF_NONE), CFG_STR("label", NULL, CFGF_NONE),
	CFG_STR("text", NULL, CFGF_NONE), CFG_BOOL("area", cfg_false, CFGF_NONE),
	CFG_STR("otherwise", NULL, CFGF_NONE), CONF_WHOLE("max", 0),
	CFG_BOOL("as_sent", cfg_false, CFGF_NONE), CFG_END()
};
static cfg_opt_t then_opts[] = {
	CFG_STR("template", NULL, CFGF_NONE), CFG_STR("policy", NULL, CFGF_NONE),
	CFG_STR("severity", NULL, CFGF_NONE), CFG_STR("kind", NULL, CFGF_NONE),
	CFG_BOOL("areas", cfg_false, CFGF_NONE), CFG_STR_LIST("divisions", "{}", CFGF_NONE),
	CFG_STR_LIST("roles", "{}", CFGF_NONE), CFG_STR_LIST("contacts", "{}", CFGF_NONE),
	CFG_STR("to", NULL, CFGF_NONE), CFG_STR("mode", "real", CFGF_NONE), CONF_DURATION("validity", 0),
	CFG_SEC("param", param_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), CFG_END()
};
static cfg_opt_t end_opts[] = { CFG_STR("template", NULL, CFGF_NONE), CFG_END() };
static cfg_opt_t rule_opts[] = {
	CFG_STR("group", NULL, CFGF_NONE), CFG_SEC("when", when_opts, CFGF_NONE),
	CONF_DURATION("for", 0), CONF_DURATION("gap", 0), CONF_DURATION("again", 0),
	CFG_STR_LIST("by", "{}", CFGF_NONE), CONF_WHOLE("limit", 0),
	CFG_SEC("then", then_opts, CFGF_NODEFAULT), CFG_STR("trust", "send", CFGF_NONE),
	CFG_SEC("end", end_opts, CFGF_NODEFAULT), CFG_END()
};
static cfg_opt_t sample_opts[] = {
	CFG_STR("sample", NULL, CFGF_NONE), CFG_STR("expect", NULL, CFGF_NONE), CFG_END()
};
static cfg_opt_t file_opts[] = {
	CFG_SEC("read", json_map_opts, CFGF_NODEFAULT),
	CFG_SEC("rule", rule_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("test", sample_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), CFG_END()
};

static char **
strings_of(cfg_t *section, const char *option, size_t *count)
{
	unsigned n = cfg_size(section, option);
	char **list = xcalloc(n + 1, sizeof(*list));

	for (unsigned i = 0; i < n; i++)
		list[(*count)++] = xstrdup(cfg_getnstr(section, option, i));
	return list;
}

static int
codes_of(division_code **out, size_t *count, cfg_t *section, const char *option, struct err *err)
{
	unsigned n = cfg_size(section, option);

	*out = xcalloc(n + 1, sizeof(**out));
	for (unsigned i = 0; i < n; i++) {
		struct err inner = { 0 };

		if (division_parse(&(*out)[(*count)++], cfg_getnstr(section, option, i), &inner) < 0)
			return conf_say(section, err, rule_division, option, NEST(&inner.said));
	}
	return 0;
}

/* -1 in *out: it is not said. */
static int
severity_of(int *out, cfg_t *section, const char *option, struct err *err)
{
	const char *word = cfg_getstr(section, option);

	*out = word ? severity_parse(word) : -1;
	if (word && *out < 0)
		return conf_say(section, err, rule_word, option, QUOTE(word), WORD(map_severities));
	return 0;
}

static int
take_number(struct rule_test *t, cfg_t *section, const char *option, const char *text, struct err *err)
{
	t->compare = strcmp(option, "above") == 0 ? RULE_ABOVE : RULE_BELOW;
	if (signal_number(&t->value, text) < 0)
		return conf_say(section, err, rule_no_number, QUOTE(t->label), option, QUOTE(text));
	return 0;
}

/* One section may bound a label from both sides, so it may become several tests. */
static int
take_tests(struct rule_when *w, cfg_t *section, struct err *err)
{
	static const char *const options[] = { "equals", "matches", "above", "below" };
	size_t before = w->test_count;

	for (int i = 0; i < 4; i++) {
		const char *text = cfg_getstr(section, options[i]);
		struct rule_test *t = &w->tests[w->test_count];

		if (!text)
			continue;
		*t = (struct rule_test){ .label = xstrdup(cfg_title(section)),
					 .compare = (enum rule_compare)i };
		w->test_count++;
		if (i >= RULE_ABOVE && take_number(t, section, options[i], text, err) < 0)
			return -1;
		t->text = xstrdup(text);
	}
	if (w->test_count == before)
		return conf_say(section, err, rule_asks_nothing, QUOTE(cfg_title(section)));
	return 0;
}

static int
take_when(struct rule *r, cfg_t *when, struct err *err)
{
	unsigned labels = cfg_size(when, "label");
	struct rule_when *w = &r->when;

	w->kinds = strings_of(when, "kinds", &w->kind_count);
	w->tests = xcalloc(4 * labels + 1, sizeof(*w->tests));
	if (severity_of(&w->severity_from, when, "severity_from", err) < 0 ||
	    severity_of(&w->severity_to, when, "severity_to", err) < 0 ||
	    codes_of(&w->within, &w->within_count, when, "within", err) < 0)
		return -1;
	for (unsigned i = 0; i < labels; i++)
		if (take_tests(w, cfg_getnsec(when, "label", i), err) < 0)
			return -1;
	return 0;
}

static int
take_param(struct rule_param *p, cfg_t *section, const struct template *t, struct err *err)
{
	const char *value = cfg_getstr(section, "value"), *label = cfg_getstr(section, "label");
	const char *text = cfg_getstr(section, "text");
	bool area = cfg_getbool(section, "area");
	struct signal none = { .severity = -1 };

	p->name = xstrdup(cfg_title(section));
	if (!!value + !!label + !!text + area != 1)
		return conf_say(section, err, rule_param_from, QUOTE(p->name));
	if (t && !template_param(t, p->name))
		return conf_say(section, err, rule_param_unknown, QUOTE(p->name), t->name);
	if (text && !signal_text_set(&none, LANG_ZH, text, ""))
		return conf_say(section, err, rule_param_text, QUOTE(p->name), QUOTE(text));
	p->from = value ? RULE_VALUE : label ? RULE_LABEL : text ? RULE_TEXT : RULE_AREA;
	p->what = xstrdup(value ? value : label ? label : text);
	p->otherwise = xstrdup(cfg_getstr(section, "otherwise"));
	p->max = (size_t)cfg_getint(section, "max");
	p->as_sent = cfg_getbool(section, "as_sent");
	return 0;
}

static int
check_names(const struct rule *r, cfg_t *then, const struct settings *s, struct err *err)
{
	const struct rule_then *t = &r->then;

	if (!t->template && !s->kind_count)
		return conf_say(then, err, rule_no_template, r->name);
	if (t->template && !settings_template(s, t->template))
		return conf_say(then, err, rule_template, r->name, QUOTE(t->template));
	if (t->policy && !settings_policy(s, t->policy))
		return conf_say(then, err, rule_policy, r->name, QUOTE(t->policy));
	for (size_t i = 0; i < t->role_count; i++)
		if (settings_family(s, t->roles[i]) < 0)
			return conf_say(then, err, rule_role, r->name, QUOTE(t->roles[i]));
	if (!t->areas && !t->division_count && !t->contact_count && !t->to)
		return conf_say(then, err, rule_nobody, r->name);
	return 0;
}

static bool
fills(const struct rule_then *then, const char *param)
{
	for (size_t i = 0; i < then->param_count; i++)
		if (strcmp(then->params[i].name, param) == 0)
			return true;
	return false;
}

/* What the text needs of whoever sends it and the rule does not give; NULL: nothing. */
static const char *
lacks(const struct rule *r, const struct template *t)
{
	for (size_t i = 0; i < t->param_count; i++) {
		const struct param *p = &t->params[i];

		if (p->scope == SCOPE_REQUEST && !p->fallback[LANG_ZH] && !p->fallback[LANG_EN] &&
		    !fills(&r->then, p->name))
			return p->name;
	}
	return NULL;
}

/* -- rules without a template: the table of kinds has one by kind and colour -- */

/* Adds to `used` which of the rule's parameters the text has. */
static int
check_kind_text(const struct rule *r, cfg_t *then, const char *kind, const struct template *t, bool *used,
		struct err *err)
{
	const char *param = lacks(r, t);

	if (param)
		return conf_say(then, err, rule_kind_lacks, r->name, QUOTE(kind), t->name, param);
	for (size_t i = 0; i < r->then.param_count; i++)
		used[i] |= template_param(t, r->then.params[i].name) != NULL;
	return 0;
}

/* By each colour that may come to it. */
static int
check_kind(const struct rule *r, cfg_t *then, const struct settings *s, const char *name, bool *used,
	   struct err *err)
{
	const struct kind_row *kind = settings_kind(s, name);
	int fixed = r->then.severity, from = fixed >= 0 ? fixed : r->when.severity_from;
	int to = fixed >= 0 ? fixed : r->when.severity_to;

	if (!kind)
		return conf_say(then, err, rule_kind, r->name, QUOTE(name));
	if (to == SEVERITY_NOTICE)
		return conf_say(then, err, rule_kind_notice, r->name);
	from = from > SEVERITY_NOTICE ? from : SEVERITY_NOTICE + 1;
	for (int severity = from; severity <= (to >= 0 ? to : SEVERITY_COUNT - 1); severity++) {
		const struct kind_text *text = settings_kind_text(s, kind, (enum severity)severity);

		if (check_kind_text(r, then, name, settings_template(s, text->template), used, err) < 0)
			return -1;
	}
	return 0;
}

/* A kind that the rule leaves open ("rain*") is looked up when it comes. */
static int
check_kinds(const struct rule *r, cfg_t *then, const struct settings *s, struct err *err)
{
	bool *used = xcalloc(r->then.param_count + 1, sizeof(*used));
	bool open = !r->then.kind && !r->when.kind_count;
	char **kinds = r->then.kind ? (char **)&r->then.kind : r->when.kinds;
	size_t count = r->then.kind ? 1 : r->when.kind_count;
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		if (strpbrk(kinds[i], "*?"))
			open = true;
		else
			rc = check_kind(r, then, s, kinds[i], used, err);
	}
	for (size_t i = 0; i < r->then.param_count && rc == 0 && !open; i++)
		if (!used[i])
			rc = conf_say(then, err, rule_kind_param, r->name, QUOTE(r->then.params[i].name));
	free(used);
	return rc;
}

static int
take_then(struct rule *r, cfg_t *then, const struct settings *s, struct err *err)
{
	int mode = signal_mode_parse(cfg_getstr(then, "mode"));
	unsigned params = cfg_size(then, "param");
	struct rule_then *t = &r->then;
	const struct template *text;
	const char *param;

	t->template = xstrdup(cfg_getstr(then, "template"));
	t->policy = xstrdup(cfg_getstr(then, "policy"));
	t->kind = xstrdup(cfg_getstr(then, "kind"));
	t->areas = cfg_getbool(then, "areas");
	t->roles = strings_of(then, "roles", &t->role_count);
	t->contacts = strings_of(then, "contacts", &t->contact_count);
	t->to = xstrdup(cfg_getstr(then, "to"));
	t->validity_ms = conf_ms(then, "validity");
	if (severity_of(&t->severity, then, "severity", err) < 0 ||
	    codes_of(&t->divisions, &t->division_count, then, "divisions", err) < 0 ||
	    check_names(r, then, s, err) < 0)
		return -1;
	if (mode < 0)
		return conf_say(then, err, rule_word, "mode", QUOTE(cfg_getstr(then, "mode")), WORD(map_modes));
	t->mode = (enum signal_mode)mode;
	text = t->template ? settings_template(s, t->template) : NULL;
	t->params = xcalloc(params + 1, sizeof(*t->params));
	for (unsigned i = 0; i < params; i++)
		if (take_param(&t->params[t->param_count++], cfg_getnsec(then, "param", i), text, err) < 0)
			return -1;
	if (!text)
		return check_kinds(r, then, s, err);
	param = lacks(r, text);
	return param ? conf_say(then, err, rule_lacks, r->name, text->name, param) : 0;
}

static int
trust_of(enum rule_trust *out, cfg_t *section, struct err *err)
{
	const char *word = cfg_getstr(section, "trust");
	int trust = rule_trust_parse(word);

	if (trust < 0)
		return conf_say(section, err, rule_word, "trust", QUOTE(word), WORD(rule_trusts));
	*out = (enum rule_trust)trust;
	return 0;
}

static int
take_end(struct rule *r, cfg_t *section, const struct settings *s, struct err *err)
{
	const char *template;

	if (!cfg_size(section, "end"))
		return 0;
	template = cfg_getstr(cfg_getsec(section, "end"), "template");
	r->end_template = xstrdup(template);
	if (!template || !settings_template(s, template))
		return conf_say(section, err, rule_end, r->name, QUOTE(template ? template : ""));
	return 0;
}

static int
take_times(struct rule *r, cfg_t *section, struct err *err)
{
	r->for_ms = conf_ms(section, "for");
	r->gap_ms = conf_ms(section, "gap");
	r->again_ms = conf_ms(section, "again");
	r->limit = (unsigned)cfg_getint(section, "limit");
	r->by = strings_of(section, "by", &r->by_count);
	if (r->gap_ms && !r->for_ms)
		return conf_say(section, err, rule_gap, r->name);
	if (!r->gap_ms)
		r->gap_ms = r->for_ms;
	return 0;
}

static int
take_rule(struct rule *r, cfg_t *section, const struct settings *s, struct err *err)
{
	r->name = xstrdup(cfg_title(section));
	r->group = xstrdup(cfg_getstr(section, "group") ? cfg_getstr(section, "group") : r->name);
	r->then.severity = r->when.severity_from = r->when.severity_to = -1;
	if (!is_plain_name(r->name) || !is_plain_name(r->group))
		return conf_say(section, err, rule_name, QUOTE(r->name), QUOTE(r->group));
	if (strcmp(r->name, "unmatched") == 0 || strcmp(r->name, "refused") == 0 ||
	    strcmp(r->name, "ignored") == 0)
		return conf_say(section, err, rule_reserved, r->name);
	if (!cfg_size(section, "then"))
		return conf_say(section, err, rule_no_then, r->name);
	if (trust_of(&r->trust, section, err) < 0 || take_times(r, section, err) < 0 ||
	    take_when(r, cfg_getsec(section, "when"), err) < 0 ||
	    take_then(r, cfg_getsec(section, "then"), s, err) < 0)
		return -1;
	return take_end(r, section, s, err);
}

static int
take_sample(struct rules *out, cfg_t *section, struct err *err)
{
	struct rule_sample *sample = &out->samples[out->sample_count++];
	const char *file = cfg_getstr(section, "sample"), *expect = cfg_getstr(section, "expect");

	sample->name = xstrdup(cfg_title(section));
	sample->line = (unsigned)section->line;
	if (!file || !expect)
		return conf_say(section, err, rule_test_lacks, QUOTE(sample->name));
	sample->file = conf_path(out->path, file);
	sample->expect = xstrdup(expect);
	if (!rules_named(out, expect) && strcmp(expect, "unmatched") != 0 &&
	    strcmp(expect, "refused") != 0 && strcmp(expect, "ignored") != 0)
		return conf_say(section, err, rule_test_expects, QUOTE(sample->name), QUOTE(expect));
	return 0;
}

/* What a rule is, is its place among the bytes: as in gong.conf, with blanks and comments. */
static void
note_digest(struct rule *r, const char *body)
{
	struct buf key = { 0 };
	const char *from, *end;

	buf_printf(&key, "rule \"%s\"", r->name);
	from = strstr(body, key.data);
	end = from ? strstr(from + 1, "\nrule \"") : NULL;
	from = from ? from : body;	/* written otherwise: any change of the file is one of the rule */
	EVP_Digest(from, end ? (size_t)(end - from) : strlen(from), r->sha256, NULL, EVP_sha256(), NULL);
	buf_fini(&key);
}

static int
take_all(struct rules *out, cfg_t *cfg, const char *body, const struct settings *s, struct err *err)
{
	unsigned rules = cfg_size(cfg, "rule"), samples = cfg_size(cfg, "test");

	if (cfg_size(cfg, "read") && !(out->map = json_map_from(cfg_getsec(cfg, "read"), err)))
		return -1;
	if (!rules || rules > RULES_MAX)
		return conf_say_at(out->path, 1, err, rule_count, NUM(rules), NUM(RULES_MAX));
	out->list = xcalloc(rules, sizeof(*out->list));
	out->samples = xcalloc(samples + 1, sizeof(*out->samples));
	for (unsigned i = 0; i < rules; i++) {
		if (take_rule(&out->list[out->count++], cfg_getnsec(cfg, "rule", i), s, err) < 0)
			return -1;
		note_digest(&out->list[i], body);
	}
	for (unsigned i = 0; i < samples; i++)
		if (take_sample(out, cfg_getnsec(cfg, "test", i), err) < 0)
			return -1;
	return 0;
}

int
rules_parse(struct rules *out, const char *body, const char *file, const struct settings *s,
	    struct err *err)
{
	cfg_t *cfg = conf_parse(file_opts, file, body, err);
	int rc;

	*out = (struct rules){ .path = xstrdup(file) };
	if (!cfg)
		return -1;
	rc = take_all(out, cfg, body, s, err);
	cfg_free(cfg);
	return rc;
}

static void
free_strings(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

static void
then_fini(struct rule_then *t)
{
	free(t->template);
	free(t->policy);
	free(t->kind);
	free(t->to);
	free(t->divisions);
	free_strings(t->roles, t->role_count);
	free_strings(t->contacts, t->contact_count);
	for (size_t i = 0; i < t->param_count; i++) {
		free(t->params[i].name);
		free(t->params[i].what);
		free(t->params[i].otherwise);
	}
	free(t->params);
}

static void
rule_fini(struct rule *r)
{
	free(r->name);
	free(r->group);
	free_strings(r->when.kinds, r->when.kind_count);
	for (size_t i = 0; i < r->when.test_count; i++) {
		free(r->when.tests[i].label);
		free(r->when.tests[i].text);
	}
	free(r->when.tests);
	free(r->when.within);
	free_strings(r->by, r->by_count);
	then_fini(&r->then);
	free(r->end_template);
}

void
rules_fini(struct rules *rules)
{
	free(rules->path);
	json_map_free(rules->map);
	for (size_t i = 0; i < rules->count; i++)
		rule_fini(&rules->list[i]);
	free(rules->list);
	for (size_t i = 0; i < rules->sample_count; i++) {
		free(rules->samples[i].name);
		free(rules->samples[i].file);
		free(rules->samples[i].expect);
	}
	free(rules->samples);
	*rules = (struct rules){ 0 };
}

const struct rule *
rules_named(const struct rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->count; i++)
		if (strcmp(rules->list[i].name, name) == 0)
			return &rules->list[i];
	return NULL;
}
