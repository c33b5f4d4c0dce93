/* division.c -- places of the lists, looked up: those found, and one whole with its people. */
#include "ctl/ctl.h"

#include <stdio.h>
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

int
division_show(struct ctl *ctl)
{
	json_t *d = NULL, *parent, *counts, *role, *value;
	const char *name, *en;
	struct buf out = { 0 }, path = { 0 };
	struct client_request q = { 0 };
	size_t i;
	int code;

	buf_puts(&path, "/v1/divisions/");
	for (const char *p = ctl->operands[0]; *p; p++)
		buf_printf(&path, *p >= '0' && *p <= '9' ? "%c" : "%%%02X", (unsigned char)*p);
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
