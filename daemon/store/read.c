/* read.c -- read-only views of the store as JSON; it never writes and never waits long. */
#include "daemon/store/read_internal.h"

#include <stdlib.h>

#include "daemon/store/store.h"

static int
on_progress(void *ctx)
{
	struct reader *r = ctx;

	return read_clock() > r->give_up_at;
}

int
reader_open(struct reader **out, const char *path, struct err *err)
{
	struct reader *r = xcalloc(1, sizeof(*r));

	*out = NULL;
	if (sqlite3_open_v2(path, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
		    SQLITE_OK ||
	    sqlite3_exec(r->db, "PRAGMA query_only = 1; PRAGMA busy_timeout = 100;"
			 "PRAGMA cache_size = -4096; PRAGMA temp_store = memory;"
			 "SELECT 1 FROM meta LIMIT 1", NULL, NULL, NULL) != SQLITE_OK) {
		err_set(err, "cannot read %s: %s; it is made by the first start of gongd", path,
			sqlite3_errmsg(r->db));
		reader_close(r);
		return -1;
	}
	sqlite3_progress_handler(r->db, 1000, on_progress, r);
	*out = r;
	return 0;
}

void
reader_set_guard(struct reader *r, struct guard *guard)
{
	r->guard = guard;
}

void
reader_close(struct reader *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < READ_POLICIES; i++)
		policy_free(r->policies[i].policy);
	for (size_t i = 0; i < READ_STATEMENTS; i++)
		sqlite3_finalize(r->statements[i].stmt);
	read_memory_free(r->memory);
	sqlite3_close(r->db);
	free(r);
}

static int
figures(struct reader *r, struct buf *out)
{
	sqlite3_stmt *st;
	int64_t alerts, targets, tasks;

	alerts = read_number(r, read_query(r, "SELECT count(*) FROM alert WHERE closed_at IS NULL", ""));
	st = read_query(r, "SELECT coalesce(sum(max(targets - satisfied, 0)), 0) FROM alert "
			"WHERE closed_at IS NULL", "");
	targets = read_number(r, st);
	tasks = read_number(r, read_query(r, "SELECT count(*) FROM task WHERE closed_at IS NULL", ""));
	buf_printf(out, "{\"alerts_open\":%lld,\"targets_open\":%lld,\"tasks_open\":%lld}",
		   (long long)alerts, (long long)targets, (long long)tasks);
	return 0;
}

/* What gong tells the duty officers of its own accord repeats what people wrote. */
static bool
is_own(struct reader *r, int64_t alert)
{
	return read_number(r, read_query(r, "SELECT count(*) FROM alert WHERE id = ? AND client = 'gong'",
					 "i", alert)) > 0;
}

/* Of an alert; answers and the inbox have a rule of their own. */
static int
may_see(struct reader *r, const struct read_query *q, const struct settings *s, struct err *err)
{
	struct rights rights = rights_of(s, &q->by);

	switch (q->what) {
	case READ_ALERT:
	case READ_TARGETS:
	case READ_MESSAGES:
	case READ_MESSAGES_CSV:
	case READ_EVENTS:
		if ((!rights.division_count && !rights.drill_only) || !is_own(r, q->alert))
			return 0;
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_ALERT), right_own_alert, q->by.name,
			       NUM(q->alert));
	default:
		return 0;
	}
}

static int
answer(struct reader *r, const struct read_query *q, const struct settings *s, msec now,
       struct buf *out, struct err *err)
{
	if (may_see(r, q, s, err) < 0)
		return -1;
	switch (q->what) {
	case READ_ALERTS:
		return read_alerts(r, q, s, out, err);
	case READ_ALERT:
		return read_alert(r, q, s, now, out, err);
	case READ_TARGETS:
		return read_targets(r, q, out, err);
	case READ_MESSAGES:
		return read_messages(r, q, out, err);
	case READ_EVENTS:
		return read_events(r, q, s, out, err);
	case READ_TASKS:
		return read_tasks(r, q, s, out, err);
	case READ_ROUTES:
		return read_routes(r, s, q->lang, out);
	case READ_FIGURES:
		return figures(r, out);
	case READ_MESSAGES_CSV:
		return read_messages_csv(r, q, out, err);
	case READ_NEWS:
		return read_news(r, q, s, out, err);
	case READ_ANSWERS:
		return read_answers(r, q, s, out, err);
	case READ_INBOX:
		return read_inbox(r, q, s, out, err);
	case READ_DIVISIONS:
		return read_divisions(r, q, out, err);
	case READ_SEASON:
		return read_season(r, q, s, now, out, err);
	case READ_DIVISION:
		return read_division(r, q, s, out, err);
	case READ_CONTACTS:
		return read_contacts(r, q, s, out, err);
	case READ_CONTACT:
		return read_contact(r, q, s, out, err);
	case READ_TAGS:
		return read_tags(r, out);
	case READ_EXPORT_CONTACTS:
	case READ_EXPORT_DIVISIONS:
	case READ_EXPORT_ROSTER:
	case READ_EXPORT_GEOMETRY:
		return read_export(r, q, s, out, err);
	case READ_SHAPES:
		return read_shapes(r, q, out, err);
	case READ_IMPORTS:
		return read_imports(r, q, s, out);
	case READ_IMPORT:
		return read_import(r, q, out, err);
	case READ_IMPORT_ROWS:
		return read_import_rows(r, q, s, out, err);
	case READ_SOURCES:
		return read_sources(r, q, s, now, out, err);
	case READ_SIGNALS:
		return read_signals(r, q, s, out, err);
	case READ_SIGNAL:
		return read_signal(r, q, s, out, err);
	}
	return -1;
}

static int
trouble(struct reader *r, struct err *err)
{
	if (r->failed == READ_TOO_SLOW)
		return err_say(err, REFUSED_BUSY, about(CONCEPT_NONE), read_too_slow, NUM(READ_MS_MAX));
	return err_say(err, REFUSED_BUSY, about(CONCEPT_NONE), read_failed, r->reason);
}

int
reader_run(struct reader *r, const struct read_query *q, const struct settings *s, msec now,
	   struct buf *out, struct err *err)
{
	size_t was = out->len;
	int rc;

	r->failed = READ_FINE;
	r->give_up_at = read_clock() + READ_MS_MAX;
	/* One instant of the store for all statements of an answer. */
	if (sqlite3_exec(r->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		read_failed(r, SQLITE_ERROR, "");
	rc = r->failed ? -1 : answer(r, q, s, now, out, err);
	if (r->failed)
		rc = trouble(r, err);
	r->give_up_at = INT64_MAX;
	sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL);
	if (rc < 0 && out->data) {
		out->len = was;
		out->data[was] = '\0';
	}
	return rc;
}
