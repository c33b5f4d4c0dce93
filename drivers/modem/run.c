/* run.c -- from the first look for a port to the last word: what is done with the wire next. */
#include "drivers/modem/driver.h"

#define LOOK_AGAIN_MS 250

static void
on_lost(void *ctx, const char *why)
{
	struct driver *d = ctx;

	if (d->is_closing && !d->sending.message)
		kit_exit(d->kit);
	else
		trouble_fatal(d, why, true);
}

static void
on_news(void *ctx, enum news news, const char *line, const char *pdu)
{
	news_take(ctx, news, line, pdu);
}

static void
run_next(struct driver *d)
{
	if (d->act != ACT_NONE || !d->wire || wire_is_busy(d->wire))
		return;
	if (d->is_closing && d->voice.call.state == CALL_NONE && !d->sending.message)
		kit_exit(d->kit);
	else if (d->must_setup)
		setup_start(d);
	else if (d->is_set_up)
		turns_next(d, driver_now());
}

static void
arm(struct driver *d)
{
	msec now = driver_now(), at = msec_min(d->close_at, d->health.said_at + HEALTH_EVERY_MS);
	struct timeval tv;

	at = msec_min(at, d->sending.slow_at);
	if (!d->is_set_up && ready_pause_at(d) > now)
		at = msec_min(at, ready_pause_at(d));
	if (d->must_keep)
		at = msec_min(at, d->keep_at);
	if (d->act == ACT_NONE && d->is_set_up)
		at = msec_min(at, msec_min(turns_next_at(d), questions_next_at(d)));
	at = at > now ? at - now : 0;
	at = msec_min(at, HOURS(1));
	tv = (struct timeval){ .tv_sec = at / 1000, .tv_usec = at % 1000 * 1000 };
	event_add(d->timer, &tv);
}

static void
next(struct driver *d)
{
	run_next(d);
	arm(d);
}

static void
on_soon(evutil_socket_t fd, short what, void *ctx)
{
	next(ctx);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	msec now = driver_now();

	if (now >= d->close_at) {
		d->close_at = NEVER;
		d->sending.stop_early = true;
		d->voice.call.hang_up = true;
	}
	recover_due(d, now);
	send_due(d, now);
	if (d->must_keep && now >= d->keep_at)
		driver_keep(d);
	if (now >= d->health.said_at + HEALTH_EVERY_MS)
		report_say(d);
	questions_due(d, now);
	ready_say(d);
	next(d);
}

static void
found(struct driver *d)
{
	static const struct wire_events events = { .news = on_news, .lost = on_lost,
						   .leaving = send_leaving };
	struct err err;

	if (recover_before(d))
		return;
	if (wire_open(&d->wire, d->id.device, kit_base(d->kit), &events, d, &err) < 0) {
		port_missing(d, NEST(&err.said));
		port_look(d, LOOK_AGAIN_MS);
		return;
	}
	confined_to_port(d);
	wire_debug(d->wire, d->conf.debug);
	recover_start(d);
	arm(d);
}

void
run_init(struct driver *d)
{
	static const struct driver_above above = { .found = found };

	d->above = &above;
	TAILQ_INIT(&d->queue);
	TAILQ_INIT(&d->voice.waiting);
	d->close_at = d->sending.slow_at = NEVER;
	d->store.memory = -1;
}

void
run_open(struct driver *d)
{
	msec next_balance = msec_add(d->kept.balance_at, d->conf.balance_ms) - kit_now();

	d->started_at = d->health.said_at = driver_now();
	/* One that was too low is asked anew: somebody may have topped it up. */
	if (d->kept.has_balance && d->kept.balance >= (double)d->conf.balance_floor &&
	    next_balance > 0)
		d->questions.balance_at = d->started_at + msec_min(next_balance, d->conf.balance_ms);
	quirks_pick(d->quirks, "", &d->quirk);
	d->timer = event_new(kit_base(d->kit), -1, 0, on_timer, d);
	d->soon = event_new(kit_base(d->kit), -1, 0, on_soon, d);
	port_look(d, 0);
	arm(d);
}

void
run_close(struct driver *d, msec grace_ms)
{
	d->is_closing = true;
	queue_give_back(d, "rejected", "retry", WORD(driver_closing));
	calls_give_back(d, "retry", WORD(driver_closing));
	if (d->must_keep)
		driver_keep(d);
	if (!d->sending.message && d->voice.call.state == CALL_NONE) {
		kit_exit(d->kit);
		return;
	}
	d->close_at = driver_now() + grace_ms;
	arm(d);
}
