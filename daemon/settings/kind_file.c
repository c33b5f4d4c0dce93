/* kind_file.c -- the table of kinds: which text, by which ladder, an event of a kind and colour gets, and
 * what may follow it.  Of one kind in two files the later file's row stands, whole.  Where gong.conf names
 * no file, the one that is installed with gongd stands, as far as the site has its texts and ladders. */
#include "daemon/settings/internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static cfg_opt_t further_opts[] = {
	CFG_STR_LIST("text", "{}", CFGF_NONE), CFG_STR("severity", NULL, CFGF_NONE),
	CFG_STR("title", NULL, CFGF_NONE), CFG_STR("title_en", NULL, CFGF_NONE),
	CFG_END()
};
static cfg_opt_t kind_opts[] = {
	CFG_STR("title", NULL, CFGF_NONE), CFG_STR("title_en", NULL, CFGF_NONE),
	CFG_STR("action", NULL, CFGF_NONE), CFG_STR("action_en", NULL, CFGF_NONE),
	CFG_STR_LIST("blue", "{}", CFGF_NONE), CFG_STR_LIST("yellow", "{}", CFGF_NONE),
	CFG_STR_LIST("orange", "{}", CFGF_NONE), CFG_STR_LIST("red", "{}", CFGF_NONE),
	CFG_STR("lift", NULL, CFGF_NONE),
	CFG_SEC("further", further_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_END()
};
static cfg_opt_t file_opts[] = {
	CFG_SEC("kind", kind_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_END()
};

static void
kind_fini(struct kind_row *k)
{
	for (int lang = 0; lang < LANG_COUNT; lang++) {
		free(k->title[lang]);
		free(k->action[lang]);
	}
	for (int s = 0; s < SEVERITY_COUNT; s++) {
		free(k->by[s].template);
		free(k->by[s].policy);
	}
	for (size_t i = 0; i < k->further_count; i++) {
		free(k->further[i].name);
		free(k->further[i].title[LANG_ZH]);
		free(k->further[i].title[LANG_EN]);
		free(k->further[i].text.template);
		free(k->further[i].text.policy);
	}
	free(k->further);
	free(k->name);
	free(k->lift);
	free(k->path);
	free(k->instead_of);
}

void
kinds_free(struct settings *s)
{
	for (size_t i = 0; i < s->kind_count; i++)
		kind_fini(&s->kinds[i]);
	free(s->kinds);
}

static int
check_template(const struct settings *s, cfg_t *section, const char *option, const char *name, struct err *err)
{
	const char *near = settings_template(s, name) ? NULL : settings_near(s, SETTINGS_TEMPLATES, name);

	if (settings_template(s, name))
		return 0;
	return near ? conf_say(section, err, kind_template_near, option, QUOTE(name), near)
		    : conf_say(section, err, kind_template, option, QUOTE(name));
}

/* {"template"} or {"template", "policy"}; the ladder of a colour is call.COLOUR. */
static int
read_text(struct kind_text *text, const struct settings *s, cfg_t *section, const char *option,
	  enum severity severity, struct err *err)
{
	unsigned count = cfg_size(section, option);
	char own[32];
	const char *policy = own;

	if (!count)
		return 0;		/* as of the kinds that have no row */
	if (count > 2)
		return conf_say(section, err, kind_names, option, NUM(count));
	snprintf(own, sizeof(own), "call.%s", severity_name(severity));
	if (count == 2)
		policy = cfg_getnstr(section, option, 1);
	if (check_template(s, section, option, cfg_getnstr(section, option, 0), err) < 0)
		return -1;
	if (!settings_policy(s, policy)) {
		const char *near = settings_near(s, SETTINGS_POLICIES, policy);

		return near ? conf_say(section, err, kind_policy_near, option, QUOTE(policy), near)
			    : conf_say(section, err, kind_policy, option, QUOTE(policy));
	}
	text->template = xstrdup(cfg_getnstr(section, option, 0));
	text->policy = xstrdup(policy);
	return 0;
}

static int
read_further(struct kind_row *k, const struct settings *s, cfg_t *section, struct err *err)
{
	struct kind_further *f = &k->further[k->further_count];
	const char *word = cfg_getstr(section, "severity");
	int severity = word ? severity_parse(word) : -1;

	if (severity <= SEVERITY_NOTICE)
		return conf_say(section, err, further_severity, QUOTE(cfg_title(section)));
	if (!cfg_size(section, "text"))
		return conf_say(section, err, further_text, QUOTE(cfg_title(section)));
	f->severity = (enum severity)severity;
	f->name = xstrdup(cfg_title(section));
	f->title[LANG_ZH] = xstrdup(cfg_getstr(section, "title"));
	f->title[LANG_EN] = xstrdup(cfg_getstr(section, "title_en"));
	k->further_count++;
	return read_text(&f->text, s, section, "text", f->severity, err);
}

static int
read_words(struct kind_row *k, cfg_t *section, struct err *err)
{
	static const char *const options[LANG_COUNT][2] = {
		[LANG_ZH] = { "title", "action" }, [LANG_EN] = { "title_en", "action_en" },
	};

	for (int lang = 0; lang < LANG_COUNT; lang++) {
		const char *title = cfg_getstr(section, options[lang][0]);
		const char *action = cfg_getstr(section, options[lang][1]);

		title = title ? title : kind_said(k->name, (enum lang)lang);
		action = action ? action : kind_action(k->name, (enum lang)lang);
		if (!title)
			return conf_say(section, err, kind_no_word, QUOTE(k->name), options[lang][0]);
		k->title[lang] = xstrdup(title);
		k->action[lang] = xstrdup(action);
	}
	return 0;
}

static int
read_row(struct kind_row *k, const struct settings *s, cfg_t *section, struct err *err)
{
	unsigned further = cfg_size(section, "further");
	const char *lift = cfg_getstr(section, "lift");

	k->name = xstrdup(cfg_title(section));
	k->further = xcalloc(further + 1, sizeof(*k->further));
	if (read_words(k, section, err) < 0)
		return -1;
	for (int severity = SEVERITY_BLUE; severity < SEVERITY_COUNT; severity++)
		if (read_text(&k->by[severity], s, section, severity_name((enum severity)severity),
			      (enum severity)severity, err) < 0)
			return -1;
	if (lift && check_template(s, section, "lift", lift, err) < 0)
		return -1;
	k->lift = xstrdup(lift);
	for (unsigned i = 0; i < further; i++)
		if (read_further(k, s, cfg_getnsec(section, "further", i), err) < 0)
			return -1;
	return 0;
}

static void
put_row(struct settings *s, struct kind_row *row)
{
	for (size_t i = 0; i < s->kind_count; i++) {
		if (strcmp(s->kinds[i].name, row->name) != 0)
			continue;
		row->instead_of = xstrdup(s->kinds[i].path);
		kind_fini(&s->kinds[i]);
		s->kinds[i] = *row;
		return;
	}
	s->kinds = xrealloc(s->kinds, (s->kind_count + 1) * sizeof(*s->kinds));
	s->kinds[s->kind_count++] = *row;
}

/* All rows are read even when one has a fault, so that a check finds them all at once. */
static int
read_file(struct settings *s, const char *path, struct hearing *h, struct err *err)
{
	char *body = conf_read(path, false, h, err);
	cfg_t *cfg = body ? conf_parse(file_opts, path, body, err) : NULL;
	int rc = cfg ? 0 : -1;

	for (unsigned i = 0; cfg && i < cfg_size(cfg, "kind"); i++) {
		struct kind_row row = { .path = xstrdup(path) };
		struct err one = { 0 };

		if (read_row(&row, s, cfg_getnsec(cfg, "kind", i), &one) == 0) {
			put_row(s, &row);
			continue;
		}
		if (rc == 0)
			*err = one;
		hear(h, true, &one.said);
		rc = -1;
		kind_fini(&row);
	}
	if (cfg)
		cfg_free(cfg);
	free(body);
	return rc;
}

/* Those of core/kinds.def that no file has: found by name, and told by the texts of KIND_OTHER. */
static void
add_others(struct settings *s)
{
	const char *name;

	for (size_t i = 0; s->kind_count && (name = kind_name(i)); i++) {
		struct kind_row row = { .name = NULL };

		if (settings_kind(s, name))
			continue;
		row.name = xstrdup(name);
		for (int lang = 0; lang < LANG_COUNT; lang++) {
			row.title[lang] = xstrdup(kind_said(name, (enum lang)lang));
			row.action[lang] = xstrdup(kind_action(name, (enum lang)lang));
		}
		put_row(s, &row);
	}
}

/* Whatever happens has a text: that of the kinds without one of their own. */
static int
check_other(const struct settings *s, struct err *err)
{
	const struct kind_row *other = settings_kind(s, KIND_OTHER);

	for (int severity = SEVERITY_BLUE; s->kind_count && severity < SEVERITY_COUNT; severity++)
		if (!other || !other->by[severity].template)
			return conf_say_at(other ? other->path : s->path, 1, err, kind_other_needs, KIND_OTHER,
					    severity_name((enum severity)severity));
	return 0;
}

/* PREFIX/share/gong/kinds.conf, of a gongd in PREFIX/sbin.  NULL: it is not there. */
static char *
installed_table(void)
{
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct buf path = { 0 };
	char *slash;

	if (len <= 0)
		return NULL;
	self[len] = '\0';
	slash = strrchr(self, '/');
	buf_printf(&path, "%.*s/../share/gong/kinds.conf", slash ? (int)(slash - self) : 0, self);
	if (access(path.data, R_OK) == 0)
		return buf_take(&path);
	buf_fini(&path);
	return NULL;
}

/* An older site names no table and may have other texts: a row that does not fit is none, and nothing of it
 * refuses the start. */
static void
read_installed(struct settings *s)
{
	struct hearing nobody = { 0 };
	char *path = installed_table();
	struct err err = { 0 };

	if (path)
		read_file(s, path, &nobody, &err);
	free(path);
	if (check_other(s, &err) < 0) {
		kinds_free(s);
		s->kinds = NULL;
		s->kind_count = 0;
	}
	s->kinds_installed = s->kind_count > 0;
	add_others(s);
}

int
kinds_read(struct settings *s, cfg_t *cfg, struct hearing *h, struct err *err)
{
	int rc = 0;

	if (!cfg_size(cfg, "kinds")) {
		read_installed(s);
		return 0;
	}
	for (unsigned i = 0; i < cfg_size(cfg, "kinds"); i++) {
		char *path = conf_path(s->path, cfg_getnstr(cfg, "kinds", i));
		struct err one = { 0 };

		if (read_file(s, path, h, &one) < 0) {
			if (rc == 0 && err)
				*err = one;
			rc = -1;
		}
		free(path);
	}
	if (rc < 0 || check_other(s, err) < 0)
		return -1;
	add_others(s);
	return 0;
}
