/* modem_sms.c -- what reaches the simulated modem, and its memories: texts and receipts wait in
 * the network until the modem is there, has room, and its client acknowledges.  Nothing is
 * lost here by accident. */
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
	TAILQ_INIT(&m->heard);
	memory_init(&m->memory[MEMORY_SM], "SM", m->o.sm_size);
	memory_init(&m->memory[MEMORY_ME], "ME", m->o.me_size);
	memory_init(&m->memory[MEMORY_SR], "SR", m->o.sr_size);
	strcpy(m->smsc, SMSC);
}

void
sms_fini(struct modem *m)
{
	struct incoming *in;

	while ((in = TAILQ_FIRST(&m->waiting))) {
		TAILQ_REMOVE(&m->waiting, in, link);
		free(in);
	}
	free(m->unacked);
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

/* 27.005 3.4.4: with +CSMS 1 the client has this long to say +CNMA. */
enum { ACKNOWLEDGE_MS = 2000 };

/* Nobody took it: the routing ends, and the network has the message again. */
static void
unacked_due(struct modem *m, void *arg)
{
	struct incoming *in = m->unacked;

	if (!in || *(unsigned *)arg != m->acknowledgements)
		return;
	modem_log_fault(m, "no +CNMA", in->hex);
	m->unacked = NULL;
	m->cnmi[1] = m->cnmi[3] = 0;
	TAILQ_INSERT_HEAD(&m->waiting, in, link);
	sms_hand_over(m);
}

int
sms_acknowledge(struct modem *m, bool took)
{
	struct incoming *in = m->unacked;

	if (!in)
		return m->csms ? AT_CMS + 340 : AT_OK;
	m->unacked = NULL;
	m->acknowledgements++;
	if (took)
		free(in);
	else
		TAILQ_INSERT_HEAD(&m->waiting, in, link);
	sms_hand_over(m);
	return AT_OK;
}

/* A reset or another plug: what was not taken comes again. */
void
sms_forget_acknowledgement(struct modem *m)
{
	if (m->unacked)
		TAILQ_INSERT_HEAD(&m->waiting, m->unacked, link);
	m->unacked = NULL;
}

/* false: the one before it is not acknowledged yet. */
static bool
hand_over_direct(struct modem *m, const struct incoming *in)
{
	unsigned *acknowledgement;

	if (m->unacked)
		return false;
	tty_urc(m, in->report ? "+CDS: %zu\r\n%s" : "+CMT: ,%zu\r\n%s", in->tpdu, in->hex);
	if (!m->csms)
		return true;
	m->unacked = xmalloc(sizeof(*in));
	*m->unacked = *in;
	acknowledgement = xmalloc(sizeof(*acknowledgement));
	*acknowledgement = ++m->acknowledgements;
	modem_later(m, ACKNOWLEDGE_MS, unacked_due, acknowledgement);
	return true;
}

/* CNMI <mt> 2 and <ds> 1 pass it on directly, <mt> 1 and <ds> 2 store and announce; class 0
 * is for the screen, not for a memory. */
static bool
is_direct(const struct modem *m, const struct incoming *in)
{
	return in->report ? m->cnmi[3] == 1
			  : m->cnmi[1] == 2 || (in->flash && m->cnmi[1] == 1);
}

/* false: it has to wait for room, for the network, or for the modem to be there. */
static bool
hand_over(struct modem *m, const struct incoming *in)
{
	enum memory_index index = in->report ? MEMORY_SR : m->mem[2];
	int slot;

	if (!m->port[0].tty || m->booting || !network_serves(m))
		return false;
	if (in->report && !m->cnmi[3])
		return true; /* the client wants none: as on a real modem, gone */
	if (is_direct(m, in))
		return hand_over_direct(m, in);
	slot = sms_store(m, index, STAT_UNREAD, in->tpdu, in->hex);
	if (slot < 0)
		return false;
	if (in->report)
		tty_urc(m, "+CDSI: \"%s\",%d", m->cdsi_memory ? m->cdsi_memory : "SR", slot);
	else if (m->cnmi[1])
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

/* An operator tries again hours later at best: for an answer that is as good as never. */
static bool
is_lost(struct modem *m, const struct incoming *in)
{
	bool has_room = memory_used(m, m->mem[2]) < m->memory[m->mem[2]].size;

	if (!m->impatient || in->report || has_room || is_direct(m, in))
		return false;
	modem_log_fault(m, "no room", in->hex);
	return true;
}

void
sms_arrive(struct modem *m, struct incoming *in)
{
	if (is_lost(m, in)) {
		free(in);
		return;
	}
	TAILQ_INSERT_TAIL(&m->waiting, in, link);
	sms_hand_over(m);
}

/* --- deliveries --------------------------------------------------------------------- */

static void
deliver_units(struct modem *m, struct pdu_deliver *sms)
{
	struct incoming *in = xcalloc(1, sizeof(*in));

	sms->smsc = m->smsc;
	sms->sent = (time_t)(now_ms() / 1000);
	in->tpdu = pdu_deliver_encode(in->hex, sms);
	in->flash = sms->flash;
	sms_arrive(m, in);
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

/* One message alone, class 0 or 8 bit; -1: it fits no PDU. */
int
sms_deliver_flash(struct modem *m, const char *from, const char *text)
{
	uint16_t units[256] = { 0 };
	size_t count = pdu_utf16(units, 256, text);
	bool ucs2 = needs_ucs2(units, count);

	if (fit(units, count, ucs2, ucs2 ? 70 : 160) < count)
		return -1;
	deliver_log(m, from, text, 1, -1);
	deliver_units(m, &(struct pdu_deliver){ .from = from,
						.units = units,
						.count = count,
						.ucs2 = ucs2,
						.flash = true });
	return 0;
}

int
sms_deliver_octets(struct modem *m, const char *from, const char *hex)
{
	uint8_t octets[140];
	int len = pdu_unhex(octets, sizeof(octets), hex);

	if (len < 1)
		return -1;
	deliver_log(m, from, hex, 1, -1);
	deliver_units(m, &(struct pdu_deliver){ .from = from,
						.octets = octets,
						.count = (size_t)len });
	return 0;
}

/* Any PDU, good or bad, SMSC first; -1: no hexadecimal, or nothing behind the SMSC. */
int
sms_deliver_hex(struct modem *m, const char *hex)
{
	struct incoming *in = xcalloc(1, sizeof(*in));
	uint8_t pdu[sizeof(in->hex) / 2];
	int len = pdu_unhex(pdu, sizeof(pdu), hex);
	struct pdu_submit sms;
	struct buf line = { 0 };

	if (len < 2 || len < pdu[0] + 2) {
		free(in);
		return -1;
	}
	in->tpdu = (size_t)(len - 1 - pdu[0]);
	strcpy(in->hex, hex);
	line = modem_log_begin("deliver");
	if (!pdu_deliver_decode(&sms, hex)) {
		in->flash = sms.flash;
		buf_puts(&line, ",\"from\":");
		buf_json(&line, sms.to);
		buf_puts(&line, ",\"text\":");
		buf_json(&line, sms.text);
		buf_printf(&line, ",\"ref\":%d,\"part\":%d,\"of\":%d", sms.reference,
			   sms.part, sms.of);
	}
	buf_puts(&line, ",\"pdu\":");
	buf_json(&line, hex);
	modem_log(m, &line);
	sms_arrive(m, in);
	return 0;
}

/* A text that lies in a memory from the start; -1: no room, or it fits no PDU. */
int
sms_preload(struct modem *m, enum memory_index index, int stat, const char *number,
	    const char *text)
{
	uint16_t units[256] = { 0 };
	struct pdu_deliver sms = { .smsc = m->smsc, .from = number, .units = units };
	char hex[2 * (PDU_BYTES + 200) + 1];
	size_t tpdu;

	sms.count = pdu_utf16(units, 256, text);
	sms.ucs2 = needs_ucs2(units, sms.count);
	sms.sent = (time_t)(now_ms() / 1000);
	if (fit(units, sms.count, sms.ucs2, sms.ucs2 ? 70 : 160) < sms.count)
		return -1;
	tpdu = stat >= STAT_UNSENT ? pdu_submit_encode(hex, &sms)
				   : pdu_deliver_encode(hex, &sms);
	return sms_store(m, index, stat, tpdu, hex) < 0 ? -1 : 0;
}
