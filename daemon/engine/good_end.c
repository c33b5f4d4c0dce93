/* good_end.c -- every target stands where it should: who asked for the alert, and whom its policy names
 * beside him, reads so; and if somebody takes his word back, reads that, too.  It decides no ending: it
 * is called in the turn that does, so there is none without its text. */
#include "daemon/engine/climb.h"

#include <stdlib.h>

/* Positions of its waves: the first good end, that it is none any more, the second good end … */
#define GOOD_POSITION 900
#define ROUNDS_MAX 3			/* good ends of one alert: somebody changes his mind again and again */
#define INSTEAD "duty_officer"		/* reads it where it is not known who asked */

_Static_assert(GOOD_POSITION + 2 * ROUNDS_MAX <= ENDING_POSITION, "endings have their own place");

static void
count_said(void *ctx, const struct wave *w)
{
	unsigned *said = ctx;

	if (w->step < 0 && w->kind == WAVE_INFORM && w->position >= GOOD_POSITION &&
	    w->position < GOOD_POSITION + 2 * ROUNDS_MAX && w->position - GOOD_POSITION >= *said)
		*said = w->position - GOOD_POSITION + 1;
}

/* How often one of the two was told.  Odd: the last word was that all is well. */
static unsigned
times_said(struct engine *e, const struct alert *a)
{
	unsigned said = 0;

	store_waves_of(e->store, a->id, count_said, &said);
	return said;
}

static void
ask_desk(struct engine *e, const struct alert *a, const struct said *said)
{
	store_task_once(e->store, a->id, "good_end", said, e->now);
}

/* -- who -- */

/* Those of a family over the places of the alert; a person's place is that of the request. */
static void
pick_above(struct planner *p, size_t index)
{
	const struct family *family = &p->e->settings->families[index];
	enum tier tier = p->e->settings->roles[family->roles[0]].tier;
	bool persons = p->target_count && p->targets[0].contact;
	size_t count = persons || !p->target_count ? p->request->division_count : p->target_count;
	division_code done = 0;

	for (size_t i = 0; i < count; i++) {
		division_code up = division_ancestor(count == p->target_count && !persons
			? p->targets[i].division : p->request->divisions[i], tier);

		if (up && up != done)
			picks_family(p, family, up);
		done = up;
	}
}

/* A machine, or nobody whom gong.conf knows, has asked: who is on duty reads it. */
static void
pick_instead(struct planner *p)
{
	int family = settings_family(p->e->settings, INSTEAD);

	if (family >= 0)
		pick_above(p, (size_t)family);
}

/* Named, and nobody can send him anything: a person tells him. */
static void
tell_by_hand(struct planner *p, const char *name)
{
	struct said said;

	SAY(&said, task_good_end_asker, p->alert->code, name);
	ask_desk(p->e, p->alert, &said);
}

static void
pick_asker(struct planner *p)
{
	const char *ref = p->request->asker;
	struct person person;

	if (!ref || !store_person_by_ref(p->e->store, ref, &person)) {
		pick_instead(p);
		return;
	}
	if (person.active && store_number_from(p->e->store, person.id, CHANNEL_SMS, 0)) {
		picks_add(p, person.id, person.lang, 0, NO_TARGET);
		return;
	}
	tell_by_hand(p, person.name[0] ? person.name : person.ref);
	pick_instead(p);
}

static void
pick_readers(struct planner *p)
{
	const struct good_end *end = &p->policy->satisfied;

	p->target = NO_TARGET;
	if (end->asker)
		pick_asker(p);
	for (size_t i = 0; i < end->to_count; i++)
		pick_above(p, end->to[i]);
	picks_sort(p);
}

/* Whom the last word has reached, or is reaching. */
static void
pick_again(void *ctx, uint32_t contact)
{
	struct planner *p = ctx;
	struct person person;

	if (store_person_by_id(p->e->store, contact, &person))
		picks_add(p, contact, person.lang, 0, NO_TARGET);
}

static void
pick_told(void *ctx, const struct wave *w)
{
	struct planner *p = ctx;
	struct live_wave *lw;

	if (w->step >= 0 || w->kind != WAVE_INFORM || w->position != p->position - 1)
		return;
	store_messages_begun(p->e->store, w->id, w->cursor, pick_again, p);
	lw = engine_wave(p->e, w->id);
	if (lw && lw->w.state < WAVE_FINISHED)
		engine_wave_stop(p->e, lw, WAVE_WITHDRAWN);	/* the others shall not read it first */
}

/* -- what -- */

/* One text a language: it is about the alert, not about its reader's place. */
static int64_t
text_for(struct planner *p, const struct template *t, int64_t texts[LANG_COUNT], const struct pick *pick)
{
	if (!texts[pick->lang])
		texts[pick->lang] = compose_variant(p, t, pick, NULL, 0, CHANNEL_SMS, NULL);
	return texts[pick->lang];
}

static void
write_rows(struct planner *p, const struct template *t, int64_t document)
{
	struct engine *e = p->e;
	struct wave w = compose_wave(p, p->position, CHANNEL_SMS, WAVE_INFORM, document);
	int64_t texts[LANG_COUNT] = { 0 };
	struct live_wave *lw = NULL;

	w.expires_at = msec_add(e->now, e->settings->validity_ms);	/* that of its alert may be near */
	for (size_t i = 0; i < p->count; i++) {
		int64_t variant;

		if (i && p->picks[i - 1].contact == p->picks[i].contact)
			continue;
		variant = text_for(p, t, texts, &p->picks[i]);
		if (!variant)
			continue;	/* p->err says why */
		lw = lw ? lw : engine_wave_add(e, &w, p->alert->test);
		if (!lw)
			return;		/* its row is lost: the store has said so */
		store_message_insert(e->store, lw->w.id, p->picks[i].contact, variant, 0, NEVER);
		lw->w.segments += engine_variant_text(e, variant)->parts;
		lw->w.total++;
	}
	if (lw)
		engine_wave_rank(e, lw);
	p->found = lw ? lw->w.total : 0;
}

/* Tells the picks; how many they were. */
static size_t
tell(struct planner *p, const char *template)
{
	int64_t document;
	const struct template *t = engine_template_named(p->e, p->alert, template, &document);

	p->found = 0;
	if (t)
		write_rows(p, t, document);
	if (p->err->text[0])
		engine_log(p->e, LOG_ERROR, "text not possible alert=%lld reason=\"%s\"",
			   (long long)p->alert->id, p->err->text);
	free(p->picks);
	free(p->targets);
	p->picks = NULL;
	p->targets = NULL;
	return p->found;
}

void
engine_good_end(struct engine *e, struct alert *a, const struct alert_request *r, const struct policy *policy)
{
	struct err err = { 0 };
	struct planner p = { .e = e, .alert = a, .request = r, .policy = policy, .err = &err,
			     .index = SIZE_MAX };	/* of no rung */
	unsigned said = times_said(e, a);
	struct said what;
	size_t told;

	if (!policy || !policy->satisfied.template || said & 1)
		return;
	if (said == 2 * ROUNDS_MAX) {
		SAY(&what, task_good_end_often, a->code);
		ask_desk(e, a, &what);
		return;
	}
	p.position = GOOD_POSITION + said;
	store_targets(e->store, a->id, LEVEL_COUNT, planner_target, &p);
	pick_readers(&p);
	told = tell(&p, policy->satisfied.template);
	if (told) {
		engine_event(e, a->id, "good_end", "{\"people\":%zu}", told);
		return;
	}
	SAY(&what, task_good_end_nobody, a->code, r->client ? r->client : "");
	ask_desk(e, a, &what);
}

void
engine_good_end_over(struct engine *e, struct alert *a, const struct policy *policy)
{
	struct err err = { 0 };
	struct planner p = { .e = e, .alert = a, .policy = policy, .err = &err, .index = SIZE_MAX };
	unsigned said = times_said(e, a);
	struct alert fresh;		/* whose body is read now */
	struct alert_request *r;
	struct said what;
	size_t told;

	if (!policy || !(said & 1) || !store_alert_get(e->store, a->id, &fresh))
		return;
	p.request = r = request_decode(fresh.body);
	p.position = GOOD_POSITION + said;
	store_targets(e->store, a->id, policy->until, planner_target, &p);
	store_waves_of(e->store, a->id, pick_told, &p);
	picks_sort(&p);
	told = p.count;
	if (told && policy->satisfied.reopened && tell(&p, policy->satisfied.reopened)) {
		engine_event(e, a->id, "good_end_over", "{\"people\":%zu}", told);
	} else if (told) {
		SAY(&what, task_good_end_over, a->code, NUM(told));
		ask_desk(e, a, &what);
	}
	free(p.picks);
	free(p.targets);
	alert_request_free(r);
}
