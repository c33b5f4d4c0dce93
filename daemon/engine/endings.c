/* endings.c -- who was reached for a place by an alert that is not about that place any more, or has run
 * out, and would hear nothing of it: he is told so, for his own places.  It chooses texts, not what
 * moves. */
#include "daemon/engine/message.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 50000			/* of the old alert, looked through in one turn: 0.5 s */
#define FIRST_STEP_MS SECONDS(5)
#define MOVES_MAX 16			/* alerts that took over what one row speaks of */

/* What becomes of the places that one alert leaves to another, or to nobody. */
enum ending {
	ENDING_LEFT,			/* it ends there, and nothing follows */
	ENDING_CHANGED,			/* the new alert goes on, but does not address him at once */
	ENDING_LIFTED,			/* the new alert is itself the word to those reached there */
	ENDING_EXPIRED,			/* it ran out, and nobody has lifted it */
	ENDING_COUNT
};

struct endings {
	struct engine *e;
	struct alert *a;		/* the new one; or the one that has run out */
	const struct alert_request *r;	/* of `a` */
	const char *expired;		/* the text about that; NULL = `a` is a new one */
	bool whole;			/* it ends the old one for everybody */
	struct wave wave;		/* of the old one, being read */
	struct reached {
		uint32_t contact;
		division_code place;	/* 0: none in particular */
		enum ending ending;
	} *list;
	size_t count, cap;
	struct live_wave *lw[ENDING_COUNT];
	struct table texts[ENDING_COUNT][LANG_COUNT];	/* by place */
};

static void
endings_fini(struct endings *x)
{
	for (int i = 0; i < ENDING_COUNT; i++)
		for (int lang = 0; lang < LANG_COUNT; lang++)
			table_fini(&x->texts[i][lang], NULL);
	free(x->list);
}

static void
note(struct endings *x, uint32_t contact, division_code place, enum ending ending)
{
	if (x->count == x->cap) {
		x->cap = x->cap ? x->cap * 2 : 256;
		x->list = xrealloc(x->list, x->cap * sizeof(*x->list));
	}
	x->list[x->count++] = (struct reached){ contact, place, ending };
}

/* A row of the old alert has reached its person: of what did it speak? */
static void
note_row(struct endings *x, const struct wave *w, uint32_t contact, int64_t variant)
{
	const struct target **targets;
	size_t count = engine_row_targets(x->e, w, contact, variant, &targets);

	for (size_t i = 0; i < count; i++) {
		if (x->expired && !targets[i]->moved_to)
			note(x, contact, targets[i]->division, ENDING_EXPIRED);
		else if (!x->expired && targets[i]->moved_to == x->a->id)
			note(x, contact, targets[i]->division,
			     x->r->reached ? ENDING_LIFTED : ENDING_CHANGED);
		else if (!targets[i]->moved_to && x->whole)
			note(x, contact, targets[i]->division, ENDING_LEFT);
	}
	if (!count && (x->whole || x->expired) && w->kind != WAVE_CORRECTION && w->kind != WAVE_REPLY)
		note(x, contact, 0, x->expired ? ENDING_EXPIRED : ENDING_LEFT);
}

static int
by_reader(const void *a, const void *b)
{
	const struct reached *x = a, *y = b;

	if (x->contact != y->contact)
		return x->contact < y->contact ? -1 : 1;
	if (x->ending != y->ending)
		return x->ending < y->ending ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

/* Those whom the first steps of the new alert tell, hear it from there. */
static bool
is_addressed(struct engine *e, int64_t alert, uint32_t contact)
{
	return store_has_message(e->store, alert, contact, WAVE_CALL) ||
		store_has_message(e->store, alert, contact, WAVE_INFORM) ||
		store_has_message(e->store, alert, contact, WAVE_HELPER);
}

static const char *
name_of(const struct endings *x, enum ending ending)
{
	const struct settings *s = x->e->settings;

	switch (ending) {
	case ENDING_LEFT:
		return s->end_left;
	case ENDING_CHANGED:
		return s->end_changed;
	case ENDING_EXPIRED:
		return x->expired;
	case ENDING_LIFTED:
	case ENDING_COUNT:
		break;
	}
	return NULL;			/* the alert's own */
}

static int64_t
document_of(struct endings *x, enum ending ending)
{
	int64_t document;

	/* What an alert says when it runs out, is of its own versions. */
	if (ending == ENDING_EXPIRED)
		engine_template_named(x->e, x->a, x->expired, &document);
	else if (ending == ENDING_LIFTED)
		document = x->a->template;
	else
		document = engine_document(x->e, "template", name_of(x, ending));
	return document;
}

struct ending_wave {
	int64_t template;
	uint32_t id;
};

static void
find_wave(void *ctx, const struct wave *w)
{
	struct ending_wave *find = ctx;

	if (w->position == ENDING_POSITION && w->template == find->template)
		find->id = w->id;
}

/* NULL: there is no such text, and the desk has been told. */
static struct live_wave *
wave_for(struct endings *x, struct planner *p, enum ending ending)
{
	struct ending_wave find = { .template = document_of(x, ending) };
	struct said said;
	struct wave w;

	if (x->lw[ending])
		return x->lw[ending];
	if (!find.template) {
		SAY(&said, task_no_ending, x->a->code, name_of(x, ending));
		store_task_once(x->e->store, x->a->id, "step_failed", &said, x->e->now);
		return NULL;
	}
	store_waves_of(x->e->store, x->a->id, find_wave, &find);
	if (find.id)
		return x->lw[ending] = engine_wave(x->e, find.id);
	w = compose_wave(p, ENDING_POSITION, CHANNEL_SMS, WAVE_CORRECTION, find.template);
	if (x->expired)			/* that of its alert is over */
		w.expires_at = msec_add(x->e->now, x->e->settings->validity_ms);
	return x->lw[ending] = engine_wave_add(x->e, &w, x->a->test);
}

/* One text for all places of one reader. */
static int64_t
text_for(struct endings *x, struct planner *p, const struct template *t, const struct reached *r,
	 size_t count, enum lang lang)
{
	struct table *texts = &x->texts[r->ending][lang];
	struct pick pick = { .contact = r->contact, .lang = lang, .division = r->place };
	int64_t id = count > 1 ? 0 : (int64_t)(intptr_t)table_get(texts, (uint64_t)r->place);
	division_code *places;

	if (id)
		return id;
	places = xcalloc(count, sizeof(*places));
	for (size_t i = 0; i < count; i++)
		places[i] = r[i].place;
	id = compose_variant(p, t, &pick, places, r->place ? count : 0, CHANNEL_SMS, NULL);
	free(places);
	if (id && count == 1)
		table_put(texts, (uint64_t)r->place, (void *)(intptr_t)id);
	return id;
}

/* The places of one reader that end in the same way. */
static void
tell(struct endings *x, const struct reached *r, size_t count, msec due)
{
	struct err err = { 0 };
	struct planner p = { .e = x->e, .alert = x->a, .request = x->r, .err = &err,
			     .ends = x->expired != NULL };
	const struct template *t;
	struct live_wave *lw;
	struct person person;
	int64_t variant;

	if (!r->place && count > 1) {	/* what he has of no place in particular, is of these */
		r++;
		count--;
	}
	if ((!x->expired && (r->ending == ENDING_CHANGED || !r->place) &&
	     is_addressed(x->e, x->a->id, r->contact)) ||
	    !store_person_by_id(x->e->store, r->contact, &person))
		return;
	lw = wave_for(x, &p, r->ending);
	if (!lw || store_message_exists(x->e->store, lw->w.id, r->contact))
		return;
	t = engine_template(x->e, lw->w.template);
	variant = t ? text_for(x, &p, t, r, count, person.lang) : 0;
	if (!variant) {
		engine_log(x->e, LOG_ERROR, "text not possible alert=%lld reason=\"%s\"",
			   (long long)x->a->id, err.text);
		return;
	}
	store_message_insert(x->e->store, lw->w.id, r->contact, variant, 0, due);
	lw->w.total++;
	if (due != NEVER) {
		store_told_late(x->e->store, lw->w.id, r->contact);
		if (lw->w.state == WAVE_FINISHED)
			lw->w.state = WAVE_OPEN;
		engine_wave_due(x->e, lw, due);
	}
	engine_wave_touch(x->e, lw);
}

static void
tell_all(struct endings *x, msec due)
{
	size_t unique = 0;

	if (!x->count)
		return;
	qsort(x->list, x->count, sizeof(*x->list), by_reader);
	for (size_t i = 0; i < x->count; i++)
		if (!unique || by_reader(&x->list[unique - 1], &x->list[i]) != 0)
			x->list[unique++] = x->list[i];
	for (size_t i = 0, end; i < unique; i = end) {
		for (end = i + 1; end < unique && x->list[end].contact == x->list[i].contact &&
		     x->list[end].ending == x->list[i].ending; end++)
			;
		tell(x, &x->list[i], end - i, due);
	}
}

static void
on_reached(void *ctx, uint32_t contact, int64_t variant)
{
	struct endings *x = ctx;

	note_row(x, &x->wave, contact, variant);
}

static void
read_wave(void *ctx, const struct wave *w)
{
	struct endings *x = ctx;

	x->wave = *w;
	store_messages_reached_all(x->e->store, w->id, w->channel, w->cursor, on_reached, x);
}

static void
count_rows(void *ctx, const struct wave *w)
{
	*(unsigned long *)ctx += w->total;
}

/* All whom `alert` reached. */
static void
tell_reached(struct endings *x, int64_t alert, msec due)
{
	struct engine *e = x->e;
	unsigned long rows = 0;
	struct said said;

	store_waves_of(e->store, alert, count_rows, &rows);
	if (rows > ROWS_MAX) {
		SAY(&said, task_endings_many, x->a->code, NUM(rows));
		store_task_once(e->store, x->a->id, "step_failed", &said, e->now);
		return;
	}
	store_waves_of(e->store, alert, read_wave, x);
	tell_all(x, due);
	for (int i = 0; i < ENDING_COUNT; i++)
		if (x->lw[i] && !x->lw[i]->next && due == NEVER)
			engine_wave_rank(e, x->lw[i]);
}

void
engine_end_places(struct engine *e, struct alert *a, const struct alert_request *r, bool whole)
{
	struct endings x = { .e = e, .a = a, .r = r, .whole = whole };

	/* The first step of very many targets is planned in the next turns. */
	tell_reached(&x, a->replaces, a->policy && a->step == 0 ? e->now + FIRST_STEP_MS : NEVER);
	endings_fini(&x);
}

void
engine_end_expired(struct engine *e, struct alert *a, const struct alert_request *r,
		   const char *template)
{
	struct endings x = { .e = e, .a = a, .r = r, .expired = template };

	tell_reached(&x, a->id, NEVER);
	if (x.lw[ENDING_EXPIRED])
		engine_event(e, a->id, "expiry_told", "{\"people\":%lu}",
			     x.lw[ENDING_EXPIRED]->w.total);
	endings_fini(&x);
}

static void
end_late(struct engine *e, const struct live_wave *lw, const struct message *m, int64_t by)
{
	struct endings x = { .e = e };
	struct alert_request *r;
	struct alert a;

	if (!store_alert_get(e->store, by, &a))
		return;
	x.a = &a;
	x.r = r = request_decode(a.body);
	a.body = NULL;			/* borrowed, and read */
	x.whole = r->whole;
	if (a.state != ALERT_CANCELLED && a.state != ALERT_EXPIRED && a.expires_at > e->now) {
		note_row(&x, &lw->w, m->contact, m->variant);
		tell_all(&x, e->now);
	}
	endings_fini(&x);
	alert_request_free(r);
}

static void
expired_late(struct engine *e, const struct live_wave *lw, const struct message *m, struct alert *a)
{
	const struct policy *p = engine_policy(e, a->policy);
	struct endings x = { .e = e, .a = a };
	struct alert_request *r;

	if (!p || !p->expired)
		return;
	x.expired = p->expired;
	x.r = r = request_decode(a->body);
	a->body = NULL;			/* borrowed, and read */
	note_row(&x, &lw->w, m->contact, m->variant);
	tell_all(&x, e->now);
	endings_fini(&x);
	alert_request_free(r);
}

void
engine_end_late(struct engine *e, const struct live_wave *lw, const struct message *m)
{
	const struct target **targets;
	int64_t by[MOVES_MAX];
	size_t count = 0, of;
	struct alert old;

	if (!store_alert_get(e->store, lw->w.alert, &old))
		return;
	if (old.state == ALERT_EXPIRED)
		expired_late(e, lw, m, &old);
	if (old.replaced_by)
		by[count++] = old.replaced_by;
	of = engine_row_targets(e, &lw->w, m->contact, m->variant, &targets);
	for (size_t i = 0; i < of; i++) {
		bool known = !targets[i]->moved_to;

		for (size_t k = 0; k < count && !known; k++)
			known = by[k] == targets[i]->moved_to;
		if (!known && count < MOVES_MAX)
			by[count++] = targets[i]->moved_to;
	}
	for (size_t i = 0; i < count; i++)
		end_late(e, lw, m, by[i]);
}

bool
engine_ending_needed(struct engine *e, const struct live_wave *lw, uint32_t contact)
{
	return lw->w.template != engine_document(e, "template", e->settings->end_changed) ||
		!is_addressed(e, lw->w.alert, contact);
}
