/* messages.c -- waves, texts, messages and their attempts: the rows there are millions of. */
#include "daemon/store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/audience.h"
#include "core/buf.h"
#include "core/message_state.h"

#define WAVE_COLUMNS "id, alert, step, position, channel, kind, state, severity, drill, template, " \
	"below, expires_at, planned_at, cursor, total, segments, sending, sent, delivered, failed, " \
	"expired, withdrawn, uncertain"

uint32_t
store_wave_insert(struct store *s, const struct wave *w)
{
	store_run(s, "INSERT INTO wave (id, alert, step, position, channel, kind, state, severity, drill, "
		  "template, below, expires_at, planned_at, total) "
		  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "niiiiiiiiiiiii", (msec)w->id,
		  w->alert,
		  (int64_t)w->step, (int64_t)w->position, (int64_t)w->channel, (int64_t)w->kind,
		  (int64_t)w->state, (int64_t)w->severity, (int64_t)w->drill, w->template,
		  (int64_t)w->below, w->expires_at, w->planned_at, (int64_t)w->total);
	return (uint32_t)store_last_id(s);
}

#define SET_COUNTS "UPDATE wave SET cursor = ?, total = ?, segments = ?, sending = ?, sent = ?, delivered = ?, " \
	"failed = ?, expired = ?, withdrawn = ?, uncertain = ?"
#define COUNTS(w) (int64_t)(w)->cursor, (int64_t)(w)->total, (int64_t)(w)->segments, \
	(int64_t)(w)->count[MESSAGE_SENDING], \
	(int64_t)(w)->count[MESSAGE_SENT], (int64_t)(w)->count[MESSAGE_DELIVERED], \
	(int64_t)(w)->count[MESSAGE_FAILED], (int64_t)(w)->count[MESSAGE_EXPIRED], \
	(int64_t)(w)->count[MESSAGE_WITHDRAWN], (int64_t)(w)->count[MESSAGE_UNCERTAIN]

/* An index hangs on the state: left alone, it is not written. */
void
store_wave_update(struct store *s, const struct wave *w, bool new_state)
{
	if (new_state)
		store_run(s, SET_COUNTS ", state = ? WHERE id = ?", "iiiiiiiiiiii", COUNTS(w),
			  (int64_t)w->state, (int64_t)w->id);
	else
		store_run(s, SET_COUNTS " WHERE id = ?", "iiiiiiiiiii", COUNTS(w), (int64_t)w->id);
}

static void
wave_row(sqlite3_stmt *st, struct wave *w)
{
	int c = 0;

	*w = (struct wave){ .id = (uint32_t)sqlite3_column_int64(st, c++) };
	w->alert = sqlite3_column_int64(st, c++);
	w->step = sqlite3_column_int(st, c++);
	w->position = (unsigned)sqlite3_column_int(st, c++);
	w->channel = (enum channel)sqlite3_column_int(st, c++);
	w->kind = (enum wave_kind)sqlite3_column_int(st, c++);
	w->state = (enum wave_state)sqlite3_column_int(st, c++);
	w->severity = (enum severity)sqlite3_column_int(st, c++);
	w->drill = sqlite3_column_int(st, c++);
	w->template = sqlite3_column_int64(st, c++);
	w->below = sqlite3_column_int(st, c++);
	w->expires_at = sqlite3_column_int64(st, c++);
	w->planned_at = sqlite3_column_int64(st, c++);
	w->cursor = (uint32_t)sqlite3_column_int64(st, c++);
	w->total = (unsigned long)sqlite3_column_int64(st, c++);
	w->segments = (unsigned long)sqlite3_column_int64(st, c++);
	for (int state = MESSAGE_SENDING; state <= MESSAGE_UNCERTAIN; state++)
		w->count[state] = (unsigned long)sqlite3_column_int64(st, c++);
}

bool
store_wave_get(struct store *s, uint32_t id, struct wave *w)
{
	sqlite3_stmt *st = store_query(s, "SELECT " WAVE_COLUMNS " FROM wave WHERE id = ?", "i",
				       (int64_t)id);

	if (!store_step(s, st))
		return false;
	wave_row(st, w);
	store_done(st);
	return true;
}

/* Read whole before the first is handed on: what is done with one may ask for waves again. */
static void
each_wave(struct store *s, sqlite3_stmt *st, wave_fn fn, void *ctx)
{
	struct wave *waves = NULL;
	size_t count = 0, cap = 0;

	while (store_step(s, st)) {
		if (count == cap) {
			cap = cap ? cap * 2 : 16;
			waves = xrealloc(waves, cap * sizeof(*waves));
		}
		wave_row(st, &waves[count++]);
	}
	for (size_t i = 0; i < count; i++)
		fn(ctx, &waves[i]);
	free(waves);
}

/* One by one, by the ids that the index of open waves has: a damaged page hides its own only. */
static void
waves_open_carefully(struct store *s, wave_fn fn, wave_lost_fn lost, void *ctx)
{
	struct id_set ids = { 0 };
	bool lenient = s->lenient;
	sqlite3_stmt *st;

	s->lenient = true;
	st = store_query(s, "SELECT id FROM wave WHERE state IN (0, 1) ORDER BY id", "");
	while (store_step(s, st))
		id_set_add(&ids, (uint32_t)sqlite3_column_int64(st, 0));
	for (size_t i = 0; i < ids.count; i++) {
		struct wave w;

		s->lenient = true;
		if (store_wave_get(s, ids.ids[i], &w)) {
			s->lenient = lenient;
			fn(ctx, &w);
		} else if (s->cut) {
			s->lenient = lenient;
			lost(ctx, ids.ids[i]);
		}
	}
	s->lenient = lenient;
	id_set_fini(&ids);
}

void
store_waves_open(struct store *s, wave_fn fn, wave_lost_fn lost, void *ctx)
{
	if (store_is_careful(s)) {
		waves_open_carefully(s, fn, lost, ctx);
		return;
	}
	each_wave(s, store_query(s, "SELECT " WAVE_COLUMNS " FROM wave WHERE state IN (0, 1) "
				 "ORDER BY id", ""), fn, ctx);
}

void
store_waves_of(struct store *s, int64_t alert, wave_fn fn, void *ctx)
{
	each_wave(s, store_query(s, "SELECT " WAVE_COLUMNS " FROM wave WHERE alert = ? AND kind <> 4 "
				 "ORDER BY id", "i", alert), fn, ctx);
}

uint32_t
store_wave_last_contact(struct store *s, uint32_t wave)
{
	sqlite3_stmt *st = store_query(s, "SELECT contact FROM message WHERE wave = ? "
				       "ORDER BY contact DESC LIMIT 1", "i", (int64_t)wave);
	uint32_t contact = 0;

	if (store_step(s, st)) {
		contact = (uint32_t)sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return contact;
}

void
store_message_insert(struct store *s, uint32_t wave, uint32_t contact, int64_t variant,
		     unsigned number, msec due)
{
	store_run(s, "INSERT INTO message (wave, contact, state, variant, number, due) "
		  "VALUES (?, ?, 0, ?, ?, ?)", "iiiin", (int64_t)wave, (int64_t)contact, variant,
		  (int64_t)number, due);
}

bool
store_message_exists(struct store *s, uint32_t wave, uint32_t contact)
{
	return store_any(s, store_query(s, "SELECT 1 FROM message WHERE wave = ? AND contact = ?",
				       "ii", (int64_t)wave, (int64_t)contact));
}

/* A message with the number it would go to (the first usable one from its position on), one text
 * for each channel. */
#define NUMBER(usable) "(SELECT e164 FROM number n WHERE n.contact = m.contact AND " \
	"n.pos >= m.number AND n." usable " ORDER BY pos LIMIT 1)"
#define MESSAGE_COLUMNS "m.wave, m.contact, m.state, m.variant, m.number, m.attempt, m.route, " \
	"m.due, m.reference, m.parts_done, m.kills, m.flags, m.at"

static void
message_row(sqlite3_stmt *st, struct message *m)
{
	int c = 0;

	*m = (struct message){ .wave = (uint32_t)sqlite3_column_int64(st, c++) };
	m->contact = (uint32_t)sqlite3_column_int64(st, c++);
	m->state = sqlite3_column_int(st, c++);
	m->variant = sqlite3_column_int64(st, c++);
	m->number = (unsigned)sqlite3_column_int(st, c++);
	m->attempt = (unsigned)sqlite3_column_int(st, c++);
	m->route = sqlite3_column_int64(st, c++);
	m->due = column_msec(st, c++);
	m->reference = (unsigned)sqlite3_column_int(st, c++);
	m->parts_done = (unsigned)sqlite3_column_int64(st, c++);
	m->kills = (unsigned)sqlite3_column_int(st, c++);
	m->flags = (unsigned)sqlite3_column_int(st, c++);
	m->at = sqlite3_column_int64(st, c++);
	m->e164 = (uint64_t)sqlite3_column_int64(st, c);
}

/* Rows that were read without their numbers. */
static size_t
with_numbers(struct store *s, struct message *rows, size_t count, enum channel channel)
{
	for (size_t i = 0; i < count; i++)
		rows[i].e164 = store_number_from(s, rows[i].contact, channel, rows[i].number);
	return count;
}

bool
store_message_get(struct store *s, uint32_t wave, uint32_t contact, enum channel channel,
		  struct message *m)
{
	bool apart = store_is_careful(s);
	sqlite3_stmt *st = store_query(s, apart
		? "SELECT " MESSAGE_COLUMNS ", 0 FROM message m WHERE m.wave = ? AND m.contact = ?"
		: channel == CHANNEL_VOICE
		? "SELECT " MESSAGE_COLUMNS ", " NUMBER("voice") " FROM message m "
		  "WHERE m.wave = ? AND m.contact = ?"
		: "SELECT " MESSAGE_COLUMNS ", " NUMBER("sms") " FROM message m "
		  "WHERE m.wave = ? AND m.contact = ?", "ii", (int64_t)wave, (int64_t)contact);

	if (!store_step(s, st))
		return false;
	message_row(st, m);
	store_done(st);
	if (apart)
		with_numbers(s, m, 1, channel);
	return true;
}

void
store_message_update(struct store *s, const struct message *m)
{
	store_run(s, "UPDATE message SET state = ?, number = ?, attempt = ?, route = ?, due = ?, "
		  "reference = ?, parts_done = ?, kills = ?, flags = ?, at = ? "
		  "WHERE wave = ? AND contact = ?", "iiiiniiiiiii", (int64_t)m->state,
		  (int64_t)m->number, (int64_t)m->attempt, m->route, m->due,
		  (int64_t)m->reference, (int64_t)m->parts_done, (int64_t)m->kills,
		  (int64_t)m->flags, m->at, (int64_t)m->wave, (int64_t)m->contact);
}

void
store_message_revise(struct store *s, uint32_t wave, uint32_t contact, int64_t variant)
{
	store_run(s, "UPDATE message SET variant = ?, parts_done = 0 WHERE wave = ? AND contact = ?", "iii",
		  variant, (int64_t)wave, (int64_t)contact);
}

static size_t
messages(struct store *s, sqlite3_stmt *st, struct message *out, size_t max)
{
	size_t count = 0;

	while (store_step(s, st))
		if (count < max)
			message_row(st, &out[count++]);
	return count;
}

size_t
store_messages_after(struct store *s, const struct wave *w, struct message *out, size_t max)
{
	if (store_is_careful(s))
		return with_numbers(s, out, messages(s, store_query(s, "SELECT " MESSAGE_COLUMNS
			", 0 FROM message m WHERE m.wave = ? AND m.contact > ? ORDER BY m.contact "
			"LIMIT ?", "iii", (int64_t)w->id, (int64_t)w->cursor, (int64_t)max), out,
			max), w->channel);
	return messages(s, store_query(s, w->channel == CHANNEL_VOICE
		? "SELECT " MESSAGE_COLUMNS ", " NUMBER("voice") " FROM message m "
		  "WHERE m.wave = ? AND m.contact > ? ORDER BY m.contact LIMIT ?"
		: "SELECT " MESSAGE_COLUMNS ", " NUMBER("sms") " FROM message m "
		  "WHERE m.wave = ? AND m.contact > ? ORDER BY m.contact LIMIT ?", "iii",
		(int64_t)w->id, (int64_t)w->cursor, (int64_t)max), out, max);
}

/* By its key a row is changed without the copy of pages that SQLite makes for a range of them, lest
 * the statement fail in the middle. */
#define CLAIM "UPDATE message SET state = 1, attempt = attempt + 1, route = ?, reference = ?, at = ? " \
	"WHERE wave = ? AND state = 0 AND "

void
store_messages_claim(struct store *s, uint32_t wave, uint32_t after, uint32_t last, size_t count,
		     int64_t route, unsigned reference, msec at)
{
	if (count == 1)
		store_run(s, CLAIM "contact = ?", "iiiii", route, (int64_t)reference, at,
			  (int64_t)wave, (int64_t)last);
	else
		store_run(s, CLAIM "contact > ? AND contact <= ?", "iiiiii", route,
			  (int64_t)reference, at, (int64_t)wave, (int64_t)after, (int64_t)last);
}

size_t
store_messages_due(struct store *s, const struct wave *w, msec now, int64_t avoid,
		   bool first, struct message *out, size_t max)
{
	if (store_is_careful(s))
		return with_numbers(s, out, messages(s, store_query(s, "SELECT " MESSAGE_COLUMNS
			", 0 FROM message m WHERE m.wave = ? AND m.due <= ? AND NOT (m.flags & 1 AND "
			"m.route = ?) AND NOT (m.flags & 8 AND ?) ORDER BY m.due LIMIT ?", "iiiii",
			(int64_t)w->id, now, avoid, (int64_t)first, (int64_t)max), out, max), w->channel);
	return messages(s, store_query(s, w->channel == CHANNEL_VOICE
		? "SELECT " MESSAGE_COLUMNS ", " NUMBER("voice") " FROM message m WHERE m.wave = ? "
		  "AND m.due <= ? AND NOT (m.flags & 1 AND m.route = ?) AND NOT (m.flags & 8 AND ?) "
		  "ORDER BY m.due LIMIT ?"
		: "SELECT " MESSAGE_COLUMNS ", " NUMBER("sms") " FROM message m WHERE m.wave = ? "
		  "AND m.due <= ? AND NOT (m.flags & 1 AND m.route = ?) AND NOT (m.flags & 8 AND ?) "
		  "ORDER BY m.due LIMIT ?",
		"iiiii", (int64_t)w->id, now, avoid, (int64_t)first, (int64_t)max), out, max);
}

msec
store_messages_next_due(struct store *s, uint32_t wave, bool first)
{
	return store_instant(s, store_query(s, first
		? "SELECT due FROM message WHERE wave = ? AND due IS NOT NULL AND NOT (flags & 8) "
		  "ORDER BY due LIMIT 1"
		: "SELECT due FROM message WHERE wave = ? AND due IS NOT NULL ORDER BY due LIMIT 1", "i",
		(int64_t)wave));
}

size_t
store_messages_forget_due(struct store *s, uint32_t wave, size_t max)
{
	int changed = store_run(s, "UPDATE message SET due = NULL WHERE wave = ?1 AND contact IN (SELECT "
				"contact FROM message WHERE wave = ?1 AND due IS NOT NULL LIMIT ?2)", "ii",
				(int64_t)wave, (int64_t)max);

	return changed > 0 ? (size_t)changed : 0;
}

void
store_waves_due(struct store *s, due_fn fn, void *ctx)
{
	bool lenient = s->lenient;
	sqlite3_stmt *st;

	s->lenient = store_is_careful(s);
	st = store_query(s, "SELECT wave, min(due) FROM message WHERE due IS NOT NULL GROUP BY wave",
			 "");
	s->lenient = lenient;
	while (store_step(s, st))
		fn(ctx, (uint32_t)sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1));
}

/* Row by row, by the keys that the index of those in hand has.  What cannot be read is passed over:
 * its wave is stopped by whoever needs it. */
static size_t
sending_carefully(struct store *s, uint32_t wave, uint32_t contact, struct message *out, size_t max)
{
	sqlite3_stmt *st;
	size_t count = 0, read = 0;
	bool lenient = s->lenient;

	s->lenient = true;
	st = store_query(s, "SELECT m.wave, m.contact FROM message m WHERE m.state = 1 "
			 "AND (m.wave, m.contact) > (?, ?) ORDER BY m.wave, m.contact LIMIT ?",
			 "iii", (int64_t)wave, (int64_t)contact, (int64_t)max);
	while (store_step(s, st))
		if (count < max)
			out[count++] = (struct message){
				.wave = (uint32_t)sqlite3_column_int64(st, 0),
				.contact = (uint32_t)sqlite3_column_int64(st, 1),
			};
	for (size_t i = 0; i < count; i++) {
		struct message m;
		struct wave w;

		if (store_wave_get(s, out[i].wave, &w) &&
		    store_message_get(s, out[i].wave, out[i].contact, w.channel, &m))
			out[read++] = m;
	}
	s->lenient = lenient;
	/* The caller goes on behind the last one: all of a full page unreadable would end it. */
	if (count == max && !read)
		return sending_carefully(s, out[count - 1].wave, out[count - 1].contact, out, max);
	return read;
}

size_t
store_messages_sending(struct store *s, uint32_t wave, uint32_t contact, struct message *out,
		       size_t max)
{
	if (store_is_careful(s))
		return sending_carefully(s, wave, contact, out, max);
	return messages(s, store_query(s, "SELECT " MESSAGE_COLUMNS ", CASE (SELECT channel FROM "
		"wave w WHERE w.id = m.wave) WHEN 1 THEN " NUMBER("voice") " ELSE " NUMBER("sms")
		" END FROM message m WHERE m.state = 1 AND (m.wave, m.contact) > (?, ?) "
		"ORDER BY m.wave, m.contact LIMIT ?", "iii", (int64_t)wave, (int64_t)contact,
		(int64_t)max), out, max);
}

size_t
store_messages_sending_of(struct store *s, uint32_t wave, uint32_t after, uint32_t *contacts,
			  size_t max)
{
	sqlite3_stmt *st = store_query(s, "SELECT contact FROM message WHERE state = 1 AND wave = ? "
				       "AND contact > ? ORDER BY contact LIMIT ?", "iii",
				       (int64_t)wave, (int64_t)after, (int64_t)max);
	size_t count = 0;

	while (store_step(s, st))
		if (count < max)
			contacts[count++] = (uint32_t)sqlite3_column_int64(st, 0);
	return count;
}

size_t
store_messages_reached(struct store *s, uint32_t wave, enum channel channel, uint32_t after,
		       uint32_t last, size_t max, contact_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, channel == CHANNEL_VOICE
		? "SELECT contact FROM message WHERE wave = ? AND contact > ? AND contact <= ? "
		  "AND state = 3 ORDER BY contact LIMIT ?"
		: "SELECT contact FROM message WHERE wave = ? AND contact > ? AND contact <= ? "
		  "AND state IN (2, 3, 7) ORDER BY contact LIMIT ?", "iiii", (int64_t)wave, (int64_t)after, (int64_t)last, (int64_t)max);
	size_t count = 0;

	while (store_step(s, st)) {
		fn(ctx, (uint32_t)sqlite3_column_int64(st, 0));
		count++;
	}
	return count;
}

void
store_messages_reached_all(struct store *s, uint32_t wave, enum channel channel, uint32_t last,
			   reached_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, channel == CHANNEL_VOICE
		? "SELECT contact, variant FROM message WHERE wave = ? AND contact <= ? AND state = 3"
		: "SELECT contact, variant FROM message WHERE wave = ? AND contact <= ? "
		  "AND state IN (2, 3, 7)", "ii", (int64_t)wave, (int64_t)last);

	while (store_step(s, st))
		fn(ctx, (uint32_t)sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1));
}

void
store_messages_begun(struct store *s, uint32_t wave, uint32_t last, contact_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT contact FROM message WHERE wave = ? AND contact <= ? "
		"AND state IN (1, 2, 3, 7)", "ii", (int64_t)wave, (int64_t)last);

	while (store_step(s, st))
		fn(ctx, (uint32_t)sqlite3_column_int64(st, 0));
}

bool
store_has_message(struct store *s, int64_t alert, uint32_t contact, int wave_kind)
{
	return store_any(s, store_query(s, "SELECT 1 FROM wave w JOIN message m ON m.wave = w.id "
		"AND m.contact = ?2 WHERE w.alert = ?1 AND w.kind <> 4 AND w.kind = ?3 LIMIT 1", "iii", alert,
		(int64_t)contact, (int64_t)wave_kind));
}

size_t
store_called_idle(struct store *s, int64_t alert, uint32_t *out, size_t max)
{
	sqlite3_stmt *st = store_query(s, "SELECT DISTINCT m.contact FROM wave w JOIN message m "
		"ON m.wave = w.id WHERE w.alert = ?1 AND w.kind = 0 AND w.kind <> 4 AND m.attempt > 0 "
		"AND NOT EXISTS (SELECT 1 FROM answer a WHERE a.alert = ?1 AND a.contact = m.contact "
		"AND (a.level >= 3 OR a.kind = ?2)) AND NOT EXISTS (SELECT 1 FROM wave o JOIN message n "
		"ON n.wave = o.id AND n.contact = m.contact WHERE o.alert = ?1 AND o.kind = 1 "
		"AND o.kind <> 4) ORDER BY m.contact LIMIT ?3", "iii", alert, (int64_t)ANSWER_CANNOT,
		(int64_t)max);
	size_t count = 0;

	while (store_step(s, st))
		if (count < max)
			out[count++] = (uint32_t)sqlite3_column_int64(st, 0);
	return count;
}

bool
store_step_has_hope(struct store *s, int64_t alert, int step)
{
	return store_any(s, store_query(s, "SELECT 1 FROM wave w JOIN message m ON m.wave = w.id "
		"WHERE w.alert = ? AND w.kind = 0 AND w.kind <> 4 AND w.step = ? AND m.state NOT IN (4, 5, 6) "
		"LIMIT 1", "ii", alert, (int64_t)step));
}

unsigned
store_voice_messages_of(struct store *s, int64_t alert, uint32_t contact)
{
	sqlite3_stmt *st = store_query(s, "SELECT count(*) FROM wave w JOIN message m "
		"ON m.wave = w.id AND m.contact = ?2 WHERE w.alert = ?1 AND w.kind <> 4 "
		"AND w.channel = 1", "ii",
		alert, (int64_t)contact);
	unsigned count = 0;

	if (store_step(s, st)) {
		count = (unsigned)sqlite3_column_int(st, 0);
		store_done(st);
	}
	return count;
}

#define SENT_ATTEMPT(usable) "INSERT OR IGNORE INTO attempt (wave, contact, n, route, e164, " \
	"sent_at, ended_at, outcome, class, parts, ref) SELECT m.wave, m.contact, m.attempt, " \
	"m.route, coalesce(" NUMBER(usable) ", 0), m.at, ?, 1, 0, ?, ? FROM message m " \
	"WHERE m.wave = ? AND m.contact = ? AND m.state = 1 AND m.attempt & 31 = ? " \
	"AND m.flags & 4 = 0"

bool
store_message_sent(struct store *s, uint32_t wave, uint32_t contact, unsigned attempt,
		   enum channel channel, unsigned parts, const char *ref, msec at)
{
	if (store_is_careful(s))
		return false;		/* the long way reads message and number apart */
	if (store_run(s, channel == CHANNEL_VOICE ? SENT_ATTEMPT("voice") : SENT_ATTEMPT("sms"),
		      "iitiii", at, (int64_t)parts, ref, (int64_t)wave, (int64_t)contact,
		      (int64_t)attempt) <= 0)
		return false;
	store_run(s, "UPDATE message SET state = 2, due = NULL WHERE wave = ? AND contact = ?", "ii",
		  (int64_t)wave, (int64_t)contact);
	return true;
}

void
store_attempt_insert(struct store *s, const struct message *m, msec ended_at, enum outcome outcome,
		     enum reject class, unsigned parts, const char *ref, const char *reason)
{
	char english[SAID_BYTES];
	bool phrases = reason && value_has_phrases(reason);

	if (phrases)
		value_render(reason, LANG_EN, english, sizeof(english));
	/* Append only, but for an attempt of which parts were reported while it went on, and an acceptance
	 * that its own receipt had told before: there the route's answer adds what only it knows. */
	store_run(s, "INSERT INTO attempt (wave, contact, n, route, e164, sent_at, ended_at, outcome, "
		  "class, parts, ref, reason, reason_said) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
		  "?) ON CONFLICT (wave, contact, n) DO UPDATE SET parts = excluded.parts, "
		  "ref = excluded.ref, class = excluded.class, outcome = excluded.outcome, "
		  "ended_at = CASE attempt.outcome WHEN 0 THEN excluded.ended_at ELSE attempt.ended_at END, "
		  "reason = CASE attempt.outcome WHEN 0 THEN excluded.reason ELSE attempt.reason END, "
		  "reason_said = CASE attempt.outcome WHEN 0 THEN excluded.reason_said "
		  "ELSE attempt.reason_said END "
		  "WHERE attempt.outcome = 0 OR (attempt.outcome = 1 AND excluded.outcome = 1)",
		  "iiiiiiiiiittt", (int64_t)m->wave, (int64_t)m->contact, (int64_t)m->attempt,
		  m->route, (int64_t)m->e164, m->at, ended_at, (int64_t)outcome, (int64_t)class,
		  (int64_t)parts, ref, phrases ? english : reason, phrases ? reason : NULL);
}

void
store_attempt_note(struct store *s, uint32_t wave, uint32_t contact, unsigned attempt,
		   const char *note)
{
	store_run(s, "UPDATE attempt SET reason = coalesce(reason || '; ', '') || ?1, "
		  "reason_said = reason_said || '; ' || ?1 WHERE wave = ?2 "
		  "AND contact = ?3 AND n = ?4 AND instr(coalesce(reason, ''), ?1) = 0", "tiii", note,
		  (int64_t)wave, (int64_t)contact, (int64_t)attempt);
}

bool
store_attempt_get(struct store *s, uint32_t wave, uint32_t contact, unsigned attempt, int64_t *route,
		  uint64_t *e164, enum outcome *outcome)
{
	sqlite3_stmt *st = store_query(s, "SELECT route, e164, outcome FROM attempt WHERE wave = ? "
				       "AND contact = ? AND n = ?", "iii", (int64_t)wave,
				       (int64_t)contact, (int64_t)attempt);

	if (!store_step(s, st))
		return false;
	*route = sqlite3_column_int64(st, 0);
	*e164 = (uint64_t)sqlite3_column_int64(st, 1);
	*outcome = (enum outcome)sqlite3_column_int(st, 2);
	store_done(st);
	return true;
}

void
store_used_since(struct store *s, int64_t route, msec from_at, used_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT e164, sent_at FROM attempt WHERE route = ? "
		"AND sent_at >= ? AND outcome <> 0 ORDER BY sent_at", "ii", route, from_at);

	while (store_step(s, st))
		fn(ctx, (uint64_t)sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1));
}
