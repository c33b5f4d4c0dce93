/* test_spoilt.c -- a corpus of configuration files as people and their editors spoil them.  Each is refused
 * with its line and a word of the remedy, in both languages, or read as it was meant, and told so. */
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "daemon/settings/settings.h"

#define BYTES(text) text, sizeof(text) - 1
#define HEAD "state_dir = \"state\"\nroles = \"roles.conf\"\ntemplates = {\"t\"}\npolicies = {\"p\"}\n"
#define CONF(rest) "gong.conf", BYTES(HEAD rest)
#define TEMPLATE "template \"a\" {\n\tparam \"mm\" { type = number }\n\tanswer \"1\" { outcome = acknowledged level = 3 }\n"
#define SMS(text) "t/a.conf", BYTES(TEMPLATE "\ttext \"zh\" { sms = \"" text "\" }\n}\n")
#define STEP(rest) "p/a.conf", BYTES("policy \"a\" {\n\tstep \"one\" {\n\t\t" rest "\n\t}\n}\n")
#define SOURCE(rest) CONF("source \"s\" {\n\t" rest "\n}\n")
#define FULL "rules = \"r.conf\" token_file = \"token\""
/* Its line is the third. */
#define RULE(rest) "r.conf", BYTES("read { label \"z\" { at = \"/z\" } }\nrule \"r\" {\n\t" rest "\n}\n")
#define THEN(rest) RULE("then { template = a areas = true " rest " }")
#define TEST(rest) "r.conf", BYTES("read { }\nrule \"r\" { then { template = a areas = true param \"mm\" { value = \"1\" } } }\ntest \"t\" { " rest " }\n")

/* 雨, 值班 and 签名 in GBK. */
#define GBK_RAIN "\xd3\xea"
#define GBK_DUTY "\xd6\xb5\xb0\xe0"
#define GBK_SIGN "\xc7\xa9\xc3\xfb"

static const struct { const char *name, *body; } site[] = {
	{ "gong.conf", HEAD "site { signature_zh = \"【县】\" }\nsource \"s\" { format = json " FULL " }\n" },
	{ "r.conf", "read { }\nrule \"r\" { then { template = a areas = true param \"mm\" { value = \"1\" } } }\n" },
	{ "token", "of-a-system-somewhere\n" }, { "short", "0123456789\n" },
	{ "roles.conf", "role \"chief\" { zh = \"支书\" en = \"Chief\" }\n" },
	{ "t/a.conf", TEMPLATE "\ttext \"zh\" { sms = \"{{mm}}毫米,收到回复1\" }\n}\n" },
	{ "p/a.conf", "policy \"a\" {\n\tstep \"one\" { after = \"0s\" to = {chief} }\n}\n" },
};

struct spoilt {
	const char *sentence, *file, *bytes;
	size_t len;
	unsigned line;			/* 0: the word says it */
	const char *word;		/* of the English sentence */
};

static const struct spoilt refused[] = {
	/* how it is coded */
	{ "a gong.conf in GBK", CONF("site { signature_zh = \"" GBK_SIGN "\" }\n"), 5, "iconv -f GB18030" },
	{ "a roles.conf in GBK", "roles.conf", BYTES("role \"chief\" { en = \"Chief\"\n\tzh = \"" GBK_DUTY "\" }\n"), 2, "GBK" },
	{ "a policy in GBK", "p/a.conf", BYTES("policy \"a\" { title = \"" GBK_RAIN "\"\n\tstep \"s\" { to = {chief} }\n}\n"), 1, "GBK" },
	{ "a template in GBK", SMS(GBK_RAIN "{{mm}}"), 4, "GBK" },
	{ "a comment in GBK", CONF("# ok\n# " GBK_DUTY "\n"), 6, "GBK" },
	{ "one line of GBK in UTF-8", SMS("雨{{mm}}\" voice = \"" GBK_RAIN GBK_SIGN), 4, "GBK" },
	{ "half a character at the end", CONF("# \xe9\n"), 5, "neither UTF-8 nor GBK" },
	{ "a lone surrogate", SMS("\xed\xa0\xbd{{mm}}"), 4, "UTF-8" },
	{ "a character that was lost before", SMS("暴\xef\xbf\xbd{{mm}}"), 4, "U+FFFD" },
	{ "a code that is no character", SMS("暴\xef\xbf\xbf{{mm}}"), 4, "lost" },
	{ "UTF-16 of Notepad", "gong.conf", BYTES("\xff\xfes\0i\0t\0e\0 \0{\0}\0"), 1, "iconv -f UTF-16" },
	{ "UTF-16 the other way round", "p/a.conf", BYTES("\xfe\xff\0p\0o\0l"), 1, "UTF-16" },
	{ "UTF-16 without its mark", "roles.conf", BYTES("r\0o\0l\0e\0"), 1, "UTF-16" },
	{ "a NUL", CONF("site {\n\tname_zh = \"a\0b\"\n}\n"), 6, "NUL" },
	{ "a control character", SMS("暴\x01雨{{mm}}"), 4, "control character" },
	/* how it is written */
	{ "curly at one end only", CONF("site {\n\tname_zh = \"青石”\n\tarea_code = \"571\"\n}\n"), 6, "both ends" },
	{ "a curly quote that is never closed", CONF("site {\n\tname_zh = “青石\n}\n"), 6, "both ends" },
	{ "a quote that is never closed", CONF("site {\n\tname_zh = \"青石\n}\n"), 6, "never closed" },
	{ "a comment that is never closed", CONF("/* routes\nsite { }\n"), 5, "never closed" },
	{ "a brace that is never closed", CONF("site {\n\tcountry = \"86\"\n"), 5, "never closed" },
	{ "a brace too many", CONF("site { }\n}\n"), 6, "closes nothing" },
	{ "an = that is missing", CONF("site {\n\tcountry \"86\"\n}\n"), 6, "= is missing" },
	{ "a section without a name", CONF("route {\n}\n"), 5, "needs a name" },
	{ "a comma that is missing", STEP("to = {chief duty}"), 3, "not expected" },
	{ "a variable in one brace", SMS("{mm}毫米"), 4, "two: {{name}}" },
	{ "a variable in one wide brace", SMS("｛mm｝毫米"), 4, "two: {{name}}" },
	/* what it says */
	{ "an option twice", CONF("site {\n\tcountry = \"86\"\n\tcountry = \"999\"\n}\n"), 7, "first in line 6" },
	{ "a section twice", CONF("site { }\nlisten { }\nsite { country = \"999\" }\n"), 7, "first in line 5" },
	{ "a route twice", CONF("route \"r\" { driver = d }\nroute \"r\" { driver = e }\n"), 6, "first in line 5" },
	{ "a slip in an option", CONF("site {\n\tcuontry = \"86\"\n}\n"), 6, "did you mean \"country\"" },
	{ "a slip in a section", CONF("roote \"r\" { }\n"), 5, "did you mean \"route\"" },
	{ "a slip in a role", STEP("to = {cheif}"), 2, "did you mean \"chief\"" },
	{ "a slip in a template", STEP("to = {chief} template = \"aa.b\""), 2, "template" },
	{ "an option of nothing", CONF("weather = \"good\"\n"), 5, "no option or section \"weather\"" },
	{ "an option of a section outside of it", CONF("country = \"86\"\n"), 5, "section site" },
	{ "a role in gong.conf", CONF("role \"chief\" { }\n"), 5, "roles.conf" },
	{ "a policy in gong.conf", CONF("policy \"b\" { }\n"), 5, "policies folder" },
	{ "a template among the policies", "p/a.conf", BYTES("template \"a\" { }\n"), 1, "templates folder" },
	{ "a route in roles.conf", "roles.conf", BYTES("role \"chief\" { }\nroute \"r\" { }\n"), 2, "gong.conf" },
	{ "a roles.conf with nothing in it", "roles.conf", BYTES("# none yet\n"), 1, "no role" },
	{ "a boolean that is none", CONF("route \"r\" { driver = d\n\tbackup = 是\n}\n"), 6, "true" },
	{ "a duration in words", STEP("after = \"90秒\""), 3, "written \"90s\"" },
	{ "a duration without its unit", STEP("after = \"90\""), 3, "written \"90s\"" },
	{ "a duration of two units", STEP("after = \"1h30m\""), 3, "written \"90s\"" },
	{ "a percentage for a rate", CONF("route \"r\" { driver = d\n\trate = 50%\n}\n"), 6, "0.001 to" },
	{ "a country with a letter", CONF("site { country = \"999x\" }\n"), 5, "86 for China" },
	{ "a country in words", CONF("site { country = \"Qingshi\" }\n"), 5, "86 for China" },
	{ "a country that is an area code", CONF("site { country = \"0571\" }\n"), 5, "86 for China" },
	{ "more digits than a country has", CONF("site { country = \"8613\" }\n"), 5, "86 for China" },
	{ "digits behind a whole country code", CONF("site { country = \"861\" }\n"), 5, "86 for China" },
	{ "an area code with a dash", CONF("site { area_code = \"0571-\" }\n"), 5, "571 for 0571" },
	{ "an area code of zeros", CONF("site { area_code = \"00571\" }\n"), 5, "571 for 0571" },
	{ "an area code in words", CONF("site { area_code = \"杭州\" }\n"), 5, "571 for 0571" },
	{ "a variable that the environment lacks", CONF("route \"r\" { driver = d\n\toption \"key\" {\n\t\tvalue = \"${GONG_NO_KEY}\"\n\t}\n}\n"),
	  7, "no variable GONG_NO_KEY" },
	{ "a simulator that is not said to be one", CONF("route \"r\" {\n\tdriver = \"gong-sim\"\n}\n"), 5, "simulation" },
	{ "a route without channels", CONF("route \"r\" {\n\tdriver = d\n\tchannels = {}\n}\n"), 5, "channels = {sms}" },
	/* what a source's section says */
	{ "a source with a blank in its name", CONF("source \"a b\" { }\n"), 5, "40 letters" },
	{ "a format of nobody", SOURCE("format = xml " FULL), 5, "one of: json" },
	{ "a way of no token", SOURCE("format = json by = {cookie} " FULL), 5, "bearer, basic" },
	{ "no way at all", SOURCE("format = json by = {} " FULL), 5, "by = {bearer}" },
	{ "a source without a token", SOURCE("format = json rules = \"r.conf\""), 5, "no token_file" },
	{ "a token that is too short", SOURCE("format = json rules = \"r.conf\" token_file = \"short\""), 5, "16 characters" },
	{ "a severity of nobody", SOURCE("format = json up_to = purple " FULL), 5, "yellow, orange" },
	{ "a trust of nobody", SOURCE("format = json trust = maybe " FULL), 5, "send, hold or note" },
	{ "a source's place that is none", SOURCE("format = json divisions = {99} " FULL), 5, "divisions: " },
	{ "a source without rules", SOURCE("format = json token_file = \"token\""), 5, "has no rules" },
	{ "a map that nobody reads", SOURCE("format = alertmanager " FULL), 5, "leave it away" },
	{ "refs of no source", SOURCE("format = json shares_refs = {t} " FULL), 5, "no such source" },
	{ "a rule in gong.conf", CONF("rule \"r\" { }\n"), 5, "rules file" },
	/* what its rules say */
	{ "a rules file in GBK", RULE("group = \"" GBK_RAIN "\""), 3, "iconv -f GB18030" },
	{ "rules that are never closed", "r.conf", BYTES("read { }\nrule \"r\" {\n"), 2, "never closed" },
	{ "a rule twice", "r.conf", BYTES("rule \"r\" { }\nrule \"r\" { }\n"), 2, "first in line 1" },
	{ "a slip in a rule", RULE("thn { }"), 3, "did you mean \"then\"" },
	{ "a template outside of then", RULE("template = a"), 3, "section then" },
	{ "a source among the rules", "r.conf", BYTES("source \"s\" { }\n"), 1, "gong.conf itself" },
	{ "no rule", "r.conf", BYTES("read { }\n"), 1, "0 rules" },
	{ "rules without a map", "r.conf", BYTES("rule \"r\" { then { template = a areas = true param \"mm\" { value = \"1\" } } }\n"), 0, "gong.conf:6: source \"s\": " },
	{ "a rule with blanks in its name", "r.conf", BYTES("rule \"over the line\" { }\n"), 1, "40 letters" },
	{ "a rule of a reserved name", "r.conf", BYTES("rule \"ignored\" { }\n"), 1, "otherwise" },
	{ "a rule that does nothing", RULE("for = 10m"), 2, "add then" },
	{ "a rule's trust of nobody", RULE("trust = maybe then { }"), 2, "send, hold or note" },
	{ "a gap without a wait", RULE("gap = 1m then { }"), 2, "add for" },
	{ "a wait that nobody can watch", RULE("for = 10m then { template = a areas = true param \"mm\" { value = \"1\" } }"), 0, "gong.conf:6: source \"s\", rule \"r\": " },
	{ "a severity from nowhere", RULE("when { severity_from = purple } then { }"), 3, "yellow, orange" },
	{ "a place that is none", RULE("when { within = {99} } then { }"), 3, "within" },
	{ "a label that asks for nothing", RULE("when { label \"z\" { } } then { }"), 3, "add equals" },
	{ "a number in words", RULE("when { label \"z\" { above = high } } then { }"), 3, "no number" },
	{ "then without a template", RULE("then { areas = true }"), 3, "add template" },
	{ "a template that is not there", RULE("then { template = b areas = true }"), 3, "templates folder" },
	{ "a policy that is not there", THEN("policy = b"), 3, "policies folder" },
	{ "a role that is not there", THEN("roles = {cheif}"), 3, "see roles.conf" },
	{ "a rule that tells nobody", RULE("then { template = a }"), 3, "areas = true" },
	{ "a mode of nobody", THEN("mode = maybe"), 3, "real, drill or test" },
	{ "a parameter from nowhere", THEN("param \"mm\" { }"), 3, "value, label" },
	{ "a parameter that the template lacks", THEN("param \"cm\" { value = 1 }"), 3, "no such parameter" },
	{ "a text that no signal has", THEN("param \"mm\" { text = title }"), 3, "headline" },
	{ "an end without its template", RULE("then { template = a areas = true param \"mm\" { value = \"1\" } } end { template = b }"), 2, "nobody is told" },
	{ "a test without its sample", TEST("expect = r"), 3, "needs sample" },
	{ "a test of no rule", TEST("sample = s expect = q"), 3, "no rule \"q\"" },
	/* what is left of the example */
	{ "CHANGE ME", CONF("route \"r\" { driver = d\n\toption \"key\" { value = \"CHANGE ME\" }\n}\n"), 6, "left over" },
	{ "the example's secret", CONF("route \"r\" { driver = d\n\tcallback_secret = \"change-me-to-something-unguessable\"\n}\n"), 6, "left over" },
	{ "the example's provider", CONF("route \"r\" { driver = d\n\tconfig = '{\"url\":\"https://sms.example.invalid/send\"}'\n}\n"), 6, "left over" },
	{ "the example's modem", CONF("route \"r\" { driver = d\n\toption \"device\" { value = \"/dev/serial/by-id/usb-Example_Modem_1-if00\" }\n}\n"), 6, "left over" },
	{ "the example's number", CONF("route \"r\" { driver = d\n\tcanary { every = \"6h\" to = \"+8613800000000\" }\n}\n"), 6, "left over" },
	{ "the example's token", CONF("client \"c\" {\n\ttoken_sha256 = \"0000000000000000000000000000000000000000000000000000000000000000\"\n}\n"), 6, "left over" },
};

/* `word` is of the note; `line` its line. */
static const struct spoilt healed[] = {
	{ "a byte order mark", "gong.conf", BYTES("\xef\xbb\xbf" HEAD), 1, "byte order mark" },
	{ "lines of Windows", "roles.conf", BYTES("role \"chief\" { zh = \"支书\"\r\n\ten = \"Chief\" }\r\n"), 1, "CR LF" },
	{ "curly quotes", CONF("site { name_zh = “青石县”\n}\n"), 5, "typographic quotes" },
	{ "curly single quotes", CONF("site { name_zh = ‘青石县’\n}\n"), 5, "typographic quotes" },
	{ "wide quotes", CONF("site { name_zh = ＂青石县＂\n}\n"), 5, "typographic quotes" },
	{ "a wide equal sign", CONF("site {\n\tcountry ＝ \"86\"\n}\n"), 6, "full-width" },
	{ "wide braces", CONF("site ｛ country = \"86\" ｝\n"), 5, "full-width" },
	{ "a wide comma", STEP("to = {chief，chief}"), 3, "full-width" },
	{ "a Chinese comma", STEP("to = {chief、chief}"), 3, "full-width" },
	{ "a wide blank", CONF("site {\n　country = \"86\"\n}\n"), 6, "full-width" },
	{ "wide digits", CONF("listen {\n\tport = ８０３５\n}\n"), 6, "full-width" },
	{ "a wide semicolon", CONF("site {\n\tcountry = \"86\"；\n}\n"), 6, "full-width" },
	{ "a semicolon", CONF("site {\n\tcountry = 86;\n}\n"), 6, "a ; ends" },
	{ "a wide comment", CONF("＃ 说明 { \n"), 5, "full-width" },
	{ "a blank that nobody sees", CONF("site {\n\tcountry = \"86\xe2\x80\x8b\"\n}\n"), 6, "invisible" },
	{ "wide braces of a variable", SMS("｛｛mm｝｝毫米"), 4, "{{name}}" },
	{ "one wide brace of a variable", SMS("{{mm}｝毫米"), 4, "{{name}}" },
	{ "a variable in wide letters", SMS("{{ｍｍ}}毫米"), 4, "{{name}}" },
	{ "curly quotes in a rules file", RULE("group = “r”\n\tthen { template = a areas = true param \"mm\" { value = \"1\" } }"), 3, "typographic quotes" },
	{ "full-width signs in a rules file", RULE("then ｛ template ＝ a areas ＝ true param \"mm\" { value = \"1\" } ｝"), 3, "full-width" },
	{ "an area code with its 0", CONF("site { area_code = \"0571\" }\n"), 5, "read as 571" },
	{ "+86", CONF("site { country = \"+86\" }\n"), 5, "read as 86" },
	{ "0086", CONF("site { country = \"0086\" }\n"), 5, "read as 86" },
	{ "00999", CONF("site { country = \"00999\" }\n"), 5, "read as 999" },
	{ "CN", CONF("site { country = \"CN\" }\n"), 5, "read as 86" },
	{ "中国", CONF("site { country = \"中国\" }\n"), 5, "read as 86" },
	{ "a name that Windows gave", "p/call.conf.txt", BYTES("policy \"b\" { }\n"), 0, "rename it" },
};

static char folder[] = "/tmp/gong-spoilt-XXXXXX";

static void
put(const char *name, const char *bytes, size_t len)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fwrite(bytes, 1, len, f);
	fclose(f);
}

struct heard {
	char text[LANG_COUNT][1024];	/* of the first */
	size_t faults, notes;
};

static void
hear(void *ctx, bool fault, const struct said *said)
{
	struct heard *h = ctx;

	for (int lang = 0; !h->faults && !h->notes && lang < LANG_COUNT; lang++)
		said_render(said, (enum lang)lang, h->text[lang], sizeof(h->text[lang]));
	*(fault ? &h->faults : &h->notes) += 1;
}

/* 0 or -1, and what was heard; the spoilt file is gone again. */
static int
load(const struct spoilt *spoilt, struct heard *heard, struct settings **s)
{
	struct settings_listener listener = { hear, heard };
	char path[300];
	int rc;

	*heard = (struct heard){ .faults = 0 };
	for (size_t i = 0; i < COUNT(site); i++)
		put(site[i].name, site[i].body, strlen(site[i].body));
	put(spoilt->file, spoilt->bytes, spoilt->len);
	snprintf(path, sizeof(path), "%s/gong.conf", folder);
	rc = settings_load(s, path, &listener, NULL);
	snprintf(path, sizeof(path), "%s/%s", folder, spoilt->file);
	unlink(path);
	return rc;
}

/* "…/FILE:LINE:" in English, "…/FILE 第LINE行" in Chinese. */
static void
check_place(const struct spoilt *spoilt, const struct heard *h)
{
	char en[100], zh[100];

	snprintf(en, sizeof(en), "/%s:%u: ", spoilt->file, spoilt->line);
	snprintf(zh, sizeof(zh), "/%s 第%u行:", spoilt->file, spoilt->line);
	holds(spoilt->sentence, strstr(h->text[LANG_EN], spoilt->word), "\"%s\"", h->text[LANG_EN]);
	if (!spoilt->line)
		return;
	holds(spoilt->sentence, strstr(h->text[LANG_EN], en), "\"%s\" is not at \"%s\"", h->text[LANG_EN], en);
	holds(spoilt->sentence, strstr(h->text[LANG_ZH], zh), "\"%s\" is not at \"%s\"", h->text[LANG_ZH], zh);
}

static void
what_cannot_be_meant_is_refused_with_its_line(void **state)
{
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct settings *s = NULL;
		struct heard h;

		holds(refused[i].sentence, load(&refused[i], &h, &s) < 0 && !s && h.faults == 1, "%zu faults",
		      h.faults);
		check_place(&refused[i], &h);
	}
}

static void
what_can_only_mean_one_thing_is_read_and_told(void **state)
{
	for (size_t i = 0; i < COUNT(healed); i++) {
		struct settings *s = NULL;
		struct heard h;

		holds(healed[i].sentence, load(&healed[i], &h, &s) == 0 && s, "\"%s\"", h.text[LANG_EN]);
		holds(healed[i].sentence, h.notes == 1 && !h.faults, "%zu notes, %zu faults", h.notes, h.faults);
		check_place(&healed[i], &h);
		holds(healed[i].sentence, s->phone_plan.country[0] != '+' && s->listen_port == 8035, "read in half");
		settings_unref(s);
	}
}

static void
folders_with_nothing_in_them_are_refused(void **state)
{
	static const struct spoilt cases[] = {
		{ "no policy", "gong.conf", BYTES("roles = \"roles.conf\"\ntemplates = {\"t\"}\npolicies = {\"e\"}\n"), 3, "no policy is in e" },
		{ "no template", "gong.conf", BYTES("roles = \"roles.conf\"\ntemplates = {\"e\"}\npolicies = {\"p\"}\n"), 2, "no template is in e" },
	};
	char path[300];

	snprintf(path, sizeof(path), "%s/e", folder);
	mkdir(path, 0700);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct settings *s = NULL;
		struct heard h;

		holds(cases[i].sentence, load(&cases[i], &h, &s) < 0, "was taken");
		check_place(&cases[i], &h);
	}
}

/* What is written as it should be is read as it is: no note, and nothing inside a text is touched. */
static void
texts_stay_as_they_are(void **state)
{
	static const struct spoilt fine = { "a text of full-width signs", SMS("雨，“大”；｛甲｝＝{{mm}}毫米！＃1"), 0, "" };
	struct settings *s;
	struct heard h;
	struct buf out = { 0 };

	holds(fine.sentence, load(&fine, &h, &s) == 0 && !h.notes, "\"%s\"", h.text[LANG_EN]);
	template_worst(settings_template(s, "a"), settings_template(s, "a")->texts[LANG_ZH].sms, LANG_ZH, &out);
	holds(fine.sentence, strncmp(out.data, "雨，“大”；｛甲｝＝9", strlen("雨，“大”；｛甲｝＝9")) == 0, "\"%s\"", out.data);
	buf_fini(&out);
	settings_unref(s);
}

static int
make_folder(void **state)
{
	char path[300];

	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/t", folder);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/p", folder);
	return mkdir(path, 0700);
}

static int
remove_folder(void **state)
{
	return unit_remove(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_meant_is_refused_with_its_line),
		cmocka_unit_test(what_can_only_mean_one_thing_is_read_and_told),
		cmocka_unit_test(folders_with_nothing_in_them_are_refused),
		cmocka_unit_test(texts_stay_as_they_are),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
