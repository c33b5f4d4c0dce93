/* line.c -- cuts lines out of a modem's bytes and tells replies from unsolicited ones.
 * A line that begins like a reply ("+NAME", "^NAME" …) is one only when it carries the name of
 * the command asked.  A list of all unsolicited lines was the alternative: each maker has dozens. */
#include "drivers/modem/line.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define USSD "+CUSD:"

static bool
keeps_controls(const struct line *l)
{
	return l->in_ussd || (l->len > strlen(USSD) && strncmp(l->text, USSD, strlen(USSD)) == 0);
}

bool
line_byte(struct line *l, char c)
{
	if (l->ended)
		l->len = 0;
	l->ended = false;
	if (c == '\r' || c == '\n') {
		l->text[l->len] = 0;
		return l->ended = l->len > 0;
	}
	if (((unsigned char)c >= ' ' || (c && keeps_controls(l))) && l->len < LINE_TEXT)
		l->text[l->len++] = c;
	return false;
}

/* +CUSD: m,"text",dcs -- the text itself may hold line ends, and quotation marks in pairs; some leave
 * out the dcs. */
bool
line_closes_ussd(const char *lines)
{
	const char *last = strrchr(lines, '"');
	size_t marks = 0;

	for (const char *p = lines; *p; p++)
		marks += *p == '"';
	if (marks < 2)
		return marks == 0;
	if (!last[1])
		return marks % 2 == 0;
	return last[1] == ',' && last[2 + strspn(last + 2, " 0123456789")] == 0;
}

bool
line_opens_ussd(const char *line)
{
	return strncmp(line, USSD, strlen(USSD)) == 0 && !line_closes_ussd(line);
}

bool
line_is_prompt(const struct line *l)
{
	return !l->ended && l->len > 0 && l->text[0] == '>';
}

static bool
begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* News that no reply looks like, or that is taken out of any reply. */
static const struct { const char *text; enum news kind; } known[] = {
	{ "+CMTI:", NEWS_STORED }, { "+CDSI:", NEWS_REPORT_STORED }, { "+CMT:", NEWS_MESSAGE },
	{ "+CDS:", NEWS_REPORT }, { "+CLIP:", NEWS_CALLER }, { USSD, NEWS_USSD },
	{ "+CRING:", NEWS_RING },
}, words[] = {				/* whole lines */
	{ "RING", NEWS_RING }, { "RDY", NEWS_BOOT }, { "BUSY", NEWS_CALL_END },
	{ "NO CARRIER", NEWS_CALL_END }, { "NO ANSWER", NEWS_CALL_END },
	{ "NO DIALTONE", NEWS_CALL_END }, { "SMS DONE", NEWS_NOISE }, { "SMS READY", NEWS_NOISE },
	{ "CALL READY", NEWS_NOISE }, { "PB DONE", NEWS_NOISE }, { "POWERED DOWN", NEWS_NOISE },
	{ "NORMAL POWER DOWN", NEWS_NOISE }, { "UNDER-VOLTAGE WARNNING", NEWS_NOISE },
};
static const char *const noise[] = { "DST:", "VOICE CALL:", "MISSED_CALL:" };
static const char *const registration[] = { "+CREG:", "+CGREG:", "+CEREG:" };
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* "+CREG: 1" and "+CREG: 1,"AC",…" are news; "+CREG: 0,1" answers a question. */
static bool
is_registration_news(const char *line)
{
	const char *comma = strchr(line, ',');

	return !comma || comma[1] == '"' || comma[1] == ' ';
}

static bool
answers(const char *line, const char *asked)
{
	size_t len = strcspn(asked, "=?;");

	return len && strncasecmp(line, asked, len) == 0 && !isalnum((unsigned char)line[len]);
}

/* A line that begins with a sign. */
static enum news
signed_news(const char *line, const char *asked)
{
	for (size_t i = 0; i < COUNT(known); i++)
		if (begins(line, known[i].text))
			return known[i].kind;
	for (size_t i = 0; i < COUNT(registration); i++)
		if (begins(line, registration[i]) &&
		    (!asked || !answers(line, asked) || is_registration_news(line)))
			return NEWS_REGISTRATION;
	if (asked && (answers(line, asked) || begins(line, "+CME ERROR:") ||
		      begins(line, "+CMS ERROR:")))
		return NEWS_REPLY;
	return NEWS_NOISE;
}

enum news
line_news(const char *line, const char *asked)
{
	bool dials = asked && (*asked == 'D' || *asked == 'A');

	if (strchr("+^*%#$", line[0]))
		return signed_news(line, asked);
	for (size_t i = 0; i < COUNT(words); i++)
		if (strcasecmp(line, words[i].text) == 0)
			return dials && words[i].kind == NEWS_CALL_END ? NEWS_REPLY : words[i].kind;
	for (size_t i = 0; i < COUNT(noise); i++)
		if (begins(line, noise[i]))
			return NEWS_NOISE;
	return asked ? NEWS_REPLY : NEWS_NOISE;
}

enum at_end
line_end(const char *line, const char *asked, int *code)
{
	bool is_cms = begins(line, "+CMS ERROR:"), is_cme = begins(line, "+CME ERROR:");

	*code = -1;
	if (strcmp(line, "OK") == 0)
		return AT_OK;
	if (is_cms || is_cme) {
		const char *number = line + strlen("+CMS ERROR:");
		char *end;
		long value = strtol(number, &end, 10);

		if (end != number && value >= 0)
			*code = (int)value;
		return is_cms ? AT_CMS : AT_CME;
	}
	if (strcmp(line, "ERROR") == 0 || strcmp(line, "COMMAND NOT SUPPORT") == 0 ||
	    strcmp(line, "TOO MANY PARAMETERS") == 0)
		return AT_ERROR;
	if (*asked == 'D' && (strcmp(line, "BUSY") == 0 || begins(line, "NO ")))
		return AT_CALL_END;
	return AT_OPEN;
}
