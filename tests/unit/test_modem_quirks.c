/* test_modem_quirks.c -- the file of models: what is laid over what, and what is refused. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "drivers/modem/quirks.c"

static int
load(struct quirks **q, const char *body, struct err *err)
{
	char path[] = "/tmp/gong-quirks-XXXXXX";
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0 && write(fd, body, strlen(body)) == (ssize_t)strlen(body));
	close(fd);
	rc = quirks_load(q, path, err);
	unlink(path);
	return rc;
}

static void
test_layers(void **state)
{
	struct quirks *q = NULL;
	struct quirk k;
	struct err err = { 0 };

	holds("a file", load(&q,
		"model \"*\" { storage = \"ME\" quiet = { 'AT^CURC=0' } }\n"
		"model \"a\" { match = 'acme.*(R2|R3)' init = { 'AT+A=\"x\",1', 'AT+B' } storage = \"SM\"\n"
		"  keys_on = 'AT+K=1' keys_prefix = '+K:' usb_ports = { 3, 0 }\n"
		"  receipts = \"none\" boot_seconds = 60 ussd_form = \"packed\" }\n"
		"model \"b\" { match = 'R3' storage = \"\\x4dT\" keys_on = '' keys_prefix = '' "
		"quiet = { '' } iccid = '' }\n", &err) == 0, "%s", err.text);

	quirks_pick(q, "Other R1 1.0", &k);
	holds("a stranger gets what is for all", !strcmp(k.name, "*") && !strcmp(k.storage, "ME") &&
	      k.quiet.count == 1 && !k.init.count && !k.keys_on, "%s %s", k.name, k.storage);
	holds("and what is built in", !strcmp(k.hangup, "AT+CHUP") && !strcmp(k.reset, "AT+CFUN=1,1") &&
	      k.boot_seconds == 30 && !strcmp(k.iccid, "AT+CCID") && !k.usb_ports_count &&
	      k.receipts == RECEIPTS_DIRECT && k.ussd_form == USSD_PLAIN, "%s", k.hangup);

	quirks_pick(q, "ACME r2 9", &k);
	holds("the pattern does not care for capitals", !strcmp(k.name, "a"), "%s", k.name);
	holds("its lines come in order", k.init.count == 2 && !strcmp(k.init.line[0], "AT+A=\"x\",1") &&
	      !strcmp(k.init.line[1], "AT+B"), "%zu", k.init.count);
	holds("what it does not say stays", k.quiet.count == 1 && !strcmp(k.quiet.line[0], "AT^CURC=0"),
	      "%zu", k.quiet.count);
	holds("words and numbers arrive", k.receipts == RECEIPTS_NONE &&
	      k.ussd_form == USSD_PACKED && k.boot_seconds == 60 && k.usb_ports_count == 2 &&
	      k.usb_ports[0] == 3 && k.usb_ports[1] == 0, "%d", k.boot_seconds);

	quirks_pick(q, "Acme R3 9", &k);
	holds("the later section wins, option by option", !strcmp(k.name, "b") &&
	      !strcmp(k.storage, "MT") && k.init.count == 2, "%s %s", k.name, k.storage);
	holds("an empty text takes back", !k.keys_on && !k.keys_prefix && !k.quiet.count && !k.iccid,
	      "%s", k.keys_on ? k.keys_on : "-");
	quirks_free(q);

	quirks_pick(NULL, "Acme R3 9", &k);
	holds("without a file there is what is built in", !strcmp(k.hangup, "AT+CHUP"), "%s", k.hangup);
	quirks_free(NULL);
}

#define M "model \"m\" {\nmatch = 'x'\n"

static const struct {
	const char *sentence, *body, *field, *says;
} bad[] = {
	{ "an unknown option", M "colour = 'red'\n}\n", "", ":3: no such option 'colour'" },
	{ "a section without a pattern", "model \"m\" {\n}\n", "match", "which modems" },
	{ "a pattern in the section for all", "model \"*\" { match = 'x' }\n", "match", "for all" },
	{ "a pattern that is none", "model \"m\" { match = '(' }\n", "match", "no pattern" },
	{ "the same model twice", M "}\n" M "}\n", "", ":4: model \"m\" stands here a second time" },
	{ "a command without AT", M "reset = 'CFUN=1,1'\n}\n", "reset", "with its AT" },
	{ "a line of a list without AT", M "init = { 'ATE0', 'E1' }\n}\n", "init", "'E1'" },
	{ "two lines in one", M "hangup = 'ATH\n'\n}\n", "hangup", "printable ASCII" },
	{ "a storage that is none", M "storage = 'SIM'\n}\n", "storage", "SM, ME, MT" },
	{ "a word that is none", M "ussd_form = 'hex'\n}\n", "ussd_form", "plain, ucs2" },
	{ "words to say without a place", M "say = 'AT+QTTS=1'\n}\n", "say", "{ucs2} or {text}" },
	{ "seconds out of range", M "boot_seconds = 601\n}\n", "boot_seconds", "1 to 600" },
	{ "seconds that are no number", M "boot_seconds = soon\n}\n", "boot_seconds", ":3: " },
	{ "seconds in hex", M "boot_seconds = 0x10\n}\n", "boot_seconds", "1 to 600" },
	{ "a port out of range", M "usb_ports = { 2, 32 }\n}\n", "usb_ports", "0 to 31" },
	{ "a command without its pattern", M "temperature = 'AT+T'\n}\n", "temperature_pattern",
	  "how is its answer read" },
	{ "a pattern without its command", M "pin_retries_pattern = '([0-9])'\n}\n", "pin_retries",
	  "missing beside" },
	{ "a pattern without a group", M "temperature = 'AT+T' temperature_pattern = '[0-9]+'\n}\n",
	  "temperature_pattern", "no group" },
	{ "keys that nothing tells", M "keys_on = 'AT+K=1'\n}\n", "keys_prefix", "missing" },
	{ "too many lines", M "init = {'AT1','AT2','AT3','AT4','AT5','AT6','AT7','AT8','AT9','AT1','AT1',"
	  "'AT1','AT1','AT1','AT1','AT1','AT1'}\n}\n", "init", "more than 16" },
	{ "a file in GBK", M "}\n# \xd3\xea\n", "", ":4: from here on the file is GBK" },
	{ "a file cut short", M "reset = 'AT+CFUN=1,1'\n", "", "complete" },
};

static void
test_refused(void **state)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct quirks *q = NULL;
		struct err err = { 0 };
		int rc = load(&q, bad[i].body, &err);

		holds(bad[i].sentence, rc == -1 && !q, "taken");
		holds(bad[i].sentence, strstr(err.text, bad[i].says), "%s", err.text);
		holds(bad[i].sentence, strncmp(err.text, "/tmp/gong-quirks-", 17) == 0, "%s", err.text);
		holds(bad[i].sentence, strcmp(err.field, bad[i].field) == 0, "field %s", err.field);
	}
}

static void
test_no_file(void **state)
{
	struct quirks *q = NULL;
	struct err err = { 0 };

	holds("a file that is not there", quirks_load(&q, "/nonexistent/modems.conf", &err) == -1 &&
	      strstr(err.text, "No such file"), "%s", err.text);
	holds("what an editor leaves is healed", load(&q, "\xef\xbb\xbfmodel “m” ｛\r\nmatch ＝ ‘x’\r\n｝\r\n", &err) == 0 &&
	      q->count == 1, "%s", err.text);
	quirks_free(q);
	holds("an empty file names no model", load(&q, "# nothing\n", &err) == 0, "%s", err.text);
	quirks_free(q);
}

static const struct {
	const char *identity, *name, *iccid, *keys_prefix;
	int port;			/* the best; -1 = by asking */
} shipped[] = {
	{ "Quectel EC20F EC20CEFILGR06A07M1G", "Quectel LTE", "AT+QCCID", "+QTONEDET:", 2 },
	{ "Quectel EG25 EG25GGBR07A08M2G", "Quectel LTE", "AT+QCCID", "+QTONEDET:", 2 },
	{ "Quectel_Ltd Quectel_M35 M35FAR01A05", "Quectel M35", "AT+QCCID", NULL, -1 },
	{ "SIMCOM_Ltd SIMCOM_SIM800L Revision:1418B05SIM800L24", "SIMCom SIM800", "AT+CCID", "+DTMF:", -1 },
	{ "SIMCOM INCORPORATED SIMCOM_SIM7600CE LE11B12SIM7600M22", "SIMCom SIM7600", "AT+CICCID",
	  "+DTMF:", 2 },
	{ "huawei E173 11.126.85.00.209", "Huawei", "AT^ICCID?", NULL, -1 },
	{ "Huawei Technologies Co., Ltd. ME909s-821 11.617.04.00.00", "Huawei ME909", "AT^ICCID?", NULL,
	  -1 },
	{ "ZTE CORPORATION MF190 BD_P673A2V1.0.0B09", "ZTE MF190", "AT+ZGETICCID", NULL, 2 },
	{ "ZTE INCORPORATED MF626 BD_MF626V1.0.0B06", "ZTE", "AT+ZGETICCID", NULL, -1 },
	{ "Sierra Wireless, Incorporated MC7455 SWI9X30C", "Sierra Wireless", "AT!ICCID?", NULL, 3 },
	{ "Wavecom WISMO 1.0", "*", "AT+CCID", NULL, -1 },
};

static void
test_shipped(void **state)
{
	struct quirks *q = NULL;
	struct quirk k;
	struct err err = { 0 };

	holds("config/modems.conf", quirks_load(&q, "config/modems.conf", &err) == 0, "%s", err.text);
	for (size_t i = 0; i < COUNT(shipped); i++) {
		quirks_pick(q, shipped[i].identity, &k);
		holds(shipped[i].identity, !strcmp(k.name, shipped[i].name), "%s", k.name);
		holds(shipped[i].identity, !strcmp(k.iccid, shipped[i].iccid), "%s", k.iccid);
		holds(shipped[i].identity, shipped[i].keys_prefix ? k.keys_prefix &&
		      !strcmp(k.keys_prefix, shipped[i].keys_prefix) : !k.keys_prefix, "%s",
		      k.keys_prefix ? k.keys_prefix : "-");
		holds(shipped[i].identity, (k.usb_ports_count ? k.usb_ports[0] : -1) == shipped[i].port,
		      "%zu ports", k.usb_ports_count);
	}
	quirks_free(q);
}

static const struct {
	const char *identity, *temperature, *retries;	/* answers */
	const char *degrees, *left;
} answers[] = {
	{ "Quectel EC20", "+QTEMP: 36,35,36", "+QPINC: \"SC\",3,10", "36", "3" },
	{ "Quectel EG25", "+QTEMP: \"-7\"", "+QPINC: \"SC\", 1, 10", "-7", "1" },
	{ "SIMCOM SIM7600CE", "+CPMUTEMP: -4", "+CPINR: SIM PIN,2", "-4", "2" },
	{ "huawei ME909", "^CHIPTEMP: 41,65535", "^CPIN: SIM PIN,3,10,2,10,3", "41", "2" },
	{ "huawei ME909", "^CHIPTEMP: 41", "^CPIN: READY,,10,3,10,3", "41", "3" },
	{ "Wavecom", NULL, "+CPINR: \"SIM PIN\",1,3", NULL, "1" },
};

static void
check_group(const char *identity, const char *pattern, const char *answer, const char *group)
{
	regmatch_t at[2];
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_ICASE), 0);
	holds(identity, regexec(&re, answer, 2, at, 0) == 0, "%s does not find %s", pattern, answer);
	holds(identity, (size_t)(at[1].rm_eo - at[1].rm_so) == strlen(group) &&
	      !strncmp(answer + at[1].rm_so, group, strlen(group)), "%s in %s", pattern, answer);
	regfree(&re);
}

static void
test_shipped_patterns(void **state)
{
	struct quirks *q = NULL;
	struct quirk k;

	assert_int_equal(quirks_load(&q, "config/modems.conf", NULL), 0);
	for (size_t i = 0; i < COUNT(answers); i++) {
		quirks_pick(q, answers[i].identity, &k);
		if (answers[i].temperature)
			check_group(answers[i].identity, k.temperature_pattern, answers[i].temperature,
				    answers[i].degrees);
		check_group(answers[i].identity, k.pin_retries_pattern, answers[i].retries,
			    answers[i].left);
	}
	quirks_free(q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layers), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_file), cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_shipped_patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
