/* test_due.c -- the table of due things: a step of the clock moves each of them, once, also when
 * the turn that brings it fails and comes again. */
#include "tests/unit/site.h"

#include "daemon/settings/source.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/message_state.h"
#include "daemon/engine/due.h"
#include "daemon/intake/intake.h"

#define START 1900000000000
#define ROWS_MAX 32

static int
make_folder(void **state)
{
	char here[2000], more[5000];

	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(more, sizeof(more), "source \"gauge\" { format = json rules = \"%s/tests/data/gauge.rules\"\n"
		" token_file = \"%s/tests/data/gauge.token\" up_to = red heartbeat = 30m }\n"
		"route \"up\" { driver = \"gong-sim\" option \"simulation\" { value = \"true\" }\n channels = {sms}\n rate = 0.01\n"
		" canary { to = \"+99913800000099\"\n every = \"8h\"\n within = \"10m\" } }\n"
		"route \"down\" { driver = \"gong-sim\" option \"simulation\" { value = \"true\" }\n channels = {voice} }\n", here, here);
	return site_open("due", "999", more);
}

static struct store *
village(void)
{
	struct err err = { .text = "" };
	struct store *s;
	int64_t role;

	unlink(store_path);
	holds("the store opens", store_open(&s, store_path, &err) == 0, "%s", err.text);
	store_begin(s);
	role = store_role_id(s, "village_chief");
	store_division_put(s, 990121001001, "村", "{}");
	for (unsigned i = 0; i < 3; i++) {
		uint64_t numbers[4] = { 99913800000000 + i };
		char ref[16];

		snprintf(ref, sizeof(ref), "p%u", i);
		store_post_put(s, role, 990121001001, i, store_person_put(s, ref, ref, LANG_ZH, true,
			       numbers, 1, 0), LANG_ZH);
	}
	assert_int_equal(store_commit(s, NULL), 0);
	return s;
}

static struct command *
an_alert(void)
{
	static const char body[] = "{\"key\":\"k\",\"template\":\"notice.text\",\"severity\":\"yellow\","
		"\"policy\":\"call.orange\",\"params\":{\"text\":\"x\"},"
		"\"audience\":{\"divisions\":[\"990121001001\"]}}";
	struct command *cmd = command_new(CMD_ACCEPT, -1);
	struct err err = { .text = "" };

	cmd->by = (struct principal){ PRINCIPAL_USER, 0, "unit" };
	holds("the alert is read", intake_alert(&cmd->accept, body, strlen(body), NULL, false,
						&err) == 0, "%s", err.text);
	return cmd;
}

static struct command *
ready(void)
{
	struct command *cmd = command_new(CMD_ROUTE_READY, 1);

	cmd->ready.window = cmd->ready.batch = 8;
	cmd->ready.channels[CHANNEL_SMS] = true;
	return cmd;
}

static struct command *
a_question(void)
{
	struct command *cmd = command_new(CMD_ASK, -1);

	cmd->by = (struct principal){ PRINCIPAL_USER, 0, "unit" };
	cmd->ask = calloc(1, sizeof(*cmd->ask));
	cmd->ask->route = strdup("up");
	cmd->ask->what = strdup("at");
	cmd->ask->text = strdup("AT+CSQ");
	return cmd;
}

/* While what it answers is in the air. */
static struct command *
an_answer(void)
{
	struct command *cmd = command_new(CMD_INBOUND, 1);

	cmd->inbound.driver_id = strdup("in-1");
	cmd->inbound.from = 99913800000000;
	cmd->inbound.text = strdup("1");
	return cmd;
}

static struct command *
a_step(msec by)
{
	struct command *cmd = command_new(CMD_CLOCK_STEP, -1);

	cmd->by.kind = PRINCIPAL_GONG;
	cmd->clock_step_ms = by;
	return cmd;
}

/* One that waits for its rule. */
static struct command *
a_signal(void)
{
	struct command *cmd = command_new(CMD_SIGNALS, -1);
	struct signal *s;

	cmd->by = (struct principal){ .kind = PRINCIPAL_SOURCE, .name = SOURCE_PRINCIPAL "gauge" };
	cmd->signals = xcalloc(1, sizeof(*cmd->signals));
	cmd->signals->source = xstrdup("gauge");
	cmd->signals->documents = xcalloc(1, sizeof(*cmd->signals->documents));
	cmd->signals->count = 1;
	s = signal_post_add(&cmd->signals->documents[0].post);
	signal_set(s, &s->ref, "one", SIGNAL_REF_MAX);
	signal_label(s, "z", "6");
	return cmd;
}

static int
turn(struct engine *e, struct command_list *urgent, struct command *bulk_cmd, msec now)
{
	struct command_list bulk = { 0 };
	struct effect_list out = { 0 };
	struct err err = { .text = "" };
	struct effect *f;
	msec wake_at;
	int rc;

	if (bulk_cmd)
		command_push(&bulk, bulk_cmd);
	rc = engine_turn(e, urgent, &bulk, now, &out, &wake_at, &err);
	while ((f = effect_pop(&out)))
		effect_free(f);
	return rc;
}

static size_t
next_of_all(struct engine *e, msec at[ROWS_MAX], const struct due **rows)
{
	size_t count = engine_due_rows(rows);

	assert_true(count <= ROWS_MAX);
	for (size_t i = 0; i < count; i++)
		at[i] = (*rows)[i].next ? (*rows)[i].next(e) : NEVER;
	return count;
}

static void
change(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(store_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* An engine in which something waits in every row that has an instant of its own. */
static struct engine *
busy(struct store *s)
{
	struct command_list urgent = { 0 };
	struct err err = { .text = "" };
	struct engine *e;

	/* An earlier alert has a message that may or may not have left. */
	change("INSERT INTO alert (id, key, digest, client, template, severity, drill, test, state, code, "
	       "body, accepted_at, expires_at) VALUES (1, 'before', x'00', 'unit', 1, 1, 0, 0, 3, 'A3', "
	       "'{}', 1, 9999999999999); INSERT INTO wave (id, alert, step, position, channel, kind, state, "
	       "severity, drill, template, below, expires_at, planned_at, total, uncertain) VALUES "
	       "(1, 1, 0, 0, 0, 0, 2, 1, 0, 1, 3, 9999999999999, 1, 1, 1);"
	       "INSERT INTO staged (kind, stage, by_kind, by_name, generation, within, at, expires_at, rows) "
	       "VALUES (1, 1, 3, 'unit', 0, 0, 1900000000000, 1900003600000, 1);"
	       "INSERT INTO outbox (source, alert, at, due_at, is_post, is_signed, url) VALUES "
	       "(9, 0, 1900000000000, 1900000000000, 0, 0, 'http://a.example/')");
	holds("the engine opens", engine_open(&e, s, settings, START, &err) == 0, "%s", err.text);
	command_push(&urgent, ready());
	assert_int_equal(turn(e, &urgent, an_alert(), START), 0);
	assert_int_equal(turn(e, &urgent, a_question(), START), 0);
	assert_int_equal(turn(e, &urgent, a_signal(), START), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(turn(e, &urgent, NULL, START), 0);
	command_push(&urgent, an_answer());
	assert_int_equal(turn(e, &urgent, NULL, START), 0);
	return e;
}

static void
every_row_waits_for_something(void **state)
{
	struct store *s = village();
	struct engine *e = busy(s);
	const struct due *rows;
	msec at[ROWS_MAX];
	size_t count = next_of_all(e, at, &rows);

	for (size_t i = 0; i < count; i++)
		holds(rows[i].name, !rows[i].next || (at[i] > START && at[i] < NEVER),
		      "its next instant is %lld", (long long)(at[i] - START));
	engine_close(e);
	store_close(s);
}

static void
steps_move_every_row(msec by)
{
	struct store *s = village();
	struct engine *e = busy(s);
	struct command_list urgent = { 0 };
	const struct due *rows;
	msec before[ROWS_MAX], after[ROWS_MAX];
	size_t count = next_of_all(e, before, &rows);

	command_push(&urgent, a_step(by));
	assert_int_equal(turn(e, &urgent, NULL, START + by), 0);
	next_of_all(e, after, &rows);
	for (size_t i = 0; i < count; i++)
		holds(rows[i].name, after[i] == NEVER || after[i] - before[i] == by,
		      "a step of %lld ms moved it by %lld ms", (long long)by,
		      (long long)(after[i] - before[i]));
	engine_close(e);
	store_close(s);
}

static void
a_step_of_the_clock_moves_every_row(void **state)
{
	steps_move_every_row(HOURS(5));
	steps_move_every_row(-HOURS(3));
}

static int64_t
look_up(const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t value = -1;

	assert_int_equal(sqlite3_open(store_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	if (sqlite3_step(st) == SQLITE_ROW)
		value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return value;
}

/* A receipt that waits for its message to be named keeps its age. */
static void
an_early_receipt_keeps_its_age(void **state)
{
	struct store *s = village();
	struct engine *e = busy(s);
	struct command_list urgent = { 0 };

	change("INSERT INTO receipt_early VALUES (1, 'r', 1, 0, '', 0, 1, 1900000000000)");
	command_push(&urgent, a_step(HOURS(2)));
	assert_int_equal(turn(e, &urgent, NULL, START + HOURS(2)), 0);
	holds("it moved along", look_up("SELECT at FROM receipt_early") == START + HOURS(2), "%lld",
	      (long long)look_up("SELECT at FROM receipt_early"));
	engine_close(e);
	store_close(s);
}

/* What the store refuses of it is put aside; gong then stays on the clock that its instants are on. */
static void
a_step_that_is_put_aside_ends_nothing_early(void **state)
{
	struct store *s = village();
	struct engine *e = busy(s);
	struct command_list urgent = { 0 };

	change("CREATE TRIGGER bad BEFORE UPDATE OF released_at ON alert BEGIN "
	       "SELECT RAISE(ABORT, 'bad'); END");
	command_push(&urgent, a_step(HOURS(48)));
	assert_int_equal(turn(e, &urgent, NULL, START + HOURS(48)), 0);
	holds("it was put aside", look_up("SELECT count(*) FROM task WHERE kind = 'fault'") == 1, "%lld",
	      (long long)look_up("SELECT count(*) FROM task"));
	assert_int_equal(turn(e, &urgent, NULL, START + HOURS(48) + 1000), 0);
	holds("the alert goes on", look_up("SELECT count(*) FROM alert WHERE key LIKE '%k' AND "
	      "state = 1") == 1, "%lld", (long long)look_up("SELECT state FROM alert"));
	holds("on its clock", e->now < START + HOURS(1), "%lld", (long long)(e->now - START));
	engine_close(e);
	store_close(s);
}

/* The turn with the step fails (another connection holds the file for writing), and is repeated. */
static void
a_step_whose_turn_failed_moves_every_row_once(void **state)
{
	struct store *s = village(), *other;
	struct engine *e = busy(s);
	struct command_list urgent = { 0 };
	struct err err = { .text = "" };
	const struct due *rows;
	msec before[ROWS_MAX], after[ROWS_MAX], by = HOURS(2);
	size_t count = next_of_all(e, before, &rows);
	int failed;

	holds("a second store opens", store_open(&other, store_path, &err) == 0, "%s", err.text);
	store_begin(other);
	store_meta_set(other, "held", 1);
	command_push(&urgent, a_step(by));
	failed = turn(e, &urgent, NULL, START + by);
	assert_int_equal(store_commit(other, &err), 0);
	store_close(other);
	assert_int_equal(failed, -1);
	assert_int_equal(turn(e, &urgent, NULL, START + by), 0);
	next_of_all(e, after, &rows);
	for (size_t i = 0; i < count; i++)
		holds(rows[i].name, after[i] == NEVER || after[i] - before[i] == by,
		      "it moved by %lld ms", (long long)(after[i] - before[i]));
	engine_close(e);
	store_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_waits_for_something),
		cmocka_unit_test(a_step_of_the_clock_moves_every_row),
		cmocka_unit_test(an_early_receipt_keeps_its_age),
		cmocka_unit_test(a_step_that_is_put_aside_ends_nothing_early),
		cmocka_unit_test(a_step_whose_turn_failed_moves_every_row_once),
	};

	return cmocka_run_group_tests(tests, make_folder, site_close);
}
