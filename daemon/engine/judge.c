/* judge.c -- what people write, or call back: whose it is, what it means, what follows. */
#include "daemon/engine/answer.h"

#include <assert.h>
#include <string.h>

#define NUMBER_OF 64			/* people who share a telephone, at most */
#define AIR_MAX_MS SECONDS(30)

struct judging {			/* one of them, as it is judged */
	struct engine *e;
	const struct inbound *in;
	uint32_t contacts[NUMBER_OF];
	size_t count;
	struct reply reply;		/* whoever wrote it to whatever */
	struct heard heard;
};

static void
judged(struct judging *j, const struct judgement *as)
{
	store_inbound_judged(j->e->store, j->in->id, as);
}

static void
opt(struct judging *j, bool out)
{
	for (size_t i = 0; i < j->count; i++) {
		store_opt_out(j->e->store, j->contacts[i], out, j->in->received_at, j->in->text);
		store_audit(j->e->store, j->e->now, "inbound", out ? "contact.opt_out" : "contact.opt_in", "");
	}
	judged(j, &(struct judgement){ .contact = j->count ? j->contacts[0] : 0,
				       .meaning = out ? answer_kind_name(ANSWER_OPT_OUT) : "opt_in",
				       .rule = "whole text" });
}

/* When what is in the air must have settled: no route takes longer. */
static msec
air_ends_at(struct judging *j, const struct candidate *c)
{
	msec ms = store_air_time(j->e->store, c->route);

	return j->in->received_at + (ms < 0 ? AIR_MAX_MS : msec_min(AIR_MAX_MS, ms));
}

/* Two texts of one alert named different places: which of them is done, only people can ask.  But who
 * was asked about all of them in one text since, has answered that. */
static bool
is_about_which(struct judging *j, const struct candidate *c)
{
	return c->level > LEVEL_ACKNOWLEDGED &&
		!engine_names_one_thing(j->e, c->alert.id, c->texts, c->text_count) &&
		!engine_names_all(j->e, c->alert.id, c->asked, c->texts, c->text_count);
}

/* Words of danger are real in the middle of a drill, too, unless they carry its code. */
static int64_t
alert_of_words(const struct judging *j, const struct candidate *c, bool danger)
{
	return c && !(danger && c->alert.drill && !j->reply.code[0]) ? c->alert.id : 0;
}

/* For people to read; of those who were only told something, all that is not urgent is one task. */
static int64_t
to_the_desk(struct judging *j, const struct candidate *c, bool danger)
{
	uint32_t contact = c ? c->contact : j->count ? j->contacts[0] : 0;
	int64_t alert = alert_of_words(j, c, danger);
	bool shared = c && c->is_told_only && !danger;
	int64_t task = engine_desk_words(j->e, alert, shared ? 0 : contact, shared ? 0 : j->in->e164,
					 danger ? "help" : "unclear", j->in->text);

	if (danger)
		engine_help_told(j->e, alert ? &c->alert : NULL, contact, j->in->e164, j->in->text);
	return task;
}

/* What is over, or taken over by another alert, is answered once. */
static bool
has_heard(struct engine *e, const struct candidate *c)
{
	msec since = c->alert.closed_at;
	struct alert heir;

	if (c->moved_to && store_alert_get(e->store, c->moved_to, &heir))
		since = heir.released_at;
	return since != NEVER && store_has_answered_since(e->store, c->alert.id, c->contact, since);
}

static void
book(struct judging *j, struct candidate *c, enum which_rule rule)
{
	struct engine *e = j->e;
	struct word word = {
		.source = j->in->text ? SOURCE_SMS : SOURCE_MISSED_CALL, .kind = c->kind,
		.level = c->level, .text = j->in->text, .wave = c->wave, .texts = c->texts,
		.minutes = (int)c->reply.minutes,
	};
	struct answered how = { .e164 = j->in->e164, .over = candidate_is_over(c) };
	bool heard_before = how.over && has_heard(e, c);
	int64_t task;

	how.said_before = store_has_said(e->store, c->alert.id, c->contact, c->kind);
	if (rule == WHICH_BY_CODE && c->coded) {
		c->texts[0] = c->coded;
		c->text_count = 1;
	}
	word.text_count = c->text_count;
	how.asks_which = is_about_which(j, c);
	if (word.level > LEVEL_ACKNOWLEDGED && (rule == WHICH_BY_NEAR_CODE || how.asks_which))
		word.level = LEVEL_ACKNOWLEDGED;
	task = engine_take_answer(e, &c->alert, c->contact, &word);
	if (j->reply.danger && c->kind != ANSWER_HELP)
		task = to_the_desk(j, c, true);
	judged(j, &(struct judgement){ .contact = c->contact, .alert = c->alert.id,
				       .meaning = answer_kind_name(c->kind), .level = word.level,
				       .rule = which_rule_name(rule), .task = task });
	if (j->in->text && !heard_before)
		engine_thank(e, c, &how);
}

/* No answer, or to nothing: people must see it.  What a stranger writes stays in the inbox, unless he
 * speaks of danger. */
static void
not_understood(struct judging *j, struct candidate *c)
{
	struct engine *e = j->e;
	bool danger = j->reply.danger || (!c && strcmp(j->reply.token, "9") == 0);
	struct judgement as = { .contact = c ? c->contact : j->count ? j->contacts[0] : 0,
				.alert = c ? c->alert.id : 0,
				.meaning = answer_kind_name(danger ? ANSWER_HELP : ANSWER_NONE),
				.rule = danger ? "danger" : j->count ? "words" : "stranger" };
	struct answered how = { .e164 = j->in->e164, .real = danger };

	if (!c) {
		e->stats.inbound_unmatched++;
		engine_log(e, LOG_WARNING, "inbound matches no request id=%lld", (long long)j->in->id);
	}
	if (j->in->text && (j->count || danger))
		as.task = to_the_desk(j, c, danger);
	judged(j, &as);
	if (!c || !j->in->text)
		return;
	c->kind = danger ? ANSWER_HELP : ANSWER_NONE;
	how.said_before = store_has_said(e->store, c->alert.id, c->contact, c->kind);
	engine_keep_words(e, &c->alert, c->contact, c->wave, c->kind, j->in->text);
	engine_thank(e, c, &how);
}

msec
engine_judge(struct engine *e, const struct inbound *in)
{
	static struct judging j;	/* large, and judged one at a time */
	struct which_decision d;
	struct candidate *c;

	j = (struct judging){ .e = e, .in = in };
	j.count = store_persons_by_number(e->store, in->e164, j.contacts, NUMBER_OF);
	if (in->text)
		reply_parse(&j.reply, NULL, in->text);
	if (j.reply.opt_out || j.reply.opt_in) {
		opt(&j, j.reply.opt_out);
		return NEVER;
	}
	d = engine_which(e, in, &j.reply, j.contacts, j.count, in->wait_until <= e->now, &j.heard);
	c = d.index == WHICH_NOBODYS ? NULL : &j.heard.list[d.index];
	switch (d.verdict) {
	case WHICH_WAIT:
		assert(c);
		return in->wait_until == NEVER ? air_ends_at(&j, c) : in->wait_until;
	case WHICH_BOOK:
		assert(c);
		book(&j, c, d.rule);
		break;
	case WHICH_UNCLEAR:
		not_understood(&j, c);
		break;
	}
	return NEVER;
}
