/* main.c -- gong-modem: a GSM modem as a route of gong.
 * This thread speaks with gongd, owns the tty, keeps the queue and measures the time; the worker
 * thread runs libGammu.  It never waits for the worker: what overruns its deadline is reported
 * as unknown and the process ends, for libGammu cannot be interrupted. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "core/buf.h"
#include "drivers/kit/kit.h"
#include "drivers/modem/receipts.h"
#include "drivers/modem/settings.h"
#include "drivers/modem/worker.h"

#define INIT_MS SECONDS(40)
#define PROMPT_MS SECONDS(35)
#define STORE_MS SECONDS(30)
#define HEALTH_MS SECONDS(40)
#define POLL_EVERY_MS SECONDS(30)
#define HEALTH_EVERY_MS SECONDS(60)
#define SIGNAL_STEP_DB 6
#define READS_MAX 16

struct queued {
	TAILQ_ENTRY(queued) link;
	struct outgoing *message;
	bool urgent;
};
TAILQ_HEAD(queue, queued);

struct driver {
	struct kit *kit;
	struct modem_settings conf;
	struct tty *tty;
	struct worker *worker;
	struct event *reports, *timer;
	struct queue queue;		/* urgent ones first */
	/* the job in hand */
	bool is_busy;
	struct job job;
	struct outgoing *in_hand;	/* of JOB_SEND; owned */
	unsigned parts_done, last_ref;
	msec deadline;
	/* what comes next */
	bool must_init, is_ready, is_closing, was_send;
	msec list_at, health_at, close_at;
	struct { int memory, location; } reads[READS_MAX];
	size_t read_count;
	struct inbound inbound;
	struct receipts receipts;
	struct health health;
	msec health_said_at;
	int direct_count;
};

static struct driver the_driver;

static void run_next(struct driver *);

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
static void
fail(struct driver *d, const char *reason, bool retry)
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
		fail(d, why, true);
}

static void
arm_timer(struct driver *d)
{
	msec now = kit_now(), at = d->is_busy ? d->deadline : msec_min(d->list_at, d->health_at);
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
	d->deadline = kit_now() + limit_ms;
	worker_start(d->worker, job);
	arm_timer(d);
}

static void
start_send(struct driver *d)
{
	struct queued *q = TAILQ_FIRST(&d->queue);

	TAILQ_REMOVE(&d->queue, q, link);
	d->in_hand = q->message;
	d->parts_done = 0;
	free(q);
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
static void
run_next(struct driver *d)
{
	struct queued *first = TAILQ_FIRST(&d->queue);
	msec now = kit_now();

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
	msec now = kit_now();

	if (now >= d->close_at) {
		d->close_at = NEVER;
		worker_stop_early(d->worker);
	}
	if (d->is_busy && now >= d->deadline)
		fail(d, said[d->job.kind], true);
	else if (d->is_busy)
		arm_timer(d);
	else
		run_next(d);
}

static void
say_receipt(struct driver *d, const char *took, const struct inbound_message *m)
{
	const char *state = sms_receipt_state(m->status);
	const struct sent_message *sent;
	char ref[16], reason[48];

	if (!receipts_settle(&d->receipts, m->from, m->ref, state, &sent)) {
		if (took)
			inbound_took(&d->inbound, took);
		return;
	}
	snprintf(ref, sizeof(ref), "%u", sent ? sent->last_ref : m->ref);
	snprintf(reason, sizeof(reason), "status %u of 3GPP TS 23.040 9.2.3.15", m->status);
	kit_receipt(d->kit, took, sent ? sent->id : NULL, ref, m->from, state,
		    strcmp(state, "delivered") == 0 ? NULL : reason, m->at ? m->at : kit_now());
}

static void
say_inbound(void *ctx, const struct inbound_message *m)
{
	struct driver *d = ctx;

	if (m->is_report)
		say_receipt(d, m->id, m);
	else
		kit_inbound(d->kit, m->id, m->from, m->text, m->at ? m->at : kit_now());
}

static void
on_found(struct driver *d, struct report *r)
{
	msec now = kit_now();
	struct inbound_message report = {
		.from = r->stored.from, .at = r->stored.at, .ref = r->stored.ref,
		.status = r->stored.status,
	};

	if (r->is_direct && r->stored.is_report) {
		say_receipt(d, NULL, &report);
		free(r->stored.from);
		return;
	}
	if (r->is_direct) {
		r->stored.memory = 0;
		r->stored.location = -++d->direct_count;
	}
	inbound_found(&d->inbound, &r->stored, now);
	if (r->is_direct || r->stored.memory == MEM_SR)
		inbound_announce(&d->inbound, now, say_inbound, d);
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
	run_next(d);
}

static void
say_health(struct driver *d)
{
	const struct health *h = &d->health;
	json_t *event = json_pack("{s:s,s:b,s:b,s:s,s:{s:i,s:i}}", "ev", "health", "ok",
				  h->registered, "registered", h->registered, "operator",
				  h->operator, "storage", "used", h->used, "size", h->size);

	if (!event) {
		kit_log("operator name is no text, health not told");
		return;
	}
	if (h->has_signal)
		json_object_set_new(event, "signal_dbm", json_integer(h->signal_dbm));
	if (!h->registered)
		json_object_set_new(event, "note", json_string("the SIM is in no network; check "
				    "antenna, SIM and contract"));
	else if (h->size && h->used * 10 > h->size * 7)
		json_object_set_new(event, "note", json_string("the SIM's message memory is nearly "
				    "full; replies may be lost"));
	d->health_said_at = kit_now();
	kit_event(d->kit, event);
}

static void
on_health(struct driver *d, const struct health *now)
{
	struct health *old = &d->health;
	bool changed = now->registered != old->registered || now->used != old->used ||
		       now->size != old->size || strcmp(now->operator, old->operator) != 0 ||
		       now->has_signal != old->has_signal ||
		       abs(now->signal_dbm - old->signal_dbm) >= SIGNAL_STEP_DB;

	if (!changed && kit_now() < d->health_said_at + HEALTH_EVERY_MS - SECONDS(1))
		return;
	d->health = *now;
	say_health(d);
}

static void
on_part(struct driver *d, const struct report *r)
{
	const struct outgoing *o = d->in_hand;
	char ref[16];

	snprintf(ref, sizeof(ref), "%u", r->ref);
	d->last_ref = r->ref;
	d->parts_done++;
	d->deadline = kit_now() + PROMPT_MS;
	arm_timer(d);
	kit_part(d->kit, o->id, r->part, o->plan.parts, o->reference & 255, ref);
	if (o->receipt)
		receipts_sent(&d->receipts, o->id, o->to, r->ref);
}

static void
on_end(struct driver *d, const struct report *r)
{
	d->is_busy = false;
	d->must_init = d->must_init || r->must_init;
	if (r->verdict == VERDICT_FATAL)
		fail(d, r->refusal.reason, r->retry);
	if (r->job == JOB_SEND && r->verdict == VERDICT_OK)
		finish_in_hand(d, "accepted", NULL, NULL);
	else if (r->job == JOB_SEND && r->verdict == VERDICT_UNKNOWN)
		finish_in_hand(d, "unknown", NULL, r->refusal.reason);
	else if (r->job == JOB_SEND)
		finish_in_hand(d, "rejected", r->refusal.class, r->refusal.reason);
	else if (r->verdict != VERDICT_OK)
		kit_log("housekeeping failed reason=\"%s\"", r->refusal.reason);
	if (r->job == JOB_LIST && r->verdict == VERDICT_OK) {
		inbound_end(&d->inbound);
		inbound_announce(&d->inbound, kit_now(), say_inbound, d);
	} else if (r->job == JOB_DELETE) {
		inbound_deleted(&d->inbound, d->job.memory, d->job.location,
				r->verdict == VERDICT_OK);
		d->health_at = msec_min(d->health_at, kit_now() + SECONDS(5));
	}
	run_next(d);
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
		d->deadline = kit_now() + d->conf.result_ms;
		arm_timer(d);
		break;
	case REPORT_PART:
		on_part(d, r);
		break;
	case REPORT_FOUND:
		on_found(d, r);
		break;
	case REPORT_HINT:
		on_hint(d, r);
		break;
	case REPORT_HEALTH:
		on_health(d, &r->health);
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

static void
modem_open(struct kit *k, const char *route, json_t *config, const char *state)
{
	struct driver *d = kit_self(k);
	struct worker_conf conf;
	struct err err;

	d->kit = k;
	if (d->worker)
		kit_fatal(k, "opened twice", false);
	/* The settings borrow from it for as long as we live. */
	if (modem_settings_parse(&d->conf, json_incref(config), &err) < 0)
		kit_fatal(k, err.text, false);
	if (tty_open(&d->tty, d->conf.device, kit_base(k), on_lost, d, &err) < 0)
		kit_fatal(k, err.text, true);
	conf = (struct worker_conf){
		.tty = d->tty, .pin = d->conf.pin, .smsc = d->conf.smsc, .debug = d->conf.debug,
	};
	if (worker_new(&d->worker, &conf, &err) < 0)
		kit_fatal(k, err.text, true);
	d->reports = event_new(kit_base(k), worker_fd(d->worker), EV_READ | EV_PERSIST, on_reports,
			       d);
	d->timer = event_new(kit_base(k), -1, 0, on_timer, d);
	event_add(d->reports, NULL);
	d->must_init = true;
	run_next(d);
}

/* NULL: the item is refused, its `done` has been said. */
static struct outgoing *
to_outgoing(struct kit *k, const struct kit_send *send, const struct kit_item *item)
{
	struct outgoing *o = xcalloc(1, sizeof(*o));
	const char *digits = item->to + (*item->to == '+');
	struct err err = { .text = "" };
	const char *class = "config";

	*o = (struct outgoing){
		.id = xstrdup(item->id), .to = xstrdup(item->to), .text = xstrdup(item->text),
		.reference = item->reference, .flash = send->flash, .receipt = send->receipt,
		.not_after = send->not_after,
	};
	if (segment_plan(&o->plan, o->text, &err) < 0)
		goto refuse;
	if (!*digits || strlen(digits) > 20 || strspn(digits, "0123456789") != strlen(digits)) {
		err_set(&err, "\"%s\" is no telephone number", item->to);
		class = "drop";
		goto refuse;
	}
	o->wanted = xcalloc(o->plan.parts, 1);
	memset(o->wanted, item->missing ? 0 : 1, o->plan.parts);
	for (size_t i = 0; i < item->missing_count; i++) {
		if (item->missing[i] < 1 || item->missing[i] > o->plan.parts) {
			err_set(&err, "`parts` asks for part %u, the text has %u", item->missing[i],
				o->plan.parts);
			goto refuse;
		}
		o->wanted[item->missing[i] - 1] = 1;
	}
	return o;
refuse:
	kit_done(k, item->id, "rejected", NULL, 0, class, err.text);
	outgoing_free(o);
	return NULL;
}

static void
enqueue(struct driver *d, struct outgoing *o, bool urgent)
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

static void
modem_send(struct kit *k, const struct kit_send *send)
{
	struct driver *d = kit_self(k);

	for (size_t i = 0; i < send->count; i++) {
		struct outgoing *o;

		if (!d->worker || d->is_closing) {
			kit_done(k, send->items[i].id, "rejected", NULL, 0, "retry",
				 "the modem is not open");
			continue;
		}
		o = to_outgoing(k, send, &send->items[i]);
		if (o)
			enqueue(d, o, send->urgent);
	}
	if (d->worker)
		run_next(d);
}

/* What is in hand is never cut: its own `done` follows. */
static void
modem_withdraw(struct kit *k, const char *id)
{
	struct driver *d = kit_self(k);
	struct queued *q;

	TAILQ_FOREACH(q, &d->queue, link)
		if (strcmp(q->message->id, id) == 0)
			break;
	if (!q)
		return;
	TAILQ_REMOVE(&d->queue, q, link);
	kit_done(k, id, "withdrawn", NULL, 0, NULL, "withdrawn before it left");
	outgoing_free(q->message);
	free(q);
}

static void
modem_took(struct kit *k, const char *id)
{
	struct driver *d = kit_self(k);

	inbound_took(&d->inbound, id);
	if (d->worker)
		run_next(d);
}

/* The submit in hand is finished; after the grace, the part in hand only. */
static void
modem_close(struct kit *k, msec grace_ms)
{
	struct driver *d = kit_self(k);

	d->is_closing = true;
	give_back(d, "withdrawn", NULL, "the driver is closing");
	if (!d->in_hand) {
		kit_exit(k);
		return;
	}
	d->close_at = kit_now() + grace_ms;
	arm_timer(d);
}

int
main(void)
{
	static const struct kit_driver modem = {
		.open = modem_open, .send = modem_send, .withdraw = modem_withdraw,
		.took = modem_took, .close = modem_close,
	};

	signal(SIGPIPE, SIG_IGN);	/* gongd gone is seen by the write, after the part in hand */
	TAILQ_INIT(&the_driver.queue);
	the_driver.close_at = NEVER;
	return kit_main(&modem, &the_driver);
}
