/* driver.c -- decides what is done with the wire next, and says whether the modem is ready. */
#include "drivers/modem/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/buf.h"

#define WINDOW 2			/* one in the air, the next one ready */
#define PATIENCE_MS SECONDS(20)		/* before a modem that is not there counts as a pause */
#define SETUP_PATIENCE_MS SECONDS(3)
#define HEALTH_EVERY_MS SECONDS(60)
#define KEEP_EVERY_MS SECONDS(10)
#define LOOK_AGAIN_MS 250

/* Deadlines must not move when the wall clock is set. */
msec
driver_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
driver_keep(struct driver *d)
{
	char *state = keep_format(&d->kept);

	kit_event(d->kit, json_pack("{s:s,s:s}", "ev", "keep", "state", state));
	free(state);
	d->must_keep = false;
	d->keep_at = driver_now() + KEEP_EVERY_MS;
}

/* Every item gets its one `done` before the process ends. */
void
driver_fail(struct driver *d, const char *reason, bool retry)
{
	send_abandon(d, reason);
	send_give_back(d, "rejected", "retry_other", reason);
	voice_abandon(d, reason);
	if (d->must_keep)
		driver_keep(d);
	kit_fatal(d->kit, reason, retry);
}

static void
on_lost(void *ctx, const char *why)
{
	struct driver *d = ctx;

	if (d->is_closing && !d->sending.message)
		kit_exit(d->kit);
	else
		driver_fail(d, why, true);
}

static void
on_news(void *ctx, enum news news, const char *line, const char *pdu)
{
	announce_news(ctx, news, line, pdu);
}

/* What it can do; a modem that cannot speak says so, for its calls only ring. */
static json_t *
ready_event(const struct driver *d, bool works)
{
	json_t *event = json_pack("{s:s,s:i,s:[s],s:i,s:i,s:b,s:b,s:s}", "ev", "ready", "protocol", 1,
				  "channels", "sms", "window", works ? WINDOW : 0, "batch", 1,
				  "receipts", d->receipts, "inbound", 1, "version", GONG_VERSION);

	if (d->id.imei[0])
		json_object_set_new(event, "identity", json_string(d->id.imei));
	if (d->has_voice) {
		json_array_append_new(json_object_get(event, "channels"), json_string("voice"));
		json_object_set_new(event, "voice", json_string(
			d->quirk.say && d->quirk.keys_on ? "speaks and hears keys"
			: d->quirk.say ? "speaks, hears no keys"
			: d->quirk.keys_on ? "rings without speech, hears keys"
			: "rings without speech: read your SMS"));
	}
	return event;
}

/* A modem that starts, or is set up anew within moments, is no pause worth telling. */
static msec
pause_at(const struct driver *d)
{
	if (!d->said_ready)
		return d->started_at + PATIENCE_MS;
	return d->is_set_up ? 0 : d->unset_at + SETUP_PATIENCE_MS;
}

void
driver_say_ready(struct driver *d)
{
	bool works = d->is_set_up && d->health.registered && !d->is_closing;
	json_t *event;
	char *text;

	if (!works && driver_now() < pause_at(d))
		return;
	event = ready_event(d, works);
	text = json_dumps(event, JSON_COMPACT);
	if (d->said_ready && strcmp(text, d->said_ready) == 0) {
		free(text);
		json_decref(event);
		return;
	}
	free(d->said_ready);
	d->said_ready = text;
	kit_event(d->kit, event);
	if (!works)
		send_give_back(d, "rejected", "retry_other", "the modem is not ready");
}

static void
on_rung_off(void *ctx, const struct at_reply *r)
{
	driver_done(ctx);
}

static bool
ring_off(struct driver *d)
{
	if (!d->must_ring_off)
		return false;
	d->must_ring_off = false;
	d->act = ACT_CALL;
	wire_ask(d->wire, d->quirk.hangup, SECONDS(5), on_rung_off, d);
	return true;
}

static bool
do_housekeeping(struct driver *d, msec now)
{
	if (d->conf.balance_ussd && now >= d->balance_at)
		ask_balance(d);
	if (ask_next(d) || store_next(d, now))
		return true;
	if (now < d->health_at)
		return false;
	health_start(d);
	return true;
}

/* Calls first, they need little; then urgent messages, each followed by an answer that has come
 * meanwhile; else housekeeping and messages take turns, so that neither waits for the other. */
static void
run_next(struct driver *d)
{
	struct queued *first = TAILQ_FIRST(&d->queue);
	msec now = driver_now();
	bool was_send = d->was_send;

	if (d->act != ACT_NONE || !d->wire || wire_is_busy(d->wire))
		return;
	if (d->is_closing && d->call.state == CALL_NONE) {
		kit_exit(d->kit);
		return;
	}
	if (d->must_setup) {
		setup_start(d);
		return;
	}
	if (!d->is_set_up)
		return;
	d->was_send = false;
	if (voice_next(d, now) || ring_off(d))
		return;
	if (first && (!was_send || (first->urgent && !d->read_count &&
				    now < d->list_at + d->conf.poll_ms)))
		d->was_send = true;
	else if (do_housekeeping(d, now))
		return;
	if (first) {
		d->was_send = true;
		send_first(d);
	}
}

void
driver_arm(struct driver *d)
{
	msec now = driver_now(), at = msec_min(d->close_at, d->health_said_at + HEALTH_EVERY_MS);
	struct timeval tv;

	if (!d->is_set_up && pause_at(d) > now)
		at = msec_min(at, pause_at(d));
	if (d->must_keep)
		at = msec_min(at, d->keep_at);
	if (d->act == ACT_NONE && d->is_set_up) {
		at = msec_min(at, msec_min(d->list_at, d->health_at));
		at = msec_min(at, msec_min(voice_next_at(d), ask_next_at(d)));
		if (d->conf.balance_ussd)
			at = msec_min(at, d->balance_at);
	}
	at = at > now ? at - now : 0;
	at = msec_min(at, HOURS(1));
	tv = (struct timeval){ .tv_sec = at / 1000, .tv_usec = at % 1000 * 1000 };
	event_add(d->timer, &tv);
}

void
driver_done(struct driver *d)
{
	d->act = ACT_NONE;
	run_next(d);
	driver_arm(d);
}

static void
on_soon(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;

	run_next(d);
	driver_arm(d);
}

void
driver_soon(struct driver *d)
{
	event_active(d->soon, EV_TIMEOUT, 0);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	msec now = driver_now();

	if (now >= d->close_at) {
		d->close_at = NEVER;
		d->sending.stop_early = true;
		d->call.hang_up = true;
	}
	recover_due(d, now);
	if (d->must_keep && now >= d->keep_at)
		driver_keep(d);
	if (now >= d->health_said_at + HEALTH_EVERY_MS)
		health_say(d);
	ask_due(d, now);
	driver_say_ready(d);
	on_soon(fd, what, ctx);
}

static void
on_missing(void *ctx, const char *why)
{
	struct driver *d = ctx;

	if (strcmp(d->missing, why) == 0)
		return;
	snprintf(d->missing, sizeof(d->missing), "%s", why);
	kit_log("no modem yet reason=\"%s\"", why);
	health_say(d);
}

static void
on_found(void *ctx, const char *port)
{
	static const struct wire_events events = { .news = on_news, .lost = on_lost };
	struct driver *d = ctx;
	struct err err;

	find_free(d->finder);
	d->finder = NULL;
	snprintf(d->id.device, sizeof(d->id.device), "%s", port);
	if (recover_before(d))
		return;
	if (wire_open(&d->wire, port, kit_base(d->kit), &events, d, &err) < 0) {
		on_missing(d, err.text);
		driver_look(d, LOOK_AGAIN_MS);
		return;
	}
	wire_debug(d->wire, d->conf.debug);
	recover_start(d);
	driver_arm(d);
}

void
driver_look(struct driver *d, msec wait_ms)
{
	d->finder = find_start(kit_base(d->kit), d->conf.device, d->conf.ports, d->kept.port, d->quirks,
			       wait_ms, on_found, on_missing, d);
}

void
driver_setup(struct driver *d)
{
	TAILQ_INIT(&d->queue);
	TAILQ_INIT(&d->calls);
	d->close_at = NEVER;
	d->memory = -1;
}

void
driver_open(struct driver *d)
{
	msec next_balance = msec_add(d->kept.balance_at, d->conf.balance_ms) - kit_now();

	d->started_at = d->health_said_at = driver_now();
	/* One that was too low is asked anew: somebody may have topped it up. */
	if (d->kept.has_balance && d->kept.balance >= (double)d->conf.balance_floor &&
	    next_balance > 0)
		d->balance_at = d->started_at + msec_min(next_balance, d->conf.balance_ms);
	quirks_pick(d->quirks, "", &d->quirk);
	d->timer = event_new(kit_base(d->kit), -1, 0, on_timer, d);
	d->soon = event_new(kit_base(d->kit), -1, 0, on_soon, d);
	driver_look(d, 0);
	driver_arm(d);
}

void
driver_close(struct driver *d, msec grace_ms)
{
	d->is_closing = true;
	send_give_back(d, "rejected", "retry", "the driver is closing");
	voice_give_back(d, "retry", "the driver is closing");
	if (d->must_keep)
		driver_keep(d);
	if (!d->sending.message && d->call.state == CALL_NONE) {
		kit_exit(d->kit);
		return;
	}
	d->close_at = driver_now() + grace_ms;
	driver_arm(d);
}
