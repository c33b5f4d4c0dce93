/* modem_general.c -- the general commands of the simulated modem (3GPP TS 27.007):
 * settings, and enough of calls for a dialler. */
#include <stdlib.h>

#include "tests/sim/modem.h"

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
cmee(struct modem *m, char form, const char *args)
{
	return at_flag(m, "+CMEE", form, args, &m->cmee, 2);
}

static int
clip(struct modem *m, char form, const char *args)
{
	int value = m->clip, rc = AT_OK;

	if (form == '?')
		tty_line(m, "+CLIP: %d,1", value);
	else
		rc = at_flag(m, "+CLIP", form, args, &value, 1);
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
	if (!at_text(&args, name, sizeof(name)))
		return AT_CME + 50;
	at_from_charset(m, name);
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
	if (at_numbers(args, value, 2) < 1 ||
	    (value[0] && value[0] != 1 && value[0] != 4))
		return AT_CME + 50;
	if (value[1])
		power_reset_soon(m);
	m->cfun = value[0];
	network_announce(m);
	return AT_OK;
}

/* --- calls: enough for a dialler; nobody picks up unless the tester says so --------- */

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

int
call_dial(struct modem *m, const char *number)
{
	size_t len = strspn(number, "+0123456789*#");
	unsigned *generation;

	if (!len || len >= sizeof(m->call_number) || number[len] != ';')
		return AT_CME + 4;	/* no ';': a data call */
	if (m->call_at)
		return AT_CME + 3;
	memcpy(m->call_number, number, len);
	m->call_number[len] = 0;
	if (!network_serves(m))
		return AT_NO_CARRIER;
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
			at_in_charset(m, m->call_number, number, sizeof(number)),
			*m->call_number == '+' ? 145 : 129);
	return AT_OK;
}

/* --- the table ---------------------------------------------------------------------- */

const struct command at_general[] = {
	{ "+CMEE", "?=", cmee, "(0-2)", SIM_NOT_NEEDED },
	{ "+CSCS", "?=", cscs, "(\"GSM\",\"IRA\",\"UCS2\")", SIM_NOT_NEEDED },
	{ "+CFUN", "?=", cfun, "(0,1,4),(0,1)", SIM_NOT_NEEDED },
	{ "+CPAS", "!?", cpas, "(0,3,4)", SIM_NOT_NEEDED },
	{ "+CBC", "!?", cbc, "(0-3),(0-100)", SIM_NOT_NEEDED },
	{ "+CRC", "=", at_ignored, "(0,1)", SIM_NOT_NEEDED },
	{ "+COLP", "=", at_ignored, "(0,1)", SIM_NOT_NEEDED },
	{ "+CCWA", "=", at_ignored, "(0,1)", SIM_NOT_NEEDED },
	{ "+CLIP", "?=", clip, "(0,1)", SIM_NOT_NEEDED },
	{ "+CLCC", "!", clcc, "", SIM_NOT_NEEDED },
	{ "+CHUP", "!", chup, "", SIM_NOT_NEEDED },
	{ 0 },
};
