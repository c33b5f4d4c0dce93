/* catch_up.c -- targets that fell back, with the steps that are to be taken for them. */
#include "daemon/store/internal.h"

void
store_catch_up_add(struct store *s, int64_t alert, unsigned target, uint64_t steps)
{
	store_run(s, "INSERT INTO catch_up (alert, target, steps) VALUES (?, ?, ?) ON CONFLICT (alert, "
		  "target) DO UPDATE SET steps = steps | excluded.steps", "iii", alert, (int64_t)target,
		  (int64_t)steps);
}

bool
store_catch_up_first(struct store *s, int64_t alert, unsigned target, uint64_t steps)
{
	return store_run(s, "INSERT OR IGNORE INTO catch_up (alert, target, steps) VALUES (?, ?, ?)",
			 "iii", alert, (int64_t)target, (int64_t)steps) > 0;
}

size_t
store_catch_up_next(struct store *s, int64_t *alert, struct catch_up *out, size_t max)
{
	sqlite3_stmt *st = store_query(s, "SELECT alert, target, steps, taken_at FROM catch_up WHERE "
				       "steps <> 0 AND alert = (SELECT min(c.alert) FROM catch_up c "
				       "JOIN alert a ON a.id = c.alert WHERE c.steps <> 0 AND a.holds = 0) "
				       "ORDER BY target LIMIT ?", "i", (int64_t)max);
	size_t count = 0;

	while (store_step(s, st)) {
		if (count == max)
			continue;
		*alert = sqlite3_column_int64(st, 0);
		out[count++] = (struct catch_up){
			.target = (unsigned)sqlite3_column_int(st, 1),
			.steps = (uint64_t)sqlite3_column_int64(st, 2),
			.taken_at = column_msec(st, 3),
		};
	}
	return count;
}

void
store_catch_up_taken(struct store *s, int64_t alert, unsigned target, msec at)
{
	store_run(s, "UPDATE catch_up SET steps = 0, taken_at = coalesce(?, taken_at) WHERE alert = ? "
		  "AND target = ?", "nii", at, alert, (int64_t)target);
}
