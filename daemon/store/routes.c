/* routes.c -- routes, what they say of themselves, and the alarms that stand about them. */
#include "daemon/store/internal.h"

#include <stdio.h>

#include "core/buf.h"
#include "daemon/contract/said_json.h"

void
store_route_note(struct store *s, int64_t route, const char *state, const char *health, msec at)
{
	store_run(s, "UPDATE route SET health = coalesce(?2, health), state_at = CASE WHEN ?1 IS NULL "
		  "OR ?1 IS state THEN state_at ELSE ?3 END, state = coalesce(?1, state) WHERE id = ?4 "
		  "AND (?1 IS NOT NULL AND ?1 IS NOT state OR ?2 IS NOT NULL AND ?2 IS NOT health)",
		  "ttii", state, health, at, route);
}

static char *
text_of(struct store *s, sqlite3_stmt *st)
{
	char *text = NULL;

	if (store_step(s, st)) {
		text = xstrdup((const char *)sqlite3_column_text(st, 0));
		store_done(st);
	}
	return text;
}

char *
store_route_keep(struct store *s, int64_t route)
{
	return text_of(s, store_query(s, "SELECT keep FROM route WHERE id = ?", "i", route));
}

char *
store_route_health(struct store *s, int64_t route)
{
	return text_of(s, store_query(s, "SELECT health FROM route WHERE id = ?", "i", route));
}

void
store_route_keep_set(struct store *s, int64_t route, const char *keep)
{
	store_run(s, "UPDATE route SET keep = ?1 WHERE id = ?2 AND keep IS NOT ?1", "ti", keep, route);
}

#define ALARM_COLUMNS "route, own, name, since, task, notice, ends_at, text, text_phrase, text_values"

static void
alarm_row(sqlite3_stmt *st, struct route_alarm *out)
{
	const char *phrase;

	*out = (struct route_alarm){
		.route = sqlite3_column_int64(st, 0), .own = sqlite3_column_int(st, 1),
		.since = sqlite3_column_int64(st, 3), .task = sqlite3_column_int64(st, 4),
		.notice = sqlite3_column_int64(st, 5), .ends_at = column_msec(st, 6),
	};
	snprintf(out->name, sizeof(out->name), "%s", (const char *)sqlite3_column_text(st, 2));
	phrase = (const char *)sqlite3_column_text(st, 8);
	if (!phrase || !said_from_stored(&out->said, phrase, (const char *)sqlite3_column_text(st, 9)))
		said_verbatim(&out->said, (const char *)sqlite3_column_text(st, 7));
}

bool
store_route_alarm_get(struct store *s, int64_t route, bool own, const char *name,
		      struct route_alarm *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT " ALARM_COLUMNS " "
		"FROM route_alarm WHERE route = ? AND own = ? AND name = ?", "iit", route,
		(int64_t)own, name);
	bool found = store_step(s, st);

	if (found && out)
		alarm_row(st, out);
	if (found)
		store_done(st);
	return found;
}

void
store_route_alarm_put(struct store *s, const struct route_alarm *a)
{
	struct stored_said stored;

	store_said(&a->said, &stored);
	store_run(s, "INSERT OR REPLACE INTO route_alarm (" ALARM_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, "
		  "?, ?, ?)", "iitiiinttt", a->route, (int64_t)a->own, a->name, a->since, a->task,
		  a->notice, a->ends_at, stored.text, stored.phrase, stored.values);
	free(stored.values);
}

void
store_route_alarm_drop(struct store *s, int64_t route, bool own, const char *name)
{
	store_run(s, "DELETE FROM route_alarm WHERE route = ? AND own = ? AND name = ?", "iit", route,
		  (int64_t)own, name);
}

void
store_route_alarms(struct store *s, int64_t route, route_alarm_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT " ALARM_COLUMNS " "
				       "FROM route_alarm WHERE route = ?", "i", route);
	struct route_alarm alarm;

	while (store_step(s, st)) {
		alarm_row(st, &alarm);
		fn(ctx, &alarm);
	}
}

bool
store_route_alarm_told_get(struct store *s, int64_t route, bool own, const char *name,
			   struct route_alarm_told *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT times, told_at, over_at FROM route_alarm_told "
		"WHERE route = ? AND own = ? AND name = ?", "iit", route, (int64_t)own, name);

	if (!store_step(s, st))
		return false;
	*out = (struct route_alarm_told){ (unsigned)sqlite3_column_int(st, 0),
					  sqlite3_column_int64(st, 1), column_msec(st, 2) };
	store_done(st);
	return true;
}

void
store_route_alarm_told_put(struct store *s, int64_t route, bool own, const char *name,
			   const struct route_alarm_told *t)
{
	store_run(s, "INSERT INTO route_alarm_told VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
		  "times = excluded.times, told_at = excluded.told_at, over_at = excluded.over_at",
		  "iitinn", route, (int64_t)own, name, (int64_t)t->times, t->told_at, t->over_at);
}

void
store_route_alarms_told_drop(struct store *s, int64_t route, msec before)
{
	store_run(s, "DELETE FROM route_alarm_told WHERE route = ? AND over_at < ?", "ii", route,
		  before);
}

void
store_route_outage_get(struct store *s, int64_t route, struct route_outage *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT down_since, losses, restless_until, alarms_until "
				       "FROM route WHERE id = ?", "i", route);

	*out = (struct route_outage){ .since = NEVER };
	if (!store_step(s, st))
		return;
	*out = (struct route_outage){ column_msec(st, 0), (unsigned)sqlite3_column_int(st, 1),
				       sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 3) };
	store_done(st);
}

void
store_route_outage_set(struct store *s, int64_t route, const struct route_outage *t)
{
	store_run(s, "UPDATE route SET down_since = ?, losses = ?, restless_until = ?, "
		  "alarms_until = ? WHERE id = ?", "niiii", t->since, (int64_t)t->losses,
		  t->restless_until, t->alarms_until, route);
}

void
store_routes(struct store *s, route_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT id, name FROM route", "");

	while (store_step(s, st))
		fn(ctx, sqlite3_column_int64(st, 0), (const char *)sqlite3_column_text(st, 1));
}

double
store_route_speed(struct store *s, int64_t route)
{
	sqlite3_stmt *st = store_query(s, "SELECT speed FROM route WHERE id = ?", "i", route);
	double speed = 0;

	if (store_step(s, st)) {
		speed = sqlite3_column_double(st, 0);
		store_done(st);
	}
	return speed;
}

void
store_route_speed_set(struct store *s, int64_t route, double speed)
{
	store_run(s, "UPDATE route SET speed = ? WHERE id = ?", "di", speed, route);
}

void
store_route_pace_set(struct store *s, int64_t route, double pace)
{
	store_run(s, "UPDATE route SET pace = ? WHERE id = ?", "di", pace, route);
}

void
store_route_canary_set(struct store *s, int64_t route, const char *json)
{
	store_run(s, "UPDATE route SET canary = ? WHERE id = ?", "ti", json, route);
}
