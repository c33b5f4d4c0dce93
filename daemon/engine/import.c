/* import.c -- lists of places, people and duties, a slice a turn: written at once, or compared with the
 * store and kept as a preview (import_missing.c, apply.c).
 * Each row is an upsert by its stable key, so a broken import is mended by repeating it; what is as it was
 * is not written again. */
#include "daemon/engine/accept.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_SLICE 5000
#define SLICE 1000
#define FREE_SLICE 20000

struct taking {				/* rows of a slice */
	struct engine *e;
	struct import_request *q;
	struct card was, now;
	struct buf old, new;		/* preview: as JSON */
	bool found;			/* there was something under that key */
};

/* Of several rows about one person the first stands for all; else the last counts. */
static bool
is_counted(const struct import_request *q, const struct import_row *row)
{
	return q->kind == IMPORT_CONTACTS ? !row->follows : !row->next;
}

/* -- one entry against the store; each returns what it would change -- */

static void
card_of_rows(struct taking *t, size_t i)
{
	const struct import_row *row = &t->q->rows[i], *post = row;
	struct card *c = &t->now;

	card_clear(c);
	snprintf(c->ref, sizeof(c->ref), "%s", row->ref);
	snprintf(c->name, sizeof(c->name), "%s", row->name ? row->name : "");
	c->lang = row->lang;
	c->lang_said = row->lang_said;
	c->active = row->active;
	memcpy(c->numbers, row->numbers, sizeof(c->numbers));
	c->sms = row->sms;
	c->voice = row->voice;
	for (; post; post = post->next ? &t->q->rows[post->next - 1] : NULL)
		if (post->role >= 0)
			card_post_add(c, t->e->documents.role_ids[post->role], post->code, post->order);
	card_sort(c);
	engine_tags_wanted(t->q, row, &t->was, c);
}

static enum staged_change
compare_contact(struct taking *t, size_t i)
{
	t->found = store_card_get(t->e->store, t->q->rows[i].ref, &t->was);
	card_of_rows(t, i);
	if (t->q->preview && t->found)
		card_encode(&t->was, &t->old);
	if (t->q->preview)
		card_encode(&t->now, &t->new);
	return !t->found ? STAGED_ADDED : card_is(&t->was, &t->now) ? STAGED_UNCHANGED : STAGED_CHANGED;
}

/* The same members, in whatever order the columns stood. */
static bool
is_same_object(const char *a, const char *b)
{
	json_t *x, *y;
	bool same;

	if (strcmp(a, b) == 0)
		return true;
	x = json_loads(a, 0, NULL);
	y = json_loads(b, 0, NULL);
	same = x && y && json_equal(x, y);
	json_decref(x);
	json_decref(y);
	return same;
}

static enum staged_change
compare_division(struct taking *t, size_t i)
{
	const struct import_row *row = &t->q->rows[i];
	const char *now = row->params ? row->params : "{}";
	char name[128], *params = NULL;
	bool same;

	t->found = store_division_get(t->e->store, row->code, name, &params);
	same = t->found && strcmp(name, row->name) == 0 && is_same_object(params, now);
	if (t->q->preview && t->found)
		engine_staged_division(&t->old, name, params);
	if (t->q->preview)
		engine_staged_division(&t->new, row->name, now);
	free(params);
	return !t->found ? STAGED_ADDED : same ? STAGED_UNCHANGED : STAGED_CHANGED;
}

static enum staged_change
compare_duty(struct taking *t, size_t i)
{
	const struct import_row *row = &t->q->rows[i];
	int64_t role = t->e->documents.role_ids[row->role];
	struct person p = { 0 };
	msec to = 0;

	store_person_by_ref(t->e->store, row->ref, &p);
	t->found = store_roster_get(t->e->store, role, row->code, row->from_at, p.id, &to);
	if (t->q->preview && t->found)
		engine_staged_duty(&t->old, role, row->code, row->from_at, to);
	if (t->q->preview)
		engine_staged_duty(&t->new, role, row->code, row->from_at, row->to_at);
	return !t->found ? STAGED_ADDED : to == row->to_at ? STAGED_UNCHANGED : STAGED_CHANGED;
}

static enum staged_change
compare_shape(struct taking *t, size_t i)
{
	const struct import_row *row = &t->q->rows[i];
	struct shape was = { 0 }, now;

	t->found = store_shape_get(t->e->store, row->code, &was);
	now = (struct shape){ row->area ? row->area : was.area, row->seat ? row->seat : was.seat };
	engine_staged_shape(&t->new, &now);
	if (t->found)
		engine_staged_shape(&t->old, &was);
	shape_free(&was);
	return !t->found ? STAGED_ADDED : strcmp(t->old.data, t->new.data) == 0 ? STAGED_UNCHANGED : STAGED_CHANGED;
}

static enum staged_change
compare(struct taking *t, size_t i)
{
	buf_reset(&t->old);
	buf_reset(&t->new);
	switch (t->q->kind) {
	case IMPORT_DIVISIONS:
		return compare_division(t, i);
	case IMPORT_CONTACTS:
		return compare_contact(t, i);
	case IMPORT_ROSTER:
		return compare_duty(t, i);
	case IMPORT_GEOMETRY:
		break;
	}
	return compare_shape(t, i);
}

static void
write_row(struct taking *t, size_t i)
{
	const struct import_row *row = &t->q->rows[i];
	struct store *s = t->e->store;
	struct person p;

	switch (t->q->kind) {
	case IMPORT_DIVISIONS:
		store_division_put(s, row->code, row->name, row->params);
		break;
	case IMPORT_CONTACTS:
		store_card_put(s, &t->was, &t->now);
		break;
	case IMPORT_ROSTER:
		if (store_person_by_ref(s, row->ref, &p))
			store_roster_put(s, t->e->documents.role_ids[row->role], row->code, row->from_at,
					 row->to_at, p.id);
		break;
	case IMPORT_GEOMETRY:
		store_shape_put(s, row->code, &(struct shape){ row->area, row->seat });
		break;
	}
}

static void
stage_row(struct taking *t, size_t i, enum staged_change change)
{
	const struct import_row *row = &t->q->rows[i];
	bool changes = change != STAGED_UNCHANGED;
	char code[DIVISION_TEXT];
	struct staged_row r = {
		.change = change, .seq = (int64_t)i + 1, .key = row->ref, .line = row->line,
		.was = t->found ? table_key(t->old.data) : 0,
		.old = t->found && changes ? t->old.data : NULL, .new = changes ? t->new.data : NULL,
	};

	if (t->q->kind == IMPORT_DIVISIONS || t->q->kind == IMPORT_GEOMETRY) {
		division_format(code, row->code);
		r.key = code;
	}
	store_staged_row_put(t->e->store, t->q->at.staged, &r);
}

static void
take_rows(struct engine *e, struct import_request *q)
{
	struct taking t = { .e = e, .q = q };
	size_t end = q->at.done + SLICE < q->row_count ? q->at.done + SLICE : q->row_count;

	for (; q->at.done < end; q->at.done++) {
		enum staged_change change;

		if (!is_counted(q, &q->rows[q->at.done]))
			continue;
		change = compare(&t, q->at.done);
		q->at.added += change == STAGED_ADDED;
		q->at.changed += change == STAGED_CHANGED;
		q->at.unchanged += change == STAGED_UNCHANGED;
		if (q->preview)
			stage_row(&t, q->at.done, change);
		else if (change != STAGED_UNCHANGED)
			write_row(&t, q->at.done);
	}
	card_fini(&t.was);
	card_fini(&t.now);
	buf_fini(&t.old);
	buf_fini(&t.new);
}

/* -- what it would take from open alerts -- */

static void
weigh_rows(struct engine *e, struct import_request *q)
{
	struct taking t = { .e = e, .q = q };
	size_t end = q->at.done + SLICE < q->row_count ? q->at.done + SLICE : q->row_count;

	for (; q->at.done < end; q->at.done++) {
		if (!is_counted(q, &q->rows[q->at.done]))
			continue;
		compare(&t, q->at.done);
		engine_bereft_row(e, t.found ? &t.was : NULL, &t.now);
	}
	card_fini(&t.was);
	card_fini(&t.now);
}

/* Nobody has said that it is to be so, and somebody is being called. */
static bool
is_to_be_weighed(struct engine *e, const struct import_request *q)
{
	return q->kind == IMPORT_CONTACTS && !q->preview && !q->yes && q->row_count &&
		store_alert_open_before(e->store, INT64_MAX);
}

/* -- the whole of it -- */

/* A place without the one above it is in nobody's county. */
static void
check_parent(struct engine *e, struct import_request *q, const struct import_row *row)
{
	enum tier tier = row->code ? division_tier(row->code) : TIER_COUNTY;
	char text[DIVISION_TEXT], code[DIVISION_TEXT];
	struct import_row up = { 0 };

	if (tier == TIER_COUNTY)
		return;
	up.code = division_ancestor(row->code, tier - 1);
	if (engine_import_named(q, &up) || store_division_get(e->store, up.code, NULL, NULL))
		return;
	division_format(text, up.code);
	division_format(code, row->code);
	faults_say(&q->faults, about_row(row->line, q->key_title), code, import_orphan, text);
}

/* Meanings that only the store knows; what could not be read is not looked up. */
static void
check_row(struct engine *e, struct import_request *q, const struct import_row *row)
{
	char code[DIVISION_TEXT];
	struct person p;

	if (q->kind == IMPORT_DIVISIONS) {
		check_parent(e, q, row);
		return;
	}
	engine_check_tags(e, q, row);
	division_format(code, row->code);
	if (q->kind == IMPORT_ROSTER && row->ref[0] && !store_person_by_ref(e->store, row->ref, &p))
		faults_say(&q->faults, about_row(row->line, q->key_title), row->ref, import_no_contact,
			   row->ref);
	if (row->role >= 0 && !store_division_get(e->store, row->code, NULL, NULL))
		faults_say(&q->faults, about_row(row->line, q->division_title), code, import_no_division,
			   code);
	if (q->kind == IMPORT_GEOMETRY && row->code && !store_division_get(e->store, row->code, NULL, NULL))
		faults_say(&q->faults, about_row(row->line, q->key_title), code, import_shape_nowhere, code);
}

static int
check_rows(struct engine *e, const struct principal *by, struct import_request *q, struct err *err)
{
	size_t end = q->at.done + CHECK_SLICE < q->row_count ? q->at.done + CHECK_SLICE : q->row_count;
	struct rights r;

	if (rights_ask(e->settings, by, q->kind == IMPORT_ROSTER ? VERB_ROSTER : VERB_PEOPLE, &r, err) < 0)
		return -1;
	if (q->within && !rights_reach(&r, q->within)) {
		char code[DIVISION_TEXT];

		division_format(code, q->within);
		return err_say(err, REFUSED_FORBIDDEN, about_name(CONCEPT_QUERY, "within"), import_within,
			       by->name, code);
	}
	for (; q->at.done < end; q->at.done++) {
		if (engine_may_import(e, by, &r, q, &q->rows[q->at.done], err) < 0)
			return -1;
		check_row(e, q, &q->rows[q->at.done]);
	}
	return 0;
}

/* The settings were reloaded since the rows were read: roles have other places in the list. */
static int
follow_settings(struct engine *e, struct import_request *q, struct err *err)
{

	if (!q->settings || q->settings == e->settings)
		return 0;
	for (size_t i = 0; i < q->row_count; i++) {
		struct import_row *row = &q->rows[i];
		const char *name = row->role < 0 ? NULL : q->settings->roles[row->role].name;

		row->role = name ? settings_role(e->settings, name) : -1;
		if (name && row->role < 0)
			return err_say(err, REFUSED_INVALID, about_row(row->line, NULL), import_role_gone, name);
	}
	settings_unref(q->settings);
	q->settings = settings_ref(e->settings);
	return 0;
}

static void
enter(struct engine *e, struct import_request *q, enum import_phase phase)
{
	q->at.phase = phase;
	q->at.done = 0;
	e->more = true;
}

static void
finish_plain(struct engine *e, const struct import_request *q)
{
	struct buf json = { 0 };

	e->nobody.all = true;		/* nobody.c: there may be somebody now, or nobody */
	store_audit(e->store, e->now, e->import->by.name, "import", import_kind_name(q->kind));
	buf_printf(&json, "{\"rows\":%zu,\"added\":%zu,\"changed\":%zu,\"unchanged\":%zu}", q->row_count,
		   q->at.added, q->at.changed, q->at.unchanged);
	engine_reply(e, e->import->reply_to, REPLY_DONE, &json);
}

static int
check(struct engine *e, struct import_request *q, struct err *err)
{
	if (check_rows(e, &e->import->by, q, err) < 0)
		return -1;
	e->more = true;
	if (q->at.done < q->row_count)
		return 0;
	if (q->faults.total) {		/* nothing of the file is applied */
		if (e->import->reply_to)
			effect_push(&e->effects, effect_faults(e->import->reply_to, &q->faults));
		engine_import_over(e);
		return 0;
	}
	if (q->preview && engine_stage_begin(e, e->import, err) < 0)
		return -1;
	enter(e, q, is_to_be_weighed(e, q) ? IMPORT_WEIGHING : IMPORT_ROWS);
	return 0;
}

/* Its rows first, then the open alerts; what it has seen may have been dropped meanwhile. */
static int
weigh(struct engine *e, struct import_request *q, struct err *err)
{
	struct staged plain = { .stage = STAGE_STAGING };

	e->more = true;
	if (!engine_bereft_is(e, 0)) {
		q->at.done = 0;
		if (!engine_bereft_begin(e))
			return 0;
	}
	if (q->at.done < q->row_count) {
		weigh_rows(e, q);
		if (q->at.done < q->row_count || engine_bereft_rows_end(e))
			return 0;
	} else if (!engine_bereft_slice(e, &plain)) {
		return 0;
	}
	engine_bereft_end(e, 0);
	if (plain.lost)
		return engine_bereft_say(&plain, about_name(CONCEPT_QUERY, "yes"), err);
	enter(e, q, IMPORT_ROWS);
	return 0;
}

static void
take_slice(struct engine *e, struct import_request *q)
{
	/* The lists stand still while an audience is collected. */
	if (!q->preview && (e->planning.count || e->slices.count)) {
		e->more = true;
		return;
	}
	take_rows(e, q);
	e->more = true;
	if (q->at.done < q->row_count)
		return;
	if (q->preview) {
		enter(e, q, IMPORT_MISSING);
		return;
	}
	finish_plain(e, q);
	enter(e, q, IMPORT_OVER);
}

void
engine_import_slice(struct engine *e)
{
	struct import_request *q = e->import->import;
	struct err err = { 0 };
	int rc = q->at.phase < IMPORT_MISSING ? follow_settings(e, q, &err) : 0;

	switch (rc < 0 ? IMPORT_OVER : q->at.phase) {
	case IMPORT_LINKING:
		if (engine_import_link(q))
			enter(e, q, IMPORT_CHECKING);
		e->more = true;
		break;
	case IMPORT_CHECKING:
		rc = check(e, q, &err);
		break;
	case IMPORT_WEIGHING:
		rc = weigh(e, q, &err);
		break;
	case IMPORT_ROWS:
		take_slice(e, q);
		break;
	case IMPORT_MISSING:
	case IMPORT_LOOKING:
		engine_stage_slice(e, e->import);
		break;
	case IMPORT_OVER:
		break;
	}
	if (rc < 0) {
		engine_refuse(e, e->import->reply_to, &err);
		engine_import_over(e);
	}
}

void
engine_import_over(struct engine *e)
{
	struct import_request *q = e->import->import;

	if (q->at.staged)
		engine_stage_aside(e, q->at.staged);
	engine_bereft_end(e, 0);
	enter(e, q, IMPORT_OVER);
}

bool
engine_import_freed(struct engine *e)
{
	return import_rows_free(e->import->import, FREE_SLICE);
}
