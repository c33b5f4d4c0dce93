/* inbox.c -- a text that came in, as somebody at the desk decides on it. */
#include "core/audience.h"
#include "daemon/store/internal.h"

#include <stdio.h>

bool
store_inbox_get(struct store *s, int64_t id, struct inbox_text *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT e164, contact, alert, task, received_at, decided_at, "
		"answered_at, coalesce(decided_by, ''), coalesce(answered_by, ''), text FROM inbound "
		"WHERE id = ? AND meaning IS NOT 'canary'", "i", id);

	if (!store_step(s, st))
		return false;
	*out = (struct inbox_text){
		.id = id, .e164 = (uint64_t)sqlite3_column_int64(st, 0),
		.contact = (uint32_t)sqlite3_column_int64(st, 1),
		.alert = sqlite3_column_int64(st, 2), .task = sqlite3_column_int64(st, 3),
		.received_at = sqlite3_column_int64(st, 4), .decided_at = sqlite3_column_int64(st, 5),
		.answered_at = sqlite3_column_int64(st, 6),
		.text = xstrdup((const char *)sqlite3_column_text(st, 9)),
	};
	snprintf(out->decided_by, sizeof(out->decided_by), "%s", sqlite3_column_text(st, 7));
	snprintf(out->answered_by, sizeof(out->answered_by), "%s", sqlite3_column_text(st, 8));
	store_done(st);
	return true;
}

void
store_inbox_decide(struct store *s, const struct inbox_text *t, const struct inbox_decision *d)
{
	store_run(s, "UPDATE inbound SET contact = ?, decided_by = ?, decided_at = ?, note = ?, "
		  "wait_until = NULL WHERE id = ?", "ntiti", (msec)t->contact, d->by, d->at, d->note,
		  t->id);
	if (d->meaning)
		store_run(s, "UPDATE inbound SET alert = ?, meaning = ?, level = ?, rule = 'desk' "
			  "WHERE id = ?", "ntii", (msec)t->alert, d->meaning, (int64_t)d->level, t->id);
}

void
store_inbox_answered(struct store *s, int64_t id, const char *by, msec at)
{
	store_run(s, "UPDATE inbound SET answered_by = ?, answered_at = ? WHERE id = ?", "tii", by, at,
		  id);
}

/* The same person's other texts in it. */
bool
store_inbox_task_done(struct store *s, const struct inbox_text *t)
{
	sqlite3_stmt *st = store_query(s, "SELECT 1 FROM task WHERE id = ?1 AND closed_at IS NULL AND "
		"kind = 'unclear' AND contact = ?2 AND NOT EXISTS (SELECT 1 FROM inbound WHERE "
		"contact = ?2 AND task = ?1 AND id <> ?3 AND decided_at IS NULL)", "iii", t->task,
		(int64_t)t->contact, t->id);
	bool done = store_step(s, st);

	if (done)
		store_done(st);
	return done;
}

static bool
all_within(struct store *s, sqlite3_stmt *st, const struct division_range *ranges, size_t count,
	   bool *any)
{
	bool within = true;

	for (*any = false; store_step(s, st); *any = true)
		within &= division_ranges_have(ranges, count, sqlite3_column_int64(st, 0));
	return within && !s->cut;
}

bool
store_inbox_within(struct store *s, uint32_t contact, int64_t alert,
		   const struct division_range *ranges, size_t count)
{
	bool any, within;

	if (!contact)
		return false;
	within = all_within(s, store_query(s, "SELECT t.division FROM called c JOIN target t ON "
		"t.alert = c.alert AND t.id = c.target WHERE c.contact = ? AND c.alert = ? AND "
		"t.division IS NOT NULL", "ii", (int64_t)contact, alert), ranges, count, &any);
	if (any)
		return within;
	within = all_within(s, store_query(s, "SELECT division FROM post WHERE contact = ?", "i",
					   (int64_t)contact), ranges, count, &any);
	return any && within;
}

int
store_number_place(struct store *s, uint32_t contact, uint64_t e164)
{
	sqlite3_stmt *st = store_query(s, "SELECT pos FROM number WHERE contact = ? AND sms = 1 AND "
		"(e164 = ?2 OR NOT EXISTS (SELECT 1 FROM number WHERE contact = ?1 AND sms = 1 AND "
		"e164 = ?2)) ORDER BY pos LIMIT 1", "ii", (int64_t)contact, (int64_t)e164);
	int place = -1;

	if (store_step(s, st)) {
		place = sqlite3_column_int(st, 0);
		store_done(st);
	}
	return place;
}
