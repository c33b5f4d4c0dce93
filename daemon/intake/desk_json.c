/* desk_json.c -- what the desk, or a system in its place, enters: answers, cancellations, tasks. */
#include "daemon/intake/internal.h"

#include <string.h>
#include <strings.h>

#define ASK_TEXT_MAX 400
#define RECEIPT_WAIT_MS 60000
#define RECEIPT_WAIT_MAX_MS 90000	/* a question is given up after 100 s */

#define TAKE(noun) static int take_##noun(struct reading *r, void *out, json_t *v, const struct about *at)

TAKE(division)
{
	return take_code(r, &((struct answer_request *)out)->division, v, at);
}

TAKE(contact)
{
	return take_string(r, &((struct answer_request *)out)->contact, v, at, REF_MAX);
}

TAKE(level)
{
	json_int_t level = json_integer_value(v);

	if (!json_is_integer(v) || level < LEVEL_ANSWERED || level > LEVEL_DONE)
		return refuse(r, REFUSED_INVALID, *at, level_unknown);
	((struct answer_request *)out)->level = (int)level;
	return 0;
}

TAKE(outcome)
{
	if (!json_is_string(v) || strcmp(json_string_value(v), "cannot") != 0)
		return refuse(r, REFUSED_INVALID, *at, outcome_unknown);
	((struct answer_request *)out)->kind = ANSWER_CANNOT;
	return 0;
}

TAKE(name)
{
	return take_string(r, &((struct answer_request *)out)->name, v, at, NAME_MAX_BYTES);
}

TAKE(answer_note)
{
	return take_string(r, &((struct answer_request *)out)->note, v, at, NOTE_MAX);
}

static const struct member ack_members[] = {
	{ "division", CONCEPT_DIVISION, take_division }, { "contact", CONCEPT_CONTACT, take_contact }, { "level", CONCEPT_LEVEL, take_level },
	{ "outcome", CONCEPT_OUTCOME, take_outcome }, { "name", CONCEPT_NAME, take_name }, { "note", CONCEPT_NOTE, take_answer_note },
};

static enum answer_kind
kind_of_level(int level)
{
	switch (level) {
	case LEVEL_ACKNOWLEDGED:
		return ANSWER_ACKNOWLEDGED;
	case LEVEL_IN_POST:
		return ANSWER_IN_POST;
	case LEVEL_DONE:
		return ANSWER_DONE;
	}
	return ANSWER_ANSWERED;
}

static int
check_ack(struct reading *r, struct answer_request *a)
{
	if (!a->division == !a->contact)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_DIVISION), ack_for_whom);
	if (!a->level == (a->kind != ANSWER_CANNOT))
		return refuse(r, REFUSED_INVALID, about(CONCEPT_LEVEL), ack_what);
	if (a->division && !a->name)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_NAME), ack_name);
	if (a->division && !a->note)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_NOTE), ack_note);
	if (a->kind != ANSWER_CANNOT)
		a->kind = kind_of_level(a->level);
	return 0;
}

int
intake_ack(struct answer_request **out, int64_t alert, const char *body, size_t len, struct err *err)
{
	struct reading r = { .err = err };
	json_t *json = json_object_read(&r, body, len);
	struct command *cmd;

	*out = NULL;
	if (!json)
		return r.refused ? -1 : 0;
	cmd = command_new(CMD_ANSWER, -1);	/* frees what was taken when it is refused */
	cmd->answer = xcalloc(1, sizeof(*cmd->answer));
	cmd->answer->alert = alert;
	if (members_take(&r, ack_members, MEMBER_COUNT(ack_members), json, "", cmd->answer) == 0 &&
	    check_ack(&r, cmd->answer) == 0) {
		*out = cmd->answer;
		cmd->answer = NULL;
	}
	json_decref(json);
	command_free(cmd);
	return r.refused ? -1 : 0;
}

TAKE(cancel_note)
{
	return take_string(r, &((struct cancel_request *)out)->note, v, at, NOTE_MAX);
}

TAKE(template)
{
	return take_string(r, &((struct cancel_request *)out)->template, v, at, 64);
}

TAKE(params)
{
	struct cancel_request *q = out;

	return take_pairs(r, &q->params, &q->param_count, v, at, NULL);
}

TAKE(lift)
{
	if (!json_is_boolean(v))
		return refuse(r, REFUSED_INVALID, *at, not_a_flag);
	((struct cancel_request *)out)->lift = json_is_true(v);
	return 0;
}

static const struct member cancel_members[] = {
	{ "lift", CONCEPT_LIFT, take_lift },
	{ "note", CONCEPT_NOTE, take_cancel_note }, { "template", CONCEPT_TEMPLATE, take_template }, { "params", CONCEPT_PARAMS, take_params },
};

int
intake_cancel(struct cancel_request **out, int64_t alert, const char *body, size_t len, struct err *err)
{
	struct reading r = { .err = err };
	json_t *json = len ? json_object_read(&r, body, len) : json_object();
	struct command *cmd;
	struct cancel_request *q;

	*out = NULL;
	if (!json)
		return r.refused ? -1 : 0;
	cmd = command_new(CMD_CANCEL, -1);
	q = cmd->cancel = xcalloc(1, sizeof(*q));
	q->alert = alert;
	if (members_take(&r, cancel_members, MEMBER_COUNT(cancel_members), json, "", q) == 0) {
		if (q->lift && q->template)
			refuse(&r, REFUSED_INVALID, about(CONCEPT_LIFT), lift_or_template);
		else if (q->param_count && !q->template && !q->lift)
			refuse(&r, REFUSED_INVALID, about(CONCEPT_TEMPLATE), cancel_params);
		if (!r.refused) {
			*out = q;
			cmd->cancel = NULL;
		}
	}
	json_decref(json);
	command_free(cmd);
	return r.refused ? -1 : 0;
}

TAKE(task_note)
{
	return take_string(r, &((struct task_request *)out)->note, v, at, NOTE_MAX);
}

TAKE(task_name)
{
	return take_string(r, &((struct task_request *)out)->name, v, at, NAME_MAX_BYTES);
}

TAKE(task_from)
{
	return take_string(r, &((struct task_request *)out)->from, v, at, WHO_MAX_BYTES);
}

static const struct member take_members[] = {
	{ "name", CONCEPT_NAME, take_task_name }, { "from", CONCEPT_FROM, take_task_from },
	{ "note", CONCEPT_NOTE, take_task_note },
};
static const struct member task_members[] = {
	{ "note", CONCEPT_NOTE, take_task_note }, { "name", CONCEPT_NAME, take_task_name },
};

int
intake_task(struct task_request **out, int64_t task, bool taken, const char *body, size_t len,
	    struct err *err)
{
	struct reading r = { .err = err };
	json_t *json = len || !taken ? json_object_read(&r, body, len) : json_object();
	struct task_request *q;
	int rc;

	*out = NULL;
	if (!json)
		return r.refused ? -1 : 0;
	q = xcalloc(1, sizeof(*q));
	q->task = task;
	rc = taken ? members_take(&r, take_members, MEMBER_COUNT(take_members), json, "", q)
		: members_take(&r, task_members, MEMBER_COUNT(task_members), json, "", q);
	if (rc == 0 && !taken && !q->note)
		refuse(&r, REFUSED_INVALID, about(CONCEPT_NOTE), close_note);
	json_decref(json);
	if (r.refused)
		task_request_free(q);
	else
		*out = q;
	return r.refused ? -1 : 0;
}

TAKE(replace)
{
	if (!json_is_boolean(v))
		return refuse(r, REFUSED_INVALID, *at, not_a_flag);
	((struct staged_request *)out)->replace = json_is_true(v);
	return 0;
}

TAKE(yes)
{
	if (!json_is_boolean(v))
		return refuse(r, REFUSED_INVALID, *at, not_a_flag);
	((struct staged_request *)out)->yes = json_is_true(v);
	return 0;
}

static const struct member apply_members[] = {
	{ "replace", CONCEPT_REPLACE, take_replace }, { "yes", CONCEPT_YES, take_yes },
};

int
intake_import_apply(struct staged_request *out, const char *body, size_t len, struct err *err)
{
	struct reading r = { .err = err };
	json_t *json = len ? json_object_read(&r, body, len) : json_object();

	if (!json)
		return r.refused ? -1 : 0;
	members_take(&r, apply_members, MEMBER_COUNT(apply_members), json, "", out);
	json_decref(json);
	return r.refused ? -1 : 0;
}

TAKE(resume_note)
{
	return take_string(r, out, v, at, NOTE_MAX);
}

static const struct member resume_members[] = { { "note", CONCEPT_NOTE, take_resume_note } };

int
intake_route_resume(char **note, const char *body, size_t len, struct err *err)
{
	struct reading r = { .err = err };
	json_t *json = len ? json_object_read(&r, body, len) : json_object();

	*note = NULL;
	if (!json)
		return r.refused ? -1 : 0;
	members_take(&r, resume_members, MEMBER_COUNT(resume_members), json, "", note);
	json_decref(json);
	if (r.refused) {
		free(*note);
		*note = NULL;
	}
	return r.refused ? -1 : 0;
}

struct asked {				/* the body of a question; to: its number as it was written */
	struct ask_request *q;
	char *to;
};

TAKE(what)
{
	return take_string(r, &((struct asked *)out)->q->what, v, at, 8);
}

TAKE(ask_text)
{
	return take_string(r, &((struct asked *)out)->q->text, v, at, ASK_TEXT_MAX);
}

TAKE(to)
{
	return take_string(r, &((struct asked *)out)->to, v, at, 32);
}

TAKE(receipt_wait)
{
	json_int_t ms = json_integer_value(v);

	if (!json_is_integer(v) || ms < 0 || ms > RECEIPT_WAIT_MAX_MS)
		return refuse(r, REFUSED_INVALID, *at, receipt_wait,
			      NUM(RECEIPT_WAIT_MAX_MS));
	((struct asked *)out)->q->receipt_wait_ms = ms;
	return 0;
}

static const struct member ask_members[] = {
	{ "what", CONCEPT_WHAT, take_what }, { "text", CONCEPT_TEXT, take_ask_text }, { "to", CONCEPT_TO, take_to },
	{ "receipt_wait_ms", CONCEPT_RECEIPT_WAIT, take_receipt_wait },
};

static bool
is_at_command(const char *text)
{
	if (strncasecmp(text, "AT", 2) != 0)
		return false;
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* The driver tests itself; a message is a question of its own. */
static int
check_test(struct reading *r, const struct asked *a)
{
	if (!a->q->text && !a->to)
		return 0;
	return refuse(r, REFUSED_INVALID, about(a->to ? CONCEPT_TO : CONCEPT_TEXT), test_alone);
}

static int
check_ask(struct reading *r, struct asked *a, const struct phone_plan *plan)
{
	const char *what = a->q->what ? a->q->what : "", *text = a->q->text ? a->q->text : "";
	bool at = strcmp(what, "at") == 0, ussd = strcmp(what, "ussd") == 0;

	if (strcmp(what, "test") == 0)
		return check_test(r, a);
	if (!at && !ussd && strcmp(what, "sms") != 0)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_WHAT), ask_what);
	if (at && !is_at_command(text))
		return refuse(r, REFUSED_INVALID, about(CONCEPT_TEXT), ask_at);
	if (ussd && (!*text || text[strspn(text, "*#0123456789")]))
		return refuse(r, REFUSED_INVALID, about(CONCEPT_TEXT), ask_ussd);
	if (!*text)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_TEXT), ask_text);
	if (a->to && (at || ussd))
		return refuse(r, REFUSED_INVALID, about(CONCEPT_TO), ask_no_number);
	if (!at && !ussd && !a->to)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_TO), ask_number);
	if (a->to && phone_parse(&a->q->to, a->to, plan, r->err) < 0)
		return refuse_so(r, about(CONCEPT_TO));
	return 0;
}

int
intake_ask(struct ask_request **out, const char *body, size_t len,
	   const struct phone_plan *plan, struct err *err)
{
	struct reading r = { .err = err };
	json_t *json = json_object_read(&r, body, len);
	struct asked a = { 0 };

	*out = NULL;
	if (!json)
		return r.refused ? -1 : 0;
	a.q = xcalloc(1, sizeof(*a.q));
	a.q->receipt_wait_ms = RECEIPT_WAIT_MS;
	if (members_take(&r, ask_members, MEMBER_COUNT(ask_members), json, "", &a) == 0 &&
	    check_ask(&r, &a, plan) == 0) {
		*out = a.q;
		a.q = NULL;
	}
	json_decref(json);
	ask_request_free(a.q);
	free(a.to);
	return r.refused ? -1 : 0;
}
