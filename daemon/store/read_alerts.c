/* read_alerts.c -- alerts, and what they wait for, as JSON. */
#include "daemon/store/read_internal.h"

#include <string.h>

#include "core/message_state.h"
#include "daemon/store/store.h"

#define ALERT_COLUMNS "a.id, a.code, substr(a.key, length(a.client) + 2), a.client, t.name, p.name, " \
	"a.severity, a.kind, CASE WHEN a.drill THEN 'drill' WHEN a.test THEN 'test' ELSE 'real' END, " \
	"a.state, a.accepted_at, a.released_at, a.expires_at, a.deadline_at, a.closed_at, " \
	"a.replaces, a.replaced_by, a.targets, a.satisfied, " \
	"CASE WHEN a.closed_at IS NULL THEN a.holds ELSE 0 END"
#define ALERT_FROM " FROM alert a LEFT JOIN document t ON t.id = a.template " \
	"LEFT JOIN document p ON p.id = a.policy "

static void
alert_json(struct buf *out, sqlite3_stmt *st, msec deadline_at, int64_t satisfied)
{
	static const char *const texts[] = { "code", "key", "client", "template", "policy" };
	static const char *const times[] = { "accepted_at", "released_at", "expires_at" };

	json_number(out, "id", st, 0);
	for (int i = 0; i < 5; i++) {
		buf_puts(out, ",");
		json_column(out, texts[i], st, 1 + i);
	}
	buf_printf(out, ",\"severity\":\"%s\",", severity_name((enum severity)sqlite3_column_int(st, 6)));
	json_column(out, "kind", st, 7);
	buf_puts(out, ",");
	json_column(out, "mode", st, 8);
	buf_printf(out, ",\"state\":\"%s\"", alert_state_name((enum alert_state)sqlite3_column_int(st, 9)));
	for (int i = 0; i < 3; i++) {
		buf_puts(out, ",");
		json_number(out, times[i], st, 10 + i);
	}
	buf_puts(out, ",");
	if (deadline_at != NEVER)
		buf_printf(out, "\"deadline_at\":%lld", (long long)deadline_at);
	else
		json_number(out, "deadline_at", st, 13);
	buf_puts(out, ",");
	json_number(out, "closed_at", st, 14);
	buf_puts(out, ",");
	json_number(out, "replaces", st, 15);
	buf_puts(out, ",");
	json_number(out, "replaced_by", st, 16);
	buf_puts(out, ",");
	json_number(out, "targets", st, 17);
	buf_printf(out, ",\"satisfied\":%lld", (long long)(satisfied >= 0 ? satisfied
							   : sqlite3_column_int64(st, 18)));
	buf_printf(out, ",\"holds\":[%s]", sqlite3_column_int(st, 19) & ALERT_HOLD_RESTORED ? "\"restored\"" : "");
}

/* Rows that a page with filters looks at. */
#define LOOKED_AT_MAX 10000
#define PARSED_MAX 1000			/* of these, requests taken apart */

struct look {
	size_t rows, parsed;
};

static bool
fits(struct reader *r, const struct read_filter *f, sqlite3_stmt *st, struct look *look)
{
	const char *client = (const char *)sqlite3_column_text(st, 3);

	if (f->states && !(f->states >> sqlite3_column_int(st, 9) & 1))
		return false;
	if (f->severities && !(f->severities >> sqlite3_column_int(st, 6) & 1))
		return false;
	if (f->mode && strcmp(f->mode, (const char *)sqlite3_column_text(st, 8)) != 0)
		return false;
	if (f->since && sqlite3_column_int64(st, 10) < f->since)
		return false;
	if (f->client[0] && (!client || strcmp(client, f->client) != 0))
		return false;
	if (!f->division)
		return true;
	look->parsed++;
	return read_concerns(r, sqlite3_column_int64(st, 0), f->division);
}

static void
one_alert(struct buf *out, sqlite3_stmt *st, size_t count)
{
	buf_puts(out, count ? ",{" : "{");
	alert_json(out, st, NEVER, -1);
	buf_puts(out, "}");
}

/* Keys are a client's own: each may have an alert under it. */
static void
under_key(struct reader *r, const struct read_query *q, const char *client, struct buf *out,
	  size_t *count)
{
	struct look look = { 0 };
	struct buf key = { 0 };
	sqlite3_stmt *st;

	if (q->filter.client[0] && strcmp(q->filter.client, client) != 0)
		return;
	buf_printf(&key, "%s/%s", client, q->filter.key);
	st = read_query(r, "SELECT " ALERT_COLUMNS ALERT_FROM "WHERE a.key = ?", "t", key.data);
	if (read_step(r, st)) {
		if (fits(r, &q->filter, st, &look))
			one_alert(out, st, (*count)++);
		sqlite3_reset(st);
	}
	buf_fini(&key);
}

static int
alerts_under_key(struct reader *r, const struct read_query *q, const struct settings *s,
		 struct buf *out)
{
	size_t count = 0;
	bool known = false;

	buf_puts(out, "{\"alerts\":[");
	for (size_t i = 0; i < s->client_count; i++) {
		under_key(r, q, s->clients[i].name, out, &count);
		known |= strcmp(s->clients[i].name, q->by.name) == 0;
	}
	if (!known)			/* a user of the unix socket */
		under_key(r, q, q->by.name, out, &count);
	read_list_end(out, false, 0);
	return 0;
}

int
read_alerts(struct reader *r, const struct read_query *q, const struct settings *s, struct buf *out,
	    struct err *err)
{
	size_t limit = read_limit(q), count = 0;
	int64_t after, last = 0;
	struct look look = { 0 };
	sqlite3_stmt *st;
	bool more = false;

	if (read_check(r, q, &after, 1, err) < 0)
		return -1;
	if (q->filter.key[0])
		return alerts_under_key(r, q, s, out);
	if (!after)
		after = INT64_MAX;
	st = q->open_only
		? read_query(r, "SELECT " ALERT_COLUMNS ALERT_FROM "WHERE a.closed_at IS NULL "
			     "AND a.id < ? ORDER BY a.id DESC LIMIT ?", "ii", after,
			     (int64_t)LOOKED_AT_MAX + 1)
		: read_query(r, "SELECT " ALERT_COLUMNS ALERT_FROM "WHERE a.id < ? "
			     "ORDER BY a.id DESC LIMIT ?", "ii", after, (int64_t)LOOKED_AT_MAX + 1);
	buf_puts(out, "{\"alerts\":[");
	while (!more && read_step(r, st)) {
		bool fit = look.rows < LOOKED_AT_MAX && look.parsed < PARSED_MAX &&
			fits(r, &q->filter, st, &look);

		more = look.rows == LOOKED_AT_MAX || (!fit && look.parsed == PARSED_MAX) ||
			(fit && count == limit);
		if (more)
			break;
		look.rows++;
		last = sqlite3_column_int64(st, 0);
		if (fit)
			one_alert(out, st, count++);
	}
	if (more)
		sqlite3_reset(st);
	read_list_end(out, more, last);
	return 0;
}

const struct policy *
read_policy(struct reader *r, const struct settings *s, int64_t document)
{
	sqlite3_stmt *st;
	const struct policy *found = NULL;
	const struct document *d;
	size_t i = r->policy_next;

	if (!document)
		return NULL;
	for (size_t k = 0; k < READ_POLICIES; k++)
		if (r->policies[k].document == document)
			return r->policies[k].policy;
	st = read_query(r, "SELECT name, body, sha256 FROM document WHERE id = ?", "i", document);
	if (!read_step(r, st))
		return NULL;
	d = settings_document(s, "policy", (const char *)sqlite3_column_text(st, 0));
	if (d && memcmp(d->sha256, sqlite3_column_blob(st, 2), sizeof(d->sha256)) == 0) {
		found = settings_policy(s, d->name);
	} else {
		policy_free(r->policies[i].policy);
		r->policies[i].policy = NULL;
		r->policies[i].document = document;
		policy_parse(&r->policies[i].policy, (const char *)sqlite3_column_text(st, 1), "policy",
			     s, NULL);
		found = r->policies[i].policy;
		r->policy_next = (i + 1) % READ_POLICIES;
	}
	sqlite3_reset(st);
	return found;
}

struct summary {
	int64_t levels[LEVEL_COUNT], messages[MESSAGE_STATE_COUNT], satisfied, nobody, moved;
};

static void
levels(struct reader *r, int64_t alert, struct summary *sum)
{
	sqlite3_stmt *st = read_query(r, "SELECT level, moved_to IS NOT NULL, count(*), "
				      "sum(nobody) FROM target WHERE alert = ? GROUP BY 1, 2", "i", alert);

	while (read_step(r, st)) {
		int level = sqlite3_column_int(st, 0);
		int64_t count = sqlite3_column_int64(st, 2);

		if (sqlite3_column_int(st, 1)) {
			sum->moved += count;	/* the new alert counts them */
			continue;
		}
		if (level >= 0 && level < LEVEL_COUNT)
			sum->levels[level] = count;
		sum->nobody += sqlite3_column_int64(st, 3);
	}
}

/* What is still queued in a wave that was withdrawn or has expired, will never leave. */
static int
queued_state(enum wave_state state)
{
	return state == WAVE_WITHDRAWN ? MESSAGE_WITHDRAWN
		: state == WAVE_EXPIRED ? MESSAGE_EXPIRED : MESSAGE_QUEUED;
}

static void
one_wave(sqlite3_stmt *st, struct buf *out, struct summary *sum)
{
	static const char *const kinds[] = { "call", "inform", "helper", "correction", "reply" };
	static const char *const states[] = { "planning", "open", "finished", "withdrawn", "expired" };
	int64_t count[MESSAGE_STATE_COUNT] = { 0 }, queued = sqlite3_column_int64(st, 6);
	int kind = sqlite3_column_int(st, 4), state = sqlite3_column_int(st, 5);

	for (int i = MESSAGE_SENDING; i < MESSAGE_STATE_COUNT; i++) {
		count[i] = sqlite3_column_int64(st, 6 + i);
		queued -= count[i];
	}
	count[queued_state((enum wave_state)state)] += queued;
	buf_puts(out, "{");
	json_number(out, "id", st, 0);
	buf_puts(out, ",");
	json_number(out, "step", st, 1);
	buf_puts(out, ",");
	json_number(out, "position", st, 2);
	buf_printf(out, ",\"channel\":\"%s\",\"kind\":\"%s\",\"state\":\"%s\",\"total\":%lld",
		   channel_name((enum channel)sqlite3_column_int(st, 3)),
		   kind >= 0 && kind < 5 ? kinds[kind] : "?",
		   state >= 0 && state < 5 ? states[state] : "?",
		   (long long)sqlite3_column_int64(st, 6));
	for (int i = 0; i < MESSAGE_STATE_COUNT; i++) {
		buf_printf(out, ",\"%s\":%lld", message_state_name((enum message_state)i),
			   (long long)count[i]);
		sum->messages[i] += count[i];
	}
	buf_puts(out, "}");
}

static void
waves(struct reader *r, int64_t alert, struct buf *out, struct summary *sum)
{
	sqlite3_stmt *st = read_query(r, "SELECT id, step, position, channel, kind, state, total, "
		"sending, sent, delivered, failed, expired, withdrawn, uncertain FROM wave "
		"WHERE alert = ? ORDER BY id LIMIT 1000", "i", alert);
	bool any = false;

	buf_puts(out, "\"waves\":[");
	while (read_step(r, st)) {
		if (any)
			buf_puts(out, ",");
		any = true;
		one_wave(st, out, sum);
	}
	buf_puts(out, "]");
}

static void
steps(const struct policy *p, msec released_at, unsigned next, struct buf *out)
{
	buf_puts(out, "\"steps\":[");
	for (size_t i = 0; i < (p ? p->step_count : 1); i++) {
		buf_printf(out, "%s{\"step\":%zu,", i ? "," : "", i);
		json_text(out, "name", p && p->steps[i].name ? p->steps[i].name : "");
		buf_printf(out, ",\"at\":%lld,\"taken\":%s}",
			   (long long)msec_add(released_at, p ? p->steps[i].after_ms : 0),
			   i < next ? "true" : "false");
	}
	buf_puts(out, "]");
}

static void
alert_head(struct buf *out, sqlite3_stmt *st, const struct policy *p, struct summary *sum)
{
	msec released_at = sqlite3_column_int64(st, 11), deadline_at = NEVER;

	sum->satisfied = p ? 0 : -1;
	for (int level = p ? p->until : LEVEL_COUNT; level < LEVEL_COUNT; level++)
		sum->satisfied += sum->levels[level];
	/* The store forgets a deadline once it has passed; people still want to see it. */
	if (p && sqlite3_column_type(st, 13) == SQLITE_NULL)
		deadline_at = msec_add(released_at, p->deadline_ms);
	alert_json(out, st, deadline_at, sum->satisfied);
	if (p)
		buf_printf(out, ",\"until\":%d,\"chase_below\":%d,\"levels\":[", p->until,
			   p->chase_below);
	else
		buf_puts(out, ",\"until\":null,\"chase_below\":null,\"levels\":[");
	for (int i = 0; i < LEVEL_COUNT; i++)
		buf_printf(out, "%s%lld", i ? "," : "", (long long)sum->levels[i]);
	buf_printf(out, "],\"nobody\":%lld,\"moved\":%lld,", (long long)sum->nobody,
		   (long long)sum->moved);
	steps(p, released_at, (unsigned)sqlite3_column_int(st, 21), out);
}

int
read_alert(struct reader *r, const struct read_query *q, const struct settings *s, msec now,
	   struct buf *out, struct err *err)
{
	struct summary sum = { 0 };
	sqlite3_stmt *st;
	int64_t cursor, tasks, policy;

	if (read_check(r, q, &cursor, 1, err) < 0)
		return -1;
	levels(r, q->alert, &sum);
	policy = read_number(r, read_query(r, "SELECT policy FROM alert WHERE id = ?", "i", q->alert));
	tasks = read_number(r, read_query(r, "SELECT count(*) FROM task WHERE closed_at IS NULL "
					  "AND alert = ?", "i", q->alert));
	st = read_query(r, "SELECT " ALERT_COLUMNS ", a.policy, a.step" ALERT_FROM "WHERE a.id = ?", "i",
			q->alert);
	if (!read_step(r, st))
		return read_no_alert(q, err);
	buf_puts(out, "{");
	alert_head(out, st, read_policy(r, s, policy), &sum);
	sqlite3_reset(st);
	buf_puts(out, ",");
	json_request(r, q->alert, out);
	buf_puts(out, ",");
	waves(r, q->alert, out, &sum);
	buf_puts(out, ",\"messages\":{");
	for (int i = 0; i < MESSAGE_STATE_COUNT; i++)
		buf_printf(out, "%s\"%s\":%lld", i ? "," : "", message_state_name((enum message_state)i),
			   (long long)sum.messages[i]);
	buf_printf(out, "},\"now\":%lld,\"tasks_open\":%lld,", (long long)now, (long long)tasks);
	json_forecast(r, s, q->alert, read_policy(r, s, policy), now, out);
	buf_puts(out, ",");
	json_coming(r, q, s, read_policy(r, s, policy), out);
	buf_puts(out, "}");
	return 0;
}

int
read_targets(struct reader *r, const struct read_query *q, struct buf *out, struct err *err)
{
	size_t limit = read_limit(q), count = 0;
	int64_t after, last = 0;
	bool more = false;
	int rc = read_check(r, q, &after, 1, err);
	sqlite3_stmt *st;

	if (rc < 0)
		return -1;
	if (!*q->after)
		after = -1;		/* targets count from 0 */
	st = read_query(r, "SELECT t.id, t.division, d.name, c.ref, c.name, t.level, t.level_at, "
		"coalesce(t.by_name, b.name), b.ref, t.moved_to, m.code, t.nobody FROM target t LEFT JOIN division d ON d.code = t.division "
		"LEFT JOIN contact c ON c.id = t.contact LEFT JOIN contact b ON b.id = t.by_contact "
		"LEFT JOIN alert m ON m.id = t.moved_to "
		"WHERE t.alert = ? AND t.id > ? AND t.level < ? ORDER BY t.id LIMIT ?", "iiii",
		q->alert, after, (int64_t)(q->below ? q->below : LEVEL_COUNT), (int64_t)limit + 1);
	buf_puts(out, "{\"targets\":[");
	while (read_step(r, st)) {
		if (count == limit) {
			more = true;
			continue;
		}
		last = sqlite3_column_int64(st, 0);
		buf_puts(out, count++ ? ",{" : "{");
		json_number(out, "id", st, 0);
		buf_puts(out, ",");
		json_division(out, "division", st, 1);
		buf_puts(out, ",");
		json_column(out, "name", st, 2);
		buf_puts(out, ",");
		json_column(out, "contact", st, 3);
		buf_puts(out, ",");
		json_column(out, "person", st, 4);
		buf_puts(out, ",");
		json_number(out, "level", st, 5);
		buf_puts(out, ",");
		json_number(out, "level_at", st, 6);
		buf_puts(out, ",");
		json_column(out, "by", st, 7);
		buf_puts(out, ",");
		json_column(out, "by_contact", st, 8);
		buf_puts(out, ",");
		json_number(out, "moved_to", st, 9);
		buf_puts(out, ",");
		json_column(out, "moved_to_code", st, 10);
		buf_printf(out, ",\"nobody\":%s}", sqlite3_column_int(st, 11) ? "true" : "false");
	}
	read_list_end(out, more, last);
	return 0;
}
