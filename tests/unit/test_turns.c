/* test_turns.c -- no turn of the engine grows with people, waves or messages.  What a turn
 * costs is counted in steps of SQLite's machine, which are the same on every machine. */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "daemon/engine/engine.h"

#ifdef __SANITIZE_ADDRESS__		/* slow, and looked at for other faults than growth */
#define PEOPLE 3000u
#define TOWNSHIPS 12u
#define REPLIES 500u
#define LATER 2000u			/* alerts between being told and replying */
#else
#define PEOPLE 20000u
#define TOWNSHIPS 80u
#define REPLIES 4000u
#define LATER 4000u
#endif
#define COUNTY 990121000000
/* Some 2,000 rows written, with all that belongs to each. */
#define STEPS_MAX 1000000u
/* The turn that accepts proves the texts for each target and writes it down; nothing else but what
 * every accept does. */
#define ACCEPTED (PEOPLE * 70 + 10000)

static char folder[] = "/tmp/gong-turns-XXXXXX";

struct world {
	const char *name;
	struct settings *settings;
	struct store *store;
	struct engine *engine;
	struct command_list urgent, bulk;
	struct effect_list effects;
	msec now;
	unsigned long worst, total, turns;	/* steps, since `count_anew` */
	int64_t route;
	bool accepted;			/* the last reply */
	char json[600];
	uint64_t *sent;			/* ids handed over and not settled */
	size_t sent_count, sent_cap, withdrawn;
};

static const struct { const char *name, *body; } policies[] = {
	{ "persons", "policy \"persons\" {\n\ttargets = person\n\tuntil = 3\n"
	  "\tstep \"tell\" { after = \"0s\" channels = {sms} }\n"
	  "\tstep \"help\" { after = \"10m\" to = {township_officer} channels = {sms} "
	  "template = \"esc.unanswered\" }\n"
	  "\tstep \"desk\" { after = \"15m\" channels = {console} }\n}\n" },
	{ "villages", "policy \"villages\" {\n\ttargets = village\n\tuntil = 3\n"
	  "\tstep \"call\" { after = \"0s\" to = {village_chief} channels = {sms} }\n"
	  "\tstep \"help\" { after = \"10m\" to = {township_officer} channels = {sms} "
	  "template = \"esc.unanswered\" }\n"
	  "\tstep \"desk\" { after = \"15m\" to = {county_leader} channels = {console, sms} "
	  "template = \"esc.unanswered\" }\n}\n" },
};

static void
put(const char *name, const char *body)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(body, f);
	fclose(f);
}

static void
write_settings(void)
{
	char cwd[500], path[300], body[3000];

	assert_non_null(getcwd(cwd, sizeof(cwd)));
	snprintf(path, sizeof(path), "%s/p", folder);
	mkdir(path, 0700);
	for (size_t i = 0; i < COUNT(policies); i++) {
		snprintf(path, sizeof(path), "p/%s.conf", policies[i].name);
		put(path, policies[i].body);
	}
	snprintf(body, sizeof(body), "state_dir = \"state\"\nroles = \"%s/config/roles.conf\"\n"
		 "templates = {\"%s/templates\"}\npolicies = {\"p\"}\n"
		 "route \"r\" {\n\tdriver = gong-sim option \"simulation\" { value = \"true\" }\n\tchannels = {sms}\n}\n", cwd, cwd);
	put("gong.conf", body);
}

static division_code
village(unsigned i)
{
	return COUNTY + (division_code)(i % TOWNSHIPS + 1) * 1000 + i / TOWNSHIPS + 1;
}

static void
post(struct store *s, const char *role, division_code code, const char *name, unsigned n)
{
	uint64_t numbers[4] = { 8613900000000u + n };
	char ref[40];
	uint32_t id;

	snprintf(ref, sizeof(ref), "%s-%u", role, n);
	id = store_person_put(s, ref, name, LANG_ZH, true, numbers, 15, 15);
	store_post_put(s, store_role_id(s, role), code, 1, id, LANG_ZH);
}

static void
fill(struct store *s)
{
	char name[60];

	store_begin(s);
	store_division_put(s, COUNTY, "青石县", NULL);
	for (unsigned t = 1; t <= TOWNSHIPS; t++) {
		snprintf(name, sizeof(name), "镇%u", t);
		store_division_put(s, COUNTY + t * 1000, name, NULL);
		post(s, "township_officer", COUNTY + t * 1000, name, 1000000 + t);
	}
	for (unsigned i = 0; i < PEOPLE; i++) {
		snprintf(name, sizeof(name), "村%u", i);
		store_division_put(s, village(i), name, "{\"place\":\"村\",\"route\":\"路\",\"shelter\":\"校\"}");
		post(s, "village_chief", village(i), name, i);
	}
	post(s, "county_leader", COUNTY, "王", 2000000);
	assert_int_equal(store_commit(s, NULL), 0);
}

static void
open_world(struct world *w, const char *name)
{
	struct err err = { .text = "" };
	char path[300];
	bool fresh;

	snprintf(path, sizeof(path), "%s/gong.conf", folder);
	holds("the settings", settings_load(&w->settings, path, NULL, &err) == 0, "%s", err.text);
	w->name = name;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fresh = access(path, F_OK) != 0;
	holds("the store", store_open(&w->store, path, &err) == 0, "%s", err.text);
	if (fresh)
		fill(w->store);
	w->now = w->now ? w->now : 1795457400000;
	holds("the engine", engine_open(&w->engine, w->store, w->settings, w->now, &err) == 0, "%s",
	      err.text);
	store_begin(w->store);
	w->route = store_route_id(w->store, "r");
	assert_int_equal(store_commit(w->store, NULL), 0);
}

static void
close_world(struct world *w)
{
	engine_close(w->engine);
	store_close(w->store);
	settings_unref(w->settings);
	free(w->sent);
	w->sent = NULL;
	w->sent_count = w->sent_cap = 0;
}

static void
see(struct world *w, struct effect *f)
{
	if (f->kind == EFFECT_REPLY) {
		w->accepted = f->reply.kind == REPLY_ACCEPTED;
		snprintf(w->json, sizeof(w->json), "%s", f->reply.json ? f->reply.json
			 : f->reply.refusal->text);
	}
	for (size_t i = 0; f->kind == EFFECT_SEND && i < f->send.count; i++) {
		if (w->sent_count == w->sent_cap) {
			w->sent_cap = w->sent_cap ? w->sent_cap * 2 : 1024;
			w->sent = xrealloc(w->sent, w->sent_cap * sizeof(*w->sent));
		}
		w->sent[w->sent_count++] = f->send.items[i].id;
	}
	if (f->kind == EFFECT_WITHDRAW)
		w->withdrawn += f->withdraw.count;
	effect_free(f);
}

static void
count_anew(struct world *w)
{
	w->worst = w->total = w->turns = 0;
}

/* When it wants the next one. */
static msec
turn(struct world *w)
{
	unsigned long before = store_steps(w->store), steps;
	struct err err = { .text = "" };
	struct effect *f;
	msec wake;

	holds("a turn", engine_turn(w->engine, &w->urgent, &w->bulk, w->now, &w->effects, &wake,
				    &err) == 0, "%s", err.text);
	steps = store_steps(w->store) - before;
	w->worst = steps > w->worst ? steps : w->worst;
	w->total += steps;
	w->turns++;
	while ((f = effect_pop(&w->effects)))
		see(w, f);
	return wake;
}

/* Turns until nothing is left to do at this instant. */
static void
run(struct world *w)
{
	msec wake = w->now;

	for (int guard = 0; wake <= w->now || w->urgent.first || w->bulk.first; guard++) {
		holds("it comes to rest", guard < 10000, "%d turns", guard);
		wake = turn(w);
	}
}

static void
within(const struct world *w, const char *what, unsigned long most)
{
	if (getenv("TURNS_SHOW"))
		printf("%-50s %8lu turns, worst %9lu steps, all %10lu\n", what, w->turns, w->worst,
		       w->total);
	holds(what, w->worst <= most, "a turn of %lu steps", w->worst);
}

static void
bounded(const struct world *w, const char *what)
{
	within(w, what, STEPS_MAX);
}

static void
ready(struct world *w, unsigned window)
{
	struct command *cmd = command_new(CMD_ROUTE_READY, w->route);

	cmd->ready.window = window;
	cmd->ready.batch = 500;
	cmd->ready.channels[CHANNEL_SMS] = true;
	cmd->ready.identity = xstrdup("r");
	command_push(&w->urgent, cmd);
	run(w);
}

static struct alert_request *
request(const char *key, const char *template, const char *policy)
{
	struct alert_request *r = xcalloc(1, sizeof(*r));

	r->key = xstrdup(key);
	r->template = xstrdup(template);
	r->policy = xstrdup(policy);	/* NULL stays NULL */
	r->severity = SEVERITY_RED;
	r->divisions = xcalloc(1, sizeof(*r->divisions));
	r->divisions[r->division_count++] = COUNTY;
	memcpy(r->digest, key, strlen(key) < 32 ? strlen(key) : 31);
	if (strcmp(template, "notice.text") == 0) {
		r->params = xcalloc(1, sizeof(*r->params));
		r->params[r->param_count++] = (struct pair){ .name = xstrdup("text"),
							.value = xstrdup("雨") };
	}
	return r;
}

static void
add_role(struct alert_request *r, const char *role)
{
	r->roles = xcalloc(1, sizeof(*r->roles));
	r->roles[r->role_count++] = xstrdup(role);
}

static void
accept(struct world *w, struct alert_request *r)
{
	struct command *cmd = command_new(CMD_ACCEPT, -1);

	cmd->by = (struct principal){ PRINCIPAL_USER, 0, "test" };
	cmd->reply_to = 1;
	cmd->accept = r;
	w->accepted = false;
	command_push(&w->bulk, cmd);
	run(w);
	holds("it is accepted", w->accepted, "%s", w->json);
}

static int64_t look(struct world *, const char *sql);

/* Whatever became of a large step: each person has his one message, in one wave, and his link. */
static void
all_are_told_once(struct world *w)
{
	static const struct { const char *sentence, *sql; int64_t value; } books[] = {
		{ "everybody has a message", "SELECT count(DISTINCT contact) FROM message WHERE wave = 1",
		  PEOPLE },
		{ "everybody has one", "SELECT count(*) FROM message", PEOPLE },
		{ "it is one wave", "SELECT count(*) FROM wave", 1 },
		{ "which is open", "SELECT state FROM wave", WAVE_OPEN },
		{ "and counts them", "SELECT total FROM wave", PEOPLE },
		{ "everybody is called", "SELECT count(*) FROM called", PEOPLE },
		{ "for a target of his own", "SELECT count(DISTINCT target) FROM called", PEOPLE },
		{ "the step is told once", "SELECT count(*) FROM event WHERE what = 'step'", 1 },
		{ "with its people", "SELECT detail LIKE '%\"messages\":' || (SELECT count(*) FROM "
		  "message) || ',%' FROM event WHERE what = 'step'", 1 },
		{ "the alert goes on", "SELECT step FROM alert", 1 },
	};

	for (size_t i = 0; i < COUNT(books); i++)
		holds(books[i].sentence, look(w, books[i].sql) == books[i].value, "%lld",
		      (long long)look(w, books[i].sql));
}

/* gongd stops at every so manieth turn of a large step, and ends it in its last life. */
static void
a_step_in_slices_survives_any_number_of_stops(void **state)
{
	static const char *const names[] = { "stops-p", "stops-v" };

	engine_slicing.people = PEOPLE / 20;
	for (int v = 0; v < 2; v++) {
		struct world w = { 0 };
		struct alert_request *r = request("a", v ? "flood.move" : "notice.text",
						  v ? "villages" : "persons");
		struct command *cmd = command_new(CMD_ACCEPT, -1);

		if (!v)
			add_role(r, "village_chief");
		open_world(&w, names[v]);
		cmd->by = (struct principal){ PRINCIPAL_USER, 0, "test" };
		cmd->accept = r;
		command_push(&w.bulk, cmd);
		for (unsigned life = 0; life < 6; life++) {
			for (unsigned i = 0; i <= 3 * life; i++)
				turn(&w);
			close_world(&w);
			open_world(&w, names[v]);
		}
		holds("it was not yet done", look(&w, "SELECT step FROM alert") == 0, "%lld",
		      (long long)look(&w, "SELECT step FROM alert"));
		run(&w);
		all_are_told_once(&w);
		close_world(&w);
	}
}

static struct command *cancel(int64_t alert);

static void
a_cancel_between_slices_ends_them(void **state)
{
	struct world w = { 0 };
	struct alert_request *r = request("a", "notice.text", "persons");
	struct command *cmd = command_new(CMD_ACCEPT, -1);

	engine_slicing.people = PEOPLE / 20;
	open_world(&w, "cancel");
	add_role(r, "village_chief");
	cmd->by = (struct principal){ PRINCIPAL_USER, 0, "test" };
	cmd->accept = r;
	command_push(&w.bulk, cmd);
	for (int i = 0; i < 25; i++)	/* 20 to pick them, then rows are written */
		turn(&w);
	command_push(&w.urgent, cancel(1));
	run(&w);
	ready(&w, 100000);
	holds("nothing goes", w.sent_count == 0, "%zu", w.sent_count);
	holds("its wave is withdrawn", look(&w, "SELECT state FROM wave") == WAVE_WITHDRAWN, "%lld",
	      (long long)look(&w, "SELECT state FROM wave"));
	holds("no step was taken", look(&w, "SELECT count(*) FROM event WHERE what = 'step'") == 0, "%s",
	      "one was");
	/* The next alert is nobody's rest. */
	accept(&w, request("b", "flood.move", "villages"));
	holds("the next is told", w.sent_count == PEOPLE, "%zu", w.sent_count);
	close_world(&w);
}

static void
twenty_thousand_persons_and_their_helpers(void **state)
{
	struct world w = { 0 };
	struct alert_request *r = request("a", "notice.text", "persons");

	open_world(&w, "persons");
	add_role(r, "village_chief");
	count_anew(&w);
	accept(&w, r);
	within(&w, "20,000 persons: accept", ACCEPTED);
	all_are_told_once(&w);
	count_anew(&w);
	w.now += MINUTES(10);
	run(&w);
	bounded(&w, "20,000 persons: helpers");
	count_anew(&w);
	w.now += MINUTES(5);
	run(&w);
	bounded(&w, "20,000 persons: desk");
	close_world(&w);
}

static void
twenty_thousand_villages_and_their_helpers(void **state)
{
	struct world w = { 0 };

	open_world(&w, "villages");
	count_anew(&w);
	accept(&w, request("a", "flood.move", "villages"));
	within(&w, "20,000 villages: accept", ACCEPTED);
	all_are_told_once(&w);
	count_anew(&w);
	w.now += MINUTES(10);
	run(&w);
	bounded(&w, "20,000 villages: helpers");
	count_anew(&w);
	w.now += MINUTES(5);
	run(&w);
	bounded(&w, "20,000 villages: desk");
	close_world(&w);
}

/* The network has taken all that were handed over. */
static void
settle(struct world *w)
{
	struct command *cmd = command_new(CMD_DONE, w->route);

	cmd->done.items = xcalloc(w->sent_count + 1, sizeof(*cmd->done.items));
	for (size_t i = 0; i < w->sent_count; i++)
		cmd->done.items[i] = (struct done_item){ .id = w->sent[i], .outcome = OUTCOME_ACCEPTED,
							 .parts = 1 };
	cmd->done.count = w->sent_count;
	w->sent_count = 0;
	command_push(&w->urgent, cmd);
	run(w);
}

static struct command *
cancel(int64_t alert)
{
	struct command *cmd = command_new(CMD_CANCEL, -1);

	cmd->by = (struct principal){ PRINCIPAL_USER, 0, "test" };
	cmd->reply_to = 1;
	cmd->cancel = xcalloc(1, sizeof(*cmd->cancel));
	cmd->cancel->alert = alert;
	return cmd;
}

static void
empty(struct world *w, division_code code)
{
	char path[300], sql[80];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/%s", folder, w->name);
	snprintf(sql, sizeof(sql), "DELETE FROM post WHERE division = %lld", (long long)code);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* The answer does not wait for them; the same request again has them. */
static void
whom_nobody_can_be_called_for_is_told_with_very_many(void **state)
{
	struct command *cmd = command_new(CMD_ACCEPT, -1);
	struct world w = { 0 };

	open_world(&w, "nobody");
	empty(&w, village(PEOPLE / 2));
	accept(&w, request("a", "flood.move", "villages"));
	holds("it is not known yet", strstr(w.json, "\"nobody\":[],\"nobody_pending\":true"), "%s", w.json);
	cmd->by = (struct principal){ PRINCIPAL_USER, 0, "test" };
	cmd->reply_to = 1;
	cmd->accept = request("a", "flood.move", "villages");
	command_push(&w.bulk, cmd);
	run(&w);
	holds("it is known", strstr(w.json, "\"nobody\":[{\"code\"") && !strstr(w.json, "pending"), "%s",
	      w.json);
	holds("it is a task", look(&w, "SELECT count FROM task WHERE kind = 'nobody'") == 1, "%lld",
	      (long long)look(&w, "SELECT count FROM task WHERE kind = 'nobody'"));
	close_world(&w);
}

/* The desk's word for the first village; 1 takes 3 back. */
static void
say(struct world *w, int level)
{
	struct command *cmd = command_new(CMD_ANSWER, -1);

	cmd->by = (struct principal){ PRINCIPAL_USER, 0, "test" };
	cmd->answer = xcalloc(1, sizeof(*cmd->answer));
	cmd->answer->alert = 1;
	cmd->answer->division = village(0);
	cmd->answer->level = level;
	cmd->answer->name = xstrdup("王");
	cmd->answer->note = xstrdup("电话");
	command_push(&w->urgent, cmd);
	turn(w);
}

/* A rung in slices counts as passed from the turn on that has read whom it is for. */
static void
what_rises_while_a_rung_is_planned_gets_it_once(void **state)
{
	static const struct { const char *name, *sentence; bool before, late; int64_t missed; } cases[] = {
		{ "rose-after", "it was for it: nothing is missed", false, false, 0 },
		{ "fell-later", "it was for it, and still nothing is", false, true, 0 },
		{ "rose-before", "it was not: that rung is missed", true, false, 1 },
		{ "before-later", "it was not, and it still is", true, true, 1 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct world w = { 0 };

		engine_slicing.people = PEOPLE / 20;
		open_world(&w, cases[i].name);
		accept(&w, request("a", "flood.move", "villages"));
		w.now += MINUTES(10) - 1;
		if (cases[i].before)
			say(&w, 3);
		w.now++;
		turn(&w);
		if (!cases[i].before)
			say(&w, 3);
		if (!cases[i].late)
			say(&w, 1);
		holds("the rung is still being planned", look(&w, "SELECT step FROM alert") == 1, "%lld",
		      (long long)look(&w, "SELECT step FROM alert"));
		if (cases[i].late) {
			run(&w);
			say(&w, 1);
		}
		holds(cases[i].sentence, look(&w, "SELECT count(*) FROM catch_up") == cases[i].missed,
		      "%lld", (long long)look(&w, "SELECT count(*) FROM catch_up"));
		run(&w);
		close_world(&w);
	}
}

static struct alert_request *
notice(const char *key, const char *role, const char *contact)
{
	struct alert_request *r = request(key, "notice.text", NULL);

	if (role) {
		add_role(r, role);
		return r;
	}
	r->division_count = 0;
	r->contacts = xcalloc(1, sizeof(*r->contacts));
	r->contacts[r->contact_count++] = xstrdup(contact);
	return r;
}

/* Somebody repeats a request that is refused, in every turn. */
static void
refusals_do_not_hold_up_a_step_in_slices(void **state)
{
	struct command *cmd = command_new(CMD_ACCEPT, -1);
	struct world w = { 0 };
	unsigned turns = 0;

	engine_slicing.people = PEOPLE / 20;
	open_world(&w, "refusals");
	cmd->by = (struct principal){ PRINCIPAL_USER, 0, "test" };
	cmd->accept = request("a", "flood.move", "villages");
	command_push(&w.bulk, cmd);
	for (; turns < 200 && (!turns || look(&w, "SELECT step FROM alert") != 1); turns++) {
		cmd = command_new(CMD_ACCEPT, -1);
		cmd->by = (struct principal){ PRINCIPAL_USER, 0, "test" };
		cmd->accept = request("no", "no.such", NULL);
		cmd->accept->replaces = 99;	/* in a savepoint of its own */
		command_push(&w.bulk, cmd);
		turn(&w);
	}
	holds("it is done while they come", turns < 200, "%u turns", turns);
	run(&w);
	all_are_told_once(&w);
	close_world(&w);
}

static void
a_stop_asks_back_what_is_in_flight_turn_by_turn(void **state)
{
	struct world w = { 0 };

	open_world(&w, "stop");
	ready(&w, 100000);
	accept(&w, notice("a", "village_chief", NULL));
	holds("all are in flight", w.sent_count == PEOPLE, "%zu", w.sent_count);
	count_anew(&w);
	command_push(&w.urgent, cancel(1));
	run(&w);
	bounded(&w, "a stop with 20,000 in flight");
	holds("each is asked back once", w.withdrawn == PEOPLE, "%zu", w.withdrawn);
	close_world(&w);
}

static void
a_step_of_the_clock_does_not_end_a_stop(void **state)
{
	struct command *cmd = command_new(CMD_CLOCK_STEP, -1);
	struct world w = { 0 };

	open_world(&w, "stop-step");
	ready(&w, 100000);
	accept(&w, notice("a", "village_chief", NULL));
	command_push(&w.urgent, cancel(1));
	turn(&w);
	holds("it has begun", w.withdrawn && w.withdrawn < PEOPLE, "%zu", w.withdrawn);
	cmd->by.kind = PRINCIPAL_GONG;
	cmd->clock_step_ms = HOURS(1);
	command_push(&w.urgent, cmd);
	w.now += HOURS(1);
	run(&w);
	holds("each is asked back", w.withdrawn >= PEOPLE, "%zu", w.withdrawn);
	close_world(&w);
}

/* All of them wait for another try. */
static void
a_stop_forgets_what_waits_turn_by_turn(void **state)
{
	struct world w = { 0 };
	struct command *cmd;

	open_world(&w, "wait");
	ready(&w, 100000);
	accept(&w, notice("a", "village_chief", NULL));
	cmd = command_new(CMD_DONE, w.route);
	cmd->done.items = xcalloc(w.sent_count, sizeof(*cmd->done.items));
	for (size_t i = 0; i < w.sent_count; i++)
		cmd->done.items[i] = (struct done_item){ .id = w.sent[i], .outcome = OUTCOME_REJECTED,
							 .class = REJECT_RETRY };
	cmd->done.count = w.sent_count;
	w.sent_count = 0;
	command_push(&w.urgent, cmd);
	run(&w);
	count_anew(&w);
	command_push(&w.urgent, cancel(1));
	run(&w);
	bounded(&w, "a stop with 20,000 that wait");
	holds("it takes its turns", w.turns >= PEOPLE / 2000, "%lu", w.turns);
	w.now += HOURS(1);
	run(&w);
	holds("none of them goes any more", w.sent_count == 0, "%zu went", w.sent_count);
	close_world(&w);
}

static int64_t
look(struct world *w, const char *sql)
{
	sqlite3_stmt *st = NULL;
	char path[300];
	int64_t value = -1;
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/%s", folder, w->name);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	if (sqlite3_step(st) == SQLITE_ROW)
		value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return value;
}

static void
inbound(struct world *w, unsigned n, uint64_t from, const char *text)
{
	struct command *cmd = command_new(CMD_INBOUND, w->route);
	char id[20];

	snprintf(id, sizeof(id), "i%u", n);
	cmd->inbound.driver_id = xstrdup(id);
	cmd->inbound.from = from;
	cmd->inbound.text = xstrdup(text);
	cmd->inbound.at = w->now;
	command_push(&w->urgent, cmd);
}

/* The township's officer was told first, then very many others were told something. */
static void
a_bystander_s_late_reply_finds_its_alert(void **state)
{
	struct world w = { 0 };
	char key[20], ref[40];

	open_world(&w, "late");
	ready(&w, 100000);
	accept(&w, notice("first", NULL, "township_officer-1000001"));
	accept(&w, notice("crowd", "village_chief", NULL));
	settle(&w);
	count_anew(&w);
	for (unsigned i = 0; i < LATER; i++) {
		struct command *cmd = command_new(CMD_ACCEPT, -1);

		cmd->by = (struct principal){ PRINCIPAL_USER, 0, "test" };
		snprintf(key, sizeof(key), "k%u", i);
		snprintf(ref, sizeof(ref), "village_chief-%u", i);
		cmd->accept = notice(key, NULL, ref);
		command_push(&w.bulk, cmd);
	}
	run(&w);
	bounded(&w, "4,000 alerts to one person each");
	settle(&w);
	holds("the index is written", look(&w, "SELECT value FROM meta WHERE name = 'told_wave'") >
	      (int64_t)LATER / 4, "%lld", (long long)look(&w, "SELECT value FROM meta"));
	count_anew(&w);
	inbound(&w, 1, 8613900000000u + 1000001, "收到");
	inbound(&w, 2, 8613900000000u + PEOPLE - 1, "1");
	run(&w);
	bounded(&w, "two replies of bystanders");
	holds("the officer's is about the first",
	      look(&w, "SELECT alert FROM inbound WHERE driver_id = 'i1'") == 1, "%lld",
	      (long long)look(&w, "SELECT alert FROM inbound WHERE driver_id = 'i1'"));
	holds("one of the crowd's about the second",
	      look(&w, "SELECT alert FROM inbound WHERE driver_id = 'i2'") == 2, "%lld",
	      (long long)look(&w, "SELECT alert FROM inbound WHERE driver_id = 'i2'"));
	close_world(&w);
	/* The same after a restart, which writes the index on. */
	open_world(&w, "late");
	ready(&w, 100000);
	inbound(&w, 3, 8613900000000u + 1000001, "收到");
	run(&w);
	holds("after a restart, too", look(&w, "SELECT alert FROM inbound WHERE driver_id = 'i3'") == 1,
	      "%lld", (long long)look(&w, "SELECT alert FROM inbound WHERE driver_id = 'i3'"));
	close_world(&w);
}

/* What a reply costs does not grow with the replies before it, though each has its thank-you. */
static void
the_last_of_many_replies_costs_what_the_first_did(void **state)
{
	struct world w = { 0 };
	unsigned long first;

	open_world(&w, "replies");
	ready(&w, 100000);
	accept(&w, notice("a", "village_chief", NULL));
	settle(&w);
	count_anew(&w);
	inbound(&w, 0, 8613900000000u, "1");
	run(&w);
	first = w.total;
	for (unsigned i = 1; i < REPLIES; i++)
		inbound(&w, i, 8613900000000u + i, "1");
	run(&w);
	settle(&w);
	holds("all were heard", look(&w, "SELECT count(*) FROM answer") == REPLIES, "%lld",
	      (long long)look(&w, "SELECT count(*) FROM answer"));
	count_anew(&w);
	inbound(&w, REPLIES, 8613900000000u + REPLIES, "1");
	run(&w);
	holds("the last costs the same", w.total < first * 2, "%lu, the first %lu", w.total, first);
	count_anew(&w);
	command_push(&w.urgent, cancel(1));
	run(&w);
	bounded(&w, "a stop after 4,000 thank-yous");
	close_world(&w);
}

static int
make_folder(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	write_settings();
	return 0;
}

static int
remove_folder(void **state)
{
	return unit_remove(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twenty_thousand_persons_and_their_helpers),
		cmocka_unit_test(twenty_thousand_villages_and_their_helpers),
		cmocka_unit_test(a_step_in_slices_survives_any_number_of_stops),
		cmocka_unit_test(a_cancel_between_slices_ends_them),
		cmocka_unit_test(whom_nobody_can_be_called_for_is_told_with_very_many),
		cmocka_unit_test(what_rises_while_a_rung_is_planned_gets_it_once),
		cmocka_unit_test(refusals_do_not_hold_up_a_step_in_slices),
		cmocka_unit_test(a_stop_asks_back_what_is_in_flight_turn_by_turn),
		cmocka_unit_test(a_step_of_the_clock_does_not_end_a_stop),
		cmocka_unit_test(a_stop_forgets_what_waits_turn_by_turn),
		cmocka_unit_test(a_bystander_s_late_reply_finds_its_alert),
		cmocka_unit_test(the_last_of_many_replies_costs_what_the_first_did),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
