/* health.c -- asks the modem how it and its SIM are. */
#include <stdio.h>
#include <string.h>

#include "core/segment.h"
#include "drivers/modem/driver.h"

#define ASK_MS SECONDS(5)

static const char *const domains[] = { "+CREG:", "+CGREG:", "+CEREG:" };

/* 3GPP TS 27.007 7.2, 10.1.20, 10.1.22: home, roaming, and either for SMS only. */
static bool
is_registered(int stat)
{
	return stat == 1 || stat == 5 || stat == 6 || stat == 7;
}

/* A SIM that only has LTE is registered by +CEREG alone. */
static bool
is_in_network(const struct driver *d)
{
	return is_registered(d->health.stats[0]) || is_registered(d->health.stats[1]) ||
	       is_registered(d->health.stats[2]);
}

static void
on_registration(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;

	for (size_t i = 0; i < 3; i++) {
		const char *told = at_line(r, domains[i]), *stat = told ? strchr(told, ',') : NULL;

		if (stat)
			d->health.stats[i] = (int)strtol(stat + 1, NULL, 10);
		if (stat && d->health.stats[i] == 5)
			d->health.is_roaming = true;
	}
}

static void
on_operator(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;
	const char *told = at_line(r, "+COPS:"), *name = told ? strchr(told, '"') : NULL;

	d->health.operator[0] = 0;
	if (name)
		snprintf(d->health.operator, sizeof(d->health.operator), "%.*s",
			 (int)strcspn(name + 1, "\""), name + 1);
	if (utf8_check(d->health.operator, strlen(d->health.operator), NULL) < 0)
		d->health.operator[0] = 0;
}

/* 3GPP TS 27.007 8.5: 0..31 in steps of 2 dB from -113 dBm; 99 = not known. */
static void
on_signal(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;
	const char *told = at_line(r, "+CSQ:");
	long rssi = told ? strtol(told, NULL, 10) : 99;

	d->health.has_signal = rssi >= 0 && rssi <= 31;
	if (d->health.has_signal)
		d->health.signal_dbm = (int)(2 * rssi - 113);
}

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
	d->health.registered = is_in_network(d);
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
	d->health.is_roaming = false;
	for (size_t i = 0; i < 3; i++)
		d->health.stats[i] = -1;
	script_begin(s, d->wire, d, ended);
	script_ask(s, ASK_MS, on_sim, "AT+CPIN?");
	script_ask(s, ASK_MS, on_registration, "AT+CREG?");
	script_ask(s, ASK_MS, on_registration, "AT+CGREG?");
	script_ask(s, ASK_MS, on_registration, "AT+CEREG?");
	script_ask(s, ASK_MS, on_operator, "AT+COPS?");
	script_ask(s, ASK_MS, on_signal, "AT+CSQ");
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
