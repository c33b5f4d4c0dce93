/* health.c -- asks the modem how it and its SIM are. */
#include <stdio.h>
#include <string.h>

#include "drivers/modem/driver.h"

#define ASK_MS SECONDS(5)

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
		script_fail(s, "the SIM is no longer ready; check that it sits well");
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

static void
ended(void *ctx, const char *failed)
{
	struct driver *d = ctx;
	bool was = d->health.registered;

	if (failed) {
		trouble_met(d, failed);
		return;
	}
	d->health.is_known = true;
	d->health.registered = reading_is_registered(&d->health.net);
	if (d->health.registered)
		d->health.unregistered_at = 0;
	else if (was || !d->health.unregistered_at)
		d->health.unregistered_at = driver_now();
	if (was && !d->health.registered)
		queue_give_back(d, "rejected", "retry_other", "the SIM has lost its network");
	ready_say(d);
	report_say(d);
	driver_done(d);
}

void
health_start(struct driver *d)
{
	struct script *s = &d->script;

	driver_begin(d, ACT_HEALTH);
	d->health.ask_at = driver_now() + d->conf.poll_ms;
	script_begin(s, d->wire, d, ended);
	s->net = &d->health.net;
	script_ask(s, ASK_MS, on_sim, "AT+CPIN?");
	reading_ask_registration(s, ASK_MS);
	script_ask(s, ASK_MS, reading_operator, "AT+COPS?");
	script_ask(s, ASK_MS, reading_signal, "AT+CSQ");
	script_ask(s, ASK_MS, on_storage, "AT+CPMS?");
	if (d->quirk.temperature && d->quirk.temperature_pattern)
		script_ask(s, ASK_MS, on_temperature, "%s", d->quirk.temperature);
	script_run(s);
}

/* The news names the state of one domain; which of them matters is for the next look to say. */
void
health_registration_news(struct driver *d)
{
	d->health.ask_at = 0;
	driver_soon(d);
}
