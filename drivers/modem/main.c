/* main.c -- gong-modem: a GSM modem as a route of gong.
 * This thread speaks with gongd, owns the tty, keeps the queue and measures the time; the worker
 * thread runs libGammu.  It never waits for the worker: what overruns its deadline is reported
 * as unknown and the process ends, for libGammu cannot be interrupted. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/modem/driver.h"

static struct driver the_driver;

static void
modem_open(struct kit *k, const char *route, json_t *config, const char *state)
{
	struct driver *d = kit_self(k);
	struct err err;

	d->kit = k;
	if (d->tty)
		kit_fatal(k, "opened twice", false);
	d->config = json_incref(config);
	if (modem_settings_parse(&d->conf, d->config, &err) < 0)
		kit_fatal(k, err.text, false);
	if (driver_start(d, &err) < 0)
		kit_fatal(k, err.text, true);
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
	for (size_t i = 0; item->missing && i < item->missing_count; i++) {
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
			driver_enqueue(d, o, send->urgent);
	}
	if (d->worker)
		driver_run_next(d);
}

/* What is in hand is never cut: its own `done` follows. */
static void
modem_withdraw(struct kit *k, const char *id)
{
	driver_withdraw(kit_self(k), id);
}

static void
modem_took(struct kit *k, const char *id)
{
	struct driver *d = kit_self(k);

	inbound_took(&d->inbound, id);
	if (d->worker)
		driver_run_next(d);
}

static void
modem_close(struct kit *k, msec grace_ms)
{
	struct driver *d = kit_self(k);

	d->kit = k;
	driver_close(d, grace_ms);
}

int
main(void)
{
	static const struct kit_driver modem = {
		.open = modem_open, .send = modem_send, .withdraw = modem_withdraw,
		.took = modem_took, .close = modem_close,
	};

	signal(SIGPIPE, SIG_IGN);	/* gongd gone is seen by the write, after the part in hand */
	driver_setup(&the_driver);
	return kit_main(&modem, &the_driver);
}
