/* request.c -- what stands in request.h.  It sends nothing. */
#include "drivers/http/request.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/segment.h"
#include "files/json_word.h"
#include "drivers/http/sign.h"

#define CALLBACK_REMEDY "set callback_secret of the route in gong.conf"

enum variable { VAR_LITERAL, VAR_TO, VAR_TO_PLUS, VAR_TO_NATIONAL, VAR_TEXT, VAR_TEXT_JSON,
		VAR_TEXT_UTF16, VAR_TEXT_XML, VAR_ID, VAR_NOT_AFTER, VAR_NOT_AFTER_UTC, VAR_MINUTES_LEFT,
		VAR_SECONDS_LEFT,
		VAR_MS_LEFT, VAR_FLASH, VAR_CODING, VAR_ALPHABET, VAR_REF, VAR_TEMPLATE, VAR_PARAMS_OBJECT,
		VAR_PARAMS_OBJECT_TEXT, VAR_PARAMS_LIST, VAR_PARAMS_TEXT, VAR_ALL, VAR_JOINED, VAR_LANGUAGE, VAR_PLAYS, VAR_RING_S,
		VAR_RING_MS, VAR_KEYS, VAR_KEY, VAR_KEY_NUMBER, VAR_EACH_KEY, VAR_SENT_AT,
		VAR_BEIJING_DAY, VAR_UTC_DAY, VAR_SINCE_S, VAR_NOW_S, VAR_NONCE, VAR_COMPUTED };

static const struct { const char *name; enum variable variable; } variables[] = {
	{ "to", VAR_TO }, { "to_plus", VAR_TO_PLUS }, { "to_national", VAR_TO_NATIONAL },
	{ "text", VAR_TEXT }, { "text_json", VAR_TEXT_JSON }, { "text_utf16", VAR_TEXT_UTF16 }, { "text_xml", VAR_TEXT_XML },
	{ "id", VAR_ID }, { "not_after", VAR_NOT_AFTER }, { "not_after_utc", VAR_NOT_AFTER_UTC },
	{ "minutes_left", VAR_MINUTES_LEFT },
	{ "seconds_left", VAR_SECONDS_LEFT }, { "ms_left", VAR_MS_LEFT }, { "flash", VAR_FLASH }, { "coding", VAR_CODING },
	{ "alphabet", VAR_ALPHABET }, { "ref", VAR_REF },
	{ "template", VAR_TEMPLATE }, { "params_object", VAR_PARAMS_OBJECT },
	{ "params_object_text", VAR_PARAMS_OBJECT_TEXT }, { "params_list", VAR_PARAMS_LIST }, { "params_text", VAR_PARAMS_TEXT },
	{ "sent_at", VAR_SENT_AT }, { "key", VAR_KEY }, { "key_number", VAR_KEY_NUMBER },
	{ "language", VAR_LANGUAGE }, { "plays", VAR_PLAYS },
	{ "ring_s", VAR_RING_S }, { "ring_ms", VAR_RING_MS }, { "keys", VAR_KEYS },
	{ "beijing_day", VAR_BEIJING_DAY }, { "utc_day", VAR_UTC_DAY },
	{ "since_s", VAR_SINCE_S }, { "now_s", VAR_NOW_S }, { "nonce", VAR_NONCE },
};

struct piece {
	enum variable variable;
	char *literal;			/* VAR_LITERAL */
	size_t len;
	const struct request_template *element;	/* VAR_ALL, VAR_JOINED, VAR_EACH_KEY */
	const struct request_computed *computed;	/* VAR_COMPUTED */
	bool raw;			/* JSON that stands unquoted in JSON */
	long least, most;		/* VAR_…_LEFT: what the provider allows; most 0 = anything */
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
add_xml(struct buf *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&': buf_puts(out, "&amp;"); break;
		case '<': buf_puts(out, "&lt;"); break;
		case '>': buf_puts(out, "&gt;"); break;
		case '"': buf_puts(out, "&quot;"); break;
		case '\'': buf_puts(out, "&apos;"); break;
		default: buf_add(out, text, 1);
		}
}

/* The next character of good UTF-8; `at` moves behind it. */
static unsigned long
next_point(const unsigned char **at)
{
	static const unsigned char masks[] = { 0x7f, 0x1f, 0x0f, 0x07 };
	int more = **at >= 0xf0 ? 3 : **at >= 0xe0 ? 2 : **at >= 0xc0 ? 1 : 0;
	unsigned long point = *(*at)++ & masks[more];

	for (; more && **at; more--)
		point = point << 6 | (*(*at)++ & 63);
	return point;
}

/* The hex digits of its UTF-16, high byte first, as SMPP has it. */
static void
add_utf16(struct buf *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		unsigned long point = next_point(&at);

		if (point >= 0x10000)
			buf_printf(out, "%04lX%04lX", 0xd800 + ((point - 0x10000) >> 10),
				   0xdc00 + ((point - 0x10000) & 0x3ff));
		else
			buf_printf(out, "%04lX", point);
	}
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
add_piece(struct request_template *t, struct piece piece)
{
	t->pieces = xrealloc(t->pieces, (t->count + 1) * sizeof(*t->pieces));
	t->pieces[t->count++] = piece;
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
		t->count--;
	}
	add_escaped(&all, escape, text, len);
	add_piece(t, (struct piece){ .variable = VAR_LITERAL, .len = all.len });
	t->pieces[t->count - 1].literal = buf_take(&all);
}

static int
add_constant(struct request_template *t, const char *name, const char *value, const char *remedy,
	     struct err *err)
{
	if (!value)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_no_value, name, remedy);
	add_literal(t, t->escape, value, strlen(value));
	return 0;
}

static int
add_base64(struct request_template *t, const char *name, const char *value, struct err *err)
{
	struct buf encoded = { 0 };
	int rc;

	if (value)
		sign_base64(&encoded, value, strlen(value));
	rc = add_constant(t, name, encoded.data, CALLBACK_REMEDY, err);
	buf_fini(&encoded);
	return rc;
}

static const struct request_element *
find_element(const char *name, const struct request_context *c, struct err *err)
{
	for (size_t i = 0; i < c->element_count; i++)
		if (strcmp(c->elements[i].name, name) == 0)
			return &c->elements[i];
	err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_no_element, name);
	return NULL;
}

static int
add_element(struct request_template *t, const char *name, bool raw, const struct request_context *c,
	    struct err *err)
{
	const struct request_element *e = find_element(name, c, err);

	if (e)
		add_piece(t, (struct piece){ .variable = VAR_ALL, .raw = raw, .element = &e->json });
	return e ? 0 : -1;
}

static int
add_joined(struct request_template *t, const char *name, const struct request_context *c, struct err *err)
{
	const struct request_element *e = find_element(name, c, err);

	if (e && !e->is_text)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_joined, name, name);
	if (e)
		add_piece(t, (struct piece){ .variable = VAR_JOINED, .element = &e->text });
	return e ? 0 : -1;
}

static int
add_computed(struct request_template *t, const char *name, const struct request_context *c, struct err *err)
{
	for (size_t i = 0; i < c->computed_count; i++)
		if (strcmp(c->computed[i].name, name) == 0) {
			add_piece(t, (struct piece){ .variable = VAR_COMPUTED, .computed = &c->computed[i] });
			return 0;
		}
	return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_no_computed, name);
}

/* Cuts ":20-36000" off "seconds_left:20-36000". */
static int
take_bounds(struct piece *p, char *name, struct err *err)
{
	char *colon = strchr(name, ':'), rest;

	if (!colon)
		return 0;
	if (sscanf(colon, ":%9ld-%9ld%c", &p->least, &p->most, &rest) != 2 || p->least < 1 ||
	    p->most < p->least)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_seconds_left, name);
	*colon = '\0';
	return 0;
}

static int
add_variable(struct request_template *t, char *name, bool raw, const struct request_context *c,
	     struct err *err)
{
	struct piece piece = { .raw = raw };

	if (strcmp(name, "callback_url") == 0)
		return add_constant(t, name, c->callback_url, CALLBACK_REMEDY, err);
	if (strcmp(name, "callback_url_base64") == 0)
		return add_base64(t, name, c->callback_url, err);
	if (strcmp(name, "secret") == 0)
		return add_constant(t, name, c->secret, "set the option \"secret\"", err);
	if (strncmp(name, "all:", 4) == 0)
		return add_element(t, name + 4, raw, c, err);
	if (strncmp(name, "joined:", 7) == 0)
		return add_joined(t, name + 7, c, err);
	if (strncmp(name, "computed:", 9) == 0)
		return add_computed(t, name + 9, c, err);
	if (take_bounds(&piece, name, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		if (strcmp(variables[i].name, name) != 0)
			continue;
		piece.variable = variables[i].variable;
		add_piece(t, piece);
		return 0;
	}
	return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_no_variable, name);
}

/* "{{params_list}}" in quotes, and nothing else between them, becomes the list itself; so does a
 * number or truth value. */
static bool
is_raw(const struct request_template *t, const char *source, const char *open, const char *close)
{
	static const char *const json[] = { "params_object}}", "params_list}}", "all:", "raw:" };

	if (t->escape != ESCAPE_JSON || open == source || open[-1] != '"' || close[2] != '"')
		return false;
	for (size_t i = 0; i < sizeof(json) / sizeof(*json); i++)
		if (strncmp(open + 2, json[i], strlen(json[i])) == 0)
			return true;
	return false;
}

int
request_compile(struct request_template *t, const char *source, enum escape literals,
		const struct request_context *context, struct err *err)
{
	const char *open, *close;

	while ((open = strstr(source, "{{"))) {
		char name[48];
		bool raw, unquoted;

		close = strstr(open, "}}");
		if (!close || close - open - 2 >= (long)sizeof(name))
			return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_unclosed, QUOTE(open));
		snprintf(name, sizeof(name), "%.*s", (int)(close - open - 2), open + 2);
		raw = is_raw(t, source, open, close);
		unquoted = raw && strncmp(name, "raw:", 4) == 0;
		add_literal(t, literals, source, (size_t)(open - source) - raw);
		if (add_variable(t, name + (unquoted ? 4 : 0), raw, context, err) < 0)
			return -1;
		source = close + 2 + raw;
	}
	add_literal(t, literals, source, strlen(source));
	return 0;
}

static int
add_field(struct request_template *t, const char *name, json_t *value,
	  const struct request_context *context, struct err *err)
{
	if (!json_is_string(value))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_not_text, name, name);
	if (t->count)
		add_literal(t, ESCAPE_NONE, "&", 1);
	if (request_compile(t, name, ESCAPE_PERCENT, context, err) < 0)
		return -1;
	add_literal(t, ESCAPE_NONE, "=", 1);
	return request_compile(t, json_string_value(value), ESCAPE_PERCENT, context, err);
}

int
request_compile_fields(struct request_template *t, json_t *fields,
		       const struct request_context *context, struct err *err)
{
	const char *name;
	json_t *value, *one;
	size_t i;

	json_object_foreach(fields, name, value) {
		if (!json_is_array(value) && add_field(t, name, value, context, err) < 0)
			return -1;
		if (json_is_array(value) && !json_array_size(value))
			return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_list_empty, name);
		json_array_foreach(value, i, one)
			if (add_field(t, name, one, context, err) < 0)
				return -1;
	}
	return 0;
}

int
request_compile_key_fields(struct request_template *t, struct request_template *each_key,
			   json_t *fields, const struct request_context *context, struct err *err)
{
	each_key->escape = ESCAPE_PERCENT;
	if (request_compile_fields(each_key, fields, context, err) < 0)
		return -1;
	add_piece(t, (struct piece){ .variable = VAR_EACH_KEY, .element = each_key });
	return 0;
}

/* Eleven digits with a 1 before them are a mobile of China, and a whole number of North America. */
static bool
reads_as_chinese(const char *digits)
{
	return digits[0] == '1' && strlen(digits) == 11;
}

/* A number of another country has its code, so that nobody else is told. */
static void
add_national(struct buf *out, enum escape escape, const char *digits, const char *country)
{
	size_t len = strlen(country);

	if (strncmp(digits, country, len) == 0)
		digits += len;
	else if (strcmp(country, "86") == 0 && reads_as_chinese(digits))
		buf_puts(out, "00");
	add_escaped(out, escape, digits, strlen(digits));
}

static void
add_number_of(struct buf *out, enum escape escape, enum variable variable, const struct request_values *v)
{
	const char *number = v->count ? v->items[0]->to : "", *digits = number + (number[0] == '+');

	if (variable == VAR_TO_NATIONAL)
		add_national(out, escape, digits, v->country);
	else if (variable == VAR_TO_PLUS)
		add_escaped(out, escape, number, strlen(number));
	else
		add_escaped(out, escape, digits, strlen(digits));
}

/* Each item's element, with commas between. */
static void
add_elements(struct buf *out, const struct request_template *element, const struct request_values *v)
{
	for (size_t i = 0; i < v->count; i++) {
		struct request_values one = *v;

		one.items = &v->items[i];
		one.count = 1;
		buf_puts(out, i ? "," : "");
		request_render(element, &one, out);
	}
}

/* Further fields for each key that means something. */
static void
add_keys(struct buf *out, const struct request_template *element, const struct request_values *v)
{
	struct request_values one = *v;

	for (one.key = 0; v->items[0]->keys[one.key]; one.key++) {
		buf_puts(out, "&");
		request_render(element, &one, out);
	}
}

void
request_make_nonce(char nonce[REQUEST_NONCE])
{
	unsigned char bytes[(REQUEST_NONCE - 1) / 2];

	RAND_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(nonce + i * 2, 3, "%02x", bytes[i]);
}

/* Wherever it stands in one request it is the same. */
static void
add_nonce(struct buf *out, char *kept)
{
	char fresh[REQUEST_NONCE] = "", *nonce = kept ? kept : fresh;

	if (!nonce[0])
		request_make_nonce(nonce);
	buf_puts(out, nonce);
}

static void
add_computed_value(struct buf *out, const struct request_computed *c, const struct request_values *v)
{
	struct buf text = { 0 };

	request_render(&c->of, v, &text);
	digest_add(out, &c->digest, text.data, text.len);
	buf_fini(&text);
}

static void
add_utc(struct buf *out, const char *format, msec at)
{
	time_t seconds = (time_t)(at / 1000);
	char text[32];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), format, &tm);
	buf_puts(out, text);
}

static bool
is_gsm7(const struct item *item)
{
	struct segment_plan plan;

	return segment_plan(&plan, item->words->text, NULL) == 0 && plan.alphabet == SEGMENT_GSM7;
}

static void
add_number(struct buf *out, const struct piece *p, msec number)
{
	if (p->most)
		number = number < p->least ? p->least : msec_min(number, p->most);
	buf_printf(out, "%lld", (long long)number);
}

static void
add_left(struct buf *out, const struct piece *p, const struct item *item, msec now, msec unit)
{
	msec left = (item->not_after == NEVER ? HOURS(24) : item->not_after - now) / unit;

	add_number(out, p, left < 1 ? 1 : left);
}

static const char *
text_or(const char *text, const char *instead)
{
	return text ? text : instead;
}

/* A value as it is, before it is escaped for where it stands. */
static void
add_value(struct buf *out, const struct piece *p, const struct request_values *v)
{
	static const struct item none = { .id = "" };
	const struct item *item = v->count ? v->items[0] : &none;
	const struct words *words = item->words;
	msec at = item->sent_at ? item->sent_at : v->now;

	switch (p->variable) {
	case VAR_TEXT: buf_puts(out, words->text); break;
	case VAR_TEXT_JSON: add_json(out, words->text, strlen(words->text)); break;
	case VAR_TEXT_UTF16: add_utf16(out, words->text); break;
	case VAR_TEXT_XML: add_xml(out, words->text); break;
	case VAR_ID: buf_puts(out, item->id); break;
	case VAR_NOT_AFTER:
		buf_printf(out, "%lld", item->not_after == NEVER ? 0LL : (long long)item->not_after);
		break;
	case VAR_NOT_AFTER_UTC:
		add_utc(out, "%Y-%m-%dT%H:%M:%SZ",
			item->not_after == NEVER ? v->now + HOURS(24) : item->not_after);
		break;
	case VAR_MINUTES_LEFT: add_left(out, p, item, v->now, MINUTES(1)); break;
	case VAR_SECONDS_LEFT: add_left(out, p, item, v->now, SECONDS(1)); break;
	case VAR_MS_LEFT: add_left(out, p, item, v->now, 1); break;
	case VAR_FLASH: buf_puts(out, item->flash ? "true" : "false"); break;
	case VAR_CODING: buf_puts(out, is_gsm7(item) ? "0" : "2"); break;
	case VAR_ALPHABET: buf_puts(out, is_gsm7(item) ? "text" : "unicode"); break;
	case VAR_REF: buf_puts(out, text_or(v->ref, "")); break;
	case VAR_TEMPLATE: buf_puts(out, words->approved ? words->approved->code : ""); break;
	case VAR_PARAMS_OBJECT: case VAR_PARAMS_OBJECT_TEXT:
		buf_puts(out, text_or(words->params.object, "{}"));
		break;
	case VAR_PARAMS_LIST: case VAR_PARAMS_TEXT:
		buf_puts(out, text_or(words->params.list, "[]"));
		break;
	case VAR_ALL:
		buf_puts(out, "[");
		add_elements(out, p->element, v);
		buf_puts(out, "]");
		break;
	case VAR_JOINED: add_elements(out, p->element, v); break;
	case VAR_LANGUAGE: buf_puts(out, words->language); break;
	case VAR_PLAYS: add_number(out, p, item->plays); break;
	case VAR_RING_S: add_number(out, p, (item->ring_ms + 999) / 1000); break;
	case VAR_RING_MS: add_number(out, p, item->ring_ms); break;
	case VAR_KEYS: buf_puts(out, item->keys); break;
	case VAR_KEY: buf_add(out, item->keys + v->key, item->keys[v->key] != '\0'); break;
	case VAR_KEY_NUMBER: buf_printf(out, "%zu", v->key + 1); break;
	case VAR_SENT_AT: buf_printf(out, "%lld", (long long)at); break;
	case VAR_BEIJING_DAY: add_utc(out, "%Y%m%d", at + HOURS(8)); break;
	case VAR_UTC_DAY: add_utc(out, "%Y-%m-%d", at); break;
	case VAR_SINCE_S: buf_printf(out, "%lld", (long long)(at - MINUTES(5)) / 1000); break;
	case VAR_NOW_S: buf_printf(out, "%lld", (long long)(v->now / 1000)); break;
	case VAR_NONCE: add_nonce(out, v->nonce); break;
	case VAR_COMPUTED: add_computed_value(out, p->computed, v); break;
	case VAR_LITERAL: case VAR_TO: case VAR_TO_PLUS: case VAR_TO_NATIONAL: case VAR_EACH_KEY: break;
	}
}

static void
add_piece_value(struct buf *out, enum escape escape, const struct piece *p,
		const struct request_values *v)
{
	struct buf value = { 0 };

	if (p->raw || escape == ESCAPE_NONE) {
		add_value(out, p, v);
		return;
	}
	add_value(&value, p, v);
	add_escaped(out, escape, value.data ? value.data : "", value.len);
	buf_fini(&value);
}

void
request_render(const struct request_template *t, const struct request_values *v, struct buf *out)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct piece *p = &t->pieces[i];

		switch (p->variable) {
		case VAR_LITERAL: buf_add(out, p->literal, p->len); break;
		case VAR_TO: case VAR_TO_PLUS: case VAR_TO_NATIONAL:
			add_number_of(out, t->escape, p->variable, v);
			break;
		/* the two that every message has, without a copy between */
		case VAR_TEXT:
			add_escaped(out, t->escape, v->items[0]->words->text,
				    strlen(v->items[0]->words->text));
			break;
		case VAR_EACH_KEY: add_keys(out, p->element, v); break;
		case VAR_ID:
			add_escaped(out, t->escape, v->items[0]->id, strlen(v->items[0]->id));
			break;
		default: add_piece_value(out, t->escape, p, v);
		}
	}
}

int
request_check_json(const struct request_template *t, struct err *err)
{
	static const char hostile[] = "a\"b\\\n{\xe6\xb0\xb4";
	struct item sample = { .id = "0A", .to = "+8613800000000", .not_after = 1 };
	struct item *two[] = { &sample, &sample };
	const struct request_values values = { .items = two, .count = 2, .country = "", .ref = "a\"b" };
	struct buf out = { 0 };
	json_error_t where;
	json_t *json;

	sample.words = xcalloc(1, sizeof(*sample.words) + sizeof(hostile));
	memcpy(sample.words->text, hostile, sizeof(hostile));
	request_render(t, &values, &out);
	json = json_loadb(out.data ? out.data : "", out.len, JSON_DECODE_ANY, &where);
	free(sample.words);
	buf_fini(&out);
	if (!json)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_body_json, NUM(where.column),
			       json_word(&where));
	json_decref(json);
	return 0;
}

static bool
stands(const struct request_template *t, enum variable first, enum variable last)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->pieces[i].variable >= first && t->pieces[i].variable <= last)
			return true;
	return false;
}

/* Itself, or what is computed in it. */
static bool
uses(const struct request_template *t, enum variable first, enum variable last)
{
	if (stands(t, first, last))
		return true;
	for (size_t i = 0; i < t->count; i++)
		if (t->pieces[i].computed && uses(&t->pieces[i].computed->of, first, last))
			return true;
	return false;
}

bool
request_uses_text(const struct request_template *t)
{
	return uses(t, VAR_TEXT, VAR_TEXT_XML) || uses(t, VAR_PARAMS_OBJECT, VAR_PARAMS_TEXT);
}

bool
request_uses_items(const struct request_template *t)
{
	return uses(t, VAR_TO, VAR_ALPHABET) || uses(t, VAR_TEMPLATE, VAR_SENT_AT);
}

bool
request_uses_number(const struct request_template *t)
{
	return uses(t, VAR_TO, VAR_TO_NATIONAL);
}

bool
request_uses_element(const struct request_template *t, const struct request_element *element)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->pieces[i].element &&
		    (t->pieces[i].element == &element->json || t->pieces[i].element == &element->text))
			return true;
	return false;
}

bool
request_uses_computed(const struct request_template *t, const struct request_computed *computed)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->pieces[i].computed == computed)
			return true;
	return false;
}

bool
request_is_line(const struct request_template *t)
{
	static const enum variable lines[] = {
		VAR_LITERAL, VAR_TO, VAR_TO_PLUS, VAR_TO_NATIONAL, VAR_ID, VAR_SENT_AT,
		VAR_BEIJING_DAY, VAR_UTC_DAY, VAR_NOW_S, VAR_NONCE, VAR_COMPUTED,
	};

	for (size_t i = 0; i < t->count; i++) {
		const struct piece *p = &t->pieces[i];
		size_t k = 0;

		while (k < sizeof(lines) / sizeof(*lines) && lines[k] != p->variable)
			k++;
		if (k == sizeof(lines) / sizeof(*lines) || (p->literal && strpbrk(p->literal, "\r\n")))
			return false;
	}
	return true;
}

bool
request_says(const struct request_template *t, enum request_part part)
{
	static const struct { enum variable first, last; } of[] = {
		[PART_NUMBER] = { VAR_TO, VAR_TO_NATIONAL }, [PART_TEXT] = { VAR_TEXT, VAR_TEXT_XML },
		[PART_TEMPLATE] = { VAR_TEMPLATE, VAR_TEMPLATE },
		[PART_PARAMS] = { VAR_PARAMS_OBJECT, VAR_PARAMS_TEXT }, [PART_ID] = { VAR_ID, VAR_ID },
	};

	if (stands(t, of[part].first, of[part].last))
		return true;
	for (size_t i = 0; i < t->count; i++)
		if (t->pieces[i].element && request_says(t->pieces[i].element, part))
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
