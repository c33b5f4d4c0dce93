/* source.c -- `source` sections of gong.conf: who else pulls the rope, and how far. */
#include "daemon/settings/source.h"

#include <stdio.h>
#include <string.h>

#include "daemon/settings/internal.h"

cfg_opt_t source_opts[] = {
	CFG_STR("format", NULL, CFGF_NONE), CFG_STR("rules", NULL, CFGF_NONE), CFG_STR("mapping", NULL, CFGF_NONE),
	CFG_STR("fetch", NULL, CFGF_NONE), CFG_STR("config", "{}", CFGF_NONE),
	CFG_SEC("option", option_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_STR_LIST("by", "{bearer}", CFGF_NONE), CFG_STR("token_file", NULL, CFGF_NONE),
	CFG_STR("hmac_header", "X-Signature", CFGF_NONE), CFG_STR("hmac_time_header", NULL, CFGF_NONE),
	CFG_STR("up_to", "notice", CFGF_NONE),
	CFG_STR("trust", "send", CFGF_NONE), CFG_BOOL("drill_only", cfg_false, CFGF_NONE),
	CONF_DURATION("heartbeat", 0), CFG_STR_LIST("divisions", "{}", CFGF_NONE),
	CFG_STR_LIST("kinds", "{}", CFGF_NONE), CFG_STR_LIST("shares_refs", "{}", CFGF_NONE),
	CONF_WHOLE("recipients_max", 0), CFG_STR_LIST("callback_to", "{}", CFGF_NONE),
	CFG_STR("feedback_to", NULL, CFGF_NONE), CFG_STR_LIST("feedback", "{}", CFGF_NONE),
	CFG_STR("feedback_form", "gong", CFGF_NONE), CFG_END()
};

static const struct { const char *name; bool by_map, has_ends; } formats[] = {
#define F(name, text, by_map, has_ends) { text, by_map, has_ends },
	SOURCE_FORMATS(F)
#undef F
};
static const char *const ways[] = {
#define W(name, text) text,
	SOURCE_WAYS(W)
#undef W
};

static const char *const feedbacks[] = {
#define B(name, text) text,
	SOURCE_FEEDBACKS(B)
#undef B
};

const char *
source_feedback_name(enum source_feedback what)
{
	return feedbacks[what];
}

bool
source_may_call(const struct source_conf *c, const char *text, bool *loopback)
{
	struct url u;

	*loopback = false;
	if (url_parse(&u, text) < 0)
		return false;
	for (size_t i = 0; i < c->callback_count; i++)
		if (url_same_origin(&u, &c->callbacks[i])) {
			*loopback = url_is_loopback(&u);
			return true;
		}
	return false;
}

const char *
source_way_name(enum source_way way)
{
	return ways[way];
}

const char *
source_format_name(enum source_format format)
{
	return formats[format].name;
}

bool
source_has_ends(const struct source_conf *c)
{
	return formats[c->format].by_map ? json_map_has_ends(c->rules.map) : formats[c->format].has_ends;
}

bool
source_is_whole(const struct source_conf *c)
{
	return c->format == FORMAT_CAP || c->format == FORMAT_NATIONAL;
}

static int
take_format(struct source_conf *c, cfg_t *section, struct err *err)
{
	const char *name = cfg_getstr(section, "format");
	char known[200] = "";
	size_t n = 0;

	for (int i = 0; i < SOURCE_FORMAT_COUNT; i++) {
		if (name && strcmp(formats[i].name, name) == 0) {
			c->format = (enum source_format)i;
			return 0;
		}
		n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s", i ? ", " : "", formats[i].name);
	}
	return conf_say(section, err, source_format, c->name, QUOTE(name ? name : ""), known);
}

static int
take_ways(struct source_conf *c, cfg_t *section, struct err *err)
{
	for (unsigned i = 0; i < cfg_size(section, "by"); i++) {
		const char *word = cfg_getnstr(section, "by", i);
		int way = 0;

		while (way < SOURCE_WAY_COUNT && strcmp(ways[way], word) != 0)
			way++;
		if (way == SOURCE_WAY_COUNT)
			return conf_say(section, err, source_way, c->name, QUOTE(word));
		c->ways |= 1u << way;
	}
	if (!c->ways)
		return conf_say(section, err, source_no_way, c->name);
	return 0;
}

/* It lies in URLs and proxies' logs where it goes by query or path, so it must not be guessed. */
static int
take_token(struct settings *s, struct source_conf *c, cfg_t *section, struct err *err)
{
	const char *file = cfg_getstr(section, "token_file");
	char *path;

	if (!file)
		return conf_say(section, err, source_no_token, c->name);
	path = conf_path(s->path, file);
	c->token = read_secret(note_secret(s, path), err);
	free(path);
	if (!c->token)
		return -1;
	if (strlen(c->token) < 16)
		return conf_say(section, err, source_token_short, c->name, file);
	c->hmac_header = xstrdup(cfg_getstr(section, "hmac_header"));
	if (cfg_getstr(section, "hmac_time_header"))
		c->hmac_time_header = xstrdup(cfg_getstr(section, "hmac_time_header"));
	return 0;
}

/* Its child is gongd's own: it needs no token, and nobody else speaks in its name. */
static int
take_fetch(struct settings *s, struct source_conf *c, cfg_t *section, struct err *err)
{
	json_t *json;

	if (cfg_getstr(section, "token_file"))
		return conf_say(section, err, source_fetch_token, c->name);
	json = conf_config(s, section, PHRASE_source_config, err);
	if (!json)
		return -1;
	c->fetch = xstrdup(cfg_getstr(section, "fetch"));
	c->config = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return 0;
}

static int
take_door(struct settings *s, struct source_conf *c, cfg_t *section, struct err *err)
{
	if (cfg_getstr(section, "fetch"))
		return take_fetch(s, c, section, err);
	return take_ways(c, section, err) < 0 ? -1 : take_token(s, c, section, err);
}

bool
source_same_fetch(const struct settings *s, const struct source_conf *a, const struct settings *t,
		  const struct source_conf *b)
{
	return strcmp(a->fetch, b->fetch) == 0 && strcmp(a->config, b->config) == 0 &&
		(strchr(a->fetch, '/') || strcmp(s->driver_dir, t->driver_dir) == 0);
}

static int
take_limits(struct source_conf *c, cfg_t *section, struct err *err)
{
	unsigned divisions = cfg_size(section, "divisions"), kinds = cfg_size(section, "kinds");
	int up_to = severity_parse(cfg_getstr(section, "up_to"));
	int trust = rule_trust_parse(cfg_getstr(section, "trust"));

	if (up_to < 0)
		return conf_say(section, err, source_word, c->name, "up_to", QUOTE(cfg_getstr(section, "up_to")),
				WORD(map_severities));
	if (trust < 0)
		return conf_say(section, err, source_word, c->name, "trust", QUOTE(cfg_getstr(section, "trust")),
				WORD(rule_trusts));
	c->up_to = (enum severity)up_to;
	c->trust = (enum rule_trust)trust;
	c->drill_only = cfg_getbool(section, "drill_only");
	c->recipients_max = (unsigned long)cfg_getint(section, "recipients_max");
	c->heartbeat_ms = conf_ms(section, "heartbeat");
	c->divisions = xcalloc(divisions + 1, sizeof(*c->divisions));
	c->division_list = xcalloc(divisions + 1, sizeof(*c->division_list));
	for (unsigned i = 0; i < divisions; i++) {
		struct err inner = { 0 };
		division_code code;

		if (division_parse(&code, cfg_getnstr(section, "divisions", i), &inner) < 0)
			return conf_say(section, err, source_division, c->name, NEST(&inner.said));
		c->division_list[c->division_count] = code;
		c->divisions[c->division_count++] = division_range(code);
	}
	c->kinds = xcalloc(kinds + 1, sizeof(*c->kinds));
	for (unsigned i = 0; i < kinds; i++)
		c->kinds[c->kind_count++] = xstrdup(cfg_getnstr(section, "kinds", i));
	return 0;
}

static int
take_callbacks(struct source_conf *c, cfg_t *section, struct err *err)
{
	unsigned count = cfg_size(section, "callback_to");

	c->callbacks = xcalloc(count + 1, sizeof(*c->callbacks));
	for (unsigned i = 0; i < count; i++) {
		const char *text = cfg_getnstr(section, "callback_to", i);
		struct url *u = &c->callbacks[c->callback_count++];

		if (url_parse(u, text) < 0 || u->user_len || strlen(text + u->rest_at) > 1 ||
		    (text[u->rest_at] && text[u->rest_at] != '/'))
			return conf_say(section, err, source_callback, c->name, QUOTE(text));
	}
	return 0;
}

static int
take_feedback(struct source_conf *c, cfg_t *section, struct err *err)
{
	const char *to = cfg_getstr(section, "feedback_to"), *form = cfg_getstr(section, "feedback_form");
	bool loopback;

	for (unsigned i = 0; i < cfg_size(section, "feedback"); i++) {
		const char *word = cfg_getnstr(section, "feedback", i);
		int what = 0;

		while (what < SOURCE_FEEDBACK_COUNT && strcmp(feedbacks[what], word) != 0)
			what++;
		if (what == SOURCE_FEEDBACK_COUNT)
			return conf_say(section, err, source_feedback, c->name, QUOTE(word));
		c->feedback |= 1u << what;
	}
	if (strcmp(form, "gong") != 0 && strcmp(form, "flood") != 0)
		return conf_say(section, err, source_feedback_form, c->name, QUOTE(form));
	c->feedback_form = form[0] == 'f' ? FEEDBACK_FLOOD : FEEDBACK_PLAIN;
	if (!to && !c->feedback)
		return 0;
	if (!to || !c->feedback || !source_may_call(c, to, &loopback))
		return conf_say(section, err, source_feedback_to, c->name);
	c->feedback_to = xstrdup(to);
	return 0;
}

/* A gauge that takes nothing back: which one it was can only be told by a label. */
static int
check_rules(const struct source_conf *c, cfg_t *section, struct err *err)
{
	if (formats[c->format].by_map && !c->rules.map)
		return conf_say(section, err, source_no_map, c->name, c->rules.path);
	if (!formats[c->format].by_map && c->rules.map)
		return conf_say(section, err, source_map_unused, c->name, c->rules.path);
	for (size_t i = 0; i < c->rules.count; i++) {
		const struct rule *r = &c->rules.list[i];

		if (r->for_ms && !r->by_count && !source_has_ends(c))
			return conf_say(section, err, source_no_by, c->name, r->name);
		if (r->trust < c->trust)	/* the section is the stricter one */
			c->rules.list[i].trust = c->trust;
	}
	return 0;
}

static int
take_rules(struct settings *s, struct source_conf *c, cfg_t *section, struct hearing *h, struct err *err)
{
	const char *file = cfg_getstr(section, "rules");
	char *path, *body;
	int rc;

	if (!file)
		return conf_say(section, err, source_no_rules, c->name);
	path = conf_path(s->path, file);
	body = conf_read(path, false, h, err);
	rc = body ? rules_parse(&c->rules, body, path, s, err) : -1;
	free(body);
	free(path);
	return rc < 0 ? -1 : check_rules(c, section, err);
}

/* What their words mean, and where their elements stand. */
static int
take_mapping(struct settings *s, struct source_conf *c, cfg_t *section, struct hearing *h, struct err *err)
{
	const char *file = cfg_getstr(section, "mapping");
	char *path, *body;

	if (!file)
		return c->format == FORMAT_NATIONAL ? conf_say(section, err, source_no_mapping, c->name) : 0;
	if (!source_is_whole(c))
		return conf_say(section, err, source_mapping_unused, c->name);
	path = conf_path(s->path, file);
	body = conf_read(path, false, h, err);
	if (body)
		c->mapping = mapping_parse(body, path, err);
	free(body);
	free(path);
	return c->mapping ? 0 : -1;
}

static int
take_source(struct settings *s, cfg_t *section, struct hearing *h, struct err *err)
{
	struct source_conf *c = &s->sources[s->source_count++];
	unsigned shares = cfg_size(section, "shares_refs");

	c->name = xstrdup(cfg_title(section));
	if (!is_plain_name(c->name))
		return conf_say(section, err, source_name, QUOTE(c->name));
	c->shares_refs = xcalloc(shares + 1, sizeof(*c->shares_refs));
	for (unsigned i = 0; i < shares; i++)
		c->shares_refs[c->shares_count++] = xstrdup(cfg_getnstr(section, "shares_refs", i));
	if (take_format(c, section, err) < 0 || take_door(s, c, section, err) < 0 ||
	    take_limits(c, section, err) < 0 || take_mapping(s, c, section, h, err) < 0 ||
	    take_callbacks(c, section, err) < 0 || take_feedback(c, section, err) < 0)
		return -1;
	s->feedback_wanted |= c->feedback != 0;
	return take_rules(s, c, section, h, err);
}

static int
check_shares(struct settings *s, cfg_t *conf, struct err *err)
{
	for (size_t i = 0; i < s->source_count; i++)
		for (size_t k = 0; k < s->sources[i].shares_count; k++)
			if (!settings_source(s, s->sources[i].shares_refs[k]))
				return conf_say(cfg_getnsec(conf, "source", (unsigned)i), err, source_shares,
						s->sources[i].name, QUOTE(s->sources[i].shares_refs[k]));
	return 0;
}

int
sources_from(struct settings *s, cfg_t *conf, struct hearing *h, struct err *err)
{
	unsigned count = cfg_size(conf, "source");

	s->sources = xcalloc(count + 1, sizeof(*s->sources));
	for (unsigned i = 0; i < count; i++)
		if (take_source(s, cfg_getnsec(conf, "source", i), h, err) < 0)
			return -1;
	return check_shares(s, conf, err);
}

void
source_fini(struct source_conf *c)
{
	free(c->name);
	free(c->fetch);
	free(c->config);
	free(c->token);
	free(c->hmac_header);
	free(c->mapping);
	free(c->hmac_time_header);
	free(c->divisions);
	free(c->division_list);
	for (size_t i = 0; i < c->kind_count; i++)
		free(c->kinds[i]);
	free(c->kinds);
	for (size_t i = 0; i < c->shares_count; i++)
		free(c->shares_refs[i]);
	free(c->shares_refs);
	free(c->callbacks);
	free(c->feedback_to);
	rules_fini(&c->rules);
}
