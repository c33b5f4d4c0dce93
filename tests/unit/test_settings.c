/* test_settings.c -- the shipped configuration loads whole; a fault says file, line and remedy. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/settings/rights.h"

/* One line for each. */
static void
hear(void *ctx, bool fault, const struct said *said)
{
	char text[600];

	said_render(said, LANG_EN, text, sizeof(text));
	buf_printf(ctx, "%s%s\n", fault ? "" : "note: ", text);
}

static void
the_shipped_configuration_loads(void **state)
{
	struct buf report = { 0 };
	struct settings_listener listener = { hear, &report };
	struct settings *s;
	struct err err = { .text = "" };

	holds("config/gong.conf", settings_load(&s, "config/gong.conf", &listener, &err) == 0, "%s",
	      err.text);
	assert_int_equal(report.len, 0);
	assert_int_equal(s->route_count, 0);		/* its examples are comments */
	assert_int_equal(s->client_count, 0);
	assert_int_equal(s->role_count, 34);
	assert_true(settings_role(s, "village_chief") >= 0 && settings_role(s, "mayor") == -1);
	assert_true(settings_family(s, "warner") >= 0 && settings_family(s, "expert") >= 0);
	assert_int_equal(s->families[settings_family(s, "warner")].role_count, 2);
	assert_true(s->roles[settings_role(s, "township_duty")].duty);
	assert_true(s->ring_ms == SECONDS(35) && s->validity_ms == HOURS(24));
	settings_unref(s);
	buf_fini(&report);
}

static size_t
files_in(const char *folder, const char *suffix)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	size_t count = 0;

	while (d && (e = readdir(d))) {
		size_t len = strlen(e->d_name), tail = strlen(suffix);

		count += len > tail && strcmp(e->d_name + len - tail, suffix) == 0;
	}
	closedir(d);
	return count;
}

/* Every document is read again from its stored text, as an open alert does after a restart. */
static void
each_shipped_template_and_policy_is_its_own_document(void **state)
{
	struct settings *s;

	assert_int_equal(settings_load(&s, "config/gong.conf", NULL, NULL), 0);
	assert_int_equal(s->template_count, files_in("templates", ".conf"));
	assert_int_equal(s->policy_count, files_in("config/policies", ".conf"));
	assert_int_equal(s->document_count, s->template_count + s->policy_count);
	for (size_t i = 0; i < s->template_count; i++) {
		const struct document *d = settings_document(s, "template", s->templates[i]->name);
		struct template *t;
		struct err err = { .text = "" };

		holds(s->templates[i]->name, d && template_parse(&t, d->body, "stored", &err) == 0, "%s",
		      err.text);
		holds(t->name, t->answer_count == s->templates[i]->answer_count &&
		      t->param_count == s->templates[i]->param_count, "came back another");
		holds(t->name, t->texts[LANG_ZH].sms && t->texts[LANG_EN].sms, "lacks a language");
		template_free(t);
	}
	for (size_t i = 0; i < s->policy_count; i++) {
		const struct document *d = settings_document(s, "policy", s->policies[i]->name);
		struct policy *p;
		struct err err = { .text = "" };

		holds(s->policies[i]->name, d && policy_parse(&p, d->body, "stored", s, &err) == 0, "%s",
		      err.text);
		holds(p->name, p->step_count == s->policies[i]->step_count && p->step_count > 0 &&
		      p->until == s->policies[i]->until, "came back another");
		for (size_t k = 1; k < p->step_count; k++)
			holds(p->name, p->ladder[k].after_ms >= p->ladder[k - 1].after_ms, "step %zu", k);
		policy_free(p);
	}
	settings_unref(s);
}

static const struct policy_step *
step_of(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (strcmp(p->steps[i].name, name) == 0)
			return &p->steps[i];
	fail_msg("policy %s has no step %s", p->name, name);
	return NULL;
}

static void
move_now_is_as_the_domain_says(void **state)
{
	struct settings *s;
	const struct policy *p;

	assert_int_equal(settings_load(&s, "config/gong.conf", NULL, NULL), 0);
	p = settings_policy(s, "move.now");
	assert_non_null(p);
	assert_int_equal(p->targets, TARGETS_VILLAGE);
	assert_int_equal(p->until, 5);
	assert_int_equal(p->chase_below, 3);
	assert_int_equal(p->steps[0].below, 3);
	assert_true(step_of(p, "households")->inform && !p->steps[0].inform);
	assert_true(step_of(p, "out30")->after_ms == MINUTES(30) && step_of(p, "out30")->below == 5);
	assert_true(p->steps[0].channels[CHANNEL_SMS] && p->steps[0].channels[CHANNEL_VOICE]);
	assert_true(p->deadline_ms == HOURS(1));
	p = settings_policy(s, "duty.callout");
	assert_true(p && p->targets == TARGETS_TEAM && p->quota == 1 && p->steps[5].to_answered);
	settings_unref(s);
}

/* A small site in a temporary folder; one file of it is replaced by each case. */
static const struct { const char *name, *body; } site[] = {
	{ "gong.conf", "state_dir = \"state\"\nroles = \"roles.conf\"\ntemplates = {\"t\"}\n"
	  "policies = {\"p\"}\nsite { signature_zh = \"【县】\" }\n" },
	{ "roles.conf", "role \"chief\" { zh = \"支书\" en = \"Chief\" }\n"
	  "role \"duty\" { zh = \"值班\" en = \"Duty\" tier = county duty = true }\n" },
	{ "t/a.conf", "template \"a\" {\n\tparam \"mm\" { type = number }\n"
	  "\tanswer \"1\" { outcome = acknowledged level = 3 }\n"
	  "\ttext \"zh\" { sms = \"{{mm}}毫米,收到回复1\" }\n}\n" },
	{ "p/a.conf", "policy \"a\" {\n\tstep \"one\" { after = \"0s\" to = {chief} }\n}\n" },
};

static char folder[] = "/tmp/gong-settings-XXXXXX";

static void
put(const char *name, const char *body)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(body, f);
	fclose(f);
}

static void
put_site(void)
{
	for (size_t i = 0; i < COUNT(site); i++)
		put(site[i].name, site[i].body);
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

static int
load(struct settings **s, struct buf *report, struct err *err)
{
	struct settings_listener listener = { hear, report };
	char path[300];

	snprintf(path, sizeof(path), "%s/gong.conf", folder);
	return settings_load(s, path, report ? &listener : NULL, err);
}

#define CONF "state_dir = \"state\"\nroles = \"roles.conf\"\ntemplates = {\"t\"}\npolicies = {\"p\"}\n"
#define TEMPLATE(middle, text) "template \"a\" {\n\tparam \"mm\" { type = number }\n" middle \
	"\n\tanswer \"1\" { outcome = acknowledged level = 3 }\n\ttext \"zh\" {\n\t\tsms = \"" text "\"\n\t}\n}\n"
#define STEP(name) "step \"" name "\" { after = \"0s\" to = {chief} }\n"
#define STEPS_9(x) STEP(x "1") STEP(x "2") STEP(x "3") STEP(x "4") STEP(x "5") STEP(x "6") STEP(x "7") \
	STEP(x "8") STEP(x "9")
#define STEPS_63 STEPS_9("a") STEPS_9("b") STEPS_9("c") STEPS_9("d") STEPS_9("e") STEPS_9("f") STEPS_9("g")
#define POLICY(head, step) "policy \"a\" {\n" head "\n\tstep \"one\" { " step " }\n}\n"

static const struct {
	const char *sentence, *file, *body;
	const char *where;		/* what the error begins with, after the folder */
	const char *says;
} faults[] = {
	{ "an unknown option", "gong.conf", CONF "statedir = \"x\"\n", "gong.conf:5:", "statedir" },
	{ "an unknown option of the site", "gong.conf", CONF "site {\n\tname = \"x\"\n}\n",
	  "gong.conf:6:", "name" },
	{ "a section that is never closed", "gong.conf", CONF "site {\n", "gong.conf:5:", "never closed" },
	{ "a file cut short inside a list", "gong.conf", "roles = \"roles.conf\"\ntemplates = {", "gong.conf:2:", "" },
	{ "a language there is not", "gong.conf", CONF "site { language = fr }\n", "gong.conf:", "zh or en" },
	{ "a duration that is none", "gong.conf", CONF "site { validity = \"soon\" }\n", "gong.conf:", "90s" },
	{ "a divisor that stretches time", "gong.conf", CONF "site { policy_divisor = 0.5 }\n",
	  "gong.conf:", "1 to" },
	{ "a port that is none", "gong.conf", CONF "listen { port = 70000 }\n", "gong.conf:5:", "port = 70000 is not possible; it may be 0 to 65535" },
	{ "a time zone there is not", "gong.conf", CONF "site { timezone = \"Asia/Qingshi\" }\n",
	  "gong.conf:", "Asia/Shanghai" },
	{ "a time zone outside the folder", "gong.conf", CONF "site { timezone = \"../../../etc/passwd\" }\n",
	  "gong.conf:", "tzdata" },
	{ "a body of less than nothing", "gong.conf", CONF "listen { body_max = -5 }\n", "gong.conf:", "1024" },
	{ "no connection at all", "gong.conf", CONF "listen { connections_max = 0 }\n", "gong.conf:", "1 to" },
	{ "a call that says nothing", "gong.conf", CONF "site { plays = 0 }\n", "gong.conf:", "1 to 10" },
	{ "an alert that is over at once", "gong.conf", CONF "site { validity = \"0s\" }\n", "gong.conf:", "validity" },
	{ "fewer than no recipients", "gong.conf", CONF "client \"x\" { recipients_max = -1 }\n", "gong.conf:", "0 to" },
	{ "a duration beyond 64 bit", "gong.conf", CONF "site {\n\tplays = 2\n\tvalidity = \"99999999999999d\"\n}\n",
	  "gong.conf:7:", "validity = \"99999999999999d\" is not possible; it may be 1s to 366d" },
	{ "an endless duration", "gong.conf", CONF "site {\n\tvalidity = \"infs\"\n}\n", "gong.conf:6:", "1s to 366d" },
	{ "a duration in hex", "gong.conf", CONF "site { validity = \"0x10h\" }\n", "gong.conf:5:", "1s to 366d" },
	{ "a call that rings for ever", "gong.conf", CONF "site { ring = \"1e300d\" }\n", "gong.conf:5:", "1s to 10m" },
	{ "a number in hex", "gong.conf", CONF "listen { port = 0x1f63 }\n", "gong.conf:5:", "port = 0x1f63" },
	{ "a rate that is none", "gong.conf", CONF "route \"x\" { driver = d\n\trate = nan\n}\n", "gong.conf:6:", "rate" },
	{ "a rate of a message in years", "gong.conf", CONF "route \"x\" { driver = d rate = 0.00000001 }\n",
	  "gong.conf:5:", "0 (none) or 0.001 to" },
	{ "the second of two budgets is none", "gong.conf", CONF "route \"x\" { driver = d\n\tbudgets = {\"1/1m\",\n\t\"5/h\"}\n}\n",
	  "gong.conf:7:", "\"5/h\"" },
	{ "a budget of more than can be counted", "gong.conf", CONF "route \"x\" { driver = d budgets = {\"4294967297/1h\"} }\n",
	  "gong.conf:5:", "4294967297/1h" },
	{ "a folder of time zones", "gong.conf", CONF "site { timezone = \"Asia\" }\n", "gong.conf:", "tzdata" },
	{ "a step after the end of time", "p/a.conf", "policy \"a\" {\n\tstep \"x\" {\n\t\tafter = \"9e18ms\"\n\t}\n}\n",
	  "p/a.conf:3:", "0s to 366d" },
	{ "a deadline at once", "p/a.conf", POLICY("\tdeadline = \"0s\"", "to = {chief}"), "p/a.conf:2:", "1s to 366d" },
	{ "a value as long as memory", "t/a.conf", "template \"a\" {\n\tparam \"x\" {\n\t\tmax = 4294967295\n\t}\n}\n",
	  "t/a.conf:3:", "0 to 2000" },
	{ "a level beyond 32 bit", "t/a.conf", TEMPLATE("\tanswer \"2\" { outcome = done level = 4294967301 }", "雨"),
	  "t/a.conf:3:", "0 to 5" },
	{ "a negative window", "gong.conf", CONF "route \"x\" { driver = d window = -1 }\n", "gong.conf:", "window" },
	{ "a negative rate", "gong.conf", CONF "route \"x\" { driver = d rate = -0.5 }\n", "gong.conf:", "rate" },
	{ "a right there is not", "gong.conf", CONF "client \"x\" { may = {shout} token_sha256 = "
	  "\"0123456789012345678901234567890123456789012345678901234567890123\" }\n", "gong.conf:", "shout" },
	{ "a client without token", "gong.conf", CONF "client \"x\" { may = {read} }\n", "gong.conf:", "sha256sum" },
	{ "a token's hash that is too short", "gong.conf", CONF "client \"x\" { token_sha256 = \"00\" }\n",
	  "gong.conf:", "64 hex" },
	{ "a severity there is not", "gong.conf", CONF "client \"x\" { up_to = purple }\n", "gong.conf:", "purple" },
	{ "a client's division that is none", "gong.conf", CONF "client \"x\" { divisions = {99} }\n",
	  "gong.conf:", "division code" },
	{ "a route without driver", "gong.conf", CONF "route \"x\" { channels = {sms} }\n", "gong.conf:", "gong-modem" },
	{ "a route's channel there is not", "gong.conf", CONF "route \"x\" { driver = d channels = {fax} }\n",
	  "gong.conf:", "fax" },
	{ "a route's config that is no JSON", "gong.conf", CONF "route \"x\" { driver = d config = '{a}' }\n",
	  "gong.conf:", "JSON" },
	{ "a canary without a number", "gong.conf", CONF "route \"x\" { driver = d canary { every = 6h } }\n",
	  "gong.conf:", "needs every (how often) and to" },
	{ "a canary to a short code", "gong.conf",
	  CONF "route \"x\" { driver = d canary { every = 6h to = \"110\" } }\n", "gong.conf:", "canary to = \"110\"" },
	{ "a canary on a route for calls", "gong.conf", CONF "route \"x\" { driver = d channels = {voice} "
	  "canary { every = 6h to = \"+8613812345678\" } }\n", "gong.conf:", "carries none" },
	{ "a canary that is sent before the last one is late", "gong.conf", CONF "route \"x\" { driver = d "
	  "canary { every = 5m to = \"+8613812345678\" } }\n", "gong.conf:", "four times as long" },
	{ "a down alarm of years", "gong.conf", CONF "route \"x\" { driver = d down_alarm_minutes = 999999 }\n",
	  "gong.conf:", "down_alarm_minutes = 999999 is not possible" },
	{ "a budget that is none", "gong.conf", CONF "route \"x\" { driver = d budgets = {\"many\"} }\n",
	  "gong.conf:", "many" },
	{ "a guessable callback secret", "gong.conf", CONF "route \"x\" { driver = d callback_secret = \"x\" }\n",
	  "gong.conf:", "16" },
	{ "an option with neither value nor file", "gong.conf", CONF "route \"x\" { driver = d\n\toption \"o\" { }\n}\n",
	  "gong.conf:", "value or file" },
	{ "a folder that is not there", "gong.conf", "roles = \"roles.conf\"\ntemplates = {\"nowhere\"}\n",
	  "gong.conf:", "nowhere" },
	{ "a roles file that is not there", "gong.conf", "roles = \"none.conf\"\n", "none.conf:", "cannot be read" },
	{ "a tier there is not", "roles.conf", "role \"chief\" {\n\tzh = \"x\"\n\ttier = hamlet\n}\n", "roles.conf:", "hamlet" },
	{ "a family of a role there is not", "roles.conf", "role \"chief\" { }\nfamily \"f\" { roles = {mayor} }\n",
	  "roles.conf:", "mayor" },
	{ "a family over two tiers", "roles.conf", "role \"chief\" { }\nrole \"duty\" { tier = county }\n"
	  "family \"f\" { roles = {chief, duty} }\n", "roles.conf:", "one tier" },
	{ "a role named twice", "roles.conf", "role \"chief\" { }\nrole \"chief\" { }\n", "roles.conf:2:", "" },
	{ "a variable there is not", "t/a.conf", TEMPLATE("", "{{mmm}}毫米"), "t/a.conf:", "mmm" },
	{ "an answer asked for that the map lacks", "t/a.conf", TEMPLATE("", "收到回复2"), "t/a.conf:", "\"2\"" },
	{ "a signature in the text", "t/a.conf", TEMPLATE("", "【县】雨"), "t/a.conf:", "signature" },
	{ "an answer that is no digit", "t/a.conf", TEMPLATE("\tanswer \"Y\" { outcome = done level = 5 }", "雨"),
	  "t/a.conf:", "one digit" },
	{ "an outcome there is not", "t/a.conf", TEMPLATE("\tanswer \"2\" { outcome = maybe }", "雨"), "t/a.conf:", "maybe" },
	{ "a level there is not", "t/a.conf", TEMPLATE("\tanswer \"2\" { outcome = done level = 6 }", "雨"),
	  "t/a.conf:", "0 to 5" },
	{ "a scope there is not", "t/a.conf", TEMPLATE("\tparam \"x\" { scope = town }", "雨"), "t/a.conf:", "town" },
	{ "an option of a parameter there is not", "t/a.conf", "template \"a\" {\n\tparam \"mm\" {\n\t\tlength = 3\n\t}\n}\n",
	  "t/a.conf:3:", "length" },
	{ "a template without text", "t/a.conf", "template \"a\" {\n}\n", "t/a.conf:", "no sms text" },
	{ "a text in a language there is not", "t/a.conf", "template \"a\" {\n\ttext \"fr\" { sms = \"x\" }\n}\n",
	  "t/a.conf:", "fr" },
	{ "two templates in one file", "t/a.conf", "template \"a\" { text \"zh\" { sms = \"x\" } }\n"
	  "template \"b\" { text \"zh\" { sms = \"x\" } }\n", "t/a.conf:", "exactly one" },
	{ "a role there is not", "p/a.conf", POLICY("", "to = {mayor}"), "p/a.conf:", "mayor" },
	{ "a channel there is not", "p/a.conf", POLICY("", "to = {chief} channels = {fax}"), "p/a.conf:", "fax" },
	{ "a template there is not", "p/a.conf", POLICY("", "to = {chief} template = \"b\""), "p/a.conf:", "\"b\"" },
	{ "a level out of the ladder's range", "p/a.conf", POLICY("\tuntil = 6", "to = {chief}"), "p/a.conf:", "1 to 5" },
	{ "a step below 6", "p/a.conf", POLICY("", "to = {chief} below = 6"), "p/a.conf:", "1 to 5" },
	{ "a step below 0", "p/a.conf", POLICY("", "to = {chief} below = 0"), "p/a.conf:", "1 to 5" },
	{ "chasing nobody", "p/a.conf", POLICY("\tchase_below = 0", "to = {chief}"), "p/a.conf:", "1 to 5" },
	{ "a quota of none", "p/a.conf", POLICY("\ttargets = team\n\tquota = 0", "to = {duty}"), "p/a.conf:",
	  "quota" },
	{ "a quota below none", "p/a.conf", POLICY("\ttargets = team\n\tquota = -3", "to = {duty}"),
	  "p/a.conf:", "quota" },
	{ "a step without channel", "p/a.conf", POLICY("", "to = {chief} channels = {}"), "p/a.conf:",
	  "no channel" },
	{ "village roles for townships", "p/a.conf", POLICY("\ttargets = township", "to = {chief}"),
	  "p/a.conf:", "villages" },
	{ "roles for no targets", "p/a.conf", POLICY("\ttargets = none", "to = {chief}"), "p/a.conf:",
	  "leave \"to\" away" },
	{ "those who answered, for villages", "p/a.conf", POLICY("", "to = {answered}"), "p/a.conf:",
	  "targets = team" },
	{ "targets there are not", "p/a.conf", POLICY("\ttargets = street", "to = {chief}"), "p/a.conf:", "street" },
	{ "a deadline that is none", "p/a.conf", POLICY("\tdeadline = \"15\"", "to = {chief}"), "p/a.conf:", "15" },
	{ "a policy without steps", "p/a.conf", "policy \"a\" {\n}\n", "p/a.conf:", "no step" },
	{ "an expiry without a text", "p/a.conf", POLICY("\texpired { }", "to = {chief}"), "p/a.conf:",
	  "template = \"end.expired\"" },
	{ "an expiry with a text that is not there", "p/a.conf",
	  POLICY("\texpired { template = \"gone\" }", "to = {chief}"), "p/a.conf:", "no template \"gone\"" },
	{ "a good end without a text", "p/a.conf", POLICY("\tsatisfied { to = {asker} }", "to = {chief}"),
	  "p/a.conf:", "template = \"end.good\"" },
	{ "a good end with a text that is not there", "p/a.conf",
	  POLICY("\tsatisfied { template = \"gone\" }", "to = {chief}"), "p/a.conf:", "no template \"gone\"" },
	{ "a good end taken back with a text that is not there", "p/a.conf",
	  POLICY("\tsatisfied {\n\t\ttemplate = \"a\"\n\t\treopened = \"gone\"\n\t}", "to = {chief}"),
	  "p/a.conf:", "no template \"gone\"" },
	{ "a good end for those who know it", "p/a.conf",
	  POLICY("\tsatisfied {\n\t\tto = {asker, chief}\n\t\ttemplate = \"a\"\n\t}", "to = {chief}"),
	  "p/a.conf:", "not above what this policy calls" },
	{ "a good end for nobody known", "p/a.conf",
	  POLICY("\tsatisfied {\n\t\tto = {aksers}\n\t\ttemplate = \"a\"\n\t}", "to = {chief}"),
	  "p/a.conf:", "write asker" },
	{ "a good end where nothing is asked", "p/a.conf",
	  POLICY("\ttargets = none\n\tsatisfied { template = \"a\" }", ""), "p/a.conf:", "leave satisfied away" },
	{ "more steps than a set holds", "p/a.conf", "policy \"a\" {\n" STEPS_63 "}\n", "p/a.conf:",
	  "63 steps; at most 62" },
	{ "steps out of order", "p/a.conf", "policy \"a\" {\n\tstep \"x\" { after = \"5m\" to = {chief} }\n"
	  "\tstep \"y\" { after = \"4m\" to = {chief} }\n}\n", "p/a.conf:", "order" },
	{ "an option of a step there is not", "p/a.conf", POLICY("", "who = {chief}"), "p/a.conf:3:", "who" },
	{ "a word with a digit", "t/a.conf", TEMPLATE("\tanswer \"3\" {\n\t\toutcome = done\n\t\twords = {\"撤完\", \"3组撤完\"}\n\t}", "{{mm}}"),
	  "t/a.conf:", "\"3组撤完\" holds a digit" },
	{ "a word that denies", "t/a.conf", TEMPLATE("\tanswer \"3\" { outcome = done words = {\"没人了\"} }", "{{mm}}"),
	  "t/a.conf:", "denies, doubts or counts" },
	{ "a word in two answers", "t/a.conf", TEMPLATE("\tanswer \"3\" { outcome = done words = {\"ok then\"} }\n"
	  "\tanswer \"2\" { outcome = in_post words = {\"OK, then!\"} }", "{{mm}}"), "t/a.conf:", "belongs to answer \"3\" already" },
	{ "a word too long", "t/a.conf", TEMPLATE("\tanswer \"3\" { outcome = done words = {\"一二三四五六七八九十一二三四五六七八九十一\"} }",
	  "{{mm}}"), "t/a.conf:", "longer than 20 characters" },
	{ "an opt-out as a word", "t/a.conf", TEMPLATE("\tanswer \"0\" { outcome = cannot words = {\"退订\"} }", "{{mm}}"),
	  "t/a.conf:", "how people leave" },
};

static void
a_fault_says_file_line_and_remedy(void **state)
{
	for (size_t i = 0; i < COUNT(faults); i++) {
		struct err err = { .text = "" };
		struct buf report = { 0 };
		struct settings *s = NULL;
		const char *rest, *digits;

		put_site();
		put(faults[i].file, faults[i].body);
		holds(faults[i].sentence, load(&s, &report, &err) < 0 && !s, "was taken");
		rest = err.text + strlen(folder) + 1;
		holds(faults[i].sentence, strncmp(err.text, folder, strlen(folder)) == 0 &&
		      strncmp(rest, faults[i].where, strlen(faults[i].where)) == 0, "\"%s\"", err.text);
		holds(faults[i].sentence, strstr(rest, faults[i].says), "\"%s\"", err.text);
		digits = strchr(rest, ':');
		holds(faults[i].sentence, strstr(err.text, "cannot be read") ||
		      strstr(err.text, "exactly one") || (digits && digits[1] >= '1' && digits[1] <= '9'),
		      "no line: \"%s\"", err.text);
		holds(faults[i].sentence, report.data && strstr(report.data, err.text), "report \"%s\"",
		      report.data ? report.data : "");
		buf_fini(&report);
	}
}

static void
all_faulty_documents_are_reported_at_once(void **state)
{
	struct buf report = { 0 };
	struct settings *s;

	put_site();
	put("t/a.conf", TEMPLATE("", "{{mmm}}毫米"));
	put("p/a.conf", POLICY("", "to = {chief}"));
	assert_int_equal(load(&s, &report, NULL), -1);
	assert_non_null(strstr(report.data, "t/a.conf:"));
	buf_fini(&report);
}

static void
the_small_site_itself_loads(void **state)
{
	struct settings *s;
	struct err err = { .text = "" };

	put_site();
	holds("the base of all cases", load(&s, NULL, &err) == 0, "%s", err.text);
	assert_true(s->state_dir[0] == '/');
	settings_unref(s);
}

static void
times_are_divided_for_a_demo(void **state)
{
	struct settings *s;

	put_site();
	put("gong.conf", CONF "site { policy_divisor = 60 }\n");
	put("p/a.conf", "policy \"a\" {\n\tdeadline = \"1h\"\n\tstep \"x\" { after = \"0s\" to = {chief} }\n"
	    "\tstep \"y\" { after = \"5m\" to = {chief} below = 5 }\n}\n");
	assert_int_equal(load(&s, NULL, NULL), 0);
	assert_true(s->policies[0]->steps[1].after_ms == SECONDS(5));
	assert_true(s->policies[0]->ladder[1].after_ms == SECONDS(5));
	assert_int_equal(s->policies[0]->ladder[1].below, 5);
	assert_true(s->policies[0]->deadline_ms == MINUTES(1));
	settings_unref(s);
}

static void
routes_clients_and_budgets_are_read(void **state)
{
	/* SHA-256 of "secret", from the file without its line end. */
	static const unsigned char hash[] = { 0x2b, 0xb8, 0x0d, 0x53, 0x7b, 0x1d, 0xa3, 0xe3 };
	struct settings *s;
	unsigned char other[32] = { 0 };

	put_site();
	put("token", "secret\n");
	put("gong.conf", CONF "client \"c\" { token_file = \"token\" up_to = red may = {send} divisions = {990121} }\n"
	    "route \"r\" {\n\tdriver = \"gong-sim\"\n\tchannels = {sms, voice}\n\tbudgets = {\"1/1m\", \"5/1h\"}\n"
	    "\tcanary { every = \"6h\" to = \"13812345678\" }\n"
	    "\tconfig = '{\"simulation\":true}'\n\toption \"log\" { value = \"x\" }\n\toption \"key\" { file = \"token\" }\n}\n");
	assert_int_equal(load(&s, NULL, NULL), 0);
	assert_memory_equal(s->clients[0].token_sha256, hash, sizeof(hash));
	assert_ptr_equal(settings_client(s, s->clients[0].token_sha256), &s->clients[0]);
	assert_null(settings_client(s, other));
	assert_true(s->clients[0].divisions[0].last == 990121999999);
	assert_int_equal(settings_route(s, "r"), 0);
	assert_true(s->routes[0].simulated && s->routes[0].channels[CHANNEL_VOICE]);
	assert_int_equal(s->routes[0].budget_count, 2);
	assert_true(s->routes[0].budgets[0].count == 1 && s->routes[0].budgets[0].period_ms == MINUTES(1));
	assert_true(s->routes[0].budgets[1].count == 5 && s->routes[0].budgets[1].period_ms == HOURS(1));
	assert_true(s->routes[0].canary_every_ms == HOURS(6) && s->routes[0].canary_within_ms == MINUTES(3));
	assert_true(s->routes[0].canary_to == 8613812345678 && s->routes[0].down_alarm_ms == MINUTES(2));
	assert_non_null(strstr(s->routes[0].config, "\"simulation\":true"));
	assert_non_null(strstr(s->routes[0].config, "\"key\":\"secret\""));
	settings_unref(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shipped_configuration_loads),
		cmocka_unit_test(each_shipped_template_and_policy_is_its_own_document),
		cmocka_unit_test(move_now_is_as_the_domain_says),
		cmocka_unit_test(the_small_site_itself_loads),
		cmocka_unit_test(a_fault_says_file_line_and_remedy),
		cmocka_unit_test(all_faulty_documents_are_reported_at_once),
		cmocka_unit_test(times_are_divided_for_a_demo),
		cmocka_unit_test(routes_clients_and_budgets_are_read),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
