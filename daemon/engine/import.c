/* import.c -- lists of places, people and duties, written a slice a turn.
 * Each row is an upsert by its stable key, so a broken import is mended by repeating it. */
#include "daemon/engine/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE 1000

static void
contact_row(struct engine *e, const struct import_request *q, size_t i)
{
	const struct import_row *row = &q->rows[i];
	bool first = i == 0 || strcmp(q->rows[i - 1].ref, row->ref) != 0;
	struct person p = { 0 };

	if (first) {
		p.id = store_person_put(e->store, row->ref, row->name, row->lang, row->active,
					row->numbers, row->sms, row->voice);
		store_person_lang_said(e->store, p.id, row->lang_said);
	} else if (store_person_by_ref(e->store, row->ref, &p) && !p.id) {
		return;
	}
	if (!p.id || row->role < 0)
		return;
	if (row->active)
		store_post_put(e->store, e->documents.role_ids[row->role], row->code, row->order, p.id,
			       row->lang);
	else
		store_post_rest(e->store, e->documents.role_ids[row->role], row->code, row->order, p.id);
}

static void
roster_row(struct engine *e, const struct import_row *row)
{
	struct person p;

	if (store_person_by_ref(e->store, row->ref, &p) && row->role >= 0)
		store_roster_put(e->store, e->documents.role_ids[row->role], row->code, row->from_at,
				 row->to_at, p.id);
}

static void
one_row(struct engine *e, const struct import_request *q, size_t i)
{
	const struct import_row *row = &q->rows[i];

	switch (q->kind) {
	case IMPORT_DIVISIONS:
		store_division_put(e->store, row->code, row->name, row->params);
		break;
	case IMPORT_CONTACTS:
		contact_row(e, q, i);
		break;
	case IMPORT_ROSTER:
		roster_row(e, row);
		break;
	}
}

static bool
is_there(struct engine *e, const struct table *in_file, division_code code)
{
	return table_get(in_file, (uint64_t)code) || store_division_get(e->store, code, NULL, NULL);
}

/* A place without the one above it is in nobody's county. */
static void
check_parents(struct engine *e, struct import_request *q)
{
	struct table in_file = { 0 };
	char text[DIVISION_TEXT], code[DIVISION_TEXT];

	for (size_t i = 0; i < q->row_count; i++)
		if (q->rows[i].code)
			table_put(&in_file, (uint64_t)q->rows[i].code, &q->rows[i]);
	for (size_t i = 0; i < q->row_count; i++) {
		const struct import_row *row = &q->rows[i];
		enum tier tier = row->code ? division_tier(row->code) : TIER_COUNTY;
		division_code up;

		if (tier == TIER_COUNTY)
			continue;
		up = division_ancestor(row->code, tier - 1);
		if (is_there(e, &in_file, up))
			continue;
		division_format(text, up);
		division_format(code, row->code);
		faults_say(&q->faults, about_row(row->line, q->key_title), code, import_orphan, text);
	}
	table_fini(&in_file, NULL);
}

/* Meanings that only the store knows; what could not be read is not looked up. */
static void
check_refs(struct engine *e, struct import_request *q)
{
	struct person p;

	for (size_t i = 0; i < q->row_count; i++) {
		const struct import_row *row = &q->rows[i];
		char code[DIVISION_TEXT];

		division_format(code, row->code);
		if (q->kind == IMPORT_ROSTER && row->ref[0] && !store_person_by_ref(e->store, row->ref, &p))
			faults_say(&q->faults, about_row(row->line, q->key_title), row->ref,
				   import_no_contact, row->ref);
		if (row->role >= 0 && !store_division_get(e->store, row->code, NULL, NULL))
			faults_say(&q->faults, about_row(row->line, q->division_title), code,
				   import_no_division, code);
	}
}

/* false: nothing of the file is applied. */
static bool
is_faultless(struct engine *e, struct import_request *q)
{
	if (q->kind == IMPORT_DIVISIONS)
		check_parents(e, q);
	else
		check_refs(e, q);
	return !q->faults.total;
}

static int
by_ref(const void *a, const void *b)
{
	const struct import_row *x = a, *y = b;
	int order = strcmp(x->ref, y->ref);

	return order ? order : (x->line > y->line) - (x->line < y->line);
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

/* false: the file is refused, and nothing of it was applied. */
static bool
may_begin(struct engine *e, struct import_request *q)
{
	uint64_t to = e->import->reply_to;
	struct err err = { 0 };

	if (engine_may_import(e, &e->import->by, q, &err) < 0) {
		engine_refuse(e, to, &err);
		return false;
	}
	if (is_faultless(e, q))
		return true;
	if (to)
		effect_push(&e->effects, effect_faults(to, &q->faults));
	return false;
}

void
engine_import_slice(struct engine *e)
{
	struct import_request *q = e->import->import;
	size_t end = q->done + SLICE < q->row_count ? q->done + SLICE : q->row_count;
	struct err err = { 0 };
	struct buf json = { 0 };

	if ((e->planning.count || e->slices.count) && q->done == 0) {
		e->more = true;		/* the lists stand still while an audience is collected */
		return;
	}
	if (q->done == 0 && q->kind == IMPORT_CONTACTS && q->row_count)
		qsort(q->rows, q->row_count, sizeof(*q->rows), by_ref);
	if (follow_settings(e, q, &err) < 0) {
		engine_refuse(e, e->import->reply_to, &err);
		q->done = q->row_count + 1;
		return;
	}
	if (q->done == 0 && !may_begin(e, q)) {
		q->done = q->row_count + 1;
		return;
	}
	for (; q->done < end; q->done++)
		one_row(e, q, q->done);
	if (q->done < q->row_count) {
		e->more = true;
		return;
	}
	q->done = q->row_count + 1;
	e->nobody.all = true;		/* nobody.c: there may be somebody now, or nobody */
	store_audit(e->store, e->now, e->import->by.name, "import", q->kind == IMPORT_DIVISIONS
		    ? "divisions" : q->kind == IMPORT_CONTACTS ? "contacts" : "roster");
	buf_printf(&json, "{\"rows\":%zu}", q->row_count);
	engine_reply(e, e->import->reply_to, REPLY_DONE, &json);
}
