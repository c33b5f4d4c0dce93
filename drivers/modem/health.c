/* health.c -- asks the modem how it and its SIM are. */
#include <stdio.h>
#include <string.h>

#include "drivers/modem/driver.h"

#define ASK_MS SECONDS(5)
#define NETWORK_MS SECONDS(10)		/* between two looks at the registration alone, at most */

/* The fullest of the memories: it is the first that loses messages. */
static void
on_storage(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;
	const char *told = at_line(r, "+CPMS:");
	int used, size;

	d->health.used = d->health.size = 0;
	for (; told && (told = strchr(told, ',')); ) {
		told++;
		if (sscanf(told, "%5d,%5d", &used, &size) != 2 || used < 0 || size <= 0)
			continue;
		if (!d->health.size || used * d->health.size >= d->health.used * size) {
			d->health.used = used;
			d->health.size = size;
		}
		told = strchr(told, ',');
		if (told)
			told++;
		if (!told)
			break;
	}
}

static void
on_sim(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;
	const char *state = at_line(r, "+CPIN:");

	d->health.sim_ok = r->end == AT_ERROR || (state && strncmp(state, "READY", 5) == 0);
	if (!d->health.sim_ok)
		script_fail(s, "%s", WORD(modem_sim_unready));
}

static void
on_temperature(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;

	d->health.has_temperature = false;
	for (size_t i = 0; i < r->count && !d->health.has_temperature; i++) {
		d->health.temperature = quirk_number(d->quirk.temperature_pattern, r->lines[i]);
		d->health.has_temperature = d->health.temperature >= 0;
	}
}

/* What the states of the domains mean for what may be sent; the office hears of a change. */
static void
settle_network(struct driver *d)
{
	bool was = d->health.registered;

	d->health.registered = presence_is_registered(&d->health.net);
	if (d->health.registered)
		d->health.unregistered_at = 0;
	else if (was || !d->health.unregistered_at)
		d->health.unregistered_at = driver_now();
	if (!d->health.registered)
		blame_excuse(&d->kept.blames);
	if (was && !d->health.registered)
		queue_give_back_all(d, "rejected", "retry_other", WORD(modem_lost_network));
	ready_say(d);
	report_say(d);
}

static void
ended(void *ctx, const char *failed)
{
	struct driver *d = ctx;

	if (failed) {
		trouble_met(d, failed);
		return;
	}
	d->health.is_known = d->health.is_known || d->act == ACT_HEALTH;
	d->health.must_look = false;
	settle_network(d);
	driver_done(d);
}

static void
begin(struct driver *d, enum activity activity)
{
	driver_begin(d, activity);
	d->health.network_at = driver_now() + msec_min(NETWORK_MS, d->conf.poll_ms);
	script_begin(&d->script, d->wire, d, ended);
	d->script.net = &d->health.net;
}

bool
health_start(struct driver *d)
{
	struct script *s = &d->script;

	begin(d, ACT_HEALTH);
	d->health.ask_at = driver_now() + d->conf.poll_ms;
	script_ask(s, ASK_MS, on_sim, "AT+CPIN?");
	reading_ask_registration(s, ASK_MS);
	script_ask(s, ASK_MS, reading_operator, "AT+COPS?");
	script_ask(s, ASK_MS, reading_signal, "AT+CSQ");
	script_ask(s, ASK_MS, on_storage, "AT+CPMS?");
	if (d->quirk.temperature && d->quirk.temperature_pattern)
		script_ask(s, ASK_MS, on_temperature, "%s", d->quirk.temperature);
	script_run(s);
	return true;
}

bool
health_look(struct driver *d)
{
	begin(d, ACT_NETWORK);
	reading_ask_registration(&d->script, ASK_MS);
	script_run(&d->script);
	return true;
}

/* Told unasked, it counts at once, also while a submit is on its way; and the other domains are
 * asked as soon as the wire is free, for some say nothing unasked. */
void
health_registration_news(struct driver *d, const char *line)
{
	d->health.network_at = 0;
	if (d->is_set_up && d->health.is_known &&
	    presence_news(&d->health.net, line))
		settle_network(d);
	driver_soon(d);
}
