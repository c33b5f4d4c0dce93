/* test_read.c -- the store seen from outside: every view, its pages and its refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "tests/unit/unit.h"

#include "core/message_state.h"
#include "daemon/store/read.h"
#include "daemon/store/store.h"
#include "daemon/settings/settings.h"

#define RELEASED 1795471200000

static char folder[] = "/tmp/gong-read-XXXXXX", path[64];
static struct settings *settings;
static struct store *store;
static struct reader *reader;
static uint32_t wave_open, wave_gone;
static const struct principal desk = { .kind = PRINCIPAL_USER, .name = "socket:0" };

static void
put_people(void)
{
	for (uint32_t i = 1; i <= 5; i++) {
		uint64_t numbers[4] = { 8613800138000 + i };
		char ref[8], name[16];

		snprintf(ref, sizeof(ref), "c%u", i);
		snprintf(name, sizeof(name), "张%u", i);
		store_person_put(store, ref, name, LANG_ZH, true, numbers, 1, 1);
	}
	store_division_put(store, 990121103001, "清东湾", "{}");
	store_division_put(store, 990121103002, "石桥", "{}");
}

static int64_t
put_document(const char *kind, const char *name)
{
	const struct document *d = settings_document(settings, kind, name);

	return store_document_put(store, kind, name, d->body, d->sha256);
}

static void
put_alerts(void)
{
	unsigned char digest[32] = { 0 };
	struct alert a = { .template = put_document("template", "flood.move"),
			   .policy = put_document("policy", "move.now"), .severity = SEVERITY_RED,
			   .accepted_at = RELEASED, .released_at = RELEASED,
			   .expires_at = RELEASED + HOURS(24), .deadline_at = NEVER,
			   .due_at = NEVER, .body = "{}" };

	for (a.id = 1; a.id <= 3; a.id++) {
		char key[16];

		a.state = a.id == 2 ? ALERT_CANCELLED : ALERT_ACTIVE;
		snprintf(a.code, sizeof(a.code), "A%d", (int)a.id);
		snprintf(key, sizeof(key), "desk/k%d", (int)a.id);
		a.drill = a.id == 3;
		store_alert_insert(store, &a, key, digest, "desk");
		a.step = 2;
		a.targets = 2;
		a.closed_at = a.state == ALERT_CANCELLED ? RELEASED + 1 : NEVER;
		store_alert_update(store, &a);
	}
}

static void
put_targets(void)
{
	struct said said, reason, over;

	store_target_insert(store, 1, &(struct target){ .id = 0, .division = 990121103001 });
	store_target_insert(store, 1, &(struct target){ .id = 1, .division = 990121103002 });
	store_target_raise(store, 1, 1, LEVEL_DONE, 1,
			   &(struct answer){ .at = RELEASED + 1000, .contact = 2 });
	store_event(store, 1, RELEASED, "accepted", "{\"client\":\"desk\"}");
	store_event(store, 1, RELEASED, "odd", "not \"JSON");
	said_verbatim(&said, "请联系");	/* as tasks of an older gong are */
	store_task_open(store, 1, "help", &said, RELEASED);
	store_task_close(store, store_task_open(store, 0, "route", &said, RELEASED), "desk", "ok",
			 RELEASED);
	SAY(&reason, alarm_down, NUM(2), "CMS 38 \"x\"");
	SAY(&said, task_route, "sim1", NEST(&reason));
	SAY(&over, alarm_over);
	store_task_over(store, store_task_open(store, 0, "route", &said, RELEASED), &over, RELEASED);
}

static void
put_messages(void)
{
	struct wave w = { .alert = 1, .state = WAVE_OPEN, .severity = SEVERITY_RED,
			  .expires_at = NEVER, .planned_at = RELEASED, .total = 3 };
	int64_t variant = store_variant_insert(store, &(struct variant){
		.alert = 1, .lang = LANG_ZH, .head = "【县】", .body = "快走", .parts = 2 });
	int64_t route = store_route_id(store, "sim1");
	struct message m;

	wave_open = w.id = store_wave_insert(store, &w);
	for (uint32_t i = 1; i <= 3; i++)
		store_message_insert(store, w.id, i, variant, 0, NEVER);
	store_messages_claim(store, w.id, 0, 1, 1, route, 7, RELEASED + 5);
	store_message_get(store, w.id, 1, CHANNEL_SMS, &m);
	store_message_sent(store, w.id, 1, m.attempt & 31, CHANNEL_SMS, 2, "r1", RELEASED + 10);
	store_attempt_receipt(store, w.id, 1, m.attempt & 31, true, RELEASED + 20);
	w.count[MESSAGE_SENT] = 1;
	store_wave_update(store, &w, true);
	w = (struct wave){ .alert = 1, .step = 1, .channel = CHANNEL_VOICE, .state = WAVE_WITHDRAWN,
			   .severity = SEVERITY_RED, .expires_at = NEVER, .planned_at = RELEASED,
			   .total = 2 };
	wave_gone = w.id = store_wave_insert(store, &w);
	store_message_insert(store, w.id, 4, variant, 0, NEVER);
	store_message_insert(store, w.id, 5, variant, 0, NEVER);
	store_route_note(store, route, "up", "{\"ok\":true}", RELEASED);
}

/* The shipped site, with two routes. */
static void
write_conf(const char *conf)
{
	char here[4096];
	FILE *f = fopen(conf, "w");

	assert_true(f && getcwd(here, sizeof(here)));
	fprintf(f, "roles = \"%1$s/config/roles.conf\"\ntemplates = {\"%1$s/templates\"}\n"
		"policies = {\"%1$s/config/policies\"}\n"
		"route \"sim1\" { driver = \"gong-modem\" speed = 0.25 }\n"
		"route \"provider\" { driver = \"gong-http\" backup = true }\n", here);
	fclose(f);
}

static int
setup(void **state)
{
	struct err err = { 0 };

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/gong.conf", folder);
	write_conf(path);
	if (settings_load(&settings, path, NULL, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	unlink(path);
	snprintf(path, sizeof(path), "%s/gong.db", folder);
	if (store_open(&store, path, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	store_begin(store);
	put_people();
	put_alerts();
	put_targets();
	put_messages();
	if (store_commit(store, &err) < 0 || reader_open(&reader, path, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return 0;
}

static int
teardown(void **state)
{
	static const char *const files[] = { "", "-wal", "-shm" };

	reader_close(reader);
	store_close(store);
	settings_unref(settings);
	for (size_t i = 0; i < 3; i++) {
		char file[80];

		snprintf(file, sizeof(file), "%s%s", path, files[i]);
		unlink(file);
	}
	return rmdir(folder);
}

static json_t *
run(struct read_query q)
{
	struct buf out = { 0 };
	struct err err = { 0 };
	json_error_t where;
	json_t *json;
	int rc = reader_run(reader, &q, settings, RELEASED + 60000, &out, &err);

	if (rc < 0)
		fail_msg("%s: %s", err_kind_name(err.kind), err.text);
	json = json_loads(out.data, JSON_REJECT_DUPLICATES, &where);
	if (!json)
		fail_msg("no JSON: %s in %s", where.text, out.data);
	buf_fini(&out);
	return json;
}

/* The value at a path of names and numbers: "alerts.0.code". */
static json_t *
at(json_t *json, const char *where)
{
	while (json && *where) {
		char name[32];
		size_t len = strcspn(where, ".");

		snprintf(name, sizeof(name), "%.*s", (int)len, where);
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(name))
					   : json_object_get(json, name);
		where += len + (where[len] == '.');
	}
	return json;
}

static void
expect(json_t *json, const char *where, const char *value)
{
	json_t *found = at(json, where);
	char *text = found ? json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("nothing");

	if (strcmp(text, value) != 0)
		fail_msg("%s is %s, not %s", where, text, value);
	free(text);
}

static void
alerts_newest_first_in_pages(void **state)
{
	json_t *json = run((struct read_query){ .what = READ_ALERTS, .limit = 2 });

	expect(json, "alerts.0.id", "3");
	expect(json, "alerts.0.mode", "\"drill\"");
	expect(json, "alerts.1.state", "\"cancelled\"");
	expect(json, "alerts.1.key", "\"k2\"");
	expect(json, "next", "\"2\"");
	json_decref(json);
	json = run((struct read_query){ .what = READ_ALERTS, .limit = 2, .after = "2" });
	expect(json, "alerts.0.id", "1");
	expect(json, "alerts.1", "nothing");
	expect(json, "next", "null");
	json_decref(json);
	json = run((struct read_query){ .what = READ_ALERTS, .open_only = true });
	expect(json, "alerts.1.id", "1");
	expect(json, "alerts.2", "nothing");
	json_decref(json);
}

static void
one_alert_in_full(void **state)
{
	json_t *json = run((struct read_query){ .what = READ_ALERT, .alert = 1 });

	expect(json, "template", "\"flood.move\"");
	expect(json, "policy", "\"move.now\"");
	expect(json, "client", "\"desk\"");
	expect(json, "until", "5");
	expect(json, "satisfied", "1");		/* counted, not as last noted */
	expect(json, "levels", "[1,0,0,0,0,1]");
	expect(json, "messages.queued", "2");
	expect(json, "messages.sent", "1");
	expect(json, "messages.withdrawn", "2");	/* queued in a withdrawn wave */
	expect(json, "waves.1.channel", "\"voice\"");
	expect(json, "waves.1.withdrawn", "2");
	expect(json, "waves.1.queued", "0");
	expect(json, "steps.0.taken", "true");
	expect(json, "steps.2.taken", "false");
	expect(json, "tasks_open", "1");
	expect(json, "now", "1795471260000");
	/* sim1: 0.25 parts a second; two messages of two parts are queued */
	expect(json, "forecast.last_ms", "8000");
	expect(json, "forecast.messages", "2");
	expect(json, "forecast.segments", "4");
	expect(json, "forecast.ahead", "0");
	/* the store has forgotten the deadline, the policy knows it */
	assert_true(json_integer_value(at(json, "deadline_at")) > RELEASED);
	json_decref(json);
}

static void
an_older_policy_is_read_from_the_store(void **state)
{
	static const char body[] = "policy \"move.now\" {\n title = \"old\"\n until = 4\n"
		" step \"only\" { after = \"7s\" to = {warner} channels = {sms} }\n}\n";
	unsigned char sha256[32] = { 1 }, digest[32] = { 0 };
	struct alert a = { .id = 9, .severity = SEVERITY_BLUE, .accepted_at = RELEASED,
			   .released_at = RELEASED, .expires_at = RELEASED + HOURS(1), .deadline_at = NEVER,
			   .due_at = NEVER, .code = "A9", .body = "{}" };
	json_t *json;

	store_begin(store);
	a.policy = store_document_put(store, "policy", "move.now", body, sha256);
	store_alert_insert(store, &a, "desk/k9", digest, "desk");
	assert_int_equal(store_commit(store, NULL), 0);
	for (int again = 0; again < 2; again++) {
		json = run((struct read_query){ .what = READ_ALERT, .alert = 9 });
		expect(json, "until", "4");
		expect(json, "steps.0.name", "\"only\"");
		expect(json, "steps.0.at", "1795471207000");
		expect(json, "template", "null");
		json_decref(json);
	}
}

static void
put_forecast_alert(int64_t id, enum severity severity, int64_t policy, unsigned long targets)
{
	unsigned char digest[32] = { 0 };
	struct alert a = { .id = id, .severity = severity, .policy = policy, .state = ALERT_ACTIVE,
			   .accepted_at = RELEASED, .released_at = RELEASED,
			   .expires_at = RELEASED + HOURS(1), .deadline_at = NEVER, .due_at = NEVER,
			   .closed_at = NEVER, .body = "{}" };
	char key[16];

	snprintf(a.code, sizeof(a.code), "F%d", (int)id);
	snprintf(key, sizeof(key), "desk/f%d", (int)id);
	store_alert_insert(store, &a, key, digest, "desk");
	a.step = 1;
	a.targets = targets;
	store_alert_update(store, &a);
	for (unsigned i = 0; i < targets; i++)
		store_target_insert(store, id, &(struct target){ .id = i, .division = 990121103001 + i });
}

static void
put_wave(int64_t alert, enum severity severity, enum wave_kind kind, int step, unsigned long total,
	 unsigned long sent)
{
	struct wave w = { .alert = alert, .severity = severity, .kind = kind, .step = step, .below = 3,
			  .state = WAVE_OPEN, .expires_at = NEVER, .planned_at = RELEASED, .total = total,
			  .segments = total };

	w.id = store_wave_insert(store, &w);
	w.count[MESSAGE_SENT] = sent;
	store_wave_update(store, &w, true);
}

/* After a minute: a yellow alert of two villages, of which one answered after 30 s, behind a red one. */
static void
a_forecast_says_what_it_counts(void **state)
{
	static const char body[] = "policy \"two\" {\n until = 3\n"
		" step \"first\" { after = \"0s\" to = {village_chief} channels = {sms} }\n"
		" step \"again\" { after = \"70s\" to = {village_chief} channels = {sms} }\n"
		" step \"late\" { after = \"30m\" to = {village_chief} channels = {sms} }\n}\n";
	struct answer yes = { .alert = 31, .at = RELEASED + 30000, .contact = 2, .level = LEVEL_ACKNOWLEDGED,
			      .kind = ANSWER_ACKNOWLEDGED, .source = SOURCE_SMS, .text = "1" };
	unsigned char sha256[32] = { 2 };
	json_t *json;

	store_begin(store);
	put_forecast_alert(30, SEVERITY_YELLOW, store_document_put(store, "policy", "two", body, sha256), 2);
	put_forecast_alert(31, SEVERITY_RED, 0, 21);
	store_post_put(store, store_role_id(store, "village_chief"), 990121103001, 1, 1, LANG_ZH);
	store_target_raise(store, 30, 1, LEVEL_ACKNOWLEDGED, 1, &yes);
	put_wave(30, SEVERITY_YELLOW, WAVE_CALL, 0, 10, 4);	/* six first texts go whatever happens */
	put_wave(30, SEVERITY_YELLOW, WAVE_CALL, 1, 8, 0);	/* half of these was for who answered */
	put_wave(30, SEVERITY_YELLOW, WAVE_REPLY, -1, 1, 0);
	put_wave(31, SEVERITY_RED, WAVE_CALL, 0, 5, 0);
	put_wave(31, SEVERITY_RED, WAVE_REPLY, -1, 1, 0);
	assert_int_equal(store_commit(store, NULL), 0);
	json = run((struct read_query){ .what = READ_ALERT, .alert = 30 });
	expect(json, "forecast.messages", "14");
	expect(json, "forecast.segments", "14");
	expect(json, "forecast.ahead", "7");		/* 5, and 2 of two parts of the first test's */
	expect(json, "forecast.thanks", "1");
	expect(json, "forecast.later", "1");		/* not the rung in half an hour */
	/* 4, and of the 4 left those who answer within the minute that they wait, one in 90 s */
	expect(json, "forecast.spared", "6");
	json_decref(json);
	/* with a rate of answers its thanks to come are counted, too: 20 * (1 - e^-(80/1230)) = 1.3 */
	store_begin(store);
	store_target_raise(store, 31, 20, LEVEL_ACKNOWLEDGED, 1, &yes);
	store_answer_insert(store, &yes);
	assert_int_equal(store_commit(store, NULL), 0);
	json = run((struct read_query){ .what = READ_ALERT, .alert = 30 });
	expect(json, "forecast.thanks", "2");
	json_decref(json);
	/* what is more urgent waits for none of it */
	json = run((struct read_query){ .what = READ_ALERT, .alert = 31 });
	expect(json, "forecast.messages", "5");
	expect(json, "forecast.thanks", "0");
	expect(json, "forecast.ahead", "2");
	expect(json, "forecast.last_ms", "32000");
	json_decref(json);
}

/* Two come: who is there before who is on the way, each by what he said last; who only picked up does not. */
static void
who_comes_to_a_callout(void **state)
{
	struct answer said = { .alert = 40, .at = RELEASED + 5000, .contact = 3, .level = LEVEL_ACKNOWLEDGED,
			       .kind = ANSWER_COMING, .source = SOURCE_SMS, .text = "1 20", .minutes = 20 };
	json_t *json;

	store_begin(store);
	put_forecast_alert(40, SEVERITY_RED, put_document("policy", "duty.list"), 1);
	store_post_put(store, store_role_id(store, "duty_deputy"), 990121103001, 1, 3, LANG_ZH);
	store_standing_put(store, 40, 0, 3, LEVEL_ACKNOWLEDGED, RELEASED + 5000);
	store_answer_insert(store, &said);
	said = (struct answer){ .alert = 40, .at = RELEASED + 6000, .contact = 4, .level = LEVEL_ACKNOWLEDGED,
				.kind = ANSWER_ACKNOWLEDGED, .source = SOURCE_SMS, .text = "1" };
	store_answer_insert(store, &said);
	said = (struct answer){ .alert = 40, .at = RELEASED + 9000, .contact = 4, .level = LEVEL_IN_POST,
				.kind = ANSWER_IN_POST, .source = SOURCE_KEY, .text = "2" };
	store_answer_insert(store, &said);
	store_standing_put(store, 40, 0, 4, LEVEL_IN_POST, RELEASED + 9000);
	store_standing_put(store, 40, 0, 5, LEVEL_ANSWERED, RELEASED + 1000);
	assert_int_equal(store_commit(store, NULL), 0);
	json = run((struct read_query){ .what = READ_ALERT, .alert = 40, .by = desk });
	expect(json, "coming.0.contact", "\"c4\"");
	expect(json, "coming.0.meaning", "\"in_post\"");
	expect(json, "coming.0.source", "\"key\"");
	expect(json, "coming.0.minutes", "null");
	expect(json, "coming.1.person", "\"张3\"");
	expect(json, "coming.1.posts.0.place", "\"清东湾\"");
	expect(json, "coming.1.text", "\"1 20\"");
	expect(json, "coming.1.minutes", "20");
	expect(json, "coming.1.at", "1795471205000");
	expect(json, "coming.2", "nothing");
	json_decref(json);
	/* who may not know people hears of none */
	json = run((struct read_query){ .what = READ_ALERT, .alert = 40 });
	expect(json, "coming", "[]");
	json_decref(json);
}

static void
targets_with_names(void **state)
{
	json_t *json = run((struct read_query){ .what = READ_TARGETS, .alert = 1, .limit = 1 });

	expect(json, "targets.0.division", "\"990121103001\"");
	expect(json, "targets.0.by", "null");
	expect(json, "next", "\"0\"");
	json_decref(json);
	json = run((struct read_query){ .what = READ_TARGETS, .alert = 1, .after = "0" });
	expect(json, "targets.0.name", "\"石桥\"");
	expect(json, "targets.0.level", "5");
	expect(json, "targets.0.by", "\"张2\"");
	expect(json, "next", "null");
	json_decref(json);
	json = run((struct read_query){ .what = READ_TARGETS, .alert = 1, .below = 5 });
	expect(json, "targets.1", "nothing");
	json_decref(json);
}

static void
messages_with_attempts_and_masks(void **state)
{
	json_t *json = run((struct read_query){ .what = READ_MESSAGES, .alert = 1, .state = -1 });

	expect(json, "messages.0.contact", "\"c1\"");
	expect(json, "messages.0.state", "\"sent\"");
	expect(json, "messages.0.text", "\"【县】快走\"");
	expect(json, "messages.0.number", "\"+86138****8001\"");
	expect(json, "messages.0.attempts.0.route", "\"sim1\"");
	expect(json, "messages.0.attempts.0.number", "\"+86138****8001\"");
	expect(json, "messages.0.attempts.0.outcome", "\"accepted\"");
	expect(json, "messages.0.attempts.0.receipt", "\"delivered\"");
	expect(json, "messages.1.at", "null");
	expect(json, "messages.1.attempts", "[]");
	expect(json, "messages.3.state", "\"withdrawn\"");
	expect(json, "messages.4.channel", "\"voice\"");
	expect(json, "messages.5", "nothing");
	json_decref(json);
	json = run((struct read_query){ .what = READ_MESSAGES, .alert = 1, .unmasked = true,
					.state = MESSAGE_SENT });
	expect(json, "messages.0.number", "\"+8613800138001\"");
	expect(json, "messages.1", "nothing");
	json_decref(json);
}

static void
messages_in_pages_lose_and_repeat_none(void **state)
{
	char seen[64] = "";
	struct read_query q = { .what = READ_MESSAGES, .alert = 1, .state = -1, .limit = 2 };

	for (int page = 0; page < 9; page++) {
		json_t *json = run(q), *m;
		size_t i;

		json_array_foreach(at(json, "messages"), i, m)
			strcat(strcat(seen, json_string_value(at(m, "contact"))), " ");
		if (json_is_null(at(json, "next"))) {
			json_decref(json);
			break;
		}
		snprintf(q.after, sizeof(q.after), "%s", json_string_value(at(json, "next")));
		json_decref(json);
	}
	assert_string_equal(seen, "c1 c2 c3 c4 c5 ");
}

/* All pages of a list, one row at a time, behind one another. */
static char *
export_of(enum read_what what, unsigned limit)
{
	struct read_query q = { .what = what, .limit = limit, .by = desk, .unmasked = true };
	struct buf all = { 0 };

	for (int page = 0; page < 99; page++) {
		struct buf out = { 0 };
		struct err err;
		size_t len;

		holds("a page", reader_run(reader, &q, settings, RELEASED, &out, &err) == 0, "%s", err.text);
		len = strcspn(out.data, "\n");
		snprintf(q.after, sizeof(q.after), "%.*s", (int)len, out.data);
		buf_puts(&all, out.data + len + 1);
		buf_fini(&out);
		if (!*q.after)
			break;
	}
	return buf_take(&all);
}

static void
lists_in_pages_lose_and_repeat_none(void **state)
{
	static const enum read_what lists[] = { READ_EXPORT_CONTACTS, READ_EXPORT_DIVISIONS, READ_EXPORT_ROSTER };
	int64_t role = store_role_id(store, "duty_officer");
	struct err err;

	store_begin(store);
	for (uint32_t i = 1; i <= 3; i++) {
		store_roster_put(store, role, 990121103001 + i % 2, RELEASED, RELEASED + HOURS(i), i);
		store_roster_put(store, role, 990121103001, RELEASED + HOURS(i) + 1, RELEASED + HOURS(9), 1);
	}
	assert_int_equal(store_commit(store, &err), 0);
	for (size_t i = 0; i < COUNT(lists); i++) {
		char *whole = export_of(lists[i], 1000), *paged = export_of(lists[i], 1), *two = export_of(lists[i], 2);

		assert_string_equal(paged, whole);
		assert_string_equal(two, whole);
		holds("it has rows", strstr(whole, "990121103001") || strstr(whole, "c5"), "%s", whole);
		free(whole);
		free(paged);
		free(two);
	}
}

static void
the_rest_is_there(void **state)
{
	json_t *json = run((struct read_query){ .what = READ_EVENTS, .alert = 1 });

	expect(json, "events.0.detail.client", "\"desk\"");
	expect(json, "events.1.detail.text", "\"not \\\"JSON\"");
	json_decref(json);
	json = run((struct read_query){ .what = READ_TASKS });
	expect(json, "tasks.0.alert", "1");
	expect(json, "tasks.1.alert", "null");
	expect(json, "tasks.1.closed_by", "\"desk\"");
	expect(json, "tasks.0.text", "\"请联系\"");
	expect(json, "tasks.0.code", "nothing");
	expect(json, "tasks.2.text", "\"通道sim1:已中断2分钟:CMS 38 \\\"x\\\"\"");
	expect(json, "tasks.2.code", "\"task_route\"");
	expect(json, "tasks.2.values.0", "\"sim1\"");
	expect(json, "tasks.2.values.1.code", "\"alarm_down\"");
	expect(json, "tasks.2.values.1.values.0", "\"2\"");
	expect(json, "tasks.2.note", "\"告警已自行解除\"");
	expect(json, "tasks.2.note_code", "\"alarm_over\"");
	json_decref(json);
	json = run((struct read_query){ .what = READ_TASKS, .lang = LANG_EN });
	expect(json, "tasks.0.text", "\"请联系\"");
	expect(json, "tasks.2.text", "\"route sim1: down for 2 min: CMS 38 \\\"x\\\"\"");
	expect(json, "tasks.2.note", "\"the alarm is over by itself\"");
	json_decref(json);
	json = run((struct read_query){ .what = READ_TASKS, .lang = LANG_COUNT });
	expect(json, "tasks.0.text", "\"请联系\"");
	expect(json, "tasks.2.note", "\"告警已自行解除 / the alarm is over by itself\"");
	json_decref(json);
	json = run((struct read_query){ .what = READ_TASKS, .open_only = true });
	expect(json, "tasks.1", "nothing");
	json_decref(json);
	json = run((struct read_query){ .what = READ_ROUTES });
	expect(json, "routes.0.state", "\"up\"");
	expect(json, "routes.0.health.ok", "true");
	expect(json, "routes.1.state", "\"starting\"");
	json_decref(json);
	json = run((struct read_query){ .what = READ_FIGURES });
	expect(json, "tasks_open", "1");
	assert_true(json_integer_value(at(json, "alerts_open")) >= 2);
	json_decref(json);
}

static void
refusals(void **state)
{
	static const struct { struct read_query q; enum err_kind kind; const char *field; } cases[] = {
		{ { .what = READ_ALERT, .alert = 77 }, REFUSED_NOT_FOUND, "alert" },
		{ { .what = READ_TARGETS, .alert = 77 }, REFUSED_NOT_FOUND, "alert" },
		{ { .what = READ_MESSAGES, .alert = 77, .state = -1 }, REFUSED_NOT_FOUND, "alert" },
		{ { .what = READ_EVENTS, .alert = 77 }, REFUSED_NOT_FOUND, "alert" },
		{ { .what = READ_ALERTS, .after = "x" }, REFUSED_UNREADABLE, "after" },
		{ { .what = READ_ALERTS, .after = "-1" }, REFUSED_UNREADABLE, "after" },
		{ { .what = READ_MESSAGES, .alert = 1, .after = "5", .state = -1 }, REFUSED_UNREADABLE, "after" },
		{ { .what = READ_MESSAGES, .alert = 1, .after = "5.6.7", .state = -1 }, REFUSED_UNREADABLE, "after" },
		{ { .what = READ_TASKS, .after = "1 " }, REFUSED_UNREADABLE, "after" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out = { 0 };
		struct err err = { 0 };
		int rc;

		buf_puts(&out, "before");
		rc = reader_run(reader, &cases[i].q, settings, RELEASED, &out, &err);
		if (rc == 0 || err.kind != cases[i].kind || strcmp(err.field, cases[i].field) != 0)
			fail_msg("case %zu: %s \"%s\" \"%s\"", i, err_kind_name(err.kind), err.field,
				 err.text);
		assert_string_equal(out.data, "before");
		buf_fini(&out);
	}
}

static void
a_store_that_is_not_there(void **state)
{
	struct reader *r;
	struct err err = { 0 };

	assert_int_equal(reader_open(&r, "/tmp/gong-no-such-folder/gong.db", &err), -1);
	assert_non_null(strstr(err.text, "first start"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(alerts_newest_first_in_pages),
		cmocka_unit_test(one_alert_in_full),
		cmocka_unit_test(an_older_policy_is_read_from_the_store),
		cmocka_unit_test(targets_with_names),
		cmocka_unit_test(messages_with_attempts_and_masks),
		cmocka_unit_test(messages_in_pages_lose_and_repeat_none),
		cmocka_unit_test(lists_in_pages_lose_and_repeat_none),
		cmocka_unit_test(the_rest_is_there),
		cmocka_unit_test(refusals),
		cmocka_unit_test(a_forecast_says_what_it_counts),
		cmocka_unit_test(who_comes_to_a_callout),
		cmocka_unit_test(a_store_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
