/* figures.c -- what a night was worth: the answers that people gave against those that gong booked. */
#include "tests/nights/night.h"

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

void
figures_print(struct night *n)
{
	int64_t first_out = gongd_look(n, "SELECT coalesce(max(a.sent_at), 0) FROM attempt a JOIN wave w "
		"ON w.id = a.wave JOIN alert l ON l.id = w.alert WHERE l.client <> 'gong' AND w.kind IN (0, 1) "
		"AND w.step = 0 AND w.channel = 0 AND a.n = 1", 0, 0);
	int64_t released = gongd_look(n, "SELECT min(released_at) FROM alert", 0, 0);
	unsigned long given = 0, heard = 0;

	for (size_t i = 0; i < n->given_count; i++) {
		if (!level_of(&n->given[i]))
			continue;
		given++;
		heard += is_heard(n, &n->given[i]);
	}
	printf("figures {\"given\":%lu,\"heard\":%lu,\"false\":%lu,\"thanks\":%lld,\"parts\":%lld,"
	       "\"forecast_ms\":%lld,\"finish_ms\":%lld}\n", given, heard, count_false(n),
	       (long long)modem_parts(n, first_out, PARTS(" AND w.kind = 4")),
	       (long long)modem_parts(n, first_out, PARTS("")), (long long)n->forecast_ms,
	       (long long)(first_out - released));
}
