/* test_message_state.c -- the decided cells, and what must hold over the whole table. */
#include "tests/unit/unit.h"

#include "core/message_state.h"

#define Q MESSAGE_QUEUED
#define S MESSAGE_SENDING
#define T MESSAGE_SENT
#define D MESSAGE_DELIVERED
#define F MESSAGE_FAILED
#define E MESSAGE_EXPIRED
#define W MESSAGE_WITHDRAWN
#define U MESSAGE_UNCERTAIN

/* docs/uncertain.md and the domain's list of decided cells, row by row. */
static const struct {
	const char *sentence;
	enum message_state from;
	enum message_event on;
	enum message_state to;
} cells[] = {
	{ "a route takes what is queued", Q, MESSAGE_ON_CLAIM, S },
	{ "what the route accepted is sent", S, MESSAGE_ON_ACCEPTED, T },
	{ "a receipt may overtake the answer of the route", S, MESSAGE_ON_RECEIPT_DELIVERED, D },
	{ "the route's answer behind it changes nothing", D, MESSAGE_ON_ACCEPTED, D },
	{ "a receipt may come twice", D, MESSAGE_ON_RECEIPT_DELIVERED, D },
	{ "a failed receipt behind a delivered one changes nothing", D, MESSAGE_ON_RECEIPT_FAILED, D },
	{ "the network may fail what was sent", T, MESSAGE_ON_RECEIPT_FAILED, F },
	{ "delivered wins over failed", F, MESSAGE_ON_RECEIPT_DELIVERED, D },
	{ "delivered by attempt 1 wins while attempt 2 waits", Q, MESSAGE_ON_RECEIPT_DELIVERED, D },
	{ "withdraw while sending waits for the driver", S, MESSAGE_ON_WITHDRAW, S },
	{ "withdrawn, but accepted all the same: sent", W, MESSAGE_ON_ACCEPTED, T },
	{ "expired, but accepted all the same: sent", E, MESSAGE_ON_ACCEPTED, T },
	{ "unknown without resend is uncertain", S, MESSAGE_ON_UNKNOWN, U },
	{ "unknown with resend queues again", S, MESSAGE_ON_UNKNOWN_RESEND, Q },
	{ "expiry beats uncertain", U, MESSAGE_ON_EXPIRE, E },
	{ "a late acceptance settles uncertain", U, MESSAGE_ON_ACCEPTED, T },
	{ "withdraw cannot take back what is uncertain", U, MESSAGE_ON_WITHDRAW, U },
	{ "what the driver never got is queued, not uncertain", S, MESSAGE_ON_NOT_WRITTEN, Q },
	{ "refused for now goes again", S, MESSAGE_ON_RETRY, Q },
	{ "refused for good has failed", S, MESSAGE_ON_REFUSED, F },
	{ "what the driver gave back is withdrawn", S, MESSAGE_ON_GIVEN_BACK, W },
	{ "expiry while sending waits for the driver", S, MESSAGE_ON_EXPIRE, S },
	{ "expiry ends what is queued", Q, MESSAGE_ON_EXPIRE, E },
	{ "withdraw ends what is queued", Q, MESSAGE_ON_WITHDRAW, W },
	{ "withdraw cannot take back what was sent", T, MESSAGE_ON_WITHDRAW, T },
	{ "what was sent does not expire", T, MESSAGE_ON_EXPIRE, T },
	{ "a failed receipt for an old attempt leaves the queued one", Q, MESSAGE_ON_RECEIPT_FAILED, Q },
};

static void
the_decided_cells_stand(void **state)
{
	for (size_t i = 0; i < COUNT(cells); i++) {
		enum message_state to = message_next(cells[i].from, cells[i].on);

		holds(cells[i].sentence, to == cells[i].to, "%s on \"%s\" gave %s",
		      message_state_name(cells[i].from), message_event_name(cells[i].on),
		      message_state_name(to));
	}
}

typedef const char *(*invariant)(enum message_state from, enum message_event on,
				 enum message_state to);

static const char *
final_states_send_nothing(enum message_state from, enum message_event on, enum message_state to)
{
	return message_is_final(from) && (to == Q || to == S) ? "a final state is sent again" : NULL;
}

static const char *
delivered_stays(enum message_state from, enum message_event on, enum message_state to)
{
	if (from == D && to != D)
		return "delivered was left";
	return on == MESSAGE_ON_RECEIPT_DELIVERED && to != D ? "a delivered receipt did not win" : NULL;
}

static const char *
only_a_claim_leads_into_sending(enum message_state from, enum message_event on,
				enum message_state to)
{
	return to == S && from != S && (from != Q || on != MESSAGE_ON_CLAIM) ? "sending without claim"
		: NULL;
}

static const char *
only_sending_goes_back(enum message_state from, enum message_event on, enum message_state to)
{
	bool may = from == S && (on == MESSAGE_ON_RETRY || on == MESSAGE_ON_NOT_WRITTEN ||
				 on == MESSAGE_ON_UNKNOWN_RESEND);

	return to == Q && from != Q && !may ? "queued again without reason" : NULL;
}

static const char *
uncertain_is_never_guessed_away(enum message_state from, enum message_event on,
				enum message_state to)
{
	return from == U && (to == Q || to == S || to == W) ? "uncertain was guessed away" : NULL;
}

static const char *
what_was_sent_stays_sent(enum message_state from, enum message_event on, enum message_state to)
{
	bool may = to == T || to == D || (to == F && on == MESSAGE_ON_RECEIPT_FAILED);

	return from == T && !may ? "sent was taken back" : NULL;
}

static const char *
reached_is_left_only_by_the_networks_word_or_expiry(enum message_state from, enum message_event on,
						     enum message_state to)
{
	bool may = on == MESSAGE_ON_RECEIPT_FAILED || on == MESSAGE_ON_EXPIRE;

	return message_is_reached(from) && !message_is_reached(to) && !may
		? "a person who may have it is forgotten" : NULL;
}

static const char *
twice_is_once(enum message_state from, enum message_event on, enum message_state to)
{
	return message_next(to, on) != to ? "the same event twice moves it twice" : NULL;
}

static void
the_whole_table_keeps_its_promises(void **state)
{
	static const invariant all[] = {
		final_states_send_nothing, delivered_stays, only_a_claim_leads_into_sending,
		only_sending_goes_back, uncertain_is_never_guessed_away, what_was_sent_stays_sent,
		reached_is_left_only_by_the_networks_word_or_expiry, twice_is_once,
	};

	for (int from = 0; from < MESSAGE_STATE_COUNT; from++) {
		for (int on = 0; on < MESSAGE_EVENT_COUNT; on++) {
			enum message_state to = message_next(from, on);

			assert_true(to < MESSAGE_STATE_COUNT);
			for (size_t i = 0; i < COUNT(all); i++) {
				const char *broken = all[i](from, on, to);

				holds(broken, !broken, "%s on \"%s\" gives %s",
				      message_state_name(from), message_event_name(on),
				      message_state_name(to));
			}
		}
	}
}

/* The books are read by these numbers: a change would misread every stored row. */
static void
stored_values_never_change(void **state)
{
	static const char *const names[] = { "queued", "sending", "sent", "delivered", "failed",
					     "expired", "withdrawn", "uncertain" };

	for (int i = 0; i < MESSAGE_STATE_COUNT; i++) {
		assert_string_equal(message_state_name(i), names[i]);
		assert_int_equal(message_state_parse(names[i]), i);
	}
	assert_int_equal(message_state_parse("gone"), -1);
}

static void
final_and_reached_are_what_the_domain_says(void **state)
{
	static const bool final[] = { [D] = 1, [F] = 1, [E] = 1, [W] = 1, [U] = 0 };
	static const bool reached[MESSAGE_STATE_COUNT] = { [T] = 1, [D] = 1, [U] = 1 };

	for (int i = 0; i < MESSAGE_STATE_COUNT; i++) {
		assert_int_equal(message_is_final(i), final[i]);
		assert_int_equal(message_is_reached(i), reached[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_decided_cells_stand),
		cmocka_unit_test(the_whole_table_keeps_its_promises),
		cmocka_unit_test(stored_values_never_change),
		cmocka_unit_test(final_and_reached_are_what_the_domain_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
