/* csv_rows.c -- rows of a list of divisions, contacts, duties or shapes -> rows of an import.  What a
 * row says must hold by itself and against the rows before; the engine checks it against the
 * store.  docs/import.md names the columns. */
#include "daemon/intake/csv.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"
#include "core/shape.h"
#include "core/unicode.h"

#define PHONES 4
#define TAGS_OF_ONE 16			/* store.h: PERSON_TAGS_MAX */
#define TAG_MAX 127			/* store.h: TAG_BYTES */
#define KIND(k) (1u << (k))
#define DIVISIONS KIND(IMPORT_DIVISIONS)
#define CONTACTS KIND(IMPORT_CONTACTS)
#define ROSTER KIND(IMPORT_ROSTER)
#define GEOMETRY KIND(IMPORT_GEOMETRY)

static const struct {
	const char *name;
	enum csv_column column;
	unsigned kinds, needed;
} columns[] = {
	{ "code", COLUMN_CODE, DIVISIONS | GEOMETRY, DIVISIONS | GEOMETRY },
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
	{ "area", COLUMN_AREA, GEOMETRY, 0 },
	{ "seat", COLUMN_SEAT, GEOMETRY, 0 },
};
#define KNOWN (sizeof(columns) / sizeof(*columns))

/* The same as Chinese lists call them. */
static const struct {
	const char *title;
	unsigned kinds;
	const char *name;
} also[] = {
	{ "代码", DIVISIONS | GEOMETRY, "code" }, { "区划代码", DIVISIONS | GEOMETRY, "code" },
	{ "名称", DIVISIONS, "name" },	     { "级别", DIVISIONS, "level" },
	{ "上级", DIVISIONS, "parent" },     { "上级代码", DIVISIONS, "parent" },
	{ "编号", CONTACTS, "id" },	     { "姓名", CONTACTS, "name" },
	{ "手机", CONTACTS, "phone" },	     { "手机号", CONTACTS, "phone" },
	{ "电话", CONTACTS, "phone" },	     { "联系电话", CONTACTS, "phone" },
	{ "手机号码", CONTACTS, "phone" },   { "电话2", CONTACTS, "phone2" },
	{ "电话3", CONTACTS, "phone3" },     { "电话4", CONTACTS, "phone4" },
	{ "角色", CONTACTS | ROSTER, "role" }, { "区划", CONTACTS | ROSTER, "division" },
	{ "区划代码", CONTACTS | ROSTER, "division" }, { "顺序", CONTACTS, "role_order" },
	{ "语言", CONTACTS, "lang" },	     { "语音", CONTACTS, "voice" },
	{ "短信", CONTACTS, "sms" },	     { "在用", CONTACTS, "active" },
	{ "联系人", ROSTER, "contact" },     { "开始", ROSTER, "from" },
	{ "结束", ROSTER, "to" },
	{ "范围", GEOMETRY, "area" },	     { "驻地", GEOMETRY, "seat" },
};
#define ALSO (sizeof(also) / sizeof(*also))

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
	for (size_t i = 0; i < ALSO; i++)
		if (also[i].kinds & kind && strcmp(also[i].title, title) == 0)
			title = also[i].name;
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

static bool
is_tag_column(const struct settings *s, const char *title)
{
	for (size_t i = 0; i < s->tag_column_count; i++)
		if (strcmp(s->tag_columns[i], title) == 0)
			return true;
	return false;
}

static int
take_tag_column(struct csv_intake *c, size_t i)
{
	struct import_request *q = c->request;

	for (size_t k = 0; k < q->tag_column_count; k++)
		if (strcmp(q->tag_columns[k], c->title[i]) == 0)
			return csv_lacks(c, c->title[i], csv_title_twice);
	q->tag_columns = xrealloc(q->tag_columns, (q->tag_column_count + 1) * sizeof(*q->tag_columns));
	q->tag_columns[q->tag_column_count++] = xstrdup(c->title[i]);
	c->column[i] = COLUMN_TAG;
	return 0;
}

static int
take_title(struct csv_intake *c, size_t i, unsigned kind)
{
	const char *title = c->title[i];
	enum csv_column column = column_of(title, kind);
	char known[300];

	if (!*title)
		return 0;		/* nothing may stand under it: check_width */
	if (column == COLUMN_NONE && kind == DIVISIONS) {
		if (!is_param_name(title))
			return csv_lacks(c, title, csv_title_bad);
		for (size_t k = 0; k < i; k++)
			if (strcmp(c->title[k], title) == 0)
				return csv_lacks(c, title, csv_title_twice);
		c->column[i] = COLUMN_PARAM;
		return 0;
	}
	if (column == COLUMN_NONE && kind == CONTACTS && is_tag_column(c->settings, title))
		return take_tag_column(c, i);
	if (column == COLUMN_NONE) {
		list_columns(known, sizeof(known), kind);
		return csv_lacks(c, title, csv_title_unknown, known);
	}
	if (c->place[column])
		return csv_lacks(c, title, csv_title_twice_as, c->title[c->place[column] - 1]);
	c->column[i] = column;
	c->place[column] = i + 1;
	return 0;
}

unsigned
csv_rows_titles(const struct csv_intake *c)
{
	unsigned known = 0;

	for (size_t i = 1; i <= c->cells.count; i++)
		known += column_of(csv_cell(c, i), KIND(c->kind)) != COLUMN_NONE;
	return known;
}

static char *
copy_title(const struct csv_intake *c, enum csv_column column)
{
	return c->place[column] ? xstrdup(c->title[c->place[column] - 1]) : NULL;
}

/* Without the columns that a list must have nothing can be said of its rows. */
void
csv_rows_header(struct csv_intake *c)
{
	unsigned kind = KIND(c->kind);
	char known[300];

	for (size_t i = 0; i < c->cells.count; i++)
		c->title[i] = xstrdup(csv_cell(c, i + 1));
	c->columns = c->cells.count;
	while (c->columns && !c->title[c->columns - 1][0])
		free(c->title[--c->columns]);	/* trailing commas */
	for (size_t i = 0; i < c->columns; i++)
		take_title(c, i, kind);
	for (size_t i = 0; i < KNOWN; i++) {
		if (!(columns[i].needed & kind) || c->place[columns[i].column] ||
		    (i && columns[i].column == columns[i - 1].column))
			continue;
		list_columns(known, sizeof(known), kind);
		csv_lacks(c, columns[i].name, csv_title_missing, known);
		c->stopped = true;
	}
	c->request->key_title = copy_title(c, c->kind == IMPORT_DIVISIONS || c->kind == IMPORT_GEOMETRY
					      ? COLUMN_CODE : COLUMN_REF);
	c->request->division_title = copy_title(c, COLUMN_DIVISION);
}

static struct import_row *
new_row(struct csv_intake *c)
{
	struct import_request *q = c->request;

	if (q->row_count == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 256;
		q->rows = xrealloc(q->rows, c->cap * sizeof(*q->rows));
	}
	q->rows[q->row_count] = (struct import_row){ .line = c->cells.row, .role = -1 };
	return &q->rows[q->row_count++];
}

/* What a spreadsheet shows where a formula went wrong. */
static bool
is_formula_error(const char *text)
{
	static const char *const errors[] = { "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!",
					      "#NULL!", "#SPILL!", "#CALC!" };

	for (size_t i = 0; *text == '#' && i < sizeof(errors) / sizeof(*errors); i++)
		if (strcmp(text, errors[i]) == 0)
			return true;
	return false;
}

/* "" only if not mandatory; at most `max` bytes; nothing that nobody sees, and no line break. */
static int
check_text(struct csv_intake *c, enum csv_column column, bool mandatory, size_t max)
{
	size_t place = c->place[column];
	const char *text = csv_cell(c, place);

	if (!*text && mandatory)
		return csv_fail(c, place, csv_is_empty);
	if (strlen(text) > max)
		return csv_fail(c, place, is_too_long, NUM(max));
	if (strpbrk(text, "\r\n"))
		return csv_fail(c, place, csv_has_control);
	if (is_formula_error(text))
		return csv_fail(c, place, csv_formula, QUOTE(text));
	return text_has_unseen(text) ? csv_fail(c, place, csv_has_unseen, QUOTE(text)) : 0;
}

/* "990121001.0" as programs write the number of a cell: the digits alone; else the text as it is. */
static const char *
without_decimals(char *out, size_t size, const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits >= size || strcmp(text + digits, ".0") != 0)
		return text;
	memcpy(out, text, digits);
	out[digits] = '\0';
	return out;
}

static int
take_division(struct csv_intake *c, enum csv_column column, division_code *out)
{
	const char *text = csv_field(c, column);
	char digits[16];
	struct err bad;

	if (number_is_shortened(text))
		return csv_fail(c, c->place[column], csv_lost_digits, QUOTE(text));
	if (division_parse(out, without_decimals(digits, sizeof(digits), text), &bad) < 0)
		return csv_fail_so(c, c->place[column], &bad);
	return 0;
}

static bool
is_above_county(const char *code)
{
	size_t len = strlen(code);

	return (len == 2 || len == 4) && strspn(code, "0123456789") == len;
}

static int
check_parent(struct csv_intake *c, division_code code)
{
	const char *parent = csv_field(c, COLUMN_PARENT);
	size_t place = c->place[COLUMN_PARENT];
	enum tier tier = division_tier(code);
	division_code up = 0;

	if (!*parent)
		return 0;
	if (tier == TIER_COUNTY) {
		char text[DIVISION_TEXT];

		division_format(text, code);
		if (is_above_county(parent) && strncmp(text, parent, strlen(parent)) == 0)
			return 0;
		return csv_fail(c, place, csv_parent_county, QUOTE(parent), text);
	}
	if (take_division(c, COLUMN_PARENT, &up) < 0)
		return -1;
	if (up != division_ancestor(code, tier - 1))
		return csv_fail(c, place, csv_parent_wrong, QUOTE(parent));
	return 0;
}

/* As the code has it, or as Chinese lists do; -1: a word that is none. */
static int
level_tier(const char *level)
{
	static const struct { const char *word; enum tier tier; } words[] = {
		{ "县", TIER_COUNTY }, { "区", TIER_COUNTY }, { "县级", TIER_COUNTY }, { "乡", TIER_TOWNSHIP },
		{ "镇", TIER_TOWNSHIP }, { "乡镇", TIER_TOWNSHIP }, { "街道", TIER_TOWNSHIP },
		{ "乡级", TIER_TOWNSHIP }, { "村", TIER_VILLAGE }, { "社区", TIER_VILLAGE },
		{ "村级", TIER_VILLAGE },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(level, words[i].word) == 0)
			return (int)words[i].tier;
	return tier_parse(level);
}

static bool
is_level_above(const char *level)
{
	return strcmp(level, "city") == 0 || strcmp(level, "province") == 0 || strcmp(level, "市") == 0 ||
	       strcmp(level, "省") == 0;
}

static int
check_level(struct csv_intake *c, division_code code)
{
	const char *level = csv_field(c, COLUMN_LEVEL);

	if (*level && level_tier(level) != (int)division_tier(code))
		return csv_fail(c, c->place[COLUMN_LEVEL], csv_level_differs, QUOTE(level),
				tier_word(division_tier(code)));
	return 0;
}

static char *
params_json(struct csv_intake *c)
{
	struct buf json = { 0 };

	for (size_t i = 0; i < c->columns; i++) {
		const char *value = csv_cell(c, i + 1);

		if (c->column[i] != COLUMN_PARAM || !*value)
			continue;
		if (text_has_unseen(value))
			csv_fail(c, i + 1, csv_has_unseen, QUOTE(value));
		if (is_formula_error(value))
			csv_fail(c, i + 1, csv_formula, QUOTE(value));
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

/* The row before with the same key, a ref or a code; NULL: this one is the first. */
static const struct import_row *
first_of(struct csv_intake *c, uint64_t key)
{
	uintptr_t index = (uintptr_t)table_get(&c->keys, key);

	if (index)
		return &c->request->rows[index - 1];
	table_put(&c->keys, key, (void *)(uintptr_t)(c->request->row_count + 1));
	return NULL;
}

static bool
is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* One code, two names (or two shelters): which of them is right cannot be told from here. */
static void
check_twin(struct csv_intake *c, const struct import_row *first, const struct import_row *row)
{
	char code[DIVISION_TEXT];

	if (!first || (is_same(first->name, row->name) && is_same(first->params, row->params)))
		return;
	division_format(code, row->code);
	csv_fail(c, c->place[COLUMN_CODE], csv_code_twice, code, NUM(first->line), QUOTE(first->name));
}

static void
division_row(struct csv_intake *c)
{
	const char *level = csv_field(c, COLUMN_LEVEL);
	struct import_row row = { 0 }, first;
	const struct import_row *known = NULL;

	/* Lists often begin with the city and province; gong's tree begins with the county. */
	if (is_level_above(level) && is_above_county(csv_field(c, COLUMN_CODE)))
		return;
	if (take_division(c, COLUMN_CODE, &row.code) == 0) {
		check_level(c, row.code);
		check_parent(c, row.code);
		known = first_of(c, (uint64_t)row.code);
		if (known)
			first = *known;		/* new_row may move the rows */
	}
	check_text(c, COLUMN_NAME, true, 127);
	row.name = xstrdup(csv_field(c, COLUMN_NAME));
	row.params = params_json(c);
	check_twin(c, known ? &first : NULL, &row);
	row.line = c->cells.row;
	row.role = -1;
	*new_row(c) = row;
}

/* Of a word: 1 yes, 0 no, -1 neither. */
static int
flag_parse(const char *text)
{
	static const char *const yes[] = { "yes", "true", "1", "y", "是" };
	static const char *const no[] = { "no", "false", "0", "n", "否" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0)
			return strcasecmp(text, yes[i]) == 0;
	return -1;
}

static int
take_flag(struct csv_intake *c, enum csv_column column, bool otherwise, bool *out)
{
	const char *text = csv_field(c, column);
	int flag = *text ? flag_parse(text) : otherwise;

	*out = flag > 0;
	return flag >= 0 ? 0 : csv_fail(c, c->place[column], csv_not_a_flag, QUOTE(text));
}

/* One word for all numbers, or one for each of them ("yes;no"): bit i = the i-th column of a number. */
static unsigned
take_uses(struct csv_intake *c, enum csv_column column)
{
	const char *text = csv_field(c, column);
	unsigned uses = 0;

	if (!strchr(text, ';')) {
		bool all;

		take_flag(c, column, true, &all);
		return all ? ~0u : 0;
	}
	for (unsigned i = 0; i < PHONES; i++) {
		size_t len = strcspn(text, ";");
		char word[16];
		int flag;

		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		flag = len < sizeof(word) ? flag_parse(word) : -1;
		if (flag < 0) {
			csv_fail(c, c->place[column], csv_not_a_flag, QUOTE(csv_field(c, column)));
			return 0;
		}
		uses |= (unsigned)flag << i;
		text += len;
		if (!*text++)
			break;
	}
	return uses;
}

/* The numbers as far as they can be read; an unreadable one is a fault, and no lack of another. */
static size_t
read_numbers(struct csv_intake *c, struct import_row *row, unsigned sms, unsigned voice, bool *unread)
{
	size_t count = 0;

	for (unsigned i = 0; i < PHONES; i++) {
		enum csv_column column = (enum csv_column)(COLUMN_PHONE + i);
		const char *text = csv_field(c, column);
		bool again = false;
		uint64_t number;
		struct err bad;

		if (!*text)
			continue;
		if (phone_parse(&number, text, &c->settings->phone_plan, &bad) < 0) {
			csv_fail_so(c, c->place[column], &bad);
			*unread = true;
			continue;
		}
		for (size_t k = 0; k < count; k++)
			again |= row->numbers[k] == number;
		if (again)
			continue;
		row->sms |= (unsigned char)((sms >> i & 1) << count);
		row->voice |= (unsigned char)((voice >> i & 1) << count);
		row->numbers[count++] = number;
	}
	return count;
}

static void
take_numbers(struct csv_intake *c, struct import_row *row, unsigned sms, unsigned voice)
{
	bool unread = false;
	size_t count = read_numbers(c, row, sms, voice, &unread);

	if (!count && !unread && row->active)
		csv_fail(c, c->place[COLUMN_PHONE], csv_no_number);
	else if (count && row->active && !row->sms && !row->voice)
		csv_fail(c, c->place[COLUMN_PHONE], csv_unreachable);
}

/* A role that is -1 afterwards, or a code that is 0, was not understood. */
static void
take_role(struct csv_intake *c, struct import_row *row)
{
	const struct settings *s = c->settings;
	const char *name = csv_field(c, COLUMN_ROLE);
	size_t place = c->place[COLUMN_DIVISION];
	int role = settings_role(s, name);
	char code[DIVISION_TEXT];

	if (role < 0)
		csv_fail(c, c->place[COLUMN_ROLE], csv_role_unknown, QUOTE(name));
	if (!place)
		csv_lacks(c, "division", csv_role_where, QUOTE(name));
	else if (!*csv_cell(c, place))
		csv_fail(c, place, csv_role_where, QUOTE(name));
	else if (take_division(c, COLUMN_DIVISION, &row->code) == 0 && role >= 0)
		row->role = role;
	if (row->role < 0 || division_tier(row->code) == s->roles[role].tier)
		return;
	division_format(code, row->code);
	csv_fail(c, place, csv_role_tier, code, tier_word(division_tier(row->code)), name,
		 tier_word(s->roles[role].tier));
}

static void
take_order(struct csv_intake *c, struct import_row *row)
{
	const char *text = csv_field(c, COLUMN_ORDER);
	int64_t order = 1;
	char digits[16];

	if (*text && whole_parse(&order, without_decimals(digits, sizeof(digits), text), 1, 9999) < 0)
		csv_fail(c, c->place[COLUMN_ORDER], csv_order_bad, QUOTE(text));
	row->order = (unsigned)order;
}

/* Where the number stands; `count`: nowhere. */
static size_t
place_of(const uint64_t *numbers, size_t count, uint64_t number)
{
	size_t i = 0;

	while (i < count && numbers[i] != number)
		i++;
	return i;
}

/* A number that the person's first row does not have would be dropped, and nobody told. */
static void
same_numbers(struct csv_intake *c, const struct import_row *first)
{
	unsigned sms = take_uses(c, COLUMN_SMS), voice = take_uses(c, COLUMN_VOICE);
	uint64_t seen[PHONES] = { 0 };

	for (unsigned i = 0; i < PHONES; i++) {
		enum csv_column column = (enum csv_column)(COLUMN_PHONE + i);
		const char *text = csv_field(c, column);
		struct err bad;
		size_t k;

		if (!*text)
			continue;
		if (phone_parse(&seen[i], text, &c->settings->phone_plan, &bad) < 0) {
			csv_fail_so(c, c->place[column], &bad);
			continue;
		}
		if (place_of(seen, i, seen[i]) < i)
			continue;
		k = place_of(first->numbers, PHONES, seen[i]);
		if (k == PHONES)
			csv_fail(c, c->place[column], csv_number_differs, NUM(first->line));
		else if (*csv_field(c, COLUMN_SMS) && (sms >> i & 1) != (first->sms >> k & 1))
			csv_fail(c, c->place[COLUMN_SMS], csv_person_differs, NUM(first->line));
		else if (*csv_field(c, COLUMN_VOICE) && (voice >> i & 1) != (first->voice >> k & 1))
			csv_fail(c, c->place[COLUMN_VOICE], csv_person_differs, NUM(first->line));
	}
}

static void
same_person(struct csv_intake *c, struct import_row *row, const struct import_row *first)
{
	const char *name = csv_field(c, COLUMN_NAME), *lang = csv_field(c, COLUMN_LANG);
	bool active;

	if (*name && strcmp(name, first->name) != 0)
		csv_fail(c, c->place[COLUMN_NAME], csv_ref_twice, QUOTE(name), first->ref,
			 QUOTE(first->name), NUM(first->line));
	if (take_flag(c, COLUMN_ACTIVE, first->active, &active) == 0 && active != first->active)
		csv_fail(c, c->place[COLUMN_ACTIVE], csv_person_differs, NUM(first->line));
	if (*lang && lang_parse(lang) != (int)first->lang)
		csv_fail(c, c->place[COLUMN_LANG], csv_person_differs, NUM(first->line));
	same_numbers(c, first);
	row->name = NULL;
	row->active = first->active;
	row->lang = first->lang;
	row->lang_said = first->lang_said;
}

static void
take_person(struct csv_intake *c, struct import_row *row)
{
	const char *lang = csv_field(c, COLUMN_LANG);
	int spoken = *lang ? lang_parse(lang) : (int)c->settings->default_lang;
	unsigned sms, voice;

	check_text(c, COLUMN_NAME, true, 127);
	take_flag(c, COLUMN_ACTIVE, true, &row->active);
	sms = take_uses(c, COLUMN_SMS);
	voice = take_uses(c, COLUMN_VOICE);
	if (spoken < 0)
		csv_fail(c, c->place[COLUMN_LANG], csv_lang_unknown, QUOTE(lang));
	row->lang_said = *lang;
	row->lang = spoken < 0 ? c->settings->default_lang : (enum lang)spoken;
	row->name = xstrdup(csv_field(c, COLUMN_NAME));
	take_numbers(c, row, sms, voice);
}

/* A key that a spreadsheet made a number of is another person's, or nobody's. */
static int
check_ref(struct csv_intake *c)
{
	const char *ref = csv_field(c, COLUMN_REF);
	char digits[64];

	if (check_text(c, COLUMN_REF, true, 63) < 0)
		return -1;
	if (number_is_shortened(ref))
		return csv_fail(c, c->place[COLUMN_REF], csv_lost_digits, QUOTE(ref));
	if (without_decimals(digits, sizeof(digits), ref) != ref)
		return csv_fail(c, c->place[COLUMN_REF], csv_ref_decimals, ref, digits);
	return 0;
}

/* In its place among the others; one that is there already is not put twice. */
static void
add_tag(struct csv_intake *c, struct import_row *row, size_t column, const char *value, size_t len)
{
	struct buf tag = { 0 };
	size_t at = 0;

	buf_printf(&tag, "%s:%.*s", c->title[column], (int)len, value);
	while (at < row->tag_count && strcmp(row->tags[at], tag.data) < 0)
		at++;
	if (tag.len > TAG_MAX) {
		csv_fail(c, column + 1, is_too_long, NUM(TAG_MAX - strlen(c->title[column]) - 1));
	} else if (at < row->tag_count && strcmp(row->tags[at], tag.data) == 0) {
		/* said before */
	} else if (row->tag_count == TAGS_OF_ONE) {
		csv_fail(c, column + 1, tags_of_one, NUM(TAGS_OF_ONE));
	} else {
		row->tags = xrealloc(row->tags, (row->tag_count + 1) * sizeof(*row->tags));
		memmove(&row->tags[at + 1], &row->tags[at], (row->tag_count - at) * sizeof(*row->tags));
		row->tag_count++;
		row->tags[at] = buf_take(&tag);
	}
	buf_fini(&tag);
}

/* The length of what stands before the next ; 、 or ；, and of that sign. */
static size_t
word_len(const char *text, size_t *sign)
{
	static const char *const signs[] = { ";", "、", "；" };
	const char *end = text + strlen(text);

	*sign = 0;
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		const char *at = strstr(text, signs[i]);

		if (!at || at >= end)
			continue;
		end = at;
		*sign = strlen(signs[i]);
	}
	return (size_t)(end - text);
}

/* Of whatever row of the person: his tags stand in the first. */
static void
take_tags(struct csv_intake *c, struct import_row *row)
{
	for (size_t i = 0; i < c->columns; i++) {
		const char *text = c->column[i] == COLUMN_TAG ? csv_cell(c, i + 1) : "";

		if (text_has_unseen(text))
			csv_fail(c, i + 1, csv_has_unseen, QUOTE(text));
		else if (is_formula_error(text))
			csv_fail(c, i + 1, csv_formula, QUOTE(text));

		while (*text) {
			size_t sign, whole = word_len(text, &sign), len = whole, blank = strspn(text, " ");

			while (len && text[len - 1] == ' ')
				len--;
			if (len > blank)
				add_tag(c, row, i, text + blank, len - blank);
			text += whole + sign;
		}
	}
}

static void
contact_row(struct csv_intake *c)
{
	const char *ref = check_ref(c) < 0 ? "" : csv_field(c, COLUMN_REF);
	const struct import_row *known = *ref ? first_of(c, table_key(ref)) : NULL;
	struct import_row *row, first = { .ref = NULL };

	size_t place = known ? (size_t)(known - c->request->rows) : c->request->row_count;

	if (known && strcmp(known->ref, ref) == 0)
		first = *known;		/* new_row may move the rows */
	else
		place = c->request->row_count;
	row = new_row(c);
	row->ref = xstrdup(ref);
	if (first.ref)
		same_person(c, row, &first);
	else
		take_person(c, row);
	take_tags(c, &c->request->rows[place]);
	if (!*csv_field(c, COLUMN_ROLE)) {
		if (*csv_field(c, COLUMN_DIVISION))
			csv_fail(c, c->place[COLUMN_DIVISION], csv_no_role);
		return;
	}
	take_role(c, row);
	take_order(c, row);
}

static int
take_instant(struct csv_intake *c, enum csv_column column, msec *out)
{
	const char *text = csv_field(c, column);

	if (time_parse_local(out, text) == 0)
		return 0;
	return csv_fail(c, c->place[column], csv_instant_bad, QUOTE(text));
}

static void
roster_row(struct csv_intake *c)
{
	struct import_row *row = new_row(c);
	bool read;

	row->ref = xstrdup(check_ref(c) < 0 ? "" : csv_field(c, COLUMN_REF));
	take_role(c, row);
	if (row->role >= 0 && !c->settings->roles[row->role].duty)
		csv_fail(c, c->place[COLUMN_ROLE], csv_no_duty_role, c->settings->roles[row->role].name);
	read = take_instant(c, COLUMN_FROM, &row->from_at) == 0;
	if (take_instant(c, COLUMN_TO, &row->to_at) < 0 || !read)
		return;
	if (row->from_at >= row->to_at)
		csv_fail(c, c->place[COLUMN_TO], csv_duty_ends_first);
	else if (row->to_at - row->from_at > HOURS(24) * 400)
		csv_fail(c, c->place[COLUMN_TO], csv_duty_too_long);
}

/* NULL: the row does not say it, or not so that it could be read. */
static char *
take_shape(struct csv_intake *c, enum csv_column column, enum shape_kind kind)
{
	const char *text = csv_field(c, column);
	struct err bad;

	if (!*text)
		return NULL;
	if (shape_read(kind, text, NULL, NULL, &bad) == 0)
		return xstrdup(text);
	csv_fail_so(c, c->place[column], &bad);
	return NULL;
}

static void
geometry_row(struct csv_intake *c)
{
	struct import_row row = { .line = c->cells.row, .role = -1 };
	const struct import_row *before = NULL;
	char code[DIVISION_TEXT];

	if (take_division(c, COLUMN_CODE, &row.code) == 0)
		before = first_of(c, (uint64_t)row.code);
	division_format(code, row.code);
	if (before)
		csv_fail(c, c->place[COLUMN_CODE], csv_shape_twice, code, NUM(before->line));
	if (!*csv_field(c, COLUMN_AREA) && !*csv_field(c, COLUMN_SEAT))
		csv_fail(c, 0, csv_no_shape);
	row.area = take_shape(c, COLUMN_AREA, SHAPE_AREA);
	row.seat = take_shape(c, COLUMN_SEAT, SHAPE_SEAT);
	*new_row(c) = row;
}

/* Nothing stands beside the columns, nor under one that has no title. */
static void
check_width(struct csv_intake *c)
{
	bool beyond = false;

	for (size_t i = 1; i <= c->cells.count; i++) {
		bool named = i <= c->columns && c->title[i - 1][0];

		if (named || !*csv_cell(c, i))
			continue;
		if (i <= c->columns)
			csv_fail(c, i, csv_no_title);
		else
			beyond = true;
	}
	if (beyond)
		csv_fail(c, 0, csv_too_many_fields, NUM(c->columns));
}

void
csv_rows_row(struct csv_intake *c)
{
	check_width(c);
	switch (c->kind) {
	case IMPORT_DIVISIONS:
		division_row(c);
		break;
	case IMPORT_CONTACTS:
		contact_row(c);
		break;
	case IMPORT_ROSTER:
		roster_row(c);
		break;
	case IMPORT_GEOMETRY:
		geometry_row(c);
		break;
	}
}
