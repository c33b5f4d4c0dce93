/* announce.c -- what came in: messages, receipts, calls that nobody answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/modem/driver.h"
#include "drivers/modem/pdu.h"

static void
say_receipt(struct driver *d, const char *took, const struct inbound_message *m)
{
	const char *state = sms_receipt_state(m->status);
	const struct sent_message *sent;
	char ref[16], reason[48];
	bool is_news = receipts_settle(&d->receipts_due, m->from, m->ref, state, &sent);

	if ((!is_news && !m->is_again) || (sent && ask_receipt(d, sent->id, state))) {
		if (took)
			inbound_took(&d->inbound, took, driver_now());
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
	json_t *event;

	if (m->is_report) {
		say_receipt(d, m->id, m);
		return;
	}
	event = json_pack("{s:s,s:s,s:s,s:I}", "ev", "inbound", "id", m->id, "from", m->from, "at",
			  (json_int_t)(m->at ? m->at : kit_now()));
	if (m->is_call)
		json_object_set_new(event, "missed_call", json_true());
	else
		json_object_set_new(event, "text", json_string(m->text));
	if (m->is_flash)
		json_object_set_new(event, "class", json_string("flash"));
	kit_event(d->kit, event);
}

/* Takes the strings of `found`. */
void
announce_found(struct driver *d, struct stored *found, bool is_direct)
{
	msec now = driver_now();
	struct inbound_message report = {
		.from = found->from, .at = found->at, .ref = found->ref, .status = found->status,
	};

	if (is_direct && found->is_report) {
		say_receipt(d, NULL, &report);
		free(found->from);
		return;
	}
	if (is_direct) {
		found->memory = 0;
		found->location = -++d->direct_count;
	}
	inbound_found(&d->inbound, found, now);
	inbound_announce(&d->inbound, now, say_inbound, d);
}

void
announce_stored(struct driver *d)
{
	inbound_end(&d->inbound);
	inbound_announce(&d->inbound, driver_now(), say_inbound, d);
}

static void
on_direct(struct driver *d, const char *pdu)
{
	struct stored found;
	struct err err;

	if (sms_decode(&found, pdu, &err) < 0)
		kit_log("message cannot be read reason=\"%s\"", err.text);
	else
		announce_found(d, &found, true);
}

/* It lies in no memory of the modem: until gongd has taken it, this process keeps it. */
static void
add_call(struct driver *d, const char *number, bool is_international)
{
	struct stored call = { .at = kit_now(), .is_call = true };
	struct buf from = { 0 };

	buf_printf(&from, "%s%s", is_international && *number != '+' ? "+" : "", number);
	call.from = buf_take(&from);
	announce_found(d, &call, true);
}

/* A call back says "I have seen it".  It is told once, at the first ring that names the caller,
 * and rung off: it costs him nothing and the line is free again.  +CLIP: "number",type,… */
static void
on_caller(struct driver *d, const char *line)
{
	const char *quote = strchr(line, '"');
	size_t len = quote ? strspn(quote + 1, "+*#0123456789") : 0;
	char number[24];

	snprintf(number, sizeof(number), "%.*s", (int)len, quote ? quote + 1 : "");
	if (len && (strcmp(number, d->caller) != 0 || driver_now() > d->rang_at + SECONDS(20))) {
		snprintf(d->caller, sizeof(d->caller), "%s", number);
		add_call(d, number, strstr(line, "\",145") != NULL);
	}
	d->rang_at = driver_now();
	d->must_ring_off = d->call.state == CALL_NONE;
	driver_soon(d);
}

void
announce_news(struct driver *d, enum news news, const char *line, const char *pdu)
{
	switch (news) {
	case NEWS_STORED:
	case NEWS_REPORT_STORED:
		store_hint(d, line);
		break;
	case NEWS_MESSAGE:
	case NEWS_REPORT:
		on_direct(d, pdu);
		break;
	case NEWS_CALLER:
		on_caller(d, line);
		break;
	case NEWS_USSD:
		ask_ussd_news(d, line);
		break;
	case NEWS_REGISTRATION:
		health_registration_news(d);
		break;
	case NEWS_BOOT:
		recover_booted(d);
		break;
	case NEWS_REPLY:
	case NEWS_NOISE:
	case NEWS_RING:
	case NEWS_CALL_END:
		voice_news(d, news, line);
		break;
	}
}
