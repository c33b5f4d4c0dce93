/* read_rows.c -- rows of the store and their columns as JSON: what every view is made of. */
#include "daemon/store/read_internal.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/contract/said_json.h"
#include "daemon/store/store.h"

int64_t
read_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool
read_has_time(const struct reader *r)
{
	return read_clock() < r->give_up_at - READ_MS_MAX / 2;
}

/* Of one table it is sure; of several the watch's thread finds out which it is. */
static void
met_damage(struct reader *r, const char *sql)
{
	table_set tables = store_tables_in(sql);

	if (!r->guard)
		return;
	if (tables & (tables - 1))
		guard_suspect(r->guard, tables);
	else
		guard_damage(r->guard, tables, sqlite3_errmsg(r->db));
}

void
read_failed(struct reader *r, int rc, const char *sql)
{
	if (r->failed)
		return;
	if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
		met_damage(r, sql);
	r->failed = rc == SQLITE_INTERRUPT ? READ_TOO_SLOW : READ_FAILED;
	snprintf(r->reason, sizeof(r->reason), "%s", sqlite3_errmsg(r->db));
}

/* Statements are kept by the address of their text; there are few. */
sqlite3_stmt *
read_query(struct reader *r, const char *sql, const char *types, ...)
{
	sqlite3_stmt *st = NULL;
	va_list args;
	size_t i = 0;

	while (i < READ_STATEMENTS && r->statements[i].sql && r->statements[i].sql != sql)
		i++;
	assert(i < READ_STATEMENTS);
	if (!r->statements[i].sql) {
		int rc = sqlite3_prepare_v3(r->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);

		if (rc != SQLITE_OK) {
			read_failed(r, rc, sql);
			return NULL;
		}
		r->statements[i].sql = sql;
		r->statements[i].stmt = st;
	}
	st = r->statements[i].stmt;
	sqlite3_reset(st);
	va_start(args, types);
	for (int n = 1; *types; types++, n++) {
		if (*types == 'i')
			sqlite3_bind_int64(st, n, va_arg(args, int64_t));
		else
			sqlite3_bind_text(st, n, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
	}
	va_end(args);
	return st;
}

/* A row?  Notes trouble; resets when there are no more. */
bool
read_step(struct reader *r, sqlite3_stmt *st)
{
	int rc;

	if (!st)
		return false;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		read_failed(r, rc, sqlite3_sql(st));
	sqlite3_reset(st);
	return false;
}

int64_t
read_number(struct reader *r, sqlite3_stmt *st)
{
	int64_t number = 0;

	if (read_step(r, st)) {
		number = sqlite3_column_int64(st, 0);
		sqlite3_reset(st);
	}
	return number;
}

void
json_text(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "\"%s\":", name);
	buf_json(out, value);
}

void
json_number(struct buf *out, const char *name, sqlite3_stmt *st, int column)
{
	if (sqlite3_column_type(st, column) == SQLITE_NULL)
		buf_printf(out, "\"%s\":null", name);
	else
		buf_printf(out, "\"%s\":%lld", name, (long long)sqlite3_column_int64(st, column));
}

void
json_column(struct buf *out, const char *name, sqlite3_stmt *st, int column)
{
	json_text(out, name, (const char *)sqlite3_column_text(st, column));
}

/* Whose language nobody knows reads both. */
static void
say(const struct said *said, enum lang lang, char *text, size_t size)
{
	size_t n;

	said_render(said, lang == LANG_COUNT ? LANG_ZH : lang, text, size);
	n = strlen(text);
	if (lang != LANG_COUNT || n + 4 > size)
		return;
	memcpy(text + n, " / ", 4);
	said_render(said, LANG_EN, text + n + 3, size - n - 3);
}

void
json_said(struct buf *out, const char *name, sqlite3_stmt *st, int column, enum lang lang)
{
	const char *phrase = (const char *)sqlite3_column_text(st, column + 1);
	const char *values = (const char *)sqlite3_column_text(st, column + 2);
	const char *prefix = strcmp(name, "note") == 0 ? "note_" : "";
	char text[2 * SAID_BYTES];
	struct said said;

	if (!phrase || !said_from_stored(&said, phrase, values)) {
		json_column(out, name, st, column);
		return;
	}
	say(&said, lang, text, sizeof(text));
	json_text(out, name, text);
	buf_printf(out, ",\"%scode\":\"%s\",\"%svalues\":", prefix, phrase_name(said.phrase), prefix);
	said_values_json(&said, out);
}

void
json_sentence(struct buf *out, const char *name, const struct said *said, enum lang lang)
{
	char text[2 * SAID_BYTES];

	say(said, lang, text, sizeof(text));
	json_text(out, name, text);
	buf_printf(out, ",\"code\":\"%s\",\"values\":", phrase_name(said->phrase));
	said_values_json(said, out);
}

void
json_value(struct buf *out, const char *name, sqlite3_stmt *st, int column, enum lang lang)
{
	const char *value = (const char *)sqlite3_column_text(st, column);
	char text[2 * SAID_BYTES];

	if (value)
		value_render(value, lang == LANG_COUNT ? LANG_EN : lang, text, sizeof(text));
	json_text(out, name, value ? text : NULL);
}

void
json_division(struct buf *out, const char *name, sqlite3_stmt *st, int column)
{
	char code[DIVISION_TEXT];

	if (sqlite3_column_type(st, column) == SQLITE_NULL) {
		buf_printf(out, "\"%s\":null", name);
		return;
	}
	division_format(code, sqlite3_column_int64(st, column));
	buf_printf(out, "\"%s\":\"%s\"", name, code);
}

void
json_phone(struct buf *out, const char *name, int64_t e164, bool unmasked)
{
	char text[PHONE_TEXT];

	if (!e164) {
		buf_printf(out, "\"%s\":null", name);
		return;
	}
	(unmasked ? phone_format : phone_mask)(text, (uint64_t)e164);
	buf_printf(out, "\"%s\":\"%s\"", name, text);
}

/* A cursor is what `next` said: numbers with dots between; "" = from the start. */
int
read_cursor(const char *text, int64_t *out, int count)
{
	bool start = !*text;

	for (int i = 0; i < count; i++) {
		char *end;

		out[i] = 0;
		if (start)
			continue;
		if (*text < '0' || *text > '9')
			return -1;
		out[i] = strtoll(text, &end, 10);
		if (*end != (i + 1 < count ? '.' : '\0'))
			return -1;
		text = end + 1;
	}
	return 0;
}

size_t
read_limit(const struct read_query *q)
{
	return q->limit && q->limit < READ_ROWS_MAX ? q->limit : READ_ROWS_MAX;
}

void
read_list_end(struct buf *out, bool more, int64_t last)
{
	if (more)
		buf_printf(out, "],\"next\":\"%lld\"}", (long long)last);
	else
		buf_puts(out, "],\"next\":null}");
}

int
read_no_alert(const struct read_query *q, struct err *err)
{
	return err_say(err, REFUSED_NOT_FOUND, about(CONCEPT_ALERT), no_alert, NUM(q->alert));
}

int
read_check(struct reader *r, const struct read_query *q, int64_t *cursor, int count,
	   struct err *err)
{
	if (read_cursor(q->after, cursor, count) < 0)
		return err_say(err, REFUSED_UNREADABLE, about_name(CONCEPT_QUERY, "after"), cursor_bad,
			       q->after);
	if (q->what == READ_ALERTS || q->what == READ_TASKS || (q->what == READ_INBOX && !q->alert))
		return 0;
	if (read_number(r, read_query(r, "SELECT 1 FROM alert WHERE id = ?", "i", q->alert)))
		return 0;
	return read_no_alert(q, err);
}

void
json_place(struct reader *r, division_code code, struct buf *out)
{
	sqlite3_stmt *st = read_query(r, "SELECT name FROM division WHERE code = ?", "i", code);
	bool named = read_step(r, st);
	char text[DIVISION_TEXT];

	division_format(text, code);
	buf_printf(out, "{\"code\":\"%s\",\"name\":", text);
	buf_json(out, named ? (const char *)sqlite3_column_text(st, 0) : NULL);
	buf_puts(out, "}");
	if (named)
		sqlite3_reset(st);
}
