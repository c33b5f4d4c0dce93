/* recover.c -- what is tried when a modem fails, from the mildest to the hardest.
 * Each rung is climbed after a set number of failures in a row.  All but the first end the
 * process: gongd starts another with what was kept, and nothing of the old state survives. */
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/modem/driver.h"

#define RESET_ASK_MS SECONDS(3)
#define TRUST_MS MINUTES(15)
#define RESET_ANSWER_MS SECONDS(75)	/* gongd gives the command 60 and 3 more */
#define BOOT_FIRST_MS SECONDS(2)
#define BOOT_LOOK_MS 500

/* It has started anew by itself: nothing that was asked will be answered, and all settings are
 * gone.  The set-up begins again; before its first question nothing is lost. */
void
recover_booted(struct driver *d)
{
	if (d->act == ACT_SETUP) {
		d->setup.has_booted = d->script.at > 0;
		if (d->setup.has_booted && wire_is_busy(d->wire))
			wire_abort(d->wire);
	} else if (wire_is_busy(d->wire)) {
		wire_abort(d->wire);
	} else if (d->is_set_up) {
		trouble_met(d, WORD(modem_restarted));
	}
}

static void
after(struct driver *d, msec ms, event_callback_fn run)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_base_once(kit_base(d->kit), -1, EV_TIMEOUT, run, d, &tv);
}

static void
look_again(evutil_socket_t fd, short what, void *ctx)
{
	port_look(ctx, 0);
}

static void
set_up(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;

	driver_end(d);
	d->must_setup = true;
	driver_soon(d);
}

static void ask_boot(evutil_socket_t, short, void *);

/* It says OK once before it goes down, so an early answer counts only after a while. */
static void
on_boot_answer(void *ctx, const struct at_reply *r)
{
	struct driver *d = ctx;

	if (r->end == AT_OK || driver_now() >= d->recovery.boot_until)
		set_up(-1, EV_TIMEOUT, d);
	else
		after(d, BOOT_LOOK_MS, ask_boot);
}

static void
ask_boot(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;

	wire_ask(d->wire, "AT", BOOT_LOOK_MS, on_boot_answer, d);
}

/* With or without an answer: some say nothing before they go down. */
static void
on_reset(void *ctx, const struct at_reply *r)
{
	struct driver *d = ctx;

	d->recovery.boot_until = driver_now() + SECONDS(d->quirk.boot_seconds);
	after(d, BOOT_FIRST_MS, ask_boot);
}

static void
ask_reset(void *ctx, const struct at_reply *r)
{
	struct driver *d = ctx;

	d->kept.acted = d->kept.failures;	/* now: the port may go before the answer comes */
	driver_keep(d);
	wire_ask(d->wire, d->quirk.reset, RESET_ASK_MS, on_reset, d);
}

/* The model decides how; it is the one kept, for a modem that hangs does not say who it is. */
static void
reset_modem(struct driver *d)
{
	kit_log("resetting the modem device=%s", d->id.device);
	quirks_pick(d->quirks, d->kept.model, &d->quirk);
	driver_begin(d, ACT_SETUP);
	wire_drain(d->wire, 300, ask_reset, d);
}

/* It answers AT and nothing else, again: neither another set-up nor a new process cures that, so
 * the rungs up to the reset are left out. */
bool
recover_hang(struct driver *d, const char *reason)
{
	struct kept *k = &d->kept;

	if (rung_at(d, k->failures + 1) <= RUNG_REINIT || rung_at(d, k->failures) >= RUNG_RESET)
		return false;
	k->failures = RUNG_RESET * (unsigned)d->conf.rung_failures;
	d->recovery.failed_at = driver_now();
	kit_log("modem trouble failures=%u rung=%s reason=\"it answers AT only: %s\"", k->failures,
		rung_name(d), ENGLISH(reason));
	calls_abandon(d, reason);
	driver_end(d);
	reset_modem(d);
	ready_say(d);
	report_say(d);
	return true;
}

static void
on_no_answer(evutil_socket_t fd, short what, void *ctx)
{
	recover_was_reset(ctx, "gongd does not answer");
}

/* The port stays closed meanwhile: it goes, and may come back under another name. */
static void
reset_usb(struct driver *d)
{
	kit_log("asking for reset_command device=%s", d->id.device);
	d->recovery.asks_reset = true;
	kit_reset(d->kit, d->id.device);
	after(d, RESET_ANSWER_MS, on_no_answer);
}

void
recover_was_reset(struct driver *d, const char *reason)
{
	if (!d->recovery.asks_reset)
		return;
	d->recovery.asks_reset = false;
	if (reason)
		kit_log("reset_command did not work reason=\"%s\"", reason);
	port_look(d, 0);
}

/* A port has been found, but not opened: true if the rung that is due comes first. */
bool
recover_before(struct driver *d)
{
	enum rung rung = rung_at(d, d->kept.failures);
	bool is_due = d->kept.acted != d->kept.failures;

	if (rung < RUNG_USB || !is_due)
		return false;
	if (rung == RUNG_DOWN) {
		kit_log("the modem rests seconds=%lld", (long long)(d->conf.rest_ms / 1000));
		d->kept.failures = 0;
		after(d, d->conf.rest_ms, look_again);
	} else {
		reset_usb(d);
	}
	d->kept.acted = d->kept.failures;
	driver_keep(d);
	report_say(d);
	return true;
}

void
recover_start(struct driver *d)
{
	bool is_due = d->kept.acted != d->kept.failures;

	if (rung_at(d, d->kept.failures) != RUNG_RESET || !is_due) {
		d->must_setup = true;
		driver_soon(d);
	} else {
		reset_modem(d);
	}
}

/* It has been well for long enough that the next failure is a first one. */
bool
recover_due(struct driver *d, msec now)
{
	msec since = d->recovery.failed_at > d->started_at ? d->recovery.failed_at : d->started_at;

	if ((!d->kept.failures && !d->kept.is_down) || !d->is_set_up || now < since + TRUST_MS)
		return false;
	trouble_over(d);
	report_say(d);
	return true;
}
