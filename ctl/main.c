/* main.c -- gongctl: its language, the options that stand anywhere, and the choice of a verb. */
#include "ctl/ctl.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Widths need a UTF-8 locale; on a console set up for none we bring our own. */
static void
choose_language(struct ctl *ctl)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
	ctl->lang = LANG_EN;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value) {
			ctl->lang = strncmp(value, "zh", 2) == 0 ? LANG_ZH : LANG_EN;
			break;
		}
	}
}

static int
global_value(struct ctl *ctl, const char *option, const char *value, const char **config)
{
	int lang;

	if (strcmp(option, "--lang") == 0) {
		lang = lang_parse(value);
		if (lang < 0)
			return ctl_usage(ctl,
					 say(ctl, "--lang %s: use zh or en", "--lang %s:应为 zh 或 en"),
					 value);
		ctl->lang = (enum lang)lang;
	} else if (strcmp(option, "--socket") == 0) {
		ctl->socket = value;
	} else {
		*config = value;
	}
	return CTL_OK;
}

static int
no_value(struct ctl *ctl, const struct option_spec *o)
{
	struct buf arg = { 0 };
	int code;

	placeholder_put(ctl, o->arg, &arg);
	code = ctl_usage(ctl, say(ctl, "%s needs a value: %s %s", "%s 缺少值:%s %s"), o->name, o->name,
			 arg.data);
	buf_fini(&arg);
	return code;
}

/* NULL: it is none of those that may stand anywhere. */
static const struct option_spec *
global_option(const struct ctl *ctl, const char *arg)
{
	const struct option_spec *o = ctl->everywhere;
	size_t len = strcspn(arg, "=");

	while (o->name && (strlen(o->name) != len || strncmp(o->name, arg, len) != 0))
		o++;
	return o->name ? o : NULL;
}

/* Options that may stand before the command or behind it: removed from argv when taken. */
static int
global_args(struct ctl *ctl, int *argc, char **argv, const char **config)
{
	int kept = 0, code = CTL_OK;

	for (int i = 0; i < *argc && code == CTL_OK; i++) {
		const struct option_spec *o = global_option(ctl, argv[i]);
		const char *value;

		if (!o) {
			argv[kept++] = argv[i];
			continue;
		}
		if (!o->arg) {
			*(strcmp(o->name, "--json") == 0 ? &ctl->json : &ctl->no_pager) = true;
			continue;
		}
		value = strchr(argv[i], '=');
		value = value ? value + 1 : i + 1 < *argc ? argv[++i] : NULL;
		if (!value || !*value)
			return no_value(ctl, o);
		code = global_value(ctl, o->name, value, config);
	}
	*argc = kept;
	return code;
}

/* -h and --help mean the words before them, wherever they stand. */
static int
help_at(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return i;
	return -1;
}

/* Of "alert show 12 -h" the words that name a verb. */
static int
help_for(struct ctl *ctl, int argc, char **argv)
{
	int used = 0;

	if (verb_find(ctl, argc, argv, &used))
		argc = used;
	else if (argc > 2)
		argc = 2;
	return help_words(ctl, argc, argv);
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	int used = 0, at = help_at(argc, argv), code;

	if (argc == 0)
		return help_words(ctl, 0, argv), CTL_USAGE;
	if (at >= 0)
		return help_for(ctl, at, argv);
	if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "-V") == 0)
		return version_verb(ctl);
	ctl->command = verb_find(ctl, argc, argv, &used);
	if (!ctl->command)
		return help_unknown(ctl, argc, argv);
	if (args_parse(ctl, argc - used, argv + used) != CTL_OK)
		return CTL_USAGE;
	roles_resolve(ctl);
	code = places_resolve(ctl);
	if (code == CTL_OK)
		code = ctl->command->run(ctl);
	if (code == CTL_REFUSED)
		places_hint(ctl);
	return code;
}

/* For a shell that completes: nothing may be said but what may follow. */
static bool
completes(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[0], "complete") == 0 && strcmp(argv[1], "--") == 0;
}

int
main(int argc, char **argv)
{
	struct ctl ctl = { .verbs = commands, .everywhere = options_everywhere };
	const char *config = NULL;
	int code;

	choose_language(&ctl);
	signal(SIGPIPE, SIG_DFL);
	argc--;
	argv++;
	if (completes(argc, argv))
		return help_complete(&ctl, argc - 2, argv + 2);
	code = global_args(&ctl, &argc, argv, &config);
	if (code == CTL_OK)
		code = socket_choose(&ctl, config);
	if (code == CTL_OK)
		code = run(&ctl, argc, argv);
	code = output_end(&ctl, code);
	client_close(&ctl);
	args_free(&ctl);
	free(ctl.socket_found);
	free(ctl.driver_dir);
	return code;
}
