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
	{ "alerts", engine_climb_next, engine_climb_due, NULL, engine_alerts_load },
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
	{ "upkeep", engine_upkeep_next, engine_upkeep, engine_upkeep_shift, NULL },
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

void
engine_due_run(struct engine *e)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].run)
			rows[i].run(e);
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

void
engine_due_load(struct engine *e)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].load)
			rows[i].load(e);
}
