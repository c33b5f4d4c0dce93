/* reply_text.c -- folds what people type; the ranges are Unicode's, named beside each row. */
#include "core/reply_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define NOTHING 0
#define KEEP UINT32_MAX			/* as it is */
#define JOINS 1				/* "." between digits, else a space */

static const struct range { uint32_t first, last, becomes; } ranges[] = {
	{ 0x00, 0x1f, ' ' }, { '\'', '\'', NOTHING }, { '`', '`', NOTHING }, { '+', '+', '+' },
	{ ',', ',', ' ' }, { '?', '?', '?' }, { '%', '%', '?' }, { '.', '.', JOINS }, { ':', ':', JOINS },
	{ '/', '/', JOINS }, { '-', '-', JOINS }, { '~', '~', JOINS }, { '*', '*', JOINS },
	{ '=', '=', JOINS }, { '#', '#', JOINS }, { '<', '>', JOINS },
	{ '0', '9', KEEP }, { 'A', 'Z', KEEP }, { ' ', 0x7f, ' ' },
	{ 0x80, 0xac, ' ' }, { 0xad, 0xad, NOTHING },		/* soft hyphen */
	{ 0xae, 0xbf, ' ' }, { 0xd7, 0xd7, JOINS },
	{ 0x180e, 0x180e, NOTHING }, { 0x2000, 0x200a, ' ' },
	{ 0x200b, 0x200f, NOTHING },				/* zero width, direction */
	{ 0x2010, 0x2015, JOINS },				/* dashes */
	{ 0x2018, 0x201b, NOTHING },				/* curly apostrophes */
	{ 0x202a, 0x202e, NOTHING }, { 0x2047, 0x2049, '?' }, { 0x2060, 0x206f, NOTHING },
	{ 0x2016, 0x205f, ' ' },				/* other general punctuation */
	{ 0x20d0, 0x20ff, NOTHING },				/* keycap and other enclosures */
	{ 0x2190, 0x21ff, JOINS },				/* arrows */
	{ 0x2212, 0x2212, JOINS }, { 0x2500, 0x25ff, ' ' }, { 0x2753, 0x2754, '?' }, { 0x2757, 0x2757, ' ' },
	{ 0x3000, 0x3001, ' ' }, { 0x3002, 0x3002, JOINS },	/* 1。5米 */
	{ 0x3007, 0x3007, KEEP },				/* 〇 is a digit */
	{ 0x301c, 0x301c, JOINS }, { 0x3003, 0x303f, ' ' }, { 0x30fb, 0x30fb, ' ' },
	{ 0xfe00, 0xfe0f, NOTHING }, { 0xfe10, 0xfe55, ' ' }, { 0xfe56, 0xfe56, '?' },
	{ 0xfe57, 0xfe6f, ' ' }, { 0xfeff, 0xfeff, NOTHING }, { 0xff5f, 0xff65, ' ' },
	{ 0xfffc, 0xffff, '?' },				/* a converter's loss */
	{ 0x1f3fb, 0x1f3ff, NOTHING },				/* skin tones */
	{ 0xe0000, 0xe01ef, NOTHING },				/* tags, variations */
};

/* Length of the character at `s` and the character; 0 bytes when it is no UTF-8. */
static size_t
decode(const unsigned char *s, uint32_t *c)
{
	size_t n = *s < 0x80 ? 1 : *s < 0xc2 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf5 ? 4 : 0;

	*c = n < 2 ? *s : *s & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	return n;
}

static uint32_t
fold(uint32_t c)
{
	if (c >= 0xff01 && c <= 0xff5e)				/* full-width forms */
		c -= 0xfee0;
	if (c >= 'a' && c <= 'z')
		return c - 32;
	if (c >= 0x2460 && c <= 0x2468)				/* circled digits */
		return c - 0x2460 + '1';
	if (c >= 0x1d7ce && c <= 0x1d7ff)			/* mathematical ones */
		return (c - 0x1d7ce) % 10 + '0';
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return ranges[i].becomes == KEEP ? c : ranges[i].becomes;
	return KEEP;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What JOINS and "+" are, by whether they stand between digits. */
static char
joined(char c, bool between)
{
	if (c == JOINS)
		return between ? '.' : ' ';
	return c == '+' && !between ? ' ' : c;
}

/* The last of a run of three and more of one letter, else the letter itself. */
static const char *
run_end(const char *p)
{
	char c = *p;

	if (c >= 'A' && c <= 'Z' && p[1] == c && p[2] == c)
		while (p[1] == c)
			p++;
	return p;
}

/* Second look, where the neighbours are known: JOINS and "+", runs of letters, runs of spaces. */
static void
settle(char *line)
{
	char *to = line;

	for (const char *p = line; *p; p++) {
		char c = joined(*p, to > line && is_digit(to[-1]) && is_digit(p[1]));

		p = run_end(p);
		if (c != ' ' || (to > line && to[-1] != ' '))
			*to++ = c;
	}
	while (to > line && to[-1] == ' ')
		to--;
	*to = '\0';
}

void
reply_text(char *out, size_t size, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len = 0;

	while (*s && len + 6 < size) {
		uint32_t c, plain;
		size_t n = decode(s, &c);

		plain = n ? fold(c) : '?';
		if (plain != NOTHING && plain < 0x80) {
			out[len++] = (char)plain;
		} else if (plain != NOTHING) {
			memcpy(out + len, s, n);
			len += n;
		}
		s += n ? n : 1;
	}
	if (*s)
		out[len++] = '?';
	out[len] = '\0';
	settle(out);
}
