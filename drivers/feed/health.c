/* health.c -- what is told of the feed itself: a line in the log when it cannot be read any more and when it can
 * again, and, when that has gone on for `alarm_after`, an alarm.  The same of items that cannot be had. */
#include <stdio.h>
#include <stdlib.h>

#include "drivers/feed/feed.h"
#include "drivers/feed/steady.h"

#define SHOWN 150			/* bytes of an address */

void
health_init(struct feed *f)
{
	f->health = (struct health){ .good_at = steady_now() };
}

static void
note_feed(struct feed *f, const char *shown, msec now)
{
	const struct round *r = &f->round;
	struct health *h = &f->health;

	if (!r->ok && !h->failures++)
		kit_log("feed cannot be read url=%s reason=\"%s\"", shown, ENGLISH(r->reason));
	else if (r->ok && h->failures)
		kit_log("feed can be read again url=%s", shown);
	snprintf(h->reason, sizeof(h->reason), "%s", r->reason);
	if (!r->ok)
		return;
	h->failures = 0;
	h->good_at = now;
}

/* A look that failed has not tried them. */
static void
note_items(struct feed *f, const char *shown, msec now)
{
	const struct round *r = &f->round;
	struct health *h = &f->health;

	if (r->failed && !h->items_at) {
		kit_log("items of the feed cannot be read url=%s count=%u first=\"%s\" reason=\"%s\"", shown, r->failed,
			r->failed_item, ENGLISH(r->failure));
		h->items_at = now;
	}
	if (!r->ok || r->unchanged)
		return;
	h->items = r->failed;
	snprintf(h->item, sizeof(h->item), "%s", r->failed_item);
	snprintf(h->items_reason, sizeof(h->items_reason), "%s", r->failure);
	if (!r->failed)
		h->items_at = 0;
}

static void
tell(struct feed *f, const char *shown)
{
	const struct health *h = &f->health;
	json_t *alarms = json_array();

	if (h->feed_told)
		kit_alarm(alarms, "feed", feed_unreadable, shown, h->reason);
	if (h->items_told)
		kit_alarm(alarms, "items", feed_items, shown, NUM(h->items), h->item,
			  h->items_reason);
	kit_event(f->kit, json_pack("{s:s,s:b,s:o}", "ev", "health", "ok", !json_array_size(alarms), "alarms", alarms));
}

void
health_note(struct feed *f)
{
	struct health *h = &f->health, before = *h;
	char *whole = web_shown(f->conf.url), shown[SHOWN];
	msec now = steady_now();

	snprintf(shown, sizeof(shown), "%s", whole);	/* what a phrase holds is bounded */
	text_mend(shown);
	free(whole);
	note_feed(f, shown, now);
	note_items(f, shown, now);
	h->feed_told = h->failures && now - h->good_at >= f->conf.alarm_after_ms;
	h->items_told = h->items_at && now - h->items_at >= f->conf.alarm_after_ms;
	if (!h->is_told || h->feed_told != before.feed_told || h->items_told != before.items_told)
		tell(f, shown);
	h->is_told = true;
}
