/* tasks.c -- work for a human at the desk.  What gong says in one is kept as a phrase with its values,
 * so that everybody reads it in his own language; the English beside it is for a gong that does not
 * know the phrase, be it older or newer. */
#include "daemon/store/internal.h"

#include <stdio.h>

#include "core/buf.h"

void
store_said(const struct said *said, struct stored_said *out)
{
	struct buf json = { 0 };

	said_render(said, LANG_EN, out->text, sizeof(out->text));
	out->phrase = out->values = NULL;
	if (said->phrase == PHRASE_verbatim)
		return;
	out->phrase = phrase_name(said->phrase);
	said_values_json(said, &json);
	out->values = buf_take(&json);
}

#define TASK_COLUMNS "id, alert, contact, kind, text, text_phrase, text_values, opened_at"

int64_t
store_task_open(struct store *s, int64_t alert, const char *kind, const struct said *said, msec at)
{
	struct stored_said stored;
	int rows;

	store_said(said, &stored);
	rows = store_run(s, "INSERT INTO task (" TASK_COLUMNS ") VALUES (?, ?, NULL, ?, ?, ?, ?, ?)",
			 "nntttti", store_next_id(s, TABLE_TASK), (msec)alert, kind, stored.text, stored.phrase, stored.values, at);
	free(stored.values);
	return rows > 0 ? store_last_id(s) : 0;
}

void
store_task_once(struct store *s, int64_t alert, const char *kind, const struct said *said, msec at)
{
	struct stored_said stored;

	store_said(said, &stored);
	store_run(s, "INSERT INTO task (" TASK_COLUMNS ") SELECT ?7, ?1, NULL, ?2, ?3, ?4, ?5, ?6 WHERE NOT "
		  "EXISTS (SELECT 1 FROM task WHERE closed_at IS NULL AND alert IS ?1 AND kind = ?2 "
		  "AND text = ?3)", "nttttin", (msec)alert, kind, stored.text, stored.phrase,
		  stored.values, at, store_next_id(s, TABLE_TASK));
	free(stored.values);
}

void
store_task_take(struct store *s, int64_t task, const char *by, msec at)
{
	store_run(s, "UPDATE task SET taken_by = ?, taken_at = ? WHERE id = ? AND closed_at IS NULL",
		  "tii", by, at, task);
}

void
store_task_note(struct store *s, int64_t task, const char *by, const char *text, msec at)
{
	struct buf row = { 0 };

	buf_printf(&row, "{\"at\":%lld,\"by\":", (long long)at);
	buf_json(&row, by);
	buf_puts(&row, ",\"text\":");
	buf_json(&row, text);
	buf_puts(&row, "}]");
	store_run(s, "UPDATE task SET notes = CASE WHEN notes IS NULL THEN '[' ELSE "
		  "substr(notes, 1, length(notes) - 1) || ',' END || ? WHERE id = ?", "ti", row.data,
		  task);
	buf_fini(&row);
}

size_t
store_tasks_open(struct store *s, const char *kind)
{
	sqlite3_stmt *st = store_query(s, "SELECT count(*) FROM task WHERE closed_at IS NULL "
				       "AND kind = ?", "t", kind);
	size_t count = 0;

	if (store_step(s, st)) {
		count = (size_t)sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return count;
}

int64_t
store_task_find(struct store *s, int64_t alert, uint32_t contact, uint64_t e164, const char *kind,
		char **words)
{
	sqlite3_stmt *st = store_query(s, "SELECT id, words FROM task WHERE closed_at IS NULL AND "
				       "alert IS ? AND kind = ? AND coalesce(contact, 0) = ? AND "
				       "coalesce(e164, 0) = ?", "ntii", (msec)alert, kind,
				       (int64_t)contact, (int64_t)e164);
	int64_t id = 0;

	if (store_step(s, st)) {
		id = sqlite3_column_int64(st, 0);
		if (words && sqlite3_column_text(st, 1))
			*words = xstrdup((const char *)sqlite3_column_text(st, 1));
		store_done(st);
	}
	return id;
}

int64_t
store_task_short(struct store *s, int64_t alert, char kind[16])
{
	sqlite3_stmt *st = store_query(s, "SELECT id, kind FROM task WHERE closed_at IS NULL AND "
				       "alert = ? AND kind IN ('unanswered', 'deadline', 'summary')",
				       "i", alert);
	int64_t id = 0;

	if (store_step(s, st)) {
		id = sqlite3_column_int64(st, 0);
		snprintf(kind, 16, "%s", (const char *)sqlite3_column_text(st, 1));
		store_done(st);
	}
	return id;
}

int64_t
store_task_new(struct store *s, const struct growing *g, msec at)
{
	struct stored_said stored;
	int rows;

	store_said(&g->said, &stored);
	rows = store_run(s, "INSERT INTO task (" TASK_COLUMNS ", e164, urgency, count, places, words) "
			 "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "nnnttttiniitt",
			 store_next_id(s, TABLE_TASK), (msec)g->alert, (msec)g->contact, g->kind, stored.text, stored.phrase,
			 stored.values, at, (msec)g->e164, (int64_t)g->urgency, (int64_t)g->count,
			 g->places, g->words);
	free(stored.values);
	return rows > 0 ? store_last_id(s) : 0;
}

void
store_task_grow(struct store *s, int64_t task, const struct growing *g, msec at)
{
	struct stored_said stored;

	store_said(&g->said, &stored);
	store_run(s, "UPDATE task SET kind = ?, text = ?, text_phrase = ?, text_values = ?, "
		  "grown_at = coalesce(?, grown_at), urgency = max(urgency, ?), count = ?, places = ?, "
		  "words = coalesce(?, words) WHERE id = ?", "ttttniitti", g->kind, stored.text,
		  stored.phrase, stored.values, at, (int64_t)g->urgency, (int64_t)g->count, g->places,
		  g->words, task);
	free(stored.values);
}

bool
store_task_close(struct store *s, int64_t task, const char *by, const char *note, msec at)
{
	return store_run(s, "UPDATE task SET closed_at = ?, closed_by = ?, note = ? WHERE id = ? "
			 "AND closed_at IS NULL", "itti", at, by, note, task) > 0;
}

bool
store_task_over(struct store *s, int64_t task, const struct said *note, msec at)
{
	struct stored_said stored;
	int rows;

	store_said(note, &stored);
	rows = store_run(s, "UPDATE task SET closed_at = ?, closed_by = 'gong', note = ?, "
			 "note_phrase = ?, note_values = ? WHERE id = ? AND closed_at IS NULL", "ittti",
			 at, stored.text, stored.phrase, stored.values, task);
	free(stored.values);
	return rows > 0;
}

bool
store_tasks_over(struct store *s, const char *kind, const struct said *note, msec at)
{
	struct stored_said stored;
	int rows;

	store_said(note, &stored);
	rows = store_run(s, "UPDATE task SET closed_at = ?, closed_by = 'gong', note = ?, "
			 "note_phrase = ?, note_values = ? WHERE closed_at IS NULL AND alert IS NULL "
			 "AND kind = ?", "itttt", at, stored.text, stored.phrase, stored.values, kind);
	free(stored.values);
	return rows > 0;
}

/* -- what a task lists -- */

void
store_messages_uncertain(struct store *s, uint32_t wave, contact_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT contact FROM message WHERE wave = ? AND state = 7", "i",
				       (int64_t)wave);

	while (store_step(s, st))
		fn(ctx, (uint32_t)sqlite3_column_int64(st, 0));
}

void
store_alerts_uncertain(struct store *s, int64_t after, size_t max, alert_id_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT a.id FROM alert a WHERE a.closed_at IS NULL AND "
				       "a.id > ? AND EXISTS (SELECT 1 FROM wave w WHERE "
				       "w.alert = a.id AND w.uncertain > 0) ORDER BY a.id LIMIT ?", "ii", after,
				       (int64_t)max);

	while (store_step(s, st))
		fn(ctx, sqlite3_column_int64(st, 0));
}
