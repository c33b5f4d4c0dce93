/* json_map.c -- the `read` section of a rules file: pointers, and words that mean something. */
#include "daemon/settings/json_map.h"

#include <string.h>

#include "daemon/settings/internal.h"

static cfg_opt_t label_opts[] = { CFG_STR("at", NULL, CFGF_NONE), CFG_END() };
static cfg_opt_t text_opts[] = {
#define T(name) CFG_STR(#name, NULL, CFGF_NONE),
	SIGNAL_TEXTS(T)
#undef T
	CFG_END()
};
cfg_opt_t json_map_opts[] = {
	CFG_STR("each", NULL, CFGF_NONE),
#define F(name) CFG_STR(#name, NULL, CFGF_NONE),
	JSON_MAP_FIELDS(F)
#undef F
	CFG_STR_LIST("act_is", "{}", CFGF_NONE), CFG_STR_LIST("mode_is", "{}", CFGF_NONE),
	CFG_STR_LIST("kind_is", "{}", CFGF_NONE), CFG_STR_LIST("severity_is", "{}", CFGF_NONE),
	CFG_SEC("label", label_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("text", text_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_END()
};
static cfg_opt_t file_opts[] = { CFG_SEC("read", json_map_opts, CFGF_NODEFAULT), CFG_END() };

/* RFC 6901, 3: empty, or "/" before each token, and "~" only before 0 or 1. */
static bool
is_pointer(const char *p)
{
	if (*p && *p != '/')
		return false;
	for (; *p; p++)
		if (*p == '~' && p[1] != '0' && p[1] != '1')
			return false;
	return true;
}

static int
take_pointer(char **out, cfg_t *section, const char *option, struct err *err)
{
	const char *text = cfg_getstr(section, option);

	if (text && !is_pointer(text))
		return conf_say(section, err, map_pointer, option, QUOTE(text));
	*out = xstrdup(text);
	return 0;
}

/* Is the word one that gong knows there?  A kind may be any. */
static bool
is_ours(const char *option, const char *word)
{
	if (strcmp(option, "act_is") == 0)
		return signal_act_parse(word) >= 0;
	if (strcmp(option, "mode_is") == 0)
		return signal_mode_parse(word) >= 0;
	if (strcmp(option, "severity_is") == 0)
		return severity_parse(word) >= 0;
	return *word;
}

static int
take_words(struct json_map_words *out, cfg_t *section, const char *option, const char *ours,
	   struct err *err)
{
	unsigned count = cfg_size(section, option);

	out->list = xcalloc(count + 1, sizeof(*out->list));
	for (unsigned i = 0; i < count; i++) {
		const char *pair = cfg_getnstr(section, option, i), *sign = strrchr(pair, '=');

		if (!sign || sign == pair || !is_ours(option, sign + 1))
			return conf_say(section, err, map_word, option, QUOTE(pair), ours);
		out->list[out->count].theirs = xstrndup(pair, (size_t)(sign - pair));
		out->list[out->count++].ours = xstrdup(sign + 1);
	}
	return 0;
}

static int
take_labels(struct json_map *m, cfg_t *section, struct err *err)
{
	unsigned count = cfg_size(section, "label");

	m->labels = xcalloc(count + 1, sizeof(*m->labels));
	if (count > SIGNAL_LABELS_MAX)
		return conf_say(section, err, map_labels, NUM(count), NUM(SIGNAL_LABELS_MAX));
	for (unsigned i = 0; i < count; i++) {
		cfg_t *label = cfg_getnsec(section, "label", i);

		if (!cfg_getstr(label, "at"))
			return conf_say(label, err, map_label_where, QUOTE(cfg_title(label)));
		m->labels[m->label_count].name = xstrdup(cfg_title(label));
		if (take_pointer(&m->labels[m->label_count++].at, label, "at", err) < 0)
			return -1;
	}
	return 0;
}

static int
take_text(struct json_map *m, cfg_t *text, struct err *err)
{
	static const char *const names[] = {
#define T(name) #name,
		SIGNAL_TEXTS(T)
#undef T
	};
	int lang = lang_parse(cfg_title(text));

	if (lang < 0)
		return conf_say(text, err, text_language, QUOTE(cfg_title(text)));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct json_map_text *t = &m->texts[m->text_count];

		if (!cfg_getstr(text, names[i]))
			continue;
		*t = (struct json_map_text){ .lang = (enum lang)lang, .name = xstrdup(names[i]) };
		m->text_count++;
		if (take_pointer(&t->at, text, names[i], err) < 0)
			return -1;
	}
	return 0;
}

static int
take_texts(struct json_map *m, cfg_t *section, struct err *err)
{
	unsigned count = cfg_size(section, "text");

	m->texts = xcalloc(count * sizeof(struct signal_texts) / sizeof(char *) + 1, sizeof(*m->texts));
	for (unsigned i = 0; i < count; i++)
		if (take_text(m, cfg_getnsec(section, "text", i), err) < 0)
			return -1;
	return 0;
}

static int
take_all(struct json_map *m, cfg_t *section, struct err *err)
{
	if (take_pointer(&m->each, section, "each", err) < 0)
		return -1;
#define F(name) \
	if (take_pointer(&m->name, section, #name, err) < 0) \
		return -1;
	JSON_MAP_FIELDS(F)
#undef F
	if (take_words(&m->act_is, section, "act_is", WORD(map_acts), err) < 0 ||
	    take_words(&m->mode_is, section, "mode_is", WORD(map_modes), err) < 0 ||
	    take_words(&m->kind_is, section, "kind_is", WORD(map_kinds), err) < 0 ||
	    take_words(&m->severity_is, section, "severity_is", WORD(map_severities), err) < 0)
		return -1;
	if (take_labels(m, section, err) < 0)
		return -1;
	return take_texts(m, section, err);
}

struct json_map *
json_map_from(cfg_t *section, struct err *err)
{
	struct json_map *m = xcalloc(1, sizeof(*m));

	if (take_all(m, section, err) == 0)
		return m;
	json_map_free(m);
	return NULL;
}

struct json_map *
json_map_parse(const char *body, const char *file, struct err *err)
{
	cfg_t *cfg = conf_parse(file_opts, file, body, err);
	struct json_map *m = NULL;

	if (!cfg)
		return NULL;
	if (cfg_size(cfg, "read"))
		m = json_map_from(cfg_getsec(cfg, "read"), err);
	else
		conf_say_at(file, 1, err, map_no_read);
	cfg_free(cfg);
	return m;
}

static void
free_words(struct json_map_words *w)
{
	for (size_t i = 0; i < w->count; i++) {
		free(w->list[i].theirs);
		free(w->list[i].ours);
	}
	free(w->list);
}

void
json_map_free(struct json_map *m)
{
	if (!m)
		return;
	free(m->each);
#define F(name) free(m->name);
	JSON_MAP_FIELDS(F)
#undef F
	free_words(&m->act_is);
	free_words(&m->mode_is);
	free_words(&m->kind_is);
	free_words(&m->severity_is);
	for (size_t i = 0; i < m->label_count; i++) {
		free(m->labels[i].name);
		free(m->labels[i].at);
	}
	for (size_t i = 0; i < m->text_count; i++) {
		free(m->texts[i].name);
		free(m->texts[i].at);
	}
	free(m->labels);
	free(m->texts);
	free(m);
}

bool
json_map_has_ends(const struct json_map *m)
{
	for (size_t i = 0; i < m->act_is.count; i++)
		if (strcmp(m->act_is.list[i].ours, signal_act_name(SIGNAL_END)) == 0)
			return true;
	return false;
}

const char *
json_map_word(const struct json_map_words *words, const char *theirs)
{
	for (size_t i = 0; i < words->count; i++)
		if (strcmp(words->list[i].theirs, theirs) == 0)
			return words->list[i].ours;
	return NULL;
}
