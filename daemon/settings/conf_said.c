/* conf_said.c -- libconfuse's own complaints as sentences of the catalogue, with the word that was
 * probably meant.  One that is not in the table is shown as it comes. */
#include "daemon/settings/internal.h"

#include <string.h>

#include "core/near.h"

/* The section within this one that has the option; NULL: none. */
static const char *
section_of(const cfg_t *cfg, const char *word)
{
	for (const cfg_opt_t *opt = cfg->opts; opt && opt->name; opt++)
		for (const cfg_opt_t *sub = opt->type == CFGT_SEC ? opt->subopts : NULL; sub && sub->name; sub++)
			if (strcmp(sub->name, word) == 0)
				return opt->name;
	return NULL;
}

/* The file where a word belongs that people write into another; NULL: none. */
static const char *
home_of(const char *word)
{
	static const struct { const char *word, *home; } homes[] = {
		{ "role", WORD(in_roles_file) }, { "family", WORD(in_roles_file) },
		{ "template", WORD(in_template_file) }, { "policy", WORD(in_policy_file) },
		{ "step", WORD(in_policy_file) }, { "param", WORD(in_template_file) },
		{ "text", WORD(in_template_file) }, { "site", WORD(in_gong_conf) },
		{ "listen", WORD(in_gong_conf) }, { "client", WORD(in_gong_conf) },
		{ "route", WORD(in_gong_conf) }, { "source", WORD(in_gong_conf) },
		{ "kind", WORD(in_kinds_file) }, { "rule", WORD(in_rules_file) },
		{ "read", WORD(in_rules_file) },
	};

	for (size_t i = 0; i < sizeof(homes) / sizeof(*homes); i++)
		if (strcmp(homes[i].word, word) == 0)
			return homes[i].home;
	return NULL;
}

static void
unknown(cfg_t *cfg, const char *word, struct said *said)
{
	struct near near = { .word = word };
	const char *section = section_of(cfg, word), *home = home_of(word);

	for (const cfg_opt_t *opt = cfg->opts; opt && opt->name; opt++)
		near_offer(&near, opt->name, opt->name);
	if (section)
		SAY(said, conf_elsewhere, QUOTE(word), SAID(in_section, section));
	else if (home)
		SAY(said, conf_elsewhere, QUOTE(word), home);
	else if (near.best)
		SAY(said, conf_unknown_near, QUOTE(word), near.best);
	else
		SAY(said, conf_unknown_option, QUOTE(word));
}

void
conf_said(cfg_t *cfg, const char *fmt, const char *word, const char *whole, struct said *said)
{
	static const struct { const char *fmt; enum phrase phrase; } rows[] = {
		{ "invalid boolean value for option '%s'", PHRASE_conf_boolean },
		{ "missing equal sign after option '%s'", PHRASE_conf_no_equals },
		{ "missing opening brace for section '%s'", PHRASE_conf_no_brace },
		{ "missing title for section '%s'", PHRASE_conf_no_title },
		{ "unexpected token '%s'", PHRASE_conf_token },
		{ "unexpected closing brace", PHRASE_conf_closing },
		{ "premature end of file", PHRASE_conf_ends_early },
		{ "invalid octal number '%s'", PHRASE_conf_octal },
		{ "bad escape sequence '%s'", PHRASE_conf_escape },
	};

	if (strcmp(fmt, "no such option '%s'") == 0) {
		unknown(cfg, word, said);
		return;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(rows[i].fmt, fmt) == 0) {
			said_fill(said, rows[i].phrase, (const char *const[]){ QUOTE(word) });
			return;
		}
	said_verbatim(said, whole);
}
