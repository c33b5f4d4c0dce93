/* test_intake.c -- requests and lists: what is taken, and that each refusal names the place and
 * the remedy. */
#include "tests/unit/unit.h"

#include <time.h>

#include "core/buf.h"
#include "core/segment.h"
#include "daemon/intake/internal.h"
#include "daemon/web/problem.h"

static struct settings *settings;
#define BASE "\"key\":\"k1\",\"template\":\"flood.move\",\"policy\":\"move.now\",\"severity\":\"red\""
#define AUDIENCE "\"audience\":{\"divisions\":[\"990121103\"]}"
#define GOOD "{" BASE "," AUDIENCE "}"

struct refusal {
	const char *says;
	const char *body;
	int status;
	const char *field, *detail;	/* detail: must be in the text */
};

/* What a client would get: the status, and the place in its request. */
static int
status_of(int rc, const struct err *err)
{
	return rc < 0 ? problem_status(err->kind) : 0;
}

static const char *
field_of(const struct err *err, enum form form)
{
	static char field[PROBLEM_FIELD];

	problem_field(field, &err->about, form);
	return field;
}

/* The same sentence must be there in Chinese, with every value in it. */
static void
check_chinese(const char *says, const struct err *err)
{
	char zh[512];

	said_render(&err->said, LANG_ZH, zh, sizeof(zh));
	if (strcmp(zh, err->text) == 0 || strstr(zh, "{"  "0}") || err->said.phrase == PHRASE_verbatim)
		fail_msg("%s: no Chinese for \"%s\"", says, err->text);
}

static void
check_refused(const struct refusal *t, enum form form, int rc, const struct err *err)
{
	int status = status_of(rc, err);

	if (status != t->status || strcmp(field_of(err, form), t->field) != 0 ||
	    !strstr(err->text, t->detail))
		fail_msg("%s: got %d \"%s\" \"%s\"", t->says, status, field_of(err, form), err->text);
	check_chinese(t->says, err);
}

static const struct refusal alert_refusals[] = {
	{ "an empty body", "", 400, "", "send a JSON object" },
	{ "no JSON", "hello", 400, "", "line 1, column 5" },
	{ "half a JSON", "{\"key\":\"k", 400, "", "not readable as JSON" },
	{ "a list", "[]", 400, "", "must be a JSON object" },
	{ "a key twice", "{\"key\":\"a\",\"key\":\"b\"}", 400, "", "twice" },
	{ "bad UTF-8", "{\"key\":\"\xff\xfe\"}", 400, "", "not UTF-8" },
	{ "a lone surrogate", "{\"key\":\"\\ud800\"}", 400, "", "not readable" },
	{ "an escaped NUL", "{\"key\":\"a\\u0000b\"}", 400, "", "not readable" },
	{ "a number too large", "{\"replaces\":99999999999999999999999}", 400, "", "too large" },
	{ "something after the end", GOOD " x", 400, "", "behind its end" },
	{ "deep nesting", "{\"params\":[[[[[[[[[[1]]]]]]]]]]}", 400, "", "nested deeper" },
	{ "an unknown field", "{" BASE "," AUDIENCE ",\"colour\":1}", 422, "/colour",
	  "use one of: key, template" },
	{ "an unknown field of the audience", "{" BASE ",\"audience\":{\"division\":[]}}", 422,
	  "/audience/division", "use one of: divisions" },
	{ "a field with a slash", "{" BASE "," AUDIENCE ",\"a/b~\":1}", 422, "/a~1b~0", "leave it away" },
	{ "no key", "{\"template\":\"t\",\"severity\":\"red\"," AUDIENCE "}", 422, "/key",
	  "Idempotency-Key" },
	{ "an empty key", "{\"key\":\"\"}", 422, "/key", "empty" },
	{ "a key that is null", "{\"key\":null,\"template\":\"t\",\"severity\":\"red\"," AUDIENCE "}",
	  422, "/key", "missing" },
	{ "a key with a line break", "{\"key\":\"a\\nb\"}", 422, "/key", "control characters" },
	{ "a key that is a number", "{\"key\":1}", 422, "/key", "must be a string" },
	{ "no template", "{\"key\":\"k\",\"severity\":\"red\"," AUDIENCE "}", 422, "/template",
	  "missing" },
	{ "no severity", "{\"key\":\"k\",\"template\":\"t\"," AUDIENCE "}", 422, "/severity", "missing" },
	{ "no audience", "{" BASE "}", 422, "/audience", "missing" },
	{ "an audience that is null", "{" BASE ",\"audience\":null}", 422, "/audience", "missing" },
	{ "an empty audience", "{" BASE ",\"audience\":{}}", 422, "/audience", "name divisions" },
	{ "a colour that is none", "{\"severity\":\"purple\"}", 422, "/severity", "orange or red" },
	{ "a severity that is a number", "{\"severity\":4}", 422, "/severity", "orange or red" },
	{ "a mode that is none", "{\"mode\":\"exercise\"}", 422, "/mode", "\"drill\"" },
	{ "a division as a number", "{\"audience\":{\"divisions\":[990121]}}", 422,
	  "/audience/divisions/0", "string of 6, 9 or 12" },
	{ "a division too short", "{\"audience\":{\"divisions\":[\"990121\",\"9901\"]}}", 422,
	  "/audience/divisions/1", "6 (county)" },
	{ "a list that is no list", "{\"audience\":{\"divisions\":\"990121\"}}", 422,
	  "/audience/divisions", "must be a list" },
	{ "reached without replaces", "{" BASE ",\"audience\":{\"reached\":true}}", 422, "/replaces",
	  "say which" },
	{ "reached that is no truth", "{\"audience\":{\"reached\":1}}", 422, "/audience/reached",
	  "true or false" },
	{ "an instant without offset", "{\"expires_at\":\"2026-11-24T06:00:00\"}", 422, "/expires_at",
	  "+08:00" },
	{ "an instant in seconds", "{\"expires_at\":1795492800}", 422, "/expires_at", "multiply by 1000" },
	{ "the 30th of February", "{\"expires_at\":\"2026-02-30T06:00:00Z\"}", 422, "/expires_at",
	  "write an instant" },
	{ "an id that is a string", "{\"replaces\":\"1\"}", 422, "/replaces", "whole number" },
	{ "a parameter that is a list", "{\"params\":{\"a\":[1]}}", 422, "/params/a",
	  "string or a number" },
	{ "a parameter that is true", "{\"params\":{\"a\":true}}", 422, "/params/a", "string or a number" },
	{ "params as a list", "{\"params\":[]}", 422, "/params", "must be an object" },
	{ "parameters of a division that is none", "{\"params_by_division\":{\"99\":{}}}", 422,
	  "/params_by_division/99", "division code" },
	{ "parameters of a division, wrong", "{\"params_by_division\":{\"990121\":{\"a\":{}}}}", 422,
	  "/params_by_division/990121/a", "string or a number" },
};

static void
alerts_are_refused_with_reason(void **state)
{
	for (size_t i = 0; i < sizeof(alert_refusals) / sizeof(*alert_refusals); i++) {
		const struct refusal *t = &alert_refusals[i];
		struct alert_request *q;
		struct err err = { 0 };

		check_refused(t, FORM_ALERT, intake_alert(&q, t->body, strlen(t->body), NULL, false, &err),
			      &err);
		assert_null(q);
	}
}

static void
an_alert_is_taken_whole(void **state)
{
	static const char body[] = "{" BASE ",\"kind\":\"flash_flood\",\"mode\":\"drill\","
		"\"params\":{\"route\":\"村北机耕路\",\"n\":3,\"x\":1.5,\"none\":\"\"},"
		"\"params_by_division\":{\"990121103001\":{\"shelter\":\"小学\"}},"
		"\"audience\":{\"divisions\":[\"990121103\"],\"without_divisions\":[\"990121103002\"],"
		"\"roles\":[\"warner\"],\"contacts\":[\"c1\"],\"without_contacts\":[\"c2\"],"
		"\"reached\":false},\"starts_at\":null,"
		"\"expires_at\":\"2026-11-24T06:00:00.25+08:00\",\"replaces\":7}";
	struct alert_request *q;
	struct err err = { 0 };

	assert_int_equal(intake_alert(&q, body, strlen(body), NULL, false, &err), 0);
	assert_string_equal(q->key, "k1");
	assert_true(q->drill && !q->test && !q->dry_run && !q->in_turn && !q->reached);
	assert_int_equal(q->severity, SEVERITY_RED);
	assert_int_equal(q->param_count, 4);
	assert_string_equal(q->params[1].value, "3");
	assert_string_equal(q->params[2].value, "1.5");
	assert_string_equal(q->params[3].value, "");
	assert_int_equal(q->division_param_count, 1);
	assert_int_equal(q->division_params[0].division, 990121103001);
	assert_string_equal(q->division_params[0].param.value, "小学");
	assert_int_equal(q->divisions[0], 990121103000);
	assert_int_equal(q->without_divisions[0], 990121103002);
	assert_string_equal(q->without_contacts[0], "c2");
	assert_int_equal(q->expires_at, 1795471200250);
	assert_int_equal(q->starts_at, 0);
	assert_int_equal(q->replaces, 7);
	alert_request_free(q);
}

static void
digest_of(unsigned char out[32], const char *body, const char *header)
{
	struct alert_request *q;
	struct err err = { 0 };

	if (intake_alert(&q, body, strlen(body), header, false, &err))
		fail_msg("%s: %s", err.field, err.text);
	memcpy(out, q->digest, 32);
	alert_request_free(q);
}

static void
the_digest_is_of_the_meaning(void **state)
{
	unsigned char a[32], b[32];

	digest_of(a, GOOD, NULL);
	digest_of(b, "{ " AUDIENCE ", " BASE " }", NULL);
	assert_memory_equal(a, b, 32);		/* order and blanks do not matter */
	digest_of(b, "{\"template\":\"flood.move\",\"policy\":\"move.now\",\"severity\":\"red\","
		  AUDIENCE "}", "another");
	assert_memory_equal(a, b, 32);		/* nor does the key */
	digest_of(b, "{" BASE ",\"mode\":\"drill\"," AUDIENCE "}", NULL);
	assert_memory_not_equal(a, b, 32);
}

static void
the_digest_is_of_the_words_it_always_was(void **state)
{
	static const char *const values[] = {
		"{}", "[]", "{\"b\":1,\"a\":[true,false,null,-7,9007199254740993],\"\":{}}",
		"{\"ab\":1,\"a\":2,\"aB\":3,\"水\":\"库\"}", "[0.1,1e300,-2.5,100.0,1e-7]",
		"\"\\u0001\\u001f\\b\\f\\n\\r\\t \\\" \\\\ / \\u007f \\ud83c\\udf0a é\"",
		"{\"q\":1,\"p\":1,\"o\":1,\"n\":1,\"m\":1,\"l\":1,\"k\":1,\"j\":1,\"i\":1,\"h\":1,"
		"\"g\":1,\"f\":1,\"e\":1,\"d\":1,\"c\":1,\"b\":1,\"a\":[[1,2],[3]]}",
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		json_t *value = json_loads(values[i], JSON_DECODE_ANY, NULL);
		char *words = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
		struct buf ours = { 0 };

		assert_non_null(words);
		canonical_json(&ours, value);
		assert_string_equal(ours.data, words);
		buf_fini(&ours);
		free(words);
		json_decref(value);
	}
}

static void
the_key_may_come_as_a_header(void **state)
{
	static const char body[] = "{\"template\":\"t\",\"severity\":\"red\"," AUDIENCE "}";
	struct alert_request *q;
	struct err err = { 0 };

	assert_int_equal(intake_alert(&q, body, strlen(body), "h", false, &err), 0);
	assert_string_equal(q->key, "h");
	alert_request_free(q);
	assert_int_equal(status_of(intake_alert(&q, GOOD, strlen(GOOD), "h", false, &err), &err), 422);
	assert_string_equal(field_of(&err, FORM_ALERT), "/key");
	assert_int_equal(status_of(intake_alert(&q, body, strlen(body), "\xff", false, &err), &err), 422);
	assert_string_equal(field_of(&err, FORM_ALERT), "Idempotency-Key");
	assert_int_equal(intake_alert(&q, body, strlen(body), NULL, true, &err), 0);
	assert_true(q->dry_run);		/* and a dry run needs none */
	alert_request_free(q);
}

static const struct refusal callout_refusals[] = {
	{ "nobody", "{\"key\":\"k\"}", 422, "/role", "\"contacts\"" },
	{ "both", "{\"key\":\"k\",\"role\":\"duty_officer\",\"division\":\"990121\",\"contacts\":[\"c\"]}",
	  422, "/contacts", "not both" },
	{ "a duty nowhere", "{\"key\":\"k\",\"role\":\"duty_officer\"}", 422, "/division", "990121" },
	{ "no such role", "{\"key\":\"k\",\"role\":\"cook\",\"division\":\"990121\"}", 422, "/role",
	  "gongctl role list" },
	{ "a role the policy does not begin with",
	  "{\"key\":\"k\",\"role\":\"vehicle_driver\",\"division\":\"990121\","
	  "\"policy\":\"duty.callout\"}", 422, "/role", "calls duty_officer first" },
	{ "a severity", "{\"key\":\"k\",\"severity\":\"red\"}", 422, "/severity", "leave it away" },
};

static void
callouts_are_refused_with_reason(void **state)
{
	for (size_t i = 0; i < sizeof(callout_refusals) / sizeof(*callout_refusals); i++) {
		const struct refusal *t = &callout_refusals[i];
		struct alert_request *q;
		struct err err = { 0 };

		check_refused(t, FORM_CALLOUT, intake_callout(&q, t->body, strlen(t->body), NULL, false,
						settings, &err), &err);
	}
}

static void
callouts_are_taken(void **state)
{
	static const char duty[] = "{\"key\":\"k\",\"role\":\"duty_officer\",\"division\":\"990121\","
		"\"params\":{\"event\":\"山体滑坡\",\"min\":15,\"place\":\"清东湾村\"}}";
	static const char other[] = "{\"key\":\"k\",\"role\":\"vehicle_driver\",\"division\":\"990121\"}";
	static const char turn[] = "{\"key\":\"k\",\"contacts\":[\"c1\",\"c2\"],\"mode\":\"drill\"}";
	struct alert_request *q;
	struct err err = { 0 };

	assert_int_equal(intake_callout(&q, duty, strlen(duty), NULL, false, settings, &err), 0);
	assert_string_equal(q->template, "duty.callout");
	assert_string_equal(q->policy, "duty.callout");
	assert_int_equal(q->severity, SEVERITY_RED);
	assert_int_equal(q->role_count, 0);	/* the policy's own families are called */
	assert_false(q->in_turn);
	alert_request_free(q);
	assert_int_equal(intake_callout(&q, other, strlen(other), NULL, false, settings, &err), 0);
	assert_string_equal(q->policy, "duty.list");	/* any role, where no policy is named */
	assert_string_equal(q->roles[0], "vehicle_driver");
	alert_request_free(q);
	assert_int_equal(intake_callout(&q, turn, strlen(turn), NULL, false, settings, &err), 0);
	assert_true(q->in_turn && q->drill);
	assert_int_equal(q->contact_count, 2);
	alert_request_free(q);
}

static const struct refusal ack_refusals[] = {
	{ "for nobody", "{\"level\":3}", 422, "/division", "either" },
	{ "for both", "{\"level\":3,\"division\":\"990121103001\",\"contact\":\"c1\"}", 422, "/division",
	  "either" },
	{ "no level", "{\"contact\":\"c1\"}", 422, "/level", "2 to 5" },
	{ "level and outcome", "{\"contact\":\"c1\",\"level\":3,\"outcome\":\"cannot\"}", 422, "/level",
	  "either" },
	{ "delivered is no answer", "{\"contact\":\"c1\",\"level\":1}", 422, "/level", "2 (answered)" },
	{ "another outcome", "{\"contact\":\"c1\",\"outcome\":\"maybe\"}", 422, "/outcome", "cannot" },
	{ "a village without a name", "{\"division\":\"990121103001\",\"level\":3}", 422, "/name",
	  "\"name\"" },
	{ "a village without a note", "{\"division\":\"990121103001\",\"level\":3,\"name\":\"王\"}", 422,
	  "/note", "\"note\"" },
};

static void
acks_are_checked(void **state)
{
	static const char good[] = "{\"division\":\"990121103001\",\"level\":3,\"name\":\"王\","
		"\"note\":\"上门\\n找到\"}";
	struct answer_request *a;
	struct command *cmd;
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof(ack_refusals) / sizeof(*ack_refusals); i++) {
		const struct refusal *t = &ack_refusals[i];

		check_refused(t, FORM_PLAIN, intake_ack(&a, 1, t->body, strlen(t->body), &err), &err);
		assert_null(a);
	}
	assert_int_equal(intake_ack(&a, 9, good, strlen(good), &err), 0);
	assert_int_equal(a->alert, 9);
	assert_int_equal(a->kind, ANSWER_ACKNOWLEDGED);
	cmd = command_new(CMD_ANSWER, -1);
	cmd->answer = a;
	command_free(cmd);
}

static void
cancels_and_tasks_are_checked(void **state)
{
	struct cancel_request *q;
	struct task_request *task;
	struct command *cmd;
	struct err err = { 0 };

	assert_int_equal(intake_cancel(&q, 4, "", 0, &err), 0);	/* nothing is enough */
	cmd = command_new(CMD_CANCEL, -1);
	cmd->cancel = q;
	command_free(cmd);
	assert_int_equal(status_of(intake_cancel(&q, 4, "{\"params\":{\"a\":1}}", 18, &err), &err), 422);
	assert_string_equal(field_of(&err, FORM_ALERT), "/template");
	assert_int_equal(status_of(intake_task(&task, 4, false, "{}", 2, &err), &err), 422);
	assert_string_equal(field_of(&err, FORM_ALERT), "/note");
	assert_int_equal(status_of(intake_task(&task, 4, false, "{\"from\":\"x\"}", 12, &err), &err), 422);
	assert_string_equal(field_of(&err, FORM_ALERT), "/from");
	assert_int_equal(intake_task(&task, 4, false, "{\"note\":\"done\"}", 15, &err), 0);
	assert_string_equal(task->note, "done");
	assert_int_equal(task->task, 4);
	task_request_free(task);
	assert_int_equal(intake_task(&task, 4, true, "", 0, &err), 0);	/* nothing is enough */
	task_request_free(task);
	assert_int_equal(intake_task(&task, 4, true, "{\"name\":\"Li\",\"from\":\"x\"}", 24, &err), 0);
	assert_string_equal(task->name, "Li");
	task_request_free(task);
}

static void
times_are_read(void **state)
{
	static const struct { const char *text; msec at; int rc; } cases[] = {
		{ "1970-01-01T00:00:00Z", 0, 0 }, { "2026-11-24T06:00+08:00", 1795471200000, 0 },
		{ "2026-11-23t22:00:00.5z", 1795471200500, 0 }, { "2024-02-29T00:00:00Z", 1709164800000, 0 },
		{ "2026-02-29T00:00:00Z", 0, -1 }, { "2026-11-24T24:00:00Z", 0, -1 },
		{ "2026-11-24T06:00:00", 0, -1 }, { "2026-11-24", 0, -1 }, { "", 0, -1 },
		{ "2026-11-24T06:00:00+99:00", 0, -1 }, { "2026-11-24T06:00:00Zx", 0, -1 },
		{ "2026-11-24T06:00:60Z", 0, -1 },
	};
	msec at;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		at = 0;
		if (time_parse_rfc3339(&at, cases[i].text) != cases[i].rc || at != cases[i].at)
			fail_msg("%s: %lld", cases[i].text, (long long)at);
	}
	assert_int_equal(time_parse_local(&at, "2026-11-24 06:00"), 0);
	assert_int_equal(at, 1795471200000);
}

static void
lists_begin_where_people_say(void **state)
{
	/* 2026-11-24 06:00:00 in Shanghai, where these tests are */
	const msec now = 1795471200000, day = HOURS(24);
	const struct {
		const char *text;
		msec at;		/* NEVER: refused */
	} cases[] = {
		{ "06:00", now }, { "05:59", now - MINUTES(1) }, { "06:01", now + MINUTES(1) - day },
		{ "00:00", now - HOURS(6) }, { "23:59", now - HOURS(6) - MINUTES(1) },
		{ "05:59:30", now - SECONDS(30) }, { "06:00:01", now + SECONDS(1) - day },
		{ "2026-11-24", now - HOURS(6) }, { "2026-11-23", now - HOURS(30) },
		{ "2026-11-25", now + HOURS(18) }, { "2026-11-24 05:00", now - HOURS(1) },
		{ "2026-11-24T05:00:00+08:00", now - HOURS(1) },
		{ "24:00", NEVER }, { "6:00", NEVER }, { "06:60", NEVER }, { "06:00Z", NEVER },
		{ "2026-02-29", NEVER }, { "2026-11-24x", NEVER }, { "2026-13-01", NEVER },
		{ "11-24", NEVER }, { "yesterday", NEVER }, { "", NEVER },
	};
	msec at;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		at = NEVER;
		if ((time_parse_past(&at, cases[i].text, now) == 0) != (cases[i].at != NEVER) ||
		    (cases[i].at != NEVER && at != cases[i].at))
			fail_msg("%s: %lld", cases[i].text, (long long)at);
	}
}

static void
in_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

/* Where the clocks jump, a day begins when it does, and a time that was not shown is the day's before. */
static void
lists_begin_where_clocks_jump(void **state)
{
	msec at = 0;

	in_zone("Africa/Cairo");	/* 2026-04-24: 00:00 is 01:00 */
	assert_int_equal(time_parse_past(&at, "2026-04-24", 0), 0);
	assert_int_equal(at, 1776981600000);
	in_zone("Europe/Berlin");	/* 2026-03-29: 02:00 is 03:00, now 12:00 */
	assert_int_equal(time_parse_past(&at, "02:30", 1774778400000), 0);
	assert_int_equal(at, 1774661400000);
	in_zone("Asia/Shanghai");
}

static void
import_free(struct import_request *q)
{
	struct command *cmd = command_new(CMD_IMPORT, -1);

	cmd->import = q;
	command_free(cmd);
}

static void
faults_copy(struct faults *to, const struct faults *from)
{
	*to = *from;
	to->list = xmalloc(from->count * sizeof(*from->list));
	memcpy(to->list, from->list, from->count * sizeof(*from->list));
}

/* Feeds the file in pieces of `piece` bytes: its rows, or all that is wrong with it. */
static int
import_all(enum import_kind kind, const char *csv, size_t len, size_t piece, struct import_request **out,
	   struct faults *faults)
{
	struct csv_intake *c = csv_intake_new(kind, settings);
	int status = 0;

	*out = NULL;
	*faults = (struct faults){ 0 };
	for (size_t i = 0; i < len && !status; i += piece)
		status = csv_intake_feed(c, csv + i, len - i < piece ? len - i : piece);
	if (!status)
		status = csv_intake_finish(c, out);
	if (status) {
		faults_copy(faults, csv_intake_faults(c));
	} else if ((*out)->faults.total) {
		faults_copy(faults, &(*out)->faults);
		import_free(*out);
		*out = NULL;
		status = -1;
	}
	csv_intake_free(c);
	return status;
}

static int
import(enum import_kind kind, const char *csv, size_t len, size_t piece,
       struct import_request **out, struct err *err)
{
	struct faults faults;
	int status = import_all(kind, csv, len, piece, out, &faults);

	*err = (struct err){ 0 };
	if (status)
		faults_err(&faults, err);
	faults_fini(&faults);
	return status;
}

#define CONTACTS "id,name,phone,role,division,role_order,lang,voice,sms,active\n"
#define ROSTER "role,division,contact,from,to\n"

static const struct {
	const char *says;
	enum import_kind kind;
	const char *csv, *field, *detail;
} csv_refusals[] = {
	{ "an empty file", IMPORT_DIVISIONS, "", "line 1", "empty" },
	{ "names and no rows", IMPORT_DIVISIONS, "code,name\n", "line 1", "no rows" },
	{ "no name column", IMPORT_DIVISIONS, "code\n990121\n", "line 1, column name", "missing" },
	{ "semicolons and tabs", IMPORT_DIVISIONS, "code;name\tlevel\n", "line 1", "what separates" },
	{ "a separator that is none", IMPORT_DIVISIONS, "sep=x\ncodexname\n", "line 1", "what separates" },
	{ "a value under no title", IMPORT_DIVISIONS, "code,,name\n990121,x,a\n", "line 2, column B",
	  "no column title" },
	{ "one code, two names", IMPORT_DIVISIONS, "code,name\n990121,a\n990121,b\n", "line 3, column code",
	  "stands in line 2 already" },
	{ "one code, two shelters", IMPORT_DIVISIONS, "code,name,shelter\n990121,a,x\n990121,a,y\n",
	  "line 3, column code", "stands in line 2 already" },
	{ "a code that lost its digits", IMPORT_DIVISIONS, "code,name\n9.90121E+11,a\n", "line 2, column code",
	  "its digits are lost" },
	{ "a name with a mark that nobody sees", IMPORT_DIVISIONS, "code,name\n990121,a\u200e\n",
	  "line 2, column name", "aU+200E" },
	{ "a ref with a mark that nobody sees", IMPORT_CONTACTS, "id,name,phone\nc\u200e1,a,13800138000\n",
	  "line 2, column id", "cU+200E1" },
	{ "a formula that went wrong", IMPORT_DIVISIONS, "code,name,shelter\n990121,a,#REF!\n",
	  "line 2, column shelter", "formula without a value" },
	{ "a ref that lost its digits", IMPORT_CONTACTS, "id,name,phone\n1.39E+10,a,13800138000\n",
	  "line 2, column id", "its digits are lost" },
	{ "a ref that became a number", IMPORT_CONTACTS, "id,name,phone\n1001.0,a,13800138000\n",
	  "line 2, column id", "write \"1001\"" },
	{ "a row after a quoted line break", IMPORT_DIVISIONS, "code,name,shelter\n990121,a,\"x\ny\"\n12,c,\n",
	  "line 3, column code", "division code" },
	{ "no header within ten rows", IMPORT_DIVISIONS, "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\ncode,name\n",
	  "line 1, column code", "missing" },
	{ "a column that is no name", IMPORT_DIVISIONS, "code,name,a b\n", "line 1, column a b",
	  "letters" },
	{ "a column twice", IMPORT_DIVISIONS, "code,name,code\n", "line 1, column code", "twice" },
	{ "a parameter column twice", IMPORT_DIVISIONS, "code,name,x,x\n", "line 1, column x", "twice" },
	{ "a city without level", IMPORT_DIVISIONS, "code,name\n9901,云岭市\n", "line 2, column code",
	  "6 (county)" },
	{ "a wrong level", IMPORT_DIVISIONS, "code,name,level\n990121,a,village\n", "line 2, column level",
	  "county's" },
	{ "a wrong parent", IMPORT_DIVISIONS, "code,name,parent\n990121103001,a,990121104\n",
	  "line 2, column parent", "not the division above" },
	{ "a parent too far up", IMPORT_DIVISIONS, "code,name,parent\n990121103001,a,990121\n",
	  "line 2, column parent", "not the division above" },
	{ "a division without name", IMPORT_DIVISIONS, "code,name\n990121,a\n\n990122,\n",
	  "line 4, column name", "fill it in" },
	{ "too many fields", IMPORT_DIVISIONS, "code,name\n990121,a,b\n", "line 2", "quote fields" },
	{ "an open quote", IMPORT_DIVISIONS, "code,name\n990121,\"a\n", "line 2", "close the quote" },
	{ "a quote inside", IMPORT_DIVISIONS, "code,name\n990121,\"a\"b\"\n", "line 2",
	  "write it twice" },
	{ "a line break in a name", IMPORT_DIVISIONS, "code,name\n990121,\"a\nb\"\n990122,c\n",
	  "line 2, column name", "line break" },
	{ "UTF-16", IMPORT_DIVISIONS, "\xff\xfe" "c", "line 1", "UTF-16" },
	{ "a spreadsheet", IMPORT_DIVISIONS, "PK\3\4xx", "line 1", "spreadsheet" },
	{ "neither encoding", IMPORT_DIVISIONS, "code,name\n990121,\xff\xff\n", "line 1",
	  "neither UTF-8 nor GBK" },
	{ "an unknown column", IMPORT_CONTACTS, "id,name,phone,wechat\n", "line 1, column wechat",
	  "use one of: name, id, ref" },
	{ "id and ref", IMPORT_CONTACTS, "id,ref,name,phone\n", "line 1, column ref", "as \"id\"" },
	{ "no number", IMPORT_CONTACTS, CONTACTS "c1,张,,,,,,,,\n", "line 2, column phone",
	  "needs a telephone number" },
	{ "a number that is none", IMPORT_CONTACTS, CONTACTS "c1,张,12,,,,,,,\n", "line 2, column phone",
	  "short code" },
	{ "nobody could reach", IMPORT_CONTACTS, CONTACTS "c1,张,13800138000,,,,,no,no,\n",
	  "line 2, column phone", "allow one" },
	{ "a role that is none", IMPORT_CONTACTS, CONTACTS "c1,张,13800138000,cook,990121,,,,,\n",
	  "line 2, column role", "roles.conf" },
	{ "a role nowhere", IMPORT_CONTACTS, CONTACTS "c1,张,13800138000,warner,,,,,,\n",
	  "line 2, column division", "name it" },
	{ "a role on the wrong floor", IMPORT_CONTACTS, CONTACTS
	  "c1,张,13800138000,warner,990121103,,,,,\n", "line 2, column division", "held in a village" },
	{ "an order that is none", IMPORT_CONTACTS, CONTACTS
	  "c1,张,13800138000,warner,990121103001,x,,,,\n", "line 2, column role_order", "1 for the" },
	{ "a language that is none", IMPORT_CONTACTS, CONTACTS "c1,张,13800138000,,,,fr,,,\n",
	  "line 2, column lang", "zh or en" },
	{ "neither yes nor no", IMPORT_CONTACTS, CONTACTS "c1,张,13800138000,,,,,maybe,,\n",
	  "line 2, column voice", "neither yes nor no" },
	{ "one ref, two people", IMPORT_CONTACTS, CONTACTS "c1,张,13800138000,,,,,,,\n"
	  "c2,王,13800138002,,,,,,,\nc1,李,13800138001,,,,,,,\n", "line 4, column name", "line 2" },
	{ "active and not", IMPORT_CONTACTS, CONTACTS "c1,张,13800138000,,,,,,,\n"
	  "c1,,,warner,990121103001,,,,,no\n", "line 3, column active", "line 2" },
	{ "one person, another number further down", IMPORT_CONTACTS, CONTACTS "c1,张,13800138000,,,,,,,\n"
	  "c1,,13800138001,warner,990121103001,,,,,\n", "line 3, column phone", "without this number" },
	{ "the same, not to be read", IMPORT_CONTACTS, CONTACTS "c1,张,13800138000,,,,,,,\n"
	  "c1,,12,warner,990121103001,,,,,\n", "line 3, column phone", "short code" },
	{ "the same, for no calls", IMPORT_CONTACTS, CONTACTS "c1,张,13800138000,,,,,,,\n"
	  "c1,,138-0013-8000,warner,990121103001,,,no,,\n", "line 3, column voice", "line 2" },
	{ "one person, two languages", IMPORT_CONTACTS, CONTACTS "c1,张,13800138000,,,,zh,,,\n"
	  "c1,,,warner,990121103001,,en,,,\n", "line 3, column lang", "line 2" },
	{ "a place without a post", IMPORT_CONTACTS, CONTACTS "c1,张,13800138000,,990121103001,,,,,\n",
	  "line 2, column division", "without a role" },
	{ "a roster of a role without duty", IMPORT_ROSTER, ROSTER
	  "warner,990121103001,c1,2026-11-24 08:00,2026-11-25 08:00\n", "line 2, column role",
	  "no duty role" },
	{ "a duty that ends first", IMPORT_ROSTER, ROSTER
	  "duty_officer,990121,c1,2026-11-24 08:00,2026-11-23 08:00\n", "line 2, column to",
	  "before it begins" },
	{ "a duty of years", IMPORT_ROSTER, ROSTER
	  "duty_officer,990121,c1,2026-11-24 08:00,2062-11-23 08:00\n", "line 2, column to",
	  "is the year right" },
	{ "an instant that is none", IMPORT_ROSTER, ROSTER
	  "duty_officer,990121,c1,24.11.2026,2026-11-25 08:00\n", "line 2, column from",
	  "2026-11-24 08:00" },
};

static void
files_are_refused_with_line_and_column(void **state)
{
	for (size_t i = 0; i < sizeof(csv_refusals) / sizeof(*csv_refusals); i++) {
		size_t len = strlen(csv_refusals[i].csv);

		for (size_t piece = 1; piece < 4096; piece *= 16) {
			struct import_request *q;
			struct err err;
			int rc = import(csv_refusals[i].kind, csv_refusals[i].csv, len, piece, &q,
					    &err);

			if (status_of(rc, &err) != 422 ||
			    strcmp(field_of(&err, FORM_PLAIN), csv_refusals[i].field) != 0 ||
			    !strstr(err.text, csv_refusals[i].detail))
				fail_msg("%s: got %d \"%s\" \"%s\"", csv_refusals[i].says, rc,
					 err.field, err.text);
			assert_null(q);
		}
	}
}

static void
all_faults_of_a_file_are_told(void **state)
{
	static const char csv[] = CONTACTS "c1,张,12,cook,990121,x,fr,maybe,,\n"
		"c2,王,13800138000,,,,,,,\n" "c\u200e3,\"李\n四\",13800138001,warner,99,,,,,perhaps\n";
	static const struct { int line; const char *column, *value, *detail; } wanted[] = {
		{ 2, "voice", "maybe", "neither yes nor no" }, { 2, "lang", "fr", "zh or en" },
		{ 2, "phone", "12", "short code" }, { 2, "role", "cook", "no role" },
		{ 2, "role_order", "x", "no order" }, { 4, "id", "cU+200E3", "nobody sees" },
		{ 4, "name", "李U+000A四", "line break" }, { 4, "active", "perhaps", "neither" },
		{ 4, "division", "99", "not a division code" },
	};
	struct import_request *q;
	struct faults f;

	assert_int_equal(import_all(IMPORT_CONTACTS, csv, sizeof(csv) - 1, 9, &q, &f), -1);
	assert_int_equal(f.total, COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		char detail[512];

		said_render(&f.list[i].said, LANG_EN, detail, sizeof(detail));
		holds(wanted[i].column, f.list[i].about.index == wanted[i].line &&
		      strcmp(f.list[i].about.name, wanted[i].column) == 0 &&
		      strcmp(f.list[i].value, wanted[i].value) == 0 && strstr(detail, wanted[i].detail),
		      "line %d, column %s, value \"%s\": %s", f.list[i].about.index, f.list[i].about.name,
		      f.list[i].value, detail);
	}
	faults_fini(&f);
}

static void
the_first_hundred_are_listed_and_all_are_counted(void **state)
{
	struct buf csv = { 0 };
	struct import_request *q;
	struct faults f;
	struct said said;

	buf_puts(&csv, "code,name\n");
	for (int i = 0; i < 250; i++)
		buf_puts(&csv, "12,a\n");
	assert_int_equal(import_all(IMPORT_DIVISIONS, csv.data, csv.len, 4096, &q, &f), -1);
	assert_int_equal(f.total, 250);
	assert_int_equal(f.count, FAULTS_LISTED);
	assert_int_equal(f.list[FAULTS_LISTED - 1].about.index, FAULTS_LISTED + 1);
	SAY(&said, csv_is_empty);	/* one of an early row, found late, is not left out */
	faults_add(&f, about_row(5, "name"), NULL, &said);
	assert_int_equal(f.total, 251);
	assert_int_equal(f.count, FAULTS_LISTED);
	assert_string_equal(f.list[4].about.name, "name");
	assert_int_equal(f.list[FAULTS_LISTED - 1].about.index, FAULTS_LISTED);
	faults_fini(&f);
	buf_fini(&csv);
}

/* One list as several programs write it. */
static const struct {
	const char *says, *csv;
	unsigned line;
} csv_forms[] = {
	{ "semicolons", "code;name;shelter\n990121;青石县;礼堂\n", 2 },
	{ "semicolons, and a comma in quotes", "\"花名册, 2026\";;\ncode;name;shelter\n990121;青石县;礼堂\n", 3 },
	{ "Chinese words for a level", "代码;名称;级别;shelter\n9901;某市;市;\n990121;青石县;县;礼堂\n", 3 },
	{ "tabs", "code\tname\tshelter\n990121\t青石县\t礼堂\n", 2 },
	{ "sep=", "sep=;\r\ncode;name;shelter\r\n990121;青石县;礼堂\r\n", 3 },
	{ "sep= behind a byte order mark", "\xef\xbb\xbfsep=|\ncode|name|shelter\n990121|青石县|礼堂\n", 3 },
	{ "titles above, and a column without one", "花名册,,,\n\n2026年,,,\n,code,name,shelter\n,990121,青石县,礼堂\n",
	  5 },
	{ "Chinese names of columns", "代码,名称,级别,shelter\n990121,青石县,,礼堂\n", 2 },
	{ "apostrophes, blanks of any width, decimals",
	  "code,name,shelter\n'990121,\u00a0青石县\u3000,礼堂\u2003\n", 2 },
	{ "a number as a program writes it", "code,name,shelter\n990121.0,青石县,礼堂\n", 2 },
	{ "the same row twice", "code,name,shelter\n990121,青石县,礼堂\n990121,青石县,礼堂\n", 2 },
};

static void
lists_come_in_many_forms(void **state)
{
	for (size_t i = 0; i < COUNT(csv_forms); i++) {
		struct import_request *q;
		struct err err;
		int rc = import(IMPORT_DIVISIONS, csv_forms[i].csv, strlen(csv_forms[i].csv), 7, &q, &err);

		holds(csv_forms[i].says, rc == 0, "%s: %s", err.field, err.text);
		holds(csv_forms[i].says, q->rows[0].code == 990121000000 &&
		      strcmp(q->rows[0].name, "青石县") == 0 && q->rows[0].line == csv_forms[i].line &&
		      strcmp(q->rows[0].params, "{\"shelter\":\"礼堂\"}") == 0, "got %s, %s, line %u",
		      q->rows[0].name, q->rows[0].params, q->rows[0].line);
		import_free(q);
	}
}

static void
divisions_are_taken(void **state)
{
	static const char csv[] = "\xef\xbb\xbf" "code,name,level,parent,shelter\r\n"
		"9901,云岭市,city,99,\r\n" "990121,青石县,county,9901,\r\n"
		"990121001000, 小岩街道 ,township,990121,\"中心\"\"小学\"\", 东门\"\r\n" ",,,,\r\n"
		"990121001001,清东湾,village,990121001,礼堂";
	struct import_request *q;
	struct err err;

	if (import(IMPORT_DIVISIONS, csv, sizeof(csv) - 1, 7, &q, &err))
		fail_msg("%s: %s", err.field, err.text);
	assert_int_equal(q->row_count, 3);
	assert_int_equal(q->rows[1].code, 990121001000);
	assert_string_equal(q->rows[1].name, "小岩街道");
	assert_null(q->rows[0].params);
	assert_string_equal(q->rows[1].params, "{\"shelter\":\"中心\\\"小学\\\", 东门\"}");
	assert_int_equal(q->rows[2].line, 6);
	import_free(q);
}

static void
gbk_is_converted(void **state)
{
	/* 清东湾, 礼堂 in GBK */
	static const char csv[] = "code,name,shelter\n990121001001,"
		"\xc7\xe5\xb6\xab\xcd\xe5,\xc0\xf1\xcc\xc3\n";

	for (size_t piece = 1; piece < 100; piece += 13) {
		struct import_request *q;
		struct err err;

		if (import(IMPORT_DIVISIONS, csv, sizeof(csv) - 1, piece, &q, &err))
			fail_msg("%s: %s", err.field, err.text);
		assert_string_equal(q->rows[0].name, "清东湾");
		assert_string_equal(q->rows[0].params, "{\"shelter\":\"礼堂\"}");
		import_free(q);
	}
}

static void
contacts_are_taken(void **state)
{
	static const char csv[] = "ref,name,phone,phone2,phone3,role,division,role_order,lang,sms\n"
		"c1,张,138 0013 8000,+9991000000001,13800138000,warner,990121103001,2,en,no\n"
		"c2,王,13800138001,,,,,,,\n"
		"c1,张,,,,township_chief,990121103,,,\n";
	struct import_request *q;
	struct err err;

	if (import(IMPORT_CONTACTS, csv, sizeof(csv) - 1, 50, &q, &err))
		fail_msg("%s: %s", err.field, err.text);
	assert_int_equal(q->row_count, 3);
	assert_int_equal(q->rows[0].numbers[0], 8613800138000);
	assert_int_equal(q->rows[0].numbers[1], 9991000000001);
	assert_int_equal(q->rows[0].numbers[2], 0);	/* the same number once */
	assert_int_equal(q->rows[0].sms, 0);
	assert_int_equal(q->rows[0].voice, 3);
	assert_int_equal(q->rows[0].lang, LANG_EN);
	assert_int_equal(q->rows[0].order, 2);
	assert_int_equal(q->rows[1].role, -1);
	assert_int_equal(q->rows[2].role, settings_role(settings, "township_chief"));
	assert_int_equal(q->rows[2].code, 990121103000);
	assert_int_equal(q->rows[2].lang, LANG_EN);
	assert_true(q->rows[2].active);
	import_free(q);
}

static void
a_roster_is_taken(void **state)
{
	static const char csv[] = ROSTER "duty_officer,990121,c1,2026-11-24 06:00,"
		"2026-11-24T18:00:00+08:00\n";
	struct import_request *q;
	struct err err;

	if (import(IMPORT_ROSTER, csv, sizeof(csv) - 1, 4096, &q, &err))
		fail_msg("%s: %s", err.field, err.text);
	assert_int_equal(q->rows[0].from_at, 1795471200000);
	assert_int_equal(q->rows[0].to_at, 1795471200000 + HOURS(12));
	assert_string_equal(q->rows[0].ref, "c1");
	import_free(q);
}

static void
hostile_sizes_are_refused_early(void **state)
{
	struct buf b = { 0 };
	struct alert_request *q;
	struct import_request *rows;
	struct err err = { 0 };

	for (int i = 0; i < 500000; i++)
		buf_puts(&b, "[");
	assert_int_equal(status_of(intake_alert(&q, b.data, b.len, NULL, false, &err), &err), 400);
	buf_reset(&b);
	buf_puts(&b, "{\"audience\":{\"contacts\":[\"c\"");
	for (int i = 0; i < INTAKE_LIST_MAX; i++)
		buf_puts(&b, ",\"c\"");
	buf_puts(&b, "]}}");
	assert_int_equal(status_of(intake_alert(&q, b.data, b.len, NULL, false, &err), &err), 422);
	assert_string_equal(field_of(&err, FORM_ALERT), "/audience/contacts");
	buf_reset(&b);
	buf_puts(&b, "{\"");
	for (int i = 0; i < 100; i++)		/* a long name of three-byte characters */
		buf_puts(&b, "水");
	buf_puts(&b, "\":1}");
	assert_int_equal(status_of(intake_alert(&q, b.data, b.len, NULL, false, &err), &err), 422);
	assert_int_equal(utf8_check(field_of(&err, FORM_ALERT), strlen(field_of(&err, FORM_ALERT)), NULL), 0);
	buf_reset(&b);
	buf_puts(&b, "code,name\n");
	for (int i = 0; i <= INTAKE_LINE_MAX; i++)
		buf_puts(&b, "x");
	assert_int_equal(status_of(import(IMPORT_DIVISIONS, b.data, b.len, 1000, &rows, &err), &err), 422);
	assert_string_equal(field_of(&err, FORM_ALERT), "line 2");
	buf_reset(&b);
	buf_puts(&b, "code,name\n990121,\"");
	for (int i = 0; i < 100; i++)
		buf_puts(&b, "a\n");
	assert_int_equal(status_of(import(IMPORT_DIVISIONS, b.data, b.len, 1000, &rows, &err), &err), 422);
	assert_string_equal(field_of(&err, FORM_ALERT), "line 2");
	assert_non_null(strstr(err.text, "not closed"));
	buf_fini(&b);
}

static int
load_settings(void **state)
{
	struct err err;

	setenv("TZ", "Asia/Shanghai", 1);
	tzset();
	if (settings_load(&settings, "config/gong.conf", NULL, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return -1;
}

static int
free_settings(void **state)
{
	settings_unref(settings);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(alerts_are_refused_with_reason),
		cmocka_unit_test(an_alert_is_taken_whole),
		cmocka_unit_test(the_digest_is_of_the_meaning),
		cmocka_unit_test(the_digest_is_of_the_words_it_always_was),
		cmocka_unit_test(the_key_may_come_as_a_header),
		cmocka_unit_test(callouts_are_refused_with_reason),
		cmocka_unit_test(callouts_are_taken),
		cmocka_unit_test(acks_are_checked),
		cmocka_unit_test(cancels_and_tasks_are_checked),
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(lists_begin_where_people_say),
		cmocka_unit_test(lists_begin_where_clocks_jump),
		cmocka_unit_test(files_are_refused_with_line_and_column),
		cmocka_unit_test(all_faults_of_a_file_are_told),
		cmocka_unit_test(the_first_hundred_are_listed_and_all_are_counted),
		cmocka_unit_test(lists_come_in_many_forms),
		cmocka_unit_test(divisions_are_taken),
		cmocka_unit_test(gbk_is_converted),
		cmocka_unit_test(contacts_are_taken),
		cmocka_unit_test(a_roster_is_taken),
		cmocka_unit_test(hostile_sizes_are_refused_early),
	};

	return cmocka_run_group_tests(tests, load_settings, free_settings);
}
