/* staged.c -- imports that were compared with the store and wait to be applied: what each would change,
 * row by row, how far its applying is, what became of it. */
#include "daemon/store/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/buf.h"

const char *
stage_name(enum stage stage)
{
	static const char *const names[STAGE_COUNT] = {
		"staging", "ready", "applying", "applying", "applying", "applying", "applied", "gone",
	};

	return names[stage];
}

const char *
staged_change_name(enum staged_change change)
{
	static const char *const names[STAGED_CHANGES] = { "added", "changed", "unchanged", "missing" };

	return names[change];
}

void
staged_from(sqlite3_stmt *st, struct staged *out)
{
	int64_t *const numbers[] = { &out->rows, &out->count[STAGED_ADDED], &out->count[STAGED_CHANGED],
		&out->count[STAGED_UNCHANGED], &out->count[STAGED_MISSING], &out->inside, &out->cursor,
		&out->touched, &out->removed, &out->deactivated, &out->lost };

	*out = (struct staged){
		.id = sqlite3_column_int64(st, 0), .kind = (enum import_kind)sqlite3_column_int(st, 1),
		.stage = (enum stage)sqlite3_column_int(st, 2),
		.gone = (enum staged_gone)sqlite3_column_int(st, 3),
		.by.kind = (enum principal_kind)sqlite3_column_int(st, 4),
		.generation = sqlite3_column_int64(st, 6), .within = sqlite3_column_int64(st, 7),
		.replace = sqlite3_column_int(st, 8), .confirmed = sqlite3_column_int(st, 9),
		.at = sqlite3_column_int64(st, 10), .expires_at = sqlite3_column_int64(st, 11),
	};
	snprintf(out->by.name, sizeof(out->by.name), "%s", (const char *)sqlite3_column_text(st, 5));
	for (int i = 0; i < (int)(sizeof(numbers) / sizeof(*numbers)); i++)
		*numbers[i] = sqlite3_column_int64(st, 12 + i);
	snprintf(out->lost_at, sizeof(out->lost_at), "%s", (const char *)sqlite3_column_text(st, 23));
}

static const char *
gone_name(enum staged_gone gone)
{
	static const char *const names[] = { "", "dropped", "expired", "restarted", "damaged" };

	return names[gone];
}

int
staged_gone_say(const struct staged *q, struct err *err)
{
	switch (q->gone) {
	case GONE_NOT:
	case GONE_DROPPED:
		return err_say(err, REFUSED_GONE, about(CONCEPT_NONE), import_dropped, NUM(q->id));
	case GONE_EXPIRED:
		return err_say(err, REFUSED_GONE, about(CONCEPT_NONE), import_expired, NUM(q->id));
	case GONE_RESTARTED:
		return err_say(err, REFUSED_GONE, about(CONCEPT_NONE), import_restarted, NUM(q->id));
	case GONE_DAMAGED:
		return err_say(err, REFUSED_GONE, about(CONCEPT_NONE), import_damaged, NUM(q->id));
	}
	return -1;
}

void
staged_json(const struct staged *q, struct buf *out)
{
	char code[DIVISION_TEXT];

	buf_printf(out, "{\"id\":%lld,\"kind\":\"%s\",\"state\":\"%s\",\"by\":", (long long)q->id,
		   import_kind_name(q->kind), stage_name(q->stage));
	buf_json(out, q->by.name);
	buf_puts(out, ",\"gone\":");
	buf_json(out, q->stage == STAGE_GONE ? gone_name(q->gone) : NULL);
	buf_puts(out, ",\"within\":");
	if (q->within)
		division_format(code, q->within);
	buf_json(out, q->within ? code : NULL);
	buf_printf(out, ",\"at\":%lld,\"expires_at\":%lld,\"rows\":%lld", (long long)q->at,
		   (long long)q->expires_at, (long long)q->rows);
	for (int i = 0; i < STAGED_CHANGES; i++)
		buf_printf(out, ",\"%s\":%lld", staged_change_name((enum staged_change)i),
			   (long long)q->count[i]);
	buf_printf(out, ",\"inside\":%lld,\"lost\":%lld,\"lost_at\":%s,\"replace\":%s,"
		   "\"touched\":%lld,\"removed\":%lld,\"deactivated\":%lld}", (long long)q->inside,
		   (long long)q->lost, *q->lost_at ? q->lost_at : "[]", q->replace ? "true" : "false",
		   (long long)q->touched, (long long)q->removed, (long long)q->deactivated);
}

int64_t
store_staged_new(struct store *s, const struct staged *q)
{
	store_run(s, "INSERT INTO staged (id, kind, stage, by_kind, by_name, generation, within, at, expires_at, "
		  "rows) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "niiitiiiii", store_next_id(s, TABLE_STAGED), (int64_t)q->kind,
		  (int64_t)q->stage, (int64_t)q->by.kind, q->by.name, q->generation, q->within, q->at,
		  q->expires_at, q->rows);
	return store_last_id(s);
}

bool
store_staged_get(struct store *s, int64_t id, struct staged *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT " STAGED_COLUMNS " FROM staged WHERE id = ?", "i", id);

	if (!store_step(s, st))
		return false;
	staged_from(st, out);
	store_done(st);
	return true;
}

void
store_staged_set(struct store *s, const struct staged *q)
{
	store_run(s, "UPDATE staged SET stage = ?, gone = ?, replace = ?, confirmed = ?, expires_at = ?, "
		  "added = ?, changed = ?, unchanged = ?, missing = ?, inside = ?, cursor = ?, touched = ?, "
		  "removed = ?, deactivated = ?, lost = ?, lost_at = ? WHERE id = ?", "iiiiiiiiiiiiiiiti",
		  (int64_t)q->stage, (int64_t)q->gone, (int64_t)q->replace, (int64_t)q->confirmed,
		  q->expires_at, q->count[STAGED_ADDED], q->count[STAGED_CHANGED],
		  q->count[STAGED_UNCHANGED], q->count[STAGED_MISSING], q->inside, q->cursor, q->touched,
		  q->removed, q->deactivated, q->lost, q->lost_at, q->id);
}

/* Few: four that wait, and those of a day that are over. */
void
store_staged_all(struct store *s, staged_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT " STAGED_COLUMNS " FROM staged ORDER BY id", "");
	struct staged q;

	while (store_step(s, st)) {
		staged_from(st, &q);
		fn(ctx, &q);
	}
}

void
store_staged_drop(struct store *s, int64_t id)
{
	store_run(s, "DELETE FROM staged WHERE id = ?", "i", id);
}

void
store_staged_row_put(struct store *s, int64_t import, const struct staged_row *r)
{
	store_run(s, "INSERT INTO staged_row VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (import, change, seq) "
		  "DO UPDATE SET key = excluded.key, line = excluded.line, was = excluded.was, "
		  "old = excluded.old, new = excluded.new", "iiitiitt", import, (int64_t)r->change,
		  r->seq, r->key, (int64_t)r->line, (int64_t)r->was, r->old, r->new);
}

size_t
store_staged_rows(struct store *s, int64_t import, enum staged_change change, int64_t after, size_t max,
		  staged_row_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT seq, key, line, was, old, new FROM staged_row "
		"WHERE import = ? AND change = ? AND seq > ? ORDER BY seq LIMIT ?", "iiii", import,
		(int64_t)change, after, (int64_t)max);
	size_t count = 0;

	for (; store_step(s, st); count++) {
		struct staged_row r = {
			.change = change, .seq = sqlite3_column_int64(st, 0),
			.key = (const char *)sqlite3_column_text(st, 1),
			.line = (unsigned)sqlite3_column_int(st, 2),
			.was = (uint64_t)sqlite3_column_int64(st, 3),
			.old = (const char *)sqlite3_column_text(st, 4),
			.new = (const char *)sqlite3_column_text(st, 5),
		};

		fn(ctx, &r);
	}
	return count;
}

bool
store_staged_is_missing(struct store *s, int64_t import, uint32_t contact)
{
	return store_any(s, store_query(s, "SELECT 1 FROM staged_row WHERE import = ? AND change = ? AND "
				       "seq = ?", "iii", import, (int64_t)STAGED_MISSING, (int64_t)contact));
}

size_t
store_staged_rows_drop(struct store *s, int64_t import, size_t max)
{
	return (size_t)store_run(s, "DELETE FROM staged_row WHERE import = ?1 AND (change, seq) IN (SELECT "
		"change, seq FROM staged_row WHERE import = ?1 ORDER BY change, seq LIMIT ?2)", "ii", import,
		(int64_t)max);
}
