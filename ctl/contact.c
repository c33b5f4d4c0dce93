/* contact.c -- people of the lists, looked up: who is found, one of them whole, who has opted out. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>

void
numbers_text(const struct ctl *ctl, json_t *numbers, struct buf *out)
{
	json_t *one;
	size_t i;

	json_array_foreach(numbers, i, one) {
		bool sms = member_is(one, "sms"), voice = member_is(one, "voice");

		buf_printf(out, "%s%s", i ? say(ctl, ", ", "、") : "", member_text(one, "number"));
		if (!sms || !voice)
			buf_printf(out, " (%s)", sms ? say(ctl, "sms only", "仅短信")
				   : voice ? say(ctl, "voice only", "仅语音") : say(ctl, "unused", "不用"));
	}
	buf_puts(out, "");
}

void
tags_text(json_t *tags, struct buf *out)
{
	json_t *tag;
	size_t i;

	json_array_foreach(tags, i, tag)
		buf_printf(out, "%s%s", i ? ", " : "", json_string_value(tag));
	buf_puts(out, "");
}

static void
contact_row(const struct ctl *ctl, json_t *contact, struct grid *t)
{
	struct buf numbers = { 0 }, posts = { 0 };

	numbers_text(ctl, json_object_get(contact, "numbers"), &numbers);
	posts_text(json_object_get(contact, "posts"), &posts);
	grid_cell(t, member_text(contact, "ref"));
	grid_cell(t, member_text(contact, "name"));
	grid_cellf(t, "%s%s", member_is(contact, "active") ? "" : say(ctl, "not active", "已停用"),
		   !json_is_object(json_object_get(contact, "opt_out")) ? ""
		   : member_is(contact, "active") ? say(ctl, "opted out", "已退订")
						  : say(ctl, ", opted out", "、已退订"));
	grid_cell(t, posts.data);
	grid_cell(t, numbers.data);
	buf_fini(&numbers);
	buf_fini(&posts);
}

static void
find_path(struct ctl *ctl, struct buf *path)
{
	static const struct { const char *option, *query; } options[] = {
		{ "--role", "role" }, { "--division", "division" },
		{ "--tag", "tag" },
	};

	buf_puts(path, "/v1/contacts");
	if (ctl->operands[0])
		query_add(path, "find", ctl->operands[0]);
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (args_has(ctl, options[i].option))
			query_add(path, options[i].query, args_value(ctl, options[i].option));
	if (args_has(ctl, "--inactive"))
		query_add(path, "active", "0");
	if (args_has(ctl, "--unmasked"))
		query_add(path, "unmasked", "1");
}

/* CTL_OK: *rows are new. */
static int
ask_rows(struct ctl *ctl, const char *path, json_t **rows, bool *more, struct err *err)
{
	size_t max = 0;
	int code = limit_option(ctl, 50, &max);

	return code == CTL_OK ? client_pages(ctl, path, "contacts", max, rows, more, err) : code;
}

static int
compose_found(struct ctl *ctl, json_t **answer, struct buf *out, struct err *err)
{
	const char *const titles[] = { say(ctl, "ref", "编号"), say(ctl, "name", "姓名"),
				       say(ctl, "state", "状态"), say(ctl, "post", "岗位"),
				       say(ctl, "numbers", "号码"), NULL };
	struct buf path = { 0 };
	json_t *rows = NULL, *row;
	struct grid t;
	bool more = false;
	size_t i;
	int code;

	find_path(ctl, &path);
	code = ask_rows(ctl, path.data, &rows, &more, err);
	buf_fini(&path);
	*answer = rows;
	if (code != CTL_OK)
		return code;
	*answer = json_pack("{s:o}", "contacts", rows);
	grid_init(&t, 0, titles);
	json_array_foreach(rows, i, row)
		contact_row(ctl, row, &t);
	if (json_array_size(rows))
		grid_put(&t, out, 0, screen_width());
	else
		buf_puts(out, say(ctl, "nobody found\n", "没有找到\n"));
	if (more)
		buf_puts(out, say(ctl, "… and more: --limit N\n", "… 还有更多:--limit 行数\n"));
	grid_fini(&t);
	return CTL_OK;
}

int
contact_find(struct ctl *ctl)
{
	return ctl_list(ctl, compose_found);
}

/* -- who has opted out -- */

static int
compose_optouts(struct ctl *ctl, json_t **answer, struct buf *out, struct err *err)
{
	const char *const titles[] = { say(ctl, "ref", "编号"), say(ctl, "name", "姓名"),
				       say(ctl, "since", "自"), say(ctl, "wrote", "原文"),
				       say(ctl, "post", "岗位"), NULL };
	json_t *rows = NULL, *row;
	struct grid t;
	bool more = false, duty = false;
	size_t i;
	int code = ask_rows(ctl, "/v1/contacts?opted_out=1", &rows, &more, err);

	*answer = rows;
	if (code != CTL_OK)
		return code;
	*answer = json_pack("{s:o}", "contacts", rows);
	grid_init(&t, 0, titles);
	json_array_foreach(rows, i, row) {
		json_t *opt_out = json_object_get(row, "opt_out");
		struct buf posts = { 0 };
		char at[HUMAN];

		posts_text(json_object_get(row, "posts"), &posts);
		duty |= posts.len > 0;
		grid_cell(&t, member_text(row, "ref"));
		grid_cell(&t, member_text(row, "name"));
		grid_cell(&t, instant_text(at, member_int(opt_out, "at")));
		grid_cell(&t, member_text(opt_out, "text"));
		grid_cellf(&t, "%s%s", posts.len ? "! " : "", posts.len ? posts.data : "-");
		buf_fini(&posts);
	}
	if (json_array_size(rows))
		grid_put(&t, out, 0, screen_width());
	else
		buf_puts(out, say(ctl, "nobody has opted out\n", "无人退订\n"));
	if (more)
		buf_puts(out, say(ctl, "… and more: --limit N\n", "… 还有更多:--limit 行数\n"));
	if (json_array_size(rows))
		buf_puts(out, say(ctl, "They get neither drills nor notices; warnings still reach them.\n",
				  "他们收不到演练和通知;预警照常送达。\n"));
	if (duty)
		buf_puts(out, say(ctl, "! has a post, and is missed in drills: ask him to write START, or use "
				  "gongctl contact optin\n",
				  "! 有岗位,演练时会缺席:请其回复 START 或 恢复,或用 gongctl contact optin\n"));
	grid_fini(&t);
	return CTL_OK;
}

int
contact_optouts(struct ctl *ctl)
{
	return ctl_list(ctl, compose_optouts);
}

/* -- what they can or have -- */

static int
compose_tags(struct ctl *ctl, json_t **answer, struct buf *out, struct err *err)
{
	const char *const titles[] = { say(ctl, "tag", "标签"), say(ctl, "people", "人数"), NULL };
	struct client_request q = { .path = "/v1/tags" };
	json_t *rows, *row;
	struct grid t;
	size_t i;
	int code = client_ask(ctl, &q, answer, err);

	if (code != CTL_OK)
		return code;
	rows = json_object_get(*answer, "tags");
	grid_init(&t, 2, titles);
	json_array_foreach(rows, i, row) {
		grid_cell(&t, member_text(row, "tag"));
		grid_cellf(&t, "%lld", (long long)member_int(row, "contacts"));
	}
	if (json_array_size(rows))
		grid_put(&t, out, 0, screen_width());
	else
		buf_puts(out, say(ctl, "nobody has a tag\n", "没有标签\n"));
	grid_fini(&t);
	return CTL_OK;
}

int
contact_tags(struct ctl *ctl)
{
	return ctl_list(ctl, compose_tags);
}

/* -- one of them -- */

void
contact_path(json_t *contact, const char *behind, struct buf *out)
{
	const char *ref = member_text(contact, "ref");

	buf_puts(out, "/v1/contacts/");
	for (; ref && *ref; ref++)
		buf_printf(out, (*ref >= '0' && *ref <= '9') || (*ref >= 'a' && *ref <= 'z') ||
			   (*ref >= 'A' && *ref <= 'Z') || *ref == '-' || *ref == '_' ? "%c" : "%%%02X",
			   (unsigned char)*ref);
	buf_puts(out, behind);
}

static int
ask_one(struct ctl *ctl, json_t *contact, json_t **out, struct err *err)
{
	struct client_request q = { 0 };
	struct buf path = { 0 };
	int code;

	contact_path(contact, args_has(ctl, "--masked") ? "" : "?unmasked=1", &path);
	q.path = path.data;
	code = client_ask(ctl, &q, out, err);
	buf_fini(&path);
	return code;
}

/* Of those found, the one who has that very name or number. */
static json_t *
very_one(json_t *rows, const char *text, size_t *same)
{
	json_t *row, *found = NULL;
	size_t i;

	*same = 0;
	json_array_foreach(rows, i, row) {
		const char *name = member_text(row, "name");
		bool by_number = text[strspn(text, "+0123456789 -")] == '\0';

		if (!by_number && (!name || strcmp(name, text) != 0))
			continue;
		found = row;
		++*same;
	}
	return found;
}

/* By his name or number; several, or nobody: said. */
static int
find_one(struct ctl *ctl, const char *text, json_t **out)
{
	struct buf path = { 0 }, names = { 0 };
	struct err err = { 0 };
	json_t *rows = NULL, *row;
	size_t same, i;
	bool more;
	int code;

	buf_puts(&path, "/v1/contacts");
	query_add(&path, "find", text);
	code = client_pages(ctl, path.data, "contacts", 10, &rows, &more, &err);
	buf_fini(&path);
	if (code != CTL_OK)
		return client_failed(ctl, code, rows, &err);
	row = very_one(rows, text, &same);
	if (same == 1 && !more) {
		fprintf(stderr, "gongctl: %s: %s %s\n", text, member_text(row, "ref"), member_text(row, "name"));
		code = ask_one(ctl, row, out, &err);
		json_decref(rows);
		return code == CTL_OK ? code : client_failed(ctl, code, *out, &err);
	}
	json_array_foreach(rows, i, row)
		buf_printf(&names, "%s%s %s", i ? say(ctl, ", ", "、") : "", member_text(row, "ref"),
			   member_text(row, "name"));
	if (!json_array_size(rows))
		code = ctl_usage(ctl, say(ctl, "there is nobody of ref, name or number \"%s\"",
					  "没有编号、姓名或号码为 \"%s\" 的联系人"), text);
	else
		code = ctl_usage(ctl, say(ctl, "\"%s\": which of %s%s? give the ref",
					  "\"%s\":是哪一位?%s%s,请填编号"),
				 text, names.data, more ? " …" : "");
	buf_fini(&names);
	json_decref(rows);
	return code;
}

int
contact_operand(struct ctl *ctl, json_t **out)
{
	json_t *named = json_pack("{s:s}", "ref", ctl->operands[0]);
	bool json = ctl->json;
	struct err err = { 0 };
	int code;

	ctl->json = true;		/* the problem itself says whether he is not there */
	code = ask_one(ctl, named, out, &err);
	ctl->json = json;
	json_decref(named);
	if (code == CTL_OK)
		return code;
	if (code == CTL_REFUSED && member_int(*out, "status") == 404) {
		json_decref(*out);
		*out = NULL;
		return find_one(ctl, ctl->operands[0], out);
	}
	return client_failed(ctl, code, *out, &err);
}

static void
put_line(const struct ctl *ctl, const char *name, const char *text, struct buf *out)
{
	struct buf padded = { 0 };

	buf_printf(&padded, "%s", name);
	for (size_t n = text_width(name); n < 10; n++)
		buf_puts(&padded, " ");
	buf_printf(out, "%s  %s\n", padded.data, text && *text ? text : "-");
	buf_fini(&padded);
}

int
contact_show(struct ctl *ctl)
{
	struct buf out = { 0 }, text = { 0 };
	json_t *c = NULL, *opt_out;
	int code = contact_operand(ctl, &c);

	if (code != CTL_OK)
		return code;
	if (ctl->json)
		return ctl_json(c);
	buf_printf(&out, "%s  %s%s\n", member_text(c, "ref"), member_text(c, "name"),
		   member_is(c, "active") ? "" : say(ctl, "  (not active)", "(已停用)"));
	numbers_text(ctl, json_object_get(c, "numbers"), &text);
	put_line(ctl, say(ctl, "numbers", "号码"), text.data, &out);
	buf_reset(&text);
	posts_text(json_object_get(c, "posts"), &text);
	put_line(ctl, say(ctl, "posts", "岗位"), text.data, &out);
	buf_reset(&text);
	tags_text(json_object_get(c, "tags"), &text);
	if (text.len)
		put_line(ctl, say(ctl, "tags", "标签"), text.data, &out);
	put_line(ctl, say(ctl, "language", "语言"), member_text(c, "language"), &out);
	opt_out = json_object_get(c, "opt_out");
	if (json_is_object(opt_out)) {
		const char *wrote = member_text(opt_out, "text");
		char at[HUMAN];

		buf_reset(&text);
		buf_printf(&text, say(ctl, "since %s: \"%s\" (no drills, no notices; warnings still reach him)",
				      "自 %s:「%s」(不收演练和通知,预警照常送达)"),
			   instant_text(at, member_int(opt_out, "at")), wrote ? wrote : "");
		put_line(ctl, say(ctl, "opted out", "退订"), text.data, &out);
	}
	buf_fini(&text);
	ctl_print(&out);
	json_decref(c);
	return CTL_OK;
}
