/* inbound.c -- texts and missed calls from people: whose they are, what they mean, what follows. */
#include "daemon/engine/answer.h"

#include <string.h>

#include "core/reply.h"

static void
opt_out(struct engine *e, const uint32_t *contacts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		store_opt_out(e->store, contacts[i]);
		store_audit(e->store, e->now, "inbound", "contact.opt_out", "");
	}
}

static void
read_reply(struct engine *e, struct command *cmd, int64_t inbound, const uint32_t *contacts,
	   size_t count)
{
	struct candidate best = { 0 };
	struct reply reply = { .token = "" };
	enum answer_kind kind = ANSWER_ANSWERED;
	int level = LEVEL_ANSWERED;
	bool found = false, known = true, heard_before;

	if (cmd->inbound.text)
		reply_parse(&reply, cmd->inbound.text);
	if (reply.opt_out) {
		opt_out(e, contacts, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		engine_consider(e, contacts[i], reply.code, &best, &found);
	if (!found) {
		e->stats.inbound_unmatched++;
		engine_log(e, LOG_WARNING, "inbound matches no request id=%lld", (long long)inbound);
		return;
	}
	store_inbound_matched(e->store, inbound, best.contact, best.alert.id);
	if (cmd->inbound.text)
		known = reply_meaning(engine_template(e, store_template_heard(e->store,
				      best.alert.id, best.contact)), reply.token, &kind, &level);
	if (!known) {
		kind = ANSWER_NONE;
		level = 0;
	}
	/* What is over is answered once. */
	heard_before = candidate_is_over(&best) && best.alert.closed_at != NEVER &&
		store_has_answered_since(e->store, best.alert.id, best.contact,
					 best.alert.closed_at);
	engine_take_answer(e, &best, cmd->inbound.text ? SOURCE_SMS : SOURCE_MISSED_CALL, kind,
			   level, cmd->inbound.text);
	if (known && cmd->inbound.text && !heard_before)
		engine_thank(e, &best, cmd->inbound.from, candidate_is_over(&best));
}

void
engine_inbound(struct engine *e, struct command *cmd)
{
	struct effect *took = effect_new(EFFECT_TOOK, cmd->route);
	uint32_t contacts[64];
	int64_t id;
	size_t count;

	took->took = xstrdup(cmd->inbound.driver_id);
	engine_effect(e, took);
	if (!store_inbound_put(e->store, cmd->route, cmd->inbound.driver_id,
			       cmd->inbound.from, cmd->inbound.text, cmd->inbound.at, e->now, &id))
		return;
	if (cmd->inbound.text && engine_canary_returns(e, cmd->inbound.text))
		return;
	count = store_persons_by_number(e->store, cmd->inbound.from, contacts, 64);
	if (count)
		read_reply(e, cmd, id, contacts, count);
	else
		e->stats.inbound_unmatched++;
}
