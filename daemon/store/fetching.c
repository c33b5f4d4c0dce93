/* fetching.c -- sources whose child fetches: how it is, and the alarms that stand about it. */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/store/internal.h"
#include "daemon/store/signals.h"

void
store_source_state(struct store *s, int64_t source, const char *state, msec at)
{
	store_run(s, "UPDATE source SET state = ?1, state_at = ?2 WHERE id = ?3 AND state IS NOT ?1", "tii",
		  state, at, source);
}

void
store_source_alarms(struct store *s, int64_t source, source_alarm_fn fn, void *ctx)
{
	struct source_alarm all[SOURCE_ALARMS_MAX];
	sqlite3_stmt *st = store_query(s, "SELECT source, name, since, told_at, task, notice FROM source_alarm "
				       "WHERE source = ?1 OR ?1 = 0 ORDER BY source, name LIMIT ?2", "ii", source,
				       (int64_t)SOURCE_ALARMS_MAX);
	size_t count = 0;

	while (store_step(s, st)) {
		struct source_alarm *a = &all[count++];

		*a = (struct source_alarm){
			.source = sqlite3_column_int64(st, 0), .since = column_msec(st, 2),
			.told_at = column_msec(st, 3), .task = sqlite3_column_int64(st, 4),
			.notice = sqlite3_column_int64(st, 5),
		};
		snprintf(a->name, sizeof(a->name), "%s", (const char *)sqlite3_column_text(st, 1));
	}
	for (size_t i = 0; i < count; i++)
		fn(ctx, &all[i]);
}

void
store_source_alarm_put(struct store *s, const struct source_alarm *a, const struct said *said)
{
	struct stored_said stored;

	store_said(said, &stored);
	store_run(s, "INSERT INTO source_alarm (source, name, since, told_at, task, notice, text, text_phrase, "
		  "text_values) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (source, name) DO UPDATE "
		  "SET since = ?3, told_at = ?4, task = ?5, notice = ?6, text = ?7, text_phrase = ?8, "
		  "text_values = ?9", "itnniittt", a->source, a->name, a->since, a->told_at, a->task, a->notice,
		  stored.text, stored.phrase, stored.values);
	free(stored.values);
}

void
store_source_alarm_over(struct store *s, const struct source_alarm *a)
{
	store_run(s, "UPDATE source_alarm SET since = NULL, task = 0, notice = 0 WHERE source = ? AND name = ?",
		  "it", a->source, a->name);
}
