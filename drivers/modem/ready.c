/* ready.c -- tells gongd what the modem can do, or that it pauses. */
#include "drivers/modem/driver.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW 2			/* one in the air, the next one ready */
#define PATIENCE_MS SECONDS(20)		/* before a modem that is not there counts as a pause */
#define SETUP_PATIENCE_MS SECONDS(3)

/* What it can do; a modem that cannot speak says so, for its calls only ring. */
static json_t *
ready_event(const struct driver *d, bool works)
{
	json_t *event = json_pack("{s:s,s:i,s:[s],s:i,s:i,s:b,s:b,s:s}", "ev", "ready", "protocol", 1,
				  "channels", "sms", "window", works ? WINDOW : 0, "batch", 1,
				  "receipts", d->receipts, "inbound", 1, "version", GONG_VERSION);

	kit_complete_ready(d->kit, event);
	if (d->id.imei[0])
		json_object_set_new(event, "identity", json_string(d->id.imei));
	if (d->voice.is_offered) {
		json_array_append_new(json_object_get(event, "channels"), json_string("voice"));
		json_object_set_new(event, "voice", json_string(
			d->quirk.say && d->quirk.keys_on ? "speaks and hears keys"
			: d->quirk.say ? "speaks, hears no keys"
			: d->quirk.keys_on ? "rings without speech, hears keys"
			: "rings without speech: read your SMS"));
	}
	return event;
}

/* A modem that starts, or is set up anew within moments, is no pause worth telling. */
msec
ready_pause_at(const struct driver *d)
{
	if (!d->said_ready)
		return d->started_at + PATIENCE_MS;
	return d->is_set_up ? 0 : d->unset_at + SETUP_PATIENCE_MS;
}

void
ready_say(struct driver *d)
{
	bool works = d->is_set_up && d->health.registered && !d->is_closing &&
		!d->sending.is_slow;
	json_t *event;
	char *text;

	if (!works && driver_now() < ready_pause_at(d))
		return;
	event = ready_event(d, works);
	text = json_dumps(event, JSON_COMPACT);
	if (d->said_ready && strcmp(text, d->said_ready) == 0) {
		free(text);
		json_decref(event);
		return;
	}
	free(d->said_ready);
	d->said_ready = text;
	kit_event(d->kit, event);
	if (!works && !d->is_closing && !d->sending.is_slow)
		queue_give_back_all(d, "rejected", "retry_other", "the modem is not ready");
}
