/* profile.c -- the config of a provider route, checked to the last option and compiled.  It
 * guesses nothing: what it does not know it refuses. */
#include "drivers/http/profile.h"

#include <stdio.h>
#include <string.h>

#include "core/pace.h"

#define CONNECTIONS_MAX 1000
#define WINDOW_MAX 16384

/* The sections, and what each may hold beside what every operation may. */
static const struct { const char *name, *known; enum operation_id id; } sections[] = {
	{ "ordinary", OPERATION_OPTIONS, OP_ORDINARY },
	{ "call", OPERATION_OPTIONS, OP_CALL },
	{ "query", OPERATION_OPTIONS "list id provider_id text at state reason delivered failed after_ms "
	  "times ", OP_QUERY },
	{ "call_query", OPERATION_OPTIONS "every_ms ", OP_CALL_QUERY },
	{ "balance", OPERATION_OPTIONS "list pointer minus until low ", OP_BALANCE },
};

#define PULL_OPTIONS OPERATION_OPTIONS "list every_ms "

bool
profile_has(const struct profile *p, enum operation_id id)
{
	return p->ops[id].name != NULL;
}

/* Providers write numbers with and without country code; gongd compares them in E.164. */
const char *
profile_number(const struct profile *p, const char *text, char *room, size_t size)
{
	size_t country = strlen(p->country);

	if (!text || text[0] == '+')
		return text;
	if (strncmp(text, "00", 2) == 0)
		snprintf(room, size, "+%s", text + 2);
	else if (!country || (strncmp(text, p->country, country) == 0 && strlen(text) > 11))
		snprintf(room, size, "+%s", text);
	else
		snprintf(room, size, "+%s%s", p->country, text + (text[0] == '0'));
	return room;
}

const char *
profile_number_at(const struct profile *p, const struct pointer *at, const struct pointer *country,
		  json_t *item, char room[64])
{
	char number[64], digits[64];
	const char *text = pointer_text(at, item, number, sizeof(number));
	const char *code = pointer_text(country, item, digits, sizeof(digits));

	if (!text || strlen(text) >= sizeof(number) - 8)
		return NULL;
	if (code)
		code += code[0] == '+' ? 1 : strncmp(code, "00", 2) == 0 ? 2 : 0;
	if (!code || !code[0] || strlen(code) > 4 || strspn(code, "0123456789") != strlen(code) ||
	    text[0] == '+' || strncmp(text, "00", 2) == 0)
		return profile_number(p, text, room, 64);
	snprintf(room, 64, "+%s%s", code, text);
	return room;
}

static int
take_query(struct profile *p, json_t *query, struct err *err)
{
	struct query_rules *q = &p->query;

	q->after_ms = 2000;
	q->times = 3;
	if (option_pointer(query, "list", &q->list, err) < 0 ||
	    option_pointer(query, "id", &q->id, err) < 0 ||
	    option_pointer(query, "provider_id", &q->provider_id, err) < 0 ||
	    option_pointer(query, "text", &q->text, err) < 0 ||
	    option_pointer(query, "at", &q->at, err) < 0 ||
	    option_pointer(query, "state", &q->state, err) < 0 ||
	    option_pointer(query, "reason", &q->reason, err) < 0 ||
	    option_words(query, "delivered", &q->delivered, err) < 0 ||
	    option_words(query, "failed", &q->failed, err) < 0 ||
	    option_number(query, "after_ms", 10, 60000, &q->after_ms, err) < 0 ||
	    option_number(query, "times", 1, 10, &q->times, err) < 0)
		return option_within(err, "query");
	if (query && !q->id.count && (!q->text.count || !q->at.count))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "query"), http_query_needs);
	return 0;
}

static int
take_balance(struct profile *p, json_t *balance, struct err *err)
{
	json_t *low = json_object_get(balance, "low");

	p->balance_low = 0;
	if (option_pointer(balance, "list", &p->balance.list, err) < 0 ||
	    option_pointer(balance, "pointer", &p->balance.pointer, err) < 0 ||
	    option_pointer(balance, "minus", &p->balance.minus, err) < 0 ||
	    option_pointer(balance, "until", &p->balance.until, err) < 0)
		return option_within(err, "balance");
	if (low && !option_as_number(low, &p->balance_low))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "balance/low"), http_plain_number);
	if (balance && !p->balance.pointer.count)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "balance/pointer"), http_balance_pointer);
	return 0;
}

static int
take_sections(struct profile *p, const struct request_context *context, struct err *err)
{
	json_t *section;

	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
		const char *name = sections[i].name;

		if (option_object(p->config, name, &section, err) < 0 ||
		    option_only(section, name, sections[i].known, err) < 0)
			return -1;
		if (section && operation_compile(&p->ops[sections[i].id], name, p->config, section,
						 context, err) < 0)
			return -1;
	}
	if (operation_uses(&p->ops[OP_BALANCE], request_uses_items))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "balance"), http_no_message);
	p->call_query_ms = 10000;
	if (option_number(json_object_get(p->config, "call_query"), "every_ms", 100, 60000,
			  &p->call_query_ms, err) < 0)
		return option_within(err, "call_query");
	return take_query(p, json_object_get(p->config, "query"), err) < 0 ||
		take_balance(p, json_object_get(p->config, "balance"), err) < 0 ? -1 : 0;
}

static int
take_pull(struct profile *p, size_t i, json_t *pull, const struct request_context *context,
	  struct err *err)
{
	struct operation *op = &p->ops[OP_PULL + i];
	struct pull_rules *rules = &p->pulls[i];

	rules->every_ms = 15000;
	if (!json_is_object(pull))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "pull"), http_pull_objects);
	if (option_only(pull, "pull", PULL_OPTIONS, err) < 0 ||
	    operation_compile(op, "pull", p->config, pull, context, err) < 0)
		return -1;
	if (option_pointer(pull, "list", &rules->list, err) < 0 ||
	    option_number(pull, "every_ms", 100, 3600000, &rules->every_ms, err) < 0)
		return option_within(err, "pull");
	if (operation_uses(op, request_uses_items))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "pull"), http_no_message);
	return 0;
}

static int
take_pulls(struct profile *p, const struct request_context *context, struct err *err)
{
	json_t *pulls = json_object_get(p->config, "pull");

	if (pulls && (!json_is_array(pulls) || json_array_size(pulls) > 2))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "pull"), http_pull_list);
	for (size_t i = 0; i < json_array_size(pulls); i++)
		if (take_pull(p, i, json_array_get(pulls, i), context, err) < 0)
			return -1;
	return 0;
}

static int
take_budgets(struct profile *p, json_t *limits, struct err *err)
{
	json_t *rate = json_object_get(limits, "rate"), *budget;
	struct pace_budget read;
	size_t i;

	if (rate && !(json_is_number(rate) && json_number_value(rate) >= 0.001 &&
		      json_number_value(rate) <= 1e6))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "limits/rate"), http_rate);
	p->rate = json_number_value(rate);
	p->budgets = json_object_get(limits, "budgets");
	if (p->budgets && !json_is_array(p->budgets))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "limits/budgets"), http_budgets);
	json_array_foreach(p->budgets, i, budget)
		if (!json_is_string(budget) ||
		    pace_budget_parse(&read, json_string_value(budget)) < 0)
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "limits/budgets"), http_budgets);
	return option_only(limits, "limits", " rate budgets value_max value_not text_max ", err);
}

static int
take_limits(struct profile *p, struct err *err)
{
	long connections = 32, window = 0, batch = 0, numbers = 1;

	for (int i = OP_SEND; i <= OP_ORDINARY; i++)
		if (profile_has(p, i) && (long)p->ops[i].numbers_max > numbers)
			numbers = (long)p->ops[i].numbers_max;
	p->numbers_max = (unsigned)numbers;
	p->timeout_ms = 10000;
	p->connect_timeout_ms = 5000;
	if (option_number(p->config, "timeout_ms", 100, 120000, &p->timeout_ms, err) < 0 ||
	    option_number(p->config, "connect_timeout_ms", 100, 120000, &p->connect_timeout_ms,
			  err) < 0 ||
	    option_number(p->config, "connections", 1, CONNECTIONS_MAX, &connections, err) < 0 ||
	    option_number(p->config, "window", 1, WINDOW_MAX, &window, err) < 0 ||
	    option_number(p->config, "batch", 1, WINDOW_MAX, &batch, err) < 0)
		return -1;
	p->connections = (unsigned)connections;
	p->window = p->connections * (numbers > 1 ? (unsigned)numbers : 4);
	p->window = window ? (unsigned)window : p->window < 256 ? 256
		: p->window > WINDOW_MAX ? WINDOW_MAX : p->window;
	p->batch = batch ? (unsigned)batch : numbers > 1 ? (unsigned)numbers : 100;
	if (p->batch > p->window)
		p->batch = p->window;
	return take_budgets(p, json_object_get(p->config, "limits"), err);
}

/* What nobody is ever shown, beside what the names of options say is secret. */
static int
check_hidden(json_t *config, struct err *err)
{
	json_t *hidden = json_object_get(config, "hidden"), *text;
	size_t i;

	json_array_foreach(hidden, i, text)
		if (!json_is_string(text))
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "hidden"), http_texts_list);
	return !hidden || json_is_array(hidden) ? 0 : err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "hidden"), http_texts_list);
}

static int
take_transport(struct profile *p, struct err *err)
{
	const char *http = "1.1", *url = json_string_value(json_object_get(p->config, "url"));

	if (option_text(p->config, "ca_file", &p->ca_file, err) < 0 ||
	    option_text(p->config, "client_cert", &p->client_cert, err) < 0 ||
	    option_text(p->config, "client_key", &p->client_key, err) < 0 ||
	    option_text(p->config, "proxy", &p->proxy, err) < 0 ||
	    option_text(p->config, "country", &p->country, err) < 0 ||
	    option_text(p->config, "http", &http, err) < 0)
		return -1;
	if (strcmp(http, "1.1") != 0 && strcmp(http, "2") != 0)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "http"), http_version_of_http);
	if (!p->client_cert != !p->client_key)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "client_cert"), http_client_cert);
	p->http2 = strcmp(http, "2") == 0;
	p->is_plain = url && strncmp(url, "http://", 7) == 0;
	return 0;
}

static int
take_receipts(struct profile *p, struct err *err)
{
	if (option_flag(p->config, "receipts", &p->receipts, err) < 0)
		return -1;
	if (p->receipts && !p->callback.receipt.is_set)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "receipts"), http_receipts);
	if (profile_has(p, OP_CALL) && !p->callback.call_count)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "callback/calls"), http_calls_missing);
	return 0;
}

/* The operation "send" is the profile itself; one that only calls has none. */
static int
take_send(struct profile *p, const struct request_context *context, struct err *err)
{
	bool sends = json_object_get(p->config, "body") || json_object_get(p->config, "fields");

	if (!sends && json_object_get(p->config, "call"))
		return 0;
	return operation_compile(&p->ops[OP_SEND], "send", p->config, p->config, context, err);
}

static int
make_reach(struct profile *p, const struct request_context *context, struct err *err)
{
	json_t *base = json_pack("{s:O*}", "url", json_object_get(p->config, "url"));
	json_t *section = json_pack("{s:s,s:s,s:{},s:{s:[i]}}", "path", "/", "body_type", "query",
				    "fields", "success", "status", 200);
	int rc = operation_compile(&p->ops[OP_REACH], "reach", base, section, context, err);

	json_decref(base);
	json_decref(section);
	return rc;
}

int
profile_check_version(json_t *from, struct err *err)
{
	json_t *version = json_object_get(from, "version");

	if (!version || (json_is_integer(version) && json_integer_value(version) == PROFILE_VERSION))
		return 0;
	return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "version"), http_profile_version, NUM(PROFILE_VERSION));
}

int
profile_compile(struct profile *p, json_t *config, struct err *err)
{
	static const char known[] = OPERATION_OPTIONS "version url secret receipts callback callback_url timeout_ms "
		"connect_timeout_ms connections window batch ca_file client_cert client_key proxy http "
		"country ordinary call query call_query balance pull templates limits languages hidden ";
	struct request_context context = { 0 };

	*p = (struct profile){ .config = json_incref(config), .country = "", .proxy = "" };
	if (!json_is_object(config))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "config"), http_config_object);
	if (profile_check_version(config, err) < 0 || option_only(config, "", known, err) < 0 || take_transport(p, err) < 0 || check_hidden(config, err) < 0 ||
	    option_object(config, "languages", &p->languages, err) < 0 ||
	    option_text(config, "callback_url", &context.callback_url, err) < 0 ||
	    option_text(config, "secret", &context.secret, err) < 0 ||
	    take_send(p, &context, err) < 0 || take_sections(p, &context, err) < 0 ||
	    make_reach(p, &context, err) < 0 ||
	    take_pulls(p, &context, err) < 0 || approved_compile(&p->approved, config, err) < 0 ||
	    callback_compile(&p->callback, config, &context, err) < 0 ||
	    take_receipts(p, err) < 0 || take_limits(p, err) < 0)
		return -1;
	p->callback_url = context.callback_url;
	p->host = operation_host(&p->ops[profile_has(p, OP_SEND) ? OP_SEND : OP_CALL]);
	return 0;
}

void
profile_fini(struct profile *p)
{
	struct query_rules *q = &p->query;
	struct balance_rules *b = &p->balance;
	struct pointer *pointers[] = { &q->list, &q->id, &q->provider_id, &q->text, &q->at, &q->state,
				       &q->reason, &p->pulls[0].list, &p->pulls[1].list, &b->list,
				       &b->pointer, &b->minus, &b->until };

	for (size_t i = 0; i < sizeof(pointers) / sizeof(*pointers); i++)
		pointer_fini(pointers[i]);
	for (int i = 0; i < OP_COUNT; i++)
		operation_fini(&p->ops[i]);
	approved_fini(&p->approved);
	callback_fini(&p->callback);
	json_decref(p->config);
}
