/* args.c -- the command line, read by the command's own table, so that help, synopsis and
 * parser cannot disagree. */
#include "ctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
command_synopsis(const struct command *command, struct buf *out)
{
	buf_printf(out, "gongctl %s", command->words);
	for (int i = 0; command->operands[i]; i++)
		buf_printf(out, " %s", command->operands[i]);
	for (const struct option_spec *o = command->options; o && o->name; o++)
		buf_printf(out, " %s%s%s%s%s%s", o->needed ? "" : "[", o->name,
			   o->arg ? " " : "", o->arg ? o->arg : "", o->many ? "…" : "",
			   o->needed ? "" : "]");
}

int
ctl_usage(const struct ctl *ctl, const char *fmt, ...)
{
	va_list args;

	fputs("gongctl: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n%s: gongctl help%s%s\n", say(ctl, "see", "参见"),
		ctl->command ? " " : "", ctl->command ? ctl->command->words : "");
	return CTL_USAGE;
}

static const struct option_spec *
find(const struct ctl *ctl, const char *name, size_t len)
{
	for (const struct option_spec *o = ctl->command->options; o && o->name; o++)
		if (strlen(o->name) == len && strncmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

static void
add(struct ctl *ctl, const struct option_spec *spec, char *value)
{
	ctl->given = xrealloc(ctl->given, (ctl->given_count + 1) * sizeof(*ctl->given));
	ctl->given[ctl->given_count++] = (struct given){ spec, value };
}

/* Codes and references may be listed with commas; a parameter's value may hold one
 * itself. */
static void
add_values(struct ctl *ctl, const struct option_spec *spec, const char *value)
{
	const char *comma;

	while (spec->many && !strchr(spec->arg, '=') && (comma = strchr(value, ','))) {
		if (comma > value)
			add(ctl, spec, xstrndup(value, (size_t)(comma - value)));
		value = comma + 1;
	}
	add(ctl, spec, xstrdup(value));
}

static int
option(struct ctl *ctl, int argc, char **argv, int *i, const struct option_spec **last)
{
	const char *text = argv[*i], *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : strlen(text);
	const struct option_spec *spec = find(ctl, text, len);

	if (!spec)
		return ctl_usage(ctl,
				 say(ctl,
				     "%s has no option %.*s; leave it out or correct it",
				     "%s 没有选项 %.*s;请去掉或改正"),
				 ctl->command->words, (int)len, text);
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
		return ctl_usage(ctl,
				 say(ctl, "%s needs a value: %s %s", "%s 缺少值:%s %s"),
				 spec->name, spec->name, spec->arg);
	add_values(ctl, spec, equals ? equals + 1 : argv[++*i]);
	return CTL_OK;
}

static int
check_complete(struct ctl *ctl, size_t operands)
{
	if (ctl->command->operands[operands] &&
	    ctl->command->operands[operands][0] != '[')
		return ctl_usage(ctl, say(ctl, "%s needs %s after it", "%s 后面缺少 %s"),
				 ctl->command->words, ctl->command->operands[operands]);
	for (const struct option_spec *o = ctl->command->options; o && o->name; o++)
		if (o->needed && !args_has(ctl, o->name))
			return ctl_usage(ctl, say(ctl, "%s needs %s %s", "%s 需要 %s %s"),
					 ctl->command->words, o->name,
					 o->arg ? o->arg : "");
	return CTL_OK;
}

int
args_parse(struct ctl *ctl, int argc, char **argv)
{
	const struct option_spec *last = NULL; /* a list that may take further words */
	size_t operands = 0;

	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) == 0 && argv[i][2]) {
			int rc = option(ctl, argc, argv, &i, &last);

			if (rc != CTL_OK)
				return rc;
		} else if (ctl->command->operands[operands]) {
			ctl->operands[operands++] = argv[i];
			last = NULL;
		} else if (last) {
			add_values(ctl, last, argv[i]);
		} else {
			return ctl_usage(
				ctl,
				say(ctl,
				    "\"%s\" is one word too many for %s; leave it "
				    "out or put quotes round a value with spaces",
				    "\"%s\" 对 %s 是多余的;请去掉,或给带空格的值加引号"),
				argv[i], ctl->command->words);
		}
	}
	return check_complete(ctl, operands);
}

void
args_free(struct ctl *ctl)
{
	for (size_t i = 0; i < ctl->given_count; i++)
		free(ctl->given[i].value);
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
