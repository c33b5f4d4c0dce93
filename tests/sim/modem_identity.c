/* modem_identity.c -- who the simulated modem says it is, and how warm. */
#include "tests/sim/modem.h"

void
identity_show(struct modem *m)
{
	tty_line(m, "%s\r\n%s\r\nRevision: %s", m->o.maker, m->o.model, m->o.firmware);
}

static int
cgmi(struct modem *m, char form, const char *args)
{
	tty_line(m, "%s", m->o.maker);
	return AT_OK;
}

static int
cgmm(struct modem *m, char form, const char *args)
{
	tty_line(m, "%s", m->o.model);
	return AT_OK;
}

static int
cgmr(struct modem *m, char form, const char *args)
{
	tty_line(m, "%s", m->o.firmware);
	return AT_OK;
}

static int
cgsn(struct modem *m, char form, const char *args)
{
	tty_line(m, "%s", m->o.imei);
	return AT_OK;
}

/* Three dialects of the same thermometer; a modem without one knows none of them. */
static int
qtemp(struct modem *m, char form, const char *args)
{
	int t = m->o.temperature;

	if (t == NO_TEMPERATURE)
		return AT_ERROR;
	tty_line(m, "+QTEMP: %d,%d,%d", t, t, t);
	return AT_OK;
}

static int
chiptemp(struct modem *m, char form, const char *args)
{
	int t = m->o.temperature;

	if (t == NO_TEMPERATURE)
		return AT_ERROR;
	/* In tenths of a degree; 65535 where nothing is measured. */
	tty_line(m, "^CHIPTEMP: %d,%d,%d,65535,65535", 10 * t, 10 * t, 10 * t);
	return AT_OK;
}

static int
cpmutemp(struct modem *m, char form, const char *args)
{
	if (m->o.temperature == NO_TEMPERATURE)
		return AT_ERROR;
	tty_line(m, "+CPMUTEMP: %d", m->o.temperature);
	return AT_OK;
}

const struct command at_identity[] = {
	{ "+CGMI", "!", cgmi, "", SIM_NOT_NEEDED },
	{ "+CGMM", "!", cgmm, "", SIM_NOT_NEEDED },
	{ "+CGMR", "!", cgmr, "", SIM_NOT_NEEDED },
	{ "+CGSN", "!", cgsn, "", SIM_NOT_NEEDED },
	{ "+GSN", "!", cgsn, "", SIM_NOT_NEEDED },
	{ "+QTEMP", "!", qtemp, NULL, SIM_NOT_NEEDED },
	{ "^CHIPTEMP", "?", chiptemp, NULL, SIM_NOT_NEEDED },
	{ "+CPMUTEMP", "!", cpmutemp, NULL, SIM_NOT_NEEDED },
	{ 0 },
};

static bool
temperature(struct modem *m, const char *args)
{
	return control_number(&args, &m->o.temperature, -40, 125);
}

const struct control identity_controls[] = {
	{ "temperature", temperature, "-40 to 125" },
	{ 0 },
};
