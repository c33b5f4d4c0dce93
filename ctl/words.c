/* words.c -- gongd's words in the reader's language, and times as people say them. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The words of design and API, in both languages; docs/api.md has their meaning. */
static const struct {
	const char *api, *en, *zh;
} dictionary[] = {
	{ "notice", "notice", "通知" },
	{ "blue", "blue", "蓝色" },
	{ "yellow", "yellow", "黄色" },
	{ "orange", "orange", "橙色" },
	{ "red", "red", "红色" },
	{ "held", "held", "待签发" },
	{ "active", "active", "进行中" },
	{ "satisfied", "satisfied", "已达成" },
	{ "exhausted", "exhausted", "步骤已尽" },
	{ "cancelled", "cancelled", "已取消" },
	{ "replaced", "replaced", "已被替代" },
	{ "real", "real", "正式" },
	{ "drill", "DRILL", "演练" },
	{ "test", "TEST", "测试" },
	{ "queued", "queued", "排队" },
	{ "sending", "sending", "发送中" },
	{ "sent", "sent", "已发出" },
	{ "delivered", "delivered", "已送达" },
	{ "failed", "failed", "失败" },
	{ "expired", "expired", "已过期" },
	{ "withdrawn", "withdrawn", "已撤回" },
	{ "uncertain", "uncertain", "不明" },
	{ "sms", "sms", "短信" },
	{ "voice", "voice", "语音" },
	{ "console", "desk", "值班台" },
	{ "call", "call", "叫应" },
	{ "inform", "inform", "告知" },
	{ "helper", "helper", "协助" },
	{ "correction", "correction", "更正" },
	{ "reply", "reply", "自动回复" },
	{ "automatic reply", "reply", "自动回复" },
	{ "planning", "planning", "计划中" },
	{ "open", "open", "开启" },
	{ "finished", "finished", "结束" },
	{ "accepted", "accepted", "已接受" },
	{ "rejected", "rejected", "被拒" },
	{ "unknown", "unknown", "不明" },
	{ "none", "-", "-" },
	{ "moved", "moved", "已转出" },
	{ "key", "key", "按键" },
	{ "missed_call", "missed call", "未接来电" },
	{ "desk", "desk", "值班台" },
	{ "api", "system", "系统" },
	{ "answered", "answered", "已接听" },
	{ "acknowledged", "acknowledged", "已确认" },
	{ "in_post", "in post", "已到岗" },
	{ "done", "done", "已完成" },
	{ "coming", "coming", "正赶来" },
	{ "delayed", "coming later", "会晚到" },
	{ "cannot", "cannot", "去不了" },
	{ "opt_out", "opt-out", "退订" },
	{ "opt_in", "opt-in", "恢复接收" },
	{ "words", "words", "文字" },
	{ "danger", "DANGER", "险情" },
	{ "chatter", "chatter", "闲谈" },
	{ "unclear", "unclear", "看不懂" },
	{ "nobody", "nobody to call", "无人可叫" },
	{ "damage", "damage", "数据损坏" },
	{ "incomplete", "incomplete", "名单不全" },
	{ "files", "files", "文件" },
	{ "callback", "callback", "回调" },
	{ "fault", "fault", "自身故障" },
	{ "restored", "restored", "数据恢复" },
	{ "signal", "signal", "信号" },
	{ "signal_limit", "signal limit", "信号超限" },
	{ "source", "source", "来源" },
	{ "up", "up", "正常" },
	{ "down", "down", "中断" },
	{ "paused", "paused", "暂停" },
	{ "starting", "starting", "启动中" },
	{ "stopped", "stopped", "已停止" },
	{ "closing", "closing", "关闭中" },
	{ "deadline", "deadline", "到达时限" },
	{ "planned", "planned", "已编排" },
	{ "step", "step", "执行步骤" },
	{ "step_skipped", "step skipped", "跳过步骤" },
	{ "answer", "answer", "应答" },
	{ "task", "task", "人工任务" },
	{ "unanswered", "unanswered", "无人应答" },
	{ "help", "help", "求助" },
	{ "route", "route", "通道" },
	{ "quarantine", "quarantine", "隔离" },
	{ "good_end", "tell who asked", "告知报警人" },
	{ "step_failed", "step failed", "步骤失败" },
	{ "roster_gap", "roster gap", "值班表缺口" },
	{ "channel_without_route", "channel without route", "渠道无通道" },
	/* what is known of a port */
	{ "answers", "answers", "有应答" },
	{ "registered", "registered", "已入网" },
	{ "port", "port", "端口" },
	{ "maker", "maker", "厂商" },
	{ "model", "model", "型号" },
	{ "operator", "operator", "运营商" },
	{ "reason", "reason", "原因" },
	{ "sim", "sim", "SIM卡" },
	{ "signal_dbm", "signal dBm", "信号dBm" },
	{ "held_by", "held by", "占用者" },
	{ "new", "waiting", "等待中" },
	{ "matched", "matched", "已处理" },
	{ "unmatched", "unmatched", "无规则" },
	{ "ignored", "ignored", "已记录" },
	{ "refused", "refused", "未接受" },
	{ "alert", "alert", "开始" },
	{ "update", "update", "更新" },
	{ "end", "end", "结束" },
	{ "send", "send", "直接发送" },
	{ "hold", "hold", "先待签发" },
	{ "note", "note", "只记录" },
	{ "by_id", "by id", "固定名" },
	{ "county", "county", "县级" },
	{ "township", "township", "乡镇" },
	{ "village", "village", "村级" },
	{ "person", "person", "个人" },
	{ "divisions", "divisions", "行政区划" },
	{ "contacts", "contacts", "联系人" },
	{ "roster", "roster", "值班表" },
	{ "geometry", "shapes", "区划范围" },
};

static const char *const levels[LANG_COUNT][LEVEL_COUNT] = {
	[LANG_EN] = { "no answer", "delivered", "answered", "acknowledged", "in post",
		      "done" },
	[LANG_ZH] = { "未应答", "已送达", "已接听", "已确认", "已到岗", "已完成" },
};

const char *
say(const struct ctl *ctl, const char *en, const char *zh)
{
	return ctl->lang == LANG_ZH ? zh : en;
}

const char *
word(const struct ctl *ctl, const char *api_word)
{
	for (size_t i = 0; api_word && i < sizeof(dictionary) / sizeof(*dictionary); i++)
		if (strcmp(dictionary[i].api, api_word) == 0)
			return say(ctl, dictionary[i].en, dictionary[i].zh);
	return api_word;
}

/* What stands for a value or an operand, in help and in refusals. */
static const struct {
	const char *en, *zh;
} placeholders[] = {
	{ "CHANNEL", "渠道" }, { "CODE", "代码" }, { "CODE,…", "代码,…" }, { "COLOUR", "颜色" }, { "COMMAND", "命令" }, { "DATE", "日期" },
	{ "DEVICE", "设备" }, { "DIGITS", "数字" }, { "FILE", "文件" }, { "ID", "编号" }, { "INSTANT", "时刻" },
	{ "KEY", "幂等键" }, { "KIND", "灾种" }, { "LEVEL", "等级" }, { "METRES", "米" }, { "N", "行数" },
	{ "NAME", "名称" }, { "NUMBER", "号码" }, { "PATH", "路径" }, { "PERCENT", "百分数" }, { "PLACE", "地区、文件、多边形或圆" }, { "PORTS", "端口" },
	{ "REF", "联系人" }, { "ROLE", "角色" }, { "ROUTE", "通道" }, { "SOURCE", "来源" }, { "STATE", "状态" }, { "TAG", "标签" },
	{ "TEMPLATE", "模板" }, { "TEXT", "文字" }, { "VALUE", "值" }, { "WHO", "姓名" },
};

void
placeholder_put(const struct ctl *ctl, const char *text, struct buf *out)
{
	while (text && *text) {
		size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), i = 0;
		size_t count = sizeof(placeholders) / sizeof(*placeholders);

		while (len && i < count && (strlen(placeholders[i].en) != len ||
					    strncmp(placeholders[i].en, text, len) != 0))
			i++;
		if (len && i < count)
			buf_puts(out, say(ctl, placeholders[i].en, placeholders[i].zh));
		else
			buf_add(out, text, len ? len : 1);
		text += len ? len : 1;
	}
}

const char *
level_word(const struct ctl *ctl, int level)
{
	return level < 0 || level >= LEVEL_COUNT ? "?" : levels[ctl->lang][level];
}

const char *
duration_text(const struct ctl *ctl, char out[HUMAN], msec ms)
{
	long long s = (ms < 0 ? -ms : ms) / 1000;
	const char *sign = ms <= -1000 ? "-" : "";

	if (s < 60)
		snprintf(out, HUMAN, say(ctl, "%s%llds", "%s%lld秒"), sign, s);
	else if (s < 3600)
		snprintf(out, HUMAN, say(ctl, "%s%lldm%02llds", "%s%lld分%02lld秒"), sign, s / 60,
			 s % 60);
	else if (s < 86400)
		snprintf(out, HUMAN, say(ctl, "%s%lldh%02lldm", "%s%lld小时%02lld分"), sign, s / 3600,
			 s / 60 % 60);
	else
		snprintf(out, HUMAN, say(ctl, "%s%lldd%02lldh", "%s%lld天%02lld小时"), sign, s / 86400,
			 s / 3600 % 24);
	return out;
}

static bool zone_differs;		/* from the one of this terminal */

static long
offset_now(void)
{
	time_t now = time(NULL);
	struct tm tm = { 0 };

	localtime_r(&now, &tm);
	return tm.tm_gmtoff;
}

void
zone_use(const char *name)
{
	const char *now = getenv("TZ");
	long before = offset_now();

	if (now && strcmp(now, name) == 0)
		return;
	setenv("TZ", name, 1);
	tzset();
	zone_differs = offset_now() != before;
}

/* The year where it is another one, the zone where the terminal's own clock would say otherwise. */
const char *
instant_text(char out[HUMAN], msec at)
{
	time_t seconds = (time_t)(at / 1000), now = time(NULL);
	struct tm tm, today;
	const char *form;

	if (at <= 0 || at == NEVER || !localtime_r(&seconds, &tm) || !localtime_r(&now, &today)) {
		snprintf(out, HUMAN, "-");
		return out;
	}
	form = tm.tm_year == today.tm_year
		       ? zone_differs ? "%m-%d %H:%M:%S %z" : "%m-%d %H:%M:%S"
		       : zone_differs ? "%Y-%m-%d %H:%M:%S %z" : "%Y-%m-%d %H:%M:%S";
	if (!strftime(out, HUMAN, form, &tm))
		snprintf(out, HUMAN, "-");
	return out;
}

msec
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *
member_text(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

msec
member_int(json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

bool
member_is(json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}
