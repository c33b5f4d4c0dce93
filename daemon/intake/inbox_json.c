/* inbox_json.c -- what the desk decides about a text that came in: whose answer it is, that it is
 * none, or what is written back. */
#include "daemon/intake/internal.h"

#include <string.h>

#include "core/reply.h"

#define TEXT_MAX 1000

#define TAKE(noun) static int take_##noun(struct reading *r, void *out, json_t *v, const struct about *at)

TAKE(alert)
{
	struct inbox_request *q = out;
	uint64_t number;

	if (!json_is_string(v))
		return take_id(r, &q->alert, v, at);
	if (!code_parse(&number, json_string_value(v)) || number > INT64_MAX)
		return refuse(r, REFUSED_INVALID, *at, query_alert, QUOTE(json_string_value(v)));
	q->alert = (int64_t)number;
	return 0;
}

TAKE(contact)
{
	return take_string(r, &((struct inbox_request *)out)->contact, v, at, REF_MAX);
}

TAKE(division)
{
	return take_code(r, &((struct inbox_request *)out)->division, v, at);
}

TAKE(level)
{
	json_int_t level = json_integer_value(v);

	if (!json_is_integer(v) || level < LEVEL_ANSWERED || level > LEVEL_DONE)
		return refuse(r, REFUSED_INVALID, *at, level_unknown);
	((struct inbox_request *)out)->level = (int)level;
	return 0;
}

TAKE(outcome)
{
	const char *word = json_string_value(v);
	int kind = word ? answer_kind_parse(word) : -1;

	if (kind != ANSWER_CANNOT && kind != ANSWER_HELP && kind != ANSWER_NONE)
		return refuse(r, REFUSED_INVALID, *at, inbox_outcome_unknown);
	((struct inbox_request *)out)->kind = (enum answer_kind)kind;
	((struct inbox_request *)out)->has_outcome = true;
	return 0;
}

TAKE(name)
{
	return take_string(r, &((struct inbox_request *)out)->name, v, at, NAME_MAX_BYTES);
}

TAKE(note)
{
	return take_string(r, &((struct inbox_request *)out)->note, v, at, NOTE_MAX);
}

TAKE(text)
{
	return take_string(r, &((struct inbox_request *)out)->text, v, at, TEXT_MAX);
}

TAKE(again)
{
	if (!json_is_boolean(v))
		return refuse(r, REFUSED_INVALID, *at, not_a_flag);
	((struct inbox_request *)out)->again = json_is_true(v);
	return 0;
}

#define EVERY \
	{ "note", CONCEPT_NOTE, take_note }, { "name", CONCEPT_NAME, take_name }, \
	{ "again", CONCEPT_AGAIN, take_again }
static const struct member assign_members[] = {
	EVERY, { "alert", CONCEPT_ABOUT_ALERT, take_alert }, { "contact", CONCEPT_CONTACT, take_contact },
	{ "division", CONCEPT_DIVISION, take_division }, { "level", CONCEPT_LEVEL, take_level },
	{ "outcome", CONCEPT_OUTCOME, take_outcome },
};
static const struct member ignore_members[] = { EVERY };
static const struct member answer_members[] = {
	EVERY, { "text", CONCEPT_TEXT, take_text }, { "alert", CONCEPT_ABOUT_ALERT, take_alert },
};

static enum answer_kind
kind_of_level(int level)
{
	static const enum answer_kind kinds[LEVEL_COUNT] = {
		[LEVEL_ANSWERED] = ANSWER_ANSWERED, [LEVEL_ACKNOWLEDGED] = ANSWER_ACKNOWLEDGED,
		[LEVEL_IN_POST] = ANSWER_IN_POST, [LEVEL_DONE] = ANSWER_DONE,
	};

	return kinds[level];
}

static int
check(struct reading *r, enum command_kind kind, struct inbox_request *q)
{
	if (kind == CMD_INBOX_ANSWER)
		return q->text ? 0 : refuse(r, REFUSED_INVALID, about(CONCEPT_TEXT), inbox_text);
	if (kind == CMD_INBOX_ASSIGN && q->contact && q->division)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_DIVISION), ack_for_whom);
	if (kind == CMD_INBOX_ASSIGN && !q->level == !q->has_outcome)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_LEVEL), inbox_what);
	if (!q->note)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_NOTE), inbox_note);
	if (q->level)
		q->kind = kind_of_level(q->level);
	return 0;
}

int
intake_inbox(struct inbox_request **out, int64_t inbox, enum command_kind kind, const char *body,
	     size_t len, struct err *err)
{
	struct reading r = { .err = err };
	json_t *json = json_object_read(&r, body, len);
	struct inbox_request *q;
	int rc;

	*out = NULL;
	if (!json)
		return -1;
	q = xcalloc(1, sizeof(*q));
	q->inbox = inbox;
	rc = kind == CMD_INBOX_ASSIGN
		? members_take(&r, assign_members, MEMBER_COUNT(assign_members), json, "", q)
		: kind == CMD_INBOX_ANSWER
		? members_take(&r, answer_members, MEMBER_COUNT(answer_members), json, "", q)
		: members_take(&r, ignore_members, MEMBER_COUNT(ignore_members), json, "", q);
	if (rc == 0)
		check(&r, kind, q);
	json_decref(json);
	if (r.refused)
		inbox_request_free(q);
	else
		*out = q;
	return r.refused ? -1 : 0;
}
