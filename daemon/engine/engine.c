/* engine.c -- the turn: take commands, run what is due, commit, hand out effects. */
#include "daemon/engine/internal.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URGENT_PER_TURN 512
#define BULK_PER_TURN 256

void
engine_effect(struct engine *e, struct effect *f)
{
	if (e->quiet && f->kind != EFFECT_REPLY)
		effect_free(f);
	else
		effect_push(&e->effects, f);
}

void
engine_reply(struct engine *e, uint64_t to, int status, struct buf *json)
{
	struct effect *f;

	if (!to) {
		buf_fini(json);
		return;
	}
	f = effect_new(EFFECT_REPLY, -1);
	f->reply.to = to;
	f->reply.status = status;
	f->reply.json = buf_take(json);
	effect_push(&e->effects, f);
}

/* RFC 9457 */
void
engine_problem(struct engine *e, uint64_t to, int status, const struct err *err)
{
	struct buf json = { 0 };

	buf_printf(&json, "{\"type\":\"about:blank\",\"status\":%d,\"title\":\"%s\",\"detail\":",
		   status, status == 404 ? "Not found" : status == 409 ? "Conflict"
		   : "The request cannot be carried out");
	buf_json(&json, err->text);
	if (err->field[0]) {
		buf_puts(&json, ",\"field\":");
		buf_json(&json, err->field);
	}
	buf_puts(&json, "}");
	engine_reply(e, to, status, &json);
}

void
engine_event(struct engine *e, int64_t alert, const char *what, const char *fmt, ...)
{
	char detail[512];
	va_list args;

	if (e->quiet)
		return;
	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	store_event(e->store, alert, e->now, what, detail);
}

void
engine_log(struct engine *e, int priority, const char *fmt, ...)
{
	struct effect *f = effect_new(EFFECT_LOG, -1);
	struct buf line = { 0 };
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	buf_puts(&line, text);
	f->log.priority = priority;
	f->log.line = buf_take(&line);
	engine_effect(e, f);
}

/* One command inside the turn: what it made in memory goes when its rows go. */
void
engine_mark(struct engine *e)
{
	e->marked_wave = store_wave_last(e->store);
	store_mark(e->store);
}

struct newer {
	struct live_list list;
	uint32_t than;
};

static void
find_newer(void *ctx, uint64_t key, void *value)
{
	struct newer *newer = ctx;

	if (key > newer->than)
		live_list_add(&newer->list, value);
}

void
engine_undo(struct engine *e)
{
	struct newer newer = { .than = e->marked_wave };
	size_t kept = 0;

	store_undo(e->store);
	table_each(&e->waves, find_newer, &newer);
	for (size_t i = 0; i < e->touched.count; i++)
		if (e->touched.waves[i]->w.id <= e->marked_wave)
			e->touched.waves[kept++] = e->touched.waves[i];
	e->touched.count = kept;
	for (size_t i = 0; i < newer.list.count; i++)
		engine_wave_forget(e, newer.list.waves[i]);
	free(newer.list.waves);
}

static void
free_live_wave(void *p)
{
	struct live_wave *lw = p;

	engine_broadcast_free(lw->broadcast);
	free(lw);
}

static void
free_variant(void *p)
{
	struct variant_text *v = p;

	free(v->head);
	free(v->body);
	free(v);
}

static void
free_template(void *p)
{
	template_free(p);
}

static void
free_policy(void *p)
{
	policy_free(p);
}

/* Everything that the store can give back. */
static void
forget(struct engine *e)
{
	table_fini(&e->waves, free_live_wave);
	memset(e->low_ids, 0, sizeof(e->low_ids));
	table_fini(&e->variants, free_variant);
	e->variant_count = 0;
	free(e->ranks);
	e->ranks = NULL;
	e->rank_count = e->rank_cap = 0;
	e->planning.count = e->touched.count = e->waiting.count = 0;
	for (size_t i = 0; i < e->route_count; i++) {
		effect_free(e->routes[i].send);
		e->routes[i].send = NULL;
	}
}

static void
number_documents(struct engine *e)
{
	struct settings *s = e->settings;

	free(e->role_ids);
	free(e->document_ids);
	e->role_ids = xcalloc(s->role_count + 1, sizeof(*e->role_ids));
	e->document_ids = xcalloc(s->document_count + 1, sizeof(*e->document_ids));
	for (size_t i = 0; i < s->role_count; i++)
		e->role_ids[i] = store_role_id(e->store, s->roles[i].name);
	for (size_t i = 0; i < s->document_count; i++)
		e->document_ids[i] = store_document_put(e->store, s->documents[i].kind,
			s->documents[i].name, s->documents[i].body, s->documents[i].sha256);
}

static void
load(struct engine *e)
{
	number_documents(e);
	e->last_alert = store_alert_last(e->store);
	engine_waves_load(e);
	engine_alarms_load(e);
	e->stale = false;
}

static void
open_routes(struct engine *e)
{
	e->route_count = e->settings->route_count;
	e->routes = xcalloc(e->route_count + 1, sizeof(*e->routes));
	for (size_t i = 0; i < e->route_count; i++) {
		struct route_state *r = &e->routes[i];

		r->conf = &e->settings->routes[i];
		r->id = store_route_id(e->store, r->conf->name);
		r->down_since = e->now;
		snprintf(r->down_reason, sizeof(r->down_reason), "启动后一直未就绪 / not ready since the "
			 "start");
		engine_limits_apply(e, r);
		engine_health_load(e, r);
		store_route_note(e->store, r->id, "starting", NULL, e->now);
	}
}

int
engine_open(struct engine **out, struct store *store, struct settings *settings, msec now,
	    struct err *err)
{
	struct engine *e = xcalloc(1, sizeof(*e));
	msec last;

	*out = NULL;
	e->store = store;
	e->settings = settings_ref(settings);
	e->now = now;
	e->chance = (uint64_t)now;
	if (settings->route_count > ROUTES_MAX) {
		engine_close(e);
		return err_set(err, "gong.conf has %zu routes; at most %d are possible",
			       settings->route_count, ROUTES_MAX);
	}
	store_begin(store);
	last = store_meta_get(store, "last_instant", 0);
	if (last > now) {
		/* Before the last committed instant: run on from there, expire nothing. */
		e->skew_ms = last - now;
		e->now = last;
		engine_log(e, 3, "clock is behind the last committed instant by_ms=%lld",
			   (long long)e->skew_ms);
	}
	open_routes(e);
	load(e);
	engine_canaries_plan(e);
	engine_in_doubt(e);
	engine_waves_flush(e);
	if (store_commit(store, err) < 0) {
		engine_close(e);
		return -1;
	}
	*out = e;
	return 0;
}

void
engine_close(struct engine *e)
{
	struct effect *f;

	if (!e)
		return;
	forget(e);
	while ((f = effect_pop(&e->effects)))
		effect_free(f);
	for (size_t i = 0; i < e->route_count; i++)
		engine_limits_free(&e->routes[i]);
	table_fini(&e->inflight, NULL);
	table_fini(&e->templates, free_template);
	table_fini(&e->policies, free_policy);
	table_fini(&e->replies, free);
	if (e->import)
		command_free(e->import);
	free(e->routes);
	free(e->role_ids);
	free(e->document_ids);
	free(e->planning.waves);
	free(e->touched.waves);
	free(e->waiting.waves);
	free(e->asking_before);
	settings_unref(e->settings);
	free(e);
}

void
engine_stats(const struct engine *e, struct engine_stats *out)
{
	*out = e->stats;
}

static void
shift_brake(void *ctx, uint64_t key, void *value)
{
	*(msec *)value += *(msec *)ctx;		/* struct brake begins with its hour */
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
	engine_log(e, 3, "clock stepped by_ms=%lld", (long long)by);
	store_audit(e->store, e->now, "clock", "clock.step", "");
	if (!shift)
		return;
	engine_waves_flush(e);
	store_clock_shift(e->store, shift);
	for (size_t i = 0; i < e->route_count; i++) {
		struct route_state *r = &e->routes[i];

		engine_budgets_shift(r, shift);
		r->bucket.filled_at += shift;
		if (r->pause.until)
			r->pause.until += shift;
		if (r->settled_at)
			r->settled_at += shift;
		r->handed_at += shift;
		if (r->down_since != NEVER)
			r->down_since += shift;
	}
	engine_questions_shift(e, shift);
	table_each(&e->replies, shift_brake, &shift);
	forget(e);
	load(e);
}

/* Routes are known by their place in the list everywhere, and a driver reads its options once:
 * other routes or options need a restart. */
static bool
same_routes(const struct settings *a, const struct settings *b)
{
	bool same = a->route_count == b->route_count;

	for (size_t i = 0; same && i < a->route_count; i++)
		same = strcmp(a->routes[i].name, b->routes[i].name) == 0 &&
			strcmp(a->routes[i].driver, b->routes[i].driver) == 0 &&
			strcmp(a->routes[i].config, b->routes[i].config) == 0;
	return same;
}

static void
reload(struct engine *e, struct settings *fresh)
{
	struct err err = { 0 };
	struct effect *f;

	if (!engine_policies_readable(e, fresh, &err)) {
		engine_log(e, 3, "settings not reloaded reason=\"an open alert needs what they "
			   "lack: %s\"", err.text);
		return;
	}
	if (!same_routes(e->settings, fresh)) {
		engine_log(e, 3, "settings not reloaded reason=\"routes or their options changed; "
			   "restart gongd for that\"");
		return;
	}
	settings_ref(fresh);
	settings_unref(e->settings);
	e->settings = fresh;
	for (size_t i = 0; i < e->route_count; i++) {
		e->routes[i].conf = &fresh->routes[i];
		engine_limits_apply(e, &e->routes[i]);
	}
	table_fini(&e->policies, free_policy);	/* they hold indices into the old settings */
	number_documents(e);
	engine_asking_touch(e);
	engine_canaries_plan(e);
	f = effect_new(EFFECT_SETTINGS, -1);
	f->settings = settings_ref(fresh);
	engine_effect(e, f);
	engine_log(e, 6, "settings reloaded");
}

static void
close_task(struct engine *e, struct command *cmd)
{
	struct err err = { 0 };
	struct buf json = { 0 };

	if (!store_task_close(e->store, cmd->task_close.task, cmd->task_close.client,
			      cmd->task_close.note, e->now)) {
		err_set(&err, "there is no open task %lld", (long long)cmd->task_close.task);
		engine_problem(e, cmd->reply_to, 404, &err);
		return;
	}
	store_audit(e->store, e->now, cmd->task_close.client, "task.close",
		    cmd->task_close.note ? cmd->task_close.note : "");
	buf_printf(&json, "{\"task\":%lld,\"closed\":true}", (long long)cmd->task_close.task);
	engine_reply(e, cmd->reply_to, 200, &json);
}

static void
run(struct engine *e, struct command *cmd)
{
	struct effect *f;

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
		store_route_keep_set(e->store, e->routes[cmd->route].id, cmd->keep);
		break;
	case CMD_BARRIER:
		f = effect_new(EFFECT_BARRIER, cmd->route);
		f->barrier = cmd->barrier;
		engine_effect(e, f);
		break;
	case CMD_ANSWERED:
		engine_answered(e, cmd);
		break;
	case CMD_ANSWER:
		engine_desk_answer(e, cmd);
		break;
	case CMD_CANCEL:
		engine_cancel(e, cmd);
		break;
	case CMD_TASK_CLOSE:
		close_task(e, cmd);
		break;
	case CMD_CLOCK_STEP:
		clock_step(e, cmd->clock_step_ms);
		break;
	case CMD_RELOAD:
		reload(e, cmd->settings);
		break;
	case CMD_ACCEPT:
		engine_accept(e, cmd);
		break;
	case CMD_ASK:
		engine_ask(e, cmd);
		break;
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

static void
take(struct command_list *from, struct command_list *taken, size_t max)
{
	struct command *cmd;

	while (taken->count < max && from->first && from->first->kind != CMD_IMPORT &&
	       (cmd = command_pop(from)))
		command_push(taken, cmd);
}

static void
run_all(struct engine *e, const struct command_list *list)
{
	for (struct command *cmd = list->first; cmd; cmd = cmd->next)
		run(e, cmd);
}

/* An import keeps its place at the head of the bulk lane until its last row is written. */
static void
run_import(struct engine *e, struct command_list *bulk)
{
	if (!e->import && bulk->first && bulk->first->kind == CMD_IMPORT)
		e->import = command_pop(bulk);
	if (e->import)
		engine_import_slice(e);
}

static void
finish_import(struct engine *e, bool committed, size_t before)
{
	if (!e->import)
		return;
	if (!committed)
		e->import->import->done = before;
	else if (e->import->import->done > e->import->import->row_count) {
		command_free(e->import);
		e->import = NULL;
	}
}

static void
discard(struct engine *e)
{
	struct effect *f;

	while ((f = effect_pop(&e->effects)))
		effect_free(f);
	forget(e);
	engine_asking_restore(e);
	for (size_t i = 0; i < e->route_count; i++)
		e->routes[i].pause = e->routes[i].pause_before;
	e->stale = true;
}

static void
free_all(struct command_list *list)
{
	struct command *cmd;

	while ((cmd = command_pop(list)))
		command_free(cmd);
}

static void
count_in(struct engine *e, struct route_state *r, uint64_t id)
{
	table_put(&e->inflight, id, r);
	r->inflight++;
}

/* Its receipt overtook the route's own answer, which is still to come. */
static void
keep_overtaken(void *ctx, uint64_t id, void *route)
{
	struct engine *e = ctx;
	struct live_wave *lw = table_get(&e->inflight, id) ? NULL
		: engine_wave(e, message_id_wave(id));
	struct message m;

	if (lw && store_message_get(e->store, lw->w.id, message_id_contact(id), lw->w.channel, &m) &&
	    m.state > MESSAGE_SENDING && (m.attempt & 31) == message_id_attempt(id))
		count_in(e, route, id);
}

static void
recount_row(struct engine *e, const struct message *m)
{
	for (size_t i = 0; i < e->route_count; i++) {
		struct route_state *r = &e->routes[i];

		if (r->id != m->route)
			continue;
		count_in(e, r, message_id(m->wave, m->contact, m->attempt));
	}
}

/* In-flight claims of a failed turn were never handed out; what is in flight, and what numbers
 * have had, is counted again from what the store says. */
static void
recount(struct engine *e)
{
	static struct message rows[1000];
	struct table before = e->inflight;
	uint32_t wave = 0, contact = 0;
	size_t count;

	e->inflight = (struct table){ 0 };
	for (size_t i = 0; i < e->route_count; i++) {
		e->routes[i].inflight = 0;
		engine_budgets_load(e, &e->routes[i]);
	}
	while ((count = store_messages_sending(e->store, wave, contact, rows, 1000))) {
		for (size_t i = 0; i < count; i++)
			recount_row(e, &rows[i]);
		wave = rows[count - 1].wave;
		contact = rows[count - 1].contact;
	}
	table_each(&before, keep_overtaken, e);
	table_fini(&before, NULL);
}

/* When something falls due, in the caller's time. */
static msec
next_look(struct engine *e)
{
	msec at = msec_min(msec_min(e->resume_at, e->waiting_at),
			   msec_min(e->expiry_at, store_alerts_next_due(e->store)));

	at = msec_min(at, msec_min(engine_questions_next(e), engine_alarms_next(e)));
	at = msec_min(at, engine_canaries_next(e));
	return at == NEVER ? NEVER : at - e->skew_ms;
}

int
engine_turn(struct engine *e, struct command_list *urgent, struct command_list *bulk, msec now,
	    struct effect_list *out, msec *wake_at, struct err *err)
{
	struct command_list first = { 0 }, second = { 0 };
	size_t import_before = e->import ? e->import->import->done : 0;
	int rc;

	e->now = now + e->skew_ms;
	e->more = e->asking_touched = false;
	for (size_t i = 0; i < e->route_count; i++)
		e->routes[i].pause_before = e->routes[i].pause;
	store_begin(e->store);
	if (e->stale) {
		load(e);
		recount(e);
	}
	take(urgent, &first, URGENT_PER_TURN);
	take(bulk, &second, BULK_PER_TURN);
	run_all(e, &first);
	run_all(e, &second);
	run_import(e, bulk);
	engine_questions_due(e);
	engine_alarms_due(e);
	engine_climb_due(e);
	engine_canaries_due(e);
	engine_waves_expire(e);
	engine_broadcast_slices(e);
	engine_dispatch(e);
	engine_waves_flush(e);
	engine_upkeep(e);
	if (store_changed(e->store))
		store_meta_set(e->store, "last_instant", e->now);
	rc = store_commit(e->store, err);
	finish_import(e, rc == 0, import_before);
	e->stats.turns++;
	if (rc < 0) {
		put_back(&second, bulk);
		put_back(&first, urgent);
		discard(e);
		*wake_at = now + 250;
		return -1;
	}
	e->stats.commits++;
	free_all(&first);
	free_all(&second);
	effect_splice(out, &e->effects);
	*wake_at = e->more || urgent->first || bulk->first ? now : next_look(e);
	return 0;
}
