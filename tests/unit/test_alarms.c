/* test_alarms.c -- what a driver says of itself again costs nothing, and what it names is bounded,
 * in rows and in lines of the log, also when a turn fails. */
#include "tests/unit/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/segment.h"
#include "daemon/engine/due.h"

#define START 1900000000000
#define NAMES_MAX 16			/* docs/alarms.md */

static int
make_folder(void **state)
{
	return site_open("alarms", "999",
		"route \"r\" { driver = \"gong-sim\" option \"simulation\" { value = \"true\" } }\n");
}

struct world {
	struct store *store;
	struct engine *engine;
	struct command_list urgent, bulk;
	msec now;
	size_t lines;			/* of the log */
};

static int
turn(struct world *w)
{
	struct effect_list out = { 0 };
	struct err err = { .text = "" };
	struct effect *f;
	msec wake_at;
	int rc = engine_turn(w->engine, &w->urgent, &w->bulk, w->now, &out, &wake_at, &err);

	for (; (f = effect_pop(&out)); effect_free(f))
		w->lines += f->kind == EFFECT_LOG;
	return rc;
}

static int64_t
route_id(const struct world *w)
{
	return w->engine->routes[0]->id;
}

static void
open_world(struct world *w)
{
	struct err err = { .text = "" };
	struct command *cmd;

	unlink(store_path);
	*w = (struct world){ .now = START };
	holds("the store opens", store_open(&w->store, store_path, &err) == 0, "%s", err.text);
	holds("the engine opens",
	      engine_open(&w->engine, w->store, settings, w->now, &err) == 0, "%s", err.text);
	cmd = command_new(CMD_ROUTE_READY, route_id(w));
	cmd->ready.window = 4;
	cmd->ready.channels[CHANNEL_SMS] = true;
	command_push(&w->urgent, cmd);
	assert_int_equal(turn(w), 0);
	w->now += MINUTES(10);
	assert_int_equal(turn(w), 0);
}

static void
close_world(struct world *w)
{
	engine_close(w->engine);
	store_close(w->store);
}

static void
health(struct world *w, const char *json)
{
	struct command *cmd = command_new(CMD_HEALTH, route_id(w));

	cmd->health.json = xstrdup(json);
	command_push(&w->urgent, cmd);
}

static void
count_one(void *ctx, const struct route_alarm *alarm)
{
	++*(size_t *)ctx;
}

static size_t
standing(struct world *w)
{
	size_t count = 0;

	store_begin(w->store);
	store_route_alarms(w->store, route_id(w), count_one, &count);
	assert_int_equal(store_commit(w->store, NULL), 0);
	return count;
}

static unsigned long
statements(const struct world *w)
{
	struct engine_stats stats;

	engine_stats(w->engine, &stats);
	return stats.statements;
}

static void
what_is_said_again_costs_no_statement(void **state)
{
	static const char json[] = "{\"ev\":\"health\",\"alarms\":[{\"name\":\"a\",\"text\":\"t\"}]}";
	unsigned long before, one, many;
	struct world w;

	open_world(&w);
	health(&w, json);
	assert_int_equal(turn(&w), 0);
	holds("it stands", standing(&w) == 1, "%zu do", standing(&w));
	assert_int_equal(turn(&w), 0);
	before = statements(&w);
	health(&w, json);
	assert_int_equal(turn(&w), 0);
	one = statements(&w) - before;
	before = statements(&w);
	for (int i = 0; i < 100; i++)
		health(&w, json);
	assert_int_equal(turn(&w), 0);
	many = statements(&w) - before;
	holds("a hundred cost what one costs", many == one, "%lu statements, not %lu", many, one);
	holds("and nothing is written", !store_changed(w.store), "something is");
	close_world(&w);
}

static void
ever_new_names_are_bounded(void **state)
{
	struct engine_stats stats;
	struct world w;
	char json[120];

	open_world(&w);
	w.lines = 0;
	for (int i = 0; i < 5000; i++) {
		snprintf(json, sizeof(json), "{\"ev\":\"health\",\"prefer_other\":%s,\"alarms\":[{\"name\":"
			 "\"a%d\",\"text\":\"t\"}]}", i % 2 ? "true" : "false", i);
		health(&w, json);
		if (i % 100 == 0) {
			w.now += SECONDS(1);
			assert_int_equal(turn(&w), 0);
		}
	}
	assert_int_equal(turn(&w), 0);
	holds("few stand", standing(&w) <= NAMES_MAX + 1, "%zu do", standing(&w));
	engine_stats(w.engine, &stats);
	holds("the others are counted", stats.routes[0].alarms_folded > 4900, "%lu are",
	      stats.routes[0].alarms_folded);
	holds("the log is short", w.lines < 100, "%zu lines", w.lines);
	close_world(&w);
}

/* The turn fails (another connection holds the file for writing) and is repeated. */
static void
a_turn_that_failed_counts_once(void **state)
{
	struct store *other;
	struct err err = { .text = "" };
	struct command *cmd;
	struct world w;
	int failed;

	open_world(&w);
	holds("a second store opens", store_open(&other, store_path, &err) == 0, "%s", err.text);
	store_begin(other);
	store_meta_set(other, "held", 1);
	cmd = command_new(CMD_ROUTE_LOST, route_id(&w));
	cmd->lost.reason = xstrdup("gone");
	command_push(&w.urgent, cmd);
	health(&w, "{\"ev\":\"health\",\"alarms\":[{\"name\":\"a\",\"text\":\"t\"}]}");
	failed = turn(&w);
	assert_int_equal(store_commit(other, &err), 0);
	store_close(other);
	assert_int_equal(failed, -1);
	assert_int_equal(turn(&w), 0);
	holds("one loss", w.engine->routes[0]->outage.row.losses == 1, "%u",
	      w.engine->routes[0]->outage.row.losses);
	holds("since it was told", w.engine->routes[0]->outage.row.since == w.now, "%lld",
	      (long long)w.engine->routes[0]->outage.row.since);
	holds("one alarm", standing(&w) == 1, "%zu", standing(&w));
	close_world(&w);
}

#define COUNTY 990121000000

/* Somebody to be told: an alarm's message needs a duty officer. */
static void
put_officer(struct world *w)
{
	int64_t role = w->engine->documents.role_ids[settings_role(settings, "duty_officer")];
	const uint64_t numbers[4] = { 99910000001 };
	struct err err = { .text = "" };
	uint32_t person;

	store_begin(w->store);
	store_division_put(w->store, COUNTY, "county", "{}");
	person = store_person_put(w->store, "d", "d", LANG_ZH, true, numbers, 1, 1);
	store_roster_put(w->store, role, COUNTY, 0, START * 2, person);
	assert_int_equal(store_commit(w->store, &err), 0);
}

/* All of it in one turn, at one instant: two messages of the same words are two. */
static void
one_turn_may_raise_the_same_name_twice(void **state)
{
	static const char with[] = "{\"alarms\":[{\"name\":\"a\",\"text\":\"t\"}]}";
	int64_t before;
	struct world w;

	open_world(&w);
	put_officer(&w);
	before = w.engine->last_alert;
	for (int i = 0; i < 3; i++) {
		health(&w, with);
		health(&w, "{\"alarms\":[]}");
	}
	health(&w, with);
	holds("the turn is kept", turn(&w) == 0, "it failed");
	holds("it stands", standing(&w) == 1, "%zu do", standing(&w));
	holds("two messages, as docs/alarms.md says", w.engine->last_alert == before + 2, "%lld",
	      (long long)(w.engine->last_alert - before));
	close_world(&w);
}

/* What gong finds and what a driver names are apart, whatever the name. */
static void
a_driver_may_choose_a_name_of_gongs_own(void **state)
{
	struct command *cmd;
	int64_t before;
	struct world w;

	open_world(&w);
	put_officer(&w);
	before = w.engine->last_alert;
	health(&w, "{\"alarms\":[{\"name\":\"chatty\",\"text\":\"t\"}]}");
	cmd = command_new(CMD_CHATTY, route_id(&w));
	cmd->chatty.over = true;
	cmd->chatty.said = xmalloc(sizeof(*cmd->chatty.said));
	said_verbatim(cmd->chatty.said, "t");
	command_push(&w.urgent, cmd);
	holds("the turn is kept", turn(&w) == 0, "it failed");
	holds("both stand", standing(&w) == 2, "%zu do", standing(&w));
	holds("and both are told", w.engine->last_alert == before + 2, "%lld",
	      (long long)(w.engine->last_alert - before));
	close_world(&w);
}

/* A provider's long words, cut in the middle of a character by whoever made a text of them. */
static void
a_text_that_was_cut_is_told_all_the_same(void **state)
{
	struct err err = { .text = "" };
	struct route_alarm alarm;
	struct said said;
	int64_t before;
	struct world w;

	open_world(&w);
	put_officer(&w);
	before = w.engine->last_alert;
	store_begin(w.store);
	SAY(&said, alarm_paused, "余额不\xe8\xb6");
	engine_alarm_raise(w.engine, w.engine->routes[0], true, "paused", &said);
	assert_true(store_route_alarm_get(w.store, route_id(&w), true, "paused", &alarm));
	assert_int_equal(store_commit(w.store, &err), 0);
	holds("the officer hears of it", w.engine->last_alert == before + 1, "%lld",
	      (long long)(w.engine->last_alert - before));
	holds("what stands can be read", utf8_check(alarm.said.values, strlen(alarm.said.values), &err) == 0, "%s",
	      err.text);
	close_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_again_costs_no_statement),
		cmocka_unit_test(ever_new_names_are_bounded),
		cmocka_unit_test(a_turn_that_failed_counts_once),
		cmocka_unit_test(one_turn_may_raise_the_same_name_twice),
		cmocka_unit_test(a_driver_may_choose_a_name_of_gongs_own),
		cmocka_unit_test(a_text_that_was_cut_is_told_all_the_same),
	};

	return cmocka_run_group_tests(tests, make_folder, site_close);
}
