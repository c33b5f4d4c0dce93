/* approved.c -- what stands in approved.h.  A text that an approved template cannot carry goes by
 * another route; it must not stop this one for the texts that it can carry. */
#include "drivers/http/approved.h"

#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/name_list.h"
#include "core/segment.h"
#include "drivers/http/options.h"

static int
take_values(struct approved_template *t, json_t *params, struct err *err)
{
	size_t count = json_array_size(params);

	t->values = xcalloc(count + 1, sizeof(*t->values));
	t->names = xcalloc(count + 1, sizeof(*t->names));
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(params, i));
		const char *equals = text ? strchr(text, '=') : NULL;

		if (!text || !text[0] || equals == text || (equals && !equals[1]))
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "params"), http_params_list);
		t->names[i] = xstrndup(text, equals ? (size_t)(equals - text) : strlen(text));
		t->values[i] = (struct approved_value){ t->names[i], equals ? equals + 1 : text };
		t->count++;
	}
	return 0;
}

static int
take_template(struct approved_template *t, const char *name, json_t *entry, struct err *err)
{
	json_t *params = json_object_get(entry, "params");

	t->gong = name;
	if (!json_is_object(entry))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_approved_object);
	if (option_only(entry, "", " code params ", err) < 0 ||
	    option_text(entry, "code", &t->code, err) < 0)
		return -1;
	if (!t->code)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "code"), http_approved_code);
	if (!json_is_array(params))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "params"), http_approved_params);
	return take_values(t, params, err);
}

/* {"code": ""}, out of a parameter that the site left empty, is no template. */
static bool
is_left_out(json_t *entry)
{
	json_t *code = json_object_get(entry, "code");

	return json_is_string(code) && !json_string_length(code);
}

int
approved_compile(struct approved *a, json_t *config, struct err *err)
{
	json_t *templates, *limits, *entry;
	const char *name;

	if (option_object(config, "templates", &templates, err) < 0 ||
	    option_object(config, "limits", &limits, err) < 0 ||
	    option_number(limits, "value_max", 1, 2000, &a->value_max, err) < 0 ||
	    option_text(limits, "value_not", &a->value_not, err) < 0 ||
	    option_number(limits, "text_max", 1, 10000, &a->text_max, err) < 0)
		return -1;
	a->list = xcalloc(json_object_size(templates) + 1, sizeof(*a->list));
	json_object_foreach(templates, name, entry) {
		if (is_left_out(entry))
			continue;
		if (take_template(&a->list[a->count++], name, entry, err) < 0) {
			option_within(err, name);
			return option_within(err, "templates");
		}
	}
	if (templates && !a->count)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "templates"), http_templates_empty);
	return 0;
}

void
approved_fini(struct approved *a)
{
	for (size_t i = 0; i < a->count; i++) {
		for (size_t v = 0; v < a->list[i].count; v++)
			free(a->list[i].names[v]);
		free(a->list[i].names);
		free(a->list[i].values);
	}
	free(a->list);
	*a = (struct approved){ 0 };
}

static const struct approved_template *
named(const struct approved *a, const char *name)
{
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i].gong, name) == 0)
			return &a->list[i];
	return NULL;
}

const struct approved_template *
approved_find(const struct approved *a, const char *name, const char *language)
{
	const struct approved_template *found = NULL;
	char both[160];

	if (name && language) {
		snprintf(both, sizeof(both), "%s/%s", name, language);
		found = named(a, both);
	}
	if (!found && name)
		found = named(a, name);
	return found ? found : named(a, "*");
}

static const char *
value_of(const struct approved_value *v, const struct kit_template *t, const char *text)
{
	return strcmp(v->from, "text") == 0 ? text
		: json_string_value(json_object_get(t->params, v->from));
}

/* Only gong's lists of places may be cut: their number stands behind them. */
static bool
is_list(const char *name)
{
	return strcmp(name, "names") == 0 || name_is_place(name);
}

/* The value as the provider takes it: a list with fewer names.  `room` holds it then. */
static const char *
shortened(const struct approved *a, const struct approved_value *v, const char *value, struct buf *room)
{
	if (!value || !a->value_max || utf8_characters(value) <= (size_t)a->value_max || !is_list(v->from) ||
	    !name_list_cut(room, value, (size_t)a->value_max))
		return value;
	return room->data;
}

/* The first of the characters `not` in `value`, NUL-terminated in `one`. */
static bool
has_one_of(const char *value, const char *not, char one[5])
{
	for (size_t len; *not; not += len) {
		for (len = 1; ((unsigned char)not[len] & 0xc0) == 0x80; len++)
			;
		snprintf(one, 5, "%.*s", (int)len, not);
		if (strstr(value, one))
			return true;
	}
	return false;
}

static int
check_value(const struct approved *a, const struct approved_value *v, const char *value,
	    struct err *err)
{
	char one[5];

	if (!value)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_text_no_param, v->from);
	if (a->value_not && has_one_of(value, a->value_not, one))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_value_forbidden, v->from, one);
	if (a->value_max && strcmp(v->from, "text") != 0 && utf8_characters(value) > (size_t)a->value_max)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_value_long, v->from, NUM(a->value_max));
	return 0;
}

int
approved_check_text(const struct approved *a, const char *text, struct err *err)
{
	if (a->text_max && utf8_characters(text) > (size_t)a->text_max)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_text_long, NUM(a->text_max));
	return 0;
}

int
approved_fill(struct approved_params *out, const struct approved *a,
	      const struct approved_template *t, const struct kit_template *made_of,
	      const char *text, struct err *err)
{
	json_t *object = json_object(), *list = json_array();
	int rc = 0;

	if (!t->count && !made_of->constant)
		rc = err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_not_constant);
	for (size_t i = 0; i < t->count && rc == 0; i++) {
		struct buf room = { 0 };
		const char *value = shortened(a, &t->values[i], value_of(&t->values[i], made_of, text), &room);

		rc = check_value(a, &t->values[i], value, err);
		json_object_set_new(object, t->values[i].name, json_string(value));
		json_array_append_new(list, json_string(value));
		buf_fini(&room);
	}
	if (rc == 0) {
		out->object = json_dumps(object, JSON_COMPACT);
		out->list = json_dumps(list, JSON_COMPACT);
	}
	json_decref(object);
	json_decref(list);
	return rc;
}

static bool
has_param(json_t *template, const char *name)
{
	json_t *params = json_object_get(template, "params"), *param;
	size_t i;

	json_array_foreach(params, i, param)
		if (json_is_string(param) && strcmp(json_string_value(param), name) == 0)
			return true;
	return strcmp(name, "text") == 0;
}

const char *
approved_obstacle(const struct approved *a, json_t *template, char *room, size_t size)
{
	const char *name = json_string_value(json_object_get(template, "name"));
	const char *language = json_string_value(json_object_get(template, "language"));
	const char *text = json_string_value(json_object_get(template, "text"));
	const struct approved_template *t = approved_find(a, name, language);

	if (a->text_max && text && utf8_characters(text) > (size_t)a->text_max)
		snprintf(room, size, "最长可达%zu字,超过该平台上限%ld字 / may grow to %zu characters, the provider "
			 "allows %ld: shorten the template", utf8_characters(text), a->text_max,
			 utf8_characters(text), a->text_max);
	else if (!a->count)
		return NULL;
	else if (!t)
		snprintf(room, size, "该平台没有对应的报备模板 / no approved template carries it: add \"%s\" "
			 "(or \"*\") to \"templates\" of the route", name ? name : "?");
	else if (!t->count && !json_is_string(json_object_get(template, "constant")))
		snprintf(room, size, "报备模板%s没有变量,但本模板没有constant文本 / approved template %s has no "
			 "variables, but the template has no \"constant\" text", t->code, t->code);
	else {
		for (size_t i = 0; i < t->count; i++)
			if (!has_param(template, t->values[i].from)) {
				snprintf(room, size, "没有参数%s / it has no parameter \"%s\", which "
					 "approved template %s wants", t->values[i].from,
					 t->values[i].from, t->code);
				return room;
			}
		return NULL;
	}
	return room;
}
