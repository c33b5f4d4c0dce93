/* hand.c -- what the engine is at, so that a death or a damaged page is blamed on one thing; and
 * what was put aside for that.  Holding is a few words written, no system call. */
#include "daemon/engine/ground.h"

#include <assert.h>
#include <stdio.h>
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

/* Eight bytes at once: of a million rows the engine must not take long. */
static uint64_t
step(uint64_t hash, uint64_t number)
{
	return (hash ^ number ^ hash >> 29) * 0x100000001b3ull;
}

/* Of all rows as they came, once: who takes one bad row out of a million has another import. */
static uint64_t
import_identity(uint64_t hash, struct import_request *q)
{
	if (q->identity)
		return q->identity;
	hash = mix_number(mix_number(hash, q->kind), q->row_count << 1 | q->preview);
	for (size_t i = 0; i < q->row_count; i++) {
		const struct import_row *row = &q->rows[i];

		hash = mix_text(mix_text(mix_text(hash, row->ref), row->name), row->params);
		hash = mix_text(mix_text(hash, row->area), row->seat);
		hash = step(step(step(hash, (uint64_t)row->code), (uint64_t)row->from_at),
			    (uint64_t)row->to_at);
		for (int n = 0; n < 4; n++)
			hash = step(hash, row->numbers[n]);
		hash = step(hash, (uint64_t)row->role << 32 | row->order << 8 | row->lang << 1 |
			    row->active);
	}
	q->identity = hash ? hash : 1;
	return q->identity;
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

static uint64_t
signals_identity(uint64_t hash, const struct signals_request *q)
{
	for (size_t i = 0; i < q->count; i++)
		if (q->documents[i].raw)
			hash = mix(hash, q->documents[i].raw, q->documents[i].raw_len);
	return hash;
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
	case CMD_IMPORT_APPLY:
	case CMD_IMPORT_DROP:
		return mix_number(hash, (uint64_t)cmd->staged.import);
	case CMD_ANSWER:
		return mix_text(mix_number(mix_number(hash, (uint64_t)cmd->answer->alert),
					   (uint64_t)cmd->answer->division), cmd->answer->contact);
	case CMD_ALERT_RESUME:
		return mix_number(hash, (uint64_t)cmd->held.alert);
	case CMD_CANCEL:
		return mix_number(hash, (uint64_t)cmd->cancel->alert);
	case CMD_INBOX_ASSIGN:
	case CMD_INBOX_IGNORE:
	case CMD_INBOX_ANSWER:
		return mix_text(mix_text(mix_number(hash, (uint64_t)cmd->inbox->inbox),
					 cmd->inbox->note), cmd->inbox->text);
	case CMD_TASK_TAKE:
	case CMD_TASK_NOTE:
	case CMD_TASK_CLOSE:
		return mix_text(mix_number(hash, (uint64_t)cmd->task->task), cmd->task->note);
	case CMD_CONTACT:
		return mix_text(mix_text(mix_number(hash, cmd->contact->how), cmd->contact->ref),
				cmd->contact->name);
	case CMD_DIVISION:
		return mix_text(mix_number(hash, (uint64_t)cmd->division->code), cmd->division->name);
	case CMD_SIGNALS:
		return signals_identity(mix_text(hash, cmd->signals->source), cmd->signals);
	case CMD_SOURCE_STATE:
		return mix_text(mix_text(hash, cmd->source->source), cmd->source->alarms);
	case CMD_SIGNAL_RELEASE:
	case CMD_SIGNAL_REPLAY:
		return mix_number(hash, (uint64_t)cmd->signal->signal);
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

static struct aside *
put_aside(struct engine *e, const struct hand *what, enum aside_cause cause)
{
	struct aside *aside;

	if (e->hand.count == e->hand.cap) {
		e->hand.cap = e->hand.cap ? e->hand.cap * 2 : 8;
		e->hand.aside = xrealloc(e->hand.aside, e->hand.cap * sizeof(*e->hand.aside));
	}
	assert(e->hand.aside);
	aside = &e->hand.aside[e->hand.count++];
	*aside = (struct aside){ .what = *what, .cause = cause };
	return aside;
}

bool
engine_hold(struct engine *e, enum hand_kind kind, uint64_t a, uint64_t b)
{
	struct hand *hand = now(e);

	if (store_failed(e->store))
		return true;		/* what failed stays in hand, to be blamed */
	if (kind != HAND_COMMAND)
		e->hand.command = NULL;
	hand->row = 0;
	hand->a = a;
	hand->b = b;
	hand->kind = kind;
	return !e->hand.count || !find_aside(e, hand);
}

bool
engine_hold_command(struct engine *e, struct command *cmd)
{
	if (!store_failed(e->store)) {
		e->hand.command = cmd;
		e->hand.message = 0;
	}
	return engine_hold(e, HAND_COMMAND, cmd->kind, identity(cmd)) &&
		cmd->aside == COMMAND_TAKEN;
}

unsigned
engine_message_asides(const struct command *cmd, uint64_t message)
{
	unsigned times = 0;

	for (size_t i = 0; i < cmd->messages_aside_count; i++)
		times += cmd->messages_aside[i] == message;
	return times;
}

/* Its attempt is left out: after a death it comes again as the next one. */
bool
engine_hold_message(struct engine *e, struct command *cmd, uint64_t message)
{
	struct hand *hand = now(e);

	if (store_failed(e->store))
		return true;
	assert(hand->kind == HAND_COMMAND && e->hand.command == cmd);
	e->hand.message = message;
	hand->b = !message ? identity(cmd) : mix_number(mix_number(mix_number(0xcbf29ce484222325ull, cmd->kind),
					message_id_wave(message)), message_id_contact(message));
	return !engine_message_asides(cmd, message) && (!e->hand.count || !find_aside(e, hand));
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
		    !e->hand.aside[i].what.row && !e->hand.aside[i].what.b)
			return true;
	return false;
}

struct aside *
engine_why_aside(struct engine *e)
{
	return find_aside(e, now(e));
}

bool
engine_is_given_up(struct engine *e, enum hand_kind kind, uint64_t a)
{
	for (size_t i = 0; i < e->hand.count; i++)
		if (e->hand.aside[i].what.kind == kind && e->hand.aside[i].what.a == a &&
		    !e->hand.aside[i].what.row && e->hand.aside[i].cause == ASIDE_FAULTY &&
		    e->hand.aside[i].level)
			return true;
	return false;
}

uint32_t
engine_command_reference(const struct command *cmd)
{
	uint64_t hash = identity(cmd);

	return (uint32_t)(hash ^ hash >> 32);
}

bool
engine_is_suspect(struct engine *e, enum hand_kind kind, uint64_t a)
{
	struct hand what;
	unsigned deaths;

	if (e->hand.suspect.kind == kind && e->hand.suspect.a == a)
		return true;
	for (size_t i = 0; e->hand.page && hand_death(e->hand.page, i, &what, &deaths); i++)
		if (what.kind == kind && what.a == a)
			return true;
	return false;
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

/* Of what a driver tells about many, one message only; again, when not even its end could be written. */
static bool
blame_message(struct command *cmd, uint64_t message, bool fault)
{
	if (!message || engine_message_asides(cmd, message) > fault)
		return false;
	cmd->messages_aside = xrealloc(cmd->messages_aside, (cmd->messages_aside_count + 1) *
				       sizeof(*cmd->messages_aside));
	cmd->messages_aside[cmd->messages_aside_count++] = message;
	return true;
}

static bool
blame_command(struct engine *e, struct command *cmd, bool fault)
{
	if (blame_message(cmd, e->hand.message, fault))
		return true;
	if (cmd->aside != COMMAND_TAKEN && (!fault || cmd->aside == COMMAND_BARE))
		return false;
	cmd->aside = !fault ? COMMAND_UNREADABLE : cmd->aside == COMMAND_TAKEN ? COMMAND_FAULTY
		: COMMAND_BARE;
	e->hand.untold += cmd->aside == COMMAND_BARE;
	free(cmd->fault);
	cmd->fault = fault ? xstrdup(store_reason(e->store)) : NULL;
	return true;
}

/* A row of it, a step of it, all of it; and then less and less is done about that. */
static bool
blame_for_fault(struct engine *e, struct hand what)
{
	struct aside *aside = find_aside(e, &what);

	if (what.row && (aside || other_row_aside(e, &what))) {
		what.row = 0;
		aside = find_aside(e, &what);
	}
	if (aside && what.kind == HAND_ALERT && what.b) {
		what.b = 0;
		aside = find_aside(e, &what);
	}
	if (aside && aside->level == ASIDE_LEVEL_MAX)
		return false;
	if (aside)
		aside->level++;
	else
		aside = put_aside(e, &what, ASIDE_FAULTY);
	e->hand.untold += aside->level == ASIDE_LEVEL_MAX;
	aside->cause = ASIDE_FAULTY;
	aside->done = aside->told = false;
	snprintf(aside->why, sizeof(aside->why), "%s", store_reason(e->store));
	return true;
}

/* The first time it may be memory that did not agree with the disk; it is loaded again. */
static bool
is_first_fault(struct engine *e, const struct hand *what)
{
	struct hand *suspect = &e->hand.suspect;

	if (suspect->kind == what->kind && suspect->a == what->a && suspect->b == what->b)
		return false;
	*suspect = *what;
	return true;
}

bool
engine_blame(struct engine *e)
{
	struct hand what = *now(e);
	struct command *cmd = e->hand.command;
	bool fault = store_met_fault(e->store);

	*now(e) = (struct hand){ 0 };
	e->hand.command = NULL;
	if (what.kind == HAND_NOTHING)
		return false;
	if (fault && is_first_fault(e, &what))
		return true;
	if (cmd)
		return blame_command(e, cmd, fault);
	if (what.kind == HAND_COMMAND)
		return false;
	if (fault)
		return blame_for_fault(e, what);
	what.row = 0;
	if (find_aside(e, &what))
		return false;
	put_aside(e, &what, ASIDE_DAMAGED);
	return true;
}

void
engine_hand_pass(struct engine *from, struct engine *to)
{
	to->hand.aside = from->hand.aside;
	to->hand.count = from->hand.count;
	to->hand.cap = from->hand.cap;
	to->hand.suspect = from->hand.suspect;
	to->hand.untold = from->hand.untold;
	from->hand.aside = NULL;
	from->hand.count = from->hand.cap = 0;
}

/* Nor is it to die of that again: less is done about it with every three deaths. */
static void
put_aside_deadly(struct engine *e, const struct hand *what, unsigned deaths)
{
	unsigned level = deaths / HAND_DEATHS_MAX - 1;

	if (!find_aside(e, what))
		put_aside(e, what, ASIDE_DEADLY)->level =
			level < ASIDE_LEVEL_MAX ? level : ASIDE_LEVEL_MAX;
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
		put_aside_deadly(e, &what, deaths);
		if (what.row && other_row_aside(e, &what)) {
			what.row = 0;
			put_aside_deadly(e, &what, HAND_DEATHS_MAX);
		}
	}
}

void
engine_hand_discard(struct engine *e)
{
	for (size_t i = 0; i < e->hand.count; i++)
		e->hand.aside[i].done = false;
}
