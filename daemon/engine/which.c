/* which.c -- what somebody has been given of which alert, for core/which.h to say what he answers. */
#include "daemon/engine/answer.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/store/epoch.h"

#define SKEW_MAX_MS SECONDS(2)
#define STAMP_MS 999			/* networks give whole seconds */

/* What is later than now was written down before the clock was put back. */
static bool
was_before(const struct engine *e, msec at, msec written_at)
{
	return at <= written_at || at > e->now;
}

/* The network's own time, as long as a test message has lately shown that it can be believed. */
static msec
written_at(const struct engine *e, const struct inbound *in)
{
	const struct route_state *r = engine_route(e, in->route);
	msec at = in->at + STAMP_MS;

	if (!r || !r->asking.skew_is_known || e->skew_ms || in->at <= 0 || at >= in->received_at)
		return in->received_at;
	return r->asking.skew_ms <= SKEW_MAX_MS && r->asking.skew_ms >= -SKEW_MAX_MS
		? at : in->received_at;
}

static enum which_heard
how_heard(const struct engine *e, const struct handing *h, msec written)
{
	bool left = was_before(e, h->sent_at, written);

	if (h->channel == CHANNEL_VOICE)	/* it rings, but nobody has heard a word yet */
		return left && h->state == MESSAGE_DELIVERED && h->outcome == OUTCOME_ACCEPTED
			? WHICH_ACCEPTED : WHICH_NOT;
	switch (h->outcome) {
	case OUTCOME_ACCEPTED:
		return was_before(e, h->ended_at, written) ? WHICH_ACCEPTED
			: left ? WHICH_IN_DOUBT : WHICH_NOT;
	case OUTCOME_UNKNOWN:
		return !left ? WHICH_NOT
			: h->state == MESSAGE_DELIVERED ? WHICH_ACCEPTED : WHICH_IN_DOUBT;
	case OUTCOME_NONE:
		return left ? WHICH_IN_AIR : WHICH_NOT;
	case OUTCOME_REJECTED:
	case OUTCOME_WITHDRAWN:
	case OUTCOME_COUNT:
		break;
	}
	return WHICH_NOT;
}

struct looking {
	struct engine *e;
	const struct inbound *in;
	struct candidate *c;
	struct which_one *one;
	const char *code;
	msec written_at;
	unsigned best;			/* how good the text is that he answers */
};

static void
match_code(struct looking *l, int64_t variant)
{
	/* Where one person has several texts of one alert, each has a code of its own beside that. */
	char *own = store_variant_code(l->e->store, variant);
	enum which_code match = which_code_match(l->code, l->c->alert.code);
	enum which_code of_text = own ? which_code_match(l->code, own) : WHICH_NO_CODE;

	if (of_text == WHICH_SAME_CODE)
		l->c->coded = variant;
	if (of_text > match)
		match = of_text;
	if (match > l->one->code)
		l->one->code = match;
	free(own);
}

static void
add_text(struct candidate *c, int64_t variant)
{
	for (size_t i = 0; i < c->text_count; i++)
		if (c->texts[i] == variant)
			return;
	if (c->text_count < TEXTS_MAX)
		c->texts[c->text_count++] = variant;
}

/* He answers the last call for targets that he has; else the last message. */
static void
hear(void *ctx, const struct handing *h)
{
	struct looking *l = ctx;
	enum which_heard how = how_heard(l->e, h, l->written_at);
	bool here = h->e164 == l->in->e164;
	unsigned good = 1 + (how >= WHICH_IN_DOUBT) * 2 + (h->kind == WAVE_CALL);

	if (here && h->channel == CHANNEL_VOICE && h->outcome != OUTCOME_REJECTED &&
	    h->outcome != OUTCOME_WITHDRAWN && h->sent_at > l->one->rang_at)
		l->one->rang_at = h->sent_at;
	if (how == WHICH_NOT)
		return;
	l->c->is_told_only &= h->kind == WAVE_INFORM || h->kind == WAVE_CORRECTION;
	if (how == WHICH_ACCEPTED && h->ended_at < l->one->heard_at)
		l->one->heard_at = h->ended_at;
	if (how > l->one->heard)
		l->one->heard = how;
	l->one->by_number |= here;
	if (how == WHICH_IN_AIR)
		l->c->route = h->route;
	if (*l->code)
		match_code(l, h->variant);
	if (h->kind == WAVE_CALL)
		add_text(l->c, h->variant);
	if (h->kind == WAVE_CALL && how == WHICH_ACCEPTED && h->ended_at + WHICH_READING_MS <= l->written_at)
		l->c->asked = h->variant;
	if (good < l->best)
		return;
	l->best = good;
	l->c->wave = h->wave;
	l->c->template = engine_template(l->e, h->template);
}

/* A satisfied one may still be answered by whoever has not; one that has moved is over here. */
static void
is_it_open(struct engine *e, struct candidate *c, struct which_one *one)
{
	const struct alert *a = &c->alert;
	bool over = a->expires_at <= e->now || c->moved_to;

	one->answered = store_has_replied(e->store, a->id, c->contact);
	one->recent = a->closed_at == NEVER || a->closed_at + WHICH_RECENT_MS > e->now;
	one->open = !over && (alert_is_open(a->state) || (a->state == ALERT_SATISFIED && one->recent &&
							  !one->answered));
}

static void
understand(struct candidate *c, struct which_one *one, const char *text, bool coded)
{
	c->kind = ANSWER_ANSWERED;
	c->level = LEVEL_ANSWERED;
	one->knows = true;
	if (!text)
		return;
	reply_parse(&c->reply, c->template, text);
	/* A word that only this template knows may bring a code along that chose nothing. */
	one->knows = reply_meaning(c->template, c->reply.token, &c->kind, &c->level) &&
		(!c->reply.code[0] || coded || code_is_of(c->reply.code, c->alert.code));
	if (!one->knows) {
		c->kind = ANSWER_NONE;
		c->level = 0;
	}
}

/* false: nothing of it has been near him. */
static bool
look_at(struct looking *l, int64_t alert, bool called)
{
	struct engine *e = l->e;
	const struct alert *a = &l->c->alert;

	if (!store_alert_get(e->store, alert, &l->c->alert))
		return false;
	*l->one = (struct which_one){ .alert = alert, .drill = a->drill, .severity = a->severity,
				      .heard_at = NEVER };
	l->best = 0;
	store_handings(e->store, alert, l->c->contact, hear, l);
	if (l->one->heard == WHICH_NOT && !l->one->rang_at)
		return false;
	l->c->moved_to = called ? store_called_moved_to(e->store, alert, l->c->contact) : 0;
	l->c->is_called = called;
	is_it_open(e, l->c, l->one);
	l->one->held = a->holds && store_epoch_lost_alerts(e->store);
	understand(l->c, l->one, l->in->text, *l->code);
	l->one->asks = called || (l->c->template && l->c->template->answer_count);
	return true;
}

static void
look_for(struct engine *e, const struct inbound *in, const char *code, uint32_t contact,
	 struct heard *out)
{
	int64_t alerts[CANDIDATES];
	size_t called = store_called_alerts(e->store, contact, alerts, CANDIDATES / 2);
	/* Helpers and households are no targets, but their answers are kept too. */
	size_t count = called + store_told_alerts(e->store, contact, alerts + called,
						  CANDIDATES - called);
	struct looking l = { .e = e, .in = in, .code = code, .written_at = written_at(e, in) };

	for (size_t i = 0; i < count && out->count < CANDIDATES; i++) {
		bool again = false;

		for (size_t j = 0; i >= called && j < called; j++)
			again |= alerts[i] == alerts[j];
		l.c = &out->list[out->count];
		l.one = &out->ones[out->count];
		*l.c = (struct candidate){ .contact = contact, .is_told_only = true };
		if (!again && look_at(&l, alerts[i], i < called))
			out->count++;
	}
}

static enum which_said
kind_of(const struct inbound *in, const struct reply *reply, const struct heard *heard)
{
	if (!in->text)
		return WHICH_CALL;
	if (reply->token[0] == '9' && !reply->token[1])
		return WHICH_HELP;
	if (reply->token[0] == '0' && !reply->token[1])
		return WHICH_CANNOT;
	for (size_t i = 0; i < heard->count; i++)
		if (heard->list[i].reply.token[0])
			return WHICH_TOKEN;
	return reply->token[0] ? WHICH_TOKEN : WHICH_WORDS;
}

/* Every id up to the last one is that of an alert, unless a restored store has lost it. */
static bool
is_lost(struct engine *e, const char *code)
{
	struct alert a;
	uint64_t id;

	return code_parse(&id, code) && id <= (uint64_t)e->last_alert &&
		!store_alert_get(e->store, (int64_t)id, &a);
}

struct which_decision
engine_which(struct engine *e, const struct inbound *in, const struct reply *reply,
	     const uint32_t *contacts, size_t count, bool waited, struct heard *heard)
{
	struct which_view view = { .ones = heard->ones, .coded = reply->code[0] != '\0',
				   .shared = count > 1, .waited = waited,
				   .written_at = written_at(e, in) };

	heard->count = 0;
	for (size_t i = 0; i < count; i++)
		look_for(e, in, reply->code, contacts[i], heard);
	view.count = heard->count;
	view.lost = view.coded && is_lost(e, reply->code);
	view.said = kind_of(in, reply, heard);
	return which_request(&view);
}

bool
candidate_is_over(const struct candidate *c)
{
	return c->moved_to || c->alert.state == ALERT_CANCELLED || c->alert.state == ALERT_EXPIRED;
}
