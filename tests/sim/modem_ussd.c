/* modem_ussd.c -- USSD of the simulated modem: codes the tester has set, answered a moment
 * later in the form this modem likes. */
#include <stdlib.h>

#include "tests/sim/modem.h"

void
ussd_fini(struct modem *m)
{
	struct ussd *ussd;

	while ((ussd = TAILQ_FIRST(&m->ussds))) {
		TAILQ_REMOVE(&m->ussds, ussd, link);
		free(ussd->text);
		free(ussd);
	}
}

static struct ussd *
ussd_find(struct modem *m, const char *code)
{
	struct ussd *ussd;

	TAILQ_FOREACH(ussd, &m->ussds, link)
		if (!strcmp(ussd->code, code))
			return ussd;
	return NULL;
}

/* --- forms of a text ---------------------------------------------------------------- */

static bool
gsm_holds(const uint16_t *units, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (pdu_gsm_code(units[i]) < 0)
			return false;
	return true;
}

static void
hex_units(struct buf *out, const uint16_t *units, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%04X", units[i]);
}

/* 23.038 6.1.2.3.1: seven spare bits are filled with CR, else they would read as "@". */
static void
hex_packed(struct buf *out, uint16_t *units, size_t count)
{
	uint8_t ud[PDU_BYTES + 200] = { 0 }, septets;
	size_t used;

	pdu_user_data(ud, &(struct pdu_deliver){ .units = units, .count = count }, false,
		      &septets);
	if (septets % 8 == 7)
		units[count++] = '\r';
	memset(ud, 0, sizeof(ud));
	used = pdu_user_data(ud, &(struct pdu_deliver){ .units = units, .count = count },
			     false, &septets);
	for (size_t i = 0; i < used; i++)
		buf_printf(out, "%02X", ud[i]);
}

/* With +CSCS "GSM" a character is its code; "@" would be NUL and stays as it is. */
static void
gsm_bytes(struct buf *out, const uint16_t *units, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int code = pdu_gsm_code(units[i]);
		char byte = code ? (char)(code & 0x7f) : '@';

		if (code >= 0x1b00)
			buf_add(out, "\x1b", 1);
		buf_add(out, &byte, 1);
	}
}

/* Writes the text as the modem would; returns the data coding scheme it names. */
static int
ussd_shape(struct modem *m, struct buf *out, const char *text)
{
	uint16_t units[PDU_UNITS + 20];
	size_t count = pdu_utf16(units, PDU_UNITS + 12, text);
	bool gsm = gsm_holds(units, count);

	if (m->ussd_format == USSD_UCS2 || !gsm) {
		hex_units(out, units, count);
		return 72;
	}
	if (m->ussd_format == USSD_PACKED)
		hex_packed(out, units, count);
	else if (!strcmp(m->charset, "UCS2"))
		hex_units(out, units, count);
	else if (!strcmp(m->charset, "GSM"))
		gsm_bytes(out, units, count);
	else
		buf_puts(out, text);
	return 15;
}

/* --- the dialogue ------------------------------------------------------------------- */

static void
ussd_log(struct modem *m, const char *code, const char *answer)
{
	struct buf line = modem_log_begin("ussd");

	buf_puts(&line, ",\"code\":");
	buf_json(&line, code);
	buf_puts(&line, ",\"answer\":");
	buf_json(&line, answer);
	modem_log(m, &line);
}

static void
ussd_due(struct modem *m, void *arg)
{
	const struct ussd *ussd = ussd_find(m, arg);
	struct buf text = { 0 };
	int dcs;

	ussd_log(m, arg, ussd ? ussd->text : NULL);
	if (!m->cusd)
		return;
	if (!ussd) {
		tty_urc(m, "+CUSD: 4");
		return;
	}
	dcs = ussd_shape(m, &text, ussd->text);
	tty_urc(m, "+CUSD: 0,\"%s\",%d", text.data ? text.data : "", dcs);
	buf_fini(&text);
}

/* A packed code is hexadecimal of septets; any other text is itself. */
static void
code_unpack(char *code, size_t size)
{
	uint8_t packed[64] = { 0 };
	char text[PDU_TEXT];
	int len = pdu_unhex(packed, sizeof(packed) - 2, code);

	if (len <= 0)
		return;
	pdu_text_gsm(text, packed, 0, (size_t)len * 8 / 7);
	text[strcspn(text, "\r")] = 0;
	if (strspn(text, "*#0123456789") == strlen(text) && strlen(text) < size)
		strcpy(code, text);
}

static int
cusd(struct modem *m, char form, const char *args)
{
	char code[256];
	long n;
	char *end;

	if (form == '?') {
		tty_line(m, "+CUSD: %d", m->cusd);
		return AT_OK;
	}
	n = strtol(args, &end, 10);
	if (end == args || n < 0 || n > 2 || (*end && *end != ','))
		return AT_CME + 50;
	m->cusd = n == 1;
	args = *end ? end + 1 : end;
	if (n == 2 || !at_text(&args, code, sizeof(code)))
		return AT_OK;
	if (!network_serves(m))
		return AT_CME + 30;
	at_from_charset(m, code);
	if (m->ussd_format == USSD_PACKED)
		code_unpack(code, sizeof(code));
	modem_later(m, m->o.ussd_ms, ussd_due, xstrdup(code));
	return AT_OK;
}

const struct command at_ussd[] = {
	{ "+CUSD", "?=", cusd, "(0-2)", SIM_CME },
	{ 0 },
};

/* --- the tester's hand -------------------------------------------------------------- */

static bool
ussd_set(struct modem *m, const char *args)
{
	struct ussd *ussd;
	char code[64];

	if (!control_word(&args, code, sizeof(code)) || !*args)
		return false;
	ussd = ussd_find(m, code);
	if (!ussd) {
		ussd = xcalloc(1, sizeof(*ussd));
		strcpy(ussd->code, code);
		TAILQ_INSERT_TAIL(&m->ussds, ussd, link);
	}
	free(ussd->text);
	ussd->text = control_unescape(args);
	return true;
}

static bool
ussd_format(struct modem *m, const char *args)
{
	static const char *const name[] = { "gsm", "ucs2", "packed" };

	for (int i = 0; i < 3; i++)
		if (!strcmp(args, name[i])) {
			m->ussd_format = (enum ussd_format)i;
			return true;
		}
	return false;
}

const struct control ussd_controls[] = {
	{ "ussd", ussd_set, "CODE TEXT" },
	{ "ussd-format", ussd_format, "gsm|ucs2|packed" },
	{ 0 },
};
