/* announce.c -- tells gongd what arrived: receipts, inbound messages, health. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/modem/driver.h"

#define HEALTH_EVERY_MS SECONDS(60)
#define SIGNAL_STEP_DB 6

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

void
announce_found(struct driver *d, struct report *r)
{
	msec now = driver_now();
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

void
announce_stored(struct driver *d)
{
	inbound_end(&d->inbound);
	inbound_announce(&d->inbound, driver_now(), say_inbound, d);
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
	d->health_said_at = driver_now();
	kit_event(d->kit, event);
}

void
announce_health(struct driver *d, const struct health *now)
{
	struct health *old = &d->health;
	bool changed = now->registered != old->registered || now->used != old->used ||
		       now->size != old->size || strcmp(now->operator, old->operator) != 0 ||
		       now->has_signal != old->has_signal ||
		       abs(now->signal_dbm - old->signal_dbm) >= SIGNAL_STEP_DB;

	if (!changed && driver_now() < d->health_said_at + HEALTH_EVERY_MS - SECONDS(1))
		return;
	d->health = *now;
	say_health(d);
}
