/* outcome.c -- what drivers say became of a message, and what follows from it. */
#include "daemon/engine/outcome.h"

#include <stdio.h>
#include <string.h>

#define KILLS_MAX 2
#define RESENDS_MAX 3
#define CONFIG_PAUSE_MS SECONDS(60)

void
engine_route_ready(struct engine *e, struct command *cmd)
{
	struct route_state *r = engine_route(e, cmd->route);
	unsigned window = cmd->ready.window;

	if (r->closing)			/* it was told to close, and has not heard it yet */
		return;
	engine_route_has_options(e, r);
	if (r->conf->window && window > r->conf->window)
		window = r->conf->window;
	if (!r->up)
		engine_log(e, LOG_STORY, "route ready name=%s window=%u", r->conf->name, window);
	r->up = true;
	r->window = window;
	/* Who wants fewer at once on the network than the driver offers wants none to wait there. */
	r->prefetch = window < cmd->ready.window ? 0 : cmd->ready.prefetch;
	r->batch = cmd->ready.batch ? cmd->ready.batch : 1;
	if (r->batch > 500)
		r->batch = 500;
	r->receipts = cmd->ready.receipts;
	r->receipts_by_ref = cmd->ready.receipts_by_ref;
	r->templates = cmd->ready.templates;
	engine_limits_said(e, r, cmd);
	engine_pace_note(e, r);
	for (int c = 0; c < CHANNEL_COUNT; c++)
		r->channels[c] = cmd->ready.channels[c] && r->conf->channels[c];
	store_route_note(e->store, r->id, window && !r->pause.failures ? "up" : "paused", NULL,
			 e->now);
	if (window)
		engine_route_is_ready(e, r);
	else
		engine_route_is_down(e, r, WORD(driver_pauses), false);
}

/* Its receipt came before the route's answer, or before there was to be none. */
static void
failed_before(struct engine *e, struct live_wave *lw, struct message *m)
{
	store_attempt_receipt(e->store, m->wave, m->contact, m->attempt, false, e->now);
	engine_message_event(e, lw, m, MESSAGE_ON_RECEIPT_FAILED);
}

/* Each of its parts was accepted, and only the word about the whole is lost: then it has left. */
static bool
has_left(struct engine *e, struct live_wave *lw, struct message *m)
{
	const struct variant_text *text = m->parts_done ? engine_variant_text(e, m->variant) : NULL;

	if (!text || text->parts > 32 || m->parts_done != UINT32_MAX >> (32 - text->parts))
		return false;
	store_attempt_insert(e->store, m, e->now, OUTCOME_ACCEPTED, REJECT_NONE, text->parts, NULL,
			     WORD(known_from_parts));
	engine_message_event(e, lw, m, MESSAGE_ON_ACCEPTED);
	engine_parts_conclude(e, lw, m, m->attempt);
	return true;
}

/* Whether it left is unknown: the attempt says so, the policy decides what follows.  `rings`: a
 * call that was cut, which may ring again whatever its alert. */
static void
in_doubt(struct engine *e, struct live_wave *lw, struct message *m, const char *reason,
	 msec again_at, bool rings)
{
	bool again = (rings || engine_resends(e, lw)) && !(m->flags & MESSAGE_RESEND &&
							   m->attempt >= RESENDS_MAX + 1) &&
		!(store_has_answered(e->store, lw->w.alert, m->contact)) &&
		lw->w.expires_at > e->now;

	if (has_left(e, lw, m))
		return;
	store_attempt_insert(e->store, m, e->now, OUTCOME_UNKNOWN, REJECT_NONE, 0, NULL, reason);
	if (again) {
		m->flags |= MESSAGE_RESEND;
		m->due = again_at;
	}
	engine_message_event(e, lw, m, again ? MESSAGE_ON_UNKNOWN_RESEND : MESSAGE_ON_UNKNOWN);
	if (m->flags & MESSAGE_REFUSED_BEFORE)
		failed_before(e, lw, m);
	engine_parts_conclude(e, lw, m, m->attempt);
}

/* Messages that failed together shall not come back together. */
static msec
wait_of(const struct message *m, msec backoff_ms)
{
	return pace_jitter_ms(backoff_ms, message_id(m->wave, m->contact, 0) + m->attempt);
}

static void
quarantine(struct engine *e, struct live_wave *lw, struct message *m)
{
	struct said said;

	if (has_left(e, lw, m))
		return;
	SAY(&said, task_quarantine, NUM(m->wave), NUM(m->contact));
	store_attempt_insert(e->store, m, e->now, OUTCOME_UNKNOWN, REJECT_NONE, 0, NULL,
			     WORD(killed_driver_twice));
	store_task_open(e->store, lw->w.alert, "quarantine", &said, e->now);
	engine_log(e, LOG_ERROR, "message quarantined wave=%u contact=%u", m->wave, m->contact);
	engine_message_event(e, lw, m, MESSAGE_ON_UNKNOWN);
	engine_parts_conclude(e, lw, m, m->attempt);
}

/* true: it was in hand, and is not any more. */
static bool
lost_item(struct engine *e, const struct route_state *r, uint64_t id, bool written,
	  struct command *cmd)
{
	struct live_wave *lw = engine_wave(e, message_id_wave(id));
	bool solo = r->solo;		/* a suspect in hand takes the blame alone */
	struct message m;

	/* A page may still name what was settled, or given to another route since. */
	if (cmd->lost.last_life && table_get(&e->inflight, id) != r)
		return false;
	engine_release(e, id);
	if (!engine_hold_message(e, cmd, id)) {
		engine_aside_message(e, cmd, id);
		return false;
	}
	if (!lw || !store_message_get(e->store, message_id_wave(id), message_id_contact(id),
				      lw->w.channel, &m) ||
	    m.state != MESSAGE_SENDING || (m.attempt & 31) != message_id_attempt(id))
		return false;
	if (!written) {
		m.due = e->now;
		m.attempt--;		/* it never left: no attempt was made */
		engine_message_event(e, lw, &m, MESSAGE_ON_NOT_WRITTEN);
		return true;
	}
	/* A driver that dies may have died of it; one that hangs hangs with whatever it has, and
	 * other routes come first. */
	if (cmd->lost.last_life) {
		in_doubt(e, lw, &m, cmd->lost.reason, e->now, false);
	} else if (cmd->lost.hung) {
		m.flags |= MESSAGE_AVOID;
		in_doubt(e, lw, &m, cmd->lost.reason,
			 e->now + wait_of(&m, pace_backoff_ms(SECONDS(5), MINUTES(5), m.attempt)), false);
	} else if (cmd->lost.cut) {
		in_doubt(e, lw, &m, cmd->lost.reason, e->now,
			 lw->w.channel == CHANNEL_VOICE && lw->w.kind == WAVE_CALL);
	} else if ((!solo || m.at >= r->handed_at) && ++m.kills >= KILLS_MAX) {
		quarantine(e, lw, &m);
	} else {
		in_doubt(e, lw, &m, cmd->lost.reason, e->now, false);
	}
	return true;
}

static void
tell_last_life(struct engine *e, const struct route_state *r, size_t in_doubt_count, size_t given_back_count)
{
	if (in_doubt_count || given_back_count)
		engine_log(e, LOG_WARNING, "messages in hand at the last stop route=%s in_doubt=%zu "
			   "given_back=%zu", r ? r->conf->name : "-", in_doubt_count,
			   given_back_count);
}

/* Every item is reported once, here or by its `done`.  One that is in flight and not named is
 * in a send that the loop has not seen yet: it will give that back, or hand it to the driver's
 * next life. */
void
engine_route_lost(struct engine *e, struct command *cmd)
{
	struct route_state *r = engine_route(e, cmd->route);
	size_t doubtful = 0, back = 0;

	if (cmd->lost.last_life)
		engine_in_flight_name_rest(e, cmd);
	for (size_t i = 0; i < cmd->lost.unwritten_count; i++)
		back += lost_item(e, r, cmd->lost.unwritten[i], false, cmd);
	for (size_t i = 0; i < cmd->lost.written_count; i++)
		doubtful += lost_item(e, r, cmd->lost.written[i], true, cmd);
	engine_hold_message(e, cmd, 0);
	engine_inbound_look(e);
	r->up = r->solo = r->drain = false;
	engine_route_took_options(e, r, cmd);
	if (cmd->lost.gone)
		engine_route_gone(e, r);
	if (cmd->lost.last_life)
		tell_last_life(e, r, doubtful, back);
	if (!cmd->lost.reason || cmd->lost.last_life)	/* the loop knew of the loss: no news */
		return;
	store_route_note(e->store, r->id, "down", NULL, e->now);
	engine_questions_lost(e, r, cmd->lost.reason);
	engine_log(e, cmd->lost.fatal && !cmd->lost.asked ? LOG_ERROR : LOG_WARNING,
		   "route lost name=%s in_doubt=%zu given_back=%zu "
		   "reason=\"%s\"", r->conf->name, doubtful, back, ENGLISH(cmd->lost.reason));
	if (!cmd->lost.asked && !r->gone)
		engine_route_is_down(e, r, cmd->lost.reason, cmd->lost.fatal);
}

static void
pause_route(struct engine *e, struct route_state *r, const struct done_item *item)
{
	const char *reason = item->reason ? item->reason : reject_name(item->class);
	struct said said;

	if (r->pause.until > e->now)
		return;
	r->pause.failures++;
	r->pause.until = e->now + pace_jitter_ms(pace_backoff_ms(CONFIG_PAUSE_MS, HOURS(1),
								 r->pause.failures),
						 (uint64_t)r->id << 32 | r->pause.failures);
	SAY(&said, alarm_paused, reason);
	store_route_note(e->store, r->id, "paused", NULL, e->now);
	engine_log(e, LOG_ERROR, "route paused name=%s class=%s reason=\"%s\"", r->conf->name,
		   reject_name(item->class), item->reason ? ENGLISH(item->reason) : "");
	engine_alarm_raise(e, r, true, "paused", &said);		/* once, until it works again */
}

/* For good: the person's next number has its turn, if there is one. */
static void
number_refused(struct engine *e, struct route_state *r, struct live_wave *lw, struct message *m)
{
	int next;

	if (r)
		engine_route_worked(e, r);
	if (!r || !r->conf->simulated)
		store_number_bad(e->store, m->e164, e->now);
	next = store_number_after(e->store, m->contact, lw->w.channel, m->e164);
	if (next >= 0) {
		m->number = (unsigned)next;
		m->parts_done = 0;	/* another telephone has none of it */
		m->due = e->now;
		engine_message_event(e, lw, m, MESSAGE_ON_RETRY);
		return;
	}
	engine_message_event(e, lw, m, MESSAGE_ON_REFUSED);
	if (lw->w.kind == WAVE_CALL)
		engine_nobody_refused(e, lw->w.alert);
}

static void
rejected(struct engine *e, struct route_state *r, struct live_wave *lw, struct message *m,
	 const struct done_item *item)
{
	switch (item->class) {
	case REJECT_DROP:
		number_refused(e, r, lw, m);
		return;
	case REJECT_CONFIG:
	case REJECT_CLOCK:
		if (r)
			pause_route(e, r, item);
		m->flags |= MESSAGE_AVOID;
		m->due = e->now;
		break;
	case REJECT_RETRY_OTHER:
		m->flags |= MESSAGE_AVOID;
		m->due = e->now + (m->attempt > 3 ? wait_of(m, pace_backoff_ms(500, SECONDS(60),
									       m->attempt - 3)) : 0);
		break;
	case REJECT_NONE:
	case REJECT_RETRY:
	case REJECT_COUNT:
		if (r)
			engine_route_refused(e, r, item->reason ? item->reason : reject_name(item->class));
		m->due = e->now + wait_of(m, pace_backoff_ms(SECONDS(2), MINUTES(2), m->attempt));
		break;
	}
	engine_message_event(e, lw, m, MESSAGE_ON_RETRY);
}

/* Given back because gongd asked, or because the driver is closing: then it goes again. */
static void
given_back(struct engine *e, struct live_wave *lw, struct message *m)
{
	if (lw->w.state >= WAVE_WITHDRAWN || !engine_still_needed(e, lw, m->contact)) {
		engine_message_event(e, lw, m, MESSAGE_ON_GIVEN_BACK);
		return;
	}
	m->due = e->now;
	engine_message_event(e, lw, m, MESSAGE_ON_RETRY);
}

static void
settle(struct engine *e, struct route_state *r, const struct done_item *item)
{
	struct live_wave *lw = engine_wave(e, message_id_wave(item->id));
	const char *reason = item->reason ? item->reason : WORD(driver_gave_no_reason);
	struct message m;

	if (!lw || !store_message_get(e->store, message_id_wave(item->id),
				      message_id_contact(item->id), lw->w.channel, &m) ||
	    (m.attempt & 31) != message_id_attempt(item->id)) {
		e->stats.receipts_unmatched++;
		return;
	}
	if (item->outcome == OUTCOME_UNKNOWN && m.state == MESSAGE_SENDING) {
		if (r)
			engine_route_refused(e, r, reason);
		in_doubt(e, lw, &m, reason, e->now, false);
		return;
	}
	store_attempt_insert(e->store, &m, e->now, item->outcome, item->class, item->parts,
			     item->ref, item->outcome == OUTCOME_ACCEPTED ? item->reason : reason);
	if (item->outcome == OUTCOME_ACCEPTED) {
		engine_message_event(e, lw, &m, MESSAGE_ON_ACCEPTED);
		if (m.flags & MESSAGE_REFUSED_BEFORE)
			failed_before(e, lw, &m);
		engine_receipts_named(e, r, lw, &m, item->ref, 0, 0);
		engine_parts_conclude(e, lw, &m, m.attempt);
	} else if (m.state != MESSAGE_SENDING) {
		return;
	} else if (item->outcome == OUTCOME_WITHDRAWN) {
		given_back(e, lw, &m);
	} else {
		rejected(e, r, lw, &m, item);
	}
}

/* Parts a second while it had enough to do: how fast it goes with half of its window empty says
 * nothing of what it could.  Several `done` of one instant count together. */
static void
measure(struct engine *e, struct route_state *r, size_t parts, unsigned in_hand)
{
	msec from = r->settled_at > r->busy_at ? r->settled_at : r->busy_at, gone = e->now - from;
	double speed;

	if (in_hand * 2 < r->window || !r->settled_at || gone >= MINUTES(1)) {
		r->settled_parts = 0;
		r->settled_at = e->now;
		return;
	}
	r->settled_parts += parts;
	if (gone <= 0)
		return;
	speed = (double)r->settled_parts * 1000 / (double)gone;
	r->speed = r->speed > 0 ? r->speed * 0.9 + speed * 0.1 : speed;
	r->settled_parts = 0;
	r->settled_at = e->now;
	engine_pace_measured(e, r);
}

/* The commonest outcome in one go; false: it takes the long way. */
static bool
accepted(struct engine *e, struct route_state *r, const struct done_item *item)
{
	uint32_t contact = message_id_contact(item->id);
	struct live_wave *lw;
	struct message m;

	if (r->pause.until <= e->now)	/* else it had that before the pause */
		engine_route_works(e, r);
	engine_route_worked(e, r);
	lw = engine_wave(e, message_id_wave(item->id));
	if (!lw || !store_message_sent(e->store, lw->w.id, contact, message_id_attempt(item->id),
				       lw->w.channel, item->parts, item->ref, e->now))
		return false;
	engine_wave_moved(e, lw, MESSAGE_SENDING, MESSAGE_SENT);
	engine_dlr_message(e, &lw->w, contact, MESSAGE_SENDING, MESSAGE_SENT);
	if (engine_may_correct(lw))
		engine_join_correction(e, lw, contact, MESSAGE_SENT);
	if (engine_keeps_ref(r, item->ref) && store_message_get(e->store, lw->w.id, contact, lw->w.channel, &m))
		engine_receipts_named(e, r, lw, &m, item->ref, 0, 0);
	return true;
}

void
engine_done(struct engine *e, struct command *cmd)
{
	struct route_state *route = engine_route(e, cmd->route);
	unsigned in_hand = route->inflight;
	size_t parts = 0;

	for (size_t i = 0; i < cmd->done.count; i++) {
		const struct done_item *item = &cmd->done.items[i];
		struct route_state *r = engine_release(e, item->id);

		if (!engine_hold_message(e, cmd, item->id)) {
			engine_aside_message(e, cmd, item->id);
			continue;
		}
		if (item->outcome == OUTCOME_ACCEPTED)
			parts += item->parts ? item->parts : 1;
		if (item->outcome == OUTCOME_ACCEPTED && r && accepted(e, r, item))
			continue;
		settle(e, r, item);
	}
	engine_hold_message(e, cmd, 0);
	engine_inbound_look(e);
	engine_route_moved(e, route);
	measure(e, route, parts, in_hand);
}

void
engine_part(struct engine *e, struct command *cmd)
{
	struct route_state *r = engine_route(e, cmd->route);
	uint64_t id = cmd->part.id;
	struct live_wave *lw = engine_wave(e, message_id_wave(id));
	struct message m;
	uint32_t bit;

	if (!lw || cmd->part.part < 1 || cmd->part.part > 32 ||
	    !store_message_get(e->store, message_id_wave(id), message_id_contact(id), lw->w.channel,
			       &m) || (m.attempt & 31) != message_id_attempt(id) ||
	    !engine_is_from(e, &m, m.attempt, r, 0, false))
		return;
	engine_route_moved(e, r);
	bit = 1u << (cmd->part.part - 1);
	if (m.parts_done & bit)		/* said again: no other reference names it */
		return;
	m.parts_done |= bit;
	store_message_update(e->store, &m);
	engine_receipts_named(e, r, lw, &m, cmd->part.ref, cmd->part.part, cmd->part.of);
}

static void
found_in_hand(struct engine *e, struct message *m, size_t *doubtful)
{
	struct route_state *r = engine_route(e, m->route);
	struct live_wave *lw;

	if (r)
		engine_in_flight_found(e, r, m);
	else if (engine_hold(e, HAND_WAVE, m->wave, 0) && engine_hold_row(e, m->contact) &&
		 (lw = engine_wave(e, m->wave))) {
		in_doubt(e, lw, m, WORD(stopped_in_hand), e->now, false);
		(*doubtful)++;
	}
}

void
engine_found_in_hand(struct engine *e)
{
	static struct message rows[1000];
	uint32_t wave = 0, contact = 0;
	size_t count, doubtful = 0;

	while ((count = store_messages_sending(e->store, wave, contact, rows, 1000))) {
		for (size_t i = 0; i < count; i++)
			found_in_hand(e, &rows[i], &doubtful);
		wave = rows[count - 1].wave;
		contact = rows[count - 1].contact;
	}
	engine_let_go(e);
	tell_last_life(e, NULL, doubtful, 0);
}
