/* modem_sim.c -- the SIM card in the simulated modem: present or not, its PIN, its PUK, and how
 * many tries are left. */
#include <stdlib.h>
#include <strings.h>

#include "tests/sim/modem.h"

#define PIN_TRIES 3
#define PUK_TRIES 10

bool
sim_ready(const struct modem *m)
{
	return m->sim == SIM_PRESENT && !m->locked;
}

/* 27.005 3.2.5 and 27.007 9.2 number the same four reasons differently. */
int
sim_refusal(const struct modem *m, enum sim_need need)
{
	if (need == SIM_NOT_NEEDED || sim_ready(m))
		return AT_OK;
	if (m->sim == SIM_ABSENT)
		return need == SIM_CMS ? AT_CMS + 310 : AT_CME + 10;
	if (m->sim == SIM_FAILURE)
		return need == SIM_CMS ? AT_CMS + 313 : AT_CME + 13;
	if (need == SIM_CARD)
		return AT_OK;		/* what the card says without its PIN */
	if (m->pin_left)
		return need == SIM_CMS ? AT_CMS + 311 : AT_CME + 11;
	return need == SIM_CMS ? AT_CMS + 316 : AT_CME + 12;
}

void
sim_init(struct modem *m)
{
	m->pin = xstrdup(m->o.pin);
	m->pin_left = PIN_TRIES;
	m->puk_left = PUK_TRIES;
	sim_power(m);
}

void
sim_power(struct modem *m)
{
	m->locked = m->pin || !m->pin_left;
}

const char *
sim_state(const struct modem *m)
{
	if (m->sim != SIM_PRESENT)
		return m->sim == SIM_ABSENT ? "NOT INSERTED" : "NOT READY";
	return !m->locked ? "READY" : m->pin_left ? "SIM PIN" : "SIM PUK";
}

static void
sim_log(struct modem *m, const char *state)
{
	struct buf line = modem_log_begin("sim");

	buf_printf(&line, ",\"state\":\"%s\",\"pin_left\":%d,\"puk_left\":%d", state,
		   m->pin_left, m->puk_left);
	modem_log(m, &line);
}

/* --- commands ----------------------------------------------------------------------- */

static int
sim_unlock(struct modem *m)
{
	m->locked = false;
	m->pin_left = PIN_TRIES;
	m->puk_left = PUK_TRIES;
	sim_log(m, "unlocked");
	tty_urc(m, "+CPIN: READY");
	network_announce(m);
	sms_hand_over(m);
	return AT_OK;
}

static int
pin_try(struct modem *m, const char *pin)
{
	if (m->pin && !strcmp(pin, m->pin))
		return sim_unlock(m);
	m->pin_left--;
	sim_log(m, "wrong pin");
	return AT_CME + 16;
}

static int
puk_try(struct modem *m, const char *puk, const char *pin)
{
	if (!*pin || !m->puk_left)
		return AT_CME + (m->puk_left ? 12 : 13);
	if (strcmp(puk, m->o.puk)) {
		m->puk_left--;
		sim_log(m, "wrong puk");
		return AT_CME + 16;
	}
	free(m->pin);
	m->pin = xstrdup(pin);
	return sim_unlock(m);
}

static int
cpin(struct modem *m, char form, const char *args)
{
	char first[32], second[32] = "";
	int refusal = sim_refusal(m, SIM_CARD);

	if (refusal != AT_OK)
		return refusal;
	if (form == '?') {
		tty_line(m, "+CPIN: %s", sim_state(m));
		return AT_OK;
	}
	if (!at_text(&args, first, sizeof(first)))
		return AT_CME + 50;
	at_text(&args, second, sizeof(second));
	if (!m->locked)
		return AT_CME + 3;
	return m->pin_left ? pin_try(m, first) : puk_try(m, first, second);
}

static int
cpinr(struct modem *m, char form, const char *args)
{
	char which[32] = "";

	if (form == '=')
		at_text(&args, which, sizeof(which));
	if (!*which || !strcasecmp(which, "SIM PIN"))
		tty_line(m, "+CPINR: SIM PIN,%d,%d", m->pin_left, PIN_TRIES);
	if (!*which || !strcasecmp(which, "SIM PUK"))
		tty_line(m, "+CPINR: SIM PUK,%d,%d", m->puk_left, PUK_TRIES);
	return AT_OK;
}

static int
qpinc(struct modem *m, char form, const char *args)
{
	tty_line(m, "+QPINC: \"SC\",%d,%d", m->pin_left, m->puk_left);
	if (form == '?')
		tty_line(m, "+QPINC: \"P2\",%d,%d", PIN_TRIES, PUK_TRIES);
	return AT_OK;
}

static int
spic(struct modem *m, char form, const char *args)
{
	tty_line(m, "+SPIC: %d,%d,%d,%d", m->pin_left, m->puk_left, PIN_TRIES, PUK_TRIES);
	return AT_OK;
}

static int
hcpin(struct modem *m, char form, const char *args)
{
	char times[16] = "";

	if (m->locked)
		snprintf(times, sizeof(times), "%d",
			 m->pin_left ? m->pin_left : m->puk_left);
	tty_line(m, "^CPIN: %s,%s,%d,%d,%d,%d", sim_state(m), times, m->puk_left,
		 m->pin_left, PUK_TRIES, PIN_TRIES);
	return AT_OK;
}

static int
cimi(struct modem *m, char form, const char *args)
{
	tty_line(m, "%s", m->o.imsi);
	return AT_OK;
}

static int
cnum(struct modem *m, char form, const char *args)
{
	char number[256];

	tty_line(m, "+CNUM: \"\",\"%s\",145",
		 at_in_charset(m, m->o.number, number, sizeof(number)));
	return AT_OK;
}

static int
ccid(struct modem *m, char form, const char *args)
{
	tty_line(m, "+CCID: %s", m->o.iccid);
	return AT_OK;
}

static int
iccid(struct modem *m, char form, const char *args)
{
	tty_line(m, "+ICCID: %s", m->o.iccid);
	return AT_OK;
}

static int
qccid(struct modem *m, char form, const char *args)
{
	tty_line(m, "+QCCID: %s", m->o.iccid);
	return AT_OK;
}

static int
hiccid(struct modem *m, char form, const char *args)
{
	tty_line(m, "^ICCID: %s", m->o.iccid);
	return AT_OK;
}

const struct command at_sim[] = {
	{ "+CPIN", "?=", cpin, "", SIM_NOT_NEEDED },
	{ "+CPINR", "!=", cpinr, "", SIM_CARD },
	{ "+QPINC", "?=", qpinc, "(\"SC\",\"P2\")", SIM_CARD },
	{ "+SPIC", "!", spic, "", SIM_CARD },
	{ "^CPIN", "?", hcpin, "", SIM_CARD },
	{ "+CIMI", "!", cimi, "", SIM_CME },
	{ "+CNUM", "!", cnum, "", SIM_CME },
	{ "+CCID", "!?", ccid, "", SIM_CARD },
	{ "+ICCID", "!?", iccid, "", SIM_CARD },
	{ "+QCCID", "!", qccid, "", SIM_CARD },
	{ "^ICCID", "?", hiccid, "", SIM_CARD },
	{ 0 },
};

/* --- the tester's hand -------------------------------------------------------------- */

static bool
sim(struct modem *m, const char *args)
{
	static const char *const name[] = { "ok", "absent", "failure" };
	enum sim_card was = m->sim;

	for (int i = 0; i < 3; i++) {
		if (strcmp(args, name[i]))
			continue;
		m->sim = (enum sim_card)i;
		if (was != m->sim) {
			sim_power(m);	/* a card put back wants its PIN again */
			tty_urc(m, "+CPIN: %s", sim_state(m));
			network_announce(m);
			sms_hand_over(m);
		}
		return true;
	}
	return false;
}

const struct control sim_controls[] = {
	{ "sim", sim, "ok|absent|failure" },
	{ 0 },
};
