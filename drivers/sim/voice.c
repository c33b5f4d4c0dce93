/* voice.c -- simulated calls: a line each, ringing, picking up, keys, hanging up.
 * A call that rang at somebody's ear was handed over, whatever came of it: its `done` is
 * accepted, and what happened is in the `call` events (the ladder redials, not the route). */
#include "drivers/sim/sim.h"

#include <stdio.h>
#include <string.h>

#define SALT_UNKNOWN 1
#define SALT_REJECT 2

static void
unlink_and_free(struct sim *s, struct flight *f)
{
	s->lines_busy--;
	flight_free(s, f);
	voice_start_waiting(s);
}

static void
finish(struct sim *s, struct flight *f, const char *outcome, const char *keys)
{
	char ref[48];

	snprintf(ref, sizeof(ref), "call-%s", f->id);
	books_ended(s, f, outcome, keys);
	books_write(s);
	kit_call_state(s->kit, f->id, &(struct kit_progress){
		.state = "ended", .outcome = outcome, .digits = *keys ? keys : NULL,
		.ms = s->now - f->began_at });
	kit_done(s->kit, f->id, "accepted", ref, 0, NULL, kit_call_reason(outcome));
	unlink_and_free(s, f);
}

static void
wait_until(struct sim *s, struct flight *f, enum stage stage, msec ms)
{
	f->stage = stage;
	heap_push(&s->flights, msec_add(s->now, ms), f);
}

/* The network has the call: refuse it, lose sight of it, or let it ring. */
static void
dial(struct sim *s, struct flight *f)
{
	const struct rule *rule;

	if (kit_now() >= f->not_after) {
		kit_done(s->kit, f->id, "rejected", NULL, 0, "retry",
			 WORD(sim_call_over));
		unlink_and_free(s, f);
		return;
	}
	if (sim_draw(s, f->id, SALT_REJECT) < s->conf.reject) {
		kit_done(s->kit, f->id, "rejected", NULL, 0, s->conf.reject_class,
			 WORD(sim_call_refused));
		unlink_and_free(s, f);
		return;
	}
	kit_leaving(s->kit, f->slot);
	books_call(s, f);
	books_write(s);
	if (sim_draw(s, f->id, SALT_UNKNOWN) < s->conf.unknown) {
		kit_done(s->kit, f->id, "unknown", NULL, 0, NULL,
			 WORD(sim_call_no_answer));
		unlink_and_free(s, f);
		return;
	}
	rule = sim_meet(s, f->to, CHANNEL_VOICE);
	f->began_at = s->now;
	f->pick_up = rule ? rule->pick_up : PICK_NO_ANSWER;
	if (rule && rule->delay_ms < f->ring_ms)
		f->ring_ms = rule->delay_ms;
	else if (f->pick_up != PICK_BUSY)
		f->pick_up = PICK_NO_ANSWER;	/* would have picked up too late */
	snprintf(f->keys, sizeof(f->keys), "%s", rule ? rule->keys : "");
	f->talk_ms = rule && rule->keys[0] ? rule->keys_after_ms : s->conf.talk_ms;
	if (f->pick_up != PICK_BUSY)
		kit_call_state(s->kit, f->id, &(struct kit_progress){ .state = "ringing" });
	wait_until(s, f, STAGE_RING, f->ring_ms);
}

void
voice_run(struct sim *s, struct flight *f)
{
	switch (f->stage) {
	case STAGE_SUBMIT:
		dial(s, f);
		return;
	case STAGE_RING:
		if (f->pick_up != PICK_ANSWER) {
			finish(s, f, pick_up_name(f->pick_up), "");
			return;
		}
		kit_call_state(s->kit, f->id, &(struct kit_progress){
			.state = "answered", .ms = s->now - f->began_at });
		wait_until(s, f, STAGE_TALK, f->talk_ms);
		return;
	case STAGE_TALK:
		finish(s, f, "answered", f->keys);
		return;
	case STAGE_LINE:
	case STAGE_RECEIPT:
	case STAGE_REPLY:
		return;
	}
}

void
voice_start_waiting(struct sim *s)
{
	while (s->waiting && s->lines_busy < (size_t)s->conf.lines && !s->closing) {
		struct flight *f = s->waiting;
		double jitter = sim_draw(s, f->id, 0) * (double)s->conf.jitter_ms;

		s->waiting = f->next;
		if (!s->waiting)
			s->waiting_end = &s->waiting;
		s->lines_busy++;
		wait_until(s, f, STAGE_SUBMIT, s->conf.latency_ms + (msec)jitter);
	}
}

void
voice_call(struct sim *s, const struct kit_call *call)
{
	struct flight *f = flight_new(s);

	f->kind = FLIGHT_CALL;
	f->stage = STAGE_LINE;
	snprintf(f->id, sizeof(f->id), "%s", call->id);
	snprintf(f->to, sizeof(f->to), "%s", call->to);
	f->words = words_new(call->text ? call->text : "");
	f->not_after = call->not_after;
	f->slot = call->slot;
	f->ring_ms = call->ring_ms;
	*s->waiting_end = f;
	s->waiting_end = &f->next;
	voice_start_waiting(s);
}

void
voice_give_up(struct sim *s, struct flight *f)
{
	if (f->stage == STAGE_LINE || f->stage == STAGE_SUBMIT) {
		kit_done(s->kit, f->id, "rejected", NULL, 0, "retry", WORD(driver_closing));
	} else {
		books_ended(s, f, "cut", "");
		books_write(s);
		kit_done(s->kit, f->id, "unknown", NULL, 0, NULL,
			 WORD(sim_call_closed));
	}
	flight_free(s, f);
}
