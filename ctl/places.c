/* places.c -- places that are named instead of coded: gongd knows their codes, and which one was meant. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>

static bool
is_place(const struct given *given)
{
	return given->spec->arg && strcmp(given->spec->arg, "CODE") == 0;
}

static bool
is_number(const char *text)
{
	return !text[strspn(text, "0123456789")];
}

/* CTL_OK: *list is what gongd finds for it (the caller owns *answer). */
static int
ask(struct ctl *ctl, const char *text, json_t **answer, json_t **list, struct err *err)
{
	struct buf path = { 0 };
	struct client_request q = { 0 };
	int code;

	buf_puts(&path, "/v1/divisions");
	query_add(&path, "find", text);
	q.path = path.data;
	code = client_ask(ctl, &q, answer, err);
	buf_fini(&path);
	*list = json_object_get(*answer, "divisions");
	return code;
}

/* "990121 青石县, …". */
static void
put_places(const struct ctl *ctl, json_t *list, struct buf *out)
{
	json_t *place;
	size_t i;

	json_array_foreach(list, i, place) {
		const char *code = member_text(place, "code"), *name = member_text(place, "name");

		buf_printf(out, "%s%s ", i ? say(ctl, ", ", "、") : "", code ? code : "");
		text_clip(out, name ? name : "", 3 * HUMAN);
	}
}

static bool
is_called(json_t *place, const char *name)
{
	const char *own = member_text(place, "name");

	return own && strcmp(own, name) == 0;
}

static int
which(struct ctl *ctl, const char *what, const char *value, json_t *list)
{
	struct buf names = { 0 };
	int code;

	put_places(ctl, list, &names);
	if (!json_array_size(list))
		code = ctl_usage(ctl,
				 say(ctl, "%s %s: there is no place of that name; give its code",
				     "%s %s:没有叫这个名称的地区,请填区划代码"),
				 what, value);
	else if (is_called(json_array_get(list, 0), value))
		code = ctl_usage(ctl,
				 say(ctl, "%s %s: several have that name: %s; give the code of one",
				     "%s %s:有几个地区叫这个名称:%s;请填其中一个的代码"),
				 what, value, names.data);
	else
		code = ctl_usage(ctl, say(ctl, "%s %s: did you mean %s?", "%s %s:是不是 %s?"),
				 what, value, names.data);
	buf_fini(&names);
	return code;
}

/* The one place of that very name, and the reader is told which it is; anything else is asked back. */
static int
resolve(struct ctl *ctl, const char *what, char **value)
{
	json_t *answer = NULL, *list = NULL;
	struct err err = { 0 };
	int code = ask(ctl, *value, &answer, &list, &err);

	if (code != CTL_OK)
		return client_failed(ctl, code, answer, &err);
	if (json_array_size(list) == 1 && is_called(json_array_get(list, 0), *value)) {
		struct buf said = { 0 };

		put_places(ctl, list, &said);
		fprintf(stderr, "gongctl: %s: %s\n", what, said.data);
		buf_fini(&said);
		free(*value);
		*value = xstrdup(member_text(json_array_get(list, 0), "code"));
	} else {
		code = which(ctl, what, *value, list);
	}
	json_decref(answer);
	return code;
}

/* The place that a command is about. */
static int
resolve_operand(struct ctl *ctl)
{
	struct buf what = { 0 };
	int code;

	if (strncmp(ctl->command->words, "division ", 9) != 0 || strcmp(ctl->command->operands[0], "CODE") != 0 ||
	    !*ctl->spelt[0] || is_number(ctl->spelt[0]))
		return CTL_OK;
	placeholder_put(ctl, "CODE", &what);
	code = resolve(ctl, what.data, &ctl->spelt[0]);
	ctl->operands[0] = ctl->spelt[0];
	buf_fini(&what);
	return code;
}

int
places_resolve(struct ctl *ctl)
{
	int code = resolve_operand(ctl);

	for (size_t i = 0; code == CTL_OK && i < ctl->given_count; i++)
		if (is_place(&ctl->given[i]) && *ctl->given[i].value && !is_number(ctl->given[i].value))
			code = resolve(ctl, ctl->given[i].spec->name, &ctl->given[i].value);
	return code;
}

void
places_hint(struct ctl *ctl)
{
	for (size_t i = 0; !ctl->json && i < ctl->given_count; i++) {
		const struct given *given = &ctl->given[i];
		json_t *answer = NULL, *list = NULL;
		const char *code;
		struct buf names = { 0 };
		struct err none = { 0 };	/* who cannot be asked gives no hint */

		if (!is_place(given) || !is_number(given->value) ||
		    ask(ctl, given->value, &answer, &list, &none) != CTL_OK)
			continue;
		code = member_text(json_array_get(list, 0), "code");
		put_places(ctl, list, &names);
		if (code && strncmp(code, given->value, strlen(given->value)) != 0)
			fprintf(stderr, say(ctl, "%s %s: did you mean %s?\n", "%s %s:是不是 %s?\n"),
				given->spec->name, given->value, names.data);
		buf_fini(&names);
		json_decref(answer);
	}
}
