/* test_statements.c -- many accepts in one turn: what a message costs in statements, from the
 * request to the committed result, so that they cannot grow unnoticed; and that a refusal in
 * their middle undoes only itself. */
#include "tests/unit/site.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/message_state.h"
#include "daemon/engine/engine.h"
#include "daemon/intake/intake.h"

#define PEOPLE 100
#define STATEMENTS 16			/* a message; lower it with them */

static int
make_folder(void **state)
{
	return site_open("statements", "999",
		"client \"unit\" { token_sha256 = \""
		"0123456789012345678901234567890123456789012345678901234567890123\"\n may = {send}\n up_to = red\n"
		" recipients_max = 1 }\n"
		"route \"r\" { driver = \"gong-sim\" option \"simulation\" { value = \"true\" }\n channels = {sms} }\n");
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


/* A request of a client that may reach one person; `contacts` as in JSON. */
static struct command *
request(const char *key, const char *text, const char *contacts)
{
	struct command *cmd = command_new(CMD_ACCEPT, -1);
	struct err err = { .text = "" };
	char body[256];

	cmd->by = (struct principal){ PRINCIPAL_CLIENT, 0, "unit" };
	snprintf(body, sizeof(body), "{\"key\":\"%s\",\"template\":\"notice.text\",\"severity\":"
		 "\"yellow\",\"params\":{\"text\":\"%s\"},\"audience\":{\"contacts\":[%s]}}", key,
		 text, contacts);
	holds("the alert is read", intake_alert(&cmd->accept, body, strlen(body), NULL, false,
						&err) == 0, "%s", err.text);
	cmd->reply_to = 1;
	return cmd;
}

static struct command *
an_alert(unsigned person)
{
	char key[16], contact[16];

	snprintf(key, sizeof(key), "k%u", person);
	snprintf(contact, sizeof(contact), "\"p%u\"", person);
	return request(key, key, contact);
}

static struct command *
ready(void)
{
	struct command *cmd = command_new(CMD_ROUTE_READY, 1);

	cmd->ready.window = PEOPLE;
	cmd->ready.batch = 1;
	cmd->ready.channels[CHANNEL_SMS] = true;
	return cmd;
}

static void
turn(struct engine *e, struct command_list *urgent, struct command_list *bulk,
     struct effect_list *out)
{
	struct err err = { .text = "" };
	msec wake_at;

	do {
		holds("the turn commits", engine_turn(e, urgent, bulk, 1900000000000, out, &wake_at,
						      &err) == 0, "%s", err.text);
	} while (wake_at <= 1900000000000);
}

/* The driver's word about everything that was sent. */
static struct command *
all_done(struct effect_list *out)
{
	struct command *cmd = command_new(CMD_DONE, 1);
	struct effect *f;

	cmd->done.items = calloc(PEOPLE, sizeof(*cmd->done.items));
	while ((f = effect_pop(out))) {
		for (size_t i = 0; f->kind == EFFECT_SEND && i < f->send.count; i++)
			cmd->done.items[cmd->done.count++] = (struct done_item){
				.id = f->send.items[i].id, .outcome = OUTCOME_ACCEPTED, .parts = 1,
				.ref = strdup("ref"),
			};
		effect_free(f);
	}
	return cmd;
}

static void
an_alert_to_one_person_costs_no_more_than_this(void **state)
{
	struct command_list urgent = { 0 }, bulk = { 0 };
	struct effect_list out = { 0 };
	struct store *s = fresh_store();
	struct err err = { .text = "" };
	struct command *done;
	struct engine_stats stats;
	unsigned long before;
	struct effect *f;
	struct engine *e;

	assert_int_equal(engine_open(&e, s, settings, 1900000000000, &err), 0);
	command_push(&urgent, ready());
	turn(e, &urgent, &bulk, &out);
	before = store_statements(s);
	for (unsigned i = 0; i < PEOPLE; i++)
		command_push(&bulk, an_alert(i));
	turn(e, &urgent, &bulk, &out);
	done = all_done(&out);
	assert_int_equal(done->done.count, PEOPLE);
	command_push(&urgent, done);
	turn(e, &urgent, &bulk, &out);
	engine_stats(e, &stats);
	assert_int_equal(stats.sent, PEOPLE);
	assert_int_equal(stats.accepts, PEOPLE);
	before = stats.statements - before;
	holds("the statements of an alert to one person", before <= STATEMENTS * PEOPLE,
	      "%lu.%02lu", before / PEOPLE, before * 100 / PEOPLE % 100);
	while ((f = effect_pop(&out)))
		effect_free(f);
	engine_close(e);
	store_close(s);
}

/* Takes the replies and the texts sent to each number out of `out`, in order. */
static void
tell(struct effect_list *out, char *told, size_t size)
{
	static const char *const kinds[] = { "done", "accepted", "refused" };
	size_t len = 0;
	struct effect *f;

	*told = '\0';
	while ((f = effect_pop(out))) {
		if (f->kind == EFFECT_REPLY)
			len += (size_t)snprintf(told + len, size - len, "%s ",
						kinds[f->reply.kind]);
		else if (f->kind == EFFECT_SEND)
			len += (size_t)snprintf(told + len, size - len, "%s>%llu ", f->send.text,
				(unsigned long long)f->send.items[0].to - 99913800000000);
		effect_free(f);
	}
}

static void
a_refusal_among_accepts_undoes_only_itself(void **state)
{
	struct command_list urgent = { 0 }, bulk = { 0 };
	struct effect_list out = { 0 };
	struct store *s = fresh_store();
	struct err err = { .text = "" };
	struct engine_stats stats;
	struct engine *e;
	struct alert a;
	struct wave w;
	char told[400];

	assert_int_equal(engine_open(&e, s, settings, 1900000000000, &err), 0);
	command_push(&urgent, ready());
	turn(e, &urgent, &bulk, &out);
	tell(&out, told, sizeof(told));
	/* An unknown person is seen before anything is written, one too many after it. */
	command_push(&bulk, request("a", "A", "\"p1\""));
	command_push(&bulk, request("nobody", "N", "\"who\""));
	command_push(&bulk, request("b", "B", "\"p2\""));
	command_push(&bulk, request("many", "M", "\"p3\",\"p4\""));
	command_push(&bulk, request("a", "A", "\"p1\""));
	command_push(&bulk, request("c", "C", "\"p5\""));
	turn(e, &urgent, &bulk, &out);
	tell(&out, told, sizeof(told));
	assert_string_equal(told, "accepted refused accepted refused done accepted "
			    "【试】A>1 【试】B>2 【试】C>5 ");
	engine_stats(e, &stats);
	assert_int_equal(stats.accepts, 3);
	assert_int_equal(stats.repeats, 1);
	store_begin(s);
	assert_int_equal(store_alert_last(s), 3);
	assert_int_equal(store_wave_last(s), 3);
	for (uint32_t i = 1; i <= 3; i++) {
		assert_true(store_alert_get(s, i, &a));
		assert_int_equal(a.targets, 0);
		assert_int_equal(a.state, ALERT_EXHAUSTED);
		assert_true(store_wave_get(s, i, &w));
		assert_int_equal(w.alert, i);
		assert_int_equal(w.count[MESSAGE_SENDING], 1);
	}
	assert_int_equal(store_commit(s, NULL), 0);
	engine_close(e);
	store_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert_to_one_person_costs_no_more_than_this),
		cmocka_unit_test(a_refusal_among_accepts_undoes_only_itself),
	};

	return cmocka_run_group_tests(tests, make_folder, site_close);
}
