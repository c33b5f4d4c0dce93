/* standing.c -- where targets stand: the word of each person for each target, and the level that
 * follows from them.  Raising is one row each; only what takes words back looks at all of them. */
#include "daemon/store/internal.h"

#define BYTE_OF(level) (8 * (level))

void
store_standing_put(struct store *s, int64_t alert, unsigned target, uint32_t contact, int level,
		   msec at)
{
	store_run(s, "INSERT INTO standing VALUES (?, ?, ?, ?, ?) ON CONFLICT (alert, target, contact) "
		  "DO UPDATE SET level = excluded.level, at = excluded.at "
		  "WHERE excluded.level > level OR contact = 0", "iiiii", alert, (int64_t)target,
		  (int64_t)contact, (int64_t)level, at);
}

void
store_standing_drop(struct store *s, int64_t alert, unsigned target, uint32_t contact)
{
	store_run(s, "DELETE FROM standing WHERE alert = ? AND target = ? AND contact = ? "
		  "AND level > ?", "iiii", alert, (int64_t)target, (int64_t)contact,
		  (int64_t)LEVEL_ANSWERED);
}

bool
store_target_raise(struct store *s, int64_t alert, unsigned target, int level, unsigned step,
		   const struct answer *by)
{
	/* For every level from the next one up: the byte that says since which step it is reached. */
	int64_t above = (int64_t)1 << BYTE_OF(level + 1);
	int64_t steps = (int64_t)(step < 255 ? step : 255) * 0x010101010101;

	return store_run(s, "UPDATE target SET rose = (rose & ~(?1 - (1 << (8 * (level + 1))))) | "
			 "(?2 & (?1 - (1 << (8 * (level + 1))))), level = ?3, level_at = ?4, "
			 "by_contact = ?5, by_name = ?6 WHERE alert = ?7 AND id = ?8 AND level < ?3 "
			 "AND moved_to IS NULL", "iiiintii", above, steps, (int64_t)level, by->at,
			 (msec)by->contact, by->name, alert, (int64_t)target) > 0;
}

struct best {
	int level;
	uint32_t contact;
	msec at;
};

static struct best
nth_best(struct store *s, int64_t alert, unsigned target, unsigned n)
{
	sqlite3_stmt *st = store_query(s, "SELECT level, contact, at FROM standing WHERE alert = ? AND "
				       "target = ? ORDER BY level DESC, at LIMIT 1 OFFSET ?", "iii",
				       alert, (int64_t)target, (int64_t)n - 1);
	struct best best = { 0, 0, NEVER };

	if (store_step(s, st)) {
		best.level = sqlite3_column_int(st, 0);
		best.contact = (uint32_t)sqlite3_column_int64(st, 1);
		best.at = sqlite3_column_int64(st, 2);
		store_done(st);
	}
	return best;
}

int
store_standing_nth(struct store *s, int64_t alert, unsigned target, unsigned n)
{
	return nth_best(s, alert, target, n).level;
}

int
target_rose(const struct target_fall *f, int level)
{
	return (int)(f->rose >> BYTE_OF(level) & 255);
}

bool
store_target_fall(struct store *s, int64_t alert, unsigned target, unsigned n,
		  struct target_fall *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT level, rose, division FROM target WHERE alert = ? AND "
				       "id = ? AND moved_to IS NULL", "ii", alert, (int64_t)target);
	struct best best;

	*out = (struct target_fall){ .target = target };
	if (!store_step(s, st))
		return false;
	out->from = sqlite3_column_int(st, 0);
	out->rose = sqlite3_column_int64(st, 1);
	out->division = sqlite3_column_int64(st, 2);
	store_done(st);
	best = nth_best(s, alert, target, n);
	out->to = best.level;
	if (best.level >= out->from)
		return false;
	/* The desk's name is that of its last word; a level that nobody holds is nobody's. */
	store_run(s, "UPDATE target SET level = ?1, level_at = ?2, by_contact = ?3, by_name = CASE WHEN "
		  "?1 > 0 AND ?3 IS NULL THEN (SELECT name FROM answer WHERE alert = ?4 AND contact IS "
		  "NULL AND division = target.division AND level >= ?1 ORDER BY id DESC LIMIT 1) END "
		  "WHERE alert = ?4 AND id = ?5", "innii", (int64_t)best.level, best.at,
		  (msec)best.contact, alert, (int64_t)target);
	return true;
}

static struct target
target_of(sqlite3_stmt *st)
{
	return (struct target){
		.id = (unsigned)sqlite3_column_int(st, 0),
		.division = sqlite3_column_int64(st, 1),
		.contact = (uint32_t)sqlite3_column_int64(st, 2),
		.level = sqlite3_column_int(st, 3),
		.nobody = sqlite3_column_int(st, 4),
	};
}

bool
store_target_get(struct store *s, int64_t alert, unsigned target, struct target *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT id, division, contact, level, nobody FROM target "
				       "WHERE alert = ? AND id = ? AND moved_to IS NULL", "ii", alert,
				       (int64_t)target);

	if (!store_step(s, st))
		return false;
	*out = target_of(st);
	store_done(st);
	return true;
}

void
store_targets_short(struct store *s, int64_t alert, int below, target_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT id, division, contact, level, nobody FROM target "
				       "WHERE alert = ? AND level < ? AND moved_to IS NULL", "ii", alert,
				       (int64_t)below);

	while (store_step(s, st)) {
		struct target t = target_of(st);

		fn(ctx, &t);
	}
}

void
store_targets_after(struct store *s, int64_t alert, int64_t after, size_t max, target_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT id, division, contact, level, nobody FROM target "
				       "WHERE alert = ? AND id > ? AND moved_to IS NULL ORDER BY id "
				       "LIMIT ?", "iii", alert, after, (int64_t)max);

	while (store_step(s, st)) {
		struct target t = target_of(st);

		fn(ctx, &t);
	}
}

void
store_target_nobody(struct store *s, int64_t alert, unsigned target, bool nobody)
{
	store_run(s, "UPDATE target SET nobody = ? WHERE alert = ? AND id = ?", "iii", (int64_t)nobody,
		  alert, (int64_t)target);
}

/* A number that the network refused for good by one channel may do for the other. */
bool
store_can_be_called(struct store *s, uint32_t contact, int64_t alert, bool sms, bool voice)
{
	sqlite3_stmt *st = store_query(s, "SELECT 1 FROM number n WHERE n.contact = ?1 AND ((?3 AND n.sms "
		"AND NOT EXISTS (SELECT 1 FROM wave w JOIN attempt a ON a.wave = w.id AND a.contact = ?1 "
		"WHERE w.alert = ?2 AND w.kind <> 4 AND w.channel = 0 AND a.e164 = n.e164 AND "
		"a.outcome = 2 AND a.class = 3)) OR (?4 AND n.voice AND NOT EXISTS (SELECT 1 FROM wave w "
		"JOIN attempt a ON a.wave = w.id AND a.contact = ?1 WHERE w.alert = ?2 AND w.kind <> 4 AND "
		"w.channel = 1 AND a.e164 = n.e164 AND a.outcome = 2 AND a.class = 3))) LIMIT 1", "iiii",
		(int64_t)contact, alert, (int64_t)sms, (int64_t)voice);
	bool can = store_step(s, st);

	store_done(st);
	return can;
}

int64_t
store_alert_open_before(struct store *s, int64_t alert)
{
	sqlite3_stmt *st = store_query(s, "SELECT id FROM alert WHERE closed_at IS NULL AND policy <> 0 AND "
				       "targets > 0 AND id < ? ORDER BY id DESC LIMIT 1", "i", alert);
	int64_t id = 0;

	if (store_step(s, st)) {
		id = sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return id;
}

void
store_alerts_open(struct store *s, size_t max, alert_id_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT id FROM alert WHERE closed_at IS NULL AND policy <> 0 AND "
				       "targets > 0 ORDER BY id DESC LIMIT ?", "i", (int64_t)max);

	while (store_step(s, st))
		fn(ctx, sqlite3_column_int64(st, 0));
}
