/* figures.c -- what a night was worth: the answers that people gave against those that gong booked. */
#include "tests/nights/night.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
figures_given(struct night *n, long who, uint64_t id, const char *text)
{
	struct given *g;

	if (n->given_count == n->given_cap) {
		n->given_cap = n->given_cap ? n->given_cap * 2 : 256;
		n->given = xrealloc(n->given, n->given_cap * sizeof(*n->given));
	}
	g = &n->given[n->given_count++];
	*g = (struct given){ .who = who, .id = id };
	snprintf(g->text, sizeof(g->text), "%s", text);
}

/* What that digit means where 1, 2 and 3 have their usual sense. */
static int
level_of(const struct given *g)
{
	return g->text[0] >= '1' && g->text[0] <= '3' ? g->text[0] - '0' + 2 : 0;
}

static int64_t
alert_of(struct night *n, const struct given *g)
{
	return gongd_look(n, "SELECT alert FROM wave WHERE id = ?1", message_id_wave(g->id), 0);
}

#define HEARD(level) "SELECT count(*) FROM answer a JOIN wave w ON w.id = ?1 AND a.alert = w.alert " \
	"WHERE a.contact = ?2 AND a.level >= " level

/* The answer stands at its request, with its level. */
static bool
is_heard(struct night *n, const struct given *g)
{
	static const char *const sql[] = { HEARD("3"), HEARD("4"), HEARD("5") };

	return gongd_look(n, sql[level_of(g) - 3], message_id_wave(g->id),
			  message_id_contact(g->id)) > 0;
}

static bool
is_given(struct night *n, int64_t alert, uint32_t contact, int level)
{
	for (size_t i = 0; i < n->given_count; i++)
		if (message_id_contact(n->given[i].id) == contact && level_of(&n->given[i]) >= level &&
		    alert_of(n, &n->given[i]) == alert)
			return true;
	return false;
}

/* Answers that nobody gave, and places raised by nobody's answer. */
static unsigned long
count_false(struct night *n)
{
	sqlite3_stmt *st = NULL;
	unsigned long count = 0;

	sqlite3_prepare_v2(n->peek, "SELECT alert, contact, level FROM answer WHERE level >= 3 AND "
			   "source < 4", -1, &st, NULL);
	while (sqlite3_step(st) == SQLITE_ROW)
		count += !is_given(n, sqlite3_column_int64(st, 0),
				   (uint32_t)sqlite3_column_int64(st, 1),
				   sqlite3_column_int(st, 2));
	sqlite3_finalize(st);
	count += (unsigned long)gongd_look(n, "SELECT count(*) FROM target t WHERE level >= 3 AND "
		"NOT EXISTS (SELECT 1 FROM answer a JOIN called c ON c.contact = a.contact AND "
		"c.alert = a.alert AND c.target = t.id WHERE a.alert = t.alert AND "
		"a.level >= t.level)", 0, 0);
	return count;
}

#define PARTS(and) "SELECT coalesce(sum(a.parts), 0) FROM attempt a JOIN wave w ON w.id = a.wave " \
	"WHERE a.route = ?1 AND a.sent_at <= ?2" and

/* Segments that modems (roads of one after the other) had, until the last first message left. */
static int64_t
modem_parts(struct night *n, int64_t until, const char *sql)
{
	int64_t parts = 0;

	for (size_t i = 0; i < n->settings->route_count; i++)
		if (n->roads[i].used && n->roads[i].serial)
			parts += gongd_look(n, sql, n->route_ids[i], until);
	return parts;
}

#define SAMPLE_MS SECONDS(10)

/* When the last message of the first alert leaves, as gongctl would say now. */
void
figures_sample(struct night *n)
{
	struct read_query q = { .what = READ_ALERT, .state = -1 };
	struct sample *s;
	struct buf out = { 0 };
	struct err err = { 0 };
	json_t *json, *rest;

	if (n->mono < n->sampled_at + SAMPLE_MS || n->down)
		return;
	n->sampled_at = n->mono;
	q.alert = gongd_look(n, "SELECT min(id) FROM alert WHERE client <> 'gong'", 0, 0);
	if (q.alert <= 0 || (!n->reader && reader_open(&n->reader, STORE_FILE, &err) < 0) ||
	    reader_run(n->reader, &q, n->settings, wall(n), &out, &err) < 0) {
		buf_fini(&out);
		return;
	}
	json = json_loads(out.data, 0, NULL);
	rest = json_object_get(json, "forecast");
	if (json_integer_value(json_object_get(rest, "last_ms")) > 0) {
		if (n->sample_count == n->sample_cap) {
			n->sample_cap = n->sample_cap ? n->sample_cap * 2 : 256;
			n->samples = xrealloc(n->samples, n->sample_cap * sizeof(*n->samples));
		}
		s = &n->samples[n->sample_count++];
		s->at = wall(n);
		s->last_at = wall(n) + json_integer_value(json_object_get(rest, "last_ms"));
	}
	json_decref(json);
	buf_fini(&out);
}

/* Of the live forecast until first nothing was left to go, as shares of all that time: by how much it
 * ever rose from one look to the next, and how wrong it was in the second half. */
static void
sample_moves(struct night *n, msec released, double *rise, double *error)
{
	size_t end = 0;
	double all, off;

	while (end + 1 < n->sample_count && n->samples[end + 1].at - n->samples[end].at < 2 * SAMPLE_MS)
		end++;
	*rise = *error = 0;
	if (!n->sample_count || n->samples[end].last_at <= released)
		return;
	all = (double)(n->samples[end].last_at - released);
	for (size_t i = 0; i <= end; i++) {
		off = (double)(n->samples[i].last_at - n->samples[end].last_at) / all;
		if ((double)(n->samples[i].at - released) * 2 >= all && (off < 0 ? -off : off) > *error)
			*error = off < 0 ? -off : off;
		off = i ? (double)(n->samples[i].last_at - n->samples[i - 1].last_at) / all : 0;
		if (off > *rise)
			*rise = off;
	}
}

void
figures_print(struct night *n)
{
	int64_t first_out = gongd_look(n, "SELECT coalesce(max(a.sent_at), 0) FROM attempt a JOIN wave w "
		"ON w.id = a.wave JOIN alert l ON l.id = w.alert WHERE l.client <> 'gong' AND w.kind IN (0, 1) "
		"AND w.step = 0 AND w.channel = 0 AND a.n = 1", 0, 0);
	int64_t released = gongd_look(n, "SELECT min(released_at) FROM alert", 0, 0);
	unsigned long given = 0, heard = 0;
	double rise, error;

	for (size_t i = 0; i < n->given_count; i++) {
		if (!level_of(&n->given[i]))
			continue;
		given++;
		heard += is_heard(n, &n->given[i]);
	}
	sample_moves(n, released, &rise, &error);
	printf("figures {\"given\":%lu,\"heard\":%lu,\"false\":%lu,\"thanks\":%lld,\"parts\":%lld,"
	       "\"forecast_ms\":%lld,\"finish_ms\":%lld,\"live_rise\":%.3f,\"live_error\":%.3f}\n", given, heard, count_false(n),
	       (long long)modem_parts(n, first_out, PARTS(" AND w.kind = 4")),
	       (long long)modem_parts(n, first_out, PARTS("")), (long long)n->forecast_ms,
	       (long long)(first_out - released), rise, error);
}
