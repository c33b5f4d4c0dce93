/* receipts.c -- what networks report of attempts and their parts, the references that they report by,
 * and reports that came before anybody knew such a reference. */
#include "daemon/store/internal.h"

#include <stdlib.h>

#include "core/phone.h"

void
store_attempt_part(struct store *s, const struct message *m, unsigned attempt, unsigned part,
		   unsigned of, bool delivered)
{
	int64_t bit = (int64_t)1 << (part - 1);

	store_run(s, "INSERT INTO attempt (wave, contact, n, route, e164, sent_at, ended_at, outcome, "
		  "class, parts, parts_of, parts_delivered, parts_failed) "
		  "VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0, ?, ?, ?) "
		  "ON CONFLICT (wave, contact, n) DO UPDATE SET "
		  "parts_of = CASE excluded.parts_of WHEN 0 THEN attempt.parts_of ELSE excluded.parts_of END, "
		  "parts_delivered = attempt.parts_delivered | excluded.parts_delivered, "
		  "parts_failed = attempt.parts_failed | excluded.parts_failed", "iiiiiiiii",
		  (int64_t)m->wave, (int64_t)m->contact, (int64_t)attempt, m->route, (int64_t)m->e164,
		  m->at, (int64_t)of, delivered ? bit : 0, delivered ? 0 : bit);
}

bool
store_attempt_parts(struct store *s, uint32_t wave, uint32_t contact, unsigned attempt,
		    struct attempt_parts *p)
{
	sqlite3_stmt *st = store_query(s, "SELECT a.n, a.outcome, a.parts, a.parts_of, a.parts_delivered, "
		"a.parts_failed FROM attempt own JOIN attempt a ON a.wave = own.wave AND "
		"a.contact = own.contact AND a.route = own.route AND a.e164 = own.e164 "
		"WHERE own.wave = ? AND own.contact = ? AND own.n = ?", "iii", (int64_t)wave,
		(int64_t)contact, (int64_t)attempt);
	bool found = false;

	*p = (struct attempt_parts){ 0 };
	while (store_step(s, st)) {
		unsigned n = (unsigned)sqlite3_column_int(st, 0);
		enum outcome outcome = (enum outcome)sqlite3_column_int(st, 1);
		uint32_t delivered = (uint32_t)sqlite3_column_int64(st, 4);

		p->together |= delivered;
		if (delivered && outcome != OUTCOME_REJECTED && n > p->last)
			p->last = n;
		if (n != attempt)
			continue;
		found = true;
		p->outcome = outcome;
		p->parts = (unsigned)sqlite3_column_int(st, 2);
		p->of = (unsigned)sqlite3_column_int(st, 3);
		p->delivered = delivered;
		p->failed = (uint32_t)sqlite3_column_int64(st, 5);
	}
	return found;
}

bool
store_attempt_receipt(struct store *s, uint32_t wave, uint32_t contact, unsigned attempt,
		      bool delivered, msec at)
{
	return store_run(s, "UPDATE attempt SET receipt = ?1, receipt_at = ?2 WHERE wave = ?3 "
			 "AND contact = ?4 AND n = ?5 AND receipt <> ?1 AND receipt <> 1",
			 "iiiii", (int64_t)(delivered ? 1 : 2), at, (int64_t)wave, (int64_t)contact,
			 (int64_t)attempt) > 0;
}

void
store_receipt_key_put(struct store *s, int64_t route, const char *ref, uint64_t e164, msec at,
		      const struct receipt_key *k)
{
	/* The last part's reference stands in the answer about the whole, too. */
	store_run(s, "INSERT INTO receipt_key (route, ref, e164, at, wave, contact, n, part, of) "
		  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (route, ref, e164, at) DO UPDATE SET "
		  "wave = excluded.wave, contact = excluded.contact, n = excluded.n, "
		  "part = excluded.part, of = excluded.of WHERE excluded.part <> 0 OR "
		  "receipt_key.wave <> excluded.wave OR receipt_key.contact <> excluded.contact OR "
		  "receipt_key.n <> excluded.n", "itiiiiiii", route, ref, (int64_t)e164, at,
		  (int64_t)k->wave, (int64_t)k->contact, (int64_t)k->attempt, (int64_t)k->part,
		  (int64_t)k->of);
}

size_t
store_receipt_keys_drop(struct store *s, msec before, size_t max)
{
	int changed = store_run(s, "DELETE FROM receipt_key WHERE (route, ref, e164, at) IN "
		"(SELECT route, ref, e164, at FROM receipt_key WHERE at < ? LIMIT ?)", "ii", before,
		(int64_t)max);

	return changed > 0 ? (size_t)changed : 0;
}

static void
key_row(sqlite3_stmt *st, struct receipt_key *k)
{
	k->wave = (uint32_t)sqlite3_column_int64(st, 0);
	k->contact = (uint32_t)sqlite3_column_int64(st, 1);
	k->attempt = (unsigned)sqlite3_column_int(st, 2);
	k->part = (unsigned)sqlite3_column_int(st, 3);
	k->of = (unsigned)sqlite3_column_int(st, 4);
}

/* Networks report +8613800138000 as 13800138000, too: then all that have this reference are looked at,
 * of a modem's 256 a few hundred. */
static bool
key_without_country(struct store *s, int64_t route, const char *ref, uint64_t e164, msec not_before,
		    struct receipt_key *k)
{
	sqlite3_stmt *st = store_query(s, "SELECT wave, contact, n, part, of, e164, at FROM receipt_key "
				       "WHERE route = ? AND ref = ? AND at >= ?", "iti", route, ref,
				       not_before);
	msec latest = -1;

	while (store_step(s, st)) {
		if (sqlite3_column_int64(st, 6) <= latest ||
		    !phone_is_same(e164, (uint64_t)sqlite3_column_int64(st, 5)))
			continue;
		latest = sqlite3_column_int64(st, 6);
		key_row(st, k);
	}
	return latest >= 0;
}

bool
store_receipt_key_get(struct store *s, int64_t route, const char *ref, uint64_t e164,
		      msec not_before, struct receipt_key *k)
{
	sqlite3_stmt *st = store_query(s, "SELECT wave, contact, n, part, of FROM receipt_key "
		"WHERE route = ? AND ref = ? AND e164 = ? AND at >= ? ORDER BY at DESC LIMIT 1", "itii",
		route, ref, (int64_t)e164, not_before);

	if (!store_step(s, st))
		return key_without_country(s, route, ref, e164, not_before, k);
	key_row(st, k);
	store_done(st);
	return true;
}

bool
store_receipt_early_put(struct store *s, int64_t route, const char *ref, uint64_t e164,
			const struct receipt_word *w, msec at)
{
	const char *part_ref = w->part_ref ? w->part_ref : "";

	if (store_run(s, "INSERT INTO receipt_early (route, ref, e164, part, part_ref, of, delivered, at) "
		      "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", "itiitiii", route, ref,
		      (int64_t)e164, (int64_t)w->part, part_ref, (int64_t)w->of, (int64_t)w->delivered,
		      at) > 0)
		return true;
	store_run(s, "UPDATE receipt_early SET of = ?, delivered = ?, at = ? WHERE route = ? AND ref = ? "
		  "AND e164 = ? AND part = ? AND part_ref = ?", "iiiitiit", (int64_t)w->of,
		  (int64_t)w->delivered, at, route, ref, (int64_t)e164, (int64_t)w->part, part_ref);
	return false;
}

bool
store_receipt_early_take(struct store *s, int64_t route, const char *ref, uint64_t e164,
			 msec not_before, bool *fresh, struct receipt_word *w)
{
	sqlite3_stmt *st = store_query(s, "SELECT e164, at, delivered, part, of, part_ref FROM receipt_early "
				       "WHERE route = ? AND ref = ?", "it", route, ref);
	int64_t told = 0;

	*w = (struct receipt_word){ 0 };
	while (!w->part_ref && store_step(s, st)) {
		told = sqlite3_column_int64(st, 0);
		if (!phone_is_same((uint64_t)told, e164))
			continue;
		*fresh = sqlite3_column_int64(st, 1) >= not_before;
		w->delivered = sqlite3_column_int(st, 2);
		w->part = (unsigned)sqlite3_column_int(st, 3);
		w->of = (unsigned)sqlite3_column_int(st, 4);
		w->part_ref = xstrdup((const char *)sqlite3_column_text(st, 5));
	}
	store_done(st);
	if (!w->part_ref)
		return false;
	store_run(s, "DELETE FROM receipt_early WHERE route = ? AND ref = ? AND e164 = ? AND part = ? "
		  "AND part_ref = ?", "itiit", route, ref, told, (int64_t)w->part, w->part_ref);
	if (!*w->part_ref) {		/* it named none */
		free(w->part_ref);
		w->part_ref = NULL;
	}
	return true;
}

size_t
store_receipts_early_count(struct store *s, int64_t route)
{
	sqlite3_stmt *st = store_query(s, "SELECT count(*) FROM receipt_early WHERE route = ?", "i",
				       route);
	size_t count = 0;

	if (store_step(s, st)) {
		count = (size_t)sqlite3_column_int64(st, 0);
		store_done(st);
	}
	return count;
}

size_t
store_receipts_early_drop(struct store *s, int64_t route, msec before, size_t max)
{
	int changed = store_run(s, "DELETE FROM receipt_early WHERE route = ?1 AND "
		"(ref, e164, part, part_ref) IN (SELECT ref, e164, part, part_ref FROM receipt_early WHERE route = ?1 AND at < ?2 "
		"ORDER BY at LIMIT ?3)", "iii", route, before, (int64_t)max);

	return changed > 0 ? (size_t)changed : 0;
}
