/* modem_sms.c -- the network behind the simulated modem and the SIM's memories: submits,
 * receipts and deliveries.  Nothing that the network accepted is ever lost here by
 * accident. */
#include <stdlib.h>

#include "tests/sim/modem.h"

/* --- memories ----------------------------------------------------------------------- */

static void
memory_init(struct memory *memory, const char *name, int size)
{
	memory->name = name;
	memory->size = size;
	memory->slots = xcalloc((size_t)size, sizeof(*memory->slots));
	for (int i = 0; i < size; i++)
		memory->slots[i].stat = STAT_EMPTY;
}

void
sms_init(struct modem *m)
{
	TAILQ_INIT(&m->waiting);
	TAILQ_INIT(&m->collecting);
	TAILQ_INIT(&m->refusals);
	TAILQ_INIT(&m->heard);
	memory_init(&m->memory[MEMORY_SM], "SM", m->o.sm_size);
	memory_init(&m->memory[MEMORY_ME], "ME", m->o.me_size);
	memory_init(&m->memory[MEMORY_SR], "SR", m->o.sr_size);
	strcpy(m->smsc, SMSC);
}

static void
collected_free(struct modem *m, struct collected *set)
{
	TAILQ_REMOVE(&m->collecting, set, link);
	for (int i = 0; i < 256; i++)
		free(set->part[i]);
	free(set);
}

void
sms_fini(struct modem *m)
{
	struct incoming *in;
	struct collected *set;
	struct refusal *refusal;

	while ((in = TAILQ_FIRST(&m->waiting))) {
		TAILQ_REMOVE(&m->waiting, in, link);
		free(in);
	}
	while ((set = TAILQ_FIRST(&m->collecting)))
		collected_free(m, set);
	while ((refusal = TAILQ_FIRST(&m->refusals))) {
		TAILQ_REMOVE(&m->refusals, refusal, link);
		free(refusal);
	}
	for (int k = 0; k < MEMORIES; k++) {
		for (int i = 0; i < m->memory[k].size; i++)
			free(m->memory[k].slots[i].hex);
		free(m->memory[k].slots);
	}
}

int
memory_used(const struct modem *m, enum memory_index index)
{
	const struct memory *memory = &m->memory[index];
	int used = 0;

	if (m->full && index != MEMORY_SR)
		return memory->size;
	for (int i = 0; i < memory->size; i++)
		used += memory->slots[i].stat != STAT_EMPTY;
	return used;
}

/* Returns the index as on the wire (from 1), -1 when there is no room. */
int
sms_store(struct modem *m, enum memory_index index, int stat, size_t tpdu,
	  const char *hex)
{
	struct memory *memory = &m->memory[index];

	if (memory_used(m, index) == memory->size)
		return -1;
	for (int i = 0; i < memory->size; i++) {
		struct slot *slot = &memory->slots[i];

		if (slot->stat != STAT_EMPTY)
			continue;
		*slot = (struct slot){ .stat = stat, .tpdu = tpdu, .hex = xstrdup(hex) };
		return i + 1;
	}
	return -1;
}

/* --- towards the client ------------------------------------------------------------- */

/* false: it has to wait for room, for the network, or for the modem to be there. */
static bool
hand_over(struct modem *m, const struct incoming *in)
{
	/* CNMI <mt> 2 and <ds> 1 pass it on directly, <mt> 1 and <ds> 2 store and
	 * announce. */
	bool direct = in->report ? m->cnmi[3] == 1 : m->cnmi[1] == 2;
	enum memory_index index = in->report ? MEMORY_SR : m->mem[2];
	int slot;

	if (!m->port[0].tty || m->booting || !network_serves(m))
		return false;
	if (in->report && !m->cnmi[3])
		return true; /* the client wants none: as on a real modem, gone */
	if (direct) {
		tty_urc(m, in->report ? "+CDS: %zu\r\n%s" : "+CMT: ,%zu\r\n%s", in->tpdu,
			in->hex);
		return true;
	}
	slot = sms_store(m, index, STAT_UNREAD, in->tpdu, in->hex);
	if (slot < 0)
		return false;
	if (in->report)
		tty_urc(m, "+CDSI: \"SR\",%d", slot);
	else if (m->cnmi[1] == 1)
		tty_urc(m, "+CMTI: \"%s\",%d", m->memory[index].name, slot);
	return true;
}

void
sms_hand_over(struct modem *m)
{
	struct incoming *in, *next;

	for (in = TAILQ_FIRST(&m->waiting); in; in = next) {
		next = TAILQ_NEXT(in, link);
		if (!hand_over(m, in))
			continue;
		TAILQ_REMOVE(&m->waiting, in, link);
		free(in);
	}
}

static void
arrive(struct modem *m, struct incoming *in)
{
	TAILQ_INSERT_TAIL(&m->waiting, in, link);
	sms_hand_over(m);
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
	struct incoming *in;
	struct buf line = modem_log_begin("receipt");
	bool lost = erand48(m->random) < m->o.receipt_loss;

	buf_puts(&line, ",\"to\":");
	buf_json(&line, receipt->to);
	buf_printf(&line, ",\"mr\":%d,\"status\":%d,\"lost\":%s", receipt->mr,
		m->o.receipt_status, lost ? "true" : "false");
	modem_log(m, &line);
	if (lost)
		return;
	in = xcalloc(1, sizeof(*in));
	in->report = true;
	in->tpdu = pdu_report_encode(in->hex, m->smsc, receipt->mr, receipt->to,
				     receipt->sent, (time_t)(now_ms() / 1000),
				     m->o.receipt_status);
	arrive(m, in);
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

static void
submit_landed(struct modem *m, void *arg)
{
	struct submit *submit = arg;

	submit_log(m, submit, submit->refuse ? "refused" : "accepted");
	submit_answer(m, submit);
	if (submit->refuse)
		return;
	receipt_plan(m, submit);
	collect(m, &submit->sms);
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

int
sms_submit(struct modem *m, const char *hex)
{
	struct submit *submit = xcalloc(1, sizeof(*submit));

	if (pdu_submit_decode(&submit->sms, hex)) {
		modem_log_fault(m, "bad pdu", hex);
		free(submit);
		return AT_CMS + 304;
	}
	submit->plugs = m->plugs;
	submit->sessions = m->sessions;
	submit->mr = m->next_mr;
	m->next_mr = (m->next_mr + 1) % 256;
	submit->refuse = refusal_for(m, submit->sms.to);
	submit_log(m, submit, "air");
	m->busy = true;
	modem_later(m, m->o.air_ms, submit_landed, submit);
	return AT_LATER;
}

/* --- deliveries --------------------------------------------------------------------- */

static void
deliver_units(struct modem *m, struct pdu_deliver *sms)
{
	struct incoming *in = xcalloc(1, sizeof(*in));

	sms->smsc = m->smsc;
	sms->sent = (time_t)(now_ms() / 1000);
	in->tpdu = pdu_deliver_encode(in->hex, sms);
	arrive(m, in);
}

static bool
needs_ucs2(const uint16_t *units, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (pdu_gsm_code(units[i]) < 0)
			return true;
	return false;
}

static size_t
unit_cost(uint16_t unit, bool ucs2)
{
	return !ucs2 && pdu_gsm_code(unit) >= 0x1b00 ? 2 : 1;
}

/* How many units from `units` fit `room` septets or UTF-16 units without cutting a pair.
 */
static size_t
fit(const uint16_t *units, size_t count, bool ucs2, size_t room)
{
	size_t used = 0, i = 0;

	for (; i < count; i++) {
		used += unit_cost(units[i], ucs2);
		if (used > room)
			break;
	}
	if (ucs2 && i && i < count && units[i - 1] >= 0xd800 && units[i - 1] < 0xdc00)
		i--;
	return i;
}

static void
deliver_log(struct modem *m, const char *from, const char *text, int parts, int reference)
{
	struct buf line = modem_log_begin("deliver");

	buf_puts(&line, ",\"from\":");
	buf_json(&line, from);
	buf_puts(&line, ",\"text\":");
	buf_json(&line, text);
	buf_printf(&line, ",\"parts\":%d,\"ref\":%d", parts, reference);
	modem_log(m, &line);
}

/* `reference` >= 0 asks for parts even where one message would do (half and half then).
 */
void
sms_deliver(struct modem *m, const char *from, const char *text, int reference)
{
	enum { MOST = 255 * 153 };
	uint16_t *units = xmalloc(MOST * sizeof(*units));
	size_t count = pdu_utf16(units, MOST, text), cut[256] = { 0 };
	bool ucs2 = needs_ucs2(units, count);
	size_t room = ucs2 ? 67 : 153, cost = 0;
	int parts = 0;

	for (size_t i = 0; i < count; i++)
		cost += unit_cost(units[i], ucs2);
	if (reference < 0 && cost <= (ucs2 ? 70 : 160))
		room = ucs2 ? 70 : 160;
	else if (cost <= room && cost > 3)
		room = cost / 2 + 1;	/* a pair moved on whole still leaves two parts */
	while (parts < 255 && (!parts || cut[parts] < count)) {
		cut[parts + 1] = cut[parts] +
				 fit(units + cut[parts], count - cut[parts], ucs2, room);
		parts++;
	}
	if (parts > 1 && reference < 0)
		reference = m->next_reference = (m->next_reference + 1) % 256;
	deliver_log(m, from, text, parts, reference);
	for (int i = 0; i < parts; i++)
		deliver_units(m, &(struct pdu_deliver){.from = from,
						       .units = units + cut[i],
						       .count = cut[i + 1] - cut[i],
						       .ucs2 = ucs2,
						       .reference = reference,
						       .part = i + 1,
						       .of = parts});
	free(units);
}

int
sms_deliver_part(struct modem *m, const char *from, int reference, int part, int of,
	const char *text)
{
	uint16_t units[256] = { 0 };
	size_t count = pdu_utf16(units, 256, text);
	bool ucs2 = needs_ucs2(units, count);

	if (fit(units, count, ucs2, ucs2 ? 67 : 153) < count)
		return -1;
	deliver_log(m, from, text, 1, reference);
	deliver_units(m, &(struct pdu_deliver){.from = from,
					       .units = units,
					       .count = count,
					       .ucs2 = ucs2,
					       .reference = reference,
					       .part = part,
					       .of = of});
	return 0;
}
