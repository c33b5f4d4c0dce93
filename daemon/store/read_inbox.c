/* read_inbox.c -- every text and missed call that came in: who wrote what, what gong made of it, and
 * what somebody at the desk decided. */
#include "daemon/store/read_internal.h"

#include <string.h>

#include "daemon/store/store.h"

/* gong's own test messages that came back are nobody's words. */
#define INBOX "SELECT i.id, i.at, i.received_at, i.e164, i.text, i.contact, i.alert, a.code, " \
	"i.meaning, i.level, i.rule, i.task, i.wait_until, i.decided_by, i.decided_at, i.note, r.name, " \
	"i.answered_by, i.answered_at, t.closed_at, t.kind FROM inbound i LEFT JOIN alert a ON a.id = i.alert " \
	"LEFT JOIN route r ON r.id = i.route LEFT JOIN task t ON t.id = i.task WHERE i.meaning IS NOT 'canary' AND i.id < ?1 "
#define ORDER "ORDER BY i.id DESC LIMIT ?2"
#define LOOKED_AT_MAX 10000

/* Nobody has decided nor closed its task, and gong took it for no answer (not judged yet, words), or it
 * calls for help. */
static bool
is_open(sqlite3_stmt *st)
{
	const char *meaning = (const char *)sqlite3_column_text(st, 8);
	const char *rule = (const char *)sqlite3_column_text(st, 10);
	const char *task = (const char *)sqlite3_column_text(st, 20);

	if (sqlite3_column_type(st, 14) != SQLITE_NULL || sqlite3_column_type(st, 19) != SQLITE_NULL)
		return false;
	return !meaning || (rule && strcmp(rule, "danger") == 0) || (task && strcmp(task, "help") == 0) ||
		(answer_kind_parse(meaning) <= ANSWER_NONE && strcmp(meaning, "opt_in") != 0);
}

/* Who is limited sees the texts of his own people; a number that nobody knows is the desk's. */
static bool
is_seen(struct reader *r, const struct rights *rights, sqlite3_stmt *st)
{
	int64_t contact = sqlite3_column_int64(st, 5);

	if (contact)
		return read_sees_person(r, rights, contact, sqlite3_column_int64(st, 6));
	return rights_have(rights, VERB_READ) && !rights->division_count && !rights->drill_only;
}

static bool
fits(struct reader *r, const struct read_query *q, const struct rights *rights, sqlite3_stmt *st)
{
	if (q->open_only && !is_open(st))
		return false;
	if (q->alert && sqlite3_column_int64(st, 6) != q->alert)
		return false;
	if (q->filter.since && sqlite3_column_int64(st, 2) < q->filter.since)
		return false;
	return is_seen(r, rights, st);
}

static void
decision(struct buf *out, sqlite3_stmt *st)
{
	static const struct { const char *name; bool number; } columns[] = {
		{ "alert", true }, { "alert_code", false }, { "meaning", false }, { "level", true },
		{ "rule", false }, { "task", true }, { "wait_until", true }, { "decided_by", false },
		{ "decided_at", true }, { "note", false }, { "route", false }, { "answered_by", false },
		{ "answered_at", true },
	};

	for (int i = 0; i < (int)(sizeof(columns) / sizeof(*columns)); i++) {
		buf_puts(out, i ? "," : "");
		(columns[i].number ? json_number : json_column)(out, columns[i].name, st, 6 + i);
	}
}

static void
text_json(struct reader *r, const struct read_query *q, const struct settings *s, sqlite3_stmt *st,
	  struct buf *out)
{
	json_number(out, "id", st, 0);
	buf_puts(out, ",");
	if (sqlite3_column_int64(st, 1))
		json_number(out, "at", st, 1);
	else
		buf_puts(out, "\"at\":null");
	buf_puts(out, ",");
	json_number(out, "received_at", st, 2);
	buf_printf(out, ",\"kind\":\"%s\",", sqlite3_column_type(st, 4) == SQLITE_NULL ? "missed_call"
		   : "sms");
	json_phone(out, "number", sqlite3_column_int64(st, 3), q->unmasked);
	buf_puts(out, ",");
	json_person(r, s, sqlite3_column_int64(st, 5), q->lang, out);
	buf_puts(out, ",");
	json_column(out, "text", st, 4);
	buf_puts(out, ",");
	decision(out, st);
	buf_printf(out, ",\"open\":%s", is_open(st) ? "true" : "false");
}

static sqlite3_stmt *
texts(struct reader *r, const struct read_query *q, int64_t after, struct err *err)
{
	int64_t contact;

	if (!q->filter.contact[0])
		return read_query(r, INBOX ORDER, "ii", after, (int64_t)LOOKED_AT_MAX + 1);
	contact = read_number(r, read_query(r, "SELECT id FROM contact WHERE ref = ?", "t",
					    q->filter.contact));
	if (!contact) {
		err_say(err, REFUSED_INVALID, about_name(CONCEPT_QUERY, "contact"), no_contact,
			q->filter.contact);
		return NULL;
	}
	return read_query(r, INBOX "AND i.contact = ?3 " ORDER, "iii", after,
			  (int64_t)LOOKED_AT_MAX + 1, contact);
}

int
read_inbox(struct reader *r, const struct read_query *q, const struct settings *s, struct buf *out,
	   struct err *err)
{
	struct rights rights = rights_of(s, &q->by);
	size_t limit = read_limit(q), count = 0, looked_at = 0;
	int64_t after, last = 0;
	bool more = false;
	sqlite3_stmt *st;

	if (read_check(r, q, &after, 1, err) < 0)
		return -1;
	st = texts(r, q, after ? after : INT64_MAX, err);
	if (!st)
		return -1;
	buf_puts(out, "{\"inbox\":[");
	while (read_step(r, st)) {
		bool fit = looked_at < LOOKED_AT_MAX && fits(r, q, &rights, st);

		if (looked_at++ == LOOKED_AT_MAX || (fit && count == limit)) {
			more = true;
			sqlite3_reset(st);
			break;
		}
		last = sqlite3_column_int64(st, 0);
		if (!fit)
			continue;
		buf_puts(out, count++ ? ",{" : "{");
		text_json(r, q, s, st, out);
		buf_puts(out, "}");
	}
	read_list_end(out, more, last);
	return 0;
}
