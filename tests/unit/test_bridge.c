/* test_bridge.c -- what is handed over while a driver dies or gongd stops: a message that was
 * never written to a driver is never in doubt. */
#include "tests/unit/site.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/message_state.h"
#include "daemon/bridge.h"
#include "daemon/intake/intake.h"

#define PEOPLE 20
#define WINDOW 8

static char ballast[64];

static int
make_folder(void **state)
{
	int rc = site_open("bridge", "999",
		"route \"r\" { driver = \"gong-sim\" option \"simulation\" { value = \"true\" }\n channels = {sms} }\n");

	snprintf(ballast, sizeof(ballast), "%s/none/ballast", folder);
	return rc;
}

static struct store *
open_store(void)
{
	struct err err = { .text = "" };
	struct store *s;

	holds("the store opens", store_open(&s, store_path, &err) == 0, "%s", err.text);
	return s;
}

/* A store of its own for each test, with one village of people. */
static struct store *
fresh_store(void)
{
	char wal[96];
	struct store *s;
	int64_t role;

	unlink(store_path);
	for (int i = 0; i < 2; i++) {
		snprintf(wal, sizeof(wal), "%s%s", store_path, i ? "-wal" : "-shm");
		unlink(wal);
	}
	s = open_store();
	store_begin(s);
	role = store_role_id(s, "warner");
	store_division_put(s, 990121001001, "村", "{}");
	for (unsigned i = 0; i < PEOPLE; i++) {
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
		"\"params\":{\"text\":\"x\"},\"audience\":{\"divisions\":[\"990121001001\"],"
		"\"roles\":[\"warner\"]}}";
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

	cmd->ready.window = cmd->ready.batch = WINDOW;
	cmd->ready.channels[CHANNEL_SMS] = true;
	return cmd;
}

/* Rows by state in the only wave. */
static unsigned long
count_of(struct store *s, enum message_state state)
{
	struct wave w;

	store_begin(s);
	assert_true(store_wave_get(s, 1, &w));
	assert_int_equal(store_commit(s, NULL), 0);
	return w.count[state];
}

/* Turns until nothing more is due at once; returns the first send, if there was one. */
static struct effect *
turns(struct engine *e, struct command *cmd, struct command *bulk_cmd)
{
	struct command_list urgent = { 0 }, bulk = { 0 };
	struct effect_list out = { 0 };
	struct effect *f, *send = NULL;
	struct err err = { .text = "" };
	msec now = 1900000000000, wake_at;

	if (cmd)
		command_push(&urgent, cmd);
	if (bulk_cmd)
		command_push(&bulk, bulk_cmd);
	for (int i = 0; i < 20; i++)
		holds("the turn commits", engine_turn(e, &urgent, &bulk, now, &out, &wake_at, &err) == 0,
		      "%s", err.text);
	while ((f = effect_pop(&out))) {
		if (f->kind == EFFECT_SEND && !send)
			send = f;
		else
			effect_free(f);
	}
	return send;
}

static struct command *
lost(const struct effect *never_written)
{
	struct command *cmd = command_new(CMD_ROUTE_LOST, 1);

	cmd->lost.unwritten = calloc(PEOPLE, sizeof(uint64_t));
	for (size_t i = 0; never_written && i < never_written->send.count; i++)
		cmd->lost.unwritten[cmd->lost.unwritten_count++] = never_written->send.items[i].id;
	return cmd;
}

/* The driver dies while a send for it is on its way up to the loop. */
static void
a_send_that_meets_a_dead_driver_is_not_in_doubt(void **state)
{
	struct store *s = fresh_store();
	struct err err = { .text = "" };
	struct effect *send, *again;
	struct engine *e;

	assert_int_equal(engine_open(&e, s, settings, 1900000000000, &err), 0);
	send = turns(e, ready(), an_alert());
	assert_non_null(send);
	assert_int_equal(send->send.count, WINDOW);
	assert_null(turns(e, lost(NULL), NULL));	/* the loop had nothing of it yet */
	assert_int_equal(count_of(s, MESSAGE_UNCERTAIN), 0);
	assert_null(turns(e, lost(send), NULL));	/* then it gave the send back */
	assert_int_equal(count_of(s, MESSAGE_UNCERTAIN), 0);
	assert_int_equal(count_of(s, MESSAGE_SENDING), 0);
	again = turns(e, ready(), NULL);
	assert_non_null(again);
	assert_int_equal(again->send.count, WINDOW);
	assert_int_equal(message_id_attempt(again->send.items[0].id), 1);
	effect_free(send);
	effect_free(again);
	engine_close(e);
	store_close(s);
}

/* gongd stops between the commit of a send and the loop's taking it. */
static void
a_send_that_a_stop_overtakes_is_not_in_doubt(void **state)
{
	struct store *s = fresh_store();
	struct err err = { .text = "" };
	struct bridge_state now = { 0 };
	struct bridge *b;

	assert_int_equal(bridge_open(&b, s, store_path, ballast, false, settings, &err), 0);
	bridge_urgent(b, ready());
	assert_true(bridge_bulk(b, an_alert()));
	for (int i = 0; i < 1000 && now.stats.claims < WINDOW; i++) {
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
		bridge_state(b, &now);
	}
	assert_int_equal(now.stats.claims, WINDOW);
	bridge_close(b);		/* nobody has taken the send */
	assert_int_equal(count_of(s, MESSAGE_SENDING), 0);
	store_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_send_that_meets_a_dead_driver_is_not_in_doubt),
		cmocka_unit_test(a_send_that_a_stop_overtakes_is_not_in_doubt),
	};

	return cmocka_run_group_tests(tests, make_folder, site_close);
}
