/* store.c -- opening, turns and statements; it knows no subject. */
#include "daemon/store/internal.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
#include "daemon/store/copy.h"
#include "daemon/store/hand.h"

#define SCHEMA_VERSION 10
#define CHECKPOINT_PAGES 10000		/* of the log, before they go into the file */
#define CHECKPOINT_OFTEN 2000		/* while lists are written: who commits last waits for all of them */
#define STEPS_BETWEEN_NEWS 1000000	/* of SQLite's machine: some 50 ms */
#define CHECK_MS 1000			/* of a start, for reading tables through */
/* They grow with every alert, and a damaged page of them stops one wave, not people's being found. */
#define TABLES_LATER (TABLE_BIT(TABLE_SIGNAL) | TABLE_BIT(TABLE_SIGNAL_RAW) | TABLE_BIT(TABLE_MESSAGE) | TABLE_BIT(TABLE_ATTEMPT) | TABLE_BIT(TABLE_EVENT) | \
		      TABLE_BIT(TABLE_AUDIT) | TABLE_BIT(TABLE_INBOUND) | TABLE_BIT(TABLE_RECEIPT_KEY) | \
		      TABLE_BIT(TABLE_RECEIPT_EARLY) | TABLE_BIT(TABLE_CALLED) | TABLE_BIT(TABLE_VARIANT) | \
		      TABLE_BIT(TABLE_TOLD) | TABLE_BIT(TABLE_REACHED) | TABLE_BIT(TABLE_STAGED_ROW))
__asm__(".section .rodata\n.global schema_sql\nschema_sql:\n"
	".incbin \"daemon/store/schema.sql\"\n.byte 0\n.previous\n");
extern const char schema_sql[];

static void
note_damage(struct store *s, table_set tables, const char *why)
{
	s->damaged |= tables;
	if (s->guard)
		guard_damage(s->guard, tables, why);
}

void
store_set_guard(struct store *s, struct guard *guard)
{
	table_set found = s->damaged;

	s->guard = guard;
	if (found)
		guard_damage(guard, found, s->reason);
}

void
store_set_hand(struct store *s, struct hand_page *hand)
{
	s->hand = hand;
}

struct hand_page *
store_hand(const struct store *s)
{
	return s->hand;
}

struct guard *
store_guard(const struct store *s)
{
	return s->guard;
}

table_set
store_damaged(const struct store *s)
{
	return s->damaged | (s->guard ? guard_damaged(s->guard) : 0);
}

/* Most statements take what they need in one go, and a damaged page hides what lies behind it.  Once
 * damage is met, the same is read in smaller bites (store_is_careful): which table it is shows then,
 * and one unreadable row stops one row.  What may be read in part is read beside from then on, and
 * what is only a record is no longer written where it cannot be: an alert is worth more than its
 * story. */
static void
meet_damage(struct store *s, const char *sql)
{
	table_set tables = sql ? store_tables_in(sql) : 0, known = store_damaged(s);
	bool in_part = tables && !(tables & ~TABLES_IN_PART), was_careful = s->careful;

	s->suspects |= tables;
	if (!store_is_careful(s) && !in_part) {
		s->careful = s->again = true;
		return;
	}
	s->careful = true;
	note_damage(s, tables, sqlite3_errmsg(s->main.db));
	if (!sql)			/* a commit: no statement is to blame */
		return;
	if (in_part && strncmp(sql, "SELECT", 6) == 0)
		s->again = !was_careful || tables & ~known;
	if (strncmp(sql, "INSERT INTO ", 12) == 0 && tables && !(tables & ~TABLES_RECORDS) &&
	    !(tables & s->unwritable)) {
		s->unwritable |= tables;
		s->again = true;
	}
}

void
store_read_in_part(struct store *s, bool on)
{
	s->lenient = on && store_is_careful(s);
}

bool
store_mend(struct store *s)
{
	table_set done = s->suspects ? store_indices_anew(s, s->suspects) : 0;

	s->suspects = 0;
	if (done)
		note_damage(s, done, s->reason);
	return done;
}

table_set
store_made_anew(const struct store *s)
{
	return s->made_anew;
}

bool
store_is_careful(struct store *s)
{
	if (!s->careful && store_damaged(s) & ~TABLE_BIT(TABLE_LOG))
		s->careful = true;
	return s->careful;
}

bool
store_was_cut(const struct store *s)
{
	return s->cut;
}

bool
store_met_damage(const struct store *s)
{
	return s->met_damage;
}

bool
store_met_fault(const struct store *s)
{
	return s->met_fault;
}

const char *
store_reason(const struct store *s)
{
	return s->reason;
}

bool
store_wants_again(const struct store *s)
{
	return s->again;
}

/* Words for a statement or a value that is wrong, whatever the disk: tomorrow they are the same. */
static bool
is_fault(int code)
{
	return code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH || code == SQLITE_TOOBIG ||
		code == SQLITE_ERROR;
}

/* `sql`: whose step it was. */
static void
fail_on(struct store *s, sqlite3 *db, const char *sql)
{
	int code = sqlite3_errcode(db) & 0xff;

	if (s->failed)
		return;
	s->failed = true;
	s->met_damage = store_is_damage(code);
	s->met_fault = is_fault(code);
	if (s->met_damage)
		meet_damage(s, sql);
	/* The log's index is a file, too; SQLite calls its lack of room an I/O error. */
	s->full = code == SQLITE_FULL || (code == SQLITE_IOERR && sqlite3_system_errno(db) == ENOSPC);
	s->held = code == SQLITE_BUSY;
	snprintf(s->reason, sizeof(s->reason), "%s", sqlite3_errmsg(db));
}

bool
store_failed(const struct store *s)
{
	return s->failed;
}

/* Statements live as long as the connection; finding one is a hash of the literal's address.  One
 * that is being walked is left alone: who asks the same from inside gets another. */
static const struct statement *
statement(struct store *s, struct connection *c, const char *sql)
{
	size_t slot = ((uintptr_t)sql >> 3) * 2654435761u % STATEMENT_SLOTS;

	for (size_t i = 0; i < STATEMENT_SLOTS; i++, slot = (slot + 1) % STATEMENT_SLOTS) {
		if (c->slots[slot].sql == sql && !sqlite3_stmt_busy(c->slots[slot].stmt))
			return &c->slots[slot];
		if (c->slots[slot].sql)
			continue;
		if (sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
				       &c->slots[slot].stmt, NULL) != SQLITE_OK) {
			fail_on(s, c->db, sql);
			return NULL;
		}
		c->slots[slot].sql = sql;
		c->slots[slot].lists = !sqlite3_stmt_readonly(c->slots[slot].stmt) &&
			store_tables_in(sql) & TABLES_LISTS;
		return &c->slots[slot];
	}
	assert(!"statement table full");
	return NULL;
}

/* The connection that a query is read on.  Beside the main one it sees what was committed last: a
 * little old is better than nothing. */
static struct connection *
connection_for(struct store *s, const char *sql)
{
	table_set tables;

	if (!s->careful)
		return &s->main;
	tables = store_tables_in(sql);
	if (!s->lenient && (tables & ~TABLES_IN_PART || !(tables & store_damaged(s))))
		return &s->main;
	if (!s->beside) {
		s->beside = xcalloc(1, sizeof(*s->beside));
		if (sqlite3_open_v2(s->path, &s->beside->db, SQLITE_OPEN_READONLY |
				    SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
		    sqlite3_exec(s->beside->db, "PRAGMA query_only = 1; PRAGMA busy_timeout = 1000;"
				 "PRAGMA cache_size = -4096", NULL, NULL, NULL) != SQLITE_OK)
			fail_on(s, s->beside->db, "");
	}
	return s->beside;
}

static void
connection_close(struct connection *c)
{
	for (size_t i = 0; c && i < STATEMENT_SLOTS; i++)
		sqlite3_finalize(c->slots[i].stmt);
	if (c)
		sqlite3_close(c->db);
}

static void
bind_all(sqlite3_stmt *st, const char *types, va_list args)
{
	const void *bytes;

	for (int i = 1; *types; types++, i++) {
		switch (*types) {
		case 'i':
			sqlite3_bind_int64(st, i, va_arg(args, int64_t));
			break;
		case 'n': {
			msec at = va_arg(args, msec);

			if (at == NEVER || at == 0)
				sqlite3_bind_null(st, i);
			else
				sqlite3_bind_int64(st, i, at);
			break;
		}
		case 'd':
			sqlite3_bind_double(st, i, va_arg(args, double));
			break;
		case 't':
			sqlite3_bind_text(st, i, va_arg(args, const char *), -1, SQLITE_STATIC);
			break;
		case 'b':
			sqlite3_bind_blob(st, i, va_arg(args, const void *), 32, SQLITE_STATIC);
			break;
		case 'B':
			bytes = va_arg(args, const void *);
			sqlite3_bind_blob64(st, i, bytes, va_arg(args, size_t), SQLITE_STATIC);
			break;
		default:
			assert(!"unknown binding");
		}
	}
}

sqlite3_stmt *
store_query(struct store *s, const char *sql, const char *types, ...)
{
	const struct statement *found = s->failed ? NULL : statement(s, connection_for(s, sql), sql);
	sqlite3_stmt *st = found ? found->stmt : NULL;

	if (st) {
		va_list args;

		s->statements++;
		va_start(args, types);
		bind_all(st, types, args);
		va_end(args);
	}
	return st;
}

/* The list ends here, but not in silence. */
static void
end_early(struct store *s, sqlite3_stmt *st, int rc)
{
	const char *sql = sqlite3_sql(st);

	s->cut = store_is_damage(rc) && sqlite3_db_handle(st) != s->main.db;
	if (s->cut) {
		s->suspects |= store_tables_in(sql);
		note_damage(s, store_tables_in(sql), sqlite3_errmsg(s->beside->db));
	} else {
		fail_on(s, sqlite3_db_handle(st), sql);
	}
}

bool
store_step(struct store *s, sqlite3_stmt *st)
{
	int rc;

	if (!st)
		return false;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		return true;
	s->cut = false;
	if (rc != SQLITE_DONE)
		end_early(s, st, rc);
	sqlite3_reset(st);
	return false;
}

void
store_done(sqlite3_stmt *st)
{
	if (st)
		sqlite3_reset(st);
}

bool
store_any(struct store *s, sqlite3_stmt *st)
{
	bool any = store_step(s, st);

	store_done(st);
	return any;
}

msec
store_instant(struct store *s, sqlite3_stmt *st)
{
	msec at = NEVER;

	if (store_step(s, st)) {
		at = column_msec(st, 0);
		store_done(st);
	}
	return at;
}

static bool
is_lost_record(const struct store *s, const char *sql)
{
	return strncmp(sql, "INSERT INTO ", 12) == 0 &&
		!(store_tables_in(sql) & ~s->unwritable);
}

int
store_run(struct store *s, const char *sql, const char *types, ...)
{
	const struct statement *found = s->failed ? NULL : statement(s, &s->main, sql);
	sqlite3_stmt *st = found ? found->stmt : NULL;
	va_list args;
	int rc;

	if (!st)
		return -1;
	s->statements++;
	s->lists_changed |= found->lists;
	if (s->unwritable && is_lost_record(s, sql))
		return 0;
	va_start(args, types);
	bind_all(st, types, args);
	va_end(args);
	rc = sqlite3_step(st);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		fail_on(s, s->main.db, sql);
	sqlite3_reset(st);
	return s->failed ? -1 : sqlite3_changes(s->main.db);
}

int64_t
store_last_id(struct store *s)
{
	return sqlite3_last_insert_rowid(s->main.db);
}

/* A list that was left in the middle would hold the log open, and be read on by nobody. */
static bool
is_walking(const struct store *s)
{
	for (size_t i = 0; i < STATEMENT_SLOTS; i++)
		if (s->main.slots[i].stmt && sqlite3_stmt_busy(s->main.slots[i].stmt))
			return true;
	return false;
}

void
store_begin(struct store *s)
{
	s->failed = s->full = s->held = s->again = s->met_damage = s->met_fault = false;
	s->have_person = s->lists_changed = false;
	hand_turn();
	store_run(s, "BEGIN IMMEDIATE", "");
	s->changes_before = sqlite3_total_changes(s->main.db);
}

unsigned long
store_statements(const struct store *s)
{
	return s->statements;
}

void
store_writes_lists(struct store *s, bool on)
{
	if (on != s->writes_lists)
		sqlite3_wal_autocheckpoint(s->main.db, on ? CHECKPOINT_OFTEN : CHECKPOINT_PAGES);
	s->writes_lists = on;
}

int
store_changes(const struct store *s)
{
	return sqlite3_total_changes(s->main.db);
}

unsigned long
store_steps(const struct store *s)
{
	unsigned long steps = 0;

	for (size_t i = 0; i < STATEMENT_SLOTS; i++)
		if (s->main.slots[i].stmt)
			steps += (unsigned long)sqlite3_stmt_status(s->main.slots[i].stmt,
								    SQLITE_STMTSTATUS_VM_STEP, 0);
	return steps;
}

bool
store_changed(const struct store *s)
{
	return sqlite3_total_changes(s->main.db) != s->changes_before;
}

int
store_commit(struct store *s, struct err *err)
{
	assert(s->failed || !is_walking(s));
	if (!s->failed && s->lists_changed)
		store_meta_set(s, "lists_generation", store_lists_generation(s));
	if (!s->failed)
		store_run(s, "COMMIT", "");
	if (!s->failed)
		return 0;
	/* A failing COMMIT has usually rolled back already; asking twice would be an error. */
	if (!sqlite3_get_autocommit(s->main.db))
		sqlite3_exec(s->main.db, "ROLLBACK", NULL, NULL, NULL);
	s->have_audit_hash = false;
	if (s->full)
		return err_say(err, REFUSED_FULL, about(CONCEPT_NONE), store_failed_full, s->reason);
	if (s->held)
		return err_say(err, REFUSED_BUSY, about(CONCEPT_NONE), store_failed_busy, s->reason);
	return err_say(err, REFUSED_BUSY, about(CONCEPT_NONE), store_failed, s->reason);
}

void
store_mark(struct store *s)
{
	store_run(s, "SAVEPOINT command", "");
}

void
store_keep(struct store *s)
{
	store_run(s, "RELEASE command", "");
}

void
store_undo(struct store *s)
{
	assert(s->failed || !is_walking(s));
	store_run(s, "ROLLBACK TO command", "");
	store_run(s, "RELEASE command", "");
	s->have_audit_hash = s->have_person = false;
}

int64_t
store_meta_get(struct store *s, const char *name, int64_t otherwise)
{
	sqlite3_stmt *st = store_query(s, "SELECT value FROM meta WHERE name = ?", "t", name);

	if (store_step(s, st)) {
		otherwise = sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return otherwise;
}

void
store_meta_set(struct store *s, const char *name, int64_t value)
{
	store_run(s, "INSERT INTO meta VALUES (?, ?) "
		  "ON CONFLICT (name) DO UPDATE SET value = excluded.value", "ti", name, value);
}

int64_t
store_lists_generation(struct store *s)
{
	return store_meta_get(s, "lists_generation", 0) + s->lists_changed;
}

void
store_explain(struct store *s, explain_fn fn, void *ctx)
{
	for (size_t i = 0; i < STATEMENT_SLOTS; i++) {
		sqlite3_stmt *st = NULL;
		struct buf sql = { 0 };

		if (!s->main.slots[i].sql)
			continue;
		buf_printf(&sql, "EXPLAIN QUERY PLAN %s", s->main.slots[i].sql);
		if (sqlite3_prepare_v2(s->main.db, sql.data, -1, &st, NULL) == SQLITE_OK)
			while (sqlite3_step(st) == SQLITE_ROW)
				fn(ctx, s->main.slots[i].sql, (const char *)sqlite3_column_text(st, 3));
		sqlite3_finalize(st);
		buf_fini(&sql);
	}
}

static msec
monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
single_int(sqlite3 *db, const char *sql, int otherwise)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		otherwise = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return otherwise;
}

/* migrations[v] leads from version v to v + 1; a new file starts from schema.sql, which is always
 * that of SCHEMA_VERSION. */
static const char *const migrations[SCHEMA_VERSION] = {
	NULL, "ALTER TABLE variant ADD COLUMN template TEXT",
	"CREATE INDEX receipt_early_at ON receipt_early (route, at)",
	"ALTER TABLE route ADD COLUMN down_since INTEGER;"
	"ALTER TABLE route ADD COLUMN losses INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE route ADD COLUMN restless_until INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE route ADD COLUMN alarms_until INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE route_alarm ADD COLUMN ends_at INTEGER;"
	"CREATE TABLE route_alarm_told (route INTEGER NOT NULL, own INTEGER NOT NULL, "
	"name TEXT NOT NULL, times INTEGER NOT NULL, told_at INTEGER, over_at INTEGER, "
	"PRIMARY KEY (route, own, name)) STRICT, WITHOUT ROWID",
	"CREATE INDEX wave_of ON wave (alert, id) WHERE kind <> 4;"
	"CREATE INDEX answer_of ON answer (alert, contact);"
	"CREATE TABLE told (block INTEGER NOT NULL, wave INTEGER NOT NULL, who INTEGER NOT NULL, "
	"PRIMARY KEY (block, wave)) STRICT, WITHOUT ROWID",
	"ALTER TABLE task ADD COLUMN text_phrase TEXT; ALTER TABLE task ADD COLUMN text_values TEXT;"
	"ALTER TABLE task ADD COLUMN note_phrase TEXT; ALTER TABLE task ADD COLUMN note_values TEXT;"
	"ALTER TABLE route_alarm ADD COLUMN text_phrase TEXT;"
	"ALTER TABLE route_alarm ADD COLUMN text_values TEXT;"
	"ALTER TABLE attempt ADD COLUMN reason_said TEXT",
	"ALTER TABLE target ADD COLUMN moved_to INTEGER;"
	"ALTER TABLE wave ADD COLUMN segments INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE route ADD COLUMN speed REAL; ALTER TABLE route ADD COLUMN pace REAL;"
	"CREATE INDEX alert_replaces ON alert (replaces) WHERE replaces IS NOT NULL;"
	"ALTER TABLE target ADD COLUMN nobody INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE target ADD COLUMN rose INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE catch_up (alert INTEGER NOT NULL, target INTEGER NOT NULL, "
	"steps INTEGER NOT NULL, taken_at INTEGER, PRIMARY KEY (alert, target)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX catch_up_due ON catch_up (alert) WHERE steps <> 0;"
	"CREATE TABLE standing (alert INTEGER NOT NULL, target INTEGER NOT NULL, "
	"contact INTEGER NOT NULL, level INTEGER NOT NULL, at INTEGER NOT NULL, "
	"PRIMARY KEY (alert, target, contact)) STRICT, WITHOUT ROWID;"
	/* What people have said since they last could not; else the target's own row is believed. */
	"INSERT INTO standing SELECT a.alert, c.target, a.contact, max(a.level), max(a.at) FROM answer a "
	"JOIN called c ON c.contact = a.contact AND c.alert = a.alert WHERE a.level > 0 AND a.helper = 0 "
	"AND a.alert IN (SELECT id FROM alert WHERE state IN (1, 2, 3)) AND a.id > coalesce((SELECT "
	"max(b.id) FROM answer b WHERE b.alert = a.alert AND b.contact = a.contact AND b.kind = 5), 0) "
	"GROUP BY a.alert, c.target, a.contact;"
	"INSERT INTO standing SELECT t.alert, t.id, coalesce(t.by_contact, 0), t.level, "
	"coalesce(t.level_at, 0) FROM target t WHERE t.level > coalesce((SELECT max(s.level) FROM "
	"standing s WHERE s.alert = t.alert AND s.target = t.id), 0) AND t.alert IN (SELECT id FROM alert "
	"WHERE state IN (1, 2, 3)) ON CONFLICT (alert, target, contact) DO UPDATE SET "
	"level = excluded.level;"
	"ALTER TABLE variant ADD COLUMN places TEXT; ALTER TABLE variant ADD COLUMN code TEXT;"
	"ALTER TABLE answer ADD COLUMN wave INTEGER; ALTER TABLE answer ADD COLUMN minutes INTEGER;"
	"ALTER TABLE inbound ADD COLUMN meaning TEXT; ALTER TABLE inbound ADD COLUMN level INTEGER;"
	"ALTER TABLE inbound ADD COLUMN rule TEXT; ALTER TABLE inbound ADD COLUMN task INTEGER;"
	"ALTER TABLE inbound ADD COLUMN wait_until INTEGER;"
	"ALTER TABLE inbound ADD COLUMN decided_by TEXT;"
	"ALTER TABLE inbound ADD COLUMN decided_at INTEGER; ALTER TABLE inbound ADD COLUMN note TEXT;"
	"ALTER TABLE inbound ADD COLUMN answered_by TEXT;"
	"ALTER TABLE inbound ADD COLUMN answered_at INTEGER;"
	"CREATE INDEX inbound_waits ON inbound (wait_until) WHERE wait_until IS NOT NULL;"
	"CREATE INDEX inbound_of ON inbound (contact, id) WHERE contact IS NOT NULL;"
	"ALTER TABLE task ADD COLUMN taken_by TEXT; ALTER TABLE task ADD COLUMN taken_at INTEGER;"
	"ALTER TABLE task ADD COLUMN grown_at INTEGER; ALTER TABLE task ADD COLUMN e164 INTEGER;"
	"ALTER TABLE task ADD COLUMN urgency INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE task ADD COLUMN count INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE task ADD COLUMN places TEXT; ALTER TABLE task ADD COLUMN words TEXT;"
	"ALTER TABLE task ADD COLUMN notes TEXT;"
	"CREATE INDEX task_of ON task (alert, kind) WHERE closed_at IS NULL",
	"ALTER TABLE attempt ADD COLUMN parts_of INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE attempt ADD COLUMN parts_delivered INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE attempt ADD COLUMN parts_failed INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE receipt_key ADD COLUMN part INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE receipt_key ADD COLUMN of INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE receipt_early RENAME TO receipt_early_7; DROP INDEX receipt_early_at;"
	"CREATE TABLE receipt_early (route INTEGER NOT NULL, ref TEXT NOT NULL, e164 INTEGER NOT NULL, "
	"part INTEGER NOT NULL, part_ref TEXT NOT NULL, of INTEGER NOT NULL, "
	"delivered INTEGER NOT NULL, at INTEGER NOT NULL, "
	"PRIMARY KEY (route, ref, e164, part, part_ref)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX receipt_early_at ON receipt_early (route, at);"
	"INSERT INTO receipt_early SELECT route, ref, e164, 0, '', 0, delivered, at FROM receipt_early_7;"
	"DROP TABLE receipt_early_7",
	"ALTER TABLE contact ADD COLUMN lang_said INTEGER NOT NULL DEFAULT 1;"
	"CREATE TABLE reached (e164 INTEGER PRIMARY KEY, good_at INTEGER, bad_at INTEGER) STRICT;"
	"CREATE INDEX reached_bad ON reached (e164) WHERE bad_at IS NOT NULL;"
	/* Of what networks reported the last million attempts: a start is no place for three years. */
	"INSERT INTO reached (e164, good_at) SELECT e164, max(at) FROM (SELECT e164, received_at AS at "
	"FROM inbound UNION ALL SELECT e164, receipt_at FROM (SELECT e164, receipt, receipt_at FROM attempt "
	"ORDER BY wave DESC, contact DESC, n DESC LIMIT 1000000) WHERE receipt = 1) WHERE e164 IN (SELECT "
	"e164 FROM number) AND at > 0 GROUP BY e164;"
	"ALTER TABLE division ADD COLUMN version INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE contact ADD COLUMN opt_out_at INTEGER; ALTER TABLE contact ADD COLUMN opt_out_text TEXT;"
	"ALTER TABLE contact ADD COLUMN version INTEGER NOT NULL DEFAULT 1;"
	"UPDATE contact SET opt_out_at = (SELECT max(received_at) FROM inbound i WHERE i.contact = contact.id "
	"AND i.meaning = 'opt_out') WHERE opt_out = 1;"
	"UPDATE contact SET opt_out_text = (SELECT text FROM inbound i WHERE i.contact = contact.id "
	"AND i.meaning = 'opt_out' ORDER BY i.id DESC LIMIT 1) WHERE opt_out = 1;"
	"CREATE TABLE post_off (contact INTEGER NOT NULL, role INTEGER NOT NULL, division INTEGER NOT NULL, "
	"ord INTEGER NOT NULL, PRIMARY KEY (contact, role, division, ord)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE staged (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, stage INTEGER NOT NULL, "
	"gone INTEGER NOT NULL DEFAULT 0, by_kind INTEGER NOT NULL, by_name TEXT NOT NULL, "
	"generation INTEGER NOT NULL, within INTEGER NOT NULL, replace INTEGER NOT NULL DEFAULT 0, "
	"confirmed INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL, expires_at INTEGER NOT NULL, "
	"rows INTEGER NOT NULL, added INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL DEFAULT 0, "
	"unchanged INTEGER NOT NULL DEFAULT 0, missing INTEGER NOT NULL DEFAULT 0, "
	"inside INTEGER NOT NULL DEFAULT 0, cursor INTEGER NOT NULL DEFAULT 0, "
	"touched INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0, "
	"deactivated INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0, lost_at TEXT) STRICT;"
	"CREATE TABLE staged_row (import INTEGER NOT NULL, change INTEGER NOT NULL, seq INTEGER NOT NULL, "
	"key TEXT NOT NULL, line INTEGER NOT NULL, was INTEGER NOT NULL, old TEXT, new TEXT, "
	"PRIMARY KEY (import, change, seq)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
	"CREATE TABLE tagged (tag INTEGER NOT NULL, contact INTEGER NOT NULL, PRIMARY KEY (tag, contact)) STRICT, "
	"WITHOUT ROWID; CREATE INDEX tagged_contact ON tagged (contact);"
	"CREATE TABLE alert_tagged (alert INTEGER NOT NULL, contact INTEGER NOT NULL, "
	"PRIMARY KEY (alert, contact)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE source ( id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, heard_at INTEGER "
	"NOT NULL, silent_since INTEGER, told_at INTEGER, task INTEGER, notice INTEGER ) STRICT;"
	"CREATE TABLE signal ( id INTEGER PRIMARY KEY, source INTEGER NOT NULL, ref TEXT NOT NULL, "
	"act INTEGER NOT NULL, made INTEGER NOT NULL, digest BLOB NOT NULL, kind TEXT, severity "
	"INTEGER, state INTEGER NOT NULL, reason TEXT, reason_phrase TEXT, reason_values TEXT, rule "
	"TEXT, rule_sha256 BLOB, alert INTEGER, task INTEGER, at INTEGER NOT NULL, dated INTEGER NOT "
	"NULL, received_at INTEGER NOT NULL, last_at INTEGER NOT NULL, repeats INTEGER NOT NULL "
	"DEFAULT 0, due_at INTEGER, outcome BLOB, body TEXT NOT NULL, raw BLOB ) STRICT;"
	"CREATE INDEX signal_of ON signal (source, ref, id);"
	"CREATE INDEX signal_due ON signal (due_at) WHERE due_at IS NOT NULL;"
	"CREATE INDEX signal_rule ON signal (rule, received_at) WHERE rule IS NOT NULL;"
	"CREATE INDEX signal_last ON signal (last_at);"
	"CREATE TABLE signal_raw ( source INTEGER NOT NULL, sha256 BLOB NOT NULL, at INTEGER NOT "
	"NULL, size INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (source, sha256) ) STRICT;"
	"CREATE INDEX signal_raw_at ON signal_raw (at);"
	"CREATE TABLE signal_watch ( source INTEGER NOT NULL, rule TEXT NOT NULL, by_labels TEXT NOT "
	"NULL, signal INTEGER NOT NULL, sha256 BLOB NOT NULL, since_at INTEGER NOT NULL, last_at "
	"INTEGER NOT NULL, fired INTEGER NOT NULL, PRIMARY KEY (source, rule, by_labels) ) STRICT, "
	"WITHOUT ROWID;"
	"CREATE TABLE signal_cover ( grp TEXT NOT NULL, by_labels TEXT NOT NULL, division INTEGER NOT "
	"NULL, source INTEGER NOT NULL, ref TEXT NOT NULL, severity INTEGER NOT NULL, until_at "
	"INTEGER NOT NULL, PRIMARY KEY (grp, by_labels, division, source, ref) ) STRICT, WITHOUT "
	"ROWID;"
	"CREATE INDEX signal_cover_of ON signal_cover (source, ref)",
	/* 9 to 10: how long nobody could hear a source; what keeps an alert from calling. */
	"ALTER TABLE source ADD COLUMN shut_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE alert ADD COLUMN holds INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE alert ADD COLUMN held_at INTEGER;"
	"CREATE TABLE lost_key (key TEXT PRIMARY KEY, alert INTEGER NOT NULL, code TEXT NOT NULL, "
	"at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"ALTER TABLE source ADD COLUMN keep TEXT;"
	/* What goes out again over HTTP. */
	"CREATE TABLE outbox (id INTEGER PRIMARY KEY, source INTEGER NOT NULL, alert INTEGER NOT NULL, "
	"at INTEGER NOT NULL, due_at INTEGER, boot INTEGER, tries INTEGER NOT NULL DEFAULT 0, "
	"is_post INTEGER NOT NULL, is_signed INTEGER NOT NULL, url TEXT NOT NULL, type TEXT, body TEXT) STRICT;"
	"CREATE INDEX outbox_of ON outbox (source, alert, id);"
	"CREATE INDEX outbox_due ON outbox (source, due_at) WHERE due_at IS NOT NULL;"
	"CREATE INDEX outbox_out ON outbox (boot, source) WHERE boot IS NOT NULL;"
	"CREATE INDEX outbox_at ON outbox (at);"
	"CREATE TABLE dlr (signal INTEGER PRIMARY KEY, source INTEGER NOT NULL, alert INTEGER, "
	"mask INTEGER NOT NULL, url TEXT NOT NULL, until_at INTEGER NOT NULL) STRICT;"
	"CREATE INDEX dlr_alert ON dlr (alert) WHERE alert IS NOT NULL;"
	"CREATE INDEX dlr_until ON dlr (until_at);"
	"CREATE INDEX signal_alert ON signal (alert) WHERE alert IS NOT NULL;"
	"ALTER TABLE source ADD COLUMN state TEXT; ALTER TABLE source ADD COLUMN state_at INTEGER;"
	"CREATE TABLE source_alarm (source INTEGER NOT NULL, name TEXT NOT NULL, since INTEGER, "
	"told_at INTEGER, task INTEGER NOT NULL, notice INTEGER NOT NULL, text TEXT NOT NULL, text_phrase TEXT, "
	"text_values TEXT, PRIMARY KEY (source, name)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE shape (division INTEGER PRIMARY KEY, area TEXT, seat TEXT) STRICT",
};

static int
run_script(sqlite3 *db, const char *script, int version)
{
	char mark[160];

	snprintf(mark, sizeof(mark), "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		 STORE_APPLICATION, version);
	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(db, script, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(db, mark, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return -1;
}

/* Only what SQLite calls damage is damage: the last backup is no remedy for a full disk. */
static int
open_trouble(struct store *s, const char *path, struct err *err)
{
	int code = sqlite3_errcode(s->main.db) & 0xff;
	const char *why = sqlite3_errmsg(s->main.db);

	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		return err_set(err, "%s is damaged or no gong store (%s): put the last backup in its place "
			       "(gongd --restore FILE)", path, why);
	if (code == SQLITE_FULL || sqlite3_system_errno(s->main.db) == ENOSPC)
		return err_set(err, "cannot write %s: %s; free some space", path, why);
	if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		return err_set(err, "another program holds %s (%s); end it", path, why);
	return err_set(err, "cannot use %s: %s; may gong write it and its folder, and is the disk "
		       "sound?", path, why);
}

int
store_schema(void)
{
	return SCHEMA_VERSION;
}

static int
too_new(const char *path, int version, struct err *err)
{
	char *copy = store_copy_newest(path, SCHEMA_VERSION);
	int rc = copy ? err_set(err, "%s was written by a newer gong (schema %d, this one knows %d): install "
				"that version, or go back to the copy made before the upgrade: gongd "
				"--restore %s; it lacks what came since", path, version,
				SCHEMA_VERSION, copy)
		: err_set(err, "%s was written by a newer gong (schema %d, this one knows %d), and beside it "
			  "lies no copy that this one can read: install that version", path, version,
			  SCHEMA_VERSION);

	free(copy);
	return rc;
}

static int
on_news(void *ctx)
{
	const struct store_news *news = ctx;

	news->busy(news->ctx);
	return 0;
}

/* A copy first; then step by step, each one transaction.  If the first step fails the copy has nothing
 * that the store lacks. */
static int
upgrade(struct store *s, const char *path, int version, const struct store_news *news, struct err *err)
{
	int from = version, rc;
	char *copy = NULL;

	if (news && news->is_copy)
		news = NULL;
	else if (store_copy(s->main.db, path, version, &copy, news ? news->busy : NULL, news ? news->ctx : NULL, err) < 0)
		return -1;
	rc = 0;
	if (news) {
		news->upgrade(news->ctx, version, SCHEMA_VERSION, copy);
		sqlite3_progress_handler(s->main.db, STEPS_BETWEEN_NEWS, on_news, (void *)news);
	}
	for (; version < SCHEMA_VERSION && rc == 0; version++)
		if (!migrations[version] || run_script(s->main.db, migrations[version], version + 1) < 0)
			rc = err_set(err, "cannot bring %s from schema %d to %d: %s; that step changed "
				     "nothing", path, version, version + 1, sqlite3_errmsg(s->main.db));
	sqlite3_progress_handler(s->main.db, 0, NULL, NULL);
	if (rc < 0 && version == from + 1 && copy)
		unlink(copy);
	free(copy);
	return rc;
}

static int
migrate(struct store *s, const char *path, const struct store_news *news, struct err *err)
{
	int version = single_int(s->main.db, "PRAGMA user_version", -1);
	int tables = single_int(s->main.db, "SELECT count(*) FROM sqlite_schema", -1);
	bool ours = single_int(s->main.db, "PRAGMA application_id", 0) == STORE_APPLICATION;

	if (version < 0 || tables < 0)
		return open_trouble(s, path, err);
	if (tables && !ours)
		return err_set(err, "%s belongs to another program: give gong a state_dir of its own",
			       path);
	if (version > SCHEMA_VERSION)
		return too_new(path, version, err);
	if (!tables && run_script(s->main.db, schema_sql, SCHEMA_VERSION) < 0)
		return err_set(err, "cannot create %s: %s", path, sqlite3_errmsg(s->main.db));
	return tables && version < SCHEMA_VERSION ? upgrade(s, path, version, news, err) : 0;
}

struct start_check {
	struct store *store;
	msec until;			/* by the monotonic clock */
};

static bool
is_time_left(void *ctx)
{
	return monotonic_ms() < ((struct start_check *)ctx)->until;
}

static void
found_damaged(void *ctx, enum store_table table, const char *why)
{
	struct store *s = ((struct start_check *)ctx)->store;

	if (!s->damaged)
		snprintf(s->reason, sizeof(s->reason), "%s", why);
	s->damaged |= TABLE_BIT(table);
}

/* What everything else hangs on is read whole at every start, what people and alerts depend on as
 * far as a second goes; the rest is read in the background (daemon/watch.c). */
static int
check_damage(struct store *s, const char *path, struct err *err)
{
	struct start_check check = { .store = s, .until = NEVER };
	char tables[200];

	store_check_tables(s->main.db, TABLES_VITAL, is_time_left, found_damaged, &check);
	store_tables_format(tables, sizeof(tables), s->damaged);
	if (s->damaged)
		return err_set(err, "%s is damaged (%s: %.200s): put the last backup in its place (gongd "
			       "--restore FILE)", path, tables,
			       s->reason);
	check.until = monotonic_ms() + CHECK_MS;
	store_check_tables(s->main.db, TABLES_ALL & ~TABLES_VITAL & ~TABLES_LATER, is_time_left,
			   found_damaged, &check);
	return 0;
}

/* Before SQLite's first use: its memory statistics cost a mutex at every allocation, and a
 * lookaside too small for the statements of one turn sends them to malloc. */
static void
tune_sqlite(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 1200, 500);
}

int
store_open(struct store **out, const char *path, struct err *err)
{
	return store_open_heard(out, path, NULL, err);
}

int
store_open_heard(struct store **out, const char *path, const struct store_news *news, struct err *err)
{
	struct store *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (!s)
		return err_set(err, "out of memory");
	tune_sqlite();
	s->path = xstrdup(path);
	if (sqlite3_open_v2(path, &s->main.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
			    SQLITE_OPEN_NOMUTEX, store_vfs()) != SQLITE_OK) {
		err_set(err, "cannot open %s: %s; does its directory exist and belong to gong?",
			path, sqlite3_errmsg(s->main.db));
		goto fail;
	}
	if (sqlite3_exec(s->main.db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			 "PRAGMA journal_size_limit = 67108864;"
			 "PRAGMA cache_size = -65536; PRAGMA temp_store = memory;"
			 "PRAGMA busy_timeout = 5000", NULL, NULL, NULL) != SQLITE_OK) {
		open_trouble(s, path, err);
		goto fail;
	}
	sqlite3_wal_autocheckpoint(s->main.db, CHECKPOINT_PAGES);
	if (migrate(s, path, news, err) < 0 || check_damage(s, path, err) < 0)
		goto fail;
	store_indices_anew(s, s->damaged);
	*out = s;
	return 0;
fail:
	store_close(s);
	return -1;
}

void
store_close(struct store *s)
{
	if (!s)
		return;
	connection_close(s->beside);
	connection_close(&s->main);
	free(s->beside);
	free(s->path);
	free(s->alert_body);
	free(s);
}
