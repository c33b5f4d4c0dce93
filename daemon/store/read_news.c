/* read_news.c -- what readers would see otherwise than before: the figures of alerts, targets that
 * changed, tasks and routes, a line each.  It says how things stand; whether that is new is for
 * whoever listens to compare, so that a page lost or read twice does no harm. */
#include "daemon/store/read_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/message_state.h"
#include "daemon/store/store.h"

#define PAGE_ALERTS 200
#define LATEST 100			/* looked at even when they are closed: receipts still come */
#define STORY_MAX 10000			/* rows of the story in one round */
#define LOOKED_AT_MAX 50000		/* targets read for one page */
#define TARGETS_MAX 10000		/* of an alert whose targets are told one by one */
#define TOLD_MAX 1000			/* of them in one page */
#define SEEN_ALERTS 256

/* The levels of an alert's targets as last told.  Only a memory: what is not in it is told as
 * "read the targets anew". */
struct seen {
	int64_t alert, story;		/* story: its last event then; 0 = not known */
	int64_t levels[LEVEL_COUNT];
	unsigned char *level;		/* of each target */
	size_t count;
};

struct read_memory {
	struct seen seen[SEEN_ALERTS];
};

struct round {				/* of the cursor */
	int64_t story_from, story_to;	/* alerts with events between are looked at */
	int64_t alert;			/* the last one told */
};

struct news {
	struct reader *r;
	struct buf *out;
	size_t looked_at, told;
};

void
read_memory_free(struct read_memory *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < SEEN_ALERTS; i++)
		free(m->seen[i].level);
	free(m);
}

static void
forget(struct read_memory *m)
{
	for (size_t i = 0; i < SEEN_ALERTS; i++)
		m->seen[i].alert = 0;
}

static void
target_line(struct news *n, int64_t alert, sqlite3_stmt *st)
{
	long long a = (long long)alert, id = sqlite3_column_int64(st, 0);

	n->told++;
	buf_printf(n->out, "target\t%lld.%lld\t{\"alert\":%lld,\"id\":%lld}\t{\"alert\":%lld,"
		   "\"id\":%lld,", a, id, a, id, a, id);
	json_division(n->out, "division", st, 1);
	buf_printf(n->out, ",\"level\":%d,", sqlite3_column_int(st, 2));
	json_number(n->out, "level_at", st, 3);
	buf_puts(n->out, "}\n");
}

static void
grow(struct seen *seen, size_t count)
{
	if (count <= seen->count)
		return;
	seen->level = xrealloc(seen->level, count);
	memset(seen->level + seen->count, 0, count - seen->count);
	seen->count = count;
}

/* Reads all targets of the alert; tells those that changed.  false: they cannot all be told. */
static bool
compare_targets(struct news *n, int64_t alert, struct seen *seen, bool known)
{
	sqlite3_stmt *st = read_query(n->r, "SELECT id, division, level, level_at, moved_to FROM "
				      "target WHERE alert = ? ORDER BY id", "i", alert);
	bool all = known;

	memset(seen->levels, 0, sizeof(seen->levels));
	while (read_step(n->r, st)) {
		int64_t id = sqlite3_column_int64(st, 0);
		int level = sqlite3_column_int(st, 2);

		n->looked_at++;
		if (level >= 0 && level < LEVEL_COUNT && sqlite3_column_type(st, 4) == SQLITE_NULL)
			seen->levels[level]++;
		if (id < 0 || id >= TARGETS_MAX) {
			all = false;
			continue;
		}
		if (known && ((size_t)id >= seen->count || seen->level[id] != level)) {
			if (n->told < TOLD_MAX)
				target_line(n, alert, st);
			else
				all = false;
		}
		grow(seen, (size_t)id + 1);
		seen->level[id] = (unsigned char)level;
	}
	return all;
}

static const struct seen *
look_at_targets(struct news *n, int64_t alert, int64_t story)
{
	struct seen *seen = &n->r->memory->seen[alert % SEEN_ALERTS];
	bool known = seen->alert == alert && seen->story;

	if (known && seen->story == story)
		return seen;
	if (!known)
		seen->count = 0;
	seen->alert = alert;
	seen->story = story;
	if (!compare_targets(n, alert, seen, known))
		buf_printf(n->out, "targets\t%lld\t{\"alert\":%lld}\t{\"alert\":%lld,\"story\":%lld}\n",
			   (long long)alert, (long long)alert, (long long)alert, (long long)story);
	return seen;
}

/* Queued in a wave that was withdrawn or has expired: it will never leave. */
static int
queued_as(int wave_state)
{
	return wave_state == WAVE_WITHDRAWN ? MESSAGE_WITHDRAWN
		: wave_state == WAVE_EXPIRED ? MESSAGE_EXPIRED : MESSAGE_QUEUED;
}

static void
message_figures(struct news *n, int64_t alert)
{
	sqlite3_stmt *st = read_query(n->r, "SELECT state, sum(total), sum(sending), sum(sent), "
		"sum(delivered), sum(failed), sum(expired), sum(withdrawn), sum(uncertain) FROM wave "
		"WHERE alert = ? GROUP BY state", "i", alert);
	int64_t count[MESSAGE_STATE_COUNT] = { 0 };

	while (read_step(n->r, st)) {
		int64_t queued = sqlite3_column_int64(st, 1);

		for (int i = MESSAGE_SENDING; i < MESSAGE_STATE_COUNT; i++) {
			count[i] += sqlite3_column_int64(st, 1 + i);
			queued -= sqlite3_column_int64(st, 1 + i);
		}
		count[queued_as(sqlite3_column_int(st, 0))] += queued;
	}
	buf_puts(n->out, ",\"messages\":{");
	for (int i = 0; i < MESSAGE_STATE_COUNT; i++)
		buf_printf(n->out, "%s\"%s\":%lld", i ? "," : "",
			   message_state_name((enum message_state)i), (long long)count[i]);
	buf_puts(n->out, "}");
}

static void
alert_line(struct news *n, sqlite3_stmt *st)
{
	int64_t id = sqlite3_column_int64(st, 0);
	int64_t story = read_number(n->r, read_query(n->r, "SELECT max(id) FROM event WHERE alert = ?",
						     "i", id));
	const struct seen *seen = look_at_targets(n, id, story);

	buf_printf(n->out, "alert\t%lld\t{\"id\":%lld}\t{\"id\":%lld,\"state\":\"%s\",", (long long)id,
		   (long long)id, (long long)id,
		   alert_state_name((enum alert_state)sqlite3_column_int(st, 1)));
	json_number(n->out, "targets", st, 2);
	buf_puts(n->out, ",");
	json_number(n->out, "satisfied", st, 3);
	buf_puts(n->out, ",\"levels\":[");
	for (int i = 0; i < LEVEL_COUNT; i++)
		buf_printf(n->out, "%s%lld", i ? "," : "", (long long)seen->levels[i]);
	buf_puts(n->out, "]");
	message_figures(n, id);
	buf_puts(n->out, ",");
	json_number(n->out, "replaced_by", st, 4);
	buf_printf(n->out, ",\"story\":%lld}\n", (long long)story);
}

/* The open ones, the latest, and those whose story went on.  true: there are more. */
static bool
alert_lines(struct news *n, struct round *round)
{
	sqlite3_stmt *st = read_query(n->r, "WITH c(id) AS ("
		"SELECT id FROM (SELECT id FROM alert WHERE closed_at IS NULL AND id > ?1 "
		"ORDER BY id LIMIT 201) UNION "
		"SELECT id FROM (SELECT id FROM alert ORDER BY id DESC LIMIT ?4) WHERE id > ?1 UNION "
		"SELECT alert FROM event WHERE id > ?2 AND id <= ?3 AND alert > ?1) "
		"SELECT a.id, a.state, a.targets, a.satisfied, a.replaced_by FROM c JOIN alert a "
		"ON a.id = c.id ORDER BY a.id LIMIT 201", "iiii", round->alert, round->story_from,
		round->story_to, (int64_t)LATEST);
	size_t count = 0;

	while (read_step(n->r, st)) {
		if (count++ == PAGE_ALERTS || n->looked_at > LOOKED_AT_MAX) {
			sqlite3_reset(st);
			return true;
		}
		round->alert = sqlite3_column_int64(st, 0);
		alert_line(n, st);
	}
	return false;
}

static void
tasks_line(struct news *n)
{
	int64_t open = read_number(n->r, read_query(n->r, "SELECT count(*) FROM task "
						    "WHERE closed_at IS NULL", ""));
	int64_t last = read_number(n->r, read_query(n->r, "SELECT max(id) FROM task", ""));
	int64_t taken = read_number(n->r, read_query(n->r, "SELECT count(taken_by) FROM task "
						     "WHERE closed_at IS NULL", ""));
	int64_t moved = read_number(n->r, read_query(n->r, "SELECT max(max(coalesce(taken_at, 0), "
		"coalesce(grown_at, 0))) FROM task WHERE closed_at IS NULL", ""));

	buf_printf(n->out, "tasks\t\t{}\t{\"open\":%lld,\"taken\":%lld,\"last\":%lld,\"moved_at\":%lld}"
		   "\n", (long long)open, (long long)taken, (long long)last, (long long)moved);
}

static void
route_lines(struct news *n, const struct settings *s)
{
	for (size_t i = 0; i < s->route_count; i++) {
		sqlite3_stmt *st = read_query(n->r, "SELECT r.name, r.state, r.state_at, "
			"(SELECT count(*) FROM route_alarm a WHERE a.route = r.id), "
			"(SELECT max(since) FROM route_alarm a WHERE a.route = r.id) FROM route r "
			"WHERE r.name = ?", "t", s->routes[i].name);

		if (!read_step(n->r, st))
			continue;
		buf_printf(n->out, "route\t%s\t{", s->routes[i].name);
		json_column(n->out, "name", st, 0);
		buf_puts(n->out, "}\t{");
		json_column(n->out, "name", st, 0);
		buf_puts(n->out, ",");
		json_column(n->out, "state", st, 1);
		buf_puts(n->out, ",");
		json_number(n->out, "state_at", st, 2);
		buf_puts(n->out, ",");
		json_number(n->out, "alarms", st, 3);
		buf_puts(n->out, ",");
		json_number(n->out, "alarm_at", st, 4);
		buf_puts(n->out, "}\n");
		sqlite3_reset(st);
	}
}

int
read_news(struct reader *r, const struct read_query *q, const struct settings *s, struct buf *out,
	  struct err *err)
{
	struct news n = { .r = r };
	struct buf lines = { 0 };
	struct round round;
	int64_t cursor[3], last;
	bool more;

	if (read_cursor(q->after, cursor, 3) < 0)
		return err_say(err, REFUSED_UNREADABLE, about_name(CONCEPT_QUERY, "after"), cursor_bad,
			       q->after);
	if (!r->memory)
		r->memory = xcalloc(1, sizeof(*r->memory));
	n.out = &lines;
	round = (struct round){ cursor[0], cursor[1], cursor[2] };
	if (!round.alert) {		/* a new round begins */
		last = read_number(r, read_query(r, "SELECT max(id) FROM event", ""));
		if (!*q->after)
			round.story_from = last;
		round.story_to = last > round.story_from + STORY_MAX ? round.story_from + STORY_MAX : last;
		tasks_line(&n);
		route_lines(&n, s);
	}
	more = alert_lines(&n, &round);
	if (more)
		buf_printf(out, "%lld.%lld.%lld\n", (long long)round.story_from,
			   (long long)round.story_to, (long long)round.alert);
	else
		buf_printf(out, "%lld.0.0\n", (long long)round.story_to);
	buf_add(out, lines.data ? lines.data : "", lines.len);
	buf_fini(&lines);
	/* What was told is lost with the answer. */
	if (r->failed)
		forget(r->memory);
	return 0;
}
