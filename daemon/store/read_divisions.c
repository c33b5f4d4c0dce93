/* read_divisions.c -- places: by what somebody typed of one (a name or a part of it, or a code, of which
 * the last digits may be wrong), in order of their codes, and one of them whole. */
#include "daemon/store/read_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_MAX 10
#define POSTS_COUNTED 100000		/* more are not counted: 200 ms are all a reader has */
#define DIGITS_LEAST 4			/* fewer say nothing about where it is */

struct found {
	struct reader *r;
	struct buf *out;
	size_t count;
};

static void
put_row(sqlite3_stmt *st, size_t before, struct buf *out)
{
	buf_puts(out, before ? ",{" : "{");
	json_division(out, "code", st, 0);
	buf_puts(out, ",");
	json_column(out, "name", st, 1);
	buf_puts(out, "}");
}

/* The rows of a statement, at most FOUND_MAX in all. */
static void
put_rows(struct found *f, sqlite3_stmt *st)
{
	while (read_step(f->r, st)) {
		if (f->count < FOUND_MAX)
			put_row(st, f->count, f->out);
		f->count++;
	}
}

static division_code
power(size_t zeros)
{
	division_code n = 1;

	while (zeros--)
		n *= 10;
	return n;
}

/* Those whose code begins so; where there is none, with fewer digits.  A whole code looks among its
 * like: counties, townships or villages. */
static void
by_code(struct found *f, const char *digits)
{
	size_t len = strlen(digits);
	bool whole = len == 6 || len == 9 || len == 12;
	division_code own = whole ? power(12 - len) : 1, above = whole ? own * 1000 : power(13);

	for (; len >= DIGITS_LEAST && !f->count && !f->r->failed; len--) {
		division_code first = 0, step = power(12 - len);

		for (size_t i = 0; i < 12; i++)
			first = first * 10 + (i < len ? digits[i] - '0' : 0);
		put_rows(f, read_query(f->r, "SELECT code, name FROM division WHERE code >= ? AND code < ? "
				       "AND code % ? = 0 AND code % ? <> 0 ORDER BY code LIMIT ?", "iiiii",
				       first, first + step, own, above, (int64_t)FOUND_MAX + 1));
	}
}

/* Those of that very name, else those that have it in theirs. */
static void
by_name(struct found *f, const char *name)
{
	put_rows(f, read_query(f->r, "SELECT code, name FROM division WHERE name = ? ORDER BY code LIMIT ?",
			       "ti", name, (int64_t)FOUND_MAX + 1));
	if (!f->count)
		put_rows(f, read_query(f->r, "SELECT code, name FROM division WHERE instr(name, ?) > 0 "
				       "ORDER BY code LIMIT ?", "ti", name, (int64_t)FOUND_MAX + 1));
}

/* All of them, or those within one, in order of their codes. */
static int
page(struct reader *r, const struct read_query *q, struct buf *out, struct err *err)
{
	struct division_range range = division_range(q->filter.division);
	size_t limit = read_limit(q), count = 0;
	int64_t after, first = q->filter.division ? range.first : 0;
	bool more = false;
	sqlite3_stmt *st;

	if (read_cursor(q->after, &after, 1) < 0)
		return err_say(err, REFUSED_UNREADABLE, about_name(CONCEPT_QUERY, "after"), cursor_bad,
			       q->after);
	st = read_query(r, "SELECT code, name FROM division WHERE code > ? AND code >= ? AND code <= ? ORDER BY "
			"code LIMIT ?", "iiii", after, first, q->filter.division ? range.last : INT64_MAX,
			(int64_t)limit + 1);
	buf_puts(out, "{\"divisions\":[");
	while (read_step(r, st)) {
		more = count == limit;
		if (more)
			continue;
		after = sqlite3_column_int64(st, 0);
		put_row(st, count++, out);
	}
	buf_printf(out, "],\"more\":%s,", more ? "true" : "false");
	buf_printf(out, more ? "\"next\":\"%lld\"}" : "\"next\":null}", (long long)after);
	return 0;
}

int
read_divisions(struct reader *r, const struct read_query *q, struct buf *out, struct err *err)
{
	const char *text = q->filter.find;
	struct found f = { r, out, 0 };
	size_t len = strlen(text);

	if (!len)
		return page(r, q, out, err);
	buf_puts(out, "{\"divisions\":[");
	if (strspn(text, "0123456789") == len && len <= 12)
		by_code(&f, text);
	else
		by_name(&f, text);
	buf_printf(out, "],\"more\":%s,\"next\":null}", f.count > FOUND_MAX ? "true" : "false");
	return 0;
}

/* -- one of them whole -- */

/* Its columns; name_en stands apart. */
static void
put_params(sqlite3_stmt *st, struct buf *out)
{
	json_t *params = json_loads((const char *)sqlite3_column_text(st, 1), 0, NULL);
	char *text;

	json_text(out, "name_en", json_string_value(json_object_get(params, "name_en")));
	json_object_del(params, "name_en");
	text = json_is_object(params) ? json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	buf_printf(out, ",\"params\":%s", text ? text : "{}");
	free(text);
	json_decref(params);
}

static void
put_person(sqlite3_stmt *st, struct buf *out)
{
	buf_puts(out, "{");
	json_column(out, "ref", st, 1);
	buf_puts(out, ",");
	json_column(out, "name", st, 2);
	buf_puts(out, ",");
	json_number(out, "order", st, 3);
	buf_puts(out, "}");
}

/* Who holds which role there. */
static void
put_roles(struct reader *r, const struct read_query *q, const struct settings *s, struct buf *out)
{
	sqlite3_stmt *st = read_query(r, "SELECT o.name, c.ref, c.name, p.ord FROM role o JOIN post p ON "
		"p.role = o.id AND p.division = ? JOIN contact c ON c.id = p.contact ORDER BY o.name, p.ord, "
		"p.contact LIMIT ?", "ii", q->filter.division, (int64_t)READ_ROWS_MAX);
	char before[64] = "";

	buf_puts(out, "\"roles\":[");
	while (read_step(r, st)) {
		const char *role = (const char *)sqlite3_column_text(st, 0);

		if (strcmp(before, role) != 0) {
			buf_puts(out, *before ? "]},{" : "{");
			json_text(out, "role", role);
			buf_puts(out, ",");
			json_text(out, "title", role_title(s, role, q->lang));
			buf_puts(out, ",\"people\":[");
			snprintf(before, sizeof(before), "%s", role);
		} else {
			buf_puts(out, ",");
		}
		put_person(st, out);
	}
	buf_puts(out, *before ? "]}]" : "]");
}

/* Below it, and people who hold a post there or below. */
static void
put_counts(struct reader *r, division_code code, struct buf *out)
{
	struct division_range range = division_range(code);
	int64_t townships, villages, contacts;

	townships = read_number(r, read_query(r, "SELECT count(*) FROM division WHERE code > ? AND code <= ? AND "
		"code % 1000 = 0", "ii", range.first, range.last));
	villages = read_number(r, read_query(r, "SELECT count(*) FROM division WHERE code > ? AND code <= ? AND "
		"code % 1000 <> 0", "ii", range.first, range.last));
	contacts = read_number(r, read_query(r, "SELECT count(DISTINCT contact) FROM (SELECT contact FROM role o "
		"JOIN post p ON p.role = o.id AND p.division BETWEEN ? AND ? LIMIT ?)", "iii", range.first,
		range.last, (int64_t)POSTS_COUNTED));
	buf_printf(out, "\"counts\":{\"townships\":%lld,\"villages\":%lld,\"contacts\":%lld}",
		   (long long)townships, (long long)villages, (long long)contacts);
}

int
read_division(struct reader *r, const struct read_query *q, const struct settings *s, struct buf *out,
	      struct err *err)
{
	division_code code = q->filter.division;
	enum tier tier = division_tier(code);
	sqlite3_stmt *st = read_query(r, "SELECT name, params, version FROM division WHERE code = ?", "i", code);
	char text[DIVISION_TEXT];

	division_format(text, code);
	if (!read_step(r, st))
		return err_say(err, REFUSED_NOT_FOUND, about(CONCEPT_CODE), no_division, text);
	buf_printf(out, "%lld\n{\"code\":\"%s\",", (long long)sqlite3_column_int64(st, 2), text);
	json_column(out, "name", st, 0);
	buf_puts(out, ",");
	put_params(st, out);
	sqlite3_reset(st);
	buf_printf(out, ",\"tier\":\"%s\",\"parent\":", tier_name(tier));
	if (tier == TIER_COUNTY)
		buf_puts(out, "null");
	else
		json_place(r, division_ancestor(code, tier - 1), out);
	buf_puts(out, ",");
	put_roles(r, q, s, out);
	buf_puts(out, ",");
	put_counts(r, code, out);
	buf_puts(out, "}");
	return 0;
}
