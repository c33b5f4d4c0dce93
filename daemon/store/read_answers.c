/* read_answers.c -- what people answered to an alert: who, for what, by which message, and what it
 * was taken to mean. */
#include "daemon/store/read_internal.h"

#include <stdio.h>

#include "daemon/store/store.h"

#define ANSWERS "SELECT x.id, x.at, x.contact, x.division, x.source, x.kind, x.level, x.step, " \
	"x.helper, x.text, x.name, x.note, x.wave, x.minutes, w.step, w.channel, w.kind FROM answer x " \
	"LEFT JOIN wave w ON w.id = x.wave WHERE x.alert = ? AND x.id > ? ORDER BY x.id LIMIT ?"
#define LOOKED_AT_MAX 10000
#define COMING_MAX 20			/* named of those who come */

static const char *
source_name(int source)
{
	static const char *const names[] = { "sms", "key", "call", "missed_call", "desk", "api" };

	return source >= 0 && source < 6 ? names[source] : NULL;
}

/* By which message, where that is known. */
static void
message(struct buf *out, sqlite3_stmt *st)
{
	static const char *const kinds[] = { "call", "inform", "helper", "correction", "reply" };
	int kind = sqlite3_column_int(st, 16), channel = sqlite3_column_int(st, 15);

	if (sqlite3_column_type(st, 14) == SQLITE_NULL || channel < 0 || channel >= CHANNEL_COUNT) {
		buf_puts(out, "\"message\":null");
		return;
	}
	buf_puts(out, "\"message\":{");
	json_number(out, "wave", st, 12);
	buf_puts(out, ",");
	json_number(out, "step", st, 14);
	buf_printf(out, ",\"channel\":\"%s\",\"kind\":\"%s\"}", channel_name((enum channel)channel),
		   kind >= 0 && kind < 5 ? kinds[kind] : "?");
}

/* For whom it counts: a person with all that he was called for, or a place. */
static void
for_whom(struct reader *r, const struct read_query *q, const struct settings *s, sqlite3_stmt *st,
	 struct buf *out)
{
	int64_t contact = sqlite3_column_int64(st, 2), division = sqlite3_column_int64(st, 3);

	if (contact) {
		json_person(r, s, contact, q->lang, out);
		buf_puts(out, ",");
		json_called(r, q->alert, contact, sqlite3_column_int64(st, 12), out);
		return;
	}
	buf_puts(out, "\"contact\":null,\"person\":null,\"posts\":[],\"places\":[");
	if (division)
		json_place(r, division, out);
	buf_puts(out, "]");
}

static void
answer_json(struct reader *r, const struct read_query *q, const struct settings *s, const char *code,
	    sqlite3_stmt *st, struct buf *out)
{
	int kind = sqlite3_column_int(st, 5);

	json_number(out, "id", st, 0);
	buf_puts(out, ",");
	json_number(out, "at", st, 1);
	buf_printf(out, ",\"alert\":%lld,\"alert_code\":", (long long)q->alert);
	buf_json(out, code);
	buf_puts(out, ",");
	for_whom(r, q, s, st, out);
	buf_puts(out, ",");
	json_text(out, "source", source_name(sqlite3_column_int(st, 4)));
	buf_puts(out, ",");
	json_column(out, "text", st, 9);
	buf_puts(out, ",");
	json_text(out, "meaning", kind >= 0 && kind < ANSWER_COUNT
		  ? answer_kind_name((enum answer_kind)kind) : NULL);
	buf_puts(out, ",");
	json_number(out, "level", st, 6);
	buf_printf(out, ",\"helper\":%s,", sqlite3_column_int(st, 8) ? "true" : "false");
	json_number(out, "minutes", st, 13);
	buf_puts(out, ",");
	json_number(out, "step", st, 7);
	buf_puts(out, ",");
	message(out, st);
	buf_puts(out, ",");
	json_column(out, "heard_from", st, 10);
	buf_puts(out, ",");
	json_column(out, "note", st, 11);
}

static bool
is_seen(struct reader *r, const struct read_query *q, const struct rights *rights, sqlite3_stmt *st)
{
	int64_t contact = sqlite3_column_int64(st, 2);

	if (contact)
		return read_sees_person(r, rights, contact, q->alert);
	return rights_have(rights, VERB_READ) && rights_reach(rights, sqlite3_column_int64(st, 3));
}

int
read_answers(struct reader *r, const struct read_query *q, const struct settings *s, struct buf *out,
	     struct err *err)
{
	struct rights rights = rights_of(s, &q->by);
	size_t limit = read_limit(q), count = 0, looked_at = 0;
	int64_t after, last = 0;
	char code[16] = "";
	bool more = false;
	sqlite3_stmt *st;

	if (read_check(r, q, &after, 1, err) < 0)
		return -1;
	st = read_query(r, "SELECT code FROM alert WHERE id = ?", "i", q->alert);
	if (read_step(r, st)) {
		snprintf(code, sizeof(code), "%s", sqlite3_column_text(st, 0));
		sqlite3_reset(st);
	}
	st = read_query(r, ANSWERS, "iii", q->alert, after, (int64_t)LOOKED_AT_MAX + 1);
	buf_puts(out, "{\"answers\":[");
	while (read_step(r, st)) {
		if (count == limit || looked_at++ == LOOKED_AT_MAX) {
			more = true;
			sqlite3_reset(st);
			break;
		}
		last = sqlite3_column_int64(st, 0);
		if (!is_seen(r, q, &rights, st))
			continue;
		buf_puts(out, count++ ? ",{" : "{");
		answer_json(r, q, s, code, st, out);
		buf_puts(out, "}");
	}
	read_list_end(out, more, last);
	return 0;
}

/* What he said last that holds: his word, be it by a key or at the desk. */
static void
said_json(struct reader *r, int64_t alert, int64_t contact, struct buf *out)
{
	sqlite3_stmt *st = read_query(r, "SELECT text, kind, level, minutes, at, source FROM answer WHERE "
		"alert = ? AND contact = ? AND level >= 3 ORDER BY id DESC LIMIT 1", "ii", alert, contact);

	if (!read_step(r, st)) {
		buf_puts(out, "\"text\":null,\"meaning\":null,\"level\":null,\"minutes\":null,\"at\":null,"
			 "\"source\":null");
		return;
	}
	json_column(out, "text", st, 0);
	buf_puts(out, ",");
	json_text(out, "meaning", answer_kind_name((enum answer_kind)sqlite3_column_int(st, 1)));
	buf_puts(out, ",");
	json_number(out, "level", st, 2);
	buf_puts(out, ",");
	json_number(out, "minutes", st, 3);
	buf_puts(out, ",");
	json_number(out, "at", st, 4);
	buf_puts(out, ",");
	json_text(out, "source", source_name(sqlite3_column_int(st, 5)));
	sqlite3_reset(st);
}

void
json_coming(struct reader *r, const struct read_query *q, const struct settings *s,
	    const struct policy *p, struct buf *out)
{
	struct rights rights = rights_of(s, &q->by);
	int64_t contacts[COMING_MAX];
	size_t count = 0, told = 0;
	sqlite3_stmt *st;

	if (!p || p->targets != TARGETS_TEAM) {
		buf_puts(out, "\"coming\":null");
		return;
	}
	st = read_query(r, "SELECT contact FROM standing WHERE alert = ? AND contact > 0 AND level >= ? "
			"ORDER BY level DESC, at, contact LIMIT ?", "iii", q->alert,
			(int64_t)p->chase_below, (int64_t)COMING_MAX);
	while (read_step(r, st))
		contacts[count++] = sqlite3_column_int64(st, 0);
	buf_puts(out, "\"coming\":[");
	for (size_t i = 0; i < count; i++) {
		if (!read_sees_person(r, &rights, contacts[i], q->alert))
			continue;
		buf_puts(out, told++ ? ",{" : "{");
		json_person(r, s, contacts[i], q->lang, out);
		buf_puts(out, ",");
		said_json(r, q->alert, contacts[i], out);
		buf_puts(out, "}");
	}
	buf_puts(out, "]");
}
