/* engine.c -- the turn: take commands, run what is due, commit, hand out effects. */
#include "daemon/engine/due.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/outbox.h"

#define URGENT_PER_TURN 512
#define BULK_PER_TURN 256
#define SIGNALS_PER_TURN 256		/* or one post, however many it holds */
#define AGAIN_MAX 600			/* times that a turn is run again because of damage */

/* Everything that the store can give back. */
static void
forget(struct engine *e)
{
	engine_slices_drop(e);
	engine_waves_drop(e);
	engine_texts_drop(e);
	for (size_t i = 0; i < e->route_count; i++) {
		effect_free(e->routes[i]->send);
		e->routes[i]->send = NULL;
	}
}

static void
load(struct engine *e)
{
	engine_documents_number(e);
	/* A damaged page of what one of them wakes up with must not keep the others asleep. */
	store_read_in_part(e->store, true);
	e->last_alert = store_alert_last(e->store);
	e->waves.last = e->waves.committed = store_wave_last(e->store);
	engine_due_load(e);
	engine_faults_count(e);
	store_read_in_part(e->store, false);
	e->stale = false;
}

static void
open_routes(struct engine *e)
{
	e->routes = xcalloc(ROUTES_MAX, sizeof(*e->routes));
	for (size_t i = 0; i < e->settings->route_count; i++)
		engine_route_add(e, e->settings, &e->settings->routes[i]);
}

static void
free_effects(struct effect_list *list)
{
	struct effect *f;

	while ((f = effect_pop(list)))
		effect_free(f);
}

static void
free_all(struct command_list *list)
{
	struct command *cmd;

	while ((cmd = command_pop(list)))
		command_free(cmd);
}

static int
start(struct engine *e, msec now, struct err *err)
{
	msec last;

	e->now = now;
	e->asking.chance = (uint64_t)now;
	engine_hand_open(e);
	if (e->settings->route_count > ROUTES_MAX)
		return err_set(err, "gong.conf has %zu routes; at most %d are possible",
			       e->settings->route_count, ROUTES_MAX);
	store_begin(e->store);
	last = store_meta_get(e->store, "last_instant", 0);
	e->books_at = e->stats.committed_at = last;
	if (last > now) {
		/* Before the last committed instant: run on from there, expire nothing. */
		e->skew_ms = last - now;
		e->now = last;
		engine_log(e, LOG_ERROR, "clock is behind the last committed instant by_ms=%lld",
			   (long long)e->skew_ms);
	}
	open_routes(e);
	load(e);
	engine_canaries_plan(e);
	engine_found_in_hand(e);
	engine_alarms_gone(e);
	engine_source_alarms_gone(e);
	engine_waves_flush(e);
	engine_let_go(e);
	return store_commit(e->store, err);
}

/* The turn failed, but the next try goes further: damage is read around in smaller bites, and what
 * a damaged page or a fault of gong's own stopped is put aside. */
static bool
goes_further(struct engine *e)
{
	if (store_met_damage(e->store))
		return store_mend(e->store) || store_wants_again(e->store) || engine_blame(e);
	return store_met_fault(e->store) && engine_blame(e);
}

int
engine_open(struct engine **out, struct store *store, struct settings *settings, msec now,
	    struct err *err)
{
	struct engine *failed = NULL;
	bool again = true;

	*out = NULL;
	for (int tries = 0; again && tries < AGAIN_MAX; tries++) {
		struct engine *e = xcalloc(1, sizeof(*e));

		e->store = store;
		e->settings = settings_ref(settings);
		if (failed)
			engine_hand_pass(failed, e);
		engine_close(failed);
		failed = NULL;
		if (start(e, now, err) == 0) {
			*out = e;
			return 0;
		}
		again = goes_further(e);
		failed = e;
	}
	engine_close(failed);
	return -1;
}

void
engine_close(struct engine *e)
{

	if (!e)
		return;
	forget(e);
	free_effects(&e->effects);
	free_all(&e->spent);
	for (size_t i = 0; i < e->route_count; i++)
		engine_route_free(e->routes[i]);
	table_fini(&e->inflight, NULL);
	engine_documents_free(e);
	table_fini(&e->brakes, free);
	engine_thanked_drop(e);
	engine_help_drop(e);
	engine_bereft_drop(e);
	if (e->import)
		command_free(e->import);
	free(e->routes);
	free(e->planning.waves);
	free(e->waves.touched.waves);
	free(e->waves.waiting.waves);
	free(e->waves.stopping.waves);
	free(e->calls.waves);
	free(e->hand.aside);
	settings_unref(e->settings);
	free(e);
}

void
engine_spent(struct engine *e, struct command_list *out)
{
	command_splice(out, &e->spent);
}

void
engine_stats(const struct engine *e, struct engine_stats *out)
{
	*out = e->stats;
	for (size_t i = 0; i < e->route_count; i++) {
		out->routes[i].id = e->routes[i]->id;
		out->routes[i].receipts_unmatched = e->routes[i]->receipts_unmatched;
		out->routes[i].alarms_folded = e->routes[i]->alarms_folded;
	}
	out->faults = e->hand.faults + e->hand.untold;
	out->statements = store_statements(e->store);
}

/* The turn's `now` is already on the new clock.  gong's own instants move with it; where gong had
 * run ahead of a wall clock that was behind, the step first makes that good. */
static void
clock_step(struct engine *e, msec by)
{
	msec shift = by;

	if (e->skew_ms > 0 && by > 0) {
		msec made_good = by < e->skew_ms ? by : e->skew_ms;

		e->skew_ms -= made_good;
		e->now -= made_good;
		shift -= made_good;
	}
	engine_log(e, LOG_ERROR, "clock stepped by_ms=%lld", (long long)by);
	store_audit(e->store, e->now, "clock", "clock.step", "");
	if (!shift)
		return;
	engine_waves_flush(e);
	store_clock_shift(e->store, shift);
	engine_signals_step(e, shift);
	store_outbox_shift(e->store, shift);
	e->shifted += shift;
	engine_due_shift(e, shift);
	forget(e);
	if (store_is_careful(e->store))	/* it would read what was committed last */
		e->stale = e->more = true;
	else
		load(e);
	engine_in_flight_look_again(e);
}

/* What the loop needs to run the routes of the new settings. */
static void
put_in_force(struct engine *e)
{
	struct effect *f = effect_new(EFFECT_SETTINGS, -1);
	size_t count = e->settings->route_count, sources = e->settings->source_count;

	f->in_force.settings = settings_ref(e->settings);
	f->in_force.ids = xcalloc(count + 1, sizeof(*f->in_force.ids));
	f->in_force.keeps = xcalloc(count + 1, sizeof(*f->in_force.keeps));
	for (size_t i = 0; i < count; i++) {
		f->in_force.ids[i] = engine_route_named(e, e->settings->routes[i].name)->id;
		f->in_force.keeps[i] = store_route_keep(e->store, f->in_force.ids[i]);
	}
	f->in_force.source_keeps = xcalloc(sources + 1, sizeof(*f->in_force.source_keeps));
	for (size_t i = 0; i < sources; i++)
		f->in_force.source_keeps[i] = store_source_keep(e->store, e->settings->sources[i].name);
	engine_effect(e, f);
}

static void
reload(struct engine *e, struct settings *fresh)
{
	struct err err = { 0 };

	if (!engine_policies_readable(e, fresh, &err)) {
		engine_log(e, LOG_ERROR, "settings not reloaded reason=\"an open alert needs what they "
			   "lack: %s\"", err.text);
		return;
	}
	if (engine_routes_reload(e, fresh, &err) < 0) {
		engine_log(e, LOG_ERROR, "settings not reloaded reason=\"%s\"", err.text);
		return;
	}
	settings_ref(fresh);
	settings_unref(e->settings);
	e->settings = fresh;
	engine_policies_drop(e);
	engine_documents_number(e);
	engine_asking_touch(e);
	engine_canaries_plan(e);
	engine_silence_load(e);
	engine_source_alarms_gone(e);
	engine_outbox_load(e);
	put_in_force(e);
	engine_log(e, LOG_STORY, "settings reloaded");
}

/* The right at all; whom and what it touches, whoever carries it out asks. */
static bool
is_allowed(struct engine *e, const struct command *cmd)
{
	struct err err;

	if (engine_may(e, &cmd->by, command_verb(cmd->kind), &err) == 0)
		return true;
	engine_log(e, LOG_WARNING, "command refused name=%s by=%s", command_name(cmd->kind),
		   cmd->by.name);
	engine_refuse(e, cmd->reply_to, &err);
	return false;
}

/* What a person at the desk, or a system in its place, decides; false: it is nothing of that kind. */
static bool
run_desk(struct engine *e, struct command *cmd)
{
	switch (cmd->kind) {
	case CMD_ANSWER:
		engine_desk_answer(e, cmd);
		break;
	case CMD_CANCEL:
		engine_cancel(e, cmd);
		break;
	case CMD_ALERT_RESUME:
		engine_alert_resume(e, cmd);
		break;
	case CMD_INBOX_ASSIGN:
		engine_inbox_assign(e, cmd);
		break;
	case CMD_INBOX_IGNORE:
		engine_inbox_ignore(e, cmd);
		break;
	case CMD_INBOX_ANSWER:
		engine_inbox_answer(e, cmd);
		break;
	case CMD_TASK_TAKE:
		engine_task_take(e, cmd);
		break;
	case CMD_TASK_NOTE:
		engine_task_note(e, cmd);
		break;
	case CMD_TASK_CLOSE:
		engine_task_close(e, cmd);
		break;
	case CMD_SIGNAL_RELEASE:
		engine_signal_release(e, cmd);
		break;
	case CMD_CONTACT:
		engine_contact(e, cmd);
		break;
	case CMD_DIVISION:
		engine_division(e, cmd);
		break;
	default:
		return false;
	}
	return true;
}

/* What may wait: the lane of requests, lists and signals; false: it is nothing of that kind. */
static bool
run_bulk(struct engine *e, struct command *cmd)
{
	switch (cmd->kind) {
	case CMD_ACCEPT:
		engine_accept(e, cmd);
		break;
	case CMD_SIGNALS:
		engine_signals(e, cmd);
		break;
	case CMD_SIGNAL_REPLAY:
		engine_signal_replay(e, cmd);
		break;
	case CMD_IMPORT_APPLY:
		engine_import_apply(e, cmd);
		break;
	case CMD_IMPORT_DROP:
		engine_import_drop(e, cmd);
		break;
	case CMD_ASK:
		engine_ask(e, cmd);
		break;
	default:
		return false;
	}
	return true;
}

static void
pass_barrier(struct engine *e, const struct command *cmd)
{
	struct effect *f = effect_new(EFFECT_BARRIER, cmd->route);

	f->barrier = cmd->barrier;
	engine_effect(e, f);
}

/* What gongd says of itself and of its other children; false: it is none of that. */
static bool
run_house(struct engine *e, struct command *cmd)
{
	switch (cmd->kind) {
	case CMD_CLOCK_STEP:
		clock_step(e, cmd->clock_step_ms);
		break;
	case CMD_RELOAD:
		reload(e, cmd->settings);
		break;
	case CMD_SOURCE_STATE:
		engine_source_state(e, cmd);
		break;
	case CMD_HOOKED:
		engine_hooked(e, cmd);
		break;
	case CMD_TROUBLE:
		engine_trouble(e, cmd->trouble.kind, cmd->trouble.said);
		break;
	default:
		return false;
	}
	return true;
}

static void
run(struct engine *e, struct command *cmd)
{
	/* The last words of a route that is gone are nobody's. */
	if (!is_allowed(e, cmd) || (cmd->route > 0 && !engine_route(e, cmd->route)))
		return;
	if (run_desk(e, cmd) || run_bulk(e, cmd) || run_house(e, cmd))
		return;
	switch (cmd->kind) {
	case CMD_ROUTE_READY:
		engine_route_ready(e, cmd);
		break;
	case CMD_ROUTE_LOST:
		engine_route_lost(e, cmd);
		break;
	case CMD_DONE:
		engine_done(e, cmd);
		break;
	case CMD_PART:
		engine_part(e, cmd);
		break;
	case CMD_RECEIPT:
		engine_receipt(e, cmd);
		break;
	case CMD_CALL:
		engine_call(e, cmd);
		break;
	case CMD_INBOUND:
		engine_inbound(e, cmd);
		break;
	case CMD_HEALTH:
		engine_health(e, cmd);
		break;
	case CMD_KEEP:
		store_route_keep_set(e->store, cmd->route, cmd->keep);
		break;
	case CMD_CHATTY:
		engine_chatty(e, cmd);
		break;
	case CMD_BARRIER:
		pass_barrier(e, cmd);
		break;
	case CMD_ANSWERED:
		engine_answered(e, cmd);
		break;
	case CMD_RESUME:
		engine_route_resume(e, cmd);
		break;
	case CMD_CLOCK_STEP:
	case CMD_RELOAD:
	case CMD_SOURCE_STATE:
	case CMD_HOOKED:
	case CMD_TROUBLE:
	case CMD_ANSWER:
	case CMD_CANCEL:
	case CMD_ALERT_RESUME:
	case CMD_INBOX_ASSIGN:
	case CMD_INBOX_IGNORE:
	case CMD_INBOX_ANSWER:
	case CMD_TASK_TAKE:
	case CMD_TASK_NOTE:
	case CMD_TASK_CLOSE:
	case CMD_CONTACT:
	case CMD_DIVISION:
	case CMD_SIGNAL_RELEASE:
	case CMD_ACCEPT:
	case CMD_SIGNALS:
	case CMD_SIGNAL_REPLAY:
	case CMD_IMPORT_APPLY:
	case CMD_IMPORT_DROP:
	case CMD_ASK:
	case CMD_IMPORT:
	case CMD_KINDS:
		assert(!"not run here");
	}
}

static void
put_back(struct command_list *taken, struct command_list *list)
{
	command_splice(taken, list);
	if (taken->first)
		*list = *taken;
	*taken = (struct command_list){ 0 };
}

/* Imports wait for one another, and nobody for them. */
static void
take(struct command_list *from, struct command_list *taken, size_t max)
{
	struct command **link = &from->first;
	struct command_list imports = { 0 };

	while (taken->count < max && *link) {
		enum command_kind kind = (*link)->kind;

		if (kind == CMD_SIGNALS)
			link = &(*link)->next;
		else
			command_push(kind == CMD_IMPORT ? &imports : taken, command_take(from, link));
	}
	put_back(&imports, from);
}

static bool
is_among(const char *source, const struct command *from)
{
	for (; from; from = from->next)
		if (strcmp(from->signals->source, source) == 0)
			return true;
	return false;
}

/* What other systems say goes behind what people ask for, a post of each source in turn. */
static void
take_signals(struct command_list *from, struct command_list *taken)
{
	size_t signals = 0, before;

	do {
		struct command_list round = { 0 };

		before = taken->count;
		for (struct command **link = &from->first; *link && signals < SIGNALS_PER_TURN;)
			if ((*link)->kind != CMD_SIGNALS || is_among((*link)->signals->source, round.first)) {
				link = &(*link)->next;
			} else {
				signals += signals_request_size((*link)->signals) + 1;
				command_push(&round, command_take(from, link));
			}
		command_splice(taken, &round);
	} while (taken->count > before && signals < SIGNALS_PER_TURN);
}

static void
run_until(struct engine *e, struct command *first, const struct command *end)
{
	for (struct command *cmd = first; cmd != end && !e->spoiled; cmd = cmd->next)
		if (engine_hold_command(e, cmd))
			run(e, cmd);
		else
			engine_aside_command(e, cmd);
}

/* Plain accepts share one savepoint: SQLite copies a page for each that changes it.  When one of
 * them is refused after it has written, all go back, and each runs again with its own. */
static void
run_batch(struct engine *e, struct command *first, const struct command *end)
{
	struct effect_list before = e->effects, after;
	struct engine_stats stats = e->stats;
	int64_t last_alert = e->last_alert;
	bool spoiled;

	e->effects = (struct effect_list){ 0 };
	engine_mark(e);
	e->batched = true;
	run_until(e, first, end);
	spoiled = e->spoiled;
	e->batched = e->spoiled = false;
	after = e->effects;
	e->effects = before;
	if (!spoiled) {
		store_keep(e->store);
		effect_splice(&e->effects, &after);
		return;
	}
	engine_undo(e);
	free_effects(&after);
	e->stats = stats;
	e->last_alert = last_alert;
	run_until(e, first, end);
}

static void
run_all(struct engine *e, const struct command_list *list)
{
	struct command *cmd = list->first;

	while (cmd) {
		struct command *end = cmd->next;
		bool batch = engine_accept_is_plain(cmd) && end && engine_accept_is_plain(end);

		while (batch && end && engine_accept_is_plain(end))
			end = end->next;
		if (batch)
			run_batch(e, cmd, end);
		else
			run_until(e, cmd, end);
		cmd = end;
	}
	engine_let_go(e);
}

/* One import is at work until its last row is written, a slice a turn; take() leaves them in front. */
static void
run_import(struct engine *e, struct command_list *bulk)
{
	if (!e->import && bulk->first && bulk->first->kind == CMD_IMPORT)
		e->import = command_pop(bulk);
	if (!e->import)
		return;
	if (e->import->import->at.phase == IMPORT_OVER) {
		e->more = true;		/* its rows are being freed */
	} else if (engine_hold_command(e, e->import)) {
		engine_import_slice(e);
	} else {
		engine_aside_command(e, e->import);
		engine_import_over(e);
	}
	engine_let_go(e);
}

static void
finish_import(struct engine *e, bool committed, const struct import_progress *before)
{
	if (!e->import)
		return;
	if (!committed)
		e->import->import->at = *before;
	else if (e->import->import->at.phase == IMPORT_OVER && engine_import_freed(e)) {
		command_free(e->import);
		e->import = NULL;
	}
}

static void
discard(struct engine *e)
{
	free_effects(&e->effects);
	forget(e);
	/* A clock step in it comes again with the next turn. */
	engine_due_shift(e, -e->shifted);
	e->skew_ms = e->skew_before;
	engine_asking_restore(e);
	engine_routes_sweep(e, false);
	engine_hand_discard(e);
	for (size_t i = 0; i < e->route_count; i++) {
		e->routes[i]->pause = e->routes[i]->pause_before;
		e->routes[i]->outage = e->routes[i]->outage_before;
	}
	e->stale = true;
}

/* When something falls due, in the caller's time. */
static msec
next_look(struct engine *e)
{
	msec at = engine_due_next(e);

	return at == NEVER ? NEVER : at - e->skew_ms;
}

/* Of an index only: the alarm about the damage stands. */
static void
tell_made_anew(struct engine *e, table_set tables)
{
	char names[300];

	if (tables == e->told_anew)
		return;
	store_tables_format(names, sizeof(names), tables);
	engine_log(e, LOG_ERROR, "indices made anew tables=\"%s\"", names);
}

static int
turn(struct engine *e, struct command_list *urgent, struct command_list *bulk, msec now,
     struct effect_list *out, msec *wake_at, struct err *err)
{
	struct command_list first = { 0 }, second = { 0 };
	table_set made_anew = store_made_anew(e->store);
	struct import_progress import_before = { 0 };
	bool changed;
	int rc;

	assert(!e->turning);		/* a turn within a turn would commit half of it */
	e->turning = true;
	free_all(&e->spent);
	e->now = now + e->skew_ms;
	e->skew_before = e->skew_ms;
	e->shifted = 0;
	e->more = e->asking.touched = false;
	for (size_t i = 0; i < e->route_count; i++) {
		e->routes[i]->pause_before = e->routes[i]->pause;
		e->routes[i]->outage_before = e->routes[i]->outage;
	}
	if (e->import)
		import_before = e->import->import->at;
	store_begin(e->store);
	engine_let_go(e);
	if (e->stale) {
		forget(e);
		load(e);
		engine_in_flight_recount(e);
	}
	tell_made_anew(e, made_anew);
	take(urgent, &first, URGENT_PER_TURN);
	take(bulk, &second, BULK_PER_TURN);
	take_signals(bulk, &second);
	run_all(e, &first);
	run_all(e, &second);
	run_import(e, bulk);
	engine_due_run(e);
	store_writes_lists(e->store, e->import || e->imports.applying || e->imports.sweep);
	engine_waves_flush(e);
	/* What is to blame for a failure stays in hand; what is only slow to be synced is not. */
	engine_let_go(e);
	changed = store_changed(e->store);
	if (changed)
		store_meta_set(e->store, "last_instant", e->now);
	rc = store_commit(e->store, err);
	e->turning = false;
	finish_import(e, rc == 0, &import_before);
	e->stats.turns++;
	if (rc < 0) {
		put_back(&second, bulk);
		put_back(&first, urgent);
		discard(e);
		*wake_at = now + 250;
		return -1;
	}
	e->stats.commits++;
	if (changed)
		e->stats.committed_at = e->now;
	e->told_anew = made_anew;
	e->hand.suspect = (struct hand){ 0 };
	e->waves.committed = e->waves.last;
	engine_routes_sweep(e, true);
	command_splice(&e->spent, &first);
	command_splice(&e->spent, &second);
	effect_splice(out, &e->effects);
	*wake_at = e->more || urgent->first || bulk->first ? now : next_look(e);
	return 0;
}

/* The others are not kept waiting for what is put aside. */
int
engine_turn(struct engine *e, struct command_list *urgent, struct command_list *bulk, msec now,
	    struct effect_list *out, msec *wake_at, struct err *err)
{
	for (int again = 0;; again++) {
		int rc = turn(e, urgent, bulk, now, out, wake_at, err);

		if (rc == 0 && store_mend(e->store)) {	/* what is in memory was read by the old one */
			e->stale = true;
			*wake_at = now;
		}
		if (rc == 0 || again == AGAIN_MAX || !goes_further(e))
			return rc;
	}
}
