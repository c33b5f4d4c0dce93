/* contact_edit.c -- one person changed: what he was and what he is now is shown. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"

/* "+86…", or "+86…:sms" and "+86…:voice", where it is for that only. */
static json_t *
number_of(const char *text)
{
	const char *colon = strrchr(text, ':'), *use = colon ? colon + 1 : "";
	bool sms = strcmp(use, "sms") == 0 || strcmp(use, "短信") == 0;
	bool voice = strcmp(use, "voice") == 0 || strcmp(use, "语音") == 0;
	char *number = sms || voice ? xstrndup(text, (size_t)(colon - text)) : xstrdup(text);
	json_t *one = json_pack("{s:s,s:b,s:b}", "number", number, "sms", !voice, "voice", !sms);

	free(number);
	return one;
}

/* "chief@990121001001:2": role, place, order.  NULL: it is not like that. */
static json_t *
post_of(const char *text)
{
	const char *at = strchr(text, '@'), *colon = at ? strchr(at, ':') : NULL;
	char *role, *code;
	int64_t order = 1;
	json_t *post;

	if (!at || at == text || !at[1] || (colon && whole_parse(&order, colon + 1, 1, 9999) < 0))
		return NULL;
	role = xstrndup(text, (size_t)(at - text));
	code = colon ? xstrndup(at + 1, (size_t)(colon - at - 1)) : xstrdup(at + 1);
	post = json_pack("{s:s,s:s,s:i}", "role", role, "division", code, "order", (int)order);
	free(role);
	free(code);
	return post;
}

static int
add_posts(struct ctl *ctl, json_t *body)
{
	json_t *said = args_strings(ctl, "--post"), *posts = json_array(), *one;
	int code = CTL_OK;
	size_t i;

	json_array_foreach(said, i, one) {
		json_t *post = post_of(json_string_value(one));

		if (!post && code == CTL_OK)
			code = ctl_usage(ctl, say(ctl, "--post \"%s\": write ROLE@CODE or ROLE@CODE:2",
						  "--post \"%s\":请写成 角色@代码 或 角色@代码:2"),
					 json_string_value(one));
		else if (post)
			json_array_append_new(posts, post);
	}
	if (json_array_size(said) || args_has(ctl, "--no-posts"))
		json_object_set(body, "posts", posts);
	json_decref(posts);
	json_decref(said);
	return code;
}

static int
edit_body(struct ctl *ctl, json_t *body)
{
	json_t *numbers = args_strings(ctl, "--phone"), *list = json_array(), *one;
	size_t i;

	json_array_foreach(numbers, i, one)
		json_array_append_new(list, number_of(json_string_value(one)));
	if (json_array_size(numbers))
		json_object_set(body, "numbers", list);
	json_decref(list);
	json_decref(numbers);
	if (args_has(ctl, "--name"))
		json_object_set_new(body, "name", json_string(args_value(ctl, "--name")));
	if (args_has(ctl, "--language"))
		json_object_set_new(body, "language", json_string(args_value(ctl, "--language")));
	if (args_has(ctl, "--tag") || args_has(ctl, "--no-tags"))
		json_object_set_new(body, "tags", args_strings(ctl, "--tag"));
	return add_posts(ctl, body);
}

/* -- old → new -- */

static void
value_text(const struct ctl *ctl, const char *name, json_t *value, struct buf *out)
{
	if (strcmp(name, "numbers") == 0)
		numbers_text(ctl, value, out);
	else if (strcmp(name, "posts") == 0)
		posts_text(value, out);
	else if (strcmp(name, "tags") == 0)
		tags_text(value, out);
	else if (json_is_boolean(value))
		buf_puts(out, json_is_true(value) ? say(ctl, "yes", "是") : say(ctl, "no", "否"));
	else
		buf_puts(out, json_string_value(value) ? json_string_value(value) : "");
}

static const char *
name_of(const struct ctl *ctl, const char *member)
{
	static const struct { const char *api, *en, *zh; } names[] = {
		{ "name", "name", "姓名" }, { "language", "language", "语言" }, { "active", "active", "在用" },
		{ "numbers", "numbers", "号码" }, { "posts", "posts", "岗位" }, { "tags", "tags", "标签" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i].api, member) == 0)
			return say(ctl, names[i].en, names[i].zh);
	return member;
}

static int
show_changes(struct ctl *ctl, json_t *contact, json_t *answer)
{
	json_t *changed = json_object_get(answer, "changed"), *value;
	const char *name;

	if (ctl->json) {
		ctl_json(answer);
		return CTL_OK;
	}
	if (!json_object_size(changed))
		printf(say(ctl, "%s %s: nothing changed\n", "%s %s:无改动\n"), member_text(answer, "ref"),
		       member_text(contact, "name"));
	json_object_foreach(changed, name, value) {
		struct buf old = { 0 }, new = { 0 };

		value_text(ctl, name, json_object_get(value, "old"), &old);
		value_text(ctl, name, json_object_get(value, "new"), &new);
		printf("%s %s: %s → %s\n", member_text(answer, "ref"), name_of(ctl, name),
		       old.len ? old.data : "-", new.len ? new.data : "-");
		buf_fini(&old);
		buf_fini(&new);
	}
	json_decref(answer);
	return CTL_OK;
}

static int
change(struct ctl *ctl, json_t *contact, json_t *body)
{
	struct buf path = { 0 };
	json_t *answer = NULL;
	char etag[sizeof(ctl->etag)];
	int code;

	snprintf(etag, sizeof(etag), "%s", ctl->etag);
	contact_path(contact, "", &path);
	code = client_change(ctl, "PATCH", path.data, etag, body, &answer);
	buf_fini(&path);
	return code == CTL_OK ? show_changes(ctl, contact, answer) : code;
}

int
contact_edit(struct ctl *ctl)
{
	const char *verb = strchr(ctl->command->words, ' ') + 1;
	json_t *contact = NULL, *body;
	int code = contact_operand(ctl, &contact);

	if (code != CTL_OK)
		return code;
	body = json_pack("{s:s*,s:s*}", "note", args_value(ctl, "--note"), "by", args_value(ctl, "--by"));
	if (args_has(ctl, "--yes"))
		json_object_set_new(body, "yes", json_true());
	if (strcmp(verb, "edit") == 0)
		code = edit_body(ctl, body);
	else
		json_object_set_new(body, "active", json_boolean(strcmp(verb, "activate") == 0));
	if (code == CTL_OK && strcmp(verb, "edit") == 0 &&
	    json_object_size(body) == (size_t)args_has(ctl, "--note") + args_has(ctl, "--by") + args_has(ctl, "--yes"))
		code = ctl_usage(ctl, "%s", say(ctl, "contact edit needs something to change: --name, --phone, "
						"--language, --post, --no-posts, --tag or --no-tags",
						"contact edit 需要要改的内容:--name、--phone、--language、--post、--no-posts、--tag 或 --no-tags"));
	if (code == CTL_OK)
		code = change(ctl, contact, body);
	else
		json_decref(body);
	json_decref(contact);
	return code;
}

int
contact_optin(struct ctl *ctl)
{
	json_t *contact = NULL, *answer = NULL, *body;
	struct buf path = { 0 };
	int code = contact_operand(ctl, &contact);

	if (code != CTL_OK)
		return code;
	body = json_pack("{s:s*,s:s*}", "note", args_value(ctl, "--note"), "by", args_value(ctl, "--by"));
	contact_path(contact, "/optin", &path);
	json_decref(contact);
	code = client_post(ctl, path.data, body, &answer);
	buf_fini(&path);
	if (code != CTL_OK)
		return code;
	if (ctl->json)
		return ctl_json(answer);
	printf(say(ctl, "%s gets drills and notices again\n", "%s 恢复接收演练和通知\n"), member_text(answer, "person"));
	json_decref(answer);
	return CTL_OK;
}
