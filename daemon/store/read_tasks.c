/* read_tasks.c -- the desk's tasks as JSON: what is to be done, for whom, and who does it. */
#include "daemon/store/read_internal.h"

#include <jansson.h>

#include "core/reply.h"
#include "daemon/store/store.h"

#define LOOKED_AT_MAX 10000
#define PLACES_MAX 200			/* shown of one task; its count has them all */

#define TASK_COLUMNS "SELECT t.id, t.alert, t.kind, t.opened_at, t.closed_at, t.closed_by, " \
	"t.taken_by, t.taken_at, t.grown_at, t.urgency, t.count, c.ref, c.name, t.text, " \
	"t.text_phrase, t.text_values, t.note, t.note_phrase, t.note_values, t.places, " \
	"CASE WHEN json_valid(t.words) THEN t.words END, CASE WHEN json_valid(t.notes) THEN t.notes END, " \
	"t.contact FROM task t LEFT JOIN contact c ON c.id = t.contact WHERE "

static division_code
code_of(const json_t *item)
{
	division_code code = json_integer_value(item);

	if (json_is_string(item) && division_parse(&code, json_string_value(item), NULL) < 0)
		code = 0;
	return code;
}

static void
places(struct reader *r, const char *text, struct buf *out)
{
	json_t *codes = text ? json_loads(text, 0, NULL) : NULL, *item;
	bool any = false;
	size_t i;

	buf_puts(out, "\"places\":[");
	json_array_foreach(codes, i, item) {
		division_code code = code_of(item);

		if (i >= PLACES_MAX || code <= 0)
			continue;
		buf_puts(out, any ? "," : "");
		any = true;
		json_place(r, code, out);
	}
	buf_puts(out, "]");
	json_decref(codes);
}

static void
list_or_none(struct buf *out, const char *name, sqlite3_stmt *st, int column)
{
	const char *text = (const char *)sqlite3_column_text(st, column);

	buf_printf(out, ",\"%s\":%s", name, text && *text == '[' ? text : "[]");
}

#define COLUMN_PLACES 19
#define COLUMN_CONTACT 22

static bool
places_within(const struct rights *rights, const char *text)
{
	json_t *codes = text ? json_loads(text, 0, NULL) : NULL, *item;
	bool within = json_array_size(codes) > 0;
	size_t i;

	json_array_foreach(codes, i, item)
		within &= rights_reach(rights, code_of(item));
	json_decref(codes);
	return within;
}

/* Who is limited sees tasks of his own alerts, his own people and his own places; words of a number
 * that nobody has, and what is about no alert, are the desk's. */
static bool
is_seen(struct reader *r, const struct read_query *q, const struct rights *rights, sqlite3_stmt *st)
{
	int64_t contact = sqlite3_column_int64(st, COLUMN_CONTACT);

	if (!rights->division_count && !rights->drill_only)
		return true;
	if (read_number(r, read_query(r, "SELECT count(*) FROM alert WHERE id = ? AND client = ?", "it",
				      sqlite3_column_int64(st, 1), q->by.name)))
		return true;		/* his own alert's */
	if (!rights->division_count)
		return contact || sqlite3_column_type(st, 1) != SQLITE_NULL;
	if (contact)
		return read_sees_person(r, rights, contact, sqlite3_column_int64(st, 1));
	return places_within(rights, (const char *)sqlite3_column_text(st, COLUMN_PLACES));
}

static void
task_json(struct reader *r, struct buf *out, sqlite3_stmt *st, enum lang lang)
{
	static const struct { const char *name; bool number; } columns[] = {
		{ "id", true }, { "alert", true }, { "kind", false },
		{ "opened_at", true }, { "closed_at", true }, { "closed_by", false },
		{ "taken_by", false }, { "taken_at", true }, { "grown_at", true },
		{ "urgency", true }, { "count", true }, { "contact", false }, { "person", false },
	};
	char code[CODE_TEXT];
	int column = 0;

	for (; column < (int)(sizeof(columns) / sizeof(*columns)); column++) {
		buf_puts(out, column ? "," : "{");
		(columns[column].number ? json_number : json_column)(out, columns[column].name, st,
								     column);
	}
	/* By its id, for its row may lie on a damaged page: the desk is to read of that, too. */
	code_format(code, (uint64_t)sqlite3_column_int64(st, 1));
	buf_puts(out, ",");
	json_text(out, "alert_code", sqlite3_column_int64(st, 1) ? code : NULL);
	buf_puts(out, ",");
	json_said(out, "text", st, column, lang);
	buf_puts(out, ",");
	json_said(out, "note", st, column + 3, lang);
	buf_puts(out, ",");
	places(r, (const char *)sqlite3_column_text(st, column + 6), out);
	list_or_none(out, "words", st, column + 7);
	list_or_none(out, "notes", st, column + 8);
	buf_puts(out, "}");
}

int
read_tasks(struct reader *r, const struct read_query *q, const struct settings *s, struct buf *out,
	   struct err *err)
{
	struct rights rights = rights_of(s, &q->by);
	size_t limit = read_limit(q), count = 0, looked_at = 0;
	int64_t after, last = 0;
	sqlite3_stmt *st;
	bool more = false;

	if (read_check(r, q, &after, 1, err) < 0)
		return -1;
	st = q->open_only
		? read_query(r, TASK_COLUMNS "t.closed_at IS NULL AND t.id > ? ORDER BY t.id LIMIT ?",
			     "ii", after, (int64_t)LOOKED_AT_MAX + 1)
		: read_query(r, TASK_COLUMNS "t.id > ? ORDER BY t.id LIMIT ?", "ii", after,
			     (int64_t)LOOKED_AT_MAX + 1);
	buf_puts(out, "{\"tasks\":[");
	while (read_step(r, st)) {
		bool seen = looked_at < LOOKED_AT_MAX && is_seen(r, q, &rights, st);

		if (looked_at++ == LOOKED_AT_MAX || (seen && count == limit)) {
			more = true;
			sqlite3_reset(st);
			break;
		}
		last = sqlite3_column_int64(st, 0);
		if (!seen)
			continue;
		if (count++)
			buf_puts(out, ",");
		task_json(r, out, st, q->lang);
	}
	read_list_end(out, more, last);
	return 0;
}
