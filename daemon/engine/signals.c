/* signals.c -- a signal's life: kept, matched, sent or held, repeated, ended.  Every signal of a post has
 * its verdict in the turn that answers the source; a refusal undoes its alert and nothing else. */
#include "daemon/engine/signal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MADE_REPEATS_MS MINUTES(10)	/* a ref that is a digest repeats no longer */
#define DOORS_MS SECONDS(30)		/* after a start: what ends in the meantime is heard first */
#define KEEP_MS HOURS(24 * 90)
#define KEEP_BYTES ((int64_t)256 << 20)	/* of a source, as they came */
#define TRIM_AT_ONCE 500
#define TRIM_EVERY_MS HOURS(1)

/* -- one signal -- */

static void
note(struct saying *s, enum signal_state state, enum phrase phrase)
{
	struct said why;

	said_fill(&why, phrase, NULL);
	engine_signal_settle(s, state, &why);
}

/* Somebody relies on it that people hear of this; nobody will, unless the desk sees to it.  Hundreds that
 * are refused for one reason are one task. */
static void
refused(struct saying *s, const struct said *why)
{
	struct said task;

	engine_signal_settle(s, SIGNAL_IS_REFUSED, why);
	SAY(&task, task_signal_refused, s->conf->name, s->rule ? s->rule->name : "", NEST(why));
	store_task_once(s->e->store, 0, "signal", &task, s->e->now);
}

/* The other system has changed its form, maybe: one task until somebody has seen to it. */
static void
not_understood(struct engine *e, const struct source_conf *conf)
{
	struct said task;

	SAY(&task, task_signal_unread, conf->name);
	store_task_once(e->store, 0, "signal", &task, e->now);
}

/* As if it were accepted: may it be, and how many places would be called?  All of it is undone. */
static int64_t
rehearse(struct saying *s, struct alert_request *r, unsigned long *targets, struct err *err)
{
	struct engine *e = s->e;
	int64_t last = e->last_alert, id;
	struct alert a = { 0 };

	engine_mark(e);
	r->dry_run = e->quiet = true;
	id = engine_accept_request(e, &s->by, r, &a, NULL, err);
	e->quiet = r->dry_run = false;
	engine_undo(e);
	e->last_alert = last;
	*targets = a.targets;
	return id;
}

static void
hold(struct saying *s, struct alert_request *r, const struct said *because, bool own_task)
{
	struct said task;
	struct err err = { 0 };
	unsigned long targets;
	char name[64];

	if (!rehearse(s, r, &targets, &err)) {
		refused(s, &err.said);
		return;
	}
	memcpy(s->row.outcome, r->digest, sizeof(s->row.outcome));
	engine_signal_settle(s, SIGNAL_IS_HELD, because);
	if (!own_task)
		return;
	snprintf(name, sizeof(name), "%lld", (long long)s->row.id);
	SAY(&task, task_signal_held, s->conf->name, s->rule->name, r->template, NUM(targets), name);
	engine_signal_task(s, &task);
}

/* The desk hears of it once an hour, and the duty officer where it may be about lives. */
static void
over_limit(struct saying *s, struct alert_request *r)
{
	bool first = !store_signals_limited(s->e->store, s->row.source, s->rule->name, s->e->now - HOURS(1));
	struct said why, task;
	char name[48];

	SAY(&why, signal_limit, s->rule->name, NUM(s->rule->limit));
	SAY(&task, task_signal_limit, s->conf->name, s->rule->name, NUM(s->rule->limit));
	if (r->severity >= SEVERITY_ORANGE)
		hold(s, r, &why, false);
	else
		engine_signal_settle(s, SIGNAL_IS_IGNORED, &why);
	if (!first)
		return;
	store_task_once(s->e->store, 0, "signal_limit", &task, s->e->now);
	snprintf(name, sizeof(name), "limit-%s", s->rule->name);
	if (r->severity >= SEVERITY_ORANGE)
		engine_alarm_gong(s->e, name, &task);
}

/* Places of the old alert that the new word does not name: their ladder goes on, and the desk is told. */
static bool
leaves_places_out(const struct alert_request *r, const struct alert *old)
{
	struct alert_request *was = request_decode(old->body);
	bool out = false;

	for (size_t i = 0; i < was->division_count && !out; i++) {
		bool covered = false;

		for (size_t k = 0; k < r->division_count && !covered; k++)
			covered = division_contains(r->divisions[k], was->divisions[i]);
		out = !covered;
	}
	alert_request_free(was);
	return out;
}

static int64_t
ask_for_alert(struct saying *s, struct alert_request *r, struct err *err)
{
	struct engine *e = s->e;
	struct alert a;
	int64_t id;

	engine_mark(e);
	id = engine_accept_request(e, &s->by, r, &a, NULL, err);
	if (!id) {
		engine_undo(e);
		return 0;
	}
	store_keep(e->store);
	engine_note_incomplete(e, &a);
	e->stats.accepts++;
	return id;
}

static void
tell_left_out(struct saying *s, int64_t old, int64_t id)
{
	struct said task;
	struct alert a;

	if (!store_alert_get(s->e->store, old, &a) || !alert_is_open(a.state))
		return;			/* it asked nobody for an answer: it ended for everybody */
	SAY(&task, task_signal_left_out, s->conf->name, NUM(old), NUM(id));
	engine_signal_task(s, &task);
}

static void
send_alert(struct saying *s, struct alert_request *r, const struct alert *old)
{
	bool partly = old && leaves_places_out(r, old);
	int64_t old_id = old ? old->id : 0, id;
	struct err err = { 0 };
	struct said why;
	char key[40];

	snprintf(key, sizeof(key), "signal/%lld", (long long)s->row.id);
	free(r->key);
	r->key = xstrdup(key);
	r->replaces = old_id;
	r->whole = old && !partly;
	id = ask_for_alert(s, r, &err);
	if (!id && partly) {		/* it names none of its places: both go on */
		r->replaces = 0;
		id = ask_for_alert(s, r, &err);
	}
	if (!id) {
		refused(s, &err.said);
		return;
	}
	s->row.alert = id;
	memcpy(s->row.outcome, r->digest, sizeof(s->row.outcome));
	s->row.severity = (int)r->severity;
	engine_dlr_of_alert(s->e, s->row.id, id);
	SAY(&why, signal_released);	/* what kept it back is over */
	engine_signal_settle(s, SIGNAL_IS_MATCHED, s->released ? &why : NULL);
	engine_signal_cover(s, r);
	if (partly)
		tell_left_out(s, old_id, id);
}

/* Kept before its alert is asked for: the key is its id. */
static void
keep(struct saying *s)
{
	if (!s->row.id)
		engine_signal_settle(s, SIGNAL_IS_NEW, NULL);
}

static void
send_or_hold(struct saying *s, struct alert_request *r, const struct alert *old)
{
	struct said why;

	if (!s->released && engine_signal_over_limit(s, r)) {
		over_limit(s, r);
	} else if (!s->released && s->rule->trust == RULE_HOLD) {
		SAY(&why, signal_held);
		hold(s, r, &why, true);
	} else {
		keep(s);
		send_alert(s, r, old);
	}
}

static void
say_unchanged(struct saying *s, const struct alert_request *r, const struct signal_row *prior,
	      const struct alert *old)
{
	engine_signal_extend(s, prior, old, r);
	s->row.alert = prior->alert;
	if (!s->row.id && strcmp(s->row.ref, prior->ref) != 0) {	/* its end may name this ref alone */
		memcpy(s->row.outcome, r->digest, sizeof(s->row.outcome));
		keep(s);
	}
	if (s->row.id) {
		note(s, SIGNAL_IS_MATCHED, PHRASE_signal_unchanged);
	} else {
		s->row.id = prior->id;
		memcpy(s->row.rule, prior->rule, sizeof(s->row.rule));
		s->row.state = SIGNAL_IS_MATCHED;
		SAY(&s->why, signal_unchanged);
	}
}

/* An open alert of the same is there already. */
static void
say_anew(struct saying *s, struct alert_request *r, const struct signal_row *prior, struct alert *old)
{
	struct err err = { 0 };
	struct said task;
	char *body;

	if (memcmp(prior->outcome, r->digest, sizeof(prior->outcome)) == 0) {
		say_unchanged(s, r, prior, old);
		return;
	}
	if (engine_may_end(s->e, &s->by, VERB_CANCEL, old, &err) < 0) {
		SAY(&task, task_signal_end, s->conf->name, NUM(old->id), NEST(&err.said));
		engine_signal_settle(s, SIGNAL_IS_HELD, &task);
		engine_signal_task(s, &task);
		return;
	}
	body = xstrdup(old->body);	/* it is borrowed, and others are read meanwhile */
	old->body = body;
	send_or_hold(s, r, old);
	free(body);
}

/* Its rule is there, and it is time. */
static void
act(struct saying *s)
{
	struct alert_request *r = engine_signal_request(s);
	struct signal_row prior;
	struct err err = { 0 };
	struct alert old;

	if (!r) {
		struct said why = s->why;

		refused(s, &why);
		return;
	}
	if (engine_signal_expired(s, &err)) {
		refused(s, &err.said);
	} else if (engine_signal_allowed(s, r, &err) < 0) {
		refused(s, &err.said);
	} else if (engine_signal_prior(s, &prior, &old)) {
		say_anew(s, r, &prior, &old);
	} else if (!s->released && engine_signal_told(s, r, &prior, &old)) {
		say_unchanged(s, r, &prior, &old);
	} else {
		engine_signal_supersede(s);
		if (!s->released && !engine_signal_uncovered(s, r))
			note(s, SIGNAL_IS_IGNORED, PHRASE_signal_covered);
		else
			send_or_hold(s, r, NULL);
	}
	alert_request_free(r);
}

/* With ends: it waits, and its end may come first.  Without them: what is said again and again must hold. */
static bool
is_time(struct saying *s)
{
	char time[DURATION_TEXT];
	struct signal_row prior;
	struct alert a;
	struct said why;

	if (!s->rule->for_ms || s->released || engine_signal_prior(s, &prior, &a))
		return true;
	if (!source_has_ends(s->conf))
		return engine_signal_watch(s);
	s->row.due_at = msec_add(engine_signal_since(s), s->rule->for_ms);
	if (s->row.due_at <= s->e->now) {
		s->row.due_at = NEVER;
		return true;
	}
	memcpy(s->row.rule_sha256, s->rule->sha256, sizeof(s->row.rule_sha256));
	SAY(&why, signal_waits, duration_format(time, s->rule->for_ms));
	engine_signal_settle(s, SIGNAL_IS_NEW, &why);
	s->e->signals.due_at = msec_min(s->e->signals.due_at, s->row.due_at);
	return false;
}

/* No rule fits: if something of it is open, that is its end; else its newest value is kept, once.  Of a
 * gauge it is not: a level that flaps about a mark would end an alert and begin the next. */
static void
unmatched(struct saying *s)
{
	struct signal_row before;
	struct said why;

	SAY(&why, signal_no_rule);
	if (s->whole && s->whole->parts > 1) {	/* its other parts may still tell people: engine_whole_end */
		engine_signal_settle(s, SIGNAL_IS_UNMATCHED, &why);
		return;
	}
	if (!s->row.id && (s->signal->act == SIGNAL_UPDATE || source_has_ends(s->conf)) &&
	    engine_signal_end(s)) {
		engine_signal_settle(s, SIGNAL_IS_UNMATCHED, &why);
		return;
	}
	if (s->row.made)		/* values that name nothing: one row for all of them */
		snprintf(s->row.ref, sizeof(s->row.ref), "-");
	if (!s->row.id && store_signal_newest(s->e->store, s->row.source, s->row.ref, &before) &&
	    before.state == SIGNAL_IS_UNMATCHED) {
		store_signal_renew(s->e->store, before.id, &s->row, s->body);
		s->row.id = before.id;
		s->row.state = before.state;
		s->why = why;
		return;
	}
	engine_signal_settle(s, SIGNAL_IS_UNMATCHED, &why);
}

/* From its rule on; also when a person sends it through them again. */
static void
judge(struct saying *s)
{
	engine_signal_places(s);
	s->rule = rule_find(s->conf->rules.list, s->conf->rules.count, s->signal, s->places, s->place_count);
	if (!source_has_ends(s->conf))
		engine_signal_unwatch(s);
	if (!s->rule)
		unmatched(s);
	else if (s->only_noted)
		note(s, SIGNAL_IS_IGNORED, PHRASE_signal_first_poll);
	else if (s->rule->trust == RULE_NOTE)
		note(s, SIGNAL_IS_IGNORED, PHRASE_signal_noted);
	else if (is_time(s))
		act(s);
	if (s->whole)
		engine_whole_add(s);
	free(s->places);
	s->places = NULL;
}

static void
take_end(struct saying *s)
{
	if (!engine_signal_end(s))
		note(s, SIGNAL_IS_IGNORED, PHRASE_signal_nothing_open);
	else if (s->row.state != SIGNAL_IS_HELD)
		note(s, SIGNAL_IS_MATCHED, PHRASE_signal_ended);
	store_cover_end(s->e->store, s->row.source, s->row.ref);
}

/* The last word about its ref, or about the whole message of which it is a part. */
static bool
last_word(struct saying *s, struct signal_row *out)
{
	bool found = store_signal_newest(s->e->store, s->row.source, s->row.ref, out);
	const char *part = strrchr(s->row.ref, '#');
	char whole[SIGNAL_REF_MAX + 1];
	struct signal_row other;

	if (!part || !part[1])
		return found;
	snprintf(whole, sizeof(whole), "%.*s", (int)(part + 1 - s->row.ref), s->row.ref);
	if (!store_signal_newest(s->e->store, s->row.source, whole, &other) || (found && other.id < out->id))
		return found;
	*out = other;
	return true;
}

/* What came later may have been said before: an instant of the sender's own decides. */
static bool
is_overtaken(struct saying *s)
{
	struct signal_row newest;

	if (s->row.made || !s->signal->sent_at || !last_word(s, &newest))
		return false;
	if (newest.at > s->row.at) {
		note(s, SIGNAL_IS_IGNORED, PHRASE_signal_overtaken);
		return true;
	}
	if (newest.act != SIGNAL_END || newest.at < s->row.at || s->signal->act == SIGNAL_END)
		return false;
	note(s, SIGNAL_IS_IGNORED, PHRASE_signal_ended_before);
	return true;
}

/* What it names as taken back, or said anew, may still be on its way. */
static void
overtake_refs(struct saying *s)
{
	struct said why;

	SAY(&why, signal_named_by_ref, s->row.ref);
	for (size_t i = 0; i < s->signal->ref_count && s->signal->sent_at; i++) {
		struct signal_row row = s->row;

		if (strcmp(row.ref, s->signal->refs[i]) == 0)
			continue;
		snprintf(row.ref, sizeof(row.ref), "%s", s->signal->refs[i]);
		row.state = SIGNAL_IS_IGNORED;
		row.alert = row.task = 0;
		row.due_at = NEVER;
		memset(row.outcome, 0, sizeof(row.outcome));
		row.id = store_signal_insert(s->e->store, &row, s->body, s->signal->kind, s->raw);
		store_signal_put(s->e->store, &row, &why);
	}
}

/* The first answer, and of a gauge's value one more look whether it has held long enough. */
static bool
is_repeat(struct saying *s)
{
	struct signal_row before;
	const struct rule *rule;

	if (!store_signal_same(s->e->store, s->row.source, s->row.ref, s->row.act, s->row.digest,
			       s->e->now - MADE_REPEATS_MS, &before))
		return false;
	/* It has no instant of its own, and something else was said since: an end, another colour. */
	if (!s->row.made && !s->signal->sent_at &&
	    store_signal_last(s->e->store, s->row.source, s->row.ref) != before.id)
		return false;
	s->e->stats.repeats++;
	rule = before.rule[0] ? rules_named(&s->conf->rules, before.rule) : NULL;
	if (rule && rule->for_ms && !source_has_ends(s->conf))
		return false;		/* it is under watch */
	store_signal_repeat(s->e->store, before.id, s->e->now);
	before.at = s->row.at;
	s->row = before;
	SAY(&s->why, signal_repeated);
	return true;
}

static void
take_one(struct saying *s, const struct said *fault)
{
	if (fault) {
		s->row.digest[0] ^= 1;	/* it is not the same as one that says no more than could be read */
		if (!is_repeat(s))
			engine_signal_settle(s, SIGNAL_IS_REFUSED, fault);
		not_understood(s->e, s->conf);
		return;
	}
	if (s->signal->act == SIGNAL_BEAT) {
		s->row.state = SIGNAL_IS_IGNORED;	/* its source lives: that is kept there */
		SAY(&s->why, signal_beat);
	} else if (is_repeat(s)) {
		return;
	} else if (s->signal->act == SIGNAL_TEST) {
		note(s, SIGNAL_IS_IGNORED, PHRASE_signal_test);
	} else if (s->signal->act == SIGNAL_NOTE) {
		note(s, SIGNAL_IS_IGNORED, PHRASE_signal_for_record);
	} else if (is_overtaken(s)) {
		return;
	} else {
		if (s->signal->act == SIGNAL_END)
			take_end(s);
		else
			judge(s);
		overtake_refs(s);
	}
}

/* -- a post -- */

/* What has no ref is known by its words: sent once more it is good for longer, and still the same. */
static void
digest_of(const struct signal *s, unsigned char out[32])
{
	struct signal plain = *s;

	if (!s->ref)
		plain.expires_at = 0;
	signal_digest(&plain, out);
}

static void
make_row(struct saying *s, int64_t source)
{
	struct engine *e = s->e;
	struct signal_row *r = &s->row;

	*r = (struct signal_row){ .source = source, .act = s->signal->act, .received_at = e->now,
				  .last_at = e->now, .due_at = NEVER, .severity = -1 };
	r->dated = s->signal->sent_at && s->signal->sent_at < e->now;
	r->at = r->dated ? s->signal->sent_at : e->now;
	r->made = !s->signal->ref;
	digest_of(s->signal, r->digest);
	if (!r->made) {
		snprintf(r->ref, sizeof(r->ref), "%s", s->signal->ref);
		return;
	}
	for (size_t i = 0; i < 16; i++)
		snprintf(r->ref + 2 * i, 3, "%02x", r->digest[i]);
}

static void
tell(struct saying *s, struct buf *json)
{
	char code[CODE_TEXT];

	buf_printf(json, "{\"id\":%lld,\"state\":\"%s\",\"rule\":", (long long)s->row.id,
		   signal_state_name(s->row.state));
	buf_json(json, s->row.rule[0] ? s->row.rule : NULL);
	code_format(code, (uint64_t)s->row.alert);
	buf_printf(json, ",\"alert\":");
	if (s->row.alert)
		buf_printf(json, "%lld,\"alert_code\":\"%s\"", (long long)s->row.alert, code);
	else
		buf_puts(json, "null,\"alert_code\":null");
	buf_puts(json, ",\"reason\":");
	buf_json(json, s->why.phrase == PHRASE_verbatim ? NULL : phrase_name(s->why.phrase));
	buf_puts(json, "}");
}

/* What its child may want to know of one of its documents: in words where somebody must look. */
static void
tell_child(size_t document, enum signal_state state, const struct said *why, struct buf *json)
{
	char text[SAID_BYTES] = "";

	buf_printf(json, "{\"document\":%zu,\"state\":\"%s\",\"reason\":", document, signal_state_name(state));
	buf_json(json, why->phrase == PHRASE_verbatim ? NULL : phrase_name(why->phrase));
	if (state == SIGNAL_IS_REFUSED) {
		said_render(why, LANG_EN, text, sizeof(text));
		buf_puts(json, ",\"text\":");
		buf_json(json, text);
	}
	buf_puts(json, "}");
}

struct heard_one {			/* of a post: a signal, and what it came in */
	const struct signal *signal;
	const struct said *fault;	/* NULL: it can be meant */
	const unsigned char *raw;	/* NULL: not kept */
	msec at;			/* when it was said */
	size_t place, document;		/* in the post */
	bool newest_first;
};

/* `whole`: the message that it is a part of; `last`: its last one.  NULL: its source's say no more than
 * they say. */
static void
take_signal(struct engine *e, struct command *cmd, const struct source_conf *conf, int64_t source,
	    const struct heard_one *one, struct whole *whole, bool last, struct buf *json)
{
	struct saying s = { .e = e, .conf = conf, .by = cmd->by, .signal = one->signal, .raw = one->raw,
			    .whole = whole, .only_noted = cmd->signals->first };
	struct buf body = { 0 };

	signal_encode(s.signal, &body);
	s.body = body.data;
	make_row(&s, source);
	take_one(&s, one->fault);
	if (last)
		engine_whole_end(&s);
	buf_puts(json, json->data[json->len - 1] == '[' ? "" : ",");
	if (cmd->signals->fetched)
		tell_child(one->document, s.row.state, &s.why, json);
	else
		tell(&s, json);
	buf_fini(&body);
}

/* A body that nobody can read is one signal that was refused. */
static void
keep_unreadable(struct engine *e, struct command *cmd, const struct source_conf *conf, int64_t source,
		const struct err *unreadable, const unsigned char raw[32])
{
	struct signal none = { .severity = -1 };
	struct saying s = { .e = e, .conf = conf, .by = cmd->by, .signal = &none, .raw = raw, .body = "{}" };
	struct signal_row before;

	make_row(&s, source);
	memcpy(s.row.digest, raw, sizeof(s.row.digest));
	snprintf(s.row.ref, sizeof(s.row.ref), "unreadable");
	if (store_signal_same(e->store, source, s.row.ref, s.row.act, s.row.digest,
			      e->now - MADE_REPEATS_MS, &before))
		store_signal_repeat(e->store, before.id, e->now);
	else
		engine_signal_settle(&s, SIGNAL_IS_REFUSED, &unreadable->said);
	not_understood(e, conf);
}

/* Which of two that were fetched at once is taken first.  Of a source that takes things back the newest:
 * what it has ended or said anew since does not ring.  Else in the order in which they were said. */
static int
by_instant(const void *left, const void *right)
{
	const struct heard_one *a = left, *b = right;
	bool later = a->newest_first ? a->at < b->at : a->at > b->at;

	if (a->at != b->at)
		return later ? 1 : -1;
	return a->place > b->place ? 1 : -1;
}

static const unsigned char *
keep_raw(struct engine *e, int64_t source, const struct signals_document *d, unsigned char raw[32])
{
	if (!d->raw)
		return NULL;
	EVP_Digest(d->raw, d->raw_len, raw, NULL, EVP_sha256(), NULL);
	store_signal_raw_put(e->store, source, raw, d->raw, d->raw_len, e->now);
	return raw;
}

static size_t
list_document(struct engine *e, const struct signals_document *d, const unsigned char *raw, bool newest_first,
	      struct heard_one *out, size_t place, size_t document)
{
	for (size_t i = 0, f = 0; i < d->post.count; i++) {
		const struct signal *s = &d->post.signals[i];

		out[i] = (struct heard_one){ .signal = s, .raw = raw, .place = place + i,
			.document = document,
			.at = s->sent_at && s->sent_at < e->now ? s->sent_at : e->now,
			.newest_first = newest_first };
		if (f < d->post.fault_count && d->post.faults[f].index == i)
			out[i].fault = &d->post.faults[f++].why;
	}
	return d->post.count;
}

static void
take_documents(struct engine *e, struct command *cmd, const struct source_conf *conf, int64_t source,
	       struct buf *json)
{
	const struct signals_request *q = cmd->signals;
	struct heard_one *all = xcalloc(signals_request_size(q) + 1, sizeof(*all));
	unsigned char (*raws)[32] = xcalloc(q->count + 1, sizeof(*raws));
	bool is_whole = source_is_whole(conf);
	struct whole whole = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < q->count; i++) {
		const struct signals_document *d = &q->documents[i];
		const unsigned char *raw = keep_raw(e, source, d, raws[i]);

		if (d->unreadable)
			keep_unreadable(e, cmd, conf, source, d->unreadable, raws[i]);
		if (d->unreadable && q->fetched) {
			buf_puts(json, json->data[json->len - 1] == '[' ? "" : ",");
			tell_child(i, SIGNAL_IS_REFUSED, &d->unreadable->said, json);
		}
		count += list_document(e, d, raw, source_has_ends(conf), all + count, count, i);
		if (d->post.problem)
			store_task_once(e->store, 0, "source", d->post.problem, e->now);
	}
	if (q->fetched)
		qsort(all, count, sizeof(*all), by_instant);
	for (size_t i = 0; i < count; i++) {
		bool last = i + 1 == count || all[i + 1].document != all[i].document;

		if (!whole.parts)
			whole.parts = q->documents[all[i].document].post.count;
		take_signal(e, cmd, conf, source, &all[i], is_whole ? &whole : NULL, is_whole && last, json);
		if (last)
			engine_whole_fini(&whole);
	}
	free(raws);
	free(all);
}

void
engine_signals(struct engine *e, struct command *cmd)
{
	const struct signals_request *q = cmd->signals;
	const struct source_conf *conf = settings_source(e->settings, q->source);
	struct source_row source;
	struct buf json = { 0 };
	struct err err = { 0 };

	if (!conf) {			/* a reload took it away meanwhile */
		err_say(&err, REFUSED_NOT_FOUND, about(CONCEPT_NONE), no_source, q->source);
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	store_source_get(e->store, conf->name, e->now, &source);
	engine_source_heard(e, conf, &source);
	buf_puts(&json, "{\"signals\":[");
	take_documents(e, cmd, conf, source.id, &json);
	buf_puts(&json, "]}");
	if (q->keep)
		store_source_keep_set(e->store, source.id, q->keep);
	if (!q->fetched && q->documents[0].unreadable) {
		engine_refuse(e, cmd->reply_to, q->documents[0].unreadable);
		buf_fini(&json);
	} else {
		engine_reply(e, cmd->reply_to, REPLY_DONE, &json);
	}
}

/* -- by a person, and by time -- */

struct waited {				/* rows whose wait is over */
	struct signal_row rows[64];
	size_t count;
};

static void
add_due(void *ctx, const struct signal_row *row)
{
	struct waited *d = ctx;

	d->rows[d->count++] = *row;
}

/* The saying of a row that is kept; false: its source is gone from gong.conf, or it cannot be read. */
static bool
say_again(struct saying *s, struct engine *e, const struct signal_row *row, struct signal *signal,
	  char **body)
{
	char name[SIGNAL_NAME_MAX + 1];

	*s = (struct saying){ .e = e, .row = *row, .signal = signal };
	signal_init(signal);
	*body = store_signal_body(e->store, row->id);
	s->body = *body;
	store_source_name(e->store, row->source, name, sizeof(name));
	s->conf = settings_source(e->settings, name);
	s->by.kind = PRINCIPAL_SOURCE;
	snprintf(s->by.name, sizeof(s->by.name), SOURCE_PRINCIPAL "%s", name);
	return s->conf && *body && signal_decode(signal, *body) == 0;
}

/* Somebody relied on the rule that it waited for. */
static void
tell_rule_gone(struct engine *e, const struct signal_row *row)
{
	struct said task;
	char source[SIGNAL_NAME_MAX + 1], id[24];

	store_source_name(e->store, row->source, source, sizeof(source));
	snprintf(id, sizeof(id), "%lld", (long long)row->id);
	SAY(&task, task_signal_rule_gone, source, row->rule, id);
	store_task_once(e->store, 0, "signal", &task, e->now);
}

/* The rule that it waits for may have gone, or become another. */
static void
wait_over(struct engine *e, const struct signal_row *row)
{
	struct signal signal;
	struct saying s;
	char *body;

	if (!say_again(&s, e, row, &signal, &body)) {
		struct signal_row gone = *row;
		struct said why;

		gone.state = SIGNAL_IS_UNMATCHED;
		gone.due_at = NEVER;
		SAY(&why, signal_rule_gone);
		store_signal_put(e->store, &gone, &why);
		tell_rule_gone(e, row);
	} else {
		s.rule = rules_named(&s.conf->rules, row->rule);
		s.row.due_at = NEVER;
		engine_signal_places(&s);
		if (!s.rule || !rule_fits(s.rule, &signal, s.places, s.place_count)) {
			note(&s, SIGNAL_IS_UNMATCHED, PHRASE_signal_rule_gone);
			tell_rule_gone(e, row);
		} else if (memcmp(s.rule->sha256, row->rule_sha256, sizeof(row->rule_sha256)) != 0) {
			memcpy(s.row.rule_sha256, s.rule->sha256, sizeof(s.row.rule_sha256));
			s.row.due_at = msec_add(e->now, s.rule->for_ms);
			engine_signal_settle(&s, SIGNAL_IS_NEW, NULL);
		} else if (s.rule->trust == RULE_NOTE) {	/* its source's trust is less by now */
			note(&s, SIGNAL_IS_IGNORED, PHRASE_signal_noted);
		} else {
			act(&s);
		}
		free(s.places);
	}
	signal_fini(&signal);
	free(body);
}

void
engine_signals_trim(struct engine *e)
{
	if (e->signals.trim_at > e->now)
		return;
	if (store_signals_trim(e->store, e->now - KEEP_MS, KEEP_BYTES, TRIM_AT_ONCE) >= TRIM_AT_ONCE)
		e->more = true;		/* the rest in the next turns */
	else if (!store_failed(e->store))
		e->signals.trim_at = e->now + TRIM_EVERY_MS;
}

void
engine_signals_due(struct engine *e)
{
	struct waited *d;

	if (e->signals.due_at > e->now || e->now < e->signals.doors_at)
		return;
	d = xcalloc(1, sizeof(*d));
	store_signals_due(e->store, e->now, add_due, d);
	for (size_t i = 0; i < d->count; i++)
		wait_over(e, &d->rows[i]);
	e->more |= d->count == sizeof(d->rows) / sizeof(*d->rows);
	free(d);
	e->signals.due_at = store_signals_next(e->store);
}

static void
answer(struct saying *s, const struct command *cmd)
{
	struct buf json = { 0 };

	tell(s, &json);
	engine_reply(s->e, cmd->reply_to, REPLY_DONE, &json);
}

static void
audit(struct engine *e, const struct command *cmd, const char *action)
{
	struct buf detail = { 0 };

	buf_printf(&detail, "signal %lld", (long long)cmd->signal->signal);
	if (cmd->signal->note)
		buf_printf(&detail, ": %s", cmd->signal->note);
	store_audit(e->store, e->now, cmd->by.name, action, detail.data);
	buf_fini(&detail);
}

/* Whoever releases it must be allowed to send the like himself. */
static int
check_release(struct saying *s, const struct command *cmd, struct err *err)
{
	struct alert_request *r;
	const struct policy *p;
	int rc = 0;

	s->rule = rules_named(&s->conf->rules, s->row.rule);
	if (engine_signal_expired(s, err))
		return -1;
	if (!s->rule)
		return err_say(err, REFUSED_CONFLICT, about(CONCEPT_NONE), signal_changed, NUM(s->row.id));
	engine_signal_places(s);
	r = engine_signal_request(s);
	if (!r || memcmp(r->digest, s->row.outcome, sizeof(r->digest)) != 0)
		rc = err_say(err, REFUSED_CONFLICT, about(CONCEPT_NONE), signal_changed, NUM(s->row.id));
	p = r && r->policy ? settings_policy(s->e->settings, r->policy) : NULL;
	if (rc == 0)
		rc = engine_may_send(s->e, &cmd->by, r, engine_ranks_with(r, p), err);
	alert_request_free(r);
	return rc;
}

/* -1: `err`; else the row, and *s is ready. */
static int
find_signal(struct engine *e, const struct command *cmd, struct saying *s, struct signal *signal,
	    char **body, struct err *err)
{
	struct signal_row row;

	*body = NULL;
	signal_init(signal);
	if (!store_signal_get(e->store, cmd->signal->signal, &row))
		return err_say(err, REFUSED_NOT_FOUND, about(CONCEPT_NONE), no_signal,
			       NUM(cmd->signal->signal));
	if (say_again(s, e, &row, signal, body))
		return 0;
	return s->conf ? err_say(err, REFUSED_CONFLICT, about(CONCEPT_NONE), signal_unread, NUM(row.id))
		: err_say(err, REFUSED_CONFLICT, about(CONCEPT_NONE), signal_source_gone, NUM(row.id));
}

void
engine_signal_release(struct engine *e, struct command *cmd)
{
	struct signal signal;
	struct saying s = { .e = e };
	struct err err = { 0 };
	char *body;

	if (find_signal(e, cmd, &s, &signal, &body, &err) == 0 && s.row.state != SIGNAL_IS_HELD)
		err_say(&err, REFUSED_CONFLICT, about(CONCEPT_NONE), signal_not_held, NUM(s.row.id));
	if (!err.text[0] && s.row.act == SIGNAL_END)
		err_say(&err, REFUSED_CONFLICT, about(CONCEPT_NONE), signal_end_by_cancel, NUM(s.row.id));
	if (!err.text[0] && check_release(&s, cmd, &err) == 0) {
		audit(e, cmd, "signal.release");
		engine_signal_task_over(e, &s.row, PHRASE_signal_released);
		s.released = true;
		act(&s);
	}
	if (err.text[0])
		engine_refuse(e, cmd->reply_to, &err);
	else
		answer(&s, cmd);
	free(s.places);
	signal_fini(&signal);
	free(body);
}

/* Rules were mended: what led to nothing is judged by those in force now. */
void
engine_signal_replay(struct engine *e, struct command *cmd)
{
	struct signal signal;
	struct saying s = { .e = e };
	struct err err = { 0 };
	char *body;

	if (find_signal(e, cmd, &s, &signal, &body, &err) == 0 &&
	    (s.row.alert || s.row.state == SIGNAL_IS_NEW || s.row.state == SIGNAL_IS_MATCHED ||
	     s.row.act > SIGNAL_UPDATE))
		err_say(&err, REFUSED_CONFLICT, about(CONCEPT_NONE), signal_no_replay, NUM(s.row.id));
	if (err.text[0]) {
		engine_refuse(e, cmd->reply_to, &err);
	} else {
		audit(e, cmd, "signal.replay");
		engine_signal_task_over(e, &s.row, PHRASE_signal_replayed);
		s.row.at = e->now;
		s.row.state = SIGNAL_IS_NEW;
		judge(&s);
		answer(&s, cmd);
	}
	signal_fini(&signal);
	free(body);
}

/* -- the table of due things -- */

void
engine_signals_load(struct engine *e)
{
	if (!e->signals.doors_at)
		e->signals.doors_at = e->now + DOORS_MS;
	e->signals.due_at = store_signals_next(e->store);
}

msec
engine_signals_next(const struct engine *e)
{
	msec due = e->signals.due_at;

	if (due != NEVER && due < e->signals.doors_at)
		due = e->signals.doors_at;
	return due;
}

msec
engine_signals_trim_next(const struct engine *e)
{
	return e->signals.trim_at;
}

void
engine_signals_trim_shift(struct engine *e, msec by)
{
	e->signals.trim_at += by;
}

/* What still counts: the longest look back is an hour, on either side of the step. */
void
engine_signals_step(struct engine *e, msec by)
{
	store_signals_shift(e->store, by, e->now - (by > 0 ? by : 0) - HOURS(1));
}

void
engine_signals_shift(struct engine *e, msec by)
{
	e->signals.doors_at += by;
}
