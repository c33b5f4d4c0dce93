/* test_ladder.c -- who is called next, and when. */
#include "tests/unit/unit.h"

#include "core/ladder.h"

static const struct ladder_step steps[] = {
	{ 0, 3 }, { MINUTES(4), 3 }, { MINUTES(4), 3 }, { MINUTES(30), 5 },
};

#define RELEASED HOURS(1000)
#define AT(ms) (RELEASED + (ms))

static const struct {
	const char *sentence;
	int until;
	struct ladder_progress p;
	msec now;
	struct ladder_decision want;
} cases[] = {
	{ "the first step climbs at the release", 3,
	  { .next = 0, .targets = 5, .at_level = { 5 } }, AT(0), { LADDER_CLIMB, 0, AT(0) } },
	{ "it waits before the release", 3,
	  { .next = 0, .targets = 5, .at_level = { 5 } }, AT(-1), { LADDER_WAIT, 0, AT(0) } },
	{ "it waits until the next step", 3,
	  { .next = 1, .targets = 5, .at_level = { 5 } }, AT(1), { LADDER_WAIT, 0, AT(MINUTES(4)) } },
	{ "not a millisecond early", 3,
	  { .next = 1, .targets = 5, .at_level = { 5 } }, AT(MINUTES(4) - 1),
	  { LADDER_WAIT, 0, AT(MINUTES(4)) } },
	{ "it climbs at the deadline, not after it", 3,
	  { .next = 1, .targets = 5, .at_level = { 5 } }, AT(MINUTES(4)),
	  { LADDER_CLIMB, 1, AT(MINUTES(4)) } },
	{ "late is better than never", 3,
	  { .next = 1, .targets = 5, .at_level = { 5 } }, AT(HOURS(2)),
	  { LADDER_CLIMB, 1, AT(HOURS(2)) } },
	{ "two steps at one instant are taken one by one", 3,
	  { .next = 2, .targets = 5, .at_level = { 5 } }, AT(MINUTES(4)),
	  { LADDER_CLIMB, 2, AT(MINUTES(4)) } },
	{ "one silent target is enough", 3,
	  { .next = 1, .targets = 5, .at_level = { 0, 0, 1, 4 } }, AT(MINUTES(4)),
	  { LADDER_CLIMB, 1, AT(MINUTES(4)) } },
	{ "when all have acknowledged, it is satisfied", 3,
	  { .next = 1, .targets = 5, .at_level = { 0, 0, 0, 3, 1, 1 } }, AT(1),
	  { LADDER_SATISFIED, 0, NEVER } },
	{ "delivery is not success", 3,
	  { .next = 1, .targets = 2, .at_level = { 0, 2 } }, AT(1),
	  { LADDER_WAIT, 0, AT(MINUTES(4)) } },
	{ "move now is not satisfied by an acknowledgement", 5,
	  { .next = 1, .targets = 2, .at_level = { 0, 0, 0, 2 } }, AT(1),
	  { LADDER_WAIT, 0, AT(MINUTES(4)) } },
	{ "but its chief is not rung again: the step is skipped", 5,
	  { .next = 1, .targets = 2, .at_level = { 0, 0, 0, 2 } }, AT(MINUTES(4)),
	  { LADDER_SKIP, 1, AT(MINUTES(4)) } },
	{ "only asked at 30 minutes by the step below 5", 5,
	  { .next = 3, .targets = 2, .at_level = { 0, 0, 0, 2 } }, AT(MINUTES(30)),
	  { LADDER_CLIMB, 3, AT(MINUTES(30)) } },
	{ "somebody cannot: the next step is taken now", 3,
	  { .next = 1, .targets = 1, .at_level = { 1 }, .hurry = true }, AT(1),
	  { LADDER_CLIMB, 1, AT(1) } },
	{ "hurry does not climb past satisfied", 3,
	  { .next = 1, .targets = 1, .at_level = { 0, 0, 0, 1 }, .hurry = true }, AT(1),
	  { LADDER_SATISFIED, 0, NEVER } },
	{ "no rungs left is exhausted, not satisfied", 3,
	  { .next = 4, .targets = 5, .at_level = { 1, 0, 0, 4 } }, AT(HOURS(1)),
	  { LADDER_EXHAUSTED, 0, NEVER } },
	{ "an answer may still satisfy an exhausted one", 3,
	  { .next = 4, .targets = 5, .at_level = { 0, 0, 0, 5 } }, AT(HOURS(1)),
	  { LADDER_SATISFIED, 0, NEVER } },
	{ "a broadcast climbs without targets", 3, { .next = 0 }, AT(0), { LADDER_CLIMB, 0, AT(0) } },
	{ "and never skips", 3, { .next = 3 }, AT(MINUTES(30)), { LADDER_CLIMB, 3, AT(MINUTES(30)) } },
	{ "and is exhausted after its last step", 3, { .next = 4 }, AT(0),
	  { LADDER_EXHAUSTED, 0, NEVER } },
};

static void
the_ladder_decides(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ladder_view view = { steps, COUNT(steps), RELEASED, cases[i].until };
		struct ladder_decision d = ladder_next(&view, &cases[i].p, cases[i].now);

		holds(cases[i].sentence, d.verdict == cases[i].want.verdict, "verdict %d",
		      (int)d.verdict);
		holds(cases[i].sentence, d.step == cases[i].want.step, "step %zu", d.step);
		holds(cases[i].sentence, d.ask_at == cases[i].want.ask_at, "ask_at %+lld",
		      (long long)(d.ask_at - RELEASED));
	}
}

/* Whoever asks only at `ask_at` takes every step once, in order, and comes to an end. */
static void
asking_when_told_to_takes_every_step_once(void **state)
{
	struct ladder_view view = { steps, COUNT(steps), RELEASED, 5 };
	struct ladder_progress p = { .targets = 1, .at_level = { 1 } };
	msec now = AT(-5000);

	for (int asked = 0; asked < 20; asked++) {
		struct ladder_decision d = ladder_next(&view, &p, now);

		if (d.verdict == LADDER_EXHAUSTED) {
			assert_int_equal(p.next, COUNT(steps));
			return;
		}
		assert_true(d.ask_at >= now && d.ask_at < NEVER);
		if (d.verdict == LADDER_WAIT) {
			assert_true(d.ask_at > now);
		} else {
			assert_int_equal(d.step, p.next);
			assert_true(now == AT(steps[d.step].after_ms));
			p.next++;
		}
		now = d.ask_at;
	}
	fail_msg("the ladder never ended");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ladder_decides),
		cmocka_unit_test(asking_when_told_to_takes_every_step_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
