/* profile.c -- the config of a provider route, checked to the last option and compiled.  It
 * guesses nothing: what it does not know it refuses. */
#include "drivers/http/http.h"
#include "drivers/http/sign.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CONNECTIONS_MAX 256
#define WINDOW_MAX 16384
#define NUMBERS_MAX 1000
#define FORM "application/x-www-form-urlencoded"

static int
only(json_t *object, const char *where, const char *known, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		char padded[64], field[128];

		snprintf(padded, sizeof(padded), " %s ", name);
		if (strstr(known, padded))
			continue;
		snprintf(field, sizeof(field), "%s/%s", where, name);
		return err_field(err, field, "is no option of gong-http; known here:%s", known);
	}
	return 0;
}

static int
take_string(json_t *object, const char *name, const char **out, struct err *err)
{
	json_t *value = json_object_get(object, name);

	if (!value)
		return 0;
	if (!json_is_string(value) || !json_string_length(value))
		return err_field(err, name, "must be a text that is not empty");
	*out = json_string_value(value);
	return 0;
}

static int
take_number(json_t *object, const char *name, long min, long max, long *out, struct err *err)
{
	json_t *value = json_object_get(object, name);

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < min ||
	    json_integer_value(value) > max)
		return err_field(err, name, "must be a whole number from %ld to %ld", min, max);
	*out = (long)json_integer_value(value);
	return 0;
}

static char *
unescape_token(const char *from, size_t len)
{
	char *token = xmalloc(len + 1), *to = token;

	for (size_t i = 0; i < len; i++) {
		if (from[i] == '~' && i + 1 < len && (from[i + 1] == '0' || from[i + 1] == '1'))
			*to++ = from[++i] == '0' ? '~' : '/';
		else
			*to++ = from[i];
	}
	*to = '\0';
	return token;
}

static int
take_pointer(json_t *object, const char *name, struct pointer *out, struct err *err)
{
	const char *text = NULL;

	if (take_string(object, name, &text, err) < 0)
		return -1;
	if (!text)
		return 0;
	if (text[0] != '/')
		return err_field(err, name, "\"%s\" is no JSON pointer; write \"/%s\"", text, text);
	while (*text == '/') {
		size_t len = strcspn(++text, "/");

		out->tokens = xrealloc(out->tokens, (out->count + 1) * sizeof(*out->tokens));
		out->tokens[out->count++] = unescape_token(text, len);
		text += len;
	}
	return 0;
}

static void
pointer_fini(struct pointer *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->tokens[i]);
	free(p->tokens);
	*p = (struct pointer){ 0 };
}

json_t *
pointer_get(const struct pointer *p, json_t *in)
{
	if (!p->count)
		return NULL;
	for (size_t i = 0; i < p->count && in; i++) {
		char *end;

		if (json_is_array(in)) {
			unsigned long n = strtoul(p->tokens[i], &end, 10);

			in = *end || end == p->tokens[i] ? NULL : json_array_get(in, n);
		} else {
			in = json_object_get(in, p->tokens[i]);
		}
	}
	return in;
}

bool
value_is(json_t *value, json_t *wanted)
{
	json_t *one;
	size_t i;

	if (!json_is_array(wanted))
		return json_equal(value, wanted);
	json_array_foreach(wanted, i, one)
		if (json_equal(value, one))
			return true;
	return false;
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

static int
take_class(struct error_rule *rule, const char *class, struct err *err)
{
	int reject;

	rule->any = json_is_string(rule->equals) &&
		strcmp(json_string_value(rule->equals), "*") == 0;
	if (class && strcmp(class, "accepted") == 0)
		rule->verdict = VERDICT_ACCEPTED;
	else if (class && strcmp(class, "unknown") == 0)
		rule->verdict = VERDICT_UNKNOWN;
	else if (class && strcmp(class, "refused") == 0)
		rule->class = REJECT_RETRY_OTHER;
	else if (class && (reject = reject_parse(class)) > REJECT_NONE)
		rule->class = (enum reject)reject;
	else
		return err_set(err, "class must be retry, retry_other, drop, config, clock, refused, "
			       "unknown or accepted");
	rule->unlisted = strcmp(class, "refused") == 0;
	if (rule->class != REJECT_NONE)
		rule->verdict = VERDICT_REJECTED;
	return 0;
}

static int
take_error(struct error_rule *rule, json_t *entry, struct err *err)
{
	const char *class = NULL;

	if (!json_is_object(entry))
		return err_set(err, "must be an object with \"status\" or \"pointer\", and \"class\"");
	rule->equals = json_object_get(entry, "equals");
	if (only(entry, "", " status pointer equals class ", err) < 0 ||
	    take_number(entry, "status", 100, 599, &rule->status, err) < 0 ||
	    take_pointer(entry, "pointer", &rule->pointer, err) < 0 ||
	    take_string(entry, "class", &class, err) < 0)
		return -1;
	if (!rule->status && !rule->pointer.count)
		return err_set(err, "names neither \"status\" nor \"pointer\"");
	if (!rule->pointer.count != !rule->equals)
		return err_set(err, "\"pointer\" and \"equals\" belong together");
	return take_class(rule, class, err);
}

static int
take_errors(struct profile *p, struct err *err)
{
	json_t *errors = json_object_get(p->config, "errors"), *entry;
	size_t i;

	if (errors && !json_is_array(errors))
		return err_field(err, "errors", "must be a list");
	p->errors = xcalloc(json_array_size(errors), sizeof(*p->errors));
	json_array_foreach(errors, i, entry) {
		struct err inner = { 0 };

		p->error_count++;
		if (take_error(&p->errors[i], entry, &inner) < 0) {
			char field[160];

			snprintf(field, sizeof(field), "errors/%zu%s%s", i, inner.field[0] ? "/" : "",
				 inner.field);
			return err_field(err, field, "%s", inner.text);
		}
	}
	return 0;
}

static int
take_success(struct profile *p, struct err *err)
{
	json_t *success = json_object_get(p->config, "success"), *status;
	size_t i;

	if (!success)
		return err_field(err, "success", "is missing; write {\"status\":[200],\"pointer\":"
				 "\"/code\",\"equals\":0}");
	if (!json_is_object(success))
		return err_field(err, "success", "must be an object");
	p->success_status = json_object_get(success, "status");
	p->success_equals = json_object_get(success, "equals");
	if (only(success, "success", " status pointer equals ", err) < 0 ||
	    take_pointer(success, "pointer", &p->success, err) < 0)
		return -1;
	if (!json_array_size(p->success_status))
		return err_field(err, "success/status", "must be a list of HTTP statuses, [200]");
	json_array_foreach(p->success_status, i, status)
		if (!json_is_integer(status) || json_integer_value(status) < 200 ||
		    json_integer_value(status) > 299)
			return err_field(err, "success/status", "may name 200 to 299 only");
	if (!p->success.count != !p->success_equals)
		return err_field(err, "success", "\"pointer\" and \"equals\" belong together");
	return 0;
}

static int
take_words(json_t *object, const char *name, json_t **out, struct err *err)
{
	json_t *word;
	size_t i;

	*out = json_object_get(object, name);
	if (*out && !json_is_array(*out))
		return err_field(err, name, "must be a list");
	json_array_foreach(*out, i, word)
		if (json_is_object(word) || json_is_array(word))
			return err_field(err, name, "may hold words, numbers and true/false only");
	return 0;
}

static int
take_receipt_rules(struct callback_rules *c, json_t *receipt, struct err *err)
{
	c->has_receipt = receipt != NULL;
	if (!receipt)
		return 0;
	if (!json_is_object(receipt))
		return err_field(err, "callback/receipt", "must be an object");
	if (only(receipt, "callback/receipt", " id provider_id to state reason delivered failed ",
		 err) < 0 ||
	    take_pointer(receipt, "id", &c->receipt.id, err) < 0 ||
	    take_pointer(receipt, "provider_id", &c->receipt.provider_id, err) < 0 ||
	    take_pointer(receipt, "to", &c->receipt.to, err) < 0 ||
	    take_pointer(receipt, "state", &c->receipt.state, err) < 0 ||
	    take_pointer(receipt, "reason", &c->receipt.reason, err) < 0 ||
	    take_words(receipt, "delivered", &c->delivered, err) < 0 ||
	    take_words(receipt, "failed", &c->failed, err) < 0)
		return -1;
	if (!c->receipt.state.count || !json_array_size(c->delivered))
		return err_field(err, "callback/receipt", "needs \"state\" and \"delivered\"");
	if (!c->receipt.id.count && !c->receipt.provider_id.count)
		return err_field(err, "callback/receipt", "needs \"id\" (the {{id}} we sent) or "
				 "\"provider_id\"");
	return 0;
}

static int
take_callback(struct profile *p, struct err *err)
{
	json_t *callback = json_object_get(p->config, "callback"), *reply;
	struct callback_rules *c = &p->callback;

	c->answer = "{\"code\":0}";
	if (!callback)
		return 0;
	if (!json_is_object(callback))
		return err_field(err, "callback", "must be an object");
	reply = json_object_get(callback, "reply");
	if (only(callback, "callback", " receipt reply answer ", err) < 0 ||
	    take_string(callback, "answer", &c->answer, err) < 0 ||
	    take_receipt_rules(c, json_object_get(callback, "receipt"), err) < 0)
		return -1;
	c->has_reply = reply != NULL;
	if (!reply)
		return 0;
	if (!json_is_object(reply))
		return err_field(err, "callback/reply", "must be an object");
	if (only(reply, "callback/reply", " id from text ", err) < 0 ||
	    take_pointer(reply, "id", &c->reply.id, err) < 0 ||
	    take_pointer(reply, "from", &c->reply.from, err) < 0 ||
	    take_pointer(reply, "text", &c->reply.text, err) < 0)
		return -1;
	if (!c->reply.from.count || !c->reply.text.count)
		return err_field(err, "callback/reply", "needs \"from\" and \"text\"");
	return 0;
}

static int
compile_json_body(struct profile *p, const struct request_constants *constants, struct err *err)
{
	json_t *body = json_object_get(p->config, "body");
	char *text = json_is_string(body) ? xstrdup(json_string_value(body))
		: json_is_object(body) ? json_dumps(body, JSON_COMPACT) : NULL;
	int rc;

	if (!text)
		return err_field(err, "body", "must be a template text or an object for body_type "
				 "json");
	p->body.escape = ESCAPE_JSON;
	rc = request_compile(&p->body, text, ESCAPE_NONE, constants, err);
	free(text);
	if (rc == 0)
		rc = request_check_json(&p->body, p->numbers_join, err);
	if (rc < 0 && err)
		snprintf(err->field, sizeof(err->field), "body");
	return rc;
}

static int
compile_fields(struct profile *p, struct request_template *t,
	       const struct request_constants *constants, struct err *err)
{
	json_t *fields = json_object_get(p->config, "fields");
	json_t *body = json_object_get(p->config, "body");
	const char *at = fields ? "fields" : "body";
	int rc;

	t->escape = ESCAPE_PERCENT;
	if (json_is_object(fields) && json_object_size(fields) && !body)
		rc = request_compile_fields(t, fields, constants, err);
	else if (json_is_string(body) && !fields)
		rc = request_compile(t, json_string_value(body), ESCAPE_NONE, constants, err);
	else
		return err_field(err, "fields", "write either \"fields\":{\"name\":\"{{text}}\"} or "
				 "one \"body\" text, for body_type form and query");
	if (rc < 0 && err)
		snprintf(err->field, sizeof(err->field), "%s", at);
	return rc;
}

/* Several numbers of one text in one request, and where the answer speaks of each. */
static int
take_numbers(struct profile *p, struct err *err)
{
	json_t *numbers = json_object_get(p->config, "numbers");
	json_t *each = json_object_get(p->config, "each");
	long most = 1;

	p->numbers_max = 1;
	if (!numbers && !each)
		return 0;
	if (!json_is_object(numbers) || (each && !json_is_object(each)))
		return err_field(err, each ? "each" : "numbers", "write \"numbers\":{\"most\":200,"
				 "\"join\":\",\"}, and beside it \"each\":{\"list\":\"/…\",\"to\":"
				 "\"/…\"} if the answer speaks of each number");
	if (only(numbers, "numbers", " most join ", err) < 0 ||
	    take_number(numbers, "most", 2, NUMBERS_MAX, &most, err) < 0 ||
	    take_string(numbers, "join", &p->numbers_join, err) < 0 ||
	    only(each, "each", " list to ", err) < 0 ||
	    take_pointer(each, "list", &p->each, err) < 0 ||
	    take_pointer(each, "to", &p->each_to, err) < 0)
		return -1;
	if (most == 1 || !p->numbers_join)
		return err_field(err, "numbers", "needs \"most\" and \"join\"");
	if (!p->each.count != !p->each_to.count)
		return err_field(err, "each", "needs \"list\" and \"to\"");
	p->numbers_max = (unsigned)most;
	return 0;
}

/* What each scheme needs beside its name, and what it can sign. */
static const struct {
	const char *name, *known;
	enum sign_scheme scheme;
} schemes[] = {
	{ "md5", " scheme of ", SIGN_MD5 },
	{ "tc3", " scheme key_id key service action ", SIGN_TC3 },
	{ "aliyun-rpc", " scheme key_id key ", SIGN_ALIYUN_RPC },
};

static int
check_scheme(struct profile *p, const struct request_constants *constants, const char *of,
	     struct err *err)
{
	struct sign_rules *s = &p->sign;
	bool is_form = p->content_type && strcmp(p->content_type, FORM) == 0;

	if (s->scheme == SIGN_MD5) {
		if (!of)
			return err_field(err, "sign", "md5 needs \"of\", the text that is digested");
		return request_compile(&s->of, of, ESCAPE_NONE, constants, err);
	}
	if (!s->key_id || !s->key || (s->scheme == SIGN_TC3 && (!s->service || !s->action)))
		return err_field(err, "sign", "needs \"key_id\" and \"key\"; tc3 also \"service\" "
				 "and \"action\"");
	if (s->scheme == SIGN_ALIYUN_RPC && !is_form)
		return err_field(err, "sign", "aliyun-rpc signs body_type form");
	if (s->scheme == SIGN_TC3 && (is_form || p->query.count || p->base64 || p->authorization))
		return err_field(err, "sign", "tc3 signs body_type json and makes the Authorization "
				 "header itself");
	if (strcmp(p->method, "POST") != 0)
		return err_field(err, "method", "must be POST: it is part of what is signed");
	return 0;
}

static int
take_sign(struct profile *p, const struct request_constants *constants, struct err *err)
{
	json_t *sign = json_object_get(p->config, "sign");
	const char *name = "", *known = NULL, *of = NULL;
	struct sign_rules *s = &p->sign;

	if (!sign)
		return request_uses(&p->body, VAR_SIGNATURE) || request_uses(&p->query, VAR_SIGNATURE)
			? err_field(err, "sign", "is missing, but {{signature}} is used") : 0;
	if (take_string(sign, "scheme", &name, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (strcmp(schemes[i].name, name) == 0) {
			s->scheme = schemes[i].scheme;
			known = schemes[i].known;
		}
	if (!known)
		return err_field(err, "sign", "must be an object whose \"scheme\" is md5, tc3 or "
				 "aliyun-rpc");
	if (only(sign, "sign", known, err) < 0 || take_string(sign, "of", &of, err) < 0 ||
	    take_string(sign, "key_id", &s->key_id, err) < 0 ||
	    take_string(sign, "key", &s->key, err) < 0 ||
	    take_string(sign, "service", &s->service, err) < 0 ||
	    take_string(sign, "action", &s->action, err) < 0)
		return -1;
	if (s->scheme == SIGN_TC3)
		p->content_type = SIGN_TC3_TYPE;
	return check_scheme(p, constants, of, err);
}

static int
take_encoding(struct profile *p, const char *body_type, struct err *err)
{
	const char *encoding = NULL;

	if (take_string(p->config, "body_encoding", &encoding, err) < 0)
		return -1;
	if (encoding && (strcmp(encoding, "base64") != 0 || strcmp(body_type, "json") != 0))
		return err_field(err, "body_encoding", "may only be base64, with body_type json");
	p->base64 = encoding != NULL;
	return 0;
}

static int
take_body(struct profile *p, struct err *err)
{
	struct request_constants constants = { 0 };
	const char *type = "json";
	bool query;
	int rc;

	if (take_string(p->config, "body_type", &type, err) < 0 ||
	    take_string(p->config, "callback_url", &constants.callback_url, err) < 0 ||
	    take_string(p->config, "secret", &constants.secret, err) < 0)
		return -1;
	query = strcmp(type, "query") == 0;
	p->method = query ? "GET" : "POST";
	if (take_string(p->config, "method", &p->method, err) < 0)
		return -1;
	if (strcmp(p->method, "POST") != 0 && strcmp(p->method, "PUT") != 0 &&
	    (!query || strcmp(p->method, "GET") != 0))
		return err_field(err, "method", "may be POST or PUT; GET with body_type query");
	if (strcmp(type, "json") != 0 && !query && strcmp(type, "form") != 0)
		return err_field(err, "body_type", "must be json, form or query");
	if (take_encoding(p, type, err) < 0)
		return -1;
	if (strcmp(type, "json") == 0 && json_object_get(p->config, "fields"))
		return err_field(err, "fields", "is for body_type form and query; use body");
	p->content_type = query ? NULL : strcmp(type, "json") == 0 ? "application/json" : FORM;
	rc = strcmp(type, "json") == 0 ? compile_json_body(p, &constants, err)
		: compile_fields(p, query ? &p->query : &p->body, &constants, err);
	return rc < 0 ? rc : take_sign(p, &constants, err);
}

static int
take_headers(struct profile *p, struct err *err)
{
	const char *name;
	json_t *value;

	p->headers = json_object_get(p->config, "headers");
	if (p->headers && !json_is_object(p->headers))
		return err_field(err, "headers", "must be an object of texts");
	json_object_foreach(p->headers, name, value) {
		const char *text = json_string_value(value);

		if (!text || !name[0] || strpbrk(name, ":\r\n ") || strpbrk(text, "\r\n") ||
		    strstr(text, "{{"))
			return err_field(err, "headers", "\"%s\" must be one line of fixed text "
					 "(no {{…}})", name);
		if (strcasecmp(name, "authorization") == 0)
			return err_field(err, "headers", "set the option \"authorization\" instead");
		if (strcasecmp(name, "content-type") == 0 && p->sign.scheme == SIGN_TC3)
			return err_field(err, "headers", "tc3 signs " SIGN_TC3_TYPE "; leave "
					 "Content-Type out");
	}
	if (p->authorization && strpbrk(p->authorization, "\r\n"))
		return err_field(err, "authorization", "must be one line");
	return 0;
}

static int
take_limits(struct profile *p, struct err *err)
{
	long connections = 32, window = 0, batch = 0;

	p->timeout_ms = 10000;
	p->connect_timeout_ms = 5000;
	if (take_number(p->config, "timeout_ms", 100, 120000, &p->timeout_ms, err) < 0 ||
	    take_number(p->config, "connect_timeout_ms", 100, 120000, &p->connect_timeout_ms,
			err) < 0 ||
	    take_number(p->config, "connections", 1, CONNECTIONS_MAX, &connections, err) < 0 ||
	    take_number(p->config, "window", 1, WINDOW_MAX, &window, err) < 0 ||
	    take_number(p->config, "batch", 1, WINDOW_MAX, &batch, err) < 0)
		return -1;
	p->connections = (unsigned)connections;
	p->window = p->connections * (p->numbers_max > 1 ? p->numbers_max : 4);
	p->window = window ? (unsigned)window : p->window < 256 ? 256
		: p->window > WINDOW_MAX ? WINDOW_MAX : p->window;
	p->batch = batch ? (unsigned)batch : p->numbers_max > 1 ? p->numbers_max : 100;
	if (p->batch > p->window)
		p->batch = p->window;
	return 0;
}

/* The address may carry a key in its path or query: only the host is ever shown. */
static char *
host_of(const char *url)
{
	const char *host = strstr(url, "://") + 3, *user_end;
	size_t len = strcspn(host, "/?");

	user_end = memrchr(host, '@', len);
	if (user_end) {
		len -= (size_t)(user_end + 1 - host);
		host = user_end + 1;
	}
	return xstrndup(host, len);
}

static int
take_url(struct profile *p, struct err *err)
{
	if (take_string(p->config, "url", &p->url, err) < 0)
		return -1;
	if (!p->url)
		return err_field(err, "url", "is missing; write \"url\":\"https://…\"");
	if (strncmp(p->url, "https://", 8) != 0 && strncmp(p->url, "http://", 7) != 0)
		return err_field(err, "url", "must begin with https:// or http://");
	if (strstr(p->url, "{{") || strpbrk(p->url, " \r\n#"))
		return err_field(err, "url", "must be a fixed address; put values into body or "
				 "fields");
	p->host = host_of(p->url);
	return 0;
}

int
profile_compile(struct profile *p, json_t *config, struct err *err)
{
	static const char known[] = " url method headers authorization secret body_type body fields "
		"success id_pointer reason_pointer receipts callback callback_url errors timeout_ms "
		"connect_timeout_ms connections window batch ca_file proxy country numbers each sign "
		"body_encoding ";
	json_t *receipts;

	*p = (struct profile){ .config = json_incref(config), .country = "", .proxy = "" };
	if (!json_is_object(config))
		return err_field(err, "config", "must be a JSON object with at least url, body and "
				 "success");
	receipts = json_object_get(config, "receipts");
	if (only(config, "", known, err) < 0 || take_url(p, err) < 0 ||
	    take_string(config, "authorization", &p->authorization, err) < 0 ||
	    take_string(config, "ca_file", &p->ca_file, err) < 0 ||
	    take_string(config, "proxy", &p->proxy, err) < 0 ||
	    take_string(config, "country", &p->country, err) < 0 || take_numbers(p, err) < 0 ||
	    take_body(p, err) < 0 || take_headers(p, err) < 0 || take_success(p, err) < 0 ||
	    take_pointer(config, "id_pointer", &p->id, err) < 0 ||
	    take_pointer(config, "reason_pointer", &p->reason, err) < 0 ||
	    take_errors(p, err) < 0 || take_callback(p, err) < 0 || take_limits(p, err) < 0)
		return -1;
	if (receipts && !json_is_boolean(receipts))
		return err_field(err, "receipts", "must be true or false");
	p->receipts = json_is_true(receipts);
	if (p->receipts && !p->callback.has_receipt)
		return err_field(err, "receipts", "is true, but callback/receipt says nothing of how "
				 "to read one");
	return 0;
}

void
profile_fini(struct profile *p)
{
	struct pointer *pointers[] = {
		&p->success, &p->id, &p->reason, &p->each, &p->each_to, &p->callback.receipt.id,
		&p->callback.receipt.provider_id, &p->callback.receipt.to,
		&p->callback.receipt.state, &p->callback.receipt.reason, &p->callback.reply.id,
		&p->callback.reply.from, &p->callback.reply.text,
	};

	for (size_t i = 0; i < sizeof(pointers) / sizeof(*pointers); i++)
		pointer_fini(pointers[i]);
	for (size_t i = 0; i < p->error_count; i++)
		pointer_fini(&p->errors[i].pointer);
	free(p->errors);
	free(p->host);
	request_template_fini(&p->body);
	request_template_fini(&p->query);
	request_template_fini(&p->sign.of);
	json_decref(p->config);
}
