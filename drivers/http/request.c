/* request.c -- a provider's request out of an item: templates compiled once, values escaped for
 * where they stand.  It sends nothing. */
#include "drivers/http/http.h"
#include "drivers/http/sign.h"

#include <stdio.h>
#include <string.h>

static const struct { const char *name; enum variable variable; } variables[] = {
	{ "to", VAR_TO }, { "to_plus", VAR_TO_PLUS }, { "to_national", VAR_TO_NATIONAL },
	{ "text", VAR_TEXT }, { "id", VAR_ID }, { "not_after", VAR_NOT_AFTER },
	{ "flash", VAR_FLASH }, { "text_json", VAR_TEXT_JSON }, { "signature", VAR_SIGNATURE },
};

/* The inside of a JSON string, without its quotes: the template has those. */
static void
add_json(struct buf *out, const char *text, size_t len)
{
	size_t plain = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_add(out, text + plain, i - plain);
		plain = i + 1;
		if (c == '\n')
			buf_add(out, "\\n", 2);
		else if (c == '"' || c == '\\')
			buf_add(out, (char[]){ '\\', (char)c }, 2);
		else
			buf_printf(out, "\\u%04x", c);
	}
	buf_add(out, text + plain, len - plain);
}

static void
add_escaped(struct buf *out, enum escape escape, const char *text, size_t len)
{
	switch (escape) {
	case ESCAPE_NONE: buf_add(out, text, len); break;
	case ESCAPE_JSON: add_json(out, text, len); break;
	case ESCAPE_PERCENT: sign_percent(out, text, len); break;
	}
}

static void
add_literal(struct request_template *t, enum escape escape, const char *text, size_t len)
{
	struct piece *last = t->count ? &t->pieces[t->count - 1] : NULL;
	struct buf all = { 0 };

	if (!len)
		return;
	if (last && last->variable == VAR_LITERAL) {
		buf_add(&all, last->literal, last->len);
		free(last->literal);
	} else {
		t->pieces = xrealloc(t->pieces, (t->count + 1) * sizeof(*t->pieces));
		last = &t->pieces[t->count++];
	}
	add_escaped(&all, escape, text, len);
	*last = (struct piece){ .variable = VAR_LITERAL, .len = all.len };
	last->literal = buf_take(&all);
}

static int
add_constant(struct request_template *t, const char *name, const char *value, const char *remedy,
	     struct err *err)
{
	if (!value)
		return err_set(err, "{{%s}} has no value; %s", name, remedy);
	add_literal(t, t->escape, value, strlen(value));
	return 0;
}

static int
add_variable(struct request_template *t, const char *name, const struct request_constants *c,
	     struct err *err)
{
	if (strcmp(name, "callback_url") == 0)
		return add_constant(t, name, c->callback_url,
				    "set callback_secret of the route in gong.conf", err);
	if (strcmp(name, "secret") == 0)
		return add_constant(t, name, c->secret, "set the option \"secret\"", err);
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		if (strcmp(variables[i].name, name) != 0)
			continue;
		t->pieces = xrealloc(t->pieces, (t->count + 1) * sizeof(*t->pieces));
		t->pieces[t->count++] = (struct piece){ .variable = variables[i].variable };
		return 0;
	}
	return err_set(err, "{{%s}} is not known; use to, to_plus, to_national, text, "
		       "text_json, id, not_after, flash, signature, callback_url or secret", name);
}

int
request_compile(struct request_template *t, const char *source, enum escape literals,
		const struct request_constants *constants, struct err *err)
{
	const char *open, *close;

	while ((open = strstr(source, "{{"))) {
		char name[32];

		close = strstr(open, "}}");
		if (!close || close - open - 2 >= (long)sizeof(name))
			return err_set(err, "\"{{\" is not closed by \"}}\": %.40s", open);
		snprintf(name, sizeof(name), "%.*s", (int)(close - open - 2), open + 2);
		add_literal(t, literals, source, (size_t)(open - source));
		if (add_variable(t, name, constants, err) < 0)
			return -1;
		source = close + 2;
	}
	add_literal(t, literals, source, strlen(source));
	return 0;
}

int
request_compile_fields(struct request_template *t, json_t *fields,
		       const struct request_constants *constants, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(fields, name, value) {
		if (!json_is_string(value))
			return err_set(err, "\"%s\" is not a string; write \"%s\":\"…\"", name,
				       name);
		if (t->count)
			add_literal(t, ESCAPE_NONE, "&", 1);
		add_literal(t, ESCAPE_PERCENT, name, strlen(name));
		add_literal(t, ESCAPE_NONE, "=", 1);
		if (request_compile(t, json_string_value(value), ESCAPE_PERCENT, constants,
				    err) < 0)
			return -1;
	}
	return 0;
}

static void
add_number(struct buf *out, msec at)
{
	buf_printf(out, "%lld", at == NEVER ? 0LL : (long long)at);
}

static const char *
number_as(enum variable variable, const struct item *item, const char *country)
{
	const char *digits = item->to + (item->to[0] == '+');
	size_t len = strlen(country);

	if (variable == VAR_TO_PLUS)
		return item->to;
	return variable == VAR_TO_NATIONAL && strncmp(digits, country, len) == 0 ? digits + len
		: digits;
}

/* What joins the numbers is the profile's own text and stands as it is written there. */
static void
add_numbers(struct buf *out, enum escape escape, enum variable variable,
	    const struct request_values *v)
{
	for (size_t i = 0; i < v->count; i++) {
		const char *number = number_as(variable, v->items[i], v->country);

		if (i)
			buf_puts(out, v->join);
		add_escaped(out, escape, number, strlen(number));
	}
}

/* A text inside JSON inside a form: escaped for the one, then for the other. */
static void
add_text_json(struct buf *out, enum escape escape, const char *text)
{
	struct buf inner = { 0 };

	add_json(&inner, text, strlen(text));
	add_escaped(out, escape, inner.len ? inner.data : "", inner.len);
	buf_fini(&inner);
}

void
request_render(const struct request_template *t, const struct request_values *v, struct buf *out)
{
	const struct item *item = v->items[0];
	const char *value;

	for (size_t i = 0; i < t->count; i++) {
		const struct piece *p = &t->pieces[i];

		value = NULL;
		switch (p->variable) {
		case VAR_LITERAL: buf_add(out, p->literal, p->len); break;
		case VAR_TO: case VAR_TO_PLUS: case VAR_TO_NATIONAL:
			add_numbers(out, t->escape, p->variable, v);
			break;
		case VAR_TEXT: value = item->text->data; break;
		case VAR_TEXT_JSON: add_text_json(out, t->escape, item->text->data); break;
		case VAR_ID: value = item->id; break;
		case VAR_NOT_AFTER: add_number(out, item->not_after); break;
		case VAR_FLASH: value = item->flash ? "true" : "false"; break;
		case VAR_SIGNATURE: value = v->signature; break;
		}
		if (value)
			add_escaped(out, t->escape, value, strlen(value));
	}
}

int
request_check_json(const struct request_template *t, const char *join, struct err *err)
{
	static const char hostile[] = "a\"b\\\n{\xe6\xb0\xb4";
	struct item sample = { .id = "0A", .to = "+8613800000000", .not_after = 1 };
	struct item *two[] = { &sample, &sample };
	const struct request_values values = { .items = two, .count = join ? 2 : 1, .country = "",
					       .join = join, .signature = "0a" };
	struct buf out = { 0 };
	json_error_t where;
	json_t *json;

	sample.text = xcalloc(1, sizeof(*sample.text) + sizeof(hostile));
	memcpy(sample.text->data, hostile, sizeof(hostile));
	request_render(t, &values, &out);
	json = json_loadb(out.data ? out.data : "", out.len, 0, &where);
	free(sample.text);
	buf_fini(&out);
	if (!json)
		return err_set(err, "is not JSON once filled in: column %d: %.160s; write text "
			       "values in quotes, \"{{text}}\"", where.column, where.text);
	json_decref(json);
	return 0;
}

bool
request_uses(const struct request_template *t, enum variable variable)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->pieces[i].variable == variable)
			return true;
	return false;
}

void
request_template_fini(struct request_template *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->pieces[i].literal);
	free(t->pieces);
	*t = (struct request_template){ 0 };
}
