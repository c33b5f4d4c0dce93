/* read_contacts.c -- people as the desk looks them up: found by name, number, ref, role, place, and one
 * of them whole; and what tags there are.  Who is limited to divisions sees those all of whose posts are within them. */
#include "daemon/store/read_internal.h"

#include <string.h>

#define LOOKED_AT_MAX 10000

/* The last of the contacts that one page looks at; 0: there are none. */
static int64_t
page_end(struct reader *r, int64_t after)
{
	return read_number(r, read_query(r, "SELECT coalesce(max(id), 0) FROM (SELECT id FROM contact "
		"WHERE id > ? ORDER BY id LIMIT ?)", "ii", after, (int64_t)LOOKED_AT_MAX));
}

static void
put_numbers(struct reader *r, int64_t contact, bool unmasked, struct buf *out)
{
	sqlite3_stmt *st = read_query(r, "SELECT e164, sms, voice FROM number WHERE contact = ? ORDER BY pos",
				      "i", contact);
	const char *comma = "";

	buf_puts(out, ",\"numbers\":[");
	for (; read_step(r, st); comma = ",") {
		buf_printf(out, "%s{", comma);
		json_phone(out, "number", sqlite3_column_int64(st, 0), unmasked);
		buf_printf(out, ",\"sms\":%s,\"voice\":%s}", sqlite3_column_int(st, 1) ? "true" : "false",
			   sqlite3_column_int(st, 2) ? "true" : "false");
	}
	buf_puts(out, "]");
}

static void
put_posts(struct reader *r, const struct settings *s, int64_t contact, enum lang lang, struct buf *out)
{
	sqlite3_stmt *st = read_query(r, "SELECT o.name, p.division, d.name, p.ord FROM (SELECT role, division, "
		"ord FROM post WHERE contact = ?1 UNION SELECT role, division, ord FROM post_off WHERE "
		"contact = ?1) p JOIN role o ON o.id = p.role LEFT JOIN division d ON d.code = p.division "
		"ORDER BY o.name, p.division, p.ord", "i", contact);
	const char *comma = "";

	buf_puts(out, ",\"posts\":[");
	for (; read_step(r, st); comma = ",") {
		buf_printf(out, "%s{", comma);
		json_column(out, "role", st, 0);
		buf_puts(out, ",");
		json_text(out, "title", role_title(s, (const char *)sqlite3_column_text(st, 0), lang));
		buf_puts(out, ",");
		json_division(out, "division", st, 1);
		buf_puts(out, ",");
		json_column(out, "place", st, 2);
		buf_puts(out, ",");
		json_number(out, "order", st, 3);
		buf_puts(out, "}");
	}
	buf_puts(out, "]");
}

static void
put_tags(struct reader *r, int64_t contact, struct buf *out)
{
	sqlite3_stmt *st = read_query(r, "SELECT t.name FROM tagged d JOIN tag t ON t.id = d.tag WHERE d.contact = ? "
				      "ORDER BY t.name", "i", contact);
	const char *comma = "";

	buf_puts(out, ",\"tags\":[");
	for (; read_step(r, st); comma = ",") {
		buf_puts(out, comma);
		buf_json(out, (const char *)sqlite3_column_text(st, 0));
	}
	buf_puts(out, "]");
}

#define CONTACT "c.id, c.version, c.ref, c.name, c.lang, c.active, c.opt_out, c.opt_out_at, c.opt_out_text " \
	"FROM contact c "

static void
put_contact(struct reader *r, const struct read_query *q, const struct settings *s, sqlite3_stmt *st,
	    struct buf *out)
{
	int64_t id = sqlite3_column_int64(st, 0);

	buf_puts(out, "{");
	json_column(out, "ref", st, 2);
	buf_puts(out, ",");
	json_column(out, "name", st, 3);
	buf_printf(out, ",\"language\":\"%s\",\"active\":%s",
		   lang_name(sqlite3_column_int(st, 4) == LANG_EN ? LANG_EN : LANG_ZH),
		   sqlite3_column_int(st, 5) ? "true" : "false");
	put_numbers(r, id, q->unmasked, out);
	put_posts(r, s, id, q->lang, out);
	put_tags(r, id, out);
	if (sqlite3_column_int(st, 6)) {
		buf_puts(out, ",\"opt_out\":{");
		json_number(out, "at", st, 7);
		buf_puts(out, ",");
		json_column(out, "text", st, 8);
		buf_puts(out, "}}");
	} else {
		buf_puts(out, ",\"opt_out\":null}");
	}
}

/* ",chief,deputy,": those of a family; nothing without a name. */
static void
list_roles(const struct settings *s, const char *name, struct buf *out)
{
	int index = *name ? settings_family(s, name) : -1;

	for (size_t i = 0; index >= 0 && i < s->families[index].role_count; i++)
		buf_printf(out, "%s%s,", i ? "" : ",", s->roles[s->families[index].roles[i]].name);
}

static sqlite3_stmt *
rows(struct reader *r, const struct read_query *q, const struct settings *s, int64_t after, int64_t end)
{
	struct division_range range = division_range(q->filter.division);
	const char *find = q->filter.find[0] ? q->filter.find : NULL;
	struct buf roles = { 0 };
	uint64_t number = 0;
	sqlite3_stmt *st;

	if (!find || phone_parse(&number, find, &s->phone_plan, NULL) < 0)
		number = 0;
	list_roles(s, q->filter.role, &roles);
	st = read_query(r, "SELECT " CONTACT "WHERE c.id > ?1 AND c.id <= ?2 "
		"AND (?3 IS NULL OR c.ref = ?3 OR instr(c.name, ?3) > 0 OR EXISTS (SELECT 1 FROM number n "
		"WHERE n.contact = c.id AND n.e164 = ?4)) "
		"AND (?10 IS NULL OR EXISTS (SELECT 1 FROM tagged d WHERE d.contact = c.id AND d.tag = "
		"(SELECT id FROM tag WHERE name = ?10))) "
		"AND (?5 < 0 OR c.active = ?5) AND (?6 = 0 OR c.opt_out = 1) "
		"AND ((?7 IS NULL AND ?8 = 0) OR EXISTS (SELECT 1 FROM post p WHERE p.contact = c.id "
		"AND (?7 IS NULL OR p.role IN (SELECT id FROM role WHERE instr(?7, ',' || name || ',') > 0)) "
		"AND (?8 = 0 OR p.division BETWEEN ?8 AND ?9)) OR EXISTS (SELECT 1 FROM post_off p WHERE "
		"p.contact = c.id AND (?7 IS NULL OR p.role IN (SELECT id FROM role WHERE instr(?7, ',' || name || ',') > 0)) "
		"AND (?8 = 0 OR p.division BETWEEN ?8 AND ?9))) ORDER BY c.id", "iitiiitiit", after, end, find,
		(int64_t)number, (int64_t)q->filter.active, (int64_t)q->filter.opted_out, roles.data,
		q->filter.division ? range.first : 0, q->filter.division ? range.last : 0,
		q->filter.tag[0] ? q->filter.tag : NULL);
	buf_fini(&roles);
	return st;
}

static int
check_role(const struct read_query *q, const struct settings *s, struct err *err)
{
	const char *role = q->filter.role, *near;
	struct about at = about_name(CONCEPT_QUERY, "role");

	if (!*role || settings_family(s, role) >= 0)
		return 0;
	near = settings_near(s, SETTINGS_FAMILIES, role);
	return near ? err_say(err, REFUSED_INVALID, at, role_unknown_near, role, near)
		    : err_say(err, REFUSED_INVALID, at, role_unknown, role);
}

int
read_contacts(struct reader *r, const struct read_query *q, const struct settings *s, struct buf *out,
	      struct err *err)
{
	struct rights rights = rights_of(s, &q->by);
	size_t limit = read_limit(q), count = 0;
	int64_t after, end;
	bool full = false;
	sqlite3_stmt *st;

	if (read_cursor(q->after, &after, 1) < 0)
		return err_say(err, REFUSED_UNREADABLE, about_name(CONCEPT_QUERY, "after"), cursor_bad,
			       q->after);
	if (check_role(q, s, err) < 0)
		return -1;
	end = page_end(r, after);
	st = rows(r, q, s, after, end);
	buf_puts(out, "{\"contacts\":[");
	while (read_step(r, st)) {
		int64_t id = sqlite3_column_int64(st, 0);

		if (!read_sees_person(r, &rights, id, 0))
			continue;
		if (count == limit) {
			full = true;
			sqlite3_reset(st);
			break;
		}
		buf_puts(out, count++ ? "," : "");
		put_contact(r, q, s, st, out);
		after = id;
	}
	read_list_end(out, full || page_end(r, end) > 0, full ? after : end);
	return 0;
}

int
read_contact(struct reader *r, const struct read_query *q, const struct settings *s, struct buf *out,
	     struct err *err)
{
	struct rights rights = rights_of(s, &q->by);
	const char *ref = q->filter.contact;
	sqlite3_stmt *st = read_query(r, "SELECT " CONTACT "WHERE c.ref = ?", "t", ref);
	int rc = 0;

	if (!read_step(r, st))
		return err_say(err, REFUSED_NOT_FOUND, about(CONCEPT_REF), no_contact, ref);
	if (read_sees_person(r, &rights, sqlite3_column_int64(st, 0), 0)) {
		buf_printf(out, "%lld\n", (long long)sqlite3_column_int64(st, 1));
		put_contact(r, q, s, st, out);
	} else {
		rc = err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_REF), right_contact, q->by.name, ref);
	}
	sqlite3_reset(st);
	return rc;
}

/* At most TAGS_MAX; limits do not hide them: of whom they are is not said. */
int
read_tags(struct reader *r, struct buf *out)
{
	sqlite3_stmt *st = read_query(r, "SELECT t.name, count(*) FROM tag t JOIN tagged d ON d.tag = t.id JOIN contact c "
				      "ON c.id = d.contact AND c.active = 1 GROUP BY t.name ORDER BY t.name", "");
	const char *comma = "";

	buf_puts(out, "{\"tags\":[");
	for (; read_step(r, st); comma = ",") {
		buf_printf(out, "%s{", comma);
		json_column(out, "tag", st, 0);
		buf_puts(out, ",");
		json_number(out, "contacts", st, 1);
		buf_puts(out, "}");
	}
	buf_puts(out, "]}");
	return 0;
}
