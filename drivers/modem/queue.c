/* queue.c -- messages that wait, and the one in hand: each ends with one `done`. */
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/modem/driver.h"

void
queue_add(struct driver *d, struct outgoing *o, bool urgent)
{
	struct queued *q = xcalloc(1, sizeof(*q)), *at;

	q->message = o;
	q->urgent = urgent;
	TAILQ_FOREACH(at, &d->queue, link)
		if (urgent && !at->urgent)
			break;
	if (at)
		TAILQ_INSERT_BEFORE(at, q, link);
	else
		TAILQ_INSERT_TAIL(&d->queue, q, link);
}

/* The end of an item: a message of gongd's, or a test message that the office asked for. */
static void
say_done(struct driver *d, const struct outgoing *o, const char *outcome, const char *class,
	 const char *reason)
{
	bool ok = strcmp(outcome, "accepted") == 0;
	char ref[16];

	if (question_sent(d, o->id, ok, d->sending.last_ref, reason))
		return;
	snprintf(ref, sizeof(ref), "%u", d->sending.last_ref);
	kit_done(d->kit, o->id, outcome, ok ? ref : NULL, o->plan.parts, class, reason);
}

void
queue_withdraw(struct driver *d, const char *id)
{
	struct queued *q;

	TAILQ_FOREACH(q, &d->queue, link)
		if (strcmp(q->message->id, id) == 0)
			break;
	if (!q)
		return;
	TAILQ_REMOVE(&d->queue, q, link);
	kit_done(d->kit, id, "withdrawn", NULL, 0, NULL, WORD(withdrawn_unsent));
	outgoing_free(q->message);
	free(q);
}

void
queue_withdraw_all(struct driver *d, const char *reason)
{
	queue_give_back(d, "withdrawn", NULL, reason);
}

void
queue_give_back(struct driver *d, const char *outcome, const char *class, const char *reason)
{
	struct queued *q;

	while ((q = TAILQ_FIRST(&d->queue))) {
		TAILQ_REMOVE(&d->queue, q, link);
		say_done(d, q->message, outcome, class, reason);
		outgoing_free(q->message);
		free(q);
	}
}

/* A part is with the modem from AT+CMGS to its result; between two parts nothing is in doubt. */
static bool
is_sending(const struct driver *d)
{
	return d->act == ACT_URGENT || d->act == ACT_SEND || d->act == ACT_PART;
}

void
queue_give_back_all(struct driver *d, const char *outcome, const char *class, const char *reason)
{
	if (d->sending.message && !is_sending(d))
		queue_end(d, outcome, class, reason);
	queue_give_back(d, outcome, class, reason);
}

void
queue_end(struct driver *d, const char *outcome, const char *class, const char *reason)
{
	struct outgoing *o = d->sending.message;

	d->sending.message = NULL;
	say_done(d, o, outcome, class, reason);
	outgoing_free(o);
}

void
queue_abandon(struct driver *d, const char *reason)
{
	bool holds_text = d->wire && wire_holds_text(d->wire);

	if (!d->sending.message)
		return;
	if (is_sending(d) && !holds_text)
		queue_end(d, "unknown", NULL, reason);
	else
		queue_end(d, "rejected", "retry_other", reason);
}
