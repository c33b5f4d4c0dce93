/* stage.c -- the preview of an import: where it is kept, whom and what the file does not name, and what
 * its removals would leave without anybody. */
#include "daemon/engine/accept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MISSING_SLICE 1000
#define AT_ONCE 4			/* previews of one client that wait or are being applied */

struct own {				/* previews of the same client */
	const struct principal *by;
	size_t count;
};

/* Each has his own, so that nobody keeps the others out. */
static void
count_own(void *ctx, const struct staged *q)
{
	struct own *own = ctx;

	own->count += q->stage < STAGE_APPLIED && q->by.kind == own->by->kind &&
		strcmp(q->by.name, own->by->name) == 0;
}

int
engine_stage_begin(struct engine *e, const struct command *cmd, struct err *err)
{
	struct import_request *q = cmd->import;
	struct staged fresh = {
		.kind = q->kind, .stage = STAGE_STAGING, .by = cmd->by, .within = q->within,
		.generation = store_lists_generation(e->store), .at = e->now,
		.expires_at = e->now + STAGED_MS, .rows = (int64_t)q->row_count,
	};
	struct own own = { .by = &cmd->by };

	store_staged_all(e->store, count_own, &own);
	if (own.count >= AT_ONCE)
		return err_say(err, REFUSED_TOO_MANY, about(CONCEPT_NONE), imports_max, NUM(AT_ONCE));
	q->at.staged = store_staged_new(e->store, &fresh);
	return 0;
}

/* -- who and what is missing -- */

struct lacking {
	struct engine *e;
	struct import_request *q;
	struct rights r;
	struct card card;
	struct buf json;
};

static void
stage_missing(struct lacking *l, int64_t seq, const char *key)
{
	struct staged_row row = { .change = STAGED_MISSING, .seq = seq, .key = key,
				  .was = table_key(l->json.data), .old = l->json.data };

	store_staged_row_put(l->e->store, l->q->at.staged, &row);
}

static void
look_at_holder(void *ctx, const struct holder *h)
{
	struct lacking *l = ctx;
	struct import_request *q = l->q;
	struct import_row like = { 0 };
	struct person p;

	q->at.division = h->division;
	q->at.order = h->order;
	q->at.contact = h->contact;
	if (!rights_reach(&l->r, h->division) || !store_person_by_id(l->e->store, h->contact, &p))
		return;
	id_set_add(&q->inside, h->contact);
	like.ref = p.ref;
	if (engine_import_named(q, &like))
		return;
	id_set_add(&q->missing, h->contact);
	if (!q->within || store_staged_is_missing(l->e->store, q->at.staged, h->contact) ||
	    !store_card_get(l->e->store, p.ref, &l->card))
		return;
	buf_reset(&l->json);
	card_encode(&l->card, &l->json);
	stage_missing(l, h->contact, p.ref);
}

/* true: that was the last slice. */
static bool
missing_contacts(struct engine *e, struct lacking *l)
{
	struct import_request *q = l->q;
	struct division_range range = q->within ? division_range(q->within)
						: (struct division_range){ 0, INT64_MAX };
	struct holder after = { .contact = q->at.contact, .order = q->at.order, .division = q->at.division };

	if (!q->at.role && !(q->at.role = store_role_after(e->store, 0)))
		return true;
	if (store_holders_after(e->store, q->at.role, range, &after, MISSING_SLICE, look_at_holder, l) ==
	    MISSING_SLICE)
		return false;
	q->at.role = store_role_after(e->store, q->at.role);
	q->at.division = INT64_MIN;
	q->at.order = q->at.contact = 0;
	return !q->at.role;
}

static void
look_at_division(void *ctx, division_code code)
{
	struct lacking *l = ctx;
	struct import_request *q = l->q;
	struct import_row like = { .code = code };
	char name[128], text[DIVISION_TEXT], *params = NULL;

	q->at.division = code;
	if (!rights_reach(&l->r, code) || engine_import_named(q, &like))
		return;
	if (q->kind == IMPORT_GEOMETRY) {	/* places that nobody knows where they lie */
		q->at.missing += !store_shape_get(l->e->store, code, NULL);
		return;
	}
	q->at.missing++;
	if (!q->within || !store_division_get(l->e->store, code, name, &params))
		return;
	buf_reset(&l->json);
	engine_staged_division(&l->json, name, params);
	free(params);
	division_format(text, code);
	stage_missing(l, code, text);
}

static bool
missing_divisions(struct engine *e, struct lacking *l)
{
	struct division_range range = l->q->within ? division_range(l->q->within)
						   : (struct division_range){ 0, INT64_MAX };

	return store_divisions_after(e->store, range, l->q->at.division, MISSING_SLICE, look_at_division, l) <
		MISSING_SLICE;
}

static bool
missing_slice(struct engine *e, const struct command *cmd)
{
	struct lacking l = { .e = e, .q = cmd->import, .r = rights_of(e->settings, &cmd->by) };
	bool last = true;

	if (l.q->kind == IMPORT_CONTACTS)
		last = missing_contacts(e, &l);
	else if (l.q->kind == IMPORT_DIVISIONS || l.q->kind == IMPORT_GEOMETRY)
		last = missing_divisions(e, &l);
	card_fini(&l.card);
	buf_fini(&l.json);
	return last;
}

/* -- the end of it -- */

static void
count(struct import_request *q, struct staged *s)
{
	s->count[STAGED_ADDED] = (int64_t)q->at.added;
	s->count[STAGED_CHANGED] = (int64_t)q->at.changed;
	s->count[STAGED_UNCHANGED] = (int64_t)q->at.unchanged;
	id_set_sort(&q->inside);
	id_set_sort(&q->missing);
	s->inside = (int64_t)q->inside.count;
	s->count[STAGED_MISSING] = (int64_t)(q->kind == IMPORT_CONTACTS ? q->missing.count : q->at.missing);
}

static void
ready(struct engine *e, struct command *cmd, struct staged *s)
{
	struct buf json = { 0 };

	s->stage = STAGE_READY;
	s->expires_at = e->now + STAGED_MS;
	store_staged_set(e->store, s);
	engine_stage_look(e);
	staged_json(s, &json);
	engine_reply(e, cmd->reply_to, REPLY_DONE, &json);
	cmd->import->at.phase = IMPORT_OVER;
}

void
engine_stage_slice(struct engine *e, struct command *cmd)
{
	struct import_request *q = cmd->import;
	struct staged s;

	e->more = true;
	if ((q->at.phase == IMPORT_MISSING && !missing_slice(e, cmd)) ||
	    !store_staged_get(e->store, q->at.staged, &s))
		return;
	if (q->at.phase == IMPORT_MISSING) {
		count(q, &s);
		store_staged_set(e->store, &s);
		q->at.phase = IMPORT_LOOKING;
	} else if (q->kind != IMPORT_CONTACTS ||
		   (!s.count[STAGED_CHANGED] && (!q->within || !s.count[STAGED_MISSING])) ||
		   engine_bereft_slice(e, &s)) {
		ready(e, cmd, &s);
		engine_bereft_end(e, s.id);
	}
}

void
engine_stage_aside(struct engine *e, int64_t id)
{
	struct staged s;

	engine_bereft_end(e, id);
	if (store_damaged(e->store) & (TABLE_BIT(TABLE_STAGED) | TABLE_BIT(TABLE_STAGED_ROW)) ||
	    !store_staged_get(e->store, id, &s))
		return;			/* at the next start it is found unfinished */
	s.stage = STAGE_GONE;
	s.gone = GONE_DROPPED;
	store_staged_set(e->store, &s);
	engine_stage_look(e);
}
