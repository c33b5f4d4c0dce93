/* main.c -- gongctl: the table of its commands, and the choice of one. */
#include "ctl/ctl.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
#define END { .name = NULL }
#define TEXTS(en, zh) { [LANG_EN] = en, [LANG_ZH] = zh }
#define FLAG(option, en, zh) { option, NULL, false, false, TEXTS(en, zh) }
#define ONE(option, arg, en, zh) { option, arg, false, false, TEXTS(en, zh) }
#define MUST(option, arg, en, zh) { option, arg, false, true, TEXTS(en, zh) }
#define MANY(option, arg, en, zh) { option, arg, true, false, TEXTS(en, zh) }

#define OPTION_PARAM \
	MANY("--param", "[CODE:]NAME=VALUE", \
	     "a parameter of the template, for everybody or for one division", \
	     "模板参数,或仅用于某地区")
#define OPTION_KIND \
	ONE("--kind", "KIND", "what it is about, such as rainstorm", "灾种,如 rainstorm")
#define OPTION_EXPIRES \
	ONE("--expires", "4h|INSTANT", "nothing is sent after it (duration or RFC 3339)", \
	    "此后不再发送(时长或 RFC 3339)")
#define OPTION_KEY \
	ONE("--key", "KEY", \
	    "idempotency key: the same key never sends twice (default: a new one, " \
	    "printed)", \
	    "幂等键:同一键不会重复发送(默认新生成并显示)")
#define OPTION_DRILL \
	FLAG("--drill", "a drill: marked in every text, own statistics", \
	     "演练:每条文本带标记,单独统计")
#define OPTION_TEST FLAG("--test", "a test: simulated routes only", "测试:只用模拟通道")
#define OPTION_DRY \
	FLAG("--dry-run", "send nothing; show steps, people, parts and forecast", \
	     "不发送;显示步骤、人数、条数与预计")

static const struct option_spec route_resume_options[] = {
	ONE("--note", "TEXT", "what was mended, for the audit", "已做的处理,记入审计"),
	END
};
static const struct option_spec route_test_options[] = {
	ONE("--text", "TEXT", "of the message to NUMBER", "发往 NUMBER 的短信内容"),
	ONE("--receipt-wait", "60s", "no receipt in this time is a failure",
	    "此时长内无回执即为失败"),
	END
};
static const struct option_spec send_options[] = {
	MANY("--division", "CODE", "village, township or county to be told",
	     "要通知的地区"),
	MUST("--severity", "COLOUR", "notice, blue, yellow, orange or red",
	     "notice、blue、yellow、orange 或 red"),
	ONE("--policy", "NAME",
	    "how to climb until somebody answers (default: told once)",
	    "叫应规则(默认只告知一次)"),
	OPTION_PARAM,
	OPTION_KIND,
	MANY("--role", "ROLE", "who is told, when the policy does not say",
	     "角色(规则未指定时)"),
	MANY("--contact", "REF", "extra persons", "额外联系人"),
	MANY("--without-division", "CODE", "leave out these places", "排除地区"),
	MANY("--without-contact", "REF", "leave out these persons", "排除联系人"),
	OPTION_KEY,
	OPTION_EXPIRES,
	ONE("--starts", "30m|INSTANT", "hold it until then", "到时才开始"),
	ONE("--replaces", "ID", "correct or end that alert", "更正或结束该告警"),
	FLAG("--whole", "end the replaced alert for everybody, also whom this one does not name",
	     "被替代告警全部结束,包括本次未涉及的地区"),
	FLAG("--reached", "only those whom the replaced alert reached",
	     "仅限被替代告警已通知到的人"),
	OPTION_DRILL,
	OPTION_TEST,
	OPTION_DRY,
	END
};
static const struct option_spec callout_options[] = {
	ONE("--role", "ROLE", "the duty that is called, by the roster",
	    "按值班表呼叫的岗位"),
	ONE("--division", "CODE", "where that duty is", "该岗位所在地区"),
	MANY("--contact", "REF", "these persons instead, one after the other",
	     "改为依次呼叫这些联系人"),
	OPTION_PARAM,
	ONE("--template", "NAME", "default duty.callout", "默认 duty.callout"),
	ONE("--policy", "NAME", "default duty.callout", "默认 duty.callout"),
	OPTION_KIND,
	OPTION_KEY,
	OPTION_EXPIRES,
	OPTION_DRILL,
	OPTION_TEST,
	OPTION_DRY,
	END
};
#define SINCE_EN ": the last 02:00, a day such as 2026-12-01 (in the site's zone), or RFC 3339"
#define SINCE_ZH ":最近一次 02:00、某日如 2026-12-01(按站点时区)或 RFC 3339"
static const struct option_spec alert_list_options[] = {
	FLAG("--open", "only those that still run", "只列未结束的"),
	ONE("--state", "WORD", "held, active, satisfied, exhausted, cancelled, expired; several with commas",
	    "held、active、satisfied、exhausted、cancelled、expired,可用逗号列多个"),
	ONE("--severity", "COLOUR", "only these, several with commas", "只列这些级别,可用逗号列多个"),
	ONE("--mode", "real|drill|test", "only these", "只列正式、演练或测试"),
	ONE("--client", "NAME", "only those of this client", "只列该客户端的"),
	ONE("--since", "02:00|DATE|INSTANT", "accepted then or later" SINCE_EN, "此时及以后受理的" SINCE_ZH),
	ONE("--division", "CODE", "only those that concern this place", "只列涉及该地区的"),
	ONE("--key", "KEY", "those under this key", "使用该幂等键的"),
	ONE("--limit", "N", "how many rows (default 50)", "行数(默认 50)"),
	END
};
static const struct option_spec show_options[] = {
	FLAG("--targets", "every place and its answer", "每个地区及其应答"),
	FLAG("--answers", "every answer", "每个应答"),
	FLAG("--messages", "every message", "每条消息"),
	FLAG("--events", "its story", "经过"),
	ONE("--limit", "N", "how many rows (default 10000)", "行数(默认 10000)"),
	END
};
static const struct option_spec answers_options[] = {
	ONE("--limit", "N", "how many rows (default 10000)", "行数(默认 10000)"),
	END
};
#define OPTION_NAME \
	ONE("--name", "WHO", "who you are, where several share one user", "经办人(多人共用一个用户时)")
#define OPTION_AGAIN \
	FLAG("--again", "though somebody has done so before", "此前已有人处理,仍要执行")
static const struct option_spec inbox_options[] = {
	FLAG("--open", "only those that nobody has decided", "只列待处理的"),
	ONE("--alert", "ID", "only those of this alert (id or code)", "只列该告警的(编号或单号)"),
	ONE("--contact", "REF", "only those from this person", "只列该联系人的"),
	ONE("--since", "02:00|DATE|INSTANT", "received then or later" SINCE_EN, "此时及以后收到的" SINCE_ZH),
	FLAG("--unmasked", "whole telephone numbers", "显示完整号码"),
	ONE("--limit", "N", "how many rows (default 50)", "行数(默认 50)"),
	END
};
static const struct option_spec assign_options[] = {
	MUST("--note", "TEXT", "why; it goes into the record", "依据,将存档"),
	ONE("--alert", "ID", "the alert it belongs to, id or code (default: as gong took it)",
	    "归入的告警,编号或单号(默认按系统判定)"),
	ONE("--contact", "REF", "whose answer it is (default: who wrote)", "谁的应答(默认来信人)"),
	ONE("--division", "CODE", "or the place that it answers for", "或代为应答的地区"),
	ONE("--level", "N", "2 answered, 3 acknowledged, 4 in post, 5 done",
	    "2 已接听,3 已确认,4 已到岗,5 已完成"),
	FLAG("--cannot", "it says: I cannot", "含义为:去不了"),
	FLAG("--asks-help", "it asks for help", "含义为:求助"),
	FLAG("--no-answer", "it belongs to the alert, but is no answer", "属于该告警,但不是应答"),
	OPTION_NAME,
	OPTION_AGAIN,
	END
};
static const struct option_spec ignore_options[] = {
	MUST("--note", "TEXT", "why; it goes into the record", "原因,将存档"),
	OPTION_NAME,
	OPTION_AGAIN,
	END
};
static const struct option_spec answer_options[] = {
	MUST("--text", "TEXT", "what is written back", "回复内容"),
	ONE("--alert", "ID", "the alert it is about (default: as gong took it)",
	    "相关告警(默认按系统判定)"),
	ONE("--note", "TEXT", "for the record", "备注"),
	OPTION_NAME,
	OPTION_AGAIN,
	END
};
static const struct option_spec watch_options[] = {
	ONE("--interval", "1s", "how often to look (100ms to 1h)",
	    "刷新间隔(100ms 至 1h)"),
	FLAG("--until-closed", "end when it is satisfied, cancelled or expired",
	     "达成、取消或过期后结束"),
	END
};
static const struct option_spec cancel_options[] = {
	ONE("--template", "NAME", "tell those who were reached", "用该模板通知已收到者"),
	OPTION_PARAM,
	ONE("--note", "TEXT", "why", "原因"),
	END
};
static const struct option_spec ack_options[] = {
	ONE("--division", "CODE", "the place that answered", "应答的地区"),
	ONE("--contact", "REF", "or the person", "或应答的联系人"),
	ONE("--level", "N", "2 answered, 3 acknowledged, 4 in post, 5 done",
	    "2 已接听,3 已确认,4 已到岗,5 已完成"),
	FLAG("--cannot", "the answer was: I cannot", "应答为:不能到"),
	ONE("--name", "WHO", "whom you spoke to", "与谁联系"),
	ONE("--note", "TEXT", "how, and what was said", "方式与内容"),
	END
};
static const struct option_spec task_list_options[] = {
	FLAG("--all", "closed ones too", "包括已办结的"),
	END
};
static const struct option_spec task_take_options[] = {
	OPTION_NAME,
	ONE("--from", "WHO", "who has it now, and hands it over", "现由谁办(从其手中接办)"),
	ONE("--note", "TEXT", "for the record", "备注"),
	END
};
static const struct option_spec task_note_options[] = {
	MUST("--note", "TEXT", "what there is to say of it", "进展"),
	OPTION_NAME,
	END
};
static const struct option_spec task_close_options[] = {
	MUST("--note", "TEXT", "what was done", "如何办结"),
	OPTION_NAME,
	END
};

static int help(struct ctl *);
static int version(struct ctl *);

#define HELP(en, zh)                                                                     \
	{                                                                                \
		[LANG_EN] = en, [LANG_ZH] = zh                                           \
	}
const struct command commands[] = {
	{ "import divisions",
	  { "FILE" },
	  NULL,
	  HELP("read places from a CSV file (- = stdin)",
	       "从 CSV 导入行政区划(- 为标准输入)"),
	  desk_import },
	{ "import contacts",
	  { "FILE" },
	  NULL,
	  HELP("read people and their posts from a CSV file", "从 CSV 导入联系人与岗位"),
	  desk_import },
	{ "import roster",
	  { "FILE" },
	  NULL,
	  HELP("read who is on duty when from a CSV file", "从 CSV 导入值班表"),
	  desk_import },
	{ "send",
	  { "TEMPLATE" },
	  send_options,
	  HELP("send an alert", "发送告警"),
	  send_alert },
	{ "callout",
	  { NULL },
	  callout_options,
	  HELP("call people to their post until one comes", "召集值班人员"),
	  send_callout },
	{ "alert list",
	  { NULL },
	  alert_list_options,
	  HELP("list alerts, newest first", "列出告警,新的在前"),
	  alert_list },
	{ "alert show",
	  { "ID" },
	  show_options,
	  HELP("show one alert", "显示一条告警"),
	  alert_show },
	{ "alert answers",
	  { "ID" },
	  answers_options,
	  HELP("show who answered what", "显示各人的应答"),
	  alert_answers },
	{ "alert watch",
	  { "[ID]" },
	  watch_options,
	  HELP("follow one alert live, or all that run", "实时查看一条告警,或全部进行中的"),
	  alert_watch },
	{ "alert cancel",
	  { "ID" },
	  cancel_options,
	  HELP("withdraw an alert and tell those reached", "取消告警,并通知已收到者"),
	  alert_cancel },
	{ "ack",
	  { "ID" },
	  ack_options,
	  HELP("enter an answer you were given by other means",
	       "登记以其他方式得到的应答"),
	  alert_ack },
	{ "inbox assign",
	  { "ID" },
	  assign_options,
	  HELP("say what a text means, and to which alert it belongs", "认定来信的含义及所属告警"),
	  inbox_decide },
	{ "inbox ignore",
	  { "ID" },
	  ignore_options,
	  HELP("put a text aside", "搁置来信"),
	  inbox_decide },
	{ "inbox answer",
	  { "ID" },
	  answer_options,
	  HELP("write back to the sender of a text", "回复来信人"),
	  inbox_decide },
	{ "inbox",
	  { NULL },
	  inbox_options,
	  HELP("list the texts that came in, newest first (! = nobody has decided)",
	       "列出来信,新的在前(! 为待处理)"),
	  inbox_list },
	{ "task list",
	  { NULL },
	  task_list_options,
	  HELP("list work that waits for the desk, the urgent first", "列出待办任务,紧急的在前"),
	  task_list },
	{ "task take",
	  { "ID" },
	  task_take_options,
	  HELP("say that you see to a task", "领办任务"),
	  task_do },
	{ "task note",
	  { "ID" },
	  task_note_options,
	  HELP("write down how a task goes", "记录任务进展"),
	  task_do },
	{ "task close",
	  { "ID" },
	  task_close_options,
	  HELP("close a task", "办结任务"),
	  task_do },
	{ "route list",
	  { NULL },
	  NULL,
	  HELP("list the ways out and their health", "列出通道及其状况"),
	  desk_route_list },
	{ "route test",
	  { "ROUTE", "[NUMBER]" },
	  route_test_options,
	  HELP("find out whether a route is fit, by a message if you like",
	       "检查通道是否可用,可发一条短信"),
	  route_test },
	{ "route resume",
	  { "ROUTE" },
	  route_resume_options,
	  HELP("start a route that has stopped for good, or end its pause",
	       "重新启动已停止的通道,或结束其暂停"),
	  route_resume },
	{ "modem list",
	  { "[PORTS]" },
	  NULL,
	  HELP("list the modems of this machine and their routes",
	       "列出本机的调制解调器及所属通道"),
	  modem_list },
	{ "modem probe",
	  { "DEVICE" },
	  NULL,
	  HELP("ask one port what is behind it", "探测一个端口"),
	  modem_probe },
	{ "modem at",
	  { "ROUTE", "COMMAND" },
	  NULL,
	  HELP("give a route's modem an AT command", "向通道的调制解调器发 AT 命令"),
	  modem_ask },
	{ "modem ussd",
	  { "ROUTE", "CODE" },
	  NULL,
	  HELP("send a code such as *100# by a route", "经通道发送 USSD 代码(如 *100#)"),
	  modem_ask },
	{ "modem send-test",
	  { "ROUTE", "NUMBER", "[TEXT]" },
	  NULL,
	  HELP("send a test message by a route, and time it", "经通道发测试短信并计时"),
	  modem_send_test },
	{ "help",
	  { NULL },
	  NULL,
	  HELP("show all commands, or one: help COMMAND", "显示全部命令,或:help 命令"),
	  help },
	{ "version", { NULL }, NULL, HELP("show the version", "显示版本"), version },
	{ .words = NULL }
};

static const struct option_spec global_options[] = {
	ONE("--socket", "PATH",
	    "gongd's socket (default $GONG_SOCKET, then " SOCKET_DEFAULT ")",
	    "gongd 的套接字(默认 $GONG_SOCKET,再 " SOCKET_DEFAULT ")"),
	ONE("--config", "FILE", "read the socket's path from this gong.conf",
	    "从该 gong.conf 读取套接字路径"),
	FLAG("--json", "print gongd's answers as JSON", "以 JSON 输出"),
	ONE("--lang", "zh|en", "language (default: from LC_ALL, LC_MESSAGES, LANG)",
	    "语言"),
	END
};

/* clang-format on */

static int
version(struct ctl *ctl)
{
	puts("gongctl " GONG_VERSION);
	return CTL_OK;
}

static void
options_table(const struct ctl *ctl, const struct option_spec *options)
{
	const char *const titles[] = { say(ctl, "options:", "选项:"), " ", NULL };
	struct buf out = { 0 };
	struct grid t;

	if (!options)
		return;
	grid_init(&t, 0, titles);
	for (; options->name; options++) {
		grid_cellf(&t, "  %s%s%s%s", options->name, options->arg ? " " : "",
			   options->arg ? options->arg : "", options->many ? "…" : "");
		grid_cell(&t, options->help[ctl->lang]);
	}
	grid_put(&t, &out, 0, 0);
	ctl_print(&out);
	grid_fini(&t);
}

static void
help_all(const struct ctl *ctl)
{
	const char *const titles[] = { say(ctl, "commands:", "命令:"), " ", NULL };
	struct buf out = { 0 };
	struct grid t;

	buf_puts(&out, say(ctl,
			   "usage: gongctl [--socket PATH | --config FILE] [--json] "
			   "[--lang zh|en] COMMAND\n",
			   "用法:gongctl [--socket PATH | --config FILE] "
			   "[--json] [--lang zh|en] 命令\n"));
	grid_init(&t, 0, titles);
	for (const struct command *c = commands; c->words; c++) {
		struct buf line = { 0 };

		buf_printf(&line, "  %s", c->words);
		for (int i = 0; c->operands[i]; i++)
			buf_printf(&line, " %s", c->operands[i]);
		grid_cell(&t, line.data);
		buf_fini(&line);
		grid_cell(&t, c->help[ctl->lang]);
	}
	grid_put(&t, &out, 0, 0);
	ctl_print(&out);
	grid_fini(&t);
	options_table(ctl, global_options);
	puts(say(ctl,
		 "exit: 0 done, 1 refused by gongd, 2 wrong use, 3 gongd not reachable",
		 "退出码:0 成功,1 被 gongd 拒绝,2 用法错误,3 无法连接 gongd"));
}

/* The command whose words are the first of argv; *used says how many. */
static const struct command *
find_command(int argc, char **argv, int *used)
{
	for (const struct command *c = commands; c->words; c++) {
		const char *space = strchr(c->words, ' ');
		size_t first = space ? (size_t)(space - c->words) : strlen(c->words);

		if (argc < 1 || strlen(argv[0]) != first ||
		    strncmp(argv[0], c->words, first) != 0)
			continue;
		*used = space ? 2 : 1;
		if (!space || (argc > 1 && strcmp(argv[1], space + 1) == 0))
			return c;
	}
	return NULL;
}

static void
help_one(const struct ctl *ctl, const struct command *c)
{
	struct buf line = { 0 };

	command_synopsis(c, &line);
	printf("%s\n%s\n", line.data, c->help[ctl->lang]);
	buf_fini(&line);
	options_table(ctl, c->options);
}

/* `help`, `help alert`, `help alert list`: every command that begins with the words
 * given. */
static int
help(struct ctl *ctl)
{
	const char *first = ctl->operands[0], *second = ctl->operands[1];
	bool found = false;

	if (!first) {
		help_all(ctl);
		return CTL_OK;
	}
	for (const struct command *c = commands; c->words; c++) {
		size_t len = strlen(first);
		bool fits = strncmp(c->words, first, len) == 0 &&
			    (c->words[len] == '\0' || c->words[len] == ' ');

		if (!fits || (second && (c->words[len] != ' ' ||
					 strcmp(c->words + len + 1, second) != 0)))
			continue;
		if (found)
			putchar('\n');
		help_one(ctl, c);
		found = true;
	}
	if (found)
		return CTL_OK;
	ctl->command = NULL;
	return ctl_usage(
		ctl, say(ctl, "there is no command \"%s%s%s\"", "没有命令 \"%s%s%s\""),
		first, second ? " " : "", second ? second : "");
}

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

/* Options that may stand before the command or behind it: removed from argv when taken.
 */
static int
global_args(struct ctl *ctl, int *argc, char **argv, const char **config)
{
	int kept = 0, code = CTL_OK;

	for (int i = 0; i < *argc && code == CTL_OK; i++) {
		const struct option_spec *o = global_options;
		size_t len = strcspn(argv[i], "=");
		const char *value;

		while (o->name &&
		       (strlen(o->name) != len || strncmp(o->name, argv[i], len) != 0))
			o++;
		if (!o->name) {
			argv[kept++] = argv[i];
			continue;
		}
		if (!o->arg) {
			ctl->json = true;
			continue;
		}
		value = argv[i][len]    ? argv[i] + len + 1
			: i + 1 < *argc ? argv[++i]
					: NULL;
		if (!value || !*value)
			return ctl_usage(
				ctl,
				say(ctl, "%s needs a value: %s %s", "%s 缺少值:%s %s"),
				o->name, o->name, o->arg);
		code = global_value(ctl, o->name, value, config);
	}
	*argc = kept;
	return code;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	int used = 0;

	if (argc == 0 || strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
		help_all(ctl);
		return argc ? CTL_OK : CTL_USAGE;
	}
	if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "-V") == 0)
		return version(ctl);
	ctl->command = find_command(argc, argv, &used);
	if (!ctl->command)
		return ctl_usage(
			ctl,
			say(ctl, "there is no command \"%s%s%s\"", "没有命令 \"%s%s%s\""),
			argv[0], argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
	if (ctl->command->run == help) {
		ctl->operands[0] = argc > 1 ? argv[1] : NULL;
		ctl->operands[1] = argc > 2 ? argv[2] : NULL;
		return help(ctl);
	}
	if (args_parse(ctl, argc - used, argv + used) != CTL_OK)
		return CTL_USAGE;
	return ctl->command->run(ctl);
}

int
main(int argc, char **argv)
{
	struct ctl ctl = { 0 };
	const char *config = NULL;
	int code;

	choose_language(&ctl);
	signal(SIGPIPE, SIG_DFL);
	argc--;
	code = global_args(&ctl, &argc, argv + 1, &config);
	if (code == CTL_OK)
		code = socket_choose(&ctl, config);
	if (code == CTL_OK)
		code = run(&ctl, argc, argv + 1);
	client_close(&ctl);
	args_free(&ctl);
	free(ctl.socket_found);
	free(ctl.driver_dir);
	return code;
}
