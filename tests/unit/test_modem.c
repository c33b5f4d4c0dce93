/* test_modem.c -- the pure parts of gong-modem: the filter, joined inbound messages, receipts.
 * They are compiled in here, because the unit tests link no driver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "drivers/modem/filter.c"
#include "drivers/modem/inbound.c"
#include "drivers/modem/receipts.c"

struct filter_case {
	const char *sentence, *asked, *in, *out;
};

static const struct filter_case filter_cases[] = {
	{ "a reply passes unchanged", "AT+CSQ\r", "AT+CSQ\r\r\n+CSQ: 20,99\r\n\r\nOK\r\n",
	  "AT+CSQ\r\r\n+CSQ: 20,99\r\n\r\nOK\r\n" },
	{ "the prompt passes at once", "AT+CMGS=23\r", "AT+CMGS=23\r\r\n> ",
	  "AT+CMGS=23\r\r\n> " },
	{ "noise in a reply is dropped with its line breaks", "AT+CMGL=4\r",
	  "\r\n+CMGL: 1,0,,20\r\n0791\r\n\r\n+CEREG: 1\r\n+CMGL: 2,0,,20\r\n0792\r\n\r\nOK\r\n",
	  "\r\n+CMGL: 1,0,,20\r\n0791\r\n+CMGL: 2,0,,20\r\n0792\r\n\r\nOK\r\n" },
	{ "an answer that looks like noise passes when asked for", "AT+CPIN?\r",
	  "\r\n+CPIN: READY\r\n\r\nOK\r\n", "\r\n+CPIN: READY\r\n\r\nOK\r\n" },
	{ "the same line is noise when not asked for", "AT+CSQ\r",
	  "\r\n+CPIN: READY\r\n\r\nOK\r\n", "\r\nOK\r\n" },
	{ "what nobody has heard of is dropped in a reply", "AT+CSQ\r",
	  "\r\n+NEWTHING: 1\r\n\r\n^X\r\n\r\n+CSQ: 9,99\r\n\r\n%Y: 1\r\n\r\nOK\r\n",
	  "\r\n+CSQ: 9,99\r\n\r\nOK\r\n" },
	{ "the result of a submit passes, and a receipt before it", "AT+CMGS=9\r",
	  "\r\n+CEREG: 1\r\n\r\n+CDS: 25\r\n0791AB\r\n\r\n+CMGS: 7\r\n\r\nOK\r\n",
	  "\r\n+CDS: 25\r\n0791AB\r\n\r\n+CMGS: 7\r\n\r\nOK\r\n" },
	{ "a refusal passes", "AT+CMGS=9\r", "\r\n+CMS ERROR: 38\r\n",
	  "\r\n+CMS ERROR: 38\r\n" },
	{ "a name that only begins like the one asked is no answer", "AT+CSQ\r",
	  "\r\n+CS\r\n\r\nOK\r\n", "\r\nOK\r\n" },
	{ "an answer without a name passes", "AT+CGSN\r", "\r\n990000862471854\r\n\r\nOK\r\n",
	  "\r\n990000862471854\r\n\r\nOK\r\n" },
	{ "a word is noise only as a whole line", "AT+CSQ\r", "\r\nRDY\r\n\r\nRDYX\r\n",
	  "\r\nRDYX\r\n" },
	{ "any line is dropped while nothing is asked", NULL,
	  "\r\n+WHATEVER: 1\r\n\r\nRING\r\n", "" },
	{ "a notice of a message passes while nothing is asked", NULL,
	  "\r\n+CMTI: \"SM\",3\r\n", "\r\n+CMTI: \"SM\",3\r\n" },
	{ "a receipt passes with its PDU while nothing is asked", NULL,
	  "\r\n+CDS: 25\r\n0791AB\r\n\r\n^RSSI:3\r\n", "\r\n+CDS: 25\r\n0791AB\r\n" },
	{ "after the end of a reply everything else is noise", "AT\r",
	  "\r\nOK\r\n\r\nOK\r\n\r\n+XYZ: 1\r\n", "\r\nOK\r\n" },
};

static size_t
filter_run(const char *asked, const char *in, size_t step, char *out)
{
	struct filter f = { 0 };
	size_t len = strlen(in), made = 0;

	if (asked)
		filter_from_host(&f, asked, strlen(asked));
	for (size_t at = 0; at < len; at += step)
		made += filter_from_modem(&f, in + at, len - at < step ? len - at : step,
					  out + made);
	out[made] = 0;
	return made;
}

static void
filter_lets_pass_what_libgammu_waits_for(void **state)
{
	char out[4096];

	for (size_t i = 0; i < sizeof(filter_cases) / sizeof(filter_cases[0]); i++) {
		const struct filter_case *c = &filter_cases[i];

		for (size_t step = 1; step <= strlen(c->in); step++) {
			filter_run(c->asked, c->in, step, out);
			if (strcmp(out, c->out) != 0)
				fail_msg("%s (in pieces of %zu): got \"%s\"", c->sentence, step, out);
		}
	}
}

static void
filter_cuts_a_line_that_would_overrun(void **state)
{
	static char in[5000], out[6000];

	memset(in, 'A', 4000);
	strcpy(in + 4000, "\r\nOK\r\n");
	assert_int_equal(filter_run("AT\r", in, 100, out), FILTER_LINE_MAX + 6);
	assert_string_equal(out + FILTER_LINE_MAX, "\r\nOK\r\n");
}

static void
filter_tells_whose_error_it_was(void **state)
{
	static const char cme[] = "\r\n+CME ERROR: 30\r\n", cms[] = "\r\n+CMS ERROR: 30\r\n";
	struct filter f = { 0 };
	char out[100];

	filter_from_host(&f, "AT+CMGS=1\r", 10);
	filter_from_modem(&f, cme, strlen(cme), out);
	assert_int_equal(f.error, FILTER_CME);
	filter_from_host(&f, "AT+CMGS=1\r", 10);
	filter_from_modem(&f, cms, strlen(cms), out);
	assert_int_equal(f.error, FILTER_CMS);
}

struct said {
	unsigned count;
	char text[200], id[INBOUND_ID];
};

static void
note(void *ctx, const struct inbound_message *m)
{
	struct said *said = ctx;

	said->count++;
	snprintf(said->text, sizeof(said->text), "%s", m->text);
	memcpy(said->id, m->id, sizeof(said->id));
}

static void
put(struct inbound *in, int location, const char *from, unsigned reference, unsigned part,
    unsigned of, const char *text, msec now)
{
	struct stored s = {
		.memory = 2, .location = location, .from = xstrdup(from), .text = xstrdup(text),
		.at = 1000, .reference = reference, .part = part, .of = of,
	};

	inbound_found(in, &s, now);
}

static void
inbound_joins_and_never_mixes_senders(void **state)
{
	struct inbound in = { 0 };
	struct said said = { 0 };

	inbound_begin(&in);
	put(&in, 1, "+1", 7, 2, 2, "b", 0);
	put(&in, 2, "+2", 7, 1, 2, "x", 0);
	inbound_announce(&in, 0, note, &said);
	assert_int_equal(said.count, 0);
	put(&in, 3, "+1", 7, 1, 2, "a", 0);
	inbound_announce(&in, 0, note, &said);
	assert_int_equal(said.count, 1);
	assert_string_equal(said.text, "ab");
	inbound_announce(&in, INBOUND_PATIENCE_MS - 1, note, &said);
	assert_int_equal(said.count, 1);
	inbound_announce(&in, INBOUND_PATIENCE_MS, note, &said);
	assert_int_equal(said.count, 2);
	assert_string_equal(said.text, "x");
	inbound_fini(&in);
}

static void
inbound_id_is_the_same_after_a_restart(void **state)
{
	struct inbound one = { 0 }, two = { 0 };
	struct said first = { 0 }, second = { 0 };

	put(&one, 1, "+1", 7, 1, 2, "a", 0);
	put(&one, 2, "+1", 7, 2, 2, "b", 5);
	put(&two, 9, "+1", 7, 2, 2, "b", 70);
	put(&two, 4, "+1", 7, 1, 2, "a", 80);
	inbound_announce(&one, 10, note, &first);
	inbound_announce(&two, 90, note, &second);
	assert_int_equal(first.count + second.count, 2);
	assert_string_equal(first.id, second.id);
	inbound_fini(&one);
	inbound_fini(&two);
}

static void
inbound_is_deleted_only_when_taken(void **state)
{
	struct inbound in = { 0 };
	struct said said = { 0 };
	const struct stored *gone;

	inbound_begin(&in);
	put(&in, 4, "+1", 0, 0, 0, "yes", 0);
	inbound_end(&in);
	inbound_announce(&in, 0, note, &said);
	assert_null(inbound_next_deletion(&in));
	inbound_took(&in, "0000000000000000");
	assert_null(inbound_next_deletion(&in));
	inbound_took(&in, said.id);
	gone = inbound_next_deletion(&in);
	assert_non_null(gone);
	assert_int_equal(gone->location, 4);
	inbound_deleted(&in, 2, 4, false);
	assert_null(inbound_next_deletion(&in));
	inbound_begin(&in);			/* still listed: tried again, not said again */
	put(&in, 4, "+1", 0, 0, 0, "yes", 9);
	inbound_end(&in);
	inbound_announce(&in, 9, note, &said);
	assert_int_equal(said.count, 1);
	assert_non_null(inbound_next_deletion(&in));
	inbound_deleted(&in, 2, 4, true);
	assert_int_equal(in.count, 0);
	inbound_fini(&in);
}

static void
a_long_message_is_delivered_when_all_its_parts_are(void **state)
{
	struct receipts r = { 0 };
	const struct sent_message *m;

	receipts_begin(&r, "m1", "+999", 2);
	receipts_part(&r, 254);
	assert_false(receipts_settle(&r, "+999", 254, "delivered", &m));
	receipts_part(&r, 255);
	assert_true(receipts_settle(&r, "+998", 255, "delivered", &m));
	assert_null(m);				/* another number's: not ours */
	assert_true(receipts_settle(&r, "999", 255, "delivered", &m));
	assert_string_equal(m->id, "m1");
	assert_int_equal(m->last_ref, 255);
	receipts_begin(&r, "m2", "+999", 2);
	receipts_part(&r, 0);
	assert_true(receipts_settle(&r, "+999", 0, "failed", &m));
	assert_string_equal(m->id, "m2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filter_lets_pass_what_libgammu_waits_for),
		cmocka_unit_test(filter_cuts_a_line_that_would_overrun),
		cmocka_unit_test(filter_tells_whose_error_it_was),
		cmocka_unit_test(inbound_joins_and_never_mixes_senders),
		cmocka_unit_test(inbound_id_is_the_same_after_a_restart),
		cmocka_unit_test(inbound_is_deleted_only_when_taken),
		cmocka_unit_test(a_long_message_is_delivered_when_all_its_parts_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
