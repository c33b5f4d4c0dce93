/* heard.c -- what a person was given of an alert, and what he has said to it. */
#include "daemon/store/internal.h"

#include "core/message_state.h"

#define LATEST 500			/* attempts of all routes that are looked at for one's air time */
#define ENOUGH 20

/* A message that a route has now has no row for that attempt: its own row says when it went. */
void
store_handings(struct store *s, int64_t alert, uint32_t contact, handing_fn fn, void *ctx)
{
	sqlite3_stmt *st = store_query(s, "SELECT w.id, w.kind, w.channel, w.template, m.variant, m.state, "
		"m.number, m.at, m.route, a.route, a.e164, a.sent_at, a.ended_at, a.outcome FROM wave w "
		"JOIN message m ON m.wave = w.id AND m.contact = ?2 LEFT JOIN attempt a "
		"ON a.wave = m.wave AND a.contact = m.contact AND a.outcome <> 0 WHERE w.alert = ?1 AND w.kind <> 4 "
		"AND m.attempt > 0 ORDER BY w.id, a.n", "ii", alert, (int64_t)contact);
	uint32_t in_hand = 0;

	while (store_step(s, st)) {
		struct handing h = {
			.wave = (uint32_t)sqlite3_column_int64(st, 0),
			.kind = (enum wave_kind)sqlite3_column_int(st, 1),
			.channel = (enum channel)sqlite3_column_int(st, 2),
			.template = sqlite3_column_int64(st, 3),
			.variant = sqlite3_column_int64(st, 4),
			.state = sqlite3_column_int(st, 5),
			.route = sqlite3_column_int64(st, 8),
			.sent_at = sqlite3_column_int64(st, 7), .ended_at = NEVER,
		};

		if (h.state == MESSAGE_SENDING && h.wave != in_hand) {
			in_hand = h.wave;
			h.e164 = store_number_from(s, contact, h.channel,
						   (unsigned)sqlite3_column_int(st, 6));
			fn(ctx, &h);
		}
		if (sqlite3_column_type(st, 13) == SQLITE_NULL)
			continue;
		h.route = sqlite3_column_int64(st, 9);
		h.e164 = (uint64_t)sqlite3_column_int64(st, 10);
		h.sent_at = sqlite3_column_int64(st, 11);
		h.ended_at = sqlite3_column_int64(st, 12);
		h.outcome = (enum outcome)sqlite3_column_int(st, 13);
		fn(ctx, &h);
	}
}

bool
store_is_told(struct store *s, int64_t alert, uint32_t contact)
{
	return store_any(s, store_query(s, "SELECT 1 FROM wave w JOIN message m ON m.wave = w.id "
		"AND m.contact = ?2 WHERE w.alert = ?1 AND w.kind <> 4 AND (m.attempt > 0 OR (m.state = 0 AND "
		"w.channel = 0 AND w.state IN (0, 1))) LIMIT 1", "ii", alert,
		(int64_t)contact));
}

msec
store_air_time(struct store *s, int64_t route)
{
	sqlite3_stmt *st = store_query(s, "SELECT count(*), max(took) FROM (SELECT route, outcome, "
		"ended_at - sent_at AS took FROM attempt WHERE wave > (SELECT max(id) FROM wave) - 1000 "
		"ORDER BY wave DESC, contact DESC, n DESC LIMIT ?) WHERE route = ? AND outcome = 1", "ii", (int64_t)LATEST, route);
	msec ms = -1;

	if (store_step(s, st)) {
		if (sqlite3_column_int(st, 0) >= ENOUGH)
			ms = sqlite3_column_int64(st, 1);
		store_done(st);
	}
	return ms;
}

bool
store_has_replied(struct store *s, int64_t alert, uint32_t contact)
{
	return store_any(s, store_query(s, "SELECT 1 FROM answer WHERE alert = ? AND contact = ? "
				       "AND (level >= 3 OR kind = ?) LIMIT 1", "iii", alert,
				       (int64_t)contact, (int64_t)ANSWER_CANNOT));
}

division_code
store_post_division(struct store *s, uint32_t contact)
{
	sqlite3_stmt *st = store_query(s, "SELECT division, ord FROM post WHERE contact = ?", "i",
				       (int64_t)contact);
	division_code division = 0;
	int64_t first = INT64_MAX;

	while (store_step(s, st)) {
		division_code here = sqlite3_column_int64(st, 0);
		int64_t order = sqlite3_column_int64(st, 1);

		if (order > first || (order == first && here < division))
			continue;
		first = order;
		division = here;
	}
	return division;
}

bool
store_has_said(struct store *s, int64_t alert, uint32_t contact, enum answer_kind kind)
{
	return store_any(s, store_query(s, "SELECT 1 FROM answer WHERE alert = ? AND contact = ? "
				       "AND kind = ? LIMIT 1", "iii", alert, (int64_t)contact,
				       (int64_t)kind));
}

int64_t
store_called_moved_to(struct store *s, int64_t alert, uint32_t contact)
{
	sqlite3_stmt *st = store_query(s, "SELECT count(*), count(t.moved_to), max(t.moved_to) "
		"FROM called c JOIN target t ON t.alert = c.alert AND t.id = c.target "
		"WHERE c.contact = ? AND c.alert = ?", "ii", (int64_t)contact, alert);
	int64_t to = 0;

	if (store_step(s, st)) {
		if (sqlite3_column_int64(st, 0) == sqlite3_column_int64(st, 1))
			to = sqlite3_column_int64(st, 2);
		store_done(st);
	}
	return to;
}
