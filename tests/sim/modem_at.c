/* modem_at.c -- command lines of the simulated modem: echo, prompts, arguments, results.
 * Two tables name every command; whatever is in neither is an ERROR, as on a real modem.
 */
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

/* --- arguments ---------------------------------------------------------------------- */

/* Reads comma-separated numbers; an empty or missing one keeps what `out` holds.  Returns
 * how many there were, -1 when one is not a number. */
int
at_numbers(const char *args, int *out, int max)
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
bool
at_text(const char **args, char *out, size_t size)
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
const char *
at_in_charset(struct modem *m, const char *text, char *out, size_t size)
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

/* The reverse, for digits and names only; text that is no such hexadecimal stays as it
 * is. */
void
at_from_charset(struct modem *m, char *text)
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

int
at_flag(struct modem *m, const char *name, char form, const char *args, int *value,
	int max)
{
	int wanted = *value;

	if (form == '?') {
		tty_line(m, "%s: %d", name, *value);
		return AT_OK;
	}
	if (at_numbers(args, &wanted, 1) != 1 || wanted < 0 || wanted > max)
		return AT_CME + 50;
	*value = wanted;
	return AT_OK;
}

/* Taken so that clients go on; it changes nothing here. */
int
at_ignored(struct modem *m, char form, const char *args)
{
	return AT_OK;
}

/* --- command lines ------------------------------------------------------------------ */

static int
command_run(struct modem *m, const struct command *c, char form, const char *rest)
{
	if (form == '=' && !strcmp(rest, "?")) {
		if (c->test && *c->test)
			tty_line(m, "%s: %s", c->name, c->test);
		return c->test ? AT_OK : AT_ERROR;
	}
	return strchr(c->forms, form) ? c->run(m, form, rest) : AT_ERROR;
}

static int
extended(struct modem *m, const char *text)
{
	const struct command *const tables[] = { at_general, at_messages };
	size_t len = 1 + strcspn(text + 1, "=?");
	const char *rest = text + len;
	char form = *rest ? *rest++ : '!';

	for (size_t k = 0; k < 2; k++)
		for (const struct command *c = tables[k]; c->name; c++)
			if (strlen(c->name) == len && !strncasecmp(c->name, text, len))
				return command_run(m, c, form, rest);
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
		return call_dial(m, p);
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
		call_event(m, "hangup");
		return AT_OK;
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
