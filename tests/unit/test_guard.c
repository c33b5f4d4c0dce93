/* test_guard.c -- the store's guard: what stands in a statement, what is remembered of damage, and
 * what a later start makes of the files it finds. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/check.h"
#include "daemon/store/guard.h"
#include "daemon/store/store.h"

static char folder[] = "/tmp/gong-guard-XXXXXX", path[64];

static int
make_folder(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/gong.db", folder);
	return 0;
}

static const char *
beside(const char *suffix)
{
	static char name[96];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return name;
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int
clean(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-damage", "-open", ".old" };

	for (size_t i = 0; i < COUNT(suffixes); i++)
		unlink(beside(suffixes[i]));
	return 0;
}

static int
remove_folder(void **state)
{
	clean(state);
	return rmdir(folder);
}

static struct guard *
opened(void)
{
	struct err err = { .text = "" };
	struct guard *g;

	holds("the guard opens", guard_open(&g, path, &err) == 0, "%s", err.text);
	return g;
}

/* Another file of that name, and surely another inode. */
static void
restore_another(void)
{
	char old[96];

	snprintf(old, sizeof(old), "%s", beside(".old"));
	assert_int_equal(rename(path, old), 0);
	write_file(path, "");
}

static void
tables(void **state)
{
	static const struct {
		const char *sentence, *sql;
		table_set want;
	} cases[] = {
		{ "one table", "SELECT name FROM contact WHERE id = ?", TABLE_BIT(TABLE_CONTACT) },
		{ "two, one of them under another name",
		  "SELECT 1 FROM wave w JOIN message m ON m.wave = w.id",
		  TABLE_BIT(TABLE_WAVE) | TABLE_BIT(TABLE_MESSAGE) },
		{ "a longer word is another", "SELECT 1 FROM alert_document", TABLE_BIT(TABLE_ALERT_DOCUMENT) },
		{ "none", "BEGIN IMMEDIATE", 0 },
		{ "a column of a table's name is none", "SELECT contact, wave FROM number WHERE contact = ?",
		  TABLE_BIT(TABLE_NUMBER) },
		{ "written to", "INSERT OR IGNORE INTO attempt (wave, contact) SELECT m.wave FROM message m",
		  TABLE_BIT(TABLE_ATTEMPT) | TABLE_BIT(TABLE_MESSAGE) },
		{ "an upsert", "INSERT INTO division VALUES (?) ON CONFLICT (code) DO UPDATE SET name = 1",
		  TABLE_BIT(TABLE_DIVISION) },
	};
	char text[64];

	for (size_t i = 0; i < COUNT(cases); i++)
		holds(cases[i].sentence, store_tables_in(cases[i].sql) == cases[i].want, "%lx",
		      store_tables_in(cases[i].sql));
	store_tables_format(text, sizeof(text), TABLE_BIT(TABLE_NUMBER) | TABLE_BIT(TABLE_POST));
	assert_string_equal(text, "number, post");
	store_tables_format(text, 6, ~0u);
	holds("a short place cuts", strlen(text) == 5, "%s", text);
}

static void
is_remembered(void **state)
{
	struct guard *g = opened();
	struct said said;
	char text[600];

	assert_int_equal(guard_damaged(g), 0);
	assert_true(guard_damage(g, TABLE_BIT(TABLE_POST), "malformed\npage 7"));
	holds("twice is not news", !guard_damage(g, TABLE_BIT(TABLE_POST), "again"), "it was");
	guard_files_will_close(g);
	guard_close(g);
	g = opened();
	holds("a restart does not forget", guard_damaged(g) == TABLE_BIT(TABLE_POST), "%lx",
	      guard_damaged(g));
	guard_damage_said(g, &said);
	said_render(&said, LANG_EN, text, sizeof(text));
	assert_non_null(strstr(text, "post"));
	assert_non_null(strstr(text, "restore the last backup"));
	guard_files_will_close(g);
	guard_close(g);
	restore_another();
	g = opened();
	holds("a restored file is another one", guard_damaged(g) == 0 && guard_was_restored(g), "%lx",
	      guard_damaged(g));
	guard_close(g);
}

static void
a_note_by_another_hand(void **state)
{
	struct guard *g;

	write_file(beside("-damage"), "# a person wrote this\n\ntable nonsense x\ntable post torn\n"
		   "table\nfile x y\ntable number");
	g = opened();
	holds("what can be read of it stands",
	      guard_damaged(g) == (TABLE_BIT(TABLE_POST) | TABLE_BIT(TABLE_NUMBER)), "%lx",
	      guard_damaged(g));
	guard_close(g);
}

static void
logs(void **state)
{
	struct err err = { .text = "" };
	struct guard *g = opened();

	guard_close(g);				/* a kill before there is a log */
	g = opened();
	holds("a start that was cut short is no damage", !guard_damaged(g), "%lx", guard_damaged(g));
	write_file(beside("-wal"), "log");
	guard_files_are_open(g);
	guard_close(g);				/* a kill */
	g = opened();
	holds("a kill that leaves the log is no damage", !guard_damaged(g), "%lx", guard_damaged(g));
	guard_close(g);
	restore_another();
	holds("a log of another file is refused", guard_open(&g, path, &err) < 0, "it was opened");
	assert_non_null(strstr(err.text, "was written for another"));
	unlink(beside("-wal"));
	g = opened();
	holds("without it the file is used", !guard_damaged(g), "%lx", guard_damaged(g));
	write_file(beside("-wal"), "log");
	guard_files_are_open(g);
	guard_close(g);				/* a kill */
	unlink(beside("-wal"));
	g = opened();
	holds("a log that has gone is damage", guard_damaged(g) == TABLE_BIT(TABLE_LOG), "%lx",
	      guard_damaged(g));
	guard_close(g);
}

static void
files(void **state)
{
	struct said why = { 0 };
	struct guard *g;
	struct err err = { .text = "" };
	struct guard *second;

	write_file(beside("-wal"), "log");
	g = opened();
	guard_files_are_open(g);
	holds("all is there", guard_look(g, &why), "%s", said_value(&why, 0));
	holds("a second one is refused", guard_open(&second, path, &err) < 0, "it was opened");
	assert_non_null(strstr(err.text, "another gongd"));
	unlink(beside("-wal"));
	holds("its log has gone", !guard_look(g, &why), "not seen");
	assert_int_equal(why.phrase, PHRASE_store_removed);
	assert_non_null(strstr(said_value(&why, 0), "-wal"));
	restore_another();
	holds("another file", !guard_look(g, &why), "not seen");
	assert_int_equal(why.phrase, PHRASE_store_replaced);
	guard_close(g);
}

static void
count_damaged(void *ctx, enum store_table table, const char *why)
{
	fprintf(stderr, "table %d: %s\n", (int)table, why);
	++*(int *)ctx;
}

/* A row in every table whose check is peculiar: those without rowid. */
static void
a_sound_store(void **state)
{
	struct wave w = { .id = 1, .alert = 1, .expires_at = 1, .planned_at = 1 };
	struct message m = { .wave = 1, .contact = 1, .attempt = 1, .e164 = 1 };
	struct err err = { .text = "" };
	uint64_t numbers[4] = { 1 };
	table_set unread = 0;
	struct store *s;
	int damaged = 0;

	holds("the store opens", store_open(&s, path, &err) == 0, "%s", err.text);
	store_begin(s);
	store_person_put(s, "p", "p", LANG_ZH, true, numbers, 1, 1);
	store_post_put(s, 1, 990121, 1, 1, LANG_ZH);
	store_roster_put(s, 1, 990121, 1767196800000, 1798646400000, 1);
	store_roster_put(s, 1, 990121, 1767196800001, 1798646400000, 1);
	store_target_insert(s, 1, &(struct target){ .id = 1, .contact = 1 });
	store_called_put(s, 1, 1, 1, 0);
	store_wave_insert(s, &w);
	store_message_insert(s, 1, 1, 1, 0, NEVER);
	store_attempt_insert(s, &m, 1, OUTCOME_ACCEPTED, REJECT_NONE, 1, "r", NULL);
	store_receipt_key_put(s, 1, "r", m.e164, m.at,
			      &(struct receipt_key){ .wave = m.wave, .contact = m.contact });
	store_route_alarm_put(s, &(struct route_alarm){ .route = 1, .name = "n",
							.since = 1 });
	store_meta_set(s, "m", 1);
	assert_int_equal(store_commit(s, &err), 0);
	assert_int_equal(store_check(path, TABLES_ALL, &unread, NULL, count_damaged, &damaged, &err),
			 0);
	assert_int_equal(damaged, 0);
	assert_int_equal(unread, 0);
	store_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(tables, clean),
		cmocka_unit_test_teardown(is_remembered, clean),
		cmocka_unit_test_teardown(a_note_by_another_hand, clean),
		cmocka_unit_test_teardown(logs, clean),
		cmocka_unit_test_teardown(files, clean),
		cmocka_unit_test_teardown(a_sound_store, clean),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
