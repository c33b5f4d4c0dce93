/* fuzz_json.c -- any bytes as the body of a request. */
#include <jansson.h>

#include "tests/fuzz/fuzz.h"

#include "daemon/intake/internal.h"
#include "daemon/web/problem.h"

/* A refusal says why in both languages, and where in a document that is JSON. */
static void
refused(const struct err *err)
{
	struct buf problem = { 0 };
	json_t *read;

	promise(err->text[0], "a refusal says why");
	promise(err->kind == REFUSED_UNREADABLE || err->kind == REFUSED_FORBIDDEN ||
		err->kind == REFUSED_INVALID, "a refusal is of a kind that intake has");
	problem_text(&problem, err, NULL, FORM_ALERT, LANG_ZH);
	read = json_loads(problem.data, 0, NULL);
	promise(json_is_object(read), "a problem document is JSON");
	json_decref(read);
	buf_fini(&problem);
}

static void
as_alert(const char *body, size_t len, bool dry)
{
	struct alert_request *r = NULL;
	struct err err = { .text = "" };
	int status = intake_alert(&r, body, len, dry ? NULL : "k", dry, &err);

	if (status) {
		refused(&err);
		return;
	}
	promise(r->template && r->key, "an alert has template and key");
	promise(r->severity < SEVERITY_COUNT, "a severity is one");
	alert_request_free(r);
}

/* Digests that an older gongd wrote are of jansson's words. */
static void
as_canonical(const char *body, size_t len)
{
	json_t *value = len ? json_loadb(body, len, JSON_DECODE_ANY, NULL) : NULL;
	char *theirs = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
	struct buf ours = { 0 };

	if (theirs) {
		canonical_json(&ours, value);
		promise(strcmp(ours.data, theirs) == 0, "a value has one form");
	}
	free(theirs);
	buf_fini(&ours);
	json_decref(value);
}

static void
as_desk(const char *body, size_t len)
{
	struct command *c = command_new(CMD_ANSWER, -1);
	struct err err = { .text = "" };
	struct inbox_request *inbox;
	struct task_request *task;
	int status = intake_ack(&c->answer, 1, body, len, &err);

	if (status)
		refused(&err);
	command_free(c);
	c = command_new(CMD_CANCEL, -1);
	status = intake_cancel(&c->cancel, 1, body, len, &err);
	if (status)
		refused(&err);
	command_free(c);
	for (int kind = CMD_INBOX_ASSIGN; kind <= CMD_INBOX_ANSWER; kind++) {
		status = intake_inbox(&inbox, 1, (enum command_kind)kind, body, len, &err);
		if (status)
			refused(&err);
		inbox_request_free(inbox);
	}
	for (int taken = 0; taken < 2; taken++) {
		status = intake_task(&task, 1, taken, body, len, &err);
		if (status)
			refused(&err);
		task_request_free(task);
	}
}

static void
as_people(const char *body, size_t len)
{
	static struct settings nothing = { .phone_plan = { .country = "86", .area = "" } };
	struct err err = { .text = "" };
	struct contact_request *contact;
	struct division_request *division;

	for (int patch = 0; patch < 2; patch++) {
		if (intake_contact(&contact, "c", patch, body, len, &nothing, &err))
			refused(&err);
		contact_request_free(contact);
		if (intake_division(&division, "990121", patch, body, len, &err))
			refused(&err);
		division_request_free(division);
	}
	if (intake_opt_in(&contact, "c", body, len, &err))
		refused(&err);
	contact_request_free(contact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings nothing = { .policy_divisor = 1 };
	char *body = xmalloc(size);	/* no NUL: a body has a length */
	struct alert_request *callout = NULL;
	struct err err = { .text = "" };
	int status;

	memcpy(body, data, size);
	as_alert(body, size, false);
	as_alert(body, size, true);
	status = intake_callout(&callout, body, size, "k", false, &nothing, &err);
	if (status)
		refused(&err);
	else
		alert_request_free(callout);
	as_desk(body, size);
	as_people(body, size);
	as_canonical(body, size);
	free(body);
	return 0;
}
