/* test_lint.c -- the rules about a template's words: one bad text a rule, and no fault in what is shipped. */
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "core/lint_scan.h"
#include "daemon/settings/lint.h"
#include "files/read.h"

static char folder[] = "/tmp/gong-lint-XXXXXX";

static void
put(const char *name, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int
make_folder(void **state)
{
	char here[200], path[300], conf[1200];

	if (!mkdtemp(folder) || !getcwd(here, sizeof(here)))
		return -1;
	snprintf(path, sizeof(path), "%s/own", folder);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/ladders", folder);
	mkdir(path, 0700);
	snprintf(conf, sizeof(conf), "state_dir = \"state\"\nroles = \"%s/config/roles.conf\"\n"
		 "templates = {\"%s/templates\", \"own\"}\npolicies = {\"%s/config/policies\", \"ladders\"}\n"
		 "kinds = {\"%s/config/kinds.conf\"}\n"
		 "site {\n\tsignature_zh = \"【青石县应急】\"\n\tsignature_en = \"QSX EOC: \"\n}\n",
		 here, here, here, here);
	put("gong.conf", conf);
	return 0;
}

static int
remove_folder(void **state)
{
	return unit_remove(folder);
}

/* -- one bad text a rule -- */

struct heard {
	struct buf text;
	size_t errors, warnings;
};

static void
hear(void *ctx, const struct text_finding *f)
{
	struct heard *h = ctx;

	text_finding_render(f, LANG_EN, &h->text);
	h->errors += f->what.misleads;
	h->warnings += !f->what.misleads;
}

static struct settings *
load(void)
{
	struct settings *s;
	struct err err = { .text = "" };
	char path[300];

	snprintf(path, sizeof(path), "%s/gong.conf", folder);
	if (settings_load(&s, path, NULL, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

/* The shipped rain warning under another name, with `from` changed to `to` wherever it stands. */
static void
write_own(const char *from, const char *to)
{
	char *body = file_read("templates/warn.rain.conf", 100000, NULL, NULL), *p = body;
	struct buf out = { 0 };

	assert_non_null(body);
	assert_non_null(strstr(body, from));
	while (*p) {
		if (strncmp(p, from, strlen(from)) == 0) {
			buf_puts(&out, to);
			p += strlen(from);
		} else if (strncmp(p, "\"warn.rain\"", 11) == 0) {
			buf_puts(&out, "\"own.rain\"");
			p += 11;
		} else {
			buf_add(&out, p++, 1);
		}
	}
	put("own/rain.conf", out.data);
	buf_fini(&out);
	free(body);
}

static const struct { const char *sentence, *from, *to, *where, *says; bool misleads; } rules[] = {
	{ "a second digit of an English list is seen, too", "Reply 1, or 0 if away", "Reply 1, 4 if away",
	  "own.rain, en, sms", "asks for 4, which is not in the answer map", true },
	{ "full-width digits are digits", "收到回复1，不在村回复0", "收到回复１，不在村回复４", "own.rain, zh, sms",
	  "asks for 4", true },
	{ "N is an opt-out", "收到回复1，不在村回复0", "收到回复1，不在村回复N", "own.rain, zh, sms",
	  "asks for N, which carriers take", true },
	{ "so is TD in English", "Reply 1, or 0 if away", "Reply 1. Reply TD if away", "own.rain, en, sms",
	  "asks for TD", true },
	{ "0 is cannot", "answer \"0\" { outcome = cannot level = 0 }",
	  "answer \"0\" { outcome = acknowledged level = 3 }", "own.rain:", "\"0\" means cannot", true },
	{ "9 is help", "answer \"9\" { outcome = help level = 0 }", "answer \"9\" { outcome = done level = 5 }",
	  "own.rain:", "\"9\" means help", true },
	{ "what it asks for must satisfy its ladder", "\"call.red\", \"call.orange\"", "\"move.now\"",
	  "own.rain, zh, sms", "policy move.now wants level 5, but the answers this text asks for give 3", true },
	{ "the constant text, too", "做好转移准备。收到请回复1，不在村请回复0。\"", "做好转移准备。不在村请回复0。\"",
	  "own.rain, zh, constant", "policy call.red wants level 3", true },
	{ "a ladder that calls wants a voice text", "\t\tvoice = ", "\t\t# voice = ", "own.rain:",
	  "policy call.red calls with it", false },
	{ "a call says first who speaks", "这里是{{office}}。暴雨", "暴雨", "own.rain, zh, voice", "who speaks", false },
	{ "in English as well", "This is the {{office}}. Rain", "Rain", "own.rain, en, voice", "who speaks", false },
	{ "the hazard is named", "RAIN WARNING", "WARNING", "own.rain, en, sms", "does not name the hazard", false },
	{ "in the constant text as well", "暴雨预警：请马上", "请马上", "own.rain, zh, constant", "does not name the hazard",
	  false },
	{ "no place twice", "{{place}}未来{{hours}}小时雨量", "{{place}}未来{{hours}}小时{{place}}雨量", "own.rain, zh, sms",
	  "says place twice", false },
	{ "no values side by side", "{{mm}} mm in {{hours}} h", "{{mm}} {{hours}}", "own.rain, en, sms",
	  "right before hours", false },
	{ "no link", "准备转移。收到", "看http://a.cn。收到", "own.rain, zh, sms", "link", false },
	{ "one part where somebody must act", "快去看山边河边住户", "快去看山边、河边、沟口、低处的每一家住户",
	  "own.rain, zh, sms", "2 parts", false },
	{ "English without costly signs", "Check homes by", "Check homes – by", "own.rain, en, sms", "\"–\"", false },
	{ "the same answers in both languages", "Reply 1, or 0 if away", "Reply 1", "own.rain, en, sms",
	  "zh asks for 0, 1, en for 1", false },
	{ "and in constant and SMS", "Reply 1, or 0 if you are away.\"\n\t}\n}", "Reply 1.\"\n\t}\n}",
	  "own.rain, en, constant", "constant asks for 1, the SMS for 0, 1", false },
	{ "a form in one language only", "\t\tconstant = \"Rain", "\t\t# constant = \"Rain", "own.rain, en, constant",
	  "is there in zh only", false },
	{ "a call that is too long", "请马上查看山边、河边和低处的住户，做好转移准备。听清",
	  "请马上查看山边、河边和低处的每一家住户，叫醒老人和孩子，备好手电和药品，清点人数，打开安置点，把车船开到村口，"
	  "做好转移准备，随时等候通知，不要慌乱，不要返回，也不要自行涉水过河。听清", "own.rain, zh, voice",
	  "12 to 25 are heard", false },
	{ "and one that is too short", "暴雨{{level}}预警。{{place}}未来{{hours}}小时降雨可能超过{{mm}}毫米。请马上查看山边、河边和低处的住户，"
	  "做好转移准备。听清请按1，不在村里请按0，需要支援请按9", "暴雨。听清请按1，不在请按0，支援请按9", "own.rain, zh, voice",
	  "12 to 25 are heard", false },
	{ "no time in a call", "hours", "time", "own.rain, zh, voice", "a call reads out time", false },
	{ "no hole where a value is missing", "暴雨{{level}}预警：", "暴雨（{{level}}）预警：", "own.rain, zh, sms", "hole",
	  false },
	{ "what one language says the other says", "over {{mm}} mm in {{hours}} h", "over {{mm}} mm", "own.rain, en, sms",
	  "the other language says hours", false },
	{ "a worst value within its max", "max = 4 worst_zh = \"250\"", "max = 4 worst_zh = \"25000\"", "own.rain, zh, sms",
	  "worst or default value of mm", false },
};

static void
each_rule_has_its_finding(void **state)
{
	for (size_t i = 0; i < COUNT(rules); i++) {
		struct heard h = { .errors = 0 };
		struct settings *s;
		const char *line = NULL;

		write_own(rules[i].from, rules[i].to);
		s = load();
		settings_lint(s, hear, &h);
		buf_puts(&h.text, "");
		/* Of that place one line says it, with file and line. */
		for (char *l = strtok(h.text.data, "\n"); l; l = strtok(NULL, "\n"))
			if (strstr(l, rules[i].where) && strstr(l, rules[i].says))
				line = l;
		holds(rules[i].sentence, line != NULL, "%zu errors, %zu warnings", h.errors, h.warnings);
		holds(rules[i].sentence, strstr(line, "/own/rain.conf:") && (strstr(line, ": error: ") != NULL) ==
		      rules[i].misleads, "%s", line);
		buf_fini(&h.text);
		settings_unref(s);
	}
}

static void
a_finding_stands_at_its_line_and_in_the_readers_language(void **state)
{
	struct heard h = { .errors = 0 };
	struct text_finding f = { .path = "a.conf", .line = 7, .name = "own.rain",
				  .what = { .misleads = true, .lang = LANG_ZH, .form = LINT_SMS } };
	struct settings *s;

	write_own("这里是{{office}}。暴雨", "暴雨");
	s = load();
	settings_lint(s, hear, &h);
	holds("line 17 is the Chinese voice text", strstr(h.text.data, "rain.conf:17: warning: template own.rain, zh, "
	      "voice: a call must say") != NULL, "%s", h.text.data);
	buf_reset(&h.text);
	SAY(&f.what.said, lint_token, "4");
	text_finding_render(&f, LANG_ZH, &h.text);
	assert_string_equal(h.text.data, "a.conf:7: 错误: 模板own.rain,zh,sms: 要求回复4,但应答表里没有;请加上 answer \"4\",或改问别的数字\n");
	buf_fini(&h.text);
	settings_unref(s);
}

static void
a_step_that_chases_wants_answers_that_end_the_chase(void **state)
{
	struct heard h = { .errors = 0 };
	struct settings *s;

	write_own("暴雨{{level}}预警：", "暴雨{{level}}预警：");
	put("ladders/own.conf", "policy \"own\" {\n\tuntil = 5\n\tchase_below = 3\n"
	    "\tstep \"out\" { after = \"30m\" to = {village_principal} template = \"own.rain\" below = 5 }\n"
	    "\tstep \"told\" { after = \"31m\" to = {township_duty} template = \"own.rain\" below = 5 }\n}\n");
	s = load();
	settings_lint(s, hear, &h);
	buf_puts(&h.text, "");
	holds("the chief's step", strstr(h.text.data, "step out of policy own chases below level 5, but the answers "
	      "this text asks for give 3") != NULL, "%s", h.text.data);
	holds("a helper's answer ends no chase", strstr(h.text.data, "step told") == NULL, "%s", h.text.data);
	unlink(strcat(strcpy((char[300]){ "" }, folder), "/ladders/own.conf"));
	buf_fini(&h.text);
	settings_unref(s);
}

/* -- a site's own before what is shipped -- */

static void
a_later_folder_wins_by_name(void **state)
{
	struct settings *s, *plain;
	const struct document *d;

	plain = load();
	put("own/rain.conf", "template \"warn.rain\" { title = \"本县暴雨\" answer \"1\" { outcome = acknowledged level = 3 }\ntext \"zh\" { sms = \"暴雨。收到回复1\" } }\n");
	put("ladders/red.conf", "policy \"call.red\" { title = \"本县\" step \"a\" { to = {village_principal} } }\n");
	s = load();
	assert_string_equal(settings_template(s, "warn.rain")->title[LANG_ZH], "本县暴雨");
	assert_int_equal(settings_policy(s, "call.red")->step_count, 1);
	assert_int_equal(s->policy_count, plain->policy_count);
	d = settings_document(s, "template", "warn.rain");
	assert_true(strstr(d->path, "/own/rain.conf") && strstr(d->instead_of, "/templates/warn.rain.conf"));
	assert_true(strstr(d->body, "本县暴雨") != NULL);
	settings_unref(s);
	settings_unref(plain);
	unlink(strcat(strcpy((char[300]){ "" }, folder), "/ladders/red.conf"));
}

static void
one_folder_has_a_name_once(void **state)
{
	struct settings *s;
	struct err err = { .text = "" };
	char path[300];

	write_own("暴雨{{level}}预警：", "暴雨{{level}}预警：");
	put("own/second.conf", "template \"own.rain\" { text \"zh\" { sms = \"暴雨\" } }\n");
	snprintf(path, sizeof(path), "%s/gong.conf", folder);
	assert_int_equal(settings_load(&s, path, NULL, &err), -1);
	holds("it names both files", strstr(err.text, "own/second.conf:1: there is another template \"own.rain\" in") &&
	      strstr(err.text, "own/rain.conf"), "%s", err.text);
	snprintf(path, sizeof(path), "%s/own/second.conf", folder);
	unlink(path);
}

/* -- what is shipped -- */

static void
what_is_shipped_has_no_fault(void **state)
{
	struct heard h = { .errors = 0 };
	struct settings *s;

	write_own("暴雨{{level}}预警：", "暴雨{{level}}预警：");
	s = load();
	settings_lint(s, hear, &h);
	buf_puts(&h.text, "");
	holds("no finding", h.errors + h.warnings == 0, "%s", h.text.data);
	for (size_t i = 0; i < s->template_count; i++)
		for (size_t k = 0; k < s->templates[i]->policy_count; k++)
			holds(s->templates[i]->name, settings_policy(s, s->templates[i]->policies[k]) != NULL,
			      "there is no policy %s", s->templates[i]->policies[k]);
	buf_fini(&h.text);
	settings_unref(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_has_its_finding),
		cmocka_unit_test(a_finding_stands_at_its_line_and_in_the_readers_language),
		cmocka_unit_test(a_step_that_chases_wants_answers_that_end_the_chase),
		cmocka_unit_test(a_later_folder_wins_by_name),
		cmocka_unit_test(one_folder_has_a_name_once),
		cmocka_unit_test(what_is_shipped_has_no_fault),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
