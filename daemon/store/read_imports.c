/* read_imports.c -- previews of imports: what each would do in figures, and its rows, field by field as
 * a list has them. */
#include "daemon/store/read_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/phone.h"
#include "daemon/store/internal.h"

#define ROLE_TEXT 64

static bool
is_own(const struct read_query *q, const struct staged *s)
{
	return s->by.kind == q->by.kind && strcmp(s->by.name, q->by.name) == 0;
}

/* Own ones, and for who has no limits those of others. */
int
read_imports(struct reader *r, const struct read_query *q, const struct settings *settings, struct buf *out)
{
	sqlite3_stmt *st = read_query(r, "SELECT " STAGED_COLUMNS " FROM staged ORDER BY id", "");
	struct rights rights = rights_of(settings, &q->by);
	const char *comma = "";
	struct staged s;

	buf_puts(out, "{\"imports\":[");
	while (read_step(r, st)) {
		staged_from(st, &s);
		if (rights.division_count && !is_own(q, &s))
			continue;
		buf_puts(out, comma);
		staged_json(&s, out);
		comma = ",";
	}
	buf_puts(out, "]}");
	return 0;
}

/* -1: err says why he may not look at it. */
static int
find(struct reader *r, const struct read_query *q, struct staged *s, struct err *err)
{
	sqlite3_stmt *st = read_query(r, "SELECT " STAGED_COLUMNS " FROM staged WHERE id = ?", "i", q->alert);

	if (!read_step(r, st))
		return err_say(err, REFUSED_NOT_FOUND, about(CONCEPT_NONE), no_import, NUM(q->alert));
	staged_from(st, s);
	sqlite3_reset(st);
	if (!is_own(q, s))
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_NONE), import_of_other, NUM(s->id),
			       s->by.name);
	return s->stage == STAGE_GONE ? staged_gone_say(s, err) : 0;
}

int
read_import(struct reader *r, const struct read_query *q, struct buf *out, struct err *err)
{
	struct staged s = { 0 };

	if (find(r, q, &s, err) < 0)
		return -1;
	staged_json(&s, out);
	return 0;
}

/* -- a row -- */

struct row {
	struct reader *r;
	const struct read_query *q;
	struct rights rights;		/* of who asks */
	struct buf *out;
	json_t *old, *new;		/* as they were kept; NULL: it is not there */
	size_t fields;
};

/* What a field says, in the words of a list; NULL: nothing. */
typedef bool (*field_fn)(struct row *, json_t *member, struct buf *out);

static bool
put_plain(struct row *row, json_t *v, struct buf *out)
{
	if (json_is_integer(v))
		buf_printf(out, "%lld", (long long)json_integer_value(v));
	else if (json_is_string(v))
		buf_puts(out, json_string_value(v));
	return v;
}

static bool
put_lang(struct row *row, json_t *v, struct buf *out)
{
	buf_puts(out, lang_name((enum lang)json_integer_value(v)));
	return v;
}

static bool
put_flag(struct row *row, json_t *v, struct buf *out)
{
	buf_puts(out, json_integer_value(v) ? "yes" : "no");
	return v;
}

static bool
put_division(struct row *row, json_t *v, struct buf *out)
{
	char code[DIVISION_TEXT];

	division_format(code, json_integer_value(v));
	buf_puts(out, code);
	return v;
}

static bool
put_instant(struct row *row, json_t *v, struct buf *out)
{
	if (v)
		read_instant(out, json_integer_value(v));
	return v;
}

static bool
put_role(struct row *row, json_t *v, struct buf *out)
{
	sqlite3_stmt *st = read_query(row->r, "SELECT name FROM role WHERE id = ?", "i",
				      (int64_t)json_integer_value(v));

	if (read_step(row->r, st)) {
		buf_puts(out, (const char *)sqlite3_column_text(st, 0));
		sqlite3_reset(st);
	}
	return v;
}

/* "+8613…", "+8613… (sms)": by what it may be used for, where that is not everything. */
static bool
put_numbers(struct row *row, json_t *v, struct buf *out)
{
	json_t *one;
	size_t i;

	json_array_foreach(v, i, one) {
		bool sms = json_integer_value(json_array_get(one, 1));
		bool voice = json_integer_value(json_array_get(one, 2));
		char text[PHONE_TEXT];

		(row->q->unmasked ? phone_format : phone_mask)(text,
			(uint64_t)json_integer_value(json_array_get(one, 0)));
		buf_printf(out, "%s%s%s", i ? ", " : "", text,
			   sms && voice ? "" : sms ? " (sms)" : voice ? " (voice)" : " (-)");
	}
	return json_array_size(v);
}

/* Where else somebody has posts is told to who may see it. */
static bool
put_posts(struct row *row, json_t *v, struct buf *out)
{
	const char *comma = "";
	json_t *one;
	size_t i;

	json_array_foreach(v, i, one) {
		if (!rights_reach(&row->rights, json_integer_value(json_array_get(one, 1))))
			continue;
		buf_puts(out, comma);
		comma = ", ";
		put_role(row, json_array_get(one, 0), out);
		buf_puts(out, " ");
		put_division(row, json_array_get(one, 1), out);
		buf_printf(out, " %lld", (long long)json_integer_value(json_array_get(one, 2)));
	}
	return json_array_size(v);
}

static bool
put_tags(struct row *row, json_t *v, struct buf *out)
{
	json_t *one;
	size_t i;

	json_array_foreach(v, i, one)
		buf_printf(out, "%s%s", i ? ", " : "", json_string_value(one));
	return json_array_size(v);
}

/* How much of it there is; the points themselves are for no table. */
static bool
put_shape(struct row *row, json_t *v, struct buf *out)
{
	const char *wkt = json_string_value(v);
	size_t points = wkt != NULL;

	for (const char *c = wkt; c && *c; c++)
		points += *c == ',';
	if (wkt && points == 1)
		buf_puts(out, wkt);
	else if (wkt)
		buf_printf(out, "%.*s %zu", (int)strcspn(wkt, " ("), wkt, points);
	return wkt;
}

static const struct field {
	const char *name;
	field_fn put;
} fields[] = {
	{ "name", put_plain }, { "lang", put_lang }, { "lang_said", put_flag }, { "active", put_flag }, { "numbers", put_numbers },
	{ "posts", put_posts }, { "role", put_role }, { "division", put_division }, { "from", put_instant },
	{ "to", put_instant }, { "tags", put_tags }, { "area", put_shape },
	{ "seat", put_shape },
};

static void
put_value(struct row *row, const char *name, field_fn put, json_t *v)
{
	struct buf text = { 0 };
	bool there = v && put(row, v, &text);

	buf_printf(row->out, ",\"%s\":", name);
	buf_json(row->out, there ? text.data ? text.data : "" : NULL);
	buf_fini(&text);
}

/* Only where old and new differ. */
static void
put_field(struct row *row, const char *name, field_fn put, json_t *old, json_t *new)
{
	if (old && new ? json_equal(old, new) : !old && !new)
		return;
	buf_printf(row->out, "%s{\"field\":", row->fields++ ? "," : "");
	buf_json(row->out, name);
	put_value(row, "old", put, old);
	put_value(row, "new", put, new);
	buf_puts(row->out, "}");
}

/* Of a division. */
static void
put_params(struct row *row)
{
	json_t *old = json_object_get(row->old, "params"), *new = json_object_get(row->new, "params"), *v;
	const char *name;

	json_object_foreach(new, name, v)
		put_field(row, name, put_plain, json_object_get(old, name), v);
	json_object_foreach(old, name, v)
		if (!json_object_get(new, name))
			put_field(row, name, put_plain, v, NULL);
}

static void
put_row(struct row *row, sqlite3_stmt *st)
{
	const char *old = (const char *)sqlite3_column_text(st, 3);
	const char *new = (const char *)sqlite3_column_text(st, 4);
	int64_t line = sqlite3_column_int64(st, 2);

	row->old = old ? json_loads(old, 0, NULL) : NULL;
	row->new = new ? json_loads(new, 0, NULL) : NULL;
	row->fields = 0;
	buf_puts(row->out, "{\"key\":");
	buf_json(row->out, (const char *)sqlite3_column_text(st, 1));
	buf_puts(row->out, ",\"name\":");
	buf_json(row->out, json_string_value(json_object_get(row->new ? row->new : row->old, "name")));
	buf_puts(row->out, ",\"line\":");
	buf_printf(row->out, line ? "%lld" : "null", (long long)line);
	buf_puts(row->out, ",\"fields\":[");
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		put_field(row, fields[i].name, fields[i].put, json_object_get(row->old, fields[i].name),
			  json_object_get(row->new, fields[i].name));
	put_params(row);
	buf_puts(row->out, "]}");
	json_decref(row->old);
	json_decref(row->new);
}

int
read_import_rows(struct reader *r, const struct read_query *q, const struct settings *settings, struct buf *out,
		 struct err *err)
{
	struct row row = { .r = r, .q = q, .rights = rights_of(settings, &q->by), .out = out };
	size_t limit = read_limit(q), count = 0;
	int64_t after, last = 0;
	struct staged s = { 0 };
	sqlite3_stmt *st;

	if (read_cursor(q->after, &after, 1) < 0)
		return err_say(err, REFUSED_UNREADABLE, about_name(CONCEPT_QUERY, "after"), cursor_bad,
			       q->after);
	if (find(r, q, &s, err) < 0)
		return -1;
	st = read_query(r, "SELECT seq, key, line, old, new FROM staged_row WHERE import = ? AND change = ? "
			"AND seq > ? ORDER BY seq LIMIT ?", "iiii", s.id, (int64_t)q->filter.change, after,
			(int64_t)limit + 1);
	buf_printf(out, "{\"change\":\"%s\",\"rows\":[", staged_change_name((enum staged_change)q->filter.change));
	for (; read_step(r, st); count++) {
		if (count >= limit)
			continue;
		buf_puts(out, count ? "," : "");
		put_row(&row, st);
		last = sqlite3_column_int64(st, 0);
	}
	read_list_end(out, count > limit, last);
	return 0;
}
