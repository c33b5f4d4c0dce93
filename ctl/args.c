/* args.c -- the command line, read by the command's own table, so that help, synopsis and
 * parser cannot disagree. */
#include "ctl/ctl.h"

#include <string.h>

#include "core/near.h"

void
command_synopsis(const struct ctl *ctl, const struct command *command, struct buf *out)
{
	buf_printf(out, "gongctl %s", command->words);
	for (int i = 0; command->operands[i]; i++) {
		buf_puts(out, " ");
		placeholder_put(ctl, command->operands[i], out);
	}
	for (const struct option_spec *o = command->options; o && o->name; o++) {
		buf_printf(out, " %s%s%s", o->needed ? "" : "[", o->name, o->arg ? " " : "");
		placeholder_put(ctl, o->arg, out);
		buf_printf(out, "%s%s", o->many ? "…" : "", o->needed ? "" : "]");
	}
}

/* "--division CODE" as the reader reads it; a new string. */
static char *
with_value(const struct ctl *ctl, const char *option, const char *arg)
{
	struct buf out = { 0 };

	buf_printf(&out, "%s%s", option, arg && *option ? " " : "");
	placeholder_put(ctl, arg, &out);
	return buf_take(&out);
}

static const struct option_spec *
find(const struct ctl *ctl, const char *name, size_t len)
{
	for (const struct option_spec *o = ctl->command->options; o && o->name; o++)
		if (strlen(o->name) == len && strncmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

static int
add(struct ctl *ctl, const struct option_spec *spec, const char *text)
{
	char *value = NULL;
	int code = text ? spell_value(ctl, spec, text, &value) : CTL_OK;

	if (code != CTL_OK)
		return code;
	ctl->given = xrealloc(ctl->given, (ctl->given_count + 1) * sizeof(*ctl->given));
	ctl->given[ctl->given_count++] = (struct given){ spec, value };
	return CTL_OK;
}

/* Codes and references may be listed with commas; a parameter's value may hold one
 * itself. */
static int
add_values(struct ctl *ctl, const struct option_spec *spec, const char *value)
{
	char *narrow = spell_operand(spec->arg, value), *p = narrow, *comma;
	int code = CTL_OK;

	while (code == CTL_OK && spec->many && !strchr(spec->arg, '=') && (comma = strchr(p, ','))) {
		*comma = '\0';
		if (comma > p)
			code = add(ctl, spec, p);
		p = comma + 1;
	}
	if (code == CTL_OK)
		code = add(ctl, spec, p);
	free(narrow);
	return code;
}

static int
no_option(struct ctl *ctl, const char *text, int len)
{
	char *name = xstrndup(text, (size_t)len);
	struct near near = { .word = name };
	int code;

	for (const struct option_spec *o = ctl->command->options; o && o->name; o++)
		near_offer(&near, o->name, o->name);
	code = near.best ? ctl_usage(ctl,
				say(ctl, "%s has no option %s; did you mean %s?",
				    "%s 没有选项 %s;是不是 %s?"),
				ctl->command->words, name, near.best)
		    : ctl_usage(ctl,
				say(ctl, "%s has no option %s; leave it out or correct it",
				    "%s 没有选项 %s;请去掉或改正"),
				ctl->command->words, name);
	free(name);
	return code;
}

static int
no_value(struct ctl *ctl, const struct option_spec *spec)
{
	char *shown = with_value(ctl, spec->name, spec->arg);
	int code = ctl_usage(ctl, say(ctl, "%s needs a value: %s", "%s 缺少值:%s"), spec->name, shown);

	free(shown);
	return code;
}

static int
option(struct ctl *ctl, int argc, char **argv, int *i, const struct option_spec **last)
{
	const char *text = argv[*i], *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : strlen(text);
	const struct option_spec *spec = find(ctl, text, len);

	if (!spec)
		return no_option(ctl, text, (int)len);
	if (args_has(ctl, spec->name) && !spec->many && spec->arg)
		return ctl_usage(ctl,
				 say(ctl, "%s stands twice; give it once",
				     "%s 出现两次;只能给一次"),
				 spec->name);
	*last = spec->many ? spec : NULL;
	if (!spec->arg) {
		if (equals)
			return ctl_usage(ctl,
					 say(ctl, "%s takes no value; leave out \"%s\"",
					     "%s 不带值;请去掉 \"%s\""),
					 spec->name, equals);
		add(ctl, spec, NULL);
		return CTL_OK;
	}
	if (!equals && (*i + 1 >= argc || strncmp(argv[*i + 1], "--", 2) == 0))
		return no_value(ctl, spec);
	return add_values(ctl, spec, equals ? equals + 1 : argv[++*i]);
}

static int
lacks(struct ctl *ctl, const char *option, const char *arg)
{
	char *what = with_value(ctl, option, arg);
	int code = ctl_usage(ctl, say(ctl, "%s needs %s", "%s 需要 %s"), ctl->command->words, what);

	free(what);
	return code;
}

static int
check_complete(struct ctl *ctl, size_t operands)
{
	if (ctl->command->operands[operands] &&
	    ctl->command->operands[operands][0] != '[')
		return lacks(ctl, "", ctl->command->operands[operands]);
	for (const struct option_spec *o = ctl->command->options; o && o->name; o++)
		if (o->needed && !args_has(ctl, o->name))
			return lacks(ctl, o->name, o->arg);
	return CTL_OK;
}

/* One word that is no option: an operand, or one more value of the list before it.  An operand that may be
 * left out is not looked for behind a list: of two places the second would be taken for a template. */
static int
plain_word(struct ctl *ctl, const char *text, size_t *operands, const struct option_spec **last)
{
	const char *name = ctl->command->operands[*operands];

	if (name && !(*last && name[0] == '[')) {
		ctl->operands[*operands] = ctl->spelt[*operands] = spell_operand(name, text);
		++*operands;
		*last = NULL;
		return CTL_OK;
	}
	if (*last)
		return add_values(ctl, *last, text);
	return ctl_usage(ctl,
			 say(ctl,
			     "\"%s\" is one word too many for %s; leave it "
			     "out or put quotes round a value with spaces",
			     "\"%s\" 对 %s 是多余的;请去掉,或给带空格的值加引号"),
			 text, ctl->command->words);
}

int
args_parse(struct ctl *ctl, int argc, char **argv)
{
	const struct option_spec *last = NULL; /* a list that may take further words */
	size_t operands = 0;
	int code = CTL_OK;

	for (int i = 0; i < argc && code == CTL_OK; i++) {
		if (strncmp(argv[i], "--", 2) == 0 && argv[i][2])
			code = option(ctl, argc, argv, &i, &last);
		else
			code = plain_word(ctl, argv[i], &operands, &last);
	}
	return code == CTL_OK ? check_complete(ctl, operands) : code;
}

void
args_free(struct ctl *ctl)
{
	for (size_t i = 0; i < ctl->given_count; i++)
		free(ctl->given[i].value);
	for (int i = 0; i < OPERANDS; i++)
		free(ctl->spelt[i]);
	free(ctl->given);
	ctl->given = NULL;
	ctl->given_count = 0;
}

bool
args_has(const struct ctl *ctl, const char *name)
{
	for (size_t i = 0; i < ctl->given_count; i++)
		if (strcmp(ctl->given[i].spec->name, name) == 0)
			return true;
	return false;
}

const char *
args_value(const struct ctl *ctl, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < ctl->given_count; i++)
		if (strcmp(ctl->given[i].spec->name, name) == 0)
			value = ctl->given[i].value;
	return value;
}

json_t *
args_strings(const struct ctl *ctl, const char *name)
{
	json_t *array = json_array();

	for (size_t i = 0; i < ctl->given_count; i++)
		if (strcmp(ctl->given[i].spec->name, name) == 0)
			json_array_append_new(array, json_string(ctl->given[i].value));
	return array;
}
