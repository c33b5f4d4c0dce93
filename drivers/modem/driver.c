/* driver.c -- decides what the worker does next, and for how long it may. */
#include "drivers/modem/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/buf.h"

#define INIT_MS SECONDS(40)
#define PROMPT_MS SECONDS(35)
#define STORE_MS SECONDS(30)
#define HEALTH_MS SECONDS(40)
#define POLL_EVERY_MS SECONDS(30)

/* Deadlines must not move when the wall clock is set. */
msec
driver_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
finish_in_hand(struct driver *d, const char *outcome, const char *class, const char *reason)
{
	char ref[16];

	snprintf(ref, sizeof(ref), "%u", d->last_ref);
	kit_done(d->kit, d->in_hand->id, outcome, strcmp(outcome, "accepted") == 0 ? ref : NULL,
		 d->in_hand->plan.parts, class, reason);
	outgoing_free(d->in_hand);
	d->in_hand = NULL;
}

static void
give_back(struct driver *d, const char *outcome, const char *class, const char *reason)
{
	struct queued *q;

	while ((q = TAILQ_FIRST(&d->queue))) {
		TAILQ_REMOVE(&d->queue, q, link);
		kit_done(d->kit, q->message->id, outcome, NULL, 0, class, reason);
		outgoing_free(q->message);
		free(q);
	}
}

/* Every item gets its one `done` before the process ends. */
void
driver_fail(struct driver *d, const char *reason, bool retry)
{
	if (d->in_hand)
		finish_in_hand(d, "unknown", NULL, reason);
	give_back(d, "rejected", "retry_other", reason);
	kit_fatal(d->kit, reason, retry);
}

static void
on_lost(void *ctx, const char *why)
{
	struct driver *d = ctx;

	if (d->is_closing && !d->in_hand)
		kit_exit(d->kit);
	else
		driver_fail(d, why, true);
}

static void
arm_timer(struct driver *d)
{
	msec now = driver_now(), at = d->is_busy ? d->deadline : msec_min(d->list_at, d->health_at);
	struct timeval tv;

	at = msec_min(at, d->close_at);
	at = at > now ? at - now : 0;
	at = msec_min(at, HOURS(1));
	tv = (struct timeval){ .tv_sec = at / 1000, .tv_usec = at % 1000 * 1000 };
	event_add(d->timer, &tv);
}

static void
start(struct driver *d, const struct job *job, msec limit_ms)
{
	d->job = *job;
	d->is_busy = true;
	d->was_send = job->kind == JOB_SEND;
	d->deadline = driver_now() + limit_ms;
	worker_start(d->worker, job);
	arm_timer(d);
}

static void
start_send(struct driver *d)
{
	struct queued *q = TAILQ_FIRST(&d->queue);
	unsigned parts = 0;

	TAILQ_REMOVE(&d->queue, q, link);
	d->in_hand = q->message;
	free(q);
	for (unsigned i = 0; i < d->in_hand->plan.parts; i++)
		parts += d->in_hand->wanted[i] != 0;
	if (d->in_hand->receipt)
		receipts_begin(&d->receipts, d->in_hand->id, d->in_hand->to, parts);
	start(d, &(struct job){ .kind = JOB_SEND, .message = d->in_hand,
				.validity_ms = d->conf.validity_ms }, PROMPT_MS);
}

/* Starts a piece of housekeeping that is due; false if none is. */
static bool
start_housekeeping(struct driver *d, msec now)
{
	const struct stored *gone;

	while ((gone = inbound_next_deletion(&d->inbound)) && gone->location < 0)
		inbound_deleted(&d->inbound, gone->memory, gone->location, true);
	if (d->read_count) {
		d->read_count--;
		start(d, &(struct job){ .kind = JOB_READ, .memory = d->reads[d->read_count].memory,
					.location = d->reads[d->read_count].location }, STORE_MS);
	} else if (now >= d->list_at) {
		d->list_at = now + POLL_EVERY_MS;
		inbound_begin(&d->inbound);
		start(d, &(struct job){ .kind = JOB_LIST }, STORE_MS);
	} else if (now >= d->health_at) {
		d->health_at = now + POLL_EVERY_MS;
		start(d, &(struct job){ .kind = JOB_HEALTH }, HEALTH_MS);
	} else if (gone) {
		start(d, &(struct job){ .kind = JOB_DELETE, .memory = gone->memory,
					.location = gone->location, .key = gone->key }, STORE_MS);
	} else {
		return false;
	}
	return true;
}

/* Urgent messages first; else housekeeping and messages take turns, so that neither answers of
 * people nor messages wait for the other. */
void
driver_run_next(struct driver *d)
{
	struct queued *first = TAILQ_FIRST(&d->queue);
	msec now = driver_now();

	if (d->is_busy)
		return;
	if (d->is_closing) {
		kit_exit(d->kit);
		return;
	}
	if (d->must_init) {
		d->must_init = false;
		start(d, &(struct job){ .kind = JOB_INIT }, INIT_MS);
		return;
	}
	if (first && (!d->was_send || (first->urgent && now < d->list_at + POLL_EVERY_MS)))
		start_send(d);
	else if (start_housekeeping(d, now))
		return;
	else if (first)
		start_send(d);
	else
		arm_timer(d);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	static const char *const said[] = {
		[JOB_INIT] = "the modem did not start in time",
		[JOB_SEND] = "no result of the submit in time: sent or not, nobody knows",
		[JOB_LIST] = "the modem did not list its messages in time",
		[JOB_READ] = "the modem did not read a message in time",
		[JOB_DELETE] = "the modem did not delete a message in time",
		[JOB_HEALTH] = "the modem did not tell its state in time",
	};
	struct driver *d = ctx;
	msec now = driver_now();

	if (now >= d->close_at) {
		d->close_at = NEVER;
		worker_stop_early(d->worker);
	}
	if (d->is_busy && now >= d->deadline)
		driver_fail(d, said[d->job.kind], true);
	else if (d->is_busy)
		arm_timer(d);
	else
		driver_run_next(d);
}

static void
on_hint(struct driver *d, const struct report *r)
{
	if (r->memory != MEM_SR) {
		d->list_at = 0;
	} else if (d->read_count < READS_MAX) {
		d->reads[d->read_count].memory = r->memory;
		d->reads[d->read_count++].location = r->location;
	}
	driver_run_next(d);
}

static void
on_part(struct driver *d, const struct report *r)
{
	const struct outgoing *o = d->in_hand;
	char ref[16];

	snprintf(ref, sizeof(ref), "%u", r->ref);
	d->last_ref = r->ref;
	d->deadline = driver_now() + PROMPT_MS;
	arm_timer(d);
	kit_part(d->kit, o->id, r->part, o->plan.parts, o->reference & 255, ref);
	if (o->receipt)
		receipts_part(&d->receipts, r->ref);
}

static void
on_end(struct driver *d, const struct report *r)
{
	d->is_busy = false;
	d->must_init = d->must_init || r->must_init;
	if (r->verdict == VERDICT_FATAL)
		driver_fail(d, r->refusal.reason, r->retry);
	if (r->job == JOB_SEND && r->verdict == VERDICT_OK)
		finish_in_hand(d, "accepted", NULL, NULL);
	else if (r->job == JOB_SEND && r->verdict == VERDICT_UNKNOWN)
		finish_in_hand(d, "unknown", NULL, r->refusal.reason);
	else if (r->job == JOB_SEND)
		finish_in_hand(d, "rejected", r->refusal.class, r->refusal.reason);
	else if (r->verdict != VERDICT_OK)
		kit_log("housekeeping failed reason=\"%s\"", r->refusal.reason);
	if (r->is_mute)
		driver_fail(d, r->refusal.reason, true);
	if (r->job == JOB_LIST && r->verdict == VERDICT_OK) {
		announce_stored(d);
	} else if (r->job == JOB_DELETE) {
		inbound_deleted(&d->inbound, d->job.memory, d->job.location,
				r->verdict == VERDICT_OK);
		d->health_at = msec_min(d->health_at, driver_now() + SECONDS(5));
	}
	driver_run_next(d);
}

static void
on_worker(struct driver *d, struct report *r)
{
	switch (r->kind) {
	case REPORT_READY:
		if (!d->is_ready)
			kit_ready(d->kit, "sms", 2, 1, true, true, *r->text ? r->text : NULL);
		d->is_ready = true;
		d->list_at = d->health_at = 0;
		break;
	case REPORT_SUBMITTED:
		d->deadline = driver_now() + d->conf.result_ms;
		arm_timer(d);
		break;
	case REPORT_PART:
		on_part(d, r);
		break;
	case REPORT_FOUND:
		announce_found(d, r);
		break;
	case REPORT_HINT:
		on_hint(d, r);
		break;
	case REPORT_HEALTH:
		announce_health(d, &r->health);
		break;
	case REPORT_END:
		on_end(d, r);
		break;
	}
}

static void
on_reports(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	struct report *r;

	while ((r = worker_report(d->worker))) {
		on_worker(d, r);
		free(r);
	}
}

void
driver_setup(struct driver *d)
{
	TAILQ_INIT(&d->queue);
	d->close_at = NEVER;
}

int
driver_start(struct driver *d, struct err *err)
{
	struct event_base *base = kit_base(d->kit);
	struct worker_conf conf = {
		.pin = d->conf.pin, .smsc = d->conf.smsc, .debug = d->conf.debug,
	};

	if (tty_open(&d->tty, d->conf.device, base, on_lost, d, err) < 0)
		return -1;
	conf.tty = d->tty;
	if (worker_new(&d->worker, &conf, err) < 0)
		return -1;
	d->reports = event_new(base, worker_fd(d->worker), EV_READ | EV_PERSIST, on_reports, d);
	d->timer = event_new(base, -1, 0, on_timer, d);
	event_add(d->reports, NULL);
	d->must_init = true;
	driver_run_next(d);
	return 0;
}

void
driver_enqueue(struct driver *d, struct outgoing *o, bool urgent)
{
	struct queued *q = xcalloc(1, sizeof(*q)), *at;

	q->message = o;
	q->urgent = urgent;
	TAILQ_FOREACH(at, &d->queue, link)
		if (urgent && !at->urgent)
			break;
	if (at)
		TAILQ_INSERT_BEFORE(at, q, link);
	else
		TAILQ_INSERT_TAIL(&d->queue, q, link);
}

void
driver_withdraw(struct driver *d, const char *id)
{
	struct queued *q;

	TAILQ_FOREACH(q, &d->queue, link)
		if (strcmp(q->message->id, id) == 0)
			break;
	if (!q)
		return;
	TAILQ_REMOVE(&d->queue, q, link);
	kit_done(d->kit, id, "withdrawn", NULL, 0, NULL, "withdrawn before it left");
	outgoing_free(q->message);
	free(q);
}

void
driver_close(struct driver *d, msec grace_ms)
{
	d->is_closing = true;
	give_back(d, "rejected", "retry", "the driver is closing");
	if (!d->in_hand) {
		kit_exit(d->kit);
		return;
	}
	d->close_at = driver_now() + grace_ms;
	arm_timer(d);
}
