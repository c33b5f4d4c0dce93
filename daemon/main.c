/* main.c -- gongd: options, settings, the state folder, then the loop. */
#include <getopt.h>
#include <malloc.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
#include "daemon/check.h"
#include "daemon/check/report.h"
#include "daemon/heard.h"
#include "daemon/log.h"
#include "daemon/loop.h"
#include "daemon/restore.h"
#include "daemon/settings/settings.h"
#include "daemon/store/guard.h"
#include "daemon/store/hand.h"

#define CONFIG_DEFAULT "/etc/gong/gong.conf"

static const char *const usage[LANG_COUNT] = {
	[LANG_EN] =
	"usage: gongd [--config FILE] [--check [--json] | --check-store] [--lang zh|en]\n"
	"       gongd [--config FILE] --restore FILE [--yes] [--lang zh|en]\n"
	"  -c, --config FILE  settings (default " CONFIG_DEFAULT ")\n"
	"      --check        look at settings, texts, ladders, drivers, lists and the machine, say what\n"
	"                     would fail, and end: 0 = nothing is wrong, 1 = something is\n"
	"      --json         the same as JSON\n"
	"      --check-store  look at the store alone: 1 = this gongd would not start on it\n"
	"      --restore FILE put a copy of the store in its place, while no gongd runs; what was open is\n"
	"                     held until the desk resumes it\n"
	"      --yes          though something is lost by it\n"
	"      --lang zh|en   its language (default: from LC_ALL, LC_MESSAGES, LANG)\n"
	"      --version      print the version\n"
	"  -h, --help         print this\n"
	"SIGHUP reloads the settings; SIGTERM stops.  See gongd(8).\n",
	[LANG_ZH] =
	"用法: gongd [--config 文件] [--check [--json] | --check-store] [--lang zh|en]\n"
	"      gongd [--config 文件] --restore 文件 [--yes] [--lang zh|en]\n"
	"  -c, --config 文件  设置文件(默认 " CONFIG_DEFAULT ")\n"
	"      --check        检查设置、模板、叫应规则、驱动、名单和本机,说明哪里会出问题后退出:\n"
	"                     0 = 没有错误,1 = 有错误\n"
	"      --json         以 JSON 输出检查结果\n"
	"      --check-store  只检查数据库:1 = 本版 gongd 无法用它启动\n"
	"      --restore 文件 在 gongd 未运行时用备份替换数据库;当时进行中的告警由值班台恢复后才继续\n"
	"      --yes          即使因此丢失内容,仍要执行\n"
	"      --lang zh|en   语言(默认按 LC_ALL、LC_MESSAGES、LANG)\n"
	"      --version      显示版本\n"
	"  -h, --help         显示本说明\n"
	"SIGHUP 重读设置,SIGTERM 停止。详见 man -L zh_CN gongd。\n",
};

struct options {
	const char *config;
	const char *restore;		/* a copy; or NULL */
	bool check, check_store, json, yes;
	bool lang_given;
	int lang;			/* of the check; -1 = by the locale */
};

static enum lang
help_lang(const struct options *o)
{
	return o->lang >= 0 ? (enum lang)o->lang : report_lang();
}

/* Says what is wrong with the command line, and how it is written; returns the exit status. */
static int
misused(const struct options *o, enum phrase phrase, const char *word, const char *of)
{
	char text[SAID_BYTES];
	struct said said;

	said_fill(&said, phrase, (const char *const[]){ word, of });
	said_render(&said, help_lang(o), text, sizeof(text));
	fprintf(stderr, "gongd: %s\n%s", text, usage[help_lang(o)]);
	return 2;
}

/* getopt says what it does not know in English only, so it says nothing. */
static int
unknown(const struct options *o, int c, char *const *argv)
{
	char letter[] = { '-', (char)optopt, '\0' };
	const char *word = optopt && strncmp(argv[optind - 1], "--", 2) != 0 ? letter : argv[optind - 1];

	return misused(o, c == ':' ? PHRASE_start_option_value : PHRASE_start_option_unknown, word, NULL);
}

static int
check_options(const struct options *o, const char *extra)
{
	int works = o->check + o->check_store + !!o->restore;

	if (extra)
		return misused(o, PHRASE_start_not_expected, extra, NULL);
	if (o->lang_given && o->lang < 0)
		return misused(o, PHRASE_start_lang, "--lang", NULL);
	if (works > 1)
		return misused(o, PHRASE_start_one_of, NULL, NULL);
	if (o->json && !o->check)
		return misused(o, PHRASE_start_belongs, "--json", "--check");
	if (o->yes && !o->restore)
		return misused(o, PHRASE_start_belongs, "--yes", "--restore");
	if (o->lang_given && !works)
		return misused(o, PHRASE_start_belongs, "--lang", "--check, --check-store, --restore");
	return -1;
}

/* -1: go on; otherwise the exit status. */
static int
read_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' }, { "check", no_argument, NULL, 'k' },
		{ "json", no_argument, NULL, 'j' }, { "restore", required_argument, NULL, 'r' },
		{ "yes", no_argument, NULL, 'y' },
		{ "check-store", no_argument, NULL, 's' }, { "lang", required_argument, NULL, 'l' },
		{ "version", no_argument, NULL, 'v' }, { "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool help = false;
	int c;

	*o = (struct options){ .config = CONFIG_DEFAULT, .lang = -1 };
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:h", longs, NULL)) >= 0) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'k':
			o->check = true;
			break;
		case 'j':
			o->json = true;
			break;
		case 'r':
			o->restore = optarg;
			break;
		case 's':
			o->check_store = true;
			break;
		case 'y':
			o->yes = true;
			break;
		case 'l':
			o->lang_given = true;
			o->lang = lang_parse(optarg);
			break;
		case 'v':
			puts("gongd " GONG_VERSION);
			return 0;
		case 'h':
			help = true;
			break;
		default:
			return unknown(o, c, argv);
		}
	}
	if (help) {
		fputs(usage[help_lang(o)], stdout);
		return 0;
	}
	return check_options(o, optind < argc ? argv[optind] : NULL);
}

static char *
in_state(const struct settings *s, const char *name)
{
	struct buf path = { 0 };

	buf_printf(&path, "%s/%s", s->state_dir, name);
	return buf_take(&path);
}

/* As root it would leave files there that gong cannot write at its next start. */
static int
check_owner(const char *state_dir, struct err *err)
{
	const struct passwd *owner;
	struct stat st;
	char number[24];

	if (geteuid() != 0 || stat(state_dir, &st) < 0 || st.st_uid == 0)
		return 0;
	owner = getpwuid(st.st_uid);
	return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), start_as_owner, state_dir,
		       owner ? owner->pw_name : number_text(number, st.st_uid));
}

/* What the process before this one died of, with the thing it had in hand, is told at once. */
static struct hand_page *
open_hand(const struct settings *s)
{
	static const char *const words[] = { "nothing", "a command", "a step", "a wave", "a due thing",
					     "memory", "a text", "an import" };
	char *path = in_state(s, "hand");
	struct hand_page *hand = hand_open(path);
	struct hand what;
	unsigned deaths;

	if (hand_last_signal(hand) && hand_death(hand, 0, &what, &deaths))
		log_line(LOG_ERROR, "gongd died before signal=%d in_hand=\"%s\" id=%llu row=%u "
			 "deaths=%u", hand_last_signal(hand), words[what.kind % HAND_KIND_COUNT],
			 (unsigned long long)what.a, what.row, deaths);
	if (hand_was_hung(hand))
		log_line(LOG_ERROR, "gongd was ended while its disk hung");
	free(path);
	return hand;
}

/* Who starts gongd by hand reads it in his language; the log, which is the journal's, is English. */
static void
say_to_terminal(const struct err *err)
{
	char text[2 * SAID_BYTES];

	said_render(&err->said, report_lang(), text, sizeof(text));
	fprintf(stderr, "gongd: %s\n", text);
}

int
main(int argc, char **argv)
{
	struct options options;
	struct settings *settings;
	struct err err = { 0 };
	struct rlimit none = { 0, 0 };
	struct guard *guard = NULL;
	struct hand_page *hand = NULL;
	char *store, *ballast, *run;
	int rc = read_options(argc, argv, &options);

	if (rc >= 0)
		return rc;
	if (options.check)
		return check_run(options.config, options.lang, options.json);
	if (options.check_store)
		return check_store_run(options.config, options.lang);
	if (options.restore)
		return restore_run(options.config, options.restore, options.yes, options.lang);
	if (settings_load(&settings, options.config, &heard_in_log, &err) < 0) {
		if (isatty(STDERR_FILENO))
			say_to_terminal(&err);
		else
			fprintf(stderr, "gongd: %s\n", err.text);
		return 1;
	}
	/* A turn's memory is taken again by the next one, not given back to the kernel between. */
	mallopt(M_TRIM_THRESHOLD, 32 << 20);
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
	setrlimit(RLIMIT_CORE, &none);	/* secrets stay out of core files */
	umask(027);
	setenv("TZ", settings->timezone, 1);
	tzset();
	store = in_state(settings, "gong.db");
	ballast = in_state(settings, "ballast");
	run = in_state(settings, "port");
	rc = check_owner(settings->state_dir, &err);
	if (rc == 0)
		rc = guard_open(&guard, store, &err);	/* one gongd a state folder */
	if (rc == 0) {
		hand = open_hand(settings);
		rc = loop_run(settings, &(struct loop_files){ store, ballast, run, guard, hand },
			      &err);
	}
	if (rc < 0 && isatty(STDERR_FILENO))
		say_to_terminal(&err);
	if (rc < 0)
		log_line(LOG_ERROR, "gongd cannot start reason=\"%s\"", err.text);
	hand_close(hand);
	guard_close(guard);
	free(store);
	free(ballast);
	free(run);
	settings_unref(settings);
	return rc < 0 ? 1 : 0;
}
