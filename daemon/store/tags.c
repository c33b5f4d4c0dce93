/* tags.c -- what people can or have, by which they are found; a tag that nobody has any more is gone. */
#include "daemon/store/internal.h"

#include <string.h>

void
store_tags_of(struct store *s, uint32_t contact, tag_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT t.name FROM tagged d JOIN tag t ON t.id = d.tag WHERE d.contact = ? "
				       "ORDER BY t.name", "i", (int64_t)contact);

	while (store_step(s, st))
		fn(ctx, (const char *)sqlite3_column_text(st, 0));
}

int64_t
store_tag_id(struct store *s, const char *tag)
{
	sqlite3_stmt *st = store_query(s, "SELECT id FROM tag WHERE name = ?", "t", tag);
	int64_t id = 0;

	if (store_step(s, st)) {
		id = sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return id;
}

static void
touch(struct store *s, uint32_t contact)
{
	store_run(s, "UPDATE contact SET version = version + 1 WHERE id = ?", "i", (int64_t)contact);
}

void
store_tag_put(struct store *s, uint32_t contact, const char *tag)
{
	store_run(s, "INSERT INTO tag (name) VALUES (?) ON CONFLICT (name) DO NOTHING", "t", tag);
	if (store_run(s, "INSERT INTO tagged (tag, contact) VALUES (?, ?) ON CONFLICT (tag, contact) DO NOTHING", "ii",
		      store_tag_id(s, tag), (int64_t)contact) > 0)
		touch(s, contact);
}

void
store_tags_drop(struct store *s, uint32_t contact, const char *prefix)
{
	const char *begin = prefix ? prefix : "";
	sqlite3_stmt *st = store_query(s, "SELECT d.tag, t.name FROM tagged d JOIN tag t ON t.id = d.tag "
				       "WHERE d.contact = ?", "i", (int64_t)contact);
	int64_t gone[PERSON_TAGS_MAX * 2];
	size_t count = 0;

	while (store_step(s, st))
		if (count < PERSON_TAGS_MAX * 2 &&
		    strncmp((const char *)sqlite3_column_text(st, 1), begin, strlen(begin)) == 0)
			gone[count++] = sqlite3_column_int64(st, 0);
	for (size_t i = 0; i < count; i++) {
		store_run(s, "DELETE FROM tagged WHERE tag = ? AND contact = ?", "ii", gone[i], (int64_t)contact);
		store_run(s, "DELETE FROM tag WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM tagged WHERE tag = ?1)",
			  "i", gone[i]);
	}
	if (count)
		touch(s, contact);
}

size_t
store_tags_count(struct store *s)
{
	sqlite3_stmt *st = store_query(s, "SELECT count(*) FROM tag", "");
	size_t count = 0;

	if (store_step(s, st)) {
		count = (size_t)sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return count;
}

static size_t
each(struct store *s, sqlite3_stmt *st, tagged_fn fn, void *ctx)
{
	size_t count = 0;

	for (; store_step(s, st); count++)
		fn(ctx, (uint32_t)sqlite3_column_int64(st, 0), (enum lang)sqlite3_column_int(st, 1));
	return count;
}

size_t
store_tagged(struct store *s, int64_t tag, uint32_t after, size_t max, tagged_fn fn, void *ctx)
{
	return each(s, store_query(s, "SELECT d.contact, c.lang FROM tagged d JOIN contact c ON c.id = d.contact AND "
				   "c.active = 1 WHERE d.tag = ? AND d.contact > ? ORDER BY d.contact LIMIT ?", "iii", tag,
				   (int64_t)after, (int64_t)(max > INT64_MAX ? INT64_MAX : max)), fn, ctx);
}

bool
store_alert_tagged(struct store *s, int64_t alert, tagged_fn fn, void *ctx)
{
	if (!store_any(s, store_query(s, "SELECT 1 FROM alert_tagged WHERE alert = ? AND contact = 0", "i", alert)))
		return false;
	each(s, store_query(s, "SELECT d.contact, c.lang FROM alert_tagged d JOIN contact c ON c.id = d.contact AND "
			    "c.active = 1 WHERE d.alert = ? ORDER BY d.contact", "i", alert), fn, ctx);
	return true;
}

void
store_alert_tagged_put(struct store *s, int64_t alert, uint32_t contact)
{
	store_run(s, "INSERT INTO alert_tagged (alert, contact) VALUES (?, ?) ON CONFLICT (alert, contact) DO NOTHING",
		  "ii", alert, (int64_t)contact);
}
