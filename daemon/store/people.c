/* people.c -- divisions, contacts, posts, roster; it decides nothing about who is called. */
#include "daemon/store/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/buf.h"

static int64_t
name_id(struct store *s, const char *insert, const char *select, const char *name)
{
	sqlite3_stmt *st;
	int64_t id = 0;

	store_run(s, insert, "t", name);
	st = store_query(s, select, "t", name);
	if (store_step(s, st)) {
		id = sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return id;
}

int64_t
store_role_id(struct store *s, const char *name)
{
	return name_id(s, "INSERT OR IGNORE INTO role (name) VALUES (?)",
		       "SELECT id FROM role WHERE name = ?", name);
}

int64_t
store_route_id(struct store *s, const char *name)
{
	return name_id(s, "INSERT OR IGNORE INTO route (name) VALUES (?)",
		       "SELECT id FROM route WHERE name = ?", name);
}

bool
store_division_get(struct store *s, division_code code, char name[128], char **params)
{
	sqlite3_stmt *st = store_query(s, "SELECT name, params FROM division WHERE code = ?", "i",
				       code);

	if (!store_step(s, st))
		return false;
	if (name)
		snprintf(name, 128, "%s", (const char *)sqlite3_column_text(st, 0));
	if (params)
		*params = xstrdup((const char *)sqlite3_column_text(st, 1));
	store_done(st);
	return true;
}

/* From the list's other end up to the damaged page; in descending order, which nobody minds. */
static void
divisions_behind_damage(struct store *s, division_code first, division_code last, enum tier tier,
			division_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT code FROM division WHERE code BETWEEN ? AND ? "
				       "ORDER BY code DESC", "ii", first, last);

	while (store_step(s, st)) {
		division_code code = sqlite3_column_int64(st, 0);

		if (division_tier(code) == tier)
			fn(ctx, code);
	}
}

void
store_divisions_in(struct store *s, struct division_range range, enum tier tier, division_fn fn,
		   void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT code FROM division WHERE code BETWEEN ? AND ?",
				       "ii", range.first, range.last);

	division_code last = range.first - 1;

	while (store_step(s, st)) {
		last = sqlite3_column_int64(st, 0);
		if (division_tier(last) == tier)
			fn(ctx, last);
	}
	if (s->cut)
		divisions_behind_damage(s, last + 1, range.last, tier, fn, ctx);
}

static struct holder
holder_row(sqlite3_stmt *st)
{
	return (struct holder){
		.division = sqlite3_column_int64(st, 0),
		.order = (unsigned)sqlite3_column_int(st, 1),
		.contact = (uint32_t)sqlite3_column_int64(st, 2),
		.lang = (enum lang)sqlite3_column_int(st, 3),
	};
}

/* `last` (or NULL): the one told last; untouched when there is none. */
static size_t
each_holder(struct store *s, sqlite3_stmt *st, holder_fn fn, void *ctx, struct holder *last)
{
	size_t count = 0;

	while (store_step(s, st)) {
		struct holder h = holder_row(st);

		fn(ctx, &h);
		if (last)
			*last = h;
		count++;
	}
	return count;
}

/* A page of the list is damaged after `last`: the first holder that can be read behind it, found
 * by reading from the list's other end.  false: there is nobody. */
static bool
holder_behind_damage(struct store *s, int64_t role, division_code until, const struct holder *last,
		     struct holder *first)
{
	sqlite3_stmt *st = store_query(s, "SELECT division, ord, contact, lang FROM post "
		"WHERE role = ? AND (division, ord, contact) > (?, ?, ?) AND +division <= ? "
		"ORDER BY division DESC, ord DESC, contact DESC", "iiiii", role, last->division,
		(int64_t)last->order, (int64_t)last->contact, until);
	bool found = false;

	while (store_step(s, st)) {
		*first = holder_row(st);
		found = true;
	}
	return found;
}

void
store_holders(struct store *s, int64_t role, struct division_range range, holder_fn fn, void *ctx)
{
	struct holder last = { .division = range.first - 1, .order = UINT32_MAX,
			       .contact = UINT32_MAX }, first;

	each_holder(s, store_query(s, "SELECT division, ord, contact, lang FROM post "
		"WHERE role = ? AND division BETWEEN ? AND ? ORDER BY division, ord, contact",
		"iii", role, range.first, range.last), fn, ctx, &last);
	if (!s->cut || !holder_behind_damage(s, role, range.last, &last, &first))
		return;
	fn(ctx, &first);
	store_holders_after(s, role, range, &first, INT64_MAX, fn, ctx);
}

/* "+division" keeps SQLite from making a range of it, which would lose the cursor. */
size_t
store_holders_after(struct store *s, int64_t role, struct division_range range,
		    const struct holder *after, size_t max, holder_fn fn, void *ctx)
{
	division_code from = after->division < range.first ? range.first - 1 : after->division;
	struct holder last = { .division = from, .contact = after->contact,
			       .order = from < range.first ? UINT32_MAX : after->order }, first;
	size_t count;

	count = each_holder(s, store_query(s, "SELECT division, ord, contact, lang FROM post "
		"WHERE role = ? AND (division, ord, contact) > (?, ?, ?) AND +division <= ? "
		"ORDER BY division, ord, contact LIMIT ?", "iiiiii", role, from,
		(int64_t)last.order, (int64_t)after->contact, range.last, (int64_t)max), fn, ctx,
		&last);
	if (!s->cut || count >= max || !holder_behind_damage(s, role, range.last, &last, &first))
		return count;
	/* Behind the last damaged page nothing cuts the list again. */
	fn(ctx, &first);
	return count + 1 + store_holders_after(s, role, range, &first, max - count - 1, fn, ctx);
}

size_t
store_holders_count(struct store *s, int64_t role, struct division_range range, size_t limit)
{
	sqlite3_stmt *st = store_query(s, "SELECT count(*) FROM (SELECT 1 FROM post WHERE role = ? "
		"AND division BETWEEN ? AND ? LIMIT ?)", "iiii", role, range.first, range.last,
		(int64_t)(limit > INT64_MAX ? INT64_MAX : limit));
	size_t count = 0;

	if (store_step(s, st)) {
		count = (size_t)sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return count;
}

void
store_on_duty(struct store *s, int64_t role, division_code division, msec at, holder_fn fn,
	      void *ctx)
{
	each_holder(s, store_query(s, "SELECT r.division, 1, r.contact, c.lang FROM roster r "
		"JOIN contact c ON c.id = r.contact AND c.active = 1 WHERE r.role = ? "
		"AND r.division = ? AND r.from_at <= ? AND r.to_at > ?", "iiii", role, division, at,
		at), fn, ctx, NULL);
}

static bool
person(struct store *s, sqlite3_stmt *st, struct person *out)
{
	if (!store_step(s, st))
		return false;
	*out = (struct person){
		.id = (uint32_t)sqlite3_column_int64(st, 0),
		.lang = (enum lang)sqlite3_column_int(st, 1),
		.active = sqlite3_column_int(st, 2),
	};
	snprintf(out->ref, sizeof(out->ref), "%s", (const char *)sqlite3_column_text(st, 3));
	snprintf(out->name, sizeof(out->name), "%s", (const char *)sqlite3_column_text(st, 4));
	store_done(st);
	s->have_person = strlen(out->ref) < sizeof(out->ref) - 1;	/* whole, not cut */
	s->person = *out;
	return true;
}

/* The same person is asked for several times in a row: for an audience, its lists, its texts. */
static bool
person_again(struct store *s, bool is_same, struct person *out)
{
	if (!s->have_person || s->failed || !is_same)
		return false;
	*out = s->person;
	return true;
}

bool
store_person_by_ref(struct store *s, const char *ref, struct person *out)
{
	return person_again(s, strcmp(ref, s->person.ref) == 0, out) ||
		person(s, store_query(s, "SELECT id, lang, active, ref, name FROM contact "
				     "WHERE ref = ?", "t", ref), out);
}

bool
store_person_by_id(struct store *s, uint32_t contact, struct person *out)
{
	return person_again(s, contact == s->person.id, out) ||
		person(s, store_query(s, "SELECT id, lang, active, ref, name FROM contact "
				     "WHERE id = ?", "i", (int64_t)contact), out);
}

uint64_t
store_number_from(struct store *s, uint32_t contact, enum channel channel, unsigned pos)
{
	sqlite3_stmt *st = store_query(s, channel == CHANNEL_VOICE
		? "SELECT e164 FROM number WHERE contact = ? AND pos >= ? AND voice ORDER BY pos LIMIT 1"
		: "SELECT e164 FROM number WHERE contact = ? AND pos >= ? AND sms ORDER BY pos LIMIT 1",
		"ii", (int64_t)contact, (int64_t)pos);
	uint64_t e164 = 0;

	if (store_step(s, st)) {
		e164 = (uint64_t)sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return e164;
}

size_t
store_persons_by_number(struct store *s, uint64_t e164, uint32_t *out, size_t max)
{
	/* Also who has left the lists since: he may have been called before. */
	sqlite3_stmt *st = store_query(s, "SELECT contact FROM number WHERE e164 = ? LIMIT ?", "ii",
				       (int64_t)e164, (int64_t)max);
	size_t count = 0;

	while (store_step(s, st))
		if (count < max)
			out[count++] = (uint32_t)sqlite3_column_int64(st, 0);
	return count;
}

int
store_number_after(struct store *s, uint32_t contact, enum channel channel, uint64_t e164)
{
	sqlite3_stmt *st = store_query(s, channel == CHANNEL_VOICE
		? "SELECT b.pos FROM number a JOIN number b ON b.contact = a.contact AND "
		  "b.pos > a.pos AND b.voice WHERE a.contact = ? AND a.e164 = ? ORDER BY b.pos LIMIT 1"
		: "SELECT b.pos FROM number a JOIN number b ON b.contact = a.contact AND "
		  "b.pos > a.pos AND b.sms WHERE a.contact = ? AND a.e164 = ? ORDER BY b.pos LIMIT 1",
		"ii", (int64_t)contact, (int64_t)e164);
	int pos = -1;

	if (store_step(s, st)) {
		pos = sqlite3_column_int(st, 0);
		store_done(st);
	}
	return pos;
}

unsigned
store_number_in_turn(struct store *s, uint32_t contact, enum channel channel, unsigned turn)
{
	sqlite3_stmt *st = store_query(s, channel == CHANNEL_VOICE
		? "SELECT pos FROM number WHERE contact = ? AND voice ORDER BY pos"
		: "SELECT pos FROM number WHERE contact = ? AND sms ORDER BY pos", "i",
		(int64_t)contact);
	unsigned pos[8], count = 0;

	while (store_step(s, st))
		if (count < 8)
			pos[count++] = (unsigned)sqlite3_column_int(st, 0);
	return count ? pos[turn % count] : 0;
}

void
store_opt_out(struct store *s, uint32_t contact, bool out, msec at, const char *text)
{
	/* Who says it twice has been out since the first time. */
	store_run(s, "UPDATE contact SET opt_out = ?1, opt_out_at = ?2, opt_out_text = ?3, "
		  "version = version + 1 WHERE id = ?4 AND NOT (opt_out = 1 AND ?1 = 1)", "inti",
		  (int64_t)out, out ? at : NEVER, out ? text : NULL, (int64_t)contact);
}

bool
store_has_opted_out(struct store *s, uint32_t contact)
{
	return store_any(s, store_query(s, "SELECT 1 FROM contact WHERE id = ? AND opt_out = 1", "i",
				       (int64_t)contact));
}

void
store_opted_out(struct store *s, contact_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT id FROM contact WHERE opt_out = 1", "");

	while (store_step(s, st))
		fn(ctx, (uint32_t)sqlite3_column_int64(st, 0));
}

void
store_division_put(struct store *s, division_code code, const char *name, const char *params)
{
	store_run(s, "INSERT INTO division (code, name, params) VALUES (?, ?, ?) ON CONFLICT (code) "
		  "DO UPDATE SET name = excluded.name, params = excluded.params, version = version + 1",
		  "itt", code, name, params ? params : "{}");
}

uint32_t
store_person_put(struct store *s, const char *ref, const char *name, enum lang lang, bool active,
		 const uint64_t numbers[4], unsigned sms, unsigned voice)
{
	struct person p = { 0 };

	s->have_person = false;
	store_run(s, "INSERT INTO contact (ref, name, lang, active) VALUES (?, ?, ?, ?) "
		  "ON CONFLICT (ref) DO UPDATE SET name = excluded.name, lang = excluded.lang, "
		  "active = excluded.active, version = version + 1", "ttii", ref, name, (int64_t)lang, (int64_t)active);
	if (!store_person_by_ref(s, ref, &p))
		return 0;
	store_run(s, "DELETE FROM number WHERE contact = ?", "i", (int64_t)p.id);
	store_run(s, "DELETE FROM post WHERE contact = ?", "i", (int64_t)p.id);
	store_run(s, "DELETE FROM post_off WHERE contact = ?", "i", (int64_t)p.id);
	for (int i = 0; i < 4 && numbers[i]; i++)
		store_run(s, "INSERT INTO number VALUES (?, ?, ?, ?, ?)", "iiiii", (int64_t)p.id,
			  (int64_t)i, (int64_t)numbers[i], (int64_t)(sms >> i & 1),
			  (int64_t)(voice >> i & 1));
	return p.id;
}

void
store_person_lang_said(struct store *s, uint32_t contact, bool said)
{
	store_run(s, "UPDATE contact SET lang_said = ?1 WHERE id = ?2 AND lang_said <> ?1", "ii",
		  (int64_t)said, (int64_t)contact);
}

void
store_post_put(struct store *s, int64_t role, division_code division, unsigned order,
	       uint32_t contact, enum lang lang)
{
	store_run(s, "INSERT OR REPLACE INTO post VALUES (?, ?, ?, ?, ?)", "iiiii", role, division,
		  (int64_t)order, (int64_t)contact, (int64_t)lang);
}

void
store_post_rest(struct store *s, int64_t role, division_code division, unsigned order, uint32_t contact)
{
	store_run(s, "INSERT OR REPLACE INTO post_off VALUES (?, ?, ?, ?)", "iiii", (int64_t)contact, role,
		  division, (int64_t)order);
}

void
store_roster_put(struct store *s, int64_t role, division_code division, msec from_at, msec to_at,
		 uint32_t contact)
{
	store_run(s, "INSERT OR REPLACE INTO roster VALUES (?, ?, ?, ?, ?)", "iiiii", role, division,
		  from_at, to_at, (int64_t)contact);
}

int64_t
store_role_after(struct store *s, int64_t role)
{
	sqlite3_stmt *st = store_query(s, "SELECT id FROM role WHERE id > ? ORDER BY id LIMIT 1", "i", role);
	int64_t id = 0;

	if (store_step(s, st)) {
		id = sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return id;
}

size_t
store_divisions_after(struct store *s, struct division_range range, division_code after, size_t max,
		      division_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT code FROM division WHERE code >= ? AND code <= ? AND "
				       "code > ? ORDER BY code LIMIT ?", "iiii", range.first, range.last,
				       after, (int64_t)max);
	size_t count = 0;

	for (; store_step(s, st); count++)
		fn(ctx, sqlite3_column_int64(st, 0));
	return count;
}

bool
store_roster_get(struct store *s, int64_t role, division_code division, msec from_at, uint32_t contact,
		 msec *to_at)
{
	sqlite3_stmt *st = store_query(s, "SELECT to_at FROM roster WHERE role = ? AND division = ? AND "
				       "from_at = ? AND contact = ?", "iiii", role, division, from_at,
				       (int64_t)contact);

	if (!store_step(s, st))
		return false;
	*to_at = sqlite3_column_int64(st, 0);
	store_done(st);
	return true;
}

void
store_posts_drop(struct store *s, uint32_t contact, struct division_range range)
{
	store_run(s, "DELETE FROM post WHERE contact = ? AND division BETWEEN ? AND ?", "iii",
		  (int64_t)contact, range.first, range.last);
	store_run(s, "UPDATE contact SET version = version + 1 WHERE id = ?", "i", (int64_t)contact);
}

void
store_person_deactivate(struct store *s, uint32_t contact)
{
	s->have_person = false;
	store_run(s, "UPDATE contact SET active = 0, version = version + 1 WHERE id = ?", "i",
		  (int64_t)contact);
}

bool
store_has_duty(struct store *s, uint32_t contact, msec now)
{
	return store_any(s, store_query(s, "SELECT 1 FROM roster WHERE contact = ? AND to_at > ?", "ii",
				       (int64_t)contact, now));
}

int64_t
store_document_put(struct store *s, const char *kind, const char *name, const char *body,
		   const unsigned char sha256[32])
{
	sqlite3_stmt *st;
	int64_t id = 0;

	store_run(s, "INSERT OR IGNORE INTO document (sha256, kind, name, body) "
		  "VALUES (?, ?, ?, ?)", "bttt", sha256, kind, name, body);
	st = store_query(s, "SELECT id FROM document WHERE sha256 = ?", "b", sha256);
	if (store_step(s, st)) {
		id = sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return id;
}

bool
store_document_get(struct store *s, int64_t id, char **name, char **body)
{
	sqlite3_stmt *st = store_query(s, "SELECT name, body FROM document WHERE id = ?", "i", id);

	if (!store_step(s, st))
		return false;
	*name = xstrdup((const char *)sqlite3_column_text(st, 0));
	*body = xstrdup((const char *)sqlite3_column_text(st, 1));
	store_done(st);
	return true;
}

void
store_seats(struct store *s, uint32_t contact, seat_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT role, division FROM post WHERE contact = ?", "i", (int64_t)contact);

	while (store_step(s, st))
		fn(ctx, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1));
}
