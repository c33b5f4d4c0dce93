/* send.c -- alerts and callouts from the command line, and what a dry run foretells. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "core/rung.h"

#define REPLACED_SHOWN 5 /* places taken over that are named */

static bool
is_code(const char *text, size_t len)
{
	return (len == 6 || len == 9 || len == 12) && strspn(text, "0123456789") >= len;
}

/* "name=value", or "CODE:name=value" for one division. */
static int
one_param(struct ctl *ctl, const char *text, json_t *params, json_t *by_division)
{
	const char *colon = strchr(text, ':'), *equals = strchr(text, '=');
	json_t *into = params;
	char *name;

	if (colon && equals && colon < equals && is_code(text, (size_t)(colon - text))) {
		char *code = xstrndup(text, (size_t)(colon - text));

		if (!by_division) {
			free(code);
			return ctl_usage(ctl,
					 say(ctl,
					     "--param %s: %s takes no parameter of one "
					     "division",
					     "--param %s:%s 不接受单个地区的参数"),
					 text, ctl->command->words);
		}
		into = json_object_get(by_division, code);
		if (!into) {
			into = json_object();
			json_object_set_new(by_division, code, into);
		}
		free(code);
		text = colon + 1;
	}
	if (!equals || equals == text)
		return ctl_usage(
			ctl,
			say(ctl, "--param \"%s\" is not name=value or CODE:name=value",
			    "--param \"%s\" 不是 名称=值 或 代码:名称=值"),
			text);
	name = xstrndup(text, (size_t)(equals - text));
	if (json_object_get(into, name)) {
		int code = ctl_usage(ctl,
				     say(ctl, "--param %s stands twice; give it once",
					 "--param %s 出现两次;只能给一次"),
				     name);

		free(name);
		return code;
	}
	if (json_object_set_new(into, name, json_string(equals + 1)) < 0) {
		free(name);
		return ctl_usage(ctl, "%s",
				 say(ctl,
				     "a --param is not UTF-8; set LANG=C.UTF-8 and type "
				     "it again",
				     "--param 不是 UTF-8;请设 LANG=C.UTF-8 后重新输入"));
	}
	free(name);
	return CTL_OK;
}

int
params_add(struct ctl *ctl, json_t *params, json_t *by_division)
{
	int code = CTL_OK;

	for (size_t i = 0; code == CTL_OK && i < ctl->given_count; i++)
		if (strcmp(ctl->given[i].spec->name, "--param") == 0)
			code = one_param(ctl, ctl->given[i].value, params, by_division);
	return code;
}

/* An RFC 3339 instant goes to gongd as it stands: a script may repeat itself by it. */
static int
set_instant(struct ctl *ctl, json_t *body, const char *option, const char *member)
{
	const char *text = args_value(ctl, option);
	msec at = 0;
	int code;

	if (!text)
		return CTL_OK;
	if (strspn(text, "0123456789-") == 10 && (text[10] == 'T' || text[10] == 't')) {
		json_object_set_new(body, member, json_string(text));
		return CTL_OK;
	}
	code = instant_option(ctl, option, true, &at);
	if (code == CTL_OK)
		json_object_set_new(body, member, json_integer(at));
	return code;
}

/* A key of our own makes a lost answer harmless: the same request may be repeated under
 * it. */
static void
set_key(struct ctl *ctl, json_t *body)
{
	const char *given = args_value(ctl, "--key");
	unsigned char random[6] = { 0 };
	time_t now = time(NULL);
	char day[32] = "";
	struct tm tm;
	struct buf key = { 0 };

	if (!given) {
		if (localtime_r(&now, &tm))
			strftime(day, sizeof(day), "%Y%m%d-%H%M%S", &tm);
		if (getrandom(random, sizeof(random), 0) < 0)
			memcpy(random, &now, sizeof(random));
		buf_printf(&key, "ctl-%s-", day);
		for (size_t i = 0; i < sizeof(random); i++)
			buf_printf(&key, "%02x", random[i]);
		given = key.data;
	}
	json_object_set_new(body, "key", json_string(given));
	buf_fini(&key);
}

static int
set_mode(struct ctl *ctl, json_t *body)
{
	if (args_has(ctl, "--drill") && args_has(ctl, "--test"))
		return ctl_usage(ctl, "%s",
				 say(ctl,
				     "--drill and --test exclude each other; give one",
				     "--drill 与 --test 只能给一个"));
	json_object_set_new(body, "mode",
			    json_string(args_has(ctl, "--drill")  ? "drill"
					: args_has(ctl, "--test") ? "test"
								  : "real"));
	return CTL_OK;
}

static int
set_replaces(struct ctl *ctl, json_t *body)
{
	const char *text = args_value(ctl, "--replaces");
	int64_t id;

	if (!text && args_has(ctl, "--whole"))
		return ctl_usage(ctl, "%s",
				 say(ctl, "--whole needs --replaces ID: the alert that ends",
				     "--whole 需要 --replaces 编号"));
	if (!text)
		return args_has(ctl, "--reached")
			       ? ctl_usage(ctl, "%s",
					   say(ctl,
					       "--reached needs --replaces ID: those "
					       "whom that "
					       "alert reached",
					       "--reached 需要 --replaces 编号"))
			       : CTL_OK;
	if (!alert_parse(&id, text))
		return ctl_usage(ctl,
				 say(ctl,
				     "--replaces \"%s\" is not the number of an alert, "
				     "nor its code",
				     "--replaces \"%s\" 不是告警编号或单号"),
				 text);
	json_object_set_new(body, "replaces", json_integer(id));
	if (args_has(ctl, "--whole"))
		json_object_set_new(body, "whole", json_true());
	return CTL_OK;
}

static json_t *
audience(struct ctl *ctl)
{
	static const char *const members[][2] = {
		{ "--division", "divisions" },
		{ "--without-division", "without_divisions" },
		{ "--role", "roles" },
		{ "--contact", "contacts" },
		{ "--tag", "tags" },
		{ "--without-contact", "without_contacts" },
	};
	json_t *object = json_object();

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (args_has(ctl, members[i][0]))
			json_object_set_new(object, members[i][1],
					    args_strings(ctl, members[i][0]));
	if (args_has(ctl, "--reached"))
		json_object_set_new(object, "reached", json_true());
	return object;
}

/* What the operator needs when no answer came: the same request, once, under the same
 * key. */
static void
say_repeat(struct ctl *ctl, json_t *body)
{
	json_t *expires = json_object_get(body, "expires_at");
	json_t *starts = json_object_get(body, "starts_at");

	fprintf(stderr,
		say(ctl,
		    "the request may have been accepted; repeating it with --key %s is "
		    "safe",
		    "请求可能已被受理;用 --key %s 重复是安全的"),
		member_text(body, "key"));
	if (json_is_integer(expires))
		fprintf(stderr, " --expires %lld",
			(long long)json_integer_value(expires));
	if (json_is_integer(starts))
		fprintf(stderr, " --starts %lld", (long long)json_integer_value(starts));
	fputc('\n', stderr);
}

/* Of very many places gongd does not look for those that have nobody, where there is no ladder. */
static void
warn_told_once(const struct ctl *ctl, json_t *answer)
{
	if (member_is(answer, "nobody_unknown"))
		fprintf(stderr,
			say(ctl,
			    "gongctl: told once in %lld places: nobody is chased, and places where nobody holds the role "
			    "are NOT named; --policy names them\n",
			    "gongctl: 在%lld个地区只告知一次:不会追叫,也不列出无人担任该角色的地区;用 --policy 才会列出\n"),
			(long long)member_int(answer, "places"));
	else if (member_int(answer, "places") && !args_has(ctl, "--policy"))
		fputs(say(ctl, "gongctl: told once: nobody is chased; --policy NAME chases who is silent\n",
			  "gongctl: 只告知一次,不会追叫;要追叫请用 --policy 名称\n"),
		      stderr);
}

/* All of them by name, so many a line as fit. */
static void
put_places(json_t *places, struct buf *out)
{
	size_t i, room = 0, width = screen_width() ? screen_width() : 100;
	json_t *place;

	json_array_foreach(places, i, place) {
		const char *name = member_text(place, "name"), *code = member_text(place, "code");
		struct buf one = { 0 };
		size_t wide;

		buf_printf(&one, "%s%s%s", name ? name : "", name && *name ? " " : "", code ? code : "");
		wide = text_width(one.data) + 2;
		buf_puts(out, i == 0 ? "  " : room < wide ? ",\n  " : ", ");
		room = i == 0 || room < wide ? width - 3 : room;
		text_clip(out, one.data, one.len);	/* no name drives the terminal */
		room -= room > wide ? wide : room;
		buf_fini(&one);
	}
	buf_puts(out, "\n");
}

/* Places that no ladder can reach: first, counted, by name; on standard error, too, since somebody must
 * go there. */
static void
warn_nobody(const struct ctl *ctl, json_t *answer)
{
	json_t *places = json_object_get(answer, "nobody");
	struct buf list = { 0 };

	if (member_is(answer, "nobody_pending"))
		fputs(say(ctl,
			  "gongctl: places with NOBODY to call are still being looked for; the same command "
			  "again, or gongctl task list, names them\n",
			  "gongctl: 正在查找无人可叫的地区;稍后重复本命令,或看 gongctl task list\n"),
		      stderr);
	if (!json_array_size(places))
		return;
	put_places(places, &list);
	fprintf(stderr,
		say(ctl,
		    "gongctl: NOBODY can be called for %zu of %lld places; send somebody there, and correct the "
		    "list:\n%s",
		    "gongctl: 无人可叫:%zu 个(共 %lld 个地区),请派人前往,并更正名单:\n%s"),
		json_array_size(places),
		(long long)member_int(answer, json_object_get(answer, "places") ? "places" : "targets"), list.data);
	fflush(stderr);
	buf_fini(&list);
}

/* It was accepted as it is; what the list lacks can be mended before the next time. */
static void
tell_warnings(const struct ctl *ctl, json_t *answer)
{
	json_t *warning;
	size_t i;

	json_array_foreach(json_object_get(answer, "warnings"), i, warning) {
		const char *text = member_text(warning, ctl->lang == LANG_ZH ? "text_zh" : "text");
		struct buf clean = { 0 };

		text_clip(&clean, text ? text : "", SIZE_MAX);
		fprintf(stderr, "gongctl: ! %s\n", clean.data ? clean.data : "");
		buf_fini(&clean);
	}
}

/* Lists of people are damaged: on standard error, so that no pipe swallows it. */
static void
warn_incomplete(const struct ctl *ctl, json_t *answer)
{
	json_t *table, *tables = json_object_get(answer, "damaged");
	size_t i;

	if (!member_is(answer, "incomplete"))
		return;
	fprintf(stderr, "%s", say(ctl, "gongctl: INCOMPLETE: lists of people are damaged (",
				  "gongctl: 不完整:名单已损坏("));
	json_array_foreach(tables, i, table)
		fprintf(stderr, "%s%s", i ? ", " : "", json_string_value(table)
			? json_string_value(table) : "?");
	fprintf(stderr, "%s", say(ctl, "); check who was told, tell the others by hand, "
				  "restore the last backup\n",
				  "):请核对已通知的人,其余人工通知,并恢复最近的备份\n"));
}

/* What becomes of the alert that this one replaces. */
static void
tell_replaced(const struct ctl *ctl, json_t *answer)
{
	json_t *old = json_object_get(answer, "replaces"), *moved = json_object_get(old, "moved"), *one;
	struct buf names = { 0 }, clean = { 0 };
	size_t i;

	if (!old)
		return;
	json_array_foreach(moved, i, one) {
		if (i == REPLACED_SHOWN)
			break;
		buf_printf(&names, "%s%s", i ? ", " : "", json_string_value(one) ? json_string_value(one) : "?");
	}
	if (json_array_size(moved) > REPLACED_SHOWN)
		buf_puts(&names, ", …");
	text_clip(&clean, names.data ? names.data : "-", SIZE_MAX);
	printf(say(ctl, "of alert %s: %zu taken over (%s), %lld stay with it, %lld people are told that it has "
			"ended for them\n",
		   "告警 %s:接管 %zu 个(%s),%lld 个仍归原告警,另有 %lld 人会收到原告警结束的通知\n"),
	       member_text(old, "code") ? member_text(old, "code") : "-", json_array_size(moved), clean.data,
	       (long long)member_int(old, "stays"), (long long)member_int(old, "told"));
	buf_fini(&clean);
	buf_fini(&names);
}

/* What the table of kinds has found. */
static void
tell_text(const struct ctl *ctl, json_t *answer)
{
	const char *policy = member_text(answer, "policy");

	if (args_has(ctl, "--kind") && !ctl->operands[0] && member_text(answer, "template"))
		printf(say(ctl, "text %s, ladder %s\n", "模板 %s,叫应规则 %s\n"), member_text(answer, "template"),
		       policy ? policy : "-");
}

static void
accepted_print(const struct ctl *ctl, json_t *answer, const char *key)
{
	const char *code = member_text(answer, "code");
	const char *state = word(ctl, member_text(answer, "state"));

	printf(member_is(answer, "repeat")
		       ? say(ctl, "alert %lld %s was accepted before under key %s: %s, %lld targets\n",
			     "告警 %lld %s 已在键 %s 下受理过:%s,%lld 个叫应对象\n")
		       : say(ctl, "alert %lld %s accepted under key %s: %s, %lld targets\n",
			     "告警 %lld %s 已受理,键 %s:%s,%lld 个叫应对象\n"),
	       (long long)member_int(answer, "id"), code ? code : "", key, state ? state : "-",
	       (long long)member_int(answer, "targets"));
	tell_warnings(ctl, answer);	/* a plan has its own among it */
}

static int
post(struct ctl *ctl, const char *path, json_t *body)
{
	bool dry = args_has(ctl, "--dry-run");
	char *text = json_dumps(body, JSON_COMPACT);
	struct client_request q = { .body = text, .len = strlen(text), .lost = dry ? LOST_LOOKING : LOST_DONE };
	struct buf full = { 0 };
	json_t *answer;
	int code;

	buf_printf(&full, "%s%s", path, dry ? "?dry_run=1" : "");
	q.path = full.data;
	code = client_post_request(ctl, &q, &answer);
	buf_fini(&full);
	free(text);
	if (code == CTL_NOT_REACHED && !dry)
		say_repeat(ctl, body);
	if (code == CTL_OK && ctl->json) {
		if (!dry)
			json_object_set(answer, "key", json_object_get(body, "key"));
		ctl_json(answer);
	} else if (code == CTL_OK) {
		warn_nobody(ctl, answer);
		warn_told_once(ctl, answer);
		tell_text(ctl, answer);
		if (dry)
			plan_print(ctl, answer);
		else
			accepted_print(ctl, answer, member_text(body, "key"));
		tell_replaced(ctl, answer);
		warn_incomplete(ctl, answer);
		json_decref(answer);
	}
	json_decref(body);
	return code;
}

/* A template, or a kind, by which gongd finds it. */
static int
what_is_sent(struct ctl *ctl)
{
	if (!ctl->operands[0] && !args_has(ctl, "--kind"))
		return ctl_usage(ctl, "%s",
				 say(ctl,
				     "send needs TEMPLATE, or --kind KIND: the table of kinds then finds "
				     "text and ladder by the colour",
				     "send 需要 模板,或 --kind 灾种(由灾种表按颜色选定模板和叫应规则)"));
	if (!args_has(ctl, "--severity") && !args_has(ctl, "--further"))
		return ctl_usage(ctl, "%s",
				 say(ctl, "send needs --severity: notice, blue, yellow, orange or red",
				     "send 需要 --severity:通知、蓝色、黄色、橙色或红色"));
	return CTL_OK;
}

int
send_alert(struct ctl *ctl)
{
	json_t *body = json_object(), *params = json_object(), *local = json_object();
	json_t *whom = audience(ctl);
	static const char *const texts[][2] = {
		{ "--policy", "policy" },
		{ "--severity", "severity" },
		{ "--kind", "kind" },
		{ "--further", "further" },
		{ "--asker", "asker" },
	};
	int code;

	if (ctl->operands[0])
		json_object_set_new(body, "template", json_string(ctl->operands[0]));
	json_object_set_new(body, "params", params);
	json_object_set_new(body, "params_by_division", local);
	json_object_set_new(body, "audience", whom);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (args_has(ctl, texts[i][0]))
			json_object_set_new(body, texts[i][1],
					    json_string(args_value(ctl, texts[i][0])));
	set_key(ctl, body);
	code = what_is_sent(ctl);
	if (code == CTL_OK)
		code = set_instant(ctl, body, "--expires", "expires_at");
	if (code == CTL_OK)
		code = set_instant(ctl, body, "--starts", "starts_at");
	if (code == CTL_OK && !args_has(ctl, "--division") && !args_has(ctl, "--contact") &&
	    !args_has(ctl, "--tag") && !args_has(ctl, "--reached"))
		code = ctl_usage(ctl, "%s",
				 say(ctl,
				     "send needs an audience: --division CODE, --contact "
				     "REF, --tag TAG, or --replaces ID --reached",
				     "send 需要受众:--division 代码、--contact 联系人、--tag 标签,或 "
				     "--replaces ID --reached"));
	if (code == CTL_OK)
		code = set_mode(ctl, body);
	if (code == CTL_OK)
		code = set_replaces(ctl, body);
	if (code == CTL_OK)
		code = params_add(ctl, params, local);
	if (code == CTL_OK)
		return post(ctl, "/v1/alerts", body);
	json_decref(body);
	return code;
}

static int
callout_whom(struct ctl *ctl)
{
	if (args_has(ctl, "--role") == args_has(ctl, "--contact"))
		return ctl_usage(
			ctl, "%s",
			say(ctl,
			    "callout needs either --role R with --division CODE, "
			    "or --contact REF…",
			    "callout 需要 --role R 与 --division 代码,或 --contact "
			    "REF…"));
	if (args_has(ctl, "--role") != args_has(ctl, "--division"))
		return ctl_usage(ctl, "%s",
				 say(ctl,
				     "--role and --division belong together: whose duty, "
				     "and where",
				     "--role 与 --division 须同时给出"));
	return CTL_OK;
}

int
send_callout(struct ctl *ctl)
{
	json_t *body = json_object(), *params = json_object();
	static const char *const texts[][2] = {
		{ "--role", "role" },         { "--division", "division" },
		{ "--template", "template" }, { "--policy", "policy" },
		{ "--kind", "kind" },
	};
	int code;

	json_object_set_new(body, "params", params);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (args_has(ctl, texts[i][0]))
			json_object_set_new(body, texts[i][1],
					    json_string(args_value(ctl, texts[i][0])));
	if (args_has(ctl, "--contact"))
		json_object_set_new(body, "contacts", args_strings(ctl, "--contact"));
	set_key(ctl, body);
	code = set_instant(ctl, body, "--expires", "expires_at");
	if (code == CTL_OK)
		code = callout_whom(ctl);
	if (code == CTL_OK)
		code = set_mode(ctl, body);
	if (code == CTL_OK)
		code = params_add(ctl, params, NULL);
	if (code == CTL_OK)
		return post(ctl, "/v1/callouts", body);
	json_decref(body);
	return code;
}

static const char *
forecast_text(const struct ctl *ctl, char out[HUMAN], json_t *wave, const char *member)
{
	json_t *ms = json_object_get(wave, member);

	if (!json_is_integer(ms))
		return NULL;
	return json_integer_value(ms) < 0 ? say(ctl, "no route", "无通道")
					  : duration_text(ctl, out, json_integer_value(ms));
}

static void
plan_remark(const struct ctl *ctl, json_t *step, struct buf *out)
{
	msec nobody = member_int(step, "targets_without_anybody");

	if (member_is(step, "console"))
		buf_puts(out, say(ctl, "a task at the desk", "值班台任务"));
	if (member_is(step, "without_route"))
		buf_printf(out, "%s%s", out->len ? "; " : "",
			   say(ctl, "a channel has no route", "有渠道无通道"));
	if (nobody)
		buf_printf(
			out,
			say(ctl, "%s%lld places: nobody in this step", "%s%lld 个地区本步无人"),
			out->len ? "; " : "", (long long)nobody);
}

/* One line a wave; a step without waves still has its line, since somebody planned it. */
static void
plan_step(const struct ctl *ctl, json_t *step, json_t *forecast, size_t *flat,
	  struct grid *t)
{
	json_t *waves = json_object_get(step, "waves");
	size_t count = json_array_size(waves);
	struct buf remark = { 0 };
	char text[HUMAN];

	plan_remark(ctl, step, &remark);
	for (size_t w = 0; w < (count ? count : 1); w++) {
		json_t *wave = json_array_get(waves, w);
		json_t *when = count ? json_array_get(forecast, (*flat)++) : NULL;

		grid_cell(t, w ? " " : rung_said(member_text(step, "name") ? member_text(step, "name") : "", ctl->lang));
		grid_cell(t, w ? " " : duration_text(ctl, text, member_int(step, "after_ms")));
		grid_cell(t, word(ctl, member_text(wave, "channel")));
		grid_cellf(t, "%lld", (long long)member_int(wave, "people"));
		grid_cellf(t, "%lld", (long long)member_int(wave, "parts"));
		grid_cell(t, forecast_text(ctl, text, when, "first_ms"));
		grid_cell(t, forecast_text(ctl, text, when, "last_ms"));
		grid_cell(t, w || !remark.len ? " " : remark.data);
	}
	buf_fini(&remark);
}

/* What goes first, what would go wrong, and when each place hears of it first. */
static void
plan_warnings(const struct ctl *ctl, json_t *plan, struct buf *out)
{
	json_t *first = json_object_get(plan, "first_calls"), *warning;
	json_t *ahead = json_object_get(plan, "ahead"), *thanks = json_object_get(plan, "thanks");
	char median[HUMAN], last[HUMAN];
	size_t i;

	if (member_int(first, "called"))
		buf_printf(out, say(ctl, "first call: half of %lld targets within %s, the last at %s\n",
				    "首个通知:%lld个对象中一半在%s内,最后一个%s\n"),
			   (long long)member_int(first, "called"),
			   duration_text(ctl, median, member_int(first, "median_ms")),
			   duration_text(ctl, last, member_int(first, "last_ms")));
	if (member_int(ahead, "messages"))
		buf_printf(out, say(ctl, "%lld messages of other alerts go first, %lld of them thanks\n",
				    "其他告警的%lld条先发,其中自动回复%lld条\n"),
			   (long long)member_int(ahead, "messages"),
			   (long long)member_int(ahead, "thanks"));
	if (member_int(thanks, "last_ms") > 0)
		buf_printf(out, say(ctl, "if all answer at once: %lld thanks, the last at %s\n",
				    "若全部立即应答:自动回复%lld条,最后一条%s\n"),
			   (long long)member_int(thanks, "messages"),
			   duration_text(ctl, last, member_int(thanks, "last_ms")));
	json_array_foreach(json_object_get(plan, "warnings"), i, warning)
		buf_printf(out, "! %s\n", member_text(warning, ctl->lang == LANG_ZH ? "text_zh" : "text"));
}

void
plan_print(const struct ctl *ctl, json_t *plan)
{
	const char *const titles[] = { say(ctl, "step", "步骤"),
				       say(ctl, "after", "之后"),
				       say(ctl, "channel", "渠道"),
				       say(ctl, "people", "人数"),
				       say(ctl, "parts", "条数"),
				       say(ctl, "first out", "首条发出"),
				       say(ctl, "last out", "末条发出"),
				       say(ctl, "remark", "备注"),
				       NULL };
	json_t *step, *forecast = json_object_get(plan, "forecast");
	struct buf out = { 0 };
	struct grid t;
	size_t i, flat = 0;

	buf_printf(&out,
		   say(ctl,
		       "DRY RUN, nothing is sent: %lld targets; if nobody answers:\n",
		       "试算,不会发送:%lld 个叫应对象;若无人应答:\n"),
		   (long long)member_int(plan, "targets"));
	grid_init(&t, 0x7a, titles);
	json_array_foreach(json_object_get(plan, "steps"), i, step)
		plan_step(ctl, step, forecast, &flat, &t);
	grid_put(&t, &out, 0, screen_width());
	plan_warnings(ctl, plan, &out);
	ctl_print(&out);
	grid_fini(&t);
}
