/* modem_speech.c -- what a call of the simulated modem says and hears, in the dialects of two
 * makers: text to speech towards the other end, key tones from there. */
#include <stdlib.h>

#include "tests/sim/modem.h"

/* The person pressed it in any case; the modem tells it only where it can and was asked to. */
void
speech_key(struct modem *m, char key)
{
	char text[2] = { key, 0 };

	if (!m->call.on || m->call.stat != CALL_ACTIVE)
		return;
	call_log(m, "key", text);
	if (!m->tones)
		return;
	if (m->o.keys == MAKER_QUECTEL)
		tty_urc(m, "+QTONEDET: %d", key);
	else
		tty_urc(m, "+DTMF: %c", key);
}

static int
tones(struct modem *m, enum maker maker, const char *name, char form, const char *args)
{
	int value[5] = { m->tones };

	if (m->o.keys != maker)
		return AT_ERROR;
	if (form == '?')
		return at_flag(m, name, form, args, &m->tones, 1);
	if (!strcmp(args, "?")) {
		tty_line(m, "%s: (0,1)", name);
		return AT_OK;
	}
	/* SIMCom has times behind the switch. */
	if (at_numbers(args, value, 5) < 1 || value[0] < 0 || value[0] > 1)
		return AT_CME + 50;
	m->tones = value[0];
	return AT_OK;
}

static int
qtonedet(struct modem *m, char form, const char *args)
{
	return tones(m, MAKER_QUECTEL, "+QTONEDET", form, args);
}

static int
ddet(struct modem *m, char form, const char *args)
{
	return tones(m, MAKER_SIMCOM, "+DDET", form, args);
}

/* --- text to speech ----------------------------------------------------------------- */

static void
speech_log(struct modem *m, const char *text)
{
	struct buf line = modem_log_begin("speech");

	buf_puts(&line, ",\"to\":");
	buf_json(&line, m->call.on ? m->call.number : NULL);
	buf_puts(&line, ",\"text\":");
	buf_json(&line, text);
	modem_log(m, &line);
}

struct speech {
	unsigned number, boots;
	const char *says;
};

static void
speech_over(struct modem *m, void *arg)
{
	const struct speech *speech = arg;

	if (speech->number != m->speeches || speech->boots != m->boots || !m->speaking)
		return;
	m->speaking = false;
	tty_urc(m, "%s: 0", speech->says);
}

static void
speech_begin(struct modem *m, const char *name, const char *hex_or_text)
{
	struct speech *speech = xcalloc(1, sizeof(*speech));
	uint8_t bytes[1024] = { 0 };
	char text[PDU_TEXT];
	int len = pdu_unhex(bytes, sizeof(bytes), hex_or_text);

	if (len > 0 && len % 2 == 0)
		pdu_text_ucs2(text, bytes, (size_t)len);
	else
		snprintf(text, sizeof(text), "%.1023s", hex_or_text);
	speech_log(m, text);
	m->speaking = true;
	*speech = (struct speech){ ++m->speeches, m->boots, name };
	modem_later(m, m->o.tts_ms, speech_over, speech);
}

/* MODE,"TEXT": 0 stops, 1 and 2 speak; UCS-2 in hexadecimal, or else the text itself. */
static int
speak(struct modem *m, enum maker maker, const char *name, char form, const char *args)
{
	char text[2048];
	int mode;

	if (m->o.tts != maker)
		return AT_ERROR;
	if (form == '?')
		tty_line(m, "%s: %d", name, m->speaking);
	else if (!strcmp(args, "?"))
		tty_line(m, "%s: (0-2)", name);
	if (form == '?' || !strcmp(args, "?"))
		return AT_OK;
	mode = *args - '0';
	if (!mode && !args[1]) {
		m->speaking = false;
		return AT_OK;
	}
	if (mode < 1 || mode > 2 || args[1] != ',')
		return AT_CME + 50;
	args += 2;
	if (!at_text(&args, text, sizeof(text)))
		return AT_CME + 50;
	if (m->speaking)
		return AT_CME + 3;
	speech_begin(m, name, text);
	return AT_OK;
}

static int
qtts(struct modem *m, char form, const char *args)
{
	return speak(m, MAKER_QUECTEL, "+QTTS", form, args);
}

static int
ctts(struct modem *m, char form, const char *args)
{
	return speak(m, MAKER_SIMCOM, "+CTTS", form, args);
}

const struct command at_speech[] = {
	{ "+QTONEDET", "?=", qtonedet, AT_OWN_TEST, SIM_NOT_NEEDED },
	{ "+DDET", "?=", ddet, AT_OWN_TEST, SIM_NOT_NEEDED },
	{ "+QTTS", "?=", qtts, AT_OWN_TEST, SIM_NOT_NEEDED },
	{ "+CTTS", "?=", ctts, AT_OWN_TEST, SIM_NOT_NEEDED },
	{ 0 },
};
