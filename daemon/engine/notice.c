/* notice.c -- messages outside the ladder: to those whom a replaced alert reached, and to one
 * person at a time. */
#include "daemon/engine/plan.h"

#include <stdlib.h>

#define VALID_MS MINUTES(30)

struct old_places {
	division_code *list;
	size_t count;
};

static void
on_target(void *ctx, const struct target *t)
{
	struct old_places *old = ctx;

	if (!t->division || t->contact)
		return;
	old->list = xrealloc(old->list, (old->count + 1) * sizeof(*old->list));
	old->list[old->count++] = t->division;
}

/* Every text that there may be, tried with the first place. */
static int
prove(struct planner *p, const struct template *t, const division_code *places, size_t count)
{
	unsigned parts = 0;

	if (engine_check_texts(p->e, p->request, t, places, count, p->err) < 0)
		return -1;
	for (int lang = 0; lang < LANG_COUNT; lang++) {
		struct pick pick = { .lang = (enum lang)lang };

		if (!compose_variant(p, t, &pick, places, count > 0, CHANNEL_SMS, &parts))
			return -1;
	}
	return 0;
}

/* They are collected and written turn by turn; those still sending join as they settle (outcome.c).
 * The text is about the places of the old alert, whatever the request says of places. */
int
engine_plan_correction(struct engine *e, struct alert *a, const struct alert_request *r,
		       struct err *err)
{
	const struct template *t = engine_template(e, a->template);
	struct planner p = { .e = e, .alert = a, .request = r, .err = err };
	struct old_places old = { 0 };
	struct alert_request *before;
	struct alert replaced;
	struct live_wave *lw;
	struct wave w;
	int rc;

	if (!a->replaces || !store_alert_get(e->store, a->replaces, &replaced))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_REACHED), reached_of_what);
	before = request_decode(replaced.body);
	store_targets(e->store, a->replaces, LEVEL_COUNT, on_target, &old);
	if (old.count)
		rc = prove(&p, t, old.list, old.count);
	else if (r->division_count)
		rc = prove(&p, t, r->divisions, r->division_count);
	else
		rc = prove(&p, t, before->divisions, before->division_count);
	alert_request_free(before);
	free(old.list);
	if (rc < 0)
		return -1;
	w = compose_wave(&p, 0, CHANNEL_SMS, WAVE_CORRECTION, a->template);
	w.state = WAVE_PLANNING;
	lw = engine_wave_add(e, &w, a->test);
	lw->replaced = a->replaces;
	engine_broadcast_start(e, lw, r);
	return 0;
}

uint32_t
engine_single(struct engine *e, const struct alert *a, const struct single *single)
{
	struct planner p = { .e = e, .alert = (struct alert *)a };
	struct wave w = compose_wave(&p, single->position, CHANNEL_SMS, single->kind, single->template);
	struct live_wave *lw;

	w.step = -1;			/* of no rung */
	w.expires_at = e->now + single->valid_ms;
	w.total = 1;
	w.segments = engine_variant_text(e, single->variant)->parts;
	lw = engine_wave_add(e, &w, a->test);
	store_message_insert(e->store, lw->w.id, single->contact, single->variant, single->number, NEVER);
	engine_wave_rank(e, lw);
	return lw->w.id;
}

uint32_t
engine_send_one(struct engine *e, struct alert *a, const struct person *person, const char *template)
{
	struct alert_request *r = request_decode(a->body);
	struct err err = { 0 };
	struct planner p = { .e = e, .alert = a, .request = r, .err = &err };
	struct pick pick = { .contact = person->id, .lang = person->lang };
	struct single single = { .kind = WAVE_INFORM, .contact = person->id, .valid_ms = VALID_MS };
	const struct template *t = engine_template_named(e, a, template, &single.template);
	uint32_t id = 0;

	if (t)
		single.variant = compose_variant(&p, t, &pick, r->divisions, r->division_count > 0,
						 CHANNEL_SMS, NULL);
	if (single.variant)
		id = engine_single(e, a, &single);
	else if (t)
		engine_log(e, LOG_WARNING, "automatic reply not possible template=%s reason=\"%s\"", template,
			   err.text);
	alert_request_free(r);
	return id;
}
