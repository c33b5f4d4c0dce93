/* alert.c -- alerts as lists and pages; cancelling one, and entering an answer for
 * somebody. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 10000

static void
alert_row(const struct ctl *ctl, json_t *alert, struct grid *t)
{
	const char *mode = member_text(alert, "mode"),
		   *template = member_text(alert, "template");
	msec since = member_int(alert, "accepted_at");
	char text[HUMAN];

	grid_cellf(t, "%lld", (long long)member_int(alert, "id"));
	grid_cell(t, member_text(alert, "code"));
	grid_cell(t, word(ctl, member_text(alert, "severity")));
	grid_cellf(t, "%s%s", word(ctl, member_text(alert, "state")),
		   alert_is_held(alert) ? say(ctl, ", held (restored)", ",暂停(数据已恢复)") : "");
	grid_cell(t, mode ? word(ctl, mode) : NULL);
	grid_cellf(t, "%lld/%lld", (long long)member_int(alert, "satisfied"),
		   (long long)member_int(alert, "targets"));
	grid_cell(t, instant_text(text, since));
	grid_cell(t, template);
	grid_cell(t, member_text(alert, "policy"));
}

/* Options that filter, as the query has them. */
static int
filters(struct ctl *ctl, struct buf *path)
{
	static const char *const names[] = { "state", "severity", "mode", "client",
					     "division", "key" };

	if (args_has(ctl, "--open"))
		query_add(path, "open", "1");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char option[16];

		snprintf(option, sizeof(option), "--%s", names[i]);
		if (args_has(ctl, option))
			query_add(path, names[i], args_value(ctl, option));
	}
	return since_add(ctl, path);
}

static int
compose_list(struct ctl *ctl, json_t **answer, struct buf *out, struct err *err)
{
	const char *const titles[] = { say(ctl, "ID", "编号"),
				       say(ctl, "code", "单号"),
				       say(ctl, "severity", "级别"),
				       say(ctl, "state", "状态"),
				       say(ctl, "mode", "方式"),
				       say(ctl, "answered", "应答"),
				       say(ctl, "accepted", "受理"),
				       say(ctl, "template", "模板"),
				       say(ctl, "policy", "规则"),
				       NULL };
	json_t *rows = NULL, *alert;
	struct buf path = { 0 };
	struct grid t;
	size_t i, max = 0;
	bool more = false;
	int code = limit_option(ctl, 50, &max);

	if (code == CTL_OK) {
		buf_puts(&path, "/v1/alerts");
		code = filters(ctl, &path);
	}
	if (code == CTL_OK)
		code = client_pages(ctl, path.data, "alerts", max, &rows, &more, err);
	buf_fini(&path);
	*answer = rows;
	if (code != CTL_OK)
		return code;
	*answer = json_pack("{s:o}", "alerts", rows);
	grid_init(&t, 1, titles);
	json_array_foreach(rows, i, alert)
		alert_row(ctl, alert, &t);
	if (json_array_size(rows))
		grid_put(&t, out, 0, screen_width());
	else
		buf_puts(out, say(ctl, "no alerts\n", "没有告警\n"));
	if (more)
		buf_puts(out, say(ctl, "… older ones: --limit N\n", "… 更早的:--limit 行数\n"));
	grid_fini(&t);
	return CTL_OK;
}

int
alert_list(struct ctl *ctl)
{
	return ctl_list(ctl, compose_list);
}

static int
show_list(struct ctl *ctl, json_t *alert, const char *member, struct buf *out)
{
	struct err err = { 0 };
	char path[128];
	json_t *rows;
	size_t max = ROWS_MAX;
	bool more;
	int code = limit_option(ctl, ROWS_MAX, &max);

	if (code != CTL_OK)
		return code;
	snprintf(path, sizeof(path), "/v1/alerts/%lld/%s",
		 (long long)member_int(alert, "id"), member);
	code = client_pages(ctl, path, member, max, &rows, &more, &err);
	if (code != CTL_OK)
		return client_failed(ctl, code, rows, &err);
	if (ctl->json) {
		json_object_update_new(alert, json_pack("{s:O}", member, rows));
	} else {
		buf_puts(out, out->len ? "\n" : "");
		if (strcmp(member, "targets") == 0)
			view_coverage(ctl, alert, rows, 0, 0, out);
		else if (strcmp(member, "messages") == 0)
			lists_messages(ctl, rows, out);
		else if (strcmp(member, "answers") == 0)
			lists_answers(ctl, rows, out);
		else
			lists_events(ctl, rows, out);
		if (more)
			buf_puts(out,
				 say(ctl, "… more: --limit N\n", "… 更多:--limit 行数\n"));
	}
	json_decref(rows);
	return CTL_OK;
}

/* With --json the counts of an alert keep their place and the lists stand beside them. */
int
alert_show(struct ctl *ctl)
{
	static const char *const lists[][2] = {
		{ "--targets", "targets" },
		{ "--answers", "answers" },
		{ "--messages", "messages" },
		{ "--events", "events" },
	};
	struct buf out = { 0 };
	json_t *alert = NULL, *all = NULL;
	msec id;
	int code = alert_operand(ctl, &id);

	if (code == CTL_OK)
		code = client_get(ctl, &alert, "/v1/alerts/%lld", (long long)id);
	if (code != CTL_OK)
		return code;
	if (!ctl->json) {
		json_t *roles = roles_get(ctl);

		view_head(ctl, alert, &out);
		view_progress(ctl, alert, &out);
		view_steps(ctl, alert, &out);
		view_request(ctl, alert, roles, &out);
		json_decref(roles);
		view_waves(ctl, alert, &out);
		if (member_int(alert, "tasks_open"))
			buf_printf(&out,
				   say(ctl, "open tasks: %lld (gongctl task list)\n",
				       "未办任务:%lld(gongctl task list)\n"),
				   (long long)member_int(alert, "tasks_open"));
	}
	all = json_pack("{s:I}", "id", (json_int_t)id);
	for (size_t i = 0; code == CTL_OK && i < 4; i++)
		if (args_has(ctl, lists[i][0]))
			code = show_list(ctl, ctl->json ? all : alert, lists[i][1], &out);
	if (code == CTL_OK && ctl->json) {
		if (json_object_size(all) == 1) {
			json_decref(all);
			return ctl_json(alert);
		}
		json_object_set_new(all, "alert", alert);
		return ctl_json(all);
	}
	ctl_page(ctl, &out);
	json_decref(alert);
	json_decref(all);
	return code;
}

int
alert_answers(struct ctl *ctl)
{
	struct buf out = { 0 };
	json_t *alert;
	msec id;
	int code = alert_operand(ctl, &id);

	if (code != CTL_OK)
		return code;
	alert = json_pack("{s:I}", "id", (json_int_t)id);
	code = show_list(ctl, alert, "answers", &out);
	if (code == CTL_OK && ctl->json)
		return ctl_json(alert);
	ctl_page(ctl, &out);
	json_decref(alert);
	return code;
}

int
alert_cancel(struct ctl *ctl)
{
	json_t *params = json_object(), *body, *answer;
	const char *template = args_value(ctl, "--template"),
		   *note = args_value(ctl, "--note");
	char path[64];
	bool lift = args_has(ctl, "--lift");
	msec id;
	int code = alert_operand(ctl, &id);

	if (code == CTL_OK && template && lift)
		code = ctl_usage(ctl, "%s",
				 say(ctl, "--lift finds the template itself; leave one of them away",
				     "--lift 自带模板,两者只能给一个"));
	if (code == CTL_OK && !template && !lift && args_has(ctl, "--param"))
		code = ctl_usage(ctl, "%s",
				 say(ctl,
				     "--param needs --template or --lift: without a template "
				     "nobody is told",
				     "--param 需要 --template 或 --lift:没有模板则不通知任何人"));
	if (code == CTL_OK)
		code = params_add(ctl, params, NULL);
	if (code != CTL_OK) {
		json_decref(params);
		return code;
	}
	body = json_pack("{s:s*,s:s*}", "template", template, "note", note);
	if (lift)
		json_object_set_new(body, "lift", json_true());
	if (template || lift)
		json_object_set(body, "params", params);
	json_decref(params);
	snprintf(path, sizeof(path), "/v1/alerts/%lld/cancel", (long long)id);
	code = client_post(ctl, path, body, &answer);
	if (code != CTL_OK)
		return code;
	if (ctl->json)
		return ctl_json(answer);
	printf(say(ctl, "alert %lld is %s", "告警 %lld:%s"), (long long)id,
	       word(ctl, member_text(answer, "state")));
	if (member_int(answer, "notice"))
		printf(say(ctl, "; alert %lld tells those who were reached",
			   ";由告警 %lld 通知已收到者"),
		       (long long)member_int(answer, "notice"));
	else
		fputs(say(ctl,
			  "; nobody is told (--lift or --template tells those who were reached)",
			  ";未通知任何人(用 --lift 或 --template 通知已收到者)"),
		      stdout);
	putchar('\n');
	json_decref(answer);
	return CTL_OK;
}

/* One that a restore holds. */
int
alert_resume(struct ctl *ctl)
{
	const char *note = args_value(ctl, "--note");
	json_t *answer;
	char path[64];
	msec id;
	int code = alert_operand(ctl, &id);

	if (code != CTL_OK)
		return code;
	snprintf(path, sizeof(path), "/v1/alerts/%lld/resume", (long long)id);
	code = client_post(ctl, path, note ? json_pack("{s:s}", "note", note) : json_object(),
			   &answer);
	if (code != CTL_OK)
		return code;
	if (ctl->json)
		return ctl_json(answer);
	printf(say(ctl, "alert %lld goes on; gongctl alert show %lld\n",
		   "告警 %lld 已恢复,用 gongctl alert show %lld 查看\n"),
	       (long long)id, (long long)id);
	json_decref(answer);
	return CTL_OK;
}

static int
ack_body(struct ctl *ctl, json_t **out)
{
	const char *division = args_value(ctl, "--division"),
		   *contact = args_value(ctl, "--contact");
	const char *level = args_value(ctl, "--level"), *name = args_value(ctl, "--name");
	const char *note = args_value(ctl, "--note");

	*out = NULL;
	if (!division == !contact)
		return ctl_usage(ctl, "%s",
				 say(ctl,
				     "ack needs either --division CODE or --contact REF",
				     "ack 需要 --division 代码 或 --contact 联系人 之一"));
	if (!level == !args_has(ctl, "--cannot"))
		return ctl_usage(ctl, "%s",
				 say(ctl, "ack needs either --level 2…5 or --cannot",
				     "ack 需要 --level 2…5 或 --cannot 之一"));
	if (level && (strlen(level) != 1 || !strchr("2345", level[0])))
		return ctl_usage(
			ctl,
			say(ctl,
			    "--level %s: use 2 (answered), 3 (acknowledged), 4 (in "
			    "post) or 5 (done)",
			    "--level %s:应为 2(已接听)3(已确认)4(已到岗)5(已完成)"),
			level);
	if (division && (!name || !note))
		return ctl_usage(
			ctl, "%s",
			say(ctl,
			    "an answer for a division needs --name WHO and "
			    "--note TEXT: whom you spoke to, and how",
			    "为地区登记应答需要 --name 与 --note:与谁、如何联系"));
	*out = json_pack("{s:s*,s:s*,s:s*,s:s*}", "division", division, "contact",
			 contact, "name", name, "note", note);
	if (level)
		json_object_set_new(*out, "level", json_integer(level[0] - '0'));
	else
		json_object_set_new(*out, "outcome", json_string("cannot"));
	return CTL_OK;
}

int
alert_ack(struct ctl *ctl)
{
	json_t *body = NULL, *answer;
	char path[64];
	msec id;
	int code = alert_operand(ctl, &id);

	if (code == CTL_OK)
		code = ack_body(ctl, &body);
	if (code != CTL_OK)
		return code;
	snprintf(path, sizeof(path), "/v1/alerts/%lld/acks", (long long)id);
	code = client_post(ctl, path, body, &answer);
	if (code != CTL_OK)
		return code;
	if (ctl->json)
		return ctl_json(answer);
	if (args_has(ctl, "--cannot"))
		printf(say(ctl, "recorded: cannot (alert %lld)\n",
			   "已登记:不能到(告警 %lld)\n"),
		       (long long)id);
	else
		printf(say(ctl, "recorded: %s (alert %lld)\n", "已登记:%s(告警 %lld)\n"),
		       level_word(ctl, (int)member_int(answer, "level")), (long long)id);
	if (json_is_false(json_object_get(answer, "counts")))
		fputs(say(ctl, "the alert is over: its levels stay as they were reported\n",
			  "该告警已结束:等级保持不变\n"), stdout);
	json_decref(answer);
	return CTL_OK;
}
