/* bereft.c -- open targets that would have nobody left to call, were an import applied: those whom its file
 * does not name lose their posts, others it moves or makes inactive.  Whom the file itself brings to such a
 * post counts as there already.  The rows of a preview are read from the store; of what is written at once
 * whoever reads them says so (engine_bereft_row), as the import 0. */
#include "daemon/engine/accept.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE 500			/* rows read in a turn */
#define NAMED_MAX 20

struct bereft {
	int64_t import;
	division_code within;
	bool removes;			/* whom the file does not name */
	/* First the posts that the file fills and those that it takes from somebody … */
	enum staged_change change;
	int64_t seq;
	struct table filled;		/* (role, division) */
	struct table moved;		/* contact -> he has fewer posts, or is not active any more */
	struct table left;		/* (contact, role, division) */
	struct card card, was;
	/* … then the open alerts, newest first. */
	bool looking;
	int64_t alert, target;		/* where it stands */
	int64_t lost;
	struct buf names;
	struct engine *e;
};

static char inactive;			/* in `moved` */

static uint64_t
post_key(int64_t role, division_code division)
{
	return (uint64_t)role << 40 | (uint64_t)division;	/* a code has 12 digits: 40 bits */
}

/* Of one person; two that share a key would be a warning too many. */
static uint64_t
seat_key(uint32_t contact, int64_t role, division_code division)
{
	return post_key(role, division) ^ (uint64_t)contact * 0x9e3779b97f4a7c15;
}

void
engine_bereft_drop(struct engine *e)
{
	struct bereft *b = e->imports.bereft;

	if (!b)
		return;
	table_fini(&b->filled, NULL);
	table_fini(&b->moved, NULL);
	table_fini(&b->left, NULL);
	card_fini(&b->card);
	card_fini(&b->was);
	buf_fini(&b->names);
	free(b);
	e->imports.bereft = NULL;
}

void
engine_bereft_end(struct engine *e, int64_t import)
{
	if (e->imports.bereft && e->imports.bereft->import == import)
		engine_bereft_drop(e);
}

static struct bereft *
begin(struct engine *e, const struct staged *q)
{
	struct bereft *b = xcalloc(1, sizeof(*b));

	b->import = q->id;
	b->within = q->within;
	b->removes = q->stage == STAGE_STAGING ? q->within != 0 : q->replace;
	b->change = STAGED_ADDED;
	b->alert = INT64_MAX;
	b->target = -1;
	return b;
}

static bool
card_has_post(const struct card *c, const struct person_post *post)
{
	for (size_t i = 0; c->active && i < c->post_count; i++)
		if (c->posts[i].role == post->role && c->posts[i].division == post->division)
			return true;
	return false;
}

/* Posts that he has now and will not have. */
static void
leave_posts(struct bereft *b, const struct card *was, const struct card *now)
{
	struct person p;

	if (!was->active || !store_person_by_ref(b->e->store, now->ref, &p))
		return;
	if (!now->active)
		table_put(&b->moved, p.id, &inactive);
	for (size_t i = 0; i < was->post_count; i++) {
		const struct person_post *post = &was->posts[i];

		if (card_has_post(now, post))
			continue;
		table_put(&b->left, seat_key(p.id, post->role, post->division), b);
		if (now->active)
			table_put(&b->moved, p.id, b);
	}
}

static void
fill_posts(struct bereft *b, const struct card *now)
{
	for (size_t i = 0; now->active && i < now->post_count; i++)
		table_put(&b->filled, post_key(now->posts[i].role, now->posts[i].division), b);
}

static void
take_staged(void *ctx, const struct staged_row *r)
{
	struct bereft *b = ctx;

	b->seq = r->seq;
	if (!r->new || card_decode(&b->card, r->key, r->new) < 0)
		return;
	fill_posts(b, &b->card);
	if (r->old && card_decode(&b->was, r->key, r->old) == 0)
		leave_posts(b, &b->was, &b->card);
}

static void
collect(struct engine *e, struct bereft *b)
{
	if (store_staged_rows(e->store, b->import, b->change, b->seq, SLICE, take_staged, b) == SLICE)
		return;
	b->seq = 0;
	b->looking = b->change == STAGED_CHANGED;
	b->change = STAGED_CHANGED;
}

struct posts_of {			/* of somebody missing or moved, as a target sees him */
	struct bereft *b;
	const struct target *target;
	uint32_t contact;
	bool missing;
	size_t kept, here, empty;	/* posts he keeps; loses: that call him for it, of them unfilled */
	bool stays;			/* he keeps one of those that call him for it */
};

static void
look_at_post(void *ctx, int64_t role, division_code division)
{
	struct posts_of *p = ctx;
	bool loses = (p->missing && division_contains(p->b->within, division)) ||
		table_get(&p->b->left, seat_key(p->contact, role, division));
	bool calls = p->target->division && division_contains(division, p->target->division);

	p->kept += !loses;
	p->stays |= !loses && calls;
	if (!loses || !calls)
		return;
	p->here++;
	p->empty += !table_get(&p->b->filled, post_key(role, division));
}

/* He loses the post that calls him for it and nobody else gets it; or he is called by name, or by his
 * duty, and will be called for nothing any more. */
static bool
is_gone(void *ctx, uint32_t contact, const struct target *t)
{
	struct bereft *b = ctx;
	const void *moved = table_get(&b->moved, contact);
	struct posts_of p = {
		.b = b, .target = t, .contact = contact,
		.missing = b->removes && store_staged_is_missing(b->e->store, b->import, contact),
	};

	if (!p.missing && !moved)
		return false;
	store_seats(b->e->store, contact, look_at_post, &p);
	if (p.stays)
		return false;
	if (p.here)
		return p.empty;
	return moved == &inactive ||
		(p.missing && !p.kept && !store_has_duty(b->e->store, contact, b->e->now));
}

static void
name_lost(void *ctx, const struct target *t)
{
	struct bereft *b = ctx;
	char code[DIVISION_TEXT], name[128] = "";
	struct person person;

	if (b->lost++ >= NAMED_MAX || b->names.len > STAGED_LOST_BYTES - 400)
		return;
	buf_printf(&b->names, "%s{\"alert\":%lld,", b->names.len ? "," : "[", (long long)b->alert);
	if (t->contact && store_person_by_id(b->e->store, t->contact, &person)) {
		buf_puts(&b->names, "\"contact\":");
		buf_json(&b->names, person.ref);
		snprintf(name, sizeof(name), "%s", person.name);
	} else {
		division_format(code, t->division);
		buf_printf(&b->names, "\"code\":\"%s\"", code);
		store_division_get(b->e->store, t->division, name, NULL);
	}
	buf_puts(&b->names, ",\"name\":");
	buf_json(&b->names, name);
	buf_puts(&b->names, "}");
}

/* false: there are no more. */
static bool
look(struct engine *e, struct bereft *b)
{
	struct alert a;

	if (b->target < 0) {
		b->alert = store_alert_open_before(e->store, b->alert);
		if (!b->alert)
			return false;
	}
	if (!store_alert_get(e->store, b->alert, &a) ||
	    engine_nobody_without(e, &a, &b->target, is_gone, name_lost, b))
		b->target = -1;
	return true;
}

bool
engine_bereft_begin(struct engine *e)
{
	struct staged plain = { .stage = STAGE_STAGING };

	e->more = true;
	if (e->imports.bereft)
		return false;
	e->imports.bereft = begin(e, &plain);
	e->imports.bereft->e = e;
	return true;
}

void
engine_bereft_row(struct engine *e, const struct card *was, const struct card *now)
{
	fill_posts(e->imports.bereft, now);
	if (was)
		leave_posts(e->imports.bereft, was, now);
}

bool
engine_bereft_rows_end(struct engine *e)
{
	struct bereft *b = e->imports.bereft;

	b->looking = b->moved.count > 0;
	return b->looking;
}

bool
engine_bereft_is(const struct engine *e, int64_t import)
{
	return e->imports.bereft && e->imports.bereft->import == import;
}

/* "清东湾、七里庄 …": of the first ones. */
int
engine_bereft_say(const struct staged *q, struct about at, struct err *err)
{
	json_t *list = json_loads(q->lost_at, 0, NULL), *one;
	char names[200] = "";
	size_t i, n = 0;

	json_array_foreach(list, i, one) {
		const char *name = json_string_value(json_object_get(one, "name"));

		if (!name || n + strlen(name) + 8 > sizeof(names))
			break;
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", i ? "、" : "", name);
	}
	json_decref(list);
	return err_say(err, REFUSED_CONFLICT, at, import_bereaves, NUM(q->lost), names);
}

bool
engine_bereft_slice(struct engine *e, struct staged *q)
{
	struct bereft *b = e->imports.bereft;

	if (b && b->import != q->id) {
		e->more = true;		/* another import looks */
		return false;
	}
	if (!b)
		b = e->imports.bereft = begin(e, q);
	b->e = e;
	b->looking |= !store_alert_open_before(e->store, INT64_MAX);	/* nobody is called just now */
	e->more = true;
	if (!b->looking) {
		collect(e, b);
	} else if (!look(e, b)) {
		q->lost = b->lost;
		snprintf(q->lost_at, sizeof(q->lost_at), "%s%s", b->names.len ? b->names.data : "",
			 b->names.len ? "]" : "");
		return true;
	}
	if (store_failed(e->store))	/* what was read is not all there is */
		engine_bereft_drop(e);
	return false;
}
