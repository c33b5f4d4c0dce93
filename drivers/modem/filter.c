/* filter.c -- drops the modem's unsolicited lines that libGammu does not know.
 * While libGammu waits for nothing, only notices of messages pass.  While it waits for a reply, a
 * line that begins like a reply ("+NAME", "^NAME" …) must carry the name of the command asked, be
 * such a notice or an error; other lines pass but for the known words below.  A list of all
 * unsolicited lines was the alternative: each maker has dozens, and one unknown costs 19 s. */
#include "drivers/modem/filter.h"

#include <string.h>

/* Beginnings of lines, except those marked whole. */
static const struct {
	const char *text;
	bool whole;
} unsolicited[] = {
	{ "DST:", false }, { "VOICE CALL:", false }, { "MISSED_CALL:", false },
	{ "RDY", true }, { "RING", true }, { "BUSY", true }, { "NO ANSWER", true },
	{ "NO CARRIER", true }, { "NO DIALTONE", true }, { "SMS DONE", true },
	{ "SMS READY", true }, { "SMS Ready", true }, { "Call Ready", true }, { "PB DONE", true },
	{ "POWERED DOWN", true }, { "NORMAL POWER DOWN", true }, { "UNDER-VOLTAGE WARNNING", true },
};
#define UNSOLICITED (sizeof(unsolicited) / sizeof(unsolicited[0]))

/* The first four may come at any time, the others end a reply. */
static const char *const notices[] = {
	"+CMTI:", "+CMT:", "+CDS:", "+CDSI:", "+CMS ERROR:", "+CME ERROR:",
};
#define ANY_TIME 4
#define NOTICES (sizeof(notices) / sizeof(notices[0]))

enum verdict { SWALLOW, WAIT, KEEP };

/* Does the line, as far as it has come, begin with the `len` bytes of `text`? */
static enum verdict
compare(const struct filter *f, const char *text, size_t len)
{
	size_t both = f->head_len < len ? f->head_len : len;

	if (memcmp(f->head, text, both) != 0)
		return SWALLOW;
	return f->head_len >= len ? KEEP : WAIT;
}

static enum verdict
judge_notice(const struct filter *f, size_t count)
{
	enum verdict best = SWALLOW;

	for (size_t i = 0; i < count; i++) {
		enum verdict verdict = compare(f, notices[i], strlen(notices[i]));

		best = verdict > best ? verdict : best;
	}
	return best;
}

/* A line that begins with a sign: is it the answer to what was asked? */
static enum verdict
judge_answer(const struct filter *f)
{
	size_t len = strcspn(f->command, "=?;");
	enum verdict asked = len ? compare(f, f->command, len) : SWALLOW;
	enum verdict notice = judge_notice(f, NOTICES);

	return asked > notice ? asked : notice;
}

static enum verdict
judge_words(const struct filter *f, bool ended)
{
	enum verdict verdict = KEEP;

	for (size_t i = 0; i < UNSOLICITED; i++) {
		size_t len = strlen(unsolicited[i].text);
		enum verdict like = compare(f, unsolicited[i].text, len);

		if (like == SWALLOW || (f->head_len > len && unsolicited[i].whole))
			continue;
		if (like == KEEP && (!unsolicited[i].whole || ended))
			return SWALLOW;
		verdict = WAIT;
	}
	return ended ? KEEP : verdict;
}

/* Judges the undecided line; `ended` when its line break has come. */
static enum verdict
judge(const struct filter *f, bool ended)
{
	if (f->pdu_follows)
		return KEEP;
	if (!f->is_waiting)
		return judge_notice(f, ANY_TIME);
	if (strchr("+^*%#", f->head[0]))
		return judge_answer(f);
	return judge_words(f, ended);
}

static size_t
release(struct filter *f, char *out)
{
	memcpy(out, f->held, f->breaks);
	memcpy(out + f->breaks, f->head, f->head_len);
	f->state = FILTER_PASS;
	f->line_len = f->head_len;
	return f->breaks + f->head_len;
}

static bool
begins(const struct filter *f, const char *text)
{
	size_t len = strlen(text);

	return f->head_len >= len && memcmp(f->head, text, len) == 0;
}

static bool
is_line(const struct filter *f, const char *text)
{
	return f->head_len == strlen(text) && begins(f, text);
}

/* A line has passed: is it the end of a reply, and which kind?  */
static void
passed_line(struct filter *f)
{
	bool is_cms = begins(f, "+CMS ERROR:"), is_cme = begins(f, "+CME ERROR:");

	if (is_cms || is_cme)
		f->error = is_cms ? FILTER_CMS : FILTER_CME;
	if (is_cms || is_cme || is_line(f, "OK") || is_line(f, "ERROR"))
		f->is_waiting = false;
	f->pdu_follows = begins(f, "+CMT:") || begins(f, "+CDS:");
}

static void
start_line(struct filter *f)
{
	if (f->state == FILTER_PASS)
		passed_line(f);
	f->dropped += f->state == FILTER_DROP;
	f->state = FILTER_START;
	f->head_len = f->breaks = f->line_len = 0;
	f->after_cr = false;
}

/* A byte of the line's text; the line is undecided or decided. */
static size_t
text_byte(struct filter *f, char c, char *out)
{
	if (f->state == FILTER_START)
		f->state = FILTER_OPEN;
	if (f->state == FILTER_PASS) {
		if (f->head_len < FILTER_HEAD)
			f->head[f->head_len++] = c;
		*out = c;
		return f->line_len++ < FILTER_LINE_MAX;
	}
	if (f->state == FILTER_DROP)
		return 0;
	f->head[f->head_len++] = c;
	switch (judge(f, false)) {
	case KEEP:
		return release(f, out);
	case SWALLOW:
		f->state = FILTER_DROP;
		break;
	case WAIT:
		break;
	}
	return 0;
}

/* A line ends with CR LF, or (the echo of a command) with CR alone. */
static size_t
break_byte(struct filter *f, char c, char *out)
{
	size_t len = 0;

	if (f->state == FILTER_START) {		/* held until the line after it is judged */
		if (f->breaks == sizeof(f->held)) {
			*out = f->held[0];
			memmove(f->held, f->held + 1, --f->breaks);
			len = 1;
		}
		f->held[f->breaks++] = c;
		return len;
	}
	if (f->state == FILTER_OPEN) {
		if (judge(f, true) != KEEP)
			f->state = FILTER_DROP;
		else
			len = release(f, out);
	}
	if (f->state == FILTER_PASS)
		out[len++] = c;
	if (c == '\n')
		start_line(f);
	else
		f->after_cr = true;
	return len;
}

size_t
filter_from_modem(struct filter *f, const char *bytes, size_t len, char *out)
{
	size_t made = 0;

	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];

		if (f->after_cr && c != '\n')
			start_line(f);
		if (c == '\r' || c == '\n')
			made += break_byte(f, c, out + made);
		else
			made += text_byte(f, c, out + made);
	}
	return made;
}

void
filter_from_host(struct filter *f, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\x1a' || bytes[i] == '\x1b') {	/* the end of a PDU */
			f->is_waiting = true;
			f->typed_len = 0;
			continue;
		}
		if (bytes[i] != '\r') {
			if (f->typed_len + 1 < sizeof(f->typed))
				f->typed[f->typed_len++] = bytes[i];
			continue;
		}
		f->is_waiting = true;
		f->typed[f->typed_len] = 0;
		if (strncmp(f->typed, "AT", 2) == 0)
			memcpy(f->command, f->typed + 2, f->typed_len - 1);
		f->typed_len = 0;
	}
}
