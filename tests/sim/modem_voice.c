/* modem_voice.c -- the one voice call of the simulated modem, out or in: what +CLCC says of it,
 * how it ends, and its lines in the books.  What the called party does stands in
 * modem_callee.c; no sound is ever played. */
#include <stdlib.h>

#include "tests/sim/modem.h"

/* A caller who is not answered: one RING after another. */
enum { RINGS_UNLESS_TOLD = 10 };

static int
number_type(const char *number)
{
	return *number == '+' ? 145 : 129;
}

void
call_log(struct modem *m, const char *state, const char *key)
{
	struct buf line = modem_log_begin("call");

	buf_printf(&line, ",\"%s\":", m->call.incoming ? "from" : "to");
	buf_json(&line, m->call.number);
	buf_printf(&line, ",\"state\":\"%s\"", state);
	if (key)
		buf_printf(&line, ",\"key\":\"%s\"", key);
	modem_log(m, &line);
}

/* ^DSCI tells each change, where it is asked for; 6 is the end. */
static void
dsci_say(struct modem *m, int stat)
{
	if (m->dsci)
		tty_urc(m, "^DSCI: 1,%d,%d,0,%s,%d", m->call.incoming, stat,
			m->call.number, number_type(m->call.number));
}

void
call_set(struct modem *m, enum call_stat stat)
{
	m->call.stat = stat;
	dsci_say(m, (int)stat);
}

static void
call_begin(struct modem *m, const char *number, bool incoming)
{
	unsigned generation = m->call.generation;

	m->call = (struct call){
		.on = true, .incoming = incoming, .generation = generation + 1, .at = now_ms()
	};
	snprintf(m->call.number, sizeof(m->call.number), "%s", number);
	call_set(m, incoming ? CALL_INCOMING : CALL_DIALLING);
}

/* `says`: how the modem tells it, NULL when its own client hung up. */
void
call_end(struct modem *m, const char *state, const char *says)
{
	call_log(m, state, NULL);
	m->call.on = false;
	m->call.generation++;
	dsci_say(m, 6);
	if (says)
		tty_urc(m, "%s", says);
}

void
call_answer(struct modem *m)
{
	call_log(m, "answer", NULL);
	call_set(m, CALL_ACTIVE);
}

void
call_hang_up(struct modem *m)
{
	if (m->call.on)
		call_end(m, "hangup", NULL);
}

int
call_dial(struct modem *m, const char *text)
{
	size_t len = strspn(text, "+0123456789*#");
	char number[32];

	if (!len || len >= sizeof(number) || text[len] != ';')
		return AT_CME + 4;	/* no ';': a data call */
	if (m->call.on)
		return AT_CME + 3;
	memcpy(number, text, len);
	number[len] = 0;
	if (!network_serves(m))
		return AT_NO_CARRIER;
	call_begin(m, number, false);
	call_log(m, "dialling", NULL);
	if (callee_begin(m))
		return AT_OK;
	call_end(m, "no service", NULL);
	return AT_NO_CARRIER;
}

/* --- a call from outside ------------------------------------------------------------ */

static void
ring_due(struct modem *m, void *arg)
{
	unsigned *generation;

	if (*(unsigned *)arg != m->call.generation || m->call.stat != CALL_INCOMING)
		return;
	if (!m->call.rings--) {
		call_end(m, "missed", "NO CARRIER");
		return;
	}
	tty_urc(m, "RING");
	if (m->clip)
		tty_urc(m, "+CLIP: \"%s\",%d,\"\",0,\"\",%d", m->call.number,
			number_type(m->call.number), *m->call.number ? 0 : 1);
	generation = xmalloc(sizeof(*generation));
	*generation = m->call.generation;
	modem_later(m, m->o.ring_every_ms, ring_due, generation);
}

static bool
ring_stop(struct modem *m)
{
	if (!m->call.on || m->call.stat != CALL_INCOMING)
		return false;
	call_end(m, "missed", "NO CARRIER");
	return true;
}

static bool
ring(struct modem *m, const char *args)
{
	int times = RINGS_UNLESS_TOLD;
	char from[32];

	if (!control_word(&args, from, sizeof(from)))
		return false;
	if (!strcmp(from, "stop"))
		return ring_stop(m);
	if ((*args && !control_number(&args, &times, 1, 1000)) || m->call.on ||
	    !m->port[0].tty || !network_serves(m))
		return false;
	call_begin(m, strcmp(from, "-") ? from : "", true);
	m->call.rings = times;
	call_log(m, "ringing", NULL);
	ring_due(m, &m->call.generation);
	return true;
}

int
call_take(struct modem *m)
{
	if (!m->call.on || m->call.stat != CALL_INCOMING)
		return AT_NO_CARRIER;
	call_answer(m);
	return AT_OK;
}

/* --- commands ----------------------------------------------------------------------- */

static int
chup(struct modem *m, char form, const char *args)
{
	call_hang_up(m);
	return AT_OK;
}

static int
clcc(struct modem *m, char form, const char *args)
{
	char number[256];

	if (m->call.on)
		tty_line(m, "+CLCC: 1,%d,%d,0,0,\"%s\",%d", m->call.incoming,
			 (int)m->call.stat,
			 at_in_charset(m, m->call.number, number, sizeof(number)),
			 number_type(m->call.number));
	return AT_OK;
}

static int
cpas(struct modem *m, char form, const char *args)
{
	tty_line(m, "+CPAS: %d", !m->call.on ? 0 : m->call.stat == CALL_INCOMING ? 3 : 4);
	return AT_OK;
}

static int
clip(struct modem *m, char form, const char *args)
{
	if (form == '=')
		return at_flag(m, "+CLIP", form, args, &m->clip, 1);
	tty_line(m, "+CLIP: %d,1", m->clip);
	return AT_OK;
}

static int
dsci(struct modem *m, char form, const char *args)
{
	return m->o.dsci ? at_flag(m, "^DSCI", form, args, &m->dsci, 1) : AT_ERROR;
}

const struct command at_voice[] = {
	{ "+CLIP", "?=", clip, "(0,1)", SIM_NOT_NEEDED },
	{ "+CLCC", "!", clcc, "", SIM_NOT_NEEDED },
	{ "+CHUP", "!", chup, "", SIM_NOT_NEEDED },
	{ "+CPAS", "!?", cpas, "(0,3,4)", SIM_NOT_NEEDED },
	{ "^DSCI", "?=", dsci, NULL, SIM_NOT_NEEDED },
	{ 0 },
};

/* --- the tester's hand -------------------------------------------------------------- */

static bool
call(struct modem *m, const char *args)
{
	char key[2];

	if (!strcmp(args, "answer") && m->call.on && m->call.stat != CALL_ACTIVE)
		call_answer(m);
	else if (!strcmp(args, "busy") && m->call.on)
		call_end(m, "busy", "BUSY");
	else if (!strcmp(args, "end") && m->call.on)
		call_end(m, "end", "NO CARRIER");
	else if (!strncmp(args, "key ", 4) && (args += 4) &&
		 control_word(&args, key, sizeof(key)))
		speech_key(m, *key);
	else
		return !strcmp(args, "answer") || !strcmp(args, "busy") ||
		       !strcmp(args, "end");
	return true;
}

const struct control voice_controls[] = {
	{ "call", call, "answer|busy|end|key K" },
	{ "ring", ring, "NUMBER [TIMES], with network and no other call; or stop" },
	{ 0 },
};
