/* survey.c -- the store read from beside, for gongd --check. */
#include "daemon/store/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/audience.h"
#include "daemon/store/fits.h"
#include "daemon/store/read_internal.h"

struct survey {
	struct reader reader;
};

int
survey_open(struct survey **out, const char *path, struct err *err)
{
	struct survey *s = xcalloc(1, sizeof(*s));
	struct buf uri = { 0 };
	int rc = 0;

	*out = NULL;
	s->reader.give_up_at = INT64_MAX;
	store_reading_uri(path, &uri);
	if (sqlite3_open_v2(uri.data, &s->reader.db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
			    SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
	    sqlite3_exec(s->reader.db, "PRAGMA query_only = 1; PRAGMA busy_timeout = 1000;"
			 "SELECT 1 FROM meta LIMIT 1", NULL, NULL, NULL) != SQLITE_OK)
		rc = err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), check_store, path,
			     sqlite3_errmsg(s->reader.db));
	buf_fini(&uri);
	if (rc < 0)
		survey_close(s);
	else
		*out = s;
	return rc;
}

void
survey_close(struct survey *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < READ_STATEMENTS; i++)
		sqlite3_finalize(s->reader.statements[i].stmt);
	sqlite3_close(s->reader.db);
	free(s);
}

bool
survey_failed(const struct survey *s)
{
	return s->reader.failed;
}

msec
survey_last_instant(struct survey *s)
{
	return read_number(&s->reader, read_query(&s->reader, "SELECT value FROM meta WHERE name = "
						  "'last_instant'", ""));
}

size_t
survey_people(struct survey *s)
{
	return (size_t)read_number(&s->reader, read_query(&s->reader, "SELECT count(*) FROM contact WHERE "
							  "active = 1", ""));
}

bool
survey_has_places(struct survey *s, enum tier tier)
{
	static const int64_t whole[TIER_COUNT] = { 1000000, 1000, 1 }, above[TIER_COUNT] = { 1000000000000, 1000000, 1000 };

	return read_number(&s->reader, read_query(&s->reader, "SELECT 1 FROM division WHERE code % ? = 0 AND "
						  "code % ? <> 0 LIMIT 1", "ii", whole[tier], above[tier]));
}

size_t
survey_holders(struct survey *s, const char *const *roles, size_t count, msec now)
{
	struct id_set people = { 0 };
	size_t all;

	for (size_t i = 0; i < count; i++) {
		sqlite3_stmt *st = read_query(&s->reader, "SELECT p.contact FROM role r JOIN post p ON p.role = "
			"r.id WHERE r.name = ?1 UNION SELECT d.contact FROM role r JOIN roster d ON d.role = "
			"r.id AND d.to_at > ?2 WHERE r.name = ?1", "ti", roles[i], now);

		while (read_step(&s->reader, st))
			id_set_add(&people, (uint32_t)sqlite3_column_int64(st, 0));
	}
	id_set_sort(&people);
	all = people.count;
	id_set_fini(&people);
	return all;
}

double
survey_pace(struct survey *s, const char *route)
{
	sqlite3_stmt *st = read_query(&s->reader, "SELECT coalesce(pace, 0) FROM route WHERE name = ?", "t", route);
	double pace = 0;

	if (read_step(&s->reader, st)) {
		pace = sqlite3_column_double(st, 0);
		sqlite3_reset(st);
	}
	return pace;
}

struct duty {				/* one role in one place, its lines in order */
	int64_t role;
	division_code division;
	char name[64], place[128];
	msec covered_to, gap_at;
};

static void
end_duty(const struct duty *d, msec until, survey_duty_fn fn, void *ctx)
{
	msec gap = d->gap_at != NEVER ? d->gap_at : d->covered_to < until ? d->covered_to : NEVER;

	if (d->role)
		fn(ctx, d->name, d->division, d->place, gap);
}

void
survey_duties(struct survey *s, msec from, msec until, survey_duty_fn fn, void *ctx)
{
	sqlite3_stmt *st = read_query(&s->reader, "SELECT r.id, d.division, r.name, coalesce(v.name, ''), "
		"d.from_at, d.to_at, coalesce(c.active, 0) FROM roster d JOIN role r ON r.id = d.role LEFT JOIN "
		"division v ON v.code = d.division LEFT JOIN contact c ON c.id = d.contact "
		"ORDER BY d.role, d.division, d.from_at", "");
	struct duty d = { .role = 0 };

	while (read_step(&s->reader, st)) {
		msec begins = sqlite3_column_int64(st, 4), ends = sqlite3_column_int64(st, 5);

		if (sqlite3_column_int64(st, 0) != d.role || sqlite3_column_int64(st, 1) != d.division) {
			end_duty(&d, until, fn, ctx);
			d = (struct duty){ .role = sqlite3_column_int64(st, 0), .covered_to = from,
					   .division = sqlite3_column_int64(st, 1), .gap_at = NEVER };
			snprintf(d.name, sizeof(d.name), "%s", (const char *)sqlite3_column_text(st, 2));
			snprintf(d.place, sizeof(d.place), "%s", (const char *)sqlite3_column_text(st, 3));
		}
		if (ends <= d.covered_to || !sqlite3_column_int(st, 6))
			continue;
		if (begins > d.covered_to && d.gap_at == NEVER && d.covered_to < until)
			d.gap_at = d.covered_to;
		d.covered_to = ends;
	}
	end_duty(&d, until, fn, ctx);
}
