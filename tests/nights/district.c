/* district.c -- the made-up district of a night, imported as a real one would be.
 * Names, codes (99…) and numbers (+999) are unreal on purpose. */
#include "tests/nights/night.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/nights/disk.h"

static const struct { const char *role; unsigned count; } per_county[] = {
	{ "county_leader", 2 }, { "county_deputy", 2 }, { "dept_head", 4 }, { "duty_officer", 3 },
	{ "duty_deputy", 3 }, { "duty_leader", 2 },
}, per_township[] = {
	{ "township_chief", 2 }, { "township_deputy", 1 }, { "township_duty", 2 },
	{ "township_officer", 2 },
}, per_village[] = {
	{ "village_chief", 1 }, { "village_deputy", 1 }, { "warner", 1 }, { "info_officer", 1 },
	{ "grid_worker", 3 }, { "monitor", 1 }, { "transfer_lead", 1 }, { "group_leader", 7 },
};

bool
district_is_setup(const char *verb)
{
	static const char *const verbs[] = { "district", "division", "person", "post", "roster" };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(verb, verbs[i]) == 0)
			return true;
	return false;
}

static struct import_row *
add_row(struct import_request *q)
{
	if ((q->row_count & (q->row_count - 1)) == 0)
		q->rows = xrealloc(q->rows, (q->row_count ? q->row_count * 2 : 1) * sizeof(*q->rows));
	q->rows[q->row_count] = (struct import_row){ .line = (unsigned)q->row_count + 1, .role = -1 };
	return &q->rows[q->row_count++];
}

static void
add_division(struct district *d, division_code code, const char *name, const char *params)
{
	struct import_row *row = add_row(d->divisions);

	row->code = code;
	row->name = xstrdup(name);
	row->params = xstrdup(params);
}

uint64_t
villager_number(long who, unsigned index)
{
	return NUMBER_BASE + (uint64_t)who * NUMBERS_EACH + index;
}

long
villager_of_number(const struct district *d, uint64_t e164)
{
	uint64_t who = (e164 - NUMBER_BASE) / NUMBERS_EACH;

	return e164 >= NUMBER_BASE && who < d->people_count ? (long)who : -1;
}

static long
add_person(struct district *d, const char *ref, enum lang lang, unsigned numbers)
{
	if (d->people_count == d->people_cap) {
		d->people_cap = d->people_cap ? d->people_cap * 2 : 256;
		d->people = xrealloc(d->people, d->people_cap * sizeof(*d->people));
	}
	d->people[d->people_count] = (struct villager){ .ref = xstrdup(ref), .role = -1,
		.lang = lang, .numbers = numbers };
	return (long)d->people_count++;
}

static void
add_post(struct district *d, long who, int role, division_code division, unsigned order)
{
	struct villager *v = &d->people[who];
	struct import_row *row = add_row(d->contacts);

	if (v->role < 0) {
		v->role = role;
		v->division = division;
	}
	row->ref = xstrdup(v->ref);
	row->name = xstrdup(v->ref);
	for (unsigned i = 0; i < v->numbers; i++)
		row->numbers[i] = villager_number(who, i);
	row->sms = row->voice = 15;
	row->lang = v->lang;
	row->active = true;
	row->role = role;
	row->order = order;
	row->code = division;
}

static void
staff(struct district *d, const struct settings *s, division_code code, const char *role,
      unsigned count)
{
	char ref[64], name[DIVISION_TEXT];

	division_format(name, code);
	for (unsigned i = 1; i <= count; i++) {
		snprintf(ref, sizeof(ref), "%s-%s-%u", role, name, i);
		/* Every seventh person has two numbers, every eleventh reads English. */
		add_post(d, add_person(d, ref, d->people_count % 11 == 10 ? LANG_EN : LANG_ZH,
				       d->people_count % 7 == 6 ? 2 : 1),
			 settings_role(s, role), code, i);
	}
}

#define STAFF(list, code)                                                \
	for (size_t r = 0; r < sizeof(list) / sizeof(*list); r++)        \
		staff(d, s, code, list[r].role, list[r].count)

static void
generate(struct district *d, const struct settings *s, unsigned townships, unsigned villages)
{
	char name[64], params[128];

	STAFF(per_county, 990121000000);
	for (unsigned t = 0; t < townships; t++) {
		division_code township = 990121000000 + (division_code)(101 + t) * 1000;

		snprintf(name, sizeof(name), "第%u镇", t + 1);
		add_division(d, township, name, "{}");
		STAFF(per_township, township);
		for (unsigned v = 1; v <= villages; v++) {
			snprintf(name, sizeof(name), "%u镇%u村", t + 1, v);
			snprintf(params, sizeof(params),
				 "{\"route\":\"村北机耕路\",\"shelter\":\"第%u小学\"}", t + 1);
			add_division(d, township + v, name, params);
			STAFF(per_village, township + v);
		}
	}
}

long
villager_find(const struct district *d, const struct settings *s, char *const *words,
	      size_t count, size_t *next)
{
	char ref[96];
	unsigned order = 1;
	size_t used = 1;

	if (*next >= count)
		return -1;
	snprintf(ref, sizeof(ref), "%s", words[*next]);
	if (settings_role(s, words[*next]) >= 0 && *next + 1 < count) {
		used = 2;
		if (*next + 2 < count && words[*next + 2][0] == '#') {
			order = (unsigned)atoi(words[*next + 2] + 1);
			used = 3;
		}
		snprintf(ref, sizeof(ref), "%s-%s-%u", words[*next], words[*next + 1], order);
	}
	*next += used;
	for (size_t i = 0; i < d->people_count; i++)
		if (strcmp(d->people[i].ref, ref) == 0)
			return (long)i;
	return -1;
}

static int
setup_line(struct district *d, const struct line *l, const struct settings *s)
{
	char *const *w = l->words;
	struct import_row *row;
	division_code code = 0;
	unsigned a, b;
	size_t next = 1;
	long who;

	if (strcmp(w[0], "district") == 0 && l->count > 1 && sscanf(w[1], "%ux%u", &a, &b) == 2) {
		generate(d, s, a, b);
		return 0;
	}
	if (strcmp(w[0], "division") == 0 && l->count > 2 && division_parse(&code, w[1], NULL) == 0) {
		add_division(d, code, w[2], l->count > 3 ? w[3] : "{}");
		return 0;
	}
	if (strcmp(w[0], "person") == 0 && l->count > 1) {
		add_person(d, w[1], l->count > 3 && strcmp(w[3], "en") == 0 ? LANG_EN : LANG_ZH,
			   l->count > 2 ? (unsigned)atoi(w[2]) : 1);
		return 0;
	}
	who = villager_find(d, s, w, l->count, &next);
	if (who < 0 || next + 1 >= l->count || division_parse(&code, w[next + 1], NULL) < 0 ||
	    settings_role(s, w[next]) < 0)
		return -1;
	if (strcmp(w[0], "post") == 0) {
		add_post(d, who, settings_role(s, w[next]), code,
			 next + 2 < l->count ? (unsigned)atoi(w[next + 2]) : 1);
		return 0;
	}
	row = add_row(d->roster);	/* roster WHO ROLE DIVISION: the whole of the night */
	row->ref = xstrdup(d->people[who].ref);
	row->role = settings_role(s, w[next]);
	row->code = code;
	row->from_at = 1;
	row->to_at = NEVER / 2;
	return 0;
}

static int
import_all(struct district *d, struct settings *s, struct err *err)
{
	struct import_request *all[] = { d->divisions, d->contacts, d->roster };
	struct command_list urgent = { 0 }, bulk = { 0 };
	struct effect_list out = { 0 };
	struct engine *engine = NULL;
	struct store *store = NULL;
	struct effect *f;
	msec wake = 0;
	int rc = -1;

	disk_wipe();
	for (int i = 0; i < 3; i++) {
		struct command *cmd = night_command(CMD_IMPORT);

		cmd->import = all[i];
		cmd->reply_to = 1;
		command_push(&bulk, cmd);
	}
	d->divisions = d->contacts = d->roster = NULL;
	if (store_open(&store, STORE_FILE, err) == 0 &&
	    engine_open(&engine, store, s, 1000, err) == 0) {
		do {
			rc = engine_turn(engine, &urgent, &bulk, 1000, &out, &wake, err);
			while ((f = effect_pop(&out))) {
				if (f->kind == EFFECT_REPLY && f->reply.refusal)
					rc = err_set(err, "import: %s", f->reply.refusal->text);
				effect_free(f);
			}
		} while (rc == 0 && wake <= 1000);
	}
	while (bulk.first)
		command_free(command_pop(&bulk));
	engine_close(engine);
	store_close(store);
	if (rc == 0)
		d->image = disk_save();
	disk_wipe();
	return rc;
}

int
district_build(struct district *d, const struct line *lines, size_t count, struct settings *s,
	       char *reason, size_t size)
{
	enum import_kind kinds[] = { IMPORT_DIVISIONS, IMPORT_CONTACTS, IMPORT_ROSTER };
	struct import_request **all[] = { &d->divisions, &d->contacts, &d->roster };
	struct err err = { 0 };

	for (int i = 0; i < 3; i++) {
		*all[i] = xcalloc(1, sizeof(**all[i]));
		(*all[i])->kind = kinds[i];
	}
	add_division(d, 990121000000, "青石县", "{}");
	for (size_t i = 0; i < count; i++) {
		if (district_is_setup(lines[i].words[0]) && setup_line(d, &lines[i], s) < 0) {
			snprintf(reason, size, "line %u: this set-up line is not understood",
				 lines[i].number);
			return -1;
		}
	}
	if (import_all(d, s, &err) < 0) {
		snprintf(reason, size, "%s", err.text);
		return -1;
	}
	return 0;
}

void
district_free(struct district *d)
{
	for (size_t i = 0; i < d->people_count; i++)
		free(d->people[i].ref);
	free(d->people);
	disk_image_free(d->image);
}
