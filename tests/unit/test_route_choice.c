/* test_route_choice.c -- which route may carry a message, and which is best. */
#include "tests/unit/unit.h"

#include "core/route_choice.h"

#define SMS .channels = { [CHANNEL_SMS] = true }
#define VOICE .channels = { [CHANNEL_VOICE] = true }

static const struct route_view two_modems_and_provider[] = {
	{ .up = true, SMS, .free = 2, .messages_per_s = 0.25 },
	{ .up = true, SMS, .free = 2, .messages_per_s = 0.5 },
	{ .up = true, SMS, .free = 64, .messages_per_s = 100, .backup = true },
	{ .up = true, VOICE, .free = 9, .messages_per_s = 1 },
	{ .up = true, SMS, .free = 99, .messages_per_s = 0.1, .simulated = true },
}, modems_down[] = {
	{ .up = false, SMS, .free = 2, .messages_per_s = 0.25 },
	{ .up = false, SMS, .free = 2, .messages_per_s = 0.5 },
	{ .up = true, SMS, .free = 64, .messages_per_s = 100, .backup = true },
}, one_modem[] = {
	{ .up = true, SMS, .free = 1, .messages_per_s = 0.25 },
	{ .up = false, SMS, .free = 1, .messages_per_s = 0.25 },
}, in_trouble[] = {
	{ .up = true, SMS, .free = 2, .messages_per_s = 0.5, .alarmed = true },
	{ .up = true, SMS, .free = 2, .messages_per_s = 0.25, .backup = true },
	{ .up = false, SMS, .free = 2, .messages_per_s = 0.25 },
}, all_in_trouble[] = {
	{ .up = true, SMS, .free = 2, .messages_per_s = 0.5, .alarmed = true },
	{ .up = true, SMS, .free = 2, .messages_per_s = 0.25, .alarmed = true, .backup = true },
}, one_stands_back[] = {
	{ .up = true, SMS, .free = 2, .messages_per_s = 0.5, .backup = true },
	{ .up = true, SMS, .free = 0, .messages_per_s = 0.25 },
}, all_full[] = {
	{ .up = true, SMS, .free = 0, .messages_per_s = 0.25 },
	{ .up = true, SMS, .free = 5, .messages_per_s = 0.25, .backup = true },
};

static const struct {
	const char *sentence;
	const struct route_view *routes;
	size_t count, self;
	struct route_need need;
	enum route_verdict verdict;
} verdicts[] = {
	{ "a modem carries a message", two_modems_and_provider, 5, 0, { CHANNEL_SMS, false, -1, false }, ROUTE_OK },
	{ "a backup stands by while a modem is up", two_modems_and_provider, 5, 2,
	  { CHANNEL_SMS, false, -1, false }, ROUTE_BACKUP },
	{ "it carries when none is", modems_down, 3, 2, { CHANNEL_SMS, false, -1, false }, ROUTE_OK },
	{ "a route that is down carries nothing", modems_down, 3, 0, { CHANNEL_SMS, false, -1, false }, ROUTE_DOWN },
	{ "a modem carries no call", two_modems_and_provider, 5, 0, { CHANNEL_VOICE, false, -1, false }, ROUTE_CHANNEL },
	{ "a trunk does", two_modems_and_provider, 5, 3, { CHANNEL_VOICE, false, -1, false }, ROUTE_OK },
	{ "a test uses simulated routes only", two_modems_and_provider, 5, 0, { CHANNEL_SMS, true, -1, false }, ROUTE_TEST_ONLY },
	{ "and those it may", two_modems_and_provider, 5, 4, { CHANNEL_SMS, true, -1, false }, ROUTE_OK },
	{ "the route that just refused is avoided", two_modems_and_provider, 5, 0,
	  { CHANNEL_SMS, false, 0, false }, ROUTE_AVOID },
	{ "unless there is no other", one_modem, 2, 0, { CHANNEL_SMS, false, 0, false }, ROUTE_OK },
	{ "a backup steps in for the one modem that refused", all_full, 2, 1,
	  { CHANNEL_SMS, false, 0, false }, ROUTE_OK },
	{ "a full window carries nothing now", all_full, 2, 0, { CHANNEL_SMS, false, -1, false }, ROUTE_FULL },
	{ "word of trouble goes by no route in trouble", in_trouble, 3, 0,
	  { CHANNEL_SMS, false, -1, true }, ROUTE_AVOID },
	{ "for it a backup is better", in_trouble, 3, 1, { CHANNEL_SMS, false, -1, true }, ROUTE_OK },
	{ "for anything else it is not", in_trouble, 3, 1, { CHANNEL_SMS, false, -1, false }, ROUTE_BACKUP },
	{ "which the route in trouble carries on", in_trouble, 3, 0, { CHANNEL_SMS, false, -1, false }, ROUTE_OK },
	{ "the backup that just refused it has no other", in_trouble, 3, 1,
	  { CHANNEL_SMS, false, 1, true }, ROUTE_OK },
	{ "with all in trouble it goes all the same", all_in_trouble, 2, 0,
	  { CHANNEL_SMS, false, -1, true }, ROUTE_OK },
	{ "and their backup stands by as ever", all_in_trouble, 2, 1,
	  { CHANNEL_SMS, false, -1, true }, ROUTE_BACKUP },
	{ "who stands back waits even for a full one", one_stands_back, 2, 0,
	  { CHANNEL_SMS, false, -1, false }, ROUTE_BACKUP },
	{ "a full modem is no reason for the backup", all_full, 2, 1, { CHANNEL_SMS, false, -1, false }, ROUTE_BACKUP },
};

static void
each_route_knows_what_it_may_carry(void **state)
{
	for (size_t i = 0; i < COUNT(verdicts); i++) {
		enum route_verdict v = route_may_carry(verdicts[i].routes, verdicts[i].count,
						       verdicts[i].self, &verdicts[i].need);

		holds(verdicts[i].sentence, v == verdicts[i].verdict, "verdict %d", (int)v);
	}
}

static const struct {
	const char *sentence;
	const struct route_view *routes;
	size_t count;
	struct route_need need;
	int best;
	bool exists;
} bests[] = {
	{ "the fastest that may is best", two_modems_and_provider, 5, { CHANNEL_SMS, false, -1, false }, 1, true },
	{ "the other after a refusal", two_modems_and_provider, 5, { CHANNEL_SMS, false, 1, false }, 0, true },
	{ "the simulated one for a test", two_modems_and_provider, 5, { CHANNEL_SMS, true, -1, false }, 4, true },
	{ "none for a call in a test", two_modems_and_provider, 5, { CHANNEL_VOICE, true, -1, false }, -1, false },
	{ "the backup when the modems are down", modems_down, 3, { CHANNEL_SMS, false, -1, false }, 2, true },
	{ "none when the windows are full, though it exists", all_full, 1, { CHANNEL_SMS, false, -1, false }, -1, true },
	{ "none of no routes", all_full, 0, { CHANNEL_SMS, false, -1, false }, -1, false },
};

static void
the_best_is_chosen(void **state)
{
	for (size_t i = 0; i < COUNT(bests); i++) {
		int best = route_best(bests[i].routes, bests[i].count, &bests[i].need);

		holds(bests[i].sentence, best == bests[i].best, "best %d", best);
		holds(bests[i].sentence, route_exists(bests[i].routes, bests[i].count,
						      &bests[i].need) == bests[i].exists, "exists");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_route_knows_what_it_may_carry),
		cmocka_unit_test(the_best_is_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
