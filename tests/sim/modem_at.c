/* modem_at.c -- the client's side of the simulated modem: 3GPP TS 27.007 and 27.005 in PDU mode.
 * One table names every command; whatever is not in it is an ERROR, as on a real modem. */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "tests/sim/modem.h"

#define LINE_MAX_BYTES 1024

void
at_reset(struct modem *m)
{
	m->echo = true;
	m->clip = false;
	m->cmee = m->cmgf = m->csms = m->cmms = m->cops_format = 0;
	m->cfun = 1;
	memset(m->cnmi, 0, sizeof(m->cnmi));
	memset(m->reg, 0, sizeof(m->reg));
	strcpy(m->charset, "IRA");
}

void
at_result(struct modem *m, int result)
{
	if (result == AT_LATER)
		return;
	if (result == AT_OK)
		tty_line(m, "OK");
	else if (result >= AT_CMS)
		tty_line(m, "+CMS ERROR: %d", result - AT_CMS);
	else if (result >= AT_CME && m->cmee)
		tty_line(m, "+CME ERROR: %d", result - AT_CME);
	else
		tty_line(m, "ERROR");
	tty_settle(m);
}

/* --- arguments ---------------------------------------------------------------------------- */

/* Reads comma-separated numbers; an empty or missing one keeps what `out` holds.  Returns how
 * many there were, -1 when one is not a number. */
static int
args_numbers(const char *args, int *out, int max)
{
	char *end;
	int count = 0;

	while (*args) {
		if (count == max)
			return -1;
		if (*args != ',') {
			out[count] = (int)strtol(args, &end, 10);
			if (end == args || (*end && *end != ','))
				return -1;
			args = end;
		}
		count++;
		if (*args == ',')
			args++;
	}
	return count;
}

/* Takes one text, quoted or not, and moves on to what follows its comma. */
static bool
args_text(const char **args, char *out, size_t size)
{
	const char *p = *args;
	bool quoted = *p == '"';
	size_t len = 0;

	for (p += quoted; *p && *p != (quoted ? '"' : ','); p++)
		if (len + 1 < size)
			out[len++] = *p;
	out[len] = 0;
	if (quoted && *p++ != '"')
		return false;
	if (*p == ',')
		p++;
	*args = p;
	return len > 0;
}

/* Texts towards the client follow +CSCS: with "UCS2" they are hexadecimal UTF-16. */
static const char *
in_charset(struct modem *m, const char *text, char *out, size_t size)
{
	uint16_t units[64];
	size_t count;

	if (strcmp(m->charset, "UCS2")) {
		snprintf(out, size, "%s", text);
		return out;
	}
	count = pdu_utf16(units, 64, text);
	*out = 0;
	for (size_t i = 0; i < count && 4 * i + 5 <= size; i++)
		snprintf(out + 4 * i, 5, "%04X", units[i]);
	return out;
}

/* The reverse, for digits and names only; text that is no such hexadecimal stays as it is. */
static void
from_charset(struct modem *m, char *text)
{
	size_t len = strlen(text);

	if (strcmp(m->charset, "UCS2") || !len || len % 4 ||
			strspn(text, "0123456789ABCDEFabcdef") != len || strncmp(text, "00", 2))
		return;
	for (size_t i = 0; i < len; i += 4) {
		char unit[5] = { text[i], text[i + 1], text[i + 2], text[i + 3], 0 };

		text[i / 4] = (char)strtoul(unit, NULL, 16);
	}
	text[len / 4] = 0;
}

/* --- identity and settings ---------------------------------------------------------------- */

static int
cgmi(struct modem *m, char form, const char *args)
{
	tty_line(m, "gong");
	return AT_OK;
}

static int
cgmm(struct modem *m, char form, const char *args)
{
	tty_line(m, "SIM-MODEM");
	return AT_OK;
}

static int
cgmr(struct modem *m, char form, const char *args)
{
	tty_line(m, "gong-sim-" GONG_VERSION);
	return AT_OK;
}

static int
cgsn(struct modem *m, char form, const char *args)
{
	tty_line(m, "%s", m->o.imei);
	return AT_OK;
}

static int
cimi(struct modem *m, char form, const char *args)
{
	tty_line(m, "%s", m->o.imsi);
	return AT_OK;
}

static int
ccid(struct modem *m, char form, const char *args)
{
	tty_line(m, "+CCID: %s", m->o.iccid);
	return AT_OK;
}

static int
cnum(struct modem *m, char form, const char *args)
{
	char number[256];

	tty_line(m, "+CNUM: \"\",\"%s\",145",
		in_charset(m, m->o.number, number, sizeof(number)));
	return AT_OK;
}

static int
cpin(struct modem *m, char form, const char *args)
{
	tty_line(m, "+CPIN: READY");
	return AT_OK;
}

static int
csq(struct modem *m, char form, const char *args)
{
	tty_line(m, "+CSQ: %d,99", m->signal);
	return AT_OK;
}

static int
cpas(struct modem *m, char form, const char *args)
{
	tty_line(m, "+CPAS: %d", m->call_at ? 4 : 0);
	return AT_OK;
}

static int
cbc(struct modem *m, char form, const char *args)
{
	tty_line(m, "+CBC: 0,100,4000");
	return AT_OK;
}

static int
flag(struct modem *m, const char *name, char form, const char *args, int *value, int max)
{
	int wanted = *value;

	if (form == '?') {
		tty_line(m, "%s: %d", name, *value);
		return AT_OK;
	}
	if (args_numbers(args, &wanted, 1) != 1 || wanted < 0 || wanted > max)
		return AT_CME + 50;
	*value = wanted;
	return AT_OK;
}

/* Taken so that clients go on; it changes nothing here. */
static int
ignored(struct modem *m, char form, const char *args)
{
	return AT_OK;
}

static int
cmee(struct modem *m, char form, const char *args)
{
	return flag(m, "+CMEE", form, args, &m->cmee, 2);
}

static int
cmgf(struct modem *m, char form, const char *args)
{
	return flag(m, "+CMGF", form, args, &m->cmgf, 0);
}

static int
cmms(struct modem *m, char form, const char *args)
{
	return flag(m, "+CMMS", form, args, &m->cmms, 2);
}

static int
clip(struct modem *m, char form, const char *args)
{
	int value = m->clip, rc = AT_OK;

	if (form == '?')
		tty_line(m, "+CLIP: %d,1", value);
	else
		rc = flag(m, "+CLIP", form, args, &value, 1);
	m->clip = value;
	return rc;
}

static int
cscs(struct modem *m, char form, const char *args)
{
	char name[64];

	if (form == '?') {
		tty_line(m, "+CSCS: \"%s\"", m->charset);
		return AT_OK;
	}
	if (!args_text(&args, name, sizeof(name)))
		return AT_CME + 50;
	from_charset(m, name);
	if (strcmp(name, "GSM") && strcmp(name, "IRA") && strcmp(name, "UCS2"))
		return AT_CME + 50;
	strcpy(m->charset, name);
	return AT_OK;
}

static int
cfun(struct modem *m, char form, const char *args)
{
	int value[2] = { 1, 0 };

	if (form == '?') {
		tty_line(m, "+CFUN: %d", m->cfun);
		return AT_OK;
	}
	if (args_numbers(args, value, 2) < 1 || (value[0] && value[0] != 1 && value[0] != 4))
		return AT_CME + 50;
	if (value[1])
		at_reset(m);
	m->cfun = value[0];
	return AT_OK;
}

/* --- the network as the client sees it ---------------------------------------------------- */

static const char *const reg_name[3] = { "+CREG", "+CGREG", "+CEREG" };

static int
registration(struct modem *m)
{
	return m->cfun == 1 ? m->registration : 0;
}

static void
reg_cell(struct modem *m, int kind, char *out, size_t size)
{
	int stat = registration(m);

	*out = 0;
	if (m->reg[kind] == 2 && (stat == 1 || stat == 5))
		snprintf(out, size, ",\"0001\",\"00000001\"%s", kind == 2 ? ",7" : "");
}

static int
reg(struct modem *m, int kind, char form, const char *args)
{
	char cell[64];

	if (form == '=')
		return flag(m, reg_name[kind], form, args, &m->reg[kind], 2);
	reg_cell(m, kind, cell, sizeof(cell));
	tty_line(m, "%s: %d,%d%s", reg_name[kind], m->reg[kind], registration(m), cell);
	return AT_OK;
}

static int
creg(struct modem *m, char form, const char *args)
{
	return reg(m, 0, form, args);
}

static int
cgreg(struct modem *m, char form, const char *args)
{
	return reg(m, 1, form, args);
}

static int
cereg(struct modem *m, char form, const char *args)
{
	return reg(m, 2, form, args);
}

static int
cgatt(struct modem *m, char form, const char *args)
{
	int stat = registration(m);

	if (form == '?')
		tty_line(m, "+CGATT: %d", stat == 1 || stat == 5);
	return AT_OK;
}

void
at_registration_changed(struct modem *m)
{
	char cell[64];

	for (int kind = 0; kind < 3; kind++) {
		reg_cell(m, kind, cell, sizeof(cell));
		if (m->reg[kind])
			tty_urc(m, "%s: %d%s", reg_name[kind], registration(m), cell);
	}
}

static int
cops(struct modem *m, char form, const char *args)
{
	int value[2] = { 0, m->cops_format }, stat = registration(m);
	char name[256];

	if (form == '=') {
		if (args_numbers(args, value, 2) < 1 || value[0] < 0 || value[0] > 4 ||
				value[1] < 0 || value[1] > 2)
			return AT_CME + 50;
		m->cops_format = value[1];
	} else if (stat != 1 && stat != 5) {
		tty_line(m, "+COPS: 0");
	} else {
		tty_line(m, "+COPS: 0,%d,\"%s\"", m->cops_format,
			in_charset(m, m->cops_format == 2 ? "99901" : m->o.operator, name,
				sizeof(name)));
	}
	return AT_OK;
}

static int
csca(struct modem *m, char form, const char *args)
{
	char number[256];

	if (form == '?') {
		tty_line(m, "+CSCA: \"%s\",%d", in_charset(m, m->smsc, number, sizeof(number)),
			*m->smsc == '+' ? 145 : 129);
		return AT_OK;
	}
	if (!args_text(&args, number, sizeof(number)))
		return AT_CMS + 304;
	from_charset(m, number);
	if (strlen(number) >= sizeof(m->smsc))
		return AT_CMS + 304;
	strcpy(m->smsc, number);
	return AT_OK;
}

/* --- calls: enough for a dialler; nobody picks up unless the tester says so ---------------- */

static void
call_log(struct modem *m, const char *state)
{
	struct buf line = modem_log_begin("call");

	buf_puts(&line, ",\"to\":");
	buf_json(&line, m->call_number);
	buf_printf(&line, ",\"state\":\"%s\"", state);
	modem_log(m, &line);
}

void
call_event(struct modem *m, const char *what)
{
	if (!m->call_at)
		return;
	call_log(m, what);
	m->call_answered = !strcmp(what, "answer");
	if (m->call_answered)
		return;
	m->call_at = 0;
	if (strcmp(what, "hangup"))
		tty_urc(m, "%s", !strcmp(what, "busy") ? "BUSY" :
			!strcmp(what, "no answer") ? "NO ANSWER" : "NO CARRIER");
}

static void
call_unanswered(struct modem *m, void *arg)
{
	if (*(unsigned *)arg == m->call_generation && !m->call_answered)
		call_event(m, "no answer");
}

static int
dial(struct modem *m, const char *number)
{
	size_t len = strspn(number, "+0123456789*#");
	unsigned *generation;

	if (!len || len >= sizeof(m->call_number) || number[len] != ';')
		return AT_CME + 4;	/* no ';': a data call */
	if (m->call_at)
		return AT_CME + 3;
	memcpy(m->call_number, number, len);
	m->call_number[len] = 0;
	if (registration(m) != 1 && registration(m) != 5) {
		tty_line(m, "NO CARRIER");
		tty_settle(m);
		return AT_LATER;
	}
	m->call_at = now_ms();
	m->call_answered = false;
	generation = xmalloc(sizeof(*generation));
	*generation = ++m->call_generation;
	modem_later(m, m->o.ring_ms, call_unanswered, generation);
	call_log(m, "dialling");
	return AT_OK;
}

static int
chup(struct modem *m, char form, const char *args)
{
	call_event(m, "hangup");
	return AT_OK;
}

static int
clcc(struct modem *m, char form, const char *args)
{
	char number[256];

	/* 27.007 7.18: 0 active, 2 dialling, 3 alerting */
	if (m->call_at)
		tty_line(m, "+CLCC: 1,0,%d,0,0,\"%s\",%d",
			m->call_answered ? 0 : now_ms() - m->call_at < 300 ? 2 : 3,
			in_charset(m, m->call_number, number, sizeof(number)),
			*m->call_number == '+' ? 145 : 129);
	return AT_OK;
}

/* --- short messages ----------------------------------------------------------------------- */

static int
cnmi(struct modem *m, char form, const char *args)
{
	static const int max[5] = { 2, 2, 3, 2, 1 };
	int value[5];

	if (form == '?') {
		tty_line(m, "+CNMI: %d,%d,%d,%d,%d", m->cnmi[0], m->cnmi[1], m->cnmi[2],
			m->cnmi[3], m->cnmi[4]);
		return AT_OK;
	}
	memcpy(value, m->cnmi, sizeof(value));
	if (args_numbers(args, value, 5) < 0)
		return AT_CMS + 302;
	for (int i = 0; i < 5; i++)
		if (value[i] < 0 || value[i] > max[i])
			return AT_CMS + 302;
	memcpy(m->cnmi, value, sizeof(value));
	return AT_OK;
}

static int
csms(struct modem *m, char form, const char *args)
{
	int rc;

	if (form == '?') {
		tty_line(m, "+CSMS: %d,1,1,1", m->csms);
		return AT_OK;
	}
	rc = flag(m, "+CSMS", form, args, &m->csms, 1);
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

		if (!args_text(&args, name, sizeof(name)))
			return AT_CMS + 302;
		from_charset(m, name);
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

static void
slot_show(struct modem *m, struct slot *slot, const char *head)
{
	tty_line(m, "%s%d,,%zu\r\n%s", head, slot->stat, slot->tpdu, slot->hex);
	if (slot->stat == STAT_UNREAD)
		slot->stat = STAT_READ;
}

static int
cmgl(struct modem *m, char form, const char *args)
{
	int wanted = STAT_UNREAD;
	char head[32];

	if (args_numbers(args, &wanted, 1) < 0 || wanted < 0 || wanted > 4)
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

	if (args_numbers(args, &index, 1) != 1 || !(slot = slot_at(m, index)) ||
			slot->stat == STAT_EMPTY)
		return AT_CMS + 321;
	slot_show(m, slot, "+CMGR: ");
	return AT_OK;
}

static int
cmgd(struct modem *m, char form, const char *args)
{
	int value[2] = { 0, 0 };
	struct slot *slot;

	if (args_numbers(args, value, 2) < 1 || value[1] < 0 || value[1] > 4)
		return AT_CMS + 302;
	if (!value[1] && !slot_at(m, value[0]))
		return AT_CMS + 321;
	/* 27.005 3.5.4: 1 read, 2 and sent, 3 and unsent, 4 everything */
	for (int i = 1; (slot = slot_at(m, i)); i++) {
		bool gone = value[1] == 0 ? i == value[0] : value[1] == 4 ||
			slot->stat == STAT_READ || (value[1] == 3 && slot->stat == STAT_UNSENT);

		if (gone) {
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

	if (args_numbers(args, (int[]){ 0, 0 }, 2) < 1 || (len = atoi(args)) < 7 || len > 180)
		return AT_CMS + 304;
	m->prompt = kind;
	m->prompt_tpdu = (size_t)len;
	tty_write(m, "\r\n> ", 4);
	return AT_LATER;
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

/* --- the table ---------------------------------------------------------------------------- */

static const struct command {
	const char *name;
	const char *forms;		/* '!' bare, '?' read, '=' set */
	int (*run)(struct modem *, char form, const char *args);
	const char *test;		/* answer to =?, "" = a bare OK, NULL = ERROR */
} commands[] = {
	{ "+CGMI", "!", cgmi, "" },
	{ "+CGMM", "!", cgmm, "" },
	{ "+CGMR", "!", cgmr, "" },
	{ "+CGSN", "!", cgsn, "" },
	{ "+CIMI", "!", cimi, "" },
	{ "+CCID", "!?", ccid, "" },
	{ "+CNUM", "!", cnum, "" },
	{ "+CMEE", "?=", cmee, "(0-2)" },
	{ "+CSCS", "?=", cscs, "(\"GSM\",\"IRA\",\"UCS2\")" },
	{ "+CFUN", "?=", cfun, "(0,1,4),(0,1)" },
	{ "+CPIN", "?", cpin, "" },
	{ "+CPAS", "!?", cpas, "(0,3,4)" },
	{ "+CBC", "!?", cbc, "(0-3),(0-100)" },
	{ "+CSQ", "!", csq, "(0-31,99),(0-7,99)" },
	{ "+CREG", "?=", creg, "(0-2)" },
	{ "+CGREG", "?=", cgreg, "(0-2)" },
	{ "+CEREG", "?=", cereg, "(0-2)" },
	{ "+COPS", "?=", cops, "(2,\"GONGSIM\",\"GONG\",\"99901\"),,(0-4),(0-2)" },
	/* libGammu 1.42 fails GSM_GetNetworkInfo as a whole when this one is unknown. */
	{ "+CGATT", "?=", cgatt, "(0,1)" },
	{ "+CRC", "=", ignored, "(0,1)" },
	{ "+COLP", "=", ignored, "(0,1)" },
	{ "+CCWA", "=", ignored, "(0,1)" },
	{ "+CLIP", "?=", clip, "(0,1)" },
	{ "+CLCC", "!", clcc, "" },
	{ "+CHUP", "!", chup, "" },
	{ "+CSCA", "?=", csca, "" },
	{ "+CSMS", "?=", csms, "(0,1)" },
	{ "+CNMA", "!=", ignored, "(0)" },
	{ "+CMGF", "?=", cmgf, "(0)" },
	{ "+CMMS", "?=", cmms, "(0-2)" },
	/* libGammu 1.42 needs the blank after the colon and more than "(0)" for <bm>. */
	{ "+CNMI", "?=", cnmi, "(0-2),(0-2),(0-3),(0-2),(0,1)" },
	{ "+CPMS", "?=", cpms, "(\"SM\",\"ME\",\"SR\"),(\"SM\",\"ME\"),(\"SM\",\"ME\")" },
	{ "+CMGL", "!=", cmgl, "(0-4)" },
	{ "+CMGR", "=", cmgr, "" },
	{ "+CMGD", "=", cmgd, "(1-50),(0-4)" },
	{ "+CMGS", "=", cmgs, "" },
	{ "+CMGW", "=", cmgw, "" },
};

static int
extended(struct modem *m, const char *text)
{
	size_t len = 1 + strcspn(text + 1, "=?");
	const char *rest = text + len;
	char form = *rest ? *rest++ : '!';

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *c = &commands[i];

		if (strlen(c->name) != len || strncasecmp(c->name, text, len))
			continue;
		if (form == '=' && !strcmp(rest, "?")) {
			if (c->test && *c->test)
				tty_line(m, "%s: %s", c->name, c->test);
			return c->test ? AT_OK : AT_ERROR;
		}
		return strchr(c->forms, form) ? c->run(m, form, rest) : AT_ERROR;
	}
	return AT_ERROR;
}

/* One basic command (V.250): a letter, its number, perhaps more behind it. */
static int
basic(struct modem *m, const char **at)
{
	const char *p = *at;
	int letter = toupper((unsigned char)*p++), number = 0;

	if (letter == 'D') {
		*at = p + strlen(p);
		return dial(m, p);
	}
	if (letter == '&' && *p)
		letter = 0x100 | toupper((unsigned char)*p++);
	while (isdigit((unsigned char)*p))
		number = number * 10 + *p++ - '0';
	if (letter == 'S' && *p == '=')
		for (p++; isdigit((unsigned char)*p); p++)
			;
	*at = p;
	switch (letter) {
	case 'E':
		m->echo = number;
		return number > 1 ? AT_ERROR : AT_OK;
	case 'Z':
	case 0x100 | 'F':
		at_reset(m);
		return AT_OK;
	case 'H':
		return chup(m, '!', "");
	case 'I':
		tty_line(m, "gong\r\nSIM-MODEM\r\nRevision: gong-sim-" GONG_VERSION);
		return AT_OK;
	case 'V':
	case 'Q':
	case 'S':
	case 'X':
	case 0x100 | 'C':
	case 0x100 | 'D':
	case 0x100 | 'W':
		return AT_OK;
	}
	return AT_ERROR;
}

static void
command_line(struct modem *m, char *text)
{
	int result = AT_OK;
	const char *p = text + strspn(text, " ");

	if (strncasecmp(p, "AT", 2))
		return;			/* no command: a modem stays silent */
	for (p += 2; *p && result == AT_OK;) {
		char one[LINE_MAX_BYTES];
		size_t len = 0;
		bool quoted = false;

		if (*p == ' ' || *p == ';') {
			p++;
			continue;
		}
		if (isalpha((unsigned char)*p) || *p == '&') {
			result = basic(m, &p);
			continue;
		}
		for (; *p && (quoted || *p != ';') && len + 1 < sizeof(one); p++) {
			quoted ^= *p == '"';
			one[len++] = *p;
		}
		one[len] = 0;
		result = extended(m, one);
	}
	at_result(m, result);
}

static int
prompt_end(struct modem *m, const char *hex)
{
	size_t len = strlen(hex);
	unsigned smsc;
	int index;

	if (len < 2 || len % 2 || sscanf(hex, "%2x", &smsc) != 1 ||
			len / 2 != m->prompt_tpdu + smsc + 1)
		return AT_CMS + 304;
	if (m->prompt == 'S')
		return sms_submit(m, hex);
	index = sms_store(m, m->mem[1], STAT_UNSENT, m->prompt_tpdu, hex);
	if (index < 0)
		return AT_CMS + 322;
	tty_line(m, "+CMGW: %d", index);
	return AT_OK;
}

static void
prompt_input(struct modem *m, char c)
{
	char *hex;
	int result;

	if (c != 0x1a && c != 0x1b) {
		if (isxdigit((unsigned char)c) && m->line.len < LINE_MAX_BYTES)
			buf_add(&m->line, &c, 1);
		return;
	}
	hex = buf_take(&m->line);
	result = c == 0x1b ? AT_OK : prompt_end(m, hex);
	m->prompt = 0;
	free(hex);
	at_result(m, result);
}

void
at_input(struct modem *m, char c)
{
	char *text;

	if (m->echo && (unsigned char)c >= ' ')
		tty_write(m, &c, 1);
	if (m->prompt) {
		prompt_input(m, c);
		return;
	}
	if (c == '\r') {
		if (m->echo)
			tty_write(m, &c, 1);
		text = buf_take(&m->line);
		command_line(m, text);
		free(text);
	} else if (c == '\b') {
		if (m->line.len)
			m->line.data[--m->line.len] = 0;
	} else if ((unsigned char)c >= ' ' && m->line.len + 1 < LINE_MAX_BYTES) {
		buf_add(&m->line, &c, 1);
	}
}
