/* raise.c -- what an answer does to the targets of its alert, and what the desk hears of it. */
#include "daemon/engine/climb.h"

/* Calls in a driver's queue for people whose targets are all satisfied now. */
static void
call_back(void *ctx, const struct wave *w)
{
	struct engine *e = ctx;
	struct live_wave *lw;

	if (wave_has_lanes(w) && w->state < WAVE_FINISHED && (lw = engine_wave(e, w->id)))
		lw->answered = true;
	if (w->channel == CHANNEL_VOICE && w->kind == WAVE_CALL && w->state < WAVE_FINISHED &&
	    (lw = engine_wave(e, w->id)) && lw->w.count[MESSAGE_SENDING])
		engine_calls_look(e, lw);
}

/* What one answer did to the targets it is for. */
struct stand {
	struct engine *e;
	struct alert *a;
	const struct policy *p;		/* NULL: these settings cannot use it */
	const struct answer *answer;
	unsigned quota;			/* 0: a target stands as high as its best answer */
	bool raised, fell, reopened;
	bool full, spare;		/* a team: it has all it needs since now, had them before */
};

/* What was satisfied is not any more.  Rungs whose time has passed are not climbed one after the other
 * now: they are part of the catch-up.  A team has none: its ladder takes them. */
static void
reopen(struct stand *s)
{
	struct alert *a = s->a;

	s->reopened = true;
	a->state = ALERT_ACTIVE;
	a->closed_at = NEVER;
	engine_event(s->e, a->id, "reopened", "{}");
	while (s->p && !s->quota && a->step < s->p->step_count &&
	       msec_add(a->released_at, s->p->steps[a->step].after_ms) <= s->e->now)
		engine_event(s->e, a->id, "step_skipped", "{\"step\":%u}", a->step++);
}

static void
fall(struct stand *s, unsigned target)
{
	const struct policy *p = s->p;
	struct target_fall f;

	if (!store_target_fall(s->e->store, s->a->id, target, s->quota ? s->quota : 1, &f))
		return;
	s->fell = true;
	if (s->a->state == ALERT_SATISFIED && s->a->expires_at > s->e->now && (!p || f.to < p->until))
		reopen(s);
	if (p && !s->quota && alert_is_open(s->a->state))
		engine_catch_up_note(s->e, s->a, p, &f);
}

/* A team stands as high as its quota of persons; others as their best.  The desk's word for a place
 * may lower what the desk has set, a person's "cannot" takes back his own words only. */
static void
stand_for(struct stand *s, unsigned target)
{
	const struct answer *answer = s->answer;
	bool takes_back = answer->kind == ANSWER_CANNOT, up = answer->level > 0 && !takes_back;
	struct store *store = s->e->store;
	int level = answer->level, had = 0;

	if (up && s->quota)
		had = store_standing_nth(store, s->a->id, target, s->quota);
	if (takes_back)
		store_standing_drop(store, s->a->id, target, answer->contact);
	else if (up)
		store_standing_put(store, s->a->id, target, answer->contact, level, answer->at);
	if (up && s->quota)
		level = store_standing_nth(store, s->a->id, target, s->quota);
	if (up && s->quota && s->p && had < s->p->chase_below)
		s->full = level >= s->p->chase_below;
	else if (up && s->quota && s->p)
		s->spare = level == had && answer->level < s->p->until;
	if (up && store_target_raise(store, s->a->id, target, level,
				     engine_rungs_taken(s->e, s->a), answer))
		s->raised = true;
	else if (takes_back || (up && !answer->contact))
		fall(s, target);
}

static int64_t
call_the_desk(struct engine *e, const struct alert *a, const struct answer *answer, const char *kind)
{
	return engine_desk_words(e, a->id, answer->contact, 0, kind, answer->text ? answer->text : answer->note);
}

/* Cancelled, expired, or taken over by another alert in all that its writer was called for.  Satisfied
 * and exhausted is not over: no after yes. */
static bool
is_over(struct engine *e, const struct alert *a, const struct answer *answer)
{
	return a->state == ALERT_CANCELLED || a->state == ALERT_EXPIRED ||
	       (answer->contact && store_called_moved_to(e->store, a->id, answer->contact));
}

/* What a person said that only another person can deal with; 0: nothing.  For what is over nobody else
 * need be found. */
static int64_t
tell_the_desk(struct engine *e, const struct alert *a, const struct policy *p,
	      const struct answer *answer)
{
	bool team = p && p->targets == TARGETS_TEAM;

	if (answer->kind == ANSWER_HELP)
		return call_the_desk(e, a, answer, "help");
	if (answer->kind == ANSWER_CANNOT && !team && !is_over(e, a, answer))
		return call_the_desk(e, a, answer, "cannot");
	return 0;
}

/* The desk had a task about such places, or no rung will open one any more. */
static bool
desk_knew(const struct alert *a, const struct policy *p)
{
	bool asked = a->step >= p->step_count || (p->deadline_ms != NEVER && a->deadline_at == NEVER);

	for (size_t i = 0; i < a->step && i < p->step_count; i++)
		asked |= p->steps[i].channels[CHANNEL_CONSOLE];
	return asked;
}

/* Of what was entered for a place, the place and who said so stand in the story too. */
static void
tell_answer(struct engine *e, const struct alert *a, const struct answer *answer)
{
	struct buf more = { 0 };
	char code[DIVISION_TEXT];

	if (!answer->contact && answer->division) {
		division_format(code, answer->division);
		buf_printf(&more, ",\"for_place\":true,\"division\":\"%s\",\"name\":", code);
		buf_json(&more, answer->name ? answer->name : "");
	}
	engine_event(e, a->id, "answer", "{\"kind\":\"%s\",\"level\":%d,\"contact\":%u,"
		     "\"source\":%d,\"helper\":%s%s}", answer_kind_name(answer->kind), answer->level,
		     answer->contact, (int)answer->source, answer->helper ? "true" : "false",
		     more.data ? more.data : "");
	buf_fini(&more);
	engine_feedback_answer(e, a->id, answer);
}

/* Records an answer and raises every target that it counts for. */
int64_t
engine_raise(struct engine *e, struct alert *a, const struct answer *answer)
{
	const struct policy *p = engine_policy(e, a->policy);
	bool team = p && p->targets == TARGETS_TEAM;
	struct stand s = { .e = e, .a = a, .p = p, .answer = answer,
			   .quota = !team ? 0 : p->quota ? p->quota : 1 };
	bool heard = team && store_has_answered(e->store, a->id, answer->contact);
	struct target t;
	int64_t task;

	store_answer_insert(e->store, answer);
	tell_answer(e, a, answer);
	task = tell_the_desk(e, a, p, answer);
	/* What is over stays as it was reported. */
	if (answer->helper || is_over(e, a, answer))
		return task;
	a->hurry |= answer->kind == ANSWER_CANNOT && team;
	for (size_t i = 0; i < answer->target_count; i++)
		stand_for(&s, answer->targets[i]);
	if (!answer->contact && answer->division &&
	    store_target_by_division(e->store, a->id, answer->division, &t))
		stand_for(&s, t.id);
	if (s.full)
		engine_stand_down(e, a, p);
	else if (s.spare && !heard)
		engine_not_needed(e, a, p, answer->contact);
	if (s.reopened)
		engine_good_end_over(e, a, p);
	if (s.raised)
		store_waves_of(e->store, a->id, call_back, e);
	if (s.fell && p && alert_is_open(a->state) && desk_knew(a, p))
		engine_desk_short(e, a, p, "unanswered");
	if (alert_is_open(a->state) && a->state != ALERT_HELD && (s.raised || s.fell || a->hurry)) {
		a->due_at = e->now;
		store_alert_update(e->store, a);
	}
	return task;
}
