/* raise.c -- what an answer does to the targets of its alert, and what the desk hears of it. */
#include "daemon/engine/climb.h"

#include <stdio.h>

#define DESK_QUOTE 122			/* bytes of what somebody said that a task shows */

/* Calls in a driver's queue for people whose targets are all satisfied now. */
static void
call_back(void *ctx, const struct wave *w)
{
	struct engine *e = ctx;
	struct live_wave *lw;

	if (w->channel == CHANNEL_VOICE && w->kind == WAVE_CALL && w->state < WAVE_FINISHED &&
	    (lw = engine_wave(e, w->id)) && lw->w.count[MESSAGE_SENDING])
		engine_calls_look(e, lw);
}

/* Every target that it counts for.  A team stands as high as its quota of persons. */
static bool
raise_called(struct engine *e, const struct alert *a, const struct policy *p,
	     const struct answer *answer)
{
	bool team = p && p->targets == TARGETS_TEAM, raised = false;
	int level = team ? store_answer_nth_level(e->store, a->id, p->quota ? p->quota : 1)
		: answer->level;

	for (size_t i = 0; i < answer->target_count; i++)
		raised |= store_target_raise(e->store, a->id, answer->targets[i], level, answer->at,
					     answer->contact, answer->name);
	if (team && answer->kind == ANSWER_CANNOT)
		store_target_lower(e->store, a->id, 0, level);
	return raised;
}

static void
call_the_desk(struct engine *e, const struct alert *a, const struct answer *answer,
	      const char *kind, enum phrase phrase)
{
	const char *words = answer->text ? answer->text : answer->note ? answer->note : "";
	struct person person = { .name = "" };
	char quote[DESK_QUOTE];
	struct said said;

	if (answer->contact)
		store_person_by_id(e->store, answer->contact, &person);
	snprintf(quote, sizeof(quote), "%s", words);
	said_fill(&said, phrase, (const char *const[]){ a->code, person.name, quote });
	store_task_about(e->store, a->id, answer->contact, kind, &said, e->now);
}

/* What a person said that only another person can deal with. */
static void
tell_the_desk(struct engine *e, const struct alert *a, const struct policy *p,
	      const struct answer *answer)
{
	bool team = p && p->targets == TARGETS_TEAM;

	if (answer->kind == ANSWER_HELP)
		call_the_desk(e, a, answer, "help", PHRASE_task_help);
	else if (answer->kind == ANSWER_CANNOT && !team)
		call_the_desk(e, a, answer, "cannot", PHRASE_task_cannot);
	/* It may be the most important one: 3人被困.  Bystanders may chat. */
	else if (answer->kind == ANSWER_NONE && answer->text && p && !answer->helper &&
		 alert_is_open(a->state))
		call_the_desk(e, a, answer, "unclear", PHRASE_task_unclear);
}

/* Records an answer and raises every target that it counts for. */
void
engine_raise(struct engine *e, struct alert *a, const struct answer *answer)
{
	const struct policy *p = engine_policy(e, a->policy);
	struct target t;
	bool raised = false, team = p && p->targets == TARGETS_TEAM;

	store_answer_insert(e->store, answer);
	engine_event(e, a->id, "answer", "{\"kind\":\"%s\",\"level\":%d,\"contact\":%u,"
		     "\"source\":%d,\"helper\":%s}", answer_kind_name(answer->kind), answer->level,
		     answer->contact, (int)answer->source, answer->helper ? "true" : "false");
	tell_the_desk(e, a, p, answer);
	/* What is over stays as it was reported. */
	if (answer->helper || a->state == ALERT_CANCELLED || a->state == ALERT_EXPIRED)
		return;
	a->hurry |= answer->kind == ANSWER_CANNOT && team;
	if (answer->contact && (answer->level > 0 || a->hurry))
		raised = raise_called(e, a, p, answer);
	else if (answer->division && store_target_by_division(e->store, a->id, answer->division, &t))
		raised = store_target_raise(e->store, a->id, t.id, answer->level, answer->at, 0,
					    answer->name);
	if (raised)
		store_waves_of(e->store, a->id, call_back, e);
	if (alert_is_open(a->state) && a->state != ALERT_HELD && (raised || a->hurry)) {
		a->due_at = e->now;
		store_alert_update(e->store, a);
	}
}
