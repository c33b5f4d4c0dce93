/* operation.c -- what stands in operation.h: a section of the profile checked to the last option
 * and compiled. */
#include "drivers/http/operation.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "drivers/http/sign.h"

#define NUMBERS_MAX 1000
#define FORM "application/x-www-form-urlencoded"

/* A section has its own words and answers; these it shares with the profile's top. */
static const char *const shared[] = {
	"url", "headers", "authorization", "sign", "computed", "success", "errors", "reason_pointer", "body_type",
	"body_encoding", "answer_type",
};

/* The section on top of what it shares, as one object. */
static json_t *
merge(json_t *profile, json_t *section)
{
	json_t *merged = json_object(), *sign = json_object_get(section, "sign");

	for (size_t i = 0; i < sizeof(shared) / sizeof(*shared); i++)
		if (json_object_get(profile, shared[i]))
			json_object_set(merged, shared[i], json_object_get(profile, shared[i]));
	json_object_update(merged, section);
	if (json_is_object(sign) && json_is_object(json_object_get(profile, "sign"))) {
		sign = json_copy(json_object_get(profile, "sign"));
		json_object_update(sign, json_object_get(section, "sign"));
		json_object_set_new(merged, "sign", sign);
	}
	return merged;
}

static int
take_class(struct error_rule *rule, const char *class, struct err *err)
{
	int reject;

	if (class && strcmp(class, "accepted") == 0)
		rule->verdict = VERDICT_ACCEPTED;
	else if (class && strcmp(class, "unknown") == 0)
		rule->verdict = VERDICT_UNKNOWN;
	else if (class && strcmp(class, "refused") == 0)
		rule->class = REJECT_RETRY_OTHER;
	else if (class && (reject = reject_parse(class)) > REJECT_NONE)
		rule->class = (enum reject)reject;
	else
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_class);
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
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_error_object);
	if (option_only(entry, "", " status pointer equals class ", err) < 0 ||
	    option_number(entry, "status", 100, 599, &rule->status, err) < 0 ||
	    option_pointer(entry, "pointer", &rule->pointer, err) < 0 ||
	    option_words(entry, "equals", &rule->equals, err) < 0 ||
	    option_text(entry, "class", &class, err) < 0)
		return -1;
	if (!rule->status && !rule->pointer.count)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_error_neither);
	if (!rule->pointer.count != !rule->equals)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_pointer_equals);
	return take_class(rule, class, err);
}

static int
take_errors(struct operation *op, struct err *err)
{
	json_t *errors = json_object_get(op->config, "errors"), *entry;
	size_t i;

	if (errors && !json_is_array(errors))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "errors"), http_a_list);
	op->errors = xcalloc(json_array_size(errors) + 1, sizeof(*op->errors));
	json_array_foreach(errors, i, entry) {
		struct err inner = { 0 };

		op->error_count++;
		if (take_error(&op->errors[i], entry, &inner) < 0) {
			char field[160];

			snprintf(field, sizeof(field), "errors/%zu%s%s", i, inner.field[0] ? "/" : "",
				 inner.field);
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, field), verbatim,
				       NEST(&inner.said));
		}
	}
	return 0;
}

/* A list of HTTP statuses within [min, max]. */
static int
take_statuses(json_t *in, const char *name, int min, int max, json_t **out, struct err *err)
{
	json_t *list = json_object_get(in, name), *status;
	size_t i;

	if (!json_array_size(list))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), http_statuses);
	json_array_foreach(list, i, status)
		if (!json_is_integer(status) || json_integer_value(status) < min ||
		    json_integer_value(status) > max)
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, name), http_status_range, NUM(min), NUM(max));
	*out = list;
	return 0;
}

static int
take_success(struct operation *op, struct err *err)
{
	json_t *success = json_object_get(op->config, "success");

	if (!success)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "success"), http_success);
	if (!json_is_object(success))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "success"), http_an_object);
	if (option_only(success, "success", " status pointer equals ", err) < 0 ||
	    option_pointer(success, "pointer", &op->success, err) < 0 ||
	    option_words(success, "equals", &op->success_equals, err) < 0)
		return -1;
	if (take_statuses(success, "status", 200, 299, &op->success_status, err) < 0)
		return option_within(err, "success");
	if (!op->success.count != !op->success_equals)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "success"), http_pointer_equals);
	return 0;
}

/* Each item's element of the lists {{all:NAME}}. */
static int
take_elements(struct operation *op, const struct request_context *context, struct err *err)
{
	json_t *elements, *value;
	const char *name;

	if (option_object(op->config, "elements", &elements, err) < 0)
		return -1;
	op->elements = xcalloc(json_object_size(elements) + 1, sizeof(*op->elements));
	json_object_foreach(elements, name, value) {
		struct request_element *e = &op->elements[op->element_count++];
		char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		int rc;

		e->name = xstrdup(name);
		e->json.escape = ESCAPE_JSON;
		rc = request_compile(&e->json, text, ESCAPE_NONE, context, err);
		free(text);
		e->is_text = json_is_string(value);
		if (rc == 0 && e->is_text)
			rc = request_compile(&e->text, json_string_value(value), ESCAPE_NONE, context, err);
		if (rc < 0)
			return option_within(err, "elements");
		op->own_ids = op->own_ids || request_says(&e->json, PART_ID);
	}
	return 0;
}

/* Each may use those above it. */
static int
take_computed(struct operation *op, struct request_context *context, struct err *err)
{
	json_t *computed, *value;
	const char *name;

	if (option_object(op->config, "computed", &computed, err) < 0)
		return -1;
	op->computed = xcalloc(json_object_size(computed) + 1, sizeof(*op->computed));
	context->computed = op->computed;
	json_object_foreach(computed, name, value) {
		struct request_computed *c = &op->computed[op->computed_count++];
		const char *of = NULL;

		c->name = name;
		if (!json_is_object(value))
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "computed"), http_computed_object, name);
		if (option_only(value, "computed", " of hash as key ", err) < 0 ||
		    option_text(value, "of", &of, err) < 0 || digest_options(&c->digest, value, err) < 0)
			return -1;
		if (!of)
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "computed"), http_computed_of, name,
				       c->digest.key ? "HMAC" : WORD(http_hash));
		if (request_compile(&c->of, of, ESCAPE_NONE, context, err) < 0)
			return option_within(err, "computed");
		context->computed_count = op->computed_count;
	}
	return 0;
}

static int
compile_json_body(struct operation *op, const struct request_context *context, struct err *err)
{
	json_t *body = json_object_get(op->config, "body");
	char *text = json_is_string(body) ? xstrdup(json_string_value(body))
		: json_is_object(body) ? json_dumps(body, JSON_COMPACT) : NULL;
	int rc;

	if (!text)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "body"), http_body);
	op->body.escape = ESCAPE_JSON;
	rc = request_compile(&op->body, text, ESCAPE_NONE, context, err);
	free(text);
	if (rc == 0)
		rc = request_check_json(&op->body, err);
	return rc < 0 ? option_within(err, "body") : 0;
}

static int
take_key_fields(struct operation *op, struct request_template *t,
		const struct request_context *context, struct err *err)
{
	json_t *fields;

	if (option_object(op->config, "key_fields", &fields, err) < 0)
		return -1;
	if (fields && request_compile_key_fields(t, &op->key_fields, fields, context, err) < 0)
		return option_within(err, "key_fields");
	return 0;
}

static int
compile_fields(struct operation *op, struct request_template *t,
	       const struct request_context *context, struct err *err)
{
	json_t *fields = json_object_get(op->config, "fields");
	json_t *body = json_object_get(op->config, "body");
	int rc;

	t->escape = ESCAPE_PERCENT;
	if (json_is_object(fields) && !body)
		rc = request_compile_fields(t, fields, context, err);
	else if (json_is_string(body) && !fields)
		rc = request_compile(t, json_string_value(body), ESCAPE_NONE, context, err);
	else
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "fields"), http_fields_or_body);
	if (rc < 0)
		return option_within(err, fields ? "fields" : "body");
	return take_key_fields(op, t, context, err);
}

/* Several numbers in one request, and where the answer speaks of each. */
static int
take_numbers(struct operation *op, struct err *err)
{
	json_t *numbers, *each;
	long most = 1;

	op->numbers_max = 1;
	if (option_object(op->config, "numbers", &numbers, err) < 0 ||
	    option_object(op->config, "each", &each, err) < 0)
		return -1;
	if (each && !numbers)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "each"), http_each_numbers);
	if (json_object_get(numbers, "join"))	/* what sites wrote before lists had one way */
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "numbers/join"), http_numbers_join);
	if (option_only(numbers, "numbers", " most texts ", err) < 0 ||
	    option_number(numbers, "most", 2, NUMBERS_MAX, &most, err) < 0 ||
	    option_flag(numbers, "texts", &op->texts, err) < 0 ||
	    option_only(each, "each", " list to status ", err) < 0 ||
	    option_pointer(each, "list", &op->each, err) < 0 ||
	    option_pointer(each, "to", &op->each_to, err) < 0)
		return -1;
	if (numbers && (most == 1 || !json_object_get(op->config, "elements")))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "numbers"), http_numbers_most);
	if (!op->each.count != !op->each_to.count)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "each"), http_each_needs);
	if (json_object_get(each, "status") &&
	    take_statuses(each, "status", 200, 499, &op->each_status, err) < 0)
		return option_within(err, "each");
	op->numbers_max = (unsigned)most;
	return 0;
}

static int
take_encoding(struct operation *op, const char *body_type, struct err *err)
{
	const char *encoding = NULL;

	if (option_text(op->config, "body_encoding", &encoding, err) < 0)
		return -1;
	if (encoding && (strcmp(encoding, "base64") != 0 || strcmp(body_type, "json") != 0))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "body_encoding"), http_body_encoding);
	op->base64 = encoding != NULL;
	return 0;
}

static int
take_method(struct operation *op, bool query, struct err *err)
{
	op->method = query ? "GET" : "POST";
	if (option_text(op->config, "method", &op->method, err) < 0)
		return -1;
	if (strcmp(op->method, "POST") != 0 && strcmp(op->method, "PUT") != 0 &&
	    (!query || strcmp(op->method, "GET") != 0))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "method"), http_method_is);
	return 0;
}

static int
take_body(struct operation *op, const struct request_context *context, struct err *err)
{
	const char *type = "json";
	bool query, json;

	if (option_text(op->config, "body_type", &type, err) < 0)
		return -1;
	query = strcmp(type, "query") == 0;
	json = strcmp(type, "json") == 0;
	if (!json && !query && strcmp(type, "form") != 0)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "body_type"), http_body_type);
	if (take_method(op, query, err) < 0 || take_encoding(op, type, err) < 0)
		return -1;
	if (json && (json_object_get(op->config, "fields") || json_object_get(op->config, "key_fields")))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "fields"), http_fields_form);
	op->content_type = query ? NULL : json ? "application/json" : FORM;
	return json ? compile_json_body(op, context, err)
		: compile_fields(op, query ? &op->query : &op->body, context, err);
}

/* A value with {{…}} is made anew for each request, and one that a message could break into two lines
 * is refused. */
static int
take_header(struct operation *op, const char *name, const char *text, const struct request_context *context,
	    struct err *err)
{
	struct request_header *h = &op->varying[op->varying_count];

	if (!text || !name[0] || strpbrk(name, ":\r\n ") || strpbrk(text, "\r\n"))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "headers"), http_header_one_line, name);
	if (strcasecmp(name, "authorization") == 0)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "headers"), http_header_authorization);
	if (!strstr(text, "{{"))
		return 0;
	*h = (struct request_header){ .name = name };
	op->varying_count++;
	if (request_compile(&h->value, text, ESCAPE_NONE, context, err) < 0)
		return option_within(err, "headers");
	if (strcasecmp(name, "content-type") == 0 || !request_is_line(&h->value))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "headers"), http_header_values, name);
	return 0;
}

static int
take_headers(struct operation *op, const struct request_context *context, struct err *err)
{
	const char *name;
	json_t *value;

	if (option_object(op->config, "headers", &op->headers, err) < 0 ||
	    option_text(op->config, "authorization", &op->authorization, err) < 0)
		return -1;
	op->varying = xcalloc(json_object_size(op->headers) + 1, sizeof(*op->varying));
	json_object_foreach(op->headers, name, value)
		if (take_header(op, name, json_string_value(value), context, err) < 0)
			return -1;
	if (op->authorization && strpbrk(op->authorization, "\r\n"))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "authorization"), http_one_line);
	return 0;
}

/* "https://host/path?query", or the same host with a section's own "path". */
static int
take_url(struct operation *op, const struct request_context *context, struct err *err)
{
	const char *url = NULL, *path = NULL, *rest, *mark;
	char *only_path;
	int rc;

	if (option_text(op->config, "url", &url, err) < 0 ||
	    option_text(op->config, "path", &path, err) < 0)
		return -1;
	if (!url)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "url"), http_url_missing);
	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "url"), http_url_begin);
	if (strstr(url, "{{") || strpbrk(url, " \r\n#"))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "url"), http_url_fixed);
	if (path && (path[0] != '/' || strpbrk(path, " \r\n#")))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "path"), http_path);
	rest = strstr(url, "://") + 3;
	rest += strcspn(rest, "/?");
	op->origin = xstrndup(url, (size_t)(rest - url));
	path = path ? path : *rest ? rest : "/";
	mark = strchr(path, '?');
	op->path.escape = op->query.escape = ESCAPE_PERCENT;
	only_path = xstrndup(path, mark ? (size_t)(mark - path) : strlen(path));
	rc = request_compile(&op->path, *only_path ? only_path : "/", ESCAPE_NONE, context, err);
	free(only_path);
	if (rc == 0 && mark && op->query.count)
		rc = request_compile(&op->query, "&", ESCAPE_NONE, context, err);
	if (rc == 0 && mark)
		rc = request_compile(&op->query, mark + 1, ESCAPE_NONE, context, err);
	return rc < 0 ? option_within(err, "path") : 0;
}

static int
take_answer(struct operation *op, struct err *err)
{
	const char *type = "json";

	if (option_text(op->config, "answer_type", &type, err) < 0)
		return -1;
	op->is_text = strcmp(type, "text") == 0;
	if (!op->is_text && strcmp(type, "json") != 0)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "answer_type"), http_answer_type);
	return take_success(op, err) < 0 ||
		option_pointer(op->config, "unpack", &op->unpack, err) < 0 ||
		option_pointer(op->config, "parts_list", &op->parts, err) < 0 ||
		option_pointer(op->config, "id_pointer", &op->id, err) < 0 ||
		option_pointer(op->config, "reason_pointer", &op->reason, err) < 0 ||
		take_errors(op, err) < 0 ? -1 : 0;
}

static int
take_sign(struct operation *op, struct err *err)
{
	const char *signed_type;
	json_t *sign;

	if (option_object(op->config, "sign", &sign, err) < 0)
		return -1;
	if (scheme_compile(&op->sign, op, sign, err) < 0)
		return option_within(err, "sign");
	signed_type = scheme_type(&op->sign, op->content_type);
	if (signed_type && json_object_get(op->headers, "Content-Type"))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "headers"), http_content_type);
	op->content_type = signed_type ? signed_type : op->content_type;
	return 0;
}

bool
operation_uses(const struct operation *op, bool (*uses)(const struct request_template *))
{
	for (size_t i = 0; i < op->varying_count; i++)
		if (uses(&op->varying[i].value))
			return true;
	return uses(&op->path) || uses(&op->query) || uses(&op->body);
}

/* Several texts in one request: then no text may stand outside the elements. */
static int
check_texts(const struct operation *op, struct err *err)
{
	if (op->texts && operation_uses(op, request_uses_text))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "numbers"), http_numbers_texts);
	return 0;
}

int
operation_compile(struct operation *op, const char *name, json_t *profile, json_t *section,
		  const struct request_context *outer, struct err *err)
{
	struct request_context context = *outer;

	*op = (struct operation){ .name = name };
	op->config = section == profile ? json_incref(profile) : merge(profile, section);
	if (take_numbers(op, err) < 0 || take_elements(op, &context, err) < 0)
		goto faulty;
	context.elements = op->elements;
	context.element_count = op->element_count;
	if (take_computed(op, &context, err) < 0 || take_body(op, &context, err) < 0 ||
	    take_url(op, &context, err) < 0 || take_headers(op, &context, err) < 0 || take_sign(op, err) < 0 ||
	    take_answer(op, err) < 0 || check_texts(op, err) < 0)
		goto faulty;
	return 0;
faulty:
	return section == profile ? -1 : option_within(err, name);
}

const char *
operation_host(const struct operation *op)
{
	const char *host = strstr(op->origin, "://") + 3, *user_end = strrchr(host, '@');

	return user_end ? user_end + 1 : host;
}

void
operation_fini(struct operation *op)
{
	struct pointer *pointers[] = { &op->each, &op->each_to, &op->parts, &op->success, &op->id, &op->reason,
				       &op->unpack };

	for (size_t i = 0; i < sizeof(pointers) / sizeof(*pointers); i++)
		pointer_fini(pointers[i]);
	for (size_t i = 0; i < op->error_count; i++)
		pointer_fini(&op->errors[i].pointer);
	for (size_t i = 0; i < op->element_count; i++) {
		free(op->elements[i].name);
		request_template_fini(&op->elements[i].json);
		request_template_fini(&op->elements[i].text);
	}
	for (size_t i = 0; i < op->computed_count; i++)
		request_template_fini(&op->computed[i].of);
	for (size_t i = 0; i < op->varying_count; i++)
		request_template_fini(&op->varying[i].value);
	free(op->computed);
	free(op->varying);
	free(op->errors);
	free(op->elements);
	free(op->origin);
	request_template_fini(&op->path);
	request_template_fini(&op->key_fields);
	request_template_fini(&op->query);
	request_template_fini(&op->body);
	json_decref(op->config);
	*op = (struct operation){ 0 };
}
