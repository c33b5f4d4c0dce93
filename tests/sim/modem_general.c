/* modem_general.c -- the general commands of the simulated modem (3GPP TS 27.007):
 * settings that belong to no other part. */
#include <stdlib.h>

#include "tests/sim/modem.h"

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

/* --- the table ---------------------------------------------------------------------- */

const struct command at_general[] = {
	{ "+CMEE", "?=", cmee, "(0-2)", SIM_NOT_NEEDED },
	{ "+CSCS", "?=", cscs, "(\"GSM\",\"IRA\",\"UCS2\")", SIM_NOT_NEEDED },
	{ "+CFUN", "?=", cfun, "(0,1,4),(0,1)", SIM_NOT_NEEDED },
	{ "+CBC", "!?", cbc, "(0-3),(0-100)", SIM_NOT_NEEDED },
	{ "+CRC", "=", at_ignored, "(0,1)", SIM_NOT_NEEDED },
	{ "+COLP", "=", at_ignored, "(0,1)", SIM_NOT_NEEDED },
	{ "+CCWA", "=", at_ignored, "(0,1)", SIM_NOT_NEEDED },
	{ 0 },
};
