/* test_parts.c -- long messages that networks report part by part: what of it speaks for the whole,
 * played through the engine's own turns. */
#include "tests/unit/site.h"

#include <ctype.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/engine/due.h"

#define START 1900000000000
#define TO 8613800138000

/* Of a message of three parts, as gong counts them.  "2+": part 2 of the latest attempt is delivered, "2-"
 * it failed, "1.2+" that of attempt 1, "*+" all of it; "x+" the part whose reference is x; "/4" the receipt says so many.
 * "P12": the route took parts 1 and 2, and reports come by their references.  Then the attempt ends: "A"
 * accepted, "A4" in so many parts, "R" the rest is refused and goes again, "U" nobody knows.  "Y" first:
 * what is in doubt is held; else it goes again at once. */
static const struct {
	const char *sentence, *told;
	enum message_state state;
} cases[] = {
	{ "all parts, in any order", "A 3+ 1+ 2+", MESSAGE_DELIVERED },
	{ "one is missing", "A 3+ 1+", MESSAGE_SENT },
	{ "one twice is still one", "A 3+ 1+ 3+ 1+", MESSAGE_SENT },
	{ "one failed", "A 1+ 2- 3+", MESSAGE_FAILED },
	{ "one failed, and came after all", "A 1+ 2- 3+ 2+", MESSAGE_DELIVERED },
	{ "the answer counts otherwise", "A2 1+ 2+", MESSAGE_DELIVERED },
	{ "the receipts count otherwise still", "A2 1+/4 2+/4", MESSAGE_SENT },
	{ "and are right", "A2 1+/4 2+/4 4+/4 3+/4", MESSAGE_DELIVERED },
	{ "one of one is the whole", "A 1+/1", MESSAGE_DELIVERED },
	{ "references instead of numbers", "A x+ y+ z+", MESSAGE_DELIVERED },
	{ "the same reference twice", "A x+ y+ y+ x+", MESSAGE_SENT },
	{ "one with a reference failed", "A x+ y- z+", MESSAGE_FAILED },
	{ "all before the answer, which may say more", "1+ 2+ 3+", MESSAGE_SENDING },
	{ "and it does not", "1+ 2+ 3+ A", MESSAGE_DELIVERED },
	{ "and it does", "1+ 2+ 3+ A4", MESSAGE_SENT },
	{ "all before the answer, as the receipts count", "1+/2 2+/2", MESSAGE_DELIVERED },
	{ "one failed before the answer", "2- A 1+ 3+", MESSAGE_FAILED },
	{ "one failed, and the rest is refused: both go again", "P12 1- R G P13 A 1+ 3+ 1.2+",
	  MESSAGE_DELIVERED },
	{ "the whole failed before the answer", "*- A", MESSAGE_FAILED },
	{ "the whole failed before the answer, which is lost", "Y *- U", MESSAGE_FAILED },
	{ "and it is sent again", "*- U", MESSAGE_SENDING },
	{ "a modem's own references", "P123 A 2+ 1+ 3+", MESSAGE_DELIVERED },
	{ "a report overtakes the next part", "P1 1+ P2 2+ P3 A 3+", MESSAGE_DELIVERED },
	{ "the answer is lost, and each was accepted", "Y P123 U", MESSAGE_SENT },
	{ "and all came", "Y P123 U 1+ 3+ 2+", MESSAGE_DELIVERED },
	{ "the answer is lost after all came", "Y 1+ 2+ 3+ U", MESSAGE_DELIVERED },
	{ "the answer is lost, and one failed", "Y P12 1+ 2- U", MESSAGE_FAILED },
	{ "the answer is lost, one was accepted and came", "Y P1 U 1+", MESSAGE_UNCERTAIN },
	{ "the rest was refused and goes again", "P12 1+ R G P3 A 1.2+ 3+", MESSAGE_DELIVERED },
	{ "what was refused whole tells nothing", "R G A 1.1+ 1.2+ 1.3+", MESSAGE_SENT },
	{ "in doubt, the rest goes again, and the first come last", "P12 U P3 A 3+ 1.1+ 1.2+",
	  MESSAGE_DELIVERED },
	{ "one of the first is lost, and was left away", "P12 U P3 A 3+ 1.1- 1.2+", MESSAGE_FAILED },
	{ "that is known before the answer", "P12 U 1.1- P3 A 3+ 1.2+", MESSAGE_FAILED },
	{ "one is lost in time, and goes again", "P12 R 1.1- G P13 A 1+ 3+ 1.2+", MESSAGE_DELIVERED },
	{ "and is told of twice", "P12 R 1.1- G P13 A 1.1- 3+ 1.2+", MESSAGE_SENT },
	{ "the first of two whole sendings fails", "U A 1.1- 1.2- 1+ 2+", MESSAGE_SENT },
	{ "more parts than are remembered", "A40 1+ 2+ 3+ 33+", MESSAGE_SENT },
	{ "one of those fails", "A40 33-", MESSAGE_FAILED },
};

static int
make_folder(void **state)
{
	return site_open("parts", "86",
		"route \"m\" { driver = \"gong-modem\" }\n");
}

struct world {
	struct store *store;
	struct engine *engine;
	struct command_list urgent, bulk;
	msec now;
	uint32_t wave;
	bool took[8][8];		/* [attempt][part] */
};

static void
turn(struct world *w, struct command *cmd)
{
	struct effect_list out = { 0 };
	struct err err = { .text = "" };
	struct effect *f;
	msec wake_at;

	if (cmd)
		command_push(&w->urgent, cmd);
	do {
		holds("the turn commits", engine_turn(w->engine, &w->urgent, &w->bulk, w->now, &out,
						      &wake_at, &err) == 0, "%s", err.text);
	} while (w->urgent.first || wake_at <= w->now);
	while ((f = effect_pop(&out)))
		effect_free(f);
}

static struct message
row(struct world *w)
{
	struct message m = { 0 };

	store_begin(w->store);
	assert_true(store_message_get(w->store, w->wave, 1, CHANNEL_SMS, &m));
	assert_int_equal(store_commit(w->store, NULL), 0);
	return m;
}

static void
put_message(struct world *w, enum severity severity)
{
	const struct document *d = settings_document(settings, "template", "flood.move");
	unsigned char digest[32] = { 0 };
	uint64_t numbers[4] = { TO };
	struct alert a = { .id = 1, .severity = severity, .code = "A1", .state = ALERT_ACTIVE, .body = "{}",
			   .accepted_at = START, .released_at = START, .expires_at = START + HOURS(24),
			   .deadline_at = NEVER, .due_at = NEVER, .closed_at = NEVER };
	struct wave wave = { .alert = 1, .kind = WAVE_INFORM, .state = WAVE_OPEN, .severity = severity,
			     .expires_at = START + HOURS(24), .planned_at = START, .total = 1 };
	int64_t variant;

	store_begin(w->store);
	wave.template = a.template = store_document_put(w->store, "template", d->name, d->body, d->sha256);
	store_alert_insert(w->store, &a, "desk/k", digest, "desk");
	store_person_put(w->store, "c1", "张", LANG_ZH, true, numbers, 1, 1);
	variant = store_variant_insert(w->store, &(struct variant){
		.alert = 1, .lang = LANG_ZH, .head = "", .body = "快走", .parts = 3 });
	w->wave = store_wave_insert(w->store, &wave);
	store_message_insert(w->store, w->wave, 1, variant, 0, NEVER);
	assert_int_equal(store_commit(w->store, NULL), 0);
}

static void
open_world(struct world *w, enum severity severity)
{
	struct command *cmd = command_new(CMD_ROUTE_READY, 1);
	struct err err = { .text = "" };

	unlink(store_path);
	*w = (struct world){ .now = START };
	holds("the store opens", store_open(&w->store, store_path, &err) == 0, "%s", err.text);
	put_message(w, severity);
	holds("the engine opens",
	      engine_open(&w->engine, w->store, settings, w->now, &err) == 0, "%s", err.text);
	cmd->ready.window = 4;
	cmd->ready.channels[CHANNEL_SMS] = cmd->ready.receipts = true;
	turn(w, cmd);
}

static void
end(struct world *w, enum outcome outcome, unsigned count)
{
	struct command *cmd = command_new(CMD_DONE, 1);

	cmd->done.items = xcalloc(1, sizeof(*cmd->done.items));
	cmd->done.items[cmd->done.count++] = (struct done_item){
		.id = message_id(w->wave, 1, row(w).attempt), .outcome = outcome, .parts = count,
		.class = outcome == OUTCOME_REJECTED ? REJECT_RETRY : REJECT_NONE };
	turn(w, cmd);
}

/* Each part has a reference of its own. */
static void
take(struct world *w, unsigned attempt, const char *numbers)
{
	for (; isdigit((unsigned char)*numbers); numbers++) {
		struct command *cmd = command_new(CMD_PART, 1);
		char ref[4] = { (char)('0' + attempt), *numbers, '\0' };

		cmd->part.id = message_id(w->wave, 1, attempt);
		cmd->part.part = (unsigned)(*numbers - '0');
		cmd->part.of = 3;
		cmd->part.ref = xstrdup(ref);
		w->took[attempt][cmd->part.part] = true;
		turn(w, cmd);
	}
}

static void
report(struct world *w, unsigned attempt, const char *word)
{
	struct command *cmd = command_new(CMD_RECEIPT, 1);
	const char *of = strchr(word, '/');
	unsigned part;
	char ref[4];

	if (word[1] == '.') {
		attempt = (unsigned)(*word - '0');
		word += 2;
	}
	part = (unsigned)strtoul(word, NULL, 10);
	cmd->receipt.final = true;
	if (*word == '*')
		word = word[1] == '+' ? "0+" : "0-";
	cmd->receipt.delivered = !strpbrk(word, "-");
	cmd->receipt.to = TO % 100000000000;	/* as the network at home writes it */
	cmd->receipt.of = of ? (unsigned)strtoul(of + 1, NULL, 10) : 0;
	if (part < 8 && w->took[attempt][part]) {
		snprintf(ref, sizeof(ref), "%u%u", attempt & 7, part);
		cmd->receipt.ref = xstrdup(ref);
	} else {
		cmd->receipt.id = message_id(w->wave, 1, attempt);
		cmd->receipt.part = part;
		cmd->receipt.part_ref = part || *word == '0' ? NULL : xstrdup((char[2]){ *word });
	}
	turn(w, cmd);
}

static void
happen(struct world *w, const char *word)
{
	switch (*word) {
	case 'Y':
		break;
	case 'A':
		end(w, OUTCOME_ACCEPTED, (unsigned)strtoul(word + 1, NULL, 10));
		break;
	case 'R':
		end(w, OUTCOME_REJECTED, 0);
		break;
	case 'U':
		end(w, OUTCOME_UNKNOWN, 0);
		break;
	case 'G':
		w->now += SECONDS(10);
		turn(w, NULL);
		break;
	case 'P':
		take(w, row(w).attempt, word + 1);
		break;
	default:
		report(w, row(w).attempt, word);
	}
}

static void
what_parts_say_of_the_whole(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct world w;
		enum message_state is;
		char told[80], *word, *rest = NULL;

		snprintf(told, sizeof(told), "%s", cases[i].told);
		open_world(&w, *told == 'Y' ? SEVERITY_YELLOW : SEVERITY_RED);
		holds("it is handed over", row(&w).state == MESSAGE_SENDING, "%d", row(&w).state);
		for (word = strtok_r(told, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
			happen(&w, word);
		is = (enum message_state)row(&w).state;
		holds(cases[i].sentence, is == cases[i].state, "%s", message_state_name(is));
		engine_close(w.engine);
		store_close(w.store);
	}
}

static void
a_long_message_waits_for_its_parts_over_a_death(void **state)
{
	struct err err = { .text = "" };
	struct world w;

	open_world(&w, SEVERITY_YELLOW);
	happen(&w, "P12");
	happen(&w, "1+");
	happen(&w, "P3");
	happen(&w, "A");
	engine_close(w.engine);
	store_close(w.store);
	holds("the store opens", store_open(&w.store, store_path, &err) == 0, "%s", err.text);
	holds("the engine opens",
	      engine_open(&w.engine, w.store, settings, w.now, &err) == 0, "%s", err.text);
	happen(&w, "3+");
	holds("one is missing", row(&w).state == MESSAGE_SENT, "%d", row(&w).state);
	happen(&w, "2+");
	holds("all are there", row(&w).state == MESSAGE_DELIVERED, "%d", row(&w).state);
	engine_close(w.engine);
	store_close(w.store);
}

/* What the season's check will say of the number. */
static int64_t
known(const char *column)
{
	char sql[64];
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t at = -1;

	snprintf(sql, sizeof(sql), "SELECT coalesce(%s, 0) FROM reached", column);
	assert_int_equal(sqlite3_open(store_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	if (sqlite3_step(st) == SQLITE_ROW)
		at = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return at;
}

static void
a_number_is_known_by_what_becomes_of_its_messages(void **state)
{
	struct command *cmd = command_new(CMD_DONE, 1);
	struct world w;

	open_world(&w, SEVERITY_RED);
	holds("nothing is known at first", known("good_at") == -1, "%lld", (long long)known("good_at"));
	happen(&w, "A");
	holds("that it left says nothing", known("good_at") == -1, "%lld", (long long)known("good_at"));
	happen(&w, "*+");
	holds("that it was delivered does", known("good_at") == START, "%lld", (long long)known("good_at"));
	engine_close(w.engine);
	store_close(w.store);

	open_world(&w, SEVERITY_RED);
	cmd->done.items = xcalloc(1, sizeof(*cmd->done.items));
	cmd->done.items[cmd->done.count++] = (struct done_item){
		.id = message_id(w.wave, 1, row(&w).attempt), .outcome = OUTCOME_REJECTED,
		.class = REJECT_DROP };
	turn(&w, cmd);
	holds("it was refused for good", known("bad_at") == START, "%lld", (long long)known("bad_at"));
	cmd = command_new(CMD_INBOUND, 1);
	cmd->inbound.driver_id = xstrdup("i1");
	cmd->inbound.from = TO;
	cmd->inbound.text = xstrdup("1");
	cmd->inbound.at = w.now += HOURS(1);
	turn(&w, cmd);
	cmd = command_new(CMD_INBOUND, 99);
	cmd->inbound.driver_id = xstrdup("i2");
	cmd->inbound.from = TO;
	cmd->inbound.text = xstrdup("1");
	cmd->inbound.at = w.now;
	turn(&w, cmd);
	holds("until somebody writes from it", !known("bad_at") && known("good_at") == w.now, "%lld",
	      (long long)known("bad_at"));
	engine_close(w.engine);
	store_close(w.store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_parts_say_of_the_whole),
		cmocka_unit_test(a_number_is_known_by_what_becomes_of_its_messages),
		cmocka_unit_test(a_long_message_waits_for_its_parts_over_a_death),
	};

	return cmocka_run_group_tests(tests, make_folder, site_close);
}
