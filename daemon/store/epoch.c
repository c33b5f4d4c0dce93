/* epoch.c -- a store that is put back begins an epoch of its own. */
#include "daemon/store/epoch.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/buf.h"
#include "daemon/store/internal.h"

#define URGENCY 80			/* of a task: behind calls for help */

/* -- messages -- */

struct held_wave {
	int64_t id;
	bool planning, over;		/* over: its alert is */
	bool voice, queued;		/* queued: those of its rows that are, would still leave */
};

struct held_waves {
	struct held_wave *list;
	size_t count, cap;
};

static void
find_waves(struct store *s, struct held_waves *w)
{
	sqlite3_stmt *st = store_query(s, "SELECT w.id, w.state, w.channel, a.closed_at FROM wave w LEFT JOIN "
				       "alert a ON a.id = w.alert WHERE w.state IN (0, 1) OR w.sending > 0", "");

	while (store_step(s, st)) {
		int state = sqlite3_column_int(st, 1);

		if (w->count == w->cap) {
			w->cap = w->cap ? w->cap * 2 : 64;
			w->list = xrealloc(w->list, w->cap * sizeof(*w->list));
		}
		w->list[w->count++] = (struct held_wave){
			.id = sqlite3_column_int64(st, 0), .planning = state == WAVE_PLANNING,
			.over = sqlite3_column_type(st, 3) != SQLITE_NULL, .queued = state <= WAVE_OPEN,
			.voice = sqlite3_column_int(st, 2) == CHANNEL_VOICE,
		};
	}
}

/* What was queued then has left since, for all that is known: as the next attempt, by which a route's
 * later word about it finds it. */
#define DOUBT(usable) "INSERT INTO attempt (wave, contact, n, route, e164, sent_at, ended_at, outcome, class, " \
	"parts, reason, reason_said) SELECT m.wave, m.contact, m.attempt + (m.state = 0), m.route, " \
	"coalesce((SELECT e164 FROM number n WHERE n.contact = m.contact AND n.pos >= m.number AND n." usable \
	" ORDER BY pos LIMIT 1), 0), CASE m.state WHEN 0 THEN ?2 ELSE m.at END, ?3, 3, 0, 0, ?4, ?5 " \
	"FROM message m WHERE m.wave = ?1 AND (m.state = 1 OR (m.state = 0 AND ?6)) " \
	"ON CONFLICT (wave, contact, n) DO UPDATE SET outcome = excluded.outcome, " \
	"ended_at = excluded.ended_at, reason = excluded.reason, reason_said = excluded.reason_said " \
	"WHERE attempt.outcome = 0"

static unsigned long
hold_wave(struct store *s, const struct held_wave *w, const struct epoch *e)
{
	const char *reason = WORD(restored_in_doubt);
	int rows;

	if (w->voice)
		store_run(s, DOUBT("voice"), "iiitti", w->id, e->copied_at, e->at, ENGLISH(reason), reason,
			  (int64_t)w->queued);
	else
		store_run(s, DOUBT("sms"), "iiitti", w->id, e->copied_at, e->at, ENGLISH(reason), reason,
			  (int64_t)w->queued);
	rows = store_run(s, "UPDATE message SET attempt = attempt + (state = 0), "
			 "at = CASE state WHEN 0 THEN ?2 ELSE at END, state = 7, due = NULL "
			 "WHERE wave = ?1 AND (state = 1 OR (state = 0 AND ?3))", "iii", w->id, e->copied_at,
			 (int64_t)w->queued);
	/* A list that is still being written goes on with its alert, when that is resumed. */
	store_run(s, "UPDATE wave SET sending = 0, uncertain = uncertain + ?2, state = ?3 WHERE id = ?1 "
		  "AND state IN (0, 1)", "iii", w->id, (int64_t)(rows > 0 ? rows : 0),
		  (int64_t)(!w->planning ? WAVE_FINISHED : w->over ? WAVE_WITHDRAWN : WAVE_PLANNING));
	if (!w->queued)
		store_run(s, "UPDATE wave SET sending = 0, uncertain = uncertain + ?2 WHERE id = ?1", "ii", w->id,
			  (int64_t)(rows > 0 ? rows : 0));
	return rows > 0 ? (unsigned long)rows : 0;
}

/* -- alerts -- */

struct open_alert {
	int64_t id, uncertain;
	char code[16];
};

static size_t
find_open(struct store *s, struct open_alert **out)
{
	sqlite3_stmt *st = store_query(s, "SELECT a.id, a.code, coalesce((SELECT sum(w.uncertain) FROM wave w "
				       "WHERE w.alert = a.id), 0) FROM alert a WHERE a.closed_at IS NULL "
				       "ORDER BY a.id", "");
	size_t count = 0, cap = 0;

	while (store_step(s, st)) {
		if (count == cap) {
			cap = cap ? cap * 2 : 16;
			*out = xrealloc(*out, cap * sizeof(**out));
		}
		(*out)[count] = (struct open_alert){ .id = sqlite3_column_int64(st, 0),
						     .uncertain = sqlite3_column_int64(st, 2) };
		snprintf((*out)[count++].code, sizeof((*out)->code), "%s",
			 (const char *)sqlite3_column_text(st, 1));
	}
	return count;
}

static void
hold_alert(struct store *s, const struct open_alert *a, const struct epoch *e)
{
	struct growing g = { .alert = a->id, .kind = "restored", .urgency = URGENCY,
			     .count = (unsigned long)a->uncertain };
	struct buf detail = { 0 };

	store_run(s, "UPDATE alert SET holds = holds | ?2, held_at = coalesce(held_at, ?3), due_at = expires_at "
		  "WHERE id = ?1", "iii", a->id, (int64_t)ALERT_HOLD_RESTORED, e->copied_at);
	buf_printf(&detail, "{\"copied_at\":%lld,\"uncertain\":%lld}", (long long)e->copied_at,
		   (long long)a->uncertain);
	store_event(s, a->id, e->at, "restored", detail.data);
	buf_fini(&detail);
	if (store_task_find(s, a->id, 0, 0, "restored", NULL))
		return;			/* it was held before, and nobody has resumed it */
	SAY(&g.said, task_restored, a->code, NUM(a->uncertain));
	store_task_new(s, &g, e->at);
}

void
store_epoch_begin(struct store *s, const struct epoch *e, struct epoch_done *done)
{
	struct held_waves waves = { 0 };
	struct open_alert *open = NULL;
	struct stored_said said;
	struct said why;
	int rows;

	*done = (struct epoch_done){ 0 };
	store_floors_raise(s, e);
	find_waves(s, &waves);
	for (size_t i = 0; i < waves.count; i++)
		done->messages += hold_wave(s, &waves.list[i], e);
	free(waves.list);
	done->alerts = find_open(s, &open);
	for (size_t i = 0; i < done->alerts; i++)
		hold_alert(s, &open[i], e);
	free(open);
	SAY(&why, signal_restored);
	store_said(&why, &said);
	rows = store_run(s, "UPDATE signal SET state = 3, due_at = NULL, reason = ?, reason_phrase = ?, "
			 "reason_values = ? WHERE due_at IS NOT NULL AND state = 0", "ttt", said.text,
			 said.phrase, said.values);
	done->signals = rows > 0 ? (unsigned long)rows : 0;
	free(said.values);
	store_meta_set(s, "epoch", store_meta_get(s, "epoch", 0) + 1);
	if (e->lost_alerts)
		store_meta_set(s, "epoch_lost_alerts", 1);
}

bool
store_epoch_lost_alerts(struct store *s)
{
	return store_meta_get(s, "epoch_lost_alerts", 0) != 0;
}

bool
store_key_lost(struct store *s, const char *key, char code[16])
{
	sqlite3_stmt *st;

	if (!store_floor(s, TABLE_ALERT))
		return false;		/* it was never put back */
	st = store_query(s, "SELECT code FROM lost_key WHERE key = ?", "t", key);
	if (!store_step(s, st))
		return false;
	snprintf(code, 16, "%s", (const char *)sqlite3_column_text(st, 0));
	store_done(st);
	return true;
}
