/* test_rights.c -- every verb for every kind of principal: what no table gives, nobody has. */
#include "tests/unit/unit.h"

#include <unistd.h>

#include "daemon/settings/rights.h"

static struct division_range own[] = { { 990121001000, 990121001999 } };
static struct client clients[] = {
	{ .name = "viewer" }, { .name = "sender", .up_to = SEVERITY_ORANGE },
	{ .name = "clerk" }, { .name = "technician" }, { .name = "nothing" },
	{ .name = "town", .drill_only = true, .divisions = own, .division_count = 1,
	  .recipients_max = 7 },
};
static const struct settings site = { .clients = clients, .client_count = COUNT(clients) };

#define BIT(verb) (1u << VERB_##verb)
#define DESK (BIT(READ) | BIT(SEND) | BIT(CANCEL) | BIT(ACK) | BIT(INBOX) | BIT(TASK))
#define HAND (DESK | BIT(PEOPLE) | BIT(ROSTER) | BIT(ROUTES))

static int
give(void **state)
{
	clients[0].verbs = verbs_of_word("read");
	clients[1].verbs = verbs_of_word("read") | verbs_of_word("send");
	clients[2].verbs = verbs_of_word("import");
	clients[3].verbs = verbs_of_word("operate");
	clients[5].verbs = verbs_of_word("send");
	return 0;
}

static void
each_principal_has_its_verbs_and_no_other(void **state)
{
	const struct {
		const char *sentence;
		struct principal who;
		unsigned verbs;
	} cases[] = {
		{ "nobody may do nothing", { 0 }, 0 },
		{ "a viewer reads", { PRINCIPAL_CLIENT, 0, "viewer" }, BIT(READ) },
		{ "a sender does what the desk does", { PRINCIPAL_CLIENT, 0, "sender" }, DESK },
		{ "a clerk imports", { PRINCIPAL_CLIENT, 0, "clerk" }, BIT(PEOPLE) | BIT(ROSTER) },
		{ "a technician asks routes", { PRINCIPAL_CLIENT, 0, "technician" }, BIT(ROUTES) },
		{ "a client without `may` has no right", { PRINCIPAL_CLIENT, 0, "nothing" }, 0 },
		{ "a client that gong.conf does not name has no right",
		  { PRINCIPAL_CLIENT, 0, "gone" }, 0 },
		{ "a client may call itself gong, and is none", { PRINCIPAL_CLIENT, 0, "gong" }, 0 },
		{ "a client may call itself socket:0, and is none",
		  { PRINCIPAL_CLIENT, 0, "socket:0" }, 0 },
		{ "root does all that a hand does", { PRINCIPAL_USER, 0, "socket:0" }, HAND },
		{ "another user may do nothing", { PRINCIPAL_USER, 65534, "socket:65534" }, 0 },
		{ "a route reports, and does nothing else", { PRINCIPAL_ROUTE, 0, "sim" }, BIT(REPORT) },
		{ "a source may do nothing yet", { PRINCIPAL_SOURCE, 0, "rain" }, 0 },
		{ "a person may do nothing yet", { PRINCIPAL_PERSON, 0, "wang" }, 0 },
		{ "gong may do all", { PRINCIPAL_GONG, 0, "gong" }, (1u << VERB_COUNT) - 1 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rights r = rights_of(&site, &cases[i].who);

		holds(cases[i].sentence, r.verbs == cases[i].verbs, "%#x, wanted %#x", r.verbs,
		      cases[i].verbs);
		for (unsigned v = 0; v < VERB_COUNT; v++)
			holds(cases[i].sentence, rights_have(&r, (enum verb)v) ==
			      (cases[i].verbs >> v & 1), "%s", verb_name((enum verb)v));
	}
}

static void
limits_are_the_clients_own(void **state)
{
	struct rights town = rights_of(&site, &(struct principal){ PRINCIPAL_CLIENT, 0, "town" });
	struct rights sender = rights_of(&site, &(struct principal){ PRINCIPAL_CLIENT, 0, "sender" });
	struct rights nobody = rights_of(&site, &(struct principal){ 0 });

	assert_true(town.drill_only);
	assert_int_equal(town.up_to, SEVERITY_NOTICE);
	assert_int_equal(town.recipients_max, 7);
	assert_int_equal(sender.up_to, SEVERITY_ORANGE);
	assert_int_equal(nobody.up_to, SEVERITY_NOTICE);
	assert_true(rights_reach(&town, 990121001000));		/* the township as a whole */
	assert_true(rights_reach(&town, 990121001005));
	assert_false(rights_reach(&town, 990121002001));
	assert_false(rights_reach(&town, 990121000000));		/* the county is more than it */
	assert_true(rights_reach(&sender, 990121000000));
}

static void
a_word_that_is_none_gives_nothing(void **state)
{
	static const char *const words[] = { "", "all", "Send", "report", "run", "cancel", "task" };

	for (size_t i = 0; i < COUNT(words); i++)
		holds(words[i], verbs_of_word(words[i]) == 0, "%#x", verbs_of_word(words[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_principal_has_its_verbs_and_no_other),
		cmocka_unit_test(limits_are_the_clients_own),
		cmocka_unit_test(a_word_that_is_none_gives_nothing),
	};

	return cmocka_run_group_tests(tests, give, NULL);
}
