/* reach.c -- what somebody with limits asks about before he acts: a task, a person's places. */
#include <stdio.h>

#include "core/audience.h"
#include "daemon/store/internal.h"

bool
store_task_get(struct store *s, int64_t id, struct task *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT alert, contact, closed_at, taken_at, "
		"coalesce(closed_by, ''), coalesce(taken_by, '') FROM task WHERE id = ?", "i", id);

	if (!store_step(s, st))
		return false;
	*out = (struct task){ .id = id, .alert = sqlite3_column_int64(st, 0),
			      .contact = (uint32_t)sqlite3_column_int64(st, 1),
			      .is_open = sqlite3_column_type(st, 2) == SQLITE_NULL,
			      .closed_at = sqlite3_column_int64(st, 2),
			      .taken_at = sqlite3_column_int64(st, 3) };
	snprintf(out->closed_by, sizeof(out->closed_by), "%s", sqlite3_column_text(st, 4));
	snprintf(out->taken_by, sizeof(out->taken_by), "%s", sqlite3_column_text(st, 5));
	store_done(st);
	return true;
}

static bool
all_within(struct store *s, sqlite3_stmt *st, const struct division_range *ranges, size_t count,
	   bool *any)
{
	bool within = true;

	for (*any = false; store_step(s, st); *any = true)
		within &= division_ranges_have(ranges, count, sqlite3_column_int64(st, 0));
	return within && !s->cut;	/* what a damaged page hides may be without */
}

bool
store_posts_within(struct store *s, uint32_t contact, const struct division_range *ranges,
		   size_t count, msec now)
{
	sqlite3_stmt *st = store_query(s, "SELECT division FROM post WHERE contact = ?1 UNION "
		"SELECT division FROM post_off WHERE contact = ?1 UNION SELECT division FROM roster WHERE contact = ?1 AND to_at > ?2", "ii",
		(int64_t)contact, now);
	bool any;

	return all_within(s, st, ranges, count, &any);
}

bool
store_called_within(struct store *s, uint32_t contact, int64_t alert,
		    const struct division_range *ranges, size_t count)
{
	sqlite3_stmt *st = store_query(s, "SELECT DISTINCT t.division FROM called c JOIN target t ON "
		"t.alert = c.alert AND t.id = c.target WHERE c.contact = ? AND c.alert = ?", "ii",
		(int64_t)contact, alert);
	bool any;

	return all_within(s, st, ranges, count, &any) && any;
}
