/* route.c -- is this route fit?  What gongd thinks of it, what its driver finds when it tests
 * itself, and, with a number, what becomes of a real message: step by step, as it comes. */
#include "ctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/near.h"
#include "core/number.h"

#define RECEIPT_WAIT_MAX SECONDS(90)

struct test {
	struct ctl *ctl;
	bool failed, no_test;
	json_t *all; /* for --json */
};

enum mark { STEP_OK, STEP_FAILED, STEP_TOLD };

__attribute__((format(printf, 3, 4))) static void
step(struct test *t, enum mark mark, const char *fmt, ...)
{
	struct buf line = { 0 }, out = { 0 };
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	t->failed |= mark == STEP_FAILED;
	if (t->ctl->json)
		return;
	text_clip(&line, text, 1000);
	buf_printf(&out, "%s %s\n",
		   mark == STEP_OK ? say(t->ctl, "ok  ", "正常")
		   : mark == STEP_FAILED ? say(t->ctl, "FAIL", "失败") : "--  ",
		   line.data ? line.data : "");
	ctl_print(&out);
	fflush(stdout);
	buf_fini(&line);
}

static void
alarms(struct test *t, json_t *route)
{
	json_t *alarm, *list = json_object_get(route, "alarms");
	size_t i;

	json_array_foreach(list, i, alarm) {
		struct buf text = { 0 };

		alarm_text(t->ctl, alarm, &text);
		step(t, STEP_FAILED, "gong: %s", text.data);
		buf_fini(&text);
	}
	if (!json_array_size(list))
		step(t, STEP_OK, say(t->ctl, "gong: no alarm stands", "gong:没有告警"));
}

/* A driver that says nothing of it is somebody else's, or an old one. */
static void
confined(struct test *t, json_t *confined)
{
	const char *lacks = member_text(confined, "lacks");

	if (lacks)
		step(t, STEP_TOLD, say(t->ctl, "driver: not wholly confined: %s", "驱动:未完全隔离:%s"),
		     lacks);
	else if (confined)
		step(t, STEP_OK, say(t->ctl, "driver: confined", "驱动:已隔离"));
}

static void
health(struct test *t, json_t *health)
{
	json_t *skew = json_object_get(health, "clock_skew_ms");
	json_t *balance = json_object_get(health, "balance");

	if (json_is_number(skew))
		step(t, STEP_TOLD, say(t->ctl, "clock: %.0f ms off", "时钟:相差 %.0f 毫秒"),
		     json_number_value(skew));
	if (json_is_number(balance))
		step(t, STEP_TOLD, say(t->ctl, "balance: %.2f", "余额:%.2f"),
		     json_number_value(balance));
	confined(t, json_object_get(health, "confined"));
}

/* The route whose name is near; borrowed, or NULL. */
static const char *
nearest(json_t *routes, const char *name)
{
	struct near near = { .word = name };
	json_t *route;
	size_t i;

	json_array_foreach(routes, i, route) {
		const char *own = member_text(route, "name");

		if (own)
			near_offer(&near, own, own);
	}
	return near.best;
}

/* What gongd thinks of it; CTL_REFUSED when there is no such route. */
static int
view(struct test *t)
{
	const char *name = t->ctl->operands[0], *state;
	json_t *answer, *route, *found = NULL;
	struct err err = { 0 };
	size_t i;
	int code = client_get(t->ctl, &answer, "/v1/routes");

	if (code != CTL_OK)
		return code;
	json_array_foreach(json_object_get(answer, "routes"), i, route)
		if (member_text(route, "name") && strcmp(member_text(route, "name"), name) == 0)
			found = route;
	if (!found) {
		const char *near = nearest(json_object_get(answer, "routes"), name);

		if (near)
			err_set(&err,
				say(t->ctl, "there is no route \"%s\"; did you mean \"%s\"?",
				    "没有通道“%s”,是不是“%s”?"),
				name, near);
		else
			err_set(&err,
				say(t->ctl, "there is no route \"%s\"; gongctl route list shows them",
				    "没有通道“%s”;gongctl route list 可列出"),
				name);
		json_decref(answer);
		return ctl_fail(t->ctl, CTL_REFUSED, &err);
	}
	json_object_set(t->all, "route", found);
	state = member_text(found, "state");
	step(t, state && strcmp(state, "up") == 0 ? STEP_OK : STEP_FAILED,
	     say(t->ctl, "gong: the route is %s", "gong:通道%s"), word(t->ctl, state));
	alarms(t, found);
	health(t, json_object_get(found, "health"));
	json_decref(answer);
	return CTL_OK;
}

/* A driver's own words: "ok  …", "FAIL …" and "--  …" come as they are. */
static void
driver_line(struct test *t, const char *text)
{
	size_t mark = strcspn(text, " ");
	bool bad = mark == 4 && strncmp(text, "FAIL", 4) == 0;
	bool good = mark == 2 && strncmp(text, "ok", 2) == 0;
	bool told = mark == 2 && strncmp(text, "--", 2) == 0;
	const char *rest = good || bad || told ? text + mark + strspn(text + mark, " ") : text;

	step(t, bad ? STEP_FAILED : good ? STEP_OK : STEP_TOLD, "%s", rest);
}

static void
driver_lines(struct test *t, json_t *lines)
{
	json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
		driver_line(t, json_string_value(line) ? json_string_value(line) : "");
}

static int
self_test(struct test *t)
{
	json_t *answer, *lines;
	int code = ask_route(t->ctl, json_pack("{s:s}", "what", "test"), &answer);

	if (code != CTL_OK)
		return code;
	json_object_set(t->all, "test", answer);
	step(t, member_int(answer, "window") ? STEP_OK : STEP_FAILED,
	     say(t->ctl, "gong: window %lld, %lld with the driver",
		 "gong:窗口 %lld,驱动手中 %lld"),
	     (long long)member_int(answer, "window"), (long long)member_int(answer, "in_flight"));
	lines = json_object_get(answer, "lines");
	driver_lines(t, lines);
	t->no_test = !json_array_size(lines) && !member_is(answer, "ok");
	if (t->no_test)
		step(t, STEP_TOLD,
		     say(t->ctl, "this driver knows no test of its own: %s",
			 "该驱动没有自检:%s"),
		     member_text(answer, "reason") ? member_text(answer, "reason") : "?");
	else if (!member_is(answer, "ok"))
		step(t, STEP_FAILED, say(t->ctl, "driver: %s", "驱动:%s"),
		     member_text(answer, "reason") ? member_text(answer, "reason") : "?");
	json_decref(answer);
	return CTL_OK;
}

static void
receipt(struct test *t, json_t *answer)
{
	const char *state = member_text(answer, "receipt");
	bool wanted = args_has(t->ctl, "--receipt-wait");

	if (state)
		step(t, strcmp(state, "delivered") == 0 ? STEP_OK : STEP_FAILED,
		     say(t->ctl, "receipt: %s after %.1f s", "回执:%s,%.1f 秒"),
		     word(t->ctl, state), (double)member_int(answer, "receipt_ms") / 1000);
	else
		step(t, wanted ? STEP_FAILED : STEP_TOLD,
		     say(t->ctl, "receipt: none came in time", "回执:等待期内没有"));
}

static int
message(struct test *t, msec wait)
{
	struct ctl *ctl = t->ctl;
	const char *text = args_value(ctl, "--text");
	struct buf plain = { 0 };
	json_t *answer;
	int code;

	buf_printf(&plain, say(ctl, "gong test message by route %s", "gong 测试短信,经通道 %s"), ctl->operands[0]);
	code = ask_route(ctl,
			 json_pack("{s:s,s:s,s:s,s:I}", "what", "sms", "to", ctl->operands[1],
				   "text", text ? text : plain.data, "receipt_wait_ms",
				   (json_int_t)wait),
			 &answer);
	buf_fini(&plain);
	if (code != CTL_OK)
		return code;
	json_object_set(t->all, "sms", answer);
	driver_lines(t, json_object_get(answer, "lines"));
	if (member_is(answer, "ok")) {
		step(t, STEP_OK,
		     say(ctl, "message: accepted after %.1f s", "短信:网络已接受,%.1f 秒"),
		     (double)member_int(answer, "submit_ms") / 1000);
		receipt(t, answer);
	} else {
		step(t, STEP_FAILED, say(ctl, "message: %s", "短信:%s"),
		     member_text(answer, "reason") ? member_text(answer, "reason") : "?");
	}
	json_decref(answer);
	return CTL_OK;
}

static int
read_options(struct ctl *ctl, msec *wait)
{
	const char *given = args_value(ctl, "--receipt-wait");

	*wait = SECONDS(60);
	if (!ctl->operands[1] && (given || args_has(ctl, "--text")))
		return ctl_usage(ctl, "%s",
				 say(ctl, "--text and --receipt-wait are for a message: give a NUMBER",
				     "--text 与 --receipt-wait 用于短信:请给出 号码"));
	if (given && duration_spelt(wait, given, 1, RECEIPT_WAIT_MAX) < 0)
		return ctl_usage(ctl,
				 say(ctl, "--receipt-wait %s: at most 90s, such as 60s",
				     "--receipt-wait %s:至多 90s,如 60s"),
				 given);
	return CTL_OK;
}

int
route_test(struct ctl *ctl)
{
	struct test t = { .ctl = ctl, .all = json_object() };
	bool unfit;
	msec wait;
	int code = read_options(ctl, &wait);

	if (code == CTL_OK)
		code = view(&t);
	if (code == CTL_OK)
		code = self_test(&t);
	if (code == CTL_OK && ctl->operands[1])
		code = message(&t, wait);
	unfit = t.failed || (t.no_test && !ctl->operands[1]); /* the latter: nothing was tested */
	if (ctl->json && code == CTL_OK)
		ctl_json(t.all);
	else
		json_decref(t.all);
	return code == CTL_OK && unfit ? CTL_REFUSED : code;
}
