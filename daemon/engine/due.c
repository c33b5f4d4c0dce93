/* due.c -- the one table of due things; a thing that is not in it does not happen by itself. */
#include "daemon/engine/due.h"

/* In the order a turn runs them: what ends or answers something goes before what makes new
 * messages, and those go before the dispatch that sends them. */
static const struct due rows[] = {
	{ "questions", engine_questions_next, engine_questions_due, engine_questions_shift, NULL },
	{ "alarms", engine_alarms_next, engine_alarms_due, engine_alarms_shift,
	  engine_alarms_load },
	{ "answers that wait", engine_inbound_next, engine_inbound_due, NULL,
	  engine_inbound_load },
	{ "put aside", NULL, engine_aside_due, NULL, NULL },
	{ "alerts", engine_climb_next, engine_climb_due, NULL, NULL },
	{ "signals", engine_signals_next, engine_signals_due, engine_signals_shift,
	  engine_signals_load },
	{ "silent sources", engine_silence_next, engine_silence_due, engine_silence_shift,
	  engine_silence_load },
	{ "delivery reports", NULL, NULL, NULL, engine_dlr_load },
	{ "callbacks", engine_outbox_next, engine_outbox_due, NULL, engine_outbox_load },
	{ "held", engine_held_next, engine_held_due, engine_held_shift, engine_held_load },
	{ "nobody to call", NULL, engine_nobody_due, NULL, engine_nobody_load },	/* e->more */
	{ "catch-ups", NULL, engine_catch_up_due, NULL, engine_catch_up_load },	/* e->more */
	{ "steps", NULL, engine_climb_slices, NULL, NULL },	/* e->more */
	{ "canaries", engine_canaries_next, engine_canaries_due, engine_canaries_shift, NULL },
	{ "waves", engine_waves_next, engine_waves_end, NULL, engine_waves_load },
	{ "broadcasts", NULL, engine_broadcast_slices, NULL, NULL },	/* e->more, not an instant */
	{ "messages", engine_dispatch_next, engine_dispatch, engine_dispatch_shift, NULL },
	{ "early receipts", NULL, NULL, NULL, engine_receipts_load },
	{ "calls not needed", NULL, engine_calls_slice, NULL, NULL },	/* e->more */
	{ "who was told", NULL, engine_told_slice, NULL, engine_told_load },	/* e->more */
	{ "imports", engine_imports_next, engine_imports_due, NULL, engine_imports_load },
	{ "upkeep", engine_upkeep_next, engine_upkeep, engine_upkeep_shift, NULL },
	{ "old signals", engine_signals_trim_next, engine_signals_trim, engine_signals_trim_shift, NULL },
	{ "budgets", NULL, NULL, engine_budgets_shift, NULL },
	{ "calls for help", NULL, NULL, NULL, engine_help_drop },
	{ "brakes", NULL, NULL, engine_brakes_shift, engine_thanked_drop },
};

#define ROWS (sizeof(rows) / sizeof(*rows))

size_t
engine_due_rows(const struct due **out)
{
	*out = rows;
	return ROWS;
}

/* What is in hand is aside: it does not happen any more, and people must know that. */
static void
leave_out(struct engine *e, const char *name)
{
	struct aside *aside = engine_why_aside(e);
	struct said said;

	if (aside->done)
		return;
	aside->done = true;
	engine_log(e, LOG_ERROR, "work left out name=\"%s\" %s reason=\"%s\"", name,
		   aside->what.kind == HAND_LOAD ? "as=memory" : "as=due",
		   aside->cause == ASIDE_DEADLY ? "it ended gongd three times"
		   : aside->cause == ASIDE_DAMAGED ? "the store is damaged where it is needed" : aside->why);
	if (aside->level)
		return;			/* not even that could be written */
	switch (aside->cause) {
	case ASIDE_DEADLY:
		SAY(&said, task_work_deadly, QUOTE(name));
		store_task_once(e->store, 0, "quarantine", &said, e->now);
		break;
	case ASIDE_DAMAGED:
		SAY(&said, task_work_damaged, QUOTE(name));
		store_task_once(e->store, 0, "damage", &said, e->now);
		break;
	case ASIDE_FAULTY:
		SAY(&said, task_work_fault, QUOTE(name));
		engine_tell_fault(e, 0, &said);
		break;
	}
}

/* Each is in hand until it takes something of its own into it. */
void
engine_due_run(struct engine *e)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (!rows[i].run)
			continue;
		if (engine_hold(e, HAND_DUE, i, 0))
			rows[i].run(e);
		else
			leave_out(e, rows[i].name);
	}
	engine_let_go(e);
}

msec
engine_due_next(const struct engine *e)
{
	msec at = NEVER;

	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].next)
			at = msec_min(at, rows[i].next(e));
	return at;
}

void
engine_due_shift(struct engine *e, msec by)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].shift)
			rows[i].shift(e, by);
}

/* Within a command (the clock stepped) it is the command's fault. */
void
engine_due_load(struct engine *e)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (!rows[i].load)
			continue;
		if (e->hand.command || engine_hold(e, HAND_LOAD, i, 0))
			rows[i].load(e);
		else
			leave_out(e, rows[i].name);
	}
	if (!e->hand.command)
		engine_let_go(e);
}
