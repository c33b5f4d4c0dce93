/* quirks.c -- reads the file of models; it talks to no modem.
 * One table names every option, how it is checked and where it goes. */
#include "drivers/modem/quirks.h"

#include <confuse.h>
#include <regex.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/conf_text.h"
#include "core/number.h"
#include "files/read.h"

enum kind { COMMAND, COMMANDS, LINE, PATTERN, WORD, STORAGE, SECONDS_, PORTS };

#define TO(field) offsetof(struct quirk, field)
static const struct option {
	const char *name;
	enum kind kind;
	size_t to;
	const char *words[4];		/* WORD: by value of the enum; STORAGE: what there is */
} options[] = {
	{ "init", COMMANDS, TO(init), { 0 } },
	{ "quiet", COMMANDS, TO(quiet), { 0 } },
	{ "mode_auto", COMMANDS, TO(mode_auto), { 0 } },
	{ "mode_lte", COMMANDS, TO(mode_lte), { 0 } },
	{ "mode_gsm", COMMANDS, TO(mode_gsm), { 0 } },
	{ "storage", STORAGE, TO(storage), { "SM", "ME", "MT" } },
	{ "receipts", WORD, TO(receipts), { "direct", "stored", "none" } },
	{ "iccid", COMMAND, TO(iccid), { 0 } },
	{ "temperature", COMMAND, TO(temperature), { 0 } },
	{ "temperature_pattern", PATTERN, TO(temperature_pattern), { 0 } },
	{ "pin_retries", COMMAND, TO(pin_retries), { 0 } },
	{ "pin_retries_pattern", PATTERN, TO(pin_retries_pattern), { 0 } },
	{ "keys_on", COMMAND, TO(keys_on), { 0 } },
	{ "keys_off", COMMAND, TO(keys_off), { 0 } },
	{ "keys_prefix", LINE, TO(keys_prefix), { 0 } },
	{ "say", COMMAND, TO(say), { 0 } },
	{ "say_end", LINE, TO(say_end), { 0 } },
	{ "hangup", COMMAND, TO(hangup), { 0 } },
	{ "reset", COMMAND, TO(reset), { 0 } },
	{ "ussd_form", WORD, TO(ussd_form), { "plain", "ucs2", "packed" } },
	{ "boot_seconds", SECONDS_, TO(boot_seconds), { 0 } },
	{ "usb_ports", PORTS, TO(usb_ports), { 0 } },
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

struct quirks {
	cfg_t *cfg;
	unsigned count;
	regex_t *match;			/* [count]; of model "*" not compiled */
};

static struct err *reading;		/* libconfuse's callback has no argument */
static const char *reading_file;

static void
on_error(cfg_t *cfg, const char *fmt, va_list args)
{
	char what[300];

	if (!reading || reading->text[0])
		return;			/* the first fault is the one to mend */
	vsnprintf(what, sizeof(what), fmt, args);
	err_say(reading, REFUSED_INVALID, about(CONCEPT_NONE), modem_models_at, reading_file, NUM(cfg ? cfg->line : 0),
		what);
}

/* `what`: a phrase as a value. */
static int
fault(cfg_t *section, const char *option, struct err *err, const char *what)
{
	return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, option), modem_models_fault, reading_file,
		       NUM(section->line), cfg_title(section), option, what);
}

static bool
is_for_all(cfg_t *section)
{
	return strcmp(cfg_title(section), "*") == 0;
}

static int
check_pattern(cfg_t *section, const char *option, const char *pattern, size_t groups,
	      struct err *err)
{
	char why[120];
	regex_t re;
	int rc = regcomp(&re, pattern, REG_EXTENDED | REG_ICASE);

	if (rc) {
		regerror(rc, &re, why, sizeof(why));
		return fault(section, option, err, SAID(models_pattern, pattern, why));
	}
	rc = re.re_nsub < groups;
	regfree(&re);
	if (rc)
		return fault(section, option, err, SAID(models_group, pattern));
	return 0;
}

static int
check_text(cfg_t *section, const struct option *o, const char *text, struct err *err)
{
	if (strlen(text) > 200)
		return fault(section, o->name, err, WORD(models_long));
	for (const char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			return fault(section, o->name, err, WORD(models_character));
	if ((o->kind == COMMAND || o->kind == COMMANDS) && *text && strncasecmp(text, "AT", 2) != 0)
		return fault(section, o->name, err, SAID(models_command, text));
	if (strcmp(o->name, "say") == 0 && *text && !strstr(text, "{ucs2}") && !strstr(text, "{text}"))
		return fault(section, o->name, err, SAID(models_words, text));
	return 0;
}

static int
word(const struct option *o, const char *text)
{
	for (int i = 0; i < 4 && o->words[i]; i++)
		if (strcmp(o->words[i], text) == 0)
			return i;
	return -1;
}

static int
check_value(cfg_t *section, const struct option *o, unsigned i, struct err *err)
{
	const char *text;

	if (o->kind == SECONDS_ || o->kind == PORTS)
		return 0;		/* parse_number has looked at it */
	text = cfg_getnstr(section, o->name, i);
	if (o->kind == PATTERN && *text)
		return check_pattern(section, o->name, text, 1, err);
	if ((o->kind == WORD || o->kind == STORAGE) && word(o, text) < 0) {
		char known[80];

		snprintf(known, sizeof(known), "%s, %s%s%s", o->words[0], o->words[1], o->words[2] ? ", " : "",
			 o->words[2] ? o->words[2] : "");
		return fault(section, o->name, err, SAID(models_one_of, text, known));
	}
	return check_text(section, o, text, err);
}

/* An answer is not read without its pattern, nor a pattern used without its command. */
static int
check_pair(cfg_t *section, const char *command, const char *pattern, struct err *err)
{
	if (cfg_size(section, command) && !cfg_size(section, pattern))
		return fault(section, pattern, err, SAID(models_beside_how, command));
	if (!cfg_size(section, command) && cfg_size(section, pattern))
		return fault(section, command, err, SAID(models_beside, pattern));
	return 0;
}

static int
check_section(cfg_t *section, struct err *err)
{
	const char *match = cfg_getstr(section, "match");

	if (!is_for_all(section) && (!match || !*match))
		return fault(section, "match", err, WORD(models_match));
	if (is_for_all(section) && match)
		return fault(section, "match", err, WORD(models_match_all));
	if (match && check_pattern(section, "match", match, 0, err))
		return -1;
	for (size_t k = 0; k < OPTIONS; k++) {
		if (cfg_size(section, options[k].name) > QUIRK_LINES)
			return fault(section, options[k].name, err, SAID(models_lines, NUM(QUIRK_LINES)));
		for (unsigned i = 0; i < cfg_size(section, options[k].name); i++)
			if (check_value(section, &options[k], i, err))
				return -1;
	}
	if (check_pair(section, "temperature", "temperature_pattern", err) ||
	    check_pair(section, "pin_retries", "pin_retries_pattern", err) ||
	    check_pair(section, "keys_on", "keys_prefix", err))
		return -1;
	return 0;
}

/* The file's text as people's editors leave it, healed; NULL: err.  The caller frees. */
static char *
read_text(const char *path, struct err *err)
{
	struct conf_text how = { .site = false };
	struct conf_finding fault;
	size_t len;
	char *bytes = file_read(path, FILE_CONF_MAX, &len, err);
	char *text = bytes ? conf_text(bytes, len, &how, &fault) : NULL;

	if (bytes && !text)
		err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), conf_at, path, NUM(fault.line), NEST(&fault.said));
	free(bytes);
	return text;
}

/* libconfuse would take 0x10 and 010, too. */
static int
parse_number(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	bool seconds = strcmp(opt->name, "boot_seconds") == 0;
	int64_t number, least = seconds ? 1 : 0, most = seconds ? 600 : 31;

	if (whole_parse(&number, value, least, most) < 0) {
		if (reading->text[0])
			return -1;
		return err_say(reading, REFUSED_INVALID, about_name(CONCEPT_FIELD, opt->name), modem_models_number,
			       reading_file, NUM(cfg->line), opt->name, QUOTE(value), NUM(least), NUM(most));
	}
	*(long *)result = (long)number;
	return 0;
}

static cfg_t *
parse(const char *text, struct err *err)
{
	cfg_opt_t model[OPTIONS + 2] = { CFG_STR("match", NULL, CFGF_NODEFAULT) };
	cfg_opt_t file[] = {
		CFG_SEC("model", model, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), CFG_END(),
	};
	struct err local = { 0 };
	cfg_t *cfg;
	int rc;

	for (size_t k = 0; k < OPTIONS; k++) {
		const char *name = options[k].name;
		cfg_opt_t *opt = &model[k + 1];

		if (options[k].kind == SECONDS_)
			*opt = (cfg_opt_t)CFG_INT_CB(name, 0, CFGF_NODEFAULT, parse_number);
		else if (options[k].kind == PORTS)
			*opt = (cfg_opt_t)CFG_INT_LIST_CB(name, NULL, CFGF_NODEFAULT, parse_number);
		else if (options[k].kind == COMMANDS)
			*opt = (cfg_opt_t)CFG_STR_LIST(name, NULL, CFGF_NODEFAULT);
		else
			*opt = (cfg_opt_t)CFG_STR(name, NULL, CFGF_NODEFAULT);
	}
	model[OPTIONS + 1] = (cfg_opt_t)CFG_END();
	cfg = cfg_init(file, CFGF_NONE);
	cfg_set_error_function(cfg, on_error);
	reading = &local;
	rc = cfg_parse_buf(cfg, text);
	reading = NULL;
	if (rc == CFG_SUCCESS && !local.text[0])
		return cfg;
	if (!local.text[0])
		err_say(&local, REFUSED_INVALID, about(CONCEPT_NONE), modem_models_unread, reading_file);
	if (err)
		*err = local;
	cfg_free(cfg);
	return NULL;
}

int
quirks_load(struct quirks **out, const char *path, struct err *err)
{
	char *text = read_text(path, err);
	struct quirks *q;
	cfg_t *cfg;

	if (!text)
		return -1;
	reading_file = path;
	cfg = parse(text, err);
	free(text);
	for (unsigned i = 0; cfg && i < cfg_size(cfg, "model"); i++) {
		if (check_section(cfg_getnsec(cfg, "model", i), err)) {
			cfg_free(cfg);
			cfg = NULL;
		}
	}
	if (!cfg)
		return -1;
	q = xcalloc(1, sizeof(*q));
	q->cfg = cfg;
	q->count = cfg_size(cfg, "model");
	q->match = xcalloc(q->count ? q->count : 1, sizeof(*q->match));
	for (unsigned i = 0; i < q->count; i++) {
		cfg_t *section = cfg_getnsec(cfg, "model", i);

		if (!is_for_all(section))
			regcomp(&q->match[i], cfg_getstr(section, "match"),
				REG_EXTENDED | REG_ICASE | REG_NOSUB);
	}
	*out = q;
	return 0;
}

/* An empty text takes back what an earlier section said. */
static void
apply(cfg_t *section, const struct option *o, struct quirk *out)
{
	struct quirk_lines lines = { 0 };
	char *to = (char *)out + o->to;
	const char *text;

	if (o->kind == COMMANDS) {
		for (unsigned i = 0; i < cfg_size(section, o->name); i++)
			if (*cfg_getnstr(section, o->name, i))
				lines.line[lines.count++] = cfg_getnstr(section, o->name, i);
		*(struct quirk_lines *)to = lines;
	} else if (o->kind == PORTS) {
		out->usb_ports_count = cfg_size(section, o->name);
		for (unsigned i = 0; i < out->usb_ports_count; i++)
			out->usb_ports[i] = (int)cfg_getnint(section, o->name, i);
	} else if (o->kind == SECONDS_) {
		*(int *)to = (int)cfg_getint(section, o->name);
	} else if (o->kind == WORD) {
		int value = word(o, cfg_getstr(section, o->name));

		memcpy(to, &value, sizeof(value));
	} else {
		text = cfg_getstr(section, o->name);
		*(const char **)to = *text ? text : NULL;
	}
}

void
quirks_pick(const struct quirks *q, const char *identity, struct quirk *out)
{
	*out = (struct quirk){
		.name = "*", .receipts = RECEIPTS_DIRECT, .iccid = "AT+CCID", .hangup = "AT+CHUP",
		.reset = "AT+CFUN=1,1", .boot_seconds = 30,
	};
	for (unsigned i = 0; q && i < q->count; i++) {
		cfg_t *section = cfg_getnsec(q->cfg, "model", i);

		if (!is_for_all(section) && regexec(&q->match[i], identity, 0, NULL, 0) != 0)
			continue;
		out->name = cfg_title(section);
		for (size_t k = 0; k < OPTIONS; k++)
			if (cfg_size(section, options[k].name))
				apply(section, &options[k], out);
	}
}

void
quirks_free(struct quirks *q)
{
	if (!q)
		return;
	for (unsigned i = 0; i < q->count; i++)
		if (!is_for_all(cfg_getnsec(q->cfg, "model", i)))
			regfree(&q->match[i]);
	free(q->match);
	cfg_free(q->cfg);
	free(q);
}

/* Of an answer, so with what stands after it; no count of a modem has more digits than six. */
static int
first_number(const char *text)
{
	int number = 0, minus = *text == '-', count = 0;

	for (text += minus; *text >= '0' && *text <= '9' && count < 6; text++, count++)
		number = number * 10 + *text - '0';
	return minus ? -number : number;
}

int
quirk_number(const char *pattern, const char *text)
{
	regmatch_t match[2];
	regex_t compiled;
	int number = -1;

	if (!pattern || regcomp(&compiled, pattern, REG_EXTENDED) != 0)
		return -1;		/* those of the file were tried when it was read */
	if (regexec(&compiled, text, 2, match, 0) == 0 && match[1].rm_so >= 0)
		number = first_number(text + match[1].rm_so);
	regfree(&compiled);
	return number;
}
