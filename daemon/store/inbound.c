/* inbound.c -- what people send, each with what gong made of it: nothing that was taken is lost. */
#include "daemon/store/internal.h"

#include <string.h>

bool
store_inbound_put(struct store *s, int64_t route, const char *driver_id, uint64_t e164,
		  const char *text, msec at, msec received_at, int64_t *id)
{
	int changed = store_run(s, "INSERT OR IGNORE INTO inbound (id, route, driver_id, e164, text, at, "
		"received_at) VALUES (?, ?, ?, ?, ?, ?, ?)", "nititii", store_next_id(s, TABLE_INBOUND), route, driver_id, (int64_t)e164,
		text, at, received_at);

	*id = store_last_id(s);
	return changed > 0;
}

void
store_inbound_judged(struct store *s, int64_t id, const struct judgement *j)
{
	store_run(s, "UPDATE inbound SET contact = ?, alert = ?, task = ?, meaning = ?, level = ?, "
		  "rule = ?, wait_until = NULL WHERE id = ?", "nnntiti", (msec)j->contact,
		  (msec)j->alert, (msec)j->task, j->meaning, (int64_t)j->level, j->rule, id);
}

void
store_inbound_waits(struct store *s, int64_t id, msec until)
{
	store_run(s, "UPDATE inbound SET wait_until = ? WHERE id = ?", "ii", until, id);
}

bool
store_inbound_waiting(struct store *s, int64_t after, struct inbound *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT id, route, e164, text, at, received_at, wait_until "
		"FROM inbound WHERE wait_until IS NOT NULL AND id > ? ORDER BY id LIMIT 1", "i", after);

	if (!store_step(s, st))
		return false;
	*out = (struct inbound){
		.id = sqlite3_column_int64(st, 0), .route = sqlite3_column_int64(st, 1),
		.e164 = (uint64_t)sqlite3_column_int64(st, 2),
		.at = sqlite3_column_int64(st, 4), .received_at = sqlite3_column_int64(st, 5),
		.wait_until = sqlite3_column_int64(st, 6),
	};
	if (sqlite3_column_type(st, 3) != SQLITE_NULL)
		out->text = xstrdup((const char *)sqlite3_column_text(st, 3));
	store_done(st);
	return true;
}

msec
store_inbound_next(struct store *s)
{
	return store_instant(s, store_query(s, "SELECT min(wait_until) FROM inbound "
				       "WHERE wait_until IS NOT NULL", ""));
}

msec
store_inbound_waits_from(struct store *s, uint64_t e164, int64_t before)
{
	return store_instant(s, store_query(s, "SELECT max(wait_until) FROM inbound WHERE wait_until IS NOT NULL "
		"AND id < ?2 AND (e164 = ?1 OR e164 IN (SELECT b.e164 FROM number a JOIN number b "
		"ON b.contact = a.contact WHERE a.e164 = ?1))", "ii", (int64_t)e164, before));
}
