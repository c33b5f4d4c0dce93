/* alerts.c -- alerts, their targets, who was called for what, answers, story, audit. */
#include "daemon/store/internal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"

static const char *const state_names[ALERT_STATE_COUNT] = {
	"held", "active", "satisfied", "exhausted", "cancelled", "expired",
};

const char *
alert_state_name(enum alert_state state)
{
	return state_names[state];
}

bool
alert_is_open(enum alert_state state)
{
	return state == ALERT_HELD || state == ALERT_ACTIVE || state == ALERT_EXHAUSTED;
}

bool
store_alert_by_key(struct store *s, const char *key, int64_t *id, unsigned char digest[32])
{
	sqlite3_stmt *st = store_query(s, "SELECT id, digest FROM alert WHERE key = ?", "t", key);

	if (!store_step(s, st))
		return false;
	*id = sqlite3_column_int64(st, 0);
	memcpy(digest, sqlite3_column_blob(st, 1), 32);
	store_done(st);
	return true;
}

int64_t
store_alert_insert(struct store *s, const struct alert *a, const char *key,
		   const unsigned char digest[32], const char *client)
{
	store_run(s, "INSERT INTO alert (id, key, digest, client, template, policy, kind, severity, "
		  "drill, test, state, code, body, accepted_at, released_at, expires_at, "
		  "deadline_at, closed_at, replaces, step, targets, satisfied, hurry, due_at, "
		  "own_expiry) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
		  "?, ?, ?)", "itbtiitiiiittinnnnniiiini", a->id, key, digest, client, a->template,
		  a->policy, a->kind[0] ? a->kind : NULL, (int64_t)a->severity, (int64_t)a->drill,
		  (int64_t)a->test, (int64_t)a->state, a->code, a->body, a->accepted_at,
		  a->released_at, a->expires_at, a->deadline_at, a->closed_at, (msec)a->replaces,
		  (int64_t)a->step, (int64_t)a->targets, (int64_t)a->satisfied, (int64_t)a->hurry,
		  a->due_at, (int64_t)a->own_expiry);
	return store_last_id(s);
}

void
store_alert_document_put(struct store *s, int64_t alert, const char *name, int64_t document)
{
	store_run(s, "INSERT OR IGNORE INTO alert_document VALUES (?, ?, ?)", "iti", alert, name,
		  document);
}

int64_t
store_alert_document(struct store *s, int64_t alert, const char *name)
{
	sqlite3_stmt *st = store_query(s, "SELECT document FROM alert_document WHERE alert = ? "
				       "AND name = ?", "it", alert, name);
	int64_t document = 0;

	if (store_step(s, st)) {
		document = sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return document;
}

void
store_policies_in_use(struct store *s, document_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT DISTINCT policy FROM alert WHERE closed_at IS NULL "
				       "AND policy <> 0", "");

	while (store_step(s, st))
		fn(ctx, sqlite3_column_int64(st, 0));
}

bool
store_alert_client(struct store *s, int64_t id, char name[128])
{
	sqlite3_stmt *st = store_query(s, "SELECT client FROM alert WHERE id = ?", "i", id);

	if (!store_step(s, st))
		return false;
	snprintf(name, 128, "%s", (const char *)sqlite3_column_text(st, 0));
	store_done(st);
	return true;
}

bool
store_alert_get(struct store *s, int64_t id, struct alert *a)
{
	sqlite3_stmt *st = store_query(s, "SELECT template, policy, severity, drill, test, state, "
		"code, coalesce(kind, ''), accepted_at, released_at, expires_at, deadline_at, "
		"closed_at, due_at, coalesce(replaces, 0), coalesce(replaced_by, 0), step, targets, "
		"satisfied, hurry, body, holds, held_at FROM alert WHERE id = ?", "i", id);

	*a = (struct alert){ .id = id };
	if (!store_step(s, st))
		return false;
	a->template = sqlite3_column_int64(st, 0);
	a->policy = sqlite3_column_int64(st, 1);
	a->severity = (enum severity)sqlite3_column_int(st, 2);
	a->drill = sqlite3_column_int(st, 3);
	a->test = sqlite3_column_int(st, 4);
	a->state = (enum alert_state)sqlite3_column_int(st, 5);
	snprintf(a->code, sizeof(a->code), "%s", (const char *)sqlite3_column_text(st, 6));
	snprintf(a->kind, sizeof(a->kind), "%s", (const char *)sqlite3_column_text(st, 7));
	a->accepted_at = sqlite3_column_int64(st, 8);
	a->released_at = column_msec(st, 9);
	a->expires_at = column_msec(st, 10);
	a->deadline_at = column_msec(st, 11);
	a->closed_at = column_msec(st, 12);
	a->due_at = column_msec(st, 13);
	a->replaces = sqlite3_column_int64(st, 14);
	a->replaced_by = sqlite3_column_int64(st, 15);
	a->step = (unsigned)sqlite3_column_int(st, 16);
	a->targets = (unsigned long)sqlite3_column_int64(st, 17);
	a->satisfied = (unsigned long)sqlite3_column_int64(st, 18);
	a->hurry = sqlite3_column_int(st, 19);
	free(s->alert_body);
	a->body = s->alert_body = xstrdup((const char *)sqlite3_column_text(st, 20));
	a->holds = (unsigned)sqlite3_column_int(st, 21);
	a->held_at = column_msec(st, 22);
	store_done(st);
	return true;
}

void
store_alert_update(struct store *s, const struct alert *a)
{
	store_run(s, "UPDATE alert SET state = ?, released_at = ?, deadline_at = ?, closed_at = ?, "
		  "due_at = ?, replaced_by = ?, step = ?, targets = ?, satisfied = ?, hurry = ?, "
		  "holds = ?, held_at = ? WHERE id = ?", "innnnniiiiini", (int64_t)a->state, a->released_at, a->deadline_at,
		  a->closed_at, a->due_at, (msec)a->replaced_by, (int64_t)a->step,
		  (int64_t)a->targets, (int64_t)a->satisfied, (int64_t)a->hurry, (int64_t)a->holds,
		  a->held_at, a->id);
}

static int64_t
single_int(struct store *s, sqlite3_stmt *st)
{
	int64_t value = 0;

	if (store_step(s, st)) {
		value = sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return value;
}

int64_t
store_alert_last(struct store *s)
{
	int64_t last = single_int(s, store_query(s, "SELECT max(id) FROM alert", ""));

	return store_floor(s, TABLE_ALERT) > last ? store_floor(s, TABLE_ALERT) - 1 : last;
}

uint32_t
store_wave_last(struct store *s)
{
	int64_t last = single_int(s, store_query(s, "SELECT max(id) FROM wave", ""));

	return (uint32_t)(store_floor(s, TABLE_WAVE) > last ? store_floor(s, TABLE_WAVE) - 1 : last);
}

size_t
store_alerts_due(struct store *s, msec now, int64_t *out, size_t max)
{
	sqlite3_stmt *st = store_query(s, "SELECT id FROM alert WHERE due_at <= ? "
				       "ORDER BY due_at LIMIT ?", "ii", now, (int64_t)max);
	size_t count = 0;

	while (store_step(s, st))
		if (count < max)
			out[count++] = sqlite3_column_int64(st, 0);
	return count;
}

msec
store_alerts_next_due(struct store *s)
{
	return store_instant(s, store_query(s, "SELECT due_at FROM alert WHERE due_at IS NOT NULL "
					  "ORDER BY due_at LIMIT 1", ""));
}

void
store_alert_extend(struct store *s, int64_t id, msec until)
{
	store_run(s, "UPDATE alert SET expires_at = ?1, own_expiry = 0, due_at = CASE WHEN due_at = expires_at "
		  "THEN ?1 ELSE due_at END WHERE id = ?2", "ii", until, id);
	store_run(s, "UPDATE wave SET expires_at = ?1 WHERE alert = ?2 AND state IN (0, 1)", "ii", until, id);
}

void
store_clock_shift(struct store *s, msec by)
{
	/* Only gong's own instants; a caller's starts_at and expires_at stay what they said, so
	 * an alert is looked at no later than it expires. */
	store_run(s, "UPDATE wave SET expires_at = expires_at + ?1 WHERE state IN (0, 1) AND "
		  "(kind = 4 OR alert IN (SELECT id FROM alert WHERE own_expiry AND state <> 0))",
		  "i", by);
	store_run(s, "UPDATE alert SET expires_at = expires_at + ?1 WHERE own_expiry "
		  "AND state IN (1, 2, 3)", "i", by);
	store_run(s, "UPDATE alert SET released_at = released_at + ?1, deadline_at = deadline_at + ?1, "
		  "due_at = min(due_at + ?1, expires_at), held_at = held_at + ?1 WHERE state IN (1, 3)", "i", by);
	store_run(s, "UPDATE message SET due = due + ?1 WHERE due IS NOT NULL", "i", by);
	store_run(s, "UPDATE catch_up SET taken_at = taken_at + ?1", "i", by);
	store_run(s, "UPDATE inbound SET wait_until = wait_until + ?1 WHERE wait_until IS NOT NULL", "i",
		  by);
	store_run(s, "UPDATE receipt_early SET at = at + ?1", "i", by);
	store_run(s, "UPDATE staged SET at = at + ?1, expires_at = expires_at + ?1", "i", by);
	store_run(s, "UPDATE source_alarm SET since = since + ?1, told_at = told_at + ?1", "i", by);
	store_run(s, "UPDATE source SET heard_at = heard_at + ?1, silent_since = silent_since + ?1, "
		  "told_at = told_at + ?1", "i", by);
	store_run(s, "UPDATE route SET down_since = down_since + ?1, "
		  "restless_until = restless_until + ?1, alarms_until = alarms_until + ?1", "i", by);
	store_run(s, "UPDATE route_alarm SET ends_at = ends_at + ?1 WHERE ends_at IS NOT NULL", "i",
		  by);
	store_run(s, "UPDATE route_alarm_told SET told_at = told_at + ?1, over_at = over_at + ?1", "i",
		  by);
}

void
store_target_insert(struct store *s, int64_t alert, const struct target *t)
{
	store_run(s, "INSERT INTO target (alert, id, division, contact) VALUES (?, ?, ?, ?)",
		  "iinn", alert, (int64_t)t->id, (msec)t->division, (msec)t->contact);
}

static void
target_row(sqlite3_stmt *st, struct target *t)
{
	*t = (struct target){
		.id = (unsigned)sqlite3_column_int(st, 0),
		.division = sqlite3_column_int64(st, 1),
		.contact = (uint32_t)sqlite3_column_int64(st, 2),
		.level = sqlite3_column_int(st, 3),
	};
}

void
store_targets(struct store *s, int64_t alert, int below, target_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT id, division, contact, level FROM target "
				       "WHERE alert = ? AND level < ? AND moved_to IS NULL", "ii",
				       alert, (int64_t)below);

	while (store_step(s, st)) {
		struct target t;

		target_row(st, &t);
		fn(ctx, &t);
	}
}

bool
store_target_by_division(struct store *s, int64_t alert, division_code division,
			 struct target *t)
{
	sqlite3_stmt *st = store_query(s, "SELECT id, division, contact, level, moved_to FROM target "
				       "WHERE alert = ? AND division = ?", "ii", alert, division);

	if (!store_step(s, st))
		return false;
	target_row(st, t);
	t->moved_to = sqlite3_column_int64(st, 4);
	store_done(st);
	return true;
}

void
store_target_levels(struct store *s, int64_t alert, bool parted, size_t at_level[LEVEL_COUNT])
{
	/* Counted at each look at an alert: 20,000 targets of one that nobody took from pay nothing. */
	sqlite3_stmt *st = store_query(s, parted
		? "SELECT level, count(*) FROM target WHERE alert = ? AND moved_to IS NULL GROUP BY level"
		: "SELECT level, count(*) FROM target WHERE alert = ? GROUP BY level", "i", alert);

	memset(at_level, 0, LEVEL_COUNT * sizeof(*at_level));
	while (store_step(s, st)) {
		int level = sqlite3_column_int(st, 0);

		if (level >= 0 && level < LEVEL_COUNT)
			at_level[level] = (size_t)sqlite3_column_int64(st, 1);
	}
}

void
store_called_put(struct store *s, uint32_t contact, int64_t alert, unsigned target, unsigned step)
{
	store_run(s, "INSERT OR IGNORE INTO called VALUES (?, ?, ?, ?)", "iiii", (int64_t)contact,
		  alert, (int64_t)target, (int64_t)step);
}

size_t
store_called_targets(struct store *s, uint32_t contact, int64_t alert, int64_t after,
		     unsigned *out, size_t max)
{
	sqlite3_stmt *st = store_query(s, "SELECT target FROM called WHERE contact = ? AND alert = ? "
				       "AND target > ? ORDER BY target LIMIT ?", "iiii",
				       (int64_t)contact, alert, after, (int64_t)max);
	size_t count = 0;

	while (store_step(s, st))
		if (count < max)
			out[count++] = (unsigned)sqlite3_column_int(st, 0);
	return count;
}

int
store_called_lowest(struct store *s, uint32_t contact, int64_t alert)
{
	sqlite3_stmt *st = store_query(s, "SELECT min(t.level) FROM called c JOIN target t "
		"ON t.alert = c.alert AND t.id = c.target WHERE c.contact = ? AND c.alert = ? "
		"AND t.moved_to IS NULL", "ii", (int64_t)contact, alert);
	int level = LEVEL_COUNT;

	if (store_step(s, st)) {
		if (sqlite3_column_type(st, 0) != SQLITE_NULL)
			level = sqlite3_column_int(st, 0);
		store_done(st);
	}
	return level;
}

/* From one alert to the next: whoever answers for 5,000 villages has as many rows for each. */
size_t
store_called_alerts(struct store *s, uint32_t contact, int64_t *out, size_t max)
{
	int64_t before = INT64_MAX;
	size_t count = 0;

	while (count < max) {
		sqlite3_stmt *st = store_query(s, "SELECT alert FROM called WHERE contact = ? AND alert < ? "
					       "ORDER BY alert DESC LIMIT 1", "ii", (int64_t)contact,
					       before);

		if (!store_step(s, st))
			break;
		before = out[count++] = sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return count;
}

void
store_answer_insert(struct store *s, const struct answer *a)
{
	store_run(s, "INSERT INTO answer (id, alert, contact, division, at, source, kind, level, step, "
		  "helper, text, name, note, wave, minutes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		  "ninniiiiiitttnn", store_next_id(s, TABLE_ANSWER), a->alert, (msec)a->contact, (msec)a->division, a->at,
		  (int64_t)a->source, (int64_t)a->kind, (int64_t)a->level, (int64_t)a->step,
		  (int64_t)a->helper, a->text, a->name, a->note,
		  (msec)a->wave, (msec)a->minutes);
}

bool
store_has_answered(struct store *s, int64_t alert, uint32_t contact)
{
	return store_any(s, store_query(s, "SELECT 1 FROM answer WHERE alert = ? AND contact = ? "
				       "AND level >= 3", "ii", alert, (int64_t)contact));
}

bool
store_has_pressed(struct store *s, int64_t alert, uint32_t contact, uint32_t wave, const char *key)
{
	return store_any(s, store_query(s, "SELECT 1 FROM answer a WHERE alert = ?1 AND contact = ?2 AND wave = ?3 "
		"AND source = 1 AND text = ?4 AND NOT EXISTS (SELECT 1 FROM answer b WHERE b.alert = ?1 "
		"AND b.contact = ?2 AND b.id > a.id AND b.source <> 1)", "iiit", alert, (int64_t)contact,
		(int64_t)wave, key));
}

void
store_answered_cannot(struct store *s, int64_t alert, contact_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT contact, kind, max(id) FROM answer WHERE alert = ? "
				       "AND contact IS NOT NULL GROUP BY contact", "i", alert);

	while (store_step(s, st))
		if (sqlite3_column_int(st, 1) == ANSWER_CANNOT)
			fn(ctx, (uint32_t)sqlite3_column_int64(st, 0));
}

bool
store_has_answered_since(struct store *s, int64_t alert, uint32_t contact, msec at)
{
	return store_any(s, store_query(s, "SELECT 1 FROM answer WHERE alert = ? AND contact = ? "
				       "AND at >= ? LIMIT 1", "iii", alert, (int64_t)contact, at));
}

void
store_answered_at(struct store *s, int64_t alert, int level, holder_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT DISTINCT a.contact, c.lang FROM answer a "
		"JOIN contact c ON c.id = a.contact WHERE a.alert = ? AND a.level >= ? "
		"AND a.helper = 0", "ii", alert, (int64_t)level);

	while (store_step(s, st)) {
		struct holder h = {
			.contact = (uint32_t)sqlite3_column_int64(st, 0),
			.lang = (enum lang)sqlite3_column_int(st, 1),
			.order = 1,
		};

		fn(ctx, &h);
	}
}

void
store_event(struct store *s, int64_t alert, msec at, const char *what, const char *detail)
{
	store_run(s, "INSERT INTO event (id, alert, at, what, detail) VALUES (?, ?, ?, ?, ?)", "niitt",
		  store_next_id(s, TABLE_EVENT), alert, at, what, detail ? detail : "{}");
}

static void
last_audit_hash(struct store *s)
{
	sqlite3_stmt *st = store_query(s, "SELECT hash FROM audit ORDER BY id DESC LIMIT 1", "");

	memset(s->audit_hash, 0, sizeof(s->audit_hash));
	if (store_step(s, st)) {
		memcpy(s->audit_hash, sqlite3_column_blob(st, 0), sizeof(s->audit_hash));
		store_done(st);
	}
	s->have_audit_hash = true;
}

void
store_audit(struct store *s, msec at, const char *actor, const char *action, const char *detail)
{
	struct buf row = { 0 };

	if (!s->have_audit_hash)
		last_audit_hash(s);
	buf_add(&row, s->audit_hash, sizeof(s->audit_hash));
	buf_printf(&row, "%lld\n", (long long)at);
	buf_puts(&row, actor);
	buf_puts(&row, "\n");
	buf_puts(&row, action);
	buf_puts(&row, "\n");
	buf_puts(&row, detail);
	EVP_Digest(row.data, row.len, s->audit_hash, NULL, EVP_sha256(), NULL);
	buf_fini(&row);
	store_run(s, "INSERT INTO audit (id, at, actor, action, detail, hash) VALUES (?, ?, ?, ?, ?, ?)",
		  "nitttb", store_next_id(s, TABLE_AUDIT), at, actor, action, detail, s->audit_hash);
}
