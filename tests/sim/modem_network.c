/* modem_network.c -- the network as the client of the simulated modem sees it: registration,
 * operator, signal.  What travels through it is in modem_sms.c. */
#include "tests/sim/modem.h"

enum { REG_CS, REG_PS, REG_EPS, REGS };

static const char *const reg_name[REGS] = { "+CREG", "+CGREG", "+CEREG" };

static bool
home_or_roaming(int stat)
{
	return stat == 1 || stat == 5;
}

int
network_registration(const struct modem *m, int kind)
{
	return m->cfun == 1 && sim_ready(m) ? m->registration[kind] : 0;
}

bool
network_serves(const struct modem *m)
{
	return home_or_roaming(network_registration(m, REG_CS)) ||
	       home_or_roaming(network_registration(m, REG_EPS));
}

/* Where there is nothing but LTE the other two are "searching" for ever. */
static void
network_register(struct modem *m, int stat)
{
	for (int kind = 0; kind < REGS; kind++)
		m->registration[kind] =
			!m->o.lte || kind == REG_EPS ? stat : home_or_roaming(stat) ? 2 : stat;
}

void
network_init(struct modem *m)
{
	network_register(m, m->o.registration);
	m->signal = m->o.signal;
}

/* --- commands ----------------------------------------------------------------------- */

static void
reg_cell(struct modem *m, int kind, char *out, size_t size)
{
	*out = 0;
	if (m->reg[kind] == 2 && home_or_roaming(network_registration(m, kind)))
		snprintf(out, size, ",\"0001\",\"00000001\"%s",
			 kind == REG_EPS ? ",7" : "");
}

static int
reg(struct modem *m, int kind, char form, const char *args)
{
	char cell[64];

	if (form == '=')
		return at_flag(m, reg_name[kind], form, args, &m->reg[kind], 2);
	reg_cell(m, kind, cell, sizeof(cell));
	tty_line(m, "%s: %d,%d%s", reg_name[kind], m->reg[kind],
		 network_registration(m, kind), cell);
	return AT_OK;
}

static int
creg(struct modem *m, char form, const char *args)
{
	return reg(m, REG_CS, form, args);
}

static int
cgreg(struct modem *m, char form, const char *args)
{
	return reg(m, REG_PS, form, args);
}

static int
cereg(struct modem *m, char form, const char *args)
{
	return reg(m, REG_EPS, form, args);
}

static int
cgatt(struct modem *m, char form, const char *args)
{
	if (form == '?')
		tty_line(m, "+CGATT: %d", network_serves(m));
	return AT_OK;
}

void
network_announce(struct modem *m)
{
	char cell[64];

	for (int kind = 0; kind < REGS; kind++) {
		reg_cell(m, kind, cell, sizeof(cell));
		if (m->reg[kind])
			tty_urc(m, "%s: %d%s", reg_name[kind],
				network_registration(m, kind), cell);
	}
}

static int
cops(struct modem *m, char form, const char *args)
{
	int value[2] = { 0, m->cops_format };
	char name[256];

	if (form == '=') {
		if (at_numbers(args, value, 2) < 1 || value[0] < 0 || value[0] > 4 ||
				value[1] < 0 || value[1] > 2)
			return AT_CME + 50;
		m->cops_format = value[1];
	} else if (!network_serves(m)) {
		tty_line(m, "+COPS: 0");
	} else {
		tty_line(m, "+COPS: 0,%d,\"%s\"%s", m->cops_format,
			 at_in_charset(m, m->cops_format == 2 ? "99901" : m->o.operator,
				       name, sizeof(name)),
			 m->o.lte ? ",7" : "");
	}
	return AT_OK;
}

static int
csq(struct modem *m, char form, const char *args)
{
	tty_line(m, "+CSQ: %d,99", m->signal);
	return AT_OK;
}

const struct command at_network[] = {
	{ "+CSQ", "!", csq, "(0-31,99),(0-7,99)", SIM_NOT_NEEDED },
	{ "+CREG", "?=", creg, "(0-2)", SIM_NOT_NEEDED },
	{ "+CGREG", "?=", cgreg, "(0-2)", SIM_NOT_NEEDED },
	{ "+CEREG", "?=", cereg, "(0-2)", SIM_NOT_NEEDED },
	{ "+COPS", "?=", cops, "(2,\"GONGSIM\",\"GONG\",\"99901\"),,(0-4),(0-2)", SIM_NOT_NEEDED },
	/* libGammu 1.42 fails GSM_GetNetworkInfo as a whole when this one is unknown. */
	{ "+CGATT", "?=", cgatt, "(0,1)", SIM_NOT_NEEDED },
	{ 0 },
};

/* --- the tester's hand -------------------------------------------------------------- */

static bool
set_registration(struct modem *m, const char *args)
{
	int stat;

	if (!control_number(&args, &stat, 0, 5))
		return false;
	network_register(m, stat);
	network_announce(m);
	sms_hand_over(m);
	return true;
}

/* Lost without a word: no +CREG and its like. */
static bool
set_registration_quietly(struct modem *m, const char *args)
{
	int stat;

	if (!control_number(&args, &stat, 0, 5))
		return false;
	network_register(m, stat);
	return true;
}

static bool
set_registration_eps(struct modem *m, const char *args)
{
	if (!control_number(&args, &m->registration[REG_EPS], 0, 5))
		return false;
	network_announce(m);
	sms_hand_over(m);
	return true;
}

static bool
set_signal(struct modem *m, const char *args)
{
	return control_number(&args, &m->signal, 0, 99);
}

const struct control network_controls[] = {
	{ "register", set_registration, "0-5" },
	{ "register-quietly", set_registration_quietly, "0-5" },
	{ "register-eps", set_registration_eps, "0-5" },
	{ "signal", set_signal, "0-31 or 99" },
	{ 0 },
};
