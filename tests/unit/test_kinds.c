/* test_kinds.c -- the table of kinds: what is shipped in it, a site's own rows before it, its faults. */
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "daemon/settings/settings.h"

static char folder[] = "/tmp/gong-kinds-XXXXXX";
static char here[200];

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
	char conf[1200];

	if (!mkdtemp(folder) || !getcwd(here, sizeof(here)))
		return -1;
	snprintf(conf, sizeof(conf), "state_dir = \"state\"\nroles = \"%s/config/roles.conf\"\n"
		 "templates = {\"%s/templates\"}\npolicies = {\"%s/config/policies\"}\n"
		 "kinds = {\"%s/config/kinds.conf\", \"own.conf\"}\n", here, here, here, here);
	put("gong.conf", conf);
	return 0;
}

static int
remove_folder(void **state)
{
	return unit_remove(folder);
}

static void
hear(void *ctx, bool fault, const struct said *said)
{
	char text[600];

	said_render(said, LANG_EN, text, sizeof(text));
	if (fault)
		buf_printf(ctx, "%s\n", text);
}

static int
load_with(struct settings **s, const char *own, struct buf *report, struct err *err)
{
	struct settings_listener listener = { hear, report };
	char path[300];

	put("own.conf", own);
	snprintf(path, sizeof(path), "%s/gong.conf", folder);
	return settings_load(s, path, report ? &listener : NULL, err);
}

static struct settings *
load(const char *own)
{
	struct err err = { .text = "" };
	struct settings *s;

	if (load_with(&s, own, NULL, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static void
check_cell(const struct settings *s, const char *kind, enum severity severity, const char *template,
	   const char *policy)
{
	const struct kind_row *row = settings_kind(s, kind);
	const struct kind_text *text;

	holds(kind, row != NULL, "no such kind");
	text = settings_kind_text(s, row, severity);
	holds(kind, strcmp(text->template, template) == 0 && strcmp(text->policy, policy) == 0, "%s: %s by %s",
	      severity_name(severity), text->template, text->policy);
}

/* -- what is shipped -- */

static const struct {
	const char *kind, *note, *orange, *red;		/* note: blue and yellow; a policy behind a blank */
} shipped[] = {
	{ "rainstorm", "warn.rain.note", "warn.rain", "warn.rain" },
	{ "typhoon", "warn.typhoon.note", "warn.typhoon", "warn.typhoon" },
	{ "flash_flood", "warn.general.note", "flood.prepare move.prepare", "flood.move move.now" },
	{ "geohazard", "geo.note", "geo.prepare move.prepare", "geo.move move.now" },
	{ "river_flood", "river.note", "river.note", "river.move move.now" },
	{ "reservoir", "warn.general.note", "reservoir.move move.now", "reservoir.move move.now" },
	{ "forest_fire_danger", "forest.danger.note", "forest.danger", "forest.danger" },
	{ "forest_fire", "warn.general.note", "forest.move move.now", "forest.move move.now" },
	{ "cold_wave", "warn.cold", "warn.cold", "warn.cold" },
	{ "frost", "warn.cold", "warn.cold", "warn.cold" },
	{ "snowstorm", "warn.snow", "warn.snow", "warn.snow" },
	{ "road_ice", "warn.snow", "warn.snow", "warn.snow" },
	{ "heat", "warn.heat", "warn.heat", "warn.heat" },
	{ "gale", "warn.storm", "warn.storm", "warn.storm" },
	{ "thunder_gale", "warn.storm", "warn.storm", "warn.storm" },
	{ "hail", "warn.storm", "warn.storm", "warn.storm" },
	{ "lightning", "warn.storm", "warn.storm", "warn.storm" },
	{ "earthquake", "quake.info", "quake.info", "quake.info" },
	{ "hazmat", "warn.general.note", "hazmat.move move.gas", "hazmat.move move.gas" },
	{ "fog", "warn.general.note", "warn.general", "warn.general" },
	{ "missing", "warn.general.note", "warn.general", "warn.general" },
	{ "other", "warn.general.note", "warn.general", "warn.general" },
};

static void
check_words(const struct settings *s, const char *kind, enum severity severity, const char *words)
{
	char template[64], policy[64], own[32];

	snprintf(own, sizeof(own), "call.%s", severity_name(severity));
	if (sscanf(words, "%63s %63s", template, policy) < 2)
		snprintf(policy, sizeof(policy), "%s", own);
	check_cell(s, kind, severity, template, policy);
}

static void
each_kind_and_colour_has_the_text_that_was_meant(void **state)
{
	struct settings *s = load("");
	const char *name;

	for (size_t i = 0; i < COUNT(shipped); i++) {
		check_words(s, shipped[i].kind, SEVERITY_BLUE, shipped[i].note);
		check_words(s, shipped[i].kind, SEVERITY_YELLOW, shipped[i].note);
		check_words(s, shipped[i].kind, SEVERITY_ORANGE, shipped[i].orange);
		check_words(s, shipped[i].kind, SEVERITY_RED, shipped[i].red);
	}
	for (size_t i = 0; (name = kind_name(i)); i++) {
		holds(name, settings_kind(s, name) != NULL, "gong knows it, and the table does not");
		assert_string_equal(settings_kind_lift(s, name), "warn.cancel");
	}
	assert_null(settings_kind_text(s, settings_kind(s, "rainstorm"), SEVERITY_NOTICE));
	settings_unref(s);
}

/* It is said in the blue and yellow note of kinds that have no text of their own for those, too. */
static void
what_a_kind_asks_is_no_order_to_move(void **state)
{
	const char *name;

	for (size_t i = 0; (name = kind_name(i)); i++) {
		const char *zh = kind_action(name, LANG_ZH), *en = kind_action(name, LANG_EN);

		holds(name, !zh || (!strstr(zh, "立即转移") && !strstr(en, "move now")), "\"%s\", \"%s\"", zh, en);
	}
}

/* -- a site's own -- */

static void
a_row_of_a_later_file_stands_whole(void **state)
{
	struct settings *s = load("kind \"rainstorm\" {\n\tred = {\"warn.general\", \"township.call\"}\n}\n"
				  "kind \"tsunami\" {\n\ttitle = \"海啸\"\n\ttitle_en = \"tsunami\"\n"
				  "\taction = \"往高处走\"\n\tred = {\"river.move\", \"move.now\"}\n\tlift = \"warn.change\"\n}\n");
	const struct kind_row *rain = settings_kind(s, "rainstorm");

	check_cell(s, "rainstorm", SEVERITY_RED, "warn.general", "township.call");
	check_cell(s, "rainstorm", SEVERITY_ORANGE, "warn.general", "call.orange");
	assert_non_null(strstr(rain->path, "own.conf"));
	assert_non_null(strstr(rain->instead_of, "config/kinds.conf"));
	assert_string_equal(rain->title[LANG_ZH], "暴雨");
	check_cell(s, "tsunami", SEVERITY_RED, "river.move", "move.now");
	check_cell(s, "tsunami", SEVERITY_YELLOW, "warn.general.note", "call.yellow");
	assert_string_equal(settings_kind_said(s, "tsunami", LANG_ZH), "海啸");
	assert_string_equal(settings_kind_action(s, "tsunami", LANG_ZH), "往高处走");
	assert_null(settings_kind_action(s, "tsunami", LANG_EN));
	assert_string_equal(settings_kind_lift(s, "tsunami"), "warn.change");
	assert_string_equal(settings_near(s, SETTINGS_KINDS, "rainstrom"), "rainstorm");
	assert_string_equal(settings_near(s, SETTINGS_KINDS, "海啸"), "tsunami");
	settings_unref(s);
}

static const struct {
	const char *sentence, *own, *says;
} faults[] = {
	{ "a text there is not", "kind \"fog\" {\n\tred = {\"warn.rian\"}\n}\n", "own.conf:1: red: there is no template "
	  "\"warn.rian\"; did you mean \"warn.rain\"?" },
	{ "a ladder there is not", "kind \"fog\" {\n\tred = {\"warn.rain\", \"call.read\"}\n}\n", "no policy \"call.read\"; "
	  "did you mean \"call.red\"?" },
	{ "three names", "kind \"fog\" {\n\tred = {\"warn.rain\", \"call.red\", \"call.blue\"}\n}\n", "3 names; write {\"template\"}" },
	{ "a kind without a word", "kind \"tsunami\" {\n\tred = {\"warn.rain\"}\n}\n", "no word for the kind \"tsunami\"; add title" },
	{ "a kind with a word in one language", "kind \"tsunami\" {\n\ttitle = \"海啸\"\n}\n", "add title_en" },
	{ "something further without a colour", "kind \"fog\" {\n\tfurther \"x\" {\n\t\ttext = {\"warn.rain\"}\n\t}\n}\n",
	  "needs severity" },
	{ "something further without a text", "kind \"fog\" {\n\tfurther \"x\" {\n\t\tseverity = red\n\t}\n}\n",
	  "names no text" },
	{ "a lift there is not", "kind \"fog\" {\n\tlift = \"warn.cancle\"\n}\n", "lift: there is no template \"warn.cancle\"; did you "
	  "mean \"warn.cancel\"?" },
	{ "a colour there is not", "kind \"fog\" {\n\tgreen = {\"warn.rain\"}\n}\n", "green" },
	{ "the others without a colour", "kind \"other\" {\n\tred = {\"warn.general\"}\n}\n", "kind \"other\" needs blue" },
};

static void
a_fault_says_what_and_how_to_mend_it(void **state)
{
	for (size_t i = 0; i < COUNT(faults); i++) {
		struct err err = { .text = "" };
		struct buf report = { 0 };
		struct settings *s;

		holds(faults[i].sentence, load_with(&s, faults[i].own, &report, &err) < 0, "was taken");
		holds(faults[i].sentence, strstr(err.text, faults[i].says), "\"%s\"", err.text);
		holds(faults[i].sentence, strstr(report.data, err.text), "report \"%s\"", report.data);
		buf_fini(&report);
	}
}

static void
all_faulty_rows_are_reported_at_once(void **state)
{
	struct buf report = { 0 };
	struct err err = { .text = "" };
	struct settings *s;

	assert_int_equal(load_with(&s, "kind \"fog\" {\n\tred = {\"gone1\"}\n}\nkind \"haze\" {\n\tred = {\"gone2\"}\n}\n",
				   &report, &err), -1);
	assert_non_null(strstr(report.data, "gone1"));
	assert_non_null(strstr(report.data, "gone2"));
	buf_fini(&report);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_and_colour_has_the_text_that_was_meant),
		cmocka_unit_test(what_a_kind_asks_is_no_order_to_move),
		cmocka_unit_test(a_row_of_a_later_file_stands_whole),
		cmocka_unit_test(a_fault_says_what_and_how_to_mend_it),
		cmocka_unit_test(all_faulty_rows_are_reported_at_once),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
