/* announce.c -- tells gongd what came in: messages, receipts, calls that nobody answered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/modem/driver.h"

/* Each part has a report of its own, which gongd counts and takes by itself: none leaves the SIM before
 * gongd has it on disk. */
static void
say_receipt(struct driver *d, const char *took, const struct inbound_message *m)
{
	const char *state = sms_receipt_state(m->status);
	char ref[16];

	if (question_receipt(d, m->from, m->ref, state)) {
		if (took) {
			inbound_took(&d->inbound, took, driver_now());
			journal_took(kit_journal(d->kit), took);
		}
		return;
	}
	snprintf(ref, sizeof(ref), "%u", m->ref);
	kit_receipt(d->kit, &(struct kit_receipt){
		.took = took, .ref = ref, .to = m->from, .state = state,
		.reason = strcmp(state, "delivered") == 0 ? NULL : SAID(modem_status, NUM(m->status)),
	}, m->at ? m->at : kit_now());
}

/* It lies in the journal, or nowhere. */
static void
say_direct_receipt(struct driver *d, struct record *record, const struct inbound_message *m)
{
	char took[RECORD_ID];

	say_receipt(d, record ? journal_owe_one(kit_journal(d->kit), record, took) : NULL, m);
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
		say_direct_receipt(d, found->kept, &report);
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
