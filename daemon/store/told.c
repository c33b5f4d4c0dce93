/* told.c -- in which alerts somebody was told something without being called: found by an index of
 * blocks of contacts that is written afterwards, and among the latest waves one by one. */
#include "daemon/store/internal.h"

#define LATEST 2000			/* waves that are looked through one by one, at most */

/* What the index holds: all waves before `wave`, and of that one the contacts up to `contact`. */
static void
place(struct store *s, int64_t *wave, int64_t *contact)
{
	*wave = store_meta_get(s, "told_wave", 0);
	*contact = store_meta_get(s, "told_contact", 0);
}

size_t
store_told_behind(struct store *s)
{
	int64_t wave, contact;
	sqlite3_stmt *st;
	size_t count = 0;

	place(s, &wave, &contact);
	st = store_query(s, "SELECT count(*) FROM wave WHERE kind BETWEEN 1 AND 3 AND id >= ?", "i",
			 wave);
	if (store_step(s, st)) {
		count = (size_t)sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return count;
}

struct told_next {
	int64_t wave;			/* the last that fits into a slice whole; 0 = none */
	int64_t large;			/* the first one, if it does not fit; 0 = it does */
	size_t waves;
};

/* Waves from `wave` on whose rows are `rows` at most together.  One that is still being planned
 * ends them: it will have rows before its last. */
static struct told_next
next_waves(struct store *s, int64_t wave, size_t rows, size_t waves)
{
	sqlite3_stmt *st = store_query(s, "SELECT id, total, state FROM wave WHERE kind BETWEEN 1 AND 3 "
				       "AND id >= ? ORDER BY id LIMIT ?", "ii", wave, (int64_t)waves);
	struct told_next next = { 0 };
	size_t sum = 0;

	while (store_step(s, st)) {
		sum += (size_t)sqlite3_column_int64(st, 1);
		if (sqlite3_column_int(st, 2) == WAVE_PLANNING || (sum > rows && next.waves)) {
			store_done(st);
			break;
		}
		if (sum > rows) {
			next.large = sqlite3_column_int64(st, 0);
			store_done(st);
			break;
		}
		next.wave = sqlite3_column_int64(st, 0);
		next.waves++;
	}
	return next;
}

/* The last contact of the next `rows` after `contact`; 0: they are fewer, to the wave's end. */
static int64_t
last_contact(struct store *s, int64_t wave, int64_t contact, size_t rows)
{
	sqlite3_stmt *st = store_query(s, "SELECT contact FROM message WHERE wave = ? AND contact > ? "
				       "ORDER BY contact LIMIT 1 OFFSET ?", "iii", wave, contact,
				       (int64_t)rows - 1);
	int64_t last = 0;

	if (store_step(s, st)) {
		last = sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return last;
}

#define BLOCKS "SELECT m.contact / 32, m.wave, sum(1 << (m.contact & 31)) FROM message m "
#define MERGE "GROUP BY 1, 2 ON CONFLICT (block, wave) DO UPDATE SET who = who | excluded.who"

bool
store_told_slice(struct store *s, size_t rows, size_t waves, size_t *done)
{
	struct told_next next;
	int64_t wave, contact, last;

	place(s, &wave, &contact);
	next = next_waves(s, wave, rows, waves);
	if (next.large) {
		if (next.large != wave)
			contact = 0;
		last = last_contact(s, next.large, contact, rows);
		store_run(s, "INSERT INTO told " BLOCKS "WHERE m.wave = ?1 AND m.contact > ?2 "
			  "AND (m.contact <= ?3 OR ?3 = 0) " MERGE, "iii", next.large, contact, last);
		store_meta_set(s, "told_wave", next.large + !last);
		store_meta_set(s, "told_contact", last);
		*done = !last;
		return true;
	}
	if (!next.waves)
		return false;
	store_run(s, "INSERT INTO told " BLOCKS "JOIN wave w ON w.id = m.wave WHERE w.id >= ?1 "
		  "AND w.id <= ?2 AND w.kind BETWEEN 1 AND 3 " MERGE, "ii", wave, next.wave);
	store_meta_set(s, "told_wave", next.wave + 1);
	store_meta_set(s, "told_contact", 0);
	*done = next.waves;
	return true;
}

void
store_told_late(struct store *s, uint32_t wave, uint32_t contact)
{
	int64_t upto, in;

	place(s, &upto, &in);
	if (wave < upto || (wave == upto && contact <= in))
		store_run(s, "INSERT INTO told VALUES (?, ?, ?) ON CONFLICT (block, wave) DO UPDATE SET "
			  "who = who | excluded.who", "iii", (int64_t)(contact / 32), (int64_t)wave,
			  (int64_t)1 << (contact & 31));
}

static size_t
add(struct store *s, sqlite3_stmt *st, int64_t *out, size_t count, size_t max)
{
	while (store_step(s, st)) {
		int64_t alert = sqlite3_column_int64(st, 0);
		size_t i = 0;

		while (i < count && out[i] != alert)
			i++;
		if (i == count && count < max)
			out[count++] = alert;
	}
	return count;
}

size_t
store_told_alerts(struct store *s, uint32_t contact, int64_t *out, size_t max)
{
	int64_t wave, in;
	size_t count;

	place(s, &wave, &in);
	count = add(s, store_query(s, "SELECT DISTINCT w.alert FROM (SELECT id, alert FROM wave "
		"WHERE kind BETWEEN 1 AND 3 AND id >= ? ORDER BY id DESC LIMIT ?) w JOIN message m "
		"ON m.wave = w.id AND m.contact = ? LIMIT ?", "iiii", wave, (int64_t)LATEST,
		(int64_t)contact, (int64_t)max), out, 0, max);
	if (count == max)
		return count;
	return add(s, store_query(s, "SELECT w.alert FROM told t JOIN wave w ON w.id = t.wave "
		"WHERE t.block = ? AND (t.who >> ?) & 1 ORDER BY t.wave DESC LIMIT ?", "iii",
		(int64_t)(contact / 32), (int64_t)(contact & 31), (int64_t)(4 * max)), out, count, max);
}
