/* moved.c -- targets that another alert took over; which those are is decided elsewhere. */
#include "daemon/store/internal.h"

void
store_target_move(struct store *s, int64_t alert, unsigned target, int64_t to)
{
	store_run(s, "UPDATE target SET moved_to = ? WHERE alert = ? AND id = ? AND moved_to IS NULL",
		  "iii", to, alert, (int64_t)target);
}

/* What is done with one may ask for more: each is read before the first is handed on. */
static void
each_target(struct store *s, sqlite3_stmt *st, target_fn fn, void *ctx)
{
	struct target *targets = NULL;
	size_t count = 0, cap = 0;

	while (store_step(s, st)) {
		if (count == cap) {
			cap = cap ? cap * 2 : 64;
			targets = xrealloc(targets, cap * sizeof(*targets));
		}
		targets[count++] = (struct target){
			.id = (unsigned)sqlite3_column_int(st, 0),
			.division = sqlite3_column_int64(st, 1),
			.contact = (uint32_t)sqlite3_column_int64(st, 2),
			.level = sqlite3_column_int(st, 3),
			.moved_to = sqlite3_column_int64(st, 4),
		};
	}
	for (size_t i = 0; i < count; i++)
		fn(ctx, &targets[i]);
	free(targets);
}

void
store_targets_all(struct store *s, int64_t alert, target_fn fn, void *ctx)
{
	each_target(s, store_query(s, "SELECT id, division, contact, level, moved_to FROM target "
				   "WHERE alert = ?", "i", alert), fn, ctx);
}

void
store_called_for(struct store *s, uint32_t contact, int64_t alert, target_fn fn, void *ctx)
{
	each_target(s, store_query(s, "SELECT t.id, t.division, t.contact, t.level, t.moved_to "
		"FROM called c JOIN target t ON t.alert = c.alert AND t.id = c.target "
		"WHERE c.contact = ? AND c.alert = ?", "ii", (int64_t)contact, alert), fn, ctx);
}

bool
store_was_called(struct store *s, uint32_t contact, int64_t alert)
{
	return store_any(s, store_query(s, "SELECT 1 FROM called WHERE contact = ? AND alert = ? LIMIT 1",
				       "ii", (int64_t)contact, alert));
}

static void
each_alert(struct store *s, sqlite3_stmt *st, alert_id_fn fn, void *ctx)
{
	int64_t *ids = NULL;
	size_t count = 0, cap = 0;

	while (store_step(s, st)) {
		if (count == cap) {
			cap = cap ? cap * 2 : 16;
			ids = xrealloc(ids, cap * sizeof(*ids));
		}
		ids[count++] = sqlite3_column_int64(st, 0);
	}
	for (size_t i = 0; i < count; i++)
		fn(ctx, ids[i]);
	free(ids);
}

void
store_alerts_parted(struct store *s, alert_id_fn fn, void *ctx)
{
	/* An index of the targets that moved would be written with each of 20,000 that never do. */
	each_alert(s, store_query(s, "SELECT DISTINCT replaces FROM alert WHERE replaces IS NOT NULL "
				  "AND state <> 0", ""), fn, ctx);
}

void
store_replacements_held(struct store *s, int64_t alert, alert_id_fn fn, void *ctx)
{
	each_alert(s, store_query(s, "SELECT id FROM alert WHERE replaces = ? AND state = 0", "i", alert), fn, ctx);
}

void
store_posts_of(struct store *s, uint32_t contact, division_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT division FROM post WHERE contact = ?", "i",
				       (int64_t)contact);

	while (store_step(s, st))
		fn(ctx, sqlite3_column_int64(st, 0));
}
