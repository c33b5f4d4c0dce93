/* report.c -- how the modem and its SIM are, and what of that is an alarm, told to gongd. */
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/modem/driver.h"

#define SIGNAL_STEP_DB 6
#define NETWORK_PATIENCE_MS SECONDS(60)
#define DEVICE_PATIENCE_MS SECONDS(60)

static void
add_day_alarm(json_t *alarms, unsigned used, msec plan)
{
	if (plan && used >= plan)
		kit_alarm(alarms, "plan", modem_day_used_up, NUM(used), NUM(plan));
	else if (plan && used * 5 >= plan * 4)
		kit_alarm(alarms, "plan", modem_day_nearly, NUM(used), NUM(plan));
}

static void
add_month_alarm(json_t *alarms, unsigned used, msec plan)
{
	if (plan && used >= plan)
		kit_alarm(alarms, "plan", modem_month_used_up, NUM(used), NUM(plan));
	else if (plan && used * 5 >= plan * 4)
		kit_alarm(alarms, "plan", modem_month_nearly, NUM(used), NUM(plan));
}

static json_t *
alarms_of(const struct driver *d)
{
	const struct health *h = &d->health;
	const struct kept *k = &d->kept;
	msec now = driver_now();
	json_t *alarms = json_array();
	char balance[32];

	if (d->finder && now >= d->started_at + DEVICE_PATIENCE_MS)
		kit_alarm(alarms, "device", modem_gone, d->conf.device);
	if (k->is_down)
		kit_alarm(alarms, "recovery", modem_faulty);
	if (d->health.unregistered_at && now >= d->health.unregistered_at + NETWORK_PATIENCE_MS)
		kit_alarm(alarms, "network", modem_no_network);
	if (h->size && h->used * 10 > h->size * 7)
		kit_alarm(alarms, "storage", modem_storage, NUM(h->used), NUM(h->size));
	if (h->has_temperature && h->temperature > d->conf.temperature_max)
		kit_alarm(alarms, "temperature", modem_hot, NUM(h->temperature));
	if (k->has_balance && k->balance < (double)d->conf.balance_floor) {
		snprintf(balance, sizeof(balance), "%.2f", k->balance);
		kit_alarm(alarms, "balance", modem_balance, balance, NUM(d->conf.balance_floor));
	}
	kit_journal_alarms(d->kit, alarms);
	if (d->conf.plan_day && k->sms_today * 5 >= d->conf.plan_day * 4)
		add_day_alarm(alarms, k->sms_today, d->conf.plan_day);
	else
		add_month_alarm(alarms, k->sms_month, d->conf.plan_month);
	return alarms;
}

static void
set_text(json_t *event, const char *name, const char *text)
{
	json_t *value = text[0] ? json_string(text) : NULL;

	if (value)
		json_object_set_new(event, name, value);
}

static json_t *
event_of(const struct driver *d, json_t *alarms)
{
	const struct health *h = &d->health;
	const struct kept *k = &d->kept;
	bool used_up = (d->conf.plan_day && k->sms_today >= d->conf.plan_day) ||
		       (d->conf.plan_month && k->sms_month >= d->conf.plan_month);
	json_t *event = json_pack("{s:s,s:b,s:b,s:s,s:i,s:i,s:O}", "ev", "health", "ok",
				  h->registered && d->is_set_up, "registered", h->registered,
				  "rung", rung_name(d), "sms_today", (int)k->sms_today,
				  "sms_month", (int)k->sms_month, "alarms", alarms);

	set_text(event, "device", d->id.device);
	set_text(event, "imei", d->id.imei);
	set_text(event, "iccid", d->id.iccid);
	set_text(event, "model", d->id.model);
	set_text(event, "operator", h->net.operator);
	if (h->is_known) {
		json_object_set_new(event, "sim", json_string(h->sim_ok ? "ready" : "not ready"));
		json_object_set_new(event, "storage", json_pack("{s:i,s:i}", "used", h->used, "size",
								h->size));
	}
	if (presence_is_roaming(&h->net))
		json_object_set_new(event, "roaming", json_true());
	if (h->net.has_signal)
		json_object_set_new(event, "signal_dbm", json_integer(h->net.signal_dbm));
	if (h->has_temperature)
		json_object_set_new(event, "temperature_c", json_integer(h->temperature));
	if (d->sending.air_ms > 0)
		json_object_set_new(event, "air_ms", json_integer((json_int_t)d->sending.air_ms));
	if (k->has_balance)
		json_object_set_new(event, "balance", json_real(k->balance));
	if (used_up)
		json_object_set_new(event, "prefer_other", json_true());
	if (d->finder && d->missing[0])
		set_text(event, "note", ENGLISH(d->missing));
	else if (json_array_size(alarms))
		json_object_set(event, "note", json_object_get(json_array_get(alarms, 0), "text"));
	return event;
}

/* What matters enough to be told at once. */
static char *
digest(const struct driver *d, json_t *alarms)
{
	const struct health *h = &d->health;
	char *names = json_dumps(alarms, JSON_COMPACT);
	struct buf text = { 0 };

	buf_printf(&text, "%s %d %d %d %d %d %s %s %s %.2f", d->finder ? d->missing : "",
		   h->registered, d->is_set_up, h->used, h->size, h->net.has_signal ? h->net.signal_dbm / SIGNAL_STEP_DB : 99, h->net.operator,
		   rung_name(d), names, d->kept.has_balance ? d->kept.balance : 0.0);
	free(names);
	return buf_take(&text);
}

void
report_say(struct driver *d)
{
	json_t *alarms;
	char *now;

	keep_new_day(&d->kept, kit_now());
	alarms = alarms_of(d);
	now = digest(d, alarms);
	if (d->health.digest && strcmp(now, d->health.digest) == 0 &&
	    driver_now() < d->health.said_at + HEALTH_EVERY_MS - SECONDS(1)) {
		free(now);
	} else {
		free(d->health.digest);
		d->health.digest = now;
		d->health.said_at = driver_now();
		kit_event(d->kit, event_of(d, alarms));
	}
	json_decref(alarms);
}
