/* outbox.c -- the table of what is to go out again over HTTP. */
#include "daemon/store/outbox.h"

#include <stdlib.h>

#include "daemon/store/internal.h"

#define AT_ONCE 64
#define COLUMNS "id, source, alert, at, tries, is_post, is_signed, url, type, body"

static char *
column_copy(sqlite3_stmt *st, int column)
{
	return xstrdup((const char *)sqlite3_column_text(st, column));
}

static void
row_of(sqlite3_stmt *st, struct outbox_row *r)
{
	*r = (struct outbox_row){
		.id = sqlite3_column_int64(st, 0), .source = sqlite3_column_int64(st, 1),
		.alert = sqlite3_column_int64(st, 2), .at = sqlite3_column_int64(st, 3),
		.tries = (unsigned)sqlite3_column_int(st, 4), .is_post = sqlite3_column_int(st, 5),
		.is_signed = sqlite3_column_int(st, 6), .url = column_copy(st, 7),
		.type = column_copy(st, 8), .body = column_copy(st, 9),
	};
}

void
outbox_row_fini(struct outbox_row *r)
{
	free(r->url);
	free(r->type);
	free(r->body);
	*r = (struct outbox_row){ 0 };
}

/* Copied first: `fn` may write. */
static size_t
give_rows(struct store *s, sqlite3_stmt *st, outbox_fn fn, void *ctx)
{
	struct outbox_row *rows = xcalloc(AT_ONCE, sizeof(*rows));
	size_t count = 0;

	while (count < AT_ONCE && store_step(s, st))
		row_of(st, &rows[count++]);
	if (count == AT_ONCE)
		store_done(st);
	for (size_t i = 0; i < count; i++) {
		fn(ctx, &rows[i]);
		outbox_row_fini(&rows[i]);
	}
	free(rows);
	return count;
}

static int
first_int(struct store *s, sqlite3_stmt *st)
{
	int value = 0;

	if (store_step(s, st)) {
		value = sqlite3_column_int(st, 0);
		store_done(st);
	}
	return value;
}

static bool
has_room(struct store *s, int64_t source)
{
	return !store_any(s, store_query(s, "SELECT 1 FROM outbox WHERE source = ? LIMIT 1 OFFSET ?", "ii", source,
					 (int64_t)OUTBOX_MAX - 1));
}

static bool
stands_behind(struct store *s, const struct outbox_row *r)
{
	return r->alert && store_any(s, store_query(s, "SELECT 1 FROM outbox WHERE source = ? AND alert = ? LIMIT 1",
						    "ii", r->source, r->alert));
}

bool
store_outbox_add(struct store *s, const struct outbox_row *r)
{
	if (!has_room(s, r->source))
		return false;
	return store_run(s, "INSERT INTO outbox (source, alert, at, due_at, is_post, is_signed, url, type, body) "
			 "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", "iiiniittt", r->source, r->alert, r->at,
			 stands_behind(s, r) ? NEVER : r->at, (int64_t)r->is_post, (int64_t)r->is_signed,
			 r->url, r->type, r->body) > 0;
}

size_t
store_outbox_due(struct store *s, int64_t source, msec now, size_t max, outbox_fn fn, void *ctx)
{
	return give_rows(s, store_query(s, "SELECT " COLUMNS " FROM outbox WHERE source = ? AND due_at <= ? "
					"ORDER BY due_at, id LIMIT ?", "iii", source, now, (int64_t)max), fn, ctx);
}

msec
store_outbox_next(struct store *s, int64_t source)
{
	return store_instant(s, store_query(s, "SELECT min(due_at) FROM outbox WHERE source = ? AND due_at IS NOT NULL",
					    "i", source));
}

int64_t
store_outbox_boot(struct store *s, msec now)
{
	msec last = store_instant(s, store_query(s, "SELECT max(boot) FROM outbox WHERE boot IS NOT NULL", ""));

	return last != NEVER && last >= now ? last + 1 : now;
}

unsigned
store_outbox_out(struct store *s, int64_t source, int64_t boot)
{
	return (unsigned)first_int(s, store_query(s, "SELECT count(*) FROM outbox WHERE boot = ? AND source = ?",
						  "ii", boot, source));
}

void
store_outbox_lend(struct store *s, int64_t id, int64_t boot)
{
	store_run(s, "UPDATE outbox SET boot = ?, due_at = NULL, tries = tries + 1 WHERE id = ?", "ii", boot, id);
}

void
store_outbox_back(struct store *s, int64_t id, msec due)
{
	store_run(s, "UPDATE outbox SET boot = NULL, due_at = ? WHERE id = ?", "ii", due, id);
}

void
store_outbox_found(struct store *s, int64_t boot, msec now)
{
	store_run(s, "UPDATE outbox SET boot = NULL, due_at = ? WHERE boot IS NOT NULL AND boot <> ?", "ii", now, boot);
}

bool
store_outbox_get(struct store *s, int64_t id, struct outbox_row *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT " COLUMNS " FROM outbox WHERE id = ?", "i", id);

	if (!store_step(s, st))
		return false;
	row_of(st, out);
	store_done(st);
	return true;
}

void
store_outbox_drop(struct store *s, const struct outbox_row *r, msec now)
{
	store_run(s, "DELETE FROM outbox WHERE id = ?", "i", r->id);
	if (r->alert)
		store_run(s, "UPDATE outbox SET due_at = ? WHERE due_at IS NULL AND boot IS NULL AND id = (SELECT "
			  "min(id) FROM outbox WHERE source = ? AND alert = ?)", "iii", now, r->source, r->alert);
}

size_t
store_outbox_old(struct store *s, msec since, int64_t boot, outbox_fn fn, void *ctx)
{
	return give_rows(s, store_query(s, "SELECT " COLUMNS " FROM outbox WHERE at <= ? AND boot IS NOT ? ORDER BY at, id "
					"LIMIT 64", "ii", since, boot), fn, ctx);
}

msec
store_outbox_oldest(struct store *s)
{
	return store_instant(s, store_query(s, "SELECT min(at) FROM outbox", ""));
}

void
store_outbox_shift(struct store *s, msec by)
{
	store_run(s, "UPDATE outbox SET at = at + ?, due_at = due_at + ?", "ii", by, by);
}

/* -- delivery reports -- */

/* Those of long ago go with each new one. */
void
store_dlr_put(struct store *s, const struct dlr *d, msec now, msec until)
{
	store_run(s, "DELETE FROM dlr WHERE signal IN (SELECT signal FROM dlr WHERE until_at < ? LIMIT 20)", "i", now);
	store_run(s, "INSERT INTO dlr (signal, source, mask, url, until_at) VALUES (?, ?, ?, ?, ?)", "iiiti", d->signal,
		  d->source, (int64_t)d->mask, d->url, until);
}

void
store_dlr_of_alert(struct store *s, int64_t signal, int64_t alert)
{
	store_run(s, "UPDATE dlr SET alert = ? WHERE signal = ?", "ii", alert, signal);
}

bool
store_dlr_get(struct store *s, int64_t alert, struct dlr *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT signal, source, mask, url FROM dlr WHERE alert = ?", "i", alert);

	if (!store_step(s, st))
		return false;
	*out = (struct dlr){ .signal = sqlite3_column_int64(st, 0), .source = sqlite3_column_int64(st, 1),
			     .mask = (unsigned)sqlite3_column_int(st, 2), .url = column_copy(st, 3) };
	store_done(st);
	return true;
}

bool
store_dlr_any(struct store *s)
{
	return store_any(s, store_query(s, "SELECT 1 FROM dlr LIMIT 1", ""));
}

void
store_dlr_queued(struct store *s, uint32_t wave, void (*fn)(void *ctx, uint32_t contact), void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT contact FROM message WHERE wave = ? AND state = 0 LIMIT 64", "i",
				       (int64_t)wave);
	uint32_t contacts[AT_ONCE];
	size_t count = 0;

	while (count < AT_ONCE && store_step(s, st))
		contacts[count++] = (uint32_t)sqlite3_column_int64(st, 0);
	if (count == AT_ONCE)
		store_done(st);
	for (size_t i = 0; i < count; i++)
		fn(ctx, contacts[i]);
}
