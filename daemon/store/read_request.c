/* read_request.c -- the request of an alert, as it was stored, for people to read: parameters and
 * audience, with the names beside codes and refs. */
#include "daemon/store/read_internal.h"

#include <jansson.h>

#include "daemon/store/store.h"

#define NAMED_MAX READ_ROWS_MAX		/* of a list; its count says how many there are */
#define REPLACED_MAX 8			/* alerts that one correction after the other goes back */

static json_t *
body_of(struct reader *r, int64_t alert, int64_t *replaces)
{
	sqlite3_stmt *st = read_query(r, "SELECT body, coalesce(replaces, 0) FROM alert WHERE id = ?",
				      "i", alert);
	json_t *body = NULL;

	*replaces = 0;
	if (read_step(r, st)) {
		body = json_loads((const char *)sqlite3_column_text(st, 0), 0, NULL);
		*replaces = sqlite3_column_int64(st, 1);
		sqlite3_reset(st);
	}
	return body;
}

static void
divisions(struct reader *r, json_t *body, const char *name, struct buf *out)
{
	json_t *list = json_object_get(body, name), *item;
	size_t i;

	buf_printf(out, "\"%s\":[", name);
	json_array_foreach(list, i, item) {
		if (i == NAMED_MAX)
			break;
		buf_puts(out, i ? "," : "");
		json_place(r, json_integer_value(item), out);
	}
	buf_puts(out, "]");
}

static void
contacts(struct reader *r, json_t *body, const char *name, struct buf *out)
{
	json_t *list = json_object_get(body, name), *item;
	size_t i;

	buf_printf(out, "\"%s\":[", name);
	json_array_foreach(list, i, item) {
		sqlite3_stmt *st;
		bool known;

		if (i == NAMED_MAX)
			break;
		st = read_query(r, "SELECT name FROM contact WHERE ref = ?", "t",
				json_string_value(item));
		known = read_step(r, st);
		buf_puts(out, i ? ",{" : "{");
		json_text(out, "ref", json_string_value(item));
		buf_puts(out, ",");
		json_text(out, "name", known ? (const char *)sqlite3_column_text(st, 0) : NULL);
		buf_puts(out, "}");
		if (known)
			sqlite3_reset(st);
	}
	buf_puts(out, "]");
}

static void
put_json(struct buf *out, json_t *value, const char *otherwise)
{
	char *text = value ? json_dumps(value, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY)
		: NULL;

	buf_puts(out, text ? text : otherwise);
	free(text);
}

/* As the request had them: {"990121103001": {"shelter": "…"}}. */
static void
division_params(json_t *body, struct buf *out)
{
	json_t *all = json_object(), *row;
	size_t i;

	json_array_foreach(json_object_get(body, "division_params"), i, row) {
		char code[DIVISION_TEXT];
		json_t *of;

		if (i == NAMED_MAX)
			break;
		division_format(code, json_integer_value(json_array_get(row, 0)));
		of = json_object_get(all, code);
		if (!of)
			json_object_set_new(all, code, of = json_object());
		json_object_set(of, json_string_value(json_array_get(row, 1)), json_array_get(row, 2));
	}
	put_json(out, all, "{}");
	json_decref(all);
}

void
json_request(struct reader *r, int64_t alert, struct buf *out)
{
	int64_t replaces;
	json_t *body = body_of(r, alert, &replaces);
	const char *asker = json_string_value(json_object_get(body, "asker"));
	bool whole = json_is_true(json_object_get(body, "whole"));

	buf_puts(out, "\"request\":{\"params\":");
	put_json(out, json_object_get(body, "params"), "{}");
	buf_puts(out, ",\"params_by_division\":");
	division_params(body, out);
	buf_puts(out, ",\"asker\":");
	if (asker)
		buf_json(out, asker);
	else
		buf_puts(out, "null");
	buf_printf(out, ",\"whole\":%s,\"audience\":{", whole ? "true" : "false");
	divisions(r, body, "divisions", out);
	buf_puts(out, ",");
	divisions(r, body, "without_divisions", out);
	buf_puts(out, ",\"roles\":");
	put_json(out, json_object_get(body, "roles"), "[]");
	buf_puts(out, ",");
	buf_puts(out, "\"tags\":");
	put_json(out, json_object_get(body, "tags"), "[]");
	buf_puts(out, ",");
	contacts(r, body, "contacts", out);
	buf_puts(out, ",");
	contacts(r, body, "without_contacts", out);
	buf_printf(out, ",\"reached\":%s},\"division_count\":%zu,\"contact_count\":%zu}",
		   json_is_true(json_object_get(body, "reached")) ? "true" : "false",
		   json_array_size(json_object_get(body, "divisions")),
		   json_array_size(json_object_get(body, "contacts")));
	json_decref(body);
}

static bool
has(json_t *list, division_code division, bool parts_too)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		division_code code = json_integer_value(item);

		if (division_contains(code, division) ||
		    (parts_too && division_contains(division, code)))
			return true;
	}
	return false;
}

bool
read_concerns(struct reader *r, int64_t alert, division_code division)
{
	bool found = false, further = true;

	for (int i = 0; further && i < REPLACED_MAX; i++) {
		int64_t replaces;
		json_t *body = body_of(r, alert, &replaces);
		json_t *list = json_object_get(body, "divisions");

		found = has(list, division, true) &&
			!has(json_object_get(body, "without_divisions"), division, false);
		/* Whom the replaced one reached, stands there. */
		further = !json_array_size(list) && replaces &&
			json_is_true(json_object_get(body, "reached"));
		alert = replaces;
		json_decref(body);
	}
	return found;
}
