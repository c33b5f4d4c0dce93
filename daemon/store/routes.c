/* routes.c -- routes, what they say of themselves, and the alarms that stand about them. */
#include "daemon/store/internal.h"

#include <stdio.h>

#include "core/buf.h"

void
store_route_note(struct store *s, int64_t route, const char *state, const char *health, msec at)
{
	store_run(s, "UPDATE route SET health = coalesce(?2, health), state_at = CASE WHEN ?1 IS NULL "
		  "OR ?1 IS state THEN state_at ELSE ?3 END, state = coalesce(?1, state) WHERE id = ?4",
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
	store_run(s, "UPDATE route SET keep = ? WHERE id = ?", "ti", keep, route);
}

static void
alarm_row(sqlite3_stmt *st, struct route_alarm *out)
{
	*out = (struct route_alarm){
		.route = sqlite3_column_int64(st, 0), .own = sqlite3_column_int(st, 1),
		.since = sqlite3_column_int64(st, 3), .task = sqlite3_column_int64(st, 4),
		.notice = sqlite3_column_int64(st, 5),
	};
	snprintf(out->name, sizeof(out->name), "%s", (const char *)sqlite3_column_text(st, 2));
	snprintf(out->text, sizeof(out->text), "%s", (const char *)sqlite3_column_text(st, 6));
}

bool
store_route_alarm_get(struct store *s, int64_t route, bool own, const char *name,
		      struct route_alarm *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT route, own, name, since, task, notice, text "
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
	store_run(s, "INSERT OR REPLACE INTO route_alarm (route, own, name, since, task, notice, text) "
		  "VALUES (?, ?, ?, ?, ?, ?, ?)", "iitiiit", a->route, (int64_t)a->own, a->name,
		  a->since, a->task, a->notice, a->text);
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
	sqlite3_stmt *st = store_query(s, "SELECT route, own, name, since, task, notice, text "
				       "FROM route_alarm WHERE route = ?", "i", route);
	struct route_alarm alarm;

	while (store_step(s, st)) {
		alarm_row(st, &alarm);
		fn(ctx, &alarm);
	}
}

void
store_route_canary_set(struct store *s, int64_t route, const char *json)
{
	store_run(s, "UPDATE route SET canary = ? WHERE id = ?", "ti", json, route);
}
