/* setup.c -- gongctl setup: a few questions, and an office has settings that gongd takes, its first people,
 * and a first message.  It writes over nothing and starts nothing. */
#include "ctl/setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/cause.h"

static bool
is_there(const struct setup *s)
{
	return access(s->output, F_OK) == 0;
}

/* Said before the first question, not after the last. */
static int
may_write_beside(struct setup *s)
{
	char *folder = setup_beside(s, "."), why[SAID_BYTES];
	int code = CTL_OK;

	if (access(folder, W_OK | X_OK) < 0) {
		value_render(cause_word(errno), s->ctl->lang, why, sizeof(why));
		fprintf(stderr, say(s->ctl, "gongctl: %s cannot be written: %s; become root (sudo), or give another --output\n",
				    "gongctl: %s 无法写入:%s;请用 root(sudo),或换一个 --output\n"), s->output, why);
		code = CTL_REFUSED;
	}
	free(folder);
	return code;
}

static int
may_write(struct setup *s)
{
	struct buf prompt = { 0 };
	bool yes;

	if (may_write_beside(s) != CTL_OK)
		return CTL_REFUSED;
	if (!is_there(s) || args_has(s->ctl, "--overwrite"))
		return CTL_OK;
	if (!s->people)
		return ctl_usage(s->ctl, say(s->ctl, "%s is there; give --overwrite (a dated copy is kept) or another --output",
					     "%s 已存在;请加 --overwrite(会保留带日期的副本)或换一个 --output"), s->output);
	buf_printf(&prompt, say(s->ctl, "%s is there. Write a new one, and keep a dated copy of it? [y/N] ",
				"%s 已存在。写新的,并保留带日期的副本?[y/N] "), s->output);
	yes = setup_yes(s, prompt.data);
	buf_fini(&prompt);
	return yes ? CTL_OK : CTL_REFUSED;
}

static void
say_next(const struct setup *s)
{
	char *folder = setup_beside(s, "");
	struct buf out = { 0 };

	buf_puts(&out, say(s->ctl, "\nnext:\n", "\n下一步:\n"));
	if (s->in_etc)
		buf_puts(&out, say(s->ctl, "  systemctl enable gongd && systemctl restart gongd      start it, now and at every boot\n",
				   "  systemctl enable gongd && systemctl restart gongd      启动,并随系统启动\n"));
	else
		buf_printf(&out, "  %s --config %s\n", s->gongd, s->output);
	buf_printf(&out, "  gongctl --config %s import divisions %sdivisions.csv\n", s->output, folder);
	buf_printf(&out, "  gongctl --config %s import contacts %scontacts.csv\n", s->output, folder);
	free(folder);
	buf_printf(&out, "  gongctl --config %s route list\n", s->output);
	ctl_print(&out);
}

/* -- with gongd -- */

static bool
is_running(struct setup *s)
{
	struct client_request q = { .path = "/v1/routes" };
	struct err err = { 0 };
	json_t *answer = NULL;
	int code = client_ask(s->ctl, &q, &answer, &err);

	json_decref(answer);
	return code == CTL_OK;
}

static int
import(struct setup *s, const char *kind, const char *text)
{
	struct client_request q = { .body = text, .len = strlen(text), .type = "text/csv" };
	struct buf path = { 0 };
	json_t *answer = NULL;
	int code;

	buf_printf(&path, "/v1/import/%s", kind);
	q.path = path.data;
	code = client_post_request(s->ctl, &q, &answer);
	buf_fini(&path);
	json_decref(answer);
	return code;
}

static int
import_people(struct setup *s)
{
	struct buf divisions = { 0 }, contacts = { 0 };
	int code;

	setup_people(s, &divisions, &contacts);
	code = import(s, "divisions", divisions.data);
	if (code == CTL_OK)
		code = import(s, "contacts", contacts.data);
	buf_fini(&divisions);
	buf_fini(&contacts);
	if (code == CTL_OK)
		printf(say(s->ctl, "%s is in the list, as the duty officer of %s\n", "%s 已列入名单,为 %s 的值班员\n"), s->officer,
		       s->county);
	return code;
}

static int
send_test(struct setup *s)
{
	char phone[PHONE_TEXT], shown[PHONE_TEXT];
	struct buf prompt = { 0 };
	json_t *answer = NULL;
	int code = CTL_OK;

	phone_format(phone, s->phone);
	phone_mask(shown, s->phone);
	buf_printf(&prompt, say(s->ctl, "Send a test message to %s, %s? [y/N] ", "向 %s(%s)发一条测试短信?[y/N] "), s->officer,
		   shown);
	if (setup_yes(s, prompt.data)) {
		s->ctl->operands[0] = SETUP_ROUTE;
		code = ask_route(s->ctl, json_pack("{s:s,s:s,s:s}", "what", "sms", "to", phone, "text",
						   say(s->ctl, "gong test message: the first route works", "gong 测试短信:第一条通道可用")),
				 &answer);
		if (code == CTL_OK)
			printf("%s\n", member_is(answer, "ok") ? say(s->ctl, "the network has taken it", "网络已接受")
							       : say(s->ctl, "it was refused; see gongctl route list",
								     "被拒绝;请查看 gongctl route list"));
		json_decref(answer);
	}
	buf_fini(&prompt);
	return code;
}

/* gongd is somebody else's to start; whoever has done so gets the list and the first message from here. */
static int
first_message(struct setup *s)
{
	struct buf socket = { 0 };
	const char *slash = strrchr(s->output, '/');
	int code = CTL_OK;
	char *line;

	buf_printf(&socket, "%.*sgong.sock", slash ? (int)(slash - s->output) + 1 : 0, s->output);
	s->ctl->socket = s->in_etc ? SOCKET_DEFAULT : socket.data;
	for (;;) {
		line = setup_line(s, say(s->ctl, "\nWhen gongd runs with these settings, press Enter (or q to end): ",
					 "\ngongd 用新设置启动后按回车(q 结束):"));
		if (!line || *line || is_running(s))
			break;
		free(line);
		printf("%s\n", say(s->ctl, "gongd does not answer yet", "gongd 还没有应答"));
	}
	if (line && !*line) {
		code = import_people(s);
		if (code == CTL_OK)
			code = send_test(s);
	}
	free(line);
	buf_fini(&socket);
	s->ctl->socket = SOCKET_DEFAULT;
	return code;
}

int
setup_verb(struct ctl *ctl)
{
	struct setup s = { .ctl = ctl, .people = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) };
	int code = setup_find(&s);

	if (code == CTL_OK && s.people)
		printf("%s\n", say(ctl, "A few questions; Enter takes what stands in brackets, Ctrl-C ends and changes nothing.",
				   "几个问题;直接回车取方括号内的值,Ctrl-C 退出且不改动任何文件。"));
	if (code == CTL_OK)
		code = may_write(&s);
	if (code == CTL_OK)
		code = setup_answers(&s);
	if (code == CTL_OK)
		code = setup_write(&s);
	if (code == CTL_OK) {
		say_next(&s);
		code = s.people ? first_message(&s) : CTL_OK;
	}
	setup_free(&s);
	return code;
}
