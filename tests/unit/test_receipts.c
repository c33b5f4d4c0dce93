/* test_receipts.c -- receipts that match no message: bounded and counted for each route, kept for
 * the answer that is still to come, and acknowledged only when they are on disk. */
#include "tests/unit/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/engine/due.h"

#define START 1900000000000
#define KEPT_MAX 1004			/* docs/drivers.md: 1,000, and as many as its window */

static int
make_folder(void **state)
{
	return site_open("receipts", "999",
		"route \"good\" { driver = \"gong-sim\" option \"simulation\" { value = \"true\" } }\nroute \"chatty\" { driver = \"gong-sim\" option \"simulation\" { value = \"true\" }\n"
		" backup = true }\n");
}

struct world {
	struct store *store;
	struct engine *engine;
	struct command_list urgent, bulk;
	msec now;
	size_t took;
};

static void
open_world(struct world *w)
{
	struct err err = { .text = "" };

	unlink(store_path);
	*w = (struct world){ .now = START };
	holds("the store opens", store_open(&w->store, store_path, &err) == 0, "%s", err.text);
	holds("the engine opens",
	      engine_open(&w->engine, w->store, settings, w->now, &err) == 0, "%s", err.text);
}

static void
close_world(struct world *w)
{
	engine_close(w->engine);
	store_close(w->store);
}

static void
turn(struct world *w)
{
	struct effect_list out = { 0 };
	struct err err = { .text = "" };
	struct effect *f;
	msec wake_at;

	while (w->urgent.first)
		holds("the turn commits", engine_turn(w->engine, &w->urgent, &w->bulk, w->now, &out,
						      &wake_at, &err) == 0, "%s", err.text);
	for (; (f = effect_pop(&out)); effect_free(f))
		w->took += f->kind == EFFECT_TOOK;
}

static void
ready(struct world *w, int route)
{
	struct command *cmd = command_new(CMD_ROUTE_READY, route + 1);

	cmd->ready.window = 4;
	cmd->ready.channels[CHANNEL_SMS] = cmd->ready.receipts = cmd->ready.receipts_by_ref = true;
	command_push(&w->urgent, cmd);
	turn(w);
}

static void
stranger(struct world *w, int route, unsigned n)
{
	struct command *cmd = command_new(CMD_RECEIPT, route + 1);
	char text[24];

	snprintf(text, sizeof(text), "q%u", n);
	cmd->receipt.driver_id = xstrdup(text);
	cmd->receipt.ref = xstrdup(text);
	cmd->receipt.to = 99910000001;
	cmd->receipt.delivered = cmd->receipt.final = true;
	command_push(&w->urgent, cmd);
}

static size_t
kept(struct world *w, int route)
{
	size_t count;

	store_begin(w->store);
	count = store_receipts_early_count(w->store, w->engine->routes[route]->id);
	assert_int_equal(store_commit(w->store, NULL), 0);
	return count;
}

static void
a_flood_of_them_is_bounded_for_its_route(void **state)
{
	struct engine_stats stats;
	struct world w;

	open_world(&w);
	ready(&w, 0);
	ready(&w, 1);
	for (unsigned i = 0; i < 10; i++)
		stranger(&w, 0, i);
	for (unsigned i = 0; i < 5000; i++)
		stranger(&w, 1, i);
	turn(&w);
	holds("each is acknowledged", w.took == 5010, "%zu", w.took);
	holds("so many wait", kept(&w, 1) == KEPT_MAX, "%zu", kept(&w, 1));
	holds("memory counts what the disk has", w.engine->routes[1]->early == KEPT_MAX, "%zu",
	      w.engine->routes[1]->early);
	holds("the other route keeps its own", kept(&w, 0) == 10, "%zu", kept(&w, 0));
	engine_stats(w.engine, &stats);
	holds("counted for its route", stats.routes[1].receipts_unmatched == 5000, "%lu",
	      stats.routes[1].receipts_unmatched);
	holds("and for the other", stats.routes[0].receipts_unmatched == 10, "%lu",
	      stats.routes[0].receipts_unmatched);
	close_world(&w);
}

static void
the_newest_wait_and_old_ones_go(void **state)
{
	struct receipt_word word;
	bool fresh = false;
	int64_t route;
	struct world w;

	open_world(&w);
	ready(&w, 1);
	for (unsigned i = 0; i < 1100; i++) {
		w.now++;
		stranger(&w, 1, i);
		turn(&w);
	}
	route = w.engine->routes[1]->id;
	store_begin(w.store);
	holds("the first went", !store_receipt_early_take(w.store, route, "q0", 99910000001, START,
							  &fresh, &word), "it is there");
	holds("the last is there", store_receipt_early_take(w.store, route, "q1099", 99910000001,
							    START, &fresh, &word) && fresh &&
	      word.delivered, "it went, or is old");
	free(word.part_ref);
	holds("what is from before is no answer", store_receipt_early_take(w.store, route, "q1098",
	      99910000001, w.now + 1, &fresh, &word) && !fresh, "it is fresh");
	free(word.part_ref);
	assert_int_equal(store_commit(w.store, NULL), 0);
	w.now += HOURS(1);
	stranger(&w, 1, 5000);
	turn(&w);
	holds("an hour later only the new one waits", kept(&w, 1) == 1, "%zu", kept(&w, 1));
	close_world(&w);
}

static void
a_newer_word_about_the_same_is_no_second_one(void **state)
{
	struct world w;

	open_world(&w);
	ready(&w, 1);
	for (unsigned i = 0; i < 3; i++)
		stranger(&w, 1, 7);
	turn(&w);
	holds("one waits", kept(&w, 1) == 1 && w.engine->routes[1]->early == 1, "%zu, %zu",
	      kept(&w, 1), w.engine->routes[1]->early);
	holds("each is acknowledged", w.took == 3, "%zu", w.took);
	close_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_of_them_is_bounded_for_its_route),
		cmocka_unit_test(the_newest_wait_and_old_ones_go),
		cmocka_unit_test(a_newer_word_about_the_same_is_no_second_one),
	};

	return cmocka_run_group_tests(tests, make_folder, site_close);
}
