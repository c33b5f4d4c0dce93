/* inbox.c -- texts that came in, what gong made of them, and what the desk decides. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>

#include "core/number.h"

static void
text_row(const struct ctl *ctl, json_t *i, struct grid *t)
{
	const char *person = member_text(i, "person"), *text = member_text(i, "text");
	const char *decided = member_text(i, "decided_by"), *meaning = member_text(i, "meaning");
	char at[HUMAN];
	struct buf posts = { 0 };

	posts_text(json_object_get(i, "posts"), &posts);
	grid_cellf(t, "%lld%s", (long long)member_int(i, "id"), member_is(i, "open") ? "!" : " ");
	grid_cell(t, instant_text(at, member_int(i, "received_at")));
	grid_cell(t, person ? person : member_text(i, "number"));
	grid_cell(t, posts.data);
	grid_cell(t, member_text(i, "alert_code"));
	grid_cell(t, meaning ? word(ctl, meaning) : say(ctl, "not judged", "未判定"));
	if (json_is_integer(json_object_get(i, "level")))
		grid_cellf(t, "%lld", (long long)member_int(i, "level"));
	else
		grid_cell(t, NULL);
	grid_cell(t, decided ? decided : member_text(i, "answered_by"));
	grid_cell(t, text ? text : word(ctl, "missed_call"));
	grid_cell(t, member_text(i, "note"));
	buf_fini(&posts);
}

static int
list_path(struct ctl *ctl, struct buf *path)
{
	const char *alert = args_value(ctl, "--alert");
	char number[24];
	msec id;

	buf_puts(path, "/v1/inbox");
	if (args_has(ctl, "--open"))
		query_add(path, "open", "1");
	if (args_has(ctl, "--unmasked"))
		query_add(path, "unmasked", "1");
	if (alert && !alert_parse(&id, alert))
		return ctl_usage(ctl,
				 say(ctl, "--alert \"%s\" is neither an id nor a code",
				     "--alert \"%s\" 既不是编号,也不是单号"),
				 alert);
	if (alert) {
		snprintf(number, sizeof(number), "%lld", (long long)id);
		query_add(path, "alert", number);
	}
	if (args_has(ctl, "--contact"))
		query_add(path, "contact", args_value(ctl, "--contact"));
	return since_add(ctl, path);
}

static int
compose_list(struct ctl *ctl, json_t **answer, struct buf *out, struct err *err)
{
	const char *const titles[] = { say(ctl, "ID", "编号"),
				       say(ctl, "at", "时间"),
				       say(ctl, "who", "来自"),
				       say(ctl, "post", "岗位"),
				       say(ctl, "alert", "告警"),
				       say(ctl, "meaning", "含义"),
				       say(ctl, "level", "等级"),
				       say(ctl, "by", "经办"),
				       say(ctl, "text", "内容"),
				       say(ctl, "note", "备注"),
				       NULL };
	struct buf path = { 0 };
	struct grid t;
	json_t *rows = NULL, *row;
	size_t i, max = 0;
	bool more = false;
	int code = limit_option(ctl, 50, &max);

	if (code == CTL_OK)
		code = list_path(ctl, &path);
	if (code == CTL_OK)
		code = client_pages(ctl, path.data, "inbox", max, &rows, &more, err);
	buf_fini(&path);
	*answer = rows;
	if (code != CTL_OK)
		return code;
	*answer = json_pack("{s:o}", "inbox", rows);
	grid_init(&t, 1 | 1 << 6, titles);
	json_array_foreach(rows, i, row)
		text_row(ctl, row, &t);
	if (json_array_size(rows))
		grid_put(&t, out, 0, screen_width());
	else
		buf_puts(out, say(ctl, "no texts\n", "没有来信\n"));
	if (more)
		buf_puts(out, say(ctl, "… older ones: --limit N\n", "… 更早的:--limit 行数\n"));
	grid_fini(&t);
	return CTL_OK;
}

int
inbox_list(struct ctl *ctl)
{
	return ctl_list(ctl, compose_list);
}

static int
assign_body(struct ctl *ctl, json_t *body)
{
	static const char *const outcomes[][2] = { { "--cannot", "cannot" },
						   { "--asks-help", "help" },
						   { "--no-answer", "none" } };
	const char *level = args_value(ctl, "--level"), *outcome = NULL;
	int said = level != NULL;

	for (size_t i = 0; i < 3; i++)
		if (args_has(ctl, outcomes[i][0])) {
			outcome = outcomes[i][1];
			said++;
		}
	if (said != 1)
		return ctl_usage(ctl, "%s",
				 say(ctl,
				     "inbox assign needs one of --level 2…5, --cannot, "
				     "--asks-help and --no-answer",
				     "inbox assign 需要 --level 2…5、--cannot、--asks-help(求助)、"
				     "--no-answer(不是应答)之一"));
	if (level && (strlen(level) != 1 || !strchr("2345", level[0])))
		return ctl_usage(ctl,
				 say(ctl,
				     "--level %s: use 2 (answered), 3 (acknowledged), 4 (in "
				     "post) or 5 (done)",
				     "--level %s:应为 2(已接听)3(已确认)4(已到岗)5(已完成)"),
				 level);
	if (level)
		json_object_set_new(body, "level", json_integer(level[0] - '0'));
	else
		json_object_set_new(body, "outcome", json_string(outcome));
	if (args_has(ctl, "--contact"))
		json_object_set_new(body, "contact", json_string(args_value(ctl, "--contact")));
	if (args_has(ctl, "--division"))
		json_object_set_new(body, "division", json_string(args_value(ctl, "--division")));
	return CTL_OK;
}

/* What all decisions have: who, why, to which alert. */
static json_t *
common_body(struct ctl *ctl)
{
	json_t *body = json_pack("{s:s*,s:s*,s:s*,s:s*}", "note", args_value(ctl, "--note"), "name",
				 args_value(ctl, "--name"), "alert", args_value(ctl, "--alert"),
				 "text", args_value(ctl, "--text"));
	const char *alert = args_value(ctl, "--alert");
	msec id;

	if (alert && whole_parse(&id, alert, 1, INT64_MAX) == 0)
		json_object_set_new(body, "alert", json_integer(id));
	if (args_has(ctl, "--again"))
		json_object_set_new(body, "again", json_true());
	return body;
}

int
inbox_decide(struct ctl *ctl)
{
	const char *verb = strchr(ctl->command->words, ' ') + 1;
	json_t *answer, *body;
	char path[64];
	msec id;
	int code = id_operand(ctl, &id);

	if (code != CTL_OK)
		return code;
	body = common_body(ctl);
	if (strcmp(verb, "assign") == 0)
		code = assign_body(ctl, body);
	if (code != CTL_OK) {
		json_decref(body);
		return code;
	}
	snprintf(path, sizeof(path), "/v1/inbox/%lld/%s", (long long)id, verb);
	code = client_post(ctl, path, body, &answer);
	if (code != CTL_OK)
		return code;
	if (ctl->json)
		return ctl_json(answer);
	if (strcmp(verb, "assign") == 0)
		printf(say(ctl, "text %lld belongs to %s, level %lld\n",
			   "来信 %lld 归入单号 %s,等级 %lld\n"),
		       (long long)id, member_text(answer, "alert_code"),
		       (long long)member_int(answer, "level"));
	else if (strcmp(verb, "ignore") == 0)
		printf(say(ctl, "text %lld is put aside\n", "来信 %lld 已搁置\n"), (long long)id);
	else
		printf(say(ctl, "the answer to text %lld goes out (%lld parts)\n",
			   "对来信 %lld 的回复已提交(%lld条)\n"),
		       (long long)id, (long long)member_int(answer, "parts"));
	json_decref(answer);
	return CTL_OK;
}
