/* modem_operator.c -- what the operator behind the simulated modem does with its submits: air
 * time, refusal, loss, order, receipts, and the way to the phone at the other end. */
#include <stdlib.h>

#include "tests/sim/modem.h"

static bool
drawn(struct modem *m, double share)
{
	return share > 0 && erand48(m->random) < share;
}

/* --- receipts ----------------------------------------------------------------------- */

struct receipt {
	char to[32];
	int mr;
	time_t sent;
};

static void
receipt_due(struct modem *m, void *arg)
{
	const struct receipt *receipt = arg;
	struct buf line = modem_log_begin("receipt");
	bool lost = erand48(m->random) < m->o.receipt_loss;
	int times = lost ? 0 : drawn(m, m->o.receipt_duplicate) ? 2 : 1;

	buf_puts(&line, ",\"to\":");
	buf_json(&line, receipt->to);
	buf_printf(&line, ",\"mr\":%d,\"status\":%d,\"lost\":%s,\"times\":%d", receipt->mr,
		   m->o.receipt_status, lost ? "true" : "false", times);
	modem_log(m, &line);
	for (int i = 0; i < times; i++) {
		struct incoming *in = xcalloc(1, sizeof(*in));

		in->report = true;
		in->tpdu = pdu_report_encode(in->hex, m->smsc, receipt->mr, receipt->to,
					     receipt->sent, (time_t)(now_ms() / 1000),
					     m->o.receipt_status);
		sms_arrive(m, in);
	}
}

static void
receipt_plan(struct modem *m, const struct submit *submit)
{
	struct receipt *receipt;

	if (!submit->sms.wants_receipt || m->o.receipt_status < 0)
		return;
	receipt = xcalloc(1, sizeof(*receipt));
	strcpy(receipt->to, submit->sms.to);
	receipt->mr = submit->mr;
	receipt->sent = (time_t)(now_ms() / 1000);
	modem_later(m, m->o.receipt_ms, receipt_due, receipt);
}

/* --- submits ------------------------------------------------------------------------ */

static void
submit_log(struct modem *m, const struct submit *submit, const char *state)
{
	static const char *const alphabet[] = { "gsm7", "8bit", "ucs2" };
	const struct pdu_submit *sms = &submit->sms;
	struct buf line = modem_log_begin("submit");
	char result[64];

	buf_printf(&line, ",\"state\":\"%s\",\"to\":", state);
	buf_json(&line, sms->to);
	buf_puts(&line, ",\"text\":");
	buf_json(&line, sms->text);
	buf_printf(
		&line, ",\"ref\":%d,\"part\":%d,\"of\":%d,\"mr\":%d,\"alphabet\":\"%s\"",
		sms->reference, sms->part, sms->of, submit->mr, alphabet[sms->alphabet]);
	buf_printf(&line, ",\"receipt\":%s,\"flash\":%s",
		   sms->wants_receipt ? "true" : "false", sms->flash ? "true" : "false");
	if (!strcmp(state, "accepted"))
		buf_puts(&line, ",\"result\":\"accepted\"");
	else if (!strcmp(state, "refused"))
		buf_printf(&line, ",\"result\":\"%s\"",
			   at_result_name(submit->refuse, result, sizeof(result)));
	modem_log(m, &line);
}

static void
message_complete(struct modem *m, const char *to, const char *text, int reference,
		 int parts)
{
	struct buf line = modem_log_begin("message");

	buf_puts(&line, ",\"to\":");
	buf_json(&line, to);
	buf_puts(&line, ",\"text\":");
	buf_json(&line, text);
	buf_printf(&line, ",\"ref\":%d,\"parts\":%d", reference, parts);
	modem_log(m, &line);
	people_hear(m, to);
}

static void
collected_free(struct modem *m, struct collected *set)
{
	TAILQ_REMOVE(&m->collecting, set, link);
	for (int i = 0; i < 256; i++)
		free(set->part[i]);
	free(set);
}

static struct collected *
collected_find(struct modem *m, const struct pdu_submit *sms)
{
	struct collected *set;

	TAILQ_FOREACH(set, &m->collecting, link)
		if (set->reference == sms->reference && set->of == sms->of &&
				!strcmp(set->to, sms->to))
			return set;
	set = xcalloc(1, sizeof(*set));
	strcpy(set->to, sms->to);
	set->reference = sms->reference;
	set->of = sms->of;
	TAILQ_INSERT_TAIL(&m->collecting, set, link);
	return set;
}

/* A phone collects by sender, reference and count.  The same part with another text means
 * that the reference has come round: the stale set is given up. */
static void
collect(struct modem *m, const struct pdu_submit *sms)
{
	struct collected *set;
	struct buf text = { 0 };

	if (sms->of <= 1) {
		message_complete(m, sms->to, sms->text, sms->reference, 1);
		return;
	}
	if (sms->part < 1 || sms->part > sms->of)
		return;			/* a phone drops it; the submit line shows it */
	set = collected_find(m, sms);
	if (set->part[sms->part] && strcmp(set->part[sms->part], sms->text)) {
		collected_free(m, set);
		set = collected_find(m, sms);
	}
	if (!set->part[sms->part]) {
		set->part[sms->part] = xstrdup(sms->text);
		set->have++;
	}
	if (set->have < set->of)
		return;
	for (int i = 1; i <= set->of; i++)
		buf_puts(&text, set->part[i]);
	message_complete(m, set->to, text.data ? text.data : "", set->reference, set->of);
	buf_fini(&text);
	collected_free(m, set);
}

static void
submit_fault(struct modem *m, const struct submit *submit, const char *what)
{
	struct buf line = modem_log_begin("fault");

	buf_printf(&line, ",\"fault\":\"%s\",\"mr\":%d", what, submit->mr);
	modem_log(m, &line);
}

/* The books come first: whoever reads the answer finds the line.  Who left or was
 * unplugged during the air time gets no answer, though the network has decided. */
static void
submit_answer(struct modem *m, const struct submit *submit)
{
	int result = AT_OK;

	if (submit->plugs != m->plugs)
		return;
	m->busy = false;
	at_answer(m);
	if (submit->sessions != m->sessions) {
		m->reply_drop = true;
	} else if (submit->refuse) {
		result = submit->refuse;
	} else if (m->drop_replies > 0) {
		m->drop_replies--;
		submit_fault(m, submit, "drop-reply");
		m->reply_drop = true;
	} else if (m->no_mrs > 0) {
		m->no_mrs--;
		submit_fault(m, submit, "no-mr");
	} else if (m->sent_errors > 0) {
		m->sent_errors--;
		submit_fault(m, submit, "sent-error");
		result = AT_CMS + m->sent_error;
	} else {
		tty_line(m, "+CMGS: %d", submit->mr);
	}
	if (m->late_submits > 0 && !submit->refuse) {
		m->late_submits--;
		submit_fault(m, submit, "late-submit");
		m->reply_late_ms = m->late_submit_ms;
	}
	at_result(m, result);
}

/* --- to the phone at the other end -------------------------------------------------- */

static void
partner_forward(struct modem *m, const struct partner *partner, const char *hex)
{
	if (control_send(partner->control, "deliver-hex", hex))
		modem_log_fault(m, "partner away", partner->control);
}

/* The modem's own number, or another simulated modem's. */
static void
forward(struct modem *m, const struct pdu_submit *sms)
{
	time_t now = (time_t)(now_ms() / 1000);
	struct incoming *in = xcalloc(1, sizeof(*in));

	in->tpdu = pdu_forward_encode(in->hex, m->smsc, m->o.number, now, sms);
	in->flash = sms->flash;
	if (!strcmp(sms->to, m->o.number)) {
		sms_deliver_hex(m, in->hex);
	} else {
		for (int i = 0; i < m->o.partner_count; i++)
			if (!strcmp(sms->to, m->o.partner[i].number))
				partner_forward(m, &m->o.partner[i], in->hex);
	}
	free(in);
}

static void
segment_land(struct modem *m, const struct pdu_submit *sms)
{
	forward(m, sms);
	collect(m, sms);
}

/* How long a segment waits for another one to overtake it, beyond the air time. */
enum { OVERTAKEN_MS = 500 };

static void
overtaken_land(struct modem *m)
{
	struct pdu_submit *sms = m->overtaken;

	m->overtaken = NULL;
	if (sms)
		segment_land(m, sms);
	free(sms);
}

static void
overtaken_due(struct modem *m, void *arg)
{
	if (*(unsigned *)arg == m->overtakings)
		overtaken_land(m);
}

/* Out of order: every second segment arrives before the one that was sent first. */
static void
segment_send(struct modem *m, const struct pdu_submit *sms)
{
	unsigned *overtaking;

	if (!m->reorder || m->overtaken) {
		segment_land(m, sms);
		overtaken_land(m);
		return;
	}
	m->overtaken = xmalloc(sizeof(*sms));
	*m->overtaken = *sms;
	overtaking = xmalloc(sizeof(*overtaking));
	*overtaking = ++m->overtakings;
	modem_later(m, OVERTAKEN_MS + m->o.air_ms, overtaken_due, overtaking);
}

/* --- submits on the air ------------------------------------------------------------- */

static void
submit_landed(struct modem *m, void *arg)
{
	struct submit *submit = arg;

	submit_log(m, submit, submit->refuse ? "refused" : "accepted");
	submit_answer(m, submit);
	if (submit->refuse)
		return;
	if (drawn(m, m->o.lose)) {
		submit_fault(m, submit, "lost-segment");
		return;
	}
	receipt_plan(m, submit);
	segment_send(m, &submit->sms);
}

static int
refusal_for(struct modem *m, const char *to)
{
	struct refusal *refusal;
	int result;

	if (!network_serves(m))
		return AT_CMS + 331;
	TAILQ_FOREACH(refusal, &m->refusals, link) {
		result = refusal->result;
		if (*refusal->number && strcmp(refusal->number, to))
			continue;
		if (refusal->ratio > 0 && erand48(m->random) >= refusal->ratio)
			continue;
		if (refusal->ratio <= 0 && !--refusal->count) {
			TAILQ_REMOVE(&m->refusals, refusal, link);
			free(refusal);
		}
		return result;
	}
	return 0;
}

/* The last time named is that of all later parts, too. */
static int
air_ms(const struct modem *m, int part)
{
	int count = m->air_part_count;

	if (!count)
		return m->o.air_ms;
	return m->air_part_ms[part < 1 ? 0 : part > count ? count - 1 : part - 1];
}

int
sms_submit(struct modem *m, const char *hex)
{
	struct submit *submit = xcalloc(1, sizeof(*submit));

	if (pdu_submit_decode(&submit->sms, hex)) {
		modem_log_fault(m, "bad pdu", hex);
		free(submit);
		return AT_CMS + 304;
	}
	if (!strncmp(hex, "00", 2) && !*m->smsc) {	/* neither here nor on the SIM */
		modem_log_fault(m, "no smsc", hex);
		free(submit);
		return AT_CMS + 330;
	}
	submit->plugs = m->plugs;
	submit->sessions = m->sessions;
	submit->mr = m->next_mr;
	m->next_mr = (m->next_mr + 1) % 256;
	submit->refuse = refusal_for(m, submit->sms.to);
	submit_log(m, submit, "air");
	m->busy = true;
	modem_later(m, air_ms(m, submit->sms.part), submit_landed, submit);
	return AT_LATER;
}

void
operator_init(struct modem *m)
{
	TAILQ_INIT(&m->collecting);
	TAILQ_INIT(&m->refusals);
}

void
operator_fini(struct modem *m)
{
	struct collected *set;
	struct refusal *refusal;

	free(m->overtaken);
	while ((set = TAILQ_FIRST(&m->collecting)))
		collected_free(m, set);
	while ((refusal = TAILQ_FIRST(&m->refusals))) {
		TAILQ_REMOVE(&m->refusals, refusal, link);
		free(refusal);
	}
}

/* --- the tester's hand -------------------------------------------------------------- */

static bool
air(struct modem *m, const char *args)
{
	m->air_part_count = 0;
	return control_number(&args, &m->o.air_ms, 0, 600000);
}

/* MS,MS,...: part by part. */
static bool
air_parts(struct modem *m, const char *args)
{
	int ms[AIR_PARTS], count = at_numbers(args, ms, AIR_PARTS);

	if (count < 1)
		return false;
	for (int i = 0; i < count; i++)
		if (ms[i] < 0 || ms[i] > 600000)
			return false;
	memcpy(m->air_part_ms, ms, sizeof(ms));
	m->air_part_count = count;
	return true;
}

static bool
lose(struct modem *m, const char *args)
{
	return control_ratio(&args, &m->o.lose);
}

static bool
reorder(struct modem *m, const char *args)
{
	return control_switch(args, &m->reorder);
}

static bool
receipts(struct modem *m, const char *args)
{
	return !option_receipts(args, &m->o.receipt_status);
}

static bool
receipt_ms(struct modem *m, const char *args)
{
	return control_number(&args, &m->o.receipt_ms, 0, 86400000);
}

static bool
receipt_loss(struct modem *m, const char *args)
{
	return control_ratio(&args, &m->o.receipt_loss);
}

static bool
receipt_duplicate(struct modem *m, const char *args)
{
	return control_ratio(&args, &m->o.receipt_duplicate);
}

const struct control operator_controls[] = {
	{ "air", air, "MS" },
	{ "air-parts", air_parts, "MS,MS,..., 16 at most" },
	{ "lose", lose, "R, from 0 to 1" },
	{ "reorder", reorder, "on|off" },
	{ "receipts", receipts, "delivered|failed|none" },
	{ "receipt-ms", receipt_ms, "MS" },
	{ "receipt-loss", receipt_loss, "R, from 0 to 1" },
	{ "receipt-duplicate", receipt_duplicate, "R, from 0 to 1" },
	{ 0 },
};
