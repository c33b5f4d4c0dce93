/* division.c -- places of the lists: those found, one whole with its people, and one changed. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
compose_found(struct ctl *ctl, json_t **answer, struct buf *out, struct err *err)
{
	const char *const titles[] = { say(ctl, "code", "代码"), say(ctl, "name", "名称"), NULL };
	struct buf path = { 0 };
	json_t *rows = NULL, *row;
	struct grid t;
	size_t i, max = 0;
	bool more = false;
	int code = limit_option(ctl, 1000, &max);

	buf_puts(&path, "/v1/divisions");
	if (ctl->operands[0])
		query_add(&path, "find", ctl->operands[0]);
	else if (args_has(ctl, "--division"))
		query_add(&path, "division", args_value(ctl, "--division"));
	if (code == CTL_OK)
		code = client_pages(ctl, path.data, "divisions", max, &rows, &more, err);
	buf_fini(&path);
	*answer = rows;
	if (code != CTL_OK)
		return code;
	*answer = json_pack("{s:o}", "divisions", rows);
	grid_init(&t, 0, titles);
	json_array_foreach(rows, i, row) {
		grid_cell(&t, member_text(row, "code"));
		grid_cell(&t, member_text(row, "name"));
	}
	if (json_array_size(rows))
		grid_put(&t, out, 0, screen_width());
	else
		buf_puts(out, say(ctl, "no place found\n", "没有找到\n"));
	if (more)
		buf_puts(out, say(ctl, "… and more: --limit N\n", "… 还有更多:--limit 行数\n"));
	grid_fini(&t);
	return CTL_OK;
}

int
division_find(struct ctl *ctl)
{
	return ctl_list(ctl, compose_found);
}

static void
put_people(json_t *role, struct buf *out)
{
	json_t *person;
	size_t i;

	buf_printf(out, "%s\n", member_text(role, "title"));
	json_array_foreach(json_object_get(role, "people"), i, person)
		buf_printf(out, "  %lld  %s  %s\n", (long long)member_int(person, "order"),
			   member_text(person, "name"), member_text(person, "ref"));
}

static void
division_path(const struct ctl *ctl, struct buf *out)
{
	buf_puts(out, "/v1/divisions/");
	for (const char *p = ctl->operands[0]; *p; p++)
		buf_printf(out, *p >= '0' && *p <= '9' ? "%c" : "%%%02X", (unsigned char)*p);
}

int
division_show(struct ctl *ctl)
{
	json_t *d = NULL, *parent, *counts, *role, *value;
	const char *name, *en;
	struct buf out = { 0 }, path = { 0 };
	struct client_request q = { 0 };
	size_t i;
	int code;

	division_path(ctl, &path);
	q.path = path.data;
	code = client_post_request(ctl, &q, &d);
	buf_fini(&path);
	if (code != CTL_OK)
		return code;
	if (ctl->json)
		return ctl_json(d);
	parent = json_object_get(d, "parent");
	counts = json_object_get(d, "counts");
	en = member_text(d, "name_en");
	buf_printf(&out, "%s  %s%s%s\n", member_text(d, "code"), member_text(d, "name"), en ? "  " : "", en ? en : "");
	if (json_is_object(parent))
		buf_printf(&out, say(ctl, "in %s %s\n", "属 %s %s\n"), member_text(parent, "code"),
			   member_text(parent, "name") ? member_text(parent, "name") : "");
	buf_printf(&out, say(ctl, "townships %lld, villages %lld, people %lld\n", "乡镇 %lld,村 %lld,人员 %lld\n"),
		   (long long)member_int(counts, "townships"), (long long)member_int(counts, "villages"),
		   (long long)member_int(counts, "contacts"));
	json_object_foreach(json_object_get(d, "params"), name, value)
		buf_printf(&out, "%s = %s\n", name, json_string_value(value));
	json_array_foreach(json_object_get(d, "roles"), i, role)
		put_people(role, &out);
	ctl_page(ctl, &out);
	json_decref(d);
	return CTL_OK;
}

/* -- one changed -- */

static const char *
text_or(json_t *value)
{
	const char *text = json_string_value(value);

	return text && *text ? text : "-";
}

/* Of its parameters those that are others now. */
static void
put_params(json_t *change, struct buf *out)
{
	json_t *old = json_object_get(change, "old"), *new = json_object_get(change, "new"), *value;
	const char *name;

	json_object_foreach(new, name, value) {
		json_t *was = json_object_get(old, name);

		if (!json_equal(was, value))
			buf_printf(out, "  %s: %s → %s\n", name, text_or(was), text_or(value));
	}
	json_object_foreach(old, name, value)
		if (!json_object_get(new, name))
			buf_printf(out, "  %s: %s → -\n", name, text_or(value));
}

static int
show_changed(struct ctl *ctl, json_t *answer)
{
	json_t *changed = json_object_get(answer, "changed"), *change;
	struct buf out = { 0 };
	const char *name;

	if (ctl->json)
		return ctl_json(answer);
	buf_printf(&out, json_object_size(changed) ? "%s\n" : say(ctl, "%s: nothing changed\n", "%s:无改动\n"),
		   member_text(answer, "code"));
	json_object_foreach(changed, name, change) {
		if (strcmp(name, "params") == 0)
			put_params(change, &out);
		else
			buf_printf(&out, "  %s: %s → %s\n",
				   strcmp(name, "name_en") == 0 ? say(ctl, "English name", "英文名")
								: say(ctl, "name", "名称"),
				   text_or(json_object_get(change, "old")), text_or(json_object_get(change, "new")));
	}
	ctl_print(&out);
	json_decref(answer);
	return CTL_OK;
}

int
division_edit(struct ctl *ctl)
{
	json_t *params = json_object(), *answer = NULL, *body;
	struct buf path = { 0 };
	int code = params_add(ctl, params, NULL);

	body = json_pack("{s:s*,s:s*,s:s*,s:s*}", "name", args_value(ctl, "--name"), "name_en",
			 args_value(ctl, "--name-en"), "note", args_value(ctl, "--note"), "by", args_value(ctl, "--by"));
	if (json_object_size(params))
		json_object_set(body, "params", params);
	if (code == CTL_OK && !args_has(ctl, "--name") && !args_has(ctl, "--name-en") && !json_object_size(params))
		code = ctl_usage(ctl, "%s", say(ctl, "division edit needs something to change: --name, --name-en or --param",
						"division edit 需要要改的内容:--name、--name-en 或 --param"));
	json_decref(params);
	if (code != CTL_OK) {
		json_decref(body);
		return code;
	}
	division_path(ctl, &path);
	code = client_change(ctl, "PATCH", path.data, NULL, body, &answer);
	buf_fini(&path);
	return code == CTL_OK ? show_changed(ctl, answer) : code;
}
