/* calls.c -- calls that wait, and the one in hand: each ends with one `done`. */
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/modem/driver.h"

void
calls_free(struct calling *c)
{
	free(c->id);
	free(c->to);
	free(c->text);
	json_decref(c->keys);
	*c = (struct calling){ .state = CALL_NONE };
}

void
calls_add(struct driver *d, const struct kit_call *asked)
{
	struct queued_call *q;

	if (!sms_is_number(asked->to)) {
		kit_done(d->kit, asked->id, "rejected", NULL, 0, "drop",
			 WORD(modem_to));
		return;
	}
	if (!d->is_set_up || !d->voice.is_offered || d->is_closing) {
		kit_done(d->kit, asked->id, "rejected", NULL, 0, d->voice.is_offered ? "retry" : "config",
			 d->voice.is_offered ? WORD(modem_not_ready)
			 : WORD(modem_no_calls));
		return;
	}
	q = xcalloc(1, sizeof(*q));
	q->call = (struct calling){
		.id = xstrdup(asked->id), .to = xstrdup(asked->to),
		.text = xstrdup(asked->text ? asked->text : ""), .keys = json_incref(asked->keys),
		.ring_ms = asked->ring_ms ? asked->ring_ms : SECONDS(35),
		.not_after = asked->not_after, .slot = asked->slot, .plays = asked->plays ? asked->plays : 1,
	};
	TAILQ_INSERT_TAIL(&d->voice.waiting, q, link);
	driver_soon(d);
}

/* It has left the queue. */
void
calls_drop(struct driver *d, struct queued_call *q, const char *outcome, const char *class,
	   const char *reason)
{
	kit_done(d->kit, q->call.id, outcome, NULL, 0, class, reason);
	calls_free(&q->call);
	free(q);
}

bool
calls_withdraw(struct driver *d, const char *id)
{
	struct queued_call *q;

	TAILQ_FOREACH(q, &d->voice.waiting, link)
		if (strcmp(q->call.id, id) == 0)
			break;
	if (!q)
		return false;
	TAILQ_REMOVE(&d->voice.waiting, q, link);
	calls_drop(d, q, "withdrawn", NULL, WORD(withdrawn_undialled));
	return true;
}

void
calls_give_back(struct driver *d, const char *class, const char *reason)
{
	struct queued_call *q;

	while ((q = TAILQ_FIRST(&d->voice.waiting))) {
		TAILQ_REMOVE(&d->voice.waiting, q, link);
		calls_drop(d, q, "rejected", class, reason);
	}
}

/* -- keys: pressed once, told when the call ends -- */

static void
say_keys(struct driver *d, struct record *record, const char *id, struct kit_progress *p)
{
	char took[RECORD_ID];

	if (record)
		p->took = journal_owe_one(kit_journal(d->kit), record, took);
	kit_call_state(d->kit, id, p);
}

/* "ID KEYS".  The newest record of the call in hand is the one that counts. */
static void
on_keys_kept(void *ctx, struct record *record, const char *trouble)
{
	struct driver *d = ctx;
	struct calling *c = &d->voice.call;
	size_t len = c->id ? strlen(c->id) : 0;
	struct record *done = record;

	if (len && strncmp(record->in.bytes, c->id, len) == 0 && record->in.bytes[len] == ' ') {
		done = c->kept;
		c->kept = record;
	}
	if (done)
		journal_told_all(kit_journal(d->kit), done);
}

void
calls_keep_keys(struct driver *d)
{
	struct buf text = { 0 };
	size_t len;

	buf_printf(&text, "%s %s", d->voice.call.id, d->voice.call.keys_pressed);
	len = text.len;
	journal_keep(kit_journal(d->kit), KEYS_KIND, buf_take(&text), len, 0, on_keys_kept, d);
}

void
calls_tell_keys(struct driver *d, struct record *record)
{
	char *id = xstrdup(record->in.bytes), *keys = strchr(id, ' ');

	if (keys) {
		*keys++ = '\0';
		say_keys(d, record, id, &(struct kit_progress){ .state = "answered", .digits = keys });
	} else {
		journal_told_all(kit_journal(d->kit), record);
	}
	free(id);
}

/* The modem is in doubt: whether it still rings there, nobody knows.  What was pressed was pressed. */
void
calls_abandon(struct driver *d, const char *reason)
{
	struct calling *c = &d->voice.call;

	calls_give_back(d, "retry_other", reason);
	if (c->state == CALL_NONE)
		return;
	if (c->keys_pressed[0])
		say_keys(d, c->kept, c->id, &(struct kit_progress){
			.state = "answered", .digits = c->keys_pressed, .ms = driver_now() - c->dialed_at });
	kit_done(d->kit, d->voice.call.id, "unknown", NULL, 0, NULL, reason);
	calls_free(&d->voice.call);
}

void
calls_end(struct driver *d)
{
	struct calling *c = &d->voice.call;

	say_keys(d, c->kept, c->id, &(struct kit_progress){
		.state = "ended", .outcome = c->over,
		.digits = c->keys_pressed[0] ? c->keys_pressed : NULL,
		.ms = driver_now() - c->dialed_at });
	kit_done(d->kit, c->id, "accepted", NULL, 0, NULL, kit_call_reason(c->over));
	calls_free(c);
}
