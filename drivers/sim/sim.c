/* sim.c -- gong-sim, a driver for a network that does not exist: it takes messages and calls,
 * loses some, answers for scripted people and keeps books.  It reaches nobody, and opens only
 * with `simulation`.  What becomes of an item hangs on seed and id alone, so that a run can be
 * repeated whatever the order of things. */
#include "core/cause.h"
#include "drivers/sim/sim.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SALT_UNKNOWN 1
#define SALT_REJECT 2
#define SALT_LOSS 3
#define SALT_LEFT 4
#define OPEN_FILES 64
#define PEOPLE_LOOK_MS 100

static msec
monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
sim_arm(struct sim *s)
{
	msec at = msec_min(heap_next_at(&s->flights), heap_next_at(&s->echoes)), ms;
	struct timeval wait;

	if (at == NEVER) {
		event_del(s->timer);
		return;
	}
	ms = at > s->now ? at - s->now : 0;
	wait = (struct timeval){ ms / 1000, ms % 1000 * 1000 };
	event_add(s->timer, &wait);
}

/* Rules are borrowed only within one event, so looking here never pulls one away. */
static void
look_at_people(struct sim *s)
{
	struct err err = { 0 };

	if (!s->people || s->now - s->people_seen_at < PEOPLE_LOOK_MS)
		return;
	s->people_seen_at = s->now;
	if (people_refresh(s->people, &err) < 0)
		kit_log("people file is not read reason=\"%s\"", err.text);
}

/* It is at the telephone: the receipt and the person's answer follow. */
static void
arrive(struct sim *s, struct entry *e)
{
	const struct rule *rule = sim_meet(s, e->to, CHANNEL_SMS);
	struct flight *answer = rule && rule->text
		? owed_new(s, e->to, words_new(rule->text), rule->delay_ms) : NULL;

	if (s->conf.receipts)
		sim_receipt(s, e->id, e->to, s->conf.receipt_ms);
	e->answer = answer;
	books_message(s, e);
	if (answer)
		owed_wait(s, answer);
}

static void
accept_message(struct sim *s, struct entry *e)
{
	e->note = s->conf.loss > 0 && sim_draw(s, e->id, SALT_LOSS) < s->conf.loss ? "lost" : NULL;
	if (e->note)
		books_message(s, e);
	else
		arrive(s, e);
	if (s->accepted_count == s->accepted_cap) {
		s->accepted_cap = s->accepted_cap ? s->accepted_cap * 2 : 512;
		s->accepted = xrealloc(s->accepted, s->accepted_cap * sizeof(*s->accepted));
	}
	s->accepted[s->accepted_count++] = e->id;
}

/* Half of what the network gives no answer for has left all the same. */
static void
lose_sight(struct sim *s, struct entry *e)
{
	if (sim_draw(s, e->id, SALT_LEFT) < 0.5) {
		e->note = "unknown";
		arrive(s, e);
		books_write(s);
	}
	kit_done(s->kit, e->id, "unknown", NULL, 0, NULL, WORD(sim_no_answer));
}

static void
submit(struct sim *s, struct entry *e, uint32_t slot, msec not_after, msec wall)
{
	if (wall >= not_after) {
		kit_done(s->kit, e->id, "rejected", NULL, 0, "retry",
			 WORD(sim_over));
		return;
	}
	kit_leaving(s->kit, slot);
	if (s->conf.reject > 0 && sim_draw(s, e->id, SALT_REJECT) < s->conf.reject)
		kit_done(s->kit, e->id, "rejected", NULL, 0, s->conf.reject_class,
			 WORD(sim_refused));
	else if (s->conf.unknown > 0 && sim_draw(s, e->id, SALT_UNKNOWN) < s->conf.unknown)
		lose_sight(s, e);
	else
		accept_message(s, e);
}

/* The books are written before gongd hears of it: they may say more than gongd knows after a
 * crash, never less.  The ids must still be there, so this comes before their flights go. */
static void
report_accepted(struct sim *s)
{
	books_write(s);
	if (s->accepted_count)
		kit_done_many(s->kit, s->accepted, s->accepted_count, "accepted", NULL, NULL);
	s->accepted_count = 0;
}

static void
depart(struct sim *s, const struct kit_item *item, msec not_after, struct words *words)
{
	struct flight *f = flight_new(s);
	double jitter = s->conf.jitter_ms ? sim_draw(s, item->id, 0) * (double)s->conf.jitter_ms : 0;

	f->kind = FLIGHT_MESSAGE;
	f->stage = STAGE_SUBMIT;
	snprintf(f->id, sizeof(f->id), "%s", item->id);
	snprintf(f->to, sizeof(f->to), "%s", item->to);
	f->words = words;
	words->refs++;
	f->reference = item->reference;
	f->slot = item->slot;
	f->not_after = not_after;
	heap_push(&s->flights, s->now + s->conf.latency_ms + (msec)jitter, f);
}

static const char *
refusal(const struct sim *s, const struct kit_item *item)
{
	if (s->closing)
		return WORD(driver_closing);
	if (!s->kit)
		return WORD(sim_early);
	if (!strstr(s->conf.channels, "sms"))
		return WORD(sim_calls_only);
	if (strlen(item->id) >= KIT_ID || strlen(item->to) >= PHONE_TEXT)
		return WORD(sim_too_long);
	return NULL;
}

static void
on_send(struct kit *k, const struct kit_send *send)
{
	struct sim *s = kit_self(k);
	bool at_once = !s->conf.latency_ms && !s->conf.jitter_ms;
	struct words *words = NULL;
	msec wall = kit_now();

	s->now = monotonic();
	look_at_people(s);
	for (size_t i = 0; i < send->count; i++) {
		const struct kit_item *item = &send->items[i];
		const char *why = refusal(s, item);

		if (why) {
			kit_done(k, item->id, "rejected", NULL, 0, s->closing ? "retry" : "config", why);
			continue;
		}
		if (!words || !send->is_one_text) {
			words_drop(words);
			words = words_new(item->text);
		}
		if (at_once)
			submit(s, &(struct entry){ .id = item->id, .to = item->to,
				.text_json = words->json, .reference = item->reference },
				item->slot, send->not_after, wall);
		else
			depart(s, item, send->not_after, words);
	}
	words_drop(words);
	if (!s->kit)
		return;
	report_accepted(s);
	sim_arm(s);
}

static void
on_call(struct kit *k, const struct kit_call *call)
{
	struct sim *s = kit_self(k);

	s->now = monotonic();
	look_at_people(s);
	if (s->closing || !s->kit || !strstr(s->conf.channels, "voice") || strlen(call->id) >= KIT_ID ||
	    strlen(call->to) >= PHONE_TEXT)
		kit_done(k, call->id, "rejected", NULL, 0, s->closing ? "retry" : "config",
			 s->closing ? WORD(driver_closing) : WORD(sim_no_call));
	else
		voice_call(s, call);
	if (s->kit)
		sim_arm(s);
}

static void
run_echo(struct sim *s, struct flight *f)
{
	if (f->stage == STAGE_RECEIPT) {
		kit_receipt(s->kit, &(struct kit_receipt){ .id = f->id, .to = f->to,
							   .state = "delivered" }, kit_now());
		flight_free(s, f);
	} else {
		json_t *text = json_loads(f->words->json, JSON_DECODE_ANY, NULL);

		books_inbound(s, f->id, f->to, f->words->json);
		books_write(s);
		kit_inbound(s->kit, f->id, f->to, json_string_value(text), kit_now());
		json_decref(text);
		owed_told(s, f);
	}
}

static void
leave_if_done(struct sim *s)
{
	if (s->closing && !s->flights.count)
		kit_exit(s->kit);
}

/* Messages of one instant are told with one `done`; their flights live until it is written. */
static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct sim *s = ctx;
	struct flight *f, *landed = NULL;
	msec wall = kit_now();

	s->now = monotonic();
	look_at_people(s);
	while ((f = heap_pop(&s->flights, s->now))) {
		if (f->kind == FLIGHT_CALL) {
			voice_run(s, f);
			continue;
		}
		submit(s, &(struct entry){ .id = f->id, .to = f->to, .text_json = f->words->json,
			.reference = f->reference }, f->slot, f->not_after, wall);
		f->next = landed;
		landed = f;
	}
	report_accepted(s);
	while ((f = landed)) {
		landed = f->next;
		flight_free(s, f);
	}
	while ((f = heap_pop(&s->echoes, s->now)))
		run_echo(s, f);
	sim_arm(s);
	leave_if_done(s);
}

/* Only what the network has not yet: a call that rings is never cut. */
static void
on_withdraw(struct kit *k, const char *id)
{
	struct sim *s = kit_self(k);

	s->now = monotonic();
	for (struct flight **at = &s->waiting; *at; at = &(*at)->next) {
		struct flight *f = *at;

		if (strcmp(f->id, id) != 0)
			continue;
		*at = f->next;
		if (!*at)
			s->waiting_end = at;
		kit_done(k, id, "withdrawn", NULL, 0, NULL, WORD(withdrawn_undialled));
		flight_free(s, f);
		return;
	}
	for (size_t i = 0; i < s->flights.count; i++) {
		struct flight *f = s->flights.all[i].what;

		if (f->stage != STAGE_SUBMIT || strcmp(f->id, id) != 0)
			continue;
		heap_remove(&s->flights, i);
		kit_done(k, id, "withdrawn", NULL, 0, NULL, WORD(withdrawn_unsent));
		s->lines_busy -= f->kind == FLIGHT_CALL;
		flight_free(s, f);
		voice_start_waiting(s);
		sim_arm(s);
		return;
	}
}

static void
give_back(struct sim *s, struct flight *f)
{
	if (f->kind == FLIGHT_CALL) {
		voice_give_up(s, f);
		return;
	}
	kit_done(s->kit, f->id, "rejected", NULL, 0, "retry", WORD(driver_closing));
	flight_free(s, f);
}

static bool
ends_at_its_instant(const struct flight *f)
{
	return f->kind == FLIGHT_MESSAGE || f->stage == STAGE_TALK ||
	       (f->stage == STAGE_RING && f->pick_up != PICK_ANSWER);
}

/* What is over within the grace may finish; the rest goes back to gongd's queue now.  Given
 * back as `rejected, retry`. */
static void
on_close(struct kit *k, msec grace_ms)
{
	struct sim *s = kit_self(k);
	msec last;

	if (!s->kit) {
		kit_exit(k);
		return;
	}
	s->now = monotonic();
	last = msec_add(s->now, grace_ms);
	s->closing = true;
	for (struct flight *f = s->waiting, *next; f; f = next) {
		next = f->next;
		give_back(s, f);
	}
	s->waiting = NULL;
	s->waiting_end = &s->waiting;
	for (size_t i = s->flights.count; i-- > 0;) {
		struct flight *f = s->flights.all[i].what;

		if (s->flights.all[i].at <= last && ends_at_its_instant(f))
			continue;
		s->flights.count--;
		s->flights.all[i] = s->flights.all[s->flights.count];
		give_back(s, f);
	}
	heap_order(&s->flights);
	sim_arm(s);
	leave_if_done(s);
}

static void
on_took(struct kit *k, const char *id)
{
	struct sim *s = kit_self(k);

	s->now = monotonic();
	owed_took(s, id);
}

static void
on_minute(evutil_socket_t fd, short what, void *ctx)
{
	health_tell(ctx);
}

static void
on_second(evutil_socket_t fd, short what, void *ctx)
{
	health_look(ctx);
}

static void
on_ask(struct kit *k, const struct kit_question *question)
{
	struct sim *s = kit_self(k);

	if (s->closing || !s->kit) {
		kit_refuse(k, question->id, "the driver is closing, or was never opened");
		return;
	}
	s->now = monotonic();
	ask_sim(s, question);
	sim_arm(s);
}

/* People and health are read again when they change, and an editor puts a new file there. */
static void
confine_sim(const struct sim *s)
{
	char people[PATH_TEXT], health[PATH_TEXT];

	snprintf(people, sizeof(people), "%s", s->conf.people);
	snprintf(health, sizeof(health), "%s", s->conf.health);
	kit_confine(s->kit, &(struct confine){
		.folders = (const char *[]){ people[0] ? dirname(people) : "", health[0]
			? dirname(health) : "", NULL },
		.open_files = OPEN_FILES });
}

static void
on_open(struct kit *k, const char *route, json_t *config, const char *state)
{
	struct sim *s = kit_self(k);
	struct timeval minute = { 60, 0 }, second = { 1, 0 };
	struct err err = { 0 };
	bool calls_only;

	if (s->kit)
		return;			/* opened twice: the first one counts */
	if (sim_conf_read(&s->conf, config, &err) < 0 ||
	    (s->conf.people[0] && people_open(&s->people, s->conf.people, &err) < 0))
		kit_fatal(k, NEST(&err.said), false);
	if (s->conf.log[0] && books_open(s) < 0) {
		err_say(&err, REFUSED_INVALID, about(CONCEPT_NONE), sim_books, s->conf.log, cause_word(errno));
		kit_fatal(k, NEST(&err.said), false);
	}
	s->kit = k;
	s->seed = (unsigned long long)s->conf.seed;
	s->now = monotonic();
	s->started_at = kit_now();
	if (s->log >= 0)
		owed_read(s, state);
	s->timer = event_new(kit_base(k), -1, 0, on_timer, s);
	s->minute = event_new(kit_base(k), -1, EV_PERSIST, on_minute, s);
	s->second = event_new(kit_base(k), -1, EV_PERSIST, on_second, s);
	event_add(s->minute, &minute);
	if (s->conf.health[0])
		event_add(s->second, &second);
	confine_sim(s);
	sim_arm(s);
	calls_only = strcmp(s->conf.channels, "voice") == 0;
	kit_ready(k, &(struct kit_offer){
		.channels = s->conf.channels, .identity = route ? route : "gong-sim",
		.window = (unsigned)(calls_only ? s->conf.lines : s->conf.window),
		.batch = (unsigned)(calls_only ? 1 : msec_min(s->conf.batch, s->conf.window)),
		.receipts = s->conf.receipts, .inbound = true });
	health_tell(s);
}

int
main(void)
{
	static const struct kit_driver driver = {
		.open = on_open, .send = on_send, .call = on_call, .withdraw = on_withdraw,
		.took = on_took, .ask = on_ask, .close = on_close, .marks = true,
	};
	static struct sim s = { .log = -1 };

	s.waiting_end = &s.waiting;
	s.told_end = &s.told;
	return kit_main(&driver, &s);
}
