/* task.c -- the desk's tasks: listed with the urgent first, taken, written to, closed. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
is_unclear(json_t *task)
{
	const char *kind = member_text(task, "kind");

	return kind && strcmp(kind, "unclear") == 0;
}

static int
urgent_first(const void *a, const void *b)
{
	json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	msec ux = member_int(x, "urgency"), uy = member_int(y, "urgency");

	if (is_unclear(x) != is_unclear(y))
		return is_unclear(x) - is_unclear(y);
	if (ux != uy)
		return ux < uy ? 1 : -1;
	return member_int(x, "id") < member_int(y, "id") ? -1 : 1;
}

/* The same rows, borrowed, in the order in which somebody works on them; the caller frees. */
static json_t **
in_order(json_t *tasks)
{
	size_t count = json_array_size(tasks);
	json_t **list = xcalloc(count + 1, sizeof(*list));

	for (size_t i = 0; i < count; i++)
		list[i] = json_array_get(tasks, i);
	qsort(list, count, sizeof(*list), urgent_first);
	return list;
}

static void
task_row(const struct ctl *ctl, json_t *task, struct grid *t)
{
	char text[HUMAN];

	grid_cellf(t, "%lld", (long long)member_int(task, "id"));
	if (member_text(task, "alert_code"))
		grid_cell(t, member_text(task, "alert_code"));
	else if (member_int(task, "alert"))
		grid_cellf(t, "%lld", (long long)member_int(task, "alert"));
	else
		grid_cell(t, NULL);
	grid_cell(t, instant_text(text, member_int(task, "opened_at")));
	grid_cell(t, instant_text(text, member_int(task, "closed_at")));
	grid_cell(t, word(ctl, member_text(task, "kind")));
	grid_cell(t, member_text(task, "closed_by") ? member_text(task, "closed_by")
						    : member_text(task, "taken_by"));
	grid_cell(t, member_text(task, "text"));
	grid_cell(t, member_text(task, "note"));
}

/* What the desk wrote while it was open. */
static void
put_notes(json_t *task, struct buf *out)
{
	json_t *note;
	char text[HUMAN];
	size_t i, width = screen_width();

	json_array_foreach(json_object_get(task, "notes"), i, note) {
		struct buf line = { 0 };

		buf_printf(&line, "  %lld %s %s: %s", (long long)member_int(task, "id"),
			   instant_text(text, member_int(note, "at")),
			   member_text(note, "by") ? member_text(note, "by") : "-",
			   member_text(note, "text") ? member_text(note, "text") : "");
		text_clip(out, line.data, width ? width : line.len);
		buf_puts(out, "\n");
		buf_fini(&line);
	}
}

static int
compose_list(struct ctl *ctl, json_t **answer, struct buf *out, struct err *err)
{
	const char *const titles[] = { say(ctl, "ID", "编号"),
				       say(ctl, "alert", "告警"),
				       say(ctl, "since", "开始"),
				       say(ctl, "closed", "办结"),
				       say(ctl, "kind", "类别"),
				       say(ctl, "by", "经办"),
				       say(ctl, "text", "内容"),
				       say(ctl, "note", "备注"),
				       NULL };
	struct grid t;
	json_t *rows, **list;
	bool more;
	int code = client_pages(ctl,
				args_has(ctl, "--all") ? "/v1/tasks" : "/v1/tasks?open=1",
				"tasks", 10000, &rows, &more, err);

	*answer = rows;
	if (code != CTL_OK)
		return code;
	*answer = json_pack("{s:o}", "tasks", rows);
	grid_init(&t, 1, titles);
	list = in_order(rows);
	for (size_t i = 0; list[i]; i++)
		task_row(ctl, list[i], &t);
	if (json_array_size(rows))
		grid_put(&t, out, 0, screen_width());
	else
		buf_puts(out, say(ctl, "no open tasks\n", "没有未办任务\n"));
	for (size_t i = 0; list[i]; i++)
		put_notes(list[i], out);
	if (more)
		buf_puts(out, say(ctl, "… and more\n", "… 还有更多\n"));
	grid_fini(&t);
	free(list);
	return CTL_OK;
}

int
task_list(struct ctl *ctl)
{
	return ctl_list(ctl, compose_list);
}

void
view_tasks(const struct ctl *ctl, json_t *tasks, msec alert, struct buf *out)
{
	json_t **list = in_order(tasks);
	size_t width = screen_width();
	char text[HUMAN];

	for (size_t i = 0; list[i]; i++) {
		const char *said = member_text(list[i], "text"), *by = member_text(list[i], "taken_by");
		struct buf line = { 0 };

		if (alert && member_int(list[i], "alert") != alert)
			continue;
		buf_printf(&line,
			   is_unclear(list[i]) ? say(ctl, "TEXT %lld since %s", "来信 %lld 自 %s")
					       : say(ctl, "TASK %lld since %s", "任务 %lld 自 %s"),
			   (long long)member_int(list[i], "id"),
			   instant_text(text, member_int(list[i], "opened_at")));
		if (by)
			buf_printf(&line, " [%s]", by);
		buf_printf(&line, say(ctl, ": %s", ":%s"), said ? said : "");
		text_clip(out, line.data, width ? width : line.len);
		buf_puts(out, "\n");
		buf_fini(&line);
	}
	free(list);
}

int
task_do(struct ctl *ctl)
{
	const char *verb = strchr(ctl->command->words, ' ') + 1;
	json_t *answer, *body;
	char path[64], text[HUMAN];
	msec id;
	int code = id_operand(ctl, &id);

	if (code != CTL_OK)
		return code;
	snprintf(path, sizeof(path), "/v1/tasks/%lld/%s", (long long)id, verb);
	body = json_pack("{s:s*,s:s*,s:s*}", "note", args_value(ctl, "--note"), "name",
			 args_value(ctl, "--name"), "from", args_value(ctl, "--from"));
	code = client_post(ctl, path, body, &answer);
	if (code != CTL_OK)
		return code;
	if (ctl->json)
		return ctl_json(answer);
	if (strcmp(verb, "take") == 0)
		printf(say(ctl, "task %lld is with %s since %s\n", "任务 %lld 由 %s 领办(%s)\n"),
		       (long long)id, member_text(answer, "taken_by"),
		       instant_text(text, member_int(answer, "taken_at")));
	else if (strcmp(verb, "note") == 0)
		printf(say(ctl, "noted with task %lld\n", "已记入任务 %lld\n"), (long long)id);
	else
		printf(say(ctl, "task %lld is closed\n", "任务 %lld 已办结\n"), (long long)id);
	json_decref(answer);
	return CTL_OK;
}
