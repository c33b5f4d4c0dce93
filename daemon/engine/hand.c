/* hand.c -- what the engine is at, so that a death or a damaged page is blamed on one thing; and
 * what was put aside for that.  Holding is a few words written, no system call. */
#include "daemon/engine/ground.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/hand.h"

/* FNV-1a: an identity for one boot, not a proof. */
static uint64_t
mix(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 0x100000001b3ull;
	return hash;
}

static uint64_t
mix_text(uint64_t hash, const char *text)
{
	return text ? mix(hash, text, strlen(text) + 1) : mix(hash, "", 1);
}

static uint64_t
mix_number(uint64_t hash, uint64_t number)
{
	return mix(hash, &number, sizeof(number));
}

static uint64_t
import_identity(uint64_t hash, const struct import_request *q)
{
	const struct import_row *last = q->row_count ? &q->rows[q->row_count - 1] : NULL;

	hash = mix_number(mix_number(hash, q->kind), q->row_count);
	return last ? mix_text(mix_text(hash, last->ref), last->name) : hash;
}

static uint64_t
driver_identity(uint64_t hash, const struct command *cmd)
{
	hash = mix_number(hash, (uint64_t)cmd->route);
	switch (cmd->kind) {
	case CMD_DONE:
		return cmd->done.count ? mix_number(hash, cmd->done.items[0].id) : hash;
	case CMD_PART:
		return mix_number(mix_number(hash, cmd->part.id), cmd->part.part);
	case CMD_RECEIPT:
		return mix_text(mix_text(mix_number(hash, cmd->receipt.id), cmd->receipt.driver_id),
				cmd->receipt.ref);
	case CMD_CALL:
		return mix_text(mix_number(mix_number(hash, cmd->call.id), cmd->call.state),
				cmd->call.digits);
	case CMD_INBOUND:
		return mix_text(mix_text(hash, cmd->inbound.driver_id), cmd->inbound.text);
	case CMD_HEALTH:
		return mix_text(hash, cmd->health.json);
	case CMD_KEEP:
		return mix_text(hash, cmd->keep);
	default:
		return hash;
	}
}

/* What a repetition of the same command, after a restart, has in common with it. */
static uint64_t
identity(const struct command *cmd)
{
	uint64_t hash = mix_number(0xcbf29ce484222325ull, cmd->kind);

	switch (cmd->kind) {
	case CMD_ACCEPT:
		hash = mix_text(mix_text(hash, cmd->accept->client), cmd->accept->key);
		return mix(hash, cmd->accept->digest, sizeof(cmd->accept->digest));
	case CMD_IMPORT:
		return import_identity(hash, cmd->import);
	case CMD_ANSWER:
		return mix_text(mix_number(mix_number(hash, (uint64_t)cmd->answer->alert),
					   (uint64_t)cmd->answer->division), cmd->answer->contact);
	case CMD_CANCEL:
		return mix_number(hash, (uint64_t)cmd->cancel->alert);
	case CMD_TASK_TAKE:
	case CMD_TASK_NOTE:
	case CMD_TASK_CLOSE:
		return mix_text(mix_number(hash, (uint64_t)cmd->task->task), cmd->task->note);
	case CMD_ASK:
		return mix_text(mix_text(mix_number(hash, (uint64_t)cmd->route), cmd->ask->what),
				cmd->ask->text);
	default:
		return driver_identity(hash, cmd);
	}
}

static struct hand *
now(struct engine *e)
{
	return e->hand.page ? hand_now(e->hand.page) : &e->hand.own;
}

static struct aside *
find_aside(struct engine *e, const struct hand *what)
{
	for (size_t i = 0; i < e->hand.count; i++)
		if (hand_is(&e->hand.aside[i].what, what))
			return &e->hand.aside[i];
	return NULL;
}

static void
put_aside(struct engine *e, const struct hand *what, bool deadly)
{
	if (e->hand.count == e->hand.cap) {
		e->hand.cap = e->hand.cap ? e->hand.cap * 2 : 8;
		e->hand.aside = xrealloc(e->hand.aside, e->hand.cap * sizeof(*e->hand.aside));
	}
	e->hand.aside[e->hand.count++] = (struct aside){ .what = *what, .deadly = deadly };
}

bool
engine_hold(struct engine *e, enum hand_kind kind, uint64_t a, uint64_t b)
{
	struct hand *hand = now(e);

	if (store_failed(e->store))
		return true;		/* what failed stays in hand, to be blamed */
	hand->row = 0;
	hand->a = a;
	hand->b = b;
	hand->kind = kind;
	return !e->hand.count || !find_aside(e, hand);
}

bool
engine_hold_command(struct engine *e, struct command *cmd)
{
	if (!store_failed(e->store))
		e->hand.command = cmd;
	return engine_hold(e, HAND_COMMAND, cmd->kind, identity(cmd)) && !cmd->unreadable;
}

bool
engine_hold_row(struct engine *e, uint32_t contact)
{
	struct hand *hand = now(e);

	/* A request that kills is refused whole: nobody has been promised anything yet. */
	if (store_failed(e->store) || hand->kind == HAND_COMMAND)
		return true;
	hand->row = contact;
	return !contact || !e->hand.count || !find_aside(e, hand);
}

void
engine_let_go(struct engine *e)
{
	if (store_failed(e->store))
		return;
	*now(e) = (struct hand){ 0 };
	e->hand.command = NULL;
}

bool
engine_is_aside(struct engine *e, enum hand_kind kind, uint64_t a)
{
	for (size_t i = 0; i < e->hand.count; i++)
		if (e->hand.aside[i].what.kind == kind && e->hand.aside[i].what.a == a &&
		    !e->hand.aside[i].what.row)
			return true;
	return false;
}

bool
engine_is_suspect(struct engine *e, enum hand_kind kind, uint64_t a)
{
	struct hand what;
	unsigned deaths;

	for (size_t i = 0; e->hand.page && hand_death(e->hand.page, i, &what, &deaths); i++)
		if (what.kind == kind && what.a == a)
			return true;
	return false;
}

bool
engine_blame(struct engine *e)
{
	struct hand what = *now(e);
	struct command *cmd = e->hand.command;

	*now(e) = (struct hand){ 0 };
	e->hand.command = NULL;
	what.row = 0;
	if (cmd && !cmd->unreadable)
		return cmd->unreadable = true;
	if (cmd || what.kind == HAND_NOTHING || what.kind == HAND_COMMAND || find_aside(e, &what))
		return false;
	put_aside(e, &what, false);
	return true;
}

/* First the row, then the step: with a second one, the fault is not the row's. */
static bool
other_row_aside(struct engine *e, const struct hand *what)
{
	for (size_t i = 0; i < e->hand.count; i++) {
		const struct hand *other = &e->hand.aside[i].what;

		if (other->kind == what->kind && other->a == what->a && other->b == what->b &&
		    other->row && other->row != what->row)
			return true;
	}
	return false;
}

void
engine_hand_open(struct engine *e)
{
	struct hand what;
	unsigned deaths;

	e->hand.page = store_hand(e->store);
	for (size_t i = 0; e->hand.page && hand_death(e->hand.page, i, &what, &deaths); i++) {
		if (deaths < HAND_DEATHS_MAX)
			continue;
		put_aside(e, &what, true);
		if (what.row && other_row_aside(e, &what)) {
			what.row = 0;
			if (!find_aside(e, &what))
				put_aside(e, &what, true);
		}
	}
}

void
engine_hand_discard(struct engine *e)
{
	for (size_t i = 0; i < e->hand.count; i++)
		e->hand.aside[i].done = false;
}
