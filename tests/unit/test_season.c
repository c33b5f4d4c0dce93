/* test_season.c -- what ladders and texts need of the lists, and what gongd --check reads of the store. */
#include "tests/unit/site.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/settings/season.h"
#include "daemon/store/store.h"
#include "daemon/store/survey.h"

#define NOW 1900000000000
#define DAY HOURS(24)

static int
make_folder(void **state)
{
	return site_open("season", "86", "route \"m\" { driver = \"gong-modem\" }\n");
}

static void
expect_families(const char *sentence, const struct season_needs *n, enum tier tier, const char *expected)
{
	char list[200] = "";
	size_t len = 0;

	for (size_t i = 0; i < n->first_count[tier]; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? " " : "",
					settings->families[n->first[tier][i].family].name);
	holds(sentence, strcmp(list, expected) == 0, "%s", list);
}

static void
what_the_shipped_ladders_need(void **state)
{
	static const struct { const char *role; bool is; } officials[] = {
		{ "village_chief", true }, { "info_officer", true }, { "grid_worker", true },
		{ "duty_leader", true }, { "household", false }, { "special_care", false }, { "monitor", false },
	};
	struct season_needs *n = xcalloc(1, sizeof(*n));

	season_needs(settings, n);
	expect_families("chiefs and warners are called before all others", n, TIER_VILLAGE,
			"village_principal warner");
	expect_families("of a township its duty desk", n, TIER_TOWNSHIP, "township_duty");
	holds("no ladder has a county for its target", !n->first_count[TIER_COUNTY], "%zu",
	      n->first_count[TIER_COUNTY]);
	holds("texts name shelters and ways", n->param_count == 2, "%zu", n->param_count);
	for (size_t i = 0; i < COUNT(officials); i++)
		holds(officials[i].role, season_is_official(settings, (size_t)settings_role(settings,
			officials[i].role)) == officials[i].is, "%d", !officials[i].is);
	free(n);
}

static struct settings *
load_own(const char *more)
{
	struct settings *own;
	struct err err = { .text = "" };
	char here[4096], path[64];
	FILE *f;

	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(path, sizeof(path), "%s/own", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/own/own.conf", folder);
	f = fopen(path, "w");
	fprintf(f, "policy \"own\" { title = \"o\" targets = village until = 3 "
		"step \"first\" { after = \"0s\" to = {grid_worker} channels = {sms} } }\n");
	fclose(f);
	snprintf(path, sizeof(path), "%s/other.conf", folder);
	f = fopen(path, "w");
	fprintf(f, "state_dir = \".\"\nroles = \"%1$s/config/roles.conf\"\ntemplates = {\"%1$s/templates\"}\n"
		"policies = {\"%1$s/config/policies\", \"own\"}\n%2$s\n"
		"site { country = \"86\"\n signature_zh = \"【试】\"\n signature_en = \"T: \" }\n", here, more);
	fclose(f);
	holds("the settings load", settings_load(&own, path, NULL, &err) == 0, "%s", err.text);
	unlink(path);
	snprintf(path, sizeof(path), "%s/own/own.conf", folder);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	return own;
}

static bool
calls_first(const struct settings *s, const char *family)
{
	struct season_needs *n = xcalloc(1, sizeof(*n));
	bool does = false;

	season_needs(s, n);
	for (size_t i = 0; i < n->first_count[TIER_VILLAGE]; i++)
		does |= strcmp(s->families[n->first[TIER_VILLAGE][i].family].name, family) == 0;
	free(n);
	return does;
}

static void
which_ladders_count(void **state)
{
	char here[4096], kinds[4200];
	struct settings *own = load_own("");

	holds("without a table of kinds every ladder counts", calls_first(own, "grid_worker"), "no");
	settings_unref(own);
	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(kinds, sizeof(kinds), "kinds = {\"%s/config/kinds.conf\"}", here);
	own = load_own(kinds);
	holds("with one only those that some kind leads to", !calls_first(own, "grid_worker"), "it does");
	holds("and they still count", calls_first(own, "village_principal"), "no");
	settings_unref(own);
}

/* Days from now, of those who stand on a roster; `gap`: the first day without, -1 = none in 14. */
static const struct {
	const char *sentence;
	int lines[3][2];
	int gap;
} rosters[] = {
	{ "all days have somebody", { { -1, 30 } }, -1 },
	{ "one line after the other", { { -1, 5 }, { 5, 14 } }, -1 },
	{ "lines that overlap", { { -3, 6 }, { 2, 4 }, { 4, 20 } }, -1 },
	{ "the roster ends", { { -30, -1 }, { -1, 3 } }, 3 },
	{ "the roster ended long ago", { { -30, -20 } }, 0 },
	{ "it begins later", { { 2, 30 } }, 0 },
	{ "a day in between", { { -1, 3 }, { 4, 30 } }, 3 },
	{ "a gap after the time that is looked at", { { -1, 15 }, { 20, 30 } }, -1 },
};

struct seen {
	size_t count;
	msec gap_at;
};

static void
see_duty(void *ctx, const char *role, division_code division, const char *place, msec gap_at)
{
	struct seen *seen = ctx;

	holds("the duty is named", strcmp(role, "duty_officer") == 0 && division == 990121000000, "%s", role);
	seen->count++;
	seen->gap_at = gap_at;
}

static uint32_t
put_person(struct store *s, const char *ref, bool active)
{
	uint64_t numbers[4] = { 8613800138000 };

	return store_person_put(s, ref, ref, LANG_ZH, active, numbers, 1, 1);
}

/* Where the store is open its log is read, too; else the file alone, and nothing comes to lie beside it. */
static struct seen
look(const char *sentence)
{
	struct seen seen = { 0, NEVER };
	struct survey *survey;
	struct err err = { .text = "" };

	holds(sentence, survey_open(&survey, store_path, &err) == 0, "%s", err.text);
	survey_duties(survey, NOW, NOW + 14 * DAY, see_duty, &seen);
	holds("it is read to its end", !survey_failed(survey), "%s", sentence);
	survey_close(survey);
	return seen;
}

static void
who_is_on_duty(void **state)
{
	for (size_t i = 0; i < COUNT(rosters); i++) {
		msec expected = rosters[i].gap < 0 ? NEVER : NOW + rosters[i].gap * DAY;
		struct err err = { .text = "" };
		struct store *s;
		struct seen seen;
		uint32_t gone, there;
		char log[80];

		unlink(store_path);
		holds("the store opens", store_open(&s, store_path, &err) == 0, "%s", err.text);
		store_begin(s);
		gone = put_person(s, "gone", false);
		there = put_person(s, "there", true);
		for (size_t k = 0; k < 3 && rosters[i].lines[k][0] != rosters[i].lines[k][1]; k++)
			store_roster_put(s, store_role_id(s, "duty_officer"), 990121000000,
					 NOW + rosters[i].lines[k][0] * DAY, NOW + rosters[i].lines[k][1] * DAY,
					 there);
		/* Who has left the lists is on no duty. */
		store_roster_put(s, store_role_id(s, "duty_officer"), 990121000000, NOW - 40 * DAY, NOW + 40 * DAY,
				 gone);
		assert_int_equal(store_commit(s, &err), 0);
		seen = look(rosters[i].sentence);
		holds(rosters[i].sentence, seen.count == 1 && seen.gap_at == expected, "%lld",
		      (long long)seen.gap_at);
		store_close(s);
		seen = look(rosters[i].sentence);
		holds("the same without a gongd", seen.gap_at == expected, "%lld", (long long)seen.gap_at);
		snprintf(log, sizeof(log), "%s-wal", store_path);
		holds("no log was made", access(log, F_OK) < 0, "%s", log);
	}
}

static void
who_holds_a_role(void **state)
{
	const char *const roles[] = { "warner", "info_officer" };
	struct survey *survey;
	struct err err = { .text = "" };
	struct store *s;
	uint32_t one, two;

	unlink(store_path);
	holds("the store opens", store_open(&s, store_path, &err) == 0, "%s", err.text);
	store_begin(s);
	one = put_person(s, "one", true);
	two = put_person(s, "two", true);
	store_post_put(s, store_role_id(s, "warner"), 990121001001, 1, one, LANG_ZH);
	store_post_put(s, store_role_id(s, "warner"), 990121001002, 1, one, LANG_ZH);
	store_post_put(s, store_role_id(s, "info_officer"), 990121001001, 1, two, LANG_ZH);
	store_meta_set(s, "last_instant", NOW);
	store_division_put(s, 990121000000, "c", NULL);
	store_division_put(s, 990121001001, "v", NULL);
	assert_int_equal(store_commit(s, &err), 0);
	store_close(s);
	holds("it is read", survey_open(&survey, store_path, &err) == 0, "%s", err.text);
	holds("two seats of one person are one", survey_holders(survey, roles, 2, NOW) == 2, "%zu",
	      survey_holders(survey, roles, 2, NOW));
	holds("tiers are told apart", survey_has_places(survey, TIER_COUNTY) && survey_has_places(survey,
		TIER_VILLAGE) && !survey_has_places(survey, TIER_TOWNSHIP), "wrong");
	holds("all people", survey_people(survey) == 2, "%zu", survey_people(survey));
	holds("the last instant", survey_last_instant(survey) == NOW, "%lld",
	      (long long)survey_last_instant(survey));
	survey_close(survey);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_shipped_ladders_need),
		cmocka_unit_test(which_ladders_count),
		cmocka_unit_test(who_is_on_duty),
		cmocka_unit_test(who_holds_a_role),
	};

	return cmocka_run_group_tests(tests, make_folder, site_close);
}
