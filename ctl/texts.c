/* texts.c -- what the site says and whom it calls when: its templates with sizes and faults, its ladders
 * drawn in time, its roles. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "core/near.h"
#include "core/rung.h"

static const char *
in_own(const struct ctl *ctl, json_t *title)
{
	const char *own = member_text(title, lang_name(ctl->lang));

	return own ? own : member_text(title, "zh");
}

/* "a, b", or "-". */
static void
put_list(struct buf *out, json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		buf_printf(out, "%s%s", i ? ", " : "", json_string_value(item));
	if (!json_array_size(list))
		buf_puts(out, "-");
}

/* Says which names begin as that one does. */
static void
say_near(const struct ctl *ctl, json_t *rows, const char *name)
{
	struct buf near = { 0 };
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		const char *other = member_text(row, "name");

		if (strncmp(other, name, strcspn(name, ".")) == 0)
			buf_printf(&near, "%s%s", near.len ? ", " : "", other);
	}
	fprintf(stderr, say(ctl, "gongctl: there is no \"%s\"%s%s\n", "gongctl: 没有「%s」%s%s\n"), name,
		near.len ? say(ctl, "; do you mean ", ";是不是 ") : "", near.len ? near.data : "");
	buf_fini(&near);
}

/* The row of that name; NULL having said what there is. */
static json_t *
find_row(const struct ctl *ctl, json_t *rows, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (strcmp(member_text(row, "name"), name) == 0)
			return row;
	say_near(ctl, rows, name);
	return NULL;
}

/* -- templates -- */

static json_t *
form_size(json_t *template, const char *lang, const char *form)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(template, "forms"), i, row)
		if (strcmp(member_text(row, "language"), lang) == 0 && strcmp(member_text(row, "form"), form) == 0)
			return row;
	return NULL;
}

static void
size_cell(struct grid *t, json_t *template, const char *form)
{
	json_t *zh = form_size(template, "zh", form), *en = form_size(template, "en", form);
	const char *what = strcmp(form, "voice") == 0 ? "seconds" : "parts";

	if (zh || en)
		grid_cellf(t, "%lld/%lld", (long long)member_int(zh, what), (long long)member_int(en, what));
	else
		grid_cell(t, NULL);
}

int
template_list(struct ctl *ctl)
{
	const char *const titles[] = {
		say(ctl, "name", "名称"), say(ctl, "title", "标题"), say(ctl, "parts zh/en", "条数 中/英"),
		say(ctl, "call s", "电话秒"), say(ctl, "asks", "问"), say(ctl, "ladders", "叫应规则"), NULL
	};
	struct buf out = { 0 }, list = { 0 };
	struct grid t;
	json_t *answer, *row;
	size_t i;
	int code = client_get(ctl, &answer, "/v1/templates");

	if (code != CTL_OK || ctl->json)
		return code != CTL_OK ? code : ctl_json(answer);
	grid_init(&t, 0, titles);
	json_array_foreach(json_object_get(answer, "templates"), i, row) {
		json_t *sms = form_size(row, "zh", "sms");

		buf_reset(&list);
		put_list(&list, json_object_get(row, "policies"));
		grid_cell(&t, member_text(row, "name"));
		grid_cell(&t, in_own(ctl, json_object_get(row, "title")));
		size_cell(&t, row, "sms");
		size_cell(&t, row, "voice");
		grid_cell(&t, member_text(sms ? sms : form_size(row, "en", "sms"), "asks"));
		grid_cell(&t, list.data);
	}
	grid_put(&t, &out, 0, screen_width());
	grid_fini(&t);
	buf_fini(&list);
	json_decref(answer);
	ctl_page(ctl, &out);
	return CTL_OK;
}

static void
put_forms(const struct ctl *ctl, json_t *forms, struct buf *out)
{
	json_t *f;
	size_t i;

	json_array_foreach(forms, i, f) {
		bool call = strcmp(member_text(f, "form"), "voice") == 0;

		buf_printf(out, "%s %s  ", member_text(f, "language"), member_text(f, "form"));
		if (call)
			buf_printf(out, say(ctl, "about %lld s", "约%lld秒"), (long long)member_int(f, "seconds"));
		else
			buf_printf(out, say(ctl, "%lld parts, %lld units", "%lld条,%lld个单位"),
				   (long long)member_int(f, "parts"), (long long)member_int(f, "units"));
		buf_printf(out, say(ctl, ", asks for %s\n    ", ",要求回复 %s\n    "), *member_text(f, "asks")
			   ? member_text(f, "asks") : "-");
		text_clip(out, member_text(f, "longest"), 2000);
		buf_puts(out, "\n");
	}
}

static void
put_answers(const struct ctl *ctl, json_t *template, struct buf *out)
{
	json_t *a;
	size_t i;

	json_array_foreach(json_object_get(template, "answers"), i, a)
		buf_printf(out, "%s%s = %s", i ? ", " : say(ctl, "answers: ", "应答: "), member_text(a, "token"),
			   word(ctl, member_text(a, "outcome")));
	if (i)
		buf_puts(out, "\n");
}

static size_t
put_findings(json_t *template, struct buf *out, bool *misleads)
{
	json_t *f, *list = json_object_get(template, "findings");
	size_t i;

	json_array_foreach(list, i, f) {
		text_clip(out, member_text(f, "text"), 2000);
		buf_puts(out, "\n");
		*misleads |= member_is(f, "misleads");
	}
	return json_array_size(list);
}

static void
put_file(const struct ctl *ctl, json_t *row, struct buf *out)
{
	buf_printf(out, say(ctl, "file: %s\n", "文件: %s\n"), member_text(row, "file"));
	if (member_text(row, "instead_of"))
		buf_printf(out, say(ctl, "instead of: %s\n", "代替: %s\n"), member_text(row, "instead_of"));
}

/* Each form at its longest, as it would go out. */
int
template_show(struct ctl *ctl)
{
	struct buf out = { 0 };
	json_t *answer, *row;
	bool misleads = false;
	int code = client_get(ctl, &answer, "/v1/templates");

	if (code != CTL_OK)
		return code;
	row = find_row(ctl, json_object_get(answer, "templates"), ctl->operands[0]);
	if (row && ctl->json) {
		json_incref(row);
		json_decref(answer);
		return ctl_json(row);
	}
	if (row) {
		buf_printf(&out, "%s  %s\n", member_text(row, "name"), in_own(ctl, json_object_get(row, "title")));
		put_file(ctl, row, &out);
		put_answers(ctl, row, &out);
		buf_puts(&out, say(ctl, "ladders: ", "叫应规则: "));
		put_list(&out, json_object_get(row, "policies"));
		buf_puts(&out, "\n\n");
		put_forms(ctl, json_object_get(row, "forms"), &out);
		put_findings(row, &out, &misleads);
		ctl_page(ctl, &out);
	}
	json_decref(answer);
	return row ? CTL_OK : CTL_REFUSED;
}

/* -- what readers of some places would get -- */

static void
put_preview_path(struct ctl *ctl, struct buf *path)
{
	static const char *const passed[] = { "--division", "--param", "--severity", "--kind" };
	static const char end[] = "/preview";
	char *name = curl_easy_escape(ctl->curl, ctl->operands[0], 0);

	buf_printf(path, "/v1/templates/%s%s", name ? name : "", end);
	curl_free(name);
	for (size_t i = 0; i < ctl->given_count; i++)
		for (size_t k = 0; k < sizeof(passed) / sizeof(*passed); k++)
			if (strcmp(ctl->given[i].spec->name, passed[k]) == 0)
				query_add(path, passed[k] + 2, ctl->given[i].value);
	if (args_has(ctl, "--drill"))
		query_add(path, "mode", "drill");
}

/* As asked for: --lang of the command is the reader of gongctl, so a text's language is --language. */
static bool
is_wanted(struct ctl *ctl, json_t *form)
{
	const char *language = args_value(ctl, "--language"), *channel = args_value(ctl, "--channel");
	bool call = strcmp(member_text(form, "form"), "voice") == 0;

	return (!language || strcmp(language, member_text(form, "language")) == 0) &&
		(!channel || (strcmp(channel, "voice") == 0) == call);
}

static void
put_parts_of(const struct ctl *ctl, json_t *form, struct buf *out)
{
	json_t *part, *parts = json_object_get(form, "parts");
	size_t i;

	json_array_foreach(parts, i, part) {
		buf_puts(out, "    ");
		if (json_array_size(parts) > 1)
			buf_printf(out, say(ctl, "[%zu: %lld units] ", "[%zu: %lld单位] "), i + 1,
				   (long long)member_int(part, "units"));
		text_clip(out, member_text(part, "text"), 4000);
		buf_puts(out, "\n");
	}
}

static void
put_preview_form(const struct ctl *ctl, json_t *f, bool provider, struct buf *out)
{
	json_t *longest = json_object_get(f, "longest");

	buf_printf(out, "%s %s  ", member_text(f, "language"), member_text(f, "form"));
	if (!json_object_get(f, "parts")) {
		buf_printf(out, say(ctl, "about %lld s (at the longest %lld s)\n    ", "约%lld秒(最长%lld秒)\n    "),
			   (long long)member_int(f, "seconds"), (long long)member_int(longest, "seconds"));
		text_clip(out, member_text(f, "text"), 4000);
		buf_puts(out, "\n");
		return;
	}
	buf_printf(out, say(ctl, "%zu parts, %lld units (at the longest %lld parts, %lld units)\n",
			    "%zu条,%lld个单位(最长%lld条,%lld个单位)\n"),
		   json_array_size(json_object_get(f, "parts")), (long long)member_int(f, "units"),
		   (long long)member_int(longest, "parts"), (long long)member_int(longest, "units"));
	put_parts_of(ctl, f, out);
	if (!provider)
		return;
	buf_puts(out, say(ctl, "    by a provider that signs: ", "    由平台签名时: "));
	text_clip(out, member_text(f, "provider"), 4000);
	buf_puts(out, "\n");
}

static bool
provider_signs(json_t *answer)
{
	json_t *route;
	size_t i;

	json_array_foreach(json_object_get(answer, "routes"), i, route)
		if (!member_is(route, "gong_signs") && strcmp(member_text(route, "channel"), "sms") == 0)
			return true;
	return false;
}

static void
put_reader(struct ctl *ctl, json_t *reader, bool provider, struct buf *out)
{
	json_t *place, *form;
	size_t i;

	buf_puts(out, "== ");
	json_array_foreach(json_object_get(reader, "divisions"), i, place)
		buf_printf(out, "%s%s %s", i ? ", " : "", member_text(place, "name"), member_text(place, "code"));
	buf_puts(out, "\n");
	json_array_foreach(json_object_get(reader, "forms"), i, form)
		if (is_wanted(ctl, form))
			put_preview_form(ctl, form, provider, out);
}

int
template_preview(struct ctl *ctl)
{
	struct buf path = { 0 }, out = { 0 };
	struct client_request q = { 0 };
	json_t *answer, *one;
	size_t i;
	int code;

	put_preview_path(ctl, &path);
	q.path = path.data;
	code = client_post_request(ctl, &q, &answer);
	buf_fini(&path);
	if (code != CTL_OK || ctl->json)
		return code != CTL_OK ? code : ctl_json(answer);
	json_array_foreach(json_object_get(answer, "readers"), i, one)
		put_reader(ctl, one, provider_signs(answer), &out);
	json_array_foreach(json_object_get(answer, "warnings"), i, one)
		buf_printf(&out, "! %s\n", member_text(one, ctl->lang == LANG_ZH ? "text_zh" : "text"));
	json_decref(answer);
	ctl_page(ctl, &out);
	return CTL_OK;
}

/* Exit code 1 when a text could mislead, as gongd --check has it. */
int
template_lint(struct ctl *ctl)
{
	struct buf out = { 0 };
	json_t *answer, *row;
	size_t i, found = 0;
	bool misleads = false;
	int code = client_get(ctl, &answer, "/v1/templates");

	if (code != CTL_OK)
		return code;
	json_array_foreach(json_object_get(answer, "templates"), i, row)
		found += put_findings(row, &out, &misleads);
	buf_printf(&out, say(ctl, "%zu templates, %zu findings\n", "%zu个模板,%zu处问题\n"), i, found);
	if (ctl->json) {
		buf_fini(&out);
		ctl_json(answer);
	} else {
		ctl_page(ctl, &out);
		json_decref(answer);
	}
	return misleads ? CTL_REFUSED : CTL_OK;
}

/* -- kinds -- */

/* In brackets what the kind has not of its own. */
static void
colour_cell(struct grid *t, json_t *colours, const char *colour)
{
	json_t *text = json_object_get(colours, colour);
	bool own = member_is(text, "own");

	grid_cellf(t, "%s%s%s", own ? "" : "(", member_text(text, "template"), own ? "" : ")");
}

int
kind_list(struct ctl *ctl)
{
	static const char *const colours[] = { "blue", "yellow", "orange", "red" };
	const char *const titles[] = {
		say(ctl, "kind", "代码"), say(ctl, "word", "灾种"), word(ctl, "blue"), word(ctl, "yellow"),
		word(ctl, "orange"), word(ctl, "red"), say(ctl, "further", "后续"), NULL
	};
	struct buf out = { 0 }, further = { 0 };
	struct grid t;
	json_t *answer, *row, *f;
	size_t i, k;
	int code = client_get(ctl, &answer, "/v1/kinds");

	if (code != CTL_OK || ctl->json)
		return code != CTL_OK ? code : ctl_json(answer);
	grid_init(&t, 0, titles);
	json_array_foreach(json_object_get(answer, "kinds"), i, row) {
		grid_cell(&t, member_text(row, "name"));
		grid_cell(&t, in_own(ctl, json_object_get(row, "title")));
		for (k = 0; k < 4; k++)
			colour_cell(&t, json_object_get(row, "colours"), colours[k]);
		buf_reset(&further);
		json_array_foreach(json_object_get(row, "further"), k, f)
			buf_printf(&further, "%s%s", k ? ", " : "", member_text(f, "name"));
		grid_cell(&t, further.len ? further.data : NULL);
	}
	grid_put(&t, &out, 0, screen_width());
	grid_fini(&t);
	buf_fini(&further);
	json_decref(answer);
	ctl_page(ctl, &out);
	return CTL_OK;
}

static void
text_row(struct grid *t, const char *when, const char *colour, json_t *text)
{
	grid_cell(t, when);
	grid_cell(t, colour);
	grid_cell(t, member_text(text, "template"));
	grid_cell(t, member_text(text, "policy"));
}

static void
put_kind(const struct ctl *ctl, json_t *row, struct buf *out)
{
	const char *const titles[] = { say(ctl, "say", "写法"), say(ctl, "colour", "颜色"),
				       say(ctl, "text", "模板"), say(ctl, "ladder", "叫应规则"), NULL };
	const char *action = in_own(ctl, json_object_get(row, "action")), *name;
	struct grid t;
	json_t *text;
	struct buf how = { 0 };
	size_t i;

	buf_printf(out, "%s  %s\n", member_text(row, "name"), in_own(ctl, json_object_get(row, "title")));
	if (member_text(row, "file"))
		put_file(ctl, row, out);
	if (action)
		buf_printf(out, say(ctl, "asks of people: %s\n", "要群众做: %s\n"), action);
	buf_puts(out, "\n");
	grid_init(&t, 0, titles);
	json_object_foreach(json_object_get(row, "colours"), name, text) {
		buf_reset(&how);
		buf_printf(&how, "--severity %s", name);
		text_row(&t, how.data, word(ctl, name), text);
	}
	json_array_foreach(json_object_get(row, "further"), i, text) {
		buf_reset(&how);
		buf_printf(&how, "--further %s", member_text(text, "name"));
		text_row(&t, how.data, word(ctl, member_text(text, "severity")), text);
	}
	grid_put(&t, out, 0, screen_width());
	grid_fini(&t);
	buf_fini(&how);
	if (member_text(row, "lift"))
		buf_printf(out, say(ctl, "lifted (gongctl alert cancel ID --lift) by %s\n",
				    "解除 (gongctl alert cancel 编号 --lift) 用 %s\n"), member_text(row, "lift"));
}

/* By its code, or the word for it in either language. */
static json_t *
find_kind(const struct ctl *ctl, json_t *kinds, const char *said)
{
	struct near near = { .word = said };
	json_t *row;
	size_t i;

	json_array_foreach(kinds, i, row) {
		json_t *title = json_object_get(row, "title");
		const char *words[] = { member_text(row, "name"), member_text(title, "zh"), member_text(title, "en") };

		for (size_t k = 0; k < 3; k++) {
			if (words[k] && strcmp(words[k], said) == 0)
				return row;
			if (words[k])
				near_offer(&near, words[k], words[0]);
		}
	}
	fprintf(stderr, say(ctl, "gongctl: there is no kind \"%s\"%s%s\n", "gongctl: 没有灾种「%s」%s%s\n"), said,
		near.best ? say(ctl, "; do you mean ", ";是不是 ") : "", near.best ? near.best : "");
	return NULL;
}

int
kind_show(struct ctl *ctl)
{
	struct buf out = { 0 };
	json_t *answer, *row;
	int code = client_get(ctl, &answer, "/v1/kinds");

	if (code != CTL_OK)
		return code;
	row = find_kind(ctl, json_object_get(answer, "kinds"), ctl->operands[0]);
	if (row && ctl->json) {
		json_incref(row);
		json_decref(answer);
		return ctl_json(row);
	}
	if (row) {
		put_kind(ctl, row, &out);
		ctl_page(ctl, &out);
	}
	json_decref(answer);
	return row ? CTL_OK : CTL_REFUSED;
}

/* -- policies -- */

int
policy_list(struct ctl *ctl)
{
	const char *const titles[] = {
		say(ctl, "name", "名称"), say(ctl, "title", "标题"), say(ctl, "targets", "对象"),
		say(ctl, "until", "叫到"), say(ctl, "deadline", "时限"), say(ctl, "steps", "步骤"), NULL
	};
	struct buf out = { 0 };
	struct grid t;
	json_t *answer, *row;
	char text[HUMAN];
	size_t i;
	int code = client_get(ctl, &answer, "/v1/policies");

	if (code != CTL_OK || ctl->json)
		return code != CTL_OK ? code : ctl_json(answer);
	grid_init(&t, 0, titles);
	json_array_foreach(json_object_get(answer, "policies"), i, row) {
		msec deadline = member_int(row, "deadline_ms");

		grid_cell(&t, member_text(row, "name"));
		grid_cell(&t, member_text(row, "title"));
		grid_cell(&t, word(ctl, member_text(row, "targets")));
		grid_cell(&t, level_word(ctl, (int)member_int(row, "until")));
		grid_cell(&t, deadline ? duration_text(ctl, text, deadline) : NULL);
		grid_cellf(&t, "%zu", json_array_size(json_object_get(row, "steps")));
	}
	grid_put(&t, &out, 0, screen_width());
	grid_fini(&t);
	json_decref(answer);
	ctl_page(ctl, &out);
	return CTL_OK;
}

static void
step_cells(const struct ctl *ctl, json_t *step, json_t *roles, msec before, struct grid *t)
{
	msec after = member_int(step, "after_ms");
	struct buf to = { 0 }, channels = { 0 };
	json_t *channel;
	char text[HUMAN];
	size_t i;

	roles_put(ctl, roles, json_object_get(step, "to"), &to);
	json_array_foreach(json_object_get(step, "channels"), i, channel)
		buf_printf(&channels, "%s%s", i ? ", " : "", word(ctl, json_string_value(channel)));
	grid_cell(t, after == before ? "  |" : duration_text(ctl, text, after));
	grid_cell(t, member_text(step, "name") ? rung_said(member_text(step, "name"), ctl->lang) : NULL);
	grid_cell(t, to.data);
	grid_cell(t, channels.data);
	grid_cell(t, member_text(step, "template"));
	if (member_is(step, "inform"))
		grid_cell(t, say(ctl, "told only", "只告知"));
	else
		grid_cellf(t, say(ctl, "below %lld", "未到%lld级"), (long long)member_int(step, "below"));
	buf_fini(&to);
	buf_fini(&channels);
}

/* What is told when it is over, outside the ladder. */
static void
put_ends(const struct ctl *ctl, json_t *policy, json_t *roles, struct buf *out)
{
	json_t *good = json_object_get(policy, "satisfied");

	if (json_is_object(good)) {
		buf_puts(out, say(ctl, "when all have answered: ", "全部完成后: "));
		roles_put(ctl, roles, json_object_get(good, "to"), out);
		buf_printf(out, say(ctl, " read %s", " 收到 %s"), member_text(good, "template"));
		if (member_text(good, "reopened"))
			buf_printf(out, say(ctl, ", and %s if it is not so any more", ",又未完成则收到 %s"),
				   member_text(good, "reopened"));
		buf_puts(out, "\n");
	}
	if (member_text(policy, "expired"))
		buf_printf(out, say(ctl, "when it runs out: whoever was reached reads %s\n",
				    "到期未完成: 收到过的人收到 %s\n"), member_text(policy, "expired"));
	if (member_text(policy, "full"))
		buf_printf(out, say(ctl, "when it is full: the others read %s\n", "人够之后: 其余的人收到 %s\n"),
			   member_text(policy, "full"));
}

/* The ladder, drawn in time: steps of one instant stand under it. */
int
policy_show(struct ctl *ctl)
{
	const char *const titles[] = {
		say(ctl, "after", "签发后"), say(ctl, "step", "步骤"), say(ctl, "to", "叫谁"),
		say(ctl, "by", "方式"), say(ctl, "text", "短信"), say(ctl, "whom", "哪些"), NULL
	};
	struct buf out = { 0 };
	struct grid t;
	json_t *answer, *row, *step;
	msec before = -1;
	size_t i;
	int code = client_get(ctl, &answer, "/v1/policies");

	if (code != CTL_OK)
		return code;
	row = find_row(ctl, json_object_get(answer, "policies"), ctl->operands[0]);
	if (row && ctl->json) {
		json_incref(row);
		json_decref(answer);
		return ctl_json(row);
	}
	if (row) {
		json_t *roles = roles_get(ctl);

		buf_printf(&out, "%s  %s\n", member_text(row, "name"), member_text(row, "title"));
		put_file(ctl, row, &out);
		buf_printf(&out, say(ctl, "targets: %s, until level %lld\n\n", "对象: %s,叫到%lld级\n\n"),
			   word(ctl, member_text(row, "targets")), (long long)member_int(row, "until"));
		grid_init(&t, 0, titles);
		json_array_foreach(json_object_get(row, "steps"), i, step) {
			step_cells(ctl, step, roles, before, &t);
			before = member_int(step, "after_ms");
		}
		grid_put(&t, &out, 0, screen_width());
		grid_fini(&t);
		put_ends(ctl, row, roles, &out);
		json_decref(roles);
		ctl_page(ctl, &out);
	}
	json_decref(answer);
	return row ? CTL_OK : CTL_REFUSED;
}

/* -- roles -- */

static void
put_families(const struct ctl *ctl, json_t *roles, struct buf *out)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(roles, "families"), i, row) {
		buf_printf(out, say(ctl, "family %s: ", "角色组 %s: "), member_text(row, "name"));
		family_put(ctl, roles, row, out);
		buf_puts(out, "\n");
	}
}

int
role_list(struct ctl *ctl)
{
	const char *const titles[] = {
		say(ctl, "title", "岗位"), say(ctl, "tier", "层级"), say(ctl, "by roster", "按值班表"),
		say(ctl, "for --role and lists", "用于 --role 和名单"), NULL
	};
	struct buf out = { 0 };
	struct grid t;
	json_t *answer, *row;
	size_t i;
	int code = client_get(ctl, &answer, "/v1/roles");

	if (code != CTL_OK || ctl->json)
		return code != CTL_OK ? code : ctl_json(answer);
	grid_init(&t, 0, titles);
	json_array_foreach(json_object_get(answer, "roles"), i, row) {
		grid_cell(&t, in_own(ctl, json_object_get(row, "title")));
		grid_cell(&t, word(ctl, member_text(row, "tier")));
		grid_cell(&t, member_is(row, "duty") ? say(ctl, "yes", "是") : NULL);
		grid_cell(&t, member_text(row, "name"));
	}
	grid_put(&t, &out, 0, screen_width());
	grid_fini(&t);
	put_families(ctl, answer, &out);
	json_decref(answer);
	ctl_page(ctl, &out);
	return CTL_OK;
}
