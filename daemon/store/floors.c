/* floors.c -- ids of new rows after a restore: above all that the replaced store may have given. */
#include "daemon/store/epoch.h"
#include "daemon/store/internal.h"

/* Of each table: what a busy office uses beyond what is known, at once and a day.  Wave ids stay far below
 * 2^21, so that a message's id (wave and contact) is a number that every client can read. */
static const struct counted {
	enum store_table table;
	const char *floor, *last;
	int64_t spare, spare_daily;
} counted[] = {
	{ TABLE_ALERT, "floor_alert", "SELECT max(id) FROM alert", 100, 100 },
	{ TABLE_WAVE, "floor_wave", "SELECT max(id) FROM wave", 1000, 5000 },
	{ TABLE_ANSWER, "floor_answer", "SELECT max(id) FROM answer", 1000, 20000 },
	{ TABLE_INBOUND, "floor_inbound", "SELECT max(id) FROM inbound", 1000, 20000 },
	{ TABLE_TASK, "floor_task", "SELECT max(id) FROM task", 1000, 5000 },
	{ TABLE_EVENT, "floor_event", "SELECT max(id) FROM event", 10000, 100000 },
	{ TABLE_AUDIT, "floor_audit", "SELECT max(id) FROM audit", 10000, 100000 },
	{ TABLE_SIGNAL, "floor_signal", "SELECT max(id) FROM signal", 1000, 20000 },
	{ TABLE_STAGED, "floor_staged", "SELECT max(id) FROM staged", 100, 100 },
};
#define COUNTED (sizeof(counted) / sizeof(*counted))
#define DAYS_MAX 60			/* an older copy is no less guessed at */

table_set
epoch_tables(void)
{
	table_set tables = 0;

	for (size_t i = 0; i < COUNTED; i++)
		tables |= TABLE_BIT(counted[i].table);
	return tables;
}

static const struct counted *
counted_of(enum store_table table)
{
	for (size_t i = 0; i < COUNTED; i++)
		if (counted[i].table == table)
			return &counted[i];
	return NULL;
}

bool
epoch_used(sqlite3 *db, enum store_table table, int64_t *out)
{
	sqlite3_stmt *st = NULL;
	bool known;

	*out = 0;
	known = sqlite3_prepare_v2(db, counted_of(table)->last, -1, &st, NULL) == SQLITE_OK &&
		sqlite3_step(st) == SQLITE_ROW;
	if (known)
		*out = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return known;
}

static int64_t
last_id(struct store *s, const struct counted *c)
{
	sqlite3_stmt *st = store_query(s, c->last, "");
	int64_t last = 0;

	if (store_step(s, st)) {
		last = sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return last;
}

static void
load(struct store *s)
{
	for (size_t i = 0; i < COUNTED; i++)
		s->floors[counted[i].table] = store_meta_get(s, counted[i].floor, 0);
	s->floors_known = !s->failed;	/* a turn that fails is run again */
}

int64_t
store_floor(struct store *s, enum store_table table)
{
	if (!s->floors_known)
		load(s);
	return s->floors[table];
}

int64_t
store_next_id(struct store *s, enum store_table table)
{
	int64_t floor = store_floor(s, table), last;

	if (!floor)
		return 0;
	last = last_id(s, counted_of(table));
	return last < floor ? floor : last + 1;
}

/* A store that could be read tells what it used; what its last moments used beyond that is spare. */
void
store_floors_raise(struct store *s, const struct epoch *e)
{
	int64_t days = e->at > e->copied_at ? (e->at - e->copied_at) / HOURS(24) + 1 : 1;

	if (days > DAYS_MAX)
		days = DAYS_MAX;
	for (size_t i = 0; i < COUNTED; i++) {
		const struct counted *c = &counted[i];
		int64_t last = last_id(s, c), floor;

		if (last < store_floor(s, c->table))
			last = store_floor(s, c->table);
		if (last < e->used[c->table])
			last = e->used[c->table];
		floor = last + 1 + c->spare + (e->unread & TABLE_BIT(c->table) ? c->spare_daily * days : 0);
		store_meta_set(s, c->floor, floor);
	}
	load(s);
}
