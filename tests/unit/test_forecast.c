/* test_forecast.c -- when will it be finished. */
#include "tests/unit/unit.h"

#include "core/forecast.h"

#define SMS .channels = { [CHANNEL_SMS] = true }

static const struct route_view two_modems[] = {
	{ .up = true, SMS, .messages_per_s = 0.25 }, { .up = true, SMS, .messages_per_s = 0.25 },
	{ .up = true, .channels = { [CHANNEL_VOICE] = true }, .messages_per_s = 1 },
	{ .up = true, SMS, .messages_per_s = 1000, .backup = true },
};

static const struct {
	const char *sentence;
	struct forecast_wave waves[3];
	size_t count;
	struct { msec first, last; } want[3];
} cases[] = {
	{ "180 principals over two modems of 4 s take six minutes",
	  { { CHANNEL_SMS, 0, 180, 180, 0, 0, 0, 0 } }, 1, { { 0, 358000 } } },
	{ "two parts take twice as long", { { CHANNEL_SMS, 0, 180, 360, 0, 0, 0, 0 } }, 1, { { 0, 716000 } } },
	{ "parts not known count as one", { { CHANNEL_SMS, 0, 3, 0, 0, 0, 0, 0 } }, 1, { { 0, 4000 } } },
	{ "the second wave waits for the first",
	  { { CHANNEL_SMS, 0, 10, 10, 0, 0, 0, 0 }, { CHANNEL_SMS, 1000, 5, 5, 0, 0, 0, 0 } }, 2,
	  { { 0, 18000 }, { 20000, 28000 } } },
	{ "a later step waits for its own instant",
	  { { CHANNEL_SMS, 0, 10, 10, 0, 0, 0, 0 }, { CHANNEL_SMS, 60000, 5, 5, 0, 0, 0, 0 } }, 2,
	  { { 0, 18000 }, { 60000, 68000 } } },
	{ "calls do not wait for messages",
	  { { CHANNEL_SMS, 0, 1000, 1000, 0, 0, 0, 0 }, { CHANNEL_VOICE, 0, 3, 3, 0, 0, 0, 0 } }, 2,
	  { { 0, 1998000 }, { 0, 2000 } } },
	{ "a wave of nobody is over at once", { { CHANNEL_SMS, 500, 0, 0, 0, 0, 0, 0 } }, 1, { { 500, 500 } } },
	{ "a channel without route never ends", { { CHANNEL_CONSOLE, 0, 1, 1, 0, 0, 0, 0 } }, 1,
	  { { NEVER, NEVER } } },
};

static void
forecasts_are_honest(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct forecast_wave waves[3];

		memcpy(waves, cases[i].waves, sizeof(waves));
		forecast_run(waves, cases[i].count, two_modems, COUNT(two_modems));
		for (size_t w = 0; w < cases[i].count; w++) {
			holds(cases[i].sentence, waves[w].first_ms == cases[i].want[w].first,
			      "wave %zu: first %lld", w, (long long)waves[w].first_ms);
			holds(cases[i].sentence, waves[w].last_ms == cases[i].want[w].last,
			      "wave %zu: last %lld", w, (long long)waves[w].last_ms);
		}
	}
}

static void
a_backup_counts_only_when_nothing_else_is_up(void **state)
{
	struct route_view routes[] = { { .up = false, SMS, .messages_per_s = 1 },
				       { .up = true, SMS, .messages_per_s = 10, .backup = true } };
	struct forecast_wave wave = { CHANNEL_SMS, 0, 11, 11, 0, 0, 0, 0 };

	forecast_run(&wave, 1, routes, 2);
	assert_true(wave.last_ms == 1000);
	routes[0].up = true;
	forecast_run(&wave, 1, routes, 2);
	assert_true(wave.last_ms == 10000);
	forecast_run(&wave, 1, routes, 0);
	assert_true(wave.last_ms == NEVER);
}

/* 180 calls by ten lines of 50 s: 15 minutes, if nobody answers. */
static const struct route_view trunk[] = {
	{ .up = true, .channels = { [CHANNEL_VOICE] = true }, .messages_per_s = 0.2 },
};

static void
answers_spare_later_calls(void **state)
{
	struct forecast_wave waves[] = {
		{ .channel = CHANNEL_VOICE, .messages = 180 },
		{ .channel = CHANNEL_VOICE, .due_ms = 80000, .messages = 180 },
	};

	forecast_run(waves, 2, trunk, 1);
	assert_true(waves[0].last_ms == 895000 && waves[1].last_ms == 1795000);
	assert_true(waves[0].spared == 0 && waves[1].spared == 0);
	waves[0].answers_per_s = waves[1].answers_per_s = 1 / 120.;	/* half of them in 83 s */
	forecast_run(waves, 2, trunk, 1);
	/* 120 s ln(1 + 900 s / 120 s) = 257 s; then the second, of whom 180 e^-(177/120) are silent */
	assert_true(waves[0].last_ms > 251000 && waves[0].last_ms < 253000);
	assert_true(waves[0].spared > 128 && waves[0].spared < 129);
	assert_true(waves[1].first_ms > 256000 && waves[1].first_ms < 258000);
	assert_true(waves[1].spared > 155 && waves[1].spared < 157 && waves[1].last_ms < 380000);
}

/* However many answer: a little more of it never makes the forecast longer, nor jump. */
static void
a_forecast_moves_smoothly(void **state)
{
	msec before = 895000;

	for (unsigned tenth = 0; tenth < 1000; tenth++) {
		struct forecast_wave wave = { .channel = CHANNEL_VOICE, .messages = 180,
					      .answers_per_s = tenth / 10000. };

		forecast_run(&wave, 1, trunk, 1);
		assert_true(wave.last_ms <= before && wave.last_ms >= before - 45000);
		assert_true(wave.last_ms >= 0 && wave.spared <= 180);
		before = wave.last_ms;
	}
	assert_true(forecast_answered(100, 0, 1000) == 0 && forecast_answered(100, 1, 0) == 0);
	assert_true(forecast_answered(100, 1, 1000) > 63 && forecast_answered(100, 1, 1000) < 64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forecasts_are_honest),
		cmocka_unit_test(answers_spare_later_calls),
		cmocka_unit_test(a_forecast_moves_smoothly),
		cmocka_unit_test(a_backup_counts_only_when_nothing_else_is_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
