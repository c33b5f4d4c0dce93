/* test_modem.c -- the pure parts of gong-modem: lines, joined inbound messages.
 * They are compiled in here, because the unit tests link no driver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "drivers/modem/line.c"
#include "drivers/modem/inbound.c"
#include "drivers/modem/joined.c"
#include "drivers/modem/national.c"
#include "drivers/modem/presence.c"
#include "drivers/modem/sms.c"
#include "drivers/modem/ussd.c"

static const struct {
	const char *sentence, *asked, *line;
	enum news news;
} news_cases[] = {
	{ "a reply carries the name asked", "+CSQ", "+CSQ: 20,99", NEWS_REPLY },
	{ "a name that only begins like the one asked is none", "+CSQ", "+CSQX: 1", NEWS_NOISE },
	{ "nor is its beginning", "+CSQ", "+CS", NEWS_NOISE },
	{ "an answer that looks like noise is one when asked for", "+CPIN?", "+CPIN: READY",
	  NEWS_REPLY },
	{ "and is noise when not asked for", "+CSQ", "+CPIN: READY", NEWS_NOISE },
	{ "what nobody has heard of is noise", "+CSQ", "+NEWTHING: 1", NEWS_NOISE },
	{ "a maker's sign too", "+CSQ", "^RSSI:19", NEWS_NOISE },
	{ "an answer without a name belongs to the question", "+CGSN", "990000862471854",
	  NEWS_REPLY },
	{ "refusals belong to the question", "+CMGS=9", "+CMS ERROR: 38", NEWS_REPLY },
	{ "the other kind too", "+CMGS=9", "+CME ERROR: SIM busy", NEWS_REPLY },
	{ "but to none when nothing is asked", NULL, "+CMS ERROR: 38", NEWS_NOISE },
	{ "a word is news only as a whole line", "+CSQ", "RDYX", NEWS_REPLY },
	{ "a modem that starts says so at any time", "+CMGS=9", "RDY", NEWS_BOOT },
	{ "any line is noise while nothing is asked", NULL, "OK", NEWS_NOISE },
	{ "a message has come", "+CMGS=9", "+CMTI: \"SM\",3", NEWS_STORED },
	{ "a report is stored", NULL, "+CDSI: \"SR\",1", NEWS_REPORT_STORED },
	{ "a message comes straight", "+CSQ", "+CMT: ,25", NEWS_MESSAGE },
	{ "a report comes straight", NULL, "+CDS: 25", NEWS_REPORT },
	{ "who calls", NULL, "+CLIP: \"123\",129", NEWS_CALLER },
	{ "a USSD answer comes by itself, also before the OK", "+CUSD=1", "+CUSD: 0,\"x\",15",
	  NEWS_USSD },
	{ "registration told by itself", NULL, "+CREG: 1", NEWS_REGISTRATION },
	{ "told by itself though it is just being asked", "+CREG?", "+CREG: 5", NEWS_REGISTRATION },
	{ "with its place", "+CREG?", "+CREG: 1,\"0A\",\"0B\"", NEWS_REGISTRATION },
	{ "registration asked for", "+CREG?", "+CREG: 0,1", NEWS_REPLY },
	{ "asked for with its place", "+CREG?", "+CREG: 2,1,\"0A\",\"0B\"", NEWS_REPLY },
	{ "the end of a call", NULL, "NO CARRIER", NEWS_CALL_END },
	{ "and the answer to a dialling", "D123;", "BUSY", NEWS_REPLY },
};

static void
a_line_is_a_reply_or_news(void **state)
{
	for (size_t i = 0; i < sizeof(news_cases) / sizeof(news_cases[0]); i++)
		if (line_news(news_cases[i].line, news_cases[i].asked) != news_cases[i].news)
			fail_msg("%s: %d", news_cases[i].sentence,
				 line_news(news_cases[i].line, news_cases[i].asked));
}

static void
a_reply_ends_with_what_the_standard_says(void **state)
{
	int code;

	assert_int_equal(line_end("OK", "+CSQ", &code), AT_OK);
	assert_int_equal(line_end("OKAY", "+CSQ", &code), AT_OPEN);
	assert_int_equal(line_end("ERROR", "+CSQ", &code), AT_ERROR);
	assert_int_equal(line_end("COMMAND NOT SUPPORT", "+CSQ", &code), AT_ERROR);
	assert_int_equal(line_end("+CMS ERROR: 38", "+CMGS=1", &code), AT_CMS);
	assert_int_equal(code, 38);
	assert_int_equal(line_end("+CME ERROR: 30", "+CMGS=1", &code), AT_CME);
	assert_int_equal(code, 30);
	assert_int_equal(line_end("+CME ERROR: SIM busy", "+CPIN?", &code), AT_CME);
	assert_int_equal(code, -1);
	assert_int_equal(line_end("NO CARRIER", "D123;", &code), AT_CALL_END);
	assert_int_equal(line_end("NO CARRIER", "+CSQ", &code), AT_OPEN);
}

/* The lines of `in`, joined by "|". */
static void
lines_of(const char *in, char *out)
{
	struct line l = { 0 };

	for (*out = 0; *in; in++)
		if (line_byte(&l, *in)) {
			strcat(out, l.text);
			strcat(out, "|");
		}
}

static void
bytes_become_lines(void **state)
{
	char out[4096];
	struct line l = { 0 };

	lines_of("AT+CSQ\r\r\n+CSQ: 20,99\r\n\r\nOK\r\n", out);
	assert_string_equal(out, "AT+CSQ|+CSQ: 20,99|OK|");
	lines_of("\r\nhalf\001 a\tline", out);
	assert_string_equal(out, "");
	lines_of("\001O\177K\033\n", out);
	assert_string_equal(out, "O\177K|");
	for (int i = 0; i < 5000; i++)
		assert_false(line_byte(&l, 'A'));
	assert_true(line_byte(&l, '\n'));
	assert_int_equal(strlen(l.text), LINE_TEXT);
	assert_false(line_byte(&l, '>'));
	assert_true(line_is_prompt(&l));
}

struct told {
	unsigned count;
	char text[200], id[INBOUND_ID];
};

static void
note(void *ctx, const struct inbound_message *m)
{
	struct told *said = ctx;

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
	struct told said = { 0 };

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

/* A part in GSM 7 bit whose text ends with an escape, or begins with the code of `first`. */
static void
put_gsm(struct inbound *in, unsigned part, const char *text, bool ends, char first,
	unsigned char shift)
{
	struct stored s = {
		.memory = 2, .location = (int)part, .from = xstrdup("+1"), .text = xstrdup(text),
		.at = 1000, .reference = 7, .part = part, .of = 2,
		.seam = { .begins = true, .ends_escaped = ends, .first = (unsigned char)first,
			  .shift = shift },
	};

	inbound_found(in, &s, 0);
}

static void
a_character_cut_between_parts_is_whole_again(void **state)
{
	struct inbound in = { 0 };
	struct told said = { 0 };

	put_gsm(&in, 1, "costs 5", true, 'c', 0);
	put_gsm(&in, 2, "e now", false, 'e', 0);
	inbound_announce(&in, 0, note, &said);
	assert_string_equal(said.text, "costs 5€ now");
	inbound_fini(&in);
	in = (struct inbound){ 0 };
	put_gsm(&in, 1, "x", true, 'x', 1);
	put_gsm(&in, 2, "c!", false, 'c', 1);	/* by the Turkish single shift */
	inbound_announce(&in, 0, note, &said);
	assert_string_equal(said.text, "xç!");
	inbound_fini(&in);
	in = (struct inbound){ 0 };
	put(&in, 1, "+1", 7, 1, 2, "水\xed\xa0\xbc", 0);
	put(&in, 2, "+1", 7, 2, 2, "\xed\xbc\x8a高", 0);
	inbound_announce(&in, 0, note, &said);
	assert_string_equal(said.text, "水🌊高");
	inbound_fini(&in);
}

static void
half_a_pair_that_meets_no_other_is_a_mark(void **state)
{
	struct inbound in = { 0 };
	struct told said = { 0 };

	put(&in, 1, "+1", 7, 1, 2, "a\xed\xa0\xbc", 0);
	inbound_announce(&in, INBOUND_PATIENCE_MS, note, &said);	/* its other half never came */
	assert_string_equal(said.text, "a\xef\xbf\xbd");
	inbound_fini(&in);
	in = (struct inbound){ 0 };
	put(&in, 1, "+1", 0, 0, 0, "\xed\xbc\x8a\xed\xa0\xbc\xed", 0);
	inbound_announce(&in, 0, note, &said);
	assert_memory_equal(said.text, "\xef\xbf\xbd\xef\xbf\xbd", 6);
	inbound_fini(&in);
}

static void
a_registration_told_unasked_is_read_in_every_form(void **state)
{
	struct presence net = { 0 };

	assert_true(presence_news(&net, "+CREG: 1") && presence_is_registered(&net));
	assert_true(presence_news(&net, "+CREG: 2") && !presence_is_registered(&net));
	assert_true(presence_news(&net, "+CEREG: 5,\"0A\",\"0B\",7"));
	assert_true(presence_is_registered(&net) && presence_is_roaming(&net));
	assert_true(presence_news(&net, "+CEREG: 0, \"0A\"") && !presence_is_registered(&net));
	assert_true(presence_news(&net, "+CGREG: 0,1"));	/* an answer that came late */
	assert_true(presence_is_registered(&net) && net.stats[DOMAIN_PS] == 1);
	assert_true(presence_news(&net, "+CGREG: 2,3,\"0A\"") && !presence_is_registered(&net));
	assert_false(presence_news(&net, "+CREG:"));
	assert_false(presence_news(&net, "+CSQ: 1"));
}

static void
only_status_0_of_a_report_is_delivered(void **state)
{
	assert_string_equal(sms_receipt_state(0), "delivered");
	for (unsigned status = 1; status < 256; status++)
		assert_string_equal(sms_receipt_state((unsigned char)status),
				    status <= 2 || (status >= 0x10 && status < 0x40) ? "buffered"
				    : "failed");
}

static void
inbound_id_is_the_same_after_a_restart(void **state)
{
	struct inbound one = { 0 }, two = { 0 };
	struct told first = { 0 }, second = { 0 };

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
	struct told said = { 0 };
	const struct stored *gone;

	inbound_begin(&in);
	put(&in, 4, "+1", 0, 0, 0, "yes", 0);
	inbound_end(&in);
	inbound_announce(&in, 0, note, &said);
	assert_null(inbound_next_deletion(&in));
	inbound_took(&in, "0000000000000000", 0);
	assert_null(inbound_next_deletion(&in));
	inbound_took(&in, said.id, 0);
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
what_nobody_took_is_said_again_under_the_same_id(void **state)
{
	struct inbound in = { 0 };
	struct told said = { 0 };
	struct stored call = { .location = -1, .from = xstrdup("+5"), .is_call = true, .at = 7 };
	char id[INBOUND_ID];

	inbound_found(&in, &call, 0);
	inbound_announce(&in, 0, note, &said);
	memcpy(id, said.id, sizeof(id));
	inbound_announce(&in, INBOUND_REPEAT_MS - 1, note, &said);
	assert_int_equal(said.count, 1);
	inbound_announce(&in, INBOUND_REPEAT_MS, note, &said);
	assert_int_equal(said.count, 2);
	assert_string_equal(said.id, id);
	inbound_begin(&in);
	inbound_end(&in);			/* it lies in no memory, and stays all the same */
	inbound_took(&in, id, INBOUND_REPEAT_MS);
	inbound_announce(&in, 3 * INBOUND_REPEAT_MS, note, &said);
	assert_int_equal(said.count, 2);
	assert_int_equal(inbound_next_deletion(&in)->location, -1);
	inbound_fini(&in);
}

static void
a_part_that_comes_twice_is_said_once(void **state)
{
	struct inbound in = { 0 };
	struct told said = { 0 };

	put(&in, 1, "+1", 7, 1, 2, "a", 0);
	put(&in, 2, "+1", 7, 1, 2, "a", 0);	/* twice before it is whole */
	put(&in, 3, "+1", 7, 2, 2, "b", 0);
	inbound_announce(&in, 0, note, &said);
	put(&in, 4, "+1", 7, 2, 2, "b", 5);	/* and once after */
	inbound_announce(&in, INBOUND_PATIENCE_MS, note, &said);
	assert_int_equal(said.count, 1);
	assert_string_equal(said.text, "ab");
	inbound_took(&in, said.id, INBOUND_PATIENCE_MS);
	for (int i = 1; i <= 4; i++) {		/* all of them leave the memory */
		assert_non_null(inbound_next_deletion(&in));
		inbound_deleted(&in, 2, i, true);
	}
	assert_int_equal(in.count, 0);
	put(&in, 9, "+1", 7, 2, 2, "b", 70000);	/* and when it has left */
	inbound_announce(&in, 3 * INBOUND_PATIENCE_MS, note, &said);
	assert_int_equal(said.count, 1);
	assert_int_equal(inbound_next_deletion(&in)->location, 9);
	inbound_deleted(&in, 2, 9, true);
	put(&in, 9, "+2", 7, 2, 2, "b", 180000);	/* another sender's is no double */
	inbound_announce(&in, 180000 + INBOUND_PATIENCE_MS, note, &said);
	assert_int_equal(said.count, 2);
	assert_string_equal(said.text, "b");
	inbound_fini(&in);
}

static void
ussd_reads(const char *line, enum quirk_ussd form, const char *want)
{
	char *text = ussd_text(line, form);

	if (!text || !want)
		assert_true(!text && !want);
	else
		assert_string_equal(text, want);
	free(text);
}

static void
ussd_of_several_lines_is_one_answer(void **state)
{
	assert_true(line_opens_ussd("+CUSD: 1,\"Bal 12.50"));
	assert_false(line_opens_ussd("+CUSD: 0,\"Bal 12.50\",15"));
	assert_false(line_opens_ussd("+CUSD: 0,\"Bal\""));
	assert_false(line_opens_ussd("+CUSD: 4"));
	assert_false(line_opens_ussd("+CSQ: \"x"));
	assert_true(line_opens_ussd("+CUSD: 1,\"press \"1\" or"));
	assert_true(line_closes_ussd("+CUSD: 1,\"press \"1\" or\n\"2\"\", 15"));
	ussd_reads("+CUSD: 1,\"Bal 1\n1. \"Recharge\"\n2. Balance\",15", USSD_PLAIN,
		   "Bal 1\n1. \"Recharge\"\n2. Balance");
}

static void
ussd_in_letters_of_gsm_is_read_as_such(void **state)
{
	ussd_reads("+CUSD: 0,\"\x02 5\x1b\x65 \x05 \x5b\",15", USSD_PLAIN, "$ 5€ é Ä");
	ussd_reads("+CUSD: 0,\"a_b[1]$@\",15", USSD_PLAIN, "a_b[1]$@");
	ussd_reads("+CUSD: 0,\"\x11 a@b.c$\",15", USSD_PLAIN, "_ a@b.c$");
	ussd_reads("+CUSD: 0,\"31D98C56B3DD1A\",15", USSD_PACKED, "1234567");
}

static void
ussd_is_read_in_every_form_and_never_as_bad_utf8(void **state)
{
	char code[USSD_ENCODED];

	ussd_reads("+CUSD: 0,\"Guthaben 3,20\",15", USSD_PLAIN, "Guthaben 3,20");
	ussd_reads("+CUSD: 0,\"4F59989D\",72", USSD_PLAIN, "余额");
	ussd_reads("+CUSD: 0,\"1234\",15", USSD_PLAIN, "1234");
	ussd_reads("+CUSD: 0,\"D83CDF0AD83C\",72", USSD_UCS2, "🌊\xef\xbf\xbd");
	ussd_reads("+CUSD: 0,\"\xe9t\xe9 \xe4\xbd\x99 \xe4\xbd\",15", USSD_PLAIN, "?t? 余 ??");
	ussd_reads("+CUSD: 0,\"\",15", USSD_PLAIN, "");
	ussd_reads("+CUSD: 4", USSD_PLAIN, NULL);
	ussd_reads("+CUSD: 0,\"", USSD_PLAIN, NULL);
	ussd_encode(code, sizeof(code), "*100*1#", USSD_PACKED);
	assert_string_equal(code, "AA180CA68A8D1A");	/* CR in the seven bits to spare */
	assert_true(ussd_is_code("*#06#"));
	assert_false(ussd_is_code(""));
	assert_false(ussd_is_code("*100#\",15\rAT"));
	assert_false(ussd_is_code("000000000000000000000000000000000"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_reply_or_news),
		cmocka_unit_test(a_reply_ends_with_what_the_standard_says),
		cmocka_unit_test(bytes_become_lines),
		cmocka_unit_test(inbound_joins_and_never_mixes_senders),
		cmocka_unit_test(inbound_id_is_the_same_after_a_restart),
		cmocka_unit_test(inbound_is_deleted_only_when_taken),
		cmocka_unit_test(what_nobody_took_is_said_again_under_the_same_id),
		cmocka_unit_test(a_part_that_comes_twice_is_said_once),
		cmocka_unit_test(ussd_of_several_lines_is_one_answer),
		cmocka_unit_test(ussd_in_letters_of_gsm_is_read_as_such),
		cmocka_unit_test(a_character_cut_between_parts_is_whole_again),
		cmocka_unit_test(half_a_pair_that_meets_no_other_is_a_mark),
		cmocka_unit_test(a_registration_told_unasked_is_read_in_every_form),
		cmocka_unit_test(only_status_0_of_a_report_is_delivered),
		cmocka_unit_test(ussd_is_read_in_every_form_and_never_as_bad_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
