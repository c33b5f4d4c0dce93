/* message.c -- a message's change of state and all that follows from it; whether it may still
 * go. */
#include "daemon/engine/message.h"

/* A duplicate beats silence for orange and red, and a duty callout ranks with red. */
bool
engine_resends(struct engine *e, const struct live_wave *lw)
{
	return lw->w.severity >= SEVERITY_ORANGE && lw->w.kind != WAVE_REPLY;
}

static void
join(struct engine *e, const struct live_wave *lw, struct live_wave *c, uint32_t contact)
{
	struct person person;

	if (c->w.state > WAVE_FINISHED || c->w.expires_at <= e->now ||
	    store_has_message(e->store, c->w.alert, contact, WAVE_CORRECTION) ||
	    !store_person_by_id(e->store, contact, &person))
		return;
	store_message_insert(e->store, c->w.id, contact,
			     reader_late_variant(e, c, contact, person.lang), 0, e->now);
	store_told_late(e->store, c->w.id, contact);
	c->w.total++;
	if (c->w.state == WAVE_FINISHED)
		c->w.state = WAVE_OPEN;
	engine_wave_touch(e, c);
	engine_wave_due(e, c, e->now);
}

void
engine_join_correction(struct engine *e, const struct live_wave *lw, uint32_t contact,
		enum message_state state)
{
	struct live_wave *c = lw->correction ? engine_wave(e, lw->correction) : NULL;
	struct message m;

	/* A call has told something only when somebody picked up. */
	if ((lw->w.channel == CHANNEL_VOICE && state != MESSAGE_DELIVERED) || lw->w.kind == WAVE_REPLY)
		return;
	if (c)
		join(e, lw, c, contact);
	else if (store_message_get(e->store, lw->w.id, contact, lw->w.channel, &m))
		engine_end_late(e, lw, &m);
}

bool
engine_may_correct(const struct live_wave *lw)
{
	return lw->w.state >= WAVE_WITHDRAWN || lw->parted;
}

void
engine_message_event(struct engine *e, struct live_wave *lw, struct message *m,
		     enum message_event event)
{
	enum message_state next = message_next((enum message_state)m->state, event);

	/* What would go again has nowhere to go once its wave is over. */
	if (next == MESSAGE_QUEUED && m->state != MESSAGE_QUEUED && lw->w.state >= WAVE_WITHDRAWN) {
		if (event == MESSAGE_ON_UNKNOWN_RESEND)
			next = MESSAGE_UNCERTAIN;
		else
			next = lw->w.state == WAVE_EXPIRED ? MESSAGE_EXPIRED : MESSAGE_WITHDRAWN;
	}
	if (next != MESSAGE_QUEUED)
		m->due = NEVER;
	if ((next == MESSAGE_UNCERTAIN) != (m->state == MESSAGE_UNCERTAIN))
		engine_held_note(e, lw);
	engine_wave_moved(e, lw, m->state, (int)next);
	engine_dlr_message(e, &lw->w, m->contact, (enum message_state)m->state, next);
	m->state = (int)next;
	store_message_update(e->store, m);
	if (next == MESSAGE_QUEUED)
		engine_wave_due(e, lw, m->due);
	if (message_is_reached(next) && engine_may_correct(lw))
		engine_join_correction(e, lw, m->contact, next);
	if (next == MESSAGE_FAILED)
		engine_rung_failed(e, lw);
}

/* The wire has 5 bits for the attempt: the latest one that they may mean. */
unsigned
engine_which_attempt(const struct message *m, uint64_t id)
{
	unsigned back = (m->attempt - message_id_attempt(id)) & 31;

	return back < m->attempt ? m->attempt - back : 0;
}

bool
engine_is_from(struct engine *e, const struct message *m, unsigned attempt,
	       const struct route_state *r, uint64_t to, bool took_part)
{
	enum outcome outcome = OUTCOME_NONE;
	uint64_t e164 = m->e164;
	int64_t route = m->route;

	if ((attempt != m->attempt || m->state != MESSAGE_SENDING) &&
	    !store_attempt_get(e->store, m->wave, m->contact, attempt, &route, &e164, &outcome))
		return false;
	return route == r->id && (outcome != OUTCOME_REJECTED || took_part) &&
		(!to || !e164 || phone_is_same(to, e164));
}

/* Is there still a reason to send it?  A first SMS always has one. */
bool
engine_still_needed(struct engine *e, const struct live_wave *lw, uint32_t contact)
{
	if (lw->w.kind != WAVE_CALL || (lw->w.step <= 0 && lw->w.channel == CHANNEL_SMS))
		return true;
	return store_called_lowest(e->store, contact, lw->w.alert) < lw->w.below;
}

/* Opting out counts for drills and notices, never for a warning that the law wants told. */
bool
engine_honours_opt_out(const struct live_wave *lw)
{
	return lw->w.drill || (lw->w.severity == SEVERITY_NOTICE && lw->w.kind == WAVE_INFORM);
}
