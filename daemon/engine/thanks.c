/* thanks.c -- what is written back by itself to whoever has written: the truth about what became of
 * his answer, never twice, and after what others wait for. */
#include "daemon/engine/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THANKS_MS MINUTES(10)		/* one a person */
#define LAPSE_MS MINUTES(15)		/* not sent by then: nobody waits for it any more */

struct brake {				/* automatic replies to one number */
	msec hour_at;
	unsigned count;
};

struct thanked {			/* one person */
	msec at;
	uint32_t wave;			/* that has the thanks; what is still queued is written anew */
	int64_t alert;
	unsigned *targets;		/* of that alert, in the thanks */
	size_t count;
};

static bool
brake_allows(struct engine *e, uint64_t e164)
{
	struct brake *b = table_get(&e->brakes, e164);

	if (!b)
		table_put(&e->brakes, e164, b = xcalloc(1, sizeof(*b)));
	if (e->now - b->hour_at >= HOURS(1) || e->now < b->hour_at)
		*b = (struct brake){ .hour_at = e->now };
	return b->count++ < e->settings->auto_replies_per_hour;
}

static void
free_thanked(void *value)
{
	free(((struct thanked *)value)->targets);
	free(value);
}

struct old_brakes {
	msec now;
	struct table kept;
};

static void
keep_brake(void *ctx, uint64_t e164, void *value)
{
	struct old_brakes *old = ctx;
	struct brake *b = value;

	if (old->now - b->hour_at < HOURS(1))
		table_put(&old->kept, e164, b);
	else
		free(b);
}

static void
keep_thanked(void *ctx, uint64_t contact, void *value)
{
	struct old_brakes *old = ctx;
	struct thanked *t = value;

	if (old->now - t->at < THANKS_MS)
		table_put(&old->kept, contact, t);
	else
		free_thanked(t);
}

/* Numbers that have been quiet for an hour are forgotten. */
void
engine_brakes_trim(struct engine *e)
{
	struct old_brakes old = { .now = e->now }, thanked = { .now = e->now };

	table_each(&e->brakes, keep_brake, &old);
	table_fini(&e->brakes, NULL);
	e->brakes = old.kept;
	table_each(&e->thanked, keep_thanked, &thanked);
	table_fini(&e->thanked, NULL);
	e->thanked = thanked.kept;
}

static void
shift_brake(void *ctx, uint64_t key, void *value)
{
	((struct brake *)value)->hour_at += *(msec *)ctx;
}

void
engine_brakes_shift(struct engine *e, msec by)
{
	table_each(&e->brakes, shift_brake, &by);
}

/* A turn that failed has thanked nobody, and one thanks more does no harm. */
void
engine_thanked_drop(struct engine *e)
{
	table_fini(&e->thanked, free_thanked);
	e->thanked = (struct table){ 0 };
}

/* -- what it says -- */

static const char *
title_of(struct engine *e, const struct alert *a, enum lang lang)
{
	const struct template *t = engine_template(e, a->template);

	const char *title = t ? t->title[lang] : NULL;

	title = title || !t ? title : t->title[e->settings->default_lang];
	return title ? title : "";
}

/* What a reply says. */
struct reply_text {
	const char *template;
	struct pair *values;		/* of its request parameters */
	size_t value_count;
	const division_code *places;	/* that it is about */
	size_t place_count;
};

/* One message, in the name of the alert that was answered.  0: there is no such text, or the reason
 * is in the log. */
static uint32_t
send_reply(struct engine *e, struct alert *a, const struct person *person,
	   const struct reply_text *reply, unsigned position)
{
	struct single single = { .kind = WAVE_REPLY, .position = position, .contact = person->id,
				 .template = engine_document(e, "template", reply->template),
				 .valid_ms = LAPSE_MS };
	struct alert_request request = { .params = reply->values,
					 .param_count = reply->value_count };
	struct text_place place = { .alert = a, .request = &request, .person = person->name, .post = "",
				    .template = engine_template(e, single.template),
				    .places = reply->places, .place_count = reply->place_count,
				    .time_at = a->closed_at == NEVER ? 0 : a->closed_at };
	struct err err = { 0 };
	unsigned parts = 0;

	if (!place.template)
		return 0;
	single.variant = engine_variant(e, &place, person->lang, CHANNEL_SMS, &parts, &err);
	if (single.variant)
		return engine_single(e, a, &single);
	engine_log(e, LOG_WARNING, "automatic reply not possible template=%s reason=\"%s\"",
		   reply->template, err.text);
	return 0;
}

/* -- over: the truth about it -- */

/* By its text, warn.cancel or end.something: a correction that says anything else lifts nothing. */
static bool
is_lifting(struct engine *e, const struct alert *by)
{
	const struct template *t = engine_template(e, by->template);

	return t && (strcmp(t->name, "warn.cancel") == 0 || strncmp(t->name, "end.", 4) == 0);
}

static void
tell_late(struct engine *e, struct candidate *c, const struct person *person)
{
	struct alert *a = &c->alert, by = { .id = 0 };
	char colour[SEVERITY_TEXT], new_colour[SEVERITY_TEXT] = "";
	int64_t heir = c->moved_to ? c->moved_to : a->replaced_by;
	/* "Ended" is true of all that is cancelled; lifted it is only when people were told so. */
	const char *kind = a->state == ALERT_EXPIRED ? "ack.late.expired" : "ack.late";
	struct pair values[] = {
		{ .name = "old_title", .value = (char *)title_of(e, a, person->lang) },
		{ .name = "old_level", .value = colour },
		{ .name = "new_title", .value = "" }, { .name = "new_level", .value = new_colour },
	};

	severity_in_sms(colour, a->severity, person->lang);
	if (heir && store_alert_get(e->store, heir, &by) && is_lifting(e, &by)) {
		kind = "ack.late.lifted";
	} else if (by.id) {
		kind = "ack.late.replaced";
		a->closed_at = msec_min(a->closed_at, by.released_at);	/* for him it ended then */
		values[2].value = (char *)title_of(e, &by, person->lang);
		severity_in_sms(new_colour, by.severity, person->lang);
	}
	if (!send_reply(e, a, person, &(struct reply_text){ kind, values, 4, NULL, 0 }, REPLY_LATER))
		send_reply(e, a, person, &(struct reply_text){ .template = "ack.late" }, REPLY_LATER);
}

/* -- booked -- */

static void
withdraw_unsent(struct engine *e, uint32_t wave)
{
	struct live_wave *lw = wave ? engine_wave(e, wave) : NULL;

	if (lw && wave_queued(&lw->w))
		engine_wave_stop(e, lw, WAVE_WITHDRAWN);
}

static bool
is_unsent(struct engine *e, uint32_t wave)
{
	struct live_wave *lw = wave ? engine_wave(e, wave) : NULL;

	return lw && lw->w.state == WAVE_OPEN && wave_queued(&lw->w);
}

/* One thanks a person and ten minutes: while it still waits for its turn it takes up what else is
 * booked. */
static void
thank(struct engine *e, struct candidate *c, const struct person *person)
{
	struct thanked *t = table_get(&e->thanked, c->contact);
	unsigned *targets;
	size_t count = engine_counts_for(e, c->alert.id, c->contact, c->texts, c->text_count, &targets);
	struct reply_text reply = { .template = "ack.thanks" };
	division_code *places;

	if (t && e->now - t->at < THANKS_MS && e->now >= t->at) {
		if (t->alert == c->alert.id || !is_unsent(e, t->wave)) {
			free(targets);
			return;
		}
		withdraw_unsent(e, t->wave);
	}
	if (!t)
		table_put(&e->thanked, c->contact, t = xcalloc(1, sizeof(*t)));
	reply.place_count = engine_target_places(e, c->alert.id, targets, count, &places);
	reply.places = places;
	free(t->targets);
	*t = (struct thanked){ .at = e->now, .alert = c->alert.id, .targets = targets, .count = count };
	t->wave = send_reply(e, &c->alert, person, &reply, REPLY_LATER);
	free(places);
}

static void
ask_which(struct engine *e, struct candidate *c, const struct person *person)
{
	struct reply_text reply = { .template = "ack.which" };
	division_code *places;
	unsigned *targets;
	size_t count = engine_counts_for(e, c->alert.id, c->contact, c->texts, c->text_count, &targets);

	reply.place_count = engine_target_places(e, c->alert.id, targets, count, &places);
	reply.places = places;
	free(targets);
	send_reply(e, &c->alert, person, &reply, REPLY_NOW);
	free(places);
}

/* Once an alert each: an answering machine would go on all night. */
static void
reply_once(struct engine *e, struct candidate *c, const struct person *person,
	   const struct answered *how, const char *template, unsigned position)
{
	struct reply_text reply = { .template = template };

	if (!how->said_before && !send_reply(e, &c->alert, person, &reply, position) &&
	    c->kind != ANSWER_NONE)
		thank(e, c, person);
}

void
engine_thank(struct engine *e, struct candidate *c, const struct answered *how)
{
	const struct template *t = engine_template(e, c->alert.template);
	struct person person;

	if ((t && t->unanswered) || !store_person_by_id(e->store, c->contact, &person))
		return;
	/* Whoever calls for help is not braked. */
	if (c->kind != ANSWER_HELP && !brake_allows(e, how->e164))
		return;
	store_alert_get(e->store, c->alert.id, &c->alert);
	c->alert.drill &= !how->real;
	if (c->kind == ANSWER_HELP)
		reply_once(e, c, &person, how, "ack.help", REPLY_NOW);
	else if (c->kind == ANSWER_NONE)
		reply_once(e, c, &person, how, "ack.unclear", REPLY_LATER);
	else if (how->over)
		tell_late(e, c, &person);
	else if (c->kind == ANSWER_CANNOT)
		reply_once(e, c, &person, how, "ack.cannot", REPLY_NOW);
	else if (how->asks_which)
		ask_which(e, c, &person);
	else
		thank(e, c, &person);
}
