/* verbs.c -- the one table of what gongctl can do: verbs, their operands and options, each with its
 * line of help in both languages.  The parser, the help, the completion and the manual's check read
 * it; nothing of the command line is written anywhere else. */
#include "ctl/ctl.h"

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
	ONE("--kind", "KIND", "what it is about, such as rainstorm", "灾种,如 暴雨")
#define OPTION_EXPIRES \
	ONE("--expires", "4h|INSTANT", "nothing is sent after it: 4h, 8:00 or 2026/11/30 8:00", \
	    "此后不再发送:4小时、8:00 或 2026/11/30 8:00")
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

#define OPTION_WATCH \
	FLAG("--watch", "go on, and show what changes", "持续显示变化")

static const struct option_spec watched_options[] = { OPTION_WATCH, END };
static const struct option_spec route_resume_options[] = {
	ONE("--note", "TEXT", "what was mended, for the audit", "已做的处理,记入审计"),
	END
};
static const struct option_spec route_test_options[] = {
	ONE("--text", "TEXT", "of the message to NUMBER", "发往 号码 的短信内容"),
	ONE("--receipt-wait", "60s", "no receipt in this time is a failure",
	    "此时长内无回执即为失败"),
	END
};
static const struct option_spec send_options[] = {
	MANY("--division", "CODE", "village, township or county to be told",
	     "要通知的地区"),
	ONE("--severity", "COLOUR", "notice, blue, yellow, orange or red",
	    "通知、蓝色、黄色、橙色或红色"),
	ONE("--policy", "NAME",
	    "how to climb until somebody answers (default: told once)",
	    "叫应规则(默认只告知一次)"),
	OPTION_PARAM,
	ONE("--kind", "KIND", "what it is about, such as rainstorm; without TEMPLATE it finds text and ladder by the colour",
	    "灾种,如 暴雨;不写 模板 时由灾种表按颜色选定模板和叫应规则"),
	ONE("--further", "NAME", "what follows of that kind, such as move (gongctl kind show KIND)",
	    "该灾种的后续(用 gongctl kind show 灾种 查看)"),
	ONE("--asker", "REF", "who asked for it, and is told when all is done", "报警人,全部完成后会收到短信"),
	MANY("--role", "ROLE", "who is told, when the policy does not say",
	     "角色(规则未指定时)"),
	MANY("--contact", "REF", "extra persons", "额外联系人"),
	MANY("--tag", "TAG", "whoever has it (skills:diving), with a post in --division if that is given",
	     "有该标签的人(如 专长:潜水);写明地区时,只限在其内有岗位的"),
	MANY("--without-division", "CODE", "leave out these places", "排除地区"),
	MANY("--without-contact", "REF", "leave out these persons", "排除联系人"),
	OPTION_KEY,
	OPTION_EXPIRES,
	ONE("--starts", "30m|INSTANT", "hold it until then: 30m, 8:00 or 2026/11/30 8:00",
	    "到时才开始:30分、8:00 或 2026/11/30 8:00"),
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
static const struct option_spec preview_options[] = {
	MUST("--division", "CODE,…", "whose text; with several also that of somebody who has seats in all",
	     "看哪个地区的文字;写多个时,另列兼任各处者所收的"),
	OPTION_PARAM,
	ONE("--severity", "COLOUR", "colour of the alert (default red)", "告警颜色(默认红色)"),
	ONE("--kind", "KIND", "what it is about, such as rainstorm", "灾种,如 暴雨"),
	ONE("--language", "zh|en", "only this language", "只看这种语言"),
	ONE("--channel", "CHANNEL", "sms or voice only", "只看短信或语音"),
	OPTION_DRILL,
	END
};
static const struct option_spec callout_options[] = {
	ONE("--role", "ROLE", "the duty that is called, by the roster",
	    "按值班表呼叫的角色"),
	ONE("--division", "CODE", "where that duty is", "该角色所在地区"),
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
#define SINCE_EN ": the last 02:00, 2h ago, a day or 2026/12/01 8:00, in the site's zone"
#define SINCE_ZH ":最近一次 02:00、2小时(前)、某日或 2026/12/01 8:00,按站点时区"
static const struct option_spec check_options[] = {
	ONE("--within", "CODE", "only this place, township by township", "只查该地区,按乡镇列出"),
	ONE("--since", "02:00|2h|DATE|INSTANT", "a number seen to work then or later is verified (default: a year ago)",
	    "此时及以后有效的号码算已验证(默认一年内)"),
	FLAG("--all", "every finding, not only the first of each group", "列出全部,不只每组前几条"),
	FLAG("--unmasked", "whole telephone numbers", "显示完整号码"),
	END
};
static const struct option_spec alert_list_options[] = {
	FLAG("--open", "only those that still run", "只列未结束的"),
	ONE("--state", "STATE", "held, active, satisfied, exhausted, cancelled or expired; several with commas",
	    "待签发、进行中、已达成、步骤已尽、已取消、已过期,可用逗号列多个"),
	ONE("--severity", "COLOUR", "only these, several with commas", "只列这些级别,可用逗号列多个"),
	ONE("--mode", "real|drill|test", "only these", "只列正式、演练或测试"),
	ONE("--client", "NAME", "only those of this client", "只列该客户端的"),
	ONE("--since", "02:00|2h|DATE|INSTANT", "accepted then or later" SINCE_EN, "此时及以后受理的" SINCE_ZH),
	ONE("--division", "CODE", "only those that concern this place", "只列涉及该地区的"),
	ONE("--key", "KEY", "those under this key", "使用该幂等键的"),
	ONE("--limit", "N", "how many rows (default 50)", "行数(默认 50)"),
	OPTION_WATCH,
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
	ONE("--since", "02:00|2h|DATE|INSTANT", "received then or later" SINCE_EN, "此时及以后收到的" SINCE_ZH),
	FLAG("--unmasked", "whole telephone numbers", "显示完整号码"),
	ONE("--limit", "N", "how many rows (default 50)", "行数(默认 50)"),
	OPTION_WATCH,
	END
};
static const struct option_spec assign_options[] = {
	MUST("--note", "TEXT", "why; it goes into the record", "依据,将存档"),
	ONE("--alert", "ID", "the alert it belongs to, id or code (default: as gong took it)",
	    "归入的告警,编号或单号(默认按系统判定)"),
	ONE("--contact", "REF", "whose answer it is (default: who wrote)", "谁的应答(默认来信人)"),
	ONE("--division", "CODE", "or the place that it answers for", "或代为应答的地区"),
	ONE("--level", "LEVEL", "2 answered, 3 acknowledged, 4 in post, 5 done",
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
	FLAG("--lift", "the danger is over: tell them by the template of the alert's kind",
	     "险情解除:用灾种表的解除模板通知已收到者"),
	OPTION_PARAM,
	ONE("--note", "TEXT", "why", "原因"),
	END
};
static const struct option_spec alert_resume_options[] = {
	ONE("--note", "TEXT", "what you made sure of, for the audit", "已核实的情况,记入审计"),
	END
};
static const struct option_spec ack_options[] = {
	ONE("--division", "CODE", "the place that answered", "应答的地区"),
	ONE("--contact", "REF", "or the person", "或应答的联系人"),
	ONE("--level", "LEVEL", "2 answered, 3 acknowledged, 4 in post, 5 done",
	    "2 已接听,3 已确认,4 已到岗,5 已完成"),
	FLAG("--cannot", "the answer was: I cannot", "应答为:不能到"),
	ONE("--name", "WHO", "whom you spoke to", "与谁联系"),
	ONE("--note", "TEXT", "how, and what was said", "方式与内容"),
	END
};
static const struct option_spec task_list_options[] = {
	FLAG("--all", "closed ones too", "包括已办结的"),
	OPTION_WATCH,
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

static const struct option_spec source_list_options[] = { OPTION_WATCH, END };
static const struct option_spec signal_list_options[] = {
	ONE("--source", "SOURCE", "only of this source", "只列该来源的"),
	ONE("--state", "new|matched|unmatched|held|ignored|refused", "only these", "只列该状态的"),
	ONE("--limit", "N", "how many rows (default 50)", "行数(默认 50)"),
	OPTION_WATCH,
	END
};
static const struct option_spec signal_do_options[] = {
	ONE("--note", "TEXT", "why, for the audit", "理由,记入审计"),
	END
};

#define OPTION_BY ONE("--by", "WHO", "who you are, where several share one user", "经办人(多人共用一个用户时)")
static const struct option_spec contact_find_options[] = {
	ONE("--role", "ROLE", "who holds this role, or one of this family", "担任该角色(或该组角色)的"),
	ONE("--division", "CODE", "who has a post there or within it", "在该地区或其下有岗位的"),
	ONE("--tag", "TAG", "who has this tag", "有该标签的"),
	FLAG("--inactive", "only those who are not active", "只列已停用的"),
	FLAG("--unmasked", "whole telephone numbers", "显示完整号码"),
	ONE("--limit", "N", "how many rows (default 50)", "行数(默认 50)"),
	END
};
static const struct option_spec contact_show_options[] = {
	FLAG("--masked", "telephone numbers without their middle", "号码隐去中间几位"),
	END
};
static const struct option_spec contact_edit_options[] = {
	ONE("--name", "NAME", "the person's name", "姓名"),
	MANY("--phone", "NUMBER", "all numbers, the preferred first; NUMBER:sms, NUMBER:voice = for that only",
	     "全部号码,首选在前;号码:短信、号码:语音 表示只作此用"),
	ONE("--language", "zh|en", "in which texts go to the person", "接收文本的语言"),
	MANY("--post", "ROLE@CODE[:N]", "all posts; N: 1 principal, 2 deputy …", "全部岗位;N:1 主要责任人,2 副职……"),
	FLAG("--no-posts", "takes all posts away", "取消全部岗位"),
	MANY("--tag", "TAG", "all tags (skills:diving)", "全部标签(如 专长:潜水)"),
	FLAG("--no-tags", "takes all tags away", "取消全部标签"),
	FLAG("--yes", "though a place loses its last person", "即使某地因此无人,仍要执行"),
	ONE("--note", "TEXT", "why, for the audit", "原因,记入审计"),
	OPTION_BY,
	END
};
static const struct option_spec contact_active_options[] = {
	FLAG("--yes", "though a place loses its last person", "即使某地因此无人,仍要执行"),
	ONE("--note", "TEXT", "why, for the audit", "原因,记入审计"),
	OPTION_BY,
	END
};
static const struct option_spec contact_optin_options[] = {
	MUST("--note", "TEXT", "how the person asked for it; it goes into the audit", "本人如何要求恢复,记入审计"),
	OPTION_BY,
	END
};
static const struct option_spec rows_options[] = {
	ONE("--limit", "N", "how many rows (default 50)", "行数(默认 50)"),
	END
};
static const struct option_spec division_find_options[] = {
	ONE("--division", "CODE", "all places within it", "其下全部地区"),
	ONE("--limit", "N", "how many rows (default 1000)", "行数(默认 1000)"),
	END
};

static const struct option_spec division_edit_options[] = {
	ONE("--name", "NAME", "the place's name", "地区名称"),
	ONE("--name-en", "NAME", "its name in English texts; empty takes it away", "英文名(写空则取消)"),
	MANY("--param", "NAME=VALUE", "what texts say of it (shelter=…); NAME= takes one away",
	     "短信中用到的该地参数(如避险点);写 名称= 则取消"),
	ONE("--note", "TEXT", "why, for the audit", "原因,记入审计"),
	OPTION_BY,
	END
};

static const struct option_spec export_options[] = {
	ONE("--output", "FILE", "where it is written: a workbook if it ends in .xlsx (default: to the screen)",
	    "写入的文件(默认输出到屏幕)"),
	END
};

#define IMPORT_OPTIONS \
	ONE("--sheet", "NAME", "of an .xlsx file; else the first that is not hidden", \
	    "表格文件中的工作表;缺省为第一个未隐藏的"), \
	FLAG("--dry-run", "only show what it would do", "只显示会改什么"), \
	FLAG("--yes", "ask nothing", "不再询问"), \
	ONE("--limit", "N", "at most so many rows shown of each kind (20)", "每类最多显示的行数(20)")
static const struct option_spec import_contacts_options[] = {
	IMPORT_OPTIONS,
	ONE("--within", "CODE", "what the file lacks of this place", "列出该地区里文件没有的人"),
	FLAG("--replace", "with --within: who is not in the file loses his posts there",
	     "与 --within 同用:文件里没有的人失去在该地区的岗位"),
	FLAG("--unmasked", "show whole numbers", "显示完整号码"),
	END
};
static const struct option_spec import_divisions_options[] = {
	IMPORT_OPTIONS,
	ONE("--within", "CODE", "what the file lacks of this place", "列出该地区里文件没有的区划"),
	END
};
static const struct option_spec import_roster_options[] = { IMPORT_OPTIONS, END };
static const struct option_spec import_geometry_options[] = {
	ONE("--code", "NAME", "the property that has the code (default: one of the usual names, else the feature's id)",
	    "哪个属性是区划代码(默认为常用的属性名,否则用要素编号)"),
	ONE("--simplify", "METRES", "take out points that change less (default 20, 0 = none)",
	    "简化:略去影响小于此数的点(默认 20 米,0 为不简化)"),
	ONE("--tolerance", "METRES", "so far beyond the place above it is still inside (default 500)",
	    "可超出上级边界的距离(默认 500 米)"),
	FLAG("--dry-run", "only show what it would do", "只显示会改什么"),
	FLAG("--yes", "ask nothing", "不再询问"),
	ONE("--limit", "N", "at most so many rows shown of each kind (20)", "每类最多显示的行数(20)"),
	END
};
static const struct option_spec area_options[] = {
	ONE("--share", "PERCENT", "a place is touched from so much of it on (default 1)",
	    "占地区面积多少起算涉及(默认 1)"),
	END
};
static const struct option_spec export_geometry_options[] = {
	ONE("--output", "FILE", "where it is written (default: to the screen)", "写入的文件(默认输出到屏幕)"),
	END
};
static const struct option_spec setup_options[] = {
	ONE("--texts", "zh|en", "language of the texts", "短信和电话的语言"),
	ONE("--office", "NAME", "the office's name in Chinese", "单位名称"),
	ONE("--office-en", "NAME", "the office's name in English", "单位英文名"),
	ONE("--country", "DIGITS", "country code, 86", "国家代码,如 86"),
	ONE("--area", "DIGITS", "area code of landlines, - for none", "固定电话区号,没有写 -"),
	ONE("--signature", "TEXT", "signature of Chinese texts, with or without 【】", "短信签名,可不写【】"),
	ONE("--route", "ROUTE", "a modem's path, a provider's profile, or sim (reaches nobody)",
	    "调制解调器路径、平台名称,或 sim(不会联系任何人)"),
	MANY("--value", "NAME=VALUE", "what the provider's profile needs", "平台所需的参数"),
	ONE("--county", "DIGITS", "the county's code, 6 digits", "县(区)区划代码,6位"),
	ONE("--officer", "WHO", "the duty officer's name", "值班员姓名"),
	ONE("--phone", "NUMBER", "the duty officer's telephone", "值班员电话"),
	ONE("--output", "FILE", "the settings (default /etc/gong/gong.conf)", "设置文件(默认 /etc/gong/gong.conf)"),
	ONE("--port", "DIGITS", "where gongd listens (default 8035)", "gongd 的端口(默认 8035)"),
	FLAG("--overwrite", "though the file is there: a dated copy is kept", "文件已存在也写入(保留带日期的副本)"),
	END
};

const struct command commands[] = {
	{ "import divisions",
	  { "FILE" },
	  import_divisions_options,
	  TEXTS("read places from a CSV or .xlsx file (- = stdin)",
	       "从 CSV 或表格文件导入行政区划(- 为标准输入)"),
	  import_list },
	{ "import contacts",
	  { "FILE" },
	  import_contacts_options,
	  TEXTS("read people and their posts from a CSV or .xlsx file", "从 CSV 或表格文件导入联系人与岗位"),
	  import_list },
	{ "import roster",
	  { "FILE" },
	  import_roster_options,
	  TEXTS("read who is on duty when from a CSV or .xlsx file", "从 CSV 或表格文件导入值班表"),
	  import_list },
	{ "import geometry",
	  { "FILE" },
	  import_geometry_options,
	  TEXTS("read where places lie from a GeoJSON file (WGS 84)", "从 GeoJSON 文件导入区划范围(WGS 84)"),
	  import_list },
	{ "check",
	  { NULL },
	  check_options,
	  TEXTS("say what the lists lack before the season: whom nobody could call comes first",
	       "检查名单:缺什么,最先出问题的在前"),
	  season_check },
	{ "send",
	  { "[TEMPLATE]" },
	  send_options,
	  TEXTS("send an alert", "发送告警"),
	  send_alert },
	{ "callout",
	  { NULL },
	  callout_options,
	  TEXTS("call people to their post until one comes", "召集值班人员"),
	  send_callout },
	{ "alert list",
	  { NULL },
	  alert_list_options,
	  TEXTS("list alerts, newest first", "列出告警,新的在前"),
	  alert_list },
	{ "alert show",
	  { "ID" },
	  show_options,
	  TEXTS("show one alert", "显示一条告警"),
	  alert_show },
	{ "alert answers",
	  { "ID" },
	  answers_options,
	  TEXTS("show who answered what", "显示各人的应答"),
	  alert_answers },
	{ "alert watch",
	  { "[ID]" },
	  watch_options,
	  TEXTS("follow one alert live, or all that run", "实时查看一条告警,或全部进行中的"),
	  alert_watch },
	{ "alert cancel",
	  { "ID" },
	  cancel_options,
	  TEXTS("withdraw an alert and tell those reached", "取消告警,并通知已收到者"),
	  alert_cancel },
	{ "alert resume",
	  { "ID" },
	  alert_resume_options,
	  TEXTS("let an alert go on that is held since the store was put back",
	       "恢复因数据恢复而暂停的告警"),
	  alert_resume },
	{ "ack",
	  { "ID" },
	  ack_options,
	  TEXTS("enter an answer you were given by other means",
	       "登记以其他方式得到的应答"),
	  alert_ack },
	{ "inbox assign",
	  { "ID" },
	  assign_options,
	  TEXTS("say what a text means, and to which alert it belongs", "认定来信的含义及所属告警"),
	  inbox_decide },
	{ "inbox ignore",
	  { "ID" },
	  ignore_options,
	  TEXTS("put a text aside", "搁置来信"),
	  inbox_decide },
	{ "inbox answer",
	  { "ID" },
	  answer_options,
	  TEXTS("write back to the sender of a text", "回复来信人"),
	  inbox_decide },
	{ "inbox",
	  { NULL },
	  inbox_options,
	  TEXTS("list the texts that came in, newest first (! = nobody has decided)",
	       "列出来信,新的在前(! 为待处理)"),
	  inbox_list },
	{ "task list",
	  { NULL },
	  task_list_options,
	  TEXTS("list work that waits for the desk, the urgent first", "列出待办任务,紧急的在前"),
	  task_list },
	{ "task take",
	  { "ID" },
	  task_take_options,
	  TEXTS("say that you see to a task", "领办任务"),
	  task_do },
	{ "task note",
	  { "ID" },
	  task_note_options,
	  TEXTS("write down how a task goes", "记录任务进展"),
	  task_do },
	{ "task close",
	  { "ID" },
	  task_close_options,
	  TEXTS("close a task", "办结任务"),
	  task_do },
	{ "template list",
	  { NULL },
	  NULL,
	  TEXTS("list the site's texts: parts at the longest, seconds of a call, answers, ladders",
	       "列出本站模板:最长条数、电话秒数、应答、叫应规则"),
	  template_list },
	{ "template show",
	  { "NAME" },
	  NULL,
	  TEXTS("show one text in each form at its longest, and what is wrong with it",
	       "查看一个模板的各种形式(按最长值)和问题"),
	  template_show },
	{ "template preview",
	  { "NAME" },
	  preview_options,
	  TEXTS("show what readers of a place would get of a text, part by part", "预览某地区收到的实际文字,逐条显示"),
	  template_preview },
	{ "template lint",
	  { NULL },
	  NULL,
	  TEXTS("say what is wrong with the texts that are in force", "检查正在使用的全部模板"),
	  template_lint },
	{ "kind list",
	  { NULL },
	  NULL,
	  TEXTS("list the kinds of events: the text of each colour", "列出灾种:各颜色用哪个模板"),
	  kind_list },
	{ "kind show",
	  { "KIND" },
	  NULL,
	  TEXTS("show one kind: text and ladder of each colour, what may follow, how it is lifted",
	       "查看一个灾种:各颜色的模板和叫应规则、后续、解除"),
	  kind_show },
	{ "policy list",
	  { NULL },
	  NULL,
	  TEXTS("list the ladders", "列出叫应规则"),
	  policy_list },
	{ "policy show",
	  { "NAME" },
	  NULL,
	  TEXTS("show one ladder in time: who is called when, how, with which text",
	       "按时间查看一个叫应规则:何时叫谁、怎么叫、发什么"),
	  policy_show },
	{ "role list",
	  { NULL },
	  NULL,
	  TEXTS("list roles and families", "列出角色和角色组"),
	  role_list },
	{ "route list",
	  { NULL },
	  watched_options,
	  TEXTS("list the ways out and their health", "列出通道及其状况"),
	  desk_route_list },
	{ "route test",
	  { "ROUTE", "[NUMBER]" },
	  route_test_options,
	  TEXTS("find out whether a route is fit, by a message if you like",
	       "检查通道是否可用,可发一条短信"),
	  route_test },
	{ "route resume",
	  { "ROUTE" },
	  route_resume_options,
	  TEXTS("start a route that has stopped for good, or end its pause",
	       "重新启动已停止的通道,或结束其暂停"),
	  route_resume },
	{ "source list",
	  { NULL },
	  source_list_options,
	  TEXTS("list the systems that may send alerts, and when each was last heard",
	       "列出可触发叫应的外部系统及其最近消息"),
	  source_list },
	{ "source show",
	  { "SOURCE" },
	  NULL,
	  TEXTS("show one source: what it may do, its rules, and how it is", "显示一个来源:权限、规则和现状"),
	  source_show },
	{ "source test",
	  { "SOURCE", "FILE" },
	  NULL,
	  TEXTS("say what a file would come to if this source sent it; nothing is done",
	       "试算该来源发来此文件会怎样,不发送"),
	  source_test },
	{ "signal list",
	  { NULL },
	  signal_list_options,
	  TEXTS("list what other systems said, the newest first, and what became of it",
	       "列出外部系统的信号及处理结果,新的在前"),
	  signal_list },
	{ "signal show",
	  { "ID" },
	  NULL,
	  TEXTS("show one signal as gong understood it, and as it came", "显示一条信号:解读结果与原文"),
	  signal_show },
	{ "signal release",
	  { "ID" },
	  signal_do_options,
	  TEXTS("send what a held signal would", "签发待签发的信号"),
	  signal_do },
	{ "signal replay",
	  { "ID" },
	  signal_do_options,
	  TEXTS("send a signal that led to nothing through the rules again", "把没有结果的信号按现行规则再处理一次"),
	  signal_do },
	{ "modem list",
	  { "[PORTS]" },
	  NULL,
	  TEXTS("list the modems of this machine and their routes",
	       "列出本机的调制解调器及所属通道"),
	  modem_list },
	{ "modem probe",
	  { "DEVICE" },
	  NULL,
	  TEXTS("ask one port what is behind it", "探测一个端口"),
	  modem_probe },
	{ "modem at",
	  { "ROUTE", "COMMAND" },
	  NULL,
	  TEXTS("give a route's modem an AT command", "向通道的调制解调器发 AT 命令"),
	  modem_ask },
	{ "modem ussd",
	  { "ROUTE", "CODE" },
	  NULL,
	  TEXTS("send a code such as *100# by a route", "经通道发送 USSD 代码(如 *100#)"),
	  modem_ask },
	{ "modem send-test",
	  { "ROUTE", "NUMBER", "[TEXT]" },
	  NULL,
	  TEXTS("send a test message by a route, and time it", "经通道发测试短信并计时"),
	  modem_send_test },
	{ "contact find",
	  { "[TEXT]" },
	  contact_find_options,
	  TEXTS("find people by name, number, ref, role or place", "按姓名、号码、编号、角色或地区查找联系人"),
	  contact_find },
	{ "contact show",
	  { "REF" },
	  contact_show_options,
	  TEXTS("show one person", "显示一位联系人"),
	  contact_show },
	{ "contact edit",
	  { "REF" },
	  contact_edit_options,
	  TEXTS("change one person, and show what was and what is", "修改一位联系人,并显示改动前后"),
	  contact_edit },
	{ "contact activate",
	  { "REF" },
	  contact_active_options,
	  TEXTS("call the person again, in the same posts", "重新启用联系人,岗位不变"),
	  contact_edit },
	{ "contact deactivate",
	  { "REF" },
	  contact_active_options,
	  TEXTS("call the person no more; he stays in the lists", "停用联系人:不再呼叫,名单中保留"),
	  contact_edit },
	{ "contact optouts",
	  { NULL },
	  rows_options,
	  TEXTS("list who has opted out (STOP, TD), since when, and what they wrote", "列出退订者、时间及原文"),
	  contact_optouts },
	{ "contact optin",
	  { "REF" },
	  contact_optin_options,
	  TEXTS("undo an opt-out, when the person has asked for it", "应本人要求撤销退订"),
	  contact_optin },
	{ "contact tags",
	  { NULL },
	  NULL,
	  TEXTS("list the tags that people have, and how many have each", "列出现有标签及人数"),
	  contact_tags },
	{ "division find",
	  { "[TEXT]" },
	  division_find_options,
	  TEXTS("find places by name or code, or list them", "按名称或代码查找地区,或列出"),
	  division_find },
	{ "division show",
	  { "CODE" },
	  NULL,
	  TEXTS("show one place: its parameters, its people, what is below it", "显示一个地区:参数、人员、下辖"),
	  division_show },
	{ "division edit",
	  { "CODE" },
	  division_edit_options,
	  TEXTS("change one place, and show what was and what is", "修改一个地区,并显示改动前后"),
	  division_edit },
	{ "area",
	  { "PLACE" },
	  area_options,
	  TEXTS("show which places an area on the map means, and whom that would call",
	       "显示地图上的区域涉及哪些地区、会叫应谁"),
	  area_show },
	{ "export contacts",
	  { NULL },
	  export_options,
	  TEXTS("write people and their posts as CSV, as import reads it", "导出联系人与岗位(CSV,可再导入)"),
	  export_list },
	{ "export divisions",
	  { NULL },
	  export_options,
	  TEXTS("write places and their parameters as CSV", "导出行政区划与参数(CSV)"),
	  export_list },
	{ "export roster",
	  { NULL },
	  export_options,
	  TEXTS("write who is on duty when as CSV", "导出值班表(CSV)"),
	  export_list },
	{ "export geometry",
	  { NULL },
	  export_geometry_options,
	  TEXTS("write where places lie as GeoJSON, as import reads it", "导出区划范围(GeoJSON,可再导入)"),
	  export_list },
	{ "setup",
	  { NULL },
	  setup_options,
	  TEXTS("ask a few questions and write settings that gongd takes", "回答几个问题,生成 gongd 可用的设置"),
	  setup_verb },
	{ "demo",
	  { NULL },
	  NULL,
	  TEXTS("play a short night on a simulated network: it reaches nobody and leaves nothing",
		"在模拟网络上演示一个值班夜:不会联系任何人,不留文件"),
	  demo_verb },
	{ "help",
	  { "[COMMAND]", "[COMMAND]" },
	  NULL,
	  TEXTS("show all commands, or one: help COMMAND", "显示全部命令,或:help 命令"),
	  help_verb },
	{ "version", { NULL }, NULL, TEXTS("show the version", "显示版本"), version_verb },
	{ .words = NULL }
};


const struct option_spec options_everywhere[] = {
	ONE("--socket", "PATH",
	    "gongd's socket (default $GONG_SOCKET, then " SOCKET_DEFAULT ")",
	    "gongd 的套接字(默认 $GONG_SOCKET,再 " SOCKET_DEFAULT ")"),
	ONE("--config", "FILE", "read the socket's path from this gong.conf",
	    "从该 gong.conf 读取套接字路径"),
	FLAG("--json", "print gongd's answers as JSON", "以 JSON 输出"),
	FLAG("--no-pager", "long lists are not handed to a pager", "长列表不用分页程序显示"),
	ONE("--lang", "zh|en", "language (default: from LC_ALL, LC_MESSAGES, LANG)",
	    "界面语言(默认按 LC_ALL、LC_MESSAGES、LANG)"),
	END
};

/* clang-format on */
