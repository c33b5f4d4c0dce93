/* settings.c -- gong.conf and everything it names, read whole or refused whole. */
#include "daemon/settings/internal.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "core/conf_text.h"
#include "core/segment.h"
#include "files/read.h"

#include "daemon/settings/rights.h"
#include "daemon/settings/source.h"

static cfg_opt_t role_opts[] = {
	CFG_STR("zh", NULL, CFGF_NONE),
	CFG_STR("en", NULL, CFGF_NONE),
	CFG_STR("tier", "village", CFGF_NONE),
	CFG_BOOL("duty", cfg_false, CFGF_NONE),
	CFG_END()
};
static cfg_opt_t family_opts[] = { CFG_STR_LIST("roles", "{}", CFGF_NONE), CFG_END() };
static cfg_opt_t roles_file_opts[] = {
	CFG_SEC("role", role_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("family", family_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_END()
};

#define TAG_COLUMNS_MAX 16
#define TAG_COLUMN_BYTES 40

static cfg_opt_t site_opts[] = {
	CFG_STR("name_zh", "", CFGF_NONE), CFG_STR("name_en", "", CFGF_NONE),
	CFG_STR("office_zh", "", CFGF_NONE), CFG_STR("office_en", "", CFGF_NONE),
	CFG_STR("end_left", "end.left", CFGF_NONE), CFG_STR("end_changed", "end.changed", CFGF_NONE),
	CFG_STR("signature_zh", "", CFGF_NONE), CFG_STR("signature_en", "", CFGF_NONE),
	CFG_STR("country", "86", CFGF_NONE), CFG_STR("area_code", "", CFGF_NONE),
	CFG_STR("timezone", "Asia/Shanghai", CFGF_NONE),
	CFG_STR("language", "zh", CFGF_NONE),
	CONF_DECIMAL("policy_divisor", 1),
	CONF_DURATION("validity", HOURS(24)),
	CONF_WHOLE("auto_replies_per_hour", 3),
	CONF_DURATION("ring", SECONDS(35)),
	CONF_WHOLE("plays", 2),
	CFG_STR_LIST("tag_columns", "{}", CFGF_NONE),
	CFG_END()
};
static cfg_opt_t listen_opts[] = {
	CFG_STR("host", "127.0.0.1", CFGF_NONE), CONF_WHOLE("port", 8035),
	CFG_STR("socket", "/run/gong/gong.sock", CFGF_NONE),
	CFG_STR("public_url", NULL, CFGF_NONE), CFG_STR_LIST("callback_proxy", "{}", CFGF_NONE),
	CONF_WHOLE("body_max", 1048576), CONF_WHOLE("header_max", 16384),
	CONF_WHOLE("connections_max", 1000), CONF_WHOLE("streams_max", 256),
	CFG_END()
};
static cfg_opt_t client_opts[] = {
	CFG_STR("token_sha256", NULL, CFGF_NONE), CFG_STR("token_file", NULL, CFGF_NONE),
	CFG_STR("up_to", "notice", CFGF_NONE), CFG_BOOL("drill_only", cfg_false, CFGF_NONE),
	CFG_STR_LIST("may", "{}", CFGF_NONE), CFG_STR_LIST("divisions", "{}", CFGF_NONE),
	CONF_WHOLE("recipients_max", 0), CFG_STR("contact", NULL, CFGF_NONE),
	CFG_END()
};
static cfg_opt_t canary_opts[] = {
	CONF_DURATION("every", 0), CFG_STR("to", "", CFGF_NONE),
	CONF_DURATION("within", SECONDS(180)), CFG_END()
};
static cfg_opt_t route_opts[] = {
	CFG_STR("driver", NULL, CFGF_NONE), CFG_STR_LIST("channels", "{sms}", CFGF_NONE),
	CFG_BOOL("simulated", cfg_false, CFGF_NONE), CFG_BOOL("backup", cfg_false, CFGF_NONE),
	CFG_BOOL("gong_signs", cfg_true, CFGF_NONE),
	CFG_STR("callback_secret", NULL, CFGF_NONE),
	CFG_STR_LIST("callback_from", "{}", CFGF_NONE), CONF_WHOLE("window", 0),
	CONF_DECIMAL("rate", 0), CONF_DECIMAL("speed", 0),
	CONF_DECIMAL("down_alarm_minutes", 2),
	__CFG_STR_LIST("budgets", "{}", CFGF_NONE, NULL, conf_budget), CFG_STR("config", "{}", CFGF_NONE),
	CFG_SEC("option", option_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("canary", canary_opts, CFGF_NONE),
	CFG_END()
};
static cfg_opt_t main_opts[] = {
	CFG_STR("state_dir", "/var/lib/gong", CFGF_NONE),
	CFG_STR("driver_dir", "/usr/libexec/gong", CFGF_NONE),
	CFG_STR("roles", "roles.conf", CFGF_NONE),
	CFG_STR_LIST("templates", "{../templates}", CFGF_NONE),
	CFG_STR_LIST("policies", "{policies}", CFGF_NONE),
	CFG_STR_LIST("kinds", "{}", CFGF_NONE),
	CFG_STR("console", NULL, CFGF_NONE),
	CFG_SEC("site", site_opts, CFGF_NONE),
	CFG_SEC("listen", listen_opts, CFGF_NONE),
	CFG_SEC("client", client_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("route", route_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("source", source_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_END()
};

static int
read_roles(struct settings *s, cfg_t *cfg, struct err *err)
{
	unsigned roles = cfg_size(cfg, "role"), families = cfg_size(cfg, "family");

	if (!roles)
		return conf_say_at(cfg->filename, 1, err, roles_none);
	s->roles = xcalloc(roles + 1, sizeof(*s->roles));
	s->families = xcalloc(roles + families + 1, sizeof(*s->families));
	for (unsigned i = 0; i < roles; i++) {
		cfg_t *section = cfg_getnsec(cfg, "role", i);
		int tier = tier_parse(cfg_getstr(section, "tier"));

		if (tier < 0)
			return conf_say(section, err, role_tier, cfg_title(section),
					 QUOTE(cfg_getstr(section, "tier")));
		s->roles[s->role_count++] = (struct role){
			.name = xstrdup(cfg_title(section)),
			.title = { xstrdup(cfg_getstr(section, "zh")),
				   xstrdup(cfg_getstr(section, "en")) },
			.tier = (enum tier)tier, .duty = cfg_getbool(section, "duty"),
		};
	}
	for (unsigned i = 0; i < families; i++) {
		cfg_t *section = cfg_getnsec(cfg, "family", i);
		struct family *f = &s->families[s->family_count++];
		unsigned count = cfg_size(section, "roles");

		f->name = xstrdup(cfg_title(section));
		f->roles = xcalloc(count + 1, sizeof(*f->roles));
		for (unsigned k = 0; k < count; k++) {
			int role = settings_role(s, cfg_getnstr(section, "roles", k));

			if (role < 0)
				return conf_say(section, err, family_no_role, f->name,
						 QUOTE(cfg_getnstr(section, "roles", k)));
			if (k && s->roles[role].tier != s->roles[f->roles[0]].tier)
				return conf_say(section, err, family_tiers, f->name);
			f->roles[f->role_count++] = (size_t)role;
		}
		if (!count)
			return conf_say(section, err, family_empty, f->name);
	}
	for (size_t i = 0; i < s->role_count; i++) {	/* a role is a family of one */
		struct family *f;

		if (settings_family(s, s->roles[i].name) >= 0)
			continue;
		f = &s->families[s->family_count++];
		f->name = xstrdup(s->roles[i].name);
		f->roles = xcalloc(1, sizeof(*f->roles));
		f->roles[f->role_count++] = i;
	}
	return 0;
}

/* With a zone it does not know the C library would take UTC, and the roster another person. */
static int
check_timezone(cfg_t *site, const char *name, struct err *err)
{
	char path[300];

	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	if (!*name || *name == '/' || strstr(name, "..") ||
	    file_check(path, FILE_CONF_MAX, NULL) < 0)
		return conf_say(site, err, timezone_unknown, QUOTE(name));
	return 0;
}

static void
note_read(struct hearing *h, cfg_t *section, enum phrase phrase, const char *as, const char *number)
{
	struct err note = { 0 };

	conf_say_phrase(section, &note, phrase, (const char *const[]){ QUOTE(as), number });
	hear(h, false, &note.said);
}

/* It begins every number that is written without one. */
static int
read_country(struct settings *s, cfg_t *site, struct hearing *h, struct err *err)
{
	const char *said = cfg_getstr(site, "country"), *digits = phone_country(said);

	if (!digits)
		return conf_say(site, err, country_bad, QUOTE(said));
	if (strcmp(digits, said) != 0)
		note_read(h, site, PHRASE_country_read, said, digits);
	s->phone_plan.country = xstrdup(digits);
	return 0;
}

/* The same of landlines of the place. */
static int
read_area(struct settings *s, cfg_t *site, struct hearing *h, struct err *err)
{
	const char *said = cfg_getstr(site, "area_code"), *digits = phone_area(said);

	if (!digits)
		return conf_say(site, err, area_bad, QUOTE(said));
	if (digits != said)
		note_read(h, site, PHRASE_area_read, said, digits);
	s->phone_plan.area = xstrdup(digits);
	return 0;
}

/* A column's name is the beginning of its tags: skills:diving. */
static int
read_tag_columns(struct settings *s, cfg_t *site, struct err *err)
{
	unsigned count = cfg_size(site, "tag_columns");

	if (count > TAG_COLUMNS_MAX)
		return conf_say(site, err, tag_columns_many, NUM(count), NUM(TAG_COLUMNS_MAX));
	s->tag_columns = xcalloc(count + 1, sizeof(*s->tag_columns));
	for (unsigned i = 0; i < count; i++) {
		const char *name = cfg_getnstr(site, "tag_columns", i);

		if (!*name || strlen(name) > TAG_COLUMN_BYTES || strpbrk(name, ":;、,\"\n"))
			return conf_say(site, err, tag_column_bad, QUOTE(name), NUM(TAG_COLUMN_BYTES));
		s->tag_columns[s->tag_column_count++] = xstrdup(name);
	}
	return 0;
}

static int
read_site(struct settings *s, cfg_t *site, struct hearing *h, struct err *err)
{
	int lang = lang_parse(cfg_getstr(site, "language"));

	if (lang < 0)
		return conf_say(site, err, language_unknown, QUOTE(cfg_getstr(site, "language")));
	if (check_timezone(site, cfg_getstr(site, "timezone"), err) < 0 ||
	    read_country(s, site, h, err) < 0 || read_area(s, site, h, err) < 0)
		return -1;
	s->default_lang = (enum lang)lang;
	s->site_name[LANG_ZH] = xstrdup(cfg_getstr(site, "name_zh"));
	s->site_name[LANG_EN] = xstrdup(cfg_getstr(site, "name_en"));
	s->office[LANG_ZH] = xstrdup(cfg_getstr(site, "office_zh"));
	s->office[LANG_EN] = xstrdup(cfg_getstr(site, "office_en"));
	s->end_left = xstrdup(cfg_getstr(site, "end_left"));
	s->end_changed = xstrdup(cfg_getstr(site, "end_changed"));
	s->signature[LANG_ZH] = xstrdup(cfg_getstr(site, "signature_zh"));
	s->signature[LANG_EN] = xstrdup(cfg_getstr(site, "signature_en"));
	s->drill_mark[LANG_ZH] = xstrdup("【演练】");
	s->drill_mark[LANG_EN] = xstrdup("DRILL ");
	s->drill_mark_provider[LANG_ZH] = xstrdup("演练:");
	s->drill_mark_provider[LANG_EN] = xstrdup("DRILL ");
	s->timezone = xstrdup(cfg_getstr(site, "timezone"));
	s->policy_divisor = cfg_getfloat(site, "policy_divisor");
	s->auto_replies_per_hour = (unsigned)cfg_getint(site, "auto_replies_per_hour");
	s->plays = (unsigned)cfg_getint(site, "plays");
	s->validity_ms = conf_ms(site, "validity");
	s->ring_ms = conf_ms(site, "ring");
	return read_tag_columns(s, site, err);
}

/* A list of addresses and ranges.  `of`: words before its name in a refusal. */
static int
read_ranges(struct ip_range **out, size_t *out_count, cfg_t *section, const char *name, const char *of,
	    struct err *err)
{
	unsigned count = cfg_size(section, name);

	*out = xcalloc(count + 1, sizeof(**out));
	for (unsigned i = 0; i < count; i++) {
		const char *text = cfg_getnstr(section, name, i);

		if (ip_range_parse(&(*out)[(*out_count)++], text) < 0)
			return conf_say(section, err, range_bad, of, name, QUOTE(text));
	}
	return 0;
}

/* Were everybody a proxy, anybody could say that he is the provider. */
static int
read_proxies(struct settings *s, cfg_t *listen, struct err *err)
{
	static const char everybody[] = "0.0.0.0/0";
	struct ip_range v4;

	if (read_ranges(&s->callback_proxies, &s->callback_proxy_count, listen, "callback_proxy", "listen",
			err) < 0)
		return -1;
	ip_range_parse(&v4, everybody);
	for (size_t i = 0; i < s->callback_proxy_count; i++)
		if (s->callback_proxies[i].bits == 0 || s->callback_proxies[i].bits == v4.bits)
			return conf_say(listen, err, proxy_everybody,
					 cfg_getnstr(listen, "callback_proxy", (unsigned)i));
	return 0;
}

static int
read_listen(struct settings *s, cfg_t *listen, struct err *err)
{
	s->listen_host = cfg_getstr(listen, "host")[0] ? xstrdup(cfg_getstr(listen, "host")) : NULL;
	s->listen_port = (uint16_t)cfg_getint(listen, "port");
	s->socket_path = cfg_getstr(listen, "socket")[0]
		? conf_path(s->path, cfg_getstr(listen, "socket")) : xstrdup("");
	s->public_url = xstrdup(cfg_getstr(listen, "public_url"));
	s->body_max = (size_t)cfg_getint(listen, "body_max");
	s->header_max = (size_t)cfg_getint(listen, "header_max");
	s->connections_max = (size_t)cfg_getint(listen, "connections_max");
	s->streams_max = (size_t)cfg_getint(listen, "streams_max");
	s->alerts_open_max = 1000000;
	return read_proxies(s, listen, err);
}

static int
unhex(unsigned char out[32], const char *hex)
{
	if (strlen(hex) != 64 || strspn(hex, "0123456789abcdefABCDEF") != 64)
		return -1;
	for (int i = 0; i < 32; i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		out[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	return 0;
}

static int
read_token(struct settings *s, struct client *c, cfg_t *section, struct err *err)
{
	const char *hex = cfg_getstr(section, "token_sha256");
	const char *file = cfg_getstr(section, "token_file");
	char *path, *token;

	if (hex && unhex(c->token_sha256, hex) == 0)
		return 0;
	if (hex || !file)
		return conf_say(section, err, client_token, c->name);
	path = conf_path(s->path, file);
	token = read_secret(note_secret(s, path), err);
	free(path);
	if (!token)
		return -1;
	EVP_Digest(token, strlen(token), c->token_sha256, NULL, EVP_sha256(), NULL);
	free(token);
	return 0;
}

static int
read_client(struct settings *s, cfg_t *section, struct err *err)
{
	struct client *c = &s->clients[s->client_count++];
	int up_to = severity_parse(cfg_getstr(section, "up_to"));
	unsigned divisions = cfg_size(section, "divisions");

	c->name = xstrdup(cfg_title(section));
	if (!is_plain_name(c->name))
		return conf_say(section, err, client_name, QUOTE(c->name));
	if (up_to < 0)
		return conf_say(section, err, client_severity, c->name, QUOTE(cfg_getstr(section, "up_to")));
	c->up_to = (enum severity)up_to;
	c->drill_only = cfg_getbool(section, "drill_only");
	c->recipients_max = (unsigned long)cfg_getint(section, "recipients_max");
	c->contact = xstrdup(cfg_getstr(section, "contact"));
	for (unsigned i = 0; i < cfg_size(section, "may"); i++) {
		const char *right = cfg_getnstr(section, "may", i);
		unsigned verbs = verbs_of_word(right);

		c->verbs |= verbs;
		if (!verbs)
			return conf_say(section, err, client_right, c->name, QUOTE(right));
	}
	c->divisions = xcalloc(divisions + 1, sizeof(*c->divisions));
	for (unsigned i = 0; i < divisions; i++) {
		struct err inner = { 0 };
		division_code code;

		if (division_parse(&code, cfg_getnstr(section, "divisions", i), &inner) < 0)
			return conf_say(section, err, client_value, c->name, NEST(&inner.said));
		c->divisions[c->division_count++] = division_range(code);
	}
	return read_token(s, c, section, err);
}

/* By its name: the site of a trial may have it elsewhere. */
static bool
is_sim(const struct route_conf *r)
{
	const char *slash = strrchr(r->driver, '/');

	return strcmp(slash ? slash + 1 : r->driver, "gong-sim") == 0;
}

static bool
says_true(json_t *value)
{
	return json_is_true(value) || (json_is_string(value) && strcmp(json_string_value(value), "true") == 0);
}

static int
read_route_config(struct settings *s, struct route_conf *r, cfg_t *section, struct err *err)
{
	json_t *json = conf_config(s, section, PHRASE_route_config, err);
	bool simulates;

	if (!json)
		return -1;
	r->config = json_dumps(json, JSON_COMPACT);
	r->reset_command = xstrdup(json_string_value(json_object_get(json, "reset_command")));
	simulates = says_true(json_object_get(json, "simulation"));
	json_decref(json);
	return is_sim(r) && !simulates ? conf_say(section, err, route_sim, r->name) : 0;
}

/* A section that is not there has the default of every option, so no `every`. */
static int
read_canary(const struct settings *s, struct route_conf *r, cfg_t *section, struct err *err)
{
	const char *to = cfg_getstr(section, "to");
	msec every = conf_ms(section, "every");
	struct err bad = { 0 };

	if (!every && !*to)
		return 0;
	if (!every || !*to)
		return conf_say(section, err, canary_needs, r->name);
	if (!r->channels[CHANNEL_SMS])
		return conf_say(section, err, canary_channel, r->name);
	r->canary_every_ms = every;
	r->canary_within_ms = conf_ms(section, "within");
	if (phone_parse(&r->canary_to, to, &s->phone_plan, &bad) < 0)
		return conf_say(section, err, canary_to, r->name, QUOTE(to), NEST(&bad.said));
	if (every < 4 * r->canary_within_ms)
		return conf_say(section, err, canary_often, r->name);
	return 0;
}

static int
read_callback(struct route_conf *r, cfg_t *section, struct err *err)
{
	r->callback_secret = xstrdup(cfg_getstr(section, "callback_secret"));
	if (r->callback_secret && strlen(r->callback_secret) < 16)
		return conf_say(section, err, secret_short, r->name);
	if (cfg_size(section, "callback_from") && !r->callback_secret)
		return conf_say(section, err, callback_no_secret, r->name);
	return read_ranges(&r->callback_from, &r->callback_from_count, section, "callback_from",
			   SAID(route_of, r->name), err);
}

static int
read_route(struct settings *s, cfg_t *section, struct err *err)
{
	struct route_conf *r = &s->routes[s->route_count++];
	unsigned budgets = cfg_size(section, "budgets");

	r->name = xstrdup(cfg_title(section));
	r->driver = xstrdup(cfg_getstr(section, "driver"));
	if (!is_plain_name(r->name))
		return conf_say(section, err, route_name, QUOTE(r->name));
	if (!r->driver)
		return conf_say(section, err, route_no_driver, r->name);
	if (!cfg_size(section, "channels"))
		return conf_say(section, err, route_no_channel, r->name);
	for (unsigned i = 0; i < cfg_size(section, "channels"); i++) {
		int channel = channel_parse(cfg_getnstr(section, "channels", i));

		if (channel < 0 || channel == CHANNEL_CONSOLE)
			return conf_say(section, err, route_channel, r->name,
					 QUOTE(cfg_getnstr(section, "channels", i)));
		r->channels[channel] = true;
	}
	r->simulated = cfg_getbool(section, "simulated") || strcmp(r->driver, "gong-sim") == 0;
	r->backup = cfg_getbool(section, "backup");
	r->gong_signs = cfg_getbool(section, "gong_signs");
	if (read_callback(r, section, err) < 0)
		return -1;
	r->window = (unsigned)cfg_getint(section, "window");
	r->rate = cfg_getfloat(section, "rate");
	r->parts_per_s = cfg_getfloat(section, "speed");
	r->down_alarm_ms = (msec)(cfg_getfloat(section, "down_alarm_minutes") * 60000);
	r->budgets = xcalloc(budgets + 1, sizeof(*r->budgets));
	for (unsigned i = 0; i < budgets; i++)
		r->budget_count += pace_budget_parse(&r->budgets[i],
						     cfg_getnstr(section, "budgets", i)) == 0;
	if (read_canary(s, r, cfg_getsec(section, "canary"), err) < 0)
		return -1;
	return read_route_config(s, r, section, err);
}

static int
read_sections(struct settings *s, cfg_t *cfg, struct hearing *h, struct err *err)
{
	unsigned clients = cfg_size(cfg, "client"), routes = cfg_size(cfg, "route");

	s->clients = xcalloc(clients + 1, sizeof(*s->clients));
	s->routes = xcalloc(routes + 1, sizeof(*s->routes));
	for (unsigned i = 0; i < clients; i++)
		if (read_client(s, cfg_getnsec(cfg, "client", i), err) < 0)
			return -1;
	for (unsigned i = 0; i < routes; i++)
		if (read_route(s, cfg_getnsec(cfg, "route", i), err) < 0)
			return -1;
	return sources_from(s, cfg, h, err);
}

static int
read_all(struct settings *s, cfg_t *cfg, struct hearing *h, struct err *err)
{
	char *path = conf_path(s->path, cfg_getstr(cfg, "roles"));
	char *body = conf_read(path, false, h, err);
	cfg_t *roles = body ? conf_parse(roles_file_opts, path, body, err) : NULL;
	int rc = roles ? read_roles(s, roles, err) : -1;

	if (roles)
		cfg_free(roles);
	free(body);
	free(path);
	s->state_dir = conf_path(s->path, cfg_getstr(cfg, "state_dir"));
	s->driver_dir = conf_path(s->path, cfg_getstr(cfg, "driver_dir"));
	if (cfg_getstr(cfg, "console") && *cfg_getstr(cfg, "console"))
		s->console = conf_path(s->path, cfg_getstr(cfg, "console"));
	if (rc < 0 || read_site(s, cfg_getsec(cfg, "site"), h, err) < 0 ||
	    read_listen(s, cfg_getsec(cfg, "listen"), err) < 0)
		return -1;
	/* All files are read even when one has a fault, so that a check finds them all at once. */
	rc = folders_read(s, cfg, "templates", "template", h, err);
	s->helper_built_in = !settings_template(s, HELPER_TEMPLATE);
	if (rc == 0 && s->helper_built_in)
		rc = folders_add(s, "template", "gong", built_in_helper_template, err);
	if (folders_read(s, cfg, "policies", "policy", h, rc < 0 ? NULL : err) < 0)
		rc = -1;
	if (rc == 0)
		rc = kinds_read(s, cfg, h, err);
	return rc < 0 ? -1 : read_sections(s, cfg, h, err);
}

int
settings_load(struct settings **out, const char *path, const struct settings_listener *listener,
	      struct err *err)
{
	struct settings *s = xcalloc(1, sizeof(*s));
	struct hearing h = { .to = listener };
	struct err local = { 0 };
	char *body = conf_read(path, true, &h, &local);
	cfg_t *cfg = body ? conf_parse(main_opts, path, body, &local) : NULL;
	int rc = -1;

	*out = NULL;
	h.body = body;
	s->refs = 1;
	s->path = xstrdup(path);
	if (cfg) {
		rc = read_all(s, cfg, &h, &local);
		cfg_free(cfg);
	}
	free(body);
	if (rc < 0) {
		if (!h.faults)
			hear(&h, true, &local.said);
		if (err)
			*err = local;
		settings_unref(s);
		return -1;
	}
	*out = s;
	return 0;
}

static bool
same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool
route_conf_same_driver(const struct settings *s, const struct route_conf *a,
		       const struct settings *t, const struct route_conf *b)
{
	bool callback = a->callback_secret != NULL;

	return same_text(a->driver, b->driver) && same_text(a->config, b->config) &&
		(strchr(a->driver, '/') || same_text(s->driver_dir, t->driver_dir)) &&
		same_text(a->callback_secret, b->callback_secret) &&
		(!callback || same_text(s->public_url, t->public_url)) &&
		memcmp(a->channels, b->channels, sizeof(a->channels)) == 0 &&
		a->simulated == b->simulated && a->gong_signs == b->gong_signs;
}

struct settings *
settings_ref(struct settings *s)
{
	__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
	return s;
}

static void
free_lists(struct settings *s)
{
	for (size_t i = 0; i < s->role_count; i++) {
		free(s->roles[i].name);
		free(s->roles[i].title[LANG_ZH]);
		free(s->roles[i].title[LANG_EN]);
	}
	for (size_t i = 0; i < s->family_count; i++) {
		free(s->families[i].name);
		free(s->families[i].roles);
	}
	for (size_t i = 0; i < s->template_count; i++)
		template_free(s->templates[i]);
	for (size_t i = 0; i < s->policy_count; i++)
		policy_free(s->policies[i]);
	kinds_free(s);
	for (size_t i = 0; i < s->document_count; i++) {
		free(s->documents[i].kind);
		free(s->documents[i].name);
		free(s->documents[i].path);
		free(s->documents[i].instead_of);
		free(s->documents[i].body);
	}
	for (size_t i = 0; i < s->route_count; i++) {
		free(s->routes[i].name);
		free(s->routes[i].driver);
		free(s->routes[i].config);
		free(s->routes[i].reset_command);
		free(s->routes[i].callback_secret);
		free(s->routes[i].callback_from);
		free(s->routes[i].budgets);
	}
	for (size_t i = 0; i < s->secret_count; i++)
		free(s->secrets[i]);
	for (size_t i = 0; i < s->client_count; i++) {
		free(s->clients[i].name);
		free(s->clients[i].divisions);
		free(s->clients[i].contact);
	}
	for (size_t i = 0; i < s->source_count; i++)
		source_fini(&s->sources[i]);
}

void
settings_unref(struct settings *s)
{
	if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	free_lists(s);
	for (size_t i = 0; i < s->tag_column_count; i++)
		free(s->tag_columns[i]);
	free(s->tag_columns);
	free(s->end_left);
	free(s->end_changed);
	for (int lang = 0; lang < LANG_COUNT; lang++) {
		free(s->site_name[lang]);
		free(s->office[lang]);
		free(s->signature[lang]);
		free(s->drill_mark[lang]);
		free(s->drill_mark_provider[lang]);
	}
	free(s->roles);
	free(s->families);
	free(s->templates);
	free(s->policies);
	free(s->documents);
	free(s->routes);
	free(s->clients);
	free(s->secrets);
	free(s->sources);
	free((char *)s->phone_plan.country);
	free((char *)s->phone_plan.area);
	free(s->path);
	free(s->state_dir);
	free(s->driver_dir);
	free(s->timezone);
	free(s->listen_host);
	free(s->public_url);
	free(s->callback_proxies);
	free(s->socket_path);
	free(s->console);
	free(s);
}
