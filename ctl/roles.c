/* roles.c -- roles as people call them, by the titles that gongd has of them: shown so, and taken so. */
#include "ctl/ctl.h"

#include <string.h>

json_t *
roles_get(struct ctl *ctl)
{
	struct client_request q = { .path = "/v1/roles" };
	struct err none = { 0 };	/* their codes will do */
	json_t *answer = NULL;

	if (client_ask(ctl, &q, &answer, &none) == CTL_OK)
		return answer;
	json_decref(answer);
	return NULL;
}

static const char *
title_of(json_t *role, enum lang lang)
{
	return member_text(json_object_get(role, "title"), lang_name(lang));
}

static json_t *
row_of(json_t *rows, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (strcmp(member_text(row, "name"), name) == 0)
			return row;
	return NULL;
}

static void
put_role(const struct ctl *ctl, json_t *roles, const char *name, struct buf *out)
{
	json_t *row = row_of(json_object_get(roles, "roles"), name);
	const char *title = title_of(row, ctl->lang);

	if (!row && strcmp(name, "asker") == 0)
		title = say(ctl, "who asked for it", "报警人");
	buf_puts(out, title ? title : name);
}

void
family_put(const struct ctl *ctl, json_t *roles, json_t *family, struct buf *out)
{
	json_t *member;
	size_t i;

	json_array_foreach(json_object_get(family, "roles"), i, member) {
		buf_puts(out, i ? say(ctl, ", ", "、") : "");
		put_role(ctl, roles, json_string_value(member), out);
	}
}

/* A name that is both means the family: the role by which it is called, and the others. */
static void
put_one(const struct ctl *ctl, json_t *roles, const char *name, struct buf *out)
{
	json_t *family = row_of(json_object_get(roles, "families"), name);

	if (family && !row_of(json_object_get(roles, "roles"), name)) {
		family_put(ctl, roles, family, out);
		return;
	}
	put_role(ctl, roles, name, out);
	if (json_array_size(json_object_get(family, "roles")) > 1)
		buf_puts(out, say(ctl, " and others", "等"));
}

void
roles_put(const struct ctl *ctl, json_t *roles, json_t *names, struct buf *out)
{
	json_t *name;
	size_t i;

	json_array_foreach(names, i, name) {
		buf_puts(out, i ? say(ctl, ", ", "、") : "");
		put_one(ctl, roles, json_string_value(name), out);
	}
	if (!json_array_size(names))
		buf_puts(out, "-");
}

/* -- and taken so -- */

static bool
is_code(const char *text)
{
	return !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")];
}

static bool
is_called(json_t *role, const char *text)
{
	for (int lang = 0; lang < LANG_COUNT; lang++) {
		const char *title = title_of(role, (enum lang)lang);

		if (title && strcmp(title, text) == 0)
			return true;
	}
	return false;
}

/* A title that two roles have, or none, goes as it is, and gongd says what it is not. */
static void
resolve(json_t *roles, char **value)
{
	const char *found = NULL;
	json_t *role;
	size_t i;

	json_array_foreach(json_object_get(roles, "roles"), i, role) {
		if (!is_called(role, *value))
			continue;
		if (found)
			return;
		found = member_text(role, "name");
	}
	if (!found)
		return;
	free(*value);
	*value = xstrdup(found);
}

void
roles_resolve(struct ctl *ctl)
{
	json_t *roles = NULL;

	for (size_t i = 0; i < ctl->given_count; i++) {
		struct given *given = &ctl->given[i];

		if (!given->spec->arg || strcmp(given->spec->arg, "ROLE") != 0 || is_code(given->value))
			continue;
		roles = roles ? roles : roles_get(ctl);
		resolve(roles, &given->value);
	}
	json_decref(roles);
}
