/* test_signals.c -- what other systems say, through the engine on a virtual clock: kept, matched, waited
 * for, covered, limited, held, ended; and a restart forgets none of it. */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <unistd.h>

#include "core/buf.h"
#include "daemon/engine/engine.h"
#include "daemon/intake/formats/formats.h"
#include "daemon/settings/source.h"
#include "daemon/store/signals.h"

#define COUNTY 990121000000
#define START 1796083200000			/* 2026-12-01T00:00:00Z */

static const char rules[] =
	"read { ref = \"/id\" refs = \"/refs\" act = \"/state\" act_is = { \"ok=end\", \"firing=alert\" } kind = \"/kind\"\n"
	" severity = \"/level\" area = \"/codes\" sent_at = \"/at\" expires_at = \"/until\" mode = \"/mode\"\n"
	" label \"z\" { at = \"/z\" } label \"station\" { at = \"/s\" } text \"zh\" { headline = \"/say\" } }\n"
	"rule \"waits\" { when { label \"z\" { above = 5 } } for = 10m\n"
	" then { template = notice.text severity = yellow areas = true roles = {village_chief}\n"
	"  param \"text\" { text = headline otherwise = \"水位\" max = 20 } } }\n"
	"rule \"holds\" { when { kinds = {dam} } trust = hold\n"
	" then { template = notice.text severity = red areas = true roles = {village_chief}\n"
	"  param \"text\" { value = \"坝\" } } }\n"
	"rule \"noted\" { when { kinds = {log} } trust = note\n"
	" then { template = notice.text severity = blue areas = true roles = {village_chief}\n"
	"  param \"text\" { value = \"记\" } } }\n"
	"rule \"again\" { when { kinds = {rain} } again = 1h by = {station}\n"
	" then { template = notice.text areas = true roles = {village_chief}\n"
	"  param \"text\" { text = headline otherwise = \"雨\" } } end { template = notice.text } }\n"
	"rule \"storm\" { when { kinds = {storm} }\n"
	" then { template = notice.text policy = call.yellow areas = true param \"text\" { value = \"风\" } } }\n"
	"rule \"bykind\" { when { kinds = {rainstorm} }\n"
	" then { areas = true param \"mm\" { label = z otherwise = \"50\" } param \"hours\" { value = \"6\" } } }\n"
	"rule \"anykind\" { when { kinds = {\"qual*\"} } then { areas = true } }\n"
	"rule \"limited\" { when { kinds = {fire} } limit = 2\n"
	" then { template = notice.text areas = true roles = {village_chief}\n"
	"  param \"text\" { value = \"火\" } } }\n";
static const char gauge_rules[] =
	"read { ref = \"/id\" label \"z\" { at = \"/z\" } label \"s\" { at = \"/s\" } sent_at = \"/at\" }\n"
	"rule \"high\" { when { label \"z\" { above = 5 } } for = 10m gap = 4m by = {s}\n"
	" then { template = notice.text severity = orange divisions = {990121} roles = {village_chief}\n"
	"  param \"text\" { value = \"高\" } } }\n";
static const char conf[] =
	"route \"r\" { driver = gong-sim option \"simulation\" { value = \"true\" } channels = {sms} }\n"
	"source \"s\" { format = json rules = \"s.rules\" token_file = \"token\" up_to = red }\n"
	"source \"t\" { format = json rules = \"s.rules\" token_file = \"token\" up_to = red shares_refs = {s} }\n"
	"source \"low\" { format = json rules = \"s.rules\" token_file = \"token\" up_to = blue\n"
	" divisions = {990121001} kinds = {\"ra*\"} }\n"
	"source \"told\" { format = json rules = \"s.rules\" token_file = \"token\" up_to = red\n"
	" callback_to = {\"https://a.example\"} feedback_to = \"https://a.example/in?pass=x\" feedback = {verdict, end} }\n"
	"source \"g\" { format = json rules = \"g.rules\" token_file = \"token\" up_to = red heartbeat = 30m }\n";

static char folder[40], store_path[64];
static struct settings *settings;
static struct store *store;
static struct engine *engine;
static struct command_list urgent, bulk;
static msec now;
static char said[800];			/* the last reply */
static bool was_refused;
static char hooked[64];			/* the key of the last word to a source */
static int64_t hook;			/* which it is; 0 = none since */
static bool dies;			/* gongd dies after every commit, and every sender sends again */

static void
put_file(const char *name, const char *body)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(body, f);
	fclose(f);
}

static void
fill(void)
{
	store_begin(store);
	store_division_put(store, COUNTY, "青石县", NULL);
	for (int t = 1; t <= 2; t++) {
		division_code town = COUNTY + t * 1000;
		uint64_t numbers[4] = { 8613900000000u + (unsigned)t };
		char ref[20];
		uint32_t id;

		store_division_put(store, town, "镇", NULL);
		store_division_put(store, town + 1, "村", NULL);
		snprintf(ref, sizeof(ref), "chief-%d", t);
		id = store_person_put(store, ref, "张", LANG_ZH, true, numbers, 15, 15);
		store_post_put(store, store_role_id(store, "village_chief"), town + 1, 1, id, LANG_ZH);
	}
	assert_int_equal(store_commit(store, NULL), 0);
}

static void
read_settings(void)
{
	struct err err = { .text = "" };
	char path[64];

	settings_unref(settings);
	snprintf(path, sizeof(path), "%s/gong.conf", folder);
	holds("the settings", settings_load(&settings, path, NULL, &err) == 0, "%s", err.text);
}

static void
open_engine(void)
{
	struct err err = { .text = "" };

	holds("the store", store_open(&store, store_path, &err) == 0, "%s", err.text);
	holds("the engine", engine_open(&engine, store, settings, now, &err) == 0, "%s", err.text);
}

static void
close_engine(void)
{
	engine_close(engine);
	store_close(store);
}

/* Turns until nothing is left to do now. */
static void
run(void)
{
	static unsigned waits;
	bool told = urgent.first || bulk.first;
	msec wake = now;

	for (int guard = 0; wake <= now || urgent.first || bulk.first; guard++) {
		struct effect_list effects = { 0 };
		struct err err = { .text = "" };
		struct effect *f;

		holds("it comes to rest", guard < 1000, "%d turns", guard);
		holds("a turn", engine_turn(engine, &urgent, &bulk, now, &effects, &wake, &err) == 0, "%s",
		      err.text);
		if (dies && guard < 2 && (told || ++waits % 5 == 0)) {	/* of minutes, every fifth */
			close_engine();
			open_engine();
		}
		while ((f = effect_pop(&effects))) {
			if (f->kind == EFFECT_REPLY) {
				was_refused = f->reply.kind == REPLY_REFUSED;
				snprintf(said, sizeof(said), "%s", was_refused ? f->reply.refusal->text
					 : f->reply.json);
			}
			if (f->kind == EFFECT_HOOK) {
				snprintf(hooked, sizeof(hooked), "%s", f->hook.key);
				hook = f->hook.id;
			}
			effect_free(f);
		}
	}
}

/* Time passes as the engine wants to be woken. */
static void
until(msec at)
{
	while (now < at) {
		now += MINUTES(1) < at - now ? MINUTES(1) : at - now;
		run();
	}
}

static struct command *
post_of(const char *source, const char *body)
{
	const struct source_conf *c = settings_source(settings, source);
	struct command *cmd = format_post(c, 1);
	struct signals_document *d = &cmd->signals->documents[0];
	struct format_input in = { .bytes = body, .len = strlen(body), .map = c->rules.map, .now = now };
	struct err err = { 0 };

	format_keep(d, c, body, in.len);
	holds(body, format_parser(c->format)(&d->post, &in, &err) == 0, "%s", err.text);
	cmd->reply_to = 1;
	return cmd;
}

static void
post(const char *source, const char *body)
{
	command_push(&bulk, post_of(source, body));
	run();
}

/* It had no answer the first time. */
static void
post_again(const char *source, const char *body)
{
	char first[sizeof(said)];
	const char *cut;

	if (!dies)
		return;
	memcpy(first, said, sizeof(first));
	post(source, body);
	cut = strstr(first, ",\"reason\"");
	holds(body, cut && strncmp(first, said, (size_t)(cut - first)) == 0, "%.500s, then %.500s", first, said);
	memcpy(said, first, sizeof(said));
}

static int64_t
look(const char *sentence, const char *name, const char **text)
{
	static json_t *reply;
	json_t *one, *value;

	json_decref(reply);
	reply = json_loads(said, 0, NULL);
	one = json_array_get(json_object_get(reply, "signals"), 0);
	holds(sentence, one || json_is_object(reply), "%s", said);
	value = json_object_get(one ? one : reply, name);
	if (text)
		*text = json_string_value(value) ? json_string_value(value) : "";
	return json_integer_value(value);
}

/* Posts, and says what became of it: "matched", or "ignored covered". */
static void
expect(const char *source, const char *body, const char *want)
{
	const char *state, *reason;
	char got[100];

	post(source, body);
	look(body, "state", &state);
	snprintf(got, sizeof(got), "%s", state);
	look(body, "reason", &reason);
	if (*reason)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), " %s", reason);
	holds(body, strcmp(got, want) == 0, "%s (%s)", got, said);
	post_again(source, body);
}

static enum alert_state
state_of(int64_t alert)
{
	struct alert a;

	assert_true(store_alert_get(store, alert, &a));
	return a.state;
}

static int64_t
alert_of(void)
{
	return look("its alert", "alert", NULL);
}

static void
step(msec by)
{
	struct command *cmd = command_new(CMD_CLOCK_STEP, -1);

	now += by;
	cmd->by.kind = PRINCIPAL_GONG;
	cmd->clock_step_ms = by;
	command_push(&urgent, cmd);
	run();
}

static void
gesture(enum command_kind kind, int64_t signal)
{
	struct command *cmd = command_new(kind, -1);

	cmd->signal = xcalloc(1, sizeof(*cmd->signal));
	cmd->signal->signal = signal;
	cmd->by.kind = PRINCIPAL_GONG;
	snprintf(cmd->by.name, sizeof(cmd->by.name), "gong");
	cmd->reply_to = 1;
	command_push(command_lane(kind) == LANE_URGENT ? &urgent : &bulk, cmd);
	run();
}

static void
cancel(int64_t alert)
{
	struct command *cmd = command_new(CMD_CANCEL, -1);

	cmd->cancel = xcalloc(1, sizeof(*cmd->cancel));
	cmd->cancel->alert = alert;
	cmd->by.kind = PRINCIPAL_GONG;
	snprintf(cmd->by.name, sizeof(cmd->by.name), "gong");
	command_push(&urgent, cmd);
	run();
}

/* -- */

static void
keeps_and_sends(void **state)
{
	int64_t first;

	expect("s", "{\"id\":\"a\",\"kind\":\"rain\",\"level\":\"orange\",\"codes\":[\"990121001\"],\"s\":\"1\"}",
	       "matched");
	first = alert_of();
	assert_true(alert_is_open(state_of(first)));
	expect("s", "{\"id\":\"a\",\"kind\":\"rain\",\"level\":\"orange\",\"codes\":[\"990121001\"],\"s\":\"1\"}",
	       "matched signal_repeated");
	assert_int_equal(alert_of(), first);
	expect("s", "{\"id\":\"b\",\"kind\":\"quake\"}", "unmatched signal_no_rule");
	expect("s", "{\"id\":\"c\",\"kind\":\"log\",\"codes\":[\"990121\"]}", "ignored signal_noted");
	expect("s", "{\"id\":\"d\",\"state\":\"beat\"}", "ignored signal_beat");
	expect("s", "{\"id\":\"e\",\"state\":\"test\"}", "ignored signal_test");
	expect("s", "{\"id\":\"f\",\"state\":\"dance\"}", "refused signal_act_unknown");
	expect("s", "{\"id\":\"g\",\"kind\":\"rain\",\"codes\":[\"990121001\"]}", "refused signal_no_severity");
	expect("s", "{\"id\":\"h\",\"kind\":\"rain\",\"level\":\"red\",\"codes\":[\"990199\"]}",
	       "refused signal_no_place");
	expect("s", "{\"id\":\"h2\",\"kind\":\"rain\",\"level\":\"red\",\"codes\":[\"990199\"]}",
	       "refused signal_no_place");
	/* what cannot be read, has no severity, and has no place: two of those are one task */
	assert_int_equal(store_tasks_open(store, "signal"), 3);
	expect("s", "{\"id\":\"i\",\"kind\":\"rain\",\"level\":\"red\",\"s\":\"i\",\"codes\":[\"990121002\"],"
	       "\"say\":\"two\\r\\nlines www.x.cn/y\"}", "matched");
}

/* The table of kinds says by what text and ladder. */
static void
goes_by_its_kind(void **state)
{
	static const struct { const char *then, *why; } faults[] = {
		{ "kind = rainstrom areas = true", "the table of kinds has no \"rainstrom\"" },
		{ "kind = rainstorm severity = notice areas = true", "no text for a notice" },
		{ "kind = rainstorm areas = true param \"mm\" { value = \"1\" }", "needs \"hours\"" },
		{ "kind = rainstorm areas = true param \"mm\" { value = \"1\" } param \"hours\" { value = \"1\" }"
		  " param \"mn\" { value = \"1\" }", "\"mn\" is in no text" },
		{ "template = warn.rain severity = red areas = true param \"mm\" { value = \"1\" }",
		  "the text warn.rain needs \"hours\"" },
	};
	struct alert a;

	expect("s", "{\"id\":\"k1\",\"kind\":\"rainstorm\",\"level\":\"red\",\"codes\":[\"990121001\"]}",
	       "matched");
	assert_true(store_alert_get(store, alert_of(), &a));
	assert_string_equal(a.kind, "rainstorm");
	assert_non_null(strstr(a.body, "warn.rain"));
	assert_null(strstr(a.body, "warn.rain.note"));
	assert_non_null(strstr(a.body, "call.red"));
	expect("s", "{\"id\":\"k2\",\"kind\":\"qualm\",\"level\":\"red\",\"codes\":[\"990121001\"]}",
	       "refused no_kind");
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		struct rules parsed;
		struct err err = { .text = "" };
		char body[300];

		snprintf(body, sizeof(body), "rule \"r\" { then { %s } }\n", faults[i].then);
		holds(faults[i].then, rules_parse(&parsed, body, "k.rules", settings, &err) < 0 &&
		      strstr(err.text, faults[i].why), "%s", err.text);
		rules_fini(&parsed);
	}
}

static void
updates_and_ends(void **state)
{
	int64_t first, second;

	expect("s", "{\"id\":\"u\",\"kind\":\"rain\",\"level\":\"yellow\",\"codes\":[\"990121001\"],\"s\":\"2\"}",
	       "matched");
	first = alert_of();
	/* what nobody would notice changes nothing, and no second alert */
	expect("s", "{\"id\":\"u\",\"kind\":\"rain\",\"level\":\"yellow\",\"codes\":[\"990121001\"],\"s\":\"2\","
	       "\"z\":1,\"until\":\"2026-12-03T00:00:00Z\"}", "matched signal_unchanged");
	assert_int_equal(alert_of(), first);
	expect("s", "{\"id\":\"u\",\"kind\":\"rain\",\"level\":\"red\",\"codes\":[\"990121001\"],\"s\":\"2\"}",
	       "matched");
	second = alert_of();
	assert_int_not_equal(first, second);
	assert_int_equal(state_of(first), ALERT_CANCELLED);
	/* another source may end it only if it shares its refs */
	expect("low", "{\"id\":\"u\",\"state\":\"ok\"}", "ignored signal_nothing_open");
	assert_true(alert_is_open(state_of(second)));
	expect("t", "{\"id\":\"u\",\"state\":\"ok\"}", "matched signal_ended");
	assert_int_equal(state_of(second), ALERT_CANCELLED);
}

static void
leaves_what_an_update_does_not_name(void **state)
{
	int64_t first;

	expect("s", "{\"id\":\"p\",\"kind\":\"storm\",\"level\":\"yellow\",\"s\":\"p\",\"codes\":[\"990121001\","
	       "\"990121002\"]}", "matched");
	first = alert_of();
	expect("s", "{\"id\":\"p\",\"kind\":\"storm\",\"level\":\"red\",\"s\":\"p\",\"codes\":[\"990121001\"]}",
	       "matched");
	assert_int_equal(state_of(first), ALERT_ACTIVE);
	expect("s", "{\"id\":\"p\",\"state\":\"ok\"}", "matched signal_ended");
	assert_int_equal(state_of(first), ALERT_CANCELLED);
}

static void
settles_by_when_it_was_said(void **state)
{
	expect("s", "{\"id\":\"o\",\"kind\":\"rain\",\"level\":\"red\",\"s\":\"o\",\"codes\":[\"990121001\"],"
	       "\"at\":\"2026-11-30T12:00:00Z\"}", "matched");
	expect("s", "{\"id\":\"o\",\"kind\":\"rain\",\"level\":\"blue\",\"s\":\"o\",\"codes\":[\"990121001\"],"
	       "\"at\":\"2026-11-30T11:00:00Z\"}", "ignored signal_overtaken");
	/* the end came first: its alert is recorded and does not ring */
	expect("s", "{\"id\":\"e1\",\"state\":\"ok\",\"at\":\"2026-11-30T12:00:00Z\"}",
	       "ignored signal_nothing_open");
	expect("s", "{\"id\":\"e1\",\"kind\":\"rain\",\"level\":\"red\",\"codes\":[\"990121001\"],"
	       "\"at\":\"2026-11-30T11:59:00Z\"}", "ignored signal_overtaken");
	/* what begins after an end that nobody dated rings */
	expect("s", "{\"id\":\"e2\",\"state\":\"ok\"}", "ignored signal_nothing_open");
	expect("s", "{\"id\":\"e2\",\"kind\":\"rain\",\"level\":\"red\",\"s\":\"e2\",\"codes\":[\"990121001\"]}",
	       "matched");
}

/* A clerk has renamed a rule for which something waited: nobody is told, so the desk is. */
static void
tells_of_a_rule_that_went(void **state)
{
	struct signal_row row;
	size_t before = store_tasks_open(store, "signal");
	int64_t signal;
	char *renamed = xstrdup(rules);

	expect("s", "{\"id\":\"g\",\"z\":6,\"codes\":[\"990121001\"]}", "new signal_waits");
	signal = look("its id", "id", NULL);
	memcpy(strstr(renamed, "waits"), "level", 5);
	put_file("s.rules", renamed);
	free(renamed);
	close_engine();
	read_settings();
	open_engine();
	until(now + MINUTES(11));
	assert_true(store_signal_get(store, signal, &row));
	assert_int_equal(row.state, SIGNAL_IS_UNMATCHED);
	assert_int_equal(store_tasks_open(store, "signal"), before + 1);
	gesture(CMD_SIGNAL_REPLAY, signal);
	until(now + MINUTES(11));
	assert_true(store_signal_get(store, signal, &row));
	assert_int_equal(row.state, SIGNAL_IS_MATCHED);
}

static void
stays_within_its_rights(void **state)
{
	expect("low", "{\"id\":\"1\",\"kind\":\"fire\",\"level\":\"blue\",\"codes\":[\"990121001\"]}",
	       "refused signal_kind_outside");
	expect("low", "{\"id\":\"2\",\"kind\":\"rain\",\"level\":\"red\",\"codes\":[\"990121001\"]}",
	       "refused client_up_to");
	expect("low", "{\"id\":\"3\",\"kind\":\"rain\",\"level\":\"blue\",\"codes\":[\"990121002\"]}",
	       "refused signal_no_place");
	/* a county is cut to what is its own */
	expect("low", "{\"id\":\"4\",\"kind\":\"rain\",\"level\":\"blue\",\"s\":\"low\",\"codes\":[\"990121\"]}",
	       "matched");
}

static void
waits_for_what_may_end(void **state)
{
	int64_t signal;

	expect("s", "{\"id\":\"w\",\"z\":6,\"codes\":[\"990121001\"]}", "new signal_waits");
	until(now + MINUTES(5));
	expect("s", "{\"id\":\"w\",\"state\":\"ok\"}", "matched signal_ended");
	until(now + MINUTES(20));
	expect("s", "{\"id\":\"w2\",\"z\":6,\"codes\":[\"990121001\"]}", "new signal_waits");
	signal = look("its id", "id", NULL);
	until(now + MINUTES(9));
	/* a restart right when it falls due: the doors are open for 30 s first */
	close_engine();
	now += MINUTES(3);
	open_engine();
	run();
	struct signal_row row;
	assert_true(store_signal_get(store, signal, &row));
	assert_int_equal(row.alert, 0);
	now += SECONDS(31);
	run();
	assert_true(store_signal_get(store, signal, &row));
	assert_int_equal(row.state, SIGNAL_IS_MATCHED);
	assert_int_not_equal(row.alert, 0);
}

static int64_t
gauge(const char *station, double z)
{
	char body[100];

	snprintf(body, sizeof(body), "{\"s\":\"%s\",\"z\":%.2f,\"id\":\"%s-%lld\"}", station, z, station,
		 (long long)now);
	post("g", body);
	post_again("g", body);
	return alert_of();
}

static void
watches_gauges(void **state)
{
	/* one that flaps rings nobody */
	for (int i = 0; i < 30; i++, until(now + MINUTES(1)))
		assert_int_equal(gauge("flaps", i % 5 ? 6 : 4), 0);
	/* one that is silent for longer than the gap begins anew */
	assert_int_equal(gauge("gap", 6), 0);
	until(now + MINUTES(11));
	assert_int_equal(gauge("gap", 6), 0);
	/* one that holds rings once, at its tenth minute */
	for (int i = 0; i < 30; i++, until(now + MINUTES(1))) {
		int64_t alert = gauge("high", 6 + i);
		const char *reason;

		look("its reason", "reason", &reason);
		if (i < 10)
			holds("it waits", !alert && strcmp(reason, "signal_waits") == 0, "minute %d: %s", i, said);
		else if (i == 10)
			holds("it rings", alert, "minute %d: %s", i, said);
		else
			holds("it holds on", strcmp(reason, "signal_holds_on") == 0, "minute %d: %s", i, said);
		if (i == 5 || i == 15) {	/* a restart forgets nothing */
			close_engine();
			open_engine();
		}
	}
	/* thirty values are one row */
	post("g", "{\"s\":\"high\",\"z\":4,\"id\":\"over\"}");
}

static void
covers_what_was_told(void **state)
{
	until(now + HOURS(2));
	expect("s", "{\"id\":\"c1\",\"kind\":\"rain\",\"level\":\"yellow\",\"s\":\"9\",\"codes\":[\"990121001\"]}",
	       "matched");
	expect("s", "{\"id\":\"c2\",\"kind\":\"rain\",\"level\":\"yellow\",\"s\":\"9\",\"codes\":[\"990121001001\"]}",
	       "ignored signal_covered");
	expect("t", "{\"id\":\"c3\",\"kind\":\"rain\",\"level\":\"yellow\",\"s\":\"9\",\"codes\":[\"990121001\"]}",
	       "ignored signal_covered");
	/* another station, another place, a higher colour: not covered */
	expect("s", "{\"id\":\"c4\",\"kind\":\"rain\",\"level\":\"yellow\",\"s\":\"8\",\"codes\":[\"990121001\"]}",
	       "matched");
	expect("s", "{\"id\":\"c5\",\"kind\":\"rain\",\"level\":\"red\",\"s\":\"9\",\"codes\":[\"990121001\"]}",
	       "matched");
	/* when only one of them has taken it back, it is still covered */
	expect("s", "{\"id\":\"c6\",\"kind\":\"rain\",\"level\":\"yellow\",\"s\":\"7\",\"codes\":[\"990121002\"]}",
	       "matched");
	expect("t", "{\"id\":\"c7\",\"kind\":\"rain\",\"level\":\"yellow\",\"s\":\"7\",\"codes\":[\"990121002\"]}",
	       "ignored signal_covered");
	expect("s", "{\"id\":\"c6\",\"state\":\"ok\"}", "matched signal_ended");
	expect("s", "{\"id\":\"c8\",\"kind\":\"rain\",\"level\":\"yellow\",\"s\":\"7\",\"codes\":[\"990121002\"]}",
	       "ignored signal_covered");
	until(now + HOURS(1) + 1);
	expect("s", "{\"id\":\"c9\",\"kind\":\"rain\",\"level\":\"yellow\",\"s\":\"9\",\"codes\":[\"990121001\"]}",
	       "matched");
}

/* An exercise keeps nobody from what is real, and ends nothing of it. */
static void
keeps_drills_apart(void **state)
{
	int64_t real, drill;

	until(now + HOURS(2));
	expect("s", "{\"id\":\"x0\",\"kind\":\"rain\",\"level\":\"yellow\",\"s\":\"6\",\"codes\":[\"990121001\"],"
	       "\"mode\":\"drill\"}", "matched");
	drill = alert_of();
	expect("s", "{\"id\":\"x1\",\"kind\":\"rain\",\"level\":\"yellow\",\"s\":\"6\",\"codes\":[\"990121001\"],"
	       "\"mode\":\"drill\"}", "ignored signal_covered");
	expect("s", "{\"id\":\"x2\",\"kind\":\"rain\",\"level\":\"yellow\",\"s\":\"6\",\"codes\":[\"990121001\"]}",
	       "matched");
	real = alert_of();
	expect("s", "{\"id\":\"x2\",\"state\":\"ok\",\"mode\":\"drill\"}", "ignored signal_nothing_open");
	expect("s", "{\"id\":\"x3\",\"refs\":[\"x2\"],\"state\":\"ok\",\"mode\":\"drill\"}",
	       "ignored signal_nothing_open");
	expect("s", "{\"id\":\"x2\",\"kind\":\"storm\",\"level\":\"red\",\"codes\":[\"990121001\"],\"mode\":\"drill\"}",
	       "matched");
	assert_true(alert_is_open(state_of(real)));
	/* what a drill began is no reason to keep the real one under the same ref back */
	expect("s", "{\"id\":\"x0\",\"kind\":\"storm\",\"level\":\"red\",\"codes\":[\"990121001\"]}", "matched");
	assert_int_not_equal(alert_of(), drill);
	assert_true(alert_is_open(state_of(drill)));
	/* what waits to be released, and what waits for its time */
	expect("s", "{\"id\":\"x4\",\"kind\":\"dam\",\"codes\":[\"990121001\"]}", "held signal_held");
	expect("s", "{\"id\":\"x4\",\"state\":\"ok\",\"mode\":\"drill\"}", "ignored signal_nothing_open");
	expect("s", "{\"id\":\"x4\",\"state\":\"ok\"}", "matched signal_ended");
	/* an exercise uses up no limit but its own */
	for (int i = 0; i < 3; i++) {
		char body[120];

		snprintf(body, sizeof(body), "{\"id\":\"y%d\",\"kind\":\"fire\",\"level\":\"yellow\",\"codes\":[\"990121001\"],"
			 "\"mode\":\"drill\"}", i);
		expect("s", body, i < 2 ? "matched" : "ignored signal_limit");
	}
	expect("s", "{\"id\":\"y3\",\"kind\":\"fire\",\"level\":\"yellow\",\"codes\":[\"990121001\"]}", "matched");
	/* the real end is everybody's */
	expect("s", "{\"id\":\"x0\",\"state\":\"ok\"}", "matched signal_ended");
	assert_int_equal(state_of(drill), ALERT_CANCELLED);
}

static void
limits_and_holds(void **state)
{
	int64_t held;

	until(now + HOURS(2));
	for (int i = 0; i < 6; i++) {
		char body[100];

		snprintf(body, sizeof(body), "{\"id\":\"l%d\",\"kind\":\"fire\",\"level\":\"%s\",\"codes\":[\"990121001\"]}",
			 i, i < 4 ? "yellow" : "red");
		expect("s", body, i < 2 || i > 3 ? "matched" : "ignored signal_limit");
	}
	expect("s", "{\"id\":\"l6\",\"kind\":\"fire\",\"level\":\"red\",\"codes\":[\"990121001\"]}",
	       "held signal_limit");
	held = look("its id", "id", NULL);
	assert_int_equal(store_tasks_open(store, "signal_limit"), 1);
	gesture(CMD_SIGNAL_RELEASE, held);
	assert_int_not_equal(alert_of(), 0);
	gesture(CMD_SIGNAL_RELEASE, held);
	holds("released once", was_refused, "%s", said);
	expect("s", "{\"id\":\"h1\",\"kind\":\"dam\",\"codes\":[\"990121001\"]}", "held signal_held");
	expect("s", "{\"id\":\"h1\",\"state\":\"ok\"}", "matched signal_ended");
	expect("s", "{\"id\":\"h2\",\"kind\":\"dam\",\"codes\":[\"990121001\"]}", "held signal_held");
	held = look("its id", "id", NULL);
	expect("s", "{\"id\":\"h2\",\"kind\":\"dam\",\"codes\":[\"990121\"]}", "held signal_held");
	gesture(CMD_SIGNAL_RELEASE, held);
	holds("what was said anew is not released in its old words", was_refused, "%s", said);
	gesture(CMD_SIGNAL_REPLAY, held);
	holds("but may be tried again", !was_refused, "%s", said);
}

/* Without an instant of its own, what is said after something else of the same ref is meant anew. */
static void
begins_anew_after_its_end(void **state)
{
	static const char fires[] = "{\"id\":\"n\",\"kind\":\"rain\",\"level\":\"yellow\",\"s\":\"n\","
				    "\"codes\":[\"990121001\"]}";
	static const char ends[] = "{\"id\":\"n\",\"state\":\"ok\"}";
	int64_t first;

	expect("s", fires, "matched");
	first = alert_of();
	expect("s", fires, "matched signal_repeated");
	expect("s", ends, "matched signal_ended");
	expect("s", ends, "matched signal_repeated");
	expect("s", fires, "matched");
	assert_int_not_equal(alert_of(), first);
	first = alert_of();
	expect("s", ends, "matched signal_ended");
	assert_int_equal(state_of(first), ALERT_CANCELLED);
	/* orange, red, and orange again is three words, the last of which holds */
	expect("s", "{\"id\":\"v\",\"kind\":\"storm\",\"level\":\"orange\",\"codes\":[\"990121001\"]}", "matched");
	expect("s", "{\"id\":\"v\",\"kind\":\"storm\",\"level\":\"red\",\"codes\":[\"990121001\"]}", "matched");
	expect("s", "{\"id\":\"v\",\"kind\":\"storm\",\"level\":\"orange\",\"codes\":[\"990121001\"]}", "matched");
	expect("s", "{\"id\":\"v\",\"state\":\"ok\"}", "matched signal_ended");
}

/* A wait goes on under newer words, and those are sent. */
static void
sends_the_newest_words_of_a_wait(void **state)
{
	struct signal_row row;
	int64_t old, newer;

	expect("s", "{\"id\":\"nw\",\"z\":6,\"codes\":[\"990121001\"]}", "new signal_waits");
	old = look("its id", "id", NULL);
	until(now + MINUTES(6));
	expect("s", "{\"id\":\"nw\",\"z\":9,\"say\":\"涨\",\"codes\":[\"990121001\"]}", "new signal_waits");
	newer = look("its id", "id", NULL);
	until(now + MINUTES(5));
	assert_true(store_signal_get(store, old, &row));
	holds("the older words were not sent", !row.alert, "state %d", row.state);
	assert_true(store_signal_get(store, newer, &row));
	holds("the newer ones were", row.alert, "state %d", row.state);
	expect("s", "{\"id\":\"nw\",\"state\":\"ok\"}", "matched signal_ended");
}

/* Whatever was overtaken does not open the way for what was, too. */
static void
settles_three_in_any_order(void **state)
{
	expect("s", "{\"id\":\"three\",\"state\":\"ok\",\"at\":\"2026-11-30T12:00:00Z\"}",
	       "ignored signal_nothing_open");
	expect("s", "{\"id\":\"three\",\"kind\":\"rain\",\"level\":\"red\",\"codes\":[\"990121001\"],"
	       "\"at\":\"2026-11-30T11:00:00Z\"}", "ignored signal_overtaken");
	expect("s", "{\"id\":\"three\",\"kind\":\"rain\",\"level\":\"red\",\"codes\":[\"990121001\"],"
	       "\"at\":\"2026-11-30T11:30:00Z\"}", "ignored signal_overtaken");
	/* an end that names others by its refs, before they come */
	expect("s", "{\"id\":\"end\",\"refs\":[\"late\"],\"state\":\"ok\",\"at\":\"2026-11-30T12:00:00Z\"}",
	       "ignored signal_nothing_open");
	expect("s", "{\"id\":\"late\",\"kind\":\"rain\",\"level\":\"red\",\"codes\":[\"990121001\"],"
	       "\"at\":\"2026-11-30T11:30:00Z\"}", "ignored signal_overtaken");
}

/* Whoever has answered is not rung again because a number moved that he does not see. */
static void
tells_nobody_the_same_twice(void **state)
{
	int64_t first;

	until(now + HOURS(2));
	expect("s", "{\"id\":\"tw\",\"kind\":\"storm\",\"level\":\"yellow\",\"codes\":[\"990121001\"],"
	       "\"until\":\"2027-12-03T00:00:00Z\"}", "matched");
	first = alert_of();
	cancel(first);
	assert_false(alert_is_open(state_of(first)));
	expect("s", "{\"id\":\"tw\",\"kind\":\"storm\",\"level\":\"yellow\",\"codes\":[\"990121001\"],"
	       "\"until\":\"2027-12-03T00:00:00Z\",\"z\":2}", "matched signal_unchanged");
	expect("s", "{\"id\":\"tw\",\"state\":\"ok\"}", "ignored signal_nothing_open");
	expect("s", "{\"id\":\"tw\",\"kind\":\"storm\",\"level\":\"yellow\",\"codes\":[\"990121001\"],"
	       "\"until\":\"2027-12-03T00:00:00Z\",\"z\":3}", "matched");
}

/* What was over before it came, or before somebody released it, is not told. */
static void
tells_nobody_what_is_over(void **state)
{
	int64_t held;

	expect("s", "{\"id\":\"ov\",\"kind\":\"storm\",\"level\":\"yellow\",\"codes\":[\"990121001\"],"
	       "\"until\":\"2026-11-03T00:00:00Z\"}", "refused signal_expired");
	expect("s", "{\"id\":\"oh\",\"kind\":\"dam\",\"codes\":[\"990121001\"],\"until\":\"2026-12-03T00:00:00Z\"}",
	       "held signal_held");
	held = look("its id", "id", NULL);
	until(1796256000000 + 1);		/* 2026-12-03 */
	gesture(CMD_SIGNAL_RELEASE, held);
	holds("its time is over", was_refused, "%s", said);
}

/* A storm of one source takes nothing from a rule of the same name of another. */
static void
receiver_says(enum hook_fate fate)
{
	struct command *cmd = command_new(CMD_HOOKED, -1);

	cmd->by.kind = PRINCIPAL_GONG;
	cmd->hooked.id = hook;
	cmd->hooked.fate = fate;
	cmd->hooked.reason = xstrdup("down");
	hook = 0;
	command_push(&urgent, cmd);
	run();
}

/* What a source is to be told waits for it a day, restarts or not, one word of an alert after the other. */
static void
tells_its_source_for_a_day(void **state)
{
	char first[sizeof(hooked)];
	msec began = now;
	unsigned tries = 1;

	hook = 0;
	expect("told", "{\"id\":\"o1\",\"kind\":\"storm\",\"level\":\"red\",\"codes\":[\"990121001\"]}", "matched");
	assert_true(hook);
	memcpy(first, hooked, sizeof(first));
	cancel(alert_of());
	assert_string_equal(first, hooked);	/* the end goes behind it */
	close_engine();
	open_engine();
	hook = 0;
	run();
	holds("it goes again after a restart, by its key", hook && strcmp(first, hooked) == 0, "%s, %s", first, hooked);
	for (; now < began + HOURS(25); tries++) {
		receiver_says(HOOK_LATER);
		while (!hook && now < began + HOURS(25))
			until(now + MINUTES(1));
		if (strcmp(first, hooked) != 0)
			break;
	}
	holds("it was tried all day, with pauses", tries > 100 && tries < 250, "%u times", tries);
	holds("then it is given up", now > began + HOURS(24), "after %lld ms", (long long)(now - began));
	assert_int_equal(store_tasks_open(store, "callback"), 1);
	expect("told", "{\"id\":\"o2\",\"kind\":\"storm\",\"level\":\"red\",\"codes\":[\"990121002\"]}", "matched");
	assert_true(hook);
	receiver_says(HOOK_TAKEN);
	assert_int_equal(hook, 0);
}

static void
limits_each_source_apart(void **state)
{
	until(now + HOURS(2));
	expect("s", "{\"id\":\"la1\",\"kind\":\"fire\",\"level\":\"yellow\",\"codes\":[\"990121001\"]}", "matched");
	expect("s", "{\"id\":\"la2\",\"kind\":\"fire\",\"level\":\"yellow\",\"codes\":[\"990121001\"]}", "matched");
	expect("s", "{\"id\":\"la3\",\"kind\":\"fire\",\"level\":\"yellow\",\"codes\":[\"990121001\"]}",
	       "ignored signal_limit");
	expect("t", "{\"id\":\"la4\",\"kind\":\"fire\",\"level\":\"yellow\",\"codes\":[\"990121001\"]}", "matched");
}

/* A value of yesterday that comes late makes no ten minutes of two values. */
static void
counts_no_gap_backwards(void **state)
{
	expect("g", "{\"s\":\"late\",\"z\":6,\"id\":\"late-1\"}", "new signal_waits");
	expect("g", "{\"s\":\"late\",\"z\":6,\"id\":\"late-2\",\"at\":\"2026-11-30T00:00:00Z\"}", "new signal_waits");
	assert_int_equal(alert_of(), 0);
}

static void
misses_a_silent_source(void **state)
{
	until(now + HOURS(1));
	assert_int_equal(store_tasks_open(store, "source"), 1);
	close_engine();
	now += HOURS(5);
	open_engine();
	run();
	assert_int_equal(store_tasks_open(store, "source"), 1);	/* the same one stands */
	gauge("any", 1);
	assert_int_equal(store_tasks_open(store, "source"), 0);
	until(now + MINUTES(29));
	assert_int_equal(store_tasks_open(store, "source"), 0);
	close_engine();			/* gongd was away: it could not hear */
	now += HOURS(5);
	open_engine();
	until(now + MINUTES(29));
	assert_int_equal(store_tasks_open(store, "source"), 0);
	until(now + MINUTES(2));
	assert_int_equal(store_tasks_open(store, "source"), 1);
}

/* gongd that is started anew each night misses what is silent for longer than that, too. */
static void
misses_a_silent_source_over_restarts(void **state)
{
	gauge("any", 1);
	for (int night = 0; night < 3; night++) {
		assert_int_equal(store_tasks_open(store, "source"), 0);
		until(now + MINUTES(8));
		expect("s", "{\"id\":\"beat\",\"state\":\"beat\"}", "ignored signal_beat");	/* another one */
		close_engine();
		now += HOURS(1);
		open_engine();
		run();
	}
	until(now + MINUTES(4));		/* 28 minutes of open doors */
	assert_int_equal(store_tasks_open(store, "source"), 0);
	until(now + MINUTES(4));
	assert_int_equal(store_tasks_open(store, "source"), 1);
}

/* gong's clock was wrong and is put right: nothing rings early, late or not at all because of it. */
static void
steps_with_the_clock(void **state)
{
	const msec steps[] = { -HOURS(5), HOURS(5) };	/* an hour is the longest look back */
	const char *reason;

	until(now + HOURS(2));
	for (int k = 0; k < 2; k++) {
		char body[200], name[24];
		int64_t signal;
		struct signal_row row;

		/* a gauge that gives no instants: ten minutes are ten minutes */
		snprintf(name, sizeof(name), "step%d", k);
		for (int i = 0; i <= 10; i++, until(now + MINUTES(1))) {
			int64_t alert = gauge(name, 6);

			holds("it rings in its tenth minute", (i < 10) == !alert, "step %d, minute %d: %s", k, i, said);
			if (i == 5)
				step(steps[k]);
		}
		gauge(name, 6);
		look("its reason", "reason", &reason);
		assert_string_equal(reason, "signal_holds_on");
		/* a wait */
		snprintf(body, sizeof(body), "{\"id\":\"w%s\",\"z\":6,\"codes\":[\"990121001\"]}", name);
		expect("s", body, "new signal_waits");
		signal = look("its id", "id", NULL);
		until(now + MINUTES(5));
		step(steps[k]);
		until(now + MINUTES(4));
		assert_true(store_signal_get(store, signal, &row));
		assert_int_equal(row.state, SIGNAL_IS_NEW);
		until(now + MINUTES(2));
		assert_true(store_signal_get(store, signal, &row));
		assert_int_equal(row.state, SIGNAL_IS_MATCHED);
		/* what is said anew, and what ends, after the step was not said before it */
		snprintf(body, sizeof(body), "{\"id\":\"a%s\",\"kind\":\"rain\",\"s\":\"%s\",\"level\":\"yellow\","
			 "\"codes\":[\"990121001\"]}", name, name);
		expect("s", body, "matched");
		step(steps[k]);
		body[strlen(body) - 1] = '\0';
		strcat(body, ",\"z\":1}");
		expect("s", body, "matched signal_unchanged");
		/* covered for an hour, by any clock */
		snprintf(body, sizeof(body), "{\"id\":\"c%s\",\"kind\":\"rain\",\"s\":\"%s\",\"level\":\"blue\","
			 "\"codes\":[\"990121001\"]}", name, name);
		expect("s", body, "ignored signal_covered");
		until(now + HOURS(1));
		snprintf(body, sizeof(body), "{\"id\":\"d%s\",\"kind\":\"rain\",\"s\":\"%s\",\"level\":\"blue\","
			 "\"codes\":[\"990121001\"]}", name, name);
		expect("s", body, "matched");
		/* an hour's limit is one of an hour */
		for (int i = 0; i < 3; i++) {
			snprintf(body, sizeof(body), "{\"id\":\"l%s%d\",\"kind\":\"fire\",\"level\":\"blue\","
				 "\"codes\":[\"990121001\"]}", name, i);
			expect("s", body, i < 2 ? "matched" : "ignored signal_limit");
			step(steps[k]);
		}
		until(now + HOURS(1) + MINUTES(1));
		body[8 + strlen(name)] = '9';
		expect("s", body, "matched");
	}
}

/* A value of long ago, and a low one, that come late make no wait longer. */
static void
watches_by_the_gauges_own_clock(void **state)
{
	const struct { const char *at, *z; bool rings; } told[] = {
		{ "2026-12-01T01:30:00Z", "6", false }, { "2026-12-01T01:00:00Z", "6", false },
		{ "2026-12-01T01:33:00Z", "6", false }, { "2026-12-01T01:27:00Z", "6", false },
		{ "2026-12-01T01:36:00Z", "6", false }, { "2026-12-01T01:35:00Z", "4", false },
		{ "2026-12-01T01:39:00Z", "6", false }, { "2026-12-01T01:43:00Z", "6", false },
		{ "2026-12-01T01:47:00Z", "6", true },
	};

	until(START + HOURS(3));
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		char body[160];

		snprintf(body, sizeof(body), "{\"s\":\"own\",\"z\":%s,\"id\":\"own-%zu\",\"at\":\"%s\"}", told[i].z,
			 i, told[i].at);
		post("g", body);
		post_again("g", body);
		holds("it rings", told[i].rings == (alert_of() != 0), "%s: %s", told[i].at, said);
	}
}

/* Behind what people ask for, and a post of each source in turn. */
static void
takes_turns(void **state)
{
	const char *const order[] = { "s", "s", "s", "t" };
	char body[40];

	for (int i = 0; i < 4; i++) {
		snprintf(body, sizeof(body), "{\"id\":\"turn%d\",\"kind\":\"x\"}", i);
		command_push(&bulk, post_of(order[i], body));
	}
	gesture(CMD_SIGNAL_REPLAY, 1);
	assert_null(bulk.first);
	holds("the last reply is the last post of the busy source", strstr(said, "signals"), "%s", said);
}

static int
begin(void **state)
{
	struct buf body = { 0 };
	char here[4096];

	setenv("TZ", "Asia/Shanghai", 1);
	snprintf(folder, sizeof(folder), "/tmp/gong-signals-XXXXXX");
	if (!mkdtemp(folder) || !getcwd(here, sizeof(here)))
		return -1;
	snprintf(store_path, sizeof(store_path), "%s/gong.db", folder);
	put_file("s.rules", rules);
	put_file("g.rules", gauge_rules);
	put_file("token", "0123456789abcdef\n");
	buf_printf(&body, "state_dir = \".\"\nkinds = {\"%1$s/config/kinds.conf\"}\nroles = \"%1$s/config/roles.conf\"\ntemplates = "
		 "{\"%1$s/templates\"}\npolicies = {\"%1$s/config/policies\"}\nsite { country = \"86\"\n"
		 " signature_zh = \"【试】\"\n signature_en = \"T: \" }\n%2$s", here, conf);
	put_file("gong.conf", body.data);
	buf_fini(&body);
	read_settings();
	now = START;
	open_engine();
	fill();
	run();
	return 0;
}

static int
begin_to_die(void **state)
{
	dies = true;
	return begin(state);
}

static int
end(void **state)
{
	close_engine();
	settings_unref(settings);
	settings = NULL;
	return unit_remove(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(watches_by_the_gauges_own_clock),
		cmocka_unit_test(keeps_and_sends),
		cmocka_unit_test(updates_and_ends),
		cmocka_unit_test(goes_by_its_kind),
		cmocka_unit_test(leaves_what_an_update_does_not_name),
		cmocka_unit_test(settles_by_when_it_was_said),
		cmocka_unit_test(tells_of_a_rule_that_went),
		cmocka_unit_test(stays_within_its_rights),
		cmocka_unit_test(waits_for_what_may_end),
		cmocka_unit_test(watches_gauges),
		cmocka_unit_test(covers_what_was_told),
		cmocka_unit_test(keeps_drills_apart),
		cmocka_unit_test(limits_and_holds),
		cmocka_unit_test(begins_anew_after_its_end),
		cmocka_unit_test(sends_the_newest_words_of_a_wait),
		cmocka_unit_test(settles_three_in_any_order),
		cmocka_unit_test(tells_nobody_the_same_twice),
		cmocka_unit_test(tells_nobody_what_is_over),
		cmocka_unit_test(limits_each_source_apart),
		cmocka_unit_test(counts_no_gap_backwards),
		cmocka_unit_test(steps_with_the_clock),
		cmocka_unit_test(misses_a_silent_source),
		cmocka_unit_test(misses_a_silent_source_over_restarts),
		cmocka_unit_test(takes_turns),
		cmocka_unit_test(tells_its_source_for_a_day),
	};

	/* The stories of a process that dies after each commit: all but those that start it anew themselves. */
	const size_t stories = sizeof(tests) / sizeof(*tests) - 4;
	int failed = cmocka_run_group_tests(tests, begin, end);

	return failed + _cmocka_run_group_tests("deaths", tests, stories, begin_to_die, end);
}
