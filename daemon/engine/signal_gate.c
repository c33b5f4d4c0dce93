/* signal_gate.c -- whether now is the time: `for` of gauges, `again`, `limit`.  What they count is on
 * disk, under the rule's name: a restart forgets nothing, a changed rule begins anew. */
#include "daemon/engine/signal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COVERED_MAX 4000

/* A drill is told as often as what is real, and keeps no real word from anybody. */
static void
by_of(char by[RULE_BY_BYTES], const struct saying *s, const struct rule *r)
{
	char labels[RULE_BY_BYTES];
	enum signal_mode mode = engine_signal_mode(s, r);

	rule_by(labels, r, s->signal);
	if (mode == SIGNAL_MODE_REAL)
		memcpy(by, labels, sizeof(labels));
	else
		snprintf(by, RULE_BY_BYTES, "%d\n%.*s", (int)mode, RULE_BY_BYTES - 4, labels);
}

/* -- for -- */

static void
begin_watch(struct saying *s, struct signal_watch *w)
{
	memcpy(w->sha256, s->rule->sha256, sizeof(w->sha256));
	w->since_at = s->row.at;
	w->fired = false;
	w->signal = 0;
}

/* Its values are one row while it waits, and while it holds on: the last one, and how many there were.
 * `sent`: also one that has led to something. */
static bool
keep_value(struct saying *s, const struct signal_watch *w, bool sent)
{
	struct signal_row before;

	if (s->row.id || !w->signal || !store_signal_get(s->e->store, w->signal, &before) ||
	    (!sent && (before.alert || before.state == SIGNAL_IS_HELD)))
		return false;
	store_signal_renew(s->e->store, before.id, &s->row, s->body);
	before.at = s->row.at;
	before.dated = s->row.dated;
	s->row = before;
	return true;
}

static void
note_watch(struct saying *s, struct signal_watch *w, bool known)
{
	if (!known || memcmp(w->sha256, s->rule->sha256, sizeof(w->sha256)) != 0 ||
	    s->row.at > w->last_at + s->rule->gap_ms)
		begin_watch(s, w);
	else if (s->row.at < w->since_at && w->since_at - s->row.at <= s->rule->gap_ms)
		w->since_at = s->row.at;	/* an older value came late */
	if (!known || s->row.at > w->last_at)
		w->last_at = s->row.at;
}

bool
engine_signal_watch(struct saying *s)
{
	char by[RULE_BY_BYTES], time[DURATION_TEXT];
	struct signal_watch w;
	struct said why;
	bool holds, again;

	by_of(by, s, s->rule);
	note_watch(s, &w, store_watch_get(s->e->store, s->row.source, s->rule->name, by, &w));
	holds = w.last_at - w.since_at >= s->rule->for_ms;
	again = holds && w.fired;
	if (again && !s->rule->again_ms && keep_value(s, &w, true)) {
		SAY(&s->why, signal_holds_on);
	} else {
		keep_value(s, &w, false);
		SAY(&why, signal_waits, duration_format(time, s->rule->for_ms));
		engine_signal_settle(s, SIGNAL_IS_NEW, &why);
		w.signal = s->row.id;
	}
	w.fired |= holds;
	store_watch_put(s->e->store, &w);
	return holds && (!again || s->rule->again_ms);
}

/* A low value from before the last high one: it has held since then at most. */
static void
came_late(struct saying *s, struct signal_watch *w)
{
	if (s->row.at <= w->since_at)
		return;
	w->since_at = s->row.at;
	store_watch_put(s->e->store, w);
}

void
engine_signal_unwatch(struct saying *s)
{
	char by[RULE_BY_BYTES];

	for (size_t i = 0; i < s->conf->rules.count; i++) {
		const struct rule *r = &s->conf->rules.list[i];
		struct signal_watch w;
		struct signal_row row;
		struct said why;

		if (!r->for_ms || r == s->rule)
			continue;
		by_of(by, s, r);
		if (!store_watch_get(s->e->store, s->row.source, r->name, by, &w))
			continue;
		if (s->row.at < w.last_at) {
			came_late(s, &w);
			continue;
		}
		store_watch_drop(s->e->store, s->row.source, r->name, by);
		if (!w.signal || !store_signal_get(s->e->store, w.signal, &row) ||
		    row.state != SIGNAL_IS_NEW)
			continue;
		row.state = SIGNAL_IS_IGNORED;
		SAY(&why, signal_held_not);
		store_signal_put(s->e->store, &row, &why);
	}
}

/* -- again -- */

/* Whoever says the same meanwhile covers it as long, so that the cover ends
 * when all of them have taken it back. */
static bool
is_covered(struct saying *s, const char *by, division_code code, int severity)
{
	static const enum tier tiers[] = { TIER_VILLAGE, TIER_TOWNSHIP, TIER_COUNTY };
	struct signal_cover mine = { .group = s->rule->group, .by = by, .division = code,
				     .source = s->row.source, .ref = s->row.ref, .severity = severity };

	for (size_t i = 0; i < 3 && !mine.until_at; i++)
		mine.until_at = store_cover_until(s->e->store, s->rule->group, by,
						  division_ancestor(code, tiers[i]), severity, s->e->now);
	if (mine.until_at)
		store_cover_put(s->e->store, &mine);
	return mine.until_at;
}

/* Of a division that is told now, those below it that were told before. */
static void
leave_out_covered(struct saying *s, const char *by, struct alert_request *r)
{
	division_code *covered = xcalloc(COVERED_MAX, sizeof(*covered));

	for (size_t i = 0; i < r->division_count; i++) {
		size_t count = store_covered(s->e->store, s->rule->group, by, division_range(r->divisions[i]),
					     (int)r->severity, s->e->now, covered, COVERED_MAX);

		r->without_divisions = xrealloc(r->without_divisions, (r->without_division_count + count + 1) *
						sizeof(*r->without_divisions));
		memcpy(r->without_divisions + r->without_division_count, covered, count * sizeof(*covered));
		r->without_division_count += count;
	}
	free(covered);
}

bool
engine_signal_uncovered(struct saying *s, struct alert_request *r)
{
	char by[RULE_BY_BYTES];
	size_t kept = 0;

	if (!s->rule->again_ms)
		return true;
	by_of(by, s, s->rule);
	if (!r->division_count)
		return !is_covered(s, by, 0, (int)r->severity);
	for (size_t i = 0; i < r->division_count; i++)
		if (!is_covered(s, by, r->divisions[i], (int)r->severity))
			r->divisions[kept++] = r->divisions[i];
	r->division_count = kept;
	leave_out_covered(s, by, r);
	return kept > 0;
}

void
engine_signal_cover(struct saying *s, const struct alert_request *r)
{
	char by[RULE_BY_BYTES];
	struct signal_cover c = { .group = s->rule->group, .by = by, .source = s->row.source,
				  .ref = s->row.ref, .severity = (int)r->severity };

	if (!s->rule->again_ms)
		return;
	by_of(by, s, s->rule);
	c.until_at = msec_add(s->e->now, s->rule->again_ms);
	for (size_t i = 0; i < r->division_count; i++) {
		c.division = r->divisions[i];
		store_cover_put(s->e->store, &c);
	}
	if (!r->division_count)
		store_cover_put(s->e->store, &c);
}

/* -- limit -- */

bool
engine_signal_over_limit(struct saying *s, const struct alert_request *r)
{
	return s->rule->limit && store_signals_sent(s->e->store, s->row.source, s->rule->name, (int)r->severity,
						    !r->drill && !r->test, s->e->now - HOURS(1)) >= s->rule->limit;
}
