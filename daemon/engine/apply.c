/* apply.c -- a preview is applied: what it found is still so, then what it adds and changes, and last what
 * it takes away.  Each slice commits how far it is, so that a restart goes on from there; nobody waits
 * for more than a slice.  It ends previews whose time is over, too. */
#include "daemon/engine/accept.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE 700
#define DROP_SLICE 500
#define REMEMBERED_MS HOURS(24)		/* what became of it */
#define MANY_PERCENT 10

/* -- what is due -- */

static void
end(struct engine *e, struct staged *q, enum stage stage, enum staged_gone gone)
{
	q->stage = stage;
	q->gone = gone;
	q->cursor = 0;			/* its rows are still there */
	q->expires_at = e->now + REMEMBERED_MS;
	store_staged_set(e->store, q);
}

static void
found_unfinished(void *ctx, const struct staged *found)
{
	struct engine *e = ctx;
	struct staged q = *found;

	if (q.stage == STAGE_STAGING && !(e->import && e->import->import->at.staged == q.id))
		end(e, &q, STAGE_GONE, GONE_RESTARTED);
}

void
engine_imports_load(struct engine *e)
{
	engine_bereft_drop(e);
	store_staged_all(e->store, found_unfinished, e);
	engine_stage_look(e);
}

msec
engine_imports_next(const struct engine *e)
{
	return e->imports.at;
}

struct over {
	struct engine *e;
	struct staged q;
};

static void
take_over(void *ctx, const struct staged *q)
{
	struct over *o = ctx;

	if (!o->q.id && q->expires_at <= o->e->now && (q->stage == STAGE_READY ||
	    (q->stage >= STAGE_APPLIED && q->cursor)))
		o->q = *q;
}

static void
expire(struct engine *e)
{
	struct over o = { .e = e };

	store_staged_all(e->store, take_over, &o);
	if (o.q.id && o.q.stage == STAGE_READY)
		end(e, &o.q, STAGE_GONE, GONE_EXPIRED);
	else if (o.q.id)
		store_staged_drop(e->store, o.q.id);
	engine_stage_look(e);
}

static void
sweep(struct engine *e)
{
	struct staged q;

	if (!engine_hold(e, HAND_IMPORT, (uint64_t)e->imports.sweep, 0)) {
		e->imports.sweep = 0;	/* aside.c sees to it */
		return;
	}
	if (store_staged_get(e->store, e->imports.sweep, &q) &&
	    store_staged_rows_drop(e->store, q.id, DROP_SLICE) < DROP_SLICE) {
		q.cursor = 1;		/* its rows are gone */
		store_staged_set(e->store, &q);
		engine_stage_look(e);
	}
	e->more = true;
}

/* -- a row as the store has it now -- */

struct applying {
	struct engine *e;
	struct staged *q;
	struct rights r;
	struct card was, now;
	struct buf json;		/* of what is there */
	bool differs;			/* a row is not as it was compared */
	bool outside;			/* or not the client's to change any more */
};

static bool
read_division(struct applying *a, const struct staged_row *r, division_code *code)
{
	char name[128], *params = NULL;

	if (division_parse(code, r->key, NULL) < 0 ||
	    !store_division_get(a->e->store, *code, name, &params))
		return false;
	engine_staged_division(&a->json, name, params);
	free(params);
	return true;
}

static bool
read_shape(struct applying *a, const struct staged_row *r, division_code *code)
{
	struct shape shape = { 0 };

	if (division_parse(code, r->key, NULL) < 0 || !store_shape_get(a->e->store, *code, &shape))
		return false;
	engine_staged_shape(&a->json, &shape);
	shape_free(&shape);
	return true;
}

struct duty {
	int64_t role;
	division_code division;
	msec from_at, to_at;
	struct person person;
};

/* Of an unchanged one nothing is kept, and nothing will be written. */
static bool
read_duty(struct applying *a, const struct staged_row *r, struct duty *d)
{
	json_t *json = r->new ? json_loads(r->new, 0, NULL) : NULL;
	msec to_at = 0;
	bool found;

	*d = (struct duty){
		.role = json_integer_value(json_object_get(json, "role")),
		.division = json_integer_value(json_object_get(json, "division")),
		.from_at = json_integer_value(json_object_get(json, "from")),
		.to_at = json_integer_value(json_object_get(json, "to")),
	};
	json_decref(json);
	found = store_person_by_ref(a->e->store, r->key, &d->person) &&
		store_roster_get(a->e->store, d->role, d->division, d->from_at, d->person.id, &to_at);
	if (found)
		engine_staged_duty(&a->json, d->role, d->division, d->from_at, to_at);
	return found;
}

static bool
read_contact(struct applying *a, const struct staged_row *r)
{
	if (!store_card_get(a->e->store, r->key, &a->was))
		return false;
	card_encode(&a->was, &a->json);
	return true;
}

/* What the row is to become is read with it: a->now, *code, *duty. */
static uint64_t
as_it_is(struct applying *a, const struct staged_row *r, division_code *code, struct duty *duty)
{
	bool found = false;

	buf_reset(&a->json);
	switch (a->q->kind) {
	case IMPORT_DIVISIONS:
		found = read_division(a, r, code);
		break;
	case IMPORT_CONTACTS:
		found = read_contact(a, r);
		break;
	case IMPORT_ROSTER:
		found = read_duty(a, r, duty);
		break;
	case IMPORT_GEOMETRY:
		found = read_shape(a, r, code);
		break;
	}
	return found ? table_key(a->json.data) : 0;
}

/* -- nothing has changed meanwhile, and it is still the client's -- */

static bool
may_write(struct applying *a, const struct staged_row *r, division_code code, const struct duty *d)
{
	if (!a->r.division_count)
		return true;
	if (a->q->kind == IMPORT_DIVISIONS || a->q->kind == IMPORT_GEOMETRY)
		return rights_reach(&a->r, code);
	if (a->q->kind == IMPORT_ROSTER)
		return !r->new || rights_reach(&a->r, d->division);
	if (a->was.id && !store_posts_within(a->e->store, a->was.id, a->r.divisions, a->r.division_count,
					     a->e->now))
		return r->change == STAGED_MISSING;	/* he loses what is inside only */
	if (r->new && card_decode(&a->now, r->key, r->new) == 0)
		for (size_t i = 0; i < a->now.post_count; i++)
			if (!rights_reach(&a->r, a->now.posts[i].division))
				return false;
	return true;
}

static void
check_row(void *ctx, const struct staged_row *r)
{
	struct applying *a = ctx;
	division_code code = 0;
	struct duty duty = { 0 };

	a->q->cursor = r->seq;
	if (a->q->kind == IMPORT_ROSTER && !r->new)
		return;
	a->differs |= as_it_is(a, r, &code, &duty) != r->was;
	a->outside |= !may_write(a, r, code, &duty);
}

/* -- writing -- */

static void
write_shape(struct applying *a, const struct staged_row *r, division_code code)
{
	json_t *json = json_loads(r->new, 0, NULL);
	struct shape shape = {
		(char *)json_string_value(json_object_get(json, "area")),
		(char *)json_string_value(json_object_get(json, "seat")),
	};

	store_shape_put(a->e->store, code, &shape);
	json_decref(json);
}

static void
write_row(struct applying *a, const struct staged_row *r, division_code code, const struct duty *d)
{
	struct store *s = a->e->store;
	json_t *json;
	char *params;

	switch (a->q->kind) {
	case IMPORT_DIVISIONS:
		json = json_loads(r->new, 0, NULL);
		params = json_dumps(json_object_get(json, "params"), JSON_COMPACT | JSON_PRESERVE_ORDER);
		store_division_put(s, code, json_string_value(json_object_get(json, "name")), params);
		free(params);
		json_decref(json);
		break;
	case IMPORT_CONTACTS:
		if (card_decode(&a->now, r->key, r->new) == 0)
			store_card_put(s, &a->was, &a->now);
		break;
	case IMPORT_ROSTER:
		if (d->person.id)
			store_roster_put(s, d->role, d->division, d->from_at, d->to_at, d->person.id);
		break;
	case IMPORT_GEOMETRY:
		write_shape(a, r, code);
		break;
	}
}

/* A row that somebody has touched since the check stays as he made it. */
static void
upsert(void *ctx, const struct staged_row *r)
{
	struct applying *a = ctx;
	division_code code = 0;
	struct duty duty = { 0 };
	uint64_t is = as_it_is(a, r, &code, &duty);

	a->q->cursor = r->seq;
	if (is == r->was)
		write_row(a, r, code, &duty);
	else
		a->q->touched += is != table_key(r->new);
}

static void
take_away(void *ctx, const struct staged_row *r)
{
	struct applying *a = ctx;
	struct store *s = a->e->store;
	division_code code = 0;
	struct duty duty;
	bool left = false;

	a->q->cursor = r->seq;
	if (as_it_is(a, r, &code, &duty) != r->was) {
		a->q->touched++;
		return;
	}
	for (size_t i = 0; i < a->was.post_count; i++)
		left |= !division_contains(a->q->within, a->was.posts[i].division);
	store_posts_drop(s, a->was.id, division_range(a->q->within));
	a->q->removed++;
	if (left || store_has_duty(s, a->was.id, a->e->now))
		return;
	store_person_deactivate(s, a->was.id);
	a->q->deactivated++;
}

/* One slice of one kind of change; true: there are no more of it. */
static bool
rows(struct applying *a, enum staged_change change, staged_row_fn fn)
{
	size_t count = store_staged_rows(a->e->store, a->q->id, change, a->q->cursor, SLICE, fn, a);

	return count < SLICE;
}

/* -- the stages -- */

static void
answer(struct engine *e, const struct staged *q)
{
	struct buf json = { 0 };

	staged_json(q, &json);
	engine_reply(e, e->imports.reply_to, REPLY_DONE, &json);
}

/* It is not applied, and may be again: as it is, or confirmed. */
static void
refuse(struct engine *e, struct staged *q, const struct err *err)
{
	q->stage = STAGE_READY;
	q->cursor = 0;
	store_staged_set(e->store, q);
	engine_refuse(e, e->imports.reply_to, err);
	engine_stage_look(e);
}

/* The kinds of change follow one another within a stage: a cursor of several of them. */
static bool
each_change(struct applying *a, enum staged_change last, staged_row_fn fn)
{
	enum staged_change change = (enum staged_change)(a->q->cursor >> 56);

	a->q->cursor &= ((int64_t)1 << 56) - 1;
	if (rows(a, change, fn)) {
		if (change == last)
			return true;
		change = (enum staged_change)(change + 1);
		a->q->cursor = 0;
	}
	a->q->cursor |= (int64_t)change << 56;
	return false;
}

static void
next_stage(struct applying *a, enum stage stage)
{
	a->q->stage = stage;
	a->q->cursor = 0;
}

/* It could leave open targets without anybody, and nobody has said that it is to be so. */
static bool
is_to_be_looked_at(const struct staged *q)
{
	return q->kind == IMPORT_CONTACTS && !q->confirmed && (q->replace || q->count[STAGED_CHANGED]);
}

static void
check(struct applying *a)
{
	bool last = each_change(a, STAGED_MISSING, check_row);
	struct err err;

	if (a->outside) {
		err_say(&err, REFUSED_FORBIDDEN, about(CONCEPT_NONE), import_rights_changed, a->q->by.name);
		refuse(a->e, a->q, &err);
	} else if (a->differs) {
		err_say(&err, REFUSED_CONFLICT, about(CONCEPT_NONE), import_touched);
		refuse(a->e, a->q, &err);
	} else if (last) {
		next_stage(a, is_to_be_looked_at(a->q) ? STAGE_LOOKING : STAGE_WRITING);
	}
}

static void
look(struct applying *a)
{
	struct err err;

	if (!engine_bereft_slice(a->e, a->q))
		return;
	engine_bereft_end(a->e, a->q->id);
	next_stage(a, STAGE_WRITING);
	if (!a->q->lost)
		return;
	engine_bereft_say(a->q, about(CONCEPT_YES), &err);
	refuse(a->e, a->q, &err);
}

static void
applied(struct applying *a)
{
	struct engine *e = a->e;
	struct staged *q = a->q;

	e->nobody.all = true;		/* nobody.c: there may be somebody now, or nobody */
	store_audit(e->store, e->now, q->by.name, "import", import_kind_name(q->kind));
	engine_log(e, LOG_STORY, "import applied id=%lld kind=%s added=%lld changed=%lld removed=%lld "
		   "deactivated=%lld touched=%lld by=%s", (long long)q->id, import_kind_name(q->kind),
		   (long long)q->count[STAGED_ADDED], (long long)q->count[STAGED_CHANGED],
		   (long long)q->removed, (long long)q->deactivated, (long long)q->touched, q->by.name);
	end(e, q, STAGE_APPLIED, GONE_NOT);
	answer(e, q);
	engine_stage_look(e);
}

static void
stage_slice(struct applying *a)
{
	/* The lists stand still while an audience is collected. */
	if (a->q->stage >= STAGE_WRITING && (a->e->planning.count || a->e->slices.count))
		return;
	switch (a->q->stage) {
	case STAGE_CHECKING:
		check(a);
		break;
	case STAGE_LOOKING:
		look(a);
		break;
	case STAGE_WRITING:
		if (each_change(a, STAGED_CHANGED, upsert))
			next_stage(a, STAGE_REMOVING);
		break;
	case STAGE_REMOVING:
		if (!a->q->replace || rows(a, STAGED_MISSING, take_away)) {
			applied(a);
			return;
		}
		break;
	default:
		return;
	}
	if (a->q->stage != STAGE_READY)
		store_staged_set(a->e->store, a->q);
}

static void
slice(struct engine *e)
{
	struct staged q;
	struct applying a = { .e = e, .q = &q };

	e->more = true;
	if (!engine_hold(e, HAND_IMPORT, (uint64_t)e->imports.applying, 0) ||
	    !store_staged_get(e->store, e->imports.applying, &q)) {
		e->imports.applying = 0;	/* aside.c sees to it */
		return;
	}
	a.r = rights_of(e->settings, &q.by);
	stage_slice(&a);
	card_fini(&a.was);
	card_fini(&a.now);
	buf_fini(&a.json);
}

void
engine_imports_due(struct engine *e)
{
	if (e->imports.applying)
		slice(e);
	else if (e->imports.sweep)
		sweep(e);
	if (e->imports.at <= e->now)
		expire(e);
}

void
engine_import_damaged(struct engine *e, int64_t id)
{
	struct staged q;
	struct err err;

	if (e->imports.applying == id) {
		err_say(&err, REFUSED_BUSY, about(CONCEPT_NONE), aside_unreadable);
		engine_refuse(e, e->imports.reply_to, &err);
	}
	engine_bereft_end(e, id);
	if (store_damaged(e->store) & TABLE_BIT(TABLE_STAGED) || !store_staged_get(e->store, id, &q))
		return;
	if (q.stage < STAGE_APPLIED)
		end(e, &q, STAGE_GONE, GONE_DAMAGED);
	q.cursor = 1;			/* what cannot be read cannot be cleared away either */
	store_staged_set(e->store, &q);
	engine_stage_look(e);
}

/* -- what is asked for -- */

/* It is there, and who asks may do this to it; -1: err says why not. */
static int
find(struct engine *e, const struct command *cmd, struct staged *q, struct err *err)
{
	struct rights r;

	if (!store_staged_get(e->store, cmd->staged.import, q))
		return err_say(err, REFUSED_NOT_FOUND, about(CONCEPT_NONE), no_import,
			       NUM(cmd->staged.import));
	if (q->by.kind != cmd->by.kind || strcmp(q->by.name, cmd->by.name) != 0)
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_NONE), import_of_other, NUM(q->id),
			       q->by.name);
	return rights_ask(e->settings, &cmd->by, q->kind == IMPORT_ROSTER ? VERB_ROSTER : VERB_PEOPLE, &r, err);
}

static int
check_apply(struct engine *e, const struct command *cmd, const struct staged *q, struct err *err)
{
	if (q->stage == STAGE_STAGING)
		return err_say(err, REFUSED_CONFLICT, about(CONCEPT_NONE), import_not_ready, NUM(q->id));
	if (q->stage == STAGE_GONE)
		return staged_gone_say(q, err);
	if (cmd->staged.replace && (q->kind != IMPORT_CONTACTS || !q->within))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_REPLACE), import_replace_within);
	if (q->stage != STAGE_READY)
		return 0;		/* under way, or done: told as it is */
	if (e->imports.applying)
		return err_say(err, REFUSED_CONFLICT, about(CONCEPT_NONE), import_other_runs,
			       NUM(e->imports.applying));
	if (cmd->staged.replace && !cmd->staged.yes &&
	    q->count[STAGED_MISSING] * 100 > q->inside * MANY_PERCENT)
		return err_say(err, REFUSED_CONFLICT, about(CONCEPT_YES), import_many_missing,
			       NUM(q->count[STAGED_MISSING]), NUM(q->inside));
	return 0;
}

void
engine_import_apply(struct engine *e, struct command *cmd)
{
	struct rights r = rights_of(e->settings, &cmd->by);
	struct err err = { 0 };
	struct buf json = { 0 };
	struct staged q;

	if (find(e, cmd, &q, &err) < 0 || check_apply(e, cmd, &q, &err) < 0) {
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	if (q.stage != STAGE_READY) {
		staged_json(&q, &json);
		engine_reply(e, cmd->reply_to, REPLY_DONE, &json);
		return;
	}
	q.replace = cmd->staged.replace;
	q.confirmed = cmd->staged.yes;
	q.cursor = q.touched = q.removed = q.deactivated = 0;
	/* Nobody has written any list since, and nothing limits who asks: every row is as it was. */
	q.stage = q.generation != store_lists_generation(e->store) || r.division_count ? STAGE_CHECKING
		: is_to_be_looked_at(&q) ? STAGE_LOOKING : STAGE_WRITING;
	store_staged_set(e->store, &q);
	e->imports.reply_to = cmd->reply_to;
	engine_stage_look(e);
	e->more = true;
}

void
engine_import_drop(struct engine *e, struct command *cmd)
{
	struct err err = { 0 };
	struct buf json = { 0 };
	struct staged q;
	int rc = find(e, cmd, &q, &err);

	if (rc == 0 && q.stage == STAGE_GONE) {
		rc = staged_gone_say(&q, &err);
	} else if (rc == 0 && q.stage != STAGE_READY) {
		rc = err_say(&err, REFUSED_CONFLICT, about(CONCEPT_NONE), import_not_waiting, NUM(q.id));
	}
	if (rc < 0) {
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	end(e, &q, STAGE_GONE, GONE_DROPPED);
	engine_stage_look(e);
	staged_json(&q, &json);
	engine_reply(e, cmd->reply_to, REPLY_DONE, &json);
}
