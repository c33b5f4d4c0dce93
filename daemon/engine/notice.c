/* notice.c -- messages outside the ladder: to those whom a replaced alert reached, and to one
 * person at a time. */
#include "daemon/engine/plan.h"

#include <stdlib.h>

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

/* One message to one person outside the ladder: an automatic reply, a late correction. */
uint32_t
engine_send_one(struct engine *e, struct alert *a, enum wave_kind kind, uint32_t contact,
		enum lang lang, const char *template)
{
	struct alert_request *r = request_decode(a->body);
	struct planner p = { .e = e, .alert = a, .request = r };
	struct pick pick = { .contact = contact, .lang = lang };
	int64_t document, variant;
	const struct template *t = engine_template_named(e, a, template, &document);
	struct err err = { 0 };
	unsigned parts = 0;
	uint32_t id = 0;

	p.err = &err;
	if (t && (variant = compose_variant(&p, t, &pick, r->divisions,
					   r->division_count > 0, CHANNEL_SMS, &parts))) {
		struct wave w = compose_wave(&p, 0, CHANNEL_SMS, kind, document);
		struct live_wave *lw;

		w.step = -1;
		w.expires_at = e->now + MINUTES(30);
		lw = engine_wave_add(e, &w, a->test);
		store_message_insert(e->store, lw->w.id, contact, variant, 0, NEVER);
		lw->w.total = 1;
		lw->w.segments = parts;
		engine_wave_rank(e, lw);
		id = lw->w.id;
	} else if (t) {
		engine_log(e, LOG_WARNING, "automatic reply not possible template=%s reason=\"%s\"", template,
			   err.text);
	}
	alert_request_free(r);
	return id;
}
