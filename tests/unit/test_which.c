/* test_which.c -- which request an answer belongs to: a table of situations. */
#include "tests/unit/unit.h"

#include "core/which.h"

#define NOW HOURS(1000)
#define AGO(s) (NOW - SECONDS(s))
#define NONE WHICH_NOBODYS

/* How a request differs from one that is open, asks, knows what was said, and was heard a minute ago
 * by the telephone that answers. */
enum { DRILL = 1, OVER = 2, OLD = 4, ANSWERED = 8, TELLS = 16, LACKS = 32, ELSEWHERE = 64, SAME = 128,
       NEAR = 256, QUEUED = 512, AIR = 1024, DOUBT = 2048, HELD = 4096 };

struct one {
	int64_t alert;
	enum severity severity;
	unsigned differs;
	int heard_s, rang_s;		/* ago; 0 = a minute, not at all */
};
#define ONE(id, colour, ...) { .alert = id, .severity = SEVERITY_##colour, .differs = __VA_ARGS__ }

static const struct {
	const char *sentence;
	enum which_said said;
	enum { UNCODED, CODED, OF_A_LOST_ONE } coded;
	bool shared, waited;
	struct one ones[4];
	struct which_decision want;
} cases[] = {
	{ "the only request is meant", WHICH_TOKEN, 0, 0, 0, { ONE(1, RED, 0) },
	  { WHICH_BOOK, 0, WHICH_BY_BEING_ONLY } },
	{ "the more severe before the newer", WHICH_TOKEN, 0, 0, 0, { ONE(2, ORANGE, 0), ONE(1, RED, 0) },
	  { WHICH_BOOK, 1, WHICH_BY_ORDER } },
	{ "of equals the newest", WHICH_TOKEN, 0, 0, 0, { ONE(1, RED, 0), ONE(2, RED, 0) },
	  { WHICH_BOOK, 1, WHICH_BY_ORDER } },
	{ "real before drill", WHICH_TOKEN, 0, 0, 0, { ONE(2, RED, DRILL), ONE(1, BLUE, 0) },
	  { WHICH_BOOK, 1, WHICH_BY_ORDER } },
	{ "what only tells something is not answered", WHICH_TOKEN, 0, 0, 0,
	  { ONE(2, RED, TELLS), ONE(1, BLUE, 0) }, { WHICH_BOOK, 1, WHICH_BY_BEING_ONLY } },
	{ "unless there is nothing else", WHICH_TOKEN, 0, 0, 0, { ONE(2, RED, TELLS) },
	  { WHICH_BOOK, 0, WHICH_BY_BEING_LAST } },
	{ "a token that one map alone has", WHICH_TOKEN, 0, 0, 0,
	  { ONE(2, RED, LACKS), ONE(1, ORANGE, 0) }, { WHICH_BOOK, 1, WHICH_BY_TOKEN } },
	{ "0 is in every map and decides nothing", WHICH_CANNOT, 0, 0, 0, { ONE(1, ORANGE, 0), ONE(2, RED, 0) },
	  { WHICH_BOOK, 1, WHICH_BY_ORDER } },
	{ "a token that no map has", WHICH_TOKEN, 0, 0, 0, { ONE(1, RED, LACKS) },
	  { WHICH_UNCLEAR, 0, WHICH_BY_NOTHING } },
	{ "more is said to what he has answered and is satisfied", WHICH_TOKEN, 0, 0, 0,
	  { ONE(2, ORANGE, LACKS), ONE(1, RED, OVER | ANSWERED) },
	  { WHICH_BOOK, 1, WHICH_BY_TOKEN } },

	{ "a code near another one's", WHICH_TOKEN, CODED, 0, 0, { ONE(1, RED, NEAR) },
	  { WHICH_BOOK, 0, WHICH_BY_NEAR_CODE } },
	{ "but not when it is that of one that a restore has lost", WHICH_TOKEN, OF_A_LOST_ONE, 0, 0,
	  { ONE(1, RED, NEAR) }, { WHICH_UNCLEAR, NONE, WHICH_BY_NOTHING } },
	{ "without a code, of one that a restore holds, when others were lost", WHICH_TOKEN, UNCODED, 0, 0,
	  { ONE(1, RED, HELD) }, { WHICH_UNCLEAR, 0, WHICH_BY_NOTHING } },
	{ "with its code it is meant", WHICH_TOKEN, CODED, 0, 0, { ONE(1, RED, HELD | SAME) },
	  { WHICH_BOOK, 0, WHICH_BY_CODE } },
	{ "a cry for help is heard", WHICH_HELP, UNCODED, 0, 0, { ONE(1, RED, HELD) },
	  { WHICH_BOOK, 0, WHICH_BY_ORDER } },

	{ "a red order that is still queued is not answered", WHICH_TOKEN, 0, 0, 0,
	  { ONE(1, ORANGE, 0), ONE(2, RED, QUEUED) }, { WHICH_BOOK, 0, WHICH_BY_BEING_ONLY } },
	{ "nor one in the air, beside one that he has", WHICH_TOKEN, 0, 0, 0,
	  { ONE(1, ORANGE, 0), ONE(2, RED, AIR) }, { WHICH_BOOK, 0, WHICH_BY_BEING_ONLY } },
	{ "nor one accepted five seconds ago", WHICH_TOKEN, 0, 0, 0,
	  { ONE(1, ORANGE, 0), ONE(2, RED, 0, .heard_s = 5) }, { WHICH_BOOK, 0, WHICH_BY_ORDER } },
	{ "eight seconds are enough", WHICH_TOKEN, 0, 0, 0,
	  { ONE(1, ORANGE, 0), ONE(2, RED, 0, .heard_s = 8) }, { WHICH_BOOK, 1, WHICH_BY_ORDER } },
	{ "the only one needs no eight seconds", WHICH_TOKEN, 0, 0, 0, { ONE(2, RED, 0, .heard_s = 1) },
	  { WHICH_BOOK, 0, WHICH_BY_BEING_ONLY } },
	{ "of two that came just now at most the first was read", WHICH_TOKEN, 0, 0, 0,
	  { ONE(1, ORANGE, 0, .heard_s = 7), ONE(2, RED, 0, .heard_s = 2) },
	  { WHICH_BOOK, 0, WHICH_BY_ORDER } },
	{ "a token of what came just now waits for nobody to guess", WHICH_TOKEN, 0, 0, 0,
	  { ONE(1, ORANGE, LACKS), ONE(2, RED, 0, .heard_s = 5) },
	  { WHICH_UNCLEAR, 1, WHICH_BY_NOTHING } },

	{ "the only candidate is in the air: wait", WHICH_TOKEN, 0, 0, 0, { ONE(1, RED, AIR) },
	  { WHICH_WAIT, 0, WHICH_BY_NOTHING } },
	{ "the wait is over: nobody's", WHICH_TOKEN, 0, 0, 1, { ONE(1, RED, AIR) },
	  { WHICH_UNCLEAR, 0, WHICH_BY_NOTHING } },
	{ "accepted after it was written, and nothing competes", WHICH_TOKEN, 0, 0, 0,
	  { ONE(1, RED, DOUBT) }, { WHICH_BOOK, 0, WHICH_BY_BEING_ONLY } },
	{ "in doubt, but an accepted one competes", WHICH_TOKEN, 0, 0, 0,
	  { ONE(2, RED, DOUBT), ONE(1, ORANGE, 0) }, { WHICH_BOOK, 1, WHICH_BY_BEING_ONLY } },
	{ "one in doubt and one in the air: wait", WHICH_TOKEN, 0, 0, 0,
	  { ONE(2, RED, DOUBT), ONE(1, ORANGE, AIR) }, { WHICH_WAIT, 1, WHICH_BY_NOTHING } },
	{ "its token is known only in the air: wait", WHICH_TOKEN, 0, 0, 0,
	  { ONE(1, ORANGE, LACKS), ONE(2, RED, AIR) }, { WHICH_WAIT, 1, WHICH_BY_NOTHING } },
	{ "a call for help waits for nothing", WHICH_HELP, 0, 0, 0, { ONE(1, RED, AIR) },
	  { WHICH_BOOK, 0, WHICH_BY_ORDER } },
	{ "nor do words", WHICH_WORDS, 0, 0, 0, { ONE(1, RED, AIR) }, { WHICH_UNCLEAR, 0, WHICH_BY_ORDER } },

	{ "over, not answered, and the new one in the air: the old one", WHICH_TOKEN, 0, 0, 0,
	  { ONE(1, ORANGE, OVER), ONE(2, RED, AIR) }, { WHICH_BOOK, 0, WHICH_BY_BEING_LAST } },
	{ "over and answered: the answer waits for the new one", WHICH_TOKEN, 0, 0, 0,
	  { ONE(1, ORANGE, OVER | ANSWERED), ONE(2, RED, AIR) },
	  { WHICH_WAIT, 1, WHICH_BY_NOTHING } },
	{ "over for long: likewise", WHICH_TOKEN, 0, 0, 0,
	  { ONE(1, ORANGE, OVER | OLD), ONE(2, RED, AIR) }, { WHICH_WAIT, 1, WHICH_BY_NOTHING } },
	{ "nothing is open: the last one", WHICH_TOKEN, 0, 0, 0,
	  { ONE(1, RED, OVER | ANSWERED), ONE(2, BLUE, OVER | ANSWERED) },
	  { WHICH_BOOK, 1, WHICH_BY_BEING_LAST } },

	{ "a code decides", WHICH_TOKEN, 1, 0, 0, { ONE(2, RED, 0), ONE(1, BLUE, SAME) },
	  { WHICH_BOOK, 1, WHICH_BY_CODE } },
	{ "also for what is over", WHICH_TOKEN, 1, 0, 0,
	  { ONE(2, RED, 0), ONE(1, BLUE, OVER | OLD | SAME) },
	  { WHICH_BOOK, 1, WHICH_BY_CODE } },
	{ "who has the code has the text", WHICH_TOKEN, 1, 0, 0, { ONE(2, RED, AIR | SAME) },
	  { WHICH_BOOK, 0, WHICH_BY_CODE } },
	{ "a code of what he has not been sent is none", WHICH_TOKEN, 1, 0, 0,
	  { ONE(2, RED, QUEUED | SAME), ONE(1, BLUE, 0) },
	  { WHICH_UNCLEAR, 1, WHICH_BY_NOTHING } },
	{ "one letter is wrong, and one request fits", WHICH_TOKEN, 1, 0, 0,
	  { ONE(2, RED, 0), ONE(1, BLUE, NEAR) }, { WHICH_BOOK, 1, WHICH_BY_NEAR_CODE } },
	{ "two fit: people must see it", WHICH_TOKEN, 1, 0, 0,
	  { ONE(2, RED, NEAR), ONE(1, BLUE, NEAR) },
	  { WHICH_UNCLEAR, 0, WHICH_BY_NOTHING } },
	{ "what is over is not guessed at", WHICH_TOKEN, 1, 0, 0,
	  { ONE(1, BLUE, OVER | NEAR) }, { WHICH_UNCLEAR, 0, WHICH_BY_NOTHING } },

	{ "a shared telephone: whom it was sent to", WHICH_TOKEN, 0, 1, 0,
	  { ONE(1, RED, ELSEWHERE), ONE(1, RED, 0) }, { WHICH_BOOK, 1, WHICH_BY_BEING_ONLY } },
	{ "a shared telephone: what was sent to it", WHICH_TOKEN, 0, 1, 0,
	  { ONE(2, RED, ELSEWHERE), ONE(1, BLUE, 0) }, { WHICH_BOOK, 1, WHICH_BY_BEING_ONLY } },
	{ "two who share it: who has not answered yet", WHICH_TOKEN, 0, 1, 0,
	  { ONE(1, RED, ANSWERED), ONE(1, RED, 0) }, { WHICH_BOOK, 1, WHICH_BY_BEING_ONLY } },
	{ "one person's numbers are one", WHICH_TOKEN, 0, 0, 0,
	  { ONE(2, RED, ELSEWHERE), ONE(1, BLUE, 0) }, { WHICH_BOOK, 0, WHICH_BY_ORDER } },

	{ "a missed call answers the one that rang last", WHICH_CALL, 0, 0, 0,
	  { ONE(2, RED, 0, .rang_s = 200), ONE(1, BLUE, 0, .rang_s = 20) },
	  { WHICH_BOOK, 1, WHICH_BY_RINGING } },
	{ "who was only written to answers that", WHICH_CALL, 0, 0, 0, { ONE(1, BLUE, 0), ONE(2, RED, 0) },
	  { WHICH_BOOK, 1, WHICH_BY_ORDER } },
	{ "nobody has asked him", WHICH_TOKEN, 0, 0, 0, { { .alert = 0 } }, { WHICH_UNCLEAR, NONE, WHICH_BY_NOTHING } },
	{ "also while that is in the air", WHICH_CALL, 0, 0, 0, { ONE(1, RED, AIR) },
	  { WHICH_WAIT, 0, WHICH_BY_NOTHING } },
	{ "nobody has called him", WHICH_CALL, 0, 0, 0, { { .alert = 0 } }, { WHICH_UNCLEAR, NONE, WHICH_BY_NOTHING } },
};

static struct which_one
made(const struct one *o)
{
	return (struct which_one){
		.alert = o->alert, .severity = o->severity, .drill = o->differs & DRILL,
		.open = !(o->differs & OVER), .recent = !(o->differs & OLD),
		.answered = o->differs & ANSWERED, .asks = !(o->differs & TELLS),
		.knows = !(o->differs & LACKS), .by_number = !(o->differs & ELSEWHERE),
		.code = o->differs & SAME ? WHICH_SAME_CODE : o->differs & NEAR ? WHICH_NEAR_CODE
			: WHICH_NO_CODE,
		.heard = o->differs & QUEUED ? WHICH_NOT : o->differs & AIR ? WHICH_IN_AIR
			: o->differs & DOUBT ? WHICH_IN_DOUBT : WHICH_ACCEPTED,
		.held = o->differs & HELD,
		.heard_at = o->heard_s ? AGO(o->heard_s) : AGO(60),
		.rang_at = o->rang_s ? AGO(o->rang_s) : 0,
	};
}

static void
decides(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct which_one ones[4];
		struct which_view v = { .ones = ones, .said = cases[i].said,
					.coded = cases[i].coded != UNCODED,
					.lost = cases[i].coded == OF_A_LOST_ONE, .shared = cases[i].shared,
					.waited = cases[i].waited, .written_at = NOW };
		const struct which_decision *want = &cases[i].want;
		struct which_decision got;

		for (; v.count < 4 && cases[i].ones[v.count].alert; v.count++)
			ones[v.count] = made(&cases[i].ones[v.count]);
		got = which_request(&v);
		holds(cases[i].sentence, got.verdict == want->verdict && got.index == want->index &&
		      got.rule == want->rule, "verdict %d index %zd by \"%s\"", (int)got.verdict,
		      (ssize_t)got.index, which_rule_name(got.rule));
	}
}

static void
compares_codes(void **state)
{
	static const struct { const char *given, *code; enum which_code want; } codes[] = {
		{ "K7", "K7", WHICH_SAME_CODE }, { "A9", "A4", WHICH_NEAR_CODE },
		{ "A9", "K4", WHICH_NO_CODE }, { "A", "A4", WHICH_NO_CODE },
		{ "A47", "A4", WHICH_NO_CODE }, { "", "", WHICH_NO_CODE },
	};

	for (size_t i = 0; i < COUNT(codes); i++)
		holds(codes[i].given, which_code_match(codes[i].given, codes[i].code) == codes[i].want,
		      "against %s", codes[i].code);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides), cmocka_unit_test(compares_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
