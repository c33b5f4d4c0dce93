/* csv_rows.c -- rows of a list of divisions, contacts or duties -> rows of an import.  What a
 * row says must hold by itself and against the rows before; the engine checks it against the
 * store.  docs/import.md names the columns. */
#include "daemon/intake/csv.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"

#define KIND(k) (1u << (k))
#define DIVISIONS KIND(IMPORT_DIVISIONS)
#define CONTACTS KIND(IMPORT_CONTACTS)
#define ROSTER KIND(IMPORT_ROSTER)

static const struct {
	const char *name;
	enum csv_column column;
	unsigned kinds, needed;
} columns[] = {
	{ "code", COLUMN_CODE, DIVISIONS, DIVISIONS },
	{ "name", COLUMN_NAME, DIVISIONS | CONTACTS, DIVISIONS | CONTACTS },
	{ "level", COLUMN_LEVEL, DIVISIONS, 0 },
	{ "parent", COLUMN_PARENT, DIVISIONS, 0 },
	{ "id", COLUMN_REF, CONTACTS, CONTACTS },
	{ "ref", COLUMN_REF, CONTACTS | ROSTER, CONTACTS | ROSTER },
	{ "contact", COLUMN_REF, ROSTER, ROSTER },
	{ "phone", COLUMN_PHONE, CONTACTS, CONTACTS },
	{ "phone2", COLUMN_PHONE2, CONTACTS, 0 },
	{ "phone3", COLUMN_PHONE3, CONTACTS, 0 },
	{ "phone4", COLUMN_PHONE4, CONTACTS, 0 },
	{ "role", COLUMN_ROLE, CONTACTS | ROSTER, ROSTER },
	{ "division", COLUMN_DIVISION, CONTACTS | ROSTER, ROSTER },
	{ "role_order", COLUMN_ORDER, CONTACTS, 0 },
	{ "lang", COLUMN_LANG, CONTACTS, 0 },
	{ "voice", COLUMN_VOICE, CONTACTS, 0 },
	{ "sms", COLUMN_SMS, CONTACTS, 0 },
	{ "active", COLUMN_ACTIVE, CONTACTS, 0 },
	{ "from", COLUMN_FROM, ROSTER, ROSTER },
	{ "to", COLUMN_TO, ROSTER, ROSTER },
};
#define KNOWN (sizeof(columns) / sizeof(*columns))

static void
list_columns(char *out, size_t size, unsigned kind)
{
	size_t n = 0;

	for (size_t i = 0; i < KNOWN; i++)
		if (columns[i].kinds & kind && n < size)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "",
					      columns[i].name);
}

static enum csv_column
column_of(const char *title, unsigned kind)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (columns[i].kinds & kind && strcasecmp(columns[i].name, title) == 0)
			return columns[i].column;
	return COLUMN_NONE;
}

static bool
is_param_name(const char *name)
{
	if (!isalpha((unsigned char)*name) || strlen(name) > 40)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	return true;
}

static int
take_title(struct csv_intake *c, size_t i, unsigned kind)
{
	const char *title = c->title[i];
	enum csv_column column = column_of(title, kind);
	char known[300];

	if (column == COLUMN_NONE && kind == DIVISIONS) {
		if (!is_param_name(title))
			return csv_fail(c, title, csv_title_bad);
		for (size_t k = 0; k < i; k++)
			if (strcmp(c->title[k], title) == 0)
				return csv_fail(c, title, csv_title_twice);
		c->column[i] = COLUMN_PARAM;
		return 0;
	}
	if (column == COLUMN_NONE) {
		list_columns(known, sizeof(known), kind);
		return csv_fail(c, title, csv_title_unknown, known);
	}
	if (c->place[column])
		return csv_fail(c, title, csv_title_twice_as,
				c->title[c->place[column] - 1]);
	c->column[i] = column;
	c->place[column] = i + 1;
	return 0;
}

int
csv_rows_header(struct csv_intake *c)
{
	unsigned kind = KIND(c->kind);
	char known[300];

	for (size_t i = 0; i < c->fields; i++) {
		c->title[i] = xstrdup(c->row.data + c->field[i]);
		c->columns = i + 1;
	}
	while (c->columns && !c->title[c->columns - 1][0])
		free(c->title[--c->columns]);	/* trailing commas */
	if (c->columns == 1 && strpbrk(c->title[0], ";\t"))
		return csv_fail(c, NULL, csv_no_commas);
	for (size_t i = 0; i < c->columns; i++)
		if (take_title(c, i, kind) < 0)
			return -1;
	for (size_t i = 0; i < KNOWN; i++) {
		if (!(columns[i].needed & kind) || c->place[columns[i].column])
			continue;
		list_columns(known, sizeof(known), kind);
		return csv_fail(c, columns[i].name, csv_title_missing, known);
	}
	return 0;
}

static struct import_row *
new_row(struct csv_intake *c)
{
	struct import_request *q = c->request;

	if (q->row_count == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 256;
		q->rows = xrealloc(q->rows, c->cap * sizeof(*q->rows));
	}
	q->rows[q->row_count] = (struct import_row){ .line = c->row_line, .role = -1 };
	return &q->rows[q->row_count++];
}

static const char *
title_of(const struct csv_intake *c, enum csv_column column)
{
	return c->title[c->place[column] - 1];
}

/* "" only if not mandatory; at most `max` bytes, no control characters. */
static int
check_text(struct csv_intake *c, enum csv_column column, bool mandatory, size_t max)
{
	const char *text = csv_field(c, column);

	if (!*text && mandatory)
		return csv_fail(c, title_of(c, column), csv_is_empty);
	if (strlen(text) > max)
		return csv_fail(c, title_of(c, column), is_too_long, NUM(max));
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return csv_fail(c, title_of(c, column), csv_has_control);
	return 0;
}

static int
take_division(struct csv_intake *c, enum csv_column column, division_code *out)
{
	struct err bad;

	if (division_parse(out, csv_field(c, column), &bad) < 0)
		return csv_fail_so(c, title_of(c, column), &bad);
	return 0;
}

static bool
is_above_county(const char *code)
{
	size_t len = strlen(code);

	return (len == 2 || len == 4) && strspn(code, "0123456789") == len;
}

static int
check_place(struct csv_intake *c, division_code code)
{
	const char *level = csv_field(c, COLUMN_LEVEL), *parent = csv_field(c, COLUMN_PARENT);
	enum tier tier = division_tier(code);
	division_code up;
	struct err bad;

	if (*level && tier_parse(level) != (int)tier)
		return csv_fail(c, title_of(c, COLUMN_LEVEL), csv_level_differs,
				QUOTE(level), tier_word(tier));
	if (!*parent)
		return 0;
	if (tier == TIER_COUNTY) {
		char text[DIVISION_TEXT];

		division_format(text, code);
		if (is_above_county(parent) && strncmp(text, parent, strlen(parent)) == 0)
			return 0;
		return csv_fail(c, title_of(c, COLUMN_PARENT), csv_parent_county,
				QUOTE(parent), text);
	}
	if (division_parse(&up, parent, &bad) < 0)
		return csv_fail_so(c, title_of(c, COLUMN_PARENT), &bad);
	if (up != division_ancestor(code, tier - 1))
		return csv_fail(c, title_of(c, COLUMN_PARENT), csv_parent_wrong,
				QUOTE(parent));
	return 0;
}

static char *
params_json(struct csv_intake *c)
{
	struct buf json = { 0 };

	for (size_t i = 0; i < c->columns && i < c->fields; i++) {
		const char *value = c->row.data + c->field[i];

		if (c->column[i] != COLUMN_PARAM || !*value)
			continue;
		buf_puts(&json, json.len ? "," : "{");
		buf_json(&json, c->title[i]);
		buf_puts(&json, ":");
		buf_json(&json, value);
	}
	if (!json.len)
		return NULL;
	buf_puts(&json, "}");
	return buf_take(&json);
}

static int
division_row(struct csv_intake *c)
{
	const char *level = csv_field(c, COLUMN_LEVEL);
	struct import_row *row;
	division_code code;

	/* Lists often begin with the city and province; gong's tree begins with the county. */
	if ((strcmp(level, "city") == 0 || strcmp(level, "province") == 0) &&
	    is_above_county(csv_field(c, COLUMN_CODE)))
		return 0;
	if (take_division(c, COLUMN_CODE, &code) < 0 || check_text(c, COLUMN_NAME, true, 127) < 0 ||
	    check_place(c, code) < 0)
		return -1;
	row = new_row(c);
	row->code = code;
	row->name = xstrdup(csv_field(c, COLUMN_NAME));
	row->params = params_json(c);
	return 0;
}

static int
take_flag(struct csv_intake *c, enum csv_column column, bool otherwise, bool *out)
{
	static const char *const yes[] = { "yes", "true", "1", "y", "是" };
	static const char *const no[] = { "no", "false", "0", "n", "否" };
	const char *text = csv_field(c, column);

	*out = otherwise;
	if (!*text)
		return 0;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
			*out = strcasecmp(text, yes[i]) == 0;
			return 0;
		}
	}
	return csv_fail(c, title_of(c, column), csv_not_a_flag, QUOTE(text));
}

static int
take_numbers(struct csv_intake *c, struct import_row *row, bool sms, bool voice)
{
	size_t count = 0;

	for (int i = 0; i < 4; i++) {
		enum csv_column column = (enum csv_column)(COLUMN_PHONE + i);
		const char *text = csv_field(c, column);
		bool again = false;
		uint64_t number;
		struct err bad;

		if (!*text)
			continue;
		if (phone_parse(&number, text, &c->settings->phone_plan, &bad) < 0)
			return csv_fail_so(c, title_of(c, column), &bad);
		for (size_t k = 0; k < count; k++)
			again |= row->numbers[k] == number;
		if (again)
			continue;
		row->sms |= (unsigned char)(sms << count);
		row->voice |= (unsigned char)(voice << count);
		row->numbers[count++] = number;
	}
	if (!count && row->active)
		return csv_fail(c, title_of(c, COLUMN_PHONE), csv_no_number);
	if (count && row->active && !sms && !voice)
		return csv_fail(c, title_of(c, COLUMN_PHONE), csv_unreachable);
	return 0;
}

static int
take_role(struct csv_intake *c, struct import_row *row)
{
	const struct settings *s = c->settings;
	const char *name = csv_field(c, COLUMN_ROLE);
	char code[DIVISION_TEXT];

	row->role = settings_role(s, name);
	if (row->role < 0)
		return csv_fail(c, title_of(c, COLUMN_ROLE), csv_role_unknown,
				QUOTE(name));
	if (!c->place[COLUMN_DIVISION] || !*csv_field(c, COLUMN_DIVISION))
		return csv_fail(c,
				c->place[COLUMN_DIVISION] ? title_of(c, COLUMN_DIVISION) : "division",
				csv_role_where, name);
	if (take_division(c, COLUMN_DIVISION, &row->code) < 0)
		return -1;
	if (division_tier(row->code) == s->roles[row->role].tier)
		return 0;
	division_format(code, row->code);
	return csv_fail(c, title_of(c, COLUMN_DIVISION), csv_role_tier, code,
			tier_word(division_tier(row->code)), name,
			tier_word(s->roles[row->role].tier));
}

static int
take_order(struct csv_intake *c, struct import_row *row)
{
	const char *text = csv_field(c, COLUMN_ORDER);
	int64_t order = 1;

	if (*text && whole_parse(&order, text, 1, 9999) < 0)
		return csv_fail(c, title_of(c, COLUMN_ORDER), csv_order_bad, QUOTE(text));
	row->order = (unsigned)order;
	return 0;
}

static uint64_t
hash(const char *text)
{
	uint64_t h = 14695981039346656037u;	/* FNV-1a */

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211u;
	return h | 1;
}

/* The row before with the same ref: the person; this row adds a post only. */
static const struct import_row *
first_of(struct csv_intake *c, const char *ref)
{
	uintptr_t index = (uintptr_t)table_get(&c->first, hash(ref));
	const struct import_row *row = index ? &c->request->rows[index - 1] : NULL;

	if (!row)
		table_put(&c->first, hash(ref), (void *)(uintptr_t)(c->request->row_count + 1));
	return row && strcmp(row->ref, ref) == 0 ? row : NULL;
}

static int
same_person(struct csv_intake *c, struct import_row *row, const struct import_row *first)
{
	const char *name = csv_field(c, COLUMN_NAME);
	bool active;

	if (*name && strcmp(name, first->name) != 0)
		return csv_fail(c, title_of(c, COLUMN_NAME), csv_ref_twice, QUOTE(name),
				first->ref, QUOTE(first->name), NUM(first->line));
	if (take_flag(c, COLUMN_ACTIVE, first->active, &active) < 0)
		return -1;
	if (active != first->active)
		return csv_fail(c, title_of(c, COLUMN_ACTIVE), csv_active_differs,
				NUM(first->line));
	row->active = first->active;
	row->lang = first->lang;
	row->lang_said = first->lang_said;
	return 0;
}

static int
take_person(struct csv_intake *c, struct import_row *row)
{
	const char *lang = csv_field(c, COLUMN_LANG);
	bool sms, voice;

	if (check_text(c, COLUMN_NAME, true, 127) < 0 ||
	    take_flag(c, COLUMN_ACTIVE, true, &row->active) < 0 ||
	    take_flag(c, COLUMN_SMS, true, &sms) < 0 || take_flag(c, COLUMN_VOICE, true, &voice) < 0)
		return -1;
	row->lang_said = *lang;
	row->lang = *lang ? (enum lang)lang_parse(lang) : c->settings->default_lang;
	if ((int)row->lang < 0)
		return csv_fail(c, title_of(c, COLUMN_LANG), csv_lang_unknown,
				QUOTE(lang));
	row->name = xstrdup(csv_field(c, COLUMN_NAME));
	return take_numbers(c, row, sms, voice);
}

static int
contact_row(struct csv_intake *c)
{
	const char *ref = csv_field(c, COLUMN_REF);
	const struct import_row *first;
	struct import_row *row, known;

	if (check_text(c, COLUMN_REF, true, 63) < 0)
		return -1;
	first = first_of(c, ref);
	if (first)
		known = *first;		/* new_row may move the rows */
	row = new_row(c);
	row->ref = xstrdup(ref);
	if ((first ? same_person(c, row, &known) : take_person(c, row)) < 0)
		return -1;
	if (!*csv_field(c, COLUMN_ROLE))
		return 0;
	return take_role(c, row) < 0 ? -1 : take_order(c, row);
}

static int
take_instant(struct csv_intake *c, enum csv_column column, msec *out)
{
	const char *text = csv_field(c, column);

	if (time_parse_local(out, text) == 0)
		return 0;
	return csv_fail(c, title_of(c, column), csv_instant_bad, QUOTE(text));
}

static int
roster_row(struct csv_intake *c)
{
	struct import_row *row;

	if (check_text(c, COLUMN_REF, true, 63) < 0 || check_text(c, COLUMN_ROLE, true, 64) < 0)
		return -1;
	row = new_row(c);
	row->ref = xstrdup(csv_field(c, COLUMN_REF));
	if (take_role(c, row) < 0)
		return -1;
	if (!c->settings->roles[row->role].duty)
		return csv_fail(c, title_of(c, COLUMN_ROLE), csv_no_duty_role,
				c->settings->roles[row->role].name);
	if (take_instant(c, COLUMN_FROM, &row->from_at) < 0 ||
	    take_instant(c, COLUMN_TO, &row->to_at) < 0)
		return -1;
	if (row->from_at >= row->to_at)
		return csv_fail(c, title_of(c, COLUMN_TO), csv_duty_ends_first);
	if (row->to_at - row->from_at > HOURS(24) * 400)
		return csv_fail(c, title_of(c, COLUMN_TO), csv_duty_too_long);
	return 0;
}

int
csv_rows_row(struct csv_intake *c)
{
	for (size_t i = c->columns; i < c->fields; i++)
		if (c->row.data[c->field[i]])
			return csv_fail(c, NULL, csv_too_many_fields, NUM(c->columns));
	switch (c->kind) {
	case IMPORT_DIVISIONS:
		return division_row(c);
	case IMPORT_CONTACTS:
		return contact_row(c);
	case IMPORT_ROSTER:
		return roster_row(c);
	}
	return -1;
}
