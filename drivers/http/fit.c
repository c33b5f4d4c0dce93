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
refuse(struct err *err, const struct operation *op, enum phrase phrase)
{
	bool has_body = json_object_get(op->config, "body") != NULL;

	err_say_phrase(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, has_body ? "body" : "fields"), phrase, NULL);
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
		return refuse(err, op, params || code ? PHRASE_http_fit_templates : PHRASE_http_fit_text);
	if (!code && (a->count > 1 || !params))
		return refuse(err, op, PHRASE_http_fit_template);
	if (!params && any_has_values(a))
		return refuse(err, op, PHRASE_http_fit_values);
	return 0;
}

static int
check_number(const struct operation *op, struct err *err)
{
	if (!says(op, PART_NUMBER))
		return refuse(err, op, PHRASE_http_fit_to);
	if (op->numbers_max > 1 && operation_uses(op, request_uses_number))
		return refuse(err, op, PHRASE_http_fit_numbers);
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
		err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "elements"), http_element_unsent, e->name, e->name);
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
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "computed"), http_computed_unsent, op->computed[i].name, op->computed[i].name);
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
		err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "callback/receipt"), http_receipt_shared);
	else if (r->id.count)
		err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "callback/receipt"), http_receipt_unsent, op->name);
	else
		err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "id_pointer"), http_id_pointer, op->name);
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
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "callback/calls"), http_rule_no_call, NUM(i));
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
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "call/id_pointer"), http_call_pointer);
	return check_number(op, err) < 0 || check_words(p, op, err) < 0 ||
		check_call_rules(p, err) < 0 ? -1 : 0;
}

static int
check_questions(const struct profile *p, struct err *err)
{
	const struct callback_rules *c = &p->callback;

	if (profile_has(p, OP_QUERY) && p->query.id.count && !says(&p->ops[OP_SEND], PART_ID))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "query/id"), http_query_unsent);
	if (profile_has(p, OP_PULL) && !c->receipt.is_set && !c->reply.is_set && !c->call_count)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "pull"), http_pull_unread);
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
