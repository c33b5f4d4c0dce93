/* test_readers.c -- one text to very many, each of whom reads of his own place: how many texts are
 * made in a turn, what becomes of it beyond 20,000 texts and through a restart; and who speaks. */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/engine/engine.h"

#define COUNTY 990121000000
#define TOWNSHIPS 21u
#define VILLAGES 20200u			/* more than a wave has texts for */
#define TEXTS_MAX 20000
#define ROWS_A_TURN 2000
#define TEXTS_A_TURN 200

static char folder[] = "/tmp/gong-readers-XXXXXX";

struct world {
	const char *name;
	unsigned villages;
	struct settings *settings;
	struct store *store;
	struct engine *engine;
	struct command_list urgent, bulk;
	struct effect_list effects;
	msec now;
	bool accepted;
	char said[600];
};

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
write_settings(const char *name, const char *site)
{
	char cwd[500], body[3000];

	assert_non_null(getcwd(cwd, sizeof(cwd)));
	snprintf(body, sizeof(body), "state_dir = \"state\"\nroles = \"%s/config/roles.conf\"\n"
		 "templates = {\"t\"}\npolicies = {}\nsite {\n%s\n}\n"
		 "route \"r\" {\n\tdriver = gong-sim option \"simulation\" { value = \"true\" }\n\tchannels = {sms}\n}\n", cwd, site);
	put(name, body);
}

static int
make_folder(void **state)
{
	char path[300];

	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/t", folder);
	mkdir(path, 0700);
	put("t/stay.conf", "template \"stay\" {\n\ttitle = \"勿归\"\n\tparam \"place\" { scope = division }\n"
	    "\ttext \"zh\" { sms = \"{{place}}危险没过。\" }\n"
	    "\ttext \"en\" { sms = \"{{place}}: stay away.\" }\n}\n");
	put("t/speaks.conf", "template \"speaks\" {\n\ttitle = \"讲话\"\n\tparam \"office\" { scope = derived }\n"
	    "\ttext \"zh\" { sms = \"这里是{{office}}。\" }\n"
	    "\ttext \"en\" { sms = \"This is {{office}}.\" }\n}\n");
	write_settings("gong.conf", "name_zh = \"青石县应急局\"\nname_en = \"Qingshi EOC\"");
	write_settings("office.conf", "name_zh = \"青石县应急局\"\nname_en = \"Qingshi EOC\"\n"
		       "office_zh = \"县应急值班室\"\noffice_en = \"the duty office\"");
	write_settings("half.conf", "name_zh = \"青石县应急局\"\noffice_zh = \"县应急值班室\"");
	return 0;
}

static int
remove_folder(void **state)
{
	return unit_remove(folder);
}

static division_code
village(unsigned i)
{
	return COUNTY + (division_code)(i % TOWNSHIPS + 1) * 1000 + i / TOWNSHIPS + 1;
}

static void
chief(struct store *s, division_code code, unsigned n, enum lang lang)
{
	uint64_t numbers[4] = { 8613900000000u + n };
	char ref[40];
	uint32_t id;

	snprintf(ref, sizeof(ref), "chief-%u", n);
	id = store_person_put(s, ref, "张", lang, true, numbers, 15, 15);
	store_post_put(s, store_role_id(s, "village_chief"), code, 1, id, lang);
}

/* Every thousandth chief reads English. */
static void
fill(struct world *w)
{
	struct store *s = w->store;
	char name[60], columns[80];

	store_begin(s);
	store_division_put(s, COUNTY, "青石县", NULL);
	for (unsigned t = 1; t <= TOWNSHIPS; t++) {
		snprintf(name, sizeof(name), "镇%u", t);
		snprintf(columns, sizeof(columns), "{\"name_en\":\"Town %u\"}", t);
		store_division_put(s, COUNTY + t * 1000, name, columns);
	}
	for (unsigned i = 0; i < w->villages; i++) {
		snprintf(name, sizeof(name), "村%u", i);
		snprintf(columns, sizeof(columns), "{\"name_en\":\"Village %u\"}", i);
		store_division_put(s, village(i), name, columns);
		chief(s, village(i), i, i % 1000 == 999 ? LANG_EN : LANG_ZH);
	}
	assert_int_equal(store_commit(s, NULL), 0);
}

static void
open_world(struct world *w, const char *settings)
{
	struct err err = { .text = "" };
	char path[300];
	bool fresh;

	snprintf(path, sizeof(path), "%s/%s", folder, settings);
	holds("the settings", settings_load(&w->settings, path, NULL, &err) == 0, "%s", err.text);
	snprintf(path, sizeof(path), "%s/%s", folder, w->name);
	fresh = access(path, F_OK) != 0;
	holds("the store", store_open(&w->store, path, &err) == 0, "%s", err.text);
	if (fresh)
		fill(w);
	w->now = 1795457400000;
	holds("the engine", engine_open(&w->engine, w->store, w->settings, w->now, &err) == 0, "%s",
	      err.text);
}

static void
close_world(struct world *w)
{
	engine_close(w->engine);
	store_close(w->store);
	settings_unref(w->settings);
}

static msec
turn(struct world *w)
{
	struct err err = { .text = "" };
	struct effect *f;
	msec wake;

	holds("a turn", engine_turn(w->engine, &w->urgent, &w->bulk, w->now, &w->effects, &wake,
				    &err) == 0, "%s", err.text);
	while ((f = effect_pop(&w->effects))) {
		if (f->kind == EFFECT_REPLY) {
			w->accepted = f->reply.kind == REPLY_ACCEPTED;
			snprintf(w->said, sizeof(w->said), "%s", f->reply.json ? f->reply.json
				 : f->reply.refusal->text);
		}
		effect_free(f);
	}
	return wake;
}

static void
accept(struct world *w, const char *template)
{
	struct command *cmd = command_new(CMD_ACCEPT, -1);
	struct alert_request *r = xcalloc(1, sizeof(*r));

	r->key = xstrdup("a");
	r->template = xstrdup(template);
	r->severity = SEVERITY_YELLOW;
	r->divisions = xcalloc(1, sizeof(*r->divisions));
	r->divisions[r->division_count++] = COUNTY;
	r->roles = xcalloc(1, sizeof(*r->roles));
	r->roles[r->role_count++] = xstrdup("village_chief");
	cmd->by = (struct principal){ PRINCIPAL_USER, 0, "test" };
	cmd->reply_to = 1;
	cmd->accept = r;
	command_push(&w->bulk, cmd);
	turn(w);
	holds("it is accepted", w->accepted, "%s", w->said);
}

static int64_t
look(const struct world *w, const char *sql)
{
	sqlite3_stmt *st = NULL;
	char path[300];
	int64_t value = -1;
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/%s", folder, w->name);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	if (sqlite3_step(st) == SQLITE_ROW)
		value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return value;
}

#define ROWS "SELECT count(*) FROM message"
#define TEXTS "SELECT count(*) FROM variant"

/* Until nothing is left to do; no turn makes more than its share. */
static void
run(struct world *w)
{
	int64_t rows = look(w, ROWS), texts = look(w, TEXTS);
	msec wake = w->now;

	for (int guard = 0; wake <= w->now; guard++) {
		int64_t rows_now, texts_now;

		holds("it comes to rest", guard < 1000, "%d turns", guard);
		wake = turn(w);
		rows_now = look(w, ROWS);
		texts_now = look(w, TEXTS);
		holds("a turn writes a slice of rows", rows_now - rows <= ROWS_A_TURN, "%lld",
		      (long long)(rows_now - rows));
		holds("a turn makes a slice of texts", texts_now - texts <= TEXTS_A_TURN, "%lld",
		      (long long)(texts_now - texts));
		rows = rows_now;
		texts = texts_now;
	}
}

static void
expect(const struct world *w, const char *sentence, const char *sql, int64_t value)
{
	holds(sentence, look(w, sql) == value, "%lld, not %lld", (long long)look(w, sql),
	      (long long)value);
}

#define READ " FROM message m JOIN variant v ON v.id = m.variant JOIN post p ON p.contact = m.contact " \
	"JOIN division d ON d.code = p.division "
#define OWN "(v.body = d.name || '危险没过。' OR v.body = 'Village ' || substr(d.name, 2) || ': stay away.')"

static void
three_thousand_read_of_their_own_villages(void **state)
{
	struct world w = { .name = "own", .villages = 3000 };

	open_world(&w, "gong.conf");
	accept(&w, "stay");
	for (int i = 0; i < 6; i++)	/* gongd stops in the middle, and goes on */
		turn(&w);
	close_world(&w);
	open_world(&w, "gong.conf");
	run(&w);
	expect(&w, "everybody has a message", "SELECT count(DISTINCT contact) FROM message", 3000);
	expect(&w, "everybody has one", ROWS, 3000);
	expect(&w, "everybody reads of his own village, in his language", "SELECT count(*)" READ
	       "WHERE " OWN, 3000);
	expect(&w, "English is read by who reads it", "SELECT count(*)" READ "WHERE v.lang = 1", 3);
	close_world(&w);
}

static void
beyond_the_texts_of_a_wave_a_place_is_its_township(void **state)
{
	struct world w = { .name = "many", .villages = VILLAGES };
	int64_t own;

	open_world(&w, "gong.conf");
	accept(&w, "stay");
	run(&w);
	expect(&w, "everybody has a message", "SELECT count(DISTINCT contact) FROM message", VILLAGES);
	expect(&w, "everybody has one", ROWS, VILLAGES);
	own = look(&w, "SELECT count(*)" READ "WHERE " OWN);
	holds("as many as there are texts read of their village", own == TEXTS_MAX, "%lld",
	      (long long)own);
	expect(&w, "the rest read of their township", "SELECT count(*)" READ "JOIN division t ON t.code = "
	       "p.division / 1000 * 1000 WHERE v.body = t.name || '危险没过。' OR "
	       "v.body = 'Town ' || substr(t.name, 2) || ': stay away.'", VILLAGES - TEXTS_MAX);
	holds("the texts are no more than that and the townships", look(&w, TEXTS) <= TEXTS_MAX +
	      2 * TOWNSHIPS + 2, "%lld", (long long)look(&w, TEXTS));
	close_world(&w);
}

static void
the_office_speaks_by_its_name_in_each_language(void **state)
{
	static const struct { const char *sentence, *name, *settings, *zh, *en; } cases[] = {
		{ "the office that is named", "named", "office.conf", "这里是县应急值班室。",
		  "This is the duty office." },
		{ "else the site", "site", "gong.conf", "这里是青石县应急局。", "This is Qingshi EOC." },
		{ "what a language lacks is said in the site's", "half", "half.conf",
		  "这里是县应急值班室。", "This is 县应急值班室." },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct world w = { .name = cases[i].name, .villages = 1000 };
		char sql[300];

		open_world(&w, cases[i].settings);
		accept(&w, "speaks");
		run(&w);
		snprintf(sql, sizeof(sql), "SELECT count(*)" READ "WHERE v.body LIKE '%%%s'",
			 cases[i].zh);
		expect(&w, cases[i].sentence, sql, 999);
		snprintf(sql, sizeof(sql), "SELECT count(*)" READ "WHERE v.body LIKE '%%%s'",
			 cases[i].en);
		expect(&w, cases[i].sentence, sql, 1);
		close_world(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_thousand_read_of_their_own_villages),
		cmocka_unit_test(beyond_the_texts_of_a_wave_a_place_is_its_township),
		cmocka_unit_test(the_office_speaks_by_its_name_in_each_language),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
