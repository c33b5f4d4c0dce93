/* losses.c -- two stores side by side: the one that is put back is `main`, the one that it replaces `r`. */
#include "daemon/store/losses.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/division.h"
#include "core/msec.h"
#include "daemon/store/fits.h"
#include "daemon/store/store.h"
#include "files/instant.h"

#define LINES_MAX 20000			/* of each kind; more are counted */

typedef void (*line_fn)(sqlite3_stmt *, struct said *);

static const char *
text_of(sqlite3_stmt *st, int column)
{
	const char *text = (const char *)sqlite3_column_text(st, column);

	return text ? text : "";
}

#define TIME(st, column) instant_local((char[INSTANT_LOCAL]){ 0 }, sqlite3_column_int64((st), (column)))

static const char *
state_word(int state)
{
	switch (state) {
	case ALERT_HELD:
		return WORD(loss_state_held);
	case ALERT_ACTIVE:
		return WORD(loss_state_active);
	case ALERT_SATISFIED:
		return WORD(loss_state_satisfied);
	case ALERT_EXHAUSTED:
		return WORD(loss_state_exhausted);
	case ALERT_CANCELLED:
		return WORD(cancelled);
	default:
		return WORD(expired);
	}
}

static void
alert_line(sqlite3_stmt *st, struct said *out)
{
	const char *severity = severity_word((enum severity)sqlite3_column_int(st, 2));

	if (sqlite3_column_type(st, 5) == SQLITE_NULL)
		SAY(out, loss_alert, text_of(st, 0), severity, text_of(st, 4), TIME(st, 3),
		    state_word(sqlite3_column_int(st, 1)));
	else
		SAY(out, loss_alert_state, text_of(st, 0), state_word(sqlite3_column_int(st, 1)),
		    state_word(sqlite3_column_int(st, 5)));
}

static void
message_line(sqlite3_stmt *st, struct said *out)
{
	SAY(out, loss_messages, text_of(st, 0), text_of(st, 1), TIME(st, 2));
}

static void
answer_line(sqlite3_stmt *st, struct said *out)
{
	SAY(out, loss_answer, TIME(st, 0), text_of(st, 1), text_of(st, 2), text_of(st, 3), text_of(st, 4));
}

static void
text_line(sqlite3_stmt *st, struct said *out)
{
	SAY(out, loss_text, TIME(st, 0), text_of(st, 1), text_of(st, 2));
}

static void
contact_line(sqlite3_stmt *st, struct said *out)
{
	SAY(out, loss_contact, text_of(st, 0), text_of(st, 1));
}

static void
division_line(sqlite3_stmt *st, struct said *out)
{
	char code[DIVISION_TEXT];

	division_format(code, sqlite3_column_int64(st, 0));
	SAY(out, loss_division, code, text_of(st, 1));
}

static void
duty_line(sqlite3_stmt *st, struct said *out)
{
	char code[DIVISION_TEXT];

	division_format(code, sqlite3_column_int64(st, 1));
	SAY(out, loss_duty, text_of(st, 0), code, TIME(st, 2), TIME(st, 3), text_of(st, 4));
}

/* Rows with the same id that mean another thing were given by another line of the same store. */
static const struct {
	const char *sql;
	line_fn line;
} kinds[LOSS_COUNT] = {
	[LOSS_ALERT] = { "SELECT a.code, a.state, a.severity, a.accepted_at, coalesce(d.name, ''), m.state "
		"FROM r.alert a LEFT JOIN r.document d ON d.id = a.template LEFT JOIN main.alert m ON m.id = a.id "
		"AND m.key = a.key WHERE m.id IS NULL OR m.state <> a.state ORDER BY a.id", alert_line },
	[LOSS_MESSAGE] = { "SELECT coalesce(a.code, ''), count(*), max(t.sent_at) FROM r.attempt t JOIN r.wave w "
		"ON w.id = t.wave LEFT JOIN r.alert a ON a.id = w.alert WHERE t.outcome <> 0 AND NOT EXISTS (SELECT 1 "
		"FROM main.attempt m WHERE m.wave = t.wave AND m.contact = t.contact AND m.n = t.n AND "
		"m.sent_at = t.sent_at) GROUP BY w.alert ORDER BY w.alert", message_line },
	[LOSS_ANSWER] = { "SELECT x.at, coalesce(c.name, x.name, ''), coalesce(a.code, ''), x.level, "
		"coalesce(x.text, x.note, '') FROM r.answer x LEFT JOIN r.contact c ON c.id = x.contact LEFT JOIN "
		"r.alert a ON a.id = x.alert WHERE NOT EXISTS (SELECT 1 FROM main.answer m WHERE m.id = x.id AND "
		"m.alert = x.alert AND m.at = x.at) ORDER BY x.id", answer_line },
	[LOSS_TEXT] = { "SELECT x.received_at, coalesce(c.name, '+' || x.e164), coalesce(x.text, '') FROM r.inbound x "
		"LEFT JOIN r.contact c ON c.id = x.contact WHERE NOT EXISTS (SELECT 1 FROM main.inbound m WHERE "
		"m.route = x.route AND m.driver_id = x.driver_id) ORDER BY x.id", text_line },
	[LOSS_CONTACT] = { "SELECT c.ref, c.name FROM r.contact c LEFT JOIN main.contact m ON m.ref = c.ref WHERE "
		"m.id IS NULL OR m.version <> c.version OR m.name <> c.name OR m.active <> c.active OR "
		"m.opt_out <> c.opt_out UNION ALL SELECT m.ref, m.name FROM main.contact m LEFT JOIN r.contact c "
		"ON c.ref = m.ref WHERE c.id IS NULL", contact_line },
	[LOSS_DIVISION] = { "SELECT d.code, d.name FROM r.division d LEFT JOIN main.division m ON m.code = d.code "
		"WHERE m.code IS NULL OR m.version <> d.version OR m.name <> d.name OR m.params <> d.params",
		division_line },
	[LOSS_DUTY] = { "SELECT o.name, x.division, x.from_at, x.to_at, c.name FROM r.roster x JOIN r.role o ON "
		"o.id = x.role JOIN r.contact c ON c.id = x.contact WHERE NOT EXISTS (SELECT 1 FROM main.roster m JOIN "
		"main.role p ON p.id = m.role JOIN main.contact k ON k.id = m.contact WHERE p.name = o.name AND "
		"m.role = p.id AND m.division = x.division AND m.from_at = x.from_at AND m.to_at = x.to_at AND "
		"k.ref = c.ref) ORDER BY x.from_at", duty_line },
};

static void
look_through(sqlite3 *db, enum loss kind, enum lang lang, struct losses *out)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, kinds[kind].sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
			char text[2 * SAID_BYTES];
			struct said said;

			out->count[kind] += kind == LOSS_MESSAGE ? (unsigned long)sqlite3_column_int64(st, 1) : 1;
			out->alerts |= kind == LOSS_ALERT && sqlite3_column_type(st, 5) == SQLITE_NULL;
			if (out->count[kind] > LINES_MAX && kind != LOSS_MESSAGE)
				continue;
			kinds[kind].line(st, &said);
			said_render(&said, lang, text, sizeof(text));
			buf_printf(&out->lines, "%s\n", text);
		}
	if (rc != SQLITE_DONE)
		out->unread |= 1u << kind;
	sqlite3_finalize(st);
}

static bool
attach(sqlite3 *db, const char *path)
{
	struct buf uri = { 0 };
	sqlite3_stmt *st = NULL;
	bool done;

	store_reading_uri(path, &uri);
	done = sqlite3_prepare_v2(db, "ATTACH ? AS r", -1, &st, NULL) == SQLITE_OK &&
		sqlite3_bind_text(st, 1, uri.data, -1, SQLITE_STATIC) == SQLITE_OK && sqlite3_step(st) == SQLITE_DONE;
	sqlite3_finalize(st);
	buf_fini(&uri);
	return done;
}

void
losses_carry(const char *kept, const char *replaced)
{
	static const char *const steps[] = {
		/* gong's own have a line end in their keys, and ids that are never given again. */
		"INSERT INTO main.lost_key SELECT a.key, a.id, a.code, a.accepted_at FROM r.alert a WHERE "
		"instr(a.key, char(10)) = 0 AND NOT EXISTS (SELECT 1 FROM main.alert m WHERE m.key = a.key) "
		"ON CONFLICT (key) DO NOTHING",
		"INSERT INTO main.lost_key SELECT l.key, l.alert, l.code, l.at FROM r.lost_key l WHERE NOT EXISTS "
		"(SELECT 1 FROM main.alert m WHERE m.key = l.key) ON CONFLICT (key) DO NOTHING",
		"UPDATE main.contact SET version = version + 1, (opt_out, opt_out_at, opt_out_text) = (SELECT c.opt_out, c.opt_out_at, "
		"c.opt_out_text FROM r.contact c WHERE c.ref = contact.ref) WHERE EXISTS (SELECT 1 FROM r.contact c "
		"WHERE c.ref = contact.ref AND c.opt_out <> contact.opt_out)",
	};
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(kept, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL) == SQLITE_OK &&
	    attach(db, replaced))
		for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
			sqlite3_exec(db, steps[i], NULL, NULL, NULL);
	sqlite3_close(db);
}

void
losses_find(struct losses *out, const char *kept, const char *replaced, enum lang lang)
{
	sqlite3 *db = NULL;

	*out = (struct losses){ 0 };
	if (sqlite3_open_v2(kept, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) == SQLITE_OK &&
	    attach(db, replaced))
		for (int kind = 0; kind < LOSS_COUNT; kind++)
			look_through(db, (enum loss)kind, lang, out);
	else
		out->unread = (1u << LOSS_COUNT) - 1;
	sqlite3_close(db);
	out->alerts |= (out->unread & 1u << LOSS_ALERT) != 0;
}

bool
losses_any(const struct losses *l)
{
	for (int kind = 0; kind < LOSS_COUNT; kind++)
		if (l->count[kind])
			return true;
	return l->unread;
}

void
losses_summary(const struct losses *l, enum lang lang, struct buf *out)
{
	static const enum phrase phrases[LOSS_COUNT] = {
		PHRASE_losses_alerts, PHRASE_losses_messages, PHRASE_losses_answers, PHRASE_losses_texts,
		PHRASE_losses_contacts, PHRASE_losses_divisions, PHRASE_losses_duties,
	};
	char text[2 * SAID_BYTES];
	struct said said;

	for (int kind = 0; kind < LOSS_COUNT; kind++) {
		if (!l->count[kind])
			continue;
		said_fill(&said, phrases[kind], (const char *const[]){ NUM(l->count[kind]), NULL });
		said_render(&said, lang, text, sizeof(text));
		buf_printf(out, "  %s\n", text);
	}
	if (!l->unread)
		return;
	SAY(&said, losses_unread);
	said_render(&said, lang, text, sizeof(text));
	buf_printf(out, "  %s\n", text);
}

void
losses_fini(struct losses *l)
{
	buf_fini(&l->lines);
}
