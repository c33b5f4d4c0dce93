/* ask.c -- one question to a route's driver, through gongd: an AT command, a USSD code, a test
 * message.  gongd writes both the question and the answer down. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>

#define ASK_S 120 /* gongd gives up after 100 s */

static bool
is_plain(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789._-");

	return len > 0 && len <= 40 && !name[len];
}

static int
no_such_name(struct ctl *ctl)
{
	return ctl_usage(ctl,
			 say(ctl, "ROUTE %s is no name of a route; gongctl route list shows them",
			     "通道 %s 不是通道名;gongctl route list 可列出"),
			 ctl->operands[0]);
}

int
ask_route(struct ctl *ctl, json_t *body, json_t **answer)
{
	char *text = json_dumps(body, JSON_COMPACT), path[96];
	struct client_request q = {
		.path = path, .body = text, .len = strlen(text), .wait_s = ASK_S
	};
	int code;

	json_decref(body);
	*answer = NULL;
	if (is_plain(ctl->operands[0])) {
		snprintf(path, sizeof(path), "/v1/routes/%s/ask", ctl->operands[0]);
		code = client_post_request(ctl, &q, answer);
	} else {
		code = no_such_name(ctl);
	}
	free(text);
	return code;
}

int
route_resume(struct ctl *ctl)
{
	const char *note = args_value(ctl, "--note");
	json_t *answer;
	char path[96];
	int code;

	if (!is_plain(ctl->operands[0]))
		return no_such_name(ctl);
	snprintf(path, sizeof(path), "/v1/routes/%s/resume", ctl->operands[0]);
	code = client_post(ctl, path, note ? json_pack("{s:s}", "note", note) : json_object(),
			   &answer);
	if (code != CTL_OK)
		return code;
	if (ctl->json)
		return ctl_json(answer);
	printf(say(ctl, "route %s is started again; gongctl route list shows how it fares\n",
		   "通道 %s 已重新启动,用 gongctl route list 查看\n"),
	       ctl->operands[0]);
	json_decref(answer);
	return CTL_OK;
}

/* The driver was asked and could not. */
static int
refusal(struct ctl *ctl, json_t *answer)
{
	const char *reason = member_text(answer, "reason");
	struct err err = { 0 };

	err_set(&err, "%s", reason ? reason : "?");
	return ctl_fail(ctl, CTL_REFUSED, &err);
}

static int
show(struct ctl *ctl, json_t *answer)
{
	int code = member_is(answer, "ok") ? CTL_OK : CTL_REFUSED;
	struct buf out = { 0 };
	json_t *line;
	size_t i;

	if (ctl->json) {
		ctl_json(answer);
		return code;
	}
	json_array_foreach(json_object_get(answer, "lines"), i, line) {
		const char *text = json_string_value(line);

		text_clip(&out, text ? text : "", 10000);
		buf_puts(&out, "\n");
	}
	ctl_print(&out);
	if (code != CTL_OK)
		refusal(ctl, answer);
	json_decref(answer);
	return code;
}

int
modem_ask(struct ctl *ctl)
{
	const char *what = strchr(ctl->command->words, ' ') + 1; /* "at", "ussd" */
	json_t *answer;
	int code = ask_route(ctl, json_pack("{s:s,s:s}", "what", what, "text", ctl->operands[1]),
		       &answer);

	return code == CTL_OK ? show(ctl, answer) : code;
}

static void
receipt_text(const struct ctl *ctl, json_t *answer, struct buf *out)
{
	const char *receipt = member_text(answer, "receipt");
	json_t *ms = json_object_get(answer, "receipt_ms");

	if (!receipt)
		buf_puts(out, say(ctl, "no receipt came in time\n", "等待期内没有回执\n"));
	else if (json_is_integer(ms))
		buf_printf(out, say(ctl, "receipt: %s after %.1f s\n", "回执:%s,%.1f 秒\n"),
			   word(ctl, receipt), (double)json_integer_value(ms) / 1000);
	else
		buf_printf(out, say(ctl, "receipt: %s\n", "回执:%s\n"), word(ctl, receipt));
}

int
modem_send_test(struct ctl *ctl)
{
	const char *text = ctl->operands[2];
	struct buf plain = { 0 }, out = { 0 };
	json_t *answer;
	int code;

	buf_printf(&plain, say(ctl, "gong test message by route %s", "gong 测试短信,经通道 %s"), ctl->operands[0]);
	code = ask_route(ctl,
		   json_pack("{s:s,s:s,s:s}", "what", "sms", "to", ctl->operands[1], "text",
			     text ? text : plain.data),
		   &answer);
	buf_fini(&plain);
	if (code != CTL_OK || ctl->json || !member_is(answer, "ok"))
		return code == CTL_OK ? show(ctl, answer) : code;
	buf_printf(&out,
		   say(ctl, "accepted by the network after %.1f s", "网络已接受,%.1f 秒"),
		   (double)member_int(answer, "submit_ms") / 1000);
	if (member_text(answer, "ref"))
		buf_printf(&out, say(ctl, ", reference %s", ",参考号 %s"),
			   member_text(answer, "ref"));
	buf_puts(&out, "\n");
	receipt_text(ctl, answer, &out);
	ctl_print(&out);
	json_decref(answer);
	return CTL_OK;
}
