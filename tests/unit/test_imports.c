/* test_imports.c -- the preview of an import is applied: whatever dies after whichever commit, what comes
 * out is the same; additions come before removals; what somebody changed meanwhile stays. */
#include "tests/unit/site.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "daemon/engine/engine.h"
#include "daemon/intake/intake.h"

#define NOW 1900000000000
#define PEOPLE 2300			/* several slices of each kind */
#define TURNS 400

static int
make_folder(void **state)
{
	return site_open("imports", "999", "");
}

static const struct principal me = { PRINCIPAL_USER, 0, "unit" }, other = { PRINCIPAL_USER, 0, "other" };

struct site {
	struct store *store;
	struct engine *engine;
	msec now;
	char *answer;			/* of the command asked last; NULL: it was refused, or waits */
	enum err_kind refused;
	char why[64];			/* the phrase of a refusal */
	bool busy;			/* the engine wants to be asked again at once */
};

static void
begin(struct site *s)
{
	struct err err = { .text = "" };

	holds("the store opens", store_open(&s->store, store_path, &err) == 0, "%s", err.text);
	holds("the engine opens", engine_open(&s->engine, s->store, settings, s->now, &err) == 0, "%s", err.text);
	s->busy = true;
}

/* As after kill -9: what was committed is there. */
static void
end(struct site *s)
{
	engine_close(s->engine);
	store_close(s->store);
	free(s->answer);
	s->answer = NULL;
}

static void
turn(struct site *s, struct command *cmd)
{
	struct command_list urgent = { 0 }, bulk = { 0 };
	struct effect_list out = { 0 };
	struct err err = { .text = "" };
	struct effect *f;
	msec wake_at;

	if (cmd)
		command_push(&bulk, cmd);
	holds("the turn is committed", engine_turn(s->engine, &urgent, &bulk, s->now, &out, &wake_at, &err) == 0,
	      "%s", err.text);
	assert_null(bulk.first);
	while ((f = effect_pop(&out))) {
		if (f->kind == EFFECT_REPLY) {
			free(s->answer);
			s->answer = f->reply.json ? strdup(f->reply.json) : NULL;
			if (f->reply.refusal) {
				s->refused = f->reply.refusal->kind;
				snprintf(s->why, sizeof(s->why), "%s", phrase_name(f->reply.refusal->said.phrase));
			}
		}
		effect_free(f);
	}
	s->busy = wake_at <= s->now;
}

static void
rest(struct site *s)
{
	for (int i = 0; s->busy && i < TURNS; i++)
		turn(s, NULL);
	holds("it comes to rest", !s->busy, "still busy");
}

static void
ask(struct site *s, struct command *cmd, const struct principal *by)
{
	cmd->by = *by;
	cmd->reply_to = 1;
	free(s->answer);
	s->answer = NULL;
	s->why[0] = '\0';
	turn(s, cmd);
}

static struct command *
file(enum import_kind kind, const char *text, bool preview, division_code within)
{
	struct csv_intake *c = csv_intake_new(kind, settings);
	struct command *cmd = command_new(CMD_IMPORT, -1);

	csv_intake_feed(c, text, strlen(text));
	holds("the file is read", csv_intake_finish(c, &cmd->import) == 0, "it is not");
	csv_intake_free(c);
	cmd->import->preview = preview;
	cmd->import->within = within;
	return cmd;
}

static struct command *
about_import(enum command_kind kind, int64_t id, bool replace, bool yes)
{
	struct command *cmd = command_new(kind, -1);

	cmd->staged.import = id;
	cmd->staged.replace = replace;
	cmd->staged.yes = yes;
	return cmd;
}

static int64_t
look_up(const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t value = -1;

	assert_int_equal(sqlite3_open(store_path, &db), SQLITE_OK);
	holds(sql, sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
	if (sqlite3_step(st) == SQLITE_ROW)
		value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return value;
}

static void
change(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(store_path, &db), SQLITE_OK);
	holds(sql, sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

#define HEADER "id,name,phone,role,division,role_order\n"
#define DIVISIONS "code,name\n990121,县\n990121001,乡\n990121001001,东村\n990121001002,西村\n"

/* People first … first + count - 1, all of the east village; `name`: of each. */
static void
people(struct buf *out, int first, int count, const char *name)
{
	for (int i = first; i < first + count; i++)
		buf_printf(out, "p%d,%s,+9992%08d,household,990121001001,1\n", i, name, i);
}

/* 2,300 of the east village; p0 has a post in the west, too. */
static void
settle(struct site *s)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	struct buf text = { 0 };
	char path[96];

	for (size_t i = 0; i < COUNT(suffixes); i++) {
		snprintf(path, sizeof(path), "%s%s", store_path, suffixes[i]);
		unlink(path);
	}
	*s = (struct site){ .now = NOW };
	begin(s);
	ask(s, file(IMPORT_DIVISIONS, DIVISIONS, false, 0), &me);
	rest(s);
	buf_puts(&text, HEADER);
	people(&text, 0, PEOPLE, "old");
	buf_puts(&text, "p0,,,household,990121001002,1\n");
	ask(s, file(IMPORT_CONTACTS, text.data, false, 0), &me);
	rest(s);
	holds("they are there", s->answer && strstr(s->answer, "\"added\":2300"), "%s", s->answer);
	buf_fini(&text);
}

/* The first 1,100 are missing, of the next 1,100 the name changes, 100 stay, 1,100 are new. */
static struct command *
half_a_list(void)
{
	struct buf text = { 0 };
	struct command *cmd;

	buf_puts(&text, HEADER);
	people(&text, 1100, 1100, "new");
	people(&text, 2200, 100, "old");
	people(&text, 2300, 1100, "new");
	cmd = file(IMPORT_CONTACTS, text.data, true, 990121001001);
	buf_fini(&text);
	return cmd;
}

static void
preview(struct site *s)
{
	settle(s);
	ask(s, half_a_list(), &me);
	rest(s);
	holds("what it would do is said", s->answer && strstr(s->answer, "\"state\":\"ready\"") &&
	      strstr(s->answer, "\"added\":1100,\"changed\":1100,\"unchanged\":100,\"missing\":1100,"
				"\"inside\":2300"), "%s (%s)", s->answer, s->why);
	assert_int_equal(look_up("SELECT count(*) FROM contact WHERE name = 'new'"), 0);
}

/* At every instant: who is to be removed goes last. */
static void
is_in_order(void)
{
	int64_t gone = look_up("SELECT count(*) FROM contact WHERE active = 0");
	int64_t done = look_up("SELECT count(*) FROM contact WHERE name = 'new'");

	holds("additions come before removals", !gone || done == 2200, "%lld gone, %lld written",
	      (long long)gone, (long long)done);
}

static void
is_applied(void)
{
	assert_int_equal(look_up("SELECT count(*) FROM contact WHERE name = 'new' AND active = 1"), 2200);
	assert_int_equal(look_up("SELECT count(*) FROM contact WHERE active = 0"), 1099);
	holds("who has a post elsewhere is as active as he was",
	      look_up("SELECT active FROM contact WHERE ref = 'p0'") == 1, "he is not");
	assert_int_equal(look_up("SELECT count(*) FROM post"), 2301);
	assert_int_equal(look_up("SELECT count(*) FROM post p LEFT JOIN contact c ON c.id = p.contact "
				 "WHERE c.active IS NOT 1"), 0);
	holds("it is known", look_up("SELECT stage FROM staged WHERE id = 1") == STAGE_APPLIED, "it is not");
	assert_int_equal(look_up("SELECT removed FROM staged WHERE id = 1"), 1100);
	assert_int_equal(look_up("SELECT deactivated FROM staged WHERE id = 1"), 1099);
	assert_int_equal(look_up("SELECT count(*) FROM staged_row"), 0);
}

static void
copy(const char *from, const char *to)
{
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	char bytes[65536];
	size_t n;

	while ((n = fread(bytes, 1, sizeof(bytes), in)))
		assert_int_equal(fwrite(bytes, 1, n, out), n);
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

/* As many commits as it takes, a death after each of them in turn. */
static void
a_death_after_any_commit_changes_nothing(void **state)
{
	bool over = false;
	char kept[96];
	struct site s;
	int deaths = 0;

	snprintf(kept, sizeof(kept), "%s.kept", store_path);
	preview(&s);
	end(&s);
	copy(store_path, kept);
	for (int n = 1; !over; n++) {
		copy(kept, store_path);
		begin(&s);
		rest(&s);
		ask(&s, about_import(CMD_IMPORT_APPLY, 1, true, true), &me);
		for (int i = 1; i < n && s.busy; i++)
			turn(&s, NULL);
		over = !s.busy;
		deaths += !over;
		is_in_order();
		end(&s);
		begin(&s);
		rest(&s);
		is_applied();
		end(&s);
	}
	unlink(kept);
	holds("there were enough of them", deaths > 6, "%d", deaths);
}

static void
a_death_while_it_is_compared_leaves_a_word(void **state)
{
	struct site s;

	settle(&s);
	ask(&s, half_a_list(), &me);
	while (look_up("SELECT count(*) FROM staged_row") <= 0)
		turn(&s, NULL);
	end(&s);
	begin(&s);
	rest(&s);
	ask(&s, about_import(CMD_IMPORT_APPLY, 1, false, false), &me);
	holds("it is gone", s.refused == REFUSED_GONE && strcmp(s.why, "import_restarted") == 0, "%s", s.why);
	rest(&s);
	assert_int_equal(look_up("SELECT count(*) FROM staged_row"), 0);
	end(&s);
}

static void
expect(struct site *s, const char *sentence, struct command *cmd, const struct principal *by, const char *why)
{
	ask(s, cmd, by);
	for (int i = 0; s->busy && !s->answer && !s->why[0] && i < TURNS; i++)
		turn(s, NULL);
	holds(sentence, strcmp(s->why, why) == 0, "\"%s\" %s", s->why, s->answer ? s->answer : "");
}

static void
who_may_and_when(void **state)
{
	struct site s;

	preview(&s);
	expect(&s, "another's is not mine", about_import(CMD_IMPORT_APPLY, 1, false, false), &other, "import_of_other");
	expect(&s, "nor to drop", about_import(CMD_IMPORT_DROP, 1, false, false), &other, "import_of_other");
	expect(&s, "there is no such", about_import(CMD_IMPORT_APPLY, 9, false, false), &me, "no_import");
	expect(&s, "half of them want a yes", about_import(CMD_IMPORT_APPLY, 1, true, false), &me,
	       "import_many_missing");
	for (int i = 0; i < 3; i++)
		expect(&s, "four are fine", file(IMPORT_DIVISIONS, DIVISIONS, true, 0), &other, "");
	expect(&s, "his fourth", file(IMPORT_DIVISIONS, DIVISIONS, true, 0), &other, "");
	expect(&s, "his fifth is not", file(IMPORT_DIVISIONS, DIVISIONS, true, 0), &other, "imports_max");
	expect(&s, "and keeps nobody else out", file(IMPORT_DIVISIONS, DIVISIONS, true, 0), &me, "");
	expect(&s, "who is missing is missing from contacts", about_import(CMD_IMPORT_APPLY, 2, true, true), &other,
	       "import_replace_within");
	expect(&s, "it may be dropped", about_import(CMD_IMPORT_DROP, 2, false, false), &other, "");
	expect(&s, "once", about_import(CMD_IMPORT_DROP, 2, false, false), &other, "import_dropped");
	s.now += HOURS(1) + 1;
	s.busy = true;
	rest(&s);
	expect(&s, "it waits for an hour", about_import(CMD_IMPORT_APPLY, 1, true, true), &me, "import_expired");
	s.busy = true;
	rest(&s);
	assert_int_equal(look_up("SELECT count(*) FROM staged_row"), 0);
	s.now += HOURS(25);
	for (int i = 0; i < 9; i++)
		turn(&s, NULL);
	expect(&s, "and is forgotten after a day", about_import(CMD_IMPORT_APPLY, 1, true, true), &me, "no_import");
	end(&s);
}

static void
what_somebody_changed_meanwhile(void **state)
{
	struct site s;
	struct buf text = { 0 };

	preview(&s);
	buf_puts(&text, HEADER);
	people(&text, 1100, 1, "his own");
	expect(&s, "one is changed", file(IMPORT_CONTACTS, text.data, false, 0), &other, "");
	rest(&s);
	expect(&s, "nothing is written over", about_import(CMD_IMPORT_APPLY, 1, true, true), &me, "import_touched");
	assert_int_equal(look_up("SELECT count(*) FROM contact WHERE name = 'new'"), 0);
	buf_reset(&text);
	buf_puts(&text, HEADER);
	people(&text, 1100, 1, "old");
	expect(&s, "he changes it back", file(IMPORT_CONTACTS, text.data, false, 0), &other, "");
	rest(&s);
	expect(&s, "it is as it was compared", about_import(CMD_IMPORT_APPLY, 1, true, true), &me, "");
	rest(&s);
	is_applied();
	end(&s);

	preview(&s);
	ask(&s, about_import(CMD_IMPORT_APPLY, 1, true, true), &me);
	end(&s);
	change("UPDATE contact SET name = 'his own' WHERE ref IN ('p2199', 'p5')");
	begin(&s);
	rest(&s);
	holds("what is changed while it is applied stays, and is counted",
	      look_up("SELECT touched FROM staged") == 2 &&
	      look_up("SELECT count(*) FROM contact WHERE name = 'his own' AND active = 1") == 2, "it does not");
	end(&s);
	buf_fini(&text);
}

static void
an_unchanged_list_writes_nothing(void **state)
{
	struct buf text = { 0 };
	struct site s;
	int64_t generation;

	settle(&s);
	generation = look_up("SELECT value FROM meta WHERE name = 'lists_generation'");
	buf_puts(&text, HEADER);
	people(&text, 1, PEOPLE - 1, "old");
	expect(&s, "it is taken", file(IMPORT_CONTACTS, text.data, false, 0), &me, "");
	holds("nothing has changed", strstr(s.answer, "\"unchanged\":2299") != NULL, "%s", s.answer);
	rest(&s);
	assert_int_equal(look_up("SELECT value FROM meta WHERE name = 'lists_generation'"), generation);
	buf_fini(&text);
	end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_death_after_any_commit_changes_nothing),
		cmocka_unit_test(a_death_while_it_is_compared_leaves_a_word),
		cmocka_unit_test(who_may_and_when),
		cmocka_unit_test(what_somebody_changed_meanwhile),
		cmocka_unit_test(an_unchanged_list_writes_nothing),
	};

	return cmocka_run_group_tests(tests, make_folder, site_close);
}
