/* source.c -- other systems: who speaks, what was said and what became of it, and what a file of theirs
 * would come to. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>

#include "core/near.h"
#include "files/read.h"

/* -- sources -- */

/* How its child is, and what is wrong with it; NULL: it has none. */
static const char *
fetching(const struct ctl *ctl, json_t *s)
{
	const char *trouble = member_text(json_array_get(json_object_get(s, "alarms"), 0), "text");

	return trouble ? trouble : word(ctl, member_text(s, "state"));
}

static void
source_row(const struct ctl *ctl, json_t *s, msec now, struct grid *t)
{
	msec heard = member_int(s, "heard_at"), silent = member_int(s, "silent_since");
	char at[HUMAN];

	grid_cellf(t, "%s%s", member_text(s, "name"), silent ? "!" : "");
	grid_cell(t, member_text(s, "format"));
	grid_cell(t, word(ctl, member_text(s, "up_to")));
	grid_cell(t, word(ctl, member_text(s, "trust")));
	grid_cell(t, heard ? instant_text(at, heard) : NULL);
	grid_cell(t, silent ? duration_text(ctl, at, now - heard) : NULL);
	grid_cellf(t, "%lld", (long long)member_int(s, "signals"));
	grid_cellf(t, "%lld", (long long)member_int(s, "held"));
	grid_cell(t, fetching(ctl, s));
	grid_cellf(t, "%lld", (long long)member_int(s, "callbacks"));
}

static int
compose_sources(struct ctl *ctl, json_t **answer, struct buf *out, struct err *err)
{
	const char *const titles[] = { say(ctl, "source", "来源"),	 say(ctl, "format", "格式"),
				       say(ctl, "up to", "最高"),	 say(ctl, "trust", "信任"),
				       say(ctl, "last heard", "最近消息"), say(ctl, "silent for", "已静默"),
				       say(ctl, "signals", "信号数"),	 say(ctl, "held", "待签发"),
				       say(ctl, "fetcher", "获取程序"),
				       say(ctl, "callbacks", "待回调"), NULL };
	const struct client_request get = { .path = "/v1/sources" };
	struct grid t;
	json_t *row;
	size_t i;
	int code = client_ask(ctl, &get, answer, err);

	if (code != CTL_OK)
		return code;
	grid_init(&t, 1 << 6 | 1 << 7 | 1 << 9, titles);
	json_array_foreach(json_object_get(*answer, "sources"), i, row)
		source_row(ctl, row, member_int(*answer, "now"), &t);
	if (i)
		grid_put(&t, out, 0, screen_width());
	else
		buf_puts(out, say(ctl, "gong.conf has no sources\n", "gong.conf 没有来源\n"));
	grid_fini(&t);
	return CTL_OK;
}

int
source_list(struct ctl *ctl)
{
	return ctl_list(ctl, compose_sources);
}

static void
put_line(struct buf *out, const char *title, const char *value)
{
	if (value)
		buf_printf(out, "%s: %s\n", title, value);
}

/* "a, b"; nothing when it is empty. */
static void
put_names(struct buf *out, const char *title, json_t *names)
{
	json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
		buf_printf(out, "%s%s", i ? ", " : title, json_string_value(name));
	if (json_array_size(names))
		buf_puts(out, "\n");
}

static void
put_source(const struct ctl *ctl, json_t *s, msec now, struct buf *out)
{
	msec heard = member_int(s, "heard_at"), silent = member_int(s, "silent_since");
	msec heartbeat = member_int(s, "heartbeat_ms");
	json_t *rule;
	char at[HUMAN];
	size_t i;

	put_line(out, say(ctl, "source", "来源"), member_text(s, "name"));
	put_line(out, say(ctl, "format", "格式"), member_text(s, "format"));
	put_names(out, say(ctl, "shows who it is by: ", "认证方式: "), json_object_get(s, "by"));
	put_line(out, say(ctl, "fetched by", "取数程序"), member_text(s, "fetch"));
	put_line(out, say(ctl, "up to", "最高"), word(ctl, member_text(s, "up_to")));
	put_line(out, say(ctl, "trust", "信任"), word(ctl, member_text(s, "trust")));
	if (json_is_true(json_object_get(s, "drill_only")))
		buf_puts(out, say(ctl, "drills only\n", "只限演练\n"));
	put_names(out, say(ctl, "divisions: ", "区划: "), json_object_get(s, "divisions"));
	put_names(out, say(ctl, "kinds: ", "灾种: "), json_object_get(s, "kinds"));
	put_names(out, say(ctl, "shares the alerts of: ", "可更新、解除这些来源的叫应: "), json_object_get(s, "shares_refs"));
	if (member_int(s, "recipients_max"))
		buf_printf(out, say(ctl, "people at most: %lld\n", "最多人数: %lld\n"),
			   (long long)member_int(s, "recipients_max"));
	if (heartbeat)
		put_line(out, say(ctl, "must be heard within", "应有消息间隔"), duration_text(ctl, at, heartbeat));
	put_line(out, say(ctl, "last heard", "最近消息"),
		 heard ? instant_text(at, heard) : say(ctl, "never", "从未"));
	if (silent)
		put_line(out, say(ctl, "SILENT for", "已静默"), duration_text(ctl, at, now - heard));
	buf_printf(out, say(ctl, "signals: %lld, held: %lld\n", "信号数: %lld,待签发: %lld\n"),
		   (long long)member_int(s, "signals"), (long long)member_int(s, "held"));
	json_array_foreach(json_object_get(s, "rules"), i, rule)
		buf_printf(out, "%s  %s (%s)\n", i ? "" : say(ctl, "rules, the first that fits wins:\n", "规则,先符合者生效:\n"),
			   member_text(rule, "name"), word(ctl, member_text(rule, "trust")));
}

static int
no_such_source(struct ctl *ctl, json_t *sources)
{
	struct near near = { .word = ctl->operands[0] };
	struct err err = { 0 };
	json_t *one;
	size_t i;

	json_array_foreach(sources, i, one)
		near_offer(&near, member_text(one, "name"), member_text(one, "name"));
	if (near.best)
		err_set(&err, say(ctl, "there is no source \"%s\"; did you mean \"%s\"?", "没有来源“%s”,是不是“%s”?"),
			ctl->operands[0], near.best);
	else
		err_set(&err, say(ctl, "there is no source \"%s\"; gongctl source list shows them",
				  "没有来源“%s”;gongctl source list 可列出"), ctl->operands[0]);
	return ctl_fail(ctl, CTL_REFUSED, &err);
}

int
source_show(struct ctl *ctl)
{
	struct buf out = { 0 };
	json_t *answer, *one, *found = NULL;
	size_t i;
	int code = client_get(ctl, &answer, "/v1/sources");

	if (code != CTL_OK)
		return code;
	json_array_foreach(json_object_get(answer, "sources"), i, one)
		if (strcmp(member_text(one, "name"), ctl->operands[0]) == 0)
			found = one;
	if (!found) {
		code = no_such_source(ctl, json_object_get(answer, "sources"));
		json_decref(answer);
		return code;
	}
	if (ctl->json) {
		json_incref(found);
		json_decref(answer);
		return ctl_json(found);
	}
	put_source(ctl, found, member_int(answer, "now"), &out);
	json_decref(answer);
	ctl_page(ctl, &out);
	return CTL_OK;
}

static void
put_verdict(const struct ctl *ctl, json_t *one, struct buf *out)
{
	char *said = json_dumps(json_object_get(one, "signal"), JSON_COMPACT);
	const char *verdict = member_text(one, "verdict"), *fault = member_text(one, "fault");

	buf_printf(out, "%s%s%s\n  %s\n", word(ctl, verdict), fault ? ": " : "", fault ? fault : "", said);
	free(said);
}

/* Nothing comes of it: gongd only says what would. */
int
source_test(struct ctl *ctl)
{
	struct buf out = { 0 };
	struct err err = { 0 };
	json_t *answer, *one;
	char path[200];
	size_t len, i;
	char *bytes = file_read(ctl->operands[1], FILE_CONF_MAX, &len, &err);
	int code;

	if (!bytes)
		return ctl_fail(ctl, CTL_USAGE, &err);
	snprintf(path, sizeof(path), "/v1/sources/%s/test", ctl->operands[0]);
	code = client_post_request(ctl, &(struct client_request){ .path = path, .body = bytes, .len = len,
			.type = "application/octet-stream", .lost = LOST_LOOKING }, &answer);
	free(bytes);
	if (code != CTL_OK)
		return code;
	if (ctl->json)
		return ctl_json(answer);
	json_array_foreach(json_object_get(answer, "signals"), i, one)
		put_verdict(ctl, one, &out);
	if (!i)
		buf_puts(&out, say(ctl, "it says nothing\n", "其中没有信号\n"));
	ctl_print(&out);
	json_decref(answer);
	return CTL_OK;
}

/* -- signals -- */

static void
signal_row(const struct ctl *ctl, json_t *s, struct grid *t)
{
	char at[HUMAN];

	grid_cellf(t, "%lld", (long long)member_int(s, "id"));
	grid_cell(t, instant_text(at, member_int(s, "received_at")));
	grid_cell(t, member_text(s, "source"));
	grid_cell(t, word(ctl, member_text(s, "act")));
	grid_cell(t, word(ctl, member_text(s, "state")));
	grid_cell(t, member_text(s, "rule"));
	grid_cell(t, member_text(s, "alert_code"));
	grid_cellf(t, "%lld", (long long)member_int(s, "repeats"));
	grid_cell(t, member_text(s, "ref"));
	grid_cell(t, member_text(s, "reason"));
}

static int
compose_signals(struct ctl *ctl, json_t **answer, struct buf *out, struct err *err)
{
	const char *const titles[] = { say(ctl, "ID", "编号"),	    say(ctl, "at", "时间"),
				       say(ctl, "source", "来源"), say(ctl, "act", "动作"),
				       say(ctl, "state", "状态"),  say(ctl, "rule", "规则"),
				       say(ctl, "alert", "告警"),  say(ctl, "repeats", "重复"),
				       say(ctl, "ref", "对方编号"), say(ctl, "reason", "原因"),
				       NULL };
	struct buf path = { 0 };
	struct grid t;
	json_t *rows = NULL, *row;
	size_t i, max = 0;
	bool more = false;
	int code = limit_option(ctl, 50, &max);

	if (code != CTL_OK)
		return code;
	buf_puts(&path, "/v1/signals");
	if (args_has(ctl, "--source"))
		query_add(&path, "source", args_value(ctl, "--source"));
	if (args_has(ctl, "--state"))
		query_add(&path, "state", args_value(ctl, "--state"));
	code = client_pages(ctl, path.data, "signals", max, &rows, &more, err);
	buf_fini(&path);
	*answer = rows;
	if (code != CTL_OK)
		return code;
	*answer = json_pack("{s:o}", "signals", rows);
	grid_init(&t, 1 | 1 << 7, titles);
	json_array_foreach(rows, i, row)
		signal_row(ctl, row, &t);
	if (i)
		grid_put(&t, out, 0, screen_width());
	else
		buf_puts(out, say(ctl, "no signals\n", "没有信号\n"));
	if (more)
		buf_puts(out, say(ctl, "… older ones: --limit N\n", "… 更早的:--limit 行数\n"));
	grid_fini(&t);
	return CTL_OK;
}

int
signal_list(struct ctl *ctl)
{
	return ctl_list(ctl, compose_signals);
}

int
signal_show(struct ctl *ctl)
{
	struct buf out = { 0 };
	char *said, at[HUMAN];
	json_t *s;
	int code = client_get(ctl, &s, "/v1/signals/%s", ctl->operands[0]);

	if (code != CTL_OK)
		return code;
	if (ctl->json)
		return ctl_json(s);
	put_line(&out, say(ctl, "source", "来源"), member_text(s, "source"));
	put_line(&out, say(ctl, "its name for it", "对方编号"), member_text(s, "ref"));
	put_line(&out, say(ctl, "received", "收到"), instant_text(at, member_int(s, "received_at")));
	put_line(&out, say(ctl, "state", "状态"), word(ctl, member_text(s, "state")));
	put_line(&out, say(ctl, "rule", "规则"), member_text(s, "rule"));
	put_line(&out, say(ctl, "reason", "原因"), member_text(s, "reason"));
	put_line(&out, say(ctl, "alert", "告警"), member_text(s, "alert_code"));
	said = json_dumps(json_object_get(s, "signal"), JSON_INDENT(2));
	buf_printf(&out, "\n%s\n", said);
	free(said);
	put_line(&out, say(ctl, "\nas it came", "\n原文"), member_text(s, "raw"));
	json_decref(s);
	ctl_page(ctl, &out);
	return CTL_OK;
}

/* release or replay, as the command says. */
int
signal_do(struct ctl *ctl)
{
	const char *verb = strchr(ctl->command->words, ' ') + 1, *note = args_value(ctl, "--note");
	struct buf out = { 0 };
	char path[200];
	json_t *answer;
	int code;

	snprintf(path, sizeof(path), "/v1/signals/%s/%s", ctl->operands[0], verb);
	code = client_post(ctl, path, note ? json_pack("{s:s}", "note", note) : json_object(), &answer);
	if (code != CTL_OK)
		return code;
	if (ctl->json)
		return ctl_json(answer);
	if (member_text(answer, "alert_code"))
		buf_printf(&out, say(ctl, "signal %s: alert %s\n", "信号 %s:告警 %s\n"), ctl->operands[0],
			   member_text(answer, "alert_code"));
	else
		buf_printf(&out, say(ctl, "signal %s: %s; gongctl signal show says why\n",
				     "信号 %s:%s;原因见 gongctl signal show\n"),
			   ctl->operands[0], word(ctl, member_text(answer, "state")));
	ctl_print(&out);
	json_decref(answer);
	return CTL_OK;
}
