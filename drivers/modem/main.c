/* main.c -- gong-modem: a GSM modem as a route of gong; one process a SIM, one thread.
 * Also `gong-modem list` and `gong-modem probe DEVICE`, for people who plug modems in. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "drivers/modem/driver.h"
#include "drivers/modem/list.h"

#define MODELS_FILE "/usr/share/gong/modems.conf"

static struct driver the_driver;

/* The file that `models` names must be there; the usual one may be missing. */
static int
load_models(struct driver *d, struct err *err)
{
	const char *path = d->conf.models ? d->conf.models : MODELS_FILE;

	if (!d->conf.models && access(path, F_OK) != 0)
		return 0;
	return quirks_load(&d->quirks, path, err);
}

static void
modem_open(struct kit *k, const char *route, json_t *config, const char *state)
{
	struct driver *d = kit_self(k);
	struct err err;

	if (d->timer)
		kit_fatal(k, WORD(driver_open_twice), false);
	d->kit = k;
	d->config = json_incref(config);
	if (modem_settings_parse(&d->conf, d->config, &err) < 0 || load_models(d, &err) < 0)
		kit_fatal(k, NEST(&err.said), false);
	confined_to_devices(d);
	keep_parse(&d->kept, state);
	run_open(d);
	direct_again(d);
}

/* NULL: the item is refused, its `done` has been said. */
static struct outgoing *
to_outgoing(struct kit *k, const struct kit_send *send, const struct kit_item *item)
{
	struct outgoing *o = xcalloc(1, sizeof(*o));
	struct err err = { .text = "" };
	const char *class = "config";

	*o = (struct outgoing){
		.id = xstrdup(item->id), .to = xstrdup(item->to), .text = xstrdup(item->text),
		.reference = item->reference, .flash = send->flash, .receipt = send->receipt,
		.not_after = send->not_after, .slot = item->slot,
	};
	if (segment_plan(&o->plan, o->text, &err) < 0)
		goto refuse;
	if (!sms_is_number(item->to)) {
		err_say(&err, REFUSED_INVALID, about(CONCEPT_NONE), modem_no_number, item->to);
		class = "drop";
		goto refuse;
	}
	o->wanted = xcalloc(o->plan.parts, 1);
	memset(o->wanted, item->missing ? 0 : 1, o->plan.parts);
	for (size_t i = 0; item->missing && i < item->missing_count; i++) {
		if (item->missing[i] < 1 || item->missing[i] > o->plan.parts) {
			err_say(&err, REFUSED_INVALID, about(CONCEPT_NONE), modem_parts, NUM(item->missing[i]), NUM(o->plan.parts));
			goto refuse;
		}
		o->wanted[item->missing[i] - 1] = 1;
	}
	return o;
refuse:
	kit_done(k, item->id, "rejected", NULL, 0, class, NEST(&err.said));
	outgoing_free(o);
	return NULL;
}

static void
modem_send(struct kit *k, const struct kit_send *send)
{
	struct driver *d = kit_self(k);

	for (size_t i = 0; i < send->count; i++) {
		struct outgoing *o;

		if (!d->timer || d->is_closing) {
			kit_done(k, send->items[i].id, "rejected", NULL, 0, "retry",
				 WORD(modem_not_open));
			continue;
		}
		if (d->sending.is_slow) {	/* it has not heard of the window yet */
			kit_done(k, send->items[i].id, "withdrawn", NULL, 0, NULL,
				 WORD(modem_slow));
			continue;
		}
		o = to_outgoing(k, send, &send->items[i]);
		if (o)
			queue_add(d, o, send->urgent);
	}
	if (d->soon)
		driver_soon(d);
}

static void
modem_call(struct kit *k, const struct kit_call *call)
{
	calls_add(kit_self(k), call);
}

/* What is in hand is never cut: its own `done` follows. */
static void
modem_withdraw(struct kit *k, const char *id)
{
	struct driver *d = kit_self(k);

	if (!calls_withdraw(d, id))
		queue_withdraw(d, id);
}

static void
modem_took(struct kit *k, const char *id)
{
	struct driver *d = kit_self(k);

	inbound_took(&d->inbound, id, driver_now());
	if (d->soon)
		driver_soon(d);
}

static void
modem_ask(struct kit *k, const struct kit_question *question)
{
	ask_take(kit_self(k), question);
}

static void
modem_reset(struct kit *k, const char *reason)
{
	recover_was_reset(kit_self(k), reason);
}

static void
modem_journal(struct kit *k)
{
	struct driver *d = kit_self(k);

	if (d->timer)
		report_say(d);
}

static void
modem_close(struct kit *k, msec grace_ms)
{
	struct driver *d = kit_self(k);

	d->kit = k;
	run_close(d, grace_ms);
}

int
main(int argc, char **argv)
{
	static const struct kit_driver modem = {
		.open = modem_open, .send = modem_send, .call = modem_call, .ask = modem_ask,
		.withdraw = modem_withdraw, .took = modem_took, .journal = modem_journal, .reset = modem_reset,
		.close = modem_close, .marks = true,
	};

	if (argc > 1)
		return list_main(argc, argv);
	run_init(&the_driver);
	return kit_main(&modem, &the_driver);
}
