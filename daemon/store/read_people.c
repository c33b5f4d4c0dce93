/* read_people.c -- who somebody is at the desk: name, posts, what he was called for; and whether
 * who reads may know it. */
#include "daemon/store/read_internal.h"

#include <jansson.h>
#include <string.h>

#include "core/audience.h"
#include "daemon/store/store.h"

#define POSTS_MAX 5
#define PLACES_MAX 20

const char *
role_title(const struct settings *s, const char *role, enum lang lang)
{
	const char *title = NULL;

	for (size_t i = 0; i < s->role_count; i++)
		if (role && strcmp(s->roles[i].name, role) == 0)
			title = s->roles[i].title[lang == LANG_COUNT ? LANG_ZH : lang];
	return title ? title : role;
}

static void
post(const struct settings *s, sqlite3_stmt *st, enum lang lang, struct buf *out)
{
	const char *role = (const char *)sqlite3_column_text(st, 0);

	buf_puts(out, "{");
	json_text(out, "role", role);
	buf_puts(out, ",");
	json_text(out, "title", role_title(s, role, lang));
	buf_puts(out, ",");
	json_division(out, "division", st, 1);
	buf_puts(out, ",");
	json_column(out, "place", st, 2);
	buf_puts(out, "}");
}

void
json_person(struct reader *r, const struct settings *s, int64_t contact, enum lang lang,
	    struct buf *out)
{
	sqlite3_stmt *st = read_query(r, "SELECT ref, name FROM contact WHERE id = ?", "i", contact);
	bool known = read_step(r, st);
	size_t count = 0;

	json_text(out, "contact", known ? (const char *)sqlite3_column_text(st, 0) : NULL);
	buf_puts(out, ",");
	json_text(out, "person", known ? (const char *)sqlite3_column_text(st, 1) : NULL);
	if (known)
		sqlite3_reset(st);
	buf_puts(out, ",\"posts\":[");
	st = read_query(r, "SELECT r.name, p.division, d.name FROM post p JOIN role r ON r.id = p.role "
			"LEFT JOIN division d ON d.code = p.division WHERE p.contact = ? LIMIT ?", "ii",
			contact, (int64_t)POSTS_MAX);
	while (read_step(r, st)) {
		buf_puts(out, count++ ? "," : "");
		post(s, st, lang, out);
	}
	buf_puts(out, "]");
}

/* Of the text that was answered; false: it speaks of all that he was called for. */
static bool
places_of_text(struct reader *r, int64_t wave, int64_t contact, struct buf *out)
{
	sqlite3_stmt *st = read_query(r, "SELECT v.places FROM message m JOIN variant v ON v.id = "
		"m.variant WHERE m.wave = ? AND m.contact = ? AND v.places IS NOT NULL", "ii", wave,
		contact);
	json_t *codes, *item;
	size_t i;

	if (!wave || !read_step(r, st))
		return false;
	codes = json_loads((const char *)sqlite3_column_text(st, 0), 0, NULL);
	sqlite3_reset(st);
	json_array_foreach(codes, i, item) {
		division_code code = json_integer_value(item);

		if (json_is_string(item) && division_parse(&code, json_string_value(item), NULL) < 0)
			continue;
		buf_puts(out, i ? "," : "");
		json_place(r, code, out);
	}
	json_decref(codes);
	return true;
}

void
json_called(struct reader *r, int64_t alert, int64_t contact, int64_t wave, struct buf *out)
{
	size_t count = 0;
	sqlite3_stmt *st;

	buf_puts(out, "\"places\":[");
	if (!places_of_text(r, wave, contact, out)) {
		st = read_query(r, "SELECT t.division FROM called c JOIN target t ON t.alert = c.alert "
			"AND t.id = c.target WHERE c.contact = ? AND c.alert = ? AND t.division IS NOT NULL "
			"ORDER BY t.id LIMIT ?", "iii", contact, alert, (int64_t)PLACES_MAX);
		while (read_step(r, st)) {
			buf_puts(out, count++ ? "," : "");
			json_place(r, sqlite3_column_int64(st, 0), out);
		}
	}
	buf_puts(out, "]");
}

static bool
all_within(struct reader *r, sqlite3_stmt *st, const struct rights *rights, bool *any)
{
	bool within = true;

	for (*any = false; read_step(r, st); *any = true)
		within &= division_ranges_have(rights->divisions, rights->division_count,
					       sqlite3_column_int64(st, 0));
	return within;
}

bool
read_sees_person(struct reader *r, const struct rights *rights, int64_t contact, int64_t alert)
{
	bool any, within;

	if (!rights_have(rights, VERB_READ))
		return false;
	if (!rights->division_count)
		return true;
	within = all_within(r, read_query(r, "SELECT t.division FROM called c JOIN target t ON "
		"t.alert = c.alert AND t.id = c.target WHERE c.contact = ? AND c.alert = ? AND "
		"t.division IS NOT NULL", "ii", contact, alert), rights, &any);
	if (any)
		return within;
	within = all_within(r, read_query(r, "SELECT division FROM post WHERE contact = ?1 UNION "
		"SELECT division FROM post_off WHERE contact = ?1", "i", contact), rights, &any);
	return any && within;
}
