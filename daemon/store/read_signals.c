/* read_signals.c -- sources and what they said, as JSON: what became of it, by which rule, and why. */
#include "daemon/store/read_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/reply.h"
#include "core/segment.h"
#include "daemon/settings/source.h"
#include "daemon/store/signals.h"

#define LOOKED_AT_MAX 10000

/* What a system says is about no place of its own: it is for those who see everything. */
static int
may_see(const struct read_query *q, const struct settings *s, struct err *err)
{
	struct rights rights = rights_of(s, &q->by);

	if (!rights.division_count && !rights.drill_only)
		return 0;
	return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_NONE), source_limited, q->by.name);
}

static void
instant_or_null(struct buf *out, const char *name, sqlite3_stmt *st, int column)
{
	buf_puts(out, ",");
	json_number(out, name, st, column);
}

static void
names_json(struct buf *out, const char *name, char *const *names, size_t count)
{
	buf_printf(out, ",\"%s\":[", name);
	for (size_t i = 0; i < count; i++) {
		buf_puts(out, i ? "," : "");
		buf_json(out, names[i]);
	}
	buf_puts(out, "]");
}

static void
source_conf_json(const struct source_conf *c, struct buf *out)
{
	bool any = false;

	buf_puts(out, "{");
	json_text(out, "name", c->name);
	buf_printf(out, ",\"format\":\"%s\",\"by\":[", source_format_name(c->format));
	for (int way = 0; way < SOURCE_WAY_COUNT; way++)
		if (c->ways >> way & 1) {
			buf_printf(out, "%s\"%s\"", any ? "," : "", source_way_name((enum source_way)way));
			any = true;
		}
	buf_puts(out, "],");
	json_text(out, "fetch", c->fetch);
	buf_printf(out, ",\"up_to\":\"%s\",\"trust\":\"%s\",\"drill_only\":%s,\"heartbeat_ms\":%lld,"
		   "\"rules\":[", severity_name(c->up_to), rule_trust_name(c->trust),
		   c->drill_only ? "true" : "false", (long long)c->heartbeat_ms);
	for (size_t i = 0; i < c->rules.count; i++) {
		buf_puts(out, i ? ",{" : "{");
		json_text(out, "name", c->rules.list[i].name);
		buf_printf(out, ",\"trust\":\"%s\"}", rule_trust_name(c->rules.list[i].trust));
	}
	buf_puts(out, "],\"divisions\":[");
	for (size_t i = 0; i < c->division_count; i++)
		buf_printf(out, "%s\"%" PRIu64 "\"", i ? "," : "", (uint64_t)c->division_list[i]);
	buf_puts(out, "]");
	names_json(out, "kinds", c->kinds, c->kind_count);
	names_json(out, "shares_refs", c->shares_refs, c->shares_count);
	buf_printf(out, ",\"recipients_max\":%lu", c->recipients_max);
}

/* Of the child that fetches for it. */
static void
child_json(struct reader *r, const char *source, enum lang lang, struct buf *out)
{
	sqlite3_stmt *st = read_query(r, "SELECT a.name, a.since, a.task, a.text, a.text_phrase, a.text_values "
		"FROM source_alarm a JOIN source s ON s.id = a.source WHERE s.name = ? AND a.since IS NOT NULL "
		"ORDER BY a.since", "t", source);
	bool any = false;

	buf_puts(out, ",\"alarms\":[");
	while (read_step(r, st)) {
		buf_puts(out, any ? ",{" : "{");
		any = true;
		json_column(out, "name", st, 0);
		instant_or_null(out, "since", st, 1);
		instant_or_null(out, "task", st, 2);
		buf_puts(out, ",");
		json_said(out, "text", st, 3, lang);
		buf_puts(out, "}");
	}
	buf_puts(out, "]");
}

int
read_sources(struct reader *r, const struct read_query *q, const struct settings *s, msec now,
	     struct buf *out, struct err *err)
{
	if (may_see(q, s, err) < 0)
		return -1;
	buf_puts(out, "{\"sources\":[");
	for (size_t i = 0; i < s->source_count; i++) {
		const struct source_conf *c = &s->sources[i];
		sqlite3_stmt *st = read_query(r, "SELECT s.heard_at, s.silent_since, s.task, (SELECT count(*) "
			"FROM signal g WHERE g.source = s.id), (SELECT count(*) FROM signal g WHERE g.source = "
			"s.id AND g.state = 3), s.state, s.state_at, (SELECT count(*) "
			"FROM outbox o WHERE o.source = s.id) FROM source s WHERE s.name = ?", "t", c->name);
		bool there = read_step(r, st);

		buf_puts(out, i ? "," : "");
		source_conf_json(c, out);
		if (there) {
			instant_or_null(out, "heard_at", st, 0);
			instant_or_null(out, "silent_since", st, 1);
			instant_or_null(out, "task", st, 2);
			instant_or_null(out, "signals", st, 3);
			instant_or_null(out, "held", st, 4);
			buf_puts(out, ",");
			json_column(out, "state", st, 5);
			instant_or_null(out, "state_at", st, 6);
			instant_or_null(out, "callbacks", st, 7);
			sqlite3_reset(st);
		} else {
			buf_puts(out, ",\"heard_at\":null,\"silent_since\":null,\"task\":null,\"signals\":0,"
				 "\"held\":0,\"callbacks\":0,\"state\":null,\"state_at\":null");
		}
		child_json(r, c->name, q->lang, out);
		buf_puts(out, "}");
	}
	buf_printf(out, "],\"now\":%lld}", (long long)now);
	return 0;
}

#define SIGNAL "SELECT g.id, s.name, g.ref, g.act, g.kind, g.state, g.rule, g.alert, g.task, g.at, " \
	"g.received_at, g.last_at, g.repeats, g.due_at, coalesce(g.reason, ''), g.reason_phrase, " \
	"g.reason_values, g.severity, g.body, g.raw, g.source FROM signal g JOIN source s ON s.id = g.source "

static void
signal_row_json(struct buf *out, sqlite3_stmt *st, enum lang lang)
{
	static const struct { const char *name; int column; bool number; } columns[] = {
		{ "source", 1, false }, { "ref", 2, false }, { "kind", 4, false }, { "rule", 6, false },
		{ "alert", 7, true }, { "task", 8, true }, { "at", 9, true }, { "received_at", 10, true },
		{ "last_at", 11, true }, { "repeats", 12, true }, { "due_at", 13, true },
	};
	int64_t alert = sqlite3_column_int64(st, 7);
	char code[CODE_TEXT];

	json_number(out, "id", st, 0);
	buf_printf(out, ",\"act\":\"%s\",\"state\":\"%s\"",
		   signal_act_name((enum signal_act)sqlite3_column_int(st, 3)),
		   signal_state_name((enum signal_state)sqlite3_column_int(st, 5)));
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
		buf_puts(out, ",");
		(columns[i].number ? json_number : json_column)(out, columns[i].name, st, columns[i].column);
	}
	code_format(code, (uint64_t)alert);
	buf_puts(out, ",");
	json_text(out, "alert_code", alert ? code : NULL);
	buf_puts(out, ",");
	json_said(out, "reason", st, 14, lang);
}

static bool
signal_fits(const struct read_query *q, sqlite3_stmt *st)
{
	const char *source = (const char *)sqlite3_column_text(st, 1);

	if (q->filter.source[0] && strcmp(source ? source : "", q->filter.source) != 0)
		return false;
	return !q->filter.states || q->filter.states >> sqlite3_column_int(st, 5) & 1;
}

int
read_signals(struct reader *r, const struct read_query *q, const struct settings *s, struct buf *out,
	     struct err *err)
{
	size_t limit = read_limit(q), count = 0, looked_at = 0;
	int64_t before = INT64_MAX, last = 0;
	sqlite3_stmt *st;
	bool more = false;

	if (may_see(q, s, err) < 0)
		return -1;
	if (q->after[0] && read_cursor(q->after, &before, 1) < 0)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_QUERY, "after"), query_cursor);
	st = read_query(r, SIGNAL "WHERE g.id < ? ORDER BY g.id DESC LIMIT ?", "ii", before,
			(int64_t)LOOKED_AT_MAX + 1);
	buf_puts(out, "{\"signals\":[");
	while (read_step(r, st)) {
		bool fits = looked_at < LOOKED_AT_MAX && signal_fits(q, st);

		if (looked_at++ == LOOKED_AT_MAX || (fits && count == limit)) {
			more = true;
			sqlite3_reset(st);
			break;
		}
		last = sqlite3_column_int64(st, 0);
		if (!fits)
			continue;
		buf_puts(out, count++ ? ",{" : "{");
		signal_row_json(out, st, q->lang);
		buf_puts(out, "}");
	}
	read_list_end(out, more, last);
	return 0;
}

/* As it came, where that is text and still kept. */
static void
raw_json(struct reader *r, sqlite3_stmt *row, struct buf *out)
{
	char hash[65] = "";
	sqlite3_stmt *st;
	char *text;

	for (int i = 0; i < 32 && sqlite3_column_bytes(row, 19) == 32; i++)
		snprintf(hash + 2 * i, 3, "%02X", ((const unsigned char *)sqlite3_column_blob(row, 19))[i]);
	st = read_query(r, "SELECT bytes FROM signal_raw WHERE source = ? AND hex(sha256) = ?", "it",
			sqlite3_column_int64(row, 20), hash);
	if (!*hash || !read_step(r, st)) {
		buf_puts(out, ",\"raw\":null");
		return;
	}
	text = xstrndup(sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0));
	buf_puts(out, ",\"raw\":");
	buf_json(out, utf8_check(text, strlen(text), NULL) == 0 ? text : NULL);
	free(text);
	sqlite3_reset(st);
}

int
read_signal(struct reader *r, const struct read_query *q, const struct settings *s, struct buf *out,
	    struct err *err)
{
	sqlite3_stmt *st;

	if (may_see(q, s, err) < 0)
		return -1;
	st = read_query(r, SIGNAL "WHERE g.id = ?", "i", q->alert);
	if (!read_step(r, st))
		return err_say(err, REFUSED_NOT_FOUND, about(CONCEPT_NONE), no_signal, NUM(q->alert));
	buf_puts(out, "{");
	signal_row_json(out, st, q->lang);
	buf_printf(out, ",\"signal\":%s", (const char *)sqlite3_column_text(st, 18));
	raw_json(r, st, out);
	buf_puts(out, "}");
	sqlite3_reset(st);
	return 0;
}
