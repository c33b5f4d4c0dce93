/* modem_at.c -- command lines of the simulated modem: echo, prompts, arguments, results.
 * Two tables name every command; whatever is in neither is an ERROR, as on a real modem.
 */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "tests/sim/modem.h"

#define LINE_MAX_BYTES 2048

void
at_reset(struct modem *m)
{
	m->echo = true;
	m->cmee = m->cmgf = m->csms = m->cmms = m->cops_format = 0;
	m->cfun = 1;
	m->cusd = m->clip = m->dsci = m->tones = 0;
	memset(m->cnmi, 0, sizeof(m->cnmi));
	memset(m->reg, 0, sizeof(m->reg));
	strcpy(m->charset, "IRA");
}

/* --- results ------------------------------------------------------------------------ */

const char *
at_result_name(int result, char *out, size_t size)
{
	if (result == AT_OK)
		return "OK";
	if (result == AT_NO_CARRIER)
		return "NO CARRIER";
	if (result < AT_CME)
		return "ERROR";
	snprintf(out, size, result < AT_CMS ? "+CME ERROR: %d" : "+CMS ERROR: %d",
		 result % AT_CME);
	return out;
}

/* Without +CMEE the 27.007 codes are all the same ERROR. */
static const char *
result_text(const struct modem *m, int result, char *out, size_t size)
{
	bool mute = result >= AT_CME && result < AT_CMS && !m->cmee;

	return at_result_name(mute ? AT_ERROR : result, out, size);
}

struct late_reply {
	unsigned plugs, sessions;	/* who asked? */
	char text[];
};

static void
reply_late(struct modem *m, void *arg)
{
	const struct late_reply *late = arg;

	if (late->plugs != m->plugs)
		return;
	m->busy = false;
	if (late->sessions == m->sessions)
		tty_write(m, late->text, strlen(late->text));
	tty_settle(m);
}

/* The reply leaves: whole and at once, or as the faults want it. */
static void
reply_send(struct modem *m)
{
	struct late_reply *late;

	m->answering = false;
	faults_touch_reply(m);
	if (m->reply_drop) {
		;			/* the modem did it and nobody hears of it */
	} else if (m->reply_late_ms) {
		late = xcalloc(1, sizeof(*late) + m->reply.len + 1);
		late->plugs = m->plugs;
		late->sessions = m->sessions;
		memcpy(late->text, m->reply.data, m->reply.len);
		m->busy = true;
		modem_later(m, m->reply_late_ms, reply_late, late);
	} else {
		tty_write(m, m->reply.data, m->reply.len);
	}
	m->reply_drop = false;
	m->reply_late_ms = 0;
}

void
at_answer(struct modem *m)
{
	buf_reset(&m->reply);
	m->reply_first = 0;
	m->answering = true;
}

void
at_result(struct modem *m, int result)
{
	char text[64];

	if (result == AT_LATER) {
		m->answering = false;
		return;
	}
	if (result == AT_PROMPT)
		buf_puts(&m->reply, "\r\n> ");
	else
		buf_printf(&m->reply, "\r\n%s\r\n",
			   result_text(m, result, text, sizeof(text)));
	reply_send(m);
	if (result != AT_PROMPT)
		tty_settle(m);
}

static void
at_result_text(struct modem *m, const char *text)
{
	buf_printf(&m->reply, "\r\n%s\r\n", text);
	reply_send(m);
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
	uint16_t units[256];
	size_t count;

	if (strcmp(m->charset, "UCS2")) {
		snprintf(out, size, "%s", text);
		return out;
	}
	count = pdu_utf16(units, 256, text);
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
	int refusal;

	if (form == '=' && !strcmp(rest, "?") &&
	    (!c->test || strcmp(c->test, AT_OWN_TEST))) {
		if (c->test && *c->test)
			tty_line(m, "%s: %s", c->name, c->test);
		return c->test ? AT_OK : AT_ERROR;
	}
	refusal = sim_refusal(m, c->need);
	if (refusal != AT_OK)
		return refusal;
	return strchr(c->forms, form) ? c->run(m, form, rest) : AT_ERROR;
}

static int
extended(struct modem *m, const char *text)
{
	const struct command *const tables[] = { at_general,  at_messages, at_network,
						 at_identity, at_sim,	   at_ussd,
						 at_voice,    at_speech };
	size_t len = 1 + strcspn(text + 1, "=?");
	const char *rest = text + len;
	char form = *rest ? *rest++ : '!';

	for (size_t k = 0; k < sizeof(tables) / sizeof(tables[0]); k++)
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
		return m->side ? AT_ERROR : call_dial(m, p);
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
		*(m->side ? &m->side->echo : &m->echo) = number;
		return number > 1 ? AT_ERROR : AT_OK;
	case 'Z':
	case 0x100 | 'F':
		at_reset(m);
		return AT_OK;
	case 'A':
		return call_take(m);
	case 'H':
		call_hang_up(m);
		return AT_OK;
	case 'I':
		identity_show(m);
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

/* The commands behind "AT" in turn, up to the first that fails. */
static int
commands_run(struct modem *m, const char *p)
{
	int result = AT_OK;

	while (*p && result == AT_OK) {
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
	return result;
}

/* What follows "AT"; NULL: no command, and a modem stays silent. */
static const char *
command_text(const char *line)
{
	line += strspn(line, " ");
	return strncasecmp(line, "AT", 2) ? NULL : line + 2;
}

static void
command_line(struct modem *m, const char *line)
{
	const char *commands = command_text(line), *failure = NULL;

	if (!commands || !faults_meet(m, commands - 2, &failure))
		return;
	at_answer(m);
	if (failure)
		at_result_text(m, failure);
	else
		at_result(m, commands_run(m, commands));
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
	struct buf *line = &m->port[0].line;
	char *hex;
	int result;

	if (c != 0x1a && c != 0x1b) {
		if (isxdigit((unsigned char)c) && line->len < LINE_MAX_BYTES)
			buf_add(line, &c, 1);
		return;
	}
	hex = buf_take(line);
	at_answer(m);
	result = c == 0x1b ? AT_OK : prompt_end(m, hex);
	m->prompt = 0;
	free(hex);
	at_result(m, result);
}

/* One more character of a command line; true: it is complete. */
static bool
line_input(struct buf *line, char c)
{
	if (c == '\b' && line->len)
		line->data[--line->len] = 0;
	else if ((unsigned char)c >= ' ' && line->len + 1 < LINE_MAX_BYTES)
		buf_add(line, &c, 1);
	return c == '\r';
}

/* One wrong character a line, when told so. */
static void
echo(struct modem *m, char c)
{
	char shown = m->echo_wrong && m->port[0].line.len == 1 ? (char)(c ^ 1) : c;

	if ((unsigned char)c >= ' ' || (c == '\r' && !m->prompt))
		tty_write(m, &shown, 1);
}

void
at_input(struct modem *m, char c)
{
	char *text;

	if (m->echo)
		echo(m, c);
	if (m->prompt) {
		prompt_input(m, c);
	} else if (line_input(&m->port[0].line, c)) {
		text = buf_take(&m->port[0].line);
		command_line(m, text);
		free(text);
	}
}

/* --- a second AT port: the same modem, without news, prompts and calls -------------- */

static void
side_line(struct port *port, const char *line)
{
	struct modem *m = port->m;
	struct buf reply = m->reply;	/* the first port's, perhaps on its way */
	size_t first = m->reply_first;
	const char *commands = command_text(line);
	char text[64];

	if (!commands || m->hang)
		return;
	m->reply = (struct buf){ 0 };
	m->side = port;
	m->answering = true;
	buf_printf(&m->reply, "\r\n%s\r\n",
		   result_text(m, commands_run(m, commands), text, sizeof(text)));
	bufferevent_write(port->tty, m->reply.data, m->reply.len);
	buf_fini(&m->reply);
	m->answering = false;
	m->side = NULL;
	m->reply = reply;
	m->reply_first = first;
	tty_settle(m);
}

void
at_side_input(struct port *port, char c)
{
	char *text;

	if (port->echo && ((unsigned char)c >= ' ' || c == '\r'))
		bufferevent_write(port->tty, &c, 1);
	if (!line_input(&port->line, c))
		return;
	text = buf_take(&port->line);
	side_line(port, text);
	free(text);
}
