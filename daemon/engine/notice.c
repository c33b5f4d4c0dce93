/* notice.c -- messages outside the ladder: to those whom a replaced alert reached, and to one
 * person at a time. */
#include "daemon/engine/plan.h"


/* The message to those, and only those, whom the replaced alert reached; they are collected and
 * written turn by turn.  Those still sending join as they settle (outcome.c). */
int
engine_plan_correction(struct engine *e, struct alert *a, const struct alert_request *r,
		       struct err *err)
{
	const struct template *t = engine_template(e, a->template);
	struct planner p = { .e = e, .alert = a, .request = r, .err = err };
	struct live_wave *lw;
	struct wave w;
	unsigned parts = 0;

	if (!a->replaces)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_REACHED), reached_of_what);
	if (engine_check_texts(e, r, t, r->divisions, r->division_count, NULL, err) < 0)
		return -1;
	w = compose_wave(&p, 0, CHANNEL_SMS, WAVE_CORRECTION, a->template);
	w.state = WAVE_PLANNING;
	lw = engine_wave_add(e, &w, a->test);
	lw->replaced = a->replaces;
	for (int lang = 0; lang < LANG_COUNT; lang++) {
		struct pick pick = { .lang = (enum lang)lang };

		lw->variants[lang] = compose_variant(&p, t, &pick, r->divisions, r->division_count > 0,
						     CHANNEL_SMS, &parts);
		if (!lw->variants[lang])
			return -1;
	}
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
