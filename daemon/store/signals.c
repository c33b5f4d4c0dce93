/* signals.c -- sources, their signals, what is under watch and what is covered. */
#include "daemon/store/signals.h"

#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "daemon/store/internal.h"

static const char *const states[] = {
#define S(name, text) text,
	SIGNAL_STATES(S)
#undef S
};

const char *
signal_state_name(enum signal_state state)
{
	return states[state];
}

int
signal_state_parse(const char *word)
{
	for (int i = 0; i < SIGNAL_STATE_COUNT; i++)
		if (strcmp(states[i], word) == 0)
			return i;
	return -1;
}

static void
column_hash(sqlite3_stmt *st, int column, unsigned char out[32])
{
	const void *blob = sqlite3_column_blob(st, column);

	memset(out, 0, 32);
	if (blob && sqlite3_column_bytes(st, column) == 32)
		memcpy(out, blob, 32);
}

static void
column_name(sqlite3_stmt *st, int column, char *out, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(st, column);

	snprintf(out, size, "%s", text ? text : "");
}

/* -- sources -- */

void
store_source_get(struct store *s, const char *name, msec now, struct source_row *out)
{
	sqlite3_stmt *st;

	*out = (struct source_row){ .heard_at = now, .silent_since = NEVER, .told_at = NEVER };
	store_run(s, "INSERT INTO source (name, heard_at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
		  "ti", name, now);
	st = store_query(s, "SELECT id, heard_at, silent_since, told_at, coalesce(task, 0), "
			 "coalesce(notice, 0), shut_ms FROM source WHERE name = ?", "t", name);
	if (!store_step(s, st))
		return;
	*out = (struct source_row){
		.id = sqlite3_column_int64(st, 0), .heard_at = sqlite3_column_int64(st, 1),
		.silent_since = column_msec(st, 2), .told_at = column_msec(st, 3),
		.task = sqlite3_column_int64(st, 4), .notice = sqlite3_column_int64(st, 5),
		.shut_ms = sqlite3_column_int64(st, 6),
	};
	store_done(st);
}

char *
store_source_keep(struct store *s, const char *name)
{
	sqlite3_stmt *st = store_query(s, "SELECT keep FROM source WHERE name = ?", "t", name);
	char *keep = NULL;

	if (store_step(s, st)) {
		keep = xstrdup((const char *)sqlite3_column_text(st, 0));
		store_done(st);
	}
	return keep;
}

void
store_source_keep_set(struct store *s, int64_t source, const char *keep)
{
	store_run(s, "UPDATE source SET keep = ?1 WHERE id = ?2 AND keep IS NOT ?1", "ti", keep, source);
}

void
store_source_name(struct store *s, int64_t source, char *out, size_t size)
{
	sqlite3_stmt *st = store_query(s, "SELECT name FROM source WHERE id = ?", "i", source);

	*out = '\0';
	if (!store_step(s, st))
		return;
	column_name(st, 0, out, size);
	store_done(st);
}

void
store_sources(struct store *s, source_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT name FROM source ORDER BY id LIMIT 256", "");
	char (*names)[SIGNAL_NAME_MAX + 1] = xcalloc(256, sizeof(*names));
	size_t count = 0;

	while (store_step(s, st))
		column_name(st, 0, names[count++], sizeof(*names));
	for (size_t i = 0; i < count; i++) {
		struct source_row row;

		store_source_get(s, names[i], 0, &row);
		fn(ctx, names[i], &row);
	}
	free(names);
}

void
store_source_put(struct store *s, const struct source_row *r)
{
	store_run(s, "UPDATE source SET heard_at = ?, silent_since = ?, told_at = ?, task = ?, notice = ?, "
		  "shut_ms = ? WHERE id = ?", "innnnii", r->heard_at, r->silent_since, r->told_at,
		  (msec)r->task, (msec)r->notice, r->shut_ms, r->id);
}

void
store_source_heard(struct store *s, int64_t source, msec at)
{
	store_run(s, "UPDATE source SET heard_at = ?, shut_ms = 0 WHERE id = ? AND (heard_at <> ?1 OR shut_ms > 0)",
		  "ii", at, source);
}

void
store_sources_shut(struct store *s, msec for_ms)
{
	store_run(s, "UPDATE source SET shut_ms = shut_ms + ?", "i", for_ms);
}

/* -- signals -- */

#define COLUMNS "id, source, ref, act, made, digest, state, coalesce(rule, ''), rule_sha256, " \
	"coalesce(alert, 0), coalesce(task, 0), at, received_at, last_at, repeats, due_at, outcome, " \
	"coalesce(severity, -1), dated"

static void
row_of(sqlite3_stmt *st, struct signal_row *r)
{
	*r = (struct signal_row){
		.id = sqlite3_column_int64(st, 0), .source = sqlite3_column_int64(st, 1),
		.act = (enum signal_act)sqlite3_column_int(st, 3), .made = sqlite3_column_int(st, 4),
		.state = (enum signal_state)sqlite3_column_int(st, 6),
		.alert = sqlite3_column_int64(st, 9), .task = sqlite3_column_int64(st, 10),
		.at = sqlite3_column_int64(st, 11), .received_at = sqlite3_column_int64(st, 12),
		.last_at = sqlite3_column_int64(st, 13),
		.repeats = (unsigned long)sqlite3_column_int64(st, 14), .due_at = column_msec(st, 15),
		.severity = sqlite3_column_int(st, 17), .dated = sqlite3_column_int(st, 18),
	};
	column_name(st, 2, r->ref, sizeof(r->ref));
	column_hash(st, 5, r->digest);
	column_name(st, 7, r->rule, sizeof(r->rule));
	column_hash(st, 8, r->rule_sha256);
	column_hash(st, 16, r->outcome);
}

static bool
first_row(struct store *s, sqlite3_stmt *st, struct signal_row *out)
{
	if (!store_step(s, st))
		return false;
	row_of(st, out);
	store_done(st);
	return true;
}

int64_t
store_signal_insert(struct store *s, const struct signal_row *r, const char *body, const char *kind,
		    const unsigned char raw[32])
{
	int64_t id = store_next_id(s, TABLE_SIGNAL);
	int rows = raw
		? store_run(s, "INSERT INTO signal (id, source, ref, act, made, digest, kind, state, at, "
			    "dated, received_at, last_at, body, raw) "
			    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "nitiibtiiiiitb", id, r->source, r->ref, (int64_t)r->act, (int64_t)r->made, r->digest,
			    kind, (int64_t)r->state, r->at, (int64_t)r->dated, r->received_at, r->last_at,
			    body, raw)
		: store_run(s, "INSERT INTO signal (id, source, ref, act, made, digest, kind, state, at, "
			    "dated, received_at, last_at, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			    "nitiibtiiiiit", id, r->source, r->ref, (int64_t)r->act, (int64_t)r->made, r->digest,
			    kind, (int64_t)r->state, r->at, (int64_t)r->dated, r->received_at, r->last_at,
			    body);

	return rows > 0 ? store_last_id(s) : 0;
}

void
store_signal_put(struct store *s, const struct signal_row *r, const struct said *why)
{
	struct stored_said said = { .phrase = NULL };

	store_run(s, "UPDATE signal SET state = ?, rule = ?, rule_sha256 = ?, alert = ?, task = ?, "
		  "due_at = ?, outcome = ?, severity = ? WHERE id = ?", "itbnnnbii", (int64_t)r->state,
		  r->rule[0] ? r->rule : NULL, r->rule_sha256, (msec)r->alert, (msec)r->task, r->due_at,
		  r->outcome, (int64_t)r->severity, r->id);
	if (!why)
		return;
	store_said(why, &said);
	store_run(s, "UPDATE signal SET reason = ?, reason_phrase = ?, reason_values = ? WHERE id = ?", "ttti",
		  said.text, said.phrase, said.values, r->id);
	free(said.values);
}

bool
store_signal_get(struct store *s, int64_t id, struct signal_row *out)
{
	return first_row(s, store_query(s, "SELECT " COLUMNS " FROM signal WHERE id = ?", "i", id), out);
}

char *
store_signal_body(struct store *s, int64_t id)
{
	sqlite3_stmt *st = store_query(s, "SELECT body FROM signal WHERE id = ?", "i", id);
	char *body;

	if (!store_step(s, st))
		return NULL;
	body = xstrdup((const char *)sqlite3_column_text(st, 0));
	store_done(st);
	return body;
}

bool
store_signal_same(struct store *s, int64_t source, const char *ref, enum signal_act act,
		  const unsigned char digest[32], msec since, struct signal_row *out)
{
	return first_row(s, store_query(s, "SELECT " COLUMNS " FROM signal WHERE source = ? AND ref = ? "
		"AND act = ? AND digest = ? AND (NOT made OR last_at >= ?) ORDER BY id DESC LIMIT 1", "itibi",
		source, ref, (int64_t)act, digest, since), out);
}

int64_t
store_signal_last(struct store *s, int64_t source, const char *ref)
{
	sqlite3_stmt *st = store_query(s, "SELECT id FROM signal WHERE source = ? AND ref = ? "
				       "ORDER BY id DESC LIMIT 1", "it", source, ref);
	int64_t id;

	if (!store_step(s, st))
		return 0;
	id = sqlite3_column_int64(st, 0);
	store_done(st);
	return id;
}

/* What was overtaken is older than what was there: without those, the last is the newest. */
bool
store_signal_of_alert(struct store *s, int64_t alert, int64_t *id, char ref[SIGNAL_REF_MAX + 1])
{
	sqlite3_stmt *st = store_query(s, "SELECT id, ref FROM signal WHERE alert = ? ORDER BY id LIMIT 1", "i", alert);

	if (!store_step(s, st))
		return false;
	*id = sqlite3_column_int64(st, 0);
	column_name(st, 1, ref, SIGNAL_REF_MAX + 1);
	store_done(st);
	return true;
}

bool
store_signal_newest(struct store *s, int64_t source, const char *ref, struct signal_row *out)
{
	return first_row(s, store_query(s, "SELECT " COLUMNS " FROM signal WHERE source = ? AND ref = ? "
		"AND state <> 5 AND coalesce(reason_phrase, '') NOT IN ('signal_overtaken', "
		"'signal_ended_before') ORDER BY id DESC LIMIT 1", "it", source, ref), out);
}


/* Read whole before anything is done about them: whoever is told may write. */
static void
each_of(struct store *s, sqlite3_stmt *st, size_t most, signal_fn fn, void *ctx)
{
	struct signal_row *rows = xcalloc(most, sizeof(*rows));
	size_t count = 0;

	while (store_step(s, st)) {
		if (count == most) {
			store_done(st);
			break;
		}
		row_of(st, &rows[count++]);
	}
	for (size_t i = 0; i < count; i++)
		fn(ctx, &rows[i]);
	free(rows);
}

#define LIVE "act IN (0, 1) AND (alert IS NOT NULL OR state IN (0, 3)) ORDER BY id DESC LIMIT ?"

/* All whose refs begin so: "#" is the last character of `ref`, and "$" the one that follows it. */
static void
live_parts(struct store *s, int64_t source, const char *ref, size_t most, signal_fn fn, void *ctx)
{
	char end[SIGNAL_REF_MAX + 1];

	snprintf(end, sizeof(end), "%.*s$", (int)strlen(ref) - 1, ref);
	each_of(s, store_query(s, "SELECT " COLUMNS " FROM signal WHERE source = ? AND ref >= ? AND ref < ? AND "
		LIVE, "itti", source, ref, end, (int64_t)most + 1), most, fn, ctx);
}

void
store_signals_live(struct store *s, int64_t source, const char *ref, size_t most, signal_fn fn, void *ctx)
{
	if (*ref && ref[strlen(ref) - 1] == '#')
		live_parts(s, source, ref, most, fn, ctx);
	else
		each_of(s, store_query(s, "SELECT " COLUMNS " FROM signal WHERE source = ? AND ref = ? AND " LIVE,
			"iti", source, ref, (int64_t)most + 1), most, fn, ctx);
}

void
store_signal_repeat(struct store *s, int64_t id, msec at)
{
	store_run(s, "UPDATE signal SET repeats = repeats + 1, last_at = ? WHERE id = ?", "ii", at, id);
}

void
store_signal_renew(struct store *s, int64_t id, const struct signal_row *newest, const char *body)
{
	store_run(s, "UPDATE signal SET repeats = repeats + 1, digest = ?, body = ?, at = ?, dated = ?, "
		  "last_at = ? WHERE id = ?", "btiiii", newest->digest, body, newest->at,
		  (int64_t)newest->dated, newest->last_at, id);
}

void
store_signals_due(struct store *s, msec now, signal_fn fn, void *ctx)
{
	each_of(s, store_query(s, "SELECT " COLUMNS " FROM signal WHERE due_at <= ? ORDER BY due_at LIMIT 64",
		"i", now), 64, fn, ctx);
}

msec
store_signals_next(struct store *s)
{
	return store_instant(s, store_query(s, "SELECT min(due_at) FROM signal WHERE due_at IS NOT NULL", ""));
}

unsigned
store_signals_sent(struct store *s, int64_t source, const char *rule, int severity, bool real, msec since)
{
	sqlite3_stmt *st = store_query(s, "SELECT count(*) FROM signal WHERE source = ? AND rule = ? AND "
				       "severity = ? AND alert IS NOT NULL AND act IN (0, 1) AND received_at >= ? AND "
				       "EXISTS (SELECT 1 FROM alert WHERE alert.id = signal.alert AND "
				       "(drill = 0 AND test = 0) = ?)",
				       "itiii", source, rule, (int64_t)severity, since, (int64_t)real);
	unsigned count = 0;

	if (store_step(s, st)) {
		count = (unsigned)sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return count;
}

bool
store_signals_limited(struct store *s, int64_t source, const char *rule, msec since)
{
	return store_any(s, store_query(s, "SELECT 1 FROM signal WHERE source = ? AND rule = ? AND "
					"received_at >= ? AND reason_phrase = 'signal_limit' LIMIT 1", "iti",
					source, rule, since));
}

void
store_signals_shift(struct store *s, msec by, msec since)
{
	store_run(s, "UPDATE signal_watch SET since_at = since_at + ?1, last_at = last_at + ?1 WHERE signal IN "
		  "(SELECT id FROM signal WHERE NOT dated)", "i", by);
	store_run(s, "UPDATE signal_cover SET until_at = until_at + ?1", "i", by);
	store_run(s, "UPDATE signal SET due_at = due_at + ?1 WHERE due_at IS NOT NULL", "i", by);
	store_run(s, "UPDATE signal SET last_at = last_at + ?1, at = iif(dated OR at < ?2, at, at + ?1), "
		  "received_at = iif(received_at < ?2, received_at, received_at + ?1) WHERE last_at >= ?2", "ii",
		  by, since);
}

/* -- bytes as they came -- */

bool
store_signal_raw_put(struct store *s, int64_t source, const unsigned char sha256[32], const char *bytes,
		     size_t len, msec at)
{
	return store_run(s, "INSERT INTO signal_raw (source, sha256, at, size, bytes) VALUES (?1, ?2, ?3, "
			 "length(?4), ?4) ON CONFLICT (source, sha256) DO UPDATE SET at = excluded.at", "ibiB",
			 source, sha256, at, bytes, len) > 0;
}

size_t
store_signals_trim(struct store *s, msec before, int64_t most, size_t max)
{
	int raw = store_run(s, "DELETE FROM signal_raw WHERE (source, sha256) IN (SELECT source, sha256 FROM "
			    "signal_raw WHERE at < ? ORDER BY at LIMIT ?)", "ii", before, (int64_t)max);
	int over = store_run(s, "DELETE FROM signal_raw WHERE (source, sha256) IN (SELECT source, sha256 FROM "
			     "(SELECT source, sha256, at, sum(size) OVER (PARTITION BY source ORDER BY at DESC, "
			     "sha256) AS kept FROM signal_raw) WHERE kept > ? LIMIT ?)", "ii", most,
			     (int64_t)max);
	int rows = store_run(s, "DELETE FROM signal WHERE id IN (SELECT id FROM signal WHERE last_at < ? AND "
			     "state NOT IN (0, 3) ORDER BY last_at LIMIT ?)", "ii", before, (int64_t)max);

	store_run(s, "DELETE FROM signal_cover WHERE until_at < ?", "i", before);
	store_run(s, "DELETE FROM signal_watch WHERE last_at < ?", "i", before);
	return (raw > 0 ? (size_t)raw : 0) + (over > 0 ? (size_t)over : 0) + (rows > 0 ? (size_t)rows : 0);
}

/* -- what is under watch, what is covered -- */

bool
store_watch_get(struct store *s, int64_t source, const char *rule, const char *by,
		struct signal_watch *out)
{
	sqlite3_stmt *st = store_query(s, "SELECT signal, sha256, since_at, last_at, fired FROM signal_watch "
				       "WHERE source = ? AND rule = ? AND by_labels = ?", "itt", source, rule,
				       by);

	*out = (struct signal_watch){ .source = source };
	snprintf(out->rule, sizeof(out->rule), "%s", rule);
	snprintf(out->by, sizeof(out->by), "%s", by);
	if (!store_step(s, st))
		return false;
	out->signal = sqlite3_column_int64(st, 0);
	column_hash(st, 1, out->sha256);
	out->since_at = sqlite3_column_int64(st, 2);
	out->last_at = sqlite3_column_int64(st, 3);
	out->fired = sqlite3_column_int(st, 4);
	store_done(st);
	return true;
}

void
store_watch_put(struct store *s, const struct signal_watch *w)
{
	store_run(s, "INSERT INTO signal_watch (source, rule, by_labels, signal, sha256, since_at, last_at, "
		  "fired) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, rule, by_labels) DO UPDATE SET "
		  "signal = excluded.signal, sha256 = excluded.sha256, since_at = excluded.since_at, "
		  "last_at = excluded.last_at, fired = excluded.fired", "ittibiii", w->source, w->rule, w->by,
		  w->signal, w->sha256, w->since_at, w->last_at, (int64_t)w->fired);
}

void
store_watch_drop(struct store *s, int64_t source, const char *rule, const char *by)
{
	store_run(s, "DELETE FROM signal_watch WHERE source = ? AND rule = ? AND by_labels = ?", "itt", source,
		  rule, by);
}

msec
store_cover_until(struct store *s, const char *group, const char *by, division_code division, int severity,
		  msec now)
{
	msec until = store_instant(s, store_query(s, "SELECT max(until_at) FROM signal_cover WHERE grp = ? AND "
		"by_labels = ? AND division = ? AND severity >= ? AND until_at > ?", "ttiii", group, by,
		(int64_t)division, (int64_t)severity, now));

	return until == NEVER ? 0 : until;
}

size_t
store_covered(struct store *s, const char *group, const char *by, struct division_range range, int severity,
	      msec now, division_code *out, size_t max)
{
	sqlite3_stmt *st = store_query(s, "SELECT DISTINCT division FROM signal_cover WHERE grp = ? AND "
				       "by_labels = ? AND division >= ? AND division <= ? AND severity >= ? AND "
				       "until_at > ? ORDER BY division LIMIT ?", "ttiiiii", group, by,
				       (int64_t)range.first, (int64_t)range.last, (int64_t)severity, now,
				       (int64_t)max);
	size_t count = 0;

	while (store_step(s, st))
		out[count++] = sqlite3_column_int64(st, 0);
	return count;
}

void
store_cover_put(struct store *s, const struct signal_cover *c)
{
	store_run(s, "INSERT INTO signal_cover (grp, by_labels, division, source, ref, severity, until_at) VALUES "
		  "(?, ?, ?, ?, ?, ?, ?) ON CONFLICT (grp, by_labels, division, source, ref) DO UPDATE SET "
		  "severity = excluded.severity, until_at = excluded.until_at", "ttiitii", c->group, c->by,
		  (int64_t)c->division, c->source, c->ref, (int64_t)c->severity, c->until_at);
}

void
store_cover_end(struct store *s, int64_t source, const char *ref)
{
	store_run(s, "DELETE FROM signal_cover WHERE source = ? AND ref = ?", "it", source, ref);
}
