/* read_messages.c -- messages with their attempts as JSON and CSV, and the routes as JSON. */
#include "daemon/store/read_internal.h"

#include <string.h>
#include <time.h>

#include "core/cell.h"
#include "core/message_state.h"
#include "daemon/store/store.h"

/* Rows looked at for one page; a rare state in a broadcast of a million must not take long. */
#define LOOKED_AT_MAX 10000

/* The number a message would go to: numbers are tried from position `number` on. */
#define NUMBER(usable) "(SELECT e164 FROM number n WHERE n.contact = m.contact AND n." usable \
	" AND n.pos >= m.number ORDER BY pos LIMIT 1)"
#define MESSAGES "SELECT m.contact, m.state, m.at, m.due, c.ref, c.name, v.head || v.body, v.parts, " \
	"coalesce(CASE ?3 WHEN 1 THEN " NUMBER("voice") " ELSE " NUMBER("sms") " END, (SELECT e164 " \
	"FROM attempt a WHERE a.wave = m.wave AND a.contact = m.contact ORDER BY n DESC LIMIT 1)) " \
	"FROM message m " \
	"LEFT JOIN contact c ON c.id = m.contact LEFT JOIN variant v ON v.id = m.variant " \
	"WHERE m.wave = ?1 AND m.contact > ?2 ORDER BY m.contact LIMIT ?4"

struct page {
	struct reader *r;
	const struct read_query *q;
	struct buf *out;
	size_t limit, count, looked_at;
	int64_t wave, contact;		/* the last row looked at */
	int step, channel, kind, state;
	bool full, csv;
};

/* The numbers in a bit set, part 1 the lowest. */
static void
json_parts(struct buf *out, const char *name, uint32_t parts)
{
	const char *comma = "";

	buf_printf(out, ",\"%s\":[", name);
	for (unsigned i = 0; i < 32; i++) {
		if (!(parts >> i & 1))
			continue;
		buf_printf(out, "%s%u", comma, i + 1);
		comma = ",";
	}
	buf_puts(out, "]");
}

static void
attempts(struct page *p)
{
	static const char *const receipts[] = { NULL, "delivered", "failed" };
	sqlite3_stmt *st = read_query(p->r, "SELECT a.n, r.name, a.e164, a.sent_at, a.ended_at, "
		"a.outcome, a.class, a.parts, a.ref, coalesce(a.reason_said, a.reason), a.receipt, a.receipt_at, a.parts_delivered, a.parts_failed FROM attempt a "
		"LEFT JOIN route r ON r.id = a.route WHERE a.wave = ? AND a.contact = ? "
		"AND a.outcome <> 0 ORDER BY a.n",
		"ii", p->wave, p->contact);
	struct buf *out = p->out;
	bool any = false;

	buf_puts(out, ",\"attempts\":[");
	while (read_step(p->r, st)) {
		int outcome = sqlite3_column_int(st, 5), class = sqlite3_column_int(st, 6);
		int receipt = sqlite3_column_int(st, 10);

		buf_puts(out, any ? ",{" : "{");
		any = true;
		json_number(out, "n", st, 0);
		buf_puts(out, ",");
		json_column(out, "route", st, 1);
		buf_puts(out, ",");
		json_phone(out, "number", sqlite3_column_int64(st, 2), p->q->unmasked);
		buf_puts(out, ",");
		json_number(out, "sent_at", st, 3);
		buf_puts(out, ",");
		json_number(out, "ended_at", st, 4);
		buf_puts(out, ",");
		json_text(out, "outcome", outcome >= 0 && outcome < OUTCOME_COUNT
			  ? outcome_name((enum outcome)outcome) : NULL);
		buf_puts(out, ",");
		json_text(out, "class", class > 0 && class < REJECT_COUNT
			  ? reject_name((enum reject)class) : NULL);
		buf_puts(out, ",");
		json_number(out, "parts", st, 7);
		buf_puts(out, ",");
		json_column(out, "ref", st, 8);
		buf_puts(out, ",");
		json_value(out, "reason", st, 9, p->q->lang);
		buf_puts(out, ",");
		json_text(out, "receipt", receipt > 0 && receipt < 3 ? receipts[receipt] : NULL);
		buf_puts(out, ",");
		json_number(out, "receipt_at", st, 11);
		if (sqlite3_column_int64(st, 12) | sqlite3_column_int64(st, 13)) {
			json_parts(out, "parts_delivered", (uint32_t)sqlite3_column_int64(st, 12));
			json_parts(out, "parts_failed", (uint32_t)sqlite3_column_int64(st, 13));
		}
		buf_puts(out, "}");
	}
	buf_puts(out, "]");
}

static void
cell(struct buf *out, const char *text)
{
	buf_puts(out, ",");
	cell_put(out, text);
}

static void
number_cell(struct buf *out, int64_t number)
{
	buf_printf(out, ",%lld", (long long)number);
}

/* In the site's zone, as people write it; empty when there is none. */
static void
time_cell(struct buf *out, sqlite3_stmt *st, int column)
{
	time_t at = (time_t)(sqlite3_column_int64(st, column) / 1000);
	char text[32] = "";
	struct tm tm;

	if (at)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime_r(&at, &tm));
	buf_printf(out, ",%s", text);
}

static void
phone_cell(struct buf *out, int64_t e164, bool unmasked)
{
	char text[PHONE_TEXT] = "";

	if (e164)
		(unmasked ? phone_format : phone_mask)(text, (uint64_t)e164);
	buf_printf(out, ",%s", text);
}

/* How the last attempt went; empty cells when there was none. */
static void
last_attempt_csv(struct page *p)
{
	sqlite3_stmt *st = read_query(p->r, "SELECT a.n, r.name, a.sent_at, a.ended_at, a.outcome, "
		"a.class, a.ref, a.reason, a.receipt, a.receipt_at FROM attempt a LEFT JOIN route r "
		"ON r.id = a.route WHERE a.wave = ? AND a.contact = ? AND a.outcome <> 0 "
		"ORDER BY a.n DESC LIMIT 1", "ii",
		p->wave, p->contact);
	static const char *const receipts[] = { "", "delivered", "failed" };
	struct buf *out = p->out;
	int outcome, class, receipt;

	if (!read_step(p->r, st)) {
		buf_puts(out, ",0,,,,,,,,,");
		return;
	}
	outcome = sqlite3_column_int(st, 4);
	class = sqlite3_column_int(st, 5);
	receipt = sqlite3_column_int(st, 8);
	number_cell(out, sqlite3_column_int64(st, 0));
	cell(out, (const char *)sqlite3_column_text(st, 1));
	time_cell(out, st, 2);
	time_cell(out, st, 3);
	buf_printf(out, ",%s,%s", outcome >= 0 && outcome < OUTCOME_COUNT
		   ? outcome_name((enum outcome)outcome) : "", class > 0 && class < REJECT_COUNT
		   ? reject_name((enum reject)class) : "");
	cell(out, (const char *)sqlite3_column_text(st, 6));
	cell(out, (const char *)sqlite3_column_text(st, 7));
	buf_printf(out, ",%s", receipt > 0 && receipt < 3 ? receipts[receipt] : "");
	time_cell(out, st, 9);
	sqlite3_reset(st);
}

static const char *
kind_word(int kind)
{
	static const char *const kinds[] = { "call", "inform", "helper", "correction", "reply" };

	return kind >= 0 && kind < 5 ? kinds[kind] : "?";
}

static void
message_csv(struct page *p, sqlite3_stmt *st, int state)
{
	struct buf *out = p->out;

	buf_printf(out, "%lld,%lld,%d,%s,%s", (long long)p->q->alert, (long long)p->wave, p->step,
		   channel_name((enum channel)p->channel), kind_word(p->kind));
	cell(out, (const char *)sqlite3_column_text(st, 4));
	cell(out, (const char *)sqlite3_column_text(st, 5));
	phone_cell(out, sqlite3_column_int64(st, 8), p->q->unmasked);
	buf_printf(out, ",%s", message_state_name((enum message_state)state));
	number_cell(out, sqlite3_column_int64(st, 7));
	time_cell(out, st, 2);
	last_attempt_csv(p);
	cell(out, (const char *)sqlite3_column_text(st, 6));
	buf_puts(out, "\r\n");
	p->count++;
}

/* Queued in a wave that was withdrawn or has expired: it will never leave. */
static int
true_state(const struct page *p, int state)
{
	if (state != MESSAGE_QUEUED)
		return state;
	return p->state == WAVE_WITHDRAWN ? MESSAGE_WITHDRAWN
		: p->state == WAVE_EXPIRED ? MESSAGE_EXPIRED : state;
}

static void
message_json(struct page *p, sqlite3_stmt *st, int state)
{
	struct buf *out = p->out;

	buf_printf(out, "%s{\"wave\":%lld,\"step\":%d,\"channel\":\"%s\",\"kind\":\"%s\",",
		   p->count ? "," : "", (long long)p->wave, p->step,
		   channel_name((enum channel)p->channel), kind_word(p->kind));
	json_column(out, "contact", st, 4);
	buf_puts(out, ",");
	json_column(out, "name", st, 5);
	buf_puts(out, ",");
	json_phone(out, "number", sqlite3_column_int64(st, 8), p->q->unmasked);
	buf_printf(out, ",\"state\":\"%s\",", message_state_name((enum message_state)state));
	json_number(out, "parts", st, 7);
	buf_puts(out, ",");
	json_column(out, "text", st, 6);
	if (sqlite3_column_int64(st, 2))
		buf_printf(out, ",\"at\":%lld,", (long long)sqlite3_column_int64(st, 2));
	else
		buf_puts(out, ",\"at\":null,");
	json_number(out, "due", st, 3);
	attempts(p);
	buf_puts(out, "}");
	p->count++;
}

static void
messages_of_wave(struct page *p)
{
	sqlite3_stmt *st = read_query(p->r, MESSAGES, "iiii", p->wave, p->contact,
				      (int64_t)p->channel, (int64_t)(LOOKED_AT_MAX - p->looked_at + 1));

	while (!p->full && read_step(p->r, st)) {
		int state = true_state(p, sqlite3_column_int(st, 1));

		if (p->count == p->limit || p->looked_at == LOOKED_AT_MAX) {
			p->full = true;
			sqlite3_reset(st);
			break;
		}
		p->looked_at++;
		p->contact = sqlite3_column_int64(st, 0);
		if (p->q->state < 0 || p->q->state == state)
			(p->csv ? message_csv : message_json)(p, st, state);
	}
}

static int
read_page(struct page *p, struct err *err)
{
	const struct read_query *q = p->q;
	struct reader *r = p->r;
	int64_t cursor[2];
	int rc = read_check(r, q, cursor, 2, err);
	sqlite3_stmt *st;

	if (rc < 0)
		return -1;
	st = read_query(r, "SELECT id, step, channel, kind, state FROM wave WHERE alert = ? AND id >= ? "
			"ORDER BY id", "ii", q->alert, cursor[0]);
	while (!p->full && read_step(r, st)) {
		p->wave = sqlite3_column_int64(st, 0);
		p->contact = p->wave == cursor[0] ? cursor[1] : 0;
		p->step = sqlite3_column_int(st, 1);
		p->channel = sqlite3_column_int(st, 2);
		p->kind = sqlite3_column_int(st, 3);
		p->state = sqlite3_column_int(st, 4);
		messages_of_wave(p);
	}
	if (p->full)
		sqlite3_reset(st);
	return 0;
}

int
read_messages(struct reader *r, const struct read_query *q, struct buf *out, struct err *err)
{
	struct page p = { .r = r, .q = q, .out = out, .limit = read_limit(q) };
	int rc;

	buf_puts(out, "{\"messages\":[");
	rc = read_page(&p, err);
	if (p.full)
		buf_printf(out, "],\"next\":\"%lld.%lld\"}", (long long)p.wave, (long long)p.contact);
	else
		buf_puts(out, "],\"next\":null}");
	return rc;
}

int
read_messages_csv(struct reader *r, const struct read_query *q, struct buf *out, struct err *err)
{
	struct buf rows = { 0 };
	struct page p = { .r = r, .q = q, .out = &rows, .limit = read_limit(q), .csv = true };
	int rc;

	if (!*q->after)			/* the mark by which a spreadsheet knows that it is UTF-8 */
		buf_puts(&rows, "\xef\xbb\xbf" "alert,wave,step,channel,kind,contact,name,number,state,"
			 "parts,at,attempts,route,sent_at,ended_at,outcome,class,ref,reason,receipt,"
			 "receipt_at,text\r\n");
	rc = read_page(&p, err);
	if (p.full)
		buf_printf(out, "%lld.%lld", (long long)p.wave, (long long)p.contact);
	buf_puts(out, "\n");
	buf_add(out, rows.data ? rows.data : "", rows.len);
	buf_fini(&rows);
	return rc;
}

static void
alarms_json(struct reader *r, const char *route, enum lang lang, struct buf *out)
{
	sqlite3_stmt *st = read_query(r, "SELECT a.name, a.own, a.since, a.task, a.text, a.text_phrase, "
		"a.text_values, a.ends_at FROM route_alarm a "
		"JOIN route r ON r.id = a.route WHERE r.name = ? ORDER BY a.since", "t", route);
	bool any = false;

	buf_puts(out, ",\"alarms\":[");
	while (read_step(r, st)) {
		buf_puts(out, any ? ",{" : "{");
		any = true;
		json_column(out, "name", st, 0);
		buf_printf(out, ",\"by\":\"%s\",", sqlite3_column_int(st, 1) ? "gong" : "driver");
		json_number(out, "since", st, 2);
		buf_puts(out, ",");
		json_number(out, "task", st, 3);
		buf_puts(out, ",");
		json_said(out, "text", st, 4, lang);
		buf_puts(out, ",");
		json_number(out, "ends_at", st, 7);
		buf_puts(out, "}");
	}
	buf_puts(out, "]");
}

static void
state_json(struct reader *r, const char *route, struct buf *out)
{
	sqlite3_stmt *st = read_query(r, "SELECT state, state_at, CASE WHEN json_valid(health) "
		"THEN health END, canary FROM route WHERE name = ?", "t", route);
	const char *health, *canary;

	if (!read_step(r, st)) {
		buf_puts(out, "\"state\":\"starting\",\"state_at\":null,\"health\":{},"
			 "\"canary\":null");
		return;
	}
	health = (const char *)sqlite3_column_text(st, 2);
	canary = (const char *)sqlite3_column_text(st, 3);
	json_column(out, "state", st, 0);
	buf_puts(out, ",");
	json_number(out, "state_at", st, 1);
	buf_printf(out, ",\"health\":%s,\"canary\":%s", health ? health : "{}",
		   canary ? canary : "null");
	sqlite3_reset(st);
}

static void
route_json(struct reader *r, const struct route_conf *conf, enum lang lang, struct buf *out)
{
	bool any = false;

	buf_puts(out, "{");
	json_text(out, "name", conf->name);
	buf_puts(out, ",");
	json_text(out, "driver", conf->driver);
	buf_puts(out, ",\"channels\":[");
	for (int i = 0; i < CHANNEL_COUNT; i++) {
		if (!conf->channels[i])
			continue;
		buf_printf(out, "%s\"%s\"", any ? "," : "", channel_name((enum channel)i));
		any = true;
	}
	buf_puts(out, "],");
	state_json(r, conf->name, out);
	alarms_json(r, conf->name, lang, out);
	buf_puts(out, "}");
}

int
read_routes(struct reader *r, const struct settings *s, enum lang lang, struct buf *out)
{
	buf_puts(out, "{\"routes\":[");
	for (size_t i = 0; i < s->route_count; i++) {
		if (i)
			buf_puts(out, ",");
		route_json(r, &s->routes[i], lang, out);
	}
	buf_puts(out, "]}");
	return 0;
}
