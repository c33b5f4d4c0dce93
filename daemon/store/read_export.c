/* read_export.c -- the lists as CSV, a page at a time, in the columns that an import reads: what is exported
 * and imported again changes nothing. */
#include "daemon/store/read_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/cell.h"

#define MARK "\xef\xbb\xbf"		/* by which a spreadsheet knows that it is UTF-8 */
#define PHONES 4
#define SHAPE_BYTES ((size_t)1 << 20)	/* of a page of geometry, but for its last row */

/* A page: its rows are made first, and stand behind the cursor of the next one. */
struct page {
	struct reader *r;
	const struct read_query *q;
	const struct settings *s;
	struct rights rights;
	struct buf rows;
	char next[sizeof(((struct read_query *)NULL)->after)];	/* "" = it was the last */
};

static void
cell(struct page *p, const char *text)
{
	buf_puts(&p->rows, ",");
	cell_put(&p->rows, text);
}

static void
code_cell(struct page *p, int64_t code)
{
	char text[DIVISION_TEXT];

	division_format(text, code);
	cell(p, text);
}

static void
give(struct page *p, struct buf *out)
{
	buf_printf(out, "%s\n", p->next);
	buf_add(out, p->rows.data ? p->rows.data : "", p->rows.len);
	buf_fini(&p->rows);
}

static int
bad_cursor(const struct read_query *q, struct err *err)
{
	return err_say(err, REFUSED_UNREADABLE, about_name(CONCEPT_QUERY, "after"), cursor_bad, q->after);
}

/* -- contacts -- */

/* "yes", "no", or one for each number. */
static void
use_cell(struct page *p, unsigned use, size_t count)
{
	unsigned all = (1u << count) - 1;

	if (!count || (use & all) == all) {
		buf_puts(&p->rows, ",yes");
	} else if (!(use & all)) {
		buf_puts(&p->rows, ",no");
	} else {
		for (size_t i = 0; i < count; i++)
			buf_printf(&p->rows, "%s%s", i ? ";" : ",", use >> i & 1 ? "yes" : "no");
	}
}

struct numbers {
	char text[PHONES][PHONE_TEXT];
	size_t count;
	unsigned sms, voice;
};

static void
read_numbers(struct page *p, int64_t contact, struct numbers *n)
{
	sqlite3_stmt *st = read_query(p->r, "SELECT e164, sms, voice FROM number WHERE contact = ? ORDER BY pos",
				      "i", contact);

	*n = (struct numbers){ .count = 0 };
	while (read_step(p->r, st)) {
		if (n->count == PHONES)
			continue;
		(p->q->unmasked ? phone_format : phone_mask)(n->text[n->count],
							    (uint64_t)sqlite3_column_int64(st, 0));
		n->sms |= (unsigned)sqlite3_column_int(st, 1) << n->count;
		n->voice |= (unsigned)sqlite3_column_int(st, 2) << n->count;
		n->count++;
	}
}

/* The words of his tags of one column; contact 0: it says nothing. */
static void
tags_cell(struct page *p, int64_t contact, const char *column)
{
	sqlite3_stmt *st = read_query(p->r, "SELECT t.name FROM tagged d JOIN tag t ON t.id = d.tag WHERE d.contact = ? "
				      "ORDER BY t.name", "i", contact);
	size_t len = strlen(column);
	struct buf words = { 0 };

	while (read_step(p->r, st)) {
		const char *tag = (const char *)sqlite3_column_text(st, 0);

		if (strncmp(tag, column, len) == 0 && tag[len] == ':')
			buf_printf(&words, "%s%s", words.len ? ";" : "", tag + len + 1);
	}
	cell(p, words.data ? words.data : "");
	buf_fini(&words);
}

/* The person stands in the first of his rows whole, in the others by ref and name. */
static void
contact_row(struct page *p, sqlite3_stmt *who, const struct numbers *n, sqlite3_stmt *post)
{
	bool en = sqlite3_column_int(who, 3) == LANG_EN, said = sqlite3_column_int(who, 5);

	cell_put(&p->rows, (const char *)sqlite3_column_text(who, 1));
	cell(p, (const char *)sqlite3_column_text(who, 2));
	for (size_t i = 0; i < PHONES; i++)
		cell(p, n && i < n->count ? n->text[i] : "");
	if (post) {
		cell(p, (const char *)sqlite3_column_text(post, 0));
		code_cell(p, sqlite3_column_int64(post, 1));
		buf_printf(&p->rows, ",%d", sqlite3_column_int(post, 2));
	} else {
		buf_puts(&p->rows, ",,,");
	}
	buf_printf(&p->rows, ",%s", n && said ? lang_name(en ? LANG_EN : LANG_ZH) : "");
	if (n) {
		use_cell(p, n->voice, n->count);
		use_cell(p, n->sms, n->count);
	} else {
		buf_puts(&p->rows, ",,");
	}
	buf_printf(&p->rows, ",%s", sqlite3_column_int(who, 4) ? "yes" : "no");
	for (size_t i = 0; i < p->s->tag_column_count; i++)
		tags_cell(p, n ? sqlite3_column_int64(who, 0) : 0, p->s->tag_columns[i]);
	buf_puts(&p->rows, "\r\n");
}

static void
contact_rows(struct page *p, sqlite3_stmt *who)
{
	int64_t id = sqlite3_column_int64(who, 0);
	sqlite3_stmt *st = read_query(p->r, "SELECT o.name, p.division, p.ord FROM (SELECT role, division, ord FROM "
		"post WHERE contact = ?1 UNION SELECT role, division, ord FROM post_off WHERE contact = ?1) p "
		"JOIN role o ON o.id = p.role ORDER BY p.division, o.name, p.ord", "i", id);
	struct numbers numbers;
	bool first = true;

	read_numbers(p, id, &numbers);
	for (; read_step(p->r, st); first = false)
		contact_row(p, who, first ? &numbers : NULL, st);
	if (first)
		contact_row(p, who, &numbers, NULL);
}

static int
contacts(struct page *p, struct err *err)
{
	size_t limit = read_limit(p->q), count = 0;
	sqlite3_stmt *st;
	int64_t after;

	if (read_cursor(p->q->after, &after, 1) < 0)
		return bad_cursor(p->q, err);
	if (!*p->q->after)
		buf_puts(&p->rows, MARK "ref,name,phone,phone2,phone3,phone4,role,division,role_order,lang,voice,sms,"
			 "active");
	for (size_t i = 0; !*p->q->after && i < p->s->tag_column_count; i++)
		cell(p, p->s->tag_columns[i]);
	if (!*p->q->after)
		buf_puts(&p->rows, "\r\n");
	st = read_query(p->r, "SELECT id, ref, name, lang, active, lang_said FROM contact WHERE id > ? ORDER BY id "
			"LIMIT ?", "ii", after, (int64_t)limit);
	for (; read_step(p->r, st); count++) {
		after = sqlite3_column_int64(st, 0);
		if (read_sees_person(p->r, &p->rights, after, 0))
			contact_rows(p, st);
	}
	if (count == limit)
		snprintf(p->next, sizeof(p->next), "%lld", (long long)after);
	return 0;
}

/* -- divisions -- */

/* All parameters that any place has, in the order in which they are met: the columns. */
static json_t *
read_names(struct page *p)
{
	sqlite3_stmt *st = read_query(p->r, "SELECT params FROM division WHERE params <> '{}' ORDER BY code", "");
	json_t *names = json_object();

	while (read_step(p->r, st)) {
		json_t *params = json_loads((const char *)sqlite3_column_text(st, 0), 0, NULL), *value;
		const char *name;

		json_object_foreach(params, name, value)
			json_object_set_new(names, name, json_true());
		json_decref(params);
	}
	return names;
}

/* FNV-1a of all names: another digest, other columns. */
static int64_t
digest_of(json_t *names)
{
	uint32_t hash = 2166136261u;
	const char *name;
	json_t *value;

	json_object_foreach(names, name, value) {
		for (; *name; name++)
			hash = (hash ^ (unsigned char)*name) * 16777619u;
		hash = (hash ^ ',') * 16777619u;
	}
	return hash;
}

static void
division_row(struct page *p, sqlite3_stmt *st, json_t *names)
{
	json_t *params = json_loads((const char *)sqlite3_column_text(st, 2), 0, NULL), *value;
	const char *name;
	char code[DIVISION_TEXT];

	division_format(code, sqlite3_column_int64(st, 0));
	cell_put(&p->rows, code);
	cell(p, (const char *)sqlite3_column_text(st, 1));
	json_object_foreach(names, name, value)
		cell(p, json_string_value(json_object_get(params, name)));
	buf_puts(&p->rows, "\r\n");
	json_decref(params);
}

static void
division_head(struct page *p, json_t *names)
{
	const char *name;
	json_t *value;

	buf_puts(&p->rows, MARK "code,name");
	json_object_foreach(names, name, value)
		buf_printf(&p->rows, ",%s", name);
	buf_puts(&p->rows, "\r\n");
}

static void
division_rows(struct page *p, int64_t after, json_t *names)
{
	size_t limit = read_limit(p->q), count = 0;
	sqlite3_stmt *st = read_query(p->r, "SELECT code, name, params FROM division WHERE code > ? ORDER BY code "
				      "LIMIT ?", "ii", after, (int64_t)limit);

	for (; read_step(p->r, st); count++) {
		after = sqlite3_column_int64(st, 0);
		division_row(p, st, names);
	}
	if (count == limit)
		snprintf(p->next, sizeof(p->next), "%lld.%lld", (long long)after, (long long)digest_of(names));
}

/* The columns are the same on every page, or the list that is being given ends there. */
static int
divisions(struct page *p, struct err *err)
{
	int64_t cursor[2];
	json_t *names;
	int rc = 0;

	if (read_cursor(p->q->after, cursor, 2) < 0)
		return bad_cursor(p->q, err);
	names = read_names(p);
	if (*p->q->after && cursor[1] != digest_of(names))
		rc = err_say(err, REFUSED_CONFLICT, about(CONCEPT_NONE), export_changed);
	else if (!*p->q->after)
		division_head(p, names);
	if (rc == 0)
		division_rows(p, cursor[0], names);
	json_decref(names);
	return rc;
}

/* -- roster -- */

void
read_instant(struct buf *out, int64_t at)
{
	time_t seconds = (time_t)(at / 1000);
	char text[48], zone[8], fraction[8] = "";
	struct tm tm;
	size_t n;

	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", localtime_r(&seconds, &tm));
	strftime(zone, sizeof(zone), "%z", &tm);
	if (at % 1000)
		snprintf(fraction, sizeof(fraction), ".%03d", (int)(at % 1000));
	snprintf(text + n, sizeof(text) - n, "%s%.3s:%s", fraction, zone, zone + 3);
	buf_puts(out, text);
}

static void
instant_cell(struct page *p, int64_t at)
{
	buf_puts(&p->rows, ",");
	read_instant(&p->rows, at);
}

static void
roster_row(struct page *p, sqlite3_stmt *st)
{
	division_code code = sqlite3_column_int64(st, 2);
	char text[DIVISION_TEXT];

	if (!rights_reach(&p->rights, code))
		return;
	division_format(text, code);
	cell_put(&p->rows, (const char *)sqlite3_column_text(st, 1));
	cell(p, text);
	cell(p, (const char *)sqlite3_column_text(st, 5));
	instant_cell(p, sqlite3_column_int64(st, 3));
	instant_cell(p, sqlite3_column_int64(st, 4));
	buf_puts(&p->rows, "\r\n");
}

static int
roster(struct page *p, struct err *err)
{
	size_t limit = read_limit(p->q), count = 0;
	int64_t at[4];
	sqlite3_stmt *st;

	if (read_cursor(p->q->after, at, 4) < 0)
		return bad_cursor(p->q, err);
	if (!*p->q->after)
		buf_puts(&p->rows, MARK "role,division,contact,from,to\r\n");
	st = read_query(p->r, "SELECT r.role, o.name, r.division, r.from_at, r.to_at, c.ref, r.contact FROM roster r "
			"JOIN role o ON o.id = r.role JOIN contact c ON c.id = r.contact WHERE (r.role, r.division, "
			"r.from_at, r.contact) > (?, ?, ?, ?) ORDER BY r.role, r.division, r.from_at, r.contact LIMIT ?",
			"iiiii", at[0], at[1], at[2], at[3], (int64_t)limit);
	for (; read_step(p->r, st); count++) {
		at[0] = sqlite3_column_int64(st, 0);
		at[1] = sqlite3_column_int64(st, 2);
		at[2] = sqlite3_column_int64(st, 3);
		at[3] = sqlite3_column_int64(st, 6);
		roster_row(p, st);
	}
	if (count == limit)
		snprintf(p->next, sizeof(p->next), "%lld.%lld.%lld.%lld", (long long)at[0], (long long)at[1],
			 (long long)at[2], (long long)at[3]);
	return 0;
}

/* -- geometry -- */

static void
shape_row(struct page *p, sqlite3_stmt *st)
{
	char code[DIVISION_TEXT];

	division_format(code, sqlite3_column_int64(st, 0));
	cell_put(&p->rows, code);
	for (int i = 1; i < 3; i++) {
		const char *wkt = (const char *)sqlite3_column_text(st, i);

		cell(p, wkt ? wkt : "");
	}
	buf_puts(&p->rows, "\r\n");
}

/* A page is bounded by its bytes, too: an area is up to a line of a file long. */
static int
geometry(struct page *p, struct err *err)
{
	size_t limit = read_limit(p->q), count = 0;
	sqlite3_stmt *st;
	int64_t after;

	if (read_cursor(p->q->after, &after, 1) < 0)
		return bad_cursor(p->q, err);
	if (!*p->q->after)
		buf_puts(&p->rows, MARK "code,area,seat\r\n");
	st = read_query(p->r, "SELECT division, area, seat FROM shape WHERE division > ? ORDER BY division LIMIT ?",
			"ii", after, (int64_t)limit);
	for (; count < limit && p->rows.len < SHAPE_BYTES && read_step(p->r, st); count++) {
		after = sqlite3_column_int64(st, 0);
		shape_row(p, st);
	}
	sqlite3_reset(st);
	if (count == limit || p->rows.len >= SHAPE_BYTES)
		snprintf(p->next, sizeof(p->next), "%lld", (long long)after);
	return 0;
}

int
read_export(struct reader *r, const struct read_query *q, const struct settings *s, struct buf *out,
	    struct err *err)
{
	struct page p = { .r = r, .q = q, .s = s, .rights = rights_of(s, &q->by) };
	int rc = q->what == READ_EXPORT_CONTACTS ? contacts(&p, err)
		: q->what == READ_EXPORT_DIVISIONS ? divisions(&p, err)
		: q->what == READ_EXPORT_GEOMETRY ? geometry(&p, err) : roster(&p, err);

	give(&p, out);
	return rc;
}
