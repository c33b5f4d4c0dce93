/* check.c -- the promises that hold in every night, whatever its story: gong's books against the
 * network's. */
#include "tests/nights/night.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nothing leaves before its row is committed, and nothing after its validity. */
static void
check_item(struct night *n, uint64_t id, msec not_after)
{
	int64_t attempt = gongd_look(n, "SELECT attempt FROM message WHERE wave = ?1 AND "
		"contact = ?2 AND state = 1", message_id_wave(id), message_id_contact(id));

	if (attempt < 0 || (attempt & 31) != message_id_attempt(id))
		night_fail(n, "wave %u contact %u attempt %u leaves before its row says so (%lld)",
			   message_id_wave(id), message_id_contact(id), message_id_attempt(id),
			   (long long)attempt);
	if (not_after <= wall(n))
		night_fail(n, "wave %u contact %u leaves after its validity", message_id_wave(id),
			   message_id_contact(id));
}

void
check_send(struct night *n, const struct effect *f)
{
	if (f->kind == EFFECT_CALL) {
		check_item(n, f->call.id, f->call.not_after);
		return;
	}
	if (f->send.count > n->roads[f->route].batch)
		night_fail(n, "a send of %zu items, the batch is %u", f->send.count,
			   n->roads[f->route].batch);
	for (size_t i = 0; i < f->send.count; i++)
		check_item(n, f->send.items[i].id, f->send.not_after);
}

/* Every query lists what must not be; the first row found is the complaint. */
static const struct { const char *promise, *sql; } promises[] = {
	{ "every message ends: nothing stays with a driver",
	  "SELECT wave, contact FROM message WHERE state = 1" },
	{ "every message ends: a queued row belongs to a wave that is withdrawn or expired",
	  "SELECT m.wave, m.contact FROM message m JOIN wave w ON w.id = m.wave "
	  "WHERE m.state = 0 AND w.state < 3" },
	{ "a failed message has an attempt or receipt with its reason",
	  "SELECT wave, contact FROM message m WHERE state = 4 AND NOT EXISTS (SELECT 1 FROM attempt a "
	  "WHERE a.wave = m.wave AND a.contact = m.contact AND "
	  "(a.reason <> '' OR a.receipt = 2))" },
	{ "an uncertain message has an attempt that says unknown, with a reason",
	  "SELECT wave, contact FROM message m WHERE state = 7 AND NOT EXISTS (SELECT 1 FROM attempt a "
	  "WHERE a.wave = m.wave AND a.contact = m.contact AND a.outcome = 3 AND a.reason <> '')" },
	{ "a sent or delivered message has an attempt",
	  "SELECT wave, contact FROM message m WHERE state IN (2, 3) AND NOT EXISTS (SELECT 1 FROM "
	  "attempt a WHERE a.wave = m.wave AND a.contact = m.contact)" },
	{ "a rejected attempt has a reason",
	  "SELECT wave, contact FROM attempt WHERE outcome IN (2, 3) AND coalesce(reason, '') = ''" },
	{ "no receipt stands at an attempt that was rejected",
	  "SELECT wave, contact FROM attempt WHERE outcome = 2 AND receipt <> 0" },
	{ "wave counters equal the rows",
	  "SELECT w.id, w.total FROM wave w LEFT JOIN message m ON m.wave = w.id GROUP BY w.id HAVING "
	  "w.total <> count(m.wave) OR w.sending <> total(m.state = 1) OR w.sent <> total(m.state = 2) "
	  "OR w.delivered <> total(m.state = 3) OR w.failed <> total(m.state = 4) OR "
	  "w.expired <> total(m.state = 5) OR w.withdrawn <> total(m.state = 6) OR "
	  "w.uncertain <> total(m.state = 7)" },
	{ "an open wave has something left to do",
	  "SELECT w.id, w.state FROM wave w WHERE w.state IN (0, 1)" },
	{ "every step is taken or skipped exactly once, in order",
	  "SELECT a.id, a.step FROM alert a WHERE a.policy <> 0 AND a.step <> "
	  "(SELECT count(*) FROM event e WHERE e.alert = a.id AND e.what IN ('step', 'step_skipped'))" },
	{ "what is wrong with a route is one task, and is told once while it is so",
	  "SELECT a.id, b.id FROM task a JOIN task b ON b.text = a.text AND b.id > a.id AND "
	  "b.opened_at < coalesce(a.closed_at, 9e18) WHERE a.kind = 'route' AND b.kind = 'route'" },
	{ "and its messages are no more than its tasks",
	  "SELECT (SELECT count(*) FROM alert WHERE client = 'gong' AND key LIKE '%alarm-%'), count(*) "
	  "FROM task WHERE kind = 'route' HAVING count(*) < (SELECT count(*) FROM alert WHERE "
	  "client = 'gong' AND key LIKE '%alarm-%')" },
	{ "no step twice",
	  "SELECT alert, json_extract(detail, '$.step') AS step FROM event WHERE what IN "
	  "('step', 'step_skipped') GROUP BY alert, step HAVING count(*) > 1" },
	{ "no step failed", "SELECT alert, id FROM task WHERE kind = 'step_failed'" },
	{ "a ladder's waves are one for each step, position, channel and kind, and one more for a text of "
	  "another place to somebody in it",
	  "SELECT b.id, m.contact FROM wave a JOIN wave b ON b.alert = a.alert AND b.step = a.step AND "
	  "b.position = a.position AND b.channel = a.channel AND b.kind = a.kind AND b.id > a.id "
	  "JOIN message m ON m.wave = b.id JOIN variant v ON v.id = m.variant "
	  "WHERE a.step >= 0 AND a.kind <> 3 AND NOT EXISTS (SELECT 1 FROM message o "
	  "JOIN variant u ON u.id = o.variant WHERE o.wave = a.id AND o.contact = m.contact AND "
	  "u.places <> v.places)" },
	{ "every alert ends", "SELECT id, state FROM alert WHERE closed_at IS NULL" },
	{ "an alert's satisfied count equals its targets'",
	  "SELECT a.id, a.satisfied FROM alert a WHERE state = 2 AND targets <> satisfied" },
	{ "every code is given once", "SELECT a.id, b.id FROM alert a JOIN alert b ON b.code = a.code AND "
	  "b.id > a.id" },
	{ "every alert has its audit entry",
	  "SELECT (SELECT count(*) FROM alert), count(*) FROM audit WHERE action = 'alert.accept' "
	  "HAVING count(*) <> (SELECT count(*) FROM alert)" },
	{ "nothing is sent after its validity",
	  "SELECT a.wave, a.contact FROM attempt a JOIN wave w ON w.id = a.wave "
	  "WHERE a.sent_at >= w.expires_at" },
	{ "what nobody may repeat is held: no attempt after one in doubt below orange",
	  "SELECT a.wave, a.contact FROM attempt a JOIN attempt b ON b.wave = a.wave AND "
	  "b.contact = a.contact AND b.n > a.n JOIN wave w ON w.id = a.wave WHERE a.outcome = 3 AND "
	  "(w.severity < 3 OR w.kind = 4)" },
	{ "a correction goes only to those reached",
	  "SELECT m.wave, m.contact FROM message m JOIN wave w ON w.id = m.wave AND w.kind = 3 JOIN "
	  "alert a ON a.id = w.alert WHERE NOT EXISTS (SELECT 1 FROM wave o JOIN message r ON "
	  "r.wave = o.id AND r.contact = m.contact WHERE (o.alert = a.replaces OR (o.alert = a.id AND "
	  "a.state = 5 AND o.kind < 3)) AND r.state IN (2, 3, 4, 7))" },
	{ "everybody whom an alert had reached that ran out, hears it, once",
	  "SELECT o.id, r.contact FROM alert a JOIN wave o ON o.alert = a.id AND o.channel = 0 "
	  "AND o.kind < 3 JOIN message r ON r.wave = o.id AND r.state IN (2, 3, 7) "
	  "WHERE a.state = 5 AND EXISTS (SELECT 1 FROM event e WHERE e.alert = a.id AND "
	  "e.what = 'expiry_told') AND NOT EXISTS (SELECT 1 FROM target t WHERE t.alert = a.id AND "
	  "t.moved_to IS NOT NULL) AND (SELECT count(*) FROM wave k JOIN message c ON c.wave = k.id "
	  "AND c.contact = r.contact WHERE k.alert = a.id AND k.kind = 3 AND k.position = 999 AND k.planned_at >= a.closed_at) <> 1" },
	{ "everybody reached gets the correction, once",
	  "SELECT o.id, r.contact FROM alert a JOIN wave o ON o.alert = a.replaces AND o.channel = 0 "
	  "AND o.kind <> 4 JOIN message r ON r.wave = o.id AND r.state IN (2, 3, 7) "
	  "WHERE a.body LIKE '%\"reached\":true%' AND (a.body LIKE '%\"whole\":true%' OR "
	  "a.body LIKE '%\"divisions\":[]%') AND EXISTS (SELECT 1 FROM wave k "
	  "WHERE k.alert = a.id AND k.kind = 3) AND (SELECT count(*) FROM wave "
	  "k JOIN message c ON c.wave = k.id AND c.contact = r.contact WHERE k.alert = a.id AND "
	  "k.kind = 3) <> 1" },
};

static void
check_promises(struct night *n)
{
	for (size_t i = 0; i < sizeof(promises) / sizeof(*promises) && !n->failed; i++) {
		sqlite3_stmt *st = NULL;

		if (sqlite3_prepare_v2(n->peek, promises[i].sql, -1, &st, NULL) != SQLITE_OK)
			night_fail(n, "%s: %s", promises[i].promise, sqlite3_errmsg(n->peek));
		else if (sqlite3_step(st) == SQLITE_ROW)
			night_fail(n, "promise broken: %s (%lld, %lld)", promises[i].promise,
				   (long long)sqlite3_column_int64(st, 0),
				   (long long)sqlite3_column_int64(st, 1));
		sqlite3_finalize(st);
	}
}

static int
by_id(const void *a, const void *b)
{
	const struct copy *x = a, *y = b;
	uint64_t p = x->id >> 5, q = y->id >> 5;	/* the attempt does not count */

	return p != q ? (p > q) - (p < q) : (x->at > y->at) - (x->at < y->at);
}

/* A telephone shows parts of one reference as one message: a resend must fit its first try.
 * Routes sign or do not, so one text may be the other with a signature before it. */
static bool
same_text(const struct copy *a, const struct copy *b)
{
	size_t x = strlen(a->text), y = strlen(b->text);

	return a->reference == b->reference && (x > y ? strcmp(a->text + x - y, b->text) == 0
						: strcmp(b->text + y - x, a->text) == 0);
}

static bool
was_ever_uncertain(struct night *n, uint64_t id)
{
	return gongd_look(n, "SELECT count(*) FROM attempt WHERE wave = ?1 AND contact = ?2 AND "
			  "outcome = 3", message_id_wave(id), message_id_contact(id)) > 0;
}

/* Half a message is no message: what gong calls delivered, a telephone has shown. */
static void
check_delivered(struct night *n)
{
	sqlite3_stmt *st = NULL;

	sqlite3_prepare_v2(n->peek, "SELECT m.wave, m.contact, m.route FROM message m JOIN wave w ON "
			   "w.id = m.wave WHERE m.state = 3 AND w.channel = 0", -1, &st, NULL);
	while (sqlite3_step(st) == SQLITE_ROW && !n->failed) {
		uint64_t id = message_id((uint32_t)sqlite3_column_int64(st, 0),
					 (uint32_t)sqlite3_column_int64(st, 1), 0);
		bool shown = false;

		for (size_t i = 0; i < n->copy_count && !shown; i++)
			shown = n->copies[i].id >> 5 == id >> 5;
		for (size_t i = 0; i < n->settings->route_count; i++)
			if (n->roads[i].by_part && n->route_ids[i] == sqlite3_column_int64(st, 2) &&
			    !shown)
				night_fail(n, "wave %u contact %u is delivered, and no telephone has "
					   "all of it", message_id_wave(id), message_id_contact(id));
	}
	sqlite3_finalize(st);
}

/* What telephones got against what gong's rows say. */
static void
check_copies(struct night *n)
{
	if (n->copy_count)
		qsort(n->copies, n->copy_count, sizeof(*n->copies), by_id);
	for (size_t i = 0; i < n->copy_count && !n->failed; i++) {
		const struct copy *c = &n->copies[i];
		int64_t state = gongd_look(n, "SELECT state FROM message WHERE wave = ?1 AND "
					   "contact = ?2", message_id_wave(c->id),
					   message_id_contact(c->id));
		bool reached = state == 2 || state == 3 || state == 7 || state == 4;

		if (!reached && !was_ever_uncertain(n, c->id))
			night_fail(n, "a telephone got wave %u contact %u, whose row says state %lld",
				   message_id_wave(c->id), message_id_contact(c->id),
				   (long long)state);
		if (!i || n->copies[i - 1].id >> 5 != c->id >> 5 || n->copies[i - 1].to != c->to)
			continue;
		if (!same_text(&n->copies[i - 1], c))
			night_fail(n, "wave %u contact %u was sent again with another text or "
				   "reference", message_id_wave(c->id), message_id_contact(c->id));
		if (!was_ever_uncertain(n, c->id))
			night_fail(n, "wave %u contact %u got the same %s twice and was never "
				   "uncertain", message_id_wave(c->id), message_id_contact(c->id),
				   c->call ? "call" : "text");
	}
}

static void
check_kept(struct night *n)
{
	sqlite3_stmt *st = NULL;

	sqlite3_prepare_v2(n->peek, "SELECT 1 FROM inbound WHERE driver_id = ?", -1, &st, NULL);
	for (size_t i = 0; i < n->kept_count && !n->failed; i++) {
		if (!n->kept[i].took && n->roads[n->kept[i].road].up)
			night_fail(n, "%s was offered and never taken", n->kept[i].driver_id);
		if (n->kept[i].receipt || !n->kept[i].took)
			continue;
		sqlite3_bind_text(st, 1, n->kept[i].driver_id, -1, SQLITE_STATIC);
		if (sqlite3_step(st) != SQLITE_ROW)
			night_fail(n, "the SIM was told to forget %s, which is not on disk",
				   n->kept[i].driver_id);
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
}

/* Each audit entry hashes the one before: none is missing, none was changed. */
static void
check_audit(struct night *n)
{
	unsigned char hash[32] = { 0 };
	sqlite3_stmt *st = NULL;

	sqlite3_prepare_v2(n->peek, "SELECT at || char(10) || actor || char(10) || action || char(10) "
			   "|| detail, hash, id FROM audit ORDER BY id", -1, &st, NULL);
	while (!n->failed && sqlite3_step(st) == SQLITE_ROW) {
		struct buf row = { 0 };

		buf_add(&row, hash, sizeof(hash));
		buf_puts(&row, (const char *)sqlite3_column_text(st, 0));
		EVP_Digest(row.data, row.len, hash, NULL, EVP_sha256(), NULL);
		buf_fini(&row);
		if (memcmp(hash, sqlite3_column_blob(st, 1), sizeof(hash)) != 0)
			night_fail(n, "the audit's chain breaks at entry %lld",
				   (long long)sqlite3_column_int64(st, 2));
	}
	sqlite3_finalize(st);
}

void
check_night(struct night *n)
{
	int64_t unknown;

	for (size_t i = 0; i < n->asked_count && !n->failed; i++)
		if (!n->asked[i].answered)
			night_fail(n, "line %u was never answered", n->asked[i].line->number);
		else if (n->asked[i].alert && gongd_look(n, "SELECT 1 FROM alert WHERE id = ?1",
							 n->asked[i].alert, 0) != 1)
			night_fail(n, "alert %s was accepted and is lost", n->asked[i].name);
	if (n->failed)
		return;
	check_promises(n);
	if (!n->failed)
		check_copies(n);
	if (!n->failed)
		check_delivered(n);
	if (!n->failed)
		check_kept(n);
	if (!n->failed)
		check_audit(n);
	if (n->failed)
		return;
	unknown = gongd_look(n, "SELECT count(*) FROM attempt WHERE outcome = 3", 0, 0);
	if (unknown > (int64_t)n->uncertain_allowed)
		night_fail(n, "%lld attempts are in doubt; crashes and time-outs explain %lu",
			   (long long)unknown, n->uncertain_allowed);
}
