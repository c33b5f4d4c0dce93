/* internal.h -- what the files of settings/ share: reading one libconfuse file, and saying where it is
 * wrong. */
#ifndef GONG_SETTINGS_INTERNAL_H
#define GONG_SETTINGS_INTERNAL_H

#include <confuse.h>
#include <jansson.h>

#include "daemon/settings/settings.h"

struct hearing {			/* of one loading; `to` may be NULL */
	const struct settings_listener *to;
	size_t faults;
	const char *body;		/* of gong.conf */
};
void hear(struct hearing *, bool fault, const struct said *);

/* The text of a file that people wrote, healed (core/conf_text.h); `site`: it is gong.conf.  NULL: err.
 * The caller frees. */
char *conf_read(const char *path, bool site, struct hearing *, struct err *);
/* Parses `body` (a whole file's text) by `opts`; NULL fills err with file, line and what. */
cfg_t *conf_parse(cfg_opt_t *opts, const char *file, const char *body, struct err *);
/* err says where a section begins, and a phrase; returns -1. */
#define conf_say(section, err, name, ...) conf_say_phrase((section), (err), PHRASE_AND_VALUES(name, __VA_ARGS__))
int conf_say_phrase(cfg_t *section, struct err *, enum phrase, const char *const *values);
#define conf_say_at(file, line, err, name, ...) \
	conf_say_at_phrase((file), (line), (err), PHRASE_AND_VALUES(name, __VA_ARGS__))
int conf_say_at_phrase(const char *file, unsigned line, struct err *, enum phrase, const char *const *values);
/* In a parse callback: the line that is being read cannot be taken; returns -1. */
#define conf_refuse(cfg, name, ...) conf_refuse_phrase((cfg), PHRASE_AND_VALUES(name, __VA_ARGS__))
int conf_refuse_phrase(cfg_t *, enum phrase, const char *const *values);
/* conf_said.c -- what libconfuse says, as a phrase: `fmt` is its format, `word` the first word in it. */
void conf_said(cfg_t *, const char *fmt, const char *word, const char *whole, struct said *);
/* limits.c -- libconfuse's parse callbacks: `value` within the option's row of the table, or refused
 * with its line and -1.  Durations are kept as CFGT_FLOAT, in ms (exact). */
int conf_whole(cfg_t *, cfg_opt_t *, const char *value, void *result);
int conf_decimal(cfg_t *, cfg_opt_t *, const char *value, void *result);
int conf_duration(cfg_t *, cfg_opt_t *, const char *value, void *result);
int conf_budget(cfg_t *, cfg_opt_t *, const char *value, void *result);
#define CONF_WHOLE(name, otherwise) CFG_INT_CB(name, otherwise, CFGF_NONE, conf_whole)
#define CONF_DECIMAL(name, otherwise) CFG_FLOAT_CB(name, otherwise, CFGF_NONE, conf_decimal)
#define CONF_DURATION(name, otherwise_ms) \
	CFG_FLOAT_CB(name, (double)(otherwise_ms), CFGF_NONE, conf_duration)
msec conf_ms(cfg_t *section, const char *option);	/* a CONF_DURATION's value */
/* The line of an option outside of all sections, which libconfuse does not keep; 1: it is not there. */
unsigned conf_line(const char *body, const char *option);
char *conf_path(const char *base_file, const char *path);	/* relative to base's folder */

/* What is common to sections of gong.conf: "a" to "z", digits, . _ - and 1 to 40 of them. */
bool is_plain_name(const char *name);
/* The first line of a file; nothing in it would be a token that anybody has.  Caller frees. */
char *read_secret(const char *path, struct err *);

/* Who may read that file is looked at by --check.  Returns the path. */
const char *note_secret(struct settings *, const char *path);

/* config.c */
extern cfg_opt_t option_opts[];			/* of a section `option` */
/* A section's `config`, a JSON object, with its options in it; caller's.  NULL: err; `no_object` is the
 * phrase for what is none, of the section's title, the line in it and the trouble. */
json_t *conf_config(struct settings *, cfg_t *section, enum phrase no_object, struct err *);

/* source.c */
extern cfg_opt_t source_opts[];
int sources_from(struct settings *, cfg_t *conf, struct hearing *, struct err *);

struct json_map;
extern cfg_opt_t json_map_opts[];		/* of a section `read` */
struct json_map *json_map_from(cfg_t *read, struct err *);	/* NULL fills err */

extern const char built_in_helper_template[];	/* the text of HELPER_TEMPLATE's file, if there is none */

/* kind_file.c: the files that option `kinds` names, after templates and policies; kinds that no file has
 * get a row without texts.  -1: err is the first fault, every one is heard. */
int kinds_read(struct settings *, cfg_t *, struct hearing *, struct err *);
void kinds_free(struct settings *);

/* folders.c -- all documents of a kind ("template", "policy") in the folders that `option` of gong.conf
 * names; every fault is heard, err is the first. */
int folders_read(struct settings *, cfg_t *, const char *option, const char *kind, struct hearing *, struct err *);
/* One document, by its text. */
int folders_add(struct settings *, const char *kind, const char *path, const char *body, struct err *);
int policy_from(struct policy **out, cfg_t *section, const struct settings *, struct err *);
int template_from(struct template **out, cfg_t *section, struct err *);

#endif
