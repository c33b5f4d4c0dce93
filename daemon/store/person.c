/* person.c -- one person or place whole, as somebody at the desk sees and changes it; it decides nothing. */
#include "daemon/store/internal.h"

#include <stdio.h>

void
store_person_numbers(struct store *s, uint32_t contact, struct person_numbers *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT e164, sms, voice FROM number WHERE contact = ? ORDER BY pos", "i",
				       (int64_t)contact);
	size_t n = 0;

	*out = (struct person_numbers){ .sms = 0 };
	while (store_step(s, st)) {
		if (n == PERSON_NUMBERS)
			continue;
		out->e164[n] = (uint64_t)sqlite3_column_int64(st, 0);
		out->sms |= (unsigned)sqlite3_column_int(st, 1) << n;
		out->voice |= (unsigned)sqlite3_column_int(st, 2) << n;
		n++;
	}
}

void
store_person_posts(struct store *s, uint32_t contact, post_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT role, division, ord FROM post WHERE contact = ?1 UNION "
		"SELECT role, division, ord FROM post_off WHERE contact = ?1 ORDER BY 1, 2, 3", "i",
		(int64_t)contact);

	while (store_step(s, st)) {
		struct person_post post = {
			.role = sqlite3_column_int64(st, 0), .division = sqlite3_column_int64(st, 1),
			.order = (unsigned)sqlite3_column_int(st, 2),
		};

		fn(ctx, &post);
	}
}

static int64_t
version(struct store *s, sqlite3_stmt *st)
{
	int64_t n = 0;

	if (store_step(s, st)) {
		n = sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return n;
}

int64_t
store_person_version(struct store *s, uint32_t contact)
{
	return version(s, store_query(s, "SELECT version FROM contact WHERE id = ?", "i", (int64_t)contact));
}

int64_t
store_division_version(struct store *s, division_code code)
{
	return version(s, store_query(s, "SELECT version FROM division WHERE code = ?", "i", code));
}

bool
store_role_name(struct store *s, int64_t role, char name[64])
{
	sqlite3_stmt *st = store_query(s, "SELECT name FROM role WHERE id = ?", "i", role);

	if (!store_step(s, st))
		return false;
	snprintf(name, 64, "%s", (const char *)sqlite3_column_text(st, 0));
	store_done(st);
	return true;
}
