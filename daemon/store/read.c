/* read.c -- read-only views of the store as JSON; it never writes and never waits long. */
#include "daemon/store/read_internal.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/store/store.h"

static int64_t
monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
on_progress(void *ctx)
{
	struct reader *r = ctx;

	return monotonic_ms() > r->give_up_at;
}

int
reader_open(struct reader **out, const char *path, struct err *err)
{
	struct reader *r = xcalloc(1, sizeof(*r));

	*out = NULL;
	if (sqlite3_open_v2(path, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
		    SQLITE_OK ||
	    sqlite3_exec(r->db, "PRAGMA query_only = 1; PRAGMA busy_timeout = 100;"
			 "PRAGMA cache_size = -4096; PRAGMA temp_store = memory;"
			 "SELECT 1 FROM alert LIMIT 1", NULL, NULL, NULL) != SQLITE_OK) {
		err_set(err, "cannot read %s: %s; it is made by the first start of gongd", path,
			sqlite3_errmsg(r->db));
		reader_close(r);
		return -1;
	}
	sqlite3_progress_handler(r->db, 1000, on_progress, r);
	*out = r;
	return 0;
}

void
reader_close(struct reader *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < READ_POLICIES; i++)
		policy_free(r->policies[i].policy);
	for (size_t i = 0; i < READ_STATEMENTS; i++)
		sqlite3_finalize(r->statements[i].stmt);
	sqlite3_close(r->db);
	free(r);
}

static void
note_failure(struct reader *r, int rc)
{
	if (r->failed)
		return;
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
			note_failure(r, rc);
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
		note_failure(r, rc);
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

int
read_check(struct reader *r, const struct read_query *q, int64_t *cursor, int count,
	   struct err *err)
{
	if (read_cursor(q->after, cursor, count) < 0) {
		err_field(err, "after", "\"%s\" is no cursor; use \"next\" of the page before", q->after);
		return 400;
	}
	if (q->what == READ_ALERTS || q->what == READ_TASKS)
		return 200;
	if (read_number(r, read_query(r, "SELECT 1 FROM alert WHERE id = ?", "i", q->alert)))
		return 200;
	err_set(err, "there is no alert %lld", (long long)q->alert);
	return 404;
}

static int
figures(struct reader *r, struct buf *out)
{
	sqlite3_stmt *st;
	int64_t alerts, targets, tasks;

	alerts = read_number(r, read_query(r, "SELECT count(*) FROM alert WHERE closed_at IS NULL", ""));
	st = read_query(r, "SELECT coalesce(sum(max(targets - satisfied, 0)), 0) FROM alert "
			"WHERE closed_at IS NULL", "");
	targets = read_number(r, st);
	tasks = read_number(r, read_query(r, "SELECT count(*) FROM task WHERE closed_at IS NULL", ""));
	buf_printf(out, "{\"alerts_open\":%lld,\"targets_open\":%lld,\"tasks_open\":%lld}",
		   (long long)alerts, (long long)targets, (long long)tasks);
	return 200;
}

static int
answer(struct reader *r, const struct read_query *q, const struct settings *s, msec now,
       struct buf *out, struct err *err)
{
	switch (q->what) {
	case READ_ALERTS:
		return read_alerts(r, q, out, err);
	case READ_ALERT:
		return read_alert(r, q, s, now, out, err);
	case READ_TARGETS:
		return read_targets(r, q, out, err);
	case READ_MESSAGES:
		return read_messages(r, q, out, err);
	case READ_EVENTS:
		return read_events(r, q, out, err);
	case READ_TASKS:
		return read_tasks(r, q, out, err);
	case READ_ROUTES:
		return read_routes(r, s, out);
	case READ_FIGURES:
		return figures(r, out);
	}
	return 400;
}

static int
trouble(struct reader *r, struct err *err)
{
	if (r->failed == READ_TOO_SLOW)
		err_set(err, "this took longer than %d ms; ask for less (limit=, after=), or again "
			"later", READ_MS_MAX);
	else
		err_set(err, "the store cannot be read now: %s", r->reason);
	return 503;
}

int
reader_run(struct reader *r, const struct read_query *q, const struct settings *s, msec now,
	   struct buf *out, struct err *err)
{
	size_t was = out->len;
	int status;

	r->failed = READ_FINE;
	r->give_up_at = monotonic_ms() + READ_MS_MAX;
	/* One instant of the store for all statements of an answer. */
	if (sqlite3_exec(r->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		note_failure(r, SQLITE_ERROR);
	status = r->failed ? 503 : answer(r, q, s, now, out, err);
	if (r->failed)
		status = trouble(r, err);
	r->give_up_at = INT64_MAX;
	sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL);
	if (status != 200 && out->data) {
		out->len = was;
		out->data[was] = '\0';
	}
	return status;
}
