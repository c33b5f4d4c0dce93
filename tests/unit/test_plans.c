/* test_plans.c -- how SQLite finds the rows of the statements that run for every message, and what
 * the store refuses to open. */
#include "tests/unit/unit.h"

#include <glob.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/message_state.h"
#include "daemon/store/store.h"

static char folder[] = "/tmp/gong-plans-XXXXXX";

static void
no_variant(void *ctx, int64_t id, enum wave_kind kind, const char *code)
{
}

static void
no_seat(void *ctx, int64_t role, division_code division)
{
}

static const char *
file_in(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int
make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int
remove_folder(void **state)
{
	glob_t all;

	if (glob(file_in("*"), 0, NULL, &all) == 0)
		for (size_t i = 0; i < all.gl_pathc; i++)
			unlink(all.gl_pathv[i]);
	globfree(&all);
	return rmdir(folder);
}

static void
see_wave(void *ctx, const struct wave *w)
{
}

static void
see_due(void *ctx, uint32_t wave, msec at)
{
}

static void
see_contact(void *ctx, uint32_t contact)
{
}

static void
see_holder(void *ctx, const struct holder *h)
{
}

static void
see_alert(void *ctx, int64_t alert)
{
}

static void
see_target(void *ctx, const struct target *t)
{
}

static void
see_handing(void *ctx, const struct handing *h)
{
}

static void
see_used(void *ctx, uint64_t e164, msec at)
{
}

/* Asks everything the engine asks for a message, an answer, a step or a start. */
static void
ask_messages(struct store *s)
{
	struct message rows[4], m = { .wave = 1, .contact = 1 };
	struct wave w = { .id = 1, .expires_at = 1, .planned_at = 1 };
	struct receipt_word word = { .delivered = true };
	struct receipt_key key = { .wave = 1 };
	struct attempt_parts known;
	uint32_t contacts[4];
	enum outcome outcome;
	struct inbound in;
	int64_t ids[1];
	uint64_t e164;
	bool yes;

	for (int c = CHANNEL_SMS; c <= CHANNEL_VOICE; c++) {
		w.channel = (enum channel)c;
		store_messages_after(s, &w, rows, 4);
		store_messages_due(s, &w, 1, 1, true, rows, 4);
		store_message_get(s, 1, 1, w.channel, &m);
		store_message_sent(s, 1, 1, 1, w.channel, 1, "r", 1);
		store_number_after(s, 1, w.channel, 1);
		store_number_in_turn(s, 1, w.channel, 1);
	}
	store_wave_insert(s, &w);
	store_wave_update(s, &w, false);
	store_wave_update(s, &w, true);
	store_wave_get(s, 1, &w);
	store_waves_open(s, see_wave, NULL, NULL);
	store_waves_of(s, 1, see_wave, NULL);
	store_wave_last_contact(s, 1);
	store_message_exists(s, 1, 1);
	store_message_update(s, &m);
	store_messages_claim(s, 1, 0, 9, 9, 1, 1, 1);
	store_messages_claim(s, 1, 0, 9, 1, 1, 1, 1);
	store_message_revise(s, 1, 1, 1);
	store_messages_next_due(s, 1, false);
	store_messages_next_due(s, 1, true);
	store_messages_forget_due(s, 1, 2);
	store_waves_due(s, see_due, NULL);
	store_messages_sending(s, 0, 0, rows, 4);
	store_messages_sending_of(s, 1, 0, contacts, 4);
	for (int c = CHANNEL_SMS; c <= CHANNEL_VOICE; c++)
		store_messages_reached(s, 1, (enum channel)c, 0, 100, 10, see_contact, NULL);
	store_is_told(s, 1, 1);
	store_has_message(s, 1, 1, 3);
	store_handings(s, 1, 1, see_handing, NULL);
	store_air_time(s, 1);
	store_has_replied(s, 1, 1);
	store_called_moved_to(s, 1, 1);
	store_post_division(s, 1);
	store_has_said(s, 1, 1, ANSWER_HELP);
	store_inbound_judged(s, 1, &(struct judgement){ .meaning = "none" });
	store_inbound_waits(s, 1, 1);
	store_inbound_waiting(s, 9, &in);
	store_inbound_next(s);
	store_inbound_waits_from(s, 1, 9);
	store_variants_of(s, 1, 1, true, no_variant, NULL);
	store_seats(s, 1, no_seat, NULL);
	store_voice_messages_of(s, 1, 1);
	store_attempt_insert(s, &m, 1, OUTCOME_ACCEPTED, REJECT_NONE, 1, "r", NULL);
	store_attempt_receipt(s, 1, 1, 1, true, 1);
	store_attempt_get(s, 1, 1, 1, ids, &e164, &outcome);
	store_attempt_part(s, &m, 1, 1, 2, true);
	store_attempt_parts(s, 1, 1, 1, &known);
	store_receipt_key_put(s, 1, "r", 10000001, 1, &key);
	store_receipt_key_get(s, 1, "r", 10000000, 1, &key);
	for (int i = 0; i < 2; i++)	/* a second one for the same is an UPDATE */
		store_receipt_early_put(s, 1, "r", 1, &word, 2);
	store_receipts_early_count(s, 1);
	store_receipts_early_drop(s, 1, 1, 1);
	store_receipt_early_take(s, 1, "r", 1, 1, &yes, &word);
	free(word.part_ref);
	store_used_since(s, 1, 1, see_used, NULL);
}

static void
ask_alerts(struct store *s)
{
	unsigned char digest[32] = { 0 };
	struct alert a = { .id = 1, .body = "{}" };
	struct target t = { .id = 0 };
	int64_t ids[4];
	unsigned targets[4];
	size_t levels[LEVEL_COUNT], done;
	struct target_fall fall;
	struct catch_up caught[4];

	store_alert_by_key(s, "k", ids, digest);
	store_alert_get(s, 1, &a);
	store_alert_update(s, &a);
	store_alert_last(s);
	store_wave_last(s);
	store_alerts_due(s, 1, ids, 4);
	store_alerts_next_due(s);
	store_targets(s, 1, 3, see_target, NULL);
	store_target_by_division(s, 1, 1, &t);
	store_target_levels(s, 1, false, levels);
	store_target_levels(s, 1, true, levels);
	store_target_move(s, 1, 0, 2);
	store_targets_all(s, 1, see_target, NULL);
	store_alerts_parted(s, see_alert, NULL);
	store_replacements_held(s, 1, see_alert, NULL);
	store_called_for(s, 1, 1, see_target, NULL);
	store_was_called(s, 1, 1);
	store_target_raise(s, 1, 0, 3, 1, &(struct answer){ .contact = 1 });
	store_standing_put(s, 1, 0, 1, 3, 1);
	store_standing_nth(s, 1, 0, 1);
	store_target_fall(s, 1, 0, 1, &fall);
	store_standing_drop(s, 1, 0, 1);
	store_targets_short(s, 1, 3, see_target, NULL);
	store_targets_after(s, 1, -1, 4, see_target, NULL);
	store_target_get(s, 1, 0, &t);
	store_target_nobody(s, 1, 0, true);
	store_can_be_called(s, 1, 1, true, true);
	store_alerts_open(s, 4, see_alert, NULL);
	store_messages_uncertain(s, 1, see_contact, NULL);
	store_alerts_uncertain(s, 0, 64, see_alert, NULL);
	store_catch_up_add(s, 1, 0, 1);
	store_catch_up_first(s, 1, 0, 1);
	store_catch_up_next(s, ids, caught, 4);
	store_catch_up_taken(s, 1, 0, 1);
	store_called_targets(s, 1, 1, -1, targets, 4);
	store_called_lowest(s, 1, 1);
	store_called_alerts(s, 1, ids, 4);
	store_told_alerts(s, 1, ids, 4);
	store_told_behind(s);
	store_told_slice(s, 2000, 500, &done);
	store_told_late(s, 1, 1);
	store_has_answered(s, 1, 1);
	store_has_answered_since(s, 1, 1, 1);
	store_answered_at(s, 1, 3, see_holder, NULL);
	store_answered_cannot(s, 1, see_contact, NULL);
}

static void
see_alarm(void *ctx, const struct route_alarm *a)
{
}

/* For every `health` and `ready` of a driver. */
static void
ask_routes(struct store *s)
{
	struct route_alarm a = { .route = 1, .name = "a", .ends_at = NEVER };
	struct route_alarm_told told = { .times = 1 };
	struct route_outage outage;

	store_route_note(s, 1, "up", "{}", 1);
	store_route_keep_set(s, 1, "k");
	store_route_alarm_put(s, &a);
	store_route_alarm_get(s, 1, false, "a", &a);
	store_route_alarms(s, 1, see_alarm, NULL);
	store_route_alarm_drop(s, 1, false, "a");
	store_route_alarm_told_put(s, 1, false, "a", &told);
	store_route_alarm_told_get(s, 1, false, "a", &told);
	store_route_alarms_told_drop(s, 1, 1);
	store_route_outage_get(s, 1, &outage);
	store_route_outage_set(s, 1, &outage);
}

static void
ask_people(struct store *s)
{
	struct division_range all = { 0, 999999999999 };
	struct person p;
	uint32_t contacts[4];

	store_division_get(s, 1, NULL, NULL);
	store_holders(s, 1, all, see_holder, NULL);
	store_on_duty(s, 1, 1, 1, see_holder, NULL);
	store_person_by_ref(s, "r", &p);
	store_person_by_id(s, 1, &p);
	store_persons_by_number(s, 1, contacts, 4);
	store_has_opted_out(s, 1);
	store_opted_out(s, see_contact, NULL);
}

/* Tables that grow with every alert, and people.  Reading one from end to end is a mistake. */
static const char *const growing[] = { "message", "m", "attempt", "alert", "target", "t", "called",
	"c", "answer", "a", "event", "inbound", "wave", "w", "contact", "number", "n", "post",
	"receipt_key", "receipt_early", "reached", "told", "route", "route_alarm",
	"route_alarm_told" };

/* A part of the statement, and what its plan must say. */
static const struct { const char *sentence, *sql, *plan; } wanted[] = {
	{ "claims go on from the cursor", "m.contact > ?",
	  "SEARCH m USING PRIMARY KEY (wave=? AND contact>?)" },
	{ "one UPDATE claims a range", "attempt = attempt + 1",
	  "SEARCH message USING PRIMARY KEY (wave=? AND contact>? AND contact<?)" },
	{ "a message's number is looked up by its person", "m.contact > ?",
	  "SEARCH n USING PRIMARY KEY (contact=? AND pos>?)" },
	{ "due rows of a wave come by their index", "m.due <= ?",
	  "SEARCH m USING INDEX message_due (wave=? AND due<?)" },
	{ "the next due too", "SELECT due FROM message",
	  "USING COVERING INDEX message_due (wave=? AND due>?)" },
	{ "waves with due rows come from the partial index", "min(due)", "INDEX message_due" },
	{ "what is with drivers comes from its partial index", "(m.wave, m.contact) >",
	  "USING INDEX message_sending" },
	{ "alerts to look at come by their index", "due_at <= ?",
	  "SEARCH alert USING COVERING INDEX alert_due (due_at<?)" },
	{ "open waves come from the partial index", "state IN (0, 1) ORDER BY id",
	  "USING INDEX wave_open" },
	{ "waves that told people come from the partial index", "ORDER BY id DESC LIMIT ?) w",
	  "USING INDEX wave_told" },
	{ "older ones by a block of people", "FROM told t JOIN wave w", "SEARCH t USING PRIMARY KEY (block=?)" },
	{ "what an alert sent of itself comes without its thank-yous", "WHERE alert = ? AND kind <> 4",
	  "USING INDEX wave_of (alert=?)" },
	{ "what it told a person too", "m.attempt > 0 OR", "INDEX wave_of (alert=?)" },
	{ "what a correction told a person too", "w.kind <> 4 AND w.kind = ?3", "INDEX wave_of (alert=?)" },
	{ "the calls of a person too", "SELECT count(*) FROM wave w JOIN", "INDEX wave_of (alert=?)" },
	{ "whether a person has answered is asked by the person", "AND contact = ? AND level >= 3",
	  "SEARCH answer USING INDEX answer_of (alert=? AND contact=?)" },
	{ "since when, too", "AND contact = ? AND at >= ?",
	  "SEARCH answer USING INDEX answer_of (alert=? AND contact=?)" },
	{ "a person's requests come by the person, one after the other", "SELECT alert FROM called",
	  "SEARCH called USING PRIMARY KEY (contact=? AND alert<?)" },
	{ "holders of a role come by their place", "FROM post",
	  "SEARCH post USING PRIMARY KEY (role=? AND division>? AND division<?)" },
	{ "who has that number", "SELECT contact FROM number",
	  "SEARCH number USING COVERING INDEX number_e164 (e164=?)" },
	{ "a modem's receipt finds its message", "FROM receipt_key WHERE route = ? AND ref = ? AND e164",
	  "SEARCH receipt_key USING PRIMARY KEY (route=? AND ref=? AND e164=? AND at>?)" },
	{ "without the country, too", "e164, at FROM receipt_key",
	  "SEARCH receipt_key USING PRIMARY KEY (route=? AND ref=?)" },
	{ "the attempts that one goes on from come by their message", "FROM attempt own",
	  "SEARCH a USING PRIMARY KEY (wave=? AND contact=?)" },
	{ "the alarms of a route come by the route", "text_values FROM route_alarm WHERE route = ?",
	  "SEARCH route_alarm USING PRIMARY KEY (route=?)" },
	{ "how often one came, by its name", "FROM route_alarm_told WHERE route = ? AND own",
	  "SEARCH route_alarm_told USING PRIMARY KEY (route=? AND own=? AND name=?)" },
	{ "one that came early is found by its reference", "SELECT e164, at, delivered",
	  "SEARCH receipt_early USING PRIMARY KEY (route=? AND ref=?)" },
	{ "a newer word about it too", "UPDATE receipt_early",
	  "SEARCH receipt_early USING PRIMARY KEY (route=? AND ref=? AND e164=? AND part=? AND part_ref=?)" },
	{ "the oldest early ones of a route come by their index", "(ref, e164, part, part_ref) IN",
	  "SEARCH receipt_early USING COVERING INDEX receipt_early_at (route=? AND at<?)" },
	{ "and go by their key", "(ref, e164, part, part_ref) IN",
	  "SEARCH receipt_early USING PRIMARY KEY (route=? AND ref=? AND e164=? AND part=? AND part_ref=?)" },
};

struct findings {
	bool met[COUNT(wanted)], seen[COUNT(wanted)];
	unsigned statements;
	const char *last;
};

/* Allowed: statements of a start, or over the newest waves. */
static bool
may_scan(const char *sql)
{
	return strstr(sql, "ORDER BY id DESC LIMIT ?) w") || strstr(sql, "opt_out = 1") ||
		(strstr(sql, "SELECT e164, sent_at FROM attempt") != NULL);
}

static void
see_step(void *ctx, const char *sql, const char *step)
{
	struct findings *f = ctx;

	f->statements += sql != f->last;
	f->last = sql;
	for (size_t i = 0; i < COUNT(growing); i++) {
		char scan[64];
		size_t len = (size_t)snprintf(scan, sizeof(scan), "SCAN %s", growing[i]);

		if (strncmp(step, scan, len) == 0 && (!step[len] || step[len] == ' ') &&
		    !strstr(step, "USING") && !may_scan(sql))
			fail_msg("reads a whole table: %s\n  %s", sql, step);
	}
	for (size_t i = 0; i < COUNT(wanted); i++) {
		if (!strstr(sql, wanted[i].sql))
			continue;
		f->seen[i] = true;
		f->met[i] |= strstr(step, wanted[i].plan) != NULL;
		if (strstr(step, "TEMP B-TREE") && !strstr(sql, "DISTINCT"))
			fail_msg("%s: sorts first: %s", wanted[i].sentence, sql);
	}
}

static void
hot_statements(void **state)
{
	struct findings f = { .statements = 0 };
	struct store *s;
	struct err err;

	assert_int_equal(store_open(&s, file_in("plans"), &err), 0);
	store_begin(s);
	ask_messages(s);
	ask_alerts(s);
	ask_people(s);
	ask_routes(s);
	holds("every statement is valid", !store_failed(s), "the store failed");
	assert_int_equal(store_commit(s, &err), 0);
	store_explain(s, see_step, &f);
	for (size_t i = 0; i < COUNT(wanted); i++) {
		holds(wanted[i].sentence, f.seen[i], "no statement has \"%s\"", wanted[i].sql);
		holds(wanted[i].sentence, f.met[i], "no step is \"%s\"", wanted[i].plan);
	}
	holds("the test asks what the engine asks", f.statements > 50, "%u statements",
	      f.statements);
	store_close(s);
}

static void
expect_refused(const char *sentence, const char *path, const char *word)
{
	struct store *s = NULL;
	struct err err = { 0 };

	holds(sentence, store_open(&s, path, &err) < 0, "it was opened");
	holds(sentence, strstr(err.text, word), "the reason is \"%s\"", err.text);
	assert_null(s);
}

static void
run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
make_store(const char *path, unsigned divisions)
{
	struct store *s;
	struct err err;

	assert_int_equal(store_open(&s, path, &err), 0);
	store_begin(s);
	for (unsigned i = 0; i < divisions; i++)
		store_division_put(s, 990121000000 + i, "a village with a rather long name", NULL);
	assert_int_equal(store_commit(s, &err), 0);
	store_close(s);
}

static void
versions(void **state)
{
	struct store *s;
	struct err err;

	make_store(file_in("old"), 3);
	assert_int_equal(store_open(&s, file_in("old"), &err), 0);	/* opens again as it is */
	holds("what was written is there", store_division_get(s, 990121000001, NULL, NULL), "gone");
	store_close(s);
	make_store(file_in("new"), 0);
	run_sql(file_in("new"), "PRAGMA user_version = 99");
	expect_refused("a newer gong's file is refused", file_in("new"), "newer gong");
	run_sql(file_in("other"), "CREATE TABLE songs (title TEXT)");
	expect_refused("another program's file is refused", file_in("other"), "another program");
}

/* The copies of `name` in the folder, newest first by name; caller frees with globfree. */
static size_t
copies_of(const char *name, glob_t *found)
{
	char pattern[160];

	snprintf(pattern, sizeof(pattern), "%s.*-*-*", file_in(name));
	return glob(pattern, 0, NULL, found) == 0 ? found->gl_pathc : 0;
}

static void
expect_copy_of_version_8(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	holds("the copy is for its owner only", (st.st_mode & 07777) == 0600, "%o", st.st_mode);
	run_sql(path, "CREATE TABLE seen (n CHECK (n = 1));"
		"INSERT INTO seen SELECT user_version = 8 FROM pragma_user_version;"
		"INSERT INTO seen SELECT journal_mode = 'delete' FROM pragma_journal_mode;"
		"INSERT INTO seen SELECT count(*) FROM contact; INSERT INTO seen SELECT count(*) = 3 FROM inbound");
}

static void
heard_upgrade(void *ctx, int from, int to, const char *copy)
{
	struct stat st;

	holds("the copy is there before the first step", from == 8 && to == 10 && stat(copy, &st) == 0, "%s", copy);
	++*(int *)ctx;
}

static void
heard_busy(void *ctx)
{
}

static const char to_version_8[] =
	"DROP TABLE reached; ALTER TABLE contact DROP COLUMN lang_said;"
	"DROP TABLE outbox; DROP TABLE dlr;"
	"ALTER TABLE contact DROP COLUMN version; ALTER TABLE division DROP COLUMN version;"
	"ALTER TABLE contact DROP COLUMN opt_out_at; ALTER TABLE contact DROP COLUMN opt_out_text;"
	"DROP TABLE post_off; DROP TABLE staged; DROP TABLE staged_row; DROP TABLE tag;"
	"DROP TABLE tagged; DROP TABLE alert_tagged; DROP TABLE source; DROP TABLE signal; "
	"DROP TABLE signal_raw; DROP TABLE signal_watch; DROP TABLE signal_cover; "
	"ALTER TABLE alert DROP COLUMN holds; ALTER TABLE alert DROP COLUMN held_at; DROP TABLE lost_key; "
	"DROP TABLE source_alarm; DROP TABLE shape; PRAGMA user_version = 8";

/* A store of version 8 is one without what versions 9 and 10 have added. */
static void
of_version_8(void **state)
{
	uint64_t numbers[4] = { 8613800138001 };
	int upgrades = 0;
	struct store_news news = { heard_upgrade, heard_busy, &upgrades, false };
	glob_t copies = { 0 };
	struct store *s;
	struct err err;
	int64_t id;

	assert_int_equal(store_open(&s, file_in("eight"), &err), 0);
	store_begin(s);
	store_person_put(s, "c", "c", LANG_ZH, true, numbers, 1, 1);
	assert_true(store_inbound_put(s, 1, "i", numbers[0], "1", 5, 7, &id));
	assert_true(store_inbound_put(s, 1, "j", 8613800138002, "1", 5, 7, &id));
	assert_true(store_inbound_put(s, 1, "k", numbers[0], "TD", 5, 9, &id));
	store_inbound_judged(s, id, &(struct judgement){ .contact = 1, .meaning = "opt_out", .rule = "whole text" });
	store_opt_out(s, 1, true, 9, "TD");
	assert_int_equal(store_commit(s, &err), 0);
	store_close(s);
	run_sql(file_in("eight"), to_version_8);
	holds("it is brought to this version", store_open_heard(&s, file_in("eight"), &news, &err) == 0, "%s", err.text);
	store_close(s);
	holds("it is told once", upgrades == 1, "%d", upgrades);
	holds("there is one copy", copies_of("eight", &copies) == 1, "%zu", copies.gl_pathc);
	expect_copy_of_version_8(copies.gl_pathv[0]);
	globfree(&copies);
	run_sql(file_in("eight"), "CREATE TABLE seen (n CHECK (n = 1)); "
		"INSERT INTO seen SELECT count(*) FROM reached WHERE e164 = 8613800138001 AND good_at = 9;"
		"INSERT INTO seen SELECT count(*) FROM reached;"
		"INSERT INTO seen SELECT count(*) FROM contact WHERE opt_out_at = 9 AND opt_out_text = 'TD' "
		"AND version = 1");
}

/* What an older gong that finds it too new goes back to. */
static void
copies_for_an_older_gong(void **state)
{
	glob_t copies = { 0 };

	make_store(file_in("newer"), 0);
	run_sql(file_in("newer"), "PRAGMA user_version = 99");
	expect_refused("a newer store without a copy", file_in("newer"), "no copy that this one can read");
	make_store(file_in("newer.98-20261201-000000"), 0);
	expect_refused("a copy that is too new itself is none", file_in("newer"), "no copy that this one can read");
	make_store(file_in("newer.7-20261130-235959"), 0);
	make_store(file_in("newer.8-20261201-000000"), 0);
	expect_refused("the newest that fits is named", file_in("newer"), "newer.8-20261201-000000");
	holds("refusing takes none away", copies_of("newer", &copies) == 3, "%zu", copies.gl_pathc);
	globfree(&copies);
}

/* In statvfs's place: a disk that has nothing left. */
static bool disk_is_full;

int
statvfs(const char *path, struct statvfs *out)
{
	*out = (struct statvfs){ .f_frsize = 4096, .f_bavail = disk_is_full ? 16 : 1 << 20 };
	return 0;
}

static void
no_room_for_a_copy(void **state)
{
	struct store *s;
	struct err err;

	make_store(file_in("full"), 3);
	run_sql(file_in("full"), to_version_8);
	disk_is_full = true;
	expect_refused("without room it is not upgraded", file_in("full"), "no room to copy");
	expect_refused("and the remedy is said", file_in("full"), "free some space");
	disk_is_full = false;
	holds("with room it is", store_open(&s, file_in("full"), &err) == 0, "%s", err.text);
	store_close(s);
}

static void
old_copies_go(void **state)
{
	static const char *const olds[] = { "eight.1-20250101-000000", "eight.6-20250101-000000", "eight.6-20260101-000000",
					    "eight.7-20260101-000000", "eight.8-20260101-000000" };
	glob_t copies = { 0 };
	struct store *s;
	struct err err;

	for (size_t i = 0; i < COUNT(olds); i++)
		make_store(file_in(olds[i]), 0);
	run_sql(file_in("eight"), "DROP TABLE seen");
	run_sql(file_in("eight"), to_version_8);
	assert_int_equal(store_open(&s, file_in("eight"), &err), 0);
	store_close(s);
	holds("of three schemas, the newest of each", copies_of("eight", &copies) == 3, "%zu", copies.gl_pathc);
	holds("6", strstr(copies.gl_pathv[0], "eight.6-20260101"), "%s", copies.gl_pathv[0]);
	holds("7", strstr(copies.gl_pathv[1], "eight.7-20260101"), "%s", copies.gl_pathv[1]);
	holds("8 is the one just made", !strstr(copies.gl_pathv[2], "-20260101"), "%s", copies.gl_pathv[2]);
	globfree(&copies);
}

/* Damage of a table that opens all the same: as it is, but no copy of it is sound. */
static void
damaged_is_not_upgraded(void **state)
{
	glob_t copies = { 0 };
	struct stat st;
	FILE *f;

	make_store(file_in("torn"), 2000);
	run_sql(file_in("torn"), to_version_8);
	assert_int_equal(stat(file_in("torn"), &st), 0);
	run_sql(file_in("torn"), "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(stat(file_in("torn"), &st), 0);
	f = fopen(file_in("torn"), "r+");
	assert_non_null(f);
	fseek(f, st.st_size / 2 / 4096 * 4096, SEEK_SET);
	for (int i = 0; i < 4096; i++)
		fputc(i * 31 + 7, f);
	fclose(f);
	expect_refused("a damaged store is not upgraded", file_in("torn"), "is not brought to a newer schema");
	holds("no copy of it is left", copies_of("torn", &copies) == 0, "%zu", copies.gl_pathc);
	holds("nor half of one", stat(file_in("torn.new"), &st) < 0, "it is there");
	run_sql(file_in("torn"), "CREATE TABLE seen (n CHECK (n = 8)); "
		"INSERT INTO seen SELECT user_version FROM pragma_user_version");
}

static void
damage(void **state)
{
	char noise[8192], path[128];
	struct store *s;
	struct err err;
	struct stat st;
	FILE *f;

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 31 + 7);
	snprintf(path, sizeof(path), "%s", file_in("noise"));
	f = fopen(path, "w");
	assert_non_null(f);
	fwrite(noise, 1, sizeof(noise), f);
	fclose(f);
	expect_refused("a file of noise is refused", path, "gongd --restore FILE");

	snprintf(path, sizeof(path), "%s", file_in("hole"));
	make_store(path, 2000);
	assert_int_equal(stat(path, &st), 0);
	f = fopen(path, "r+");
	assert_non_null(f);
	fseek(f, st.st_size - 3 * 4096, SEEK_SET);	/* the divisions' last pages */
	fwrite(noise, 1, sizeof(noise), f);
	fclose(f);
	assert_int_equal(store_open(&s, path, &err), 0);
	holds("a damaged list is known from the start", store_damaged(s) == TABLE_BIT(TABLE_DIVISION),
	      "%lx", store_damaged(s));
	store_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hot_statements),
		cmocka_unit_test(versions),
		cmocka_unit_test(of_version_8),
		cmocka_unit_test(no_room_for_a_copy),
		cmocka_unit_test(old_copies_go),
		cmocka_unit_test(copies_for_an_older_gong),
		cmocka_unit_test(damaged_is_not_upgraded),
		cmocka_unit_test(damage),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
