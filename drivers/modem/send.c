/* send.c -- messages to the network, segment by segment, by AT+CMGS (3GPP TS 27.005 3.5.1).
 * libGammu makes the PDU; the dialogue is ours: it takes 2 ms where libGammu sleeps 700, and a
 * result that is lost stays lost. */
#include <stdio.h>
#include <string.h>

#include "drivers/modem/driver.h"
#include "drivers/modem/pdu.h"

#define SLOW_MS SECONDS(10)		/* a submit without a result for so long holds up nobody else */

/* A result has come: whoever was sent elsewhere may come back. */
static void
end_wait(struct driver *d)
{
	bool was_slow = d->sending.is_slow;

	d->sending.slow_at = NEVER;
	d->sending.is_slow = false;
	if (was_slow)
		ready_say(d);
}

static void
finish(struct driver *d, const char *outcome, const char *class, const char *reason)
{
	queue_end(d, outcome, class, reason);
	driver_done(d);
}

/* The modem is in doubt: a late result must not be taken for that of the next message. */
static void
give_up(struct driver *d, const char *outcome, const char *class, const char *reason)
{
	queue_end(d, outcome, class, reason);
	d->sending.slow_at = NEVER;
	d->sending.is_slow = false;
	trouble_met(d, reason);
}

static void part_over(struct driver *);

static void
on_accepted(struct driver *d, unsigned ref)
{
	struct sending *s = &d->sending;
	const struct outgoing *o = s->message;
	msec took = driver_now() - s->part_at;
	char text[16];

	s->air_ms = s->air_ms > 0 ? s->air_ms * 0.8 + (double)took * 0.2 : (double)took;
	s->last_ref = ref;
	s->message->wanted[s->part] = 0;
	keep_count(&d->kept, kit_now());
	d->must_keep = true;
	trouble_over(d);
	if (blame_accepted(&d->kept.blames))
		driver_keep(d);
	snprintf(text, sizeof(text), "%u", ref);
	if (*o->id == ASK_MARK)
		question_part(d, o->id, ref);
	else
		kit_part(d->kit, o->id, s->part + 1, o->plan.parts, o->reference & 255, text);
	part_over(d);
}

/* What its code speaks of says whether the person, the message, the route or the modem is to
 * blame; docs/modem-driver.md, A refusal. */
static void
on_refused(struct driver *d, const struct refusal *r)
{
	enum verdict verdict = blame_refused(&d->kept.blames, r, d->sending.message->to, kit_now());

	if (r->of == OF_NETWORK)
		d->health.must_look = true;
	if (r->of == OF_MODE)
		driver_set_up_again(d);
	if (verdict != VERDICT_NUMBER && verdict != VERDICT_LATER)
		driver_keep(d);
	switch (verdict) {
	case VERDICT_NUMBER:
		finish(d, "rejected", "drop", r->reason);
		break;
	case VERDICT_LATER:
		finish(d, "rejected", "retry", r->reason);
		break;
	case VERDICT_ELSEWHERE:
		finish(d, "rejected", "retry_other", r->reason);
		break;
	case VERDICT_ROUTE:
		finish(d, "rejected", "config", r->reason);
		break;
	case VERDICT_UNKNOWN:
		finish(d, "unknown", NULL, r->reason);
		break;
	case VERDICT_SICK:
		give_up(d, "unknown", NULL, r->reason);
		break;
	}
}

static void
on_result(void *ctx, const struct at_reply *r)
{
	struct driver *d = ctx;
	const char *ref = at_line(r, "+CMGS:");
	struct refusal refusal;

	if (r->end != AT_LATE)
		end_wait(d);
	switch (r->end) {
	case AT_OK:
		if (ref && *ref >= '0' && *ref <= '9')
			on_accepted(d, (unsigned)strtoul(ref, NULL, 10));
		else
			give_up(d, "unknown", NULL, WORD(modem_no_reference));
		break;
	case AT_LATE:
		give_up(d, "unknown", NULL, WORD(modem_no_result));
		break;
	case AT_NO_PROMPT:
		give_up(d, "rejected", "retry_other", WORD(modem_no_prompt));
		break;
	default:
		refusal = refusal_of(r->end == AT_ERROR ? CODE_NONE : r->code, r->end == AT_CME);
		on_refused(d, &refusal);
		break;
	}
}

void
send_leaving(void *ctx)
{
	struct driver *d = ctx;

	if (d->sending.message)
		kit_leaving(d->kit, d->sending.message->slot);
}

static void
submit(struct driver *d)
{
	static GSM_SMSMessage sms;
	struct outgoing *o = d->sending.message;
	char hex[SMS_PDU_HEX], command[32];
	msec validity = d->conf.validity_ms;
	size_t octets;

	if (o->not_after != NEVER)
		validity = msec_min(validity, o->not_after - kit_now());
	sms_encode(&sms, o, d->sending.part, d->smsc, validity);
	if (sms_encode_pdu(&sms, hex, sizeof(hex), &octets) < 0) {
		finish(d, "rejected", "drop", WORD(modem_not_encoded));
		return;
	}
	d->sending.part_at = driver_now();
	d->sending.slow_at = d->sending.part_at + SLOW_MS;
	snprintf(command, sizeof(command), "AT+CMGS=%zu", octets);
	wire_submit(d->wire, command, hex, d->conf.result_ms, on_result, d);
}

/* To the next part that is wanted; false: there is none. */
static bool
has_more(struct driver *d)
{
	struct sending *s = &d->sending;
	const struct outgoing *o = s->message;

	while (s->part < o->plan.parts && !o->wanted[s->part])
		s->part++;
	return s->part < o->plan.parts;
}

static void
send_part(struct driver *d)
{
	const struct outgoing *o = d->sending.message;

	if (o->not_after != NEVER && kit_now() >= o->not_after)
		finish(d, "rejected", "retry", WORD(item_over));
	else if (!d->health.registered)
		finish(d, "rejected", "retry_other", WORD(modem_off_network));
	else if (d->sending.stop_early)
		finish(d, "rejected", "retry", WORD(modem_closing));
	else if (*o->id != ASK_MARK && blame_holds(&d->kept.blames, o->to, kit_now()))
		finish(d, "rejected", "retry", WORD(modem_others_first));
	else
		submit(d);
}

/* The network is slow, or the modem hangs; which of them, only the end of the wait tells, for a
 * modem that has a text takes no command before its result, and one that comes may cancel it
 * (3GPP TS 27.005 3.5.1).  So only the message in hand waits on. */
void
send_due(struct driver *d, msec now)
{
	if (now < d->sending.slow_at)
		return;
	d->sending.slow_at = NEVER;
	d->sending.is_slow = true;
	kit_log("no result of a submit yet seconds=%lld", (long long)(SLOW_MS / 1000));
	ready_say(d);			/* first, or gongd would hand them to us again */
	queue_withdraw_all(d, WORD(modem_slow));
}

/* The others may have a short turn before the next one; see turns.c. */
static void
part_over(struct driver *d)
{
	d->sending.part_at = driver_now();
	if (has_more(d))
		driver_done(d);
	else
		finish(d, "accepted", NULL, NULL);
}

bool
send_rest(struct driver *d)
{
	driver_begin(d, ACT_PART);
	send_part(d);
	return true;
}

bool
send_first(struct driver *d)
{
	struct queued *q = TAILQ_FIRST(&d->queue);
	struct sending *s = &d->sending;

	TAILQ_REMOVE(&d->queue, q, link);
	driver_begin(d, q->urgent ? ACT_URGENT : ACT_SEND);
	s->message = q->message;
	s->part = s->last_ref = 0;
	free(q);
	if (has_more(d))
		send_part(d);
	else
		finish(d, "accepted", NULL, NULL);
	return true;
}
