/* test_modem_pdu.c -- the modem's PDU lines, checked against the simulator's own codec, which
 * shares nothing with libGammu, and against lines written by hand. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "drivers/modem/national.c"
#include "drivers/modem/joined.c"
#include "drivers/modem/pdu.c"
#include "drivers/modem/sms.c"
#include "tests/sim/pdu.h"

/* The whole GSM 7 bit alphabet but the escape, as the simulator knows it. */
static void
all_gsm(char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < 128; i++)
		if (i != 0x1b)
			len = pdu_put_utf8(out, len, pdu_gsm[i]);
	for (size_t i = 0; i < PDU_EXTENSIONS; i++)
		len = pdu_put_utf8(out, len, pdu_extension[i].unit);
}

struct submit_case {
	const char *sentence, *to, *text, *smsc;
	bool receipt, flash;
	msec validity_ms;
	unsigned reference;
};

static const struct submit_case submit_cases[] = {
	{ "a short text in GSM 7 bit", "+8613800138000", "hello", "+8613800100500", true, false,
	  SECONDS(3600), 5 },
	{ "a Chinese text", "+8613800138000", "请立即转移到高处", "+8613800100500", true, false,
	  SECONDS(600), 5 },
	{ "a tilde in a Chinese text", "+8613800138000", "水位3~4米~~危险~", "", false, false,
	  SECONDS(600), 5 },
	{ "a tilde, braces and the euro in GSM 7 bit", "13800138000", "{a~b}[c]\\|^€", "", true,
	  false, SECONDS(600), 5 },
	{ "a pair of surrogates", "+8613800138000", "😀 水 🌊", "", true, false, SECONDS(600), 5 },
	{ "a flash in GSM 7 bit", "+8613800138000", "look up", "", false, true, SECONDS(86400), 5 },
	{ "a flash in UCS-2", "+8613800138000", "抬头看", "", true, true, SECONDS(86400), 5 },
	{ "a short number without a plus", "10086", "CXYE", "", false, false, SECONDS(600), 5 },
	{ "fifteen digits", "+861380013800012", "x", "+861380010050012", true, false,
	  SECONDS(172800), 5 },
	{ "a text of many parts keeps its reference", "+8613800138000", NULL, "+8613800100500", true,
	  false, SECONDS(1800), 0x1c7 },
};

static void
check_submit(const struct submit_case *c, const struct outgoing *o, unsigned part, char *joined)
{
	size_t tpdu = 0, begin = part ? segment_end(&o->plan, o->text, part - 1) : 0, at;
	char hex[SMS_PDU_HEX], number[32] = "";
	GSM_SMSMessage sms;
	struct pdu_submit got;
	uint8_t pdu[PDU_BYTES + 20] = { 0 };
	int len;

	sms_encode(&sms, o, part, c->smsc, c->validity_ms);
	holds(c->sentence, sms_encode_pdu(&sms, hex, sizeof(hex), &tpdu) == 0, "not encoded");
	holds(c->sentence, pdu_submit_decode(&got, hex) == 0, "no SUBMIT: %s", hex);
	len = pdu_unhex(pdu, PDU_BYTES, hex);
	holds(c->sentence, (size_t)len == 1 + pdu[0] + tpdu, "length %zu of %d", tpdu, len);
	if (pdu[0]) {
		uint8_t address[32];

		memcpy(address, pdu, 32);
		address[0] = (uint8_t)(2 * (pdu[0] - 1));
		pdu_number_decode(number, address);
		number[strcspn(number, "?")] = 0;	/* the filling nibble */
	}
	holds(c->sentence, strcmp(number, c->smsc) == 0, "service centre %s", number);
	holds(c->sentence, strcmp(got.to, o->to) == 0, "to %s", got.to);
	holds(c->sentence, !strncmp(got.text, o->text + begin, strlen(got.text)) &&
	      begin + strlen(got.text) == segment_end(&o->plan, o->text, part), "text %.900s", got.text);
	holds(c->sentence, got.wants_receipt == c->receipt, "receipt %d", got.wants_receipt);
	holds(c->sentence, got.flash == c->flash, "flash %d", got.flash);
	holds(c->sentence, got.reference == (o->plan.parts > 1 ? (int)(c->reference & 255) : -1),
	      "reference %d", got.reference);
	holds(c->sentence, got.part == (int)part + 1 && got.of == (int)o->plan.parts, "part %d/%d",
	      got.part, got.of);
	at = 1u + pdu[0];
	holds(c->sentence, (pdu[at] & 0x18) == 0x10, "validity format %02x", pdu[at]);
	at += 2 + 2 + (pdu[at + 2] + 1u) / 2 + 2;
	holds(c->sentence, pdu[at] == sms_validity(c->validity_ms), "validity %d", pdu[at]);
	strcat(joined, got.text);
}

static void
submit(const struct submit_case *c, const char *text)
{
	struct outgoing o = { .to = (char *)c->to, .text = (char *)text, .reference = c->reference,
			      .flash = c->flash, .receipt = c->receipt };
	char joined[8000] = "";

	assert_int_equal(segment_plan(&o.plan, text, NULL), 0);
	for (unsigned part = 0; part < o.plan.parts; part++)
		check_submit(c, &o, part, joined);
	holds(c->sentence, strcmp(joined, text) == 0, "joined %.900s", joined);
}

static void
test_submits(void **state)
{
	char gsm[1024] = "", longer[4000] = "";

	all_gsm(gsm);
	for (size_t i = 0; i < COUNT(submit_cases); i++) {
		const struct submit_case *c = &submit_cases[i];

		submit(c, c->text ? c->text : gsm);
		if (c->text)
			continue;
		for (int k = 0; k < 5; k++)
			strcat(strcat(longer, gsm), "~~{€}");
		submit(c, longer);
		for (int k = 0; k < 20; k++)
			strcat(longer, "暴雨红色预警~请转移😀");
		submit(c, longer);
	}
}

static void
test_submit_lengths(void **state)
{
	static const struct {
		const char *sentence, *unit;
		int times;
		unsigned parts;
	} cases[] = {
		{ "160 septets are one message", "a", 160, 1 },
		{ "161 septets are two", "a", 161, 2 },
		{ "306 septets fill two to the last bit", "a", 306, 2 },
		{ "70 units are one message", "水", 70, 1 },
		{ "134 units fill two", "水", 134, 2 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct submit_case c = { cases[i].sentence, "+8613800138000", NULL, "", true, false,
					 SECONDS(600), 200 };
		struct segment_plan plan;
		char text[1000] = "";

		for (int k = 0; k < cases[i].times; k++)
			strcat(text, cases[i].unit);
		assert_int_equal(segment_plan(&plan, text, NULL), 0);
		holds(c.sentence, plan.parts == cases[i].parts, "%u parts", plan.parts);
		submit(&c, text);
	}
}

static void
test_no_submit(void **state)
{
	struct outgoing o = { .to = "+861380013800013800138", .text = "x", .plan = { .parts = 1 } };
	GSM_SMSMessage sms;
	char hex[SMS_PDU_HEX];
	size_t tpdu;

	assert_int_equal(segment_plan(&o.plan, o.text, NULL), 0);
	sms_encode(&sms, &o, 0, "", SECONDS(600));
	holds("a number of 21 digits is refused",
	      sms_encode_pdu(&sms, hex, sizeof(hex), &tpdu) == -1, "%s", hex);
	o.to = "+8613800138000";
	sms_encode(&sms, &o, 0, "", SECONDS(600));
	holds("a buffer too small is refused", sms_encode_pdu(&sms, hex, 30, &tpdu) == -1, "%s", hex);
	for (int i = 0; i < 161; i++)
		memcpy(sms.Text + 2 * i, "\0a", 2);
	memset(sms.Text + 322, 0, 2);
	holds("161 septets are refused", sms_encode_pdu(&sms, hex, sizeof(hex), &tpdu) == -1, "%s", hex);
	for (int i = 0; i < 71; i++)
		memcpy(sms.Text + 2 * i, "\x6c\x34", 2);
	memset(sms.Text + 142, 0, 2);
	sms.Coding = SMS_Coding_Unicode_No_Compression;
	holds("71 units are refused", sms_encode_pdu(&sms, hex, sizeof(hex), &tpdu) == -1, "%s", hex);
	memset(sms.Number, 0, 2);
	holds("no number is refused", sms_encode_pdu(&sms, hex, sizeof(hex), &tpdu) == -1, "%s", hex);
}

static void
deliver(const char *sentence, const char *from, const char *text, int part, int of)
{
	struct pdu_deliver sms = { .smsc = "+8613800100500", .from = from, .reference = 77,
				   .part = part, .of = of, .sent = 1790000000 };
	struct stored got;
	struct err err = { 0 };
	uint16_t units[PDU_UNITS];
	char hex[500];

	sms.count = pdu_utf16(units, PDU_UNITS, text);
	sms.units = units;
	for (size_t i = 0; i < sms.count; i++)
		sms.ucs2 |= pdu_gsm_code(units[i]) < 0;
	pdu_deliver_encode(hex, &sms);
	holds(sentence, sms_decode(&got, hex, &err) == 0, "%s: %s", err.text, hex);
	holds(sentence, strcmp(got.from, from) == 0, "from %s", got.from);
	holds(sentence, strcmp(got.text, text) == 0, "text %s", got.text);
	holds(sentence, got.at == (msec)1790000000 * 1000, "at %lld", (long long)got.at);
	holds(sentence, got.part == (of > 1 ? (unsigned)part : 0) &&
	      got.of == (of > 1 ? (unsigned)of : 0), "part %u/%u", got.part, got.of);
	holds(sentence, got.reference == (of > 1 ? 77 : 0), "reference %u", got.reference);
	holds(sentence, !got.is_report && !got.is_flash && !got.is_binary, "%d%d%d",
	      got.is_report, got.is_flash, got.is_binary);
	free(got.from);
	free(got.text);
}

static void
test_delivers(void **state)
{
	char gsm[1024] = "", half[200];

	all_gsm(gsm);
	memcpy(half, gsm, 150);
	while ((half[150 - 1] & 0xc0) == 0x80)	/* not within a character */
		half[149] = 'x';
	half[150] = 0;
	deliver("the whole alphabet", "+8613800138000", gsm, 1, 1);
	deliver("most of the alphabet after a header", "+8613800138000", half, 2, 3);
	deliver("an acknowledgement", "13800138000", "1", 1, 1);
	deliver("an empty text", "10086", "", 1, 1);
	deliver("a Chinese text", "+8613800138000", "收到~~,已转移~12人", 1, 1);
	deliver("a Chinese part", "106575550000", "第二段😀", 2, 2);
}

struct line_case {
	const char *sentence, *hex, *from, *text;
	unsigned reference, part, of;
	bool flash, binary;
};

/* service centre, 04 or 44, 13800138000, PID, DCS, 26-11-24 08:30:00 +8 h, UDL, user data */
#define BEGIN "0891683108100005F0"
#define FROM "0BA13108108300F0"
#define WHEN "62114280030023"

static const struct line_case line_cases[] = {
	{ "class 0 is a flash", BEGIN "04" FROM "0010" WHEN "0131", "13800138000", "1", 0, 0, 0,
	  true, false },
	{ "class 0 in UCS-2 of the group F is a flash in GSM 7 bit", BEGIN "04" FROM "00F0" WHEN "0131",
	  "13800138000", "1", 0, 0, 0, true, false },
	{ "class 1 is none", BEGIN "04" FROM "0011" WHEN "0131", "13800138000", "1", 0, 0, 0,
	  false, false },
	{ "8 bit data is a note", BEGIN "04" FROM "0004" WHEN "03010203", "13800138000",
	  "[binary message of 3 bytes]", 0, 0, 0, false, true },
	{ "8 bit data of the group F is a note", BEGIN "04" FROM "00F6" WHEN "03010203",
	  "13800138000", "[binary message of 3 bytes]", 0, 0, 0, false, true },
	{ "compressed text is a note", BEGIN "04" FROM "0028" WHEN "03010203", "13800138000",
	  "[binary message of 3 bytes]", 0, 0, 0, false, true },
	{ "a reserved group counts as GSM 7 bit", BEGIN "04" FROM "0088" WHEN "0131",
	  "13800138000", "1", 0, 0, 0, false, false },
	{ "a message to be deleted by itself keeps its alphabet", BEGIN "04" FROM "0048" WHEN "026C34",
	  "13800138000", "水", 0, 0, 0, false, false },
	{ "waiting mail in UCS-2", BEGIN "04" FROM "00E0" WHEN "026C34", "13800138000", "水", 0,
	  0, 0, false, false },
	{ "a wide reference is another reference", BEGIN "44" FROM "0008" WHEN "09060804004D02016C34",
	  "13800138000", "水", 0x1004d, 1, 2, false, false },
	{ "the joining element is found after another", BEGIN "44" FROM "0008" WHEN
	  "0E0B0504158100000003FF03026C34", "13800138000", "水", 255, 2, 3, false, false },
	{ "a part 0 is no part", BEGIN "44" FROM "0008" WHEN "080500034D02006C34", "13800138000",
	  "水", 0, 0, 0, false, false },
	{ "a joining element cut short is none", BEGIN "44" FROM "0008" WHEN "07040003FF036C34",
	  "13800138000", "水", 0, 0, 0, false, false },
	{ "half a pair stays, for the other half may be in the next part", BEGIN "04" FROM "0008" WHEN
	  "04D83D6C34", "13800138000", "\xed\xa0\xbd水", 0, 0, 0, false, false },
	{ "U+0000 does not end a text", BEGIN "04" FROM "0008" WHEN "06000000316C34", "13800138000",
	  "1水", 0, 0, 0, false, false },
	{ "a text of U+0000 is empty", BEGIN "04" FROM "0008" WHEN "020000", "13800138000", "", 0, 0, 0,
	  false, false },
	{ "an odd octet is left out", BEGIN "04" FROM "0008" WHEN "036C3400", "13800138000", "水",
	  0, 0, 0, false, false },
	{ "no service centre, small letters, blanks around",
	  " 0004" "0ba13108108300f0" "0000" WHEN "0131\r\n", "13800138000", "1", 0, 0, 0, false,
	  false },
	{ "a part in Turkish", BEGIN "44" FROM "0000" WHEN
	  "0E0800034D0201250101A0B30002", "13800138000", "şĞİ", 77, 1, 2, false, false },
	{ "Spanish, alone", BEGIN "44" FROM "0000" WHEN "0A03240102986ED29B32",
	  "13800138000", "Sí€", 0, 0, 0, false, false },
	{ "a sender with a name of seven letters", BEGIN "04" "0DD1C7F7FBCC2ECF01" "0000" WHEN "0131",
	  "Googles", "1", 0, 0, 0, false, false },
	{ "a sender with a name in a national plan", BEGIN "04" "04D96236" "0000" WHEN "0131", "bl", "1",
	  0, 0, 0, false, false },
	{ "a sender who hides", BEGIN "04" "0081" "0000" WHEN "0131", "unknown", "1", 0, 0, 0, false,
	  false },
	{ "a sender with a name", BEGIN "04" "0BD0C7F7FBCC2E03" "0000" WHEN "0131", "Google", "1",
	  0, 0, 0, false, false },
};

static void
test_lines(void **state)
{
	for (size_t i = 0; i < COUNT(line_cases); i++) {
		const struct line_case *c = &line_cases[i];
		struct stored got;
		struct err err = { 0 };

		holds(c->sentence, sms_decode(&got, c->hex, &err) == 0, "%s", err.text);
		holds(c->sentence, strcmp(got.from, c->from) == 0, "from %s", got.from);
		holds(c->sentence, strcmp(got.text, c->text) == 0, "text %s", got.text);
		holds(c->sentence, got.reference == c->reference && got.part == c->part &&
		      got.of == c->of, "%#x %u/%u", got.reference, got.part, got.of);
		holds(c->sentence, got.is_flash == c->flash && got.is_binary == c->binary,
		      "flash %d binary %d", got.is_flash, got.is_binary);
		holds(c->sentence, got.at == 1795480200000, "at %lld", (long long)got.at);
		free(got.from);
		free(got.text);
	}
}

static void
test_reports(void **state)
{
	struct stored got;
	struct err err = { 0 };
	char hex[1000];

	pdu_report_encode(hex, "+8613800100500", 200, "+8613800138000", 1790000000, 1790000007, 0x46);
	for (int tail = 0; tail < 2; tail++) {
		holds("a report", sms_decode(&got, hex, &err) == 0, "%s", err.text);
		holds("a report says which", got.is_report && got.ref == 200 && got.status == 0x46 &&
		      strcmp(got.from, "+8613800138000") == 0, "%d %u %x %s", got.is_report,
		      got.ref, got.status, got.from);
		holds("a report has no text", !got.text, "%s", got.text);
		holds("a report has the time of its delivery", got.at == (msec)1790000007 * 1000,
		      "%lld", (long long)got.at);
		free(got.from);
		strcat(hex, "FF0000D5");	/* TP-PI and what it announces: 213 septets of nothing */
	}
}

static void
test_no_times(void **state)
{
	static const char *const times[] = {
		"00000000000000", "FFFFFFFFFFFFFF", "62D5D5D5D5D5D5", "62314280030023", "62112380030023",
		"62114242030023", "62114280060023", "62114280030627", "621142800300AA", "62114280030077",
		"6A114280030023",
	};

	for (size_t i = 0; i < COUNT(times); i++) {
		struct stored got;
		char hex[200];

		snprintf(hex, sizeof(hex), BEGIN "04" FROM "0000%s0131", times[i]);
		holds(times[i], sms_decode(&got, hex, NULL) == 0, "%s", hex);
		holds(times[i], got.at == 0 && strcmp(got.text, "1") == 0, "at %lld", (long long)got.at);
		free(got.from);
		free(got.text);
		snprintf(hex, sizeof(hex), BEGIN "06C8" FROM "%s%s00", WHEN, times[i]);
		holds(times[i], sms_decode(&got, hex, NULL) == 0, "%s", hex);
		holds(times[i], got.at == 0 && got.is_report && got.ref == 200, "at %lld",
		      (long long)got.at);
		free(got.from);
		snprintf(hex, sizeof(hex), BEGIN "06C8" FROM "%s%s00", times[i], WHEN);
		holds(times[i], sms_decode(&got, hex, NULL) == 0 && got.at == 1795480200000, "%s", hex);
		free(got.from);
	}
}

static const struct {
	const char *sentence, *hex, *says;
} bad_lines[] = {
	{ "an empty line", "", "service centre" },
	{ "half an octet", BEGIN "0", "two for each octet" },
	{ "no hexadecimal digit", BEGIN "0G", "character 20" },
	{ "a SUBMIT", BEGIN "1100" FROM "0000A70131", "SUBMIT" },
	{ "an undefined type", BEGIN "07" FROM "0000" WHEN "0131", "nobody" },
	{ "a service centre longer than the line", "0C916831", "service centre" },
	{ "a service centre longer than any", "0D91683108100005F0F0F0F0F0F004", "service centre" },
	{ "a number of 21 digits", BEGIN "04" "15A1", "21 digits" },
	{ "a line that ends before TP-UDL", BEGIN "04" FROM "0000" "621142", "cut short" },
	{ "a text cut short", BEGIN "04" FROM "0008" WHEN "046C34", "cut short" },
	{ "161 septets", BEGIN "04" FROM "0000" WHEN "A1", "more than" },
	{ "a header longer than the data", BEGIN "44" FROM "0008" WHEN "02FF34", "header" },
	{ "a header in no data", BEGIN "44" FROM "0000" WHEN "00", "header" },
	{ "a report cut short", BEGIN "06" "C8" FROM "621142800300", "cut short" },
};

static void
test_bad_lines(void **state)
{
	char longest[1002];

	for (size_t i = 0; i < COUNT(bad_lines); i++) {
		struct err err = { 0 };
		struct stored got;
		int failed = sms_decode(&got, bad_lines[i].hex, &err);

		holds(bad_lines[i].sentence, failed == -1, "taken");
		holds(bad_lines[i].sentence, strstr(err.text, bad_lines[i].says), "%s", err.text);
		assert_string_equal(err.field, "pdu");
	}
	memset(longest, '0', 1000);
	longest[1000] = 0;
	assert_int_equal(sms_decode(&(struct stored){ 0 }, longest, NULL), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_submits), cmocka_unit_test(test_submit_lengths),
		cmocka_unit_test(test_no_submit), cmocka_unit_test(test_delivers),
		cmocka_unit_test(test_lines), cmocka_unit_test(test_reports),
		cmocka_unit_test(test_no_times),
		cmocka_unit_test(test_bad_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
