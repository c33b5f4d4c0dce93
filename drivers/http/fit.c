/* fit.c -- whether a profile can do its work at all: that each request says to whom and what, and
 * that what it promises to read could ever come.  A request of fixed words is taken by every
 * provider, and then the books say that people have been told. */
#include "drivers/http/fit.h"

#include <string.h>

static bool
says(const struct operation *op, enum request_part part)
{
	return request_says(&op->path, part) || request_says(&op->query, part) ||
		request_says(&op->body, part);
}

static int
refuse(struct err *err, const struct operation *op, const char *text)
{
	bool has_body = json_object_get(op->config, "body") != NULL;

	err_field(err, has_body ? "body" : "fields", "%s", text);
	return strcmp(op->name, "send") == 0 ? -1 : option_within(err, op->name);
}

static bool
any_has_values(const struct approved *a)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].count)
			return true;
	return false;
}

/* What a call says may also be what their callback is answered. */
static bool
answers_say_text(const struct callback_rules *c)
{
	for (size_t i = 0; i < c->call_count; i++)
		if (request_says(&c->calls[i].answer, PART_TEXT))
			return true;
	return false;
}

static int
check_words(const struct profile *p, const struct operation *op, struct err *err)
{
	const struct approved *a = &p->approved;
	bool params = says(op, PART_PARAMS), code = says(op, PART_TEMPLATE);

	if (says(op, PART_TEXT) ||
	    (op == &p->ops[OP_CALL] && answers_say_text(&p->callback)))
		return 0;
	if (!a->count)
		return refuse(err, op, params || code
			? "has {{template}} or {{params_…}}, but the profile has no \"templates\": name them, "
			  "or send the {{text}}"
			: "says {{text}} nowhere: everybody would get the same fixed words; put \"{{text}}\" "
			  "where the provider wants the message");
	if (!code && (a->count > 1 || !params))
		return refuse(err, op, "says {{template}} nowhere: the provider would not know which approved "
			      "template is meant");
	if (!params && any_has_values(a))
		return refuse(err, op, "has approved templates with variables, but sends no values: put "
			      "\"{{params_object}}\" or \"{{params_list}}\" where the provider wants them");
	return 0;
}

static int
check_number(const struct operation *op, struct err *err)
{
	if (!says(op, PART_NUMBER))
		return refuse(err, op, "says {{to}}, {{to_plus}} or {{to_national}} nowhere: the provider would "
			      "not know whom to reach");
	if (op->numbers_max > 1 && operation_uses(op, request_uses_number))
		return refuse(err, op, "has a number outside \"elements\", where only the first one's could stand: "
			      "make it an element, {\"number\":\"{{to}}\"}, and write \"{{all:number}}\" for the "
			      "list or \"{{joined:number}}\" for a text with commas");
	return 0;
}

static int
check_elements(const struct operation *op, struct err *err)
{
	for (size_t i = 0; i < op->element_count; i++) {
		const struct request_element *e = &op->elements[i];

		if (request_uses_element(&op->path, e) || request_uses_element(&op->query, e) ||
		    request_uses_element(&op->body, e))
			continue;
		err_field(err, "elements", "\"%s\" is never sent: write \"{{all:%s}}\" where the provider "
			  "wants the list", e->name, e->name);
		return strcmp(op->name, "send") == 0 ? -1 : option_within(err, op->name);
	}
	return 0;
}

static bool
is_sent(const struct operation *op, const struct request_computed *c)
{
	for (size_t i = 0; i < op->varying_count; i++)
		if (request_uses_computed(&op->varying[i].value, c))
			return true;
	for (size_t i = 0; i < op->computed_count; i++)
		if (request_uses_computed(&op->computed[i].of, c))
			return true;
	return request_uses_computed(&op->path, c) || request_uses_computed(&op->query, c) ||
		request_uses_computed(&op->body, c);
}

/* A section may inherit what it does not send; what itself says it must send. */
static int
check_computed(const struct profile *p, const struct operation *op, struct err *err)
{
	for (size_t i = 0; i < op->computed_count; i++) {
		bool sent = false;

		for (int k = 0; k < OP_COUNT; k++)
			for (size_t n = 0; n < p->ops[k].computed_count; n++)
				sent = sent || (strcmp(p->ops[k].computed[n].name, op->computed[i].name) == 0 &&
						is_sent(&p->ops[k], &p->ops[k].computed[n]));
		if (!sent)
			return err_field(err, "computed", "\"%s\" is never sent: write \"{{computed:%s}}\" where "
					 "the provider wants it", op->computed[i].name, op->computed[i].name);
	}
	return 0;
}

/* By our id that they got, or by theirs that we read in their answer. */
static int
check_receipts(const struct profile *p, const struct operation *op, struct err *err)
{
	const struct receipt_rules *r = &p->callback.receipt;
	bool by_id = r->id.count && says(op, PART_ID) && (op->numbers_max == 1 || op->own_ids);

	if (!p->receipts || by_id || (r->provider_id.count && op->id.count))
		return 0;
	if (op->numbers_max > 1 && says(op, PART_ID))
		err_field(err, "callback/receipt", "reads our id, but the messages of a shared request have "
			  "only the first one's: put {{id}} into \"elements\", or read \"provider_id\"");
	else if (r->id.count)
		err_field(err, "callback/receipt", "reads our id, which %s never sends: put \"{{id}}\" where the "
			  "provider takes a reference, or read \"provider_id\" and set \"id_pointer\"", op->name);
	else
		err_field(err, "id_pointer", "is missing in %s: receipts name only their id, which nobody would "
			  "know", op->name);
	return -1;
}

static int
check_send(const struct profile *p, enum operation_id id, struct err *err)
{
	const struct operation *op = &p->ops[id];

	if (!profile_has(p, id))
		return 0;
	return check_number(op, err) < 0 || check_words(p, op, err) < 0 ||
		check_elements(op, err) < 0 || check_receipts(p, op, err) < 0 ? -1 : 0;
}

/* Each rule must be able to find its call. */
static int
check_call_rules(const struct profile *p, struct err *err)
{
	const struct operation *op = &p->ops[OP_CALL];
	bool asks = profile_has(p, OP_CALL_QUERY);

	for (size_t i = 0; i < p->callback.call_count; i++) {
		const struct call_rule *r = &p->callback.calls[i];

		/* What a question is answered gets our id as if it had been sent. */
		if (!(r->id.count && (asks || says(op, PART_ID))) && !(r->provider_id.count && op->id.count))
			return err_field(err, "callback/calls", "rule %zu finds no call: the call sends no {{id}} for "
					 "\"id\", or has no \"id_pointer\" for \"provider_id\"", i);
	}
	return 0;
}

static int
check_call(const struct profile *p, struct err *err)
{
	const struct operation *op = &p->ops[OP_CALL];

	if (!profile_has(p, OP_CALL))
		return 0;
	if (profile_has(p, OP_CALL_QUERY) && !op->id.count)
		return err_field(err, "call/id_pointer", "is missing: call_query asks by their reference, {{ref}}");
	return check_number(op, err) < 0 || check_words(p, op, err) < 0 ||
		check_call_rules(p, err) < 0 ? -1 : 0;
}

static int
check_questions(const struct profile *p, struct err *err)
{
	const struct callback_rules *c = &p->callback;

	if (profile_has(p, OP_QUERY) && p->query.id.count && !says(&p->ops[OP_SEND], PART_ID))
		return err_field(err, "query/id", "reads our id, which no request sends: put \"{{id}}\" where the "
				 "provider takes a reference, or read \"text\" and \"at\"");
	if (profile_has(p, OP_PULL) && !c->receipt.is_set && !c->reply.is_set && !c->call_count)
		return err_field(err, "pull", "fetches what nothing reads: \"callback\" needs \"receipt\", \"reply\" "
				 "or \"calls\"");
	return 0;
}

int
fit_check(const struct profile *p, struct err *err)
{
	for (int i = 0; i < OP_COUNT; i++)
		if (check_computed(p, &p->ops[i], err) < 0)
			return -1;
	return check_send(p, OP_SEND, err) < 0 || check_send(p, OP_ORDINARY, err) < 0 ||
		check_call(p, err) < 0 || check_questions(p, err) < 0 ? -1 : 0;
}
