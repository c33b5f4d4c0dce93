/* test_epoch.c -- a store that is put back: nothing of it leaves of itself, no id is given twice. */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "core/message_state.h"
#include "daemon/store/epoch.h"

#define THEN HOURS(1000)		/* when the copy was made */
#define NOW (THEN + HOURS(30))

static char folder[] = "/tmp/gong-epoch-XXXXXX";
static struct store *store;
static struct epoch_done done;

static char *
file(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/gong.db", folder);
	return path;
}

/* What a query says, as text. */
static char *
ask(const char *sql)
{
	static char answer[200];
	sqlite3_stmt *st = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(file(), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	snprintf(answer, sizeof(answer), "%s", sqlite3_step(st) == SQLITE_ROW && sqlite3_column_text(st, 0)
		 ? (const char *)sqlite3_column_text(st, 0) : "nothing");
	sqlite3_finalize(st);
	sqlite3_close(db);
	return answer;
}

static void
expect(const char *sentence, const char *sql, const char *want)
{
	const char *got = ask(sql);

	holds(sentence, strcmp(got, want) == 0, "%s, not %s", got, want);
}

static void
begin(void)
{
	struct err err = { .text = "" };

	holds("it opens", store_open(&store, file(), &err) == 0, "%s", err.text);
	store_begin(store);
}

static void
end(void)
{
	struct err err = { .text = "" };

	holds("it is written", store_commit(store, &err) == 0, "%s", err.text);
	store_close(store);
}

static void
put_alert(int64_t id, enum alert_state state)
{
	unsigned char digest[32] = { 0 };
	struct alert a = { .id = id, .state = state, .accepted_at = 1, .released_at = 1,
			   .expires_at = NOW + HOURS(5), .deadline_at = NEVER, .due_at = THEN + 5,
			   .closed_at = alert_is_open(state) ? NEVER : 2, .body = "{}" };
	char key[16];

	snprintf(key, sizeof(key), "c/%lld", (long long)id);
	snprintf(a.code, sizeof(a.code), "A%lld", (long long)id);
	store_alert_insert(store, &a, key, digest, "c");
}

/* Contacts 1, 2 …, one in each of these states. */
static void
put_wave(uint32_t id, int64_t alert, enum wave_state state, const enum message_state *states, size_t count)
{
	struct wave w = { .id = id, .alert = alert, .state = state, .total = count };

	store_wave_insert(store, &w);
	for (size_t i = 0; i < count; i++) {
		struct message m;

		store_message_insert(store, id, (uint32_t)i + 1, 1, 0, THEN);
		if (states[i] == MESSAGE_QUEUED)
			continue;
		w.count[states[i]]++;
		assert_true(store_message_get(store, id, (uint32_t)i + 1, CHANNEL_SMS, &m));
		m.state = states[i];
		m.attempt = 1;
		m.at = THEN - 7;
		store_message_update(store, &m);
	}
	store_wave_update(store, &w, false);
}

static int
make(void **state)
{
	static const enum message_state going[] = { MESSAGE_QUEUED, MESSAGE_SENDING, MESSAGE_SENT };
	static const enum message_state late[] = { MESSAGE_QUEUED, MESSAGE_SENDING };
	uint64_t numbers[4] = { 8613800138001 };
	struct epoch epoch = { .at = NOW, .copied_at = THEN, .lost_alerts = true };

	if (!mkdtemp(folder))
		return -1;
	begin();
	store_person_put(store, "p", "p", LANG_ZH, true, numbers, 1, 1);
	put_alert(1, ALERT_ACTIVE);
	put_alert(2, ALERT_EXHAUSTED);
	put_alert(3, ALERT_SATISFIED);
	put_wave(1, 1, WAVE_OPEN, going, COUNT(going));
	put_wave(2, 1, WAVE_PLANNING, going, 1);
	put_wave(3, 3, WAVE_PLANNING, going, 1);
	put_wave(4, 3, WAVE_WITHDRAWN, late, COUNT(late));
	store_event(store, 1, 5, "accepted", NULL);
	end();
	begin();
	epoch.used[TABLE_ALERT] = 40;
	epoch.used[TABLE_EVENT] = 5000;
	epoch.unread = TABLE_BIT(TABLE_WAVE);
	store_epoch_begin(store, &epoch, &done);
	end();
	return 0;
}

static int
clear(void **state)
{
	return unit_remove(folder);
}

static void
holds_alerts(void **state)
{
	struct alert a;

	holds("all that are open", done.alerts == 2, "%lu", done.alerts);
	begin();
	assert_true(store_alert_get(store, 1, &a));
	holds("they are held", a.holds == ALERT_HOLD_RESTORED && a.held_at == THEN, "%u", a.holds);
	holds("and looked at when they expire", a.due_at == a.expires_at, "%lld", (long long)a.due_at);
	holds("the state is what it was", a.state == ALERT_ACTIVE, "%d", (int)a.state);
	assert_true(store_alert_get(store, 3, &a));
	holds("what is over is not held", a.holds == 0, "%u", a.holds);
	holds("that alerts were lost is kept", store_epoch_lost_alerts(store), "not");
	end();
	expect("a task each", "SELECT group_concat(alert) FROM task WHERE kind = 'restored' AND closed_at IS NULL", "1,2");
	expect("a line of the story each", "SELECT group_concat(alert) FROM event WHERE what = 'restored'", "1,2");
}

static void
sends_nothing_again(void **state)
{
	holds("all that was queued or sending, of waves that were not over", done.messages == 5, "%lu", done.messages);
	expect("none is queued, but where the wave was withdrawn", "SELECT group_concat(wave) FROM message WHERE state = 0", "4");
	expect("none is with a route", "SELECT count(*) FROM message WHERE state = 1", "0");
	expect("none is due", "SELECT count(*) FROM message WHERE due IS NOT NULL AND wave <> 4 AND state <> 2", "0");
	expect("what is known stays", "SELECT count(*) FROM message WHERE state = 2", "1");
	expect("each has an attempt of which nobody knows the end", "SELECT group_concat(wave || ':' || contact || ':' || n)"
	       " FROM (SELECT * FROM attempt WHERE outcome = 3 ORDER BY wave, contact)", "1:1:1,1:2:1,2:1:1,3:1:1,4:2:1");
	expect("to the number it would go to", "SELECT e164 FROM attempt WHERE wave = 1 AND contact = 1", "8613800138001");
	expect("the waves' books agree", "SELECT group_concat(uncertain || '/' || sending || '/' || state) FROM "
	       "(SELECT * FROM wave ORDER BY id)", "2/0/2,1/0/0,1/0/3,1/0/3");
}

static void
gives_no_id_twice(void **state)
{
	char first[24];

	begin();
	holds("alerts begin above both stores", store_alert_last(store) >= 140, "%lld", (long long)store_alert_last(store));
	holds("of what could not be read, further above", store_wave_last(store) >= 4 + 1000 + 2 * 5000, "%u",
	      store_wave_last(store));
	store_event(store, 1, 5, "answer", NULL);
	end();
	expect("each event, too", "SELECT min(id) > 15000 AND count(*) = 3 FROM event WHERE id > 1", "1");
	begin();
	store_event(store, 1, 5, "answer", NULL);
	end();
	snprintf(first, sizeof(first), "%s", ask("SELECT min(id) FROM event WHERE id > 1"));
	expect("and they go on by one", "SELECT max(id) - 3 FROM event", first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_alerts), cmocka_unit_test(sends_nothing_again),
		cmocka_unit_test(gives_no_id_twice),
	};

	return cmocka_run_group_tests(tests, make, clear);
}
