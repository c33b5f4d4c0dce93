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
	  { { CHANNEL_SMS, 0, 180, 180, 0, 0 } }, 1, { { 0, 358000 } } },
	{ "two parts take twice as long", { { CHANNEL_SMS, 0, 180, 360, 0, 0 } }, 1, { { 0, 716000 } } },
	{ "parts not known count as one", { { CHANNEL_SMS, 0, 3, 0, 0, 0 } }, 1, { { 0, 4000 } } },
	{ "the second wave waits for the first",
	  { { CHANNEL_SMS, 0, 10, 10, 0, 0 }, { CHANNEL_SMS, 1000, 5, 5, 0, 0 } }, 2,
	  { { 0, 18000 }, { 20000, 28000 } } },
	{ "a later step waits for its own instant",
	  { { CHANNEL_SMS, 0, 10, 10, 0, 0 }, { CHANNEL_SMS, 60000, 5, 5, 0, 0 } }, 2,
	  { { 0, 18000 }, { 60000, 68000 } } },
	{ "calls do not wait for messages",
	  { { CHANNEL_SMS, 0, 1000, 1000, 0, 0 }, { CHANNEL_VOICE, 0, 3, 3, 0, 0 } }, 2,
	  { { 0, 1998000 }, { 0, 2000 } } },
	{ "a wave of nobody is over at once", { { CHANNEL_SMS, 500, 0, 0, 0, 0 } }, 1, { { 500, 500 } } },
	{ "a channel without route never ends", { { CHANNEL_CONSOLE, 0, 1, 1, 0, 0 } }, 1,
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
	struct forecast_wave wave = { CHANNEL_SMS, 0, 11, 11, 0, 0 };

	forecast_run(&wave, 1, routes, 2);
	assert_true(wave.last_ms == 1000);
	routes[0].up = true;
	forecast_run(&wave, 1, routes, 2);
	assert_true(wave.last_ms == 10000);
	forecast_run(&wave, 1, routes, 0);
	assert_true(wave.last_ms == NEVER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forecasts_are_honest),
		cmocka_unit_test(a_backup_counts_only_when_nothing_else_is_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
