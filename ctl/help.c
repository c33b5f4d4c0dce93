/* help.c -- what can be asked of gongctl, told from its table of verbs: all of them, one group, one
 * verb, what was probably meant, and what may follow on a command line (for the shells). */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>

#include "core/near.h"

/* "alert" of "alert list"; its length. */
static size_t
first_word(const char *words)
{
	return strcspn(words, " ");
}

static bool
is_of(const struct command *c, const char *group, size_t len)
{
	return first_word(c->words) == len && strncmp(c->words, group, len) == 0;
}

const struct command *
verb_find(const struct ctl *ctl, int argc, char **argv, int *used)
{
	for (const struct command *c = ctl->verbs; c->words; c++) {
		const char *space = strchr(c->words, ' ');

		if (argc < 1 || !is_of(c, argv[0], strlen(argv[0])))
			continue;
		*used = space ? 2 : 1;
		if (!space || (argc > 1 && strcmp(argv[1], space + 1) == 0))
			return c;
	}
	return NULL;
}

bool
verb_is_group(const struct ctl *ctl, const char *word)
{
	for (const struct command *c = ctl->verbs; c->words; c++)
		if (strchr(c->words, ' ') && is_of(c, word, strlen(word)))
			return true;
	return false;
}

/* -- pages -- */

static void
put_options(const struct ctl *ctl, const struct option_spec *options, struct buf *out)
{
	const char *const titles[] = { say(ctl, "options:", "选项:"), " ", NULL };
	struct grid t;

	if (!options)
		return;
	grid_init(&t, 0, titles);
	for (; options->name; options++) {
		struct buf cell = { 0 };

		buf_printf(&cell, "  %s%s", options->name, options->arg ? " " : "");
		placeholder_put(ctl, options->arg, &cell);
		buf_puts(&cell, options->many ? "…" : "");
		grid_cell(&t, cell.data);
		grid_cell(&t, options->help[ctl->lang]);
		buf_fini(&cell);
	}
	grid_put(&t, out, 0, 0);
	grid_fini(&t);
}

/* Those of one group, or all. */
static void
put_verbs(const struct ctl *ctl, const char *group, struct buf *out)
{
	const char *const titles[] = { say(ctl, "commands:", "命令:"), " ", NULL };
	struct grid t;

	grid_init(&t, 0, titles);
	for (const struct command *c = ctl->verbs; c->words; c++) {
		struct buf line = { 0 };

		if (group && !is_of(c, group, strlen(group)))
			continue;
		buf_printf(&line, "  %s", c->words);
		for (int i = 0; c->operands[i]; i++) {
			buf_puts(&line, " ");
			placeholder_put(ctl, c->operands[i], &line);
		}
		grid_cell(&t, line.data);
		grid_cell(&t, c->help[ctl->lang]);
		buf_fini(&line);
	}
	grid_put(&t, out, 0, 0);
	grid_fini(&t);
}

static void
put_all(const struct ctl *ctl, struct buf *out)
{
	buf_puts(out, say(ctl,
			  "usage: gongctl [--socket PATH | --config FILE] [--json] [--no-pager] "
			  "[--lang zh|en] COMMAND\n",
			  "用法:gongctl [--socket 路径 | --config 文件] [--json] [--no-pager] "
			  "[--lang zh|en] 命令\n"));
	put_verbs(ctl, NULL, out);
	put_options(ctl, ctl->everywhere, out);
	buf_puts(out, say(ctl,
			  "-h behind any of them shows its options\n"
			  "exit: 0 done, 1 refused by gongd, 2 wrong use, 3 gongd not reachable, "
			  "4 done, but the output could not be written\n",
			  "任一命令后加 -h 可看其选项\n"
			  "退出码:0 成功,1 被 gongd 拒绝,2 用法错误,3 无法连接 gongd,"
			  "4 已执行,但输出无法写入\n"));
}

static void
put_one(const struct ctl *ctl, const struct command *c, struct buf *out)
{
	command_synopsis(ctl, c, out);
	buf_printf(out, "\n%s\n", c->help[ctl->lang]);
	put_options(ctl, c->options, out);
}

/* -- as JSON -- */

static json_t *
options_json(const struct ctl *ctl, const struct option_spec *options)
{
	json_t *list = json_array();

	for (; options && options->name; options++)
		json_array_append_new(list,
				      json_pack("{s:s,s:s?,s:b,s:b,s:s}", "name", options->name, "arg",
						options->arg, "many", options->many, "needed",
						options->needed, "help", options->help[ctl->lang]));
	return list;
}

static json_t *
verb_json(const struct ctl *ctl, const struct command *c)
{
	json_t *operands = json_array();

	for (int i = 0; c->operands[i]; i++)
		json_array_append_new(operands, json_string(c->operands[i]));
	return json_pack("{s:s,s:o,s:o,s:s}", "command", c->words, "operands", operands, "options",
			 options_json(ctl, c->options), "help", c->help[ctl->lang]);
}

static int
all_json(const struct ctl *ctl, const char *first, const char *second)
{
	json_t *list = json_array();

	for (const struct command *c = ctl->verbs; c->words; c++) {
		const char *space = strchr(c->words, ' ');

		if ((!first || is_of(c, first, strlen(first))) &&
		    (!second || (space && strcmp(space + 1, second) == 0)))
			json_array_append_new(list, verb_json(ctl, c));
	}
	return ctl_json(json_pack("{s:o,s:o}", "commands", list, "options",
				  options_json(ctl, ctl->everywhere)));
}

/* -- what was probably meant -- */

/* The verb whose words are nearest to these two, or NULL when none is near. */
static const char *
nearest_verb(const struct ctl *ctl, const char *first, const char *second)
{
	struct near near = { 0 };
	struct buf said = { 0 };

	buf_printf(&said, "%s%s%s", first, second ? " " : "", second ? second : "");
	near.word = said.data;
	for (const struct command *c = ctl->verbs; c->words; c++) {
		/* "alrt" may want the group */
		char *name = second ? xstrdup(c->words) : xstrndup(c->words, first_word(c->words));

		near_offer(&near, name, c->words);
		free(name);
	}
	buf_fini(&said);
	return near.best;
}

int
help_unknown(struct ctl *ctl, int argc, char **argv)
{
	const char *first = argv[0], *second = argc > 1 && argv[1][0] != '-' ? argv[1] : NULL;
	const char *near = nearest_verb(ctl, first, second);
	struct buf list = { 0 };

	if (!near && second)
		near = nearest_verb(ctl, first, NULL);
	if (verb_is_group(ctl, first)) {
		put_verbs(ctl, first, &list);
		fprintf(stderr, second ? say(ctl, "gongctl: there is no command \"%s %s\"\n",
					     "gongctl: 没有命令 \"%s %s\"\n")
				       : say(ctl, "gongctl: %s needs a second word\n",
					     "gongctl: %s 后面还缺一个词\n"),
			first, second);
		if (near && second)
			fprintf(stderr, say(ctl, "did you mean \"%s\"?\n", "是不是 \"%s\"?\n"), near);
		fputs(list.data, stderr);
		buf_fini(&list);
		fprintf(stderr, say(ctl, "see: gongctl help %s\n", "参见: gongctl help %s\n"), first);
		return CTL_USAGE;
	}
	if (near)
		return ctl_usage(ctl,
				 say(ctl, "there is no command \"%s%s%s\"; did you mean \"%s\"?",
				     "没有命令 \"%s%s%s\";是不是 \"%s\"?"),
				 first, second ? " " : "", second ? second : "", near);
	return ctl_usage(ctl, say(ctl, "there is no command \"%s%s%s\"", "没有命令 \"%s%s%s\""), first,
			 second ? " " : "", second ? second : "");
}

/* `help`, `help alert`, `help alert list`, and the same with -h behind the words. */
int
help_words(struct ctl *ctl, int argc, char **argv)
{
	int used = 0;
	const struct command *c = verb_find(ctl, argc, argv, &used);
	struct buf out = { 0 };

	if (argc && !c && (argc > 1 || !verb_is_group(ctl, argv[0]))) {
		ctl->command = NULL;
		return help_unknown(ctl, argc, argv);
	}
	if (ctl->json)
		return all_json(ctl, argc ? argv[0] : NULL, used > 1 ? argv[1] : NULL);
	if (!argc) {
		put_all(ctl, &out);
	} else {
		if (c)
			put_one(ctl, c, &out);
		if (argc == 1 && verb_is_group(ctl, argv[0])) {
			buf_puts(&out, c ? "\n" : "");
			put_verbs(ctl, argv[0], &out);
		}
	}
	ctl_page(ctl, &out);
	return CTL_OK;
}

int
help_verb(struct ctl *ctl)
{
	char *words[2] = { (char *)ctl->operands[0], (char *)ctl->operands[1] };

	return help_words(ctl, words[1] ? 2 : words[0] ? 1 : 0, words);
}

int
version_verb(struct ctl *ctl)
{
	if (ctl->json)
		return ctl_json(json_pack("{s:s}", "version", GONG_VERSION));
	puts("gongctl " GONG_VERSION);
	return CTL_OK;
}

/* -- for the shells: candidates for the last word, one a line, with a tab before what it is -- */

struct offer {
	const struct ctl *ctl;
	const char *begun;		/* what stands of the word */
};

static void
offer(const struct offer *o, const char *word, size_t len, const char *help)
{
	if (strncmp(word, o->begun, strlen(o->begun)) == 0 && len >= strlen(o->begun))
		printf("%.*s\t%s\n", (int)len, word, help ? help : "");
}

static void
offer_options(const struct offer *o, const struct option_spec *options)
{
	for (; options && options->name; options++)
		offer(o, options->name, strlen(options->name), options->help[o->ctl->lang]);
}

/* "real|drill|test", or the closed list that such a value has. */
static void
offer_choices(const struct offer *o, const char *arg)
{
	const char *choices = choices_of(arg);

	while (choices && *choices) {
		size_t len = strcspn(choices, "|");

		offer(o, choices, len, NULL);
		choices += len + (choices[len] == '|');
	}
}

static void
offer_verbs(const struct offer *o, const char *group)
{
	const struct command *before = NULL;

	for (const struct command *c = o->ctl->verbs; c->words; before = c++) {
		size_t len = first_word(c->words);

		if (group && is_of(c, group, strlen(group)) && c->words[len])
			offer(o, c->words + len + 1, strlen(c->words + len + 1), c->help[o->ctl->lang]);
		else if (!group && !(before && is_of(before, c->words, len)))
			offer(o, c->words, len, c->words[len] ? NULL : c->help[o->ctl->lang]);
	}
}

static const struct option_spec *
option_named(const struct option_spec *options, const char *name)
{
	for (; options && options->name; options++)
		if (strcmp(options->name, name) == 0)
			return options;
	return NULL;
}

/* The option whose value follows, or NULL. */
static const struct option_spec *
takes_value(const struct ctl *ctl, const struct command *c, const char *name)
{
	const struct option_spec *o = option_named(ctl->everywhere, name);

	if (!o)
		o = option_named(c ? c->options : NULL, name);
	return o && o->arg ? o : NULL;
}

/* Of the words before the last: the first two that are plain, and the option that is still open. */
static int
plain_words(const struct ctl *ctl, int argc, char **argv, char **plain, const struct option_spec **open)
{
	int words = 0, used = 0;

	*open = NULL;
	for (int i = 0; i + 1 < argc; i++) {
		const struct option_spec *before = *open;

		*open = NULL;
		if (before)
			continue;
		if (argv[i][0] == '-')
			*open = takes_value(ctl, verb_find(ctl, words, plain, &used), argv[i]);
		else if (words < 2)
			plain[words++] = argv[i];
	}
	return words;
}

int
help_complete(struct ctl *ctl, int argc, char **argv)
{
	struct offer o = { ctl, argc ? argv[argc - 1] : "" };
	char *plain[2] = { NULL, NULL };
	const struct option_spec *open;
	int used = 0, words = plain_words(ctl, argc, argv, plain, &open);
	const struct command *c = verb_find(ctl, words, plain, &used);

	if (open) {
		offer_choices(&o, open->arg);
	} else if (o.begun[0] == '-') {
		offer_options(&o, c ? c->options : NULL);
		offer_options(&o, ctl->everywhere);
	} else if (!words || (words == 1 && verb_is_group(ctl, plain[0]))) {
		offer_verbs(&o, words ? plain[0] : NULL);
	} else if (c && c->run == help_verb) {
		offer_verbs(&o, words == 2 ? plain[1] : NULL);
	}
	return CTL_OK;
}
