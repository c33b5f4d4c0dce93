/* phone_scan.c -- telephone numbers as people write them, to groups of digits. */
#include "core/phone_scan.h"

#include <stdio.h>
#include <string.h>

#include "core/number.h"
#include "core/unicode.h"

#define PLAIN_MAX 160			/* bytes; more is no number, whatever it is */

/* Full width and its like as plain ASCII; 0 = it goes away, -1 = it stays as it is. */
static int
plain_char(int32_t c)
{
	if (c == '\n' || c == '\r')
		return '\n';
	if (is_unseen_char(c) && c != '\t')
		return 0;
	if (is_blank_char(c))
		return ' ';
	if (is_dash_char(c))
		return '-';
	if (c >= 0xff01 && c <= 0xff5e)
		return (int)(c - 0xff01 + '!');
	switch (c) {
	case '[': case 0x3010: case 0x3014: case 0xfe59:
		return '(';
	case ']': case 0x3011: case 0x3015: case 0xfe5a:
		return ')';
	case 0xb7: case 0x2022: case 0x2219: case 0x30fb:
		return '.';
	case 0x2018: case 0x2019: case '`':
		return '\'';
	case 0x3001: case 0xfe50:
		return ',';
	case 0xfe62:
		return '+';
	case 0xff3b:
		return '(';
	default:
		return c < 0x80 ? (int)c : -1;
	}
}

static int
make_plain(char out[PLAIN_MAX], const char *text)
{
	size_t n = 0;
	int32_t c;

	for (const char *p = text; (c = utf8_next(&p)); text = p) {
		int plain = plain_char(c);
		size_t len = plain < 0 ? (size_t)(p - text) : plain > 0;

		if (c < 0 || n + len >= PLAIN_MAX)
			return -1;
		if (plain > 0)
			out[n] = (char)(plain == '[' ? '(' : plain == ']' ? ')' : plain);
		else
			memcpy(out + n, text, len);
		n += len;
	}
	while (n && strchr(" \n", out[n - 1]))
		n--;
	out[n] = '\0';
	return 0;
}

/* What stands before the number: the mark of a text, the scheme of RFC 3966. */
static char *
skip_marks(char *p)
{
	p += strspn(p, " \n");
	if (*p == '\'')
		p += 1 + strspn(p + 1, " ");
	if (strncasecmp(p, "tel:", 4) == 0)
		p += 4 + strspn(p + 4, " ");
	return p;
}

/* "13800138000.0" is what a program makes of a number: the ".0" is none of it.  false: there are other
 * decimals, so it is no telephone number that somebody wrote. */
static bool
cut_decimals(char *text)
{
	char *dot = strrchr(text, '.');
	size_t digits = dot ? strspn(dot + 1, "0123456789") : 0;
	bool zeros;

	if (!dot || !digits || digits > 2 || dot[1 + digits])
		return true;
	zeros = strspn(dot + 1, "0") == digits;
	if (!zeros)
		return digits > 1;	/* "62.34.56.78" */
	if (strchr(text, '.') != dot)
		return false;
	*dot = '\0';
	return true;
}

/* "2026-12-01" or "8881-12-17": a spreadsheet took the number for a day. */
static bool
is_date(const char *p)
{
	unsigned month, day;
	int end = 0;

	if (strspn(p, "0123456789") != 4 || sscanf(p + 4, "-%2u-%2u%n", &month, &day, &end) < 2 || end != 6)
		return false;
	return month >= 1 && month <= 12 && day >= 1 && day <= 31 && (!p[10] || p[10] == ' ');
}

static bool
names_extension(const char *p)
{
	static const char *const words[] = { "ext", "x", "#", "转", "轉", "分机", "内线", "分機", "內線" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strncasecmp(p, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

static bool
has_digit(const char *p)
{
	return p[strcspn(p, "0123456789")];
}

static size_t
separator(const char *p)
{
	static const char *const words[] = { "/", ";", ",", "|", "\\", "\n", "&", "和", "或", "及" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strncmp(p, words[i], strlen(words[i])) == 0)
			return strlen(words[i]);
	return 0;
}

/* "(0)", as in "+86 (0)771 …": the 0 is dialled at home only.  Returns its bytes. */
static size_t
bracketed_zero(const char *p)
{
	size_t n = 1;

	if (*p != '(')
		return 0;
	n += strspn(p + n, " ");
	if (p[n] != '0')
		return 0;
	n += 1 + strspn(p + n + 1, " ");
	return p[n] == ')' ? n + 1 : 0;
}

/* What follows a number and is none of it: nothing, or why it cannot be taken. */
static int
take_rest(const char *p, const char *text, struct err *err)
{
	struct about nothing = about(CONCEPT_NONE);
	size_t n;

	while ((n = separator(p)))
		p += n + strspn(p + n, " ");
	if (!*p)
		return 0;
	if (names_extension(p))
		return err_say(err, REFUSED_INVALID, nothing, phone_extension, QUOTE(text));
	if (has_digit(p))
		return err_say(err, REFUSED_INVALID, nothing, phone_two, QUOTE(text));
	return err_say(err, REFUSED_INVALID, nothing, phone_unreadable, QUOTE(text));
}

static void
take_digit(struct phone_written *w, char digit, bool *apart, bool *dash)
{
	if (*apart) {
		w->dash[w->groups] = *dash;
		w->group[w->groups++] = 0;
	}
	*apart = *dash = false;
	w->group[w->groups - 1]++;
	w->digits[w->count++] = digit;
}

/* Groups and what separates them, up to the first character that is neither. */
static const char *
take_groups(struct phone_written *w, const char *p)
{
	bool apart = true, dash = false;

	for (size_t zero; *p; p++) {
		if (*p >= '0' && *p <= '9') {
			if (w->count == PHONE_DIGITS_MAX)
				return p;
			take_digit(w, *p, &apart, &dash);
		} else if (*p == '+' && !w->count && !w->plus) {
			w->plus = true;
		} else if (w->count && !w->zero_at && (zero = bracketed_zero(p))) {
			w->zero_at = w->count;
			p += zero - 1;
			apart = true;
		} else if (strchr(" -().", *p)) {
			apart = true;
			dash |= *p == '-';
		} else {
			return p;
		}
	}
	return p;
}

int
phone_scan(struct phone_written *out, const char *text, struct err *err)
{
	struct about nothing = about(CONCEPT_NONE);
	char plain[PLAIN_MAX], *begin;
	const char *rest;

	*out = (struct phone_written){ .count = 0 };
	if (make_plain(plain, text) < 0)
		return err_say(err, REFUSED_INVALID, nothing, phone_unreadable, QUOTE(text));
	begin = skip_marks(plain);
	if (number_is_shortened(begin))
		return err_say(err, REFUSED_INVALID, nothing, phone_lost_digits, QUOTE(text));
	if (*begin == '-' || is_date(begin) || !cut_decimals(begin))	/* -5549352 is =0771-5550123 */
		return err_say(err, REFUSED_INVALID, nothing, phone_calculated, QUOTE(text));
	rest = take_groups(out, begin);
	out->digits[out->count] = '\0';
	if (*rest && out->count == PHONE_DIGITS_MAX)
		return err_say(err, REFUSED_INVALID, nothing, phone_two, QUOTE(text));
	if (*rest && !out->count)
		return err_say(err, REFUSED_INVALID, nothing, phone_unreadable, QUOTE(text));
	return take_rest(rest, text, err);
}
