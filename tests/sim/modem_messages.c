/* modem_messages.c -- the message commands of the simulated modem (3GPP TS 27.005), PDU
 * mode only, as the client types them; modem_sms.c is the network and the memories behind
 * them. */
#include <stdlib.h>

#include "tests/sim/modem.h"

static int
csca(struct modem *m, char form, const char *args)
{
	char number[256];

	if (form == '?') {
		tty_line(m, "+CSCA: \"%s\",%d",
			 at_in_charset(m, m->smsc, number, sizeof(number)),
			 *m->smsc == '+' ? 145 : 129);
		return AT_OK;
	}
	if (!at_text(&args, number, sizeof(number)))
		return AT_CMS + 304;
	at_from_charset(m, number);
	if (strlen(number) >= sizeof(m->smsc))
		return AT_CMS + 304;
	strcpy(m->smsc, number);
	return AT_OK;
}

static int
cmgf(struct modem *m, char form, const char *args)
{
	int rc = at_flag(m, "+CMGF", form, args, &m->cmgf, 0);

	if (m->text_stuck)
		m->cmgf = 1;
	return rc;
}

static int
cmms(struct modem *m, char form, const char *args)
{
	return at_flag(m, "+CMMS", form, args, &m->cmms, 2);
}

/* Whether group number `group` of "(0-2),(0,1)..." holds `value`. */
static bool
cnmi_offers(const char *groups, int group, int value)
{
	const char *p = groups;
	char *end;

	for (; group && p; group--)
		p = strchr(p + 1, '(');
	if (!p || *p != '(')
		return false;
	for (p++; *p && *p != ')'; p = *end == ',' ? end + 1 : end) {
		long low = strtol(p, &end, 10), high = low;

		if (*end == '-')
			high = strtol(end + 1, &end, 10);
		if (value >= low && value <= high)
			return true;
		if (*end != ',' && *end != ')')
			return false;
	}
	return false;
}

static int
cnmi(struct modem *m, char form, const char *args)
{
	int value[5];

	if (form == '?') {
		tty_line(m, "+CNMI: %d,%d,%d,%d,%d", m->cnmi[0], m->cnmi[1], m->cnmi[2],
			m->cnmi[3], m->cnmi[4]);
		return AT_OK;
	}
	if (!strcmp(args, "?")) {
		tty_line(m, "+CNMI: %s", m->o.cnmi);
		return AT_OK;
	}
	memcpy(value, m->cnmi, sizeof(value));
	if (at_numbers(args, value, 5) < 0)
		return AT_CMS + 302;
	for (int i = 0; i < 5; i++)
		if (!cnmi_offers(m->o.cnmi, i, value[i]))
			return AT_CMS + 302;
	memcpy(m->cnmi, value, sizeof(value));
	return AT_OK;
}

/* 27.005 3.4.4: bare, 0 and 1 take the message; 2 sends it back. */
static int
cnma(struct modem *m, char form, const char *args)
{
	int how = 0;

	if (at_numbers(args, &how, 1) < 0 || how < 0 || how > 2)
		return AT_CMS + 302;
	return sms_acknowledge(m, how < 2);
}

static int
csms(struct modem *m, char form, const char *args)
{
	int rc;

	if (form == '?') {
		tty_line(m, "+CSMS: %d,1,1,1", m->csms);
		return AT_OK;
	}
	rc = at_flag(m, "+CSMS", form, args, &m->csms, 1);
	if (rc == AT_OK)
		tty_line(m, "+CSMS: 1,1,1");
	return rc;
}

static int
cpms(struct modem *m, char form, const char *args)
{
	enum memory_index wanted[3] = { m->mem[0], m->mem[1], m->mem[2] };
	struct buf out = { 0 };
	char name[64];

	for (int i = 0; form == '=' && *args && i < 3; i++) {
		int found = -1;

		if (!at_text(&args, name, sizeof(name)))
			return AT_CMS + 302;
		at_from_charset(m, name);
		for (int k = 0; k < MEMORIES; k++)
			if (!strcmp(name, m->memory[k].name) && (k != MEMORY_SR || !i))
				found = k;
		if (found < 0)
			return AT_CMS + 302;
		wanted[i] = (enum memory_index)found;
	}
	memcpy(m->mem, wanted, sizeof(wanted));
	for (int i = 0; i < 3; i++) {
		const struct memory *memory = &m->memory[m->mem[i]];

		buf_puts(&out, i ? "," : "");
		if (form == '?')
			buf_printf(&out, "\"%s\",", memory->name);
		buf_printf(&out, "%d,%d", memory_used(m, m->mem[i]), memory->size);
	}
	tty_line(m, "+CPMS: %s", out.data);
	buf_fini(&out);
	sms_hand_over(m);
	return AT_OK;
}

static struct slot *
slot_at(struct modem *m, int index)
{
	struct memory *memory = &m->memory[m->mem[0]];

	return index < 1 || index > memory->size ? NULL : &memory->slots[index - 1];
}

/* As in text mode, which the simulated modem gets into only by an order of the tester. */
static void
slot_show_text(struct modem *m, const struct slot *slot, const char *head)
{
	static const char *const stats[] = { "REC UNREAD", "REC READ", "STO UNSENT", "STO SENT" };
	struct pdu_submit sms = { 0 };

	pdu_deliver_decode(&sms, slot->hex);
	tty_line(m, "%s\"%s\",\"%s\",,\"26/11/24,08:30:00+32\"\r\n%s", head, stats[slot->stat],
		 sms.to, sms.text);
}

static void
slot_show(struct modem *m, struct slot *slot, const char *head)
{
	if (m->cmgf)
		slot_show_text(m, slot, head);
	else
		tty_line(m, "%s%d,,%zu\r\n%s", head, slot->stat, slot->tpdu, slot->hex);
	if (slot->stat == STAT_UNREAD)
		slot->stat = STAT_READ;
}

static int
cmgl(struct modem *m, char form, const char *args)
{
	int wanted = STAT_UNREAD;
	char head[32];

	if (at_numbers(args, &wanted, 1) < 0 || wanted < 0 || wanted > 4)
		return AT_CMS + 302;
	for (int i = 1; i <= m->memory[m->mem[0]].size; i++) {
		struct slot *slot = slot_at(m, i);

		if (slot->stat == STAT_EMPTY || (wanted != 4 && wanted != slot->stat))
			continue;
		snprintf(head, sizeof(head), "+CMGL: %d,", i);
		slot_show(m, slot, head);
	}
	return AT_OK;
}

static int
cmgr(struct modem *m, char form, const char *args)
{
	int index = 0;
	struct slot *slot;

	if (at_numbers(args, &index, 1) != 1 || !(slot = slot_at(m, index)) ||
			slot->stat == STAT_EMPTY)
		return AT_CMS + 321;
	slot_show(m, slot, "+CMGR: ");
	return AT_OK;
}

/* 27.005 3.5.4: 1 read, 2 and sent, 3 and unsent, 4 everything */
static bool
flag_deletes(int flag, int stat)
{
	return flag == 4 || stat == STAT_READ || (flag >= 2 && stat == STAT_SENT) ||
	       (flag >= 3 && stat == STAT_UNSENT);
}

static int
cmgd(struct modem *m, char form, const char *args)
{
	int value[2] = { 0, 0 };
	struct slot *slot;

	if (at_numbers(args, value, 2) < 1 || value[1] < 0 || value[1] > 4)
		return AT_CMS + 302;
	if (!value[1] && !slot_at(m, value[0]))
		return AT_CMS + 321;
	for (int i = 1; (slot = slot_at(m, i)); i++) {
		if (value[1] ? flag_deletes(value[1], slot->stat) : i == value[0]) {
			free(slot->hex);
			slot->hex = NULL;
			slot->stat = STAT_EMPTY;
		}
	}
	sms_hand_over(m);
	return AT_OK;
}

static int
prompt(struct modem *m, char kind, const char *args)
{
	int len = 0;

	if (m->side)
		return AT_ERROR;
	if (m->cmgf)
		return AT_CMS + 305;
	if (at_numbers(args, (int[]){0, 0}, 2) < 1 || (len = atoi(args)) < 7 || len > 180)
		return AT_CMS + 304;
	m->prompt = kind;
	m->prompt_tpdu = (size_t)len;
	return AT_PROMPT;
}

static int
cmgs(struct modem *m, char form, const char *args)
{
	return prompt(m, 'S', args);
}

static int
cmgw(struct modem *m, char form, const char *args)
{
	return prompt(m, 'W', args);
}

const struct command at_messages[] = {
	{ "+CSCA", "?=", csca, "", SIM_CMS },
	{ "+CSMS", "?=", csms, "(0,1)", SIM_NOT_NEEDED },
	{ "+CNMA", "!=", cnma, "(0-2)", SIM_NOT_NEEDED },
	{ "+CMGF", "?=", cmgf, "(0)", SIM_NOT_NEEDED },
	{ "+CMMS", "?=", cmms, "(0-2)", SIM_NOT_NEEDED },
	{ "+CNMI", "?=", cnmi, AT_OWN_TEST, SIM_NOT_NEEDED },
	{ "+CPMS", "?=", cpms, "(\"SM\",\"ME\",\"SR\"),(\"SM\",\"ME\"),(\"SM\",\"ME\")", SIM_CMS },
	{ "+CMGL", "!=", cmgl, "(0-4)", SIM_CMS },
	{ "+CMGR", "=", cmgr, "", SIM_CMS },
	{ "+CMGD", "=", cmgd, "(1-50),(0-4)", SIM_CMS },
	{ "+CMGS", "=", cmgs, "", SIM_CMS },
	{ "+CMGW", "=", cmgw, "", SIM_CMS },
	{ 0 },
};
